//===- SpecOptions.h - Sizes and options of a kernel's name -----*- C++ -*-===//
#ifndef ATTUNE_LIB_KERNEL_SPECOPTIONS_H
#define ATTUNE_LIB_KERNEL_SPECOPTIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attune {

/// What a kind of kernel can be told.
struct SpecForm {
  /// Sizes that are given and positive.
  llvm::SmallVector<llvm::StringRef> sizes;
  /// Numbers that may be left out, with what they are then.
  llvm::SmallVector<std::pair<llvm::StringRef, int64_t>> numbers;
  /// 0 or 1, 0 when left out.
  llvm::SmallVector<llvm::StringRef> flags;
  /// Words joined by '+', none when left out.
  llvm::SmallVector<llvm::StringRef> words;
};

/// "m=1,n=2,epilogue=gelu" read by a form.
class SpecOptions {
public:
  /// `spec` is the whole name, for messages; `text` what follows its colon.
  static llvm::Expected<SpecOptions>
  parse(llvm::StringRef spec, llvm::StringRef text, const SpecForm &form);

  llvm::StringRef getSpec() const { return spec; }
  int64_t get(llvm::StringRef name) const { return numbers.lookup(name); }
  llvm::ArrayRef<llvm::StringRef> getWords(llvm::StringRef name) const {
    auto it = words.find(name);
    return it == words.end() ? llvm::ArrayRef<llvm::StringRef>() : it->second;
  }

private:
  llvm::Error read(llvm::StringRef name, llvm::StringRef value,
                   const SpecForm &form);

  llvm::StringRef spec;
  llvm::StringMap<int64_t> numbers;
  llvm::StringMap<llvm::SmallVector<llvm::StringRef>> words;
};

} // namespace attune

#endif // ATTUNE_LIB_KERNEL_SPECOPTIONS_H

//===- CompilerTestSupport.h - What the compiler's tests share --*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_COMPILER_COMPILERTESTSUPPORT_H
#define ATTUNE_TEST_UNIT_COMPILER_COMPILERTESTSUPPORT_H

#include "attune/Compiler/Compilation.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "gtest/gtest.h"

namespace attune::test {

/// A context with everything that a compilation needs.
class CompilerTest : public testing::Test {
protected:
  CompilerTest()
      : context(getRegistry(), mlir::MLIRContext::Threading::DISABLED) {}
  mlir::OwningOpRef<mlir::ModuleOp> parse(llvm::StringRef text) {
    return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }
  static const mlir::DialectRegistry &getRegistry();

  mlir::MLIRContext context;
};

/// A directory that is removed with all that is in it.
class TemporaryDirectory {
public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  std::string at(llvm::StringRef name) const;
  /// Writes a file and returns its path.
  std::string write(llvm::StringRef name, llvm::StringRef bytes) const;
  llvm::StringRef getPath() const { return path; }

private:
  llvm::SmallString<128> path;
};

/// The message of an error, "" for success.
std::string message(llvm::Error error);
/// The directory of a small model of the end-to-end tests.
std::string goldenModel(llvm::StringRef name);

} // namespace attune::test

#endif // ATTUNE_TEST_UNIT_COMPILER_COMPILERTESTSUPPORT_H

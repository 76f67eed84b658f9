//===- Weights.h - Finding and mapping a model's weights --------*- C++ -*-===//
//
// Weights are never copied: a file, or the image at the end of an executable or
// shared library, is mapped read-only and private, and only its first bytes
// (AttuneWeightsHeader) and, in an executable, its last 64
// (AttuneWeightsTrailer) are looked at.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_WEIGHTS_H
#define ATTUNE_RUNTIME_WEIGHTS_H

#include "attune/Runtime/ABI.h"
#include "attune/Runtime/Files.h"

#include <string>

namespace attune::rt {

/// Where to look; the first that is given is taken.
struct WeightsSource {
  const void *data = nullptr; ///< In memory, with `bytes`; 64-byte aligned.
  size_t bytes = 0;
  const char *path = nullptr; ///< A weights file, or a program with an image.
  /// An address within the program or library whose file may carry an image.
  const void *anchor = nullptr;
  /// File name beside the anchor's file; null: none.
  const char *defaultName = nullptr;
};

class Weights {
public:
  /// Opens the weights of `model` and checks that they belong to it. A model
  /// with weights_bytes 0 has none: nothing is opened then.
  bool open(const AttuneModel &model, const WeightsSource &source,
            std::string &error);

  const void *data() const { return start; }
  size_t size() const { return length; }

private:
  bool openFile(const AttuneModel &model, const char *path, std::string &error);
  bool openDefault(const AttuneModel &model, const WeightsSource &source,
                   std::string &error);

  MappedFile mapping;
  const void *start = nullptr;
  size_t length = 0;
};

/// Whether an image of `bytes` bytes at `data` holds the weights of `model`.
/// `name` is how the message calls it.
bool checkWeights(const AttuneModel &model, const void *data, size_t bytes,
                  const char *name, std::string &error);

/// The path of the program or shared library that contains `address`; "" when
/// the system does not say.
std::string moduleFile(const void *address);

} // namespace attune::rt

#endif // ATTUNE_RUNTIME_WEIGHTS_H

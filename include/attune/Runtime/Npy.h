//===- Npy.h - NumPy's .npy files -------------------------------*- C++ -*-===//
//
// Reads versions 1, 2 and 3 and writes version 1 of the format that
// numpy.lib.format describes: magic "\x93NUMPY", version, header length, a
// Python dictionary {'descr', 'fortran_order', 'shape'}, the data.
//
// Element types: f2, f4, f8, i1 to i8, u1 to u8 and b1, and V2 for bfloat16 as
// ml_dtypes writes it; little endian, C order. All else is an error that says
// what to write instead. The reader is for hostile
// files: sizes are checked before anything is allocated or touched.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_NPY_H
#define ATTUNE_RUNTIME_NPY_H

#include "attune/Runtime/ABI.h"
#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Files.h"

#include <string>
#include <string_view>
#include <vector>

namespace attune::rt {

/// What a header says.
struct NpyHeader {
  AttuneElementType type = ATTUNE_F32;
  std::vector<int64_t> shape;
  int64_t elements = 1;  ///< Product of the shape.
  size_t dataOffset = 0; ///< Of the first element in the file.
  size_t dataBytes = 0;  ///< elements times the element's size.
};

/// Reads the header of a file image and checks that the data it promises are
/// there. Errors do not name the file; readNpy does.
bool parseNpyHeader(const void *image, size_t bytes, NpyHeader &header,
                    std::string &error);

/// An array that lives in a mapped file. Data are aligned to 8 bytes.
class NpyArray {
public:
  bool open(const char *path, std::string &error);

  AttuneElementType type() const { return header.type; }
  const std::vector<int64_t> &shape() const { return header.shape; }
  int64_t elements() const { return header.elements; }
  size_t bytes() const { return header.dataBytes; }
  const void *data() const { return start; }

  /// Element `index` as a double (exact for all but large int64).
  double valueAt(int64_t index) const;

private:
  NpyHeader header;
  MappedFile file;
  std::vector<uint64_t> copy; ///< Used when the file's data are not aligned.
  const void *start = nullptr;
};

/// The bytes before the data of a version 1 file, a multiple of 64.
std::string npyHeaderText(AttuneElementType type,
                          const std::vector<int64_t> &shape);

/// Writes an array; the file appears whole or not at all.
bool writeNpy(const std::string &path, AttuneElementType type,
              const std::vector<int64_t> &shape, const void *data,
              std::string &error);

} // namespace attune::rt

#endif // ATTUNE_RUNTIME_NPY_H

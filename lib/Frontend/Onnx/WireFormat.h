//===- WireFormat.h - Where a protobuf keeps its tensors --------*- C++ -*-===//
//
// Protobuf's parser copies all data and does not tell where in the file it was.
// Attune wants weights to stay in the file. So the file is walked once by its
// wire format, and what the parser gets is a copy of the model without data:
// every TensorProto.raw_data has become a DataPlace.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_FRONTEND_ONNX_WIREFORMAT_H
#define ATTUNE_LIB_FRONTEND_ONNX_WIREFORMAT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>

namespace attune {

/// What stands in raw_data after separateData: bytes of the file.
struct DataPlace {
  uint64_t offset, size;
};

/// Messages (and groups) within each other; deeper files are refused. Below
/// the limit of protobuf's parser.
constexpr unsigned kMaxProtoDepth = 90;

/// The ModelProto in `file` with a DataPlace, as 16 bytes of this machine, for
/// each raw_data, packed float_data (one run) and packed double_data (one run)
/// of tensors in initializers and attributes, at any depth and in functions. A
/// tensor with more than one of these is refused. Other bytes stay.
///
/// UserErrors, without the file's name: a field that is cut off or has no
/// valid tag, at byte N.
llvm::Expected<std::string> separateData(llvm::StringRef file);

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_ONNX_WIREFORMAT_H

//===- ReadTensor.cpp - Where a tensor's elements lie ---------------------===//
#include "Reader.h"
#include "WireFormat.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "onnx.pb.h"

#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstring>

using namespace llvm;
using namespace attune;

/// More elements than any memory holds; products of extents stay in range.
static constexpr int64_t kMaxElements = int64_t(1) << 40;

ArrayRef<uint8_t> OnnxModel::data(const OnnxTensor &tensor) const {
  if (!tensor.file)
    return tensor.values;
  StringRef bytes = buffers[*tensor.file]->getBuffer();
  return {bytes.bytes_begin() + tensor.offset, tensor.size};
}

static std::string describe(const OnnxTensor &tensor) {
  return "tensor '" + printable(tensor.name) + "'";
}

static Error readShape(const onnx::TensorProto &proto, OnnxTensor &tensor) {
  tensor.count = 1;
  for (int64_t extent : proto.dims()) {
    if (extent < 0)
      return userErrorf("{0}: expected extents of 0 and more, found {1}",
                        describe(tensor), extent);
    tensor.shape.push_back(extent);
  }
  bool isEmpty = is_contained(tensor.shape, 0);
  for (int64_t extent : tensor.shape) {
    std::optional<int64_t> product =
        checkedMul(tensor.count, extent ? extent : 1);
    if (!product || *product > kMaxElements)
      return userErrorf("{0}: its shape has more than 2^40 elements",
                        describe(tensor));
    tensor.count = *product;
  }
  if (isEmpty)
    tensor.count = 0;
  return Error::success();
}

/// The low `bits` of each number, one behind the other.
template <typename List>
static void packIntegers(const List &list, unsigned bits,
                         std::vector<uint8_t> &out) {
  // 4-bit and 2-bit elements come packed: each number is a byte of them.
  unsigned bytes = std::max(bits, 8u) / 8;
  for (uint64_t value : list)
    for (unsigned i = 0; i != bytes; ++i)
      out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

template <typename T, typename List>
static void packFloats(const List &list, std::vector<uint8_t> &out) {
  for (T value : list) {
    uint8_t bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out.insert(out.end(), bytes, bytes + sizeof(T));
  }
}

/// Elements that are written as numbers of protobuf, by the field that
/// onnx.proto says for the type.
static void readNumbers(const onnx::TensorProto &proto, OnnxTensor &tensor) {
  unsigned bits = bitWidth(tensor.type);
  switch (tensor.type) {
  case OnnxType::F32:
  case OnnxType::C64:
    return packFloats<float>(proto.float_data(), tensor.values);
  case OnnxType::F64:
  case OnnxType::C128:
    return packFloats<double>(proto.double_data(), tensor.values);
  case OnnxType::I64:
    return packIntegers(proto.int64_data(), bits, tensor.values);
  case OnnxType::U32:
  case OnnxType::U64:
    return packIntegers(proto.uint64_data(), bits, tensor.values);
  default:
    return packIntegers(proto.int32_data(), bits, tensor.values);
  }
}

Expected<OnnxTensor> TensorReader::read(const onnx::TensorProto &proto) {
  OnnxTensor tensor;
  tensor.name = proto.name();
  int32_t type = proto.data_type();
  if (type <= 0 || type > kLastOnnxType)
    return userErrorf("{0}: {1} is no element type that Attune knows",
                      describe(tensor), type);
  tensor.type = static_cast<OnnxType>(type);
  if (proto.has_segment())
    return userErrorf("{0}: segments of tensors are not supported by ONNX "
                      "runtimes; save the model again without them",
                      describe(tensor));
  if (Error error = readShape(proto, tensor))
    return std::move(error);

  if (tensor.type == OnnxType::String) {
    if (proto.string_data_size() != tensor.count)
      return userErrorf("{0}: expected {1} strings, found {2}",
                        describe(tensor), tensor.count,
                        proto.string_data_size());
    tensor.strings.assign(proto.string_data().begin(),
                          proto.string_data().end());
    return tensor;
  }
  uint64_t bytes =
      (static_cast<uint64_t>(tensor.count) * bitWidth(tensor.type) + 7) / 8;
  if (proto.data_location() == onnx::TensorProto::EXTERNAL) {
    if (Error error = readExternal(proto, tensor, bytes))
      return std::move(error);
    return tensor;
  }
  if (proto.has_raw_data()) {
    // What separateData left.
    DataPlace place;
    if (proto.raw_data().size() != sizeof(place))
      return internalError("a tensor whose data was not separated");
    std::memcpy(&place, proto.raw_data().data(), sizeof(place));
    tensor.file = 0;
    tensor.offset = place.offset;
    tensor.size = place.size;
  } else {
    readNumbers(proto, tensor);
    tensor.size = tensor.values.size();
  }
  if (tensor.size != bytes)
    return userErrorf("{0}: expected {1} bytes for {2} elements of {3}, found "
                      "{4}",
                      describe(tensor), bytes, tensor.count,
                      toString(tensor.type), tensor.size);
  return tensor;
}

Error TensorReader::readExternal(const onnx::TensorProto &proto,
                                 OnnxTensor &tensor, uint64_t bytes) {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const onnx::StringStringEntryProto &entry : proto.external_data()) {
    if (entry.key() == "location")
      location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length")
      continue;
    uint64_t number = 0;
    if (StringRef(entry.value()).getAsInteger(10, number))
      return userErrorf("{0}: external data: expected a number as {1}, found "
                        "'{2}'",
                        describe(tensor), entry.key(),
                        printable(entry.value()));
    if (entry.key() == "offset")
      offset = number;
    else
      length = number;
  }
  Expected<unsigned> file = openFile(location);
  if (!file)
    return userErrorf("{0}: external data: {1}", describe(tensor),
                      toString(file.takeError()));
  uint64_t available = model.buffers[*file]->getBufferSize();
  if (offset > available || bytes > available - offset)
    return userErrorf("{0}: external data: expected {1} bytes from {2} on, but "
                      "'{3}' has {4} bytes",
                      describe(tensor), bytes, offset, printable(location),
                      available);
  if (length && *length != bytes)
    return userErrorf("{0}: external data: expected a length of {1} bytes, "
                      "found {2}",
                      describe(tensor), bytes, *length);
  tensor.file = *file;
  tensor.offset = offset;
  tensor.size = bytes;
  return Error::success();
}

Expected<unsigned> TensorReader::openFile(StringRef location) {
  auto known = opened.find(location);
  if (known != opened.end())
    return known->second;
  if (!isContainedRelativePath(location))
    return userErrorf(
        "expected a file below the model's directory, found '{0}'",
        printable(location));
  SmallString<256> path(model.directory), real, realDirectory;
  sys::path::append(path, location);
  if (std::error_code code = sys::fs::real_path(path, real))
    return fileUserError(printable(path, 400), "open", code);
  if (std::error_code code = sys::fs::real_path(model.directory, realDirectory))
    return fileUserError(printable(model.directory, 400), "open", code);
  StringRef rest = real;
  if (!rest.consume_front(realDirectory) ||
      !(rest.starts_with("/") || realDirectory == "/"))
    return userErrorf("'{0}' leads out of the model's directory; put the file "
                      "itself there",
                      printable(location));
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  unsigned index = model.files.size();
  model.files.push_back(location.str());
  model.buffers.push_back(std::move(*buffer));
  opened[location] = index;
  return index;
}

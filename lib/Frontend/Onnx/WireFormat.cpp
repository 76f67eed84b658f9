//===- WireFormat.cpp - Where a protobuf keeps its tensors ----------------===//
#include "WireFormat.h"
#include "attune/Support/Error.h"

using namespace llvm;
using namespace attune;

namespace {

/// The messages on the way to tensors.
enum class Message { Model, Graph, Function, Node, Attribute, Sparse, Tensor };

/// The message that field `number` of `message` holds, if it matters. Numbers
/// are those of onnx.proto.
std::optional<Message> getSubmessage(Message message, uint64_t number) {
  switch (message) {
  case Message::Model:
    return number == 7    ? std::optional(Message::Graph)
           : number == 25 ? std::optional(Message::Function)
                          : std::nullopt;
  case Message::Graph:
    return number == 1    ? std::optional(Message::Node)
           : number == 5  ? std::optional(Message::Tensor)
           : number == 15 ? std::optional(Message::Sparse)
                          : std::nullopt;
  case Message::Function:
    return number == 7    ? std::optional(Message::Node)
           : number == 11 ? std::optional(Message::Attribute)
                          : std::nullopt;
  case Message::Node:
    return number == 5 ? std::optional(Message::Attribute) : std::nullopt;
  case Message::Attribute:
    return number == 5 || number == 10    ? std::optional(Message::Tensor)
           : number == 6 || number == 11  ? std::optional(Message::Graph)
           : number == 22 || number == 23 ? std::optional(Message::Sparse)
                                          : std::nullopt;
  case Message::Sparse:
    return number == 1 || number == 2 ? std::optional(Message::Tensor)
                                      : std::nullopt;
  case Message::Tensor:
    return std::nullopt;
  }
  return std::nullopt;
}

enum WireType { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

constexpr uint64_t kFloatData = 4, kRawData = 9, kDoubleData = 10;

void writeVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

class Separator {
public:
  explicit Separator(StringRef file) : file(file) {}

  Error rewrite(Message message, uint64_t begin, uint64_t end, std::string &out,
                unsigned depth);

private:
  struct Field {
    uint64_t number = 0;
    unsigned type = 0;
    /// Bytes of the whole field, and of the value of a Bytes field.
    uint64_t begin = 0, end = 0, valueBegin = 0;
  };
  Error readVarint(uint64_t &at, uint64_t end, uint64_t &value) const;
  Error readField(uint64_t &at, uint64_t end, Field &field) const;
  bool isData(const Field &field) const {
    return field.type == Bytes &&
           (field.number == kRawData || field.number == kFloatData ||
            field.number == kDoubleData);
  }
  Error rewriteTensor(uint64_t begin, uint64_t end, std::string &out);

  StringRef file;
};

} // namespace

static Error damaged(uint64_t at, const Twine &what) {
  return userError("not an ONNX model, or cut off: " + what + " at byte " +
                   Twine(at));
}

Error Separator::readVarint(uint64_t &at, uint64_t end, uint64_t &value) const {
  value = 0;
  uint64_t begin = at;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at == end)
      return damaged(begin, "a number is not complete");
    uint8_t byte = file[at++];
    if (shift < 64)
      value |= uint64_t(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return Error::success();
  }
  return damaged(begin, "a number of more than 64 bits");
}

Error Separator::readField(uint64_t &at, uint64_t end, Field &field) const {
  field.begin = at;
  uint64_t tag = 0, value = 0;
  if (Error error = readVarint(at, end, tag))
    return error;
  field.number = tag >> 3;
  field.type = tag & 7;
  if (field.number == 0 || field.number >= (1u << 29))
    return damaged(field.begin, "a field without a valid number");
  uint64_t size = 0;
  switch (field.type) {
  case Varint:
    if (Error error = readVarint(at, end, value))
      return error;
    break;
  case Bytes:
    if (Error error = readVarint(at, end, size))
      return error;
    break;
  case Fixed64:
    size = 8;
    break;
  case Fixed32:
    size = 4;
    break;
  default:
    return damaged(field.begin, "a field of unknown type");
  }
  if (size > end - at)
    return damaged(field.begin, "a field of " + Twine(size) + " bytes where " +
                                    Twine(end - at) + " are left");
  field.valueBegin = at;
  field.end = at += size;
  return Error::success();
}

Error Separator::rewriteTensor(uint64_t begin, uint64_t end, std::string &out) {
  std::optional<Field> data;
  for (uint64_t at = begin; at != end;) {
    Field field;
    if (Error error = readField(at, end, field))
      return error;
    if (!isData(field)) {
      out += file.slice(field.begin, field.end);
      continue;
    }
    // Some writers put an empty raw_data beside the elements.
    if (field.end == field.valueBegin)
      continue;
    if (data)
      return damaged(field.begin, "a tensor with data in two places");
    data = field;
  }
  if (!data)
    return Error::success();
  DataPlace place = {data->valueBegin, data->end - data->valueBegin};
  writeVarint(out, kRawData << 3 | Bytes);
  writeVarint(out, sizeof(place));
  out.append(reinterpret_cast<const char *>(&place), sizeof(place));
  return Error::success();
}

Error Separator::rewrite(Message message, uint64_t begin, uint64_t end,
                         std::string &out, unsigned depth) {
  if (message == Message::Tensor)
    return rewriteTensor(begin, end, out);
  if (depth > kMaxProtoDepth)
    return damaged(begin, "graphs within each other more than " +
                              Twine(kMaxProtoDepth) + " messages deep");
  for (uint64_t at = begin; at != end;) {
    Field field;
    if (Error error = readField(at, end, field))
      return error;
    std::optional<Message> inner = field.type == Bytes
                                       ? getSubmessage(message, field.number)
                                       : std::nullopt;
    if (!inner) {
      out += file.slice(field.begin, field.end);
      continue;
    }
    std::string rewritten;
    if (Error error =
            rewrite(*inner, field.valueBegin, field.end, rewritten, depth + 1))
      return error;
    writeVarint(out, field.number << 3 | Bytes);
    writeVarint(out, rewritten.size());
    out += rewritten;
  }
  return Error::success();
}

Expected<std::string> attune::separateData(StringRef file) {
  std::string out;
  if (Error error =
          Separator(file).rewrite(Message::Model, 0, file.size(), out, 0))
    return std::move(error);
  return out;
}

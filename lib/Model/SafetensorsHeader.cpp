//===- SafetensorsHeader.cpp - The header of one safetensors file ---------===//

#include "SafetensorsHeader.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace attune {

/// Bytes of the header length that a file begins with.
static constexpr uint64_t kLengthBytes = 8;
static constexpr size_t kMaxRank = 32;
static constexpr size_t kMaxNameLength = 4096;

namespace {

/// Reads the entry of one tensor; all of its errors name it.
class EntryReader {
public:
  EntryReader(StringRef path, StringRef name, uint64_t dataBegin,
              uint64_t fileSize)
      : path(path), name(name), dataBegin(dataBegin), fileSize(fileSize) {}

  Expected<TensorEntry> read(const json::Value &value) {
    const json::Object *object = value.getAsObject();
    if (!object)
      return fail("expected an object with dtype, shape and data_offsets");
    TensorEntry entry;
    entry.name = name.str();
    if (Error error = readDType(*object, entry))
      return std::move(error);
    if (Error error = readShape(*object, entry))
      return std::move(error);
    if (Error error = readOffsets(*object, entry))
      return std::move(error);
    return entry;
  }

private:
  Error fail(const Twine &problem) const {
    return userError(path + ": tensor '" + printable(name) + "': " + problem);
  }

  Error readDType(const json::Object &object, TensorEntry &entry) const {
    std::optional<StringRef> text = object.getString("dtype");
    if (!text)
      return fail("expected a string \"dtype\"");
    std::optional<TensorDType> dtype = dtypeFromString(*text);
    if (!dtype)
      return fail("unknown dtype '" + printable(*text) + "'");
    entry.dtype = *dtype;
    return Error::success();
  }

  Error readShape(const json::Object &object, TensorEntry &entry) {
    const json::Array *shape = object.getArray("shape");
    if (!shape)
      return fail("expected an array \"shape\"");
    if (shape->size() > kMaxRank)
      return fail("shape has " + Twine(shape->size()) +
                  " dimensions, at most " + Twine(kMaxRank) + " are accepted");
    int64_t count = 1;
    bool zero = false;
    for (const json::Value &extent : *shape) {
      std::optional<int64_t> size = extent.getAsInteger();
      if (!size || *size < 0)
        return fail("shape must hold integers of at least 0");
      entry.shape.push_back(*size);
      zero |= *size == 0;
      // Computed without the zeros, so that the product of any part of the
      // shape fits too.
      std::optional<int64_t> product =
          checkedMul(count, *size == 0 ? int64_t(1) : *size);
      if (!product)
        return fail("the number of elements of shape " +
                    formatShape(entry.shape) + " does not fit 64 bits");
      count = *product;
    }
    elements = zero ? 0 : count;
    return Error::success();
  }

  Error readOffsets(const json::Object &object, TensorEntry &entry) const {
    const json::Array *offsets = object.getArray("data_offsets");
    if (!offsets || offsets->size() != 2)
      return fail("expected \"data_offsets\" with two integers");
    std::optional<uint64_t> begin = (*offsets)[0].getAsUINT64();
    std::optional<uint64_t> end = (*offsets)[1].getAsUINT64();
    if (!begin || !end || *begin > *end)
      return fail("data_offsets must be two integers, 0 <= begin <= end");
    uint64_t available = fileSize - dataBegin;
    if (*end > available)
      return fail("data_offsets [" + Twine(*begin) + ", " + Twine(*end) +
                  "] are outside of the file, which has " + Twine(available) +
                  " bytes of data (truncated download?)");
    std::optional<int64_t> bits =
        checkedMul(elements, int64_t(bitWidth(entry.dtype)));
    uint64_t size = *end - *begin;
    if (!bits || *bits % 8 != 0 || uint64_t(*bits / 8) != size)
      return fail("data_offsets hold " + Twine(size) + " bytes, but " +
                  describe(entry) + " needs " +
                  (bits ? Twine((*bits + 7) / 8).str()
                        : std::string("more than 64 bits can count")));
    entry.offset = dataBegin + *begin;
    entry.size = size;
    return Error::success();
  }

  StringRef path, name;
  uint64_t dataBegin, fileSize;
  int64_t elements = 0;
};

} // namespace

/// The data must be covered exactly: what overlaps or lies in no tensor is a
/// sign of a broken writer or of something hidden in the file.
static Error checkCoverage(ArrayRef<TensorEntry> sorted, uint64_t dataBegin,
                           uint64_t fileSize, StringRef path) {
  uint64_t at = dataBegin;
  const TensorEntry *last = nullptr;
  for (const TensorEntry &entry : sorted) {
    if (entry.offset < at)
      return userErrorf("{0}: tensors '{1}' and '{2}' overlap", path,
                        printable(last->name), printable(entry.name));
    if (entry.offset > at)
      return userErrorf(
          "{0}: {1} bytes before the data of tensor '{2}' belong to no tensor",
          path, entry.offset - at, printable(entry.name));
    at = entry.offset + entry.size;
    if (entry.size)
      last = &entry;
  }
  if (at != fileSize)
    return userErrorf(
        "{0}: {1} bytes at the end of the file belong to no tensor", path,
        fileSize - at);
  return Error::success();
}

Expected<std::vector<TensorEntry>> readSafetensorsHeader(StringRef bytes,
                                                         StringRef path) {
  if (bytes.size() < kLengthBytes)
    return userErrorf("{0}: not a safetensors file: it has {1} bytes and must "
                      "begin with the 8-byte length of its header",
                      path, bytes.size());
  uint64_t length = support::endian::read64le(bytes.data());
  if (length > kMaxSafetensorsHeader)
    return userErrorf("{0}: not a safetensors file: a header of {1} bytes, at "
                      "most {2} are accepted",
                      path, length, kMaxSafetensorsHeader);
  if (length > bytes.size() - kLengthBytes)
    return userErrorf("{0}: the header should have {1} bytes, but only {2} "
                      "follow (truncated download?)",
                      path, length, bytes.size() - kLengthBytes);
  uint64_t dataBegin = kLengthBytes + length;

  StringRef header = bytes.substr(kLengthBytes, length);
  if (!header.starts_with("{"))
    return userErrorf("{0}: not a safetensors file: the header must begin with "
                      "'{{'",
                      path);
  Expected<json::Value> value =
      parseJSON(header, (path + " (header)").str(),
                {.maxDepth = 8, .refuseDuplicateKeys = true});
  if (!value)
    return value.takeError();

  std::vector<TensorEntry> entries;
  const json::Object &root = *value->getAsObject();
  for (const auto &[key, item] : root) {
    if (key == "__metadata__")
      continue;
    StringRef name = key;
    if (name.empty() || name.size() > kMaxNameLength || name.contains('\0'))
      return userErrorf("{0}: '{1}' is not a tensor name", path,
                        printable(name));
    Expected<TensorEntry> entry =
        EntryReader(path, name, dataBegin, bytes.size()).read(item);
    if (!entry)
      return entry.takeError();
    entries.push_back(std::move(*entry));
  }
  llvm::sort(entries, [](const TensorEntry &a, const TensorEntry &b) {
    return std::tie(a.offset, a.size, a.name) <
           std::tie(b.offset, b.size, b.name);
  });
  if (Error error = checkCoverage(entries, dataBegin, bytes.size(), path))
    return std::move(error);
  return entries;
}

} // namespace attune

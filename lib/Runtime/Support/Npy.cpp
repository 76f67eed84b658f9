//===- Npy.cpp - NumPy's .npy files ---------------------------------------===//
#include "attune/Runtime/Npy.h"

#include "attune/Runtime/Text.h"

#include <cstring>

namespace attune::rt {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "elements are copied as they are");

namespace {

struct TypeEntry {
  AttuneElementType type;
  const char *descr;
};

/// NumPy has no bfloat16: ml_dtypes, and with it PyTorch and ONNX, writes it as
/// two bytes of unknown meaning.
constexpr TypeEntry types[] = {
    {ATTUNE_F32, "<f4"},  {ATTUNE_F64, "<f8"}, {ATTUNE_F16, "<f2"},
    {ATTUNE_BF16, "<V2"}, {ATTUNE_I64, "<i8"}, {ATTUNE_I32, "<i4"},
    {ATTUNE_I16, "<i2"},  {ATTUNE_I8, "|i1"},  {ATTUNE_U64, "<u8"},
    {ATTUNE_U32, "<u4"},  {ATTUNE_U16, "<u2"}, {ATTUNE_U8, "|u1"},
    {ATTUNE_BOOL, "|b1"},
};

const TypeEntry *entryOf(int32_t type) {
  for (const TypeEntry &entry : types)
    if (entry.type == type)
      return &entry;
  return nullptr;
}

constexpr size_t maxHeader = 64 * 1024;
constexpr size_t maxRank = 32;

/// Reads the Python literal of the header: strings, True, False and a tuple of
/// integers are all that it may hold.
class HeaderParser {
public:
  HeaderParser(std::string_view text, NpyHeader &header, std::string &error)
      : text(text), header(header), error(error) {}

  bool parse() {
    if (!expect('{'))
      return false;
    bool hasDescr = false, hasOrder = false, hasShape = false;
    while (!accept('}')) {
      std::string_view key;
      if (!quoted(key) || !expect(':'))
        return false;
      bool *seen = key == "descr"           ? &hasDescr
                   : key == "fortran_order" ? &hasOrder
                   : key == "shape"         ? &hasShape
                                            : nullptr;
      if (!seen)
        return fail(format("unexpected key '%s' in the header",
                           printable(key).c_str()));
      if (*seen)
        return fail(format("key '%s' appears twice in the header",
                           std::string(key).c_str()));
      *seen = true;
      bool ok = seen == &hasDescr   ? parseDescr()
                : seen == &hasOrder ? parseOrder()
                                    : parseShape();
      if (!ok)
        return false;
      if (!accept(',')) {
        if (!expect('}'))
          return false;
        break;
      }
    }
    skipSpace();
    if (!text.empty())
      return fail("the header goes on after its closing brace");
    if (!hasDescr || !hasOrder || !hasShape)
      return fail(format("the header lacks '%s'", !hasDescr   ? "descr"
                                                  : !hasOrder ? "fortran_order"
                                                              : "shape"));
    return true;
  }

private:
  bool fail(std::string message) {
    error = std::move(message);
    return false;
  }

  static std::string printable(std::string_view word) {
    std::string out;
    for (char c : word.substr(0, 40))
      out += c >= 0x20 && c < 0x7f ? c : '?';
    return out;
  }

  void skipSpace() {
    size_t end = text.find_first_not_of(" \t\r\n");
    text.remove_prefix(end == text.npos ? text.size() : end);
  }

  bool accept(char c) {
    skipSpace();
    if (text.empty() || text[0] != c)
      return false;
    text.remove_prefix(1);
    return true;
  }

  bool expect(char c) {
    return accept(c) || fail(format("expected '%c' in the header, found '%s'",
                                    c, printable(text.substr(0, 12)).c_str()));
  }

  bool word(std::string_view wanted) {
    skipSpace();
    if (!text.starts_with(wanted))
      return false;
    text.remove_prefix(wanted.size());
    return true;
  }

  bool quoted(std::string_view &value) {
    skipSpace();
    if (text.empty() || (text[0] != '\'' && text[0] != '"'))
      return fail(format("expected a string in the header, found '%s'",
                         printable(text.substr(0, 12)).c_str()));
    size_t end = text.find(text[0], 1);
    if (end == text.npos)
      return fail("a string in the header has no end");
    value = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return true;
  }

  bool parseDescr() {
    skipSpace();
    if (!text.empty() && text[0] == '[')
      return fail("arrays of records are not supported: save a plain array");
    std::string_view descr;
    if (!quoted(descr))
      return false;
    for (const TypeEntry &entry : types) {
      std::string_view known = entry.descr;
      // The order of bytes says nothing of one byte, or of bytes without a
      // meaning.
      bool unordered = known[2] == '1' || known[1] == 'V';
      if (descr.size() == 3 && descr.substr(1) == known.substr(1) &&
          (descr[0] == known[0] || descr[0] == '=' ||
           (unordered &&
            (descr[0] == '<' || descr[0] == '>' || descr[0] == '|')))) {
        header.type = entry.type;
        return true;
      }
    }
    if (descr.size() == 3 && descr[0] == '>')
      return fail(format("element type '%s' is big endian: save it with "
                         "a.astype(a.dtype.newbyteorder('<'))",
                         printable(descr).c_str()));
    return fail(format("element type '%s' is not supported: save the array as "
                       "float16, float32, float64, an integer type or bool, "
                       "e.g. with a.astype('float32')",
                       printable(descr).c_str()));
  }

  bool parseOrder() {
    if (word("False"))
      return true;
    if (word("True"))
      return fail("the array is in Fortran order: save "
                  "numpy.ascontiguousarray(a)");
    return fail("'fortran_order' is neither True nor False");
  }

  bool parseShape() {
    if (!expect('('))
      return false;
    while (!accept(')')) {
      skipSpace();
      size_t digits = 0;
      while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9')
        ++digits;
      int64_t extent;
      if (!parseInteger(text.substr(0, digits), 0, INT64_MAX, extent))
        return fail(
            format("'%s' is no extent of a shape",
                   printable(text.substr(0, digits ? digits : 12)).c_str()));
      text.remove_prefix(digits);
      word("L"); // Python 2 wrote its long integers so.
      if (header.shape.size() == maxRank)
        return fail(format("the shape has more than %zu dimensions", maxRank));
      header.shape.push_back(extent);
      if (!accept(',')) {
        if (!expect(')'))
          return false;
        break;
      }
    }
    return true;
  }

  std::string_view text;
  NpyHeader &header;
  std::string &error;
};

} // namespace

bool parseNpyHeader(const void *image, size_t bytes, NpyHeader &header,
                    std::string &error) {
  header = NpyHeader();
  auto *data = static_cast<const unsigned char *>(image);
  if (bytes < 10 || memcmp(data, "\x93NUMPY", 6) != 0) {
    error = "it is not a .npy file (no NUMPY signature)";
    return false;
  }
  unsigned version = data[6];
  if (version < 1 || version > 3) {
    error = format("it has version %u.%u of the .npy format: 1 to 3 are known",
                   version, unsigned(data[7]));
    return false;
  }
  size_t start = version == 1 ? 10 : 12;
  if (bytes < start) {
    error = "the file ends within its header";
    return false;
  }
  size_t length = data[8] | size_t(data[9]) << 8;
  if (version > 1)
    length |= size_t(data[10]) << 16 | size_t(data[11]) << 24;
  if (length > maxHeader) {
    error = format("its header claims %zu bytes: at most %zu are allowed",
                   length, maxHeader);
    return false;
  }
  if (length > bytes - start) {
    error = format("its header claims %zu bytes, but %zu follow", length,
                   bytes - start);
    return false;
  }
  std::string_view text(reinterpret_cast<const char *>(data) + start, length);
  if (!HeaderParser(text, header, error).parse())
    return false;
  header.dataOffset = start + length;
  // An extent of 0 makes the array empty whatever the others are.
  bool empty = false, overflow = false;
  for (int64_t extent : header.shape)
    empty |= extent == 0;
  if (empty)
    header.elements = 0;
  for (int64_t extent : header.shape)
    overflow |= !empty && __builtin_mul_overflow(header.elements, extent,
                                                 &header.elements);
  size_t have = bytes - header.dataOffset;
  if (overflow ||
      __builtin_mul_overflow(size_t(header.elements), elementSize(header.type),
                             &header.dataBytes)) {
    error = format("its shape %s is larger than any file",
                   shapeText(header.shape.data(), header.shape.size()).c_str());
    return false;
  }
  if (header.dataBytes > have) {
    error = format("its shape %s of %s needs %zu bytes of data, the file has "
                   "%zu: it is truncated",
                   shapeText(header.shape.data(), header.shape.size()).c_str(),
                   elementTypeName(header.type), header.dataBytes, have);
    return false;
  }
  if (header.dataBytes < have) {
    error = format("%zu bytes follow the data of shape %s and %s",
                   have - header.dataBytes,
                   shapeText(header.shape.data(), header.shape.size()).c_str(),
                   elementTypeName(header.type));
    return false;
  }
  return true;
}

bool NpyArray::open(const char *path, std::string &error) {
  copy.clear();
  start = nullptr;
  if (!file.open(path, error))
    return false;
  std::string reason;
  if (!parseNpyHeader(file.data(), file.size(), header, reason)) {
    error = format("cannot read '%s': %s", path, reason.c_str());
    return false;
  }
  start = file.data() + header.dataOffset;
  if (header.dataOffset % 8 != 0 && header.dataBytes) {
    copy.resize((header.dataBytes + 7) / 8);
    memcpy(copy.data(), start, header.dataBytes);
    start = copy.data();
    file.close();
  }
  return true;
}

double NpyArray::valueAt(int64_t index) const {
  return elementValue(header.type, start, index);
}

std::string npyHeaderText(AttuneElementType type,
                          const std::vector<int64_t> &shape) {
  const TypeEntry *entry = entryOf(type);
  std::string text = format("{'descr': '%s', 'fortran_order': False, "
                            "'shape': (",
                            entry ? entry->descr : "");
  for (size_t i = 0; i < shape.size(); ++i) {
    text += std::to_string(shape[i]);
    text += shape.size() == 1 ? "," : i + 1 < shape.size() ? ", " : "";
  }
  text += "), }";
  size_t total = (10 + text.size() + 1 + 63) / 64 * 64;
  text.append(total - 10 - text.size() - 1, ' ');
  text += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += char(text.size() & 0xff);
  out += char(text.size() >> 8);
  return out + text;
}

bool writeNpy(const std::string &path, AttuneElementType type,
              const std::vector<int64_t> &shape, const void *data,
              std::string &error) {
  size_t bytes = elementSize(type);
  bool overflow = bytes == 0 || shape.size() > maxRank;
  for (int64_t extent : shape)
    overflow |=
        extent < 0 || __builtin_mul_overflow(bytes, size_t(extent), &bytes);
  if (overflow) {
    error = format("cannot write '%s': its shape or element type is invalid",
                   path.c_str());
    return false;
  }
  std::string header = npyHeaderText(type, shape);
  FileWriter writer;
  return writer.open(path, error) &&
         writer.write(header.data(), header.size(), error) &&
         writer.write(data, bytes, error) && writer.commit(error);
}

} // namespace attune::rt

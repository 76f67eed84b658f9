//===- File.cpp - Reading files and JSON that may be hostile --------------===//

#include "attune/Support/File.h"
#include "attune/Support/Error.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace attune {

Expected<std::unique_ptr<MemoryBuffer>> readFile(StringRef path,
                                                 uint64_t maxBytes) {
  std::string shown = printable(path, 400);
  if (path.contains('\0'))
    return userError(shown + ": a path must not contain NUL");
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return fileUserError(shown, "open", code);
  // Opening a pipe would wait for ever and a device has no size.
  if (status.type() == sys::fs::file_type::directory_file)
    return userError(shown + ": expected a file, found a directory");
  if (status.type() != sys::fs::file_type::regular_file)
    return userError(shown + ": expected a regular file");
  if (status.getSize() > maxBytes)
    return userErrorf("{0}: the file has {1} bytes, at most {2} are accepted",
                      shown, status.getSize(), maxBytes);
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fileUserError(shown, "read", buffer.getError());
  return std::move(*buffer);
}

namespace {

/// One walk over JSON text before llvm::json sees it: it finds nesting that is
/// too deep for a recursive parser and, on request, keys that occur twice in
/// an object. It does not check the grammar; where the text is not JSON its
/// answers do not matter, for the parser refuses the text.
class JSONScan {
public:
  JSONScan(StringRef text, const JSONOptions &options)
      : text(text), options(options) {}

  /// An empty string, or what is wrong.
  std::string run() {
    for (size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      if (c == '"') {
        size_t begin = i;
        i = endOfString(i);
        if (options.refuseDuplicateKeys && isKey(i) &&
            !addKey(text.slice(begin, i + 1)))
          return "the key " + printable(text.slice(begin, i + 1)) +
                 " occurs twice in an object";
      } else if (c == ',') {
        ++values;
      } else if (c == '{' || c == '[') {
        ++values;
        if (++depth > options.maxDepth)
          return "more than " + std::to_string(options.maxDepth) +
                 " levels of nesting";
        if (options.refuseDuplicateKeys) {
          keys.resize(depth);
          keys.back().clear();
        }
      } else if ((c == '}' || c == ']') && depth > 0) {
        --depth;
      }
      if (values > options.maxValues)
        return "more than " + std::to_string(options.maxValues) + " values";
    }
    return "";
  }

private:
  /// The position of the quote that ends the string which begins at `i`.
  size_t endOfString(size_t i) const {
    for (++i; i < text.size() && text[i] != '"'; ++i)
      if (text[i] == '\\')
        ++i;
    return std::min(i, text.size());
  }

  /// Whether the string that ends at `end` is followed by a colon.
  bool isKey(size_t end) const {
    size_t next = text.find_first_not_of(" \t\r\n", end + 1);
    return next != StringRef::npos && text[next] == ':';
  }

  /// Adds a quoted key to the innermost object; false: it is there already.
  bool addKey(StringRef quoted) {
    if (depth == 0)
      return true;
    StringSet<> &inner = keys[depth - 1];
    if (!quoted.contains('\\'))
      return inner.insert(quoted.trim('"')).second;
    // An escape can spell the same key in another way.
    Expected<json::Value> key = json::parse(quoted);
    if (!key) {
      consumeError(key.takeError());
      return true;
    }
    std::optional<StringRef> spelled = key->getAsString();
    return !spelled || inner.insert(*spelled).second;
  }

  StringRef text;
  const JSONOptions &options;
  size_t depth = 0, values = 0;
  std::vector<StringSet<>> keys;
};

} // namespace

Expected<json::Value> parseJSON(StringRef text, StringRef name,
                                JSONOptions options) {
  if (std::string problem = JSONScan(text, options).run(); !problem.empty())
    return userError(printable(name, 400) + ": " + problem);
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return userError(printable(name, 400) +
                     ": not valid JSON: " + toString(value.takeError()));
  return value;
}

Expected<json::Value> readJSONFile(StringRef path, uint64_t maxBytes,
                                   JSONOptions options) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path, maxBytes);
  if (!buffer)
    return buffer.takeError();
  return parseJSON((*buffer)->getBuffer(), path, options);
}

bool isContainedRelativePath(StringRef path) {
  if (path.empty() || path.contains('\0') || path.contains('\\') ||
      sys::path::is_absolute(path))
    return false;
  for (StringRef part : llvm::split(path, '/'))
    if (part == ".." || part.empty())
      return false;
  return true;
}

std::string printable(StringRef text, size_t maxLength) {
  std::string result;
  const auto *at = reinterpret_cast<const UTF8 *>(text.data());
  const UTF8 *end = at + text.size();
  while (at != end) {
    if (result.size() >= maxLength)
      return result + "...";
    unsigned length = getNumBytesForUTF8(*at);
    bool valid = length <= size_t(end - at) && isLegalUTF8Sequence(at, end);
    if (valid && (*at >= 0x80 || isPrint(char(*at)))) {
      result.append(reinterpret_cast<const char *>(at), length);
      at += length;
      continue;
    }
    result += "\\x";
    result += hexdigit(*at >> 4, /*LowerCase=*/true);
    result += hexdigit(*at & 15, /*LowerCase=*/true);
    ++at;
  }
  return result;
}

} // namespace attune

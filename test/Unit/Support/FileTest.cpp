//===- FileTest.cpp -------------------------------------------------------===//

#include "attune/Support/File.h"
#include "attune/Support/Error.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace attune;
using namespace llvm;

namespace {

std::string messageOf(Error error) {
  EXPECT_TRUE(!error || error.isA<UserError>());
  return toString(std::move(error));
}

template <typename T> std::string messageOf(Expected<T> value) {
  return messageOf(value ? Error::success() : value.takeError());
}

bool contains(StringRef text, StringRef part) { return text.contains(part); }

TEST(ReadFile, ReadsAndRefuses) {
  SmallString<128> path;
  int descriptor;
  ASSERT_FALSE(sys::fs::createTemporaryFile("attune", "txt", descriptor, path));
  {
    raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    os << "hello";
  }
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path, 5);
  ASSERT_TRUE(bool(buffer));
  EXPECT_EQ((*buffer)->getBuffer(), "hello");
  EXPECT_PRED2(contains, messageOf(readFile(path, 4)),
               "has 5 bytes, at most 4");
  sys::fs::remove(path);
  EXPECT_PRED2(contains, messageOf(readFile(path)), "No such file");
  EXPECT_PRED2(contains, messageOf(readFile("/")), "found a directory");
  EXPECT_PRED2(contains, messageOf(readFile("/dev/zero")), "regular file");
  EXPECT_PRED2(contains, messageOf(readFile(StringRef("a\0b", 3))), "NUL");
}

TEST(ParseJSON, ReadsJSON) {
  Expected<json::Value> value = parseJSON(R"({"a": [1, "]}\"{["]})", "f");
  ASSERT_TRUE(bool(value));
  EXPECT_EQ(value->getAsObject()->getArray("a")->size(), 2u);
}

TEST(ParseJSON, LimitsNestingOutsideOfStrings) {
  JSONOptions options;
  options.maxDepth = 3;
  EXPECT_EQ(messageOf(parseJSON("[[[1]],[[2]]]", "f", options)), "");
  EXPECT_PRED2(contains, messageOf(parseJSON("[[[[1]]]]", "f", options)),
               "f: more than 3 levels of nesting");
  EXPECT_EQ(messageOf(parseJSON("\"[[[[[[[[\\\"[[\"", "f", options)), "");
  EXPECT_PRED2(contains,
               messageOf(parseJSON(std::string(1 << 20, '{'), "f", options)),
               "nesting");
  // Closing brackets without opening ones must not make room.
  EXPECT_PRED2(
      contains,
      messageOf(parseJSON("]]]]]]" + std::string(100, '['), "f", options)),
      "nesting");
}

TEST(ParseJSON, LimitsTheNumberOfValues) {
  JSONOptions options;
  options.maxValues = 4;
  EXPECT_EQ(messageOf(parseJSON(R"([1,2,{"a": ",,,,,"}])", "f", options)), "");
  EXPECT_PRED2(contains, messageOf(parseJSON("[1,2,3,4,5]", "f", options)),
               "f: more than 4 values");
  EXPECT_PRED2(contains, messageOf(parseJSON("[[],{},[]]", "f", options)),
               "f: more than 4 values");
}

TEST(ParseJSON, RefusesDuplicateKeysOnRequest) {
  JSONOptions options;
  options.refuseDuplicateKeys = true;
  EXPECT_EQ(messageOf(parseJSON(R"({"a": 1, "a": 2})", "f")), "");
  EXPECT_PRED2(contains,
               messageOf(parseJSON(R"({"a": 1, "a": 2})", "f", options)),
               "\"a\" occurs twice");
  EXPECT_PRED2(contains,
               messageOf(parseJSON(R"({"a": 1, "\u0061" : 2})", "f", options)),
               "occurs twice");
  EXPECT_PRED2(
      contains,
      messageOf(parseJSON(R"([{"x": {"b": 1, "b": 2}}])", "f", options)),
      "occurs twice");
  EXPECT_EQ(messageOf(parseJSON(
                R"({"a": {"b": 1}, "b": {"b": 1}, "c": ["b", "b", "a"]})", "f",
                options)),
            "");
}

TEST(ParseJSON, SurvivesCutText) {
  StringRef whole = R"({"a\"": ["x\\", {"b\u0041": null}], "c": 1.5e3})";
  JSONOptions options;
  options.refuseDuplicateKeys = true;
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_PRED2(contains,
                 messageOf(parseJSON(whole.take_front(size), "f", options)),
                 "f: not valid JSON");
  EXPECT_EQ(messageOf(parseJSON(whole, "f", options)), "");
}

TEST(ContainedRelativePath, RefusesWhatLeaves) {
  for (const char *path : {"a", "a/b.c", "a..b", "./a", "..a/b"})
    EXPECT_TRUE(isContainedRelativePath(path)) << path;
  for (const char *path :
       {"", "/a", "..", "../a", "a/..", "a/../b", "a//b", "a/", "a\\..\\b"})
    EXPECT_FALSE(isContainedRelativePath(path)) << path;
  EXPECT_FALSE(isContainedRelativePath(StringRef("a\0b", 3)));
}

TEST(Printable, EscapesAndCuts) {
  EXPECT_EQ(printable("plain text"), "plain text");
  EXPECT_EQ(printable("a\x1b[0m\n"), "a\\x1b[0m\\x0a");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(printable("\xc3"), "\\xc3");
  EXPECT_EQ(printable("\xff\xed\xa0\x80"), "\\xff\\xed\\xa0\\x80");
  EXPECT_EQ(printable(std::string(500, 'x'), 10), "xxxxxxxxxx...");
}

} // namespace

//===- NpyTest.cpp - .npy files, good and hostile -------------------------===//
#include "attune/Runtime/Npy.h"

#include "FakeWeights.h"

#include <cstring>
#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace attune::rt;
using attune::test::readFile;
using attune::test::TemporaryFolder;

namespace {

/// A file image with the header text given and `data` bytes behind it.
std::string image(std::string header, size_t data, int version = 1) {
  std::string out = "\x93NUMPY";
  out += char(version);
  out += '\0';
  out += char(header.size() & 0xff);
  out += char(header.size() >> 8 & 0xff);
  if (version > 1) {
    out += char(header.size() >> 16 & 0xff);
    out += char(header.size() >> 24 & 0xff);
  }
  return out + header + std::string(data, '\0');
}

std::string header(const char *descr, const char *order, const char *shape) {
  return std::string("{'descr': '") + descr + "', 'fortran_order': " + order +
         ", 'shape': " + shape + ", }\n";
}

/// The error for an image; "" when it is accepted.
std::string errorOf(const std::string &bytes) {
  NpyHeader parsed;
  std::string error;
  // A copy of the exact size, so that sanitizers see reads beyond it.
  std::vector<char> exact(bytes.begin(), bytes.end());
  bool ok = parseNpyHeader(exact.data(), exact.size(), parsed, error);
  EXPECT_EQ(ok, error.empty());
  return error;
}

void expectError(const std::string &bytes, const char *part) {
  std::string error = errorOf(bytes);
  EXPECT_NE(error.find(part), error.npos) << "found: " << error;
}

TEST(Npy, RoundTripOfEveryType) {
  TemporaryFolder folder;
  for (auto type : {ATTUNE_F32, ATTUNE_F64, ATTUNE_I32, ATTUNE_I64, ATTUNE_I8,
                    ATTUNE_BOOL, ATTUNE_U8}) {
    std::vector<char> data(6 * elementSize(type));
    for (size_t i = 0; i < data.size(); ++i)
      data[i] = char(i % 2);
    std::string path = folder.file(elementTypeName(type)), error;
    ASSERT_TRUE(writeNpy(path, type, {2, 3}, data.data(), error)) << error;
    NpyArray array;
    ASSERT_TRUE(array.open(path.c_str(), error)) << error;
    EXPECT_EQ(array.type(), type);
    EXPECT_EQ(array.shape(), (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(array.elements(), 6);
    ASSERT_EQ(array.bytes(), data.size());
    EXPECT_EQ(memcmp(array.data(), data.data(), data.size()), 0);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(array.data()) % 64, 0u);
  }
}

TEST(Npy, WritesWhatNumPyWrites) {
  // numpy.save of numpy.arange(3, dtype='<f4').
  std::string text = npyHeaderText(ATTUNE_F32, {3});
  EXPECT_EQ(text.size(), 128u);
  EXPECT_EQ(text.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(text.substr(10, 57),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
  EXPECT_EQ(text.back(), '\n');
  EXPECT_NE(npyHeaderText(ATTUNE_I64, {}).find("'shape': ()"), text.npos);
  EXPECT_NE(npyHeaderText(ATTUNE_I64, {2, 5}).find("'shape': (2, 5)"),
            text.npos);
}

TEST(Npy, AcceptsVersionsScalarsAndEmptyArrays) {
  EXPECT_EQ(errorOf(image(header("<f4", "False", "(2, 2)"), 16, 1)), "");
  EXPECT_EQ(errorOf(image(header("<f4", "False", "(2, 2)"), 16, 2)), "");
  EXPECT_EQ(errorOf(image(header("<f4", "False", "(2, 2)"), 16, 3)), "");
  EXPECT_EQ(errorOf(image(header("<i8", "False", "()"), 8)), "");
  EXPECT_EQ(errorOf(image(header("<i8", "False", "(3L, 0L)"), 0)), "");
  EXPECT_EQ(errorOf(image(header("|b1", "False", "(3,)"), 3)), "");
  EXPECT_EQ(errorOf(image("{\"shape\":(1,),'descr':'<f8',"
                          "'fortran_order':False}",
                          8)),
            "");
}

TEST(Npy, UnalignedDataAreCopied) {
  TemporaryFolder folder;
  std::string text = header("<i8", "False", "(2,)");
  while ((10 + text.size()) % 8 != 3)
    text.insert(text.size() - 1, " ");
  std::string bytes = image(text, 16);
  bytes[bytes.size() - 8] = 7;
  std::string path = folder.write("x.npy", bytes.data(), bytes.size()), error;
  NpyArray array;
  ASSERT_TRUE(array.open(path.c_str(), error)) << error;
  EXPECT_EQ(reinterpret_cast<uintptr_t>(array.data()) % 8, 0u);
  EXPECT_EQ(array.valueAt(0), 0);
  EXPECT_EQ(array.valueAt(1), 7);
}

TEST(Npy, RejectsOtherFiles) {
  expectError("", "not a .npy file");
  expectError("\x93NUM", "not a .npy file");
  expectError("PK\x03\x04 this is an npz", "not a .npy file");
  expectError(image(header("<f4", "False", "(1,)"), 4, 9), "version 9");
}

TEST(Npy, RejectsTruncation) {
  std::string good = image(header("<f4", "False", "(2, 3)"), 24);
  ASSERT_EQ(errorOf(good), "");
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(errorOf(good.substr(0, length)), "") << length;
  expectError(good.substr(0, good.size() - 1),
              "needs 24 bytes of data, the file has 23");
  expectError(good + "x", "1 bytes follow the data");
}

TEST(Npy, RejectsHugeHeaders) {
  std::string bytes("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
  expectError(bytes, "header claims 4294967295 bytes");
  expectError(image(std::string(60000, ' '), 0), "expected '{'");
}

TEST(Npy, RejectsShapesThatOverflow) {
  expectError(image(header("<f4", "False", "(4294967296, 4294967296)"), 4),
              "larger than any file");
  expectError(
      image(header("<f8", "False", "(999999999999999999, 999999999999999999)"),
            4),
      "larger than any file");
  expectError(image(header("<f8", "False", "(99999999999999999999999,)"), 4),
              "no extent of a shape");
  expectError(image(header("<f8", "False", "(-1,)"), 4),
              "no extent of a shape");
  std::string many = "(";
  for (int i = 0; i < 40; ++i)
    many += "1, ";
  expectError(image(header("<f8", "False", (many + ")").c_str()), 8),
              "more than 32 dimensions");
  // Zero elements, however large the other extents are.
  EXPECT_EQ(errorOf(image(header("<f8", "False",
                                 "(999999999999999999, 0, 999999999999999999)"),
                          0)),
            "");
}

TEST(Npy, RejectsTypesAndOrdersWithAdvice) {
  expectError(image(header("<V4", "False", "(1,)"), 4),
              "'<V4' is not supported");
  expectError(image(header(">f4", "False", "(1,)"), 4), "big endian");
  expectError(image(header("<c8", "False", "(1,)"), 8), "not supported");
  expectError(image(header("|O", "False", "(1,)"), 8), "not supported");
  expectError(image(header("<f4", "True", "(1,)"), 4), "Fortran order");
  expectError(image("{'descr': [('a', '<f4')], 'fortran_order': False, "
                    "'shape': (1,)}",
                    4),
              "arrays of records");
}

TEST(Npy, RejectsMalformedDictionaries) {
  for (const char *text :
       {"", "{", "{'descr'", "{'descr': ", "{'descr': '<f4", "[]", "{}",
        "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': Maybe}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f4', 'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'other': 1, 'descr': '<f4'}"})
    EXPECT_NE(errorOf(image(text, 4)), "") << text;
  expectError(image("{'descr': '<f4', 'descr': '<f4'}", 4), "twice");
  expectError(image("{'descr': '<f4', 'fortran_order': False}", 4),
              "lacks 'shape'");
}

TEST(Npy, SurvivesEveryChangedByte) {
  std::string good = image(header("<f4", "False", "(2, 3)"), 24);
  for (size_t at = 0; at < good.size(); ++at)
    for (int value : {0, 1, int('\''), int('('), int(')'), int(','), int('9'),
                      0x7f, 0xff}) {
      std::string bytes = good;
      bytes[at] = char(value);
      errorOf(bytes);
    }
}

TEST(Npy, ErrorsNameTheFile) {
  TemporaryFolder folder;
  NpyArray array;
  std::string error;
  EXPECT_FALSE(array.open(folder.file("absent.npy").c_str(), error));
  EXPECT_NE(error.find("absent.npy"), error.npos) << error;
  EXPECT_FALSE(array.open(folder.path.c_str(), error));
  EXPECT_NE(error.find("directory"), error.npos) << error;
  std::string path = folder.write("empty.npy", "", 0);
  EXPECT_FALSE(array.open(path.c_str(), error));
  EXPECT_NE(error.find("empty.npy"), error.npos) << error;
  std::string fifo = folder.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(array.open(fifo.c_str(), error));
  EXPECT_NE(error.find("not a regular file"), error.npos) << error;
}

TEST(Npy, LeavesNoPartialFile) {
  TemporaryFolder folder;
  std::string error;
  EXPECT_FALSE(writeNpy(folder.file("no/such/folder.npy"), ATTUNE_F32, {1},
                        "1234", error));
  EXPECT_NE(error.find("folder.npy"), error.npos) << error;
  EXPECT_FALSE(writeNpy(folder.file("x.npy"), ATTUNE_F32, {-1}, "1234", error));
  {
    FileWriter writer;
    ASSERT_TRUE(writer.open(folder.file("y.npy"), error)) << error;
    ASSERT_TRUE(writer.write("half", 4, error)) << error;
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(Npy, ReplacesFilesAndKeepsTheirMode) {
  TemporaryFolder folder;
  std::string path = folder.write("x", "old", 3), error;
  chmod(path.c_str(), 0600);
  ASSERT_TRUE(writeFile(path, "newer", 5, error)) << error;
  EXPECT_EQ(readFile(path), "newer");
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"x"});
  ASSERT_TRUE(writeFile("/dev/null", "gone", 4, error)) << error;
}

} // namespace

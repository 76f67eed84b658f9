//===- WeightStoreTest.cpp ------------------------------------------------===//

#include "attune/Model/WeightStore.h"
#include "ModelTestSupport.h"

#include "llvm/Support/Endian.h"

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

TEST(WeightStore, ReadsAFile) {
  TempDirectory dir;
  std::string path =
      dir.write("w.safetensors",
                makeSafetensors({{"a", "F32", {2, 3}, std::string(24, '\1')},
                                 {"b", "BF16", {}, "xy"},
                                 {"empty", "F16", {0, 5}, ""},
                                 {"c", "I64", {1}, std::string(8, '\2')}}));
  WeightStore store = valueOf(WeightStore::open(path));
  ASSERT_EQ(store.files().size(), 1u);
  EXPECT_EQ(store.files()[0], path);
  ASSERT_EQ(store.entries().size(), 4u);
  const TensorEntry *a = store.find("a");
  ASSERT_TRUE(a);
  EXPECT_EQ(describe(*a), "F32 [2, 3]");
  EXPECT_EQ(a->size, 24u);
  EXPECT_EQ(a->elementCount(), 6);
  EXPECT_EQ(store.data(*a)[23], 1);
  const TensorEntry *b = store.find("b");
  ASSERT_TRUE(b);
  EXPECT_TRUE(b->shape.empty());
  EXPECT_EQ(b->elementCount(), 1);
  EXPECT_EQ(store.data(*b)[1], 'y');
  EXPECT_EQ(b->offset, a->offset + 24);
  EXPECT_EQ(store.find("empty")->elementCount(), 0);
  EXPECT_TRUE(store.data(*store.find("empty")).empty());
  EXPECT_FALSE(store.find("d"));
  EXPECT_EQ(store.fileSize(0), store.find("c")->offset + store.find("c")->size);
}

TEST(WeightStore, FindsTheFileInADirectory) {
  TempDirectory dir;
  dir.write("model.safetensors", makeSafetensors({{"a", "U8", {1}, "q"}}));
  WeightStore store = valueOf(WeightStore::open(dir.path()));
  EXPECT_EQ(store.data(*store.find("a"))[0], 'q');
}

TEST(WeightStore, StaysValidWhenMoved) {
  TempDirectory dir;
  dir.write("model.safetensors", makeSafetensors({{"a", "U8", {1}, "q"}}));
  WeightStore store = valueOf(WeightStore::open(dir.path()));
  const TensorEntry *entry = store.find("a");
  WeightStore moved = std::move(store);
  EXPECT_EQ(moved.find("a"), entry);
  EXPECT_EQ(moved.data(*entry)[0], 'q');
}

TEST(WeightStore, AcceptsMetadataAndPadding) {
  TempDirectory dir;
  std::string path = dir.write(
      "w.safetensors",
      makeRawSafetensors(
          R"({"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}   )",
          "hi"));
  WeightStore store = valueOf(WeightStore::open(path));
  EXPECT_EQ(store.entries().size(), 1u);
}

TEST(WeightStore, ReadsShards) {
  TempDirectory dir;
  dir.write("one.safetensors", makeSafetensors({{"a", "U8", {1}, "1"}}));
  dir.write("sub/two.safetensors",
            makeSafetensors({{"b", "U8", {1}, "2"}, {"c", "U8", {1}, "3"}}));
  dir.write("model.safetensors.index.json",
            R"({"metadata": {"total_size": 3}, "weight_map":
                {"a": "one.safetensors", "b": "sub/two.safetensors",
                 "c": "sub/two.safetensors"}})");
  WeightStore store = valueOf(WeightStore::open(dir.path()));
  EXPECT_EQ(store.files().size(), 2u);
  ASSERT_TRUE(store.find("c"));
  EXPECT_EQ(store.data(*store.find("c"))[0], '3');
  EXPECT_NE(store.find("a")->file, store.find("b")->file);
}

struct BadHeader {
  const char *name;
  const char *header;
  size_t dataBytes;
  const char *expected;
};

class BadHeaderTest : public testing::TestWithParam<BadHeader> {};

TEST_P(BadHeaderTest, IsAUserErrorThatNamesTheFile) {
  const BadHeader &bad = GetParam();
  TempDirectory dir;
  std::string path =
      dir.write("bad.safetensors",
                makeRawSafetensors(bad.header, std::string(bad.dataBytes, 0)));
  expectUserError(failureOf(WeightStore::open(path)),
                  {"bad.safetensors", bad.expected});
}

#define T(FIELDS) "{\"t\":{" FIELDS "}}"
const BadHeader kBadHeaders[] = {
    {"Empty", "", 0, "must begin with '{'"},
    {"NotAnObject", "[1, 2]", 0, "must begin with '{'"},
    {"NotJSON", "{\"a\": }", 0, "not valid JSON"},
    {"CutJSON", "{\"a\": {\"dtype\": \"F3", 0, "not valid JSON"},
    {"TrailingText", "{} x", 0, "not valid JSON"},
    {"InvalidUtf8", "{\"\xff\xfe\": 1}", 0, "not valid JSON"},
    {"TensorIsNumber", R"({"t": 3})", 0, "tensor 't': expected an object"},
    {"TensorIsNull", R"({"t": null})", 0, "tensor 't': expected an object"},
    {"EmptyName", R"({"": {"dtype":"U8","shape":[],"data_offsets":[0,1]}})", 1,
     "not a tensor name"},
    {"NulInName",
     R"({"a\u0000b": {"dtype":"U8","shape":[],"data_offsets":[0,1]}})", 1,
     "not a tensor name"},
    {"NoDType", T(R"("shape":[1],"data_offsets":[0,1])"), 1, "\"dtype\""},
    {"DTypeIsNumber", T(R"("dtype":5,"shape":[1],"data_offsets":[0,1])"), 1,
     "\"dtype\""},
    {"UnknownDType", T(R"("dtype":"F128","shape":[1],"data_offsets":[0,1])"), 1,
     "tensor 't': unknown dtype 'F128'"},
    {"NoShape", T(R"("dtype":"U8","data_offsets":[0,1])"), 1, "\"shape\""},
    {"NegativeExtent", T(R"("dtype":"U8","shape":[-1],"data_offsets":[0,1])"),
     1, "at least 0"},
    {"FractionalExtent",
     T(R"("dtype":"U8","shape":[1.5],"data_offsets":[0,1])"), 1, "at least 0"},
    {"HugeExtent",
     T(R"("dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1])"),
     1, "at least 0"},
    {"ExtentIsString", T(R"("dtype":"U8","shape":["1"],"data_offsets":[0,1])"),
     1, "at least 0"},
    {"ProductOverflows",
     T(R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0])"),
     0, "does not fit 64 bits"},
    {"ProductOverflowsBehindZero",
     T(R"("dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0])"),
     0, "does not fit 64 bits"},
    {"BitsOverflow",
     T(R"("dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0])"),
     0, "more than 64 bits can count"},
    {"TooManyDimensions",
     T(R"("dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1])"),
     1, "33 dimensions"},
    {"NoOffsets", T(R"("dtype":"U8","shape":[1])"), 1, "\"data_offsets\""},
    {"OneOffset", T(R"("dtype":"U8","shape":[1],"data_offsets":[0])"), 1,
     "\"data_offsets\""},
    {"ThreeOffsets", T(R"("dtype":"U8","shape":[1],"data_offsets":[0,1,2])"), 1,
     "\"data_offsets\""},
    {"NegativeOffset", T(R"("dtype":"U8","shape":[1],"data_offsets":[-1,0])"),
     1, "0 <= begin <= end"},
    {"SwappedOffsets", T(R"("dtype":"U8","shape":[1],"data_offsets":[1,0])"), 1,
     "0 <= begin <= end"},
    {"OffsetPastTheEnd", T(R"("dtype":"U8","shape":[2],"data_offsets":[0,2])"),
     1, "outside of the file"},
    {"OffsetWraps",
     T(R"("dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,18446744073709551615])"),
     1, "outside of the file"},
    {"SizeTooSmall", T(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), 4,
     "hold 4 bytes, but F32 [2] needs 8"},
    {"SizeTooLarge", T(R"("dtype":"F32","shape":[1],"data_offsets":[0,8])"), 8,
     "hold 8 bytes, but F32 [1] needs 4"},
    {"HalfAByte", T(R"("dtype":"F4","shape":[3],"data_offsets":[0,2])"), 2,
     "F4 [3] needs 2"},
    {"Overlap",
     R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
         "b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
     3, "tensors 'a' and 'b' overlap"},
    {"SamePlace",
     R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
         "b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
     2, "tensors 'a' and 'b' overlap"},
    {"EmptyInsideAnother",
     R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
         "b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
     2, "tensors 'a' and 'b' overlap"},
    {"Hole",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
         "b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
     3, "1 bytes before the data of tensor 'b' belong to no tensor"},
    {"BytesAtTheEnd", T(R"("dtype":"U8","shape":[1],"data_offsets":[0,1])"), 5,
     "4 bytes at the end"},
    {"OnlyData", "{}", 5, "5 bytes at the end"},
    {"DuplicateName",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
         "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
     1, "occurs twice"},
    {"DuplicateNameEscaped",
     R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
         "\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
     1, "occurs twice"},
    {"DuplicateField",
     T(R"("dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1])"), 1,
     "occurs twice"},
    {"DeepNesting", R"({"a":[[[[[[[[[[[[1]]]]]]]]]]]]})", 0, "nesting"},
};
#undef T

INSTANTIATE_TEST_SUITE_P(WeightStore, BadHeaderTest,
                         testing::ValuesIn(kBadHeaders),
                         [](const auto &info) { return info.param.name; });

TEST(WeightStore, RefusesBadHeaderLengths) {
  TempDirectory dir;
  for (size_t size = 0; size < 8; ++size) {
    std::string path = dir.write("short.safetensors", std::string(size, '\0'));
    expectUserError(failureOf(WeightStore::open(path)),
                    {"short.safetensors", "8-byte length"});
  }
  struct {
    uint64_t length;
    const char *expected;
  } cases[] = {{3, "only 2 follow"},
               {50'000'000, "truncated download"},
               {100'000'001, "at most 100000000"},
               {~uint64_t(0), "at most 100000000"},
               {~uint64_t(0) - 7, "at most 100000000"},
               {uint64_t(1) << 63, "at most 100000000"}};
  for (const auto &[length, expected] : cases) {
    char bytes[8];
    support::endian::write64le(bytes, length);
    std::string path =
        dir.write("long.safetensors", std::string(bytes, 8) + "{}");
    expectUserError(failureOf(WeightStore::open(path)),
                    {"long.safetensors", expected});
  }
}

TEST(WeightStore, RefusesVeryDeepNesting) {
  TempDirectory dir;
  std::string header = "{\"a\":" + std::string(2'000'000, '[');
  std::string path =
      dir.write("deep.safetensors", makeRawSafetensors(header, ""));
  expectUserError(failureOf(WeightStore::open(path)), {"nesting"});
}

TEST(WeightStore, RefusesEveryTruncation) {
  TempDirectory dir;
  std::string whole = makeSafetensors(
      {{"a", "F32", {2}, ""}, {"b", "F16", {3}, ""}, {"c", "U8", {1}, ""}});
  for (size_t size = 0; size < whole.size(); ++size) {
    std::string path =
        dir.write("cut.safetensors", StringRef(whole).take_front(size));
    expectUserError(failureOf(WeightStore::open(path)), {"cut.safetensors"});
  }
}

TEST(WeightStore, SurvivesMutations) {
  TempDirectory dir;
  std::string whole = makeSafetensors(
      {{"alpha", "F32", {2, 2}, ""}, {"beta", "BF16", {4}, ""}});
  uint64_t state = 12345;
  auto next = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  };
  unsigned opened = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string mutated = whole;
    for (unsigned edits = 1 + next() % 4; edits; --edits) {
      size_t at = next() % mutated.size();
      switch (next() % 4) {
      case 0:
        mutated[at] = char(next());
        break;
      case 1:
        mutated[at] = "0123456789[]{}:,\"-"[next() % 18];
        break;
      case 2:
        mutated.erase(at, 1 + next() % 3);
        break;
      default:
        mutated.insert(at, mutated.substr(next() % mutated.size(), next() % 9));
        break;
      }
      if (mutated.empty())
        mutated = "x";
    }
    std::string path = dir.write("m.safetensors", mutated);
    Expected<WeightStore> store = WeightStore::open(path);
    if (!store) {
      EXPECT_EQ(failureOf(store.takeError()).exitCode, ExitUserError);
      continue;
    }
    ++opened;
    // What opens must be readable to its last byte.
    for (const TensorEntry &entry : store->entries()) {
      ArrayRef<uint8_t> data = store->data(entry);
      unsigned sum = 0;
      for (uint8_t byte : data)
        sum += byte;
      EXPECT_LE(sum, 255 * data.size());
      EXPECT_EQ(data.size() * 8, entry.elementCount() * bitWidth(entry.dtype));
    }
  }
  // Changed data bytes and names still make a valid file.
  EXPECT_GT(opened, 50u);
}

TEST(WeightStore, RefusesBadIndexes) {
  TempDirectory dir;
  dir.write("one.safetensors", makeSafetensors({{"a", "U8", {1}, "1"}}));
  dir.write("two.safetensors", makeSafetensors({{"b", "U8", {1}, "1"}}));
  dir.write("again.safetensors", makeSafetensors({{"a", "U8", {1}, "1"}}));
  dir.write("broken.safetensors", "????????????");
  struct {
    const char *text;
    std::vector<std::string> expected;
  } cases[] = {
      {"", {"not valid JSON"}},
      {"[]", {"weight_map"}},
      {"{}", {"weight_map"}},
      {R"({"weight_map": {}})", {"weight_map"}},
      {R"({"weight_map": 3})", {"weight_map"}},
      {R"({"weight_map": {"a": 3}})", {"tensor 'a'", "expected a file name"}},
      {R"({"weight_map": {"a": ""}})", {"tensor 'a'", "not a file below"}},
      {R"({"weight_map": {"a": "../one.safetensors"}})", {"not a file below"}},
      {R"({"weight_map": {"a": "x/../../one.safetensors"}})",
       {"not a file below"}},
      {R"({"weight_map": {"a": "/etc/passwd"}})", {"not a file below"}},
      {R"({"weight_map": {"a": "..\\one.safetensors"}})", {"not a file below"}},
      {R"({"weight_map": {"a": "one.safetensors\u0000x"}})",
       {"not a file below"}},
      {R"({"weight_map": {"a": "missing.safetensors"}})",
       {"shard missing.safetensors", "missing"}},
      {R"({"weight_map": {"a": "broken.safetensors"}})",
       {"broken.safetensors", "header"}},
      {R"({"weight_map": {"a": "one.safetensors", "x": "one.safetensors"}})",
       {"tensor 'x' is not in one.safetensors"}},
      {R"({"weight_map": {"b": "one.safetensors", "c": "two.safetensors"}})",
       {"tensor 'b' is not in one.safetensors but in two.safetensors",
        "tensor 'c' is not in two.safetensors"}},
      {R"({"weight_map": {"a": "one.safetensors", "b": "again.safetensors"}})",
       {"tensor 'a' is also in"}},
      {R"({"weight_map": {"a": "one.safetensors", "a": "two.safetensors"}})",
       {"occurs twice"}},
  };
  for (const auto &[text, expected] : cases) {
    SCOPED_TRACE(text);
    std::string path = dir.write("model.safetensors.index.json", text);
    expectUserError(failureOf(WeightStore::open(path)), expected);
  }
}

TEST(WeightStore, SaysWhatIsThereInstead) {
  TempDirectory dir;
  expectUserError(failureOf(WeightStore::open(dir.path())),
                  {"expected model.safetensors"});
  dir.write("pytorch_model.bin", "PK");
  expectUserError(failureOf(WeightStore::open(dir.path())),
                  {"pytorch_model.bin", "python3 -c", "save_pretrained"});
  expectUserError(failureOf(WeightStore::open(dir.path("pytorch_model.bin"))),
                  {"does not read pickles"});
  expectUserError(failureOf(WeightStore::open(dir.path("none.safetensors"))),
                  {"none.safetensors", "No such file"});
  expectUserError(failureOf(WeightStore::open("/dev/zero")),
                  {"/dev/zero", "expected a regular file"});
}

TEST(TensorDType, NamesAreDistinctAndReadBack) {
  for (const char *name :
       {"BOOL",    "F4",      "F6_E2M3", "F6_E3M2", "U8",  "I8",   "F8_E5M2",
        "F8_E4M3", "F8_E8M0", "I16",     "U16",     "F16", "BF16", "I32",
        "U32",     "F32",     "C64",     "F64",     "I64", "U64"}) {
    std::optional<TensorDType> type = dtypeFromString(name);
    ASSERT_TRUE(type) << name;
    EXPECT_EQ(toString(*type), name);
  }
  EXPECT_FALSE(dtypeFromString("f32"));
  EXPECT_EQ(bitWidth(TensorDType::F4), 4u);
  EXPECT_EQ(bitWidth(TensorDType::C64), 64u);
}

} // namespace

//===- ReaderTest.cpp - ONNX files, sound and damaged ---------------------===//
#include "attune/Frontend/Onnx/OnnxModel.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "gtest/gtest.h"
#include <cstring>

using namespace attune;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static std::string inputPath(llvm::StringRef name) {
  return (ATTUNE_SOURCE_DIR "/test/Frontend/Onnx/Inputs/" + name).str();
}

static OnnxModel load(llvm::StringRef name) {
  llvm::Expected<OnnxModel> model = loadOnnxModel(inputPath(name));
  if (!model) {
    ADD_FAILURE() << llvm::toString(model.takeError());
    return {};
  }
  return std::move(*model);
}

static std::string errorOf(llvm::StringRef name) {
  llvm::Expected<OnnxModel> model = loadOnnxModel(inputPath(name));
  return model ? "" : llvm::toString(model.takeError());
}

static const OnnxTensor *find(const OnnxModel &model, llvm::StringRef name) {
  for (const auto &tensor : model.graph.initializers)
    if (tensor->name == name)
      return tensor.get();
  return nullptr;
}

template <typename T>
static std::vector<T> elements(const OnnxModel &model, llvm::StringRef name) {
  const OnnxTensor *tensor = find(model, name);
  if (!tensor)
    return {};
  llvm::ArrayRef<uint8_t> bytes = model.data(*tensor);
  std::vector<T> result(bytes.size() / sizeof(T));
  std::memcpy(result.data(), bytes.data(), bytes.size());
  return result;
}

TEST(OnnxReader, FindsDataInTheFile) {
  OnnxModel model = load("sound.onnx");
  const OnnxTensor *floats = find(model, "floats");
  ASSERT_TRUE(floats);
  // Packed floats are bytes of the file; integers of 7-bit groups are not.
  EXPECT_EQ(floats->file, 0u);
  EXPECT_EQ(floats->size, 16u);
  EXPECT_EQ(elements<float>(model, "floats"), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(elements<int64_t>(model, "shape"),
            (std::vector<int64_t>{0, 2, -1}));
  EXPECT_EQ(elements<uint16_t>(model, "halves"),
            (std::vector<uint16_t>{0x3C00, 0xC000}));
}

TEST(OnnxReader, FindsExternalData) {
  OnnxModel model = load("external.onnx");
  ASSERT_EQ(model.files.size(), 2u);
  EXPECT_EQ(model.files[1], "external.bin");
  EXPECT_EQ(elements<float>(model, "w"), (std::vector<float>{4, 5, 6, 7}));
}

TEST(OnnxReader, InlinesFunctions) {
  OnnxModel model = load("sound.onnx");
  std::vector<std::string> ops;
  for (const OnnxNode &node : model.graph.nodes)
    ops.push_back(node.op);
  EXPECT_EQ(ops, (std::vector<std::string>{"Add", "Neg", "LeakyRelu", "If",
                                           "Reshape"}));
  EXPECT_EQ(model.graph.nodes[1].name, "flip/negate");
  EXPECT_EQ(model.graph.nodes[1].outputs.front(), "flip/n");
  EXPECT_EQ(model.graph.nodes[2].outputs.front(), "t");
  const OnnxAttribute *alpha = model.graph.nodes[2].find("alpha");
  ASSERT_TRUE(alpha);
  EXPECT_EQ(alpha->f, 0.5);
}

TEST(OnnxReader, SaysWhatIsWrong) {
  EXPECT_NE(errorOf("recursive.onnx").find("calls itself"), std::string::npos);
  EXPECT_NE(errorOf("cycle.onnx").find("form a cycle"), std::string::npos);
  EXPECT_NE(errorOf("huge.onnx").find("more than 2^40"), std::string::npos);
  EXPECT_EQ(errorOf("cycle.onnx").find('\n'), std::string::npos);
}

/// Every prefix of a file, and every file with one byte changed.
TEST(OnnxReader, SurvivesDamage) {
  for (llvm::StringRef name : {"sound.onnx", "shapes.onnx", "recursive.onnx"}) {
    auto file = readFile(inputPath(name));
    ASSERT_TRUE(static_cast<bool>(file));
    std::string bytes = (*file)->getBuffer().str();
    auto feed = [](llvm::StringRef text) {
      LLVMFuzzerTestOneInput(text.bytes_begin(), text.size());
    };
    for (size_t size = 0; size < bytes.size(); ++size) {
      // In memory of its own, whose end a sanitizer knows.
      std::vector<char> prefix(bytes.begin(), bytes.begin() + size);
      feed(llvm::StringRef(prefix.data(), prefix.size()));
    }
    for (size_t at = 0; at < bytes.size(); ++at)
      for (int change : {0x01, 0x80, 0xff, 0x7f}) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ change);
        feed(damaged);
      }
  }
}

//===- OnnxLayersTest.cpp - Imported layers mean what they meant ----------===//
//
// Interprets the import of every case of test/Frontend/Onnx/Inputs/layers and
// compares with what onnxruntime computed.
//
//===----------------------------------------------------------------------===//
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Frontend/Onnx/ImportOnnx.h"
#include "attune/Reference/BindInputs.h"
#include "attune/Reference/ElementTypes.h"
#include "attune/Reference/FileWeights.h"
#include "attune/Reference/Interpreter.h"
#include "attune/Runtime/Npy.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace attune;

static const std::string kCases =
    ATTUNE_SOURCE_DIR "/test/Frontend/Onnx/Inputs/layers";

static std::vector<std::string> entriesOf(const std::string &folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(folder, error), end;
       it != end && !error; it.increment(error))
    names.push_back(llvm::sys::path::filename(it->path()).str());
  llvm::sort(names);
  return names;
}

static Tensor readTensor(const std::string &path) {
  rt::NpyArray array;
  std::string error;
  EXPECT_TRUE(array.open(path.c_str(), error)) << error;
  if (rt::isFloatType(array.type())) {
    std::vector<double> values;
    for (int64_t i = 0; i < array.elements(); ++i)
      values.push_back(array.valueAt(i));
    return Tensor::doubles(array.shape(), std::move(values))
        .castFloat(ElementType::F32);
  }
  std::vector<int64_t> values;
  for (int64_t i = 0; i < array.elements(); ++i)
    values.push_back(rt::elementBits(array.type(), array.data(), i));
  return Tensor::integers(array.shape(), std::move(values));
}

/// Tensors of files "in-NAME.npy" or "out-NAME.npy".
static llvm::StringMap<Tensor> readTensors(const std::string &folder,
                                           StringRef prefix) {
  llvm::StringMap<Tensor> tensors;
  for (const std::string &file : entriesOf(folder)) {
    StringRef name = file;
    if (name.consume_front(prefix) && name.consume_back(".npy"))
      tensors[name] = readTensor(folder + "/" + file);
  }
  return tensors;
}

static void expectNear(const Tensor &found, const Tensor &expected) {
  ASSERT_EQ(found.getShape(), expected.getShape());
  ASSERT_EQ(found.isFloat(), expected.isFloat());
  for (int64_t i = 0; i < expected.getNumElements(); ++i) {
    if (!expected.isFloat()) {
      ASSERT_EQ(found.getInteger(i), expected.getInteger(i)) << "at " << i;
      continue;
    }
    double wanted = expected.getFloat(i);
    ASSERT_NEAR(found.getFloat(i), wanted, 1e-5 + 1e-4 * std::abs(wanted))
        << "at " << i;
  }
}

namespace {

class OnnxLayers : public testing::TestWithParam<std::string> {};

TEST_P(OnnxLayers, AsOnnxruntime) {
  std::string folder = kCases + "/" + GetParam();
  std::string path = folder + "/model.onnx";
  DialectRegistry registry;
  registry.insert<func::FuncDialect, AttuneDialect>();
  registerReferenceModels(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  llvm::Expected<OnnxModel> model = loadOnnxModel(path);
  ASSERT_TRUE(bool(model)) << llvm::toString(model.takeError());
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      importOnnx(context, *model, "layer", path);
  ASSERT_TRUE(bool(module)) << llvm::toString(module.takeError());
  auto function = *(*module)->getOps<func::FuncOp>().begin();
  llvm::Expected<SmallVector<Tensor>> inputs =
      bindInputs(function, readTensors(folder, "in-"));
  ASSERT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());
  FileWeights weights(folder);
  llvm::Expected<SmallVector<Tensor>> results =
      Interpreter(**module, weights).run(function.getName(), *inputs);
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  llvm::StringMap<Tensor> expected = readTensors(folder, "out-");
  ASSERT_EQ(results->size(), expected.size());
  for (auto [i, result] : llvm::enumerate(*results)) {
    StringRef name =
        function.getResultAttrOfType<StringAttr>(i, kNameAttr).getValue();
    SCOPED_TRACE(name.str());
    ASSERT_TRUE(expected.contains(name));
    expectNear(result, expected[name]);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, OnnxLayers,
                         testing::ValuesIn(entriesOf(kCases)),
                         [](const auto &info) { return info.param; });

} // namespace

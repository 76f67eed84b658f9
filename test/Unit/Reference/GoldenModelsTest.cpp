//===- GoldenModelsTest.cpp - Imported models against transformers --------===//
//
// Imports the small models of test/EndToEnd/golden, interprets them and
// compares with what transformers computed; then runs the passes of each phase
// and compares with what the import gave. This holds importer, passes and
// interpreter against the outside world without any compiled kernel.
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Frontend/ImportModel.h"
#include "attune/Model/LoadModel.h"
#include "attune/Reference/BindInputs.h"
#include "attune/Reference/FileWeights.h"
#include "attune/Runtime/Npy.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace attune;

namespace {

/// The folders within a folder, sorted.
std::vector<std::string> foldersOf(const Twine &folder) {
  std::vector<std::string> found;
  std::error_code code;
  for (llvm::sys::fs::directory_iterator it(folder, code), end;
       it != end && !code; it.increment(code))
    if (llvm::sys::fs::is_directory(it->path()))
      found.push_back(it->path());
  llvm::sort(found);
  return found;
}

/// Models whose weights are committed.
std::vector<std::string> goldenModels() {
  std::vector<std::string> models =
      foldersOf(ATTUNE_SOURCE_DIR "/test/EndToEnd/golden/models");
  llvm::erase_if(models, [](const std::string &folder) {
    return !llvm::sys::fs::exists(folder + "/model.safetensors") &&
           !llvm::sys::fs::exists(folder + "/model.safetensors.index.json");
  });
  return models;
}

/// An array of a .npy file; empty when there is no such file.
std::optional<Tensor> readTensor(const std::string &path) {
  if (!llvm::sys::fs::exists(path))
    return std::nullopt;
  rt::NpyArray array;
  std::string error;
  if (!array.open(path.c_str(), error)) {
    ADD_FAILURE() << path << ": " << error;
    return std::nullopt;
  }
  std::vector<double> values;
  for (int64_t i = 0; i < array.elements(); ++i)
    values.push_back(array.valueAt(i));
  if (array.type() == ATTUNE_F32)
    return Tensor::doubles(array.shape(), values);
  return Tensor::integers(array.shape(), {values.begin(), values.end()});
}

/// What entry argument or result attributes say under attune.name.
StringRef nameOf(DictionaryAttr attributes) {
  auto name = attributes ? attributes.getAs<StringAttr>(kNameAttr) : nullptr;
  return name ? name.getValue() : "";
}

class GoldenModels : public ::testing::TestWithParam<std::string> {
protected:
  GoldenModels() : context(makeRegistry(), MLIRContext::Threading::DISABLED) {}

  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registry.insert<AttuneDialect, func::FuncDialect>();
    registerReferenceModels(registry);
    return registry;
  }

  void import() {
    LoadedModel model = llvm::cantFail(loadModel(GetParam()));
    directory = model.directory;
    module = llvm::cantFail(importModel(context, model));
    auto function = cast<FunctionOpInterface>(module->lookupSymbol("forward"));
    for (const std::string &folder : foldersOf(GetParam())) {
      llvm::StringMap<Tensor> named;
      for (unsigned i = 0; i < function.getNumArguments(); ++i) {
        StringRef name = nameOf(function.getArgAttrDict(i));
        if (auto tensor = readTensor(folder + "/" + name.str() + ".npy"))
          named[name] = *tensor;
      }
      cases.push_back({folder, llvm::cantFail(bindInputs(function, named))});
    }
    ASSERT_FALSE(cases.empty());
  }

  struct Case {
    std::string folder;
    SmallVector<Tensor> inputs;
  };

  SmallVector<Tensor> interpret(const Case &testCase) {
    FileWeights weights(directory);
    InterpreterOptions options;
    options.keepDouble = true;
    auto results =
        Interpreter(*module, weights, options).run("forward", testCase.inputs);
    if (results)
      return *results;
    ADD_FAILURE() << llvm::toString(results.takeError());
    return {};
  }

  MLIRContext context;
  std::string directory;
  OwningOpRef<ModuleOp> module;
  std::vector<Case> cases;
};

TEST_P(GoldenModels, ImportAgreesWithTransformers) {
  import();
  auto function = cast<FunctionOpInterface>(module->lookupSymbol("forward"));
  for (const Case &testCase : cases) {
    SCOPED_TRACE(testCase.folder);
    SmallVector<Tensor> results = interpret(testCase);
    ASSERT_EQ(results.size(), function.getNumResults());
    unsigned compared = 0;
    for (auto [i, result] : llvm::enumerate(results)) {
      StringRef name = nameOf(function.getResultAttrDict(i));
      auto golden = readTensor(testCase.folder + "/" + name.str() + ".npy");
      if (!golden)
        continue;
      SCOPED_TRACE(name.str());
      expectNear(result, *golden, 1e-5);
      ++compared;
    }
    EXPECT_GT(compared, 0u);
  }
}

TEST_P(GoldenModels, PhasesComputeTheSame) {
  import();
  std::vector<SmallVector<Tensor>> imported;
  for (const Case &testCase : cases)
    imported.push_back(interpret(testCase));

  auto expectSame = [&](const char *phase) {
    for (auto [testCase, expected] : llvm::zip(cases, imported)) {
      SCOPED_TRACE(std::string(phase) + " " + testCase.folder);
      SmallVector<Tensor> results = interpret(testCase);
      ASSERT_EQ(results.size(), expected.size());
      for (auto [a, e] : llvm::zip(results, expected))
        expectNear(a, e, 1e-10);
    }
  };
  PassManager fuse(&context);
  buildFusePipeline(fuse);
  ASSERT_TRUE(succeeded(fuse.run(*module)));
  expectSame("fuse");

  PassManager kernels(&context);
  kernels.addPass(createOutlineKernels());
  ASSERT_TRUE(succeeded(kernels.run(*module)));
  expectSame("kernels");
}

INSTANTIATE_TEST_SUITE_P(All, GoldenModels, ::testing::ValuesIn(goldenModels()),
                         [](const ::testing::TestParamInfo<std::string> &info) {
                           std::string name =
                               llvm::sys::path::filename(info.param).str();
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace

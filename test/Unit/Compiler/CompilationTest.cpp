//===- CompilationTest.cpp - Phases, and errors on the way ----------------===//
#include "attune/Compiler/Compilation.h"
#include "CompilerTestSupport.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/InMemoryModel.h"
#include "attune/Compiler/MemoryReport.h"
#include "attune/Support/Error.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace attune;
using namespace attune::test;

namespace {

class CompilationTest : public CompilerTest {
protected:
  static CompilerOptions optionsFor(llvm::StringRef input) {
    CompilerOptions options;
    options.input = input.str();
    options.cpus = {"x86-64-v3"};
    return options;
  }
};

TEST_F(CompilationTest, PhasesFollowOneAnother) {
  Compilation compilation(context, optionsFor(goldenModel("distilbert")));
  ASSERT_EQ(message(compilation.load()), "");
  EXPECT_EQ(compilation.getPhase(), Phase::Import);
  EXPECT_EQ(compilation.getName(), "distilbert");
  EXPECT_EQ(compilation.getMaxLength(), 40);
  for (const PhaseInfo &info : getPhases()) {
    EXPECT_EQ(parsePhase(info.name), info.phase);
    if (info.phase > Phase::LLVM)
      continue;
    ASSERT_EQ(message(compilation.runTo(info.phase)), "");
    EXPECT_EQ(compilation.getPhase(), info.phase);
    auto said = compilation.getVariants()
                    .front()
                    .module.get()
                    ->getAttrOfType<StringAttr>(kPhaseAttr);
    EXPECT_EQ(said.getValue(), info.name);
    // Going back does nothing.
    ASSERT_EQ(message(compilation.runTo(Phase::Import)), "");
    EXPECT_EQ(compilation.getPhase(), info.phase);
  }
  EXPECT_EQ(parsePhase("tune"), std::nullopt);
}

TEST_F(CompilationTest, VariantsAreSortedAndPlannedTogether) {
  CompilerOptions options = optionsFor(goldenModel("distilbert"));
  options.cpus = {"x86-64-v3", "x86-64-v4", "x86-64-v3"};
  Compilation compilation(context, options);
  ASSERT_EQ(message(compilation.load()), "");
  EXPECT_EQ(compilation.getVariants().size(), 1u);
  ASSERT_EQ(message(compilation.runTo(Phase::Plan)), "");
  auto variants = compilation.getVariants();
  ASSERT_EQ(variants.size(), 2u);
  EXPECT_EQ(variants[0].target.name, "x86-64-v4");
  EXPECT_EQ(variants[1].target.name, "x86-64-v3");
  // Weights that both store alike lie at one place.
  llvm::StringMap<uint64_t> places;
  for (WeightOp weight : variants[0].module->getOps<WeightOp>())
    places[weight.getSymName()] = *weight.getOffset();
  size_t same = 0;
  for (WeightOp weight : variants[1].module->getOps<WeightOp>())
    same += places.lookup(weight.getSymName()) == *weight.getOffset();
  EXPECT_GT(same, places.size() / 2);
}

TEST_F(CompilationTest, SlotsAddUpToTheWorkspace) {
  Compilation compilation(context, optionsFor(goldenModel("bert-gelu")));
  ASSERT_EQ(message(compilation.load()), "");
  llvm::Expected<std::vector<SlotReport>> slots = getSlots(compilation);
  ASSERT_TRUE(!!slots) << message(slots.takeError());
  EXPECT_FALSE(slots->empty());
  size_t held = 0;
  for (const SlotReport &slot : *slots) {
    EXPECT_EQ(DimExpr::parse(slot.formula), slot.bytes);
    held += slot.holds.size();
  }
  EXPECT_GT(held, slots->size());
  std::string text;
  llvm::raw_string_ostream os(text);
  ASSERT_EQ(message(printMemoryReport(compilation, os)), "");
  EXPECT_NE(text.find("batch 8, length 40"), std::string::npos) << text;
}

/// What a file says its model is called becomes the name of a file.
TEST_F(CompilationTest, NamesStayFileNames) {
  TemporaryDirectory directory;
  auto nameOf = [&](llvm::StringRef name) {
    std::string path = directory.write(
        "x.mlir", ("module attributes {attune.name = \"" + name +
                   "\"} { func.func @forward() { return } }")
                      .str());
    Compilation compilation(context, optionsFor(path));
    EXPECT_EQ(message(compilation.load()), "");
    return compilation.getName();
  };
  EXPECT_EQ(nameOf("bert"), "bert");
  EXPECT_EQ(nameOf("mod\303\250le"), "mod\303\250le");
  EXPECT_EQ(nameOf("/etc/passwd"), "passwd");
  EXPECT_EQ(nameOf("../../x"), "x");
  EXPECT_EQ(nameOf(".."), "model");
  EXPECT_EQ(nameOf(".profile"), "model");
  EXPECT_EQ(nameOf(""), "model");
  EXPECT_EQ(nameOf("a\\0Ab"), "model");
}

/// A pass that fails on a model is a defect. It is provoked here by a module
/// that is broken between two phases.
TEST_F(CompilationTest, DefectsComeWithAReproducer) {
  std::vector<std::string> reproducers;
  for (int run = 0; run < 2; ++run) {
    Compilation compilation(context, optionsFor(goldenModel("distilbert")));
    ASSERT_EQ(message(compilation.load()), "");
    ASSERT_EQ(message(compilation.runTo(Phase::Plan)), "");
    for (KernelOp kernel :
         compilation.getVariants().front().module->getOps<KernelOp>())
      kernel.removeScheduleAttr();
    llvm::Error error = compilation.runTo(Phase::LLVM);
    EXPECT_EQ(exitCodeFor(error), ExitInternalError);
    std::string text = message(std::move(error));
    EXPECT_NE(text.find("has no schedule"), std::string::npos) << text;
    llvm::StringRef command =
        llvm::StringRef(text).split("rerun with: ").second;
    ASSERT_TRUE(command.consume_front("attune-opt --run-reproducer ")) << text;
    std::string path = command.split('\n').first.str();
    ASSERT_TRUE(llvm::sys::fs::exists(path)) << text;
    reproducers.push_back(path);
  }
  // Each failure has a file of its own.
  EXPECT_NE(reproducers[0], reproducers[1]);

  // The command that is printed shows the same error.
  TemporaryDirectory directory;
  std::string output = directory.at("output");
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, output, output};
  int status = llvm::sys::ExecuteAndWait(
      ATTUNE_OPT, {ATTUNE_OPT, "--run-reproducer", reproducers[0]},
      std::nullopt, redirects);
  EXPECT_EQ(status, 1);
  auto said = llvm::MemoryBuffer::getFile(output);
  ASSERT_TRUE(!!said);
  EXPECT_NE((*said)->getBuffer().find("has no schedule"), llvm::StringRef::npos)
      << (*said)->getBuffer().str();
  for (const std::string &path : reproducers)
    llvm::sys::fs::remove(path);
}

/// The same in IR that the user wrote is the user's error, without one.
TEST_F(CompilationTest, UsersIRHasNoReproducer) {
  TemporaryDirectory directory;
  std::string path = directory.write("x.mlir", R"(
    module attributes {attune.phase = "kernels"} {
      func.func @forward(%x: tensor<?xf32>) -> tensor<?xf32> {
        return %x : tensor<?xf32>
      }
    })");
  Compilation compilation(context, optionsFor(path));
  ASSERT_EQ(message(compilation.load()), "");
  llvm::Error error = compilation.runTo(Phase::LLVM);
  EXPECT_EQ(exitCodeFor(error), ExitUserError);
  std::string text = message(std::move(error));
  EXPECT_NE(text.find("x.mlir:3:"), std::string::npos) << text;
  EXPECT_EQ(text.find("reproducer"), std::string::npos) << text;
}

TEST_F(CompilationTest, Backends) {
  ASSERT_FALSE(getBackends().empty());
  for (const Backend *backend : getBackends())
    EXPECT_EQ(findBackend(backend->getName()), backend);
  EXPECT_EQ(findBackend("cuda"), nullptr);
}

TEST_F(CompilationTest, InMemoryModelDescribesItself) {
  Compilation compilation(context, optionsFor(goldenModel("bert-gelu")));
  ASSERT_EQ(message(compilation.load()), "");
  llvm::Expected<std::unique_ptr<InMemoryModel>> model =
      InMemoryModel::create(compilation);
  ASSERT_TRUE(!!model) << message(model.takeError());
  const AttuneModel &descriptor = (*model)->getDescriptor();
  EXPECT_STREQ(descriptor.name, "bert-gelu");
  ASSERT_EQ(descriptor.num_variants, 1);
  EXPECT_STREQ(descriptor.variants[0].cpu, "x86-64-v3");
  // A directory without a tokenizer has none, and that is nothing to note.
  EXPECT_EQ(descriptor.tokenizer_bytes, 0u);
  EXPECT_EQ((*model)->getTokenizerNote(), "");
  auto weights =
      llvm::MemoryBuffer::getFile((*model)->getWeightsPath(), false, false);
  ASSERT_TRUE(!!weights);
  EXPECT_EQ((*weights)->getBufferSize(), descriptor.weights_bytes);
  // The workspace is computed by compiled code.
  int64_t dims[] = {2, 17};
  EXPECT_GT(descriptor.variants[0].workspace(dims), 2 * 17 * 64 * 4);
}

} // namespace

//===- BackendTest.cpp - Targets, schedules, code generation --------------===//
#include "KernelTestSupport.h"
#include "attune/Backend/LLVM/Codegen.h"
#include "attune/Backend/LLVM/LLVMBackend.h"
#include "attune/Kernel/Packing.h"
#include "attune/Kernel/Peak.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Object/ObjectFile.h"

using namespace mlir;
using namespace attune;

namespace {

const char *kLinear =
    "attune.kernel @k(%x: tensor<?x64xf32>, %w: tensor<40x64xf32>) -> "
    "tensor<?x40xf32> {\n"
    "  %0 = attune.linear %x, %w : (tensor<?x64xf32>, tensor<40x64xf32>) -> "
    "tensor<?x40xf32>\n"
    "  attune.yield %0 : tensor<?x40xf32>\n}";

struct Parsed {
  Parsed(StringRef text) : context(makeRegistry()) {
    context.loadAllAvailableDialects();
    module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    kernel = *module->getOps<KernelOp>().begin();
  }
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerLLVMBackendDialects(registry);
    return registry;
  }
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  KernelOp kernel;
};

TEST(Target, Levels) {
  TargetDesc v3 = llvm::cantFail(getTarget("x86-64-v3"));
  EXPECT_EQ(v3.vectorBits, 256);
  EXPECT_EQ(v3.vectorRegisters, 16);
  EXPECT_EQ(v3.runtimeFeatures, ATTUNE_CPU_AVX2_FMA);
  TargetDesc v4 = llvm::cantFail(getTarget("x86-64-v4"));
  EXPECT_EQ(v4.vectorBits, 512);
  EXPECT_EQ(v4.vectorRegisters, 32);
  EXPECT_EQ(v4.runtimeFeatures, ATTUNE_CPU_AVX2_FMA | ATTUNE_CPU_AVX512);
  TargetDesc zen = llvm::cantFail(getTarget("znver4"));
  EXPECT_TRUE(zen.runtimeFeatures & ATTUNE_CPU_AVX512_BF16);
  TargetDesc arm = llvm::cantFail(getTarget("aarch64"));
  EXPECT_EQ(arm.getLanes(), 4);
  EXPECT_EQ(arm.runtimeFeatures, ATTUNE_CPU_NEON);
  TargetDesc neoverse = llvm::cantFail(getTarget("neoverse-n1"));
  EXPECT_EQ(neoverse.triple, arm.triple);
}

TEST(Target, BadNames) {
  for (StringRef name : {"", "pentium-9", "x86-64-v9"})
    EXPECT_TRUE(StringRef(llvm::toString(getTarget(name).takeError()))
                    .contains("unknown CPU"));
  std::string old = llvm::toString(getTarget("x86-64-v2").takeError());
  EXPECT_TRUE(StringRef(old).contains("lacks AVX2")) << old;
}

TEST(Schedule, DefaultsHold) {
  Parsed parsed(kLinear);
  auto backend = createLLVMBackend();
  for (StringRef name : {"x86-64-v3", "x86-64-v4", "aarch64"}) {
    TargetDesc target = llvm::cantFail(getTarget(name));
    Schedule schedule = backend->getDefaultSchedule(parsed.kernel, target);
    std::string reason;
    EXPECT_TRUE(succeeded(
        backend->verifySchedule(parsed.kernel, schedule, target, reason)))
        << reason;
    for (const Knob &knob : backend->getKnobs(parsed.kernel, target)) {
      EXPECT_TRUE(llvm::is_sorted(knob.choices)) << knob.name.str();
      EXPECT_GE(schedule.get(knob.name, -1), 0) << knob.name.str();
    }
  }
}

TEST(Schedule, RefusesWhatCannotBe) {
  Parsed parsed(kLinear);
  auto backend = createLLVMBackend();
  TargetDesc target = llvm::cantFail(getTarget("x86-64-v3"));
  auto refuses = [&](StringRef knob, int64_t value, StringRef text) {
    std::string reason;
    Schedule schedule = Schedule().set("mr", 3).set(knob, value);
    EXPECT_TRUE(failed(
        backend->verifySchedule(parsed.kernel, schedule, target, reason)));
    EXPECT_TRUE(StringRef(reason).contains(text)) << reason;
  };
  refuses("mr", 7, "17 vector registers, the CPU has 16");
  refuses("mr", 0, "positive");
  refuses("mr", int64_t(1) << 62, "beyond 64 rows");
  refuses("nv", -1, "positive");
  refuses("nv", 3, "do not fit panel=16");
  refuses("panel", 20, "not a multiple of 8 lanes");
  refuses("nc", 20, "not a multiple of the tile's 16 columns");
  refuses("kc", int64_t(1) << 40, "beyond its range");
  refuses("unroll", 1000, "beyond its range");
}

TEST(Packing, Panels) {
  MLIRContext context;
  context.loadDialect<AttuneDialect>();
  auto type = RankedTensorType::get({5, 3}, Float32Type::get(&context));
  Attribute layout = PanelsAttr::get(&context, 4);
  EXPECT_EQ(getPackedSize(type, layout), 2 * 3 * 4);
  EXPECT_EQ(getPackedSize(type, {}), 15);
  EXPECT_EQ(getPackedSize(type, UnitAttr::get(&context)), -1);
  std::vector<float> source(15), packed(24, -1);
  for (int i = 0; i < 15; ++i)
    source[i] = i + 1;
  packWeight(source, 5, 3, layout, packed.data());
  std::vector<float> expected = {1,  4, 7, 10, 2,  5, 8, 11, 3,  6, 9, 12,
                                 13, 0, 0, 0,  14, 0, 0, 0,  15, 0, 0, 0};
  EXPECT_EQ(packed, expected);
  packWeight(source, 5, 3, {}, packed.data());
  EXPECT_TRUE(std::equal(source.begin(), source.end(), packed.begin()));
}

TEST(Peak, IsPositive) {
  EXPECT_GT(measurePeakGflops(1), 0.0);
  EXPECT_GT(measureReadBandwidth(2), 0.0);
}

/// The kernel as a module of buffers, ready for the code generator.
void plan(Parsed &parsed, const TargetDesc &target) {
  auto backend = createLLVMBackend();
  Schedule schedule = backend->getDefaultSchedule(parsed.kernel, target);
  auto set = [&](unsigned i, Attribute layout) {
    auto type = cast<RankedTensorType>(parsed.kernel.getArgumentTypes()[i]);
    parsed.kernel.setArgAttr(i, kBufferAttr,
                             TypeAttr::get(getPackedMemRefType(type, layout)));
  };
  set(0, {});
  set(1, backend->getOperandLayout(parsed.kernel, 1, schedule, target));
  auto result = cast<RankedTensorType>(parsed.kernel.getResultTypes()[0]);
  parsed.kernel.setResultAttr(0, StringAttr::get(&parsed.context, kBufferAttr),
                              TypeAttr::get(getPackedMemRefType(result, {})));
  OpBuilder builder(&parsed.context);
  ASSERT_TRUE(
      succeeded(backend->lower(parsed.kernel, schedule, target, builder)));
  for (StringRef name : {"k.task", "k.grid"})
    parsed.module->lookupSymbol<func::FuncOp>(name)->setAttr(
        "llvm.linkage",
        LLVM::LinkageAttr::get(&parsed.context, LLVM::Linkage::External));
  parsed.kernel.erase();
}

TEST(Codegen, AssemblyHasNoSpillsInTheInnerLoop) {
  Parsed parsed(kLinear);
  TargetDesc target = llvm::cantFail(getTarget("x86-64-v3"));
  plan(parsed, target);
  auto text = llvm::cantFail(
      compileModule(*parsed.module, target, OutputKind::Assembly));
  StringRef assembly = text->getBuffer();
  // The tile of six rows: from the label of its loop to the jump back.
  size_t tile = assembly.find("attune.tile.6x2x8.p16.u4.a64.b1024:");
  ASSERT_NE(tile, StringRef::npos);
  StringRef body = assembly.substr(tile);
  size_t loop = body.find("\n.LBB");
  size_t end = body.find("\tjne\t", loop);
  ASSERT_TRUE(loop != StringRef::npos && end != StringRef::npos);
  StringRef inner = body.slice(loop, end);
  EXPECT_EQ(inner.count("vfmadd"), 4u * 12u) << inner.str();
  EXPECT_EQ(inner.count("vbroadcastss"), 4u * 6u) << inner.str();
  EXPECT_EQ(inner.count("rsp"), 0u) << inner.str();
}

TEST(Codegen, CrossCompilesToAArch64) {
  Parsed parsed(kLinear);
  TargetDesc target = llvm::cantFail(getTarget("aarch64"));
  plan(parsed, target);
  auto object =
      llvm::cantFail(compileModule(*parsed.module, target, OutputKind::Object));
  auto file =
      llvm::object::ObjectFile::createObjectFile(object->getMemBufferRef());
  ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
  EXPECT_EQ((*file)->getArch(), llvm::Triple::aarch64);
}

TEST(Codegen, TextNamesTheTarget) {
  Parsed parsed(kLinear);
  TargetDesc target = llvm::cantFail(getTarget("x86-64-v4"));
  plan(parsed, target);
  auto text = llvm::cantFail(
      compileModule(*parsed.module, target, OutputKind::LLVMText));
  EXPECT_TRUE(text->getBuffer().contains("\"target-cpu\"=\"x86-64-v4\""));
  EXPECT_TRUE(text->getBuffer().contains("define void @k.task"));
}

TEST(Backend, LowerNeedsBuffers) {
  Parsed parsed(kLinear);
  auto backend = createLLVMBackend();
  TargetDesc target = llvm::cantFail(getTarget("x86-64-v3"));
  std::string message;
  ScopedDiagnosticHandler handler(&parsed.context, [&](Diagnostic &d) {
    message = d.str();
    return success();
  });
  OpBuilder builder(&parsed.context);
  EXPECT_TRUE(
      failed(backend->lower(parsed.kernel, Schedule(), target, builder)));
  EXPECT_TRUE(StringRef(message).contains("attune.buffer")) << message;
}

TEST(Backend, RefusesSchedules) {
  Parsed parsed(kLinear);
  auto backend = createLLVMBackend();
  KernelRunner::Options options;
  options.schedule = Schedule().set("mr", 60);
  std::string message;
  ScopedDiagnosticHandler handler(&parsed.context, [&](Diagnostic &d) {
    message = d.str();
    return success();
  });
  auto runner = KernelRunner::create(
      parsed.kernel, *backend, llvm::cantFail(getTarget("native")), options);
  EXPECT_FALSE(bool(runner));
  llvm::consumeError(runner.takeError());
  EXPECT_TRUE(StringRef(message).contains("vector registers")) << message;
}

TEST(KernelRunner, ChecksWhatIsBound) {
  Parsed parsed(kLinear);
  auto backend = createLLVMBackend();
  auto runner = llvm::cantFail(KernelRunner::create(
      parsed.kernel, *backend, llvm::cantFail(getTarget("native")), {}));
  EXPECT_TRUE(StringRef(llvm::toString(runner->run())).contains("before bind"));
  std::vector<float> x(64), w(40 * 64), y(40);
  auto bind = [&](int64_t k) {
    return llvm::toString(runner->bind(
        {{x.data(), {1, k}}, {w.data(), {40, 64}}, {y.data(), {1, 40}}}));
  };
  EXPECT_TRUE(StringRef(bind(63)).contains("operand 0"));
  EXPECT_EQ(bind(64), "");
  EXPECT_EQ(llvm::toString(runner->run(2)), "");
}

} // namespace

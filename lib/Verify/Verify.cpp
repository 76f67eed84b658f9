//===- Verify.cpp - Compiled code against the interpreter -----------------===//
#include "attune/Verify/Verify.h"
#include "RandomInputs.h"
#include "attune/Compiler/InMemoryModel.h"
#include "attune/Compiler/MemoryReport.h"
#include "attune/Reference/FileWeights.h"
#include "attune/Reference/Interpreter.h"
#include "attune/Runtime/Cpu.h"
#include "attune/Runtime/ThreadPool.h"
#include "attune/Support/Error.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace attune;

bool VerifyReport::passes() const {
  auto isFine = [](const Difference &difference) { return difference.passes; };
  return llvm::all_of(launches, isFine) && llvm::all_of(results, isFine);
}

const Difference *VerifyReport::getFirstFailure() const {
  for (const Difference &difference : launches)
    if (!difference.passes)
      return &difference;
  return nullptr;
}

void attune::registerVerifyDialects(DialectRegistry &registry) {
  registerReferenceModels(registry);
}

namespace {

/// Memory aligned as compiled code expects it.
class AlignedBuffer {
public:
  explicit AlignedBuffer(size_t bytes)
      : memory(std::make_unique<char[]>(bytes + 64)) {}
  char *data() const {
    return reinterpret_cast<char *>(
        llvm::alignTo(reinterpret_cast<uintptr_t>(memory.get()), 64));
  }

private:
  std::unique_ptr<char[]> memory;
};

/// One run of the compiled model whose intermediates can be read.
class CompiledRun {
public:
  llvm::Error run(const InMemoryModel &model, ArrayRef<Tensor> inputs,
                  ArrayRef<int64_t> symbols, int threads);
  const AlignedBuffer &getOutput(size_t i) const { return buffers[i]; }
  const char *getWorkspace() const { return workspace->data(); }

private:
  std::vector<AlignedBuffer> buffers; // outputs
  std::optional<AlignedBuffer> workspace;
};

} // namespace

static int64_t getBytes(const AttuneTensorInfo &info,
                        ArrayRef<int64_t> symbols) {
  int64_t bytes = info.type == ATTUNE_I64 ? 8 : 4;
  for (int64_t extent : ArrayRef(info.dims, info.rank))
    bytes *= extent < 0 ? symbols[-1 - extent] : extent;
  return bytes;
}

llvm::Error CompiledRun::run(const InMemoryModel &compiled,
                             ArrayRef<Tensor> inputs, ArrayRef<int64_t> symbols,
                             int threads) {
  const AttuneModel &model = compiled.getDescriptor();
  std::string reason;
  const AttuneVariant *variant =
      rt::selectVariant(model, rt::cpuFeatures(), nullptr, reason);
  if (!variant)
    return userError(reason);
  auto weights = llvm::MemoryBuffer::getFile(compiled.getWeightsPath(), false,
                                             /*RequiresNullTerminator=*/false);
  if (!weights)
    return fileUserError("weights", "map", weights.getError());

  std::vector<void *> pointers;
  for (const Tensor &input : inputs)
    pointers.push_back(input.isFloat()
                           ? const_cast<void *>(static_cast<const void *>(
                                 input.getFloats().data()))
                           : const_cast<void *>(static_cast<const void *>(
                                 input.getIntegers().data())));
  for (const AttuneTensorInfo &info :
       ArrayRef(model.outputs, model.num_outputs)) {
    buffers.emplace_back(getBytes(info, symbols));
    pointers.push_back(buffers.back().data());
  }
  workspace.emplace(variant->workspace(symbols.data()));
  AttunePool *pool = attune_pool_create(threads, variant->scratch_bytes);
  if (!pool)
    return userErrorf("cannot start {0} threads", threads);
  AttuneCall call = {};
  call.buffers = pointers.data();
  call.dims = symbols.data();
  call.workspace = workspace->data();
  call.weights = (*weights)->getBufferStart();
  call.pool = pool;
  variant->forward(&call);
  attune_pool_destroy(pool);
  return llvm::Error::success();
}

/// Compares a float tensor with what compiled code left in memory.
static Difference compare(const Tensor &reference, const char *memory,
                          double tolerance) {
  Difference difference;
  double largest = 1;
  for (int64_t i = 0, e = reference.getNumElements(); i < e; ++i) {
    if (!reference.isFloat()) {
      int64_t actual = reinterpret_cast<const int64_t *>(memory)[i];
      difference.maxError =
          std::max(difference.maxError,
                   std::abs(double(actual) - double(reference.getInteger(i))));
      continue;
    }
    double expected = reference.getFloat(i);
    double actual = reinterpret_cast<const float *>(memory)[i];
    if (std::isfinite(expected))
      largest = std::max(largest, std::abs(expected));
    double error =
        expected == actual || (std::isnan(expected) && std::isnan(actual))
            ? 0
            : std::abs(actual - expected);
    if (std::isnan(error))
      error = HUGE_VAL;
    difference.maxError = std::max(difference.maxError, error);
  }
  difference.relativeError = difference.maxError / largest;
  difference.passes = difference.relativeError <= tolerance;
  return difference;
}

static std::string describePlace(Location loc) {
  auto name = loc->findInstanceOf<NameLoc>();
  return name ? name.getName().str() : std::string("unnamed");
}

llvm::Expected<VerifyReport> attune::verifyModel(Compilation &compilation,
                                                 const VerifyOptions &options) {
  if (compilation.getPhase() != Phase::Import ||
      !compilation.getOptions().keepAll)
    return internalError("verification begins after the phase import with "
                         "memory for every value");
  OwningOpRef<ModuleOp> imported(
      cast<ModuleOp>(compilation.getVariants().front().module.get()->clone()));
  if (llvm::Error error = compilation.runTo(Phase::Kernels))
    return std::move(error);
  OwningOpRef<ModuleOp> kernels(
      cast<ModuleOp>(compilation.getVariants().front().module.get()->clone()));
  llvm::Expected<std::vector<SlotReport>> slots = getSlots(compilation);
  if (!slots)
    return slots.takeError();
  llvm::Expected<std::unique_ptr<InMemoryModel>> compiled =
      InMemoryModel::create(compilation);
  if (!compiled)
    return compiled.takeError();

  const AttuneModel &model = (*compiled)->getDescriptor();
  std::vector<int64_t> symbols;
  llvm::Expected<std::vector<Tensor>> inputs =
      makeInputs(model, options, symbols);
  if (!inputs)
    return inputs.takeError();
  CompiledRun run;
  if (llvm::Error error =
          run.run(**compiled, *inputs, symbols, options.threads))
    return std::move(error);

  VerifyReport report;
  for (auto [i, input] : llvm::enumerate(*inputs))
    report.inputs += (i ? ", " : "") + std::string(model.inputs[i].name) + " " +
                     input.describe();

  // The kernels, launch by launch, where the plan has put their results.
  llvm::StringMap<int64_t> values;
  for (int32_t i = 0; i < model.num_symbols; ++i)
    values[model.symbols[i].name] = symbols[i];
  FileWeights weights(compilation.getDirectory());
  size_t slot = 0;
  uint64_t offset = 0;
  InterpreterOptions observing;
  observing.observer = [&](Operation *op, ArrayRef<Tensor> results) {
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      return;
    for (auto [value, reference] : llvm::zip(launch.getResults(), results)) {
      const char *memory = nullptr;
      for (OpOperand &use : value.getUses())
        if (use.getOwner()->hasTrait<OpTrait::IsTerminator>())
          memory = run.getOutput(use.getOperandNumber()).data();
      if (!memory) {
        if (slot >= slots->size())
          return;
        memory = run.getWorkspace() + offset;
        offset += llvm::alignTo(
            static_cast<uint64_t>((*slots)[slot++].bytes.evaluate(values)), 64);
      }
      Difference difference = compare(reference, memory, options.tolerance);
      difference.where = describePlace(launch.getLoc());
      difference.kernel = launch.getKernel().str();
      report.launches.push_back(std::move(difference));
    }
  };
  auto interpret =
      [&](ModuleOp module,
          InterpreterOptions how) -> llvm::Expected<SmallVector<Tensor>> {
    return Interpreter(module, weights, std::move(how)).run("forward", *inputs);
  };
  if (llvm::Error error = interpret(*kernels, observing).takeError())
    return std::move(error);
  llvm::Expected<SmallVector<Tensor>> results = interpret(*imported, {});
  if (!results)
    return results.takeError();
  for (auto [i, reference] : llvm::enumerate(*results)) {
    Difference difference =
        compare(reference, run.getOutput(i).data(), options.tolerance);
    difference.where = model.outputs[i].name;
    report.results.push_back(std::move(difference));
  }
  return report;
}

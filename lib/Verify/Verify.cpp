//===- Verify.cpp - Compiled code against the interpreter -----------------===//
#include "attune/Verify/Verify.h"
#include "RandomInputs.h"
#include "attune/Compiler/InMemoryModel.h"
#include "attune/Compiler/MemoryReport.h"
#include "attune/Kernel/ElementTypes.h"
#include "attune/Kernel/LaunchShapes.h"
#include "attune/Reference/FileWeights.h"
#include "attune/Reference/Interpreter.h"
#include "attune/Runtime/Cpu.h"
#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Extents.h"
#include "attune/Runtime/Gpu.h"
#include "attune/Runtime/ThreadPool.h"
#include "attune/Support/Error.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstdlib>

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
  static llvm::Expected<AlignedBuffer> create(int64_t bytes) {
    AlignedBuffer buffer;
    buffer.size = bytes;
    // What a model asks for may be more than there is.
    if (bytes >= 0 && bytes < (int64_t(1) << 46))
      buffer.memory.reset(static_cast<char *>(std::malloc(bytes + 64)));
    if (!buffer.memory)
      return userErrorf("{0} bytes of memory cannot be had: choose a smaller "
                        "--batch or --length",
                        bytes);
    return buffer;
  }
  char *data() const {
    return reinterpret_cast<char *>(
        llvm::alignTo(reinterpret_cast<uintptr_t>(memory.get()), 64));
  }
  int64_t getSize() const { return size; }

private:
  struct Free {
    void operator()(char *pointer) const { std::free(pointer); }
  };
  std::unique_ptr<char, Free> memory;
  int64_t size = 0;
};

/// One run of the compiled model whose intermediates can be read.
class CompiledRun {
public:
  llvm::Error run(const InMemoryModel &model, ArrayRef<Tensor> inputs,
                  ArrayRef<int64_t> symbols, int threads);
  const AlignedBuffer &getOutput(size_t i) const { return buffers[i]; }
  const AlignedBuffer &getWorkspace() const { return *workspace; }

private:
  void runOnGpu(const AttuneModel &model, const AttuneVariant &variant,
                AttuneCall &call, ArrayRef<int64_t> symbols);

  std::vector<AlignedBuffer> buffers; // outputs
  std::optional<AlignedBuffer> workspace;
};

/// What one launch has computed: in the compiled run, where the plan of the
/// memory has put it; in the interpreter's, as a tensor.
struct CompiledValue {
  std::string where, kernel;
  AttuneElementType type;
  const char *memory;
  int64_t bytes;
};
struct ReferenceValue {
  std::string where;
  Tensor tensor;
};

} // namespace

static int64_t getBytes(const AttuneModel &model, const AttuneTensorInfo &info,
                        ArrayRef<int64_t> symbols) {
  int64_t bytes = rt::elementSize(info.type);
  for (int64_t extent : ArrayRef(info.dims, info.rank))
    bytes *= std::max<int64_t>(
        rt::extentValue(model, extent, symbols.data()).value_or(0), 0);
  return bytes;
}

/// Afterwards the whole workspace is here, too.
void CompiledRun::runOnGpu(const AttuneModel &model,
                           const AttuneVariant &variant, AttuneCall &call,
                           ArrayRef<int64_t> symbols) {
  std::vector<AttuneGpuRange> ranges;
  size_t number = 0;
  auto add = [&](ArrayRef<AttuneTensorInfo> tensors, AttuneGpuUse use) {
    for (const AttuneTensorInfo &info : tensors)
      ranges.push_back({call.buffers[number++],
                        static_cast<size_t>(getBytes(model, info, symbols)),
                        use});
  };
  add(ArrayRef(model.inputs, model.num_inputs), ATTUNE_GPU_INPUT);
  add(ArrayRef(model.outputs, model.num_outputs), ATTUNE_GPU_OUTPUT);
  ranges.push_back({workspace->data(),
                    static_cast<size_t>(workspace->getSize()),
                    ATTUNE_GPU_OUTPUT});
  char message[sizeof(AttuneFailure::message)];
  call.gpu = variant.gpu->open(call.weights, model.weights_bytes, message,
                               sizeof message);
  if (!call.gpu)
    return attune_fail(&call, message);
  if (attune_gpu_begin(variant.gpu, &call, ranges.data(), ranges.size()) == 0) {
    variant.forward(&call);
    attune_gpu_end(variant.gpu, &call);
  }
  variant.gpu->close(call.gpu);
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
  std::vector<AlignedBuffer> given;
  for (auto [input, info] :
       llvm::zip_equal(inputs, ArrayRef(model.inputs, model.num_inputs))) {
    llvm::Expected<AlignedBuffer> buffer =
        AlignedBuffer::create(getBytes(model, info, symbols));
    if (!buffer)
      return buffer.takeError();
    for (int64_t i = 0, e = input.getNumElements(); i < e; ++i)
      if (input.isFloat())
        rt::setFloat(info.type, buffer->data(), i, input.getFloat(i));
      else
        rt::setElement(info.type, buffer->data(), i, input.getInteger(i));
    given.push_back(std::move(*buffer));
    pointers.push_back(given.back().data());
  }
  for (const AttuneTensorInfo &info :
       ArrayRef(model.outputs, model.num_outputs)) {
    llvm::Expected<AlignedBuffer> buffer =
        AlignedBuffer::create(getBytes(model, info, symbols));
    if (!buffer)
      return buffer.takeError();
    buffers.push_back(std::move(*buffer));
    pointers.push_back(buffers.back().data());
  }
  llvm::Expected<AlignedBuffer> arena =
      AlignedBuffer::create(variant->workspace(symbols.data()));
  if (!arena)
    return arena.takeError();
  workspace.emplace(std::move(*arena));
  AttunePool *pool = attune_pool_create(threads, variant->scratch_bytes);
  if (!pool)
    return userErrorf("cannot start {0} threads", threads);
  AttuneFailure failure = {};
  AttuneCall call = {};
  call.buffers = pointers.data();
  call.dims = symbols.data();
  call.workspace = workspace->data();
  call.weights = (*weights)->getBufferStart();
  call.pool = pool;
  call.failure = &failure;
  if (variant->gpu)
    runOnGpu(model, *variant, call, symbols);
  else
    variant->forward(&call);
  attune_pool_destroy(pool);
  if (failure.failed)
    return userErrorf("the model failed: {0}", failure.message);
  return llvm::Error::success();
}

/// Compares a tensor with what compiled code left in memory.
static Difference compare(const Tensor &reference, AttuneElementType type,
                          const char *memory, double tolerance) {
  Difference difference;
  double largest = 1;
  for (int64_t i = 0, e = reference.getNumElements(); i < e; ++i) {
    if (!reference.isFloat()) {
      auto actual = static_cast<int64_t>(rt::elementBits(type, memory, i));
      difference.maxError =
          std::max(difference.maxError,
                   std::abs(double(actual) - double(reference.getInteger(i))));
      continue;
    }
    double expected = reference.getFloat(i);
    double actual = rt::elementValue(type, memory, i);
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

/// The function that is compiled.
static llvm::Expected<func::FuncOp> getForward(ModuleOp module) {
  if (func::FuncOp function = findModelFunction(module))
    return function;
  return userError("the module has no function to run");
}

static int64_t getBytes(const Tensor &tensor, AttuneElementType type) {
  return tensor.getNumElements() * rt::elementSize(type);
}

static AttuneElementType getRuntimeType(Value value) {
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  return attune::getRuntimeType(element).value_or(ATTUNE_F32);
}

/// Where a run has left the results of the launches of `function`.
static std::vector<CompiledValue>
locateValues(func::FuncOp function, ArrayRef<SlotReport> slots,
             const llvm::StringMap<int64_t> &symbols, const CompiledRun &run) {
  std::vector<CompiledValue> values;
  size_t slot = 0;
  int64_t offset = 0;
  auto takeSlot = [&] {
    int64_t bytes = static_cast<int64_t>(slots[slot++].bytes.evaluate(symbols));
    offset += llvm::alignTo(static_cast<uint64_t>(bytes), 64);
    return bytes;
  };
  for (Operation &op : function.front()) {
    // What the plan writes itself lies between the kernels' results.
    if (isa<ExtentsOp>(op) && slot < slots.size())
      takeSlot();
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      continue;
    for (Value result : launch.getResults()) {
      CompiledValue value{describePlace(launch.getLoc()),
                          launch.getKernel().str(), getRuntimeType(result),
                          nullptr, 0};
      for (OpOperand &use : result.getUses())
        if (use.getOwner()->hasTrait<OpTrait::IsTerminator>()) {
          const AlignedBuffer &output = run.getOutput(use.getOperandNumber());
          value.memory = output.data();
          value.bytes = output.getSize();
        }
      if (!value.memory && slot < slots.size()) {
        value.memory = run.getWorkspace().data() + offset;
        value.bytes = takeSlot();
        if (offset > run.getWorkspace().getSize())
          return values;
      }
      values.push_back(std::move(value));
    }
  }
  return values;
}

/// Interprets a model and keeps what its launches compute in `values`.
static llvm::Expected<SmallVector<Tensor>>
interpret(ModuleOp module, StringRef directory, ArrayRef<Tensor> inputs,
          std::vector<ReferenceValue> *values = nullptr) {
  FileWeights weights(directory);
  InterpreterOptions options;
  if (values)
    options.observer = [values](Operation *op, ArrayRef<Tensor> results) {
      if (isa<LaunchOp>(op))
        for (const Tensor &tensor : results)
          values->push_back({describePlace(op->getLoc()), tensor});
    };
  llvm::Expected<func::FuncOp> function = getForward(module);
  if (!function)
    return function.takeError();
  return Interpreter(module, weights, std::move(options))
      .run(function->getName(), inputs);
}

namespace {

/// A model at its two phases that are interpreted: as it was given, and as
/// kernels.
struct Stages {
  OwningOpRef<ModuleOp> given, kernels;

  static llvm::Expected<Stages> make(Compilation &compilation) {
    const std::string &input = compilation.getOptions().input;
    if (compilation.getPhase() > Phase::Kernels)
      return userErrorf("'{0}' stands after the phase {1}; expected a model or "
                        "IR up to the phase kernels: what comes later cannot "
                        "be interpreted",
                        input, getName(compilation.getPhase()));
    auto copy = [&] {
      return OwningOpRef<ModuleOp>(
          cast<ModuleOp>(compilation.getVariants().front().module->clone()));
    };
    Stages stages;
    stages.given = copy();
    if (llvm::Error error = compilation.runTo(Phase::Kernels))
      return std::move(error);
    stages.kernels = copy();
    return stages;
  }
};

} // namespace

llvm::Expected<VerifyReport> attune::verifyModel(Compilation &compilation,
                                                 const VerifyOptions &options,
                                                 Compilation *against) {
  if (!compilation.getOptions().keepAll)
    return internalError("verification needs memory for every value");
  llvm::Expected<Stages> own = Stages::make(compilation);
  if (!own)
    return own.takeError();
  Stages *reference = &*own;
  std::optional<Stages> other;
  if (against) {
    llvm::Expected<Stages> made = Stages::make(*against);
    if (!made)
      return made.takeError();
    reference = &other.emplace(std::move(*made));
  }
  StringRef directory = (against ? against : &compilation)->getDirectory();
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
  std::vector<ReferenceValue> expected;
  llvm::Expected<SmallVector<Tensor>> results =
      interpret(*reference->given, directory, *inputs);
  if (!results)
    return results.takeError();
  if (llvm::Error error =
          interpret(*reference->kernels, directory, *inputs, &expected)
              .takeError())
    return std::move(error);
  CompiledRun run;
  if (llvm::Error error =
          run.run(**compiled, *inputs, symbols, options.threads))
    return std::move(error);

  VerifyReport report;
  for (auto [i, input] : llvm::enumerate(*inputs))
    report.inputs += (i ? ", " : "") + std::string(model.inputs[i].name) + " " +
                     input.describe();
  llvm::StringMap<int64_t> extents;
  for (int32_t i = 0; i < model.num_symbols; ++i)
    extents[model.symbols[i].name] = symbols[i];
  llvm::Expected<func::FuncOp> function = getForward(*own->kernels);
  if (!function)
    return function.takeError();
  std::vector<CompiledValue> actual =
      locateValues(*function, *slots, extents, run);

  auto differ = [&](const Twine &how) {
    return userErrorf("'{0}' and '{1}' cannot be compared kernel by kernel: "
                      "{2}; give both the same options",
                      compilation.getOptions().input,
                      (against ? against : &compilation)->getOptions().input,
                      how.str());
  };
  if (actual.size() != expected.size())
    return differ("one has " + Twine(actual.size()) +
                  " kernel results, the "
                  "other " +
                  Twine(expected.size()));
  for (auto [value, wanted] : llvm::zip(actual, expected)) {
    if (value.where != wanted.where ||
        value.bytes != getBytes(wanted.tensor, value.type))
      return differ("where one computes " + value.where + ", the other has " +
                    wanted.where);
    Difference difference =
        compare(wanted.tensor, value.type, value.memory, options.tolerance);
    difference.where = value.where;
    difference.kernel = value.kernel;
    report.launches.push_back(std::move(difference));
  }
  if (results->size() != static_cast<size_t>(model.num_outputs))
    return differ("they have different numbers of results");
  for (auto [i, wanted] : llvm::enumerate(*results)) {
    auto type = static_cast<AttuneElementType>(model.outputs[i].type);
    if (getBytes(wanted, type) != run.getOutput(i).getSize())
      return differ("result " + Twine(i) + " has " + wanted.describe());
    Difference difference =
        compare(wanted, type, run.getOutput(i).data(), options.tolerance);
    difference.where = model.outputs[i].name;
    report.results.push_back(std::move(difference));
  }
  return report;
}

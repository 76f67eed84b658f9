//===- KernelTestSupport.cpp - Kernels against the interpreter ------------===//
#include "KernelTestSupport.h"
#include "attune/Backend/LLVM/LLVMBackend.h"
#if ATTUNE_HAS_HALIDE
#include "attune/Backend/Halide/HalideBackend.h"
#endif
#include "attune/Kernel/ElementTypes.h"
#include "attune/Runtime/Cpu.h"
#include "mlir/Parser/Parser.h"
#include <cmath>
#include <random>

using namespace mlir;
using namespace attune;

/// Elements around each buffer that no kernel may touch.
static constexpr int64_t kGuard = 32;
static constexpr char kUntouched = 0x5A;

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerLLVMBackendDialects(registry);
  registerReferenceModels(registry);
  return registry;
}

std::vector<std::string> attune::getRunnableTargets() {
  std::vector<std::string> names;
  for (StringRef name : {"x86-64-v3", "x86-64-v4"}) {
    auto target = getTarget(name);
    if (!target) {
      llvm::consumeError(target.takeError());
      continue;
    }
    if (target->runtimeFeatures &&
        !(target->runtimeFeatures & ~rt::cpuFeatures()))
      names.push_back(name.str());
  }
  if (names.empty())
    names.push_back("native");
  return names;
}

bool attune::hasOpenCL(std::string &reason) {
  char message[256] = "";
  AttuneGpu *gpu = attune_gpu_opencl.open(nullptr, 0, message, sizeof message);
  reason = message;
  if (gpu)
    attune_gpu_opencl.close(gpu);
  return gpu;
}

std::vector<std::string> attune::getRunnableBackends() {
  std::vector<std::string> names = getRunnableTargets();
#if ATTUNE_HAS_HALIDE
  for (size_t i = 0, e = names.size(); i < e; ++i)
    names.push_back(names[i] + "/halide");
  if (std::string reason; hasOpenCL(reason))
    names.push_back(names.front() + "/halide/opencl");
#endif
  return names;
}

std::string
attune::getTestName(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return name;
}

static std::unique_ptr<Backend> createBackend(StringRef name) {
#if ATTUNE_HAS_HALIDE
  if (name == "halide")
    return createHalideBackend();
#endif
  return createLLVMBackend();
}

/// Row-major but for the pitch of rows of the last dimension.
static SmallVector<int64_t> getStrides(ArrayRef<int64_t> shape, int64_t pitch) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] =
        i == shape.size() - 1 && pitch ? pitch : strides[i] * shape[i];
  return strides;
}

/// One for all tests: opening takes a while.
static std::shared_ptr<OpenGpu> getGpu(const GpuTarget &target) {
  static std::shared_ptr<OpenGpu> opened;
  if (!target)
    return nullptr;
  if (!opened)
    opened = llvm::cantFail(OpenGpu::open(target));
  return opened;
}

KernelUnderTest::KernelUnderTest(StringRef text, StringRef name,
                                 ArrayRef<int64_t> pitches,
                                 std::optional<Schedule> schedule)
    : context(makeRegistry(), MLIRContext::Threading::DISABLED),
      pitches(pitches) {
  auto [targetName, others] = name.split('/');
  auto [backendName, gpuName] = others.split('/');
  backend = createBackend(backendName);
  context.loadAllAvailableDialects();
  module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
  EXPECT_TRUE(module) << text.str();
  if (!module)
    return;
  auto target = getTarget(targetName, gpuName);
  if (!target) {
    ADD_FAILURE() << llvm::toString(target.takeError());
    return;
  }
  KernelOp kernel = *module->getOps<KernelOp>().begin();
  KernelRunner::Options options;
  options.schedule = schedule;
  options.gpu = getGpu(target->gpu);
  for (auto [i, pitch] : llvm::enumerate(pitches)) {
    MemRefType type;
    if (pitch) {
      auto tensor = cast<RankedTensorType>(kernel.getArgumentTypes()[i]);
      SmallVector<int64_t> strides(tensor.getRank(), ShapedType::kDynamic);
      strides.back() = 1;
      type = MemRefType::get(
          tensor.getShape(), tensor.getElementType(),
          StridedLayoutAttr::get(&context, ShapedType::kDynamic, strides));
    }
    options.buffers.push_back(type);
  }
  auto created = KernelRunner::create(kernel, *backend, *target, options);
  if (created)
    runner = std::move(*created);
  else
    ADD_FAILURE() << llvm::toString(created.takeError()) << "\n" << text.str();
}

/// Calls `body` with the backend, the kernel and the target of a test's
/// parameter.
static void withKernel(
    StringRef text, StringRef name,
    llvm::function_ref<void(Backend &, KernelOp, const TargetDesc &)> body) {
  MLIRContext context(makeRegistry(), MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  auto module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
  EXPECT_TRUE(module) << text.str();
  auto [targetName, others] = name.split('/');
  auto [backendName, gpuName] = others.split('/');
  auto target = getTarget(targetName, gpuName);
  if (!target)
    ADD_FAILURE() << llvm::toString(target.takeError());
  else if (module)
    body(*createBackend(backendName), *module->getOps<KernelOp>().begin(),
         *target);
}

bool attune::supportsKernel(StringRef text, StringRef name,
                            std::string &reason) {
  bool isTaken = false;
  withKernel(text, name,
             [&](Backend &backend, KernelOp kernel, const TargetDesc &) {
               isTaken = succeeded(backend.supports(kernel, reason));
             });
  return isTaken;
}

std::vector<Schedule> attune::drawSchedules(StringRef text, StringRef name,
                                            size_t count) {
  std::vector<Schedule> schedules;
  withKernel(
      text, name,
      [&](Backend &backend, KernelOp kernel, const TargetDesc &target) {
        std::mt19937 generator(count);
        SmallVector<Knob> knobs = backend.getKnobs(kernel, target);
        for (int tries = 0; schedules.size() < count && tries < 5000; ++tries) {
          Schedule schedule;
          for (const Knob &knob : knobs)
            if (!knob.overrides)
              schedule.set(knob.name,
                           knob.choices[generator() % knob.choices.size()]);
          std::string reason;
          if (succeeded(
                  backend.verifySchedule(kernel, schedule, target, reason)) &&
              llvm::none_of(schedules, [&](const Schedule &known) {
                return known.str() == schedule.str();
              }))
            schedules.push_back(schedule);
        }
      });
  return schedules;
}

namespace {
/// Memory of one argument or result with its guards.
struct Memory {
  std::vector<char> bytes;
  Type element;
  int64_t width; // of an element in bytes
  KernelBuffer buffer;

  Memory(Type type, ArrayRef<int64_t> shape, int64_t pitch)
      : element(cast<RankedTensorType>(type).getElementType()),
        width(getElementBytes(element)) {
    buffer.shape.assign(shape.begin(), shape.end());
    buffer.strides = getStrides(shape, pitch);
    int64_t size = shape.empty() ? 1 : shape[0] * buffer.strides[0];
    bytes.assign((size + 2 * kGuard) * width, kUntouched);
    buffer.data = bytes.data() + kGuard * width;
  }

  /// Calls `body` with a pointer to the element at `offset`, of its own type.
  template <typename Body> auto access(int64_t offset, Body body) {
    char *place = bytes.data() + (kGuard + offset) * width;
    if (element.isF64())
      return body(reinterpret_cast<double *>(place));
    if (element.isF32())
      return body(reinterpret_cast<float *>(place));
    bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
    switch (width) {
    case 1:
      return isUnsigned ? body(reinterpret_cast<uint8_t *>(place))
                        : body(reinterpret_cast<int8_t *>(place));
    case 2:
      return isUnsigned ? body(reinterpret_cast<uint16_t *>(place))
                        : body(reinterpret_cast<int16_t *>(place));
    case 4:
      return isUnsigned ? body(reinterpret_cast<uint32_t *>(place))
                        : body(reinterpret_cast<int32_t *>(place));
    default:
      return isUnsigned ? body(reinterpret_cast<uint64_t *>(place))
                        : body(reinterpret_cast<int64_t *>(place));
    }
  }
  void set(int64_t offset, const Tensor &tensor, int64_t position) {
    access(offset, [&](auto *place) {
      using T = std::decay_t<decltype(*place)>;
      *place = tensor.isFloat() ? static_cast<T>(tensor.getFloat(position))
                                : static_cast<T>(tensor.getInteger(position));
    });
  }
  double getFloat(int64_t offset) {
    return access(offset,
                  [](auto *place) { return static_cast<double>(*place); });
  }
  int64_t getInteger(int64_t offset) {
    return access(offset,
                  [](auto *place) { return static_cast<int64_t>(*place); });
  }
  /// Whether the guards around `count` contiguous elements are as they were.
  bool hasGuards(int64_t count) const {
    ArrayRef<char> all(bytes);
    auto isUntouched = [](char c) { return c == kUntouched; };
    return llvm::all_of(all.take_front(kGuard * width), isUntouched) &&
           llvm::all_of(all.drop_front((kGuard + count) * width), isUntouched);
  }
};
} // namespace

/// Runs the kernel on copies of `inputs`, with results of these shapes behind
/// them. Empty after a failure, which has been reported.
static std::vector<std::unique_ptr<Memory>>
execute(KernelOp kernel, KernelRunner &runner, ArrayRef<int64_t> pitches,
        ArrayRef<Tensor> inputs, ArrayRef<SmallVector<int64_t>> shapes,
        int threads) {
  std::vector<std::unique_ptr<Memory>> memory;
  for (auto [i, tensor] : llvm::enumerate(inputs)) {
    int64_t pitch = i < pitches.size() ? pitches[i] : 0;
    memory.push_back(std::make_unique<Memory>(kernel.getArgumentTypes()[i],
                                              tensor.getShape(), pitch));
    Memory &place = *memory.back();
    int64_t position = 0;
    forEachIndex(tensor.getShape(), [&](ArrayRef<int64_t> index) {
      place.set(offsetOf(index, place.buffer.strides), tensor, position++);
    });
  }
  for (auto [type, shape] : llvm::zip_equal(kernel.getResultTypes(), shapes))
    memory.push_back(std::make_unique<Memory>(type, shape, 0));
  SmallVector<KernelBuffer> buffers;
  for (auto &place : memory)
    buffers.push_back(place->buffer);
  std::vector<std::vector<char>> before;
  for (auto &place : memory)
    before.push_back(place->bytes);

  llvm::Error error = runner.bind(buffers);
  if (!error)
    error = runner.run(threads);
  if (error) {
    ADD_FAILURE() << llvm::toString(std::move(error));
    return {};
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    EXPECT_EQ(memory[i]->bytes, before[i]) << "input " << i << " was written";
  return memory;
}

std::vector<Tensor> KernelUnderTest::run(ArrayRef<Tensor> inputs,
                                         ArrayRef<SmallVector<int64_t>> shapes,
                                         int threads) {
  std::vector<Tensor> results;
  if (!runner)
    return results;
  KernelOp kernel = *module->getOps<KernelOp>().begin();
  auto memory = execute(kernel, *runner, pitches, inputs, shapes, threads);
  if (memory.empty())
    return results;
  for (auto [i, shape] : llvm::enumerate(shapes)) {
    std::vector<double> values;
    for (int64_t j = 0, e = *countElements(shape); j < e; ++j)
      values.push_back(memory[inputs.size() + i]->getFloat(j));
    results.push_back(Tensor::doubles(shape, std::move(values)));
  }
  return results;
}

void KernelUnderTest::check(ArrayRef<Tensor> inputs, double tolerance,
                            int threads) {
  if (!runner)
    return;
  NamedWeights weights;
  InterpreterOptions options;
  options.keepDouble = true;
  options.symbols = symbols;
  Interpreter interpreter(*module, weights, options);
  KernelOp kernel = *module->getOps<KernelOp>().begin();
  auto expected = interpreter.run(kernel.getSymName(), inputs);
  if (!expected) {
    ADD_FAILURE() << llvm::toString(expected.takeError());
    return;
  }

  SmallVector<SmallVector<int64_t>> shapes;
  for (const Tensor &tensor : *expected)
    shapes.emplace_back(tensor.getShape());
  auto memory = execute(kernel, *runner, pitches, inputs, shapes, threads);
  if (memory.empty())
    return;
  for (auto [i, tensor] : llvm::enumerate(*expected)) {
    std::string where = kernel.getSymName().str() + " result " +
                        std::to_string(i) + " " + tensor.describe();
    Memory &place = *memory[inputs.size() + i];
    int64_t count = tensor.getNumElements();
    ASSERT_TRUE(place.hasGuards(count)) << where;
    for (int64_t j = 0; j < count; ++j) {
      if (!tensor.isFloat()) {
        ASSERT_EQ(place.getInteger(j), tensor.getInteger(j))
            << where << " at position " << j;
        continue;
      }
      double have = place.getFloat(j), want = tensor.getFloat(j);
      if (have == want || (std::isnan(have) && std::isnan(want)))
        continue;
      ASSERT_LE(std::abs(have - want),
                tolerance * std::max(1.0, std::abs(want)))
          << where << " at position " << j << ": " << have << ", expected "
          << want;
    }
  }
}

Tensor attune::randomNumbers(StringRef element, ArrayRef<int64_t> shape,
                             uint64_t seed, double low, double high) {
  std::vector<double> values =
      randomValues(*countElements(shape), seed, low, high);
  if (element.starts_with("f"))
    return Tensor::doubles(shape, std::move(values));
  bool isUnsigned = element.starts_with("ui") || element == "i1";
  std::vector<int64_t> integers;
  for (double value : values)
    integers.push_back(element == "i1" ? value > (low + high) / 2
                       : isUnsigned    ? std::abs(std::floor(value))
                                       : std::floor(value));
  return Tensor::integers(shape, std::move(integers));
}

Tensor attune::randomFloats(ArrayRef<int64_t> shape, uint64_t seed, double low,
                            double high) {
  std::vector<double> values =
      randomValues(*countElements(shape), seed, low, high);
  return Tensor::floats(shape,
                        std::vector<float>(values.begin(), values.end()));
}

Tensor attune::randomIds(ArrayRef<int64_t> shape, uint64_t seed,
                         int64_t limit) {
  std::vector<double> values =
      randomValues(*countElements(shape), seed, 0.0, limit);
  return Tensor::integers(shape,
                          std::vector<int64_t>(values.begin(), values.end()));
}

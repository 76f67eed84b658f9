//===- KernelTestSupport.cpp - Kernels against the interpreter ------------===//
#include "KernelTestSupport.h"
#include "attune/Backend/LLVM/LLVMBackend.h"
#if ATTUNE_HAS_HALIDE
#include "attune/Backend/Halide/HalideBackend.h"
#endif
#include "attune/Runtime/Cpu.h"
#include "mlir/Parser/Parser.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace attune;

/// Elements around each buffer that no kernel may touch.
static constexpr int64_t kGuard = 32;
static constexpr float kUntouched = -12345.0f;

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

namespace {
/// Memory of one argument or result with its guards.
struct Memory {
  std::vector<float> floats;
  std::vector<int64_t> integers;
  KernelBuffer buffer;

  Memory(ArrayRef<int64_t> shape, bool isFloat, int64_t pitch) {
    buffer.shape.assign(shape.begin(), shape.end());
    buffer.strides = getStrides(shape, pitch);
    int64_t size = shape.empty() ? 1 : shape[0] * buffer.strides[0];
    size += 2 * kGuard;
    if (isFloat) {
      floats.assign(size, kUntouched);
      buffer.data = floats.data() + kGuard;
    } else {
      integers.assign(size, static_cast<int64_t>(kUntouched));
      buffer.data = integers.data() + kGuard;
    }
  }
};

/// Unlike ==, true for a NaN and itself.
template <typename T>
bool haveSameBits(const std::vector<T> &a, const std::vector<T> &b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}
} // namespace

void KernelUnderTest::check(ArrayRef<Tensor> inputs, double tolerance,
                            int threads) {
  if (!runner)
    return;
  NamedWeights weights;
  InterpreterOptions options;
  options.keepDouble = true;
  Interpreter interpreter(*module, weights, options);
  KernelOp kernel = *module->getOps<KernelOp>().begin();
  auto expected = interpreter.run(kernel.getSymName(), inputs);
  if (!expected) {
    ADD_FAILURE() << llvm::toString(expected.takeError());
    return;
  }

  std::vector<std::unique_ptr<Memory>> memory;
  for (auto [i, tensor] : llvm::enumerate(inputs)) {
    int64_t pitch = i < pitches.size() ? pitches[i] : 0;
    memory.push_back(
        std::make_unique<Memory>(tensor.getShape(), tensor.isFloat(), pitch));
    Memory &place = *memory.back();
    int64_t position = 0;
    forEachIndex(tensor.getShape(), [&](ArrayRef<int64_t> index) {
      int64_t offset = kGuard + offsetOf(index, place.buffer.strides);
      if (tensor.isFloat())
        place.floats[offset] = tensor.getFloat(position);
      else
        place.integers[offset] = tensor.getInteger(position);
      ++position;
    });
  }
  for (const Tensor &tensor : *expected)
    memory.push_back(
        std::make_unique<Memory>(tensor.getShape(), tensor.isFloat(), 0));
  SmallVector<KernelBuffer> buffers;
  for (auto &place : memory)
    buffers.push_back(place->buffer);
  std::vector<std::unique_ptr<Memory>> before;
  for (auto &place : memory)
    before.push_back(std::make_unique<Memory>(*place));

  llvm::Error error = runner->bind(buffers);
  if (!error)
    error = runner->run(threads);
  if (error) {
    ADD_FAILURE() << llvm::toString(std::move(error));
    return;
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    ASSERT_TRUE(haveSameBits(memory[i]->floats, before[i]->floats) &&
                haveSameBits(memory[i]->integers, before[i]->integers))
        << "input " << i << " was written";
  for (auto [i, tensor] : llvm::enumerate(*expected)) {
    std::string where = kernel.getSymName().str() + " " + tensor.describe();
    Memory &place = *memory[inputs.size() + i];
    int64_t count = tensor.getNumElements();
    if (!tensor.isFloat()) {
      for (int64_t j = 0; j < count; ++j)
        ASSERT_EQ(place.integers[kGuard + j], tensor.getInteger(j))
            << where << " at position " << j;
      continue;
    }
    for (int64_t j = 0; j < count; ++j) {
      double have = place.floats[kGuard + j], want = tensor.getFloat(j);
      if (have == want || (std::isnan(have) && std::isnan(want)))
        continue;
      ASSERT_LE(std::abs(have - want),
                tolerance * std::max(1.0, std::abs(want)))
          << where << " at position " << j << ": " << have << ", expected "
          << want;
    }
    for (int64_t j = 0; j < kGuard; ++j) {
      ASSERT_EQ(place.floats[j], kUntouched) << where;
      ASSERT_EQ(place.floats[kGuard + count + j], kUntouched) << where;
    }
  }
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

//===- VectorMathTest.cpp - Errors of the elementary functions ------------===//
//
// Each function runs on about a million floats spread over all bit patterns,
// so that every exponent is covered, and on more in the range where it is
// neither constant nor the identity.
//
//===----------------------------------------------------------------------===//
#include "../../../lib/Backend/LLVM/VectorMath.h"
#include "KernelTestSupport.h"
#include "attune/Backend/LLVM/Codegen.h"
#include "attune/Backend/LLVM/LLVMBackend.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace attune;

namespace {

using Emitter = Value (*)(OpBuilder &, Location, Value);

/// y[i] = f(x[i]) for whole vectors, compiled for a target.
std::vector<float> evaluate(Emitter emit, StringRef targetName,
                            std::vector<float> x) {
  auto target = getTarget(targetName);
  if (!target) {
    ADD_FAILURE() << llvm::toString(target.takeError());
    return {};
  }
  DialectRegistry registry;
  registerLLVMBackendDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  Location loc = UnknownLoc::get(&context);
  OwningOpRef<ModuleOp> module(ModuleOp::create(loc));
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  auto memref = MemRefType::get({ShapedType::kDynamic}, builder.getF32Type());
  auto function = func::FuncOp::create(
      builder, loc, "f", builder.getFunctionType({memref, memref}, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  int64_t lanes = target->getLanes();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value size =
      memref::DimOp::create(builder, loc, function.getArgument(0), constant(0));
  scf::ForOp::create(
      builder, loc, constant(0), size, constant(lanes), ValueRange(),
      [&](OpBuilder &b, Location l, Value i, ValueRange) {
        auto type = VectorType::get({lanes}, b.getF32Type());
        Value input =
            vector::LoadOp::create(b, l, type, function.getArgument(0), i);
        vector::StoreOp::create(b, l, emit(b, l, input),
                                function.getArgument(1), i);
        scf::YieldOp::create(b, l);
      });
  func::ReturnOp::create(builder, loc);

  auto object = compileModule(*module, *target, OutputKind::Object);
  if (!object) {
    ADD_FAILURE() << llvm::toString(object.takeError());
    return {};
  }
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  objects.push_back(std::move(*object));
  auto jit = llvm::cantFail(Jit::create(std::move(objects)));
  using Pointer = float *;
  auto *compiled = llvm::cantFail(
      jit->lookupFunction<void(Pointer, Pointer, int64_t, int64_t, int64_t,
                               Pointer, Pointer, int64_t, int64_t, int64_t)>(
          "f"));
  size_t count = x.size();
  x.resize(llvm::alignTo(count, lanes));
  std::vector<float> y(x.size());
  int64_t n = x.size();
  compiled(x.data(), x.data(), 0, n, 1, y.data(), y.data(), 0, n, 1);
  y.resize(count);
  return y;
}

/// The distance of floats around a value.
double ulp(double value) {
  value = std::abs(value);
  if (value < 0x1p-126)
    return 0x1p-149;
  return std::ldexp(1.0, std::min(std::ilogb(value), 127) - 23);
}

std::vector<float> samples() {
  std::vector<float> x;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 4099)
    x.push_back(llvm::bit_cast<float>(static_cast<uint32_t>(bits)));
  for (int i = -(1 << 18); i <= 1 << 18; ++i)
    x.push_back(static_cast<float>(i * (110.0 / (1 << 18))));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (float special : {0.0f, -0.0f, infinity, -infinity, 1.0f, -1.0f,
                        std::numeric_limits<float>::quiet_NaN()})
    x.push_back(special);
  return x;
}

class VectorMathTest : public testing::TestWithParam<std::string> {
protected:
  /// Calls `check` with argument and result where the argument is no NaN, and
  /// expects a NaN where it is one.
  void forEach(Emitter emit, llvm::function_ref<void(float, float)> check) {
    std::vector<float> x = samples();
    std::vector<float> y = evaluate(emit, GetParam(), x);
    ASSERT_EQ(x.size(), y.size());
    for (auto [argument, result] : llvm::zip(x, y)) {
      if (std::isnan(argument))
        ASSERT_TRUE(std::isnan(result));
      else
        check(argument, result);
    }
  }

  /// Expects every result within `limit` ulp of the exact one, arguments for
  /// which `skip` says so apart; where the exact one is beyond all floats, an
  /// infinity will do.
  void expectUlps(
      Emitter emit, double (*exact)(double), double limit,
      llvm::function_ref<bool(float)> skip = [](float) { return false; }) {
    double worst = 0;
    float where = 0;
    forEach(emit, [&](float x, float y) {
      if (skip(x))
        return;
      double want = exact(x);
      if (y == static_cast<float>(want))
        return;
      double error = std::abs(y - want) / ulp(want);
      if (!(error <= worst)) {
        worst = error;
        where = x;
      }
    });
    RecordProperty("worst_ulp", std::to_string(worst));
    EXPECT_LE(worst, limit) << "at " << where;
  }

  /// Expects every result within `limit * max(1, |x|)` of the exact one.
  void expectAbsolute(Emitter emit, double (*exact)(double), double limit) {
    double worst = 0;
    float where = 0;
    forEach(emit, [&](float x, float y) {
      double want = exact(x);
      if (std::isinf(x) || y == want)
        return;
      double error = std::abs(y - want) / std::max(1.0, std::abs(double(x)));
      if (!(error <= worst)) {
        worst = error;
        where = x;
      }
    });
    RecordProperty("worst_error", llvm::formatv("{0:e2}", worst).str());
    EXPECT_LE(worst, limit) << "at " << where;
  }
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST_P(VectorMathTest, Exp) { expectUlps(emitExp, std::exp, 1.0); }

TEST_P(VectorMathTest, Exp2) { expectUlps(emitExp2, std::exp2, 1.0); }

TEST_P(VectorMathTest, Exp2Flush) {
  expectUlps(emitExp2Flush, std::exp2, 2.5,
             [](float x) { return x > 127.0f || x < -126.0f; });
  forEach(emitExp2Flush, [](float x, float y) {
    if (x < -126.0f) {
      ASSERT_LE(y, 0x1p-125f);
      ASSERT_GE(y, 0.0f);
    }
    if (x < -127.0f || x == -std::numeric_limits<float>::infinity())
      ASSERT_EQ(y, 0.0f) << x;
    if (x == 0.0f)
      ASSERT_EQ(y, 1.0f);
  });
}

TEST_P(VectorMathTest, Sigmoid) {
  expectUlps(emitSigmoid, sigmoid, 2.5, [](float x) { return x < -87.0f; });
  forEach(emitSigmoid, [](float x, float y) {
    if (x < -87.0f) {
      ASSERT_GE(y, 0.0f);
      ASSERT_LE(y, 2e-38f) << x;
    }
  });
}

TEST_P(VectorMathTest, Tanh) { expectUlps(emitTanh, std::tanh, 5.0); }

TEST_P(VectorMathTest, Erf) { expectUlps(emitErf, std::erf, 2.0); }

TEST_P(VectorMathTest, Gelu) {
  auto exact = [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2)); };
  expectAbsolute(emitGelu, exact, 1e-7);
  forEach(emitGelu, [](float x, float y) {
    if (std::isinf(x))
      ASSERT_EQ(y, x > 0 ? x : 0.0f);
    if (x < -20.0f)
      ASSERT_EQ(y, 0.0f) << x;
  });
}

TEST_P(VectorMathTest, GeluTanh) {
  auto exact = [](double x) {
    double u = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
    return x * sigmoid(2 * u);
  };
  expectAbsolute(emitGeluTanh, exact, 2e-7);
}

INSTANTIATE_TEST_SUITE_P(Targets, VectorMathTest,
                         testing::ValuesIn(getRunnableTargets()),
                         [](const auto &info) {
                           std::string name = info.param;
                           llvm::replace(name, '-', '_');
                           return name;
                         });

} // namespace

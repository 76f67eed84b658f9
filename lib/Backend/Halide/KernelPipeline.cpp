//===- KernelPipeline.cpp - A kernel on its way to Halide -----------------===//
#include "KernelPipeline.h"
#include "attune/Backend/Backend.h"
#include "attune/Runtime/ABI.h"

using namespace mlir;
using namespace attune;

/// What autoschedulers take dynamic extents for.
static constexpr int kEstimate = 128;

/// The newest of Halide's compute capabilities that the GPU has: later GPUs run
/// code for earlier ones.
static std::vector<Halide::Target::Feature>
getGpuFeatures(const GpuTarget &gpu) {
  using Halide::Target;
  if (gpu.api == GpuTarget::Api::OpenCL)
    return {Target::OpenCL};
  if (gpu.api != GpuTarget::Api::Cuda)
    return {};
  static constexpr std::pair<int, Target::Feature> known[] = {
      {86, Target::CUDACapability86}, {80, Target::CUDACapability80},
      {75, Target::CUDACapability75}, {70, Target::CUDACapability70},
      {61, Target::CUDACapability61}, {50, Target::CUDACapability50}};
  for (auto [capability, feature] : known)
    if (gpu.capability >= capability)
      return {Target::CUDA, feature};
  return {Target::CUDA};
}

Halide::Target attune::getHalideTarget(const TargetDesc &target) {
  using Halide::Target;
  Target result;
  result.os = Target::Linux;
  result.bits = 64;
  std::vector<Target::Feature> features = {Target::NoRuntime, Target::NoAsserts,
                                           Target::NoBoundsQuery,
                                           Target::UserContext};
  if (llvm::StringRef(target.triple).starts_with("aarch64")) {
    result.arch = Target::ARM;
  } else {
    result.arch = Target::X86;
    llvm::append_range(features,
                       ArrayRef{Target::SSE41, Target::AVX, Target::AVX2,
                                Target::FMA, Target::F16C});
    if (target.runtimeFeatures & ATTUNE_CPU_AVX512)
      llvm::append_range(features,
                         ArrayRef{Target::AVX512, Target::AVX512_Skylake});
  }
  for (auto feature : getGpuFeatures(target.gpu))
    features.push_back(feature);
  result.set_features(features);
  return result;
}

KernelPipeline::KernelPipeline(KernelOp kernel, const Schedule &schedule,
                               const TargetDesc &target, Options options)
    : kernel(kernel), schedule(schedule), target(target), options(options),
      halideTarget(attune::getHalideTarget(target)) {
  if (options.checksBuffers)
    halideTarget = halideTarget.without_feature(Halide::Target::NoAsserts);
  size_t numResults = kernel.getResultTypes().size();
  results.resize(numResults);
  forms.assign(numResults, BufferForm::Full);
}

static Halide::Type getHalideType(Type element) {
  if (element.isF32())
    return Halide::Float(32);
  if (element.isF64())
    return Halide::Float(64);
  return Halide::Int(static_cast<int>(element.getIntOrFloatBitWidth()));
}

/// Tells Halide what is known of a buffer's dimensions. `Parameter` is an
/// ImageParam or an OutputImageParam.
template <typename Parameter>
static void describe(Parameter param, MemRefType type, BufferForm form) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    strides.assign(type.getRank(), ShapedType::kDynamic);
  int64_t rank = type.getRank();
  auto set = [&](int dim, int64_t extent, int64_t stride) {
    auto dimension = param.dim(dim);
    if (ShapedType::isDynamic(extent)) {
      dimension.set_min(0);
      dimension.set_estimate(0, kEstimate);
    } else {
      dimension.set_bounds(0, static_cast<int>(extent));
      dimension.set_estimate(0, static_cast<int>(extent));
    }
    if (ShapedType::isDynamic(stride))
      dimension.set_stride(Halide::Expr());
    else
      dimension.set_stride(static_cast<int>(stride));
  };
  if (form == BufferForm::Full) {
    for (int64_t i = 0; i < rank; ++i)
      set(static_cast<int>(i), type.getDimSize(rank - 1 - i),
          strides[rank - 1 - i]);
    return;
  }
  set(0, rank ? type.getDimSize(rank - 1) : 1, rank ? strides[rank - 1] : 1);
  int64_t rows = 1;
  for (int64_t extent : type.getShape().drop_back(rank ? 1 : 0))
    rows = ShapedType::isDynamic(extent) || ShapedType::isDynamic(rows)
               ? ShapedType::kDynamic
               : rows * extent;
  set(1, rows,
      rank > 1    ? strides[rank - 2]
      : rank == 1 ? type.getDimSize(0)
                  : 1);
}

static MemRefType getBuffer(Attribute attr) {
  return cast<MemRefType>(cast<TypeAttr>(attr).getValue());
}

Halide::ImageParam KernelPipeline::getInput(unsigned index, BufferForm form) {
  for (auto [i, passed] : llvm::enumerate(inputs))
    if (passed.kind == Passed::Buffer && passed.index == index &&
        passed.form == form)
      return params[i];
  MemRefType type = getBuffer(kernel.getArgAttr(index, kBufferAttr));
  int rank = form == BufferForm::Rows ? 2 : static_cast<int>(type.getRank());
  Halide::ImageParam param(getHalideType(type.getElementType()), rank,
                           "input" + std::to_string(index) +
                               (form == BufferForm::Rows ? "r" : ""));
  describe(param, type, form);
  inputs.push_back({Passed::Buffer, index, form, param});
  params.push_back(param);
  extents.emplace_back();
  return param;
}

Halide::Expr KernelPipeline::getResultExtent(unsigned dim) {
  auto type = cast<RankedTensorType>(kernel.getResultTypes().front());
  if (!type.isDynamicDim(dim))
    return static_cast<int32_t>(type.getDimSize(dim));
  for (auto [i, passed] : llvm::enumerate(inputs))
    if (passed.kind == Passed::Extent && passed.index == dim)
      return extents[i];
  Halide::Param<int32_t> param("extent" + std::to_string(dim));
  param.set_estimate(kEstimate);
  param.set_min_value(0);
  Halide::Argument argument(param.name(), Halide::Argument::InputScalar,
                            Halide::Int(32), 0, Halide::ArgumentEstimates());
  inputs.push_back({Passed::Extent, dim, BufferForm::Full, argument});
  params.emplace_back();
  extents.push_back(param);
  return param;
}

Halide::Expr KernelPipeline::getColumns() {
  auto type = cast<RankedTensorType>(kernel.getResultTypes().front());
  return type.getRank() ? getResultExtent(type.getRank() - 1) : Halide::Expr(1);
}

Halide::Expr KernelPipeline::getRows() {
  if (options.mostRows == 1)
    return 1;
  auto type = cast<RankedTensorType>(kernel.getResultTypes().front());
  Halide::Expr rows = 1;
  for (int64_t i = 0; i + 1 < type.getRank(); ++i)
    rows = rows * getResultExtent(i);
  return Halide::Internal::simplify(rows);
}

void KernelPipeline::setResult(unsigned index, Halide::Func func,
                               BufferForm form) {
  describe(func.output_buffer(),
           getBuffer(kernel.getResultAttr(
               index, StringAttr::get(kernel.getContext(), kBufferAttr))),
           form);
  results[index] = func;
  forms[index] = form;
}

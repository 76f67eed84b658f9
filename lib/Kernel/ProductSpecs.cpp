//===- ProductSpecs.cpp - Products and attention by name ------------------===//
#include "KernelBuilder.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include <cmath>

using namespace mlir;
using namespace attune;

static llvm::Expected<KernelProblem> buildLinear(MLIRContext &context,
                                                 const SpecOptions &options,
                                                 StringRef name, int64_t m) {
  int64_t n = options.get("n"), k = options.get("k");
  KernelBuilder kernel(context, options.getSpec());
  Value input = kernel.addTensor({kAny, k}, {m, k});
  Value weight = kernel.addTensor({n, k}, {n, k});
  Value bias = options.get("bias") ? kernel.addTensor({n}, {n}) : Value();
  Value value =
      LinearOp::create(kernel.builder, kernel.loc,
                       kernel.getTensorType({kAny, n}), input, weight, bias);
  SmallVector<StringRef> epilogue(options.getWords("epilogue"));
  if (options.get("residual"))
    epilogue.push_back("add");
  llvm::Expected<Value> result = kernel.addElementwise(epilogue, value, {m, n});
  if (!result)
    return result.takeError();
  llvm::Expected<KernelProblem> problem = kernel.finish(name, *result, {m, n});
  if (problem)
    problem->flops = 2.0 * m * n * k;
  return problem;
}

llvm::Expected<KernelProblem>
attune::buildGemmSpec(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = SpecOptions::parse(
      spec, text, {{"m", "n", "k"}, {}, {"bias", "residual"}, {"epilogue"}});
  if (!options)
    return options.takeError();
  return buildLinear(context, *options, "gemm", options->get("m"));
}

llvm::Expected<KernelProblem>
attune::buildGemvSpec(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = SpecOptions::parse(
      spec, text, {{"n", "k"}, {}, {"bias", "residual"}, {"epilogue"}});
  if (!options)
    return options.takeError();
  return buildLinear(context, *options, "gemv", 1);
}

llvm::Expected<KernelProblem>
attune::buildMatmulSpec(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = SpecOptions::parse(
      spec, text, {{"b", "h", "m", "n", "k"}, {}, {"transpose"}, {}});
  if (!options)
    return options.takeError();
  int64_t b = options->get("b"), h = options->get("h"), m = options->get("m");
  int64_t n = options->get("n"), k = options->get("k");
  KernelBuilder kernel(context, spec);
  // As attention has them: queries times keys, scores times values.
  bool isTransposed = options->get("transpose");
  Value lhs = isTransposed
                  ? kernel.addTensor({kAny, h, kAny, k}, {b, h, m, k})
                  : kernel.addTensor({kAny, h, kAny, kAny}, {b, h, m, k});
  Value rhs = isTransposed ? kernel.addTensor({kAny, h, kAny, k}, {b, h, n, k})
                           : kernel.addTensor({kAny, h, kAny, n}, {b, h, k, n});
  Value value = MatmulOp::create(
      kernel.builder, kernel.loc,
      kernel.getTensorType({kAny, h, kAny, isTransposed ? kAny : n}), lhs, rhs,
      isTransposed ? kernel.builder.getUnitAttr() : UnitAttr());
  return kernel.finish("matmul", value, {b, h, m, n});
}

llvm::Expected<KernelProblem> attune::buildAttentionSpec(MLIRContext &context,
                                                         StringRef spec,
                                                         StringRef text) {
  llvm::Expected<SpecOptions> options =
      SpecOptions::parse(spec, text,
                         {{"b", "h", "q", "k", "d"},
                          {{"hkv", 0}, {"dv", 0}, {"softcap", 0}},
                          {"causal", "mask", "bias"},
                          {}});
  if (!options)
    return options.takeError();
  int64_t b = options->get("b"), h = options->get("h"), q = options->get("q");
  int64_t k = options->get("k"), d = options->get("d");
  int64_t hkv = options->get("hkv") ? options->get("hkv") : h;
  int64_t dv = options->get("dv") ? options->get("dv") : d;
  if (h % hkv != 0)
    return userErrorf("kernel '{0}': expected h to be a multiple of hkv",
                      printable(spec));
  KernelBuilder kernel(context, spec);
  auto add = [&](int64_t length, int64_t columns) {
    return kernel.addTensor({kAny, kAny, columns}, {b, length, columns});
  };
  Value query = add(q, h * d), key = add(k, hkv * d), value = add(k, hkv * dv);
  Value mask = options->get("mask")
                   ? kernel.addIds({kAny, kAny}, {b, k}, /*limit=*/2)
                   : Value();
  // One for all heads and sequences, as models make it of positions.
  Value bias = options->get("bias")
                   ? kernel.addTensor({1, 1, kAny, kAny}, {1, 1, q, k})
                   : Value();
  OpBuilder &builder = kernel.builder;
  // Queries are the last of the keys, unless there are more of them.
  bool isCausal = options->get("causal");
  Causal causal = !isCausal ? Causal::none
                  : q < k   ? Causal::end
                            : Causal::start;
  auto result = AttentionOp::create(
      builder, kernel.loc, kernel.getTensorType({kAny, kAny, h * dv}), query,
      key, value, mask, bias, static_cast<uint64_t>(h),
      static_cast<uint64_t>(hkv),
      llvm::APFloat(static_cast<float>(1 / std::sqrt(double(d)))), causal,
      llvm::APFloat(static_cast<float>(options->get("softcap"))));
  llvm::Expected<KernelProblem> problem =
      kernel.finish("attention", result, {b, q, h * dv});
  // The two products over the keys that queries see; the softmax between them
  // is not counted.
  if (problem) {
    double pairs = double(q) * double(k);
    if (isCausal) {
      double last = std::min(q, k);
      pairs = q < k ? pairs - q * (q - 1.0) / 2
                    : last * (last + 1) / 2 + (double(q) - last) * k;
    }
    problem->flops = 2.0 * b * h * pairs * (d + dv);
  }
  return problem;
}

//===- KernelSpec.cpp - Kernels by name and sizes -------------------------===//
#include "attune/Kernel/KernelSpec.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

/// The sizes of one spec.
class Sizes {
public:
  /// Reads "m=1,n=2"; `defaults` are sizes that may be left out.
  static llvm::Expected<Sizes>
  parse(StringRef spec, StringRef text, ArrayRef<StringRef> required,
        ArrayRef<std::pair<StringRef, int64_t>> defaults);
  int64_t get(StringRef name) const { return values.lookup(name); }

private:
  llvm::StringMap<int64_t> values;
};

/// A kind of kernel that specs can name.
struct SpecKind {
  StringRef name;
  llvm::Expected<KernelProblem> (*build)(MLIRContext &context, StringRef spec,
                                         StringRef sizes);
};

} // namespace

/// Far beyond any memory, yet products of three fit in 64 bits.
static constexpr int64_t kLargest = 1 << 20;

llvm::Expected<Sizes>
Sizes::parse(StringRef spec, StringRef text, ArrayRef<StringRef> required,
             ArrayRef<std::pair<StringRef, int64_t>> defaults) {
  Sizes sizes;
  for (auto [name, value] : defaults)
    sizes.values[name] = value;
  ::llvm::StringSet<> given;
  SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    auto [name, number] = part.split('=');
    int64_t value;
    bool known =
        llvm::is_contained(required, name) || sizes.values.contains(name);
    if (!known)
      return userErrorf("kernel '{0}': it has no size '{1}'; expected {2}",
                        printable(spec), printable(name),
                        llvm::join(required, ", "));
    if (number.getAsInteger(10, value) || value < 0 || value > kLargest)
      return userErrorf("kernel '{0}': expected {1} to be a number up to {2}, "
                        "found '{3}'",
                        printable(spec), name, kLargest, printable(number));
    sizes.values[name] = value;
    given.insert(name);
  }
  for (StringRef name : required)
    if (!given.contains(name) || sizes.values[name] == 0)
      return userErrorf("kernel '{0}': expected a positive size {1}",
                        printable(spec), name);
  return sizes;
}

/// Makes a kernel whose region `fill` writes.
static KernelProblem
buildKernel(MLIRContext &context, StringRef name, ArrayRef<Type> arguments,
            Type result,
            llvm::function_ref<Value(OpBuilder &, ValueRange)> fill) {
  KernelProblem problem;
  OpBuilder builder(&context);
  Location loc = builder.getUnknownLoc();
  problem.module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(problem.module->getBody());
  auto type = builder.getFunctionType(arguments, result);
  OperationState state(loc, KernelOp::getOperationName());
  state.addAttribute("sym_name", builder.getStringAttr(name));
  state.addAttribute("function_type", TypeAttr::get(type));
  Region *region = state.addRegion();
  Block *block = new Block;
  region->push_back(block);
  block->addArguments(arguments, SmallVector<Location>(arguments.size(), loc));
  problem.kernel = cast<KernelOp>(builder.create(state));
  builder.setInsertionPointToStart(block);
  Value value = fill(builder, block->getArguments());
  YieldOp::create(builder, loc, value);
  return problem;
}

static void countBytes(KernelProblem &problem) {
  for (ArrayRef<int64_t> shape : problem.shapes) {
    double elements = 1;
    for (int64_t extent : shape)
      elements *= static_cast<double>(extent);
    problem.bytes += 4 * elements;
  }
}

static llvm::Expected<KernelProblem> buildGemm(MLIRContext &context,
                                               StringRef spec, StringRef text) {
  llvm::Expected<Sizes> sizes = Sizes::parse(spec, text, {"m", "n", "k"}, {});
  if (!sizes)
    return sizes.takeError();
  int64_t m = sizes->get("m"), n = sizes->get("n"), k = sizes->get("k");
  Type f32 = Float32Type::get(&context);
  auto matrix = [&](int64_t rows, int64_t columns) {
    return RankedTensorType::get({rows, columns}, f32);
  };
  KernelProblem problem = buildKernel(
      context, "gemm", {matrix(ShapedType::kDynamic, k), matrix(n, k)},
      matrix(ShapedType::kDynamic, n), [&](OpBuilder &builder, ValueRange in) {
        return LinearOp::create(builder, builder.getUnknownLoc(),
                                matrix(ShapedType::kDynamic, n), in[0], in[1],
                                Value())
            .getResult();
      });
  problem.shapes = {{m, k}, {n, k}, {m, n}};
  problem.flops = 2.0 * m * n * k;
  countBytes(problem);
  return problem;
}

static llvm::Expected<KernelProblem>
buildAttention(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<Sizes> sizes = Sizes::parse(
      spec, text, {"b", "h", "q", "k", "d"}, {{"hkv", 0}, {"causal", 0}});
  if (!sizes)
    return sizes.takeError();
  int64_t b = sizes->get("b"), h = sizes->get("h"), q = sizes->get("q");
  int64_t k = sizes->get("k"), d = sizes->get("d");
  int64_t hkv = sizes->get("hkv") ? sizes->get("hkv") : h;
  if (sizes->get("causal"))
    return unsupportedError("kernel '" + printable(spec) + "'",
                            "causal attention", "causal=1",
                            "causal=0 attends to all keys");
  if (h % hkv != 0)
    return userErrorf("kernel '{0}': expected h to be a multiple of hkv",
                      printable(spec));
  Type f32 = Float32Type::get(&context);
  auto tensor = [&](int64_t heads) {
    return RankedTensorType::get(
        {ShapedType::kDynamic, ShapedType::kDynamic, heads * d}, f32);
  };
  KernelProblem problem = buildKernel(
      context, "attention", {tensor(h), tensor(hkv), tensor(hkv)}, tensor(h),
      [&](OpBuilder &builder, ValueRange in) {
        return AttentionOp::create(builder, builder.getUnknownLoc(), tensor(h),
                                   in[0], in[1], in[2], Value(),
                                   builder.getI64IntegerAttr(h),
                                   builder.getI64IntegerAttr(hkv),
                                   builder.getF32FloatAttr(static_cast<float>(
                                       1 / std::sqrt(double(d)))))
            .getResult();
      });
  problem.shapes = {
      {b, q, h * d}, {b, k, hkv * d}, {b, k, hkv * d}, {b, q, h * d}};
  // The two products; the softmax between them is not counted.
  problem.flops = 4.0 * b * h * q * k * d;
  countBytes(problem);
  return problem;
}

static constexpr SpecKind kinds[] = {{"gemm", buildGemm},
                                     {"attention", buildAttention}};

StringRef attune::getKernelSpecHelp() {
  return "gemm:m=M,n=N,k=K  f32 product of [M,K] with packed weights [N,K]\n"
         "attention:b=B,h=HEADS,hkv=KV_HEADS,q=QUERIES,k=KEYS,d=HEAD_SIZE";
}

llvm::Expected<KernelProblem> attune::parseKernelSpec(MLIRContext &context,
                                                      StringRef text) {
  auto [name, sizes] = text.split(':');
  for (const SpecKind &kind : kinds)
    if (kind.name == name)
      return kind.build(context, text, sizes);
  return userErrorf("unknown kernel '{0}': expected one of\n{1}",
                    printable(name), getKernelSpecHelp());
}

//===- KernelSpec.cpp - Kernels by name and sizes -------------------------===//
#include "attune/Kernel/KernelSpec.h"
#include "SpecOptions.h"
#include "attune/Kernel/Cost.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "mlir/IR/Builders.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

constexpr int64_t kAny = ShapedType::kDynamic;

/// Writes a kernel argument by argument, then op by op.
class KernelBuilder {
public:
  KernelBuilder(MLIRContext &context, StringRef spec)
      : builder(&context), loc(builder.getUnknownLoc()), spec(spec),
        body(std::make_unique<Block>()) {
    builder.setInsertionPointToEnd(body.get());
  }

  /// An argument of f32; `shape` are the extents of its type where they are
  /// static, `extents` those it has.
  Value addTensor(ArrayRef<int64_t> shape, ArrayRef<int64_t> extents) {
    return addArgument(shape, extents, builder.getF32Type(), /*limit=*/0);
  }
  /// An argument of i64 from 0 up to and without `limit`.
  Value addIds(ArrayRef<int64_t> shape, ArrayRef<int64_t> extents,
               int64_t limit) {
    return addArgument(shape, extents, builder.getI64Type(), limit);
  }
  RankedTensorType getTensorType(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, builder.getF32Type());
  }

  /// The ops named by `words` one behind the other; those of two operands read
  /// another argument like `value`.
  llvm::Expected<Value> addElementwise(ArrayRef<StringRef> words, Value value,
                                       ArrayRef<int64_t> extents);

  /// The kernel that gives `value`, which has these extents.
  llvm::Expected<KernelProblem> finish(StringRef name, Value value,
                                       ArrayRef<int64_t> extents);

  OpBuilder builder;
  Location loc;

private:
  Value addArgument(ArrayRef<int64_t> shape, ArrayRef<int64_t> extents,
                    Type element, int64_t limit) {
    shapes.emplace_back(extents);
    limits.push_back(limit);
    return body->addArgument(RankedTensorType::get(shape, element), loc);
  }

  StringRef spec;
  std::unique_ptr<Block> body;
  SmallVector<SmallVector<int64_t>> shapes; // of arguments
  SmallVector<int64_t> limits;
};

/// Names of elementwise ops beside those of the dialect.
struct ElementwiseName {
  StringRef word, op;
  /// Attributes that the op needs.
  void (*configure)(OpBuilder &builder, OperationState &state);
};

constexpr ElementwiseName kElementwiseNames[] = {
    {"gelu_tanh", "gelu",
     [](OpBuilder &builder, OperationState &state) {
       state.addAttribute("approximate", builder.getStringAttr("tanh"));
     }},
    {"scale", "scale",
     [](OpBuilder &builder, OperationState &state) {
       state.addAttribute("factor", builder.getF32FloatAttr(0.5f));
     }},
};

/// A kind of kernel that specs can name.
struct SpecKind {
  StringRef name;
  llvm::Expected<KernelProblem> (*build)(MLIRContext &context, StringRef spec,
                                         StringRef sizes);
};

} // namespace

/// More elements than any memory holds, far from where counts overflow.
static constexpr double kMaxElements = 1e12;

static std::string listElementwise(MLIRContext &context) {
  SmallVector<StringRef> names;
  for (RegisteredOperationName name : context.getRegisteredOperations())
    if (name.getDialectNamespace() == AttuneDialect::getDialectNamespace() &&
        name.hasInterface<ElementwiseOpInterface>())
      names.push_back(name.stripDialect());
  for (const ElementwiseName &name : kElementwiseNames)
    names.push_back(name.word);
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  return llvm::join(names, ", ");
}

llvm::Expected<Value> KernelBuilder::addElementwise(ArrayRef<StringRef> words,
                                                    Value value,
                                                    ArrayRef<int64_t> extents) {
  MLIRContext &context = *builder.getContext();
  for (StringRef word : words) {
    const auto *special =
        llvm::find_if(kElementwiseNames, [&](const ElementwiseName &name) {
          return name.word == word;
        });
    bool isSpecial = special != std::end(kElementwiseNames);
    std::string name = (AttuneDialect::getDialectNamespace() + "." +
                        (isSpecial ? special->op : word))
                           .str();
    std::optional<RegisteredOperationName> op =
        RegisteredOperationName::lookup(name, &context);
    if (!op || !op->hasInterface<ElementwiseOpInterface>())
      return userErrorf("kernel '{0}': '{1}' is no elementwise op; expected "
                        "one of {2}",
                        printable(spec), printable(word),
                        listElementwise(context));
    OperationState state(loc, *op);
    state.addOperands(value);
    if (!op->hasTrait<OpTrait::OneOperand>())
      state.addOperands(addTensor(
          cast<RankedTensorType>(value.getType()).getShape(), extents));
    if (isSpecial)
      special->configure(builder, state);
    state.addTypes(value.getType());
    value = builder.create(state)->getResult(0);
  }
  return value;
}

llvm::Expected<KernelProblem> KernelBuilder::finish(StringRef name, Value value,
                                                    ArrayRef<int64_t> extents) {
  YieldOp::create(builder, loc, value);
  KernelProblem problem;
  problem.module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(problem.module->getBody());
  auto type =
      builder.getFunctionType(body->getArgumentTypes(), value.getType());
  problem.kernel =
      KernelOp::create(builder, loc, name, type, /*backend=*/StringAttr(),
                       /*schedule=*/DictionaryAttr(), /*arg_attrs=*/ArrayAttr(),
                       /*res_attrs=*/ArrayAttr());
  problem.kernel.getBody().push_back(body.release());
  SmallVector<SymbolicShape> arguments;
  for (ArrayRef<int64_t> shape : shapes)
    arguments.emplace_back(shape.begin(), shape.end());
  problem.shapes = std::move(shapes);
  problem.shapes.emplace_back(extents);
  problem.limits = std::move(limits);
  for (ArrayRef<int64_t> shape : problem.shapes) {
    double elements = 1;
    for (int64_t extent : shape)
      elements *= static_cast<double>(extent);
    if (elements > kMaxElements)
      return userErrorf("kernel '{0}': its operands are too large for any "
                        "memory",
                        printable(spec));
  }
  Cost cost = getKernelCost(problem.kernel, arguments);
  problem.flops = cost.flops.evaluate({});
  problem.bytes = cost.activationBytes.evaluate({});
  return problem;
}

//===----------------------------------------------------------------------===//
// Kinds
//===----------------------------------------------------------------------===//

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

static llvm::Expected<KernelProblem> buildGemm(MLIRContext &context,
                                               StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = SpecOptions::parse(
      spec, text, {{"m", "n", "k"}, {}, {"bias", "residual"}, {"epilogue"}});
  if (!options)
    return options.takeError();
  return buildLinear(context, *options, "gemm", options->get("m"));
}

static llvm::Expected<KernelProblem> buildGemv(MLIRContext &context,
                                               StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = SpecOptions::parse(
      spec, text, {{"n", "k"}, {}, {"bias", "residual"}, {"epilogue"}});
  if (!options)
    return options.takeError();
  return buildLinear(context, *options, "gemv", 1);
}

static llvm::Expected<KernelProblem>
buildMatmul(MLIRContext &context, StringRef spec, StringRef text) {
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

static llvm::Expected<KernelProblem>
buildAttention(MLIRContext &context, StringRef spec, StringRef text) {
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

/// The options of kernels that work on rows.
static llvm::Expected<SpecOptions> parseRows(StringRef spec, StringRef text,
                                             ArrayRef<StringRef> flags = {},
                                             ArrayRef<StringRef> words = {}) {
  SpecForm form;
  form.sizes = {"rows", "columns"};
  form.flags.assign(flags.begin(), flags.end());
  form.words.assign(words.begin(), words.end());
  return SpecOptions::parse(spec, text, form);
}

static llvm::Expected<KernelProblem>
buildSoftmax(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = parseRows(spec, text);
  if (!options)
    return options.takeError();
  KernelBuilder kernel(context, spec);
  // A row has as many columns as there are keys.
  int64_t rows = options->get("rows"), columns = options->get("columns");
  Value input = kernel.addTensor({kAny, kAny}, {rows, columns});
  return kernel.finish("softmax",
                       SoftmaxOp::create(kernel.builder, kernel.loc, input),
                       {rows, columns});
}

static llvm::Expected<KernelProblem>
buildLayerNorm(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = parseRows(spec, text, {"residual"});
  if (!options)
    return options.takeError();
  int64_t rows = options->get("rows"), columns = options->get("columns");
  KernelBuilder kernel(context, spec);
  Value input = kernel.addTensor({kAny, columns}, {rows, columns});
  if (options->get("residual")) {
    llvm::Expected<Value> sum =
        kernel.addElementwise({"add"}, input, {rows, columns});
    if (!sum)
      return sum.takeError();
    input = *sum;
  }
  Value gamma = kernel.addTensor({columns}, {columns});
  Value beta = kernel.addTensor({columns}, {columns});
  return kernel.finish("layer_norm",
                       LayerNormOp::create(kernel.builder, kernel.loc,
                                           input.getType(), input, gamma, beta,
                                           llvm::APFloat(1e-12)),
                       {rows, columns});
}

static llvm::Expected<KernelProblem>
buildRmsNorm(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = parseRows(spec, text, {"residual"});
  if (!options)
    return options.takeError();
  int64_t rows = options->get("rows"), columns = options->get("columns");
  KernelBuilder kernel(context, spec);
  Value input = kernel.addTensor({kAny, columns}, {rows, columns});
  if (options->get("residual")) {
    llvm::Expected<Value> sum =
        kernel.addElementwise({"add"}, input, {rows, columns});
    if (!sum)
      return sum.takeError();
    input = *sum;
  }
  Value gamma = kernel.addTensor({columns}, {columns});
  return kernel.finish("rms_norm",
                       RmsNormOp::create(kernel.builder, kernel.loc,
                                         input.getType(), input, gamma,
                                         llvm::APFloat(1e-6)),
                       {rows, columns});
}

static llvm::Expected<KernelProblem>
buildL2Normalize(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = parseRows(spec, text);
  if (!options)
    return options.takeError();
  int64_t rows = options->get("rows"), columns = options->get("columns");
  KernelBuilder kernel(context, spec);
  Value input = kernel.addTensor({kAny, columns}, {rows, columns});
  return kernel.finish("l2_normalize",
                       L2NormalizeOp::create(kernel.builder, kernel.loc,
                                             input.getType(), input,
                                             llvm::APFloat(1e-12)),
                       {rows, columns});
}

static llvm::Expected<KernelProblem>
buildElementwise(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = parseRows(spec, text, {}, {"ops"});
  if (!options)
    return options.takeError();
  if (options->getWords("ops").empty())
    return userErrorf("kernel '{0}': expected ops=NAME+NAME... of {1}",
                      printable(spec), listElementwise(context));
  int64_t rows = options->get("rows"), columns = options->get("columns");
  KernelBuilder kernel(context, spec);
  Value input = kernel.addTensor({kAny, columns}, {rows, columns});
  llvm::Expected<Value> value =
      kernel.addElementwise(options->getWords("ops"), input, {rows, columns});
  if (!value)
    return value.takeError();
  return kernel.finish("elementwise", *value, {rows, columns});
}

static llvm::Expected<KernelProblem>
buildEmbedding(MLIRContext &context, StringRef spec, StringRef text) {
  llvm::Expected<SpecOptions> options = SpecOptions::parse(
      spec, text, {{"rows", "vocabulary", "columns"}, {}, {}, {}});
  if (!options)
    return options.takeError();
  int64_t rows = options->get("rows"), columns = options->get("columns");
  int64_t vocabulary = options->get("vocabulary");
  KernelBuilder kernel(context, spec);
  Value ids = kernel.addIds({kAny}, {rows}, vocabulary);
  Value table = kernel.addTensor({vocabulary, columns}, {vocabulary, columns});
  return kernel.finish(
      "embedding",
      EmbeddingOp::create(kernel.builder, kernel.loc,
                          kernel.getTensorType({kAny, columns}), ids, table),
      {rows, columns});
}

static constexpr SpecKind kinds[] = {
    {"gemm", buildGemm},
    {"gemv", buildGemv},
    {"matmul", buildMatmul},
    {"attention", buildAttention},
    {"softmax", buildSoftmax},
    {"layer_norm", buildLayerNorm},
    {"rms_norm", buildRmsNorm},
    {"l2_normalize", buildL2Normalize},
    {"elementwise", buildElementwise},
    {"embedding", buildEmbedding},
};

StringRef attune::getKernelSpecHelp() {
  return "gemm:m=M,n=N,k=K[,bias=1][,epilogue=OP+OP...][,residual=1]\n"
         "                      f32 product of [M,K] with packed weights "
         "[N,K]\n"
         "gemv:n=N,k=K[,...]    gemm of one row\n"
         "matmul:b=BATCH,h=HEADS,m=M,n=N,k=K[,transpose=1]\n"
         "                      product of two activations [M,K] and [K,N], "
         "or [N,K]\n"
         "attention:b=BATCH,h=HEADS,hkv=KV_HEADS,q=QUERIES,k=KEYS,d=HEAD_SIZE"
         "[,dv=VALUE_SIZE]\n"
         "         [,mask=1][,bias=1][,causal=1][,softcap=CAP]\n"
         "                      softmax attention; with causal=1 queries are "
         "the last of the keys\n"
         "softmax:rows=R,columns=C\n"
         "layer_norm:rows=R,columns=C[,residual=1]\n"
         "rms_norm:rows=R,columns=C[,residual=1]\n"
         "l2_normalize:rows=R,columns=C\n"
         "elementwise:rows=R,columns=C,ops=OP+OP...\n"
         "                      ops one behind the other, e.g. gelu+add\n"
         "embedding:rows=R,vocabulary=V,columns=C";
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

//===- RowSpecs.cpp - Kernels that work on rows by name -------------------===//
#include "KernelBuilder.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

using namespace mlir;
using namespace attune;

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

llvm::Expected<KernelProblem>
attune::buildSoftmaxSpec(MLIRContext &context, StringRef spec, StringRef text) {
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

llvm::Expected<KernelProblem> attune::buildLayerNormSpec(MLIRContext &context,
                                                         StringRef spec,
                                                         StringRef text) {
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

llvm::Expected<KernelProblem>
attune::buildRmsNormSpec(MLIRContext &context, StringRef spec, StringRef text) {
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

llvm::Expected<KernelProblem> attune::buildL2NormalizeSpec(MLIRContext &context,
                                                           StringRef spec,
                                                           StringRef text) {
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

llvm::Expected<KernelProblem> attune::buildElementwiseSpec(MLIRContext &context,
                                                           StringRef spec,
                                                           StringRef text) {
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

llvm::Expected<KernelProblem> attune::buildEmbeddingSpec(MLIRContext &context,
                                                         StringRef spec,
                                                         StringRef text) {
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

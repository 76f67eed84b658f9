//===- ModelInterface.cpp - The model's descriptor ------------------------===//
#include "attune/Compiler/ModelInterface.h"
#include "attune/Backend/LLVM/ConstantBuilder.h"
#include "attune/Compiler/Passes.h"
#include "attune/Compiler/Phase.h"
#include "attune/Kernel/ElementTypes.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace attune;

/// An extent or limit of the interface: whole, non-negative, of 64 bits.
static std::optional<int64_t> readCount(Attribute attr) {
  auto value = dyn_cast_or_null<IntegerAttr>(attr);
  if (!value || !value.getType().isSignlessInteger(64) || value.getInt() < 0)
    return std::nullopt;
  return value.getInt();
}

std::optional<int64_t> ModelInterface::encode(const DimExpr &extent) {
  auto number = [&](StringRef symbol) -> int64_t {
    auto known = llvm::find_if(symbols, [&](const AttuneSymbol &candidate) {
      return symbol == candidate.name;
    });
    return known == symbols.end() ? -1 : known - symbols.begin();
  };
  if (std::optional<int64_t> constant = extent.getConstant();
      constant && *constant >= 0)
    return constant;
  std::string text = extent.str();
  for (auto [i, known] : llvm::enumerate(polynomials))
    if (text == known.text)
      return -1 - static_cast<int64_t>(symbols.size() + i);
  std::vector<AttuneTerm> sum;
  for (const auto &[monomial, coefficient] : extent.getTerms()) {
    std::vector<int32_t> product;
    for (const std::string &symbol : monomial) {
      int64_t index = number(symbol);
      if (index < 0)
        return std::nullopt;
      product.push_back(index);
    }
    const std::vector<int32_t> &kept = factors.emplace_back(std::move(product));
    sum.push_back({coefficient, kept.data(), static_cast<int32_t>(kept.size()),
                   /*reserved=*/0});
  }
  if (StringRef symbol = extent.getSymbol(); !symbol.empty())
    return -1 - number(symbol);
  const std::vector<AttuneTerm> &kept = terms.emplace_back(std::move(sum));
  polynomials.push_back({keep(text), kept.data(),
                         static_cast<int32_t>(kept.size()), /*reserved=*/0});
  return -static_cast<int64_t>(symbols.size() + polynomials.size());
}

llvm::Error ModelInterface::readConstraints(ArrayAttr entries) {
  for (Attribute attr : entries) {
    auto entry = dyn_cast<DictionaryAttr>(attr);
    auto side = [&](StringRef key) -> std::optional<int64_t> {
      auto text = entry ? entry.getAs<StringAttr>(key) : StringAttr();
      std::optional<DimExpr> extent =
          text ? DimExpr::parse(text) : std::nullopt;
      return extent ? encode(*extent) : std::nullopt;
    };
    std::optional<int64_t> left = side("left"), right = side("right");
    auto relation = entry ? entry.getAs<StringAttr>("relation") : StringAttr();
    auto where = entry ? entry.getAs<StringAttr>("where") : StringAttr();
    if (!left || !right || !relation || !where)
      return internalError("a constraint of the interface has symbols that no "
                           "input gives");
    constraints.push_back(
        {relation.getValue() == "at_most" ? ATTUNE_AT_MOST : ATTUNE_EQUAL,
         /*reserved=*/0, *left, *right, keep(where.getValue())});
  }
  return llvm::Error::success();
}

llvm::Expected<AttuneTensorInfo>
ModelInterface::readTensor(DictionaryAttr entry) {
  auto name = entry.getAs<StringAttr>("name");
  auto typeAttr = entry.getAs<TypeAttr>("type");
  auto type = typeAttr ? dyn_cast<RankedTensorType>(typeAttr.getValue())
                       : RankedTensorType();
  if (!name || name.empty())
    return internalError("a tensor of the interface has no name");
  std::string shown = printable(name.getValue());
  std::optional<AttuneElementType> element =
      type ? getRuntimeType(type.getElementType()) : std::nullopt;
  if (!element || type.getRank() > ATTUNE_MAX_RANK)
    return internalError("tensor '" + llvm::Twine(shown) +
                         "' of the interface: expected a tensor of floats, "
                         "integers or bools with at most " +
                         llvm::Twine(ATTUNE_MAX_RANK) + " dimensions");
  AttuneTensorInfo info = {};
  info.name = keep(name.getValue());
  info.type = *element;
  info.rank = type.getRank();
  auto dims = entry.getAs<ArrayAttr>("dims");
  std::vector<int64_t> &shape = extents.emplace_back();
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    if (!ShapedType::isDynamic(extent)) {
      shape.push_back(extent);
      continue;
    }
    std::optional<DimExpr> named = getNamedExtent(dims, i);
    std::optional<int64_t> encoded = named ? encode(*named) : std::nullopt;
    if (!encoded)
      return internalError("tensor '" + llvm::Twine(shown) +
                           "' has a dynamic extent without a symbol");
    shape.push_back(*encoded);
  }
  info.dims = shape.data();
  if (auto absent = entry.getAs<StringAttr>("when_absent"))
    info.when_absent = absent.getValue() == "ones" ? ATTUNE_ONES : ATTUNE_ZEROS;
  info.min = 1;
  if (std::optional<int64_t> limit = readCount(entry.get("limit"))) {
    info.min = 0;
    info.max = *limit - 1;
  }
  return info;
}

llvm::Expected<ModelInterface> ModelInterface::get(ModuleOp module) {
  ModelInterface result;
  auto interface = module->getAttrOfType<DictionaryAttr>(kInterfaceAttr);
  if (!interface)
    return internalError("the module has no interface: its launches are not "
                         "lowered");
  auto list = [&](StringRef key) -> llvm::Expected<ArrayAttr> {
    if (auto array = interface.getAs<ArrayAttr>(key))
      return array;
    return internalError("the interface has no list '" + key + "'");
  };
  auto function = interface.getAs<StringAttr>("function");
  if (!function)
    return internalError("the interface does not name its function");
  auto *context = module.getContext();
  auto pointer = LLVM::LLVMPointerType::get(context);
  for (auto [suffix, type] :
       {std::pair<std::string, Type>(kEntrySuffix.str(),
                                     LLVM::LLVMVoidType::get(context)),
        std::pair<std::string, Type>((kWorkspaceSuffix + kEntrySuffix).str(),
                                     IntegerType::get(context, 64))}) {
    std::string name = function.str() + suffix;
    auto entry = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
    if (!entry || entry.isExternal() ||
        entry.getFunctionType() != LLVM::LLVMFunctionType::get(type, {pointer}))
      return internalError("the interface expects a function '" +
                           llvm::Twine(printable(name)) +
                           "' that takes a pointer");
  }

  auto maxDims = module->getAttrOfType<DictionaryAttr>(kMaxDimsAttr);
  auto minDims = module->getAttrOfType<DictionaryAttr>(kMinDimsAttr);
  llvm::Expected<ArrayAttr> symbols = list("symbols");
  if (!symbols)
    return symbols.takeError();
  for (Attribute attr : *symbols) {
    auto name = dyn_cast<StringAttr>(attr);
    if (!name)
      return internalError("a symbol of the interface has no name");
    Attribute max = maxDims ? maxDims.get(name.getValue()) : Attribute();
    Attribute min = minDims ? minDims.get(name.getValue()) : Attribute();
    result.symbols.push_back(
        {result.keep(name.getValue()), readCount(max).value_or(0),
         std::min<int64_t>(readCount(min).value_or(1), 1)});
  }
  for (auto [key, infos] : {std::pair("inputs", &result.inputs),
                            std::pair("outputs", &result.outputs)}) {
    llvm::Expected<ArrayAttr> entries = list(key);
    if (!entries)
      return entries.takeError();
    for (Attribute attr : *entries) {
      auto entry = dyn_cast<DictionaryAttr>(attr);
      if (!entry)
        return internalError("a tensor of the interface is no dictionary");
      llvm::Expected<AttuneTensorInfo> info = result.readTensor(entry);
      if (!info)
        return info.takeError();
      infos->push_back(*info);
    }
  }

  if (auto entries = module->getAttrOfType<ArrayAttr>(kConstraintsAttr))
    if (llvm::Error error = result.readConstraints(entries))
      return std::move(error);

  AttuneModel &model = result.model;
  auto text = [&](StringRef key, StringRef otherwise) {
    auto attr = module->getAttrOfType<StringAttr>(key);
    return result.keep(attr ? attr.getValue() : otherwise);
  };
  model.abi_version = ATTUNE_ABI_VERSION;
  model.name = text(kNameAttr, "model");
  model.metadata = text(kMetadataAttr, "{}");
  model.symbols = result.symbols.data();
  model.inputs = result.inputs.data();
  model.outputs = result.outputs.data();
  model.polynomials = result.polynomials.data();
  model.constraints = result.constraints.data();
  model.num_symbols = result.symbols.size();
  model.num_inputs = result.inputs.size();
  model.num_outputs = result.outputs.size();
  model.num_polynomials = result.polynomials.size();
  model.num_constraints = result.constraints.size();
  // Embeddings are printed a row a text.
  model.embedding_output = -1;
  for (auto [i, output] : llvm::enumerate(result.outputs))
    if (StringRef(output.name) == "sentence_embedding" && output.rank == 2 &&
        output.type == ATTUNE_F32)
      model.embedding_output = i;
  return result;
}

void ModelInterface::emit(llvm::Module &module, StringRef symbol,
                          ArrayRef<VariantCode> variants, bool exported) const {
  ConstantBuilder builder(module);
  SmallVector<llvm::Constant *> symbolFields, variantFields;
  for (const AttuneSymbol &entry : symbols)
    symbolFields.push_back(
        builder.structure({builder.text(entry.name), builder.i64(entry.max),
                           builder.i64(entry.min)}));
  auto tensors = [&](ArrayRef<AttuneTensorInfo> list) {
    SmallVector<llvm::Constant *> fields;
    for (const AttuneTensorInfo &info : list) {
      SmallVector<llvm::Constant *> dims;
      for (int64_t extent : ArrayRef(info.dims, info.rank))
        dims.push_back(builder.i64(extent));
      fields.push_back(builder.structure(
          {builder.text(info.name), builder.i32(info.type),
           builder.i32(info.rank), builder.array(dims, "dims"),
           builder.i32(info.when_absent), builder.i32(0), builder.i64(info.min),
           builder.i64(info.max)}));
    }
    return builder.array(fields, "tensors");
  };
  SmallVector<llvm::Constant *> polynomialFields, constraintFields;
  for (const AttunePolynomial &polynomial : polynomials) {
    SmallVector<llvm::Constant *> sum;
    for (const AttuneTerm &term :
         ArrayRef(polynomial.terms, polynomial.num_terms)) {
      SmallVector<llvm::Constant *> product;
      for (int32_t factor : ArrayRef(term.symbols, term.num_symbols))
        product.push_back(builder.i32(factor));
      sum.push_back(builder.structure(
          {builder.i64(term.coefficient), builder.array(product, "factors"),
           builder.i32(term.num_symbols), builder.i32(0)}));
    }
    polynomialFields.push_back(builder.structure(
        {builder.text(polynomial.text), builder.array(sum, "terms"),
         builder.i32(polynomial.num_terms), builder.i32(0)}));
  }
  for (const AttuneConstraint &constraint : constraints)
    constraintFields.push_back(builder.structure(
        {builder.i32(constraint.relation), builder.i32(0),
         builder.i64(constraint.left), builder.i64(constraint.right),
         builder.text(constraint.where)}));
  auto getDriver = [&](const GpuTarget &gpu) {
    if (!gpu)
      return builder.null();
    return builder.data(gpu.api == GpuTarget::Api::Cuda ? "attune_gpu_cuda"
                                                        : "attune_gpu_opencl");
  };
  for (const VariantCode &variant : variants)
    variantFields.push_back(builder.structure(
        {builder.text(variant.target.name),
         builder.i64(variant.target.runtimeFeatures),
         builder.function(variant.forward), builder.function(variant.workspace),
         builder.i64(variant.scratchBytes), getDriver(variant.target.gpu)}));
  llvm::Constant *value =
      builder.structure({builder.i32(model.abi_version),
                         builder.i32(0),
                         builder.text(model.name),
                         builder.text(model.metadata),
                         builder.array(symbolFields, "symbols"),
                         tensors(inputs),
                         tensors(outputs),
                         builder.array(variantFields, "variants"),
                         builder.array(polynomialFields, "polynomials"),
                         builder.array(constraintFields, "constraints"),
                         builder.i32(model.num_symbols),
                         builder.i32(model.num_inputs),
                         builder.i32(model.num_outputs),
                         builder.i32(static_cast<int64_t>(variants.size())),
                         builder.i32(model.num_polynomials),
                         builder.i32(model.num_constraints),
                         builder.i64(model.weights_bytes),
                         builder.i64(static_cast<int64_t>(model.weights_hash)),
                         builder.i64(model.tokenizer_offset),
                         builder.i64(model.tokenizer_bytes),
                         builder.i32(model.embedding_output),
                         builder.i32(0)});
  builder.publish(value, symbol, exported);
}

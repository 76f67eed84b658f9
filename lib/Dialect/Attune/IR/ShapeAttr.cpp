//===- ShapeAttr.cpp - Extents as polynomials -----------------------------===//
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

LogicalResult ShapeAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                ArrayRef<StringAttr> extents) {
  for (StringAttr extent : extents)
    if (!DimExpr::parse(extent.getValue()))
      return emitError() << "expected an extent such as \"2*length\", got \""
                         << extent.getValue() << "\"";
  return success();
}

ShapeAttr ShapeAttr::get(MLIRContext *context, ArrayRef<DimExpr> shape) {
  SmallVector<StringAttr> extents;
  for (const DimExpr &extent : shape)
    extents.push_back(StringAttr::get(context, extent.str()));
  return get(context, extents);
}

SymbolicShape ShapeAttr::getShape() const {
  SymbolicShape shape;
  for (StringAttr extent : getExtents())
    shape.push_back(DimExpr::parse(extent.getValue()).value_or(DimExpr()));
  return shape;
}

SmallVector<int64_t> ShapeAttr::getStaticShape() const {
  SmallVector<int64_t> shape;
  for (const DimExpr &extent : getShape())
    shape.push_back(extent.getConstant().value_or(ShapedType::kDynamic));
  return shape;
}

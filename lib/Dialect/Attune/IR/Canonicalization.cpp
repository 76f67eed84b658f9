//===- Canonicalization.cpp - Folds and patterns of single ops ------------===//
//
// What makes equal computations look equal before patterns are matched: views
// that change nothing, views of views, transpositions of transpositions.
//
//===----------------------------------------------------------------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace attune;

OpFoldResult ScaleOp::fold(FoldAdaptor) {
  return getFactor().isExactlyValue(1.0) ? getInput() : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// ReshapeOp
//===----------------------------------------------------------------------===//

/// The result extents are those of the operand: the types are equal, and of
/// the dynamic extents at most one is not taken from the same place.
OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() != getResult().getType())
    return {};
  if (getExtentsAttr())
    return ranked(getResult()).hasStaticShape() ? getInput() : OpFoldResult();
  unsigned open = 0;
  for (auto [extent, wanted] :
       llvm::zip(ranked(getResult()).getShape(), getShape()))
    open += ShapedType::isDynamic(extent) && wanted != 0;
  return open <= 1 ? getInput() : OpFoldResult();
}

namespace {
/// reshape(reshape(x)) -> reshape(x), where every extent of the outer one can
/// be said of x.
struct ReshapeOfReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<ReshapeOp>();
    if (!inner)
      return failure();
    if (ShapeAttr extents = op.getExtentsAttr()) {
      rewriter.modifyOpInPlace(
          op, [&] { op.getInputMutable().assign(inner.getInput()); });
      return success();
    }
    if (inner.getExtentsAttr())
      return failure();
    ArrayRef<int64_t> middle = ranked(inner.getResult()).getShape();
    SmallVector<int64_t> shape(op.getShape());
    for (auto [i, extent] : llvm::enumerate(shape)) {
      if (extent != 0 || inner.getShape()[i] == 0)
        continue;
      if (ShapedType::isDynamic(middle[i]))
        return failure();
      extent = middle[i];
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getInput(),
                                           shape);
    return success();
  }
};

/// slice(slice(x)) along one axis -> slice(x).
struct SliceOfSlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<SliceOp>();
    if (!inner || inner.getAxis() != op.getAxis())
      return failure();
    auto offset = llvm::checkedAdd<int64_t>(inner.getOffset(), op.getOffset());
    if (!offset)
      return failure();
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getInput(),
                                         op.getAxis(), *offset, op.getSize());
    return success();
  }
};

/// transpose(transpose(x)) -> transpose(x).
struct TransposeOfTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> permutation;
    for (int64_t dim : op.getPermutation())
      permutation.push_back(inner.getPermutation()[dim]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getInput(),
                                             permutation);
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<ReshapeOfReshape>(context);
}

//===----------------------------------------------------------------------===//
// SliceOp
//===----------------------------------------------------------------------===//

OpFoldResult SliceOp::fold(FoldAdaptor) {
  int64_t extent = ranked(getInput()).getDimSize(getAxis());
  bool whole = getOffset() == 0 && static_cast<int64_t>(getSize()) == extent;
  return whole && getInput().getType() == getResult().getType()
             ? getInput()
             : OpFoldResult();
}

void SliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<SliceOfSlice>(context);
}

//===----------------------------------------------------------------------===//
// TransposeOp
//===----------------------------------------------------------------------===//

// An identity is not folded: it is how a copy is asked for.
void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<TransposeOfTranspose>(context);
}

//===----------------------------------------------------------------------===//
// ExtractOp
//===----------------------------------------------------------------------===//

namespace {
/// A box that takes a constant range of one dimension is a slice; a box that
/// takes all is its operand.
struct ExtractToSlice : OpRewritePattern<ExtractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ExtractOp op,
                                PatternRewriter &rewriter) const override {
    auto input = ranked(op.getInput()), result = ranked(op.getResult());
    SymbolicShape offsets = op.getOffsets().getShape(),
                  sizes = op.getSizes().getShape();
    std::optional<int64_t> axis;
    for (int64_t i = 0; i < input.getRank(); ++i) {
      std::optional<int64_t> offset = offsets[i].getConstant();
      if (op.getSteps()[i] != 1 || !offset)
        return failure();
      // Static extents say whether all is taken; dynamic ones do not.
      if (*offset == 0 && !input.isDynamicDim(i) &&
          input.getDimSize(i) == result.getDimSize(i))
        continue;
      if (input.isDynamicDim(i) || result.isDynamicDim(i) || axis)
        return failure();
      axis = i;
    }
    if (!axis) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), op.getInput(), *axis,
                                         *offsets[*axis].getConstant(),
                                         *sizes[*axis].getConstant());
    return success();
  }
};
} // namespace

void ExtractOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<ExtractToSlice>(context);
}

//===- GraphBuilder.h - Emits ops whose shapes are known --------*- C++ -*-===//
//
// Creates attune ops and keeps the symbolic shape of every value, so that
// importers never write a result type. Floats of 16 bits are f32 here.
//
// Errors are sticky: a helper that is asked for what cannot be (shapes that do
// not broadcast, an axis out of range) remembers the first problem and returns
// some value; whoever drives the importers asks takeError() after each node.
// Importers check before they index a shape by what a file says.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_FRONTEND_ONNX_GRAPHBUILDER_H
#define ATTUNE_LIB_FRONTEND_ONNX_GRAPHBUILDER_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Frontend/Onnx/OnnxType.h"
#include "attune/Support/Error.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace attune {

/// What the ops of a graph count on: one extent equals another or is at most
/// as large.
struct ShapeRequirement {
  DimExpr left;
  bool isLimit;
  DimExpr right;
  std::string where; ///< "node 'x'"
};

class GraphBuilder {
public:
  explicit GraphBuilder(mlir::MLIRContext &context)
      : builder(&context), location(mlir::UnknownLoc::get(&context)) {}

  // Places --------------------------------------------------------------------
  mlir::OpBuilder &ops() { return builder; }
  mlir::MLIRContext *context() { return builder.getContext(); }
  mlir::Location loc() const { return location; }
  void setLocation(mlir::Location to) { location = to; }

  // Errors --------------------------------------------------------------------
  /// Remembers the first problem.
  void fail(const llvm::Twine &problem);
  bool failed() const { return !problem.empty(); }
  /// The first problem since the last call, as a UserError without a place.
  llvm::Error takeError();

  // Types and shapes ----------------------------------------------------------
  /// How values of an ONNX type are represented: f32 for floats of up to 32
  /// bits, i8 and ui8 for integers of up to 8 bits, i1 for bool; null for
  /// strings and complex numbers.
  mlir::Type elementType(OnnxType type);
  mlir::RankedTensorType tensorType(mlir::Type element,
                                    llvm::ArrayRef<DimExpr> shape);
  static mlir::Type element(mlir::Value value);
  /// The shape of a value that this builder made (or was told of). By value:
  /// making more ops moves those that are kept.
  SymbolicShape shape(mlir::Value value) const;
  int64_t rank(mlir::Value value) const;
  void setShape(mlir::Value value, SymbolicShape shape);
  /// An op with one result of that element type and shape.
  template <typename OpTy, typename... Args>
  mlir::Value create(mlir::Type element, const SymbolicShape &shape,
                     Args &&...args) {
    auto op = OpTy::create(builder, location, tensorType(element, shape),
                           std::forward<Args>(args)...);
    setShape(op->getResult(0), shape);
    return op->getResult(0);
  }
  /// Has the model refuse calls in which the extents differ. Importers ask for
  /// it wherever ops take different extents to be the same.
  void requireEqual(const DimExpr &left, const DimExpr &right);
  /// Has the model refuse calls in which `left` is larger.
  void requireAtMost(const DimExpr &left, const DimExpr &right);
  /// IndexBounds.cpp. Has indices that follow from extents lie below `extent`;
  /// what is computed from data is not known before.
  void requireIndices(mlir::Value indices, const DimExpr &extent);
  /// The same for tuples of indices in the last dimension, one for each extent.
  void requireTuples(mlir::Value indices, llvm::ArrayRef<DimExpr> extents);
  llvm::ArrayRef<ShapeRequirement> getRequirements() const {
    return requirements;
  }
  /// Extents of inputs along which something is appended to them: caches, which
  /// are empty at first.
  llvm::ArrayRef<DimExpr> getAppendedExtents() const { return appended; }
  /// NumPy's rules. Extents that differ are required to be equal, unless one is
  /// 1 while importing.
  SymbolicShape broadcast(llvm::ArrayRef<DimExpr> lhs,
                          llvm::ArrayRef<DimExpr> rhs);
  /// An axis of ONNX, which may be negative, as one in [0, rank).
  int64_t axis(int64_t axis, int64_t rank);
  llvm::SmallVector<int64_t> axes(llvm::ArrayRef<int64_t> axes, int64_t rank);
  ShapeAttr shapeAttr(llvm::ArrayRef<DimExpr> shape);

  // Constants -----------------------------------------------------------------
  mlir::Value constant(mlir::DenseElementsAttr value);
  /// A tensor of rank 0. Integers and bools take the number rounded down.
  mlir::Value scalar(mlir::Type element, double number);
  /// A scalar of the element type of `like`.
  mlir::Value scalarLike(mlir::Value like, double number) {
    return scalar(element(like), number);
  }
  /// [extents.size()] of i64.
  mlir::Value extents(llvm::ArrayRef<DimExpr> extents);
  /// 0, 1, ... of `count` elements.
  mlir::Value iota(mlir::Type element, const DimExpr &count, int64_t start = 0,
                   int64_t step = 1);
  /// One number in every element.
  mlir::Value splat(mlir::Type element, const SymbolicShape &shape,
                    double number);

  // Elementwise, with broadcasting --------------------------------------------
  mlir::Value unary(UnaryKind kind, mlir::Value input);
  mlir::Value binary(BinaryKind kind, mlir::Value lhs, mlir::Value rhs);
  mlir::Value compare(CompareKind kind, mlir::Value lhs, mlir::Value rhs);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs) {
    return binary(BinaryKind::k_sub, lhs, rhs);
  }
  mlir::Value div(mlir::Value lhs, mlir::Value rhs) {
    return binary(BinaryKind::k_div, lhs, rhs);
  }
  /// With a number on the right.
  mlir::Value add(mlir::Value lhs, double rhs) {
    return add(lhs, scalarLike(lhs, rhs));
  }
  mlir::Value mul(mlir::Value lhs, double rhs) {
    return mul(lhs, scalarLike(lhs, rhs));
  }
  mlir::Value maximum(mlir::Value lhs, mlir::Value rhs) {
    return binary(BinaryKind::k_max, lhs, rhs);
  }
  mlir::Value minimum(mlir::Value lhs, mlir::Value rhs) {
    return binary(BinaryKind::k_min, lhs, rhs);
  }
  mlir::Value where(mlir::Value condition, mlir::Value onTrue,
                    mlir::Value onFalse);
  /// The input itself when it has the type already.
  mlir::Value cast(mlir::Value input, mlir::Type element,
                   bool saturate = false);
  /// attune.tanh for f32, by the exponential otherwise.
  mlir::Value tanh(mlir::Value input);
  mlir::Value silu(mlir::Value input);
  mlir::Value relu(mlir::Value input);
  /// `approximate` is "none" or "tanh".
  mlir::Value gelu(mlir::Value input, llvm::StringRef approximate = "none");

  // Shapes --------------------------------------------------------------------
  /// The shapes have equally many elements.
  mlir::Value reshape(mlir::Value input, const SymbolicShape &shape);
  /// Extents of 1 at `axes` of the result, ascending.
  mlir::Value unsqueeze(mlir::Value input, llvm::ArrayRef<int64_t> axes);
  mlir::Value squeeze(mlir::Value input, llvm::ArrayRef<int64_t> axes);
  mlir::Value transpose(mlir::Value input, llvm::ArrayRef<int64_t> permutation);
  /// Swaps the last two dimensions.
  mlir::Value transposeLast(mlir::Value input);
  mlir::Value expand(mlir::Value input, const SymbolicShape &shape);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> inputs, int64_t axis);
  /// input[offset : offset + size] of one axis.
  mlir::Value slice(mlir::Value input, int64_t axis, const DimExpr &offset,
                    const DimExpr &size, int64_t step = 1);
  mlir::Value extract(mlir::Value input, const SymbolicShape &offsets,
                      const SymbolicShape &sizes,
                      llvm::ArrayRef<int64_t> steps);
  /// One index of an axis, which is dropped.
  mlir::Value select(mlir::Value input, int64_t axis, int64_t index);
  /// `value` is a scalar or null.
  mlir::Value pad(PadMode mode, mlir::Value input, mlir::Value value,
                  llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high);

  // Others --------------------------------------------------------------------
  mlir::Value gather(mlir::Value input, mlir::Value indices, int64_t axis);
  mlir::Value gatherElements(mlir::Value input, mlir::Value indices,
                             int64_t axis);
  /// `axes` ascending and in range.
  mlir::Value reduce(ReduceKind kind, mlir::Value input,
                     llvm::ArrayRef<int64_t> axes, bool keepDims);
  /// attune.matmul with NumPy's rules for batch dimensions, for ranks of 2 and
  /// more. `transposeRhs`: rhs is [..., N, K].
  mlir::Value matmul(mlir::Value lhs, mlir::Value rhs,
                     bool transposeRhs = false);

private:
  void require(ShapeRequirement requirement);
  /// Has offset + i * step within the extent for all i below `size`.
  void requireWithin(const DimExpr &extent, const DimExpr &offset,
                     const DimExpr &size, int64_t step);

  mlir::OpBuilder builder;
  mlir::Location location;
  llvm::DenseMap<mlir::Value, SymbolicShape> shapes;
  llvm::SmallVector<ShapeRequirement> requirements;
  llvm::SmallVector<DimExpr> appended;
  std::string problem;
};

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_ONNX_GRAPHBUILDER_H

//===- KernelBuilder.h - A kernel from a command line -----------*- C++ -*-===//
#ifndef ATTUNE_LIB_KERNEL_KERNELBUILDER_H
#define ATTUNE_LIB_KERNEL_KERNELBUILDER_H

#include "SpecOptions.h"
#include "attune/Kernel/KernelSpec.h"
#include "mlir/IR/Builders.h"

namespace attune {

/// An extent that types leave open.
inline constexpr int64_t kAny = mlir::ShapedType::kDynamic;

/// Writes a kernel argument by argument, then op by op.
class KernelBuilder {
public:
  KernelBuilder(mlir::MLIRContext &context, llvm::StringRef spec)
      : builder(&context), loc(builder.getUnknownLoc()), spec(spec),
        body(std::make_unique<mlir::Block>()) {
    builder.setInsertionPointToEnd(body.get());
  }

  /// An argument of f32; `shape` are the extents of its type where they are
  /// static, `extents` those it has.
  mlir::Value addTensor(llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<int64_t> extents) {
    return addArgument(shape, extents, builder.getF32Type(), /*limit=*/0);
  }
  /// An argument of i64 from 0 up to and without `limit`.
  mlir::Value addIds(llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<int64_t> extents, int64_t limit) {
    return addArgument(shape, extents, builder.getI64Type(), limit);
  }
  mlir::RankedTensorType getTensorType(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, builder.getF32Type());
  }

  /// The ops named by `words` one behind the other; those of two operands read
  /// another argument like `value`.
  llvm::Expected<mlir::Value>
  addElementwise(llvm::ArrayRef<llvm::StringRef> words, mlir::Value value,
                 llvm::ArrayRef<int64_t> extents);

  /// The kernel that gives `values`, which have these extents. Its FLOPs and
  /// bytes are those that its ops say.
  llvm::Expected<KernelProblem>
  finish(llvm::StringRef name, mlir::ValueRange values,
         llvm::ArrayRef<llvm::SmallVector<int64_t>> extents);
  llvm::Expected<KernelProblem> finish(llvm::StringRef name, mlir::Value value,
                                       llvm::ArrayRef<int64_t> extents) {
    return finish(name, mlir::ValueRange(value),
                  {llvm::SmallVector<int64_t>(extents)});
  }

  mlir::OpBuilder builder;
  mlir::Location loc;

private:
  mlir::Value addArgument(llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<int64_t> extents, mlir::Type element,
                          int64_t limit) {
    shapes.emplace_back(extents);
    limits.push_back(limit);
    return body->addArgument(mlir::RankedTensorType::get(shape, element), loc);
  }

  llvm::StringRef spec;
  std::unique_ptr<mlir::Block> body;
  llvm::SmallVector<llvm::SmallVector<int64_t>> shapes; // of arguments
  llvm::SmallVector<int64_t> limits;
};

/// The names that KernelBuilder::addElementwise takes, as "add, gelu, mul".
std::string listElementwise(mlir::MLIRContext &context);

/// Builders of the kinds of kernels: `spec` is the whole name, `sizes` what
/// follows its colon.
using BuildSpec = llvm::Expected<KernelProblem>(mlir::MLIRContext &context,
                                                llvm::StringRef spec,
                                                llvm::StringRef sizes);
BuildSpec buildGemmSpec, buildGemvSpec, buildMatmulSpec, buildAttentionSpec;
BuildSpec buildSoftmaxSpec, buildLayerNormSpec, buildRmsNormSpec,
    buildL2NormalizeSpec, buildElementwiseSpec, buildEmbeddingSpec;
BuildSpec buildLinearAttentionSpec, buildFeatureMapSpec,
    buildHybridAttentionSpec;

} // namespace attune

#endif // ATTUNE_LIB_KERNEL_KERNELBUILDER_H

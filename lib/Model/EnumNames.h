//===- EnumNames.h - The names of the description's values ------*- C++ -*-===//

#ifndef ATTUNE_LIB_MODEL_ENUMNAMES_H
#define ATTUNE_LIB_MODEL_ENUMNAMES_H

#include "attune/Model/ModelDescription.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace attune {

template <typename T> struct EnumName {
  T value;
  llvm::StringLiteral name;
};

/// All values of an enumeration of ModelDescription.h with the names that YAML
/// uses: the one table that toString and the YAML reader share.
template <typename T> llvm::ArrayRef<EnumName<T>> enumNames();

template <> llvm::ArrayRef<EnumName<Topology>> enumNames();
template <> llvm::ArrayRef<EnumName<NormKind>> enumNames();
template <> llvm::ArrayRef<EnumName<NormPlacement>> enumNames();
template <> llvm::ArrayRef<EnumName<PositionKind>> enumNames();
template <> llvm::ArrayRef<EnumName<Activation>> enumNames();
template <> llvm::ArrayRef<EnumName<AttentionMask>> enumNames();
template <> llvm::ArrayRef<EnumName<AttentionKind>> enumNames();
template <> llvm::ArrayRef<EnumName<FeatureKind>> enumNames();
template <> llvm::ArrayRef<EnumName<FeatureNormKind>> enumNames();
template <> llvm::ArrayRef<EnumName<LinearRule>> enumNames();
template <> llvm::ArrayRef<EnumName<DecayKind>> enumNames();
template <> llvm::ArrayRef<EnumName<SquashKind>> enumNames();
template <> llvm::ArrayRef<EnumName<PoolerKind>> enumNames();
template <> llvm::ArrayRef<EnumName<SentencePoolingMode>> enumNames();

} // namespace attune

#endif // ATTUNE_LIB_MODEL_ENUMNAMES_H

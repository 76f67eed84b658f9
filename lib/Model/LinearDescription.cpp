//===- LinearDescription.cpp - The number of features ---------------------===//

#include "attune/Model/LinearDescription.h"

using namespace llvm;

namespace attune {

std::optional<int64_t> FeatureDescription::mapFeatures(int64_t headDim) const {
  // In double, which says of every product whether it is too large.
  double r = static_cast<double>(rows(headDim)), number = r;
  switch (kind) {
  case FeatureKind::Identity:
  case FeatureKind::Elu1:
  case FeatureKind::Relu:
  case FeatureKind::Exp:
  case FeatureKind::Favor:
    break;
  case FeatureKind::FavorHyperbolic:
  case FeatureKind::Softmax:
  case FeatureKind::SoftmaxHalves:
    number = 2 * r;
    break;
  case FeatureKind::Dpfp:
    number = 2 * r * static_cast<double>(order);
    break;
  case FeatureKind::Taylor2:
    number = 1 + r + r * (r + 1) / 2;
    break;
  }
  if (!(number >= 1 && number <= static_cast<double>(kMostFeatures)))
    return std::nullopt;
  return static_cast<int64_t>(number);
}

bool FeatureDescription::isExponential() const {
  return kind == FeatureKind::Exp || kind == FeatureKind::Favor ||
         kind == FeatureKind::FavorHyperbolic;
}

bool LinearDescription::carriesMax() const {
  const FeatureDescription &keys = ofKeys();
  bool hasScale =
      keys.tilt || (keys.isExponential() && keys.norm == FeatureNormKind::None);
  return hasScale && rule == LinearRule::Linear && squash == SquashKind::None;
}

} // namespace attune

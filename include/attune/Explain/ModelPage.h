//===- ModelPage.h - A model before and after fusion, as a page -*- C++ -*-===//
#ifndef ATTUNE_EXPLAIN_MODELPAGE_H
#define ATTUNE_EXPLAIN_MODELPAGE_H

#include "attune/Compiler/FusionRemarks.h"
#include "attune/Explain/ModelGraph.h"

namespace attune {

/// What a page about a model shows.
struct ModelPage {
  std::string title; ///< the model's name
  std::string sizes; ///< what the figures are for: "batch 1, length 128"
  ModelGraph before, after;
  std::vector<FusionRemark> remarks;
};

/// Takes a compilation that has been loaded through the phase `fuse`. FLOPs and
/// bytes are those of the given values of the model's symbols. A UserError when
/// the compilation stands behind that phase already.
llvm::Expected<ModelPage>
buildModelPage(Compilation &compilation,
               const llvm::StringMap<int64_t> &symbols);

/// One HTML file without references to others: both graphs layer by layer,
/// side by side, layers like an earlier one folded.
std::string renderModelPage(const ModelPage &page);

} // namespace attune

#endif // ATTUNE_EXPLAIN_MODELPAGE_H

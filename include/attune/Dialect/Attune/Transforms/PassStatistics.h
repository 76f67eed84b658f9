//===- PassStatistics.h - What each pass did, counted -----------*- C++ -*-===//
//
// Release builds of LLVM leave out the statistics of passes. Attune's passes
// tell of every outcome by a remark; here remarks are counted by pass.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSSTATISTICS_H
#define ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSSTATISTICS_H

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace attune {

/// The outcomes of passes `attune-*` on modules, in the order in which passes
/// ran; a pass that runs again counts on.
class PassStatistics {
public:
  /// Counts what the passes of `manager` tell, which is printed nowhere else:
  /// its context has one place for remarks. Fails when MLIR's engine does.
  static llvm::LogicalResult
  collect(mlir::PassManager &manager,
          const std::shared_ptr<PassStatistics> &statistics);

  /// One line a pass, with how many candidates it fused and missed and how many
  /// other things it did; below it one line an outcome: those fused by pattern,
  /// those missed and done by pattern and reason, in the order of these.
  void print(llvm::raw_ostream &os) const;

private:
  class Instrumentation;
  class Streamer;

  /// Something that passes tell.
  struct Outcome {
    unsigned kind; ///< place in the list of kinds: fused, missed, done
    std::string text;
    bool operator<(const Outcome &other) const {
      return std::tie(kind, text) < std::tie(other.kind, other.text);
    }
  };
  struct Counts {
    std::string pass;
    std::map<Outcome, unsigned> outcomes;
  };
  Counts &get(llvm::StringRef pass);

  std::vector<Counts> passes;
  /// The pass that runs; remarks outside of one are none of a pass.
  std::string current;
};

} // namespace attune

#endif // ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSSTATISTICS_H

//===- MatmulSchedule.cpp - How two activations are multiplied ------------===//
#include "attune/Backend/LLVM/MatmulSchedule.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace attune;

MatmulSchedule::MatmulSchedule(const Schedule &schedule,
                               const TargetDesc &target) {
  int64_t lanes = target.getLanes();
  nv = schedule.get("nv", lanes >= 16 ? 2 : std::max<int64_t>(16 / lanes, 1));
  int64_t rows = nv > 0 ? (target.vectorRegisters - nv - 2) / nv : 1;
  mr = schedule.get("mr", std::min<int64_t>(rows, 12));
  mc = schedule.get("mc", 96);
  nc = schedule.get("nc", 128);
  kc = schedule.get("kc", 256);
  unroll = schedule.get("unroll", 4);
}

Schedule MatmulSchedule::toSchedule() const {
  Schedule schedule;
  schedule.set("mr", mr).set("nv", nv).set("mc", mc).set("nc", nc);
  return schedule.set("kc", kc).set("unroll", unroll);
}

LogicalResult MatmulSchedule::verify(const TargetDesc &target,
                                     std::string &reason) const {
  int64_t lanes = target.getLanes();
  if (mr < 1 || nv < 1 || mr > 64 || nv > 64 ||
      mr * nv + nv + 1 > target.vectorRegisters)
    reason = llvm::formatv("a tile of mr={0} x nv={1} does not fit {2} vector "
                           "registers",
                           mr, nv, target.vectorRegisters);
  else if (nc < 1 || nc > 4096 || nc % (nv * lanes))
    reason = llvm::formatv("nc={0} is not a multiple of the tile's {1} "
                           "columns up to 4096",
                           nc, nv * lanes);
  else if (kc < 1 || kc > 4096 || kc % lanes)
    reason =
        llvm::formatv("kc={0} is not a multiple of {1} up to 4096", kc, lanes);
  else if (mc < 1 || mc > 4096 || unroll < 1 || unroll > 16)
    reason = "mc must be 1 to 4096, unroll 1 to 16";
  else
    return success();
  return failure();
}

SmallVector<Knob> MatmulSchedule::getKnobs(const TargetDesc &target) {
  bool wide = target.vectorRegisters >= 32;
  return {{"mr", "rows of a register tile",
           wide ? SmallVector<int64_t>{6, 8, 12, 14}
                : SmallVector<int64_t>{4, 5, 6}},
          {"nv", "vectors of a register tile",
           wide ? SmallVector<int64_t>{1, 2, 4} : SmallVector<int64_t>{1, 2}},
          {"mc", "rows of a task", {32, 64, 96, 128, 256}},
          {"nc", "columns of a task", {64, 128, 256, 512}},
          {"kc", "longest run of k", {128, 256, 512, 1024}},
          {"unroll", "steps of k in one iteration", {1, 2, 4, 8}}};
}

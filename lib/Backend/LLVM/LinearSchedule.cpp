//===- LinearSchedule.cpp - How a linear layer is computed ----------------===//
#include "attune/Backend/LLVM/LinearSchedule.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

/// Bounds that keep sizes and code within reason whatever a schedule says.
static constexpr int64_t kMaxUnroll = 16, kMaxPrefetch = 64,
                         kMaxExtent = int64_t(1) << 20,
                         kMaxScratch = int64_t(1) << 26;

LinearSchedule LinearSchedule::getDefault(const TargetDesc &target, int64_t n,
                                          int64_t k) {
  LinearSchedule s;
  int64_t lanes = target.getLanes();
  // The largest tile that leaves registers for the vectors of b and for
  // broadcasts under way; more than 12 rows gain nothing.
  s.panel = 16;
  s.nv = lanes >= 16 ? 2 : std::max<int64_t>(16 / lanes, 1);
  s.mr = std::min<int64_t>(12, (target.vectorRegisters - s.nv - 2) / s.nv);
  int64_t columns = s.nv * lanes;
  // Rows whose distance is a multiple of a page fall into the same sets of L1:
  // leave ways for b. Lower tiles cost less than a copy of the rows.
  constexpr int64_t kPage = 4096, kRowsInOneSet = 6;
  if (k * 4 % kPage == 0)
    s.mr = std::min(s.mr, kRowsInOneSet);
  // Low blocks of rows make tasks small enough to share out evenly; tasks that
  // follow each other use the same columns, which together take half of L2.
  s.mc = 48;
  int64_t strips = target.l2Bytes / 2 / (4 * columns * std::max<int64_t>(k, 1));
  // Rows of at least a few cache lines: pieces of lines' neighbours that
  // another core writes would be fetched with them.
  s.nc = std::clamp<int64_t>(strips, 1, std::max<int64_t>(96 / columns, 1)) *
         columns;
  // Far enough ahead that memory answers in time, and close enough that what
  // arrives is still in L2 when its turn comes.
  int64_t ahead = target.l2Bytes / 5 / (4 * columns * std::max<int64_t>(k, 1));
  s.prefetch = std::clamp<int64_t>(ahead, 1, 4);
  return s;
}

LinearSchedule LinearSchedule::with(const Schedule &schedule) const {
  LinearSchedule s = *this;
  s.mr = schedule.get("mr", s.mr);
  s.nv = schedule.get("nv", s.nv);
  s.panel = schedule.get("panel", s.panel);
  s.unroll = schedule.get("unroll", s.unroll);
  s.mc = schedule.get("mc", s.mc);
  s.nc = schedule.get("nc", s.nc);
  s.tasks = schedule.get("tasks", s.tasks);
  s.kc = schedule.get("kc", s.kc);
  s.packa = schedule.get("packa", s.packa);
  s.prefetch = schedule.get("prefetch", s.prefetch);
  return s;
}

Schedule LinearSchedule::toSchedule() const {
  Schedule schedule;
  schedule.set("mr", mr).set("nv", nv).set("panel", panel);
  schedule.set("unroll", unroll).set("mc", mc).set("nc", nc);
  schedule.set("kc", kc)
      .set("packa", packa)
      .set("prefetch", prefetch)
      .set("tasks", tasks);
  return schedule;
}

int64_t LinearSchedule::getRunOfK(int64_t k) const {
  int64_t runs = std::max<int64_t>(llvm::divideCeil(k, kc), 1);
  return std::max<int64_t>(llvm::alignTo(llvm::divideCeil(k, runs), unroll), 1);
}

Footprint LinearSchedule::getFootprint(const TargetDesc &target, int64_t n,
                                       int64_t k) const {
  int64_t columns = nv * target.getLanes(), run = getRunOfK(k);
  int64_t rows = std::max<int64_t>(mc / mr, 1) * mr;
  Footprint footprint;
  footprint.registers = getRegisters();
  // Both operands stream through L1 (that a strip of b stays there between
  // tiles helps, and is no condition); the finished tile lies in it, and one
  // line of each row of a until all its elements are used.
  footprint.l1Bytes = mr * columns * 4 + mr * 64;
  // Rows of the task and the strip of b that passes over them, and all sums of
  // the task where k comes in several runs.
  footprint.l2Bytes = (rows + columns) * run * 4;
  if (run < k)
    footprint.l2Bytes += rows * std::min(nc, n) * 4;
  return footprint;
}

/// The choices below `limit` and the first that is not.
static SmallVector<int64_t> upTo(int64_t limit, ArrayRef<int64_t> choices) {
  SmallVector<int64_t> result;
  for (int64_t choice : choices) {
    result.push_back(choice);
    if (choice >= limit)
      break;
  }
  return result;
}

/// Longest runs that cut `k` into different numbers of pieces.
static SmallVector<int64_t> getRunChoices(int64_t k, int64_t uncut) {
  SmallVector<int64_t> result;
  for (int64_t run : {256, 384, 512, 768, 1024, 2048})
    if (run < k && (result.empty() || llvm::divideCeil(k, run) !=
                                          llvm::divideCeil(k, result.back())))
      result.push_back(run);
  result.push_back(uncut);
  return result;
}

SmallVector<Knob> LinearSchedule::getKnobs(const TargetDesc &target, int64_t n,
                                           int64_t k) {
  bool wide = target.vectorRegisters >= 32;
  // Low tiles of many vectors are for few rows: with one row there are but nv
  // sums to hide the latency of additions.
  SmallVector<int64_t> mr =
      wide ? SmallVector<int64_t>{1, 2, 4, 6, 8, 9, 10, 12, 14}
           : SmallVector<int64_t>{1, 2, 3, 4, 5, 6, 8, 12};
  SmallVector<int64_t> nv = wide ? SmallVector<int64_t>{1, 2, 3, 4, 6, 8}
                                 : SmallVector<int64_t>{1, 2, 3, 4, 6};
  return {
      {"mr", "rows of a register tile", mr},
      {"nv", "vectors of a register tile", nv},
      {"panel",
       "columns of a panel of the packed weight",
       {16, 24, 32, 48, 64}},
      {"unroll", "steps of k in one iteration of the inner loop", {1, 2, 4, 8}},
      {"mc", "most rows of a task", {12, 24, 48, 96, 128, 192, 256, 512}},
      {"nc", "most columns of a task",
       upTo(n, {32, 64, 96, 128, 192, 256, 384, 512, 768, 1536})},
      {"kc", "longest run of k in registers",
       getRunChoices(k, getDefault(target, n, k).kc)},
      {"packa", "1: copy the rows of a task to scratch memory first", {0, 1}},
      {"prefetch",
       "how many strips ahead the weight is fetched; 0: not at all",
       {0, 1, 2, 3, 4, 6, 8}},
      {"tasks",
       "tasks to make where there are columns enough",
       {1, 4, 8, 12, 24, 48, 96}},
  };
}

LogicalResult LinearSchedule::verify(const TargetDesc &target,
                                     std::string &reason) const {
  auto fail = [&](const Twine &text) {
    reason = text.str();
    return failure();
  };
  if (mr < 1 || nv < 1 || panel < 1 || unroll < 1 || mc < 1 || nc < 1 ||
      kc < 1 || tasks < 1 || prefetch < 0)
    return fail("knobs of a linear kernel must be positive");
  if (unroll > kMaxUnroll || prefetch > kMaxPrefetch || mc > kMaxExtent ||
      nc > kMaxExtent || tasks > kMaxExtent || kc > kMaxExtent ||
      mc * nc > kMaxScratch || mc * kc > kMaxScratch || panel > 1024)
    return fail("a knob of a linear kernel is beyond its range");
  if (mr > 64 || nv > 64)
    return fail("a tile of a linear kernel is beyond 64 rows or vectors");
  int64_t lanes = target.getLanes(), columns = nv * lanes;
  if (int64_t needed = getRegisters(); needed > target.vectorRegisters)
    return fail(llvm::formatv("a tile of mr={0} x nv={1} needs {2} vector "
                              "registers, the CPU has {3}",
                              mr, nv, needed, target.vectorRegisters));
  if (panel % lanes)
    return fail(llvm::formatv("panel={0} is not a multiple of {1} lanes", panel,
                              lanes));
  if (columns % panel && panel % columns)
    return fail(llvm::formatv("tiles of {0} columns do not fit panel={1}",
                              columns, panel));
  if (nc % columns)
    return fail(llvm::formatv("nc={0} is not a multiple of the tile's {1} "
                              "columns",
                              nc, columns));
  return success();
}

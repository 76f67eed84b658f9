//===- DatabaseTestSupport.h - Records to test with -------------*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_TUNING_DATABASETESTSUPPORT_H
#define ATTUNE_TEST_UNIT_TUNING_DATABASETESTSUPPORT_H

#include "attune/Tuning/Database.h"

namespace attune {

inline TargetKey makeTarget() {
  TargetKey target;
  target.arch = "x86_64";
  target.cpu = "haswell";
  target.features = {"avx2", "f16c", "fma"};
  target.vectorBits = 256;
  target.l1Bytes = 32 << 10;
  target.l2Bytes = 256 << 10;
  target.l3Bytes = 8 << 20;
  target.cores = 4;
  return target;
}

/// A correct trial of `mr` rows a tile on a product of `rows` rows.
inline TrialRecord makeRecord(int64_t mr = 6, double speedup = 1.25,
                              int64_t rows = 128) {
  TrialRecord record;
  record.workload = "0123456789abcdef";
  record.family = "linear";
  record.label = "linear 384x1536 + gelu f32";
  record.shapes = {{1, rows, 384}, {1536, 384}, {1, rows, 1536}};
  record.target = makeTarget();
  record.threads = 2;
  record.candidate.backend = "llvm";
  record.candidate.schedule.set("mr", mr).set("nv", 2);
  record.candidate.source = "random";
  record.scheduleVersion = "llvm-1";
  record.compiler = getCompilerVersion();
  record.result.time = {9, 0.75, 0.8, 0.78, 0.85};
  record.result.error = 1e-6;
  record.result.speedup = speedup;
  record.predictedMs = 0.9;
  record.time = "2026-01-31T12:00:00Z";
  return record;
}

} // namespace attune

#endif // ATTUNE_TEST_UNIT_TUNING_DATABASETESTSUPPORT_H

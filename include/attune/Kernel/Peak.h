//===- Peak.h - What this machine can do at most ----------------*- C++ -*-===//
//
// Measures the ceilings that kernels are compared with, in this process and
// under the conditions of the moment: clocks and neighbours change.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_KERNEL_PEAK_H
#define ATTUNE_KERNEL_PEAK_H

namespace attune {

/// Peak f32 rate in GFLOP/s of `threads` threads (at least 1), a fused
/// multiply-add counting as two: chains of vector FMAs in the widest registers
/// of this CPU, without memory accesses. The best of several short runs; about
/// 0.1 s in all.
double measurePeakGflops(int threads = 1);

/// Bandwidth in GB/s (1e9 bytes) at which `threads` threads read memory that no
/// cache holds. The best of several passes; about 0.3 s in all. 0 when memory
/// for it cannot be had.
double measureReadBandwidth(int threads = 1);

} // namespace attune

#endif // ATTUNE_KERNEL_PEAK_H

//===- Peak.cpp - What this machine can do at most ------------------------===//
#include "attune/Kernel/Peak.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <unistd.h>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;

/// Chains that do not depend on each other: enough for two units of a latency
/// of five cycles.
constexpr int kChains = 12;
constexpr int64_t kStepsOfRun = 1 << 18;

// The body of all variants, for a vector type of any length. The chains start
// from different values: from equal ones the compiler makes one chain, and the
// loop would measure latency. The factors keep all values finite and normal.
#define ATTUNE_FMA_LOOP(VECTOR, SPLAT, FMA)                                    \
  constexpr int lanes = sizeof(VECTOR) / sizeof(float);                        \
  VECTOR chains[kChains];                                                      \
  for (int i = 0; i < kChains; ++i)                                            \
    chains[i] = SPLAT(start + 0.01f * float(i));                               \
  VECTOR factor = SPLAT(0.999f), addend = SPLAT(0.001f);                       \
  for (int64_t step = 0; step < kStepsOfRun; ++step)                           \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < kChains; ++i)       \
        chains[i] = FMA(chains[i], factor, addend);                            \
  for (int i = 1; i < kChains; ++i)                                            \
    chains[0] += chains[i];                                                    \
  *sink = chains[0][0];                                                        \
  return 2.0 * kStepsOfRun * kChains * lanes;

#if defined(__x86_64__)
__attribute__((target("avx2,fma"),
               noinline)) double runFma256(float start, volatile float *sink) {
  ATTUNE_FMA_LOOP(__m256, _mm256_set1_ps, _mm256_fmadd_ps)
}

__attribute__((target("avx512f"), noinline)) double
runFma512(float start, volatile float *sink) {
  ATTUNE_FMA_LOOP(__m512, _mm512_set1_ps, _mm512_fmadd_ps)
}
#elif defined(__aarch64__)
__attribute__((noinline)) double runFma128(float start, volatile float *sink) {
  ATTUNE_FMA_LOOP(float32x4_t, vdupq_n_f32, vfmaq_f32)
}
#endif
#undef ATTUNE_FMA_LOOP

__attribute__((noinline)) double runFmaScalar(float start,
                                              volatile float *sink) {
  float chains[kChains];
  for (int i = 0; i < kChains; ++i)
    chains[i] = start + 0.01f * float(i);
  for (int64_t step = 0; step < kStepsOfRun; ++step)
    for (float &chain : chains)
      chain = chain * 0.999f + 0.001f;
  for (float chain : chains)
    *sink = chain;
  return 2.0 * kStepsOfRun * kChains;
}

/// One run on this thread; returns its FLOPs.
double runFma() {
  static std::atomic<int> seed = 1;
  volatile float sink;
  float start = 1.0f / float(seed.fetch_add(1, std::memory_order_relaxed));
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return runFma512(start, &sink);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return runFma256(start, &sink);
#elif defined(__aarch64__)
  return runFma128(start, &sink);
#endif
  return runFmaScalar(start, &sink);
}

/// Runs `work` on `threads` threads at once, the calling one among them, and
/// returns the seconds from the common start until all are done.
double timeTogether(int threads, const std::function<void(int)> &work) {
  std::atomic<int> waiting = threads;
  auto enter = [&](int index) {
    waiting.fetch_sub(1);
    while (waiting.load() > 0)
      std::this_thread::yield();
    work(index);
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i)
    others.emplace_back(enter, i);
  while (waiting.load() > 1)
    std::this_thread::yield();
  auto start = Clock::now();
  enter(0);
  for (std::thread &thread : others)
    thread.join();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Adds up words so that every cache line of the range is read.
uint64_t readAll(const char *begin, const char *end) {
  typedef uint64_t Words __attribute__((vector_size(32)));
  Words sums[4] = {};
  for (; end - begin >= 128; begin += 128)
    for (int i = 0; i < 4; ++i) {
      Words value;
      std::memcpy(&value, begin + i * sizeof(Words), sizeof(Words));
      sums[i] += value;
    }
  Words all = sums[0] + sums[1] + sums[2] + sums[3];
  return all[0] + all[1] + all[2] + all[3];
}

} // namespace

double attune::measurePeakGflops(int threads) {
  threads = std::max(threads, 1);
  double best = 0;
  for (int run = 0; run < 12; ++run) {
    std::vector<double> flops(threads);
    double seconds = timeTogether(threads, [&](int index) {
      // Several runs, so that starting together weighs little.
      for (int i = 0; i < 4; ++i)
        flops[index] += runFma();
    });
    double total = 0;
    for (double value : flops)
      total += value;
    best = std::max(best, total / seconds / 1e9);
  }
  return best;
}

double attune::measureReadBandwidth(int threads) {
  threads = std::max(threads, 1);
  // Four times the last-level cache, as far as it is known, within reason.
  int64_t cache = 0;
#ifdef _SC_LEVEL3_CACHE_SIZE
  cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  int64_t bytes =
      std::clamp<int64_t>(4 * cache, int64_t(128) << 20, int64_t(512) << 20);
  std::unique_ptr<char, void (*)(void *)> memory(
      static_cast<char *>(std::aligned_alloc(4096, bytes)), std::free);
  if (!memory)
    return 0;
  std::memset(memory.get(), 1, bytes);
  std::atomic<uint64_t> sink = 0;
  double best = 0;
  for (int pass = 0; pass < 5; ++pass) {
    double seconds = timeTogether(threads, [&](int index) {
      int64_t lines = bytes / 128;
      const char *base = memory.get();
      sink += readAll(base + lines * index / threads * 128,
                      base + lines * (index + 1) / threads * 128);
    });
    best = std::max(best, double(bytes) / seconds / 1e9);
  }
  return best;
}

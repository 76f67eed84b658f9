//===- Execution.cpp - One run of a measured code -------------------------===//
#include "Execution.h"

#include "attune/Runtime/Text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <unistd.h>

namespace attune::measure {

namespace {

double nowMs() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) * 1e3 + double(time.tv_nsec) * 1e-6;
}

#if defined(__x86_64__)
constexpr size_t kLine = 64;
#else
/// When the system does not say how large the last cache is.
constexpr size_t kLargeCache = size_t(32) << 20;
/// Some systems tell of the caches of several sockets together.
constexpr size_t kLargestCache = size_t(512) << 20;
constexpr size_t kEvictionGrain = size_t(1) << 20;

size_t lastCacheBytes() {
  long bytes = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE)
  bytes =
      std::max(sysconf(_SC_LEVEL3_CACHE_SIZE), sysconf(_SC_LEVEL2_CACHE_SIZE));
#endif
  return bytes > 0 ? std::min(size_t(bytes), kLargestCache) : kLargeCache;
}

/// Task `index` of an eviction changes one mebibyte.
void evictGrain(void *args, int64_t index, void *) {
  char *data = *static_cast<char **>(args) + size_t(index) * kEvictionGrain;
  for (size_t i = 0; i < kEvictionGrain; i += 64) {
    auto *byte = reinterpret_cast<volatile char *>(data + i);
    *byte = char(*byte + 1);
  }
}
#endif

} // namespace

bool Execution::create(const AttuneMeasuredKernel &kernel, int32_t threads,
                       std::string &error) {
  int64_t scratch = 64;
  for (int32_t i = 0; i < kernel.num_codes; ++i)
    scratch = std::max(scratch, kernel.codes[i].scratch_bytes);
  pool = attune_pool_create(threads, scratch);
  if (!pool)
    error = rt::format("cannot start %d threads: %s", int(threads),
                       strerror(errno));
  return pool;
}

double Execution::run(Bound &bound, AttuneFailure &failure) {
  const AttuneMeasuredCode &code = *bound.code;
  AttuneCall call = {};
  call.pool = pool;
  call.failure = &failure;
  int64_t *arguments =
      bound.arguments[bound.runs++ % bound.arguments.size()].data();
  double start = nowMs();
  if (code.launch)
    code.launch(&call, arguments);
  else
    attune_pool_run(pool, code.task, arguments, code.count(arguments));
  return nowMs() - start;
}

void Execution::evict(const Operands &operands) {
#if defined(__x86_64__)
  operands.forEachBuffer([](const char *data, size_t bytes) {
    for (size_t i = 0; i < bytes; i += kLine)
      __builtin_ia32_clflush(data + i);
  });
  __builtin_ia32_mfence();
#else
  if (!other.size() && !other.reserve((2 * lastCacheBytes() + kEvictionGrain) /
                                      kEvictionGrain * kEvictionGrain))
    return;
  char *data = other.data();
  attune_pool_run(pool, evictGrain, &data,
                  int64_t(other.size() / kEvictionGrain));
#endif
}

} // namespace attune::measure

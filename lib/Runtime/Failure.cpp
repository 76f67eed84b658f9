//===- Failure.cpp - Failures inside of kernels ---------------------------===//
#include "attune/Runtime/ABI.h"

#include <cstring>

extern "C" void attune_fail(const AttuneCall *call, const char *message) {
  if (!call || !call->failure)
    return;
  AttuneFailure &failure = *call->failure;
  // Threads may fail together: one of them writes.
  int32_t none = 0;
  if (!__atomic_compare_exchange_n(&failure.failed, &none, 1, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return;
  size_t length = strlen(message);
  if (length >= sizeof failure.message)
    length = sizeof failure.message - 1;
  memcpy(failure.message, message, length);
  failure.message[length] = 0;
}

//===- Error.cpp - The calling thread's last error ------------------------===//
#include "Error.h"

#include "attune/Runtime/Model.h"

#include <cstring>

namespace {

/// A plain array: no constructor or destructor has to run in threads that the
/// runtime did not start.
thread_local char lastError[1024];

} // namespace

attune_status attune::rt::fail(attune_status status, std::string_view message) {
  size_t length = message.size();
  if (length >= sizeof lastError) {
    length = sizeof lastError - 1;
    // Not in the middle of a UTF-8 sequence.
    while (length && (uint8_t(message[length]) & 0xc0) == 0x80)
      --length;
  }
  memcpy(lastError, message.data(), length);
  lastError[length] = 0;
  return status;
}

extern "C" const char *attune_error(void) { return lastError; }

//===- Error.h - The calling thread's last error ----------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_ERROR_H
#define ATTUNE_LIB_RUNTIME_ERROR_H

#include "attune/Runtime/Types.h"

#include <string_view>

namespace attune::rt {

/// Keeps `message` for attune_error() and returns `status`.
attune_status fail(attune_status status, std::string_view message);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_ERROR_H

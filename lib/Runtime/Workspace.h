//===- Workspace.h - Memory of one call -------------------------*- C++ -*-===//
//
// A call's workspace holds, each at a multiple of 64 bytes: what compiled code
// asks for, inputs that the caller left out, outputs that the caller does not
// want.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_WORKSPACE_H
#define ATTUNE_LIB_RUNTIME_WORKSPACE_H

#include "attune/Runtime/ABI.h"
#include "attune/Runtime/Types.h"

#include <cstddef>

namespace attune::rt {

struct CallShape;

/// Bytes for any call with these extents: every optional input absent, no
/// output wanted.
attune_status workspaceBytes(const AttuneModel &model,
                             const AttuneVariant &variant, const int64_t *dims,
                             size_t &bytes);

/// Sets buffers[] (inputs, then outputs) to the caller's memory or to places in
/// `workspace`, and fills in absent inputs. `workspace` has workspaceBytes().
void layOutCall(const AttuneModel &model, const AttuneVariant &variant,
                const CallShape &shape, void *workspace, void **buffers);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_WORKSPACE_H

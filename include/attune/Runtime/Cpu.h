//===- Cpu.h - What the CPU at hand offers ------------------------------===//
//
// Which of the features that a compiled variant may need (ATTUNE_CPU_* in
// ABI.h) the CPU has and the operating system has switched on, their names for
// messages, and the choice of a variant.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_CPU_H
#define ATTUNE_RUNTIME_CPU_H

#include "attune/Runtime/ABI.h"

#include <string>

namespace attune::rt {

/// The ATTUNE_CPU_* bits that this CPU and this operating system offer. Wide
/// registers count only when the system saves them (XGETBV).
uint64_t cpuFeatures();

/// "AVX2+FMA, AVX-512" for a set of ATTUNE_CPU_* bits; "none" for 0. Bits that
/// this runtime does not know are named by their number.
std::string cpuFeatureNames(uint64_t features);

/// The first variant of `model` that runs with `features`; with `wanted` (a
/// variant's name, may be null or empty) that one alone is considered. Returns
/// null and a message in `error` that says what is missing and what to do.
const AttuneVariant *selectVariant(const AttuneModel &model, uint64_t features,
                                   const char *wanted, std::string &error);

} // namespace attune::rt

#endif // ATTUNE_RUNTIME_CPU_H

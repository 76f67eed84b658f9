//===- Program.h - The program that a model becomes -------------*- C++ -*-===//
#ifndef ATTUNE_RUNTIME_PROGRAM_H
#define ATTUNE_RUNTIME_PROGRAM_H

#include "attune/Runtime/ABI.h"

namespace attune::program {

/// The main function of an emitted program: `argv[1]` is a subcommand (embed,
/// run, bench, info, tokenize). Returns the exit status.
int runProgram(const AttuneModel &model, int argc, char **argv);

} // namespace attune::program

#endif // ATTUNE_RUNTIME_PROGRAM_H

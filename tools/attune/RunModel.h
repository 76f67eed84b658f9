//===- RunModel.h - A model's program in this process -----------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_RUNMODEL_H
#define ATTUNE_TOOLS_ATTUNE_RUNMODEL_H

#include "Commands.h"

namespace attune::tool {

/// Runs a subcommand of the program that the model named first among the
/// arguments is or would become. Options of the compiler are taken out of the
/// arguments, all others go to the program.
int runModel(llvm::StringRef subcommand, int argc, const char **argv);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_RUNMODEL_H

//===- main.cpp - The main function of emitted programs -------------------===//
#include "Program.h"

/// Emitted by the compiler.
extern "C" const AttuneModel attune_model_descriptor;

int main(int argc, char **argv) {
  return attune::program::runProgram(attune_model_descriptor, argc, argv);
}

//===- Run.cpp - attune run, embed, tokenize, info ------------------------===//
//
// Compiles a model into this process and then behaves as the program that it
// would become; a compiled program is started as it is.
//
//===----------------------------------------------------------------------===//
#include "RunModel.h"

using namespace attune::tool;

int attune::tool::runRun(int argc, const char **argv) {
  return runModel("run", argc, argv);
}

int attune::tool::runEmbed(int argc, const char **argv) {
  return runModel("embed", argc, argv);
}

int attune::tool::runTokenize(int argc, const char **argv) {
  return runModel("tokenize", argc, argv);
}

int attune::tool::runInfo(int argc, const char **argv) {
  return runModel("info", argc, argv);
}

//===- Bench.cpp - attune bench -------------------------------------------===//
#include "RunModel.h"

using namespace attune::tool;

int attune::tool::runBench(int argc, const char **argv) {
  return runModel("bench", argc, argv);
}

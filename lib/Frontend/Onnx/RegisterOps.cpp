//===- RegisterOps.cpp - All ops that there are importers for -------------===//
#include "NeuralOps.h"

void attune::registerOnnxOps(OnnxOps &ops) {
  registerElementwise(ops);
  registerActivations(ops);
  registerShapeOps(ops);
  registerDataMovement(ops);
  registerIndexOps(ops);
  registerReductions(ops);
  registerQuantization(ops);
  registerControlFlow(ops);
  registerNeuralOps(ops);
}

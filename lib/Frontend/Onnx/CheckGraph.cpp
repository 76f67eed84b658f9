//===- CheckGraph.cpp - Names are defined once, before their uses ---------===//
#include "Reader.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace attune;

namespace {
/// Names of a graph, and of those around it.
struct Scope {
  const Scope *outer = nullptr;
  StringSet<> names;

  bool has(StringRef name) const {
    for (const Scope *scope = this; scope; scope = scope->outer)
      if (scope->names.contains(name))
        return true;
    return false;
  }
};
} // namespace

static Error checkScope(const OnnxGraph &graph, const Scope *outer) {
  Scope scope;
  scope.outer = outer;
  auto define = [&](StringRef name, const Twine &place) -> Error {
    if (name.empty())
      return userError(place + ": expected a name, found an empty one");
    if (!scope.names.insert(name).second)
      return userError(place + ": '" + printable(name) +
                       "' is defined twice; every value has one definition");
    return Error::success();
  };
  for (const OnnxValueInfo &input : graph.inputs)
    if (Error error = define(input.name, "inputs of the graph"))
      return error;
  for (const auto &tensor : graph.initializers)
    if (Error error = define(tensor->name, "initializers"))
      return error;

  // Only for messages.
  StringMap<StringRef> definedBy;
  for (const OnnxNode &node : graph.nodes)
    for (const std::string &output : node.outputs)
      definedBy.try_emplace(output, node.name);

  for (const OnnxNode &node : graph.nodes) {
    std::string place =
        "node '" + printable(node.name) + "' (" + printable(node.op) + ")";
    if (node.domain.empty() && node.version == 0)
      return userError(place + ": the model imports no opset of ONNX's own "
                               "operators (opset_import)");
    for (const std::string &input : node.inputs) {
      if (input.empty() || scope.has(input))
        continue;
      auto found = definedBy.find(input);
      if (found == definedBy.end())
        return userErrorf("{0}: '{1}' is not defined anywhere", place,
                          printable(input));
      return userErrorf("{0}: '{1}' is used before node '{2}' defines it: the "
                        "nodes are not in order, or form a cycle",
                        place, printable(input), printable(found->second));
    }
    for (const OnnxAttribute &attribute : node.attributes)
      if (attribute.graph)
        if (Error error = checkScope(*attribute.graph, &scope))
          return error;
    for (const std::string &output : node.outputs)
      if (!output.empty())
        if (Error error = define(output, place))
          return error;
  }
  for (const OnnxValueInfo &output : graph.outputs)
    if (!scope.has(output.name))
      return userErrorf("the output '{0}' of the graph is not defined",
                        printable(output.name));
  return Error::success();
}

Error attune::checkGraph(const OnnxGraph &graph) {
  return checkScope(graph, nullptr);
}

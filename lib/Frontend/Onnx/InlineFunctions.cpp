//===- InlineFunctions.cpp - Calls become the bodies they stand for -------===//
#include "Reader.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace attune;

static constexpr size_t kMaxNodes = 1 << 20;
/// Calls within each other.
static constexpr unsigned kMaxCallDepth = 64;

namespace {

/// What names within a function become in the graph that calls it.
using Names = StringMap<std::string>;

class Inliner {
public:
  explicit Inliner(const StringMap<OnnxFunction> &functions)
      : functions(functions) {}

  Error run(OnnxGraph &graph) {
    collectNames(graph);
    return expand(graph.nodes);
  }

private:
  void collectNames(const OnnxGraph &graph);
  Error expand(std::vector<OnnxNode> &nodes);
  Error call(const OnnxFunction &function, const OnnxNode &node,
             std::vector<OnnxNode> &out);
  std::string fresh(const Twine &name);
  Error copyNode(OnnxNode &node, Names &names, const OnnxNode &call,
                 const OnnxFunction &function);
  Expected<std::shared_ptr<const OnnxGraph>>
  copyGraph(const OnnxGraph &from, Names names, const OnnxNode &call,
            const OnnxFunction &function);

  const StringMap<OnnxFunction> &functions;
  /// Names of values of the model.
  StringSet<> used;
  std::vector<const OnnxFunction *> stack;
  size_t count = 0;
};

} // namespace

void Inliner::collectNames(const OnnxGraph &graph) {
  for (const OnnxValueInfo &input : graph.inputs)
    used.insert(input.name);
  for (const auto &tensor : graph.initializers)
    used.insert(tensor->name);
  for (const OnnxNode &node : graph.nodes) {
    for (const std::string &output : node.outputs)
      used.insert(output);
    for (const OnnxAttribute &attribute : node.attributes)
      if (attribute.graph)
        collectNames(*attribute.graph);
  }
}

std::string Inliner::fresh(const Twine &name) {
  std::string result = name.str();
  for (unsigned i = 1; !used.insert(result).second; ++i)
    result = (name + "_" + Twine(i)).str();
  return result;
}

Error Inliner::expand(std::vector<OnnxNode> &nodes) {
  std::vector<OnnxNode> out;
  for (OnnxNode &node : nodes) {
    for (OnnxAttribute &attribute : node.attributes) {
      if (!attribute.graph)
        continue;
      auto inner = std::make_shared<OnnxGraph>(*attribute.graph);
      if (Error error = expand(inner->nodes))
        return error;
      attribute.graph = std::move(inner);
    }
    auto found =
        functions.find(getFunctionKey(node.domain, node.op, node.overload));
    if (found == functions.end()) {
      if (++count > kMaxNodes)
        return userErrorf("the model has more than {0} nodes once its "
                          "functions are inlined",
                          kMaxNodes);
      out.push_back(std::move(node));
      continue;
    }
    if (Error error = call(found->second, node, out))
      return error;
  }
  nodes = std::move(out);
  return Error::success();
}

Error Inliner::call(const OnnxFunction &function, const OnnxNode &node,
                    std::vector<OnnxNode> &out) {
  std::string place = "node '" + printable(node.name) + "': the function '" +
                      printable(function.name) + "' ";
  if (is_contained(stack, &function))
    return userError(place + "calls itself");
  if (stack.size() == kMaxCallDepth)
    return userErrorf("{0}is called {1} functions deep", place, kMaxCallDepth);
  if (node.inputs.size() > function.inputs.size() ||
      node.outputs.size() > function.outputs.size())
    return userErrorf("{0}takes {1} inputs and gives {2} outputs, found {3} "
                      "and {4}",
                      place, function.inputs.size(), function.outputs.size(),
                      node.inputs.size(), node.outputs.size());
  if (++count > kMaxNodes)
    return userErrorf("the model has more than {0} nodes once its functions "
                      "are inlined",
                      kMaxNodes);
  Names names;
  for (auto [i, input] : enumerate(function.inputs))
    names[input] = i < node.inputs.size() ? node.inputs[i] : "";
  // The body gives results under the names that the caller wants, but for
  // inputs that are handed through.
  std::vector<OnnxNode> body;
  std::vector<std::pair<std::string, std::string>> handedThrough;
  for (auto [i, output] : enumerate(function.outputs)) {
    if (i >= node.outputs.size() || node.outputs[i].empty())
      continue;
    if (names.contains(output))
      handedThrough.push_back({names[output], node.outputs[i]});
    else
      names[output] = node.outputs[i];
  }
  for (const OnnxNode &inner : function.nodes) {
    OnnxNode copy = inner;
    if (Error error = copyNode(copy, names, node, function))
      return error;
    body.push_back(std::move(copy));
  }
  for (auto &[from, to] : handedThrough) {
    OnnxNode identity;
    identity.name = node.name;
    identity.op = "Identity";
    identity.version = kMaxOnnxOpset;
    identity.inputs = {from};
    identity.outputs = {to};
    body.push_back(std::move(identity));
  }
  stack.push_back(&function);
  Error error = expand(body);
  stack.pop_back();
  if (error)
    return error;
  move(body, std::back_inserter(out));
  return Error::success();
}

Error Inliner::copyNode(OnnxNode &node, Names &names, const OnnxNode &call,
                        const OnnxFunction &function) {
  for (std::string &input : node.inputs) {
    if (input.empty())
      continue;
    auto found = names.find(input);
    if (found == names.end())
      return userErrorf("function '{0}': '{1}' is used before it is defined",
                        printable(function.name), printable(input));
    input = found->second;
  }
  std::vector<OnnxAttribute> attributes;
  for (OnnxAttribute &attribute : node.attributes) {
    if (!attribute.reference.empty()) {
      const OnnxAttribute *given = call.find(attribute.reference);
      for (const OnnxAttribute &known : function.defaults)
        if (!given && known.name == attribute.reference)
          given = &known;
      // Without it the op's own default counts.
      if (!given)
        continue;
      OnnxAttribute copy = *given;
      copy.name = attribute.name;
      attributes.push_back(std::move(copy));
      continue;
    }
    if (attribute.graph) {
      Expected<std::shared_ptr<const OnnxGraph>> graph =
          copyGraph(*attribute.graph, names, call, function);
      if (!graph)
        return graph.takeError();
      attribute.graph = std::move(*graph);
    }
    attributes.push_back(std::move(attribute));
  }
  node.attributes = std::move(attributes);
  for (std::string &output : node.outputs) {
    if (output.empty())
      continue;
    std::string &name = names[output];
    if (name.empty())
      name = fresh(call.name + "/" + output);
    output = name;
  }
  node.name = call.name + "/" + node.name;
  return Error::success();
}

Expected<std::shared_ptr<const OnnxGraph>>
Inliner::copyGraph(const OnnxGraph &from, Names names, const OnnxNode &call,
                   const OnnxFunction &function) {
  auto graph = std::make_shared<OnnxGraph>(from);
  auto define = [&](std::string &name) {
    std::string &to = names[name];
    to = fresh(call.name + "/" + name);
    name = to;
  };
  for (OnnxValueInfo &input : graph->inputs)
    define(input.name);
  for (auto &tensor : graph->initializers) {
    auto copy = std::make_shared<OnnxTensor>(*tensor);
    define(copy->name);
    tensor = std::move(copy);
  }
  for (OnnxNode &node : graph->nodes) {
    // Names of the graph hide those around it.
    for (const std::string &output : node.outputs)
      names.erase(output);
    if (Error error = copyNode(node, names, call, function))
      return std::move(error);
  }
  for (OnnxValueInfo &output : graph->outputs) {
    auto found = names.find(output.name);
    if (found == names.end())
      return userErrorf("function '{0}': '{1}' is used before it is defined",
                        printable(function.name), printable(output.name));
    output.name = found->second;
  }
  return graph;
}

Error attune::inlineFunctions(OnnxGraph &graph,
                              const StringMap<OnnxFunction> &functions) {
  return Inliner(functions).run(graph);
}

//===- ReadModel.cpp - Protobuf becomes an OnnxModel ----------------------===//
#include "Reader.h"
#include "WireFormat.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "onnx.pb.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace attune;

/// ir_version that Attune reads.
static constexpr int64_t kMinIRVersion = 3, kMaxIRVersion = 14;
/// A model without its tensors; real ones have some MB. Parsed messages take
/// many times their bytes.
static constexpr size_t kMaxModelBytes = 256 << 20;

const OnnxAttribute *OnnxNode::find(StringRef name) const {
  for (const OnnxAttribute &attribute : attributes)
    if (attribute.name == name)
      return &attribute;
  return nullptr;
}

std::string attune::getFunctionKey(StringRef domain, StringRef name,
                                   StringRef overload) {
  return (domain + "::" + name + "::" + overload).str();
}

static std::string domainOf(StringRef name) {
  return name == "ai.onnx" ? "" : name.str();
}

namespace {
class ModelReader {
public:
  explicit ModelReader(OnnxModel &model) : model(model), tensors(model) {}
  Error read(const onnx::ModelProto &proto);

private:
  using Opsets = StringMap<int64_t>;
  template <typename Protos>
  Error readOpsets(const Protos &protos, StringRef owner, Opsets &opsets);
  Error readGraph(const onnx::GraphProto &proto, const Opsets &opsets,
                  OnnxGraph &graph);
  template <typename Protos>
  Error readNodes(const Protos &protos, const Opsets &opsets,
                  std::vector<OnnxNode> &nodes);
  Error readAttribute(const onnx::AttributeProto &proto, const Opsets &opsets,
                      OnnxAttribute &attribute);
  Error readFunctions(const onnx::ModelProto &proto);

  OnnxModel &model;
  TensorReader tensors;
  StringMap<OnnxFunction> functions;
};
} // namespace

template <typename Protos>
Error ModelReader::readOpsets(const Protos &protos, StringRef owner,
                              Opsets &opsets) {
  for (const onnx::OperatorSetIdProto &proto : protos) {
    std::string domain = domainOf(proto.domain());
    int64_t version = proto.version();
    if (domain.empty() && (version < kMinOnnxOpset || version > kMaxOnnxOpset))
      return userErrorf("{0}opset {1}: expected opsets {2} to {3}; convert the "
                        "model with onnx.version_converter",
                        owner, version, kMinOnnxOpset, kMaxOnnxOpset);
    opsets[domain] = version;
  }
  return Error::success();
}

static OnnxValueInfo readValueInfo(const onnx::ValueInfoProto &proto) {
  OnnxValueInfo info;
  info.name = proto.name();
  switch (proto.type().value_case()) {
  case onnx::TypeProto::kTensorType:
    info.kind = "tensor";
    break;
  case onnx::TypeProto::kSequenceType:
    info.kind = "sequence";
    return info;
  case onnx::TypeProto::kOptionalType:
    info.kind = "optional";
    return info;
  case onnx::TypeProto::kMapType:
    info.kind = "map";
    return info;
  case onnx::TypeProto::kSparseTensorType:
    info.kind = "sparse tensor";
    return info;
  default:
    return info;
  }
  const onnx::TypeProto::Tensor &type = proto.type().tensor_type();
  if (type.elem_type() > 0 && type.elem_type() <= kLastOnnxType)
    info.type = static_cast<OnnxType>(type.elem_type());
  if (!type.has_shape())
    return info;
  info.shape.emplace();
  for (const onnx::TensorShapeProto::Dimension &dim : type.shape().dim()) {
    OnnxValueInfo::Dim extent;
    if (dim.value_case() == onnx::TensorShapeProto::Dimension::kDimValue)
      extent.value = dim.dim_value();
    else
      extent.name = dim.dim_param();
    info.shape->push_back(std::move(extent));
  }
  return info;
}

Error ModelReader::readAttribute(const onnx::AttributeProto &proto,
                                 const Opsets &opsets,
                                 OnnxAttribute &attribute) {
  using Kind = OnnxAttribute::Kind;
  attribute.name = proto.name();
  attribute.reference = proto.ref_attr_name();
  switch (proto.type()) {
  case onnx::AttributeProto::FLOAT:
    attribute.kind = Kind::Float;
    attribute.f = proto.f();
    break;
  case onnx::AttributeProto::INT:
    attribute.kind = Kind::Int;
    attribute.i = proto.i();
    break;
  case onnx::AttributeProto::STRING:
    attribute.kind = Kind::String;
    attribute.s = proto.s();
    break;
  case onnx::AttributeProto::FLOATS:
    attribute.kind = Kind::Floats;
    attribute.floats.assign(proto.floats().begin(), proto.floats().end());
    break;
  case onnx::AttributeProto::INTS:
    attribute.kind = Kind::Ints;
    attribute.ints.assign(proto.ints().begin(), proto.ints().end());
    break;
  case onnx::AttributeProto::STRINGS:
    attribute.kind = Kind::Strings;
    attribute.strings.assign(proto.strings().begin(), proto.strings().end());
    break;
  case onnx::AttributeProto::TENSOR: {
    // A reference to an attribute of the caller has a type and no value.
    if (!proto.has_t())
      break;
    Expected<OnnxTensor> tensor = tensors.read(proto.t());
    if (!tensor)
      return tensor.takeError();
    attribute.kind = Kind::Tensor;
    attribute.tensor = std::make_shared<OnnxTensor>(std::move(*tensor));
    break;
  }
  case onnx::AttributeProto::GRAPH: {
    if (!proto.has_g())
      break;
    auto graph = std::make_shared<OnnxGraph>();
    if (Error error = readGraph(proto.g(), opsets, *graph))
      return error;
    attribute.kind = Kind::Graph;
    attribute.graph = std::move(graph);
    break;
  }
  default:
    break;
  }
  return Error::success();
}

template <typename Protos>
Error ModelReader::readNodes(const Protos &protos, const Opsets &opsets,
                             std::vector<OnnxNode> &nodes) {
  for (const onnx::NodeProto &proto : protos) {
    OnnxNode node;
    node.op = proto.op_type();
    node.name = proto.name();
    if (node.name.empty())
      node.name = node.op + "_" + std::to_string(nodes.size());
    node.domain = domainOf(proto.domain());
    node.overload = proto.overload();
    node.version = opsets.lookup(node.domain);
    node.inputs.assign(proto.input().begin(), proto.input().end());
    node.outputs.assign(proto.output().begin(), proto.output().end());
    for (const onnx::AttributeProto &attribute : proto.attribute()) {
      if (node.find(attribute.name()))
        return userErrorf("node '{0}': the attribute '{1}' is there twice",
                          printable(node.name), printable(attribute.name()));
      OnnxAttribute read;
      if (Error error = readAttribute(attribute, opsets, read))
        return userErrorf("node '{0}': {1}", printable(node.name),
                          toString(std::move(error)));
      node.attributes.push_back(std::move(read));
    }
    nodes.push_back(std::move(node));
  }
  return Error::success();
}

Error ModelReader::readGraph(const onnx::GraphProto &proto,
                             const Opsets &opsets, OnnxGraph &graph) {
  graph.name = proto.name();
  if (proto.sparse_initializer_size())
    return unsupportedError("the model is not supported", "sparse initializers",
                            printable(graph.name),
                            "store them as dense tensors");
  StringSet<> initializers;
  for (const onnx::TensorProto &tensor : proto.initializer()) {
    Expected<OnnxTensor> read = tensors.read(tensor);
    if (!read)
      return read.takeError();
    if (!initializers.insert(read->name).second)
      return userErrorf("the initializer '{0}' is there twice",
                        printable(read->name));
    graph.initializers.push_back(
        std::make_shared<OnnxTensor>(std::move(*read)));
  }
  // Inputs with a default are constants.
  for (const onnx::ValueInfoProto &input : proto.input())
    if (!initializers.contains(input.name()))
      graph.inputs.push_back(readValueInfo(input));
  for (const onnx::ValueInfoProto &output : proto.output())
    graph.outputs.push_back(readValueInfo(output));
  return readNodes(proto.node(), opsets, graph.nodes);
}

Error ModelReader::readFunctions(const onnx::ModelProto &proto) {
  for (const onnx::FunctionProto &from : proto.functions()) {
    OnnxFunction function;
    function.domain = domainOf(from.domain());
    function.name = from.name();
    function.overload = from.overload();
    std::string key =
        getFunctionKey(function.domain, function.name, function.overload);
    std::string owner = "function '" + printable(function.name) + "': ";
    Opsets opsets;
    if (Error error = readOpsets(from.opset_import(), owner, opsets))
      return error;
    function.inputs.assign(from.input().begin(), from.input().end());
    function.outputs.assign(from.output().begin(), from.output().end());
    for (const onnx::AttributeProto &attribute : from.attribute_proto()) {
      OnnxAttribute read;
      if (Error error = readAttribute(attribute, opsets, read))
        return userError(owner + toString(std::move(error)));
      function.defaults.push_back(std::move(read));
    }
    if (Error error = readNodes(from.node(), opsets, function.nodes))
      return userError(owner + toString(std::move(error)));
    if (!functions.try_emplace(key, std::move(function)).second)
      return userError(owner + "it is there twice");
  }
  return Error::success();
}

Error ModelReader::read(const onnx::ModelProto &proto) {
  if (!proto.has_graph())
    return userError("not an ONNX model: it has no graph");
  model.irVersion = proto.ir_version();
  if (model.irVersion < kMinIRVersion || model.irVersion > kMaxIRVersion)
    return userErrorf("IR version {0}: expected {1} to {2}", model.irVersion,
                      kMinIRVersion, kMaxIRVersion);
  model.producer = proto.producer_name();
  if (Error error = readOpsets(proto.opset_import(), "", model.opsets))
    return error;
  if (model.opsets.empty())
    return userError("the model imports no operator set (opset_import)");
  if (Error error = readFunctions(proto))
    return error;
  if (Error error = readGraph(proto.graph(), model.opsets, model.graph))
    return error;
  if (Error error = inlineFunctions(model.graph, functions))
    return error;
  return checkGraph(model.graph);
}

static Expected<OnnxModel> readModel(std::unique_ptr<MemoryBuffer> buffer,
                                     StringRef directory, StringRef name) {
  Expected<std::string> separated = separateData(buffer->getBuffer());
  if (!separated)
    return separated.takeError();
  if (separated->size() > kMaxModelBytes)
    return userErrorf("the model without its tensors has {0} bytes, expected "
                      "at most {1}",
                      separated->size(), kMaxModelBytes);
  onnx::ModelProto proto;
  if (!proto.ParseFromArray(separated->data(),
                            static_cast<int>(separated->size())))
    return userError("not an ONNX model: its protobuf is damaged");
  *separated = std::string();

  OnnxModel model;
  model.directory = directory.str();
  model.files.push_back(name.str());
  model.buffers.push_back(std::move(buffer));
  if (Error error = ModelReader(model).read(proto))
    return std::move(error);
  return std::move(model);
}

/// Names the file in an error of any class.
static Error inFile(StringRef path, Error error) {
  std::string file = printable(path, 400);
  return handleErrors(
      std::move(error),
      [&](const UserError &e) { return userError(file + ": " + e.getText()); },
      [&](const UnsupportedError &e) -> Error {
        return make_error<UnsupportedError>(file + ": " + e.getTitle().str(),
                                            e.getItems().vec());
      });
}

Expected<OnnxModel> attune::readOnnxModel(std::unique_ptr<MemoryBuffer> buffer,
                                          StringRef directory) {
  std::string name = buffer->getBufferIdentifier().str();
  return readModel(std::move(buffer), directory, name);
}

Expected<OnnxModel> attune::loadOnnxModel(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  StringRef directory = sys::path::parent_path(path);
  Expected<OnnxModel> model =
      readModel(std::move(*buffer), directory.empty() ? "." : directory,
                sys::path::filename(path));
  if (!model)
    return inFile(path, model.takeError());
  return model;
}

//===- RunnableModel.cpp - A model run on token sequences -----------------===//
#include "attune/Linearize/RunnableModel.h"
#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Extents.h"
#include "attune/Support/Error.h"

using namespace attune;

/// More tokens than any text of a calibration set has.
static constexpr size_t kMostTokens = size_t(1) << 20;

static llvm::Error runtimeError() {
  return userErrorf("the model cannot be run: {0}", attune_error());
}

RunnableModel::~RunnableModel() { attune_destroy(handle); }

llvm::Expected<std::unique_ptr<RunnableModel>>
RunnableModel::create(Compilation &compilation, int threads) {
  std::unique_ptr<RunnableModel> model(new RunnableModel);
  llvm::Expected<std::unique_ptr<InMemoryModel>> compiled =
      InMemoryModel::create(compilation);
  if (!compiled)
    return compiled.takeError();
  model->compiled = std::move(*compiled);
  std::string weights = model->compiled->getWeightsPath();
  attune_options options = ATTUNE_OPTIONS_INIT;
  options.weights_path = weights.c_str();
  options.threads = threads;
  if (attune_create(&model->getDescriptor(), nullptr, &options,
                    &model->handle) != ATTUNE_OK)
    return runtimeError();
  if (llvm::Error error = model->findInputs())
    return std::move(error);
  return std::move(model);
}

static bool isPositions(const AttuneTensorInfo &info) {
  return llvm::StringRef(info.name).contains("position");
}
static bool isMask(const AttuneTensorInfo &info) {
  return info.when_absent == ATTUNE_ONES ||
         llvm::StringRef(info.name).contains("mask");
}

llvm::Error RunnableModel::findInputs() {
  const AttuneModel &model = getDescriptor();
  for (int32_t i = 0; i < model.num_inputs; ++i) {
    const AttuneTensorInfo &info = model.inputs[i];
    if (!rt::isFloatType(info.type) && info.rank == 2 && idsInput < 0 &&
        info.when_absent == ATTUNE_REQUIRED && !isPositions(info) &&
        !isMask(info))
      idsInput = i;
  }
  if (idsInput < 0)
    return userErrorf("the model '{0}' takes no token ids: expected an integer "
                      "input of shape [batch, length] that is neither a mask "
                      "nor positions",
                      model.name);
  return llvm::Error::success();
}

int64_t RunnableModel::getMaxLength() const {
  const AttuneModel &model = getDescriptor();
  int64_t extent = getIdsInput().dims[1];
  int32_t symbol = rt::symbolOf(model, extent);
  return symbol >= 0 ? model.symbols[symbol].max : std::max<int64_t>(extent, 0);
}

llvm::Expected<TokenSequence> RunnableModel::tokenize(llvm::StringRef text,
                                                      int64_t maxLength) {
  TokenSequence ids(std::min(kMostTokens, 2 * text.size() + 64));
  size_t count = 0;
  attune_status status =
      attune_tokenize(handle, text.data(), text.size(), maxLength, ids.data(),
                      nullptr, ids.size(), &count);
  if (status != ATTUNE_OK)
    return userErrorf("cannot tokenize the text: {0}", attune_error());
  ids.resize(count);
  return ids;
}

llvm::Expected<llvm::StringMap<RunOutput>>
RunnableModel::run(llvm::ArrayRef<int64_t> ids,
                   llvm::ArrayRef<std::string> outputs) {
  const AttuneModel &model = getDescriptor();
  // One sequence of the ids' length; what else is dynamic is empty or least.
  std::vector<int64_t> symbols;
  for (int32_t i = 0; i < model.num_symbols; ++i)
    symbols.push_back(model.symbols[i].min);
  const AttuneTensorInfo &idsInfo = getIdsInput();
  if (int32_t batch = rt::symbolOf(model, idsInfo.dims[0]); batch >= 0)
    symbols[batch] = 1;
  if (int32_t length = rt::symbolOf(model, idsInfo.dims[1]); length >= 0)
    symbols[length] = ids.size();

  std::deque<std::vector<uint64_t>> memory;
  std::vector<attune_tensor> inputs;
  for (int32_t i = 0; i < model.num_inputs; ++i) {
    const AttuneTensorInfo &info = model.inputs[i];
    attune_tensor tensor = {};
    tensor.name = info.name;
    tensor.type = info.type;
    tensor.rank = info.rank;
    int64_t count = 1;
    for (int32_t d = 0; d < info.rank; ++d) {
      tensor.dims[d] =
          rt::extentValue(model, info.dims[d], symbols.data()).value_or(0);
      count *= tensor.dims[d];
    }
    if (i == idsInput && count != static_cast<int64_t>(ids.size()))
      return userErrorf("the model takes sequences of {0} tokens alone, not of "
                        "{1}",
                        count, ids.size());
    auto &values =
        memory.emplace_back(count * rt::elementSize(info.type) / 8 + 1);
    auto set = given.find(info.name);
    for (int64_t e = 0; e < count; ++e) {
      int64_t value = set != given.end()  ? set->second
                      : i == idsInput     ? ids[e]
                      : isPositions(info) ? e
                      : isMask(info)      ? 1
                                          : 0;
      if (rt::isFloatType(info.type))
        rt::setFloat(info.type, values.data(), e, value);
      else
        rt::setElement(info.type, values.data(), e, value);
    }
    tensor.data = values.data();
    inputs.push_back(tensor);
  }

  std::vector<attune_tensor> results;
  for (const std::string &name : outputs) {
    attune_tensor tensor = {};
    tensor.name = name.c_str();
    results.push_back(tensor);
  }
  if (attune_shapes(handle, inputs.data(), inputs.size(), results.data(),
                    results.size()) != ATTUNE_OK)
    return runtimeError();
  for (attune_tensor &tensor : results) {
    int64_t count = 1;
    for (int32_t d = 0; d < tensor.rank; ++d)
      count *= tensor.dims[d];
    tensor.data =
        memory.emplace_back(count * rt::elementSize(tensor.type) / 8 + 1)
            .data();
  }
  if (attune_forward(handle, inputs.data(), inputs.size(), results.data(),
                     results.size(), nullptr, 0) != ATTUNE_OK)
    return runtimeError();

  llvm::StringMap<RunOutput> found;
  for (const attune_tensor &tensor : results) {
    RunOutput &output = found[tensor.name];
    output.shape.assign(tensor.dims, tensor.dims + tensor.rank);
    int64_t count = 1;
    for (int64_t extent : output.shape)
      count *= extent;
    for (int64_t e = 0; e < count; ++e)
      output.values.push_back(
          static_cast<float>(rt::elementValue(tensor.type, tensor.data, e)));
  }
  return found;
}

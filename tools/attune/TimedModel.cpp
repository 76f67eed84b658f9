//===- TimedModel.cpp - Models timed in turns -----------------------------===//
#include "TimedModel.h"
#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Extents.h"
#include "attune/Support/Error.h"
#include <chrono>

using namespace attune;
using namespace attune::tool;

static llvm::Error runtimeError() {
  return userErrorf("the model cannot be run: {0}", attune_error());
}

/// Values that the model takes, the same in every run of the command.
static void fill(const AttuneTensorInfo &info, void *data, int64_t count) {
  std::mt19937_64 random(0);
  bool isMask = info.when_absent == ATTUNE_ONES;
  bool hasRange = info.min <= info.max;
  uint64_t span =
      static_cast<uint64_t>(info.max) - static_cast<uint64_t>(info.min) + 1;
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits = random() >> 33;
    double real = isMask ? 1 : static_cast<double>(bits) / (1u << 30) - 1;
    int64_t integer = isMask ? 1
                      : hasRange && span
                          ? info.min + static_cast<int64_t>(bits % span)
                          : 0;
    if (rt::isFloatType(info.type))
      rt::setFloat(info.type, data, i, real);
    else
      rt::setElement(info.type, data, i, integer);
  }
}

TimedModel::~TimedModel() { attune_destroy(handle); }

attune_tensor &TimedModel::addTensor(std::vector<attune_tensor> &list,
                                     const AttuneTensorInfo &info,
                                     llvm::ArrayRef<int64_t> symbols) {
  attune_tensor tensor = {};
  tensor.name = info.name;
  tensor.type = info.type;
  tensor.rank = info.rank;
  size_t bytes = rt::elementSize(info.type);
  for (int32_t i = 0; i < info.rank; ++i) {
    tensor.dims[i] =
        rt::extentValue(compiled->getDescriptor(), info.dims[i], symbols.data())
            .value_or(0);
    bytes *= static_cast<size_t>(tensor.dims[i]);
  }
  tensor.data = memory.emplace_back((bytes + 7) / 8).data();
  list.push_back(tensor);
  return list.back();
}

llvm::Error TimedModel::makeTensors(const llvm::StringMap<int64_t> &sizes) {
  const AttuneModel &model = compiled->getDescriptor();
  std::vector<int64_t> symbols;
  std::vector<bool> isGiven(model.num_symbols);
  for (const AttuneSymbol &symbol :
       llvm::ArrayRef(model.symbols, model.num_symbols)) {
    auto value = sizes.find(symbol.name);
    symbols.push_back(value == sizes.end() ? 1 : value->second);
  }
  // Sizes are what somebody chose without a thought of each other.
  rt::fitSymbols(model, symbols.data(), isGiven);
  // Refuses what no memory can hold before anything is allocated.
  if (attune_reserve(handle, symbols.data(), symbols.size()) != ATTUNE_OK)
    return runtimeError();
  for (const AttuneTensorInfo &info :
       llvm::ArrayRef(model.inputs, model.num_inputs)) {
    attune_tensor &tensor = addTensor(inputs, info, symbols);
    int64_t count = 1;
    for (int64_t extent : llvm::ArrayRef(tensor.dims, tensor.rank))
      count *= extent;
    fill(info, tensor.data, count);
  }
  for (int32_t i = 0; i < model.num_outputs; ++i)
    if (model.embedding_output < 0 || model.embedding_output == i)
      addTensor(outputs, model.outputs[i], symbols);
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<TimedModel>>
TimedModel::create(Compilation &compilation,
                   const llvm::StringMap<int64_t> &sizes, int threads) {
  std::unique_ptr<TimedModel> model(new TimedModel);
  llvm::Expected<std::unique_ptr<InMemoryModel>> compiled =
      InMemoryModel::create(compilation);
  if (!compiled)
    return compiled.takeError();
  model->compiled = std::move(*compiled);
  std::string weights = model->compiled->getWeightsPath();
  attune_options options = ATTUNE_OPTIONS_INIT;
  options.weights_path = weights.c_str();
  options.threads = threads;
  if (attune_create(&model->compiled->getDescriptor(), nullptr, &options,
                    &model->handle) != ATTUNE_OK)
    return runtimeError();
  if (llvm::Error error = model->makeTensors(sizes))
    return std::move(error);
  return std::move(model);
}

llvm::Expected<double> TimedModel::run() {
  auto begin = std::chrono::steady_clock::now();
  if (attune_forward(handle, inputs.data(), inputs.size(), outputs.data(),
                     outputs.size(), nullptr, 0) != ATTUNE_OK)
    return runtimeError();
  std::chrono::duration<double, std::milli> time =
      std::chrono::steady_clock::now() - begin;
  return time.count();
}

llvm::Error ModelComparison::run(TimedModel &before, TimedModel &after,
                                 double seconds,
                                 const std::atomic<bool> &stop) {
  // Enough for an interval, whatever a run takes.
  constexpr int kLeastPairs = 9, kMostPairs = 5000;
  constexpr int kWarmUps = 2;
  auto begin = std::chrono::steady_clock::now();
  for (int i = -kWarmUps; i < kMostPairs && !stop; ++i) {
    std::chrono::duration<double> elapsed =
        std::chrono::steady_clock::now() - begin;
    if (i >= kLeastPairs && elapsed.count() >= seconds)
      break;
    double times[2];
    int begins = static_cast<int>(random() & 1);
    for (int turn = 0; turn < 2; ++turn) {
      int which = turn ^ begins;
      llvm::Expected<double> time = (which ? after : before).run();
      if (!time)
        return time.takeError();
      times[which] = *time;
    }
    if (i < 0)
      continue;
    first.push_back(times[0]);
    second.push_back(times[1]);
  }
  return llvm::Error::success();
}

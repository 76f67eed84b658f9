//===- Shapes.cpp - Matching a call's tensors to the model's --------------===//
#include "Shapes.h"

#include "Error.h"
#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Text.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace attune::rt {

CallShape::CallShape(const AttuneModel &model)
    : inputs(size_t(model.num_inputs)), outputs(size_t(model.num_outputs)),
      symbols(size_t(model.num_symbols), -1),
      places(size_t(model.num_symbols)) {}

void CallShape::clear() {
  std::fill(inputs.begin(), inputs.end(), nullptr);
  std::fill(outputs.begin(), outputs.end(), nullptr);
  std::fill(symbols.begin(), symbols.end(), -1);
  std::fill(places.begin(), places.end(), SymbolPlace());
}

bool bytesOf(const AttuneModel &model, const AttuneTensorInfo &info,
             const int64_t *symbols, size_t &bytes) {
  bytes = elementSize(info.type);
  bool fits = true;
  for (int32_t i = 0; i < info.rank; ++i) {
    std::optional<int64_t> extent = extentValue(model, info.dims[i], symbols);
    fits = fits && extent && *extent >= 0 &&
           !__builtin_mul_overflow(bytes, size_t(*extent), &bytes);
  }
  return fits && bytes <= SIZE_MAX / 4;
}

namespace {

/// "input 'x'".
std::string label(const char *kind, const AttuneTensorInfo &info) {
  return format("%s '%s'", kind, info.name);
}

/// Finds the descriptor's tensor for element `place` of the caller's array:
/// by name, or by place. Null and an error when there is none.
const AttuneTensorInfo *findTensor(const char *kind,
                                   const AttuneTensorInfo *infos, int32_t count,
                                   const char *name, size_t place) {
  if (!name) {
    if (place < size_t(count))
      return &infos[place];
    fail(ATTUNE_INVALID_ARGUMENT,
         format("%s %zu was given without a name, but the model has %d", kind,
                place, count));
    return nullptr;
  }
  std::vector<std::string_view> names;
  for (int32_t i = 0; i < count; ++i)
    if (!strcmp(infos[i].name, name))
      return &infos[i];
  std::string known;
  for (int32_t i = 0; i < count; ++i) {
    names.push_back(infos[i].name);
    known += format("%s'%s'", i ? ", " : "", infos[i].name);
  }
  std::string_view near = nearestWord(name, names);
  fail(ATTUNE_INVALID_ARGUMENT,
       format("the model has no %s '%s'%s%.*s%s; it has %s", kind, name,
              near.empty() ? "" : " (did you mean '", int(near.size()),
              near.data() ? near.data() : "", near.empty() ? "" : "'?)",
              known.empty() ? "none" : known.c_str()));
  return nullptr;
}

attune_status checkType(const char *kind, const AttuneTensorInfo &info,
                        int32_t type) {
  if (type == info.type)
    return ATTUNE_OK;
  return fail(ATTUNE_INVALID_ARGUMENT,
              format("%s has element type %s, the model's is %s",
                     label(kind, info).c_str(), elementTypeName(type),
                     elementTypeName(info.type)));
}

attune_status checkAlignment(const char *kind, const AttuneTensorInfo &info,
                             const void *data) {
  size_t size = elementSize(info.type);
  if (reinterpret_cast<uintptr_t>(data) % size == 0)
    return ATTUNE_OK;
  return fail(ATTUNE_INVALID_ARGUMENT,
              format("the data of %s are not aligned to the %zu bytes of an "
                     "element",
                     label(kind, info).c_str(), size));
}

attune_status wrongShape(const AttuneModel &model, const char *kind,
                         const AttuneTensorInfo &info,
                         const attune_tensor &tensor) {
  size_t rank = size_t(std::clamp(tensor.rank, 0, ATTUNE_MAX_RANK));
  return fail(ATTUNE_INVALID_ARGUMENT,
              format("%s has shape %s%s, the model's is %s",
                     label(kind, info).c_str(),
                     shapeText(tensor.dims, rank).c_str(),
                     size_t(tensor.rank) == rank
                         ? ""
                         : format(" (rank %d)", int(tensor.rank)).c_str(),
                     symbolicShape(model, info).c_str()));
}

/// Compares dimension `i` of input `index` where it is a number, sets or
/// compares the symbol where it is one.
attune_status bindExtent(const AttuneModel &model, int32_t index, int32_t i,
                         const attune_tensor &tensor, CallShape &shape) {
  const AttuneTensorInfo &info = model.inputs[index];
  int64_t value = tensor.dims[i], dim = info.dims[i];
  if (dim >= 0)
    return value == dim ? ATTUNE_OK : wrongShape(model, "input", info, tensor);
  if (isPolynomial(model, dim))
    return ATTUNE_OK; // not before all symbols are known
  int32_t number = symbolOf(model, dim);
  if (number < 0)
    return wrongShape(model, "input", info, tensor);
  size_t symbol = size_t(number);
  const AttuneSymbol &meaning = model.symbols[symbol];
  if (value < meaning.min)
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("input '%s' has shape %s: its %s (dimension %d) must be "
                       "at least %lld",
                       info.name,
                       shapeText(tensor.dims, size_t(info.rank)).c_str(),
                       meaning.name, int(i), (long long)meaning.min));
  if (meaning.max > 0 && value > meaning.max)
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("input '%s' has a %s (dimension %d) of %lld, the model "
                       "takes at most %lld",
                       info.name, meaning.name, int(i), (long long)value,
                       (long long)meaning.max));
  int64_t &known = shape.symbols[symbol];
  if (known >= 0 && known != value)
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("input '%s' has a %s (dimension %d) of %lld, but input "
                       "'%s' has %lld: they must agree",
                       info.name, meaning.name, int(i), (long long)value,
                       model.inputs[shape.places[symbol].input].name,
                       (long long)known));
  if (known < 0)
    shape.places[symbol] = {index, i};
  known = value;
  return ATTUNE_OK;
}

/// Type, rank, and those extents that can be checked before all inputs are
/// known.
attune_status matchInput(const AttuneModel &model, int32_t index,
                         const attune_tensor &tensor, CallShape &shape) {
  const AttuneTensorInfo &info = model.inputs[index];
  if (attune_status status = checkType("input", info, tensor.type))
    return status;
  if (tensor.rank != info.rank)
    return wrongShape(model, "input", info, tensor);
  for (int32_t i = 0; i < info.rank; ++i)
    if (attune_status status = bindExtent(model, index, i, tensor, shape))
      return status;
  return ATTUNE_OK;
}

/// Says what the value of a polynomial is, for a message.
std::string polynomialText(const AttuneModel &model, int64_t extent,
                           std::optional<int64_t> value) {
  return value ? format("%s = %lld", extentText(model, extent).c_str(),
                        (long long)*value)
               : format("%s, which exceeds 64 bits",
                        extentText(model, extent).c_str());
}

/// Extents that follow from symbols, and the memory.
attune_status checkInput(const AttuneModel &model, CallKind kind, int32_t index,
                         const attune_tensor &tensor, const CallShape &shape) {
  const AttuneTensorInfo &info = model.inputs[index];
  for (int32_t i = 0; i < info.rank; ++i) {
    if (!isPolynomial(model, info.dims[i]))
      continue;
    std::optional<int64_t> value =
        extentValue(model, info.dims[i], shape.symbols.data());
    if (!value || *value != tensor.dims[i])
      return fail(ATTUNE_INVALID_ARGUMENT,
                  format("input '%s' axis %d is %lld, expected %s", info.name,
                         int(i), (long long)tensor.dims[i],
                         polynomialText(model, info.dims[i], value).c_str()));
  }
  if (kind == CallKind::ShapesOnly)
    return ATTUNE_OK;
  if (attune_status status = checkAlignment("input", info, tensor.data))
    return status;
  size_t bytes;
  if (!bytesOf(model, info, shape.symbols.data(), bytes))
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("input '%s' of shape %s is larger than any memory",
                       info.name,
                       shapeText(tensor.dims, size_t(info.rank)).c_str()));
  if (tensor.bytes && tensor.bytes < bytes)
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("the buffer of input '%s' has %zu bytes, its shape %s "
                       "of %s needs %zu",
                       info.name, tensor.bytes,
                       shapeText(tensor.dims, size_t(info.rank)).c_str(),
                       elementTypeName(info.type), bytes));
  return ATTUNE_OK;
}

} // namespace

static attune_status checkConstraints(const AttuneModel &model,
                                      const CallShape &shape) {
  std::string broken =
      brokenConstraint(model, shape.symbols.data(), shape.places.data());
  return broken.empty() ? ATTUNE_OK : fail(ATTUNE_INVALID_ARGUMENT, broken);
}

attune_status matchInputs(const AttuneModel &model, CallKind kind,
                          const attune_tensor *inputs, size_t count,
                          CallShape &shape) {
  if (count && !inputs)
    return fail(ATTUNE_INVALID_ARGUMENT, "the array of inputs is NULL");
  for (size_t i = 0; i < count; ++i) {
    const AttuneTensorInfo *info =
        findTensor("input", model.inputs, model.num_inputs, inputs[i].name, i);
    if (!info)
      return ATTUNE_INVALID_ARGUMENT;
    if (kind == CallKind::Run && !inputs[i].data)
      continue;
    int32_t index = int32_t(info - model.inputs);
    if (shape.inputs[size_t(index)])
      return fail(ATTUNE_INVALID_ARGUMENT,
                  format("input '%s' was given twice", info->name));
    shape.inputs[size_t(index)] = &inputs[i];
    if (attune_status status = matchInput(model, index, inputs[i], shape))
      return status;
  }
  for (int32_t i = 0; i < model.num_inputs; ++i)
    if (!shape.inputs[size_t(i)] &&
        model.inputs[i].when_absent == ATTUNE_REQUIRED)
      return fail(ATTUNE_INVALID_ARGUMENT,
                  format("input '%s' of shape %s and type %s is missing",
                         model.inputs[i].name,
                         symbolicShape(model, model.inputs[i]).c_str(),
                         elementTypeName(model.inputs[i].type)));
  for (int32_t k = 0; k < model.num_symbols; ++k)
    if (shape.symbols[size_t(k)] < 0)
      return fail(ATTUNE_INVALID_ARGUMENT,
                  format("none of the inputs given says what %s is",
                         model.symbols[k].name));
  for (int32_t i = 0; i < model.num_inputs; ++i)
    if (const attune_tensor *tensor = shape.inputs[size_t(i)])
      if (attune_status status = checkInput(model, kind, i, *tensor, shape))
        return status;
  return checkConstraints(model, shape);
}

namespace {

attune_status matchOutput(const AttuneModel &model, CallKind kind,
                          const AttuneTensorInfo &info, attune_tensor &tensor,
                          const CallShape &shape) {
  const int64_t *symbols = shape.symbols.data();
  if (kind == CallKind::Run) {
    if (attune_status status = checkType("output", info, tensor.type))
      return status;
    if (attune_status status = checkAlignment("output", info, tensor.data))
      return status;
  }
  int64_t dims[ATTUNE_MAX_RANK];
  bool same = tensor.rank == info.rank;
  for (int32_t i = 0; i < info.rank; ++i) {
    std::optional<int64_t> value = extentValue(model, info.dims[i], symbols);
    if (!value || *value < 0)
      return fail(ATTUNE_INVALID_ARGUMENT,
                  format("output '%s' axis %d cannot be %s", info.name, int(i),
                         polynomialText(model, info.dims[i], value).c_str()));
    dims[i] = *value;
    same = same && tensor.dims[i] == dims[i];
  }
  size_t bytes;
  if (!bytesOf(model, info, symbols, bytes))
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("output '%s' of shape %s is larger than any memory",
                       info.name, shapeText(dims, size_t(info.rank)).c_str()));
  if (kind == CallKind::Run && tensor.bytes && tensor.bytes < bytes)
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("the buffer of output '%s' has %zu bytes, its shape %s "
                       "of %s needs %zu",
                       info.name, tensor.bytes,
                       shapeText(dims, size_t(info.rank)).c_str(),
                       elementTypeName(info.type), bytes));
  if (kind == CallKind::Run && !tensor.bytes && !same)
    return fail(
        ATTUNE_INVALID_ARGUMENT,
        format("output '%s' was given with shape %s and no buffer size, its "
               "shape is %s",
               info.name,
               shapeText(tensor.dims,
                         size_t(std::clamp(tensor.rank, 0, ATTUNE_MAX_RANK)))
                   .c_str(),
               shapeText(dims, size_t(info.rank)).c_str()));
  tensor.name = info.name;
  tensor.type = info.type;
  tensor.rank = info.rank;
  std::copy(dims, dims + info.rank, tensor.dims);
  return ATTUNE_OK;
}

} // namespace

attune_status matchOutputs(const AttuneModel &model, CallKind kind,
                           attune_tensor *outputs, size_t count,
                           CallShape &shape) {
  if (count && !outputs)
    return fail(ATTUNE_INVALID_ARGUMENT, "the array of outputs is NULL");
  for (size_t i = 0; i < count; ++i) {
    const AttuneTensorInfo *info = findTensor(
        "output", model.outputs, model.num_outputs, outputs[i].name, i);
    if (!info)
      return ATTUNE_INVALID_ARGUMENT;
    size_t index = size_t(info - model.outputs);
    if (shape.outputs[index])
      return fail(ATTUNE_INVALID_ARGUMENT,
                  format("output '%s' was given twice", info->name));
    if (kind == CallKind::Run && !outputs[i].data)
      continue;
    shape.outputs[index] = &outputs[i];
    if (attune_status status =
            matchOutput(model, kind, *info, outputs[i], shape))
      return status;
  }
  return ATTUNE_OK;
}

namespace {

/// The first position of a value outside [low, high], or -1. The common case,
/// no such value, is one pass that vectorises.
template <typename T>
int64_t firstOutside(const void *data, int64_t count, int64_t low,
                     int64_t high) {
  auto *values = static_cast<const T *>(data);
  T least = values[0], most = values[0];
  for (int64_t i = 1; i < count; ++i) {
    least = std::min(least, values[i]);
    most = std::max(most, values[i]);
  }
  auto within = [&](T value) {
    // A uint64 beyond int64 is beyond every limit.
    if (std::is_same_v<T, uint64_t> && uint64_t(value) > uint64_t(INT64_MAX))
      return false;
    return int64_t(value) >= low && int64_t(value) <= high;
  };
  if (within(least) && within(most))
    return -1;
  int64_t i = 0;
  while (within(values[i]))
    ++i;
  return i;
}

int64_t firstOutside(int32_t type, const void *data, int64_t count, int64_t low,
                     int64_t high) {
  switch (type) {
  case ATTUNE_I32:
    return firstOutside<int32_t>(data, count, low, high);
  case ATTUNE_I64:
    return firstOutside<int64_t>(data, count, low, high);
  case ATTUNE_I8:
    return firstOutside<int8_t>(data, count, low, high);
  case ATTUNE_U8:
    return firstOutside<uint8_t>(data, count, low, high);
  case ATTUNE_I16:
    return firstOutside<int16_t>(data, count, low, high);
  case ATTUNE_U16:
    return firstOutside<uint16_t>(data, count, low, high);
  case ATTUNE_U32:
    return firstOutside<uint32_t>(data, count, low, high);
  case ATTUNE_U64:
    return firstOutside<uint64_t>(data, count, low, high);
  case ATTUNE_BOOL:
    return firstOutside<uint8_t>(data, count, 0, 1);
  default:
    return -1;
  }
}

/// "[0, 5]" for the flat index `position`.
std::string positionText(const attune_tensor &tensor, int64_t position) {
  int64_t index[ATTUNE_MAX_RANK];
  for (int32_t i = tensor.rank - 1; i >= 0; --i) {
    index[i] = position % tensor.dims[i];
    position /= tensor.dims[i];
  }
  return shapeText(index, size_t(tensor.rank));
}

} // namespace

attune_status checkValues(const AttuneModel &model, const CallShape &shape) {
  for (int32_t i = 0; i < model.num_inputs; ++i) {
    const AttuneTensorInfo &info = model.inputs[i];
    const attune_tensor *tensor = shape.inputs[size_t(i)];
    bool isBool = info.type == ATTUNE_BOOL;
    if (!tensor || (info.min > info.max && !isBool))
      continue;
    int64_t count = 1;
    for (int32_t d = 0; d < info.rank; ++d)
      count *= tensor->dims[d];
    if (count == 0)
      continue;
    int64_t at =
        firstOutside(info.type, tensor->data, count, info.min, info.max);
    if (at < 0)
      continue;
    long long low = isBool ? 0 : info.min, high = isBool ? 1 : info.max;
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("input '%s' has %.0f at %s, the model takes %lld to "
                       "%lld",
                       info.name, elementValue(info.type, tensor->data, at),
                       positionText(*tensor, at).c_str(), low, high));
  }
  return ATTUNE_OK;
}

attune_status checkSymbols(const AttuneModel &model, const int64_t *dims,
                           size_t count) {
  if (count != size_t(model.num_symbols) || (count && !dims)) {
    std::string names;
    for (int32_t k = 0; k < model.num_symbols; ++k)
      names += format("%s%s", k ? ", " : "", model.symbols[k].name);
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("%zu extents were given, the model has %d: %s", count,
                       model.num_symbols, names.c_str()));
  }
  for (size_t k = 0; k < count; ++k) {
    const AttuneSymbol &symbol = model.symbols[k];
    if (dims[k] < symbol.min || (symbol.max > 0 && dims[k] > symbol.max))
      return fail(
          ATTUNE_INVALID_ARGUMENT,
          format(
              "%s is %lld, it must be at least %lld%s", symbol.name,
              (long long)dims[k], (long long)symbol.min,
              symbol.max > 0
                  ? format(" and at most %lld", (long long)symbol.max).c_str()
                  : ""));
  }
  std::string broken = brokenConstraint(model, dims);
  return broken.empty() ? ATTUNE_OK : fail(ATTUNE_INVALID_ARGUMENT, broken);
}

} // namespace attune::rt

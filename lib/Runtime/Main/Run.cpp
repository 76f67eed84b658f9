//===- Run.cpp - The command `run` ----------------------------------------===//
#include "Compare.h"
#include "Program.h"
#include "Tensors.h"

#include "attune/Runtime/Text.h"

#include <algorithm>
#include <cstdio>
#include <memory>

namespace attune::program {

using rt::format;

namespace {

/// NAME=@FILE of the command line, and for inputs and expected values the
/// array in the file.
struct NamedFile {
  std::string name, path;
  const AttuneTensorInfo *info = nullptr;
  rt::NpyArray array;
};

using NamedFiles = std::vector<std::unique_ptr<NamedFile>>;
using Finder = const AttuneTensorInfo *(*)(const AttuneModel &,
                                           std::string_view);

std::vector<std::string_view> tensorNames(const AttuneTensorInfo *infos,
                                          int32_t count) {
  std::vector<std::string_view> names;
  names.reserve(size_t(count));
  for (int32_t i = 0; i < count; ++i)
    names.push_back(infos[i].name);
  return names;
}

/// Reads every --OPTION=NAME=@FILE.
int parseFiles(const Context &context, const char *option, bool isInput,
               NamedFiles &files) {
  const AttuneModel &model = context.model;
  for (std::string_view text : context.arguments.all(option)) {
    size_t at = text.find("=@");
    if (at == text.npos || at == 0 || at + 2 == text.size())
      return reportError(
          format("--%s is '%s': expected NAME=@FILE, e.g. "
                 "--%s=%s=@x.npy",
                 option, std::string(text).c_str(), option,
                 isInput ? model.num_inputs ? model.inputs[0].name : "x"
                 : model.num_outputs ? model.outputs[0].name
                                     : "y"));
    auto file = std::make_unique<NamedFile>();
    file->name = text.substr(0, at);
    file->path = text.substr(at + 2);
    file->info =
        isInput ? findInput(model, file->name) : findOutput(model, file->name);
    if (!file->info) {
      std::vector<std::string_view> names =
          isInput ? tensorNames(model.inputs, model.num_inputs)
                  : tensorNames(model.outputs, model.num_outputs);
      std::string known;
      for (std::string_view name : names)
        known += (known.empty() ? "" : ", ") + std::string(name);
      return reportError(
          unknownWord(isInput ? "input" : "output", file->name, names) +
          format("\nthe model has: %s", known.c_str()));
    }
    for (auto &other : files)
      if (other->name == file->name)
        return reportError(
            format("--%s=%s was given twice", option, file->name.c_str()));
    files.push_back(std::move(file));
  }
  return ExitOk;
}

int readArrays(NamedFiles &files) {
  std::string error;
  for (auto &file : files)
    if (!file->array.open(file->path.c_str(), error))
      return reportError(error);
  return ExitOk;
}

/// Whether every value of the integer type `from` is one of `to`.
bool widens(int32_t from, int32_t to) {
  if (rt::isFloatType(from) || rt::isFloatType(to) || to == ATTUNE_BOOL)
    return false;
  bool fitsSign = rt::isUnsignedType(from) || !rt::isUnsignedType(to);
  return fitsSign && rt::elementSize(from) < rt::elementSize(to);
}

/// Adds an array as an input. Integers are widened to the model's type, as
/// NumPy users expect; nothing else is converted.
int addInput(const NamedFile &file, Tensors &inputs) {
  const rt::NpyArray &array = file.array;
  const AttuneTensorInfo &info = *file.info;
  if (array.shape().size() > ATTUNE_MAX_RANK)
    return reportError(format("'%s' has %zu dimensions, input '%s' has %d",
                              file.path.c_str(), array.shape().size(),
                              info.name, info.rank));
  if (array.type() == info.type) {
    inputs.add(info, array.shape(), array.data());
    return ExitOk;
  }
  if (!widens(array.type(), info.type))
    return reportError(
        format("'%s' holds %s, input '%s' takes %s: save it with "
               "a.astype('%s')",
               file.path.c_str(), rt::elementTypeName(array.type()), info.name,
               rt::elementTypeName(info.type), rt::elementTypeName(info.type)));
  attune_tensor &tensor = inputs.add(info, array.shape());
  for (int64_t i = 0; i < array.elements(); ++i)
    rt::setElement(tensor.type, tensor.data, i,
                   int64_t(rt::elementBits(array.type(), array.data(), i)));
  return ExitOk;
}

/// One line about an output that nothing else was asked of.
std::string summaryText(const attune_tensor &tensor) {
  double least = 0, most = 0, sum = 0;
  int64_t count = elementsOf(tensor);
  for (int64_t i = 0; i < count; ++i) {
    double value = rt::elementValue(tensor.type, tensor.data, i);
    least = i ? std::min(least, value) : value;
    most = i ? std::max(most, value) : value;
    sum += value;
  }
  return format("%s %s %s: from %.6g to %.6g, mean %.6g\n", tensor.name,
                rt::elementTypeName(tensor.type),
                rt::shapeText(tensor.dims, size_t(tensor.rank)).c_str(), least,
                most, count ? sum / double(count) : 0.0);
}

attune_tensor *find(Tensors &tensors, const AttuneTensorInfo *info) {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (std::string_view(tensors[i].name) == info->name)
      return &tensors[i];
  return nullptr;
}

int writeOutputs(const NamedFiles &files, Tensors &outputs) {
  std::string error;
  for (auto &file : files) {
    const attune_tensor &tensor = *find(outputs, file->info);
    std::vector<int64_t> shape(tensor.dims, tensor.dims + tensor.rank);
    if (!rt::writeNpy(file->path, AttuneElementType(tensor.type), shape,
                      tensor.data, error))
      return reportError(error);
  }
  return ExitOk;
}

int compareOutputs(const NamedFiles &files, Tensors &outputs,
                   Tolerance tolerance) {
  bool passed = true;
  for (auto &file : files) {
    const attune_tensor &tensor = *find(outputs, file->info);
    std::vector<int64_t> shape(tensor.dims, tensor.dims + tensor.rank);
    const std::vector<int64_t> &wanted = file->array.shape();
    if (shape != wanted)
      return reportError(format(
          "'%s' has shape %s, output '%s' has %s", file->path.c_str(),
          rt::shapeText(wanted.data(), wanted.size()).c_str(), tensor.name,
          rt::shapeText(shape.data(), shape.size()).c_str()));
    Comparison result = compare(tensor, file->array, tolerance);
    fprintf(stderr, "%s\n", comparisonText(tensor, result, tolerance).c_str());
    passed &= result.outside == 0;
  }
  return passed ? ExitOk : ExitVerification;
}

/// All outputs that are to be written or compared; every one when none is.
int addOutputs(const Context &context, const NamedFiles &written,
               const NamedFiles &expected, Tensors &outputs) {
  auto add = [&](const AttuneTensorInfo *info) {
    if (!find(outputs, info))
      outputs.add(*info, {}, nullptr);
  };
  for (auto &file : written)
    add(file->info);
  for (auto &file : expected)
    add(file->info);
  if (written.empty() && expected.empty())
    for (int32_t i = 0; i < context.model.num_outputs; ++i)
      add(&context.model.outputs[i]);
  return ExitOk;
}

int run(const Context &context) {
  const Arguments &arguments = context.arguments;
  Tolerance tolerance;
  std::string error;
  if (!arguments.fraction("rtol", tolerance.relative, tolerance.relative,
                          error) ||
      !arguments.fraction("atol", tolerance.absolute, tolerance.absolute,
                          error))
    return reportError(error);
  if (!arguments.positional().empty())
    return reportError(format("'run' takes no arguments, found '%s'",
                              std::string(arguments.positional()[0]).c_str()));
  NamedFiles given, written, expected;
  int status = parseFiles(context, "input", true, given);
  status = status ? status : parseFiles(context, "output", false, written);
  status = status ? status : parseFiles(context, "expected", false, expected);
  status = status ? status : readArrays(given);
  status = status ? status : readArrays(expected);
  if (status)
    return status;
  Tensors inputs, outputs;
  for (auto &file : given)
    if ((status = addInput(*file, inputs)))
      return status;
  addOutputs(context, written, expected, outputs);
  Session session;
  if ((status = session.open(context)))
    return status;
  if (attune_status failed =
          attune_shapes(session.get(), inputs.data(), inputs.size(),
                        outputs.data(), outputs.size()))
    return reportStatus(failed);
  outputs.allocate();
  if (attune_status failed =
          attune_forward(session.get(), inputs.data(), inputs.size(),
                         outputs.data(), outputs.size(), nullptr, 0))
    return reportStatus(failed);
  if ((status = writeOutputs(written, outputs)))
    return status;
  std::string summary;
  if (written.empty() && expected.empty())
    for (size_t i = 0; i < outputs.size(); ++i)
      summary += summaryText(outputs[i]);
  if ((status = printText(summary)))
    return status;
  return compareOutputs(expected, outputs, tolerance);
}

} // namespace

Command runCommand() {
  Command command;
  command.name = "run";
  command.usage = "--input=NAME=@x.npy... [options]";
  command.summary = "runs the model on .npy files and compares results";
  command.details =
      "Options with files may be given several times. Inputs marked optional "
      "by "
      "'info'\nmay be left out. Without --output and --expected a summary of "
      "every output is\nprinted. The exit status is 4 when an element differs "
      "from what was expected by\nmore than atol + rtol * |expected|, "
      "integers\nand bools when they differ by more than atol. NaN equals "
      "NaN.\n";
  command.options = {{"input", 'i', "NAME=@FILE", "read an input"},
                     {"output", 'o', "NAME=@FILE", "write an output"},
                     {"expected", 'e', "NAME=@FILE", "compare an output"},
                     {"rtol", 0, "X", "relative tolerance (default: 1e-4)"},
                     {"atol", 0, "X", "absolute tolerance (default: 1e-4)"}};
  for (const Option &option : sessionOptions())
    command.options.push_back(option);
  command.run = run;
  return command;
}

} // namespace attune::program

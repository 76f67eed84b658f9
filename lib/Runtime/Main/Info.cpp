//===- Info.cpp - The command `info` --------------------------------------===//
#include "Program.h"

#include "attune/Runtime/Cpu.h"
#include "attune/Runtime/Extents.h"
#include "attune/Runtime/Npy.h"
#include "attune/Runtime/Text.h"
#include "attune/Runtime/ThreadPool.h"

namespace attune::program {

using rt::format;

namespace {

std::string tensorJson(const AttuneModel &model, const AttuneTensorInfo &info,
                       bool isInput) {
  std::string out = "{\"name\": ";
  rt::appendJsonString(out, info.name);
  out += format(", \"type\": \"%s\", \"shape\": [",
                rt::elementTypeName(info.type));
  for (int32_t i = 0; i < info.rank; ++i) {
    out += i ? ", " : "";
    if (info.dims[i] < 0)
      rt::appendJsonString(out, rt::extentText(model, info.dims[i]));
    else
      out += std::to_string(info.dims[i]);
  }
  out += ']';
  if (isInput)
    out += format(", \"optional\": %s",
                  info.when_absent == ATTUNE_REQUIRED ? "false" : "true");
  return out + "}";
}

std::string tensorsJson(const AttuneModel &model, const AttuneTensorInfo *infos,
                        int32_t count, bool isInput) {
  std::string out = "[";
  for (int32_t i = 0; i < count; ++i)
    out += (i ? ",\n  " : "\n  ") + tensorJson(model, infos[i], isInput);
  return out + "]";
}

std::string infoJson(const AttuneModel &model) {
  uint64_t features = rt::cpuFeatures();
  std::string error;
  const AttuneVariant *chosen =
      rt::selectVariant(model, features, nullptr, error);
  std::string out = "{\"name\": ";
  rt::appendJsonString(out, model.name ? model.name : "");
  out += format(",\n \"abi_version\": %u,\n \"weight_bytes\": %llu,\n "
                "\"tokenizer\": %s,\n \"variants\": [",
                model.abi_version, (unsigned long long)model.weights_bytes,
                model.tokenizer_bytes ? "true" : "false");
  for (int32_t i = 0; i < model.num_variants; ++i) {
    const AttuneVariant &variant = model.variants[i];
    out += i ? ", {\"cpu\": " : "{\"cpu\": ";
    rt::appendJsonString(out, variant.cpu);
    out += ", \"needs\": ";
    rt::appendJsonString(out, rt::cpuFeatureNames(variant.features));
    out += format(", \"runs_here\": %s, \"chosen\": %s}",
                  variant.features & ~features ? "false" : "true",
                  &variant == chosen ? "true" : "false");
  }
  out += "],\n \"symbols\": [";
  for (int32_t k = 0; k < model.num_symbols; ++k) {
    out += k ? ", {\"name\": " : "{\"name\": ";
    rt::appendJsonString(out, model.symbols[k].name);
    out += format(", \"min\": %lld, \"max\": %lld}",
                  (long long)model.symbols[k].min,
                  (long long)model.symbols[k].max);
  }
  out += "],\n \"constraints\": [";
  for (int32_t i = 0; i < model.num_constraints; ++i) {
    const AttuneConstraint &constraint = model.constraints[i];
    out += i ? ", {\"left\": " : "{\"left\": ";
    rt::appendJsonString(out, rt::extentText(model, constraint.left));
    out += format(", \"relation\": \"%s\", \"right\": ",
                  constraint.relation == ATTUNE_AT_MOST ? "at_most" : "equal");
    rt::appendJsonString(out, rt::extentText(model, constraint.right));
    out += ", \"where\": ";
    rt::appendJsonString(out, constraint.where);
    out += '}';
  }
  out += "],\n \"inputs\": " +
         tensorsJson(model, model.inputs, model.num_inputs, true);
  out += ",\n \"outputs\": " +
         tensorsJson(model, model.outputs, model.num_outputs, false);
  out += format(",\n \"embedding_output\": %d", model.embedding_output);
  out += std::string(",\n \"metadata\": ") + attune_info(&model);
  return out + "}\n";
}

std::string tensorText(const AttuneModel &model, const AttuneTensorInfo &info,
                       bool isInput) {
  std::string out =
      format("  %-20s %-8s %s", info.name, rt::elementTypeName(info.type),
             rt::symbolicShape(model, info).c_str());
  if (isInput && info.when_absent != ATTUNE_REQUIRED)
    out += info.when_absent == ATTUNE_ONES ? " optional, ones when left out"
                                           : " optional, zeros when left out";
  return out + "\n";
}

std::string infoText(const AttuneModel &model) {
  uint64_t features = rt::cpuFeatures();
  std::string error;
  const AttuneVariant *chosen =
      rt::selectVariant(model, features, nullptr, error);
  std::string out =
      format("%s, runtime interface %u\n", model.name ? model.name : "model",
             model.abi_version);
  out += format("weights: %.1f MB\ntokenizer: %s\n",
                double(model.weights_bytes) / 1e6,
                model.tokenizer_bytes ? "yes" : "no");
  out +=
      format("this CPU: %s; %d threads by default\ncompiled for:\n",
             rt::cpuFeatureNames(features).c_str(), attune_default_threads());
  for (int32_t i = 0; i < model.num_variants; ++i) {
    const AttuneVariant &variant = model.variants[i];
    uint64_t missing = variant.features & ~features;
    std::string use = &variant == chosen ? "in use"
                      : missing ? "lacking: " + rt::cpuFeatureNames(missing)
                                : "not needed";
    out += format("  %-20s %s\n", variant.cpu, use.c_str());
  }
  out += "extents:\n";
  for (int32_t k = 0; k < model.num_symbols; ++k) {
    const AttuneSymbol &symbol = model.symbols[k];
    out += symbol.max > 0 ? format("  %-20s at most %lld", symbol.name,
                                   (long long)symbol.max)
                          : format("  %-20s any", symbol.name);
    out += symbol.min == 0 ? ", may be 0\n" : "\n";
  }
  for (int32_t i = 0; i < model.num_constraints; ++i)
    out += format("  always %s\n",
                  rt::constraintText(model, model.constraints[i]).c_str());
  out += "inputs:\n";
  for (int32_t i = 0; i < model.num_inputs; ++i)
    out += tensorText(model, model.inputs[i], true);
  out += "outputs:\n";
  for (int32_t i = 0; i < model.num_outputs; ++i)
    out += tensorText(model, model.outputs[i], false);
  return out + format("about the model: %s\n", attune_info(&model));
}

int info(const Context &context) {
  std::string error;
  std::string_view kind;
  if (!context.arguments.word("format", {"text", "json"}, kind, error))
    return reportError(error);
  if (!context.arguments.positional().empty())
    return reportError("'info' takes no arguments");
  return printText(kind == "json" ? infoJson(context.model)
                                  : infoText(context.model));
}

} // namespace

Command infoCommand() {
  Command command;
  command.name = "info";
  command.usage = "[options]";
  command.summary = "describes the model and how it was compiled";
  command.details = "Works on any CPU and without the weights.\n";
  command.options = {
      {"format", 'f', "text|json", "what to print (default: text)"}};
  command.run = info;
  return command;
}

} // namespace attune::program

//===- Bench.cpp - The command `bench` ------------------------------------===//
#include "BenchSizes.h"
#include "Program.h"
#include "Tensors.h"

#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Text.h"
#include "attune/Runtime/ThreadPool.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace attune::program {

using rt::format;

namespace {

double milliseconds() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) * 1e3 + double(t.tv_nsec) * 1e-6;
}

/// A line of the result.
struct Measurement {
  int64_t batch, length, threads, runs;
  double median, least;
};

/// Fills an input with values that the model takes: the same ones in every run
/// of the program.
void fillInput(const AttuneTensorInfo &info, const attune_tensor &tensor) {
  uint64_t state = 0x9e3779b97f4a7c15;
  bool isMask = info.when_absent == ATTUNE_ONES;
  bool hasRange = info.min <= info.max;
  for (int64_t i = 0, n = elementsOf(tensor); i < n; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    uint64_t random = state >> 33;
    if (rt::isFloatType(tensor.type)) {
      double value = isMask ? 1 : double(random) / double(1u << 30) - 1;
      rt::setFloat(tensor.type, tensor.data, i, value);
      continue;
    }
    uint64_t span = uint64_t(info.max) - uint64_t(info.min) + 1;
    int64_t value = isMask      ? 1
                    : !hasRange ? 0
                    : span      ? info.min + int64_t(random % span)
                                : int64_t(random);
    rt::setElement(tensor.type, tensor.data, i, value);
  }
}

/// Inputs and outputs of one shape. The embedding alone is asked for where the
/// model has one, as `embed` does.
void prepare(const AttuneModel &model, const std::vector<int64_t> &symbols,
             Tensors &inputs, Tensors &outputs) {
  for (int32_t i = 0; i < model.num_inputs; ++i)
    fillInput(
        model.inputs[i],
        inputs.add(model.inputs[i], dimsOf(model, model.inputs[i], symbols)));
  for (int32_t i = 0; i < model.num_outputs; ++i)
    if (model.embedding_output < 0 || model.embedding_output == i)
      outputs.add(model.outputs[i], dimsOf(model, model.outputs[i], symbols));
}

int measure(const Context &context, attune_model *model,
            const std::vector<int64_t> &symbols, Measurement &result) {
  // Refuses what no memory can hold before anything is allocated.
  if (attune_status status =
          attune_reserve(model, symbols.data(), symbols.size()))
    return reportStatus(status);
  Tensors inputs, outputs;
  prepare(context.model, symbols, inputs, outputs);
  std::vector<double> times;
  // The first call pages the weights in, the second one settles the clocks.
  for (int64_t i = -2; i < result.runs; ++i) {
    double start = milliseconds();
    if (attune_status status =
            attune_forward(model, inputs.data(), inputs.size(), outputs.data(),
                           outputs.size(), nullptr, 0))
      return reportStatus(status);
    if (i >= 0)
      times.push_back(milliseconds() - start);
  }
  std::sort(times.begin(), times.end());
  size_t middle = times.size() / 2;
  result.median = times.size() % 2 ? times[middle]
                                   : (times[middle - 1] + times[middle]) / 2;
  result.least = times.front();
  return ExitOk;
}

std::string resultsJson(const std::vector<Measurement> &results) {
  std::string out = "[";
  for (const Measurement &result : results)
    out += format("%s\n {\"test\": \"forward\", \"batch\": %lld, \"length\": "
                  "%lld, \"past\": 0, \"threads\": %lld, \"runs\": %lld, "
                  "\"ms_median\": %.6g, \"ms_min\": %.6g}",
                  &result == results.data() ? "" : ",", (long long)result.batch,
                  (long long)result.length, (long long)result.threads,
                  (long long)result.runs, result.median, result.least);
  return out + "\n]\n";
}

std::string resultsTable(const std::vector<Measurement> &results) {
  std::string out = "| test    | batch | length | threads | ms median |    ms "
                    "min |  tokens/s "
                    "|\n"
                    "|---------|------:|-------:|--------:|----------:|--------"
                    "--:|----------:"
                    "|\n";
  for (const Measurement &result : results)
    out += format("| forward | %5lld | %6lld | %7lld | %9.3f | %9.3f | %9.0f "
                  "|\n",
                  (long long)result.batch, (long long)result.length,
                  (long long)result.threads, result.median, result.least,
                  double(result.batch * result.length) /
                      std::max(result.median, 1e-6) * 1e3);
  return out;
}

/// Lists of a size that a person can want; every combination is measured.
struct Plan {
  std::vector<int64_t> batches, lengths, threads;
  int64_t runs;
};

int readPlan(const Context &context, const BenchSizes &sizes, Plan &plan) {
  const Arguments &arguments = context.arguments;
  int64_t most = sizes.maxLength();
  int64_t usual = most > 0 ? std::min<int64_t>(most, 128) : 128;
  std::string error;
  if (!arguments.numbers("batch", 1, INT32_MAX, {1}, plan.batches, error) ||
      !arguments.numbers("length", 1, INT32_MAX, {usual}, plan.lengths,
                         error) ||
      !arguments.numbers("threads", 1, ATTUNE_MAX_THREADS,
                         {attune_default_threads()}, plan.threads, error) ||
      !arguments.number("runs", 1, 1000000, 5, plan.runs, error))
    return reportError(error);
  if (!arguments.positional().empty())
    return reportError(format("'bench' takes no arguments, found '%s'",
                              std::string(arguments.positional()[0]).c_str()));
  auto check = [&](const char *name, int64_t limit,
                   const std::vector<int64_t> &values) {
    for (int64_t value : values)
      if (limit > 0 && value > limit)
        return reportError(format("--%s asks for %lld, the model takes at most "
                                  "%lld",
                                  name, (long long)value, (long long)limit));
    return int(ExitOk);
  };
  int status = check("batch", sizes.maxBatch(), plan.batches);
  return status ? status : check("length", most, plan.lengths);
}

int bench(const Context &context) {
  std::string error;
  std::string_view kind;
  if (!context.arguments.word("output", {"md", "json"}, kind, error))
    return reportError(error);
  BenchSizes sizes(context.model);
  if (!sizes.fix(context.arguments.all("extent"), error))
    return reportError(error);
  Plan plan;
  if (int status = readPlan(context, sizes, plan))
    return status;
  if (std::string note = sizes.note(); !note.empty())
    std::fprintf(stderr, "%s\n", note.c_str());
  std::vector<Measurement> results;
  for (int64_t threads : plan.threads) {
    Session session;
    if (int status = session.open(context, threads))
      return status;
    for (int64_t batch : plan.batches)
      for (int64_t length : plan.lengths) {
        Measurement result = {batch, length, threads, plan.runs, 0, 0};
        if (int status = measure(context, session.get(),
                                 sizes.values(batch, length), result))
          return status;
        results.push_back(result);
      }
  }
  return printText(kind == "json" ? resultsJson(results)
                                  : resultsTable(results));
}

} // namespace

Command benchCommand() {
  Command command;
  command.name = "bench";
  command.usage = "[options]";
  command.summary = "measures how long the model takes";
  command.details =
      "Every combination of the lists is measured after two runs to warm up. "
      "json: a\nlist of {\"test\", \"batch\", \"length\", \"past\", "
      "\"threads\", \"runs\", \"ms_median\", \"ms_min\"}.\n\n"
      "Of a model whose extents have other names, --batch sets those that come "
      "first in\nan input and --length the others, but for numbers of past "
      "tokens, which are 0.\nStandard error tells which, --extent sets one.\n";
  command.options = {
      {"batch", 'b', "N,...", "batch sizes (default: 1)"},
      {"length", 'p', "N,...", "lengths in tokens (default: 128)"},
      {"extent", 0, "NAME=N", "value of an extent that 'info' lists"},
      {"threads", 't', "N,...", "threads (default: one for each CPU)"},
      {"runs", 'r', "N", "timed runs of each (default: 5)"},
      {"output", 'o', "md|json", "what to print (default: md)"}};
  for (const Option &option : sessionOptions())
    if (std::string_view(option.name) != "threads")
      command.options.push_back(option);
  command.run = bench;
  return command;
}

} // namespace attune::program

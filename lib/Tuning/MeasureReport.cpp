//===- MeasureReport.cpp - What a measuring program printed ---------------===//
#include "MeasureReport.h"
#include "attune/Support/File.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <cstring>

using namespace attune;

/// Longer than anything that the program prints.
static constexpr size_t kLongestLine = 4096;

std::string attune::describeCrash(int signal) {
  if (signal <= 0)
    return "it ended the program";
  return llvm::formatv("it crashed: signal {0} ({1})", signal,
                       ::strsignal(signal));
}

/// A finite, non-negative number; 0 for anything else.
static double readNumber(const llvm::json::Object &object,
                         llvm::StringRef name) {
  double value = object.getNumber(name).value_or(0);
  return std::isfinite(value) && value > 0 ? value : 0;
}

static std::optional<Measurement> readResult(const llvm::json::Object &object) {
  Measurement result;
  auto status = parseTrialStatus(object.getString("status").value_or(""));
  if (!status)
    return std::nullopt;
  result.status = *status;
  result.detail = printable(object.getString("detail").value_or(""), 300);
  result.error = readNumber(object, "error");
  result.time.samples = static_cast<int64_t>(readNumber(object, "samples"));
  result.time.min = readNumber(object, "min");
  result.time.median = readNumber(object, "median");
  result.time.quartile1 = readNumber(object, "quartile1");
  result.time.quartile3 = readNumber(object, "quartile3");
  result.speedup = readNumber(object, "speedup");
  if (result.status == TrialStatus::Ok && !(result.time.median > 0))
    return std::nullopt;
  return result;
}

std::optional<size_t> MeasureReport::read(llvm::StringRef line) {
  line = line.trim();
  if (line.size() > kLongestLine || !line.starts_with("{"))
    return std::nullopt;
  llvm::Expected<llvm::json::Value> value = parseJSON(line, "output");
  const llvm::json::Object *object = value ? value->getAsObject() : nullptr;
  if (!object) {
    llvm::consumeError(value.takeError());
    return std::nullopt;
  }
  if (object->get("attune_measure")) {
    started = true;
    return std::nullopt;
  }
  if (!started)
    return std::nullopt;
  auto code = [&](llvm::StringRef event) -> std::optional<size_t> {
    std::optional<int64_t> number = object->getInteger(event);
    if (!number || *number < 0 || static_cast<size_t>(*number) >= codes)
      return std::nullopt;
    return static_cast<size_t>(*number);
  };
  auto end = [&](size_t which,
                 Measurement measurement) -> std::optional<size_t> {
    inFlight.reset();
    if (results.try_emplace(which, std::move(measurement)).second)
      return which;
    return std::nullopt;
  };
  if (auto begun = code("begin")) {
    inFlight = begun;
  } else if (auto done = code("result")) {
    if (std::optional<Measurement> result = readResult(*object))
      return end(*done, std::move(*result));
    inFlight.reset();
  } else if (auto crashed = code("crash")) {
    int64_t signal = object->getInteger("signal").value_or(0) & 0x7f;
    return end(*crashed, {TrialStatus::Crashed,
                          describeCrash(static_cast<int>(signal)),
                          {},
                          0,
                          0});
  } else if (auto hung = code("timeout")) {
    return end(
        *hung,
        {TrialStatus::Timeout, "it did not come back in time", {}, 0, 0});
  } else if (auto message = object->getString("failed")) {
    failed = printable(*message, 300);
  } else if (object->get("end")) {
    ended = true;
    inFlight.reset();
  }
  return std::nullopt;
}

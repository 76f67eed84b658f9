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

MeasureReport attune::readMeasureReport(llvm::ArrayRef<std::string> lines,
                                        size_t codes) {
  MeasureReport report;
  for (llvm::StringRef line : lines) {
    line = line.trim();
    if (line.size() > kLongestLine || !line.starts_with("{"))
      continue;
    llvm::Expected<llvm::json::Value> value = parseJSON(line, "output");
    const llvm::json::Object *object = value ? value->getAsObject() : nullptr;
    if (!object) {
      llvm::consumeError(value.takeError());
      continue;
    }
    if (object->get("attune_measure")) {
      report.started = true;
      continue;
    }
    if (!report.started)
      continue;
    auto code = [&](llvm::StringRef event) -> std::optional<size_t> {
      std::optional<int64_t> number = object->getInteger(event);
      if (!number || *number < 0 || static_cast<size_t>(*number) >= codes)
        return std::nullopt;
      return static_cast<size_t>(*number);
    };
    auto end = [&](size_t which, TrialStatus status, std::string detail) {
      Measurement measurement;
      measurement.status = status;
      measurement.detail = std::move(detail);
      report.results[which] = std::move(measurement);
      report.inFlight.reset();
    };
    if (auto begun = code("begin")) {
      report.inFlight = begun;
    } else if (auto done = code("result")) {
      if (std::optional<Measurement> result = readResult(*object))
        report.results[*done] = std::move(*result);
      report.inFlight.reset();
    } else if (auto crashed = code("crash")) {
      end(*crashed, TrialStatus::Crashed,
          describeCrash(static_cast<int>(
              object->getInteger("signal").value_or(0) & 0x7f)));
    } else if (auto hung = code("timeout")) {
      end(*hung, TrialStatus::Timeout, "it did not come back in time");
    } else if (auto message = object->getString("failed")) {
      report.failed = printable(*message, 300);
    } else if (object->get("end")) {
      report.ended = true;
      report.inFlight.reset();
    }
  }
  return report;
}

//===- Record.cpp - One trial of the tuner --------------------------------===//
#include "attune/Tuning/Record.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include <cmath>

using namespace attune;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static constexpr std::pair<TrialStatus, llvm::StringLiteral> kStatusNames[] = {
    {TrialStatus::Ok, "ok"},
    {TrialStatus::Wrong, "wrong"},
    {TrialStatus::CompileFailed, "compile-failed"},
    {TrialStatus::Crashed, "crashed"},
    {TrialStatus::Timeout, "timeout"}};

llvm::StringRef attune::getName(TrialStatus status) {
  for (const auto &[known, name] : kStatusNames)
    if (known == status)
      return name;
  return "unknown";
}

std::optional<TrialStatus> attune::parseTrialStatus(llvm::StringRef text) {
  for (const auto &[status, name] : kStatusNames)
    if (name == text)
      return status;
  return std::nullopt;
}

std::string attune::getCompilerVersion() {
  return "attune " ATTUNE_VERSION " llvm " LLVM_VERSION_STRING;
}

std::string attune::printShape(llvm::ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  return llvm::join(
      llvm::map_range(shape, [](int64_t n) { return std::to_string(n); }), "x");
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// JSON is UTF-8, and what a crashed program printed may be anything.
static std::string clean(llvm::StringRef text) {
  return json::isUTF8(text) ? text.str() : json::fixUTF8(text);
}

/// JSON has no infinities.
static double clean(double number) {
  return std::isfinite(number) ? number : 0;
}

static json::Value toJSON(const TargetKey &target) {
  json::Array features;
  for (const std::string &feature : target.features)
    features.push_back(clean(feature));
  json::Object object{{"arch", clean(target.arch)},
                      {"cpu", clean(target.cpu)},
                      {"features", std::move(features)},
                      {"vector_bits", target.vectorBits},
                      {"l1", target.l1Bytes},
                      {"l2", target.l2Bytes},
                      {"l3", target.l3Bytes},
                      {"cores", target.cores}};
  if (!target.gpu.empty())
    object["gpu"] = clean(target.gpu);
  return object;
}

json::Value attune::toJSON(const TrialRecord &record) {
  json::Array shapes;
  for (const std::vector<int64_t> &shape : record.shapes)
    shapes.push_back(json::Array(shape));
  json::Object schedule;
  for (const auto &[knob, value] : record.candidate.schedule.getValues())
    schedule[clean(knob)] = value;
  const Measurement &result = record.result;
  json::Object object{{"schema", kRecordSchema},
                      {"workload", clean(record.workload)},
                      {"family", clean(record.family)},
                      {"label", clean(record.label)},
                      {"shapes", std::move(shapes)},
                      {"target", ::toJSON(record.target)},
                      {"threads", record.threads},
                      {"backend", clean(record.candidate.backend)},
                      {"schedule", std::move(schedule)},
                      {"source", clean(record.candidate.source)},
                      {"schedule_version", clean(record.scheduleVersion)},
                      {"compiler", clean(record.compiler)},
                      {"status", getName(result.status)},
                      {"time", clean(record.time)}};
  if (!result.detail.empty())
    object["detail"] = clean(result.detail);
  if (result.status == TrialStatus::Ok) {
    object["samples"] = result.time.samples;
    object["min_ms"] = clean(result.time.min);
    object["median_ms"] = clean(result.time.median);
    object["q1_ms"] = clean(result.time.quartile1);
    object["q3_ms"] = clean(result.time.quartile3);
    object["speedup"] = clean(result.speedup);
  }
  if (result.error != 0)
    object["error"] = clean(result.error);
  if (record.confirmed)
    object["confirmed"] = true;
  if (record.predictedMs != 0)
    object["predicted_ms"] = clean(record.predictedMs);
  return object;
}

std::string attune::toLine(const TrialRecord &record) {
  std::string line;
  llvm::raw_string_ostream(line) << toJSON(record);
  return line;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Limits of what a line may say; all far beyond what is written.
constexpr size_t kMaxLineBytes = 1 << 16;
constexpr size_t kMaxTextBytes = 4096;
constexpr size_t kMaxShapes = 256;
constexpr size_t kMaxRank = 16;
constexpr size_t kMaxKnobs = 256;
constexpr size_t kMaxFeatures = 256;
constexpr int64_t kMaxExtent = int64_t(1) << 40;
constexpr int64_t kMaxCacheBytes = int64_t(1) << 50;
constexpr int64_t kMaxCores = 1 << 20;

/// Takes fields out of an object; keeps the first thing that was wrong.
class Fields {
public:
  Fields(const json::Object &object, std::string &reason)
      : object(object), reason(reason) {}

  bool fail(const llvm::Twine &what) {
    if (reason.empty())
      reason = what.str();
    return false;
  }

  bool text(llvm::StringRef key, std::string &result, bool needed = true) {
    const json::Value *value = object.get(key);
    if (!value && !needed)
      return true;
    std::optional<llvm::StringRef> found =
        value ? value->getAsString() : std::nullopt;
    if (!found || (needed && found->empty()))
      return fail("expected a text as '" + key + "'");
    if (found->size() > kMaxTextBytes)
      return fail("expected at most " + llvm::Twine(kMaxTextBytes) +
                  " bytes as '" + key + "'");
    result = found->str();
    return true;
  }

  template <typename Int>
  bool integer(llvm::StringRef key, Int &result, int64_t least, int64_t most) {
    const json::Value *value = object.get(key);
    std::optional<int64_t> found = value ? value->getAsInteger() : std::nullopt;
    if (!found || *found < least || *found > most)
      return fail("expected a whole number from " + llvm::Twine(least) +
                  " to " + llvm::Twine(most) + " as '" + key + "'");
    result = static_cast<Int>(*found);
    return true;
  }

  /// A number that is not negative; 0 when it may be left out and is.
  bool number(llvm::StringRef key, double &result, bool needed) {
    const json::Value *value = object.get(key);
    if (!value && !needed)
      return true;
    std::optional<double> found = value ? value->getAsNumber() : std::nullopt;
    if (!found || !std::isfinite(*found) || *found < 0)
      return fail("expected a number as '" + key + "'");
    result = *found;
    return true;
  }

  /// False when it is left out.
  bool flag(llvm::StringRef key, bool &result) {
    const json::Value *value = object.get(key);
    std::optional<bool> found = value ? value->getAsBoolean() : false;
    if (!found)
      return fail("expected true or false as '" + key + "'");
    result = *found;
    return true;
  }

  const json::Object *dictionary(llvm::StringRef key) {
    const json::Object *found = object.getObject(key);
    if (!found)
      fail("expected an object as '" + key + "'");
    return found;
  }

  const json::Array *list(llvm::StringRef key, size_t most) {
    const json::Array *found = object.getArray(key);
    if (found && found->size() <= most)
      return found;
    fail("expected a list of at most " + llvm::Twine(most) + " as '" + key +
         "'");
    return nullptr;
  }

private:
  const json::Object &object;
  std::string &reason;
};

} // namespace

static bool readShapes(Fields &fields, KernelShapes &shapes) {
  const json::Array *list = fields.list("shapes", kMaxShapes);
  if (!list)
    return false;
  for (const json::Value &value : *list) {
    const json::Array *extents = value.getAsArray();
    if (!extents || extents->size() > kMaxRank)
      return fields.fail("expected lists of extents as 'shapes'");
    std::vector<int64_t> &shape = shapes.emplace_back();
    for (const json::Value &extent : *extents) {
      std::optional<int64_t> found = extent.getAsInteger();
      if (!found || *found < 0 || *found > kMaxExtent)
        return fields.fail("expected extents from 0 to " +
                           llvm::Twine(kMaxExtent) + " in 'shapes'");
      shape.push_back(*found);
    }
  }
  return true;
}

static bool readTarget(Fields &fields, TargetKey &target, std::string &reason) {
  const json::Object *object = fields.dictionary("target");
  if (!object)
    return false;
  Fields inner(*object, reason);
  const json::Array *features = inner.list("features", kMaxFeatures);
  if (!features)
    return false;
  for (const json::Value &value : *features) {
    std::optional<llvm::StringRef> feature = value.getAsString();
    if (!feature || feature->size() > kMaxTextBytes)
      return inner.fail("expected names as 'features'");
    target.features.push_back(feature->str());
  }
  llvm::sort(target.features);
  return inner.text("arch", target.arch) && inner.text("cpu", target.cpu) &&
         inner.integer("vector_bits", target.vectorBits, 0, 1 << 20) &&
         inner.integer("l1", target.l1Bytes, 0, kMaxCacheBytes) &&
         inner.integer("l2", target.l2Bytes, 0, kMaxCacheBytes) &&
         inner.integer("l3", target.l3Bytes, 0, kMaxCacheBytes) &&
         inner.integer("cores", target.cores, 1, kMaxCores) &&
         inner.text("gpu", target.gpu, /*needed=*/false);
}

static bool readSchedule(Fields &fields, Schedule &schedule) {
  const json::Object *object = fields.dictionary("schedule");
  if (!object)
    return false;
  if (object->size() > kMaxKnobs)
    return fields.fail("expected at most " + llvm::Twine(kMaxKnobs) +
                       " knobs in 'schedule'");
  for (const auto &[key, value] : *object) {
    llvm::StringRef knob = key;
    std::optional<int64_t> number = value.getAsInteger();
    if (!number || knob.empty() || knob.size() > 64)
      return fields.fail("expected whole numbers of knobs as 'schedule'");
    schedule.set(knob, *number);
  }
  return true;
}

static bool readResult(Fields &fields, Measurement &result) {
  std::string status;
  if (!fields.text("status", status))
    return false;
  std::optional<TrialStatus> known = parseTrialStatus(status);
  if (!known)
    return fields.fail("expected ok, wrong, compile-failed, crashed or timeout "
                       "as 'status', found '" +
                       printable(status, 40) + "'");
  result.status = *known;
  bool isOk = *known == TrialStatus::Ok;
  if (isOk && !fields.integer("samples", result.time.samples, 0,
                              std::numeric_limits<int64_t>::max()))
    return false;
  return fields.text("detail", result.detail, /*needed=*/false) &&
         fields.number("min_ms", result.time.min, isOk) &&
         fields.number("median_ms", result.time.median, isOk) &&
         fields.number("q1_ms", result.time.quartile1, isOk) &&
         fields.number("q3_ms", result.time.quartile3, isOk) &&
         fields.number("speedup", result.speedup, isOk) &&
         fields.number("error", result.error, /*needed=*/false);
}

static bool isWorkloadId(llvm::StringRef text) {
  return text.size() == 16 && llvm::all_of(text, [](char c) {
           return llvm::isDigit(c) || (c >= 'a' && c <= 'f');
         });
}

std::optional<TrialRecord> attune::parseRecord(llvm::StringRef line,
                                               RecordProblem &problem,
                                               std::string *reason) {
  std::string why;
  auto fail = [&](RecordProblem kind) -> std::optional<TrialRecord> {
    problem = kind;
    if (reason)
      *reason = why;
    return std::nullopt;
  };
  if (line.size() > kMaxLineBytes) {
    why = "expected a line of at most " + std::to_string(kMaxLineBytes) +
          " bytes, found " + std::to_string(line.size());
    return fail(RecordProblem::Damaged);
  }
  llvm::Expected<json::Value> value =
      parseJSON(line, "record",
                {/*maxDepth=*/8, /*refuseDuplicateKeys=*/false,
                 /*maxValues=*/8192});
  if (!value) {
    why = llvm::StringRef(llvm::toString(value.takeError()))
              .split(": ")
              .second.str();
    return fail(RecordProblem::Damaged);
  }
  const json::Object *object = value->getAsObject();
  if (!object) {
    why = "expected a JSON object";
    return fail(RecordProblem::Damaged);
  }
  Fields fields(*object, why);
  int64_t schema = 0;
  if (!fields.integer("schema", schema, 1, std::numeric_limits<int64_t>::max()))
    return fail(RecordProblem::Damaged);
  if (schema > kRecordSchema) {
    why = "schema " + std::to_string(schema) + ", this build reads up to " +
          std::to_string(kRecordSchema);
    return fail(RecordProblem::Newer);
  }

  std::optional<TrialRecord> record(std::in_place);
  if (!fields.text("workload", record->workload) ||
      !fields.text("family", record->family) ||
      !fields.text("label", record->label) ||
      !readShapes(fields, record->shapes) ||
      !readTarget(fields, record->target, why) ||
      !fields.integer("threads", record->threads, 1, kMaxCores) ||
      !fields.text("backend", record->candidate.backend) ||
      !readSchedule(fields, record->candidate.schedule) ||
      !fields.text("source", record->candidate.source, false) ||
      !fields.text("schedule_version", record->scheduleVersion, false) ||
      !fields.text("compiler", record->compiler, false) ||
      !readResult(fields, record->result) ||
      !fields.number("predicted_ms", record->predictedMs, false) ||
      !fields.flag("confirmed", record->confirmed) ||
      !fields.text("time", record->time, false))
    return fail(RecordProblem::Damaged);
  if (!isWorkloadId(record->workload)) {
    why = "expected 16 hexadecimal digits as 'workload'";
    return fail(RecordProblem::Damaged);
  }
  return record;
}

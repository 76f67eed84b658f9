//===- ConfigObject.cpp - Typed access to a JSON configuration ------------===//

#include "attune/Model/ConfigObject.h"
#include "attune/Support/File.h"

#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace attune {

const json::Value *ConfigObject::get(StringRef key) const {
  const json::Value *value = object.get(key);
  return value && value->kind() == json::Value::Null ? nullptr : value;
}

bool ConfigObject::has(StringRef key) const { return get(key); }

void ConfigObject::wrongType(StringRef key, StringRef expected,
                             const json::Value &found) {
  complete = false;
  std::string text;
  // Only scalars are shown: an array may be as long as the file.
  if (found.kind() == json::Value::Array)
    text = "an array";
  else if (found.kind() == json::Value::Object)
    text = "an object";
  else
    raw_string_ostream(text) << found;
  problems.addf("{0}: expected {1}, found {2}", key, expected, printable(text));
}

int64_t ConfigObject::requireInteger(StringRef key) {
  if (!get(key)) {
    complete = false;
    problems.addf("{0} is missing, expected an integer", key);
    return 0;
  }
  return integer(key, 0);
}

int64_t ConfigObject::integer(StringRef key, int64_t absent) {
  const json::Value *value = get(key);
  if (!value)
    return absent;
  if (std::optional<int64_t> result = value->getAsInteger())
    return *result;
  wrongType(key, "an integer of 64 bits", *value);
  return absent;
}

double ConfigObject::number(StringRef key, double absent) {
  const json::Value *value = get(key);
  if (!value)
    return absent;
  if (std::optional<double> result = value->getAsNumber())
    return *result;
  wrongType(key, "a number", *value);
  return absent;
}

bool ConfigObject::boolean(StringRef key, bool absent) {
  const json::Value *value = get(key);
  if (!value)
    return absent;
  if (std::optional<bool> result = value->getAsBoolean())
    return *result;
  wrongType(key, "true or false", *value);
  return absent;
}

std::string ConfigObject::string(StringRef key, StringRef absent) {
  const json::Value *value = get(key);
  if (!value)
    return absent.str();
  if (std::optional<StringRef> result = value->getAsString())
    return result->str();
  wrongType(key, "a string", *value);
  return absent.str();
}

Activation ConfigObject::activation(StringRef key, StringRef absent) {
  std::string name = string(key, absent);
  if (std::optional<Activation> known = activationFromHuggingFace(name))
    return *known;
  problems.addUnsupported(
      key + " '" + printable(name) + "'", file,
      "supported: gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, quick_gelu, "
      "relu, silu, swish, tanh");
  return Activation::GeluErf;
}

void ConfigObject::refuseTrue(StringRef key, StringRef why) {
  if (boolean(key, false))
    problems.addUnsupported(key + " true", file, why);
}

void ConfigObject::refuseOtherThan(StringRef key, StringRef only) {
  std::string value = string(key, only);
  if (value != only)
    problems.addUnsupported(key + " '" + printable(value) + "'", file,
                            "supported: " + only);
}

} // namespace attune

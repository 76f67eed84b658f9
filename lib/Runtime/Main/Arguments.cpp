//===- Arguments.cpp - Command lines of the program -----------------------===//
#include "Arguments.h"

#include "attune/Runtime/Text.h"

#include <cmath>
#include <cstdlib>

namespace attune::program {

using rt::format;

std::string unknownWord(const char *kind, std::string_view word,
                        const std::vector<std::string_view> &known) {
  std::string_view near = rt::nearestWord(word, known);
  std::string text = format("unknown %s '%s'", kind, std::string(word).c_str());
  if (!near.empty())
    text += format(": did you mean '%s'?", std::string(near).c_str());
  return text;
}

bool Arguments::parse(const std::vector<Option> &known,
                      const std::vector<std::string_view> &given,
                      std::string &error) {
  bool onlyArguments = false;
  for (size_t i = 0; i < given.size(); ++i) {
    std::string_view word = given[i];
    if (onlyArguments || word.size() < 2 || word[0] != '-') {
      arguments.push_back(word);
      continue;
    }
    if (word == "--") {
      onlyArguments = true;
      continue;
    }
    bool isLong = word[1] == '-';
    size_t equals = isLong ? word.find('=') : std::string_view::npos;
    std::string_view name = word.substr(0, equals);
    const Option *option = nullptr;
    for (const Option &candidate : known)
      if (isLong ? name.substr(2) == candidate.name
                 : candidate.letter && word[1] == candidate.letter)
        option = &candidate;
    if (!option) {
      std::vector<std::string> spelt;
      spelt.reserve(known.size());
      for (const Option &candidate : known)
        spelt.push_back(std::string("--") + candidate.name);
      std::vector<std::string_view> names(spelt.begin(), spelt.end());
      error = unknownWord("option", name, names);
      return false;
    }
    bool attached = equals != name.npos || (!isLong && word.size() > 2);
    if (!option->value) {
      if (attached) {
        error = format("option '--%s' takes no value", option->name);
        return false;
      }
      options.push_back({option, {}});
      continue;
    }
    std::string_view value;
    if (attached) {
      value = isLong ? word.substr(equals + 1) : word.substr(2);
    } else if (i + 1 < given.size()) {
      value = given[++i];
    } else {
      error = format("option '--%s' needs a value: --%s=%s", option->name,
                     option->name, option->value);
      return false;
    }
    options.push_back({option, value});
  }
  return true;
}

bool Arguments::has(std::string_view name) const {
  for (const GivenOption &given : options)
    if (name == given.option->name)
      return true;
  return false;
}

std::string_view Arguments::get(std::string_view name,
                                std::string_view otherwise) const {
  for (const GivenOption &given : options)
    if (name == given.option->name)
      otherwise = given.value;
  return otherwise;
}

std::vector<std::string_view> Arguments::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const GivenOption &given : options)
    if (name == given.option->name)
      values.push_back(given.value);
  return values;
}

bool Arguments::number(std::string_view name, int64_t low, int64_t high,
                       int64_t otherwise, int64_t &value,
                       std::string &error) const {
  value = otherwise;
  if (!has(name) || rt::parseInteger(get(name), low, high, value))
    return true;
  error = format("--%s is '%s': expected a number from %lld to %lld",
                 std::string(name).c_str(), std::string(get(name)).c_str(),
                 (long long)low, (long long)high);
  return false;
}

bool Arguments::numbers(std::string_view name, int64_t low, int64_t high,
                        std::vector<int64_t> otherwise,
                        std::vector<int64_t> &values,
                        std::string &error) const {
  values = std::move(otherwise);
  if (!has(name))
    return true;
  values.clear();
  std::string_view text = get(name);
  while (true) {
    size_t comma = text.find(',');
    int64_t value;
    if (!rt::parseInteger(text.substr(0, comma), low, high, value)) {
      error = format("--%s is '%s': expected numbers from %lld to %lld with "
                     "commas between them, e.g. 1,8",
                     std::string(name).c_str(), std::string(get(name)).c_str(),
                     (long long)low, (long long)high);
      return false;
    }
    values.push_back(value);
    if (comma == text.npos)
      return true;
    text.remove_prefix(comma + 1);
  }
}

bool Arguments::fraction(std::string_view name, double otherwise, double &value,
                         std::string &error) const {
  value = otherwise;
  if (!has(name))
    return true;
  std::string text(get(name));
  char *end = nullptr;
  value = strtod(text.c_str(), &end);
  if (!text.empty() && !*end && std::isfinite(value) && value >= 0)
    return true;
  error = format("--%s is '%s': expected a number of at least 0, e.g. 1e-4",
                 std::string(name).c_str(), text.c_str());
  return false;
}

bool Arguments::word(std::string_view name,
                     const std::vector<std::string_view> &words,
                     std::string_view &value, std::string &error) const {
  value = get(name, words.front());
  std::string known;
  for (std::string_view candidate : words) {
    if (candidate == value)
      return true;
    known += (known.empty() ? "" : ", ") + std::string(candidate);
  }
  error = format("--%s is '%s': expected one of %s", std::string(name).c_str(),
                 std::string(value).c_str(), known.c_str());
  return false;
}

} // namespace attune::program

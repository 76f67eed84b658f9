//===- Header.cpp - The header of an emitted library ----------------------===//
#include "attune/Runtime/Header.h"

#include "HeaderText.inc"
#include "attune/Runtime/Extents.h"
#include "attune/Runtime/Npy.h"
#include "attune/Runtime/Text.h"

#include <utility>
#include <vector>

namespace attune::rt {

namespace {

/// Text that can stand in a C comment, whatever a model's files say.
std::string commentText(std::string_view text) {
  std::string out;
  for (char c : repairUtf8(text.substr(0, 200))) {
    bool closes = c == '/' && !out.empty() && out.back() == '*';
    bool opens = c == '*' && !out.empty() && out.back() == '/';
    if (closes || opens)
      out += ' ';
    out += uint8_t(c) < 0x20 || c == 0x7f || c == '\\' ? ' ' : c;
  }
  return out;
}

std::string tensorLine(const AttuneModel &model, const AttuneTensorInfo &info,
                       bool isInput) {
  std::string line = format(" *   \"%s\" %s %s", commentText(info.name).c_str(),
                            elementTypeName(info.type),
                            commentText(symbolicShape(model, info)).c_str());
  bool isInteger = !isFloatType(info.type) && info.type != ATTUNE_BOOL;
  if (isInput && isInteger && info.min <= info.max)
    line += format(", %lld to %lld", (long long)info.min, (long long)info.max);
  if (isInput && info.when_absent != ATTUNE_REQUIRED)
    line += format(", optional: all %s",
                   info.when_absent == ATTUNE_ONES ? "ones" : "zeros");
  return line;
}

/// Joins the lines of a list; " *   none" when there are none.
std::string listText(const std::vector<std::string> &lines) {
  std::string text;
  for (const std::string &line : lines)
    text += (text.empty() ? "" : "\n") + line;
  return lines.empty() ? " *   none" : text;
}

std::string upperCase(std::string_view text) {
  std::string out(text);
  for (char &c : out)
    c = c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
  return out;
}

/// Keeps or drops what stands between the lines "@IF x@" and "@END@".
std::string selectParts(std::string_view text, std::string_view have) {
  std::string out;
  bool keep = true;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.starts_with("@IF ")) {
      keep = have.find(line[4]) != have.npos;
    } else if (line == "@END@") {
      keep = true;
    } else if (keep) {
      out += line;
      out += '\n';
    }
  }
  return out;
}

/// Replaces every @NAME@ that `values` has, in one pass: what is put in is not
/// looked at again.
std::string substitute(
    std::string_view text,
    const std::vector<std::pair<std::string_view, std::string>> &values) {
  std::string out;
  while (!text.empty()) {
    size_t at = text.find('@');
    out += text.substr(0, at);
    if (at == text.npos)
      break;
    text.remove_prefix(at);
    size_t end = text.find('@', 1);
    std::string_view name =
        end == text.npos ? std::string_view() : text.substr(1, end - 1);
    const std::string *value = nullptr;
    for (auto &[known, replacement] : values)
      if (known == name)
        value = &replacement;
    out += value ? *value : "@";
    text.remove_prefix(value ? end + 1 : 1);
  }
  return out;
}

} // namespace

std::string renderHeader(const AttuneModel &model, std::string_view prefix,
                         std::string_view weightsName) {
  std::vector<std::string> symbols, inputs, outputs;
  for (int32_t i = 0; i < model.num_symbols; ++i) {
    const AttuneSymbol &symbol = model.symbols[i];
    symbols.push_back(format(
        " *   %s%s%s", commentText(symbol.name).c_str(),
        symbol.max > 0 ? format(", at most %lld", (long long)symbol.max).c_str()
                       : "",
        symbol.min == 0 ? ", may be 0" : ""));
  }
  for (int32_t i = 0; i < model.num_constraints; ++i)
    symbols.push_back(format(
        " *   always %s",
        commentText(constraintText(model, model.constraints[i])).c_str()));
  for (int32_t i = 0; i < model.num_inputs; ++i)
    inputs.push_back(tensorLine(model, model.inputs[i], true));
  for (int32_t i = 0; i < model.num_outputs; ++i)
    outputs.push_back(tensorLine(model, model.outputs[i], false));
  std::string upper = upperCase(prefix);
  std::string parts =
      selectParts(headerTemplate, model.tokenizer_bytes ? "t" : "");
  return substitute(
      parts, {{"PREFIX", std::string(prefix)},
              {"UPPER", upper},
              {"GUARD", upper + "_H"},
              {"MODEL", commentText(model.name ? model.name : "a model")},
              {"WEIGHTS", commentText(weightsName)},
              {"ABI_VERSION", std::to_string(ATTUNE_ABI_VERSION)},
              {"TYPES", headerTypes},
              {"SYMBOLS", listText(symbols)},
              {"INPUTS", listText(inputs)},
              {"OUTPUTS", listText(outputs)}});
}

std::string cIdentifier(std::string_view name) {
  std::string out;
  for (char c : name) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool digit = c >= '0' && c <= '9';
    if (digit && out.empty())
      out += 'm';
    out += letter || digit ? c : '_';
  }
  if (out.empty())
    return "model";
  // Names that start with '_' and a letter are the implementation's.
  if (out[0] == '_')
    out = "m" + out;
  return out;
}

} // namespace attune::rt

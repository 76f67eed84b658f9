//===- BenchSizes.cpp - What -b and -p mean to a model --------------------===//
#include "BenchSizes.h"
#include "Tensors.h"

#include "attune/Runtime/Text.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace attune::program {

using rt::format;

BenchSizes::BenchSizes(const AttuneModel &model)
    : model(model), roles(size_t(model.num_symbols), Role::Fixed),
      fixed(size_t(model.num_symbols), 0) {
  int32_t batch = findSymbol(model, "batch");
  int32_t length = findSymbol(model, "length");
  std::vector<bool> comesFirst(roles.size(), false);
  for (int32_t i = 0; i < model.num_inputs; ++i) {
    const AttuneTensorInfo &info = model.inputs[i];
    int64_t symbol = info.rank > 0 ? -1 - info.dims[0] : -1;
    if (symbol >= 0 && symbol < model.num_symbols)
      comesFirst[size_t(symbol)] = true;
  }
  for (int32_t i = 0; i < model.num_symbols; ++i) {
    bool isBatch = batch >= 0 ? i == batch : comesFirst[size_t(i)];
    bool isLength = length >= 0 ? i == length : model.symbols[i].min > 0;
    if (isBatch || isLength)
      roles[size_t(i)] = isBatch ? Role::Batch : Role::Length;
    else
      fixed[size_t(i)] = model.symbols[i].min;
  }
}

bool BenchSizes::fix(const std::vector<std::string_view> &extents,
                     std::string &error) {
  for (std::string_view extent : extents) {
    // Names of a graph may have the sign in them.
    size_t sign = extent.rfind('=');
    std::string_view name = extent.substr(0, sign);
    std::string_view digits =
        sign == extent.npos ? std::string_view() : extent.substr(sign + 1);
    int64_t value = 0;
    const char *end = digits.data() + digits.size();
    auto [stop, status] = std::from_chars(digits.data(), end, value);
    if (digits.empty() || status != std::errc() || stop != end || value < 0) {
      error = format("--extent is '%s', expected NAME=N",
                     std::string(extent).c_str());
      return false;
    }
    int32_t symbol = findSymbol(model, name);
    if (symbol < 0) {
      error = format("the model has no extent '%s'; 'info' lists them",
                     std::string(name).c_str());
      return false;
    }
    roles[size_t(symbol)] = Role::Fixed;
    fixed[size_t(symbol)] = value;
  }
  return true;
}

std::vector<int64_t> BenchSizes::values(int64_t batch, int64_t length) const {
  std::vector<int64_t> result = fixed;
  for (size_t i = 0; i < roles.size(); ++i)
    if (roles[i] != Role::Fixed)
      result[i] = roles[i] == Role::Batch ? batch : length;
  return result;
}

int64_t BenchSizes::limit(Role role) const {
  int64_t least = 0;
  for (size_t i = 0; i < roles.size(); ++i)
    if (int64_t most = model.symbols[i].max; roles[i] == role && most > 0)
      least = least > 0 ? std::min(least, most) : most;
  return least;
}

std::string BenchSizes::names(Role role) const {
  std::string out;
  for (size_t i = 0; i < roles.size(); ++i)
    if (roles[i] == role) {
      out += out.empty() ? "" : ", ";
      out += model.symbols[i].name;
      if (role == Role::Fixed)
        out += format("=%lld", (long long)fixed[i]);
    }
  return out;
}

std::string BenchSizes::note() const {
  std::string batch = names(Role::Batch), length = names(Role::Length);
  std::string others = names(Role::Fixed);
  if (batch == "batch" && length == "length" && others.empty())
    return "";
  auto orNone = [](const std::string &text) {
    return text.empty() ? "nothing" : text.c_str();
  };
  std::string out =
      format("batch sets %s; length sets %s", orNone(batch), orNone(length));
  return others.empty() ? out : out + "; " + others;
}

} // namespace attune::program

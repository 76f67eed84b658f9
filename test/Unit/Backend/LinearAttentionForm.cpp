//===- LinearAttentionForm.cpp - Kernels of linear attention --------------===//
#include "LinearAttentionForm.h"
#include "KernelTestSupport.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace attune;

static std::string tensorOf(ArrayRef<int64_t> shape,
                            StringRef element = "f32") {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += (extent < 0 ? "?" : std::to_string(extent)) + "x";
  return text + element.str() + ">";
}
static std::string tokensOf(int64_t columns) {
  return tensorOf({-1, -1, columns});
}

std::string LinearAttentionForm::getText() const {
  std::string arguments, body, operands;
  auto argue = [&](StringRef name, std::string type) {
    arguments += (arguments.empty() ? "%" : ", %") + name.str() + ": " + type;
  };
  auto operand = [&](bool isThere, StringRef name, std::string type) {
    if (!isThere)
      return;
    argue(name, type);
    operands += llvm::formatv(" {0}(%{0} : {1})", name, type).str();
  };
  std::string q = tokensOf(heads * dim), k = tokensOf(kvHeads * dim),
              v = tokensOf(kvHeads * valueDim), r = tokensOf(heads * valueDim);
  argue("q", q);
  argue("k", k);
  argue("v", v);
  std::string query = "%q", key = "%k", w = tokensOf(kvHeads);
  std::string mappedQuery = tokensOf(heads * keyDim()),
              mappedKey = tokensOf(kvHeads * keyDim());
  bool hasMap = !map.empty();
  if (hasMap) {
    auto write = [&](std::string name, StringRef input, StringRef type,
                     int64_t count, StringRef result, bool isScaled) {
      std::string weights, attributes = mapAttributes;
      if (rows) {
        std::string weight = tensorOf({1, rows, dim});
        argue("w" + name, weight);
        weights = llvm::formatv(" projection(%w{0} : {1})", name, weight).str();
      }
      body += llvm::formatv("  %f{0}{1} = attune.feature_map {2} %{3}{4} "
                            "{{heads = {5} : i64{6}} : {7} -> {8}{9}\n",
                            name, isScaled ? ", %scale" : "", map, input,
                            weights, count, attributes, type, result,
                            isScaled ? ", " + w : std::string())
                  .str();
    };
    write("q", "q", q, heads, mappedQuery, false);
    write("k", "k", k, kvHeads, mappedKey, weighted);
    query = "%fq";
    key = "%fk";
  }
  operand(masked, "mask", tensorOf({-1, -1}, "i64"));
  operand(isGated(), "decay",
          decay == "fixed"  ? tensorOf(kvHeads)
          : decay == "head" ? tokensOf(kvHeads)
                            : tokensOf(kvHeads * keyDim()));
  operand(isDelta(), "beta", tokensOf(sharedBeta ? 1 : kvHeads));
  if (hasMap && weighted)
    operands += " log_weights(%scale : " + w + ")";
  else
    operand(weighted, "log_weights", w);
  SmallVector<int64_t> state = {-1, kvHeads, keyDim(), valueDim};
  ArrayRef<int64_t> parts(state);
  std::string s = tensorOf(parts), z = tensorOf(parts.take_front(3)),
              m = tensorOf(parts.take_front(2));
  operand(past, "past", s);
  operand(past && denominator, "past_sum", z);
  operand(past && weighted, "past_max", m);
  std::string values = "%r, %s", types = r + ", " + s, signature = types;
  if (denominator) {
    values += ", %z";
    types += ", " + z;
    signature += " sum " + z;
  }
  if (weighted) {
    values += ", %m";
    types += ", " + m;
    signature += " max " + m;
  }
  std::string attributes =
      llvm::formatv("heads = {0} : i64, kv_heads = {1} : i64, scale = {2:e} : "
                    "f64{3}",
                    heads, kvHeads, scale, full ? ", full" : "")
          .str();
  if (denominator)
    attributes += llvm::formatv(", denominator = {0:e} : f64", *denominator);
  if (!squash.empty())
    attributes += ", squash = #attune.gate<" + squash + ">";
  return llvm::formatv(
             "attune.kernel @linear_attention({0}) -> ({1}) {{\n{2}"
             "  {3} = attune.linear_attention {4} {5}, {6}, %v{7} {{{8}} : "
             "({9}, {10}, {11}) -> ({12})\n"
             "  attune.yield {3} : {1}\n}",
             arguments, types, body, values, rule, query, key, operands,
             attributes, mappedQuery, mappedKey, v, signature)
      .str();
}

SmallVector<Tensor> LinearAttentionForm::makeInputs(int64_t batch,
                                                    int64_t queries,
                                                    int64_t keys,
                                                    uint64_t seed) const {
  SmallVector<Tensor> inputs;
  auto add = [&](SmallVector<int64_t> shape, double low = -1, double high = 1) {
    inputs.push_back(randomFloats(shape, ++seed, low, high));
  };
  // Keys of the delta rules are no longer than 1, and divisors do not vanish.
  bool hasMap = !map.empty();
  double most = isDelta() && !hasMap ? 1 / std::sqrt(double(dim)) : 1;
  double least = denominator && !hasMap ? 0.05 : -1;
  add({batch, queries, heads * dim}, least, 1);
  add({batch, keys, kvHeads * dim}, std::max(least, -most), most);
  add({batch, keys, kvHeads * valueDim}, -values, values);
  if (hasMap && rows) {
    add({1, rows, dim}, -0.5, 0.5);
    add({1, rows, dim}, -0.5, 0.5);
  }
  if (masked)
    inputs.push_back(randomIds({batch, keys}, ++seed, 3));
  if (isGated()) {
    if (decay == "fixed")
      add({kvHeads}, -0.5, 0);
    else
      add({batch, keys, kvHeads * (decay == "head" ? 1 : keyDim())}, -1, 0);
  }
  if (isDelta())
    add({batch, keys, sharedBeta ? 1 : kvHeads}, 0, 1);
  if (weighted && !hasMap)
    add({batch, keys, kvHeads}, -4, 4);
  if (past) {
    add({batch, kvHeads, keyDim(), valueDim});
    if (denominator)
      add({batch, kvHeads, keyDim()}, 0.05, 1);
    if (weighted)
      add({batch, kvHeads});
  }
  return inputs;
}

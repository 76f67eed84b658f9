//===- LinearAttentionTest.cpp - Linear attention, by all backends --------===//
//
// Whatever a backend takes is compared with the interpreter: rules, maps,
// options and lengths with the backend's own schedule, and a few of each under
// other schedules, which choose between the forms.
//
//===----------------------------------------------------------------------===//
#include "../Reference/GoldenKernels.h"
#include "KernelTestSupport.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace attune;

namespace {

/// A kernel with one linear attention and the maps that it reads.
struct Form {
  std::string rule = "linear";
  int64_t heads = 2, kvHeads = 2, dim = 16, valueDim = 16;
  /// "head", "column" or "fixed" for the gated rules.
  std::string decay = "head";
  bool sharedBeta = false;
  bool masked = false, past = false, full = false, weighted = false;
  std::optional<double> denominator;
  std::string squash;
  /// The map of queries and keys with its attributes: "elu1", and rows of its
  /// projection, 0 without. With `weighted` its scale weighs the keys.
  std::string map, mapAttributes;
  int64_t rows = 0, features = 0;
  double scale = 0.5;
  double values = 1; ///< the largest

  bool isGated() const { return StringRef(rule).starts_with("gated"); }
  bool isDelta() const { return StringRef(rule).ends_with("delta"); }
  int64_t keyDim() const { return features ? features : dim; }
  double tolerance() const { return isDelta() ? 1e-4 : 1e-5; }

  std::string getText() const;
  /// Inputs of sequences of `queries` and `keys` tokens, which are equal but
  /// for `full`.
  SmallVector<Tensor> makeInputs(int64_t batch, int64_t queries, int64_t keys,
                                 uint64_t seed) const;
};

std::string tensorOf(ArrayRef<int64_t> shape, StringRef element = "f32") {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += (extent < 0 ? "?" : std::to_string(extent)) + "x";
  return text + element.str() + ">";
}
std::string tokensOf(int64_t columns) { return tensorOf({-1, -1, columns}); }

std::string Form::getText() const {
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

SmallVector<Tensor> Form::makeInputs(int64_t batch, int64_t queries,
                                     int64_t keys, uint64_t seed) const {
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

/// One, two, those around chunks of the sizes that schedules have, and long
/// ones.
constexpr int64_t kLengths[] = {1,  2,  3,  15, 16,  17,  31,  32,
                                33, 63, 64, 65, 127, 128, 129, 1000};
constexpr int64_t kFewLengths[] = {1, 5, 33, 150};

class LinearAttentionTest : public testing::TestWithParam<std::string> {
protected:
  /// Compiles the form, if the backend takes it, and runs it on sequences.
  void check(const Form &form, ArrayRef<int64_t> lengths = kFewLengths,
             std::optional<Schedule> schedule = std::nullopt) {
    std::string text = form.getText();
    SCOPED_TRACE(text + (schedule ? schedule->str() : ""));
    if (!isTaken(text))
      return;
    KernelUnderTest kernel(text, GetParam(), {}, schedule);
    auto run = [&](int64_t batch, int64_t queries, int64_t keys) {
      if (HasFailure())
        return;
      SCOPED_TRACE(llvm::formatv("batch {0}, {1} queries, {2} keys", batch,
                                 queries, keys)
                       .str());
      kernel.check(form.makeInputs(batch, queries, keys, 1000 * keys + queries),
                   form.tolerance(), /*threads=*/2);
    };
    for (int64_t length : lengths) {
      run(length < 100 ? 2 : 1, length, length);
      if (form.full)
        run(1, 7, length);
    }
    run(0, 3, 3);
    run(2, 0, 0);
  }

  /// Whether this machine runs wider vectors, too: what does not depend on them
  /// is tested with those alone.
  bool isNarrow() const {
    return !StringRef(GetParam()).starts_with(getRunnableTargets().back());
  }
  static constexpr char kNarrow[] = "run with the widest vectors alone";

  bool isTaken(StringRef text) {
    std::string reason;
    bool taken = supportsKernel(text, GetParam(), reason);
    // The LLVM backend is there for all.
    if (!taken && !StringRef(GetParam()).contains("halide"))
      ADD_FAILURE() << reason;
    return taken;
  }
};

/// Those for CPUs: OpenCL on a CPU compiles as many kernels in minutes.
std::vector<std::string> getCpuBackends() {
  std::vector<std::string> names = getRunnableBackends();
  llvm::erase_if(names, [](const std::string &name) {
    return StringRef(name).ends_with("opencl");
  });
  return names;
}

const char *const kRules[] = {"linear", "gated", "delta", "gated_delta"};

} // namespace

TEST_P(LinearAttentionTest, Golden) {
  if (isNarrow())
    GTEST_SKIP() << kNarrow;
  for (const GoldenKernel &golden : readGoldenKernels()) {
    SCOPED_TRACE(golden.name + "\n" + golden.text);
    // Lengths are a test of their own.
    if (StringRef(golden.name).starts_with("length"))
      continue;
    if (!isTaken(golden.text))
      continue;
    bool isDelta = StringRef(golden.text).contains("delta ");
    KernelUnderTest kernel(golden.text, GetParam());
    SmallVector<SmallVector<int64_t>> shapes;
    for (const GoldenKernel::Result &result : golden.results)
      shapes.push_back(result.shape);
    std::vector<Tensor> results = kernel.run(golden.inputs, shapes);
    ASSERT_EQ(results.size(), golden.results.size());
    for (size_t i = 0; i < results.size(); ++i)
      expectGolden(results[i], golden.results[i], isDelta ? 1e-4 : 1e-5);
    if (HasFailure())
      return;
  }
}

TEST_P(LinearAttentionTest, Lengths) {
  for (const char *rule : kRules)
    for (bool past : {false, true}) {
      Form form;
      form.rule = rule;
      form.past = past;
      form.dim = form.valueDim = 32;
      // Sums of up to a thousand tokens.
      form.values = 0.1;
      check(form, kLengths);
    }
  Form full;
  full.full = true;
  full.values = 0.1;
  check(full, kLengths);
}

TEST_P(LinearAttentionTest, RulesAndShapes) {
  struct Shape {
    int64_t heads, kvHeads, dim, valueDim;
  };
  for (const char *rule : kRules)
    for (Shape shape : {Shape{1, 1, 1, 1},
                        {6, 2, 5, 7},
                        {5, 1, 19, 37},
                        {2, 1, 64, 64},
                        {1, 1, 70, 3},
                        {4, 4, 8, 128}}) {
      Form form;
      form.rule = rule;
      form.heads = shape.heads;
      form.kvHeads = shape.kvHeads;
      form.dim = shape.dim;
      form.valueDim = shape.valueDim;
      form.decay = shape.heads % 2 ? "column" : "head";
      form.sharedBeta = shape.heads % 2;
      form.past = form.masked = shape.dim % 2;
      check(form);
    }
}

TEST_P(LinearAttentionTest, Decays) {
  if (isNarrow())
    GTEST_SKIP() << kNarrow;
  for (const char *rule : {"gated", "gated_delta"})
    for (const char *decay : {"head", "column", "fixed"})
      for (bool masked : {false, true}) {
        Form form;
        form.rule = rule;
        form.decay = decay;
        form.heads = 4;
        form.masked = form.past = masked;
        check(form);
        if (form.isDelta())
          continue;
        form.denominator = 1e-6;
        check(form);
      }
}

// Factors far below what an exponential of their sum has: to forget all, and
// for long.
TEST_P(LinearAttentionTest, DecaysThatForgetAll) {
  for (const char *rule : {"gated", "gated_delta"})
    for (const char *decay : {"head", "column"}) {
      Form form;
      form.rule = rule;
      form.decay = decay;
      form.past = true;
      std::string text = form.getText();
      if (!isTaken(text))
        continue;
      SCOPED_TRACE(text);
      KernelUnderTest kernel(text, GetParam());
      for (double least : {-30.0, -1000.0}) {
        SmallVector<Tensor> inputs = form.makeInputs(1, 140, 140, 3);
        SmallVector<int64_t> shape(inputs[3].getShape());
        inputs[3] = randomFloats(shape, 9, least, 0);
        kernel.check(inputs, form.tolerance());
      }
    }
}

TEST_P(LinearAttentionTest, SumsAndWeights) {
  if (isNarrow())
    GTEST_SKIP() << kNarrow;
  for (bool full : {false, true})
    for (bool weighted : {false, true})
      for (bool past : {false, true})
        for (std::optional<double> denominator :
             {std::optional<double>(), {0.0}, {1e-6}, {0.5}}) {
          Form form;
          form.full = full;
          form.weighted = weighted;
          form.past = past;
          form.denominator = denominator;
          form.masked = past;
          form.heads = 4;
          // Sums of weights up to e^4.
          form.scale = denominator ? 1.0 : 1e-3;
          check(form);
        }
}

// Weights far beyond where exponentials overflow: the result is a mean.
TEST_P(LinearAttentionTest, LargeWeights) {
  for (bool full : {false, true}) {
    Form form;
    form.weighted = true;
    form.full = full;
    form.denominator = 0.0;
    std::string text = form.getText();
    if (!isTaken(text))
      continue;
    SCOPED_TRACE(text);
    KernelUnderTest kernel(text, GetParam());
    for (double level : {-500.0, 500.0}) {
      SmallVector<Tensor> inputs = form.makeInputs(1, 140, 140, 3);
      inputs[3] = randomFloats({1, 140, 2}, 9, level - 60, level + 60);
      kernel.check(inputs, 1e-4);
    }
  }
}

// Where no key is left, or features cancel each other, the result is 0.
TEST_P(LinearAttentionTest, DivisorsOfZero) {
  for (bool full : {false, true}) {
    Form form;
    form.full = full;
    form.denominator = 0.0;
    form.masked = true;
    std::string text = form.getText();
    if (!isTaken(text))
      continue;
    SCOPED_TRACE(text);
    KernelUnderTest kernel(text, GetParam());
    for (int64_t length : {1, 40, 150}) {
      SmallVector<Tensor> inputs = form.makeInputs(1, length, length, 3);
      inputs[3] =
          Tensor::integers({1, length}, std::vector<int64_t>(length, 0));
      kernel.check(inputs, 1e-5);
    }
  }
}

TEST_P(LinearAttentionTest, Squashes) {
  for (const char *squash :
       {"tanh", "sigmoid", "relu", "softsign", "softplus"}) {
    Form form;
    form.squash = squash;
    form.heads = 4;
    form.past = form.masked = true;
    form.dim = 9;
    check(form, {1, 2, 40});
  }
}

TEST_P(LinearAttentionTest, Maps) {
  if (isNarrow())
    GTEST_SKIP() << kNarrow;
  struct Map {
    const char *name, *attributes;
    int64_t rows, features;
    bool scaled;
  };
  for (Map map :
       {Map{"identity", ", norm = #attune.feature_norm<l2>", 0, 0, false},
        Map{"elu1", "", 0, 0, false}, Map{"elu1", "", 24, 24, false},
        Map{"relu", ", epsilon = 1.0e-3 : f64", 20, 20, false},
        Map{"exp", "", 0, 0, true},
        Map{"favor", ", scale = 0.5 : f64", 40, 40, true},
        Map{"favor", "", 32, 32, false},
        Map{"favor_hyperbolic", ", scale = 0.5 : f64", 24, 48, true},
        Map{"dpfp", ", order = 2 : i64, norm = #attune.feature_norm<sum>", 0,
            64, false},
        Map{"taylor2", ", scale = 0.25 : f64", 0, 153, false},
        Map{"softmax", "", 0, 32, false},
        Map{"softmax_halves", "", 12, 24, false}})
    for (const char *rule : kRules)
      for (bool full : {false, true}) {
        Form form;
        form.rule = rule;
        form.map = map.name;
        form.mapAttributes = map.attributes;
        form.rows = map.rows;
        form.features = map.features;
        form.full = full;
        form.heads = 4;
        form.masked = full;
        form.past = !full;
        // The other rules with one map of each kind: cheap, with a
        // projection, longer than its input.
        bool isSample = StringRef(map.name) == "elu1" ||
                        StringRef(map.name) == "favor" ||
                        StringRef(map.name) == "dpfp";
        if (form.rule != "linear" && (full || !isSample))
          continue;
        if (form.isDelta()) {
          // Keys of norm up to 1.
          form.mapAttributes = map.attributes;
          if (!StringRef(map.attributes).contains("norm"))
            form.mapAttributes += ", norm = #attune.feature_norm<sum>";
        } else {
          form.weighted = map.scaled && form.rule == "linear";
          if (StringRef(map.name) != "identity")
            form.denominator = 1e-6;
        }
        check(form);
      }
}

// Queries, keys and values as the columns of one projection.
TEST_P(LinearAttentionTest, ColumnsOfAWiderTensor) {
  for (const char *map : {"", "elu1"})
    for (const char *rule : kRules) {
      Form form;
      form.rule = rule;
      form.map = map;
      form.heads = 4;
      form.scale = 0.05;
      if (form.isDelta() && !form.map.empty())
        form.mapAttributes = ", norm = #attune.feature_norm<sum>";
      std::string text = form.getText();
      if (!isTaken(text))
        continue;
      SCOPED_TRACE(text);
      KernelUnderTest kernel(text, GetParam(), {130, 130, 130});
      for (int64_t length : {1, 9, 70})
        kernel.check(form.makeInputs(1, length, length, 5), form.tolerance());
    }
}

// The forms are a matter of schedules: whatever these are, results are the
// same.
TEST_P(LinearAttentionTest, Schedules) {
  if (isNarrow())
    GTEST_SKIP() << kNarrow;
  std::vector<Form> forms;
  for (const char *rule : kRules)
    for (bool past : {false, true}) {
      Form &form = forms.emplace_back();
      form.rule = rule;
      form.past = form.masked = past;
      form.decay = past ? "column" : "head";
      form.heads = 4;
      form.dim = past ? 32 : 12;
      if (!form.isDelta() && past)
        form.denominator = 1e-6;
      if (form.rule == "linear" && !past) {
        form.map = "favor";
        form.rows = form.features = 24;
        form.weighted = true;
        form.denominator = 0.0;
      }
    }
  forms.emplace_back().full = true;
  for (const Form &form : forms) {
    std::string text = form.getText();
    if (!isTaken(text))
      continue;
    for (const Schedule &schedule : drawSchedules(text, GetParam(), 6))
      check(form, {1, 2, 17, 64, 131}, schedule);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, LinearAttentionTest,
                         testing::ValuesIn(getCpuBackends()), getTestName);

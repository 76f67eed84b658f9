//===- LinearAttentionTest.cpp - Linear attention, by all backends --------===//
//
// Whatever a backend takes is compared with the interpreter: rules, maps,
// options and lengths with the backend's own schedule, and a few of each under
// other schedules, which choose between the forms.
//
//===----------------------------------------------------------------------===//
#include "../Reference/GoldenKernels.h"
#include "KernelTestSupport.h"
#include "LinearAttentionForm.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace attune;

namespace {

/// One, two, those around chunks of the sizes that schedules have, and long
/// ones.
constexpr int64_t kLengths[] = {1,  2,  3,  15, 16,  17,  31,  32,
                                33, 63, 64, 65, 127, 128, 129, 1000};
constexpr int64_t kFewLengths[] = {1, 5, 33, 150};

class LinearAttentionTest : public testing::TestWithParam<std::string> {
protected:
  /// Compiles the form, if the backend takes it, and runs it on sequences.
  void check(const LinearAttentionForm &form,
             ArrayRef<int64_t> lengths = kFewLengths,
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
      LinearAttentionForm form;
      form.rule = rule;
      form.past = past;
      form.dim = form.valueDim = 32;
      // Sums of up to a thousand tokens.
      form.values = 0.1;
      check(form, kLengths);
    }
  LinearAttentionForm full;
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
      LinearAttentionForm form;
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
        LinearAttentionForm form;
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
      LinearAttentionForm form;
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
          LinearAttentionForm form;
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
    LinearAttentionForm form;
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

// A sequence in pieces, whatever their lengths, each with the state of the one
// before.
TEST_P(LinearAttentionTest, CarriedStates) {
  constexpr int64_t kLength = 150;
  SmallVector<std::pair<const char *, bool>> choices;
  // What all backends take, then all that there is.
  for (bool isAll : {false, true})
    for (const char *rule : kRules)
      choices.push_back({rule, isAll});
  for (auto [rule, isAll] : choices) {
    LinearAttentionForm form;
    form.rule = rule;
    form.past = form.masked = true;
    form.heads = 4;
    form.decay = isAll ? "column" : "head";
    if (!form.isDelta())
      form.denominator = 1e-6;
    form.weighted = isAll && form.rule == "linear";
    std::string text = form.getText();
    if (!isTaken(text))
      continue;
    SCOPED_TRACE(text);
    KernelUnderTest kernel(text, GetParam());
    SmallVector<Tensor> inputs = form.makeInputs(1, kLength, kLength, 11);
    SmallVector<SmallVector<int64_t>> shapes = {
        {1, kLength, form.heads * form.valueDim}};
    unsigned states = 1 + form.denominator.has_value() + form.weighted;
    for (const Tensor &state : ArrayRef(inputs).take_back(states))
      shapes.emplace_back(state.getShape());
    std::vector<Tensor> whole = kernel.run(inputs, shapes);
    ASSERT_EQ(whole.size(), 1 + states);
    auto expectSame = [&](const Tensor &have, const Tensor &want,
                          int64_t first) {
      for (int64_t i = 0; i < have.getNumElements(); ++i)
        ASSERT_NEAR(have.getFloat(i), want.getFloat(first + i),
                    form.tolerance() *
                        std::max(1.0, std::abs(want.getFloat(first + i))))
            << "piece at element " << first;
    };
    for (const SmallVector<int64_t> &pieces : {SmallVector<int64_t>{75, 75},
                                               {1, 1, 148},
                                               {17, 64, 65, 3, 1},
                                               {149, 1},
                                               {2, 31, 33, 16, 15, 32, 21}}) {
      SmallVector<Tensor> part = inputs;
      int64_t first = 0;
      for (int64_t count : pieces) {
        for (size_t i = 0; i + states < inputs.size(); ++i) {
          SmallVector<int64_t> shape(inputs[i].getShape());
          SmallVector<int64_t, 4> strides = rowMajorStrides(shape);
          shape[1] = count;
          part[i] = inputs[i].gather(shape, strides, first * strides[1]);
        }
        shapes[0][1] = count;
        std::vector<Tensor> results = kernel.run(part, shapes);
        ASSERT_EQ(results.size(), 1 + states);
        expectSame(results[0], whole[0], first * shapes[0][2]);
        for (unsigned i = 0; i < states; ++i)
          part[inputs.size() - states + i] = results[1 + i];
        first += count;
      }
      ASSERT_EQ(first, kLength);
      for (unsigned i = 0; i < states; ++i)
        expectSame(part[inputs.size() - states + i], whole[1 + i], 0);
    }
  }
}

// Where no key is left, or features cancel each other, the result is 0.
TEST_P(LinearAttentionTest, DivisorsOfZero) {
  for (bool full : {false, true}) {
    LinearAttentionForm form;
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
    LinearAttentionForm form;
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
        LinearAttentionForm form;
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
      LinearAttentionForm form;
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
  std::vector<LinearAttentionForm> forms;
  for (const char *rule : kRules)
    for (bool past : {false, true}) {
      LinearAttentionForm &form = forms.emplace_back();
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
  for (const LinearAttentionForm &form : forms) {
    std::string text = form.getText();
    if (!isTaken(text))
      continue;
    for (const Schedule &schedule : drawSchedules(text, GetParam(), 6))
      check(form, {1, 2, 17, 64, 131}, schedule);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, LinearAttentionTest,
                         testing::ValuesIn(getCpuBackends()), getTestName);

//===- BindInputsTest.cpp - Inputs of a function by name ------------------===//
#include "attune/Reference/BindInputs.h"
#include "TestSupport.h"

using namespace mlir;
using namespace attune;

static const char kFunction[] = R"(
  func.func @f(%i: tensor<?x?xi64> {attune.name = "ids", attune.dims = ["batch", "length"]},
               %m: tensor<?x?xi64> {attune.name = "mask", attune.dims = ["batch", "length"], attune.when_absent = "ones"},
               %x: tensor<?x2xf32> {attune.name = "bias", attune.dims = ["length", ""], attune.when_absent = "zeros"}) {
    return
  })";

static llvm::Expected<SmallVector<Tensor>> bind(Program &program,
                                                llvm::StringMap<Tensor> named) {
  return bindInputs(
      cast<FunctionOpInterface>(program.getModule().lookupSymbol("f")), named);
}

static std::string failToBind(llvm::StringMap<Tensor> named) {
  Program program(kFunction);
  auto inputs = bind(program, std::move(named));
  EXPECT_FALSE(static_cast<bool>(inputs));
  return inputs ? "" : llvm::toString(inputs.takeError());
}

TEST(BindInputs, InOrderOfTheParameters) {
  Program program(kFunction);
  auto inputs =
      llvm::cantFail(bind(program, {{"bias", Tensor::floats({1, 2}, {7, 8})},
                                    {"mask", Tensor::integers({1, 1}, {0})},
                                    {"ids", Tensor::integers({1, 1}, {5})}}));
  ASSERT_EQ(inputs.size(), 3u);
  expectIntegers(inputs[0], {1, 1}, {5});
  expectIntegers(inputs[1], {1, 1}, {0});
  expectValues(inputs[2], {1, 2}, {7, 8}, 0);
}

TEST(BindInputs, AbsentOnesAreMade) {
  Program program(kFunction);
  auto inputs = llvm::cantFail(
      bind(program, {{"ids", Tensor::integers({1, 3}, {5, 6, 7})}}));
  ASSERT_EQ(inputs.size(), 3u);
  expectIntegers(inputs[1], {1, 3}, {1, 1, 1});
  expectValues(inputs[2], {3, 2}, {0, 0, 0, 0, 0, 0}, 0);
}

TEST(BindInputs, Errors) {
  Tensor ids = Tensor::integers({1, 1}, {5});
  expectContains(failToBind({{"mask", ids}}),
                 "expected an input 'ids', which is needed");
  expectContains(failToBind({{"ids", ids}, {"maks", ids}}),
                 "has no input 'maks'; its inputs are ids, mask, bias");
  expectContains(failToBind({{"ids", Tensor::integers({1}, {5})}}),
                 "dimension 1 of the input 'mask'");
}

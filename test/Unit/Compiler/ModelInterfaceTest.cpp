//===- ModelInterfaceTest.cpp - The model's descriptor --------------------===//
#include "attune/Compiler/ModelInterface.h"
#include "CompilerTestSupport.h"

using namespace attune;
using namespace attune::test;

namespace {

/// A module with the entry points that an interface names.
std::string withInterface(llvm::StringRef interface,
                          llvm::StringRef more = "") {
  return ("module attributes {attune.interface = {" + interface + "}" + more +
          R"(} {
    llvm.func @f.entry(%call: !llvm.ptr) { llvm.return }
    llvm.func @f.workspace.entry(%dims: !llvm.ptr) -> i64 {
      %0 = llvm.mlir.constant(0 : i64) : i64
      llvm.return %0 : i64
    }
  })")
      .str();
}

class ModelInterfaceTest : public CompilerTest {
protected:
  std::string errorOf(llvm::StringRef interface) {
    auto module = parse(withInterface(interface));
    if (!module)
      return "no module";
    return message(ModelInterface::get(*module).takeError());
  }
};

TEST_F(ModelInterfaceTest, Complete) {
  auto module = parse(withInterface(
      R"(function = "f", symbols = ["batch", "length"],
         inputs = [{name = "ids", type = tensor<?x?xi64>, dims = ["batch", "length"], limit = 100 : i64},
                   {name = "mask", type = tensor<?x?xi64>, dims = ["batch", "length"], when_absent = "ones"},
                   {name = "types", type = tensor<?x?xi64>, dims = ["batch", "length"], when_absent = "zeros"}],
         outputs = [{name = "states", type = tensor<?x?x8xf32>, dims = ["batch", "length", ""]},
                    {name = "sentence_embedding", type = tensor<?x8xf32>, dims = ["batch", ""]}])",
      R"(, attune.max_dims = {length = 512 : i64}, attune.name = "m", attune.metadata = "{\"a\":1}")"));
  ASSERT_TRUE(module);
  llvm::Expected<ModelInterface> interface = ModelInterface::get(*module);
  ASSERT_TRUE(!!interface) << message(interface.takeError());
  // It keeps its own memory: the module may go.
  module = nullptr;
  ModelInterface moved = std::move(*interface);
  const AttuneModel &model = moved.getDescriptor();
  EXPECT_EQ(model.abi_version, ATTUNE_ABI_VERSION);
  EXPECT_STREQ(model.name, "m");
  EXPECT_STREQ(model.metadata, "{\"a\":1}");
  ASSERT_EQ(model.num_symbols, 2);
  EXPECT_STREQ(model.symbols[0].name, "batch");
  EXPECT_EQ(model.symbols[0].max, 0);
  EXPECT_EQ(model.symbols[1].max, 512);
  ASSERT_EQ(model.num_inputs, 3);
  EXPECT_EQ(model.inputs[0].type, ATTUNE_I64);
  EXPECT_EQ(model.inputs[0].rank, 2);
  EXPECT_EQ(model.inputs[0].dims[0], -1);
  EXPECT_EQ(model.inputs[0].dims[1], -2);
  EXPECT_EQ(model.inputs[0].when_absent, ATTUNE_REQUIRED);
  EXPECT_EQ(model.inputs[0].min, 0);
  EXPECT_EQ(model.inputs[0].max, 99);
  EXPECT_EQ(model.inputs[1].when_absent, ATTUNE_ONES);
  // No limit is an empty range.
  EXPECT_GT(model.inputs[1].min, model.inputs[1].max);
  EXPECT_EQ(model.inputs[2].when_absent, ATTUNE_ZEROS);
  ASSERT_EQ(model.num_outputs, 2);
  EXPECT_EQ(model.outputs[0].type, ATTUNE_F32);
  EXPECT_EQ(model.outputs[0].dims[2], 8);
  EXPECT_EQ(model.embedding_output, 1);
}

TEST_F(ModelInterfaceTest, Polynomials) {
  auto module = parse(withInterface(
      R"(function = "f", symbols = ["past", "length"],
         inputs = [{name = "ids", type = tensor<?xi64>, dims = ["length"]},
                   {name = "mask", type = tensor<?xi64>, dims = ["past + length"]},
                   {name = "cache", type = tensor<?xf32>, dims = ["past"]}],
         outputs = [{name = "cache", type = tensor<?xf32>, dims = ["length + past"]},
                    {name = "pairs", type = tensor<?x?xf32>, dims = ["2*length*length - 3", "8"]}])",
      R"(, attune.min_dims = {past = 0 : i64}, attune.constraints = [
           {left = "past + length", relation = "at_most", right = "64", where = "node 'x'"},
           {left = "length", relation = "equal", right = "past - 1", where = "node 'y'"}])"));
  ASSERT_TRUE(module);
  llvm::Expected<ModelInterface> interface = ModelInterface::get(*module);
  ASSERT_TRUE(!!interface) << message(interface.takeError());
  module = nullptr;
  ModelInterface moved = std::move(*interface);
  const AttuneModel &model = moved.getDescriptor();
  EXPECT_EQ(model.symbols[0].min, 0);
  EXPECT_EQ(model.symbols[1].min, 1);
  // One for each polynomial, however it is written.
  ASSERT_EQ(model.num_polynomials, 3);
  EXPECT_EQ(model.inputs[1].dims[0], -3);
  EXPECT_EQ(model.outputs[0].dims[0], -3);
  EXPECT_EQ(model.outputs[1].dims[0], -4);
  EXPECT_EQ(model.outputs[1].dims[1], 8);
  EXPECT_STREQ(model.polynomials[0].text, "length + past");
  ASSERT_EQ(model.polynomials[0].num_terms, 2);
  EXPECT_EQ(model.polynomials[0].terms[0].coefficient, 1);
  ASSERT_EQ(model.polynomials[0].terms[0].num_symbols, 1);
  EXPECT_EQ(model.polynomials[0].terms[0].symbols[0], 1);
  EXPECT_EQ(model.polynomials[0].terms[1].symbols[0], 0);
  ASSERT_EQ(model.polynomials[1].num_terms, 2);
  EXPECT_EQ(model.polynomials[1].terms[0].coefficient, -3);
  EXPECT_EQ(model.polynomials[1].terms[0].num_symbols, 0);
  EXPECT_EQ(model.polynomials[1].terms[1].coefficient, 2);
  EXPECT_EQ(model.polynomials[1].terms[1].num_symbols, 2);
  ASSERT_EQ(model.num_constraints, 2);
  EXPECT_EQ(model.constraints[0].relation, ATTUNE_AT_MOST);
  EXPECT_EQ(model.constraints[0].left, -3);
  EXPECT_EQ(model.constraints[0].right, 64);
  EXPECT_STREQ(model.constraints[0].where, "node 'x'");
  EXPECT_EQ(model.constraints[1].relation, ATTUNE_EQUAL);
  EXPECT_EQ(model.constraints[1].left, -2);
  EXPECT_EQ(model.constraints[1].right, -5);
}

TEST_F(ModelInterfaceTest, Defaults) {
  auto module = parse(withInterface(
      R"(function = "f", symbols = [], inputs = [],
         outputs = [{name = "sentence_embedding", type = tensor<8xf32>}])"));
  ASSERT_TRUE(module);
  llvm::Expected<ModelInterface> interface = ModelInterface::get(*module);
  ASSERT_TRUE(!!interface) << message(interface.takeError());
  EXPECT_STREQ(interface->getDescriptor().name, "model");
  EXPECT_STREQ(interface->getDescriptor().metadata, "{}");
  // A vector alone has no rows to print.
  EXPECT_EQ(interface->getDescriptor().embedding_output, -1);
}

TEST_F(ModelInterfaceTest, Hostile) {
  const char *lists = ", symbols = [\"n\"], inputs = [], outputs = []";
  auto with = [&](const char *what) { return std::string(what) + lists; };
  EXPECT_NE(errorOf("").find("function"), std::string::npos);
  EXPECT_NE(errorOf(with("function = 3 : i64")).find("function"),
            std::string::npos);
  EXPECT_NE(errorOf(with("function = \"g\"")).find("'g.entry'"),
            std::string::npos);
  EXPECT_EQ(errorOf(with("function = \"f\"")), "");
  EXPECT_NE(errorOf("function = \"f\", symbols = [1], inputs = [], "
                    "outputs = []")
                .find("symbol"),
            std::string::npos);
  EXPECT_NE(
      errorOf("function = \"f\", symbols = [], outputs = []").find("'inputs'"),
      std::string::npos);
  auto input = [&](const char *entry) {
    return errorOf(std::string("function = \"f\", symbols = [\"n\"], "
                               "outputs = [], inputs = [") +
                   entry + "]");
  };
  EXPECT_NE(input("1"), "");
  EXPECT_NE(input("{}"), "");
  EXPECT_NE(input("{name = \"\"}"), "");
  EXPECT_NE(input("{name = \"x\"}").find("'x'"), std::string::npos);
  EXPECT_NE(input("{name = \"x\", type = tensor<*xf32>}"), "");
  EXPECT_NE(input("{name = \"x\", type = tensor<2xcomplex<f32>>}"), "");
  EXPECT_NE(input("{name = \"x\", type = tensor<1x1x1x1x1x1x1x1x1xf32>}"), "");
  EXPECT_NE(input("{name = \"x\", type = tensor<?xf32>}").find("symbol"),
            std::string::npos);
  EXPECT_NE(input("{name = \"x\", type = tensor<?xf32>, dims = [\"m\"]}"), "");
  EXPECT_NE(input("{name = \"x\", type = tensor<?xf32>, dims = [3]}"), "");
  EXPECT_NE(input("{name = \"x\", type = tensor<?x?xf32>, dims = [\"n\"]}"),
            "");
  EXPECT_EQ(input("{name = \"x\", type = tensor<?xf32>, dims = [\"n\"]}"), "");
  EXPECT_EQ(input("{name = \"x\", type = tensor<2xi64>, limit = \"all\"}"), "");
  EXPECT_NE(input("{name = \"x\", type = tensor<?xf32>, dims = [\"n + m\"]}"),
            "");
  EXPECT_NE(input("{name = \"x\", type = tensor<?xf32>, dims = [\"n +\"]}"),
            "");
  auto module = parse(withInterface(
      "function = \"f\", symbols = [\"n\"], inputs = [], outputs = []",
      ", attune.constraints = [{left = \"n\", relation = \"equal\", right = "
      "\"m\", where = \"\"}]"));
  ASSERT_TRUE(module);
  EXPECT_NE(
      message(ModelInterface::get(*module).takeError()).find("constraint"),
      std::string::npos);
}

} // namespace

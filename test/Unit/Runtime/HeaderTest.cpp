//===- HeaderTest.cpp - The header of an emitted library ------------------===//
#include "fake.h"

#include "attune/Runtime/Header.h"

#include "FakeModel.h"
#include "FakeWeights.h"
#include "HeaderClient.h"
#include "attune/Runtime/Model.h"

#include <cstring>
#include <gtest/gtest.h>
#include <type_traits>

using namespace attune::rt;

namespace {

bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != text.npos;
}

TEST(Header, DeclaresEveryForwarder) {
  std::string text =
      renderHeader(attune_model_descriptor, "fake", "fake.weights");
#define ATTUNE_FORWARDER(SUFFIX, ADDS, RESULT, PARAMETERS, NEEDS)              \
  EXPECT_TRUE(contains(text, " fake_" #SUFFIX "(") ||                          \
              contains(text, " *fake_" #SUFFIX "("))                           \
      << #SUFFIX;
#include "attune/Runtime/Forwarders.def"
  EXPECT_FALSE(contains(text, "@"));
}

TEST(Header, DocumentsTheModel) {
  std::string text =
      renderHeader(attune_model_descriptor, "fake", "other.weights");
  for (const char *part :
       {"fake.h - fake, compiled by Attune", "batch, at most 16",
        "length, at most 64", "\"input_ids\" int64 [batch, length], 0 to 55\n",
        "\"attention_mask\" int64 [batch, length], optional: all ones\n",
        "\"token_type_ids\" int32 [batch, length], 0 to 1, optional: all "
        "zeros\n",
        "\"last_hidden_state\" float32 [batch, length, 4]\n",
        "from the file other.weights", "#ifndef FAKE_H"})
    EXPECT_TRUE(contains(text, part)) << part << "\n" << text;
}

TEST(Header, LeavesOutWhatTheModelLacks) {
  AttuneModel model = attune_model_descriptor;
  model.tokenizer_bytes = 0;
  std::string text = renderHeader(model, "fake", "fake.weights");
  EXPECT_FALSE(contains(text, "fake_tokenize"));
  EXPECT_FALSE(contains(text, "fake_token"));
  EXPECT_TRUE(contains(text, "fake_forward("));
  model.num_symbols = model.num_inputs = model.num_outputs = 0;
  EXPECT_TRUE(contains(renderHeader(model, "x", ""), " *   none\n"));
}

TEST(Header, NamesCannotLeaveTheirComment) {
  AttuneModel model = attune_model_descriptor;
  model.name = "*/ int x; /* @PREFIX@ \n#error";
  std::string text = renderHeader(model, "fake", "fake.weights");
  EXPECT_FALSE(contains(text, "*/ int x"));
  EXPECT_FALSE(contains(text, "\n#error"));
  EXPECT_TRUE(contains(text, "@PREFIX@"));
}

TEST(Header, Identifiers) {
  EXPECT_EQ(cIdentifier("minilm"), "minilm");
  EXPECT_EQ(cIdentifier("all-MiniLM-L6-v2"), "all_MiniLM_L6_v2");
  EXPECT_EQ(cIdentifier("7b"), "m7b");
  EXPECT_EQ(cIdentifier("_x"), "m_x");
  EXPECT_EQ(cIdentifier(""), "model");
  EXPECT_EQ(cIdentifier("\xc3\xa9"), "m__");
}

TEST(Header, AProgramInCUsesIt) {
  attune::test::TemporaryFolder folder;
  std::vector<char> bytes = attune::test::fakeWeights();
  std::string path = folder.write("w", bytes.data(), bytes.size());
  float embedding[2 * FAKE_HIDDEN] = {};
  ASSERT_STREQ(headerClient(path.c_str(), embedding), "");
  for (int h = 0; h < FAKE_HIDDEN; ++h) {
    EXPECT_FLOAT_EQ(embedding[h], attune::test::tableValue(4, h) + 0.5f);
    EXPECT_FLOAT_EQ(embedding[FAKE_HIDDEN + h],
                    attune::test::tableValue(5, h) + 0.5f);
  }
}

/// A function's types as the letters of Forwarders.def.
template <typename T> char letter() {
  if constexpr (std::is_void_v<T>)
    return 'v';
  else if constexpr (std::is_pointer_v<T>)
    return 'p';
  else if constexpr (sizeof(T) == 4)
    return 'i';
  else
    return std::is_signed_v<T> ? 'l' : 'z';
}
template <typename R, typename... P> std::string letters(R (*)(P...)) {
  std::string text = {letter<R>(), ':'};
  ((text += letter<P>()), ...);
  return text;
}

TEST(Header, ForwardersHaveTheSignaturesOfTheirLetters) {
#define ATTUNE_FORWARDER(SUFFIX, ADDS, RESULT, PARAMETERS, NEEDS)              \
  EXPECT_EQ(letters(fake_##SUFFIX), RESULT ":" PARAMETERS) << #SUFFIX;         \
  EXPECT_EQ(letters(attune_##SUFFIX),                                          \
            RESULT ":" + std::string(strlen(ADDS), 'p') + PARAMETERS)          \
      << #SUFFIX;
#include "attune/Runtime/Forwarders.def"
}

} // namespace

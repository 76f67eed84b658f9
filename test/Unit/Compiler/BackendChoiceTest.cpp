//===- BackendChoiceTest.cpp - Which backend is asked for -----------------===//
#include "attune/Compiler/BackendChoice.h"
#include "CompilerTestSupport.h"
#include "attune/Compiler/Backends.h"
#include "attune/Support/Error.h"

using namespace attune;
using namespace attune::test;

namespace {

/// What is wrong with a choice, in form or in names.
std::string refuse(llvm::StringRef text) {
  llvm::Expected<BackendChoice> choice = BackendChoice::parse(text);
  llvm::Error error = choice ? choice->check() : choice.takeError();
  EXPECT_EQ(exitCodeFor(error), ExitUserError) << text.str();
  return message(std::move(error));
}

TEST(BackendChoiceTest, FamiliesComeBeforeTheRest) {
  llvm::Expected<BackendChoice> choice =
      BackendChoice::parse("llvm,linear=auto,attention=llvm");
  ASSERT_TRUE(static_cast<bool>(choice)) << message(choice.takeError());
  EXPECT_EQ(message(choice->check()), "");
  EXPECT_EQ(choice->get("linear"), "auto");
  EXPECT_EQ(choice->get("attention"), "llvm");
  EXPECT_EQ(choice->get("softmax"), "llvm");
  EXPECT_EQ(choice->str(), "llvm,attention=llvm,linear=auto");
}

TEST(BackendChoiceTest, FamiliesAloneLeaveTheRestOpen) {
  llvm::Expected<BackendChoice> choice = BackendChoice::parse("linear=llvm");
  ASSERT_TRUE(static_cast<bool>(choice)) << message(choice.takeError());
  EXPECT_EQ(choice->get("linear"), "llvm");
  EXPECT_EQ(choice->get("softmax"), "auto");
  EXPECT_EQ(BackendChoice().get("linear"), "auto");
}

TEST(BackendChoiceTest, SaysWhatIsWrong) {
  for (const char *text : {"", "llvm,", ",llvm", "=llvm", "linear=", "a,,b"})
    EXPECT_NE(refuse(text).find("expected NAME or FAMILY=NAME"),
              std::string::npos)
        << text;
  EXPECT_NE(refuse("llvm,auto").find("twice which backend is for the model"),
            std::string::npos);
  EXPECT_NE(
      refuse("linear=llvm,linear=auto").find("twice which backend is for li"),
      std::string::npos);
  EXPECT_NE(refuse("cuda").find("expected auto or llvm"), std::string::npos);
  EXPECT_NE(refuse("linear=cuda").find("--backend=linear=cuda: expected auto"),
            std::string::npos);
  std::string family = refuse("fft=llvm");
  EXPECT_NE(family.find("no family of kernels 'fft'"), std::string::npos);
  EXPECT_NE(family.find("arg_reduce, attention"), std::string::npos);
}

TEST(BackendChoiceTest, SaysWhenABackendIsNotBuiltIn) {
  if (findBackend("halide")) {
    EXPECT_EQ(message(BackendChoice::parse("halide")->check()), "");
    return;
  }
  EXPECT_NE(refuse("halide").find("this build of Attune has no backend "
                                  "'halide' (it was configured with "
                                  "ATTUNE_ENABLE_HALIDE=OFF)"),
            std::string::npos);
}

} // namespace

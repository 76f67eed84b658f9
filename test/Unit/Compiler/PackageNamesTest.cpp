//===- PackageNamesTest.cpp - Names of a package's files ------------------===//
#include "attune/Compiler/Package.h"
#include "gtest/gtest.h"

using namespace attune;

namespace {

PackageNames namesOf(llvm::StringRef output, llvm::StringRef prefix = "") {
  PackageOptions options;
  options.output = output.str();
  options.prefix = prefix.str();
  return PackageNames(options);
}

TEST(PackageNames, OutputIsDirectoryAndName) {
  PackageNames names = namesOf("out/minilm");
  EXPECT_EQ(names.directory, "out");
  EXPECT_EQ(names.base, "minilm");
  EXPECT_EQ(names.prefix, "minilm");
  EXPECT_EQ(names.weights, "minilm.weights");
  EXPECT_EQ(names.at("x.h"), "out/x.h");
}

TEST(PackageNames, WithoutDirectory) {
  PackageNames names = namesOf("minilm");
  EXPECT_EQ(names.directory, "");
  EXPECT_EQ(names.at("x.h"), "x.h");
  EXPECT_EQ(namesOf("/minilm").at("x.h"), "/x.h");
}

TEST(PackageNames, NamesOfLibrariesMeanTheSame) {
  for (const char *output : {"d/libm.a", "d/libm.so", "d/m.o", "d/m"})
    EXPECT_EQ(namesOf(output).base, "m") << output;
  // "lib" alone and other suffixes belong to the name.
  EXPECT_EQ(namesOf("d/libm").base, "libm");
  EXPECT_EQ(namesOf("d/libm.o").base, "libm");
  EXPECT_EQ(namesOf("d/m.v2").base, "m.v2");
}

TEST(PackageNames, PrefixIsAnIdentifier) {
  EXPECT_EQ(namesOf("all-MiniLM-L6.v2").prefix, "all_MiniLM_L6_v2");
  std::string digit = namesOf("7b").prefix;
  ASSERT_FALSE(digit.empty());
  EXPECT_FALSE(llvm::isDigit(digit[0]));
  EXPECT_EQ(namesOf("out/m", "other").prefix, "other");
  EXPECT_EQ(namesOf("out/m", "other").base, "m");
}

} // namespace

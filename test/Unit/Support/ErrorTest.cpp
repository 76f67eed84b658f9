//===- ErrorTest.cpp ------------------------------------------------------===//

#include "attune/Support/Error.h"

#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace attune;
using namespace llvm;

namespace {

struct Report {
  std::string text;
  int code;
};

Report report(Error error) {
  Report result;
  raw_string_ostream os(result.text);
  result.code = reportError(os, "attune", std::move(error));
  return result;
}

TEST(Error, EachClassHasItsPrintAndExitStatus) {
  Report user = report(userErrorf("{0}: {1} is {2}", "f.json", "size", 3));
  EXPECT_EQ(user.text, "attune: error: f.json: size is 3\n");
  EXPECT_EQ(user.code, 2);
  Report unsupported =
      report(unsupportedError("m: not supported", "op 'X'", "n", "use Y"));
  EXPECT_EQ(unsupported.text, "attune: unsupported model: m: not supported\n"
                              "  1 x op 'X'  in n\n      use Y\n");
  EXPECT_EQ(unsupported.code, 3);
  Report internal =
      report(make_error<InternalError>("broke", "r.mlir", "attune-opt r.mlir"));
  EXPECT_EQ(internal.text, "attune: internal error: broke\n"
                           "  reproducer: r.mlir\n"
                           "  rerun with: attune-opt r.mlir\n");
  EXPECT_EQ(internal.code, 1);
}

TEST(Error, OtherClassesAreInternal) {
  Report other = report(createStringError(inconvertibleErrorCode(), "odd"));
  EXPECT_EQ(other.text, "attune: internal error: odd\n");
  EXPECT_EQ(other.code, 1);
}

TEST(Error, SuccessPrintsNothing) {
  Report none = report(Error::success());
  EXPECT_EQ(none.text, "");
  EXPECT_EQ(none.code, 0);
}

TEST(Error, ExitCodeLeavesTheErrorAndRanksLists) {
  auto codeOf = [](Error error) {
    int code = exitCodeFor(error);
    EXPECT_TRUE(bool(error));
    consumeError(std::move(error));
    return code;
  };
  EXPECT_EQ(codeOf(userError("a")), 2);
  EXPECT_EQ(codeOf(joinErrors(unsupportedError("a", "b", "c"), userError("a"))),
            2);
  EXPECT_EQ(codeOf(joinErrors(userError("a"), internalError("b"))), 1);
  EXPECT_EQ(codeOf(joinErrors(unsupportedError("a", "b", "c"),
                              unsupportedError("d", "e", "f"))),
            3);
}

TEST(Error, FileErrorsNameTheFile) {
  Report missing = report(fileUserError(
      "x.npy", "open",
      std::make_error_code(std::errc::no_such_file_or_directory)));
  EXPECT_EQ(missing.text,
            "attune: error: x.npy: cannot open: No such file or directory\n");
}

TEST(ProblemList, IsSuccessWhenEmpty) {
  ProblemList problems;
  EXPECT_TRUE(problems.empty());
  EXPECT_FALSE(bool(problems.take("x")));
}

TEST(ProblemList, CollectsAndCounts) {
  ProblemList problems;
  problems.addUnsupported("op 'A'", "node 1", "hint");
  problems.addUnsupported("op 'B'", "node 2");
  problems.addUnsupported("op 'A'", "node 3", "hint");
  Report all = report(problems.take("m.onnx"));
  EXPECT_EQ(all.code, 3);
  EXPECT_EQ(all.text,
            "attune: unsupported model: m.onnx: this model is not supported\n"
            "  2 x op 'A'  in node 1\n"
            "      hint\n"
            "  1 x op 'B'  in node 2\n");
  EXPECT_TRUE(problems.empty());
}

TEST(ProblemList, UserProblemsDecide) {
  ProblemList problems;
  problems.add("size is 0");
  problems.addUnsupported("op 'A'", "node 1", "use B");
  Report all = report(problems.take("f"));
  EXPECT_EQ(all.code, 2);
  EXPECT_EQ(all.text, "attune: error: f: 2 problems\n  size is 0\n"
                      "  not supported: op 'A' (use B)\n");
  problems.addf("{0}", 7);
  EXPECT_EQ(report(problems.take("f")).text, "attune: error: f: 7\n");
}

} // namespace

//===- MeasureTestSupport.cpp - Measuring for tests -----------------------===//
#include "MeasureTestSupport.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Program.h"

using namespace attune;

MeasuredCode attune::compileC(llvm::StringRef source, llvm::StringRef name) {
  MeasuredCode code;
  code.task = name.str() + "_task";
  code.count = name.str() + "_count";
  llvm::SmallString<128> from, to;
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("measured", "c", from));
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("measured", "o", to));
  {
    std::error_code error;
    llvm::raw_fd_ostream os(from, error);
    os << source;
  }
  llvm::ErrorOr<std::string> compiler = llvm::sys::findProgramByName("cc");
  if (!compiler)
    compiler = llvm::sys::findProgramByName("clang-22");
  std::string message;
  if (!compiler ||
      llvm::sys::ExecuteAndWait(
          *compiler, {*compiler, "-c", "-O1", "-fPIC", "-o", to, from},
          std::nullopt, {}, 0, 0, &message) != 0)
    ADD_FAILURE() << "cannot compile: " << message << "\n" << source.str();
  else if (auto buffer = llvm::MemoryBuffer::getFile(to, false, false))
    code.object = llvm::MemoryBuffer::getMemBufferCopy((*buffer)->getBuffer());
  llvm::sys::fs::remove(from);
  llvm::sys::fs::remove(to);
  code.panels = {0, 0};
  return code;
}

MeasuredCode attune::makeDoubling(llvm::StringRef name, llvm::StringRef body) {
  // Descriptors of rank 1: two pointers, offset, size, stride.
  return compileC(llvm::formatv(R"(
    extern int raise(int);
    extern void exit(int);
    long {0}_count(void *args) {{ return 1; }
    void {0}_task(void *args, long index, void *scratch) {{
      const float *in = ((const float **)args)[1];
      float *out = ((float **)args)[6];
      long n = ((long *)args)[3];
      static long runs;
      ++runs;
      {1}
    }
  )",
                                name, body)
                      .str(),
                  name);
}

std::vector<AttuneMeasuredOperand> attune::getDoublingOperands() {
  AttuneMeasuredOperand operand = {};
  operand.type = ATTUNE_F32;
  operand.fill = ATTUNE_FILL_UNIFORM;
  operand.rank = 1;
  operand.dims[0] = 1000;
  std::vector<AttuneMeasuredOperand> operands(2, operand);
  operands[1].fill = ATTUNE_FILL_NONE;
  return operands;
}

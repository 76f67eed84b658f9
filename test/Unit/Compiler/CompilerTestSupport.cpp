//===- CompilerTestSupport.cpp - What the compiler's tests share ----------===//
#include "CompilerTestSupport.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace attune;

const mlir::DialectRegistry &test::CompilerTest::getRegistry() {
  static const mlir::DialectRegistry *registry = [] {
    auto *made = new mlir::DialectRegistry;
    registerCompilerDialects(*made);
    return made;
  }();
  return *registry;
}

test::TemporaryDirectory::TemporaryDirectory() {
  EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("attune-test", path));
}

test::TemporaryDirectory::~TemporaryDirectory() {
  llvm::sys::fs::remove_directories(path);
}

std::string test::TemporaryDirectory::at(llvm::StringRef name) const {
  llvm::SmallString<128> full(path);
  llvm::sys::path::append(full, name);
  return full.str().str();
}

std::string test::TemporaryDirectory::write(llvm::StringRef name,
                                            llvm::StringRef bytes) const {
  std::error_code code;
  llvm::raw_fd_ostream os(at(name), code);
  EXPECT_FALSE(code);
  os << bytes;
  return at(name);
}

std::string test::message(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "";
}

std::string test::goldenModel(llvm::StringRef name) {
  return (ATTUNE_SOURCE_DIR "/test/EndToEnd/golden/models/" + name).str();
}

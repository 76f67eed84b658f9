//===- RunPasses.cpp - Passes whose failures become errors ----------------===//
#include "RunPasses.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace attune;

/// More errors than this are counted, not printed: they have one cause.
static constexpr unsigned kMaxErrors = 10;

static void printPlace(Location loc, raw_ostream &os) {
  if (auto file = loc->findInstanceOf<FileLineColLoc>())
    os << file.getFilename().getValue() << ':' << file.getLine() << ':'
       << file.getColumn() << ": ";
  else if (auto name = loc->findInstanceOf<NameLoc>())
    os << printable(name.getName().getValue()) << ": ";
}

ErrorCollector::ErrorCollector(MLIRContext &context)
    : handler(&context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return failure();
        // The pass manager's own, which says no more than that there are
        // others.
        if (!text.empty() &&
            StringRef(diagnostic.str()).starts_with("Failures have been "))
          return success();
        if (left == kMaxErrors) {
          text += "\n(there are more errors)";
          ++left;
        }
        if (left > kMaxErrors)
          return success();
        ++left;
        llvm::raw_string_ostream os(text);
        if (!text.empty())
          os << '\n';
        printPlace(diagnostic.getLocation(), os);
        // A message may quote a whole operation.
        std::string message = diagnostic.str();
        os << StringRef(message).take_front(1000);
        return success();
      }) {}

std::string ErrorCollector::take() {
  return text.empty() ? "a pass failed without a message" : std::move(text);
}

namespace {

/// The file that a failing pass manager writes; made when it asks for it.
struct ReproducerFile : ReproducerStream {
  ReproducerFile(StringRef path, int descriptor)
      : path(path.str()), stream(descriptor, /*shouldClose=*/true) {}
  ~ReproducerFile() override {
    // A full disk must not end the compiler before it has told its error.
    stream.close();
    stream.clear_error();
  }
  StringRef description() override { return path; }
  raw_ostream &os() override { return stream; }

  std::string path;
  llvm::raw_fd_ostream stream;
};

} // namespace

llvm::Error attune::runPasses(ModuleOp module, StringRef written,
                              llvm::function_ref<void(OpPassManager &)> build) {
  MLIRContext &context = *module.getContext();
  PassManager manager(&context, ModuleOp::getOperationName());
  build(manager);
  std::string reproducer;
  if (written.empty())
    manager.enableCrashReproducerGeneration(
        [&](std::string &error) -> std::unique_ptr<ReproducerStream> {
          SmallString<128> model, path;
          llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true,
                                                 model);
          llvm::sys::path::append(model, "attune-reproducer-%%%%%%%%.mlir");
          int descriptor;
          if (std::error_code code =
                  llvm::sys::fs::createUniqueFile(model, descriptor, path)) {
            error = code.message();
            return nullptr;
          }
          reproducer = path.str().str();
          return std::make_unique<ReproducerFile>(path, descriptor);
        });
  ErrorCollector errors(context);
  if (succeeded(manager.run(module)))
    return llvm::Error::success();
  if (!written.empty())
    return userErrorf("'{0}' cannot be compiled:\n{1}", written, errors.take());
  return llvm::make_error<InternalError>(
      errors.take(), reproducer,
      reproducer.empty() ? "" : "attune-opt --run-reproducer " + reproducer);
}

//===- CompileCandidates.cpp - Candidates to objects ----------------------===//
#include "CompileCandidates.h"
#include "attune/Backend/LLVM/CompileKernel.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include <thread>

using namespace mlir;
using namespace attune;

namespace {

/// A context with the kernel in it: one for each thread.
class Workshop {
public:
  Workshop(const KernelTask &task, const TargetDesc &target)
      : task(task), target(target) {}

  /// Compiles a candidate; survives the crash of a code generator.
  CompiledCandidate compile(const Candidate &candidate, llvm::StringRef name);

private:
  /// What a crash may leave in any state.
  struct State {
    std::unique_ptr<MLIRContext> context;
    OwningOpRef<ModuleOp> module;
    std::string diagnostics;
  };

  llvm::Error open();
  llvm::Expected<MeasuredCode> compileIn(const Candidate &candidate,
                                         llvm::StringRef name);

  const KernelTask &task;
  const TargetDesc &target;
  std::unique_ptr<State> state;
};

} // namespace

/// A message in one line.
static std::string toLine(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> words;
  text.split(words, '\n', -1, /*KeepEmpty=*/false);
  std::string line;
  for (llvm::StringRef word : words)
    line += (line.empty() ? "" : " ") + word.trim().str();
  return printable(line, 400);
}

llvm::Error Workshop::open() {
  if (state)
    return llvm::Error::success();
  state = std::make_unique<State>();
  DialectRegistry registry;
  registerCompilerDialects(registry);
  state->context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  state->context->loadAllAvailableDialects();
  std::string &diagnostics = state->diagnostics;
  state->context->getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      diagnostics += diagnostic.str() + "\n";
    return success();
  });
  auto module = parseWorkload(*state->context, task.workload.text);
  if (!module) {
    state.reset();
    return module.takeError();
  }
  state->module = std::move(*module);
  return llvm::Error::success();
}

llvm::Expected<MeasuredCode> Workshop::compileIn(const Candidate &candidate,
                                                 llvm::StringRef name) {
  if (llvm::Error error = open())
    return std::move(error);
  state->diagnostics.clear();
  const Backend *backend = findBackend(candidate.backend);
  if (!backend)
    return userErrorf("this build has no backend '{0}'", candidate.backend);
  KernelOp kernel = *state->module->getOps<KernelOp>().begin();
  std::string reason;
  if (failed(backend->supports(kernel, reason)) ||
      failed(
          backend->verifySchedule(kernel, candidate.schedule, target, reason)))
    return userError(reason);
  llvm::Expected<CompiledKernel> compiled =
      compileKernel(kernel, *backend, target, candidate.schedule, name);
  if (!compiled)
    return llvm::joinErrors(compiled.takeError(),
                            userError(state->diagnostics));
  MeasuredCode code;
  code.object = std::move(compiled->object);
  code.task = std::move(compiled->task);
  code.count = std::move(compiled->count);
  code.launch = std::move(compiled->launch);
  code.scratchBytes = compiled->scratchBytes;
  for (auto [i, operand] : llvm::enumerate(compiled->operands)) {
    auto panels = dyn_cast_or_null<PanelsAttr>(operand.layout);
    if (operand.layout && !panels)
      return unsupportedError("measuring a kernel", "a layout of weights",
                              "operand " + Twine(i));
    code.panels.push_back(panels ? panels.getWidth() : 0);
  }
  return code;
}

CompiledCandidate Workshop::compile(const Candidate &candidate,
                                    llvm::StringRef name) {
  CompiledCandidate result;
  llvm::CrashRecoveryContext recovery;
  bool survived = recovery.RunSafely([&] {
    llvm::Expected<MeasuredCode> code = compileIn(candidate, name);
    if (code)
      result.code = std::move(*code);
    else
      result.failure = toLine(llvm::toString(code.takeError()));
  });
  if (survived)
    return result;
  // Whatever it was in the middle of: nothing of it can be used or freed.
  (void)state.release();
  CompiledCandidate crashed;
  crashed.failure = "the code generator crashed";
  return crashed;
}

std::vector<CompiledCandidate> attune::compileCandidates(
    const KernelTask &task, llvm::ArrayRef<Candidate> candidates,
    const TargetDesc &target, int jobs, const std::atomic<bool> *stop) {
  std::vector<CompiledCandidate> results(candidates.size());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    Workshop workshop(task, target);
    for (size_t i; (i = next++) < candidates.size();) {
      if (stop && *stop)
        results[i].failure = "interrupted";
      else
        results[i] = workshop.compile(candidates[i],
                                      "attune_candidate_" + std::to_string(i));
    }
  };
  // Once, before there are several threads.
  initializeTargets();
  llvm::CrashRecoveryContext::Enable();
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min<size_t>(std::max(jobs, 1), candidates.size());
       ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  llvm::CrashRecoveryContext::Disable();
  return results;
}

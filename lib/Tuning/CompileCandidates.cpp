//===- CompileCandidates.cpp - Candidates to objects ----------------------===//
#include "CompileCandidates.h"
#include "attune/Backend/LLVM/CompileKernel.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "attune/Support/ForkedTasks.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <cstring>

using namespace mlir;
using namespace attune;

namespace {

/// The kernel in a context of its own, from which candidates are compiled.
class Workshop {
public:
  Workshop(const KernelTask &task, const TargetDesc &target)
      : task(task), target(target) {}

  llvm::Error open();
  CompiledCandidate compile(const Candidate &candidate, llvm::StringRef name);

private:
  llvm::Expected<MeasuredCode> compileIn(const Candidate &candidate,
                                         llvm::StringRef name);

  const KernelTask &task;
  const TargetDesc &target;
  std::unique_ptr<MLIRContext> context;
  OwningOpRef<ModuleOp> module;
  std::string diagnostics;
};

} // namespace

/// A message in one line.
static std::string inOneLine(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> words;
  text.split(words, '\n', -1, /*KeepEmpty=*/false);
  std::string line;
  for (llvm::StringRef word : words)
    line += (line.empty() ? "" : " ") + word.trim().str();
  return printable(line, 400);
}

llvm::Error Workshop::open() {
  DialectRegistry registry;
  registerCompilerDialects(registry);
  context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  context->getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      diagnostics += diagnostic.str() + "\n";
    return success();
  });
  auto parsed = parseWorkload(*context, task.workload.text);
  if (!parsed)
    return parsed.takeError();
  module = std::move(*parsed);
  return llvm::Error::success();
}

llvm::Expected<MeasuredCode> Workshop::compileIn(const Candidate &candidate,
                                                 llvm::StringRef name) {
  const Backend *backend = findBackend(candidate.backend);
  if (!backend)
    return userErrorf("this build has no backend '{0}'", candidate.backend);
  KernelOp kernel = *module->getOps<KernelOp>().begin();
  std::string reason;
  if (failed(backend->supports(kernel, reason)) ||
      failed(
          backend->verifySchedule(kernel, candidate.schedule, target, reason)))
    return userError(reason);
  llvm::Expected<CompiledKernel> compiled =
      compileKernel(kernel, *backend, target, candidate.schedule, name);
  if (!compiled)
    return llvm::joinErrors(compiled.takeError(), userError(diagnostics));
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

/// The form in which a process hands over what it has compiled: numbers of 8
/// bytes, texts with their size before them.
static std::string encode(const CompiledCandidate &candidate) {
  std::string text;
  auto number = [&](int64_t value) {
    text.append(reinterpret_cast<const char *>(&value), sizeof value);
  };
  auto string = [&](llvm::StringRef value) {
    number(static_cast<int64_t>(value.size()));
    text.append(value.begin(), value.end());
  };
  const MeasuredCode &code = candidate.code;
  string(candidate.failure);
  string(code.object ? code.object->getBuffer() : "");
  string(code.task);
  string(code.count);
  string(code.launch);
  number(code.scratchBytes);
  for (int64_t panels : code.panels)
    number(panels);
  return text;
}

/// Reads what encode() wrote; false when the end is missing.
static bool decode(llvm::StringRef text, CompiledCandidate &candidate) {
  auto number = [&](int64_t &value) {
    if (text.size() < sizeof value)
      return false;
    std::memcpy(&value, text.data(), sizeof value);
    text = text.drop_front(sizeof value);
    return true;
  };
  auto string = [&](std::string &value) {
    int64_t size;
    if (!number(size) || size < 0 || static_cast<uint64_t>(size) > text.size())
      return false;
    value = text.take_front(size).str();
    text = text.drop_front(size);
    return true;
  };
  std::string object;
  MeasuredCode &code = candidate.code;
  if (!string(candidate.failure) || !string(object) || !string(code.task) ||
      !string(code.count) || !string(code.launch) || !number(code.scratchBytes))
    return false;
  for (int64_t panels; number(panels);)
    code.panels.push_back(panels);
  if (candidate.failure.empty())
    code.object = llvm::MemoryBuffer::getMemBufferCopy(object, code.task);
  return text.empty() && (!candidate.failure.empty() || !object.empty());
}

CompiledCandidate Workshop::compile(const Candidate &candidate,
                                    llvm::StringRef name) {
  CompiledCandidate result;
  llvm::Expected<MeasuredCode> code = compileIn(candidate, name);
  if (code)
    result.code = std::move(*code);
  else
    result.failure = inOneLine(llvm::toString(code.takeError()));
  return result;
}

std::vector<CompiledCandidate>
attune::compileCandidates(const KernelTask &task,
                          llvm::ArrayRef<Candidate> candidates,
                          const TargetDesc &target, int jobs, double seconds,
                          const std::atomic<bool> *stop) {
  std::vector<CompiledCandidate> results(candidates.size());
  // What all processes begin with.
  initializeTargets();
  Workshop workshop(task, target);
  if (llvm::Error error = workshop.open()) {
    std::string reason = inOneLine(llvm::toString(std::move(error)));
    for (CompiledCandidate &result : results)
      result.failure = reason;
    return results;
  }
  ForkedTasks tasks(candidates.size(), jobs, seconds, stop);
  std::vector<ForkedTasks::Result> answers = tasks.run([&](size_t i) {
    return encode(workshop.compile(candidates[i],
                                   "attune_candidate_" + std::to_string(i)));
  });
  for (auto [result, answer] : llvm::zip_equal(results, answers)) {
    if (answer.end == ForkedTasks::End::Stopped)
      result.failure = "interrupted";
    else if (answer.end == ForkedTasks::End::TimedOut)
      result.failure =
          llvm::formatv("compiling took longer than {0:f0} s", seconds);
    else if (answer.end == ForkedTasks::End::Failed ||
             !decode(answer.text, result))
      result = {{}, "the code generator crashed"};
  }
  return results;
}

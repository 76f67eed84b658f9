//===- KernelTask.cpp - A kernel that is to be tuned ----------------------===//
#include "attune/Tuning/KernelTask.h"
#include "attune/Kernel/Cost.h"
#include "attune/Kernel/KernelSpec.h"
#include "attune/Kernel/LaunchShapes.h"
#include "attune/Support/Error.h"

using namespace mlir;
using namespace attune;

static KernelTask makeTask(KernelOp kernel, Workload workload,
                           KernelShapes shapes, std::string where) {
  SmallVector<SymbolicShape> arguments;
  for (const std::vector<int64_t> &shape :
       ArrayRef(shapes).take_front(kernel.getNumArguments()))
    arguments.emplace_back(shape.begin(), shape.end());
  Cost cost = getKernelCost(kernel, arguments);
  KernelTask task;
  task.workload = std::move(workload);
  task.shapes = std::move(shapes);
  task.flops = cost.flops.evaluate({});
  task.bytes = cost.activationBytes.evaluate({});
  task.where = std::move(where);
  return task;
}

llvm::Expected<std::vector<KernelTask>>
attune::extractKernelTasks(ModuleOp module,
                           const llvm::StringMap<int64_t> &symbols) {
  func::FuncOp function = findModelFunction(module);
  if (!function)
    return userError("the module has no function that launches kernels");
  llvm::Expected<std::vector<LaunchShapes>> launches =
      evaluateLaunchShapes(function, symbols);
  if (!launches)
    return launches.takeError();
  SymbolTable table(module);
  DenseMap<Operation *, Workload> workloads;
  std::map<std::pair<std::string, KernelShapes>, size_t> known;
  std::vector<KernelTask> tasks;
  for (LaunchShapes &entry : *launches) {
    std::string where = describePlace(entry.launch.getLoc());
    auto kernel = table.lookup<KernelOp>(entry.launch.getKernel());
    if (!kernel)
      return userErrorf("{0}: there is no kernel '{1}' to launch", where,
                        entry.launch.getKernel());
    auto [workload, isNewKernel] = workloads.try_emplace(kernel);
    if (isNewKernel)
      workload->second = getWorkload(kernel);
    auto [place, isNew] =
        known.try_emplace({workload->second.id, entry.shapes}, tasks.size());
    if (isNew)
      tasks.push_back(makeTask(kernel, workload->second,
                               std::move(entry.shapes), std::move(where)));
    else
      ++tasks[place->second].calls;
  }
  return tasks;
}

llvm::Expected<KernelTask> attune::getKernelTask(MLIRContext &context,
                                                 StringRef spec) {
  llvm::Expected<KernelProblem> problem = parseKernelSpec(context, spec);
  if (!problem)
    return problem.takeError();
  KernelShapes shapes;
  for (ArrayRef<int64_t> shape : problem->shapes)
    shapes.push_back(shape.vec());
  return makeTask(problem->kernel, getWorkload(problem->kernel),
                  std::move(shapes), spec.str());
}

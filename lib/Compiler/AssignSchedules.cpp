//===- AssignSchedules.cpp - Backend, schedule and weight layouts ---------===//
#include "PassRemarks.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Passes.h"
#include "attune/Compiler/ScheduleChooser.h"

using namespace mlir;

namespace attune {
#define GEN_PASS_DEF_ASSIGNSCHEDULES
#include "attune/Compiler/Passes.h.inc"
} // namespace attune

using namespace attune;

namespace {

struct AssignSchedules
    : public attune::impl::AssignSchedulesBase<AssignSchedules> {
  using Base::Base;

  void runOnOperation() override {
    llvm::Expected<TargetDesc> target = getTarget(cpu, gpu);
    if (!target) {
      emitError(getOperation().getLoc(), llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    llvm::Expected<std::unique_ptr<ScheduleChooser>> chooser = makeChooser();
    if (!chooser) {
      emitError(getOperation().getLoc(), llvm::toString(chooser.takeError()));
      return signalPassFailure();
    }
    std::vector<ScheduleProblem> problems =
        (*chooser)->assign(getOperation(), *target);
    for (const std::string &warning : (*chooser)->takeWarnings())
      emitWarning(getOperation().getLoc(), warning);
    for (ScheduleProblem &problem : problems)
      if (problem.kernel)
        problem.kernel.emitError(problem.text);
      else
        emitError(getOperation().getLoc(), problem.text);
    if (!problems.empty())
      return signalPassFailure();
    for (KernelOp kernel : getOperation().getOps<KernelOp>())
      storeLayouts(kernel, *target);
    if (failed(assignLayouts()))
      signalPassFailure();
  }

  llvm::Expected<std::unique_ptr<ScheduleChooser>> makeChooser() {
    ScheduleOptions options;
    llvm::Expected<BackendChoice> choice = BackendChoice::parse(backend);
    if (!choice)
      return choice.takeError();
    options.backend = std::move(*choice);
    options.databases.assign(databases.begin(), databases.end());
    options.useSeedDatabase = useSeedDatabase;
    options.requireTuned = requireTuned;
    llvm::Expected<llvm::StringMap<int64_t>> sizes =
        parseOptimizeFor(optimizeFor);
    if (!sizes)
      return sizes.takeError();
    options.optimizeFor = std::move(*sizes);
    return ScheduleChooser::create(std::move(options));
  }

  /// Notes how the kernel's schedule wants weights stored, and tells of it.
  void storeLayouts(KernelOp kernel, const TargetDesc &target) {
    const Backend *chosen = findBackend(*kernel.getBackend());
    Schedule schedule(kernel.getScheduleAttr());
    auto source = kernel->getAttrOfType<StringAttr>(kScheduleSourceAttr);
    remarkDone(kernel, "schedule",
               "kernel '" + kernel.getSymName() + "' by " + chosen->getName() +
                   ": " + schedule.str() + " (" + source.getValue() + ")");
    for (unsigned i = 0, e = kernel.getNumArguments(); i < e; ++i)
      if (Attribute layout =
              chosen->getOperandLayout(kernel, i, schedule, target))
        kernel.setArgAttr(i, kLayoutAttr, layout);
  }

  /// Stores each weight as the kernels that read it want it.
  LogicalResult assignLayouts() {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    DenseMap<std::pair<Operation *, Attribute>, WeightOp> versions;
    WalkResult result = module.walk([&](LaunchOp launch) {
      auto kernel = symbols.lookup<KernelOp>(launch.getKernel());
      for (OpOperand &operand : launch->getOpOperands()) {
        unsigned index = operand.getOperandNumber();
        if (!kernel || index >= kernel.getNumArguments())
          continue;
        Attribute layout = kernel.getArgAttr(index, kLayoutAttr);
        auto load = operand.get().getDefiningOp<LoadWeightOp>();
        if (!layout && !load)
          continue;
        if (!load) {
          launch.emitError()
              << "operand " << index << " of kernel '" << kernel.getSymName()
              << "' is stored in a layout of its own and must "
                 "be a declared weight";
          return WalkResult::interrupt();
        }
        auto weight = symbols.lookup<WeightOp>(load.getWeight());
        WeightOp &version = versions[{weight, layout}];
        if (!version)
          version = makeVersion(weight, layout, symbols, versions);
        // Other users of the same load may want another layout.
        OpBuilder builder(load);
        operand.set(LoadWeightOp::create(builder, load.getLoc(), load.getType(),
                                         version.getSymName()));
        if (load->use_empty())
          load->erase();
      }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  WeightOp
  makeVersion(WeightOp weight, Attribute layout, SymbolTable &symbols,
              DenseMap<std::pair<Operation *, Attribute>, WeightOp> &versions) {
    if (weight.getLayoutAttr() == layout)
      return weight;
    bool first = llvm::none_of(versions, [&](const auto &entry) {
      return entry.first.first == weight.getOperation() && entry.second;
    });
    if (first && !weight.getLayoutAttr()) {
      weight.setLayoutAttr(layout);
      return weight;
    }
    auto copy = cast<WeightOp>(weight->clone());
    if (layout)
      copy.setLayoutAttr(layout);
    else
      copy.removeLayoutAttr();
    copy.removeOffsetAttr();
    symbols.insert(copy, std::next(weight->getIterator()));
    return copy;
  }
};

} // namespace

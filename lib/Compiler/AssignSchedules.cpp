//===- AssignSchedules.cpp - Backend, schedule and weight layouts ---------===//
#include "PassRemarks.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Passes.h"

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
    llvm::Expected<TargetDesc> target = getTarget(cpu);
    if (!target) {
      getOperation().emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    for (KernelOp kernel : getOperation().getOps<KernelOp>())
      if (failed(assign(kernel, *target)))
        return signalPassFailure();
    if (failed(assignLayouts()))
      signalPassFailure();
  }

  /// The backend for a kernel, by its attribute or the option.
  const Backend *choose(KernelOp kernel) {
    std::string name =
        kernel.getBackend() ? kernel.getBackend()->str() : backend.getValue();
    std::string reasons;
    for (const Backend *candidate : getBackends()) {
      if (name != "auto" && name != candidate->getName())
        continue;
      std::string reason;
      if (succeeded(candidate->supports(kernel, reason)))
        return candidate;
      reasons += (reasons.empty() ? "" : "; ") + candidate->getName().str() +
                 ": " + reason;
    }
    kernel.emitError() << "no backend takes kernel '" << kernel.getSymName()
                       << "'"
                       << (reasons.empty()
                               ? ": there is no backend '" + name + "'"
                               : ": " + reasons);
    return nullptr;
  }

  LogicalResult assign(KernelOp kernel, const TargetDesc &target) {
    const Backend *chosen = choose(kernel);
    if (!chosen)
      return failure();
    kernel.setBackend(chosen->getName());
    Schedule schedule;
    if (DictionaryAttr given = kernel.getScheduleAttr()) {
      schedule = Schedule(given);
      std::string reason;
      if (failed(chosen->verifySchedule(kernel, schedule, target, reason)))
        return kernel.emitError() << "schedule '" << schedule.str()
                                  << "' does not fit: " << reason;
    } else {
      schedule = chosen->getDefaultSchedule(kernel, target);
      kernel.setScheduleAttr(schedule.toAttr(&getContext()));
    }
    remarkDone(kernel, "schedule",
               "kernel '" + kernel.getSymName() + "' by " + chosen->getName() +
                   ": " + schedule.str());
    for (unsigned i = 0, e = kernel.getNumArguments(); i < e; ++i)
      if (Attribute layout =
              chosen->getOperandLayout(kernel, i, schedule, target))
        kernel.setArgAttr(i, kLayoutAttr, layout);
    return success();
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

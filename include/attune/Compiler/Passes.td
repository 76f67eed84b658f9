//===- Passes.td - From kernels to code that runs -------------------------===//
//
// The pass `attune-foo-bar` is FooBar.cpp in lib/Compiler and is tested by
// test/Compiler/foo-bar.mlir. What a pass has done it tells in remarks.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_COMPILER_PASSES
#define ATTUNE_COMPILER_PASSES

include "mlir/Pass/PassBase.td"

def AssignSchedules : Pass<"attune-assign-schedules", "::mlir::ModuleOp"> {
  let summary = "Chooses backend and schedule of every kernel and the layout of its weights";
  let description = [{
    What a kernel has already, a backend or a schedule, stays. Else it gets the
    fastest schedule that records of the tuner know at these sizes on this
    machine, or on a similar one, and else the analytic one for the CPU of the
    first backend that supports the kernel. Where a schedule comes from is noted
    as `attune.schedule_source`: given, tuned, transferred or analytic. Records
    that would have fitted but cannot be used are counted in a warning.

    The schedule decides how weights are stored: the layout goes to the kernel's
    argument and to the declared weights. A weight that is needed in two layouts
    is declared twice.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"native\"", "CPU that kernels are made for">,
    Option<"gpu", "gpu", "std::string", "\"\"", "GPU that kernels run on: opencl, cuda or cuda:sm_NN; empty: none">,
    Option<"backend", "backend", "std::string", "\"auto\"",
           "Backend of kernels that have none: auto or a name, then FAMILY=NAME for families of kernels">,
    ListOption<"databases", "db", "std::string", "Files of the tuner's records">,
    Option<"useSeedDatabase", "seed-db", "bool", "false",
           "Look also at the records that ship with Attune">,
    Option<"requireTuned", "require-tuned", "bool", "false",
           "Fail when a kernel has no tuned schedule for this machine">,
    Option<"optimizeFor", "optimize-for", "std::string", "\"\"",
           "Sizes that records are looked up at, e.g. batch=1,length=128">
  ];
}

def PlanWeights : Pass<"attune-plan-weights", "::mlir::ModuleOp"> {
  let summary = "Gives every declared weight its place in the weights file";
  let description = [{
    Weights follow one another from byte 4096 on (or from the module's
    `attune.weights_end`, which is updated), each at a multiple of 64, in the
    order of their declaration. Weights that nothing uses are erased; those that
    have a place keep it.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def PlanMemory : Pass<"attune-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Turns tensors into views of one arena, the weights and the caller's buffers";
  let description = [{
    A function of launches on tensors becomes one on memrefs. Its arguments are
    the values of the model's symbols, the inputs, the results' buffers, the
    workspace and the weights file. Every intermediate lies in a slot of the
    workspace; values whose lives do not overlap share slots. Sizes are
    polynomials of the symbols, so that the offsets are closed formulas and one
    artefact serves every batch and length.

    Beside the function `f` stands `f.workspace`, which computes the bytes of
    workspace from the symbols' values.
  }];
  let dependentDialects = ["::attune::AttuneDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect"];
  let options = [
    Option<"keepAll", "keep-all", "bool", "false",
           "Give every value a slot of its own, so that all can be read after a call">
  ];
}

def LowerKernels : Pass<"attune-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Adds the functions that backends emit for kernels";
  let description = [{
    For each planned kernel this adds the functions that Backend.h describes and
    the entry points through which the runtime runs its tasks. The kernels
    themselves go with their launches (attune-lower-launches).
  }];
  let dependentDialects = ["::attune::AttuneDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect", "::mlir::math::MathDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect",
                           "::mlir::affine::AffineDialect"];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"native\"", "CPU that kernels are made for">,
    Option<"gpu", "gpu", "std::string", "\"\"", "GPU that kernels run on: opencl, cuda or cuda:sm_NN; empty: none">
  ];
}

def LowerLaunches : Pass<"attune-lower-launches", "::mlir::ModuleOp"> {
  let summary = "Makes launches calls of the runtime and adds the model's entry points";
  let description = [{
    A launch stores the descriptors of its operands side by side and hands them
    to `attune_parallel_for` with the kernel's entry point, or to the kernel
    itself when it shares out its work; the kernels are erased. For each planned
    function `f` this adds `f.entry`, which takes an AttuneCall (ABI.h), and
    `f.workspace.entry`, which takes the array of the symbols' values.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect"];
}

#endif // ATTUNE_COMPILER_PASSES

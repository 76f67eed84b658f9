//===- MeasureProgram.cpp - Programs that measure one kernel --------------===//
#include "attune/Tuning/MeasureProgram.h"
#include "attune/Backend/LLVM/Codegen.h"
#include "attune/Backend/LLVM/ConstantBuilder.h"
#include "attune/Compiler/Link.h"
#include "attune/Kernel/ArgumentRange.h"
#include "attune/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <cmath>

using namespace mlir;
using namespace attune;

/// How an argument of integers is filled: ids of a look-up lie in its table,
/// everything else counts as a mask.
static void chooseIntegers(BlockArgument argument, const KernelShapes &shapes,
                           AttuneMeasuredOperand &operand) {
  operand.fill = operand.rank ? ATTUNE_FILL_MASK : ATTUNE_FILL_UNIFORM;
  for (Operation *user : argument.getUsers()) {
    auto lookUp = dyn_cast<EmbeddingOp>(user);
    if (!lookUp || lookUp.getIds() != argument)
      continue;
    int64_t rows =
        cast<RankedTensorType>(lookUp.getTable().getType()).getDimSize(0);
    if (auto table = dyn_cast<BlockArgument>(lookUp.getTable()))
      rows = shapes[table.getArgNumber()][0];
    // With several look-ups, what is in every table.
    operand.max = operand.fill == ATTUNE_FILL_MASK
                      ? rows - 1
                      : std::min<int64_t>(operand.max, rows - 1);
    operand.fill = ATTUNE_FILL_UNIFORM;
  }
  operand.max = std::max<int64_t>(operand.max, 0);
}

static void chooseFloats(KernelOp kernel, unsigned index,
                         AttuneMeasuredOperand &operand) {
  ArgumentRange range = getArgumentRange(kernel, index);
  operand.fill = ATTUNE_FILL_UNIFORM;
  operand.min = static_cast<int64_t>(std::floor(range.low * 1024));
  operand.max = static_cast<int64_t>(std::ceil(range.high * 1024));
}

llvm::Expected<std::vector<AttuneMeasuredOperand>>
attune::describeOperands(KernelOp kernel, const KernelShapes &shapes) {
  std::vector<AttuneMeasuredOperand> operands;
  SmallVector<Type> types(kernel.getArgumentTypes());
  size_t numInputs = types.size();
  llvm::append_range(types, kernel.getResultTypes());
  if (types.size() != shapes.size())
    return userErrorf("the kernel has {0} arguments and results, found shapes "
                      "of {1}",
                      types.size(), shapes.size());
  for (auto [i, type, shape] : llvm::enumerate(types, shapes)) {
    auto tensor = cast<RankedTensorType>(type);
    AttuneMeasuredOperand operand = {};
    if (failed(verifyCompatibleShape(tensor.getShape(), shape)) ||
        llvm::any_of(shape, [](int64_t extent) { return extent < 0; }))
      return userErrorf("operand {0} does not have the kernel's shape", i);
    if (tensor.getRank() > ATTUNE_MAX_RANK)
      return unsupportedError("measuring a kernel", "more than 8 dimensions",
                              "operand " + Twine(i));
    bool isFloat = tensor.getElementType().isF32();
    if (!isFloat && !tensor.getElementType().isInteger(64))
      return unsupportedError("measuring a kernel",
                              "elements other than f32 and i64",
                              "operand " + Twine(i));
    operand.type = isFloat ? ATTUNE_F32 : ATTUNE_I64;
    operand.rank = static_cast<int32_t>(tensor.getRank());
    llvm::copy(shape, operand.dims);
    if (i >= numInputs)
      operand.fill = ATTUNE_FILL_NONE;
    else if (isFloat)
      chooseFloats(kernel, i, operand);
    else
      chooseIntegers(kernel.getBody().getArgument(i), shapes, operand);
    operands.push_back(operand);
  }
  return operands;
}

/// Emits `attune_measured_kernel` as an object.
static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
emitDescription(ArrayRef<AttuneMeasuredOperand> operands,
                ArrayRef<const MeasuredCode *> codes,
                const TargetDesc &target) {
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  llvm::LLVMContext context;
  llvm::Module module("description", context);
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  ConstantBuilder builder(module);
  SmallVector<llvm::Constant *> operandFields, codeFields;
  for (const AttuneMeasuredOperand &operand : operands) {
    SmallVector<llvm::Constant *> dims;
    for (int64_t extent : operand.dims)
      dims.push_back(builder.i64(extent));
    operandFields.push_back(builder.structure(
        {builder.i32(operand.type), builder.i32(operand.fill),
         builder.i32(operand.rank), builder.i32(0), builder.inlineArray(dims),
         builder.i64(operand.min), builder.i64(operand.max)}));
  }
  auto function = [&](StringRef name) {
    return name.empty() ? builder.null() : builder.function(name);
  };
  for (const MeasuredCode *code : codes) {
    SmallVector<llvm::Constant *> panels;
    for (int64_t width : code->panels)
      panels.push_back(builder.i64(width));
    codeFields.push_back(builder.structure(
        {function(code->task), function(code->count), function(code->launch),
         builder.i64(code->scratchBytes), builder.array(panels, "panels")}));
  }
  builder.publish(
      builder.structure(
          {builder.i32(ATTUNE_MEASURE_VERSION),
           builder.i32(static_cast<int64_t>(codes.size())),
           builder.i32(static_cast<int64_t>(operands.size())), builder.i32(0),
           builder.i64(static_cast<int64_t>(target.runtimeFeatures)),
           builder.array(operandFields, "operands"),
           builder.array(codeFields, "codes")}),
      "attune_measured_kernel", /*exported=*/true);
  return emitModule(module, **machine, OutputKind::Object);
}

llvm::Error attune::linkMeasureProgram(ArrayRef<AttuneMeasuredOperand> operands,
                                       ArrayRef<const MeasuredCode *> codes,
                                       const TargetDesc &target,
                                       const MeasureTools &tools,
                                       StringRef path) {
  if (llvm::Triple(target.triple).getArch() !=
      llvm::Triple(llvm::sys::getProcessTriple()).getArch())
    return userErrorf("kernels for '{0}' cannot be measured: the runtime that "
                      "measuring programs are linked with is of this "
                      "machine's architecture, not of {1}",
                      target.name, target.triple);
  PackageOptions options;
  options.runtimeDirectory = tools.runtimeDirectory;
  options.linker = tools.linker;
  auto measure = findRuntime(options, "libattune_measure.a");
  auto runtime = findRuntime(options, "libattune_runtime.a");
  if (!measure || !runtime)
    return llvm::joinErrors(measure.takeError(), runtime.takeError());
  auto description = emitDescription(operands, codes, target);
  if (!description)
    return description.takeError();
  std::vector<std::string> arguments{"-o", path.str()};
  auto write = [&](const llvm::MemoryBuffer &object) -> llvm::Error {
    std::string name = (path + "." + Twine(arguments.size()) + ".o").str();
    std::error_code code;
    llvm::raw_fd_ostream os(name, code);
    if (code)
      return fileUserError(name, "write", code);
    arguments.push_back(name);
    os << object.getBuffer();
    os.close();
    code = os.error();
    os.clear_error();
    return code ? fileUserError(name, "write", code) : llvm::Error::success();
  };
  llvm::Error error = write(**description);
  for (const MeasuredCode *code : codes)
    if (!error)
      error = write(*code->object);
  std::vector<std::string> objects(arguments.begin() + 2, arguments.end());
  for (const char *argument :
       {measure->c_str(), runtime->c_str(), "-Wl,--gc-sections", "-Wl,-s",
        "-lpthread", "-lm"})
    arguments.push_back(argument);
  if (!error)
    error = runLinker(options, arguments);
  for (const std::string &object : objects)
    llvm::sys::fs::remove(object);
  return error;
}

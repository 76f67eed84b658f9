//===- CheckInput.cpp - Whether IR stands where it says -------------------===//
#include "CheckInput.h"
#include "attune/Compiler/ModelInterface.h"
#include "attune/Compiler/Passes.h"
#include "attune/Kernel/ElementTypes.h"
#include "attune/Kernel/Packing.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace attune;

namespace {

/// Limits of what a file may ask for.
constexpr int64_t kMaxExtent = int64_t(1) << 31;
constexpr int64_t kMaxScratchBytes = int64_t(1) << 32;

class Checker {
public:
  Checker(ModuleOp module, Phase phase, StringRef file)
      : module(module), phase(phase), file(file) {}

  llvm::Error run() {
    if (llvm::Error error = checkLimits())
      return error;
    if (phase >= Phase::Plan)
      if (llvm::Error error = checkPlaces())
        return error;
    return phase == Phase::LLVM ? checkLowered() : checkFunctions();
  }

private:
  template <typename... Ts> llvm::Error fail(const char *format, Ts &&...args) {
    std::string text = llvm::formatv(format, std::forward<Ts>(args)...).str();
    return userErrorf("'{0}' is not IR after the phase {1}: {2}", file,
                      attune::getName(phase), text);
  }

  llvm::Error checkLimits();
  llvm::Error checkPlaces();
  llvm::Error checkFunctions();
  llvm::Error checkLowered();

  ModuleOp module;
  Phase phase;
  StringRef file;
};

llvm::Error Checker::checkLimits() {
  Attribute attr = module->getAttr(kMaxDimsAttr);
  auto limits = dyn_cast_or_null<DictionaryAttr>(attr);
  if (attr && !limits)
    return fail("expected a dictionary as '{0}', found {1}", kMaxDimsAttr,
                attr);
  for (NamedAttribute entry :
       limits ? limits.getValue() : ArrayRef<NamedAttribute>()) {
    auto value = dyn_cast<IntegerAttr>(entry.getValue());
    if (!value || !value.getType().isSignlessInteger(64) ||
        value.getInt() < 1 || value.getInt() > kMaxExtent)
      return fail("expected '{0}' to limit '{1}' by an i64 from 1 to {2}, "
                  "found {3}",
                  kMaxDimsAttr, printable(entry.getName()), kMaxExtent,
                  entry.getValue());
  }
  return llvm::Error::success();
}

/// Weights in the artefact: aligned, apart from one another, and of a size
/// that a file can have.
llvm::Error Checker::checkPlaces() {
  auto end = module->getAttrOfType<IntegerAttr>(kWeightsEndAttr);
  if (!end || !end.getType().isSignlessInteger(64) || end.getInt() < 0 ||
      end.getInt() > kMaxWeightsBytes)
    return fail("expected '{0}' to be an i64 up to {1}", kWeightsEndAttr,
                kMaxWeightsBytes);
  std::map<int64_t, std::pair<int64_t, WeightOp>> places;
  for (WeightOp weight : module.getOps<WeightOp>()) {
    std::string name = printable(weight.getSymName());
    IntegerAttr offset = weight.getOffsetAttr();
    if (!offset)
      return fail("weight '{0}' has no place in the weights file", name);
    auto type = cast<RankedTensorType>(weight.getType());
    int64_t size = getPackedSize(type, weight.getLayoutAttr());
    std::optional<int64_t> last = llvm::checkedMulAdd<int64_t>(
        size, getElementBytes(type.getElementType()), offset.getInt());
    if (size < 0 || offset.getInt() < 4096 || offset.getInt() % 64 != 0 ||
        !last || *last > end.getInt())
      return fail("weight '{0}' at {1}: expected a multiple of 64 from 4096 "
                  "on, and its end by '{2}', which is {3}",
                  name, offset.getInt(), kWeightsEndAttr, end.getInt());
    auto [it, isNew] =
        places.try_emplace(offset.getInt(), std::pair(*last, weight));
    if (!isNew)
      return fail("weights '{0}' and '{1}' lie at the same place",
                  printable(it->second.second.getSymName()), name);
  }
  int64_t taken = 0;
  for (auto &[offset, place] : places) {
    if (offset < taken)
      return fail("weight '{0}' overlaps with the one before it",
                  printable(place.second.getSymName()));
    taken = place.first;
  }
  return llvm::Error::success();
}

llvm::Error Checker::checkFunctions() {
  int64_t count = 0;
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (!function.isExternal() &&
        (phase < Phase::Plan || function->hasAttr(kSlotsAttr)))
      ++count;
  if (count != 1)
    return fail("expected one function{0}, found {1}",
                phase < Phase::Plan ? "" : " with a plan of its memory", count);
  return llvm::Error::success();
}

llvm::Error Checker::checkLowered() {
  for (Operation &op : *module.getBody())
    if (!isa<WeightOp, LLVM::LLVMFuncOp, LLVM::GlobalOp>(op))
      return fail("expected functions of the LLVM dialect and weights, found "
                  "'{0}'",
                  op.getName().getStringRef());
  llvm::Expected<ModelInterface> interface = ModelInterface::get(module);
  if (!interface)
    return fail("{0}", llvm::toString(interface.takeError()));
  if (Attribute attr = module->getAttr(kScratchBytesAttr)) {
    auto bytes = dyn_cast<IntegerAttr>(attr);
    if (!bytes || !bytes.getType().isSignlessInteger(64) ||
        bytes.getInt() < 0 || bytes.getInt() > kMaxScratchBytes)
      return fail("expected '{0}' to be an i64 up to {1}, found {2}",
                  kScratchBytesAttr, kMaxScratchBytes, attr);
  }
  return llvm::Error::success();
}

} // namespace

llvm::Error attune::checkInput(ModuleOp module, Phase phase, StringRef file) {
  return Checker(module, phase, file).run();
}

//===- FamilyBackend.h - Backends made of families of kernels ---*- C++ -*-===//
//
// A backend answers for kernels of all kinds of anchors; a family for those of
// one kind. Both backends are collections of families and share what they are
// asked, and how the question finds its family.
//
// Header alone: the Halide backend is compiled with RTTI, the other without.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_FAMILYBACKEND_H
#define ATTUNE_BACKEND_FAMILYBACKEND_H

#include "attune/Backend/Backend.h"
#include "llvm/ADT/StringMap.h"
#include <memory>

namespace attune {

/// What a family says of its kernels and their schedules; the functions are
/// those of Backend. A backend's families add how they emit code.
class Family {
public:
  virtual ~Family() = default;
  /// Equals KernelOpInterface::getKernelFamily of the anchors.
  virtual llvm::StringRef getName() const = 0;
  virtual llvm::LogicalResult supports(KernelOp kernel,
                                       std::string &reason) const {
    return llvm::success();
  }
  /// Knobs that mean the same have the same name in all backends.
  virtual llvm::SmallVector<Knob> getKnobs(KernelOp kernel,
                                           const TargetDesc &target) const {
    return {};
  }
  virtual Schedule getDefaultSchedule(KernelOp kernel,
                                      const TargetDesc &target) const {
    return {};
  }
  virtual llvm::LogicalResult verifySchedule(KernelOp kernel,
                                             const Schedule &schedule,
                                             const TargetDesc &target,
                                             std::string &reason) const {
    return llvm::success();
  }
  virtual std::optional<Footprint>
  getFootprint(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const {
    return std::nullopt;
  }
  virtual mlir::Attribute getOperandLayout(KernelOp kernel, unsigned index,
                                           const Schedule &schedule,
                                           const TargetDesc &target) const {
    return {};
  }
};

/// A backend that hands questions on to the family of a kernel. `FamilyType`
/// derives from Family.
template <typename FamilyType> class FamilyBackend : public Backend {
public:
  llvm::SmallVector<llvm::StringRef> getFamilies() const override {
    return llvm::to_vector(families.keys());
  }

  llvm::LogicalResult supports(KernelOp kernel,
                               std::string &reason) const override {
    if (const FamilyType *family = find(kernel))
      return family->supports(kernel, reason);
    reason = ("the " + getName() + " backend has no kernels of family '" +
              kernel.getFamily() + "'")
                 .str();
    return llvm::failure();
  }

  llvm::SmallVector<Knob> getKnobs(KernelOp kernel,
                                   const TargetDesc &target) const override {
    const FamilyType *family = find(kernel);
    return family ? family->getKnobs(kernel, target)
                  : llvm::SmallVector<Knob>();
  }

  Schedule getDefaultSchedule(KernelOp kernel,
                              const TargetDesc &target) const override {
    const FamilyType *family = find(kernel);
    return family ? family->getDefaultSchedule(kernel, target) : Schedule();
  }

  llvm::LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                                     const TargetDesc &target,
                                     std::string &reason) const override {
    const FamilyType *family = find(kernel);
    return family ? family->verifySchedule(kernel, schedule, target, reason)
                  : supports(kernel, reason);
  }

  std::optional<Footprint>
  getFootprint(KernelOp kernel, const Schedule &schedule,
               const TargetDesc &target) const override {
    const FamilyType *family = find(kernel);
    return family ? family->getFootprint(kernel, schedule, target)
                  : std::nullopt;
  }

  mlir::Attribute getOperandLayout(KernelOp kernel, unsigned index,
                                   const Schedule &schedule,
                                   const TargetDesc &target) const override {
    const FamilyType *family = find(kernel);
    return family ? family->getOperandLayout(kernel, index, schedule, target)
                  : mlir::Attribute();
  }

protected:
  void add(std::unique_ptr<FamilyType> family) {
    llvm::StringRef name = family->getName();
    families[name] = std::move(family);
  }
  /// The family of a kernel; null: none.
  const FamilyType *find(KernelOp kernel) const {
    auto it = families.find(kernel.getFamily());
    return it == families.end() ? nullptr : it->second.get();
  }

private:
  llvm::StringMap<std::unique_ptr<FamilyType>> families;
};

} // namespace attune

#endif // ATTUNE_BACKEND_FAMILYBACKEND_H

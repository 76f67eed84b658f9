//===- ConstantBuilder.h - Structs of the C ABI as constants ----*- C++ -*-===//
//
// What describes compiled code to the runtime is constants of the structs in
// the runtime's headers.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_LLVM_CONSTANTBUILDER_H
#define ATTUNE_BACKEND_LLVM_CONSTANTBUILDER_H

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Module.h"

namespace attune {

/// Builds constants of the ABI's structs, field by field.
class ConstantBuilder {
public:
  explicit ConstantBuilder(llvm::Module &module)
      : module(module), context(module.getContext()),
        pointer(llvm::PointerType::getUnqual(context)) {}

  llvm::Constant *i32(int64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), value,
                                  /*IsSigned=*/true);
  }
  llvm::Constant *i64(int64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), value,
                                  /*IsSigned=*/true);
  }
  llvm::Constant *text(llvm::StringRef value) {
    return define(llvm::ConstantDataArray::getString(context, value), "text");
  }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(pointer); }
  llvm::Constant *structure(llvm::ArrayRef<llvm::Constant *> fields) {
    return llvm::ConstantStruct::getAnon(context, fields);
  }
  /// An array of equal elements within a struct.
  llvm::Constant *inlineArray(llvm::ArrayRef<llvm::Constant *> elements) {
    auto *type =
        llvm::ArrayType::get(elements.front()->getType(), elements.size());
    return llvm::ConstantArray::get(type, elements);
  }
  /// The address of a private array of equal structs; null when empty.
  llvm::Constant *array(llvm::ArrayRef<llvm::Constant *> elements,
                        llvm::StringRef name) {
    return elements.empty() ? null() : define(inlineArray(elements), name);
  }
  /// The address of a function defined elsewhere in the artefact.
  llvm::Constant *function(llvm::StringRef name) {
    auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), false);
    auto *callee = llvm::cast<llvm::Function>(
        module.getOrInsertFunction(name, type).getCallee());
    callee->setVisibility(llvm::GlobalValue::HiddenVisibility);
    return callee;
  }
  /// The address of data defined elsewhere in the artefact.
  llvm::Constant *data(llvm::StringRef name) {
    auto *variable = llvm::cast<llvm::GlobalVariable>(
        module.getOrInsertGlobal(name, llvm::Type::getInt8Ty(context)));
    variable->setVisibility(llvm::GlobalValue::HiddenVisibility);
    return variable;
  }
  /// Defines the constant that other objects know as `symbol`.
  void publish(llvm::Constant *value, llvm::StringRef symbol,
               bool exported = false) {
    auto *global = new llvm::GlobalVariable(
        module, value->getType(), /*isConstant=*/true,
        llvm::GlobalValue::ExternalLinkage, value, symbol);
    if (!exported)
      global->setVisibility(llvm::GlobalValue::HiddenVisibility);
    global->setAlignment(llvm::Align(16));
  }

private:
  llvm::Constant *define(llvm::Constant *value, llvm::StringRef name) {
    return new llvm::GlobalVariable(
        module, value->getType(),
        /*isConstant=*/true, llvm::GlobalValue::PrivateLinkage, value, name);
  }

  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::PointerType *pointer;
};

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_CONSTANTBUILDER_H

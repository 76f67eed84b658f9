//===- Forwarders.cpp - The exported functions of a library ---------------===//
#include "attune/Compiler/ModelInterface.h"
#include "llvm/IR/IRBuilder.h"

using namespace attune;

/// The type that a letter of Forwarders.def stands for.
static llvm::Type *getType(llvm::LLVMContext &context, char letter) {
  switch (letter) {
  case 'i':
    return llvm::Type::getInt32Ty(context);
  case 'l':
  case 'z':
    return llvm::Type::getInt64Ty(context);
  case 'p':
    return llvm::PointerType::getUnqual(context);
  default:
    return llvm::Type::getVoidTy(context);
  }
}

static void emitForwarder(llvm::Module &module, llvm::StringRef prefix,
                          llvm::StringRef suffix,
                          llvm::ArrayRef<llvm::Value *> added,
                          llvm::StringRef result, llvm::StringRef parameters) {
  llvm::LLVMContext &context = module.getContext();
  llvm::SmallVector<llvm::Type *> outer, inner;
  for (llvm::Value *value : added)
    inner.push_back(value->getType());
  for (char letter : parameters) {
    outer.push_back(getType(context, letter));
    inner.push_back(outer.back());
  }
  llvm::Type *resultType = getType(context, result[0]);
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(resultType, outer, false),
      llvm::GlobalValue::ExternalLinkage, prefix + "_" + suffix, module);
  llvm::FunctionCallee target = module.getOrInsertFunction(
      ("attune_" + suffix).str(),
      llvm::FunctionType::get(resultType, inner, false));
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", function));
  llvm::SmallVector<llvm::Value *> arguments(added);
  for (llvm::Argument &argument : function->args())
    arguments.push_back(&argument);
  llvm::CallInst *call = builder.CreateCall(target, arguments);
  call->setTailCall();
  if (resultType->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(call);
}

void attune::emitForwarders(llvm::Module &module, llvm::StringRef prefix,
                            llvm::StringRef descriptor,
                            llvm::StringRef weightsName, bool hasTokenizer) {
  llvm::GlobalVariable *model = module.getGlobalVariable(descriptor);
  llvm::Constant *text =
      llvm::ConstantDataArray::getString(module.getContext(), weightsName);
  auto *weights = new llvm::GlobalVariable(
      module, text->getType(), /*isConstant=*/true,
      llvm::GlobalValue::PrivateLinkage, text, "weights_name");
  auto add = [&](llvm::StringRef suffix, llvm::StringRef adds,
                 llvm::StringRef result, llvm::StringRef parameters,
                 llvm::StringRef needs) {
    if (needs.contains('t') && !hasTokenizer)
      return;
    llvm::SmallVector<llvm::Value *> added;
    for (char letter : adds)
      added.push_back(letter == 'd' ? model : weights);
    emitForwarder(module, prefix, suffix, added, result, parameters);
  };
#define ATTUNE_FORWARDER(SUFFIX, ADDS, RESULT, PARAMETERS, NEEDS)              \
  add(#SUFFIX, ADDS, RESULT, PARAMETERS, NEEDS);
#include "attune/Runtime/Forwarders.def"
}

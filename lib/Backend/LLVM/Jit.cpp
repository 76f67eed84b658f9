//===- Jit.cpp - Objects run in this process ------------------------------===//
#include "attune/Backend/LLVM/Jit.h"
#include "attune/Kernel/Target.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

using namespace llvm;
using namespace attune;

struct Jit::Impl {
  std::unique_ptr<orc::LLJIT> lljit;
};

Jit::Jit(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Jit::~Jit() = default;

Expected<std::unique_ptr<Jit>>
Jit::create(std::vector<std::unique_ptr<MemoryBuffer>> objects,
            ArrayRef<JitSymbol> symbols) {
  initializeTargets();
  auto lljit = orc::LLJITBuilder().create();
  if (!lljit)
    return lljit.takeError();
  orc::JITDylib &library = (*lljit)->getMainJITDylib();
  orc::SymbolMap map;
  for (const JitSymbol &symbol : symbols)
    map[(*lljit)->mangleAndIntern(symbol.name)] = {
        orc::ExecutorAddr::fromPtr(symbol.address), JITSymbolFlags::Exported};
  if (Error error = library.define(orc::absoluteSymbols(std::move(map))))
    return std::move(error);
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      (*lljit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  library.addGenerator(std::move(*process));
  for (std::unique_ptr<MemoryBuffer> &object : objects)
    if (Error error = (*lljit)->addObjectFile(std::move(object)))
      return std::move(error);
  auto impl = std::make_unique<Impl>();
  impl->lljit = std::move(*lljit);
  return std::unique_ptr<Jit>(new Jit(std::move(impl)));
}

Expected<void *> Jit::lookup(StringRef name) const {
  auto address = impl->lljit->lookup(name);
  if (!address)
    return address.takeError();
  return address->toPtr<void *>();
}

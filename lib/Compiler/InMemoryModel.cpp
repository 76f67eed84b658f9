//===- InMemoryModel.cpp - A model compiled into this process -------------===//
#include "attune/Compiler/InMemoryModel.h"
#include "attune/Backend/LLVM/Codegen.h"
#include "attune/Backend/LLVM/RuntimeSymbols.h"
#include "attune/Support/Error.h"
#include "llvm/Support/Errno.h"
#include <sys/mman.h>
#include <unistd.h>

using namespace attune;

static llvm::Error systemError(llvm::StringRef what) {
  return userErrorf("the weights cannot be kept in memory: {0}: {1}", what,
                    llvm::sys::StrError());
}

llvm::Error InMemoryModel::writeWeights(const WeightsImage &weights) {
  weightsFile = ::memfd_create("attune-weights", MFD_CLOEXEC);
  if (weightsFile < 0)
    return systemError("memfd_create");
  uint64_t bytes = weights.getBytes();
  if (::ftruncate(weightsFile, bytes) != 0)
    return systemError("ftruncate");
  void *memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                        weightsFile, 0);
  if (memory == MAP_FAILED)
    return systemError("mmap");
  llvm::Error error = weights.write({static_cast<uint8_t *>(memory), bytes});
  ::munmap(memory, bytes);
  return error;
}

InMemoryModel::~InMemoryModel() {
  if (weightsFile >= 0)
    ::close(weightsFile);
}

std::string InMemoryModel::getWeightsPath() const {
  return "/proc/self/fd/" + std::to_string(weightsFile);
}

llvm::Expected<std::unique_ptr<InMemoryModel>>
InMemoryModel::create(Compilation &compilation) {
  CodeOptions options;
  options.prefix = "model";
  options.forwarders = false;
  options.program = true;
  llvm::Expected<std::unique_ptr<ModelCode>> code =
      ModelCode::generate(compilation, options);
  if (!code)
    return code.takeError();
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  for (ModelCode::Part &part : (*code)->getParts()) {
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> object =
        emitModule(*part.module, *part.machine, OutputKind::Object);
    if (!object)
      return object.takeError();
    objects.push_back(std::move(*object));
  }
  std::unique_ptr<InMemoryModel> model(new InMemoryModel);
  model->tokenizerNote = (*code)->getTokenizerNote().str();
  if (llvm::Error error = model->writeWeights((*code)->getWeights()))
    return std::move(error);
  llvm::Expected<std::unique_ptr<Jit>> jit =
      Jit::create(std::move(objects), getRuntimeSymbols());
  if (!jit)
    return jit.takeError();
  model->jit = std::move(*jit);
  llvm::Expected<void *> address =
      model->jit->lookup((*code)->getDescriptorName());
  if (!address)
    return address.takeError();
  model->descriptor = static_cast<const AttuneModel *>(*address);
  return model;
}

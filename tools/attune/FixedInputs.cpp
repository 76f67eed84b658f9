//===- FixedInputs.cpp - Inputs that become part of the model -------------===//
#include "FixedInputs.h"
#include "attune/Runtime/Npy.h"
#include "attune/Support/Error.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cstring>

using namespace attune;
using namespace attune::tool;

static FixedInput makeInput(llvm::StringRef name, const rt::NpyArray &array) {
  FixedInput input;
  input.name = name.str();
  input.type = array.type();
  input.shape = array.shape();
  auto *data = static_cast<const uint8_t *>(array.data());
  input.data.assign(data, data + array.bytes());
  return input;
}

llvm::Expected<FixedInput> attune::tool::parseFixedInput(llvm::StringRef text) {
  auto fail = [&](const llvm::Twine &problem) {
    return userError("--fix-input=" + text + ": " + problem);
  };
  // Names of inputs may contain '=', values do not.
  auto [name, value] = text.rsplit('=');
  if (size_t at = text.find("=@"); at != llvm::StringRef::npos) {
    name = text.take_front(at);
    value = text.drop_front(at + 1);
  }
  if (name.empty() || value.empty())
    return fail("expected NAME=2,-1 or NAME=@FILE.npy");
  if (value.consume_front("@")) {
    rt::NpyArray array;
    std::string problem;
    if (!array.open(value.str().c_str(), problem))
      return fail(problem);
    return makeInput(name, array);
  }
  FixedInput input;
  input.name = name.str();
  llvm::SmallVector<llvm::StringRef> parts;
  value.split(parts, ',');
  for (llvm::StringRef part : parts) {
    int64_t number;
    if (part.trim().getAsInteger(10, number))
      return fail("expected integers, got '" + part + "'");
    auto *bytes = reinterpret_cast<const uint8_t *>(&number);
    input.data.insert(input.data.end(), bytes, bytes + sizeof(number));
  }
  if (parts.size() > 1)
    input.shape.push_back(parts.size());
  return input;
}

std::vector<FixedInput>
attune::tool::takeShapeInputs(std::vector<const char *> &arguments) {
  std::vector<FixedInput> taken;
  llvm::erase_if(arguments, [&](llvm::StringRef argument) {
    size_t at = argument.find("=@");
    if (!argument.consume_front("--input=") || at == llvm::StringRef::npos)
      return false;
    at -= strlen("--input=");
    rt::NpyArray array;
    std::string problem;
    // What cannot be read is for the program to complain about.
    if (!array.open(argument.drop_front(at + 2).str().c_str(), problem))
      return false;
    bool isFloat = array.type() == ATTUNE_F32 || array.type() == ATTUNE_F64 ||
                   array.type() == ATTUNE_F16 || array.type() == ATTUNE_BF16;
    if (array.shape().size() > (isFloat ? 0 : 1) || array.elements() > 64)
      return false;
    taken.push_back(makeInput(argument.take_front(at), array));
    return true;
  });
  return taken;
}

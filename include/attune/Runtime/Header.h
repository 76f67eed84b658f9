//===- Header.h - The header of an emitted library --------------*- C++ -*-===//
//
// For the compiler: writes the C header that declares and documents a model's
// functions under its prefix. The functions themselves are forwarders, which
// Forwarders.def lists.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_HEADER_H
#define ATTUNE_RUNTIME_HEADER_H

#include "attune/Runtime/ABI.h"

#include <string>
#include <string_view>

namespace attune::rt {

/// The text of `<prefix>.h`: self-contained, for C and C++. Of `model` the
/// name, symbols, inputs, outputs and tokenizer_bytes are read. `prefix` must
/// be a C identifier (see cIdentifier); `weightsName` is the default file name
/// of the weights, for the documentation.
std::string renderHeader(const AttuneModel &model, std::string_view prefix,
                         std::string_view weightsName);

/// `name` with all that cannot be in a C identifier replaced by '_', and with
/// an 'm' before a leading digit or '_'; "model" for an empty name.
std::string cIdentifier(std::string_view name);

} // namespace attune::rt

#endif // ATTUNE_RUNTIME_HEADER_H

//===- WeightStore.cpp - Tensors of safetensors files ---------------------===//

#include "attune/Model/WeightStore.h"
#include "SafetensorsHeader.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>

using namespace llvm;

namespace attune {

/// An index lists each tensor once, in about 100 bytes.
static constexpr uint64_t kMaxIndexBytes = 64 << 20;
/// More files than any model is split into, few enough to open.
static constexpr size_t kMaxShards = 10000;

int64_t TensorEntry::elementCount() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

std::string formatShape(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::string describe(const TensorEntry &entry) {
  return (toString(entry.dtype) + " " + formatShape(entry.shape)).str();
}

const TensorEntry *WeightStore::find(StringRef name) const {
  auto it = index.find(name);
  return it == index.end() ? nullptr : &tensors[it->second];
}

ArrayRef<uint8_t> WeightStore::data(const TensorEntry &entry) const {
  StringRef bytes = buffers[entry.file]->getBuffer();
  return {reinterpret_cast<const uint8_t *>(bytes.data()) + entry.offset,
          static_cast<size_t>(entry.size)};
}

uint64_t WeightStore::fileSize(unsigned file) const {
  return buffers[file]->getBufferSize();
}

Error WeightStore::addFile(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  Expected<std::vector<TensorEntry>> entries =
      readSafetensorsHeader((*buffer)->getBuffer(), path);
  if (!entries)
    return entries.takeError();
  unsigned file = paths.size();
  paths.push_back(path.str());
  buffers.push_back(std::move(*buffer));
  for (TensorEntry &entry : *entries) {
    entry.file = file;
    auto [it, added] = index.try_emplace(entry.name, tensors.size());
    if (!added)
      return userErrorf("{0}: tensor '{1}' is also in {2}", path,
                        printable(entry.name), paths[tensors[it->second].file]);
    tensors.push_back(std::move(entry));
  }
  return Error::success();
}

Error WeightStore::openIndex(StringRef path) {
  Expected<json::Value> value = readJSONFile(
      path, kMaxIndexBytes, {.maxDepth = 16, .refuseDuplicateKeys = true});
  if (!value)
    return value.takeError();
  const json::Object *root = value->getAsObject();
  const json::Object *map = root ? root->getObject("weight_map") : nullptr;
  if (!map || map->empty())
    return userErrorf("{0}: expected an object with a non-empty \"weight_map\" "
                      "of tensor names to files",
                      path);

  // Sorted, so that file numbers do not depend on hashing.
  std::vector<std::pair<std::string, std::string>> placed;
  std::vector<std::string> shards;
  for (const auto &[name, shard] : *map) {
    std::optional<StringRef> file = shard.getAsString();
    if (!file)
      return userErrorf("{0}: weight_map of tensor '{1}': expected a file name",
                        path, printable(name.str()));
    if (!isContainedRelativePath(*file))
      return userErrorf(
          "{0}: weight_map of tensor '{1}': '{2}' is not a file below the "
          "directory of the index",
          path, printable(name.str()), printable(*file));
    placed.emplace_back(name.str(), file->str());
    shards.push_back(file->str());
  }
  llvm::sort(placed);
  llvm::sort(shards);
  shards.erase(llvm::unique(shards), shards.end());
  if (shards.size() > kMaxShards)
    return userErrorf("{0}: {1} different files, at most {2} are accepted",
                      path, shards.size(), kMaxShards);

  StringMap<unsigned> number;
  for (const std::string &shard : shards) {
    SmallString<256> full(sys::path::parent_path(path));
    sys::path::append(full, shard);
    number[shard] = paths.size();
    if (Error error = addFile(full)) {
      if (!sys::fs::exists(full)) {
        consumeError(std::move(error));
        return userErrorf("{0}: the shard {1} that it lists is missing", path,
                          printable(shard));
      }
      return error;
    }
  }

  ProblemList problems;
  for (const auto &[name, shard] : placed) {
    const TensorEntry *entry = find(name);
    if (!entry)
      problems.addf("tensor '{0}' is not in {1}", printable(name), shard);
    else if (entry->file != number[shard])
      problems.addf("tensor '{0}' is not in {1} but in {2}", printable(name),
                    shard, sys::path::filename(paths[entry->file]));
    if (problems.size() == 20)
      break;
  }
  return problems.take(path);
}

/// A directory without safetensors: says what is there instead.
static Error noWeights(StringRef directory) {
  SmallString<256> pickle(directory);
  sys::path::append(pickle, "pytorch_model.bin");
  std::string pickleIndex = (pickle + ".index.json").str();
  if (sys::fs::exists(pickle) || sys::fs::exists(pickleIndex))
    return userErrorf(
        "{0}: there is a pytorch_model.bin but no model.safetensors; Attune "
        "does not read pickles, which can run code. Convert it once with\n"
        "  python3 -c \"from transformers import AutoModel; "
        "AutoModel.from_pretrained('{0}').save_pretrained('{0}', "
        "safe_serialization=True)\"",
        directory);
  return userErrorf("{0}: expected model.safetensors or "
                    "model.safetensors.index.json in this directory",
                    directory);
}

Expected<WeightStore> WeightStore::open(StringRef path) {
  WeightStore store;
  SmallString<256> file(path);
  if (sys::fs::is_directory(path)) {
    sys::path::append(file, "model.safetensors");
    if (!sys::fs::exists(file))
      file += ".index.json";
    if (!sys::fs::exists(file))
      return noWeights(path);
  }
  StringRef extension = sys::path::extension(file);
  if (extension == ".bin" || extension == ".pt" || extension == ".pth")
    return userErrorf("{0}: Attune reads weights from safetensors files and "
                      "does not read pickles, which can run code",
                      path);
  Error error =
      extension == ".json" ? store.openIndex(file) : store.addFile(file);
  if (error)
    return std::move(error);
  return std::move(store);
}

} // namespace attune

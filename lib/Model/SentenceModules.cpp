//===- SentenceModules.cpp - Pooling of sentence-transformers -------------===//
//
// A sentence-transformers directory lists its modules in modules.json. The
// first is the transformer, the others make one vector of its hidden states.
//
//===----------------------------------------------------------------------===//

#include "attune/Model/ConfigObject.h"
#include "attune/Model/LoadModel.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace attune {

static constexpr uint64_t kMaxConfigBytes = 1 << 20;
static constexpr size_t kMaxModules = 64;

namespace {

struct PoolingKey {
  StringLiteral key;
  SentencePoolingMode mode;
};

/// In the order in which sentence-transformers concatenates them.
constexpr PoolingKey kPoolingKeys[] = {
    {"pooling_mode_cls_token", SentencePoolingMode::Cls},
    {"pooling_mode_max_tokens", SentencePoolingMode::Max},
    {"pooling_mode_mean_tokens", SentencePoolingMode::Mean},
    {"pooling_mode_mean_sqrt_len_tokens", SentencePoolingMode::MeanSqrtLength},
    {"pooling_mode_weightedmean_tokens", SentencePoolingMode::WeightedMean},
    {"pooling_mode_lasttoken", SentencePoolingMode::LastToken},
};

/// Turns the list of modules into a description.
class ModuleReader {
public:
  ModuleReader(StringRef directory, ProblemList &problems)
      : directory(directory), problems(problems) {}

  Error read(const json::Array &modules);

  SentenceDescription sentence;
  std::string transformerPath;

private:
  std::string join(StringRef part, StringRef file) const {
    SmallString<256> path(directory);
    if (!part.empty())
      sys::path::append(path, part);
    sys::path::append(path, file);
    return std::string(path);
  }

  Error readTransformer(StringRef path);
  Error readPooling(StringRef path);
  void takeModeName(ConfigObject &config);

  StringRef directory;
  ProblemList &problems;
};

} // namespace

/// Reads a file with a JSON object and calls `use` with it.
template <typename UseFn>
static Error withConfig(StringRef path, ProblemList &problems, UseFn use) {
  Expected<json::Value> value = readJSONFile(path, kMaxConfigBytes);
  if (!value)
    return value.takeError();
  const json::Object *object = value->getAsObject();
  if (!object)
    return userErrorf("{0}: expected a JSON object", path);
  ConfigObject config(*object, problems, path);
  use(config);
  return Error::success();
}

Error ModuleReader::readTransformer(StringRef path) {
  transformerPath = path.str();
  std::string file = join(path, "sentence_bert_config.json");
  if (!sys::fs::exists(file))
    return Error::success();
  return withConfig(file, problems, [&](ConfigObject &config) {
    sentence.maxLength = config.integer("max_seq_length", 0);
    if (sentence.maxLength < 0)
      problems.addf("{0}: max_seq_length is {1}, expected a positive number",
                    file, sentence.maxLength);
  });
}

void ModuleReader::takeModeName(ConfigObject &config) {
  // Newer files name one mode; older ones have a flag for each.
  static constexpr PoolingKey kNames[] = {
      {"cls", SentencePoolingMode::Cls},
      {"max", SentencePoolingMode::Max},
      {"mean", SentencePoolingMode::Mean},
      {"mean_sqrt_len_tokens", SentencePoolingMode::MeanSqrtLength},
      {"weightedmean", SentencePoolingMode::WeightedMean},
      {"lasttoken", SentencePoolingMode::LastToken},
  };
  std::string name = config.string("pooling_mode", "");
  if (name.empty())
    return;
  for (const PoolingKey &known : kNames)
    if (known.key == name) {
      sentence.modes = {known.mode};
      return;
    }
  problems.addUnsupported("pooling_mode '" + printable(name) + "'",
                          config.getFile(),
                          "supported: cls, max, mean, mean_sqrt_len_tokens, "
                          "weightedmean, lasttoken");
}

Error ModuleReader::readPooling(StringRef path) {
  std::string file = join(path, "config.json");
  return withConfig(file, problems, [&](ConfigObject &config) {
    for (const PoolingKey &pooling : kPoolingKeys)
      if (config.boolean(pooling.key, false))
        sentence.modes.push_back(pooling.mode);
    takeModeName(config);
    // A file that says nothing means the mean.
    if (sentence.modes.empty() && !config.has("pooling_mode"))
      sentence.modes.push_back(SentencePoolingMode::Mean);
  });
}

Error ModuleReader::read(const json::Array &modules) {
  std::string file = join("", "modules.json");
  if (modules.size() > kMaxModules)
    return userErrorf("{0}: {1} modules, at most {2} are accepted", file,
                      modules.size(), kMaxModules);
  bool seenTransformer = false, seenPooling = false;
  for (const json::Value &item : modules) {
    const json::Object *module = item.getAsObject();
    std::optional<StringRef> type, path;
    if (module) {
      type = module->getString("type");
      path = module->getString("path");
    }
    if (!type || !path)
      return userErrorf(
          "{0}: expected objects with the strings \"type\" and \"path\"", file);
    if (!path->empty() && !isContainedRelativePath(*path))
      return userErrorf("{0}: '{1}' is not a path below the directory", file,
                        printable(*path));
    StringRef kind = type->rsplit('.').second;
    if (kind.empty())
      kind = *type;
    Error error = Error::success();
    if (kind == "Transformer" && !seenTransformer) {
      seenTransformer = true;
      error = readTransformer(*path);
    } else if (kind == "Pooling" && seenTransformer && !seenPooling &&
               !sentence.normalize) {
      seenPooling = true;
      error = readPooling(*path);
    } else if (kind == "Normalize" && seenPooling) {
      sentence.normalize = true;
    } else {
      problems.addUnsupported("module '" + printable(*type) + "'", file,
                              "supported: Transformer, then Pooling, then "
                              "Normalize");
    }
    if (error)
      return error;
  }
  if (!seenTransformer || !seenPooling)
    problems.addUnsupported(seenTransformer ? "no module of type Pooling"
                                            : "no module of type Transformer",
                            file, "both are needed for sentence embeddings");
  return Error::success();
}

Expected<std::optional<SentenceDescription>>
readSentenceModules(StringRef directory, std::string &transformerPath) {
  transformerPath.clear();
  SmallString<256> file(directory);
  sys::path::append(file, "modules.json");
  if (!sys::fs::exists(file))
    return std::nullopt;
  Expected<json::Value> value = readJSONFile(file, kMaxConfigBytes);
  if (!value)
    return value.takeError();
  const json::Array *modules = value->getAsArray();
  if (!modules)
    return userErrorf("{0}: expected a JSON array of modules", StringRef(file));
  ProblemList problems;
  ModuleReader reader(directory, problems);
  if (Error error = reader.read(*modules))
    return std::move(error);
  if (Error error = problems.take(file))
    return std::move(error);
  transformerPath = reader.transformerPath;
  return std::optional<SentenceDescription>(std::move(reader.sentence));
}

} // namespace attune

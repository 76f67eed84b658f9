//===- ExplainFusions.cpp - Candidates of fusions and their outcome -------===//
#include "Explain.h"
#include "attune/Compiler/FusionRemarks.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Support/File.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/YAMLTraits.h"
#include <map>

using namespace attune;
using namespace attune::tool;

/// What a line keeps of a reason or a hint, which may quote the model.
static constexpr size_t kLongest = 400;

namespace {

/// The contract of the formats for scripts; texts are valid UTF-8.
struct Entry {
  std::string pattern, outcome, where, reason, hint;
};

/// A pattern and the fusion that looks for it, in the same way.
struct Known {
  std::string pattern, fusion;
};

} // namespace

LLVM_YAML_IS_SEQUENCE_VECTOR(Entry)
LLVM_YAML_IS_SEQUENCE_VECTOR(Known)

template <> struct llvm::yaml::MappingTraits<Entry> {
  static void mapping(IO &io, Entry &entry) {
    io.mapRequired("pattern", entry.pattern);
    io.mapRequired("outcome", entry.outcome);
    io.mapRequired("where", entry.where);
    io.mapRequired("reason", entry.reason);
    io.mapRequired("hint", entry.hint);
  }
};

template <> struct llvm::yaml::MappingTraits<Known> {
  static void mapping(IO &io, Known &known) {
    io.mapRequired("pattern", known.pattern);
    io.mapRequired("fusion", known.fusion);
  }
};

//===----------------------------------------------------------------------===//
// For scripts
//===----------------------------------------------------------------------===//

static llvm::json::Value toJSON(const Entry &entry) {
  return llvm::json::Object{{"pattern", entry.pattern},
                            {"outcome", entry.outcome},
                            {"where", entry.where},
                            {"reason", entry.reason},
                            {"hint", entry.hint}};
}

static llvm::json::Value toJSON(const Known &known) {
  return llvm::json::Object{{"pattern", known.pattern},
                            {"fusion", known.fusion}};
}

template <typename T>
static void printList(std::vector<T> list, FusionFormat format) {
  if (format == FusionFormat::YAML) {
    llvm::yaml::Output yaml(llvm::outs());
    yaml << list;
    return;
  }
  llvm::json::Array array;
  for (const T &one : list)
    array.push_back(toJSON(one));
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(array)))
               << '\n';
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

namespace {

/// Candidates of one pattern that tell the same, as they do in every layer.
struct Folded {
  const FusionRemark *first;
  size_t count = 0;
};

/// What there is to tell of one pattern.
struct PatternSummary {
  size_t fused = 0, missed = 0;
  std::vector<Folded> outcomes; ///< in order of the first of each
};

class TextReport {
public:
  TextReport(llvm::ArrayRef<FusionRemark> remarks, const FusionFilter &filter);
  void print(llvm::raw_ostream &os,
             llvm::ArrayRef<std::string> disabledFusions) const;

private:
  bool isAsked(llvm::StringRef pattern) const {
    return filter.patterns.empty() ||
           llvm::is_contained(filter.patterns, pattern);
  }
  void printOutcomes(llvm::raw_ostream &os,
                     const PatternSummary &summary) const;

  const FusionFilter &filter;
  llvm::MapVector<llvm::StringRef, PatternSummary> summaries;
};

} // namespace

TextReport::TextReport(llvm::ArrayRef<FusionRemark> remarks,
                       const FusionFilter &filter)
    : filter(filter) {
  // In the order in which fusions run, also those without candidates.
  for (const FusionPattern &pattern : getFusionPatterns())
    if (isAsked(pattern.name))
      summaries[pattern.name];
  std::map<std::tuple<llvm::StringRef, bool, llvm::StringRef, llvm::StringRef>,
           size_t>
      places;
  for (const FusionRemark &remark : remarks) {
    if (!isAsked(remark.pattern))
      continue;
    PatternSummary &summary = summaries[remark.pattern];
    ++(remark.isFused ? summary.fused : summary.missed);
    auto [place, isNew] = places.try_emplace(
        {remark.pattern, remark.isFused, remark.reason, remark.hint},
        summary.outcomes.size());
    if (isNew)
      summary.outcomes.push_back({&remark});
    ++summary.outcomes[place->second].count;
  }
}

void TextReport::printOutcomes(llvm::raw_ostream &os,
                               const PatternSummary &summary) const {
  for (bool isFused : {true, false})
    for (const Folded &outcome : summary.outcomes) {
      const FusionRemark &remark = *outcome.first;
      if (remark.isFused != isFused || (isFused && filter.missedOnly))
        continue;
      os << (isFused ? "  fused " : "  missed ");
      if (outcome.count > 1)
        os << 'x' << outcome.count << ", first ";
      os << "at " << printable(remark.where, kLongest)
         << (isFused ? ": " : "\n    reason: ")
         << printable(remark.reason, kLongest) << '\n';
      if (!remark.hint.empty())
        os << "    hint:   " << printable(remark.hint, kLongest) << '\n';
    }
}

void TextReport::print(llvm::raw_ostream &os,
                       llvm::ArrayRef<std::string> disabledFusions) const {
  size_t fused = 0, missed = 0;
  std::vector<llvm::StringRef> none, disabled;
  for (const auto &[pattern, summary] : summaries) {
    fused += summary.fused;
    missed += summary.missed;
    if (summary.outcomes.empty()) {
      const auto *known = llvm::find_if(
          getFusionPatterns(), [&, name = pattern](const FusionPattern &p) {
            return p.name == name;
          });
      (llvm::is_contained(disabledFusions, known->fusion) ? disabled : none)
          .push_back(pattern);
      continue;
    }
    if (filter.missedOnly && !summary.missed)
      continue;
    os << pattern << ": " << summary.fused << " fused, " << summary.missed
       << " missed\n";
    printOutcomes(os, summary);
    os << '\n';
  }
  os << fused + missed << " candidates: " << fused << " fused, " << missed
     << " missed\n";
  if (!none.empty())
    os << "no candidates: " << llvm::join(none, ", ") << '\n';
  if (!disabled.empty())
    os << "left out by --no-fuse: " << llvm::join(disabled, ", ") << '\n';
}

//===----------------------------------------------------------------------===//
// The reports
//===----------------------------------------------------------------------===//

llvm::Error attune::tool::explainFusions(Compilation &compilation,
                                         const FusionFilter &filter,
                                         FusionFormat format) {
  llvm::Expected<std::vector<FusionRemark>> remarks =
      collectFusionRemarks(compilation);
  if (!remarks)
    return remarks.takeError();
  if (format == FusionFormat::Text) {
    TextReport(*remarks, filter)
        .print(llvm::outs(), compilation.getOptions().disabledFusions);
    return llvm::Error::success();
  }
  std::vector<Entry> entries;
  for (const FusionRemark &remark : *remarks) {
    if (filter.missedOnly && remark.isFused)
      continue;
    if (!filter.patterns.empty() &&
        !llvm::is_contained(filter.patterns, remark.pattern))
      continue;
    entries.push_back(
        {llvm::json::fixUTF8(remark.pattern),
         remark.isFused ? "fused" : "missed", llvm::json::fixUTF8(remark.where),
         llvm::json::fixUTF8(remark.reason), llvm::json::fixUTF8(remark.hint)});
  }
  printList(std::move(entries), format);
  return llvm::Error::success();
}

void attune::tool::listFusionPatterns(FusionFormat format) {
  std::vector<Known> patterns;
  for (const FusionPattern &pattern : getFusionPatterns())
    patterns.push_back({pattern.name.str(), pattern.fusion.str()});
  if (format != FusionFormat::Text)
    return printList(std::move(patterns), format);
  for (const Known &known : patterns) {
    llvm::outs() << known.pattern;
    if (known.fusion != known.pattern)
      llvm::outs() << " (of " << known.fusion << ')';
    llvm::outs() << '\n';
  }
}

//===- FusionRemarks.cpp - What was fused, what was not and why -----------===//
#include "attune/Compiler/FusionRemarks.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace attune;

/// What a message keeps of a reason or a hint, which may quote the model.
static constexpr size_t kLongest = 400;

namespace {

std::string describeLocation(Location loc) {
  if (auto name = loc->findInstanceOf<NameLoc>())
    return name.getName().str();
  if (auto file = loc->findInstanceOf<FileLineColLoc>())
    return llvm::formatv("{0}:{1}:{2}", file.getFilename().getValue(),
                         file.getLine(), file.getColumn());
  return "unnamed";
}

/// Puts the remarks of fusions into a list.
class Collector : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit Collector(std::vector<FusionRemark> &remarks) : remarks(remarks) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    if (remark.getCategoryName() != "fusion")
      return;
    FusionRemark &entry = remarks.emplace_back();
    entry.pattern = remark.getRemarkName().str();
    entry.isFused = remark.getRemarkType() == llvm::remarks::Type::Passed;
    entry.where = describeLocation(remark.getLocation());
    for (const remark::detail::Remark::Arg &arg : remark.getArgs())
      if (arg.key == "Reason")
        entry.reason = arg.val;
      else if (arg.key == "Suggestion")
        entry.hint = arg.val;
  }

private:
  std::vector<FusionRemark> &remarks;
};

/// Lets a context's remarks of fusions be collected until it is destroyed.
class RemarksEnabled {
public:
  explicit RemarksEnabled(MLIRContext &context,
                          std::vector<FusionRemark> &remarks)
      : context(context) {
    remark::RemarkCategories categories;
    categories.passed = categories.missed = "^fusion$";
    isEnabled = succeeded(remark::enableOptimizationRemarks(
        context, std::make_unique<Collector>(remarks),
        std::make_unique<remark::RemarkEmittingPolicyAll>(), categories));
  }
  RemarksEnabled(const RemarksEnabled &) = delete;
  RemarksEnabled &operator=(const RemarksEnabled &) = delete;
  ~RemarksEnabled() { context.setRemarkEngine(nullptr); }
  explicit operator bool() const { return isEnabled; }

private:
  MLIRContext &context;
  bool isEnabled = false;
};

const FusionPattern *findPattern(StringRef name) {
  const auto *pattern =
      llvm::find_if(getFusionPatterns(), [&](const FusionPattern &pattern) {
        return pattern.name == name;
      });
  return pattern == getFusionPatterns().end() ? nullptr : pattern;
}

} // namespace

llvm::Expected<std::vector<FusionRemark>>
attune::collectFusionRemarks(Compilation &compilation) {
  if (compilation.getPhase() >= Phase::Fuse)
    return userErrorf("'{0}' stands after the phase {1}; expected a model or "
                      "IR up to the phase import",
                      compilation.getOptions().input,
                      getName(compilation.getPhase()));
  std::vector<FusionRemark> remarks;
  {
    RemarksEnabled enabled(compilation.getContext(), remarks);
    if (!enabled)
      return internalError("the context's remarks cannot be collected");
    if (llvm::Error error = compilation.runTo(Phase::Fuse))
      return std::move(error);
  }
  return remarks;
}

llvm::Error attune::checkFusionPatterns(ArrayRef<std::string> patterns,
                                        StringRef flag) {
  for (const std::string &name : patterns)
    if (!findPattern(name))
      return userErrorf(
          "{0}={1}: expected patterns among {2}", flag, name,
          llvm::join(llvm::map_range(getFusionPatterns(),
                                     [](const FusionPattern &pattern) {
                                       return StringRef(pattern.name);
                                     }),
                     ", "));
  return llvm::Error::success();
}

llvm::Error attune::checkRequiredFusions(ArrayRef<std::string> patterns,
                                         const CompilerOptions &options) {
  if (llvm::Error error = checkFusionPatterns(patterns, "--require"))
    return error;
  for (const std::string &name : patterns) {
    StringRef fusion = findPattern(name)->fusion;
    if (llvm::is_contained(options.disabledFusions, fusion))
      return userErrorf("--require={0}: --no-fuse leaves out '{1}', which "
                        "looks for it",
                        name, fusion);
  }
  if (!patterns.empty() && options.compileTo < Phase::Fuse)
    return userErrorf("--require={0}: --compile-to={1} stops before the phase "
                      "fuse",
                      llvm::join(patterns, ","), getName(options.compileTo));
  return llvm::Error::success();
}

llvm::Error attune::requireFusions(Compilation &compilation,
                                   ArrayRef<std::string> patterns) {
  llvm::Expected<std::vector<FusionRemark>> remarks =
      collectFusionRemarks(compilation);
  if (!remarks)
    return remarks.takeError();
  using Key = std::tuple<StringRef, StringRef, StringRef>;
  llvm::MapVector<Key, size_t, std::map<Key, unsigned>> known;
  std::vector<UnsupportedError::Item> items;
  size_t candidates = 0, missed = 0;
  for (const FusionRemark &remark : *remarks) {
    if (!llvm::is_contained(patterns, remark.pattern))
      continue;
    ++candidates;
    if (remark.isFused)
      continue;
    ++missed;
    auto [entry, isNew] = known.try_emplace(
        Key(remark.pattern, remark.reason, remark.hint), items.size());
    if (isNew)
      items.push_back(
          {remark.pattern +
               " is not fused: " + printable(remark.reason, kLongest),
           printable(remark.where), printable(remark.hint, kLongest)});
    else
      ++items[entry->second].count;
  }
  if (items.empty())
    return llvm::Error::success();
  return llvm::make_error<UnsupportedError>(
      llvm::formatv("--require={0}: '{1}' leaves {2} of {3} candidates unfused",
                    llvm::join(patterns, ","), compilation.getOptions().input,
                    missed, candidates)
          .str(),
      std::move(items));
}

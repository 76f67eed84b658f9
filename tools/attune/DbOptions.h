//===- DbOptions.h - What the actions of attune db share --------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_DBOPTIONS_H
#define ATTUNE_TOOLS_ATTUNE_DBOPTIONS_H

#include "Commands.h"
#include "attune/Tuning/Maintenance.h"
#include "attune/Tuning/Summary.h"
#include "llvm/Support/JSON.h"

namespace attune::tool {

/// Options that choose among records.
class RecordFilter {
public:
  RecordFilter(llvm::cl::OptionCategory &category,
               llvm::cl::SubCommand &command);

  /// A database of the records that are chosen. UserErrors: values of options
  /// that mean nothing.
  llvm::Expected<TuningDatabase> apply(const TuningDatabase &database) const;

private:
  llvm::cl::opt<std::string> workload, family, target, backend, status;
  llvm::cl::opt<bool> current;
};

/// `--format=`, with the forms that an action has.
class FormatOption {
public:
  FormatOption(llvm::cl::OptionCategory &category,
               llvm::cl::SubCommand &command,
               std::vector<llvm::StringRef> forms);
  /// A UserError unless it is one of the forms.
  llvm::Error check() const;
  bool is(llvm::StringRef form) const { return format.getValue() == form; }

private:
  std::vector<llvm::StringRef> forms;
  std::string formsText; ///< that the option refers to
  llvm::cl::opt<std::string> format;
};

/// Whether this build can use records: asks its backends.
class BuildJudge {
public:
  BuildJudge();
  ~BuildJudge();
  RecordUse operator()(const TrialRecord &record, std::string &reason);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// Reads a database; `action` is what runs ("attune db list"). Says on stderr
/// what in it is not used.
llvm::Expected<TuningDatabase> loadDatabase(llvm::StringRef action,
                                            llvm::StringRef path);

/// A UserError unless `path` was given.
llvm::Error expectFile(llvm::StringRef path);

/// Prints JSON on lines of its own.
void printJSON(llvm::raw_ostream &os, llvm::json::Value value);

/// "1 record", "2 records".
std::string printCount(int64_t number, llvm::StringRef what);

/// "1.250x"; "" for null.
std::string printSpeedup(const TrialRecord *record);

// The actions. Each runs with argv[0] "attune db NAME".
int runDbList(int argc, const char **argv);
int runDbShow(int argc, const char **argv);
int runDbBest(int argc, const char **argv);
int runDbMerge(int argc, const char **argv);
int runDbPrune(int argc, const char **argv);
int runDbExport(int argc, const char **argv);
int runDbVerify(int argc, const char **argv);
int runDbDiff(int argc, const char **argv);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_DBOPTIONS_H

//===- DbMaintain.cpp - attune db merge, prune, export and verify ---------===//
#include "DbOptions.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// merge
//===----------------------------------------------------------------------===//

namespace {
struct MergeOptions {
  cl::OptionCategory category{"Options of attune db merge"};
  cl::SubCommand command{"db merge", "puts several databases into one"};
  cl::list<std::string> files{cl::Positional, cl::desc("FILE..."),
                              cl::cat(category), cl::sub(command)};
  cl::opt<std::string> output{
      "o", cl::value_desc("file"),
      cl::desc("the database to write; may be one of the others"),
      cl::cat(category), cl::sub(command)};
};
} // namespace

static llvm::Error merge(llvm::StringRef action, const MergeOptions &flags) {
  if (flags.files.empty())
    return expectFile("");
  if (flags.output.empty())
    return userError("expected -o FILE, the database to write");
  TuningDatabase all;
  bool isUpdate = false;
  for (const std::string &file : flags.files) {
    // Read under its lock below, for a tuner may be adding to it.
    if (bool same;
        !llvm::sys::fs::equivalent(file, flags.output, same) && same) {
      isUpdate = true;
      continue;
    }
    llvm::Expected<TuningDatabase> database = loadDatabase(action, file);
    if (!database)
      return database.takeError();
    all.merge(*database);
  }
  int64_t duplicates = 0, written = 0;
  auto arrange = [&](const TuningDatabase &database) {
    std::vector<TrialRecord> records = database.getRecords().vec();
    sortByTime(records);
    duplicates = dropDuplicates(records);
    written = static_cast<int64_t>(records.size());
    return records;
  };
  llvm::Error error =
      isUpdate
          ? rewriteDatabase(flags.output,
                            [&](TuningDatabase &database)
                                -> llvm::Expected<std::vector<TrialRecord>> {
                              database.merge(all);
                              return arrange(database);
                            })
          : writeDatabase(flags.output, arrange(all), all.getNewerLines());
  if (error)
    return error;
  llvm::outs() << "wrote " << flags.output << ": "
               << printCount(written, "record") << ", "
               << printCount(duplicates, "duplicate") << " left out\n";
  return llvm::Error::success();
}

int attune::tool::runDbMerge(int argc, const char **argv) {
  MergeOptions flags;
  parseOptions(
      argc, argv, flags.category, flags.command,
      "Writes all records of several databases to one, earlier ones "
      "first, equal ones once.\nAttune reads concatenated databases as "
      "well.\n");
  return reportError(llvm::errs(), argv[0], merge(argv[0], flags));
}

//===----------------------------------------------------------------------===//
// prune
//===----------------------------------------------------------------------===//

namespace {
struct PruneFlags {
  cl::OptionCategory category{"Options of attune db prune"};
  cl::SubCommand command{"db prune",
                         "keeps the fastest trials and drops the rest"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE"), cl::cat(category),
                            cl::sub(command)};
  cl::opt<std::string> output{
      "o", cl::value_desc("file"),
      cl::desc("the database to write (default: FILE itself)"),
      cl::cat(category), cl::sub(command)};
  cl::opt<int64_t> keep{
      "keep",
      cl::init(3),
      cl::value_desc("n"),
      cl::desc("fastest trials kept of each workload, size, machine, number "
               "of threads and backend, beside the default's (3)"),
      cl::cat(category),
      cl::sub(command)};
  cl::opt<bool> keepFailed{
      "keep-failed",
      cl::desc("keep trials that failed, so that attune tune does not repeat "
               "them"),
      cl::cat(category), cl::sub(command)};
  cl::opt<bool> keepStale{
      "keep-stale",
      cl::desc("keep trials of schedules that mean other code in this build"),
      cl::cat(category), cl::sub(command)};
};
} // namespace

static llvm::Error prune(const PruneFlags &flags) {
  if (llvm::Error error = expectFile(flags.file))
    return error;
  if (flags.keep < 0)
    return userErrorf("--keep={0}: expected at least 0", flags.keep.getValue());
  BuildJudge judge;
  PruneOptions options{flags.keep, flags.keepFailed, flags.keepStale};
  std::string report;
  auto change = [&](const TuningDatabase &database) {
    PruneResult result = attune::prune(database, options, judge);
    report = llvm::formatv("kept {0} of {1}; dropped {2} slower, {3} failed, "
                           "{4} stale, {5} repeated",
                           result.records.size(),
                           printCount(database.getRecords().size(), "record"),
                           result.slower, result.failed, result.stale,
                           result.repeated);
    if (int64_t damaged = database.getProblems().damaged)
      report += ", " + printCount(damaged, "damaged line");
    return std::move(result.records);
  };
  bool isSame = flags.output.empty();
  if (!isSame && llvm::sys::fs::equivalent(flags.file, flags.output, isSame))
    isSame = false;
  if (isSame) {
    // Rewriting would create it.
    llvm::Expected<TuningDatabase> exists = TuningDatabase::load(flags.file);
    if (!exists)
      return exists.takeError();
    if (llvm::Error error =
            rewriteDatabase(flags.file,
                            [&](TuningDatabase &database)
                                -> llvm::Expected<std::vector<TrialRecord>> {
                              return change(database);
                            }))
      return error;
  } else {
    llvm::Expected<TuningDatabase> database = TuningDatabase::load(flags.file);
    if (!database)
      return database.takeError();
    if (llvm::Error error = writeDatabase(flags.output, change(*database),
                                          database->getNewerLines()))
      return error;
  }
  llvm::outs() << "wrote " << (isSame ? flags.file : flags.output) << ": "
               << report << '\n';
  return llvm::Error::success();
}

int attune::tool::runDbPrune(int argc, const char **argv) {
  PruneFlags flags;
  parseOptions(
      argc, argv, flags.category, flags.command,
      "Keeps the fastest trials of a database and drops slower, failed "
      "and stale ones.\nTuners that append to it wait meanwhile.\n");
  return reportError(llvm::errs(), argv[0], ::prune(flags));
}

//===----------------------------------------------------------------------===//
// export
//===----------------------------------------------------------------------===//

namespace {
struct ExportOptions {
  cl::OptionCategory category{"Options of attune db export"};
  cl::SubCommand command{"db export", "writes records as CSV or JSON"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE"), cl::cat(category),
                            cl::sub(command)};
  cl::opt<std::string> output{"o", cl::value_desc("file"),
                              cl::desc("the file to write (default: stdout)"),
                              cl::cat(category), cl::sub(command)};
  RecordFilter filter{category, command};
  FormatOption format{category, command, {"csv", "json"}};
};
} // namespace

static llvm::Error exportRecords(llvm::StringRef action,
                                 const ExportOptions &flags) {
  if (llvm::Error error = expectFile(flags.file))
    return error;
  if (llvm::Error error = flags.format.check())
    return error;
  llvm::Expected<TuningDatabase> all = loadDatabase(action, flags.file);
  if (!all)
    return all.takeError();
  llvm::Expected<TuningDatabase> database = flags.filter.apply(*all);
  if (!database)
    return database.takeError();
  auto write = [&](llvm::raw_ostream &os) {
    std::vector<const TrialRecord *> records;
    json::Array list;
    for (const TrialRecord &record : database->getRecords()) {
      records.push_back(&record);
      if (flags.format.is("json"))
        list.push_back(toJSON(record));
    }
    if (flags.format.is("json"))
      printJSON(os, std::move(list));
    else
      writeCSV(os, records);
  };
  if (flags.output.empty() || flags.output == "-") {
    write(llvm::outs());
    return llvm::Error::success();
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  write(os);
  if (llvm::Error error = replaceFile(flags.output, text))
    return error;
  llvm::outs() << "wrote " << flags.output << ": "
               << printCount(database->getRecords().size(), "record") << '\n';
  return llvm::Error::success();
}

int attune::tool::runDbExport(int argc, const char **argv) {
  ExportOptions flags;
  parseOptions(argc, argv, flags.category, flags.command,
               "Writes the records of a database for other programs: CSV with "
               "a line of names, or a JSON list.\n");
  return reportError(llvm::errs(), argv[0], exportRecords(argv[0], flags));
}

//===----------------------------------------------------------------------===//
// verify
//===----------------------------------------------------------------------===//

namespace {
struct VerifyOptions {
  cl::OptionCategory category{"Options of attune db verify"};
  cl::SubCommand command{"db verify", "checks databases for damage"};
  cl::list<std::string> files{cl::Positional, cl::desc("FILE..."),
                              cl::cat(category), cl::sub(command)};
  FormatOption format{category, command, {"text", "json"}};
};
} // namespace

static void printReport(llvm::raw_ostream &os, llvm::StringRef file,
                        const DatabaseReport &report) {
  os << printable(file, 400) << ": " << printCount(report.records, "record")
     << ", " << report.ok << " ok, " << report.failed << " failed\n";
  auto line = [&](int64_t number, llvm::StringRef what) {
    if (number)
      os << llvm::formatv("  {0,6} {1}\n", number, what);
  };
  line(report.file.damaged, report.file.tornEnd
                                ? "damaged lines, the last one torn"
                                : "damaged lines");
  line(report.invalid, "with knobs that their backend does not have");
  line(report.untimed, "correct without positive times");
  line(report.file.newer, "of a newer version of Attune, not used");
  line(report.unknownBackend, "of backends that this build does not have");
  line(report.stale, "of other schedule versions, not used");
  line(report.duplicates, "duplicates");
  for (const std::string &detail : report.details)
    os << "  " << printable(detail, 400) << '\n';
  os << (report.isDamaged() ? "  damaged: attune db prune keeps what is good\n"
                            : "  no damage\n");
}

static json::Object toJSON(llvm::StringRef file, const DatabaseReport &report) {
  return json::Object{{"file", printable(file, 400)},
                      {"records", report.records},
                      {"ok", report.ok},
                      {"failed", report.failed},
                      {"damaged", report.file.damaged},
                      {"torn_end", report.file.tornEnd},
                      {"invalid", report.invalid},
                      {"untimed", report.untimed},
                      {"newer", report.file.newer},
                      {"unknown_backend", report.unknownBackend},
                      {"stale", report.stale},
                      {"duplicates", report.duplicates},
                      {"details", json::Array(report.details)},
                      {"verdict", report.isDamaged() ? "damaged" : "ok"}};
}

static llvm::Error verify(const VerifyOptions &flags, bool &isDamaged) {
  if (flags.files.empty())
    return expectFile("");
  if (llvm::Error error = flags.format.check())
    return error;
  BuildJudge judge;
  json::Array list;
  for (const std::string &file : flags.files) {
    llvm::Expected<DatabaseReport> report = checkDatabaseFile(file, judge);
    if (!report)
      return report.takeError();
    isDamaged |= report->isDamaged();
    if (flags.format.is("json"))
      list.push_back(::toJSON(file, *report));
    else
      printReport(llvm::outs(), file, *report);
  }
  if (flags.format.is("json"))
    printJSON(llvm::outs(), std::move(list));
  return llvm::Error::success();
}

int attune::tool::runDbVerify(int argc, const char **argv) {
  VerifyOptions flags;
  parseOptions(argc, argv, flags.category, flags.command,
               "Checks that every line is a record, that times are times, and "
               "that this build's backends\nknow the knobs; counts what "
               "compilers would not use. Exit status 2 when there is "
               "damage.\n");
  bool isDamaged = false;
  int status = reportError(llvm::errs(), argv[0], ::verify(flags, isDamaged));
  return status == ExitSuccess && isDamaged ? ExitUserError : status;
}

//===- DbShow.cpp - attune db list, show, best and diff -------------------===//
#include "DbOptions.h"
#include "Table.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/Support/JSON.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;
namespace json = llvm::json;

/// How much of an id tables show; enough to name a workload.
static constexpr size_t kShownId = 8;

static std::string printCandidate(const TrialRecord *record) {
  if (!record)
    return "";
  std::string schedule = record->candidate.schedule.str();
  return record->candidate.backend + (schedule.empty() ? "" : " ") + schedule;
}

static json::Array toJSON(const KernelShapes &shapes) {
  json::Array list;
  for (const std::vector<int64_t> &shape : shapes)
    list.push_back(json::Array(shape));
  return list;
}

/// Fields that all trials of a task share.
static json::Object describeTask(const TaskRecords &task) {
  const TrialRecord &first = task.front();
  json::Value record = toJSON(first);
  return json::Object{{"workload", first.workload},
                      {"family", first.family},
                      {"label", first.label},
                      {"shapes", ::toJSON(first.shapes)},
                      {"target", *record.getAsObject()->get("target")},
                      {"threads", first.threads}};
}

/// Says how many of the winners this build would not use.
static void noteUnusable(llvm::StringRef action,
                         llvm::ArrayRef<TaskRecords> tasks) {
  BuildJudge judge;
  std::string reason;
  int64_t winners = 0, unusable = 0;
  for (const TaskRecords &task : tasks)
    if (task.best) {
      ++winners;
      unusable += judge(*task.best, reason) != RecordUse::Usable;
    }
  if (unusable)
    llvm::errs() << action << ": note: this build does not use " << unusable
                 << " of " << winners
                 << " winners, for it has another backend or version of "
                    "schedules (--current leaves them out)\n";
}

//===----------------------------------------------------------------------===//
// list and best
//===----------------------------------------------------------------------===//

namespace {
struct ListOptions {
  cl::OptionCategory category;
  cl::SubCommand command;
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE"), cl::cat(category),
                            cl::sub(command)};
  RecordFilter filter{category, command};
  FormatOption format{category, command, {"text", "json"}};

  ListOptions(llvm::StringRef title, llvm::StringRef name,
              llvm::StringRef summary)
      : category(title), command(name, summary) {}
};
} // namespace

/// Reads, filters and groups what an action is to show.
static llvm::Error
withTasks(llvm::StringRef action, const ListOptions &flags,
          llvm::function_ref<void(llvm::ArrayRef<TaskRecords>)> show) {
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
  show(summarize(*database));
  return llvm::Error::success();
}

static void listTasks(llvm::raw_ostream &os,
                      llvm::ArrayRef<TaskRecords> tasks) {
  Table table({{"id"},
               {"workload"},
               {"sizes"},
               {"machine"},
               {"threads", true},
               {"trials", true},
               {"ok", true},
               {"failed", true},
               {"speedup", true},
               {"best"}});
  int64_t trials = 0, failed = 0;
  for (const TaskRecords &task : tasks) {
    const TrialRecord &first = task.front();
    trials += static_cast<int64_t>(task.records.size());
    failed += task.failed;
    table.addRow({first.workload.substr(0, kShownId), first.label,
                  printShapes(first.shapes), printMachine(first.target),
                  std::to_string(first.threads),
                  std::to_string(task.records.size()), std::to_string(task.ok),
                  std::to_string(task.failed), printSpeedup(task.best),
                  printCandidate(task.best)});
  }
  if (!table.isEmpty()) {
    table.print(os);
    os << '\n';
  }
  os << printCount(tasks.size(), "task") << ", " << printCount(trials, "trial")
     << ", " << failed << " failed\n";
}

static json::Array listTasksJSON(llvm::ArrayRef<TaskRecords> tasks) {
  json::Array list;
  for (const TaskRecords &task : tasks) {
    json::Object object = describeTask(task);
    object["trials"] = static_cast<int64_t>(task.records.size());
    object["ok"] = task.ok;
    object["failed"] = task.failed;
    object["best"] = task.best ? toJSON(*task.best) : json::Value(nullptr);
    list.push_back(std::move(object));
  }
  return list;
}

int attune::tool::runDbList(int argc, const char **argv) {
  ListOptions flags("Options of attune db list", "db list",
                    "prints what is known of each workload");
  parseOptions(argc, argv, flags.category, flags.command,
               "Prints, for each workload, size and machine, how many trials "
               "were made and what won.\nThe speedup is over the default "
               "schedule, measured in turns with it.\n");
  return reportError(
      llvm::errs(), argv[0],
      withTasks(argv[0], flags, [&](llvm::ArrayRef<TaskRecords> tasks) {
        if (flags.format.is("json"))
          printJSON(llvm::outs(), listTasksJSON(tasks));
        else
          listTasks(llvm::outs(), tasks);
      }));
}

static void listWinners(llvm::raw_ostream &os,
                        llvm::ArrayRef<TaskRecords> tasks) {
  Table table({{"id"},
               {"workload"},
               {"sizes"},
               {"machine"},
               {"threads", true},
               {"ms", true},
               {"speedup", true},
               {"confirmed"},
               {"backend"},
               {"schedule"}});
  int64_t without = 0;
  for (const TaskRecords &task : tasks) {
    const TrialRecord *best = task.best;
    if (!best) {
      ++without;
      continue;
    }
    table.addRow({best->workload.substr(0, kShownId), best->label,
                  printShapes(best->shapes), printMachine(best->target),
                  std::to_string(best->threads),
                  llvm::formatv("{0:f4}", best->result.time.median),
                  printSpeedup(best), best->confirmed ? "yes" : "no",
                  best->candidate.backend, best->candidate.schedule.str()});
  }
  if (!table.isEmpty()) {
    table.print(os);
    os << '\n';
  }
  os << printCount(tasks.size() - without, "winner");
  if (without)
    os << "; no trial of " << printCount(without, "other task")
       << " was correct and as fast as the default";
  os << '\n';
}

int attune::tool::runDbBest(int argc, const char **argv) {
  ListOptions flags("Options of attune db best", "db best",
                    "prints the winners alone");
  parseOptions(argc, argv, flags.category, flags.command,
               "Prints, for each workload, size and machine, the record that "
               "compilers use.\nJSON is a list of records, as they stand in "
               "the file.\n");
  return reportError(
      llvm::errs(), argv[0],
      withTasks(argv[0], flags, [&](llvm::ArrayRef<TaskRecords> tasks) {
        noteUnusable(argv[0], tasks);
        if (!flags.format.is("json"))
          return listWinners(llvm::outs(), tasks);
        json::Array list;
        for (const TaskRecords &task : tasks)
          if (task.best)
            list.push_back(toJSON(*task.best));
        printJSON(llvm::outs(), std::move(list));
      }));
}

//===----------------------------------------------------------------------===//
// show
//===----------------------------------------------------------------------===//

/// The fastest first, confirmed ones before the others, failures last.
static std::vector<const TrialRecord *> sortBySpeed(const TaskRecords &task) {
  std::vector<const TrialRecord *> records = task.records;
  auto key = [&](const TrialRecord *record) {
    return std::tuple(record != task.best, record->result.status,
                      -record->result.speedup, record);
  };
  llvm::sort(records, [&](const TrialRecord *a, const TrialRecord *b) {
    return key(a) < key(b);
  });
  return records;
}

static void showTask(llvm::raw_ostream &os, const TaskRecords &task) {
  const TrialRecord &first = task.front();
  os << printable(first.label) << "  (" << printable(first.family) << ", "
     << first.workload << ")\n  sizes    " << printAllShapes(first.shapes)
     << "\n  machine  " << printable(printMachine(first.target)) << ", "
     << first.threads << (first.threads == 1 ? " thread" : " threads") << "\n"
     << "           " << printable(printFeatures(first.target), 400) << "\n\n";
  Table table({{""},
               {"speedup", true},
               {"median ms", true},
               {"min ms", true},
               {"spread", true},
               {"samples", true},
               {"error", true},
               {"backend"},
               {"schedule"},
               {"source"},
               {"status"},
               {"time"}});
  for (const TrialRecord *record : sortBySpeed(task)) {
    const Measurement &result = record->result;
    const TimeStatistics &time = result.time;
    std::vector<std::string> cells{record == task.best ? "*" : ""};
    if (result.status == TrialStatus::Ok) {
      // Half of the samples lie in it.
      double spread =
          time.median > 0 ? (time.quartile3 - time.quartile1) / time.median : 0;
      cells.insert(cells.end(),
                   {printSpeedup(record), llvm::formatv("{0:f4}", time.median),
                    llvm::formatv("{0:f4}", time.min),
                    llvm::formatv("{0:f1}%", 100 * spread),
                    std::to_string(time.samples),
                    llvm::formatv("{0:e1}", result.error)});
    } else {
      cells.resize(7);
    }
    std::string status = getName(result.status).str();
    if (record->confirmed)
      status += ", confirmed";
    if (!result.detail.empty())
      status += ": " + printable(result.detail, 60);
    cells.insert(cells.end(),
                 {record->candidate.backend, record->candidate.schedule.str(),
                  record->candidate.source, status, record->time});
    table.addRow(std::move(cells));
  }
  table.print(os);
}

/// The id that begins with `prefix`, among those of the database.
static llvm::Expected<std::string> findWorkload(const TuningDatabase &database,
                                                llvm::StringRef file,
                                                llvm::StringRef prefix) {
  std::map<std::string, std::string> found;
  for (const TrialRecord &record : database.getRecords())
    if (llvm::StringRef(record.workload).starts_with(prefix))
      found.insert({record.workload, record.label});
  if (found.size() == 1)
    return found.begin()->first;
  if (found.empty())
    return userErrorf("{0} has no workload whose id begins with '{1}' (attune "
                      "db list prints them)",
                      printable(file, 400), printable(prefix));
  std::string text;
  constexpr size_t kShown = 10;
  for (const auto &[id, label] : found) {
    if (text.size() > kShown * 60)
      break;
    text += "\n  " + id + "  " + printable(label, 40);
  }
  return userErrorf("'{0}' begins the ids of {1} workloads:{2}",
                    printable(prefix), found.size(), text);
}

namespace {
struct ShowOptions {
  cl::OptionCategory category{"Options of attune db show"};
  cl::SubCommand command{"db show", "prints all trials of a workload"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE"), cl::cat(category),
                            cl::sub(command)};
  cl::opt<std::string> id{cl::Positional, cl::desc("ID"), cl::cat(category),
                          cl::sub(command)};
  RecordFilter filter{category, command};
  FormatOption format{category, command, {"text", "json"}};
};
} // namespace

static llvm::Error show(llvm::StringRef action, const ShowOptions &flags) {
  if (llvm::Error error = expectFile(flags.file))
    return error;
  if (llvm::Error error = flags.format.check())
    return error;
  if (flags.id.empty())
    return userError("expected the id of a workload behind the file, or how "
                     "it begins (attune db list prints ids)");
  llvm::Expected<TuningDatabase> all = loadDatabase(action, flags.file);
  if (!all)
    return all.takeError();
  llvm::Expected<std::string> id = findWorkload(*all, flags.file, flags.id);
  if (!id)
    return id.takeError();
  TuningDatabase own;
  for (const TrialRecord &record : all->getRecords())
    if (record.workload == *id)
      own.add(record);
  llvm::Expected<TuningDatabase> database = flags.filter.apply(own);
  if (!database)
    return database.takeError();
  std::vector<TaskRecords> tasks = summarize(*database);
  if (flags.format.is("json")) {
    json::Array list;
    for (const TaskRecords &task : tasks)
      for (const TrialRecord *record : sortBySpeed(task))
        list.push_back(toJSON(*record));
    printJSON(llvm::outs(), std::move(list));
    return llvm::Error::success();
  }
  llvm::ListSeparator gap("\n");
  for (const TaskRecords &task : tasks) {
    llvm::outs() << gap;
    showTask(llvm::outs(), task);
  }
  return llvm::Error::success();
}

int attune::tool::runDbShow(int argc, const char **argv) {
  ShowOptions flags;
  parseOptions(argc, argv, flags.category, flags.command,
               "Prints all trials of the workload whose id is ID or begins so, "
               "the winner (*) first.\n");
  return reportError(llvm::errs(), argv[0], show(argv[0], flags));
}

//===----------------------------------------------------------------------===//
// diff
//===----------------------------------------------------------------------===//

namespace {
struct DiffOptions {
  cl::OptionCategory category{"Options of attune db diff"};
  cl::SubCommand command{"db diff",
                         "prints winners that differ between two databases"};
  cl::opt<std::string> before{cl::Positional, cl::desc("BEFORE"),
                              cl::cat(category), cl::sub(command)};
  cl::opt<std::string> after{cl::Positional, cl::desc("AFTER"),
                             cl::cat(category), cl::sub(command)};
  cl::opt<bool> all{"all", cl::desc("also winners that are equal"),
                    cl::cat(category), cl::sub(command)};
  RecordFilter filter{category, command};
  FormatOption format{category, command, {"text", "json"}};
};
} // namespace

static void printDifferences(llvm::raw_ostream &os,
                             llvm::ArrayRef<TaskDifference> differences,
                             size_t tasksBefore, size_t tasksAfter) {
  Table table({{"id"},
               {"workload"},
               {"sizes"},
               {"machine"},
               {"threads", true},
               {"before", true},
               {"after", true},
               {"winner before"},
               {"winner after"}});
  auto describe = [](const TaskRecords *task) -> std::string {
    if (!task)
      return "(no trials)";
    return task->best ? printCandidate(task->best) : "(none)";
  };
  for (const TaskDifference &difference : differences) {
    const TaskRecords *before = difference.before, *after = difference.after;
    const TrialRecord &first = (before ? before : after)->front();
    table.addRow({first.workload.substr(0, kShownId), first.label,
                  printShapes(first.shapes), printMachine(first.target),
                  std::to_string(first.threads),
                  printSpeedup(before ? before->best : nullptr),
                  printSpeedup(after ? after->best : nullptr), describe(before),
                  describe(after)});
  }
  if (!table.isEmpty()) {
    table.print(os);
    os << '\n';
  }
  os << printCount(tasksBefore, "task") << " before, " << tasksAfter
     << " after, " << differences.size() << " shown\n";
}

static llvm::Error diff(llvm::StringRef action, const DiffOptions &flags) {
  if (flags.before.empty() || flags.after.empty())
    return userError("expected two tuning databases (--help tells more)");
  if (llvm::Error error = flags.format.check())
    return error;
  TuningDatabase databases[2];
  std::vector<TaskRecords> tasks[2];
  llvm::StringRef files[] = {flags.before, flags.after};
  for (int i = 0; i < 2; ++i) {
    llvm::Expected<TuningDatabase> all = loadDatabase(action, files[i]);
    if (!all)
      return all.takeError();
    llvm::Expected<TuningDatabase> chosen = flags.filter.apply(*all);
    if (!chosen)
      return chosen.takeError();
    databases[i] = std::move(*chosen);
    tasks[i] = summarize(databases[i]);
  }
  std::vector<TaskDifference> differences =
      compare(tasks[0], tasks[1], flags.all);
  if (!flags.format.is("json")) {
    printDifferences(llvm::outs(), differences, tasks[0].size(),
                     tasks[1].size());
    return llvm::Error::success();
  }
  auto winner = [](const TaskRecords *task) {
    return task && task->best ? toJSON(*task->best) : json::Value(nullptr);
  };
  json::Array list;
  for (const TaskDifference &difference : differences) {
    json::Object object = describeTask(
        *(difference.before ? difference.before : difference.after));
    object["before"] = winner(difference.before);
    object["after"] = winner(difference.after);
    list.push_back(std::move(object));
  }
  printJSON(llvm::outs(), std::move(list));
  return llvm::Error::success();
}

int attune::tool::runDbDiff(int argc, const char **argv) {
  DiffOptions flags;
  parseOptions(argc, argv, flags.category, flags.command,
               "Prints the workloads, sizes and machines whose winners differ "
               "between two databases,\nwith their speedups over the default "
               "schedule.\n");
  return reportError(llvm::errs(), argv[0], diff(argv[0], flags));
}

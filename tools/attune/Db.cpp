//===- Db.cpp - attune db -------------------------------------------------===//
#include "Commands.h"
#include "DbOptions.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

using namespace attune;
using namespace attune::tool;

static constexpr Command actions[] = {
    {"list", "print what is known of each workload", runDbList},
    {"show", "print all trials of a workload", runDbShow},
    {"best", "print the winners alone", runDbBest},
    {"diff", "print winners that differ between two databases", runDbDiff},
    {"merge", "put several databases into one", runDbMerge},
    {"prune", "keep the fastest trials and drop the rest", runDbPrune},
    {"export", "write all records as CSV or JSON", runDbExport},
    {"verify", "check a database for damage", runDbVerify},
};

static void printUsage(llvm::raw_ostream &os) {
  os << "Looks into files of the tuner's records and takes care of them.\n\n"
        "Usage: attune db ACTION FILE... [options]\n\nActions:\n";
  for (const Command &action : actions)
    os << llvm::formatv("  {0,-7} {1}\n", action.name, action.summary);
  os << "\n'attune db ACTION --help' explains an action. Exit status: 0 ok, 1 "
        "internal error,\n2 usage or input error, damage found by verify.\n";
}

int attune::tool::runDb(int argc, const char **argv) {
  llvm::StringRef name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h" || name == "help") {
    printUsage(llvm::outs());
    return ExitSuccess;
  }
  for (const Command &action : actions) {
    if (action.name != name)
      continue;
    std::string program = (llvm::StringRef(argv[0]) + " " + name).str();
    std::vector<const char *> arguments(argv + 1, argv + argc);
    arguments[0] = program.c_str();
    arguments.push_back(nullptr);
    return action.run(argc - 1, arguments.data());
  }
  if (name.empty()) {
    printUsage(llvm::errs());
    return ExitUserError;
  }
  std::vector<llvm::StringRef> names;
  for (const Command &action : actions)
    names.push_back(action.name);
  return reportError(llvm::errs(), argv[0],
                     userErrorf("unknown action '{0}': expected {1}",
                                printable(name), llvm::join(names, ", ")));
}

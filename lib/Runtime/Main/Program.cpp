//===- Program.cpp - Choosing a subcommand --------------------------------===//
#include "Program.h"

#include "attune/Runtime/Text.h"

#include <cstdio>
#include <cstring>

namespace attune::program {

using rt::format;

namespace {

std::vector<Command> allCommands() {
  return {embedCommand(), runCommand(), benchCommand(), tokenizeCommand(),
          infoCommand()};
}

std::string programHelp(const AttuneModel &model, const char *program) {
  std::string text = format("%s: a model compiled by Attune\n\n"
                            "usage: %s COMMAND [options]\n\n",
                            model.name ? model.name : "model", program);
  for (const Command &command : allCommands())
    text += format("  %-10s %s\n", command.name, command.summary);
  text += format("\n%s COMMAND --help says more about a command.\n", program);
  return text;
}

std::string commandHelp(const Command &command, const char *program) {
  std::string text = format("%s\n\nusage: %s %s %s\n\n", command.summary,
                            program, command.name, command.usage);
  for (const Option &option : command.options) {
    std::string spelt = option.letter ? format("-%c, ", option.letter) : "    ";
    spelt += format("--%s", option.name);
    spelt += option.value ? format("=%s", option.value) : "";
    text += format("  %-28s %s\n", spelt.c_str(), option.help);
  }
  return text + "\n" + command.details;
}

/// The program's file name without its folder.
const char *baseName(const char *path) {
  const char *slash = path ? strrchr(path, '/') : nullptr;
  return slash ? slash + 1 : path ? path : "model";
}

int runCommandLine(const Command &command, const AttuneModel &model,
                   const char *program,
                   const std::vector<std::string_view> &words) {
  std::vector<Option> options = command.options;
  options.push_back({"help", 'h', nullptr, ""});
  Context context{model, {}};
  std::string error;
  if (!context.arguments.parse(options, words, error))
    return reportError(error + format("\n'%s %s --help' lists the options",
                                      program, command.name));
  if (context.arguments.has("help"))
    return printText(commandHelp(command, program));
  return command.run(context);
}

} // namespace

int reportError(const std::string &message, int status) {
  fprintf(stderr, "error: %s\n", message.c_str());
  return status;
}

int printText(const std::string &text) {
  size_t wrote = fwrite(text.data(), 1, text.size(), stdout);
  if (wrote != text.size() || fflush(stdout) != 0)
    return reportError("cannot write to standard output", ExitInternal);
  return ExitOk;
}

int runProgram(const AttuneModel &model, int argc, char **argv) {
  const char *program = baseName(argc > 0 ? argv[0] : nullptr);
  std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (words.empty()) {
    fputs(programHelp(model, program).c_str(), stderr);
    return ExitUsage;
  }
  std::string_view first = words.front();
  if (first == "--help" || first == "-h" || first == "help")
    return printText(programHelp(model, program));
  if (first == "--version")
    return printText(format("%s, runtime interface %u\n",
                            model.name ? model.name : "model",
                            attune_abi_version()));
  words.erase(words.begin());
  std::vector<Command> commands = allCommands();
  std::vector<std::string_view> names;
  for (const Command &command : commands) {
    if (first == command.name)
      return runCommandLine(command, model, program, words);
    names.push_back(command.name);
  }
  const char *kind = first.starts_with('-') ? "option" : "command";
  return reportError(unknownWord(kind, first, names) +
                     format("\n'%s --help' lists the commands", program));
}

} // namespace attune::program

//===- Session.cpp - Opening the model for a subcommand -------------------===//
#include "Program.h"

#include "attune/Runtime/ThreadPool.h"

namespace attune::program {

std::vector<Option> sessionOptions() {
  return {{"threads", 't', "N", "threads (default: one for each CPU)"},
          {"weights", 0, "FILE", "weights file (default: inside the program)"},
          {"cpu", 0, "NAME", "use the code compiled for this CPU"}};
}

int reportStatus(attune_status status) {
  int exit = status == ATTUNE_UNSUPPORTED_CPU || status == ATTUNE_UNSUPPORTED
                 ? ExitUnsupported
             : status == ATTUNE_INVALID_ARGUMENT || status == ATTUNE_BAD_FILE
                 ? ExitUsage
                 : ExitInternal;
  return reportError(attune_error(), exit);
}

int Session::open(const Context &context) {
  int64_t threads;
  std::string error;
  if (!context.arguments.number("threads", 1, ATTUNE_MAX_THREADS, 0, threads,
                                error))
    return reportError(error);
  return open(context, threads);
}

int Session::open(const Context &context, int64_t threads) {
  std::string weights(context.arguments.get("weights"));
  std::string cpu(context.arguments.get("cpu"));
  std::string beside =
      std::string(context.model.name ? context.model.name : "model") +
      ".weights";
  attune_options options = ATTUNE_OPTIONS_INIT;
  options.threads = int32_t(threads);
  options.weights_path = weights.empty() ? nullptr : weights.c_str();
  options.cpu = cpu.empty() ? nullptr : cpu.c_str();
  attune_destroy(handle);
  attune_status status =
      attune_create(&context.model, beside.c_str(), &options, &handle);
  return status ? reportStatus(status) : int(ExitOk);
}

} // namespace attune::program

//===- Arguments.h - Command lines of the program ---------------*- C++ -*-===//
//
// --name=value, --name value, -n value, -nvalue and flags, in any order with
// the arguments; "--" ends the options, "-" alone is an argument.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_MAIN_ARGUMENTS_H
#define ATTUNE_LIB_RUNTIME_MAIN_ARGUMENTS_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::program {

struct Option {
  const char *name;  ///< Without dashes.
  char letter;       ///< 0: none.
  const char *value; ///< What the help calls the value; null: a flag.
  const char *help;
};

/// An option as it was given.
struct GivenOption {
  const Option *option;
  std::string_view value;
};

class Arguments {
public:
  /// Reads `arguments`, which must outlive this. Errors are one line.
  bool parse(const std::vector<Option> &known,
             const std::vector<std::string_view> &arguments,
             std::string &error);

  bool has(std::string_view name) const;

  /// The value given last, or `otherwise`.
  std::string_view get(std::string_view name,
                       std::string_view otherwise = {}) const;

  /// All values in their order.
  std::vector<std::string_view> all(std::string_view name) const;

  /// A number of [low, high] or `otherwise` when not given. False and an error
  /// when it is none.
  bool number(std::string_view name, int64_t low, int64_t high,
              int64_t otherwise, int64_t &value, std::string &error) const;

  /// The same for numbers with commas between them.
  bool numbers(std::string_view name, int64_t low, int64_t high,
               std::vector<int64_t> otherwise, std::vector<int64_t> &values,
               std::string &error) const;

  /// A non-negative decimal fraction such as 1e-4.
  bool fraction(std::string_view name, double otherwise, double &value,
                std::string &error) const;

  /// One of `words` (the first when not given).
  bool word(std::string_view name, const std::vector<std::string_view> &words,
            std::string_view &value, std::string &error) const;

  const std::vector<std::string_view> &positional() const { return arguments; }

private:
  std::vector<GivenOption> options;
  std::vector<std::string_view> arguments;
};

/// "unknown KIND 'word'", with the nearest of `known` as a suggestion.
std::string unknownWord(const char *kind, std::string_view word,
                        const std::vector<std::string_view> &known);

} // namespace attune::program

#endif // ATTUNE_LIB_RUNTIME_MAIN_ARGUMENTS_H

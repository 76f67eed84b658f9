//===- Tokenize.cpp - The command `tokenize` ------------------------------===//
#include "Texts.h"

#include "attune/Runtime/Text.h"

namespace attune::program {

namespace {

std::string_view tokenOf(attune_model *model, int64_t id) {
  size_t bytes = 0;
  const char *token = attune_token(model, id, &bytes);
  return token ? std::string_view(token, bytes) : std::string_view();
}

std::string tokensJson(attune_model *model,
                       const std::vector<TokenizedText> &texts) {
  std::string out = "[";
  for (size_t i = 0; i < texts.size(); ++i) {
    const TokenizedText &text = texts[i];
    out += i ? ",\n {\"text\": " : "\n {\"text\": ";
    rt::appendJsonString(out, text.text);
    out += ", \"token_ids\": [";
    for (size_t k = 0; k < text.ids.size(); ++k)
      out += (k ? ", " : "") + std::to_string(text.ids[k]);
    out += "], \"tokens\": [";
    for (size_t k = 0; k < text.ids.size(); ++k) {
      out += k ? ", " : "";
      rt::appendJsonString(out, tokenOf(model, text.ids[k]));
    }
    out += "]}";
  }
  return out + (texts.empty() ? "]\n" : "\n]\n");
}

std::string tokensText(const std::vector<TokenizedText> &texts) {
  std::string out;
  for (const TokenizedText &text : texts)
    for (size_t k = 0; k < text.ids.size(); ++k) {
      out += std::to_string(text.ids[k]);
      out += k + 1 < text.ids.size() ? ' ' : '\n';
    }
  return out;
}

int tokenize(const Context &context) {
  const Arguments &arguments = context.arguments;
  std::string error;
  std::string_view kind;
  int64_t maxLength;
  if (!arguments.word("format", {"text", "json"}, kind, error) ||
      !arguments.number("max-length", 1, INT32_MAX, 0, maxLength, error))
    return reportError(error);
  std::vector<TokenizedText> texts;
  if (int status = readTexts(arguments, texts))
    return status;
  Session session;
  // Nothing is computed: no threads are needed.
  if (int status = session.open(context, 1))
    return status;
  if (int status =
          tokenizeTexts(session.get(), size_t(maxLength), false, texts))
    return status;
  return printText(kind == "json" ? tokensJson(session.get(), texts)
                                  : tokensText(texts));
}

} // namespace

Command tokenizeCommand() {
  Command command;
  command.name = "tokenize";
  command.usage = "TEXT... [options]";
  command.summary = "prints the token ids of texts";
  command.details =
      "TEXT '-' reads texts from standard input, one a line.\n"
      "\n"
      "text: one line of ids a text; json: a list of {\"text\", \"token_ids\", "
      "\"tokens\"}.\n";
  command.options = {
      {"format", 'f', "text|json", "what to print (default: text)"},
      {"max-length", 0, "N", "cut texts to N tokens"}};
  for (const Option &option : sessionOptions())
    if (std::string_view(option.name) != "threads")
      command.options.push_back(option);
  command.run = tokenize;
  return command;
}

} // namespace attune::program

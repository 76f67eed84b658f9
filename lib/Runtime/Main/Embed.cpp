//===- Embed.cpp - The command `embed` ------------------------------------===//
#include "Embedder.h"

#include "attune/Runtime/Files.h"
#include "attune/Runtime/Npy.h"
#include "attune/Runtime/Text.h"

#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace attune::program {

using rt::format;

namespace {

/// Cosines of all pairs of rows.
Embeddings similarities(const Embeddings &rows) {
  Embeddings result{rows.rows, rows.rows,
                    std::vector<float>(rows.rows * rows.rows)};
  auto dot = [&](size_t i, size_t j) {
    double sum = 0;
    for (size_t k = 0; k < rows.columns; ++k)
      sum += double(rows.row(i)[k]) * double(rows.row(j)[k]);
    return sum;
  };
  std::vector<double> norms;
  norms.reserve(rows.rows);
  for (size_t i = 0; i < rows.rows; ++i)
    norms.push_back(std::sqrt(dot(i, i)));
  for (size_t i = 0; i < rows.rows; ++i)
    for (size_t j = 0; j < rows.rows; ++j) {
      double scale = norms[i] * norms[j];
      result.values[i * rows.rows + j] =
          float(scale > 0 ? dot(i, j) / scale : 0);
    }
  return result;
}

void appendNumbers(std::string &out, const float *values, size_t count) {
  out += '[';
  for (size_t k = 0; k < count; ++k) {
    out += k ? ", " : "";
    rt::appendJsonNumber(out, values[k]);
  }
  out += ']';
}

std::string embeddingsJson(const std::vector<TokenizedText> &texts,
                           const Embeddings &rows) {
  std::string out = "[";
  for (size_t i = 0; i < texts.size(); ++i) {
    out += i ? ",\n {\"text\": " : "\n {\"text\": ";
    rt::appendJsonString(out, texts[i].text);
    out += ", \"token_ids\": [";
    for (size_t k = 0; k < texts[i].ids.size(); ++k)
      out += (k ? ", " : "") + std::to_string(texts[i].ids[k]);
    out += "], \"embedding\": ";
    appendNumbers(out, rows.row(i), rows.columns);
    out += '}';
  }
  return out + (texts.empty() ? "]\n" : "\n]\n");
}

std::string similarityJson(const std::vector<TokenizedText> &texts,
                           const Embeddings &matrix) {
  std::string out = "{\"texts\": [";
  for (size_t i = 0; i < texts.size(); ++i) {
    out += i ? ", " : "";
    rt::appendJsonString(out, texts[i].text);
  }
  out += "],\n \"similarity\": [";
  for (size_t i = 0; i < matrix.rows; ++i) {
    out += i ? ",\n  " : "\n  ";
    appendNumbers(out, matrix.row(i), matrix.columns);
  }
  return out + "]}\n";
}

std::string embeddingsText(const Embeddings &rows) {
  std::string out;
  for (size_t i = 0; i < rows.rows; ++i)
    for (size_t k = 0; k < rows.columns; ++k)
      out += format(k + 1 < rows.columns ? "%.7g " : "%.7g\n",
                    double(rows.row(i)[k]));
  return out;
}

std::string similarityText(const std::vector<TokenizedText> &texts,
                           const Embeddings &matrix) {
  std::string out = "    ";
  for (size_t j = 0; j < matrix.columns; ++j)
    out += format(" %6zu", j + 1);
  out += '\n';
  for (size_t i = 0; i < matrix.rows; ++i) {
    out += format("%4zu", i + 1);
    for (size_t j = 0; j < matrix.columns; ++j)
      out += format(" %6.3f", double(matrix.row(i)[j]));
    // Control characters must not reach the terminal.
    std::string text = rt::repairUtf8(texts[i].text);
    for (char &c : text)
      c = uint8_t(c) < 0x20 || c == 0x7f ? ' ' : c;
    out += "  " + text + "\n";
  }
  return out;
}

std::string npyImage(const Embeddings &matrix) {
  std::string out = rt::npyHeaderText(
      ATTUNE_F32, {int64_t(matrix.rows), int64_t(matrix.columns)});
  out.append(reinterpret_cast<const char *>(matrix.values.data()),
             matrix.values.size() * sizeof(float));
  return out;
}

int embed(const Context &context) {
  const Arguments &arguments = context.arguments;
  std::string error;
  std::string_view kind;
  int64_t maxLength, maxBatch;
  if (!arguments.word("format", {"text", "json", "npy"}, kind, error) ||
      !arguments.number("max-length", 1, INT32_MAX, 0, maxLength, error) ||
      !arguments.number("batch", 1, 4096, 32, maxBatch, error))
    return reportError(error);
  std::string file(arguments.get("output"));
  if (kind == "npy" && file.empty() && isatty(STDOUT_FILENO))
    return reportError("--format=npy writes binary data: add --output=FILE, or "
                       "redirect standard output");
  std::vector<TokenizedText> texts;
  if (int status = readTexts(arguments, texts))
    return status;
  Session session;
  if (int status = session.open(context))
    return status;
  if (int status = tokenizeTexts(session.get(), size_t(maxLength), true, texts))
    return status;
  Embeddings result;
  if (int status = embedTexts(context.model, session.get(), texts,
                              size_t(maxBatch), result))
    return status;
  bool similarity = arguments.has("similarity");
  if (similarity)
    result = similarities(result);
  std::string out =
      kind == "npy" ? npyImage(result)
      : kind == "text"
          ? similarity ? similarityText(texts, result) : embeddingsText(result)
      : similarity ? similarityJson(texts, result)
                   : embeddingsJson(texts, result);
  if (file.empty())
    return printText(out);
  if (!rt::writeFile(file, out.data(), out.size(), error))
    return reportError(error);
  return ExitOk;
}

} // namespace

Command embedCommand() {
  Command command;
  command.name = "embed";
  command.usage = "TEXT... [options]";
  command.summary = "turns texts into vectors, or compares them";
  command.details =
      "TEXT '-' reads texts from standard input, one a line. A text that "
      "starts "
      "with '-'\ncomes after '--'. Texts longer than the model takes are cut.\n"
      "\n"
      "text: one line of numbers a text; json: a list of {\"text\", "
      "\"token_ids\",\n\"embedding\"}; npy: a float32 matrix, one row a "
      "text.\n";
  command.options = {
      {"format", 'f', "text|json|npy", "what to print (default: text)"},
      {"similarity", 's', nullptr, "print the cosine of every pair of texts"},
      {"output", 'o', "FILE", "write to FILE instead of standard output"},
      {"max-length", 0, "N", "cut texts to N tokens"},
      {"batch", 'b', "N", "texts in one call (default: 32)"}};
  for (const Option &option : sessionOptions())
    command.options.push_back(option);
  command.run = embed;
  return command;
}

} // namespace attune::program

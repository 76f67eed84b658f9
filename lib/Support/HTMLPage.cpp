//===- HTMLPage.cpp - Reports as one HTML file ----------------------------===//
#include "attune/Support/HTMLPage.h"
#include "attune/Support/Error.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace attune;

static constexpr llvm::StringLiteral kCommonStyle = R"css(
:root { color-scheme: light dark; --fg: #1c2024; --bg: #ffffff; --soft: #667078;
  --line: #dfe3e6; --good: #1a7f37; --bad: #c0392b; --c0: #5b6770; --c1: #8250df;
  --c2: #bf8700; --c3: #0969da; --c4: #1a7f37; --c5: #cf222e; --c6: #0e8a8a; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6e9ec; --bg: #14171a;
  --soft: #98a2ab; --line: #333a40; --good: #56d364; --bad: #ff7b72;
  --c0: #aab4bd; --c1: #c297ff; --c2: #e3b341; --c3: #6cb6ff; --c4: #56d364;
  --c5: #ff7b72; --c6: #4fd1c5; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fg);
  background: var(--bg); max-width: 78rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { margin-top: 2.2rem; }
p.lead, .none, caption { color: var(--soft); }
table { border-collapse: collapse; font-size: 13px; margin: .8rem 0; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.code { font-family: ui-monospace, monospace; font-size: 12px; }
.scroll { overflow-x: auto; max-height: 32rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
details > summary { cursor: pointer; margin: .5rem 0; }
)css";

std::string attune::escapeHTML(llvm::StringRef text) {
  std::string result;
  llvm::raw_string_ostream os(result);
  llvm::printHTMLEscaped(llvm::json::fixUTF8(text), os);
  // No character of a page, even as an entity.
  for (char &c : result)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      c = ' ';
  return result;
}

std::string attune::renderPage(const HTMLPage &page) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
        "charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>"
     << escapeHTML(page.title) << "</title>\n<style>" << kCommonStyle
     << page.style << "</style>\n</head>\n<body>\n"
     << page.body;
  if (!page.script.empty())
    os << "<script>" << page.script << "</script>\n";
  os << "</body>\n</html>\n";
  return text;
}

llvm::Error attune::writePage(llvm::StringRef path, llvm::StringRef text) {
  if (llvm::sys::fs::is_directory(path))
    return userErrorf("'{0}': expected the path of a file, found a directory",
                      path);
  std::string temporary =
      llvm::formatv("{0}.{1}.tmp", path, llvm::sys::Process::getProcessId());
  std::error_code code;
  {
    llvm::raw_fd_ostream os(temporary, code, llvm::sys::fs::CD_CreateNew);
    if (code)
      return fileUserError(path, "write", code);
    os << text;
    os.close();
    code = os.error();
    os.clear_error();
  }
  if (!code)
    code = llvm::sys::fs::rename(temporary, path);
  if (!code)
    return llvm::Error::success();
  llvm::sys::fs::remove(temporary);
  return fileUserError(path, "write", code);
}

//===- HTMLPage.h - Reports as one HTML file --------------------*- C++ -*-===//
//
// What the pages that Attune writes have in common: they refer to nothing
// outside of themselves, follow the reader's choice of light or dark, and show
// names that come from files, whatever bytes those hold.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_SUPPORT_HTMLPAGE_H
#define ATTUNE_SUPPORT_HTMLPAGE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace attune {

/// Text as HTML has it, whatever bytes it holds; also for attributes in double
/// quotes.
std::string escapeHTML(llvm::StringRef text);

struct HTMLPage {
  std::string title; ///< plain text
  /// Rules behind those that all pages have: colours as variables (--fg, --bg,
  /// --soft, --line, --good, --bad, --c0 to --c6), headings and tables.
  std::string style;
  std::string body;   ///< markup
  std::string script; ///< run behind the body; none when empty
};

/// The whole text of a page.
std::string renderPage(const HTMLPage &page);

/// Writes a file that appears under its name once it is complete. UserErrors.
llvm::Error writePage(llvm::StringRef path, llvm::StringRef text);

} // namespace attune

#endif // ATTUNE_SUPPORT_HTMLPAGE_H

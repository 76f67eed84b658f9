#!/usr/bin/env python3
"""Checks the page of `attune inspect --html`: check_page.py FILE.html [NAME=VALUE...]

The page refers to nothing outside of itself, its tags are closed, its links lead to sections, and what a click shows is a list
of pairs. NAME=VALUE: sections, open, regions, nodes (after fusion), before (nodes before it) have that number; "text=WORDS"
and "info=WORDS" ask for words in what is shown and in what clicks show.
"""

import html.parser
import json
import re
import sys

VOID = ("meta",)


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.infos, self.text = [], set(), [], [], []
        self.counts = dict.fromkeys(("sections", "open", "regions", "nodes", "before"), 0)
        self.side = None

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        words = (values.get("class") or "").split()
        if tag in ("link", "img", "iframe", "object", "embed", "base", "form") or any(
                name == "src" or name.startswith("on") for name in values):
            sys.exit(f"the page has <{tag} {attrs}>")
        if tag == "script" and values:
            sys.exit(f"a script with {attrs}")
        if "href" in values:
            self.links.append(values["href"])
        if "id" in values:
            assert values["id"] not in self.ids, f"two of {values['id']}"
            self.ids.add(values["id"])
        if "data-info" in values:
            self.infos.append(json.loads(values["data-info"]))
        if tag == "div" and words and words[0] in ("before", "after"):
            self.side = words[0]
        self.counts["sections"] += tag == "details"
        self.counts["open"] += tag == "details" and "open" in values
        self.counts["regions"] += "region" in words
        if "node" in words and words[1] != "port":
            self.counts["nodes" if self.side == "after" else "before"] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            sys.exit(f"</{tag}> at {self.getpos()} closes nothing")

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open, page.open
    assert not re.search(r"https?://|url\(|@import", text), "the page refers to something outside"
    assert not re.search(r'(?:width|height|[xy]|d)="[^"]*(?:nan|inf)', text, re.I), "a place is not a number"
    for link in page.links:
        assert link.startswith("#") and link[1:] in page.ids, f"{link} leads nowhere"
    for info in page.infos:
        assert info and all(len(pair) == 2 and all(isinstance(word, str) for word in pair) for pair in info), info
    shown, told = " ".join(page.text), json.dumps(page.infos, ensure_ascii=False)
    for word in sys.argv[2:]:
        name, _, value = word.partition("=")
        if name in ("text", "info"):
            assert value in (shown if name == "text" else told), f"no '{value}' in the page's {name}"
        elif page.counts[name] != int(value):
            sys.exit(f"{name}: {page.counts[name]}, expected {value}")


if __name__ == "__main__":
    main()

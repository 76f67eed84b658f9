"""The committed list of cases that do not pass, with a reason each.

A line is CASE: REASON, where CASE is a name or a pattern with * (fnmatch); # begins a comment. Every case that an entry
names must not pass: one that does is a line to be removed.
"""

import fnmatch


class ExpectedFailures:
    def __init__(self, entries=()):
        self.entries = list(entries)  # (pattern, reason)

    @classmethod
    def read(cls, path):
        """The list in a file; ValueError names a line that is wrong."""
        entries = []
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                pattern, colon, reason = line.partition(":")
                if not colon or not reason.strip():
                    raise ValueError(f"{path}:{number}: expected 'CASE: REASON', found '{line}'")
                entries.append((pattern.strip(), reason.strip()))
        return cls(entries)

    def reason(self, name):
        """Why a case is expected not to pass; None when it must pass."""
        return next((reason for pattern, reason in self.entries if fnmatch.fnmatchcase(name, pattern)), None)

    def unknown(self, names):
        """The patterns that none of these names matches."""
        return [pattern for pattern, _ in self.entries if not fnmatch.filter(names, pattern)]

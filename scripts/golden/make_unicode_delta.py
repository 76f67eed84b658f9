#!/usr/bin/env python3
"""Writes lib/Runtime/Tokenizer/UnicodeDelta.inc.

The `tokenizers` library takes its Unicode data from several sources of different
Unicode versions (the crates unicode_categories and
unicode-normalization-alignments, Rust's standard library, the regex crate and
Oniguruma). Attune's runtime takes its data from utf8proc. This script asks both
about every code point and writes down the code points on which they differ, so
that the runtime gives the library's answers. Nothing in the table is written by
hand; the table holds for the utf8proc version named in it, which a unit test
checks over all code points.

Needs: pip install tokenizers==0.23.3; libutf8proc.so.2 (Debian: libutf8proc2).
usage: make_unicode_delta.py [OUTPUT]
"""
import base64
import ctypes
import json
import os
import string
import struct
import sys

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_OUTPUT = os.path.join(HERE, "../../lib/Runtime/Tokenizer/UnicodeDelta.inc")
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
CATEGORIES = ("Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So "
              "Zs Zl Zp Cc Cf Cs Co").split()
STABLE, COMPAT, COMPOSE, DECOMPOSE = 2, 4, 8, 16


class Property(ctypes.Structure):
    """The first members of utf8proc_property_t."""
    _fields_ = [("category", ctypes.c_int16), ("combining_class", ctypes.c_int16)]


class Utf8proc:
    def __init__(self):
        self.lib = ctypes.CDLL("libutf8proc.so.2")
        self.libc = ctypes.CDLL(None)
        self.libc.free.argtypes = [ctypes.c_void_p]
        self.lib.utf8proc_version.restype = ctypes.c_char_p
        self.lib.utf8proc_unicode_version.restype = ctypes.c_char_p
        self.lib.utf8proc_tolower.restype = ctypes.c_int32
        self.lib.utf8proc_get_property.restype = ctypes.POINTER(Property)
        self.lib.utf8proc_map.argtypes = [ctypes.c_char_p, ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_int]
        self.lib.utf8proc_map.restype = ctypes.c_ssize_t
        self.category = [CATEGORIES[self.lib.utf8proc_category(c)] for c in range(0x110000)]
        self.ccc = [self.lib.utf8proc_get_property(c)[0].combining_class for c in range(0x110000)]

    def version(self):
        return f"{self.lib.utf8proc_version().decode()} (Unicode {self.lib.utf8proc_unicode_version().decode()})"

    def lower(self, c):
        return self.lib.utf8proc_tolower(c)

    def map(self, text, options):
        data = text.encode()
        out = ctypes.POINTER(ctypes.c_uint8)()
        size = self.lib.utf8proc_map(data, len(data), ctypes.byref(out), options)
        assert size >= 0
        result = ctypes.string_at(out, size).decode()
        self.libc.free(out)
        return result

    def grapheme_break(self, a, b):
        return bool(self.lib.utf8proc_grapheme_break(a, b))


def ranges(code_points):
    out = []
    for c in sorted(code_points):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def matched_by(regex):
    """Code points that Oniguruma's class `regex` matches."""
    split = pre_tokenizers.Split(Regex(regex), "removed")
    return {c for c in CODE_POINTS if not split.pre_tokenize_str(chr(c))}


def word_characters():
    """The regex crate's \\w, seen through a single-word added token."""
    tok = Tokenizer(models.WordLevel({"[UNK]": 0}, "[UNK]"))
    tok.add_tokens([AddedToken("QZ", single_word=True, normalized=False)])
    token = tok.token_to_id("QZ")
    return {c for c in CODE_POINTS if token not in tok.encode("QZ" + chr(c)).ids}


def combining_classes(u):
    """The library's combining class of every code point for which utf8proc has one, seen by how NFD orders pairs."""
    nfd = normalizers.NFD()
    present = [c for c in CODE_POINTS if u.ccc[c] and nfd.normalize_str(chr(c)) == chr(c)]
    reorders = lambda a, b: a != b and nfd.normalize_str(chr(a) + chr(b)) == chr(b) + chr(a)
    low, high = 0x334, 0x345  # classes 1 and 240, the least and the greatest
    zero = {c for c in present if not reorders(c, low) and not reorders(high, c) and c not in (low, high)
            and u.ccc[c] not in (1, 240)}
    # Classes 1 and 240 themselves: ask with the class at the other end.
    zero |= {c for c in present if u.ccc[c] == 1 and not reorders(high, c)}
    zero |= {c for c in present if u.ccc[c] == 240 and not reorders(c, low)}
    # What is not zero must be utf8proc's class: compare with a representative of each class.
    reps = {}
    for c in present:
        if c not in zero:
            reps.setdefault(u.ccc[c], c)
    for c in present:
        if c in zero:
            continue
        for k, r in reps.items():
            assert reorders(c, r) == (u.ccc[c] > k), f"combining class of U+{c:04X} against class {k}"
    # And nothing that utf8proc calls a starter may be reordered.
    for c in CODE_POINTS:
        if not u.ccc[c] and u.category[c][0] in "MC" and nfd.normalize_str(chr(c)) == chr(c):
            assert not reorders(c, low) and not reorders(high, c), f"U+{c:04X} is a starter for utf8proc"
    return zero


def charsmap(rules):
    """A SentencePiece character map (darts-clone double array) for one-character keys of one or more bytes."""
    trie, normalized = {}, b""
    for key, value in rules.items():
        node = trie
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node["leaf"] = len(normalized)
        normalized += value.encode() + b"\0"
    units = {0: 0}
    used = {0}

    def place(node, at):
        labels = [b for b in node if b != "leaf"] + ([0] if "leaf" in node else [])
        base = 256
        while any((base ^ b) in used for b in labels) or (base ^ at) >= 1 << 21:
            base += 256
        used.update(base ^ b for b in labels)
        units[at] |= ((base ^ at) << 10) | ((1 << 8) if "leaf" in node else 0)
        if "leaf" in node:
            units[base] = node["leaf"] | (1 << 31)
        for b in labels:
            if b:
                units[base ^ b] = b
        for b in labels:
            if b:
                place(node[b], base ^ b)

    place(trie, 0)
    array = [units.get(i, 0) for i in range(max(units) + 256)]
    return struct.pack(f"<I{len(array)}I", 4 * len(array), *array) + normalized


def precompiled(rules):
    tok = json.loads(Tokenizer(models.WordLevel({"[UNK]": 0}, "[UNK]")).to_str())
    tok["normalizer"] = {"type": "Precompiled",
                         "precompiled_charsmap": base64.b64encode(charsmap(rules)).decode()}
    return Tokenizer.from_str(json.dumps(tok)).normalizer


def grapheme_extenders():
    """Code points that do not begin a grapheme after 'a': a two-character grapheme is replaced as one."""
    n = precompiled({"a": "Z"})
    return {c for c in CODE_POINTS if c and n.normalize_str("a" + chr(c)) == "Z"}


def main():
    output = sys.argv[1] if len(sys.argv) > 1 else DEFAULT_OUTPUT
    u = Utf8proc()
    cat = u.category
    of = lambda *names: {c for c in CODE_POINTS if cat[c] in names}
    punctuation_names = [n for n in CATEGORIES if n[0] == "P"]
    mark_names = ["Mn", "Mc", "Me"]
    letter_names = ["Lu", "Ll", "Lt", "Lm", "Lo"]
    number_names = ["Nd", "Nl", "No"]
    sections, maps = [], []

    def flips(name, comment, library, base, only=None):
        diff = library ^ base
        if only is not None:
            diff &= only
        sections.append((name, comment, ranges(diff)))

    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    keep = {9, 10, 13, 0, 0xFFFD}
    other = {c for c in CODE_POINTS if clean.normalize_str("a" + chr(c) + "b") == "ab"} - keep
    flips("kOther", "removed by BertNormalizer's clean_text / Cc, Cf, Co", other, of("Cc", "Cf", "Co") - keep)

    punct = pre_tokenizers.Punctuation()
    ascii_punct = {ord(c) for c in string.punctuation}
    library = {c for c in CODE_POINTS if len(punct.pre_tokenize_str("a" + chr(c) + "b")) == 3}
    flips("kPunctuation", "is_bert_punc / P* and ASCII punctuation", library, of(*punctuation_names) | ascii_punct)

    nfd = normalizers.NFD()
    fixed = {c for c in CODE_POINTS if nfd.normalize_str(chr(c)) == chr(c)}
    strip = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    flips("kNonspacingMark", "removed by BertNormalizer's strip_accents / Mn",
          {c for c in fixed if strip.normalize_str(chr(c)) == ""}, of("Mn"), fixed)
    accents = normalizers.StripAccents()
    flips("kCombiningMark", "removed by StripAccents / M*",
          {c for c in CODE_POINTS if accents.normalize_str(chr(c)) == ""}, of(*mark_names))

    sections.append(("kStarter", "combining class 0 in the library, another in utf8proc", ranges(combining_classes(u))))
    for name, n, options in (("kNoCanonical", normalizers.NFD(), STABLE | DECOMPOSE),
                             ("kNoCompatibility", normalizers.NFKD(), STABLE | DECOMPOSE | COMPAT)):
        differ = {c for c in CODE_POINTS if n.normalize_str(chr(c)) != u.map(chr(c), options)}
        assert all(n.normalize_str(chr(c)) == chr(c) for c in differ)
        sections.append((name, "decomposed by utf8proc, not by the library", ranges(differ)))
    nfc = normalizers.NFC()
    differ = set()
    for c in CODE_POINTS:
        parts = u.map(chr(c), STABLE | DECOMPOSE)
        if len(parts) > 1 and nfc.normalize_str(parts) != u.map(parts, STABLE | COMPOSE):
            assert nfc.normalize_str(parts) == parts
            differ.add(c)
    sections.append(("kNoCompose", "composed by utf8proc, not by the library", ranges(differ)))

    flips("kLetter", "Oniguruma's \\p{L} / L*", matched_by(r"\p{L}"), of(*letter_names))
    flips("kNumber", "Oniguruma's \\p{N} / N*", matched_by(r"\p{N}"), of(*number_names))
    space = {9, 10, 11, 12, 13, 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
    assert matched_by(r"\s") == space
    split = pre_tokenizers.WhitespaceSplit()
    assert {c for c in CODE_POINTS if not split.pre_tokenize_str(chr(c))} == space
    digits = pre_tokenizers.Digits(individual_digits=True)
    flips("kNumeric", "Rust's char::is_numeric / N*",
          {c for c in CODE_POINTS if len(digits.pre_tokenize_str("a" + chr(c))) == 2}, of(*number_names))
    flips("kWord", "the regex crate's \\w / L*, M*, Nd, Nl, Pc, U+200C, U+200D", word_characters(),
          of(*letter_names, *mark_names, "Nd", "Nl", "Pc") | {0x200C, 0x200D})
    extend = {c for c in CODE_POINTS if not u.grapheme_break(ord("a"), c)}
    flips("kGraphemeExtend", "joins the grapheme before it / utf8proc_grapheme_break('a', c)", grapheme_extenders(), extend, set(CODE_POINTS) - {0})

    lower = normalizers.Lowercase()
    for c in CODE_POINTS:
        want = lower.normalize_str(chr(c))
        if want != chr(u.lower(c)):
            if len(want) != 1:
                assert (c, want) == (0x130, "i\u0307"), "only U+0130 has a lower case of two code points"
                continue
            target = ord(want)
            if maps and maps[-1][1] == c - 1 and maps[-1][2] == target - c:
                maps[-1][1] = c
            else:
                maps.append([c, c, target - c])

    with open(output, "w") as f:
        f.write("// Generated by scripts/golden/make_unicode_delta.py: where the tokenizers library\n"
                f"// {tokenizers.__version__} and utf8proc {u.version()} differ. Do not edit.\n"
                "// Each comment reads: the library's question / the question that utf8proc answers.\n")
        for name, comment, rows in sections:
            f.write(f"\n// {comment}\n[[maybe_unused]] constexpr CodePointRange {name}Flips[] = {{\n")
            line = "   "
            for a, b in rows or [[0x110000, 0x110000]]:
                item = f" {{0x{a:X}, 0x{b:X}}},"
                if len(line) + len(item) > 80:
                    f.write(line + "\n")
                    line = "   "
                line += item
            f.write(line + "\n};\n")
        f.write("\n// Lower case: {first, last, distance to the lower case}\n[[maybe_unused]] constexpr LowerRange kLowerRanges[] = {\n")
        for a, b, d in maps:
            f.write(f"    {{0x{a:X}, 0x{b:X}, {d}}},\n")
        f.write("};\n")
    for name, _, rows in sections:
        print(name, len(rows), "ranges")
    print("lower", len(maps), "ranges")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes test/EndToEnd/golden/tokenizer/: small tokenizers of every supported kind, and what the library makes of hard strings.

Each folder NAME there has a tokenizer.json, trained here on the corpus below, and NAME.golden.json beside the folders holds a
list of {"text", "ids", "type_ids"} or {"hex", ...} where the text is not UTF-8 (then the library saw Python's
bytes.decode(errors="replace")). Rows with "max_length" are truncated to it. minilm.golden.json is of the real model's
tokenizer, when its directory is given. unicode.golden.json has, for every question the runtime asks of Unicode, a digest of
the library's answers over all code points.

Training is not the same every time: a tokenizer that is there already is kept, remove its folder to train it again.

usage: make_tokenizer_models.py [MINILM]          Needs: pip install tokenizers==0.23.3, whose tables UnicodeDelta.inc has
"""

import json
import os
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import make_unicode_delta as unicode
from hard_strings import hard_strings

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "EndToEnd", "golden", "tokenizer")

CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the dog doesn't mind at all.",
    "A compiler reads a program and writes another program that does the same thing faster.",
    "It's the attention that weighs every word of a sentence against every other word of it.",
    "We're sure they've said it: I'll tokenize these 12345 words in 2024, won't I?",
    "Unbelievable tokenization of unaffable embeddings, normalisation and pre-tokenization.",
    "Le café est fermé à Noël; l'été, où êtes-vous? Ça dépend de la météo, peut-être.",
    "Straße, Größe, Übermut und Ärger: die Donaudampfschifffahrtsgesellschaft fährt weiter.",
    "El niño comió piñas mañana por la mañana; ¿qué pasó ayer en la montaña?",
    "Привет, мир! Русский язык богат словами, и каждое слово имеет значение.",
    "Η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί.",
    "これは日本語の文章です。東京は日本の首都であり、大きな都市です。",
    "我爱北京天安门，天安门上太阳升。中文的句子没有空格。",
    "한국어 문장은 띄어쓰기를 합니다. 서울은 대한민국의 수도입니다.",
    "नमस्ते दुनिया, यह हिन्दी का एक वाक्य है।",
    "مرحبا بالعالم، هذه جملة باللغة العربية.",
    "ภาษาไทยไม่มีช่องว่างระหว่างคำ",
    "def f(x):\n    return x ** 2 + y[i] - {a: b}  # comment\n",
    "http://example.com/path?query=1&other=2#anchor user@example.com 192.168.0.1",
    "😀 😃 👍🏽 👨‍👩‍👧‍👦 🇩🇪 ❤️ emoji are symbols too.",
]


def train(tokenizer, trainer):
    tokenizer.train_from_iterator(CORPUS * 3, trainer)
    return tokenizer


def roberta():
    """RoBERTa: byte-level BPE, the mask takes the space before it."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    train(t, trainers.BpeTrainer(vocab_size=700, special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
                                 initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    t.enable_padding(pad_id=1, pad_token="<pad>", length=64)
    t.enable_truncation(64)
    return t


def byte_bpe():
    """Byte-level BPE with a prefix space, NFC, a template, and added tokens with every flag."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=True)])
    train(t, trainers.BpeTrainer(vocab_size=600, special_tokens=["<bos>", "<eos>"],
                                 initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_tokens([AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
                  AddedToken("<both>", lstrip=True, rstrip=True, normalized=False),
                  AddedToken("whole", single_word=True, normalized=False), AddedToken("caf\u00e9", normalized=True),
                  AddedToken("<left><right>", normalized=False), AddedToken("whole dog", normalized=False)])
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<bos> $A:1 <eos>:2", pair="<bos> $A $B <eos>", special_tokens=[("<bos>", 0), ("<eos>", 1)])])
    return t


def plain_bytes():
    """Byte-level BPE over the whole text, without GPT-2's expression, words of the vocabulary taken whole."""
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return train(t, trainers.BpeTrainer(vocab_size=500, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))


def llama():
    """SentencePiece's BPE: a marker for spaces, bytes for unknown characters."""
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    train(t, trainers.BpeTrainer(vocab_size=600, limit_alphabet=60, show_progress=False,
                                 special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]))
    data = json.loads(t.to_str())
    data["added_tokens"] = [row for row in data["added_tokens"] if row["id"] < 3]  # bytes are no added tokens
    t = Tokenizer.from_str(json.dumps(data))
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return t


def suffix_bpe():
    """BPE with a mark at the ends of words and unknown characters one by one."""
    t = Tokenizer(models.BPE(unk_token="[UNK]", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("merged_with_next")])
    return train(t, trainers.BpeTrainer(vocab_size=500, limit_alphabet=70, special_tokens=["[UNK]"], end_of_word_suffix="</w>", show_progress=False))


def prefix_bpe():
    """BPE with a prefix for what continues a word, and contiguous digits and punctuation."""
    t = Tokenizer(models.BPE(unk_token="[UNK]", continuing_subword_prefix="##", fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(False), pre_tokenizers.Punctuation("contiguous")])
    return train(t, trainers.BpeTrainer(vocab_size=500, limit_alphabet=70, special_tokens=["[UNK]"], continuing_subword_prefix="##", show_progress=False))


# A few of SentencePiece's nmt_nfkc rules, and some of its kind.
RULES = {"\uff21": "A", "\ufb01": "fi", "\u3000": " ", "\u200b": "", "\u2122": "TM", "e\u0301": "\u00e9", "A\u030a": "\u00c5",
         "\u00a0": " ", "\r": "", "\n": " ", "\t": " ", "\u2460": "1", "\uff0c": ",", "\u0301": "'", "a\u0308": "\u00e4", "\u00bd": "1/2"}


def with_character_map(tokenizer, where):
    """Puts a Precompiled normalizer at a place of the sequence: the Python classes only take it from SentencePiece files."""
    import base64
    data = json.loads(tokenizer.to_str())
    step = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(unicode.charsmap(RULES)).decode()}
    data["normalizer"]["normalizers"].insert(where, step)
    return Tokenizer.from_str(json.dumps(data))


def albert():
    """ALBERT: Unigram, all accents removed, SentencePiece's character map."""
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(),
                                         normalizers.StripAccents(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    train(t, trainers.UnigramTrainer(vocab_size=400, unk_token="<unk>", special_tokens=["<pad>", "<unk>", "[CLS]", "[SEP]"], show_progress=False))
    t.add_special_tokens([AddedToken("[MASK]", lstrip=True, normalized=False)])
    t.post_processor = processors.TemplateProcessing(single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
                                                     special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return with_character_map(t, 5)


def xlm_roberta():
    """XLM-R: Unigram after a character map, spaces collapsed, unknown characters kept in runs."""
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "\u2581")])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="first")])
    train(t, trainers.UnigramTrainer(vocab_size=350, unk_token="<unk>", special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False))
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return with_character_map(t, 1)


def byte_unigram():
    """Unigram that writes unknown characters as bytes, without a pre-tokenizer."""
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Replace(Regex("\\s+"), " "), normalizers.Replace(" ", "\u2581")])
    train(t, trainers.UnigramTrainer(vocab_size=600, unk_token="<unk>", show_progress=False,
                                     special_tokens=["<unk>"] + [f"<0x{b:02X}>" for b in range(256)]))
    data = json.loads(t.to_str())
    data["model"]["byte_fallback"] = True
    data["added_tokens"] = data["added_tokens"][:1]
    return Tokenizer.from_str(json.dumps(data))


def cased_wordpiece():
    """WordPiece that keeps case and removes accents, short words only, BertProcessing, added tokens matched after normalising."""
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=12))
    t.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=True, handle_chinese_chars=False)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    train(t, trainers.WordPieceTrainer(vocab_size=500, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    t.add_tokens([AddedToken("Caf\u00e9", normalized=True), AddedToken("fox", single_word=True, normalized=True),
                  AddedToken("dog\u0301s", lstrip=True, normalized=True)])
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t


def bare_wordpiece():
    """WordPiece without normalizer, pre-tokenizer and template."""
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", continuing_subword_prefix=""))
    return train(t, trainers.WordPieceTrainer(vocab_size=300, special_tokens=["[UNK]"], continuing_subword_prefix="", show_progress=False))


MODELS = [roberta, byte_bpe, plain_bytes, llama, suffix_bpe, prefix_bpe, albert, xlm_roberta, byte_unigram, cased_wordpiece, bare_wordpiece]

# What the kinds above treat apart, beyond hard_strings.py.
MORE = [
    "I'm, you're, he's, she'd, we'll, they've, don't 'tis 'S 'RE", "'s't're've'm'll'd", " 's", "x  's", "a  b", "a   b", "a \n b", "\n\n\na", "a\n", "a \t",
    "  two  spaces  ", "\u2581already\u2581marked", "\u2581\u2581", "a\u2581", "tail   ", "\u00a0nbsp\u00a0", "\u3000ideographic", "12 345", "1a2b3c", "a1!b2?c3",
    "<mask>", " <mask>", "a  <mask> b", "<mask><mask>", "<s>a</s>", "<pad>", "<unk>", "a<unk>b", "<left> x <right> y <both> z", "a  <left>  b  <right>  c  <both>  d",
    "<left><right>", "<left> <right>", "<both><both>", "  <both>  <both>  ", "whole", "wholes", "a whole", "whole-", "_whole", "\u00e9whole", "whole dog", "the whole dog.",
    "caf\u00e9", "cafe\u0301", "Caf\u00e9", "Cafe\u0301", "CAF\u00c9", "fox", "foxes", "the fox.", "fox\u0301", "dogs", "a dogs", "dog\u0301s", "[MASK]", "a [MASK] b", "[CLS] a [SEP]",
    "<0x41>", "\u0001", "a\u0001b", "\u200b", "\u200babc", "\u200b abc", "\uff21\uff0c\ufb01", "\u2122\u2460\u00bd", "e\u0301a\u0308A\u030a", "a\u0301", "e\u0301\u0301", "x\u0301\u0301\u0301",
    "\r\n", "a\r\nb", "\r\u0301", "``quoted''", "'''", "```", "(((())))", "....", "!!!???", "a,,b", "1,,2", "\u0e01\u0e33\u0e49", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U00010000\U0010ffff",
    "\u1100\u1161\u11a8", "\uac00\u11a8", "\u0915\u094d\u0937", "\u0600\u0661", "q\u0308\u0323", "\ufdfa", "\u0130\u0131", "\u03a3\u03c2", "\u1e9e\u00df", "\u01c5", "\ufb03", "\u2126\u212a\u212b",
    "ab" * 40, "the " * 30, "zq" * 30, "\u4e2d" * 20, "\u0f71\u0f72\u0f74" * 10, "unknown \u16a0\u16a1 runes \u16a2", "\u16a0\u16a1\u16a2", "\u16a0 \u16a1",
]

# Text that is not UTF-8, each with a well-formed part after it.
BROKEN = ["ff", "80", "c0af", "c3", "c328", "e080", "e08080", "e282", "e28261", "eda080", "edbfbf", "f08080", "f09f98", "f09f9861", "f4908080",
          "f5808080", "fe", "fc80808080", "61c3", "61e2", "e282ace2", "f09f9880f0", "c3a9c3", "00", "6100", "efbfbd", "efbfbe", "f48fbfbf"]


def scrambled(count, seed):
    """Random texts of characters of every kind in which mistakes hide: seldom what anyone writes, often what breaks."""
    rng = random.Random(seed)
    pools = ["aAbBzZ \t\n", "'s't're ", "0123456789", ".,;!?-_()[]", "\u00e9\u00c9\u00df\u00f1\u0130", "\u0300\u0301\u0316\u0323\u0327\u0345", "\u4e2d\u6587\u65e5",
             "\u3042\u30ab\uff76\uff9e", "\ud55c\uad6d\u1112\u1161\u11ab", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0645\u0631\u062d\u0628\u0627\u064e", "\u0e01\u0e33\u0e49",
             "\U0001f600\u200d\u2640\ufe0f\U0001f3fd", "\u200b\u200c\u200e\u00ad\ufeff\u2060", "\u00a0\u2003\u3000\u2028", "\u0000\u0001\u007f\u0085", "\u2581`\"", "\uff21\ufb01\u2122\u2460",
             "\u16a0\u10d0\u0531", "\ue000\U000f0000\ufffd\uffff"]
    words = ["[MASK]", "<mask>", "[SEP]", "<left>", "<right>", "<both>", "whole", "caf\u00e9", "fox", "dog", "the ", " token", "tion", "<0x41>", "##ing"]
    texts = []
    for _ in range(count):
        text = ""
        for _ in range(rng.randint(1, 7)):
            if rng.random() < 0.3:
                text += rng.choice(words)
            else:
                pool = rng.choice(pools)
                text += "".join(rng.choice(pool) for _ in range(rng.randint(1, 5)))
        texts.append(text)
    return texts


def row_of(tokenizer, key, value, text, max_length=None):
    if max_length is not None:
        tokenizer.enable_truncation(max_length)
    encoding = tokenizer.encode(text)
    tokenizer.no_truncation()
    row = {key: value, "ids": encoding.ids}
    if any(encoding.type_ids):
        row["type_ids"] = encoding.type_ids
    if max_length is not None:
        row["max_length"] = max_length
    return row


def golden(tokenizer, texts):
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rows = [row_of(tokenizer, "text", text, text) for text in texts]
    rows += [row_of(tokenizer, "hex", data, bytes.fromhex(data).decode(errors="replace")) for data in BROKEN]
    long = "The quick brown fox jumps over the lazy dog [MASK]. " * 40
    for max_length in (2, 3, 4, 5, 16, 128, 256):
        if max_length >= tokenizer.num_special_tokens_to_add(False):
            rows.append(row_of(tokenizer, "text", long, long, max_length))
    for text in ("a b", "the fox", ""):
        rows.append(row_of(tokenizer, "text", text, text, 4))
    return rows


def write_rows(name, rows):
    with open(os.path.join(GOLDEN, name + ".golden.json"), "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
    print(f"{name}: {len(rows)} strings")


def fnv(text, digest):
    for byte in text.encode():
        digest = (digest ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return digest


def unicode_digests():
    """FNV-1a over the answers for all code points: "1" or "0" for questions, the mapped text and a zero byte for mappings."""
    u = unicode
    punct, split = pre_tokenizers.Punctuation(), pre_tokenizers.WhitespaceSplit()
    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    strip = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    chinese = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=True, strip_accents=False, lowercase=False)
    digits, accents = pre_tokenizers.Digits(individual_digits=True), normalizers.StripAccents()
    letter, number, word = u.matched_by(r"\p{L}"), u.matched_by(r"\p{N}"), u.word_characters()
    questions = {
        "clean_text": lambda c: clean.normalize_str("a" + c + "b") == "ab",
        "punctuation": lambda c: len(punct.pre_tokenize_str("a" + c + "b")) == 3,
        "whitespace": lambda c: not split.pre_tokenize_str(c),
        "combining_mark": lambda c: accents.normalize_str(c) == "",
        "chinese": lambda c: chinese.normalize_str(c) != c,
        "letter": lambda c: ord(c) in letter,
        "number": lambda c: ord(c) in number,
        "numeric": lambda c: len(digits.pre_tokenize_str("a" + c)) == 2,
        "word": lambda c: ord(c) in word,
    }
    mappings = {"nfd_without_marks": strip, "lowercase": normalizers.Lowercase(), "nfd": normalizers.NFD(), "nfkd": normalizers.NFKD(),
                "nfc": normalizers.NFC(), "nfkc": normalizers.NFKC()}
    digests = {}
    for name, ask in questions.items():
        digest = 0xCBF29CE484222325
        for c in u.CODE_POINTS:
            digest = fnv("1" if ask(chr(c)) else "0", digest)
        digests[name] = f"{digest:016x}"
    for name, mapping in mappings.items():
        digest = 0xCBF29CE484222325
        for c in u.CODE_POINTS:
            digest = fnv(mapping.normalize_str(chr(c)) + "\0", digest)
        digests[name] = f"{digest:016x}"
    # Marks in every order: what NFC makes of pairs of marks on a letter.
    marks = [c for c in range(0x300, 0x370)] + [0x5B0, 0x64B, 0x93C, 0x94D, 0xE38, 0xE48, 0xF71, 0xF72, 0x3099, 0x302A, 0x1D165, 0x1D16D, 0x7FD, 0x898, 0x11938]
    for name in ("nfd", "nfc", "nfkc"):
        digest = 0xCBF29CE484222325
        for a in marks:
            for b in marks:
                digest = fnv(mappings[name].normalize_str("a" + chr(a) + chr(b) + "\u30ab" + chr(a)) + "\0", digest)
        digests["pairs_" + name] = f"{digest:016x}"
    digests["marks"] = marks
    return digests


def main():
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    texts = list(dict.fromkeys(hard_strings() + MORE + scrambled(200, 3)))
    for make in MODELS:
        name = make.__name__.replace("_", "-")
        path = os.path.join(GOLDEN, name, "tokenizer.json")
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                json.dump(json.loads(make().to_str()), out, ensure_ascii=False, separators=(",", ":"))
                out.write("\n")
        write_rows(name, golden(Tokenizer.from_file(path), texts))
    if len(sys.argv) == 2:
        write_rows("minilm", golden(Tokenizer.from_file(os.path.join(sys.argv[1], "tokenizer.json")), texts))
    with open(os.path.join(GOLDEN, "unicode.golden.json"), "w", encoding="utf-8") as out:
        json.dump(unicode_digests(), out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()

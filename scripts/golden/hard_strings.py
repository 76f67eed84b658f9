"""Strings that are hard for a tokenizer: every class of characters that its steps treat apart, and their borders."""


def hard_strings():
    strings = [
        "", " ", "  ", "\t", "\n", "\r\n", "a", "A", "é", "É", "ß", "ẞ", "İ", "ı", "ſ", "ǅ", "ŉ", "ﬀ", "ﬃ", "Å", "K", "Ω",
        "hello world", "Hello, World!", "HELLO", "hElLo", "hello  world", " hello", "hello ", "hello\tworld", "hello\nworld",
        "hello\u00a0world", "hello\u2003world", "hello\u3000world", "hello\u2028world", "hello\u2029world", "hello\u0085world",
        "hello\u200bworld", "hello\u200cworld", "hello\u200dworld", "hello\u2060world", "hello\ufeffworld", "hello\u00adworld",
        "hello\u0001world", "hello\u007fworld", "hello\u0080world", "hello\u009fworld", "hello\ufffdworld", "hello\ue000world",
        "hello\U000f0000world", "hello\ufffeworld", "hello\u0378world", "hello\u000bworld", "hello\u000cworld", "\u200e\u200fmarks",
        "\u061carabic letter mark", "\u180emongolian separator", "\u1680ogham space", "hello\u202fworld", "hello\u205fworld",
        # Accents: composed, decomposed, stacked, out of canonical order, alone.
        "café", "cafe\u0301", "na\u0131\u0308ve", "Ångström", "A\u030angstro\u0308m", "e\u0301\u0327", "e\u0327\u0301", "\u0301", "a\u0301\u0301\u0301",
        "\u0344", "ế", "ệ", "Ấ", "ǘ", "ḯ", "ṩ", "s\u0323\u0307", "s\u0307\u0323", "ȭ", "crème brûlée", "señor", "über", "smörgåsbord",
        "façade", "Zoë", "coöperate", "Dvořák", "Łódź", "Đorđe", "Øre", "æon", "Œuvre", "þorn", "ñandú", "ÀÉÎÕÜ", "ΐ", "ΰ", "ᾳ", "ῼ",
        "Ḁ", "q\u0307\u0323", "\u1e9b\u0323", "x\u20d0y", "\u0e01\u0e33", "\u0e33", "\u0eb3",
        # Punctuation, symbols, numbers.
        "don't", "don’t", "it's John's", "rock'n'roll", "a-b", "a—b", "a–b", "a_b", "a.b", "a/b", "a\\b", "a|b", "(a)", "[a]", "{a}", "<a>",
        "a+b=c", "a~b", "a`b", "a^b", "a$b", "a%b", "a&b", "a*b", "a#b", "a@b", '"quoted"', "“quoted”", "«quoted»", "„quoted“", "...", "…", "?!", "‽",
        "¿qué?", "¡hola!", "§ 12", "¶", "†", "•", "·", "‰", "′", "※", "⁂", "€5", "£5", "¥5", "₹5", "₿1", "5°C", "№ 5", "™", "©", "®", "½", "²", "x²", "H₂O",
        "10⁻⁶", "±1", "×", "÷", "≠", "∑", "∞", "√2", "∂x", "→", "⇒", "■", "♥", "☎", "✓", "①", "⑳", "Ⅷ", "㈱", "㎏", "﹏", "。", "、", "「」", "！？",
        "12345", "1,234,567.89", "1e-10", "0x1F", "3.14", "2024-02-29", "12:34:56", "192.168.0.1", "+1 (555) 010-9999", "٣٤٥", "३४५", "１２３",
        "http://example.com/a?b=c#d", "user@example.com", "C++", "C#", "F#", "node.js", "a.k.a.", "U.S.A.", "e.g.", "i.e.,", "Ph.D.",
        # Scripts.
        "中文", "中文字符", "我爱北京天安门", "中a文b", "a中b", "中 文", "㐀㐁", "𠀀𠀁", "豈", "丽", "⼀", "々", "〇", "〆", "日本語", "ひらがな", "カタカナ", "ｶﾀｶﾅ", "がぎぐ", "か\u3099",
        "パピプ", "한국어", "한", "ㅎㅏㄴ", "각", "안녕하세요 세계", "ไทย", "ภาษาไทย", "ລາວ", "မြန်မာ", "ខ្មែរ", "བོད་", "हिन्दी", "नमस्ते", "क़", "ড়", "தமிழ்", "తెలుగు",
        "ಕನ್ನಡ", "മലയാളം", "සිංහල", "বাংলা", "ગુજરાતી", "ਪੰਜਾਬੀ", "العربية", "مَرْحَبًا", "ﻻ", "فارسی", "اردو", "עברית", "שָׁלוֹם", "שׁ", "ελληνικά", "Ὀδυσσεύς",
        "ΣΊΣΥΦΟΣ", "русский", "РУССКИЙ", "ёлка", "Ёлка", "йод", "Й", "українська", "ქართული", "ᲥᲐᲠᲗᲣᲚᲘ", "Հայերեն", "և", "አማርኛ", "ᏣᎳᎩ", "ꭰ", "ᓄᓇᕗᑦ", "𐐀𐐨", "𝓗𝓮𝓵𝓵𝓸",
        "𝟙𝟚𝟛", "Ｆｕｌｌ Ｗｉｄｔｈ", "Tiếng Việt", "Türkçe İstanbul Iğdır", "Ĳssel", "ŀ", "Ǆ", "ⓐⓑⓒ", "🅰🅱",
        # Emoji: alone, with modifiers, joined, flags, keycaps.
        "😀", "😀😃", "hello😀world", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "🇩🇪🇫🇷", "1️⃣", "❤️", "❤", "☺️", "🤷🏻‍♀️", "🧑‍💻", "⌚", "🀄", "🫠",
        # Word pieces: long words, unknown ones, continuations.
        "unaffable", "unbelievably", "tokenization", "embeddings", "antidisestablishmentarianism", "Pneumonoultramicroscopicsilicovolcanoconiosis",
        "Donaudampfschifffahrtsgesellschaft", "asdfghjklqwertyuiop", "zzzzzzzzzz", "xqzjkv", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "##ing", "##", "# #ing", "a##b", "x" * 99, "x" * 100, "x" * 101, "é" * 100, "é" * 101, "中" * 101, "\u0301" * 120, "a" + "\u0301" * 120,
        "word " * 20, "ab" * 50, "ab" * 50 + "c", "ﷺ", "ﷺ" * 8, "\U0001f600" * 101, "1" * 100, "1" * 101,
        # Special tokens in the text, whole, cut, glued and in other cases.
        "[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[cls]", "[ CLS ]", "[CLS", "CLS]", "[[CLS]]", "a[SEP]b", "[MASK][MASK]", "the [MASK] sat", " [MASK] ",
        "[MASK].", "[unused0]", "[unused1] x", "<s>", "</s>", "<mask>",
        # Mixed.
        "The quick brown fox jumps over the lazy dog.", "I’m 100% sure: it’s naïve—really!", "price: $1,299.99 (incl. 19% VAT)",
        "def f(x):\n    return x ** 2  # square", "<p class=\"x\">text &amp; more</p>", "SELECT * FROM t WHERE a >= 1;", "x→y, α≤β ∀ε>0", "C'est l'été à Paris, n'est-ce pas ?",
        "Straße in Köln: 3,5 km", "東京2020オリンピック", "iPhone15とMacBookPro", "e=mc²", "a\u0300\u0316\u0301b", "한국어와 English 그리고 123", "\ud7a3\u11a8",
    ]
    # Characters around the borders of the Chinese blocks, which are set apart by spaces.
    borders = [0x33FF, 0x3400, 0x4DBF, 0x4DC0, 0x4E00, 0x9FFF, 0xA000, 0xF8FF, 0xF900, 0xFAFF, 0xFB00, 0x1FFFF, 0x20000, 0x2A6DF,
               0x2A6E0, 0x2A700, 0x2B73F, 0x2B740, 0x2B81F, 0x2B820, 0x2B920, 0x2CEAF, 0x2CEB0, 0x2F7FF, 0x2F800, 0x2FA1F, 0x2FA20]
    strings += [f"a{chr(point)}b" for point in borders]
    # ASCII's own borders of punctuation.
    strings += [f"a{chr(point)}b" for point in (0x20, 0x21, 0x2F, 0x30, 0x39, 0x3A, 0x40, 0x41, 0x5A, 0x5B, 0x60, 0x61, 0x7A, 0x7B, 0x7E)]
    return list(dict.fromkeys(strings))

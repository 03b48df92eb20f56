"""Writes bytes.txt (`python3 make.py > bytes.txt`): texts of texts.txt in the encodings that such texts are found in, by
Python's codecs.
"""

import base64

WIDE = "utf-16-le utf-16-be utf-32-le utf-32-be"
WESTERN = "cp1252 iso8859-15 cp850 cp437 mac-roman"
CENTRAL = "cp1250 iso8859-2 cp852 mac-latin2"
CYRILLIC = "cp1251 koi8-r iso8859-5 cp866 mac-cyrillic cp855 gbk euc-kr"
FOUND_IN = {
    "de": WESTERN, "fr": WESTERN + " cp863", "es": WESTERN, "it": WESTERN, "sv": WESTERN, "fi": WESTERN, "nl": WESTERN,
    "pt": "cp1252 iso8859-1 cp850 cp860 mac-roman", "da": "cp1252 iso8859-1 cp850 cp865 mac-roman",
    "is": "cp1252 iso8859-1 cp850 cp861 mac-iceland", "et": "cp1257 cp775",
    "pl": CENTRAL, "cs": CENTRAL, "hu": CENTRAL, "ro": CENTRAL, "hr": CENTRAL,
    "tr": "cp1254 iso8859-9 cp857 mac-turkish", "lt": "cp1257 iso8859-13 cp775", "lv": "cp1257 iso8859-13 cp775",
    "ru": CYRILLIC, "bg": CYRILLIC, "sr": "cp1251 iso8859-5 mac-cyrillic cp855",
    "uk": "cp1251 koi8-u iso8859-5 mac-cyrillic cp1125",
    "el": "cp1253 iso8859-7 cp737 cp869 mac-greek", "he": "cp1255 iso8859-8 cp862", "ar": "cp1256 iso8859-6 cp720",
    "th": "cp874 tis-620", "ja": "cp932 shift_jis euc-jp iso-2022-jp", "zh": "gbk gb2312 gb18030", "zh-tw": "big5 cp950",
    "ko": "euc-kr cp949 iso-2022-kr",
}

def rows():
    for line in open("texts.txt", encoding="utf-8"):
        language, text = line.rstrip("\n").split("\t")
        for encoding in (FOUND_IN.get(language, "") + " " + WIDE).split():
            shorter = text[: text.find(" ", 24)] if " " in text[24:] else text[:12]
            for length, it in (("long", text + "\n"), ("short", shorter + "\n")):
                try:
                    encoded = it.encode(encoding)
                except UnicodeEncodeError:
                    continue
                if encoded != it.encode():
                    yield language, length, encoding, base64.b64encode(encoded).decode()


if __name__ == "__main__":
    for row in rows():
        print(*row, sep="\t")

#!/usr/bin/env python3
"""Makes a pair of texts that takes long to compare.

    hostile.py KIND MB FOLDER

The pair is FOLDER/a.EXT and FOLDER/b.EXT, each of about so many MB. Kinds are below.
"""

import random
import sys


def letters(n, of):
    return random.choices(of, k=n)


def edited(items, share, of):
    items = list(items)
    for _ in range(max(1, int(len(items) * share))):
        items[random.randrange(len(items))] = random.choice(of)
    return items


def around(before, after, of):
    """The same before and after each of letters by chance, on both sides others."""
    width = len(before) + 1 + len(after)

    def pair(n):
        return tuple("".join(before + x + after for x in letters(n // width, of)) for _ in "ab")

    return pair


def within(start, pair):
    return lambda n: tuple(start + side for side in pair(n))


def signs(n):
    a = letters(n, ".,;:!?")
    return "".join(a), "".join(edited(a, 0.01, ".,;:"))


def paragraphs(n):
    pair = around("", " ", "abcd")(n)
    return tuple("\n\n".join(side[k : k + 78].strip() for k in range(0, n, 78)) for side in pair)


def words(n):
    vocabulary = ["".join(letters(random.randint(2, 9), "abcdefghijklmnopqrstuvwxyz")) for _ in range(50000)]
    rare = [int(50000 ** random.random()) - 1 for _ in range(n * 10 // 66)]
    return [vocabulary[i] for i in rare], vocabulary


def prose(words):
    return "\n\n".join(" ".join(words[k : k + 80]) + "." for k in range(0, len(words), 80))


def prose_edited(n):
    a, vocabulary = words(n)
    return prose(a), prose(edited(a, 0.01, vocabulary))


def lines_in_another_order(n):
    vocabulary = words(0)[1][:5000]
    lines = [" ".join(letters(8, vocabulary)) for _ in range(n // 53)]
    return "\n".join(lines), "\n".join(random.sample(lines, len(lines)))


KINDS = {
    "lines": ("txt", around("", "\n", "abcd")),
    "lines-blank": ("txt", around("", "\n\n", "abcd")),
    "lines-pre": ("html", within("<pre>", around("", "\n", "abcd"))),
    "words": ("txt", around("", " ", "abcd")),
    "words-26": ("txt", around("", " ", "abcdefghijklmnopqrstuvwxyz")),
    "paragraphs": ("txt", paragraphs),
    "signs-edited": ("txt", signs),
    "quotes": ("md", lambda n: (">" * (n // 2) + "\n" + "> " * (n // 4), "> " * (n // 2))),
    "html-p": ("html", around("<p>", "", "abcd")),
    "html-headings": ("html", around("<h1>", "", "abcd")),
    "html-rows": ("html", within("<table>", around("<tr><td>", "", "abcd"))),
    "prose-edited": ("txt", prose_edited),
    "lines-ordered": ("txt", lines_in_another_order),
}


def main():
    kind, size, folder = sys.argv[1:]
    random.seed(1)
    ending, pair = KINDS[kind]
    for name, text in zip("ab", pair(int(float(size) * 1e6))):
        with open(f"{folder}/{name}.{ending}", "w", encoding="utf-8", newline="") as file:
            file.write(text)


if __name__ == "__main__":
    main()

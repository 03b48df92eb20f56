#!/usr/bin/env python3
"""Makes pairs of texts whose difference is known, from a folder of real texts.

    make.py FOLDER OUT [SEED [PAIRS_PER_KIND]]

Each pair is OUT/NAME.a.txt, OUT/NAME.b.txt and a line in OUT/truth.jsonl: its kind, the words that went and
that came (as they stand in the texts, split at white space), and how many paragraphs moved. Paragraphs of the
sources are taken as they are; words that replace others come from the same folder.
"""

import json
import pathlib
import random
import re
import sys
import textwrap
import unicodedata

KINDS = {}


def kind(function):
    KINDS[function.__name__] = function
    return function


def paragraphs_of(text):
    """Paragraphs by blank lines or indent, wrapped or not."""
    text = text.replace("\r\n", "\n")
    for part in re.split(r"\n\s*\n|\n(?= {2,}\S)", text):
        words = part.split()
        if 12 <= len(words) <= 150 and part.strip()[:1].isalpha() and words[-1][-1] in ".:;!?。":
            if not re.search(r"[|<>{}\t#*_\[\]]", part):
                yield words


class Source:
    """Real paragraphs and words to draw from."""

    def __init__(self, folder, rng):
        self.rng = rng
        self.documents = []
        files = sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())
        rng.shuffle(files)
        for path in files[:3000]:
            try:
                found = list(paragraphs_of(path.read_text()))
            except UnicodeDecodeError:
                continue
            unique = {tuple(words): words for words in found}
            if len(unique) >= 5:
                self.documents.append(list(unique.values()))
        self.words = sorted({word for document in self.documents for p in document for word in p if word.isalpha()})

    def document(self, n):
        """`n` paragraphs in a row of one document, or fewer."""
        document = self.rng.choice([d for d in self.documents if len(d) >= min(n, 5)])
        start = self.rng.randrange(max(1, len(document) - n + 1))
        return [list(words) for words in document[start:start + n]]

    def word(self):
        return self.rng.choice(self.words)


class Pair:
    """Two texts as paragraphs of words, and what is different."""

    def __init__(self, a, b, gone=(), come=(), moved=0, form=None, form_b=None):
        self.a, self.b, self.gone, self.come = a, b, list(gone), list(come)
        self.moved = moved
        self.form = form or plain
        self.form_b = form_b or self.form


def plain(paragraphs):
    return "\n\n".join(" ".join(words) for words in paragraphs) + "\n"


def wrapped(width):
    return lambda paragraphs: "\n\n".join(textwrap.fill(" ".join(words), width) for words in paragraphs) + "\n"


def wire(paragraphs):
    fill = lambda words: textwrap.fill(" ".join(words), 60, initial_indent="    ")
    return "\n".join(fill(words) for words in paragraphs) + "\n Reuter\n"


def by_length(paragraphs):
    return "\n".join(textwrap.fill(" ".join(words), 70) for words in paragraphs) + "\n"


def listed(paragraphs):
    return "\n".join(f"- {' '.join(words)}" for words in paragraphs) + "\n"


def numbered(paragraphs):
    return "\n".join(textwrap.fill(f"({n}) {' '.join(words)}", 72) for n, words in enumerate(paragraphs, 1)) + "\n"


def table(paragraphs):
    return "\n".join("\t".join(words) for words in paragraphs) + "\n"


def any_form(rng):
    return rng.choice([plain, wrapped(72), wrapped(60), wire])


def edit(source, words, share, pair):
    """Replaces a share of the words, each by another one."""
    rng, words = source.rng, list(words)
    n = max(1, round(len(words) * share))
    for i in rng.sample(range(len(words)), n):
        new = source.word()
        while new == words[i] or new in words:
            new = source.word()
        pair.gone.append(words[i])
        pair.come.append(new)
        words[i] = new
    return words


def copy(paragraphs):
    return [list(words) for words in paragraphs]


@kind
def words(source):
    """A few words replaced, taken out or put in."""
    rng = source.rng
    a = source.document(12)
    pair = Pair(a, copy(a), form=any_form(rng))
    for p in rng.sample(range(len(a)), min(3, len(a))):
        i = rng.randrange(1, len(a[p]) - 2)
        match rng.randrange(3):
            case 0:
                pair.b[p] = edit(source, pair.b[p], 0.01, pair)
            case 1:
                pair.gone.append(pair.b[p].pop(i))
            case 2:
                new = [source.word() for _ in range(rng.randrange(1, 6))]
                pair.come += new
                pair.b[p][i:i] = new
    return pair


def moved(source, share, n_words=None, form=None):
    rng = source.rng
    a = source.document(10)
    i = rng.randrange(len(a))
    if n_words:
        a[i] = a[i][:n_words]
    pair = Pair(a, copy(a), moved=1, form=form or any_form(rng))
    it = pair.b.pop(i)
    if share:
        it = edit(source, it, share, pair)
    to = rng.choice([to for to in range(len(a)) if abs(to - i) >= 2])
    pair.b.insert(to, it)
    return pair


@kind
def move(source):
    return moved(source, 0)


@kind
def move_edited_10(source):
    return moved(source, 0.1)


@kind
def move_edited_25(source):
    return moved(source, 0.25)


@kind
def move_edited_40(source):
    return moved(source, 0.4)


@kind
def move_short_edited(source):
    n = source.rng.randrange(4, 9)
    return moved(source, 1 / n, n)


@kind
def move_short(source):
    return moved(source, 0, source.rng.randrange(4, 8))


@kind
def move_wire(source):
    return moved(source, source.rng.choice([0, 0.1]), form=wire)


@kind
def move_block(source):
    """Three paragraphs in a row moved."""
    a = source.document(12)
    n = len(a)
    i = source.rng.randrange(n - 4) if n > 4 else 0
    pair = Pair(a, copy(a), moved=min(3, n - i), form=any_form(source.rng))
    pair.b = pair.b[:i] + pair.b[i + 3:] + pair.b[i:i + 3]
    if n - i - 3 < 4:
        pair.b = pair.b[-3:] + pair.b[:-3] if i > 3 else pair.b
    return pair


@kind
def half(source):
    """A stretch of 30 to 50 % of a paragraph replaced."""
    rng = source.rng
    a = source.document(9)
    pair = Pair(a, copy(a), form=any_form(rng))
    p = rng.randrange(len(a))
    n = round(len(a[p]) * rng.uniform(0.3, 0.5))
    i = rng.choice([0, len(a[p]) - n, rng.randrange(len(a[p]) - n)])
    new = rng.choice([q for q in rng.choice(source.documents)])[:rng.randrange(5, 40)]
    pair.gone += a[p][i:i + n]
    pair.come += new
    pair.b[p][i:i + n] = new
    return pair


@kind
def scattered(source):
    """40 to 60 % of the words of a paragraph replaced, in place."""
    rng = source.rng
    a = source.document(9)
    pair = Pair(a, copy(a), form=any_form(rng))
    p = rng.randrange(len(a))
    pair.b[p] = edit(source, pair.b[p], rng.uniform(0.4, 0.6), pair)
    return pair


@kind
def paragraphs(source):
    """A paragraph came, another went."""
    rng = source.rng
    a = source.document(10)
    pair = Pair(a, copy(a), form=any_form(rng))
    gone, to = rng.sample(range(len(a)), 2)
    new = rng.choice(rng.choice(source.documents))
    pair.gone, pair.come = list(a[gone]), list(new)
    pair.b[to:to] = [list(new)]
    pair.b.remove(a[gone])
    return pair


@kind
def replaced(source):
    """A paragraph replaced by another one about something else."""
    rng = source.rng
    a = source.document(9)
    pair = Pair(a, copy(a), form=any_form(rng))
    p = rng.randrange(len(a))
    pair.b[p] = list(rng.choice(rng.choice(source.documents)))
    pair.gone, pair.come = list(a[p]), list(pair.b[p])
    return pair


def sentence_end(words):
    ends = [i for i, w in enumerate(words[:-4], 1) if i >= 5 and w.endswith(".") and words[i][0].isupper()]
    return ends or [len(words) // 2]


@kind
def split(source):
    rng = source.rng
    a = source.document(9)
    pair = Pair(a, copy(a), form=any_form(rng))
    p = max(range(len(a)), key=lambda p: len(a[p]))
    at = rng.choice(sentence_end(a[p]))
    if rng.random() < 0.4:
        pair.b[p] = edit(source, pair.b[p], 0.03, pair)
    pair.b[p:p + 1] = [pair.b[p][:at], pair.b[p][at:]]
    return pair


@kind
def merge(source):
    pair = split(source)
    return Pair(pair.b, pair.a, pair.come, pair.gone, form=pair.form)


@kind
def sentence_moved(source):
    """A sentence went from one paragraph to another."""
    rng = source.rng
    a = source.document(9)
    pair = Pair(a, copy(a), form=any_form(rng), moved=1)
    p = max(range(len(a)), key=lambda p: len(a[p]))
    at = rng.choice(sentence_end(a[p]))
    q = rng.choice([q for q in range(len(a)) if q != p])
    pair.b[q] = pair.b[q] + pair.b[p][at:]
    pair.b[p] = pair.b[p][:at]
    return pair


@kind
def wire_words(source):
    pair = words(source)
    pair.form = pair.form_b = wire
    return pair


@kind
def by_length_words(source):
    pair = words(source)
    pair.form = pair.form_b = by_length
    return pair


def short_items(source, n):
    rng = source.rng
    items = []
    for paragraph in source.document(n):
        k = rng.randrange(2, 9)
        items.append(paragraph[:k])
    return [list(it) for it in dict.fromkeys(map(tuple, items))]


@kind
def list_edit(source):
    rng = source.rng
    a = short_items(source, 12)
    pair = Pair(a, copy(a), form=rng.choice([listed, by_length]))
    p, gone = rng.sample(range(len(a)), 2)
    if len(a[p]) > 3:
        pair.b[p] = edit(source, a[p], 0.01, pair)
    new = [source.word() for _ in range(3)]
    pair.come += new
    pair.gone += a[gone]
    del pair.b[gone]
    pair.b.insert(rng.randrange(len(pair.b)), new)
    return pair


@kind
def list_move(source):
    rng = source.rng
    a = short_items(source, 10)
    pair = Pair(a, copy(a), moved=1, form=listed)
    i = rng.randrange(len(a))
    it = pair.b.pop(i)
    to = rng.choice([to for to in range(len(a)) if abs(to - i) >= 2])
    pair.b.insert(to, it)
    return pair


@kind
def list_long_edit(source):
    pair = words(source)
    pair.form = pair.form_b = source.rng.choice([listed, numbered])
    return pair


@kind
def table_cells(source):
    rng = source.rng
    word = lambda: source.word()
    a = [[word(), str(rng.randrange(1, 999)), word(), str(rng.randrange(1, 9999))] for _ in range(12)]
    pair = Pair(a, copy(a), form=table)
    for p in rng.sample(range(12), 2):
        new = str(rng.randrange(10000, 20000))
        pair.gone.append(a[p][3])
        pair.come.append(new)
        pair.b[p][3] = new
    row = rng.choice([p for p in range(12) if pair.b[p] == a[p]])
    pair.gone += a[row]
    del pair.b[row]
    return pair


@kind
def identical(source):
    """One of several identical paragraphs went, and another paragraph was edited."""
    rng = source.rng
    a = source.document(6)
    note = rng.choice(rng.choice(source.documents))[:rng.randrange(4, 14)]
    a = [it for p in a for it in (p, list(note))]
    pair = Pair(a, copy(a), form=any_form(rng))
    p = 2 * rng.randrange(len(a) // 2)
    pair.b[p] = edit(source, a[p], 0.05, pair)
    gone = 2 * rng.randrange(len(a) // 2) + 1
    pair.gone += note
    del pair.b[gone]
    return pair


@kind
def headed_sections(source):
    """Sections with headings, one moved as a whole."""
    rng = source.rng
    a = source.document(9)
    sections = [[["##", *(source.word().capitalize() for _ in range(3))], *a[i:i + 3]] for i in (0, 3, 6)]
    sections = [it for it in sections if len(it) > 1]
    flat = lambda sections: [list(p) for section in sections for p in section]
    order = sections[1:] + sections[:1]
    return Pair(flat(sections), flat(order), moved=len(sections[0]))


# Nothing changed.
@kind
def same_rewrapped(source):
    a = source.document(9)
    forms = source.rng.sample([plain, wrapped(72), wrapped(50), wire], 2)
    if wire in forms:
        a.append(["Reuter"])
    tail = lambda form: (lambda p: wire(p[:-1])) if form is wire else form
    return Pair(a, copy(a), form=tail(forms[0]), form_b=tail(forms[1]))


@kind
def same_spaces(source):
    a = source.document(9)
    return Pair(a, copy(a), form=plain, form_b=lambda p: "\n\n\n".join("  ".join(words) for words in p) + "\n")


@kind
def same_decomposed(source):
    a = source.document(9)
    a = [[word.replace("e", "é").replace("o", "ö") if i % 4 == 0 else word for i, word in enumerate(p)] for p in a]
    return Pair(a, copy(a), form_b=lambda p: unicodedata.normalize("NFD", plain(p)))


@kind
def same_hyphens(source):
    a = source.document(9)
    soft = lambda word: word[:3] + source.rng.choice(["\u00ad", "\u200b"]) + word[3:] if len(word) > 6 else word
    return Pair(a, copy(a), form_b=lambda p: plain([[soft(word) for word in words] for words in p]))


@kind
def same_line_ends(source):
    a = source.document(9)
    form = any_form(source.rng)
    return Pair(a, copy(a), form=form, form_b=lambda p: form(p).replace("\n", "\r\n"))


def main():
    folder, out = sys.argv[1], pathlib.Path(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    n_pairs = int(sys.argv[4]) if len(sys.argv) > 4 else 8
    rng = random.Random(seed)
    source = Source(folder, rng)
    out.mkdir(parents=True, exist_ok=True)
    with (out / "truth.jsonl").open("w") as truth:
        for name, make in KINDS.items():
            for i in range(n_pairs):
                pair = make(source)
                stem = f"{name}-{i}"
                (out / f"{stem}.a.txt").write_text(pair.form(pair.a), newline="")
                (out / f"{stem}.b.txt").write_text(pair.form_b(pair.b), newline="")
                line = {"name": stem, "kind": name, "gone": pair.gone, "come": pair.come, "moved": pair.moved}
                truth.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()

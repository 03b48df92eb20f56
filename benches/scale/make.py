"""Makes short documents: python3 make.py FOLDER [DOCUMENTS]

400,000 unless told otherwise, and 1,010 more to be added afterwards, of 40 to 120 words each. Words are made of syllables and
come as often as words of a language do (Zipf); a tenth of each document is of a few words of its own, as texts are
about something. Every fifth document is a near-copy of an earlier one, with a twentieth of its words others.
FOLDER/parts/0 and so on hold a quarter each, FOLDER/more what is added one by one and then together. The same
arguments give the same bytes.
"""

import itertools
import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from invented_words import vocabulary  # noqa: E402

VOCABULARY = 100_000
PARTS = 4
ONE_BY_ONE = 10
TOGETHER = 1_000


class Texts:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.words = vocabulary(self.rng, VOCABULARY)
        self.weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(self.words))))
        self.made = []

    def next(self):
        rng = self.rng
        if self.made and rng.random() < 0.2:
            text = list(rng.choice(self.made))
            for at in rng.sample(range(len(text)), max(1, len(text) // 20)):
                text[at] = rng.choice(self.words)
        else:
            text = rng.choices(self.words, cum_weights=self.weights, k=rng.randint(40, 120))
            own = rng.choices(self.words, k=4)
            for at in rng.sample(range(len(text)), len(text) // 10):
                text[at] = rng.choice(own)
        self.made.append(tuple(text))
        return written(text)


def written(text):
    """Twelve words to a sentence, two sentences to a line."""
    sentences = [" ".join(text[at : at + 12]).capitalize() + "." for at in range(0, len(text), 12)]
    lines = [" ".join(sentences[at : at + 2]) for at in range(0, len(sentences), 2)]
    return "\n".join(lines) + "\n"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def main():
    folder = sys.argv[1]
    n_documents = int(sys.argv[2]) if len(sys.argv) > 2 else 400_000
    texts = Texts(20260304)
    n_part = n_documents // PARTS
    for n in range(n_part * PARTS):
        part, within = divmod(n, n_part)
        write(f"{folder}/parts/{part}/{within // 500:03}/{within % 500:03}.txt", texts.next())
    for n in range(ONE_BY_ONE):
        write(f"{folder}/more/one-{n}.txt", texts.next())
    for n in range(TOGETHER):
        write(f"{folder}/more/together/{n:03}.txt", texts.next())


main()

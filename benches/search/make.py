"""Makes documents for search: python3 make.py FOLDER [DOCUMENTS] [BYTES]

100,000 documents of 5,000 bytes unless told otherwise. Words are made of syllables and come as often as words of a
language do (Zipf); a fifth of each document is of a few words of its own, as texts are about something.
"""

import itertools
import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from invented_words import vocabulary  # noqa: E402

VOCABULARY = 200_000


def text(rng, words, weights, n_bytes):
    own = rng.choices(words, k=24)
    size, lines, sentence = 0, [], []
    pool = iter(rng.choices(words, cum_weights=weights, k=n_bytes // 4))
    while size < n_bytes:
        n = rng.randint(6, 24)
        sentence = [w if rng.random() < 0.8 else rng.choice(own) for w in itertools.islice(pool, n)]
        if not sentence:
            break
        sentence = " ".join(sentence)
        sentence = sentence[:1].upper() + sentence[1:] + rng.choice([".", ".", ".", "?", ",", ":"])
        end = "\n\n" if rng.random() < 0.2 else "\n" if rng.random() < 0.2 else " "
        lines.append(sentence + end)
        size += len(sentence) + len(end)
    return "".join(lines)


def main():
    folder = sys.argv[1]
    n_documents = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    n_bytes = int(sys.argv[3]) if len(sys.argv) > 3 else 5_000
    rng = random.Random(20260304)
    words = vocabulary(rng, VOCABULARY)
    weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    for n in range(n_documents):
        place = os.path.join(folder, f"{n // 1000:03}")
        os.makedirs(place, exist_ok=True)
        name = "-".join(rng.choices(words, k=2))
        with open(os.path.join(place, f"{name}-{n % 1000:03}.txt"), "w") as file:
            file.write(text(rng, words, weights, int(n_bytes * rng.uniform(0.2, 1.8))))


main()

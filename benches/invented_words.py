"""Words that no language has, which come as often as those of one: for benchmarks that make their own texts."""

SYLLABLES = [a + b for a in "bdfghklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an", "er", "in", "st")]
COMMON = "the of to and a in for is on that by this with i you it not or be are from at as your all have".split()


def vocabulary(rng, n_words):
    """So many distinct words, the common ones first."""
    words, seen = list(COMMON), set(COMMON)
    while len(words) < n_words:
        # Frequent words are short.
        n = 2 + (len(words) > 2_000) + (len(words) > 60_000 and rng.random() < 0.5)
        word = "".join(rng.choice(SYLLABLES) for _ in range(n))
        if word not in seen:
            seen.add(word)
            words.append(word)
    return words

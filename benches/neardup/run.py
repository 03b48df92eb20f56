"""Quality of near-duplicate detection: `archive dups --near` beside datasketch and rensa.

    python3 run.py OUT --bin ARCHIVE [--tools archive,datasketch,rensa] [--sets pages,noise5,plain]

OUT is what make.py wrote. Settings are tuned on the development half, rows are of the test half.
"""
import argparse, collections, dataclasses, functools, itertools, json, math, os, pathlib, re, resource, shlex
import subprocess, sys, tempfile, time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETS = ("pages", "noise2", "noise5", "noise10", "plain")
TOOLS = ("archive", "datasketch", "rensa")
CANDIDATES = "cargo bench --manifest-path benches/Cargo.toml --bench neardup -- candidates {store}"
SEED = 1

N_COMMON, COMMON_SIZE, COMMON_THRESHOLD = 128, 3, 0.8
RENSA_BANDS = 16  # rensa's LSH does not derive bands from a threshold
BANDINGS = ((32, 4), (64, 2), (128, 2), (128, 1), (256, 1))  # bands, rows
SHINGLE_SIZES = (2, 3, 5)
BUCKET_MAX = 200  # larger buckets are passed over
THRESHOLDS = np.arange(1, 200) / 200
MINIMA = [n / 20 for n in range(2, 17)]  # 0.1 to 0.8

PLAIN_MINIMA = (0.5, 0.8)
SHORT = 50  # words; two texts below it are compared by word pairs as well
N_SHOWN = 5  # mismatches
ROUNDING = 1e-9


# Texts.

@dataclasses.dataclass
class Texts:
    """The documents of one set in the order of their paths."""
    folder: pathlib.Path
    paths: list
    labels: np.ndarray
    words: list
    seconds: float

    def __len__(self):
        return len(self.paths)

    @functools.cached_property
    def at(self):
        """Where each path lies in the order."""
        return {path: n for n, path in enumerate(self.paths)}

    @functools.cached_property
    def true_pairs(self):
        """The pairs of documents that have one label."""
        by_label = collections.defaultdict(list)
        for n, label in enumerate(self.labels):
            by_label[label].append(n)
        pairs = [pair for group in by_label.values() for pair in itertools.combinations(group, 2)]
        return encoded(pairs, len(self))


def read_set(out, half, kind):
    """A labelled set with the words of its texts."""
    folder = out / half / kind
    lines = (out / half / f"{kind}.labels.tsv").read_text().splitlines()
    paths, labels = zip(*(line.split("\t") for line in lines))
    start = time.process_time()
    words = [re.findall(r"\w+", (folder / path).read_text().lower()) for path in paths]
    return Texts(folder, list(paths), np.array(labels, dtype=int), words, time.process_time() - start)


# Pairs are numbers: the first document times the count of documents, plus the second; sorted, each once.

def encoded(pairs, n):
    """Pairs as numbers."""
    two = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    two.sort(axis=1)
    return distinct([two[:, 0] * n + two[:, 1]])


def distinct(lists):
    """All pairs of some lists; np.unique takes ten times as long on millions of numbers."""
    ordered = np.sort(np.concatenate(lists))
    return ordered[np.diff(ordered, prepend=-1) != 0]


def shared(a, b):
    """How many pairs are in both."""
    return len(np.intersect1d(a, b, assume_unique=True))


# Measures.

def ratio(part, whole):
    """A share; of nothing it is 0."""
    return part / whole if whole else 0.0


def precision_recall_f1(found, true):
    """How well found pairs meet the true ones."""
    hits = shared(found, true)
    precision, recall = ratio(hits, len(found)), ratio(hits, len(true))
    return precision, recall, ratio(2 * hits, len(found) + len(true))


def adjusted_rand(a, b):
    """The adjusted Rand index of two partitions, out of their contingency table."""
    a, b = np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]
    n_pairs = lambda counts: int((counts * (counts - 1) // 2).sum())
    cells = n_pairs(np.unique(a * (b.max() + 1) + b, return_counts=True)[1])
    rows, columns = n_pairs(np.bincount(a)), n_pairs(np.bincount(b))
    expected = rows * columns / math.comb(len(a), 2)
    highest = (rows + columns) / 2
    return 1.0 if highest == expected else (cells - expected) / (highest - expected)


def components(pairs, n):
    """The connected component of each document, named by one of its members."""
    parents = list(range(n))

    def root(x):
        while parents[x] != x:
            parents[x] = x = parents[parents[x]]
        return x

    for a, b in zip((pairs // n).tolist(), (pairs % n).tolist()):
        parents[root(a)] = root(b)
    return np.array([root(x) for x in range(n)])


def row(texts, tool, settings, candidates, pairs, groups, read_seconds, seconds):
    """One line of the table; unknown candidates are None."""
    precision, recall, f1 = precision_recall_f1(pairs, texts.true_pairs)
    known = candidates is not None
    return [
        texts.folder.name, tool, settings,
        f"{ratio(shared(candidates, texts.true_pairs), len(texts.true_pairs)):.3f}" if known else "-",
        f"{len(candidates) / len(texts):.1f}" if known else "-",
        f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", f"{adjusted_rand(texts.labels, groups):.3f}",
        f"{read_seconds:.1f}", f"{seconds:.1f}",
    ]


# Shingles and exact resemblance.

class Shingles:
    """The distinct runs of `size` words of each text, as strings and as numbers."""

    def __init__(self, texts, size):
        self.strings = [shingles_of(words, size) for words in texts.words]
        numbers = collections.defaultdict(itertools.count().__next__)
        self.ids = [np.array([numbers[s] for s in strings], dtype=np.int64) for strings in self.strings]
        self.n_distinct = len(numbers)

    def jaccard(self, pairs):
        """Shared shingles over all shingles of both texts, for each pair."""
        n, scores = len(self.ids), np.zeros(len(pairs))
        sizes = np.array([len(ids) for ids in self.ids])
        marked = np.zeros(self.n_distinct, dtype=bool)
        firsts, starts = np.unique(pairs // n, return_index=True)
        for first, start, end in zip(firsts, starts, [*starts[1:], len(pairs)]):
            seconds = pairs[start:end] % n
            marked[self.ids[first]] = True
            both = self.n_marked(seconds, sizes, marked)
            marked[self.ids[first]] = False
            scores[start:end] = both / np.maximum(1, sizes[first] + sizes[seconds] - both)
        return scores

    def n_marked(self, documents, sizes, marked):
        """How many shingles of each document are marked."""
        hits = marked[np.concatenate([self.ids[n] for n in documents])]
        sums = np.concatenate([[0], np.cumsum(hits)])
        ends = np.cumsum(sizes[documents])
        return sums[ends] - sums[ends - sizes[documents]]


def shingles_of(words, size):
    """Distinct runs of words; a text that is shorter is one run."""
    runs = (" ".join(words[i:i + size]) for i in range(max(1, len(words) - size + 1)))
    return list(dict.fromkeys(runs)) if words else []


# Peers.

class Datasketch:
    """MinHash and MinHashLSH of datasketch."""
    name = "datasketch"

    def __init__(self):
        import datasketch
        self.library = datasketch

    def sketches(self, strings, n_permutations):
        """The sketch of each text."""
        encoded_strings = ([s.encode() for s in each] for each in strings)
        return self.library.MinHash.bulk(encoded_strings, num_perm=n_permutations, seed=SEED)

    def signatures(self, strings, n_permutations):
        """A line of minima for each text."""
        return np.array([sketch.hashvalues for sketch in self.sketches(strings, n_permutations)])

    def reported(self, strings):
        """Pairs that the library's own LSH reports, and its bands."""
        index = self.library.MinHashLSH(threshold=COMMON_THRESHOLD, num_perm=N_COMMON)
        sketches = self.sketches(strings, N_COMMON)
        for n, sketch in enumerate(sketches):
            index.insert(n, sketch)
        pairs = [(n, m) for n, sketch in enumerate(sketches) for m in index.query(sketch) if m > n]
        return encoded(pairs, len(strings)), f"{index.b}x{index.r}"


class Rensa:
    """RMinHash and RMinHashLSH of rensa."""
    name = "rensa"

    def __init__(self):
        import rensa
        self.library = rensa

    def signatures(self, strings, n_permutations):
        """A line of minima for each text."""
        return np.array(self.library.RMinHash.digests_from_token_sets(strings, n_permutations, SEED))

    def reported(self, strings):
        """Pairs that the library's own LSH reports, and its bands."""
        index = self.library.RMinHashLSH(COMMON_THRESHOLD, N_COMMON, RENSA_BANDS)
        sketches = self.library.RMinHash.from_token_sets(strings, N_COMMON, SEED)
        index.insert_many(sketches)
        pairs = [(n, m) for n, found in enumerate(index.query_all(sketches)) for m in found if m > n]
        return encoded(pairs, len(strings)), f"{RENSA_BANDS}x{N_COMMON // RENSA_BANDS}"


def banded(signatures, bands, rows):
    """Pairs of texts that agree in all rows of a band; full buckets are passed over."""
    found = []
    for band in range(bands):
        part = np.ascontiguousarray(signatures[:, band * rows:(band + 1) * rows])
        keys = part.view(f"V{part.itemsize * rows}").ravel()
        buckets, sizes = np.unique(keys, return_inverse=True, return_counts=True)[1:]
        found.append(bucket_pairs(buckets, sizes, len(signatures)))
    return distinct(found)


def bucket_pairs(buckets, sizes, n):
    """All pairs in each bucket, given the bucket of each text."""
    usable = np.flatnonzero((sizes[buckets] > 1) & (sizes[buckets] <= BUCKET_MAX))
    order = usable[np.argsort(buckets[usable], kind="stable")]
    keys, pairs = buckets[order], []
    for distance in range(1, BUCKET_MAX):
        same = np.flatnonzero(keys[distance:] == keys[:-distance])
        if not len(same):
            break
        pairs.append(order[same] * n + order[same + distance])
    return np.concatenate(pairs) if pairs else np.empty(0, dtype=np.int64)


def common_row(peer, texts):
    """A peer at common settings."""
    start = time.process_time()
    shingles = Shingles(texts, COMMON_SIZE)
    candidates, bands = peer.reported(shingles.strings)
    pairs = candidates[shingles.jaccard(candidates) >= COMMON_THRESHOLD]
    groups = components(pairs, len(texts))
    settings = described("common", COMMON_SIZE, bands, COMMON_THRESHOLD)
    return row(texts, peer.name, settings, candidates, pairs, groups, texts.seconds, time.process_time() - start)


def best_row(peer, dev, test):
    """A peer at the settings that are best for the development half."""
    size, (bands, rows), threshold = tuned(peer, dev)
    start = time.process_time()
    shingles = Shingles(test, size)
    candidates = banded(peer.signatures(shingles.strings, bands * rows), bands, rows)
    pairs = candidates[shingles.jaccard(candidates) >= threshold]
    groups = components(pairs, len(test))
    settings = described("best", size, f"{bands}x{rows}", threshold)
    return row(test, peer.name, settings, candidates, pairs, groups, test.seconds, time.process_time() - start)


def described(name, size, bands, threshold):
    """Settings of a peer in words."""
    return f"{name}: {size} words, {bands}, J {threshold:.3f}"


def tuned(peer, texts):
    """The shingle size, the bands and the threshold of the best F1 of pairs."""
    tried = []
    for size in SHINGLE_SIZES:
        shingles = Shingles(texts, size)
        signatures = peer.signatures(shingles.strings, max(bands * rows for bands, rows in BANDINGS))
        by_banding = {banding: banded(signatures, *banding) for banding in BANDINGS}
        every = distinct(list(by_banding.values()))
        scores = shingles.jaccard(every)
        for banding, candidates in by_banding.items():
            f1, threshold = best_threshold(candidates, scores[np.searchsorted(every, candidates)], texts.true_pairs)
            tried.append((f1, size, banding, threshold))
    return max(tried)[1:]


def best_threshold(candidates, scores, true):
    """The best F1 of pairs, and the threshold that gives it."""
    hits = np.sort(scores[np.isin(candidates, true, assume_unique=True)])
    scores = np.sort(scores)
    n_hits = len(hits) - np.searchsorted(hits, THRESHOLDS)
    n_found = len(scores) - np.searchsorted(scores, THRESHOLDS)
    f1 = 2 * n_hits / (n_found + len(true))
    return float(f1.max()), float(THRESHOLDS[f1.argmax()])


# The archive.

@dataclasses.dataclass
class Near:
    """What `dups --near` says: groups of names, and pairs of names with their resemblance."""
    groups: list
    pairs: dict
    seconds: float


class Archive:
    """The command line tool, with a scratch folder for its stores and its own files."""

    def __init__(self, binary, candidates, scratch):
        self.binary, self.candidates, self.scratch = binary, candidates, scratch
        self.homes = {name: scratch for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}

    def call(self, store, *arguments, cwd=None, ends=(0,)):
        """Runs the tool; its output and its CPU seconds."""
        start = child_seconds()
        command = [self.binary, "--store", store, *arguments]
        done = subprocess.run(command, cwd=cwd, env={**os.environ, **self.homes, "HOME": self.scratch},
                              capture_output=True, text=True)
        if done.returncode not in ends:
            sys.exit(f"{shlex.join(command)}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout, child_seconds() - start

    def store(self, folder):
        """A new store of a folder, and the CPU seconds of adding it."""
        store = tempfile.mkdtemp(dir=self.scratch) + "/store"
        self.call(store, "init")
        return store, self.call(store, "-q", "add", ".", cwd=folder)[1]

    def near(self, store, minimum=None):
        """The groups and the pairs of near-duplicates."""
        wanted = [] if minimum is None else ["--min", f"{minimum:g}"]
        output, seconds = self.call(store, "dups", "--near", "--json", *wanted, ends=(0, 1))
        found = [line for line in map(json.loads, output.splitlines()) if line["type"] == "group"]
        groups = [[member["name"] for member in line["members"]] for line in found]
        pairs = {(names[pair["a"]], names[pair["b"]]): pair["resemblance"]
                 for names, line in zip(groups, found) for pair in line["pairs"]}
        return Near(groups, pairs, seconds)

    def candidate_pairs(self, store, texts):
        """Pairs that the tool compares; None, with a note, where it does not name them."""
        command = shlex.split(self.candidates.format(store=shlex.quote(store)))
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **self.homes}, capture_output=True, text=True)
        if done.returncode:
            note(f"{texts.folder.name}: no candidate pairs of archive: {last_line(done.stderr)}")
            return None
        pairs = [line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 1]
        return name_pairs(pairs, texts)


def child_seconds():
    """CPU seconds of all programs that were run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def last_line(text):
    """The end of what a program had to say."""
    return (text.strip().splitlines() or [""])[-1]


def name_pairs(pairs, texts):
    """Pairs of names as numbers."""
    return encoded(((texts.at[a], texts.at[b]) for a, b in pairs), len(texts))


def group_labels(groups, texts):
    """The group of each document; one in no group is alone."""
    labels = np.arange(len(texts))
    for n, group in enumerate(groups):
        labels[[texts.at[name] for name in group]] = len(texts) + n
    return labels


def archive_rows(archive, dev, test):
    """The archive at its defaults, and with --min tuned on the development half."""
    minimum = tuned_minimum(archive, dev)
    store, read_seconds = archive.store(test.folder)
    candidates = archive.candidate_pairs(store, test)
    for settings, wanted in (("defaults", None), (f"--min {minimum:g}", minimum)):
        near = archive.near(store, wanted)
        pairs, groups = name_pairs(near.pairs, test), group_labels(near.groups, test)
        yield row(test, "archive", settings, candidates, pairs, groups, read_seconds, near.seconds)


def tuned_minimum(archive, texts):
    """The --min of the best F1 of pairs."""
    store, _ = archive.store(texts.folder)
    f1 = lambda minimum: precision_recall_f1(name_pairs(archive.near(store, minimum).pairs, texts), texts.true_pairs)[2]
    return max(MINIMA, key=f1)


# Plain stories: the archive against exact resemblance.

class Contents:
    """The different texts of a folder, each under its first name; `of` leads there from every name."""

    def __init__(self, folder):
        first, self.of, self.words = {}, {}, {}
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            name = self.of[path.name] = first.setdefault(content, path.name)
            if name == path.name:
                self.words[name] = re.findall("[a-z0-9]+", content.decode().lower())

    def shingles(self, name, with_pairs):
        """Word trigrams; with pairs also word pairs, and the word of a text that has only one."""
        words = self.words[name]
        runs = {tuple(words[i:i + 3]) for i in range(len(words) - 2)}
        if with_pairs:
            runs.update(zip(words, words[1:]), [tuple(words)] if len(words) == 1 else [])
        return runs

    def resemblance(self, a, b):
        """Exact Jaccard of two texts."""
        both_short = len(self.words[a]) < SHORT and len(self.words[b]) < SHORT
        one, other = self.shingles(a, both_short), self.shingles(b, both_short)
        return ratio(len(one & other), len(one | other))

    def alike(self, least):
        """All pairs of texts from a resemblance on, exactly."""
        short = [name for name, words in self.words.items() if len(words) < SHORT]
        pairs = joined({name: self.shingles(name, True) for name in short}, least)
        pairs |= joined({name: self.shingles(name, False) for name in self.words}, least)
        scored = ((pair, self.resemblance(*pair)) for pair in sorted(pairs))
        return {pair: score for pair, score in scored if score >= least - ROUNDING}

    def distinct(self, pairs):
        """Scored pairs of names as pairs of different texts."""
        named = ((tuple(sorted((self.of[a], self.of[b]))), score) for (a, b), score in pairs.items())
        return {pair: score for pair, score in named if pair[0] != pair[1]}


def joined(sets, least):
    """Pairs of sets that may resemble each other by `least`, and all that do.

    Of two such sets, each has one of the other's members among its rarest (1 - least) |set| + 1.
    """
    counts = collections.Counter(member for members in sets.values() for member in members)
    index, pairs = collections.defaultdict(list), set()
    for name, members in sorted(sets.items(), key=lambda item: (len(item[1]), item[0])):
        n_rarest = len(members) - math.ceil(least * len(members) - ROUNDING) + 1
        for member in sorted(members, key=lambda m: (counts[m], m))[:n_rarest]:
            pairs.update(tuple(sorted((name, other))) for other, size in index[member] if size >= least * len(members))
            index[member].append((name, len(members)))
    return pairs


def plain_rows(archive, folder):
    """Recall and precision of the pairs of `dups --near`, and the first mismatches."""
    contents = Contents(folder)
    exact = contents.alike(min(PLAIN_MINIMA))
    store, read_seconds = archive.store(folder)
    named, rows, mismatches = {}, [], []
    for minimum in PLAIN_MINIMA:
        near = archive.near(store, minimum)
        found = contents.distinct(near.pairs)
        named = found | named
        true = {pair for pair, score in exact.items() if score >= minimum - ROUNDING}
        hits = len(true & found.keys())
        rows.append([f"--min {minimum:g}", str(len(true)), str(len(found)), f"{ratio(hits, len(true)):.4f}",
                     f"{ratio(hits, len(found)):.4f}", f"{read_seconds:.1f}", f"{near.seconds:.1f}"])
        mismatches += mismatch_rows(minimum, "missed", sorted(true - found.keys()), contents, named)
        mismatches += mismatch_rows(minimum, "not so", sorted(found.keys() - true), contents, named)
    return rows, mismatches


def mismatch_rows(minimum, what, pairs, contents, named):
    """The first pairs on which the tool and the exact count differ."""
    tool = lambda pair: f"{named[pair]:.3f}" if pair in named else "-"
    return [[f"--min {minimum:g}", what, *pair, f"{contents.resemblance(*pair):.3f}", tool(pair)]
            for pair in pairs[:N_SHOWN]]


# The whole.

HEADINGS = ["set", "tool", "settings", "candidate recall", "candidates / document", "precision", "recall", "F1", "ARI",
            "read CPU s", "find CPU s"]
PLAIN_HEADINGS = ["plain", "exact pairs", "pairs of archive", "recall", "precision", "read CPU s", "find CPU s"]
MISMATCH_HEADINGS = ["plain", "mismatch", "a", "b", "exact", "archive"]


def table(headings, rows):
    """A table in Markdown with columns of one width."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines) + "\n"


def note(text):
    """A line that is not part of the table."""
    print(text, file=sys.stderr, flush=True)


def set_rows(out, kind, archive, peers):
    """All rows of one labelled set."""
    dev, test = (read_set(out, half, kind) for half in ("dev", "test"))
    if archive:
        yield from archive_rows(archive, dev, test)
    for peer in peers:
        yield common_row(peer, test)
        yield best_row(peer, dev, test)


def listed(choices):
    """A type for arguments: some of the choices, between commas."""
    def parse(text):
        given = text.split(",")
        if not set(given) <= set(choices):
            raise argparse.ArgumentTypeError(f"one or more of {','.join(choices)}")
        return [choice for choice in choices if choice in given]
    return parse


def arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path, help="the folder that make.py wrote")
    parser.add_argument("--bin", type=os.path.abspath, help="the archive program")
    parser.add_argument("--tools", type=listed(TOOLS), default=TOOLS, help=",".join(TOOLS))
    parser.add_argument("--sets", type=listed(SETS), default=SETS, help=",".join(SETS))
    parser.add_argument("--candidates", default=CANDIDATES, metavar="COMMAND",
                        help="prints the candidate pairs of {store}, two names to a line; run in the repository")
    given = parser.parse_args()
    if "archive" in given.tools and not given.bin:
        parser.error("archive is measured with --bin only")
    return given


def main():
    given = arguments()
    os.environ.setdefault("RAYON_NUM_THREADS", "1")
    peers = [peer() for peer in (Datasketch, Rensa) if peer.name in given.tools]
    with tempfile.TemporaryDirectory() as scratch:
        archive = Archive(given.bin, given.candidates, scratch) if "archive" in given.tools else None
        rows = []
        for kind in given.sets:
            if kind != "plain":
                for line in set_rows(given.out, kind, archive, peers):
                    rows.append(line)
                    note("  ".join(line))
        if rows:
            print(table(HEADINGS, rows))
        if archive and "plain" in given.sets:
            plain, mismatches = plain_rows(archive, given.out / "plain")
            print(table(PLAIN_HEADINGS, plain))
            print(table(MISMATCH_HEADINGS, mismatches))


if __name__ == "__main__":
    main()

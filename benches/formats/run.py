#!/usr/bin/env python3
"""How well documents of other formats are read, beside other programs.

run.py FOLDER [--bin target/release/archive]: FOLDER holds manifest.tsv (tab-separated, with `file`, `format`, `expected`
and `kind` among its columns), the files that it names, and expected texts. An expected text is pandoc's native form, of
which the strings count, or plain text. A file without one is compared with the first reader of its format that is
installed (readers.py), which so has no figure of its own there. F1 is of words, in lower case, each as often as it
stands there; a file that is not read counts as 0. Recall is the share of the reference's words that were found; of words with letters it is given
apart, since readers of sheets show numbers and dates as they are stored, and people see them as their formats say.
"""
import argparse, collections, csv, json, os, re, resource, subprocess, tempfile
import readers

def words(text):
    return collections.Counter(re.findall(r"\w+", text.lower()))

def f1(found, wanted):
    common = sum((found & wanted).values())
    total = sum(found.values()) + sum(wanted.values())
    return 2 * common / total if total else 1.0

def recall(found, wanted):
    return sum((found & wanted).values()) / sum(wanted.values())

def lettered(counts):
    return collections.Counter({word: n for word, n in counts.items() if re.search(r"[^\W\d_]", word)})

def strings(native):
    """The strings of pandoc's native form, where white space parts words."""
    out = []
    for token in re.finditer(r'\b(Str|Code|CodeBlock|Math|RawInline|RawBlock)\b|"((?:[^"\\]|\\.)*)"|\b(Space|SoftBreak|LineBreak|Para|Plain|Header|Cell)\b', native):
        if token.group(2) is not None and out and out[-1] == "\0":
            out[-1] = re.sub(r"\\(\d+)&?", lambda m: chr(int(m.group(1))), token.group(2)).replace('\\"', '"').replace("\\\\", "\\")
        elif token.group(1) == "Str":
            out.append("\0")
        elif token.group(3):
            out.append(" ")
    return "".join(it for it in out if it != "\0")

def expected(folder, row):
    path = os.path.join(folder, row["expected"])
    if row["expected"] == "-" or not os.path.exists(path):
        return None
    text = open(path, encoding="utf-8", errors="replace").read()
    return strings(text) if row["kind"] == "native" else text

def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

def mean(figures):
    return f"{sum(figures) / len(figures):.3f}" if figures else "–"

class Scores:
    """Of the files of one format that are compared with one reference."""
    def __init__(self):
        self.ours, self.recall, self.lettered, self.others = [], [], [], collections.defaultdict(list)

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--bin", default="target/release/archive")
    parser.add_argument("--each", action="store_true", help="print each file")
    parser.add_argument("--format", help="only files of this format")
    args = parser.parse_args()
    program, peers = os.path.abspath(args.bin), readers.installed()
    rows = list(csv.DictReader(open(os.path.join(args.folder, "manifest.tsv"), encoding="utf-8"), delimiter="\t"))
    rows = [row for row in rows if args.format in (None, row["format"])]
    scores, n_read, n_all, cpu = collections.defaultdict(Scores), collections.Counter(), collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as home:
        environment = dict(os.environ, HOME=home, XDG_CACHE_HOME=home + "/cache", XDG_STATE_HOME=home + "/state", XDG_CONFIG_HOME=home + "/config", ARCHIVE_STORE=home + "/a")
        def run(*words):
            return subprocess.run([program, *words], capture_output=True, env=environment)
        run("init", home + "/a")
        for row in rows:
            path, format = os.path.join(args.folder, row["file"]), row["format"]
            name = f"{n_all[format]}/{os.path.basename(path)}"
            run("add", "-q", "--unpack", "none", path, "--as", name)
            n_all[format] += 1
            code = json.loads(run("show", "--json", name).stdout or b"{}").get("format")
            if code:
                before = children()
                subprocess.run([program, "__extract", code], stdin=open(path, "rb"), capture_output=True, env=environment)
                cpu[format] += children() - before
            shown = run("cat", "--text", name)
            n_read[format] += shown.returncode == 0
            read = {peer: readers.text(reader, path) for peer, reader in peers.get(format, {}).items()}
            wanted, reference = expected(args.folder, row), "expected texts"
            if wanted is None and read:
                reference, wanted = next(iter(read.items()))
                read.pop(reference)
            if wanted is None or not words(wanted):
                continue
            wanted, found = words(wanted), words(shown.stdout.decode("utf-8", "replace"))
            score = scores[format, reference]
            score.ours.append(f1(found, wanted))
            score.recall.append(recall(found, wanted))
            if lettered(wanted):
                score.lettered.append(recall(lettered(found), lettered(wanted)))
            for peer, text in read.items():
                score.others[peer].append(f1(words(text), wanted))
            if args.each:
                print(f"{score.ours[-1]:.3f} recall {score.recall[-1]:.3f} {format} {path}")
    print("| format | files | with text | CPU of the child, mean | reference (files) | F1 of archive | recall | of words with letters | F1 of others |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for format in sorted(n_all):
        ms = f"{1000 * cpu[format] / n_all[format]:.1f} ms" if cpu[format] else "–"
        head = f"| {format} | {n_all[format]} | {n_read[format]} | {ms} |"
        compared = [(reference, it) for (of, reference), it in sorted(scores.items()) if of == format]
        for reference, score in compared:
            others = ", ".join(f"{peer} {mean(figures)}" for peer, figures in score.others.items()) or "–"
            print(f"{head} {reference} ({len(score.ours)}) | {mean(score.ours)} | {mean(score.recall)} | {mean(score.lettered)} | {others} |")
        if not compared:
            print(f"{head} – | – | – | – | – |")

main()

#!/usr/bin/env python3
"""How well documents of other formats are read.

run.py FOLDER [--bin target/release/archive]: FOLDER holds manifest.tsv (tab-separated, with `file`, `format`, `expected`
and `kind` among its columns), the files that it names, and expected texts. An expected text is pandoc's native form, of
which the strings count, or plain text. A PDF without one is compared with pdftotext, where that is installed. F1 is of
words, in lower case, each as often as it stands there; a file that is not read counts as 0.
"""
import argparse, collections, csv, json, os, re, resource, shutil, subprocess, tempfile

def words(text):
    return collections.Counter(re.findall(r"\w+", text.lower()))

def f1(found, wanted):
    common = sum((found & wanted).values())
    total = sum(found.values()) + sum(wanted.values())
    return 2 * common / total if total else 1.0

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
    if row["expected"] != "-" and os.path.exists(path):
        text = open(path, encoding="utf-8", errors="replace").read()
        return strings(text) if row["kind"] == "native" else text
    if row["format"] == "pdf" and shutil.which("pdftotext"):
        ran = subprocess.run(["pdftotext", os.path.join(folder, row["file"]), "-"], capture_output=True)
        return ran.stdout.decode("utf-8", "replace")
    return None

def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--bin", default="target/release/archive")
    parser.add_argument("--each", action="store_true", help="print each file")
    args = parser.parse_args()
    program = os.path.abspath(args.bin)
    rows = list(csv.DictReader(open(os.path.join(args.folder, "manifest.tsv"), encoding="utf-8"), delimiter="\t"))
    scores, n_read, n_all = collections.defaultdict(list), collections.Counter(), collections.Counter()
    status, cpu = collections.defaultdict(collections.Counter), collections.Counter()
    with tempfile.TemporaryDirectory() as home:
        environment = dict(os.environ, HOME=home, XDG_CACHE_HOME=home + "/cache", XDG_STATE_HOME=home + "/state", XDG_CONFIG_HOME=home + "/config", ARCHIVE_STORE=home + "/a")
        def run(*words):
            return subprocess.run([program, *words], capture_output=True, env=environment)
        run("init", home + "/a")
        for row in rows:
            path, format = os.path.join(args.folder, row["file"]), row["format"]
            name = os.path.basename(path)
            added = run("add", "--json", path, "--as", name)
            lines = [json.loads(line) for line in added.stdout.splitlines()]
            text = next((it["text"] for it in lines if it["type"] == "added"), None)
            status[format][text] += 1
            n_all[format] += 1
            code = json.loads(run("show", "--json", name).stdout or b"{}").get("format")
            if code:
                before = children()
                subprocess.run([program, "__extract", code], stdin=open(path, "rb"), capture_output=True, env=environment)
                cpu[format] += children() - before
            shown = run("cat", "--text", name)
            n_read[format] += shown.returncode == 0
            wanted = expected(args.folder, row)
            if wanted is not None and words(wanted):
                score = f1(words(shown.stdout.decode("utf-8", "replace")), words(wanted))
                scores[format].append(score)
                if args.each:
                    print(f"{score:.3f} {format} {path}")
    print("| format | files | with text | compared | F1 of words | CPU of the child, mean |")
    print("| --- | --- | --- | --- | --- | --- |")
    for format in sorted(n_all):
        found = scores[format]
        mean = f"{sum(found) / len(found):.3f}" if found else "–"
        ms = f"{1000 * cpu[format] / n_all[format]:.1f} ms" if cpu[format] else "–"
        print(f"| {format} | {n_all[format]} | {n_read[format]} | {len(found)} | {mean} | {ms} |")

main()

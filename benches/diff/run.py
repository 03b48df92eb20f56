#!/usr/bin/env python3
"""Scores programs that mark changed words on pairs that make.py made.

    run.py PAIRS PROGRAM...      PROGRAM: archive[=PATH], git, wdiff, dwdiff, difflib, wikidiff2
    run.py PAIRS archive -v      names the pairs that are not perfect
    run.py PAIRS PROGRAM... -t   one line for each program, as a table

PAIRS is a folder that make.py made, or tests/diff. For each kind of pair: F1 of the marked words (what went and what
came, as words without their order), perfect pairs, words too many, pairs with a move where one was found, and false
alarms: pairs in which no word changed and some were marked.
"""

import collections
import difflib
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata

# Letters of scripts without spaces count one by one, each with its marks, so that it does not matter where words are cut.
UNSPACED_WORD = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
UNSEEN = re.compile("[\u00ad\u200b\u200c\u200e\u200f\u2060\ufeff]")
SIGNS = ("punctuation", "emoji")


def is_letter(c):
    return unicodedata.category(c)[0] in "LNM" or c == "_"


def words_of(text, with_signs=False):
    """The words of a text, composed and without what nobody sees; where signs are what changed, these too."""
    words, last = [], ""
    for c in UNSEEN.sub("", unicodedata.normalize("NFC", text)):
        goes_on = unicodedata.combining(c) or unicodedata.category(c)[0] == "M"
        is_unspaced = UNSPACED_WORD.match(c)
        if last and is_letter(c) and is_letter(last) and (goes_on or not is_unspaced and not UNSPACED_WORD.match(last)):
            words[-1] += c
        elif is_letter(c) or with_signs and not c.isspace():
            words.append(c)
        last = c
    return words


def bag(texts, with_signs=False):
    return collections.Counter(word for text in texts for word in words_of(text, with_signs))


def run(command, **kwargs):
    return subprocess.run(command, capture_output=True, **kwargs).stdout.decode(errors="replace")


def archive(path, folder):
    home = tempfile.mkdtemp()
    env = {**os.environ, "HOME": home, "ARCHIVE_STORE": f"{home}/store"}
    for arguments in (["init"], ["add", "-q", str(folder)]):
        subprocess.run([path, *arguments], check=True, capture_output=True, env=env)

    def marked(a, b):
        out = run([path, "diff", "--json", a.name, b.name], env=env)
        assert '"type":"diff"' in out[:20], (a, out[:200])
        gone, come, n_moved = [], [], 0
        for line in map(json.loads, out.splitlines()):
            for block in line.get("blocks") or []:
                change = block["change"]
                n_moved += change == "moved"
                for span in block.get("spans") or []:
                    n_moved += span["change"] in ("moved", "moved-away")
                    (gone if span["change"] == "removed" else come if span["change"] == "added" else []).append(span["text"])
                if change == "removed" and not block["spans"]:
                    gone.append(block["before"])
                if change == "added" and not block["spans"]:
                    come.append(block["after"])
        return gone, come, n_moved
    return marked


def git(a, b):
    out = run(["git", "diff", "--no-index", "--word-diff=porcelain", "-U0", str(a), str(b)])
    lines = [line for line in out.splitlines() if not line.startswith(("---", "+++"))]
    return [l[1:] for l in lines if l[:1] == "-"], [l[1:] for l in lines if l[:1] == "+"], 0


def marks_of(out):
    gone = re.findall(r"\[-(.*?)-\]", out, re.S)
    come = re.findall(r"\{\+(.*?)\+\}", out, re.S)
    return gone, come, 0


def wdiff(a, b):
    return marks_of(run(["wdiff", str(a), str(b)]))


def dwdiff(a, b):
    return marks_of(run(["dwdiff", str(a), str(b)]))


def by_difflib(a, b):
    a, b = (text.read_text(errors="replace").split() for text in (a, b))
    gone, come = [], []
    for op, i, j, k, l in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if op != "equal":
            gone += a[i:j]
            come += b[k:l]
    return gone, come, 0


def wikidiff2(a, b):
    code = "echo wikidiff2_do_diff(file_get_contents($argv[1]), file_get_contents($argv[2]), 0);"
    out = run(["php", "-r", code, "--", str(a), str(b)])
    text = lambda part: html.unescape(re.sub(r"<[^>]+>", "", part))
    gone, come = [], []
    for side, marks in re.findall(r'<td class="diff-(deletedline|addedline)[^"]*">(.*?)</td>', out, re.S):
        target = gone if side == "deletedline" else come
        found = re.findall(r"<(?:del|ins) class=\"diffchange[^\"]*\">(.*?)</(?:del|ins)>", marks, re.S)
        # A line that has no marks and none on the other side is new as a whole.
        target += map(text, found)
    whole = re.findall(r'<tr>\s*(.*?)</tr>', out, re.S)
    for row in whole:
        deleted = re.search(r'diff-deletedline[^>]*>(.*?)</td>', row, re.S)
        added = re.search(r'diff-addedline[^>]*>(.*?)</td>', row, re.S)
        moved = "mw-diff-movedpara" in row
        if deleted and not added and not moved and "diffchange" not in deleted[1]:
            gone.append(text(deleted[1]))
        if added and not deleted and not moved and "diffchange" not in added[1]:
            come.append(text(added[1]))
    return gone, come, out.count("mw-diff-movedpara-left")


def scores(truth, found):
    """F1, whether perfect, words too many."""
    with_signs = truth["kind"] in SIGNS
    gone, come, wanted_gone, wanted_come = (bag(it, with_signs) for it in (*found, truth["gone"], truth["come"]))
    # A program may mark a sign or the word it stands at, a number or a part of it, a word of a script without spaces
    # or one letter: what both sides have is none that changed.
    def cancelled(gone, come):
        both = gone & come
        if not with_signs:
            both = collections.Counter({word: n for word, n in both.items() if word.isdigit() or UNSPACED_WORD.match(word)})
        return gone - both, come - both

    (gone, come), (wanted_gone, wanted_come) = cancelled(gone, come), cancelled(wanted_gone, wanted_come)
    hits = (gone & wanted_gone).total() + (come & wanted_come).total()
    n_found, n_wanted = gone.total() + come.total(), wanted_gone.total() + wanted_come.total()
    f1 = 1.0 if n_found + n_wanted == 0 else 2 * hits / (n_found + n_wanted)
    return f1, f1 == 1.0, n_found - hits


def main():
    folder, programs = pathlib.Path(sys.argv[1]), [it for it in sys.argv[2:] if it not in ("-v", "-t")]
    verbose, as_table = "-v" in sys.argv, "-t" in sys.argv
    truth = next(path for name in ("truth.jsonl", "expected.jsonl") if (path := folder / name).exists())
    pairs = [json.loads(line) for line in truth.open()]
    if as_table:
        print("| program | F1 | perfect | words too many | moves | false alarms |\n| --- | --- | --- | --- | --- | --- |")
    for program in programs:
        name, _, path = program.partition("=")
        mark = {"git": git, "wdiff": wdiff, "dwdiff": dwdiff, "difflib": by_difflib, "wikidiff2": wikidiff2}.get(name)
        mark = mark or archive(path or "archive", folder)
        totals = collections.defaultdict(lambda: [0, 0.0, 0, 0, 0, 0, 0, 0])
        for truth in pairs:
            a, b = (next(folder.glob(f"{truth['name']}.{side}.*")) for side in "ab")
            gone, come, n_moved = mark(a, b)
            f1, is_perfect, n_extra = scores(truth, (gone, come))
            if verbose and (not is_perfect or truth["moved"] and not n_moved):
                print(f"  {truth['name']}: F1 {f1:.2f}, {n_extra} too many, moves {n_moved} of {truth['moved']}")
            is_same = "noise" in truth or truth["kind"].startswith("same")
            moves = truth["moved"] or truth.get("moved_words", 0)
            for key in (truth["kind"], "all"):
                total = totals[key]
                values = (1, f1, is_perfect, n_extra, bool(moves), bool(moves and n_moved), is_same, is_same and not is_perfect)
                for i, value in enumerate(values):
                    total[i] += value
        if as_table:
            n, f1, perfect, extra, moves, found, same, alarms = totals["all"]
            print(f"| {name} | {f1 / n:.3f} | {perfect}/{n} | {extra:,} | {found}/{moves} | {alarms}/{same} |")
            continue
        print(f"{name:28} {'F1':>6} {'perfect':>9} {'extra':>6} {'moves':>7} {'alarms':>7}")
        for key, (n, f1, perfect, extra, moves, found, same, alarms) in totals.items():
            moves, alarms = (f"{part}/{of}" if of else "" for part, of in ((found, moves), (alarms, same)))
            print(f"{key:28} {f1 / n:6.3f} {perfect:4}/{n:<4} {extra:6} {moves:>7} {alarms:>7}")
    return 0


if __name__ == "__main__":
    main()

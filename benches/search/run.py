"""Measures search: python3 run.py ARCHIVE-PROGRAM STORE FOLDER [QUERIES]

STORE is an archive into which FOLDER was added, of texts. Makes the index anew, and then asks for words and phrases
that are drawn from the texts as they come there, so that frequent words are frequent. All times are those of the
processor (user and system) of the whole process.
"""

import os
import random
import re
import subprocess
import sys


def cpu(command):
    before = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def exact_cpu(command):
    """By wait4, which counts microseconds."""
    child = os.posix_spawn(command[0], command, dict(os.environ), file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
    ])
    usage = os.wait4(child, 0)[2]
    return (usage.ru_utime + usage.ru_stime) * 1000


def index_bytes(store):
    return sum(os.path.getsize(os.path.join(store, name)) for name in os.listdir(store) if name.startswith("search.sqlite"))


def main():
    program, store, folder = sys.argv[1:4]
    n_queries = int(sys.argv[4]) if len(sys.argv) > 4 else 300
    rng = random.Random(7)
    files = sorted(os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)
    n_bytes = sum(os.path.getsize(file) for file in files)
    for name in os.listdir(store):
        if name.startswith("search.sqlite"):
            os.remove(os.path.join(store, name))
    ask = [program, "--store", store, "search"]
    built = cpu(ask + ["nothing-of-this-kind"])
    size = index_bytes(store)
    print(f"{len(files)} texts, {n_bytes / 1e6:.1f} MB; index built in {built:.1f} s, {n_bytes / 1e6 / built:.1f} MB/s")
    print(f"index {size / 1e6:.1f} MB, {size / n_bytes:.3f} of the text")
    kinds = {"1 word": [], "2 words": [], "3 words": [], "phrase of 2 to 5": [], "2 words without a third": [],
             "2 words since a day": [], "2 words in no name": [], "beginning of 1 to 4 letters": []}
    for n in range(n_queries):
        with open(rng.choice(files), errors="replace") as file:
            words = re.findall(r"\w+", file.read())
        if len(words) < 10:
            continue
        kinds["1 word"].append([rng.choice(words)])
        kinds["2 words"].append(rng.sample(words, 2))
        kinds["3 words"].append(rng.sample(words, 3))
        at = rng.randrange(len(words) - 5)
        kinds["phrase of 2 to 5"].append(['"' + " ".join(words[at:at + rng.randint(2, 5)]) + '"'])
        two = rng.sample(words, 2)
        kinds["2 words without a third"].append(two + ["-" + rng.choice(words)])
        kinds["2 words since a day"].append(two + ["since:2020-01-01"])
        # The worst that a filter can do: every text with the words is looked at.
        kinds["2 words in no name"].append(two + ["name:no-such-*"])
        kinds["beginning of 1 to 4 letters"].append([rng.choice(words)[:rng.randint(1, 4)] + "*"])
    exact_cpu(ask + ["warm"])
    for kind, queries in kinds.items():
        times = sorted(exact_cpu(ask + query) for query in queries)
        at = lambda share: times[min(len(times) - 1, int(len(times) * share))]
        print(f"{kind}: median {at(0.5):.1f} ms, p95 {at(0.95):.1f} ms, worst {times[-1]:.1f} ms, {len(times)} queries")


main()

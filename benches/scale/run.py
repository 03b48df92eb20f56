"""Measures growth: python3 run.py ARCHIVE-PROGRAM FOLDER

FOLDER is what make.py made. Its four parts are added to a new archive one after the other, then ten documents one by
one, then a thousand together. CPU is user and system time of the whole process tree, and bytes written
are those that the program handed to the system. Archive and caches lie in a folder that is removed at the end, beside FOLDER.
"""

import os
import subprocess
import sys
import tempfile

PARTS = 4
ONE_BY_ONE = 10


class Program:
    def __init__(self, path, home):
        self.path = os.path.abspath(path)
        self.store = os.path.join(home, "archive")
        kinds = {"HOME": "", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config"}
        folders = {name: os.path.join(home, kind) for name, kind in kinds.items()}
        self.environment = {"PATH": os.environ["PATH"], **folders}

    def run(self, words, folder):
        """CPU seconds and bytes written, of the process and all that it started; and the most memory, in MB."""
        before = n_written()
        command = [self.path, "--store", self.store, *words]
        child = subprocess.Popen(command, cwd=folder, env=self.environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {child.returncode}")
        return usage.ru_utime + usage.ru_stime, n_written() - before, usage.ru_maxrss / 1024


def n_written():
    """Of this process and of all that it waited for."""
    with open("/proc/self/io") as file:
        return int(dict(line.split(": ") for line in file)["wchar"])


def n_files(folder):
    return sum(len(names) for _, _, names in os.walk(folder))


def catalog_bytes(store):
    names = [name for name in os.listdir(store) if name.startswith("catalog.sqlite")]
    return sum(os.path.getsize(os.path.join(store, name)) for name in names)


def main():
    program, folder = sys.argv[1:3]
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(folder))) as home:
        measure(Program(program, home), os.path.abspath(folder))


def measure(program, folder):
    program.run(["init"], folder)
    n, first = 0, None
    for part in range(PARTS):
        n_new = n_files(f"{folder}/parts/{part}")
        cpu, written, memory = program.run(["add", "-q", f"parts/{part}"], folder)
        n += n_new
        first = first or cpu / n_new
        print(
            f"{n:7} documents: {cpu:6.2f} s for {n_new} ({cpu / n_new / first:.2f} of the first), "
            f"{written / n_new / 1000:.1f} kB written a document, "
            f"catalog {catalog_bytes(program.store) / n:.0f} bytes a document, {memory:.0f} MB",
            flush=True,
        )
    ones = [program.run(["add", "-q", f"more/one-{one}.txt"], folder) for one in range(ONE_BY_ONE)]
    cpu, written, _ = sorted(ones)[len(ones) // 2]
    print(f"one more: {cpu * 1000:.1f} ms, {written / 1000:.0f} kB written")
    n_new = n_files(f"{folder}/more/together")
    cpu, written, _ = program.run(["add", "-q", "more/together"], folder)
    print(f"{n_new} more: {cpu * 1000:.0f} ms, {written / n_new / 1000:.1f} kB written a document")


main()

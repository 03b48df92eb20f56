"""The main part of real pages: F1 of its words, and telling strings that are or are not in it.

    python3 benches/pages/run.py PAGES --bin target/release/archive [--show]

PAGES has a `manifest.tsv` with the columns `file`, `expected` and `kind`. Of kind `text-html` the expected file is the main part
as HTML, of kind `segments` it is JSON: strings that must be in the main part (`with`) and strings that must not (`without`).
"""
import argparse, collections, csv, html, json, os, pathlib, re, subprocess, tempfile

KINDS = ("text-html", "segments")


class Archive:
    """The program with an archive of all pages."""

    def __init__(self, binary, pages, scratch):
        self.binary, self.pages = os.path.abspath(binary), pages
        self.environment = os.environ | {"HOME": scratch, "ARCHIVE_STORE": scratch + "/store"}
        self.run("init", scratch + "/store")
        self.run("-q", "add", "files")

    def run(self, *arguments):
        done = subprocess.run([self.binary, *arguments], cwd=self.pages, env=self.environment, capture_output=True, check=True)
        return done.stdout.decode()

    def text(self, page, scope):
        return self.run("cat", "--text", "--scope", scope, page)


def words(text):
    """How often each word comes."""
    return collections.Counter(re.findall(r"[^\W_]+", text.lower()))


def f1(text, expected):
    """How well words meet those of the expected HTML."""
    found, wanted = words(text), words(html.unescape(re.sub("<[^>]*>", " ", expected)))
    both = (found & wanted).total()
    return 2 * both / max(1, found.total() + wanted.total())


def spaced(text):
    """White space as one space."""
    return " ".join(text.split())


def measured(archive, rows, scope, shows):
    """F1 of each page of the first kind; of each string whether it is there, of wanted and of unwanted ones."""
    scores, wanted, unwanted = [], [], []
    for row in rows:
        text, expected = archive.text(row["file"], scope), (archive.pages / row["expected"]).read_text(errors="replace")
        if row["kind"] == "text-html":
            scores.append(f1(text, expected))
            continue
        strings, text = json.loads(expected), spaced(text)
        for key, found in (("with", wanted), ("without", unwanted)):
            for string in strings[key]:
                found.append(spaced(string) in text)
                if shows and found[-1] == (key == "without"):
                    print("unwanted" if found[-1] else "missing", row["file"], string, sep="\t")
    return scores, wanted, unwanted


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", type=pathlib.Path)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--show", action="store_true", help="name the strings that are wrong")
    given = parser.parse_args()
    with (given.pages / "manifest.tsv").open() as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["kind"] in KINDS]
    mean = lambda values: sum(values) / max(1, len(values))
    with tempfile.TemporaryDirectory() as scratch:
        archive = Archive(given.bin, given.pages, scratch)
        for scope in ("article", "page"):
            scores, wanted, unwanted = measured(archive, rows, scope, given.show and scope == "article")
            print(f"{scope}: F1 of words {mean(scores):.3f}, wanted strings present {mean(wanted):.3f}, "
                  f"unwanted strings absent {1 - mean(unwanted):.3f}")


if __name__ == "__main__":
    main()

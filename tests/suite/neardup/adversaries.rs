//! Texts that would make much work of little, and groups that are sensible all the same.

use std::collections::BTreeSet;

use docarchive::internals::{
    archive::similar::{ReadAs, Threshold, groups::DupsScope, neighbours::SimilarQuery},
    types::limits,
};

use super::{
    Dice, Text, exact_groups, grouped, holding, members, names, near_document, near_groups,
    near_to, sentences, set, similarity_of, story, word,
};
use crate::common::is_slow;

#[test]
fn a_sentence_that_all_say_makes_nobody_near() {
    let shared =
        "Reprinting, even of parts, is allowed to nobody who has not asked the press office.";
    for (n_texts, folder) in [(4, ""), (10, ""), (100, ""), (400, ""), (400, "press/")] {
        let text = |n: usize| {
            let mut lines = sentences(n as u64 + 1, 12);
            lines.insert(n % 13, shared.to_owned());
            (format!("{folder}{n}"), lines.join("\n"))
        };
        let texts: Vec<Text> = (0..n_texts).map(text).collect();
        let archive = holding(&texts);
        assert_eq!(grouped(&archive), BTreeSet::new());
        for (name, _) in texts.iter().step_by(37) {
            assert_eq!(names(&near_document(&archive, name, false)), BTreeSet::new());
        }
        assert_eq!(names(&near_to(&archive, shared)).len(), if n_texts == 4 { 4 } else { 0 });
    }
}

#[test]
fn very_many_identical_texts_are_one_exact_group() {
    let n_texts = if is_slow() { 10_000 } else { 2000 };
    let text = story(1, 12);
    let texts: Vec<Text> = (0..n_texts).map(|n| (format!("mirror/{n}"), text.clone())).collect();
    let archive = holding(&texts);
    let groups = exact_groups(&archive);
    assert_eq!(groups.len(), 1);
    assert_eq!(members(&groups[0]).len(), n_texts);
    assert_eq!(groups[0].pairs.len(), 0);
    assert_eq!(grouped(&archive), BTreeSet::new());
    assert_eq!(near_document(&archive, "mirror/7", false).len(), n_texts - 1);
}

/// Words without end.
fn long(n_bytes: usize) -> String {
    let mut dice = Dice::new(5);
    let words: Vec<String> = (0..999).map(|_| word(&mut dice)).collect();
    let mut text = String::with_capacity(n_bytes + 32);
    for n in 0_usize.. {
        if text.len() >= n_bytes {
            break;
        }
        text += &words[n.wrapping_mul(n).wrapping_add(n / 999) % 999];
        text.push(if n % 12 == 11 { '\n' } else { ' ' });
    }
    text.truncate(n_bytes);
    text
}

#[test]
fn texts_of_megabytes_do_not_stand_in_the_way() {
    // Both are the same words from the start; one is longer than what is compared.
    let under = long(if is_slow() { limits::BLOB_BYTES_MAX - 200_000 } else { 1 << 20 });
    let over = long(if is_slow() { limits::TEXT_BYTES_MAX + 100_000 } else { 5 << 20 });
    assert!(over.starts_with(&under));
    let edited = under.replacen(' ', " once more ", 3) + "and so on";
    let texts = [("under", under), ("over", over.clone()), ("edited", edited)];
    let mut texts: Vec<Text> = texts.map(|(name, text)| (name.to_owned(), text)).to_vec();
    texts.push(("small".into(), story(1, 12)));
    texts.push(("copy".into(), story(1, 11)));
    let archive = holding(&texts);
    assert_eq!(names(&near_document(&archive, "small", false)), set(["copy"]));
    let near = near_document(&archive, "edited", false);
    // What stands in chunks is found, too, up to the limit.
    let long: &[&str] = if is_slow() { &[] } else { &["over"] };
    assert_eq!(names(&near), set([&["under"], long].concat()));
    assert!(near[0].similarity.resemblance > 0.95);
    let pairs = [set([&["edited", "under"], long].concat()), set(["copy", "small"])];
    assert_eq!(grouped(&archive), BTreeSet::from(pairs));
    let query = SimilarQuery { threshold: Threshold::Copied, own: None, all_revisions: false };
    let too_long =
        archive.similar((over.as_bytes(), ReadAs::page("text/plain", None)), query).unwrap();
    assert_eq!(too_long.is_none(), is_slow(), "only beyond the limit it is not compared");
    let scope = DupsScope { prefix: None, across_sites: false, since: None };
    assert_eq!(archive.n_too_long(scope).unwrap(), u64::from(is_slow()));
}

#[test]
fn texts_of_next_to_nothing_are_near_to_no_other() {
    let kinds = |n: usize| {
        let padding = " ".repeat(n);
        [
            ("empty", String::new()),
            ("white", format!("\n\t \u{3000}{padding}\r\n")),
            ("signs", format!("--- !{padding}?")),
            ("word", format!("harbour{padding}")),
            ("again", "harbour ".repeat(10_000 + n)),
            ("two", format!("harbour{padding} master")),
            ("other", format!("{padding}quarry")),
            ("story", sentences(1, 12).join("\n") + &padding),
        ]
    };
    let named = |n: usize| kinds(n).map(|(kind, text)| (format!("{kind}-{n}"), text));
    let archive = holding(&(0..3).flat_map(named).collect::<Vec<_>>());
    let kind = |name: &str| name.split('-').next().unwrap().to_owned();
    for group in grouped(&archive) {
        let kinds: BTreeSet<String> = group.iter().map(|name| kind(name)).collect();
        assert_eq!(kinds.len(), 1, "{group:?}");
    }
    assert!(grouped(&archive).contains(&set(["story-0", "story-1", "story-2"])));
    for (name, text) in (0..3).flat_map(named) {
        for near in names(&near_to(&archive, &text)) {
            assert_eq!(kind(&near), kind(&name));
        }
    }
}

/// An invoice; only its number and its date are its own.
fn invoice(n: usize) -> Text {
    let (number, day, month) = (40_000 + 37 * n, n % 28 + 1, n / 28 % 12 + 1);
    let text = format!(
        "Vale and Daughters, rope makers since the great frost\nInvoice no. {number}\n\
         Date: {day} / {month} / 2024\n\nDear customer, for goods delivered free to your door we \
         charge as agreed:\nforty fathoms of tarred hemp rope, three strands, best quality\n\
         two dozen brass thimbles with their shackles and pins\none barrel of pine tar, \
         the barrel to be returned empty\n\nPlease pay within thirty days to the account \
         that you know, without any deduction.\nGoods remain ours until they are paid \
         for in full. Complaints are heard within a week.\nWith thanks for your trust, \
         the office of Vale and Daughters at the old rope walk\n"
    );
    (format!("invoice-{n}"), text)
}

#[test]
fn a_thousand_invoices_from_one_template_are_one_group() {
    let mut texts: Vec<Text> = (0..1000).map(invoice).collect();
    texts.extend((0..20).map(|n| (format!("letter-{n}"), story(n + 1, 12))));
    let archive = holding(&texts);
    let groups = near_groups(&archive);
    let all = texts.iter().map(|(name, _)| name.clone()).filter(|it| it.starts_with("invoice"));
    assert_eq!(groups.iter().map(members).collect::<Vec<_>>(), [set(all)]);
    assert!(groups[0].pairs.len() < 20 * 1000, "{} pairs", groups[0].pairs.len());
    for (name, _) in &texts[1000..] {
        assert_eq!(names(&near_document(&archive, name, false)), BTreeSet::new());
    }
    let near = near_document(&archive, "invoice-500", false);
    assert!(!near.is_empty());
}

/// A market report: the frame is the same every day, names and numbers differ.
fn report(n: usize) -> Text {
    let mut dice = Dice::new(n as u64 + 1);
    let mut text = format!("Market report no. {n}\n");
    let frames = [
        ("Shares of", "closed at", "after a session in which", "traders changed hands"),
        ("The price of", "rose to", "a sack, dealers in", "said on the telephone"),
        ("Analysts at", "expect", "per cent less, while", "remains without an opinion"),
        ("Freight from", "cost", "a ton, and vessels for", "were hard to find"),
    ];
    for _ in 0..2 {
        for (one, two, three, four) in frames {
            let (who, number, whom) = (
                format!("{} {} {}", word(&mut dice), word(&mut dice), word(&mut dice)),
                dice.roll(100_000),
                format!("{} {}", word(&mut dice), word(&mut dice)),
            );
            text += &format!("{one} {who} {two} {number} {three} {whom} {four}.\n");
        }
    }
    (format!("report-{n}"), text)
}

#[test]
fn market_reports_from_one_template_are_not_near() {
    let mut texts: Vec<Text> = (0..300).map(report).collect();
    let corrected = texts[70].1.replacen("rose", "fell", 1) + "Corrected.\n";
    texts.push(("corrected".into(), corrected));
    let archive = holding(&texts);
    let groups = near_groups(&archive);
    assert_eq!(grouped(&archive), BTreeSet::from([set(["corrected", "report-70"])]));
    let similarity = similarity_of(&groups[0], "corrected", "report-70").unwrap();
    assert!(similarity.resemblance > 0.8);
    assert_eq!(names(&near_document(&archive, "corrected", false)), set(["report-70"]));
    assert_eq!(names(&near_document(&archive, "report-9", false)), BTreeSet::new());
}

#[test]
fn stories_are_found_in_pages_that_hold_many_and_are_no_group_with_each_other() {
    let stories: Vec<String> = (0..40).map(|n| story(100 + n, 9)).collect();
    let mut texts: Vec<Text> = vec![("page".into(), stories.join("\n"))];
    let own = stories.iter().enumerate().step_by(5);
    texts.extend(own.map(|(n, text)| (format!("story-{n}"), text.clone())));
    let archive = holding(&texts);
    let pairs: BTreeSet<BTreeSet<String>> = near_groups(&archive)
        .iter()
        .flat_map(|group| {
            group.pairs.iter().map(|pair| {
                set([pair.a, pair.b].map(|at| group.members[at].0.name.text().into_owned()))
            })
        })
        .collect();
    for (name, _) in &texts[1..] {
        let near = near_document(&archive, name, false);
        assert_eq!(names(&near), set(["page"]), "{name}");
        assert_eq!(near[0].similarity.containment.a_in_b, 1.0, "{name}");
        assert!(pairs.contains(&set([name.as_str(), "page"])), "{name}");
    }
}

#[test]
fn strangers_that_one_text_holds_are_no_group() {
    let strangers = [story(300, 20), story(301, 20)];
    let texts = [
        ("both".to_owned(), strangers.concat()),
        ("one".to_owned(), strangers[0].clone()),
        ("other".to_owned(), strangers[1].clone()),
    ];
    let groups = grouped(&holding(&texts));
    assert_eq!(groups, BTreeSet::from([set(["both", "one"]), set(["both", "other"])]));
}

#[test]
fn texts_that_overlap_in_a_row_are_pairs_and_no_group() {
    let lines = sentences(310, 60);
    let window = |n: usize| (format!("window-{n}"), lines[5 * n..5 * n + 10].join("\n"));
    let texts: Vec<Text> = (0..11).map(window).collect();
    let next = |n: usize| set([format!("window-{n}"), format!("window-{}", n + 1)]);
    assert_eq!(grouped(&holding(&texts)), (0..10).map(next).collect());
}

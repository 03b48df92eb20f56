//! What the pages of a site share does not make them near, and does not hide what they copy.

use std::{collections::BTreeSet, sync::Arc};

use docarchive::internals::{archive::Archive, backend::memory::Memory};

use super::{
    Text, add_from, grouped, holding, names, near_document, near_groups, sentences, set,
    similarity_of, story,
};
use crate::common::init;

/// The page of a story: the site's menu before it, teasers and a footer behind it.
pub fn page(site: usize, n: usize, story: &str) -> String {
    let lines = sentences(900 + site as u64, 24);
    let short = |line: &String| line.split(' ').take(4).collect::<Vec<_>>().join(" ");
    let menu: Vec<String> = lines[..8].iter().map(short).collect();
    let teasers = (0..4).map(|k| lines[8 + (n + k * 3) % 12].clone());
    let footer = lines[20..].join("\n");
    format!(
        "{}\n\n{story}\n{}\n{footer}\n",
        menu.join("\n"),
        teasers.collect::<Vec<_>>().join("\n")
    )
}

const COPIED: u64 = 5000;

/// Sixty pages of five sites; one story stands on two of them, with a sentence more on the second.
fn pages() -> Vec<Vec<Text>> {
    let page = |site: usize, n: usize| {
        let text = match (site, n) {
            (1, 4) => story(COPIED, 12),
            (3, 9) => story(COPIED, 13),
            _ => story(100 + 12 * site as u64 + n as u64, 12),
        };
        (format!("site{site}/page{n}"), page(site, n, &text))
    };
    (0..5).map(|site| (0..12).map(|n| page(site, n)).collect()).collect()
}

/// How much the two tellings of the copied story resemble each other without anything around them.
fn resemblance_of_the_bare_story() -> f64 {
    let archive = holding(&[("a".into(), story(COPIED, 12)), ("b".into(), story(COPIED, 13))]);
    near_document(&archive, "a", false)[0].similarity.resemblance
}

fn boilerplate_counts_for_nothing(archive: &Archive, one: &str, two: &str, other: &str) {
    let wanted = resemblance_of_the_bare_story();
    let groups = near_groups(archive);
    assert_eq!(grouped(archive), BTreeSet::from([set([one, two])]));
    let shown = similarity_of(&groups[0], one, two).unwrap().resemblance;
    assert!((shown - wanted).abs() < 1e-9, "{shown} instead of {wanted}");
    for (asked, found) in [(one, two), (two, one)] {
        let near = near_document(archive, asked, false);
        assert_eq!(names(&near), set([found]));
        let shown = near[0].similarity.resemblance;
        assert!((shown - wanted).abs() < 1e-9, "{shown} instead of {wanted}");
    }
    assert_eq!(names(&near_document(archive, other, false)), BTreeSet::new());
}

#[test]
fn pages_of_a_folder_are_near_only_where_the_story_is_the_same() {
    let archive = holding(&pages().concat());
    boilerplate_counts_for_nothing(&archive, "site1/page4", "site3/page9", "site0/page0");
}

#[test]
fn pages_of_a_host_are_near_only_where_the_story_is_the_same() {
    let mut archive = init(Arc::new(Memory::default()));
    for (site, pages) in pages().into_iter().enumerate() {
        let renamed = |(name, text): Text| (format!("captured/{}", name.replace('/', "-")), text);
        let pages: Vec<Text> = pages.into_iter().map(renamed).collect();
        let source = format!("https://www.site{site}.example:8080/news?page=1");
        add_from(&mut archive, site as u64 + 1, &pages, 1, Some(source));
    }
    let name = |page: &str| format!("captured/{page}");
    let (one, two) = (name("site1-page4"), name("site3-page9"));
    boilerplate_counts_for_nothing(&archive, &one, &two, &name("site0-page0"));
}

#[test]
fn a_copy_without_boilerplate_is_found_beside_pages() {
    let mut texts = pages().concat();
    texts.push(("letter".into(), story(COPIED, 12)));
    let archive = holding(&texts);
    let near = near_document(&archive, "letter", false);
    assert_eq!(names(&near), set(["site1/page4", "site3/page9"]));
    assert!((near[0].similarity.resemblance - 1.0).abs() < 1e-9);
    let group = set(["letter", "site1/page4", "site3/page9"]);
    assert_eq!(grouped(&archive), BTreeSet::from([group]));
}

// Each of 25 teasers stood on five of a site's pages, and of 64 that showed what is boilerplate many a teaser was on two.
#[test]
fn a_teaser_that_few_pages_of_a_large_site_have_makes_no_copies() {
    let teaser = |n: usize| sentences(6000 + n as u64 % 25, 3).join(" ");
    let text = |n: usize| format!("{}\n\n{}\n", story(300 + n as u64, 4), teaser(n));
    let pages: Vec<Text> = (0..125).map(|n| (format!("site/page{n}"), text(n))).collect();
    assert_eq!(grouped(&holding(&pages)), BTreeSet::new());
}

/// So many copies of one text, in each of which another line was written anew.
fn versions(n: usize, n_lines: usize) -> Vec<Text> {
    let version = |k: usize| {
        let mut lines = sentences(COPIED, n_lines);
        lines[3 * k + 1] = sentences(7000 + k as u64, 1).remove(0);
        (format!("reports/version{k}"), lines.join("\n"))
    };
    (0..n).map(version).collect()
}

#[test]
fn versions_of_a_report_among_other_texts_are_no_boilerplate() {
    let mut texts = versions(3, 14);
    texts.extend((0..9).map(|n| (format!("reports/other{n}"), story(200 + n, 14))));
    let archive = holding(&texts);
    let all = set(["reports/version0", "reports/version1", "reports/version2"]);
    assert_eq!(grouped(&archive), BTreeSet::from([all.clone()]));
    for name in &all {
        let mut others = all.clone();
        others.remove(name);
        assert_eq!(names(&near_document(&archive, name, false)), others);
    }
}

fn copies_alone_in_their_folder_are_found(n: usize, n_lines: usize) {
    let texts = versions(n, n_lines);
    let archive = holding(&texts);
    let all = set(texts.iter().map(|(name, _)| name.clone()));
    let case = format!("{n} copies of {n_lines} lines");
    assert_eq!(grouped(&archive), BTreeSet::from([all]), "{case}");
    for (name, _) in &texts {
        assert_eq!(near_document(&archive, name, false).len(), n - 1, "{case}");
    }
}

#[test]
fn copies_that_have_a_folder_to_themselves_are_no_boilerplate() {
    for (n, n_lines) in [(2, 14), (3, 20), (3, 30), (4, 40)] {
        copies_alone_in_their_folder_are_found(n, n_lines);
    }
}

#[test]
fn short_copies_that_have_a_folder_to_themselves_are_no_boilerplate() {
    for (n, n_lines) in [(4, 14), (5, 20), (3, 15), (3, 14), (3, 12), (3, 9)] {
        copies_alone_in_their_folder_are_found(n, n_lines);
    }
}

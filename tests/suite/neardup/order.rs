//! The order in which texts came, the commits and the threads do not matter.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use docarchive::internals::{archive::Archive, backend::memory::Memory};

use super::{
    Dice, Text, add_on, boilerplate::page, names, near_document, near_groups, sentences, story,
};
use crate::common::{init, init_in, is_slow};

/// A text made of another one: abridged, moved, reworded, quoted at length, or longer.
fn derived(lines: &[String], how: usize, dice: &mut Dice) -> String {
    let mut lines = lines.to_vec();
    match how % 5 {
        0 => lines.truncate(8),
        1 => lines.rotate_left(5),
        2 => {
            for _ in 0..4 {
                let at = dice.roll(lines.len());
                lines[at] = sentences(9000 + dice.roll(999) as u64, 1).remove(0);
            }
        }
        3 => {
            lines.truncate(4 + dice.roll(4));
            lines.extend(sentences(8000 + how as u64, 14 - lines.len()));
        }
        _ => lines.push("And nothing more was heard of it until the evening.".into()),
    }
    lines.join("\n")
}

/// Pages with boilerplate, copies of their texts on other sites and without a site, and unrelated texts.
fn mixture() -> Vec<Text> {
    let mut dice = Dice::new(1);
    let mut all = Vec::new();
    for n in 0..80 {
        all.push((format!("site{}/page{n}", n % 5), page(n % 5, n, &story(n as u64, 14))));
    }
    for n in 0..40 {
        let lines = sentences(dice.roll(30) as u64, 14);
        let text = derived(&lines, n, &mut dice);
        all.push(match n % 3 {
            0 => (format!("copy{n}"), text),
            _ => (format!("site{}/copy{n}", n % 4), page(n % 4, n, &text)),
        });
    }
    all.extend((0..30).map(|n| (format!("stranger{n}"), story(500 + n, 14))));
    all
}

fn shuffled(mut texts: Vec<Text>, seed: u64) -> Vec<Text> {
    let mut dice = Dice::new(seed);
    for at in (1..texts.len()).rev() {
        texts.swap(at, dice.roll(at + 1));
    }
    texts
}

fn rounded(number: f64) -> i64 {
    (number * 1e9).round() as i64
}

/// A group by its names, and its pairs with their resemblance and what is copied.
type GroupFigures = (BTreeSet<String>, BTreeSet<(String, String, [i64; 2])>);

fn group_figures(archive: &Archive) -> BTreeSet<GroupFigures> {
    let figures = |group: &super::Group| {
        // Of members with the same content the first to come stands in the pair.
        let name = |index: usize| {
            let digest = group.members[index].1.digest;
            let twins = group.members.iter().filter(|(_, revision)| revision.digest == digest);
            twins.map(|(document, _)| document.name.text().into_owned()).min().unwrap()
        };
        let pairs = group.pairs.iter().map(|pair| {
            let (a, b) = (name(pair.a), name(pair.b));
            let numbers = [pair.similarity.resemblance, pair.similarity.counted].map(rounded);
            if a < b { (a, b, numbers) } else { (b, a, numbers) }
        });
        (super::members(group), pairs.collect())
    };
    near_groups(archive).iter().map(figures).collect()
}

/// A name, and all numbers of a text near to it: the resemblance, what each has of the other, what counts.
type Numbered = (String, [i64; 4]);

/// Of every text the names near to it, nearest first, and all numbers.
fn neighbour_figures(archive: &Archive) -> Vec<(String, Vec<Numbered>)> {
    let mut all = Vec::new();
    for (name, _) in mixture() {
        let near = near_document(archive, &name, false).into_iter().map(|near| {
            let it = near.similarity;
            let (a_in_b, b_in_a) = (it.containment.a_in_b, it.containment.b_in_a);
            let numbers = [it.resemblance, a_in_b, b_in_a, it.counted].map(rounded);
            (near.document.name.text().into_owned(), numbers)
        });
        let near = near.collect();
        all.push((name, near));
    }
    all
}

fn in_one_commit(texts: &[Text], n_threads: usize) -> Archive {
    let mut archive = init(Arc::new(Memory::default()));
    add_on(&mut archive, 1, texts, n_threads);
    archive
}

#[test]
fn order_commits_and_threads_do_not_matter() {
    let in_order = in_one_commit(&mixture(), 1);
    let (groups, neighbours) = (group_figures(&in_order), neighbour_figures(&in_order));
    assert!(groups.len() > 15, "{} groups", groups.len());
    let backwards: Vec<Text> = mixture().into_iter().rev().collect();
    let orders = [mixture(), backwards, shuffled(mixture(), 1), shuffled(mixture(), 2)];
    let folder = tempfile::tempdir().unwrap();
    for (order, texts) in orders.iter().enumerate().skip(if is_slow() { 0 } else { 3 }) {
        let path = folder.path().join(order.to_string());
        let mut in_many = init_in(&path);
        for (n, some) in texts.chunks(11).enumerate() {
            add_on(&mut in_many, n as u64 + 1, some, [1, 2, 8][order % 3]);
        }
        let in_one = in_one_commit(texts, [8, 1, 2][order % 3]);
        for (archive, how) in [(in_one, "one commit"), (in_many, "many commits")] {
            assert!(neighbour_figures(&archive) == neighbours, "neighbours, order {order}, {how}");
            let now = group_figures(&archive);
            let (more, less) = (&now - &groups, &groups - &now);
            let first = (more.first(), less.first());
            assert!(now == groups, "order {order}, {how}: {} groups differ: {first:?}", more.len());
        }
    }
}

#[test]
fn a_pair_is_near_whichever_is_asked_about() {
    let neighbours: BTreeMap<String, BTreeMap<String, [i64; 4]>> =
        neighbour_figures(&in_one_commit(&mixture(), 4))
            .into_iter()
            .map(|(name, near)| (name, near.into_iter().collect()))
            .collect();
    let mut n_pairs = 0;
    let mut wrong = Vec::new();
    for (one, near) in &neighbours {
        for (other, [resemblance, a_in_b, b_in_a, counted]) in near {
            n_pairs += 1;
            let turned = [*resemblance, *b_in_a, *a_in_b, *counted];
            let back = neighbours[other].get(one);
            if back != Some(&turned) {
                wrong.push((one, other, turned, back));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {n_pairs}: {:?}", wrong.len(), wrong[0]);
}

#[test]
fn pairs_of_a_group_are_those_that_are_near() {
    let archive = in_one_commit(&mixture(), 4);
    let near: BTreeMap<String, BTreeSet<String>> = mixture()
        .into_iter()
        .map(|(name, _)| (name.clone(), names(&near_document(&archive, &name, false))))
        .collect();
    for group in near_groups(&archive) {
        let name = |index: usize| group.members[index].0.name.text().into_owned();
        for pair in &group.pairs {
            let (a, b) = (name(pair.a), name(pair.b));
            assert!(near[&a].contains(&b) && near[&b].contains(&a), "{a} and {b}");
        }
    }
}

/// A text outside the prefix that has two within it brought them together if it came before them.
#[test]
fn groups_below_a_prefix_do_not_depend_on_what_is_beside_it() {
    let (one, two) = (story(1, 12), story(2, 12));
    let both = ("beside/both".to_owned(), one.clone() + &two);
    let within = [("below/one".to_owned(), one), ("below/two".to_owned(), two)];
    let below = docarchive::internals::types::name::DocName::new("below").unwrap();
    let scope = super::DupsScope { prefix: Some(&below), ..super::EVERYTHING };
    for before in [true, false] {
        let mut texts = within.to_vec();
        texts.insert(if before { 0 } else { 2 }, both.clone());
        let archive = super::holding(&texts);
        let mut n_groups = 0;
        let count = |_| {
            n_groups += 1;
            Ok(())
        };
        archive.near_groups(super::Threshold::Copied, scope, count).unwrap();
        assert_eq!(n_groups, 0, "{before}");
    }
}

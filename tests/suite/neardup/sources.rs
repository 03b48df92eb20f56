//! Copies across sources: only pairs of two, the earlier first, and only what is new if that is asked.

use std::sync::Arc;

use docarchive::internals::{
    archive::{
        Archive,
        ingest::{Captured, IngestOptions, Provenance},
        similar::{
            Threshold,
            groups::{DupsScope, Group},
        },
    },
    backend::memory::Memory,
    types::time::Timestamp,
};

use super::story;
use crate::common::{context, ingest, init, intake};

/// Adds one text that was captured on a day.
fn add_captured(archive: &mut Archive, n: u64, (name, day): (&str, i64), text: &str) {
    let captured = Captured::At(Timestamp::from_unix(86_400 * day, 0));
    let provenance = Provenance { captured, ..Provenance::default() };
    let options = IngestOptions { provenance, ..IngestOptions::default() };
    ingest(archive, n, [intake(name.as_bytes(), text.as_bytes())], &options).unwrap();
}

/// The names in each group, and the pairs by names.
type Found = (Vec<String>, Vec<(String, String)>);

fn found(archive: &Archive, since: Option<Timestamp>) -> Vec<Found> {
    let scope = DupsScope { prefix: None, across_sites: true, since };
    let mut all = Vec::new();
    let mut keep = |group: Group| {
        let name = |index: usize| group.members[index].0.name.text().into_owned();
        let pairs = group.pairs.iter().map(|pair| (name(pair.a), name(pair.b))).collect();
        all.push(((0..group.members.len()).map(name).collect(), pairs));
        Ok(())
    };
    archive.exact_groups(scope, &mut keep).unwrap();
    archive.near_groups(Threshold::Copied, scope, &mut keep).unwrap();
    all
}

#[test]
fn across_sources_the_earlier_stands_first_and_copies_at_home_are_left_out() {
    let mut archive = init(Arc::new(Memory::default()));
    let (text, other) = (story(1, 30), story(2, 30));
    let longer = |n| format!("{text}\n{}", story(n, 3));
    add_captured(&mut archive, 1, ("press/late", 30), &longer(3));
    add_captured(&mut archive, 2, ("wire/second", 20), &text);
    add_captured(&mut archive, 3, ("wire/first", 10), &text);
    // Copies on one site, and a copy to the byte on another.
    add_captured(&mut archive, 4, ("wire/other", 1), &other);
    add_captured(&mut archive, 5, ("wire/other-copy", 2), &format!("{other}\n{}", story(4, 3)));
    add_captured(&mut archive, 6, ("mirror/other", 3), &other);
    let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let exact = (names(&["wire/other", "mirror/other"]), Vec::new());
    let copied = (
        names(&["wire/first", "wire/second", "press/late"]),
        vec![pair("wire/first", "press/late"), pair("wire/second", "press/late")],
    );
    let mirrored = (
        names(&["wire/other-copy", "mirror/other"]),
        vec![pair("wire/other-copy", "mirror/other")],
    );
    let all = found(&archive, None);
    assert_eq!(all.len(), 3, "{all:?}");
    for group in [&exact, &copied, &mirrored] {
        assert!(all.contains(group), "{group:?} in {all:?}");
    }
    // Only what was added since.
    let since = |n| found(&archive, Some(context(n).now));
    assert_eq!(since(6), [exact, mirrored]);
    assert_eq!(since(7), []);
    let (_, pairs) = &found(&archive, Some(context(3).now)).remove(1);
    assert_eq!(pairs, &[pair("wire/first", "press/late")]);
}

//! How texts are read that are compared: encodings that people name are recorded, held on to, and used by
//! every reading; of pages the main parts count.

use std::sync::Arc;

use docarchive::internals::{
    archive::{
        Archive,
        compare::{Charset, Scope},
        ingest::{IngestOptions, Outcome, Provenance},
        similar::{ReadAs, Threshold, groups::DupsScope, neighbours::SimilarQuery},
    },
    backend::memory::Memory,
    types::name::DocName,
};

use crate::common::{check, ingest, init, intake};

/// A poem in Russian, as people read it.
const POEM: &str = "Буря мглою небо кроет, вихри снежные крутя; то, как зверь, она завоет, то заплачет, \
    как дитя, то по кровле обветшалой вдруг соломой зашумит, то, как путник запоздалый, к нам в окошко \
    застучит. Наша ветхая лачужка и печальна и темна. Что же ты, моя старушка, приумолкла у окна?";

/// The bytes of a text in the code page of Russian DOS.
fn cp866(text: &str) -> Vec<u8> {
    let Some(Charset::Standard(encoding)) = Charset::for_label("cp866") else { panic!() };
    encoding.encode(text).0.into_owned()
}

/// Adds one document; the encoding and the rule that its latest revision then has, and what came of it.
fn add_as(
    archive: &mut Archive,
    n: u64,
    (name, bytes): (&str, &[u8]),
    label: Option<&str>,
) -> (String, char) {
    let encoding = label.map(|label| Charset::for_label(label).unwrap());
    let provenance = Provenance { encoding, ..Provenance::default() };
    let options = IngestOptions { provenance, ..IngestOptions::default() };
    let outcomes = ingest(archive, n, [intake(name.as_bytes(), bytes)], &options).unwrap();
    let outcome = match &outcomes[..] {
        [Outcome::New(_)] => 'n',
        [Outcome::Revised(_)] => 'r',
        [Outcome::Unchanged] => 'u',
        other => panic!("{other:?}"),
    };
    let name = DocName::new(name).unwrap();
    let document = archive.catalog().document_named(&name).unwrap().unwrap();
    let revision = archive.catalog().revisions(&document).unwrap().remove(0);
    let found = archive.encoding(&document, &revision, None).unwrap().unwrap();
    (found.to_string(), outcome)
}

/// How many stored documents are near to a text.
fn n_near_to(archive: &Archive, text: &str, media_type: &str, scope: Scope) -> usize {
    let (threshold, own, all_revisions) = (Threshold::Copied, None, false);
    let query = SimilarQuery { threshold, own, all_revisions };
    let read_as = ReadAs { media_type, named: None, scope };
    archive.similar((text.as_bytes(), read_as), query).unwrap().unwrap().len()
}

/// How many are near to the poem.
fn n_near(archive: &Archive) -> usize {
    n_near_to(archive, POEM, "text/plain", Scope::Article)
}

/// A page with a story of its own, and a notice that others have, too.
fn page(story: &str) -> String {
    let notice = "We and our 211 partners store cookies on your device and read them, to measure what is read and \
        to show advertisements that may please you. You may object to that at any time by a letter to our office \
        in Port Essery, which answers on weekdays between nine and noon, or on the page about privacy. ";
    let links: String =
        ["Home", "Sport", "Letters"].map(|it| format!("<li><a href=/>{it}</a>")).concat();
    let story = format!("<p>{}</p>", story.repeat(4)).repeat(2);
    let notice = notice.repeat(2);
    format!(
        "<html><ul>{links}</ul><article>{story}</article><div class=cookie-banner>{notice}</div>"
    )
}

#[test]
fn an_encoding_that_is_named_is_recorded_and_holds_on() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let (poem, longer) = (cp866(POEM), cp866(&format!("{POEM} Или бури завываньем ты утомлена?")));
    let named = |name: &str| (format!("{name}, as named"), 'n');
    assert_eq!(add_as(&mut archive, 1, ("a", &poem), Some("koi8-r")), named("KOI8-R"));
    assert_eq!(n_near(&archive), 0);
    // Another is named for the same bytes: a revision of its own, by which the text is compared from now on.
    let recorded = ("IBM866, as named".to_owned(), 'r');
    assert_eq!(add_as(&mut archive, 2, ("a", &poem), Some("ibm866")), recorded);
    assert_eq!(n_near(&archive), 1);
    // Whoever names none, or the same, changes nothing; the next revision is read as the one before.
    let unchanged = ("IBM866, as named".to_owned(), 'u');
    assert_eq!(add_as(&mut archive, 3, ("a", &poem), None), unchanged);
    assert_eq!(add_as(&mut archive, 4, ("a", &poem), Some("cp866")), unchanged);
    assert_eq!(add_as(&mut archive, 5, ("a", &longer), None), recorded);
    // What proves itself is not recorded as anything else, whatever is named.
    let utf8 = ("UTF-8, valid".to_owned(), 'n');
    assert_eq!(add_as(&mut archive, 6, ("b", POEM.as_bytes()), Some("cp866")), utf8);
    assert_eq!(add_as(&mut archive, 7, ("c", b"ASCII"), Some("cp866")), utf8);
    assert_eq!(add_as(&mut archive, 8, ("c", b"ASCII"), Some("cp850")).1, 'u');
    assert_eq!(n_near(&archive), 2);
    check(&archive, &(Arc::new(memory) as _));
}

#[test]
fn bytes_are_text_in_the_encoding_that_is_named() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    // Without a mark and without a space nothing shows that this is text.
    let bare: Vec<u8> = "Привет".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let found = add_as(&mut archive, 1, ("bare", &bare), Some("utf-16be"));
    assert_eq!(found, ("UTF-16BE, as named".to_owned(), 'n'));
    check(&archive, &(Arc::new(memory) as _));
}

#[test]
fn what_pages_have_around_their_main_parts_makes_no_copies() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let harbour =
        page("The harbour is closed, the board said, until the gap is filled with rock. ");
    let bells =
        page("Two villages quarrel over five bells, cast in the year of the flood, and a bridge. ");
    let options = IngestOptions::default();
    let intakes = [("a", &harbour), ("b", &bells)]
        .map(|(name, page)| intake(name.as_bytes(), page.as_bytes()));
    ingest(&mut archive, 1, intakes, &options).unwrap();
    let wool =
        page("Wool fetched more this spring than last, and less than the farmers had hoped for. ");
    let n = |page: &str, scope| n_near_to(&archive, page, "text/html", scope);
    assert_eq!(
        [Scope::Article, Scope::Page, Scope::Source].map(|scope| n(&wool, scope)),
        [0, 2, 2]
    );
    assert_eq!([Scope::Article, Scope::Page].map(|scope| n(&harbour, scope)), [1, 2]);
    let scope = DupsScope { prefix: None, across_sites: false, since: None };
    let no_group = |group| panic!("{group:?}");
    archive.near_groups(Threshold::Copied, scope, no_group).unwrap();
}

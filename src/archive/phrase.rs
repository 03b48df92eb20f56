//! Phrases: what is looked for in the texts of revisions, and where its number of occurrences changed.
//!
//! A text is looked through as `search` reads it, whole pages with all that is visible and the words whole, each
//! run of white space as one space; case does not count. Contents are read in the order in which they lie in packs, each once,
//! and only what is known of those that have the phrase is kept.

use std::collections::{BTreeSet, HashMap, HashSet};

use regex::{Regex, RegexBuilder};

use crate::{
    catalog::KeptContent,
    text::{self, WithStatus},
    types::{
        digest::DocId,
        document::{Document, Revision},
        error::Error,
        time::Timestamp,
    },
};

use super::{
    Archive,
    gaps::{TextGap, TextGaps, gap_of, gap_unrendered},
    operand,
    pattern::Pattern,
    presence::AsOf,
};

/// Letters shown on each side of a phrase.
const EXCERPT_LETTERS: usize = 60;
/// Letters shown of what a regular expression found.
const FOUND_LETTERS_MAX: usize = 200;
/// Occurrences of one text that are kept to be shown.
const EXCERPTS_MAX: usize = 256;
/// Excerpts kept of all texts together; beyond, texts are read once more to be shown.
const EXCERPT_BYTES_MAX: usize = 32 << 20;

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Phrase(Regex);

/// An occurrence with the text around it, on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// What stands before it.
    pub before: String,
    /// The phrase as it stands there.
    pub found: String,
    /// What stands behind it.
    pub after: String,
}

/// Which changes are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhraseFate {
    /// More occurrences than before.
    Added,
    /// Fewer.
    Removed,
    /// Either.
    Touched,
}

/// The documents that are looked through.
#[derive(Clone, Copy)]
pub enum Among<'a> {
    /// All.
    All,
    /// One.
    One(&'a Document),
    /// Those that fit.
    Fitting(&'a Pattern),
}

/// A revision in which the number of occurrences changed.
pub struct PhraseChange {
    /// The document.
    pub document: Document,
    /// The revision.
    pub revision: Revision,
    /// Occurrences in the revision before it; 0 where there is none.
    pub n_before: usize,
    /// Occurrences in it.
    pub n_after: usize,
    /// One that came or went.
    pub excerpt: Excerpt,
}

/// What could not be looked through.
#[derive(Debug, Default)]
pub struct Unsearched {
    /// How much that was.
    pub gaps: TextGaps,
    /// The first error met there.
    pub error: Option<Error>,
}

/// What a text has of a phrase.
#[derive(Debug, Clone, Default)]
struct Occurrences {
    n: usize,
    /// Of the first ones; none when too many are kept.
    excerpts: Vec<Excerpt>,
}

/// The occurrences of the contents that have any, by the row of the content.
type HitContents = HashMap<i64, Occurrences>;

/// A change by its event, so that many can wait to be put in order.
struct LightChange {
    captured: Timestamp,
    event: u64,
    /// Contents before and after.
    contents: [Option<i64>; 2],
}

impl Phrase {
    /// Words as they stand, whatever white space is between them.
    pub fn of_words(words: &str) -> Result<Self, Error> {
        Self::of_pattern(&regex::escape(folded(words).trim()))
    }

    /// What a regular expression fits.
    pub fn of_pattern(pattern: &str) -> Result<Self, Error> {
        regular_expression(pattern).map(Self)
    }

    fn occurrences(&self, text: &str) -> Occurrences {
        let text = folded(text);
        let mut found = Occurrences::default();
        for place in self.0.find_iter(&text).filter(|place| !place.is_empty()) {
            if found.n < EXCERPTS_MAX {
                found.excerpts.push(Excerpt::of(&text, place.range()));
            }
            found.n += 1;
        }
        found
    }
}

/// A regular expression for which case does not count.
pub(super) fn regular_expression(pattern: &str) -> Result<Regex, Error> {
    if pattern.trim().is_empty() {
        return Err(Error::usage("there are no words to look for"));
    }
    let built = RegexBuilder::new(pattern).case_insensitive(true).build();
    built.map_err(|why| {
        let why = why.to_string();
        let why = why.lines().next_back().unwrap_or_default().trim();
        let why = why.strip_prefix("error: ").unwrap_or(why);
        Error::usage(format!("'{pattern}' is no regular expression: {why}"))
    })
}

impl Excerpt {
    fn of(text: &str, place: std::ops::Range<usize>) -> Self {
        let (before, after) = (&text[..place.start], &text[place.end..]);
        let start = before.char_indices().rev().nth(EXCERPT_LETTERS - 1).map_or(0, |(at, _)| at);
        // A word cut in two is left out, unless it is as long as all.
        let cut = if start > 0 { before[start..].find(' ').map_or(0, |at| at + 1) } else { 0 };
        let end = after.char_indices().nth(EXCERPT_LETTERS).map_or(after.len(), |(at, _)| at);
        let kept = match after[..end].rfind(' ') {
            Some(at) if end < after.len() => at,
            _ => end,
        };
        let dots = |is_cut: bool| if is_cut { "…" } else { "" };
        let found = &text[place];
        let end = found.char_indices().nth(FOUND_LETTERS_MAX).map_or(found.len(), |(at, _)| at);
        Self {
            before: format!("{}{}", dots(start > 0), &before[start + cut..]),
            found: format!("{}{}", &found[..end], dots(end < found.len())),
            after: format!("{}{}", &after[..kept], dots(kept < after.len())),
        }
    }

    fn n_bytes(&self) -> usize {
        self.before.len() + self.found.len() + self.after.len()
    }
}

impl Among<'_> {
    fn has(self, document: &Document) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one.id == document.id,
            Self::Fitting(pattern) => pattern.fits(document),
        }
    }
}

impl PhraseFate {
    fn fits(self, n_before: usize, n_after: usize) -> bool {
        match self {
            Self::Added => n_after > n_before,
            Self::Removed => n_after < n_before,
            Self::Touched => n_after != n_before,
        }
    }
}

impl Archive {
    /// Calls `each` with the revisions in which a phrase came or went, of the documents that fit, up to
    /// `limit`, those that were captured last first.
    pub fn phrase_changes(
        &self,
        phrase: &Phrase,
        fate: PhraseFate,
        among: Among<'_>,
        limit: usize,
        mut each: impl FnMut(PhraseChange) -> Result<(), Error>,
    ) -> Result<Unsearched, Error> {
        let mut search = PhraseSearch {
            archive: self,
            phrase,
            found: HitContents::new(),
            unknown: HashSet::new(),
            with_gap: HashSet::new(),
            n_excerpt_bytes: 0,
            unsearched: Unsearched::default(),
        };
        match among {
            Among::All => search.all_contents()?,
            Among::One(document) => search.contents_of(document, &mut HashSet::new())?,
            Among::Fitting(pattern) => {
                let mut met = HashSet::new();
                pattern
                    .each(self, AsOf::Ever, |document, _| search.contents_of(document, &mut met))?;
            }
        }
        let mut changes = search.changes(fate, among)?;
        changes.sort_unstable_by_key(|it| std::cmp::Reverse((it.captured, it.event)));
        for change in changes.into_iter().take(limit) {
            if let Some(change) = search.in_full(&change)? {
                each(change)?;
            }
        }
        Ok(search.unsearched)
    }
}

struct PhraseSearch<'a> {
    archive: &'a Archive,
    phrase: &'a Phrase,
    found: HitContents,
    /// Contents of which nothing is known: revisions with them are passed over.
    unknown: HashSet<i64>,
    /// Contents of which some is not known: they have what was found, and maybe more.
    with_gap: HashSet<i64>,
    n_excerpt_bytes: usize,
    unsearched: Unsearched,
}

impl PhraseSearch<'_> {
    fn all_contents(&mut self) -> Result<(), Error> {
        let withdrawn = self.archive.catalog.withdrawn_revisions()?;
        let n_withdrawn = withdrawn.iter().filter(|(_, it)| it.withdrawn.is_some()).count();
        self.unsearched.gaps.n_withdrawn = n_withdrawn as u64;
        for KeptContent { row, .. } in self.archive.kept_contents()? {
            if let Some(revision) = self.archive.catalog.first_with(row)? {
                self.content(row, &revision)?;
            }
        }
        Ok(())
    }

    /// A content that several documents have is read once.
    fn contents_of(&mut self, document: &Document, met: &mut HashSet<i64>) -> Result<(), Error> {
        let catalog = &self.archive.catalog;
        // The oldest first: later ones rest on them.
        for revision in catalog.revisions(document)?.iter().rev() {
            if revision.withdrawn.is_some() {
                self.unsearched.gaps.n_withdrawn += 1;
                continue;
            }
            let row = catalog.content_of(revision)?;
            if met.insert(row) {
                self.content(row, revision)?;
            }
        }
        Ok(())
    }

    /// Looks through a content, and keeps what it has.
    fn content(&mut self, row: i64, revision: &Revision) -> Result<(), Error> {
        if operand::is_too_long(revision.n_bytes, &revision.media_type) {
            return self.leave_out(row, TextGap::TooLong);
        }
        match self.occurrences(revision) {
            // Of a text that is not there nobody knows whether words came into it or went.
            Ok((None, Some(gap))) => self.leave_out(row, gap)?,
            Ok((occurrences, gap)) => {
                if let Some(gap) = gap {
                    self.count(row, gap)?;
                    self.with_gap.insert(row);
                }
                self.keep(row, occurrences.unwrap_or_default());
            }
            Err(error @ Error::Damaged { .. }) => {
                self.archive.notice_damage(&revision.digest);
                self.leave_out(row, TextGap::Unreadable)?;
                self.unsearched.error.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn keep(&mut self, row: i64, mut occurrences: Occurrences) {
        if occurrences.n == 0 {
            return;
        }
        self.n_excerpt_bytes += occurrences.excerpts.iter().map(Excerpt::n_bytes).sum::<usize>();
        if self.n_excerpt_bytes > EXCERPT_BYTES_MAX {
            occurrences.excerpts = Vec::new();
        }
        self.found.insert(row, occurrences);
    }

    fn leave_out(&mut self, row: i64, gap: TextGap) -> Result<(), Error> {
        self.unknown.insert(row);
        self.count(row, gap)
    }

    fn count(&mut self, row: i64, gap: TextGap) -> Result<(), Error> {
        let of = self.archive.catalog.revisions_with(row)?.pop();
        self.unsearched.gaps.count(gap, of);
        Ok(())
    }

    /// What a revision has, if it has a text, and what of that is not there.
    fn occurrences(
        &self,
        revision: &Revision,
    ) -> Result<(Option<Occurrences>, Option<TextGap>), Error> {
        if !operand::may_be_compared(revision.n_bytes, &revision.media_type) {
            return Ok((None, gap_unrendered(revision.n_bytes, &revision.media_type)));
        }
        let bytes = self.archive.reader.content_bytes(&revision.digest, revision.n_bytes)?;
        let (media_type, named) = (&revision.media_type, operand::encoding(revision));
        let WithStatus { found, status } = text::searched_text(&bytes, media_type, named);
        Ok((found.map(|text| self.phrase.occurrences(&text)), status.and_then(gap_of)))
    }

    /// Where the number of occurrences differs from that in the revision captured before.
    fn changes(&self, fate: PhraseFate, among: Among<'_>) -> Result<Vec<LightChange>, Error> {
        let catalog = &self.archive.catalog;
        let mut documents: BTreeSet<DocId> = BTreeSet::new();
        let mut changes = Vec::new();
        for row in self.found.keys() {
            for (document, _) in catalog.revisions_with(*row)? {
                if among.has(&document) && documents.insert(document.id) {
                    self.changes_of(&document, fate, &mut changes)?;
                }
            }
        }
        Ok(changes)
    }

    fn changes_of(
        &self,
        document: &Document,
        fate: PhraseFate,
        changes: &mut Vec<LightChange>,
    ) -> Result<(), Error> {
        let catalog = &self.archive.catalog;
        let mut before = None;
        for revision in catalog.revisions(document)?.iter().rev() {
            let after = Some(catalog.content_of(revision)?);
            if revision.withdrawn.is_some() {
                continue;
            }
            if after.is_some_and(|row| self.unknown.contains(&row)) {
                continue;
            }
            let (n_before, n_after) = (self.n_in(before), self.n_in(after));
            // What is not found there may stand in the gap.
            if n_after <= n_before && after.is_some_and(|row| self.with_gap.contains(&row)) {
                continue;
            }
            if fate.fits(n_before, n_after) {
                let (captured, event) = (revision.captured, revision.event);
                changes.push(LightChange { captured, event, contents: [before, after] });
            }
            before = after;
        }
        Ok(())
    }

    fn n_in(&self, content: Option<i64>) -> usize {
        content.and_then(|row| self.found.get(&row)).map_or(0, |it| it.n)
    }

    fn in_full(&self, change: &LightChange) -> Result<Option<PhraseChange>, Error> {
        let Some((document, revision)) = self.archive.catalog.revision_of_event(change.event)?
        else {
            return Ok(None);
        };
        self.archive.confirm(&document, &revision)?;
        let [n_before, n_after] = change.contents.map(|content| self.n_in(content));
        let [before, after] = change.contents.map(|content| self.excerpts(content));
        let (before, after) = (before?, after?);
        let excerpt = match n_after > n_before {
            true => only_in(&after, &before),
            false => only_in(&before, &after),
        };
        Ok(Some(PhraseChange { document, revision, n_before, n_after, excerpt }))
    }

    fn excerpts(&self, content: Option<i64>) -> Result<Vec<Excerpt>, Error> {
        let Some((row, known)) = content.and_then(|row| Some((row, self.found.get(&row)?))) else {
            return Ok(Vec::new());
        };
        if !known.excerpts.is_empty() {
            return Ok(known.excerpts.clone());
        }
        let Some(revision) = self.archive.catalog.first_with(row)? else { return Ok(Vec::new()) };
        Ok(self.occurrences(&revision)?.0.unwrap_or_default().excerpts)
    }
}

/// The first excerpt that the other text does not have, else the first.
fn only_in(all: &[Excerpt], others: &[Excerpt]) -> Excerpt {
    let own = all.iter().find(|excerpt| !others.contains(excerpt));
    own.or(all.first()).cloned().unwrap_or_default()
}

/// A text with each run of white space as one space, and without what cannot be seen.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut is_space = false;
    for letter in text::composed(text.into()).chars() {
        match letter {
            // Soft hyphens, and spaces and joiners of no width.
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
            letter if letter.is_whitespace() => is_space = true,
            letter => {
                if std::mem::take(&mut is_space) {
                    folded.push(' ');
                }
                folded.push(letter);
            }
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_found(phrase: Phrase, text: &str) -> usize {
        phrase.occurrences(text).n
    }

    #[test]
    fn white_space_case_and_what_is_invisible_do_not_count() {
        let phrase = || Phrase::of_words(" port\n Essery ").unwrap();
        for (text, expected) in [
            ("from Port Essery and PORT\n\n  ESSERY", 2),
            ("Port\u{a0}Esse\u{ad}ry", 1),
            ("Portessery", 0),
            ("", 0),
        ] {
            assert_eq!(n_found(phrase(), text), expected, "{text}");
        }
        let cafe = Phrase::of_words("CAFE\u{301}").unwrap();
        assert_eq!(n_found(cafe, "the café"), 1);
        let plain = Phrase::of_words("4.5 (net)").unwrap();
        assert_eq!((n_found(plain.clone(), "4.5 (net)"), n_found(plain, "4x5 net")), (1, 0));
    }

    #[test]
    fn a_regular_expression_is_one_or_is_refused() {
        let fares = Phrase::of_pattern(r"fare of \d+").unwrap();
        assert_eq!(n_found(fares, "A fare of 12.\nA Fare\nof 14."), 2);
        assert_eq!(n_found(Phrase::of_pattern("x*").unwrap(), "abc"), 0);
        let refused = Phrase::of_pattern("(open").unwrap_err().to_string();
        assert_eq!(refused, "'(open' is no regular expression: unclosed group");
        for nothing in ["", " \n"] {
            assert!(Phrase::of_words(nothing).is_err());
        }
    }

    #[test]
    fn an_excerpt_is_cut_between_words() {
        let words = "one two three four five six seven eight nine ten ".repeat(4);
        let text = format!("{words}HERE {words}");
        let found = Phrase::of_words("here").unwrap().occurrences(&text);
        let Excerpt { before, found, after } = &found.excerpts[0];
        assert_eq!(before, "…nine ten one two three four five six seven eight nine ten ");
        assert_eq!(found, "HERE");
        assert_eq!(after, " one two three four five six seven eight nine ten one two…");
        let whole = Phrase::of_words("b").unwrap().occurrences("a b c");
        let expected = Excerpt { before: "a ".into(), found: "b".into(), after: " c".into() };
        assert_eq!(whole.excerpts, [expected]);
    }
}

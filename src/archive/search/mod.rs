//! Search: the revisions in whose texts words stand, whether their documents still have them or not.
//!
//! `index` brings the index up to date, `texts` is what is indexed and shown; here is who answers. Of each document
//! the last revision that answers is shown, and if a later one does not, since which one the words are gone.

mod index;
mod texts;

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use crate::{
    catalog::KeptContent,
    search::{
        excerpt::{self, MarkedExcerpt},
        query::SearchQuery,
    },
    types::{
        digest::DocId,
        document::{Document, Revision},
        error::Error,
        name::DocName,
        time::Timestamp,
    },
};

use super::{
    Archive,
    filter::{AppliedFilter, Fits},
    operand,
    phrase::regular_expression,
};

pub use crate::search::{
    excerpt::ExcerptPiece,
    query::{QueryField, SearchQuery as Query},
};
pub use index::{IndexProgress, SearchIndex};
pub use texts::TextPosition;

/// Where more contents fit, the latest of them are put in order by what they say, with those that have the words in
/// their titles; the others come after them, the latest first.
const RANKED_MAX: u64 = 3000;
/// Where more contents fit, those of documents that are left out by a filter are known before they are met.
const MANY: u64 = 500;
/// Of so many contents that fit each is asked for the names of its documents in the time in which the names of five times as many
/// documents are gone through.
const NAMES_PER_CONTENT: u64 = 5;
/// Where more documents fit by their names, what has the words is soon met among theirs.
const NAMED_MAX: usize = 1000;

/// Whether a document of this id and name fits.
pub type FitsName<'a> = dyn Fn(DocId, &DocName) -> bool + 'a;

/// Which documents and revisions are searched.
pub struct SearchScope<'a> {
    /// What is asked of documents.
    pub filter: AppliedFilter<'a>,
    /// What is asked of their names; none of all.
    pub names: Option<&'a FitsName<'a>>,
    /// What is asked of the media type of a revision.
    pub media_type: Option<Fits>,
    /// When a revision was captured: from then on, and until then.
    pub captured: (Timestamp, Timestamp),
    /// Every revision that answers, and not of each document the last.
    pub all_revisions: bool,
}

/// A revision that answers.
pub struct SearchHit {
    /// Its document.
    pub document: Document,
    /// The revision.
    pub revision: Revision,
    /// The first revision after it from which on none answers; none where the latest does.
    pub gone_since: Option<Revision>,
    /// Since when the document is gone.
    pub gone: Option<Timestamp>,
    /// The words as they stand there; none where they stand in the title alone.
    pub excerpt: MarkedExcerpt,
    /// Where that is.
    pub position: Option<TextPosition>,
}

/// What was found before it is read: its document, its revision, and since which one it is gone.
pub struct FoundRevision {
    /// Its document.
    pub document: Document,
    /// The revision.
    pub revision: Revision,
    /// As in [`SearchHit`].
    pub gone_since: Option<Revision>,
    content: i64,
}

/// What could not be searched where texts are read one by one.
#[derive(Debug, Default)]
pub struct NotSearched {
    /// Contents that have more bytes than are treated as text.
    pub n_too_long: u64,
    /// Contents that could not be read.
    pub n_unreadable: u64,
}

/// What answers: what an index has, or contents that were read.
enum Answering<'a> {
    Index {
        index: &'a SearchIndex,
        query: &'a SearchQuery,
        expression: String,
    },
    /// Where something stands in them.
    Read(HashMap<i64, Range<usize>>),
}

/// The answer to a question, from which hits are taken one by one.
pub struct SearchAnswer<'a> {
    archive: &'a Archive,
    scope: &'a SearchScope<'a>,
    answering: Answering<'a>,
    /// Contents that answer, as far as an index alone knows.
    pub n_contents: u64,
}

impl Archive {
    /// Asks an index. None where there is no word that has to stand in a text.
    pub fn search<'a>(
        &'a self,
        index: &'a SearchIndex,
        query: &'a SearchQuery,
        scope: &'a SearchScope<'a>,
    ) -> Result<Option<SearchAnswer<'a>>, Error> {
        let Some(expression) = query.expression() else { return Ok(None) };
        let n_contents = index.full_text.count(&expression)?;
        let answering = Answering::Index { index, query, expression };
        Ok(Some(SearchAnswer { archive: self, scope, answering, n_contents }))
    }

    /// Reads all texts, and answers where a regular expression fits.
    pub fn search_texts<'a>(
        &'a self,
        pattern: &str,
        scope: &'a SearchScope<'a>,
    ) -> Result<(SearchAnswer<'a>, NotSearched), Error> {
        let pattern = regular_expression(pattern)?;
        let (mut found, mut missed) = (HashMap::new(), NotSearched::default());
        for KeptContent { row: content, digest, .. } in self.kept_contents()? {
            let Some(known) = self.catalog.indexed_content(content)? else { continue };
            if operand::is_too_long(known.n_bytes, &known.media_type) {
                missed.n_too_long += 1;
                continue;
            }
            match self.search_text(content) {
                Ok(text) => {
                    let text = text.map_or_else(String::new, |it| it.text);
                    let first = pattern.find_iter(&text).find(|it| !it.is_empty());
                    found.extend(first.map(|it| (content, it.range())));
                }
                Err(Error::Damaged { .. }) => {
                    self.notice_damage(&digest);
                    missed.n_unreadable += 1;
                }
                Err(error) => return Err(error),
            }
        }
        let (n_contents, answering) = (found.len() as u64, Answering::Read(found));
        Ok((SearchAnswer { archive: self, scope, answering, n_contents }, missed))
    }
}

impl SearchAnswer<'_> {
    /// Calls `each` with what was found, best first, for as long as it says so.
    pub fn each(
        &self,
        each: &mut dyn FnMut(FoundRevision) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let allowed = self.allowed()?;
        if allowed.as_ref().is_some_and(HashSet::is_empty) {
            return Ok(());
        }
        let Self { archive, scope, answering, n_contents } = self;
        let mut met = HashSet::new();
        let hits = Hits { archive, scope, answering };
        let mut content = |content: i64| {
            let is_allowed = allowed.as_ref().is_none_or(|it| it.contains(&content));
            if !is_allowed || !answering.is_answer(archive, content)? {
                return Ok(true);
            }
            hits.of_content(content, &mut met, each)
        };
        match answering {
            Answering::Index { index, query, expression } => {
                ranked(index, query, expression, *n_contents, &mut content)
            }
            Answering::Read(found) => {
                // Of what was read nothing says how good it is: the latest comes first.
                let mut contents: Vec<i64> = found.keys().copied().collect();
                contents.sort_unstable_by(|a, b| b.cmp(a));
                for one in contents {
                    if !content(one)? {
                        break;
                    }
                }
                Ok(())
            }
        }
    }

    /// Reads what was found.
    pub fn read(&self, found: FoundRevision) -> Result<SearchHit, Error> {
        let FoundRevision { document, revision, gone_since, content } = found;
        self.archive.confirm(&document, &revision)?;
        let text = self.archive.lone_search_text(content)?.unwrap_or_default();
        let excerpt = match &self.answering {
            Answering::Index { query, .. } => excerpt::excerpt(&text.text, query),
            Answering::Read(found) => {
                excerpt::excerpt_at(&text.text, found.get(&content).cloned().unwrap_or(0..0))
            }
        };
        let position = excerpt.at.map(|at| text.position(at));
        let gone = match document.gone {
            Some(_) => self.archive.catalog.gone_since(&document)?,
            None => None,
        };
        Ok(SearchHit { document, revision, gone_since, gone, excerpt, position })
    }

    /// The contents of documents that filters do not leave out, where many are to be looked at.
    fn allowed(&self) -> Result<Option<HashSet<i64>>, Error> {
        Ok(match (self.allowed_by_filter()?, self.allowed_by_name()?) {
            (Some(a), Some(b)) => Some(&a & &b),
            (one, other) => one.or(other),
        })
    }

    fn allowed_by_filter(&self) -> Result<Option<HashSet<i64>>, Error> {
        let Some(ids) = self.scope.filter.ids().filter(|_| self.n_contents > MANY) else {
            return Ok(None);
        };
        let contents = self.archive.catalog.documents_of_contents()?;
        let has = |documents: &Vec<DocId>| documents.iter().any(|it| ids.contains(it));
        Ok(Some(
            contents.into_iter().filter(|(_, it)| has(it)).map(|(content, _)| content).collect(),
        ))
    }

    fn allowed_by_name(&self) -> Result<Option<HashSet<i64>>, Error> {
        let catalog = &self.archive.catalog;
        let Some(fits) = self.scope.names.filter(|_| self.n_contents > MANY) else {
            return Ok(None);
        };
        if self.n_contents * NAMES_PER_CONTENT < catalog.n_document_rows()? {
            return Ok(None);
        }
        catalog.contents_named(fits, NAMED_MAX)
    }
}

/// Calls `each` with the contents that fit, best first.
fn ranked(
    index: &SearchIndex,
    query: &SearchQuery,
    expression: &str,
    n_contents: u64,
    each: &mut dyn FnMut(i64) -> Result<bool, Error>,
) -> Result<(), Error> {
    let full_text = &index.full_text;
    let has_titles = full_text.has_titles()?;
    if n_contents <= RANKED_MAX {
        return full_text.best_first(expression, 0, each).map(drop);
    }
    let ranked_from = |expression: &str| -> Result<i64, Error> {
        Ok(full_text.nth_last(expression, RANKED_MAX)?.map_or(0, |last| last + 1))
    };
    if let Some(in_title) = query.expression_in_title().filter(|_| has_titles) {
        let first = ranked_from(&in_title)?;
        if !full_text.best_first(&in_title, first, each)? {
            return Ok(());
        }
    }
    let first = ranked_from(expression)?;
    match full_text.best_first(expression, first, each)? {
        true => full_text.last_first(expression, first, each).map(drop),
        false => Ok(()),
    }
}

impl Answering<'_> {
    /// Whether a content answers, as is known at once.
    fn has(&self, content: i64) -> Result<bool, Error> {
        match self {
            Self::Index { index, expression, .. } => index.full_text.fits(expression, content),
            Self::Read(found) => Ok(found.contains_key(&content)),
        }
    }

    /// Whether one does that an index may have taken for an answer.
    fn is_answer(&self, archive: &Archive, content: i64) -> Result<bool, Error> {
        match self {
            Self::Index { query, .. } if query.is_mixed() => {
                let text = archive.search_text(content)?.unwrap_or_default();
                Ok(excerpt::answers(&text.title, &text.text, query))
            }
            _ => Ok(true),
        }
    }
}

/// Finds the revisions of contents that answer.
struct Hits<'a> {
    archive: &'a Archive,
    scope: &'a SearchScope<'a>,
    answering: &'a Answering<'a>,
}

impl Hits<'_> {
    /// Calls `each` with what a content stands for and was not met yet; whether it says to go on.
    fn of_content(
        &self,
        content: i64,
        met: &mut HashSet<(DocId, u64)>,
        each: &mut dyn FnMut(FoundRevision) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let all = self.scope.all_revisions;
        for (document, revision) in self.archive.catalog.revisions_with(content)? {
            let number = if all { revision.number } else { 0 };
            if !self.fits_document(&document, &revision) || !met.insert((document.id, number)) {
                continue;
            }
            let found = match all {
                true if self.fits_revision(&revision) => {
                    let gone_since = self.gone_since(&document, &revision)?;
                    Some(FoundRevision { document, revision, gone_since, content })
                }
                true => None,
                false if document.latest == revision.event && self.fits_revision(&revision) => {
                    Some(FoundRevision { document, revision, gone_since: None, content })
                }
                false => self.last_of(document)?,
            };
            if let Some(found) = found
                && !each(found)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fits_document(&self, document: &Document, revision: &Revision) -> bool {
        self.scope.filter.holds(document, revision)
            && self.scope.names.is_none_or(|fits| fits(document.id, &document.name))
    }

    fn fits_revision(&self, revision: &Revision) -> bool {
        let SearchScope { media_type, captured: (first, last), .. } = self.scope;
        revision.withdrawn.is_none()
            && (*first..=*last).contains(&revision.captured)
            && media_type.as_ref().is_none_or(|fits| fits(&revision.media_type))
    }

    /// The content of a revision, if that answers.
    fn answering_content(&self, revision: &Revision) -> Result<Option<i64>, Error> {
        if revision.withdrawn.is_some() {
            return Ok(None);
        }
        let content = self.archive.catalog.content_of(revision)?;
        let answers =
            self.answering.has(content)? && self.answering.is_answer(self.archive, content)?;
        Ok(answers.then_some(content))
    }

    /// The last revision of a document that answers and fits, and since when none answers.
    fn last_of(&self, document: Document) -> Result<Option<FoundRevision>, Error> {
        let mut gone_since: Option<Revision> = None;
        let mut has_answered = false;
        for revision in self.archive.catalog.revisions(&document)? {
            let answer = self.answering_content(&revision)?;
            if let Some(content) = answer
                && self.fits_revision(&revision)
            {
                return Ok(Some(FoundRevision { document, revision, gone_since, content }));
            }
            has_answered |= answer.is_some();
            // What was withdrawn says nothing of what stood there.
            if !has_answered && revision.withdrawn.is_none() {
                gone_since = Some(revision);
            }
        }
        Ok(None)
    }

    /// The first revision after one from which on none answers; none where the latest does.
    fn gone_since(&self, document: &Document, one: &Revision) -> Result<Option<Revision>, Error> {
        if document.latest == one.event {
            return Ok(None);
        }
        let mut gone_since = None;
        for revision in self.archive.catalog.revisions(document)? {
            if revision.event == one.event || self.answering_content(&revision)?.is_some() {
                break;
            }
            gone_since = Some(revision).filter(|it| it.withdrawn.is_none()).or(gone_since);
        }
        Ok(gone_since)
    }
}

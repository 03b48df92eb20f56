//! Search: the revisions in whose texts words stand, whether their documents still have them or not.
//!
//! `index` brings the index up to date, `readers` what read it, `asked` puts a question to it, `texts` is what is indexed and shown, `later` what became of words after a
//! revision; here is who answers. Of each document the last revision that answers is shown, and if no later one has the
//! words, since which one they are gone.

mod asked;
mod index;
mod later;
mod readers;
mod texts;

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use crate::{
    catalog::KeptContent,
    search::{excerpt, query::SearchQuery},
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
    gaps::{TextGap, TextGaps},
    phrase::regular_expression,
};
use asked::AskedIndex;
use later::LaterRevisions;

pub use crate::search::{
    excerpt::{ExcerptPiece, MarkedExcerpt},
    query::{QueryField, QueryFilter, SearchQuery as Query},
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

/// Whether the revision that this event recorded fits.
pub type FitsEvent = Box<dyn Fn(u64) -> bool>;

/// Which documents and revisions are searched.
pub struct SearchScope<'a> {
    /// What is asked of documents.
    pub filter: AppliedFilter<'a>,
    /// What is asked of their names; none of all.
    pub names: Option<&'a FitsName<'a>>,
    /// Whether a revision, of which this is the event, came from where is asked, or was seen there; none of all.
    pub source: Option<FitsEvent>,
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
    /// The first revision after it from which on none has the words; none where the latest has them, or nothing is known.
    pub gone_since: Option<Revision>,
    /// The first revision after it where nothing is known of that one and all later ones: they were withdrawn or not read.
    pub unknown_since: Option<Revision>,
    /// Since when the document is gone.
    pub gone: Option<Timestamp>,
    /// The words as they stand in the title that the text gives itself, where some stand only there.
    pub title: Option<MarkedExcerpt>,
    /// The words as they stand in the text; nothing where they all stand in the title alone.
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
    /// As in [`SearchHit`].
    pub unknown_since: Option<Revision>,
    content: i64,
}

/// What answers: what an index has, or contents that were read.
enum Answering<'a> {
    Index {
        index: &'a SearchIndex,
        query: &'a SearchQuery,
        asked: AskedIndex<'a>,
        /// The question without what must not stand there, if anything must not.
        words: Option<Box<(SearchQuery, AskedIndex<'a>)>>,
    },
    Read {
        /// Where something stands in contents.
        found: HashMap<i64, FoundPlace>,
        /// Those of which nothing is known, or not all.
        unknown: HashSet<i64>,
    },
}

/// Where something stands.
#[derive(Debug, Clone)]
enum FoundPlace {
    Text(Range<usize>),
    Title(Range<usize>),
}

/// In which order an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerOrder {
    /// Best first.
    Best,
    /// As it comes, for whoever only counts.
    Any,
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
        let full_text = &index.full_text;
        let Some(asked) = AskedIndex::of(full_text, query) else { return Ok(None) };
        let n_contents = asked.count()?;
        let words = query.without_unwanted();
        let words = words.and_then(|words| AskedIndex::of(full_text, &words).map(|it| (words, it)));
        let words = words.map(Box::new);
        let answering = Answering::Index { index, query, asked, words };
        Ok(Some(SearchAnswer { archive: self, scope, answering, n_contents }))
    }

    /// Reads all texts, and answers where a regular expression fits.
    pub fn search_texts<'a>(
        &'a self,
        pattern: &str,
        scope: &'a SearchScope<'a>,
    ) -> Result<(SearchAnswer<'a>, TextGaps), Error> {
        let pattern = regular_expression(pattern)?;
        let first = |text: &str| Some(pattern.find_iter(text).find(|it| !it.is_empty())?.range());
        let (mut found, mut unknown) = (HashMap::new(), HashSet::new());
        let n_withdrawn = self.n_withdrawn_in(scope)?;
        let mut gaps = TextGaps { n_withdrawn, ..TextGaps::default() };
        for KeptContent { row: content, digest, .. } in self.kept_contents()? {
            let (text, gap) = match self.search_text(content) {
                Ok(read) => read,
                Err(Error::Damaged { .. }) => {
                    self.notice_damage(&digest);
                    (None, Some(TextGap::Unreadable))
                }
                Err(error) => return Err(error),
            };
            if let Some(gap) = gap {
                unknown.insert(content);
                if let Some(searched) = self.searched(content, scope)? {
                    gaps.count(gap, Some(searched));
                }
            }
            let text = text.unwrap_or_default();
            let in_text = first(&text.text).map(FoundPlace::Text);
            let place = in_text.or_else(|| first(&text.title).map(FoundPlace::Title));
            found.extend(place.map(|place| (content, place)));
        }
        let (n_contents, answering) = (found.len() as u64, Answering::Read { found, unknown });
        Ok((SearchAnswer { archive: self, scope, answering, n_contents }, gaps))
    }

    /// How much of what a scope has an index does not have.
    pub fn gaps_in(&self, index: &SearchIndex, scope: &SearchScope<'_>) -> Result<TextGaps, Error> {
        let n_withdrawn = self.n_withdrawn_in(scope)?;
        let mut gaps = TextGaps { n_withdrawn, ..TextGaps::default() };
        for (content, gap) in index.full_text.gaps()? {
            if let Some(searched) = self.searched(content, scope)? {
                gaps.count(gap, Some(searched));
            }
        }
        Ok(gaps)
    }

    /// A revision with this content that a scope has.
    fn searched(
        &self,
        content: i64,
        scope: &SearchScope<'_>,
    ) -> Result<Option<(Document, Revision)>, Error> {
        let all = self.catalog.revisions_with(content)?.into_iter();
        Ok(all.rev().find(|it| it.1.withdrawn.is_none() && scope.has(it)))
    }

    /// How many revisions are searched by a scope and passed over because they were withdrawn.
    fn n_withdrawn_in(&self, scope: &SearchScope<'_>) -> Result<u64, Error> {
        let all = self.catalog.withdrawn_revisions()?.into_iter();
        Ok(all.filter(|it| it.1.withdrawn.is_some() && scope.has(it)).count() as u64)
    }
}

impl SearchScope<'_> {
    fn fits_document(&self, document: &Document, revision: &Revision) -> bool {
        self.filter.holds(document, revision)
            && self.names.is_none_or(|fits| fits(document.id, &document.name))
    }

    fn has(&self, (document, revision): &(Document, Revision)) -> bool {
        self.fits_document(document, revision) && self.fits_revision(revision)
    }

    fn fits_revision(&self, revision: &Revision) -> bool {
        let Self { source, media_type, captured: (first, last), .. } = self;
        (*first..=*last).contains(&revision.captured)
            && media_type.as_ref().is_none_or(|fits| fits(&revision.media_type))
            && source.as_ref().is_none_or(|fits| fits(revision.event))
    }
}

impl SearchAnswer<'_> {
    /// Calls `each` with what was found, for as long as it says so.
    pub fn each(
        &self,
        order: AnswerOrder,
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
            Answering::Index { asked, .. } if order == AnswerOrder::Any => {
                Ok(asked.latest_first(&mut content)?)
            }
            Answering::Index { query, asked, .. } => {
                Ok(asked.best_first(query, *n_contents, &mut content)?)
            }
            Answering::Read { found, .. } => {
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
        let FoundRevision { document, revision, gone_since, unknown_since, content } = found;
        self.archive.confirm(&document, &revision)?;
        let text = self.archive.lone_search_text(content, &revision)?.unwrap_or_default();
        let (title, excerpt) = match &self.answering {
            Answering::Index { query, .. } => excerpt::excerpts(&text.title, &text.text, query),
            Answering::Read { found, .. } => match found.get(&content).cloned() {
                Some(FoundPlace::Title(at)) => {
                    (Some(excerpt::excerpt_at(&text.title, at)), MarkedExcerpt::default())
                }
                Some(FoundPlace::Text(at)) => (None, excerpt::excerpt_at(&text.text, at)),
                None => (None, MarkedExcerpt::default()),
            },
        };
        let position = excerpt.at.map(|at| text.position(at));
        let gone = match document.gone {
            Some(_) => self.archive.catalog.gone_since(&document)?,
            None => None,
        };
        Ok(SearchHit {
            document,
            revision,
            gone_since,
            unknown_since,
            gone,
            title,
            excerpt,
            position,
        })
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

impl Answering<'_> {
    /// Whether a content answers, as is known at once.
    fn has(&self, content: i64) -> Result<bool, Error> {
        match self {
            Self::Index { asked, .. } => Ok(asked.has(content)?),
            Self::Read { found, .. } => Ok(found.contains_key(&content)),
        }
    }

    /// Whether a content that does not answer has the words, with something else that must not stand there.
    fn has_words(&self, archive: &Archive, content: i64) -> Result<bool, Error> {
        match self {
            Self::Index { words: Some(words), .. } => {
                let (query, asked) = &**words;
                Ok(asked.has(content)? && stands_as_asked(archive, content, query)?)
            }
            _ => Ok(false),
        }
    }

    /// Whether nothing is known of a content, or not all.
    fn is_unknown(&self, content: i64) -> Result<bool, Error> {
        match self {
            Self::Index { index, .. } => Ok(index.full_text.has_gap(content)?),
            Self::Read { unknown, .. } => Ok(unknown.contains(&content)),
        }
    }

    /// Whether one does that an index may have taken for an answer.
    fn is_answer(&self, archive: &Archive, content: i64) -> Result<bool, Error> {
        match self {
            Self::Index { query, .. } => stands_as_asked(archive, content, query),
            Self::Read { .. } => Ok(true),
        }
    }
}

/// Whether what is asked stands in a content as an index alone does not know.
fn stands_as_asked(archive: &Archive, content: i64, query: &SearchQuery) -> Result<bool, Error> {
    if !query.is_mixed() {
        return Ok(true);
    }
    let text = archive.search_text(content)?.0.unwrap_or_default();
    Ok(excerpt::answers(&text.title, &text.text, query))
}

/// Finds the revisions of contents that answer.
struct Hits<'a> {
    archive: &'a Archive,
    scope: &'a SearchScope<'a>,
    answering: &'a Answering<'a>,
}

/// What a revision has of what is asked.
enum RevisionAnswer {
    /// This content of it answers.
    Answers(i64),
    /// It has the words, with something that must not stand there.
    HasWords,
    /// It does not have the words.
    LacksWords,
    /// It was withdrawn, or its text is not there.
    Unknown,
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
            let fits = self.scope.fits_document(&document, &revision);
            if !fits || !met.insert((document.id, number)) {
                continue;
            }
            let found = match all {
                true if self.is_shown(&revision) => {
                    let later = self.later_than(&document, &revision)?;
                    Some(later.found(document, revision, content))
                }
                true => None,
                false if document.latest == revision.event && self.is_shown(&revision) => {
                    Some(LaterRevisions::default().found(document, revision, content))
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

    fn is_shown(&self, revision: &Revision) -> bool {
        revision.withdrawn.is_none() && self.scope.fits_revision(revision)
    }

    fn answer_of(&self, revision: &Revision) -> Result<RevisionAnswer, Error> {
        if revision.withdrawn.is_some() {
            return Ok(RevisionAnswer::Unknown);
        }
        let content = self.archive.catalog.content_of(revision)?;
        if self.answering.has(content)? && self.answering.is_answer(self.archive, content)? {
            return Ok(RevisionAnswer::Answers(content));
        }
        Ok(match self.answering.has_words(self.archive, content)? {
            true => RevisionAnswer::HasWords,
            false if self.answering.is_unknown(content)? => RevisionAnswer::Unknown,
            false => RevisionAnswer::LacksWords,
        })
    }

    /// The last revision of a document that answers and fits, and what became of the words after it.
    fn last_of(&self, document: Document) -> Result<Option<FoundRevision>, Error> {
        let mut later = LaterRevisions::default();
        for revision in self.archive.catalog.revisions(&document)? {
            let answer = self.answer_of(&revision)?;
            if let RevisionAnswer::Answers(content) = answer
                && self.is_shown(&revision)
            {
                return Ok(Some(later.found(document, revision, content)));
            }
            later.take(revision, &answer);
        }
        Ok(None)
    }

    /// What became of the words after a revision.
    fn later_than(&self, document: &Document, one: &Revision) -> Result<LaterRevisions, Error> {
        let mut later = LaterRevisions::default();
        if document.latest == one.event {
            return Ok(later);
        }
        for revision in self.archive.catalog.revisions(document)? {
            if revision.event == one.event || later.have_words() {
                break;
            }
            let answer = self.answer_of(&revision)?;
            later.take(revision, &answer);
        }
        Ok(later)
    }
}

//! The filters of `archive search`: which documents and revisions are searched, by the words that `archive ls` has.

use std::{collections::HashSet, ffi::OsStr};

use crate::{
    archive::{
        Archive,
        filter::{DocumentFilter, Fits},
        pattern::{Pattern, media_type_fits, text_fits},
        search::{FitsEvent, FitsName, Query, QueryField, QueryFilter, SearchScope},
    },
    cli::{
        args::values::{self, When},
        session::Session,
    },
    types::{digest::DocId, error::Error, name::DocName, tag::Tag, time::Timestamp},
};

/// The filters of a question, as what they are asked of.
pub struct Scopes {
    filter: DocumentFilter,
    names: Option<Box<FitsName<'static>>>,
    sources: Vec<Wish>,
    media_types: Vec<Wish>,
    captured: (Timestamp, Timestamp),
    all_revisions: bool,
}

/// What something has to be, or must not be.
struct Wish {
    value: String,
    is_unwanted: bool,
}

/// Whether a filter makes sense with a value.
pub fn accepts(archive: &Archive, field: QueryField, value: &str) -> bool {
    match field {
        QueryField::Source => text_fits(value).is_ok(),
        QueryField::Type => media_type_fits(value).is_ok(),
        QueryField::Tag => Tag::new(value).is_ok(),
        QueryField::Name => Pattern::of(Some(OsStr::new(value)), archive).is_ok(),
        QueryField::Since | QueryField::Until => values::when(value).is_ok(),
    }
}

/// Whether a word is a filter and nothing else.
pub fn is_filter(word: &str, accepts: &dyn Fn(QueryField, &str) -> bool) -> bool {
    let query = Query::parse(word, accepts);
    let is_bare =
        query.wanted.is_empty() && query.unwanted.is_empty() && query.unsearchable.is_empty();
    is_bare && !query.filters.is_empty()
}

impl Scopes {
    /// Of several filters of one kind all hold. Those of sources, media types and times are asked of the revision that
    /// has the words, those of tags and names of its document.
    pub fn of(
        session: &Session,
        archive: &Archive,
        query: &Query,
        all_revisions: bool,
    ) -> Result<Self, Error> {
        let mut filter = DocumentFilter::default();
        let (mut sources, mut patterns, mut media_types) = (Vec::new(), Vec::new(), Vec::new());
        let mut without_tags = Vec::new();
        let mut captured = (Timestamp::FIRST, Timestamp::LAST);
        for QueryFilter { field, value, is_unwanted, .. } in &query.filters {
            let when = || values::when(value).map_err(Error::usage);
            let wish = || Wish { value: value.clone(), is_unwanted: *is_unwanted };
            match field {
                QueryField::Source => sources.push(wish()),
                QueryField::Type => media_types.push(wish()),
                QueryField::Tag => {
                    let tag = Tag::new(value).map_err(Error::usage)?;
                    if *is_unwanted { without_tags.push(tag) } else { filter.tags.push(tag) }
                }
                QueryField::Name => {
                    patterns.push((Pattern::of(Some(OsStr::new(value)), archive)?, *is_unwanted));
                }
                QueryField::Since | QueryField::Until => {
                    let (first, last) = times(&when()?, *field, *is_unwanted, session.now)?;
                    captured = (captured.0.max(first), captured.1.min(last));
                }
            }
        }
        let mut unwanted = HashSet::new();
        for tag in &without_tags {
            unwanted.extend(archive.catalog().documents_tagged(tag)?);
        }
        let has_any = !patterns.is_empty() || !unwanted.is_empty();
        let fits = move |id: DocId, name: &DocName| {
            !unwanted.contains(&id)
                && patterns.iter().all(|(it, is_unwanted)| it.fits_name(id, name) != *is_unwanted)
        };
        let names = has_any.then(|| Box::new(fits) as Box<FitsName<'static>>);
        Ok(Self { filter, names, sources, media_types, captured, all_revisions })
    }

    /// The same, put to an archive.
    pub fn scope(&self, archive: &Archive) -> Result<SearchScope<'_>, Error> {
        Ok(SearchScope {
            filter: archive.filtered(&self.filter)?,
            names: self.names.as_deref(),
            source: self.source(archive)?,
            media_type: all_fit(&self.media_types, media_type_fits)?,
            captured: self.captured,
            all_revisions: self.all_revisions,
        })
    }

    /// Whether the revision of an event came from where is asked.
    fn source(&self, archive: &Archive) -> Result<Option<FitsEvent>, Error> {
        let mut sets = Vec::new();
        for Wish { value, is_unwanted } in &self.sources {
            let fits = text_fits(value)?;
            sets.push((archive.catalog().revisions_from(&fits)?, *is_unwanted));
        }
        let fits = move |event: u64| {
            sets.iter().all(|(events, is_unwanted)| events.contains(&event) != *is_unwanted)
        };
        Ok((!self.sources.is_empty()).then(|| Box::new(fits) as FitsEvent))
    }
}

/// Between which times captures are asked for. Those that are not since then are before it, and those not until then after.
fn times(
    when: &When,
    field: QueryField,
    is_unwanted: bool,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), Error> {
    let (first, last) = (when.start(now)?, when.timestamp(now)?);
    Ok(match (field, is_unwanted) {
        (QueryField::Since, false) => (first, Timestamp::LAST),
        (QueryField::Since, true) => (Timestamp::FIRST, first.just_before()),
        (_, false) => (Timestamp::FIRST, last),
        (_, true) => (last.just_after(), Timestamp::LAST),
    })
}

/// Whether a text is all that is wished; none where nothing is.
fn all_fit(
    wishes: &[Wish],
    fits: impl Fn(&str) -> Result<Fits, Error>,
) -> Result<Option<Fits>, Error> {
    let mut all = Vec::new();
    for Wish { value, is_unwanted } in wishes {
        all.push((fits(value)?, *is_unwanted));
    }
    let fit = move |text: &str| all.iter().all(|(fits, is_unwanted)| fits(text) != *is_unwanted);
    Ok((!wishes.is_empty()).then(|| Box::new(fit) as Fits))
}

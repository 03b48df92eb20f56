//! The filters of `archive search`: which documents and revisions are searched, by the words that `archive ls` has.

use std::ffi::OsStr;

use crate::{
    archive::{
        Archive,
        filter::{DocumentFilter, Fits},
        pattern::{Pattern, media_type_fits, text_fits},
        search::{FitsName, Query, QueryField, SearchScope},
    },
    cli::{args::values, session::Session},
    types::{digest::DocId, error::Error, name::DocName, tag::Tag, time::Timestamp},
};

/// The filters of a question, as what they are asked of.
pub struct Scopes {
    filter: DocumentFilter,
    names: Option<Box<FitsName<'static>>>,
    media_types: Vec<String>,
    captured: (Timestamp, Timestamp),
    all_revisions: bool,
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
    /// Of several filters of one kind all hold.
    pub fn of(
        session: &Session,
        archive: &Archive,
        query: &Query,
        all_revisions: bool,
    ) -> Result<Self, Error> {
        let mut filter = DocumentFilter::default();
        let (mut sources, mut patterns, mut media_types) = (Vec::new(), Vec::new(), Vec::new());
        let mut captured = (Timestamp::FIRST, Timestamp::LAST);
        for (field, value) in &query.filters {
            let when = || values::when(value).map_err(Error::usage);
            match field {
                QueryField::Source => sources.push(text_fits(value)?),
                QueryField::Type => media_types.push(value.clone()),
                QueryField::Tag => filter.tags.push(Tag::new(value).map_err(Error::usage)?),
                QueryField::Name => patterns.push(Pattern::of(Some(OsStr::new(value)), archive)?),
                QueryField::Since => captured.0 = captured.0.max(when()?.start(session.now)?),
                QueryField::Until => captured.1 = captured.1.min(when()?.timestamp(session.now)?),
            }
        }
        if !sources.is_empty() {
            filter.source = Some(all_fit(sources));
        }
        let names = (!patterns.is_empty()).then(|| {
            let fits =
                move |id: DocId, name: &DocName| patterns.iter().all(|it| it.fits_name(id, name));
            Box::new(fits) as Box<FitsName<'static>>
        });
        Ok(Self { filter, names, media_types, captured, all_revisions })
    }

    /// The same, put to an archive.
    pub fn scope(&self, archive: &Archive) -> Result<SearchScope<'_>, Error> {
        let media_types = self.media_types.iter().map(|it| media_type_fits(it));
        let media_types = media_types.collect::<Result<Vec<Fits>, Error>>()?;
        Ok(SearchScope {
            filter: archive.filtered(&self.filter)?,
            names: self.names.as_deref(),
            media_type: (!media_types.is_empty()).then(|| all_fit(media_types)),
            captured: self.captured,
            all_revisions: self.all_revisions,
        })
    }
}

fn all_fit(fits: Vec<Fits>) -> Fits {
    Box::new(move |text| fits.iter().all(|it| it(text)))
}

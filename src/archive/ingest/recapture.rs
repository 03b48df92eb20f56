//! What was captured again with bytes that are at hand no longer: whoever captured it knew them, and wrote down which they are.

use std::{io, sync::Arc};

use crate::{
    archive::Archive,
    catalog::Latest,
    journal::event::MediaType,
    text::Charset,
    types::{digest::Digest, document::Revision, error::Error, name::DocName, time::Timestamp},
};

use super::{
    outcome::{NewRevision, Outcome},
    provenance::Provenance,
    reader::Intake,
    transaction::Transaction,
};

/// A document that had the bytes of an earlier capture, its own or of another document.
pub struct Recapture {
    /// Its name.
    pub name: DocName,
    /// What is recorded of it.
    pub provenance: Arc<Provenance>,
    /// The content, where it is known.
    pub content: Option<Digest>,
    /// The document that had it and when that was captured; without a time, its latest revision.
    pub of: Option<(DocName, Option<Timestamp>)>,
}

/// A content that is in the archive or on its way there.
struct KnownContent {
    digest: Digest,
    n_bytes: u64,
    media_type: String,
    named: Option<Charset>,
}

impl Recapture {
    /// The document, whose bytes are not asked for.
    pub(super) fn intake(self) -> Intake {
        let provenance = Some(self.provenance);
        Intake { provenance, ..Intake::new(self.name, || Ok(io::empty())) }
    }

    pub(super) fn unknown() -> Outcome {
        let why = "it is the same as an earlier capture, which the archive does not have";
        Outcome::Unreadable(io::Error::new(io::ErrorKind::NotFound, why))
    }
}

impl Archive {
    /// The content of a recapture, if the archive has it.
    pub(super) fn known_content(&self, recapture: &Recapture) -> Result<Option<Digest>, Error> {
        if let Some(content) = recapture.content
            && self.catalog.has_content(&content)?
        {
            return Ok(Some(content));
        }
        let Some((name, at)) = &recapture.of else { return Ok(None) };
        let found = match at {
            None => {
                let latest = self.catalog.latest(name)?;
                latest.filter(|it| !it.is_withdrawn).map(|it| it.digest)
            }
            Some(at) => {
                let Some(document) = self.catalog.document_named(name)? else { return Ok(None) };
                let revision = self.catalog.revision_as_of(&document, *at)?;
                let is_it = |it: &Revision| it.captured == *at && it.withdrawn.is_none();
                revision.filter(is_it).map(|it| it.digest)
            }
        };
        Ok(found)
    }
}

impl Transaction<'_> {
    /// Adds a recapture.
    pub(super) fn add_again(&mut self, recapture: Recapture) -> Result<Outcome, Error> {
        let Some(digest) = self.content_of(&recapture)? else { return Ok(Recapture::unknown()) };
        let intake = recapture.intake();
        let latest = self.latest_or_pending(&intake.name)?;
        if let Some(latest) = latest.filter(|it| it.is_same(digest, None)) {
            return self.see(&intake, latest, false);
        }
        let captured = self.provenance(&intake).captured(None, self.context.now);
        if self.archive.is_recorded(latest, (&digest, None, captured))? {
            return Ok(Outcome::found(false));
        }
        let Some(known) = self.known(digest)? else { return Ok(Recapture::unknown()) };
        self.revise_with(&intake, latest, &known).map(Outcome::from)
    }

    /// Records a next revision with a content that is known.
    fn revise_with(
        &mut self,
        intake: &Intake,
        latest: Option<Latest>,
        known: &KnownContent,
    ) -> Result<NewRevision, Error> {
        let media = MediaType::new(&known.media_type).map_err(|e| Error::usage(e.to_string()))?;
        let new = NewRevision::next(latest, known.digest, known.n_bytes);
        self.record(intake, latest, (new, media, known.named))?;
        Ok(new)
    }

    /// The content of a recapture, committed or not.
    fn content_of(&self, recapture: &Recapture) -> Result<Option<Digest>, Error> {
        if let Some(content) = recapture.content
            && self.pending.contents.contains(&content)
        {
            return Ok(Some(content));
        }
        if let Some((name, at)) = &recapture.of {
            let is_it = |captured| at.is_none_or(|at| captured == Some(at));
            let pending = self.pending.revisions();
            let found = pending
                .filter(|it| it.detail.name == *name && is_it(it.detail.captured))
                .last()
                .map(|it| it.new.digest);
            if found.is_some() {
                return Ok(found);
            }
        }
        self.archive.known_content(recapture)
    }

    /// What is recorded of a content.
    fn known(&self, digest: Digest) -> Result<Option<KnownContent>, Error> {
        if let Some(revision) = self.pending.revisions().find(|it| it.new.digest == digest) {
            return Ok(Some(KnownContent {
                digest,
                n_bytes: revision.new.n_bytes,
                media_type: revision.media.as_str().to_owned(),
                named: revision.detail.encoding.as_deref().and_then(Charset::for_label),
            }));
        }
        // As what one was withdrawn nothing is read that stayed.
        let mut found = self.archive.revisions_of_content(digest.into())?;
        found.sort_by_key(|(_, revision)| revision.withdrawn.is_some());
        Ok(found.first().map(|(_, revision)| KnownContent {
            digest,
            n_bytes: revision.n_bytes,
            media_type: revision.media_type.clone(),
            named: revision.encoding.as_deref().and_then(Charset::for_label),
        }))
    }
}

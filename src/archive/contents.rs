//! Contents on their way out, each verified against its event; and what becomes of damage that is noticed.
//!
//! A file that looks unchanged is not read again by `add`, so damage to what is stored of it would never
//! heal. So whoever notices damage forgets the stats of the files that have that content, and the next `add`
//! reads them.

use tracing::debug;

use crate::{
    catalog::{KeptContent, Latest},
    journal::event::{Detail, Event},
    store::{ContentReader, Reader, Sealed},
    text,
    types::{
        digest::Digest,
        document::{Document, Revision, Withdrawn},
        error::Error,
        limits,
        name::DocName,
    },
};

use super::{Archive, operand::encoding};

/// Contents in the order in which they are best read; those that lie nowhere come first.
pub(super) fn in_reading_order(
    reader: &Reader<Sealed>,
    contents: Vec<KeptContent>,
) -> Vec<KeptContent> {
    let (placed, mut ordered): (Vec<_>, Vec<_>) =
        contents.into_iter().partition(|content| content.place.is_some());
    let blobs: Vec<_> = placed.iter().filter_map(|it| Some((it.digest.key(), it.place?))).collect();
    ordered.extend(reader.reading_order(&blobs).into_iter().map(|n| placed[n]));
    ordered
}

impl Archive {
    /// All contents that are kept, in each interpretation, in the order in which they are best read.
    pub(super) fn kept_contents(&self) -> Result<Vec<KeptContent>, Error> {
        Ok(in_reading_order(&self.reader, self.catalog.kept_contents()?))
    }

    /// Streams the bytes of a revision, all of them verified before the first is handed out.
    ///
    /// What does not fit into memory is decoded twice for that. That the catalog named the right bytes is
    /// first confirmed by the event itself.
    pub fn read(
        &self,
        document: &Document,
        revision: &Revision,
    ) -> Result<ContentReader<'_, Sealed>, Error> {
        self.confirm(document, revision)?;
        self.noticing(revision, || self.reader.content(&revision.digest, revision.n_bytes))
    }

    /// Hands out the bytes of a revision piece by piece, decoded once: an error takes back what was given.
    ///
    /// For whoever can throw that away, such as a file that gets its name at the end. Each piece is verified
    /// before, and that they make up the content when `Ok` is returned. `Interrupted` once that is asked for.
    pub fn each_piece(
        &self,
        document: &Document,
        revision: &Revision,
        is_interrupted: &dyn Fn() -> bool,
        mut each: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.confirm(document, revision)?;
        let (digest, n_bytes) = (&revision.digest, revision.n_bytes);
        let next = || self.reader.content_verified_at_end(digest, n_bytes, is_interrupted);
        let mut content = self.noticing(revision, next)?;
        while let Some(piece) = self.noticing(revision, || content.next_piece())? {
            if is_interrupted() {
                return Err(Error::Interrupted);
            }
            each(&piece)?;
        }
        Ok(())
    }

    /// The bytes of a revision, all at once: meant for contents that fit into memory.
    pub fn read_whole(&self, document: &Document, revision: &Revision) -> Result<Vec<u8>, Error> {
        self.confirm(document, revision)?;
        self.noticing(revision, || self.reader.content_bytes(&revision.digest, revision.n_bytes))
    }

    /// The text of a revision, decoded; none where its bytes are no text, or more than is treated as
    /// text.
    pub fn read_text(
        &self,
        document: &Document,
        revision: &Revision,
    ) -> Result<Option<String>, Error> {
        if revision.n_bytes > limits::TEXT_BYTES_MAX as u64 {
            return Ok(None);
        }
        let bytes = self.read_whole(document, revision)?;
        Ok(text::decode(&bytes, &revision.media_type, encoding(revision))
            .map(|it| it.text.into_owned()))
    }

    /// Reads a content to its end: what is wrong with it, `None` if nothing is.
    pub(super) fn damage(
        &self,
        digest: &Digest,
        n_bytes: u64,
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<Error>, Error> {
        let read = || {
            let mut content =
                self.reader.content_verified_at_end(digest, n_bytes, is_interrupted)?;
            let mut n_read = 0;
            while let Some(piece) = content.next_piece()? {
                if is_interrupted() {
                    return Err(Error::Interrupted);
                }
                n_read += piece.len() as u64;
            }
            if n_read != n_bytes {
                return Err(Error::damaged(
                    format!("content {digest}"),
                    format!("it has {n_read} bytes, its event states {n_bytes}"),
                ));
            }
            Ok(())
        };
        match read() {
            Ok(()) => Ok(None),
            Err(error @ Error::Damaged { .. }) => Ok(Some(error)),
            Err(error) => Err(error),
        }
    }

    /// Whether what is stored of a document's latest revision reads as it must.
    pub(super) fn is_sound(
        &self,
        latest: &Latest,
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<bool, Error> {
        // What waits for its commit is not there.
        let Some((_, revision)) = self.catalog.revision_of_event(latest.event)? else {
            return Ok(true);
        };
        let damage = self.damage(&revision.digest, revision.n_bytes, is_interrupted)?;
        Ok(damage.is_none())
    }

    /// Notices the damage that reading a revision meets.
    fn noticing<T>(
        &self,
        revision: &Revision,
        read: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        read().inspect_err(|error| {
            if matches!(error, Error::Damaged { .. }) {
                self.notice_damage(&revision.digest);
            }
        })
    }

    /// Has the files that have a damaged content read by the next `add`, whatever they look like.
    ///
    /// Where nothing can be written nothing is remembered; that is no error of whoever reads.
    pub(super) fn notice_damage(&self, digest: &Digest) {
        let noticed = self.names_with(digest).and_then(|names| {
            self.home.existing_stat_cache()?.forget(&names);
            Ok(())
        });
        if let Err(error) = noticed {
            debug!(target: "catalog", "damage not remembered: {error}");
        }
    }

    /// The same of all files, where it is not known which contents are damaged.
    pub(super) fn notice_damage_somewhere(&self) {
        match self.home.existing_stat_cache() {
            Ok(stat_cache) => stat_cache.forget_all(),
            Err(error) => debug!(target: "catalog", "damage not remembered: {error}"),
        }
    }

    fn names_with(&self, digest: &Digest) -> Result<Vec<DocName>, Error> {
        let contents = self.catalog.contents(digest)?;
        let Some(content) = contents.first() else { return Ok(Vec::new()) };
        let revisions = self.catalog.revisions_with_bytes(*content)?;
        Ok(revisions.into_iter().map(|(document, _)| document.name).collect())
    }

    /// Compares a row of the catalog with the event and detail it stands for.
    pub(super) fn confirm(&self, document: &Document, revision: &Revision) -> Result<(), Error> {
        self.confirm_event(document, revision)?;
        self.expect_kept(document, revision)
    }

    /// The same, whether or not its content was withdrawn.
    pub(super) fn confirm_event(
        &self,
        document: &Document,
        revision: &Revision,
    ) -> Result<(), Error> {
        let drift =
            || Error::Catalog { why: format!("event {} is not as its row has it", revision.event) };
        let range = revision.event..revision.event + 1;
        let (event, detail) = match self.journal.entries(range).next() {
            Some(Ok(entry)) => (entry.event, entry.detail),
            // The bytes are verified all the same; that an event cannot be read is for the audit.
            Some(Err(Error::Damaged { .. })) => return Ok(()),
            // No content depends on what people wrote about it.
            Some(Err(error)) if error.denial().is_some() => {
                let event = self.journal.event_alone(revision.event)?.ok_or_else(drift)?;
                (event, None)
            }
            Some(Err(error)) => return Err(error),
            None => return Err(drift()),
        };
        let Event::Revise(revise) = &event else { return Err(drift()) };
        let is_named = match &detail {
            // What was put back of words that are withdrawn counts for nothing.
            Some(Detail::Revise(detail)) if revision.number == 1 => {
                detail.name == document.name
                    || self.is_renamed_so(document)?
                    || self.are_withdrawn(revision)?
            }
            _ => true,
        };
        let is_right = revise.sha256 == revision.digest
            && revise.size == revision.n_bytes
            && revise.doc == document.id;
        if !is_right || !is_named {
            return Err(drift());
        }
        Ok(())
    }

    /// Whether a `rename` event gave a document this name, or took it away, as the journal has it.
    fn is_renamed_so(&self, document: &Document) -> Result<bool, Error> {
        for (event, name) in self.catalog.renames_to(document)? {
            let entry = self.journal.entries(event..event + 1).next().transpose()?;
            if let Some(entry) = entry
                && matches!(&entry.event, Event::Document(it) if it.doc == document.id)
                && match &entry.detail {
                    Some(Detail::Document(detail)) => detail.name.as_ref() == Some(&name),
                    // Which name it gave is not known any more.
                    _ => name.as_bytes() == document.id.to_string().as_bytes(),
                }
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether what people wrote about a revision was withdrawn, as the journal has it.
    fn are_withdrawn(&self, revision: &Revision) -> Result<bool, Error> {
        let by = revision.words_withdrawn.as_ref().map(|withdrawn| withdrawn.event);
        by.map_or(Ok(false), |by| self.journal.withdraws_details(revision.event, by))
    }

    /// The same of a revision alone.
    pub(super) fn expect_readable(&self, revision: &Revision) -> Result<(), Error> {
        if revision.withdrawn.is_none() {
            return Ok(());
        }
        let found = self.catalog.revision_of_event(revision.event)?;
        found.map_or(Ok(()), |(document, revision)| self.expect_kept(&document, &revision))
    }

    /// That a revision was not withdrawn. Only the event itself refuses.
    pub fn expect_kept(&self, document: &Document, revision: &Revision) -> Result<(), Error> {
        let Some(withdrawn) = &revision.withdrawn else { return Ok(()) };
        let Withdrawn { event, at, reason } = withdrawn;
        if !self.journal.withdraws_content(revision.event, *event)? {
            let why = format!("event {event} does not withdraw event {}", revision.event);
            return Err(Error::Catalog { why });
        }
        Err(Error::Withdrawn {
            what: format!("{}@{}", document.name.text(), revision.number),
            event: *event,
            at: at.minute(),
            reason: reason.clone(),
        })
    }
}

//! Adding one document: what is new of it goes to the store and into the transaction.
//!
//! Nothing has happened until the transaction is committed, and then all of it has.

use std::{io, rc::Rc, sync::Arc};

use crate::{
    catalog::{FileStat, Latest, Snapshot, StatEntry},
    journal::event::{MediaType, ReviseDetail},
    store::{Blob, CompressionLevels, Writer},
    types::{
        digest::{Digest, DocId, Hasher},
        error::Error,
        limits,
        name::DocName,
    },
};

use super::{
    chunked::ContentError,
    reader::{Analysis, Expected, Input, Intake, ReadDocument},
    transaction::{Captured, Committed, Content, Form, PendingRevision, Transaction},
};

/// What became of a document.
#[derive(Debug)]
pub enum Outcome {
    /// It was not known: a first revision.
    New(NewRevision),
    /// Its content is another one: a next revision.
    Revised(NewRevision),
    /// Its content is that of its latest revision.
    Unchanged,
    /// It could not be read; nothing was stored of it.
    Unreadable(io::Error),
}

/// A revision that the next commit records.
#[derive(Debug, Clone, Copy)]
pub struct NewRevision {
    /// The revision's number.
    pub number: u64,
    /// Its content.
    pub digest: Digest,
    /// The size of its content.
    pub n_bytes: u64,
    /// The content was not stored before.
    pub is_new_content: bool,
    /// The source went on changing while it was read, twice over.
    pub is_unsettled: bool,
}

impl From<NewRevision> for Outcome {
    fn from(revision: NewRevision) -> Self {
        if revision.number == 1 { Self::New(revision) } else { Self::Revised(revision) }
    }
}

/// Whether a file that was read after `began` would have another stat if it changed after that.
///
/// Its times move on in ticks: of a second or two where they have no fraction, else of ten
/// milliseconds at most.
fn is_settled(file_stat: &FileStat, began: i64) -> bool {
    let newest = file_stat.ctime.max(file_stat.mtime);
    let tick = if file_stat.ctime % 1_000_000_000 == 0 { 2_000_000_000 } else { 20_000_000 };
    newest < began - tick
}

impl Transaction<'_> {
    /// Adds one document.
    ///
    /// An error is the archive's; what is wrong with the source is `Outcome::Unreadable`.
    pub fn add(&mut self, intake: Intake) -> Result<Outcome, Error> {
        let expected = self.expected(&intake.name)?;
        self.add_read(ReadDocument::read(intake, expected))
    }

    /// What is known of a document so far, committed or not.
    pub(super) fn expected(&mut self, name: &DocName) -> Result<Expected, Error> {
        self.ensure_snapshot()?;
        let latest = match self.pending.documents.get(name) {
            Some(latest) => Some(*latest),
            None => self.archive.catalog.latest(name)?,
        };
        Ok(Expected { latest, n_events: self.archive.journal.size() })
    }

    /// Whether the document's file is as it was when its latest revision was read.
    pub(super) fn is_unchanged(&self, intake: &Intake, expected: &Expected) -> bool {
        match (&intake.file_stat, &expected.latest) {
            (Some(stat), Some(latest)) => self.stat_cache.is_unchanged(&intake.name, stat, latest),
            _ => false,
        }
    }

    /// Adds a document that was read.
    pub(super) fn add_read(&mut self, read: ReadDocument) -> Result<Outcome, Error> {
        self.ensure_snapshot()?;
        let ReadDocument { intake, expected, input } = read;
        let content = match self.content(&intake, input) {
            Ok(content) => content,
            Err(ContentError::Source(error)) => return Ok(Outcome::Unreadable(error)),
            Err(ContentError::Archive(error)) => return Err(error),
        };
        let latest = match self.pending.documents.get(&intake.name) {
            Some(latest) => Some(*latest),
            None if expected.n_events == self.archive.journal.size() => expected.latest,
            // It may have been committed meanwhile.
            None => self.archive.catalog.latest(&intake.name)?,
        };
        if let Some(latest) = latest
            && latest.digest == content.digest
        {
            if self.verifies_unchanged || !self.has_frames(&content) {
                self.repair(&content)?;
            }
            self.note_stat(&intake, content.file_stat, content.digest);
            return Ok(Outcome::Unchanged);
        }
        self.revise(&intake, latest, content).map(Outcome::from)
    }

    /// The whole content; of a large one, this is where it goes to the store.
    fn content(
        &mut self,
        intake: &Intake,
        input: io::Result<Input>,
    ) -> Result<Content, ContentError> {
        match input? {
            Input::Small(input) => Ok(Content::from(input)),
            Input::Large(start) => self.read_large(intake, start),
        }
    }

    /// Whether so much is waiting that it should be committed before going on.
    pub(super) fn is_due(&self) -> bool {
        self.pending.revisions.len() >= limits::COMMIT_REVISIONS
            || self.pending.stats.len() >= limits::COMMIT_REVISIONS
            || self.pending.n_bytes >= limits::COMMIT_BYTES
    }

    /// Commits what is waiting; `None` when nothing was.
    pub fn commit(&mut self) -> Result<Option<Committed>, Error> {
        self.snapshot = None;
        let mut pending = std::mem::take(&mut self.pending);
        let stats = std::mem::take(&mut pending.stats);
        let committed = match pending.revisions.is_empty() {
            true => {
                self.commit_repaired()?;
                None
            }
            false => Some(self.commit_pending(pending)?),
        };
        if !stats.is_empty() {
            self.stat_cache.remember(&stats);
        }
        Ok(committed)
    }

    fn revise(
        &mut self,
        intake: &Intake,
        latest: Option<Latest>,
        mut content: Content,
    ) -> Result<NewRevision, Error> {
        let is_new_content = !self.pending.contents.contains(&content.digest)
            && self.archive.catalog.content(&content.digest)?.is_none();
        match is_new_content {
            true => self.put(&mut content, latest.map(|latest| latest.digest))?,
            false => self.repair(&content)?,
        }
        let number = latest.map_or(1, |latest| latest.number + 1);
        let doc = match latest {
            Some(latest) => latest.doc,
            None => DocId(u64::from_be_bytes(self.draw(b"doc"))),
        };
        let event = self.archive.journal.size() + self.pending.revisions.len() as u64;
        let detail = self.detail(intake);
        let media = MediaType::new(content.media_type).map_err(|e| Error::usage(e.to_string()))?;
        self.pending.n_bytes += content.n_bytes;
        self.pending.revisions.push(PendingRevision {
            doc,
            prev: latest.map(|latest| latest.event),
            digest: content.digest,
            n_bytes: content.n_bytes,
            media,
            detail,
        });
        let latest = Latest { doc, event, number, digest: content.digest };
        self.pending.documents.insert(intake.name.clone(), latest);
        self.note_stat(intake, content.file_stat, content.digest);
        Ok(NewRevision {
            number,
            digest: content.digest,
            n_bytes: content.n_bytes,
            is_new_content,
            is_unsettled: content.is_unsettled,
        })
    }

    /// Whether the frames are there that a content is read from, each with the right checksum.
    fn has_frames(&self, content: &Content) -> bool {
        let reader = &self.archive.reader;
        let has_chain =
            |digest: &Digest| reader.chain(digest.key()).is_ok_and(|chain| !chain.is_empty());
        match &content.form {
            Form::Blob(..) => {
                self.pending.contents.contains(&content.digest) || has_chain(&content.digest)
            }
            // Its chunks were compared when they came.
            Form::Chunks(_) => false,
        }
    }

    /// Puts a content that is known once more if it can no longer be read.
    ///
    /// It is put without a base: what is attached to it must not come to lie deeper than it says.
    fn repair(&mut self, content: &Content) -> Result<(), Error> {
        let reader = &self.archive.reader;
        let is_readable = self.pending.contents.contains(&content.digest)
            || match &content.form {
                Form::Blob(..) => reader.blob(&content.digest).is_ok(),
                Form::Chunks(chunks) => reader
                    .chunks(&content.digest)
                    .is_ok_and(|found| found.as_deref() == Some(&chunks[..])),
            };
        if is_readable {
            return Ok(());
        }
        let (digest, kind) = (content.digest, content.media_type);
        match &content.form {
            Form::Blob(bytes, _) => {
                let bytes = Arc::clone(bytes);
                self.writer()
                    .put(Blob { digest, bytes, fingerprint: None, media_type: kind }, None)?;
            }
            Form::Chunks(chunks) => self.writer().put_list(&digest, chunks, None)?,
        }
        self.pending.contents.insert(digest);
        Ok(())
    }

    /// Puts a content that was never stored before.
    fn put(&mut self, content: &mut Content, previous: Option<Digest>) -> Result<(), Error> {
        let (digest, kind) = (content.digest, content.media_type);
        match &mut content.form {
            Form::Blob(bytes, analysis) => {
                // Bytes that were expected to be known were not analysed.
                let analysis = analysis.take().unwrap_or_else(|| Analysis::of(bytes, kind));
                if let Some(features) = analysis.fingerprint.features() {
                    self.pending.features.insert(digest.key(), *features);
                }
                if let Some(sketch) = analysis.sketch {
                    self.pending.sketches.insert(digest, sketch);
                }
                let (bytes, fingerprint) = (Arc::clone(bytes), Some(analysis.fingerprint));
                let previous = previous.map(|previous| previous.key());
                self.writer()
                    .put(Blob { digest, bytes, fingerprint, media_type: kind }, previous)?;
            }
            Form::Chunks(chunks) => {
                let keys = chunks.iter().map(|chunk| chunk.digest.key()).collect();
                self.pending.chunks.insert(digest, keys);
                let previous = previous.map(|previous| previous.key());
                self.writer().put_list(&digest, chunks, previous)?;
            }
        }
        self.pending.contents.insert(digest);
        Ok(())
    }

    pub(super) fn writer(&mut self) -> &mut Writer {
        let (archive, pool) = (&self.archive, &self.pool);
        self.writer.get_or_insert_with(|| {
            let stored = Rc::clone(&archive.catalog);
            let backend = Arc::clone(&archive.home.backend);
            Writer::new(backend, stored, Rc::clone(pool), CompressionLevels::default())
        })
    }

    fn ensure_snapshot(&mut self) -> Result<(), Error> {
        if self.snapshot.is_none() {
            self.snapshot = Some(Snapshot::of(Rc::clone(&self.archive.catalog))?);
        }
        Ok(())
    }

    /// Notes the stat of a file that was read, if a change to the file would change it.
    fn note_stat(&mut self, intake: &Intake, file_stat: Option<FileStat>, digest: Digest) {
        if let Some(file_stat) = file_stat.filter(|stat| is_settled(stat, self.context.began)) {
            self.pending.stats.push(StatEntry { name: intake.name.clone(), file_stat, digest });
        }
    }

    fn detail(&mut self, intake: &Intake) -> ReviseDetail {
        let captured = match self.provenance.captured {
            Captured::Now => None,
            Captured::At(timestamp) => Some(timestamp),
            Captured::Mtime => intake.mtime,
        };
        ReviseDetail {
            salt: self.draw(b"salt"),
            name: intake.name.clone(),
            source: self.provenance.source.clone(),
            captured,
            mtime: intake.mtime,
            note: self.provenance.note.clone(),
            by: self.context.by.clone(),
            tool: self.context.tool.clone(),
        }
    }

    /// The next random bytes, drawn from the seed.
    pub(super) fn draw<const N: usize>(&mut self, purpose: &[u8]) -> [u8; N] {
        self.n_drawn += 1;
        let mut hasher = Hasher::default();
        hasher.update(&self.context.seed);
        hasher.update(purpose);
        hasher.update(&self.n_drawn.to_be_bytes());
        let digest = hasher.finish();
        std::array::from_fn(|n| digest.as_bytes()[n % 32])
    }
}

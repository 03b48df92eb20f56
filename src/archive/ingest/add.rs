//! Adding: documents come in one by one, and are committed in transactions.
//!
//! A file whose look (size, times, inode) is known is not read. One that is read is hashed first:
//! what is kept already is not kept again. New content goes to the store against the document's
//! previous revision; what a person said goes into the event's detail. Nothing has happened until
//! the transaction is committed, and then all of it has.

use std::{
    io::{self, Read},
    rc::Rc,
    sync::Arc,
};

use crate::{
    archive::{Archive, WriteContext},
    catalog::{FileStat, Latest, SeenFile, Snapshot},
    journal::{
        event::{MediaType, ReviseDetail},
        note::Signer,
    },
    pool::Pool,
    store::{Blob, CompressionLevels, Writer},
    types::{
        digest::{Digest, DocId, Hasher},
        error::Error,
        limits,
        name::DocName,
    },
};

use super::{
    reader::{Analysis, Expected, Input, ReadAhead, ReadDocument},
    transaction::Committed,
};

use super::transaction::{
    Captured, Content, Form, Pending, PendingRevision, Provenance, Transaction,
};

pub use super::reader::{Intake, Reading, SYMLINK, Source};

/// What became of a document.
#[derive(Debug)]
pub enum Outcome {
    /// It was not known: a first revision.
    New(NewRevision),
    /// Its content is another one: a next revision.
    Revised(NewRevision),
    /// Its content is that of its latest revision.
    Unchanged,
    /// It could not be read; nothing was kept of it.
    Unread(io::Error),
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
    /// The content was not kept before.
    pub is_new_content: bool,
    /// The source went on changing while it was read, twice over.
    pub is_unsettled: bool,
}

impl Archive {
    /// Starts adding. `who` is shown to others who want to write meanwhile.
    pub fn add<'a>(
        &'a mut self,
        signer: &'a Signer,
        context: WriteContext,
        provenance: Provenance,
        who: &str,
    ) -> Result<Transaction<'a>, Error> {
        let (guard, edge) = self.begin(signer, who)?;
        self.catalog.attach_seen(self.home.catalog.as_deref())?;
        let pool = Rc::new(Pool::new(1));
        Ok(Transaction {
            archive: self,
            _guard: guard,
            signer,
            context,
            edge,
            writer: None,
            pending: Pending::default(),
            read_ahead: ReadAhead::new(Rc::clone(&pool)),
            pool,
            verifies_known: false,
            provenance,
            n_drawn: 0,
            snapshot: None,
        })
    }
}

impl Archive {
    /// Whether a file that looks like this was found to be its document's latest revision.
    pub fn is_seen(&self, name: &DocName, file_stat: &FileStat) -> Result<bool, Error> {
        self.catalog.attach_seen(self.home.catalog.as_deref())?;
        self.catalog.is_seen(name, file_stat)
    }

    /// What would become of a document; nothing is kept.
    pub fn rehearse(&self, intake: &Intake) -> Result<Outcome, Error> {
        let (digest, n_bytes) = match digest_of(&*intake.source) {
            Ok(read) => read,
            Err(error) => return Ok(Outcome::Unread(error)),
        };
        let latest = self.catalog.latest(&intake.name)?;
        if latest.is_some_and(|latest| latest.digest == digest) {
            return Ok(Outcome::Unchanged);
        }
        let number = latest.map_or(1, |latest| latest.number + 1);
        let is_new_content = self.catalog.content(&digest)?.is_none();
        let kept = NewRevision { number, digest, n_bytes, is_new_content, is_unsettled: false };
        Ok(if number == 1 { Outcome::New(kept) } else { Outcome::Revised(kept) })
    }
}

/// Whether a file that was read after `began` would look different if it changed after that.
///
/// Its times move on in ticks: of a second or two where they have no fraction, else of ten
/// milliseconds at most.
fn is_settled(file_stat: &FileStat, began: i64) -> bool {
    let newest = file_stat.ctime.max(file_stat.mtime);
    let tick = if file_stat.ctime % 1_000_000_000 == 0 { 2_000_000_000 } else { 20_000_000 };
    newest < began - tick
}

fn digest_of(source: &dyn Source) -> io::Result<(Digest, u64)> {
    let mut source = source.open()?;
    let mut hasher = Hasher::default();
    let mut n_bytes = 0;
    let mut piece = vec![0; 1 << 16];
    loop {
        let n = source.read(&mut piece)?;
        if n == 0 {
            return Ok((hasher.finish(), n_bytes));
        }
        hasher.update(&piece[..n]);
        n_bytes += n as u64;
    }
}

impl Transaction<'_> {
    /// Lets so many threads read, hash, sketch and compress. The packs are the same for any number.
    pub fn on_threads(mut self, n_threads: usize) -> Self {
        self.pool = Rc::new(Pool::new(n_threads));
        self.read_ahead = ReadAhead::new(Rc::clone(&self.pool));
        self
    }

    /// Reads what is stored of unchanged documents to the end, where a look at the checksums would do.
    pub fn verifying_known(mut self, verifies_known: bool) -> Self {
        self.verifies_known = verifies_known;
        self
    }

    /// The archive as it was last committed.
    pub fn archive(&self) -> &Archive {
        self.archive
    }

    /// Whether a file that looks like this was found to be its document's latest revision.
    pub fn is_seen(&self, name: &DocName, file_stat: &FileStat) -> Result<bool, Error> {
        Ok(!self.pending.documents.contains_key(name)
            && !self.read_ahead.has(name)
            && self.archive.catalog.is_seen(name, file_stat)?)
    }

    /// Has a document read, by whichever thread has time.
    pub fn push(&mut self, intake: Intake) -> Result<(), Error> {
        let expected = self.expected(&intake.name)?;
        self.read_ahead.push(intake, expected);
        Ok(())
    }

    /// Whether documents should be taken before more are pushed.
    pub fn is_full(&self) -> bool {
        self.read_ahead.is_full()
    }

    /// Takes in the next of the documents that were pushed, in their order; `None` when there are no
    /// more.
    ///
    /// An error is the archive's; what is wrong with the source is `Outcome`.
    pub fn pop(&mut self) -> Result<Option<Outcome>, Error> {
        match self.read_ahead.pop() {
            Some(arrived) => self.take_arrived(arrived).map(Some),
            None => Ok(None),
        }
    }

    /// Takes one document in, by itself.
    pub fn take(&mut self, intake: Intake) -> Result<Outcome, Error> {
        let expected = self.expected(&intake.name)?;
        self.take_arrived(ReadDocument::read(intake, expected))
    }

    fn take_arrived(&mut self, arrived: ReadDocument) -> Result<Outcome, Error> {
        self.hold_moment()?;
        let ReadDocument { intake, expected, input } = arrived;
        let content = match input {
            Ok(Input::Small(whole)) => Ok(Content::from(whole)),
            Ok(Input::Large(start)) => self.read_large(&intake, start)?,
            Err(error) => Err(error),
        };
        let content = match content {
            Ok(content) => content,
            Err(error) => return Ok(Outcome::Unread(error)),
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
            if self.verifies_known || !self.looks_whole(&content) {
                self.heal(&content)?;
            }
            self.see(&intake, content.file_stat, latest.event);
            return Ok(Outcome::Unchanged);
        }
        let kept = self.keep(&intake, latest, content)?;
        Ok(if kept.number == 1 { Outcome::New(kept) } else { Outcome::Revised(kept) })
    }

    /// Whether so much is waiting that it should be committed before going on.
    pub fn is_due(&self) -> bool {
        self.pending.revisions.len() >= limits::COMMIT_REVISIONS
            || self.pending.seen.len() >= limits::COMMIT_REVISIONS
            || self.pending.n_bytes >= limits::COMMIT_BYTES
    }

    /// Commits what is waiting; `None` when nothing was.
    pub fn commit(&mut self) -> Result<Option<Committed>, Error> {
        self.snapshot = None;
        let mut pending = std::mem::take(&mut self.pending);
        let seen = std::mem::take(&mut pending.seen);
        let committed = match pending.revisions.is_empty() {
            true => {
                self.keep_healed()?;
                None
            }
            false => Some(self.commit_pending(pending)?),
        };
        if !seen.is_empty() {
            self.archive.catalog.remember_seen(&seen)?;
        }
        Ok(committed)
    }

    fn keep(
        &mut self,
        intake: &Intake,
        latest: Option<Latest>,
        mut content: Content,
    ) -> Result<NewRevision, Error> {
        let is_new_content = !self.pending.contents.contains(&content.digest)
            && self.archive.catalog.content(&content.digest)?.is_none();
        match is_new_content {
            true => self.put(&mut content, latest.map(|latest| latest.digest))?,
            false => self.heal(&content)?,
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
        self.see(intake, content.file_stat, event);
        Ok(NewRevision {
            number,
            digest: content.digest,
            n_bytes: content.n_bytes,
            is_new_content,
            is_unsettled: content.is_unsettled,
        })
    }

    /// Whether the frames are there that a content is read from, each with the right checksum.
    fn looks_whole(&self, content: &Content) -> bool {
        let reader = &self.archive.reader;
        let lies_well =
            |digest: &Digest| reader.chain(digest.key()).is_ok_and(|chain| !chain.is_empty());
        match &content.form {
            Form::Blob(..) => {
                self.pending.contents.contains(&content.digest) || lies_well(&content.digest)
            }
            // Its chunks were compared when they came.
            Form::Chunks(_) => false,
        }
    }

    /// Puts a content that is known once more if it can no longer be read.
    ///
    /// It is put without a base: what hangs on it must not come to lie deeper than it says.
    fn heal(&mut self, content: &Content) -> Result<(), Error> {
        let reader = &self.archive.reader;
        let is_whole = self.pending.contents.contains(&content.digest)
            || match &content.form {
                Form::Blob(..) => reader.blob(&content.digest).is_ok(),
                Form::Chunks(chunks) => reader
                    .chunks(&content.digest)
                    .is_ok_and(|found| found.as_deref() == Some(&chunks[..])),
            };
        if is_whole {
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

    /// Puts a content that was never kept before.
    fn put(&mut self, content: &mut Content, previous: Option<Digest>) -> Result<(), Error> {
        let (digest, kind) = (content.digest, content.media_type);
        match &mut content.form {
            Form::Blob(bytes, analysis) => {
                // Bytes that were expected to be known were looked at no further.
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

    pub(in crate::archive) fn writer(&mut self) -> &mut Writer {
        let (archive, pool) = (&self.archive, &self.pool);
        self.writer.get_or_insert_with(|| {
            let stored = Rc::clone(&archive.catalog);
            let backend = Arc::clone(&archive.home.backend);
            Writer::new(backend, stored, Rc::clone(pool), CompressionLevels::default())
        })
    }

    /// Many small questions to the catalog cost less within one moment; it ends with the commit.
    fn hold_moment(&mut self) -> Result<(), Error> {
        if self.snapshot.is_none() {
            self.snapshot = Some(Snapshot::of(Rc::clone(&self.archive.catalog))?);
        }
        Ok(())
    }

    /// What is known of a document so far, committed or not.
    fn expected(&mut self, name: &DocName) -> Result<Expected, Error> {
        self.hold_moment()?;
        let latest = match self.pending.documents.get(name) {
            Some(latest) => Some(*latest),
            None => self.archive.catalog.latest(name)?,
        };
        Ok(Expected { latest, n_events: self.archive.journal.size() })
    }

    fn see(&mut self, intake: &Intake, file_stat: Option<FileStat>, event: u64) {
        if let Some(file_stat) =
            file_stat.filter(|file_stat| is_settled(file_stat, self.context.began))
        {
            self.pending.seen.push(SeenFile { name: intake.name.clone(), file_stat, event });
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

    /// The next random bytes of this occasion.
    pub(in crate::archive) fn draw<const N: usize>(&mut self, purpose: &[u8]) -> [u8; N] {
        self.n_drawn += 1;
        let mut hasher = Hasher::default();
        hasher.update(&self.context.seed);
        hasher.update(purpose);
        hasher.update(&self.n_drawn.to_be_bytes());
        let digest = hasher.finish();
        std::array::from_fn(|n| digest.as_bytes()[n % 32])
    }
}

//! Adding: documents come in one by one, and are committed in transactions.
//!
//! A file whose look (size, times, inode) is known is not read. One that is read is hashed first:
//! what is kept already is not kept again. New content goes to the store against the document's
//! previous revision; what a person said goes into the event's detail. Nothing has happened until
//! the transaction is committed, and then all of it has.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Read},
    rc::Rc,
    sync::Arc,
};

use crate::{
    crafts::{
        backend::Guard,
        chunk,
        event::{MediaType, ReviseDetail},
        merkle::tiles::Edge,
        note::Signer,
        text,
    },
    keepers::{
        catalog::{Look, Seen},
        store::Writer,
    },
    words::{
        digest::{Digest, DocId, Hasher},
        error::Error,
        limits,
        name::DocName,
        time::Moment,
    },
};

use super::{Archive, Occasion, commit::Committed, sketching};

/// The media type of a symbolic link, whose content is its target.
pub const SYMLINK: &str = "inode/symlink";

/// What was said about everything that is added.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Where it came from.
    pub source: Option<String>,
    /// When it was captured.
    pub captured: Captured,
    /// A note.
    pub note: Option<String>,
}

/// When documents were captured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Captured {
    /// Not said: when they are taken in.
    #[default]
    Now,
    /// At a stated moment.
    At(Moment),
    /// When their files were last changed.
    Mtime,
}

/// Gives the bytes of a document, as often as asked if it can.
pub trait Source {
    /// Opens it at the start.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
    /// How it looks right now; `None` for what has no look, such as a stream, which opens once.
    fn look(&self) -> io::Result<Option<Look>>;
}

/// One document on its way in.
pub struct Intake<'a> {
    /// Its name.
    pub name: DocName,
    /// The modification time of its file.
    pub mtime: Option<Moment>,
    /// Whether it is a symbolic link, whose bytes are the target.
    pub is_link: bool,
    /// Where its bytes come from.
    pub source: &'a dyn Source,
}

/// What became of a document.
#[derive(Debug)]
pub enum Taken {
    /// It was not known: a first revision.
    New(Kept),
    /// Its content is another one: a next revision.
    Revised(Kept),
    /// Its content is that of its latest revision.
    Unchanged,
    /// It could not be read; nothing was kept of it.
    Unread(io::Error),
}

/// A revision that the next commit records.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
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

/// The latest revision of a document, committed or not.
#[derive(Clone, Copy)]
struct Latest {
    doc: DocId,
    event: u64,
    number: u64,
    digest: Digest,
}

/// A revision that waits for the commit.
pub(super) struct Waiting {
    pub doc: DocId,
    pub prev: Option<u64>,
    pub digest: Digest,
    pub n_bytes: u64,
    pub media: MediaType,
    pub detail: ReviseDetail,
}

/// What the open transaction has gathered.
#[derive(Default)]
pub(super) struct Pending {
    pub revisions: Vec<Waiting>,
    pub sketches: HashMap<Digest, Vec<u8>>,
    pub seen: Vec<Seen>,
    documents: HashMap<DocName, Latest>,
    contents: HashSet<Digest>,
    n_bytes: u64,
}

/// An archive that is being added to; it holds the writer's lock.
pub struct Adding<'a> {
    pub(super) archive: &'a mut Archive,
    pub(super) _guard: Box<dyn Guard>,
    pub(super) signer: &'a Signer,
    pub(super) occasion: Occasion,
    pub(super) edge: Edge,
    pub(super) writer: Option<Writer>,
    pub(super) pending: Pending,
    said: Said,
    n_drawn: u64,
}

/// Content as it was read.
struct Arrived {
    digest: Digest,
    n_bytes: u64,
    media_type: &'static str,
    /// The bytes, unless they went to the store chunk by chunk.
    body: Body,
    is_unsettled: bool,
    look: Option<Look>,
}

enum Body {
    Blob(Vec<u8>),
    Chunks(Vec<chunk::Chunk>),
}

impl Archive {
    /// Starts adding. `who` is shown to others who want to write meanwhile.
    pub fn add<'a>(
        &'a mut self,
        signer: &'a Signer,
        occasion: Occasion,
        said: Said,
        who: &str,
    ) -> Result<Adding<'a>, Error> {
        let (guard, edge) = self.begin(signer, who)?;
        self.catalog.attach_seen(self.backend.folder())?;
        Ok(Adding {
            archive: self,
            _guard: guard,
            signer,
            occasion,
            edge,
            writer: None,
            pending: Pending::default(),
            said,
            n_drawn: 0,
        })
    }
}

impl Archive {
    /// Whether a file that looks like this was found to be its document's latest revision.
    pub fn is_seen(&self, name: &DocName, look: &Look) -> Result<bool, Error> {
        self.catalog.attach_seen(self.backend.folder())?;
        self.catalog.is_seen(name, look)
    }

    /// What would become of a document; nothing is kept.
    pub fn rehearse(&self, intake: &Intake) -> Result<Taken, Error> {
        let (digest, n_bytes) = match digest_of(intake.source) {
            Ok(read) => read,
            Err(error) => return Ok(Taken::Unread(error)),
        };
        let latest = self.latest(&intake.name)?;
        if latest.is_some_and(|latest| latest.digest == digest) {
            return Ok(Taken::Unchanged);
        }
        let number = latest.map_or(1, |latest| latest.number + 1);
        let is_new_content = self.catalog.content(&digest)?.is_none();
        let kept = Kept { number, digest, n_bytes, is_new_content, is_unsettled: false };
        Ok(if number == 1 { Taken::New(kept) } else { Taken::Revised(kept) })
    }

    fn latest(&self, name: &DocName) -> Result<Option<Latest>, Error> {
        let Some(document) = self.catalog.document_named(name)? else { return Ok(None) };
        let revision = self.catalog.revision_of_event(document.latest)?.ok_or_else(|| {
            Error::Catalog { why: format!("event {} has no row", document.latest) }
        })?;
        let (doc, event) = (document.doc, document.latest);
        Ok(Some(Latest { doc, event, number: document.n_revisions, digest: revision.digest }))
    }
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

impl Adding<'_> {
    /// The archive as it was last committed.
    pub fn archive(&self) -> &Archive {
        self.archive
    }

    /// Whether a file that looks like this was found to be its document's latest revision.
    pub fn is_seen(&self, name: &DocName, look: &Look) -> Result<bool, Error> {
        Ok(!self.pending.documents.contains_key(name)
            && self.archive.catalog.is_seen(name, look)?)
    }

    /// Takes one document in. An error is the archive's; what is wrong with the source is `Taken`.
    pub fn take(&mut self, intake: &Intake) -> Result<Taken, Error> {
        self.archive.catalog.hold()?;
        let latest = self.latest(&intake.name)?;
        let arrived = match self.arrive(intake)? {
            Ok(arrived) => arrived,
            Err(error) => return Ok(Taken::Unread(error)),
        };
        if let Some(latest) = latest
            && latest.digest == arrived.digest
        {
            self.heal(&arrived)?;
            self.see(intake, arrived.look, latest.event);
            return Ok(Taken::Unchanged);
        }
        let kept = self.keep(intake, latest, arrived)?;
        Ok(if kept.number == 1 { Taken::New(kept) } else { Taken::Revised(kept) })
    }

    /// Whether so much is waiting that it should be committed before going on.
    pub fn is_due(&self) -> bool {
        self.pending.revisions.len() >= limits::COMMIT_REVISIONS
            || self.pending.seen.len() >= limits::COMMIT_REVISIONS
            || self.pending.n_bytes >= limits::COMMIT_BYTES
    }

    /// Commits what is waiting; `None` when nothing was.
    pub fn commit(&mut self) -> Result<Option<Committed>, Error> {
        self.archive.catalog.let_go()?;
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

    /// Reads the source; twice when it changed meanwhile.
    fn arrive(&mut self, intake: &Intake) -> Result<io::Result<Arrived>, Error> {
        let mut is_unsettled = false;
        loop {
            let before = match intake.source.look() {
                Ok(look) => look,
                Err(error) => return Ok(Err(error)),
            };
            let (digest, n_bytes, head, body) = match self.read(intake)? {
                Ok(read) => read,
                Err(error) => return Ok(Err(error)),
            };
            let after = intake.source.look().ok().flatten();
            let has_changed = before.is_some() && before != after;
            if has_changed && !is_unsettled {
                is_unsettled = true;
                continue;
            }
            let media_type = match intake.is_link {
                true => SYMLINK,
                false => text::media_type(&intake.name, &head),
            };
            let look = if has_changed { None } else { after };
            let is_unsettled = has_changed;
            return Ok(Ok(Arrived { digest, n_bytes, media_type, body, is_unsettled, look }));
        }
    }

    #[allow(clippy::type_complexity)]
    fn read(&mut self, intake: &Intake) -> Result<io::Result<(Digest, u64, Vec<u8>, Body)>, Error> {
        let mut bytes = Vec::new();
        let opened = intake.source.open().and_then(|mut source| {
            let limit = limits::BLOB_BYTES_MAX as u64 + 1;
            source.by_ref().take(limit).read_to_end(&mut bytes)?;
            Ok(source)
        });
        let rest = match opened {
            Ok(rest) => rest,
            Err(error) => return Ok(Err(error)),
        };
        if bytes.len() <= limits::BLOB_BYTES_MAX {
            let head = bytes[..bytes.len().min(8192)].to_vec();
            return Ok(Ok((Digest::of(&bytes), bytes.len() as u64, head, Body::Blob(bytes))));
        }
        self.read_chunks(bytes, rest)
    }

    #[allow(clippy::type_complexity)]
    fn read_chunks(
        &mut self,
        start: Vec<u8>,
        rest: Box<dyn Read + '_>,
    ) -> Result<io::Result<(Digest, u64, Vec<u8>, Body)>, Error> {
        let head = start[..8192].to_vec();
        let mut hasher = Hasher::default();
        let mut n_bytes = 0;
        let mut chunks = Vec::new();
        let mut limited = start.chain(rest).take(limits::CONTENT_BYTES_MAX + 1);
        for piece in chunk::cut(&mut limited) {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => return Ok(Err(error)),
            };
            hasher.update(&piece);
            n_bytes += piece.len() as u64;
            chunks.push(self.writer().put_chunk(&piece)?);
        }
        if n_bytes > limits::CONTENT_BYTES_MAX {
            let too_large = "it is larger than the 1 TiB that can be kept";
            return Ok(Err(io::Error::new(io::ErrorKind::FileTooLarge, too_large)));
        }
        Ok(Ok((hasher.finish(), n_bytes, head, Body::Chunks(chunks))))
    }

    fn keep(
        &mut self,
        intake: &Intake,
        latest: Option<Latest>,
        arrived: Arrived,
    ) -> Result<Kept, Error> {
        let is_new_content = !self.pending.contents.contains(&arrived.digest)
            && self.archive.catalog.content(&arrived.digest)?.is_none();
        match is_new_content {
            true => self.put(&arrived, latest.map(|latest| latest.digest))?,
            false => self.heal(&arrived)?,
        }
        let number = latest.map_or(1, |latest| latest.number + 1);
        let doc = match latest {
            Some(latest) => latest.doc,
            None => DocId(u64::from_be_bytes(self.draw(b"doc"))),
        };
        let event = self.archive.journal.size() + self.pending.revisions.len() as u64;
        let detail = self.detail(intake);
        let media = MediaType::new(arrived.media_type).map_err(|e| Error::usage(e.to_string()))?;
        self.pending.n_bytes += arrived.n_bytes;
        self.pending.revisions.push(Waiting {
            doc,
            prev: latest.map(|latest| latest.event),
            digest: arrived.digest,
            n_bytes: arrived.n_bytes,
            media,
            detail,
        });
        let latest = Latest { doc, event, number, digest: arrived.digest };
        self.pending.documents.insert(intake.name.clone(), latest);
        self.see(intake, arrived.look, event);
        Ok(Kept {
            number,
            digest: arrived.digest,
            n_bytes: arrived.n_bytes,
            is_new_content,
            is_unsettled: arrived.is_unsettled,
        })
    }

    /// Puts a content that is known once more if it can no longer be read.
    fn heal(&mut self, arrived: &Arrived) -> Result<(), Error> {
        let reader = &self.archive.reader;
        let is_whole = self.pending.contents.contains(&arrived.digest)
            || match &arrived.body {
                Body::Blob(_) => reader.blob(&arrived.digest).is_ok(),
                Body::Chunks(chunks) => reader
                    .chunks(&arrived.digest)
                    .is_ok_and(|found| found.as_deref() == Some(&chunks[..])),
            };
        if is_whole { Ok(()) } else { self.put(arrived, None) }
    }

    fn put(&mut self, arrived: &Arrived, kin: Option<Digest>) -> Result<(), Error> {
        match &arrived.body {
            Body::Blob(bytes) => {
                self.writer().put(&arrived.digest, bytes, kin.as_ref())?;
                if let Some(sketch) = sketching::sketch(bytes, arrived.media_type) {
                    self.pending.sketches.insert(arrived.digest, sketch.encode());
                }
            }
            Body::Chunks(chunks) => self.writer().put_list(&arrived.digest, chunks)?,
        }
        self.pending.contents.insert(arrived.digest);
        Ok(())
    }

    fn writer(&mut self) -> &mut Writer {
        let archive = &self.archive;
        self.writer.get_or_insert_with(|| {
            let places = Rc::clone(&archive.catalog);
            Writer::new(Arc::clone(&archive.backend), places)
        })
    }

    fn latest(&self, name: &DocName) -> Result<Option<Latest>, Error> {
        match self.pending.documents.get(name) {
            Some(latest) => Ok(Some(*latest)),
            None => self.archive.latest(name),
        }
    }

    fn see(&mut self, intake: &Intake, look: Option<Look>, event: u64) {
        // A file changed a moment ago may change again without its times showing it.
        let now = self.occasion.now.to_unix().0.saturating_mul(1_000_000_000);
        let settled = |look: &Look| look.ctime.max(look.mtime) < now - 1_000_000_000;
        if let Some(look) = look.filter(settled) {
            self.pending.seen.push(Seen { name: intake.name.clone(), look, event });
        }
    }

    fn detail(&mut self, intake: &Intake) -> ReviseDetail {
        let captured = match self.said.captured {
            Captured::Now => None,
            Captured::At(moment) => Some(moment),
            Captured::Mtime => intake.mtime,
        };
        ReviseDetail {
            salt: self.draw(b"salt"),
            name: intake.name.clone(),
            source: self.said.source.clone(),
            captured,
            mtime: intake.mtime,
            note: self.said.note.clone(),
            by: self.occasion.by.clone(),
            tool: self.occasion.tool.clone(),
        }
    }

    /// The next random bytes of this occasion.
    pub(super) fn draw<const N: usize>(&mut self, purpose: &[u8]) -> [u8; N] {
        self.n_drawn += 1;
        let mut hasher = Hasher::default();
        hasher.update(&self.occasion.seed);
        hasher.update(purpose);
        hasher.update(&self.n_drawn.to_be_bytes());
        let digest = hasher.finish();
        std::array::from_fn(|n| digest.as_bytes()[n % 32])
    }
}

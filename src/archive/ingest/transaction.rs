//! A transaction: what was gathered for the next commit, and what a commit gives back.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use crate::{
    archive::{Archive, WriteContext, open::WriteLock},
    catalog::{
        Catalog, FileStat, InterpretedContent, Latest, LatestAhead, Snapshot, StatCache, StatEntry,
    },
    journal::{
        event::{DocumentDetail, DocumentEventKind, MediaType, ReviseDetail},
        merkle::tiles::Edge,
        note::Signer,
    },
    pool::Pool,
    store::{Writer, chunk::Chunk, features::Features},
    text::{Charset, Interpretation},
    types::{
        digest::{Digest, DocId, Key},
        error::Error,
        name::DocName,
    },
};

use super::{
    outcome::NewRevision,
    provenance::{ObservationKey, Provenance},
    reader::{Analysis, RenderingTime, SmallInput},
    tracking::Missing,
};

/// An event that waits for the commit.
pub(in crate::archive) enum PendingEvent {
    Revision(PendingRevision),
    Document(PendingDocumentEvent),
}

/// What waits for the commit of what happens to a document beside new bytes.
pub(in crate::archive) struct PendingDocumentEvent {
    /// The document's name before it.
    pub name: DocName,
    pub kind: DocumentEventKind,
    /// The document as it is before it.
    pub latest: Latest,
    pub detail: DocumentDetail,
}

/// A revision that waits for the commit.
pub(in crate::archive) struct PendingRevision {
    /// Which of the transaction's it is, in the order in which they were added.
    pub order: usize,
    pub doc: DocId,
    pub prev: Option<u64>,
    pub new: NewRevision,
    pub media: MediaType,
    pub detail: ReviseDetail,
}

/// What the open transaction has gathered.
#[derive(Default)]
pub(in crate::archive) struct Pending {
    pub events: Vec<PendingEvent>,
    /// How many of them are revisions.
    pub n_revisions: usize,
    pub sketches: HashMap<InterpretedContent, Vec<u8>>,
    /// What was read for these, whether it is text or not.
    pub interpreted: HashSet<InterpretedContent>,
    /// Of new contents and of the chunks of large ones.
    pub features: HashMap<Key, Features>,
    /// The keys of the chunks of new large contents.
    pub chunks: HashMap<Digest, Vec<Key>>,
    /// Of files that were read, to be remembered once their revisions are committed.
    pub stats: Vec<StatEntry>,
    /// Documents of which an event waits, by name; none for a name that its document has no longer.
    pub documents: HashMap<DocName, Option<Latest>>,
    /// What is stated of bytes that were found, by the event of their revision.
    pub observed: HashSet<ObservationKey>,
    pub contents: HashSet<Digest>,
    /// Chunks that are known to be stored, or were put.
    pub stored_chunks: HashSet<Digest>,
    /// Something that was damaged was put once more.
    pub has_healed: bool,
    pub n_bytes: u64,
}

/// An archive that is being added to, by hand; [`Archive::ingest`] is what most want.
///
/// It holds the writer's lock. What is not committed when it is dropped was never added.
pub struct Transaction<'a> {
    pub(in crate::archive) archive: &'a mut Archive,
    pub(in crate::archive) lock: WriteLock,
    pub(in crate::archive) signer: &'a Signer,
    pub(in crate::archive) context: WriteContext,
    pub(in crate::archive) edge: Edge,
    pub(in crate::archive) writer: Option<Writer>,
    pub(in crate::archive) pending: Pending,
    pub(in crate::archive) pool: Rc<Pool>,
    pub(in crate::archive) verifies_unchanged: bool,
    pub(in crate::archive) rendering_time: RenderingTime,
    pub(in crate::archive) is_interrupted: &'a dyn Fn() -> bool,
    pub(in crate::archive) provenance: Arc<Provenance>,
    /// The documents that are no longer in the folders that are tracked.
    pub(in crate::archive) missing: Option<Missing>,
    pub(in crate::archive) n_drawn: u64,
    pub(in crate::archive) stat_cache: Rc<StatCache>,
    /// Many small questions to the catalog cost less within one snapshot; it ends with the commit.
    pub(in crate::archive) snapshot: Option<Snapshot<Rc<Catalog>>>,
    /// What was read ahead in that snapshot.
    pub(in crate::archive) ahead: LatestAhead,
}

impl Archive {
    /// Starts a transaction. `who` is shown to others who want to write meanwhile.
    pub fn transaction<'a>(
        &'a mut self,
        signer: &'a Signer,
        context: WriteContext,
        provenance: Provenance,
        who: &str,
    ) -> Result<Transaction<'a>, Error> {
        provenance.check()?;
        let (lock, edge) = self.begin(signer, who)?;
        self.warn_of_withdrawal_left()?;
        let stat_cache = self.home.stat_cache()?;
        Ok(Transaction {
            archive: self,
            lock,
            signer,
            context,
            edge,
            writer: None,
            pending: Pending::default(),
            pool: Rc::new(Pool::new(1)),
            verifies_unchanged: false,
            rendering_time: RenderingTime::Now,
            is_interrupted: &|| false,
            provenance: Arc::new(provenance),
            missing: None,
            n_drawn: 0,
            stat_cache,
            snapshot: None,
            ahead: LatestAhead::default(),
        })
    }
}

impl PendingEvent {
    pub fn revision(&self) -> Option<&PendingRevision> {
        match self {
            Self::Revision(revision) => Some(revision),
            Self::Document(_) => None,
        }
    }
}

impl Pending {
    /// The revisions among the events.
    pub fn revisions(&self) -> impl Iterator<Item = &PendingRevision> {
        self.events.iter().filter_map(PendingEvent::revision)
    }
}

impl<'t> Transaction<'t> {
    /// Lets so many threads read, hash, sketch and compress. The packs are the same for any number.
    pub fn on_threads(mut self, n_threads: usize) -> Self {
        self.pool = Rc::new(Pool::new(n_threads));
        self
    }

    /// Reads what is stored of unchanged documents to the end, where a look at the checksums would do.
    pub fn verifying_unchanged(mut self, verifies_unchanged: bool) -> Self {
        self.verifies_unchanged = verifies_unchanged;
        self
    }

    /// Has documents of formats that are rendered read now, or left for later.
    pub fn rendering_at(mut self, rendering_time: RenderingTime) -> Self {
        self.rendering_time = rendering_time;
        self
    }

    /// Has this asked while a large content is read. Once it says yes, nothing comes of that content.
    pub(super) fn interrupted_by(self, is_interrupted: &'t dyn Fn() -> bool) -> Self {
        Self { is_interrupted, ..self }
    }

    /// The archive as it was last committed.
    pub fn archive(&self) -> &Archive {
        self.archive
    }
}

/// Content that was read to its end.
pub(in crate::archive) struct Content {
    pub digest: Digest,
    pub n_bytes: u64,
    pub media_type: &'static str,
    /// The encoding that is recorded.
    pub named: Option<Charset>,
    pub form: Form,
    /// Of its chunks some were stored before and damaged, and were put once more.
    pub has_healed: bool,
    pub is_unsettled: bool,
    pub file_stat: Option<FileStat>,
}

impl Content {
    /// It with as what it is read.
    pub(super) fn interpreted(&self) -> InterpretedContent {
        (self.digest, Interpretation::of(self.media_type, self.named))
    }
}

/// The bytes of a content.
pub(in crate::archive) enum Form {
    Blob(Arc<Vec<u8>>, Option<Analysis>),
    /// They went to the store chunk by chunk; of what may be a text that is compared they are kept.
    Chunks(Vec<Chunk>, Option<Vec<u8>>),
}

impl From<SmallInput> for Content {
    fn from(input: SmallInput) -> Self {
        let n_bytes = input.bytes.len() as u64;
        let SmallInput { digest, bytes, media_type, named, analysis, file_stat, is_unsettled } =
            input;
        let form = Form::Blob(bytes, analysis);
        let has_healed = false;
        Self { digest, n_bytes, media_type, named, form, has_healed, is_unsettled, file_stat }
    }
}

/// A transaction that is in the archive.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The events of what was added.
    pub events: std::ops::Range<u64>,
    /// What was added, in its order, as it was recorded: another writer that was first may have changed its
    /// number. None where that one recorded the same content.
    pub recorded: Vec<Option<NewRevision>>,
    /// Those of them whose content is text that was not stored before, or not read so.
    pub new_texts: Vec<u64>,
    /// The others, whose content was stored and read so before, or is no text.
    pub others: Vec<u64>,
    /// Bytes of the packs written.
    pub n_packed: u64,
}

impl Committed {
    /// How many revisions were recorded.
    pub(in crate::archive) fn n_revisions(&self) -> u64 {
        (self.new_texts.len() + self.others.len()) as u64
    }
}

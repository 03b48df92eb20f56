//! Rewriting: every blob is compressed again, in a better order than it came in.
//!
//! Documents come in order of name, each followed by those that share features with it, so that similar
//! ones lie side by side. The revisions of one document come in the order of a spanning tree: the
//! first or the largest, then always the one of which least is missing in what is there. So a base may
//! be an earlier revision or a later one, whichever leaves less to write down.

use std::{
    collections::{HashSet, VecDeque},
    rc::Rc,
    sync::Arc,
};

use crate::{
    archive::Archive,
    pool::{Pool, Task},
    store::{
        Blob, CompressionLevels, Nothing, Writer, Written, candidates::BaseCandidates,
        features::Fingerprint,
    },
    types::{
        digest::{Digest, DocId, Key},
        document::Revision,
        error::Error,
        limits,
        pack_id::UploadIds,
    },
};

/// Revisions that are put in order at once,
const WINDOW_REVISIONS: usize = 256;
/// and their bytes.
const WINDOW_BYTES: u64 = 32 << 20;
/// Blobs among which a base is sought: memory is bounded by this.
const STRETCH_BLOBS: usize = 1 << 16;
/// Documents fetched from the catalog at a time.
const STRIDE: usize = 512;
/// Documents that wait because they resemble one before.
const RELATED_MAX: usize = 64;
/// Of these so many for each.
const RELATED_EACH: usize = 8;

/// A rewriting under way.
struct Rewriting<'a> {
    archive: &'a Archive,
    pool: Rc<Pool>,
    levels: CompressionLevels,
    writer: Writer,
    written: Vec<Written>,
    uploads: UploadIds,
    /// Blobs put since the last stretch.
    n_waiting: usize,
    /// Rows of documents that are done.
    documents: HashSet<DocId>,
    /// Contents that are done.
    contents: HashSet<Digest>,
    chunks: HashSet<Digest>,
    /// Documents that are done before the next in order of name.
    related: VecDeque<DocId>,
    progress: &'a mut dyn FnMut(u64) -> Result<(), Error>,
}

/// A content of the window.
struct Member {
    digest: Digest,
    bytes: Arc<Vec<u8>>,
    media_type: &'static str,
    fingerprint: Fingerprint,
}

impl Archive {
    /// Writes every blob into new packs; the old ones are still there.
    pub(in crate::archive) fn rewritten(
        &self,
        levels: CompressionLevels,
        n_threads: usize,
        uploads: UploadIds,
        progress: &mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Result<Vec<Written>, Error> {
        let pool = Rc::new(Pool::new(n_threads));
        let mut uploads = uploads;
        let writer = writer(self, &pool, levels, uploads.split());
        let mut rewriting = Rewriting {
            archive: self,
            pool,
            levels,
            writer,
            written: Vec::new(),
            uploads,
            n_waiting: 0,
            documents: HashSet::new(),
            contents: HashSet::new(),
            chunks: HashSet::new(),
            related: VecDeque::new(),
            progress,
        };
        rewriting.all()?;
        rewriting.end_stretch()?;
        Ok(rewriting.written)
    }
}

/// A writer that starts from nothing.
fn writer(
    archive: &Archive,
    pool: &Rc<Pool>,
    levels: CompressionLevels,
    uploads: UploadIds,
) -> Writer {
    let backend = Arc::clone(&archive.home.backend);
    Writer::new(backend, Rc::new(Nothing), Rc::clone(pool), levels, uploads)
}

impl Rewriting<'_> {
    fn all(&mut self) -> Result<(), Error> {
        let mut after = None;
        loop {
            let documents = self.archive.catalog.documents_after(after.as_ref(), STRIDE)?;
            for document in &documents {
                self.document(document.id)?;
                while let Some(id) = self.related.pop_front() {
                    self.document(id)?;
                }
            }
            match documents.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    fn document(&mut self, id: DocId) -> Result<(), Error> {
        if !self.documents.insert(id) {
            return Ok(());
        }
        let mut number = 0;
        loop {
            let revisions = self.archive.catalog.revisions_after(id, number, WINDOW_REVISIONS)?;
            let Some(last) = revisions.last() else { return Ok(()) };
            number = last.number;
            let mut new = Vec::with_capacity(revisions.len());
            for revision in revisions.into_iter().filter(|it| it.withdrawn.is_none()) {
                if self.contents.insert(revision.digest) {
                    new.push(revision);
                }
            }
            self.windows(&new)?;
            (self.progress)(self.contents.len() as u64)?;
            if self.n_waiting >= STRETCH_BLOBS {
                self.end_stretch()?;
            }
        }
    }

    /// Seals what was written so far; what comes next is attached to none of it.
    fn end_stretch(&mut self) -> Result<(), Error> {
        let next = writer(self.archive, &self.pool, self.levels, self.uploads.split());
        self.written.extend(std::mem::replace(&mut self.writer, next).finish()?);
        self.n_waiting = 0;
        Ok(())
    }

    fn put(&mut self, blob: Blob, near: Option<Key>) -> Result<(), Error> {
        self.n_waiting += 1;
        self.writer.put(blob, near)
    }

    /// Takes revisions in windows of at most [`WINDOW_BYTES`], since all of a window is in memory.
    fn windows(&mut self, revisions: &[Revision]) -> Result<(), Error> {
        let (mut before, mut before_large) = (None, None);
        let mut window: Vec<&Revision> = Vec::new();
        let mut n_bytes = 0;
        for revision in revisions {
            if revision.n_bytes > limits::BLOB_BYTES_MAX as u64 {
                self.large(revision, before_large)?;
                before_large = Some(revision.digest.key());
                continue;
            }
            if n_bytes + revision.n_bytes > WINDOW_BYTES {
                before = self.window(&std::mem::take(&mut window), before)?;
                n_bytes = 0;
            }
            n_bytes += revision.n_bytes;
            window.push(revision);
        }
        self.window(&window, before)?;
        Ok(())
    }

    /// Puts revisions in the best order; `before` is the last one of the window before. Returns the last.
    fn window(
        &mut self,
        revisions: &[&Revision],
        before: Option<Key>,
    ) -> Result<Option<Key>, Error> {
        let mut analysed = Vec::new();
        for revision in revisions {
            let bytes = Arc::new(self.archive.reader.blob(&revision.digest)?);
            let raw = Arc::clone(&bytes);
            analysed.push((revision, bytes, self.pool.submit(move || Fingerprint::of(&raw))));
        }
        let join = |(revision, bytes, fingerprint): (&&Revision, _, Task<Fingerprint>)| {
            let (digest, media_type) = (revision.digest, main_type(&revision.media_type));
            Member { digest, bytes, media_type, fingerprint: fingerprint.join() }
        };
        let members: Vec<Member> = analysed.into_iter().map(join).collect();
        if let Some(latest) = members.last() {
            self.relate(&latest.fingerprint)?;
        }
        let tree = spanning(&members);
        let keys: Vec<Key> = members.iter().map(|member| member.digest.key()).collect();
        let mut members: Vec<Option<Member>> = members.into_iter().map(Some).collect();
        for (n, base) in tree.order {
            let Some(member) = members[n].take() else { continue };
            let Member { digest, bytes, media_type, fingerprint } = member;
            // A root may still resemble the revision before this window.
            let base = base.map(|base| keys[base]).or(before);
            let blob = Blob { digest, bytes, fingerprint: Some(fingerprint), media_type };
            self.put(blob, base)?;
        }
        Ok(keys.last().copied())
    }

    /// Has the documents come next that share features with this one.
    fn relate(&mut self, fingerprint: &Fingerprint) -> Result<(), Error> {
        let Some(features) = fingerprint.features() else { return Ok(()) };
        let catalog = &self.archive.catalog;
        for candidate in catalog.base_candidates(features, None)? {
            if self.related.len() >= RELATED_MAX {
                return Ok(());
            }
            let ids = catalog.documents_with(candidate.key, RELATED_EACH)?;
            self.related.extend(ids.into_iter().filter(|id| !self.documents.contains(id)));
        }
        Ok(())
    }

    /// The chunks of a large content, those of them that are new, and its list.
    fn large(&mut self, revision: &Revision, before: Option<Key>) -> Result<(), Error> {
        let chunks = self.archive.reader.chunks_of_large(&revision.digest)?;
        for chunk in &chunks {
            if !self.chunks.insert(chunk.digest) {
                continue;
            }
            let bytes = Arc::new(self.archive.reader.blob(&chunk.digest)?);
            let fingerprint = Some(Fingerprint::of(&bytes));
            let (digest, media_type) = (chunk.digest, main_type(&revision.media_type));
            self.put(Blob { digest, bytes, fingerprint, media_type }, None)?;
        }
        self.writer.put_list(&revision.digest, &chunks, before)
    }
}

/// A spanning tree: its members in the order in which they join, each with the one it is attached to.
struct Tree {
    order: Vec<(usize, Option<usize>)>,
    /// Samples that have to be written down: those of the root, and what each other one lacks.
    n_samples: usize,
}

/// The better of two trees: from the first revision on, or from the largest.
fn spanning(members: &[Member]) -> Tree {
    let largest = (0..members.len()).rev().max_by_key(|n| members[*n].bytes.len());
    let from_first = tree(members, 0);
    let from_largest = tree(members, largest.unwrap_or(0));
    // What is written down at the root compresses less well than what is added to a base.
    if from_largest.n_samples * 8 < from_first.n_samples * 7 { from_largest } else { from_first }
}

/// Lets always that one join of which least is missing in one that is there: Prim's algorithm ("Shortest
/// connection networks and some generalizations", 1957), on distances that have a direction.
fn tree(members: &[Member], root: usize) -> Tree {
    let mut tree = Tree { order: Vec::with_capacity(members.len()), n_samples: 0 };
    let all = 0..members.len();
    let mut left: Vec<(usize, usize, Option<usize>)> =
        all.map(|n| (members[n].fingerprint.n_samples(), n, None)).collect();
    let mut next = left.get(root).copied();
    while let Some((n_missing, placed, base)) = next {
        tree.order.push((placed, base));
        tree.n_samples += n_missing;
        left.retain(|(_, n, _)| *n != placed);
        for (least, n, base) in &mut left {
            let missing = members[*n].fingerprint.n_missing_in(&members[placed].fingerprint);
            // Even where no sample is shared, the nearest revision may have shorter stretches in common.
            let is_nearer = base.is_none_or(|base| base.abs_diff(*n) > placed.abs_diff(*n));
            if missing < *least || (missing == *least && is_nearer) {
                (*least, *base) = (missing, Some(placed));
            }
        }
        next = left.iter().min_by_key(|(least, n, _)| (*least, *n)).copied();
    }
    tree
}

/// The media type that stands for its group; only texts differ so much in their bytes that it matters.
fn main_type(media_type: &str) -> &'static str {
    match media_type {
        "text/html" | "application/xhtml+xml" => "text/html",
        "application/json" => "application/json",
        other if other.starts_with("text/") => "text/plain",
        _ => "application/octet-stream",
    }
}

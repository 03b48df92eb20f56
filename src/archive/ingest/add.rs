//! Adding one document: what is new of it goes to the store and into the transaction.
//!
//! Nothing has happened until the transaction is committed, and then all of it has.

use std::{io, rc::Rc, sync::Arc};

use crate::{
    catalog::{FileStat, InterpretedContent, Latest, LatestAhead, Snapshot, StatEntry},
    journal::event::{MediaType, ReviseDetail, Salt},
    store::{Blob, CompressionLevels, Frames as _, Writer},
    text::{
        Charset,
        extract::{ExtractionStatus, status_unrendered},
    },
    types::{
        digest::{Digest, DocId, Hasher},
        error::Error,
        limits,
        name::DocName,
    },
};

use super::{
    chunked::ContentError,
    outcome::{FormerName, NewRevision, Outcome},
    provenance::Provenance,
    reader::{
        Analysis, Expected, Input, Intake, ReadDocument, RenderingTime, TextAnalysis, rendered,
    },
    transaction::{Committed, Content, Form, PendingEvent, PendingRevision, Transaction},
};

/// A program that has a file in memory may change it for so long without a change of its times: they
/// move on when a page is first written to, and again only after it went to the disk, which takes
/// 35 seconds. The ticks in which times move on are shorter.
const UNSETTLED: i64 = 40_000_000_000;

/// Whether a file that was read after `began` would have another stat if it changed after that.
fn is_settled(file_stat: &FileStat, began: i64) -> bool {
    file_stat.ctime.max(file_stat.mtime) < began.saturating_sub(UNSETTLED)
}

/// What is known of a text in chunks.
fn of_large(
    time: RenderingTime,
    text: Option<Vec<u8>>,
    media_type: &str,
    named: Option<Charset>,
) -> TextAnalysis {
    match text {
        Some(text) => TextAnalysis::at(time, &text, media_type, named),
        None => TextAnalysis { sketch: None, rendered: status_unrendered(u64::MAX, media_type) },
    }
}

impl Transaction<'_> {
    /// Adds one document.
    ///
    /// An error is the archive's; what is wrong with the source is `Outcome::Unreadable`.
    pub fn add(&mut self, intake: Intake) -> Result<Outcome, Error> {
        let expected = self.expected(&intake)?;
        self.add_read(ReadDocument::read(intake, expected))
    }

    /// What is known of a document so far, committed or not.
    pub(super) fn expected(&mut self, intake: &Intake) -> Result<Expected, Error> {
        self.ensure_snapshot()?;
        let latest = self.latest_or_pending(&intake.name)?;
        let n_events = self.archive.journal.size();
        let expected = Expected::of(&self.provenance(intake), latest, n_events);
        Ok(Expected { rendering_time: self.rendering_time, ..expected })
    }

    /// What is recorded of a document.
    pub(super) fn provenance(&self, intake: &Intake) -> Arc<Provenance> {
        Arc::clone(intake.provenance.as_ref().unwrap_or(&self.provenance))
    }

    /// The document of this name, committed or not.
    pub(super) fn latest_or_pending(&mut self, name: &DocName) -> Result<Option<Latest>, Error> {
        match self.pending.documents.get(name) {
            Some(latest) => Ok(*latest),
            None => self.latest(name),
        }
    }

    /// The revision that the next one of a document follows. A catalog that lacks it is made anew: on its word
    /// the document would begin a second time.
    fn latest(&mut self, name: &DocName) -> Result<Option<Latest>, Error> {
        self.ensure_snapshot()?;
        match self.archive.catalog.latest_ahead(name, &mut self.ahead) {
            Err(Error::Catalog { why }) => {
                self.snapshot = None;
                self.edge = self.archive.renew_misled(&why)?;
                self.ensure_snapshot()?;
                self.archive.catalog.latest_ahead(name, &mut self.ahead)
            }
            latest => latest,
        }
    }

    /// Whether the document's file is as it was when its latest revision was read.
    pub(super) fn is_unchanged(&self, intake: &Intake, latest: &Latest) -> bool {
        self.provenance(intake).names_no_other(latest)
            && intake.file_stat.as_ref().is_some_and(|file_stat| {
                self.stat_cache.is_unchanged(&intake.name, file_stat, latest)
            })
    }

    /// Whether an event of the document of this name waits for the commit.
    pub(super) fn has_pending(&self, name: &DocName) -> bool {
        self.pending.documents.get(name).is_some_and(Option::is_some)
    }

    /// Adds a document that was read.
    pub(super) fn add_read(&mut self, read: ReadDocument) -> Result<Outcome, Error> {
        self.ensure_snapshot()?;
        let ReadDocument { intake, expected, input } = read;
        let content = match self.content((&intake, &expected), input) {
            Ok(content) => content,
            Err(ContentError::Source(error)) => return Ok(Outcome::Unreadable(error)),
            Err(ContentError::Archive(error)) => return Err(error),
        };
        let is_current = expected.n_events == self.archive.journal.size()
            && !self.pending.documents.contains_key(&intake.name);
        let latest = match is_current {
            true => expected.latest,
            // It may have been committed meanwhile.
            false => self.latest_or_pending(&intake.name)?,
        };
        if let Some(latest) = latest.filter(|it| it.is_same(content.digest, content.named)) {
            let is_healed = self.heal(&content, self.verifies_unchanged)?;
            self.note_stat(&intake, content.file_stat, content.digest);
            return self.see(&intake, latest, is_healed);
        }
        let captured = self.provenance(&intake).captured(intake.mtime, self.context.now);
        let of = (&content.digest, content.named, captured);
        if self.archive.is_recorded(latest, of)? {
            let is_healed = self.heal(&content, self.verifies_unchanged)?;
            return Ok(Outcome::found(is_healed));
        }
        if latest.is_none()
            && let Some(name) = self.go_on(&intake, &content)?
        {
            let is_healed = self.heal(&content, self.verifies_unchanged)?;
            self.note_stat(&intake, content.file_stat, content.digest);
            return Ok(Outcome::Renamed(Box::new(FormerName { name, is_healed })));
        }
        self.revise(&intake, latest, content).map(Outcome::from)
    }

    /// The whole content; of a large one, this is where it goes to the store.
    fn content(
        &mut self,
        document: (&Intake, &Expected),
        input: io::Result<Input>,
    ) -> Result<Content, ContentError> {
        match input? {
            Input::Small(input) => Ok(Content::from(input)),
            Input::Large(start) => self.read_large(document, start),
        }
    }

    /// Whether so much is waiting that it should be committed before going on.
    pub(super) fn is_due(&self) -> bool {
        self.pending.events.len() >= limits::COMMIT_REVISIONS
            || self.pending.stats.len() >= limits::COMMIT_REVISIONS
            || self.pending.n_bytes >= limits::COMMIT_BYTES
    }

    /// Commits what is waiting; `None` when nothing was.
    pub fn commit(&mut self) -> Result<Option<Committed>, Error> {
        self.snapshot = None;
        let mut pending = std::mem::take(&mut self.pending);
        let stats = std::mem::take(&mut pending.stats);
        let committed = match pending.events.is_empty() && !pending.has_healed {
            // What was put of a content that could not be read to its end is of no use.
            true => {
                self.writer = None;
                None
            }
            false => Some(self.commit_pending(pending)?),
        };
        let is_any = |it: &Committed| !it.recorded.is_empty() || !it.events.is_empty();
        let committed = committed.filter(is_any);
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
            && !self.archive.catalog.has_content(&content.digest)?;
        let (is_healed, rendered) = match is_new_content {
            true => {
                let rendered = self.put(&mut content, latest.map(|latest| latest.digest))?;
                (content.has_healed, rendered)
            }
            false => {
                let rendered = self.read_otherwise(&mut content)?;
                (self.heal(&content, true)?, rendered)
            }
        };
        let media = MediaType::new(content.media_type).map_err(|e| Error::usage(e.to_string()))?;
        let new = NewRevision {
            is_new_content,
            is_healed,
            is_unsettled: content.is_unsettled,
            rendered,
            ..NewRevision::next(latest, content.digest, content.n_bytes)
        };
        self.record(intake, latest, (new, media, content.named))?;
        self.note_stat(intake, content.file_stat, content.digest);
        Ok(new)
    }

    /// Has a new revision wait for the commit, whose content is in the store or on its way there.
    pub(super) fn record(
        &mut self,
        intake: &Intake,
        latest: Option<Latest>,
        (new, media, named): (NewRevision, MediaType, Option<Charset>),
    ) -> Result<(), Error> {
        let doc = match latest {
            Some(latest) => latest.doc,
            None => DocId(u64::from_be_bytes(self.draw(b"doc"))),
        };
        let event = self.next_event();
        let detail = self.detail(intake, named);
        self.pending.n_bytes += new.n_bytes;
        let revision = PendingRevision {
            order: self.pending.n_revisions,
            doc,
            prev: latest.map(|latest| latest.last),
            new,
            media,
            detail,
        };
        self.pending.n_revisions += 1;
        let provenance = self.provenance(intake);
        if !provenance.says_nothing() {
            self.pending.observed.insert(provenance.observed(event, revision.detail.captured));
        }
        let known = revision.latest(latest, (event, self.context.now));
        self.pending.documents.insert(intake.name.clone(), Some(known));
        self.pending.events.push(PendingEvent::Revision(revision));
        self.tag(intake)
    }

    /// Puts a content that is known once more if what is stored of it is not whole; whether it was not.
    ///
    /// Unless its bytes are to be verified a look at the checksums of their frames decides.
    fn heal(&mut self, content: &Content, verifies_bytes: bool) -> Result<bool, Error> {
        let digest = content.digest;
        let is_whole = self.pending.contents.contains(&digest)
            || match &content.form {
                Form::Blob(..) => {
                    self.has_frames(&digest)?
                        && (!verifies_bytes || self.archive.reader.blob(&digest).is_ok())
                }
                // Its chunks were compared when they came.
                Form::Chunks(chunks, _) => self.archive.reader.has_list(&digest, chunks)?,
            };
        if !is_whole {
            self.restore(content)?;
            self.pending.has_healed = true;
        }
        Ok(!is_whole || content.has_healed)
    }

    /// Whether the frames are there that a blob is read from, each with the right checksum.
    fn has_frames(&self, digest: &Digest) -> Result<bool, Error> {
        let reader = &self.archive.reader;
        let places = reader.frames().places(digest.key())?;
        Ok(reader.has_whole_chain(digest.key(), &places))
    }

    /// Puts a content once more, without a base: what is attached to it must not come to lie deeper than
    /// it says.
    fn restore(&mut self, content: &Content) -> Result<(), Error> {
        let (digest, kind) = (content.digest, content.media_type);
        match &content.form {
            Form::Blob(bytes, _) => {
                let bytes = Arc::clone(bytes);
                self.writer()
                    .put(Blob { digest, bytes, fingerprint: None, media_type: kind }, None)?;
            }
            Form::Chunks(chunks, _) => self.writer().put_list(&digest, chunks, None)?,
        }
        self.pending.contents.insert(digest);
        Ok(())
    }

    /// What came of rendering a known content, which whoever renders remembers.
    fn rendered_before(&self, content: &Content) -> Option<ExtractionStatus> {
        let (media_type, named) = (content.media_type, content.named);
        match &content.form {
            Form::Blob(_, Some(analysis)) => analysis.text.rendered,
            Form::Blob(bytes, None) => rendered(self.rendering_time, bytes, media_type, named),
            Form::Chunks(..) => status_unrendered(u64::MAX, media_type),
        }
    }

    /// Has a known content sketched that was never read as it is here; what came of rendering it.
    fn read_otherwise(&mut self, content: &mut Content) -> Result<Option<ExtractionStatus>, Error> {
        let interpreted = content.interpreted();
        let is_known = self.pending.interpreted.contains(&interpreted)
            || self.archive.catalog.content_as(&interpreted)?.is_some();
        if is_known {
            return Ok(self.rendered_before(content));
        }
        let (kind, named, time) = (content.media_type, content.named, self.rendering_time);
        let text = match &mut content.form {
            Form::Blob(bytes, analysis) => match analysis {
                Some(analysis) => std::mem::take(&mut analysis.text),
                None => TextAnalysis::at(time, bytes, kind, named),
            },
            Form::Chunks(_, text) => of_large(time, text.take(), kind, named),
        };
        self.keep_sketch(interpreted, text.sketch);
        Ok(text.rendered)
    }

    fn keep_sketch(&mut self, interpreted: InterpretedContent, sketch: Option<Vec<u8>>) {
        self.pending.interpreted.insert(interpreted.clone());
        self.pending.sketches.extend(sketch.map(|sketch| (interpreted, sketch)));
    }

    /// Puts a content that was never stored before; what came of rendering it.
    fn put(
        &mut self,
        content: &mut Content,
        previous: Option<Digest>,
    ) -> Result<Option<ExtractionStatus>, Error> {
        let (digest, kind) = (content.digest, content.media_type);
        let text = match &mut content.form {
            Form::Blob(bytes, analysis) => {
                // Bytes that were expected to be known were not analysed.
                let named = content.named;
                let analysis = analysis.take();
                let time = self.rendering_time;
                let analysis = analysis.unwrap_or_else(|| Analysis::at(time, bytes, kind, named));
                if let Some(features) = analysis.fingerprint.sought() {
                    self.pending.features.insert(digest.key(), *features);
                }
                let (bytes, fingerprint) = (Arc::clone(bytes), Some(analysis.fingerprint));
                let previous = previous.map(|previous| previous.key());
                self.writer()
                    .put(Blob { digest, bytes, fingerprint, media_type: kind }, previous)?;
                analysis.text
            }
            Form::Chunks(chunks, text) => {
                let text = of_large(self.rendering_time, text.take(), kind, content.named);
                let keys = chunks.iter().map(|chunk| chunk.digest.key()).collect();
                self.pending.chunks.insert(digest, keys);
                let previous = previous.map(|previous| previous.key());
                self.writer().put_list(&digest, chunks, previous)?;
                text
            }
        };
        self.keep_sketch(content.interpreted(), text.sketch);
        self.pending.contents.insert(digest);
        Ok(text.rendered)
    }

    pub(super) fn writer(&mut self) -> &mut Writer {
        if self.writer.is_none() {
            let uploads = self.upload_ids();
            let stored = Rc::clone(&self.archive.catalog);
            let backend = Arc::clone(&self.archive.home.backend);
            let (pool, levels) = (Rc::clone(&self.pool), CompressionLevels::default());
            self.writer = Some(Writer::new(backend, stored, pool, levels, uploads));
        }
        self.writer.as_mut().expect("it was made above")
    }

    /// The index that the next event gets, unless another writer is faster.
    pub(super) fn next_event(&self) -> u64 {
        self.archive.journal.size() + self.pending.events.len() as u64
    }

    fn ensure_snapshot(&mut self) -> Result<(), Error> {
        if self.snapshot.is_none() {
            self.ahead = LatestAhead::default();
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

    /// Without its salt, which follows from its place in a commit.
    fn detail(&mut self, intake: &Intake, named: Option<Charset>) -> ReviseDetail {
        let provenance = self.provenance(intake);
        let captured = provenance.captured(intake.mtime, self.context.now);
        ReviseDetail {
            salt: Salt::default(),
            name: intake.name.clone(),
            source: provenance.source.clone(),
            captured,
            mtime: intake.mtime,
            note: provenance.note.clone(),
            encoding: named.map(|named| named.name().to_owned()),
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

#[cfg(test)]
mod settled_tests {
    use super::*;

    #[test]
    fn a_file_that_changed_within_the_last_seconds_is_not_trusted_to_look_different() {
        let second = 1_000_000_000;
        let began = 1_764_000_000 * second;
        for (mtime, ctime, expected) in [
            (0, 0, false),
            (1, 1, false),
            (30, 100, false),
            (100, 30, false),
            (100, 41, true),
            (-5, 100, false),
        ] {
            let (mtime, ctime) = (began - mtime * second, began - ctime * second);
            let file_stat = FileStat { n_bytes: 1, mtime, ctime, inode: 1, device: 1 };
            assert_eq!(is_settled(&file_stat, began), expected, "{file_stat:?}");
        }
    }
}

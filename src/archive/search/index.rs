//! The index, brought up to date with the journal before it is asked: an opinion that is found torn, of another
//! history or of before a withdrawal is made anew.
//!
//! Contents are taken in by the order of their rows, some at a time, so that what was done stays done whatever ends
//! it. Where no index can be kept, one is made for the one question.

use std::collections::VecDeque;

use tracing::{debug, warn};

use crate::{
    archive::{
        Archive,
        gaps::{TextGap, gap_unrendered},
        operand,
    },
    backend::local::DatabaseFiles,
    catalog::{FULL_TEXT_FILE, FullText, FullTextState, IndexedContent, IndexedText},
    pool::{Pool, Task},
    types::error::Error,
};

use super::texts::{FoldedContent, SearchText, folding};

/// So many bytes of contents are taken in before it is kept that they were.
const KEPT_TOGETHER_BYTES: usize = 32 << 20;
/// So many bytes of contents wait to be folded, or are.
const UNDERWAY_BYTES_MAX: usize = 8 << 20;
/// So many are folded in one go.
const GROUP_BYTES: usize = 256 << 10;
/// After so many bytes of contents everything is brought into one order.
const ORDERED_BYTES: u64 = 4 << 20;
/// How often another process may be met that brings up the same index.
const TRIES_MAX: usize = 1000;

/// An index that follows the journal as far as this reading of the archive does, or farther.
pub struct SearchIndex {
    pub(super) full_text: FullText,
    /// It could not be kept: it is made for this time.
    pub is_temporary: bool,
}

/// How much of the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexProgress {
    /// Contents that were taken in.
    pub n_done: u64,
    /// Contents that are to be taken in.
    pub n_all: u64,
}

type OnProgress<'p> = dyn FnMut(IndexProgress) + 'p;

impl Archive {
    /// The index, brought up to date; texts are folded on so many threads.
    pub fn search_index(
        &self,
        n_threads: usize,
        progress: &mut OnProgress<'_>,
    ) -> Result<SearchIndex, Error> {
        let found = match self.full_text_files()? {
            Some(files) => self.kept_index(&files, n_threads, progress)?,
            None => None,
        };
        let (full_text, is_temporary) = match found {
            Some(full_text) => (full_text, false),
            None => {
                debug!(target: "catalog", "the full-text index is made for this time");
                let full_text = FullText::temporary()?;
                self.bring_up_index(&full_text, n_threads, progress)?;
                (full_text, true)
            }
        };
        Ok(SearchIndex { full_text, is_temporary })
    }

    /// The files of the index, where there is a folder for them.
    pub(in crate::archive) fn full_text_files(&self) -> Result<Option<DatabaseFiles>, Error> {
        let examine = |folder| DatabaseFiles::examine(folder, FULL_TEXT_FILE);
        self.home.catalog.as_deref().map(examine).transpose()
    }

    /// Whether an index is kept.
    pub(in crate::archive) fn has_search_index(&self) -> bool {
        self.full_text_files().ok().flatten().is_some_and(|files| files.exists())
    }

    /// Removes the index, which is made anew by whoever asks it next.
    pub fn remove_search_index(&self) -> Result<(), Error> {
        self.full_text_files()?.map_or(Ok(()), |files| files.remove())
    }

    /// The index in these files; none where it cannot be used and not be made.
    fn kept_index(
        &self,
        files: &DatabaseFiles,
        n_threads: usize,
        progress: &mut OnProgress<'_>,
    ) -> Result<Option<FullText>, Error> {
        let is_current = |it: &FullText| it.state().is_ok_and(|it| self.is_current(&it));
        if let Some(index) = FullText::open_existing(files.path()).filter(is_current) {
            return Ok(Some(index));
        }
        let attempt = |progress: &mut OnProgress<'_>| -> Result<FullText, Error> {
            let index = FullText::open(files.path())?;
            self.bring_up_index(&index, n_threads, progress)?;
            Ok(index)
        };
        let mut opened = attempt(progress);
        if let Err(Error::FullText { why }) = &opened {
            debug!(target: "catalog", "the full-text index is made anew: {why}");
            opened = files.remove().and_then(|()| attempt(progress));
        }
        match opened {
            Ok(index) => Ok(Some(index)),
            Err(Error::Refused(_) | Error::Io { .. }) => Ok(None),
            Err(Error::Busy { who }) => {
                warn!(target: "catalog", "{who}: the full-text index is made for this time alone");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn is_current(&self, state: &FullTextState) -> bool {
        let n_withdrawals = self.catalog.n_withdrawals();
        state.folding == folding()
            && state.note.as_bytes() == self.journal.note()
            && n_withdrawals.is_ok_and(|it| it == state.n_withdrawals)
    }

    /// Takes in what is not in an index yet. `FullText` where it is of no use.
    fn bring_up_index(
        &self,
        index: &FullText,
        n_threads: usize,
        progress: &mut OnProgress<'_>,
    ) -> Result<(), Error> {
        let mut n_bytes = 0;
        for _ in 0..TRIES_MAX {
            let state = index.state()?;
            if self.is_current(&state) {
                return self.put_in_order(index, n_bytes);
            }
            let Some(event) = self.covered(&state)? else { return Ok(()) };
            n_bytes += self.take_in(index, &state, event, n_threads, progress)?;
        }
        Err(Error::Busy { who: "another process brings the full-text index up".to_owned() })
    }

    /// From which event on an index lacks what came; none where it is ahead of this reading.
    fn covered(&self, state: &FullTextState) -> Result<Option<u64>, Error> {
        let unusable = |why: &str| Err(Error::FullText { why: format!("{FULL_TEXT_FILE} {why}") });
        if *state == FullTextState::default() {
            return Ok(Some(0));
        }
        if state.folding != folding() {
            return unusable("was made with other folding");
        }
        if state.n_withdrawals != self.catalog.n_withdrawals()? {
            return unusable("is of before a withdrawal");
        }
        if state.note.is_empty() {
            return Ok(Some(0));
        }
        if let Some(earlier) = self.journal.as_of(state.note.as_bytes()) {
            return Ok(Some(earlier.size()));
        }
        // Somebody added since this archive was opened, and searched.
        match self.home.journal()?.as_of(state.note.as_bytes()) {
            Some(later) if later.size() > self.journal.size() => Ok(None),
            _ => unusable("is of another history"),
        }
    }

    /// Takes in contents, and keeps how far that went. How many bytes they had.
    fn take_in(
        &self,
        index: &FullText,
        before: &FullTextState,
        event: u64,
        n_threads: usize,
        progress: &mut OnProgress<'_>,
    ) -> Result<u64, Error> {
        let mut wanted = Vec::new();
        let mut unreadable = index.unreadable()?;
        for content in self.catalog.contents_since(event)? {
            if content > before.last_content || !index.has(content)? {
                wanted.push(content);
            }
        }
        // What was damaged may have healed.
        unreadable.retain(|it| *it <= before.last_content && wanted.binary_search(it).is_err());
        wanted.splice(0..0, unreadable);
        let mut intake = IndexIntake::new(self, index, before.last_content, n_threads);
        let mut state = FullTextState { folding: folding(), ..before.clone() };
        state.n_withdrawals = self.catalog.n_withdrawals()?;
        state.readers = self.readers_after(before)?;
        let n_all = wanted.len() as u64;
        let (mut n_done, mut n_bytes) = (0, 0);
        let mut expected = before.clone();
        let mut wanted = wanted.into_iter().peekable();
        loop {
            let is_ours = index.transaction(|| -> Result<bool, Error> {
                if index.state()? != expected {
                    return Ok(false);
                }
                intake.n_bytes = 0;
                while let Some(content) = wanted.next_if(|_| intake.n_bytes < KEPT_TOGETHER_BYTES) {
                    intake.content(content)?;
                    state.last_content = state.last_content.max(content);
                    n_done += 1;
                    progress(IndexProgress { n_done, n_all });
                }
                intake.finish()?;
                if wanted.peek().is_none() {
                    state.note = String::from_utf8_lossy(self.journal.note()).into_owned();
                }
                index.set_state(&state)?;
                Ok(true)
            })?;
            n_bytes += intake.n_bytes as u64;
            expected = state.clone();
            if !is_ours || wanted.peek().is_none() {
                return Ok(n_bytes);
            }
        }
    }

    /// After much was taken in.
    fn put_in_order(&self, index: &FullText, n_bytes: u64) -> Result<(), Error> {
        if n_bytes >= ORDERED_BYTES {
            index.transaction(|| index.optimize())?;
            index.shrink()?;
        }
        Ok(())
    }
}

/// Contents on their way into an index: read in order, folded on all threads, put in order.
struct IndexIntake<'a> {
    archive: &'a Archive,
    index: &'a FullText,
    pool: Pool,
    gathered: Vec<ReadContent>,
    n_gathered: usize,
    underway: VecDeque<(usize, Task<FoldedGroup>)>,
    n_underway: usize,
    /// Bytes of contents that were read.
    n_bytes: usize,
    /// What comes after this content is not in the index yet.
    last_content: i64,
}

/// Contents with their folded texts, if they have any, and what of these is not there.
type FoldedGroup = Vec<(i64, Option<FoldedContent>, Option<TextGap>)>;

/// A content that was read, and what says how it is read as text.
struct ReadContent {
    bytes: Vec<u8>,
    known: IndexedContent,
}

impl ReadContent {
    fn folded(self) -> (i64, Option<FoldedContent>, Option<TextGap>) {
        let (text, gap) = SearchText::of(&self.bytes, &self.known);
        (self.known.content, text.map(|text| text.folded()), gap)
    }
}

impl<'a> IndexIntake<'a> {
    fn new(archive: &'a Archive, index: &'a FullText, last_content: i64, n_threads: usize) -> Self {
        let pool = Pool::new(n_threads);
        Self {
            archive,
            index,
            pool,
            gathered: Vec::new(),
            n_gathered: 0,
            underway: VecDeque::new(),
            n_underway: 0,
            n_bytes: 0,
            last_content,
        }
    }

    fn content(&mut self, content: i64) -> Result<(), Error> {
        let catalog = &self.archive.catalog;
        let Some(known) = catalog.indexed_content(content)? else { return Ok(()) };
        if operand::is_too_long(known.n_bytes, &known.media_type) {
            self.finish()?;
            return self.put(content, None, Some(TextGap::TooLong));
        }
        if !operand::may_be_compared(known.n_bytes, &known.media_type) {
            let gap = gap_unrendered(known.n_bytes, &known.media_type);
            if let Some(gap) = gap {
                self.index.set_gap(content, gap)?;
            }
            return Ok(());
        }
        match self.archive.reader.content_bytes(&known.digest, known.n_bytes) {
            Ok(bytes) => self.push(bytes, known),
            Err(Error::Damaged { .. }) => {
                self.archive.notice_damage(&known.digest);
                self.finish()?;
                self.put(content, None, Some(TextGap::Unreadable))
            }
            Err(error) => Err(error),
        }
    }

    fn push(&mut self, bytes: Vec<u8>, known: IndexedContent) -> Result<(), Error> {
        self.n_gathered += bytes.len();
        self.n_bytes += bytes.len();
        self.gathered.push(ReadContent { bytes, known });
        if self.n_gathered >= GROUP_BYTES {
            self.send();
        }
        while self.n_underway > UNDERWAY_BYTES_MAX && self.join()? {}
        Ok(())
    }

    fn send(&mut self) {
        let group = std::mem::take(&mut self.gathered);
        let n_bytes = std::mem::take(&mut self.n_gathered);
        if !group.is_empty() {
            let fold = move || group.into_iter().map(ReadContent::folded).collect();
            self.underway.push_back((n_bytes, self.pool.submit(fold)));
            self.n_underway += n_bytes;
        }
    }

    /// Puts all that is underway.
    fn finish(&mut self) -> Result<(), Error> {
        self.send();
        while self.join()? {}
        Ok(())
    }

    /// Puts those first that are underway; `false` where there are none.
    fn join(&mut self) -> Result<bool, Error> {
        let Some((n_bytes, task)) = self.underway.pop_front() else { return Ok(false) };
        self.n_underway -= n_bytes;
        for (content, folded, gap) in task.join() {
            self.put(content, folded, gap)?;
        }
        Ok(true)
    }

    fn put(
        &self,
        content: i64,
        folded: Option<FoldedContent>,
        gap: Option<TextGap>,
    ) -> Result<(), Error> {
        match folded {
            Some(folded) => self.put_text(content, &folded)?,
            None => self.index.remove(content)?,
        }
        if let Some(gap) = gap {
            self.index.set_gap(content, gap)?;
        }
        Ok(())
    }

    fn put_text(&self, content: i64, folded: &FoldedContent) -> Result<(), Error> {
        let FoldedContent { text, title } = folded;
        let columns = IndexedText {
            text: &text.words,
            title: &title.words,
            pairs: &text.pairs,
            title_pairs: &title.pairs,
        };
        match content > self.last_content {
            true => self.index.put(content, columns)?,
            false => self.index.replace(content, columns)?,
        }
        Ok(())
    }
}

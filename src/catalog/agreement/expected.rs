//! The rows that follow from one event, as `apply.rs` writes them.

use super::*;

impl Agreement<'_> {
    /// The hash of the row of a `revise` event, in the order of [`rows::REVISION`](super::rows::REVISION), if `claimed`, the document
    /// and the content that it names, are right.
    pub(super) fn revise(
        &mut self,
        recorded: &Recorded,
        revise: &Revise,
        claimed: [i64; 2],
        chunks: Option<&HashMap<Digest, Vec<Key>>>,
    ) -> Option<u64> {
        let [document, content] = claimed;
        if !self.content(recorded, revise, content, chunks) {
            return None;
        }
        let number = self.revise_document(recorded, revise, document)?;
        let index = recorded.index as i64;
        self.by_document.add(self.mix.of_integers([document, number, index]));
        self.by_content.add(self.mix.of_integers([content, index]));
        self.n_revisions += 1;
        Some(self.revision(recorded, revise, number))
    }

    /// Whether this is the row of the event's content: the next one if it is new, or not read so before. That no two rows
    /// are one content in one interpretation, and so none that is known counts as new, shows in the end.
    fn content(
        &mut self,
        recorded: &Recorded,
        revise: &Revise,
        row: i64,
        chunks: Option<&HashMap<Digest, Vec<Key>>>,
    ) -> bool {
        let digest = revise.sha256;
        let next = self.interpretations.len() as u32;
        let read_as = interpretation(recorded.detail, revise);
        let read_as = *self.interpretations.entry(read_as).or_insert(next);
        let Some(at) = row.checked_sub(1).and_then(|at| usize::try_from(at).ok()) else {
            return false;
        };
        match self.contents.get(at) {
            Some(known) => return *known == (digest, read_as),
            None if at != self.contents.len() => return false,
            None => {}
        }
        self.contents.push((digest, read_as));
        self.by_key.add(self.mix.of_integers([digest.key().0 as i64, row]));
        if revise.size <= limits::BLOB_BYTES_MAX as u64 || !self.large.insert(digest) {
            return true;
        }
        let Some(chunks) = chunks.and_then(|all| all.get(&digest)) else { return false };
        let new = chunks.iter().filter(|key| self.are_chunks.insert(**key));
        self.chunks.extend(new);
        true
    }

    /// The number of the revision, if this is the row of its document and it follows the last one there. That no two
    /// rows have one id, and so no known document counts as new, shows in the index.
    fn revise_document(&mut self, recorded: &Recorded, revise: &Revise, row: i64) -> Option<i64> {
        let detail = detail_of(recorded);
        let captured = detail.and_then(|detail| detail.captured).unwrap_or(revise.at);
        let at = usize::try_from(row.checked_sub(1)?).ok()?;
        if let Some(known) = self.documents.get_mut(at) {
            if known.doc != revise.doc || revise.prev != Some(known.last) {
                return None;
            }
            if captured >= known.captured {
                (known.latest, known.captured) = (recorded.index, captured);
            }
            known.last = recorded.index;
            known.n_revisions += 1;
            return Some(known.n_revisions);
        }
        if at != self.documents.len() || revise.prev.is_some() {
            return None;
        }
        let name = detail.map(|detail| self.mix.of([value_of_name(detail.name.as_bytes())]));
        let site = detail.and_then(|it| site_of(it.source.as_deref(), &it.name));
        let site = site.map(|text| self.sites.row(&self.mix, &text));
        let is_free = match &mut self.eventful {
            Some(eventful) => eventful.begin(revise.doc, at, name),
            None => true,
        };
        self.documents.push(ExpectedDocument {
            doc: revise.doc,
            name,
            is_eventful: self.is_eventful(revise.doc),
            last: recorded.index,
            latest: recorded.index,
            captured,
            n_revisions: 1,
            site,
        });
        is_free.then_some(1)
    }

    fn revision(&mut self, recorded: &Recorded, revise: &Revise, number: i64) -> u64 {
        let detail = detail_of(recorded);
        let (at, at_ns) = unix(revise.at);
        let captured = detail.and_then(|detail| detail.captured).filter(|time| *time != revise.at);
        let (captured, captured_ns) = captured.map(unix).unzip();
        let (mtime, mtime_ns) = detail.and_then(|detail| detail.mtime).map(unix).unzip();
        let media_type = self.phrase(Some(revise.media.as_str()));
        let source = self.phrase(detail.and_then(|detail| detail.source.as_deref()));
        let note = self.phrase(detail.and_then(|detail| detail.note.as_deref()));
        let author = self.phrase(detail.and_then(|detail| detail.by.as_deref()));
        let encoding = self.phrase(detail.and_then(|detail| detail.encoding.as_deref()));
        self.mix.of_numbers([
            Some(recorded.index as i64),
            Some(number),
            media_type,
            Some(at),
            Some(at_ns),
            captured,
            captured_ns,
            mtime,
            mtime_ns,
            source,
            note,
            author,
            encoding,
        ])
    }

    /// The numbers in the row of an event that is not a revision: its index, time, note and author.
    pub(super) fn other(&mut self, recorded: &Recorded) -> [Option<i64>; 5] {
        let detail = match recorded.detail {
            Some(Detail::Act(detail)) => Some(detail),
            Some(Detail::Anchor(detail)) => Some(&detail.act),
            _ => None,
        };
        let note = self.phrase(detail.and_then(|detail| detail.note.as_deref()));
        let author = self.phrase(detail.and_then(|detail| detail.by.as_deref()));
        let (at, at_ns) = unix(recorded.event.at());
        self.n_others += 1;
        [Some(recorded.index as i64), Some(at), Some(at_ns), note, author]
    }

    /// Whether more happened to a document than new revisions.
    pub(super) fn is_eventful(&self, doc: DocId) -> bool {
        self.eventful.as_ref().is_some_and(|eventful| eventful.has(doc))
    }

    pub(super) fn phrase(&mut self, text: Option<&str>) -> Option<i64> {
        text.map(|text| self.phrases.row(&self.mix, text))
    }

    /// Compares the tiles that are full, and keeps those that may grow.
    pub(super) fn have_tiles(&mut self, batch: &Batch) -> Result<bool, Error> {
        for tile in batch.tiles {
            let TileId { level, index } = tile.id;
            let hashes: Vec<u8> = tile.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            if tile.hashes.len() < 256 {
                self.open_tiles.insert((level, index), hashes);
                continue;
            }
            self.open_tiles.remove(&(level, index));
            self.n_tiles += 1;
            if !rows::have_tile(self.db(), (level, index), &hashes)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn detail_of<'r>(recorded: &Recorded<'r>) -> Option<&'r ReviseDetail> {
    match recorded.detail {
        Some(Detail::Revise(detail)) => Some(detail),
        _ => None,
    }
}

/// A name as the catalog has it.
pub(super) fn value_of_name(name: &[u8]) -> ValueRef<'_> {
    match std::str::from_utf8(name) {
        Ok(_) => ValueRef::Text(name),
        Err(_) => ValueRef::Blob(name),
    }
}

fn unix(time: Timestamp) -> (i64, i64) {
    let (seconds, nanoseconds) = time.to_unix();
    (seconds, nanoseconds.into())
}

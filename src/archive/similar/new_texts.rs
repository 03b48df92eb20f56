//! New texts: what the texts that a commit brought in are near to, and which bytes were there before.

use std::{cmp::Reverse, collections::HashMap};

use crate::{
    archive::{Archive, ingest::transaction::Committed},
    similarity::{
        params::{NEW_TEXT_NEIGHBOURS_MAX, NEW_TEXTS_COMPARED_MAX, NEW_TEXTS_SAMPLE},
        score::{Similarity, Threshold},
    },
    text::Scope,
    types::{
        document::{Document, Revision},
        error::Error,
        name::DocName,
        time::Timestamp,
    },
};

use super::{
    groups::Sketched,
    neighbours::{NearDocument, SimilarQuery},
    sites::BoilerplateCache,
};

/// A new revision, with its document.
type NewHolder = (Document, Revision);

/// A new revision that has the bytes of earlier documents.
#[derive(Debug, Clone)]
pub struct NewDuplicate {
    /// The name of its document.
    pub name: DocName,
    /// One of the earlier ones; if any is there, and was not withdrawn, one of these.
    pub document: Document,
    /// Its revision with these bytes.
    pub revision: Revision,
    /// Since when it is gone.
    pub gone: Option<Timestamp>,
    /// How many more earlier ones there are.
    pub n_more: u64,
    /// They have words to compare.
    pub is_text: bool,
}

/// What is said of new revisions and earlier documents.
pub(in crate::archive) enum TextNews<'a> {
    /// New revisions of the same bytes that others had before.
    Duplicates(&'a [NewDuplicate]),
    /// A new text, the nearest of those that it is near to, and how many more there are.
    Near(&'a DocName, &'a [NearDocument], u64),
}

/// What was found of the new revisions of a commit.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::archive) struct NewTextCounts {
    /// How many have the bytes of earlier documents.
    pub n_same: u64,
    /// How many are near to earlier ones, where all were compared;
    pub n_near: u64,
    /// of a bulk about how many.
    pub n_near_about: Option<u64>,
    /// How many were not compared, since somebody asked to stop.
    pub n_not_compared: u64,
}

/// New revisions whose bytes were there before.
#[derive(Default)]
struct KnownBytes {
    /// Other documents have them now.
    duplicates: Vec<u64>,
    /// None has; they are text.
    come_back: Vec<u64>,
}

/// The new texts of a commit, as they are compared.
struct NewTexts<'a> {
    archive: &'a Archive,
    threshold: Threshold,
    is_interrupted: &'a dyn Fn() -> bool,
    boilerplate_cache: BoilerplateCache,
    counts: NewTextCounts,
}

impl Archive {
    /// Calls `each` with what is to be said of each new revision: which earlier documents have its bytes, and
    /// which are nearest to its text; each as far as it was not so before.
    ///
    /// Of a bulk only a sample is compared, and the answer says about how many are near.
    pub(in crate::archive) fn resembling(
        &self,
        committed: &Committed,
        threshold: Threshold,
        is_interrupted: &dyn Fn() -> bool,
        mut each: impl FnMut(TextNews) -> Result<(), Error>,
    ) -> Result<NewTextCounts, Error> {
        let _snapshot = self.catalog.snapshot()?;
        let mut new = NewTexts {
            archive: self,
            threshold,
            is_interrupted,
            boilerplate_cache: BoilerplateCache::default(),
            counts: NewTextCounts::default(),
        };
        let Some(KnownBytes { mut duplicates, come_back }) = new.known_bytes(committed)? else {
            new.counts.n_not_compared = committed.n_revisions();
            return Ok(new.counts);
        };
        match committed.others.len() > NEW_TEXTS_COMPARED_MAX {
            true => new.counts.n_same = duplicates.len() as u64,
            false => new.tell_duplicates(&duplicates, &mut each)?,
        }
        let mut texts = committed.new_texts.clone();
        texts.extend(come_back);
        // What duplicates in a bulk are near to was said of those before.
        if texts.len() + duplicates.len() <= NEW_TEXTS_COMPARED_MAX {
            duplicates.retain(|event| !texts.contains(event));
            texts.extend(duplicates);
        }
        new.tell_near(&texts, &mut each)?;
        Ok(new.counts)
    }
}

impl NewTexts<'_> {
    /// The new revisions whose bytes were there before. None when somebody asks to stop.
    fn known_bytes(&self, committed: &Committed) -> Result<Option<KnownBytes>, Error> {
        let catalog = &self.archive.catalog;
        let mut known = KnownBytes::default();
        for event in &committed.others {
            if (self.is_interrupted)() {
                return Ok(None);
            }
            if catalog.had_before(*event)? {
                known.duplicates.push(*event);
            } else if catalog.recorded_text(*event)? {
                known.come_back.push(*event);
            }
        }
        // Bytes that were withdrawn are stored like new ones.
        if committed.new_texts.len() <= NEW_TEXTS_COMPARED_MAX {
            for event in &committed.new_texts {
                known.duplicates.extend(catalog.had_before(*event)?.then_some(*event));
            }
        }
        Ok(Some(known))
    }

    /// Tells which of the revisions have the bytes of earlier documents: those of the same bytes together, the most
    /// first.
    fn tell_duplicates(
        &mut self,
        events: &[u64],
        each: &mut impl FnMut(TextNews) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut all = Vec::new();
        for (content, holders) in self.by_content(events)? {
            let duplicates = self.duplicates(content, &holders)?;
            self.counts.n_same += duplicates.len() as u64;
            all.push(duplicates);
        }
        all.sort_by_key(|duplicates| Reverse(duplicates.len()));
        let mut told = all.iter().filter(|duplicates| !duplicates.is_empty());
        told.try_for_each(|duplicates| each(TextNews::Duplicates(duplicates)))
    }

    /// What is news of revisions with this content.
    fn duplicates(&self, content: i64, own: &[NewHolder]) -> Result<Vec<NewDuplicate>, Error> {
        let catalog = &self.archive.catalog;
        let is_empty = own.first().is_none_or(|(_, revision)| revision.n_bytes == 0);
        let holders = match is_empty {
            true => Vec::new(),
            false => self.archive.holders(content, false)?,
        };
        let mut all = Vec::new();
        for (document, revision) in own {
            let had_it = revision.number > 1 && catalog.had_it_before(revision)?;
            let mut earlier = Vec::new();
            for holder @ (other, had) in &holders {
                let is_earlier = other.id != document.id && had.event < revision.event;
                if is_earlier && !(had_it && catalog.were_together(revision, had)?) {
                    earlier.push(holder);
                }
            }
            let by_presence = |(other, had): &&&NewHolder| {
                (had.withdrawn.is_some(), other.gone.is_some(), had.event)
            };
            let Some((other, had)) = earlier.iter().min_by_key(by_presence) else { continue };
            all.push(NewDuplicate {
                name: document.name.clone(),
                gone: catalog.gone_since(other)?,
                document: other.clone(),
                revision: had.clone(),
                n_more: earlier.len() as u64 - 1,
                is_text: catalog.recorded_text(revision.event)?,
            });
        }
        Ok(all)
    }

    /// Tells the earlier documents that are nearest to each text that these events recorded; of a bulk those of
    /// a sample.
    fn tell_near(
        &mut self,
        texts: &[u64],
        each: &mut impl FnMut(TextNews) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let is_bulk = texts.len() > NEW_TEXTS_COMPARED_MAX;
        let stride = if is_bulk { texts.len().div_ceil(NEW_TEXTS_SAMPLE) } else { 1 };
        let events: Vec<u64> = texts.iter().step_by(stride).copied().collect();
        let (holders, sketched) = self.sketched_by(&events)?;
        let (archive, threshold) = (self.archive, self.threshold);
        let mut n_near = 0;
        for (index, mut candidates) in
            archive.candidates_of_many(&sketched, threshold, &self.boilerplate_cache)?
        {
            if (self.is_interrupted)() {
                let n_left: usize = holders[index..].iter().map(Vec::len).sum();
                self.counts.n_not_compared = if is_bulk { texts.len() } else { n_left } as u64;
                return Ok(());
            }
            let content = sketched[index].content;
            // Those with the same bytes are told as such.
            candidates.retain(|candidate| candidate.content != content);
            let own = &holders[index];
            let Some((_, revision)) = own.first() else { continue };
            let whole = (revision, Scope::default());
            let Some(text) = archive.prepared(whole, content, &self.boilerplate_cache)? else {
                continue;
            };
            let query = SimilarQuery { threshold, own: None, all_revisions: false };
            let text = (&text, Scope::default());
            let near = archive.near_among(text, candidates, query, &self.boilerplate_cache)?;
            for holder in own {
                let news = self.news(holder, &near)?;
                n_near += u64::from(!news.is_empty());
                let (nearest, others) = news.split_at(news.len().min(NEW_TEXT_NEIGHBOURS_MAX));
                if !nearest.is_empty() {
                    each(TextNews::Near(&holder.0.name, nearest, others.len() as u64))?;
                }
            }
        }
        match is_bulk {
            true => {
                let n_texts = texts.len() as u64;
                let n_about = (n_near * n_texts).checked_div(events.len() as u64);
                self.counts.n_near_about = Some(n_about.unwrap_or_default());
            }
            false => self.counts.n_near = n_near,
        }
        Ok(())
    }

    /// Of those that are near to a new text the earlier ones to which its document was not near already: neither
    /// its revision before, nor an older one of these bytes.
    fn news(
        &self,
        (document, revision): &NewHolder,
        near: &[NearDocument],
    ) -> Result<Vec<NearDocument>, Error> {
        let is_earlier = |other: &&NearDocument| {
            other.document.id != document.id && other.revision.event < revision.event
        };
        let mut news: Vec<NearDocument> = near.iter().filter(is_earlier).cloned().collect();
        if revision.number == 1 {
            return Ok(news);
        }
        let (archive, cache) = (self.archive, &self.boilerplate_cache);
        if archive.catalog.had_it_before(revision)? {
            let mut apart = Vec::new();
            for other in news {
                let were_together = archive.catalog.were_together(revision, &other.revision)?;
                apart.extend((!were_together).then_some(other));
            }
            news = apart;
        }
        if news.is_empty() {
            return Ok(news);
        }
        let Some(before) = archive.catalog.revision_before(revision)? else { return Ok(news) };
        let prepared = |it: &Revision| {
            archive.prepared((it, Scope::default()), archive.catalog.content_of(it)?, cache)
        };
        let Some(before) = prepared(&before)? else { return Ok(news) };
        let frequencies = cache.frequencies(&archive.catalog)?;
        let mut not_before = Vec::new();
        for other in news {
            let was_near = prepared(&other.revision)?.is_some_and(|text| {
                let similarity = Similarity::of_near(&before, &text, &frequencies, self.threshold);
                similarity.reaches(self.threshold)
            });
            not_before.extend((!was_near).then_some(other));
        }
        Ok(not_before)
    }

    /// The revisions that these events recorded, by their contents, in the order in which these came.
    fn by_content(&self, events: &[u64]) -> Result<Vec<(i64, Vec<NewHolder>)>, Error> {
        let catalog = &self.archive.catalog;
        let mut all: Vec<(i64, Vec<NewHolder>)> = Vec::new();
        let mut places: HashMap<i64, usize> = HashMap::new();
        for event in events {
            let Some(recorded) = catalog.revision_of_event(*event)? else { continue };
            let content = catalog.content_of(&recorded.1)?;
            let place = *places.entry(content).or_insert(all.len());
            if place == all.len() {
                all.push((content, Vec::new()));
            }
            all[place].1.push(recorded);
        }
        Ok(all)
    }

    /// The revisions that these events recorded, by their contents, and the sketches of these.
    fn sketched_by(&self, events: &[u64]) -> Result<(Vec<Vec<NewHolder>>, Vec<Sketched>), Error> {
        let catalog = &self.archive.catalog;
        let (mut all, mut sketched) = (Vec::new(), Vec::new());
        for (content, holders) in self.by_content(events)? {
            let Some(sketch) = catalog.sketch(content)? else { continue };
            let sketch = self.boilerplate_cache.own(catalog, content, sketch)?;
            // What came before one of these may have a row among those of later contents.
            let is_first = match &holders[..] {
                [(_, revision)] => !catalog.was_recorded_before(revision.event)?,
                _ => false,
            };
            let before = if is_first { content } else { i64::MAX };
            sketched.push(Sketched { content, before, sketch });
            all.push(holders);
        }
        Ok((all, sketched))
    }
}

//! The audit of contents: each is read to its end, and what the catalog keeps of its text is made again.

use std::rc::Rc;

use crate::{
    archive::{contents::in_reading_order, similar::sites},
    catalog::{Catalog, KeptContent, Need},
    store::{Frames as _, Reader, Sealed},
    types::{
        document::{Document, Revision},
        error::Error,
        limits,
    },
};

use super::{
    AuditPart, AuditScope, Auditor, Code, Finding, WorkDone,
    analyses::{Analyses, PutSketch},
};

impl Auditor<'_> {
    /// Reads every content in scope. If that is all of them, what finds texts is made again, unless the keyed sum
    /// of its rows tells that nobody changed any.
    pub(super) fn contents(&mut self, scope: &AuditScope) -> Result<(), Error> {
        let projection = Rc::clone(&self.projection);
        projection.transaction(|_| {
            if scope.is_quick {
                self.unreadable.add(Need::Contents);
                return self.places();
            }
            if !scope.documents.is_empty() || scope.is_partial() {
                self.unreadable.add(Need::Contents);
                return match scope.turn() {
                    Some(turn) => self.packs_in_turn(turn),
                    None => self.read_all(scope, None),
                };
            }
            if self.n_summed.is_some() {
                return self.read_all(scope, None);
            }
            projection.renew_sketches(|put| self.read_all(scope, Some(put)))?;
            self.samples(&projection)
        })
    }

    /// Makes again what samples of texts show; packs may have been compacted away meanwhile.
    fn samples(&self, projection: &Catalog) -> Result<(), Error> {
        let mut again: Option<Reader<Sealed>> = None;
        sites::refresh_by(projection, |revision| {
            let read =
                |reader: &Reader<Sealed>| reader.content_bytes(&revision.digest, revision.n_bytes);
            read(&self.reader).or_else(|_| {
                if again.is_none() {
                    again = Some(self.archive.reader_by(&self.look_again()?));
                }
                again.as_ref().map_or_else(|| read(&self.reader), read)
            })
        })
    }

    /// Looks for contents that lie nowhere, without reading any.
    fn places(&mut self) -> Result<(), Error> {
        let nowhere = self.projection.contents_nowhere()?;
        self.report.n_unread = self.projection.totals()?.n_contents;
        let damage = |wanted: &KeptContent, again: &Reader<Sealed>| match n_places(again, wanted)? {
            0 => Ok(Some(Error::damaged(format!("blob {}", wanted.digest), "it is in no pack"))),
            _ => Ok(None),
        };
        self.suspects(&nowhere, damage).map(drop)
    }

    pub(super) fn read_all<'p>(
        &mut self,
        scope: &AuditScope,
        put: Option<&'p mut PutSketch<'p>>,
    ) -> Result<(), Error> {
        let projection = Rc::clone(&self.projection);
        let mut analyses = put.map(|put| Analyses::new(&projection, scope.n_threads, put));
        let mut suspects = Vec::new();
        let (mut contents, mut others) = (Vec::new(), Vec::new());
        for content in projection.kept_bytes()? {
            match is_in(&projection, scope, &content)? {
                true => contents.push(content),
                false => others.push(content),
            }
        }
        if let (AuditPart::Sample(sample), true) = (&scope.part, contents.is_empty()) {
            // Who asks for some of few gets one.
            let first = (0..others.len()).min_by_key(|i| sample.lot(&others[*i].digest));
            contents.extend(first.map(|i| others.swap_remove(i)));
        }
        self.report.n_unread += others.len() as u64;
        for wanted in in_reading_order(&self.reader, contents) {
            match damage(read(&self.reader, wanted, analyses.as_mut()))? {
                Some(_) => suspects.push(wanted),
                None => self.count_read(wanted.n_bytes),
            }
        }
        suspects.sort_unstable_by_key(|wanted| wanted.row);
        let read_again = |wanted: &KeptContent, again: &Reader<Sealed>| {
            damage(read(again, *wanted, analyses.as_mut()))
        };
        let whole = self.suspects(&suspects, read_again)?;
        self.count_again(suspects.len(), &whole);
        analyses.map_or(Ok(()), Analyses::finish)
    }

    /// Counts contents that were read a second time: those that are whole, and the others.
    fn count_again(&mut self, n_suspects: usize, whole: &[KeptContent]) {
        whole.iter().for_each(|content| self.count_read(content.n_bytes));
        self.report.n_broken += (n_suspects - whole.len()) as u64;
    }

    fn count_read(&mut self, n_bytes: u64) {
        self.report.n_contents += 1;
        self.report.n_bytes += n_bytes;
        if self.report.n_contents.is_multiple_of(256) {
            (self.progress)(WorkDone::Contents(self.report.n_contents));
        }
    }

    /// Reads these contents.
    pub(super) fn read_each(&mut self, contents: &[KeptContent]) -> Result<(), Error> {
        let mut suspects = Vec::new();
        for wanted in contents {
            match damage(read(&self.reader, *wanted, None))? {
                Some(_) => suspects.push(*wanted),
                None => self.count_read(wanted.n_bytes),
            }
        }
        let whole = self.suspects(&suspects, |wanted, again| damage(read(again, *wanted, None)))?;
        self.count_again(suspects.len(), &whole);
        Ok(())
    }

    /// Looks at contents once more, with the packs as they lie by now, and names those that are not whole; the others
    /// are returned.
    fn suspects(
        &mut self,
        suspects: &[KeptContent],
        mut damage: impl FnMut(&KeptContent, &Reader<Sealed>) -> Result<Option<Error>, Error>,
    ) -> Result<Vec<KeptContent>, Error> {
        let mut whole = Vec::new();
        if suspects.is_empty() {
            return Ok(whole);
        }
        let again = self.archive.reader_by(&self.look_again()?);
        again.frames().refresh()?;
        for wanted in suspects {
            let Some(error) = damage(wanted, &again)? else {
                whole.push(*wanted);
                continue;
            };
            self.archive.notice_damage(&wanted.digest);
            let is_missing = n_places(&again, wanted)? == 0;
            let code = if is_missing { Code::BlobMissing } else { Code::BlobDamaged };
            let (about, why) = (format!("content {}", wanted.digest), error.to_string());
            let revisions = self.projection.revisions_with_bytes(wanted.row)?;
            let named = |(document, revision): &(Document, Revision)| {
                format!("{}@{}", document.name.text(), revision.number)
            };
            let revisions = revisions.iter().map(named).collect();
            self.report.findings.push(Finding { code, about, why, revisions });
            self.unreadable.add(Need::Contents);
        }
        Ok(whole)
    }
}

fn n_places(reader: &Reader<Sealed>, wanted: &KeptContent) -> Result<usize, Error> {
    Ok(reader.frames().places(wanted.digest.key())?.len())
}

fn is_in(projection: &Catalog, scope: &AuditScope, wanted: &KeptContent) -> Result<bool, Error> {
    if scope.documents.is_empty() {
        return match &scope.part {
            AuditPart::Sample(sample) => Ok(sample.takes(&wanted.digest)),
            AuditPart::Since(time) => {
                let revisions = projection.revisions_with_bytes(wanted.row)?;
                Ok(revisions.iter().any(|(_, revision)| revision.at >= *time))
            }
            AuditPart::All | AuditPart::InTurn(_) => Ok(true),
        };
    }
    let revisions = projection.revisions_with_bytes(wanted.row)?;
    Ok(revisions.iter().any(|(document, _)| scope.documents.contains(&document.id)))
}

/// What is wrong with a content, by the outcome of reading it.
fn damage(read: Result<(), Error>) -> Result<Option<Error>, Error> {
    match read {
        Ok(()) => Ok(None),
        Err(error @ Error::Damaged { .. }) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Reads a content to its end, and has it analysed.
fn read(
    reader: &Reader<Sealed>,
    wanted: KeptContent,
    mut analyses: Option<&mut Analyses>,
) -> Result<(), Error> {
    let KeptContent { digest, n_bytes, place, .. } = wanted;
    let mut n_read;
    if n_bytes <= limits::BLOB_BYTES_MAX as u64 {
        n_read = match analyses {
            None => reader.verified_length(&digest, place)? as u64,
            Some(analyses) => {
                let bytes = reader.blob(&digest)?;
                let n_bytes = bytes.len() as u64;
                analyses.content(&digest, bytes)?;
                n_bytes
            }
        };
    } else {
        n_read = 0;
        let mut content = reader.content_verified_at_end(&digest, n_bytes, &|| false)?;
        let is_text = analyses.as_ref().map_or(Ok(false), |analyses| analyses.is_text(&digest))?;
        let mut text = Vec::new();
        loop {
            let chunk = content.next_chunk();
            // At the end the whole is compared.
            let Some(bytes) = content.next_piece()? else { break };
            n_read += bytes.len() as u64;
            if is_text && n_read <= n_bytes {
                text.extend(&bytes);
            }
            if let (Some(analyses), Some(chunk)) = (&mut analyses, chunk) {
                analyses.chunk(&chunk, bytes)?;
            }
        }
        if let (Some(analyses), true) = (analyses, is_text && n_read == n_bytes) {
            analyses.large_text(&digest, &text)?;
        }
    }
    if n_read != n_bytes {
        let why = format!("it has {n_read} bytes, its event states {n_bytes}");
        return Err(Error::damaged(format!("content {digest}"), why));
    }
    Ok(())
}

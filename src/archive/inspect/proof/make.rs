//! Making a proof: the leaves of a revision, and the way from each to the signed root.
//!
//! The hashes come from the catalog's tiles, so a proof costs nothing of the journal's length; each proof is
//! checked against the signed root, so an edited catalog makes none that is false.

use crate::{
    archive::Archive,
    journal::{
        Entry,
        event::{Event, Revise},
        merkle::{leaf_hash, tiles::inclusion_proof},
        proof::TlogProof,
    },
    types::{
        document::{Document, Revision},
        error::Error,
    },
};

use super::{
    folder::{
        DETAIL, EVENT, FIRST_DETAIL, FIRST_EVENT, FIRST_PROOF, POLICY, PROOF, ProofFolder,
        SeenContent, WITHDRAWN, policy, withdrawn_line,
    },
    pages::pages,
};

/// The names of what belongs to one leaf.
struct LeafFiles {
    event: &'static str,
    detail: &'static str,
    proof: &'static str,
}

const OWN: LeafFiles = LeafFiles { event: EVENT, detail: DETAIL, proof: PROOF };
const FIRST: LeafFiles = LeafFiles { event: FIRST_EVENT, detail: FIRST_DETAIL, proof: FIRST_PROOF };

impl Archive {
    /// The proof that a revision was recorded, without its content.
    ///
    /// With details it shows name, source and note too, and the document's first event, whose detail gives
    /// the document its name. What was withdrawn of them is named as that. `Damaged` where such a detail is lost.
    pub fn prove(
        &self,
        document: &Document,
        revision: &Revision,
        has_details: bool,
    ) -> Result<ProofFolder, Error> {
        self.confirm_event(document, revision)?;
        let mut folder = ProofFolder::default();
        folder.files.insert(POLICY.to_owned(), policy(&self.checkpoint_vkey()).into_bytes());
        let revise = self.put_leaf(&mut folder, &OWN, revision, has_details)?;
        if has_details && revise.prev.is_some() {
            let first = self.catalog.revision(document.id, 1)?;
            let first = first.ok_or_else(|| drift("the first revision has no row"))?;
            let first = self.put_leaf(&mut folder, &FIRST, &first, true)?;
            if first.doc != revise.doc || first.prev.is_some() {
                return Err(drift("the first revision's row is another document's"));
            }
        }
        Ok(folder)
    }

    fn put_leaf(
        &self,
        folder: &mut ProofFolder,
        names: &LeafFiles,
        revision: &Revision,
        has_detail: bool,
    ) -> Result<Revise, Error> {
        let index = revision.event;
        let entry = self.journal.entries(index..index + 1).next();
        let entry = entry.ok_or_else(|| drift("a revision's event lies beyond the journal"))??;
        let Event::Revise(revise) = &entry.event else {
            return Err(drift("a revision's event records none"));
        };
        let proof = self.tlog_proof(&entry)?;
        if let Some(by) = self.words_withdrawn_by(revision)?.filter(|_| has_detail) {
            let said = folder.files.entry(WITHDRAWN.to_owned()).or_default();
            said.extend_from_slice(withdrawn_line(names.detail, by).as_bytes());
        } else if has_detail {
            let lost = || {
                let what = format!("the detail of event {index}");
                Error::damaged(what, "it is missing; --no-detail proves the rest")
            };
            let detail = entry.detail.as_ref().ok_or_else(lost)?;
            let bytes =
                detail.bytes().map_err(|why| Error::damaged("a detail", why.to_string()))?;
            folder.files.insert(names.detail.to_owned(), bytes);
        }
        let revise = revise.clone();
        folder.files.insert(names.event.to_owned(), entry.line);
        folder.files.insert(names.proof.to_owned(), proof.bytes());
        Ok(revise)
    }

    /// The event that withdrew what people wrote about a revision, as catalog and journal say.
    fn words_withdrawn_by(&self, revision: &Revision) -> Result<Option<u64>, Error> {
        let Some(by) = revision.words_withdrawn.as_ref().map(|by| by.event) else {
            return Ok(None);
        };
        match self.journal.withdraws_details(revision.event, by)? {
            true => Ok(Some(by)),
            false => Err(drift("a withdrawal's row names another event")),
        }
    }

    /// The way from an event to the signed root.
    fn tlog_proof(&self, entry: &Entry) -> Result<TlogProof, Error> {
        let hashes = inclusion_proof(entry.index, self.journal.size(), |id| self.catalog.tile(id));
        let is_wrong = || drift("its tree is not the journal's");
        let hashes = hashes.map_err(|_| is_wrong())?;
        let proof = TlogProof { index: entry.index, hashes, note: self.checkpoint().to_vec() };
        let verifier = self.journal.identity().verifier_for(self.journal.size());
        proof.check(&leaf_hash(&entry.line), verifier).map_err(|_| is_wrong())?;
        Ok(proof)
    }
}

impl ProofFolder {
    /// The whole folder of a content that was withdrawn: that it was recorded is shown, and not what it was.
    pub fn without_content(mut self) -> Self {
        for (name, bytes) in pages(&self) {
            self.files.insert(name.to_owned(), bytes);
        }
        self
    }

    /// The whole folder, once the content is written.
    pub fn with_content(mut self, content: SeenContent) -> Self {
        self.content = Some(content);
        for (name, bytes) in pages(&self) {
            self.files.insert(name.to_owned(), bytes);
        }
        self
    }
}

fn drift(why: &str) -> Error {
    Error::Catalog { why: why.to_owned() }
}

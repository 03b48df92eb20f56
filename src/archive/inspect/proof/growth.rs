//! That the journal only grew: the consistency proof between a checkpoint that somebody kept and the newest.

use crate::{
    archive::{Archive, inspect::history::HistoryCheck},
    journal::{
        mail,
        merkle::{TreeHead, tiles::consistency_proof},
        note::{Checkpoint, Verifier},
        proof::ConsistencyProof,
    },
    types::error::{Error, TwoCheckpoints},
};

/// What a consistency proof shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// What the older checkpoint states.
    pub old: TreeHead,
    /// What the newer one states.
    pub new: TreeHead,
}

impl Archive {
    /// The proof, as a text, that this journal goes on from the newest checkpoint in `given`, which `shown`
    /// names; that one may be as mail or paper leave it. What the proof shows comes with it.
    pub fn prove_growth(&self, given: &[u8], shown: &str) -> Result<(Vec<u8>, Growth), Error> {
        let identity = self.journal.identity();
        let verifier = identity.verifier_for(self.journal.size());
        let signed = mail::checkpoints(given).into_iter().filter_map(|found| {
            let size = Checkpoint::unverified(&found.note)?.size;
            let checkpoint = Checkpoint::open(&found.note, identity.verifier_for(size)).ok()?;
            Some((checkpoint.head(), found.note))
        });
        let newest = signed.max_by_key(|(head, _)| head.size);
        let history_check = self.history_check_of_text(given, shown)?;
        let (old, note) = match (newest, history_check) {
            (Some(newest), HistoryCheck::Extends { .. }) => newest,
            (newest, history_check) => {
                return Err(self.not_grown(&history_check, newest.map(|it| it.1), shown));
            }
        };
        if identity.verifier_for(old.size) != verifier {
            return Err(Error::usage(format!(
                "the key changed since the checkpoint in {shown}, so no one key speaks for both ends of a proof; who has a \
                 copy of the archive compares them: archive audit --expect FILE --vkey with the key of then, {}",
                identity.verifier_for(old.size)
            )));
        }
        let head = self.journal.head();
        let hashes = consistency_proof(old.size, head.size, |id| self.catalog.tile(id));
        let is_wrong = || Error::Catalog { why: "its tree is not the journal's".to_owned() };
        let hashes = hashes.map_err(|_| is_wrong())?;
        let proof = ConsistencyProof { old: note, hashes, note: self.checkpoint().to_vec() };
        let (old, new) = proof.check(verifier).map_err(|_| is_wrong())?;
        Ok((proof.bytes(), Growth { old, new }))
    }

    fn not_grown(&self, check: &HistoryCheck, note: Option<Vec<u8>>, shown: &str) -> Error {
        let n_events = self.journal.size();
        let why = match check {
            HistoryCheck::RolledBack { remembered, .. } => {
                format!(
                    "the journal has {n_events} events, the checkpoint in {shown} speaks for {remembered}"
                )
            }
            HistoryCheck::OtherCheckpoint { of } => {
                format!("the checkpoint in {shown} is another archive's: of {of}")
            }
            _ => format!("the journal does not go on from the checkpoint in {shown}"),
        };
        let text = |note: &[u8]| String::from_utf8_lossy(note).into_owned();
        match note {
            Some(note) => {
                let (remembered, found) = (text(&note), text(self.checkpoint()));
                let checkpoints = Box::new(TwoCheckpoints { remembered, found });
                Error::OtherHistory { why, checkpoints }
            }
            None => Error::Untrusted { why },
        }
    }
}

/// The origin that a consistency proof is about, by its own word.
pub fn origin_in(proof: &[u8]) -> Option<String> {
    let proof = ConsistencyProof::parse(proof).ok()?;
    Some(Checkpoint::unverified(&proof.note)?.origin)
}

/// Checks a consistency proof by a key that is trusted; else what is wrong with it.
pub fn check_growth(proof: &[u8], vkey: &str) -> Result<Growth, String> {
    let verifier = Verifier::parse(vkey).map_err(|why| why.to_string())?;
    let proof = ConsistencyProof::parse(proof).map_err(|why| why.to_string())?;
    let (old, new) = proof.check(&verifier).map_err(|why| why.to_string())?;
    Ok(Growth { old, new })
}

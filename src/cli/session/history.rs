//! An archive beside what is remembered of it.

use crate::{
    archive::{Archive, HistoryCheck},
    cli::trust_store::KnownArchive,
    types::error::{Error, TwoCheckpoints},
};

/// Compares an archive's history with what is remembered of it.
pub fn check_history(archive: &Archive, known: &KnownArchive) -> Result<HistoryCheck, Error> {
    let history_check = match archive.history_check(&known.vkey, known.checkpoint.as_bytes())? {
        HistoryCheck::OtherKey { remembered } => {
            before_rotation(archive, known).unwrap_or(HistoryCheck::OtherKey { remembered })
        }
        history_check => history_check,
    };
    let HistoryCheck::RolledBack { remembered, size } = history_check else {
        return Ok(history_check);
    };
    // A journal that is shorter may be what it once was: the last checkpoint met that it reaches to
    // tells an older copy from a fork.
    let Some(met) = known.older.iter().rfind(|met| met.size <= size) else {
        return Ok(history_check);
    };
    match archive.history_check_of(met.size, met.root)? {
        HistoryCheck::Extends { .. } if met.size == size => {
            Ok(HistoryCheck::Older { remembered, size })
        }
        HistoryCheck::Extends { .. } => Ok(history_check),
        forked => Ok(forked),
    }
}

/// An archive that a key signs whose turn is over, from within its turn: it is shorter than what is remembered. None
/// where another key signs, or that one longer than it was to.
fn before_rotation(archive: &Archive, known: &KnownArchive) -> Option<HistoryCheck> {
    let (size, _) = archive.head();
    let is_in_turn = known.turn_ends(&archive.checkpoint_vkey()).is_some_and(|end| size <= end);
    let (remembered, _) = known.head().ok().filter(|head| is_in_turn && size < head.0)?;
    Some(HistoryCheck::RolledBack { remembered, size })
}

/// The remembered checkpoint and the archive's own: who signed both contradicts themselves.
pub fn two_checkpoints(archive: &Archive, known: Option<&KnownArchive>) -> Option<TwoCheckpoints> {
    let found = String::from_utf8_lossy(archive.checkpoint()).into_owned();
    known.map(|known| TwoCheckpoints { remembered: known.checkpoint.clone(), found })
}

/// What an older copy is beside what is remembered.
pub fn older(archive: &Archive, known: Option<&KnownArchive>) -> String {
    let (size, root) = archive.head();
    let Some(known) = known else { return "this is an older copy".to_owned() };
    let n_known = known.head().map_or(size, |head| head.0);
    let met = known.older.iter().find(|met| (met.size, met.root) == (size, root));
    let seen = met.map(|met| format!(", as seen {} by {}", met.seen.at.minute(), met.seen.verb));
    format!(
        "this is an older copy: it has {size} of {n_known} events{}; the newest were seen {} by {}",
        seen.unwrap_or_default(),
        known.newest.at.minute(),
        known.newest.verb
    )
}

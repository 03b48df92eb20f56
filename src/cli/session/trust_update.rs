//! What this user remembers of an archive: its newest checkpoint, its keys, and where it lies.

use std::path::PathBuf;

use crate::{
    archive::{Archive, HistoryCheck},
    cli::{
        args::globals::Globals,
        location::Environment,
        trust_store::{Contact, KnownArchive, KnownKey, TrustStore},
    },
};

use super::{history::check_history, warn_once};

/// Remembers an archive in a folder.
pub(super) struct TrustUpdate {
    pub globals: Globals,
    pub environment: Environment,
    /// When it is met, and by which verb.
    pub contact: Contact,
    /// Its folder, as a canonical path.
    pub location: PathBuf,
}

impl TrustUpdate {
    /// Remembers what the archive's checkpoint is by now, and that it lies here.
    pub fn remember(&self, archive: &Archive) {
        let vkey = archive.checkpoint_vkey();
        let checkpoint = String::from_utf8_lossy(archive.checkpoint()).into_owned();
        let trust_store = TrustStore::new(&self.environment);
        let (origin, location) = (archive.origin(), &self.location);
        let Ok(recalled) = trust_store.load(origin, location) else { return };
        if let Some(warning) = &recalled.warning {
            return warn_once(&self.globals, warning);
        }
        let keys = KnownKey::all_of(archive);
        let is_here = recalled.origins_here.first().is_some_and(|first| first == origin);
        let is_same =
            |known: &KnownArchive| (&known.vkey, &known.checkpoint) == (&vkey, &checkpoint);
        let has_keys = |known: &KnownArchive| known.keys == keys;
        if is_here && recalled.known.as_ref().is_some_and(|known| is_same(known) && has_keys(known))
        {
            return;
        }
        let mut keys = keys.clone();
        keys.retain(|key| archive.is_endorsed(&key.vkey).unwrap_or(false));
        // Another command may have seen a longer journal in the meantime, and what is remembered never
        // goes back.
        let warning = trust_store.update(origin, location, |known| match known {
            None => {
                let (vkey, checkpoint) = (vkey.clone(), checkpoint.clone());
                let known = KnownArchive::new(vkey, checkpoint, self.contact.clone());
                Some(known.with_keys(keys))
            }
            Some(known) if is_same(&known) => Some(known.with_keys(keys)),
            Some(known) => match check_history(archive, &known) {
                Ok(HistoryCheck::Extends { .. }) => {
                    let grown = known.grown(vkey.clone(), checkpoint.clone(), self.contact.clone());
                    Some(grown.with_keys(keys))
                }
                // Nothing is new of it but where it lies.
                Ok(HistoryCheck::Older { .. }) => Some(known),
                _ => None,
            },
        });
        if let Some(warning) = warning {
            warn_once(&self.globals, &warning);
        }
    }
}

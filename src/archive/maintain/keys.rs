//! Another key for an archive: one that goes on signing for it, or one for an epoch of its own.

use crate::{
    journal::{
        Draft, KeyChange,
        event::{Adopt, Detail, Event, Keys, PublicKey},
        keys,
        merkle::{TreeHead, leaf_hash, tiles::inclusion_proof},
        note::{Signer, Verifier},
    },
    types::error::{Error, Refusal},
};

use super::super::{
    Archive, WriteContext,
    commit::{ACT_TRIES_MAX, OTHERS},
};

/// A key that signed or signs for an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// As a vkey line; its name is the origin.
    pub vkey: String,
    /// Eight hex digits.
    pub key_id: String,
    /// It signs checkpoints of more events than this; the first key signs from the beginning.
    pub after: u64,
    /// Whether it began another epoch, of which the key before says nothing.
    pub is_adopted: bool,
}

impl Archive {
    /// The keys that signed, in order, and the one that signs now as the last.
    pub fn keys(&self) -> Vec<SigningKey> {
        let identity = self.journal.identity();
        let first = (0, identity.first_verifier());
        let changes = identity.changes().iter().map(|change| (change.after, &change.verifier));
        let mut keys: Vec<SigningKey> = Vec::new();
        for (after, verifier) in [first].into_iter().chain(changes) {
            let is_adopted = keys.last().is_some_and(|before| {
                before.vkey.strip_prefix(verifier.name()).is_none_or(|rest| !rest.starts_with('+'))
            });
            let (vkey, key_id) = (verifier.to_string(), verifier.id().to_string());
            keys.push(SigningKey { vkey, key_id, after, is_adopted });
        }
        keys
    }

    /// The same of the present origin alone.
    pub fn keys_of_origin(&self) -> Vec<SigningKey> {
        let mut keys = self.keys();
        let begins = keys.iter().rposition(|key| key.is_adopted).unwrap_or(0);
        keys.split_off(begins)
    }

    /// Whether this is a later epoch of the archive of an origin.
    pub fn goes_on_from(&self, origin: &str) -> bool {
        self.journal.identity().earlier_origins().any(|earlier| earlier == origin)
    }

    /// The origins that the archive can have if it is adopted, the nearest first.
    pub fn next_origins(&self) -> impl Iterator<Item = String> {
        let identity = self.journal.identity();
        (identity.epoch() + 1..).map(|epoch| identity.origin_of(epoch))
    }

    /// Lets another key of the same origin sign from the next commit on, which the present one signs to.
    pub fn rotate_key(
        &mut self,
        signer: &Signer,
        next: &Signer,
        note: Option<&str>,
        context: &WriteContext,
        who: &str,
    ) -> Result<u64, Error> {
        let (_lock, mut edge) = self.begin(signer, who)?;
        let key = PublicKey::of(next.verifier());
        for n_tries in 0..ACT_TRIES_MAX {
            let detail = Detail::Act(context.act_detail(context.salts(n_tries).salt(0), note));
            let (at, key) = (context.now, key.clone());
            let draft = Draft::new(&detail, |detail| Event::Keys(Keys { at, key, detail }))?;
            if let Some(index) =
                self.commit_acts(&[draft], context.closing(n_tries, 1), &mut edge, signer)?
            {
                let after = index + keys::COMMIT_EVENTS;
                self.journal.change_key(KeyChange { after, verifier: next.verifier().clone() })?;
                self.journal.complete_identity()?;
                return Ok(index);
            }
            let current = self.journal.identity().verifier();
            if signer.verifier() != current {
                let (origin, key_id) = (self.origin().to_owned(), current.id().to_string());
                return Err(Error::Refused(Refusal::NoSigningKey { origin, key_id }));
            }
        }
        Err(Error::Busy { who: OTHERS.into() })
    }

    /// Begins another epoch of the archive as it lies here, under a later origin, which is the signer's, and its own key.
    ///
    /// Nothing signed under the old origin is contradicted, whatever another copy of it has gone on to.
    pub fn adopt(
        &mut self,
        signer: &Signer,
        reason: &str,
        context: &WriteContext,
        who: &str,
    ) -> Result<u64, Error> {
        let _lock = self.take_lock(who)?;
        let mut edge = self.edge().or_else(|error| self.renew_misled(&error))?;
        for n_tries in 0..ACT_TRIES_MAX {
            let TreeHead { size, root } = self.journal.head();
            let epoch = self.later_epoch(signer.verifier().name())?;
            let change = KeyChange { after: size, verifier: signer.verifier().clone() };
            self.journal.change_key(change)?;
            let detail =
                Detail::Act(context.act_detail(context.salts(n_tries).salt(0), Some(reason)));
            let (at, key) = (context.now, PublicKey::of(signer.verifier()));
            let draft = Draft::new(&detail, |detail| {
                Event::Adopt(Adopt { at, epoch, size, root, key, detail })
            })?;
            if let Some(index) =
                self.commit_acts(&[draft], context.closing(n_tries, 1), &mut edge, signer)?
            {
                self.journal.complete_identity()?;
                return Ok(index);
            }
        }
        Err(Error::Busy { who: OTHERS.into() })
    }

    /// The number of the epoch of an origin that the archive can go on under.
    fn later_epoch(&self, origin: &str) -> Result<u64, Error> {
        let identity = self.journal.identity();
        let epoch = identity.epoch_of(origin).filter(|epoch| *epoch > identity.epoch());
        epoch.ok_or_else(|| {
            Error::usage(format!("{origin} is no later origin of {}", identity.origin()))
        })
    }

    /// The key of a vkey line, if it signed for this archive and every key after it was signed to by the one before.
    ///
    /// A key that began another epoch was not: nothing leads there from the keys before.
    pub(in crate::archive) fn endorsed_key(&self, vkey: &str) -> Result<Option<Verifier>, Error> {
        let identity = self.journal.identity();
        if identity.verifier().to_string() == vkey {
            return Ok(Some(identity.verifier().clone()));
        }
        let mut known = (identity.first_verifier().to_string() == vkey)
            .then(|| identity.first_verifier().clone());
        let mut last = known.clone();
        for change in identity.changes() {
            match last {
                Some(before) if self.is_signed_to(&before, change)? => {
                    last = Some(change.verifier.clone());
                }
                Some(_) => return Ok(None),
                None if change.verifier.to_string() == vkey => {
                    known = Some(change.verifier.clone());
                    last = known.clone();
                }
                None => {}
            }
        }
        Ok(known)
    }

    /// Whether a line of vkey is a key that leads to the one that signs now.
    pub fn is_endorsed(&self, vkey: &str) -> Result<bool, Error> {
        Ok(self.endorsed_key(vkey)?.is_some())
    }

    /// Whether the key before signed a commit that states this change.
    fn is_signed_to(&self, before: &Verifier, change: &KeyChange) -> Result<bool, Error> {
        let Some(index) = change.after.checked_sub(keys::COMMIT_EVENTS) else { return Ok(false) };
        let entry = self.journal.entries(index..index + 1).next().transpose()?;
        let Some(entry) = entry else { return Ok(false) };
        let Event::Keys(stated) = &entry.event else { return Ok(false) };
        let is_stated = stated.key.under(before.name()).as_ref() == Some(&change.verifier);
        // By the key that signs checkpoints of so many events, which is the one before.
        let Some(signed) = self.journal.head_at(change.after)? else { return Ok(false) };
        let leaf = leaf_hash(&entry.line);
        let proof = inclusion_proof(index, signed.size, |id| self.catalog.tile(id));
        let is_in = match proof {
            Ok(proof) if signed.includes(index, &leaf, &proof) => true,
            _ => self.root_at(signed.size)? == signed.root,
        };
        Ok(is_stated && is_in)
    }
}

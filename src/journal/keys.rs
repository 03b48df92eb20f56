//! Changes of the signing key, as commits record them.
//!
//! A `keys` event is signed by the key before, and the new one signs from the next commit on. An `adopt` event begins the
//! first commit of another epoch, which its own key signs. The commit of either holds nothing else. The identity gets its
//! line after the commit; whoever comes between finds the change in the newest commit.

use crate::backend::Backend;

use super::{
    bundle::Half,
    event::Event,
    identity::{Identity, KeyChange},
    note::Checkpoint,
    object::{CommitHead, commit_name, read_bundle},
};

/// Events of a commit that changes the key: the change, and the one that closes it.
pub const COMMIT_EVENTS: u64 = 2;

/// The change that an event records, which is the first of its commit and has this index. None where it records none
/// that an identity could go on with.
pub fn change_in(identity: &Identity, event: &Event, index: u64) -> Option<KeyChange> {
    match event {
        Event::Keys(keys) => {
            let verifier = keys.key.under(identity.origin())?;
            Some(KeyChange { after: index + COMMIT_EVENTS, verifier })
        }
        Event::Adopt(adopt) => {
            let verifier = adopt.key.under(&identity.origin_of(adopt.epoch))?;
            Some(KeyChange { after: index, verifier })
        }
        _ => None,
    }
}

/// An identity with the change that the newest commit records, if it does not have it yet.
pub fn completed(
    backend: &dyn Backend,
    identity: Identity,
    number: u64,
    commit: &CommitHead,
) -> Identity {
    let change = newest_change(backend, &identity, number, commit);
    change.and_then(|change| identity.with(change)).unwrap_or(identity)
}

/// A commit that cannot be read records nothing; that is found by whoever reads it.
fn newest_change(
    backend: &dyn Backend,
    identity: &Identity,
    number: u64,
    commit: &CommitHead,
) -> Option<KeyChange> {
    let (first, size) = (commit.body.head.first, Checkpoint::unverified(&commit.note)?.size);
    if size.checked_sub(first)? != COMMIT_EVENTS {
        return None;
    }
    let (name, width) = (commit_name(number), COMMIT_EVENTS);
    let lines = read_bundle(backend, Half::Entries, &name, &commit.body, (0, width));
    change_in(identity, &Event::parse(lines.ok()?.get(0)?).ok()?, first)
}

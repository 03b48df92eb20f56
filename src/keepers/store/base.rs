//! Which base a new blob is compressed against.
//!
//! The next of kin, while the chain under it is within bounds. At the bound the blob climbs: it
//! hangs on an ancestor and starts a new run from there. Ancestors that were climbed to form a
//! spine, and the deepest of them that still has room is taken, so that a run is compressed
//! against something recent rather than against the oldest revision of all.

use crate::{
    crafts::frame::{Base, Header},
    words::{digest::Key, limits, place::Place},
};

/// One step of a chain, from the next of kin towards the root.
#[derive(Debug, Clone)]
pub struct Step {
    /// The blob's key.
    pub key: Key,
    /// Where it lies.
    pub place: Place,
    /// Its frame's header.
    pub header: Header,
}

/// Whether a blob of `n_raw` bytes may hang directly on this frame.
pub fn has_room(header: &Header, n_raw: usize) -> bool {
    header.depth() < limits::DEPTH_MAX && header.reach() + n_raw as u64 <= limits::REACH_BYTES_MAX
}

/// The step to climb to when the first of `chain` has no room left; none when the blob had better
/// start over.
pub fn climb(chain: &[Step], n_raw: usize) -> Option<&Step> {
    chain.iter().find(|step| {
        let header = &step.header;
        header.base.is_none_or(|base| base.landing)
            && header.depth() < limits::DEPTH_MAX / 2
            && header.reach() + n_raw as u64 <= limits::REACH_BYTES_MAX / 2
    })
}

/// What the new frame says about its base.
pub fn describe(step: &Step, n_raw: usize, landing: bool) -> Base {
    Base {
        key: step.key,
        depth: step.header.depth() + 1,
        reach: (step.header.reach() + n_raw as u64) as u32,
        landing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crafts::frame::Kind, words::digest::Digest};

    fn step(key: u64, base: Option<Base>, n_raw: u32) -> Step {
        let place = Place { pack: Digest::of(b""), offset: 0, n_bytes: 1, turn: 0 };
        let header = Header { kind: Kind::Single, packed: true, lengths: vec![n_raw], base };
        Step { key: Key(key), place, header }
    }

    /// Adds `n` revisions of `n_raw` bytes by the rules above; returns the chain of each.
    fn grow(n: u64, n_raw: u32) -> Vec<Vec<Step>> {
        let mut all: Vec<Vec<Step>> = vec![vec![step(0, None, n_raw)]];
        for key in 1..n {
            let kin = all.last().unwrap().clone();
            let room = has_room(&kin[0].header, n_raw as usize);
            let target =
                if room { Some(kin[0].clone()) } else { climb(&kin, n_raw as usize).cloned() };
            let base = target.as_ref().map(|t| describe(t, n_raw as usize, !room));
            let mut chain = vec![step(key, base, n_raw)];
            if let Some(target) = target {
                chain.extend(all[target.key.0 as usize].clone());
            }
            all.push(chain);
        }
        all
    }

    #[test]
    fn chains_stay_within_their_bounds() {
        for n_raw in [100, 1 << 20, 4 << 20] {
            for chain in grow(2000, n_raw) {
                assert!(chain.len() <= usize::from(limits::DEPTH_MAX) + 1);
                assert!(chain.len() as u64 * u64::from(n_raw) <= limits::REACH_BYTES_MAX);
                assert_eq!(chain[0].header.depth() as usize, chain.len() - 1);
            }
        }
    }

    #[test]
    fn whole_copies_are_rare() {
        let whole = grow(2000, 40_000).iter().filter(|chain| chain.len() == 1).count();
        assert_eq!(whole, 1);
    }

    #[test]
    fn a_climb_lands_on_something_recent() {
        let chains = grow(100, 100);
        let landings: Vec<u64> = chains
            .iter()
            .filter(|chain| chain[0].header.base.is_some_and(|base| base.landing))
            .map(|chain| chain[1].key.0)
            .collect();
        assert_eq!(landings, [0, 33, 65]);
    }
}

//! Company: small blobs without good kin wait here and are compressed together.
//!
//! A window of them is put in order, so that like lies by like: by the kind of document, and within a
//! kind those that share features, which otherwise keep the order in which they came.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::types::{digest::Key, limits};

use super::features::Features;

/// Blobs up to this size wait for others.
pub const SMALL_BYTES_MAX: usize = 16 << 10;
/// A window is closed once it holds this much: four frames.
const WINDOW_BYTES: usize = 4 * limits::SOLID_BYTES_MAX;

/// A blob that waits for others.
pub struct SolidMember {
    /// Its key.
    pub key: Key,
    /// Its bytes.
    pub bytes: Arc<Vec<u8>>,
    /// What kind of document it comes from.
    pub kind: &'static str,
    /// Its features, if it has any.
    pub features: Option<Features>,
}

/// Blobs that wait.
#[derive(Default)]
pub struct SolidWindow {
    members: Vec<SolidMember>,
    places: HashMap<Key, usize>,
    n_bytes: usize,
}

impl SolidWindow {
    /// Adds a blob; it must not wait already.
    pub fn join(&mut self, member: SolidMember) {
        self.n_bytes += member.bytes.len();
        self.places.insert(member.key, self.members.len());
        self.members.push(member);
    }

    /// The bytes of a blob that waits.
    pub fn get(&self, key: Key) -> Option<&Arc<Vec<u8>>> {
        Some(&self.members[*self.places.get(&key)?].bytes)
    }

    /// Whether the window is full.
    pub fn is_full(&self) -> bool {
        self.n_bytes >= WINDOW_BYTES
    }

    /// Ends the window; what waited comes out in groups of which each makes a frame.
    pub fn leave(&mut self) -> Vec<Vec<SolidMember>> {
        let Self { members, .. } = std::mem::take(self);
        let mut groups: Vec<Vec<SolidMember>> = Vec::new();
        let mut n_bytes = 0;
        for member in in_order(members) {
            let is_full = n_bytes + member.bytes.len() > limits::SOLID_BYTES_MAX
                || groups.last().is_none_or(|group| group.len() == limits::FRAME_BLOBS_MAX);
            if is_full {
                groups.push(Vec::new());
                n_bytes = 0;
            }
            n_bytes += member.bytes.len();
            if let Some(group) = groups.last_mut() {
                group.push(member);
            }
        }
        groups
    }
}

/// Puts like by like. The order depends on that of arrival and on nothing else.
fn in_order(members: Vec<SolidMember>) -> Vec<SolidMember> {
    let mut sharing: HashMap<u32, Vec<usize>> = HashMap::new();
    for (n, member) in members.iter().enumerate() {
        for feature in member.features.iter().flatten() {
            sharing.entry(*feature).or_default().push(n);
        }
    }
    let mut kinds: Vec<&str> = Vec::new();
    let mut known = HashSet::new();
    kinds.extend(members.iter().map(|member| member.kind).filter(|kind| known.insert(*kind)));
    let mut order = Vec::with_capacity(members.len());
    let mut is_placed = vec![false; members.len()];
    for kind in kinds {
        for first in 0..members.len() {
            let mut next = vec![first];
            while let Some(n) = next.pop() {
                if members[n].kind != kind || std::mem::replace(&mut is_placed[n], true) {
                    continue;
                }
                order.push(n);
                let features = members[n].features.iter().flatten();
                next.extend(features.rev().filter_map(|it| sharing.remove(it)).flatten().rev());
            }
        }
    }
    let mut members: Vec<Option<SolidMember>> = members.into_iter().map(Some).collect();
    order.into_iter().filter_map(|n| members[n].take()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(key: u64, kind: &'static str, family: u32, n_bytes: usize) -> SolidMember {
        let features = std::array::from_fn(|n| family * 100 + n as u32);
        let bytes = Arc::new(vec![key as u8; n_bytes]);
        SolidMember { key: Key(key), bytes, kind, features: Some(features) }
    }

    fn keys(groups: &[Vec<SolidMember>]) -> Vec<Vec<u64>> {
        groups.iter().map(|group| group.iter().map(|member| member.key.0).collect()).collect()
    }

    #[test]
    fn like_lies_by_like() {
        let mut solid = SolidWindow::default();
        let given = [("a", 1), ("a", 2), ("b", 1), ("a", 1), ("a", 2), ("b", 3), ("a", 9)];
        for (n, (kind, family)) in given.into_iter().enumerate() {
            solid.join(member(n as u64, kind, family, 10));
        }
        assert_eq!(solid.get(Key(3)).map(|bytes| bytes.len()), Some(10));
        assert_eq!(keys(&solid.leave()), [[0, 3, 1, 4, 6, 2, 5]]);
        assert_eq!(solid.get(Key(3)), None);
        assert!(solid.leave().is_empty());
    }

    #[test]
    fn no_frame_is_too_large() {
        let mut solid = SolidWindow::default();
        for n in 0..300 {
            solid.join(member(n, "a", n as u32, SMALL_BYTES_MAX - 7));
        }
        assert!(solid.is_full());
        let groups = solid.leave();
        let sizes = groups.iter().map(|g| g.iter().map(|m| m.bytes.len()).sum::<usize>());
        assert!(sizes.clone().all(|n| n <= limits::SOLID_BYTES_MAX && n > 0));
        assert_eq!(sizes.sum::<usize>(), 300 * (SMALL_BYTES_MAX - 7));
        let mut solid = SolidWindow::default();
        (0..limits::FRAME_BLOBS_MAX as u64 + 1).for_each(|n| solid.join(member(n, "a", 1, 0)));
        assert_eq!(solid.leave().len(), 2);
    }
}

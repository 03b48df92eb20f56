//! Solid frames: small blobs without a good base wait here and are compressed together.
//!
//! Only blobs of one frame help each other, and a frame is small. So a window of several frames is put
//! in order before it is cut, similar blobs side by side: by media type, and within one type those that
//! share features, which otherwise keep the order in which they came.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::types::{digest::Key, limits};

use super::features::Features;

/// Blobs up to this size wait for others.
pub const SMALL_BYTES_MAX: usize = 16 << 10;
/// A window is closed once it holds this much: four frames. A larger one would find more similar blobs,
/// and keep more in memory.
const WINDOW_BYTES: usize = 4 * limits::SOLID_BYTES_MAX;

/// A blob that waits for others.
pub struct SolidMember {
    pub key: Key,
    /// At most [`SMALL_BYTES_MAX`].
    pub bytes: Arc<Vec<u8>>,
    /// Of the document it comes from.
    pub media_type: &'static str,
    pub features: Option<Features>,
}

/// Blobs that wait, in the order in which they came.
#[derive(Default)]
pub struct SolidWindow {
    members: Vec<SolidMember>,
    /// Of each member in `members`.
    indexes: HashMap<Key, usize>,
    n_bytes: usize,
}

impl SolidWindow {
    /// Adds a blob; it must not wait already.
    pub fn add(&mut self, member: SolidMember) {
        self.n_bytes += member.bytes.len();
        self.indexes.insert(member.key, self.members.len());
        self.members.push(member);
    }

    /// The bytes of a blob that waits.
    pub fn get(&self, key: Key) -> Option<&Arc<Vec<u8>>> {
        Some(&self.members[*self.indexes.get(&key)?].bytes)
    }

    /// Whether it is time to close it.
    pub fn is_full(&self) -> bool {
        self.n_bytes >= WINDOW_BYTES
    }

    /// Empties the window; what waited comes out in groups of which each makes a frame.
    pub fn close(&mut self) -> Vec<Vec<SolidMember>> {
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

/// Puts similar blobs side by side. The order depends on that of arrival and on nothing else.
fn in_order(members: Vec<SolidMember>) -> Vec<SolidMember> {
    let mut sharing: HashMap<u32, Vec<usize>> = HashMap::new();
    for (n, member) in members.iter().enumerate() {
        for feature in member.features.iter().flatten() {
            sharing.entry(*feature).or_default().push(n);
        }
    }
    let mut media_types: Vec<&str> = Vec::new();
    let mut known = HashSet::new();
    media_types.extend(
        members
            .iter()
            .map(|member| member.media_type)
            .filter(|media_type| known.insert(*media_type)),
    );
    let mut order = Vec::with_capacity(members.len());
    let mut is_in_order = vec![false; members.len()];
    for media_type in media_types {
        for first in 0..members.len() {
            // Depth first, so that what shares a feature follows at once. A feature is followed once:
            // all that have it are on the stack by then.
            let mut next = vec![first];
            while let Some(n) = next.pop() {
                if members[n].media_type != media_type
                    || std::mem::replace(&mut is_in_order[n], true)
                {
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

    fn member(key: u64, media_type: &'static str, family: u32, n_bytes: usize) -> SolidMember {
        let features = std::array::from_fn(|n| family * 100 + n as u32);
        let bytes = Arc::new(vec![key as u8; n_bytes]);
        SolidMember { key: Key(key), bytes, media_type, features: Some(features) }
    }

    fn keys(groups: &[Vec<SolidMember>]) -> Vec<Vec<u64>> {
        groups.iter().map(|group| group.iter().map(|member| member.key.0).collect()).collect()
    }

    #[test]
    fn similar_blobs_lie_side_by_side() {
        let mut solid = SolidWindow::default();
        let given = [("a", 1), ("a", 2), ("b", 1), ("a", 1), ("a", 2), ("b", 3), ("a", 9)];
        for (n, (media_type, family)) in given.into_iter().enumerate() {
            solid.add(member(n as u64, media_type, family, 10));
        }
        assert_eq!(solid.get(Key(3)).map(|bytes| bytes.len()), Some(10));
        assert_eq!(keys(&solid.close()), [[0, 3, 1, 4, 6, 2, 5]]);
        assert_eq!(solid.get(Key(3)), None);
        assert!(solid.close().is_empty());
    }

    #[test]
    fn no_frame_is_too_large() {
        let mut solid = SolidWindow::default();
        for n in 0..300 {
            solid.add(member(n, "a", n as u32, SMALL_BYTES_MAX - 7));
        }
        assert!(solid.is_full());
        let groups = solid.close();
        let sizes = groups.iter().map(|g| g.iter().map(|m| m.bytes.len()).sum::<usize>());
        assert!(sizes.clone().all(|n| n <= limits::SOLID_BYTES_MAX && n > 0));
        assert_eq!(sizes.sum::<usize>(), 300 * (SMALL_BYTES_MAX - 7));
        let mut solid = SolidWindow::default();
        (0..limits::FRAME_BLOBS_MAX as u64 + 1).for_each(|n| solid.add(member(n, "a", 1, 0)));
        assert_eq!(solid.close().len(), 2);
    }
}

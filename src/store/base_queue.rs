//! Frames that wait for their bases: those that lie in one solid frame, or rest on it, are read together.
//!
//! A copy of any earlier text has its base somewhere among all solid frames, and to decode one costs much more
//! than what is compressed against it. So small blobs wait, and each solid frame is decoded once for all of them.
//! How long they wait hangs on the blobs alone; they come out in the order in which they came in.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::types::digest::Key;

use super::{
    chain::ChainLink,
    compressor::{Based, FrameJob},
    frame::FrameKind,
    place::Place,
};

/// So many bytes wait at most, bases that are known included.
const WAITING_BYTES_MAX: usize = 4 << 20;

/// The bytes of a base.
pub enum BaseBytes {
    /// They are at hand.
    Known(Arc<Vec<u8>>),
    /// They lie in a frame of an earlier transaction.
    Stored(Place),
}

/// A base that was chosen, and how the new frame is attached to it.
pub struct ChosenBase {
    pub link: ChainLink,
    pub bytes: BaseBytes,
    /// It is an ancestor of the base that was chosen.
    pub skip: bool,
}

/// A single blob and its base.
struct WaitingFrame {
    key: Key,
    raw: Arc<Vec<u8>>,
    base: ChosenBase,
}

/// Frames that wait, in the order in which they came.
#[derive(Default)]
pub struct BaseQueue {
    waiting: Vec<WaitingFrame>,
    /// Of each in `waiting`.
    indexes: HashMap<Key, usize>,
    n_bytes: usize,
}

impl BaseQueue {
    /// Whether a blob with this base has to wait: for the base's bytes, or for its frame to come first.
    pub fn is_due(&self, base: &ChosenBase) -> bool {
        matches!(base.bytes, BaseBytes::Stored(_)) || self.indexes.contains_key(&base.link.key)
    }

    /// Adds a blob; it must not wait already.
    pub fn add(&mut self, key: Key, raw: Arc<Vec<u8>>, base: ChosenBase) {
        self.n_bytes += raw.len();
        if let BaseBytes::Known(bytes) = &base.bytes {
            self.n_bytes += bytes.len();
        }
        self.indexes.insert(key, self.waiting.len());
        self.waiting.push(WaitingFrame { key, raw, base });
    }

    /// The bytes of a blob that waits.
    pub fn get(&self, key: Key) -> Option<&Arc<Vec<u8>>> {
        Some(&self.waiting[*self.indexes.get(&key)?].raw)
    }

    /// Whether it is time to empty it.
    pub fn is_full(&self) -> bool {
        self.n_bytes >= WAITING_BYTES_MAX
    }

    /// Empties the queue. `read` gives the blobs at places that differ; what is missing costs space only.
    pub fn empty(
        &mut self,
        read: impl FnOnce(&[Place]) -> HashMap<Place, Arc<Vec<u8>>>,
    ) -> Vec<FrameJob> {
        let Self { waiting, .. } = std::mem::take(self);
        let places: HashSet<Place> = waiting.iter().filter_map(|it| it.base.place()).collect();
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort_unstable();
        let found = read(&places);
        waiting.into_iter().map(|waiting| waiting.job(&found)).collect()
    }
}

impl WaitingFrame {
    fn job(self, found: &HashMap<Place, Arc<Vec<u8>>>) -> FrameJob {
        let Self { key, raw, base: ChosenBase { link, bytes, skip } } = self;
        let bytes = match bytes {
            BaseBytes::Known(bytes) => Some(bytes),
            BaseBytes::Stored(place) => found.get(&place).cloned(),
        };
        let base = bytes.map(|bytes| Based { link, bytes, skip });
        FrameJob { kind: FrameKind::Single, blobs: vec![(key, raw.len() as u32)], raw, base }
    }
}

impl ChosenBase {
    fn place(&self) -> Option<Place> {
        match &self.bytes {
            BaseBytes::Known(_) => None,
            BaseBytes::Stored(place) => Some(*place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{digest::Digest, pack_id::PackId};

    fn place(offset: u32, index: u16) -> Place {
        let pack = PackId { digest: Digest::of(b"pack"), upload: [0; 3] };
        Place { pack, offset, n_bytes: 10, index }
    }

    fn base(key: u64, bytes: BaseBytes) -> ChosenBase {
        let link = ChainLink {
            key: Key(key),
            depth: 0,
            decoded_bytes: 10,
            is_backbone: true,
            base: None,
            is_list: false,
        };
        ChosenBase { link, bytes, skip: false }
    }

    fn known() -> BaseBytes {
        BaseBytes::Known(Arc::new(b"known".to_vec()))
    }

    #[test]
    fn frames_come_out_in_order_with_the_bases_that_were_read() {
        let mut queue = BaseQueue::default();
        assert!(!queue.is_due(&base(100, known())));
        let lying = [place(7, 3), place(2, 1), place(7, 3), place(2, 9)];
        for (key, place) in (0..).zip(lying) {
            let base = base(100 + key, BaseBytes::Stored(place));
            assert!(queue.is_due(&base));
            queue.add(Key(key), Arc::new(vec![key as u8; 5]), base);
        }
        // What rests on one that waits comes after it.
        assert!(queue.is_due(&base(2, known())) && !queue.is_due(&base(9, known())));
        queue.add(Key(9), Arc::new(vec![9; 5]), base(2, known()));
        assert_eq!(queue.get(Key(9)).map(|raw| raw[0]), Some(9));
        let jobs = queue.empty(|places| {
            assert_eq!(places, [place(2, 1), place(2, 9), place(7, 3)]);
            let read = |place: &Place| (*place, Arc::new(vec![place.offset as u8]));
            places.iter().filter(|place| place.index != 9).map(read).collect()
        });
        let bases = jobs.iter().map(|job| {
            (job.blobs[0], job.base.as_ref().map(|based| (based.link.key, based.bytes.to_vec())))
        });
        let wanted = [
            ((Key(0), 5), Some((Key(100), vec![7]))),
            ((Key(1), 5), Some((Key(101), vec![2]))),
            ((Key(2), 5), Some((Key(102), vec![7]))),
            ((Key(3), 5), None),
            ((Key(9), 5), Some((Key(2), b"known".to_vec()))),
        ];
        assert!(bases.eq(wanted));
        assert!(queue.get(Key(9)).is_none() && !queue.is_due(&base(2, known())));
        assert!(queue.empty(|_| HashMap::new()).is_empty());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut queue = BaseQueue::default();
        let mut n = 0;
        while !queue.is_full() {
            queue.add(Key(n), Arc::new(vec![0; 16 << 10]), base(1000, known()));
            n += 1;
        }
        assert!(n as usize * (16 << 10) <= WAITING_BYTES_MAX);
    }
}

//! What was used lately, up to a number of bytes.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

use super::frame::Header;

/// A frame with its payload decoded.
pub struct DecodedFrame {
    /// What stood before the payload.
    pub header: Header,
    /// All its blobs, one after the other.
    pub raw: Vec<u8>,
}

impl DecodedFrame {
    /// The blob with this index.
    pub fn blob(&self, index: u16) -> Option<&[u8]> {
        self.raw.get(self.header.stretch(index)?)
    }
}

/// A least-recently-used cache with a bound in bytes; the last value put stays whatever its size.
pub struct Cache<K, V> {
    entries: HashMap<K, CacheEntry<V>>,
    /// Keys by when they were used last.
    by_use: BTreeMap<u64, K>,
    n_bytes: usize,
    n_bytes_max: usize,
    clock: u64,
}

struct CacheEntry<V> {
    value: V,
    n_bytes: usize,
    used: u64,
}

impl<K: Copy + Eq + Hash, V: Clone> Cache<K, V> {
    /// An empty cache that holds up to `n_bytes_max`.
    pub fn new(n_bytes_max: usize) -> Self {
        let (entries, by_use) = (HashMap::new(), BTreeMap::new());
        Self { entries, by_use, n_bytes: 0, n_bytes_max, clock: 0 }
    }

    /// What was put under this key, if it is still here.
    pub fn get(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.get_mut(key)?;
        self.by_use.remove(&entry.used);
        self.clock += 1;
        entry.used = self.clock;
        self.by_use.insert(self.clock, *key);
        Some(entry.value.clone())
    }

    /// Keeps a value of that many bytes; those that were not used for longest make room.
    pub fn put(&mut self, key: K, value: V, n_bytes: usize) {
        self.clock += 1;
        self.n_bytes += n_bytes;
        self.by_use.insert(self.clock, key);
        if let Some(old) = self.entries.insert(key, CacheEntry { value, n_bytes, used: self.clock })
        {
            self.by_use.remove(&old.used);
            self.n_bytes -= old.n_bytes;
        }
        while self.n_bytes > self.n_bytes_max && self.entries.len() > 1 {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            if let Some(gone) = self.entries.remove(&oldest) {
                self.n_bytes -= gone.n_bytes;
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.by_use.clear();
        self.n_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let mut cache = Cache::new(10);
        cache.put(1, 'a', 4);
        cache.put(2, 'b', 4);
        assert_eq!(cache.get(&1), Some('a'));
        cache.put(3, 'c', 4);
        assert_eq!([1, 2, 3].map(|key| cache.get(&key)), [Some('a'), None, Some('c')]);
        cache.put(4, 'd', 50);
        assert_eq!([1, 3, 4].map(|key| cache.get(&key)), [None, None, Some('d')]);
    }

    #[test]
    fn putting_again_replaces() {
        let mut cache = Cache::new(10);
        for n in 0..100 {
            cache.put(1, n, 6);
        }
        cache.put(2, 7, 4);
        assert_eq!([1, 2].map(|key| cache.get(&key)), [Some(99), Some(7)]);
    }
}

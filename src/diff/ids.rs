//! Numbers for distinct values, in the order in which they are met.
//!
//! Texts have millions of words, most of them met before, so a value is looked up in one table of hashes and
//! numbers that grows without hashing anything again. The hash folds products (Wang Yi, "wyhash", 2019) and has
//! keys of its own in each table: nobody can write a text whose words all fall into one place. Most words are so
//! short that the table holds them as they are, and nothing else is looked at.

use std::{
    borrow::Cow,
    hash::{BuildHasher as _, Hash, Hasher, RandomState},
    mem::replace,
    num::NonZeroU64,
};

/// Gives each distinct value a number, counting from 0.
pub struct Ids<K> {
    values: Vec<K>,
    /// A power of two, less than two in three taken; a value stands in the first free one from where its
    /// hash says.
    slots: Vec<IdSlot>,
    keys: [u64; 2],
}

/// A value as one number, its hash, and its own number counted from 1; 0 where there is none.
#[derive(Clone, Copy, Default)]
struct IdSlot {
    short: Option<NonZeroU64>,
    hash: u32,
    number: u32,
}

/// Slots at first.
const SLOTS_MIN: usize = 64;

/// What gets numbers.
pub trait Numbered: Hash + Eq {
    /// The value as one number that no other value has, if it is short enough.
    fn short(&self) -> Option<NonZeroU64>;
}

impl Numbered for Cow<'_, str> {
    fn short(&self) -> Option<NonZeroU64> {
        short_bytes(self.as_bytes())
    }
}

impl Numbered for &[u8] {
    fn short(&self) -> Option<NonZeroU64> {
        short_bytes(self)
    }
}

impl Numbered for &[usize] {
    fn short(&self) -> Option<NonZeroU64> {
        None
    }
}

/// Up to seven bytes, and how many they are.
fn short_bytes(bytes: &[u8]) -> Option<NonZeroU64> {
    let mut number = [0; 8];
    number[..7].get_mut(..bytes.len())?.copy_from_slice(bytes);
    number[7] = bytes.len() as u8 + 1;
    NonZeroU64::new(u64::from_le_bytes(number))
}

impl<K: Numbered> Ids<K> {
    pub fn new() -> Self {
        let random = RandomState::new();
        let keys = [random.hash_one(1), random.hash_one(2)];
        Self { values: Vec::new(), slots: vec![IdSlot::default(); SLOTS_MIN], keys }
    }

    /// The value's number, a new one if it was not met before.
    pub fn of(&mut self, value: K) -> usize {
        let short = value.short();
        let mut hasher = FoldHasher { state: self.keys[0], key: self.keys[1] };
        match short {
            Some(short) => hasher.fold(short.get(), 0),
            None => value.hash(&mut hasher),
        }
        let hash = (hasher.finish() >> 32) as u32;
        let mut at = hash as usize & (self.slots.len() - 1);
        while self.slots[at].number > 0 {
            let slot = self.slots[at];
            let number = slot.number as usize - 1;
            let is_like = slot.hash == hash && slot.short == short;
            if is_like && (short.is_some() || self.values[number] == value) {
                return number;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.values.push(value);
        // There are fewer words in a text than 32 bits count.
        self.slots[at] = IdSlot { short, hash, number: self.values.len() as u32 };
        if self.values.len() * 3 > self.slots.len() * 2 {
            self.grow();
        }
        self.values.len() - 1
    }

    /// A new number that no value has; `nothing` stands for it.
    pub fn unnamed(&mut self, nothing: K) -> usize {
        self.values.push(nothing);
        self.values.len() - 1
    }

    /// How many distinct values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    fn grow(&mut self) {
        let n_slots = 2 * self.slots.len();
        for slot in replace(&mut self.slots, vec![IdSlot::default(); n_slots]) {
            if slot.number > 0 {
                let mut at = slot.hash as usize & (n_slots - 1);
                while self.slots[at].number > 0 {
                    at = (at + 1) & (n_slots - 1);
                }
                self.slots[at] = slot;
            }
        }
    }
}

/// Hashes with keys that are not known outside.
struct FoldHasher {
    state: u64,
    key: u64,
}

impl FoldHasher {
    /// Both halves of a product, one over the other.
    fn fold(&mut self, low: u64, high: u64) {
        let product = u128::from(self.state ^ low) * u128::from(self.key ^ high);
        self.state = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for FoldHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (whole, rest) = bytes.as_chunks::<16>();
        for chunk in whole {
            let number = u128::from_le_bytes(*chunk);
            self.fold(number as u64, (number >> 64) as u64);
        }
        if !rest.is_empty() {
            let mut last = [0; 16];
            last[..rest.len()].copy_from_slice(rest);
            let number = u128::from_le_bytes(last);
            self.fold(number as u64, (number >> 64) as u64);
        }
    }

    // What ends a string, and what says how long a list is: folded with what follows, or at the end.
    fn write_u8(&mut self, byte: u8) {
        self.state = self.state.rotate_left(8) ^ u64::from(byte);
    }

    fn write_usize(&mut self, number: usize) {
        self.state = self.state.rotate_left(8) ^ number as u64;
    }

    fn finish(&self) -> u64 {
        let mut last = Self { ..*self };
        last.fold(0, 0);
        last.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_in_the_order_in_which_they_are_met() {
        let mut ids = Ids::new();
        for n in 0..5000 {
            // Some of them short.
            let word = Cow::Owned(format!("{:b}", n % 2000));
            assert_eq!(ids.of(word), n % 2000, "{n}");
        }
        assert_eq!(ids.len(), 2000);
        let (mut ids, words) = (Ids::new(), vec![0_usize; 100]);
        for n in 0..5000_usize {
            assert_eq!(ids.of(&words[..n % 100]), n % 100);
        }
        assert_eq!(ids.len(), 100);
    }

    #[test]
    fn no_two_values_are_the_same_short_number() {
        let values = [&b""[..], b"\0", b"\0\0", b"a", b"a\0", b"\0a", b"abcdefg", b"abcdef"];
        let numbers: Vec<_> = values.iter().map(Numbered::short).collect();
        assert!(numbers.iter().all(Option::is_some));
        assert!(numbers.iter().enumerate().all(|(n, it)| !numbers[..n].contains(it)));
        assert_eq!((&b"abcdefgh"[..]).short(), None);
    }

    #[test]
    fn hashes_of_like_values_are_spread_evenly() {
        let mut ids = Ids::new();
        for n in 0..100_000 {
            ids.of(Cow::Owned(format!("p{n}")));
        }
        // A value stands about as far from its place as by chance: half a slot, three at most of a full table.
        let n_slots = ids.slots.len();
        let far = |(at, slot): (usize, &IdSlot)| match slot.number {
            0 => 0,
            _ => at.wrapping_sub(slot.hash as usize) & (n_slots - 1),
        };
        let n_away: usize = ids.slots.iter().enumerate().map(far).sum();
        assert!(n_away < 3 * ids.len(), "{n_away}");
    }
}

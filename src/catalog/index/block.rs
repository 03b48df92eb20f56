//! Blocks: strictly rising numbers in few bytes, of which the catalog's indexes consist.
//!
//! A number is a pair: its upper 32 bits are what is looked up, its lower 32 bits who has it. The
//! first number names the block and stands outside. Each further one is two LEB128 varints: the rise
//! of the upper half; then the lower half, or, where the upper one did not rise, by how much more
//! than one the lower half did. Halves taken apart cost a fifth less than the rise of the whole, which
//! would carry all 32 bits of who has it.

/// A block's numbers: the first, the last, and how all but the first are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedBlock {
    /// The first, which names the block.
    pub first: u64,
    /// The last, so that whoever appends knows the rise.
    pub last: u64,
    /// All but the first.
    pub bytes: Vec<u8>,
}

/// Writes numbers, which rise strictly; `None` when there are none.
pub fn encode(numbers: &[u64]) -> Option<EncodedBlock> {
    let mut writer = BlockWriter::of(5 * numbers.len());
    numbers.iter().for_each(|number| writer.push(*number));
    writer.block
}

/// The numbers of a block one by one; nothing comes after an error.
pub fn numbers(first: u64, bytes: &[u8]) -> Numbers<'_> {
    Numbers { first: Some(first), last: first, rest: bytes }
}

/// A block without the numbers to remove and with those to insert, both strictly rising; one that is
/// in both is inserted. What lies between changes is copied as it is.
pub fn revise(
    first: u64,
    bytes: &[u8],
    mut insert: &[u64],
    mut remove: &[u64],
) -> Result<Option<EncodedBlock>, &'static str> {
    let mut writer = BlockWriter::of(bytes.len() + 10 * insert.len());
    let mut numbers = numbers(first, bytes);
    // From here on numbers are kept, and their bytes not copied yet.
    let mut from = 0;
    // A number after one that went, or the first, is written anew.
    let mut is_in_line = false;
    let mut change = lowest(insert, remove);
    loop {
        let (at, before) = (bytes.len() - numbers.rest.len(), numbers.last);
        let Some(number) = numbers.next().transpose()? else { break };
        if is_in_line && change.is_none_or(|change| number < change) {
            continue;
        }
        writer.copy(&bytes[from..at], before);
        while let Some(new) = take_if(&mut insert, |new| new < number) {
            writer.push(new);
        }
        while take_if(&mut remove, |gone| gone < number).is_some() {}
        let is_inserted = take_if(&mut insert, |new| new == number).is_some();
        let is_removed = take_if(&mut remove, |gone| gone == number).is_some();
        is_in_line = is_inserted || !is_removed;
        if is_in_line {
            writer.push(number);
        }
        from = bytes.len() - numbers.rest.len();
        change = lowest(insert, remove);
    }
    writer.copy(&bytes[from..], numbers.last);
    insert.iter().for_each(|new| writer.push(*new));
    Ok(writer.block)
}

/// Cuts a block into pieces of so many bytes, about: the first number of each, and how the others are written.
pub fn cut(
    block: &EncodedBlock,
    n_piece_bytes: usize,
) -> Result<Vec<(u64, Vec<u8>)>, &'static str> {
    let bytes = &block.bytes;
    let mut numbers = numbers(block.first, bytes);
    let mut pieces = Vec::with_capacity(bytes.len() / n_piece_bytes.max(1) + 1);
    let (mut first, mut start) = (block.first, 0);
    loop {
        let before = bytes.len() - numbers.rest.len();
        let Some(number) = numbers.next().transpose()? else { break };
        if before - start >= n_piece_bytes {
            pieces.push((first, bytes[start..before].to_vec()));
            (first, start) = (number, bytes.len() - numbers.rest.len());
        }
    }
    pieces.push((first, bytes[start..].to_vec()));
    Ok(pieces)
}

/// The lowest of two rising sequences.
pub fn lowest(a: &[u64], b: &[u64]) -> Option<u64> {
    a.first().into_iter().chain(b.first()).min().copied()
}

fn take_if(numbers: &mut &[u64], is_it: impl Fn(u64) -> bool) -> Option<u64> {
    let (first, rest) = numbers.split_first().filter(|(first, _)| is_it(**first))?;
    *numbers = rest;
    Some(*first)
}

/// See [`numbers`].
#[derive(Debug, Clone)]
pub struct Numbers<'a> {
    /// Until it was handed out.
    first: Option<u64>,
    /// The number handed out last.
    last: u64,
    rest: &'a [u8],
}

impl Iterator for Numbers<'_> {
    type Item = Result<u64, &'static str>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        if self.rest.is_empty() {
            return None;
        }
        let following = self.following();
        match following {
            Ok(number) => self.last = number,
            Err(_) => self.rest = &[],
        }
        Some(following)
    }
}

impl Numbers<'_> {
    #[inline]
    fn following(&mut self) -> Result<u64, &'static str> {
        const TOO_LARGE: &str = "a number is too large";
        let rise = self.varint()?;
        let lower = self.varint()?;
        if rise == 0 {
            let lower = (self.last as u32).checked_add(lower).and_then(|n| n.checked_add(1));
            return Ok(self.last >> 32 << 32 | u64::from(lower.ok_or(TOO_LARGE)?));
        }
        let upper = upper(self.last).checked_add(rise).ok_or(TOO_LARGE)?;
        Ok(u64::from(upper) << 32 | u64::from(lower))
    }

    #[inline]
    fn varint(&mut self) -> Result<u32, &'static str> {
        // Most have one to three bytes.
        let (value, n) = match self.rest {
            [a, ..] if a >> 7 == 0 => (u32::from(*a), 1),
            [a, b, ..] if b >> 7 == 0 => (low(*a) | low(*b) << 7, 2),
            [a, b, c, ..] if c >> 7 == 0 => (low(*a) | low(*b) << 7 | low(*c) << 14, 3),
            [a, b, c, d, ..] if d >> 7 == 0 => {
                (low(*a) | low(*b) << 7 | low(*c) << 14 | low(*d) << 21, 4)
            }
            [_, _, _, _, e, ..] if e >> 4 != 0 => return Err("a number has more than 32 bits"),
            [a, b, c, d, e, ..] => {
                (low(*a) | low(*b) << 7 | low(*c) << 14 | low(*d) << 21 | low(*e) << 28, 5)
            }
            _ => return Err("a number has no end"),
        };
        if n > 1 && self.rest[n - 1] == 0 {
            return Err("a number is not spelled in the shortest way");
        }
        self.rest = &self.rest[n..];
        Ok(value)
    }
}

fn low(byte: u8) -> u32 {
    u32::from(byte & 0x7f)
}

/// Writes a block from its first number on.
struct BlockWriter {
    block: Option<EncodedBlock>,
    n_bytes: usize,
}

impl BlockWriter {
    fn of(n_bytes: usize) -> Self {
        Self { block: None, n_bytes }
    }

    fn push(&mut self, number: u64) {
        let Some(block) = &mut self.block else {
            let bytes = Vec::with_capacity(self.n_bytes);
            self.block = Some(EncodedBlock { first: number, last: number, bytes });
            return;
        };
        assert!(block.last < number, "the numbers of a block rise strictly");
        let (rise, lower) = (upper(number) - upper(block.last), number as u32);
        push_varint(&mut block.bytes, rise);
        let risen = lower.wrapping_sub(block.last as u32).wrapping_sub(1);
        push_varint(&mut block.bytes, if rise == 0 { risen } else { lower });
        block.last = number;
    }

    /// Takes over numbers up to `last`, written after the one that is the last here.
    fn copy(&mut self, bytes: &[u8], last: u64) {
        if let Some(block) = self.block.as_mut().filter(|_| !bytes.is_empty()) {
            block.bytes.extend_from_slice(bytes);
            block.last = last;
        }
    }
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn upper(number: u64) -> u32 {
    (number >> 32) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn parse(first: u64, bytes: &[u8]) -> Result<Vec<u64>, &'static str> {
        numbers(first, bytes).collect()
    }

    /// Few upper halves and many, so that runs of one upper half occur.
    fn rising() -> impl Strategy<Value = Vec<u64>> {
        let upper = prop_oneof![0..4_u32, any::<u32>(), Just(u32::MAX)];
        let lower = prop_oneof![0..300_u32, any::<u32>(), Just(u32::MAX)];
        let number = (upper, lower).prop_map(|(u, l)| u64::from(u) << 32 | u64::from(l));
        proptest::collection::btree_set(number, 1..200).prop_map(|set| set.into_iter().collect())
    }

    #[test]
    fn a_block_is_the_rises_of_both_halves() {
        let at = |upper: u64, lower: u64| upper << 32 | lower;
        let numbers = [at(7, 5), at(7, 6), at(7, 200), at(9, 3), at(309, 0)];
        let bytes = [0, 0, 0, 0xc1, 0x01, 2, 3, 0xac, 0x02, 0];
        let block = EncodedBlock { first: numbers[0], last: numbers[4], bytes: bytes.to_vec() };
        assert_eq!(encode(&numbers), Some(block));
        assert_eq!(parse(numbers[0], &bytes), Ok(numbers.to_vec()));
        assert_eq!(parse(u64::MAX, &[]), Ok(vec![u64::MAX]));
    }

    #[test]
    fn other_spellings_and_cuts_are_malformed() {
        for (first, bytes) in [
            (0, &[1][..]),
            (0, &[1, 0x80]),
            (0, &[0x80, 0, 1]),
            (0, &[1, 0x81, 0]),
            (0, &[1, 0x80, 0x80, 0x80, 0x80, 0x10]),
            (0, &[1, 0x80, 0x80, 0x80, 0x80, 0x80, 0]),
            (u64::MAX, &[0, 0]),
            (u64::MAX, &[1, 0]),
        ] {
            assert!(parse(first, bytes).is_err(), "{first} {bytes:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_encoded_parses_back(numbers in rising()) {
            let block = encode(&numbers).unwrap();
            prop_assert_eq!(parse(block.first, &block.bytes), Ok(numbers));
        }

        #[test]
        fn the_pieces_of_a_block_are_its_numbers(numbers in rising(), n_bytes in 1..200_usize) {
            let block = encode(&numbers).unwrap();
            let pieces = cut(&block, n_bytes).unwrap();
            let each = pieces.iter().map(|(first, bytes)| parse(*first, bytes).unwrap());
            prop_assert_eq!(each.collect::<Vec<_>>().concat(), numbers);
            for (_, bytes) in &pieces[..pieces.len() - 1] {
                prop_assert!((n_bytes..n_bytes + 10).contains(&bytes.len()));
            }
        }

        #[test]
        fn a_revised_block_is_the_block_of_the_revised_numbers(
            numbers in rising(),
            insert in rising(),
            gone in proptest::collection::vec(any::<prop::sample::Index>(), 0..100),
            again in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
            strangers in rising(),
        ) {
            let of = |indexes: &[prop::sample::Index]| -> BTreeSet<u64> {
                indexes.iter().map(|index| numbers[index.index(numbers.len())]).collect()
            };
            let insert: BTreeSet<u64> = insert.into_iter().chain(of(&again)).collect();
            let remove: BTreeSet<u64> = strangers.into_iter().chain(of(&gone)).collect();
            let kept = numbers.iter().copied().filter(|number| !remove.contains(number));
            let wanted: BTreeSet<u64> = kept.chain(insert.iter().copied()).collect();
            let block = encode(&numbers).unwrap();
            let list = |set: BTreeSet<u64>| set.into_iter().collect::<Vec<u64>>();
            let revised = revise(block.first, &block.bytes, &list(insert), &list(remove.clone()));
            prop_assert_eq!(revised, Ok(encode(&list(wanted))));
            let all = revise(block.first, &block.bytes, &[], &numbers);
            prop_assert_eq!(all, Ok(None));
        }

        #[test]
        fn any_bytes_are_a_block_spelled_one_way_or_malformed(
            first: u64,
            bytes in proptest::collection::vec(prop_oneof![0..3_u8, any::<u8>()], 0..60),
        ) {
            if let Ok(numbers) = parse(first, &bytes) {
                prop_assert!(numbers.is_sorted_by(|a, b| a < b));
                prop_assert_eq!(encode(&numbers).unwrap().bytes, bytes);
            }
        }
    }
}

//! Blocks: strictly rising numbers in few bytes, the stuff that the catalog's indexes are made of.
//!
//! A number is a pair: its upper 32 bits are what is looked up, its lower 32 bits who has it. The
//! first number names the block and stands outside. Each further one is two LEB128 varints: the rise
//! of the upper half; then the lower half, or, where the upper one did not rise, by how much more
//! than one the lower half did. Halves taken apart cost a fifth less than the rise of the whole, which
//! would carry all 32 bits of who has it.

/// Writes all numbers but the first; they rise strictly.
pub fn encode(numbers: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5 * numbers.len());
    for pair in numbers.windows(2) {
        let (before, number) = (pair[0], pair[1]);
        assert!(before < number, "the numbers of a block rise strictly");
        let rise = upper(number) - upper(before);
        push_varint(&mut bytes, rise);
        let lower = number as u32;
        push_varint(&mut bytes, if rise == 0 { lower - before as u32 - 1 } else { lower });
    }
    bytes
}

/// Reads what [`encode`] wrote after `first`; the error says what is wrong with anything else.
pub fn parse(first: u64, bytes: &[u8]) -> Result<Vec<u64>, &'static str> {
    numbers(first, bytes).collect()
}

/// The numbers of a block one by one; nothing comes after an error.
pub fn numbers(first: u64, bytes: &[u8]) -> Numbers<'_> {
    Numbers { next: Some(first), rest: bytes }
}

/// See [`numbers`].
#[derive(Debug, Clone)]
pub struct Numbers<'a> {
    /// The number to be handed out next, if it is known already.
    next: Option<u64>,
    /// What follows it.
    rest: &'a [u8],
}

impl Iterator for Numbers<'_> {
    type Item = Result<u64, &'static str>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next.take()?;
        if !self.rest.is_empty() {
            match self.following(number) {
                Ok(following) => self.next = Some(following),
                // The number itself is as bad as what follows it: the block is malformed.
                Err(why) => return Some(Err(why)),
            }
        }
        Some(Ok(number))
    }
}

impl Numbers<'_> {
    #[inline]
    fn following(&mut self, number: u64) -> Result<u64, &'static str> {
        const TOO_LARGE: &str = "a number is too large";
        let rise = self.varint()?;
        let lower = self.varint()?;
        if rise == 0 {
            let lower = (number as u32).checked_add(lower).and_then(|n| n.checked_add(1));
            return Ok(number >> 32 << 32 | u64::from(lower.ok_or(TOO_LARGE)?));
        }
        let upper = upper(number).checked_add(rise).ok_or(TOO_LARGE)?;
        Ok(u64::from(upper) << 32 | u64::from(lower))
    }

    #[inline]
    fn varint(&mut self) -> Result<u32, &'static str> {
        let mut value = 0_u64;
        for (n, byte) in self.rest.iter().take(VARINT_BYTES_MAX).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * n);
            if byte & 0x80 == 0 {
                if *byte == 0 && n > 0 {
                    return Err("a number is not spelled in the shortest way");
                }
                self.rest = &self.rest[n + 1..];
                return u32::try_from(value).map_err(|_| "a number has more than 32 bits");
            }
        }
        Err("a number has no end")
    }
}

/// What 32 bits take at most, seven to a byte.
const VARINT_BYTES_MAX: usize = 5;

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
    use proptest::prelude::*;

    use super::*;

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
        assert_eq!(encode(&numbers), bytes);
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
        #[test]
        fn what_is_encoded_parses_back(numbers in rising()) {
            prop_assert_eq!(parse(numbers[0], &encode(&numbers)), Ok(numbers));
        }

        #[test]
        fn any_bytes_are_a_block_spelled_one_way_or_malformed(
            first: u64,
            bytes in proptest::collection::vec(prop_oneof![0..3_u8, any::<u8>()], 0..60),
        ) {
            if let Ok(numbers) = parse(first, &bytes) {
                prop_assert!(numbers.is_sorted_by(|a, b| a < b));
                prop_assert_eq!(encode(&numbers), bytes);
            }
        }
    }
}

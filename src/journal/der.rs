//! DER (X.690), as far as time tokens need it: values of definite length, one in another.
//!
//! A reader goes through the values of one level. It borrows, allocates nothing, and no length is believed
//! before that many bytes are there.

/// The tags that time tokens use.
pub mod tag {
    /// TRUE or FALSE.
    pub const BOOLEAN: u8 = 0x01;
    /// A whole number.
    pub const INTEGER: u8 = 0x02;
    /// Bits.
    pub const BIT_STRING: u8 = 0x03;
    /// Bytes.
    pub const OCTET_STRING: u8 = 0x04;
    /// An object identifier.
    pub const OID: u8 = 0x06;
    /// A time as text.
    pub const TIME: u8 = 0x18;
    /// A list.
    pub const SEQUENCE: u8 = 0x30;
    /// A set.
    pub const SET: u8 = 0x31;
    /// The first value with a number of its own, with others in it.
    pub const OUTER_0: u8 = 0xa0;
    /// The second such.
    pub const OUTER_1: u8 = 0xa1;
    /// The first value with a number of its own, without others in it.
    pub const PLAIN_0: u8 = 0x80;
    /// The second such.
    pub const PLAIN_1: u8 = 0x81;
}

/// Longer lengths have more than three bytes.
const LENGTH_BYTES_MAX: usize = 3;

/// Values one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Der<'a> {
    rest: &'a [u8],
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerValue<'a> {
    /// What it is.
    pub tag: u8,
    /// What is in it.
    pub content: &'a [u8],
    /// All of it, as it stands there.
    pub whole: &'a [u8],
}

impl<'a> Der<'a> {
    /// The values in these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next value; none where there is no well-formed one.
    pub fn any(&mut self) -> Option<DerValue<'a>> {
        let all = self.rest;
        let (&tag, rest) = all.split_first()?;
        // Tags of more bytes are in no token.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, mut rest) = rest.split_first()?;
        let length = match first {
            0..0x80 => usize::from(first),
            _ => {
                let n = usize::from(first & 0x7f);
                if n == 0 || n > LENGTH_BYTES_MAX {
                    return None;
                }
                let (digits, behind) = rest.split_at_checked(n)?;
                rest = behind;
                let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
                // The shortest spelling is the only one.
                if length < 0x80 || digits[0] == 0 {
                    return None;
                }
                length
            }
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(DerValue { tag, content, whole: &all[..all.len() - rest.len()] })
    }

    /// The content of the next value, which must have this tag.
    pub fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.any().filter(|value| value.tag == tag).map(|value| value.content)
    }

    /// The values in the next value, which must have this tag.
    pub fn inside(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Self::new)
    }

    /// The same of a value that may be absent; none where it is there and makes no sense.
    pub fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        match self.rest.first() {
            Some(next) if *next == tag => self.take(tag).map(Some),
            _ => Some(None),
        }
    }

    /// Whether all was read.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// A whole number in its shortest spelling, as its bytes.
    pub fn integer(&mut self) -> Option<&'a [u8]> {
        self.take(tag::INTEGER).filter(|bytes| is_integer(bytes))
    }
}

/// Whether these bytes are a whole number in its shortest spelling.
pub fn is_integer(bytes: &[u8]) -> bool {
    match bytes {
        [] => false,
        [_] => true,
        [0, next, ..] => *next >= 0x80,
        [0xff, next, ..] => *next < 0x80,
        _ => true,
    }
}

/// A number that is not negative and fits in 32 bits.
pub fn small(bytes: &[u8]) -> Option<u32> {
    let is_small = is_integer(bytes) && bytes[0] < 0x80 && bytes.len() <= 4;
    is_small.then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// The bytes of a whole number that is not negative.
pub fn unsigned(number: u64) -> Vec<u8> {
    let bytes = [&[0][..], &number.to_be_bytes()].concat();
    let start = (0..bytes.len() - 1).find(|at| bytes[*at] != 0 || bytes[at + 1] >= 0x80);
    bytes[start.unwrap_or(bytes.len() - 1)..].to_vec()
}

/// A value of fewer than 128 bytes.
pub fn short(tag: u8, content: &[u8]) -> Vec<u8> {
    debug_assert!(content.len() < 0x80);
    [&[tag, content.len() as u8], content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_their_one_spelling() {
        let mut der = Der::new(&[0x30, 3, 2, 1, 5, 4, 0]);
        let mut inner = der.inside(tag::SEQUENCE).unwrap();
        assert_eq!(inner.integer(), Some(&[5][..]));
        assert!(inner.is_at_end() && !der.is_at_end());
        assert_eq!(der.any().unwrap().whole, [4, 0]);
        assert!(der.is_at_end() && der.any().is_none());
        let long = [&[4, 0x81, 0x80][..], &[7; 128]].concat();
        assert_eq!(Der::new(&long).take(4), Some(&[7; 128][..]));
        for bad in [
            &[][..],
            &[2],
            &[2, 2, 0],
            &[2, 0x80, 0, 0],
            &[2, 0x81, 1, 0],
            &[4, 0x82, 0, 0x81],
            &[2, 0x84, 0, 0, 0, 1, 0],
            &[2, 0x83, 0xff, 0xff, 0xff, 0],
            &[0x1f, 0x81, 1, 0],
        ] {
            assert!(Der::new(bad).any().is_none(), "{bad:x?}");
        }
        for bad in [&[2, 0][..], &[2, 2, 0, 1], &[2, 2, 0xff, 0x80]] {
            assert!(Der::new(bad).integer().is_none(), "{bad:x?}");
        }
    }

    #[test]
    fn an_unsigned_number_is_spelled_as_short_as_can_be() {
        for (number, bytes) in [
            (0, &[0][..]),
            (1, &[1]),
            (0x7f, &[0x7f]),
            (0x80, &[0, 0x80]),
            (0x1234, &[0x12, 0x34]),
            (u64::MAX, &[0, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            assert_eq!(unsigned(number), bytes);
            assert!(is_integer(&unsigned(number)));
        }
        assert_eq!(small(&[0, 0x80]), Some(128));
        assert_eq!((small(&[0x80]), small(&[])), (None, None));
    }
}

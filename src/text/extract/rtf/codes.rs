//! What stands behind a backslash, and which code page a number means.

use crate::text::Charset;

/// What stands behind a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control<'a> {
    /// A word, and its number if it has one.
    Word(&'a str, Option<i32>),
    /// A byte of text.
    Byte(u8),
    /// One sign.
    Symbol(u8),
    /// So many bytes follow that are no text.
    Binary(usize),
}

impl<'a> Control<'a> {
    /// Reads one, and what stands behind it.
    pub fn read(bytes: &'a [u8]) -> (Self, &'a [u8]) {
        let n_letters = bytes.iter().take(32).take_while(|b| b.is_ascii_alphabetic()).count();
        let (word, rest) = bytes.split_at(n_letters);
        let Ok(word @ [_, ..]) = std::str::from_utf8(word).map(str::as_bytes) else {
            return Self::sign(bytes);
        };
        let n_sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest.get(n_sign..).unwrap_or_default();
        let n_digits = digits.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        let (number, rest) = match n_digits {
            0 => (None, rest),
            _ => {
                let (number, rest) = rest.split_at(n_sign + n_digits);
                let number = std::str::from_utf8(number).ok().and_then(|it| it.parse().ok());
                (Some(number.unwrap_or(0_i64)), rest)
            }
        };
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let word = std::str::from_utf8(word).unwrap_or_default();
        match (word, number) {
            ("bin", Some(n)) => (Self::Binary(usize::try_from(n).unwrap_or(0)), rest),
            // Numbers beyond the bounds mean nothing.
            (_, number) => (Self::Word(word, number.and_then(|n| i32::try_from(n).ok())), rest),
        }
    }

    fn sign(bytes: &'a [u8]) -> (Self, &'a [u8]) {
        let Some((first, rest)) = bytes.split_first() else { return (Self::Symbol(b' '), bytes) };
        if *first == b'\''
            && let Some((digits, after)) = rest.split_at_checked(2)
            && let Some(byte) =
                std::str::from_utf8(digits).ok().and_then(|it| u8::from_str_radix(it, 16).ok())
        {
            return (Self::Byte(byte), after);
        }
        (Self::Symbol(*first), rest)
    }
}

/// The sign that a word stands for.
pub fn sign(word: &str) -> Option<char> {
    Some(match word {
        "tab" => '\t',
        "emdash" => '\u{2014}',
        "endash" => '\u{2013}',
        "lquote" => '\u{2018}',
        "rquote" => '\u{2019}',
        "ldblquote" => '\u{201c}',
        "rdblquote" => '\u{201d}',
        "bullet" => '\u{2022}',
        "emspace" => '\u{2003}',
        "enspace" => '\u{2002}',
        "qmspace" => '\u{2005}',
        _ => return None,
    })
}

/// The encoding of a code page of Windows; one that is not known is taken for the Western one.
pub fn code_page(number: i32) -> Charset {
    let known = u32::try_from(number).ok().and_then(Charset::for_code_page);
    known.unwrap_or(Charset::Standard(encoding_rs::WINDOWS_1252))
}

/// The encoding of a font's character set; none where that of the document holds.
pub fn font_code_page(number: i32) -> Option<Charset> {
    let number = match number {
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        254 => 437,
        255 => 850,
        _ => return None,
    };
    Some(code_page(number))
}

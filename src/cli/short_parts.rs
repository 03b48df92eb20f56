//! Paths whose parts are short enough for file systems.

use std::borrow::Cow;

use crate::types::{digest::Digest, limits::FILE_NAME_BYTES_MAX};

/// So many digits of its digest tell apart what is cut.
const DIGEST_DIGITS: usize = 8;
/// An ending that is longer is none.
const ENDING_BYTES_MAX: usize = 32;

/// The path with each part cut that cannot be the name of a file; none if there is none.
pub fn shortened(path: &[u8]) -> Option<Vec<u8>> {
    let is_long = |part: &[u8]| part.len() > FILE_NAME_BYTES_MAX;
    if !path.split(|b| *b == b'/').any(is_long) {
        return None;
    }
    let parts = path.split(|b| *b == b'/').map(|part| match is_long(part) {
        true => Cow::Owned(cut(part)),
        false => Cow::Borrowed(part),
    });
    Some(parts.collect::<Vec<_>>().join(&b'/'))
}

/// As much of the part as there is room for, a digest of the whole of it, and its ending.
fn cut(part: &[u8]) -> Vec<u8> {
    let (stem, ending) = part.split_at(end_of_stem(part));
    let digest = Digest::of(part).to_string();
    let end = FILE_NAME_BYTES_MAX - ending.len() - 1 - DIGEST_DIGITS;
    // Not within a character; what is no UTF-8 is cut anywhere.
    let end =
        std::str::from_utf8(stem).map_or(end.min(stem.len()), |it| it.floor_char_boundary(end));
    [&stem[..end], b"~", &digest.as_bytes()[..DIGEST_DIGITS], ending].concat()
}

/// Where `.txt`, `.txt@3` or `@3` begins.
fn end_of_stem(part: &[u8]) -> usize {
    let first = part.len().saturating_sub(ENDING_BYTES_MAX);
    let last_of = |sign: u8| part[first..].iter().rposition(|b| *b == sign).map(|at| first + at);
    let is_number = |at: &usize| part[at + 1..].iter().all(u8::is_ascii_digit);
    last_of(b'.').or_else(|| last_of(b'@').filter(is_number)).unwrap_or(part.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(path: &str) -> String {
        String::from_utf8(shortened(path.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn what_fits_stays() {
        let odd = "x".repeat(255);
        for path in ["a", "a/b.txt", &odd, &format!("{odd}/{odd}")] {
            assert_eq!(shortened(path.as_bytes()), None);
        }
    }

    #[test]
    fn what_is_too_long_keeps_its_head_and_its_ending_and_stays_apart() {
        let long = "x".repeat(300);
        for ending in ["", ".txt", ".txt@12", "@12"] {
            let part = format!("{long}{ending}");
            let digest = &Digest::of(part.as_bytes()).to_string()[..8];
            let head = "x".repeat(255 - 9 - ending.len());
            assert_eq!(short(&format!("d/{part}/e")), format!("d/{head}~{digest}{ending}/e"));
        }
        assert_ne!(short(&format!("{long}a")), short(&format!("{long}b")));
    }

    #[test]
    fn no_character_is_cut() {
        for n in 0..4 {
            let part = format!("{}{}.txt", "x".repeat(n), "\u{1F6A2}".repeat(80));
            let short = short(&part);
            assert!((252..=255).contains(&short.len()), "{}", short.len());
        }
        let bytes = [&[0x80u8; 300][..], b".txt"].concat();
        assert_eq!(shortened(&bytes).unwrap().len(), 255);
    }
}

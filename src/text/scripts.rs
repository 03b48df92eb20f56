//! The scripts of the Basic Multilingual Plane: whether characters are of one and what is written beside it.

/// How well a text is of one script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScriptFit {
    /// Its characters.
    pub n_chars: usize,
    /// Those of the script that most are of, of ASCII and of the punctuation that scripts share.
    pub n_fitting: usize,
    /// Those of the script.
    pub n_own: usize,
    /// It is one of the large ones of eastern Asia, into which a third of all numbers of two bytes fall.
    pub is_large: bool,
}

impl ScriptFit {
    /// Counts them.
    pub(super) fn of(text: &str) -> Self {
        let mut counts = [0_usize; SCRIPTS.len()];
        let (mut n_chars, mut n_shared) = (0, 0);
        for c in text.chars() {
            n_chars += 1;
            match script(c) {
                SHARED => n_shared += 1,
                NONE => {}
                script => {
                    // A script is counted where it begins.
                    let at = SCRIPTS.partition_point(|(start, _)| *start < script);
                    counts[at.min(SCRIPTS.len() - 1)] += 1;
                }
            }
        }
        let most = counts.iter().enumerate().max_by_key(|(_, n)| **n);
        let (at, n_own) = most.map_or((0, 0), |(at, n)| (at, *n));
        let is_large = n_own > 0 && SCRIPTS[at].0 == EAST_ASIAN;
        Self { n_chars, n_fitting: n_own + n_shared, n_own, is_large }
    }

    /// Whether nearly all fits.
    pub(super) fn is_good(self) -> bool {
        16 * self.n_fitting >= 15 * self.n_chars
    }
}

/// The script of a character, named by the number of its first one.
fn script(c: char) -> u16 {
    match u16::try_from(u32::from(c)) {
        Ok(number) => {
            let next = SCRIPTS.partition_point(|(start, _)| *start <= number);
            next.checked_sub(1).map_or(NONE, |at| SCRIPTS[at].1)
        }
        Err(_) => match c {
            '\u{1f000}'..='\u{1faff}' => SHARED,
            '\u{20000}'..='\u{3ffff}' => EAST_ASIAN,
            _ => NONE,
        },
    }
}

/// Signs of any script, ASCII among them.
const SHARED: u16 = 0;
/// What is in no text, or in few.
const NONE: u16 = 1;
/// Han, kana and Hangul, which stand beside each other.
const EAST_ASIAN: u16 = 0x3040;

/// Where a script begins and which it is, for the characters up to the next one: `Blocks.txt` of Unicode. Blocks that extend
/// a script have its number.
const SCRIPTS: [(u16, u16); 130] = [
    (0, NONE),
    (0x09, SHARED),
    (0x0b, NONE),
    (0x0c, SHARED),
    (0x0e, NONE),
    (0x20, SHARED),
    (0x7f, NONE),
    (0xa0, SHARED),
    (0xc0, 0xc0),
    (0x300, SHARED),
    (0x370, 0x370),
    (0x400, 0x400),
    (0x530, 0x530),
    (0x590, 0x590),
    (0x600, 0x600),
    (0x700, 0x700),
    (0x750, 0x600),
    (0x780, 0x780),
    (0x7c0, 0x7c0),
    (0x800, 0x800),
    (0x840, 0x840),
    (0x860, 0x700),
    (0x870, 0x600),
    (0x900, 0x900),
    (0x964, SHARED),
    (0x966, 0x900),
    (0x980, 0x980),
    (0xa00, 0xa00),
    (0xa80, 0xa80),
    (0xb00, 0xb00),
    (0xb80, 0xb80),
    (0xc00, 0xc00),
    (0xc80, 0xc80),
    (0xd00, 0xd00),
    (0xd80, 0xd80),
    (0xe00, 0xe00),
    (0xe80, 0xe80),
    (0xf00, 0xf00),
    (0x1000, 0x1000),
    (0x10a0, 0x10a0),
    (0x1100, EAST_ASIAN),
    (0x1200, 0x1200),
    (0x13a0, 0x13a0),
    (0x1400, 0x1400),
    (0x1680, 0x1680),
    (0x16a0, 0x16a0),
    (0x1700, 0x1700),
    (0x1780, 0x1780),
    (0x1800, 0x1800),
    (0x18b0, 0x1400),
    (0x1900, 0x1900),
    (0x1950, 0x1950),
    (0x1980, 0x1980),
    (0x19e0, 0x1780),
    (0x1a00, 0x1a00),
    (0x1a20, 0x1a20),
    (0x1ab0, SHARED),
    (0x1b00, 0x1b00),
    (0x1b80, 0x1b80),
    (0x1bc0, 0x1bc0),
    (0x1c00, 0x1c00),
    (0x1c50, 0x1c50),
    (0x1c80, 0x400),
    (0x1c90, 0x10a0),
    (0x1cc0, 0x1b80),
    (0x1cd0, 0x900),
    (0x1d00, 0xc0),
    (0x1dc0, SHARED),
    (0x1e00, 0xc0),
    (0x1f00, 0x370),
    (0x2000, SHARED),
    (0x2060, NONE),
    (0x20a0, SHARED),
    (0x2800, 0x2800),
    (0x2900, SHARED),
    (0x2c00, 0x2c00),
    (0x2c60, 0xc0),
    (0x2c80, 0x2c80),
    (0x2d00, 0x10a0),
    (0x2d30, 0x2d30),
    (0x2d80, 0x1200),
    (0x2de0, 0x400),
    (0x2e00, SHARED),
    (0x2e80, EAST_ASIAN),
    (0x2fe0, NONE),
    (0x3000, EAST_ASIAN),
    (0x3040, EAST_ASIAN),
    (0x3400, NONE),
    (0x4e00, EAST_ASIAN),
    (0xa000, 0xa000),
    (0xa4d0, 0xa4d0),
    (0xa500, 0xa500),
    (0xa640, 0x400),
    (0xa6a0, 0xa6a0),
    (0xa700, SHARED),
    (0xa720, 0xc0),
    (0xa800, 0xa800),
    (0xa830, NONE),
    (0xa840, 0xa840),
    (0xa880, 0xa880),
    (0xa8e0, 0x900),
    (0xa900, 0xa900),
    (0xa930, 0xa930),
    (0xa960, EAST_ASIAN),
    (0xa980, 0xa980),
    (0xa9e0, 0x1000),
    (0xaa00, 0xaa00),
    (0xaa60, 0x1000),
    (0xaa80, 0xaa80),
    (0xaae0, 0xaae0),
    (0xab00, 0x1200),
    (0xab30, 0xc0),
    (0xab70, 0x13a0),
    (0xabc0, 0xaae0),
    (0xac00, EAST_ASIAN),
    (0xd7a4, NONE),
    (0xd7b0, EAST_ASIAN),
    (0xd7fc, NONE),
    (0xf900, EAST_ASIAN),
    (0xfb00, 0xc0),
    (0xfb13, 0x530),
    (0xfb1d, 0x590),
    (0xfb50, 0x600),
    (0xfe00, SHARED),
    (0xfe30, EAST_ASIAN),
    (0xfe50, SHARED),
    (0xfe70, 0x600),
    (0xfeff, SHARED),
    (0xff00, EAST_ASIAN),
    (0xfff0, NONE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_in_order_and_begin_where_they_are_named() {
        assert!(SCRIPTS.is_sorted_by(|a, b| a.0 < b.0));
        for (start, script) in SCRIPTS {
            let is_there = SCRIPTS.contains(&(script, script));
            assert!(script <= NONE || is_there, "{start:x}");
        }
    }

    #[test]
    fn texts_are_of_one_script_and_shared_punctuation() {
        for (text, n_own, is_large) in [
            ("plain", 0, false),
            ("Привет, мир – 5", 9, false),
            ("สวัสดี “ชาวโลก”", 12, false),
            ("བོད་ཡིག", 7, false),
            ("日本語のテスト。", 8, true),
            ("대한민국 2020", 4, true),
        ] {
            let fit = ScriptFit::of(text);
            assert!(fit.is_good(), "{text}: {fit:?}");
            assert_eq!((fit.n_own, fit.is_large), (n_own, is_large), "{text}");
        }
        assert!(!ScriptFit::of("aЖωשخ").is_good());
    }
}

//! Encodings by their names: those of the WHATWG Encoding Standard, and those that it leaves out.

use std::borrow::Cow;

use encoding_rs::{EUC_KR, Encoding};

use super::code_pages::CodePage;

/// An encoding in which a text can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charset {
    /// One of the WHATWG Encoding Standard.
    Standard(&'static Encoding),
    /// A code page of DOS or of an old Mac.
    CodePage(&'static CodePage),
    /// UTF-32, the lowest byte first.
    Utf32Le,
    /// UTF-32, the highest byte first.
    Utf32Be,
    /// Korean mail of seven bits: RFC 1557.
    Iso2022Kr,
}

impl Charset {
    /// The encoding of this name, in any case; `None` when it is not known.
    ///
    /// Besides the labels of the standard these are names of code pages by their numbers, such as cp850, ibm850 and
    /// win1252; of old Macs, such as mac-cyrillic; UTF-32 and ISO-2022-KR; and any of them with other hyphens.
    pub fn for_label(label: &str) -> Option<Self> {
        let label = label.trim().to_ascii_lowercase();
        let hyphened = label.replace('_', "-");
        let joined = hyphened.replace('-', "");
        standard(&label)
            .or_else(|| by_number(&joined))
            .or_else(|| other(&hyphened))
            .or_else(|| standard(&hyphened))
            .or_else(|| standard(&joined))
    }

    /// The encoding that a number means on Windows; `None` when it is not known.
    pub(super) fn for_code_page(number: u32) -> Option<Self> {
        let standard_page = match number {
            866 => "ibm866",
            932 | 943 => "shift_jis",
            936 => "gbk",
            949 | 51_949 => "euc-kr",
            950 => "big5",
            1200 => "utf-16le",
            1201 => "utf-16be",
            10_000 => "macintosh",
            10_007 => "x-mac-cyrillic",
            20_866 => "koi8-r",
            21_866 => "koi8-u",
            20_932 | 51_932 => "euc-jp",
            50_220..=50_222 => "iso-2022-jp",
            54_936 => "gb18030",
            65_001 => "utf-8",
            28_591..=28_606 => return standard(&format!("iso-8859-{}", number - 28_590)),
            12_000 => return Some(Self::Utf32Le),
            12_001 => return Some(Self::Utf32Be),
            50_225 => return Some(Self::Iso2022Kr),
            number => {
                let page = CodePage::named(&match number {
                    10_006 => "mac-greek".to_owned(),
                    10_010 => "mac-romanian".to_owned(),
                    10_029 => "mac-latin2".to_owned(),
                    10_079 => "mac-iceland".to_owned(),
                    10_081 => "mac-turkish".to_owned(),
                    10_082 => "mac-croatian".to_owned(),
                    number => format!("cp{number}"),
                });
                return page.map(Self::CodePage).or_else(|| standard(&format!("windows-{number}")));
            }
        };
        standard(standard_page)
    }

    /// The name by which it is shown; `for_label` knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard(encoding) => encoding.name(),
            Self::CodePage(page) => page.name,
            Self::Utf32Le => "UTF-32LE",
            Self::Utf32Be => "UTF-32BE",
            Self::Iso2022Kr => "ISO-2022-KR",
        }
    }

    /// Whether each byte is a character.
    pub(super) fn is_single_byte(self) -> bool {
        match self {
            Self::Standard(encoding) => encoding.is_single_byte(),
            Self::CodePage(_) => true,
            _ => false,
        }
    }

    /// Whether the bytes of ASCII are ASCII.
    pub(super) fn is_ascii_based(self) -> bool {
        match self {
            Self::Standard(encoding) => encoding.is_ascii_compatible(),
            _ => self.is_single_byte(),
        }
    }

    /// The characters that bytes stand for, and whether some stand for none and became U+FFFD.
    pub(super) fn chars(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        match self {
            Self::Standard(encoding) => encoding.decode_without_bom_handling(bytes),
            Self::CodePage(page) => {
                let text = page.chars(bytes);
                let is_lossy = text.contains(char::REPLACEMENT_CHARACTER);
                (text.into(), is_lossy)
            }
            Self::Utf32Le => utf32_chars(bytes, u32::from_le_bytes),
            Self::Utf32Be => utf32_chars(bytes, u32::from_be_bytes),
            Self::Iso2022Kr => {
                let bytes = unshifted(bytes);
                let (text, is_lossy) = EUC_KR.decode_without_bom_handling(&bytes);
                (text.into_owned().into(), is_lossy)
            }
        }
    }
}

/// Prefixes of the numbers of code pages.
const NUMBERED: [&str; 6] = ["cp", "ibm", "windows", "win", "ms", "dos"];

fn by_number(joined: &str) -> Option<Charset> {
    let number = NUMBERED.iter().find_map(|prefix| joined.strip_prefix(prefix))?;
    Charset::for_code_page(number.parse().ok()?)
}

fn standard(label: &str) -> Option<Charset> {
    // What the standard maps to this one replaces the whole text by one character.
    let encoding = Encoding::for_label(label.as_bytes())?;
    (encoding != encoding_rs::REPLACEMENT).then_some(Charset::Standard(encoding))
}

/// Names that the standard does not have, with hyphens.
fn other(label: &str) -> Option<Charset> {
    match label {
        "utf-32" | "utf-32le" | "utf-32-le" | "utf32le" | "utf32" | "ucs-4le" => {
            Some(Charset::Utf32Le)
        }
        "utf-32be" | "utf-32-be" | "utf32be" | "ucs-4" | "ucs-4be" => Some(Charset::Utf32Be),
        "iso-2022-kr" | "iso2022kr" | "csiso2022kr" => Some(Charset::Iso2022Kr),
        "utf-16-le" | "utf16le" | "utf16" => standard("utf-16le"),
        "utf-16-be" | "utf16be" => standard("utf-16be"),
        "uhc" => standard("euc-kr"),
        label => {
            let script = label.strip_prefix("x-").unwrap_or(label).strip_prefix("mac")?;
            match script.strip_prefix('-').unwrap_or(script) {
                "roman" => standard("macintosh"),
                "cyrillic" => standard("x-mac-cyrillic"),
                "ce" | "centraleurope" | "centraleurroman" => page("mac-latin2"),
                "icelandic" => page("mac-iceland"),
                script => page(&format!("mac-{script}")),
            }
        }
    }
}

fn page(name: &str) -> Option<Charset> {
    CodePage::named(name).map(Charset::CodePage)
}

fn utf32_chars(bytes: &[u8], number: fn([u8; 4]) -> u32) -> (Cow<'_, str>, bool) {
    let (fours, rest) = bytes.as_chunks::<4>();
    let mut is_lossy = !rest.is_empty();
    let char_of = |four: &[u8; 4]| {
        char::from_u32(number(*four)).unwrap_or_else(|| {
            is_lossy = true;
            char::REPLACEMENT_CHARACTER
        })
    };
    let text: String = fours.iter().map(char_of).collect();
    (text.into(), is_lossy)
}

/// What announces Korean in seven bits.
pub(super) const KOREAN_ESCAPE: &[u8] = b"\x1b$)C";
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// The same text in EUC-KR, which has the eighth bit instead of shifts.
fn unshifted(bytes: &[u8]) -> Vec<u8> {
    let mut unshifted = Vec::with_capacity(bytes.len());
    let (mut rest, mut is_out) = (bytes, false);
    while let Some((byte, more)) = rest.split_first() {
        rest = rest.strip_prefix(KOREAN_ESCAPE).unwrap_or(more);
        match *byte {
            0x1b if rest.len() < more.len() => {}
            SHIFT_OUT => is_out = true,
            SHIFT_IN => is_out = false,
            0x21..=0x7e if is_out => unshifted.push(byte | 0x80),
            byte => {
                // A line begins in ASCII.
                is_out &= byte != b'\n';
                unshifted.push(byte);
            }
        }
    }
    unshifted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_have_names() {
        for (label, name, bytes, text) in [
            ("cp850", "cp850", &b"gr\x94\xe1er \x9d"[..], "größer Ø"),
            ("IBM437", "cp437", b"\xe3 = 3.14 \xc9\xcd\xbb", "π = 3.14 ╔═╗"),
            ("cp852", "cp852", b"\x9f\xa0\xd8", "čáě"),
            ("Cp858", "cp858", b"10 \xd5", "10 €"),
            ("cp866", "IBM866", b"\x8f\xe0\xa8\xa2\xa5\xe2", "Привет"),
            ("cp855", "cp855", b"\xdd\xe1\xb7\xeb\xa8\xe5", "Привет"),
            ("cp857", "cp857", b"\xa7\x8d\x9f", "ğış"),
            ("cp862", "cp862", b"\x99\x8c\x85\x8d", "שלום"),
            ("cp737", "cp737", b"\x9a\x98\x9e", "γαη"),
            ("cp775", "cp775", b"\xd0\xd1\xd4", "ąčį"),
            ("cp874", "windows-874", b"\xa1\xd2", "กา"),
            ("cp932", "Shift_JIS", b"\x93\xfa", "日"),
            ("cp949", "EUC-KR", b"\xc7\xd1", "한"),
            ("cp936", "GBK", b"\xd6\xd0", "中"),
            ("cp950", "Big5", b"\xa4\xa4", "中"),
            ("cp1252", "windows-1252", b"\x80", "€"),
            ("win1251", "windows-1251", b"\xcf", "П"),
            ("cp65001", "UTF-8", "é".as_bytes(), "é"),
            ("mac-cyrillic", "x-mac-cyrillic", b"\x8f\xf0", "Пр"),
            ("MacCyrillic", "x-mac-cyrillic", b"\x8f", "П"),
            ("x-mac-ce", "mac-latin2", b"\x8b", "č"),
            ("mac_greek", "mac-greek", b"\xe1", "α"),
            ("mac-roman", "macintosh", b"caf\x8e", "café"),
            ("MacRoman", "macintosh", b"caf\x8e", "café"),
            ("latin1", "windows-1252", b"caf\xe9", "café"),
            ("latin-2", "ISO-8859-2", b"\xb1", "ą"),
            ("iso8859_15", "ISO-8859-15", b"\xa4", "€"),
            ("utf-16le", "UTF-16LE", b"a\0b\0", "ab"),
            ("utf_16_be", "UTF-16BE", b"\0a\0b", "ab"),
            ("utf-32le", "UTF-32LE", b"a\0\0\0", "a"),
            ("UTF-32BE", "UTF-32BE", b"\0\0\0a", "a"),
            ("iso-2022-kr", "ISO-2022-KR", b"\x1b$)C\x0eGQ\x0f a\n\x0eGQ\nGQ", "한 a\n한\nGQ"),
        ] {
            let charset = Charset::for_label(label).unwrap();
            assert_eq!((charset.name(), &*charset.chars(bytes).0), (name, text), "{label}");
            assert_eq!(Charset::for_label(charset.name()), Some(charset), "{label}");
        }
        for label in ["", "cp", "ibm", "cp1", "klingon", "replacement", "mac-none", "win"] {
            assert_eq!(Charset::for_label(label), None, "{label}");
        }
    }

    #[test]
    fn bytes_that_stand_for_nothing_are_lost() {
        for (label, bytes) in [
            ("cp857", &b"\xd5"[..]),
            ("utf-32le", b"\0\0\x11\0"),
            ("utf-32le", b"a\0\0\0b"),
            ("iso-2022-kr", b"\x1b$)C\x0e~~\x0f"),
        ] {
            let (text, is_lossy) = Charset::for_label(label).unwrap().chars(bytes);
            assert!(is_lossy, "{label}: {text}");
        }
    }
}

//! Encodings by their names: those of the WHATWG Encoding Standard, and the code pages of DOS that it
//! leaves out.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// An encoding in which a text can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charset {
    /// One of the WHATWG Encoding Standard.
    Standard(&'static Encoding),
    /// A code page of DOS: ASCII, and a table for the other half.
    CodePage(&'static CodePage),
}

/// A table of the characters from 0x80 on.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct CodePage {
    /// As iconv has it.
    name: &'static str,
    /// 128 characters.
    upper: &'static str,
}

impl Charset {
    /// The encoding of this name, in any case; `None` when it is not known.
    ///
    /// Besides the labels of the standard these are cp437, cp850, cp852 and cp858, and cp866 and
    /// macroman for two of the standard's own, each also with `ibm` for `cp`.
    pub fn for_label(label: &str) -> Option<Self> {
        let label = label.trim().to_ascii_lowercase();
        let number = label.strip_prefix("cp").or_else(|| label.strip_prefix("ibm"));
        let page = CODE_PAGES.iter().find(|it| it.name.strip_prefix("cp") == number);
        if let Some(page) = page.filter(|_| number.is_some()) {
            return Some(Self::CodePage(page));
        }
        let label = match label.as_str() {
            "macroman" | "mac-roman" => "macintosh",
            label => label,
        };
        // What the standard maps to this one replaces the whole text by one character.
        let encoding = Encoding::for_label(label.as_bytes())?;
        (encoding != encoding_rs::REPLACEMENT).then_some(Self::Standard(encoding))
    }

    /// The name by which it is shown; `for_label` knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard(encoding) => encoding.name(),
            Self::CodePage(page) => page.name,
        }
    }

    /// Whether each byte is a character.
    pub(super) fn is_single_byte(self) -> bool {
        match self {
            Self::Standard(encoding) => encoding.is_single_byte(),
            Self::CodePage(_) => true,
        }
    }

    /// The characters that bytes stand for, and whether some stand for none and became U+FFFD.
    pub(super) fn chars(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        match self {
            Self::Standard(encoding) => encoding.decode_without_bom_handling(bytes),
            Self::CodePage(page) => (page.chars(bytes).into(), false),
        }
    }
}

impl CodePage {
    fn chars(&self, bytes: &[u8]) -> String {
        let upper: Vec<char> = self.upper.chars().collect();
        let char_of = |byte: &u8| match byte.checked_sub(0x80) {
            Some(at) => upper.get(usize::from(at)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
            None => char::from(*byte),
        };
        bytes.iter().map(char_of).collect()
    }
}

/// Of western Europe.
pub(super) const CP850: Charset = Charset::CodePage(&CODE_PAGES[1]);
/// Of the first PCs, with Greek letters and all box drawings.
pub(super) const CP437: Charset = Charset::CodePage(&CODE_PAGES[0]);

const CODE_PAGES: &[CodePage] = &[
    CodePage {
        name: "cp437",
        upper: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
            áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
            └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
            αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
    },
    CodePage {
        name: "cp850",
        upper: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
            áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
            └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
            ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
    },
    CodePage {
        name: "cp852",
        upper: "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×č\
            áíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
            └┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀\
            ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}",
    },
    CodePage {
        name: "cp858",
        upper: "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
            áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
            └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀\
            ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_page_has_a_character_for_each_byte() {
        for page in CODE_PAGES {
            assert_eq!(page.upper.chars().count(), 128, "{}", page.name);
            assert_eq!(Charset::for_label(page.name), Some(Charset::CodePage(page)));
        }
    }

    #[test]
    fn encodings_have_names() {
        for (label, name, bytes, text) in [
            ("cp850", "cp850", &b"gr\x94\xe1er \x9d"[..], "größer Ø"),
            ("IBM437", "cp437", b"\xe3 = 3.14 \xc9\xcd\xbb", "π = 3.14 ╔═╗"),
            ("cp852", "cp852", b"\x9f\xa0\xd8", "čáě"),
            ("Cp858", "cp858", b"10 \xd5", "10 €"),
            ("cp866", "IBM866", b"\x8f\xe0\xa8\xa2\xa5\xe2", "Привет"),
            ("MacRoman", "macintosh", b"caf\x8e", "café"),
            ("latin1", "windows-1252", b"caf\xe9", "café"),
            ("utf-16le", "UTF-16LE", b"a\0b\0", "ab"),
        ] {
            let charset = Charset::for_label(label).unwrap();
            assert_eq!((charset.name(), &*charset.chars(bytes).0), (name, text));
            assert_eq!(Charset::for_label(charset.name()), Some(charset));
        }
        for label in ["", "cp", "ibm", "cp1", "klingon", "replacement", "iso-2022-kr"] {
            assert_eq!(Charset::for_label(label), None, "{label}");
        }
    }
}

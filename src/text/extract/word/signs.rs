//! Signs of fonts that have their own codes.

/// The sign of a code in a font, if there is one in Unicode.
pub(super) fn sign(font: &str, code: u32) -> Option<char> {
    let own = match code {
        0xf020..=0xf0ff => code - 0xf000,
        0x20..=0xff => code,
        _ => return char::from_u32(code),
    };
    let font = font.to_ascii_lowercase();
    match () {
        () if font.starts_with("symbol") => {
            SYMBOL.chars().nth(own as usize - 0x20).filter(|it| *it != '\u{fffd}')
        }
        () if font == "wingdings" => find(WINGDINGS, own),
        () if font == "wingdings 2" => find(WINGDINGS_2, own),
        () if font.starts_with("wingdings") || font == "webdings" => None,
        () => char::from_u32(own),
    }
}

fn find(signs: &[(u32, char)], code: u32) -> Option<char> {
    if signs == WINGDINGS && (0x80..=0x8a).contains(&code) {
        return "⓪①②③④⑤⑥⑦⑧⑨⑩".chars().nth(code as usize - 0x80);
    }
    signs.iter().find(|(it, _)| *it == code).map(|(_, sign)| *sign)
}

/// The signs of Wingdings that texts use.
const WINGDINGS: &[(u32, char)] = &[
    (0x20, ' '),
    (0x22, '✂'),
    (0x28, '☎'),
    (0x2a, '✉'),
    (0x45, '☜'),
    (0x46, '☞'),
    (0x4a, '☺'),
    (0x4c, '☹'),
    (0x6c, '●'),
    (0x6e, '■'),
    (0x6f, '□'),
    (0x71, '❑'),
    (0x72, '❒'),
    (0x75, '◆'),
    (0x76, '❖'),
    (0xa7, '▪'),
    (0xa8, '☐'),
    (0xab, '★'),
    (0xd8, '➢'),
    (0xdf, '←'),
    (0xe0, '→'),
    (0xe1, '↑'),
    (0xe2, '↓'),
    (0xe8, '➔'),
    (0xef, '⇦'),
    (0xf0, '⇨'),
    (0xf3, '⇔'),
    (0xfb, '✗'),
    (0xfc, '✓'),
    (0xfd, '☒'),
    (0xfe, '☑'),
];

/// Those of its second part.
const WINGDINGS_2: &[(u32, char)] =
    &[(0x4f, '✗'), (0x50, '✓'), (0x51, '☒'), (0x52, '☑'), (0x53, '☒'), (0x54, '☒'), (0xa3, '☐')];

/// The signs of Adobe's font Symbol, from a space on.
const SYMBOL: &str = " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_\u{203e}αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\u{fffd}〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭";

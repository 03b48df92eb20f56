//! The characters that a TrueType or OpenType font has its glyphs for.

use std::collections::HashMap;

/// So many characters of a font are looked at.
const CHARACTERS_MAX: u32 = 200_000;

/// The characters of glyphs, by the font's own table, of which there may be none.
pub(super) fn characters(font: &[u8]) -> HashMap<u32, char> {
    best_table(font).map(|(table, is_symbolic)| read(table, is_symbolic)).unwrap_or_default()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u32> {
    match bytes.get(at..at.checked_add(2)?)? {
        [a, b] => Some(u32::from(u16::from_be_bytes([*a, *b]))),
        _ => None,
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16_at(bytes, at)? << 16 | u16_at(bytes, at.checked_add(2)?)?)
}

fn from(bytes: &[u8], at: u32) -> Option<&[u8]> {
    bytes.get(usize::try_from(at).ok()?..)
}

/// The table that knows most characters, and whether it has signs of the font's own.
fn best_table(font: &[u8]) -> Option<(&[u8], bool)> {
    let font = if font.starts_with(b"ttcf") { from(font, u32_at(font, 12)?)? } else { font };
    let n_tables = u16_at(font, 4)? as usize;
    let is_map = |n: &usize| font.get(12 + 16 * n..16 + 16 * n) == Some(b"cmap");
    let entry = (0..n_tables).find(is_map)?;
    let map = from(font, u32_at(font, 12 + 16 * entry + 8)?)?;
    let n_tables = u16_at(map, 2)? as usize;
    let table = |n: usize| {
        let at = 4 + 8 * n;
        let rank = match (u16_at(map, at)?, u16_at(map, at + 2)?) {
            (3, 10) | (0, 4 | 6) => 4,
            (3, 1) | (0, 0..=3) => 3,
            (3, 0) => 2,
            (1, 0) => 1,
            _ => return None,
        };
        Some((rank, from(map, u32_at(map, at + 4)?)?))
    };
    let best = (0..n_tables).filter_map(table).max_by_key(|it| it.0)?;
    Some((best.1, best.0 < 3))
}

/// The first character of each glyph.
struct Characters {
    of: HashMap<u32, char>,
    is_symbolic: bool,
    n_left: u32,
}

impl Characters {
    fn put(&mut self, code: u32, glyph: u32) {
        // Signs of the font's own are what the keyboard says, if they are at all.
        let code = match code {
            0xf020..=0xf0ff if self.is_symbolic => code - 0xf000,
            _ => code,
        };
        let is_own = matches!(code, 0xe000..=0xf8ff) || (self.is_symbolic && code > 0x7e);
        if let Some(c) = char::from_u32(code).filter(|c| glyph != 0 && !is_own && !c.is_control()) {
            self.of.entry(glyph).or_insert(c);
        }
    }

    /// Whether one more may be looked at.
    fn goes_on(&mut self) -> bool {
        self.n_left = self.n_left.saturating_sub(1);
        self.n_left > 0
    }
}

fn read(table: &[u8], is_symbolic: bool) -> HashMap<u32, char> {
    let mut characters = Characters { of: HashMap::new(), is_symbolic, n_left: CHARACTERS_MAX };
    // What is read before a table ends too early counts.
    let _ = match u16_at(table, 0) {
        Some(0) => read_bytes(table, &mut characters),
        Some(4) => read_segments(table, &mut characters),
        Some(6) => read_trimmed(table, &mut characters),
        Some(12) => read_groups(table, &mut characters),
        _ => None,
    };
    characters.of
}

fn read_bytes(table: &[u8], characters: &mut Characters) -> Option<()> {
    for code in 0..256 {
        characters.put(code, u32::from(*table.get(6 + code as usize)?));
    }
    Some(())
}

fn read_trimmed(table: &[u8], characters: &mut Characters) -> Option<()> {
    let first = u16_at(table, 6)?;
    for n in 0..u16_at(table, 8)? {
        characters.put(first + n, u16_at(table, 10 + 2 * n as usize)?);
    }
    Some(())
}

fn read_segments(table: &[u8], characters: &mut Characters) -> Option<()> {
    let n_twice = u16_at(table, 6)? as usize;
    for at in (0..n_twice).step_by(2) {
        let end = u16_at(table, 14 + at)?;
        let start = u16_at(table, 16 + n_twice + at)?;
        let delta = u16_at(table, 16 + 2 * n_twice + at)?;
        let offset_at = 16 + 3 * n_twice + at;
        let offset = u16_at(table, offset_at)?;
        for code in start..=end.min(0xfffe) {
            if !characters.goes_on() {
                return None;
            }
            let glyph = match offset {
                0 => code + delta,
                _ => match u16_at(table, offset_at + (offset + 2 * (code - start)) as usize) {
                    None | Some(0) => continue,
                    Some(glyph) => glyph + delta,
                },
            };
            characters.put(code, glyph & 0xffff);
        }
    }
    Some(())
}

fn read_groups(table: &[u8], characters: &mut Characters) -> Option<()> {
    for n in 0..u32_at(table, 12)? as usize {
        let at = 16 + 12 * n;
        let (start, end, glyph) =
            (u32_at(table, at)?, u32_at(table, at + 4)?, u32_at(table, at + 8)?);
        for code in start..=end.min(0x10_ffff) {
            if !characters.goes_on() {
                return None;
            }
            characters.put(code, glyph.wrapping_add(code - start));
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A font with nothing but a table of characters.
    fn font(platform: u16, encoding: u16, table: &[u16]) -> Vec<u8> {
        let mut font = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        font.extend(b"cmap\0\0\0\0\0\0\0\x1c\0\0\0\0");
        let head = [0, 1, platform, encoding, 0, 12];
        font.extend(head.iter().chain(table).flat_map(|it| it.to_be_bytes()));
        font
    }

    #[test]
    fn segments_with_and_without_lists_are_read() {
        let table = [
            4, 0, 0, 6, 0, 0, 0, 0x42, 0x62, 0xffff, 0, 0x41, 0x61, 0xffff, 9, 0, 1, 0, 4, 0, 7, 8,
        ];
        let characters = characters(&font(3, 1, &table));
        let found = |glyph| characters.get(&glyph).copied();
        assert_eq!(
            [found(0x4a), found(0x4b), found(7), found(8)],
            [Some('A'), Some('B'), Some('a'), Some('b')]
        );
    }

    #[test]
    fn trimmed_tables_and_groups_are_read() {
        assert_eq!(characters(&font(1, 0, &[6, 0, 0, 0x30, 2, 5, 6])).get(&6), Some(&'1'));
        let groups = [12, 0, 0, 0, 0, 0, 0, 1, 1, 0xf600, 1, 0xf601, 0, 3];
        assert_eq!(characters(&font(3, 10, &groups)).get(&4), Some(&'\u{1f601}'));
    }

    #[test]
    fn signs_of_the_fonts_own_are_those_of_the_keyboard() {
        let table = [6, 0, 0, 0xf041, 1, 5];
        assert_eq!(characters(&font(3, 0, &table)).get(&5), Some(&'A'));
    }

    #[test]
    fn a_font_cut_short_anywhere_has_fewer_characters() {
        let table = [4, 0, 0, 4, 0, 0, 0, 0x42, 0xffff, 0, 0x41, 0xffff, 9, 1, 0, 0];
        let font = font(3, 1, &table);
        for end in 0..font.len() {
            assert!(characters(&font[..end]).len() <= 2, "cut at {end}");
        }
    }
}

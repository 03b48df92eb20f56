//! Compound files, in which documents of Office before 2007 and messages of Outlook lie ([MS-CFB]): whether one breaks off.

use crate::text::little_endian::{u16_at, u32_at};

/// The table of a file is in sectors that its head names, so many of them,
const HEAD_SECTORS: usize = 109;
/// from here on.
const HEAD_SECTORS_AT: usize = 76;
/// Marks a sector that is not used; those from here on are no sectors.
const FREE: u32 = 0xffff_ffff;
const NO_SECTOR: u32 = 0xffff_fffa;

/// Whether a file has less than it says: a sector that is used lies behind its end. Nothing else in it can be checked.
pub(super) fn breaks_off(bytes: &[u8]) -> bool {
    let Some(shift @ 7..=20) = u16_at(bytes, 30) else { return false };
    let n_sector = 1_usize << shift;
    // The head takes the place of a sector.
    let sector = |n: u32| (n as usize).checked_add(1)?.checked_mul(n_sector);
    let n_sectors = bytes.len().div_ceil(n_sector).saturating_sub(1);
    let table = (0..HEAD_SECTORS).filter_map(|n| u32_at(bytes, HEAD_SECTORS_AT + 4 * n));
    let mut table: Vec<u32> = table.filter(|it| *it < NO_SECTOR).collect();
    let mut next = u32_at(bytes, 68).unwrap_or(NO_SECTOR);
    // Each of these sectors ends with the number of the next one.
    while next < NO_SECTOR && table.len() <= n_sectors {
        let Some(at) = sector(next).filter(|at| at + n_sector <= bytes.len()) else { return true };
        let numbers = (0..n_sector / 4 - 1).filter_map(|n| u32_at(bytes, at + 4 * n));
        let n_before = table.len();
        table.extend(numbers.filter(|it| *it < NO_SECTOR));
        next = u32_at(bytes, at + n_sector - 4).unwrap_or(NO_SECTOR);
        if table.len() == n_before {
            break;
        }
    }
    table.iter().enumerate().any(|(n, number)| {
        let Some(at) = sector(*number).filter(|at| at + n_sector <= bytes.len()) else {
            return true;
        };
        let first = n * (n_sector / 4);
        // What the table says of sectors that the file is too short for.
        let behind = n_sectors.saturating_sub(first).min(n_sector / 4)..n_sector / 4;
        behind.filter_map(|n| u32_at(bytes, at + 4 * n)).any(|it| it != FREE)
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use cfb::CompoundFile;

    use super::*;

    #[test]
    fn a_file_cut_before_its_last_sector_breaks_off() {
        for n_bytes in [10, 5000, 300_000] {
            let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
            file.create_stream("/words").unwrap().write_all(&vec![b'w'; n_bytes]).unwrap();
            let bytes = file.into_inner().into_inner();
            assert!(!breaks_off(&bytes), "{n_bytes}");
            for end in (1000..bytes.len() - 4096).step_by(4096) {
                assert!(breaks_off(&bytes[..end]), "{n_bytes}, cut at {end}");
            }
        }
        assert!(!breaks_off(b"words"));
    }
}

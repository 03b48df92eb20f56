//! Where a PDF file begins and ends: readers go by both, and both can be missing or have something else beside them.

/// What a file begins with, within so many bytes.
const HEAD: &[u8] = b"%PDF-";
const HEAD_BYTES_MAX: usize = 1024;
/// What stands before the place of its last table, and behind that.
const END: &[u8] = b"startxref";
const LAST: &[u8] = b"%%EOF";

/// A file without what stands before its head, where its places are counted from there.
pub(super) fn from_head(bytes: &[u8]) -> &[u8] {
    let start = bytes.windows(HEAD.len()).take(HEAD_BYTES_MAX).position(|it| it == HEAD);
    let rest = start.and_then(|at| bytes.get(at..)).unwrap_or(bytes);
    if has_table(rest) && !has_table(bytes) { rest } else { bytes }
}

/// Whether a table stands where a file says.
fn has_table(bytes: &[u8]) -> bool {
    let place = behind_last(bytes, END).map(<[u8]>::trim_ascii_start).unwrap_or_default();
    let n_digits = place.iter().take_while(|it| it.is_ascii_digit()).count();
    let place = std::str::from_utf8(&place[..n_digits]).ok().and_then(|it| it.parse().ok());
    let table = place.and_then(|at: usize| bytes.get(at..)).unwrap_or_default().trim_ascii_start();
    let is_object = || table.first().is_some_and(u8::is_ascii_digit) && has_object(start(table));
    table.starts_with(b"xref") || is_object()
}

fn start(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(24)]
}

/// Whether a file ends without saying where its table is, or goes on behind that, as one does to which a revision was
/// appended that breaks off.
pub(super) fn breaks_off(bytes: &[u8]) -> bool {
    let Some(end) = behind_last(bytes, END) else { return true };
    let Some(at) = end.windows(LAST.len()).position(|it| it == LAST) else { return true };
    let more = &end[at + LAST.len()..];
    let begins = more.iter().find(|it| **it != 0 && !it.is_ascii_whitespace());
    begins.is_some_and(u8::is_ascii_digit) || has_object(more)
}

/// Whether an object begins or ends here.
fn has_object(bytes: &[u8]) -> bool {
    let begins = |it: &[u8]| it[0].is_ascii_digit() && it.ends_with(b" obj");
    let ends = |it: &[u8]| it == b"endobj" || it == b"endstr";
    bytes.windows(5).any(begins) || bytes.windows(6).any(ends)
}

fn behind_last<'b>(bytes: &'b [u8], what: &[u8]) -> Option<&'b [u8]> {
    let at = bytes.windows(what.len()).rposition(|it| it == what)?;
    bytes.get(at + what.len()..)
}

#[cfg(test)]
mod tests {
    use super::super::example::{line, pages};
    use super::super::page;
    use super::*;

    fn years(n: &str) -> String {
        line(50, 700, 10, &format!("The term is {n} years"))
    }

    /// The file, and where in it a revision that is appended begins.
    fn revised() -> (Vec<u8>, usize) {
        let mut file = pages(&[&years("five")], &[], "", "");
        let first = file.len();
        let table = behind_last(&file, END).unwrap().trim_ascii().to_owned();
        let table = String::from_utf8_lossy(&table).replace("%%EOF", "");
        let object = super::super::example::stream("", years("six").as_bytes());
        file.extend(b"5 0 obj\n");
        file.extend(object);
        file.extend(b"\nendobj\n");
        let place = file.len();
        let end = format!(
            "xref\n5 1\n{first:010} 00000 n \ntrailer\n<</Size 6/Root 1 0 R/Prev {}>>\nstartxref\n{place}\n%%EOF\n",
            table.trim()
        );
        file.extend(end.bytes());
        (file, first)
    }

    #[test]
    fn a_revision_that_breaks_off_makes_a_file_broken() {
        let (file, first) = revised();
        let found = page(&file, 1 << 20).unwrap();
        assert!(found.html.contains("six years") && !found.lack.is_broken, "{found:?}");
        let cut = page(&file[..first], 1 << 20).unwrap();
        assert!(cut.html.contains("five years") && !cut.lack.is_broken, "{cut:?}");
        for end in first + 1..file.len() - 1 {
            let cut = page(&file[..end], 1 << 20);
            assert!(cut.is_ok_and(|it| it.lack.is_broken), "cut at {end} of {first}");
        }
    }

    #[test]
    fn what_is_no_object_may_stand_behind_the_end() {
        let file = pages(&[&years("five")], &[], "", "");
        let note = b"<!-- served by an object -->".repeat(60);
        for more in [b"\r\n".to_vec(), vec![0; 9000], note] {
            assert!(!breaks_off(&[&file[..], &more[..]].concat()), "{more:?}");
        }
    }

    #[test]
    fn a_file_may_begin_behind_something_else() {
        let (file, _) = revised();
        for before in [&b"\n"[..], b"\xef\xbb\xbf", b"Content-Type: application/pdf\r\n\r\n"] {
            let found = page(&[before, &file[..]].concat(), 1 << 20).unwrap();
            assert!(found.html.contains("six years") && !found.lack.is_broken, "{found:?}");
        }
    }
}

//! `archive export --manifest`: what an export would write, as `sha256sum -c` reads it.

use serde::Serialize;

use super::export_chosen::{Chosen, ExportItem, ItemPlace};
use crate::{
    archive::{Archive, export::ExportPaths, ingest::SYMLINK},
    cli::{
        exit::ExitCode,
        print::{
            json::{name_b64, typed},
            terminal::counted,
        },
        session::Session,
    },
    types::{document::Revision, error::Error, name::DocName},
};

#[derive(Serialize)]
struct ManifestLine {
    sha256: String,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    bytes: u64,
}

/// Prints a line for each file, and says what is left out.
pub fn print(session: &mut Session, chosen: &Chosen<'_>) -> Result<ExitCode, Error> {
    let places = ExportPaths::new(chosen.archive, chosen.as_of, &chosen.selections)?;
    let archive = chosen.archive;
    let mut manifest = Manifest { session, archive, places, n_links: 0, n_left_out: 0 };
    chosen.each(|item| manifest.item(&item))?;
    let Manifest { session, n_links, n_left_out, .. } = manifest;
    if n_links > 0 {
        let links = counted(n_links, "link is", "links are");
        session.info(&format!("{links} left out: sha256sum reads what links lead to"));
    }
    if n_left_out > 0 {
        let revisions = counted(n_left_out, "revision is", "revisions are");
        session.info(&format!("{revisions} left out: withdrawn"));
    }
    Ok(ExitCode::Done)
}

struct Manifest<'a> {
    session: &'a mut Session,
    archive: &'a Archive,
    places: ExportPaths<'a>,
    n_links: u64,
    n_left_out: u64,
}

impl Manifest<'_> {
    /// One file, unless nothing would be written.
    fn item(&mut self, item: &ExportItem<'_>) -> Result<(), Error> {
        if item.is_withdrawn(self.archive)? {
            self.n_left_out += 1;
            return Ok(());
        }
        if item.revision.media_type == SYMLINK {
            self.n_links += 1;
            return Ok(());
        }
        let ItemPlace { path, why } = item.place(&mut self.places)?;
        if let Some(why) = why {
            item.say_elsewhere(self.session, None, (path.as_bytes(), &why))?;
        }
        self.line(&path, item.revision)
    }

    fn line(&mut self, name: &DocName, revision: &Revision) -> Result<(), Error> {
        let sha256 = revision.digest.to_string();
        if self.session.globals.json {
            let line = ManifestLine {
                sha256,
                name: name.text().into_owned(),
                name_b64: name_b64(name),
                revision: revision.number,
                bytes: revision.n_bytes,
            };
            return self.session.out.json(&typed("manifest", line));
        }
        self.session.out.bytes(&sum_line(&sha256, name.as_bytes()))
    }
}

/// A line as GNU sha256sum writes it: odd signs in the name are escaped, and a backslash before the line says so.
fn sum_line(sha256: &str, name: &[u8]) -> Vec<u8> {
    let is_odd = |byte: &u8| matches!(byte, b'\\' | b'\n' | b'\r');
    let mark: &[u8] = if name.iter().any(is_odd) { b"\\" } else { b"" };
    let mut line = [mark, sha256.as_bytes(), b"  "].concat();
    for byte in name {
        match byte {
            b'\\' => line.extend(b"\\\\"),
            b'\n' => line.extend(b"\\n"),
            b'\r' => line.extend(b"\\r"),
            byte => line.push(*byte),
        }
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_sha256sum_does() {
        assert_eq!(sum_line("ab", b"a b.txt"), b"ab  a b.txt\n");
        assert_eq!(sum_line("ab", b"a\\b\nc\rd"), b"\\ab  a\\\\b\\nc\\rd\n");
        assert_eq!(sum_line("ab", b"caf\xe9"), b"ab  caf\xe9\n");
    }
}

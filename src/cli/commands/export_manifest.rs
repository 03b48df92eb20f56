//! `archive export --manifest`: what an export would write, as `sha256sum -c` reads it.

use serde::Serialize;

use crate::{
    archive::{Archive, export::PathContest, find::Selection, ingest::SYMLINK},
    cli::{
        exit::ExitCode,
        print::{
            json::{name_b64, typed},
            terminal::counted,
        },
        session::Session,
    },
    types::{
        document::{Document, Revision},
        error::Error,
        name::DocName,
        time::Timestamp,
    },
};

#[derive(Serialize)]
struct ManifestLine {
    sha256: String,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    bytes: u64,
}

/// What an export is of.
pub struct Chosen<'a> {
    pub archive: &'a Archive,
    /// The time as of which; without one the latest revisions.
    pub as_of: Option<Timestamp>,
    /// Nothing is everything.
    pub selections: Vec<Selection>,
    /// Each revision, under a name of its own.
    pub all_revisions: bool,
}

/// Prints a line for each file, and says what is left out.
pub fn print(session: &mut Session, chosen: &Chosen<'_>) -> Result<ExitCode, Error> {
    let &Chosen { archive, as_of, ref selections, all_revisions } = chosen;
    let mut manifest = Manifest {
        session,
        archive,
        as_of,
        all_revisions,
        contest: PathContest::new(archive, as_of),
        n_links: 0,
        n_superseded: 0,
    };
    if selections.is_empty() {
        archive.each_document(as_of, |document, revision| {
            manifest.document(document, revision, None)
        })?;
    }
    for selection in selections {
        match selection {
            Selection::Revision(found) => manifest.line(&found.0.name, &found.1)?,
            Selection::Folder(folder) => {
                archive.each_document_in(Some(folder), as_of, |document, revision| {
                    manifest.document(document, revision, Some(folder))
                })?;
            }
        }
    }
    let Manifest { session, n_links, n_superseded, .. } = manifest;
    if n_links > 0 {
        let links = counted(n_links, "link is", "links are");
        session.info(&format!("{links} left out: sha256sum reads what links lead to"));
    }
    if n_superseded > 0 {
        let documents = counted(n_superseded, "document is", "documents are");
        session.info(&format!("{documents} left out: a later one is at the path"));
    }
    Ok(ExitCode::Done)
}

/// A document's revisions captured by then, each under a name of its own.
pub fn each_revision(
    archive: &Archive,
    document: &Document,
    as_of: Option<Timestamp>,
) -> Result<Vec<(DocName, Revision)>, Error> {
    let is_due = |revision: &Revision| as_of.is_none_or(|as_of| revision.captured <= as_of);
    let revisions = archive.revisions(document)?.into_iter().filter(is_due);
    let named = |revision: Revision| {
        let suffix = format!("@{}", revision.number);
        let name = DocName::new([document.name.as_bytes(), suffix.as_bytes()].concat());
        Ok((name.map_err(Error::usage)?, revision))
    };
    revisions.map(named).collect()
}

struct Manifest<'a> {
    session: &'a mut Session,
    archive: &'a Archive,
    as_of: Option<Timestamp>,
    all_revisions: bool,
    contest: PathContest<'a>,
    n_links: u64,
    n_superseded: u64,
}

impl Manifest<'_> {
    /// One document, or each of its revisions, unless another one stands at its path.
    fn document(
        &mut self,
        document: &Document,
        revision: &Revision,
        scope: Option<&DocName>,
    ) -> Result<(), Error> {
        if self.all_revisions {
            let revisions = each_revision(self.archive, document, self.as_of)?;
            return revisions.iter().try_for_each(|(name, revision)| self.line(name, revision));
        }
        if self.contest.successor(document, scope)?.is_some() {
            self.n_superseded += 1;
            return Ok(());
        }
        self.line(&document.name, revision)
    }

    fn line(&mut self, name: &DocName, revision: &Revision) -> Result<(), Error> {
        if revision.media_type == SYMLINK {
            self.n_links += 1;
            return Ok(());
        }
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

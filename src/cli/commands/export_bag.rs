//! `archive export --bag`: documents as a BagIt bag (RFC 8493), with the proof that each was recorded.
//!
//! The payload is in `data/`; `provenance/` has the checkpoint, a list of revisions, and for each of them the files of its
//! proof, by the index of its event. The manifests hold the digests of all of it.

use std::{collections::BTreeMap, fmt::Write as _, io, path::Path};

use serde::Serialize;

use super::export_chosen::{Chosen, ExportItem, ExportedLine, ItemPlace, TOO_LONG};
use crate::{
    archive::{Archive, export::ExportPaths, ingest::SYMLINK},
    cli::{
        exit::ExitCode,
        interrupt::is_interrupted,
        new_folder::NewFolder,
        print::{
            json::{b64_unless_utf8, name_b64, typed},
            terminal::{Progress, Style, counted, shown_name},
        },
        session::{Session, TOOL, shown},
        short_parts::shortened,
    },
    types::{digest::Digest, error::Error},
};

#[derive(Serialize)]
struct BagLine {
    path: String,
    path_b64: Option<String>,
    files: u64,
    bytes: u64,
    left_out: u64,
    failed: u64,
}

/// A line of `provenance/revisions.jsonl`.
#[derive(Serialize)]
struct PayloadLine<'a> {
    path: &'a str,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    event: u64,
    sha256: String,
    bytes: u64,
    media_type: &'a str,
    at: String,
    captured: String,
    source: Option<&'a str>,
    note: Option<&'a str>,
    by: Option<&'a str>,
}

/// A bag on its way.
struct NewBag<'a> {
    archive: &'a Archive,
    session: &'a mut Session,
    places: ExportPaths<'a>,
    folder: NewFolder,
    progress: Progress,
    /// The digests of payload files, by path.
    payload: BTreeMap<String, Digest>,
    /// Of tag files.
    tags: BTreeMap<String, Digest>,
    revisions: Vec<u8>,
    n_bytes: u64,
    n_links: u64,
    n_withdrawn: u64,
    /// What could not be written.
    n_failed: u64,
}

/// Writes a bag, whole or not at all.
pub fn run(session: &mut Session, chosen: &Chosen<'_>, path: &Path) -> Result<ExitCode, Error> {
    let own = session.own_files();
    let archive = chosen.archive;
    let mut bag = NewBag {
        archive,
        places: ExportPaths::new(archive, chosen.as_of, &chosen.selections)?,
        folder: NewFolder::begin(path, &own)?,
        progress: session.progress(),
        session,
        payload: BTreeMap::new(),
        tags: BTreeMap::new(),
        revisions: Vec::new(),
        n_bytes: 0,
        n_links: 0,
        n_withdrawn: 0,
        n_failed: 0,
    };
    chosen.each(|item| bag.file(&item))?;
    let today = bag.session.now.to_string()[..10].to_owned();
    bag.tag_files(&today)?;
    let (n_files, n_bytes) = (bag.payload.len() as u64, bag.n_bytes);
    let NewBag { n_links, n_withdrawn, session, folder, progress, n_failed: failed, .. } = bag;
    folder.finish()?;
    drop(progress);
    let code = if failed > 0 { ExitCode::Partial } else { ExitCode::Done };
    if session.globals.json {
        let line = BagLine {
            path: path.to_string_lossy().into_owned(),
            path_b64: b64_unless_utf8(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())),
            files: n_files,
            bytes: n_bytes,
            left_out: n_links + n_withdrawn,
            failed,
        };
        session.out.json(&typed("bag", line))?;
        return Ok(code);
    }
    let mut sentence =
        format!("bag of {} written to {}", counted(n_files, "file", "files"), shown(path));
    if n_links > 0 {
        let _ = write!(sentence, "; {} left out", counted(n_links, "link", "links"));
    }
    if n_withdrawn > 0 {
        let revisions = counted(n_withdrawn, "revision", "revisions");
        let _ = write!(sentence, "; {revisions} left out: withdrawn");
    }
    if failed > 0 {
        let _ = write!(sentence, "; {failed} failed");
    }
    session.info(&sentence);
    Ok(code)
}

impl NewBag<'_> {
    /// One payload file with its provenance.
    fn file(&mut self, item: &ExportItem<'_>) -> Result<(), Error> {
        if is_interrupted() {
            return Err(Error::Interrupted);
        }
        let &ExportItem { name, document, revision, .. } = item;
        if item.is_withdrawn(self.archive)? {
            self.n_withdrawn += 1;
            return Ok(());
        }
        if revision.media_type == SYMLINK {
            self.n_links += 1;
            return Ok(());
        }
        self.progress.report(self.payload.len() as u64, &shown_name(name.as_bytes()));
        let path = self.path_of(item)?;
        let (archive, object) = (self.archive, path.clone());
        let written = self.folder.write(&path, |sink| {
            archive.each_piece(document, revision, &is_interrupted, |piece| {
                sink.write_all(piece).map_err(|error| Error::io("write", object.clone(), error))
            })
        });
        match written {
            Err(error) if is_of_its_path(&error) => return self.failed(item, &error),
            written => written?,
        }
        self.n_bytes += revision.n_bytes;
        let proof = match archive.prove(document, revision, true) {
            // Where a name or note is lost, the rest is shown.
            Err(Error::Damaged { .. }) => archive.prove(document, revision, false)?,
            proof => proof?,
        };
        for (file, bytes) in &proof.files {
            self.tag(&format!("provenance/{}/{file}", revision.event), bytes)?;
        }
        let line = PayloadLine {
            path: &path,
            name: document.name.text().into_owned(),
            name_b64: name_b64(&document.name),
            revision: revision.number,
            event: revision.event,
            sha256: revision.digest.to_string(),
            bytes: revision.n_bytes,
            media_type: &revision.media_type,
            at: revision.at.to_string(),
            captured: revision.captured.to_string(),
            source: revision.source.as_deref(),
            note: revision.note.as_deref(),
            by: revision.author.as_deref(),
        };
        let line = serde_json::to_vec(&line).map_err(|error| Error::usage(error.to_string()))?;
        self.revisions.extend(line);
        self.revisions.push(b'\n');
        self.payload.insert(path, revision.digest);
        Ok(())
    }

    /// Its path in the bag, which is said where it is another one than its name.
    fn path_of(&mut self, item: &ExportItem<'_>) -> Result<String, Error> {
        let ItemPlace { path, mut why } = item.place(&mut self.places)?;
        let mut path = payload_path(path.as_bytes());
        // What is written `=XX` takes more bytes than the name has.
        if let Some(short) = shortened(path.as_bytes()) {
            path = String::from_utf8_lossy(&short).into_owned();
            why.get_or_insert_with(|| TOO_LONG.to_owned());
        }
        let path = format!("data/{path}");
        if let Some(why) = why {
            item.say_elsewhere(self.session, Some(&self.progress), (path.as_bytes(), &why))?;
        }
        Ok(path)
    }

    /// Goes on without a document.
    fn failed(&mut self, item: &ExportItem<'_>, error: &Error) -> Result<(), Error> {
        self.n_failed += 1;
        let Session { globals, stderr, .. } = &self.session;
        if globals.json {
            let outcome = ("failed", Some(error.to_string()));
            let line = ExportedLine::of(item.document, item.revision, outcome);
            return self.session.out.json(&typed("exported", line));
        }
        let label = stderr.paint(Style::Warning, "not written");
        let (name, why) = (shown_name(item.name.as_bytes()), error.to_string());
        self.progress.print(&format!("{label} {name}: {}", shown_name(why.as_bytes())));
        Ok(())
    }

    fn tag_files(&mut self, today: &str) -> Result<(), Error> {
        let bagit = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
        let info = format!(
            "Bag-Software-Agent: {TOOL}\nBagging-Date: {today}\nExternal-Identifier: {}\nPayload-Oxum: {}.{}\n",
            self.archive.origin(),
            self.n_bytes,
            self.payload.len()
        );
        let manifest = lines(&self.payload);
        let revisions = std::mem::take(&mut self.revisions);
        self.tag("bagit.txt", bagit.as_bytes())?;
        self.tag("bag-info.txt", info.as_bytes())?;
        self.tag("manifest-sha256.txt", manifest.as_bytes())?;
        self.tag("provenance/checkpoint", self.archive.checkpoint())?;
        self.tag("provenance/vkey", format!("{}\n", self.archive.checkpoint_vkey()).as_bytes())?;
        self.tag("provenance/revisions.jsonl", &revisions)?;
        let tags = lines(&self.tags);
        self.tag("tagmanifest-sha256.txt", tags.as_bytes())
    }

    /// Writes a tag file, once.
    fn tag(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        if self.tags.insert(name.to_owned(), Digest::of(bytes)).is_some() {
            return Ok(());
        }
        let fail = |error| Error::io("write", name.to_owned(), error);
        self.folder.write(name, |sink| sink.write_all(bytes).map_err(fail))
    }
}

/// Whether nothing can be written to its path, and other documents can be to theirs.
fn is_of_its_path(error: &Error) -> bool {
    use io::ErrorKind::{AlreadyExists, InvalidFilename, IsADirectory, NotADirectory};
    let Error::Io { source, .. } = error else { return false };
    matches!(source.kind(), AlreadyExists | InvalidFilename | IsADirectory | NotADirectory)
}

/// A manifest.
fn lines(digests: &BTreeMap<String, Digest>) -> String {
    let mut text = String::new();
    for (path, digest) in digests {
        let _ = writeln!(text, "{digest}  {path}");
    }
    text
}

/// A name as a path that every program reads from a manifest as it was written: programs do not agree on control
/// characters, `%` and white space at an end, and not every name is UTF-8. Such bytes are written `=XX`.
fn payload_path(name: &[u8]) -> String {
    let mut path = String::new();
    let mut rest = name;
    while !rest.is_empty() {
        let (valid, bad) = match std::str::from_utf8(rest) {
            Ok(valid) => (valid, 0),
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                let n_bad = error.error_len().unwrap_or(after.len());
                (std::str::from_utf8(valid).unwrap_or_default(), n_bad)
            }
        };
        let is_end = bad == 0;
        for (at, c) in valid.char_indices() {
            let after = &valid.as_bytes()[at + c.len_utf8()..];
            let is_last = is_end && after.is_empty();
            if is_odd(c, after, is_last) {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| escape(&mut path, byte));
            } else {
                path.push(c);
            }
        }
        let after = &rest[valid.len()..];
        after[..bad].iter().for_each(|byte| escape(&mut path, *byte));
        rest = &after[bad..];
    }
    path
}

fn is_odd(c: char, after: &[u8], is_last: bool) -> bool {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    let looks_escaped = || after.len() >= 2 && after[..2].iter().all(is_hex);
    c.is_control()
        || matches!(c, '%' | '\\')
        || is_last && c.is_whitespace()
        || c == '=' && looks_escaped()
}

fn escape(path: &mut String, byte: u8) {
    let _ = write!(path, "={byte:02X}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_have_paths_that_every_program_reads() {
        for (name, path) in [
            (&b"letters/a b.txt"[..], "letters/a b.txt"),
            ("h\u{e4}fen/\u{6e2f}".as_bytes(), "h\u{e4}fen/\u{6e2f}"),
            (b"a\nb\rc\td", "a=0Ab=0Dc=09d"),
            (b"100%", "100=25"),
            (b"end ", "end=20"),
            (b"caf\xe9/x", "caf=E9/x"),
            (b"q=1&r=2", "q=1&r=2"),
            (b"q=0A", "q=3D0A"),
            (b"back\\slash", "back=5Cslash"),
        ] {
            assert_eq!(payload_path(name), path);
        }
    }
}

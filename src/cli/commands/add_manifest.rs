//! `archive add --manifest`: a file of lines says of each document where it lies and what is recorded of it.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;

use crate::{
    archive::ingest::{Captured, Provenance},
    cli::{
        session::{Session, shown},
        walk::{Naming, Walk, WalkItem},
    },
    types::{
        error::{Error, in_words},
        limits::MANIFEST_BYTES_MAX,
        name::DocName,
        tag::Tag,
        time::{FORMS, Timestamp},
    },
};

use super::{
    add_args::AddArgs,
    add_items::{Items, items_of, past, unpacker, walk_options},
};

/// What a line is that is none.
const LINE_FORM: &str = "a line is a JSON object with path, and perhaps name, source, captured, note and tags, such as \
                         {\"path\": \"a.txt\"}";

/// One line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntakeLine {
    /// Where the document lies, from the folder of the manifest.
    path: PathBuf,
    /// The document's name; without it the path.
    name: Option<String>,
    source: Option<String>,
    captured: Option<String>,
    note: Option<String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// A line that was understood.
struct ManifestItem {
    number: usize,
    path: PathBuf,
    name: DocName,
    is_named: bool,
    provenance: Arc<Provenance>,
}

/// The documents of a manifest, in its order. Nothing is added where a line is wrong.
pub(super) fn items(
    session: &mut Session,
    args: &AddArgs,
    file: &Path,
    common: &Provenance,
) -> Result<Items, Error> {
    let text = read(file)?;
    let folder = match file.as_os_str() == "-" {
        true => Path::new(""),
        false => file.parent().unwrap_or(Path::new("")),
    };
    let mut read = Vec::new();
    // Some editors put a byte order mark before a text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = n + 1;
        let item = understood(session, (args, folder, common), number, line);
        read.push(item.map_err(|why| at(file, number, &why))?);
    }
    let mut options = walk_options(session, args)?;
    options.naming = Naming::default();
    let paths: Vec<PathBuf> = read.iter().map(|item| item.path.clone()).collect();
    // Of what is no folder a walk gives one item.
    let walk = Walk::new(paths.into_iter().map(Ok), options);
    let (file, unpacker) = (file.to_owned(), unpacker(session, args, common));
    let items = read.into_iter().zip(walk).flat_map(move |(line, walked)| {
        let given = (Arc::clone(&line.provenance), line.is_named);
        items_of(named(line, walked, &file), &unpacker, Some(given))
    });
    Ok(Box::new(items))
}

fn read(file: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let shown_as = if file.as_os_str() == "-" { Path::new("standard input") } else { file };
    let failed = |source| Error::io("read", shown_as.display().to_string(), source);
    let source: Box<dyn io::Read> = match file.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(fs::File::open(file).map_err(failed)?),
    };
    source.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MANIFEST_BYTES_MAX {
        let shown = shown(shown_as);
        return Err(Error::usage(format!("{shown} has more than 1 GiB; write several manifests")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let n_lines = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        at(file, n_lines + 1, "it is not UTF-8")
    })
}

fn at(file: &Path, number: usize, why: &str) -> Error {
    Error::usage(format!("{}, line {number}: {why}", shown(file)))
}

/// What a line says, or why it says nothing.
fn understood(
    session: &Session,
    (args, folder, common): (&AddArgs, &Path, &Provenance),
    number: usize,
    line: &str,
) -> Result<ManifestItem, String> {
    // An array would be taken for the fields in their order.
    if !line.trim_start().starts_with('{') {
        return Err(LINE_FORM.to_owned());
    }
    let line: IntakeLine = serde_json::from_str(line).map_err(|why| in_line(&why))?;
    if line.path.as_os_str().is_empty() {
        return Err("its path is empty".to_owned());
    }
    let path = folder.join(&line.path);
    if fs::metadata(&path).is_ok_and(|it| it.is_dir()) {
        return Err(format!("{} is a folder; a line is about one document", shown(&path)));
    }
    let name = match &line.name {
        Some(name) => DocName::new(name.as_bytes()),
        None => DocName::of_path(line.path.as_os_str().as_encoded_bytes()),
    };
    let name = match (name, &args.prefix) {
        (Ok(name), Some(prefix)) => name.under(prefix),
        (name, _) => name,
    };
    let name = name.map_err(|why| format!("it has no name: {why}"))?;
    let captured = match &line.captured {
        None => common.captured,
        Some(text) => {
            let time = Timestamp::read_start(text, session.now)
                .ok_or_else(|| format!("captured {text:?} is no time; write {FORMS}"))?;
            Captured::At(past(time, session).map_err(|why| why.to_string())?)
        }
    };
    let mut tags = common.tags.clone();
    for tag in line.tags.into_iter().flatten() {
        tags.push(Tag::new(&tag).map_err(|why| format!("tag {tag:?}: {why}"))?);
    }
    let provenance = Provenance {
        source: line.source.or_else(|| common.source.clone()),
        captured,
        note: line.note.or_else(|| common.note.clone()),
        tags,
        ..common.clone()
    };
    provenance.check().map_err(|why| why.to_string())?;
    let is_named = line.name.is_some();
    Ok(ManifestItem { number, path, name, is_named, provenance: Arc::new(provenance) })
}

/// What is wrong, without the line number that JSON counts, which is always 1.
fn in_line(why: &serde_json::Error) -> String {
    let text = why.to_string();
    let cut = text.find(" at line ").unwrap_or(text.len());
    format!("{}, at character {}", &text[..cut], why.column())
}

/// What was met at the path of a line, with what the line says of it.
fn named(line: ManifestItem, walked: WalkItem, file: &Path) -> WalkItem {
    match walked {
        WalkItem::Found(mut found) => {
            found.name = line.name;
            WalkItem::Found(found)
        }
        WalkItem::Unreadable(mut unreadable) => {
            let (number, error) = (line.number, &unreadable.error);
            let why = format!("{} ({}, line {number})", in_words(error), shown(file));
            unreadable.error = io::Error::new(error.kind(), why);
            WalkItem::Unreadable(unreadable)
        }
        skipped => skipped,
    }
}

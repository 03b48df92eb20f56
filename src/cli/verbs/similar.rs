//! `archive similar`

use std::{ffi::OsStr, io::Read as _, os::unix::ffi::OsStrExt as _, path::Path};

use serde::Serialize;

use crate::{
    archive::{
        Archive,
        similar::{Near, RESEMBLANCE_MIN},
    },
    cli::{
        args::SimilarArgs,
        exit::ExitCode,
        files::open_input,
        lines::{RevisionLine, typed},
        session::Session,
        terminal::{Style, shown_name},
    },
    crafts::text,
    keepers::catalog::Document,
    words::{error::Error, limits, name::DocName},
};

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    revision: RevisionLine,
    resemblance: f64,
    contained: f64,
    contains: f64,
}

#[derive(Serialize)]
struct Summary {
    documents: usize,
}

/// The text asked about.
struct Asked {
    bytes: Vec<u8>,
    media_type: String,
    own: Option<Document>,
    label: String,
}

/// Finds the documents whose text resembles one.
pub fn run(session: &mut Session, args: &SimilarArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let asked = asked(session, &archive, args.what.as_bytes())?;
    let min = args.min.unwrap_or(RESEMBLANCE_MIN);
    let near = archive.similar(&asked.bytes, &asked.media_type, asked.own.as_ref(), min)?;
    let Some(mut near) = near else {
        return Err(Error::usage(format!("{} has no text to compare", asked.label)));
    };
    near.truncate(args.limit.unwrap_or(usize::MAX));
    for one in &near {
        tell(session, one)?;
    }
    if session.globals.json {
        session.out.json(&typed("summary", Summary { documents: near.len() }))?;
    } else if near.is_empty() {
        session.say(&format!("nothing resembles {} from {min:.2} on", asked.label));
    }
    Ok(if near.is_empty() { ExitCode::No } else { ExitCode::Done })
}

fn tell(session: &mut Session, near: &Near) -> Result<(), Error> {
    let overlap = &near.overlap;
    let (resemblance, contained, contains) =
        (overlap.resemblance(), overlap.containment_of_a(), overlap.containment_of_b());
    if session.globals.json {
        let revision = RevisionLine::of(&near.document, &near.revision);
        return session
            .out
            .json(&typed("near", Line { revision, resemblance, contained, contains }));
    }
    let score = session.out.paint(Style::Strong, &format!("{resemblance:.2}"));
    let name = shown_name(near.document.name.as_bytes());
    let part = session
        .out
        .paint(Style::Dim, &format!("(has {contained:.2} of it, {contains:.2} of its own text)"));
    session.out.line(&format!("{score}  {name}@{}  {part}", near.revision.number))
}

/// A document, else a file, else standard input.
fn asked(session: &mut Session, archive: &Archive, words: &[u8]) -> Result<Asked, Error> {
    if words == b"-" {
        let bytes = text_of(std::io::stdin().lock(), "standard input")?;
        return Ok(foreign(bytes, "standard input", b"-"));
    }
    let path = Path::new(OsStr::from_bytes(words));
    match archive.select(words, session.now) {
        Ok((document, revision)) => Ok(Asked {
            bytes: archive.read_whole(&document, &revision)?,
            media_type: revision.media_type.clone(),
            label: format!("{}@{}", shown_name(document.name.as_bytes()), revision.number),
            own: Some(document),
        }),
        Err(Error::NotFound { candidates, .. }) if candidates.is_empty() && path.exists() => {
            let shown = shown_name(words);
            let input = open_input(path).map_err(|e| Error::io("read", shown.clone(), e))?;
            Ok(foreign(text_of(input.file, &shown)?, &shown, words))
        }
        Err(error) => Err(error),
    }
}

fn foreign(bytes: Vec<u8>, label: &str, path: &[u8]) -> Asked {
    let head = &bytes[..bytes.len().min(8192)];
    let media_type =
        DocName::of_path(path).map_or("text/plain", |name| text::media_type(&name, head));
    Asked { media_type: media_type.to_owned(), bytes, own: None, label: label.to_owned() }
}

/// As many bytes as are treated as text, and one more to tell that there were too many.
fn text_of(source: impl std::io::Read, label: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = source.take(limits::TEXT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|source| Error::io("read", label, source))?;
    Ok(bytes)
}

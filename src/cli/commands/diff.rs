//! `archive diff`

use std::{ffi::OsStr, io::Read as _, os::unix::ffi::OsStrExt as _, path::Path};

use serde::Serialize;

use crate::{
    archive::{
        Archive,
        compare::{Compared, Side, compare},
        find::{self, Which},
    },
    catalog::{Document, Revision},
    cli::{
        args::DiffArgs,
        exit::ExitCode,
        files::open_input,
        lines::typed,
        session::Session,
        terminal::{Style, shown_name, size},
    },
    diff::{self, Block, Comparison, Sides, Stat},
    text,
    types::{digest::Digest, error::Error, limits, name::DocName},
};

use super::changes;

/// One side with what to call it.
struct Named {
    /// `name@number`, or a file's path.
    label: String,
    /// The name for a patch.
    path: Vec<u8>,
    digest: Digest,
    side: Side,
}

#[derive(Serialize)]
struct SideLine<'a> {
    label: &'a str,
    sha256: String,
    bytes: u64,
    media_type: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    a: SideLine<'a>,
    b: SideLine<'a>,
    kind: &'static str,
    paragraphs: Option<changes::Paragraphs>,
    words: Option<changes::Words>,
    blocks: Option<Vec<changes::BlockLine>>,
}

impl<'a> SideLine<'a> {
    fn of(named: &'a Named) -> Self {
        Self {
            label: &named.label,
            sha256: named.digest.to_string(),
            bytes: named.side.bytes.len() as u64,
            media_type: &named.side.media_type,
        }
    }
}

/// Shows what changed.
pub fn run(session: &mut Session, args: &DiffArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let Sides { a, b } = sides(session, &archive, args)?;
    let differ = a.digest != b.digest;
    match args.unified {
        _ if session.globals.json => json(session, args, &a, &b)?,
        Some(context) => patch(session, args.context.unwrap_or(context), &a, &b)?,
        None => people(session, args, &a, &b)?,
    }
    Ok(if differ && args.exit_code { ExitCode::No } else { ExitCode::Done })
}

/// The two sides that the words mean.
fn sides(session: &mut Session, archive: &Archive, args: &DiffArgs) -> Result<Sides<Named>, Error> {
    let (first, now) = (args.a.as_bytes(), session.now);
    let Some(second) = &args.b else {
        let (document, revision) = archive.select(first, now)?;
        if revision.number == 1 {
            return Err(Error::NotFound {
                what: format!(
                    "{}@1 is the first revision; there is none before it to compare with",
                    document.name.text()
                ),
                candidates: vec![document.name.text().into_owned()],
            });
        }
        let (_, before) = archive.revision(&document, Which::Number(revision.number - 1))?;
        return Ok(Sides {
            a: stored(archive, &document, &before)?,
            b: stored(archive, &document, &revision)?,
        });
    };
    let (document, revision) = archive.select(first, now)?;
    let a = stored(archive, &document, &revision)?;
    let second = second.as_bytes();
    if let (b"", Some(which)) = find::split(second, now) {
        let (_, revision) = archive.revision(&document, which)?;
        return Ok(Sides { b: stored(archive, &document, &revision)?, a });
    }
    if second == b"-" {
        let mut bytes = Vec::new();
        let limit = limits::CONTENT_BYTES_MAX;
        let read = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
        read.map_err(|source| Error::io("read", "standard input", source))?;
        return Ok(Sides { b: given(b"-", &document.name, bytes), a });
    }
    match archive.select(second, now) {
        Ok((document, revision)) => Ok(Sides { b: stored(archive, &document, &revision)?, a }),
        Err(Error::NotFound { candidates, .. })
            if candidates.is_empty() && Path::new(OsStr::from_bytes(second)).exists() =>
        {
            let bytes = file(Path::new(OsStr::from_bytes(second)))?;
            Ok(Sides { b: given(second, &document.name, bytes), a })
        }
        Err(error) => Err(error),
    }
}

fn stored(archive: &Archive, document: &Document, revision: &Revision) -> Result<Named, Error> {
    Ok(Named {
        label: format!("{}@{}", shown_name(document.name.as_bytes()), revision.number),
        path: document.name.as_bytes().to_vec(),
        digest: revision.digest,
        side: Side {
            bytes: archive.read_whole(document, revision)?,
            media_type: revision.media_type.clone(),
        },
    })
}

fn given(path: &[u8], name: &DocName, bytes: Vec<u8>) -> Named {
    let head = &bytes[..bytes.len().min(8192)];
    let media_type = text::media_type(&DocName::of_path(path).unwrap_or(name.clone()), head);
    Named {
        label: shown_name(path),
        path: path.to_vec(),
        digest: Digest::of(&bytes),
        side: Side { bytes, media_type: media_type.to_owned() },
    }
}

fn file(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = open_input(path).and_then(|mut input| input.file.read_to_end(&mut bytes));
    read.map_err(|source| Error::io("read", path.display().to_string(), source))?;
    Ok(bytes)
}

fn patch(session: &mut Session, context: usize, a: &Named, b: &Named) -> Result<(), Error> {
    let bytes = Sides { a: &a.side.bytes[..], b: &b.side.bytes[..] };
    let patch = diff::unified(bytes, Sides { a: &a.path, b: &b.path }, context);
    if session.out.is_terminal() {
        return changes::patch_on_terminal(session, &patch);
    }
    session.out.bytes(&patch)
}

fn people(session: &mut Session, args: &DiffArgs, a: &Named, b: &Named) -> Result<(), Error> {
    let heading = format!("{} → {}", a.label, b.label);
    let heading = session.out.paint(Style::Heading, &heading);
    match compare(&a.side, &b.side) {
        Compared::Same => {
            session.say(&format!("{} and {} are the same", a.label, b.label));
            Ok(())
        }
        Compared::Binary { n_bytes, digests } => {
            session.out.line(&heading)?;
            for (mark, n_bytes, digest) in
                [("-", n_bytes.a, digests.a), ("+", n_bytes.b, digests.b)]
            {
                let digest = digest.to_string();
                session.out.line(&format!("{mark} binary, {}, sha256 {digest}", size(n_bytes)))?;
            }
            Ok(())
        }
        Compared::Text { texts, comparison } => {
            session.out.line(&heading)?;
            if !args.stat {
                changes::show(session, &texts, &comparison, args.context.unwrap_or(0))?;
            }
            let stat = sentence(&comparison.stat, hidden(&comparison));
            session.out.line(&stat)
        }
    }
}

/// Whether two texts that differ read the same.
fn hidden(comparison: &Comparison) -> bool {
    comparison.blocks.iter().all(|block| matches!(block, Block::Same { .. }))
}

fn sentence(stat: &Stat, is_hidden: bool) -> String {
    if is_hidden {
        return "the bytes differ, the text that people read does not".into();
    }
    let paragraphs = &stat.paragraphs;
    let parts = [
        (paragraphs.changed, "changed"),
        (paragraphs.added, "added"),
        (paragraphs.removed, "removed"),
        (paragraphs.moved, "moved"),
        (paragraphs.rewrapped, "re-wrapped"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    format!(
        "paragraphs: {}; words: {} added, {} removed",
        parts.join(", "),
        stat.words.added,
        stat.words.removed
    )
}

fn json(session: &mut Session, args: &DiffArgs, a: &Named, b: &Named) -> Result<(), Error> {
    let (a_line, b_line) = (SideLine::of(a), SideLine::of(b));
    let mut line =
        Line { a: a_line, b: b_line, kind: "same", paragraphs: None, words: None, blocks: None };
    match compare(&a.side, &b.side) {
        Compared::Same => {}
        Compared::Binary { .. } => line.kind = "binary",
        Compared::Text { texts, comparison } => {
            line.kind = "text";
            line.paragraphs = Some(changes::Paragraphs::of(&comparison.stat.paragraphs));
            line.words = Some(changes::Words::of(&comparison.stat.words));
            if !args.stat {
                line.blocks = Some(changes::blocks(&texts, &comparison));
            }
        }
    }
    session.out.json(&typed("diff", line))
}

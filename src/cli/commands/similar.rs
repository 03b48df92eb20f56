//! `archive similar`

use std::{ffi::OsStr, io::Read as _, os::unix::ffi::OsStrExt as _, path::Path};

use serde::Serialize;

use crate::{
    archive::{
        Archive,
        similar::neighbours::{Explanation, NearDocument, SimilarQuery, Threshold},
    },
    catalog::{Document, Revision},
    cli::{
        args::SimilarArgs,
        exit::ExitCode,
        files::open_input,
        lines::{RevisionLine, SimilarityLine, typed},
        session::Session,
        terminal::{Style, shown_name, shown_text, size},
    },
    text,
    types::{error::Error, limits, name::DocName},
};

/// So many passages of a kind are shown to people.
const PASSAGES_SHOWN_MAX: usize = 8;
/// Of a long passage so many characters are shown.
const PASSAGE_CHARS_MAX: usize = 300;

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    revision: RevisionLine,
    #[serde(flatten)]
    similarity: SimilarityLine,
    why: Option<Why>,
}

#[derive(Serialize)]
struct Why {
    shared: Vec<String>,
    only_asked: Vec<String>,
    only_near: Vec<String>,
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

impl Asked {
    fn is_text(&self) -> bool {
        text::readable(&self.bytes, &self.media_type).is_some_and(|it| !it.text.trim().is_empty())
    }

    fn is_no_text(&self) -> Error {
        no_text(&self.label, self.bytes.len() as u64)
    }
}

fn no_text(label: &str, n_bytes: u64) -> Error {
    let n_bytes_max = limits::TEXT_BYTES_MAX as u64;
    Error::usage(match n_bytes > n_bytes_max {
        true => format!("{label} is too long: texts of up to {} are compared", size(n_bytes_max)),
        false => format!("{label} has no text to compare"),
    })
}

/// Finds the documents whose text resembles one.
pub fn run(session: &mut Session, args: &SimilarArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let asked = asked(session, &archive, args.what.as_bytes())?;
    let mut near = match &args.other {
        Some(other) => vec![compared(session, &archive, &asked, other)?],
        None => found(&archive, &asked, args)?,
    };
    let at_least = |number: f64, min: Option<f64>| min.is_none_or(|min| number >= min);
    near.retain(|near| {
        at_least(near.similarity.a_in_b, args.contained)
            && at_least(near.similarity.b_in_a, args.contains)
    });
    let is_near = near.iter().any(|near| near.similarity.reaches(threshold(args)));
    near.truncate(args.limit.unwrap_or(usize::MAX));
    for (turn, one) in near.iter().enumerate() {
        if args.why && turn > 0 && !session.globals.json {
            session.out.line("")?;
        }
        tell(session, &archive, &asked, (one, args.why))?;
    }
    if session.globals.json {
        session.out.json(&typed("summary", Summary { documents: near.len() }))?;
    } else if !is_near {
        session.say(&none_is_near(&asked, args));
    }
    Ok(if is_near { ExitCode::Done } else { ExitCode::No })
}

fn threshold(args: &SimilarArgs) -> Threshold {
    args.min.map_or(Threshold::Copied, Threshold::Resemblance)
}

fn none_is_near(asked: &Asked, args: &SimilarArgs) -> String {
    let which = match (&args.other, args.contained.or(args.contains)) {
        (Some(_), _) => "they are no near-duplicates".to_owned(),
        (None, Some(_)) => format!("nothing is that near to {}", asked.label),
        (None, None) => format!("nothing resembles {}", asked.label),
    };
    match args.min {
        Some(min) => format!("{which} from {min:.2} on"),
        None => which,
    }
}

/// The documents that are near.
fn found(archive: &Archive, asked: &Asked, args: &SimilarArgs) -> Result<Vec<NearDocument>, Error> {
    let question = SimilarQuery {
        threshold: threshold(args),
        own: asked.own.as_ref(),
        all_revisions: args.all_revisions,
    };
    let near = archive.similar(&asked.bytes, &asked.media_type, question)?;
    near.ok_or_else(|| asked.is_no_text())
}

/// One other document, near or not.
fn compared(
    session: &Session,
    archive: &Archive,
    asked: &Asked,
    other: &OsStr,
) -> Result<NearDocument, Error> {
    let (document, revision) = archive.select(other.as_bytes(), session.now)?;
    let similarity = archive.similarity((&asked.bytes, &asked.media_type), &revision)?;
    let Some(similarity) = similarity else {
        return Err(match asked.is_text() {
            true => no_text(&label(&document, &revision), revision.n_bytes),
            false => asked.is_no_text(),
        });
    };
    Ok(NearDocument { document, revision, similarity })
}

fn tell(
    session: &mut Session,
    archive: &Archive,
    asked: &Asked,
    (near, wants_why): (&NearDocument, bool),
) -> Result<(), Error> {
    let close = near.similarity;
    let why = match wants_why {
        true => {
            let text = (&asked.bytes[..], asked.media_type.as_str());
            Some(archive.explain_similarity(text, &near.revision)?)
        }
        false => None,
    };
    if session.globals.json {
        let line = Line {
            revision: RevisionLine::of(&near.document, &near.revision),
            similarity: SimilarityLine::of(&close),
            why: why.map(|why| Why {
                shared: why.shared,
                only_asked: why.only_a,
                only_near: why.only_b,
            }),
        };
        return session.out.json(&typed("near", line));
    }
    let score = session.out.paint(Style::Strong, &format!("{:.2}", close.resemblance));
    let name = shown_name(near.document.name.as_bytes());
    let part = format!("(has {:.2} of it, {:.2} of its own text)", close.a_in_b, close.b_in_a);
    let part = session.out.paint(Style::Dim, &part);
    session.out.line(&format!("{score}  {name}@{}  {part}", near.revision.number))?;
    why.map_or(Ok(()), |why| tell_why(session, &asked.label, &name, &why))
}

/// Shows what both say and what each says alone.
fn tell_why(
    session: &mut Session,
    asked: &str,
    near: &str,
    why: &Explanation,
) -> Result<(), Error> {
    for (heading, passages) in [
        ("both have".to_owned(), &why.shared),
        (format!("only {asked} has"), &why.only_a),
        (format!("only {near} has"), &why.only_b),
    ] {
        if passages.is_empty() {
            continue;
        }
        let heading = session.out.paint(Style::Heading, &format!("  {heading}:"));
        session.out.line(&heading)?;
        for passage in passages.iter().take(PASSAGES_SHOWN_MAX) {
            session.out.line(&format!("    {}", shortened(passage)))?;
        }
        if passages.len() > PASSAGES_SHOWN_MAX {
            let n_more = passages.len() - PASSAGES_SHOWN_MAX;
            session.out.line(&format!("    and {n_more} more"))?;
        }
    }
    Ok(())
}

/// A passage as people see it; of a long one both ends.
fn shortened(passage: &str) -> String {
    let chars: Vec<char> = passage.chars().collect();
    if chars.len() <= PASSAGE_CHARS_MAX {
        return shown_text(passage);
    }
    let half = PASSAGE_CHARS_MAX / 2;
    let (head, tail) = (&chars[..half], &chars[chars.len() - half..]);
    let side = |chars: &[char]| chars.iter().collect::<String>();
    shown_text(&format!("{} … {}", side(head), side(tail)))
}

/// A document, else a file, else standard input.
fn asked(session: &mut Session, archive: &Archive, words: &[u8]) -> Result<Asked, Error> {
    if words == b"-" {
        let bytes = text_of(std::io::stdin().lock(), "standard input")?;
        return Ok(foreign(bytes, "standard input", b"-"));
    }
    let path = Path::new(OsStr::from_bytes(words));
    match archive.select(words, session.now) {
        Ok((document, revision)) if revision.n_bytes > limits::TEXT_BYTES_MAX as u64 => {
            Err(no_text(&label(&document, &revision), revision.n_bytes))
        }
        Ok((document, revision)) => Ok(Asked {
            bytes: archive.read_whole(&document, &revision)?,
            media_type: revision.media_type.clone(),
            label: label(&document, &revision),
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

fn label(document: &Document, revision: &Revision) -> String {
    format!("{}@{}", shown_name(document.name.as_bytes()), revision.number)
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

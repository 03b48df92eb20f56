//! `archive show`

use std::{collections::BTreeMap, ffi::OsString, os::unix::ffi::OsStrExt as _};

use clap::Args;
use serde::Serialize;
use sha1::{Digest as _, Sha1};

use crate::{
    archive::{
        Archive, DeltaChain,
        compare::{Charset, FoundEncoding, are_bytes_text},
        extract::{ExtractionStatus, status_unrendered},
        filter::DigestHead,
        revision_text::Rendering,
    },
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        extractor::hooks,
        operand::label_of,
        print::{
            about::said,
            gaps,
            json::{RevisionLine, typed},
            output::Output,
            revision::withdrawal_words,
            terminal::{
                Style, count, counted, exact_size, pad_right, shown_name, shown_words, size,
                too_long_words,
            },
        },
        session::Session,
    },
    types::{
        digest::hex,
        document::{Document, Revision, Withdrawn},
        error::Error,
    },
};

const EXAMPLES: &[&str] = &[
    "archive show report.txt                # the latest revision",
    "archive show report.txt@2026-03-01     # as it was on that day",
];

/// Show all that is known about a revision
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct ShowArgs {
    /// A document, and perhaps which revision; or the SHA-256 of a content
    #[arg(value_name = "DOC[@REV]")]
    pub doc: OsString,

    /// Read a text that does not prove another encoding in this one: cp850, macintosh
    #[arg(long, value_name = "NAME", value_parser = values::encoding)]
    pub encoding: Option<Charset>,
}

#[derive(Serialize)]
struct ShownRevisionLine {
    #[serde(flatten)]
    revision: RevisionLine,
    gone: Option<String>,
    tags: Vec<String>,
    encoding: Option<&'static str>,
    encoding_rule: Option<&'static str>,
    format: Option<&'static str>,
    text: Option<&'static str>,
    metadata: Option<BTreeMap<&'static str, String>>,
    swhid: Option<String>,
    frame_bytes: Option<u64>,
    depth: Option<u64>,
    chunks: Option<u64>,
}

/// What follows only from the content's bytes.
struct StoredContent {
    swhid: String,
    chain: DeltaChain,
    /// Of a text.
    encoding: Option<FoundEncoding>,
    /// Of what is rendered.
    rendering: Option<Rendering>,
    /// What a page or a document of another format says of itself.
    metadata: Vec<(&'static str, String)>,
}

/// Shows all that is known about a revision; of one that cannot be read, all but what follows from its bytes.
pub fn run(session: &mut Session, args: &ShowArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let (document, revision) = selected(session, &archive, args.doc.as_bytes())?;
    let (kept, damage) = match kept(&archive, &document, &revision, args.encoding) {
        Ok(kept) => (Some(kept), None),
        Err(Error::Withdrawn { .. }) => (None, None),
        Err(error) if matches!(error, Error::Damaged { .. }) || error.denial().is_some() => {
            (None, Some(error))
        }
        Err(error) => return Err(error),
    };
    let encoding = kept.as_ref().and_then(|kept| kept.encoding);
    let rendering = kept.as_ref().and_then(|kept| kept.rendering);
    let status = rendering.map(|it| it.status).or_else(|| unrendered(&revision, kept.as_ref()));
    if let (Some(named), Some(_), None) = (args.encoding, &kept, encoding) {
        let label = label_of(&document, &revision);
        session.info(&format!("{label} is no text in {}: --encoding does nothing", named.name()));
    }
    if session.globals.json {
        let catalog = archive.catalog();
        let line = ShownRevisionLine {
            revision: RevisionLine::of(&document, &revision),
            gone: catalog.gone_since(&document)?.map(|time| time.to_string()),
            tags: catalog.tags(&document)?,
            encoding: encoding.map(|it| it.name),
            encoding_rule: encoding.map(|it| it.rule.code()),
            format: rendering.map(|it| it.format.code()),
            text: status.map(ExtractionStatus::code),
            metadata: kept.as_ref().map(|kept| kept.metadata.iter().cloned().collect()),
            frame_bytes: kept.as_ref().map(|kept| kept.chain.n_frame),
            depth: kept.as_ref().map(|kept| kept.chain.depth),
            chunks: kept.as_ref().map(|kept| kept.chain.n_chunks),
            swhid: kept.map(|kept| kept.swhid),
        };
        session.out.json(&typed("revision", line))?;
    } else {
        print_card(&mut session.out, &archive, (&document, &revision), kept.as_ref())?;
    }
    let mut read_otherwise = archive.kept_otherwise()?;
    read_otherwise.retain(|it| *it == revision.media_type);
    gaps::tell_read_otherwise(session, &read_otherwise);
    damage.map_or(Ok(ExitCode::Done), Err)
}

/// The revision that words mean; or, where they mean none, the first one with a content whose SHA-256 begins so.
fn selected(
    session: &Session,
    archive: &Archive,
    words: &[u8],
) -> Result<(Document, Revision), Error> {
    let missing = match archive.select(words, session.now) {
        Err(error @ Error::NotFound { .. }) => error,
        selected => return selected,
    };
    let head = std::str::from_utf8(words).ok().and_then(DigestHead::parse);
    let mut found = match head {
        Some(head) => archive.revisions_of_content(head)?.into_iter(),
        None => return Err(missing),
    };
    let first = found.next().ok_or(missing)?;
    let n_others = found.len() as u64;
    if n_others > 0 {
        let others = counted(n_others, "more revision has", "more revisions have");
        session.info(&format!("{others} such a content: archive ls --hash {}", shown_name(words)));
    }
    Ok(first)
}

fn kept(
    archive: &Archive,
    document: &Document,
    revision: &Revision,
    named: Option<Charset>,
) -> Result<StoredContent, Error> {
    let metadata = archive.metadata(document, revision)?.unwrap_or_default();
    Ok(StoredContent {
        metadata: said(&metadata),
        encoding: archive.encoding(document, revision, named)?,
        rendering: archive.rendering(document, revision)?,
        swhid: swhid(archive, document, revision)?,
        chain: archive.chain(revision)?,
    })
}

/// The identifier of the content by ISO/IEC 18670: the SHA-1 that git gives a blob.
fn swhid(archive: &Archive, document: &Document, revision: &Revision) -> Result<String, Error> {
    let mut hasher = Sha1::new_with_prefix(format!("blob {}\0", revision.n_bytes));
    archive.each_piece(document, revision, &|| false, |piece| {
        hasher.update(piece);
        Ok(())
    })?;
    Ok(format!("swh:1:cnt:{}", hex(&hasher.finalize())))
}

fn print_card(
    out: &mut Output,
    archive: &Archive,
    (document, revision): (&Document, &Revision),
    kept: Option<&StoredContent>,
) -> Result<(), Error> {
    let tags = archive.catalog().tags(document)?.join(" ");
    let gone = archive.catalog().gone_since(document)?;
    let text = |value: &Option<String>| value.as_ref().map(|value| shown_name(value.as_bytes()));
    let rows = [
        ("name", Some(shown_name(document.name.as_bytes()))),
        ("id", Some(document.id.to_string())),
        ("revision", Some(format!("@{} of {}", revision.number, document.n_revisions))),
        ("captured", Some(revision.captured.to_string())),
        ("added", Some(revision.at.to_string())),
        ("mtime", revision.mtime.map(|mtime| mtime.to_string())),
        ("by", text(&revision.author)),
        ("source", text(&revision.source)),
        ("note", text(&revision.note)),
        ("type", Some(shown_name(revision.media_type.as_bytes()))),
        ("encoding", encoding_words(revision, kept)),
        ("bytes", Some(exact_size(revision.n_bytes))),
        ("sha256", Some(revision.digest.to_string())),
        ("swhid", kept.map(|kept| kept.swhid.clone())),
        ("event", Some(count(revision.event))),
        ("stored", kept.map(|kept| stored(&kept.chain))),
    ];
    let by = |withdrawn: &Option<Withdrawn>| withdrawn.as_ref().map(withdrawal_words);
    let rendering = kept.and_then(|kept| kept.rendering);
    let unrendered = || unrendered(revision, kept).map(unrendered_words);
    let others = [
        ("text", rendering.map(rendering_words).or_else(unrendered)),
        ("tags", Some(shown_name(tags.as_bytes())).filter(|tags| !tags.is_empty())),
        ("gone", gone.map(|time| format!("since {time}"))),
        ("withdrawn", by(&revision.withdrawn)),
        ("words withdrawn", by(&revision.words_withdrawn)),
    ];
    let said = kept.map(|kept| kept.metadata.as_slice()).unwrap_or_default();
    let said = said.iter().map(|(field, value)| (*field, Some(shown_words(value))));
    let others = others.into_iter().filter(|(_, value)| value.is_some());
    for (label, value) in rows.into_iter().chain(said).chain(others) {
        let label = out.paint(Style::Dim, &pad_right(label, 8));
        let value = value.unwrap_or_else(|| out.paint(Style::Dim, "–"));
        out.line(&format!("{label}  {value}"))?;
    }
    Ok(())
}

/// The encoding of a text and how it was found, or why it is not read.
fn encoding_words(revision: &Revision, kept: Option<&StoredContent>) -> Option<String> {
    let words = too_long_words(revision.n_bytes, &revision.media_type);
    words.or_else(|| kept?.encoding.map(|it| it.to_string()))
}

/// What came of rendering a revision, in words.
fn rendering_words(Rendering { format, status }: Rendering) -> String {
    if !hooks::is_there(format) {
        let program = format.library().unwrap_or_default();
        return format!("{}, {program} is not there", status.code());
    }
    let by = match format.library() {
        Some(library) => format!(" by {library}"),
        None => String::new(),
    };
    format!("{}, read as {}{by}", status.code(), format.name())
}

/// What is to be said of the text of a revision that is not rendered: also where it goes by a type of text and its bytes
/// are none.
fn unrendered(revision: &Revision, kept: Option<&StoredContent>) -> Option<ExtractionStatus> {
    let status = status_unrendered(revision.n_bytes, &revision.media_type);
    match kept {
        Some(kept) if kept.encoding.is_some() => None,
        Some(_) if status.is_none() && are_bytes_text(&revision.media_type) => {
            Some(ExtractionStatus::Unsupported)
        }
        _ => status,
    }
}

/// The same in words.
fn unrendered_words(status: ExtractionStatus) -> String {
    let why = match status {
        ExtractionStatus::NoReader => "nothing here reads such a format",
        ExtractionStatus::Unsupported => "its bytes are text in no encoding that is known here",
        _ => "longer than what is read as text",
    };
    format!("{}, {why}", status.code())
}

/// How a content lies in its pack.
fn stored(chain: &DeltaChain) -> String {
    let n_stored = size(chain.n_stored);
    if chain.n_chunks > 0 {
        return format!("{n_stored} in {}", counted(chain.n_chunks, "chunk", "chunks"));
    }
    let how = match (chain.n_in_frame, chain.depth) {
        (0 | 1, 0) => "by itself".to_owned(),
        (0 | 1, depth) => format!("on {}", counted(depth, "base", "bases")),
        (n_in_frame, depth) => {
            let others = counted(n_in_frame - 1, "other", "others");
            let bases = match depth {
                0 => String::new(),
                depth => format!(", on {}", counted(depth, "base", "bases")),
            };
            format!("of {} in a solid frame with {others}{bases}", size(chain.n_frame))
        }
    };
    format!("{n_stored} {how}; {} decoded to read it", size(chain.decoded_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_there_is_no_text_is_said_in_words() {
        for (n_bytes, media_type, words) in [
            (65 << 20, "text/plain", Some("too-large, longer than what is read as text")),
            (9, "application/zip", Some("no-reader, nothing here reads such a format")),
            (9, "text/plain", None),
            (9, "image/png", None),
        ] {
            let words_of = status_unrendered(n_bytes, media_type).map(unrendered_words);
            assert_eq!(words_of.as_deref(), words, "{media_type}");
        }
    }

    #[test]
    fn how_a_content_lies_is_said_in_words() {
        let chain = DeltaChain::ALONE;
        for (chain, words) in [
            (chain, "300 B by itself; 900 B decoded to read it"),
            (DeltaChain { depth: 2, ..chain }, "300 B on 2 bases; 900 B decoded to read it"),
            (
                DeltaChain { n_stored: 100, n_in_frame: 2, ..chain },
                "100 B of 300 B in a solid frame with 1 other; 900 B decoded to read it",
            ),
            (DeltaChain { n_chunks: 9, ..chain }, "300 B in 9 chunks"),
        ] {
            assert_eq!(stored(&chain), words);
        }
    }
}

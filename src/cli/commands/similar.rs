//! `archive similar`

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        compare::Charset,
        extract::{ExtractionStatus, status_unrendered},
        operand::{Asked, Operand},
        revision_text::{Rendering, rendering_of},
        similar::{
            Explanation, ReadAs, Scope, SharedPassage, Threshold, has_words,
            neighbours::{NearDocument, SimilarQuery},
        },
    },
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        operand::{Here, label, label_of},
        print::{
            gaps,
            json::{RevisionLine, SimilarityLine, typed},
            lost_packs::code_unless_lost,
            revision::{gone_mark, withdrawn_mark},
            similarity::{decisive, shares},
            terminal::{
                Style, counted, pad_left, shown_name, shown_text, shown_words, too_long_words,
            },
        },
        session::Session,
    },
    types::{
        digest::Digest,
        document::{Document, Revision},
        error::Error,
    },
};

use super::cat::{rendering_words, status_words};

const EXAMPLES: &[&str] = &[
    "archive similar report.txt",
    "archive similar --min 50% ~/Downloads/unknown.html",
    "pbpaste | archive similar -",
];

/// Find the documents that share text with one
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct SimilarArgs {
    /// A document, a file or - for standard input
    #[arg(value_name = "DOC|FILE|-")]
    pub what: OsString,

    /// Compare with this document alone
    #[arg(value_name = "OTHER", conflicts_with_all = ["limit", "all_revisions"])]
    pub other: Option<OsString>,

    /// From this resemblance: 0.8, 80% [default: 30% of the shorter text stands in the other]
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub min: Option<f64>,

    /// Only those that have this share of the text
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub contained: Option<f64>,

    /// Only those of which the text has this share
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub contains: Option<f64>,

    /// Only the closest N
    #[arg(long, value_name = "N", value_parser = values::count::<usize>)]
    pub limit: Option<usize>,

    /// Read the text asked about in this encoding, if it does not prove another: cp850, macintosh
    #[arg(long, value_name = "NAME", value_parser = values::encoding)]
    pub encoding: Option<Charset>,

    /// How much of pages is compared: article, their main parts where they have a clear one; page, all that
    /// is visible; source [default: article]
    #[arg(long, value_name = "SCOPE", value_parser = values::scope)]
    pub scope: Option<Scope>,

    /// Look at older revisions, too
    #[arg(long)]
    pub all_revisions: bool,

    /// Show the passages that both have, and those that only one has
    #[arg(long)]
    pub why: bool,
}

/// So many passages under each heading are shown to people.
const PASSAGES_SHOWN_MAX: usize = 8;
/// Of a long passage so many characters are shown.
const PASSAGE_CHARS_MAX: usize = 300;

#[derive(Serialize)]
struct NearLine {
    #[serde(flatten)]
    revision: RevisionLine,
    gone: Option<String>,
    #[serde(flatten)]
    similarity: SimilarityLine,
    why: Option<WhyLine>,
}

#[derive(Serialize)]
struct WhyLine {
    shared: Vec<SharedLine>,
    only_asked: Vec<String>,
    only_near: Vec<String>,
}

#[derive(Serialize)]
struct SharedLine {
    text: String,
    words: usize,
    a: [usize; 2],
    b: [usize; 2],
}

impl SharedLine {
    fn of(passage: SharedPassage) -> Self {
        let SharedPassage { text, n_same: words, a, b } = passage;
        Self { text, words, a: [a.start, a.end], b: [b.start, b.end] }
    }
}

#[derive(Serialize)]
struct SimilarSummary {
    documents: usize,
    left_out: usize,
    scope: &'static str,
    reason: Option<String>,
    not_extracted: u64,
    not_read: u64,
}

/// Why nothing is compared.
enum NotCompared {
    /// It has no text, or too much: a sentence about it, and no error.
    NoText(String),
    Error(Error),
}

impl NotCompared {
    /// The same, with the documents that have the same bytes.
    fn but_the_bytes(self, labels: &[String]) -> Self {
        let (Self::NoText(sentence), [first, others @ ..]) = (&self, labels) else { return self };
        Self::NoText(match others.len() {
            0 => format!("{sentence}; {first} has the same bytes"),
            n => format!("{sentence}; {first} and {n} more have the same bytes"),
        })
    }
}

impl From<Error> for NotCompared {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The text asked about.
struct AskedText {
    bytes: Vec<u8>,
    media_type: String,
    encoding: Option<Charset>,
    scope: Scope,
    own: Option<Document>,
    label: String,
}

impl AskedText {
    fn is_text(&self) -> bool {
        has_words(&self.bytes, self.read_as())
    }

    fn read_as(&self) -> ReadAs<'_> {
        ReadAs { media_type: &self.media_type, named: self.encoding, scope: self.scope }
    }

    /// The bytes, and as what they are read.
    fn text(&self) -> (&[u8], ReadAs<'_>) {
        (&self.bytes, self.read_as())
    }

    fn is_no_text(&self) -> NotCompared {
        match rendering_of(&self.bytes, &self.media_type, self.encoding) {
            Some(rendering) => not_rendered(&self.label, rendering),
            None => no_text(&self.label, self.bytes.len() as u64, &self.media_type),
        }
    }

    /// The same, and which other documents have these bytes.
    fn is_no_text_of(&self, archive: &Archive) -> Result<NotCompared, Error> {
        let all = archive.revisions_of_content(Digest::of(&self.bytes).into())?;
        let others = all.iter().filter(|(document, revision)| {
            let is_own = self.own.as_ref().is_some_and(|own| own.id == document.id);
            !is_own && document.latest == revision.event && revision.n_bytes > 0
        });
        let labels: Vec<String> =
            others.map(|(document, revision)| label_of(document, revision)).collect();
        Ok(self.is_no_text().but_the_bytes(&labels))
    }
}

fn not_rendered(label: &str, rendering: Rendering) -> NotCompared {
    NotCompared::NoText(format!(
        "{label} has no text to compare: it {}",
        rendering_words(rendering)
    ))
}

fn no_text(label: &str, n_bytes: u64, media_type: &str) -> NotCompared {
    let why = match status_unrendered(n_bytes, media_type) {
        Some(status @ ExtractionStatus::NoReader) => format!(": it {}", status_words(status)),
        _ => String::new(),
    };
    NotCompared::NoText(match too_long_words(n_bytes, media_type) {
        None => format!("{label} has no text to compare{why}"),
        Some(why) => format!("{label} is {why}"),
    })
}

/// Finds the documents whose text resembles one.
pub fn run(session: &mut Session, args: &SimilarArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let scope = args.scope.unwrap_or_default().code();
    let (asked, mut near) = match compare(session, &archive, args) {
        Ok(compared) => compared,
        Err(NotCompared::Error(error)) => return Err(error),
        Err(NotCompared::NoText(sentence)) => {
            session.info(&sentence);
            if session.globals.json {
                let gaps = archive.contents_without_text()?;
                let summary = SimilarSummary {
                    documents: 0,
                    left_out: 0,
                    scope,
                    reason: Some(sentence),
                    not_extracted: gaps.n_not_extracted,
                    not_read: gaps.n_not_read,
                };
                session.out.json(&typed("summary", summary))?;
            }
            return Ok(ExitCode::No);
        }
    };
    let at_least = |number: f64, min: Option<f64>| min.is_none_or(|min| number >= min);
    near.retain(|near| {
        at_least(near.similarity.containment.a_in_b, args.contained)
            && at_least(near.similarity.containment.b_in_a, args.contains)
    });
    let is_near = near.iter().any(|near| near.similarity.reaches(threshold(args)));
    let left_out = near.len().saturating_sub(args.limit.unwrap_or(usize::MAX));
    near.truncate(near.len() - left_out);
    for (n, one) in near.iter().enumerate() {
        if args.why && n > 0 && !session.globals.json {
            session.out.line("")?;
        }
        print_near(session, &archive, &asked, (one, args))?;
    }
    if args.other.is_none() {
        tell_read_otherwise(session, &archive, &asked, &near)?;
    }
    let gaps = gaps::tell_of_all(session, &archive)?;
    if session.globals.json {
        let summary = SimilarSummary {
            documents: near.len(),
            left_out,
            scope,
            reason: None,
            not_extracted: gaps.n_not_extracted,
            not_read: gaps.n_not_read,
        };
        session.out.json(&typed("summary", summary))?;
    } else if !is_near {
        session.info(&none_is_near(&asked, args));
    } else if left_out > 0 {
        let others = counted(left_out as u64, "more document is", "more documents are");
        session.info(&format!("{others} near to {}", asked.label));
    }
    match (is_near, &args.other) {
        (true, _) => Ok(ExitCode::Done),
        (false, Some(_)) => Ok(ExitCode::No),
        (false, None) => code_unless_lost(session, &archive, ExitCode::No),
    }
}

/// Names a document that has the same bytes and another text, by which it is compared and is not near.
fn tell_read_otherwise(
    session: &Session,
    archive: &Archive,
    asked: &AskedText,
    near: &[NearDocument],
) -> Result<(), Error> {
    let others = archive.same_bytes_otherwise(asked.text().0, asked.read_as())?;
    let own = asked.own.as_ref().map(|own| own.id);
    let is_other = |(document, _): &(Document, Revision)| {
        let id = document.id;
        Some(id) != own && near.iter().all(|near| near.document.id != id)
    };
    let mut others = others.into_iter().filter(is_other);
    let Some((document, revision)) = others.next() else { return Ok(()) };
    let more = match others.count() {
        0 => String::new(),
        n => format!(" and {}", counted(n as u64, "other", "others")),
    };
    let (label, media_type) = (label_of(&document, &revision), shown_text(&revision.media_type));
    let encoding = revision.encoding.map_or_else(String::new, |it| format!(" in {it}"));
    session
        .info(&format!("{label}{more}: the same bytes, read otherwise, as {media_type}{encoding}"));
    Ok(())
}

fn compare(
    session: &Session,
    archive: &Archive,
    args: &SimilarArgs,
) -> Result<(AskedText, Vec<NearDocument>), NotCompared> {
    let asked = asked(session, archive, args)?;
    let near = match &args.other {
        Some(other) => vec![compared(session, archive, &asked, other)?],
        None => found(archive, &asked, args)?,
    };
    Ok((asked, near))
}

fn threshold(args: &SimilarArgs) -> Threshold {
    args.min.map_or(Threshold::Copied, Threshold::Resemblance)
}

fn none_is_near(asked: &AskedText, args: &SimilarArgs) -> String {
    let which = match (&args.other, args.contained.or(args.contains)) {
        (Some(_), Some(_)) => "they are not that near".to_owned(),
        (Some(_), None) => "they are no near-duplicates".to_owned(),
        (None, Some(_)) => format!("nothing is that near to {}", asked.label),
        (None, None) => format!("nothing resembles {}", asked.label),
    };
    match args.min {
        Some(min) => format!("{which} from {min:.2} on"),
        None => which,
    }
}

/// The documents that are near.
fn found(
    archive: &Archive,
    asked: &AskedText,
    args: &SimilarArgs,
) -> Result<Vec<NearDocument>, NotCompared> {
    let query = SimilarQuery {
        threshold: threshold(args),
        own: asked.own.as_ref(),
        all_revisions: args.all_revisions,
    };
    let near = archive.similar(asked.text(), query)?;
    match near {
        Some(near) => Ok(near),
        None => Err(asked.is_no_text_of(archive)?),
    }
}

/// One other document, near or not.
fn compared(
    session: &Session,
    archive: &Archive,
    asked: &AskedText,
    other: &OsStr,
) -> Result<NearDocument, NotCompared> {
    let (document, revision) = archive.select(other.as_bytes(), session.now)?;
    let similarity = archive.similarity(asked.text(), &revision)?;
    let Some(similarity) = similarity else {
        let label = label_of(&document, &revision);
        let same = [label.clone()];
        return Err(match archive.rendering(&document, &revision)? {
            _ if !asked.is_text() => {
                let is_same = revision.digest == Digest::of(&asked.bytes);
                asked.is_no_text().but_the_bytes(if is_same { &same } else { &[] })
            }
            Some(rendering) => not_rendered(&label, rendering),
            None => no_text(&label, revision.n_bytes, &revision.media_type),
        });
    };
    let gone = archive.catalog().gone_since(&document)?;
    Ok(NearDocument { document, revision, similarity, gone })
}

fn print_near(
    session: &mut Session,
    archive: &Archive,
    asked: &AskedText,
    (near, args): (&NearDocument, &SimilarArgs),
) -> Result<(), Error> {
    let similarity = near.similarity;
    let why = match args.why {
        true => Some(archive.explain_similarity(asked.text(), &near.revision)?),
        false => None,
    };
    if session.globals.json {
        let line = NearLine {
            revision: RevisionLine::of(&near.document, &near.revision),
            gone: near.gone.map(|time| time.to_string()),
            similarity: SimilarityLine::of(&similarity),
            why: why.map(|why| WhyLine {
                shared: why.shared.into_iter().map(SharedLine::of).collect(),
                only_asked: why.only_a,
                only_near: why.only_b,
            }),
        };
        return session.out.json(&typed("near", line));
    }
    let score = pad_left(&decisive(&similarity, threshold(args)), 5);
    let score = session.out.paint(Style::Strong, &score);
    let name = shown_name(near.document.name.as_bytes());
    let part = format!("({})", shares(&similarity, &asked.label, &name));
    let part = session.out.paint(Style::Dim, &part);
    let gone = gone_mark(&session.out, near.gone);
    let mark = withdrawn_mark(&session.out, &near.revision);
    session.out.line(&format!("{score}  {name}@{}{gone}{mark}  {part}", near.revision.number))?;
    why.map_or(Ok(()), |why| print_why(session, &asked.label, &name, &why))
}

/// Prints what both have and what each has alone.
fn print_why(
    session: &mut Session,
    asked: &str,
    near: &str,
    why: &Explanation,
) -> Result<(), Error> {
    let shared: Vec<String> = why.shared.iter().map(|passage| passage.text.clone()).collect();
    for (heading, passages) in [
        ("both have".to_owned(), &shared),
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
        return shown_words(passage);
    }
    let half = PASSAGE_CHARS_MAX / 2;
    let (head, tail) = (&chars[..half], &chars[chars.len() - half..]);
    let joined = |chars: &[char]| chars.iter().collect::<String>();
    shown_words(&format!("{} … {}", joined(head), joined(tail)))
}

/// What the words mean; an error when it can be no text.
fn asked(
    session: &Session,
    archive: &Archive,
    args: &SimilarArgs,
) -> Result<AskedText, NotCompared> {
    let operand = archive.operand(args.what.as_bytes(), session.now, &Here)?;
    let (own, label) = match &operand {
        Operand::Stored(found) => (Some(found.0.clone()), label(&operand)),
        Operand::File(_) => (None, label(&operand)),
        Operand::StandardInput(_) => (None, "standard input".to_owned()),
    };
    let asked = archive.asked(operand, args.encoding)?;
    let bytes = asked.bytes.ok_or_else(|| no_text(&label, asked.n_bytes, &asked.media_type))?;
    let scope = args.scope.unwrap_or_default();
    let Asked { media_type, encoding, .. } = asked;
    Ok(AskedText { bytes, media_type, encoding, scope, own, label })
}

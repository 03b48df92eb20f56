//! `archive diff`

use std::{ffi::OsString, os::unix::ffi::OsStrExt as _};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        compare::{
            Block, Charset, CompareOptions, Compared, Comparison, Difference, OutsideChanges,
            Scope, Sides, Stat, UnseenChanges, UnseenKind,
        },
        operand::{Facts, Operand},
    },
    cli::{
        args::{
            help::examples,
            values::{self, When},
        },
        exit::ExitCode,
        operand::{Here, label},
        print::{
            comparison,
            json::{scope_word, typed},
            terminal::{Style, counted, percent, shown_name, size},
        },
        session::Session,
    },
    types::{error::Error, limits},
};

use super::diff_since::{self, ChangesForm, SinceQuery};

const EXAMPLES: &[&str] = &[
    "archive diff report.txt                # the latest against the one before",
    "archive diff report.txt@1 @3",
    "archive diff report.txt@1..3",
    "archive diff -u report.txt@1 @2 | patch report.txt",
    "archive diff --exit-code draft.txt final.txt",
    "archive diff --since yesterday --stat  # what changed in the archive",
];

/// Show what changed between two revisions or documents
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct DiffArgs {
    /// The older side; alone, it is compared with the revision before it, or as DOC@1..3 names both sides
    #[arg(value_name = "A", required_unless_present = "since")]
    pub a: Option<OsString>,

    /// The newer side: a document, @REV of the same one, a file, or - for standard input
    #[arg(value_name = "B", conflicts_with = "since")]
    pub b: Option<OsString>,

    /// Everything that changed since; with A as a name, folder or glob, only that. A date means its end
    #[arg(long, value_name = "WHEN", value_parser = values::when)]
    pub since: Option<When>,

    /// Of what changed since, only the names
    #[arg(long, requires = "since", conflicts_with_all = ["unified", "stat"])]
    pub name_only: bool,

    /// For patch(1): lines, with N lines around each change [default: 3]
    #[arg(short, long, value_name = "N", num_args = 0..=1, require_equals = true)]
    #[arg(value_parser = values::count::<usize>)]
    #[arg(default_missing_value = "3")]
    pub unified: Option<usize>,

    /// N paragraphs or lines around each change
    #[arg(short = 'U', long, value_name = "N", value_parser = values::count::<usize>)]
    pub context: Option<usize>,

    /// Only count what changed
    #[arg(long, conflicts_with = "unified")]
    pub stat: bool,

    /// Read texts that do not prove another encoding in this one: cp850, macintosh
    #[arg(long, value_name = "NAME", value_parser = values::encoding, conflicts_with = "unified")]
    pub encoding: Option<Charset>,

    /// Of pages compare this: article, the main part; page, all that is visible; or source
    #[arg(long, value_name = "SCOPE", value_parser = values::scope, conflicts_with = "unified")]
    #[arg(default_value = "article")]
    pub scope: Scope,

    /// Exit with 1 when the two differ
    #[arg(long)]
    pub exit_code: bool,
}

#[derive(Serialize)]
struct SideLine<'a> {
    label: &'a str,
    sha256: String,
    bytes: u64,
    media_type: &'a str,
}

#[derive(Serialize)]
struct DiffLine<'a> {
    a: SideLine<'a>,
    b: SideLine<'a>,
    kind: &'static str,
    scope: Option<&'static str>,
    paragraphs: Option<comparison::ParagraphCounts>,
    words: Option<comparison::WordCounts>,
    shared_bytes: Option<u64>,
    outside: Option<OutsideCounts>,
    unseen: Option<UnseenCounts>,
    blocks: Option<Vec<comparison::BlockLine>>,
}

/// What changed that is visible and not in the main part.
#[derive(Serialize)]
struct OutsideCounts {
    differs: bool,
    added: usize,
    removed: usize,
}

/// What changed that is not in the text of a page.
#[derive(Serialize, Default)]
struct UnseenCounts {
    link_targets: usize,
    images: usize,
    embedded: usize,
    image_texts: usize,
    form_values: usize,
    list_numbers: usize,
    hints: usize,
    hidden_texts: usize,
}

impl UnseenCounts {
    fn of(unseen: &[UnseenChanges]) -> Self {
        let mut counts = Self::default();
        for UnseenChanges { kind, n_changed } in unseen {
            *match kind {
                UnseenKind::LinkTarget => &mut counts.link_targets,
                UnseenKind::Image => &mut counts.images,
                UnseenKind::Embedded => &mut counts.embedded,
                UnseenKind::ImageText => &mut counts.image_texts,
                UnseenKind::FormValue => &mut counts.form_values,
                UnseenKind::ListNumber => &mut counts.list_numbers,
                UnseenKind::Hint => &mut counts.hints,
                UnseenKind::HiddenText => &mut counts.hidden_texts,
            } = *n_changed;
        }
        counts
    }
}

impl<'a> SideLine<'a> {
    fn of(label: &'a str, facts: &'a Facts) -> Self {
        Self {
            label,
            sha256: facts.digest.to_string(),
            bytes: facts.n_bytes,
            media_type: &facts.media_type,
        }
    }
}

/// Shows what changed.
pub fn run(session: &mut Session, args: &DiffArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let differ = match (&args.since, &args.a) {
        (Some(since), pattern) => {
            let since = since.timestamp(session.now)?;
            let query = SinceQuery { since, pattern: pattern.as_deref(), form: args.form() };
            diff_since::run(session, &archive, &query, |session, archive, sides| {
                compare(session, args, archive, sides)
            })?
        }
        (None, Some(a)) => {
            let words = (a.as_bytes(), args.b.as_ref().map(|b| b.as_bytes()));
            let sides = archive.operands(words, session.now, &Here)?;
            compare(session, args, &archive, sides)?
        }
        (None, None) => return Err(Error::usage("diff needs a document, or --since")),
    };
    Ok(if differ && args.exit_code { ExitCode::No } else { ExitCode::Done })
}

impl DiffArgs {
    fn form(&self) -> ChangesForm {
        match (self.name_only, self.unified, self.stat) {
            (true, ..) => ChangesForm::Names,
            (_, Some(_), _) => ChangesForm::Patch,
            (.., true) => ChangesForm::Counted,
            _ => ChangesForm::Compared,
        }
    }
}

/// Prints how two sides differ, and says whether they do.
fn compare(
    session: &mut Session,
    args: &DiffArgs,
    archive: &Archive,
    sides: Sides<Operand>,
) -> Result<bool, Error> {
    match args.unified {
        Some(context) if !session.globals.json => {
            let names = Sides { a: sides.a.path().to_vec(), b: sides.b.path().to_vec() };
            let names = Sides { a: &names.a[..], b: &names.b[..] };
            let patch = archive.patch(sides, names, args.context.unwrap_or(context))?;
            print_patch(session, &patch)?;
            Ok(!patch.is_empty())
        }
        _ => {
            let labels = Sides { a: label(&sides.a), b: label(&sides.b) };
            let (encoding, scope) = (args.encoding, args.scope);
            let options = CompareOptions { encoding, scope, counts_shared_bytes: true };
            let compared = archive.compare(sides, options)?;
            match session.globals.json {
                true => print_json(session, args, &labels, &compared)?,
                false => print_text(session, args, &labels, &compared)?,
            }
            Ok(!matches!(compared.difference, Difference::None))
        }
    }
}

fn print_patch(session: &mut Session, patch: &[u8]) -> Result<(), Error> {
    match session.out.is_terminal() {
        true => comparison::print_patch(&mut session.out, patch),
        false => session.out.bytes(patch),
    }
}

fn print_text(
    session: &mut Session,
    args: &DiffArgs,
    labels: &Sides<String>,
    compared: &Compared,
) -> Result<(), Error> {
    let heading = format!("{} → {}", labels.a, labels.b);
    let heading = session.out.paint(Style::Heading, &heading);
    match &compared.difference {
        Difference::None => {
            session.info(&format!("{} and {} are the same", labels.a, labels.b));
            Ok(())
        }
        Difference::Binary { n_shared_bytes } | Difference::TooLong { n_shared_bytes } => {
            session.out.line(&heading)?;
            for (mark, facts) in [("-", &compared.facts.a), ("+", &compared.facts.b)] {
                let (size, digest, what) = (size(facts.n_bytes), facts.digest, what(facts));
                session.out.line(&format!("{mark} {what}{size}, sha256 {digest}"))?;
            }
            if let Some(n_shared) = n_shared_bytes {
                session.out.line(&shared_sentence(*n_shared, &compared.facts))?;
            }
            if matches!(compared.difference, Difference::TooLong { .. }) {
                let n_bytes_max = size(limits::TEXT_BYTES_MAX as u64);
                let sentence = format!("too long to compare as text (limit {n_bytes_max})");
                session.out.line(&sentence)?;
            }
            Ok(())
        }
        Difference::Text { texts, comparison, unseen, scope, outside } => {
            session.out.line(&heading)?;
            if let Some(compared) = compared_part(*scope, outside.is_some()) {
                session.out.line(&compared)?;
            }
            if !args.stat {
                comparison::print(&mut session.out, texts, comparison, args.context.unwrap_or(0))?;
            }
            session.out.line(&sentence(comparison, unseen, *outside))
        }
    }
}

/// What a side is that is not compared as text.
fn what(facts: &Facts) -> String {
    let kind = if facts.is_text_of_any_size() { "" } else { "binary, " };
    format!("{kind}{}, ", shown_name(facts.media_type.as_bytes()))
}

/// How much of two contents is in both.
fn shared_sentence(n_shared: u64, facts: &Sides<Facts>) -> String {
    if n_shared == 0 {
        return "no bytes in common found".to_owned();
    }
    let share = |facts: &Facts| percent(n_shared as f64 / facts.n_bytes as f64);
    let (a, b) = (share(&facts.a), share(&facts.b));
    format!("at least {} in common: {a} of the one before, {b} of the one after", size(n_shared))
}

/// What was compared, where it is not all that people see.
fn compared_part(scope: Option<Scope>, has_outside: bool) -> Option<String> {
    match scope {
        Some(Scope::Article) if has_outside => {
            Some("compared: the main part; --scope page for all of it".to_owned())
        }
        Some(Scope::Source) => Some("compared: the source".to_owned()),
        _ => None,
    }
}

/// How much changed: in the text, and of what is not in it.
fn sentence(
    comparison: &Comparison,
    unseen: &[UnseenChanges],
    outside: Option<OutsideChanges>,
) -> String {
    let is_same = comparison.blocks.iter().all(|block| matches!(block, Block::Same { .. }));
    let outside = outside.filter(|it| it.differs).map(outside_part);
    let parts: Vec<String> = outside.into_iter().chain(unseen.iter().map(unseen_part)).collect();
    let text = match (is_same, parts.is_empty()) {
        (true, true) => "the bytes differ, the text that people read does not".to_owned(),
        (true, false) => "same words".to_owned(),
        (false, _) => text_sentence(&comparison.stat),
    };
    match parts.split_last() {
        None => text,
        Some((last, [])) => format!("{text}; {last} changed"),
        Some((last, others)) => format!("{text}; {} and {last} changed", others.join(", ")),
    }
}

fn outside_part(changes: OutsideChanges) -> String {
    let (one, many) = ("word outside the main part", "words outside the main part");
    match changes.n_added.max(changes.n_removed) as u64 {
        0 => "signs outside the main part".to_owned(),
        n => counted(n, one, many),
    }
}

fn unseen_part(changes: &UnseenChanges) -> String {
    let (one, many) = match changes.kind {
        UnseenKind::LinkTarget => ("link target", "link targets"),
        UnseenKind::Image => ("image", "images"),
        UnseenKind::Embedded => ("embedded thing", "embedded things"),
        UnseenKind::ImageText => ("image text", "image texts"),
        UnseenKind::FormValue => ("form value", "form values"),
        UnseenKind::ListNumber => ("list number", "list numbers"),
        UnseenKind::Hint => ("hint", "hints"),
        UnseenKind::HiddenText => ("hidden text", "hidden texts"),
    };
    counted(changes.n_changed as u64, one, many)
}

fn text_sentence(stat: &Stat) -> String {
    let paragraphs = &stat.paragraphs;
    let parts = [
        (paragraphs.changed, "changed"),
        (paragraphs.added, "added"),
        (paragraphs.removed, "removed"),
        (paragraphs.moved, "moved"),
        (paragraphs.rewrapped, "re-wrapped"),
        (paragraphs.regrouped, "split, joined or wrapped otherwise"),
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

fn print_json(
    session: &mut Session,
    args: &DiffArgs,
    labels: &Sides<String>,
    compared: &Compared,
) -> Result<(), Error> {
    let mut line = DiffLine {
        a: SideLine::of(&labels.a, &compared.facts.a),
        b: SideLine::of(&labels.b, &compared.facts.b),
        kind: "same",
        scope: None,
        paragraphs: None,
        words: None,
        shared_bytes: None,
        outside: None,
        unseen: None,
        blocks: None,
    };
    match &compared.difference {
        Difference::None => {}
        Difference::Binary { n_shared_bytes } => {
            (line.kind, line.shared_bytes) = ("binary", *n_shared_bytes);
        }
        Difference::TooLong { n_shared_bytes } => {
            (line.kind, line.shared_bytes) = ("too-long", *n_shared_bytes);
        }
        Difference::Text { texts, comparison, unseen, scope, outside } => {
            line.scope = scope.map(scope_word);
            line.outside = outside.map(|it| OutsideCounts {
                differs: it.differs,
                added: it.n_added,
                removed: it.n_removed,
            });
            line.unseen = Some(UnseenCounts::of(unseen));
            line.kind = "text";
            line.paragraphs = Some(comparison::ParagraphCounts::of(&comparison.stat.paragraphs));
            line.words = Some(comparison::WordCounts::of(&comparison.stat.words));
            if !args.stat {
                line.blocks = Some(comparison::blocks(texts, comparison));
            }
        }
    }
    session.out.json(&typed("diff", line))
}

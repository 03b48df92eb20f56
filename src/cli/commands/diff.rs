//! `archive diff`

use std::os::unix::ffi::OsStrExt as _;

use serde::Serialize;

use crate::{
    archive::{
        compare::{Compared, Difference},
        operand::Facts,
    },
    cli::{
        args::DiffArgs,
        exit::ExitCode,
        lines::typed,
        operand::{Here, label},
        session::Session,
        terminal::{Style, size},
    },
    diff::{Block, Comparison, Sides, Stat},
    types::error::Error,
};

use super::changes;

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
    let words = (args.a.as_bytes(), args.b.as_ref().map(|b| b.as_bytes()));
    let sides = archive.operands(words, session.now, &Here)?;
    let differ = match args.unified {
        Some(context) if !session.globals.json => {
            let names = Sides { a: sides.a.path().to_vec(), b: sides.b.path().to_vec() };
            let names = Sides { a: &names.a[..], b: &names.b[..] };
            let patch = archive.patch(sides, names, args.context.unwrap_or(context))?;
            show_patch(session, &patch)?;
            !patch.is_empty()
        }
        _ => {
            let labels = Sides { a: label(&sides.a), b: label(&sides.b) };
            let compared = archive.compare(sides)?;
            match session.globals.json {
                true => json(session, args, &labels, &compared)?,
                false => people(session, args, &labels, &compared)?,
            }
            !matches!(compared.difference, Difference::None)
        }
    };
    Ok(if differ && args.exit_code { ExitCode::No } else { ExitCode::Done })
}

fn show_patch(session: &mut Session, patch: &[u8]) -> Result<(), Error> {
    match session.out.is_terminal() {
        true => changes::patch_on_terminal(session, patch),
        false => session.out.bytes(patch),
    }
}

fn people(
    session: &mut Session,
    args: &DiffArgs,
    labels: &Sides<String>,
    compared: &Compared,
) -> Result<(), Error> {
    let heading = format!("{} → {}", labels.a, labels.b);
    let heading = session.out.paint(Style::Heading, &heading);
    match &compared.difference {
        Difference::None => {
            session.say(&format!("{} and {} are the same", labels.a, labels.b));
            Ok(())
        }
        Difference::Binary => {
            session.out.line(&heading)?;
            for (mark, facts) in [("-", &compared.facts.a), ("+", &compared.facts.b)] {
                let (size, digest) = (size(facts.n_bytes), facts.digest);
                session.out.line(&format!("{mark} binary, {size}, sha256 {digest}"))?;
            }
            Ok(())
        }
        Difference::Text { texts, comparison } => {
            session.out.line(&heading)?;
            if !args.stat {
                changes::show(session, texts, comparison, args.context.unwrap_or(0))?;
            }
            let stat = sentence(&comparison.stat, hidden(comparison));
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

fn json(
    session: &mut Session,
    args: &DiffArgs,
    labels: &Sides<String>,
    compared: &Compared,
) -> Result<(), Error> {
    let mut line = Line {
        a: SideLine::of(&labels.a, &compared.facts.a),
        b: SideLine::of(&labels.b, &compared.facts.b),
        kind: "same",
        paragraphs: None,
        words: None,
        blocks: None,
    };
    match &compared.difference {
        Difference::None => {}
        Difference::Binary => line.kind = "binary",
        Difference::Text { texts, comparison } => {
            line.kind = "text";
            line.paragraphs = Some(changes::Paragraphs::of(&comparison.stat.paragraphs));
            line.words = Some(changes::Words::of(&comparison.stat.words));
            if !args.stat {
                line.blocks = Some(changes::blocks(texts, comparison));
            }
        }
    }
    session.out.json(&typed("diff", line))
}

//! How a comparison of texts looks to people.
//!
//! Each change stands under its place, paragraphs are wrapped to the width of the terminal, and long stretches
//! that stayed the same are passed over. Added and removed paragraphs carry a `+` or `-`; in a changed one the
//! words that went stand in `[-…-]` and those that came in `{+…+}`, as `git diff --word-diff` writes them, coloured
//! where there are colours; words that went elsewhere stand in `[>…>]`, and in `{<…<}` where they are now.

use crate::{
    archive::compare::Block,
    cli::print::{
        changes::{ChangedTexts, MarkedFate, MarkedText, ShownBytes, case_note, shortened},
        output::Output,
        terminal::{Style, shown_text},
        wrap::{BREAK, StyledLine, StyledText, line_width, painted, wrapped, wrapped_to},
    },
    types::error::Error,
};

/// How a comparison is shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Unchanged paragraphs around each change; with them changed paragraphs are shown whole.
    pub context: usize,
    /// The columns to fill.
    pub n_columns: usize,
    /// What was on the left, what is on the right.
    pub is_side_by_side: bool,
}

/// Shows a comparison.
pub fn print(out: &mut Output, changed: &ChangedTexts<'_>, view: View) -> Result<(), Error> {
    let blocks = &changed.comparison.blocks;
    let mut printer = Printer { out, changed, view, shown: ShownBytes::all() };
    for (n, block) in blocks.iter().enumerate() {
        match block {
            Block::Same { .. } => {
                let (before, after) = (n > 0, n + 1 < blocks.len());
                printer.unchanged(block, before, after)?;
            }
            // The last line names what is not seen.
            Block::Rewrapped { .. } => {}
            block if printer.changed.is_title(block) => {}
            block => printer.change(block)?,
        }
    }
    if let Some(sentence) = printer.shown.sentence() {
        printer.out.line("")?;
        printer.out.line(&sentence)?;
    }
    printer.out.line("")
}

/// A patch with everything that acts on a terminal made visible, in colours.
pub fn print_patch(out: &mut Output, patch: &[u8]) -> Result<(), Error> {
    for line in patch.split_inclusive(|b| *b == b'\n') {
        let text = shown_text(&String::from_utf8_lossy(line));
        let text = text.trim_end_matches('\n');
        let painted = match line.first() {
            Some(b'+') => out.paint(Style::Added, text),
            Some(b'-') => out.paint(Style::Removed, text),
            Some(b'@') => out.paint(Style::Heading, text),
            _ => text.to_owned(),
        };
        out.line(&painted)?;
    }
    Ok(())
}

struct Printer<'a> {
    out: &'a mut Output,
    changed: &'a ChangedTexts<'a>,
    view: View,
    shown: ShownBytes,
}

impl Printer<'_> {
    /// Unchanged paragraphs next to changes.
    fn unchanged(&mut self, block: &Block, before: bool, after: bool) -> Result<(), Error> {
        let Block::Same { b, .. } = block else { return Ok(()) };
        let n_before = if before { self.view.context.min(b.len()) } else { 0 };
        let n_after = if after { self.view.context.min(b.len() - n_before) } else { 0 };
        let are_lines = self.changed.comparison.are_lines;
        for paragraph in (b.start..b.start + n_before).chain(b.end - n_after..b.end) {
            if !are_lines || paragraph == b.start || paragraph == b.end - n_after {
                self.out.line("")?;
            }
            let piece = self.changed.unchanged(&(paragraph..paragraph + 1));
            self.paragraph("  ", &[piece])?;
        }
        Ok(())
    }

    fn change(&mut self, block: &Block) -> Result<(), Error> {
        let Some(n_bytes_max) = self.shown.next() else { return Ok(()) };
        let mut pieces = self.changed.pieces(block, n_bytes_max);
        self.shown.take(&pieces);
        let is_cut = pieces.len() == 2 && pieces[1].fate == MarkedFate::Passed;
        let title = format!("@@ {}{}", self.changed.title(block), case_note(&pieces));
        self.out.line("")?;
        for line in
            wrapped(&[StyledText { text: title, style: Some(Style::Dim) }], self.view.n_columns)
        {
            let line = painted(self.out, &line);
            self.out.line(&line)?;
        }
        let mark = match block {
            Block::Removed { .. } => "- ",
            Block::Added { .. } => "+ ",
            Block::Moved { .. } => "> ",
            _ => "~ ",
        };
        if pieces.is_empty() {
            return Ok(());
        }
        let more = is_cut.then(|| pieces.pop()).flatten();
        if let ([MarkedText { fate, text }], Block::Removed { .. } | Block::Added { .. }) =
            (&pieces[..], block)
        {
            for (n, text) in text.split(BREAK).enumerate() {
                if n > 0 && !self.changed.comparison.are_lines {
                    self.out.line("")?;
                }
                self.paragraph(mark, &[MarkedText { fate: *fate, text: text.to_owned() }])?;
            }
        } else {
            let pieces = if self.view.context == 0 { shortened(pieces) } else { pieces };
            self.paragraph(mark, &pieces)?;
        }
        match more {
            Some(more) => self.paragraph("  ", &[more]),
            None => Ok(()),
        }
    }

    fn paragraph(&mut self, mark: &str, pieces: &[MarkedText]) -> Result<(), Error> {
        if self.view.is_side_by_side {
            return self.side_by_side(pieces);
        }
        let is_whole = matches!(pieces, [piece] if matches!(piece.fate, MarkedFate::Removed | MarkedFate::Added));
        let texts = match is_whole {
            true => whole(&pieces[0]),
            false => marked(pieces),
        };
        let indent = "  ";
        let mut lines = wrapped(&texts, self.view.n_columns - indent.len());
        lines.truncate(lines.iter().rposition(|line| !is_blank(line)).map_or(0, |last| last + 1));
        for (n, line) in lines.iter().enumerate() {
            let mark = if n == 0 { mark } else { indent };
            let mark = match pieces[0].fate {
                MarkedFate::Removed if is_whole => self.out.paint(Style::Removed, mark),
                MarkedFate::Added if is_whole => self.out.paint(Style::Added, mark),
                _ => mark.to_owned(),
            };
            let line = painted(self.out, line);
            self.out.line(format!("{mark}{line}").trim_end())?;
        }
        Ok(())
    }
}

/// What stands between two columns.
const BETWEEN: &str = " │ ";

impl Printer<'_> {
    /// The older side in one column and the newer in another.
    fn side_by_side(&mut self, pieces: &[MarkedText]) -> Result<(), Error> {
        let n_columns = (self.view.n_columns - BETWEEN.chars().count()) / 2;
        let column = |skipped: [MarkedFate; 2]| {
            let side: Vec<MarkedText> =
                pieces.iter().filter(|piece| !skipped.contains(&piece.fate)).cloned().collect();
            wrapped_to(&marked(&side), n_columns)
        };
        let a = column([MarkedFate::Added, MarkedFate::Moved]);
        let b = column([MarkedFate::Removed, MarkedFate::MovedAway]);
        for n in 0..a.len().max(b.len()) {
            let shown =
                |side: &[StyledLine]| side.get(n).map_or(String::new(), |it| painted(self.out, it));
            let blanks = " ".repeat(n_columns.saturating_sub(a.get(n).map_or(0, line_width)));
            let line = format!("{}{blanks}{BETWEEN}{}", shown(&a), shown(&b));
            self.out.line(line.trim_end())?;
        }
        Ok(())
    }
}

fn is_blank(line: &StyledLine) -> bool {
    line.iter().all(|it| it.text.trim().is_empty())
}

/// Paragraphs that came or went as a whole.
fn whole(piece: &MarkedText) -> Vec<StyledText> {
    let style = style(piece.fate);
    vec![StyledText { text: piece.text.trim().to_owned(), style }]
}

/// Pieces with marks around what did not stay.
pub fn marked(pieces: &[MarkedText]) -> Vec<StyledText> {
    let mut texts = Vec::new();
    for piece in pieces {
        let style = style(piece.fate);
        let mut push = |text: &str, style| texts.push(StyledText { text: text.to_owned(), style });
        let (open, close) = match piece.fate {
            MarkedFate::Same | MarkedFate::Passed => {
                push(&piece.text, style);
                continue;
            }
            MarkedFate::Removed => ("[-", "-]"),
            MarkedFate::Added => ("{+", "+}"),
            MarkedFate::MovedAway => ("[>", ">]"),
            MarkedFate::Moved => ("{<", "<}"),
        };
        let text = piece.text.trim();
        if text.is_empty() {
            // Of empty cells there is nothing to see but where they end.
            push(&format!("{open}{}{close}", piece.text.replace('\t', "⇥")), style);
            continue;
        }
        let start = piece.text.len() - piece.text.trim_start().len();
        push(&piece.text[..start], None);
        push(&format!("{open}{text}{close}"), style);
        push(&piece.text[start + text.len()..], None);
    }
    texts
}

fn style(fate: MarkedFate) -> Option<Style> {
    match fate {
        MarkedFate::Same => None,
        MarkedFate::Removed => Some(Style::Removed),
        MarkedFate::Added => Some(Style::Added),
        MarkedFate::MovedAway | MarkedFate::Moved | MarkedFate::Passed => Some(Style::Dim),
    }
}

//! What stands above a comparison: when both sides were captured, where they came from, and what pages say
//! otherwise of themselves.

use crate::{
    archive::compare::{MetadataChange, MetadataField, Sides, compare},
    types::error::Error,
};

use super::{
    changes::{ChangedTexts, MarkedFate, MarkedText, shortened},
    comparison::marked,
    output::Output,
    terminal::{shown_text, width},
    wrap::{is_right_to_left, painted, wrapped},
};

/// Something about both sides.
pub struct AboutLine {
    /// What: one word.
    pub what: &'static str,
    /// Of the one and of the other.
    pub values: Sides<String>,
    /// They are words to be compared.
    pub is_text: bool,
}

/// What a page says of itself, in a sentence.
pub fn field_phrase(field: MetadataField) -> &'static str {
    match field {
        MetadataField::Published => "date of publication",
        MetadataField::Modified => "date of modification",
        MetadataField::Site => "name of the site",
        field => field_word(field),
    }
}

/// The word for what a page says of itself, above comparisons and in JSON.
pub fn field_word(field: MetadataField) -> &'static str {
    match field {
        MetadataField::Title => "title",
        MetadataField::Byline => "byline",
        MetadataField::Published => "published",
        MetadataField::Modified => "modified",
        MetadataField::Description => "description",
        MetadataField::Site => "site",
        MetadataField::Address => "address",
        MetadataField::Language => "language",
    }
}

/// What pages say otherwise of themselves.
pub fn metadata_lines(changes: &[MetadataChange]) -> Vec<AboutLine> {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    let line = |MetadataChange { field, values }: &MetadataChange| AboutLine {
        what: field_word(*field),
        values: Sides { a: shown(&values.a), b: shown(&values.b) },
        is_text: values.a.is_some() && values.b.is_some(),
    };
    changes.iter().map(line).collect()
}

/// Prints lines with their words in a column.
pub fn print(out: &mut Output, about: &[&AboutLine], n_columns: usize) -> Result<(), Error> {
    // As wide as `captured`, so that the column is the same for most comparisons.
    let n_label = about.iter().map(|line| line.what.len()).chain([8]).max().unwrap_or_default() + 2;
    for line in about {
        let label = format!("{:<n_label$}", line.what);
        match line.in_short(n_columns - n_label) {
            Some(short) => out.line(&format!("{label}{short}"))?,
            None => {
                let pieces = shortened(line.pieces());
                for (n, line) in wrapped(&marked(&pieces), n_columns - n_label).iter().enumerate() {
                    let before = if n == 0 { &label } else { &" ".repeat(n_label) };
                    let line = format!("{before}{}", painted(out, line));
                    out.line(line.trim_end())?;
                }
            }
        }
    }
    Ok(())
}

impl AboutLine {
    /// `old → new` if that fits.
    fn in_short(&self, n_columns: usize) -> Option<String> {
        let Sides { a, b } = &self.values;
        let (a, b) = (shown_text(a), shown_text(b));
        if !self.is_text && a == b {
            return Some(a);
        }
        let short = format!("{a} → {b}");
        // The arrow would stand on the wrong side.
        let fits = width(&short) <= n_columns && !short.chars().any(is_right_to_left);
        (!self.is_text || fits).then_some(short)
    }

    /// The words that stayed, went and came.
    pub fn pieces(&self) -> Vec<MarkedText> {
        let comparison = compare(Sides { a: &self.values.a, b: &self.values.b });
        let changed = ChangedTexts::new(&self.values, &comparison);
        let mut pieces: Vec<MarkedText> = Vec::new();
        for block in &comparison.blocks {
            if let Some(last) = pieces.last_mut() {
                last.text.push(' ');
            }
            pieces.extend(changed.pieces(block));
        }
        // White space and signs that nobody sees are no words.
        if pieces.is_empty() {
            let piece = |fate, text: &String| MarkedText { fate, text: text.clone() };
            pieces.push(piece(MarkedFate::Removed, &self.values.a));
            pieces.push(piece(MarkedFate::Added, &self.values.b));
        }
        pieces
    }
}

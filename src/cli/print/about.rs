//! What stands above a comparison: when both sides were captured, where they came from, and what pages say
//! otherwise of themselves.

use crate::{
    archive::compare::{Metadata, MetadataChange, MetadataField, Sides, compare},
    types::error::Error,
};

use super::{
    changes::{ChangedTexts, MarkedFate, MarkedText, SHOWN_BYTES_MAX, shortened},
    comparison::marked,
    output::Output,
    terminal::{shown_text, width},
    wrap::{StyledText, is_right_to_left, painted, wrapped},
};

/// What stands for a page that says nothing.
const NONE: &str = "(none)";

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
        MetadataField::Pages => "number of pages",
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
        MetadataField::Pages => "pages",
    }
}

/// What a document says of itself, by these words.
pub fn said(metadata: &Metadata) -> Vec<(&'static str, String)> {
    let fields = metadata.fields().into_iter();
    fields.map(|(field, value)| (field_word(field), value.to_owned())).collect()
}

/// Whether it is made of words, which may change one by one.
fn is_text(field: MetadataField) -> bool {
    match field {
        MetadataField::Title
        | MetadataField::Byline
        | MetadataField::Description
        | MetadataField::Site => true,
        MetadataField::Published
        | MetadataField::Modified
        | MetadataField::Address
        | MetadataField::Language
        | MetadataField::Pages => false,
    }
}

/// What pages say otherwise of themselves.
pub fn metadata_lines(changes: &[MetadataChange]) -> Vec<AboutLine> {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| NONE.to_owned());
    let line = |MetadataChange { field, values }: &MetadataChange| AboutLine {
        what: field_word(*field),
        values: Sides { a: shown(&values.a), b: shown(&values.b) },
        is_text: values.a.is_some() && values.b.is_some() && is_text(*field),
    };
    changes.iter().map(line).collect()
}

/// Prints lines with their words in a column.
pub fn print(out: &mut Output, about: &[&AboutLine], n_columns: usize) -> Result<(), Error> {
    // As wide as `captured`, so that the column is the same for most comparisons.
    let n_label = about.iter().map(|line| line.what.len()).chain([8]).max().unwrap_or_default() + 2;
    for about in about {
        let label = format!("{:<n_label$}", about.what);
        for (n, line) in
            wrapped(&about.texts(n_columns - n_label), n_columns - n_label).iter().enumerate()
        {
            let before = if n == 0 { &label } else { &" ".repeat(n_label) };
            let line = format!("{before}{}", painted(out, line));
            out.line(line.trim_end())?;
        }
    }
    Ok(())
}

impl AboutLine {
    /// `old → new`; of longer texts the words that differ.
    fn texts(&self, n_columns: usize) -> Vec<StyledText> {
        let Sides { a, b } = &self.values;
        let plain = |text| vec![StyledText { text, style: None }];
        if a == b {
            return plain(a.clone());
        }
        let short = format!("{a} → {b}");
        // From right to left the arrow would point to what was before.
        let fits = width(&shown_text(&short)) <= n_columns && !short.chars().any(is_right_to_left);
        match fits || !self.is_text {
            true => plain(short),
            false => marked(&shortened(self.pieces())),
        }
    }

    /// What stayed, went and came: of texts words.
    pub fn pieces(&self) -> Vec<MarkedText> {
        let mut pieces: Vec<MarkedText> = Vec::new();
        if self.is_text {
            let comparison = compare(Sides { a: &self.values.a, b: &self.values.b });
            let changed = ChangedTexts::new(&self.values, &comparison);
            for block in &comparison.blocks {
                if let Some(last) = pieces.last_mut() {
                    last.text.push(' ');
                }
                pieces.extend(changed.pieces(block, SHOWN_BYTES_MAX));
            }
        }
        // Signs that nobody sees are no words.
        if pieces.is_empty() {
            let Sides { a, b } = &self.values;
            let fate = |value: &String, fate| if value == NONE { MarkedFate::Same } else { fate };
            let (before, after) = (fate(a, MarkedFate::Removed), fate(b, MarkedFate::Added));
            pieces.push(MarkedText { fate: before, text: format!("{a} ") });
            pieces.push(MarkedText { fate: after, text: b.clone() });
        }
        pieces
    }
}

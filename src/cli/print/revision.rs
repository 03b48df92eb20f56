//! How a document and its revisions look in a list of them.

use crate::types::document::{Document, Revision};

use super::{
    output::Output,
    terminal::{Style, pad_left, shown_name, size, truncate},
};

/// Source and note of a revision are cut here; `archive show` has all of it.
const REMARK_COLUMNS: usize = 80;

/// The line above the revisions of one document.
pub fn document_heading(out: &Output, document: &Document) -> String {
    let name = out.paint(Style::Heading, &shown_name(document.name.as_bytes()));
    let id = out.paint(Style::Dim, &document.id.to_string());
    format!("{name}  {id}")
}

/// One revision below that line.
pub fn revision_row(out: &Output, document: &Document, revision: &Revision) -> String {
    let n_columns = document.n_revisions.to_string().len() + 1;
    let number = pad_left(&format!("@{}", revision.number), n_columns);
    let captured = revision.captured.minute();
    let size = pad_left(&size(revision.n_bytes), 6);
    let digest = out.paint(Style::Dim, &revision.digest.to_string()[..12]);
    let row = format!("{number}  {captured}  {size}  {digest}");
    with_remarks(row, revision)
}

/// A line with the source and the note of a revision behind it.
pub fn with_remarks(row: String, revision: &Revision) -> String {
    let remarks = [&revision.source, &revision.note].into_iter().flatten();
    let remarks = remarks.map(|text| shown_name(text.as_bytes())).collect::<Vec<_>>().join(" · ");
    if remarks.is_empty() { row } else { format!("{row}  {}", truncate(&remarks, REMARK_COLUMNS)) }
}

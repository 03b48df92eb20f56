//! How a document and its revisions look in a list of them.

use crate::types::{
    document::{Document, Revision, Withdrawn},
    time::Timestamp,
};

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
    let mark = withdrawn_mark(out, revision);
    let row = format!("{number}  {captured}  {size}  {digest}{mark}");
    with_remarks(row, revision)
}

/// What stands behind a revision that was withdrawn, or whose words were; nothing behind others.
pub fn withdrawn_mark(out: &Output, revision: &Revision) -> String {
    let mark = match (&revision.withdrawn, &revision.words_withdrawn) {
        (Some(by), _) => format!("withdrawn ({})", by.reason),
        (None, Some(by)) => format!("words withdrawn ({})", by.reason),
        (None, None) => return String::new(),
    };
    format!("  {}", out.paint(Style::Warning, &mark))
}

/// What stands behind a document that is gone; nothing behind others.
pub fn gone_mark(out: &Output, gone: Option<Timestamp>) -> String {
    let mark = |time: Timestamp| out.paint(Style::Dim, &format!("gone {}", time.minute()));
    gone.map_or_else(String::new, |time| format!("  {}", mark(time)))
}

/// When, why and by which event something was withdrawn.
pub fn withdrawal_words(withdrawn: &Withdrawn) -> String {
    let Withdrawn { event, at, reason } = withdrawn;
    format!("{}, {reason}, event {event}", at.minute())
}

/// A line with the source and the note of a revision behind it.
pub fn with_remarks(row: String, revision: &Revision) -> String {
    let remarks = [&revision.source, &revision.note].into_iter().flatten();
    let remarks = remarks.map(|text| shown_name(text.as_bytes())).collect::<Vec<_>>().join(" · ");
    if remarks.is_empty() { row } else { format!("{row}  {}", truncate(&remarks, REMARK_COLUMNS)) }
}

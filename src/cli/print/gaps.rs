//! What is said of texts that could not be looked through.

use crate::{
    archive::{Archive, gaps::TextGaps},
    cli::{operand::label_of, session::Session},
    types::error::Error,
};

use super::terminal::counted;

/// What reads what was left for later.
pub const READS_THEM: &str = "archive rebuild --text --status not-read";

/// What reads all texts again.
const READS_ALL: &str = "archive rebuild --text";

/// Says how many contents were not asked, but for those that cannot be read at all; nothing is missing where none is.
pub fn tell(session: &Session, gaps: &TextGaps) {
    let TextGaps { n_too_long, n_not_extracted, n_not_read, n_withdrawn, .. } = *gaps;
    let contents = |n: u64| counted(n, "content", "contents");
    if n_too_long > 0 {
        session.warn(&format!("{} too long to be looked through to the end", contents(n_too_long)));
    }
    if n_not_extracted > 0 {
        let contents = contents(n_not_extracted);
        let names =
            gaps.not_extracted.iter().map(|(document, revision)| label_of(document, revision));
        let names = names.collect::<Vec<_>>().join(", ");
        let whence = match gaps.not_extracted.len() as u64 {
            0 => "archive ls --status missing lists them".to_owned(),
            n if n < n_not_extracted => {
                format!("{names} and others, as archive ls --status missing lists them")
            }
            _ => format!("{names}, as archive show tells"),
        };
        session.info(&format!(
            "{contents} could not be looked through, since the text is missing or not whole: {whence}"
        ));
    }
    if n_not_read > 0 {
        let contents = counted(n_not_read, "content has", "contents have");
        session.info(&format!("{contents} not been read yet: {READS_THEM}"));
    }
    if n_withdrawn > 0 {
        let revisions = counted(n_withdrawn, "revision was", "revisions were");
        session.info(&format!("{revisions} withdrawn and could not be looked through"));
    }
}

/// Says of which media types texts are searched and compared as other programs read them than would today.
pub fn tell_read_otherwise(session: &Session, media_types: &[String]) {
    if !media_types.is_empty() {
        session.info(&format!(
            "texts of {} are searched and compared as another program read them, or none: {READS_ALL}",
            media_types.join(", ")
        ));
    }
}

/// The same of the texts that were made before, as they are compared with each other; how many lack one.
pub fn tell_of_all(session: &Session, archive: &Archive) -> Result<TextGaps, Error> {
    // What is too long has a text as far as it goes.
    let gaps = TextGaps { n_too_long: 0, ..archive.contents_without_text()? };
    tell(session, &gaps);
    tell_read_otherwise(session, &archive.kept_otherwise()?);
    Ok(gaps)
}

/// Says how many contents are not compared because they are too long.
pub fn tell_too_long(session: &Session, n: u64) {
    if n > 0 {
        let contents = counted(n, "content", "contents");
        session.warn(&format!("{contents} too long to be compared as text"));
    }
}

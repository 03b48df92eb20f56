//! What is said of texts that are not compared: those left for later, and those that are too long.

use crate::{archive::Archive, cli::session::Session, types::error::Error};

use super::terminal::counted;

/// What reads them.
pub const READS_THEM: &str = "archive rebuild --text --status not-read";

/// Says how many contents were not asked because they have not been read yet; how many there are.
pub fn tell(session: &Session, archive: &Archive) -> Result<u64, Error> {
    let n = archive.n_not_read()?;
    if n > 0 {
        let contents = counted(n, "content has", "contents have");
        session.info(&format!("{contents} not been read yet: {READS_THEM}"));
    }
    Ok(n)
}

/// Says how many contents were not asked because they are too long.
pub fn tell_too_long(session: &Session, n: u64) {
    if n > 0 {
        let contents = counted(n, "content", "contents");
        session.warn(&format!("{contents} too long to be compared as text"));
    }
}

//! What is said where documents were added whose text was left for later.

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

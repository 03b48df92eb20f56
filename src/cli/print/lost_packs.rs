//! What is said where packs are missing: an answer that rests on what they hold is not known.

use crate::{
    archive::Archive,
    cli::{exit::ExitCode, session::Session},
    types::error::Error,
};

use super::terminal::counted;

/// Warns of packs that are missing or have another size than they had; the code of an answer that would have been
/// this one if there were none.
pub fn code_unless_lost(
    session: &Session,
    archive: &Archive,
    code: ExitCode,
) -> Result<ExitCode, Error> {
    let n = archive.n_lost_packs()?;
    if n == 0 {
        return Ok(code);
    }
    let packs = counted(n, "pack is", "packs are");
    session.warn(&format!(
        "{packs} missing or cut short, and what lay there is not known: archive audit"
    ));
    Ok(ExitCode::Broken)
}

//! When packs were checked last, kept in the user's state folder: so that audits with little time come round.
//!
//! A line for each pack: its id, and the time. What is lost or torn here costs nothing but order.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use crate::types::{
    digest::Digest,
    error::{Error, in_words},
    pack_id::PackId,
    time::Timestamp,
};

use super::{files, location::Environment};

const FILE_BYTES_MAX: u64 = 64 << 20;

/// When each pack was checked.
pub type CheckedPacks = BTreeMap<PackId, Timestamp>;

fn file(environment: &Environment, origin: &str) -> Result<PathBuf, Error> {
    let name = Digest::of(origin.as_bytes()).key().to_string();
    Ok(environment.state_folder()?.join("checked").join(name))
}

/// What is remembered of an archive's packs.
pub fn load(environment: &Environment, origin: &str) -> CheckedPacks {
    let read = |file: PathBuf| files::read_own(&file, FILE_BYTES_MAX).ok().flatten();
    let bytes = file(environment, origin).ok().and_then(read).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let pair = |line: &str| {
        let (pack, time) = line.split_once(' ')?;
        Some((PackId::parse(pack)?, Timestamp::parse(time)?))
    };
    text.lines().filter_map(pair).collect()
}

/// Remembers that these packs were checked, and forgets those that are not among `all`; a warning when that fails.
pub fn keep(environment: &Environment, origin: &str, checked: &CheckedPacks) -> Option<String> {
    let mut text = String::new();
    for (pack, time) in checked {
        let _ = writeln!(text, "{pack} {time}");
    }
    let file = match file(environment, origin) {
        Ok(file) => file,
        Err(error) => return Some(error.to_string()),
    };
    let made = file.parent().map_or(Ok(()), files::make_private_folder);
    let written = made.and_then(|()| files::replace(&file, text.as_bytes()));
    written.err().map(|error| {
        format!(
            "what was checked could not be remembered: {}: {}",
            file.display(),
            in_words(&error)
        )
    })
}

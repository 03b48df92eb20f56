//! Near-duplicates in the archive: neighbours of a text, groups, and what new texts resemble.

pub mod groups;
pub mod neighbours;
mod new_texts;
pub mod sites;

//! The plain types that every other module uses: names, times, digests, errors, limits.

pub mod digest;
pub mod document;
pub mod error;
pub mod file_stat;
pub mod interrupt;
pub mod limits;
pub mod mailbox;
pub mod name;
pub mod pack_id;
pub mod tag;
pub mod time;

//! The plain types that every other module speaks in: names, times, digests, errors, limits.

pub mod digest;
pub mod error;
pub mod kin;
pub mod limits;
pub mod name;
pub mod place;
pub mod time;

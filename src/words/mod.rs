//! Floor 0: words. They name things and know nothing else.

pub mod digest;
pub mod error;
pub mod kin;
pub mod limits;
pub mod name;
pub mod place;
pub mod time;

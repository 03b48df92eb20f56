//! Floor 1: crafts. Values in, values out; they know the words below and not each other.
//!
//! [`backend`] sits here because it, too, knows only words; its `local` part is the one place below
//! the faces that touches files.

pub mod linkage;
pub mod passages;
pub mod sketch;

//! Proofs for whoever has neither archive nor program: that a revision was recorded, in a folder; that the
//! journal only grew, in a file.
//!
//! `make` and `growth` make them from an archive, `claims` and `growth` check them without one. Byte layout:
//! docs/format.md, section 10.

pub mod claims;
pub mod folder;
pub mod growth;
mod make;
mod pages;

pub use crate::journal::merkle::TreeHead;

//! `archive`: every version of every document, small, findable, comparable and provably unaltered.
//!
//! The package is a house of five floors, and a room imports only rooms on lower floors:
//! [`types`] name things, [`crafts`] compute without touching the world, [`keepers`] each own one
//! kind of bytes at rest, [`archive`] alone knows the order of things, [`cli`] alone knows people.
//! ARCHITECTURE.md is the longer tour; `tests/layers.rs` keeps the floors.

pub mod archive;
pub mod backend;
pub mod catalog;
pub mod cli;
pub mod crafts;
pub mod diff;
pub mod journal;
pub mod keepers;
pub mod pool;
pub mod store;
pub mod text;
pub mod types;

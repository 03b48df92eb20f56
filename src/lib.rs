//! `archive`: every version of every document, small, findable, comparable and provably unaltered.
//!
//! One module a subject, from the bottom up: [`types`] are the words that all speak in; [`backend`] keeps
//! bytes; [`text`] reads them and [`diff`] compares texts; [`similarity`] finds what two texts share;
//! [`store`] keeps contents in packs and [`journal`] what happened; [`catalog`] answers questions;
//! [`archive`] puts these in their order, and [`cli`] talks to people. ARCHITECTURE.md is the longer
//! tour; `tests/layers.rs` keeps the order.

pub mod archive;
pub mod backend;
pub mod catalog;
pub mod cli;
pub mod diff;
pub mod journal;
pub mod pool;
pub mod similarity;
pub mod store;
pub mod text;
pub mod types;

//! `archive`: every version of every document, small, findable, comparable and provably unaltered.
//!
//! One module a subject, from the bottom up: [`types`] are the words that all speak in; [`backend`] keeps
//! bytes; [`text`] reads them and [`diff`] compares texts; [`similarity`] finds what two texts share;
//! [`store`] keeps contents in packs and [`journal`] what happened; [`catalog`] answers questions;
//! [`archive`] puts these in their order, and [`cli`] is the command line. ARCHITECTURE.md is the longer
//! tour; `tests/layers.rs` keeps the order, lints keep the machine
//! around us out of all but the local backend, the catalog and the command line.

#![cfg_attr(
    not(test),
    warn(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::print_stderr,
        clippy::print_stdout
    )
)]

pub mod archive;
pub mod backend;
#[allow(clippy::disallowed_types, reason = "it alone speaks to SQLite")]
pub mod catalog;
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "it alone knows the machine around us"
)]
pub mod cli;
pub mod diff;
pub mod journal;
pub mod pool;
pub mod similarity;
pub mod store;
pub mod text;
pub mod types;

//! Full-text search, as far as it needs no archive: how texts and questions are folded into words, the language of
//! questions, and the excerpt of a text that answers one.
//!
//! `fold` is the table, `terms` what is indexed and looked for, `query` understands a question, `numbers` writes the
//! numbers in it otherwise, `excerpt` shows where.

pub mod excerpt;
pub mod fold;
pub mod numbers;
pub mod query;
pub mod terms;

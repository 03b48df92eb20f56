//! How answers and errors look, to people and as JSON: what more than one verb prints, and what is too
//! long to stand in the verb's file.

pub mod about;
pub mod added;
pub mod audit_page;
pub mod changes;
pub mod compared;
pub mod comparison;
pub mod comparison_json;
pub mod document_event;
pub mod failure;
pub mod gaps;
pub mod json;
pub mod lost_packs;
pub mod messages;
pub mod output;
pub mod page;
pub mod revision;
pub mod similarity;
pub mod storage;
pub mod terminal;
mod titles;
pub mod wrap;

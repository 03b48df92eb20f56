//! Near-duplicates, the pure part: what is computed of texts, and of pairs of them.
//!
//! [`sketch`] and [`words`] of one text, [`boilerplate`] of a site, [`prepared`] and [`passages`] of a pair,
//! [`clusters`] of many.

pub mod boilerplate;
pub mod clusters;
pub mod passages;
pub mod prepared;
pub mod sketch;
pub mod words;

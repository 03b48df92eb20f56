//! Near-duplicates, the pure part: what is computed of texts, and of pairs of them.
//!
//! [`params`] has the steps from a text to a group in one picture, and every number in them. Of one
//! text there are [`words`], [`scripts`], [`shingles`] and [`sketch`], of a site its [`boilerplate`], of a pair
//! [`candidates`], [`prepared`], [`overlap`], [`passages`], [`alignment`], [`misread`], [`short`], [`word_lists`], [`score`]
//! and [`explanation`], of many texts [`groups`], [`clusters`] and [`disjoint_sets`]. What asks catalog
//! and store is `archive/similar`.

pub mod alignment;
pub mod boilerplate;
pub mod candidates;
pub mod clusters;
pub mod disjoint_sets;
pub mod explanation;
pub mod frequency;
pub mod groups;
pub mod misread;
pub mod overlap;
pub mod params;
pub mod passages;
pub mod prepared;
pub mod score;
pub mod scripts;
pub mod shingles;
pub mod short;
pub mod sketch;
pub mod word_lists;
pub mod words;

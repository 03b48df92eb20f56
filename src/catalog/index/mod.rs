//! Indexes of the catalog: sorted sets of 64-bit numbers, about a hundred to a row.
//!
//! [`block`] is the bytes of one row, [`blocks`] a set of them; [`tiers`] puts several of these into one index,
//! so that little is written when little changes, and [`tier_reader`] answers as if it were one set;
//! [`hash_filter`] spares look-ups in vain, [`features`] and [`postings`] are the two indexes kept that way.

pub mod block;
pub mod blocks;
pub mod features;
mod hash_filter;
pub mod postings;
mod tier_reader;
pub mod tiers;

pub use features::BlobNumber;
pub use hash_filter::HashFilter;
pub use postings::{CandidateHit, NeighbourQuery};

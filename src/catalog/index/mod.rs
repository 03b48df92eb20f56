//! Indexes of the catalog: sorted sets of 64-bit numbers, about a hundred to a row.
//!
//! [`block`] is the bytes of one row, [`blocks`] a table of them; [`features`] and [`postings`] are the
//! two indexes kept that way.

pub mod block;
pub mod blocks;
pub mod features;
pub mod postings;

pub use features::BlobNumber;
pub use postings::{CandidateHit, NeighbourQuery};

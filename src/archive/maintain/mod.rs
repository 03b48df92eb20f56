//! Keeping an archive well: its catalog made anew, packs written anew, leftovers removed.

pub mod anchors;
pub mod compact;
mod compacted;
pub mod copy;
mod copy_earlier;
mod copy_withdrawn;
pub mod describe;
mod detach;
mod follow;
pub mod keep;
pub mod keys;
mod lost;
pub mod rebuild;
mod recompress;
mod salvage;
mod search;
pub mod withdraw;

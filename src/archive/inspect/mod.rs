//! Looking at an archive without changing it: audit, history, proofs of both, and where its bytes are.

pub mod audit;
pub mod history;
pub mod intervals;
pub mod proof;
pub mod sizes;
pub mod storage;

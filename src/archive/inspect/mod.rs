//! Looking at an archive without changing it: audit, history, and where its bytes are.

pub mod audit;
pub mod history;
pub mod sizes;
pub mod storage;

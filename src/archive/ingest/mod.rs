//! Taking documents in: read, put into the store, committed.

pub mod add;
mod chunked;
pub mod commit;
pub mod reader;
pub mod transaction;

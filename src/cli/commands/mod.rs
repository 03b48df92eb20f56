//! The verbs: each asks the house, and says the answer to people or programs.

pub mod add;
pub mod audit;
pub mod cat;
mod changes;
pub mod compact;
pub mod demo;
pub mod diff;
pub mod dups;
pub mod export;
pub mod init;
pub mod log;
pub mod ls;
pub mod rebuild;
pub mod shell;
pub mod show;
pub mod similar;
pub mod stats;
mod stored;

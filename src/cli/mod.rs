//! The command line. It alone knows people: words, colours, exit codes, and the machine
//! around us: files, environment, clock and terminal.

pub mod args;
pub mod commands;
pub mod debug;
pub mod exit;
pub mod export_files;
pub mod failure;
pub mod files;
pub mod interrupt;
pub mod keyring;
pub mod lines;
pub mod operand;
pub mod output;
pub mod place;
pub mod run;
pub mod session;
pub mod terminal;
pub mod trust_store;
pub mod walk;

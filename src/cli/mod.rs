//! The command line. It alone knows people: words, colours, exit codes, and the machine
//! around us: files, environment, clock and terminal.

mod anchor_requests;
mod args;
mod catalog_place;
mod checked_packs;
mod commands;
mod config;
mod debug;
mod exit;
mod export_files;
mod extractor;
mod files;
mod folder;
mod given;
mod interrupt;
mod keyring;
mod location;
mod new_folder;
mod operand;
mod output_file;
mod output_folder;
mod own_files;
mod print;
mod run;
mod session;
mod short_parts;
mod sources;
mod trust_store;
mod unpack;
mod walk;

pub use run::main;

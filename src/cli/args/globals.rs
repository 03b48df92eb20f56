//! Flags for every verb.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::print::terminal::ColorChoice;

use super::values;

/// What holds for every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options for every verb")]
pub struct Globals {
    /// The archive's folder [env: ARCHIVE_STORE]
    #[arg(long, value_name = "DIR", global = true)]
    pub store: Option<PathBuf>,

    /// Where the catalog lies, if not with the archive [env: ARCHIVE_CATALOG]
    #[arg(long, value_name = "DIR", global = true)]
    pub catalog: Option<PathBuf>,

    /// Answers, and errors, as lines of JSON
    #[arg(long, global = true)]
    pub json: bool,

    /// Print nothing when all is well
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print what happens to each document
    #[arg(short, long, global = true)]
    pub verbose: bool,

    /// When to colour: auto (which respects NO_COLOR), always or never
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", global = true)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub color: ColorChoice,

    /// Wait that long for another writer to finish: 30s, 10m, 2h
    #[arg(long, value_name = "DURATION", global = true, value_parser = values::duration)]
    pub wait: Option<Duration>,
}

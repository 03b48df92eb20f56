//! The verbs and their arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::types::name::DocName;

use super::values::{self, Captured, When};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a new archive; prints its origin name and public key
    Init(InitArgs),
    /// Take in files, folders or standard input: new documents and new revisions
    Add(AddArgs),
    /// List documents
    Ls(LsArgs),
    /// Show what happened, to one document or to all
    Log(LogArgs),
    /// Show all that is known about a revision
    Show(ShowArgs),
    /// Write a revision's bytes to standard output, checked on the way
    Cat(CatArgs),
    /// Show what changed between two revisions or documents
    Diff(DiffArgs),
    /// Find the documents that share text with one
    Similar(SimilarArgs),
    /// Find groups of duplicates and near-duplicates in the whole archive
    Dups(DupsArgs),
    /// Check that everything is still as it was taken in, and that the log only grew
    Audit(AuditArgs),
    /// Write documents back as files
    Export(ExportArgs),
    /// Save room: put small packs together, or compress everything again
    Compact(CompactArgs),
    /// Make the catalog anew from the facts
    Rebuild(RebuildArgs),
    /// Explain how things are stored, and what that saves
    Stats(StatsArgs),
    /// Try everything out on a small archive made for the purpose
    Demo,
    /// Print the completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual pages
    Man,
}

/// `archive init`
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where; without it the place that --store or the configuration names
    #[arg(value_name = "DIR", conflicts_with = "store")]
    pub folder: Option<PathBuf>,

    /// The name that the log is signed under [default: archive.local/FOLDER-xxxxxxxx]
    #[arg(long, value_name = "NAME", value_parser = values::origin)]
    pub origin: Option<String>,
}

/// `archive add`
#[derive(Debug, Args)]
pub struct AddArgs {
    /// Files and folders; - is standard input and needs --as
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    pub paths: Vec<PathBuf>,

    /// Leave out what matches, as a line of .archiveignore would (repeatable)
    #[arg(short, long, value_name = "GLOB", value_parser = values::glob, help_heading = LEFT_OUT)]
    pub exclude: Vec<String>,

    /// Leave out what matches a line of this file (repeatable)
    #[arg(long, value_name = "FILE", help_heading = LEFT_OUT)]
    pub exclude_from: Vec<PathBuf>,

    /// Leave out what git would: .gitignore files and .git
    #[arg(long, help_heading = LEFT_OUT)]
    pub gitignore: bool,

    /// Leave out larger files: 10M, 1GiB
    #[arg(long, value_name = "SIZE", value_parser = values::size, help_heading = LEFT_OUT)]
    pub max_size: Option<u64>,

    /// Stay on the file system of each PATH
    #[arg(short = 'x', long, help_heading = LEFT_OUT)]
    pub one_file_system: bool,

    /// Read the paths from a file, one a line; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub files_from: Option<PathBuf>,

    /// In --files-from, each path ends with a zero byte
    #[arg(short = '0', long)]
    pub null: bool,

    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Read also the files whose size and times are unchanged
    #[arg(long)]
    pub force: bool,

    /// How many threads read and compress [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub threads: Option<usize>,

    /// Where the documents come from, such as a URL
    #[arg(long, value_name = "URL", help_heading = RECORDED)]
    pub source: Option<String>,

    /// When they were captured: a time, or mtime for each file's own
    #[arg(long, value_name = "TIME", value_parser = values::captured, help_heading = RECORDED)]
    pub captured: Option<Captured>,

    /// A note to keep with them
    #[arg(long, value_name = "TEXT", help_heading = RECORDED)]
    pub note: Option<String>,

    /// The document's name, or that of the folder at the top, instead of PATH
    #[arg(long = "as", value_name = "NAME", value_parser = doc_name(), help_heading = RECORDED)]
    #[arg(conflicts_with = "files_from")]
    pub as_name: Option<DocName>,

    /// Put a folder before every name
    #[arg(long, value_name = "NAME", value_parser = doc_name(), help_heading = RECORDED)]
    pub prefix: Option<DocName>,

    /// Report near-duplicates from this share of common text: 0.8, 80%
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub similar_threshold: Option<f64>,
}

/// `archive ls`
#[derive(Debug, Args)]
pub struct LsArgs {
    /// A name, a folder, the end of a name, or a glob; without it everything
    #[arg(value_name = "PATTERN")]
    pub pattern: Option<OsString>,

    /// Also revisions, sizes and times
    #[arg(short, long)]
    pub long: bool,
}

/// `archive log`
#[derive(Debug, Args)]
pub struct LogArgs {
    /// A document; without it the whole archive
    #[arg(value_name = "DOC")]
    pub doc: Option<OsString>,

    /// Only the latest N
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<u64>,
}

/// `archive show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A document, and perhaps which revision
    #[arg(value_name = "DOC[@REV]")]
    pub doc: OsString,
}

/// `archive cat`
#[derive(Debug, Args)]
pub struct CatArgs {
    /// A document, and perhaps which revision
    #[arg(value_name = "DOC[@REV]")]
    pub doc: OsString,

    /// The bytes as they are, on a terminal too
    #[arg(long)]
    pub raw: bool,
}

/// `archive diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The older side; alone, it is compared with the revision before it
    #[arg(value_name = "A")]
    pub a: OsString,

    /// The newer side: a document, or @REV of the same one
    #[arg(value_name = "B")]
    pub b: Option<OsString>,

    /// For patch(1): lines, with N lines around each change [default: 3]
    #[arg(short, long, value_name = "N", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "3")]
    pub unified: Option<usize>,

    /// N paragraphs or lines around each change
    #[arg(short = 'U', long, value_name = "N")]
    pub context: Option<usize>,

    /// Only count what changed
    #[arg(long, conflicts_with = "unified")]
    pub stat: bool,

    /// Exit with 1 when the two differ
    #[arg(long)]
    pub exit_code: bool,
}

/// `archive similar`
#[derive(Debug, Args)]
pub struct SimilarArgs {
    /// A document, a file or - for standard input
    #[arg(value_name = "DOC|FILE|-")]
    pub what: OsString,

    /// Compare with this document alone
    #[arg(value_name = "OTHER", conflicts_with_all = ["limit", "all_revisions"])]
    pub other: Option<OsString>,

    /// From this share of common text: 0.8, 80% [default: what was copied in good part]
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub min: Option<f64>,

    /// Only those that have this share of the text
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub contained: Option<f64>,

    /// Only those of which the text has this share
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub contains: Option<f64>,

    /// Only the closest N
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

    /// Look at older revisions, too
    #[arg(long)]
    pub all_revisions: bool,

    /// Show the passages that both have, and those that only one has
    #[arg(long)]
    pub why: bool,
}

/// `archive dups`
#[derive(Debug, Args)]
pub struct DupsArgs {
    /// Only among the documents below this name
    #[arg(value_name = "PREFIX", value_parser = doc_name())]
    pub prefix: Option<DocName>,

    /// Only the same content under several names
    #[arg(long, conflicts_with_all = ["near", "min"])]
    pub exact: bool,

    /// Only what is close and not the same
    #[arg(long)]
    pub near: bool,

    /// Near from this share of common text: 0.8, 80% [default: what was copied in good part]
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub min: Option<f64>,

    /// Only groups with documents of several sources: hosts, or top folders
    #[arg(long)]
    pub across_sources: bool,

    /// Only groups with something taken in since: 2026-03-01, yesterday, 3 days ago
    #[arg(long, value_name = "WHEN", value_parser = values::when)]
    pub since: Option<When>,
}

/// `archive rebuild`
#[derive(Debug, Args)]
pub struct RebuildArgs {
    /// Only the sketches that near-duplicates are found by
    #[arg(long)]
    pub sketches: bool,
}

/// `archive audit`
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only these documents; without them everything
    #[arg(value_name = "DOC")]
    pub docs: Vec<OsString>,

    /// Log and structure only, without reading every content
    #[arg(long)]
    pub quick: bool,

    /// A checkpoint kept elsewhere that this archive must extend
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
}

/// `archive export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Only these documents; without them everything
    #[arg(value_name = "DOC")]
    pub docs: Vec<OsString>,

    /// The folder to write into
    #[arg(short, long, value_name = "DIR", required = true)]
    pub output: PathBuf,

    /// As they were at this time; without it the latest revisions
    #[arg(long, value_name = "TIME", value_parser = values::when)]
    pub at: Option<When>,

    /// Replace files that are there with other content
    #[arg(long)]
    pub overwrite: bool,

    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// `archive compact`
#[derive(Debug, Args)]
pub struct CompactArgs {
    /// Compress everything again, each revision against an earlier or a later one
    #[arg(long)]
    pub all: bool,

    /// How hard to compress, from 1 (fast) to 19 (small); implies --all [default: 12]
    #[arg(long, value_name = "N", value_parser = values::level)]
    pub level: Option<i32>,

    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// How many threads compress, with --all [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub threads: Option<usize>,
}

/// `archive stats`
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// A document or revision; without it the whole archive, by the headers of all packs
    #[arg(value_name = "DOC[@REV]")]
    pub doc: Option<OsString>,
}

/// `archive completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

const LEFT_OUT: &str = "What is left out";
const RECORDED: &str = "What is recorded";

impl Verb {
    /// The word itself, for hints.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Add(_) => "add",
            Self::Ls(_) => "ls",
            Self::Log(_) => "log",
            Self::Show(_) => "show",
            Self::Cat(_) => "cat",
            Self::Diff(_) => "diff",
            Self::Similar(_) => "similar",
            Self::Dups(_) => "dups",
            Self::Audit(_) => "audit",
            Self::Export(_) => "export",
            Self::Compact(_) => "compact",
            Self::Rebuild(_) => "rebuild",
            Self::Stats(_) => "stats",
            Self::Demo => "demo",
            Self::Completions(_) => "completions",
            Self::Man => "man",
        }
    }

    /// What the grammar alone cannot say.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let Self::Add(add) = self else { return Ok(()) };
        if add.null && add.files_from.is_none() {
            return Err("--null is about the list that --files-from names");
        }
        let from_stdin = add.paths.iter().any(|path| path.as_os_str() == "-");
        match (&add.as_name, add.paths.len()) {
            (None, _) if from_stdin => Err("standard input needs a name: --as NAME"),
            (_, 2..) if from_stdin => Err("- stands alone; add the other paths separately"),
            (Some(_), 2..) => {
                Err("--as names one PATH; for several, put --prefix before their names")
            }
            _ => Ok(()),
        }
    }
}

fn doc_name() -> impl TypedValueParser<Value = DocName> {
    OsStringValueParser::new().try_map(values::name)
}

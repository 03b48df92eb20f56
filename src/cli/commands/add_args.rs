//! What `archive add` is asked.

use std::path::PathBuf;

use clap::Args;

use crate::{
    archive::compare::Charset,
    cli::{
        args::{help::examples, values},
        unpack::Unpack,
    },
    types::{name::DocName, tag::Tag},
};

const LEFT_OUT: &str = "What is left out";
const RECORDED: &str = "What is recorded";
const EXAMPLES: &[&str] = &[
    "archive add report.txt letters/        # a file and a folder",
    "archive add . -e '*.tmp' --gitignore   # without some of it",
    "archive add -n /srv/wiki               # what would happen?",
    "archive add - --as terms.html --source https://example.com/terms < page",
    "archive add --track .                  # also what is gone, and what moved",
    "archive add crawl.warc.gz              # each response is a document, its address its name",
    "archive add --unpack all papers.zip    # the files in it instead of the archive",
    "archive add --manifest clippings.jsonl # a line for each: {\"path\": …, \"source\": …}",
    "find . -name '*.md' -print0 | archive add --files-from - -0",
];

/// Add files, folders or standard input: new documents and new revisions
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct AddArgs {
    /// Files and folders; -, a named pipe and <(…) are streams and need --as
    #[arg(value_name = "PATH", required_unless_present_any = ["files_from", "manifest"])]
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

    /// Also record which documents are no longer in the folders PATH, and which moved (. stands for all documents)
    #[arg(long, conflicts_with = "files_from")]
    pub track: bool,

    /// Read the paths from a file, one a line; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub files_from: Option<PathBuf>,

    /// Read from a file of JSON lines what to add and what is recorded of it: path, name, source, captured, note, tags
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "files_from", "track", "as_name"])]
    pub manifest: Option<PathBuf>,

    /// Which containers give the documents in them instead of themselves
    #[arg(long, value_name = "WHICH", default_value = "auto")]
    pub unpack: Unpack,

    /// In --files-from, each path ends with a zero byte
    #[arg(short = '0', long)]
    pub null: bool,

    /// Take empty standard input for a document, and with --track an empty folder for one that was emptied
    #[arg(long)]
    pub allow_empty: bool,

    /// Print what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Read also the files whose size and times are unchanged
    #[arg(long)]
    pub force: bool,

    /// Leave PDF, Word and other formats unread: 'archive rebuild --text' reads them later
    #[arg(long)]
    pub no_text: bool,

    /// How many threads read and compress [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub threads: Option<usize>,

    /// Where the documents come from, such as a URL
    #[arg(long, value_name = "URL", help_heading = RECORDED)]
    pub source: Option<String>,

    /// When they were captured: a time, or mtime for each file's own
    #[arg(long, value_name = "TIME", value_parser = values::captured, help_heading = RECORDED)]
    pub captured: Option<values::CaptureTime>,

    /// A note to keep with them
    #[arg(long, value_name = "TEXT", help_heading = RECORDED)]
    pub note: Option<String>,

    /// A tag to find them by (repeatable)
    #[arg(long, value_name = "TAG", value_parser = values::tag, help_heading = RECORDED)]
    pub tag: Vec<Tag>,

    /// Record also of what is unchanged that it was seen
    #[arg(long, help_heading = RECORDED)]
    pub record_unchanged: bool,

    /// The encoding of texts that do not prove another: cp850, macintosh [default: as before, or found]
    #[arg(long, value_name = "NAME", value_parser = values::encoding, help_heading = RECORDED)]
    pub encoding: Option<Charset>,

    /// The document's name, or that of the folder at the top, instead of PATH
    #[arg(long = "as", value_name = "NAME", value_parser = values::doc_name(), help_heading = RECORDED)]
    #[arg(conflicts_with = "files_from")]
    pub as_name: Option<DocName>,

    /// Put a folder before every name
    #[arg(long, value_name = "NAME", value_parser = values::doc_name(), help_heading = RECORDED)]
    pub prefix: Option<DocName>,

    /// Report near-duplicates from this resemblance: 0.8, 80%
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub similar_threshold: Option<f64>,
}

impl AddArgs {
    /// What the grammar alone cannot say.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.null && self.files_from.is_none() {
            return Err("--null is about the list that --files-from names");
        }
        let from_stdin = self.paths.iter().any(|path| path.as_os_str() == "-");
        match (&self.as_name, self.paths.len()) {
            (None, _) if from_stdin => Err("standard input needs a name: --as NAME"),
            _ if from_stdin && self.unpack == Unpack::All => {
                Err("standard input is one document; write it to a file to have it unpacked")
            }
            (_, 2..) if from_stdin => Err("- stands alone; add the other paths separately"),
            (Some(_), 2..) => {
                Err("--as names one PATH; for several, put --prefix before their names")
            }
            _ => Ok(()),
        }
    }
}

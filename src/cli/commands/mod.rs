//! The verbs, one file each: its arguments, its help with examples, and `run`, which asks the archive
//! and prints the answer.
//!
//! A verb is known by its `mod` line and its line in `verbs!`; what several verbs print is in `print`.

mod add;
mod add_args;
mod add_items;
mod add_manifest;
mod add_tracked;
mod adopt;
mod anchor;
mod audit;
mod audit_parts;
mod audit_times;
mod blame;
mod cat;
mod compact;
mod completions;
mod copy;
mod demo;
mod diff;
mod diff_since;
mod dups;
mod export;
mod export_bag;
mod export_chosen;
mod export_log;
mod export_manifest;
mod formats;
mod init;
mod key;
mod log;
mod log_words;
mod ls;
mod man;
mod note;
mod prove;
mod rebuild;
mod rename;
mod search;
mod search_scope;
mod show;
mod similar;
mod stats;
mod verify_proof;
mod withdraw;

use clap::Subcommand;

use crate::types::error::Error;

use super::{exit::ExitCode, session::Session};

/// How a verb is spelled: as its module, unless that cannot be.
macro_rules! word {
    ($module:ident) => {
        stringify!($module)
    };
    ($module:ident $shown:literal) => {
        $shown
    };
}

/// Makes `Verb` of a list: of each verb its word, which is its module too, and its arguments.
macro_rules! verbs {
    ($($word:ident $(($shown:literal))?: $Verb:ident($Arguments:ident),)*) => {
        /// What to do, with its arguments.
        #[derive(Debug, Subcommand)]
        pub enum Verb {
            $($Verb($word::$Arguments),)*
        }

        impl Verb {
            /// The word itself, for hints.
            pub fn word(&self) -> &'static str {
                match self {
                    $(Self::$Verb(_) => word!($word $($shown)?),)*
                }
            }

            pub fn run(&self, session: &mut Session) -> Result<ExitCode, Error> {
                match self {
                    $(Self::$Verb(arguments) => $word::run(session, arguments),)*
                }
            }
        }
    };
}

// In this order help lists them.
verbs! {
    init: Init(InitArgs),
    add: Add(AddArgs),
    ls: Ls(LsArgs),
    log: Log(LogArgs),
    show: Show(ShowArgs),
    note: Note(NoteArgs),
    rename: Rename(RenameArgs),
    cat: Cat(CatArgs),
    diff: Diff(DiffArgs),
    blame: Blame(BlameArgs),
    search: Search(SearchArgs),
    similar: Similar(SimilarArgs),
    dups: Dups(DupsArgs),
    audit: Audit(AuditArgs),
    key: Key(KeyArgs),
    anchor: Anchor(AnchorArgs),
    prove: Prove(ProveArgs),
    verify_proof ("verify-proof"): VerifyProof(VerifyProofArgs),
    export: Export(ExportArgs),
    copy: Copy(CopyArgs),
    adopt: Adopt(AdoptArgs),
    withdraw: Withdraw(WithdrawArgs),
    compact: Compact(CompactArgs),
    rebuild: Rebuild(RebuildArgs),
    stats: Stats(StatsArgs),
    demo: Demo(DemoArgs),
    formats: Formats(FormatsArgs),
    completions: Completions(CompletionsArgs),
    man: Man(ManArgs),
}

impl Verb {
    /// Refuses what the grammar alone cannot.
    pub fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::Add(arguments) => arguments.check(),
            Self::Audit(arguments) => arguments.check(),
            Self::Export(arguments) => arguments.check(),
            Self::Note(arguments) => arguments.check(),
            Self::Prove(arguments) => arguments.check(),
            _ => Ok(()),
        }
    }
}

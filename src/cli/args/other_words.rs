//! Words of other programs for what the verbs here do, and options where there are none of that name: whoever
//! tries one is shown the way.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// What to type instead of words that are no verbs, and of options that a verb does not have.
#[derive(Debug)]
pub struct Way {
    words: &'static [&'static str],
    /// The command, without `archive`.
    command: &'static str,
    /// What it does, in the third person; for what there is not, that too.
    does: &'static str,
}

const WAYS: [Way; 26] = [
    Way {
        words: &[
            "commit", "save", "put", "import", "backup", "store", "update", "push", "snapshot",
        ],
        command: "add",
        does: "adds documents, and new revisions of those that changed",
    },
    Way {
        words: &["status", "st"],
        command: "add --dry-run",
        does: "shows what would be added, 'archive stats' what is there",
    },
    Way {
        words: &["restore", "extract", "checkout", "recover", "unpack", "pull", "revert"],
        command: "export",
        does: "writes documents back as files",
    },
    Way {
        words: &["check", "verify", "fsck", "validate", "scrub", "test"],
        command: "audit",
        does: "checks every byte, the log and its signature",
    },
    Way {
        words: &["proof", "attest", "certify", "receipt", "notarize"],
        command: "prove",
        does: "shows others that a revision was recorded",
    },
    Way {
        words: &["history", "revisions", "versions", "events", "journal"],
        command: "log",
        does: "shows what happened, to one document or to all",
    },
    Way {
        words: &["list", "dir", "files", "documents", "tree"],
        command: "ls",
        does: "lists documents",
    },
    Way {
        words: &["find", "locate"],
        command: "ls",
        does: "finds names by a glob, 'archive search' texts by words, 'archive similar' by a text",
    },
    Way {
        words: &["grep", "query"],
        command: "search",
        does: "finds texts by their words, 'archive log --added' the revisions in which words came",
    },
    Way {
        words: &["rm", "delete", "remove", "del", "forget", "purge", "erase", "redact", "unlink"],
        command: "withdraw",
        does: "takes contents or words away for good and keeps the record; what only takes room 'archive compact' removes",
    },
    Way {
        words: &["mv", "move"],
        command: "rename",
        does: "gives a document or a folder another name; 'archive add --track' finds out by itself what moved",
    },
    Way {
        words: &["cp"],
        command: "add --as",
        does: "adds a file under another name; the document of the old name stays",
    },
    Way {
        words: &["gc", "prune", "repack", "optimize", "compress", "vacuum"],
        command: "compact",
        does: "saves room; contents and events stay as they are",
    },
    Way {
        words: &["repair", "reindex", "index", "fix"],
        command: "rebuild",
        does: "makes the catalog anew; 'archive audit' names damaged contents and what heals them",
    },
    Way { words: &["create", "new", "initialize"], command: "init", does: "makes a new archive" },
    Way {
        words: &["info", "view", "details", "describe", "meta"],
        command: "show",
        does: "shows all that is known about a revision",
    },
    Way {
        words: &["get", "read", "print", "download"],
        command: "cat",
        does: "writes a revision's bytes to standard output, 'archive export' to files",
    },
    Way {
        words: &["compare", "changes", "delta"],
        command: "diff",
        does: "shows what changed between two revisions or documents",
    },
    Way {
        words: &["annotate", "praise"],
        command: "blame",
        does: "shows which revision brought each paragraph",
    },
    Way {
        words: &["duplicates", "dedup", "dedupe", "dupes"],
        command: "dups",
        does: "finds groups of duplicates and near-duplicates",
    },
    Way {
        words: &["--at", "--as-of", "--date"],
        command: "export --at",
        does: "writes documents as they were at a time, 'archive cat DOC@2026-03-01' one of them",
    },
    Way {
        words: &["-S", "-G", "--grep", "pickaxe"],
        command: "log --added",
        does: "finds the revisions in which words came, --removed in which they went; --regex takes an expression",
    },
    Way {
        words: &["--recursive", "-r", "-R"],
        command: "add",
        does: "takes folders with all that is in them",
    },
    Way {
        words: &["--message", "-m"],
        command: "add --note",
        does: "keeps a note with what is added, 'archive note' with what is there",
    },
    Way {
        words: &["--tag", "--tags", "-t"],
        command: "note",
        does: "tags what is there: 'archive note DOC +TAG', and -TAG takes a tag off",
    },
    Way {
        words: &["tag", "label", "edit"],
        command: "note",
        does: "corrects what is recorded of a document and tags it: +TAG, -TAG",
    },
];

impl Way {
    /// The way out of an error about a word that is no verb, or no option of this one.
    pub fn out_of(error: &Error) -> Option<&'static Self> {
        let wrong = match error.kind() {
            ErrorKind::InvalidSubcommand => error.get(ContextKind::InvalidSubcommand),
            ErrorKind::UnknownArgument => error.get(ContextKind::InvalidArg),
            _ => None,
        };
        let Some(ContextValue::String(word)) = wrong else { return None };
        // A file that is called as a verb of another program is no verb.
        let is_option = error.kind() == ErrorKind::UnknownArgument;
        Self::of(word).filter(|_| word.starts_with('-') == is_option)
    }

    /// The way for whoever types a word.
    fn of(word: &str) -> Option<&'static Self> {
        WAYS.iter().find(|way| way.words.contains(&word))
    }

    /// A sentence that begins with the command.
    fn sentence(&self) -> String {
        format!("'archive {}' {}", self.command, self.does)
    }

    /// The verb whose help says more.
    pub fn verb(&self) -> &'static str {
        self.command.split(' ').next().unwrap_or_default()
    }
}

/// Puts the way into an error about such a word, where there is one.
pub fn show_way(mut error: Error) -> Error {
    if let Some(way) = Way::out_of(&error) {
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::SuggestedArg);
        let sentence = ContextValue::StyledStrs(vec![way.sentence().into()]);
        error.insert(ContextKind::Suggested, sentence);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;

    #[test]
    fn a_file_called_like_a_verb_is_none() {
        let way = |words: &[&str]| {
            let error = Cli::whole_command().try_get_matches_from(words).unwrap_err();
            Way::out_of(&error).map(|way| way.command)
        };
        assert_eq!(way(&["archive", "copy", "there", "cp"]), None);
        assert_eq!(way(&["archive", "cp", "a"]), Some("add --as"));
        assert_eq!(way(&["archive", "note", "a", "--tag", "x"]), Some("note"));
        assert_eq!(way(&["archive", "add", "-m", "x", "a"]), Some("add --note"));
    }

    #[test]
    fn no_word_is_a_verb_and_every_way_is_one() {
        let program = Cli::whole_command();
        let mut words: Vec<&str> = WAYS.iter().flat_map(|way| way.words).copied().collect();
        for way in &WAYS {
            let others = way.does.split('\'').filter_map(|text| text.strip_prefix("archive "));
            let others = others.filter_map(|command| command.split(' ').next());
            for verb in others.chain([way.verb()]) {
                assert!(program.find_subcommand(verb).is_some(), "{verb}");
            }
        }
        assert!(words.iter().all(|word| program.find_subcommand(word).is_none()));
        let n_words = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), n_words, "a word has one way");
    }
}

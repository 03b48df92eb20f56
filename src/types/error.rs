//! Errors, by what the reader of the message can do about them.
//!
//! `cli/print/failure.rs` alone makes sentences, hints and exit codes of them.

use std::io;

/// What went wrong, sorted by the way out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was touched; the request has to change.
    #[error("{0}")]
    Refused(Refusal),
    /// The thing asked for is not there, or the words fit several.
    #[error("{what}")]
    NotFound {
        /// The sentence, naming what was asked for.
        what: String,
        /// What the words could have meant; empty when nothing came near.
        candidates: Vec<String>,
    },
    /// The bytes asked for were taken away on purpose.
    #[error("{what} was withdrawn on {at} by event {event}, for the reason {reason:?}")]
    Withdrawn {
        /// Which revision, as a selector.
        what: String,
        /// The event that says so.
        event: u64,
        /// When, to the minute.
        at: String,
        /// Why, as a code.
        reason: String,
    },
    /// There is no archive there.
    #[error("there is no archive at {location}")]
    NoArchive {
        /// The folder asked for.
        location: String,
    },
    /// There was a copy there, and it is no longer: a disk may not be there.
    #[error("the copy that was at {location} is not there; is the disk?")]
    NoCopy {
        /// The folder asked for.
        location: String,
    },
    /// A withdrawal is recorded, and not all that it took is known to be gone; whoever resumes it goes on.
    #[error("{}", unfinished(.what, .cause.as_deref()))]
    Unfinished {
        /// Which, and that it is not finished.
        what: String,
        /// What ended it, where that is known.
        cause: Option<Box<Error>>,
    },
    /// Stored bytes are not what they must be; the reader restores them from a copy.
    #[error("{}", damage(.object, .why))]
    Damaged {
        /// Which stored thing.
        object: String,
        /// What was expected and what was found.
        why: String,
    },
    /// A signature on the log does not hold.
    #[error("{why}")]
    Untrusted {
        /// Which, and by which key.
        why: String,
    },
    /// The journal is not the one that is remembered of this archive.
    #[error("{why}")]
    OtherHistory {
        /// What is remembered, and what was found.
        why: String,
        /// The evidence.
        checkpoints: Box<TwoCheckpoints>,
    },
    /// The catalog cannot be read or does not agree with the facts; it is made anew from them.
    #[error("the catalog cannot be used: {why}")]
    Catalog {
        /// The message of SQLite or of the comparison.
        why: String,
    },
    /// The full-text index cannot be read; it is made anew from the texts.
    #[error("the full-text index cannot be used: {why}")]
    FullText {
        /// The message of SQLite, or what it does not fit.
        why: String,
    },
    /// The machine refused: disk, permission, device.
    #[error("cannot {operation} {path}: {}", in_words(.source))]
    Io {
        /// A verb: `read`, `write`, `sync`.
        operation: &'static str,
        /// What it was done to.
        path: String,
        /// The system's own words.
        source: io::Error,
    },
    /// Another writer holds the archive.
    #[error("another archive command is writing here: {who}")]
    Busy {
        /// Who and since when, as the holder wrote it into the lock.
        who: String,
    },
    /// The work was stopped from outside; what was committed is safe.
    #[error("interrupted")]
    Interrupted,
}

/// Two signed checkpoints that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TwoCheckpoints {
    /// The one that is remembered.
    pub remembered: String,
    /// The archive's own.
    pub found: String,
}

/// Why a request was refused before anything was touched.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Words that do not make sense together.
    #[error("{0}")]
    Usage(String),
    /// An archive, or a part of one, written by a newer program.
    #[error("{what} has format {found}; this program reads up to {known}")]
    NewerFormat {
        /// Which file.
        what: String,
        /// The version it states.
        found: u64,
        /// The newest version understood here.
        known: u64,
    },
    /// What was given as the archive's signing key is not that key.
    #[error("{file} is not the key {key_id} that signs for {origin}: {why}")]
    WrongKey {
        /// The file that was read.
        file: String,
        /// The archive's name in its log.
        origin: String,
        /// Eight hex digits.
        key_id: String,
        /// What it is instead.
        why: String,
    },
    /// The archive's signing key lies open to others.
    #[error(
        "the key {key_id} that signs for {origin} is open to others, who may sign with it by now; \
         archive key rotate makes another one once it is closed"
    )]
    OpenKey {
        /// The file that holds it.
        file: String,
        /// The archive's name in its log.
        origin: String,
        /// Eight hex digits.
        key_id: String,
    },
    /// The archive's signing key was not given.
    #[error("the key {key_id} that signs for {origin} is not here")]
    NoSigningKey {
        /// The archive's name in its log.
        origin: String,
        /// Eight hex digits.
        key_id: String,
    },
    /// A writing verb on an archive that cannot be written.
    #[error("{location} cannot be written")]
    ReadOnly {
        /// The archive's folder, or the file in it.
        location: String,
    },
}

/// What the system says of an error, without its number, as the end of a sentence.
pub fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(number) = error.raw_os_error() else { return text };
    let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
    let mut letters = text.chars();
    let (first, second) = (letters.next(), letters.clone().next());
    match first {
        // Not the first letter of a name that is spelled in capitals.
        Some(first) if second.is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// What is wrong with an object that is not there.
const MISSING: &str = "it is missing";

/// What is not there is not damaged.
fn damage(object: &str, why: &str) -> String {
    match why {
        "it is in no pack" => format!("{object} is in no pack"),
        why => match why.strip_prefix(MISSING) {
            Some(rest) => format!("{object} is missing{rest}"),
            None => format!("{object} is damaged: {why}"),
        },
    }
}

fn unfinished(what: &str, cause: Option<&Error>) -> String {
    cause.map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"))
}

impl Error {
    /// What lies under it: what ended a withdrawal, else the error itself.
    pub fn cause(&self) -> &Self {
        match self {
            Self::Unfinished { cause: Some(cause), .. } => cause,
            error => error,
        }
    }

    /// [`Refusal::Usage`] as an error.
    pub fn usage(why: impl Into<String>) -> Self {
        Self::Refused(Refusal::Usage(why.into()))
    }

    /// A damaged object and what is wrong with it.
    pub fn damaged(object: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Damaged { object: object.into(), why: why.into() }
    }

    /// A stored object that is not there.
    pub fn missing(object: impl Into<String>) -> Self {
        Self::damaged(object, MISSING)
    }

    /// The same once more if it is a missing permission, which says nothing of what lies there.
    pub fn denial(&self) -> Option<Self> {
        match self {
            Self::Io { operation, path, source }
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                let source = match source.raw_os_error() {
                    Some(number) => io::Error::from_raw_os_error(number),
                    None => source.kind().into(),
                };
                Some(Self::io(operation, path.clone(), source))
            }
            _ => None,
        }
    }

    /// An operation on a path that the machine refused.
    pub fn io(operation: &'static str, path: impl Into<String>, source: io::Error) -> Self {
        Self::Io { operation, path: path.into(), source }
    }
}

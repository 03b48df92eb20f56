//! What lies in a proof folder.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use crate::types::digest::{Digest, Hasher};

/// The bytes of the revision.
pub const CONTENT: &str = "content";
/// The leaf.
pub const EVENT: &str = "event.json";
/// What people wrote about it.
pub const DETAIL: &str = "detail.json";
/// The way from the leaf to the signed root.
pub const PROOF: &str = "event.tlog-proof";
/// The document's first leaf, where that is another.
pub const FIRST_EVENT: &str = "first-event.json";
/// What people wrote about that one: it gives the document its name.
pub const FIRST_DETAIL: &str = "first-detail.json";
/// The way from that leaf to the same root.
pub const FIRST_PROOF: &str = "first-event.tlog-proof";
/// Of which events the words are not here since they were withdrawn, by the word of whoever made the folder: a line for
/// each, with the name that the detail's file would have and the index of the event that withdrew it.
pub const WITHDRAWN: &str = "withdrawn";
/// Whose signature counts, by the word of whoever made the folder.
pub const POLICY: &str = "policy";
/// How other programs check all this.
pub const README: &str = "README";
/// The same for a browser.
pub const PAGE: &str = "verify.html";

/// Every file that a proof folder may have, beside the content.
pub const SMALL_FILES: [&str; 10] =
    [EVENT, DETAIL, PROOF, FIRST_EVENT, FIRST_DETAIL, FIRST_PROOF, WITHDRAWN, POLICY, README, PAGE];

/// No file of a folder but the content is larger.
pub const SMALL_BYTES_MAX: u64 = 4 << 20;
/// A content up to this size stands in the page, so that nobody has to choose its file.
pub const EMBEDDED_BYTES_MAX: usize = 256 << 10;

const LOG: &str = "log ";
const NO_QUORUM: &str = "quorum none\n";

/// A proof folder as it is read, or is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProofFolder {
    /// The files by their names, without the content.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the content turned out to be; none where there is none.
    pub content: Option<SeenContent>,
    /// What else lies there.
    pub others: Vec<String>,
}

/// A content that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenContent {
    /// Its SHA-256.
    pub digest: Digest,
    /// Its size.
    pub n_bytes: u64,
    /// Its bytes, where the page has room for them.
    pub embedded: Option<Vec<u8>>,
}

/// A content on its way through.
#[derive(Default)]
pub struct ContentWatch {
    hasher: Hasher,
    n_bytes: u64,
    head: Vec<u8>,
}

impl ContentWatch {
    /// Takes the next piece.
    pub fn take(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
        self.n_bytes += piece.len() as u64;
        let n_more = (EMBEDDED_BYTES_MAX + 1).saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..n_more]);
    }

    /// What came through.
    pub fn finish(self) -> SeenContent {
        let embedded = (self.head.len() <= EMBEDDED_BYTES_MAX).then_some(self.head);
        SeenContent { digest: self.hasher.finish(), n_bytes: self.n_bytes, embedded }
    }
}

impl SeenContent {
    /// Reads a content to its end.
    pub fn of(mut source: impl Read) -> io::Result<Self> {
        let mut watch = ContentWatch::default();
        let mut piece = vec![0; 64 << 10];
        loop {
            match source.read(&mut piece) {
                Ok(0) => return Ok(watch.finish()),
                Ok(n) => watch.take(&piece[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl ProofFolder {
    /// The key that the folder's own policy names.
    pub fn vkey(&self) -> Option<&str> {
        let policy = std::str::from_utf8(self.files.get(POLICY)?).ok()?;
        let vkey = policy.strip_prefix(LOG)?.split('\n').next()?;
        (policy == self::policy(vkey)).then_some(vkey)
    }

    /// By which event the words were withdrawn that a file would have, as the folder says; none where it says nothing.
    pub fn withdrawn_by(&self, detail: &str) -> Option<u64> {
        let text = std::str::from_utf8(self.files.get(WITHDRAWN)?).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(detail)?.strip_prefix(' '));
        line?.parse().ok()
    }

    /// Whether anything here belongs to a proof.
    pub fn is_one(&self) -> bool {
        [EVENT, PROOF, POLICY].iter().any(|name| self.files.contains_key(*name))
    }
}

/// A line of [`WITHDRAWN`].
pub fn withdrawn_line(detail: &str, by: u64) -> String {
    format!("{detail} {by}\n")
}

/// The policy that one log's signature is enough.
pub fn policy(vkey: &str) -> String {
    format!("{LOG}{vkey}\n{NO_QUORUM}")
}

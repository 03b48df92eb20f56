//! Checking a proof folder, with nothing but its files and a key that is trusted.
//!
//! Every byte counts: of each file either all is checked, or the report names it as not checked.

use crate::{
    journal::{
        event::{Detail, Event, Revise, ReviseDetail},
        merkle::{TreeHead, leaf_hash},
        note::Verifier,
        proof::{ProofError, TlogProof},
    },
    types::digest::Digest,
};

use super::{
    folder::{
        CONTENT, DETAIL, EVENT, FIRST_DETAIL, FIRST_EVENT, FIRST_PROOF, POLICY, PROOF, ProofFolder,
        WITHDRAWN, withdrawn_line,
    },
    pages::{other_number, pages},
};

/// What no proof shows.
pub const NOT_SHOWN: [&str; 3] = [
    "that there is no later revision, and that this one was not withdrawn since",
    "that times, names, sources and notes are true: only that nobody has changed them since",
    "that nothing was left out: an archive proves what it was given, not what there is",
];

/// What came of checking a proof folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProofReport {
    /// What is wrong; anything is enough to refuse all of it.
    pub flaws: Vec<Flaw>,
    /// What was not checked, and why that does not matter.
    pub unchecked: Vec<String>,
    /// What is shown, if the key in the folder is the archive's; none where something is wrong.
    pub claims: Option<Claims>,
    /// Whether that key is the one that is trusted.
    pub is_trusted: bool,
}

/// Something that is wrong with a file of a proof folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Which file.
    pub file: &'static str,
    /// What was expected and what was found.
    pub why: String,
}

/// What a proof folder shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The key that signed, as a vkey line; its name is the archive's.
    pub vkey: String,
    /// Size and root that it signed.
    pub head: TreeHead,
    /// The index of the revision's event.
    pub index: u64,
    /// What it says.
    pub revise: Revise,
    /// Whether the folder has the content; where it has none, it was withdrawn by the prover's word.
    pub has_content: bool,
    /// What people wrote about it, where the proof shows that.
    pub words: Option<Words>,
}

/// What people wrote, each under its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// About this revision.
    pub own: EventWords,
    /// About the document's first revision, which gives the document its name.
    pub first: EventWords,
    /// The index of that one's event.
    pub first_index: u64,
}

/// What people wrote about one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventWords {
    /// It is in the folder, and what the event means.
    Shown(Box<ReviseDetail>),
    /// It is not in the folder: this event withdrew it, by the prover's word.
    Withdrawn(u64),
}

/// An event of the folder that is in the signed tree.
struct Proved {
    index: u64,
    head: TreeHead,
    note: Vec<u8>,
    revise: Revise,
}

impl ProofReport {
    /// Whether all of it holds, under a key that is trusted.
    pub fn is_accepted(&self) -> bool {
        self.claims.is_some() && self.is_trusted
    }

    /// Refuses what a key has signed out of its turn: by then another one signed, as `why` says.
    pub fn refuse_key(&mut self, why: String) {
        self.flaws.push(Flaw::new(PROOF, why));
        self.claims = None;
    }

    /// Refuses it where the key's owner is known to have signed another root of the same size.
    pub fn compare(&mut self, known: (u64, Digest)) {
        let Some(claims) = &self.claims else { return };
        if claims.head.size == known.0 && claims.head.root != known.1 {
            let why = format!(
                "the journal is forked: with {} events its root was {}, and here it is {}",
                known.0, known.1, claims.head.root
            );
            self.flaws.push(Flaw::new(PROOF, why));
            self.claims = None;
        }
    }
}

impl ProofFolder {
    /// Checks everything; `trusted` is the vkey line that whoever asks has by another way.
    pub fn check(&self, trusted: Option<&str>) -> ProofReport {
        let mut report = ProofReport::default();
        report.unchecked.extend(self.others.iter().map(|name| format!("{name}: no part of it")));
        let claims = self.claims(trusted);
        report.is_trusted = trusted.is_some();
        let mut flaws: Vec<Flaw> = claims.as_ref().err().cloned().into_iter().collect();
        for (name, expected) in pages(self) {
            match self.files.get(name).map(|bytes| (bytes, other_number(bytes))) {
                Some((bytes, _)) if *bytes == expected => {}
                Some((_, Some(number))) => report.unchecked.push(format!(
                    "{name}: of version {number} of such files, which this program does not know"
                )),
                Some(_) => {
                    flaws.push(Flaw::new(name, "it is not what follows from the other files"))
                }
                None => flaws.push(Flaw::missing(name)),
            }
        }
        report.claims = claims.ok().filter(|_| flaws.is_empty());
        report.flaws = flaws;
        report
    }

    fn claims(&self, trusted: Option<&str>) -> Result<Claims, Flaw> {
        let policy = self.file(POLICY)?;
        let vkey = self.vkey().ok_or_else(|| {
            let n_bytes = policy.len();
            Flaw::new(POLICY, format!("its {n_bytes} bytes are not a log line and quorum none"))
        })?;
        if let Some(trusted) = trusted.filter(|trusted| *trusted != vkey) {
            return Err(Flaw::new(POLICY, other_key(vkey, trusted)));
        }
        let verifier = Verifier::parse(vkey).map_err(|why| Flaw::new(POLICY, why.to_string()))?;
        let own = self.proved(EVENT, PROOF, &verifier)?;
        // A folder without one says so in README and page, which are compared.
        if let Some(content) = &self.content
            && (content.digest, content.n_bytes) != (own.revise.sha256, own.revise.size)
        {
            return Err(Flaw::new(
                CONTENT,
                format!(
                    "it has {} bytes with the SHA-256 {}, the event states {} and {}",
                    content.n_bytes, content.digest, own.revise.size, own.revise.sha256
                ),
            ));
        }
        let words = self.words(&own, &verifier)?;
        let Proved { index, head, revise, .. } = own;
        let has_content = self.content.is_some();
        Ok(Claims { vkey: vkey.to_owned(), head, index, revise, has_content, words })
    }

    /// An event, once it is shown to be in the tree.
    fn proved(
        &self,
        event: &'static str,
        proof: &'static str,
        verifier: &Verifier,
    ) -> Result<Proved, Flaw> {
        let line = self.file(event)?;
        let parsed = Event::parse(line).map_err(|why| Flaw::new(event, why.to_string()))?;
        let Event::Revise(revise) = parsed else {
            return Err(Flaw::new(event, "it records no revision"));
        };
        let wrong = |why: ProofError| Flaw::new(proof, why.to_string());
        let found = TlogProof::parse(self.file(proof)?).map_err(wrong)?;
        let head = found.check(&leaf_hash(line), verifier).map_err(wrong)?;
        Ok(Proved { index: found.index, head, note: found.note, revise })
    }

    /// Names, source and note, where the folder shows them or says why it does not.
    fn words(&self, own: &Proved, verifier: &Verifier) -> Result<Option<Words>, Flaw> {
        let has = |name: &str| self.files.contains_key(name);
        self.check_withdrawn(own)?;
        if !has(DETAIL) && self.withdrawn_by(DETAIL).is_none() {
            let left = [FIRST_EVENT, FIRST_DETAIL, FIRST_PROOF, WITHDRAWN];
            return match left.into_iter().find(|name| has(name)) {
                Some(name) => Err(Flaw::new(name, format!("it is there without {DETAIL}"))),
                None => Ok(None),
            };
        }
        let words = self.event_words(DETAIL, &own.revise)?;
        if own.revise.prev.is_none() {
            let spare = [FIRST_EVENT, FIRST_DETAIL, FIRST_PROOF].into_iter().find(|name| has(name));
            return match spare {
                Some(name) => Err(Flaw::new(name, "the event is the document's first itself")),
                None => {
                    Ok(Some(Words { own: words.clone(), first: words, first_index: own.index }))
                }
            };
        }
        let first = self.proved(FIRST_EVENT, FIRST_PROOF, verifier)?;
        if first.note != own.note {
            return Err(Flaw::new(FIRST_PROOF, format!("its checkpoint is not that of {PROOF}")));
        }
        if first.revise.doc != own.revise.doc || first.revise.prev.is_some() {
            return Err(Flaw::new(FIRST_EVENT, "it is not the first event of this document"));
        }
        let (own, first_index) = (words, first.index);
        Ok(Some(Words { own, first: self.event_words(FIRST_DETAIL, &first.revise)?, first_index }))
    }

    /// That what is said to be withdrawn is not there, and was so by a later event of this journal.
    fn check_withdrawn(&self, own: &Proved) -> Result<(), Flaw> {
        let Some(said) = self.files.get(WITHDRAWN) else { return Ok(()) };
        let mut expected = String::new();
        for name in [DETAIL, FIRST_DETAIL] {
            let Some(by) = self.withdrawn_by(name) else { continue };
            if self.files.contains_key(name) {
                return Err(Flaw::new(WITHDRAWN, format!("it names {name}, which is there")));
            }
            if by >= own.head.size {
                return Err(Flaw::new(WITHDRAWN, format!("event {by} lies beyond the journal")));
            }
            expected += &withdrawn_line(name, by);
        }
        let is_of_first = own.revise.prev.is_none() && self.withdrawn_by(FIRST_DETAIL).is_some();
        match expected.as_bytes() == said && !expected.is_empty() && !is_of_first {
            true => Ok(()),
            false => {
                Err(Flaw::new(WITHDRAWN, "it is not a line for each detail that was withdrawn"))
            }
        }
    }

    fn event_words(&self, name: &'static str, revise: &Revise) -> Result<EventWords, Flaw> {
        if let Some(by) = self.withdrawn_by(name) {
            return Ok(EventWords::Withdrawn(by));
        }
        let bytes = self.file(name)?;
        if Digest::of(bytes) != revise.detail {
            return Err(Flaw::new(name, "it is not the detail that its event means"));
        }
        match Detail::parse(&Event::Revise(revise.clone()), bytes) {
            Ok(Detail::Revise(detail)) => Ok(EventWords::Shown(Box::new(detail))),
            Ok(_) => Err(Flaw::new(name, "it is no detail of a revision")),
            Err(why) => Err(Flaw::new(name, why.to_string())),
        }
    }

    fn file(&self, name: &'static str) -> Result<&[u8], Flaw> {
        self.files.get(name).map(Vec::as_slice).ok_or_else(|| Flaw::missing(name))
    }
}

/// What a key is that is not the one that is trusted.
pub fn other_key(vkey: &str, trusted: &str) -> String {
    let origin = |vkey: &str| vkey.split('+').next().unwrap_or_default().to_owned();
    match origin(vkey) == origin(trusted) {
        false => format!("it names the key {vkey}, not {trusted}"),
        true => format!(
            "signed by another key of this origin; it names {vkey}, not {trusted}. Where the key was rotated, archive \
             audit --vkey on a copy of the archive says whether one leads to the other, and makes both known; or \
             get the line of that key from the archive's owner"
        ),
    }
}

impl EventWords {
    /// What is shown, and the event that withdrew what is not.
    pub fn parts(&self) -> (Option<&ReviseDetail>, Option<u64>) {
        match self {
            Self::Shown(detail) => (Some(detail), None),
            Self::Withdrawn(by) => (None, Some(*by)),
        }
    }
}

impl Flaw {
    fn new(file: &'static str, why: impl Into<String>) -> Self {
        Self { file, why: why.into() }
    }

    fn missing(file: &'static str) -> Self {
        Self::new(file, "it is missing")
    }
}

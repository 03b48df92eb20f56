//! What lines of JSON are made of. `docs/json.md` is their schema.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::{
    archive::{
        inspect::proof::TreeHead,
        maintain::{keys::SigningKey, withdraw::Remnant},
        similar::{Containment, Similarity},
    },
    types::{
        document::{Document, Revision, Withdrawn},
        name::DocName,
    },
};

/// How close two texts are; nothing where there are no words to compare.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct SimilarityLine {
    resemblance: Option<f64>,
    a_in_b: Option<f64>,
    b_in_a: Option<f64>,
    copied: Option<f64>,
    counted: Option<f64>,
}

impl SimilarityLine {
    pub fn of(similarity: &Similarity) -> Self {
        let Similarity { resemblance, counted, containment } = *similarity;
        let Containment { a_in_b, b_in_a, of_shorter: copied } = containment;
        let [resemblance, a_in_b, b_in_a, copied, counted] =
            [resemblance, a_in_b, b_in_a, copied, counted].map(Some);
        Self { resemblance, a_in_b, b_in_a, copied, counted }
    }
}

/// Which revision a line is about, and what its content is: the first fields of such a line.
#[derive(Debug, Clone, Serialize)]
pub struct RevisionSummary {
    id: String,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    sha256: String,
    bytes: u64,
}

impl RevisionSummary {
    pub fn of(document: &Document, revision: &Revision) -> Self {
        Self {
            id: document.id.to_string(),
            name: document.name.text().into_owned(),
            name_b64: name_b64(&document.name),
            revision: revision.number,
            sha256: revision.digest.to_string(),
            bytes: revision.n_bytes,
        }
    }
}

/// A document and one of its revisions, in full.
#[derive(Debug, Clone, Serialize)]
pub struct RevisionLine {
    id: String,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    revisions: u64,
    event: u64,
    sha256: String,
    bytes: u64,
    media_type: String,
    at: String,
    captured: String,
    mtime: Option<String>,
    source: Option<String>,
    note: Option<String>,
    by: Option<String>,
    withdrawn: Option<WithdrawnLine>,
    words_withdrawn: Option<WithdrawnLine>,
}

/// The event that withdrew something.
#[derive(Debug, Clone, Serialize)]
pub struct WithdrawnLine {
    event: u64,
    at: String,
    reason: String,
}

impl WithdrawnLine {
    pub fn of(withdrawn: &Withdrawn) -> Self {
        let Withdrawn { event, at, reason } = withdrawn;
        Self { event: *event, at: at.to_string(), reason: reason.clone() }
    }
}

/// Something of what was withdrawn, where it must not be.
#[derive(Debug, Clone, Serialize)]
pub struct RemnantLine {
    place: String,
    what: String,
}

impl RemnantLine {
    pub fn of(remnant: &Remnant) -> Self {
        Self { place: remnant.place.clone(), what: remnant.what.clone() }
    }
}

impl RevisionLine {
    pub fn of(document: &Document, revision: &Revision) -> Self {
        Self {
            id: document.id.to_string(),
            name: document.name.text().into_owned(),
            name_b64: name_b64(&document.name),
            revision: revision.number,
            revisions: document.n_revisions,
            event: revision.event,
            sha256: revision.digest.to_string(),
            bytes: revision.n_bytes,
            media_type: revision.media_type.clone(),
            at: revision.at.to_string(),
            captured: revision.captured.to_string(),
            mtime: revision.mtime.map(|mtime| mtime.to_string()),
            source: revision.source.clone(),
            note: revision.note.clone(),
            by: revision.author.clone(),
            withdrawn: revision.withdrawn.as_ref().map(WithdrawnLine::of),
            words_withdrawn: revision.words_withdrawn.as_ref().map(WithdrawnLine::of),
        }
    }
}

/// A journal's tree.
#[derive(Debug, Clone, Serialize)]
pub struct HeadLine {
    events: u64,
    root: String,
}

impl HeadLine {
    pub fn of(head: &TreeHead) -> Self {
        Self { events: head.size, root: head.root.to_string() }
    }
}

/// A line with its type before its fields.
#[derive(Serialize)]
pub struct Typed<T: Serialize> {
    #[serde(rename = "type")]
    line_type: &'static str,
    #[serde(flatten)]
    fields: T,
}

pub fn typed<T: Serialize>(line_type: &'static str, fields: T) -> Typed<T> {
    Typed { line_type, fields }
}

/// The exact name in base64 when it is not UTF-8.
pub fn name_b64(name: &DocName) -> Option<String> {
    b64_unless_utf8(name.as_bytes())
}

/// Any bytes in base64 when they are not UTF-8.
pub fn b64_unless_utf8(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).is_err().then(|| STANDARD.encode(bytes))
}
/// A key that signed.
#[derive(Serialize)]
pub struct KeyLine<'a> {
    vkey: &'a str,
    after: u64,
    adopted: bool,
}

impl<'a> KeyLine<'a> {
    /// The line of a key.
    pub fn of(key: &'a SigningKey) -> Self {
        Self { vkey: &key.vkey, after: key.after, adopted: key.is_adopted }
    }
}

//! What lines of JSON are made of. `docs/json.md` is their schema.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::{
    archive::similar::Similarity,
    catalog::{Document, Revision},
    types::name::DocName,
};

/// How close two texts are.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SimilarityLine {
    resemblance: f64,
    a_in_b: f64,
    b_in_a: f64,
    copied: f64,
}

impl SimilarityLine {
    /// The figures as they are shown.
    pub fn of(similarity: &Similarity) -> Self {
        let Similarity { resemblance, a_in_b, b_in_a, copied, .. } = *similarity;
        Self { resemblance, a_in_b, b_in_a, copied }
    }
}

/// A document and one of its revisions, in full.
#[derive(Debug, Clone, Serialize)]
pub struct RevisionLine {
    /// The document's id.
    pub id: String,
    /// Its name; what is not UTF-8 shows as U+FFFD.
    pub name: String,
    /// The exact name when it is not UTF-8.
    pub name_b64: Option<String>,
    /// The revision's number, from 1.
    pub revision: u64,
    /// How many revisions the document has.
    pub revisions: u64,
    /// Index of the event in the journal.
    pub event: u64,
    /// SHA-256 of the content.
    pub sha256: String,
    /// Size of the content.
    pub bytes: u64,
    /// Media type of the content.
    pub media_type: String,
    /// When it was taken in.
    pub at: String,
    /// When it was captured.
    pub captured: String,
    /// Modification time of its file.
    pub mtime: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// What was noted.
    pub note: Option<String>,
    /// Who added it.
    pub by: Option<String>,
}

impl RevisionLine {
    /// The line of a revision.
    pub fn of(document: &Document, revision: &Revision) -> Self {
        Self {
            id: document.doc.to_string(),
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
        }
    }
}

/// A line with its type before its fields.
#[derive(Serialize)]
pub struct Typed<T: Serialize> {
    /// What kind of line it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its fields.
    #[serde(flatten)]
    pub fields: T,
}

/// A line with its type.
pub fn typed<T: Serialize>(kind: &'static str, fields: T) -> Typed<T> {
    Typed { kind, fields }
}

/// The exact name in base64 when it is not UTF-8.
pub fn name_b64(name: &DocName) -> Option<String> {
    b64_unless_utf8(name.as_bytes())
}

/// Any bytes in base64 when they are not UTF-8.
pub fn b64_unless_utf8(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).is_err().then(|| STANDARD.encode(bytes))
}

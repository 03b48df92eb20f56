//! How revisions are kept, in words and in JSON: what `archive stats` says of a document.

use serde::Serialize;

use crate::{
    archive::{
        Archive,
        inspect::storage::{DeltaChain, DeltaLink, How, StoredAs},
    },
    cli::print::{
        json::{RevisionSummary, name_b64, typed},
        output::Output,
        terminal::{
            Style, count, counted, exact_size, pad_left, pad_right, shown_name, size, times,
        },
    },
    types::{
        document::{Document, Revision},
        error::Error,
        limits,
    },
};

#[derive(Serialize)]
struct StoredLine {
    #[serde(flatten)]
    revision: RevisionSummary,
    frame_bytes: u64,
    depth: u64,
    decoded_bytes: u64,
    frame_blobs: u64,
    chunks: u64,
    how: &'static str,
    stored_bytes: u64,
    alone_bytes: Option<u64>,
    base: Option<String>,
    base_name: Option<String>,
    base_name_b64: Option<String>,
    base_revision: Option<u64>,
    chunks_before: Option<u64>,
    chunk_depth: Option<u64>,
    chunk_decoded_bytes: Option<u64>,
}

#[derive(Serialize)]
struct StepLine {
    key: String,
    name: Option<String>,
    name_b64: Option<String>,
    revision: Option<u64>,
    depth: u64,
    bytes: u64,
    stored_bytes: u64,
}

/// A row for each revision.
pub fn print_table(
    out: &mut Output,
    archive: &Archive,
    document: &Document,
    revisions: &[Revision],
) -> Result<(), Error> {
    out.line(&out.paint(Style::Heading, &shown_name(document.name.as_bytes())))?;
    for revision in revisions {
        let chain = archive.chain(revision)?;
        let base = base(archive, revision, &chain)?.map(|base| match base {
            BaseLabel::Held(holder, number) if holder.id == document.id => format!("@{number}"),
            base => base.words(),
        });
        out.line(&row(document, revision, &chain, base.as_deref()))?;
    }
    Ok(())
}

/// All about one revision.
pub fn print_card(
    out: &mut Output,
    archive: &Archive,
    document: &Document,
    revision: &Revision,
) -> Result<(), Error> {
    let explained = archive.explain(document, revision)?;
    let StoredAs { chain, links, .. } = &explained;
    let base = base(archive, revision, chain)?.map(|base| base.words());
    let name = format!("{}@{}", shown_name(document.name.as_bytes()), revision.number);
    out.line(&out.paint(Style::Heading, &name))?;
    let mut rows = vec![
        ("bytes", exact_size(revision.n_bytes)),
        ("stored", stored(chain)),
        ("how", how(revision.number, chain)),
        ("base", base.unwrap_or_else(|| "–".to_owned())),
        ("depth", depth(chain)),
        ("decoded", decoded(chain)),
        ("saving", saving(revision.n_bytes, chain.n_stored, explained.n_alone)),
    ];
    if links.len() > 1 {
        let mut labels = std::iter::once("chain").chain(std::iter::repeat(""));
        rows.extend(links.iter().map(|link| (labels.next().unwrap_or_default(), step(link))));
    }
    for (label, value) in rows {
        let label = out.paint(Style::Dim, &pad_right(label, 7));
        out.line(&format!("{label}  {value}"))?;
    }
    Ok(())
}

/// The lines of one revision; the steps of its chain only where `is_alone`, nothing else is asked for.
pub fn print_lines(
    out: &mut Output,
    archive: &Archive,
    document: &Document,
    revision: &Revision,
    is_alone: bool,
) -> Result<(), Error> {
    let explained = match is_alone {
        true => archive.explain(document, revision)?,
        false => StoredAs { chain: archive.chain(revision)?, links: Vec::new(), n_alone: None },
    };
    let base = base(archive, revision, &explained.chain)?;
    out.json(&typed("stored", stored_line(document, revision, &explained, base)))?;
    explained.links.iter().try_for_each(|link| out.json(&typed("step", step_line(link))))
}

/// What a blob was compressed against.
enum BaseLabel {
    /// A content: of this document, the revision with this number.
    Held(Box<Document>, u64),
    /// A blob that is no content of a revision, by its key.
    Blob(String),
}

impl BaseLabel {
    fn words(&self) -> String {
        match self {
            Self::Held(document, number) => {
                format!("{}@{number}", shown_name(document.name.as_bytes()))
            }
            Self::Blob(key) => key.clone(),
        }
    }
}

fn base(
    archive: &Archive,
    revision: &Revision,
    chain: &DeltaChain,
) -> Result<Option<BaseLabel>, Error> {
    let Some(key) = chain.base else { return Ok(None) };
    Ok(Some(match archive.holder(key, revision)? {
        Some((document, revision)) => BaseLabel::Held(Box::new(document), revision.number),
        None => BaseLabel::Blob(key.to_string()),
    }))
}

fn row(document: &Document, revision: &Revision, chain: &DeltaChain, base: Option<&str>) -> String {
    let n_columns = document.n_revisions.to_string().len() + 1;
    let number = pad_left(&format!("@{}", revision.number), n_columns);
    let (deepest, costliest) = deepest(chain);
    let [n_bytes, n_stored, decoded_bytes] =
        [revision.n_bytes, chain.n_stored, costliest].map(|n| pad_left(&size(n), 6));
    let times = pad_left(&times(revision.n_bytes, chain.n_stored), 6);
    let depth = pad_left(&deepest.to_string(), 2);
    let row = format!(
        "{number}  {n_bytes}  stored {n_stored}  {times}  depth {depth}  decodes {decoded_bytes}"
    );
    match (chain.n_chunks, chain.n_in_frame, base) {
        (0, _, Some(base)) => format!("{row}  base {base}"),
        (0, 0 | 1, None) => row,
        (0, n_in_frame, None) => {
            format!("{row}  in a solid frame with {}", counted(n_in_frame - 1, "other", "others"))
        }
        (_, _, _) => format!("{row}  {}", how(revision.number, chain)),
    }
}

fn stored(chain: &DeltaChain) -> String {
    let n_stored = size(chain.n_stored);
    match (chain.n_chunks, chain.n_in_frame) {
        (0, 0 | 1) => n_stored,
        (0, _) => format!("{n_stored}, its share of a frame of {}", size(chain.n_frame)),
        (_, _) => format!("{n_stored}, {} of it for the list", size(chain.n_frame)),
    }
}

fn how(number: u64, chain: &DeltaChain) -> String {
    if chain.n_chunks > 0 {
        let chunks = counted(chain.n_chunks, "chunk", "chunks");
        return match chain.n_chunks_before {
            Some(n) => format!("in {chunks}, {} of them also in @{}", count(n), number - 1),
            None => format!("in {chunks}"),
        };
    }
    match (chain.how, chain.n_in_frame) {
        (How::AsIs, _) => "as it is".to_owned(),
        (How::Based, _) => "against a base".to_owned(),
        (How::Solid, n) => format!("in a solid frame with {}", counted(n - 1, "other", "others")),
        (How::Alone | How::List, _) => "compressed alone".to_owned(),
    }
}

/// Depth and reach of the content, or of its deepest and costliest chunk.
fn deepest(chain: &DeltaChain) -> (u64, u64) {
    match chain.n_chunks {
        0 => (chain.depth, chain.decoded_bytes),
        _ => (chain.chunk_depth, chain.chunk_decoded_bytes),
    }
}

fn depth(chain: &DeltaChain) -> String {
    let of = if chain.n_chunks > 0 { " under the deepest chunk" } else { "" };
    format!("{}{of}; the limit is {}", deepest(chain).0, limits::DEPTH_MAX)
}

fn decoded(chain: &DeltaChain) -> String {
    let what = if chain.n_chunks > 0 { "at most to read one chunk" } else { "to read it" };
    let limit = limits::DECODED_BYTES_MAX >> 20;
    format!("{} {what}; the limit is {limit} MiB", size(deepest(chain).1))
}

/// What is saved, beside the bytes themselves and beside compressing them alone.
fn saving(n_bytes: u64, n_stored: u64, n_alone: Option<u64>) -> String {
    let ratio = |n: u64| times(n, n_stored).trim_end_matches('×').to_owned();
    let mut words = match n_stored < n_bytes {
        true => format!("{} times smaller than its bytes", ratio(n_bytes)),
        false => "none".to_owned(),
    };
    match n_alone {
        Some(n_alone) if n_alone > n_stored => {
            let ratio = ratio(n_alone);
            words += &format!(", {ratio} times smaller than compressed alone ({})", size(n_alone));
        }
        Some(n_alone) => words += &format!("; compressed alone it would take {}", size(n_alone)),
        None => {}
    }
    words
}

fn step(link: &DeltaLink) -> String {
    let [n_bytes, n_stored] = [link.n_bytes, link.n_stored].map(|n| pad_left(&size(n), 6));
    let name = match &link.holder {
        Some((document, revision)) => {
            format!("{}@{}", shown_name(document.name.as_bytes()), revision.number)
        }
        None => link.key.to_string(),
    };
    format!("depth {:2}  {n_bytes}  stored {n_stored}  {name}", link.depth)
}

fn stored_line(
    document: &Document,
    revision: &Revision,
    explained: &StoredAs,
    base: Option<BaseLabel>,
) -> StoredLine {
    let chain = &explained.chain;
    let holder = match &base {
        Some(BaseLabel::Held(document, number)) => Some((document, *number)),
        _ => None,
    };
    let of_chunks = |n: u64| (chain.n_chunks > 0).then_some(n);
    StoredLine {
        revision: RevisionSummary::of(document, revision),
        frame_bytes: chain.n_frame,
        depth: chain.depth,
        decoded_bytes: chain.decoded_bytes,
        frame_blobs: chain.n_in_frame,
        chunks: chain.n_chunks,
        how: match (chain.n_chunks, chain.how) {
            (1.., _) | (_, How::List) => "chunks",
            (_, How::AsIs) => "as-is",
            (_, How::Alone) => "alone",
            (_, How::Based) => "base",
            (_, How::Solid) => "solid",
        },
        stored_bytes: chain.n_stored,
        alone_bytes: explained.n_alone,
        base: chain.base.map(|key| key.to_string()),
        base_name: holder.map(|(document, _)| document.name.text().into_owned()),
        base_name_b64: holder.and_then(|(document, _)| name_b64(&document.name)),
        base_revision: holder.map(|(_, number)| number),
        chunks_before: chain.n_chunks_before,
        chunk_depth: of_chunks(chain.chunk_depth),
        chunk_decoded_bytes: of_chunks(chain.chunk_decoded_bytes),
    }
}

fn step_line(link: &DeltaLink) -> StepLine {
    let holder = link.holder.as_ref();
    StepLine {
        key: link.key.to_string(),
        name: holder.map(|(document, _)| document.name.text().into_owned()),
        name_b64: holder.and_then(|(document, _)| name_b64(&document.name)),
        revision: holder.map(|(_, revision)| revision.number),
        depth: link.depth,
        bytes: link.n_bytes,
        stored_bytes: link.n_stored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        archive::inspect::storage::Place,
        types::{
            digest::{Digest, Key},
            pack_id::PackId,
        },
    };

    const ALONE: DeltaChain = DeltaChain::ALONE;
    const SOLID: DeltaChain = DeltaChain { how: How::Solid, n_stored: 100, n_in_frame: 3, ..ALONE };
    const CHUNKS: DeltaChain = DeltaChain {
        how: How::List,
        n_stored: 5000,
        n_chunks: 9,
        chunk_depth: 2,
        chunk_decoded_bytes: 7000,
        ..ALONE
    };

    #[test]
    fn what_it_takes_is_said_with_the_frame_around_it() {
        assert_eq!(stored(&ALONE), "300 B");
        assert_eq!(stored(&SOLID), "100 B, its share of a frame of 300 B");
        assert_eq!(stored(&CHUNKS), "5.0 kB, 300 B of it for the list");
    }

    #[test]
    fn how_a_content_is_stored_is_said_in_words() {
        for (chain, words) in [
            (ALONE, "compressed alone"),
            (DeltaChain { how: How::AsIs, ..ALONE }, "as it is"),
            (DeltaChain { how: How::Based, ..ALONE }, "against a base"),
            (SOLID, "in a solid frame with 2 others"),
            (CHUNKS, "in 9 chunks"),
            (
                DeltaChain { n_chunks_before: Some(8), ..CHUNKS },
                "in 9 chunks, 8 of them also in @6",
            ),
        ] {
            assert_eq!(how(7, &chain), words);
        }
    }

    #[test]
    fn a_blob_that_no_revision_holds_goes_by_its_key() {
        let pack = PackId { digest: Digest::of(b""), upload: [0; 3] };
        let place = Place { pack, offset: 8, n_bytes: 80, index: 0 };
        let (key, n_bytes, n_stored) = (Key(0xabc), 2727, 78);
        let link = DeltaLink { key, holder: None, depth: 2, n_bytes, n_stored, place };
        assert_eq!(step(&link), "depth  2  2.7 kB  stored   78 B  0000000000000abc");
        assert_eq!(BaseLabel::Blob(key.to_string()).words(), "0000000000000abc");
        let line = step_line(&link);
        assert_eq!((line.key.as_str(), line.name, line.revision), ("0000000000000abc", None, None));
    }

    #[test]
    fn depth_and_reach_stand_beside_their_limits() {
        assert_eq!(depth(&ALONE), "0; the limit is 32");
        assert_eq!(depth(&CHUNKS), "2 under the deepest chunk; the limit is 32");
        assert_eq!(decoded(&ALONE), "900 B to read it; the limit is 16 MiB");
        assert_eq!(decoded(&CHUNKS), "7.0 kB at most to read one chunk; the limit is 16 MiB");
    }

    #[test]
    fn savings_are_compared_with_the_bytes_and_with_being_alone() {
        for (n_bytes, n_stored, n_alone, words) in [
            (3500, 100, None, "35 times smaller than its bytes"),
            (
                3500,
                100,
                Some(1000),
                "35 times smaller than its bytes, 10 times smaller than compressed alone (1.0 kB)",
            ),
            (
                180,
                100,
                Some(90),
                "1.8 times smaller than its bytes; compressed alone it would take 90 B",
            ),
            (5, 14, None, "none"),
            (0, 9, None, "none"),
        ] {
            assert_eq!(saving(n_bytes, n_stored, n_alone), words);
        }
    }
}

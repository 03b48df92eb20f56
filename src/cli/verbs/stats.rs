//! `archive stats`

use std::os::unix::ffi::OsStrExt as _;

use serde::Serialize;

use crate::{
    archive::{Archive, Chain, find},
    cli::{
        args::StatsArgs,
        exit::ExitCode,
        lines::{name_b64, typed},
        output::Output,
        session::Session,
        terminal::{Style, count, counted, pad_left, pad_right, shown_name, size},
    },
    keepers::catalog::{Document, Revision},
    words::{error::Error, time::Moment},
};

#[derive(Serialize)]
struct Line {
    documents: u64,
    revisions: u64,
    raw_bytes: u64,
    contents: u64,
    distinct_bytes: u64,
    packs: u64,
    packed_bytes: u64,
    frames: u64,
    places: u64,
    sketches: u64,
    events: u64,
    journal_bytes: u64,
}

#[derive(Serialize)]
struct StoredLine {
    id: String,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    sha256: String,
    bytes: u64,
    stored_bytes: u64,
    depth: u64,
    decoded_bytes: u64,
    company: u64,
    chunks: u64,
}

#[derive(Serialize)]
struct Summary {
    revisions: u64,
    bytes: u64,
}

/// Shows sizes: of the whole archive, or how revisions are kept.
pub fn run(session: &mut Session, args: &StatsArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let is_json = session.globals.json;
    match &args.doc {
        Some(doc) => {
            let (document, revisions) = revisions(&archive, doc.as_bytes(), session.now)?;
            of_revisions(&mut session.out, &archive, &document, &revisions, is_json)?;
        }
        None => {
            let line = line(&archive)?;
            match is_json {
                true => session.out.json(&typed("stats", line))?,
                false => of_archive(&mut session.out, &line)?,
            }
        }
    }
    Ok(ExitCode::Done)
}

/// The one revision that a selector names, or all of a document's, latest first.
fn revisions(
    archive: &Archive,
    selector: &[u8],
    now: Moment,
) -> Result<(Document, Vec<Revision>), Error> {
    let (document, revision) = archive.select(selector, now)?;
    let (words, which) = find::split(selector, now);
    // A name may itself end in something like `@3`; then nothing is meant by the words before.
    if which.is_some() && archive.document(words).is_ok() {
        return Ok((document, vec![revision]));
    }
    let all = archive.catalog().revisions(&document)?;
    Ok((document, all))
}

fn line(archive: &Archive) -> Result<Line, Error> {
    let (totals, journal_bytes) = archive.totals()?;
    Ok(Line {
        documents: totals.n_documents,
        revisions: totals.n_revisions,
        raw_bytes: totals.n_raw,
        contents: totals.n_contents,
        distinct_bytes: totals.n_distinct,
        packs: totals.n_packs,
        packed_bytes: totals.n_packed,
        frames: totals.n_frames,
        places: totals.n_places,
        sketches: totals.n_sketches,
        events: archive.n_events(),
        journal_bytes,
    })
}

fn of_archive(out: &mut Output, line: &Line) -> Result<(), Error> {
    let rows = [
        ("documents", line.documents, None),
        ("revisions", line.revisions, Some(line.raw_bytes)),
        ("contents", line.contents, Some(line.distinct_bytes)),
        ("packs", line.packs, Some(line.packed_bytes)),
        ("events", line.events, Some(line.journal_bytes)),
    ];
    let n_columns = rows.iter().map(|(_, n, _)| count(*n).len()).max().unwrap_or(0);
    for (label, n, n_bytes) in rows {
        let label = out.paint(Style::Dim, &pad_right(label, 9));
        let n = pad_left(&count(n), n_columns);
        let n_bytes = n_bytes.map(|n_bytes| format!("  {}", pad_left(&size(n_bytes), 6)));
        out.line(&format!("{label}  {n}{}", n_bytes.unwrap_or_default()))?;
    }
    let kept = line.packed_bytes + line.journal_bytes;
    out.line(&saving(line.raw_bytes, kept))
}

/// What keeping costs, beside what was to be kept.
fn saving(n_raw: u64, n_kept: u64) -> String {
    let times = n_raw as f64 / n_kept.max(1) as f64;
    if times < 1.05 {
        let (kept, raw) = (size(n_kept), size(n_raw));
        return format!("packs and journal take {kept}; the revisions alone have {raw}");
    }
    format!("packs and journal are {times:.1} times smaller than all revisions")
}

fn of_revisions(
    out: &mut Output,
    archive: &Archive,
    document: &Document,
    revisions: &[Revision],
    is_json: bool,
) -> Result<(), Error> {
    if !is_json {
        out.line(&out.paint(Style::Heading, &shown_name(document.name.as_bytes())))?;
    }
    for revision in revisions {
        let chain = archive.chain(revision)?;
        match is_json {
            true => out.json(&typed("stored", stored_line(document, revision, &chain)))?,
            false => out.line(&stored_row(document, revision, &chain))?,
        }
    }
    if is_json {
        let bytes = revisions.iter().map(|revision| revision.n_bytes).sum();
        out.json(&typed("summary", Summary { revisions: revisions.len() as u64, bytes }))?;
    }
    Ok(())
}

fn stored_line(document: &Document, revision: &Revision, chain: &Chain) -> StoredLine {
    StoredLine {
        id: document.doc.to_string(),
        name: document.name.text().into_owned(),
        name_b64: name_b64(&document.name),
        revision: revision.number,
        sha256: revision.digest.to_string(),
        bytes: revision.n_bytes,
        stored_bytes: chain.n_frame,
        depth: chain.depth,
        decoded_bytes: chain.reach,
        company: chain.n_company,
        chunks: chain.n_chunks,
    }
}

fn stored_row(document: &Document, revision: &Revision, chain: &Chain) -> String {
    let n_columns = document.n_revisions.to_string().len() + 1;
    let number = pad_left(&format!("@{}", revision.number), n_columns);
    let [n_bytes, n_stored, reach] =
        [revision.n_bytes, chain.n_frame, chain.reach].map(|n| pad_left(&size(n), 6));
    let depth = pad_left(&chain.depth.to_string(), 2);
    let row = format!("{number}  {n_bytes}  stored {n_stored}  depth {depth}  decodes {reach}");
    match (chain.n_chunks, chain.n_company) {
        (0, 0 | 1) => row,
        (0, company) => format!("{row}  with {}", counted(company - 1, "other", "others")),
        (chunks, _) => format!("{row}  in {}", counted(chunks, "chunk", "chunks")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_one_sentence() {
        for (n_raw, n_kept, sentence) in [
            (234, 10, "packs and journal are 23.4 times smaller than all revisions"),
            (5, 2000, "packs and journal take 2.0 kB; the revisions alone have 5 B"),
            (100, 99, "packs and journal take 99 B; the revisions alone have 100 B"),
            (0, 0, "packs and journal take 0 B; the revisions alone have 0 B"),
        ] {
            assert_eq!(saving(n_raw, n_kept), sentence);
        }
    }
}

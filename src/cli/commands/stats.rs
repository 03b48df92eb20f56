//! `archive stats`

use std::{ffi::OsString, os::unix::ffi::OsStrExt as _};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        inspect::{
            audit::WorkDone,
            sizes::{Saver, Sizes, StorageClass},
        },
    },
    cli::{
        args::help::examples,
        catalog_place::CatalogPlace,
        exit::ExitCode,
        print::{
            json::{b64_unless_utf8, name_b64, typed},
            lost_packs::code_unless_lost,
            output::Output,
            storage,
            terminal::{Style, count, pad_left, pad_right, shown_name, size, times},
        },
        session::{Session, shown},
    },
    types::{
        document::{Document, Revision},
        error::Error,
        time::Timestamp,
    },
};

const EXAMPLES: &[&str] = &[
    "archive stats                          # the whole archive; reads the headers of all packs",
    "archive stats report.txt               # how each of its revisions is kept",
    "archive stats report.txt@3             # one of them, and every base below it",
];

/// Explain how things are stored, and what that saves
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct StatsArgs {
    /// A document or revision; without it the whole archive, by the headers of all packs
    #[arg(value_name = "DOC[@REV]")]
    pub doc: Option<OsString>,
}

/// What stands above the labels of layers.
const LAYERS: &str = "layer by layer";

#[derive(Serialize)]
struct StatsLine {
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
    catalog_path: Option<String>,
    catalog_path_b64: Option<String>,
    catalog_in: &'static str,
}

/// One layer of what lies on disk.
#[derive(Serialize)]
struct LayerLine {
    layer: &'static str,
    count: Option<u64>,
    raw_bytes: Option<u64>,
    stored_bytes: u64,
}

#[derive(Serialize)]
struct SaverLine {
    id: String,
    name: String,
    name_b64: Option<String>,
    revisions: u64,
    raw_bytes: u64,
    stored_bytes: u64,
    saved_bytes: u64,
}

#[derive(Serialize)]
struct StatsSummary {
    revisions: u64,
    bytes: u64,
}

/// Shows sizes: of the whole archive, or how revisions are kept.
pub fn run(session: &mut Session, args: &StatsArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let Some(doc) = &args.doc else {
        let n_unreadable = of_archive(session, &archive)?;
        let code = code_unless_lost(session, &archive, ExitCode::Done)?;
        if n_unreadable > 0 && code == ExitCode::Done {
            session.warn("packs that are not readable are counted by their size: archive audit");
        }
        return Ok(code);
    };
    let (document, revisions, is_one) = revisions(&archive, doc.as_bytes(), session.now)?;
    let out = &mut session.out;
    match (session.globals.json, is_one) {
        (false, true) => storage::print_card(out, &archive, &document, &revisions[0])?,
        (false, false) => storage::print_table(out, &archive, &document, &revisions)?,
        (true, _) => {
            for revision in &revisions {
                storage::print_lines(out, &archive, &document, revision, is_one)?;
            }
            let bytes = revisions.iter().map(|revision| revision.n_bytes).sum();
            out.json(&typed("summary", StatsSummary { revisions: revisions.len() as u64, bytes }))?;
        }
    }
    Ok(ExitCode::Done)
}

/// The one revision that a selector names, or all of a document's, latest first; and which it is.
fn revisions(
    archive: &Archive,
    selector: &[u8],
    now: Timestamp,
) -> Result<(Document, Vec<Revision>, bool), Error> {
    let (words, which) = archive.split(selector, now)?;
    let document = archive.document(words)?;
    let (revisions, is_one) = match which {
        Some(which) => (vec![archive.revision(&document, which)?.1], true),
        None => (archive.catalog().revisions(&document)?, false),
    };
    Ok((document, revisions, is_one))
}

/// Prints what the archive holds; how many packs are not readable.
fn of_archive(session: &mut Session, archive: &Archive) -> Result<u64, Error> {
    let mut progress = session.progress();
    let sizes = archive.sizes(&mut |done| match done {
        WorkDone::Events(n) => progress.report(n, "events"),
        WorkDone::Packs(n) => progress.report(n, "packs"),
        WorkDone::Contents(n) => progress.report(n, "revisions"),
    })?;
    drop(progress);
    let place = session.catalog_place.take();
    let line = line(archive, &sizes, place.as_ref());
    let storage_stats = storage_stats(archive, &sizes);
    let out = &mut session.out;
    if session.globals.json {
        let (revisions, bytes) = (line.revisions, line.raw_bytes);
        out.json(&typed("stats", line))?;
        storage_stats.iter().try_for_each(|layer| out.json(&typed("layer", layer)))?;
        sizes.savers.iter().try_for_each(|saver| out.json(&typed("saver", saver_line(saver))))?;
        out.json(&typed("summary", StatsSummary { revisions, bytes }))?;
        return Ok(sizes.storage_stats.n_unreadable);
    }
    print_sums(out, &line)?;
    print_catalog_place(out, place.as_ref())?;
    print_layers(out, &storage_stats)?;
    print_savers(out, &sizes.savers)?;
    out.line("")?;
    out.line(&saving(line.raw_bytes, line.packed_bytes + line.journal_bytes))?;
    Ok(sizes.storage_stats.n_unreadable)
}

fn line(archive: &Archive, sizes: &Sizes, place: Option<&CatalogPlace>) -> StatsLine {
    let totals = &sizes.totals;
    let file = place.and_then(CatalogPlace::file);
    StatsLine {
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
        journal_bytes: sizes.journal.n_bytes(),
        catalog_path: file.as_ref().map(|file| file.to_string_lossy().into_owned()),
        catalog_path_b64: file.and_then(|file| b64_unless_utf8(file.as_os_str().as_bytes())),
        catalog_in: place.map_or("memory", |place| place.reason.word()),
    }
}

/// Every layer, from what need not be stored to what is made from the rest.
fn storage_stats(archive: &Archive, sizes: &Sizes) -> Vec<LayerLine> {
    let Sizes { storage_stats, journal, .. } = sizes;
    let blobs = |name, layer: StorageClass| LayerLine {
        layer: name,
        count: Some(layer.n_blobs),
        raw_bytes: Some(layer.n_raw),
        stored_bytes: layer.n_stored,
    };
    let other =
        |name, count, stored_bytes| LayerLine { layer: name, count, raw_bytes: None, stored_bytes };
    let n_events = Some(archive.n_events());
    vec![
        blobs("already-stored", sizes.again),
        blobs("chunks-already-stored", sizes.chunks_again),
        blobs("as-is", storage_stats.as_is),
        blobs("alone", storage_stats.alone),
        blobs("base", storage_stats.based),
        blobs("solid", storage_stats.solid),
        LayerLine { raw_bytes: None, ..blobs("lists", storage_stats.lists) },
        other("directories", Some(storage_stats.n_packs), storage_stats.n_directories),
        other("unreadable", Some(storage_stats.n_unreadable), storage_stats.n_unreadable_bytes),
        other("entries", n_events, journal.n_entries),
        other("details", n_events, journal.n_details),
        other("checkpoint", Some(1), journal.n_checkpoint),
        other("catalog", None, sizes.n_catalog),
    ]
}

/// What people call a layer.
fn label(layer: &str) -> &'static str {
    match layer {
        "already-stored" => "contents already stored",
        "chunks-already-stored" => "chunks already stored",
        "as-is" => "stored as they are",
        "alone" => "compressed alone",
        "base" => "against a base",
        "solid" => "in solid frames",
        "lists" => "chunk lists",
        "directories" => "pack directories",
        "unreadable" => "packs not readable",
        "entries" => "journal: events",
        "details" => "journal: details",
        "checkpoint" => "checkpoint",
        _ => "catalog, from these",
    }
}

fn saver_line(saver: &Saver) -> SaverLine {
    SaverLine {
        id: saver.document.id.to_string(),
        name: saver.document.name.text().into_owned(),
        name_b64: name_b64(&saver.document.name),
        revisions: saver.document.n_revisions,
        raw_bytes: saver.n_raw,
        stored_bytes: saver.n_stored,
        saved_bytes: saver.n_saved(),
    }
}

fn print_sums(out: &mut Output, line: &StatsLine) -> Result<(), Error> {
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
    Ok(())
}

/// Where the catalog lies, and what speaks against the archive's folder.
fn print_catalog_place(out: &mut Output, place: Option<&CatalogPlace>) -> Result<(), Error> {
    let Some(place) = place else { return Ok(()) };
    let label = out.paint(Style::Dim, &pad_right("catalog", 9));
    let file = place.file().map_or("made in memory each time".to_owned(), |file| shown(&file));
    let why = place.reason.words().map(|why| format!(", since {why}"));
    out.line(&format!("{label}  {file}{}", why.unwrap_or_default()))
}

/// The layers that there are; the bytes of each column add up to revisions, packs and journal.
fn print_layers(out: &mut Output, storage_stats: &[LayerLine]) -> Result<(), Error> {
    let is_there = |layer: &&LayerLine| layer.count != Some(0) || layer.stored_bytes > 0;
    let storage_stats: Vec<&LayerLine> = storage_stats.iter().filter(is_there).collect();
    let counted = |layer: &LayerLine| layer.count.map(count).unwrap_or_default();
    let widths = storage_stats.iter().map(|layer| counted(layer).len());
    let n_columns = widths.chain(["count".len()]).max().unwrap_or(0);
    let labels = storage_stats.iter().map(|layer| label(layer.layer).len());
    let label_columns = labels.chain([LAYERS.len()]).max().unwrap_or(0);
    out.line("")?;
    let heading = format!(
        "{}  {}   bytes  stored",
        pad_right(LAYERS, label_columns),
        pad_left("count", n_columns)
    );
    out.line(&out.paint(Style::Heading, &heading))?;
    for layer in storage_stats {
        let label = out.paint(Style::Dim, &pad_right(label(layer.layer), label_columns));
        let n = pad_left(&counted(layer), n_columns);
        let raw = pad_left(&layer.raw_bytes.map(size).unwrap_or_default(), 6);
        let stored = pad_left(&size(layer.stored_bytes), 6);
        let row = match layer.raw_bytes {
            Some(n_raw) if layer.stored_bytes > 0 => {
                let times = pad_left(&times(n_raw, layer.stored_bytes), 6);
                format!("{label}  {n}  {raw}  {stored}  {times}")
            }
            _ => format!("{label}  {n}  {raw}  {stored}"),
        };
        out.line(&row)?;
    }
    Ok(())
}

fn print_savers(out: &mut Output, savers: &[Saver]) -> Result<(), Error> {
    if savers.is_empty() {
        return Ok(());
    }
    out.line("")?;
    out.line(&out.paint(Style::Heading, "largest savings"))?;
    let n_columns = savers.iter().map(|saver| saver.document.n_revisions.to_string().len()).max();
    for saver in savers {
        let revisions = format!("@{}", saver.document.n_revisions);
        let revisions = pad_left(&revisions, n_columns.unwrap_or(0) + 1);
        let [raw, stored] = [saver.n_raw, saver.n_stored].map(|n| pad_left(&size(n), 6));
        let times = pad_left(&times(saver.n_raw, saver.n_stored), 6);
        let name = shown_name(saver.document.name.as_bytes());
        out.line(&format!("{revisions}  {raw}  stored {stored}  {times}  {name}"))?;
    }
    Ok(())
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

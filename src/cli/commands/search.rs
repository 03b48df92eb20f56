//! `archive search`

use std::{
    ffi::OsString,
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        gaps::TextGaps,
        search::{
            AnswerOrder, ExcerptPiece, FoundRevision, MarkedExcerpt, Query, QueryField,
            QueryFilter, SearchAnswer, SearchHit, SearchIndex,
        },
    },
    cli::{
        args::{
            help::examples,
            values::{self, n_threads},
        },
        exit::ExitCode,
        operand::label_of,
        print::{
            comparison_json::LocatorLine,
            gaps,
            json::{RevisionLine, typed},
            output::Output,
            revision::withdrawn_mark,
            terminal::{
                Style, counted, shown_name, shown_text, shown_words, text_columns, truncate,
            },
            wrap::{StyledText, painted, wrapped},
        },
        session::Session,
    },
    types::{document::Revision, error::Error},
};

use super::search_scope::{Scopes, accepts, is_filter};

const EXAMPLES: &[&str] = &[
    "archive search ferry harbour            # texts with both words",
    "archive search '\"port essery\" -bus'     # with words in a row, and without another",
    "archive search 'ferr* OR boat title:winter'",
    "archive search fare tag:wire since:2026-03 name:letters",
    "archive search --regex 'fares? of \\d+'   # reads all texts",
];
/// Hits shown unless more are asked for: what a screen holds, and each of them has to be read.
const LIMIT: usize = 5;
/// What takes longer is told.
const PATIENCE: Duration = Duration::from_secs(1);
const INDENT: &str = "    ";
const HEADING_COLUMNS: usize = 60;

/// Find texts by their words, also those of older revisions
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct SearchArgs {
    /// Words that all stand in a text, "words in a row", -without, this OR that, begin*, title:word, and source:,
    /// type:, tag:, name:, since:, until: with values as 'archive ls' has them, so type: takes a media type or an
    /// ending, text/html or docx; tag: and name: are asked of the document, the others of the revision that has the
    /// words; -tag:, -since: and the like leave out; anything else is looked for as it stands
    #[arg(value_name = "WORDS", required_unless_present = "without")]
    pub words: Vec<OsString>,

    /// How a word that must not stand reaches clap, which takes -WORD for flags
    #[arg(long, hide = true, require_equals = true, allow_hyphen_values = true)]
    pub without: Vec<OsString>,

    /// WORDS are a regular expression: every text is read
    #[arg(long)]
    pub regex: bool,

    /// Every revision with the words, and not of each document the last
    #[arg(long)]
    pub all_revisions: bool,

    /// Only the best N [default: 5]
    #[arg(short = 'n', long, value_name = "N", value_parser = values::count::<usize>)]
    pub limit: Option<usize>,

    /// Print only how many documents there are, or revisions
    #[arg(long, conflicts_with_all = ["limit", "ids"])]
    pub count: bool,

    /// Print only ids and numbers, as selectors: 852952009e6c2c1f@2
    #[arg(long)]
    pub ids: bool,
}

#[derive(Serialize)]
struct HitLine {
    #[serde(flatten)]
    revision: RevisionLine,
    gone: Option<String>,
    gone_since: Option<SinceLine>,
    unknown_since: Option<SinceLine>,
    paragraph: Option<usize>,
    line: Option<usize>,
    locator: Option<LocatorLine>,
    headings: Vec<String>,
    title: Option<Vec<PieceLine>>,
    excerpt: Vec<PieceLine>,
}

/// The first revision of which something holds.
#[derive(Serialize)]
struct SinceLine {
    revision: u64,
    captured: String,
}

impl SinceLine {
    fn of(revision: &Revision) -> Self {
        Self { revision: revision.number, captured: revision.captured.to_string() }
    }
}

#[derive(Serialize)]
struct PieceLine {
    text: String,
    marked: bool,
}

#[derive(Serialize, Default)]
struct SearchSummary {
    hits: usize,
    has_more: bool,
    contents: u64,
    not_looked_for: Vec<String>,
    as_words: Vec<String>,
    beside_or: Vec<String>,
    too_long: u64,
    unreadable: u64,
    not_extracted: u64,
    not_read: u64,
    read_otherwise: Vec<String>,
    withdrawn: u64,
}

/// Finds texts, best first; none found is the answer no.
pub fn run(session: &mut Session, args: &SearchArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let archive = session.open()?;
    let accepts = |field: QueryField, value: &str| accepts(&archive, field, value);
    if args.regex {
        let words = args.words.iter().chain(&args.without);
        let (filters, pattern) = split_filters(words, &accepts);
        let query = Query::parse(&filters, &accepts);
        let scopes = Scopes::of(session, &archive, &query, args.all_revisions)?;
        let scope = scopes.scope(&archive)?;
        let (answer, gaps) = archive.search_texts(&pattern, &scope)?;
        let summary = summary_of(session, &query, gaps);
        return answered(session, args, &answer, summary);
    }
    let words = args.words.iter().chain(&args.without).map(|word| word.to_string_lossy());
    let words: Vec<_> = words.collect();
    let query = Query::parse(&words.join(" "), &accepts);
    let scopes = Scopes::of(session, &archive, &query, args.all_revisions)?;
    let scope = scopes.scope(&archive)?;
    remark_on_parts(session, &query);
    remark_on_filters(session, &query);
    if query.wanted.is_empty() && query.unsearchable.is_empty() {
        return Err(Error::usage(
            "there is no word that has to stand in a text; 'archive ls' finds documents by what is recorded of them",
        ));
    }
    let index = index(session, &archive)?;
    let read_otherwise = archive.read_otherwise(&index)?;
    gaps::tell_read_otherwise(session, &read_otherwise);
    let summary = summary_of(session, &query, archive.gaps_in(&index, &scope)?);
    let summary = SearchSummary { read_otherwise, ..summary };
    match archive.search(&index, &query, &scope)? {
        Some(answer) => answered(session, args, &answer, summary),
        None => finish(session, args, summary),
    }
}

/// The index, up to date.
fn index(session: &Session, archive: &Archive) -> Result<SearchIndex, Error> {
    let started = Instant::now();
    let mut progress = session.progress();
    let mut n_indexed = 0;
    let index = archive.search_index(n_threads(None), &mut |it| {
        n_indexed = it.n_all;
        progress.report(
            it.n_done,
            &format!("of {} to index", counted(it.n_all, "content", "contents")),
        );
    })?;
    drop(progress);
    if index.is_temporary {
        session.info("no full-text index can be kept here: one was made for this search alone");
    } else if started.elapsed() > PATIENCE {
        session.info(&format!(
            "{} came into the full-text index",
            counted(n_indexed, "content", "contents")
        ));
    }
    Ok(index)
}

fn remark_on_parts(session: &Session, query: &Query) {
    for part in &query.unsearchable {
        session.info(&format!(
            "'{}' is not looked for: it has no letter, digit or symbol that is indexed; --regex reads the texts",
            shown_name(part.as_bytes())
        ));
    }
    if !query.left_out.is_empty() {
        let n_words = query.left_out.len() as u64;
        session.info(&format!("{} too many were left out", counted(n_words, "word", "words")));
    }
}

/// Says of what looks like a filter and is none that it is looked for as words, and of filters what they restrict.
fn remark_on_filters(session: &Session, query: &Query) {
    for QueryFilter { field, value, written, .. } in &query.refused {
        let why = match (field, values::when(value)) {
            (QueryField::Since | QueryField::Until, Err(why)) => format!(": {why}"),
            _ => String::new(),
        };
        session.info(&format!("{} is looked for as words{why}", shown_name(written.as_bytes())));
    }
    for written in &query.bare {
        let side = if written == "OR" { "on one side of it" } else { "behind it" };
        let written = shown_name(written.as_bytes());
        session.info(&format!("{written} is looked for as words: nothing stands {side}"));
    }
    for written in &query.beside_or {
        let written = shown_name(written.as_bytes());
        session.info(&format!("{written} restricts the whole question: OR stands between words"));
    }
}

fn summary_of(session: &Session, query: &Query, gaps: TextGaps) -> SearchSummary {
    let written = |it: &QueryFilter| it.written.clone();
    gaps::tell(session, &gaps);
    SearchSummary {
        not_looked_for: query.unsearchable.iter().chain(&query.left_out).cloned().collect(),
        as_words: query.refused.iter().map(written).chain(query.bare.iter().cloned()).collect(),
        beside_or: query.beside_or.clone(),
        too_long: gaps.n_too_long,
        unreadable: gaps.n_unreadable,
        not_extracted: gaps.n_not_extracted,
        not_read: gaps.n_not_read,
        withdrawn: gaps.n_withdrawn,
        ..SearchSummary::default()
    }
}

/// Words that are filters, and all others.
fn split_filters<'a>(
    words: impl Iterator<Item = &'a OsString>,
    accepts: &dyn Fn(QueryField, &str) -> bool,
) -> (String, String) {
    let words = words.map(|word| word.to_string_lossy().into_owned());
    let (filters, others): (Vec<_>, Vec<_>) = words.partition(|word| is_filter(word, accepts));
    (filters.join(" "), others.join(" "))
}

/// Prints an answer as it was asked for.
fn answered(
    session: &mut Session,
    args: &SearchArgs,
    answer: &SearchAnswer<'_>,
    summary: SearchSummary,
) -> Result<ExitCode, Error> {
    let limit = if args.count { usize::MAX } else { args.limit.unwrap_or(LIMIT) };
    let mut summary = SearchSummary { contents: answer.n_contents, ..summary };
    let is_json = session.globals.json;
    let SearchSummary { hits, has_more, .. } = &mut summary;
    let order = if args.count { AnswerOrder::Any } else { AnswerOrder::Best };
    answer.each(order, &mut |found| {
        if *hits == limit {
            *has_more = true;
            return Ok(false);
        }
        *hits += 1;
        match (args.count, args.ids) {
            (true, _) => {}
            (false, true) if !is_json => session.out.line(&id_of(&found))?,
            _ => print_hit(session, &answer.read(found)?)?,
        }
        Ok(true)
    })?;
    if args.count && !is_json {
        session.out.line(&summary.hits.to_string())?;
    }
    finish(session, args, summary)
}

fn finish(
    session: &mut Session,
    args: &SearchArgs,
    summary: SearchSummary,
) -> Result<ExitCode, Error> {
    let SearchSummary { hits, has_more, contents, unreadable, .. } = summary;
    let is_none = hits == 0 && args.limit != Some(0);
    if session.globals.json {
        session.out.json(&typed("summary", summary))?;
    } else if has_more {
        // A text that several documents have is counted once.
        let more = match contents > hits as u64 {
            true => counted(contents, "text has the words", "texts have the words"),
            false => "more documents have these texts".to_owned(),
        };
        session.info(&format!("{more}; --limit {} shows more", 4 * hits.max(LIMIT)));
    } else if is_none && !args.count {
        session.info("nothing found");
    }
    if unreadable > 0 {
        let contents = counted(unreadable, "content", "contents");
        session.warn(&format!("{contents} could not be read and were not searched: archive audit"));
    }
    Ok(match is_none {
        // It may stand in what could not be read.
        true if unreadable > 0 => ExitCode::Broken,
        true => ExitCode::No,
        false => ExitCode::Done,
    })
}

fn id_of(found: &FoundRevision) -> String {
    format!("{}@{}", found.document.id, found.revision.number)
}

fn print_hit(session: &mut Session, hit: &SearchHit) -> Result<(), Error> {
    if session.globals.json {
        return session.out.json(&typed("hit", HitLine::of(hit)));
    }
    let SearchHit { document, revision, gone_since, unknown_since, gone, position, .. } = hit;
    let out = &mut session.out;
    let name = out.paint(Style::Heading, &label_of(document, revision));
    let mut row = format!("{name}  {}", out.paint(Style::Dim, &revision.captured.minute()));
    if let Some(position) = position {
        let paragraph = position.paragraph.map(|n| format!("paragraph {n}, "));
        let locator = position.locator.as_ref().map(|it| shown_text(&it.to_string()));
        let locator = locator.map(|it| format!("{it}, ")).unwrap_or_default();
        let paragraph = paragraph.unwrap_or_default();
        let place = format!("{locator}{paragraph}line {}", position.line);
        row.push_str(&format!("  {}", out.paint(Style::Dim, &place)));
    }
    for (what, since) in [("gone", gone_since), ("not known", unknown_since)] {
        let Some(since) = since else { continue };
        let day = since.captured.minute();
        let day = day.split(' ').next().unwrap_or_default();
        let mark = format!("{what} since @{}, {day}", since.number);
        row.push_str(&format!("  {}", out.paint(Style::Warning, &mark)));
    }
    if let Some(time) = gone {
        let mark = format!("document gone {}", time.minute());
        row.push_str(&format!("  {}", out.paint(Style::Dim, &mark)));
    }
    row.push_str(&withdrawn_mark(out, revision));
    out.line(&row)?;
    if let Some(headings) = position.as_ref().map(|it| &it.headings).filter(|it| !it.is_empty()) {
        let shown = |heading: &String| truncate(&shown_words(heading), HEADING_COLUMNS);
        let path = headings.iter().map(shown).collect::<Vec<_>>().join(" › ");
        out.line(&format!("{INDENT}{}", out.paint(Style::Dim, &path)))?;
    }
    if let Some(title) = &hit.title {
        print_excerpt(out, "title: ", &title.pieces)?;
    }
    print_excerpt(out, "", &hit.excerpt.pieces)
}

/// The words stand out by their style, without colours between brackets.
fn print_excerpt(out: &mut Output, heading: &str, pieces: &[ExcerptPiece]) -> Result<(), Error> {
    let is_plain = out.paint(Style::Strong, "x") == "x";
    let styled = |piece: &ExcerptPiece| match piece.is_marked {
        true if is_plain => StyledText { text: format!("[{}]", piece.text), style: None },
        true => StyledText { text: piece.text.clone(), style: Some(Style::Strong) },
        false => StyledText { text: piece.text.clone(), style: None },
    };
    if pieces.is_empty() {
        return Ok(());
    }
    let heading = (!heading.is_empty())
        .then(|| StyledText { text: heading.to_owned(), style: Some(Style::Dim) });
    let styled: Vec<StyledText> = heading.into_iter().chain(pieces.iter().map(styled)).collect();
    for line in wrapped(&styled, text_columns() - INDENT.len()) {
        out.line(&format!("{INDENT}{}", painted(out, &line)))?;
    }
    Ok(())
}

impl HitLine {
    fn of(hit: &SearchHit) -> Self {
        let SearchHit {
            document,
            revision,
            gone_since,
            unknown_since,
            gone,
            title,
            excerpt,
            position,
        } = hit;
        let piece = |it: &ExcerptPiece| PieceLine { text: it.text.clone(), marked: it.is_marked };
        let pieces = |it: &MarkedExcerpt| it.pieces.iter().map(piece).collect();
        Self {
            revision: RevisionLine::of(document, revision),
            gone: gone.map(|time| time.to_string()),
            gone_since: gone_since.as_ref().map(SinceLine::of),
            unknown_since: unknown_since.as_ref().map(SinceLine::of),
            paragraph: position.as_ref().and_then(|it| it.paragraph),
            line: position.as_ref().map(|it| it.line),
            locator: position.as_ref().and_then(|it| it.locator.clone()).map(LocatorLine::of),
            headings: position.as_ref().map(|it| it.headings.clone()).unwrap_or_default(),
            title: title.as_ref().map(pieces),
            excerpt: pieces(excerpt),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_expression_is_what_is_no_filter() {
        let words = ["tag:wire", "fares?", "of \\d+", "tag:", "a tag:wire"].map(OsString::from);
        let accepts = |field, _: &str| field == QueryField::Tag;
        let (filters, pattern) = split_filters(words.iter(), &accepts);
        assert_eq!((&filters[..], &pattern[..]), ("tag:wire", "fares? of \\d+ tag: a tag:wire"));
    }
}

//! `archive dups`

use std::collections::{HashMap, HashSet};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        presence::AsOf,
        similar::{
            Threshold,
            groups::{DupsScope, Group, MemberPair},
        },
    },
    cli::{
        args::{
            help::examples,
            values::{self, When},
        },
        exit::ExitCode,
        print::{
            gaps,
            json::{RevisionSummary, SimilarityLine, WithdrawnLine, typed},
            lost_packs::code_unless_lost,
            revision::{gone_mark, withdrawn_mark},
            similarity::{decisive, shares},
            terminal::{Style, counted, pad_left, shown_name, size},
        },
        session::Session,
    },
    types::{digest::Digest, document::Revision, error::Error, name::DocName, time::Timestamp},
};

const EXAMPLES: &[&str] = &[
    "archive dups                           # exact and near, in the whole archive",
    "archive dups stories/2026 --near --min 0.9",
    "archive dups --across-sources --since yesterday",
];

/// Find groups of duplicates and near-duplicates in the whole archive
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct DupsArgs {
    /// Only among the documents below this name
    #[arg(value_name = "PREFIX", value_parser = values::doc_name())]
    pub prefix: Option<DocName>,

    /// Only the same content under several names
    #[arg(long, conflicts_with_all = ["near", "min"])]
    pub exact: bool,

    /// Only what is close and not the same
    #[arg(long)]
    pub near: bool,

    /// Near from this resemblance: 0.8, 80% [default: 30% of the shorter text stands in the other]
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub min: Option<f64>,

    /// Only pairs of different sources (hosts, or top folders), with their dates, the earlier first
    #[arg(long)]
    pub across_sources: bool,

    /// Only the first N groups
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,

    /// Only with something added or changed since: 2026-03-01, yesterday, 3 days ago
    #[arg(long, value_name = "WHEN", value_parser = values::when)]
    pub since: Option<When>,
}

#[derive(Serialize)]
struct GroupLine {
    kind: &'static str,
    members: Vec<MemberLine>,
    pairs: Vec<PairLine>,
}

#[derive(Serialize)]
struct MemberLine {
    #[serde(flatten)]
    revision: RevisionSummary,
    captured: String,
    site: Option<String>,
    gone: Option<String>,
    withdrawn: Option<WithdrawnLine>,
    resemblance: Option<f64>,
}

#[derive(Serialize)]
struct PairLine {
    a: usize,
    b: usize,
    #[serde(flatten)]
    similarity: SimilarityLine,
}

#[derive(Serialize, Default)]
struct DupsSummary {
    groups: u64,
    documents: u64,
    left_out: u64,
    not_extracted: u64,
    not_read: u64,
    too_long: u64,
}

/// Finds groups of duplicates and near-duplicates.
pub fn run(session: &mut Session, args: &DupsArgs) -> Result<ExitCode, Error> {
    session.out.end_with_reader();
    let archive = session.open()?;
    if let Some(prefix) = &args.prefix
        && archive.catalog().document_named(prefix)?.is_none()
        && !archive.has_document_in(Some(prefix), AsOf::Ever)?
    {
        let what = format!("no document is below {}", shown_name(prefix.as_bytes()));
        return Err(Error::NotFound { what, candidates: Vec::new() });
    }
    let since = args.since.as_ref().map(|since| since.start(session.now)).transpose()?;
    let scope =
        DupsScope { prefix: args.prefix.as_ref(), across_sites: args.across_sources, since };
    let threshold = threshold(args);
    let limit = args.limit.unwrap_or(u64::MAX);
    let mut summary = DupsSummary::default();
    // A document may be in several groups.
    let mut documents = HashSet::new();
    let mut print = |kind: &'static str, group: &Group| {
        if summary.groups == limit {
            summary.left_out += 1;
            return Ok(());
        }
        summary.groups += 1;
        documents.extend(group.members.iter().map(|(document, _)| document.id));
        print_group(session, &archive, (kind, group), args)
    };
    if args.exact || !args.near {
        archive.exact_groups(scope, |group| print("exact", &group))?;
    }
    if args.near || !args.exact {
        archive.near_groups(threshold, scope, |group| print("near", &group))?;
        let gaps = gaps::tell_of_all(session, &archive)?;
        (summary.not_extracted, summary.not_read) = (gaps.n_not_extracted, gaps.n_not_read);
        summary.too_long = archive.n_too_long(scope)?;
        gaps::tell_too_long(session, summary.too_long);
    }
    summary.documents = documents.len() as u64;
    if session.globals.json {
        session.out.json(&typed("summary", &summary))?;
    } else if summary.groups + summary.left_out == 0 {
        session.info("no duplicates");
    } else {
        let groups = counted(summary.groups, "group", "groups");
        let documents = counted(summary.documents, "document", "documents");
        let more = match summary.left_out {
            0 => String::new(),
            n => format!(", and {} more", counted(n, "group", "groups")),
        };
        session.info(&format!("{groups} of {documents}{more}"));
    }
    match summary.groups + summary.left_out {
        0 => code_unless_lost(session, &archive, ExitCode::No),
        _ => Ok(ExitCode::Done),
    }
}

fn threshold(args: &DupsArgs) -> Threshold {
    args.min.map_or(Threshold::Copied, Threshold::Resemblance)
}

fn print_group(
    session: &mut Session,
    archive: &Archive,
    (kind, group): (&'static str, &Group),
    args: &DupsArgs,
) -> Result<(), Error> {
    let threshold = threshold(args);
    let gone = group.members.iter().map(|(document, _)| archive.catalog().gone_since(document));
    let gone = gone.collect::<Result<Vec<_>, _>>()?;
    if session.globals.json {
        return session.out.json(&typed("group", line((kind, group), &gone)));
    }
    let nearest = nearest(group, threshold);
    let is_alike = |pair: &&MemberPair| pair.similarity.is_nearly_the_same();
    let heading = match kind {
        "exact" => format!("the same content, {}:", size(group.members[0].1.n_bytes)),
        _ if nearest.iter().flatten().all(is_alike) => "nearly the same text:".to_owned(),
        _ => "copied text:".to_owned(),
    };
    let heading = session.out.paint(Style::Heading, &heading);
    session.out.line(&heading)?;
    let mut firsts: HashMap<Digest, usize> = HashMap::new();
    for (index, (document, revision)) in group.members.iter().enumerate() {
        let name = shown_name(document.name.as_bytes());
        let first = *firsts.entry(revision.digest).or_insert(index);
        let (score, reason) = match first == index {
            true => {
                nearest[index].map_or_else(Default::default, |pair| reason(group, pair, threshold))
            }
            false => (String::new(), twin(group, first)),
        };
        let reason = session.out.paint(Style::Dim, &reason);
        let day = if args.across_sources { format!("{}  ", day(revision)) } else { String::new() };
        let gone = gone_mark(&session.out, gone[index]);
        let mark = withdrawn_mark(&session.out, revision);
        let number = revision.number;
        let line = format!("  {}  {day}{name}@{number}{gone}{mark}{reason}", pad_left(&score, 5));
        session.out.line(&line)?;
    }
    session.out.line("")
}

/// The day on which a revision was captured.
fn day(revision: &Revision) -> String {
    revision.captured.to_string().chars().take("2026-03-01".len()).collect()
}

/// Of each member the pair with the first one, else with the nearest of those printed before it.
fn nearest(group: &Group, threshold: Threshold) -> Vec<Option<&MemberPair>> {
    let mut nearest: Vec<Option<&MemberPair>> = vec![None; group.members.len()];
    let rank = |pair: &MemberPair| (pair.a == 0, pair.similarity.score(threshold));
    for pair in &group.pairs {
        let known = &mut nearest[pair.b];
        // Pairs come in order: of equally near ones the first stays.
        if known.is_none_or(|known| rank(known) < rank(pair)) {
            *known = Some(pair);
        }
    }
    nearest
}

fn reason(group: &Group, pair: &MemberPair, threshold: Threshold) -> (String, String) {
    let name = |index: usize| shown_name(group.members[index].0.name.as_bytes());
    let shares = shares(&pair.similarity, &name(pair.a), &name(pair.b));
    (decisive(&pair.similarity, threshold), format!("  ({shares})"))
}

/// Why a member has no number: it is the same as an earlier one.
fn twin(group: &Group, first: usize) -> String {
    match group.pairs.is_empty() {
        true => String::new(),
        false => {
            format!("  (the same as {})", shown_name(group.members[first].0.name.as_bytes()))
        }
    }
}

/// A group, of whose members is known since when they are gone.
fn line((kind, group): (&'static str, &Group), gone: &[Option<Timestamp>]) -> GroupLine {
    let first = group.members[0].1.digest;
    let with_first = group.pairs.iter().filter(|pair| pair.a == 0);
    let with_first: HashMap<usize, f64> =
        with_first.map(|pair| (pair.b, pair.similarity.resemblance)).collect();
    let resemblance = |index: usize| match group.members[index].1.digest == first {
        true => Some(1.0),
        false => with_first.get(&index).copied(),
    };
    let members =
        group.members.iter().enumerate().map(|(index, (document, revision))| MemberLine {
            revision: RevisionSummary::of(document, revision),
            captured: revision.captured.to_string(),
            site: group.sites[index].clone(),
            gone: gone[index].map(|time| time.to_string()),
            withdrawn: revision.withdrawn.as_ref().map(WithdrawnLine::of),
            resemblance: resemblance(index),
        });
    let pairs = group.pairs.iter().map(|MemberPair { a, b, similarity }| PairLine {
        a: *a,
        b: *b,
        similarity: SimilarityLine::of(similarity),
    });
    GroupLine { kind, members: members.collect(), pairs: pairs.collect() }
}

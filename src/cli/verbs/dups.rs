//! `archive dups`

use serde::Serialize;

use crate::{
    archive::similar::{Group, RESEMBLANCE_MIN},
    cli::{
        args::DupsArgs,
        exit::ExitCode,
        lines::{name_b64, typed},
        session::Session,
        terminal::{Style, counted, pad_left, shown_name, size},
    },
    words::{error::Error, name::DocName},
};

#[derive(Serialize)]
struct Line {
    kind: &'static str,
    members: Vec<Member>,
}

#[derive(Serialize)]
struct Member {
    id: String,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    sha256: String,
    bytes: u64,
    resemblance: f64,
}

#[derive(Serialize, Default)]
struct Summary {
    groups: u64,
    documents: u64,
}

/// Finds groups of duplicates and near-duplicates.
pub fn run(session: &mut Session, args: &DupsArgs) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let mut summary = Summary::default();
    let wants_near = args.near || !args.exact;
    if args.exact || !args.near {
        archive.exact_groups(|group| {
            tell(session, args.prefix.as_ref(), "exact", group, &mut summary)
        })?;
    }
    if wants_near {
        let min = args.min.unwrap_or(RESEMBLANCE_MIN);
        archive.near_groups(min, |group| {
            tell(session, args.prefix.as_ref(), "near", group, &mut summary)
        })?;
    }
    if session.globals.json {
        session.out.json(&typed("summary", &summary))?;
    } else if summary.groups == 0 {
        session.say("no duplicates");
    } else {
        session.say(&format!(
            "{} of {}",
            counted(summary.groups, "group", "groups"),
            counted(summary.documents, "document", "documents")
        ));
    }
    Ok(if summary.groups == 0 { ExitCode::No } else { ExitCode::Done })
}

fn tell(
    session: &mut Session,
    prefix: Option<&DocName>,
    kind: &'static str,
    group: Group,
    summary: &mut Summary,
) -> Result<(), Error> {
    let members: Vec<_> = group
        .members
        .into_iter()
        .zip(group.resemblance)
        .filter(|((document, _), _)| prefix.is_none_or(|prefix| document.name.is_under(prefix)))
        .collect();
    if members.len() < 2 {
        return Ok(());
    }
    summary.groups += 1;
    summary.documents += members.len() as u64;
    if session.globals.json {
        let members = members.iter().map(|((document, revision), resemblance)| Member {
            id: document.doc.to_string(),
            name: document.name.text().into_owned(),
            name_b64: name_b64(&document.name),
            revision: revision.number,
            sha256: revision.digest.to_string(),
            bytes: revision.n_bytes,
            resemblance: *resemblance,
        });
        return session.out.json(&typed("group", Line { kind, members: members.collect() }));
    }
    let heading = match kind {
        "exact" => format!("the same content, {}:", size(members[0].0.1.n_bytes)),
        _ => "nearly the same text:".to_owned(),
    };
    let heading = session.out.paint(Style::Heading, &heading);
    session.out.line(&heading)?;
    for (n, ((document, revision), resemblance)) in members.iter().enumerate() {
        let score = match (kind, n) {
            ("exact", _) | (_, 0) => pad_left("", 4),
            _ => format!("{resemblance:.2}"),
        };
        let name = shown_name(document.name.as_bytes());
        session.out.line(&format!("  {score}  {name}@{}", revision.number))?;
    }
    session.out.line("")
}

//! `archive withdraw`

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsString,
    os::unix::ffi::OsStrExt as _,
};

use clap::{ArgGroup, Args};
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        find::{self, Which},
        maintain::{
            compact::Compacted,
            withdraw::{ReasonCode, WithdrawalDone, WithdrawalPlan, WithdrawalRequest},
        },
    },
    cli::{
        args::{help::examples, values},
        exit::ExitCode,
        operand::label_of,
        print::{
            json::{RemnantLine, RevisionSummary, name_b64, typed},
            terminal::{counted, shown_name, size},
        },
        session::Session,
        unpack::{HeldContents, HoldingRevision},
    },
    types::{
        digest::Digest,
        document::{Document, Revision},
        error::Error,
        time::Timestamp,
    },
};

const EXAMPLES: &[&str] = &[
    "archive withdraw letters/to-ada.txt --reason personal",
    "archive withdraw 'report.txt@2..4' --reason legal --note 'order of 3 March'",
    "archive withdraw --words 17 --reason error    # name, source and note of event 17",
    "archive withdraw report.txt@2 --reason legal -n    # what would go?",
];

/// Documents or events named in one sentence; the rest is counted.
const LISTED_MAX: usize = 10;

/// Take contents or words away for good, and keep the record that they were there
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["docs", "words", "resume"]))]
pub struct WithdrawArgs {
    /// A document, of which all revisions go; or one revision, or several: report.txt@2..4
    #[arg(value_name = "DOC[@REV]", conflicts_with = "resume")]
    pub docs: Vec<OsString>,

    /// What was written about this event goes: name, source, note, author, times; archive log and show
    /// have its number
    #[arg(long, value_name = "EVENT", value_parser = values::count::<u64>, conflicts_with = "resume")]
    pub words: Vec<u64>,

    /// Why, as a code that everybody may read: legal, personal, licence, error
    #[arg(long, value_name = "CODE", value_parser = values::reason, required_unless_present = "resume")]
    pub reason: Option<ReasonCode>,

    /// What to remember of it
    #[arg(long, value_name = "TEXT", conflicts_with = "resume")]
    pub note: Option<String>,

    /// All other revisions with the same bytes go, too
    #[arg(long, conflicts_with = "resume")]
    pub everywhere: bool,

    /// Print what would go, and do nothing
    #[arg(short = 'n', long, conflicts_with = "resume")]
    pub dry_run: bool,

    /// Finish a withdrawal that was interrupted, and search again for what went
    #[arg(long)]
    pub resume: bool,
}

#[derive(Serialize)]
struct WithdrawnContentLine {
    #[serde(flatten)]
    revision: RevisionSummary,
}

#[derive(Serialize)]
struct WithdrawalSummary {
    contents: u64,
    words: Vec<u64>,
    events: Vec<u64>,
    packs_rewritten: u64,
    bytes_searched: u64,
    left: Vec<RemnantLine>,
    quoted_by: Vec<u64>,
    held_by: Vec<HolderLine>,
    shared: bool,
    by_digest: bool,
    stays: Vec<StayingLine>,
    dry_run: bool,
}

/// A document that came out of what went, and stays.
#[derive(Serialize)]
struct StayingLine {
    id: String,
    name: String,
    name_b64: Option<String>,
}

impl StayingLine {
    fn of(document: &Document) -> Self {
        Self {
            id: document.id.to_string(),
            name: document.name.text().into_owned(),
            name_b64: name_b64(&document.name),
        }
    }
}

/// A mail or a container that holds what went, word for word.
#[derive(Serialize)]
struct HolderLine {
    id: String,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    holds: Vec<String>,
}

impl HolderLine {
    fn of(holder: &HoldingRevision) -> Self {
        let HoldingRevision { document, revision, holds } = holder;
        let StayingLine { id, name, name_b64 } = StayingLine::of(document);
        let holds = holds.iter().map(Digest::to_string).collect();
        Self { id, name, name_b64, revision: revision.number, holds }
    }
}

/// Takes contents or words away, and searches the archive for what may be left of them.
pub fn run(session: &mut Session, args: &WithdrawArgs) -> Result<ExitCode, Error> {
    let mut archive = session.open_for(args.dry_run)?;
    let who = session.who("withdraw");
    if !args.dry_run {
        archive.ensure_catalog_follows(&who)?;
    }
    let request = request(&archive, args, session.now)?;
    let plan = request.as_ref().map(|request| archive.withdrawal_plan(request)).transpose()?;
    let holders = holders(session, &archive, plan.as_ref())?;
    if let (Some(plan), true) = (&plan, args.dry_run) {
        let done = WithdrawalDone { plan: plan.clone(), ..WithdrawalDone::default() };
        print(session, &done, &holders, true)?;
        return Ok(if holders.is_empty() { ExitCode::Done } else { ExitCode::No });
    }
    if let (Some(plan), false) = (&plan, holders.is_empty()) {
        session.info(&warning(plan, &holders));
    }
    let mut progress = session.progress();
    let (signer, context) = (session.signer(&archive)?, session.context()?);
    let mut report = |n_done| {
        progress.report(n_done, "blobs");
        Ok(())
    };
    let done = match request {
        Some(request) => archive.withdraw(&request, (&signer, &context), &who, &mut report)?,
        None => archive.resume_withdrawals((&signer, &context), &who, &mut report)?,
    };
    drop(progress);
    print(session, &done, &holders, false)?;
    Ok(match (done.remnants.is_empty(), holders.is_empty()) {
        (false, _) => ExitCode::Broken,
        (true, false) => ExitCode::No,
        (true, true) => ExitCode::Done,
    })
}

/// The mails and containers that hold what goes, or went before where only that is finished, and stay themselves.
fn holders(
    session: &Session,
    archive: &Archive,
    plan: Option<&WithdrawalPlan>,
) -> Result<Vec<HoldingRevision>, Error> {
    let (mut progress, mut but) = (session.progress(), BTreeSet::new());
    let report = |n_done| progress.report(n_done, "documents");
    let wanted = match plan {
        Some(plan) => {
            but.extend(plan.contents.iter().map(|(_, revision)| revision.event));
            let contents = plan.contents.iter().map(|(_, it)| (it.digest, it.n_bytes));
            HeldContents::of(contents)
        }
        None => HeldContents::of(archive.catalog().withdrawn_contents()?.into_iter()),
    };
    wanted.holders(archive, &but, report)
}

/// What holds what goes, before it goes.
fn warning(plan: &WithdrawalPlan, holders: &[HoldingRevision]) -> String {
    let held = holders.iter().map(|it| held_words(plan, it));
    format!("it stays in what holds it until that is withdrawn, too: {}", listed(held))
}

/// What a mail or a container holds, by the names of that.
fn held_words(plan: &WithdrawalPlan, holder: &HoldingRevision) -> String {
    let names: HashMap<Digest, String> = plan
        .contents
        .iter()
        .map(|(it, revision)| (revision.digest, label_of(it, revision)))
        .collect();
    let held = holder.holds.iter().map(|digest| match names.get(digest) {
        Some(name) => name.clone(),
        None => format!("the content {}", &digest.to_string()[..12]),
    });
    let label = label_of(&holder.document, &holder.revision);
    format!("{label} holds {} word for word", listed(held))
}

/// What is asked for; none where only an earlier withdrawal is to be finished.
fn request(
    archive: &Archive,
    args: &WithdrawArgs,
    now: Timestamp,
) -> Result<Option<WithdrawalRequest>, Error> {
    let Some(reason) = args.reason.clone().filter(|_| !args.resume) else { return Ok(None) };
    let mut contents = Vec::new();
    for selector in &args.docs {
        contents.extend(selected(archive, selector.as_bytes(), now)?);
    }
    let words: BTreeSet<u64> = args.words.iter().copied().collect();
    let (note, everywhere) = (args.note.clone(), args.everywhere);
    Ok(Some(WithdrawalRequest { contents, words, reason, note, everywhere }))
}

/// The revisions that a selector means: one, those from one to another, or all of a document.
fn selected(
    archive: &Archive,
    selector: &[u8],
    now: Timestamp,
) -> Result<Vec<(Document, Revision)>, Error> {
    if let Some(ends) = archive.select_range(selector, now)? {
        let (document, a, b) = (ends.a.0, ends.a.1, ends.b.1);
        let by_number = find::split_range(selector, now)
            .is_some_and(|(_, (a, b))| matches!((a, b), (Which::Number(_), Which::Number(_))));
        // Two numbers mean all numbers between; other ends what was captured between them.
        let place = |it: &Revision| match by_number {
            true => (None, it.number),
            false => (Some(it.captured), it.number),
        };
        let range = place(&a).min(place(&b))..=place(&a).max(place(&b));
        let all = archive.catalog().revisions(&document)?.into_iter();
        return Ok(all
            .filter(|it| range.contains(&place(it)))
            .map(|it| (document.clone(), it))
            .collect());
    }
    let (words, which) = archive.split(selector, now)?;
    let document = archive.document(words)?;
    match which {
        Some(which) => Ok(vec![archive.revision(&document, which)?]),
        None => {
            let all = archive.catalog().revisions(&document)?.into_iter();
            Ok(all.map(|revision| (document.clone(), revision)).collect())
        }
    }
}

fn print(
    session: &mut Session,
    done: &WithdrawalDone,
    holders: &[HoldingRevision],
    is_dry: bool,
) -> Result<(), Error> {
    let WithdrawalPlan { contents, words, parts } = &done.plan;
    if session.globals.json {
        for (document, revision) in contents {
            let revision = RevisionSummary::of(document, revision);
            session.out.json(&typed("withdrawn", WithdrawnContentLine { revision }))?;
        }
        let left = done.remnants.iter();
        let summary = WithdrawalSummary {
            contents: contents.len() as u64,
            words: words.iter().copied().collect(),
            events: done.events.clone(),
            packs_rewritten: done.compacted.n_rewritten + done.compacted.n_removed,
            bytes_searched: done.n_bytes_searched,
            left: left.map(RemnantLine::of).collect(),
            quoted_by: done.quoted_by.iter().copied().collect(),
            held_by: holders.iter().map(HolderLine::of).collect(),
            shared: done.is_shared,
            by_digest: done.is_by_digest,
            stays: parts.iter().map(StayingLine::of).collect(),
            dry_run: is_dry,
        };
        return session.out.json(&typed("summary", summary));
    }
    let goes = if is_dry { "would go" } else { "went" };
    for (document, revision) in contents {
        let n_bytes = size(revision.n_bytes);
        session.out.line(&format!("{goes}: {}, {n_bytes}", label_of(document, revision)))?;
    }
    for event in words {
        session.out.line(&format!("{goes}: the words of event {event}"))?;
    }
    for remnant in &done.remnants {
        let place = shown_name(remnant.place.as_bytes());
        session.out.line(&format!("still there: {place} holds {}", remnant.what))?;
    }
    let still = if is_dry { "would stay" } else { "still there" };
    for holder in holders {
        session.out.line(&format!("{still}: {}", held_words(&done.plan, holder)))?;
    }
    session.info(&sentence(done, !holders.is_empty(), is_dry));
    if !parts.is_empty() {
        let named = listed(parts.iter().map(|it| shown_name(it.name.as_bytes())));
        session.info(&format!("what came out of it stays until it is withdrawn, too: {named}"));
    }
    if !done.quoted_by.is_empty() {
        let events = listed(done.quoted_by.iter().map(u64::to_string));
        session.info(&format!(
            "a stretch of it stands in the words of other events, which stay until archive withdraw --words: {events}"
        ));
    }
    Ok(())
}

/// The first of some, and how many more there are.
fn listed(all: impl ExactSizeIterator<Item = String>) -> String {
    let n_more = all.len().saturating_sub(LISTED_MAX);
    let more = (n_more > 0).then(|| format!("{n_more} more"));
    all.take(LISTED_MAX).chain(more).collect::<Vec<_>>().join(", ")
}

fn sentence(done: &WithdrawalDone, is_held: bool, is_dry: bool) -> String {
    let WithdrawalPlan { contents, words, .. } = &done.plan;
    let Compacted { n_rewritten, n_removed, .. } = done.compacted;
    let what = match (contents.len() as u64, words.len() as u64) {
        (0, 0) if n_rewritten + n_removed + done.n_details > 0 => {
            "an earlier withdrawal is finished".to_owned()
        }
        (0, 0) => "nothing was left to withdraw".to_owned(),
        (n, 0) => counted(n, "revision", "revisions"),
        (0, n) => format!("the words of {}", counted(n, "event", "events")),
        (n, m) => format!(
            "{} and the words of {}",
            counted(n, "revision", "revisions"),
            counted(m, "event", "events")
        ),
    };
    if is_dry {
        return format!("{what}; nothing was done");
    }
    let events: Vec<String> = done.events.iter().map(u64::to_string).collect();
    let by = match &events[..] {
        [] => String::new(),
        [one] => format!(" withdrawn by event {one}"),
        more => format!(" withdrawn by the events {}", more.join(", ")),
    };
    let packs = |n: u64, how: &str| match n {
        0 => String::new(),
        n => format!("{} {how}, ", counted(n, "pack", "packs")),
    };
    let packs = packs(n_rewritten, "written anew") + &packs(n_removed, "removed");
    let searched = size(done.n_bytes_searched);
    let found = match (done.remnants.is_empty() && !is_held, done.is_by_digest, done.is_shared) {
        (true, false, false) => "nothing of it is left",
        (true, false, true) => "nothing of it is left but what stands in contents that stay",
        (true, true, _) => {
            "nothing is left that is all of it; which words it had is no longer known"
        }
        (false, ..) => "see above for what is left",
    };
    format!("{what}{by}; {packs}{searched} searched: {found}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::maintain::withdraw::Remnant;

    #[test]
    fn what_was_done_is_one_sentence() {
        let words =
            |n: u64| WithdrawalPlan { words: (0..n).collect(), ..WithdrawalPlan::default() };
        let done = WithdrawalDone {
            plan: words(1),
            events: vec![12],
            compacted: Compacted { n_rewritten: 2, ..Compacted::default() },
            n_bytes_searched: 5000,
            ..WithdrawalDone::default()
        };
        let remnants = vec![Remnant::at("packs/a", "a detail")];
        let left = WithdrawalDone { remnants, compacted: Compacted::default(), ..done.clone() };
        let removed = WithdrawalDone {
            compacted: Compacted { n_removed: 1, ..Compacted::default() },
            ..WithdrawalDone::default()
        };
        let finished = WithdrawalDone { n_details: 1, ..WithdrawalDone::default() };
        let nothing = WithdrawalDone { n_bytes_searched: 5000, ..WithdrawalDone::default() };
        let shared = WithdrawalDone { is_shared: true, ..done.clone() };
        for (done, is_dry, text) in [
            (
                &done,
                false,
                "the words of 1 event withdrawn by event 12; 2 packs written anew, 5.0 kB searched: nothing of it is left",
            ),
            (&done, true, "the words of 1 event; nothing was done"),
            (
                &shared,
                false,
                "the words of 1 event withdrawn by event 12; 2 packs written anew, 5.0 kB searched: nothing of it is left but what stands in contents that stay",
            ),
            (
                &left,
                false,
                "the words of 1 event withdrawn by event 12; 5.0 kB searched: see above for what is left",
            ),
            (
                &finished,
                false,
                "an earlier withdrawal is finished; 0 B searched: nothing of it is left",
            ),
            (
                &removed,
                false,
                "an earlier withdrawal is finished; 1 pack removed, 0 B searched: nothing of it is left",
            ),
            (
                &nothing,
                false,
                "nothing was left to withdraw; 5.0 kB searched: nothing of it is left",
            ),
        ] {
            assert_eq!(sentence(done, false, is_dry), text);
            assert_eq!(sentence(done, true, is_dry).ends_with("what is left"), !is_dry);
        }
    }
}

//! `archive compact`

use clap::Args;
use serde::Serialize;

use crate::{
    archive::maintain::compact::{Compacted, CompressionLevels, Policy},
    cli::{
        args::{
            help::examples,
            values::{self, n_threads},
        },
        exit::ExitCode,
        print::{
            json::typed,
            lost_packs::code_unless_lost,
            terminal::{counted, size},
        },
        session::Session,
    },
    types::error::Error,
};

const EXAMPLES: &[&str] = &[
    "archive compact                        # put small packs together, once there are many",
    "archive compact -n                     # how many would that be?",
    "archive compact --all                  # compress everything again: smaller, but slow",
    "archive compact --level 19             # as small as can be, and slowest",
];

/// Save room: put small packs together, or compress everything again
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct CompactArgs {
    /// Compress everything again, each revision against an earlier or a later one
    #[arg(long)]
    pub all: bool,

    /// How hard to compress, from 1 (fast) to 19 (small); implies --all [default: 12]
    #[arg(long, value_name = "N", value_parser = values::level)]
    pub level: Option<i32>,

    /// Print what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// How many threads compress, with --all [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub threads: Option<usize>,
}

#[derive(Serialize)]
struct CompactedLine {
    packs_before: u64,
    bytes_before: u64,
    packs_rewritten: u64,
    bytes_rewritten: u64,
    packs_removed: u64,
    bytes_removed: u64,
    packs_given_up: u64,
    packs_after: Option<u64>,
    bytes_after: Option<u64>,
    dry_run: bool,
}

/// Writes packs anew, or says which ones would be.
pub fn run(session: &mut Session, args: &CompactArgs) -> Result<ExitCode, Error> {
    let mut archive = session.open_for(args.dry_run)?;
    let policy = policy(args);
    let done = match args.dry_run {
        true => archive.compactable(policy)?,
        false => {
            let who = session.who("compact");
            let mut progress = session.progress();
            let (signer, context) = (session.signer(&archive)?, session.context()?);
            archive.compact(policy, &signer, context, &who, &mut |n_done| {
                progress.report(n_done, "compacting");
                Ok(())
            })?
        }
    };
    if session.globals.json {
        let after = |n: u64| (!args.dry_run).then_some(n);
        let line = CompactedLine {
            packs_before: done.n_packs_before,
            bytes_before: done.n_bytes_before,
            packs_rewritten: done.n_rewritten,
            bytes_rewritten: done.n_bytes_rewritten,
            packs_removed: done.n_removed,
            bytes_removed: done.n_bytes_removed,
            packs_given_up: done.n_given_up,
            packs_after: after(done.n_packs_after),
            bytes_after: after(done.n_bytes_after),
            dry_run: args.dry_run,
        };
        session.out.json(&typed("compacted", line))?;
    } else {
        session.info(&sentence(&done, policy, args.dry_run));
    }
    code_unless_lost(session, &archive, ExitCode::Done)
}

/// A level asks for everything to be compressed again.
fn policy(args: &CompactArgs) -> Policy {
    if !args.all && args.level.is_none() {
        return Policy::Tidy;
    }
    let level = args.level.unwrap_or(LEVEL);
    Policy::Rewrite(CompressionLevels::all(level), n_threads(args.threads))
}

/// The level of `--all`: beyond it, time grows much faster than what is saved.
const LEVEL: i32 = 12;

fn sentence(done: &Compacted, policy: Policy, is_dry: bool) -> String {
    let packs = |n: u64| counted(n, "pack", "packs");
    let mut parts = Vec::new();
    parts.extend((done.n_rewritten > 0).then(|| rewritten(done, is_dry)));
    parts.extend((done.n_removed > 0).then(|| {
        let goes = if is_dry { "would be removed" } else { "removed" };
        let (idle, n_bytes) = (packs(done.n_removed), size(done.n_bytes_removed));
        format!("{idle} that did not count {goes}, {n_bytes}")
    }));
    parts.extend((done.n_given_up > 0).then(|| {
        let (lost, how) = (packs(done.n_given_up), if is_dry { "would count" } else { "counts" });
        format!("{lost} lost, which {how} no more: all that is needed of it lies elsewhere")
    }));
    parts.extend((done.n_details > 0).then(|| "an earlier withdrawal is finished".to_owned()));
    if !parts.is_empty() {
        return parts.join("; ");
    }
    let why = match policy {
        _ if done.n_packs_before == 0 => "",
        Policy::Tidy => " (--all compresses everything again)",
        _ => "; compressed again it is the same",
    };
    format!("nothing to do: {}, {}{why}", packs(done.n_packs_before), size(done.n_bytes_before))
}

/// What became of packs that count.
fn rewritten(done: &Compacted, is_dry: bool) -> String {
    let packs = |n: u64| counted(n, "pack", "packs");
    let (rewritten, before) = (packs(done.n_rewritten), size(done.n_bytes_before));
    if is_dry {
        let n_bytes = size(done.n_bytes_rewritten);
        return format!("{rewritten} of {} would be written anew, {n_bytes}", done.n_packs_before);
    }
    let after = size(done.n_bytes_after);
    let saved = match done.n_bytes_before.checked_sub(done.n_bytes_after) {
        Some(saved) => format!("saved {}", size(saved)),
        None => format!("{} more", size(done.n_bytes_after - done.n_bytes_before)),
    };
    let now = packs(done.n_packs_after);
    format!("{rewritten} written anew: {before} before, {after} now in {now}; {saved}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_one_sentence() {
        let done = Compacted {
            n_packs_before: 9,
            n_bytes_before: 5000,
            n_rewritten: 8,
            n_bytes_rewritten: 4000,
            n_packs_after: 2,
            n_bytes_after: 3000,
            ..Compacted::default()
        };
        let larger = Compacted { n_bytes_after: 6000, ..done };
        let nothing = Compacted { n_rewritten: 0, ..done };
        let all = Policy::Rewrite(CompressionLevels::all(LEVEL), 1);
        let idle = Compacted { n_removed: 1, n_bytes_removed: 700, ..nothing };
        let finished = Compacted { n_details: 2, ..nothing };
        let given_up = Compacted { n_given_up: 1, ..nothing };
        let empty = Compacted { n_packs_before: 0, n_bytes_before: 0, ..nothing };
        for (done, policy, is_dry, words) in [
            (
                done,
                Policy::Tidy,
                false,
                "8 packs written anew: 5.0 kB before, 3.0 kB now in 2 packs; saved 2.0 kB",
            ),
            (
                given_up,
                Policy::Tidy,
                false,
                "1 pack lost, which counts no more: all that is needed of it lies elsewhere",
            ),
            (done, Policy::Tidy, true, "8 packs of 9 would be written anew, 4.0 kB"),
            (
                larger,
                all,
                false,
                "8 packs written anew: 5.0 kB before, 6.0 kB now in 2 packs; 1.0 kB more",
            ),
            (
                nothing,
                Policy::Tidy,
                true,
                "nothing to do: 9 packs, 5.0 kB (--all compresses everything again)",
            ),
            (
                nothing,
                all,
                false,
                "nothing to do: 9 packs, 5.0 kB; compressed again it is the same",
            ),
            (idle, Policy::Tidy, false, "1 pack that did not count removed, 700 B"),
            (idle, Policy::Tidy, true, "1 pack that did not count would be removed, 700 B"),
            (finished, Policy::Tidy, false, "an earlier withdrawal is finished"),
            (empty, Policy::Tidy, false, "nothing to do: 0 packs, 0 B"),
        ] {
            assert_eq!(sentence(&done, policy, is_dry), words);
        }
    }
}

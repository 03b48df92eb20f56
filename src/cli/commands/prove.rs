//! `archive prove`

use std::{
    ffi::OsString,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use crate::{
    archive::{
        Archive,
        inspect::proof::folder::{CONTENT, ContentWatch, ProofFolder},
    },
    cli::{
        args::help::examples,
        exit::ExitCode,
        given::GivenText,
        interrupt::is_interrupted,
        new_folder::NewFolder,
        output_file::{Existing, OutputFile},
        print::{
            json::{HeadLine, b64_unless_utf8, name_b64, typed},
            terminal::{counted, shown_name},
        },
        session::{Session, shown},
    },
    types::{
        document::{Document, Revision},
        error::Error,
    },
};

const EXAMPLES: &[&str] = &[
    "archive prove letters/mother.txt -o proof",
    "archive prove report.txt@2 -o proof --no-detail",
    "archive prove --consistency mail-from-last-year.txt -o grown.txt",
];

/// Show others that a revision was recorded, or that the journal only grew
///
/// The folder holds the content, the event, the way from it to the signed root, and how to check all this
/// with other programs. The file of --consistency holds both checkpoints and the hashes between them.
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct ProveArgs {
    /// A document, and perhaps which revision
    #[arg(value_name = "DOC[@REV]", required_unless_present = "consistency")]
    pub doc: Option<OsString>,

    /// The folder to make, which must be empty or not there yet; with --consistency a new file, - is
    /// standard output
    #[arg(short, long, value_name = "DIR", required = true)]
    pub output: PathBuf,

    /// Without what people wrote: no name, source and note
    #[arg(long)]
    pub no_detail: bool,

    /// Prove that the journal goes on from this checkpoint, as mail or paper leave it; - is standard input
    #[arg(long, value_name = "OLD", conflicts_with_all = ["doc", "no_detail"])]
    pub consistency: Option<PathBuf>,
}

impl ProveArgs {
    /// What the grammar cannot say.
    pub fn check(&self) -> Result<(), &'static str> {
        match self.consistency.is_none() && self.output.as_os_str() == "-" {
            true => Err("a proof is a folder of files; name one with --output"),
            false => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct ProvedLine<'a> {
    path: String,
    path_b64: Option<String>,
    name: String,
    name_b64: Option<String>,
    revision: u64,
    event: u64,
    vkey: &'a str,
    files: Vec<&'a str>,
}

#[derive(Serialize)]
struct GrownLine<'a> {
    path: String,
    path_b64: Option<String>,
    vkey: &'a str,
    old: HeadLine,
    new: HeadLine,
}

/// Makes a proof, which is checked before it has its name.
pub fn run(session: &mut Session, args: &ProveArgs) -> Result<ExitCode, Error> {
    match &args.doc {
        Some(doc) => prove(session, args, doc),
        None => prove_growth(session, args),
    }
}

fn prove(session: &mut Session, args: &ProveArgs, doc: &OsString) -> Result<ExitCode, Error> {
    let archive = session.open()?;
    let (document, revision) = archive.select(doc.as_bytes(), session.now)?;
    let proof = archive.prove(&document, &revision, !args.no_detail)?;
    let folder = NewFolder::begin(&args.output, &session.own_files())?;
    let vkey = archive.checkpoint_vkey();
    let is_withdrawn = revision.withdrawn.is_some();
    let proof = match is_withdrawn {
        true => proof.without_content(),
        false => put_content(&archive, (&document, &revision), &folder, proof)?,
    };
    let report = proof.check(Some(&vkey));
    if let Some(flaw) = report.flaws.first() {
        return Err(Error::damaged(format!("the proof's {}", flaw.file), flaw.why.clone()));
    }
    for (name, bytes) in &proof.files {
        let fail = |error| Error::io("write", shown(&args.output.join(name)), error);
        folder.write(name, |sink| sink.write_all(bytes).map_err(fail))?;
    }
    if is_interrupted() {
        return Err(Error::Interrupted);
    }
    folder.finish()?;
    let name = shown_name(document.name.as_bytes());
    if session.globals.json {
        let content = (!is_withdrawn).then_some(CONTENT);
        let files = content.into_iter().chain(proof.files.keys().map(String::as_str));
        session.out.json(&typed(
            "proved",
            ProvedLine {
                path: args.output.to_string_lossy().into_owned(),
                path_b64: b64_unless_utf8(args.output.as_os_str().as_bytes()),
                name: document.name.text().into_owned(),
                name_b64: name_b64(&document.name),
                revision: revision.number,
                event: revision.event,
                vkey: &vkey,
                files: files.collect(),
            },
        ))?;
    } else {
        let n_files = proof.files.len() as u64 + u64::from(!is_withdrawn);
        let n_files = counted(n_files, "file", "files");
        session.info(&format!(
            "proof of {name}@{} written to {}: {n_files}\nwhoever checks it needs the vkey line, \
             and by another way than this folder:\n  {vkey}",
            revision.number,
            shown(&args.output)
        ));
        session.say_key_to_come(&archive);
    }
    Ok(ExitCode::Done)
}

/// Writes the content, and puts into the folder what follows from it.
fn put_content(
    archive: &Archive,
    (document, revision): (&Document, &Revision),
    folder: &NewFolder,
    proof: ProofFolder,
) -> Result<ProofFolder, Error> {
    let mut watch = ContentWatch::default();
    folder.write(CONTENT, |sink| {
        archive.each_piece(document, revision, &is_interrupted, |piece| {
            watch.take(piece);
            sink.write_all(piece).map_err(|error| Error::io("write", CONTENT, error))
        })
    })?;
    Ok(proof.with_content(watch.finish()))
}

fn prove_growth(session: &mut Session, args: &ProveArgs) -> Result<ExitCode, Error> {
    let old = args.consistency.as_deref().unwrap_or(Path::new("-"));
    let old = GivenText::read(old)?;
    let archive = session.open()?;
    let is_stdout = args.output.as_os_str() == "-";
    let output = || OutputFile::begin(&args.output, Existing::Kept, &session.own_files());
    let output = (!is_stdout).then(output).transpose()?;
    let (proof, growth) = archive.prove_growth(&old.bytes, &old.shown)?;
    let Some(output) = output else {
        session.out.bytes(&proof)?;
        return Ok(ExitCode::Done);
    };
    output.write(&proof)?;
    let vkey = archive.checkpoint_vkey();
    if session.globals.json {
        session.out.json(&typed(
            "consistency",
            GrownLine {
                path: args.output.to_string_lossy().into_owned(),
                path_b64: b64_unless_utf8(args.output.as_os_str().as_bytes()),
                vkey: &vkey,
                old: HeadLine::of(&growth.old),
                new: HeadLine::of(&growth.new),
            },
        ))?;
    } else {
        session.info(&format!(
            "proof written to {}: the journal of {} goes on from its first {}",
            shown(&args.output),
            counted(growth.new.size, "event", "events"),
            growth.old.size
        ));
    }
    Ok(ExitCode::Done)
}

//! `archive diff`

use std::{
    ffi::OsString,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    archive::{
        Archive,
        compare::{Charset, CompareOptions, Compared, Scope, Sides},
        operand::Operand,
    },
    cli::{
        args::{
            help::examples,
            values::{self, When},
        },
        exit::ExitCode,
        location::ChosenBy,
        operand::{Here, label},
        output_file::{Existing, OutputFile},
        print::{
            about::AboutLine,
            compared::ShownComparison,
            comparison::{self, View},
            terminal::{shown_name, text_columns},
        },
        session::{Session, shown},
    },
    types::{document::Revision, error::Error},
};

use super::diff_since::{self, ChangesForm, SinceQuery};

const EXAMPLES: &[&str] = &[
    "archive diff report.txt                # the latest against the one before",
    "archive diff report.txt@1 @3",
    "archive diff report.txt@1..3",
    "archive diff -u report.txt@1 @2 | patch report.txt",
    "archive diff --exit-code draft.txt final.txt",
    "archive diff old.docx new.docx          # two files: no archive is needed",
    "archive diff --html changes.html report.txt",
    "archive diff --since yesterday --stat  # what changed in the archive",
];

/// Show what changed between two revisions or documents
#[derive(Debug, Args)]
#[command(before_help = examples(EXAMPLES))]
pub struct DiffArgs {
    /// The older side: a document, or a file; a document alone is compared with the revision before it, and DOC@1..3
    /// names both sides
    #[arg(value_name = "A", required_unless_present = "since")]
    pub a: Option<OsString>,

    /// The newer side: a document, @REV of the same one, a file, or - for standard input
    #[arg(value_name = "B", conflicts_with = "since")]
    pub b: Option<OsString>,

    /// Everything that changed since; with A as a name, folder or glob, only that. A date means its beginning
    #[arg(long, value_name = "WHEN", value_parser = values::when)]
    pub since: Option<When>,

    /// Of what changed since, only the names
    #[arg(long, requires = "since", conflicts_with_all = ["unified", "stat"])]
    pub name_only: bool,

    /// For patch(1): lines, with N lines around each change [default: 3]
    #[arg(short, long, value_name = "N", num_args = 0..=1, require_equals = true)]
    #[arg(value_parser = values::count::<usize>)]
    #[arg(default_missing_value = "3")]
    pub unified: Option<usize>,

    /// With -u: lines of the texts that are compared, not of the stored bytes
    #[arg(long, requires = "unified")]
    pub text: bool,

    /// Write one page for a browser to FILE; - for standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["unified", "stat", "side_by_side", "since"])]
    pub html: Option<PathBuf>,

    /// What was on the left, what is on the right
    #[arg(short = 'y', long, conflicts_with_all = ["unified", "stat"])]
    pub side_by_side: bool,

    /// N paragraphs or lines around each change
    #[arg(short = 'U', long, value_name = "N", value_parser = values::count::<usize>)]
    pub context: Option<usize>,

    /// Only count what changed
    #[arg(long, conflicts_with = "unified")]
    pub stat: bool,

    /// Read texts that do not prove another encoding in this one: cp850, macintosh
    #[arg(long, value_name = "NAME", value_parser = values::encoding)]
    pub encoding: Option<Charset>,

    /// Of pages compare this: article, the main part; page, all that is visible; or source
    #[arg(long, value_name = "SCOPE", value_parser = values::scope)]
    #[arg(default_value = "article")]
    pub scope: Scope,

    /// Exit with 1 when words or signs differ, or what a page says of itself to readers; not when menus and the like
    /// outside of its main part do. With -u when bytes do
    #[arg(long)]
    pub exit_code: bool,
}

/// Shows what changed.
pub fn run(session: &mut Session, args: &DiffArgs) -> Result<ExitCode, Error> {
    if args.unified.is_some() && session.globals.json {
        return Err(Error::usage("-u writes lines for patch(1), --json has none"));
    }
    let page = match &args.html {
        Some(file) if file.as_os_str() != "-" => Some(page_file(session, args, file)?),
        _ => None,
    };
    let archive = opened(session, args)?;
    let differ = match (&args.since, &args.a) {
        (Some(since), pattern) => {
            let since = since.start(session.now)?;
            let query = SinceQuery { since, pattern: pattern.as_deref(), form: args.form() };
            diff_since::run(session, &archive, &query, |session, archive, sides| {
                match query.form {
                    ChangesForm::Names if !args.exit_code => Ok(true),
                    ChangesForm::Names => {
                        Ok(archive.compare(sides, args.options())?.difference.is_read())
                    }
                    _ => compare(session, (args, None), archive, sides),
                }
            })?
        }
        (None, Some(a)) => {
            let words = (a.as_bytes(), args.b.as_ref().map(|b| b.as_bytes()));
            let sides = archive.operands(words, session.now, &Here)?;
            compare(session, (args, page.as_ref()), &archive, sides)?
        }
        (None, None) => return Err(Error::usage("diff needs a document, or --since")),
    };
    Ok(if differ && args.exit_code { ExitCode::No } else { ExitCode::Done })
}

/// The archive; where none was named and there is none, an empty one, if two files are compared.
fn opened(session: &mut Session, args: &DiffArgs) -> Result<Archive, Error> {
    let is_outside = |word: &OsString| word == "-" || Path::new(word).exists();
    match (session.open(), &args.a, &args.b) {
        (Err(Error::NoArchive { .. }), Some(a), Some(b))
            if is_outside(a)
                && is_outside(b)
                && session.location()?.chosen_by == ChosenBy::Default =>
        {
            Archive::nowhere()
        }
        (opened, ..) => opened,
    }
}

impl DiffArgs {
    /// How the comparison is shown; `None` if it is only counted.
    fn view(&self) -> Option<View> {
        (!self.stat).then(|| View {
            context: self.context.unwrap_or(0),
            n_columns: text_columns(),
            is_side_by_side: self.side_by_side,
        })
    }

    fn options(&self) -> CompareOptions {
        let Self { encoding, scope, .. } = *self;
        CompareOptions { encoding, scope, counts_shared_bytes: !self.name_only }
    }

    fn form(&self) -> ChangesForm {
        match (self.name_only, self.unified, self.stat) {
            (true, ..) => ChangesForm::Names,
            (_, Some(_), _) => ChangesForm::Patch,
            (.., true) => ChangesForm::Counted,
            _ => ChangesForm::Compared,
        }
    }
}

/// Prints how two sides differ, and says whether they do.
fn compare(
    session: &mut Session,
    (args, page): (&DiffArgs, Option<&OutputFile>),
    archive: &Archive,
    sides: Sides<Operand>,
) -> Result<bool, Error> {
    let names = Sides { a: sides.a.path().to_vec(), b: sides.b.path().to_vec() };
    let names = Sides { a: &names.a[..], b: &names.b[..] };
    let patch_context = args.unified.map(|context| args.context.unwrap_or(context));
    if let Some(context) = patch_context.filter(|_| !args.text) {
        let patch = archive.patch(sides, names, context)?;
        print_patch(session, &patch)?;
        return Ok(!patch.is_empty());
    }
    let labels = Sides { a: label(&sides.a), b: label(&sides.b) };
    let about = about(&sides);
    let compared = archive.compare(sides, args.options())?;
    tell_not_applied(session, args, &labels, &compared);
    let shown = ShownComparison { labels: &labels, about: &about, compared: &compared };
    if session.globals.json {
        shown.print_json(&mut session.out, args.stat)?;
    } else if let Some(context) = patch_context {
        let patch = compared.text_patch(names, context);
        let no_text = || Error::usage("--text is about texts: without it, -u compares bytes");
        print_patch(session, &patch.ok_or_else(no_text)?)?;
    } else if args.html.is_some() {
        write_page(session, &shown, page)?;
    } else {
        shown.print_text(session, args.view())?;
    }
    Ok(compared.difference.is_read())
}

/// Names what is no text in the encoding that is named.
fn tell_not_applied(
    session: &Session,
    args: &DiffArgs,
    labels: &Sides<String>,
    compared: &Compared,
) {
    let Some(named) = args.encoding else { return };
    let Sides { a, b } = &compared.facts;
    for (label, facts) in [(&labels.a, a), (&labels.b, b)] {
        if !facts.is_text_of_any_size() {
            let name = named.name();
            session.info(&format!("{label} is no text in {name}: --encoding does nothing"));
        }
    }
}

/// Where the page goes: an earlier one is replaced, but nothing that is compared.
fn page_file(session: &mut Session, args: &DiffArgs, file: &Path) -> Result<OutputFile, Error> {
    let output = OutputFile::begin(file, Existing::Replaced, &session.own_files())?;
    let is_same = |word: &&OsString| output.is_at(Path::new(word));
    match args.a.iter().chain(&args.b).find(is_same) {
        None => Ok(output),
        Some(_) => {
            let why = "it is one of the files that are compared; name another one";
            Err(Error::usage(format!("nothing is written to {}: {why}", shown(file))))
        }
    }
}

/// Writes the page of a comparison; without a file to standard output.
fn write_page(
    session: &mut Session,
    comparison: &ShownComparison<'_>,
    file: Option<&OutputFile>,
) -> Result<(), Error> {
    let no_text =
        || Error::usage("--html is about texts: at least one side is none that can be compared");
    let (page, sentence) = comparison.page().ok_or_else(no_text)?;
    let Some(file) = file else { return session.out.text(&page) };
    file.write(page.as_bytes())?;
    session.info(&format!("{}: {sentence}", file.shown()));
    Ok(())
}

/// When both sides were captured, and where they came from.
fn about(sides: &Sides<Operand>) -> Vec<AboutLine> {
    let both = |what, of: &dyn Fn(&Revision) -> Option<String>| {
        let value = |side: &Operand| side.stored().and_then(of);
        let found = Sides { a: value(&sides.a), b: value(&sides.b) };
        let is_known = found != Sides::default();
        let values = found.map(|value| value.unwrap_or_else(|| "unknown".to_owned()));
        is_known.then_some(AboutLine { what, values, is_text: false })
    };
    let captured = both("captured", &|revision| Some(revision.captured.minute()));
    let source = both("source", &|revision| {
        revision.source.as_ref().map(|source| shown_name(source.as_bytes()))
    });
    captured.into_iter().chain(source).collect()
}

fn print_patch(session: &mut Session, patch: &[u8]) -> Result<(), Error> {
    match session.out.is_terminal() {
        true => comparison::print_patch(&mut session.out, patch),
        false => session.out.bytes(patch),
    }
}

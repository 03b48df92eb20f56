//! From the words of a command line to its exit code.

use std::{
    ffi::OsString,
    process, thread,
    time::{Duration, Instant},
};

use crate::{archive::extract, types::error::Error};

use super::{
    args::{self, Cli},
    debug,
    exit::ExitCode,
    extractor::{self, ChildExtractor},
    interrupt,
    location::Environment,
    print::{
        failure::{self, Failure},
        messages::Messages,
        output::Output,
        terminal::{Paint, Stream},
    },
    session::{Session, warn_once},
};

/// How long to wait between two looks at a taken lock.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Runs the command line of this process.
pub fn main() -> process::ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = extractor::child::run(&words) {
        return code.into();
    }
    let cli = match Cli::read(&words) {
        Ok(cli) => cli,
        Err(error) => return say(&words, &error).into(),
    };
    extract::install(Box::new(ChildExtractor::default()));
    interrupt::listen(lines(&cli, &Failure::of(&Error::Interrupted, cli.verb.word())));
    let (debug, globals) = (std::env::var_os(debug::VARIABLE), cli.globals.clone());
    let warn = move |line: &str| warn_once(&globals, line);
    let hooks = || extractor::hooks::install(&Environment::of_process());
    match debug::start(debug.as_deref(), warn).and_then(|()| hooks()).and_then(|()| run(&cli)) {
        Ok(code) => code.into(),
        Err(error) if failure::is_closed_pipe(&error) => ExitCode::Done.into(),
        Err(error) => report(&cli, &error).into(),
    }
}

/// Prints help or the version, which were asked for, or what is wrong with the words.
fn say(words: &[OsString], said: &clap::Error) -> ExitCode {
    let text = |stream| match args::is_coloured(words, stream) {
        true => said.render().ansi().to_string(),
        false => said.render().to_string(),
    };
    if !said.use_stderr() {
        let mut out = Output::plain();
        return match out.text(&text(Stream::stdout())).and_then(|()| out.flush()) {
            Ok(()) => ExitCode::Done,
            Err(error) => {
                let failure = Failure::of(&error, "");
                Messages::text(&failure.sentences(Paint::plain()));
                failure.code
            }
        };
    }
    match args::wants_json(words) {
        true => Messages::line(&Failure::of_usage(said).json()),
        false => Messages::text(&text(Stream::stderr())),
    }
    ExitCode::Usage
}

/// Says on stderr what went wrong; the code to end with.
fn report(cli: &Cli, error: &Error) -> ExitCode {
    let failure = Failure::of(error, cli.verb.word());
    Messages::text(&lines(cli, &failure));
    failure.code
}

/// A failure in the form that was asked for.
fn lines(cli: &Cli, failure: &Failure) -> String {
    match cli.globals.json {
        true => format!("{}\n", failure.json()),
        false => failure.sentences(Paint::new(cli.globals.color, Stream::stderr())),
    }
}

/// Runs the verb; again while another writer is at work and there is time to wait.
fn run(cli: &Cli) -> Result<ExitCode, Error> {
    let started = Instant::now();
    let (mut was_rebuilt, mut was_indexed) = (false, false);
    loop {
        let mut session = Session::new(&cli.globals, cli.verb.word())?;
        let result = cli.verb.run(&mut session).and_then(|code| {
            session.out.flush()?;
            Ok(code)
        });
        match result {
            Err(error)
                if matches!(error.cause(), Error::Busy { .. })
                    && cli.globals.wait.is_some_and(|wait| started.elapsed() < wait) =>
            {
                thread::sleep(LOOK_AGAIN);
            }
            // A torn catalog shows only where it is read; once made anew, the question is asked again.
            Err(error) if !was_rebuilt && matches!(error.cause(), Error::Catalog { .. }) => {
                was_rebuilt = true;
                if let Error::Catalog { why } = error.cause() {
                    session.warn_once(&format!("the catalog is made anew: {why}"));
                }
                session.open()?.rebuild("archive rebuild")?;
            }
            Err(error) if !was_indexed && matches!(error.cause(), Error::FullText { .. }) => {
                was_indexed = true;
                if let Error::FullText { why } = error.cause() {
                    session.warn_once(&format!("the full-text index is made anew: {why}"));
                }
                session.open()?.remove_search_index()?;
            }
            result => return result,
        }
    }
}

//! The child's side: `archive __extract FORMAT` renders what comes in by standard input, after it has given up all else.

use std::{
    ffi::OsString,
    io::{Read as _, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::Command,
};

use crate::{
    archive::{
        compare::Charset,
        extract::{Extraction, ExtractionStatus, Format, in_process},
    },
    cli::{exit::ExitCode, print::messages::Messages},
    types::limits::TEXT_BYTES_MAX,
};

use super::{
    attachments,
    confinement::{self, Confinement},
};

/// The word by which this program is started as such a child.
pub const WORD: &str = "__extract";
/// What a child is asked that says how it is confined.
pub const CONFINEMENT: &str = "--confinement";
/// A status takes less, with its end of line.
pub const STATUS_BYTES_MAX: usize = 32;

/// The word by which it is started to become a program of the user.
pub const HOOK_WORD: &str = "__hook";

/// Runs as a child, if these words say so.
pub fn run(words: &[OsString]) -> Option<ExitCode> {
    if let [_, word, program, arguments @ ..] = words
        && word == HOOK_WORD
    {
        confinement::enter_for(Path::new(program));
        // It comes back only if the program cannot be begun.
        let error = Command::new(program).args(arguments).exec();
        Messages::line(&format!("{}: {error}", program.display()));
        return Some(ExitCode::Failed);
    }
    let [_, word, what, named @ ..] = words else { return None };
    if word != WORD || named.len() > 1 {
        return None;
    }
    let what = what.to_str()?;
    let named = named.first().and_then(|it| Charset::for_label(it.to_str()?));
    let confinement = confinement::enter();
    let done = match (what, Format::of_code(what)) {
        (CONFINEMENT, _) => say(&confinement),
        (what, _) if attachments::is_asked(what) => take_out(),
        (_, Some(format)) => render(format, named),
        (_, None) => return Some(ExitCode::Usage),
    };
    Some(if done.is_ok() { ExitCode::Done } else { ExitCode::Failed })
}

/// Says how it is confined, from a thread of its own: some parsers begin one.
fn say(confinement: &Confinement) -> std::io::Result<()> {
    let line = confinement.line();
    let thread = std::thread::Builder::new();
    let said = thread.spawn(move || std::io::stdout().write_all(line.as_bytes()))?.join();
    said.unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()))
}

fn render(format: Format, named: Option<Charset>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    std::io::stdin().take(TEXT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    let extraction = match bytes.len() > TEXT_BYTES_MAX {
        true => Extraction { status: ExtractionStatus::TooLarge, html: None },
        false => in_process(&bytes, format, named),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", extraction.status.code())?;
    out.write_all(extraction.html.unwrap_or_default().as_bytes())?;
    out.flush()
}

/// Says what is attached to a mail.
fn take_out() -> std::io::Result<()> {
    let mut bytes = Vec::new();
    std::io::stdin().take(TEXT_BYTES_MAX as u64).read_to_end(&mut bytes)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    attachments::answer(&bytes, &mut out)?;
    out.flush()
}

/// The status of an answer, and where what follows it begins; none if it makes no sense.
pub fn behind_status(answer: &[u8]) -> Option<(ExtractionStatus, usize)> {
    let end = answer.iter().take(STATUS_BYTES_MAX).position(|b| *b == b'\n')?;
    let status = ExtractionStatus::of_code(std::str::from_utf8(&answer[..end]).ok()?)?;
    Some((status, end + 1))
}

/// What a child's answer says; none if it makes no sense.
pub fn extraction(answer: Vec<u8>) -> Option<Extraction> {
    let (status, start) = behind_status(&answer)?;
    let html = String::from_utf8(answer).ok()?.split_off(start);
    let has_page = status.has_text() || !html.is_empty();
    status.fits(has_page).then(|| Extraction { status, html: has_page.then_some(html) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_page_if_that_says_so() {
        let read = |answer: &str| extraction(answer.as_bytes().to_vec());
        let ok = Extraction { status: ExtractionStatus::Ok, html: Some("<p>x\ny".to_owned()) };
        assert_eq!(read("ok\n<p>x\ny"), Some(ok));
        let none = Extraction { status: ExtractionStatus::NoText, html: None };
        assert_eq!(read("no-text\n"), Some(none));
        for wrong in ["", "ok", "fine\n", "no-text\n<p>", &"x".repeat(100)] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(extraction(b"ok\n\xff".to_vec()), None);
    }
}

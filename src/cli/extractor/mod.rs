//! Documents of other formats are rendered by a child process, which has nothing else in reach, one for each document;
//! what came of it is remembered in the user's cache.

pub mod attachments;
pub mod child;
mod confinement;
pub mod hooks;

use std::{
    io::{Read as _, Write as _},
    os::fd::AsFd,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing::debug;

use crate::{
    archive::{
        PageCache,
        compare::Charset,
        existing_page_cache,
        extract::{Extraction, ExtractionStatus, Extractor, Format, WithoutText},
        page_cache,
    },
    types::{digest::Digest, limits::PAGE_BYTES_MAX},
};

use super::{catalog_place::usable_cache, files, location::Environment};

pub use confinement::Confinement;

/// A child that has not answered after so long is ended.
const WALL_TIME: Duration = Duration::from_secs(60);
/// This program, also where its file was replaced meanwhile.
const PROGRAM: &str = "/proc/self/exe";

/// What renders for this program.
#[derive(Default)]
pub struct ChildExtractor {
    /// What is remembered in our folder in the user's cache; opened when it is first asked, none where it cannot be.
    cache: OnceLock<Option<Mutex<PageCache>>>,
}

impl ChildExtractor {
    fn with_cache<T>(&self, ask: impl FnOnce(&PageCache) -> T) -> Option<T> {
        let cache = self.cache.get_or_init(opened).as_ref()?;
        Some(ask(&cache.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Extractor for ChildExtractor {
    fn extract(&self, bytes: &[u8], format: Format, named: Option<Charset>) -> Extraction {
        let digest = Digest::of(bytes);
        if let Some(known) =
            self.with_cache(|cache| known(cache, &digest, (format, named))).flatten()
        {
            return known;
        }
        if let Some((extraction, stays)) = hooks::extract(bytes, format) {
            debug!(target: "extract", format = format.code(), status = extraction.status.code(), %digest);
            if stays {
                self.with_cache(|cache| cache.put(&digest, (format, None), &extraction));
            }
            return extraction;
        }
        let extraction = match start(format.code(), named) {
            Ok(child) => answer(child, bytes),
            Err(error) => {
                debug!(target: "extract", "no child process: {error}");
                // It can be tried again at any time.
                return failed(ExtractionStatus::Crashed);
            }
        };
        debug!(target: "extract", format = format.code(), status = extraction.status.code(), %digest);
        self.with_cache(|cache| cache.put(&digest, (format, named), &extraction));
        extraction
    }

    fn leave(&self, bytes: &[u8], format: Format) -> Extraction {
        let digest = Digest::of(bytes);
        let left = failed(ExtractionStatus::NotRead);
        let ask = |cache: &PageCache| match cache.get(&digest, format, None) {
            Some(known) => known,
            None => {
                cache.put(&digest, (format, None), &left);
                left.clone()
            }
        };
        self.with_cache(ask).unwrap_or_else(|| failed(ExtractionStatus::NotRead))
    }

    fn without_text(&self) -> Vec<WithoutText> {
        match self.cache.get() {
            Some(_) => self.with_cache(PageCache::without_text).unwrap_or_default(),
            // To ask that alone makes no cache.
            None => {
                let folder = usable_cache(&Environment::of_process());
                let cache = folder.and_then(|folder| existing_page_cache(&folder));
                cache.map(|cache| cache.without_text()).unwrap_or_default()
            }
        }
    }

    fn forget(&self, digest: &Digest) {
        self.with_cache(|cache| cache.forget(digest));
    }

    fn forget_with(&self, statuses: &[ExtractionStatus]) {
        self.with_cache(|cache| cache.forget_with(statuses));
    }
}

/// What came of a content before. What was left for later is left in any encoding.
fn known(
    cache: &PageCache,
    digest: &Digest,
    (format, named): (Format, Option<Charset>),
) -> Option<Extraction> {
    let left = || {
        let plain = named.and_then(|_| cache.get(digest, format, None));
        plain.filter(|it| it.status == ExtractionStatus::NotRead)
    };
    cache.get(digest, format, named).or_else(left)
}

/// The cache of this process's user.
fn opened() -> Option<Mutex<PageCache>> {
    let folder = usable_cache(&Environment::of_process())?;
    files::make_private_folder(&folder).ok()?;
    page_cache(&folder).map(Mutex::new)
}

/// How the children of this program are confined; none where no child can be started.
pub fn confinement() -> Option<Confinement> {
    let mut child = start(child::CONFINEMENT, None).ok()?;
    let mut line = String::new();
    child.stdout.take()?.take(1000).read_to_string(&mut line).ok()?;
    child.wait().ok()?;
    Confinement::of_line(&line)
}

/// Starts a child that answers this, in an encoding if one is named.
fn start(what: &str, named: Option<Charset>) -> std::io::Result<Child> {
    let mut command = Command::new(PROGRAM);
    let words = [child::WORD, what].into_iter().chain(named.map(Charset::name));
    command.args(words).env_clear().current_dir("/").stdin(Stdio::piped());
    // Ctrl-C is for this program, which knows what to do.
    command.stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0).spawn()
}

fn failed(status: ExtractionStatus) -> Extraction {
    Extraction { status, html: None }
}

/// What a child that is asked for something else says of a document, behind its status.
pub fn asked(what: &str, bytes: &[u8]) -> Result<Vec<u8>, ExtractionStatus> {
    let child = start(what, None).map_err(|_| ExtractionStatus::Crashed)?;
    let mut answer = written_by(child, bytes)?;
    let rest = child::behind_status(&answer).ok_or(ExtractionStatus::Crashed)?;
    match rest {
        (ExtractionStatus::Ok, start) => Ok(answer.split_off(start)),
        (status, _) => Err(status),
    }
}

/// Gives a child its document, and takes the answer.
fn answer(child: Child, bytes: &[u8]) -> Extraction {
    match written_by(child, bytes) {
        Ok(answer) => {
            child::extraction(answer).unwrap_or_else(|| failed(ExtractionStatus::Crashed))
        }
        Err(status) => failed(status),
    }
}

/// Gives a child a document, and takes all that it writes.
fn written_by(mut child: Child, bytes: &[u8]) -> Result<Vec<u8>, ExtractionStatus> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(ExtractionStatus::Crashed);
    };
    let answer = thread::scope(|scope| {
        // What the child does not read breaks the pipe when it ends.
        scope.spawn(move || stdin.write_all(bytes));
        let answer = read(stdout);
        if answer.is_err() {
            end(&mut child);
        }
        answer
    });
    let ended = child.wait();
    match (answer, ended) {
        (Ok(answer), Ok(ended)) if ended.success() => Ok(answer),
        (Err(status), _) => Err(status),
        (_, ended) => Err(status_of(ended.ok())),
    }
}

/// Ends a child, and what it began.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    group.map(|group| kill_process_group(group, Signal::KILL));
    let _ = child.kill();
}

/// Reads an answer to its end.
fn read(mut stdout: ChildStdout) -> Result<Vec<u8>, ExtractionStatus> {
    let end = Instant::now() + WALL_TIME;
    let (mut answer, mut piece) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        wait(&stdout, end)?;
        match stdout.read(&mut piece) {
            Ok(0) => return Ok(answer),
            Ok(n) => answer.extend_from_slice(&piece[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(ExtractionStatus::Crashed),
        }
        if answer.len() > PAGE_BYTES_MAX + child::STATUS_BYTES_MAX {
            return Err(ExtractionStatus::TooLarge);
        }
    }
}

/// Waits until there is something to read.
fn wait(stdout: &ChildStdout, end: Instant) -> Result<(), ExtractionStatus> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(|_| ExtractionStatus::Timeout)?;
        match poll(&mut [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::IN)], Some(&timeout)) {
            Ok(0) => return Err(ExtractionStatus::Timeout),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Err(ExtractionStatus::Crashed),
        }
    }
}

/// What became of a child that did not end well.
fn status_of(ended: Option<ExitStatus>) -> ExtractionStatus {
    match ended.and_then(|ended| ended.signal()) {
        Some(libc::SIGXCPU | libc::SIGKILL) => ExtractionStatus::Timeout,
        _ => ExtractionStatus::Crashed,
    }
}

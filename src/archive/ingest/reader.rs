//! Reading: what is known of a document from its bytes alone, so that any thread can compute it.
//!
//! A content that fits into one blob is read, hashed and sketched here. Of a larger one only the
//! beginning is read; the rest goes to the store chunk by chunk.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, Read},
    rc::Rc,
    sync::Arc,
};

use crate::{
    catalog::{FileStat, Latest},
    pool::{Pool, Task},
    similarity::{sketch::Sketch, words},
    store::features::Fingerprint,
    text::{
        self, Charset, ReadAs,
        extract::{
            Extraction, ExtractionStatus, Format, RENDERED_TYPE, extract, leave, status_unrendered,
        },
    },
    types::{digest::Digest, limits, name::DocName, time::Timestamp},
};

use super::provenance::Provenance;

/// The media type of a symbolic link, whose content is its target.
pub const SYMLINK: &str = "inode/symlink";

/// As many documents are read in one go,
const GROUP_DOCUMENTS: usize = 16;
/// or as many bytes as were expected of them.
const GROUP_BYTES: u64 = 256 << 10;
/// Bytes that are read ahead, for each thread.
const AHEAD_BYTES: u64 = 4 << 20;

/// Gives the bytes of a document, as often as asked if it can.
pub trait Source: Send + Sync {
    /// Opens it at the start.
    fn open(&self) -> io::Result<Box<dyn Reading>>;
}

/// A source that is being read.
pub trait Reading: Read + Send {
    /// The stat of its file right now; `None` for what is no file, such as a stream, which opens once.
    fn file_stat(&self) -> io::Result<Option<FileStat>>;
}

/// Bytes that cannot change while they are read.
pub struct Steady<R>(pub R);

impl<R: Read> Read for Steady<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl<R: Read + Send> Reading for Steady<R> {
    fn file_stat(&self) -> io::Result<Option<FileStat>> {
        Ok(None)
    }
}

/// What opens bytes that cannot change while they are read.
impl<F, R> Source for F
where
    F: Fn() -> io::Result<R> + Send + Sync,
    R: Read + Send + 'static,
{
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(Steady(self()?)))
    }
}

/// One document to add.
pub struct Intake {
    /// Its name.
    pub name: DocName,
    /// The stat of its file when that was found. A file that has not changed since it was read is not
    /// read again; without a stat it is.
    pub file_stat: Option<FileStat>,
    /// The modification time of its file, which is recorded.
    pub mtime: Option<Timestamp>,
    /// Whether it is a symbolic link, whose bytes are the target.
    pub is_link: bool,
    /// How many bytes are expected; a hint.
    pub n_bytes: u64,
    /// Where its bytes come from.
    pub source: Box<dyn Source>,
    /// What is recorded of it, where that is not what is recorded of all.
    pub provenance: Option<Arc<Provenance>>,
}

impl Intake {
    /// A document of which no more is known than where its bytes come from.
    pub fn new(name: DocName, source: impl Source + 'static) -> Self {
        let (file_stat, mtime, n_bytes) = (None, None, 0);
        let source = Box::new(source);
        Self { name, file_stat, mtime, is_link: false, n_bytes, source, provenance: None }
    }
}

/// What is known of a document before it is read.
#[derive(Clone, Copy)]
pub struct Expected {
    /// Its latest revision.
    pub latest: Option<Latest>,
    /// How many events the journal had when that was looked up.
    pub n_events: u64,
    /// The encoding that its text is to be read in: as named now, else as for its latest revision.
    pub named: Option<Charset>,
    /// When it is rendered, if it is of a format that is.
    pub rendering_time: RenderingTime,
}

/// When documents of formats that are rendered are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RenderingTime {
    /// As they are added.
    #[default]
    Now,
    /// When somebody asks for that: until then they have no text.
    Later,
}

impl Expected {
    /// What is known of a document of which this is to be recorded.
    pub fn of(provenance: &Provenance, latest: Option<Latest>, n_events: u64) -> Self {
        let named = provenance.encoding.or_else(|| latest.and_then(|latest| latest.encoding));
        Self { latest, n_events, named, rendering_time: RenderingTime::Now }
    }

    /// Whether a content and the encoding it is recorded with are those of the latest revision.
    pub fn is_latest(&self, digest: Digest, named: Option<Charset>) -> bool {
        self.latest.is_some_and(|latest| latest.is_same(digest, named))
    }
}

/// A document that was read.
pub struct ReadDocument {
    /// Which one.
    pub intake: Intake,
    /// What was known of it.
    pub expected: Expected,
    /// What was read, or why nothing was.
    pub input: io::Result<Input>,
}

impl ReadDocument {
    /// Reads a document.
    pub fn read(intake: Intake, expected: Expected) -> Self {
        let input = read(&intake, &expected);
        Self { intake, expected, input }
    }
}

/// The bytes of a document.
pub enum Input {
    /// All of them.
    Small(SmallInput),
    /// The first of more than fit into one blob, and the rest.
    Large(LargeInput),
}

/// A content that is one blob.
pub struct SmallInput {
    /// Its SHA-256.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Arc<Vec<u8>>,
    /// What it is.
    pub media_type: &'static str,
    /// The encoding that is recorded: the one named, if it is text in that and proves no other.
    pub named: Option<Charset>,
    /// What the archive wants to know of it if it is new; none when it was expected to be known.
    pub analysis: Option<Analysis>,
    /// The source's stat, the same before and after; none when it has none, or went on changing.
    pub file_stat: Option<FileStat>,
    /// The source changed while it was read, twice over.
    pub is_unsettled: bool,
}

/// What is computed of new bytes.
pub struct Analysis {
    /// Their samples and features.
    pub fingerprint: Fingerprint,
    /// What is known of its text.
    pub text: TextAnalysis,
}

/// What is computed of a text.
#[derive(Debug, Clone, Default)]
pub struct TextAnalysis {
    /// Its sketch, as it is stored.
    pub sketch: Option<Vec<u8>>,
    /// What came of rendering it, if it is of a format that is rendered; why it has no text, if it has none.
    pub rendered: Option<ExtractionStatus>,
}

/// The beginning of a large content.
pub struct LargeInput {
    /// One byte more than fits into a blob.
    pub bytes: Vec<u8>,
    /// Where the rest comes from.
    pub rest: Box<dyn Reading>,
    /// What it is.
    pub media_type: &'static str,
    /// As in [`SmallInput`], by the beginning.
    pub named: Option<Charset>,
    /// The source's stat before.
    pub file_stat: Option<FileStat>,
}

impl Analysis {
    /// Computes it; what is rendered may be left for later.
    pub fn at(time: RenderingTime, bytes: &[u8], media_type: &str, named: Option<Charset>) -> Self {
        let text = TextAnalysis::at(time, bytes, media_type, named);
        Self { fingerprint: Fingerprint::of(bytes), text }
    }
}

impl TextAnalysis {
    /// Computes it.
    pub fn of(bytes: &[u8], media_type: &str, named: Option<Charset>) -> Self {
        Self::at(RenderingTime::Now, bytes, media_type, named)
    }

    /// The same, where what is rendered may be left for later.
    pub fn at(time: RenderingTime, bytes: &[u8], media_type: &str, named: Option<Charset>) -> Self {
        let encode = |sketch: Sketch| sketch.encode();
        let Some(format) = Format::of(media_type) else {
            let sketch = words::sketch(bytes, ReadAs::page(media_type, named));
            let rendered = status_unrendered(bytes.len() as u64, media_type);
            return Self { sketch: sketch.map(encode), rendered };
        };
        let Extraction { status, html } = page(time, bytes, (format, named));
        let page = ReadAs::page(RENDERED_TYPE, None);
        let sketch = html.and_then(|html| words::sketch(html.as_bytes(), page));
        Self { sketch: sketch.map(encode), rendered: Some(status) }
    }
}

/// What comes of rendering a content; why it has no text, if it has none.
pub fn rendered(
    time: RenderingTime,
    bytes: &[u8],
    media_type: &str,
    named: Option<Charset>,
) -> Option<ExtractionStatus> {
    match Format::of(media_type) {
        Some(format) => Some(page(time, bytes, (format, named)).status),
        None => status_unrendered(bytes.len() as u64, media_type),
    }
}

fn page(
    time: RenderingTime,
    bytes: &[u8],
    (format, named): (Format, Option<Charset>),
) -> Extraction {
    match time {
        RenderingTime::Now => extract(bytes, format, named),
        RenderingTime::Later => leave(bytes, format),
    }
}

/// Opens a document and reads it, or as much of it as fits into one blob.
///
/// The content of the latest revision is not analysed.
pub fn read(intake: &Intake, expected: &Expected) -> io::Result<Input> {
    let mut is_second = false;
    loop {
        let mut reading = intake.source.open()?;
        let file_stat = reading.file_stat()?;
        let n_bytes = file_stat.map_or(intake.n_bytes, |file_stat| file_stat.n_bytes);
        let mut bytes = Vec::with_capacity(n_bytes.min(limits::BLOB_BYTES_MAX as u64) as usize + 1);
        (&mut reading).take(limits::BLOB_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        let media_type = media_type(intake, &bytes, expected.named);
        let as_named = |bytes: &[u8]| {
            expected.named.filter(|named| text::is_text_as_named(bytes, media_type, *named))
        };
        if bytes.len() > limits::BLOB_BYTES_MAX {
            let named = as_named(text::without_cut_char(&bytes));
            let rest = reading;
            return Ok(Input::Large(LargeInput { bytes, rest, media_type, named, file_stat }));
        }
        let has_changed = file_stat.is_some() && file_stat != reading.file_stat().ok().flatten();
        if has_changed && !is_second {
            is_second = true;
            continue;
        }
        let (digest, named) = (Digest::of(&bytes), as_named(&bytes));
        let is_latest = expected.is_latest(digest, named);
        let analysis =
            (!is_latest).then(|| Analysis::at(expected.rendering_time, &bytes, media_type, named));
        return Ok(Input::Small(SmallInput {
            digest,
            bytes: Arc::new(bytes),
            media_type,
            named,
            analysis,
            file_stat: file_stat.filter(|_| !has_changed),
            is_unsettled: has_changed,
        }));
    }
}

fn media_type(intake: &Intake, bytes: &[u8], named: Option<Charset>) -> &'static str {
    match intake.is_link {
        true => SYMLINK,
        false => text::settled_type(bytes, text::media_type(&intake.name, bytes, named)),
    }
}

/// Documents that are being read, in the order in which they were pushed.
pub struct ReadAhead {
    pool: Rc<Pool>,
    /// Not given to the pool yet.
    gathered: Vec<(Intake, Expected)>,
    n_gathered: u64,
    underway: VecDeque<(u64, Task<Vec<ReadDocument>>)>,
    n_underway: u64,
    ready: VecDeque<ReadDocument>,
    names: HashMap<DocName, usize>,
}

impl ReadAhead {
    /// Reads on these threads.
    pub fn new(pool: Rc<Pool>) -> Self {
        Self {
            pool,
            gathered: Vec::new(),
            n_gathered: 0,
            underway: VecDeque::new(),
            n_underway: 0,
            ready: VecDeque::new(),
            names: HashMap::new(),
        }
    }

    /// Has a document read.
    pub fn push(&mut self, intake: Intake, expected: Expected) {
        self.n_gathered += intake.n_bytes.min(limits::BLOB_BYTES_MAX as u64);
        *self.names.entry(intake.name.clone()).or_default() += 1;
        self.gathered.push((intake, expected));
        if self.gathered.len() >= GROUP_DOCUMENTS || self.n_gathered >= GROUP_BYTES {
            self.send();
        }
    }

    /// Whether one should be taken out before another is pushed.
    pub fn is_full(&self) -> bool {
        let n_threads = self.pool.n_threads();
        !self.ready.is_empty()
            || self.n_underway > n_threads as u64 * AHEAD_BYTES
            || self.underway.len() >= 4 * n_threads - 3
    }

    /// Whether a document of this name is on its way.
    pub fn has(&self, name: &DocName) -> bool {
        self.names.contains_key(name)
    }

    /// The next document, once it is read; none when there are no more.
    pub fn pop(&mut self) -> Option<ReadDocument> {
        if self.ready.is_empty() {
            if self.underway.is_empty() {
                self.send();
            }
            let (n_bytes, task) = self.underway.pop_front()?;
            self.n_underway -= n_bytes;
            self.ready.extend(task.join());
        }
        let read = self.ready.pop_front()?;
        if let Some(n) = self.names.get_mut(&read.intake.name) {
            *n -= 1;
            if *n == 0 {
                self.names.remove(&read.intake.name);
            }
        }
        Some(read)
    }

    fn send(&mut self) {
        let group = std::mem::take(&mut self.gathered);
        let n_bytes = std::mem::take(&mut self.n_gathered);
        if group.is_empty() {
            return;
        }
        let task = self.pool.submit(move || {
            let read = |(intake, expected)| ReadDocument::read(intake, expected);
            group.into_iter().map(read).collect()
        });
        self.underway.push_back((n_bytes, task));
        self.n_underway += n_bytes;
    }
}

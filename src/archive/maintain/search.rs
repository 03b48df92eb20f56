//! The search for what was withdrawn, when it has been removed: every frame of every pack that counts is decoded,
//! and every detail; all else is searched as it lies there.
//!
//! Of contents windows are sought, stretches of some bytes that stand in nothing that stays; of details their salt, and
//! what people wrote, unless that stays elsewhere. Details that stay and have a stretch of a content are named: they
//! are other records, which go on their own.

mod strays;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use regex::bytes::{Regex, RegexBuilder};

use crate::{
    archive::Archive,
    backend::Backend,
    catalog,
    journal::Journal,
    store::{frame::FrameKind, pack},
    types::{
        digest::{Digest, Key},
        error::Error,
        limits,
        pack_id::PackId,
    },
};

/// The bytes of a window.
const WINDOW_BYTES: usize = 48;
/// Windows begin so many bytes apart, at least.
const STRIDE_MIN: usize = 16;
/// Windows of one content, and of all.
const WINDOWS_MAX: usize = 1 << 15;
const ALL_WINDOWS_MAX: usize = 1 << 19;
/// A window of fewer different bytes says nothing.
const LETTERS_MIN: usize = 8;
/// Shorter words stand everywhere.
const WORD_BYTES_MIN: usize = 12;
/// Objects are searched in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

/// Something of what was withdrawn, where it must not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remnant {
    /// The object or file.
    pub place: String,
    /// What it holds, in words.
    pub what: String,
}

impl Remnant {
    /// In an archive's folder.
    pub fn at(place: &str, what: &str) -> Self {
        Self { place: place.to_owned(), what: what.to_owned() }
    }

    /// Whether the file is none of an archive's: somebody put it there.
    pub fn is_foreign(&self) -> bool {
        !strays::is_of_archive(&self.place)
    }
}

type Window = [u8; WINDOW_BYTES];

/// What is sought.
pub struct Sought {
    /// All contents that are withdrawn.
    contents: HashMap<Key, BTreeSet<Digest>>,
    /// Their sizes in bytes.
    sizes: HashSet<u64>,
    /// Windows of those that could still be read.
    windows: HashMap<Window, usize>,
    /// By the hash of a window: whether one may have it.
    filter: Vec<u64>,
    /// Windows that stand in a content that stays, or in what the archive says of itself.
    common: HashSet<usize>,
    /// Windows that stand in details that stay, with the events of these.
    quoted: BTreeMap<usize, BTreeSet<u64>>,
    /// Contents that are shorter than a window, without the space around them, with the events whose details have them.
    short: BTreeMap<Vec<u8>, BTreeSet<u64>>,
    /// Of details, as regular expressions see them, and short contents; and those that stand in something that stays.
    words: Vec<Vec<u8>>,
    common_words: HashSet<Vec<u8>>,
    any_word: Option<Regex>,
    /// Where windows and words were found.
    found_windows: BTreeMap<usize, BTreeSet<String>>,
    found_words: BTreeMap<Vec<u8>, BTreeSet<String>>,
    remnants: BTreeSet<Remnant>,
    n_bytes: u64,
    /// Some of what is sought could be read: it is not known by digests alone.
    is_read: bool,
    /// A content that stays has a stretch of what is sought, or all of a short content.
    is_shared: bool,
}

/// Hashes of all windows of some bytes, each from the one before: Karp and Rabin, "Efficient randomized
/// pattern-matching algorithms" (1987).
struct Rolling<'a> {
    bytes: &'a [u8],
    at: usize,
    hash: u64,
}

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
const FILTER_BITS: u32 = 22;

impl<'a> Iterator for Rolling<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let window = self.bytes.get(self.at..self.at + WINDOW_BYTES)?;
        if self.at == 0 {
            self.hash = window.iter().fold(0, |hash, byte| step(hash, *byte));
        } else {
            let went = u64::from(self.bytes[self.at - 1]) + 1;
            let hash = self.hash.wrapping_sub(went.wrapping_mul(HIGHEST));
            self.hash = step(hash, window[WINDOW_BYTES - 1]);
        }
        self.at += 1;
        Some((self.hash, window))
    }
}

fn step(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(FACTOR).wrapping_add(u64::from(byte) + 1)
}

/// What the first byte of a window is multiplied by.
const HIGHEST: u64 = {
    let (mut power, mut n) = (1_u64, 1);
    while n < WINDOW_BYTES {
        power = power.wrapping_mul(FACTOR);
        n += 1;
    }
    power
};

fn slot(hash: u64) -> (usize, u64) {
    let bit = hash >> (64 - FILTER_BITS);
    ((bit / 64) as usize, 1 << (bit % 64))
}

impl Sought {
    /// Nothing but these words.
    fn of_words(words: Vec<Vec<u8>>) -> Self {
        Self {
            is_read: !words.is_empty(),
            contents: HashMap::new(),
            sizes: HashSet::new(),
            windows: HashMap::new(),
            filter: vec![0; 1 << (FILTER_BITS - 6)],
            common: HashSet::new(),
            quoted: BTreeMap::new(),
            short: BTreeMap::new(),
            words,
            common_words: HashSet::new(),
            any_word: None,
            found_windows: BTreeMap::new(),
            found_words: BTreeMap::new(),
            remnants: BTreeSet::new(),
            n_bytes: 0,
            is_shared: false,
        }
    }

    /// What is withdrawn in an archive: windows of what can still be read of it, and these details.
    pub fn of(archive: &Archive, details: &BTreeMap<u64, Vec<u8>>) -> Result<Self, Error> {
        let words = details.values().flat_map(|detail| words_of(detail)).collect();
        let mut sought = Self::of_words(words);
        for (digest, n_bytes) in archive.catalog.withdrawn_contents()? {
            sought.take_digest(digest, n_bytes);
            let stride = (n_bytes as usize / WINDOWS_MAX).max(STRIDE_MIN);
            // What is damaged is gone as far as it can be; where it lies it goes with its pack.
            let Ok(mut content) =
                archive.reader.content_verified_at_end(&digest, n_bytes, &|| false)
            else {
                continue;
            };
            sought.is_read = true;
            while let Ok(Some(piece)) = content.next_piece() {
                if n_bytes < WINDOW_BYTES as u64 {
                    sought.take_short(&piece);
                }
                sought.take(&piece, stride);
            }
        }
        sought.words.extend(sought.short.keys().cloned());
        sought.any_word = pattern(&sought.words)?;
        Ok(sought)
    }

    fn take(&mut self, piece: &[u8], stride: usize) {
        for (hash, window) in (Rolling { bytes: piece, at: 0, hash: 0 }).step_by(stride) {
            let letters: BTreeSet<u8> = window.iter().copied().collect();
            if letters.len() < LETTERS_MIN || self.windows.len() == ALL_WINDOWS_MAX {
                continue;
            }
            let Ok(window) = Window::try_from(window) else { continue };
            let next = self.windows.len();
            self.windows.entry(window).or_insert(next);
            let (word, bit) = slot(hash);
            self.filter[word] |= bit;
        }
    }

    fn take_short(&mut self, content: &[u8]) {
        let content = content.trim_ascii();
        if content.len() >= WORD_BYTES_MIN && str::from_utf8(content).is_ok() {
            self.short.entry(content.to_vec()).or_default();
        }
    }

    /// Whether nothing of what is sought could be read, so that its words are not known.
    pub fn is_by_digest(&self) -> bool {
        !self.is_read
    }

    /// Whether some of what is sought stands in contents that stay.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// The windows that stand in some bytes.
    fn windows_in(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        if self.windows.is_empty() {
            return found;
        }
        for (hash, window) in (Rolling { bytes, at: 0, hash: 0 }) {
            let (word, bit) = slot(hash);
            if self.filter[word] & bit != 0
                && let Ok(window) = <&Window>::try_from(window)
                && let Some(n) = self.windows.get(window)
            {
                found.insert(*n);
            }
        }
        found
    }

    /// Looks into bytes in which nothing of a content, and no word, may stand.
    fn look(&mut self, bytes: &[u8], place: &str) {
        for n in self.windows_in(bytes) {
            self.found_windows.entry(n).or_default().insert(place.to_owned());
        }
        for found in self.any_word.iter().flat_map(|any| any.find_iter(bytes)) {
            let places = self.found_words.entry(found.as_bytes().to_vec()).or_default();
            places.insert(place.to_owned());
        }
    }

    /// Looks at a blob in a pack that counts.
    fn blob(&mut self, bytes: &[u8], is_live: bool, place: &str) {
        self.n_bytes += bytes.len() as u64;
        let windows = self.windows_in(bytes);
        let has_short = !self.short.is_empty();
        let words = self.any_word.iter().filter(|_| has_short).flat_map(|any| any.find_iter(bytes));
        let words: BTreeSet<Vec<u8>> = words.map(|found| found.as_bytes().to_vec()).collect();
        if is_live {
            let has_content = words.iter().any(|word| self.short.contains_key(word));
            self.is_shared |= !windows.is_empty() || has_content;
            self.common.extend(windows);
            self.common_words.extend(words);
            return;
        }
        for word in words {
            self.found_words.entry(word).or_default().insert(place.to_owned());
        }
        for n in windows {
            self.found_windows.entry(n).or_default().insert(place.to_owned());
        }
    }

    /// Looks at the detail of an event that stays, as it is stored and as the catalog has its texts.
    fn detail(&mut self, event: u64, bytes: &[u8]) {
        self.n_bytes += bytes.len() as u64;
        for text in [bytes.to_vec()].into_iter().chain(texts_of(bytes)) {
            self.words_stay(&text);
            for (content, events) in &mut self.short {
                if contains(&text, content) {
                    events.insert(event);
                }
            }
            for n in self.windows_in(&text) {
                self.quoted.entry(n).or_default().insert(event);
            }
        }
    }

    /// Looks at what the archive says of itself.
    fn own_text(&mut self, text: &[u8]) {
        self.words_stay(text);
        self.common.extend(self.windows_in(text));
    }

    fn words_stay(&mut self, text: &[u8]) {
        // One word may hide another.
        for word in &self.words {
            if contains(text, word) {
                self.common_words.insert(word.clone());
            }
        }
    }

    /// The events whose details stay and have a stretch of a content that stays nowhere else, or all of a short one.
    pub fn quoting(&self) -> BTreeSet<u64> {
        let alone = self.quoted.iter().filter(|(n, _)| !self.common.contains(n));
        let events = alone.map(|(_, events)| events).chain(self.short.values());
        events.flatten().copied().collect()
    }

    /// What was found, without what may stand there.
    fn end(&mut self) -> Vec<Remnant> {
        let mut remnants = std::mem::take(&mut self.remnants);
        for (n, places) in &self.found_windows {
            if !self.common.contains(n) && !self.quoted.contains_key(n) {
                remnants.extend(places.iter().map(|it| Remnant::at(it, "a stretch of a content")));
            }
        }
        for (word, places) in &self.found_words {
            if !self.common_words.contains(word) {
                let what = match self.short.contains_key(word) {
                    true => "a content",
                    false => "words of a detail",
                };
                remnants.extend(places.iter().map(|it| Remnant::at(it, what)));
            }
        }
        remnants.into_iter().collect()
    }
}

impl Archive {
    /// Searches all that the archive consists of; where something was found, and how many bytes were searched.
    ///
    /// `Damaged` where a pack or a detail cannot be read to its end: then nothing can be said.
    pub(super) fn search_remnants(
        &self,
        sought: &mut Sought,
    ) -> Result<(Vec<Remnant>, u64), Error> {
        self.reader.forget();
        let counted = self.journal.pack_changes(0..self.journal.size())?.came;
        for pack in &counted {
            self.search_pack(pack, sought)?;
        }
        self.search_details(sought)?;
        self.take_own_texts(sought)?;
        self.search_others(&counted, sought)?;
        for files in [self.home.catalog_files()?, self.full_text_files()?].into_iter().flatten() {
            files.each_piece(
                PIECE_BYTES,
                WINDOW_BYTES.max(limits::SOURCE_BYTES_MAX),
                |name, piece| {
                    sought.n_bytes += piece.len() as u64;
                    sought.look(piece, name);
                },
            )?;
        }
        Ok((sought.end(), sought.n_bytes))
    }

    fn search_pack(&self, pack: &PackId, sought: &mut Sought) -> Result<(), Error> {
        let name = pack.object_name();
        let listed = pack::directory(&*self.home.backend, pack)?;
        for (key, place) in pack::places(*pack, &listed) {
            let frame = self.reader.frame(&place)?;
            let bytes = frame.blob(place.index).unwrap_or_default();
            let is_live = self.catalog.is_live(key)?;
            sought.blob(bytes, is_live, &name);
            let Some(withdrawn) = sought.contents.get(&key) else { continue };
            let is_withdrawn = match frame.header.kind {
                FrameKind::List => !is_live,
                _ => withdrawn.contains(&Digest::of(bytes)),
            };
            if is_withdrawn {
                sought.remnants.insert(Remnant::at(&name, "a content that was withdrawn"));
            }
        }
        Ok(())
    }

    fn search_details(&self, sought: &mut Sought) -> Result<(), Error> {
        let withdrawn = self.journal.withdrawals(0..self.journal.size())?.details;
        self.journal.each_stored_detail(|index, name, bytes| {
            if withdrawn.contains_key(&index) && !bytes.is_empty() {
                sought.remnants.insert(Remnant::at(name, "a detail that was withdrawn"));
            } else {
                sought.detail(index, bytes);
            }
        })
    }

    /// What stands in the archive's files whatever it holds: media types, the catalog's tables, checkpoints, the key.
    fn take_own_texts(&self, sought: &mut Sought) -> Result<(), Error> {
        self.catalog.each_own_text(|text| sought.own_text(text))?;
        self.journal.each_note(|note| sought.own_text(note))?;
        let identity = self.home.backend.read(Journal::IDENTITY, PIECE_BYTES)?;
        sought.own_text(&identity.unwrap_or_default());
        Ok(())
    }

    /// Leaves nothing of what was withdrawn in the catalog's files, and removes kept copies of older ones. The
    /// full-text index goes as a whole: it is made again when somebody searches.
    pub(super) fn purge_catalog(&self) -> Result<(), Error> {
        self.remove_search_index()?;
        if let Some(files) = self.home.catalog_files()? {
            files.remove_kept()?;
        }
        if self.home.has_catalog_elsewhere() {
            remove_catalog(&*self.home.backend)?;
        }
        self.catalog.purge().map_err(|error| self.located(error))
    }
}

/// Removes a catalog that lies with the facts and is not the one in use, with kept copies of older ones.
pub fn remove_catalog(backend: &dyn Backend) -> Result<(), Error> {
    let name = |end: &str| format!("{}{end}", catalog::FILE);
    for end in ["", "-wal", "-shm", "-journal"] {
        backend.remove(&name(end))?;
        backend.remove(&format!("{}{end}", catalog::FULL_TEXT_FILE))?;
    }
    let kept = (1..).map(|n: u64| name(&format!(".before-{n}")));
    for name in kept {
        if backend.size(&name)?.is_none() {
            break;
        }
        backend.remove(&name)?;
    }
    Ok(())
}

/// What to look for of a detail: its salt, and what people wrote, as it stands in JSON and as it reads.
fn words_of(detail: &[u8]) -> Vec<Vec<u8>> {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(detail) else {
        return Vec::new();
    };
    let mut words = BTreeSet::new();
    for field in ["salt", "name", "source", "note"] {
        let Some(text) = fields.get(field).and_then(|value| value.as_str()) else { continue };
        if text.len() >= WORD_BYTES_MIN {
            words.insert(text.as_bytes().to_vec());
            let spelled = serde_json::Value::from(text).to_string();
            words.insert(spelled.as_bytes()[1..spelled.len() - 1].to_vec());
        }
    }
    words.into_iter().collect()
}

/// What a detail says, without the spelling of JSON.
fn texts_of(detail: &[u8]) -> Vec<Vec<u8>> {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(detail) else {
        return Vec::new();
    };
    let text = |(field, value): (&String, &serde_json::Value)| {
        let text = value.as_str()?;
        let exact = field.ends_with("_b64").then(|| STANDARD.decode(text).ok()).flatten();
        Some(exact.unwrap_or_else(|| text.as_bytes().to_vec()))
    };
    fields.iter().filter_map(text).collect()
}

fn pattern(words: &[Vec<u8>]) -> Result<Option<Regex>, Error> {
    if words.is_empty() {
        return Ok(None);
    }
    let escaped = words.iter().map(|word| regex::escape(&String::from_utf8_lossy(word)));
    let pattern = escaped.collect::<Vec<_>>().join("|");
    let built = RegexBuilder::new(&pattern).unicode(true).size_limit(1 << 30).build();
    built.map(Some).map_err(|error| Error::usage(error.to_string()))
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Sought {
        Sought::of_words(Vec::new())
    }

    fn text(n: usize) -> Vec<u8> {
        let line = |k: usize| format!("{} sheep went over the hill {}\n", k * k + n, k * 7919);
        (0..40).map(line).collect::<String>().into_bytes()
    }

    #[test]
    fn a_stretch_is_found_wherever_it_lies() {
        let mut sought = nothing();
        sought.take(&text(1), STRIDE_MIN);
        assert!(sought.windows_in(&text(2)).is_empty());
        for start in [0, 1, 17, 100] {
            let stretch = &text(1)[start..start + WINDOW_BYTES + STRIDE_MIN - 1];
            let around = [&text(3)[..start], stretch, b"end"].concat();
            assert!(!sought.windows_in(&around).is_empty(), "{start}");
            sought.look(&around, "here");
        }
        let found = sought.end();
        assert_eq!(found, [Remnant::at("here", "a stretch of a content")]);
    }

    #[test]
    fn what_stands_in_a_content_that_stays_is_no_remnant() {
        let mut sought = nothing();
        sought.take(&text(1), STRIDE_MIN);
        sought.look(&text(1), "here");
        assert!(!sought.is_shared());
        sought.blob(&text(1), true, "there");
        assert!(sought.is_shared());
        assert_eq!(sought.end(), []);
        let mut idle = nothing();
        idle.take(&text(1), STRIDE_MIN);
        idle.blob(&text(1), false, "there");
        assert_eq!(idle.end().len(), 1);
    }

    #[test]
    fn what_other_details_and_the_archive_itself_say_is_no_remnant() {
        let mut sought = nothing();
        sought.take(&text(1), STRIDE_MIN);
        sought.look(&text(1), "catalog.sqlite");
        let note = String::from_utf8(text(1)).unwrap();
        sought.detail(7, serde_json::json!({ "note": note }).to_string().as_bytes());
        assert_eq!((sought.end(), sought.quoting()), (Vec::new(), BTreeSet::from([7])));
        // Of what stays anyway nobody is told.
        sought.own_text(&text(1));
        assert_eq!(sought.quoting(), BTreeSet::new());
    }

    #[test]
    fn a_short_content_is_sought_as_a_whole() {
        let sought = |live: &[u8]| {
            let mut sought = nothing();
            sought.take_short(b"PIN 4711 is valid\n");
            sought.take_short(b"brief\n");
            sought.words.extend(sought.short.keys().cloned());
            sought.any_word = pattern(&sought.words).unwrap();
            sought.blob(live, true, "packs/1");
            sought.look(b"x PIN 4711 is valid y, and brief", "a note");
            sought
        };
        assert_eq!(sought(b"other words").end(), [Remnant::at("a note", "a content")]);
        assert_eq!(sought(b"that PIN 4711 is valid").end(), []);
        let mut quoted = sought(b"");
        quoted.detail(7, br#"{"note":"the PIN 4711 is valid"}"#);
        assert_eq!((quoted.end(), quoted.quoting()), (vec![], BTreeSet::from([7])));
    }

    #[test]
    fn words_are_the_salt_and_what_people_wrote() {
        let detail = br#"{"salt":"f2e51ab6a2e22b5844687f18ce6c0616","name":"a.txt","source":null,"note":"told by \"Ada\"","by":"somebody else"}"#;
        let words = words_of(detail);
        let text: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word)).collect();
        assert_eq!(
            text,
            ["f2e51ab6a2e22b5844687f18ce6c0616", "told by \"Ada\"", "told by \\\"Ada\\\""]
        );
        let mut sought = nothing();
        sought.any_word = pattern(&words).unwrap();
        sought.words = words;
        sought.look(b"x told by \"Ada\" y", "catalog.sqlite");
        assert_eq!(sought.end().len(), 1);
        sought.detail(1, br#"{"note":"told by \"Ada\""}"#);
        assert_eq!(sought.end(), []);
    }
}

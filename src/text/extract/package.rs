//! Packages: documents that are ZIP archives of parts, unpacked within limits.
//!
//! Sizes that an archive claims are never believed. What is broken is read as far as it goes.

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::rc::Rc;

use flate2::Crc;
use zip::ZipArchive;
use zip::read::ZipReadOptions;

use crate::text::media::OLE_HEAD;

use super::page::{About, Lack, NoText, PageWriter};
use super::salvage::{self, SalvagedPart};
use super::xml::{Xml, XmlPiece, decoded};

/// So much is unpacked of a package, all its parts together.
const UNPACKED_BYTES_MAX: u64 = 64 << 20;
/// So many times all of an archive may be read, and this much more of small ones.
const PACKED_TIMES: u64 = 4;
const PACKED_BYTES_MORE: u64 = 1 << 20;
/// A package has so many parts.
const PARTS_MAX: usize = 10_000;
/// Deflate makes no more than that of one byte.
const INFLATION_MAX: u64 = 1032;
/// Names of parts are no longer.
pub(super) const NAME_BYTES_MAX: usize = 1024;
/// A part has so many relations.
const RELATIONS_MAX: usize = 200_000;

enum ZipParts<'a> {
    Whole(ZipArchive<Cursor<&'a [u8]>>),
    /// Its directory is missing.
    Cut(&'a [u8], Vec<SalvagedPart>),
}

/// A package whose parts are read by name.
pub(super) struct Package<'a> {
    archive: ZipParts<'a>,
    /// Where in the archive a part is, by its name as [`plain_name`] has it.
    parts: HashMap<String, usize>,
    n_bytes: u64,
    n_left: u64,
    /// So much of the archive may be read: parts can lie over one another.
    n_packed_left: u64,
    is_exhausted: bool,
    /// Some part is broken, or the package breaks off.
    is_broken: bool,
    has_locked: bool,
}

/// What a package says of a part.
struct StatedPart {
    is_locked: bool,
    n_packed: u64,
    n_bytes: u64,
    crc: u32,
}

impl<'a> Package<'a> {
    /// Opens a package.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, NoText> {
        Self::open_within(bytes, UNPACKED_BYTES_MAX)
    }

    /// Opens a package of which so much may be unpacked.
    fn open_within(bytes: &'a [u8], n_left: u64) -> Result<Self, NoText> {
        let mut parts = HashMap::new();
        let mut is_exhausted = false;
        let archive = match ZipArchive::new(Cursor::new(bytes)) {
            Ok(archive) => {
                is_exhausted = archive.len() > PARTS_MAX;
                for at in 0..archive.len().min(PARTS_MAX) {
                    if let Some(Ok(name)) = archive.name_for_index(at) {
                        parts.entry(plain_name(&name)).or_insert(at);
                    }
                }
                ZipParts::Whole(archive)
            }
            Err(_) if bytes.starts_with(b"PK\x03\x04") => {
                let found = salvage::parts(bytes);
                for (at, part) in found.iter().enumerate() {
                    parts.entry(plain_name(&part.name)).or_insert(at);
                }
                ZipParts::Cut(bytes, found)
            }
            Err(_) if is_locked_package(bytes) => return Err(NoText::Encrypted),
            Err(_) => return Err(NoText::Malformed),
        };
        let is_broken = matches!(archive, ZipParts::Cut(..));
        Ok(Self {
            archive,
            parts,
            n_bytes: bytes.len() as u64,
            n_left,
            n_packed_left: (bytes.len() as u64 + PACKED_BYTES_MORE) * PACKED_TIMES,
            is_exhausted,
            is_broken,
            has_locked: false,
        })
    }

    /// Whether there is a part of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&plain_name(name))
    }

    /// The names of all parts, as they are compared: in lower case, in order.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.parts.keys().cloned().collect();
        names.sort();
        names
    }

    /// The bytes of a part, as far as they can be unpacked.
    pub(super) fn bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        let at = *self.parts.get(&plain_name(name))?;
        let n_max = self.n_left + 1;
        let stated = self.stated(at)?;
        self.has_locked |= stated.is_locked;
        if stated.is_locked {
            return None;
        }
        let n_packed = stated.n_packed.min(self.n_bytes);
        let Some(n_packed_left) = self.n_packed_left.checked_sub(n_packed) else {
            self.is_exhausted = true;
            return None;
        };
        self.n_packed_left = n_packed_left;
        let unpacked = match &mut self.archive {
            ZipParts::Whole(archive) => unpacked(archive, at, n_max),
            ZipParts::Cut(bytes, parts) => parts.get(at).map(|it| it.bytes(bytes, n_max)),
        };
        let is_whole = |bytes: &Vec<u8>| bytes.len() as u64 == n_max || stated.is_of(bytes);
        self.is_broken |= !unpacked.as_ref().is_some_and(is_whole);
        let mut bytes = unpacked?;
        if bytes.len() as u64 > self.n_left {
            bytes.truncate(self.n_left as usize);
            self.is_exhausted = true;
        }
        self.n_left -= bytes.len() as u64;
        Some(bytes)
    }

    /// The text of a part that is XML.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let (text, is_whole) = decoded(self.bytes(name)?);
        self.is_broken |= !is_whole;
        Some(text)
    }

    /// The same of a part that another one names: without it something is missing.
    pub(super) fn named_text(&mut self, name: &str) -> Option<String> {
        self.is_broken |= !self.has(name);
        self.text(name)
    }

    /// The text of a part without which there is no document.
    pub(super) fn main_text(&mut self, name: &str) -> Result<String, NoText> {
        match self.text(name) {
            Some(text) => Ok(text),
            None if self.has_locked => Err(NoText::Encrypted),
            None => Err(NoText::Malformed),
        }
    }

    /// Whether some part that was asked for is locked by a password.
    pub(super) fn has_locked(&self) -> bool {
        self.has_locked
    }

    /// Why something of it may be missing, by what was asked for.
    pub(super) fn lack(&self) -> Lack {
        let is_broken = self.is_broken || self.has_locked;
        Lack { is_truncated: self.is_exhausted, is_broken, ..Lack::default() }
    }

    /// What the package says of a part.
    fn stated(&self, at: usize) -> Option<StatedPart> {
        match &self.archive {
            ZipParts::Whole(archive) => {
                let part = archive.by_index_data(at).ok()?;
                Some(StatedPart {
                    is_locked: part.encrypted(),
                    n_packed: part.compressed_size(),
                    n_bytes: part.size(),
                    crc: part.crc32(),
                })
            }
            ZipParts::Cut(_, parts) => {
                let part = parts.get(at)?;
                let (is_locked, n_packed) = (part.is_locked, part.n_packed());
                Some(StatedPart { is_locked, n_packed, n_bytes: 0, crc: 0 })
            }
        }
    }

    /// What tells a part from another one that is not read.
    pub(super) fn mark(&self, name: &str) -> Option<String> {
        let StatedPart { n_bytes, crc, .. } = self.stated(*self.parts.get(name)?)?;
        Some(format!("crc32:{crc:08x},{n_bytes}"))
    }

    /// What a part is related to, by Open Packaging Conventions; of the package itself for an empty name.
    pub(super) fn relations(&mut self, part: &str) -> Relations {
        let (folder, file) = part.rsplit_once('/').map_or(("", part), |it| it);
        let slash = if folder.is_empty() { "" } else { "/" };
        let text = self.text(&format!("{folder}{slash}_rels/{file}.rels")).unwrap_or_default();
        Relations::parse(&text, folder)
    }

    /// The part that a package of Office Open XML is about, or else the one that it usually is.
    pub(super) fn main_part(&mut self, usual: &str) -> String {
        let found = self.relations("").of_kind("officeDocument").next().map(str::to_owned);
        found.filter(|it| self.has(it)).unwrap_or_else(|| usual.to_owned())
    }

    /// Writes what a package of Office Open XML says of itself.
    pub(super) fn write_about(&mut self, page: &mut PageWriter) {
        let found = self.relations("").of_kind("core-properties").next().map(str::to_owned);
        let name = found.unwrap_or_else(|| "docProps/core.xml".to_owned());
        if let Some(text) = self.text(&name) {
            write_about(&text, page);
        }
        let found = self.relations("").of_kind("extended-properties").next().map(str::to_owned);
        let name = found.unwrap_or_else(|| "docProps/app.xml".to_owned());
        if let Some(text) = self.text(&name) {
            write_page_count(&text, page);
        }
    }
}

impl StatedPart {
    /// Whether these are all the bytes that it has.
    fn is_of(&self, bytes: &[u8]) -> bool {
        let mut crc = Crc::new();
        crc.update(bytes);
        bytes.len() as u64 == self.n_bytes && crc.sum() == self.crc
    }
}

/// Whether a part of a package is broken that is no image, or the package breaks off.
pub(super) fn is_broken_package(bytes: &[u8]) -> bool {
    let Ok(mut package) = Package::open(bytes) else { return true };
    for name in package.names().iter().filter(|it| !it.contains("/media/")) {
        package.bytes(name);
    }
    package.is_broken
}

/// The bytes of a part, as far as they can be unpacked, and no more than so many.
fn unpacked(archive: &mut ZipArchive<Cursor<&[u8]>>, at: usize, n_max: u64) -> Option<Vec<u8>> {
    // What has a wrong checksum is still what the document says.
    let options = ZipReadOptions::new().ignore_crc32(true);
    let part = archive.by_index_with_options(at, options).ok()?;
    let n_likely = part.size().min(part.compressed_size().saturating_mul(INFLATION_MAX));
    let mut bytes = Vec::with_capacity(n_likely.min(n_max) as usize);
    // Of a part that breaks off, what came before is kept.
    let _ = part.take(n_max).read_to_end(&mut bytes);
    Some(bytes)
}

/// Writes what Dublin Core and its kin in a part say of a document.
pub(super) fn write_about(text: &str, page: &mut PageWriter) {
    let mut xml = Xml::new(text);
    let mut subject = String::new();
    let (mut first, mut authors) = (None, Vec::new());
    while let Some(piece) = xml.next() {
        let XmlPiece::Start(tag) = piece else { continue };
        let about = match tag.name() {
            "title" => About::Title,
            "initial-creator" => {
                first = Some(xml.inner_text());
                continue;
            }
            "creator" => {
                authors.push(xml.inner_text());
                continue;
            }
            "created" | "creation-date" => About::Created,
            "modified" => About::Modified,
            // In OpenDocument this is the last change, elsewhere the date.
            "date" if tag.prefix() == "dc" => About::Modified,
            "description" => About::Description,
            "language" => About::Language,
            "document-statistic" => {
                page.about(About::Pages, &tag.attribute("page-count").unwrap_or_default());
                continue;
            }
            "subject" => {
                subject = xml.inner_text();
                continue;
            }
            _ => continue,
        };
        page.about(about, &xml.inner_text());
    }
    page.about(About::Description, &subject);
    // OpenDocument's creator is who changed it last.
    let author = first.filter(|it| !it.trim().is_empty());
    let authors = author.map_or(authors, |it| vec![it]);
    authors.iter().for_each(|it| page.about(About::Author, it));
}

/// Writes how many pages a program counted when it saved a document of Office Open XML.
fn write_page_count(text: &str, page: &mut PageWriter) {
    let mut xml = Xml::new(text);
    while let Some(piece) = xml.next() {
        if let XmlPiece::Start(tag) = piece
            && tag.name() == "Pages"
        {
            return page.about(About::Pages, &xml.inner_text());
        }
    }
}

/// A name as it is compared: the case of letters does not count, nor which slash it is.
fn plain_name(name: &str) -> String {
    let name = name.replace('\\', "/").to_lowercase();
    name.trim_start_matches('/').to_owned()
}

/// What a part is related to.
#[derive(Default)]
pub(super) struct Relations {
    list: Vec<Relation>,
    by_id: HashMap<String, usize>,
}

struct Relation {
    kind: String,
    target: Rc<str>,
    is_external: bool,
}

impl Relations {
    fn parse(text: &str, folder: &str) -> Self {
        let mut relations = Self::default();
        let mut xml = Xml::new(text);
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            if tag.name() != "Relationship" || relations.list.len() >= RELATIONS_MAX {
                continue;
            }
            let (Some(id), Some(target)) = (tag.id("Id"), tag.attribute("Target")) else {
                continue;
            };
            let kind = tag.id("Type").unwrap_or_default();
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            let mode = tag.attribute("TargetMode").unwrap_or_default();
            let is_external = mode.eq_ignore_ascii_case("external");
            let target = match is_external {
                true => Rc::from(&*target),
                false if target.len() > NAME_BYTES_MAX => continue,
                false => Rc::from(joined(folder, &target)),
            };
            relations.by_id.entry(id).or_insert(relations.list.len());
            relations.list.push(Relation { kind, target, is_external });
        }
        relations
    }

    /// The part of this id.
    pub(super) fn part(&self, id: &str) -> Option<&str> {
        let relation = self.list.get(*self.by_id.get(id)?)?;
        (!relation.is_external).then_some(&*relation.target)
    }

    /// The address of this id, outside of the package.
    pub(super) fn address(&self, id: &str) -> Option<Rc<str>> {
        let relation = self.list.get(*self.by_id.get(id)?)?;
        relation.is_external.then(|| Rc::clone(&relation.target))
    }

    /// The parts that are of a kind, in order.
    pub(super) fn of_kind<'r>(&'r self, kind: &'r str) -> impl Iterator<Item = &'r str> {
        let is_wanted = move |it: &&Relation| it.kind == kind && !it.is_external;
        self.list.iter().filter(is_wanted).map(|it| &*it.target)
    }
}

/// The name of a part that is named relative to a folder.
pub(super) fn joined(folder: &str, target: &str) -> String {
    let (target, folder) = match target.strip_prefix('/') {
        Some(target) => (target, ""),
        None => (target, folder),
    };
    let mut steps = Vec::new();
    for step in folder.split('/').chain(target.split('/')) {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// Whether these bytes are the container of a package that is locked by a password ([MS-OFFCRYPTO], 2.3.4.4).
pub(super) fn is_locked_package(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let is_container = bytes.starts_with(OLE_HEAD);
    is_container && bytes.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    /// A package of parts.
    pub fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// What lies in the body of a page.
    pub fn body(page: Result<super::super::page::Page, NoText>) -> String {
        let html = page.unwrap().html;
        html.split_once("<body>\n").unwrap().1.trim_end().to_owned()
    }

    #[test]
    fn parts_are_found_however_their_names_are_written() {
        let bytes = zipped(&[("Word\\Document.XML", "a"), ("/b.xml", "b")]);
        let mut package = Package::open(&bytes).unwrap();
        assert_eq!(package.text("word/document.xml").as_deref(), Some("a"));
        assert_eq!(package.text("B.xml").as_deref(), Some("b"));
        assert_eq!(package.text("c.xml"), None);
        assert_eq!(package.main_text("c.xml"), Err(NoText::Malformed));
        assert_eq!(package.names(), ["b.xml", "word/document.xml"]);
    }

    #[test]
    fn no_more_is_unpacked_than_is_allowed_of_all_parts_together() {
        let large = "x".repeat(40_000);
        let options = SimpleFileOptions::default();
        let options = options.compression_method(zip::CompressionMethod::Deflated);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a", "b", "c"] {
            writer.start_file(name, options).unwrap();
            writer.write_all(large.as_bytes()).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        assert!(bytes.len() < 1000);
        let mut package = Package::open_within(&bytes, 64_000).unwrap();
        let lengths = ["a", "b", "c"].map(|it| package.bytes(it).unwrap().len());
        assert_eq!(lengths, [40_000, 24_000, 0]);
        assert_eq!(package.lack(), Lack::TRUNCATED);
    }

    #[test]
    fn a_part_that_breaks_off_is_read_as_far_as_it_goes() {
        let mut bytes = zipped(&[("a.xml", &"abc".repeat(10))]);
        // The checksum of the contents, in both headers.
        for at in [14, bytes.len() - 22 - 51 + 16] {
            bytes[at] ^= 1;
        }
        let mut package = Package::open(&bytes).unwrap();
        assert_eq!(package.text("a.xml").unwrap().len(), 30);
        assert_eq!(package.lack(), Lack::BROKEN);
        assert!(matches!(Package::open(&bytes[1..]), Err(NoText::Malformed)));
        assert!(matches!(Package::open(b""), Err(NoText::Malformed)));
    }

    #[test]
    fn a_package_cut_anywhere_is_read_as_far_as_it_goes() {
        let bytes = zipped(&[("a.xml", &"abc".repeat(10)), ("b.xml", "def")]);
        let second = bytes.windows(5).position(|it| it == b"b.xml").unwrap();
        for end in 0..bytes.len() {
            let Ok(mut cut) = Package::open(&bytes[..end]) else {
                assert!(end < 4, "cut at {end}");
                continue;
            };
            let (first, last) = (cut.text("a.xml"), cut.text("b.xml").unwrap_or_default());
            assert_eq!(cut.lack(), Lack::BROKEN, "cut at {end}");
            assert!(
                "def".starts_with(&last) && (last == "def" || end < second + 10),
                "cut at {end}"
            );
            assert!(first.is_some_and(|it| it.len() == 30) || end < second, "cut at {end}");
        }
    }

    #[test]
    fn a_part_locked_by_a_password_is_not_read() {
        let mut bytes = zipped(&[("a.xml", "abc")]);
        let directory = bytes.windows(4).position(|it| it == b"PK\x01\x02").unwrap();
        bytes[6] |= 1;
        bytes[directory + 8] |= 1;
        let mut package = Package::open(&bytes).unwrap();
        assert_eq!(package.main_text("a.xml"), Err(NoText::Encrypted));
    }

    #[test]
    fn a_part_that_is_named_and_not_there_is_missing() {
        let bytes = zipped(&[("a.xml", "abc")]);
        let mut package = Package::open(&bytes).unwrap();
        assert_eq!((package.text("b.xml"), package.lack()), (None, Lack::default()));
        assert_eq!((package.named_text("b.xml"), package.lack()), (None, Lack::BROKEN));
    }

    #[test]
    fn relations_lead_to_parts_and_addresses() {
        let text = r#"<Relationships><Relationship Id="a" Type="http://x/image" Target="../b/c.png"/>
            <Relationship Id="b" Type="http://x/hyperlink" Target="http://x/?a&amp;b" TargetMode="External"/>
            <Relationship Id="c" Type="http://x/image" Target="/d.png"/><Relationship Id="d"/>"#;
        let relations = Relations::parse(text, "word/e");
        assert_eq!(relations.part("a"), Some("word/b/c.png"));
        assert_eq!(relations.part("b"), None);
        assert_eq!(relations.address("b").as_deref(), Some("http://x/?a&b"));
        assert_eq!(relations.of_kind("image").collect::<Vec<_>>(), ["word/b/c.png", "d.png"]);
        assert_eq!(joined("a/b", "../../../c/./d"), "c/d");
    }

    #[test]
    fn what_a_document_says_of_itself_is_kept() {
        let mut page = PageWriter::new(1000);
        let text = "<a xmlns:dc='b'><dc:title>T &amp; T</dc:title><dc:creator>A</dc:creator>
            <dc:subject>S</dc:subject><dcterms:created>2020-01-02</dcterms:created></a>";
        write_about(text, &mut page);
        let text = "<Properties><TitlesOfParts/><Pages>12</Pages></Properties>";
        write_page_count(text, &mut page);
        let html = page.finish().html;
        assert!(html.contains("<title hidden=\"\">T &amp; T</title>"), "{html}");
        for (name, value) in
            [("author", "A"), ("description", "S"), ("date", "2020-01-02"), ("xmpTPg:NPages", "12")]
        {
            assert!(
                html.contains(&format!("<meta name=\"{name}\" content=\"{value}\">")),
                "{html}"
            );
        }
    }
}

//! Packages that no name tells of: what a document is whose ending is not known, by what lies in its container.

use std::io::Read as _;

use flate2::read::DeflateDecoder;

use super::extract::Format;
use super::little_endian::{u16_at, u32_at};
use super::media::{OLE, OLE_HEAD, PACKAGES, ZIP};

/// The end of a ZIP file without its comment, and what its comment has at most: APPNOTE 4.3.16.
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 65_535;
/// The head of an entry in a directory of a ZIP file.
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
/// The head of a file in it.
const MEMBER_BYTES: usize = 30;
/// What a package says of itself is shorter.
const STATED_BYTES_MAX: usize = 256;
/// The directory of an OLE file has entries of this size: MS-CFB 2.6.1.
const OLE_ENTRY_BYTES: usize = 128;
const OLE_NAME_BYTES: usize = 64;

/// What lies in packages that do not say what they are: its name, in which a number may stand before the ending, and the
/// ending of such documents, without macros and with them.
const OFFICE: [(&str, &str, &str, &str); 5] = [
    ("word/document", ".xml", "docx", "docm"),
    ("xl/workbook", ".bin", "xlsb", "xlsb"),
    ("xl/workbook", ".xml", "xlsx", "xlsm"),
    ("ppt/presentation", ".xml", "pptx", "pptm"),
    ("META-INF/container", ".xml", "epub", "epub"),
];

/// Streams of OLE files, and the endings of their documents. The first that is there counts: others lie in it.
const STREAMS: [(&str, &str); 5] = [
    ("__properties_version1.0", "msg"),
    ("PowerPoint Document", "ppt"),
    ("WordDocument", "doc"),
    ("Workbook", "xls"),
    ("Book", "xls"),
];

/// What a document is that this is by its name and its first bytes: the same, but for a package that is of another format by
/// what lies in it.
pub fn settled_type(bytes: &[u8], named: &'static str) -> &'static str {
    let container = match () {
        () if bytes.starts_with(b"PK") => ZIP,
        () if bytes.starts_with(OLE_HEAD) => OLE,
        () => return named,
    };
    // What no format here is for, such as a program of Java, is what its name says; and a workbook may hold a letter.
    let is_foreign = named != container && Format::of(named).is_none();
    if is_foreign || has_own_stream(bytes, named) {
        return named;
    }
    match package_type(bytes, container) {
        Some(found) if named == container || Format::of(found) != Format::of(named) => found,
        _ => named,
    }
}

/// What a package is, by all of its bytes; none of what is none that is known.
pub fn package_type(bytes: &[u8], container: &str) -> Option<&'static str> {
    match container {
        ZIP => {
            let members = members(bytes);
            stated(bytes, &members).or_else(|| by_ending(ZIP, by_names(&members)?))
        }
        OLE => by_ending(OLE, by_stream(bytes)?),
        _ => None,
    }
}

fn by_ending(container: &str, ending: &str) -> Option<&'static str> {
    let found = PACKAGES.iter().find(|(of, it, _)| *of == container && *it == ending);
    found.map(|(_, _, media_type)| *media_type)
}

/// A file in a package, by its entry in the directory.
struct PackageMember<'b> {
    name: &'b [u8],
    is_stored: bool,
    place: usize,
    n_packed: usize,
}

impl PackageMember<'_> {
    /// The first bytes of it.
    fn start(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let head = bytes.get(self.place..)?;
        let lengths = usize::from(u16_at(head, 26)?) + usize::from(u16_at(head, 28)?);
        let data = head.get(MEMBER_BYTES + lengths..)?.get(..self.n_packed)?;
        let mut start = Vec::new();
        match self.is_stored {
            true => start.extend_from_slice(&data[..data.len().min(STATED_BYTES_MAX)]),
            false => drop(
                DeflateDecoder::new(data).take(STATED_BYTES_MAX as u64).read_to_end(&mut start),
            ),
        }
        Some(start)
    }
}

/// What a package says of itself, as OpenDocument and EPUB do.
fn stated(bytes: &[u8], members: &[PackageMember<'_>]) -> Option<&'static str> {
    let stated = members.iter().find(|it| it.name == b"mimetype")?.start(bytes)?;
    let mut known = PACKAGES.iter().map(|(_, _, media_type)| *media_type);
    known.find(|it| it.as_bytes() == stated.trim_ascii())
}

fn by_names(members: &[PackageMember<'_>]) -> Option<&'static str> {
    let has = |is_it: &dyn Fn(&[u8]) -> bool| members.iter().any(|it| is_it(it.name));
    let is_it = |name: &[u8], start: &str, end: &str| {
        let number =
            name.strip_prefix(start.as_bytes()).and_then(|it| it.strip_suffix(end.as_bytes()));
        number.is_some_and(|it| it.iter().all(u8::is_ascii_digit))
    };
    let (.., plain, with_macros) =
        OFFICE.into_iter().find(|(start, end, ..)| has(&|name| is_it(name, start, end)))?;
    Some(if has(&|name| name.ends_with(b"/vbaProject.bin")) { with_macros } else { plain })
}

/// The members of a package whose directory is whole.
fn members(bytes: &[u8]) -> Vec<PackageMember<'_>> {
    let tail = &bytes[bytes.len().saturating_sub(ZIP_END_BYTES + COMMENT_BYTES_MAX)..];
    let end = tail.windows(ZIP_END.len()).rposition(|it| it == ZIP_END).map(|at| &tail[at..]);
    let first = end.and_then(|end| u32_at(end, 16));
    let mut rest = first.and_then(|at| bytes.get(at as usize..)).unwrap_or_default();
    let mut members = Vec::new();
    while let Some((member, after)) = member(rest) {
        members.push(member);
        rest = after;
    }
    members
}

/// The member whose entry begins there, and what follows the entry.
fn member(entry: &[u8]) -> Option<(PackageMember<'_>, &[u8])> {
    if !entry.starts_with(ENTRY) {
        return None;
    }
    let n_name = usize::from(u16_at(entry, 28)?);
    let n_more = usize::from(u16_at(entry, 30)?) + usize::from(u16_at(entry, 32)?);
    let member = PackageMember {
        name: entry.get(ENTRY_BYTES..ENTRY_BYTES + n_name)?,
        is_stored: u16_at(entry, 10)? == 0,
        place: u32_at(entry, 42)? as usize,
        n_packed: u32_at(entry, 20)? as usize,
    };
    Some((member, entry.get(ENTRY_BYTES + n_name + n_more..).unwrap_or_default()))
}

/// Whether an old document has the stream that such documents have.
fn has_own_stream(bytes: &[u8], media_type: &str) -> bool {
    let is_own = |ending: &str| by_ending(OLE, ending) == Some(media_type);
    STREAMS.into_iter().any(|(name, ending)| is_own(ending) && has_stream(bytes, name))
}

fn by_stream(bytes: &[u8]) -> Option<&'static str> {
    STREAMS.into_iter().find(|(name, _)| has_stream(bytes, name)).map(|(_, ending)| ending)
}

/// Whether the directory of an OLE file has an entry of this name, in any case: MS-CFB 2.6.4.
fn has_stream(bytes: &[u8], name: &str) -> bool {
    // The name in UTF-16, zeros, and how many bytes it has.
    let units: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let mut entries = bytes.chunks_exact(OLE_ENTRY_BYTES);
    entries.any(|entry| {
        entry.get(..units.len()).is_some_and(|it| it.eq_ignore_ascii_case(&units))
            && u16_at(entry, OLE_NAME_BYTES).is_some_and(|n| usize::from(n) == units.len())
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn package(members: &[(&str, &str)], method: CompressionMethod) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        for (name, text) in members {
            zip.start_file(*name, options).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn packages_are_known_by_what_lies_in_them() {
        let odt = "application/vnd.oasis.opendocument.text";
        for (members, expected) in [
            (&[("[Content_Types].xml", ""), ("word/document.xml", "")][..], Some("docx")),
            (&[("word/document2.xml", ""), ("word/vbaProject.bin", "")], Some("docm")),
            (&[("xl/workbook.xml", "")], Some("xlsx")),
            (&[("xl/workbook.bin", ""), ("xl/vbaProject.bin", "")], Some("xlsb")),
            (&[("ppt/presentation.xml", "")], Some("pptx")),
            (&[("mimetype", odt), ("content.xml", "")], Some("odt")),
            (&[("mimetype", "application/epub+zip")], Some("epub")),
            (&[("mimetype", "application/vnd.oasis.opendocument.text-master")], None),
            (&[("a.txt", "word/document.xml"), ("mimetype", odt)], Some("odt")),
            (&[("META-INF/container.xml", "")], Some("epub")),
            (&[("a.txt", "word/document.xml"), ("b/mimetype", odt)], None),
            (&[("word/documents/a.xml", "")], None),
        ] {
            let expected = expected.map(|it| by_ending(ZIP, it).unwrap());
            for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
                let found = package_type(&package(members, method), ZIP);
                assert_eq!(found, expected, "{members:?}");
            }
        }
        let whole = package(&[("a", "b"), ("word/document.xml", "")], CompressionMethod::Stored);
        for end in 0..=whole.len() - ZIP_END_BYTES {
            assert_eq!(package_type(&whole[..end], ZIP), None, "cut at {end}");
        }
    }

    #[test]
    fn old_documents_are_known_by_their_streams() {
        for (name, ending) in STREAMS.into_iter().chain([("WORKBOOK", "xls")]) {
            let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
            file.create_stream(name).unwrap().write_all(b"words").unwrap();
            let bytes = file.into_inner().into_inner();
            assert_eq!(package_type(&bytes, OLE), by_ending(OLE, ending), "{name}");
        }
        assert_eq!(package_type(&[0; 4096], OLE), None);
    }

    #[test]
    fn what_lies_in_a_package_decides_over_its_name() {
        let of = |ending: &str| by_ending(ZIP, ending).unwrap();
        let word = package(&[("word/document.xml", "")], CompressionMethod::Stored);
        assert_eq!(settled_type(&word, ZIP), of("docx"));
        assert_eq!(settled_type(&word, of("xlsx")), of("docx"));
        for kept in [of("docm"), of("jar"), "text/plain"] {
            assert_eq!(settled_type(&word, kept), kept);
        }
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        file.create_stream("WordDocument").unwrap().write_all(b"words").unwrap();
        let old = file.into_inner().into_inner();
        for named in [OLE, of("docx"), "application/vnd.ms-excel"] {
            assert_eq!(settled_type(&old, named), "application/msword");
        }
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        file.create_stream("Workbook").unwrap().write_all(b"fares").unwrap();
        file.create_storage("letter").unwrap();
        file.create_stream("letter/WordDocument").unwrap().write_all(b"words").unwrap();
        let workbook = file.into_inner().into_inner();
        assert_eq!(settled_type(&workbook, "application/vnd.ms-excel"), "application/vnd.ms-excel");
        // One that is locked says no more than its name.
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        file.create_stream("EncryptedPackage").unwrap().write_all(b"words").unwrap();
        let locked = file.into_inner().into_inner();
        assert_eq!(settled_type(&locked, of("docx")), of("docx"));
        assert_eq!(settled_type(&locked, OLE), OLE);
    }
}

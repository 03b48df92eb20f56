//! Bytes that can be read at any place and as often as needed: of a file, in memory, in a temporary file.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt as _,
    sync::Arc,
};

use super::beyond;

/// So much of a member is kept in memory.
const MEMORY_BYTES_MAX: usize = 4 << 20;

/// Makes a file that has no name and goes with its last handle.
pub type TemporaryFile = fn() -> io::Result<File>;

/// Something that can be read at any place.
pub trait ReadAt: Send + Sync {
    /// Reads from this place on.
    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, out, at)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        let start = usize::try_from(at).unwrap_or(usize::MAX).min(self.len());
        let rest = &self[start..];
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

/// A part of such bytes.
#[derive(Clone)]
pub struct Body {
    bytes: Arc<dyn ReadAt>,
    start: u64,
    n_bytes: u64,
}

impl Body {
    /// The first bytes of something.
    pub fn new(bytes: Arc<dyn ReadAt>, n_bytes: u64) -> Self {
        Self { bytes, start: 0, n_bytes }
    }

    /// Bytes in memory.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        let n_bytes = bytes.len() as u64;
        Self::new(Arc::new(bytes), n_bytes)
    }

    /// How many there are.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// A part; what lies behind the end is left out.
    pub fn part(&self, start: u64, n_bytes: u64) -> Self {
        let start = start.min(self.n_bytes);
        let n_bytes = n_bytes.min(self.n_bytes - start);
        Self { bytes: Arc::clone(&self.bytes), start: self.start + start, n_bytes }
    }

    /// Reads them from the start.
    pub fn reader(&self) -> BodyReader {
        BodyReader { body: self.clone(), at: 0 }
    }

    /// The first bytes, up to so many.
    pub fn head(&self, n_max: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.reader().take(n_max as u64).read_to_end(&mut head)?;
        Ok(head)
    }
}

/// Reads a body.
pub struct BodyReader {
    body: Body,
    at: u64,
}

impl BodyReader {
    /// Where the next byte lies.
    pub(super) fn place(&self) -> u64 {
        self.at
    }
}

impl Read for BodyReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n_left = self.body.n_bytes.saturating_sub(self.at);
        let n = usize::try_from(n_left).unwrap_or(usize::MAX).min(out.len());
        let n_read = self.body.bytes.read_at(&mut out[..n], self.body.start + self.at)?;
        self.at += n_read as u64;
        Ok(n_read)
    }
}

impl Seek for BodyReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.body.n_bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Takes the bytes of a member: to memory, and of a large one to a temporary file.
pub struct BodyWriter {
    memory: Vec<u8>,
    file: Option<File>,
    n_bytes: u64,
    n_bytes_max: u64,
    temporary: TemporaryFile,
}

impl BodyWriter {
    /// Takes so many bytes.
    pub fn new(temporary: TemporaryFile, n_bytes_max: u64) -> Self {
        Self { memory: Vec::new(), file: None, n_bytes: 0, n_bytes_max, temporary }
    }

    /// What was written.
    pub fn finish(self) -> Body {
        match self.file {
            Some(file) => Body::new(Arc::new(file), self.n_bytes),
            None => Body::of_bytes(self.memory),
        }
    }
}

impl Write for BodyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.n_bytes_max - self.n_bytes {
            let gib = self.n_bytes_max >> 30;
            return Err(match gib {
                0 => beyond(format!("it has more than {} bytes", self.n_bytes_max)),
                gib => {
                    beyond(format!("it has more than {gib} GiB; unpack it and add it as a file"))
                }
            });
        }
        if self.file.is_none() && self.memory.len() + bytes.len() > MEMORY_BYTES_MAX {
            let file = (self.temporary)()?;
            file.write_all_at(&self.memory, 0)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        match &self.file {
            Some(file) => file.write_all_at(bytes, self.n_bytes)?,
            None => self.memory.extend_from_slice(bytes),
        }
        self.n_bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A temporary file that many bodies go to which have to wait.
pub(super) struct Shelf {
    temporary: TemporaryFile,
    file: Option<Arc<File>>,
    n_bytes: u64,
}

impl Shelf {
    pub(super) fn new(temporary: TemporaryFile) -> Self {
        Self { temporary, file: None, n_bytes: 0 }
    }

    /// The same body, in the file.
    pub(super) fn put(&mut self, body: &Body) -> io::Result<Body> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => {
                let file = Arc::new((self.temporary)()?);
                self.file = Some(Arc::clone(&file));
                file
            }
        };
        let start = self.n_bytes;
        let mut out = AtEnd { file: &file, at: start };
        let n_bytes = io::copy(&mut body.reader(), &mut out)?;
        self.n_bytes += n_bytes;
        Ok(Body { bytes: file, start, n_bytes })
    }
}

struct AtEnd<'a> {
    file: &'a File,
    at: u64,
}

impl Write for AtEnd<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.at)?;
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_body_goes_to_a_file_and_reads_the_same() {
        for n in [0, 10, MEMORY_BYTES_MAX, MEMORY_BYTES_MAX + 1, MEMORY_BYTES_MAX + 70_000] {
            let bytes: Vec<u8> = (0..n).map(|n| (n % 251) as u8).collect();
            let mut writer = BodyWriter::new(tempfile::tempfile, u64::MAX);
            bytes.chunks(65_521).for_each(|piece| writer.write_all(piece).unwrap());
            assert_eq!(writer.file.is_some(), n > MEMORY_BYTES_MAX);
            let body = writer.finish();
            let mut read = Vec::new();
            body.reader().read_to_end(&mut read).unwrap();
            assert!(read == bytes);
            assert_eq!(body.part(3, 4).head(10).unwrap(), &bytes[3.min(n)..7.min(n)]);
        }
    }

    #[test]
    fn more_than_is_allowed_is_refused() {
        let mut writer = BodyWriter::new(tempfile::tempfile, 4);
        writer.write_all(b"1234").unwrap();
        assert!(writer.write_all(b"5").is_err());
    }
}

//! What is added, as the archive reads it: files, targets of links, standard input.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    os::unix::fs::FileExt as _,
    path::Path,
};

use crate::{
    archive::ingest::{FileStat, Intake, Reading, Source},
    types::name::DocName,
};

use super::{
    files::{PathStat, invalid},
    own_files::{KEY_HEAD_BYTES, begins_as_key},
    walk::{FileAt, FoundFile, What},
};

/// The document that a file or a symlink is; it is opened when it is read.
pub fn intake(found: FoundFile) -> Intake {
    let FoundFile { name, stat, what, .. } = found;
    let is_link = matches!(what, What::Symlink(_));
    let source: Box<dyn Source> = match what {
        What::File(file) => Box::new(file),
        What::Symlink(target) => Box::new(move || Ok(Cursor::new(target.clone()))),
    };
    let (file_stat, mtime) = (Some(file_stat(&stat)), stat.modified());
    let n_bytes = stat.size;
    Intake { name, file_stat, mtime, is_link, n_bytes, source, provenance: None }
}

/// The document that a stream is, which can be read once: standard input, or what a path leads to.
///
/// One that ends before its first byte is an error unless that is allowed: whatever was to write it
/// may have failed.
pub fn stream(name: DocName, path: &Path, may_be_empty: bool) -> Intake {
    let path = path.to_owned();
    Intake::new(name, move || {
        let mut stream: Box<dyn Read + Send> = match path.as_os_str() == "-" {
            true => Box::new(io::stdin()),
            false => Box::new(File::open(&path)?),
        };
        let mut head = Vec::new();
        let n_head = KEY_HEAD_BYTES;
        stream.by_ref().take(n_head as u64).read_to_end(&mut head)?;
        refuse_key(&head[..])?;
        // A terminal that has ended once would be asked again.
        let is_over = head.len() < n_head;
        let head = Cursor::new(head);
        let stream: Box<dyn Read + Send> = match is_over {
            true => Box::new(head),
            false => Box::new(head.chain(stream)),
        };
        Ok(ReadOnce { stream, may_be_empty })
    })
}

/// What a stream gives.
struct ReadOnce {
    stream: Box<dyn Read + Send>,
    /// Also from the first byte on.
    may_be_empty: bool,
}

impl Read for ReadOnce {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n_read = self.stream.read(out)?;
        if n_read == 0 && !out.is_empty() && !self.may_be_empty {
            return Err(invalid("it is empty (--allow-empty adds it all the same)"));
        }
        self.may_be_empty |= n_read > 0;
        Ok(n_read)
    }
}

impl Source for FileAt {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        let file = Self::open(self)?;
        let mut head = [0; KEY_HEAD_BYTES];
        let n_head = file.read_at(&mut head, 0)?;
        refuse_key(&head[..n_head])?;
        Ok(Box::new(OpenFile(file)))
    }
}

/// Why a signing key is not read, whatever it is called and wherever it comes from.
#[derive(Debug, thiserror::Error)]
#[error("it is a signing key")]
struct IsSigningKey;

/// Whether something was not read because it is a signing key.
pub fn is_signing_key(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|why| why.is::<IsSigningKey>())
}

fn refuse_key(head: &[u8]) -> io::Result<()> {
    match begins_as_key(head) {
        true => Err(io::Error::new(io::ErrorKind::InvalidData, IsSigningKey)),
        false => Ok(()),
    }
}

/// A file being read. Its stat is that of the bytes that are read, whatever has its name by now.
struct OpenFile(File);

impl Read for OpenFile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Reading for OpenFile {
    fn file_stat(&self) -> io::Result<Option<FileStat>> {
        Ok(Some(file_stat(&PathStat::of(&self.0.metadata()?))))
    }
}

/// A stat as the archive remembers it.
fn file_stat(stat: &PathStat) -> FileStat {
    let (seconds, nanoseconds) = stat.mtime;
    FileStat {
        n_bytes: stat.size,
        mtime: seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(nanoseconds)),
        ctime: stat.ctime,
        inode: stat.inode,
        device: stat.device,
    }
}

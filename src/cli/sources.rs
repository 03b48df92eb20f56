//! What is added, as the archive reads it: files, targets of links, standard input.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use crate::archive::ingest::add::{FileStat, Reading, Source};

use super::files::{PathStat, open_input};

/// A file, opened when it is read.
pub struct FileAt(pub PathBuf);
/// The target of a symbolic link.
pub struct LinkTarget(pub Vec<u8>);
/// Standard input, which can be read once.
pub struct Stdin;

impl Source for FileAt {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(OpenFile(open_input(&self.0)?.file)))
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

/// Bytes that cannot change while they are read.
struct Steady<R>(R);

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

impl Source for LinkTarget {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(Steady(io::Cursor::new(self.0.clone()))))
    }
}

impl Source for Stdin {
    fn open(&self) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(Steady(io::stdin())))
    }
}

/// A stat as the archive remembers it.
pub fn file_stat(stat: &PathStat) -> FileStat {
    let (seconds, nanoseconds) = stat.mtime.to_unix();
    FileStat {
        n_bytes: stat.size,
        mtime: seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(nanoseconds)),
        ctime: stat.ctime,
        inode: stat.inode,
        device: stat.device,
    }
}

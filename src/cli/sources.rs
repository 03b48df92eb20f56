//! What is added, as the archive reads it: files, targets of links, standard input.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::PathBuf,
};

use crate::{
    archive::ingest::{FileStat, Intake, Reading, Source},
    types::name::DocName,
};

use super::{
    files::{PathStat, open_input},
    walk::{FoundFile, What},
};

/// The document that a file or a symlink is; it is opened when it is read.
pub fn intake(found: FoundFile) -> Intake {
    let FoundFile { path, name, stat, what } = found;
    let is_link = matches!(what, What::Symlink(_));
    let source: Box<dyn Source> = match what {
        What::File => Box::new(FileAt(path)),
        What::Symlink(target) => Box::new(move || Ok(Cursor::new(target.clone()))),
    };
    let (file_stat, mtime) = (Some(file_stat(&stat)), stat.modified());
    Intake { name, file_stat, mtime, is_link, n_bytes: stat.size, source }
}

/// The document that standard input is, which can be read once.
pub fn stdin(name: DocName) -> Intake {
    Intake::new(name, || Ok(io::stdin()))
}

/// A file, opened when it is read.
struct FileAt(PathBuf);

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

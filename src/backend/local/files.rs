//! All files that lie in an archive's folder, also those that are none of its objects.

use std::{
    ffi::OsStr,
    fs::File,
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt as _, fs::FileExt as _},
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, Dir, FileType, Mode, OFlags},
    io::Errno,
};

use crate::{
    backend::{FileVisitor, PresentFile},
    types::error::Error,
};

use super::{
    folder::{AS_FOLDER, ArchiveFolder, NO_SURPRISES, present},
    io,
};

struct LocalFile {
    file: File,
    name: String,
    path: PathBuf,
    n_bytes: u64,
}

impl PresentFile for LocalFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    fn read_range(&self, offset: u64, n_bytes: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; n_bytes];
        let read = self.file.read_exact_at(&mut bytes, offset);
        read.map_err(|source| io("read", &self.path, source)).map(|()| bytes)
    }
}

impl ArchiveFolder {
    /// Visits every regular file below, by handles; links are not followed.
    pub(super) fn each_file(&self, visit: &mut FileVisitor) -> Result<(), Error> {
        let top = fs::openat(self.top(), ".", AS_FOLDER, Mode::empty());
        let top = top.map_err(|errno| self.io("open", "", errno))?;
        let mut folders: Vec<(OwnedFd, PathBuf)> = vec![(top, PathBuf::new())];
        while let Some((folder, below)) = folders.pop() {
            let fail =
                |operation, errno: Errno| io(operation, &self.path().join(&below), errno.into());
            for entry in Dir::read_from(&folder).map_err(|errno| fail("list", errno))? {
                let entry = entry.map_err(|errno| fail("list", errno))?;
                let own_name = entry.file_name();
                if [&b"."[..], b".."].contains(&own_name.to_bytes()) {
                    continue;
                }
                let path = below.join(OsStr::from_bytes(own_name.to_bytes()));
                let open = |flags| present(fs::openat(&folder, own_name, flags, Mode::empty()));
                let fail = |errno: Errno| io("open", &self.path().join(&path), errno.into());
                match entry.file_type() {
                    FileType::Directory => {
                        let opened = open(AS_FOLDER).map_err(fail)?;
                        folders.extend(opened.map(|handle| (handle, path)));
                    }
                    FileType::RegularFile | FileType::Unknown => {
                        let opened = open(OFlags::RDONLY | NO_SURPRISES).map_err(fail)?;
                        let Some(file) = opened.map(File::from) else { continue };
                        self.visit_one(file, &path, visit)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn visit_one(&self, file: File, path: &Path, visit: &mut FileVisitor) -> Result<(), Error> {
        let (name, path) = (path.to_string_lossy().into_owned(), self.path().join(path));
        let metadata = file.metadata().map_err(|source| io("examine", &path, source))?;
        if !metadata.is_file() {
            return Ok(());
        }
        visit(&LocalFile { file, name, path, n_bytes: metadata.len() })
    }
}

//! Lists of paths, for `--files-from`.

use std::ffi::OsString;
use std::io::{BufRead, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::Unreadable;
use crate::cli::files::invalid;

/// Longer than any path a system takes; a list that is no list ends here.
const PATH_BYTES_MAX: u64 = 64 << 10;

/// The paths in a list, read one by one.
#[derive(Debug)]
pub struct PathList<R> {
    list: R,
    end: u8,
    shown_as: PathBuf,
    broken: bool,
}

impl<R: BufRead> PathList<R> {
    /// Paths that each end with a line end.
    pub fn of_lines(list: R, shown_as: PathBuf) -> Self {
        Self { list, end: b'\n', shown_as, broken: false }
    }

    /// Paths that each end with a zero byte, as `find -print0` writes them.
    pub fn of_null_terminated(list: R, shown_as: PathBuf) -> Self {
        Self { list, end: 0, shown_as, broken: false }
    }
}

impl<R: BufRead> Iterator for PathList<R> {
    type Item = Result<PathBuf, Unreadable>;

    /// Empty paths are passed over; a list that cannot be read further ends with that error.
    fn next(&mut self) -> Option<Self::Item> {
        while !self.broken {
            let mut path = Vec::new();
            let read = (&mut self.list).take(PATH_BYTES_MAX).read_until(self.end, &mut path);
            let error = match read {
                Ok(0) => return None,
                Ok(_) if path.last() == Some(&self.end) => path.pop().and(None),
                Ok(n_bytes) if n_bytes as u64 == PATH_BYTES_MAX => {
                    Some(invalid("it holds a path that is too long"))
                }
                Ok(_) => None,
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                self.broken = true;
                return Some(Err(Unreadable { path: self.shown_as.clone(), error }));
            }
            if !path.is_empty() {
                return Some(Ok(PathBuf::from(OsString::from_vec(path))));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    fn paths(list: impl Iterator<Item = Result<PathBuf, Unreadable>>) -> Vec<Vec<u8>> {
        list.map(|path| path.unwrap().as_os_str().as_bytes().to_vec()).collect()
    }

    #[test]
    fn a_list_is_split_at_its_ends_and_nowhere_else() {
        let lines = &b"a b\n\ncaf\xe9\r\n./c"[..];
        assert_eq!(
            paths(PathList::of_lines(lines, "list".into())),
            [&b"a b"[..], b"caf\xe9\r", b"./c"]
        );
        let nulls = &b"two\nlines\0\0x\0"[..];
        assert_eq!(
            paths(PathList::of_null_terminated(nulls, "list".into())),
            [&b"two\nlines"[..], b"x"]
        );
    }

    #[test]
    fn a_path_without_end_is_an_error_and_the_last_word() {
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let mut list = PathList::of_lines(endless, "list".into());
        assert!(list.next().unwrap().is_err());
        assert!(list.next().is_none());
    }
}

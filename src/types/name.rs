//! Document names: paths as people know them, made safe to store and to write back.

use std::fmt;

use super::limits::NAME_BYTES_MAX;

/// A document's name: non-empty `/`-separated components of any bytes but NUL, none `.` or `..`.
///
/// Names sort by their bytes. They need not be UTF-8; [`DocName::text`] is for showing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocName(Vec<u8>);

impl DocName {
    /// Takes a name that must already be in its one form; the error names what is wrong with it.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, &'static str> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err("a name cannot be empty");
        }
        if bytes.len() > NAME_BYTES_MAX {
            return Err("a name has at most 4096 bytes");
        }
        if bytes.contains(&0) {
            return Err("a name cannot contain a zero byte");
        }
        if bytes.split(|b| *b == b'/').any(|part| matches!(part, b"" | b"." | b"..")) {
            return Err("a name's components cannot be empty, . or ..");
        }
        Ok(Self(bytes))
    }

    /// Names a path as given: `.` and doubled slashes go, `..` takes back the component before it,
    /// and nothing leads above the top.
    pub fn of_path(path: &[u8]) -> Result<Self, &'static str> {
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in path.split(|b| *b == b'/') {
            match part {
                b"" | b"." => {}
                b".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        Self::new(parts.join(&b'/'))
    }

    /// This name under a folder.
    pub fn under(&self, folder: &DocName) -> Result<Self, &'static str> {
        Self::new([&folder.0[..], &self.0[..]].join(&b'/'))
    }

    /// The name's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as text; what is not UTF-8 shows as U+FFFD.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The name if it is UTF-8.
    pub fn utf8(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The last component.
    pub fn tail(&self) -> &[u8] {
        self.0.rsplit(|b| *b == b'/').next().unwrap_or(&self.0)
    }

    /// The names of the folders that it lies in, from the top down.
    pub fn folders(&self) -> impl Iterator<Item = Self> {
        let ends = self.0.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at);
        ends.map(|at| Self(self.0[..at].into()))
    }

    /// Whether the name lies in `folder`, or is it.
    pub fn is_under(&self, folder: &DocName) -> bool {
        self.0.strip_prefix(&folder.0[..]).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }
}

impl fmt::Debug for DocName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocName({:?})", self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_its_plain_name() {
        for (path, name) in [
            ("a", "a"),
            ("./a/b", "a/b"),
            ("/home/u/x.txt", "home/u/x.txt"),
            ("a//b/./c/", "a/b/c"),
            ("../shared/x", "shared/x"),
            ("a/../b", "b"),
            ("a b\nc", "a b\nc"),
        ] {
            assert_eq!(DocName::of_path(path.as_bytes()), DocName::new(name), "{path:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in ["", "/", "a//b", "a/", "./a", "a/..", "a\0b", &"x".repeat(4097)] {
            assert!(DocName::new(bad).is_err(), "{bad:?}");
        }
        assert!(DocName::of_path(b"..").is_err());
    }

    #[test]
    fn being_under_a_folder_respects_components() {
        let folder = DocName::new("a/b").unwrap();
        assert!(DocName::new("a/b/c").unwrap().is_under(&folder));
        assert!(folder.is_under(&folder));
        assert!(!DocName::new("a/bc").unwrap().is_under(&folder));
    }
}

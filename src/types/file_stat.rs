//! What the file system says of a file, by which a file that is as it was is told.

/// What the file system says of a file; times in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Its size.
    pub n_bytes: u64,
    /// When its bytes last changed, as it says.
    pub mtime: i64,
    /// When anything about it last changed.
    pub ctime: i64,
    /// Its number on the device.
    pub inode: u64,
    /// The device.
    pub device: u64,
}

//! What the file system of a folder can be relied on for.

use std::path::Path;

use rustix::fs::{self, Access};

/// Why a database had better not lie in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsuited {
    /// SQLite shares memory among its users, which a file system over a network or in a program of its own
    /// does not keep in step; some end the program that looks at it.
    FileSystem,
    /// Nothing can be written there.
    ReadOnly,
    /// The folder is somebody else's: what we make there would be in their way.
    OtherOwner,
}

/// File systems whose files other machines or programs keep, by the number that Linux gives them.
const REMOTE: [(u32, &str); 17] = [
    (0x0000_6969, "nfs"),
    (0x0000_517b, "smb"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x6573_5546, "fuse"),
    (0x0102_1997, "9p"),
    (0x5346_414f, "afs"),
    (0x6b41_4653, "kafs"),
    (0x7375_7245, "coda"),
    (0x00c3_6400, "ceph"),
    (0x0000_564c, "ncp"),
    (0x0bd0_0bd0, "lustre"),
    (0x4750_4653, "gpfs"),
    (0x0116_1970, "gfs2"),
    (0x7461_636f, "ocfs2"),
    (0x786f_4256, "vboxsf"),
    (0xbacb_acbc, "vmhgfs"),
];

/// Whether a database had better not lie in this folder, and why.
pub fn unsuited(folder: &Path) -> Option<Unsuited> {
    if is_remote(folder) {
        return Some(Unsuited::FileSystem);
    }
    let stat = fs::stat(folder).ok()?;
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Some(Unsuited::OtherOwner);
    }
    fs::access(folder, Access::WRITE_OK).is_err().then_some(Unsuited::ReadOnly)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_remote(folder: &Path) -> bool {
    // The kernel's word is wider on some machines than on others; the numbers have 32 bits.
    fs::statfs(folder).is_ok_and(|found| is_number_of_remote(found.f_type as u32))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_remote(_folder: &Path) -> bool {
    false
}

fn is_number_of_remote(number: u32) -> bool {
    REMOTE.iter().any(|(known, _)| *known == number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn file_systems_of_others_are_told_from_those_of_this_machine() {
        let fuse = 0x6573_5546;
        assert!(is_number_of_remote(fuse) && is_number_of_remote(0x6969));
        for (number, name) in [(0xef53, "ext4"), (0x0102_1994, "tmpfs"), (0x9123_683e, "btrfs")] {
            assert!(!is_number_of_remote(number), "{name}");
        }
    }

    #[test]
    fn a_folder_of_ones_own_serves_until_it_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(unsuited(folder.path()), None);
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o555)).unwrap();
        // The superuser is not hindered by permissions.
        let is_superuser = rustix::process::geteuid().is_root();
        assert_eq!(unsuited(folder.path()), (!is_superuser).then_some(Unsuited::ReadOnly));
        if !is_superuser {
            assert_eq!(unsuited(Path::new("/")), Some(Unsuited::OtherOwner));
        }
    }
}

//! The catalog as this user's last writer left it: where its file has the stat of then, nobody else has changed it,
//! and its rows need not be counted to see whether some are gone.

use std::rc::Rc;

use tracing::debug;

use crate::{backend::local::DatabaseFiles, catalog::StatCache};

/// Remembers the stat of the catalog's file when it is dropped, which has to be after the catalog was closed.
#[derive(Default)]
pub(super) struct CatalogWatch(Option<(DatabaseFiles, Rc<StatCache>)>);

impl CatalogWatch {
    /// Watches a catalog whose rows are all there, if it is in a file.
    pub(super) fn of(watched: Option<(DatabaseFiles, Rc<StatCache>)>) -> Self {
        Self(watched)
    }
}

/// Whether the file of the catalog is as it was left.
pub(super) fn is_as_left(files: &DatabaseFiles, stat_cache: &StatCache) -> bool {
    let stat = files.stat().ok().flatten();
    stat.is_some() && stat == stat_cache.left()
}

impl Drop for CatalogWatch {
    fn drop(&mut self) {
        let Some((files, stat_cache)) = &self.0 else { return };
        if is_as_left(files, stat_cache) {
            return;
        }
        match files.stamp().and_then(|()| files.stat()) {
            Ok(Some(stat)) => stat_cache.remember_left(&stat),
            Ok(None) => {}
            Err(error) => debug!(target: "catalog", "its stat is not remembered: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io, path::Path, time::Duration};

    use super::*;
    use crate::{
        archive::{
            Archive, WriteContext,
            ingest::{Intake, Provenance},
        },
        journal::note::Signer,
        types::name::DocName,
    };

    fn add(folder: &Path, n: u8) {
        let signer = Signer::from_seed("example.org/test", &[7; 32]).unwrap();
        let mut archive = Archive::in_folder(&folder.join("archive"), &signer).unwrap();
        archive.keep_stats_in(folder);
        let now = Duration::from_secs(1_764_000_000 + u64::from(n));
        let context = WriteContext::new(now, [n; 32], "test");
        let mut adding =
            archive.transaction(&signer, context, Provenance::default(), "test").unwrap();
        let open = move || Ok::<_, io::Error>(io::Cursor::new(vec![n]));
        adding.add(Intake::new(DocName::new(format!("{n}")).unwrap(), open)).unwrap();
        adding.commit().unwrap();
    }

    #[test]
    fn a_catalog_is_as_it_was_left_until_somebody_else_changes_it() {
        let folder = tempfile::tempdir().unwrap();
        let is_left = || {
            let archive = folder.path().join("archive");
            let files = DatabaseFiles::examine(&archive, crate::catalog::FILE).unwrap();
            let stats = DatabaseFiles::examine(folder.path(), crate::catalog::STAT_CACHE_FILE);
            is_as_left(&files, &StatCache::open_existing(Some(stats.unwrap().path())).unwrap())
        };
        for n in 0..3 {
            add(folder.path(), n);
            assert!(is_left(), "after {n}");
        }
        let path = folder.path().join("archive/catalog.sqlite");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole).unwrap();
        assert!(!is_left(), "the same bytes at the same time");
        add(folder.path(), 3);
        assert!(is_left());
        fs::write(path.with_extension("sqlite-wal"), "changes that wait").unwrap();
        assert!(!is_left());
    }
}

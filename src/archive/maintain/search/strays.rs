//! What lies with an archive, and whose bytes are taken as they are: the journal, packs that do not count, and files that
//! somebody put there.

use std::collections::{BTreeSet, HashMap};

use crate::{
    archive::Archive,
    backend::{Backend, PresentFile},
    catalog,
    journal::Journal,
    store::pack,
    types::{
        digest::{Digest, Hasher},
        error::Error,
        limits,
        pack_id::PackId,
    },
};

use super::{PIECE_BYTES, Remnant, Sought};

/// What reads so many bytes from a place on.
type ReadRange<'a> = dyn Fn(u64, usize) -> Result<Vec<u8>, Error> + 'a;

const A_CONTENT: &str = "a content that was withdrawn";

/// Whether a file of this name is one that an archive consists of, or its catalog.
pub(super) fn is_of_archive(name: &str) -> bool {
    PackId::of_object(name).is_some()
        || Journal::number_of(name).is_some()
        || [Journal::IDENTITY, Journal::CHECKPOINT, "lock"].contains(&name)
        || [catalog::FILE, catalog::FULL_TEXT_FILE].iter().any(|it| name.starts_with(it))
}

impl Sought {
    /// The contents that are withdrawn, by their digests alone: their bytes are gone.
    pub(in crate::archive::maintain) fn by_digest(archive: &Archive) -> Result<Self, Error> {
        let mut sought = Self::of_words(Vec::new());
        for (digest, n_bytes) in archive.catalog.withdrawn_contents()? {
            sought.take_digest(digest, n_bytes);
        }
        Ok(sought)
    }

    pub(super) fn take_digest(&mut self, digest: Digest, n_bytes: u64) {
        self.contents.entry(digest.key()).or_default().insert(digest);
        self.sizes.insert(n_bytes);
    }

    /// What was found, in what was given to it to look into.
    pub(in crate::archive::maintain) fn into_remnants(mut self) -> Vec<Remnant> {
        self.end()
    }

    /// Looks into a file: for windows and words, for a content as a whole, and for a pack with one.
    pub(super) fn look_into(
        &mut self,
        place: &str,
        n_bytes: u64,
        read: &ReadRange,
    ) -> Result<(), Error> {
        let is_right_size = n_bytes > 0 && self.sizes.contains(&n_bytes);
        let mut hasher = is_right_size.then(Hasher::default);
        let mut start = 0;
        while start < n_bytes {
            let from = start - (start.min(limits::SOURCE_BYTES_MAX as u64));
            let end = (start + PIECE_BYTES as u64).min(n_bytes);
            let piece = read(from, (end - from) as usize)?;
            if let Some(hasher) = &mut hasher {
                hasher.update(&piece[(start - from) as usize..]);
            }
            self.n_bytes += end - start;
            self.look(&piece, place);
            start = end;
        }
        let is_content = hasher.is_some_and(|hasher| self.has(&hasher.finish()));
        if is_content || self.is_listed(n_bytes, read)? {
            self.remnants.insert(Remnant::at(place, A_CONTENT));
        }
        Ok(())
    }

    fn has(&self, digest: &Digest) -> bool {
        self.contents.get(&digest.key()).is_some_and(|contents| contents.contains(digest))
    }

    /// Whether the bytes are a pack, and it lists one of the contents.
    fn is_listed(&self, n_bytes: u64, read: &ReadRange) -> Result<bool, Error> {
        let n_beginning = pack::HEADER.len();
        if self.contents.is_empty()
            || n_bytes < n_beginning as u64
            || n_bytes > limits::PACK_BYTES_MAX
            || read(0, n_beginning)? != pack::HEADER
        {
            return Ok(false);
        }
        let listed = pack::check(&read(0, n_bytes as usize)?).unwrap_or_default();
        Ok(listed.iter().flat_map(|frame| &frame.keys).any(|key| self.contents.contains_key(key)))
    }
}

impl Archive {
    /// Looks into all that lies in the archive's storage, but for packs that count and the catalog in use.
    pub(super) fn search_others(
        &self,
        counted: &BTreeSet<PackId>,
        sought: &mut Sought,
    ) -> Result<(), Error> {
        let backend = &*self.home.backend;
        let mut objects = HashMap::new();
        for folder in ["log", "details", "packs"] {
            objects.extend(backend.list(folder)?.into_iter().map(|it| (it.name, it.bytes)));
        }
        for name in [Journal::IDENTITY, "lock"] {
            objects.extend(backend.size(name)?.map(|n_bytes| (name.to_owned(), n_bytes)));
        }
        for (name, n_bytes) in &objects {
            if !PackId::of_object(name).is_some_and(|pack| counted.contains(&pack)) {
                let read = |from, n| backend.read_range(name, from, n);
                sought.look_into(name, *n_bytes, &read)?;
            }
        }
        let mut catalogs = Vec::new();
        if !self.home.has_catalog_elsewhere() {
            for files in [self.home.catalog_files()?, self.full_text_files()?].iter().flatten() {
                catalogs.extend(files.names()?);
            }
        }
        backend.each_file(&mut |file: &dyn PresentFile| {
            let name = file.name();
            if objects.contains_key(name) || catalogs.iter().any(|it| it == name) {
                return Ok(());
            }
            sought.look_into(name, file.n_bytes(), &|from, n| file.read_range(from, n))
        })
    }

    /// The files in a copy's storage that are none of its objects and hold what is withdrawn here.
    pub(in crate::archive::maintain) fn strays_in_copy(
        &self,
        to: &dyn Backend,
    ) -> Result<Vec<Remnant>, Error> {
        let mut sought = Sought::by_digest(self)?;
        if sought.contents.is_empty() {
            return Ok(Vec::new());
        }
        to.each_file(&mut |file: &dyn PresentFile| {
            let name = file.name();
            // What the copy consists of is looked at otherwise.
            match is_of_archive(name) {
                true => Ok(()),
                false => {
                    sought.look_into(name, file.n_bytes(), &|from, n| file.read_range(from, n))
                }
            }
        })?;
        Ok(sought.into_remnants())
    }
}

//! Salvage: the blobs of a pack whose directory cannot be read.
//!
//! Frames are found by their magic and checksum, damaged ones by their magic and place. A frame does not name the blobs in it, so each is
//! decoded and hashed; a chunk list is known by the content that its chunks make up.

use std::{rc::Rc, sync::Arc};

use crate::{
    backend::Backend,
    catalog::{Batch, Catalog, Pack},
    store::{DecodedFrame, Reader, Sealed, chunk, frame::FrameKind, pack, place::Place},
    types::{
        digest::{Digest, Hasher, Key},
        error::Error,
        limits,
        pack_id::PackId,
    },
};

/// Finds what can be found of a pack, and applies it to the catalog; how many blobs that were.
pub fn salvage(
    backend: &Arc<dyn Backend>,
    catalog: &Rc<Catalog>,
    pack: PackId,
) -> Result<usize, Error> {
    let bytes = match backend.read(&pack.object_name(), limits::PACK_BYTES_MAX as usize) {
        Ok(Some(bytes)) => bytes,
        Ok(None) | Err(Error::Damaged { .. }) => return Ok(0),
        Err(error) => return Err(error),
    };
    let reader = Reader::new(Sealed::new(Arc::clone(backend), catalog.clone()));
    let (n_bytes, frames) = (bytes.len() as u64, pack::salvage(&bytes));
    let mut n_blobs = 0;
    for (n, (offset, n_frame)) in frames.iter().enumerate() {
        let place = Place { pack, offset: *offset, n_bytes: *n_frame, index: 0 };
        // A frame whose base is lost stays lost; of a damaged one some blobs may be whole.
        let found = reader.frame(&place).ok().or_else(|| reader.remains(&place));
        let Some(decoded) = found else { continue };
        let keys = keys(&reader, &decoded);
        let numbered = keys.into_iter().enumerate();
        let places: Vec<(Key, Place)> =
            numbered.map(|(index, key)| (key, Place { index: index as u16, ..place })).collect();
        // One by one, because later frames may have earlier ones as bases.
        let found = Pack { pack, n_bytes, n_frames: n as u64 + 1, places: &places };
        catalog.apply(&Batch { packs: &[found], ..Batch::default() })?;
        n_blobs += places.len();
    }
    Ok(n_blobs)
}

fn keys(reader: &Reader<Sealed>, decoded: &DecodedFrame) -> Vec<Key> {
    if decoded.header.kind == FrameKind::List {
        return content_of(reader, &decoded.raw).map(|content| content.key()).into_iter().collect();
    }
    let blobs = (0..decoded.header.lengths.len()).map_while(|index| decoded.blob(index as u16));
    blobs.map(|blob| Digest::of(blob).key()).collect()
}

/// The digest of the content that a chunk list stands for.
pub(in crate::archive) fn content_of(reader: &Reader<Sealed>, list: &[u8]) -> Option<Digest> {
    let mut hasher = Hasher::default();
    for chunk in chunk::parse_list(list)? {
        hasher.update(&reader.blob(&chunk.digest).ok()?);
    }
    Some(hasher.finish())
}

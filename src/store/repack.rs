//! Repacking: frames move into new packs as they are.
//!
//! A frame states all that is needed to read it, wherever it lies; so neither depth nor decoded bytes
//! change, and frames with a base in it stay as they are.

use std::sync::Arc;

use crate::{
    backend::Backend,
    types::{digest::Key, error::Error, limits, pack_id::UploadIds},
};

use super::{
    chain::ChainLink,
    compressor::LEVEL_ALONE,
    frame::{self, FrameKind, Header},
    pack::Builder,
    payload::Packer,
    write::{Written, put_pack},
};

/// Fills new packs with frames of old ones.
pub struct Repacker {
    backend: Arc<dyn Backend>,
    pack: Builder,
    packer: Packer,
    written: Vec<Written>,
    uploads: UploadIds,
}

impl Repacker {
    /// Starts with an empty pack; packs are named by `uploads`.
    pub fn new(backend: Arc<dyn Backend>, uploads: UploadIds) -> Self {
        let (pack, packer) = (Builder::default(), Packer::default());
        Self { backend, pack, packer, written: Vec::new(), uploads }
    }

    /// Takes a frame over.
    pub fn take(&mut self, frame: &[u8], keys: Vec<Key>) -> Result<(), Error> {
        self.pack.add_encoded(frame, keys);
        self.seal_if(self.pack.n_bytes() >= limits::PACK_BYTES_TARGET)
    }

    /// Takes a blob over that is compressed anew, against a base if there is one; how it lies now.
    pub fn take_anew(
        &mut self,
        (key, kind): (Key, FrameKind),
        raw: &[u8],
        base: Option<(ChainLink, &[u8])>,
    ) -> Result<ChainLink, Error> {
        let packed = match base {
            Some((_, base)) => self.packer.pack_against(raw, base, None),
            None => self.packer.pack(raw, LEVEL_ALONE),
        };
        let base = base.filter(|_| packed.is_some());
        let base = base.map(|(link, _)| link.describe(raw.len(), false));
        let header =
            Header { kind, packed: packed.is_some(), lengths: vec![raw.len() as u32], base };
        let mut encoded = Vec::new();
        frame::encode(&header, packed.as_deref().unwrap_or(raw), &mut encoded);
        self.take(&encoded, vec![key])?;
        Ok(ChainLink::of(key, &header))
    }

    /// Takes some of the blobs of a solid frame over.
    pub fn take_some(&mut self, blobs: &[(Key, &[u8])]) -> Result<(), Error> {
        let raw: Vec<u8> = blobs.iter().flat_map(|(_, bytes)| *bytes).copied().collect();
        let lengths: Vec<u32> = blobs.iter().map(|(_, bytes)| bytes.len() as u32).collect();
        let packed = self.packer.pack_solid(&raw, &lengths, LEVEL_ALONE);
        let kind = if blobs.len() == 1 { FrameKind::Single } else { FrameKind::Solid };
        let header = Header { kind, packed: packed.is_some(), lengths, base: None };
        let mut encoded = Vec::new();
        frame::encode(&header, packed.as_deref().unwrap_or(&raw), &mut encoded);
        self.take(&encoded, blobs.iter().map(|(key, _)| *key).collect())
    }

    /// Seals what is open and hands over every pack written.
    pub fn finish(mut self) -> Result<Vec<Written>, Error> {
        self.seal_if(true)?;
        Ok(self.written)
    }

    fn seal_if(&mut self, is_due: bool) -> Result<(), Error> {
        if is_due && !self.pack.is_empty() {
            let pack = std::mem::take(&mut self.pack);
            self.written.push(put_pack(&*self.backend, pack, &mut self.uploads)?);
        }
        Ok(())
    }
}

//! The compressor: frames under way, in the order in which they go into packs.
//!
//! Any thread may compress any of them; they come out in order, so that the packs are the same
//! whatever the number of threads.

use std::{cell::RefCell, collections::VecDeque, rc::Rc, sync::Arc};

use tracing::debug;

use crate::{
    pool::{Pool, Task},
    types::digest::Key,
};

use super::{
    chain::ChainLink,
    frame::FrameKind,
    payload::{self, Packer},
};

/// zstd level of frames that have no base. On dated states of terms of service, 3 is a third faster
/// and gives an eighth more; 12 takes three times as long and saves a fiftieth.
pub(super) const LEVEL_ALONE: i32 = 9;
/// zstd level of solid frames. On wire stories 9 takes three quarters more and saves a fiftieth.
const LEVEL_SOLID: i32 = 6;

/// How hard zstd tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompressionLevels {
    /// For frames without a base.
    pub alone: i32,
    /// For frames against a base; none: the parameters that serve these best.
    pub based: Option<i32>,
    /// For solid frames.
    pub solid: i32,
}

impl CompressionLevels {
    /// The same for all.
    pub fn all(level: i32) -> Self {
        Self { alone: level, based: Some(level), solid: level }
    }
}

impl Default for CompressionLevels {
    fn default() -> Self {
        Self { alone: LEVEL_ALONE, based: None, solid: LEVEL_SOLID }
    }
}

/// Bytes under way at once, for each thread beside the first.
const UNDERWAY_BYTES: usize = 4 << 20;

/// A frame that is to be compressed.
pub struct FrameJob {
    /// What its blobs are.
    pub kind: FrameKind,
    /// Key and length of each blob.
    pub blobs: Vec<(Key, u32)>,
    /// The bytes of all of them.
    pub raw: Arc<Vec<u8>>,
    /// What it is to be compressed against.
    pub base: Option<Based>,
}

/// A base, and how the new frame is attached to it.
pub struct Based {
    pub link: ChainLink,
    pub bytes: Arc<Vec<u8>>,
    /// It is an ancestor of the base that was chosen.
    pub skip: bool,
}

/// What comes out, in the order in which the jobs went in.
pub struct CompressedFrame {
    /// What its blobs are.
    pub kind: FrameKind,
    /// Key and length of each blob.
    pub blobs: Vec<(Key, u32)>,
    /// The bytes of all of them.
    pub raw: Arc<Vec<u8>>,
    /// The payload; none when the bytes are stored as they are.
    pub packed: Option<Vec<u8>>,
    /// The base, and whether it is an ancestor of the one that was chosen; none when a base did not
    /// help.
    pub base: Option<(ChainLink, bool)>,
}

struct Underway {
    kind: FrameKind,
    blobs: Vec<(Key, u32)>,
    raw: Arc<Vec<u8>>,
    base: Option<(ChainLink, bool)>,
    task: Task<Payload>,
}

struct Payload {
    packed: Option<Vec<u8>>,
    is_based: bool,
}

/// Frames under way, those pushed first at the front.
pub struct Compressor {
    pool: Rc<Pool>,
    levels: CompressionLevels,
    underway: VecDeque<Underway>,
    n_bytes: usize,
}

impl Compressor {
    /// Starts with nothing under way.
    pub fn new(pool: Rc<Pool>, levels: CompressionLevels) -> Self {
        Self { pool, levels, underway: VecDeque::new(), n_bytes: 0 }
    }

    /// Has a frame compressed.
    pub fn push(&mut self, job: FrameJob) {
        let FrameJob { kind, blobs, raw, base } = job;
        self.n_bytes += raw.len();
        let described = base.as_ref().map(|base| (base.link, base.skip));
        let (bytes, against) = (Arc::clone(&raw), base.map(|base| base.bytes));
        let CompressionLevels { alone, based, solid } = self.levels;
        let lengths: Vec<u32> = blobs.iter().map(|(_, n_bytes)| *n_bytes).collect();
        let task = self.pool.submit(move || match kind {
            FrameKind::Solid => compress_solid(&bytes, &lengths, solid),
            _ => compress(&bytes, alone, against.as_ref().map(|base| (&base[..], based))),
        });
        self.underway.push_back(Underway { kind, blobs, raw, base: described, task });
    }

    /// Whether one should be popped before another is pushed.
    pub fn is_full(&self) -> bool {
        self.n_bytes > (self.pool.n_threads() - 1) * UNDERWAY_BYTES
    }

    /// The first frame, once it is compressed; none when nothing is under way.
    pub fn pop(&mut self) -> Option<CompressedFrame> {
        let Underway { kind, blobs, raw, base, task } = self.underway.pop_front()?;
        self.n_bytes -= raw.len();
        let Payload { packed, is_based } = task.join();
        if let (Some((link, _)), false) = (&base, is_based) {
            debug!(target: "store", blob = %blobs[0].0, base = %link.key, "the base did not help");
        }
        let base = base.filter(|_| is_based);
        Some(CompressedFrame { kind, blobs, raw, packed, base })
    }

    /// The bytes of a blob under way.
    pub fn get(&self, key: Key) -> Option<Arc<Vec<u8>>> {
        self.underway.iter().find_map(|job| {
            let index = job.blobs.iter().position(|(known, _)| *known == key)?;
            if job.blobs.len() == 1 {
                return Some(Arc::clone(&job.raw));
            }
            let start: usize =
                job.blobs[..index].iter().map(|(_, n_bytes)| *n_bytes as usize).sum();
            Some(Arc::new(job.raw[start..start + job.blobs[index].1 as usize].to_vec()))
        })
    }
}

thread_local! {
    static PACKER: RefCell<Packer> = RefCell::default();
}

/// Compresses blobs of these lengths together.
fn compress_solid(raw: &[u8], lengths: &[u32], level: i32) -> Payload {
    PACKER.with_borrow_mut(|packer| {
        let packed = match payload::is_noise(raw, packer) {
            true => None,
            false => packer.pack_solid(raw, lengths, level),
        };
        Payload { packed, is_based: false }
    })
}

/// Compresses bytes, each way at its level.
fn compress(raw: &[u8], unbased: i32, base: Option<(&[u8], Option<i32>)>) -> Payload {
    PACKER.with_borrow_mut(|packer| {
        if let Some(packed) = base.and_then(|base| against(packer, raw, unbased, base)) {
            return Payload { packed: Some(packed), is_based: true };
        }
        let packed = match payload::is_noise(raw, packer) {
            true => None,
            false => packer.pack(raw, unbased),
        };
        Payload { packed, is_based: false }
    })
}

/// The payload against a base, if that really saves.
fn against(
    packer: &mut Packer,
    raw: &[u8],
    unbased: i32,
    (base, based): (&[u8], Option<i32>),
) -> Option<Vec<u8>> {
    let packed = packer.pack_against(raw, base, based)?;
    // Beside an eighth of the bytes no other way is worth trying.
    if packed.len() > raw.len() / 8 {
        let alone = packer.pack(raw, unbased).map_or(raw.len(), |alone| alone.len());
        if packed.len() + BASE_HEADER_BYTES >= alone - alone / 8 {
            return None;
        }
    }
    Some(packed)
}

/// What a frame's header has more when it has a base.
const BASE_HEADER_BYTES: usize = 12;

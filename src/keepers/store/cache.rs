//! Decoded frames that were used lately, up to a number of bytes.

use std::{collections::HashMap, rc::Rc};

use crate::{
    crafts::frame::Header,
    words::{digest::Digest, place::Place},
};

/// A frame with its payload decoded.
pub struct Decoded {
    /// What stood before the payload.
    pub header: Header,
    /// All its blobs, one after the other.
    pub raw: Vec<u8>,
}

impl Decoded {
    /// The blob with this turn.
    pub fn blob(&self, turn: u16) -> Option<&[u8]> {
        self.raw.get(self.header.stretch(turn)?)
    }
}

/// A least-recently-used cache with a bound in bytes.
pub struct Cache {
    frames: HashMap<(Digest, u32), (u64, Rc<Decoded>)>,
    n_bytes: usize,
    n_bytes_max: usize,
    clock: u64,
}

impl Cache {
    /// An empty cache that holds up to `n_bytes_max` decoded bytes.
    pub fn new(n_bytes_max: usize) -> Self {
        Self { frames: HashMap::new(), n_bytes: 0, n_bytes_max, clock: 0 }
    }

    /// The frame at a place, if it is still here.
    pub fn get(&mut self, place: &Place) -> Option<Rc<Decoded>> {
        self.clock += 1;
        let (used, frame) = self.frames.get_mut(&(place.pack, place.offset))?;
        *used = self.clock;
        Some(Rc::clone(frame))
    }

    /// Keeps a frame; the longest unused ones make room.
    pub fn put(&mut self, place: &Place, frame: &Rc<Decoded>) {
        self.clock += 1;
        self.n_bytes += frame.raw.len();
        let key = (place.pack, place.offset);
        if let Some((_, old)) = self.frames.insert(key, (self.clock, Rc::clone(frame))) {
            self.n_bytes -= old.raw.len();
        }
        while self.n_bytes > self.n_bytes_max && self.frames.len() > 1 {
            let Some(oldest) = self.frames.iter().min_by_key(|(_, (used, _))| *used) else { break };
            let oldest = *oldest.0;
            if let Some((_, gone)) = self.frames.remove(&oldest) {
                self.n_bytes -= gone.raw.len();
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.n_bytes = 0;
    }
}

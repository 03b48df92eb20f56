//! Packs, with and without their directory.
#![no_main]

use docarchive::internals::{backend::memory::Memory, store::{pack, pack_name}, types::digest::Digest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = pack::check(bytes);
    for (at, n_bytes) in pack::salvage(bytes) {
        assert!(at as usize + n_bytes as usize <= bytes.len());
    }
    let name = Digest::of(bytes);
    let memory = Memory::of([(pack_name(&name), bytes.into())].into());
    if let Ok(frames) = pack::directory(&memory, &name) {
        assert!(frames.iter().map(|frame| frame.n_bytes as usize).sum::<usize>() <= bytes.len());
    }
});

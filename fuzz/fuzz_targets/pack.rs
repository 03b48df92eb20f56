//! Packs, with and without their directory.
#![no_main]

use docarchive::internals::{
    backend::memory::Memory,
    store::pack,
    types::{digest::Digest, pack_id::UploadIds},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = pack::check(bytes);
    for (at, n_bytes) in pack::salvage(bytes) {
        assert!(at as usize + n_bytes as usize <= bytes.len());
    }
    let id = UploadIds::new([0; 32]).next_pack(Digest::of(bytes));
    let memory = Memory::of([(id.object_name(), bytes.into())].into());
    if let Ok(frames) = pack::directory(&memory, &id) {
        assert!(frames.iter().map(|frame| frame.n_bytes as usize).sum::<usize>() <= bytes.len());
    }
});

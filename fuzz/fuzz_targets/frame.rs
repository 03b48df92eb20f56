//! Frames, chunk lists and sketches: lengths have limits, and there is one spelling.
#![no_main]

use docarchive::internals::{
    similarity::sketch::Sketch,
    store::{chunk, frame, payload},
    types::limits,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // A checksum that fits leads deeper than chance would.
    let checksum = crc32(bytes).to_le_bytes();
    let bytes = &[&frame::MAGIC[..], &checksum, bytes].concat();
    if let Ok((header, payload, n_bytes)) = frame::parse(bytes) {
        assert!(header.n_raw() <= limits::LIST_BYTES_MAX);
        let _ = payload::Unpacker::default().unpack(payload, Some(b"a base"), header.n_raw());
        let mut again = Vec::new();
        frame::encode(&header, payload, &mut again);
        assert_eq!(again, bytes[..n_bytes]);
    }
    if let Some(chunks) = chunk::parse_list(&bytes[6..]) {
        assert_eq!(chunk::encode_list(&chunks), bytes[6..]);
    }
    if let Ok(sketch) = Sketch::parse(&bytes[6..]) {
        assert_eq!(sketch.encode(), bytes[6..]);
    }
});

/// CRC-32 of IEEE 802.3, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

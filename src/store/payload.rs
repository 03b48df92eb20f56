//! Payloads of frames: compressed, against a base or alone, and decompressed within bounds.

use zstd::zstd_safe::{
    self, CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective, WriteBuf,
    zstd_sys::ZSTD_EndDirective::{ZSTD_e_end, ZSTD_e_flush},
};

use super::frame::FrameError;

/// Compresses payloads one after the other; zstd's tables and the buffer are kept between them.
pub struct Packer {
    context: CCtx<'static>,
    buffer: Vec<u8>,
}

impl Default for Packer {
    fn default() -> Self {
        Self { context: CCtx::create(), buffer: Vec::new() }
    }
}

impl Packer {
    /// Compresses bytes; `None` when that saves nothing.
    pub fn pack(&mut self, raw: &[u8], level: i32) -> Option<Vec<u8>> {
        self.buffer.clear();
        self.buffer.reserve(zstd_safe::compress_bound(raw.len()));
        // Compression fails only for want of memory or room: then the bytes are stored as they are.
        self.context.compress(&mut self.buffer, raw, level).ok()?;
        self.packed(raw)
    }

    /// Compresses bytes against a base, with the parameters that serve this best or those of a level.
    pub fn pack_against(&mut self, raw: &[u8], base: &[u8], level: Option<i32>) -> Option<Vec<u8>> {
        self.buffer.clear();
        self.buffer.reserve(zstd_safe::compress_bound(raw.len()));
        compress_against(&mut self.buffer, raw, base, level).ok()?;
        self.packed(raw)
    }

    fn packed(&self, raw: &[u8]) -> Option<Vec<u8>> {
        (self.buffer.len() < raw.len()).then(|| self.buffer.as_slice().into())
    }

    /// Compresses blobs of these lengths together, so that damage to one leaves those before it whole.
    ///
    /// zstd gives nothing of a block in which a bit is wrong, and nothing after it. So a block ends with a
    /// blob, at the latest before one that would make it larger than [`BLOCK_BYTES`].
    pub fn pack_solid(&mut self, raw: &[u8], lengths: &[u32], level: i32) -> Option<Vec<u8>> {
        if raw.len() <= BLOCK_BYTES {
            return self.pack(raw, level);
        }
        self.buffer.resize(zstd_safe::compress_bound(raw.len()) + lengths.len() * 4, 0);
        let n_packed = self.pack_blocks(raw, lengths, level).ok()?;
        (n_packed < raw.len()).then(|| self.buffer[..n_packed].into())
    }

    fn pack_blocks(&mut self, raw: &[u8], lengths: &[u32], level: i32) -> Result<usize, usize> {
        let Self { context, buffer } = self;
        context.reset(ResetDirective::SessionAndParameters)?;
        context.set_parameter(CParameter::CompressionLevel(level))?;
        context.set_pledged_src_size(Some(raw.len() as u64))?;
        let mut out = OutBuffer::around(&mut buffer[..]);
        let mut rest = raw;
        for n_block in blocks(lengths) {
            let (block, after) = rest.split_at(n_block);
            rest = after;
            let end = if rest.is_empty() { ZSTD_e_end } else { ZSTD_e_flush };
            let mut input = InBuffer::around(block);
            while context.compress_stream2(&mut out, &mut input, end)? > 0 {
                if out.pos() == out.capacity() {
                    return Err(0);
                }
            }
        }
        Ok(out.pos())
    }
}

/// Blobs of a solid frame lie in zstd blocks of this size. Half of it takes a hundredth more room on wire
/// stories, this much a thousandth.
const BLOCK_BYTES: usize = 32 << 10;

/// The sizes of the blocks that blobs of these lengths are put into.
fn blocks(lengths: &[u32]) -> Vec<usize> {
    let mut blocks = Vec::new();
    let mut n_block = 0;
    for n_bytes in lengths.iter().map(|n| *n as usize) {
        if n_block > 0 && n_block + n_bytes > BLOCK_BYTES {
            blocks.push(std::mem::take(&mut n_block));
        }
        n_block += n_bytes;
    }
    blocks.push(n_block);
    blocks
}

/// Compresses against a base, all of which is in the window.
fn compress_against(
    out: &mut Vec<u8>,
    raw: &[u8],
    base: &[u8],
    level: Option<i32>,
) -> Result<usize, usize> {
    let mut context = CCtx::create();
    let window_log = window_log(raw.len() + base.len());
    context.set_parameter(CParameter::WindowLog(window_log))?;
    match level {
        Some(level) => context.set_parameter(CParameter::CompressionLevel(level))?,
        None => set_parameters_for_bases(&mut context, window_log)?,
    };
    context.ref_prefix(base)?;
    context.compress2(out, raw)
}

/// What is new in a revision is little: most of the time goes into filling tables with the base, and into the memory
/// for them. On dated states of terms of service an ingest at level 10 takes a tenth more time, and its packs are a
/// seventieth smaller.
fn set_parameters_for_bases(context: &mut CCtx, window_log: u32) -> Result<usize, usize> {
    let (table_log, match_min) = (window_log.min(19), if window_log <= 17 { 4 } else { 5 });
    context.set_parameter(CParameter::Strategy(zstd_safe::Strategy::ZSTD_lazy2))?;
    context.set_parameter(CParameter::HashLog(table_log))?;
    context.set_parameter(CParameter::ChainLog(table_log))?;
    context.set_parameter(CParameter::SearchLog(5))?;
    context.set_parameter(CParameter::MinMatch(match_min))
}

/// Decompresses payloads one after the other with the same tables.
pub struct Unpacker {
    context: DCtx<'static>,
    /// For beginnings: all of the payload would fit, so that nothing is copied from a window.
    beginnings: Option<DCtx<'static>>,
}

impl Default for Unpacker {
    fn default() -> Self {
        Self { context: DCtx::create(), beginnings: None }
    }
}

impl Unpacker {
    /// Decompresses a payload that must give exactly `n_raw` bytes.
    pub fn unpack(
        &mut self,
        payload: &[u8],
        base: Option<&[u8]>,
        n_raw: usize,
    ) -> Result<Vec<u8>, FrameError> {
        check_zstd_frame(payload, n_raw)?;
        let mut raw = Vec::with_capacity(n_raw);
        let found = match base {
            None => self.context.decompress(&mut raw, payload),
            Some(base) if is_plain(base) => {
                self.context.decompress_using_dict(&mut raw, payload, base)
            }
            Some(base) => {
                let mut context = DCtx::create();
                context.ref_prefix(base).and_then(|_| context.decompress(&mut raw, payload))
            }
        };
        let explain = |code| FrameError::Payload(zstd_safe::get_error_name(code).to_owned());
        let n_found = found.map_err(explain)?;
        if n_found != n_raw {
            return Err(FrameError::Payload(format!("{n_found} bytes instead of {n_raw}")));
        }
        Ok(raw)
    }

    /// Decompresses the beginning of a payload without a base: whole blocks of it, until there are
    /// `n_wanted` bytes.
    pub fn unpack_beginning(
        &mut self,
        payload: &[u8],
        n_raw: usize,
        n_wanted: usize,
    ) -> Result<Vec<u8>, FrameError> {
        check_zstd_frame(payload, n_raw)?;
        let explain = |code| FrameError::Payload(zstd_safe::get_error_name(code).to_owned());
        let context = self.beginnings.get_or_insert_with(DCtx::create);
        context.reset(ResetDirective::SessionAndParameters).map_err(explain)?;
        context.set_parameter(DParameter::StableOutBuffer(true)).map_err(explain)?;
        let mut raw = Vec::with_capacity(n_raw);
        let mut out = OutBuffer::around(&mut raw);
        each_block(context, payload, &mut out, n_wanted).map_err(explain)?;
        Ok(raw)
    }

    /// Decompresses a payload as far as that goes, to `n_raw` bytes at most.
    ///
    /// Of a damaged payload these are the blocks before the damage, and some of what comes after may be
    /// wrong.
    pub fn unpack_leading(&mut self, payload: &[u8], base: Option<&[u8]>, n_raw: usize) -> Vec<u8> {
        let mut raw = vec![0; n_raw];
        let mut out = OutBuffer::around(&mut raw[..]);
        let mut context = DCtx::create();
        if base.is_some_and(|base| context.ref_prefix(base).is_err()) {
            return Vec::new();
        }
        // How far it went is all that there is.
        let _ = each_block(&mut context, payload, &mut out, n_raw);
        let n_found = out.pos();
        raw.truncate(n_found);
        raw
    }
}

/// Decompresses block by block, until there are `n_wanted` bytes or the payload ends.
///
/// What zstd has put out before an error counts only if the error was in another call. It says how much it
/// wants next, the rest of a block and the header of the next one: each gets its own call.
fn each_block<C: WriteBuf + ?Sized>(
    context: &mut DCtx<'_>,
    payload: &[u8],
    out: &mut OutBuffer<'_, C>,
    n_wanted: usize,
) -> Result<(), usize> {
    let (mut rest, mut n_next) = (payload, ZSTD_HEADER_BYTES_MIN);
    while n_next > 0 && !rest.is_empty() && out.pos() < n_wanted {
        let n_piece = if n_next > N_BLOCK_HEADER { n_next - N_BLOCK_HEADER } else { n_next };
        let (piece, after) = rest.split_at(n_piece.min(rest.len()));
        rest = after;
        let mut input = InBuffer::around(piece);
        loop {
            let (n_in, n_out) = (input.pos(), out.pos());
            n_next = context.decompress_stream(out, &mut input)?;
            if (input.pos(), out.pos()) == (n_in, n_out) {
                break;
            }
        }
    }
    Ok(())
}

/// A payload is exactly one zstd frame: it states how much it gives, asks for no trained dictionary, and
/// any decoder has room for its window.
fn check_zstd_frame(payload: &[u8], n_raw: usize) -> Result<(), FrameError> {
    let bad = |why: &str| Err(FrameError::Payload(why.to_owned()));
    if zstd_safe::find_frame_compressed_size(payload) != Ok(payload.len()) {
        return bad("it is not one zstd frame");
    }
    if !matches!(zstd_safe::get_frame_content_size(payload), Ok(Some(n)) if n == n_raw as u64) {
        return bad("its zstd frame does not state its length");
    }
    if zstd_safe::get_dict_id_from_frame(payload).is_some() {
        return bad("its zstd frame asks for a dictionary");
    }
    if window_bytes(payload).is_none_or(|n| n > WINDOW_BYTES_MAX.max(n_raw as u64)) {
        return bad("its zstd frame has too large a window");
    }
    Ok(())
}

/// The window of a zstd frame that states its content size (RFC 8878, section 3.1.1.1.2).
fn window_bytes(frame: &[u8]) -> Option<u64> {
    let is_single_segment = frame.get(4)? & 0x20 != 0;
    if is_single_segment {
        return zstd_safe::get_frame_content_size(frame).ok().flatten();
    }
    let descriptor = u64::from(*frame.get(5)?);
    let base = 1 << (10 + (descriptor >> 3));
    Some(base + base / 8 * (descriptor & 7))
}

/// No payload's zstd frame has a larger window, unless the frame's content is larger.
const WINDOW_BYTES_MAX: u64 = 8 << 20;

/// The least that zstd needs to begin a frame.
const ZSTD_HEADER_BYTES_MIN: usize = 5;

/// The bytes of a block's header (RFC 8878, section 3.1.1.2).
const N_BLOCK_HEADER: usize = 3;

/// Whether zstd takes these bytes for raw content wherever it is given a dictionary. What begins
/// with the magic of a trained dictionary (RFC 8878, section 5) it would read as one.
fn is_plain(base: &[u8]) -> bool {
    !base.starts_with(&zstd_safe::MAGIC_DICTIONARY.to_le_bytes())
}

/// The window that so many bytes lie in, as a power of two; zstd knows none below 10.
fn window_log(n_bytes: usize) -> u32 {
    n_bytes.max(1 << 10).next_power_of_two().ilog2()
}

/// Whether bytes seem to be compressed or encrypted already, so that trying is a waste.
///
/// Eight pieces are examined: single bytes must be spread evenly, and zstd must find nothing in them.
pub fn is_noise(raw: &[u8], packer: &mut Packer) -> bool {
    if raw.len() < NOISE_BYTES_MIN {
        return false;
    }
    let stride = raw.len() / NOISE_PIECES;
    let pieces = (0..NOISE_PIECES).map(|n| &raw[n * stride..]);
    let sample: Vec<u8> = pieces.flat_map(|piece| &piece[..NOISE_PIECE_BYTES]).copied().collect();
    entropy(&sample) > NOISE_ENTROPY_MIN
        && packer.pack(&sample, 1).is_none_or(|packed| packed.len() > sample.len() / 32 * 31)
}

/// Less than this is compressed sooner than examined.
const NOISE_BYTES_MIN: usize = NOISE_PIECES * NOISE_PIECE_BYTES;
const NOISE_PIECES: usize = 8;
const NOISE_PIECE_BYTES: usize = 1 << 10;
/// Bits for a byte; as many random ones as a sample has come to 7.98.
const NOISE_ENTROPY_MIN: f64 = 7.8;

/// The entropy of single bytes, in bits for each.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let share = |n: u32| f64::from(n) / bytes.len() as f64;
    counts.iter().filter(|n| **n > 0).map(|n| -share(*n) * share(*n).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_needs_its_base() {
        let (mut packer, mut unpacker) = (Packer::default(), Unpacker::default());
        let base: Vec<u8> = (0..4000u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        let mut raw = base.clone();
        raw[8000] ^= 1;
        let packed = packer.pack_against(&raw, &base, Some(3)).unwrap();
        assert!(packed.len() < 100, "{} bytes", packed.len());
        assert_eq!(unpacker.unpack(&packed, Some(&base), raw.len()), Ok(raw.clone()));
        assert_ne!(unpacker.unpack(&packed, None, raw.len()), Ok(raw));
    }

    #[test]
    fn of_a_damaged_payload_the_blocks_before_the_damage_are_unpacked() {
        let (mut packer, mut unpacker) = (Packer::default(), Unpacker::default());
        let blobs: Vec<Vec<u8>> = (0..200u32)
            .map(|n| (0..300 + n).flat_map(|k| format!("{} ", k * n).into_bytes()).collect())
            .collect();
        let lengths: Vec<u32> = blobs.iter().map(|blob| blob.len() as u32).collect();
        let raw = blobs.concat();
        let packed = packer.pack_solid(&raw, &lengths, 6).unwrap();
        assert_eq!(unpacker.unpack(&packed, None, raw.len()), Ok(raw.clone()));
        assert_eq!(unpacker.unpack_leading(&packed, None, raw.len()), raw);
        for n_wanted in (0..=raw.len()).step_by(raw.len() / 50) {
            let found = unpacker.unpack_beginning(&packed, raw.len(), n_wanted).unwrap();
            assert!(raw.starts_with(&found), "{n_wanted} bytes");
            assert!((n_wanted..n_wanted + BLOCK_BYTES).contains(&found.len()), "{n_wanted} bytes");
        }
        let blocks = blocks(&lengths);
        assert!(blocks.len() > 5 && blocks.iter().sum::<usize>() == raw.len());
        assert!(blocks.iter().all(|n_block| *n_block <= BLOCK_BYTES));
        let n_before: usize = blocks[..blocks.len() - 1].iter().sum();
        let mut flipped = packed.clone();
        flipped[packed.len() - 9] ^= 4;
        let found = unpacker.unpack_leading(&flipped, None, raw.len());
        assert!(found.len() >= n_before && found[..n_before] == raw[..n_before]);
        assert_ne!(found, raw);
        // Cut anywhere, what is found is how it begins.
        for end in (0..packed.len()).step_by(packed.len() / 40) {
            let found = unpacker.unpack_leading(&packed[..end], None, raw.len());
            assert!(raw.starts_with(&found), "cut at {end}");
        }
    }

    #[test]
    fn any_bytes_can_be_a_base() {
        let (mut packer, mut unpacker) = (Packer::default(), Unpacker::default());
        let text: Vec<u8> = (0..9000u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        let magic = zstd_safe::MAGIC_DICTIONARY.to_le_bytes();
        let far = [&text[..], &vec![7; 3 << 20]].concat();
        for base in [&[&magic[..], &text].concat(), &far, &text[..5].to_vec(), &Vec::new()] {
            let raw = [&text[100..], b"new"].concat();
            let packed = packer.pack_against(&raw, base, None).unwrap_or_else(|| raw.clone());
            assert!(base.len() < 10 || packed.len() < 200, "{} bytes", packed.len());
            if packed != raw {
                assert_eq!(unpacker.unpack_leading(&packed, Some(base), raw.len()), raw);
                assert_eq!(unpacker.unpack(&packed, Some(base), raw.len()), Ok(raw));
            }
        }
    }

    #[test]
    fn what_was_packed_before_leaves_no_trace() {
        let texts: Vec<Vec<u8>> =
            (1..9u8).map(|n| (0..40_000u32).map(|k| (k * k / 7) as u8 / n).collect()).collect();
        let mut packer = Packer::default();
        for pair in texts.windows(2) {
            assert_eq!(packer.pack(&pair[1], 9), Packer::default().pack(&pair[1], 9));
            let against = |packer: &mut Packer| packer.pack_against(&pair[1], &pair[0], None);
            assert_eq!(against(&mut packer), against(&mut Packer::default()));
        }
    }

    /// A zstd frame of `abc` as it is, with a window of its own.
    fn with_window(descriptor: u8) -> Vec<u8> {
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x80, descriptor, 3, 0, 0, 0, 0x19, 0, 0];
        [&frame[..], b"abc"].concat()
    }

    #[test]
    fn a_payload_is_one_zstd_frame_that_states_its_length_and_a_window_within_bounds() {
        let unpack = |payload: &[u8]| match Unpacker::default().unpack(payload, None, 3) {
            Ok(raw) => assert_eq!(raw, b"abc"),
            Err(FrameError::Payload(why)) => panic!("{why}"),
            Err(other) => panic!("{other:?}"),
        };
        let refused = |payload: &[u8], words: &str| {
            let found = Unpacker::default().unpack(payload, None, 3);
            assert!(
                matches!(&found, Err(FrameError::Payload(why)) if why.contains(words)),
                "{found:?}"
            );
        };
        // 8 MiB is exponent 13, mantissa 0; the next larger window has mantissa 1.
        let (largest, larger) = (13 << 3, 13 << 3 | 1);
        unpack(&with_window(0));
        unpack(&with_window(largest));
        refused(&with_window(larger), "too large a window");
        refused(&with_window(17 << 3), "too large a window");
        let one = with_window(0);
        refused(&[&one[..], &one].concat(), "not one zstd frame");
        refused(&[&one[..], &[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]].concat(), "not one zstd frame");
        refused(&one[..one.len() - 1], "not one zstd frame");
        let unstated = [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0x19, 0, 0], &b"abc"[..]].concat();
        refused(&unstated, "does not state its length");
    }

    #[test]
    fn a_list_may_have_a_window_of_its_size_and_no_larger_one_is_ever_written() {
        let lists = [b"one list ", b"the next "].map(|line| line.repeat(1 << 20));
        let mut packer = Packer::default();
        for level in [1, 6] {
            let against = packer.pack_against(&lists[1], &lists[0], Some(level)).unwrap();
            for packed in [packer.pack(&lists[1], level).unwrap(), against] {
                assert!(window_bytes(&packed).unwrap() <= lists[1].len() as u64);
                check_zstd_frame(&packed, lists[1].len()).unwrap();
            }
        }
    }

    #[test]
    fn noise_is_not_compressed() {
        let noise: Vec<u8> = (0..64u64)
            .flat_map(|n| *crate::types::digest::Digest::of(&n.to_le_bytes()).as_bytes())
            .collect();
        assert_eq!(Packer::default().pack(&noise, 3), None);
    }

    #[test]
    fn noise_is_distinguished_from_text_by_a_sample() {
        let digest = |n: u64| *crate::types::digest::Digest::of(&n.to_le_bytes()).as_bytes();
        let noise: Vec<u8> = (0..1000).flat_map(digest).collect();
        let mut packer = Packer::default();
        assert!(is_noise(&noise, &mut packer));
        assert!(!is_noise(&noise[..4000], &mut packer), "too little to decide");
        let hex: Vec<u8> = noise.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect();
        let numbers: Vec<u8> = (0..9000u32).flat_map(u32::to_le_bytes).collect();
        let half = [&noise[..], &hex].concat();
        for other in [hex, numbers, vec![0; 9000], half] {
            assert!(!is_noise(&other, &mut packer));
        }
    }
}

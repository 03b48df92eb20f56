//! Every bound. No length read from disk is trusted before it is checked here.

/// The format of archives that this program writes and reads.
pub const FORMAT_VERSION: u64 = 1;

/// Content up to this size is one blob; above, it is cut into chunks.
pub const BLOB_BYTES_MAX: usize = 4 << 20;
/// The largest chunk list kept as one blob: 1.8 million chunks.
pub const LIST_BYTES_MAX: usize = 64 << 20;
/// The largest content: 1 TiB.
pub const CONTENT_BYTES_MAX: u64 = 1 << 40;

/// FastCDC: the size that chunks have on average. None is smaller than a quarter of it, the last one
/// apart, and none is larger than four times as much.
pub const CHUNK_BYTES_AVG: usize = 128 << 10;
/// So much of a content is cut like that;
pub const CHUNK_FINE_BYTES: u64 = 32 << 30;
/// beyond, chunks are larger, so that the list of those of 1 TiB stays within its limit.
pub const CHUNK_COARSE_BYTES_AVG: usize = 1 << 20;

/// Blobs that share one frame hold at most this many bytes together.
pub const SOLID_BYTES_MAX: usize = 256 << 10;
/// One frame holds at most this many blobs.
pub const FRAME_BLOBS_MAX: usize = 4096;
/// A frame's payload as stored: compression may not have helped.
pub const PAYLOAD_BYTES_MAX: usize = LIST_BYTES_MAX + (LIST_BYTES_MAX >> 8) + 1024;
/// Bases under a frame, itself not counted.
pub const DEPTH_MAX: u8 = 32;
/// Bytes decoded to read any one blob that has a base, bases and others in the frame included.
pub const DECODED_BYTES_MAX: u64 = 16 << 20;

/// A pack is sealed once it holds this much.
pub const PACK_BYTES_TARGET: usize = 32 << 20;
/// The largest pack accepted from disk.
pub const PACK_BYTES_MAX: u64 = 256 << 20;
/// The largest pack directory accepted from disk, unpacked.
pub const DIRECTORY_BYTES_MAX: usize = 32 << 20;

/// One event, as its line of JSON.
pub const EVENT_BYTES_MAX: usize = 4 << 10;
/// One detail, as its line of JSON.
pub const DETAIL_BYTES_MAX: usize = 64 << 10;
/// A time token: with a note it fits in a detail.
pub const TOKEN_BYTES_MAX: usize = 32 << 10;
/// A time that is claimed may be off by so many seconds from what time tokens prove: clocks differ.
pub const CLOCK_SECONDS_MAX: i64 = 300;
/// Events in a bundle, as in a tlog-tiles entry bundle.
pub const BUNDLE_EVENTS: u64 = 256;
/// Bundles in one commit.
pub const COMMIT_BUNDLES_MAX: usize = 256;
/// A bundle of entries, unpacked.
pub const ENTRIES_BYTES_MAX: usize = 256 * (EVENT_BYTES_MAX + 2);
/// A bundle of details, unpacked.
pub const DETAILS_BYTES_MAX: usize = 256 * (DETAIL_BYTES_MAX + 4);
/// A commit object as stored.
pub const COMMIT_OBJECT_BYTES_MAX: usize = 512 << 20;
/// A checkpoint with all its signature lines.
pub const NOTE_BYTES_MAX: usize = 64 << 10;
/// The identity file.
pub const IDENTITY_BYTES_MAX: usize = 64 << 10;

/// A document's name, all components together.
pub const NAME_BYTES_MAX: usize = 4096;
/// One component where it is a file or a folder: file systems take no more.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// What a person may write into a note.
pub const NOTE_TEXT_BYTES_MAX: usize = 16 << 10;
/// The name of an encoding.
pub const ENCODING_NAME_BYTES_MAX: usize = 40;
/// A source address.
pub const SOURCE_BYTES_MAX: usize = 8 << 10;
/// A manifest of documents to add.
pub const MANIFEST_BYTES_MAX: u64 = 1 << 30;
/// A tag.
pub const TAG_BYTES_MAX: usize = 64;
/// Tags put on or taken off by one event.
pub const TAGS_MAX: usize = 64;

/// A transaction commits after this many revisions, so that memory stays flat.
pub const COMMIT_REVISIONS: usize = 32_768;
/// A transaction commits after this many bytes added.
pub const COMMIT_BYTES: u64 = 1 << 30;

/// Text is shown, compared and found by others up to this size.
pub const TEXT_BYTES_MAX: usize = 64 << 20;
/// A document of another format as a page, its head and tags included.
pub const PAGE_BYTES_MAX: usize = TEXT_BYTES_MAX + (1 << 20);

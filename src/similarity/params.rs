//! Every number that decides what near-duplicates are, in the order of the steps that use them.
//!
//! ```text
//!  text         three neighbouring words are a shingle; the smallest of their hashes are the sketch
//!    |
//!  postings     of each indexed hash the texts that have it
//!    |
//!  candidate    shares two of these hashes, and not only with everybody
//!  estimate     both sketches: the two texts may be near
//!  read         both texts, without the boilerplate of their sites
//!  score        shingles and passages that both have, and how rare they are: near, or not
//!    |
//!  group        near pairs that are close to each other on average
//! ```
//!
//! Each step lets more pairs through than the next one confirms: a pair that is lost early is lost,
//! one too many costs a look. The steps are in `shingles` and `sketch`; `catalog/index/postings.rs`;
//! `candidates` (two steps); `boilerplate` and `prepared`; `passages` and `score`; `groups` and
//! `clusters`. What was measured is in docs/benchmarks.md; *chosen* means that nothing was.

// Text: what is stored of each. Another value here means another `SKETCH_VERSION`.

/// Words. Texts of fewer have word pairs as shingles, too: one changed word of twenty takes three
/// triples away, and in a short text little else would be left.
pub const SHORT_TEXT_WORDS: usize = 50;
/// Words. Texts of more have the larger sketch: an article quoted in a book is a small part of it.
pub const LONG_TEXT_WORDS: usize = 20_000;
/// Hashes in the sketch of an ordinary text. The standard error of an estimated resemblance is then
/// at most 1/16, and a sketch takes 262 bytes.
pub const SKETCH_HASHES: usize = 64;
/// Hashes in the sketch of a long text.
pub const SKETCH_HASHES_LONG: usize = 128;
/// Distinct shingles that are counted exactly while a sketch is made; beyond, their number is
/// estimated, within a few per cent. Chosen: the buffer, of twice as many hashes, has 16 KiB.
pub const SHINGLES_COUNTED_MAX: usize = 2048;

// Postings: what the index has of each text.

/// Hashes of a sketch that are indexed, the smallest. Of labelled copies of news scanned with 5 % of
/// the characters wrong, 98 in 100 share two of the 48 smallest, 95 two of the 32 smallest.
pub const HASHES_INDEXED: usize = 48;
/// Contents. A hash that more have is common and speaks for no pair; it bounds the work of a look-up.
pub const POSTINGS_PER_HASH_MAX: usize = 128;
/// Contents. A hash is rare that so many have at most: a small archive may well hold twenty copies.
pub const RARE_CONTENTS_MIN: usize = 20;
/// In a large archive a hash is rare that one content in so many has.
pub const RARE_CONTENTS_DIVISOR: usize = 500;
/// Hits, of 16 bytes each, that are counted at a time: 128 MiB. Queries with more are split.
pub const HITS_MAX: usize = if cfg!(test) { 100 } else { 8 << 20 };
/// Sketches looked up in one pass over the index. Their hashes fall everywhere in it, and a pass over
/// all of it costs less than so many look-ups.
pub const SKETCHES_PER_PASS: usize = 32 << 10;

// Candidate: who shares enough hashes to be looked at.

/// Indexed hashes that two texts share at least. One is often chance.
pub const HASHES_SHARED_MIN: usize = 2;
/// Times a wanted resemblance r, less the slack: the share of the indexed hashes that must be shared.
/// About 2r/(1 + r) are to be expected; the rest is room for chance and boilerplate.
pub const HASHES_SHARED_OF_RESEMBLANCE: f64 = 0.5;
/// Share of a sketch's hashes. Where more are common, the text comes from a template, and the leaders
/// of these hashes are candidates.
pub const TEMPLATE_COMMON_SHARE: f64 = 0.5;
/// Contents that are kept of a common hash, the first: its leaders. Of 10,000 invoices from one
/// template each is compared with these. One could be odd; each more is another comparison for all.
pub const LEADERS_PER_HASH: usize = 2;
/// Rarity taken where the index does not know which hashes are rare: of a text that is the latest of
/// no document, and of the same bytes. It keeps no pair out.
pub const RARITY_ASSUMED: f64 = 1.0;

// Estimate: who may be near, by the sketches.

/// Resemblance. So far below the threshold an estimate may lie: three standard errors, and a little.
pub const ESTIMATE_SLACK: f64 = 0.2;
/// Containment in a sketch from which on a text may be a copy. It rests on few hashes of a long text,
/// so half of what is asked of the texts themselves.
pub const CONTAINED_ESTIMATED_MIN: f64 = CONTAINED_MIN / 2.0;

// Read: texts without the boilerplate of their sites. Texts beyond `limits::TEXT_BYTES_MAX` are not.

/// Documents that show a site's boilerplate. Chosen: even teasers that change recur among so many.
pub const SITE_SAMPLE_TEXTS_MAX: usize = 64;
/// Documents. From fewer nothing can be learnt: see [`BOILERPLATE_TEXTS_MIN`].
pub const SITE_SAMPLE_TEXTS_MIN: usize = 3;
/// Bytes. Longer texts are no pages, and are not sampled; so a sample is at most 16 MiB.
pub const SAMPLED_TEXT_BYTES_MAX: u64 = 256 << 10;
/// Texts of the sample that share a line of boilerplate. Two may be copies of each other.
pub const BOILERPLATE_TEXTS_MIN: usize = 3;
/// Share of a text's words in shared lines. Less is chance;
pub const BOILERPLATE_SHARE_MIN: f64 = 0.1;
/// where it is more, the texts are versions of one rather than pages.
pub const BOILERPLATE_SHARE_MAX: f64 = 0.8;
/// Texts. Fewer are more easily versions of one;
pub const FEW_TEXTS: usize = 8;
/// of them no more than this share of the words may be boilerplate.
pub const BOILERPLATE_SHARE_MAX_OF_FEW: f64 = 0.6;
/// Share of the sampled texts that are pages, within the two shares above. With fewer, the site is a
/// folder that holds some copies among other texts, and has no boilerplate.
pub const PAGES_SHARE_MIN: f64 = 0.5;
/// Share of a text's words that must be left without boilerplate, else nothing is taken away: it is
/// rather one of several copies on its own site.
pub const OWN_WORDS_SHARE_MIN: f64 = 0.1;
/// Bytes of boilerplate kept in memory. Chosen: that of some thousand sites.
pub const BOILERPLATE_CACHE_BYTES_MAX: usize = 32 << 20;
/// Bytes of texts made ready that are kept in memory while one component is compared. Chosen: most
/// components fit whole, and each of their texts is read once.
pub const PREPARED_BYTES_MAX: usize = 64 << 20;

// Score: how close two texts are.

/// Words of a seed, from which passages grow. A badly scanned line keeps pairs where it loses
/// triples.
pub const SEED_WORDS: usize = 2;
/// Places of one seed in a text that count, the first: `of the` stands everywhere, and all places of
/// one text by all of the other would be too many.
pub const SEED_PLACES_MAX: usize = 4;
/// Words. Seeds further apart are of two passages.
pub const PASSAGE_GAP_WORDS_MAX: usize = 12;
/// Words by which the distances between two seeds may differ in the two texts: a scan joins words and
/// takes them apart, an editor drops one.
pub const PASSAGE_DRIFT_WORDS_MAX: usize = 4;
/// Passages that are open at the same time; of more, the oldest is closed. It bounds the work for
/// each seed.
pub const PASSAGES_OPEN_MAX: usize = 32;
/// Share of a word's characters, beginning and end together, that is the same in a word that looks
/// like it.
pub const WORD_ALIKE_SHARE_MIN: f64 = 0.5;
/// Share of the words of one of two near-duplicates that lies in passages the other has, times the
/// rarity of the hashes they share.
///
/// On labelled copies, scanned or with boilerplate around them, this finds more and confuses less than
/// any threshold on resemblance. The value favours precision.
pub const COPIED_MIN: f64 = 0.35;
/// Containment, of one text at least, without which nothing is called a copy: a few turns of phrase
/// are none. A pair below is not searched for passages either.
pub const CONTAINED_MIN: f64 = 0.1;
/// Shared shingles, times rarity, without which nothing is called a copy.
pub const RARE_SHINGLES_MIN: f64 = 8.0;
/// Resemblance of two texts that are near-duplicates however common their words are: reports from one
/// template resemble each other by a half.
pub const RESEMBLANCE_SURE: f64 = 0.6;

// Group: which pairs belong together.

/// Share of the threshold that the pairs between two groups must average to become one. Abridgements
/// of one story may share little with each other, and pairs that were no candidates count as nothing.
pub const GROUP_AVERAGE_SHARE: f64 = 0.5;
/// Score at most of a pair that is no copy: just what groups average, so that it brings none together
/// and keeps none apart.
pub const NO_COPY_SCORE_MAX: f64 = COPIED_MIN * GROUP_AVERAGE_SHARE;

// What is reported.

/// Words. Shorter passages are turns of phrase, and explain nothing.
pub const EXPLAINED_PASSAGE_WORDS_MIN: usize = 5;
/// New texts of a commit that are all compared with what was there before; of more only a sample.
pub const NEW_TEXTS_COMPARED_MAX: usize = 1024;
/// New texts in that sample, evenly spread: the share that it shows is within a few per cent, and
/// `add` takes 4 % longer.
pub const NEW_TEXTS_SAMPLE: usize = 128;
/// Neighbours reported of one new text, the nearest.
pub const NEW_TEXT_NEIGHBOURS_MAX: usize = 3;

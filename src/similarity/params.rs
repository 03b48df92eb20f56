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
//!  score        the share of the shorter that lies in passages of both which weigh enough
//!  friends      pairs that were no candidates, and are both near to the same third, are read as well
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
/// Hashes in the sketch of a short text, at most. The standard error of an estimated resemblance is then
/// at most 1/16, and a sketch takes 263 bytes.
pub const SKETCH_HASHES: usize = 64;
/// The largest hash that a sketch keeps and the index has, however many there are: one in eight. A story
/// on a page among forty others is as likely to be found as one alone.
pub const SAMPLED_HASH_MAX: u32 = u32::MAX >> 3;
/// Distinct shingles that are counted exactly while a sketch is made; beyond, their number is
/// estimated, within a few per cent. A sketch has no more hashes, so of texts of more than 32,000 words
/// it samples fewer. Chosen: the buffer, of twice as many hashes, has 32 KiB.
pub const SHINGLES_COUNTED_MAX: usize = 4096;

// Postings: what the index has of each text.

/// Hashes of a short text's sketch that are indexed, the smallest. Of labelled copies of news scanned with 5 % of
/// the characters wrong, 98 in 100 share two of the 48 smallest, 95 two of the 32 smallest.
pub const HASHES_INDEXED: usize = 48;
/// Contents. A hash that more have is common and speaks for no pair; it bounds the work of a look-up.
pub const POSTINGS_PER_HASH_MAX: usize = 128;
/// Hits, of 12 bytes each, that are counted at a time: 96 MiB. Queries with more are split.
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
// Estimate: who may be near, by the sketches.

/// Resemblance. So far below the threshold an estimate may lie: three standard errors, and a little.
pub const ESTIMATE_SLACK: f64 = 0.2;
/// Containment in a sketch from which on a text may be a copy. It rests on few hashes of a long text,
/// and a bad scan keeps few.
pub const CONTAINED_ESTIMATED_MIN: f64 = 0.05;

// Read: texts without the boilerplate of their sites. Texts beyond `limits::TEXT_BYTES_MAX` are not.

/// Documents that show a site's boilerplate. Teasers that change recur among so many: of those that every eighth page
/// has, one in a hundred stands in fewer than three of 64, and makes copies of all pages that have it.
pub const SITE_SAMPLE_TEXTS_MAX: usize = 128;
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
pub const PREPARED_BYTES_MAX: usize = 128 << 20;

// Score: how close two texts are.

/// Words of a seed, from which passages grow. A badly scanned line keeps pairs where it loses
/// triples.
pub const SEED_WORDS: usize = 2;
/// Places of one seed, those in one text times those in the other, that are all paired. Of more, `of
/// the` stands everywhere, the first goes with the first, and the last with the last.
pub const SEED_PLACES_MAX: usize = 16;
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
/// Share of a word's characters that a scanner may have read wrongly, added or lost: with half of them
/// `mths` would look like `qtrs`, as reports from one form differ;
pub const MISREAD_WORD_EDITS_MAX: f64 = 0.4;
/// and of those of some words together, which melted together or fell apart.
pub const MISREAD_GAP_EDITS_MAX: f64 = 0.4;
/// Share of their characters up to which that shows a scan; with more they may be other words.
pub const MELTED_EDITS_MAX: f64 = 0.25;
/// Characters of words in a row that are compared one by one, at most.
pub const MISREAD_CHARS_MAX: usize = 64;
/// Words by which a scanned passage may be longer at each end than its seeds say;
pub const EXTENSION_WORDS_MAX: usize = 24;
/// and so many in a row that are others end it.
pub const EXTENSION_OTHER_WORDS: usize = 2;
/// Nats that a pair of words loses of what it weighs, the logarithm of how many texts there are for one
/// that has it. What every seventh text has weighs nothing.
pub const PAIR_WEIGHT_LESS: f64 = 2.0;
/// What the seeds of a passage weigh at least to be looked at, together.
pub const SEEDS_WEIGHT_MIN: f64 = 10.0;
/// What a scanned passage may weigh more than its seeds, at most: a pair of words is none if one of them
/// was read wrongly.
pub const MISREAD_WEIGHT_TIMES_MAX: f64 = 2.0;
/// What a passage weighs at least. A few turns of phrase, or many that everybody uses, weigh less.
pub const PASSAGE_WEIGHT_MIN: f64 = 15.0;
/// Share, of the words of passages that are not the same in both texts, that looks alike: with less, both
/// are clean, and only [`RUN_WORDS_MIN`] words together that weigh enough count;
pub const CLEAN_ALIKE_SHARE_MAX: f64 = 0.12;
/// with more, one is a scan; between the two, what is asked changes evenly.
pub const SCANNED_ALIKE_SHARE_MIN: f64 = 0.4;
/// Words that were misread, at least, before one of the texts is taken for a scan, in which what stands between them
/// counts: people write a word in two ways, too.
pub const SCAN_MISREAD_WORDS_MIN: usize = 2;
/// One is enough, for what is the same or looks alike, beside so many words that look alike,
pub const SCAN_ALIKE_WORDS_MIN: usize = 3;
/// or where so many of those that differ do.
pub const SCAN_ALIKE_SHARE_SURE: f64 = 0.5;
/// Letters that two words begin with which differ in their endings alone.
pub const STEM_LETTERS_MIN: usize = 3;
/// Words that are the same or look alike, one after the other. Reports from one form have other names and
/// numbers every few words.
pub const RUN_WORDS_MIN: usize = 10;
/// The same in a passage where the texts have different numbers in the same place, as a form has that was
/// filled in twice.
pub const RUN_WORDS_MIN_OTHER_NUMBERS: usize = 15;
/// What the pairs of words in these weigh at least.
pub const RUN_WEIGHT_MIN: f64 = 20.0;
/// Share of the words of a passage of clean texts that are the same, from which on it may count as a whole,
/// however short its runs are;
pub const WHOLE_SAME_SHARE_MIN: f64 = 0.8;
/// what it weighs then, at least, less what the words cost that are others;
pub const WHOLE_WEIGHT_MIN: f64 = 120.0;
/// and what a number that is another costs besides: with many of them it is a form.
pub const WHOLE_NUMBER_COST: f64 = 16.0;
/// What a word that is another in the other text takes from the weight of a passage, in clean texts;
pub const OTHER_WORD_COST_CLEAN: f64 = 4.0;
/// and in scans.
pub const OTHER_WORD_COST_SCANNED: f64 = 1.0;
/// What a number that is another in the other text takes besides: forms that were filled in differ in them.
pub const OTHER_NUMBER_COST: f64 = 4.0;
/// Share of a passage's words that are the same or look alike, in clean texts;
pub const ALIKE_SHARE_MIN_CLEAN: f64 = 0.5;
/// and in scans.
pub const ALIKE_SHARE_MIN_SCANNED: f64 = 0.4;
/// Resemblance of two texts that are nearly all the same, so that it does not matter how common their
/// words are: all passages count.
pub const RESEMBLANCE_SURE: f64 = 0.7;
/// Words. Texts of fewer are copies when they are nearly equal, or stand as good as whole in a longer one.
pub const SHORT_LINE_WORDS: usize = 30;
/// Share of the words of two short texts that is the same, of that text in which it is less.
pub const SHORT_EQUAL_SHARE_MIN: f64 = 0.75;
/// Words in common for each word of a short text that is replaced by another.
pub const SHORT_REPLACED_WORDS_MIN: usize = 8;
/// Characters of a script without spaces that stand between two differences: so few are of one name rather than what
/// two texts have in common.
pub const SCRAP_CHARACTERS_MAX: usize = 2;
/// Letters of a word in which one may be another by a slip of the pen; of a shorter one it is rather another name.
pub const SLIP_LETTERS_MIN: usize = 6;
/// Words that two neighbouring characters amount to in a script that is written without spaces: of Han and Kana, of
/// which two or three are a word;
pub const WORDS_PER_PAIR_OF_SIGNS: f64 = 0.5;
/// and of those that spell words out. Wherever words are counted or weighed, these are.
pub const WORDS_PER_PAIR_OF_LETTERS: f64 = 0.2;
/// Share of the words of the shorter of two near-duplicates that stand in the other: in passages that
/// weigh enough, the words between their seeds included.
pub const COPIED_MIN: f64 = 0.3;

// Containment: what of a text stands in another.

/// Words of a passage that are the same, at least. Of fewer every two texts have some.
pub const COMMON_PASSAGE_WORDS_MIN: usize = 5;
/// Share of its words that they are at least, in that text in which it is longer.
pub const COMMON_PASSAGE_SHARE_MIN: f64 = 0.5;

// Frequencies: what is common in the archive.

/// Documents that show what is common.
pub const FREQUENCY_SAMPLE_TEXTS_MAX: usize = 1024;
/// Words at the beginning of each of them that are counted.
pub const FREQUENCY_TEXT_WORDS_MAX: usize = 4096;
/// Texts of the sample that a pair does not count for: two may be the copies that are compared.
pub const PAIR_TEXTS_OWN: u16 = 2;
/// Bytes at the beginning of each of them that show which words are written in lower case.
pub const LOW_WORDS_BYTES_MAX: usize = 16 << 10;
/// Texts of the sample that have a word in lower case which is no name. Two may be the copies that are compared.
pub const LOW_WORD_TEXTS_MIN: u16 = 3;
/// Texts of the sample that have a word which is known: fewer may have read it wrongly in the same way.
pub const KNOWN_WORD_TEXTS_MIN: u16 = 3;
/// In a large sample a word is known that one text in so many has.
pub const KNOWN_WORD_TEXTS_DIVISOR: u32 = 16;
/// Texts without the pair that are taken for granted besides the sample: in an archive of three texts,
/// too, most pairs of words are rare.
pub const FREQUENCY_PRIOR_TEXTS: usize = 128;

// Group: which pairs belong together.

/// Share of the threshold that the pairs between two groups must average to become one. Abridgements
/// of one story may share little with each other, and pairs that were no candidates count as nothing.
pub const GROUP_AVERAGE_SHARE: f64 = 0.5;
/// Share of the pairs between two groups that must be near, and more: one text that holds two strangers
/// is near to both, and of texts in a row each is near to the next.
pub const GROUP_CLOSE_SHARE: f64 = 0.5;
/// Score at most of a pair that is no copy: just what groups average, so that it brings none together
/// and keeps none apart.
pub const NO_COPY_SCORE_MAX: f64 = COPIED_MIN * GROUP_AVERAGE_SHARE;

// What is reported.

/// The largest share that counts of a text that does not stand whole in the other.
pub const ALL_BUT_A_WORD: f64 = 0.99;
/// Words in a row that are not said to stand in one text alone when the other has them, too, wherever.
pub const KNOWN_RUN_WORDS: usize = 5;
/// New texts of a commit that are all compared with what was there before; of more only a sample.
pub const NEW_TEXTS_COMPARED_MAX: usize = 1024;
/// New texts in that sample, evenly spread: the share that it shows is within a few per cent, and
/// `add` takes 4 % longer.
pub const NEW_TEXTS_SAMPLE: usize = 128;
/// Neighbours reported of one new text, the nearest.
pub const NEW_TEXT_NEIGHBOURS_MAX: usize = 3;

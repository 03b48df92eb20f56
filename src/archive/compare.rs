//! Comparing two contents: as texts where both are, else by digest and size.
//!
//! The catalog is asked first: contents are read only where their bytes make a difference.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    mem::take,
};

use crate::{
    diff::{self, KnownHeading},
    text::{self, Notation, PageHeading, ScopedText, Unseen, extract::ExtractionStatus},
    types::{
        document::{Document, Revision},
        error::Error,
        limits,
    },
};

pub use crate::diff::{
    Block, Comparison, Heading, ParagraphStat, Sides, Span, Stat, TextNoise, WordStat, compare,
    n_words, without_case,
};

pub use crate::text::{
    Charset, LineEnds, Locator, Locators, Metadata, MetadataField, Rule, Scope, UnseenKind,
    are_bytes_text,
};

pub use super::outside::OutsideChanges;

use super::{
    Archive,
    operand::{Facts, KnownOperand, Operand, encoding, may_be_compared},
    outside::{OutsideText, differs},
    revision_text::layout,
    shared_bytes::shared_bytes,
};

/// Two contents compared.
pub struct Compared {
    /// What is known of them.
    pub facts: Sides<Facts>,
    /// What came of reading their texts; none of what is read as it is.
    pub statuses: Sides<Option<ExtractionStatus>>,
    /// How they differ.
    pub difference: Difference,
}

/// How two contents differ.
pub enum Difference {
    /// They do not, byte for byte.
    None,
    /// Both are text: what people read, and how it differs.
    Text {
        /// The texts, decoded, of pages what the scope says.
        texts: Sides<String>,
        /// Where in documents of other formats they stand.
        locators: Box<Sides<Locators>>,
        /// How much of pages they are; `None` where neither is a page.
        scope: Option<Scope>,
        /// What differs outside of their main parts; `None` where all is in the texts.
        outside: Option<Box<OutsideChanges>>,
        /// How they differ; nothing when only what is not shown differs.
        comparison: Box<Comparison>,
        /// What pages say otherwise of themselves, in the order in which it matters.
        metadata: Vec<MetadataChange>,
        /// What differs of pages that is not in their texts, and how often.
        unseen: Vec<UnseenChanges>,
        /// What differs where no word does; `None` if words differ, or stand elsewhere.
        noise: Option<Noise>,
    },
    /// At least one is no text.
    Binary {
        /// How many bytes both have at least, where that was asked for and can be known.
        n_shared_bytes: Option<u64>,
    },
    /// At least one has more bytes than are compared as text.
    TooLong {
        /// The same.
        n_shared_bytes: Option<u64>,
    },
}

/// How texts are read to be compared.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompareOptions {
    /// The encoding of those that do not prove theirs.
    pub encoding: Option<Charset>,
    /// How much of pages.
    pub scope: Scope,
    /// Count how many bytes are shared by what is not compared as text; up to 64 MiB of each is read for that.
    pub counts_shared_bytes: bool,
}

/// What differs between two texts of the same words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Noise {
    /// Their encodings, where these differ.
    pub encodings: Option<Sides<&'static str>>,
    /// Only one has a byte order mark.
    pub mark: bool,
    /// What ends their lines, where that differs.
    pub line_ends: Option<Sides<LineEnds>>,
    /// The markup of pages, and the quotes and separators of values.
    pub markup: bool,
    /// What differs in the texts.
    pub text: TextNoise,
}

/// What a page says otherwise of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataChange {
    /// Of what.
    pub field: MetadataField,
    /// What it says; `None` where it says nothing.
    pub values: Sides<Option<String>>,
}

/// How much differs of one sort of things that are not in the text of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnseenChanges {
    /// Which sort.
    pub kind: UnseenKind,
    /// How many came, went or are others.
    pub n_changed: usize,
}

/// The encoding that a text is read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundEncoding {
    /// Its name.
    pub name: &'static str,
    /// How it was found.
    pub rule: Rule,
}

impl fmt::Display for FoundEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.name, self.rule.words())
    }
}

impl Difference {
    /// Whether anything differs that people read: words, of pages those of the main part and other text, or what a page
    /// says of its title, author, date or content.
    pub fn is_read(&self) -> bool {
        match self {
            Self::None => false,
            Self::Text { comparison, metadata, outside, .. } => {
                !comparison.is_same()
                    || outside.as_ref().is_some_and(|it| it.is_read)
                    || metadata.iter().any(MetadataChange::is_read)
            }
            Self::Binary { .. } | Self::TooLong { .. } => true,
        }
    }
}

impl MetadataChange {
    /// Whether people read it; the rest is for machines, or is written anew with every change of the page.
    pub fn is_read(&self) -> bool {
        match self.field {
            MetadataField::Title
            | MetadataField::Byline
            | MetadataField::Published
            | MetadataField::Description => true,
            MetadataField::Modified
            | MetadataField::Site
            | MetadataField::Address
            | MetadataField::Language
            | MetadataField::Pages => false,
        }
    }
}

impl Compared {
    /// The unified patch that turns the one text into the other as they were compared; empty if they are equal, and
    /// none where they are no texts.
    pub fn text_patch(&self, names: Sides<&[u8]>, context: usize) -> Option<Vec<u8>> {
        match &self.difference {
            Difference::None => Some(Vec::new()),
            Difference::Text { texts, .. } => {
                let bytes = Sides { a: texts.a.as_bytes(), b: texts.b.as_bytes() };
                Some(diff::unified(bytes, names, context))
            }
            Difference::Binary { .. } | Difference::TooLong { .. } => None,
        }
    }
}

impl Archive {
    /// The encoding of a revision; none where its bytes are no text, or more than is treated as text.
    pub fn encoding(
        &self,
        document: &Document,
        revision: &Revision,
        named: Option<Charset>,
    ) -> Result<Option<FoundEncoding>, Error> {
        let media_type = self.media_type_as_named((document, revision), named)?;
        if !text::are_bytes_text(&media_type) || !may_be_compared(revision.n_bytes, &media_type) {
            return Ok(None);
        }
        let bytes = self.read_whole(document, revision)?;
        let named = named.or_else(|| encoding(revision));
        let found = text::encoding(&bytes, &media_type, named);
        Ok(found.map(|(name, rule)| FoundEncoding { name, rule }))
    }

    /// Compares two contents.
    pub fn compare(
        &self,
        sides: Sides<Operand>,
        options: CompareOptions,
    ) -> Result<Compared, Error> {
        let n_kept_max = limits::TEXT_BYTES_MAX as u64;
        let known = |operand| self.known(operand, n_kept_max, options.encoding);
        let (a, b) = (known(sides.a)?, known(sides.b)?);
        let facts = Sides { a: a.facts.clone(), b: b.facts.clone() };
        let mut statuses = [&facts.a, &facts.b].map(Facts::status_unrendered);
        let difference = if facts.a.is_same(&facts.b, options.encoding) {
            Difference::None
        } else if facts.a.may_be_text() && facts.b.may_be_text() {
            self.difference_of_texts(a, b, options, &mut statuses)?
        } else {
            let n_shared_bytes =
                if options.counts_shared_bytes { self.shared_bytes(a, b)? } else { None };
            match [&facts.a, &facts.b].into_iter().all(Facts::is_text_of_any_size) {
                true => Difference::TooLong { n_shared_bytes },
                false => Difference::Binary { n_shared_bytes },
            }
        };
        let [a, b] = statuses;
        Ok(Compared { facts, statuses: Sides { a, b }, difference })
    }

    /// The unified patch that turns the one content into the other; empty if they are equal.
    pub fn patch(
        &self,
        sides: Sides<Operand>,
        names: Sides<&[u8]>,
        context: usize,
    ) -> Result<Vec<u8>, Error> {
        let n_kept_max = limits::CONTENT_BYTES_MAX;
        let known = |operand| self.known(operand, n_kept_max, None);
        let (a, b) = (known(sides.a)?, known(sides.b)?);
        if a.facts.digest == b.facts.digest {
            return Ok(Vec::new());
        }
        let a = self.bytes_of(a)?.unwrap_or_default();
        let b = self.bytes_of(b)?.unwrap_or_default();
        Ok(diff::unified(Sides { a: &a, b: &b }, names, context))
    }

    fn difference_of_texts(
        &self,
        a: KnownOperand,
        b: KnownOperand,
        options: CompareOptions,
        statuses: &mut [Option<ExtractionStatus>; 2],
    ) -> Result<Difference, Error> {
        let facts = Sides { a: a.facts.clone(), b: b.facts.clone() };
        let (Some(a), Some(b)) = (self.bytes_of(a)?, self.bytes_of(b)?) else {
            return Ok(Difference::Binary { n_shared_bytes: None });
        };
        let source = |bytes: &[u8], facts: &Facts| {
            let named = options.encoding.or(facts.encoding);
            TextSource::of(bytes, facts.media_type.clone(), named)
        };
        let sources = [source(&a, &facts.a), source(&b, &facts.b)];
        let status = |source: &Option<TextSource>, bytes: &[u8], facts: &Facts| match source {
            Some(source) => source.notation.status,
            None => text::status(bytes, &facts.media_type, options.encoding.or(facts.encoding)),
        };
        *statuses = [status(&sources[0], &a, &facts.a), status(&sources[1], &b, &facts.b)];
        let [Some(source_a), Some(source_b)] = sources else {
            let bytes = Sides { a: &a[..], b: &b[..] };
            let n_shared_bytes = options.counts_shared_bytes.then(|| shared_bytes(bytes));
            return Ok(Difference::Binary { n_shared_bytes });
        };
        drop((a, b));
        let mut sources = Sides { a: source_a, b: source_b };
        let mut found = difference(&mut sources, options.scope);
        if let Difference::Text { texts, scope, comparison, noise, metadata, .. } = &mut found {
            *metadata = metadata_changes(&sources, options.scope);
            if comparison.is_same() {
                *noise = Some(noise_of(&sources, texts, *scope));
            }
        }
        Ok(found)
    }
}

/// What a text is read from: decoded once, however often it is read.
struct TextSource {
    notation: Notation,
    media_type: String,
}

impl TextSource {
    /// Decodes bytes; `None` if they are no text.
    fn of(bytes: &[u8], media_type: String, named: Option<Charset>) -> Option<Self> {
        let notation = text::notation(bytes, &media_type, named)?;
        Some(Self { notation, media_type })
    }

    /// Whether the text is compared as it is noted.
    fn is_plain(&self) -> bool {
        text::is_compared_as_it_is(&self.notation.text, &self.media_type)
    }

    fn read(&self, scope: Scope) -> ScopedText {
        text::scoped(Cow::Borrowed(&self.notation.text), &self.media_type, scope)
    }

    /// Reads a plain text, which the notation has no more then: texts are large.
    fn take(&mut self, scope: Scope) -> ScopedText {
        text::scoped(Cow::Owned(take(&mut self.notation.text)), &self.media_type, scope)
    }

    fn metadata(&self, scope: Scope) -> Option<Metadata> {
        text::metadata(&self.notation.text, &self.media_type, scope)
    }
}

/// Of pages that have more bytes than this, both together, no main parts are looked for.
const PARTED_BYTES_MAX: usize = 16 << 20;

/// Of pages that have more tags than this, both together, the sources are compared.
const TAGS_MAX: usize = 1 << 21;

/// How two texts differ.
///
/// Of long pages the whole is compared, which is read once, or the sources. Where one page has no clear main part, whole pages are compared, unless all of it is the other's. So they are where main parts say worse
/// what changed: more words than in whole pages, since they are not the same part, or nothing at all.
fn difference(sources: &mut Sides<TextSource>, scope: Scope) -> Difference {
    let scope = scope_of(scope, Sides { a: &sources.a.notation.text, b: &sources.b.notation.text });
    let mut compared = |scope| {
        let readings = match sources.a.is_plain() && sources.b.is_plain() {
            true => Sides { a: sources.a.take(scope), b: sources.b.take(scope) },
            false => Sides { a: sources.a.read(scope), b: sources.b.read(scope) },
        };
        ScopedComparison::of(readings, sources)
    };
    let found = compared(scope);
    let (differs, is_outside) = (found.differs(), found.outside.differs);
    // A whole page may be what is the main part of the other, as where a notice came to little text.
    let are_parts = !found.has_whole() || !differs;
    if !found.has_outside() || differs != is_outside && are_parts {
        return found.difference();
    }
    let whole = compared(Scope::Page);
    let says_more = match differs {
        true => whole.n_words() < found.n_words(),
        false => whole.differs(),
    };
    if found.has_whole() || says_more { whole } else { found }.difference()
}

/// In which scope pages are compared whose main parts were asked for: one in which that is done soon.
fn scope_of(scope: Scope, sources: Sides<&str>) -> Scope {
    let n_bytes = sources.a.len() + sources.b.len();
    let n_tags = |text: &str| text.bytes().filter(|byte| *byte == b'<').count();
    match scope {
        Scope::Article if n_bytes <= PARTED_BYTES_MAX.min(TAGS_MAX) => scope,
        Scope::Article if n_tags(sources.a) + n_tags(sources.b) > TAGS_MAX => Scope::Source,
        Scope::Article if n_bytes > PARTED_BYTES_MAX => Scope::Page,
        scope => scope,
    }
}

/// What pages say otherwise of themselves; nothing unless both are pages.
fn metadata_changes(sources: &Sides<TextSource>, scope: Scope) -> Vec<MetadataChange> {
    let (Some(a), Some(b)) = (sources.a.metadata(scope), sources.b.metadata(scope)) else {
        return Vec::new();
    };
    let owned = |value: Option<&str>| value.map(str::to_owned);
    let changes = a.changes(&b).into_iter();
    changes
        .map(|(field, (a, b))| MetadataChange { field, values: Sides { a: owned(a), b: owned(b) } })
        .collect()
}

/// What differs in how texts of the same words are written.
fn noise_of<'t>(
    sources: &'t Sides<TextSource>,
    texts: &'t Sides<String>,
    scope: Option<Scope>,
) -> Noise {
    let (a, b) = (&sources.a.notation, &sources.b.notation);
    let is_separated = |source: &TextSource| text::is_separated(&source.media_type);
    let is_page = matches!(scope, Some(Scope::Article | Scope::Page))
        || is_separated(&sources.a)
        || is_separated(&sources.b);
    // A plain text was taken from its notation as it stood there.
    let noted = |noted: &'t str, text: &'t str| {
        if is_page || noted.is_empty() { text } else { noted }
    };
    let mut found = diff::noise(noted(&a.text, &texts.a), noted(&b.text, &texts.b));
    // A single line shows nothing of how others would end.
    let line_ends = a.line_ends.zip(b.line_ends).filter(|(a, b)| a != b);
    let (mark, encodings) = (a.has_mark != b.has_mark, Sides { a: a.encoding, b: b.encoding });
    let is_other = is_page && a.text != b.text;
    let composed = |it: &Notation| text::composed(Cow::Borrowed(&it.text));
    let markup = is_other && composed(a) != composed(b);
    found.composition |= is_other && !markup;
    Noise {
        encodings: (encodings.a != encodings.b).then_some(encodings),
        mark,
        line_ends: line_ends.map(|(a, b)| Sides { a, b }),
        markup,
        text: found,
    }
}

/// Two texts compared in a scope.
struct ScopedComparison {
    readings: Sides<ScopedText>,
    comparison: Comparison,
    outside: OutsideChanges,
}

impl ScopedComparison {
    fn of(readings: Sides<ScopedText>, sources: &Sides<TextSource>) -> Self {
        let layout = layout([
            (readings.a.scope, Some(&sources.a.media_type)),
            (readings.b.scope, Some(&sources.b.media_type)),
        ]);
        let Sides { a, b } = &readings;
        let known = Sides { a: known_headings(a), b: known_headings(b) };
        let known = Sides { a: known.a.as_deref(), b: known.b.as_deref() };
        let texts = Sides { a: &a.text[..], b: &b.text[..] };
        let comparison = diff::compare_laid_out(texts, layout, known);
        let outside = Sides { a: OutsideText::of(a), b: OutsideText::of(b) };
        let outside = OutsideChanges::of(outside, layout);
        Self { readings, comparison, outside }
    }

    fn differs(&self) -> bool {
        differs(&self.comparison)
    }

    /// Whether there is any text outside of the main parts.
    fn has_outside(&self) -> bool {
        !self.readings.a.rest.is_empty() || !self.readings.b.rest.is_empty()
    }

    /// Whether a page is compared as a whole, whatever the other side is.
    fn has_whole(&self) -> bool {
        let is_whole = |it: &ScopedText| it.scope == Some(Scope::Page);
        is_whole(&self.readings.a) || is_whole(&self.readings.b)
    }

    /// How many words changed in the texts.
    fn n_words(&self) -> usize {
        let WordStat { added, removed, recased, .. } = self.comparison.stat.words;
        added + removed + 2 * recased
    }

    fn difference(self) -> Difference {
        let (has_whole, has_outside) = (self.has_whole(), self.has_outside());
        let Sides { a, b } = self.readings;
        Difference::Text {
            unseen: unseen_changes(&a.unseen, &b.unseen),
            scope: match has_whole && !has_outside {
                true => Some(Scope::Page),
                false if has_whole => Some(Scope::Article),
                false => a.scope.or(b.scope),
            },
            outside: has_outside.then(|| Box::new(self.outside)),
            texts: Sides { a: a.text, b: b.text },
            locators: Box::new(Sides { a: a.locators, b: b.locators }),
            comparison: Box::new(self.comparison),
            metadata: Vec::new(),
            noise: None,
        }
    }
}

/// The headings of a page; of one that marks none, they are guessed as in other texts.
pub(super) fn known_headings(text: &ScopedText) -> Option<Vec<KnownHeading>> {
    let known = |it: &PageHeading| KnownHeading { line: it.line, level: it.level };
    let headings = text.headings.as_ref().filter(|headings| !headings.is_empty())?;
    Some(headings.iter().map(known).collect())
}

/// Counts sort by sort what differs.
fn unseen_changes(a: &[Unseen], b: &[Unseen]) -> Vec<UnseenChanges> {
    let (mut a, mut b) = (by_kind(a), by_kind(b));
    let kinds: BTreeSet<UnseenKind> = a.keys().chain(b.keys()).copied().collect();
    let changes = kinds.into_iter().map(|kind| {
        let (a, b) = (a.remove(&kind).unwrap_or_default(), b.remove(&kind).unwrap_or_default());
        let n_changed = match kind {
            UnseenKind::ListNumber => n_renumbered(&a, &b),
            _ => n_changed(&a, &b),
        };
        UnseenChanges { kind, n_changed }
    });
    changes.filter(|it| it.n_changed > 0).collect()
}

fn by_kind(all: &[Unseen]) -> BTreeMap<UnseenKind, Vec<&str>> {
    let mut by_kind: BTreeMap<UnseenKind, Vec<&str>> = BTreeMap::new();
    all.iter().for_each(|it| by_kind.entry(it.kind).or_default().push(&it.value));
    by_kind
}

/// How many values are others; what came or went beyond that came or went with its item.
fn n_renumbered(a: &[&str], b: &[&str]) -> usize {
    let (n_gone, n_come) = n_gone_and_come(a, b);
    match n_gone.min(n_come) {
        0 if a.len() == b.len() => n_changed(a, b),
        n => n,
    }
}

/// How many values came, went or are others; of those that only changed places, how many did.
fn n_changed(a: &[&str], b: &[&str]) -> usize {
    let n_head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[n_head..], &b[n_head..]);
    let n_tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - n_tail], &b[..b.len() - n_tail]);
    let (n_gone, n_come) = n_gone_and_come(a, b);
    match n_gone.max(n_come) {
        0 => a.iter().zip(b).filter(|(a, b)| a != b).count(),
        n => n,
    }
}

fn n_gone_and_come(a: &[&str], b: &[&str]) -> (usize, usize) {
    let mut counts: HashMap<&str, isize> = HashMap::with_capacity(a.len());
    a.iter().for_each(|value| *counts.entry(value).or_default() += 1);
    b.iter().for_each(|value| *counts.entry(value).or_default() -= 1);
    let n_gone: isize = counts.values().filter(|n| **n > 0).sum();
    let n_come: isize = -counts.values().filter(|n| **n < 0).sum::<isize>();
    (n_gone.unsigned_abs(), n_come.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "The harbour is closed, the board said, to ships of more than 20 metres, until the gap \
        is filled with rock from the quarry at Harrow Ness, which takes a week or two.";

    /// In which scope, how many words changed, and outside: whether text did, and how many words came and went.
    fn page_difference(a: &str, b: &str) -> (Option<Scope>, usize, Option<(bool, usize, usize)>) {
        let source =
            |page: &str| TextSource::of(page.as_bytes(), "text/html".to_owned(), None).unwrap();
        let mut sources = Sides { a: source(a), b: source(b) };
        match difference(&mut sources, Scope::default()) {
            Difference::Text { scope, comparison, outside, .. } => {
                let n_words = comparison.stat.words.added + comparison.stat.words.removed;
                let outside = outside.filter(|it| it.differs);
                (scope, n_words, outside.map(|it| (it.is_read, it.n_added, it.n_removed)))
            }
            _ => panic!("no texts"),
        }
    }

    #[test]
    fn whole_pages_are_compared_where_main_parts_say_worse_what_changed() {
        let article = format!("<div><p>{TEXT}<p>{TEXT}</div>");
        let (menu, sign) = ("<ul><li><a href=/>Home</a></ul>", "<nav>Back</nav>");
        let (page, changed) = (format!("{menu}{article}"), format!("{menu}{article}{sign}"));
        let outside = Some((false, 1, 0));
        assert_eq!(page_difference(&page, &changed), (Some(Scope::Article), 0, outside));
        // One of them has no main part.
        let short = format!("{menu}<p>Moved.");
        assert_eq!(page_difference(&page, &short).0, Some(Scope::Page));
        // A notice comes to a page with little text.
        let status = format!("{menu}<main><h1>Status</h1><p>All ferries run on time.</main>");
        let notice = "<div class=cookie-banner><p>We use cookies.</p><button>Yes</button></div>";
        let (noticed, late) = (format!("{notice}{status}"), status.replace("on time", "late"));
        let found = page_difference(&status, &noticed);
        assert_eq!(found, (Some(Scope::Article), 0, Some((false, 4, 0))));
        assert_eq!(page_difference(&status, &late).1, 3);
        assert_eq!(page_difference(&noticed, &format!("{notice}{late}")).1, 3);
        // One word makes another part the main one.
        let part = |text: &str| {
            format!("<div>{menu}<div>{menu}<div><p>{text}</p><p>{TEXT}</p></div></div></div>")
        };
        let (text, other) = (TEXT.repeat(4), TEXT.repeat(4).to_uppercase());
        let two = |a: &str, b: &str| part(&format!("{text}{a}")) + &part(&format!("{other}{b}"));
        let found = page_difference(&two(" a, b, c,", ""), &two(" a, b, c,", " a, b, c, d, e,"));
        assert_eq!(found, (Some(Scope::Page), 5, None));
        // The menu was above and is below.
        let (above, below) = (format!("{menu}{article}"), format!("{article}{menu}"));
        assert_eq!(page_difference(&above, &below), (Some(Scope::Page), 0, None));
    }

    // A price beside the main part was told as the same words.
    #[test]
    fn text_outside_of_main_parts_is_read_and_what_leads_elsewhere_is_not() {
        let page = |beside: &str| {
            format!(
                "<nav>Home</nav><div><div>{beside}</div></div><article><p>{TEXT}<p>{TEXT}</article>"
            )
        };
        let is_read = |a: &str, b: &str| page_difference(&page(a), &page(b)).2.map(|it| it.0);
        for (a, b, expected) in [
            ("You may cancel within 14 days.", "You may cancel within 30 days.", true),
            (
                "<div>Incl. VAT</div><div>14,96 €</div>",
                "<div>Incl. VAT</div><div>94,96 €</div>",
                true,
            ),
            ("<p>12 readers", "<p>13 readers", false),
            ("<a href=/1>Rain.</a> <p>So it is.", "<a href=/1>Sun.</a> <p>So it is.", false),
            (
                "<div class=related>Whales came.</div>",
                "<div class=related>Ships came.</div>",
                false,
            ),
            ("<aside>Weather: rain.</aside>", "<aside>Weather: sun.</aside>", false),
        ] {
            assert_eq!(is_read(a, b), Some(expected), "{a}");
        }
    }

    #[test]
    fn list_items_are_counted_that_have_another_number() {
        let changed = |a: &str, b: &str| {
            let source =
                |page: &str| TextSource::of(page.as_bytes(), "text/html".to_owned(), None).unwrap();
            let mut sources = Sides { a: source(a), b: source(b) };
            match difference(&mut sources, Scope::default()) {
                Difference::Text { unseen, .. } => unseen.iter().map(|it| it.n_changed).sum(),
                _ => 0,
            }
        };
        let list = |open: &str, n: usize| format!("<{open}>{}</ol></ul>", "<li>a".repeat(n));
        for (a, b, expected) in [
            (list("ol", 3), list("ol start=5", 3), 3),
            (list("ol", 3), list("ol", 4), 0),
            (list("ol", 3), list("ul", 3), 3),
            (list("ol", 3), list("ol", 2) + &list("ol", 1), 1),
            (list("ol", 2), list("ol reversed", 2), 2),
            (list("ol", 2), list("ol type=a", 2), 2),
        ] {
            assert_eq!(changed(&a, &b), expected, "{a} {b}");
        }
    }

    #[test]
    fn of_long_pages_the_whole_is_compared_or_the_source() {
        let scopes = |a: &str, b: &str| {
            let all = [Scope::Article, Scope::Page, Scope::Source];
            all.map(|scope| scope_of(scope, Sides { a, b }))
        };
        let (long, half) = ("a".repeat(PARTED_BYTES_MAX), "<".repeat(TAGS_MAX / 2));
        let as_asked = [Scope::Article, Scope::Page, Scope::Source];
        assert_eq!(scopes(&long, ""), as_asked);
        assert_eq!(scopes(&long, "b"), [Scope::Page, Scope::Page, Scope::Source]);
        assert_eq!(scopes(&half, &half), as_asked);
        let more = format!("{half}<");
        assert_eq!(scopes(&half, &more), [Scope::Source, Scope::Page, Scope::Source]);
    }

    #[test]
    fn what_is_not_seen_is_counted_sort_by_sort() {
        let unseen = |all: &[(UnseenKind, &str)]| -> Vec<Unseen> {
            let one = |(kind, value): &(UnseenKind, &str)| Unseen {
                kind: *kind,
                value: (*value).to_owned(),
            };
            all.iter().map(one).collect()
        };
        let counted =
            |a: &[(UnseenKind, &str)], b: &[(UnseenKind, &str)]| -> Vec<(UnseenKind, usize)> {
                let changes = unseen_changes(&unseen(a), &unseen(b));
                changes.iter().map(|it| (it.kind, it.n_changed)).collect()
            };
        use UnseenKind::{ImageText, LinkTarget};
        let (x, y, z) = ((LinkTarget, "x"), (LinkTarget, "y"), (LinkTarget, "z"));
        assert_eq!(counted(&[x, y], &[x, y]), []);
        assert_eq!(counted(&[x, y], &[x, z]), [(LinkTarget, 1)]);
        assert_eq!(counted(&[x, y], &[y, x]), [(LinkTarget, 2)]);
        assert_eq!(counted(&[x], &[x, y, z, (ImageText, "x")]), [(LinkTarget, 2), (ImageText, 1)]);
        assert_eq!(counted(&[x, x, y], &[]), [(LinkTarget, 3)]);
    }
}

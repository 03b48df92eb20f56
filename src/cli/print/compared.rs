//! What two contents have to do with each other, in words and as JSON: how many words changed, what differs
//! where none did, what changed outside of the text.

use serde::Serialize;

use crate::{
    archive::{
        compare::{
            Compared, Difference, MetadataChange, Noise, OutsideChanges, Scope, Sides, Stat,
            UnseenChanges, UnseenKind, WordStat, compare,
        },
        extract::ExtractionStatus,
        operand::Facts,
    },
    cli::session::Session,
    types::{error::Error, limits},
};

use super::{
    about::{self, AboutLine, field_phrase, field_word, metadata_lines},
    changes::{ChangedTexts, unit},
    comparison::{self, View},
    comparison_json,
    json::typed,
    output::Output,
    page::{self, PageHead},
    terminal::{Style, counted, percent, shown_name, shown_words, size, text_columns},
};

/// A comparison with what names its sides.
#[derive(Clone, Copy)]
pub struct ShownComparison<'a> {
    /// Both names.
    pub labels: &'a Sides<String>,
    /// Lines about them.
    pub about: &'a [AboutLine],
    /// How they differ.
    pub compared: &'a Compared,
}

#[derive(Serialize)]
struct SideLine<'a> {
    label: &'a str,
    sha256: String,
    bytes: u64,
    media_type: &'a str,
    text: Option<&'static str>,
}

#[derive(Serialize)]
struct DiffLine<'a> {
    a: SideLine<'a>,
    b: SideLine<'a>,
    kind: &'static str,
    scope: Option<&'static str>,
    paragraphs: Option<comparison_json::ParagraphCounts>,
    words: Option<comparison_json::WordCounts>,
    shared_bytes: Option<u64>,
    outside: Option<OutsideLine<'a>>,
    metadata: Option<Vec<MetadataLine<'a>>>,
    unseen: Option<UnseenCounts>,
    noise: Option<NoiseLine>,
    coarse: bool,
    blocks: Option<comparison_json::BlockLines<'a>>,
}

/// What changed that is visible and not in the main part.
#[derive(Serialize)]
struct OutsideLine<'a> {
    differs: bool,
    read: bool,
    added: usize,
    removed: usize,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

impl<'a> OutsideLine<'a> {
    fn of(changes: &'a OutsideChanges) -> Self {
        let OutsideChanges { differs, is_read, n_added, n_removed, first } = changes;
        Self {
            differs: *differs,
            read: *is_read,
            added: *n_added,
            removed: *n_removed,
            before: first.a.as_deref(),
            after: first.b.as_deref(),
        }
    }
}

/// What a page says otherwise of itself.
#[derive(Serialize)]
struct MetadataLine<'a> {
    field: &'static str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

impl<'a> MetadataLine<'a> {
    fn of(change: &'a MetadataChange) -> Self {
        let Sides { a, b } = &change.values;
        Self { field: field_word(change.field), before: a.as_deref(), after: b.as_deref() }
    }
}

/// What differs where no word does; of encodings and line ends both sides.
#[derive(Serialize)]
struct NoiseLine {
    encoding: Option<[&'static str; 2]>,
    byte_order_mark: bool,
    line_ends: Option<[&'static str; 2]>,
    white_space: bool,
    marks: bool,
    composition: bool,
    invisible: bool,
    markup: bool,
}

impl NoiseLine {
    fn of(noise: &Noise) -> Self {
        Self {
            encoding: noise.encodings.map(|it| [it.a, it.b]),
            byte_order_mark: noise.mark,
            line_ends: noise.line_ends.map(|it| [it.a.name(), it.b.name()]),
            white_space: noise.text.white_space,
            marks: noise.text.marks,
            composition: noise.text.composition,
            invisible: noise.text.invisible,
            markup: noise.markup,
        }
    }

    /// What differs, in words.
    fn parts(&self) -> Vec<String> {
        let both = |what: &str, sides: &Option<[&str; 2]>| {
            sides.map(|[a, b]| format!("{what} ({a}, now {b})"))
        };
        let flag = |what: &str, differs: bool| differs.then(|| what.to_owned());
        let parts = [
            both("encoding", &self.encoding),
            flag("byte order mark", self.byte_order_mark),
            both("line ends", &self.line_ends),
            flag("white space", self.white_space),
            flag("bullets or rules", self.marks),
            flag("composition of letters", self.composition),
            flag("invisible characters", self.invisible),
            flag("markup", self.markup),
        ];
        parts.into_iter().flatten().collect()
    }
}

/// What changed that is not in the text of a page.
#[derive(Serialize, Default)]
struct UnseenCounts {
    link_targets: usize,
    images: usize,
    embedded: usize,
    image_texts: usize,
    form_values: usize,
    list_numbers: usize,
    hints: usize,
    hidden_texts: usize,
}

impl UnseenCounts {
    fn of(unseen: &[UnseenChanges]) -> Self {
        let mut counts = Self::default();
        for UnseenChanges { kind, n_changed } in unseen {
            *match kind {
                UnseenKind::LinkTarget => &mut counts.link_targets,
                UnseenKind::Image => &mut counts.images,
                UnseenKind::Embedded => &mut counts.embedded,
                UnseenKind::ImageText => &mut counts.image_texts,
                UnseenKind::FormValue => &mut counts.form_values,
                UnseenKind::ListNumber => &mut counts.list_numbers,
                UnseenKind::Hint => &mut counts.hints,
                UnseenKind::HiddenText => &mut counts.hidden_texts,
            } = *n_changed;
        }
        counts
    }
}

impl<'a> SideLine<'a> {
    fn of(label: &'a str, facts: &'a Facts, status: Option<ExtractionStatus>) -> Self {
        Self {
            label,
            sha256: facts.digest.to_string(),
            bytes: facts.n_bytes,
            media_type: &facts.media_type,
            text: status.map(ExtractionStatus::code),
        }
    }
}

impl ShownComparison<'_> {
    /// As lines for people; only counted without a view.
    pub fn print_text(&self, session: &mut Session, view: Option<View>) -> Result<(), Error> {
        let Self { labels, about, compared } = *self;
        let heading = self.heading();
        let heading = session.out.paint(Style::Heading, &heading);
        match &compared.difference {
            Difference::None => {
                session.info(&format!("{} and {} are the same", labels.a, labels.b));
                Ok(())
            }
            Difference::Binary { n_shared_bytes } | Difference::TooLong { n_shared_bytes } => {
                session.out.line(&heading)?;
                let Compared { facts, statuses, .. } = compared;
                for (mark, facts, status) in
                    [("-", &facts.a, statuses.a), ("+", &facts.b, statuses.b)]
                {
                    let (size, digest) = (size(facts.n_bytes), facts.digest);
                    let what = what(facts, status);
                    session.out.line(&format!("{mark} {what}{size}, sha256 {digest}"))?;
                }
                if let Some(n_shared) = n_shared_bytes {
                    session.out.line(&shared_sentence(*n_shared, &compared.facts))?;
                }
                if matches!(compared.difference, Difference::TooLong { .. }) {
                    let n_bytes_max = size(limits::TEXT_BYTES_MAX as u64);
                    let sentence = format!("too long to compare as text (limit {n_bytes_max})");
                    session.out.line(&sentence)?;
                }
                Ok(())
            }
            Difference::Text { texts, locators, comparison, scope, outside, metadata, .. } => {
                session.out.line(&heading)?;
                let n_columns = view.map_or_else(text_columns, |view| view.n_columns);
                let more_lines = more_lines(compared, metadata);
                let about: Vec<&AboutLine> = about.iter().chain(&more_lines).collect();
                about::print(&mut session.out, &about, n_columns)?;
                if let Some(compared) = compared_part(*scope, outside.is_some()) {
                    session.out.line(&compared)?;
                }
                let changed = ChangedTexts::new(texts, comparison).with_locators(locators);
                let changed = changed.with_metadata(metadata);
                if let Some(view) = view {
                    comparison::print(&mut session.out, &changed, view)?;
                }
                session.out.line(&self.sentence(&changed))
            }
        }
    }

    /// As a page for a browser, and how much changed; `None` if they are no texts.
    pub fn page(&self) -> Option<(String, String)> {
        let same = (Sides::default(), compare(Sides { a: "", b: "" }));
        let (changed, metadata) = match &self.compared.difference {
            Difference::None => (ChangedTexts::new(&same.0, &same.1), Vec::new()),
            Difference::Text { texts, locators, comparison, metadata, .. } => {
                let changed = ChangedTexts::new(texts, comparison).with_locators(locators);
                (changed.with_metadata(metadata), more_lines(self.compared, metadata))
            }
            Difference::Binary { .. } | Difference::TooLong { .. } => return None,
        };
        let sentence = self.sentence(&changed);
        let (labels, about) = (self.labels, self.about);
        let head = PageHead { labels, about, metadata: &metadata, sentence: &sentence };
        Some((page::page(&head, &changed), sentence))
    }

    /// How much changed: in the text, and of what is not in it.
    fn sentence(&self, changed: &ChangedTexts<'_>) -> String {
        match &self.compared.difference {
            Difference::Text { metadata, unseen, outside, noise, .. } => {
                let metadata = metadata.iter().map(|it| field_phrase(it.field).to_owned());
                let outside = outside.as_deref().filter(|it| it.differs);
                let parts = metadata.chain(outside.map(outside_part));
                let parts = parts.chain(unseen.iter().map(unseen_part)).collect();
                let Sides { a, b } = self.compared.statuses;
                let about = SentenceAbout {
                    noise: noise.as_ref(),
                    is_rendered: a.or(b).is_some(),
                    is_part: outside.is_some(),
                };
                sentence(changed, parts, about)
            }
            Difference::None => "the two are the same".to_owned(),
            Difference::Binary { .. } | Difference::TooLong { .. } => String::new(),
        }
    }

    fn heading(&self) -> String {
        format!("{} → {}", self.labels.a, self.labels.b)
    }

    /// As one line of JSON; only counted with `stat`.
    pub fn print_json(&self, out: &mut Output, is_only_counted: bool) -> Result<(), Error> {
        let mut line = DiffLine {
            a: SideLine::of(&self.labels.a, &self.compared.facts.a, self.compared.statuses.a),
            b: SideLine::of(&self.labels.b, &self.compared.facts.b, self.compared.statuses.b),
            kind: "same",
            scope: None,
            paragraphs: None,
            words: None,
            shared_bytes: None,
            outside: None,
            metadata: None,
            unseen: None,
            noise: None,
            coarse: false,
            blocks: None,
        };
        match &self.compared.difference {
            Difference::None => {}
            Difference::Binary { n_shared_bytes } => {
                (line.kind, line.shared_bytes) = ("binary", *n_shared_bytes);
            }
            Difference::TooLong { n_shared_bytes } => {
                (line.kind, line.shared_bytes) = ("too-long", *n_shared_bytes);
            }
            Difference::Text {
                texts,
                locators,
                comparison,
                metadata,
                unseen,
                scope,
                outside,
                noise,
            } => {
                line.metadata = Some(metadata.iter().map(MetadataLine::of).collect());
                line.noise = noise.as_ref().map(NoiseLine::of);
                line.coarse = comparison.is_coarse;
                line.scope = scope.map(Scope::code);
                line.outside = outside.as_deref().map(OutsideLine::of);
                line.unseen = Some(UnseenCounts::of(unseen));
                line.kind = "text";
                line.paragraphs =
                    Some(comparison_json::ParagraphCounts::of(&comparison.stat.paragraphs));
                line.words = Some(comparison_json::WordCounts::of(&comparison.stat.words));
                if !is_only_counted {
                    let changed = ChangedTexts::new(texts, comparison).with_locators(locators);
                    line.blocks = Some(comparison_json::BlockLines(changed));
                }
            }
        }
        out.json(&typed("diff", line))
    }
}

/// What a side is that is not compared as text.
fn what(facts: &Facts, status: Option<ExtractionStatus>) -> String {
    let kind = if facts.is_text_of_any_size() { "" } else { "binary, " };
    let status = status.map(|it| format!(" (text: {})", it.code()));
    format!("{kind}{}{}, ", shown_name(facts.media_type.as_bytes()), status.unwrap_or_default())
}

/// What came of reading both texts, where one of them is not whole.
fn status_line(statuses: Sides<Option<ExtractionStatus>>) -> Option<AboutLine> {
    let is_whole = |it: Option<ExtractionStatus>| it.is_none_or(|it| it == ExtractionStatus::Ok);
    let words = |it: Option<ExtractionStatus>| match it.unwrap_or(ExtractionStatus::Ok) {
        ExtractionStatus::Broken => "broken: parts may be missing".to_owned(),
        ExtractionStatus::Truncated => "truncated: the end is missing".to_owned(),
        status => status.code().to_owned(),
    };
    let Sides { a, b } = statuses;
    let values = Sides { a: words(a), b: words(b) };
    (!(is_whole(a) && is_whole(b))).then_some(AboutLine { what: "text", values, is_text: false })
}

/// What is to be said of both texts themselves: whether they are whole, and what pages say of themselves.
fn more_lines(compared: &Compared, metadata: &[MetadataChange]) -> Vec<AboutLine> {
    status_line(compared.statuses).into_iter().chain(metadata_lines(metadata)).collect()
}

/// How much of two contents is in both.
fn shared_sentence(n_shared: u64, facts: &Sides<Facts>) -> String {
    if n_shared == 0 {
        return "no bytes in common found".to_owned();
    }
    let share = |facts: &Facts| percent(n_shared as f64 / facts.n_bytes as f64);
    let (a, b) = (share(&facts.a), share(&facts.b));
    format!("at least {} in common: {a} of the one before, {b} of the one after", size(n_shared))
}

/// What was compared, where it is not all that people see.
fn compared_part(scope: Option<Scope>, has_outside: bool) -> Option<String> {
    match scope {
        Some(Scope::Article) if has_outside => {
            Some("compared: the main part; --scope page for all of it".to_owned())
        }
        Some(Scope::Source) => Some("compared: the source".to_owned()),
        _ => None,
    }
}

/// What a sentence takes into account besides what changed.
#[derive(Clone, Copy)]
struct SentenceAbout<'a> {
    noise: Option<&'a Noise>,
    /// Of a document that is rendered other things may differ that people see.
    is_rendered: bool,
    /// Words differ outside of what was compared.
    is_part: bool,
}

/// How much changed: in the text, and of what is not in it.
fn sentence(
    changed: &ChangedTexts<'_>,
    mut parts: Vec<String>,
    about: SentenceAbout<'_>,
) -> String {
    let comparison = changed.comparison;
    let noise = about.noise.map(|noise| NoiseLine::of(noise).parts()).unwrap_or_default();
    // What a page changed besides is told by its markup.
    let has_parts = !parts.is_empty();
    parts.extend(noise.into_iter().filter(|part| !has_parts || part != "markup"));
    let stat = changed.stat();
    let text = match (comparison.is_same() || stat.is_same(), parts.is_empty()) {
        (true, true) if about.is_rendered => {
            "the bytes differ, the text that is read of them does not".to_owned()
        }
        (true, true) => "the bytes differ, the text that people read does not".to_owned(),
        (true, false) if about.is_part => "same words in the main part".to_owned(),
        (true, false) => "same words".to_owned(),
        (false, _) => text_sentence(&stat, comparison.are_lines),
    };
    let text = match comparison.is_coarse {
        true => {
            format!(
                "{text} (so long are the texts, or so much differs, that not everything was compared with everything)"
            )
        }
        false => text,
    };
    match parts.split_last() {
        None => text,
        Some((last, [])) => format!("{text}; {last} changed"),
        Some((last, others)) => format!("{text}; {} and {last} changed", others.join(", ")),
    }
}

/// How much changed outside of the main part, and where.
fn outside_part(changes: &OutsideChanges) -> String {
    let (one, many) = ("word outside the main part", "words outside the main part");
    let counted = match changes.n_added.max(changes.n_removed) as u64 {
        0 => "signs outside the main part".to_owned(),
        n => counted(n, one, many),
    };
    match excerpts(&changes.first) {
        Sides { a: Some(a), b: Some(b) } => format!("{counted} (“{a}”, now “{b}”)"),
        Sides { a: Some(a), b: None } => format!("{counted} (no longer “{a}”)"),
        Sides { a: None, b: Some(b) } => format!("{counted} (new: “{b}”)"),
        Sides { a: None, b: None } => counted,
    }
}

/// Shows no more of a paragraph outside of the main part.
const OUTSIDE_CHARS_MAX: usize = 40;
/// Chosen: so much of that is what stood before the first change.
const OUTSIDE_CHARS_BEFORE: usize = 12;

/// What two paragraphs say where they begin to differ.
fn excerpts(first: &Sides<Option<String>>) -> Sides<Option<String>> {
    let line = |text: &Option<String>| {
        text.as_ref().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (a, b) = (line(&first.a), line(&first.b));
    let both = a.iter().flat_map(|it| it.chars()).zip(b.iter().flat_map(|it| it.chars()));
    let n_same = both.take_while(|(a, b)| a == b).count();
    let cut = |text: String| {
        let chars: Vec<char> = text.chars().collect();
        let from = match chars.len() <= OUTSIDE_CHARS_MAX {
            true => 0,
            false => n_same.saturating_sub(OUTSIDE_CHARS_BEFORE),
        };
        // It begins with a word, if one begins soon.
        let is_gap = |at: &usize| *at == 0 || chars[at - 1] == ' ';
        let start = (from..=n_same.min(chars.len())).find(is_gap).unwrap_or(from);
        let end = chars.len().min(start + OUTSIDE_CHARS_MAX);
        let shown: String = chars[start..end].iter().collect();
        let (head, tail) =
            (if start > 0 { "…" } else { "" }, if end < chars.len() { "…" } else { "" });
        shown_words(&format!("{head}{shown}{tail}"))
    };
    Sides { a: a.map(cut), b: b.map(cut) }
}

fn unseen_part(changes: &UnseenChanges) -> String {
    let (one, many) = match changes.kind {
        UnseenKind::LinkTarget => ("link target", "link targets"),
        UnseenKind::Image => ("image", "images"),
        UnseenKind::Embedded => ("embedded thing", "embedded things"),
        UnseenKind::ImageText => ("image text", "image texts"),
        UnseenKind::FormValue => ("form value", "form values"),
        UnseenKind::ListNumber => ("list number", "list numbers"),
        UnseenKind::Hint => ("hint", "hints"),
        UnseenKind::HiddenText => ("hidden text", "hidden texts"),
    };
    counted(changes.n_changed as u64, one, many)
}

fn text_sentence(stat: &Stat, are_lines: bool) -> String {
    let Stat { paragraphs, words } = stat;
    let parts = [
        (paragraphs.changed, "changed"),
        (paragraphs.added, "added"),
        (paragraphs.removed, "removed"),
        (paragraphs.moved, "moved"),
        (paragraphs.rewrapped, "re-wrapped"),
        (paragraphs.regrouped, "split, joined or wrapped otherwise"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let WordStat { moved, recased, added, removed, .. } = *words;
    let some = |n: usize, what: &str| match n {
        0 => String::new(),
        n => format!(", {n} {what}"),
    };
    let more = some(moved, "moved") + &some(recased, "in other case");
    let are_signs = added + removed + moved + recased == 0
        && paragraphs.changed + paragraphs.added + paragraphs.removed > 0
        && paragraphs.moved + paragraphs.regrouped == 0;
    let signs = if are_signs { "; only signs changed" } else { "" };
    let parts = parts.join(", ");
    let (_, what) = unit(are_lines);
    format!("{what}: {parts}; words: {added} added, {removed} removed{more}{signs}")
}

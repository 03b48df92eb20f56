//! Glyphs of a page with their places, as the interpreter draws them.

use std::collections::HashMap;

use hayro_interpret::font::{Glyph as Drawn, GlyphRun, PositionedGlyph};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::object::{Dict, String as PdfString};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect, Vec2};
use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask,
};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::compose;

use super::fonts::Fonts;

/// More glyphs than a page that people read can have.
const GLYPHS_MAX: usize = 1_000_000;
/// Nested marks that are looked into.
const MARKS_MAX: usize = 64;
/// The glyphs of a word are no more than so many sizes apart.
const WORD_GAP: f32 = 0.13;

/// A piece of text at a place of the page: y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Glyph {
    /// Its characters, in [`Drawing::text`].
    pub start: u32,
    pub end: u32,
    /// Where its baseline begins.
    pub x: f32,
    pub y: f32,
    /// From there to where its baseline ends.
    pub dx: f32,
    pub dy: f32,
    /// The size of its font.
    pub size: f32,
    /// Its font has a drawing for it instead of an outline.
    pub is_drawn: bool,
}

/// All glyphs of a page in the order they are drawn.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    pub glyphs: Vec<Glyph>,
    pub text: String,
}

impl Drawing {
    /// Adds what forms hold that is not drawn, and mends the sizes of drawn fonts.
    /// Words of which all lies outside of the paper are left out.
    pub(super) fn finish(&mut self, fields: &[([f64; 4], String)], transform: Affine, paper: Rect) {
        self.keep_words_on(transform.transform_rect_bbox(paper).inflate(1.0, 1.0));
        mend_sizes(&mut self.glyphs);
        self.compose();
        let drawn: String = self.text.split_whitespace().collect();
        for (bounds, value) in fields {
            let bare: String = value.split_whitespace().collect();
            if !bare.is_empty() && !drawn.contains(&bare) && self.glyphs.len() < GLYPHS_MAX {
                self.put_field(*bounds, value, transform);
            }
        }
    }

    /// Leaves out words of which nothing lies on the paper.
    fn keep_words_on(&mut self, paper: Rect) {
        let is_on_it = |it: &Glyph| {
            let (x, y) = (f64::from(it.x), f64::from(it.y));
            let end = Point::new(x + f64::from(it.dx), y + f64::from(it.dy));
            paper.contains(Point::new(x, y)) || paper.contains(end)
        };
        let is_space = |it: &Glyph| {
            let text = self.text.get(it.start as usize..it.end as usize).unwrap_or_default();
            !text.is_empty() && text.trim().is_empty()
        };
        let is_one_word = |a: &Glyph, b: &Glyph| is_next(a, b) && !is_space(a) && !is_space(b);
        let words = self.glyphs.chunk_by(is_one_word).filter(|word| word.iter().any(is_on_it));
        self.glyphs = words.flatten().copied().collect();
    }

    /// Puts accents that are drawn by themselves on the letters they stand at.
    fn compose(&mut self) {
        for n in 1..self.glyphs.len() {
            let (Some(a), Some(b)) = (self.glyphs.get(n - 1), self.glyphs.get(n)) else { return };
            let composed = match (self.only_char(a), self.only_char(b)) {
                (Some(accent), Some(letter)) if is_at(a, b) => composed(letter, accent)
                    .map(|it| (it, n, n - 1))
                    .or_else(|| composed(accent, letter).map(|it| (it, n - 1, n))),
                _ => None,
            };
            let Some((composed, letter, accent)) = composed else { continue };
            let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
            self.text.push(composed);
            let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
            if let Some(letter) = self.glyphs.get_mut(letter) {
                (letter.start, letter.end) = (start, end);
            }
            if let Some(accent) = self.glyphs.get_mut(accent) {
                // It is nowhere any more.
                (accent.start, accent.end, accent.size) = (end, end, 0.0);
            }
        }
        self.glyphs.retain(|it| it.size > 0.0);
    }

    fn only_char(&self, glyph: &Glyph) -> Option<char> {
        let mut chars = self.text.get(glyph.start as usize..glyph.end as usize)?.chars();
        chars.next().filter(|_| chars.next().is_none())
    }

    fn put_field(&mut self, bounds: [f64; 4], value: &str, transform: Affine) {
        let [x0, y0, x1, y1] = bounds;
        let from = transform * Point::new(x0.min(x1), y0.min(y1));
        let to = transform * Point::new(x0.max(x1), y0.min(y1));
        let size = (0.7 * (y1 - y0).abs()).min(12.0);
        let up = transform * Point::new(0.0, 0.25 * size) - transform * Point::ZERO;
        let start = self.text.len();
        put(&mut self.text, value);
        self.push(start, (from + up, to + up), size, false);
    }

    /// Puts a glyph with the text since `start`.
    fn push(&mut self, start: usize, (from, to): (Point, Point), size: f64, is_drawn: bool) {
        let numbers = [from.x, from.y, to.x, to.y, size];
        let is_absurd = numbers.iter().any(|it| !it.is_finite() || it.abs() > 1e7);
        let end = u32::try_from(self.text.len());
        let (Ok(start), Ok(end), false) = (u32::try_from(start), end, is_absurd) else {
            self.text.truncate(start);
            return;
        };
        self.glyphs.push(Glyph {
            start,
            end,
            x: from.x as f32,
            y: from.y as f32,
            dx: (to.x - from.x) as f32,
            dy: (to.y - from.y) as f32,
            size: size as f32,
            is_drawn,
        });
    }
}

/// Whether a glyph begins where the one before it ends, as in a word.
fn is_next(a: &Glyph, b: &Glyph) -> bool {
    let (x, y) = (b.x - a.x - a.dx, b.y - a.y - a.dy);
    x.hypot(y) < WORD_GAP * a.size.min(b.size)
}

/// Whether two glyphs stand at one place.
fn is_at(a: &Glyph, b: &Glyph) -> bool {
    let (x, y) = (b.x - a.x + (b.dx - a.dx) / 2.0, b.y - a.y + (b.dy - a.dy) / 2.0);
    let (length, size) = (b.dx.hypot(b.dy), a.size.max(b.size));
    let (along, across) = if length > 0.0 {
        ((x * b.dx + y * b.dy) / length, (y * b.dx - x * b.dy) / length)
    } else {
        (x, y)
    };
    along.abs() < 0.25 * size && across.abs() < 0.6 * size
}

/// A letter with an accent, if that is one.
fn composed(letter: char, accent: char) -> Option<char> {
    let mark = match accent {
        '`' => '\u{300}',
        '\u{b4}' => '\u{301}',
        '^' | '\u{2c6}' => '\u{302}',
        '~' | '\u{2dc}' => '\u{303}',
        '\u{af}' => '\u{304}',
        '\u{2d8}' => '\u{306}',
        '\u{2d9}' => '\u{307}',
        '\u{a8}' => '\u{308}',
        '\u{2da}' => '\u{30a}',
        '\u{2dd}' => '\u{30b}',
        '\u{2c7}' => '\u{30c}',
        '\u{b8}' => '\u{327}',
        '\u{2db}' => '\u{328}',
        _ => return None,
    };
    let letter = match letter {
        'ı' => 'i',
        'ȷ' => 'j',
        letter => letter,
    };
    compose(letter, mark)
}

/// Fonts of drawn glyphs say what size they like: if it cannot be, it is guessed from the widths.
fn mend_sizes(glyphs: &mut [Glyph]) {
    let mut widths: HashMap<u32, Vec<f32>> = HashMap::new();
    for glyph in glyphs.iter().filter(|it| it.is_drawn && it.size > 0.0) {
        widths.entry(glyph.size.to_bits()).or_default().push(glyph.dx.hypot(glyph.dy) / glyph.size);
    }
    let factors: HashMap<u32, f32> = widths
        .into_iter()
        .filter_map(|(size, mut widths)| {
            widths.sort_by(f32::total_cmp);
            let median = widths.get(widths.len() / 2).copied()?;
            (median > 1.5 || (median > 0.0 && median < 0.15)).then_some((size, 2.0 * median))
        })
        .collect();
    for glyph in glyphs.iter_mut().filter(|it| it.is_drawn) {
        if let Some(factor) = factors.get(&glyph.size.to_bits()) {
            glyph.size *= factor;
        }
    }
}

/// What collects them.
pub(super) struct TextDevice<'d, 'f> {
    drawing: &'d mut Drawing,
    fonts: &'d mut Fonts<'f>,
    /// What the marks that are open say their text is.
    marks: Vec<Option<Actual>>,
    n_marks_more: usize,
    /// The stretch of the last run whose stretch is known.
    stretch: f64,
    /// Where the glyphs of the last run begin.
    last_run: usize,
}

/// A text that stands for all glyphs within a mark.
struct Actual {
    text: String,
    /// The glyph that carries it.
    carrier: Option<usize>,
}

impl<'d, 'f> TextDevice<'d, 'f> {
    pub(super) fn new(drawing: &'d mut Drawing, fonts: &'d mut Fonts<'f>) -> Self {
        let marks = Vec::new();
        Self { drawing, fonts, marks, n_marks_more: 0, stretch: 1.0, last_run: usize::MAX }
    }

    fn draw_run(&mut self, run: &GlyphRun<'_, '_>, transform: Affine, mode: &DrawMode) {
        let begin = self.drawing.glyphs.len();
        if begin + run.glyphs().len() > GLYPHS_MAX {
            return;
        }
        if let Some(stretch) = stretch_of(run.glyphs()) {
            self.stretch = stretch;
        }
        for glyph in run.glyphs() {
            self.draw_glyph(glyph, transform, run.writing_mode());
        }
        // Filled and stroked text is drawn twice.
        if matches!(mode, DrawMode::Stroke(_)) && self.is_repeated(begin) {
            self.drawing.glyphs.truncate(begin);
        }
        self.last_run = begin;
    }

    fn is_repeated(&self, begin: usize) -> bool {
        let glyphs = &self.drawing.glyphs;
        let (Some(last), Some(this)) = (glyphs.get(self.last_run..begin), glyphs.get(begin..))
        else {
            return false;
        };
        let same = |(a, b): (&Glyph, &Glyph)| a.x == b.x && a.y == b.y && a.dx == b.dx;
        last.len() == this.len() && last.iter().zip(this).all(same)
    }

    fn draw_glyph(
        &mut self,
        glyph: &PositionedGlyph<'_>,
        transform: Affine,
        writing_mode: WritingMode,
    ) {
        let place = transform * glyph.transform();
        let [a, b, c, d, _, _] = place.as_coeffs();
        let size = (c * c + d * d).sqrt() * 1000.0;
        let width = advance(glyph);
        let (from, to) = if writing_mode == WritingMode::Vertical {
            // The origin is that of a horizontal glyph: its middle is half an em to the right.
            let top = place * Point::new(500.0, 880.0);
            (top, top - Vec2::new(c, d) * 1000.0)
        } else {
            let from = place * Point::ZERO;
            let length = (a * a + b * b).sqrt();
            let along = if length > 0.0 { Vec2::new(a, b) / length } else { Vec2::ZERO };
            (from, from + along * (size / 1000.0 * self.stretch * width))
        };
        let start = self.drawing.text.len();
        self.put_text(glyph);
        let is_drawn = matches!(**glyph, Drawn::Type3(_));
        self.drawing.push(start, (from, to), size, is_drawn);
    }

    fn put_text(&mut self, glyph: &PositionedGlyph<'_>) {
        let n = self.drawing.glyphs.len();
        if let Some(actual) = self.marks.iter_mut().flatten().next() {
            // The first glyph carries the text of all.
            if actual.carrier.is_none() {
                actual.carrier = Some(n);
                put(&mut self.drawing.text, &actual.text);
            }
            return;
        }
        match glyph.as_unicode().filter(is_text).or_else(|| self.fonts.text(glyph)) {
            Some(BfString::Char(c)) => put_char(&mut self.drawing.text, c),
            Some(BfString::String(text)) => put(&mut self.drawing.text, &text),
            // What is not known and draws nothing parts words.
            None if is_blank(glyph) => self.drawing.text.push(' '),
            None => {}
        }
    }
}

impl<'a> Device<'a> for TextDevice<'_, 'a> {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        self.draw_run(run, props.transform, mode);
    }

    fn begin_marked_content(&mut self, _: &[u8], properties: Option<&Dict<'_>>) {
        if self.marks.len() >= MARKS_MAX {
            self.n_marks_more += 1;
            return;
        }
        let text = properties.and_then(|it| it.get::<PdfString<'_>>(b"ActualText"));
        let actual =
            text.map(|it| Actual { text: super::about::text_string(it.as_bytes()), carrier: None });
        self.marks.push(actual);
    }

    fn end_marked_content(&mut self) {
        if self.n_marks_more > 0 {
            self.n_marks_more -= 1;
        } else {
            self.marks.pop();
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

/// How wide a glyph is in thousandths of its size.
fn advance(glyph: &PositionedGlyph<'_>) -> f64 {
    let width = match &**glyph {
        Drawn::Outline(it) => it.advance_width(),
        Drawn::Type3(it) => it.advance_width(),
    };
    f64::from(width.filter(|it| it.is_finite()).unwrap_or(500.0))
}

/// Whether a glyph takes room and draws nothing.
fn is_blank(glyph: &PositionedGlyph<'_>) -> bool {
    match &**glyph {
        Drawn::Outline(it) => advance(glyph) > 0.0 && it.outline().elements().is_empty(),
        Drawn::Type3(_) => false,
    }
}

/// How much wider the glyphs of a run are than high, if they say so with one voice: a font that
/// stands in for another one has each glyph stretched by itself, to the width it already has here.
fn stretch_of(glyphs: &[PositionedGlyph<'_>]) -> Option<f64> {
    let stretch = |glyph: &PositionedGlyph<'_>| {
        let [a, b, c, d, _, _] = glyph.transform().as_coeffs();
        let (wide, high) = ((a * a + b * b).sqrt(), (c * c + d * d).sqrt());
        if high > 0.0 && wide > 0.0 { wide / high } else { 1.0 }
    };
    let (first, rest) = glyphs.split_first()?;
    let code = first.char_code();
    let other = rest.iter().find(|it| it.char_code() != code)?;
    let (one, two) = (stretch(first), stretch(other));
    Some(if (one - two).abs() < 0.01 * one { one } else { 1.0 })
}

fn is_text(text: &BfString) -> bool {
    let is_sign = |c: char| c != '\u{fffd}' && (!c.is_control() || c.is_whitespace());
    match text {
        BfString::Char(c) => is_sign(*c),
        BfString::String(text) => text.chars().any(is_sign),
    }
}

fn put(text: &mut String, more: &str) {
    for c in more.chars() {
        put_char(text, c);
    }
}

/// Puts a character as people would type it: without ligatures and shapes for positions in a word.
fn put_char(text: &mut String, c: char) {
    match c {
        '\u{fb00}'..='\u{fb06}' | '\u{fb13}'..='\u{fb17}' => text.extend(c.nfkc()),
        '\u{fb50}'..='\u{fdfb}' | '\u{fe70}'..='\u{fefc}' => text.extend(c.nfkc()),
        '\u{2f00}'..='\u{2fd5}' => text.extend(c.nfkc()),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => text.push(' '),
        '\u{ad}' => text.push('-'),
        '\u{f0b7}' | '\u{f0a7}' | '\u{f076}' => text.push('•'),
        '\u{f020}'..='\u{f07e}' => text.extend(char::from_u32(u32::from(c) - 0xf000)),
        '\u{fffd}' | '\u{feff}' => {}
        c if c.is_whitespace() => text.push(' '),
        c if c.is_control() => {}
        c => text.push(c),
    }
}

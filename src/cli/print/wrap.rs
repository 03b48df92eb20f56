//! Styled text in lines of a given width.
//!
//! White space is where lines end, and between letters as wide as two others; columns are counted as a terminal
//! does.

use unicode_width::UnicodeWidthChar as _;

use super::{
    output::Output,
    terminal::{Style, is_soft, shown_text},
};

/// Ends a line wherever it stands: what follows is another paragraph.
pub const BREAK: char = '\u{2029}';

/// Ends a line inside of a paragraph.
pub const LINE_BREAK: char = '\u{2028}';

/// Text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StyledText {
    /// As it is; made harmless when it is printed.
    pub text: String,
    /// How it looks.
    pub style: Option<Style>,
}

/// A line: texts of different styles.
pub type StyledLine = Vec<StyledText>;

/// What is never cut: a word, with marks that touch it.
#[derive(Default)]
struct Unit {
    text: String,
    /// Where texts of one style end in it.
    ends: Vec<(usize, Option<Style>)>,
    n_columns: usize,
}

/// Lines that grow unit by unit.
struct Filler {
    n_columns: usize,
    cuts_words: bool,
    lines: Vec<StyledLine>,
    n_taken: usize,
    unit: Unit,
    /// What stands before the unit if it does not begin a line.
    space: Option<(char, Option<Style>)>,
}

/// Breaks texts into lines of at most so many columns; only a longer word makes a longer line.
pub fn wrapped(texts: &[StyledText], n_columns: usize) -> Vec<StyledLine> {
    filled(texts, n_columns, false)
}

/// The same, but longer words are cut.
pub fn wrapped_to(texts: &[StyledText], n_columns: usize) -> Vec<StyledLine> {
    filled(texts, n_columns, true)
}

fn filled(texts: &[StyledText], n_columns: usize, cuts_words: bool) -> Vec<StyledLine> {
    let mut filler = Filler {
        n_columns,
        cuts_words,
        lines: vec![Vec::new()],
        n_taken: 0,
        unit: Unit::default(),
        space: None,
    };
    let is_rtl = |it: &StyledText| !it.text.is_ascii() && it.text.chars().any(is_right_to_left);
    let has_rtl = texts.iter().any(is_rtl);
    for StyledText { text, style } in texts {
        // A mark between texts of both directions would go with the wrong one.
        let is_isolated = has_rtl && style.is_some();
        if is_isolated {
            filler.letter('\u{2068}', *style);
        }
        filler.take_all(text, *style);
        if is_isolated {
            filler.letter('\u{2069}', *style);
        }
    }
    filler.end_unit();
    filler.lines
}

/// One line in the colours of an output.
pub fn painted(out: &Output, line: &StyledLine) -> String {
    let mut painted = String::new();
    for it in line {
        match it.style {
            Some(style) => painted += &out.paint(style, &it.text),
            None => painted += &it.text,
        }
    }
    painted
}

/// The columns that a line takes.
pub fn line_width(line: &StyledLine) -> usize {
    line.iter().flat_map(|it| it.text.chars()).map(|c| c.width().unwrap_or(0)).sum()
}

/// A wide sign that no line begins with.
fn ends_clause(c: char) -> bool {
    "、。，．：；？！）］｝〉》」』】〕〗…ー々".contains(c)
}

impl Filler {
    fn take_all(&mut self, text: &str, style: Option<Style>) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let n = rest.bytes().take_while(u8::is_ascii_graphic).count();
            if n > 0 && !self.cuts_words {
                self.unit.push(&rest[..n], n, style);
                rest = &rest[n..];
            } else {
                self.take(c, style);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    fn take(&mut self, c: char, style: Option<Style>) {
        if c.is_ascii_graphic() {
            self.letter(c, style);
        } else if is_soft(c) {
            // Nobody sees it.
        } else if c == BREAK || c == LINE_BREAK {
            self.end_unit();
            self.space = None;
            self.new_line();
        } else if c.is_whitespace() && c != '\u{a0}' && c != '\u{202f}' {
            self.end_unit();
            // A tab parts cells; any other white space is as good as a blank.
            let is_tab = c == '\t' || self.space.is_some_and(|it| it.0 == '\t');
            self.space = Some((if is_tab { '\t' } else { ' ' }, style));
        } else {
            let is_wide = c.width() == Some(2);
            if is_wide && self.unit.n_columns > 0 && !ends_clause(c) {
                self.end_unit();
            }
            for shown in shown_text(c.encode_utf8(&mut [0; 4])).chars() {
                self.letter(shown, style);
            }
        }
    }

    fn letter(&mut self, c: char, style: Option<Style>) {
        let width = if c.is_ascii() { 1 } else { c.width().unwrap_or(0) };
        if self.cuts_words && self.unit.n_columns + width > self.n_columns {
            self.end_unit();
        }
        self.unit.push(c.encode_utf8(&mut [0; 4]), width, style);
    }

    fn new_line(&mut self) {
        self.lines.push(Vec::new());
        self.n_taken = 0;
    }

    fn end_unit(&mut self) {
        let Unit { text, ends, n_columns } = &mut self.unit;
        let Some(first) = ends.first().map(|end| end.1) else { return };
        let space = self.space.take();
        let n_space = space.map_or(0, |it| if it.0 == '\t' { 8 } else { 1 });
        if self.n_taken > 0 && self.n_taken + n_space + *n_columns > self.n_columns {
            self.lines.push(Vec::new());
            self.n_taken = 0;
        }
        let at_start = self.n_taken == 0;
        let Some(line) = self.lines.last_mut() else { return };
        if let Some((space, style)) = space.filter(|_| !at_start) {
            let last = line.last().and_then(|it| it.style);
            // Blanks between two stretches of one style are part of both.
            let style = style.filter(|style| last == Some(*style) && first == Some(*style));
            push(line, space.encode_utf8(&mut [0; 4]), style);
            self.n_taken += n_space;
        }
        self.n_taken += *n_columns;
        let mut start = 0;
        for (end, style) in ends.drain(..) {
            push(line, &text[start..end], style);
            start = end;
        }
        text.clear();
        *n_columns = 0;
    }
}

impl Unit {
    fn push(&mut self, text: &str, n_columns: usize, style: Option<Style>) {
        self.text.push_str(text);
        self.n_columns += n_columns;
        let end = self.text.len();
        match self.ends.last_mut() {
            Some(last) if last.1 == style => last.0 = end,
            _ => self.ends.push((end, style)),
        }
    }
}

fn push(line: &mut StyledLine, text: &str, style: Option<Style>) {
    match line.last_mut() {
        Some(last) if last.style == style => last.text.push_str(text),
        _ => line.push(StyledText { text: text.to_owned(), style }),
    }
}

/// Letters of Hebrew, Arabic, Syriac, Thaana, N'Ko and their presentation forms.
pub fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[(&str, Option<Style>)], n_columns: usize) -> Vec<String> {
        let texts: Vec<StyledText> = texts
            .iter()
            .map(|(text, style)| StyledText { text: (*text).to_owned(), style: *style })
            .collect();
        let join = |line: StyledLine| line.into_iter().map(|it| it.text).collect();
        wrapped(&texts, n_columns).into_iter().map(join).collect()
    }

    #[test]
    fn lines_end_at_white_space_and_between_wide_letters() {
        assert_eq!(lines(&[("one two  three\nfour", None)], 9), ["one two", "three", "four"]);
        assert_eq!(
            lines(&[("one ", None), ("[-two-]", Some(Style::Removed)), (", x", None)], 9),
            ["one", "[-two-],", "x"]
        );
        assert_eq!(lines(&[("北京是首都", None)], 4), ["北京", "是首", "都"]);
        assert_eq!(lines(&[("extraordinary", None)], 4), ["extraordinary"]);
        assert_eq!(lines(&[("a\u{2029}b\u{1b}c", None)], 9), ["a", "b\\x1bc"]);
        assert_eq!(lines(&[("Donau\u{ad}dampf\u{200b}schiff", None)], 15), ["Donaudampfschiff"]);
        assert_eq!(lines(&[], 9), [""]);
        let long = StyledText { text: "a extraordinary".to_owned(), style: None };
        let cut = wrapped_to(&[long], 6).into_iter().flatten().map(|it| it.text);
        assert_eq!(cut.collect::<Vec<_>>(), ["a", "extrao", "rdinar", "y"]);
    }

    #[test]
    fn marked_text_of_the_other_direction_is_isolated() {
        let shown = lines(&[("a ", None), ("{+שלום+}", Some(Style::Added))], 20);
        assert_eq!(shown, ["a \u{2068}{+שלום+}\u{2069}"]);
    }
}

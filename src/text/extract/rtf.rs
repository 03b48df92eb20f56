//! Rich Text Format, as Microsoft's specification 1.9.1 has it: groups, control words, and bytes in code pages.

mod codes;

use std::collections::HashMap;

use super::margin_lines::{CHANGING, is_number_field, margin_line};
use super::page::{About, Lack, NoText, Page, PageWriter};
use crate::text::{Charset, media::without_start};
use codes::{Control, font_code_page, sign};

pub(super) use codes::code_page;

/// Groups that lie deeper in one another are read as if they did not.
const DEPTH_MAX: usize = 2000;
/// Notes at the foot of pages, and lines of heads and feet of pages, that are kept.
const NOTES_MAX: usize = 100_000;
/// So much is looked at of what a field stands for.
const INSTRUCTION_BYTES_MAX: usize = 1000;
/// Headings have so many levels.
const LEVELS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// Renders a document.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let bytes = without_start(bytes);
    if !bytes.starts_with(b"{\\rtf") {
        return Err(NoText::Malformed);
    }
    let mut reader = RtfReader::new(PageWriter::new(n_bytes_max));
    reader.read(bytes);
    reader.finish()
}

/// Where the text of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Destination {
    Body,
    /// Nowhere.
    Skip,
    FontTable,
    /// A group whose groups alone matter.
    Info,
    /// What the document says of itself.
    About(About),
    /// The parts of a time.
    Time(About),
    /// A note.
    Aside,
    /// The head or foot of a page.
    Margin,
    /// What a field stands for.
    Instruction,
    /// Text in an older form, beside that in Unicode.
    Older,
}

/// How a stretch of text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RtfStyle {
    Plain,
    High,
    Low,
    Deleted,
}

/// What holds in a group, and is as before when that ends.
#[derive(Debug, Clone, Copy)]
struct RtfState {
    destination: Destination,
    is_hidden: bool,
    style: RtfStyle,
    /// So many characters follow one in Unicode for readers that do not know it.
    n_fallback: usize,
    font: i32,
}

struct RtfReader {
    page: PageWriter,
    state: RtfState,
    outer: Vec<RtfState>,
    /// Groups that are open beyond those whose states are kept.
    n_deeper: usize,
    /// Bytes of text that wait to be decoded together.
    bytes: Vec<u8>,
    /// Stretches of the paragraph at hand.
    paragraph: Vec<(RtfStyle, String)>,
    /// The text of the group at hand that goes elsewhere.
    aside: String,
    asides: Vec<String>,
    /// What the field at hand stands for.
    instruction: String,
    charset: Charset,
    fonts: HashMap<i32, Charset>,
    /// The first half of a character above U+FFFF.
    surrogate: Option<u16>,
    /// Characters that are still to be passed over.
    n_passed: usize,
    level: Option<usize>,
    is_in_table: bool,
    time: [i32; 5],
    has_text: bool,
}

impl RtfReader {
    fn new(page: PageWriter) -> Self {
        let state = RtfState {
            destination: Destination::Body,
            is_hidden: false,
            style: RtfStyle::Plain,
            n_fallback: 1,
            font: 0,
        };
        Self {
            page,
            state,
            outer: Vec::new(),
            n_deeper: 0,
            bytes: Vec::new(),
            paragraph: Vec::new(),
            aside: String::new(),
            asides: Vec::new(),
            instruction: String::new(),
            charset: code_page(1252),
            fonts: HashMap::new(),
            surrogate: None,
            n_passed: 0,
            level: None,
            is_in_table: false,
            time: [0; 5],
            has_text: false,
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first()
            && !self.page.is_full()
        {
            rest = after;
            match first {
                b'{' => self.begin_group(),
                b'}' => self.end_group(),
                b'\\' => {
                    let (control, after) = Control::read(rest);
                    rest = after;
                    if let Control::Binary(n) = control {
                        rest = rest.get(n..).unwrap_or_default();
                    } else {
                        self.control(control);
                    }
                }
                b'\r' | b'\n' | 0 => {}
                byte => self.byte(*byte),
            }
        }
        self.flush();
        if !self.outer.is_empty() && !self.page.is_full() {
            self.page.lacks(Lack::BROKEN);
        }
    }

    fn finish(mut self) -> Result<Page, NoText> {
        self.end_paragraph();
        self.page.close("table");
        let asides = std::mem::take(&mut self.asides);
        for aside in asides {
            self.has_text = true;
            self.page.element("p", &aside);
        }
        self.page.finish_if(self.has_text)
    }

    fn begin_group(&mut self) {
        self.flush();
        self.n_passed = 0;
        match self.outer.len() < DEPTH_MAX {
            true => self.outer.push(self.state),
            false => self.n_deeper += 1,
        }
    }

    fn end_group(&mut self) {
        self.flush();
        self.n_passed = 0;
        if self.n_deeper > 0 {
            self.n_deeper -= 1;
            return;
        }
        let Some(outer) = self.outer.pop() else { return };
        let ended = std::mem::replace(&mut self.state, outer);
        if ended.destination == outer.destination || self.is_in_aside() {
            return;
        }
        let text = match ended.destination {
            it if collects(it) => std::mem::take(&mut self.aside),
            _ => return,
        };
        match ended.destination {
            Destination::About(about) => self.page.about(about, &text),
            Destination::Time(about) => {
                let [year, month, day, hour, minute] = self.time;
                if year > 0 {
                    let time = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}");
                    self.page.about(about, &time);
                }
            }
            Destination::Aside => self.put_aside(text.trim()),
            Destination::Margin => {
                text.lines().filter_map(margin_line).for_each(|line| self.put_aside(&line));
            }
            _ => {}
        }
    }

    /// Whether a note, a head or a foot is around the group at hand, or it is one.
    fn is_in_aside(&self) -> bool {
        let is_aside =
            |it: &RtfState| matches!(it.destination, Destination::Aside | Destination::Margin);
        self.outer.iter().chain([&self.state]).any(is_aside)
    }

    fn put_aside(&mut self, text: &str) {
        let is_known = self.asides.iter().rev().take(8).any(|it| it == text);
        if !text.is_empty() && !is_known && self.asides.len() < NOTES_MAX {
            self.asides.push(text.to_owned());
        }
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::Byte(byte) => self.byte(byte),
            Control::Symbol(b'~') => self.char('\u{a0}'),
            Control::Symbol(b'_') => self.char('\u{2011}'),
            Control::Symbol(b'*') => self.enter(Destination::Skip),
            Control::Symbol(byte @ (b'\\' | b'{' | b'}')) => self.byte(byte),
            Control::Symbol(b'\r' | b'\n') => self.control(Control::Word("par", None)),
            Control::Symbol(_) | Control::Binary(_) => {}
            Control::Word(word, number) => {
                self.flush();
                self.word(word, number);
            }
        }
    }

    /// Has what follows in this group go elsewhere; what goes nowhere stays there.
    fn enter(&mut self, destination: Destination) {
        self.flush();
        if self.state.destination == Destination::Skip {
            return;
        }
        // What stands in a note belongs to it.
        match collects(destination) {
            true if self.is_in_aside() => {}
            true => self.aside.clear(),
            false => {}
        }
        self.state.destination = destination;
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        if let Some(sign) = sign(word) {
            return self.char(sign);
        }
        let is_on = number != Some(0);
        match (word, number) {
            ("u", Some(code)) => self.unicode(code as u16),
            ("uc", Some(n)) => self.state.n_fallback = usize::try_from(n).unwrap_or(1).min(16),
            ("ansicpg", Some(n)) => self.charset = code_page(n),
            ("mac", _) => self.charset = code_page(10_000),
            ("pc", _) => self.charset = code_page(437),
            ("pca", _) => self.charset = code_page(850),
            ("f", Some(font)) => self.state.font = font,
            ("fcharset", Some(n)) if self.state.destination == Destination::FontTable => {
                if let Some(charset) = font_code_page(n) {
                    self.fonts.insert(self.state.font, charset);
                }
            }
            ("v", _) => self.state.is_hidden = is_on,
            ("deleted", _) => self.style(is_on, RtfStyle::Deleted),
            ("super", _) => self.style(is_on, RtfStyle::High),
            ("sub", _) => self.style(is_on, RtfStyle::Low),
            ("nosupersub", _) => self.style(false, RtfStyle::High),
            ("plain", _) => {
                self.state.is_hidden = false;
                self.state.style = RtfStyle::Plain;
            }
            _ => self.structure(word, number),
        }
    }

    fn style(&mut self, is_on: bool, style: RtfStyle) {
        self.state.style = if is_on { style } else { RtfStyle::Plain };
    }

    /// Words that part the text, or say what a group is.
    fn structure(&mut self, word: &str, number: Option<i32>) {
        let is_body = self.state.destination == Destination::Body;
        match word {
            "chpgn" | "chdate" | "chtime" | "chdpl" | "chdpa" | "sectnum" => self.put_changing(),
            "fldrslt" if is_number_field(&self.instruction) => {
                self.put_changing();
                if self.state.destination == Destination::Margin {
                    self.enter(Destination::Skip);
                }
            }
            "par" | "sect" | "page" | "nestrow" if is_body => self.end_paragraph(),
            "par" | "line" | "sect" | "page" => self.char('\n'),
            "row" if !is_body => self.char('\n'),
            "cell" if is_body => self.end_cell(),
            "row" if is_body => {
                self.end_paragraph();
                self.page.close("tr");
            }
            "cell" | "nestcell" => self.char('\t'),
            "pard" => {
                self.level = None;
                self.is_in_table = false;
            }
            "intbl" => self.is_in_table = true,
            "outlinelevel" => self.level = number.and_then(|level| usize::try_from(level).ok()),
            "yr" => self.time = [number.unwrap_or(0), 0, 0, 0, 0],
            "mo" => self.time[1] = number.unwrap_or(0),
            "dy" => self.time[2] = number.unwrap_or(0),
            "hr" => self.time[3] = number.unwrap_or(0),
            "min" => self.time[4] = number.unwrap_or(0),
            _ => {
                if let Some(destination) = destination(word) {
                    self.enter_named(destination);
                }
            }
        }
    }

    /// Puts what stands for a number or a date that is filled in where a page is printed.
    fn put_changing(&mut self) {
        if self.state.destination == Destination::Margin {
            self.flush();
            self.text(CHANGING);
        }
    }

    fn enter_named(&mut self, destination: Destination) {
        if destination == Destination::Instruction {
            // Nothing of it is shown, wherever it stands.
            self.instruction.clear();
            self.state.destination = destination;
            return;
        }
        if destination != Destination::Body {
            return self.enter(destination);
        }
        // Text boxes, and text in Unicode beside an older form, stand in groups that others pass over.
        let shows = |it: &Destination| !matches!(it, Destination::Older | Destination::Skip);
        let mut around = self.outer.iter().rev().map(|it| it.destination);
        self.state.destination = around.find(shows).unwrap_or(Destination::Body);
    }

    fn byte(&mut self, byte: u8) {
        if self.n_passed > 0 {
            self.n_passed -= 1;
        } else {
            self.bytes.push(byte);
        }
    }

    fn unicode(&mut self, unit: u16) {
        self.n_passed = 0;
        let units = self.surrogate.take().into_iter().chain([unit]);
        if (0xd800..0xdc00).contains(&unit) {
            self.surrogate = Some(unit);
        } else {
            let units: Vec<u16> = units.collect();
            self.text(&String::from_utf16_lossy(&units));
        }
        self.n_passed = self.state.n_fallback;
    }

    fn char(&mut self, c: char) {
        if self.n_passed > 0 {
            self.n_passed -= 1;
            return;
        }
        self.flush();
        self.text(c.encode_utf8(&mut [0; 4]));
    }

    /// Decodes the bytes that wait.
    fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let charset = self.fonts.get(&self.state.font).copied().unwrap_or(self.charset);
        let (text, _) = charset.chars(&bytes);
        self.text(&text);
        self.bytes = bytes;
        self.bytes.clear();
    }

    fn text(&mut self, text: &str) {
        let RtfState { destination, is_hidden, style, .. } = self.state;
        match destination {
            Destination::Body if !is_hidden => match self.paragraph.last_mut() {
                Some((last, stretch)) if *last == style => stretch.push_str(text),
                _ => self.paragraph.push((style, text.to_owned())),
            },
            Destination::About(_) => self.aside.push_str(text),
            Destination::Aside | Destination::Margin if !is_hidden => self.aside.push_str(text),
            Destination::Instruction if self.instruction.len() < INSTRUCTION_BYTES_MAX => {
                self.instruction.push_str(text);
            }
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        let is_blank = paragraph.iter().all(|(_, text)| text.trim().is_empty());
        if is_blank {
            return;
        }
        self.has_text = true;
        match self.is_in_table {
            true => self.begin_cell(),
            false => self.page.close("table"),
        }
        let level = self.level.and_then(|level| LEVELS.get(level));
        let element = level.copied().unwrap_or("p");
        self.page.open(element);
        for (style, text) in paragraph {
            self.stretch(style, &text);
        }
        self.page.close(element);
    }

    fn stretch(&mut self, style: RtfStyle, text: &str) {
        let element = match style {
            RtfStyle::Plain => None,
            RtfStyle::High => Some(("sup", None)),
            RtfStyle::Low => Some(("sub", None)),
            RtfStyle::Deleted => Some(("del", Some(("hidden", "")))),
        };
        if let Some((element, attribute)) = element {
            self.page.open_with(element, attribute);
        }
        for (n, line) in text.split('\n').enumerate() {
            if n > 0 {
                self.page.open("br");
            }
            self.page.text(line);
        }
        if let Some((element, _)) = element {
            self.page.close(element);
        }
    }

    fn begin_cell(&mut self) {
        for element in ["table", "tr", "td"] {
            if !self.page.is_open(element) {
                self.page.open(element);
            }
        }
    }

    fn end_cell(&mut self) {
        self.is_in_table = true;
        self.end_paragraph();
        self.begin_cell();
        self.page.close("td");
    }
}

/// Whether the text of a group is gathered until it ends.
fn collects(destination: Destination) -> bool {
    use Destination::{About, Aside, Margin, Time};
    matches!(destination, About(_) | Aside | Margin | Time(_))
}

/// Where the text of a group goes that this word begins; none where it goes on as around it.
fn destination(word: &str) -> Option<Destination> {
    Some(match word {
        "fonttbl" => Destination::FontTable,
        "info" => Destination::Info,
        "ud" | "shptxt" => Destination::Body,
        "upr" => Destination::Older,
        "title" => Destination::About(About::Title),
        "author" => Destination::About(About::Author),
        "subject" => Destination::About(About::Description),
        "creatim" => Destination::Time(About::Created),
        "revtim" => Destination::Time(About::Modified),
        "footnote" => Destination::Aside,
        "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl" | "footerr"
        | "footerf" => Destination::Margin,
        "fldinst" => Destination::Instruction,
        "colortbl" | "stylesheet" | "pict" | "objdata" | "objclass" | "nonshppict"
        | "listtable" | "listoverridetable" | "revtbl" | "rsidtbl" | "generator" | "filetbl"
        | "xmlnstbl" | "themedata" | "datastore" | "latentstyles" | "annotation" | "atnid"
        | "atnauthor" | "atntime" | "bkmkstart" | "bkmkend" | "xe" | "tc" | "template"
        | "operator" | "comment" | "company" | "keywords" | "doccomm" | "private1" => {
            Destination::Skip
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::visible;

    fn read(rtf: &str) -> String {
        let page = page(rtf.as_bytes(), 1 << 20).unwrap();
        visible(&page.html, false)
    }

    #[test]
    fn paragraphs_signs_and_styles_are_read() {
        for (rtf, text) in [
            (r"{\rtf1 One.\par Two\line three.}", "One.\n\nTwo\nthree."),
            (r"{\rtf1\ansi caf\'e9 \lquote a\rquote\emdash b\~c}", "café ‘a’—b\u{a0}c"),
            (r"{\rtf1\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2}", "Привет"),
            (r"{\rtf1 {\fonttbl{\f1\fcharset204 A;}}a {\f1\'cf\'f0} b}", "a Пр b"),
            (r"{\rtf1\uc1 \u8364?5, \u-10179?\u-8704?.}", "€5, 😀."),
            (r"{\rtf1\uc2 \u233\'c3\'a9x}", "éx"),
            ("{\\rtf1 one\\\ntwo}", "one\n\ntwo"),
            (r"{\rtf1 H{\sub 2}O, m{\super 2}}", "H~2~O, m^2^"),
            (r"{\rtf1 seen{\v hidden}{\*\new unknown} again}", "seen again"),
            (r"{\rtf1 a {\field{\*\fldinst HYPERLINK x}{\fldrslt link}} b}", "a link b"),
            (r"{\rtf1 a{\footnote A note.} b\par}", "a b\n\nA note."),
            (
                r"{\rtf1 a{\footnote See {\field{\*\fldinst HYPERLINK x}{\fldrslt there}}{\*\bkmkstart b} now.}}",
                "a\n\nSee there now.",
            ),
            (
                r"{\rtf1{\header Secret\tab{\field{\*\fldinst PAGE}{\fldrslt 3}}\par}{\footer Page \chpgn\par ACME \chdate}a}",
                "a\n\nSecret\n\nACME",
            ),
            (r"{\rtf1{\header\intbl One\cell Two\cell\row}a}", "a\n\nOne Two"),
            (r"{\rtf1 a {\field{\*\fldinst PAGE}{\fldrslt 3}} b}", "a 3 b"),
            (r"{\rtf1 {\upr{older}{\*\ud{newer}}} text}", "newer text"),
            (r"{\rtf1 {\*\shpinst{\sp x}{\shptxt In a box.\par}} text}", "In a box.\n\ntext"),
            (r"{\rtf1 \bin3 }{}after}", "after"),
        ] {
            assert_eq!(read(rtf), text, "{rtf}");
        }
    }

    #[test]
    fn tables_headings_and_what_it_says_of_itself_are_kept() {
        let rtf = [
            r"{\rtf1{\info{\title A plan}{\author N. N.}{\creatim\yr2024\mo3\dy4\hr5\min6}}",
            r"\pard\outlinelevel0 First\par\pard\trowd\intbl a\cell b\cell\row",
            r"\intbl c\cell\cell\row\pard after{\deleted gone}\par}",
        ]
        .concat();
        let page = page(rtf.as_bytes(), 1 << 20).unwrap();
        assert_eq!(visible(&page.html, false), "First\n\na\tb\nc\t\n\nafter");
        for part in [
            ">A plan</title>",
            "<h1>First</h1>",
            "\"N. N.\"",
            "\"2024-03-04T05:06\"",
            "<del hidden=\"\">gone",
        ] {
            assert!(page.html.contains(part), "{part} in {}", page.html);
        }
    }

    #[test]
    fn what_is_no_document_has_no_text() {
        assert_eq!(page(b"words", 1000), Err(NoText::Malformed));
        assert_eq!(page(br"{\rtf1 }", 1000), Err(NoText::Empty));
        let long = format!(r"{{\rtf1 {}}}", r"word\par ".repeat(1000));
        assert!(page(long.as_bytes(), 1000).unwrap().lack.is_truncated);
        let deep = format!(r"{{\rtf1 {}deep{}}}", "{".repeat(100_000), "}".repeat(100_000));
        assert_eq!(read(&deep), "deep");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "\\", "*", "u", "-", "9", "\\'", "e", "\\par", "\\cell", "\\row", "\\bin9", "\\uc0", " ",
            "\\upr", "\\*\\ud", "\\f1", "\\fcharset128", "\\fonttbl", "\x7f", "é", "\\info", "\\yr", "\\footnote", "\\header", "\\fldinst", "\\fldrslt", "PAGE",
        ]), 0..60)) {
            let _ = page(format!("{{\\rtf{}", parts.concat()).as_bytes(), 500);
        }
    }
}

//! Words on a terminal: made harmless, made to fit, made colourful.
//!
//! Nothing that comes from a document or a name reaches a terminal without passing through
//! [`shown_text`], [`shown_name`] or [`shown_json`].

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::{archive::operand::is_too_long, types::limits::TEXT_BYTES_MAX};

use super::messages::Messages;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always, also into a pipe.
    Always,
    Never,
}

/// What a stretch of output is, for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text that is only in the newer side.
    Added,
    /// Text that is only in the older side.
    Removed,
    /// The line above a group of lines.
    Heading,
    /// What may be overlooked.
    Dim,
    /// What should not be overlooked.
    Warning,
    /// The important word of a line.
    Strong,
}

/// Colours a stream, or leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

/// A progress line on stderr: shown after a second, gone at the end.
pub struct Progress {
    started: Instant,
    shown: bool,
    bar: Option<ProgressBar>,
}

/// What surrounds a stream that may be coloured.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Whether it is a terminal.
    pub is_terminal: bool,
    /// Whether the environment asks for no colour.
    pub plain: bool,
}

impl Stream {
    /// Standard output as it is.
    pub fn stdout() -> Self {
        Self { is_terminal: std::io::stdout().is_terminal(), plain: asks_for_plain() }
    }

    /// Standard error as it is.
    pub fn stderr() -> Self {
        Self { is_terminal: std::io::stderr().is_terminal(), plain: asks_for_plain() }
    }
}

/// NO_COLOR counts when it is set and not empty (no-color.org); a dumb terminal has no colours.
fn asks_for_plain() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

impl Paint {
    /// Decides once for a stream; `--color always` is stronger than NO_COLOR.
    pub fn new(choice: ColorChoice, stream: Stream) -> Self {
        Self {
            on: match choice {
                ColorChoice::Auto => stream.is_terminal && !stream.plain,
                ColorChoice::Always => true,
                ColorChoice::Never => false,
            },
        }
    }

    /// Leaves everything as it is.
    pub const fn plain() -> Self {
        Self { on: false }
    }

    /// Colours text that was made harmless before.
    pub fn paint(self, style: Style, text: &str) -> String {
        if !self.on || text.is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{}m{text}\x1b[0m", style.code())
    }
}

impl Style {
    /// The parameter of ECMA-48 "select graphic rendition".
    fn code(self) -> &'static str {
        match self {
            Self::Added => "32",
            Self::Removed => "31",
            Self::Heading => "1;36",
            Self::Dim => "2",
            Self::Warning => "33",
            Self::Strong => "1",
        }
    }
}

impl Progress {
    /// A progress line that shows only where somebody looks: never when `quiet` or with JSON.
    pub fn new(quiet: bool, stderr: Stream) -> Self {
        Self { started: Instant::now(), shown: !quiet && stderr.is_terminal, bar: None }
    }

    /// Whether anybody sees it.
    pub fn is_shown(&self) -> bool {
        self.shown
    }

    /// Shows how far the work is; cheap enough for every document.
    pub fn report(&mut self, n_done: u64, words: &str) {
        if !self.shown {
            return;
        }
        if self.bar.is_none() && self.started.elapsed() >= Duration::from_secs(1) {
            self.bar = Some(new_bar());
        }
        if let Some(bar) = &self.bar {
            bar.set_position(n_done);
            bar.set_message(words.to_owned());
        }
    }

    /// Prints a line above the progress line, on stderr.
    pub fn print(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| Messages::line(line)),
            None => Messages::line(line),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {human_pos} · {elapsed} · {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar
}

/// Text of several lines with its line ends and tabs, everything else that acts made visible.
///
/// The two joiners that many scripts and emoji need stay; in names they do not.
pub fn shown_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\u{200c}' | '\u{200d}' => out.push(c),
            c => push_shown(&mut out, c),
        }
    }
    out
}

/// A name, path or other value on one line; bytes that are not UTF-8 show as `\xff`.
pub fn shown_name(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for piece in name.utf8_chunks() {
        piece.valid().chars().for_each(|c| push_shown(&mut out, c));
        for byte in piece.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Words of a text, to be read: what only says where they may be parted is left out.
pub fn shown_words(text: &str) -> String {
    match text.contains(is_soft) {
        true => shown_text(&text.replace(is_soft, "")),
        false => shown_text(text),
    }
}

/// Whether a character says where a word may be parted, which nobody sees: a soft hyphen, a space of no width.
pub fn is_soft(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}')
}

/// One line of JSON with the same values, in which nothing acts on a terminal.
pub fn shown_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if !acts_or_hides(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// A word as a shell would take it back, for hints.
pub fn shell_word(word: &[u8]) -> String {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"_./@:+-,%=".contains(b);
    if !word.is_empty() && word[0] != b'-' && word.iter().all(is_plain) {
        return String::from_utf8_lossy(word).into_owned();
    }
    match std::str::from_utf8(word) {
        Ok(text) if !text.chars().any(acts_or_hides) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => format!("$'{}'", word.iter().map(|b| dollar_quoted(*b)).collect::<String>()),
    }
}

fn dollar_quoted(byte: u8) -> String {
    match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    }
}

fn push_shown(out: &mut String, c: char) {
    let _ = match c {
        c if !acts_or_hides(c) => write!(out, "{c}"),
        '\n' => write!(out, "\\n"),
        '\t' => write!(out, "\\t"),
        '\r' => write!(out, "\\r"),
        c if c.is_ascii() => write!(out, "\\x{:02x}", u32::from(c)),
        c => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
}

/// Whether a character steers the terminal, turns the writing direction or cannot be seen.
///
/// Controls, line and paragraph separators, the bidirectional controls of Unicode's UAX 9, the
/// other format characters that print nothing, and the blank letters of Hangul and Khmer.
fn acts_or_hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}'
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The columns that text for reading fills, 60 to 200: those that `COLUMNS` names, those of the terminal, or 80.
pub fn text_columns() -> usize {
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let of_terminal = || {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    };
    named.or_else(of_terminal).unwrap_or(80).clamp(60, 200)
}

/// The columns that harmless text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Fills up with blanks on the right to `n_columns`.
pub fn pad_right(text: &str, n_columns: usize) -> String {
    format!("{text}{}", " ".repeat(n_columns.saturating_sub(width(text))))
}

/// Fills up with blanks on the left to `n_columns`, for numbers.
pub fn pad_left(text: &str, n_columns: usize) -> String {
    format!("{}{text}", " ".repeat(n_columns.saturating_sub(width(text))))
}

/// Cuts to at most `n_columns`, the last of which is then an ellipsis.
pub fn truncate(text: &str, n_columns: usize) -> String {
    if width(text) <= n_columns {
        return text.to_owned();
    }
    let room = n_columns.saturating_sub(1);
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken <= room
    };
    let mut out: String = text.chars().take_while(fits).collect();
    if n_columns > 0 {
        out.push('…');
    }
    out
}

/// A size for people: exact below 1000 bytes, then two or three digits in steps of 1000.
pub fn size(n_bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n_bytes < 1000 {
        return format!("{n_bytes} B");
    }
    let rounded = |factor: u128, step: u128| (u128::from(n_bytes) * factor + step / 2) / step;
    let (mut step, mut unit) = (1000, 0);
    while rounded(1, step) >= 1000 && unit + 1 < UNITS.len() {
        (step, unit) = (step * 1000, unit + 1);
    }
    match rounded(10, step) {
        tenths @ 0..100 => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", rounded(1, step), UNITS[unit]),
    }
}

/// That a text has more bytes than are compared; none of what is no text.
pub fn too_long_words(n_bytes: u64, media_type: &str) -> Option<String> {
    let words = || format!("too long to compare as text (limit {})", size(TEXT_BYTES_MAX as u64));
    is_too_long(n_bytes, media_type).then(words)
}

/// A size for people that leaves no doubt: `2,727 (2.7 kB)`.
pub fn exact_size(n_bytes: u64) -> String {
    match n_bytes {
        exact @ 0..1000 => size(exact),
        large => format!("{} ({})", count(large), size(large)),
    }
}

/// A number with its thousands set apart: `12,345`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How many times smaller something became: `1.8×`, `35×`.
pub fn times(n_bytes: u64, n_smaller: u64) -> String {
    match n_bytes as f64 / n_smaller as f64 {
        ratio if !ratio.is_finite() => "–".to_owned(),
        ratio if ratio < 9.95 => format!("{ratio:.1}×"),
        ratio => format!("{}×", count(ratio.round() as u64)),
    }
}

/// A share from 0 to 1: `72 %`. Only nothing is 0 %, and only the whole 100 %.
pub fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    let percent = match share {
        share if share <= 0.0 || share >= 1.0 => rounded,
        _ => rounded.clamp(1.0, 99.0),
    };
    format!("{percent} %")
}

/// The same as a number: `0.72`. Only nothing is 0.00, and only the whole 1.00.
pub fn fraction(share: f64) -> String {
    match share {
        share if share <= 0.0 || share >= 1.0 => format!("{share:.2}"),
        _ => format!("{:.2}", share.clamp(0.01, 0.99)),
    }
}

/// A number with its noun: `1 copy`, `2 copies`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_is_too_long_to_compare() {
        let over = TEXT_BYTES_MAX as u64 + 1;
        let words = "too long to compare as text (limit 67 MB)";
        assert_eq!(too_long_words(over, "text/html").as_deref(), Some(words));
        assert_eq!(too_long_words(over - 1, "text/html"), None);
        assert_eq!(too_long_words(over, "video/mp4"), None);
    }

    #[test]
    fn nothing_in_text_acts_on_a_terminal() {
        for (raw, shown) in [
            ("plain ä 漢 🙂\n\tmore", "plain ä 漢 🙂\n\tmore"),
            ("\x1b[2J", "\\x1b[2J"),
            ("a\rb\x07\x08\x00", "a\\rb\\x07\\x08\\x00"),
            ("\x7f\u{9b}31m", "\\x7f\\u{9b}31m"),
            ("\u{202e}gpj.exe\u{202c}", "\\u{202e}gpj.exe\\u{202c}"),
            ("\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}", r"\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
            ("\u{e0041}\u{ad}\u{3164}", "\\u{e0041}\\u{ad}\\u{3164}"),
            ("نمی\u{200c}خواهم", "نمی\u{200c}خواهم"),
        ] {
            assert_eq!(shown_text(raw), shown);
        }
    }

    #[test]
    fn a_shown_name_is_one_line_of_visible_characters() {
        for (raw, shown) in [
            (&b"plain \xc3\xa4.txt"[..], "plain ä.txt"),
            (b"two\nlines\tand\rmore", "two\\nlines\\tand\\rmore"),
            (b"caf\xe9.txt", "caf\\xe9.txt"),
            (b"\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            ("a\u{200d}b".as_bytes(), "a\\u{200d}b"),
        ] {
            assert_eq!(shown_name(raw), shown);
        }
    }

    #[test]
    fn every_control_and_bidi_character_is_escaped_everywhere() {
        let bidi = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter();
        let bidi = bidi.chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        for c in ('\0'..='\x1f').chain('\x7f'..='\u{9f}').chain(bidi) {
            let raw = c.to_string();
            assert!(!shown_name(raw.as_bytes()).contains(c), "{c:?}");
            assert!(!shown_json(&raw).contains(c), "{c:?}");
            assert!(!shell_word(raw.as_bytes()).contains(c), "{c:?}");
            assert_eq!(shown_text(&raw).contains(c), matches!(c, '\n' | '\t'), "{c:?}");
        }
    }

    #[test]
    fn json_keeps_its_values() {
        let value = "a\u{202e}\x7f\u{9b}\u{e0041}\n\"ä";
        let json = shown_json(&serde_json::to_string(value).unwrap());
        assert!(!json.contains(['\u{202e}', '\x7f', '\u{9b}', '\u{e0041}']));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value);
    }

    #[test]
    fn a_shell_reads_back_the_word() {
        for (word, shown) in [
            (&b"a/b-c.txt@2"[..], "a/b-c.txt@2"),
            (b"", "''"),
            (b"-n", "'-n'"),
            (b"two words", "'two words'"),
            (b"it's", r"'it'\''s'"),
            (b"a\nb'\xff\\", r"$'a\x0ab\'\xff\\'"),
        ] {
            assert_eq!(shell_word(word), shown);
        }
    }

    #[test]
    fn columns_are_counted_as_seen() {
        assert_eq!(pad_right("漢字", 6) + "|", "漢字  |");
        assert_eq!(pad_left("ä", 3), "  ä");
        for (text, n_columns, cut) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("漢字漢字", 6, "漢字…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("x", 0, ""),
        ] {
            assert_eq!(truncate(text, n_columns), cut);
            assert!(width(cut) <= n_columns);
        }
    }

    #[test]
    fn sizes_and_counts_are_short() {
        for (n, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1234, "1.2 kB"),
            (9_949, "9.9 kB"),
            (10_400, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (1_200_000, "1.2 MB"),
            (3_999_999_999, "4.0 GB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(size(n), shown, "{n}");
        }
        assert_eq!([999, 2727].map(exact_size), ["999 B", "2,727 (2.7 kB)"]);
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        for (n, m, shown) in
            [(18, 10, "1.8×"), (994, 100, "9.9×"), (995, 100, "10×"), (12_345_678, 1000, "12,346×")]
        {
            assert_eq!(times(n, m), shown);
        }
        assert_eq!([times(0, 0), times(5, 0), times(0, 5)], ["–", "–", "0.0×"]);
        for (share, shown) in
            [(0.0, "0 %"), (0.001, "1 %"), (0.724, "72 %"), (0.999, "99 %"), (1.0, "100 %")]
        {
            assert_eq!(percent(share), shown);
        }
        assert_eq!(counted(1, "copy", "copies"), "1 copy");
        assert_eq!(counted(2000, "copy", "copies"), "2,000 copies");
    }

    #[test]
    fn colour_follows_choice_then_environment_then_terminal() {
        use ColorChoice::{Always, Auto, Never};
        for (choice, is_terminal, plain, on) in [
            (Auto, true, false, true),
            (Auto, true, true, false),
            (Auto, false, false, false),
            (Always, false, true, true),
            (Never, true, false, false),
        ] {
            let paint = Paint::new(choice, Stream { is_terminal, plain });
            assert_eq!(paint.on, on, "{choice:?} {is_terminal} {plain}");
        }
        let paint = Paint { on: true };
        assert_eq!(paint.paint(Style::Added, "new"), "\x1b[32mnew\x1b[0m");
        assert_eq!(Paint::plain().paint(Style::Added, "new"), "new");
    }

    #[test]
    fn progress_stays_away_from_pipes_and_the_quiet() {
        for (quiet, is_terminal) in [(true, true), (false, false)] {
            let mut progress = Progress::new(quiet, Stream { is_terminal, plain: false });
            progress.started = Instant::now() - Duration::from_secs(5);
            progress.report(3, "x");
            assert!(progress.bar.is_none());
        }
    }
}

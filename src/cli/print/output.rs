//! Standard output: answers only, as lines for people or as lines of JSON.

use std::{
    cell::{Cell, RefCell},
    io::{self, BufWriter, Stdout, Write},
};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::types::error::Error;

use super::terminal::{Paint, Stream, Style, shown_json};

/// Where answers go.
pub struct Output {
    to: RefCell<BufWriter<Stdout>>,
    paint: Paint,
    is_terminal: bool,
    ends_with_reader: bool,
    /// The reader of a pipe went away.
    is_unread: Cell<bool>,
}

impl Output {
    /// Standard output in these colours.
    pub fn new(paint: Paint, is_terminal: bool) -> Self {
        let to = RefCell::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        Self { to, paint, is_terminal, ends_with_reader: false, is_unread: Cell::new(false) }
    }

    /// Standard output without colours of ours.
    pub fn plain() -> Self {
        Self::new(Paint::plain(), Stream::stdout().is_terminal)
    }

    /// From now on the verb ends when the reader of a pipe goes away, as in `archive ls | head`.
    ///
    /// For verbs that do nothing but answer, and have no other answer in their exit code. All others go on
    /// to their end, unread.
    pub fn end_with_reader(&mut self) {
        self.ends_with_reader = true;
    }

    /// Whether somebody looks at it.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Text in the colour of a style.
    pub fn paint(&self, style: Style, text: &str) -> String {
        self.paint.paint(style, text)
    }

    /// One line for people, made harmless before.
    pub fn line(&mut self, line: &str) -> Result<(), Error> {
        self.to(|to| writeln!(to, "{line}"))
    }

    /// Text for people, made harmless before, without a line end of its own.
    pub fn text(&mut self, text: &str) -> Result<(), Error> {
        self.bytes(text.as_bytes())
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.to(|to| to.write_all(bytes))
    }

    /// One line of JSON.
    pub fn json(&mut self, line: &impl Serialize) -> Result<(), Error> {
        self.to(|to| {
            let mut serializer = serde_json::Serializer::with_formatter(&mut *to, ShownJson);
            line.serialize(&mut serializer)?;
            to.write_all(b"\n")
        })
    }

    /// Everything written so far is out.
    pub fn flush(&self) -> Result<(), Error> {
        self.to(|to| to.flush())
    }

    fn to(
        &self,
        write: impl FnOnce(&mut BufWriter<Stdout>) -> io::Result<()>,
    ) -> Result<(), Error> {
        if self.is_unread.get() && !self.ends_with_reader {
            return Ok(());
        }
        match write(&mut self.to.borrow_mut()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && !self.ends_with_reader => {
                self.is_unread.set(true);
                Ok(())
            }
            written => written.map_err(unwritten),
        }
    }
}

/// JSON as [`shown_json`] makes it, written as it comes.
struct ShownJson;

impl Formatter for ShownJson {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        match fragment.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            true => to.write_all(fragment.as_bytes()),
            false => to.write_all(shown_json(fragment).as_bytes()),
        }
    }
}

fn unwritten(error: io::Error) -> Error {
    Error::io("write", "standard output", error)
}

//! Standard output: answers only, as lines for people or as lines of JSON.

use std::{
    cell::RefCell,
    io::{self, BufWriter, Stdout, Write},
};

use serde::Serialize;

use crate::types::error::Error;

use super::terminal::{Paint, Style, shown_json};

/// Where answers go.
pub struct Output {
    to: RefCell<BufWriter<Stdout>>,
    paint: Paint,
    is_terminal: bool,
}

impl Output {
    /// Standard output in these colours.
    pub fn new(paint: Paint, is_terminal: bool) -> Self {
        let to = RefCell::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        Self { to, paint, is_terminal }
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
        writeln!(self.to.get_mut(), "{line}").map_err(unwritten)
    }

    /// Text for people, made harmless before, without a line end of its own.
    pub fn text(&mut self, text: &str) -> Result<(), Error> {
        self.to.get_mut().write_all(text.as_bytes()).map_err(unwritten)
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.to.get_mut().write_all(bytes).map_err(unwritten)
    }

    /// One line of JSON.
    pub fn json(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let json = serde_json::to_string(line).map_err(|e| unwritten(io::Error::other(e)))?;
        self.line(&shown_json(&json))
    }

    /// Everything written so far is out.
    pub fn flush(&self) -> Result<(), Error> {
        self.to.borrow_mut().flush().map_err(unwritten)
    }
}

fn unwritten(error: io::Error) -> Error {
    Error::io("write", "standard output", error)
}

//! The records of a WARC or ARC file, one after the other.

use std::io::{self, Read};

use super::{
    Limits, arc, beyond, bytes::Body, damaged, input::RawPieces, is_final, record::Record, warc,
};

/// A head is no longer.
const HEAD_BYTES_MAX: usize = 256 << 10;

/// A record that cannot be read.
pub struct LostRecord {
    pub what: String,
    pub why: io::Error,
}

/// Reads records.
pub struct Records {
    input: RawPieces,
    is_arc: bool,
    number: u64,
    /// Where the record begins,
    start: u64,
    /// and how much of its block was not read.
    n_left: u64,
    is_ended: bool,
}

impl Records {
    pub fn new(body: Body, is_arc: bool, is_gzip: bool, limits: Limits) -> Self {
        let input = RawPieces::new(body, is_gzip, limits);
        Self { input, is_arc, number: 0, start: 0, n_left: 0, is_ended: false }
    }

    /// The next record, whose block is then read and which is then finished; none at the end.
    pub fn next(&mut self) -> Option<Result<Record, LostRecord>> {
        if self.is_ended {
            return None;
        }
        match self.head() {
            Ok(None) => None,
            Ok(Some(record)) => Some(Ok(record)),
            Err(why) => Some(Err(self.lost(why))),
        }
    }

    /// Reads a block.
    pub fn block(&mut self) -> RecordBlock<'_> {
        RecordBlock(self)
    }

    /// Passes over what is left of a record, and makes sure that it ends well.
    pub fn finish(&mut self) -> io::Result<()> {
        let n_left = std::mem::take(&mut self.n_left);
        self.input.skip(n_left).map_err(cut)?;
        self.skip_line_ends()
    }

    /// Goes on behind a record that cannot be read: what is lost of it.
    pub fn lost(&mut self, why: io::Error) -> LostRecord {
        let what = format!("record {} at byte {}", self.number, self.start);
        self.n_left = 0;
        let is_start = match self.is_arc {
            false => warc::is_start,
            true => arc::is_record,
        };
        // Where ARC is not compressed nothing shows where a record begins.
        let can_resume = !is_final(&why) && (!self.is_arc || self.input.is_gzip());
        let resumed = match can_resume {
            true => self.input.resume_behind(self.start, is_start),
            false => Ok(false),
        };
        self.is_ended = !matches!(resumed, Ok(true));
        let why = match (resumed, why.kind()) {
            (Err(why), _) => why,
            (Ok(false), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => {
                damaged(format!("{why}; nothing could be read behind it"))
            }
            _ => why,
        };
        LostRecord { what, why }
    }

    fn head(&mut self) -> io::Result<Option<Record>> {
        self.number += 1;
        loop {
            // Where nothing of it can be read, what follows is sought behind here, and not behind the record before.
            self.start = self.input.place();
            self.skip_line_ends()?;
            if !self.input.fill()?.is_empty() {
                break;
            }
            if !self.input.next_piece()? {
                self.is_ended = true;
                return Ok(None);
            }
        }
        self.start = self.input.place();
        let mut record = match self.is_arc {
            true => arc::record(&self.line()?)?,
            false => warc::record(&self.lines()?)?,
        };
        (record.number, record.place) = (self.number, self.start);
        self.n_left = record.n_bytes;
        Ok(Some(record))
    }

    /// The lines up to an empty one.
    fn lines(&mut self) -> io::Result<Vec<String>> {
        let (mut lines, mut n_bytes) = (Vec::new(), 0);
        loop {
            let line = self.line()?;
            if lines.is_empty() && !warc::is_start(line.as_bytes()) {
                return Err(damaged("it does not begin as a record"));
            }
            n_bytes += line.len() + 1;
            if n_bytes > HEAD_BYTES_MAX {
                return Err(damaged("its head is too long"));
            }
            if line.is_empty() {
                return Ok(lines);
            }
            lines.push(line);
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        loop {
            let piece = self.input.fill()?;
            if piece.is_empty() {
                return Err(cut(io::ErrorKind::UnexpectedEof.into()));
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let n = end.map_or(piece.len(), |end| end + 1);
            line.extend_from_slice(&piece[..n]);
            self.input.consume(n);
            if line.len() > HEAD_BYTES_MAX {
                return Err(damaged("its head is too long"));
            }
            if end.is_some() {
                let text = String::from_utf8_lossy(&line);
                return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
            }
        }
    }

    /// To the next record, or to the end of the piece, which shows then whether it is whole.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let piece = self.input.fill()?;
            let n = piece.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let is_done = n == 0;
            self.input.consume(n);
            if is_done {
                return Ok(());
            }
        }
    }
}

/// The block of a record.
pub struct RecordBlock<'a>(&'a mut Records);

impl Read for RecordBlock<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Self(records) = self;
        let n = usize::try_from(records.n_left).unwrap_or(usize::MAX).min(out.len());
        if n == 0 {
            return Ok(0);
        }
        match records.input.read(&mut out[..n])? {
            0 => Err(cut(io::ErrorKind::UnexpectedEof.into())),
            n => {
                records.n_left -= n as u64;
                Ok(n)
            }
        }
    }
}

fn cut(why: io::Error) -> io::Error {
    match why.kind() {
        io::ErrorKind::UnexpectedEof => damaged("it breaks off"),
        io::ErrorKind::FileTooLarge => beyond(why.to_string()),
        _ => why,
    }
}

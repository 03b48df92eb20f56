//! The bytes of a container one after the other: as they are, or out of gzip of any number of members.

use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};

use flate2::bufread::GzDecoder;

use super::{
    Allowance, Limits, beyond,
    bytes::{Body, BodyReader},
    damaged,
};

const PIECE_BYTES: usize = 64 << 10;
/// So many places are tried where a gzip member might begin behind a damaged one.
const TRIALS_MAX: u64 = 100_000;
/// So much of a member shows whether it begins as it should.
pub const START_BYTES: usize = 512;
/// What a gzip member begins with.
const GZIP_SIGN: &[u8] = b"\x1f\x8b\x08";
/// What a record of a WARC file begins with, behind the line before it.
const LINE_SIGN: &[u8] = b"\nWARC/";
/// So often may all of what is not compressed be read, where it is damaged.
const PLAIN_TIMES: u64 = 4;

/// Such bytes. Each gzip member is a piece of its own; what is not compressed is one piece.
pub struct RawPieces {
    body: Body,
    form: PieceForm,
    /// Where the piece begins.
    start: u64,
    allowance: Allowance,
    n_trials: u64,
}

enum PieceForm {
    Plain(BufReader<BodyReader>),
    Gzip {
        decoder: Option<Box<GzDecoder<BufReader<BodyReader>>>>,
        /// What is at hand of the piece lies here from `at` to `end`.
        bytes: Vec<u8>,
        at: usize,
        end: usize,
    },
}

impl RawPieces {
    pub fn new(body: Body, is_gzip: bool, limits: Limits) -> Self {
        let reader = BufReader::with_capacity(PIECE_BYTES, body.reader());
        let (form, times) = match is_gzip {
            true => {
                let decoder = Some(Box::new(GzDecoder::new(reader)));
                let bytes = vec![0; PIECE_BYTES];
                (PieceForm::Gzip { decoder, bytes, at: 0, end: 0 }, limits.ratio)
            }
            false => (PieceForm::Plain(reader), PLAIN_TIMES),
        };
        let allowance = Allowance::of_times(body.n_bytes(), times, &limits);
        Self { body, form, start: 0, allowance, n_trials: 0 }
    }

    /// Whether it is out of gzip.
    pub fn is_gzip(&self) -> bool {
        matches!(self.form, PieceForm::Gzip { .. })
    }

    /// Where the next byte lies in the container; of what is compressed, where its member begins.
    pub fn place(&self) -> u64 {
        match &self.form {
            PieceForm::Plain(reader) => position(reader),
            PieceForm::Gzip { .. } => self.start,
        }
    }

    /// What is at hand of the piece; nothing at its end.
    pub fn fill(&mut self) -> io::Result<&[u8]> {
        match &mut self.form {
            PieceForm::Plain(_) if self.allowance.n_left() == 0 => {
                Err(beyond("it is damaged in too many places"))
            }
            PieceForm::Plain(reader) => reader.fill_buf(),
            PieceForm::Gzip { decoder: None, .. } => Ok(&[]),
            PieceForm::Gzip { decoder: Some(decoder), bytes, at, end } => {
                if *at == *end {
                    (*at, *end) = (0, 0);
                    *end = decoder.read(bytes).map_err(|why| in_words(&why))?;
                    self.allowance.spend(*end as u64)?;
                }
                Ok(&bytes[*at..*end])
            }
        }
    }

    pub fn consume(&mut self, n: usize) {
        match &mut self.form {
            PieceForm::Plain(reader) => {
                reader.consume(n);
                self.allowance.use_up(n as u64);
            }
            PieceForm::Gzip { at, .. } => *at += n,
        }
    }

    /// Goes on to the next piece, if there is one.
    pub fn next_piece(&mut self) -> io::Result<bool> {
        let PieceForm::Gzip { decoder, at, end, .. } = &mut self.form else { return Ok(false) };
        let Some(ended) = decoder.take() else { return Ok(false) };
        let mut reader = ended.into_inner();
        (*at, *end) = (0, 0);
        // Zeros fill up what is written in blocks.
        loop {
            let zeros = reader.fill_buf()?.iter().take_while(|byte| **byte == 0).count();
            if zeros == 0 {
                break;
            }
            reader.consume(zeros);
        }
        self.start = position(&reader);
        let is_more = !reader.fill_buf()?.is_empty();
        if is_more {
            *decoder = Some(Box::new(GzDecoder::new(reader)));
        }
        Ok(is_more)
    }

    /// Passes over so many bytes.
    pub fn skip(&mut self, n_bytes: u64) -> io::Result<()> {
        if let PieceForm::Plain(reader) = &mut self.form {
            let end = position(reader).saturating_add(n_bytes);
            if end > self.body.n_bytes() {
                reader.seek(SeekFrom::Start(self.body.n_bytes()))?;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            return match i64::try_from(n_bytes) {
                Ok(n) => reader.seek_relative(n),
                Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
        let n_passed = io::copy(&mut self.take(n_bytes), &mut io::sink())?;
        if n_passed == n_bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Looks for the next start behind this place; whether there is one.
    pub fn resume_behind(&mut self, place: u64, is_start: fn(&[u8]) -> bool) -> io::Result<bool> {
        let mut at = place + 1;
        loop {
            let Some(found) = self.find_sign(at)? else { return Ok(false) };
            self.n_trials += 1;
            if self.n_trials > TRIALS_MAX {
                return Err(beyond("it is damaged in too many places"));
            }
            if self.begins_at(found, is_start)? {
                return Ok(true);
            }
            at = found + 1;
        }
    }

    /// The next place, from one behind the first on, where the words stand with which a start begins.
    fn find_sign(&mut self, mut at: u64) -> io::Result<Option<u64>> {
        let is_plain = matches!(self.form, PieceForm::Plain(_));
        let sign = if is_plain { LINE_SIGN } else { GZIP_SIGN };
        // Of words that may stand anywhere, those at the start of a line count.
        let n_before = u64::from(is_plain);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let mut reader = self.body.part(at - n_before, PIECE_BYTES as u64).reader();
            let mut n = 0;
            while let n_more @ 1.. = reader.read(&mut piece[n..])? {
                n += n_more;
            }
            if n < sign.len() {
                return Ok(None);
            }
            self.allowance.spend(n as u64)?;
            if let Some(found) = piece[..n].windows(sign.len()).position(|it| it == sign) {
                return Ok(Some(at + found as u64));
            }
            at += (n - sign.len() + 1) as u64;
        }
    }

    /// Whether a start lies there, from which is read then.
    fn begins_at(&mut self, place: u64, is_start: fn(&[u8]) -> bool) -> io::Result<bool> {
        let mut start = Vec::new();
        let here = self.body.part(place, u64::MAX);
        match &mut self.form {
            PieceForm::Plain(reader) => {
                start = here.head(START_BYTES)?;
                reader.seek(SeekFrom::Start(place))?;
            }
            PieceForm::Gzip { decoder, at, end, .. } => {
                let mut trial = GzDecoder::new(BufReader::new(here.reader()));
                let is_read = (&mut trial).take(START_BYTES as u64).read_to_end(&mut start).is_ok();
                if !is_read && start.is_empty() {
                    return Ok(false);
                }
                let mut reader = BufReader::with_capacity(PIECE_BYTES, self.body.reader());
                reader.seek(SeekFrom::Start(place))?;
                *decoder = Some(Box::new(GzDecoder::new(reader)));
                (*at, *end) = (0, 0);
            }
        }
        self.start = place;
        Ok(is_start(&start))
    }
}

/// Across pieces.
impl Read for RawPieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let piece = self.fill()?;
            let n = piece.len().min(out.len());
            if n > 0 {
                out[..n].copy_from_slice(&piece[..n]);
                self.consume(n);
                return Ok(n);
            }
            if !self.next_piece()? {
                return Ok(0);
            }
        }
    }
}

fn position(reader: &BufReader<BodyReader>) -> u64 {
    reader.get_ref().place() - reader.buffer().len() as u64
}

fn in_words(why: &io::Error) -> io::Error {
    match why.kind() {
        io::ErrorKind::UnexpectedEof => damaged("it breaks off"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            damaged("its compressed bytes are damaged")
        }
        kind => io::Error::new(kind, why.to_string()),
    }
}

//! HTTP responses (RFC 9112): the head, and the body without what it was wrapped in on its way.

use std::io::{self, BufRead as _, BufReader, Read, Write};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::{
    Allowance, Limits,
    bytes::{Body, BodyReader, BodyWriter, TemporaryFile},
    damaged, is_final,
};

/// A head is no longer.
const HEAD_BYTES_MAX: usize = 256 << 10;
/// So many codings lie around a body.
const CODINGS_MAX: usize = 4;
const LINE_BYTES_MAX: u64 = 4096;
const BROTLI_BUFFER_BYTES: usize = 4096;
/// So many bytes tell whether a body is plain.
const START_BYTES: usize = 512;
/// A window of Zstandard in HTTP is no larger (RFC 9659).
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// A head.
pub struct ResponseHead {
    pub status: u16,
    fields: Vec<(String, String)>,
    n_bytes: u64,
}

impl ResponseHead {
    /// The head of a response, if it is one.
    pub fn of(block: &Body) -> io::Result<Option<Self>> {
        let start = block.head(HEAD_BYTES_MAX)?;
        if !start.starts_with(b"HTTP/") && !start.starts_with(b"ICY ") {
            return Ok(None);
        }
        let mut lines = start.split_inclusive(|byte| *byte == b'\n');
        let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
        let status = first.split_whitespace().nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
        let (mut fields, mut n_bytes): (Vec<(String, String)>, _) =
            (Vec::new(), first.len() as u64);
        for line in lines {
            n_bytes += line.len() as u64;
            let line = String::from_utf8_lossy(line);
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                break;
            }
            match (line.split_once(':'), fields.last_mut()) {
                (_, Some((_, value))) if line.starts_with([' ', '\t']) => value.push_str(line),
                (Some((name, value)), _) => {
                    fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
                }
                (None, _) => {}
            }
        }
        Ok(Some(Self { status, fields, n_bytes }))
    }

    /// What follows the head.
    pub fn payload(&self, block: &Body) -> Body {
        block.part(self.n_bytes, u64::MAX)
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(it, _)| it == name).map(|(_, value)| &value[..])
    }

    /// The encoding of its text, if it says so.
    pub fn charset(&self) -> Option<&str> {
        charset(self.field("content-type")?)
    }

    /// Whether the body was sent in chunks.
    pub fn is_chunked(&self) -> bool {
        self.field("transfer-encoding")
            .is_some_and(|it| it.to_ascii_lowercase().contains("chunked"))
    }

    /// What its body is coded in, the outermost last.
    pub fn codings(&self) -> Vec<String> {
        let listed = self.field("content-encoding").unwrap_or_default().split(',');
        let plain = listed.map(|it| it.trim().to_ascii_lowercase());
        plain.filter(|it| !it.is_empty() && it != "identity").collect()
    }
}

/// The encoding that a media type names.
pub fn charset(media_type: &str) -> Option<&str> {
    media_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_it = name.trim().eq_ignore_ascii_case("charset");
        is_it.then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// Takes bodies out of what they are wrapped in.
pub struct Unwrapper {
    pub temporary: TemporaryFile,
    pub limits: Limits,
    pub allowance: Allowance,
}

impl Unwrapper {
    /// The same without its chunks; what has none is as it was, since some programs undo them and leave the head.
    pub fn dechunked(&mut self, body: &Body) -> io::Result<Body> {
        if !has_chunks(body)? {
            return Ok(body.clone());
        }
        let mut reader = BufReader::new(body.reader());
        let mut out = self.writer();
        while let Some(n_bytes) = chunk_length(&mut reader)? {
            if n_bytes == 0 {
                break;
            }
            let n_copied = io::copy(&mut (&mut reader).take(n_bytes), &mut out)?;
            // A connection may have ended early.
            if n_copied < n_bytes {
                break;
            }
        }
        Ok(out.finish())
    }

    /// The same without these codings; what is plain is as it was, since some programs undo them and leave the head.
    pub fn decoded(&mut self, body: &Body, codings: &[String]) -> io::Result<Body> {
        if codings.len() > CODINGS_MAX {
            return Err(damaged("it has too many codings"));
        }
        let mut body = body.clone();
        for coding in codings.iter().rev() {
            if body.n_bytes() > 0 {
                body = self.without(&body, coding)?;
            }
        }
        Ok(body)
    }

    fn without(&mut self, body: &Body, coding: &str) -> io::Result<Body> {
        let start = body.head(START_BYTES)?;
        let reader: Box<dyn Read> = match coding {
            "gzip" | "x-gzip" => Box::new(MultiGzDecoder::new(buffered(body))),
            "deflate" if is_zlib(&start) => Box::new(ZlibDecoder::new(buffered(body))),
            "deflate" => Box::new(DeflateDecoder::new(buffered(body))),
            "br" => Box::new(brotli_decompressor::Decompressor::new(
                buffered(body),
                BROTLI_BUFFER_BYTES,
            )),
            "zstd" => {
                let mut decoder = zstd::stream::read::Decoder::new(body.reader())?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            _ => return Err(damaged(format!("{coding} is not known here"))),
        };
        match self.unpacked(reader) {
            Err(why) if !is_final(&why) && is_plain(&start) => Ok(body.clone()),
            unpacked => unpacked,
        }
    }

    fn unpacked(&mut self, reader: impl Read) -> io::Result<Body> {
        let mut out = self.writer();
        self.allowance.unpack(reader, |piece| out.write_all(piece))?;
        Ok(out.finish())
    }

    fn writer(&self) -> BodyWriter {
        BodyWriter::new(self.temporary, self.limits.member_bytes)
    }
}

fn buffered(body: &Body) -> BufReader<BodyReader> {
    BufReader::new(body.reader())
}

/// Whether a body begins with the length of a chunk.
fn has_chunks(body: &Body) -> io::Result<bool> {
    Ok(body.n_bytes() == 0 || chunk_length(&mut buffered(body)).is_ok())
}

/// Whether bytes are those of a text: what is compressed has others than letters and white space among them.
fn is_plain(start: &[u8]) -> bool {
    let is_control = |byte: &u8| matches!(byte, 0..=8 | 11 | 14..=26 | 28..=31 | 127);
    !start.iter().any(is_control)
}

/// RFC 1950, 2.2: many servers send raw Deflate instead.
fn is_zlib(start: &[u8]) -> bool {
    matches!(start, [a, b, ..] if a & 15 == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0)
}

/// The length of the chunk that begins here; none at the end.
fn chunk_length(reader: &mut BufReader<BodyReader>) -> io::Result<Option<u64>> {
    // The end of the line before.
    for _ in 0..2 {
        match reader.fill_buf()?.first() {
            None => return Ok(None),
            Some(b'\r' | b'\n') => reader.consume(1),
            Some(_) => break,
        }
    }
    let mut line = Vec::new();
    reader.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line);
    let length = line.split(';').next().unwrap_or_default().trim();
    match u64::from_str_radix(length, 16) {
        Ok(n) if !length.starts_with('+') => Ok(Some(n)),
        _ => Err(damaged("a chunk has no length")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrapper() -> Unwrapper {
        let limits = Limits { member_bytes: 1000, bytes_more: 5000, ..Limits::default() };
        Unwrapper { temporary: tempfile::tempfile, limits, allowance: Allowance::of(0, &limits) }
    }

    fn bytes(body: Body) -> Vec<u8> {
        body.head(10_000).unwrap()
    }

    #[test]
    fn a_head_is_told_from_what_follows() {
        let block = Body::of_bytes(
            b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html;\r\n charset=\"koi8-r\"\r\nContent-Encoding: GZIP, br\r\n\r\nbody"
                .to_vec(),
        );
        let head = ResponseHead::of(&block).unwrap().unwrap();
        assert_eq!((head.status, head.charset()), (404, Some("koi8-r")));
        assert_eq!(head.codings(), ["gzip", "br"]);
        assert_eq!(bytes(head.payload(&block)), b"body");
        assert!(ResponseHead::of(&Body::of_bytes(b"words".to_vec())).unwrap().is_none());
    }

    #[test]
    fn chunks_are_put_together() {
        for (wrapped, plain) in [
            ("4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n", Some("Wikipedia")),
            ("4\nWiki\n0\n", Some("Wiki")),
            ("ff\r\nbreaks off", Some("breaks off")),
            ("<!doctype html>\r\n", Some("<!doctype html>\r\n")),
            ("4\r\nWiki\r\nno\r\n", None),
            ("", Some("")),
        ] {
            let found = unwrapper().dechunked(&Body::of_bytes(wrapped.into())).ok().map(bytes);
            assert_eq!(found.as_deref(), plain.map(str::as_bytes), "{wrapped}");
        }
    }

    #[test]
    fn codings_are_undone_within_limits() {
        let coded = |coding: &str, bytes: Vec<u8>| {
            unwrapper().decoded(&Body::of_bytes(bytes), &[coding.to_owned()])
        };
        let deflate = |n: usize| {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
            encoder.write_all(&vec![b'a'; n]).unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(bytes(coded("deflate", deflate(100)).unwrap()), vec![b'a'; 100]);
        assert!(coded("deflate", deflate(1001)).is_err());
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let plain = "<p>Grüße</p>\n".as_bytes();
            assert_eq!(bytes(coded(coding, plain.to_vec()).unwrap()), plain, "{coding}");
            assert!(coded(coding, b"\x00\xff\x12\x01garbage".to_vec()).is_err(), "{coding}");
        }
        assert!(coded("gzip", b"\x1f\x8b\x08broken".to_vec()).is_err());
        assert!(coded("compress", b"x".to_vec()).is_err());
        let brotli = b"\x0b\x02\x80hello\x03".to_vec();
        assert_eq!(bytes(coded("br", brotli).unwrap()), b"hello");
        let zstd = zstd::encode_all(&b"hello"[..], 3).unwrap();
        assert_eq!(bytes(coded("zstd", zstd).unwrap()), b"hello");
    }
}

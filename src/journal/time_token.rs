//! Time tokens of RFC 3161: what is asked of a time-stamping authority, and what it answers.
//!
//! A token is a CMS SignedData (RFC 5652) around a TSTInfo. Its signature is not verified here: that takes the
//! authority's certificates and those above it, which no archive holds. What is read is what the authority says.

use crate::types::{digest::Digest, limits::TOKEN_BYTES_MAX, time::Timestamp};

use super::der::{Der, is_integer, short, small, tag, unsigned};

const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// Other hashes that authorities are asked for.
const OTHER_HASHES: [(&[u8], &str); 3] = [
    (&[0x2b, 0x0e, 3, 2, 0x1a], "a SHA-1"),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2], "a SHA-384"),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3], "a SHA-512"),
];
/// id-signedData.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// id-ct-TSTInfo.
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
const NULL: &[u8] = &[5, 0];
const TRUE: &[u8] = &[1, 1, 0xff];
/// A token that may be off by more says too little.
const ACCURACY_SECONDS_MAX: u32 = 60;
/// What an authority says about a refusal is cut there.
const REASON_CHARS_MAX: usize = 200;

/// What an authority says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeToken {
    /// The SHA-256 of what it was shown.
    pub imprint: Digest,
    /// When.
    pub time: Timestamp,
    /// What tells the answer to one request from others: the bytes of a number.
    nonce: Option<Vec<u8>>,
}

/// Why an answer is of no use; the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadToken(String);

impl BadToken {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// A TimeStampReq over the SHA-256 of what is to be stamped; the answer is to hold the authority's certificate.
pub fn request(imprint: &Digest, nonce: u64) -> Vec<u8> {
    let algorithm = short(tag::SEQUENCE, &[&short(tag::OID, SHA_256)[..], NULL].concat());
    let imprint = [algorithm, short(tag::OCTET_STRING, imprint.as_bytes())].concat();
    let fields = [
        short(tag::INTEGER, &[1]),
        short(tag::SEQUENCE, &imprint),
        short(tag::INTEGER, &unsigned(nonce)),
        TRUE.to_vec(),
    ];
    short(tag::SEQUENCE, &fields.concat())
}

/// The token in a TimeStampResp that grants one.
pub fn token_in(answer: &[u8]) -> Result<&[u8], BadToken> {
    let not_one =
        || BadToken::new("it is no answer of a time-stamping authority (RFC 3161, in DER)");
    let mut outer = Der::new(answer);
    let mut fields = outer.inside(tag::SEQUENCE).ok_or_else(not_one)?;
    if !outer.is_at_end() {
        return Err(BadToken::new("more bytes follow where the answer ends"));
    }
    let mut status = fields.inside(tag::SEQUENCE).ok_or_else(not_one)?;
    let code = status.integer().and_then(small).ok_or_else(not_one)?;
    let reason = reason(status).ok_or_else(not_one)?;
    // Granted, or granted with modifications.
    if code > 1 {
        return Err(BadToken::new(format!("the authority refused, with status {code}{reason}")));
    }
    let token = fields.any().filter(|value| value.tag == tag::SEQUENCE);
    let token = token.ok_or_else(|| BadToken::new("there is no token in it"))?;
    if !fields.is_at_end() {
        return Err(not_one());
    }
    Ok(token.whole)
}

/// What the authority says in words.
fn reason(mut status: Der) -> Option<String> {
    let mut said = String::new();
    if let Some(texts) = status.optional(tag::SEQUENCE)? {
        let mut texts = Der::new(texts);
        while !texts.is_at_end() {
            said.push_str(&String::from_utf8_lossy(texts.any()?.content));
        }
    }
    status.optional(tag::BIT_STRING)?;
    let said: String = said.chars().take(REASON_CHARS_MAX).collect();
    let said = if said.is_empty() { said } else { format!(": {said}") };
    status.is_at_end().then_some(said)
}

impl TimeToken {
    /// Reads a token.
    pub fn parse(token: &[u8]) -> Result<Self, BadToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(BadToken::new(format!("a token has at most {TOKEN_BYTES_MAX} bytes")));
        }
        let info = tst_info(token)
            .ok_or_else(|| BadToken::new("the token in it is no signed statement of a time"))?;
        let (read, accuracy) = Self::of_info(info).ok_or_else(|| match other_hash(info) {
            Some(hash) => BadToken::new(format!(
                "the token in it is over {hash}, and not over the SHA-256 that archive anchor request asks for"
            )),
            None => BadToken::new("the token in it states no time and SHA-256"),
        })?;
        if accuracy > ACCURACY_SECONDS_MAX {
            let why = format!(
                "its time may be off by {accuracy} seconds, more than {ACCURACY_SECONDS_MAX}; ask another authority"
            );
            return Err(BadToken::new(why));
        }
        Ok(read)
    }

    /// Whether it answers the request with this nonce.
    pub fn answers(&self, nonce: u64) -> bool {
        self.nonce.as_deref() == Some(&unsigned(nonce))
    }

    /// Reads a TSTInfo, and by how many seconds it may be off.
    fn of_info(info: &[u8]) -> Option<(Self, u32)> {
        let mut outer = Der::new(info);
        let mut fields = outer.inside(tag::SEQUENCE).filter(|_| outer.is_at_end())?;
        if fields.integer()? != [1] {
            return None;
        }
        // Under which policy.
        fields.take(tag::OID)?;
        let imprint = imprint(fields.inside(tag::SEQUENCE)?)?;
        // The serial number.
        fields.integer()?;
        let time = time(fields.take(tag::TIME)?)?;
        let accuracy = fields.optional(tag::SEQUENCE)?.map_or(Some(0), accuracy)?;
        let ordering = fields.optional(tag::BOOLEAN)?;
        let nonce = fields.optional(tag::INTEGER)?;
        // The authority's name, and extensions.
        fields.optional(tag::OUTER_0)?;
        fields.optional(tag::OUTER_1)?;
        let is_whole = fields.is_at_end()
            && ordering.is_none_or(|it| it.len() == 1)
            && nonce.is_none_or(is_integer);
        let token = Self { imprint, time, nonce: nonce.map(<[u8]>::to_vec) };
        is_whole.then_some((token, accuracy))
    }
}

/// The TSTInfo in a ContentInfo with SignedData.
fn tst_info(token: &[u8]) -> Option<&[u8]> {
    let mut outer = Der::new(token);
    let mut content_info = outer.inside(tag::SEQUENCE).filter(|_| outer.is_at_end())?;
    if content_info.take(tag::OID)? != SIGNED_DATA {
        return None;
    }
    let mut explicit = content_info.inside(tag::OUTER_0).filter(|_| content_info.is_at_end())?;
    let mut signed = explicit.inside(tag::SEQUENCE).filter(|_| explicit.is_at_end())?;
    signed.integer()?;
    // The algorithms of digests.
    signed.take(tag::SET)?;
    let mut encapsulated = signed.inside(tag::SEQUENCE)?;
    if encapsulated.take(tag::OID)? != TST_INFO {
        return None;
    }
    let mut explicit = encapsulated.inside(tag::OUTER_0).filter(|_| encapsulated.is_at_end())?;
    let info = explicit.take(tag::OCTET_STRING).filter(|_| explicit.is_at_end())?;
    // Certificates, and lists of those revoked.
    signed.optional(tag::OUTER_0)?;
    signed.optional(tag::OUTER_1)?;
    let mut signers = signed.inside(tag::SET).filter(|_| signed.is_at_end())?;
    // One authority signs.
    signers.take(tag::SEQUENCE)?;
    signers.is_at_end().then_some(info)
}

/// By which other hash a TSTInfo names what it is about.
fn other_hash(info: &[u8]) -> Option<&'static str> {
    let mut fields = Der::new(info).inside(tag::SEQUENCE)?;
    fields.integer()?;
    fields.take(tag::OID)?;
    let algorithm = fields.inside(tag::SEQUENCE)?.inside(tag::SEQUENCE)?.take(tag::OID)?;
    if algorithm == SHA_256 {
        return None;
    }
    let known = OTHER_HASHES.iter().find(|(id, _)| *id == algorithm);
    Some(known.map_or("another hash", |(_, name)| name))
}

fn imprint(mut fields: Der) -> Option<Digest> {
    let mut algorithm = fields.inside(tag::SEQUENCE)?;
    let is_sha_256 = algorithm.take(tag::OID)? == SHA_256;
    let is_plain =
        algorithm.is_at_end() || (algorithm.any()?.whole == NULL && algorithm.is_at_end());
    let digest = Digest::from_slice(fields.take(tag::OCTET_STRING)?)?;
    (is_sha_256 && is_plain && fields.is_at_end()).then_some(digest)
}

/// Reads `20261129032031.5Z`.
fn time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_at_checked(14)?;
    let are_digits = whole.bytes().all(|b| b.is_ascii_digit());
    let is_fraction = fraction.is_empty()
        || (fraction.len() <= 10
            && fraction.starts_with('.')
            && fraction[1..].bytes().all(|b| b.is_ascii_digit())
            && fraction.ends_with(|c| ('1'..='9').contains(&c)));
    if !are_digits || !is_fraction {
        return None;
    }
    let part = |from: usize, to: usize| &whole[from..to];
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let (hour, minute, second) = (part(8, 10), part(10, 12), part(12, 14));
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}Z"))
}

/// By how many seconds a time may be off, the begun one counted.
fn accuracy(fields: &[u8]) -> Option<u32> {
    let mut fields = Der::new(fields);
    let number = |bytes: Option<&[u8]>| bytes.map_or(Some(0), small);
    let seconds = number(fields.optional(tag::INTEGER)?)?;
    let millis = number(fields.optional(tag::PLAIN_0)?)?;
    let micros = number(fields.optional(tag::PLAIN_1)?)?;
    let is_begun = millis > 0 || micros > 0;
    fields.is_at_end().then(|| seconds.saturating_add(u32::from(is_begun)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_that_of_openssl() {
        let expected = [
            "304302010130",
            "31300d060960864801650304020105000420",
            &"ab".repeat(32),
            "0208123456789abcdef00101ff",
        ];
        let request = request(&Digest::from_bytes([0xab; 32]), 0x1234_5678_9abc_def0);
        assert_eq!(crate::types::digest::hex(&request), expected.concat());
    }

    #[test]
    fn times_have_one_spelling() {
        for (text, expected) in [
            ("20261129032031Z", Some("2026-11-29T03:20:31Z")),
            ("20261129032031.25Z", Some("2026-11-29T03:20:31.25Z")),
            ("20261129032031.250Z", None),
            ("20261129032031.Z", None),
            ("20261129032031", None),
            ("20261129032031+0000", None),
            ("20261329032031Z", None),
            ("2026112903203Z", None),
            ("", None),
            ("2026é129032031Z", None),
        ] {
            let found = time(text.as_bytes()).map(|time| time.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_its_own_words() {
        let status = short(tag::SEQUENCE, &[&[2, 1, 2, 0x30, 5, 0x0c, 3][..], b"no!"].concat());
        let refusal = short(tag::SEQUENCE, &status);
        let why = token_in(&refusal).unwrap_err().to_string();
        assert_eq!(why, "the authority refused, with status 2: no!");
        assert!(token_in(&[&refusal[..], &[0]].concat()).unwrap_err().to_string().contains("more"));
        let granted = short(tag::SEQUENCE, &short(tag::SEQUENCE, &[2, 1, 0]));
        assert!(token_in(&granted).unwrap_err().to_string().contains("no token"));
        for bad in [&b""[..], b"hello", b"\x30\x80", &[0x30, 0x84, 255, 255, 255, 255]] {
            assert!(token_in(bad).unwrap_err().to_string().starts_with("it is no answer"));
        }
    }
}

//! A time-stamping authority without a key: what it answers has the form of RFC 3161, and a signature of nobody.

use docarchive::internals::types::{digest::Digest, time::Timestamp};

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = match content.len() {
        n @ 0..0x80 => vec![n as u8],
        n @ 0x80..0x100 => vec![0x81, n as u8],
        n => vec![0x82, (n >> 8) as u8, n as u8],
    };
    [&[tag], &length[..], &content].concat()
}

/// What a test may want to be otherwise.
#[derive(Clone)]
pub struct Stated {
    pub time: Timestamp,
    /// All of the nonce as it stands in DER.
    pub nonce: Vec<u8>,
    /// How many seconds it may be off.
    pub accuracy: u8,
    pub status: u8,
}

impl Stated {
    pub fn at(time: Timestamp) -> Self {
        Self { time, nonce: Vec::new(), accuracy: 1, status: 0 }
    }
}

/// The token alone.
pub fn token(imprint: &Digest, stated: &Stated) -> Vec<u8> {
    let sha_256 = [0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    let algorithm = der(0x30, &[&sha_256, &[5, 0]]);
    let imprint = der(0x30, &[&algorithm, &der(4, &[imprint.as_bytes()])]);
    let time: String = stated.time.to_string().chars().filter(|c| !"-T:".contains(*c)).collect();
    let accuracy = der(0x30, &[&der(2, &[&[stated.accuracy]])]);
    let policy = [0x06, 3, 0x2a, 3, 4];
    let info = der(
        0x30,
        &[
            &[2, 1, 1],
            &policy,
            &imprint,
            &[2, 1, 7],
            &der(0x18, &[time.as_bytes()]),
            &accuracy,
            &stated.nonce,
        ],
    );
    let tst_info = [0x06, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
    let content = der(0x30, &[&tst_info, &der(0xa0, &[&der(4, &[&info])])]);
    let signer = der(0x31, &[&der(0x30, &[&[2, 1, 1]])]);
    let signed = der(0x30, &[&[2, 1, 3], &der(0x31, &[]), &content, &signer]);
    let signed_data = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    der(0x30, &[&signed_data, &der(0xa0, &[&signed])])
}

/// An answer about these bytes.
pub fn answer(about: &[u8], stated: &Stated) -> Vec<u8> {
    answer_of(&Digest::of(about), stated)
}

fn answer_of(imprint: &Digest, stated: &Stated) -> Vec<u8> {
    let status = der(0x30, &[&[2, 1, stated.status]]);
    let token = if stated.status > 1 { Vec::new() } else { token(imprint, stated) };
    der(0x30, &[&status, &token])
}

/// An answer to a request.
pub fn answer_to(request: &[u8], stated: &Stated) -> Vec<u8> {
    // Behind heads and the name of the algorithm lies the digest, and then the nonce.
    let imprint = Digest::from_slice(&request[24..56]).unwrap();
    let nonce = request[56..58 + usize::from(request[57])].to_vec();
    answer_of(&imprint, &Stated { nonce, ..stated.clone() })
}

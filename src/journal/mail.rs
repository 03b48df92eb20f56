//! Checkpoints as mail and paper leave them: quoted, wrapped, indented, with other text around.
//!
//! Only the shape is mended here. Whether what is found is what was signed, its signature decides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::types::digest::Digest;

/// The first bytes of a signature line's base64 name the key; an Ed25519 signature follows.
const SIGNATURE_BYTES_MIN: usize = 4 + 64;
/// The signature of one line may have been wrapped onto so many.
const WRAPPED_LINES_MAX: usize = 4;

/// A checkpoint found in a text, as a note again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCheckpoint {
    /// The archive's name in its journal, as it stands there.
    pub origin: String,
    /// The key of the first signature line: its name and eight hex digits.
    pub signed_by: String,
    /// The note in its one spelling.
    pub note: Vec<u8>,
}

/// The checkpoints in a text, in their order, their signatures not looked at.
pub fn checkpoints(text: &[u8]) -> Vec<FoundCheckpoint> {
    let text = unicode(text);
    let found = checkpoints_in(&text);
    // A mail as it travels has its dashes and equals signs as =E2=80=94 and =3D.
    if found.is_empty() { checkpoints_in(&printable(&text)) } else { found }
}

/// The first line of a text that is a public key, or ends in one: `vkey    name+id+key`.
pub fn vkey(text: &[u8]) -> Option<String> {
    let text = unicode(text);
    let words = text.lines().filter_map(|line| bare(line).rsplit(char::is_whitespace).next());
    let mut vkeys = words.filter(|word| super::note::Verifier::parse(word).is_ok());
    vkeys.next().map(str::to_owned)
}

fn checkpoints_in(text: &str) -> Vec<FoundCheckpoint> {
    let lines: Vec<&str> = text.split(['\n', '\r']).map(bare).collect();
    let some: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    (0..some.len()).filter_map(|start| checkpoint(&some[start..])).collect()
}

/// The checkpoint that begins with the first of these lines, none of which is empty.
fn checkpoint(lines: &[&str]) -> Option<FoundCheckpoint> {
    let [origin, size, root, rest @ ..] = lines else { return None };
    let is_size = size.bytes().all(|b| b.is_ascii_digit());
    let is_root = STANDARD.decode(root).is_ok_and(|root| Digest::from_slice(&root).is_some());
    if !is_size || !is_root {
        return None;
    }
    let mut note = format!("{origin}\n{size}\n{root}\n\n");
    let (mut signed_by, mut rest) = (None, rest);
    while let Some((name, signature, n_lines)) = signature(rest) {
        note.push_str(&format!("— {name} {}\n", STANDARD.encode(&signature)));
        let id = crate::types::digest::hex(&signature[..4]);
        signed_by.get_or_insert(format!("{name}+{id}"));
        rest = &rest[n_lines..];
    }
    let (origin, note) = ((*origin).to_owned(), note.into_bytes());
    Some(FoundCheckpoint { origin, signed_by: signed_by?, note })
}

/// The signature line at the beginning: the key's name, what it signed with, and how many lines it takes.
fn signature<'a>(lines: &[&'a str]) -> Option<(&'a str, Vec<u8>, usize)> {
    let (dash, words) = lines.first()?.split_once(char::is_whitespace)?;
    let is_dash = |c: char| matches!(c, '—' | '–' | '-' | '\u{fffd}');
    if !dash.chars().all(is_dash) {
        return None;
    }
    let mut words = words.split_whitespace();
    let name = words.next()?;
    let mut base64: String = words.collect();
    for n_lines in 1..=WRAPPED_LINES_MAX {
        match STANDARD.decode(&base64) {
            Ok(bytes) if bytes.len() >= SIGNATURE_BYTES_MIN => return Some((name, bytes, n_lines)),
            _ => base64.push_str(lines.get(n_lines)?),
        }
    }
    None
}

/// A line without marks of quotation before it and blanks around it.
fn bare(line: &str) -> &str {
    line.trim_start_matches(|c: char| matches!(c, '>' | '|') || c.is_whitespace()).trim_end()
}

/// The text, whatever it was saved as; what is not Unicode shows as U+FFFD.
fn unicode(text: &[u8]) -> String {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units = text.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    let text: String = match text {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(text).into_owned(),
    };
    text.replace('\u{feff}', "")
}

/// The text with the escapes of quoted-printable resolved (RFC 2045, section 6.7).
fn printable(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.replace("=\r\n", "").replace("=\n", "").into_bytes().into_iter().peekable();
    while let Some(byte) = rest.next() {
        let digits: Vec<u8> = match byte {
            b'=' => rest.clone().take(2).collect(),
            _ => Vec::new(),
        };
        let digits = std::str::from_utf8(&digits).unwrap_or_default();
        match u8::from_str_radix(digits, 16) {
            Ok(escaped) if digits.len() == 2 => {
                bytes.push(escaped);
                rest.nth(1);
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::note::{Checkpoint, Signer};

    const ORIGIN: &str = "archive.local/a-desk-of-a-long-name.archive-8ba491df";

    fn signer() -> Signer {
        Signer::from_seed(ORIGIN, &[7; 32]).unwrap()
    }

    fn note() -> String {
        let checkpoint = Checkpoint { origin: ORIGIN.into(), size: 14, root: Digest::of(b"x") };
        String::from_utf8(checkpoint.sign(&signer()).unwrap()).unwrap()
    }

    #[track_caller]
    fn is_found(text: impl AsRef<[u8]>) {
        let found = checkpoints(text.as_ref());
        let notes: Vec<&[u8]> = found.iter().map(|found| &found.note[..]).collect();
        assert_eq!(notes, [note().as_bytes()], "{:?}", String::from_utf8_lossy(text.as_ref()));
        assert_eq!(found[0].origin, ORIGIN);
        let (vkey, signed_by) = (signer().verifier().to_string(), &found[0].signed_by);
        assert!(vkey.starts_with(&format!("{signed_by}+")), "{signed_by}");
    }

    #[test]
    fn a_checkpoint_is_found_however_it_was_sent() {
        let note = note();
        let quoted = |mark: &str| -> String {
            note.lines().map(|line| format!("{mark}{line}\r\n")).collect()
        };
        is_found(&note);
        is_found(note.replace('\n', "\r\n"));
        is_found(note.replace('\n', "\r"));
        is_found(note.replace('\n', "  \t\n"));
        is_found(note.replace('\n', "\n\n"));
        is_found(note.replace("\n\n", "\n"));
        is_found(note.trim_end());
        is_found(format!("\u{feff}\n\n{note}\n\n\n"));
        is_found(format!("Dear Ann,\n\nplease keep this:\n\n{note}\n-- \nBob\n14\n"));
        for mark in ["> ", ">", ">> ", "> > ", "    ", "| "] {
            is_found(quoted(mark));
            is_found(format!("On Monday Bob wrote:\r\n{}Thanks.\r\n", quoted(mark)));
        }
        for dash in ["–", "-", "--", "\u{fffd}"] {
            is_found(note.replace('—', dash));
        }
        let (name, signature) = note.split_once('—').unwrap().1.trim().split_once(' ').unwrap();
        is_found(note.replace(&format!("{name} {signature}"), &format!("{name}\n{signature}")));
        let (first, second) = signature.split_at(50);
        is_found(note.replace(signature, &format!("{first}\n{second}")));
        is_found(note.replace('=', "=3D").replace('—', "=E2=80=94").replace("cal/", "cal=\n/"));
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        is_found(wide(&format!("\u{feff}{note}")));
    }

    #[test]
    fn several_are_found_and_what_is_none_is_not() {
        assert_eq!(checkpoints(format!("{0}> {0}", note()).as_bytes()).len(), 2);
        for text in ["", "\n", "a\n14\nb\n", "— a b\n", "\u{feff}", "=\n=3", "a\n14"] {
            assert_eq!(checkpoints(text.as_bytes()), [], "{text:?}");
        }
        let note = note();
        for line in 1..4 {
            let cut: Vec<&str> = note.split_inclusive('\n').take(line).collect();
            assert_eq!(checkpoints(cut.concat().as_bytes()), [], "{line}");
        }
    }

    #[test]
    fn a_vkey_is_found_in_what_init_prints() {
        let vkey = signer().verifier().to_string();
        for text in [
            vkey.clone(),
            format!("{vkey}\r\n"),
            format!("> \u{feff}vkey    {vkey}  \n"),
            format!("new archive at desk\n  origin  {ORIGIN}\n  vkey    {vkey}\n  key     /x\n"),
        ] {
            assert_eq!(super::vkey(text.as_bytes()).as_deref(), Some(&vkey[..]), "{text:?}");
        }
        assert_eq!(super::vkey(note().as_bytes()), None);
    }
}

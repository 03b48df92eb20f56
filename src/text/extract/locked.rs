//! Mails whose words only their readers can unlock: S/MIME (RFC 8551) and OpenPGP (RFC 3156, RFC 9580).

use mail_parser::{Message, MessagePart, MimeHeaders as _};

/// What stands at the start of a text that is locked.
const PGP_MARK: &str = "-----BEGIN PGP MESSAGE-----";
/// The identifiers of what is locked in the terms of CMS: enveloped data, and the same with a check of it.
const ENVELOPED: [&[u8]; 2] = [
    &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3],
    &[6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 23],
];
/// They stand at the start.
const START_BYTES: usize = 64;

/// Whether something in a mail itself is locked.
pub(super) fn has_locked_part(message: &Message) -> bool {
    message.parts.iter().any(is_locked)
}

/// Whether a text is locked, or some of it.
pub(super) fn is_locked_text(text: &str) -> bool {
    text.contains(PGP_MARK) && text.lines().any(|line| line.trim_end() == PGP_MARK)
}

fn is_locked(part: &MessagePart) -> bool {
    let Some(content_type) = part.content_type() else { return false };
    let is_of = |kind: &str, subtype: &str| {
        content_type.ctype().eq_ignore_ascii_case(kind)
            && content_type.subtype().is_some_and(|it| it.eq_ignore_ascii_case(subtype))
    };
    if is_of("multipart", "encrypted") {
        return true;
    }
    if !is_of("application", "pkcs7-mime") && !is_of("application", "x-pkcs7-mime") {
        return false;
    }
    match content_type.attribute("smime-type") {
        Some(kind) => {
            ["enveloped-data", "authenveloped-data"].contains(&&*kind.to_ascii_lowercase())
        }
        None => {
            let bytes = part.contents();
            let start = &bytes[..bytes.len().min(START_BYTES)];
            ENVELOPED.iter().any(|it| start.windows(it.len()).any(|window| window == *it))
        }
    }
}

//! Plain text of mails that is wrapped so that programs can undo it: RFC 3676.

/// A text whose lines were broken in the middle of words, as `delsp=yes` says, put together again.
///
/// Where lines are broken between words they stay as they are: what is wrapped is told from what is a list where texts are
/// compared.
pub(super) fn joined(text: &str) -> String {
    let (mut out, mut flows) = (String::with_capacity(text.len()), None);
    for line in text.lines() {
        let rest = line.trim_start_matches('>');
        let depth = line.len() - rest.len();
        // A space is put before what would be read otherwise.
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let before = flows.take();
        if before != Some(depth) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&line[..depth]);
            out.push_str(if depth > 0 { " " } else { "" });
        }
        match rest.strip_suffix(' ').filter(|_| rest != SIGNATURE) {
            Some(start) => {
                out.push_str(start);
                flows = Some(depth);
            }
            None => out.push_str(rest),
        }
    }
    out
}

/// The line before a signature, which ends with a space and is no part of anything.
const SIGNATURE: &str = "-- ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_were_broken_are_whole() {
        for (text, expected) in [
            ("The li \r\nne is  \r\nlong.\r\n\r\nNext", "The line is long.\n\nNext"),
            ("> one wo \n> rd\n>> other \n> line\n end", "> one word\n>> other\n> line\nend"),
            ("Yours \n-- \nAnn", "Yours-- \nAnn"),
            (" From here \n >on", "From here>on"),
            ("", ""),
        ] {
            assert_eq!(joined(text), expected);
        }
    }
}

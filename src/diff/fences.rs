//! Which lines are code: those between two fences.
//!
//! A fence of signs alone may begin code or end it. What stands around it tells more than how many came before: so one
//! fence more or less does not turn code into prose and prose into code all the way down.

use std::ops::Range;

/// A line that begins or ends code.
struct Fence {
    bytes: Range<usize>,
    sign: u8,
    role: FenceRole,
}

/// What a fence can be, by its words and the lines beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FenceRole {
    Begins,
    Ends,
    Either,
}

/// Whether a line begins or ends code.
pub fn is_fence(line: &str) -> bool {
    fence_sign(line).is_some()
}

fn fence_sign(line: &str) -> Option<u8> {
    let has_words_within = || line.trim_start_matches('`').contains('`');
    let is_fence = line.starts_with("~~~") || line.starts_with("```") && !has_words_within();
    is_fence.then(|| line.as_bytes()[0])
}

/// The bytes of each stretch of code, from the fence before to the one after it, in order.
pub fn code(text: &str) -> Vec<Range<usize>> {
    let fences = fences(text);
    let mut code: Vec<Range<usize>> = Vec::new();
    for (i, fence) in fences.iter().enumerate() {
        let is_within = code.last().is_some_and(|last| fence.bytes.start < last.end);
        if is_within || fence.role == FenceRole::Ends {
            continue;
        }
        // Behind the first of two that begin code there is none.
        let next = fences[i + 1..].iter().find(|next| next.sign == fence.sign);
        if let Some(end) = next.filter(|next| next.role != FenceRole::Begins) {
            code.push(fence.bytes.start..end.bytes.end);
        }
    }
    code
}

fn fences(text: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut start = 0;
    let mut is_below_blank = true;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(raw) = lines.next() {
        let line = raw.trim();
        if let Some(sign) = fence_sign(line) {
            let is_above_blank = lines.peek().is_none_or(|next| next.trim().is_empty());
            let has_words = line.bytes().any(|byte| byte != sign);
            let role = match (has_words, is_below_blank, is_above_blank) {
                (true, ..) | (_, true, false) => FenceRole::Begins,
                (_, false, true) => FenceRole::Ends,
                _ => FenceRole::Either,
            };
            let bytes = start..start + raw.trim_end_matches('\n').len();
            fences.push(Fence { bytes, sign, role });
        }
        is_below_blank = line.is_empty();
        start += raw.len();
    }
    fences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<&str> {
        code(text).into_iter().map(|bytes| &text[bytes]).collect()
    }

    #[test]
    fn code_is_what_two_fences_enclose() {
        assert_eq!(shown("a\n\n```rust\nx\n\ny\n```\nb\n"), ["```rust\nx\n\ny\n```"]);
        assert_eq!(shown("a\n```\nx\n```\nb\n```\ny\n```\nc"), ["```\nx\n```", "```\ny\n```"]);
        assert_eq!(shown("~~~\n```\nx\n~~~\n"), ["~~~\n```\nx\n~~~"]);
        assert_eq!(shown("```one line```\n\n```\n"), [""; 0]);
    }

    #[test]
    fn a_fence_alone_encloses_nothing() {
        let text = "a\n\n```\nx\n```\n\nb\n\n```\ny\n```\n\nc\n";
        let expected = ["```\nx\n```", "```\ny\n```"];
        assert_eq!(shown(text), expected);
        assert_eq!(shown(&format!("z\n```\n\n{text}")), expected);
        assert_eq!(shown(&format!("z\n\n```\nz\n\n{text}")), expected);
        assert_eq!(shown(&text.replacen("x\n```\n", "x\n", 1)), expected[1..]);
        assert_eq!(shown(&text.replacen("```\nx", "x", 1)), expected[1..]);
    }
}

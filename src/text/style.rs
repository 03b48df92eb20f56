//! What the `style` of an element says of whether it is seen: declarations by CSS Syntax Level 3, as far as that goes.

use std::borrow::Cow;

/// What a `style` says of whether its element is seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct InlineStyle {
    /// Whether the element has a place on the page, if it is said.
    pub is_displayed: Option<bool>,
    /// Whether what is in it can be seen there, if it is said; what lies in it may say otherwise.
    pub is_visible: Option<bool>,
}

/// A value, and whether a later one without that word leaves it.
type StyleValue = Option<(Option<bool>, bool)>;

impl InlineStyle {
    /// Reads an attribute's value.
    pub fn of(style: &str) -> Self {
        let (mut display, mut visibility, mut content) = (None, None, None);
        for declaration in declarations(&without_comments(style)) {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.trim().to_ascii_lowercase();
            let (value, is_important) = match value.strip_suffix("important") {
                Some(head) if head.trim_end().ends_with('!') => {
                    (head.trim_end().trim_end_matches('!').trim_end(), true)
                }
                _ => (&*value, false),
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "display" => say(&mut display, displayed(value), is_important),
                "visibility" => say(&mut visibility, visible(value), is_important),
                "content-visibility" => say(&mut content, rendered(value), is_important),
                _ => {}
            }
        }
        let said = |it: StyleValue| it.and_then(|(value, _)| value);
        // What is not rendered is no more seen than what has no place.
        let is_displayed = said(content).filter(|it| !it).or(said(display));
        Self { is_displayed, is_visible: said(visibility) }
    }
}

/// Keeps what was said last, or last with weight; what is no value is none of both.
fn say(said: &mut StyleValue, value: Option<Option<bool>>, is_important: bool) {
    if let Some(value) = value
        && (is_important || said.is_none_or(|(_, is_important)| !is_important))
    {
        *said = Some((value, is_important));
    }
}

/// Whether an element of this `display` has a place, if that is said; none of what is no value.
fn displayed(value: &str) -> Option<Option<bool>> {
    const SHOWN: [&str; 14] = [
        "block",
        "inline",
        "flex",
        "grid",
        "table",
        "list-item",
        "contents",
        "flow-root",
        "flow",
        "ruby",
        "math",
        "initial",
        "unset",
        "inherit",
    ];
    let first = value.split_ascii_whitespace().next()?;
    let is_shown = SHOWN.contains(&first)
        || ["inline-", "table-", "ruby-", "-webkit-", "-moz-", "-ms-"]
            .iter()
            .any(|it| first.starts_with(it));
    match value {
        "none" => Some(Some(false)),
        "revert" | "revert-layer" => Some(None),
        _ => is_shown.then_some(Some(true)),
    }
}

fn visible(value: &str) -> Option<Option<bool>> {
    Some(match value {
        "visible" | "initial" => Some(true),
        "hidden" | "collapse" => Some(false),
        "inherit" | "unset" | "revert" | "revert-layer" => None,
        _ => return None,
    })
}

fn rendered(value: &str) -> Option<Option<bool>> {
    Some(match value {
        "hidden" => Some(false),
        "visible" | "auto" | "initial" | "inherit" | "unset" | "revert" | "revert-layer" => None,
        _ => return None,
    })
}

fn without_comments(style: &str) -> Cow<'_, str> {
    if !style.contains("/*") {
        return Cow::Borrowed(style);
    }
    let (mut kept, mut rest) = (String::with_capacity(style.len()), style);
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        kept.push(' ');
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// The declarations of a style: what semicolons part that stand in no quotes and in no brackets.
fn declarations(style: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut quote, mut is_escaped) = (0_usize, None, false);
    style.split(move |c: char| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        match (c, quote) {
            ('\\', _) => is_escaped = true,
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(c),
            ('(' | '[' | '{', None) => depth += 1,
            (')' | ']' | '}', None) => depth = depth.saturating_sub(1),
            (';', None) => return depth == 0,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_last_or_with_weight_counts() {
        const NO: Option<bool> = Some(false);
        const YES: Option<bool> = Some(true);
        for (style, is_displayed, is_visible) in [
            ("", None, None),
            ("color: red; DISPLAY : None ! important", NO, None),
            ("display:none;display:block", YES, None),
            ("display:none!important;display:block", NO, None),
            ("display:block;display:none", NO, None),
            ("display:none;display:none-such", NO, None),
            ("display:none}", None, None),
            ("display:none;display:inline-block", YES, None),
            ("--x:{display:none}", None, None),
            ("content:\"display:none;\"; content: 'a;display:none'", None, None),
            ("background:url(\"a;b\");display:none", NO, None),
            ("/*x*/display/*;*/:none", NO, None),
            ("visibility:hidden", None, NO),
            ("visibility: collapse ;", None, NO),
            ("visibility:hidden!important;visibility:visible", None, NO),
            ("visibility:hidden;visibility:inherit", None, None),
            ("visibility:initial", None, YES),
            ("content-visibility:hidden", NO, None),
            ("content-visibility:auto;display:block", YES, None),
            ("opacity:0;font-size:0", None, None),
        ] {
            let expected = InlineStyle { is_displayed, is_visible };
            assert_eq!(InlineStyle::of(style), expected, "{style}");
        }
    }
}

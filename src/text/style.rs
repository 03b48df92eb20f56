//! What the `style` of an element says of whether and how it is seen: declarations by CSS Syntax Level 3, as far as that goes.

use std::borrow::Cow;

/// What a `style` says of how its element is seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct InlineStyle {
    /// Whether the element has a place on the page, if it is said.
    pub is_displayed: Option<bool>,
    /// Whether what is in it can be seen there, if it is said; what lies in it may say otherwise.
    pub is_visible: Option<bool>,
    /// How it stands among what is around it, if it is said.
    pub stands: Option<Standing>,
    /// What lies in it stands each for itself, whatever it is.
    pub parts_children: bool,
    /// Whether it is struck out, if it is said.
    pub is_struck: Option<bool>,
}

/// How an element stands among what is around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// In lines of its own.
    Block,
    /// The same, as one of a list.
    Item,
    /// In a line.
    Inline,
    /// As a row of a table.
    Row,
    /// As a cell of one.
    Cell,
}

impl Standing {
    const ALL: [Self; 5] = [Self::Block, Self::Item, Self::Inline, Self::Row, Self::Cell];

    fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Item => "item",
            Self::Inline => "inline",
            Self::Row => "row",
            Self::Cell => "cell",
        }
    }
}

/// A value, and whether a later one without that word leaves it.
type StyleValue<T> = Option<(T, bool)>;

/// What a `display` says: whether there is a place, how the element stands, and whether it parts what lies in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Display {
    is_displayed: Option<bool>,
    stands: Option<Standing>,
    parts_children: bool,
}

impl InlineStyle {
    const VISIBLE: &str = "visible";
    const INVISIBLE: &str = "hidden";
    const PARTS: &str = "parts";
    const STRUCK: &str = "struck";
    const UNSTRUCK: &str = "unstruck";

    /// Reads an attribute's value.
    pub fn of(style: &str) -> Self {
        let (mut display, mut visibility, mut content, mut line) = (None, None, None, None);
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
                "text-decoration" | "text-decoration-line" => {
                    say(&mut line, struck(value), is_important);
                }
                _ => {}
            }
        }
        let Display { is_displayed, stands, parts_children } = said(display).unwrap_or_default();
        // What is not rendered is no more seen than what has no place.
        let is_displayed = said(content).flatten().filter(|it| !it).or(is_displayed);
        let (is_visible, is_struck) = (said(visibility).flatten(), said(line).flatten());
        Self { is_displayed, is_visible, stands, parts_children, is_struck }
    }

    /// All but whether it has a place, in few words.
    pub fn words(self) -> String {
        let either = |it: Option<bool>, yes, no| it.map(|it| if it { yes } else { no });
        let words = [
            either(self.is_visible, Self::VISIBLE, Self::INVISIBLE),
            self.stands.map(Standing::word),
            self.parts_children.then_some(Self::PARTS),
            either(self.is_struck, Self::STRUCK, Self::UNSTRUCK),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// What such words say.
    pub fn of_words(words: &str) -> Self {
        let has = |word: &str| words.split(' ').any(|it| it == word);
        let either = |yes: &str, no: &str| has(yes).then_some(true).or(has(no).then_some(false));
        Self {
            is_displayed: None,
            is_visible: either(Self::VISIBLE, Self::INVISIBLE),
            stands: Standing::ALL.into_iter().find(|it| has(it.word())),
            parts_children: has(Self::PARTS),
            is_struck: either(Self::STRUCK, Self::UNSTRUCK),
        }
    }
}

fn said<T>(value: StyleValue<T>) -> Option<T> {
    value.map(|(value, _)| value)
}

/// Keeps what was said last, or last with weight; what is no value is none of both.
fn say<T>(said: &mut StyleValue<T>, value: Option<T>, is_important: bool) {
    if let Some(value) = value
        && (is_important || said.as_ref().is_none_or(|(_, is_important)| !is_important))
    {
        *said = Some((value, is_important));
    }
}

/// What a `display` says; none of what is no value.
fn displayed(value: &str) -> Option<Display> {
    let shown = Display { is_displayed: Some(true), ..Display::default() };
    let standing = |stands| Display { stands: Some(stands), ..shown };
    let first = value.split_ascii_whitespace().next()?;
    let has = |words: &[&str]| value.split_ascii_whitespace().any(|it| words.contains(&it));
    let is_vendors = ["-webkit-", "-moz-", "-ms-"].iter().any(|it| first.starts_with(it));
    Some(match first {
        "none" if value == first => Display { is_displayed: Some(false), ..Display::default() },
        "revert" | "revert-layer" => Display::default(),
        "contents" => standing(Standing::Inline),
        "table-row" => standing(Standing::Row),
        "table-cell" => standing(Standing::Cell),
        "inline-flex" | "inline-grid" => Display { parts_children: true, ..shown },
        "inline" if has(&["flex", "grid"]) => Display { parts_children: true, ..shown },
        "inline" if value == first => standing(Standing::Inline),
        "initial" | "unset" => standing(Standing::Inline),
        _ if has(&["list-item"]) => standing(Standing::Item),
        "flex" | "grid" | "-webkit-flex" | "-webkit-box" | "-ms-flexbox" | "-ms-grid" => {
            Display { parts_children: true, ..standing(Standing::Block) }
        }
        "block" if has(&["flex", "grid"]) => {
            Display { parts_children: true, ..standing(Standing::Block) }
        }
        "block" | "table" | "flow-root" | "table-caption" => standing(Standing::Block),
        "inline" | "flow" | "ruby" | "math" | "inherit" => shown,
        _ if is_vendors
            || ["inline-", "table-", "ruby-"].iter().any(|it| first.starts_with(it)) =>
        {
            shown
        }
        _ => return None,
    })
}

/// Whether a `text-decoration` strikes out, if that is said; none of what is no value.
fn struck(value: &str) -> Option<Option<bool>> {
    let mut words = value.split_ascii_whitespace().peekable();
    words.peek()?;
    Some(match value {
        "inherit" | "revert" | "revert-layer" => None,
        _ => Some(words.any(|it| it == "line-through")),
    })
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
            let found = InlineStyle::of(style);
            assert_eq!(
                (found.is_displayed, found.is_visible),
                (is_displayed, is_visible),
                "{style}"
            );
        }
    }

    #[test]
    fn a_style_says_how_an_element_stands_and_whether_it_is_struck_out() {
        for (style, words) in [
            ("display:block", "block"),
            ("display: FLEX; color:red", "block parts"),
            ("display:block grid", "block parts"),
            ("display:inline-flex", "parts"),
            ("display:list-item", "item"),
            ("display:inline", "inline"),
            ("display:inline-block", ""),
            ("display:table-row", "row"),
            ("display:table-cell;visibility:hidden", "hidden cell"),
            ("display:block;display:inline", "inline"),
            ("display:flex!important;display:inline", "block parts"),
            ("text-decoration: underline line-through red", "struck"),
            ("text-decoration-line:line-through", "struck"),
            ("text-decoration:line-through;text-decoration:none", "unstruck"),
            ("text-decoration:inherit", ""),
        ] {
            let found = InlineStyle::of(style);
            assert_eq!(found.words(), words, "{style}");
            let read = InlineStyle::of_words(words);
            assert_eq!(read, InlineStyle { is_displayed: None, ..found }, "{style}");
        }
    }
}

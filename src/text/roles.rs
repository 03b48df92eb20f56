//! What the elements of a page do to its text: the standard's style sheet, section 15.3, as far as it matters.

use super::{
    raised::{HIGH, LOW},
    style::Standing,
    tree::Element,
};

/// The sign of what is struck out.
pub(super) const STRUCK: &str = "~~";
/// The sign of what is marked as inserted.
pub(super) const INSERTED: &str = "++";

/// What an element does to the text around it and in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Inline,
    Paragraph,
    /// White space in it is as it is.
    Pre,
    Line,
    Break,
    Row,
    Cell,
    /// Words with their readings.
    Ruby,
    /// How a word is spoken.
    Reading,
    /// It has signs around it.
    Marked(&'static str),
    /// It has a sign before it.
    Led(&'static str),
    /// It can be seen under some conditions.
    Hidden,
    /// It is no text at all.
    Never,
    /// Drawn: text in it is shown within other elements only.
    Drawn,
    /// Text within what is drawn.
    Label,
    /// A place in a shadow tree for the children of its host.
    Slot,
}

/// Whether it is an element of HTML, not of a drawing or a formula in it.
pub(super) fn is_html(element: &Element) -> bool {
    &*element.name.ns == "http://www.w3.org/1999/xhtml"
}

/// The role of an element.
pub(super) fn role(element: &Element) -> Role {
    let name = &*element.name.local;
    let role = match &*element.name.ns {
        "http://www.w3.org/1999/xhtml" => html_role(name, element),
        "http://www.w3.org/2000/svg" => match name {
            "text" => Role::Label,
            "tspan" | "textPath" | "a" | "switch" | "foreignObject" => Role::Inline,
            "title" | "desc" | "metadata" | "style" | "script" | "defs" | "symbol" | "clipPath"
            | "mask" | "pattern" | "marker" => Role::Never,
            _ => Role::Drawn,
        },
        _ if matches!(name, "annotation" | "annotation-xml") => Role::Never,
        _ => Role::Inline,
    };
    match is_hidden(element) {
        true if role != Role::Never => Role::Hidden,
        _ => role,
    }
}

/// The role of an element by its style, where that says how it stands; `parent` is what it lies in.
pub(super) fn styled(role: Role, element: &Element, parent: Option<&Element>) -> Role {
    let is_line = matches!(role, Role::Inline | Role::Marked(_));
    let is_block = matches!(role, Role::Paragraph | Role::Line);
    if !is_html(element) || !(is_line || is_block || role == Role::Cell) {
        return role;
    }
    let is_row = |it: &Element| match it.style().stands {
        Some(stands) => stands == Standing::Row,
        None => &*it.name.local == "tr",
    };
    let style = element.style();
    match style.stands {
        Some(Standing::Block) if role == Role::Line => Role::Line,
        Some(Standing::Block) => Role::Paragraph,
        Some(Standing::Row) => Role::Row,
        Some(Standing::Cell) if parent.is_some_and(is_row) => Role::Cell,
        Some(Standing::Item | Standing::Cell) => Role::Line,
        _ if is_line && parent.is_some_and(|it| it.style().parts_children) => Role::Line,
        Some(Standing::Inline) if is_block => Role::Inline,
        _ if role == Role::Marked(STRUCK) && style.is_struck == Some(false) => Role::Inline,
        _ => role,
    }
}

/// The sign that an element has around it besides what its role says of it, by its name or its style.
pub(super) fn styled_mark(named: Role, styled: Role, element: &Element) -> Option<&'static str> {
    let is_struck = element.style().is_struck;
    match (named, styled) {
        (_, Role::Hidden | Role::Never | Role::Drawn | Role::Marked(STRUCK)) => None,
        (Role::Marked(STRUCK), _) => is_struck.is_none_or(|it| it).then_some(STRUCK),
        (Role::Marked(sign), styled) if styled != named => Some(sign),
        _ => is_struck.filter(|it| *it && is_html(element)).map(|_| STRUCK),
    }
}

/// Whether an element is hidden as a whole, whatever it is.
fn is_hidden(element: &Element) -> bool {
    let is_drawn = &*element.name.ns == "http://www.w3.org/2000/svg";
    let is_open = &*element.name.local == "dialog" && element.attribute("open").is_some();
    element.attribute("hidden").is_some()
        || is_html(element) && element.attribute("popover").is_some() && !is_open
        || is_drawn && element.attribute("display") == Some("none")
}

fn html_role(name: &str, element: &Element) -> Role {
    match name {
        "script" | "style" | "iframe" | "noembed" | "noframes" | "canvas" | "audio" | "video"
        | "datalist" | "progress" | "meter" | "rp" => Role::Never,
        "object" if element.attribute("data").is_some() => Role::Never,
        "template" | "noscript" => Role::Hidden,
        "dialog" if element.attribute("open").is_none() => Role::Hidden,
        "address" | "article" | "aside" | "blockquote" | "body" | "caption" | "center"
        | "details" | "dialog" | "dir" | "div" | "dl" | "fieldset" | "figcaption" | "figure"
        | "footer" | "form" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "header" | "hgroup"
        | "hr" | "main" | "menu" | "nav" | "ol" | "p" | "search" | "section" | "select"
        | "summary" | "table" | "title" | "ul" => Role::Paragraph,
        "pre" | "listing" | "plaintext" | "textarea" | "xmp" => Role::Pre,
        "dd" | "dt" | "legend" | "li" | "optgroup" | "option" => Role::Line,
        "br" => Role::Break,
        "tr" => Role::Row,
        "td" | "th" => Role::Cell,
        "ruby" => Role::Ruby,
        "rt" | "rtc" => Role::Reading,
        "sup" => Role::Marked(HIGH),
        "sub" => Role::Marked(LOW),
        "del" | "s" | "strike" => Role::Marked(STRUCK),
        "ins" => Role::Marked(INSERTED),
        "slot" => Role::Slot,
        _ => Role::Inline,
    }
}

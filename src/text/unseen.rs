//! What people do not see of an HTML page though it may matter: where links lead, images, values, hidden text.

use super::roles::{self, Role};
use super::tree::{Element, Node, NodeId, PageTree};

/// A thing of a page that is not in its visible text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// What sort of thing.
    pub kind: UnseenKind,
    /// What it says.
    pub value: String,
}

/// What is not in the visible text of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnseenKind {
    /// Where a link leads, or a form is sent.
    LinkTarget,
    /// The address of an image.
    Image,
    /// Another page, a film or a sound that is embedded: its address, or itself.
    Embedded,
    /// What is read where an image is not shown.
    ImageText,
    /// The value of a form's field or of a gauge, or whether it is chosen.
    FormValue,
    /// The number or the bullet of an item in a list.
    ListNumber,
    /// What is shown when the pointer rests on something, or read aloud for it.
    Hint,
    /// Text that is not shown.
    HiddenText,
}

/// Notes what an element has that is not shown as text.
pub(super) fn note(unseen: &mut Vec<Unseen>, (tree, id): (&PageTree, NodeId), role: Role) {
    let Some(element) = tree.element(id) else { return };
    let name = &*element.name.local;
    let is_embedded = matches!(name, "iframe" | "video" | "audio" | "object");
    let is_gauge = matches!(name, "meter" | "progress");
    // Hidden fields carry what servers want back, another one each time.
    let is_internal = name == "input" && element.attribute("type") == Some("hidden");
    if role == Role::Never && !is_embedded && !is_gauge || is_internal {
        return;
    }
    note_attributes(unseen, element);
    match name {
        // What is played stands in what is shown where nothing can be played.
        "video" | "audio" => {
            let sources = children(tree, id).filter_map(|child| tree.element(child));
            let is_source = |it: &&Element| matches!(&*it.name.local, "source" | "track");
            sources.filter(is_source).for_each(|it| note_attributes(unseen, it));
        }
        "ol" | "ul" | "menu" | "dir" if roles::is_html(element) => {
            note_numbers(unseen, element, tree, id);
        }
        "input" if matches!(element.attribute("type"), Some("checkbox" | "radio")) => {
            let value = if element.attribute("checked").is_some() { "checked" } else { "" };
            unseen.push(Unseen { kind: UnseenKind::FormValue, value: value.to_owned() });
        }
        "option" if element.attribute("selected").is_some() => {
            let value = text_in(tree, id, |_| true);
            unseen.push(Unseen { kind: UnseenKind::FormValue, value });
        }
        _ => {}
    }
}

fn note_attributes(unseen: &mut Vec<Unseen>, element: &Element) {
    let name = &*element.name.local;
    for attribute in &element.attributes {
        let kind = match (name, &*attribute.name.local) {
            ("a" | "area" | "base", "href") | ("form", "action") | (_, "formaction") => {
                UnseenKind::LinkTarget
            }
            ("img" | "area" | "input", "alt") => UnseenKind::ImageText,
            ("img" | "input", "src") | ("image", "href") => UnseenKind::Image,
            (_, "srcset" | "poster") => UnseenKind::Image,
            (_, "src") | ("object", "data") | ("iframe", "srcdoc") => UnseenKind::Embedded,
            ("input" | "button" | "option", "value")
            | ("input" | "textarea", "placeholder")
            | ("option" | "optgroup", "label")
            | ("meter" | "progress", "value" | "min" | "max") => UnseenKind::FormValue,
            (_, "title" | "aria-label") => UnseenKind::Hint,
            _ => continue,
        };
        unseen.push(Unseen { kind, value: attribute.value.to_string() });
    }
}

/// Notes what stands before each item of a list.
fn note_numbers(unseen: &mut Vec<Unseen>, list: &Element, tree: &PageTree, id: NodeId) {
    let items = || {
        let elements = children(tree, id).filter_map(|child| tree.element(child));
        elements.filter(|it| &*it.name.local == "li" && roles::role(it) != Role::Hidden)
    };
    let number = |element: &Element, name| element.attribute(name)?.trim().parse::<i64>().ok();
    let is_numbered = &*list.name.local == "ol";
    let style = list.attribute("type").unwrap_or_default();
    let is_reversed = is_numbered && list.attribute("reversed").is_some();
    let first = if is_reversed { items().count() as i64 } else { 1 };
    let mut next = number(list, "start").unwrap_or(first);
    for item in items() {
        let own = number(item, "value").unwrap_or(next);
        next = if is_reversed { own.saturating_sub(1) } else { own.saturating_add(1) };
        let value = if is_numbered { format!("{style}{own}") } else { "•".to_owned() };
        unseen.push(Unseen { kind: UnseenKind::ListNumber, value });
    }
}

fn children(tree: &PageTree, id: NodeId) -> impl Iterator<Item = NodeId> {
    std::iter::successors(tree.first(id), |id| tree.next(*id))
}

/// The text of an element that is not shown, where it is to be noted.
pub(super) fn hidden(tree: &PageTree, id: NodeId, role: Role) -> Option<Unseen> {
    let kind = match (role, tree.node(id)) {
        // What a document says of itself is compared by itself.
        (Role::Hidden, Node::Element(it)) if &*it.name.local == "title" => return None,
        (Role::Hidden, _) => UnseenKind::HiddenText,
        (_, Node::Element(it)) if matches!(&*it.name.local, "title" | "desc") => {
            UnseenKind::ImageText
        }
        _ => return None,
    };
    let is_in = |element: &Element| roles::role(element) != Role::Never;
    let value = text_in(tree, id, is_in);
    (!value.is_empty()).then_some(Unseen { kind, value })
}

/// The text of an element that cannot be seen, without what can be in it and what is hidden in another way.
pub(super) fn invisible(tree: &PageTree, id: NodeId) -> Option<Unseen> {
    let is_in = |element: &Element| {
        element.visibility() != Some(true)
            && !matches!(roles::role(element), Role::Never | Role::Hidden)
    };
    let value = text_in(tree, id, is_in);
    (!value.is_empty()).then_some(Unseen { kind: UnseenKind::HiddenText, value })
}

/// The words of an element and of those in it that count, each with a space before it.
fn text_in(tree: &PageTree, id: NodeId, is_in: impl Fn(&Element) -> bool) -> String {
    let mut value = String::new();
    let mut open = vec![id];
    while let Some(open_id) = open.pop() {
        match tree.node(open_id) {
            Node::Text(text) => {
                for word in text.split_ascii_whitespace() {
                    value.push_str(if value.is_empty() { "" } else { " " });
                    value.push_str(word);
                }
            }
            Node::Element(element) if open_id == id || is_in(element) => {
                open.extend(element.template);
                let n_before = open.len();
                open.extend(children(tree, open_id));
                open[n_before..].reverse();
            }
            Node::Root => open.extend(children(tree, open_id)),
            Node::Element(_) => {}
        }
    }
    value
}

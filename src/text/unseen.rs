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
    /// Where a link leads.
    LinkTarget,
    /// The address of an image.
    Image,
    /// The address of another page, a film or a sound that is embedded.
    Embedded,
    /// What is read where an image is not shown.
    ImageText,
    /// The value of a form's field, or whether it is chosen.
    FormValue,
    /// From which number on, or with which, list items are counted.
    ListNumber,
    /// What is shown when the pointer rests on something, or read aloud for it.
    Hint,
    /// Text that is not shown.
    HiddenText,
}

/// Notes what an element has that is not shown as text.
pub(super) fn note(unseen: &mut Vec<Unseen>, element: &Element, role: Role) {
    let name = &*element.name.local;
    let is_embedded = matches!(name, "iframe" | "video" | "audio" | "object");
    // Hidden fields carry what servers want back, another one each time.
    let is_internal = name == "input" && element.attribute("type") == Some("hidden");
    if role == Role::Never && !is_embedded || is_internal {
        return;
    }
    for attribute in &element.attributes {
        let kind = match (name, &*attribute.name.local) {
            ("a" | "area", "href") => UnseenKind::LinkTarget,
            ("img" | "area" | "input", "alt") => UnseenKind::ImageText,
            ("img" | "input", "src") | ("image", "href") => UnseenKind::Image,
            (_, "src") | ("object", "data") => UnseenKind::Embedded,
            ("input" | "button" | "option", "value" | "checked" | "selected")
            | ("input" | "textarea", "placeholder") => UnseenKind::FormValue,
            ("ol", "start" | "reversed" | "type") | ("li", "value") => UnseenKind::ListNumber,
            (_, "title" | "aria-label") => UnseenKind::Hint,
            _ => continue,
        };
        unseen.push(Unseen { kind, value: attribute.value.to_string() });
    }
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
    let children = |id| std::iter::successors(tree.first(id), |id| tree.next(*id));
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
                open.extend(children(open_id));
                open[n_before..].reverse();
            }
            Node::Root => open.extend(children(open_id)),
            Node::Element(_) => {}
        }
    }
    value
}

//! Formulas in a page: how their parts stand, and which white space in them is none.

use super::{
    mathml::{self, Stand},
    raised::{HIGH, LOW},
    roles::Role,
    tree::{Element, Node, NodeId, PageTree},
};

/// So many nodes before a part are looked at to tell which part it is.
const NODES_BEFORE_MAX: usize = 8;

/// What a part of a formula does to the text around it and in it, if it is one that does not just stand in a line.
pub(super) fn role(tree: &PageTree, id: NodeId, element: &Element) -> Option<Role> {
    if !is_of_formula(element) {
        return None;
    }
    match (stand(tree, id), mathml::sign(&element.name.local)) {
        (Stand::High, _) => Some(Role::Marked(HIGH)),
        (Stand::Low, _) => Some(Role::Marked(LOW)),
        (Stand::Under, "√") => Some(Role::Led("/√")),
        (Stand::Under, _) => Some(Role::Led("/")),
        (Stand::Plain, "") => None,
        (Stand::Plain, sign) => Some(Role::Led(sign)),
    }
}

/// Whether white space stands between the parts of a fraction, a power or the like, which is not shown.
pub(super) fn is_between_parts(tree: &PageTree, id: NodeId) -> bool {
    whole(tree, id).is_some()
}

fn stand(tree: &PageTree, id: NodeId) -> Stand {
    let Some(whole) = whole(tree, id) else { return Stand::Plain };
    let before = std::iter::successors(tree.previous(id), |id| tree.previous(*id));
    let before = before.take(NODES_BEFORE_MAX);
    let n_before = before.filter(|id| matches!(tree.node(*id), Node::Element(_))).count();
    mathml::stand(whole, n_before)
}

/// The name of the element that something lies in, if its parts do not stand in a line.
fn whole(tree: &PageTree, id: NodeId) -> Option<&str> {
    let Node::Element(whole) = tree.node(tree.parent(id)) else { return None };
    let name = &*whole.name.local;
    (is_of_formula(whole) && mathml::has_stands(name)).then_some(name)
}

fn is_of_formula(element: &Element) -> bool {
    &*element.name.ns == "http://www.w3.org/1998/Math/MathML"
}

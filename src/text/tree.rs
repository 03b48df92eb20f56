//! The tree of an HTML page, as browsers build it: html5ever's tree builder on our own tokens.
//!
//! That builder's work on one tag can grow with what is open, so all of it is bounded here: elements deeper
//! than [`DEPTH_MAX`] end where they begin, as in browsers, and of tags beyond [`ELEMENTS_MAX`] or
//! [`WORK_MAX`] only the text between is kept. Attributes that change nothing here never reach it.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
};

use html5ever::{
    Attribute, ExpandedName, LocalName, Namespace, QualName,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    local_name, ns,
    tendril::StrTendril,
    tokenizer::{
        Doctype, Tag, TagKind, Token as TreeToken, TokenSink as _, TokenSinkResult, states::RawKind,
    },
    tree_builder::{TreeBuilder, TreeBuilderOpts},
};

use super::{
    markup::{LOCATOR, RawContent, Token, Tokens, each_decoded},
    names::Names,
    style::InlineStyle,
};

/// As in browsers.
const DEPTH_MAX: u32 = 512;
/// Chosen: a page of 64 MiB has that many; more are there to do harm. A node takes some 100 bytes.
const ELEMENTS_MAX: usize = 2_000_000;

/// Each tag is one, and one more for every [`DEPTH_PER_WORK`] elements that are open.
const WORK_MAX: usize = 8_000_000;
/// Chosen: that many open elements are looked through in the time that the rest of a tag takes.
const DEPTH_PER_WORK: u32 = 16;

/// The number of a node.
pub(super) type NodeId = u32;

/// What a node is.
#[derive(Debug)]
pub(super) enum Node {
    /// The document itself, or the content of a template, which is not shown.
    Root,
    /// An element.
    Element(Box<Element>),
    /// A stretch of text.
    Text(StrTendril),
}

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    /// Its namespace and name.
    pub name: QualName,
    /// Those that matter.
    pub attributes: Vec<Attribute>,
    /// Of a template, the node that has its content; of a shadow host, its shadow root.
    pub template: Option<NodeId>,
}

impl Element {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|it| &*it.name.local == name);
        found.map(|it| &*it.value)
    }

    /// Whether text in it can be seen, if it says so; else that is as around it.
    pub(super) fn visibility(&self) -> Option<bool> {
        let is_drawn = &*self.name.ns == "http://www.w3.org/2000/svg";
        let drawn = || match self.attribute("visibility").filter(|_| is_drawn)? {
            "visible" => Some(true),
            "hidden" | "collapse" => Some(false),
            _ => None,
        };
        self.style().is_visible.or_else(drawn)
    }

    /// What its style says of how it is seen.
    pub(super) fn style(&self) -> InlineStyle {
        self.attribute("style").map(InlineStyle::of_words).unwrap_or_default()
    }
}

/// A tree.
pub(super) struct PageTree {
    nodes: Vec<Node>,
    links: Vec<NodeLinks>,
}

/// Where a node stands; 0, which is the document, for none.
#[derive(Debug, Clone, Copy, Default)]
struct NodeLinks {
    parent: NodeId,
    previous: NodeId,
    next: NodeId,
    first: NodeId,
    last: NodeId,
    depth: u32,
}

/// The document's node.
pub(super) const DOCUMENT: NodeId = 0;

impl PageTree {
    /// The tree of a page; of XHTML, `/>` ends any element, and CDATA may stand anywhere.
    pub(super) fn of(html: &str, is_xhtml: bool) -> Self {
        Self::built(is_xhtml, Tokens::of(html))
    }

    /// The same with the names of elements: class, id and role.
    pub(super) fn with_names(html: &str, is_xhtml: bool) -> Self {
        Self::built(is_xhtml, Tokens::with(html, &Names::ATTRIBUTES))
    }

    /// The same of a page that we rendered, with what it says of where its text stands.
    pub(super) fn rendered(html: &str) -> Self {
        Self::built(false, Tokens::with(html, &[LOCATOR, "colspan"]))
    }

    fn built(is_xhtml: bool, mut tokens: Tokens<'_>) -> Self {
        let sink = Sink::new();
        let builder = TreeBuilder::new(sink, TreeBuilderOpts::default());
        let takes_cdata =
            || is_xhtml || builder.adjusted_current_node_present_but_not_in_html_namespace();
        while let Some(token) = tokens.next(takes_cdata) {
            match token {
                Token::Text(text) => put_decoded(&builder, text),
                Token::Raw(text) => put(&builder, text),
                Token::Doctype => {
                    let name = Some(StrTendril::from_slice("html"));
                    let doctype = Doctype { name, ..Doctype::default() };
                    let _ = send(&builder, TreeToken::DoctypeToken(doctype));
                }
                Token::Start { name, closed } => {
                    let attributes = tokens.attributes();
                    let content = start(&builder, name, attributes, (closed, is_xhtml));
                    content.into_iter().for_each(|content| tokens.set_content(content));
                }
                Token::End(name) if !builder.sink.is_full() => end(&builder, local(name)),
                Token::End(_) => {}
            }
        }
        // Text that stood last in a table has still to be put beside it.
        let _ = send(&builder, TreeToken::EOFToken);
        builder.end();
        builder.sink.into_tree()
    }

    /// A node.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// A node that is an element.
    pub(super) fn element(&self, id: NodeId) -> Option<&Element> {
        match self.node(id) {
            Node::Element(element) => Some(element),
            _ => None,
        }
    }

    /// How many there are.
    pub(super) fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Its first child.
    pub(super) fn first(&self, id: NodeId) -> Option<NodeId> {
        Some(self.links[id as usize].first).filter(|id| *id != 0)
    }

    /// The one after it.
    pub(super) fn next(&self, id: NodeId) -> Option<NodeId> {
        Some(self.links[id as usize].next).filter(|id| *id != 0)
    }

    /// The one before it.
    pub(super) fn previous(&self, id: NodeId) -> Option<NodeId> {
        Some(self.links[id as usize].previous).filter(|id| *id != 0)
    }

    /// What it lies in.
    pub(super) fn parent(&self, id: NodeId) -> NodeId {
        self.links[id as usize].parent
    }

    fn links_of(&mut self, id: NodeId) -> &mut NodeLinks {
        &mut self.links[id as usize]
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.links.push(NodeLinks::default());
        (self.nodes.len() - 1) as NodeId
    }

    fn detach(&mut self, id: NodeId) {
        let NodeLinks { parent, previous, next, .. } = *self.links_of(id);
        match previous {
            0 if self.links_of(parent).first == id => self.links_of(parent).first = next,
            0 => {}
            previous => self.links_of(previous).next = next,
        }
        match next {
            0 if self.links_of(parent).last == id => self.links_of(parent).last = previous,
            0 => {}
            next => self.links_of(next).previous = previous,
        }
        let links = self.links_of(id);
        (links.parent, links.previous, links.next) = (0, 0, 0);
    }

    /// Puts a node among the children of another, before one of them or last.
    fn insert(&mut self, parent: NodeId, id: NodeId, before: NodeId) {
        self.detach(id);
        let depth = self.links_of(parent).depth + 1;
        let previous = match before {
            0 => self.links_of(parent).last,
            before => self.links_of(before).previous,
        };
        let links = self.links_of(id);
        (links.parent, links.previous, links.next, links.depth) = (parent, previous, before, depth);
        match previous {
            0 => self.links_of(parent).first = id,
            previous => self.links_of(previous).next = id,
        }
        match before {
            0 => self.links_of(parent).last = id,
            before => self.links_of(before).previous = id,
        }
    }
}

type PageBuilder = TreeBuilder<NodeHandle, Sink>;

fn send(builder: &PageBuilder, token: TreeToken) -> TokenSinkResult<NodeHandle> {
    builder.process_token(token, 1)
}

fn put(builder: &PageBuilder, text: &str) {
    // Browsers drop zero bytes.
    let dropped = text.contains('\0').then(|| text.replace('\0', ""));
    let text = dropped.as_deref().unwrap_or(text);
    if !text.is_empty() {
        let _ = send(builder, TreeToken::CharacterTokens(StrTendril::from_slice(text)));
    }
}

fn put_decoded(builder: &PageBuilder, text: &str) {
    if text.contains('&') {
        let mut decoded = String::with_capacity(text.len());
        each_decoded(text, |text| decoded.push_str(text));
        put(builder, &decoded);
    } else {
        put(builder, text);
    }
}

fn local(name: &str) -> LocalName {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => LocalName::from(name.to_ascii_lowercase()),
        false => LocalName::from(name),
    }
}

fn send_tag(
    builder: &PageBuilder,
    (kind, name): (TagKind, LocalName),
    attrs: Vec<Attribute>,
    self_closing: bool,
) -> TokenSinkResult<NodeHandle> {
    let work = &builder.sink.n_work;
    work.set(work.get() + 1 + (builder.sink.depth.get() / DEPTH_PER_WORK) as usize);
    let had_duplicate_attributes = false;
    let tag = Tag { kind, name, self_closing, attrs, had_duplicate_attributes };
    send(builder, TreeToken::TagToken(tag))
}

fn end(builder: &PageBuilder, name: LocalName) {
    let _ = send_tag(builder, (TagKind::EndTag, name), Vec::new(), false);
}

/// Sends a start tag; what its content is, if that is no markup.
fn start(
    builder: &PageBuilder,
    name: &str,
    attributes: &[(&'static str, &[u8])],
    (closed, is_xhtml): (bool, bool),
) -> Option<RawContent> {
    let name = local(name);
    if builder.sink.is_full() && !RAW.contains(&&*name) {
        return None;
    }
    let attributes = kept(attributes);
    let n_before = builder.sink.n_elements.get();
    let result = send_tag(builder, (TagKind::StartTag, name.clone()), attributes, closed);
    let content = match result {
        TokenSinkResult::RawData(RawKind::Rcdata) => Some(RawContent::Text),
        TokenSinkResult::RawData(RawKind::ScriptData | RawKind::ScriptDataEscaped(_)) => {
            Some(RawContent::Script)
        }
        TokenSinkResult::RawData(RawKind::Rawtext) => Some(RawContent::Raw),
        TokenSinkResult::Plaintext => Some(RawContent::Plain),
        _ => None,
    };
    let is_deep = builder.sink.n_elements.get() > n_before && builder.sink.depth.get() >= DEPTH_MAX;
    let ends_at_once = is_xhtml && closed || is_deep && content.is_none();
    if ends_at_once && &*name != "br" && &*name != "p" || is_xhtml && closed && &*name == "p" {
        end(builder, name);
        return None;
    }
    content
}

/// Elements whose content is no markup: beyond all bounds they are still told apart.
const RAW: [&str; 9] =
    ["script", "style", "title", "textarea", "iframe", "noembed", "noframes", "noscript", "xmp"];

/// Attributes as the tree keeps them: of those that are only looked for, no value.
fn kept(attributes: &[(&'static str, &[u8])]) -> Vec<Attribute> {
    let mut kept: Vec<Attribute> = Vec::new();
    let style = attributes.iter().find(|(name, _)| *name == "style");
    let style = style.map(|(_, value)| inline_style(value)).unwrap_or_default();
    let (is_displayed, style_words) = (style.is_displayed == Some(true), style.words());
    for (name, value) in attributes {
        let value = String::from_utf8_lossy(value);
        let (name, value) = match *name {
            // Whether and how something is seen is all of a style that matters.
            "style" if style.is_displayed == Some(false) => ("hidden", ""),
            "style" if style_words.is_empty() => continue,
            "style" => ("style", &*style_words),
            // A style goes before what browsers hide of themselves.
            "hidden" | "popover" if is_displayed => continue,
            // People find it by looking for it.
            "hidden" if value.eq_ignore_ascii_case("until-found") => continue,
            "hidden" | "popover" | "color" | "face" => (*name, ""),
            name => (name, &*value),
        };
        if kept.iter().all(|it| &*it.name.local != name) {
            let mut decoded = StrTendril::new();
            each_decoded(value, |text| decoded.push_slice(text));
            let name = QualName::new(None, ns!(), LocalName::from(name));
            kept.push(Attribute { name, value: decoded });
        }
    }
    kept
}

fn inline_style(value: &[u8]) -> InlineStyle {
    let has = |word: &[u8]| value.windows(word.len()).any(|it| it.eq_ignore_ascii_case(word));
    // Most say nothing of it.
    let words: [&[u8]; 4] = [b"display", b"visibility", b"text-decoration", b"&"];
    if !words.into_iter().any(has) {
        return InlineStyle::default();
    }
    let mut style = String::with_capacity(value.len());
    each_decoded(&String::from_utf8_lossy(value), |text| style.push_str(text));
    InlineStyle::of(&style)
}

/// A node as the tree builder knows it.
#[derive(Debug, Clone)]
struct NodeHandle {
    id: NodeId,
    ns: Namespace,
    local: LocalName,
    is_integration_point: bool,
}

/// What the tree builder builds.
struct Sink {
    tree: RefCell<PageTree>,
    n_elements: Cell<usize>,
    n_work: Cell<usize>,
    /// How deep the element lies that was put last.
    depth: Cell<u32>,
}

impl Sink {
    fn new() -> Self {
        let mut tree = PageTree { nodes: Vec::new(), links: Vec::new() };
        tree.push(Node::Root);
        let tree = RefCell::new(tree);
        Self { tree, n_elements: Cell::new(0), n_work: Cell::new(0), depth: Cell::new(0) }
    }

    fn is_full(&self) -> bool {
        self.n_elements.get() >= ELEMENTS_MAX || self.n_work.get() >= WORK_MAX
    }

    fn into_tree(self) -> PageTree {
        self.tree.into_inner()
    }

    fn root(&self, id: NodeId) -> NodeHandle {
        let (ns, local) = (ns!(), local_name!(""));
        NodeHandle { id, ns, local, is_integration_point: false }
    }

    fn insert(&self, parent: NodeId, child: NodeOrText<NodeHandle>, before: NodeId) {
        let mut tree = self.tree.borrow_mut();
        let id = match child {
            NodeOrText::AppendNode(node) => node.id,
            NodeOrText::AppendText(text) => tree.push(Node::Text(text)),
        };
        // Comments have no node.
        if id != DOCUMENT {
            tree.insert(parent, id, before);
            if let Node::Element(element) = tree.node(id) {
                let (template, depth) = (element.template, tree.links[id as usize].depth);
                self.depth.set(depth);
                if let Some(template) = template {
                    tree.links_of(template).depth = depth;
                }
            }
        }
    }

    fn parent(&self, id: NodeId) -> NodeId {
        self.tree.borrow().parent(id)
    }
}

impl TreeSink for Sink {
    type Handle = NodeHandle;
    type Output = Self;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeHandle {
        self.root(DOCUMENT)
    }

    fn elem_name<'a>(&'a self, target: &'a NodeHandle) -> ExpandedName<'a> {
        ExpandedName { ns: &target.ns, local: &target.local }
    }

    fn create_element(
        &self,
        name: QualName,
        attributes: Vec<Attribute>,
        flags: ElementFlags,
    ) -> NodeHandle {
        self.n_elements.set(self.n_elements.get() + 1);
        let mut tree = self.tree.borrow_mut();
        let template = flags.template.then(|| tree.push(Node::Root));
        let (ns, local) = (name.ns.clone(), name.local.clone());
        let id = tree.push(Node::Element(Box::new(Element { name, attributes, template })));
        let is_integration_point = flags.mathml_annotation_xml_integration_point;
        NodeHandle { id, ns, local, is_integration_point }
    }

    fn create_comment(&self, _: StrTendril) -> NodeHandle {
        self.root(DOCUMENT)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> NodeHandle {
        self.root(DOCUMENT)
    }

    fn append(&self, parent: &NodeHandle, child: NodeOrText<NodeHandle>) {
        self.insert(parent.id, child, 0);
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeHandle,
        previous: &NodeHandle,
        child: NodeOrText<NodeHandle>,
    ) {
        match self.parent(element.id) {
            0 => self.insert(previous.id, child, 0),
            parent => self.insert(parent, child, element.id),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &NodeHandle) -> NodeHandle {
        let tree = self.tree.borrow();
        let Node::Element(element) = tree.node(target.id) else { return self.root(DOCUMENT) };
        self.root(element.template.unwrap_or(DOCUMENT))
    }

    fn same_node(&self, x: &NodeHandle, y: &NodeHandle) -> bool {
        x.id == y.id
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeHandle, child: NodeOrText<NodeHandle>) {
        self.insert(self.parent(sibling.id), child, sibling.id);
    }

    fn add_attrs_if_missing(&self, _: &NodeHandle, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, target: &NodeHandle) {
        self.tree.borrow_mut().detach(target.id);
    }

    fn reparent_children(&self, node: &NodeHandle, new_parent: &NodeHandle) {
        let mut tree = self.tree.borrow_mut();
        while let Some(child) = tree.first(node.id) {
            tree.insert(new_parent.id, child, 0);
        }
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &NodeHandle) -> bool {
        handle.is_integration_point
    }

    /// A shadow root is shown in its host.
    fn attach_declarative_shadow(
        &self,
        location: &NodeHandle,
        template: &NodeHandle,
        _: &[Attribute],
    ) -> bool {
        let mut tree = self.tree.borrow_mut();
        let Node::Element(found) = tree.node(template.id) else { return false };
        let content = found.template;
        let depth = tree.links_of(location.id).depth + 1;
        let is_host = SHADOW_HOSTS.contains(&&*location.local) || location.local.contains('-');
        let Node::Element(host) = &mut tree.nodes[location.id as usize] else { return false };
        if !is_host || host.template.is_some() {
            return false;
        }
        host.template = content;
        if let Some(content) = content {
            tree.links_of(content).depth = depth;
        }
        true
    }
}

/// Elements that can have a shadow root, besides those of the page's own.
const SHADOW_HOSTS: [&str; 18] = [
    "article",
    "aside",
    "blockquote",
    "body",
    "div",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "main",
    "nav",
    "p",
    "section",
    "span",
];

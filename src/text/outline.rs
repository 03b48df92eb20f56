//! The elements and texts of a page in a row, with what lies in each of them counted.
//!
//! One pass down makes the row, each pass back over it counts: time grows with the number of nodes.

use std::collections::HashMap;

use super::{
    names::Names,
    roles::{self, Role},
    tree::{DOCUMENT, Element, Node, NodeId, PageTree},
};

/// Chosen: of more nodes than that no main part is looked for.
const PARTS_MAX: usize = 200_000;

/// How much the text of a link counts as one that leads away, in tenths.
const AWAY: u8 = 10;

/// The number of a part, in the order of the page; 0 is the document.
pub(super) type PartId = usize;

/// An element or a text that is shown.
pub(super) struct Part {
    /// Its node.
    pub id: NodeId,
    /// What it lies in.
    pub parent: PartId,
    /// Past the last that lies in it.
    pub end: PartId,
    /// What it is.
    pub kind: Kind,
    /// What its names say.
    pub names: Names,
    /// Equal for equal classes, 0 for none.
    pub class: usize,
    /// Some block lies in it.
    pub has_block: bool,
    /// It is beside the main part, or lies in what is.
    pub is_besides: bool,
    /// By its names it holds no main part.
    pub is_unlikely: bool,
    /// Text in it can be seen.
    pub is_seen: bool,
    /// How far above the next table or code is; from 3 on it does not matter.
    pub n_to_table: u8,
    /// How far above the next code is.
    pub n_to_code: u8,
    /// Of a text its length, of a link to a place in the page its weight in tenths.
    own: Counts,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Inline,
    Span,
    /// A link, and how much its text counts as one in tenths.
    Link(u8),
    Image,
    /// What is filled in.
    Input,
    Button,
    Embed,
    Block,
    Body,
    Article,
    Section,
    Div,
    Paragraph,
    Pre,
    Quote,
    List,
    Item,
    /// Other parts of lists, and addresses.
    ListPart,
    Form,
    /// A heading by its level.
    Heading(u8),
    Table,
    /// What only tables of data have.
    TableHead,
    Row,
    Cell,
    Figure,
    Code,
    /// The title of the page.
    Title,
    /// What stands beside the main part, even when it lies in it.
    Besides,
    /// Links to other places.
    Menu,
}

/// What a node is to the main part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It and what lies in it belong to it.
    Main,
    /// It and what lies in it do not, wherever it lies.
    Cut,
    /// Nor that, and no text for itself either: a menu, a notice, a teaser.
    Beside,
}

/// What lies in a part.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Characters, white space as one, those of scripts without spaces as two.
    pub n_chars: u32,
    /// Tenths of characters in links.
    pub n_link: u32,
    /// Links to other pages, whether they have text or not.
    pub n_links: u32,
    pub n_commas: u32,
    /// Full stops that end a word.
    pub n_sentences: u32,
    /// Words with the sign of a currency.
    pub n_prices: u32,
    pub n_paragraphs: u32,
    pub n_images: u32,
    pub n_items: u32,
    pub n_inputs: u32,
    /// Of these what is filled in.
    pub n_fields: u32,
    pub n_embeds: u32,
    /// Headings of the first level.
    pub n_headlines: u32,
    pub n_heading_chars: u32,
    pub n_list_chars: u32,
    /// Characters in elements that texts are set in.
    pub n_set: u32,
    pub n_rows: u32,
    pub n_cells: u32,
    pub n_tables: u32,
    pub n_table_heads: u32,
}

impl Counts {
    /// The share of its text that links are.
    pub(super) fn link_density(&self) -> f32 {
        match self.n_chars {
            0 => 0.0,
            n => self.n_link as f32 / 10.0 / n as f32,
        }
    }

    /// Characters outside of links.
    pub(super) fn n_text(&self) -> u32 {
        self.n_chars.saturating_sub(self.n_link / 10)
    }

    /// Long without many links, or a sentence without any.
    pub(super) fn reads_as_text(&self) -> bool {
        let density = self.link_density();
        self.n_chars > 80 && density < 0.25 || density == 0.0 && self.n_sentences > 0
    }

    /// It reads as text, or names a price.
    pub(super) fn is_said(&self) -> bool {
        self.n_prices > 0 || self.reads_as_text()
    }

    /// Whether it is nothing but headings, left of what had other text.
    pub(super) fn are_headings_left_of(&self, uncut: &Self) -> bool {
        self.n_chars > 0
            && self.n_chars == self.n_heading_chars
            && uncut.n_chars > uncut.n_heading_chars
            && uncut.n_headlines == 0
            && !self.reads_as_text()
    }

    /// Adds what lies elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        self.n_chars += other.n_chars;
        self.n_link += other.n_link;
        self.n_links += other.n_links;
        self.n_commas += other.n_commas;
        self.n_sentences += other.n_sentences;
        self.n_prices += other.n_prices;
        self.n_paragraphs += other.n_paragraphs;
        self.n_images += other.n_images;
        self.n_items += other.n_items;
        self.n_inputs += other.n_inputs;
        self.n_fields += other.n_fields;
        self.n_embeds += other.n_embeds;
        self.n_headlines += other.n_headlines;
        self.n_heading_chars += other.n_heading_chars;
        self.n_list_chars += other.n_list_chars;
        self.n_set += other.n_set;
        self.n_rows += other.n_rows;
        self.n_cells += other.n_cells;
        self.n_tables += other.n_tables;
        self.n_table_heads += other.n_table_heads;
    }

    fn of_text(text: &str) -> Self {
        let mut counts = Self::default();
        for word in text.split_ascii_whitespace() {
            for c in word.chars() {
                counts.n_chars += if c >= '\u{2e80}' { 2 } else { 1 };
                counts.n_commas += u32::from(is_comma(c));
            }
            counts.n_chars += 1;
            counts.n_sentences += u32::from(ends_sentence(word));
            counts.n_prices += u32::from(is_of_money(word));
        }
        counts
    }

    /// Of what a part has in it, and itself.
    fn with(mut self, kind: Kind) -> Self {
        match kind {
            Kind::Link(weight) => {
                self.n_link = self.n_chars * u32::from(weight);
                self.n_links += u32::from(weight == AWAY);
            }
            Kind::Heading(_) => self.n_heading_chars = self.n_chars,
            Kind::List => self.n_list_chars = self.n_chars,
            Kind::Paragraph => self.n_paragraphs += 1,
            Kind::Image => self.n_images += 1,
            Kind::Item => self.n_items += 1,
            Kind::Input => (self.n_inputs, self.n_fields) = (self.n_inputs + 1, self.n_fields + 1),
            Kind::Button => self.n_inputs += 1,
            Kind::Embed => self.n_embeds += 1,
            Kind::Row => self.n_rows += 1,
            Kind::Cell => self.n_cells += 1,
            Kind::Table => self.n_tables += 1,
            Kind::TableHead => self.n_table_heads += 1,
            _ => {}
        }
        self.n_headlines += u32::from(kind == Kind::Heading(1));
        if kind.sets_text() {
            self.n_set = self.n_chars;
        }
        self
    }
}

/// Whether an element, of this role by its name, is set as a block by its style.
fn is_block(element: &Element, role: Role) -> bool {
    role == Role::Inline
        && matches!(roles::styled(role, element, None), Role::Paragraph | Role::Line)
}

/// Whether a sentence may end with a word: in most scripts with a sign of its own, and behind it quotes may close.
fn ends_sentence(word: &str) -> bool {
    const STOPS: [char; 20] = [
        '.', '!', '?', '…', '\u{589}', '\u{61f}', '\u{6d4}', '\u{964}', '\u{965}', '\u{f0d}',
        '\u{104b}', '\u{1362}', '\u{1367}', '\u{17d4}', '\u{3002}', '\u{fe12}', '\u{ff01}',
        '\u{ff0e}', '\u{ff1f}', '\u{ff61}',
    ];
    const CLOSING: [char; 12] = ['"', '\'', ')', ']', '”', '’', '“', '»', '«', '」', '』', '）'];
    word.trim_end_matches(CLOSING).ends_with(STOPS)
}

fn is_of_money(word: &str) -> bool {
    const CODES: [&str; 8] = ["EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "PLN"];
    let is_sign = |c| matches!(c, '$' | '¢'..='¥' | '\u{20a0}'..='\u{20cf}');
    CODES.contains(&word) || word.contains(is_sign)
}

fn is_comma(c: char) -> bool {
    matches!(
        c,
        ',' | '\u{60c}'
            | '\u{2e32}'
            | '\u{2e34}'
            | '\u{2e41}'
            | '、'
            | '\u{fe10}'
            | '\u{fe11}'
            | '\u{fe50}'
            | '，'
    )
}

impl Kind {
    fn of(element: &Element) -> Self {
        let name = &*element.name.local;
        if !roles::is_html(element) {
            return Kind::Inline;
        }
        match name {
            "a" => Kind::Link(match element.attribute("href") {
                Some(href) if href.len() > 1 && href.starts_with('#') => 3,
                _ => AWAY,
            }),
            "span" => Kind::Span,
            "img" | "picture" => Kind::Image,
            "input" => match element.attribute("type") {
                Some("submit" | "button" | "reset" | "image") => Kind::Button,
                _ => Kind::Input,
            },
            "textarea" | "select" => Kind::Input,
            "button" => Kind::Button,
            "embed" | "object" | "iframe" | "video" => Kind::Embed,
            "body" => Kind::Body,
            "article" | "main" => Kind::Article,
            "section" => Kind::Section,
            "div" => Kind::Div,
            "p" => Kind::Paragraph,
            "pre" => Kind::Pre,
            "blockquote" => Kind::Quote,
            "ul" | "ol" => Kind::List,
            "li" => Kind::Item,
            "address" | "dl" | "dd" | "dt" => Kind::ListPart,
            "form" | "fieldset" => Kind::Form,
            "h1" => Kind::Heading(1),
            "h2" => Kind::Heading(2),
            "h3" | "h4" | "h5" | "h6" => Kind::Heading(3),
            "table" => Kind::Table,
            "caption" | "colgroup" | "tfoot" | "thead" => Kind::TableHead,
            "th" => Kind::TableHead,
            "tr" => Kind::Row,
            "td" => Kind::Cell,
            "figure" => Kind::Figure,
            "code" => Kind::Code,
            "title" => Kind::Title,
            "aside" | "footer" => Kind::Besides,
            "nav" => Kind::Menu,
            _ => match roles::role(element) {
                Role::Paragraph | Role::Pre | Role::Row | Role::Cell | Role::Line => Kind::Block,
                _ => Kind::Inline,
            },
        }
    }

    /// Whether it stands in a line of text.
    pub(super) fn is_phrase(self) -> bool {
        matches!(
            self,
            Kind::Text
                | Kind::Inline
                | Kind::Span
                | Kind::Link(_)
                | Kind::Image
                | Kind::Input
                | Kind::Button
                | Kind::Code
        )
    }

    fn sets_text(self) -> bool {
        matches!(
            self,
            Kind::Span
                | Kind::Item
                | Kind::Cell
                | Kind::Quote
                | Kind::ListPart
                | Kind::Div
                | Kind::List
                | Kind::Paragraph
                | Kind::Pre
                | Kind::Table
        )
    }
}

/// The parts of a page.
pub(super) struct Outline {
    pub parts: Vec<Part>,
    /// What is not shown or was dropped by its names, the outermost of it.
    pub dropped: Vec<NodeId>,
}

impl Outline {
    /// Those that are shown; `None` for too many.
    pub(super) fn of(tree: &PageTree) -> Option<Self> {
        let mut outline =
            Self { parts: vec![Part::new(DOCUMENT, 0, Kind::Block)], dropped: Vec::new() };
        let mut classes: HashMap<&str, usize> = HashMap::new();
        // Most names of a page are those of several elements.
        let mut names: HashMap<[&str; 3], Names> = HashMap::new();
        let mut open: Vec<(NodeId, PartId)> =
            tree.first(DOCUMENT).map(|id| (id, 0)).into_iter().collect();
        while let Some((id, parent)) = open.pop() {
            open.extend(tree.next(id).map(|next| (next, parent)));
            if outline.parts.len() >= PARTS_MAX {
                return None;
            }
            let part = outline.parts.len();
            match tree.node(id) {
                Node::Root => {}
                Node::Text(text) => {
                    let own = Counts::of_text(text);
                    if own.n_chars > 0 && outline.parts[parent].is_seen {
                        outline.parts.push(Part { own, ..Part::new(id, parent, Kind::Text) });
                    }
                }
                Node::Element(element) => {
                    let values =
                        Names::ATTRIBUTES.map(|it| element.attribute(it).unwrap_or_default());
                    let names = *names.entry(values).or_insert_with(|| Names::of(values));
                    let Some(made) = outline.made(id, parent, element, names) else {
                        outline.dropped.push(id);
                        continue;
                    };
                    let class = element.attribute("class").filter(|it| !it.is_empty());
                    let n_classes = classes.len() + 1;
                    let class = class.map_or(0, |it| *classes.entry(it).or_insert(n_classes));
                    let kind = made.kind;
                    outline.parts.push(Part { class, ..made });
                    // What stands in for an embedded thing is not shown.
                    if kind != Kind::Embed || roles::role(element) != Role::Never {
                        open.extend(tree.first(id).map(|first| (first, part)));
                        let shadow = element.template.and_then(|it| tree.first(it));
                        open.extend(shadow.map(|first| (first, part)));
                    }
                }
            }
        }
        outline.close();
        Some(outline)
    }

    /// Finds where each part ends and which have blocks in them.
    pub(super) fn close(&mut self) {
        for part in (1..self.parts.len()).rev() {
            let own = &mut self.parts[part];
            own.end = own.end.max(part + 1);
            let Part { parent, end, kind, has_block, .. } = *own;
            let above = &mut self.parts[parent];
            above.end = above.end.max(end);
            above.has_block |= has_block || !kind.is_phrase();
        }
    }

    /// An element as a part, if it is one.
    fn made(&self, id: NodeId, parent: PartId, element: &Element, names: Names) -> Option<Part> {
        let role = roles::role(element);
        let kind = match Kind::of(element) {
            Kind::Span | Kind::Inline if is_block(element, role) => Kind::Div,
            kind => kind,
        };
        let is_shown = !matches!(role, Role::Hidden | Role::Never)
            || kind == Kind::Embed && role == Role::Never;
        let above = self.parts[parent].n_to_table.saturating_add(1).min(3);
        let is_unlikely = names.is_unlikely
            && above >= 3
            && !matches!(kind, Kind::Body | Kind::Link(_))
            && &*element.name.local != "html";
        let n_to_table = if matches!(kind, Kind::Table | Kind::Code) { 0 } else { above };
        let n_to_code = self.parts[parent].n_to_code.saturating_add(1).min(3);
        let n_to_code = if kind == Kind::Code { 0 } else { n_to_code };
        let is_seen = element.visibility().unwrap_or(self.parts[parent].is_seen);
        let is_besides =
            matches!(kind, Kind::Besides | Kind::Menu) || self.parts[parent].is_besides;
        is_shown.then(|| Part {
            names,
            is_unlikely,
            is_seen,
            is_besides,
            n_to_table,
            n_to_code,
            ..Part::new(id, parent, kind)
        })
    }

    /// Whether a part stands in lines of its own and has none in it that do.
    pub(super) fn is_line(&self, part: PartId) -> bool {
        let part = &self.parts[part];
        !part.has_block && (!part.kind.is_phrase() || self.parts[part.parent].has_block)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// A part.
    pub(super) fn part(&self, part: PartId) -> &Part {
        &self.parts[part]
    }

    /// The children of a part.
    pub(super) fn children(&self, part: PartId) -> impl Iterator<Item = PartId> + use<'_> {
        let end = self.parts[part].end;
        let first = (part + 1 < end).then_some(part + 1);
        std::iter::successors(first, move |it| Some(self.parts[*it].end).filter(|next| *next < end))
    }

    /// What a part lies in, from the nearest on, the document left out.
    pub(super) fn ancestors(&self, part: PartId) -> impl Iterator<Item = PartId> + use<'_> {
        let above = |it: PartId| Some(self.parts[it].parent).filter(|it| *it > 0);
        std::iter::successors(above(part), move |it| above(*it))
    }

    /// The same up to the page's body, without that.
    pub(super) fn ancestors_in_body(&self, part: PartId) -> impl Iterator<Item = PartId> + use<'_> {
        let is_inside = |it: &PartId| {
            let it = &self.parts[*it];
            it.kind != Kind::Body && it.parent != 0
        };
        self.ancestors(part).take_while(is_inside)
    }

    /// The stretches of texts and phrases among the children of a part.
    pub(super) fn runs(&self, part: PartId) -> Vec<Vec<PartId>> {
        let mut runs = vec![Vec::new()];
        for child in self.children(part) {
            let it = &self.parts[child];
            match (it.kind.is_phrase() && !it.has_block, runs.last_mut()) {
                (true, Some(run)) => run.push(child),
                _ => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }

    /// Counts what lies in each part, the last first; what is cut counts nowhere above.
    pub(super) fn counted(&self, mut is_cut: impl FnMut(PartId, &Counts) -> bool) -> Vec<Counts> {
        let mut counts: Vec<Counts> = self.parts.iter().map(|part| part.own).collect();
        for part in (1..self.parts.len()).rev() {
            let Part { kind, parent, .. } = self.parts[part];
            match is_cut(part, &counts[part]) {
                // A form is known by its fields, which are no text.
                true if kind == Kind::Input => {
                    counts[parent].n_inputs += 1;
                    counts[parent].n_fields += 1;
                }
                true if kind == Kind::Button => counts[parent].n_inputs += 1,
                true => {}
                false => {
                    let sum = counts[part].with(kind);
                    counts[parent].add(&sum);
                }
            }
        }
        counts
    }
}

impl Part {
    /// Whether it is a box with nothing but a line of text in it.
    pub(super) fn is_plain_box(&self) -> bool {
        self.kind == Kind::Div && !self.has_block
    }

    /// The same below another part, to be closed.
    pub(super) fn below(&self, parent: PartId) -> Self {
        Self { parent, end: 0, has_block: false, ..*self }
    }

    fn new(id: NodeId, parent: PartId, kind: Kind) -> Self {
        Self {
            id,
            parent,
            end: 0,
            kind,
            names: Names::default(),
            class: 0,
            has_block: false,
            is_besides: false,
            is_unlikely: false,
            is_seen: true,
            n_to_table: 3,
            n_to_code: 3,
            own: Counts::default(),
        }
    }
}

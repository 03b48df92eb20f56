//! Where the main part of a page may lie by the names of its elements, and where names say nothing.

use super::{
    names::{Names, Request, is_slug},
    outline::{Kind, Outline, Part, PartId},
    tree::{Node, PageTree},
};

/// Chosen: with so many sections that have their headings' words as ids, and say nothing else by them, that is its way.
const SLUGS_MIN: usize = 3;
/// How deep in a heading its text lies at most.
const LEVELS_IN_HEADING: usize = 8;
/// Chosen: with less text outside of links the element `main` says nothing.
const MAIN_CHARS_MIN: u32 = 25;
/// Chosen: what asks readers for something, and has something to answer with, is no longer, whatever its name.
const REQUEST_CHARS_MAX: u32 = 3_000;
/// Chosen: what only tells them so.
const NOTICE_CHARS_MAX: u32 = 1_000;
/// Chosen: and has no more parts.
const REQUEST_PARTS_MAX: usize = 1_000;
/// One of them stands in any notice about cookies.
const CONSENT_WORDS: [&str; 5] = ["cookie", "consent", "privacy", "datenschutz", "куки"];

impl Outline {
    /// Lets no id speak for or against a heading, nor against what has its heading's words as its id where that is the
    /// way of the page: such ids are places to link to.
    pub(super) fn forget_slugs(&mut self, tree: &PageTree) {
        let (mut renamed, mut n_neutral) = (Vec::new(), 0);
        for (id, next_text) in self.next_texts().into_iter().enumerate().skip(1) {
            let part = &self.parts[id];
            let Node::Element(element) = tree.node(part.id) else { continue };
            let Some(slug) = element.attribute("id").filter(|it| !it.is_empty()) else { continue };
            let value = |name: &str| element.attribute(name).unwrap_or_default();
            let names = || Names::of([value("class"), "", value("role")]);
            if matches!(part.kind, Kind::Heading(_)) {
                self.rename(id, names());
            } else if let Some(heading) = self.heading_on_top(id, next_text)
                && is_slug(slug, self.texts(tree, heading))
            {
                let names = names();
                n_neutral += usize::from(names == part.names);
                renamed.push((id, names));
            }
        }
        if n_neutral >= SLUGS_MIN {
            renamed.into_iter().for_each(|(id, names)| self.rename(id, names));
        }
    }

    /// The first text from each part on.
    fn next_texts(&self) -> Vec<PartId> {
        let mut next = self.parts.len();
        let mut next_texts = vec![next; self.parts.len()];
        for (id, part) in self.parts.iter().enumerate().rev() {
            next = if part.kind == Kind::Text { id } else { next };
            next_texts[id] = next;
        }
        next_texts
    }

    /// The heading that an element begins with.
    fn heading_on_top(&self, id: PartId, text: PartId) -> Option<PartId> {
        let is_heading = |it: &PartId| matches!(self.parts[*it].kind, Kind::Heading(_));
        let is_inside = text < self.parts[id].end;
        let above =
            is_inside.then(|| self.ancestors(text).take(LEVELS_IN_HEADING).find(is_heading));
        above.flatten().filter(|heading| *heading > id)
    }

    /// The texts in a part.
    fn texts<'t>(&self, tree: &'t PageTree, part: PartId) -> impl Iterator<Item = &'t str> {
        self.parts[part..self.parts[part].end].iter().filter_map(|it| match tree.node(it.id) {
            Node::Text(text) => Some(&**text),
            _ => None,
        })
    }

    fn rename(&mut self, id: PartId, names: Names) {
        let part = &mut self.parts[id];
        part.names = names;
        part.is_unlikely &= names.is_unlikely;
    }

    /// Without those of unlikely names; those that are spared lose them.
    pub(super) fn without_unlikely(&self) -> Self {
        let spared = self.spared();
        let mut without =
            self.without(|id| self.parts[id].is_unlikely && spared.binary_search(&id).is_err());
        // Those that are left are spared.
        let unlikely = without.parts.iter_mut().filter(|it| it.is_unlikely);
        unlikely.for_each(|it| it.names = Names::default());
        without
    }

    /// Without those of unlikely names beside the element that the page says is its main part, if that has text.
    pub(super) fn without_unlikely_beside_main(&self, tree: &PageTree) -> Option<Self> {
        let main = self.main_element(tree)?;
        let end = self.parts[main].end;
        let is_beside = |id: PartId| self.parts[id].end <= main || id >= end;
        Some(self.without(|id| self.parts[id].is_unlikely && is_beside(id)))
    }

    /// The page's only element `main`, if it has text.
    fn main_element(&self, tree: &PageTree) -> Option<PartId> {
        let is_main = |id: &PartId| match tree.node(self.parts[*id].id) {
            Node::Element(element) => &*element.name.local == "main",
            _ => false,
        };
        let mut found = (1..self.parts.len()).filter(is_main);
        let main = found.next().filter(|_| found.next().is_none())?;
        let counts = self.counted(|_, _| false)[main];
        (counts.n_text() >= MAIN_CHARS_MIN).then_some(main)
    }

    /// Without some, in the order of the page, and what lies in them.
    fn without(&self, is_dropped: impl Fn(PartId) -> bool) -> Self {
        let mut without = Self { parts: Vec::new(), dropped: self.dropped.clone() };
        let mut places = vec![0; self.parts.len()];
        let mut id = 0;
        while let Some(part) = self.parts.get(id) {
            if is_dropped(id) {
                without.dropped.push(part.id);
                id = part.end;
                continue;
            }
            places[id] = without.parts.len();
            let parent = places[part.parent];
            without.parts.push(part.below(parent));
            id += 1;
        }
        without.close();
        without
    }

    /// Without what asks readers for something: notices about cookies, and forms to comment in. `None` when there is
    /// none, or nothing else.
    pub(super) fn without_requests(&self, tree: &PageTree) -> Option<Self> {
        if self.parts.iter().all(|it| it.names.request.is_none()) {
            return None;
        }
        let counts = self.counted(|_, _| false);
        let n_heads = self.n_before(|it| matches!(it.kind, Kind::Heading(1) | Kind::Article));
        let is_request = |id: PartId| {
            let part = &self.parts[id];
            part.names.request.is_some_and(|request| {
                !matches!(part.kind, Kind::Body | Kind::Link(_))
                    && part.parent != 0
                    && n_heads[id] == n_heads[part.end]
                    && part.end - id <= REQUEST_PARTS_MAX
                    && match counts[id].n_inputs {
                        0 => {
                            request == Request::Consent
                                && counts[id].n_chars <= NOTICE_CHARS_MAX
                                && self.is_about_consent(tree, id)
                        }
                        _ => counts[id].n_chars <= REQUEST_CHARS_MAX,
                    }
            })
        };
        let without = self.without(is_request);
        let titles = without.parts.iter().position(|it| it.kind == Kind::Title);
        let counts = without.counted(|_, _| false);
        let n_title = titles.map_or(0, |it| counts[it].n_text());
        let has_other = counts[0].n_text() > n_title;
        (has_other && without.dropped.len() > self.dropped.len()).then_some(without)
    }

    fn is_about_consent(&self, tree: &PageTree, id: PartId) -> bool {
        self.texts(tree, id).any(|text| {
            let text = text.to_lowercase();
            CONSENT_WORDS.iter().any(|it| text.contains(it))
        })
    }

    /// How many parts of a kind there are before each, and in all.
    fn n_before(&self, is_kind: impl Fn(&Part) -> bool) -> Vec<usize> {
        let mut n_before = vec![0; self.parts.len() + 1];
        for (id, part) in self.parts.iter().enumerate() {
            n_before[id + 1] = n_before[id] + usize::from(is_kind(part));
        }
        n_before
    }

    /// What holds a headline, and most text of the page or the first headline of an article, whatever its name; in order.
    fn spared(&self) -> Vec<PartId> {
        let n_headlines = self.n_before(|it| it.kind == Kind::Heading(1));
        let n_in = |start: PartId, end: PartId| n_headlines[end] - n_headlines[start];
        let mut candidates = (1..self.parts.len())
            .filter(|it| self.parts[*it].is_unlikely && n_in(*it, self.parts[*it].end) > 0)
            .peekable();
        if candidates.peek().is_none() {
            return Vec::new();
        }
        let counts = self.counted(|_, _| false);
        let n_text = |part: PartId| counts[part].n_text();
        let articles = self.articles();
        let is_first = |part: PartId| articles[part].is_some_and(|it| n_in(it, part) == 0);
        candidates.filter(|it| is_first(*it) || 2 * n_text(*it) > n_text(0)).collect()
    }

    /// The article that each part lies in, the nearest.
    fn articles(&self) -> Vec<Option<PartId>> {
        let mut articles = vec![None; self.parts.len()];
        for (id, part) in self.parts.iter().enumerate().skip(1) {
            let is_in_it = self.parts[part.parent].kind == Kind::Article;
            articles[id] = if is_in_it { Some(part.parent) } else { articles[part.parent] };
        }
        articles
    }
}

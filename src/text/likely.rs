//! Where the main part of a page may lie by the names of its elements, and where names say nothing.

use super::{
    names::{Names, is_slug},
    outline::{Kind, Outline, PartId},
    tree::{Node, PageTree},
};

/// Chosen: with so many sections that have their headings' words as ids, and say nothing else by them, that is its way.
const SLUGS_MIN: usize = 3;
/// How deep in a heading its text lies at most.
const LEVELS_IN_HEADING: usize = 8;

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
        let mut without = Self { parts: Vec::new(), dropped: self.dropped.clone() };
        let mut places = vec![0; self.parts.len()];
        let mut id = 0;
        while let Some(part) = self.parts.get(id) {
            if part.is_unlikely && spared.binary_search(&id).is_err() {
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

    /// What holds a headline, and most text of the page or the first headline of an article, whatever its name; in order.
    fn spared(&self) -> Vec<PartId> {
        let mut n_headlines = vec![0; self.parts.len() + 1];
        for (id, part) in self.parts.iter().enumerate() {
            n_headlines[id + 1] = n_headlines[id] + usize::from(part.kind == Kind::Heading(1));
        }
        let n_in = |start: PartId, end: PartId| n_headlines[end] - n_headlines[start];
        let mut candidates = (1..self.parts.len())
            .filter(|it| self.parts[*it].is_unlikely && n_in(*it, self.parts[*it].end) > 0)
            .peekable();
        if candidates.peek().is_none() {
            return Vec::new();
        }
        let counts = self.counted(|_, _| false);
        let n_text = |part: PartId| counts[part].n_chars.saturating_sub(counts[part].n_link / 10);
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

//! What people see of an HTML page, and what they do not see of it though it may matter.

use super::article::main_part;
use super::formulas;
use super::locators::{LocatorTracker, Locators, Within};
use super::outline::Mark;
use super::raised::{self, HIGH, LOW};
use super::readings::Readings;
use super::roles::{self, INSERTED, Role, is_html};
use super::tree::{DOCUMENT, Element, Node, NodeId, PageTree};
use super::unseen::{self, Unseen};

/// The visible text of a page: its title, a blank line, its paragraphs with blank lines between.
///
/// White space collapses as in browsers, `pre` apart. List items and table rows are lines, and between
/// two table cells stands a tab. `^` stands around what is set high, `~` around what is set low, `~~`
/// around what is struck out and `++` around what is marked as inserted; in formulas fractions have a
/// slash. Scripts, styles, templates,
/// comments, hidden elements and what stands in for missing abilities are left out. The text is never
/// much longer than the page.
pub fn visible(html: &str, is_xhtml: bool) -> String {
    let tree = PageTree::of(html, is_xhtml);
    let mut page = PageWalk::of(&tree, None);
    page.walk();
    page.text
}

/// A heading in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageHeading {
    /// The line that it begins, from 1.
    pub line: usize,
    /// 1 is the highest, 6 the lowest.
    pub level: u8,
}

/// What there is of a page.
pub(super) struct PageText {
    /// The visible text of its main part, if there is a clear one and it was looked for.
    pub main: Option<String>,
    /// All other visible text.
    pub rest: String,
    /// Of that beside a main part what is clearly text, no menu, notice or teaser.
    pub rest_read: String,
    /// The headings of the main part; without one, those of the page.
    pub headings: Vec<PageHeading>,
    /// What is in none of both, in order.
    pub unseen: Vec<Unseen>,
    /// Where in a document that was rendered as a page its text stands.
    pub locators: Locators,
}

/// A page with its main part apart.
pub(super) fn in_parts(html: &str, is_xhtml: bool) -> PageText {
    let tree = PageTree::with_names(html, is_xhtml);
    let marks = main_part(&tree).map(|it| by_node(&tree, it));
    let Some(marks) = marks else { return whole(&tree, None) };
    let walked = |wanted: &'static [Mark], unseen| {
        let mut page = PageWalk::of(&tree, unseen);
        page.parts = Some(Parts { marks: &marks, wanted });
        page.is_wanted = wanted.contains(&Mark::Beside);
        page.walk();
        page
    };
    let rest = walked(&[Mark::Cut, Mark::Beside], Some(Vec::new()));
    let main = walked(&[Mark::Main], None);
    PageText {
        headings: main.headings(),
        main: Some(main.text),
        rest: rest.text,
        rest_read: walked(&[Mark::Cut], None).text,
        unseen: rest.unseen.unwrap_or_default(),
        locators: Locators::default(),
    }
}

/// The visible text of the main part of a page, if there is a clear one, else of all of it.
pub(super) fn main_or_whole(html: &str, is_xhtml: bool) -> String {
    let tree = PageTree::with_names(html, is_xhtml);
    let mut page = PageWalk::of(&tree, None);
    let marks = main_part(&tree).map(|main| by_node(&tree, main));
    if let Some(marks) = &marks {
        page.parts = Some(Parts { marks, wanted: &[Mark::Main] });
        page.is_wanted = false;
    }
    page.walk();
    page.text
}

fn by_node(tree: &PageTree, marks: Vec<(NodeId, Mark)>) -> Vec<Option<Mark>> {
    let mut by_node = vec![None; tree.n_nodes()];
    marks.into_iter().for_each(|(id, mark)| by_node[id as usize] = Some(mark));
    by_node
}

/// A page of which no main part is looked for.
pub(super) fn in_whole(html: &str, is_xhtml: bool) -> PageText {
    whole(&PageTree::of(html, is_xhtml), None)
}

/// A page that we rendered ourselves: what it says of where its text stands is true.
pub(super) fn in_rendered(html: &str) -> PageText {
    whole(&PageTree::rendered(html), Some(LocatorTracker::default()))
}

/// A page as it is searched: what is set high or low stands in one word with what is before it or apart from that,
/// what is marked as inserted has no signs, and readings stand behind their lines. It has the lines that people see.
pub(super) fn in_searched(html: &str, is_xhtml: bool, is_rendered: bool) -> PageText {
    let tree = if is_rendered { PageTree::rendered(html) } else { PageTree::of(html, is_xhtml) };
    let mut page = PageWalk::of(&tree, None);
    page.searched = Some(SearchedWords::default());
    page.locators = is_rendered.then(LocatorTracker::default);
    walked(page)
}

fn whole(tree: &PageTree, locators: Option<LocatorTracker>) -> PageText {
    let mut page = PageWalk::of(tree, Some(Vec::new()));
    page.locators = locators;
    walked(page)
}

fn walked(mut page: PageWalk<'_>) -> PageText {
    page.walk();
    let locators = page.locators.take().map(LocatorTracker::finish).unwrap_or_default();
    PageText {
        headings: page.headings(),
        main: None,
        rest: page.text,
        rest_read: String::new(),
        unseen: page.unseen.unwrap_or_default(),
        locators,
    }
}

/// What must stand between the last text and the next; the greater wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Paragraph,
}

/// What is still to be done.
enum Step {
    Siblings(NodeId),
    Enter(NodeId),
    Leave {
        role: Role,
        shows: bool,
        is_wanted: bool,
        is_host: bool,
        is_seen: bool,
    },
    /// What has signs around it besides ends.
    EndMark,
    /// Where in the document the text stands again.
    EndLocator(Within),
    /// A heading of this level began after so many bytes of text.
    EndHeading {
        n_before: usize,
        level: u8,
    },
}

/// The parts of a page, by node, and which of them are shown.
struct Parts<'t> {
    marks: &'t [Option<Mark>],
    wanted: &'t [Mark],
}

impl Parts<'_> {
    /// Whether what lies in a node is wanted, if that is another matter than around it.
    fn wants(&self, id: NodeId) -> Option<bool> {
        self.marks[id as usize].map(|mark| self.wanted.contains(&mark))
    }
}

/// An open element with signs around it.
struct OpenMark {
    sign: &'static str,
    /// Where its text begins, if it has any.
    start: Option<usize>,
}

/// What a text that is searched has otherwise.
#[derive(Default)]
struct SearchedWords {
    readings: Readings,
    /// What ended last, if what follows may stand right behind it.
    ended: Option<EndedRaised>,
}

/// How what was set high or low stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndedRaised {
    /// As a word of its own.
    Apart,
    /// At the beginning of a word, which begins there.
    First(usize),
}

struct Row {
    n_cells: usize,
    has_text: bool,
}

struct PageWalk<'t> {
    tree: &'t PageTree,
    text: String,
    unseen: Option<Vec<Unseen>>,
    gap: Gap,
    /// Tabs to come.
    n_tabs: usize,
    rows: Vec<Row>,
    /// Open elements in which white space is as it is.
    n_pre: usize,
    marks: Vec<OpenMark>,
    shows: bool,
    /// Text is visible by its style.
    is_seen: bool,
    /// Which part of the page is shown, if not all.
    parts: Option<Parts<'t>>,
    is_wanted: bool,
    /// Shadow hosts that are open, and the names of slots in each that were filled.
    hosts: Vec<(NodeId, Vec<String>)>,
    steps: Vec<Step>,
    /// Where in the text headings begin, and their levels.
    headings: Vec<(usize, u8)>,
    /// Notes where in a rendered document the text stands.
    locators: Option<LocatorTracker>,
    /// The text is searched.
    searched: Option<SearchedWords>,
}

impl<'t> PageWalk<'t> {
    fn of(tree: &'t PageTree, unseen: Option<Vec<Unseen>>) -> Self {
        Self {
            tree,
            text: String::new(),
            unseen,
            gap: Gap::None,
            n_tabs: 0,
            rows: Vec::new(),
            n_pre: 0,
            marks: Vec::new(),
            shows: true,
            is_seen: true,
            parts: None,
            is_wanted: true,
            hosts: Vec::new(),
            steps: Vec::new(),
            headings: Vec::new(),
            locators: None,
            searched: None,
        }
    }

    fn walk(&mut self) {
        self.go_into(DOCUMENT);
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Siblings(id) => {
                    self.steps.extend(self.tree.next(id).map(Step::Siblings));
                    self.enter(id);
                }
                Step::Enter(id) => self.enter(id),
                Step::EndMark => self.leave(Role::Marked("")),
                Step::EndHeading { n_before, level } => self.end_heading(n_before, level),
                Step::EndLocator(before) => {
                    self.locators.iter_mut().for_each(|it| it.leave(before));
                }
                Step::Leave { role, shows, is_wanted, is_host, is_seen } => {
                    self.leave(role);
                    (self.shows, self.is_wanted, self.is_seen) = (shows, is_wanted, is_seen);
                    if is_host {
                        self.hosts.pop();
                    }
                }
            }
        }
        self.put_readings();
    }

    fn go_into(&mut self, id: NodeId) {
        self.steps.extend(self.tree.first(id).map(Step::Siblings));
    }

    fn enter(&mut self, id: NodeId) {
        let tree = self.tree;
        let is_wanted = self.parts.as_ref().and_then(|it| it.wants(id)).unwrap_or(self.is_wanted);
        let element = match tree.node(id) {
            Node::Root => return,
            Node::Text(text) if self.shows && self.is_seen && is_wanted => {
                return self.put_text(id, text);
            }
            Node::Text(_) => return,
            Node::Element(element) => element,
        };
        let named = match roles::role(element) {
            Role::Inline => formulas::role(tree, id, element).unwrap_or(Role::Inline),
            role => role,
        };
        let role = roles::styled(named, element, tree.element(tree.parent(id)));
        let is_seen = element.visibility().unwrap_or(self.is_seen);
        if let Some(unseen) = self.unseen.as_mut().filter(|_| is_seen) {
            unseen::note(unseen, (tree, id), role);
        }
        let before = self.locators.as_mut().and_then(|it| it.enter(element));
        if matches!(role, Role::Hidden | Role::Never) {
            self.steps.extend(before.map(Step::EndLocator));
            if let Some(unseen) = &mut self.unseen {
                unseen.extend(unseen::hidden(self.tree, id, role));
            }
            return;
        }
        if self.is_seen
            && !is_seen
            && let Some(unseen) = &mut self.unseen
        {
            unseen.extend(unseen::invisible(self.tree, id));
        }
        let shadow = element.template;
        let is_host = shadow.is_some() || role == Role::Slot;
        // What is not wanted keeps apart what stands before and after it, no more.
        let shown_role = if is_wanted { role } else { unwanted(role) };
        let shown_role = if is_seen { shown_role } else { invisible(shown_role) };
        let (shows, was_wanted, was_seen) = (self.shows, self.is_wanted, self.is_seen);
        self.steps.push(Step::Leave {
            role: shown_role,
            shows,
            is_wanted: was_wanted,
            is_host,
            is_seen: was_seen,
        });
        self.steps.extend(before.map(Step::EndLocator));
        let mark = roles::styled_mark(named, role, element).filter(|_| is_wanted && is_seen);
        self.steps.extend(mark.map(|_| Step::EndMark));
        let n_before = self.text.len();
        self.steps.extend(heading_level(element).map(|level| Step::EndHeading { n_before, level }));
        (self.is_wanted, self.is_seen) = (is_wanted, is_seen);
        match role {
            Role::Drawn => self.shows = false,
            Role::Label => self.shows = true,
            _ => self.shows |= is_html(element),
        }
        self.begin(shown_role);
        mark.into_iter().for_each(|sign| self.begin(Role::Marked(sign)));
        match shadow {
            Some(shadow) => {
                self.hosts.push((id, Vec::new()));
                self.go_into(shadow);
            }
            None if role == Role::Slot => self.fill_slot(id, element),
            None => self.go_into(id),
        }
    }

    /// Shows the children of the host that go into a slot, each once; without any, the slot's own.
    fn fill_slot(&mut self, id: NodeId, slot: &Element) {
        let name = slot.attribute("name").unwrap_or_default();
        let mut filling = Vec::new();
        if let Some((host, filled)) = self.hosts.last_mut()
            && *host != DOCUMENT
            && !filled.iter().any(|it| it == name)
        {
            filled.push(name.to_owned());
            let children = std::iter::successors(self.tree.first(*host), |id| self.tree.next(*id));
            filling.extend(children.filter(|id| match self.tree.node(*id) {
                Node::Element(child) => child.attribute("slot").unwrap_or_default() == name,
                _ => name.is_empty(),
            }));
        }
        // What fills it stands outside of this host.
        let outer = self.hosts.len().checked_sub(2).map_or(DOCUMENT, |at| self.hosts[at].0);
        self.hosts.push((outer, Vec::new()));
        match filling.is_empty() {
            true => self.go_into(id),
            false => self.steps.extend(filling.into_iter().rev().map(Step::Enter)),
        }
    }

    fn begin(&mut self, role: Role) {
        match role {
            Role::Paragraph | Role::Pre => self.leave_gap(Gap::Paragraph),
            Role::Line | Role::Label => self.leave_gap(Gap::Line),
            Role::Row => {
                self.leave_gap(Gap::Line);
                self.rows.push(Row { n_cells: 0, has_text: false });
            }
            Role::Cell => {
                if let Some(row) = self.rows.last_mut() {
                    self.n_tabs += usize::from(row.n_cells > 0);
                    row.n_cells += 1;
                }
            }
            Role::Break => {
                let gap = if self.gap == Gap::Line { Gap::Paragraph } else { Gap::Line };
                self.leave_gap(gap);
            }
            Role::Marked(sign) => {
                // Browsers do not strike out twice.
                let is_marked = self.marks.iter().any(|it| it.sign == sign);
                let sign = if is_marked { "" } else { sign };
                self.marks.push(OpenMark { sign, start: None });
            }
            Role::Led(sign) if self.shows => self.put(sign),
            Role::Ruby => self.readings().into_iter().for_each(Readings::enter_ruby),
            Role::Reading => self.readings().into_iter().for_each(Readings::enter),
            Role::Led(_) => {}
            Role::Inline | Role::Hidden | Role::Never | Role::Drawn | Role::Slot => {}
        }
        self.n_pre += usize::from(role == Role::Pre);
    }

    fn leave(&mut self, role: Role) {
        match role {
            Role::Paragraph | Role::Pre => self.leave_gap(Gap::Paragraph),
            Role::Line | Role::Label => self.leave_gap(Gap::Line),
            Role::Row => self.end_row(),
            Role::Marked(_) => {
                if let Some(OpenMark { sign, start: Some(start) }) = self.marks.pop() {
                    self.end_mark(sign, start);
                }
            }
            Role::Ruby => self.readings().into_iter().for_each(Readings::leave_ruby),
            Role::Reading => self.readings().into_iter().for_each(Readings::leave),
            _ => {}
        }
        self.n_pre -= usize::from(role == Role::Pre);
    }

    fn readings(&mut self) -> Option<&mut Readings> {
        self.searched.as_mut().map(|it| &mut it.readings)
    }

    fn put_readings(&mut self) {
        if let Some(readings) = self.readings().and_then(Readings::take) {
            self.text.push_str(&readings);
        }
    }

    /// Ends what has a sign, and began there.
    fn end_mark(&mut self, sign: &str, start: usize) {
        match &mut self.searched {
            Some(words) if matches!(sign, HIGH | LOW) => {
                let has_parted = raised::part(&mut self.text, start, sign);
                let is_first = !self.text[..start].ends_with(char::is_alphanumeric);
                words.ended = match (has_parted, is_first) {
                    (true, _) => Some(EndedRaised::Apart),
                    (false, true) if sign == HIGH => Some(EndedRaised::First(start)),
                    _ => None,
                };
                if has_parted {
                    let within = self.headings.iter_mut().rev();
                    within.take_while(|it| it.0 >= start).for_each(|it| it.0 += 1);
                }
            }
            Some(_) if sign == INSERTED => {}
            _ => self.text.push_str(sign),
        }
    }

    /// Parts text from what was set high or low before it, where both are no word together.
    fn part_from_raised(&mut self, ended: EndedRaised, text: &str) {
        let is_apart = match ended {
            EndedRaised::Apart => true,
            EndedRaised::First(start) => !raised::joins_next(&self.text[..start], text),
        };
        let begins = text.starts_with(char::is_alphanumeric);
        if is_apart && begins && self.text.ends_with(char::is_alphanumeric) {
            self.text.push(' ');
        }
    }

    /// Empty cells at the end of a row are cells, too.
    fn end_row(&mut self) {
        let has_text = self.rows.pop().is_some_and(|row| row.has_text);
        let n_tabs = std::mem::take(&mut self.n_tabs);
        if has_text {
            self.locators.iter_mut().for_each(|it| it.skip(n_tabs));
            self.text.extend(std::iter::repeat_n('\t', n_tabs));
            self.rows.iter_mut().for_each(|row| row.has_text = true);
        }
        self.leave_gap(Gap::Line);
    }

    /// Keeps a heading that begins a line and has text.
    fn end_heading(&mut self, n_before: usize, level: u8) {
        let own = &self.text[n_before..];
        let start = self.text.len() - own.trim_start().len();
        let begins_line = start == 0 || self.text[..start].ends_with('\n');
        if start < self.text.len() && begins_line {
            self.headings.push((start, level));
        }
    }

    fn headings(&self) -> Vec<PageHeading> {
        let (mut at, mut line) = (0, 1);
        let heading = |(start, level): &(usize, u8)| {
            // One within another is over first.
            line += self.text.get(at..*start).map_or(0, |passed| passed.matches('\n').count());
            at = at.max(*start);
            PageHeading { line, level: *level }
        };
        self.headings.iter().map(heading).collect()
    }

    fn leave_gap(&mut self, gap: Gap) {
        // What a cell begins with stands beside the cell before.
        if self.n_tabs == 0 {
            self.gap = self.gap.max(gap);
        }
    }

    fn put_text(&mut self, id: NodeId, text: &str) {
        let is_blank = text.bytes().all(|byte| byte.is_ascii_whitespace());
        if !(is_blank && formulas::is_between_parts(self.tree, id)) {
            self.put(text);
        }
    }

    fn put(&mut self, text: &str) {
        if let Some(readings) = self.readings().filter(|it| it.is_open()) {
            return readings.put(text);
        }
        if self.n_pre > 0 {
            return self.put_shown(text);
        }
        for (n, word) in text.split(['\t', '\n', '\x0c', '\r', ' ']).enumerate() {
            if n > 0 {
                self.leave_gap(Gap::Space);
            }
            self.put_shown(word);
        }
    }

    fn put_shown(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let (gap, n_tabs) = (std::mem::take(&mut self.gap), std::mem::take(&mut self.n_tabs));
        if gap >= Gap::Line || n_tabs > 0 {
            self.put_readings();
        }
        let ended = self.searched.as_mut().and_then(|it| it.ended.take());
        if let Some(ended) = ended.filter(|_| gap == Gap::None && n_tabs == 0) {
            self.part_from_raised(ended, text);
        }
        let gap = match gap {
            _ if self.text.is_empty() => "",
            Gap::Space if n_tabs == 0 => " ",
            Gap::None | Gap::Space => "",
            Gap::Line => "\n",
            Gap::Paragraph => "\n\n",
        };
        self.locators.iter_mut().for_each(|it| it.put(gap, n_tabs, text));
        self.text.push_str(gap);
        self.text.extend(std::iter::repeat_n('\t', n_tabs));
        let is_searched = self.searched.is_some();
        for mark in self.marks.iter_mut().filter(|it| it.start.is_none()) {
            if !(is_searched && matches!(mark.sign, HIGH | LOW | INSERTED)) {
                self.text.push_str(mark.sign);
            }
            mark.start = Some(self.text.len());
        }
        self.text.push_str(text);
        if let Some(row) = self.rows.last_mut() {
            row.has_text = true;
        }
    }
}

fn heading_level(element: &Element) -> Option<u8> {
    match (is_html(element), element.name.local.as_bytes()) {
        (true, [b'h', digit @ b'1'..=b'6']) => Some(digit - b'0'),
        _ => None,
    }
}

/// What an element does whose text cannot be seen: it has its place in a table, and keeps nothing apart else.
fn invisible(role: Role) -> Role {
    match role {
        Role::Row | Role::Cell | Role::Ruby | Role::Reading => role,
        _ => Role::Inline,
    }
}

/// What an element does whose text is not wanted.
fn unwanted(role: Role) -> Role {
    match role {
        Role::Paragraph | Role::Pre | Role::Line | Role::Label | Role::Row | Role::Cell => {
            Role::Paragraph
        }
        Role::Marked(_) | Role::Led(_) => Role::Inline,
        role => role,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all_visible(cases: &[(&str, &str)]) {
        for (html, text) in cases {
            assert_eq!(visible(html, false), *text, "{html}");
        }
    }

    #[test]
    fn a_page_reads_as_people_see_it() {
        let page = "<!doctype html><html><head><meta charset=utf-8><title>The &amp; title</title>
            <style>p { color: red }</style><script>if (a < b) alert('<p>no</p>')</script></head>
            <body><!-- unseen --><nav><ul><li>One<li>Two</li></ul></nav>
            <h1>Head<b>line</b></h1><p>First   paragraph,\n two&nbsp;lines<br>and a break.
            <p>Second.<noscript><p>no</p></noscript>
            <table><tr><th>Name<th>Count</tr><tr><td>a</td> <td> 1 </td></tr></table>
            <svg><title>no</title><path d='M1 1'/></svg><pre>\n  kept\n as is</pre>end</body></html>";
        let text = "The & title\n\nOne\nTwo\n\nHeadline\n\nFirst paragraph, two\u{a0}lines\nand a \
            break.\n\nSecond.\n\nName\tCount\na\t1\n\n  kept\n as is\n\nend";
        assert_eq!(visible(page, false), text);
    }

    #[test]
    fn ends_that_are_missing_or_wrong_do_little_harm() {
        all_visible(&[
            ("", ""),
            ("  plain  text ", "plain text"),
            ("a</p></div></pre></script>b", "a\n\nb"),
            ("a</div>b", "ab"),
            ("a<br>b<br><br>c<br/>d", "a\nb\n\nc\nd"),
            ("a<script>x", "a"),
            ("a<template><template>x</template>y</template>b", "ab"),
            ("<p>1 < 2 &lt; 3", "1 < 2 < 3"),
            ("a\0b", "ab"),
            ("<DIV>A</DIV>B", "A\n\nB"),
            ("<textarea> a\n b</textarea>c  d", " a\n b\n\nc d"),
            ("<i>a</i> <i>b</i><i>c</i>", "a bc"),
            ("<div><canvas>x</div>y", "y"),
            ("<progress value=3 max=10>3 of 10</progress>a<meter value=1>one</meter>", "a"),
            ("<p>a</p>b<table><tr>words", "a\n\nbwords"),
            (&format!("a{}words", "<table><tr><td>".repeat(200)), "a\n\nwords"),
        ]);
    }

    #[test]
    fn a_style_parts_words_and_strikes_them_out() {
        all_visible(&[
            ("<span style='display:block'>a</span><span style='display:block'>b</span>", "a\n\nb"),
            ("<div style='display:flex'><span>a</span><b>b</b></div>", "a\nb"),
            ("<a style='display:inline-grid'><b>a</b><i>b</i></a>", "a\nb"),
            ("<i style='display:list-item'>a</i><i style='display:list-item'>b</i>", "a\nb"),
            ("a<div style='display:inline'>b</div><li style='display:inline'>c", "abc"),
            (
                "<b style='display:table-row'><i style='display:table-cell'>a</i><i style='display:table-cell'>b",
                "a\tb",
            ),
            ("<i style='display:table-cell'>a</i><i style='display:table-cell'>b", "a\nb"),
            ("a <span style='text-decoration:line-through'>10</span> 8", "a ~~10~~ 8"),
            ("<p style='text-decoration:line-through'>a <s>b</s></p>c", "~~a b~~\n\nc"),
            (
                "<s style='text-decoration:none'>a</s><del style='display:block'>b</del>",
                "a\n\n~~b~~",
            ),
            ("a<b style='display:none'>b</b>", "a"),
        ]);
    }

    #[test]
    fn what_is_drawn_hides_nothing_behind_it() {
        all_visible(&[
            ("<svg><title/><path d='M1'/></svg><p>Seen.", "Seen."),
            ("<svg><style/><g/></svg><p>Seen.", "Seen."),
            ("<svg><script/></svg>Seen.", "Seen."),
            ("<svg><g><p>Seen.", "Seen."),
            ("<svg><desc><p>no</p></desc></svg>a<svg/>b<svg class=x />c", "abc"),
            ("<svg>no<text x=1>A <tspan>label</tspan></text></svg>.", "A label\n."),
            ("<svg><foreignObject><p>Seen.</p></foreignObject>no</svg>", "Seen."),
            ("<svg><defs><text>no</text></defs><![CDATA[no]]></svg>a", "a"),
            ("<math><mi>x</mi><mo>=</mo><mn>1</mn><annotation>no</annotation></math>", "x=1"),
            ("<math><title/></math>Seen.", "Seen."),
            ("<math><msup><mn>10</mn><mn>6</mn></msup></math> m", "10^6^ m"),
            ("<math> <mfrac>\n<mn>1</mn>\n<mn>2</mn>\n</mfrac> </math>", "1/2"),
            (
                "<math><mi>a</mi> <mo>+</mo> <msqrt><msub><mi>b</mi><mi>n</mi></msub></msqrt></math>",
                "a + √b~n~",
            ),
            ("<math><msubsup><mo>∫</mo><mn>0</mn><mn>1</mn></msubsup></math>", "∫~0~^1^"),
            ("<math hidden><mfrac><mn>1</mn><mn>2</mn></mfrac></math>a", "a"),
        ]);
    }

    #[test]
    fn headings_are_known_by_the_line_that_they_begin() {
        let page = "<title>T</title><h1>One<br>more</h1><p>a<table><tr><td>b<td><h3>in a cell</h3></table>
            <h2> </h2><h2 hidden>no</h2><section><h2><i>Two</i></h2><div><h6>Six</h6></div></section>";
        let found = in_whole(page, false);
        let lines: Vec<&str> = found.rest.lines().collect();
        let shown = |it: &PageHeading| format!("{} {}", it.level, lines[it.line - 1]);
        let headings: Vec<String> = found.headings.iter().map(shown).collect();
        assert_eq!(headings, ["1 One", "2 Two", "6 Six"], "{}", found.rest);
    }

    #[test]
    fn hidden_things_are_not_seen() {
        all_visible(&[
            ("<p hidden>no<p>a", "a"),
            ("<div style='color: red; DISPLAY : none !important'><p>no</div>a", "a"),
            ("<div style='display: none-such'>a</div>", "a"),
            ("<p hidden=until-found>a", "a"),
            ("<p hidden style='display:block'>a<p hidden style='color:red'>no", "a"),
            ("<div style='display:none;display:block'>a</div>", "a"),
            ("<p style='display&#58;none'>no</p>a<p style='content-visibility:hidden'>no", "a"),
            ("<div popover>no</div><dialog open popover>a</dialog>", "a"),
            ("<svg><text display=none>no</text><text visibility=hidden>no</text></svg>a", "a"),
            ("<details><summary>a</summary>b</details>", "a\n\nb"),
            ("<dialog>no</dialog><dialog open>a</dialog>", "a"),
            ("<noscript><!-- </noscript>a --></noscript>", "a -->"),
            ("<head><noscript><p>no</p></noscript></head>a", "a"),
            ("<object data=a.pdf>no</object><object>a</object>", "a"),
            ("<ruby>字<rp>(</rp><rt>ji</rt><rp>)</rp></ruby>", "字ji"),
            ("<frameset><frame src=a><noframes><p>no</noframes></frameset>", ""),
        ]);
    }

    /// As Chromium's `innerText` has it, but for tables, whose columns stay where they are.
    #[test]
    fn what_is_invisible_is_not_seen_and_what_is_visible_in_it_is() {
        all_visible(&[
            ("<p style='visibility:hidden'>no</p>a<b style='visibility:collapse'>no</b>b", "ab"),
            (
                "<p>x<div style='visibility:hidden'>no<b style='visibility:visible'>yes</b><p>no</div><p>a",
                "x\n\nyes\n\na",
            ),
            (
                "<ul style='visibility:hidden'><li>no<li style='visibility:visible'>a<li style='visibility:visible'>b",
                "a\nb",
            ),
            ("<table><tr><td style='visibility:hidden'>no<td>b</table>", "\tb"),
            ("<table><tr style='visibility:collapse'><td>no<td>no<tr><td>a</table>", "a"),
            ("<p style='visibility:hidden'>no<p>y<sup style='visibility:hidden'>1</sup>", "y"),
            ("<p style='opacity:0'>a<p visibility=hidden style='font-size:0'>b", "a\n\nb"),
        ]);
        let page = "<div style='visibility:hidden'>Not <b style='visibility:visible'>this<img alt=c></b> now<p hidden>d</p>
            <img alt=e><i style='visibility:visible'><u style='visibility:hidden'>f</u></i></div>";
        let unseen = in_whole(page, false).unseen;
        let found: Vec<String> =
            unseen.iter().map(|it| format!("{:?} {}", it.kind, it.value)).collect();
        assert_eq!(found, ["HiddenText Not now", "ImageText c", "HiddenText d", "HiddenText f"]);
    }

    #[test]
    fn scripts_with_scripts_in_comments_end_where_browsers_end_them() {
        all_visible(&[(
            "<p>a</p><script><!-- write(\"<script src=x></script>\"); n=1; //--></script><p>b",
            "a\n\nb",
        )]);
    }

    #[test]
    fn a_shadow_tree_is_shown_in_its_host() {
        all_visible(&[
            (
                "<div><template shadowrootmode=open><p>Head</p><slot></slot><p>Foot</p></template>Body</div>",
                "Head\n\nBody\n\nFoot",
            ),
            ("<div><template shadowrootmode=closed>Only</template>not this</div>.", "Only\n\n."),
            (
                "<x-y><template shadowrootmode=open><slot name=b>no</slot>-<slot>own</slot></template><b slot=b>B</b></x-y>",
                "B-own",
            ),
            ("<a><template shadowrootmode=open>no</template>a</a>", "a"),
        ]);
    }

    #[test]
    fn every_cell_of_a_table_is_a_cell() {
        all_visible(&[
            ("<table><tr><td>a<td><td>c<td></table>", "a\t\tc\t"),
            ("<table><tr><td>a<td>b<td></table>", "a\tb\t"),
            ("<table><tr><td><td>b<tr><td><td></table>c", "\tb\n\nc"),
            (
                "<table><tr><td colspan=2>a<td>b<tr><td rowspan=2>c<td>d<td>e</table>",
                "a\tb\nc\td\te",
            ),
            ("<table><tr><td><p>a</p><td><p>b</p><p>c</table>", "a\n\n\tb\n\nc"),
            ("<table><tr><td>a<td><table><tr><td>b<td>c</table><td>d</table>", "a\tb\tc\n\n\td"),
        ]);
    }

    #[test]
    fn what_changes_the_meaning_of_words_is_marked() {
        all_visible(&[
            ("10<sup>6</sup> H<sub>2</sub>O", "10^6^ H~2~O"),
            ("<p>It costs <del>100 </del><ins>200</ins> now", "It costs ~~100~~ ++200++ now"),
            ("<p><s>a<p>b</s>c", "~~a~~\n\n~~b~~c"),
            ("<del>a <s>b</s> c</del>", "~~a b c~~"),
            ("<ins class=ad></ins>a<sup> </sup>b", "a b"),
        ]);
    }

    #[test]
    fn xhtml_ends_elements_with_a_slash() {
        let page = "<?xml version='1.0'?><html><head><script src='a'/></head><body><p/>a<div/>b<![CDATA[<c>]]></body></html>";
        assert_eq!(visible(page, true), "a\n\nb<c>");
        assert_eq!(visible(page, false), "");
    }

    #[test]
    fn what_is_not_seen_is_known_by_its_kind() {
        let page = "<ol start=3><li><a href=/b title=Hint>b</a><img src=i.png alt='An image'></ol>
            <input value=7><p hidden>Not <b>now</b><noscript>n</noscript><script>no</script></p>
            <svg><title>A <b>map</b></title></svg><input type=hidden value=1><iframe src=f></iframe>";
        let found: Vec<String> = in_whole(page, false)
            .unseen
            .iter()
            .map(|it| format!("{:?} {}", it.kind, it.value))
            .collect();
        assert_eq!(
            found,
            [
                "ListNumber 3",
                "LinkTarget /b",
                "Hint Hint",
                "Image i.png",
                "ImageText An image",
                "FormValue 7",
                "HiddenText Not now n",
                "ImageText A map",
                "Embedded f",
            ]
        );
    }

    #[test]
    fn what_people_see_that_is_no_text_is_known_by_its_kind() {
        for (page, expected) in [
            ("<iframe srcdoc='<p>a'></iframe>", "Embedded <p>a"),
            ("<select><optgroup label=A><option>a</select>", "FormValue A"),
            ("<select><option>a<option selected>b</select>", "FormValue b"),
            ("<input type=radio><input type=radio checked>", "FormValue , FormValue checked"),
            ("<img src=a srcset='b 2x'>", "Image a, Image b 2x"),
            ("<picture><source srcset=a><img src=b></picture>", "Image a, Image b"),
            (
                "<video poster=a><source src=b><track src=c></video>",
                "Image a, Embedded b, Embedded c",
            ),
            ("<base href=/a>", "LinkTarget /a"),
            (
                "<form action=/a><button formaction=/b></button></form>",
                "LinkTarget /a, LinkTarget /b",
            ),
            ("<svg><a xlink:href=/a /></svg>", "LinkTarget /a"),
            ("<meter value=1 max=2></meter>", "FormValue 1, FormValue 2"),
            ("<progress value=1></progress>", "FormValue 1"),
            ("<ul><li>a<li>b</ul>", "ListNumber •, ListNumber •"),
            (
                "<ol reversed><li>a<li hidden>b<li>c</ol>",
                "ListNumber 2, ListNumber 1, HiddenText b",
            ),
            (
                "<ol type=a start=4><li>a<li value=8>b<li>c</ol>",
                "ListNumber a4, ListNumber a8, ListNumber a9",
            ),
        ] {
            let unseen = in_whole(page, false).unseen;
            let found: Vec<_> =
                unseen.iter().map(|it| format!("{:?} {}", it.kind, it.value)).collect();
            assert_eq!(found.join(", "), expected, "{page}");
        }
    }

    #[test]
    fn time_grows_with_the_length_alone() {
        for unit in [
            "<div>",
            "<a ",
            "<",
            "<!",
            "<!-",
            "&",
            "&a",
            "</",
            "<pre>\n",
            "<title>",
            "\0",
            "a=b ",
            "<b><p>",
            "<b x><i y><p>",
            "<table><td>",
            "<template>",
            "<svg><g>",
            "</b>",
            "<s>a<p>",
            "<font size=1><font size=2><p>",
            "<div><template shadowrootmode=open><slot>",
            "<select><option>",
            "<table><div>",
            "<p></b></i>",
            "<button><p>",
            "<a><b><i>",
        ] {
            let _ = visible(&format!("<x {}", unit.repeat(20_000)), false);
            let _ = visible(&unit.repeat(20_000), false);
        }
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic_or_blow_up(
            parts in prop::collection::vec(prop::sample::select(vec![
                "<", ">", "</", "/>", "<!--", "-->", "p", "pre", "script", "title", "svg", "br", "td",
                " ", "\n", "é", "\0", "'", "\"", "=", "&", "&amp;", "&nGt;", "#", "x", "1", ";",
                "<table>", "<tr>", "<td>", "</table>", "<s>", "<b>", "</b>", "<p>", "<svg>", "<template>",
                "<div><template shadowrootmode=open>", "<slot>", "<math>", "<select>", "</p>", "a",
            ]), 0..60),
        ) {
            let html = parts.concat();
            prop_assert!(visible(&html, false).len() <= 4 * html.len());
            let _ = in_parts(&html, true);
        }
    }
}

//! Holes of the main part: what stands between its first and its last text belongs to it, unless it is clearly something
//! else.
//!
//! The rules that find the main part rather lose a line than keep a teaser, and people who read the page know of no such
//! hole. So a line between is left out only where its content, not its name alone, shows that it is no text. Outside of
//! the main part it is the other way round: only what is clearly text is taken for that.

use super::{
    outline::{Counts, Kind, Mark, Outline, PartId},
    tree::{NodeId, PageTree},
};

/// Chosen: with more of it in links a line is a link.
const LINE_LINKS: f32 = 0.5;
/// Chosen: with more of it in links a box of several lines leads elsewhere.
const BOX_LINKS: f32 = 0.2;
/// Chosen: what has less text for each of its links is a row of them, whatever they show.
const LINK_CHARS: u32 = 10;
/// Chosen: so many links make a row.
const ROW_LINKS_MIN: u32 = 3;
/// Chosen: buttons to share a page and teasers of others say less than that.
const LURE_CHARS_MAX: u32 = 500;
/// Chosen: buttons to share a page that are no links say less than that.
const SHARE_CHARS_MAX: u32 = 60;

/// The marks of a main part without holes, by those of one that may have some, and of what beside it is clearly text.
pub(super) fn filled(
    page: &Outline,
    tree: &PageTree,
    marks: &[(NodeId, Mark)],
) -> Vec<(NodeId, Mark)> {
    let chosen = ChosenParts::of(page, tree, marks);
    let pieces = PagePieces::of(page);
    let is_within = chosen.within(&pieces);
    let mut states = vec![Mark::Beside; page.len()];
    let mut filled = Vec::new();
    for part in 1..page.len() {
        let parent = page.part(part).parent;
        let above = states[parent];
        let is_filling = is_within[part]
            && !pieces.is_other[part]
            && (above == Mark::Main || !is_within[parent]);
        states[part] = match () {
            () if chosen.is_main[part] || is_filling => Mark::Main,
            () if chosen.holds_main[part] => Mark::Cut,
            () if above != Mark::Beside && pieces.is_clearly_text(part) => Mark::Cut,
            () => Mark::Beside,
        };
        if states[part] != above {
            filled.push((page.part(part).id, states[part]));
        }
    }
    filled.extend(page.dropped.iter().map(|id| (*id, Mark::Beside)));
    filled
}

/// A main part that may have holes.
struct ChosenParts<'p> {
    page: &'p Outline,
    /// The elements that it is, in order.
    roots: Vec<PartId>,
    is_main: Vec<bool>,
    /// Some of it lies in the part.
    holds_main: Vec<bool>,
}

impl<'p> ChosenParts<'p> {
    fn of(page: &'p Outline, tree: &PageTree, marks: &[(NodeId, Mark)]) -> Self {
        let mut by_node = vec![None; tree.n_nodes()];
        marks.iter().for_each(|(id, mark)| by_node[*id as usize] = Some(*mark));
        let (mut is_main, mut roots) = (vec![false; page.len()], Vec::new());
        for id in 1..page.len() {
            let part = page.part(id);
            is_main[id] =
                by_node[part.id as usize].map_or(is_main[part.parent], |mark| mark == Mark::Main);
            if is_main[id] && !is_main[part.parent] && part.kind != Kind::Title {
                roots.push(id);
            }
        }
        let mut holds_main = is_main.clone();
        for id in (1..page.len()).rev() {
            holds_main[page.part(id).parent] |= holds_main[id];
        }
        Self { page, roots, is_main, holds_main }
    }

    /// What lies in the roots or stands between two of them in one element, as far as its text goes.
    fn within(&self, pieces: &PagePieces) -> Vec<bool> {
        let mut is_within = vec![false; self.page.len()];
        for root in &self.roots {
            is_within[*root..self.page.part(*root).end].fill(true);
        }
        for pair in self.roots.windows(2) {
            let (first, second) = (self.page.part(pair[0]), self.page.part(pair[1]));
            if first.parent == second.parent && first.end < pair[1] {
                is_within[first.end..pair[1]].fill(true);
            }
        }
        let end = self.end(pieces, &is_within);
        is_within[end..].fill(false);
        is_within
    }

    /// Where its text ends: with all of its elements, or where something else follows with the last sentence before that.
    fn end(&self, pieces: &PagePieces, is_within: &[bool]) -> PartId {
        let page = self.page;
        let is_text = |id: &PartId| {
            let is_title = |above: PartId| page.part(above).kind == Kind::Title;
            let is_text = page.part(*id).kind == Kind::Text;
            is_text && self.is_main[*id] && !page.ancestors(*id).any(is_title)
        };
        let mut part = (1..page.len()).rev().find(is_text).map_or(page.len(), |last| last + 1);
        let mut end = part;
        while part < page.len() {
            let counts = &pieces.uncut[part];
            let has_content = counts.n_chars > 0 || counts.n_inputs > 0;
            part = match () {
                () if !is_within[part] => part + 1,
                () if page.part(part).names.is_sideline && has_content => return end,
                () if pieces.is_other[part] && has_content => return end,
                () if pieces.is_other[part] => page.part(part).end,
                () => {
                    let is_heading = matches!(page.part(part).kind, Kind::Heading(_));
                    if page.is_line(part) && !is_heading && counts.reads_as_text() {
                        end = page.part(part).end;
                    }
                    part + 1
                }
            };
        }
        page.len()
    }
}

/// What each part of a page is.
struct PagePieces<'p> {
    page: &'p Outline,
    /// What lies in it.
    uncut: Vec<Counts>,
    /// It is clearly no text of what it lies in.
    is_other: Vec<bool>,
}

impl<'p> PagePieces<'p> {
    fn of(page: &'p Outline) -> Self {
        let is_other = vec![false; page.len()];
        let mut pieces = Self { page, uncut: page.counted(|_, _| false), is_other };
        page.counted(|id, left| {
            let is_other = pieces.is_clearly_other(id, left);
            pieces.is_other[id] = is_other;
            is_other
        });
        pieces
    }

    /// Whether a part, of which this is left, is no text of what it lies in.
    fn is_clearly_other(&self, id: PartId, left: &Counts) -> bool {
        let part = self.page.part(id);
        let (parent, uncut) = (self.page.part(part.parent), &self.uncut[id]);
        let is_all_of_it = uncut.n_chars == self.uncut[part.parent].n_chars;
        match part.kind {
            Kind::Title | Kind::Menu | Kind::Input => return true,
            Kind::Button => return !matches!(parent.kind, Kind::Heading(_)),
            Kind::Heading(_) => return left.link_density() > LINE_LINKS,
            // A word in a line is what its line is.
            kind if kind.is_phrase() && !parent.has_block && !is_all_of_it => return false,
            _ => {}
        }
        let names = &part.names;
        let leads = uncut.n_links > 0 || uncut.n_inputs > 0;
        let is_lure = uncut.n_chars < LURE_CHARS_MAX;
        let is_named = names.is_unlikely || names.weight < 0;
        let is_placed = part.kind == Kind::Besides || uncut.n_fields > 0;
        names.is_menu
            || names.is_share && is_lure && (leads || uncut.n_chars < SHARE_CHARS_MAX)
            || names.is_teaser && is_lure && uncut.n_links > 0
            || !left.is_said() && (names.is_brief || leads && is_named || is_placed)
            || self.leads_elsewhere(id)
            || left.are_headings_left_of(uncut)
    }

    fn leads_elsewhere(&self, id: PartId) -> bool {
        let uncut = &self.uncut[id];
        let links_max = if self.page.part(id).has_block { BOX_LINKS } else { LINE_LINKS };
        let is_row = uncut.n_links >= ROW_LINKS_MIN && uncut.n_chars < uncut.n_links * LINK_CHARS;
        uncut.link_density() > links_max || is_row
    }

    /// Whether a part beside the main part is text for itself.
    fn is_clearly_text(&self, id: PartId) -> bool {
        let part = self.page.part(id);
        let is_beside =
            part.kind == Kind::Besides || part.names.is_unlikely || part.names.is_teaser;
        let is_said = || !self.page.is_line(id) || self.uncut[id].is_said();
        !is_beside && !self.is_other[id] && is_said()
    }
}

#[cfg(test)]
mod tests {
    use super::super::visible::{PageText, in_parts};

    const TEXT: &str = "The harbour is closed, the board said, to all ships of more than 20 metres, until the gap \
        in the breakwater is filled with rock from the quarry, which takes a week or two.";

    /// Asserts that all or none of the words `Mark` in a piece, which stands behind the first of three paragraphs or at
    /// the end, are in the main part.
    #[track_caller]
    fn assert_in(piece: &str, is_last: bool, expected: bool) {
        for (open, close) in
            [("<main>", "</main>"), ("<article>", "</article>"), ("<div>", "</div>")]
        {
            let text = format!("<p>{TEXT}</p>");
            let (above, below) = if is_last {
                (text.repeat(3), String::new())
            } else {
                (text.clone(), text.repeat(2))
            };
            let page = format!(
                "<title>Tern Wire</title><nav><a href=/>Home</a></nav>{open}<h1>Harbour</h1>{above}{piece}{below}{close}\
                 <footer>Imprint</footer>"
            );
            let main = in_parts(&page, false).main.unwrap();
            let n_wanted = if expected { piece.matches("Mark").count() } else { 0 };
            assert_eq!(main.matches("Mark").count(), n_wanted, "{page}");
        }
    }

    // A changed price in the middle of a page was told as the same words.
    #[test]
    fn what_stands_between_texts_belongs_to_them() {
        let row = "<div class=row><div class=col>Mark</div><div class=col>5 EUR</div></div>";
        for piece in [
            "<div>Mark fee: 14.96 EUR</div>",
            "<div class=price>Mark 14.96</div>",
            "<div>The Mark fee for each month is 500 EUR, payable on the first day</div>",
            "<div>Mark मासिक शुल्क 500 रुपये है।</div>",
            "<div>Markค่าธรรมเนียมรายเดือนคือ 500 บาท</div>",
            "<div>Mark月額料金は500円です。</div>",
            "<div>§ 5 Mark without notice</div>",
            &row.repeat(12),
            "<div><div><div>Mark 5</div></div></div>",
            "<div><img src=a><img src=b>Mark 14.96</div>",
            "<div>Mark, see <a href=/terms>the terms of the contract</a> for the price of it</div>",
            "<ul><li><div>Mark: 5</div><li><div>Mark: 6</div></ul>",
            "<aside><p>Mark may cancel within 14 days, and we refund the whole sum.</p></aside>",
            "<footer><p>Mark signed it in Port Essery.</p></footer>",
            "<form><p>By sending this you Mark that we keep it for ten years.</p><button>Send</button></form>",
            "<div class=accordion-item><h2 class=accordion-header><button>Mark?</button></h2>\
             <div class=accordion-body>Mark, within 14 days.</div></div>",
            "<div class=card><div class=card-header>Mark</div><div class=card-body><p>Mark.</div>\
             <div class=card-footer>Mark on Sundays.</div></div>",
        ] {
            assert_in(piece, false, true);
            assert_in(piece, true, true);
        }
    }

    #[test]
    fn a_name_alone_leaves_no_text_out() {
        for name in [
            "section-header",
            "j-header",
            "comment",
            "sidebar",
            "related",
            "extra",
            "widget",
            "newsletter",
            "menu",
        ] {
            for piece in [
                format!("<h2 class={name}>Mark is given</h2>"),
                format!("<p class={name}>Mark was changed by the court in 2019.</p>"),
                format!(
                    "<div class={name}><p>Mark may cancel, and we refund the whole sum.</p></div>"
                ),
            ] {
                assert_in(&piece, false, true);
            }
        }
        for name in ["header", "card-footer", "extra", "contact", "meta"] {
            assert_in(&format!("<div class={name}>Mark 12</div>"), false, true);
        }
    }

    #[test]
    fn what_is_clearly_something_else_stays_out() {
        let teaser = "<div><a href=/1>Mark and whales</a><p>Mark knows.</p></div>";
        for piece in [
            "<nav><a href=/a>Mark</a></nav>",
            "<div role=navigation>Mark</div>",
            "<div class=related><h3>Mark</h3><ul><li><a href=/1>Mark</a><li><a href=/2>Mark</a></ul></div>",
            &format!("<div><h3>Mark</h3>{}</div>", teaser.repeat(3)),
            "<div class=share>Mark <b>this</b></div>",
            "<div><div>Mark this</div><a href=/1><svg></svg></a><a href=/2><svg></svg></a><a href=/3><svg></svg></a></div>",
            "<div class=byline>By Mark Bauer</div>",
            "<div class=cookie-notice><p>Mark: we use cookies, and so do our partners.</p><button>Yes</button></div>",
            "<form><label>Mark <input></label><button>Mark</button></form>",
            "<aside><h3>Mark</h3><a href=/1>Mark and whales</a></aside>",
            "<div hidden>Mark.</div>",
        ] {
            assert_in(piece, false, false);
            assert_in(piece, true, false);
        }
        // What stands right above it at the end heads it.
        assert_in(
            "<div>Mark</div><div class=tags><a href=/1>Mark</a> <a href=/2>Mark</a></div>",
            true,
            false,
        );
    }

    #[test]
    fn what_is_clearly_text_beside_the_main_part_is_known() {
        let page = format!(
            "<nav>Back.</nav><div class=box><div>You may cancel.</div><div>Incl. VAT: 5 €</div><div>12 readers</div></div>\
             <div class=sidebar><p>Whales came.</p></div><article><p>{TEXT}</p><p>{TEXT}</p></article>"
        );
        let PageText { main, rest, rest_read, .. } = in_parts(&page, false);
        assert!(main.is_some());
        assert_eq!(
            rest,
            "Back.\n\nYou may cancel.\n\nIncl. VAT: 5 €\n\n12 readers\n\nWhales came."
        );
        assert_eq!(rest_read, "You may cancel.\n\nIncl. VAT: 5 €");
    }
}

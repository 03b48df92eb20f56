//! The main part of a page: what people come for, without menus, notices and teasers.
//!
//! The way is that of Readability (Arc90, Mozilla): paragraphs give points to what they lie in, links take
//! them away; the best element and what is like it beside it are the main part, out of which is cut what is
//! no text. Beyond it, the element is widened to what holds more text without links, and headline and lead
//! are searched before it.

use super::{
    holes::filled,
    outline::{Counts, Kind, Mark, Outline, Part, PartId},
    tree::{NodeId, PageTree},
    trim::Trimmed,
};

/// A main part shorter than that is looked for anew, with fewer rules. As in Readability.
const CHARS_GOOD: u32 = 500;
/// Chosen: less than that outside of links is no main part.
const CHARS_MIN: f32 = 200.0;
/// Chosen: with more of its text in links it is none.
const LINK_DENSITY_MAX: f32 = 0.5;
/// Chosen: what is found with fewer rules must be that many times as long.
const WORTH: f32 = 1.5;
/// Shorter paragraphs give no points. As in Readability, like the next five.
const SCORED_CHARS_MIN: u32 = 25;
/// How far up points go.
const LEVELS: usize = 5;
/// How many of the best are looked at.
const N_BEST: usize = 5;
/// With this share of the best one's points an element is its rival.
const RIVAL: f32 = 0.75;
/// What holds so many rivals is the better choice.
const RIVALS_MIN: usize = 3;
/// With this share of the best one's points an element beside it belongs to it.
const LIKE: f32 = 0.2;
/// Chosen: by this share more text makes an element around the best one the better choice.
const WIDENED_BY: f32 = 0.5;
/// Chosen: if not more of that text is in links.
const WIDENED_LINKS: f32 = 0.1;

/// Which rules hold: whether names weigh, and whether what looks like no text is cut out.
#[derive(Debug, Clone, Copy)]
struct Rules {
    drops_unlikely: bool,
    weighs_names: bool,
    trims: bool,
}

/// One after the other, until one finds enough.
const ATTEMPTS: [Rules; 4] = [
    Rules { drops_unlikely: true, weighs_names: true, trims: true },
    Rules { drops_unlikely: false, weighs_names: true, trims: true },
    Rules { drops_unlikely: false, weighs_names: false, trims: true },
    Rules { drops_unlikely: false, weighs_names: false, trims: false },
];

/// What was chosen, and what is left in it.
struct Choice {
    marks: Vec<(NodeId, Mark)>,
    counts: Counts,
}

impl Choice {
    /// Whether what fewer rules chose is worth it.
    fn is_better(&self, other: &Self) -> bool {
        let least = if other.is_clear() { WORTH * other.counts.n_chars as f32 } else { 0.0 };
        self.counts.n_chars as f32 > least.max(other.counts.n_chars as f32)
    }

    fn is_clear(&self) -> bool {
        let density = self.counts.link_density();
        let n_chars = self.counts.n_chars as f32;
        density <= LINK_DENSITY_MAX && n_chars * (1.0 - density) >= CHARS_MIN
    }
}

/// The main part of a page, by the nodes where it begins and ends; `None` without a clear one.
///
/// What asks readers for something is never in it: where no clear one is found beside that, all else is the main part.
pub(super) fn main_part(tree: &PageTree) -> Option<Vec<(NodeId, Mark)>> {
    let mut page = Outline::of(tree)?;
    page.forget_slugs(tree);
    let unasking = page.without_requests(tree);
    let page = unasking.as_ref().unwrap_or(&page);
    match clear_part(tree, page) {
        Some(marks) => Some(filled(page, tree, &marks)),
        None => Some(unasking?.as_marks()),
    }
}

fn clear_part(tree: &PageTree, page: &Outline) -> Option<Vec<(NodeId, Mark)>> {
    let likely = page.without_unlikely();
    let beside_main = page.without_unlikely_beside_main(tree);
    let whole = beside_main.as_ref().unwrap_or(page);
    let mut best: Option<Choice> = None;
    for rules in ATTEMPTS {
        let outline = if rules.drops_unlikely { &likely } else { whole };
        let choice = choose(outline, rules);
        let is_enough = choice.counts.n_chars >= CHARS_GOOD;
        if best.as_ref().is_none_or(|best| choice.is_better(best)) {
            best = Some(choice);
        }
        if is_enough {
            break;
        }
    }
    best.filter(Choice::is_clear).map(|best| best.marks)
}

fn choose(outline: &Outline, rules: Rules) -> Choice {
    let scores = Scores::of(outline, rules.weighs_names);
    let mut text = match rules.trims {
        true => Trimmed::of(outline, &scores.counts, rules.weighs_names),
        false => Trimmed::lightly(outline),
    };
    let Some(best) = scores.best() else {
        return Choice { marks: Vec::new(), counts: Counts::default() };
    };
    let best = widened(outline, &text, best);
    let neighbours = scores.with_neighbours(best);
    if let Some(last) = neighbours.last().filter(|_| rules.trims) {
        text.cut_tail(outline, *last);
    }
    let roots = [lead(outline, &text, neighbours[0]), neighbours].concat();
    let mut counts = Counts::default();
    roots.iter().for_each(|root| counts.add(&text.counts[*root]));
    let title = (1..outline.len()).find(|part| outline.part(*part).kind == Kind::Title);
    let id = |part: PartId| outline.part(part).id;
    let main = title.into_iter().chain(roots.iter().copied()).map(|root| (id(root), Mark::Main));
    let within = roots.iter().flat_map(|root| root + 1..outline.part(*root).end);
    let cut = within.filter(|part| text.is_cut[*part]).map(id);
    let cut = cut.chain(outline.dropped.iter().copied()).map(|id| (id, Mark::Cut));
    Choice { marks: main.chain(cut).collect(), counts }
}

impl Outline {
    /// All of it as the main part.
    fn as_marks(&self) -> Vec<(NodeId, Mark)> {
        let main = self.children(0).map(|it| (self.part(it).id, Mark::Main));
        main.chain(self.dropped.iter().map(|id| (*id, Mark::Beside))).collect()
    }
}

/// The best, or what holds more text like it.
fn widened(outline: &Outline, text: &Trimmed, best: PartId) -> PartId {
    let mut best = best;
    for above in outline.ancestors_in_body(best) {
        let (inner, outer) = (&text.counts[best], &text.counts[above]);
        let n_more = outer.n_chars.saturating_sub(inner.n_chars) as f32;
        if n_more < WIDENED_BY * inner.n_chars as f32 {
            continue;
        }
        let n_link = outer.n_link.saturating_sub(inner.n_link) as f32 / 10.0;
        if n_link > WIDENED_LINKS * n_more {
            break;
        }
        best = above;
    }
    best
}

/// The headline and the paragraphs between it and the main part.
fn lead(outline: &Outline, text: &Trimmed, root: PartId) -> Vec<PartId> {
    let is_headline = |part: &PartId| {
        let counts = &text.counts[*part];
        let it = outline.part(*part);
        it.kind == Kind::Heading(1)
            && !it.is_besides
            && counts.n_chars > 0
            && counts.link_density() < 0.5
    };
    if (root..outline.part(root).end).any(|part| is_headline(&part)) {
        return Vec::new();
    }
    let Some(headline) = (1..root).rev().find(is_headline) else { return Vec::new() };
    let in_cut = text.in_cut(outline, 0);
    let mut found = vec![headline];
    let mut part = outline.part(headline).end;
    while part < root {
        let it = outline.part(part);
        let is_text = matches!(it.kind, Kind::Paragraph | Kind::Heading(_)) || it.is_plain_box();
        let is_lead =
            is_text && !in_cut[part] && text.counts[part].reads_as_text() && it.end <= root;
        found.extend(is_lead.then_some(part));
        part = if is_lead { it.end } else { part + 1 };
    }
    found
}

/// Points that the parts of a page got.
struct Scores<'o> {
    outline: &'o Outline,
    weighs_names: bool,
    /// A headline or an article stands elsewhere than beside the main part.
    has_headed: bool,
    counts: Vec<Counts>,
    scores: Vec<Option<f32>>,
}

impl<'o> Scores<'o> {
    fn of(outline: &'o Outline, weighs_names: bool) -> Self {
        let counts = outline.counted(|_, _| false);
        let scores = vec![None; outline.len()];
        let is_headed =
            |it: &Part| !it.is_besides && matches!(it.kind, Kind::Heading(1) | Kind::Article);
        let has_headed = outline.parts.iter().any(is_headed);
        let mut it = Self { outline, weighs_names, has_headed, counts, scores };
        (1..outline.len()).for_each(|part| it.score(part));
        for (score, counts) in it.scores.iter_mut().zip(&it.counts) {
            if let Some(score) = score {
                *score *= 1.0 - counts.link_density();
            }
        }
        it
    }

    /// Gives the points that a part is worth, if it is a paragraph.
    fn score(&mut self, id: PartId) {
        let part = self.outline.part(id);
        match part.kind {
            // A box around one paragraph is that paragraph.
            Kind::Paragraph if self.is_alone(id) => self.give(part.parent, self.counts[id]),
            Kind::Paragraph | Kind::Section | Kind::Heading(2..) | Kind::Cell | Kind::Pre => {
                self.give(id, self.counts[id]);
            }
            Kind::Div if part.has_block => {
                for run in self.outline.runs(id) {
                    self.give(run[0], self.sum(&run));
                }
            }
            Kind::Div => self.give(id, self.counts[id]),
            _ => {}
        }
    }

    fn sum(&self, parts: &[PartId]) -> Counts {
        let mut sum = Counts::default();
        parts.iter().for_each(|part| sum.add(&self.counts[*part]));
        sum
    }

    fn is_alone(&self, paragraph: PartId) -> bool {
        let parent = self.outline.part(paragraph).parent;
        self.outline.part(parent).kind == Kind::Div
            && self.outline.children(parent).take(2).count() == 1
            && self.counts[parent].link_density() < 0.25
    }

    /// Gives the points of a paragraph to what it lies in, the less the farther above.
    fn give(&mut self, id: PartId, counts: Counts) {
        if counts.n_chars < SCORED_CHARS_MIN {
            return;
        }
        let points = 2.0 + counts.n_commas as f32 + (counts.n_chars / 100).min(3) as f32;
        let outline = self.outline;
        for (level, above) in outline.ancestors(id).take(LEVELS).enumerate() {
            let part = outline.part(above);
            if part.parent == 0 {
                break;
            }
            let weight = if self.weighs_names { f32::from(part.names.weight) } else { 0.0 };
            let divider = match level {
                0 => 1.0,
                1 => 2.0,
                level => 3.0 * level as f32,
            };
            *self.scores[above].get_or_insert(first_score(part.kind) + weight) += points / divider;
        }
    }

    /// The element that is the main part, what stands beside it left aside.
    fn best(&self) -> Option<PartId> {
        let mut all: Vec<(f32, PartId)> = Vec::new();
        for (part, score) in self.scores.iter().enumerate() {
            let Some(score) = score.filter(|_| !self.is_beside_other(part)) else { continue };
            let at = all.partition_point(|(other, _)| *other >= score);
            if at < N_BEST {
                all.insert(at, (score, part));
                all.truncate(N_BEST);
            }
        }
        let (best_score, best) = *all.first()?;
        let rivals = all[1..].iter().filter(|(score, _)| *score >= RIVAL * best_score);
        let rivals: Vec<PartId> = rivals.map(|(_, part)| *part).collect();
        Some(self.grown(self.above_rivals(best, &rivals).unwrap_or(best)))
    }

    /// Whether it is an aside or the like of a page that has something to be beside of.
    fn is_beside_other(&self, part: PartId) -> bool {
        self.has_headed && self.outline.part(part).is_besides
    }

    /// What holds the best and several rivals.
    fn above_rivals(&self, best: PartId, rivals: &[PartId]) -> Option<PartId> {
        let holds =
            |above: PartId, part: PartId| above < part && part < self.outline.part(above).end;
        let n_held = |above: PartId| rivals.iter().filter(|it| holds(above, **it)).count();
        self.outline.ancestors_in_body(best).find(|above| n_held(*above) >= RIVALS_MIN)
    }

    /// The best, or what is better around it or has nothing else in it.
    fn grown(&self, best: PartId) -> PartId {
        let score = |part: PartId| self.scores[part].unwrap_or(0.0);
        let mut grown = best;
        let mut last = score(best);
        for above in self.outline.ancestors_in_body(best) {
            let Some(score_above) = self.scores[above] else { continue };
            if score_above < score(best) / 3.0 {
                break;
            }
            if score_above > last {
                grown = above;
                break;
            }
            last = score_above;
        }
        let is_alone = |above: &PartId| self.outline.children(*above).take(2).count() == 1;
        self.outline.ancestors_in_body(grown).take_while(is_alone).last().unwrap_or(grown)
    }

    /// The best with those beside it that are like it, or are paragraphs.
    fn with_neighbours(&self, best: PartId) -> Vec<PartId> {
        let outline = self.outline;
        if outline.part(best).kind == Kind::Body {
            return vec![best];
        }
        let parent = outline.part(best).parent;
        let mut chosen = Vec::new();
        let mut runs = outline.runs(parent).into_iter().peekable();
        for part in outline.children(parent) {
            let is_beside = self.is_beside_other(part);
            if part == best || !is_beside && self.is_like(part, best) {
                chosen.push(part);
            }
            if let Some(run) = runs.next_if(|run| run[0] == part)
                && self.sum(&run).reads_as_text()
            {
                chosen.extend(run);
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    /// Whether a part belongs to the best one beside it.
    fn is_like(&self, part: PartId, best: PartId) -> bool {
        let (part_of, best_of) = (self.outline.part(part), self.outline.part(best));
        let best_score = self.scores[best].unwrap_or(0.0);
        let has_its_class = best_of.class != 0 && part_of.class == best_of.class;
        let bonus = if has_its_class { LIKE * best_score } else { 0.0 };
        let is_good = |score: f32| score + bonus >= (LIKE * best_score).max(10.0);
        let is_text = part_of.kind == Kind::Paragraph || part_of.is_plain_box();
        self.scores[part].is_some_and(is_good) || is_text && self.counts[part].reads_as_text()
    }
}

/// What a part has before any points.
fn first_score(kind: Kind) -> f32 {
    match kind {
        Kind::Div => 5.0,
        Kind::Pre | Kind::Cell | Kind::Quote => 3.0,
        Kind::ListPart | Kind::List | Kind::Item | Kind::Form => -3.0,
        Kind::Heading(_) | Kind::TableHead => -5.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::visible::{PageText, in_parts};

    const FIRST: &str = "The harbour is closed, the board said, to all ships of more than 20 metres, \
        and it will stay so until the gap in the breakwater is filled with rock.";
    const SECOND: &str = "Some 60 fishing boats can use the inner basin, but only for two hours either \
        side of high water, so crews lose a third of their catch, their speaker said.";
    const MENU: &str = "<ul class=menu><li><a href=/>Home</a><li><a href=/news>News</a></ul>";

    fn article() -> String {
        format!("<h1>Harbour closed</h1><p>{FIRST}</p><p>{SECOND}</p>")
    }

    fn article_text() -> String {
        format!("Harbour closed\n\n{FIRST}\n\n{SECOND}")
    }

    #[track_caller]
    fn assert_parts(page: &str, main: Option<&str>, rest: &str) {
        let PageText { main: found, rest: found_rest, .. } = in_parts(page, false);
        assert_eq!((found.as_deref(), &found_rest[..]), (main, rest), "{page}");
    }

    #[test]
    fn menus_notices_and_teasers_are_not_the_main_part() {
        let article = article();
        let page = format!(
            "<title>Tern Wire</title><body>{MENU}<div class=cookie-notice><p>We use cookies, and so do our \
             partners, to make this page better. Do you agree?</p></div><div class=content>{article}\
             <div class='related'><p>Another story about ships, whales, and all that.</p></div></div>\
             <aside><p>Weather: rain.</p></aside><footer>About us</footer>"
        );
        let main = format!("Tern Wire\n\n{}", article_text());
        let rest = "Home\nNews\n\nWe use cookies, and so do our partners, to make this page better. Do you \
            agree?\n\nAnother story about ships, whales, and all that.\n\nWeather: rain.\n\nAbout us";
        assert_parts(&page, Some(&main), rest);
    }

    // Where little was left without it, a notice was looked for again, and was the longest text of the page.
    #[test]
    fn a_notice_is_not_the_main_part_of_a_page_with_little_text() {
        let notice = "We use cookies to show you content and targeted ads, to analyse our traffic, and to understand \
            where our visitors come from. By browsing our website you consent to our use of cookies and other \
            tracking technologies.";
        let short = "All ferries run on time today.";
        for name in [
            "class=cookie-banner",
            "id=onetrust-banner-sdk",
            "class='gdpr main'",
            "id=cookie-content",
        ] {
            for text in [short, FIRST, SECOND] {
                for (open, close) in [("<main><article>", "</article></main>"), ("<div>", "</div>")]
                {
                    let page = format!(
                        "<title>Ferries</title>{MENU}<div {name}><p>{notice}</p><button>Accept</button></div>\
                         {open}<h1>Status</h1><p>{text}</p>{close}"
                    );
                    let PageText { main, rest, .. } = in_parts(&page, false);
                    assert!(main.unwrap().ends_with(&format!("Status\n\n{text}")), "{page}");
                    assert!(rest.ends_with(notice) || rest.ends_with("Accept"), "{rest}");
                }
            }
        }
        // Of a page about cookies this is what it is about.
        for policy in [
            format!("<div class=cookie-policy><h1>Cookies</h1><p>{notice}</p></div>"),
            format!("<div class=cookie-policy><p>{notice}</p></div>"),
            format!(
                "<h1>Cookies</h1><div class=cookie-policy>{}</div>",
                format!("<p>{notice}</p>").repeat(9)
            ),
        ] {
            let main = in_parts(&format!("{MENU}{policy}"), false).main.unwrap();
            assert!(main.ends_with(notice), "{main}");
        }
    }

    #[test]
    fn what_stands_beside_the_element_main_is_not_taken_for_it() {
        let page = format!(
            "<div class=sidebar><p>{FIRST}</p><p>{SECOND}</p></div><main><p>All ferries run on time today.</main>"
        );
        assert_eq!(in_parts(&page, false).main, None);
        let beside = format!(
            "<aside><p>{FIRST}</p><p>{SECOND}</p></aside><article><h1>Status</h1><p>All run.</article>"
        );
        assert_eq!(in_parts(&beside, false).main, None);
        let only = format!("<aside><h1>Status</h1><p>{FIRST}</p><p>{SECOND}</p></aside>");
        assert!(in_parts(&only, false).main.is_some());
    }

    #[test]
    fn a_form_to_comment_in_is_no_text() {
        let form = "<div id=respond><h3>Leave a reply</h3><form id=commentform><p>Fill in your details below, or \
            click an icon to log in.</p><textarea></textarea><p>You are commenting using your account, which \
            you can change.</p><p>Tell me of new comments by mail, and of new posts, please.</p></form></div>";
        let page = format!("{MENU}<h1>Harbour</h1><p>It is closed.</p>{form}");
        let main = in_parts(&page, false).main;
        assert_eq!(main.as_deref(), Some("Home\nNews\n\nHarbour\n\nIt is closed."));
    }

    #[test]
    fn without_a_clear_main_part_there_is_none() {
        for page in ["", "<p>Short.", "<nav>Home</nav><p>Fares from here."] {
            assert_eq!(in_parts(page, false).main, None, "{page}");
        }
        let teaser = format!(
            "<div><h2><a href=/1>Harbour closed</a></h2><p><a href=/1>{FIRST}</a></p></div>"
        );
        assert_eq!(in_parts(&teaser.repeat(20), false).main, None);
    }

    #[test]
    fn a_layout_of_tables_has_a_main_part() {
        let (menu, article) = (MENU, article());
        let page = format!(
            "<table><tr><td>{menu}<td><td><table><tr><td>{article}</table><tr><td colspan=3>Imprint</table>"
        );
        assert_parts(&page, Some(&article_text()), "Home\nNews\t\n\nImprint");
    }

    #[test]
    fn all_posts_of_a_thread_are_the_main_part() {
        let post = |n: u8| format!("<div class=post><p>{FIRST} {n}</p><p>{SECOND}</p></div>");
        let page = format!("{MENU}<div id=thread>{}{}{}</div>", post(1), post(2), post(3));
        let text = |n: u8| format!("{FIRST} {n}\n\n{SECOND}");
        let main = [text(1), text(2), text(3)].join("\n\n");
        assert_parts(&page, Some(&main), "Home\nNews");
    }

    #[test]
    fn an_article_in_an_article_belongs_to_it() {
        let page = format!(
            "{MENU}<article>{}<article><p>{FIRST}</p><p>{SECOND}</p></article></article>",
            article()
        );
        let main = format!("{}\n\n{FIRST}\n\n{SECOND}", article_text());
        assert_parts(&page, Some(&main), "Home\nNews");
    }

    #[test]
    fn headline_and_lead_stand_before_it_and_links_end_it() {
        let page = format!(
            "{MENU}<div class=head><h1>Harbour closed</h1><p>A storm tore a gap, and no ship can enter.</p></div>\
             <div class=text><p>{FIRST}</p><p>{SECOND}</p><h3>More</h3><p><a href=/2>Next</a></p></div>"
        );
        let main = format!(
            "Harbour closed\n\nA storm tore a gap, and no ship can enter.\n\n{FIRST}\n\n{SECOND}"
        );
        assert_parts(&page, Some(&main), "Home\nNews\n\nMore\n\nNext");
    }

    #[test]
    fn forms_and_share_buttons_are_cut_out_and_tables_of_data_are_not() {
        let page = format!(
            "<div>{}<div class=share>Share <b>this</b></div><form><p>Write to us<input><input></form>\
             <table><thead><tr><th>Ferry<th>Mon<tbody><tr><td>Swift<td>9.12</table><p>{FIRST}</div>{MENU}",
            article()
        );
        let main = format!("{}\n\nFerry\tMon\nSwift\t9.12\n\n{FIRST}", article_text());
        assert_parts(&page, Some(&main), "Share this\n\nWrite to us\n\nHome\nNews");
    }

    // The words of a lead stood in a box of their own, and what has no paragraph in it was cut: leads were lost, and of
    // pages that set their paragraphs as boxes everything.
    #[test]
    fn a_box_that_reads_as_text_is_text() {
        let lead = "A storm tore a gap, and no ship can enter.";
        for lead_box in [format!("<div>{lead}</div>"), format!("<div><h2>{lead}</h2></div>")] {
            let page = format!(
                "{MENU}<article><h1>Harbour</h1>{lead_box}<p>{FIRST}</p><p>{SECOND}</p></article>"
            );
            let main = format!("Harbour\n\n{lead}\n\n{FIRST}\n\n{SECOND}");
            assert_parts(&page, Some(&main), "Home\nNews");
        }
        let boxes = format!("<div><div>{FIRST}</div><div>{SECOND}</div><div>Tags</div></div>");
        let page = format!("{MENU}<div>{boxes}<div>{FIRST} {SECOND}</div></div>");
        let main = format!("{FIRST}\n\n{SECOND}\n\nTags\n\n{FIRST} {SECOND}");
        assert_parts(&page, Some(&main), "Home\nNews");
    }

    // Builders of pages put a box around each heading.
    #[test]
    fn a_heading_in_a_box_is_kept_and_that_of_what_was_cut_is_not() {
        let more = "<div><h3>Read on</h3><ul><li><a href=/1>Whales and ships</a><li><a href=/2>Rain</a></ul></div>";
        let page = format!(
            "{MENU}<div class=content><h1>Harbour</h1><div><h2>The gap</h2></div><p>{FIRST}</p>{more}\
             <section><div><h2>The fleet</h2></div><p>{SECOND}</p></section></div>"
        );
        let main = format!("Harbour\n\nThe gap\n\n{FIRST}\n\nThe fleet\n\n{SECOND}");
        let rest = "Home\nNews\n\nRead on\n\nWhales and ships\nRain";
        assert_parts(&page, Some(&main), rest);
    }

    // A page whose text lay in a box named `above-footer` had what stood below it as its main part.
    #[test]
    fn what_holds_the_page_is_not_dropped_for_its_name() {
        let paragraphs = |n| [FIRST, SECOND].repeat(n);
        let set =
            |texts: &[&str]| texts.iter().map(|it| format!("<p>{it}</p>")).collect::<String>();
        let page = format!(
            "<div class=above-footer>{MENU}<h1>Harbour closed</h1>{}</div><div class=more>{}</div>",
            set(&paragraphs(3)),
            set(&paragraphs(2))
        );
        let main = in_parts(&page, false).main.unwrap();
        assert!(main.starts_with(&article_text()), "{main}");
    }

    #[test]
    fn an_article_has_its_header() {
        let page = format!(
            "<header class=site-header><h1>Tern Wire</h1></header><article><header class=Post__header>\
             <h1>Harbour closed</h1></header><p>{FIRST}</p><p>{SECOND}</p></article>"
        );
        assert_parts(&page, Some(&article_text()), "Tern Wire");
    }

    #[test]
    fn a_teaser_leads_elsewhere_and_a_lead_does_not() {
        let page = format!(
            "{MENU}<article><h1>Harbour</h1><p class=teaser>A storm tore a gap.</p><p>{FIRST}</p>\
             <section class=teaser><a href=/1>Whales</a><p>Nobody knows how many there are.</p></section>\
             <p>{SECOND}</p></article>"
        );
        let main = format!("Harbour\n\nA storm tore a gap.\n\n{FIRST}\n\n{SECOND}");
        let rest = "Home\nNews\n\nWhales\n\nNobody knows how many there are.";
        assert_parts(&page, Some(&main), rest);
    }

    // Of a policy in sections the one about cookies was lost, since its id was taken for the name of a notice.
    #[test]
    fn ids_that_are_the_words_of_headings_are_no_names() {
        let section = |id: &str, heading: &str, text: &str| {
            format!("<section id={id}><h2>{heading}</h2><p>{text}</p></section>")
        };
        let page = |first: &str| {
            let others = [("what-we-keep", "What we keep"), ("your-rights", "Your rights")]
                .map(|(id, heading)| section(id, heading, FIRST));
            let cookies = section("cookies", "Cookies", SECOND);
            format!(
                "{MENU}<main><h1>Policy</h1>{}{}{cookies}</main>",
                section(first, "In short", FIRST),
                others.concat()
            )
        };
        let text = |heading: &str, text: &str| format!("{heading}\n\n{text}");
        let others =
            ["In short", "What we keep", "Your rights"].map(|it| text(it, FIRST)).join("\n\n");
        let cookies = text("Cookies", SECOND);
        let main = format!("Policy\n\n{others}\n\n{cookies}");
        assert_parts(&page("in-short"), Some(&main), "Home\nNews");
        let main = format!("Policy\n\n{others}");
        assert_parts(&page("s1"), Some(&main), &format!("Home\nNews\n\n{cookies}"));
    }

    #[test]
    fn a_shadow_tree_has_a_part_in_it() {
        let page = format!(
            "{MENU}<div><template shadowrootmode=open>{}<slot></slot></template><p>{FIRST}</p></div>",
            article()
        );
        let main = format!("{}\n\n{FIRST}", article_text());
        assert_parts(&page, Some(&main), "Home\nNews");
    }

    #[test]
    fn every_text_is_in_one_of_both_parts() {
        let page = format!("{MENU}<div>a {} b<i>c</i></div>d<ul><li>e<p>f</ul>g", article());
        let PageText { main, rest, .. } = in_parts(&page, false);
        let main = main.unwrap();
        let whole = super::super::visible(&page, false);
        let words = |text: &str| {
            let mut words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
            words.sort();
            words
        };
        assert_eq!(words(&format!("{main} {rest}")), words(&whole));
    }

    #[test]
    fn time_grows_with_the_length_alone() {
        for unit in
            ["<div>", "<div><p>a, b", "<h1>a</h1>", "<div>a</div>b", "<nav><h1>a", "<td><table>"]
        {
            let page = format!("{}{}", unit.repeat(1_000), article());
            let _ = in_parts(&page, false);
        }
        for unit in ["<div>", "<div class=footer>", "<div id=cookies>"] {
            let _ = in_parts(&format!("{}{}", unit.repeat(10_000), article()), false);
        }
        let deep = format!("{}{}", "<div>".repeat(10_000), article());
        assert_eq!(in_parts(&deep, false).main, Some(article_text()));
    }
}

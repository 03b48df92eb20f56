//! What the names that authors give to elements say: whether they hold the main part of a page or not.
//!
//! The words are those of Readability (Arc90, Mozilla) and some of trafilatura (Barbaresi 2021).

/// What class, id and role of an element say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// How much they speak for it, or against it when negative.
    pub weight: i8,
    /// They are those of menus, notices and the like.
    pub is_unlikely: bool,
    /// They are those of buttons to share a page.
    pub is_share: bool,
    /// They are those of what leads to another page.
    pub is_teaser: bool,
    /// It is a menu by its role.
    pub is_menu: bool,
    /// They are those of what is no text where it has few words.
    pub is_brief: bool,
    /// They are those of what is about something else, whatever it says.
    pub is_sideline: bool,
    /// They are those of what asks readers for something.
    pub request: Option<Request>,
}

/// What readers are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// To let the site keep something of them.
    Consent,
    /// To write a comment.
    Comment,
}

/// How much one of class and id weighs.
const WEIGHT: i8 = 25;

impl Names {
    /// The attributes that they are.
    pub(super) const ATTRIBUTES: [&str; 3] = ["class", "id", "role"];

    /// Those of an element by the values of its attributes.
    pub(super) fn of(values: [&str; 3]) -> Self {
        let [class, id, role] = values.map(str::to_ascii_lowercase);
        let any = |words: &[&str]| has(&class, words) || has(&id, words);
        let is_unlikely_name = any(&UNLIKELY) && !any(&LIKELY);
        Self {
            weight: weight(&class) + weight(&id),
            is_unlikely: is_unlikely_name || UNLIKELY_ROLES.contains(&&role[..]),
            is_teaser: any(&["teaser"]),
            is_menu: MENU_ROLES.contains(&&role[..]),
            is_brief: any(&BRIEF),
            is_sideline: any(&SIDELINE),
            request: match () {
                () if any(&CONSENT) => Some(Request::Consent),
                () if any(&COMMENT_FORM) || id == "respond" => Some(Request::Comment),
                () => None,
            },
            is_share: [&class, &id].into_iter().any(|it| {
                let mut words = it.split(|c: char| !c.is_ascii_alphanumeric());
                words.any(|word| matches!(word, "share" | "sharedaddy"))
            }),
        }
    }
}

/// Whether an id has the letters and digits of some texts, and no others.
pub(super) fn is_slug<'t>(id: &str, texts: impl Iterator<Item = &'t str>) -> bool {
    let letters = |text: &'t str| text.chars().filter(|c| c.is_alphanumeric());
    let id = id.chars().filter(|c| c.is_alphanumeric());
    texts.flat_map(letters).flat_map(char::to_lowercase).eq(id.flat_map(char::to_lowercase))
}

fn weight(name: &str) -> i8 {
    let mut weight = 0;
    if name.is_empty() {
        return weight;
    }
    let is_hid = || name.split(' ').any(|it| it == "hid");
    if has(name, &NEGATIVE) || is_hid() {
        weight -= WEIGHT;
    }
    if has(name, &POSITIVE) {
        weight += WEIGHT;
    }
    weight
}

fn has(name: &str, words: &[&str]) -> bool {
    !name.is_empty() && words.iter().any(|word| name.contains(word))
}

/// Those of Readability, some of trafilatura, and four more: of notices and of comments in German.
const UNLIKELY: [&str; 40] = [
    "byline",
    "-disclaimer",
    "navigation",
    "author-",
    "navbox",
    "-disclos",
    "komment",
    "-ad-",
    "ai2html",
    "banner",
    "breadcrumbs",
    "combx",
    "comment",
    "community",
    "cover-wrap",
    "disqus",
    "extra",
    "footer",
    "gdpr",
    "header",
    "legends",
    "menu",
    "related",
    "remark",
    "replies",
    "rss",
    "shoutbox",
    "sidebar",
    "skyscraper",
    "social",
    "sponsor",
    "supplemental",
    "ad-break",
    "agegate",
    "pagination",
    "pager",
    "popup",
    "yom-remote",
    "cookie",
    "newsletter",
];

/// Those of notices about cookies: what they are about, and the programs that put them on pages.
const CONSENT: [&str; 9] =
    ["cookie", "consent", "gdpr", "ccpa", "onetrust", "didomi", "usercentrics", "qc-cmp", "cmplz"];

/// Those of the forms that blogs have below their posts.
const COMMENT_FORM: [&str; 5] =
    ["comment-respond", "comment-form", "commentform", "comment_form", "reply-form"];

const LIKELY: [&str; 8] =
    ["and", "article", "body", "column", "content", "main", "mathjax", "shadow"];

const UNLIKELY_ROLES: [&str; 7] =
    ["menu", "menubar", "complementary", "navigation", "alert", "alertdialog", "dialog"];

const MENU_ROLES: [&str; 3] = ["menu", "menubar", "navigation"];

/// Those of what stands below a text or beside it, as texts of their own.
const SIDELINE: [&str; 9] = [
    "related",
    "recommend",
    "sidebar",
    "comment",
    "komment",
    "promo",
    "outbrain",
    "sponsor",
    "newsletter",
];

/// Those of what has few words, and no links either, and is no text all the same.
const BRIEF: [&str; 23] = [
    "byline",
    "author-",
    "-author",
    "copyright",
    "credit",
    "-ad-",
    "ad-break",
    "sponsor",
    "comment",
    "komment",
    "combx",
    "share",
    "sharing",
    "social",
    "disqus",
    "shoutbox",
    "skyscraper",
    "outbrain",
    "newsletter",
    "cookie",
    "gdpr",
    "agegate",
    "popup",
];

const POSITIVE: [&str; 11] = [
    "article", "body", "content", "entry", "h-entry", "main", "page", "post", "text", "blog",
    "story",
];

const NEGATIVE: [&str; 24] = [
    "-ad-",
    "hidden",
    "banner",
    "combx",
    "comment",
    "com-",
    "contact",
    "footer",
    "gdpr",
    "masthead",
    "media",
    "meta",
    "outbrain",
    "promo",
    "related",
    "scroll",
    "share",
    "shoutbox",
    "sidebar",
    "skyscraper",
    "sponsor",
    "shopping",
    "tags",
    "widget",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_speak_for_an_element_or_against_it() {
        let plain = Names::default();
        let unlikely = Names { is_unlikely: true, ..plain };
        let brief = Names { is_brief: true, ..unlikely };
        let weighing = |weight| Names { weight, ..plain };
        for (class, id, role, expected) in [
            ("", "", "", plain),
            ("Entry-Content", "story", "", weighing(50)),
            ("hid", "", "", weighing(-25)),
            ("sidebar", "", "", Names { weight: -25, is_sideline: true, ..unlikely }),
            ("sidebar", "main", "", Names { is_sideline: true, ..plain }),
            ("x", "", "navigation", Names { is_menu: true, ..unlikely }),
            ("cookie-note", "", "", Names { request: Some(Request::Consent), ..brief }),
            ("", "respond", "", Names { request: Some(Request::Comment), ..plain }),
            ("respond", "", "", plain),
            ("author-bio", "", "", brief),
            ("", "kommentare", "", Names { is_sideline: true, ..brief }),
            ("btn share", "", "", Names { is_share: true, is_brief: true, ..weighing(-25) }),
            ("shared", "", "", Names { is_brief: true, ..weighing(-25) }),
            ("Teaser", "", "", Names { is_teaser: true, ..plain }),
        ] {
            assert_eq!(Names::of([class, id, role]), expected, "{class} {id} {role}");
        }
    }

    #[test]
    fn an_id_is_a_slug_by_letters_and_digits_alone() {
        for (id, texts, expected) in [
            ("how-we-share-data", &["1. ", "How we share data"][..], false),
            ("1-how-we-share-data", &["1. ", "How we ", "share data¶"][..], true),
            ("Über_Cookies", &["über Cookies"][..], true),
            ("cookies", &["Cookies and the like"][..], false),
            ("cookies", &[][..], false),
        ] {
            assert_eq!(is_slug(id, texts.iter().copied()), expected, "{id}");
        }
    }
}

//! What the names that authors give to elements say: whether they hold the main part of a page or not.
//!
//! The words are those of Readability (Arc90, Mozilla).

/// What class, id and role of an element say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// How much they speak for it, or against it when negative.
    pub weight: i8,
    /// They are those of menus, notices and the like.
    pub is_unlikely: bool,
    /// They are those of buttons to share a page.
    pub is_share: bool,
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
            is_share: [&class, &id].into_iter().any(|it| {
                let mut words = it.split(|c: char| !c.is_ascii_alphanumeric());
                words.any(|word| matches!(word, "share" | "sharedaddy"))
            }),
        }
    }
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

/// Those of Readability, and two more.
const UNLIKELY: [&str; 33] = [
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

const LIKELY: [&str; 8] =
    ["and", "article", "body", "column", "content", "main", "mathjax", "shadow"];

const UNLIKELY_ROLES: [&str; 7] =
    ["menu", "menubar", "complementary", "navigation", "alert", "alertdialog", "dialog"];

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
        for (class, id, role, weight, is_unlikely, is_share) in [
            ("", "", "", 0, false, false),
            ("Entry-Content", "story", "", 50, false, false),
            ("hid", "", "", -25, false, false),
            ("sidebar", "", "", -25, true, false),
            ("sidebar", "main", "", 0, false, false),
            ("x", "", "navigation", 0, true, false),
            ("cookie-note", "", "", 0, true, false),
            ("btn share", "", "", -25, false, true),
            ("shared", "", "", -25, false, false),
        ] {
            let expected = Names { weight, is_unlikely, is_share };
            assert_eq!(Names::of([class, id, role]), expected, "{class} {id} {role}");
        }
    }
}

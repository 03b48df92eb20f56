//! Lines at the margins of pages: what differs from page to page is left out of them.

/// Stands for what differs from page to page in a line at their margins.
pub(super) const CHANGING: &str = "\u{1}";

/// Words that stand beside the number of a page, in lower case.
const OF_NUMBERS: &[&str] = &[
    "page",
    "pages",
    "pg",
    "pgs",
    "p",
    "pp",
    "of",
    "no",
    "seite",
    "seiten",
    "s",
    "von",
    "sur",
    "de",
    "pagina",
    "pagine",
    "pag",
    "di",
    "van",
    "blz",
    "bladzijde",
    "página",
    "páginas",
    "pág",
    "del",
    "sida",
    "sidan",
    "sid",
    "side",
    "av",
    "af",
    "sivu",
    "strona",
    "str",
    "z",
    "ze",
    "strana",
    "stránka",
    "oldal",
    "страница",
    "стр",
    "из",
    "с",
    "сторінка",
    "σελίδα",
    "από",
    "sayfa",
    "trang",
    "halaman",
    "dari",
    "leht",
    "lapa",
    "puslapis",
    "صفحة",
    "من",
    "עמוד",
    "מתוך",
    "第",
    "页",
    "頁",
    "共",
    "ページ",
    "쪽",
    "페이지",
];

/// A line at the margin of pages, if it says more than which page it is.
pub(super) fn margin_line(line: &str) -> Option<String> {
    let has_number = line.contains(CHANGING);
    let mut words = line.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty());
    let says_more = words.any(|word| match has_number {
        true => !OF_NUMBERS.contains(&word.to_lowercase().as_str()),
        false => !is_page_number(word),
    });
    let shown = || line.replace(CHANGING, "");
    says_more.then(|| shown().split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether a field stands for the number of a page, or of all of them.
pub(super) fn is_number_field(instruction: &str) -> bool {
    let name = instruction.split_whitespace().next().unwrap_or_default();
    ["PAGE", "NUMPAGES", "SECTIONPAGES"].iter().any(|it| it.eq_ignore_ascii_case(name))
}

/// Whether a word may be the number of a page, as it is typed.
fn is_page_number(word: &str) -> bool {
    let is_roman = word.chars().all(|c| "ivxlcIVXLC".contains(c));
    is_roman || (word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_at_the_margin_say_more_than_the_page() {
        for line in
            ["- iv -", "17", "Page \u{1} of \u{1}", "\u{1}", "Seite\u{1}/\u{1}", "第\u{1}页", ""]
        {
            assert_eq!(margin_line(line), None, "{line}");
        }
        for (line, shown) in [
            ("Draft", "Draft"),
            ("2026-03", "2026-03"),
            ("2026", "2026"),
            ("My great book \u{1}", "My great book"),
            ("Confidential \u{1}", "Confidential"),
            ("ACME\tPage \u{1} of \u{1}", "ACME Page of"),
            ("2026-03 \u{1}", "2026-03"),
            ("\u{1} secret \u{1}", "secret"),
        ] {
            assert_eq!(margin_line(line).as_deref(), Some(shown), "{line}");
        }
    }
}

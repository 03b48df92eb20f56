//! The two forms of a mail's text: plain, and as a page. Programs show one of them; a form is left out where the other
//! one has its words in a row.

use std::collections::HashSet;

/// So many bytes of a page are looked through for the paragraphs of the plain form; of more it is not known, so they
/// are read.
const SCANNED_BYTES_MAX: usize = 1 << 29;
/// Signs without which an amount is another one: they count as words.
const AMOUNT_SIGNS: &str = "£$€¥¢%";

/// Which of both forms is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReadAlternatives {
    /// The plain one: all words of the page stand in it in a row.
    Plain,
    /// The page, and what only the plain one says.
    Page {
        /// The paragraphs of the plain form that do not stand in the page; empty if there are none.
        more: String,
    },
}

/// Which form is to be read, by their texts.
///
/// A sentence that asks for another program, a short form and a form that was not kept up to date hide what most people
/// read, which is the page; and what somebody was told in the plain form alone was told, too.
pub(super) fn read(plain: &str, page: &str) -> ReadAlternatives {
    let page_addresses: HashSet<&str> = tokens(page).filter(|it| is_address(it)).collect();
    let is_shown = |token: &str| !is_address(token) || page_addresses.contains(token);
    let page_row = row(page, |_| true);
    if row(plain, is_shown).contains(&page_row) {
        return ReadAlternatives::Plain;
    }
    let (mut at, mut n_scanned) = (0, 0);
    let mut more = Vec::new();
    for paragraph in paragraphs(plain) {
        let wanted = row(&paragraph, is_shown);
        let found = match n_scanned > SCANNED_BYTES_MAX {
            true => None,
            false => place(&page_row, at, &wanted),
        };
        n_scanned += found.filter(|found| *found >= at).map_or(page_row.len(), |found| found - at);
        match found {
            // The space behind it begins the next one.
            Some(found) => at = found + wanted.len() - 1,
            None => more.push(paragraph),
        }
    }
    ReadAlternatives::Page { more: more.join("\n\n") }
}

/// Where words stand in a row, which is mostly soon after those before.
fn place(row: &str, from: usize, wanted: &str) -> Option<usize> {
    let near = row.get(from..).and_then(|it| it.find(wanted)).map(|behind| from + behind);
    near.or_else(|| row.find(wanted))
}

/// The paragraphs of a plain text: lines without words, as between quoted ones, part them.
fn paragraphs(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let has_words = |line: &str| line.chars().any(is_of_word);
    let parts = lines.split(|line| !has_words(line)).filter(|it| !it.is_empty());
    parts.map(|lines| lines.join("\n")).collect()
}

/// The words of a text in a row, each between spaces.
fn row(text: &str, is_shown: impl Fn(&str) -> bool) -> String {
    let mut row = " ".to_owned();
    let shown = tokens(text).filter(|it| is_shown(it));
    for word in shown.flat_map(|it| it.split(|c| !is_of_word(c))).filter(|it| !it.is_empty()) {
        row.push_str(&word.to_lowercase());
        row.push(' ');
    }
    row
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || AMOUNT_SIGNS.contains(c)
}

/// What stands between white space and brackets, in which addresses do, often right behind a word.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']');
    text.split(is_end).map(|it| it.trim_end_matches(['.', ',', ';', ':']))
}

/// Whether it is an address, which only a plain text has to show where it stands for a link or an image.
fn is_address(token: &str) -> bool {
    token.contains("://") || token.starts_with("mailto:") || token.starts_with("cid:")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "Velvet armchairs are sold at half price until Saturday, in every branch and while there are any.";

    fn page_and(more: &str) -> ReadAlternatives {
        ReadAlternatives::Page { more: more.to_owned() }
    }

    #[test]
    fn a_plain_form_counts_where_it_has_the_words_of_the_page() {
        let wrapped =
            PAGE.replace(", ", "<https://example.org/branches>,\n> ") + "\nhttps://example.org/";
        let longer = format!("{PAGE}\n\nSent to all readers.");
        for plain in [PAGE, &wrapped, &longer] {
            assert_eq!(read(plain, PAGE), ReadAlternatives::Plain, "{plain}");
        }
        assert_eq!(read(PAGE, ""), ReadAlternatives::Plain);
        assert_eq!(read("", PAGE), page_and(""));
        let start = "Velvet armchairs are sold at half price: read on at https://example.org/";
        assert_eq!(read(start, PAGE), page_and(start));
        assert_eq!(read("Armchairs are sold <https://example.org/>", PAGE), page_and(""));
    }

    /// An amount in the plain form was lost where the page had another one, and so was a "not".
    #[test]
    fn words_that_only_one_form_has_are_read() {
        for (plain, page) in [
            ("The rent is 900 pounds a month.", "The rent is 950 pounds a month."),
            ("You may not park here", "You may park here"),
            ("You may park here", "You may not park here"),
            ("Dogs are not allowed. Cats are.", "Dogs are allowed. Cats are not."),
            ("It costs $5.", "It costs £5."),
        ] {
            assert_eq!(read(plain, page), page_and(plain), "{page}");
        }
        let other = format!("> {PAGE}\n>\n> Agreed price\n> 500.\n\nYours");
        let page = format!("{PAGE} Agreed price 800. Yours");
        assert_eq!(read(&other, &page), page_and("> Agreed price\n> 500."));
        let (good, bad) = ("Pay at https://example.org/.", "Pay at https://example.com/.");
        assert_eq!(read(good, good), ReadAlternatives::Plain);
        assert_eq!(read(good, bad), page_and(""));
    }
}

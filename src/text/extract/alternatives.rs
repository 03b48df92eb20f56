//! The two forms of a mail's text: plain, and as a page. Programs show one of them; which of them is its text depends on
//! whether they say the same.

use std::collections::HashSet;

/// Words of the page that the plain form may lack: one of so many, as where menus were left out,
const LACKING_SHARE: usize = 20;
/// and so many at most.
const LACKING_MAX: usize = 10;

/// Which of both forms is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadAlternatives {
    /// The plain one: it has the words of the page.
    Plain,
    /// The page, which has more; most words of the plain one are in it.
    Page,
    /// Both: each says something else.
    Both,
}

/// Which form is to be read, by their texts.
///
/// A sentence that asks for another program, a short form and a form that was not kept up to date hide what most people
/// read, which is the page.
pub(super) fn read(plain: &str, page: &str) -> ReadAlternatives {
    let (n_page, n_lacking) = counts(page, plain);
    if n_lacking <= (n_page / LACKING_SHARE).min(LACKING_MAX) {
        return ReadAlternatives::Plain;
    }
    let (n_plain, n_more) = counts(plain, page);
    match 2 * n_more > n_plain {
        true => ReadAlternatives::Both,
        false => ReadAlternatives::Page,
    }
}

/// How many words a text has, and how many of these are not in another one.
fn counts(text: &str, other: &str) -> (usize, usize) {
    let other: HashSet<String> = words(other).collect();
    let (mut n, mut n_lacking) = (0, 0);
    for word in words(text) {
        n += 1;
        n_lacking += usize::from(!other.contains(&word));
    }
    (n, n_lacking)
}

/// The words of a text, but for the addresses of pages, which only a plain text has to show.
fn words(text: &str) -> impl Iterator<Item = String> {
    // They stand in brackets, often right behind a word.
    let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']');
    let shown = text.split(is_end).filter(|it| !it.contains("://"));
    let words = shown.flat_map(|it| it.split(|c: char| !c.is_alphanumeric()));
    words.filter(|it| !it.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "Velvet armchairs are sold at half price until Saturday, in every branch and while there are any.";

    #[test]
    fn a_plain_form_counts_where_it_has_the_words_of_the_page() {
        let wrapped =
            PAGE.replace(", ", "<https://example.org/branches>,\n> ") + "\nhttps://example.org/";
        let short =
            "Velvet armchairs at half price until Saturday: read on at https://example.org/";
        let other = "This message needs a mail program that shows HTML.";
        for (plain, expected) in [
            (PAGE, ReadAlternatives::Plain),
            (&wrapped, ReadAlternatives::Plain),
            (&PAGE.replace("half", "full"), ReadAlternatives::Page),
            (short, ReadAlternatives::Page),
            (other, ReadAlternatives::Both),
            ("", ReadAlternatives::Page),
        ] {
            assert_eq!(read(plain, PAGE), expected, "{plain}");
        }
        assert_eq!(read(PAGE, ""), ReadAlternatives::Plain);
    }
}

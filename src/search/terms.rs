//! A text as it is indexed, and what of a question is looked for in it: words in one column, pairs in another.

use std::ops::Range;

use super::fold::{self, RUN, RunLetter, TokenSink};

/// A text folded to be indexed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoldedText {
    /// Its words, with a space behind each.
    pub words: String,
    /// The pairs of characters of scripts without spaces, likewise.
    pub pairs: String,
}

/// A token as it stands among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoldedToken {
    /// A word, or the sign that pairs follow.
    Word(String),
    /// A pair, or the last character of a run.
    Pair(char, Option<char>),
}

/// What is looked for in one place: a word, or words in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerm {
    /// Its tokens in a row.
    pub tokens: Vec<FoldedToken>,
    /// Of the last token any that begins so will do.
    pub is_open: bool,
    /// Only in titles.
    pub in_title: bool,
    /// Its words begin with a run, of which the sign stands before the tokens.
    begins_with_run: bool,
}

impl FoldedText {
    /// Folds a text.
    pub fn of(text: &str) -> Self {
        let mut folded = Self { words: String::with_capacity(text.len()), pairs: String::new() };
        fold::tokens(text, &mut folded);
        folded
    }

    /// How many bytes it has.
    pub fn n_bytes(&self) -> usize {
        self.words.len() + self.pairs.len()
    }
}

impl TokenSink for FoldedText {
    fn word(&mut self, word: &str, _: Range<usize>) {
        self.words.push_str(word);
        self.words.push(' ');
    }

    fn pair(&mut self, first: &RunLetter, second: Option<&RunLetter>) {
        push_pair(&mut self.pairs, first.letter, second.map(|it| it.letter));
        self.pairs.push(' ');
    }
}

impl TokenSink for Vec<FoldedToken> {
    fn word(&mut self, word: &str, _: Range<usize>) {
        self.push(FoldedToken::Word(word.to_owned()));
    }

    fn pair(&mut self, first: &RunLetter, second: Option<&RunLetter>) {
        self.push(FoldedToken::Pair(first.letter, second.map(|it| it.letter)));
    }
}

impl SearchTerm {
    /// Looks for a text as it stands; `is_beginning`: its last word may go on. None of what has nothing that is indexed.
    pub fn of(text: &str, is_beginning: bool, in_title: bool) -> Option<Self> {
        let mut tokens = Vec::new();
        fold::tokens(text, &mut tokens);
        let begins_with_run = tokens.first() == Some(&FoldedToken::Word(RUN.to_owned()));
        if begins_with_run {
            tokens.remove(0);
        }
        let mut is_open = is_beginning;
        // A run of the text may begin before what is asked, and go on behind it.
        if let Some(FoldedToken::Pair(_, None)) = tokens.last() {
            match tokens.len().checked_sub(2).map(|before| &tokens[before]) {
                Some(FoldedToken::Pair(_, Some(_))) => {
                    tokens.pop();
                    is_open = false;
                }
                _ => is_open = true,
            }
        }
        (!tokens.is_empty()).then_some(Self { tokens, is_open, in_title, begins_with_run })
    }

    /// Whether it has both words and pairs, or pairs of several runs: where they stand to each other no index knows.
    pub fn is_mixed(&self) -> bool {
        let is_word = |it: &FoldedToken| matches!(it, FoldedToken::Word(_));
        self.tokens.iter().any(is_word)
            && self.tokens.iter().any(|it| matches!(it, FoldedToken::Pair(..)))
    }

    /// Looks for it in SQLite's language. Every word is quoted, and has no quote in it.
    pub fn expression(&self) -> String {
        let (mut words, mut pairs) = (String::new(), String::new());
        if self.begins_with_run {
            push_word(&mut words, RUN);
        }
        for token in &self.tokens {
            match token {
                FoldedToken::Word(word) => push_word(&mut words, word),
                FoldedToken::Pair(first, second) => {
                    if !pairs.is_empty() {
                        pairs.push(' ');
                    }
                    push_pair(&mut pairs, *first, *second);
                }
            }
        }
        // The signs of runs alone say nothing.
        if words.split(' ').all(|word| word == RUN) {
            words.clear();
        }
        let open = |is_open: bool| if is_open { " *" } else { "" };
        let ends_in_word = matches!(self.tokens.last(), Some(FoldedToken::Word(_)));
        let phrases = [(words, ends_in_word), (pairs, !ends_in_word)];
        let quoted = phrases
            .into_iter()
            .filter(|(words, _)| !words.is_empty())
            .map(|(words, is_last)| format!("\"{words}\"{}", open(self.is_open && is_last)));
        let all = quoted.collect::<Vec<_>>().join(" AND ");
        let columns = if self.in_title { "{title title_pairs} : " } else { "" };
        format!("{columns}({all})")
    }
}

fn push_word(words: &mut String, word: &str) {
    if !words.is_empty() {
        words.push(' ');
    }
    words.push_str(word);
}

fn push_pair(pairs: &mut String, first: char, second: Option<char>) {
    pairs.push(first);
    pairs.extend(second);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_quoted_words() {
        for (text, expression) in [
            ("Harbour", r#"("harbour")"#),
            ("what's new", r#"("what s new")"#),
            ("C++", r#"("c ++")"#),
            ("2026-11-23", r#"("2026 11 23")"#),
            ("v1.2", r#"("v1 v 1 2")"#),
            ("中华人民", r#"("中华 华人 人民")"#),
            ("中", r#"("中" *)"#),
            ("中，华人", r#"("中 华人")"#),
            ("第3章", r#"("_ 3 _" AND "第 章" *)"#),
            ("iPhone 手机", r#"("iphone _" AND "手机")"#),
            ("手机 iPhone", r#"("_ iphone" AND "手机 机")"#),
            (r#"a " OR b"#, r#"("a or b")"#),
        ] {
            assert_eq!(
                SearchTerm::of(text, false, false).unwrap().expression(),
                expression,
                "{text}"
            );
        }
        let open = SearchTerm::of("harb", true, true).unwrap();
        assert_eq!(open.expression(), r#"{title title_pairs} : ("harb" *)"#);
        assert_eq!(SearchTerm::of("%", false, false), None);
    }

    #[test]
    fn what_has_words_and_pairs_is_mixed() {
        for (text, expected) in [("a b", false), ("中 人", false), ("第3", true)] {
            assert_eq!(SearchTerm::of(text, false, false).unwrap().is_mixed(), expected, "{text}");
        }
    }

    #[test]
    fn a_text_is_words_and_pairs() {
        let folded = FoldedText::of("Hello 世界, C++");
        assert_eq!((&folded.words[..], &folded.pairs[..]), ("hello _ c ++ ", "世界 界 "));
    }
}

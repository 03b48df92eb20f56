//! Where signs of money, measure and number stand: what tells them from letters that have the same bytes elsewhere.

/// What a character stands between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    /// Those before it, the nearest first.
    before: [char; 2],
    /// Those after it.
    after: [char; 2],
}

impl Around {
    /// What is around a character of a text, which has white space around itself.
    pub(super) fn of(text: &[char], at: usize) -> Self {
        let near = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().unwrap_or('\n');
        let before = |n: usize| near(at.checked_sub(n));
        Self { before: [before(1), before(2)], after: [near(Some(at + 1)), near(Some(at + 2))] }
    }

    /// The one before it.
    pub(super) fn last(self) -> char {
        self.before[0]
    }

    /// The one after it.
    pub(super) fn next(self) -> char {
        self.after[0]
    }

    /// It stands behind a number, or a word of one letter, as in nº 5.
    pub(super) fn is_ordinal(self) -> bool {
        let [last, before] = self.before;
        let is_short = last.is_alphabetic() && !before.is_alphabetic();
        (last.is_ascii_digit() || is_short) && !self.next().is_alphabetic()
    }

    fn is_after_letter(self) -> bool {
        self.last().is_alphabetic()
    }

    fn is_before_letter(self) -> bool {
        self.next().is_alphabetic()
    }

    /// With or without a space between.
    fn is_after_number(self) -> bool {
        is_digit_near(self.before)
    }

    fn is_before_number(self) -> bool {
        is_digit_near(self.after)
    }

    /// It stands for itself, with nothing but white space and punctuation around it. A dot behind it may shorten a name.
    fn is_alone(self) -> bool {
        let is_free = |c: char| c.is_ascii_whitespace() || "()/,;:!?\"'".contains(c);
        let ends = self.next() == '.' && self.after[1] == '\n';
        is_free(self.last()) && (is_free(self.next()) || ends)
    }

    /// It follows a word that is not all in capitals, as some end in other encodings, or what comes then is not.
    fn is_behind_name(self) -> bool {
        let [next, after] = self.after;
        let last = self.last();
        last.is_ascii_lowercase()
            || last.is_ascii_digit()
            || last.is_ascii_uppercase() && next == ' ' && after.is_ascii_lowercase()
    }

    fn is_between_words(self) -> bool {
        let is_apart = |side: [char; 2]| side[0] == ' ' && side[1].is_alphanumeric();
        is_apart(self.before) && is_apart(self.after)
    }

    /// It begins a unit, such as µm and µg/l.
    fn begins_unit(self) -> bool {
        let [unit, next] = self.after;
        "mslgLFAVHWNJ".contains(unit) && (!next.is_alphabetic() || unit == 'm' && next == 'o')
    }

    /// It ends a unit, such as m² and km².
    fn ends_unit(self) -> bool {
        let [unit, last] = self.before;
        unit == 'm' && (!last.is_alphabetic() || "ckdmµn".contains(last))
    }
}

fn is_digit_near(side: [char; 2]) -> bool {
    let near = if matches!(side[0], ' ' | '\u{a0}') { side[1] } else { side[0] };
    near.is_ascii_digit()
}

/// Whether a sign stands where such signs are written; `None` where it may be or not, and of what is no such sign.
pub(super) fn is_in_place(c: char, around: Around) -> Option<bool> {
    let (is_after_letter, is_before_letter) = (around.is_after_letter(), around.is_before_letter());
    let (is_right, is_wrong) = match c {
        '£' | '¥' | '€' | '¢' => {
            let is_before = around.next().is_ascii_digit();
            let is_near = around.is_before_number() || around.is_after_number();
            let is_right = is_before || is_near && !is_after_letter && !is_before_letter;
            (is_right || around.is_alone(), is_before_letter)
        }
        '±' => {
            let is_near = around.is_before_number() || around.is_after_number();
            (is_near || around.is_between_words(), is_after_letter)
        }
        '×' | '÷' => {
            let is_between = around.is_before_number() && around.is_after_number();
            (is_between, is_after_letter || is_before_letter)
        }
        '°' => (around.is_after_number(), is_after_letter && is_before_letter),
        '§' | '¶' => (around.is_before_number(), is_after_letter && is_before_letter),
        'µ' => (around.begins_unit(), is_after_letter),
        '²' | '³' => (around.ends_unit(), is_before_letter),
        '½' | '¼' | '¾' => {
            let is_alone = around.last().is_ascii() && around.next().is_ascii();
            (is_alone, is_after_letter || is_before_letter)
        }
        '¡' => {
            let begins = around.last().is_ascii() && around.next().is_ascii_alphabetic();
            (begins, is_after_letter)
        }
        '©' => (around.is_before_number() || around.is_between_words(), is_after_letter),
        '®' | '™' => (around.is_behind_name(), is_before_letter),
        _ => return None,
    };
    match (is_wrong, is_right) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_stand_beside_numbers_and_units_and_not_in_words() {
        for (text, expected) in [
            ("from £12", Some(true)),
            ("12 £.", Some(true)),
            ("US£12", Some(true)),
            ("12 £ód", Some(false)),
            ("STA£ 12", None),
            ("(£)", Some(true)),
            ("in £ only", Some(true)),
            ("in £.", Some(true)),
            ("by £. Kow", None),
            ("5 ± 2", Some(true)),
            ("mean ± error", Some(true)),
            ("s± 3", Some(false)),
            ("3 × 4", Some(true)),
            ("× 4", None),
            ("30 °C", Some(true)),
            ("20 µm wide", Some(true)),
            ("3 µg/l", Some(true)),
            ("µud", None),
            ("20 km²", Some(true)),
            ("pom³ ", None),
            ("½ cup", Some(true)),
            ("li¼", Some(false)),
            ("© 2024", Some(true)),
            ("Tern® is", Some(true)),
            ("®ena", Some(false)),
            ("Windows™ is", Some(true)),
            ("TERN™ is", Some(true)),
            ("MALM™ OCH", None),
            ("Sch™n", Some(false)),
            ("à", None),
        ] {
            let chars: Vec<char> = text.chars().collect();
            let at = chars.iter().position(|c| !c.is_ascii()).unwrap();
            assert_eq!(is_in_place(chars[at], Around::of(&chars, at)), expected, "{text}");
        }
    }
}

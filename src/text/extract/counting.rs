//! Numbers as lists, notes and pages count.

/// How it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    None,
    Bullet,
    Decimal,
    UpperRoman,
    LowerRoman,
    UpperLetter,
    LowerLetter,
}

/// A number as it is written.
pub(super) fn number(number: u32, counting: Counting) -> String {
    match counting {
        Counting::None | Counting::Bullet => String::new(),
        Counting::Decimal => number.to_string(),
        Counting::UpperRoman => roman(number),
        Counting::LowerRoman => roman(number).to_lowercase(),
        Counting::UpperLetter => letters(number),
        Counting::LowerLetter => letters(number).to_lowercase(),
    }
}

fn roman(number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..5000).contains(&number) {
        return number.to_string();
    }
    let mut rest = number;
    let mut text = String::new();
    for (value, sign) in SIGNS {
        while rest >= value {
            text.push_str(sign);
            rest -= value;
        }
    }
    text
}

/// A to Z, then AA to ZZ, as word processors go on.
fn letters(number: u32) -> String {
    let Some(before) = number.checked_sub(1).filter(|it| *it < 26 * 20) else {
        return number.to_string();
    };
    let letter = char::from(b'A' + (before % 26) as u8);
    std::iter::repeat_n(letter, before as usize / 26 + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_as_lists_do() {
        let cases = [
            (4, Counting::LowerRoman, "iv"),
            (1994, Counting::UpperRoman, "MCMXCIV"),
            (0, Counting::UpperRoman, "0"),
            (26, Counting::UpperLetter, "Z"),
            (28, Counting::LowerLetter, "bb"),
            (u32::MAX, Counting::LowerLetter, "4294967295"),
            (7, Counting::Decimal, "7"),
            (7, Counting::Bullet, ""),
        ];
        for (value, counting, text) in cases {
            assert_eq!(number(value, counting), text);
        }
    }
}

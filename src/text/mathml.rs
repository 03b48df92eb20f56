//! Formulas in MathML, in a line: powers stand high, indices low, and fractions have a slash.

/// How a part of a formula stands in what it is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    Plain,
    High,
    Low,
    /// Behind a slash.
    Under,
}

/// How a part stands, by the name of what it is a part of and which part of that it is, from 0.
pub(super) fn stand(whole: &str, nth: usize) -> Stand {
    match (whole, nth) {
        ("mfrac", 1) => Stand::Under,
        ("msup" | "mover", 1) | ("msubsup" | "munderover", 2) => Stand::High,
        ("msub" | "munder" | "msubsup" | "munderover", 1) => Stand::Low,
        _ => Stand::Plain,
    }
}

/// What stands before an element of a formula.
pub(super) fn sign(name: &str) -> &'static str {
    match name {
        "msqrt" | "mroot" => "√",
        "mtr" => " ",
        _ => "",
    }
}

/// Whether an element of a formula has parts that stand in another way than in a line.
pub(super) fn has_stands(name: &str) -> bool {
    (1..3).any(|nth| stand(name, nth) != Stand::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_where_they_belong() {
        assert_eq!(stand("mfrac", 0), Stand::Plain);
        assert_eq!(stand("mfrac", 1), Stand::Under);
        assert_eq!(stand("msubsup", 1), Stand::Low);
        assert_eq!(stand("msubsup", 2), Stand::High);
        assert_eq!(sign("msqrt"), "√");
        assert_eq!(sign("mi"), "");
        assert!(has_stands("msup") && !has_stands("mrow"));
    }
}

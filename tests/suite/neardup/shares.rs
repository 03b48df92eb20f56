//! What is said of two texts is what a reader counts: words that are the same, in order.

use docarchive::internals::archive::similar::Similarity;

use super::{holding, near_to, sentences};

/// A text and another version of it, each alone in an archive.
fn between(text: &str, other: &str) -> Option<Similarity> {
    let archive = holding(&[("text".into(), text.into())]);
    near_to(&archive, other).first().map(|near| near.similarity)
}

/// The text with each word another that `is_other` picks.
fn changed(text: &str, is_other: impl Fn(usize) -> bool) -> String {
    let word = |(n, word): (usize, &str)| match is_other(n) {
        true => format!("other{n}"),
        false => word.to_owned(),
    };
    text.split_whitespace().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn only_the_same_words_are_all_of_a_text() {
    for n_lines in [4, 40, 400] {
        let text = sentences(1, n_lines).join("\n");
        let n_words = text.split_whitespace().count();
        assert_eq!(between(&text, &text).unwrap().containment.of_shorter, 1.0);
        for at in [0, 1, n_words / 2, n_words - 1] {
            let found = between(&text, &changed(&text, |n| n == at)).unwrap();
            let share = (n_words - 1) as f64 / n_words as f64;
            assert_eq!(found.containment.a_in_b, share, "{n_words} words, not {at}");
            assert_eq!(found.containment.b_in_a, share, "{n_words} words, not {at}");
            assert!(found.counted < 1.0, "{n_words} words, not {at}: {found:?}");
        }
    }
}

#[test]
fn a_text_in_which_words_were_replaced_all_over_is_a_copy_as_far_as_it_is() {
    let text = sentences(2, 40).join("\n");
    for every in [6, 8, 10, 12, 20, 60] {
        let other = changed(&text, |n| n % every == every - 1);
        let found = between(&text, &other).unwrap_or_else(|| panic!("every {every}th"));
        let share = 1.0 - 1.0 / every as f64;
        let shares = [found.counted, found.containment.a_in_b, found.containment.b_in_a];
        assert!(shares.iter().all(|it| (it - share).abs() < 0.02), "every {every}th: {found:?}");
    }
}

#[test]
fn a_line_with_something_before_or_behind_it_is_a_copy() {
    let line = "The harbour master closed the north pier on Monday because of storm damage.";
    for other in [
        format!("UPDATE - {line}"),
        format!("(AP) {line}"),
        format!("1. {line}"),
        format!("{line} So says Reuter."),
    ] {
        for (one, two) in [(line, other.as_str()), (&other, line)] {
            let found = between(one, two).unwrap_or_else(|| panic!("{one} {two}"));
            assert!(found.counted > 0.7, "{one} {two}: {found:?}");
        }
    }
    let form =
        |name: &str| format!("The harbour master closed the {name} pier because of storm damage.");
    assert!(between(&form("North"), &form("South")).is_none());
    assert!(between(&form("North"), &form("")).is_none(), "a name within it is missing");
}

#[test]
fn a_line_of_which_most_stands_in_one_piece_in_a_story_is_a_copy() {
    let flash =
        "TREASURY SELLING 17 BILLION DLRS OF 9-DAY and 20-DAY CASH MANAGEMENT BILLS ON APRIL 2";
    let story = format!(
        "{}\nThe Treasury said it will auction 17 billion dlrs of 9-day and 20-day cash management\n\
         bills on April 2.\n{}",
        sentences(1, 3).join("\n"),
        sentences(2, 6).join("\n"),
    );
    assert!(between(&story, flash).is_some_and(|found| found.counted >= 0.75));
    let other = story.replace("20-day", "30-day");
    assert!(between(&other, flash).is_none(), "another number parts it");
}

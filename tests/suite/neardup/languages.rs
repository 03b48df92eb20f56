//! Copies are found and strangers are not, whatever is written and in which script.

use std::{collections::BTreeSet, fs, path::Path};

use unicode_normalization::UnicodeNormalization;

use super::{
    Text, grouped, holding, names, near_document, near_groups, near_to, set, similarity_of,
};

const LANGUAGES: [&str; 10] = [
    "arabic", "chinese", "emoji", "german", "greek", "hindi", "japanese", "mixed", "russian",
    "thai",
];

/// A story and two strangers, each of several paragraphs, as `seeds/languages` has them.
fn seed(language: &str) -> Vec<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/languages");
    let text = fs::read_to_string(folder.join(format!("{language}.txt"))).unwrap();
    let lines = |part: &str| part.lines().map(str::to_owned).collect();
    text.split("---\n").map(lines).collect()
}

fn joined<'a>(lines: impl IntoIterator<Item = &'a String>) -> String {
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

/// The whole story in capitals, taken apart into letters and marks, of full width, with other quotes and
/// dashes, and with marks that nobody sees.
fn dressed(text: &str) -> String {
    let other = |c: char| match c {
        '«' | '»' | '„' | '“' | '”' | '"' => '\'',
        ',' | '،' | '、' => '—',
        ':' | ';' => '…',
        '!'..='~' => char::from_u32(c as u32 - 0x21 + 0xff01).unwrap(),
        '０'..='９' => char::from_u32(c as u32 - 0xfee0).unwrap(),
        c => c,
    };
    let changed: String = text.to_uppercase().nfd().map(other).collect();
    let spaced = changed.replace(' ', " \u{a0}");
    spaced.split_inclusive(' ').map(|word| format!("\u{200b}{word}")).collect()
}

/// The story with what was made of it, and both strangers.
fn texts(language: &str) -> Vec<(&'static str, String)> {
    let parts = seed(language);
    let story = &parts[0];
    let mut moved = story.clone();
    let last = moved.pop().unwrap();
    moved.insert(1, last);
    vec![
        ("story", joined(story)),
        ("abridged", joined(story.iter().step_by(2))),
        ("moved", joined(&moved)),
        ("dressed", dressed(&joined(story))),
        ("stranger-1", joined(&parts[1])),
        ("stranger-2", joined(&parts[2])),
    ]
}

const COPIES: [&str; 4] = ["story", "abridged", "moved", "dressed"];

fn texts_of(language: &str, prefix: &str) -> Vec<Text> {
    let named = |(name, text): (&str, String)| (format!("{prefix}{name}"), text);
    texts(language).into_iter().map(named).collect()
}

fn copies_are_found_in(language: &str) {
    let archive = holding(&texts_of(language, ""));
    for name in COPIES {
        let others: BTreeSet<String> = set(COPIES.into_iter().filter(|other| *other != name));
        let near = near_document(&archive, name, false);
        assert_eq!(names(&near), others, "{language}: {name}");
    }
    for name in ["stranger-1", "stranger-2"] {
        assert_eq!(names(&near_document(&archive, name, false)), BTreeSet::new(), "{language}");
    }
    let groups = near_groups(&archive);
    assert_eq!(groups.iter().map(super::members).collect::<Vec<_>>(), [set(COPIES)], "{language}");
    let resemblance = |a, b| similarity_of(&groups[0], a, b).unwrap().resemblance;
    assert!((resemblance("story", "dressed") - 1.0).abs() < 1e-9, "{language}");
    assert!(resemblance("story", "moved") > 0.8, "{language}");
    assert!((0.3..0.75).contains(&resemblance("story", "abridged")), "{language}");
}

macro_rules! copies_are_found {
    ($($language:ident)*) => {
        $(
            #[test]
            fn $language() {
                copies_are_found_in(stringify!($language));
            }
        )*

        #[test]
        fn every_language_has_its_test() {
            assert_eq!(LANGUAGES, [$(stringify!($language)),*]);
        }
    };
}

mod copies_are_found_and_strangers_are_not_in {
    use super::*;

    copies_are_found! { arabic chinese emoji german greek hindi japanese mixed russian thai }
}

#[test]
fn copies_that_are_not_stored_are_found_too() {
    for language in LANGUAGES {
        let texts = texts_of(language, "");
        let kept = [texts[0].clone(), texts[4].clone(), texts[5].clone()];
        let archive = holding(&kept);
        for (name, text) in &texts[..4] {
            assert_eq!(names(&near_to(&archive, text)), set(["story"]), "{language}: {name}");
        }
    }
}

#[test]
fn languages_keep_apart() {
    for separator in ["-", "/"] {
        let named = |language: &str| texts_of(language, &format!("{language}{separator}"));
        let archive = holding(&LANGUAGES.into_iter().flat_map(named).collect::<Vec<_>>());
        let copies = |language: &str| {
            set(COPIES.into_iter().map(|name| format!("{language}{separator}{name}")))
        };
        assert_eq!(grouped(&archive), LANGUAGES.into_iter().map(copies).collect());
    }
}

#[test]
fn emoji_weigh_nothing() {
    let story = joined(&seed("emoji")[0]);
    let is_emoji = |c: char| c as u32 >= 0x2190;
    let bare: String = story.chars().filter(|c| !is_emoji(*c)).collect();
    assert!(bare.chars().count() + 30 < story.chars().count());
    let many = bare.replace(' ', " 🎈🎈🏽 ");
    let archive = holding(&[("story".into(), story)]);
    for text in [bare, many] {
        let near = near_to(&archive, &text);
        assert!((near[0].similarity.resemblance - 1.0).abs() < 1e-9);
    }
}

#[test]
fn spellings_that_differ_by_keyboard_or_pointing_are_one() {
    let arabic = joined(&seed("arabic")[0]) + "\nفي عام ٢٠٢٦ وصلت ٣٧ سفينة.";
    let hebrew = "הנמל נסגר ביום שני אחרי הסערה, והמעבורת לאיים תצא בשבועות הקרובים מהמזח הדרומי.";
    let written = |text: &str, changes: &[(&str, &str)]| {
        let change = |text: String, (from, to): &(&str, &str)| {
            assert!(text.contains(from), "{from} in {text}");
            text.replace(from, to)
        };
        changes.iter().fold(text.to_owned(), change)
    };
    let digits: Vec<(String, String)> =
        "٠١٢٣٤٥٦٧٨٩".chars().zip('0'..).map(|(c, d)| (c.into(), d.into())).collect();
    let present = digits.iter().filter(|(from, _)| arabic.contains(from.as_str()));
    let digits: Vec<(&str, &str)> = present.map(|(c, d)| (c.as_str(), d.as_str())).collect();
    for (text, changes) in [
        (arabic.as_str(), &[("أعلنت", "أعلنـــت"), ("وقال", "وَقَالَ"), ("السوق", "الســـوق")][..]),
        (&arabic, &[("ي", "ی")]),
        (&arabic, &[("ك", "ک")]),
        (&arabic, &digits),
        (hebrew, &[("שני", "שֵׁנִי"), ("הסערה", "הַסְּעָרָה")]),
    ] {
        let archive = holding(&[("story".into(), text.into())]);
        let near = near_to(&archive, &written(text, changes));
        assert_eq!(names(&near), set(["story"]), "{changes:?}");
        let similarity = near[0].similarity;
        assert!((similarity.resemblance - 1.0).abs() < 1e-9, "{changes:?}: {similarity:?}");
        assert_eq!(similarity.containment.a_in_b, 1.0, "{changes:?}");
    }
}

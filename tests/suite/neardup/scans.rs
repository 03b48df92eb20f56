//! Scans: copies of one text in which a scanner read many words wrongly, each time others.

use super::{Dice, Text, grouped, holding, sentences, set};

/// A word with one of its letters read for another.
fn misread(word: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<u8> = word.bytes().collect();
    let at = dice.roll(letters.len());
    letters[at] = b"xqzk"[dice.roll(4)];
    String::from_utf8_lossy(&letters).into_owned()
}

/// A scan of lines: of each line all is read rightly, or every other word.
fn scan(lines: &[String], seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let mut scanned = String::new();
    for line in lines {
        let is_good = dice.roll(2) == 0;
        for word in line.split(' ') {
            let is_right = is_good || dice.roll(2) == 0;
            let word = if is_right { word.to_string() } else { misread(word, &mut dice) };
            scanned += &(word + " ");
        }
        scanned.push('\n');
    }
    scanned
}

#[test]
fn bad_scans_of_one_text_are_a_group() {
    let stories: Vec<Vec<String>> = (1..6).map(|n| sentences(n, 24)).collect();
    let name = |n: usize, copy: u64| format!("story{n}/scan{copy}.txt");
    let scans: Vec<Text> = (0..stories.len())
        .flat_map(|n| (1..5).map(move |copy| (n, copy)))
        .map(|(n, copy)| (name(n, copy), scan(&stories[n], 10 * n as u64 + copy)))
        .collect();
    let groups = (0..stories.len()).map(|n| set((1..5).map(|copy| name(n, copy))));
    assert_eq!(grouped(&holding(&scans)), groups.collect());
}

//! What stood in the archive is found, in every script and spelling, whatever became of the index; and nothing else.

use std::{collections::BTreeSet, fs, path::Path};

use docarchive::internals::{
    archive::{
        Archive,
        filter::DocumentFilter,
        phrase::{Among, Phrase, PhraseFate},
        search::{AnswerOrder, FoundRevision, Query, SearchScope},
    },
    types::time::Timestamp,
};

use crate::common::{
    add, init_in, is_slow, open_in,
    sandbox::{Ran, Sandbox},
};

const FILE: &str = "search.sqlite";

/// What is found: `name@revision`, and `gone@revision` where a later one has it no more.
fn found_with(archive: &Archive, words: &str, all_revisions: bool) -> Vec<String> {
    let query = Query::parse(words, &|_, _| false);
    let filter = DocumentFilter::default();
    let scope = SearchScope {
        filter: archive.filtered(&filter).unwrap(),
        names: None,
        source: None,
        media_type: None,
        captured: (Timestamp::FIRST, Timestamp::LAST),
        all_revisions,
    };
    let index = archive.search_index(2, &mut |_| {}).unwrap();
    let Some(answer) = archive.search(&index, &query, &scope).unwrap() else { return Vec::new() };
    let mut found = Vec::new();
    answer
        .each(AnswerOrder::Best, &mut |hit: FoundRevision| {
            let gone = hit.gone_since.as_ref().map(|it| format!(" gone@{}", it.number));
            let name = hit.document.name.text().into_owned();
            found.push(format!("{name}@{}{}", hit.revision.number, gone.unwrap_or_default()));
            assert!(answer.read(hit).is_ok());
            Ok(true)
        })
        .unwrap();
    found
}

fn found(archive: &Archive, words: &str) -> Vec<String> {
    found_with(archive, words, false)
}

/// An archive with one document for each text.
fn archive_of(folder: &Path, texts: &[&str]) -> Archive {
    let mut archive = init_in(folder);
    let names: Vec<String> = (0..texts.len()).map(|n| format!("text-{n}")).collect();
    let documents: Vec<(&str, &[u8])> =
        names.iter().zip(texts).map(|(name, text)| (&**name, text.as_bytes())).collect();
    add(&mut archive, 1, &documents).unwrap();
    archive
}

#[test]
fn every_language_is_found_in_every_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_of(
        folder.path(),
        &[
            "قال الرَّئيسُ أحمد إلى الصحفـــيين، نعم.",
            "新华社北京电：中华人民共和国成立了。第3章",
            "東京へ行く予定です。ガスとパン。",
            "한국어 문장을 찾습니다.",
            "ภาษาไทยไม่มีช่องว่างระหว่างคำ",
            "İstanbul'da IŞIK yandı",
            "Die Straße nach Größenwahn",
            "He said: “what’s new” — it's C++ and F#, for 1,234.50 €.",
            "שָׁלוֹם לכולם",
            "ꆈꌠꁱꂷ ㄓㄨㄥㄍㄨㄛˊㄩˇ",
        ],
    );
    for (words, n) in [
        ("الرئيس", 0),
        ("احمد الى", 0),
        ("الصحفيين", 0),
        ("人民共和", 1),
        ("国", 1),
        ("\"中华人民共和国成立了\"", 1),
        ("第3章", 1),
        ("行く", 2),
        ("ガス", 2),
        ("ﾊﾟﾝ", 2),
        ("국어", 3),
        ("\"한국어 문장\"", 3),
        ("ไทยไม่มี", 4),
        ("istanbul isik", 5),
        ("ISTANBUL ışık", 5),
        ("strasse", 6),
        ("STRASSE GROSSENWAHN", 6),
        ("what's new", 7),
        ("\"what's new - it’s\"", 7),
        ("C++", 7),
        ("f#", 7),
        ("1234 €", 7),
        ("שלום", 8),
        ("ꌠꁱ", 9),
        ("ㄍㄨㄛˊ", 9),
        ("ㄥㄍㄨㄛㄩ", 9),
    ] {
        assert_eq!(found(&archive, words), [format!("text-{n}@1")], "{words}");
    }
    for words in ["人国", "华民", "\"said new\"", "국문", "D++", "lom", "第4章", "章3"] {
        assert_eq!(found(&archive, words), [""; 0], "{words}");
    }
}

/// A number was one word without its signs: before a no-break space it was another one in texts than in questions, and the
/// parts of addresses, versions and decimals were found nowhere.
#[test]
fn numbers_are_found_in_every_spelling_and_by_their_parts() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_of(
        folder.path(),
        &[
            "Height 1,200\u{a0}m above sea",
            "Preis 1'300\u{2009}Fr, 1\u{202f}300\u{a0}€, 1.300\u{202f}€",
            "Le montant est de 10\u{a0}000 francs",
            "ip 192.168.0.1 and v1.206.3",
            "about 1,450km, $1,500bn, EUR1.600, 2.5GHz",
            "blocks 7124/3 and 7125/1, 1350 m",
            "at 7.625 percent",
        ],
    );
    for (words, n) in [
        ("1,200", 0),
        ("\"1,200 m\"", 0),
        ("1,200\u{a0}m", 0),
        ("height 1200", 0),
        ("1'300", 1),
        ("1300 fr", 1),
        ("\"1 300 €\"", 1),
        ("\"1300 €\"", 1),
        ("Le montant est de 10\u{a0}000 francs", 2),
        ("10\u{202f}000", 2),
        ("10,000", 2),
        ("\"10000 francs\"", 2),
        ("192.168.0.1", 3),
        ("168.0.1", 3),
        ("168", 3),
        ("1.206.3", 3),
        ("v1.206.3", 3),
        ("v1", 3),
        ("1,450", 4),
        ("1450km", 4),
        ("$1,500bn", 4),
        ("1,500", 4),
        ("\"1.500 bn\"", 4),
        ("1.600", 4),
        ("EUR1.600", 4),
        ("\"EUR 1600\"", 4),
        ("2.5 ghz", 4),
        ("1,350", 5),
        ("7,125", 5),
        ("7.625", 6),
        ("7.6*", 6),
    ] {
        assert_eq!(found(&archive, words), [format!("text-{n}@1")], "{words}");
    }
    for words in ["7.125", "168192", "12", "\"1,200 €\"", "7.62", "1.2063", "montant -10.000"] {
        assert_eq!(found(&archive, words), [""; 0], "{words}");
    }
}

/// The sound mark of half-width kana was not composed with what stood before it in a run.
#[test]
fn kana_are_found_in_both_widths() {
    let folder = tempfile::tempdir().unwrap();
    let texts = ["ｱﾙﾊﾞｲﾄのﾃﾞｰﾀﾍﾞｰｽ", "アルバイトのデータベース"];
    let archive = archive_of(folder.path(), &texts);
    for words in ["アルバイト", "ｱﾙﾊﾞｲﾄ", "タベ", "ﾀﾍﾞ", "データベース", "ﾃﾞｰﾀﾍﾞｰｽ", "ベ"]
    {
        assert_eq!(found(&archive, words).len(), 2, "{words}");
    }
    for words in ["アルハ", "ﾀﾍ", "テー", "ヘ"] {
        assert_eq!(found(&archive, words), [""; 0], "{words}");
    }
}

/// Signs around what is set high or low parted `21st` and `H2O` into words that nobody asks for, those of insertions
/// stood between the words of a phrase, and readings stood in the middle of Japanese words.
#[test]
fn words_with_small_letters_are_found_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = init_in(folder.path());
    let page = "<title>Notes</title><h1>The 21<sup>st</sup> century</h1>
        <p>H<sub>2</sub>O and CO<sub>2</sub> over 5 m<sup>2</sup>, the harbour<sup>1</sup>, le XIX<sup>e</sup>,
        costs <ins>200</ins> now<p><ruby>東<rt>とう</rt>京<rt>きょう</rt></ruby>へ行く。";
    let plain = "CO₂ over 5 m², the quay¹";
    let documents: [(&str, &[u8]); 2] =
        [("page.html", page.as_bytes()), ("plain.txt", plain.as_bytes())];
    add(&mut archive, 1, &documents).unwrap();
    for words in [
        "21st",
        "\"the 21st century\"",
        "h2o",
        "H₂O",
        "harbour",
        "\"harbour 1\"",
        "XIXe",
        "\"costs 200 now\"",
        "東京",
        "\"東京へ行く\"",
        "とうきょう",
    ] {
        assert_eq!(found(&archive, words), ["page.html@1"], "{words}");
    }
    for words in ["co2", "CO₂", "m2", "\"over 5 m2\"", "\"over 5 m²\""] {
        assert_eq!(found(&archive, words).len(), 2, "{words}");
    }
    assert_eq!(found(&archive, "quay"), ["plain.txt@1"]);
    for words in ["21", "st", "harbour1", "\"東とう\""] {
        assert_eq!(found(&archive, words), [""; 0], "{words}");
    }
    // What `log --added` finds is read alike.
    for (words, expected) in
        [("21st century", 1), ("H2O and CO2", 1), ("costs 200 now", 1), ("H2SO4", 0)]
    {
        let mut n_changes = 0;
        let phrase = Phrase::of_words(words).unwrap();
        let mut count = |_| {
            n_changes += 1;
            Ok(())
        };
        archive.phrase_changes(&phrase, PhraseFate::Added, Among::All, 9, &mut count).unwrap();
        assert_eq!(n_changes, expected, "{words}");
    }
}

#[test]
fn no_punctuation_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let archive =
        archive_of(folder.path(), &["one quote of 2026-11-23 in a\\b and http://a.example/?q=1"]);
    for words in [
        "\"",
        "one \"quote",
        "2026-11-23",
        "(one",
        "one)",
        "one AND",
        "NOT one",
        "{one}",
        "one:",
        ":one",
        "*one",
        "one^2",
        "one + quote",
        "a\\b",
        "http://a.example/?q=1",
        "'one'",
        "one;",
        "--",
        "NEAR(one quote)",
        "title:\"",
        "-\"",
        "\u{0}",
        "one\u{0}quote",
        "😀",
    ] {
        found(&archive, words);
    }
    for words in
        ["one \"quote", "2026-11-23", "(one", "a\\b", "http://a.example/?q=1", "'one'", "on*"]
    {
        assert_eq!(found(&archive, words), ["text-0@1"], "{words}");
    }
    let long = "one ".repeat(500);
    assert_eq!(found(&archive, &long), ["text-0@1"]);
    assert_eq!(found(&archive, &format!("\"{}\"", long)), [""; 0]);
}

#[test]
fn words_that_are_gone_are_found_with_the_revision_that_lacks_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = init_in(folder.path());
    let states = ["the ferry sails", "the ferry waits", "the bus waits", "the bus is late"];
    for (n, text) in states.iter().enumerate() {
        add(&mut archive, n as u64, &[("notice.txt", text.as_bytes())]).unwrap();
    }
    for (words, expected) in [
        ("ferry", "notice.txt@2 gone@3"),
        ("sails", "notice.txt@1 gone@2"),
        ("waits", "notice.txt@3 gone@4"),
        ("fer*", "notice.txt@2 gone@3"),
        ("w* OR sail*", "notice.txt@3 gone@4"),
        ("fer* -wai*", "notice.txt@1 gone@3"),
        ("bus", "notice.txt@4"),
        ("\"the bus waits\"", "notice.txt@3 gone@4"),
    ] {
        assert_eq!(found(&archive, words), [expected], "{words}");
    }
    for words in ["waits", "wai*"] {
        let mut all = found_with(&archive, words, true);
        all.sort();
        assert_eq!(all, ["notice.txt@2 gone@4", "notice.txt@3 gone@4"], "{words}");
    }
}

/// A number that the last one leads to (Knuth, MMIX).
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize
}

/// A sentence of few words, so that many sentences share some.
fn sentence(seed: &mut u64) -> String {
    const WORDS: [&str; 12] = [
        "harbour",
        "ferry",
        "Straße",
        "ÉTÉ",
        "中华人民",
        "共和国",
        "한국어",
        "1,234",
        "what's",
        "الرَّئيسُ",
        "C++",
        "old",
    ];
    let n = 3 + next(seed) % 5;
    (0..n).map(|_| WORDS[next(seed) % WORDS.len()]).collect::<Vec<_>>().join(" ")
}

/// Every sentence of every revision is found where it stands, and nowhere else.
fn hold(archive: &Archive, history: &[(String, Vec<Vec<String>>)], absent: &[String]) {
    let has = |state: &Vec<String>, sentence: &String| state.contains(sentence);
    let sentences: BTreeSet<&String> =
        history.iter().flat_map(|(_, states)| states.iter().flatten()).collect();
    for sentence in sentences {
        let mut expected = BTreeSet::new();
        for (name, states) in history {
            let Some(last) = states.iter().rposition(|state| has(state, sentence)) else {
                continue;
            };
            let gone =
                if last + 1 < states.len() { format!(" gone@{}", last + 2) } else { String::new() };
            expected.insert(format!("{name}@{}{gone}", last + 1));
        }
        let found: BTreeSet<String> =
            found(archive, &format!("\"{sentence}\"")).into_iter().collect();
        // A sentence may stand within another, or across the end of one: stops and breaks are no words.
        assert!(found.is_superset(&expected), "{sentence}: {found:?}, not {expected:?}");
        for hit in found.difference(&expected) {
            let (name, rest) = hit.split_once('@').unwrap();
            let number: usize = rest.split(' ').next().unwrap().parse().unwrap();
            // Of some documents nothing may be said.
            let Some((_, states)) = history.iter().find(|(it, _)| it == name) else { continue };
            let state = &states[number - 1];
            assert!(state.join(" ").contains(&**sentence), "{sentence}: {hit}, {state:?}");
        }
    }
    for sentence in absent {
        assert_eq!(found(archive, &format!("\"{sentence}\"")), [""; 0], "{sentence}");
    }
}

#[test]
fn every_sentence_that_ever_stood_there_is_found() {
    for seed in 0..if is_slow() { 40 } else { 4 } {
        let seed = &mut (seed + 1);
        let folder = tempfile::tempdir().unwrap();
        let mut archive = init_in(folder.path());
        let mut history: Vec<(String, Vec<Vec<String>>)> =
            (0..3).map(|n| (format!("d{n}.txt"), Vec::new())).collect();
        for n in 0..6 {
            let mut texts = Vec::new();
            for (name, states) in &mut history {
                let mut state = states.last().cloned().unwrap_or_default();
                if !state.is_empty() && next(seed).is_multiple_of(2) {
                    let at = next(seed) % state.len();
                    state.remove(at);
                }
                state.push(sentence(seed));
                texts.push((
                    name.clone(),
                    state.iter().map(|it| format!("{it}.\n\n")).collect::<String>(),
                ));
                states.push(state);
            }
            let documents: Vec<(&str, &[u8])> =
                texts.iter().map(|(name, text)| (&**name, text.as_bytes())).collect();
            add(&mut archive, n, &documents).unwrap();
            // Now and then somebody asks, so that the index grows in steps.
            if next(seed).is_multiple_of(2) {
                found(&archive, "ferry");
            }
        }
        let absent = ["ferry nowhere".to_owned(), "harbour. missing".to_owned()];
        hold(&archive, &history, &absent);
        drop(archive);
        // Missing, torn, of another time, of nobody's version.
        let file = folder.path().join(FILE);
        let whole = fs::read(&file).unwrap();
        for n in 0..4 {
            match n {
                0 => fs::remove_file(&file).unwrap(),
                1 => fs::write(&file, &whole[..whole.len() / 2]).unwrap(),
                2 => fs::write(&file, b"not a database at all, whatever its name says").unwrap(),
                _ => fs::write(&file, b"").unwrap(),
            }
            hold(&open_in(folder.path()), &history[..1.min(history.len())], &absent[..1]);
        }
        let mut archive = open_in(folder.path());
        archive.rebuild("test").unwrap();
        assert!(!file.exists());
        hold(&archive, &history, &absent);
    }
}

#[test]
fn an_index_of_another_history_is_made_anew() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = archive_of(one.path(), &["the ferry sails", "the bus waits"]);
    assert_eq!(found(&archive, "ferry"), ["text-0@1"]);
    let mut archive = archive_of(other.path(), &["the bus waits", "the ferry sails"]);
    fs::copy(one.path().join(FILE), other.path().join(FILE)).unwrap();
    assert_eq!(found(&archive, "ferry"), ["text-1@1"]);
    // An older one is brought up.
    let older = fs::read(other.path().join(FILE)).unwrap();
    add(&mut archive, 2, &[("late.txt", b"a late ferry")]).unwrap();
    assert_eq!(found(&archive, "late"), ["late.txt@1"]);
    fs::write(other.path().join(FILE), older).unwrap();
    assert_eq!(found(&archive, "late"), ["late.txt@1"]);
}

#[test]
fn what_is_withdrawn_is_in_no_index_and_what_is_copied_is_found() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.txt",
        "the zephyrous ferry of port essery sails at noon, said the board of the harbour",
    );
    sandbox
        .write("b.txt", "the bus waits at the town hall for all who have a ticket, said the board");
    sandbox.run(["add", "-q", "a.txt", "b.txt"]).expect(0);
    assert!(sandbox.run(["search", "zephyrous"]).expect(0).text().contains("a.txt@1"));
    let holds =
        |name: &str| fs::read(sandbox.store().join(name)).is_ok_and(|it| find(&it, b"zephyrous"));
    assert!(holds(FILE) || holds(&format!("{FILE}-wal")));
    sandbox.run(["copy", "copy.archive"]).expect(0);
    let there = ["--store", "copy.archive", "search", "zephyrous"];
    assert!(sandbox.run(there).expect(0).text().contains("a.txt@1"));
    let digest = sandbox.json(["show", "a.txt"])[0]["sha256"].as_str().unwrap().to_owned();
    sandbox.run(["withdraw", "a.txt", "--reason", "legal"]).expect(0);
    sandbox.run(["ls", "--hash", &digest]).expect(0).says("a.txt@1 was withdrawn: ");
    for entry in fs::read_dir(sandbox.store()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!holds(&name), "{name}");
    }
    sandbox.run(["search", "zephyrous"]).expect(1);
    assert!(sandbox.run(["search", "ticket"]).expect(0).text().contains("b.txt@1"));
    sandbox.run(["copy", "copy.archive"]).expect(0);
    let copied = sandbox.at("copy.archive").join(FILE);
    assert!(!fs::read(copied).is_ok_and(|it| find(&it, b"zephyrous")));
    sandbox.run(there).expect(1);
    // The same bytes again are a new revision, and found.
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    assert!(sandbox.run(["search", "zephyrous"]).expect(0).text().contains("a.txt@2"));
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|it| it == wanted)
}

/// Of more than 500 texts those whose names fit are known before they are met, unless more than 1,000 do.
#[test]
fn names_fit_the_same_where_few_texts_have_the_words_and_where_many_do() {
    for n_files in [40, 600, 1100] {
        let sandbox = Sandbox::new();
        for n in 0..n_files {
            sandbox.write(format!("d/{n}.txt"), format!("ferry number {n}"));
        }
        sandbox.run(["add", "-q", "d"]).expect(0);
        // A document that has the words no longer, and one that has them under another name.
        sandbox.write("d/7.txt", "another ship");
        sandbox.run(["add", "-q", "d/7.txt"]).expect(0);
        sandbox.run(["rename", "d/8.txt", "e/other.txt"]).expect(0);
        let n_found = |name: &str| {
            let name = format!("name:{name}");
            let ran = sandbox.run(["search", "--count", "ferry", &name]);
            ran.text().trim().parse::<usize>().unwrap()
        };
        let counts = ["no-such-*", "d/7.txt", "d/8.txt", "e", "3?.txt", "d", "*.txt"].map(n_found);
        assert_eq!(counts, [0, 1, 0, 1, 10, n_files - 1, n_files], "{n_files}");
        let ran = sandbox.run(["search", "ferry", "name:7.txt"]).expect(0);
        assert!(ran.text().contains("gone since"), "{}", ran.text());
    }
}

#[test]
fn filters_and_forms_of_answers_hold() {
    let sandbox = Sandbox::new();
    for (n, text) in ["the old ferry sails", "the new ferry sails"].iter().enumerate() {
        sandbox.write("a.txt", text);
        let captured = format!("2026-03-0{}", n + 1);
        sandbox
            .run([
                "add",
                "-q",
                "a.txt",
                "--captured",
                &captured,
                "--source",
                "https://wire.example/1",
            ])
            .expect(0);
    }
    sandbox.write("b.html", "<title>Ferry news</title><p>No ship sails.");
    sandbox.run(["add", "-q", "b.html", "--captured", "2026-03-05"]).expect(0);
    sandbox.run(["note", "a.txt", "+wire"]).expect(0);
    let asked = |words: &[&str], expected: &str| {
        let code = if expected.is_empty() || expected == "0" { 1 } else { 0 };
        let ran = sandbox.run([&["search", "--ids", "-n9"], words].concat()).expect(code);
        let ids: Vec<String> =
            ran.text().lines().map(|it| it.rsplit('@').next().unwrap().to_owned()).collect();
        assert_eq!(ids.join(" "), expected, "{words:?}");
    };
    // The page has the word in its title.
    asked(&["ferry"], "1 2");
    asked(&["title:ferry"], "1");
    asked(&["ferry", "tag:wire"], "2");
    asked(&["ferry", "-ship"], "2");
    asked(&["ferry", "type:html"], "1");
    asked(&["ferry", "source:https://wire.example/*"], "2");
    asked(&["ferry", "name:a.txt"], "2");
    asked(&["ferry", "name:nothing"], "");
    asked(&["ferry", "since:2026-03-03"], "1");
    asked(&["ferry", "until:2026-03-01"], "1");
    asked(&["ferry", "-since:2026-03-02"], "1");
    asked(&["ferry", "-until:2026-03-02"], "1");
    asked(&["ferry", "-until:2026-03-01", "-since:2026-03-03"], "2");
    asked(&["fer*", "-until:2026-03-05"], "");
    asked(&["old"], "1");
    asked(&["sails", "--all-revisions", "name:a.txt"], "1 2");
    asked(&["new", "--all-revisions", "-n1"], "2");
    asked(&["--regex", "fer+y", "tag:wire"], "2");
    for (words, n) in [("ferry", "2"), ("ferry OR ship", "2"), ("nowhere", "0")] {
        let code = i32::from(n == "0");
        sandbox.run(["search", "--count", words]).expect(code).answers(format!("{n}\n"));
    }
    sandbox.run(["search", "%"]).expect(1).says("'%' is not looked for");
    sandbox
        .run(["search", "ferry", "since:2020"])
        .expect(1)
        .says("since:2020 is looked for as words");
    sandbox.run(["search", "-ferry"]).expect(2).says("no word that has to stand");
    sandbox.run(["search", "--regex", "(open"]).expect(2).says("no regular expression");
}

#[test]
fn an_archive_that_cannot_be_written_answers() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "the ferry sails");
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    // A folder in the place of the file: nothing can be kept there, and nothing is removed.
    fs::create_dir(sandbox.store().join(FILE)).unwrap();
    sandbox.run(["search", "ferry"]).says("search.sqlite");
    fs::remove_dir(sandbox.store().join(FILE)).unwrap();
    std::os::unix::fs::symlink(sandbox.at("elsewhere"), sandbox.store().join(FILE)).unwrap();
    sandbox.run(["search", "ferry"]).says("search.sqlite");
    assert!(!sandbox.at("elsewhere").exists());
}

/// The catalog was said to be made anew, and was, with all that it has.
#[test]
fn an_index_that_is_torn_within_is_made_anew_and_not_the_catalog() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "the ferry sails");
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    sandbox.run(["search", "ferry"]).expect(0);
    let db = rusqlite::Connection::open(sandbox.store().join(FILE)).unwrap();
    db.execute("UPDATE words_data SET block = zeroblob(3) WHERE id > 10", []).unwrap();
    drop(db);
    let ran = sandbox.run(["search", "ferry"]).expect(0).says("the full-text index is made anew");
    assert!(!ran.err.contains("catalog"), "{}", ran.err);
    assert!(ran.text().contains("the [ferry] sails"), "{}", ran.text());
}

#[test]
fn who_cannot_write_an_archive_is_answered() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "the ferry sails");
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    sandbox.open_to_all();
    let Some(mut command) = sandbox.as_nobody(["search", "ferry"]) else { return };
    // The cache folder of nobody is the home of somebody else: nothing can be kept in it.
    let ran = Ran::of(&mut command).expect(0).says("made for this search alone");
    assert!(ran.text().contains("the [ferry] sails"), "{}", ran.text());
    assert!(!sandbox.store().join(FILE).exists());
}

#[test]
fn an_index_that_was_edited_is_said_not_to_be_checked_and_is_made_anew() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "The harbour is closed.");
    sandbox.run(["add", "-q", "a"]).expect(0);
    let says = "the full-text index, which archive rebuild makes anew";
    let audit = |sandbox: &Sandbox| {
        String::from_utf8(sandbox.run(["audit"]).expect(0).out).unwrap().contains(says)
    };
    assert!(!audit(&sandbox), "there is none");
    sandbox.run(["search", "harbour"]).expect(0);
    assert!(audit(&sandbox));
    let db = rusqlite::Connection::open(sandbox.store().join(FILE)).unwrap();
    assert_eq!(db.execute("DELETE FROM words WHERE rowid = 1", []), Ok(1));
    drop(db);
    sandbox.run(["search", "harbour"]).expect(1);
    sandbox.run(["rebuild", "-q"]).expect(0);
    sandbox.run(["search", "harbour"]).expect(0);
}

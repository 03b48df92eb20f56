//! The same bytes under several names, read as something else under each: every document is found, quoted and compared
//! by the text that it is read as, in whatever order they came.

use crate::common::{noise, sandbox::Sandbox};

/// A document: its name, and the encoding that is named.
type Named = (&'static str, Option<&'static str>);

const GUESSED: Named = ("good.txt", None);
const WRONG: Named = ("other.txt", Some("macintosh"));

/// A text of several sentences in windows-1252, without what no text in Latin letters has in common with others.
fn letter() -> Vec<u8> {
    let text = "Grüße, sagte die Bürgermeisterin im Rathaus. Die Straße über die Brücke nach Süden bleibt \
        während der Prüfung für Fußgänger geöffnet, hieß es später. Ältere Bürger möchten künftig früher hören, \
        wann die Mühle schließt und was dafür übrig bleibt.\n";
    text.chars().map(|it| it as u8).collect()
}

/// An archive of these bytes under each of these names.
fn archive_of(bytes: &[u8], documents: &[Named]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("bytes", bytes);
    for (name, encoding) in documents {
        let words = ["add", "-q", "bytes", "--as", *name].into_iter();
        let encoding = encoding.iter().flat_map(|it| ["--encoding", *it]);
        sandbox.run(words.chain(encoding)).expect(0);
    }
    sandbox
}

/// The documents in which a word is found, with what is quoted of each.
fn found(sandbox: &Sandbox, word: &str) -> Vec<(String, String)> {
    let text = |piece: &serde_json::Value| piece["text"].as_str().unwrap_or_default().to_owned();
    let hit = |line: &serde_json::Value| {
        let name = line["name"].as_str()?.to_owned();
        Some((name, line["excerpt"].as_array()?.iter().map(text).collect()))
    };
    let mut found: Vec<_> = sandbox.json(["search", word]).iter().filter_map(hit).collect();
    found.sort();
    found
}

fn names(found: Vec<(String, String)>) -> Vec<String> {
    found.into_iter().map(|(name, _)| name).collect()
}

/// What is near to a document.
fn near(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let lines = sandbox.json(["similar", name]);
    lines.iter().filter_map(|line| line["name"].as_str().map(str::to_owned)).collect()
}

/// Whether each document of the letter answers by its own text, and all say the same of it.
fn expect_own_texts(sandbox: &Sandbox, name: &str, other: &str) {
    assert_eq!(names(found(sandbox, "Bürgermeisterin")), [name]);
    assert_eq!(names(found(sandbox, "B¸rgermeisterin")), [other]);
    for (found_name, quoted) in found(sandbox, "Rathaus") {
        let own = if found_name == name { "Bürgermeisterin" } else { "B¸rgermeisterin" };
        assert!(quoted.contains(own), "{found_name}: {quoted}");
        let text = sandbox.run(["cat", "--text", &found_name]).expect(0).text();
        assert!(text.contains(own), "{found_name}: {text}");
    }
    for (own, word) in [(name, "Bürgermeisterin"), (other, "B¸rgermeisterin")] {
        let ran = sandbox.run(["log", own, "--added", word]).expect(0);
        assert!(ran.text().contains("@1"), "{own}: {}", ran.text());
    }
    assert!(sandbox.run(["dups"]).text().contains("the same content"));
    sandbox.run(["audit"]).expect(0);
}

/// A content had one text for search and comparison, that of the last revision which names an encoding: another document
/// with the same bytes was not found by its own words, was quoted in the other encoding, and no rebuild helped.
#[test]
fn bytes_in_two_encodings_are_found_by_the_text_of_each() {
    for documents in [[GUESSED, WRONG], [WRONG, GUESSED]] {
        let sandbox = archive_of(&letter(), &documents);
        let expect = || expect_own_texts(&sandbox, "good.txt", "other.txt");
        expect();
        sandbox.run(["rebuild"]).expect(0);
        expect();
        sandbox.run(["rebuild", "--text"]).expect(0);
        expect();
        sandbox.write("copy", letter());
        sandbox.run(["add", "-q", "copy", "--as", "copy.txt"]).expect(0);
        assert_eq!(near(&sandbox, "good.txt"), ["copy.txt"]);
        assert_eq!(near(&sandbox, "copy.txt"), ["good.txt"]);
        assert_eq!(near(&sandbox, "other.txt"), [""; 0]);
        let otherwise = "good.txt@1 and 1 other: the same bytes, read otherwise, as text/plain";
        sandbox.run(["similar", "other.txt"]).expect(1).says(otherwise);
    }
}

/// An encoding is named that would have been found: the bytes have two interpretations, and one text.
#[test]
fn what_is_near_is_not_said_to_be_read_otherwise() {
    let sandbox = archive_of(&letter(), &[GUESSED, ("named.txt", Some("windows-1252"))]);
    let ran = sandbox.run(["similar", "good.txt"]).expect(0).expect_quiet();
    assert!(ran.text().contains("100 %  named.txt@1"), "{}", ran.text());
    assert_eq!(found(&sandbox, "Rathaus").len(), 2);
    let groups = sandbox.run(["dups"]).expect(0).text();
    assert_eq!(groups.matches("named.txt").count(), 1, "{groups}");
}

/// Of one content as a page and as a text the page was found by words that nobody sees there.
#[test]
fn bytes_of_two_media_types_are_found_by_the_text_of_each() {
    let page = b"Of the board: <p>The harbour is closed.<p hidden>unseenword stands here.</p>";
    let documents: [Named; 2] = [("a/p.html", None), ("b/p.txt", None)];
    for order in [documents, [documents[1], documents[0]]] {
        let sandbox = archive_of(page, &order);
        for verb in ["log", "rebuild"] {
            sandbox.run([verb]).expect(0);
            assert_eq!(names(found(&sandbox, "unseenword")), ["b/p.txt"]);
            let all = found(&sandbox, "harbour");
            assert_eq!(names(all.clone()), ["a/p.html", "b/p.txt"]);
            assert!(!all[0].1.contains("<p>"), "{}", all[0].1);
            assert!(all[1].1.contains("<p>"), "{}", all[1].1);
            sandbox.run(["log", "a/p.html", "--added", "harbour is"]).expect(0);
            sandbox.run(["log", "b/p.txt", "--added", "<p>The harbour"]).expect(0);
        }
        sandbox.run(["audit"]).expect(0);
    }
}

/// Where the encoding that was named is withdrawn with the other words of its event, nothing is left of its text.
#[test]
fn a_named_encoding_that_is_withdrawn_leaves_no_text_of_its_own() {
    let sandbox = archive_of(&letter(), &[GUESSED, WRONG]);
    let event = sandbox.json(["show", "other.txt"])[0]["event"].as_u64().unwrap().to_string();
    sandbox.run(["withdraw", "--words", &event, "--reason", "error"]).expect(0);
    for _ in 0..2 {
        assert_eq!(found(&sandbox, "Bürgermeisterin").len(), 2);
        assert_eq!(found(&sandbox, "B¸rgermeisterin"), []);
        sandbox.run(["audit"]).expect(0);
        sandbox.run(["rebuild"]).expect(0);
    }
}

/// What goes with all its bytes comes back as it is read then.
#[test]
fn bytes_that_were_withdrawn_come_back_in_another_encoding() {
    let sandbox = archive_of(&letter(), &[WRONG]);
    sandbox.run(["withdraw", "other.txt", "--reason", "error"]).expect(0);
    sandbox.run(["add", "-q", "bytes", "--as", "good.txt"]).expect(0);
    for _ in 0..2 {
        assert_eq!(names(found(&sandbox, "Bürgermeisterin")), ["good.txt"]);
        assert_eq!(found(&sandbox, "B¸rgermeisterin"), []);
        sandbox.run(["audit"]).expect(0);
        sandbox.run(["rebuild"]).expect(0);
    }
    // All of the bytes go together, however they are read.
    sandbox.run(["add", "-q", "bytes", "--as", "third.txt", "--encoding", "cp866"]).expect(0);
    sandbox.run(["withdraw", "good.txt", "--reason", "error"]).expect(2).says("third.txt");
    sandbox.run(["withdraw", "good.txt", "--everywhere", "--reason", "error"]).expect(0);
    sandbox.run(["audit"]).expect(0);
    assert_eq!(found(&sandbox, "Rathaus"), []);
}

/// Types that are read alike have one text, and it costs what one costs.
#[test]
fn the_same_bytes_read_alike_are_one_text() {
    let sandbox = archive_of(
        b"The harbour is closed, they said.\n",
        &[("a.txt", None), ("b.md", None), ("c.json", None)],
    );
    assert_eq!(found(&sandbox, "harbour").len(), 3);
    let summary = sandbox.json(["search", "harbour"]).pop().unwrap();
    assert_eq!(summary["contents"].as_u64(), Some(1), "{summary}");
    sandbox.run(["audit"]).expect(0);
}

/// `diff`, `show` and `similar` read files in the encoding that is named, and archived documents that were recorded as no
/// text not, without a word.
#[test]
fn a_named_encoding_is_applied_to_what_is_recorded_as_no_text() {
    let sandbox = Sandbox::new();
    let text = "สวัสดีชาวโลก วันนี้อากาศดีมาก เราจะไปเที่ยวทะเลกัน\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    sandbox.write("wide", wide);
    sandbox.write("utf8", text);
    sandbox.write("noise", noise(3, 20_000));
    sandbox.run(["add", "-q", "wide", "utf8", "noise", "--prefix", "x"]).expect(0);
    let named = ["--encoding", "utf-16be"];
    let same = sandbox.run(["diff", "x/wide", "x/utf8"].into_iter().chain(named)).text();
    assert!(same.contains("same words; encoding"), "{same}");
    let shown = sandbox.run(["show", "x/wide"].into_iter().chain(named)).text();
    assert!(shown.contains("UTF-16BE, as named") && !shown.contains("no-reader"), "{shown}");
    sandbox.run(["similar", "x/wide"].into_iter().chain(named)).expect(0);
    // What is no text in it either is said to be none.
    let not_applied = "is no text in UTF-16BE: --encoding does nothing";
    sandbox.run(["show", "x/noise"].into_iter().chain(named)).expect(0).says(not_applied);
    sandbox.run(["diff", "x/noise", "x/utf8"].into_iter().chain(named)).says(not_applied);
}

/// `search` sent whoever asked to `show`, which had nothing to say of bytes that begin as a text and are none.
#[test]
fn why_a_text_cannot_be_looked_through_is_shown() {
    let sandbox = Sandbox::new();
    // So large that its beginning decides what it is.
    let head = "The harbour is closed, the board said.\n".repeat(110_000);
    sandbox.write("a.txt", [head.as_bytes(), &noise(4, 4_000_000)].concat());
    sandbox.run(["add", "-q", "a.txt"]).expect(0);
    sandbox.run(["search", "harbour"]).says("1 content could not be looked through");
    let shown = sandbox.run(["show", "a.txt"]).expect(0).text();
    assert!(shown.contains("text/plain") && shown.contains("unsupported, its bytes"), "{shown}");
    assert_eq!(sandbox.json(["show", "a.txt"])[0]["text"], "unsupported");
    sandbox.run(["cat", "--text", "a.txt"]).expect(1).says("is no text");
}

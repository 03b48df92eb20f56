//! What a search says of its own answer: what was not looked through, what was taken otherwise than it looks, and since
//! when words are gone.

use serde_json::Value;

use crate::{
    common::sandbox::Sandbox,
    formats::{STORY, package, relations, word},
};

/// The hits of a search, or the summary where there are none, and the summary.
fn search(sandbox: &Sandbox, words: &[&str]) -> (Vec<Value>, Value) {
    let mut lines = sandbox.json([&["search"], words].concat());
    let summary = lines.pop().unwrap();
    (lines, summary)
}

fn add(sandbox: &Sandbox, name: &str, captured: &str, text: &str, more: &[&str]) {
    sandbox.write("in.tmp", text);
    let words = ["add", "-q", "in.tmp", "--as", name, "--captured", captured];
    sandbox.run([&words, more].concat()).expect(0);
}

/// A search said that nothing was found where the words stood in what nobody could read, and that words were gone
/// which nobody had looked for.
#[test]
fn what_could_not_be_looked_through_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("broken.docx", b"PK\x03\x04 and nothing else");
    sandbox.write("a.docx", word(&STORY));
    sandbox.run(["add", "-q", "broken.docx", "a.docx"]).expect(0);
    let told = "1 content could not be looked through, since the text is missing";
    for words in [
        &["search", "nowhere"][..],
        &["search", "--regex", "nowhere"],
        &["log", "--added", "nowhere"],
        &["dups"],
        &["similar", "a.docx"],
    ] {
        sandbox.run(words).expect(1).says(told).says(": broken.docx@1, as archive show tells");
        let summary = sandbox.json(words).pop().unwrap();
        assert_eq!(summary["not_extracted"], 1, "{words:?}");
    }
    sandbox.run(["ls", "--status", "missing"]).expect(0).answers("broken.docx\n");
    sandbox.run(["ls", "--status", "ok,encrypted"]).expect(0).answers("a.docx\n");
    sandbox.run(["ls", "--status", "no-text"]).expect(1).says("no document fits");
    sandbox.run(["ls", "--status", "none"]).expect(2).says("write one of ok, ");
    // Its text is not known to lack the words that stood before.
    sandbox.write("a.docx", b"PK\x03\x04 damaged");
    sandbox.run(["add", "-q", "a.docx"]).expect(0);
    let (hits, summary) = search(&sandbox, &["autumn"]);
    assert_eq!((&hits[0]["revision"], &hits[0]["gone_since"]), (&1.into(), &Value::Null));
    assert_eq!(
        (&hits[0]["unknown_since"]["revision"], &summary["not_extracted"]),
        (&2.into(), &2.into())
    );
    let ran = sandbox.run(["search", "autumn"]).expect(0);
    assert!(ran.text().contains("not known since @2"), "{}", ran.text());
    sandbox
        .run(["log", "a.docx", "--removed", "autumn"])
        .expect(1)
        .says("could not be looked through");
    // Nor is what was withdrawn.
    sandbox.run(["withdraw", "a.docx@2", "--reason", "error"]).expect(0);
    let (hits, summary) = search(&sandbox, &["autumn"]);
    assert_eq!(hits[0]["unknown_since"]["revision"], 2);
    assert_eq!((&summary["not_extracted"], &summary["withdrawn"]), (&1.into(), &1.into()));
    sandbox.run(["search", "autumn"]).expect(0).says("1 revision was withdrawn and could not be");
    assert_eq!(search(&sandbox, &["autumn", "name:broken.docx"]).1["withdrawn"], 0);
    // What a filter leaves out is not asked for.
    for (filter, expected) in [
        ("name:broken.docx", 1),
        ("name:a.docx", 0),
        ("type:txt", 0),
        ("until:2001-01-01", 0),
        ("since:2001-01-01", 1),
    ] {
        for how in [&[][..], &["--regex"]] {
            let summary = search(&sandbox, &[&["nowhere", filter], how].concat()).1;
            assert_eq!(summary["not_extracted"], expected, "{filter} {how:?}");
        }
    }
}

/// Words that were in no part of a damaged file that could be read counted as removed, and as added when they came back.
#[test]
fn what_is_not_whole_has_lost_nothing() {
    let sandbox = Sandbox::new();
    let words: Vec<String> = (0..3000).map(|n| format!("word{} of {n}", n * 7919 % 3001)).collect();
    let mut words: Vec<&str> = words.iter().map(|it| &it[..]).collect();
    words.push("theverylast");
    let whole = word(&words);
    let add = |bytes: &[u8], day: u32| {
        sandbox.write("l.docx", bytes);
        let captured = format!("2026-03-0{day}");
        sandbox.run(["add", "-q", "l.docx", "--captured", &captured]).expect(0);
    };
    add(&whole, 1);
    add(&whole[..whole.len() / 2], 2);
    assert_eq!(sandbox.json(["show", "l.docx"])[0]["text"], "broken");
    let log = |fate: &str| -> Vec<u64> {
        let lines = sandbox.json(["log", "l.docx", fate, "theverylast"]);
        lines.iter().filter_map(|it| it["revision"].as_u64()).collect()
    };
    assert_eq!((log("--removed"), log("--added")), (vec![], vec![1]));
    add(&whole, 3);
    assert_eq!((log("--removed"), log("--added")), (vec![], vec![1]));
    let gone = sandbox.json(["blame", "--gone", "l.docx@2"]);
    assert!(gone.iter().all(|it| it["type"] != "gone"));
    let blamed = sandbox.json(["blame", "l.docx"]);
    let brought_by = blamed.iter().filter_map(|it| it["brought_by"]["revision"].as_u64());
    assert!(brought_by.clone().count() == 3001 && brought_by.clone().all(|it| it == 1));
}

/// Where texts were left for later, `log` said that no revision was found, and `similar` that there was no text.
#[test]
fn what_was_left_for_later_is_no_answer() {
    let sandbox = Sandbox::new();
    sandbox.write("n.docx", word(&STORY));
    sandbox.run(["add", "-q", "n.docx"]).expect(0);
    sandbox.write("n.docx", word(&["Pets are welcome."]));
    sandbox.run(["add", "-q", "--no-text", "n.docx"]).expect(0);
    let told = "1 content has not been read yet: archive rebuild --text --status not-read";
    sandbox.run(["log", "n.docx", "--removed", "autumn"]).expect(1).says(told);
    sandbox.run(["log", "--added", "pets"]).expect(1).says(told);
    let reads = "it has not been read yet: archive rebuild --text --status not-read";
    for words in
        [&["similar", "n.docx@2"][..], &["similar", "n.docx"], &["similar", "n.docx@1", "n.docx"]]
    {
        sandbox.run(words).expect(1).says(reads);
    }
    sandbox.run(["blame", "n.docx"]).expect(1).says("n.docx@2 has not been read yet: ");
    sandbox.run(["rebuild", "-q", "--text", "--status", "not-read"]).expect(0);
    sandbox.run(["log", "n.docx", "--removed", "autumn"]).expect(0);
}

#[test]
fn filters_leave_out_and_what_is_none_is_told() {
    let sandbox = Sandbox::new();
    add(&sandbox, "uno.txt", "2026-01-01", "a walrus fish", &["--source", "https://a.example/1"]);
    add(&sandbox, "due.html", "2026-01-02", "<p>a walrus", &["--source", "https://b.example/2"]);
    sandbox.run(["note", "-q", "uno.txt", "+bird"]).expect(0);
    for (filter, expected) in [
        ("-tag:bird", "due.html"),
        ("-tag:fish", "both"),
        ("-type:html", "uno.txt"),
        ("-name:uno.txt", "due.html"),
        ("-source:https://a.example/*", "due.html"),
        ("-since:2026-01-02", "uno.txt"),
        ("-until:2026-01-01", "due.html"),
        ("tag:bird", "uno.txt"),
    ] {
        let (hits, _) = search(&sandbox, &["walrus", filter]);
        let names: Vec<&str> = hits.iter().map(|it| it["name"].as_str().unwrap()).collect();
        match expected {
            "both" => assert_eq!(names.len(), 2, "{filter}"),
            expected => assert_eq!(names, [expected], "{filter}"),
        }
    }
    let (hits, summary) = search(&sandbox, &["walrus", "-since:never"]);
    assert_eq!((hits.len(), &summary["as_words"][0]), (2, &"-since:never".into()));
    let (hits, summary) = search(&sandbox, &["fish", "OR", "type:html"]);
    assert_eq!((hits.len(), &summary["beside_or"][0]), (0, &"type:html".into()));
    assert_eq!(search(&sandbox, &["fare OR title:"]).1["as_words"][0], "title:");
    let said = "OR is looked for as words: nothing stands on one side of it";
    sandbox.run(["search", "fare OR"]).expect(1).says(said);
    sandbox.run(["search", "fish OR type:html"]).expect(1).says("type:html restricts the whole");
    let many: Vec<String> = (0..201).map(|n| format!("w{n}")).collect();
    let (_, summary) = search(&sandbox, &[&many.join(" OR ")]);
    assert_eq!(summary["not_looked_for"][0], "w200");
}

/// Of a document with two revisions those filters are asked of the one that has the words that say something of it.
#[test]
fn filters_are_asked_of_the_revision_that_has_the_words() {
    let sandbox = Sandbox::new();
    add(&sandbox, "a", "2026-01-01", "only here kestrel", &["--source", "https://old.example/"]);
    let page = "<!DOCTYPE html><html><body><p>nothing of it";
    add(&sandbox, "a", "2026-02-01", page, &["--source", "https://new.example/"]);
    for (filter, n) in [
        ("type:text/plain", 1),
        ("type:html", 0),
        ("since:2026-02-01", 0),
        ("until:2026-01-31", 1),
        ("source:https://old.example/", 1),
        ("source:https://new.example/", 0),
        ("-source:https://new.example/", 1),
    ] {
        assert_eq!(search(&sandbox, &["kestrel", filter]).0.len(), n, "{filter}");
    }
}

/// The word still stood in the revision since which it was said to be gone.
#[test]
fn what_must_not_stand_there_is_none_of_the_words_that_are_gone() {
    let sandbox = Sandbox::new();
    add(&sandbox, "z.txt", "2026-01-01", "zinnober red", &[]);
    add(&sandbox, "z.txt", "2026-02-01", "zinnober red blue", &[]);
    let (hits, _) = search(&sandbox, &["zinnober", "-blue"]);
    assert_eq!((&hits[0]["revision"], &hits[0]["gone_since"]), (&1.into(), &Value::Null));
    add(&sandbox, "z.txt", "2026-03-01", "nothing", &[]);
    let (hits, _) = search(&sandbox, &["zinnober", "-blue"]);
    assert_eq!(hits[0]["gone_since"]["revision"], 3);
    let (hits, _) = search(&sandbox, &["zinnober", "-blue", "--all-revisions"]);
    assert_eq!((hits.len(), &hits[0]["gone_since"]["revision"]), (1, &3.into()));
}

#[test]
fn what_stands_in_the_title_alone_is_shown_there() {
    let sandbox = Sandbox::new();
    let document = "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>\
        <w:p><w:r><w:t>The harbour is closed.</w:t></w:r></w:p></w:body></w:document>";
    let core = "<c:coreProperties xmlns:c=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
        xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>News of the titleprop</dc:title></c:coreProperties>";
    let relations = relations("officeDocument", "word/document.xml");
    let parts = [
        ("_rels/.rels", &relations[..]),
        ("word/document.xml", document),
        ("docProps/core.xml", core),
    ];
    sandbox.write("p.docx", package(&parts));
    sandbox.run(["add", "-q", "p.docx"]).expect(0);
    for words in [&["titleprop"][..], &["--regex", "title?prop"]] {
        let (hits, _) = search(&sandbox, words);
        let title = hits[0]["title"].as_array().unwrap();
        assert_eq!(
            title.last().unwrap(),
            &serde_json::json!({"text": "titleprop", "marked": true})
        );
        assert_eq!((&hits[0]["excerpt"], &hits[0]["line"]), (&serde_json::json!([]), &Value::Null));
        let ran = sandbox.run([&["search"], words].concat()).expect(0);
        assert!(ran.text().contains("title: News of the [titleprop]"), "{}", ran.text());
    }
    assert_eq!(search(&sandbox, &["harbour"]).0[0]["title"], Value::Null);
}

#[test]
fn json_says_where_bytes_are_already() {
    let sandbox = Sandbox::new();
    add(&sandbox, "one.txt", "2026-01-01", "the same", &[]);
    sandbox.write("two.txt", "the same");
    let lines = sandbox.json(["add", "-n", "two.txt"]);
    let line = lines.iter().find(|it| it["type"] == "already_there").unwrap();
    assert_eq!((&line["name"], &line["there"]), (&"two.txt".into(), &"one.txt".into()));
}

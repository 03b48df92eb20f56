//! Containers: what lies in WARC, ARC, mailboxes, ZIP and TAR is documents, once, and hostile ones harm nobody.

use std::{
    io::{Cursor, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
};

use docarchive::internals::container::{
    Body, Contained, ContainerKind, InnerDocument, Limits, MemberName,
};
use flate2::{Compression, write::GzEncoder};
use sha1::{Digest as _, Sha1};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::common::{draw::mutant, is_slow, sandbox::Sandbox};

/// Mutants of each format.
fn n_mutants() -> u64 {
    if is_slow() { 300 } else { 40 }
}

/// A record of a WARC file.
fn record(kind: &str, fields: &[(&str, &str)], block: &[u8]) -> Vec<u8> {
    let mut head = format!("WARC/1.0\r\nWARC-Type: {kind}\r\n");
    fields.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    head.push_str(&format!("Content-Length: {}\r\n\r\n", block.len()));
    [head.as_bytes(), block, b"\r\n\r\n"].concat()
}

fn sha1(bytes: &[u8]) -> String {
    let hex: String = Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha1:{hex}")
}

fn response(url: &str, date: &str, (head, body): (&str, &[u8])) -> Vec<u8> {
    let block = [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat();
    let (of_block, of_body) = (sha1(&block), sha1(body));
    let fields = [
        ("WARC-Target-URI", url),
        ("WARC-Date", date),
        ("Content-Type", "application/http; msgtype=response"),
        ("WARC-Block-Digest", &of_block[..]),
        ("WARC-Payload-Digest", &of_body),
    ];
    record("response", &fields, &block)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Each record a member of its own.
fn compressed(records: &[Vec<u8>]) -> Vec<u8> {
    records.iter().flat_map(|it| gzip(it)).collect()
}

fn page(n: u32) -> Vec<u8> {
    format!(
        "<html><body><p>The ferry of day {n} sails at noon, and not before that.</p></body></html>"
    )
    .into_bytes()
}

/// Two pages, one of them twice and not in the order of time, and one that was the same again.
fn crawl() -> Vec<Vec<u8>> {
    let (first, second) = (page(1), page(2));
    let digest = sha1(&first);
    vec![
        record("warcinfo", &[("WARC-Date", "2026-03-01T00:00:00Z")], b"software: none\r\n"),
        response("https://e.example/a", "2026-03-03T00:00:00Z", ("200 OK", &second)),
        record(
            "request",
            &[("WARC-Target-URI", "https://e.example/a")],
            b"GET /a HTTP/1.1\r\n\r\n",
        ),
        response("https://e.example/a", "2026-03-02T00:00:00Z", ("200 OK", &first)),
        response("https://e.example/b/", "2026-03-02T00:00:01Z", ("404 Not Found", b"gone")),
        record(
            "revisit",
            &[
                ("WARC-Target-URI", "https://e.example/a"),
                ("WARC-Date", "2026-03-04T00:00:00Z"),
                ("WARC-Payload-Digest", &digest),
                (
                    "WARC-Profile",
                    "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest",
                ),
            ],
            b"",
        ),
    ]
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tar_entry(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut head = [0; 512];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
    head[136..147].copy_from_slice(format!("{:011o}", 1_700_000_000).as_bytes());
    head[156] = kind;
    head[257..263].copy_from_slice(b"ustar\0");
    head[148..156].fill(b' ');
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let padding = vec![0; bytes.len().wrapping_neg() % 512];
    [&head[..], bytes, &padding].concat()
}

fn tar(entries: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let entries = entries.iter().flat_map(|(name, kind, bytes)| tar_entry(name, *kind, bytes));
    entries.chain([0; 1024]).collect()
}

const MAIL: &str = "Message-ID: <1@e.example>\nSubject: Plan\nMIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=x\n\n--x\n\nSee the plan.\n--x\n\
    Content-Type: text/csv; name=plan.csv\nContent-Disposition: attachment; filename=\"../plan.csv\"\n\
    Content-Transfer-Encoding: base64\n\nYTtiCjE7Mgo=\n--x\n\
    Content-Type: text/csv\nContent-Disposition: attachment; filename=plan.csv\n\nc;d\n--x--\n";

fn mailbox() -> String {
    format!(
        "From a@e.example Mon Mar  2 10:00:00 2026\n{MAIL}\nFrom b@e.example Tue Mar  3 10:00:00 2026\n\
         Subject: Two\nMessage-ID: <2@e.example>\n\nOnly words.\n\n"
    )
}

/// The names of all documents.
fn names(sandbox: &Sandbox) -> Vec<String> {
    let lines = sandbox.json(["ls"]);
    let of = lines.iter().filter(|line| line["type"] == "document");
    of.map(|line| line["name"].as_str().unwrap().to_owned()).collect()
}

fn first_line(sandbox: &Sandbox, words: &[&str]) -> serde_json::Value {
    sandbox.json(words)[0].clone()
}

#[test]
fn each_response_is_a_document_with_its_revisions_in_order_of_time() {
    let sandbox = Sandbox::new();
    for (name, bytes) in [
        ("crawl.warc", crawl().concat()),
        ("crawl.warc.gz", compressed(&crawl())),
        ("one.gz", gzip(&crawl().concat())),
    ] {
        sandbox.write(name, bytes);
        let ran = sandbox.run(["add", "-n", name]).expect(0);
        ran.says("2 new documents, 2 new revisions")
            .says("4 documents, 2 records without a document");
    }
    let said = "crawl.warc: 4 documents, 2 records without a document";
    sandbox.run(["add", "crawl.warc"]).expect(0).says(said);
    assert_eq!(names(&sandbox), ["https:/e.example/a", "https:/e.example/b/_"]);
    // As the address is written, too.
    sandbox.run(["cat", "https://e.example/a@1"]).expect(0).answers(page(1));
    sandbox.run(["cat", "https://e.example/a@2"]).expect(0).answers(page(2));
    sandbox.run(["cat", "https://e.example/a@3"]).expect(0).answers(page(1));
    let shown = first_line(&sandbox, &["show", "https://e.example/a@1"]);
    assert_eq!(shown["captured"], "2026-03-02T00:00:00Z");
    assert_eq!(shown["source"], "https://e.example/a");
    assert_eq!(shown["note"], "from crawl.warc");
    let shown = first_line(&sandbox, &["show", "https:/e.example/b/_"]);
    assert_eq!(shown["note"], "from crawl.warc; HTTP 404");
    let again = sandbox.run(["add", "crawl.warc"]).expect(0);
    again.says("0 new documents, 0 new revisions, 4 unchanged");
    sandbox.run(["audit"]).expect(0);
}

#[test]
fn what_is_asked_for_goes_before_what_the_file_says() {
    let sandbox = Sandbox::new();
    sandbox.write("crawl.warc.gz", compressed(&crawl()[4..5]));
    let words = [
        "add",
        "crawl.warc.gz",
        "--source",
        "S",
        "--note",
        "N",
        "--captured",
        "2026-05-01",
        "--prefix",
        "p",
    ];
    sandbox.run(words).expect(0);
    let shown = first_line(&sandbox, &["show", "p/https:/e.example/b/_"]);
    assert_eq!(
        (&shown["source"], &shown["note"]),
        (&"S".into(), &"N; from crawl.warc.gz; HTTP 404".into())
    );
    assert_eq!(shown["captured"], "2026-05-01T00:00:00Z");
    sandbox.run(["add", "crawl.warc.gz", "--as", "c"]).expect(0);
    sandbox.write("m.jsonl", "{\"path\":\"crawl.warc.gz\",\"note\":\"M\",\"name\":\"m\"}\n{\"path\":\"crawl.warc.gz\",\"tags\":[\"t\"]}\n");
    sandbox.run(["add", "--manifest", "m.jsonl"]).expect(0);
    let expected = [
        "c/https:/e.example/b/_",
        "https:/e.example/b/_",
        "m/https:/e.example/b/_",
        "p/https:/e.example/b/_",
    ];
    assert_eq!(names(&sandbox), expected);
    assert_eq!(sandbox.run(["ls", "--tag", "t"]).expect(0).text().lines().count(), 1);
}

#[test]
fn what_bodies_were_sent_in_is_undone() {
    let sandbox = Sandbox::new();
    let plain = page(7);
    let packed = gzip(&plain);
    let chunked =
        [format!("{:x}\r\n", packed.len()).as_bytes(), &packed, b"\r\n0\r\n\r\n"].concat();
    let date = "2026-03-02T00:00:00Z";
    let head = "200 OK\r\nContent-Encoding: gzip";
    sandbox.write(
        "x.warc",
        [
            response("http://e.example/1", date, (head, &packed)),
            response(
                "http://e.example/2",
                date,
                (&format!("{head}\r\nTransfer-Encoding: chunked"), &chunked),
            ),
            response("http://e.example/3", date, (head, &plain)),
            response("http://e.example/4", date, ("200 OK\r\nTransfer-Encoding: chunked", &plain)),
            response("http://e.example/5", date, ("200 OK\r\nContent-Encoding: compress", b"kept")),
            response(
                "http://e.example/6",
                date,
                (
                    "200 OK\r\nContent-Type: text/html; charset=koi8-r",
                    b"\xf0\xd2\xc9\xd7\xc5\xd4, \xcd\xc9\xd2",
                ),
            ),
            response("http://e.example/7", date, (head, &packed[2..])),
            response(
                "http://e.example/8",
                date,
                ("200 OK\r\nTransfer-Encoding: chunked", b"4\r\nWiki\r\nno\r\n"),
            ),
        ]
        .concat(),
    );
    sandbox.run(["add", "x.warc"]).expect(0);
    for n in 1..=4 {
        sandbox.run(["cat", &format!("http:/e.example/{n}")]).expect(0).answers(&plain);
    }
    for (n, why) in [
        (5, "compress: compress is not known here"),
        (7, "gzip: its compressed bytes are damaged"),
        (8, "chunks: a chunk has no length"),
    ] {
        let shown = first_line(&sandbox, &["show", &format!("http:/e.example/{n}")]);
        assert_eq!(shown["note"], format!("from x.warc; kept as it was sent, in {why}"));
    }
    let shown = first_line(&sandbox, &["show", "http:/e.example/3"]);
    assert_eq!(shown["note"], "from x.warc");
    let text = sandbox.run(["cat", "--text", "http:/e.example/6"]).expect(0);
    assert_eq!(text.text().trim(), "Привет, мир");
}

#[test]
fn digests_are_checked() {
    let sandbox = Sandbox::new();
    let date = ("WARC-Date", "2026-03-02T00:00:00Z");
    let (right, wrong) = (sha1(b"words"), sha1(b"other"));
    let one = |n: u32, of_block: &str, of_payload: &str| {
        let url = format!("http://e.example/{n}");
        let fields = [
            ("WARC-Target-URI", &url[..]),
            date,
            ("WARC-Block-Digest", of_block),
            ("WARC-Payload-Digest", of_payload),
        ];
        record("resource", &fields, b"words")
    };
    sandbox.write(
        "x.warc",
        [
            one(1, &right, &right),
            one(2, &wrong, &right),
            one(3, &right, &wrong),
            one(4, "", &wrong),
            one(5, "md5:x", ""),
        ]
        .concat(),
    );
    let ran = sandbox.run(["add", "x.warc"]).expect(3);
    let ran =
        ran.says("record 2 at byte").says("http://e.example/2: its bytes do not have the digest");
    let ran = ran.says("doubtful x.warc: http:/e.example/3: its payload does not have the digest");
    ran.says("http://e.example/4: its payload does not").says("2 not read, 1 doubtful");
    let expected = ["http:/e.example/1", "http:/e.example/3", "http:/e.example/5"];
    assert_eq!(names(&sandbox), expected);
    let lines = sandbox.json(["add", "x.warc"]);
    let kinds: Vec<_> =
        lines.iter().map(|it| (it["type"].as_str().unwrap(), it["status"].as_str())).collect();
    assert!(
        kinds.contains(&("added", Some("doubtful"))) && kinds.contains(&("unpacked", None)),
        "{kinds:?}"
    );
}

#[test]
fn a_revisit_goes_by_what_it_refers_to() {
    let sandbox = Sandbox::new();
    sandbox.write("1.warc", crawl()[3].clone());
    let refers = |uri: &str| {
        record(
            "revisit",
            &[
                ("WARC-Target-URI", "https://e.example/copy"),
                ("WARC-Date", "2026-04-01T00:00:00Z"),
                ("WARC-Payload-Digest", "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"),
                ("WARC-Refers-To-Target-URI", uri),
                ("WARC-Refers-To-Date", "2026-03-02T00:00:00Z"),
            ],
            b"HTTP/1.1 200 OK\r\n\r\n",
        )
    };
    sandbox.write(
        "2.warc",
        [refers("https://e.example/a"), refers("https://e.example/unknown")].concat(),
    );
    for words in [&["add", "2.warc"][..], &["add", "-n", "2.warc"]] {
        let ran = sandbox.run(words).expect(3).says("2 not read");
        ran.says("https:/e.example/copy: it is the same as an earlier capture, which the archive does not have");
    }
    sandbox.run(["add", "1.warc"]).expect(0);
    sandbox.run(["add", "-n", "2.warc"]).expect(3).says("1 new document");
    sandbox.run(["add", "2.warc"]).expect(3).says("1 new document").says("1 not read");
    sandbox.run(["cat", "https://e.example/copy"]).expect(0).answers(page(1));
    // The same page once more is no revision; that it was seen is recorded.
    let same = record(
        "revisit",
        &[
            ("WARC-Target-URI", "https://e.example/a"),
            ("WARC-Date", "2026-04-02T00:00:00Z"),
            ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/server-not-modified"),
        ],
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
    );
    sandbox.write("3.warc", same);
    sandbox.run(["add", "3.warc"]).expect(0).says("1 seen again");
    sandbox.run(["add", "3.warc"]).expect(0).says("1 unchanged");
    sandbox.run(["audit"]).expect(0);
}

#[test]
fn damage_costs_the_records_that_it_touches() {
    let date = "2026-03-02T00:00:00Z";
    let pages: Vec<_> = (0..5)
        .map(|n| response(&format!("http://e.example/{n}"), date, ("200 OK", &page(n))))
        .collect();
    let members: Vec<_> = pages.iter().map(|it| gzip(it)).collect();
    let mut broken = members.clone();
    let middle = broken[2].len() / 2;
    broken[2][middle..middle + 8].fill(0x55);
    let mut plain = pages.clone();
    plain[2][..4].copy_from_slice(b"XXXX");
    let cut = members.concat();
    for (name, bytes, n_read) in [
        ("broken.warc.gz", broken.concat(), 4),
        ("cut.warc.gz", cut[..cut.len() - 9].to_vec(), 4),
        ("plain.warc", plain.concat(), 4),
        ("cut.warc", pages.concat()[..pages.concat().len() - 40].to_vec(), 4),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write(name, bytes);
        sandbox.write("other.txt", "other words");
        let ran = sandbox.run(["add", name, "other.txt"]).expect(3);
        let ran = ran.says(&format!("cannot read {name}: record "));
        ran.says(&format!("{name}: {n_read} documents")).says("1 not read");
        assert_eq!(names(&sandbox).len(), n_read + 1, "{name}");
    }
}

/// Behind two damaged members that stand beside each other the second one was found again and again, 100,000 times, and
/// nothing behind it.
#[test]
fn each_damaged_member_is_told_once() {
    let date = "2026-03-02T00:00:00Z";
    let pages: Vec<_> = (0..5)
        .map(|n| gzip(&response(&format!("http://e.example/{n}"), date, ("200 OK", &page(n)))))
        .collect();
    let head = "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Type: application/warc-fields";
    let mut without_sum = gzip(head.as_bytes());
    let n_bytes = without_sum.len();
    without_sum[n_bytes - 8..].fill(0);
    let junk = [&without_sum[..], &[b'x'; 300]].concat();
    for damaged in [&without_sum, &junk] {
        for n_damaged in 1..4 {
            let sandbox = Sandbox::new();
            sandbox.write("x.warc.gz", [damaged.repeat(n_damaged), pages.concat()].concat());
            let ran = sandbox.run(["add", "x.warc.gz"]).expect(3).says("x.warc.gz: 5 documents");
            ran.says(&format!("{n_damaged} not read"));
        }
    }
}

#[test]
fn arc_files_are_read_and_what_is_no_container_is_one_document() {
    let sandbox = Sandbox::new();
    let block = "HTTP/1.0 200 OK\r\n\r\nwords of an arc";
    let arc = format!(
        "filedesc://x.arc 0.0.0.0 20260302101112 text/plain 5\n1 0 X\n\
         http://e.example/a b 10.0.0.1 20260302101112 text/html {}\n{block}\n",
        block.len()
    );
    sandbox.write("x.bin", &arc);
    sandbox.write("y.arc.gz", gzip(arc.as_bytes()));
    sandbox.run(["add", "x.bin"]).expect(0).says("x.bin: 1 document, 1 record without");
    sandbox.run(["add", "y.arc.gz"]).expect(0).says("1 seen again");
    sandbox.run(["cat", "http:/e.example/a b"]).expect(0).answers("words of an arc");
    // The bytes decide.
    sandbox.write("z.warc", zipped(&[("a.txt", b"words")]));
    sandbox.write("empty.warc", "");
    sandbox.write("words.warc.gz", gzip(b"words"));
    sandbox.write("torn.warc.gz", &gzip(&crawl().concat())[..20]);
    sandbox
        .run(["add", "z.warc", "empty.warc", "words.warc.gz", "torn.warc.gz"])
        .expect(0)
        .says("4 new documents");
    sandbox.run(["add", "--unpack", "foo", "x.bin"]).expect(2).says("auto, all, none");
}

#[test]
fn zip_and_tar_are_unpacked_when_asked() {
    let sandbox = Sandbox::new();
    let inner = zipped(&[("deep.txt", b"deep words")]);
    let zip = zipped(&[
        ("d/a.txt", b"words of a"),
        ("../up.txt", b"up"),
        ("/etc/passwd", b"root"),
        ("in.zip", &inner),
    ]);
    let tar = tar(&[
        ("t/", b'5', b""),
        ("t/a.txt", b'0', b"words in tar"),
        ("t/l", b'2', b""),
        ("t/a.txt", b'0', b"a second"),
    ]);
    sandbox.write("x.zip", zip);
    sandbox.write("y.tar", &tar);
    sandbox.write("z.tgz", gzip(&tar));
    sandbox.write(
        "report.docx",
        zipped(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")]),
    );
    sandbox.write(
        "report",
        zipped(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")]),
    );
    sandbox.run(["add", "x.zip", "y.tar"]).expect(0).says("2 new documents");
    let words =
        ["add", "--unpack", "all", "x.zip", "y.tar", "z.tgz", "report.docx", "report", "-v"];
    let ran = sandbox.run(words).expect(3);
    let ran = ran.says("../up.txt: its name leads out of the container");
    let ran = ran.says("/etc/passwd: its name begins at the root of a disk");
    ran.says("t/l: a link in an archive is not followed").says("x.zip: 2 documents");
    let expected = [
        "report",
        "report.docx",
        "x.zip",
        "x.zip/d/a.txt",
        "x.zip/in.zip/deep.txt",
        "y.tar",
        "y.tar/t/a (2).txt",
        "y.tar/t/a.txt",
        "z.tgz/t/a (2).txt",
        "z.tgz/t/a.txt",
    ];
    assert_eq!(names(&sandbox), expected);
    sandbox.run(["cat", "y.tar/t/a (2).txt"]).expect(0).answers("a second");
    sandbox.run(words).expect(3).says("0 new documents, 0 new revisions, 8 unchanged");
    sandbox
        .run(["add", "-", "--as", "x", "--unpack", "all"])
        .expect(2)
        .says("standard input is one document");
}

#[test]
fn mails_and_what_is_attached_to_them_are_documents() {
    let sandbox = Sandbox::new();
    sandbox.write("in/box", mailbox());
    sandbox.write("in/a.eml", MAIL);
    sandbox.run(["add", "in", "--unpack", "none"]).expect(0).says("2 new documents");
    sandbox.run(["add", "in"]).expect(0).says("in/box: 4 documents").says("6 new documents");
    let expected = [
        "in/a.eml",
        "in/a.eml/plan (2).csv",
        "in/a.eml/plan.csv",
        "in/box",
        "in/box/1@e.example.eml",
        "in/box/1@e.example.eml/plan (2).csv",
        "in/box/1@e.example.eml/plan.csv",
        "in/box/2@e.example.eml",
    ];
    assert_eq!(names(&sandbox), expected);
    sandbox.run(["cat", "in/a.eml/plan.csv"]).expect(0).answers("a;b\n1;2\n");
    let shown = first_line(&sandbox, &["show", "in/box/1@e.example.eml/plan.csv"]);
    assert_eq!(shown["note"], "attached to in/box/1@e.example.eml");
    sandbox.run(["add", "in"]).expect(0).says("0 new documents, 0 new revisions");
}

#[test]
fn containers_that_are_tracked_hold_their_documents() {
    let sandbox = Sandbox::new();
    sandbox.write("in/crawl.warc", crawl()[1..5].concat());
    sandbox.write("in/x.zip", zipped(&[("a.txt", b"words of a"), ("b.txt", b"words of b")]));
    sandbox.write("in/box", mailbox());
    sandbox.run(["add", "--track", ".", "--unpack", "all"]).expect(0).says("8 new documents");
    for mode in ["all", "auto", "none"] {
        let ran = sandbox.run(["add", "-n", "--track", ".", "--unpack", mode]).expect(0);
        assert!(!ran.err.contains("gone"), "{mode}: {}", ran.err);
        let ran = sandbox.run(["add", "-n", "--track", "in", "--unpack", mode]).expect(0);
        assert!(!ran.err.contains("gone"), "{mode}: {}", ran.err);
    }
    sandbox
        .run(["add", "--track", ".", "--unpack", "all"])
        .expect(0)
        .says("0 new documents, 0 new revisions");
    sandbox.write("in/x.zip", zipped(&[("a.txt", b"words of a")]));
    sandbox.run(["add", "--track", ".", "--unpack", "all"]).expect(0).says("1 gone");
}

/// What a container gives within these limits: how many members, and the reasons why others were refused.
fn taken(bytes: &[u8], limits: Limits) -> (usize, u64, Vec<String>) {
    let body = Body::of_bytes(bytes.to_vec());
    let (mut n, mut n_bytes, mut refused) = (0, 0, Vec::new());
    let Some(kind) = ContainerKind::of_body(&body).unwrap() else { return (n, n_bytes, refused) };
    let mut container = kind.open(&body, limits, tempfile::tempfile);
    while let Some(found) = container.next() {
        match found {
            Contained::InnerDocument(InnerDocument { name, body, .. }) => {
                n += 1;
                n_bytes += body.n_bytes();
                if let MemberName::Inner(name) = name {
                    assert!(
                        !name
                            .split(|byte| *byte == b'/')
                            .any(|part| part == b".." || part.is_empty())
                    );
                }
            }
            Contained::Refused { why, .. } => refused.push(why.to_string()),
            Contained::Again(_) | Contained::Without => {}
        }
        assert!(n + refused.len() < 100_000, "it has no end");
    }
    (n, n_bytes, refused)
}

#[test]
fn limits_of_number_size_and_ratio_are_named() {
    let small = Limits { member_bytes: 1000, ratio: 10, bytes_more: 100_000, members: 3 };
    let files: Vec<_> = ["a", "b", "c", "d"].map(|name| (name, &b"words"[..])).into();
    let (n, _, refused) = taken(&zipped(&files), small);
    assert_eq!((n, &refused[0][..]), (3, "it has more than 3 files"));
    let entries: Vec<_> = files.iter().map(|(name, bytes)| (*name, b'0', *bytes)).collect();
    let (n, _, refused) = taken(&tar(&entries), small);
    assert_eq!((n, &refused[0][..]), (3, "it has more than 3 files"));
    let large = vec![b'x'; 2000];
    let (n, _, refused) = taken(&zipped(&[("a", &large), ("b", b"words")]), small);
    assert_eq!((n, &refused[0][..]), (1, "it has more than 1000 bytes"));
    let bomb = vec![0; 3_000_000];
    let wide = Limits { member_bytes: 1 << 30, ..small };
    for bytes in [
        zipped(&[("a", &bomb)]),
        gzip(&tar(&[("a", b'0', &bomb)])),
        gzip(&response("http://e.example/", "2026-03-02T00:00:00Z", ("200 OK", &bomb))),
    ] {
        let (n, n_bytes, refused) = taken(&bytes, wide);
        assert_eq!((n, n_bytes), (0, 0));
        assert!(refused[0].contains("more than 10 times its size"), "{refused:?}");
        assert_eq!(refused.len(), 1, "{refused:?}");
    }
    // Of what is left behind it, it is said that it was not read.
    let (n, _, refused) = taken(&zipped(&[("a", &bomb), ("b", b"words"), ("c", b"more")]), wide);
    assert_eq!((n, refused.len()), (0, 2), "{refused:?}");
}

#[test]
fn containers_in_containers_end_somewhere() {
    let mut bytes = zipped(&[("a.txt", b"words at the bottom")]);
    for _ in 0..12 {
        bytes = zipped(&[("in.zip", &bytes)]);
    }
    let sandbox = Sandbox::new();
    sandbox.write("x.zip", bytes);
    let ran = sandbox.run(["add", "--unpack", "all", "x.zip"]).expect(3);
    ran.says("containers lie too deep in one another").says("1 new document").says("1 doubtful");
}

fn examples() -> Vec<(&'static str, Vec<u8>)> {
    let files: [(&str, &[u8]); 3] =
        [("a/b.txt", b"words"), ("c.txt", &[b'x'; 3000]), ("d.bin", &[7; 700])];
    let tarred = tar(&files.map(|(name, bytes)| (name, b'0', bytes)));
    let arc = "filedesc://x.arc 0.0.0.0 20260302101112 text/plain 5\n1 0 X\n\
        http://e.example/a 10.0.0.1 20260302101112 text/html 5\nwords\n\
        http://e.example/b 10.0.0.1 20260302101113 text/html 5\nwords\n";
    vec![
        ("x.warc", crawl().concat()),
        ("x.warc.gz", compressed(&crawl())),
        ("x.arc", arc.as_bytes().to_vec()),
        ("x.arc.gz", gzip(arc.as_bytes())),
        ("x.mbox", mailbox().into_bytes()),
        ("x.zip", zipped(&files)),
        ("x.tar", tarred.clone()),
        ("x.tar.gz", gzip(&tarred)),
    ]
}

#[test]
fn no_mutant_makes_a_container_panic_or_grow() {
    let limits = Limits { member_bytes: 1 << 20, ratio: 50, bytes_more: 1 << 20, members: 1000 };
    for (name, bytes) in examples() {
        for seed in 0..n_mutants() {
            let mutant = mutant(&bytes, seed, b'/');
            let read = catch_unwind(AssertUnwindSafe(|| taken(&mutant, limits)));
            let (_, n_bytes, _) = read.unwrap_or_else(|_| panic!("{name}, mutant {seed}"));
            assert!(n_bytes <= 4 * (mutant.len() as u64 * 50 + (1 << 20)), "{name}, mutant {seed}");
        }
    }
}

#[test]
fn the_program_survives_mutants_of_containers() {
    let sandbox = Sandbox::new();
    for (name, bytes) in examples() {
        for seed in 0..n_mutants() / 10 {
            sandbox.write(format!("in/{seed}{name}"), mutant(&bytes, 5000 + seed, b'/'));
        }
    }
    sandbox.write("in/other.txt", "other words");
    let code = sandbox.run(["add", "-q", "in", "--unpack", "all"]).code;
    assert!(matches!(code, Some(0 | 3)), "{code:?}");
    sandbox.run(["cat", "in/other.txt"]).expect(0).answers("other words");
    sandbox.run(["audit"]).expect(0);
}

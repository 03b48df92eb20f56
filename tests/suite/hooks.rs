//! Programs of the user that read documents: they are confined, told by name and version, and harm nothing where they fail.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::common::sandbox::Sandbox;
use crate::formats::{STORY, pdf};

/// An image, or what passes for one.
const IMAGE: &[u8] = b"\x89PNG\r\n\x1a\n of the harbour";

fn configure(sandbox: &Sandbox, text: &str) {
    let folder = sandbox.home().join(".config/archive");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config"), text).unwrap();
}

/// Has documents of a media type read by a script of the shell.
fn hook(sandbox: &Sandbox, media_type: &str, script: &str, more: &str) {
    let file = sandbox.home().join("bin/hook");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let file = file.display();
    configure(
        sandbox,
        &format!("[extract.\"{media_type}\"]\ncommand = [\"{file}\", \"a word\"]\n{more}"),
    );
}

fn text(sandbox: &Sandbox, name: &str) -> String {
    let text = sandbox.run(["cat", "--text", name]).expect(0);
    String::from_utf8_lossy(&text.out).into_owned()
}

#[test]
fn what_is_not_read_here_is_read_by_a_program() {
    let sandbox = Sandbox::new();
    sandbox.write("a.png", IMAGE);
    hook(&sandbox, "image/png", "echo \"$1: $(wc -c | tr -d ' ') bytes show the quay\"", "");
    sandbox.run(["add", "-q", "a.png"]).expect(0);
    assert_eq!(text(&sandbox, "a.png"), "a word: 23 bytes show the quay\n");
    assert_eq!(sandbox.json(["search", "quay"])[0]["name"], "a.png");
    let shown = &sandbox.json(["show", "a.png"])[0];
    let code = shown["format"].as_str().unwrap().to_owned();
    assert!(code.starts_with("hook:hook:"), "{code}");
    let lines = sandbox.json(["formats"]);
    let line = lines.iter().find(|it| it["format"] == code.as_str()).unwrap();
    assert_eq!((&line["name"], &line["library"]), (&"image/png".into(), &"hook:hook".into()));
    sandbox.run(["audit"]).expect(0);
    // Another version of the program reads everything again, also both sides of a comparison.
    hook(&sandbox, "image/png", "echo other words", "");
    assert_eq!(text(&sandbox, "a.png"), "other words\n");
    assert_ne!(sandbox.json(["show", "a.png"])[0]["format"], code.as_str());
}

#[test]
fn that_another_program_read_what_is_searched_is_told() {
    let told = "texts of image/png are searched and compared as another program read them";
    let sandbox = Sandbox::new();
    sandbox.write("a.png", IMAGE);
    sandbox.write("b.txt", "The ferry leaves at noon");
    hook(&sandbox, "image/png", "echo the quay by night", "");
    sandbox.run(["add", "-q", "a.png", "b.txt"]).expect(0);
    assert!(!sandbox.run(["search", "quay"]).expect(0).err.contains("another program"));
    hook(&sandbox, "image/png", "echo the harbour by day", "");
    sandbox.run(["search", "harbour"]).expect(1).says(told);
    sandbox.run(["search", "quay"]).expect(0).says(told);
    sandbox.run(["show", "a.png"]).expect(0).says(told);
    sandbox.run(["similar", "b.txt"]).expect(1).says(told);
    // What came later does not change what was before.
    sandbox.write("c.txt", "The harbour opens at six");
    sandbox.run(["add", "-q", "c.txt"]).expect(0);
    let lines = sandbox.json(["search", "opens"]);
    assert_eq!(lines.last().unwrap()["read_otherwise"], serde_json::json!(["image/png"]));
    sandbox.run(["rebuild", "--text"]).expect(0);
    let found = sandbox.run(["search", "day"]).expect(0);
    assert!(!found.err.contains("another program"));
    // Of what there is nothing, no program read anything.
    hook(&sandbox, "image/gif", "echo words", "");
    sandbox.run(["search", "harbour"]).expect(0).says(told);
    configure(&sandbox, "[extract.\"image/gif\"]\ncommand = [\"cat\"]");
    sandbox.run(["search", "opens"]).expect(0).says(told);
}

#[test]
fn a_program_stands_in_for_what_reads_a_format_here() {
    let sandbox = Sandbox::new();
    sandbox.write("a.pdf", pdf(&STORY));
    hook(&sandbox, "application/pdf", "cat > /dev/null; printf 'One\\n\\fTwo words\\n\\f'", "");
    sandbox.run(["add", "-q", "a.pdf"]).expect(0);
    assert_eq!(text(&sandbox, "a.pdf"), "One\n\nTwo words\n");
    assert_eq!(sandbox.json(["search", "words"])[0]["locator"]["name"], "page 2");
    let formats = sandbox.json(["formats"]);
    let of_pdf =
        |it: &&serde_json::Value| it["media_types"].to_string().contains("application/pdf");
    let readers: Vec<_> = formats.iter().filter(of_pdf).map(|it| it["library"].clone()).collect();
    assert_eq!(readers, ["hook:hook"]);
    let html = "echo '<title>T</title><p hidden>no<p data-locator=\"page 9\">One &amp; two'";
    hook(&sandbox, "application/pdf", html, "output = \"html\"");
    assert_eq!(text(&sandbox, "a.pdf"), "T\n\nOne & two\n");
    configure(&sandbox, "");
    assert!(text(&sandbox, "a.pdf").contains(STORY[0]));
}

#[test]
fn a_program_that_fails_costs_the_text_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("a.png", IMAGE);
    for (n, (script, status)) in [
        ("exit 1", "crashed"),
        ("kill -9 $$", "crashed"),
        (":", "no-text"),
        ("while :; do :; done", "timeout"),
        ("yes words", "too-large"),
    ]
    .into_iter()
    .enumerate()
    {
        // A shell may not end itself; and nothing but the quick ones is tried each time.
        if status == "timeout" && !crate::common::is_slow() {
            continue;
        }
        hook(&sandbox, "image/png", script, "");
        let added = sandbox.json(["add", "a.png", "--as", &format!("{n}.png")]);
        assert_eq!(added.last().unwrap()["new"], 1, "{script}");
        assert_eq!(sandbox.json(["show", &format!("{n}.png")])[0]["text"], status, "{script}");
    }
    configure(&sandbox, "[extract.\"image/png\"]\ncommand = [\"no-such-program\"]\n");
    sandbox.run(["add", "-q", "a.png", "--as", "b.png"]).expect(0);
    sandbox.run(["cat", "--text", "b.png"]).expect(1).says("hook:no-such-program is not there");
    assert_eq!(sandbox.json(["show", "b.png"])[0]["text"], "no-reader");
    let shown = sandbox.run(["show", "b.png"]).expect(0);
    assert!(
        shown.text().contains("no-reader, hook:no-such-program is not there"),
        "{}",
        shown.text()
    );
    let formats = sandbox.run(["formats"]).expect(0);
    assert!(String::from_utf8_lossy(&formats.out).contains("not there"));
}

#[test]
fn a_program_reads_no_file_of_the_user_and_writes_none() {
    let sandbox = Sandbox::new();
    let has_no_files = sandbox.json(["formats"]).last().unwrap()["no_files"].clone();
    if has_no_files != true {
        return crate::common::sandbox::skip("this kernel has no landlock");
    }
    sandbox.write("a.png", IMAGE);
    sandbox.write("secret.txt", "hidden words");
    let (secret, written) = (sandbox.at("secret.txt"), sandbox.at("written.txt"));
    let script = format!(
        "echo read; cat {}; echo x > {}; cat /dev/null; ls {}",
        secret.display(),
        written.display(),
        sandbox.store().display()
    );
    hook(&sandbox, "image/png", &script, "");
    sandbox.run(["add", "-q", "a.png"]).expect(0);
    sandbox.run(["cat", "--text", "a.png"]).expect(1);
    hook(&sandbox, "image/png", &format!("{script}; exit 0"), "");
    assert_eq!(text(&sandbox, "a.png"), "read\n");
    assert!(!written.exists());
}

#[test]
fn a_configuration_that_is_wrong_is_told() {
    let sandbox = Sandbox::new();
    for (config, why) in [
        ("[extract.pdf]", "line 1 is not of the form"),
        ("[extract.\"a/b\"]\ncommand = \"cat\"", "line 2 has \"cat\", which is no list of words"),
        ("[extract.\"a/b\"]", "names no command"),
        (
            "[extract.\"text/plain\"]\ncommand = [\"cat\"]",
            "text/plain is text, which is read as it is",
        ),
    ] {
        configure(&sandbox, config);
        sandbox.run(["ls"]).expect(2).says(why);
    }
}

#[test]
fn a_configuration_in_an_archive_is_none() {
    let sandbox = Sandbox::new();
    sandbox.write("a.png", IMAGE);
    let text = "[extract.\"image/png\"]\ncommand = [\"/bin/echo\", \"pwned\"]\n";
    fs::write(sandbox.store().join("config"), text).unwrap();
    sandbox.run(["add", "-q", "a.png"]).expect(0);
    sandbox.run(["cat", "--text", "a.png"]).expect(1);
}

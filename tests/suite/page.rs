//! The pages that `diff --html` and `prove` write can be read by everybody: axe-core finds nothing in them, in headless
//! Chromium; and that of a proof checks it there.
//!
//! Skipped where nobody says by `ARCHIVE_AXE` where axe-core is (`tests/axe/fetch` fetches it); the build server does, and
//! then all that is needed must be there.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Output},
};

use crate::common::{
    sandbox::{Sandbox, is_slow, skip},
    signer,
};

/// Runs axe-core on the page that it stands in, by all its rules, and writes down what is wrong.
const RUN_AXE: &str = "
    axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag2aaa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
        .then(({violations, passes}) => {
            const found = violations.flatMap(rule => rule.nodes.map(node => rule.id + ' at ' + node.target));
            return 'RULES ' + passes.length + '\\n' + found.join('\\n');
        }, error => 'ERROR ' + error)
        .then(text => { document.body.innerText = 'BEGIN\\n' + text + '\\nEND'; });";

/// The source of axe-core, where it is said where it is.
fn axe() -> Option<String> {
    let axe = PathBuf::from(env::var_os("ARCHIVE_AXE")?);
    Some(fs::read_to_string(&axe).unwrap_or_else(|e| panic!("{}: {e}", axe.display())))
}

fn chromium() -> &'static str {
    let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(is_there);
    chromium.expect("there is no Chromium to open pages")
}

/// Pages of a text, of web pages, of a text from right to left, of a long one, and of nothing.
fn pages(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let prose = |n: usize| {
        format!("Paragraph {n} of the rules says that ships wait outside for {n} hours.")
    };
    let long = |changed: usize| {
        let paragraph =
            |n| if n % changed == 0 { format!("{} And pay.", prose(n)) } else { prose(n) };
        let words: Vec<String> = (0..400).map(|n| format!("w{}", n / changed)).collect();
        (1..200).map(paragraph).chain([words.join(" ")]).collect::<Vec<_>>().join("\n\n")
    };
    let page = |title: &str, author: &str, fee: &str| {
        format!(
            "<title>{title}</title><meta name=author content='{author}'><h1>Terms</h1><h2>Fees</h2><p>The fee is {fee}."
        )
    };
    let cases = [
        ("text", long(7).replace('7', "seven"), long(7)),
        ("long", long(7), format!("{}\n\n{}", long(5), prose(201))),
        ("page.html", page("Old terms", "A. Holm", "20"), page("New terms", "B. Skerl", "30")),
        (
            "rtl",
            "الميناء مغلق أمام السفن الكبيرة حتى يوم الاثنين القادم.\n\nسعر التذكرة عشرون."
                .to_owned(),
            "الميناء مفتوح أمام السفن الكبيرة حتى يوم الاثنين القادم.\n\nسعر التذكرة ثلاثون."
                .to_owned(),
        ),
        (
            "moved",
            format!("{}\n\n{}\n\nEnd of it all.", prose(1), prose(2)),
            format!("End of it all.\n\n{}\n\n{}", prose(2), prose(1)),
        ),
        ("same", "One.\r\n".to_owned(), "One.\n".to_owned()),
    ];
    let written = cases.into_iter().map(|(name, before, after)| {
        for text in [before, after] {
            sandbox.write(name, text);
            let source = "https://harbour.example/rules?page=1&lang=en";
            sandbox.run(["add", "-q", "--source", source, name]).expect(0);
        }
        let page = sandbox.run(["diff", "--html", "-", name]).expect(0).text();
        (name, page)
    });
    written.collect()
}

/// The page as it looks on some medium, with everything unfolded.
fn on(medium: &str, page: &str) -> String {
    let query = match medium {
        "dark" => "@media (prefers-color-scheme:dark)",
        "print" => "@media print",
        _ => "@media none",
    };
    assert!(medium == "light" || page.contains(query), "{page}");
    page.replace(query, "@media all").replace("<details>", "<details open>")
}

/// A page opened in Chromium, and what became of it there.
fn opened(sandbox: &Sandbox, chromium: &str, page: &str) -> Output {
    sandbox.write("checked.html", page);
    // A browser that does not answer is ended.
    let mut command = sandbox.other("timeout");
    command.args([
        "--kill-after=5",
        "100",
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
    ]);
    command.args(["--disable-dev-shm-usage", "--virtual-time-budget=30000"]);
    command.arg(format!("--user-data-dir={}", sandbox.at("chromium").display()));
    command.args(["--dump-dom", &format!("file://{}", sandbox.at("checked.html").display())]);
    command.output().unwrap()
}

/// What is wrong with a page, a line each.
fn violations(sandbox: &Sandbox, (chromium, axe): (&str, &str), page: &str) -> Vec<String> {
    let scripts = format!("<script>{axe}</script>\n<script>{RUN_AXE}</script>\n</body>");
    let output = opened(sandbox, chromium, &page.replace("</body>", &scripts));
    let dom = String::from_utf8_lossy(&output.stdout).replace("<br>", "\n");
    let answer = dom.split_once("BEGIN\n").and_then(|(_, it)| it.split_once("\nEND"));
    let (answer, _) =
        answer.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&output.stderr)));
    let mut lines = answer.lines();
    let rules = lines.next().and_then(|line| line.strip_prefix("RULES "));
    let n_rules: usize = rules.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{answer}"));
    assert!(n_rules > 10, "{answer}");
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn axe_finds_nothing_in_any_page_on_any_medium() {
    let Some(axe) = axe() else { return skip("ARCHIVE_AXE does not say where axe-core is") };
    let chromium = chromium();
    let sandbox = Sandbox::new();
    let first = opened(&sandbox, chromium, "<p>BEGIN");
    let why = String::from_utf8_lossy(&first.stderr);
    assert!(
        String::from_utf8_lossy(&first.stdout).contains("BEGIN"),
        "Chromium opens no page: {why}"
    );
    let tools = (chromium, &axe[..]);
    let mut found = String::new();
    let pages = pages(&sandbox);
    for (name, page) in &pages {
        for medium in ["light", "dark", "print"] {
            for violation in violations(&sandbox, tools, &on(medium, page)) {
                found += &format!("{name}, {medium}: {violation}\n");
            }
        }
    }
    assert!(found.is_empty(), "{found}");
    // It would find something if there were anything.
    let bad = pages[0].1.replace(" lang=\"en\"", "").replace("--dim:#52504b", "--dim:#a8a8a8");
    let found = violations(&sandbox, tools, &bad).join("\n");
    assert!(found.contains("html-has-lang") && found.contains("color-contrast"), "{found}");
}

/// The page of a proof, and the vkey line that it holds by.
fn proof_page(sandbox: &Sandbox) -> (String, String) {
    sandbox.write("a.txt", "Ferries sail at noon.");
    sandbox.run(["add", "-q", "a.txt", "--note", "</script><b>note</b>"]).expect(0);
    sandbox.run(["prove", "a.txt", "-o", "proof"]).expect(0);
    let policy = fs::read_to_string(sandbox.at("proof/policy")).unwrap();
    let vkey = policy.lines().next().unwrap().strip_prefix("log ").unwrap().to_owned();
    (fs::read_to_string(sandbox.at("proof/verify.html")).unwrap(), vkey)
}

/// The page as it is once somebody has typed a vkey line; it lets no other script in, so that is taken away.
fn typed(page: &str, vkey: &str) -> String {
    let type_in = format!(
        "<script>document.getElementById('vkey').value = {vkey:?};
        document.getElementById('vkey').dispatchEvent(new Event('input'));</script>\n</body>"
    );
    page.replace("http-equiv=\"Content-Security-Policy\"", "").replace("</body>", &type_in)
}

#[test]
fn the_page_of_a_proof_checks_it_in_a_browser() {
    let axe = axe();
    if !is_slow() && axe.is_none() {
        return skip("neither ARCHIVE_SLOW nor ARCHIVE_AXE asks for a browser");
    }
    let chromium = chromium();
    let sandbox = Sandbox::new();
    let (page, vkey) = proof_page(&sandbox);
    let shown = |page: &str| {
        let output = opened(&sandbox, chromium, page);
        let dom = String::from_utf8_lossy(&output.stdout).into_owned();
        let (_, dom) = dom.split_once("<main>").unwrap_or_default();
        dom.split("<script").next().unwrap_or_default().to_owned()
    };
    let untouched = shown(&page);
    // As it is, with its own rule of what may run in it.
    assert!(
        untouched.contains("class=\"open\">Not accepted so far. The key is one"),
        "{untouched}"
    );
    assert_eq!(untouched.matches("<li class=\"holds\">").count(), 4, "{untouched}");
    assert!(untouched.contains("&lt;/script&gt;&lt;b&gt;note&lt;/b&gt;"), "{untouched}");
    let accepted = shown(&typed(&page, &vkey));
    assert!(accepted.contains("class=\"holds\">Accepted: "), "{accepted}");
    let other = signer().verifier().to_string();
    for bad in [typed(&page, &other), typed(&page.replacen("quorum none", "quorum some", 1), &vkey)]
    {
        assert!(shown(&bad).contains("class=\"fails\">Refused. "), "{bad}");
    }
    // A browser that knows no Ed25519 says so.
    let unable = "crypto.subtle.importKey = () => Promise.reject(new DOMException('', 'NotSupportedError'));";
    let old = typed(&page, &vkey).replace(
        "<script>'use strict'",
        &format!("<script>{unable}</script>\n<script>'use strict'"),
    );
    let said = shown(&old);
    assert!(
        said.contains("The checkpoint is signed: not checked: this browser has no Ed25519"),
        "{said}"
    );
    let Some(axe) = axe else { return skip("ARCHIVE_AXE does not say where axe-core is") };
    for (medium, vkey) in [("light", &vkey), ("light", &other), ("dark", &vkey), ("print", &vkey)] {
        let found = violations(&sandbox, (chromium, &axe), &on(medium, &typed(&page, vkey)));
        assert!(found.is_empty(), "{medium}: {found:?}");
    }
}

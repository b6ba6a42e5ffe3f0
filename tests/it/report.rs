//! The page that `failway report` writes: as text, and as a reviewer uses it in Chromium.
//!
//! Chromium is looked for on the path, and in `FAILWAY_CHROMIUM`. Where there is none, the test installs
//! it if it may (as root, by `apt-get`), and else fails and says what to install.

use super::cli::Place;
use super::common::home;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

fn example(name: &str) -> String {
    let path = home().join("examples").join(name);
    path.to_str().unwrap().to_string()
}

/// A policy with 20 integrations, so many rules, and a flow of so many states.
fn big(rules: usize, states: usize) -> String {
    const SYSTEMS: usize = 20;
    let mut out = String::from("policy big\n\ntype Id = string length 1..40\nevent hangup\n");
    let mut add = |line: String| writeln!(out, "{line}").unwrap();
    for i in 0..SYSTEMS {
        add(format!(
            "integration sys{i} {{\n  defaults {{ timeout 2s  transient unavailable }}\n  \
             action look(id: Id, level: int in 0..100000) -> Id {{ reads  permanent not_found }}\n  \
             action tell(id: Id, level: int in 0..100000) {{ writes expendable  permanent refused }}\n  \
             action put(id: Id, level: int in 0..100000) {{ writes idempotent by id  permanent refused }}\n}}"
        ));
        add(format!(
            "allow tell{i}: sys{i}.tell because \"a note harms nobody\""
        ));
        add(format!(
            "allow look{i}: sys{i}.look because \"reading is free\""
        ));
        for r in 0..rules / SYSTEMS - 2 {
            let verdict = if r % 2 == 0 { "allow" } else { "deny" };
            let (low, high) = (r * 1000, r * 1000 + 999);
            add(format!(
                "{verdict} put{i}_{r}: sys{i}.put when level in {low}..{high} because \"step {r} of the ladder\""
            ));
        }
    }
    add("flow big(id: Id) {\n  on hangup -> wrap\n  start -> s0".to_string());
    for s in 0..states {
        let i = s % SYSTEMS;
        let next = if s + 1 < states {
            format!("s{}", s + 1)
        } else {
            "done".to_string()
        };
        let other = if s + 3 < states {
            format!("s{}", s + 3)
        } else {
            "fell_back".to_string()
        };
        let last = if s % 2 == 0 { "fell_back" } else { "gave_up" };
        let (action, own) = if s % 3 == 0 {
            ("look", "not_found")
        } else {
            ("tell", "refused")
        };
        add(format!(
            "  state s{s} {{\n    do sys{i}.{action}(id: id, level: 5)\n    on ok -> {next}\n    on {own} -> {other}\n    \
             on timeout | unavailable | malformed retry 1 backoff 200ms..2s -> {last}\n  }}"
        ));
    }
    add("  state wrap {\n    do sys0.look(id: id, level: 1)\n    on ok | not_found | timeout | unavailable | malformed -> fell_back\n  }".to_string());
    add("  end done success\n  end fell_back fallback\n  end gave_up failure\n}".to_string());
    out
}

/// The text of the first element of that name.
fn element<'t>(page: &'t str, open: &str, close: &str) -> &'t str {
    let (_, after) = page.split_once(open).unwrap();
    after.split_once(close).unwrap().0
}

#[test]
fn the_page_stands_for_itself_and_allows_nothing_else() {
    let place = Place::new();
    let file = example("front-desk");
    place
        .run(&["report", &file, "-o", "report.html"])
        .code(0)
        .err("report.html: ");
    let page = place.read("report.html");
    // The policy allows the two texts that are there, by their digests, and nothing besides.
    let policy = element(&page, "Content-Security-Policy\" content=\"", "\"");
    let digest = |text: &str| {
        let hex = Sha256::digest(text.as_bytes());
        let out = Command::new("sh")
            .args(["-c", "printf \"$1\" | base64 -w0", "sh"])
            .arg(
                hex.iter()
                    .fold(String::new(), |s, b| s + &format!("\\{b:03o}")),
            )
            .output()
            .unwrap();
        format!("'sha256-{}'", String::from_utf8(out.stdout).unwrap().trim())
    };
    let style = digest(element(&page, "<style>", "</style>"));
    let program = digest(
        page.rsplit_once("<script>")
            .unwrap()
            .1
            .split_once("</script>")
            .unwrap()
            .0,
    );
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src {style}; script-src {program}; img-src data:; base-uri 'none'; form-action 'none'"
        )
    );
    for bad in [
        "http://",
        "https://",
        " style=\"",
        " onclick",
        "javascript:",
    ] {
        let found = page.replace("http://www.w3.org/2000/svg", "").contains(bad);
        assert!(!found, "{bad}");
    }
    // Everything that is to be signed is there.
    for part in [
        "id=\"findings\"",
        "id=\"rules\"",
        "id=\"flow0\"",
        "id=\"m0\"",
        "id=\"budgets\"",
        "7 of 7 tests passed",
        "bookings are made while somebody is there",
        "5m 41.5s, should an event come at the worst moment",
        "in doubt: calendar.book",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let compiled = place.run(&["compile", &file, "-o", "-"]).code(0).json();
    assert!(page.contains(compiled["digest"].as_str().unwrap()));
    // The same sources give the same bytes.
    let again = place.run(&["report", &file]).code(0).out;
    assert!(again == page);
}

#[test]
fn what_a_policy_says_stays_text() {
    let place = Place::new();
    place.write(
        "evil.failway",
        r#"policy evil

/// </style></script><script>alert(1)</script><img src=x onerror=alert(2)>
integration a { action b(t: string length 1..9) { reads timeout 1s } }
allow it: a.b when t == "</td><b>" because "</script><!-- <b>&amp;"
test "<svg onload=alert(3)>" {
  propose a.b(t: "</td><b>")
  expect deny
}
"#,
    );
    // A test that fails is shown, not hidden.
    place
        .run(&["report", "evil.failway", "-o", "evil.html"])
        .code(0);
    let page = place.read("evil.html");
    assert_eq!(page.matches("<script").count(), 2);
    for bad in ["<script>alert", "<img", "<b>", "<svg onload", "<!--"] {
        assert!(!page.contains(bad), "{bad}");
    }
    assert!(page.contains("0 of 1 test passed") && page.contains("✗ failed"));
    assert!(page.contains(">1 test fails<"));
}

#[test]
fn there_is_no_page_of_a_policy_with_errors() {
    let place = Place::new();
    place.write("a.failway", "policy a\nallow it: b.c\n");
    place.write("old.html", "old");
    place
        .run(&["report", "a.failway", "-o", "old.html"])
        .code(1)
        .err("nothing to sign");
    assert_eq!(place.read("old.html"), "old");
    place
        .run(&["report", "none.failway"])
        .code(2)
        .err("there is no such file");
}

/// Chromium, installed if need be and if it may be.
fn chromium() -> PathBuf {
    let named = std::env::var_os("FAILWAY_CHROMIUM").map(PathBuf::from);
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let look = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let all = folders.iter().flat_map(|f| names.map(|n| f.join(n)));
        all.into_iter().find(|p| p.is_file())
    };
    if let Some(found) = named.or_else(look) {
        return found;
    }
    let install = "[ \"$(id -u)\" = 0 ] && apt-get update -q && apt-get install -q -y --no-install-recommends chromium";
    let done = Command::new("sh").args(["-c", install]).output().unwrap();
    look().unwrap_or_else(|| {
        panic!(
            "the report is tested in Chromium, which is not here and cannot be installed by this test: \
             `apt-get install chromium`, or name it in FAILWAY_CHROMIUM. {}",
            String::from_utf8_lossy(&done.stderr)
        )
    })
}

/// With `FAILWAY_SHOTS=FOLDER` it leaves pictures of the page there.
#[test]
fn a_reviewer_uses_the_page_in_chromium() {
    let place = Place::new();
    place
        .run(&["report", &example("front-desk"), "-o", "desk.html"])
        .code(0);
    place.write("big.failway", big(200, 300));
    place
        .run(&["report", "big.failway", "-o", "big.html"])
        .code(0);
    let done = Command::new("node")
        .arg(home().join("tests/it/report/browser.mjs"))
        .arg(chromium())
        .arg(place.path("desk.html"))
        .arg(place.path("big.html"))
        .args(std::env::var_os("FAILWAY_SHOTS"))
        .output()
        .expect("node of 18 or later is needed to drive Chromium");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    println!("{said}");
}

//! How long an editor waits after a keystroke in a file of 5,000 lines: for findings, and for answers.
//!
//! `FAILWAY_BIN=target/release/failway cargo nextest run --test it keystroke --run-ignored all --no-capture`

use super::Editor;
use serde_json::json;
use std::fmt::Write;
use std::time::Instant;

const LINES: usize = 5_000;
const KEYS: usize = 40;

/// Integrations, rules and flows, as a large team has them.
fn large() -> String {
    let mut text =
        String::from("policy large\n\ntype Id = string length 1..40\ninput late: bool\n\n");
    let mut n = 0;
    while text.matches('\n').count() < LINES {
        write!(
            text,
            "/// System {n}.
integration sys{n} {{
  /// Finds one.
  action find(id: Id) -> Id {{ reads  timeout 2s  permanent not_found  transient unavailable }}

  action change(id: Id, amount: int in 1..1000) {{
    writes idempotent by id
    timeout 3s
    transient unavailable
  }}
}}

/// Looking changes nothing.
allow look{n}: sys{n}.find because \"looking changes nothing\"
allow small{n}: sys{n}.change when amount <= 100 and late == false
deny late{n}: sys{n}.change when late because \"closed\"
limit often{n}: sys{n}.change to 20 calls per 1h

flow change{n}(id: Id) {{
  start -> find

  state find {{
    do sys{n}.find(id: id) as found
    on ok -> change
    on not_found | malformed -> lost
    on timeout | unavailable retry 2 backoff 200ms..2s -> lost
  }}

  state change {{
    do sys{n}.change(id: found, amount: 5)
    on ok -> done
    on unavailable | timeout | malformed retry 2 backoff 500ms..2s -> doubt
    on denied | limited -> lost
  }}

  end done  success
  end lost  fallback
  end doubt failure leaves sys{n}.change unsettled
}}

"
        )
        .unwrap();
        n += 1;
    }
    text
}

fn middle(mut all: Vec<f64>) -> (f64, f64) {
    all.sort_by(f64::total_cmp);
    (all[all.len() / 2], all[all.len() * 9 / 10])
}

#[test]
#[ignore = "a measurement: see above"]
fn a_keystroke_in_a_large_file() {
    let text = large();
    let mut editor = Editor::start(&[("desk.failway", &text)], &["utf-8"]);
    editor.open("desk.failway", &text);
    let found = editor.findings("desk.failway", |_| true);
    println!(
        "{} lines, {} bytes, {} findings",
        text.matches('\n').count(),
        text.len(),
        found.len()
    );
    // Letters at the end of a comment in the middle.
    let row = text[..text.find("/// System 60.").unwrap()]
        .matches('\n')
        .count();
    let end = "/// System 60.".len();
    let (mut shown, mut hovers, mut completions, mut tokens) = (vec![], vec![], vec![], vec![]);
    for key in 0..KEYS {
        editor.notices.clear();
        let at = json!({ "line": row, "character": end + key });
        let begun = Instant::now();
        let change = json!([{ "range": { "start": at, "end": at }, "text": "x" }]);
        editor.change("desk.failway", key as i64 + 2, change);
        if key % 2 == 0 {
            editor.findings("desk.failway", |_| true);
            shown.push(1e3 * begun.elapsed().as_secs_f64());
            continue;
        }
        let place = editor.at("desk.failway", row as u32 + 1, 14);
        editor.ask("textDocument/hover", place.clone());
        hovers.push(1e3 * begun.elapsed().as_secs_f64());
        let again = Instant::now();
        editor.ask("textDocument/completion", place);
        completions.push(1e3 * again.elapsed().as_secs_f64());
        let again = Instant::now();
        let document = json!({ "textDocument": { "uri": editor.uri("desk.failway") } });
        editor.ask("textDocument/semanticTokens/full", document);
        tokens.push(1e3 * again.elapsed().as_secs_f64());
        editor.findings("desk.failway", |_| true);
    }
    for (what, all) in [
        ("findings after a keystroke", shown),
        ("hover right after a keystroke", hovers),
        ("completion then", completions),
        ("semantic tokens of the whole file then", tokens),
    ] {
        let (half, most) = middle(all);
        println!("{what}: median {half:.1} ms, nine of ten within {most:.1} ms");
    }
    editor.end();
}

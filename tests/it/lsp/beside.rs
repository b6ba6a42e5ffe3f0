//! What an editor shows beside the text: colours by meaning, hints, parameters, lenses, worst cases; and
//! requests that are taken back.

use super::{DESK, Editor, PATIENCE, desk, line};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};

/// The semantic tokens of a file as (text, kind, modifiers).
fn coloured(editor: &Editor, text: &str, data: &Value, utf16: bool) -> Vec<(String, String, u64)> {
    let legend = &editor.capabilities["semanticTokensProvider"]["legend"]["tokenTypes"];
    let numbers: Vec<u64> = data
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap())
        .collect();
    let lines: Vec<&str> = text.split('\n').collect();
    let (mut line, mut column) = (0, 0);
    let mut all = Vec::new();
    for t in numbers.chunks(5) {
        column = if t[0] == 0 { column + t[1] } else { t[1] };
        line += t[0];
        let row = lines[line as usize];
        let part = if utf16 {
            let units: Vec<u16> = row.encode_utf16().collect();
            String::from_utf16(&units[column as usize..(column + t[2]) as usize]).unwrap()
        } else {
            row[column as usize..(column + t[2]) as usize].to_string()
        };
        let kind = legend[t[3] as usize].as_str().unwrap().to_string();
        all.push((part, kind, t[4]));
    }
    all
}

#[test]
fn names_are_coloured_by_what_they_name() {
    for encoding in ["utf-8", "utf-16"] {
        let text = DESK.replace("looking changes", "😀 changes");
        let mut editor = desk(&[encoding]);
        editor.open("desk.failway", &text);
        let document = json!({ "textDocument": { "uri": editor.uri("desk.failway") } });
        let data = editor.ask("textDocument/semanticTokens/full", document)["data"].clone();
        let tokens = coloured(&editor, &text, &data, encoding == "utf-16");
        let is = |part: &str, kind: &str, said: u64| {
            let found = tokens
                .iter()
                .any(|t| t.0 == part && t.1 == kind && t.2 == said);
            assert!(found, "{part} {kind} {said}: {tokens:?}");
        };
        is("crm", "namespace", 1);
        is("lookup", "method", 1);
        is("lookup", "method", 0);
        is("Lead", "struct", 0);
        is("late", "variable", 3);
        is("late", "variable", 2);
        is("early", "macro", 0);
        is("find", "label", 1);
        is("stranger", "label", 0);
        is("malformed", "enumMember", 4);
        is("not_found", "enumMember", 1);
        is("lead", "variable", 1);
        // A part of the file has its part of the tokens.
        let (row, _) = line(&text, "flow greet");
        let range = json!({ "start": { "line": row, "character": 0 }, "end": { "line": row + 1, "character": 0 } });
        let params =
            json!({ "textDocument": { "uri": editor.uri("desk.failway") }, "range": range });
        let data = editor.ask("textDocument/semanticTokens/range", params)["data"].clone();
        let part = coloured(&editor, &text, &data, encoding == "utf-16");
        let words: Vec<&str> = part.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(words, ["greet", "id", "Id"]);
        editor.end();
    }
}

#[test]
fn types_and_times_are_hinted() {
    let mut editor = desk(&["utf-8"]);
    editor.open("desk.failway", DESK);
    editor.findings("desk.failway", <[Value]>::is_empty);
    let range =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let params = json!({ "textDocument": { "uri": editor.uri("desk.failway") }, "range": range });
    let hints = editor.ask("textDocument/inlayHint", params);
    let said: Vec<(u64, &str)> = hints
        .as_array()
        .unwrap()
        .iter()
        .map(|h| {
            (
                h["position"]["line"].as_u64().unwrap(),
                h["label"].as_str().unwrap(),
            )
        })
        .collect();
    let (state, _) = line(DESK, "state find");
    // 2 s, and once again after a second.
    assert_eq!(
        said,
        [
            (u64::from(state), " ≤ 5s"),
            (u64::from(state) + 1, ": Lead")
        ]
    );
    // Only what is in sight.
    let range =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 3, "character": 0 } });
    let params = json!({ "textDocument": { "uri": editor.uri("desk.failway") }, "range": range });
    assert_eq!(editor.ask("textDocument/inlayHint", params), json!([]));
    editor.end();
}

#[test]
fn parameters_are_shown_while_a_call_is_written() {
    let mut editor = desk(&["utf-8"]);
    editor.open("desk.failway", DESK);
    let (row, column) = line(DESK, "crm.lookup(id: id)");
    for (add, wanted) in [(10, Value::Null), (11, json!(0)), (15, json!(0))] {
        let at = editor.at("desk.failway", row, column + add);
        let help = editor.ask("textDocument/signatureHelp", at);
        if wanted.is_null() {
            assert!(help.is_null(), "{help}");
            continue;
        }
        assert_eq!(help["signatures"][0]["label"], "crm.lookup(id: Id) -> Lead");
        assert_eq!(help["signatures"][0]["documentation"], "Finds a person.");
        assert_eq!(
            help["signatures"][0]["parameters"][0]["label"],
            json!([11, 17])
        );
        assert_eq!(help["activeParameter"], wanted);
    }
    // In a call that is only begun, in a file that is broken by it.
    let broken = DESK.replace("do crm.lookup(id: id) as lead", "run greet(");
    editor.change("desk.failway", 2, json!([{ "text": broken }]));
    let (row, column) = line(&broken, "run greet(");
    let at = editor.at("desk.failway", row, column + 10);
    let help = editor.ask("textDocument/signatureHelp", at);
    assert_eq!(help["signatures"][0]["label"], "greet(id: Id)");
    editor.end();
}

#[test]
fn tests_are_run_and_outages_told_from_the_text() {
    let text = format!(
        "{DESK}
test \"a known one\" {{
  given late == false, queue == events
  run greet(id: \"7\")
  crm.lookup -> ok {{ id: \"7\", name: \"Ada\" }}
  expect end known
}}
test \"wrong\" {{
  given late == false, queue == events
  run greet(id: \"7\")
  crm.lookup -> not_found
  expect end known
}}
"
    );
    let mut editor = desk(&["utf-8"]);
    editor.open("desk.failway", &text);
    editor.findings("desk.failway", <[Value]>::is_empty);
    let document = json!({ "textDocument": { "uri": editor.uri("desk.failway") } });
    let lenses = editor.ask("textDocument/codeLens", document.clone());
    let lenses = lenses.as_array().unwrap();
    assert_eq!(lenses.len(), 3, "{lenses:#?}");
    let mut run = |n: usize| {
        let command = &lenses[n]["command"];
        let params = json!({ "command": command["command"], "arguments": command["arguments"] });
        editor.ask("workspace/executeCommand", params)
    };
    let told = run(0);
    assert_eq!(told["message"], "if `find` breaks, runs end in stranger");
    let report = told["report"].as_str().unwrap();
    assert!(
        report.contains("## `timeout`: ends in `stranger`, a fallback"),
        "{report}"
    );
    let page = told["page"]
        .as_str()
        .unwrap()
        .strip_prefix("file://")
        .unwrap();
    assert!(std::fs::metadata(page).is_ok());
    let passed = run(1);
    assert_eq!(
        (&passed["ok"], &passed["message"]),
        (&json!(true), &json!("passed: \"a known one\""))
    );
    let failed = run(2);
    assert_eq!(failed["ok"], false);
    let said = failed["message"].as_str().unwrap();
    assert!(
        said.starts_with("failed: \"wrong\", line ") && said.contains("stranger"),
        "{said}"
    );
    // The user is told as well, in editors that only send the command.
    assert!(
        editor
            .notices
            .iter()
            .any(|n| n["method"] == "window/showMessage" && n["params"]["message"] == said)
    );
    for wrong in [json!([]), json!(["what"]), json!([1, 2, 3])] {
        let params = json!({ "command": "failway.server.runTest", "arguments": wrong });
        assert_eq!(
            editor.asked("workspace/executeCommand", params)["error"]["code"],
            -32602
        );
    }
    // The file that it uses is a link.
    let links = editor.ask("textDocument/documentLink", document);
    assert_eq!(links[0]["target"], editor.uri("types.failway"));
    assert_eq!(links[0]["range"]["start"]["line"], 2);
    editor.end();
}

#[test]
fn hovers_tell_the_worst_case() {
    let mut editor = desk(&["utf-8"]);
    editor.open("desk.failway", DESK);
    editor.findings("desk.failway", <[Value]>::is_empty);
    let (row, column) = line(DESK, "greet(");
    let at = editor.at("desk.failway", row, column);
    let begun = Instant::now();
    // It is worked out by the way.
    let said = loop {
        let hover = editor.ask("textDocument/hover", at.clone());
        let said = hover["contents"]["value"].as_str().unwrap().to_string();
        if said.contains("At most") || begun.elapsed() > PATIENCE {
            break said;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(
        said.contains("At most 5s and 2 calls: `crm` 2 calls."),
        "{said}"
    );
    let (row, column) = line(DESK, "find {");
    let at = editor.at("desk.failway", row, column);
    let hover = editor.ask("textDocument/hover", at);
    let said = hover["contents"]["value"].as_str().unwrap();
    assert!(said.contains("At most 5s for one entry."), "{said}");
    editor.end();
}

/// What is taken back before its turn is answered as that, and nothing else is.
#[test]
fn requests_can_be_taken_back() {
    let mut editor = desk(&["utf-8"]);
    // Long enough that the others wait behind it.
    let long: String = (0..1_500)
        .map(|n| format!("type T{n} = string length 1..40\n"))
        .collect();
    let text = format!("{DESK}{long}");
    editor.open("desk.failway", &text);
    let at = editor.at("desk.failway", 0, 0);
    let document = json!({ "textDocument": { "uri": editor.uri("desk.failway") } });
    let message = |id: i64, method: &str, params: &Value| {
        let text =
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string();
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    };
    let mut bytes = message(1_000, "textDocument/documentSymbol", &document);
    bytes += &message(1_001, "textDocument/hover", &at);
    bytes += &message(1_002, "textDocument/hover", &at);
    for id in [1_001, 77_777] {
        let text = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": id } })
            .to_string();
        bytes += &format!("Content-Length: {}\r\n\r\n{text}", text.len());
    }
    editor.to.write_all(bytes.as_bytes()).unwrap();
    editor.to.flush().unwrap();
    let mut answers = std::collections::BTreeMap::new();
    while answers.len() < 3 {
        let message = editor.from.recv_timeout(PATIENCE).unwrap();
        if let Some(id) = message["id"].as_i64() {
            answers.insert(id, message);
        }
    }
    assert!(answers[&1_000]["result"].is_array());
    assert_eq!(
        answers[&1_001]["error"]["code"], -32800,
        "{}",
        answers[&1_001]
    );
    assert!(answers[&1_002]["error"].is_null());
    editor.end();
}

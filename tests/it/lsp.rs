//! The language server as an editor meets it: the real program, spoken to over its standard input.

mod beside;
mod rename;
mod repairs;
mod settings;
mod speed;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Generous, for busy machines.
const PATIENCE: Duration = Duration::from_secs(120);

struct Editor {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    /// What came that nobody has asked for yet.
    notices: Vec<Value>,
    asked: i64,
    folder: tempfile::TempDir,
    capabilities: Value,
}

impl Editor {
    /// Starts the program in a folder with these files.
    fn start(files: &[(&str, &str)], encodings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        // Another build of the program, for measuring.
        let program = std::env::var("FAILWAY_BIN");
        let program = program.unwrap_or_else(|_| env!("CARGO_BIN_EXE_failway").to_string());
        let mut child = Command::new(program)
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut out) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut editor = Self {
            child,
            to,
            from,
            notices: Vec::new(),
            asked: 0,
            folder,
            capabilities: Value::Null,
        };
        let root = editor.uri("");
        let greeting = json!({
            "processId": null,
            "workspaceFolders": [{ "uri": root.trim_end_matches('/'), "name": "w" }],
            "capabilities": { "general": { "positionEncodings": encodings } },
        });
        let answer = editor.ask("initialize", greeting);
        editor.capabilities = answer["capabilities"].clone();
        editor.tell("initialized", json!({}));
        editor
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.to.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The whole answer, an error too.
    fn asked(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let begun = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let message = self.from.recv_timeout(left).expect("an answer");
            if message["id"] == id {
                return message;
            }
            self.notices.push(message);
        }
    }

    #[track_caller]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.asked(method, params);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "failway", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, name: &str, version: i64, changes: Value) {
        let document = json!({ "uri": self.uri(name), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.tell("textDocument/didChange", params);
    }

    /// The next findings of a file for which `fits` holds.
    #[track_caller]
    fn findings(&mut self, name: &str, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let uri = self.uri(name);
        let begun = Instant::now();
        loop {
            let waiting = std::mem::take(&mut self.notices);
            for notice in waiting {
                let list = notice["params"]["diagnostics"].as_array();
                if notice["params"]["uri"] == uri.as_str()
                    && let Some(list) = list
                    && fits(list)
                {
                    return list.clone();
                }
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let message = self.from.recv_timeout(left).expect("findings");
            self.notices.push(message);
        }
    }

    fn at(&self, name: &str, line: u32, character: u32) -> Value {
        json!({
            "textDocument": { "uri": self.uri(name) },
            "position": { "line": line, "character": character },
        })
    }

    /// The labels that are offered at a place, in order.
    fn offered(&mut self, name: &str, line: u32, character: u32) -> Vec<String> {
        let at = self.at(name, line, character);
        let mut items = self.ask("textDocument/completion", at);
        let items = items.as_array_mut().unwrap();
        let key = |i: &Value| i.get("sortText").unwrap_or(&i["label"]).to_string();
        items.sort_by_key(key);
        let label = |i: &Value| i["label"].as_str().unwrap().to_string();
        items.iter().map(label).collect()
    }

    fn end(mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

fn read(out: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if out.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(n) = line.strip_prefix("Content-Length: ") {
            length = n.parse().unwrap();
        }
    }
    let mut bytes = vec![0; length];
    out.read_exact(&mut bytes).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

const TYPES: &str = "/// A key.
type Id = string length 1..40
/// A person.
record Lead { id: Id, name: string length 1..80 }
enum Queue { events, billing }
";

const DESK: &str = "policy desk

use \"types.failway\"

integration crm {
  /// Finds a person.
  action lookup(id: Id) -> Lead { reads  timeout 2s  permanent not_found  transient unavailable }
}

/// Whether it is late.
input late: bool
input queue: Queue

define early = late == false and queue == events

allow reading: crm.lookup when early
  because \"looking changes nothing\"

flow greet(id: Id) {
  start -> find
  state find {
    do crm.lookup(id: id) as lead
    on ok                                             -> known
    on not_found | malformed | denied                 -> stranger
    on timeout | unavailable retry 1 backoff 1s..1s   -> stranger
  }
  end known    success gives lead.id
  end stranger fallback
}
";

fn desk(encodings: &[&str]) -> Editor {
    Editor::start(
        &[("desk.failway", DESK), ("types.failway", TYPES)],
        encodings,
    )
}

fn line(text: &str, part: &str) -> (u32, u32) {
    let at = text.find(part).unwrap();
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    (line as u32, (at - start) as u32)
}

#[test]
fn findings_come_for_open_and_unopened_files() {
    let wrong = DESK.replace("on not_found | malformed", "on not_found");
    let types = format!("{TYPES}type Spare = int\n");
    let files = [
        ("desk.failway", wrong.as_str()),
        ("types.failway", types.as_str()),
    ];
    let mut editor = Editor::start(&files, &["utf-8"]);
    assert_eq!(editor.capabilities["positionEncoding"], "utf-8");
    let found = editor.findings("desk.failway", |l| !l.is_empty());
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["code"], "FW301");
    assert_eq!(found[0]["severity"], 1);
    assert!(found[0]["message"].as_str().unwrap().contains("malformed"));
    let page = found[0]["codeDescription"]["href"].as_str().unwrap();
    let page = page.strip_prefix("file://").unwrap();
    assert!(
        std::fs::read_to_string(page)
            .unwrap()
            .starts_with("# FW301")
    );
    let spare = editor.findings("types.failway", |l| !l.is_empty());
    assert_eq!(
        (&spare[0]["code"], &spare[0]["severity"]),
        (&json!("FW190"), &json!(2))
    );
    assert_eq!(spare[0]["tags"], json!([1]));

    // What is open counts, and an edit is enough.
    editor.open("desk.failway", &wrong);
    let (row, column) = line(&wrong, " | denied");
    let range = json!({ "start": { "line": row, "character": column }, "end": { "line": row, "character": column } });
    editor.change(
        "desk.failway",
        2,
        json!([{ "range": range, "text": " | malformed" }]),
    );
    editor.findings("desk.failway", <[Value]>::is_empty);
    // Back to what is on disk.
    let close = json!({ "textDocument": { "uri": editor.uri("desk.failway") } });
    editor.tell("textDocument/didClose", close);
    editor.findings("desk.failway", |l| l.len() == 1);
    // A file that goes away under the editor leaves a finding where it is used.
    std::fs::remove_file(editor.path("types.failway")).unwrap();
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    let found = editor.findings("desk.failway", |l| l.iter().any(|d| d["code"] == "FW106"));
    assert!(
        found[0]["message"]
            .as_str()
            .unwrap()
            .contains("no such file")
    );
    editor.end();
}

#[test]
fn hovers_tell_types_documents_outcomes_and_rules() {
    let mut editor = desk(&["utf-8"]);
    editor.findings("desk.failway", |_| true);
    let mut hover = |part: &str, skip: u32| {
        let (row, column) = line(DESK, part);
        let at = editor.at("desk.failway", row, column + skip);
        let said = editor.ask("textDocument/hover", at);
        said["contents"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_string()
    };
    let action = hover("crm.lookup(id: id)", 5);
    for part in [
        "action lookup(id: Id) -> Lead",
        "Finds a person.",
        "`not_found`",
        "Timeout: 2s",
        "- allowed when `early` (`reading`: looking changes nothing)",
        "- else denied: nothing allows it",
    ] {
        assert!(action.contains(part), "no {part:?} in {action}");
    }
    assert!(hover("lead.id", 1).contains("`lead`: Lead"));
    assert!(hover("Lead {", 1).contains("A person."));
    assert!(hover("-> known", 4).contains("end known"));
    assert!(hover("when early", 6).contains("define early = late == false and"));
    assert!(hover("| malformed", 3).contains("not of the declared type"));
    assert!(hover("-> find", 4).contains("`timeout`"));
    assert_eq!(hover("{\n  start", 0), "");
    editor.end();
}

#[test]
fn definitions_references_and_renames_go_across_files() {
    let mut editor = desk(&["utf-8"]);
    editor.findings("desk.failway", |_| true);
    let place = |editor: &Editor, text: &str, name: &str, part: &str, skip| {
        let (row, column) = line(text, part);
        editor.at(name, row, column + skip)
    };
    let at = place(&editor, DESK, "desk.failway", "Lead {", 1);
    let there = editor.ask("textDocument/definition", at);
    assert_eq!(there["uri"], editor.uri("types.failway"));
    assert_eq!(
        there["range"]["start"],
        json!({ "line": 3, "character": 7 })
    );
    let at = place(&editor, DESK, "desk.failway", "types.failway", 3);
    let there = editor.ask("textDocument/definition", at);
    assert_eq!(there["uri"], editor.uri("types.failway"));

    let mut at = place(&editor, TYPES, "types.failway", "Id =", 0);
    at["context"] = json!({ "includeDeclaration": true });
    let uses = editor.ask("textDocument/references", at.clone());
    assert_eq!(uses.as_array().unwrap().len(), 4, "{uses:#}");
    at["context"] = json!({ "includeDeclaration": false });
    let uses = editor.ask("textDocument/references", at.clone());
    assert_eq!(uses.as_array().unwrap().len(), 3);

    at["newName"] = json!("Key");
    let edit = editor.ask("textDocument/rename", at.clone());
    let changes = edit["documentChanges"].as_array().unwrap();
    let count: usize = changes
        .iter()
        .map(|c| c["edits"].as_array().unwrap().len())
        .sum();
    assert_eq!((changes.len(), count), (2, 4), "{edit:#}");
    // Applied, the policy is as clean as before.
    let mut texts = [
        ("desk.failway", DESK.to_string()),
        ("types.failway", TYPES.to_string()),
    ];
    for (name, text) in &mut texts {
        let uri = editor.uri(name);
        let change = changes
            .iter()
            .find(|c| c["textDocument"]["uri"] == uri.as_str())
            .unwrap();
        *text = applied(text, change["edits"].as_array().unwrap());
        assert!(!text.contains("Id"), "{text}");
        editor.open(name, text);
    }
    editor.findings("types.failway", <[Value]>::is_empty);
    for (wrong, why) in [
        ("key", "PascalCase"),
        ("Lead", "already"),
        ("A b", "PascalCase"),
    ] {
        at["newName"] = json!(wrong);
        let answer = editor.asked("textDocument/rename", at.clone());
        let said = answer["error"]["message"].as_str().unwrap();
        assert!(said.contains(why), "{wrong}: {said}");
    }
    editor.end();
}

/// A text with an editor's edits made, columns in bytes.
fn applied(text: &str, edits: &[Value]) -> String {
    let starts: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(i, _)| i + 1))
        .collect();
    let offset = |p: &Value| {
        let row = p["line"].as_u64().unwrap() as usize;
        let start = starts.get(row).copied().unwrap_or(text.len());
        start + p["character"].as_u64().unwrap() as usize
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|e| {
            (
                offset(&e["range"]["start"]),
                offset(&e["range"]["end"]),
                e["newText"].as_str().unwrap(),
            )
        })
        .collect();
    edits.sort_by_key(|e| std::cmp::Reverse(e.0));
    let mut text = text.to_string();
    for (start, end, new) in edits {
        text.replace_range(start..end, new);
    }
    text
}

#[test]
fn completion_knows_where_it_is() {
    let mut editor = desk(&["utf-8"]);
    editor.findings("desk.failway", |_| true);
    editor.open("desk.failway", DESK);
    editor.findings("desk.failway", <[Value]>::is_empty);
    let mut version = 1;
    // Writes `text` in place of the part, and asks at its end.
    let mut try_at = |part: &str, text: &str| {
        version += 1;
        let changed = DESK.replacen(part, text, 1);
        editor.change("desk.failway", version, json!([{ "text": changed }]));
        let (row, column) = line(DESK, part);
        editor.offered("desk.failway", row, column + text.len() as u32)
    };
    let has = |offered: &[String], wanted: &[&str]| {
        for one in wanted {
            assert!(offered.iter().any(|o| o == one), "no {one} in {offered:?}");
        }
    };
    has(&try_at("-> known", "-> "), &["known", "stranger", "find"]);
    has(&try_at("do crm.lookup", "do "), &["crm.lookup"]);
    assert_eq!(try_at("crm.lookup(id: id)", "crm."), ["lookup"]);
    has(&try_at("gives lead.id", "gives lead."), &["id", "name"]);
    has(
        &try_at("(id: Id) -> Lead", "(id: "),
        &["Id", "Lead", "Queue", "string"],
    );
    has(
        &try_at("allow reading: crm.lookup", "allow reading: "),
        &["crm.lookup", "crm.*", "any read"],
    );
    has(
        &try_at("when early", "when "),
        &["early", "late", "id", "events"],
    );
    assert_eq!(try_at("late == false", "Queue."), ["billing", "events"]);
    // What is not handled yet comes first.
    let outcomes = try_at("on not_found | malformed | denied", "on ");
    let open = [
        "declined",
        "denied",
        "expired",
        "limited",
        "malformed",
        "not_found",
    ];
    assert_eq!(outcomes[..6], open, "{outcomes:?}");
    assert_eq!(outcomes[6..], ["ok", "timeout", "unavailable"]);
    has(&try_at("input late", "in"), &["allow", "flow", "input"]);
    has(&try_at("on ok ", "o"), &["on", "do", "visits"]);
    assert!(try_at("changes nothing", "wh").is_empty(), "inside a text");
    editor.end();
}

#[test]
fn files_are_outlined_folded_found_and_formatted() {
    let mut editor = desk(&["utf-8"]);
    editor.findings("desk.failway", |_| true);
    let document = json!({ "textDocument": { "uri": editor.uri("desk.failway") } });
    let outline = editor.ask("textDocument/documentSymbol", document.clone());
    let names: Vec<&str> = outline
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["desk", "crm", "late", "queue", "early", "reading", "greet"]
    );
    assert_eq!(outline[6]["children"].as_array().unwrap().len(), 3);
    let folds = editor.ask("textDocument/foldingRange", document.clone());
    let starts: Vec<u64> = folds
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["startLine"].as_u64().unwrap())
        .collect();
    let (flow, state) = (line(DESK, "flow greet").0, line(DESK, "state find").0);
    assert!(
        starts.contains(&flow.into()) && starts.contains(&state.into()),
        "{starts:?}"
    );
    let found = editor.ask("workspace/symbol", json!({ "query": "lkp" }));
    assert_eq!(found[0]["name"], "crm.lookup");

    let mut ask = document;
    ask["options"] = json!({ "tabSize": 8, "insertSpaces": false });
    let answer = editor.asked("textDocument/formatting", ask.clone());
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("not open")
    );
    let loose = DESK.replace("  state", "      state").replace(" -> ", "->");
    editor.open("desk.failway", &loose);
    let edits = editor.ask("textDocument/formatting", ask);
    let made = applied(&loose, edits.as_array().unwrap());
    assert_eq!(made, failway::syntax::fmt::format(&loose).unwrap());
    assert!(
        edits.as_array().unwrap().len() > 1,
        "only what changes is replaced"
    );
    editor.end();
}

#[test]
fn columns_are_the_editors() {
    let text = "policy p\n/// 😀 é\nrole a & // 😀\n";
    let good = "policy p\nrole a // 😀\n";
    for (encodings, name) in [
        (&["utf-16"][..], "utf-16"),
        (&[], "utf-16"),
        (&["utf-16", "utf-8"][..], "utf-8"),
    ] {
        let mut editor = Editor::start(&[("p.failway", good)], encodings);
        assert_eq!(editor.capabilities["positionEncoding"], name);
        editor.open("p.failway", text);
        let found = editor.findings("p.failway", |l| {
            l.iter().any(|d| d["range"]["start"]["line"] == 2)
        });
        assert!(!found.is_empty());
        // Behind the emoji in a comment a word is written; what comes of it is what is meant.
        let wide = if name == "utf-8" { 4 } else { 2 };
        editor.change("p.failway", 2, json!([{ "text": good }]));
        let end = 10 + wide;
        let range = json!({ "start": { "line": 1, "character": end }, "end": { "line": 1, "character": end } });
        editor.change(
            "p.failway",
            3,
            json!([{ "range": range, "text": "\nrole b" }]),
        );
        let document = json!({ "textDocument": { "uri": editor.uri("p.failway") } });
        let outline = editor.ask("textDocument/documentSymbol", document);
        assert_eq!(outline.as_array().unwrap().len(), 3, "{outline:#}");
        assert_eq!(
            outline[2]["selectionRange"]["start"],
            json!({ "line": 2, "character": 5 })
        );
        editor.end();
    }
}

#[test]
fn rough_treatment_is_answered() {
    let mut editor = desk(&["utf-8"]);
    let answer = editor.asked("textDocument/nothing", json!({}));
    assert_eq!(answer["error"]["code"], -32601);
    let answer = editor.asked("textDocument/hover", json!({ "what": 1 }));
    assert_eq!(answer["error"]["code"], -32602);
    let gone = editor.at("gone.failway", 0, 0);
    assert!(editor.ask("textDocument/hover", gone.clone()).is_null());
    assert_eq!(editor.ask("textDocument/completion", gone), json!([]));
    editor.tell("$/cancelRequest", json!({ "id": 1 }));
    editor.tell("textDocument/didChange", json!({ "nonsense": true }));
    // A file in pieces, letter by letter.
    editor.open("desk.failway", "");
    let whole: Vec<char> = DESK.chars().collect();
    for (i, end) in (0..whole.len()).step_by(37).enumerate() {
        let text: String = whole[..end].iter().collect();
        editor.change("desk.failway", i as i64 + 2, json!([{ "text": text }]));
        let row = text.matches('\n').count() as u32;
        let column = text.len() - text.rfind('\n').map_or(0, |n| n + 1);
        editor.offered("desk.failway", row, column as u32);
        let at = editor.at("desk.failway", row, column as u32 / 2);
        editor.ask("textDocument/hover", at);
    }
    // Positions that are nowhere.
    for (row, column) in [(9_999, 0), (0, 9_999), (u32::MAX, u32::MAX)] {
        let at = editor.at("desk.failway", row, column);
        editor.ask("textDocument/definition", at);
    }
    editor.end();
}

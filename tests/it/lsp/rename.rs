//! Names whose places only types tell: fields, parameters, variants, failures.

use super::{DESK, Editor, TYPES, applied, desk, line};
use serde_json::{Value, json};

fn ask(editor: &mut Editor, (name, part, skip): (&str, &str, u32), new: &str) -> Value {
    let text = if name == "desk.failway" { DESK } else { TYPES };
    let (row, column) = line(text, part);
    let mut at = editor.at(name, row, column + skip);
    at["newName"] = json!(new);
    editor.asked("textDocument/rename", at)
}

/// The two texts with an answer's edits made.
fn both(editor: &Editor, answer: &Value) -> [(&'static str, String); 2] {
    let changes = answer["result"]["documentChanges"].as_array();
    let changes = changes.unwrap_or_else(|| panic!("{answer:#}"));
    [("desk.failway", DESK), ("types.failway", TYPES)].map(|(name, text)| {
        let uri = editor.uri(name);
        let mut of = changes
            .iter()
            .filter(|c| c["textDocument"]["uri"] == uri.as_str());
        let edits = of.next().map(|c| c["edits"].as_array().unwrap().clone());
        (name, applied(text, &edits.unwrap_or_default()))
    })
}

#[test]
fn what_types_tell_is_renamed_everywhere() {
    for (from, new, wanted) in [
        (
            ("types.failway", "id: Id, name", 0),
            "key",
            ["gives lead.key", "Lead { key: Id"],
        ),
        (
            ("desk.failway", "lead.id", 5),
            "key",
            ["gives lead.key", "Lead { key: Id"],
        ),
        (
            ("desk.failway", "id: Id) -> Lead", 0),
            "who",
            ["lookup(who: id) as lead", "type Id"],
        ),
        (
            ("types.failway", "events, billing", 0),
            "fairs",
            ["queue == fairs", "{ fairs, billing }"],
        ),
        (
            ("desk.failway", "not_found | mal", 0),
            "gone",
            ["permanent gone", "type Id"],
        ),
        (
            ("desk.failway", "not_found  trans", 0),
            "gone",
            ["on gone | mal", "type Id"],
        ),
    ] {
        let mut editor = desk(&["utf-8"]);
        editor.findings("desk.failway", |_| true);
        let answer = ask(&mut editor, from, new);
        let now = both(&editor, &answer);
        for ((_, text), wanted) in now.iter().zip(wanted) {
            assert!(text.contains(wanted), "{from:?}: no `{wanted}` in\n{text}");
        }
        for (name, text) in &now {
            editor.open(name, text);
        }
        editor.findings("desk.failway", <[Value]>::is_empty);
        editor.end();
    }
}

#[test]
fn a_field_is_found_from_where_it_is_used() {
    let mut editor = desk(&["utf-8"]);
    editor.findings("desk.failway", |_| true);
    let (row, column) = line(DESK, "lead.id");
    let at = editor.at("desk.failway", row, column + 5);
    let there = editor.ask("textDocument/definition", at.clone());
    assert_eq!(there["uri"], editor.uri("types.failway"));
    let start = json!({ "line": 3, "character": 14 });
    assert_eq!(there["range"]["start"], start);
    let mut at = at;
    at["context"] = json!({ "includeDeclaration": true });
    let uses = editor.ask("textDocument/references", at);
    assert_eq!(uses.as_array().unwrap().len(), 2);
    editor.end();
}

#[test]
fn refusals_say_why() {
    let mut editor = desk(&["utf-8"]);
    editor.findings("desk.failway", |_| true);
    for (from, new, why) in [
        (("types.failway", "id: Id, name", 0), "name", "already"),
        (("types.failway", "id: Id, name", 0), "Name", "lower-case"),
    ] {
        let answer = ask(&mut editor, from, new);
        let said = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(said.contains(why), "{new}: {answer:#}");
    }
    let broken = DESK.replace("gives lead.id", "gives lead.idd");
    editor.open("desk.failway", &broken);
    let answer = ask(&mut editor, ("types.failway", "id: Id, name", 0), "key");
    let said = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(said.contains("repair the errors first (FW"), "{answer:#}");
    editor.end();
}

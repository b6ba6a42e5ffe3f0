//! Quick fixes.

use super::{DESK, Editor, applied, desk, line};
use serde_json::{Value, json};

/// The actions offered in a range of lines, with the edit of each applied to the text.
fn repaired(
    editor: &mut Editor,
    text: &str,
    rows: (u32, u32),
    only: Value,
) -> Vec<(String, Value, String)> {
    let mut context = json!({ "diagnostics": [] });
    if !only.is_null() {
        context["only"] = only;
    }
    let params = json!({
        "textDocument": { "uri": editor.uri("desk.failway") },
        "range": { "start": { "line": rows.0, "character": 0 }, "end": { "line": rows.1, "character": 0 } },
        "context": context,
    });
    let actions = editor.ask("textDocument/codeAction", params);
    let each = |a: &Value| {
        let changes = a["edit"]["documentChanges"].as_array().unwrap();
        assert_eq!(changes.len(), 1);
        let edits = changes[0]["edits"].as_array().unwrap();
        let title = a["title"].as_str().unwrap().to_string();
        (title, a.clone(), applied(text, edits))
    };
    actions.as_array().unwrap().iter().map(each).collect()
}

#[test]
fn findings_are_repaired_where_they_stand() {
    let wrong = DESK
        .replace("not_found | malformed | denied", "denied")
        .replace(
            "early = late == false and queue",
            "early = late == false && queu",
        );
    for encoding in ["utf-8", "utf-16"] {
        let wrong = format!("// 😀\n{wrong}");
        let mut editor = desk(&[encoding]);
        editor.open("desk.failway", &wrong);
        editor.findings("desk.failway", |l| l.iter().any(|d| d["code"] == "FW001"));
        let (row, _) = line(&wrong, "define early");
        let offered = repaired(&mut editor, &wrong, (row, row), Value::Null);
        assert_eq!(offered.len(), 1, "{offered:#?}");
        let (title, action, text) = &offered[0];
        assert_eq!(title, "write `and` instead of `&&`");
        assert_eq!(action["kind"], "quickfix");
        assert_eq!(action["isPreferred"], true);
        assert_eq!(action["diagnostics"][0]["code"], "FW001");
        assert!(
            text.contains("define early = late == false and queu == events\n"),
            "{text}"
        );
        // All at once, when it is asked for.
        let every = repaired(&mut editor, &wrong, (0, 0), json!(["source.fixAll"]));
        assert_eq!(every.len(), 1);
        assert_eq!(&every[0].2, text);

        // Then the name comes to light, and what the state doesn't say.
        editor.change("desk.failway", 2, json!([{ "text": text }]));
        editor.findings("desk.failway", |l| l.iter().any(|d| d["code"] == "FW101"));
        let offered = repaired(&mut editor, text, (row, row), Value::Null);
        assert_eq!(offered[0].0, "write `queue` instead of `queu`");
        assert_eq!(offered[0].1["isPreferred"], false);
        let text = offered[0].2.clone();
        editor.change("desk.failway", 3, json!([{ "text": text }]));
        editor.findings("desk.failway", |l| l.iter().any(|d| d["code"] == "FW301"));
        let (row, _) = line(&text, "state find");
        let offered = repaired(&mut editor, &text, (row, row), json!(["quickfix"]));
        let (title, action, text) = &offered[0];
        assert_eq!(title, "handle `not_found` and `malformed` in `find`");
        assert_eq!(action["diagnostics"].as_array().unwrap().len(), 2);
        assert!(
            text.contains("    on not_found | malformed -> stranger\n  }"),
            "{text}"
        );
        editor.change("desk.failway", 4, json!([{ "text": text }]));
        editor.findings("desk.failway", <[Value]>::is_empty);
        // Nothing is offered where nothing is wrong, and for files that aren't there.
        assert!(
            repaired(&mut editor, text, (0, 99), json!(["quickfix"]))
                .iter()
                .all(|(t, ..)| t.contains("because"))
        );
        editor.end();
    }
}

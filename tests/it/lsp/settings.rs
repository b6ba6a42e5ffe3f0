//! `failway.toml` counts in the editor as it does on the command line.

use super::Editor;
use serde_json::{Value, json};

/// The second rule adds nothing to the first: a warning.
const TEXT: &str = "policy p

integration shop {
  action look(id: string length 1..9) { reads  timeout 1s }
}

allow look: shop.look
allow again: shop.look when length(id) > 2
";

fn save(editor: &mut Editor, text: &str) {
    std::fs::write(editor.path("failway.toml"), text).unwrap();
    editor.notices.clear();
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
}

fn of(found: &[Value], code: &str) -> Option<i64> {
    let found = found.iter().find(|f| f["code"] == code);
    found.and_then(|f| f["severity"].as_i64())
}

#[test]
fn levels_count_and_mistakes_are_shown() {
    let mut editor = Editor::start(&[("sub/p.failway", TEXT)], &["utf-8"]);
    let found = editor.findings("sub/p.failway", |f| !f.is_empty());
    let code = found[0]["code"].as_str().unwrap().to_string();
    assert_eq!(of(&found, &code), Some(2), "{found:?}");

    save(&mut editor, &format!("[levels]\n{code} = \"error\"\n"));
    let found = editor.findings("sub/p.failway", |f| !f.is_empty());
    assert_eq!(of(&found, &code), Some(1));

    save(&mut editor, &format!("[levels]\n{code} = \"off\"\n"));
    let found = editor.findings("sub/p.failway", |_| true);
    assert_eq!(of(&found, &code), None);

    save(&mut editor, "effort = 2\n[levels]\nFW301 = \"off\"\n");
    let wrong = editor.findings("failway.toml", |f| !f.is_empty());
    assert_eq!(wrong[0]["range"]["start"]["line"], 2);
    let said = wrong[0]["message"].as_str().unwrap();
    assert!(said.contains("errors stay errors"), "{said}");
    let found = editor.findings("sub/p.failway", |_| true);
    assert_eq!(of(&found, &code), Some(2));

    // Gone with the file.
    std::fs::remove_file(editor.path("failway.toml")).unwrap();
    editor.notices.clear();
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    editor.findings("failway.toml", <[Value]>::is_empty);
    editor.end();
}

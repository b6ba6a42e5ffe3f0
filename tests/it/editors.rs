//! The editors' grammars: their words are the compiler's, and their own tests pass. What they need is
//! installed by npm, once, in a folder below `target/`.

use super::common::home;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every word of the language, from the grammar that the compiler reads by.
pub fn words() -> BTreeSet<String> {
    let grammar = std::fs::read_to_string(home().join("grammar/failway.pest")).unwrap();
    let mut words = BTreeSet::new();
    for line in grammar.lines() {
        let Some((rule, body)) = line.split_once("= @{") else {
            continue;
        };
        let rule = rule.trim();
        let lists = [
            "effect_word",
            "end_class",
            "approval_word",
            "hist_func",
            "bool_lit",
            "base_type",
            "verdict_word",
            "test_word",
            "reserved",
            "reserved_head",
        ];
        if rule.starts_with("kw_") || lists.contains(&rule) {
            let quoted = body.split('"').skip(1).step_by(2);
            words.extend(quoted.map(str::to_string));
        }
    }
    assert!(words.len() > 100, "{words:?}");
    words
}

#[track_caller]
fn same_words(theirs: &BTreeSet<String>, whose: &str) {
    let ours = words();
    let lacking: Vec<_> = ours.difference(theirs).collect();
    let surplus: Vec<_> = theirs.difference(&ours).collect();
    assert!(
        lacking.is_empty() && surplus.is_empty(),
        "{whose}: not there: {lacking:?}; no words of the language: {surplus:?}"
    );
}

#[test]
fn the_textmate_grammar_has_the_words_of_the_language() {
    let path = home().join("editors/vscode/syntaxes/failway.tmLanguage.json");
    let grammar: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut theirs = BTreeSet::new();
    for pattern in grammar["repository"]["keyword"]["patterns"]
        .as_array()
        .unwrap()
    {
        let expression = pattern["match"].as_str().unwrap();
        let (_, list) = expression.split_once(")(?:").unwrap();
        let (list, _) = list.split_once(')').unwrap();
        theirs.extend(list.split('|').map(str::to_string));
    }
    same_words(&theirs, "editors/vscode/syntaxes/failway.tmLanguage.json");
}

/// Runs a program, and shows what it said if it fails.
#[track_caller]
fn run(folder: &Path, program: &str, args: &[&str]) -> String {
    let done = Command::new(program)
        .args(args)
        .current_dir(folder)
        .env("FAILWAY_REPO", home())
        .output()
        .unwrap_or_else(|e| panic!("`{program}` is needed for the editors' tests: {e}"));
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(done.status.success(), "{program} {args:?}: {said}");
    said
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name == "node_modules" {
            continue;
        }
        let to = to.join(name);
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A copy of an npm package below `target/`, with what it needs installed.
fn installed(package: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("editors")
        .join(package);
    let from = home().join("editors").join(package);
    let lock = std::fs::read(from.join("package-lock.json")).unwrap();
    let mark = folder.join("node_modules/.installed");
    copy(&from, &folder);
    if std::fs::read(&mark).ok().as_deref() != Some(&lock) {
        run(
            &folder,
            "npm",
            &["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        );
        std::fs::write(mark, lock).unwrap();
    }
    folder
}

#[test]
fn npm_lock_files_name_no_addresses() {
    let text = std::fs::read_to_string(home().join("editors/vscode/package-lock.json")).unwrap();
    assert!(!text.contains("\"resolved\""));
}

#[test]
fn the_vs_code_extension_passes_its_tests_and_is_packed() {
    let folder = installed("vscode");
    let said = run(&folder, "npm", &["test"]);
    assert!(
        said.contains("highlight: ") && said.contains("find: "),
        "{said}"
    );
    let said = run(&folder, "npm", &["run", "package"]);
    assert!(said.contains("failway.vsix"), "{said}");
    let packed = std::fs::read(folder.join("failway.vsix")).unwrap();
    assert!(packed.starts_with(b"PK") && packed.len() > 100_000);
}

/// All words among the texts of the tree-sitter grammar.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if map.get("type").is_some_and(|t| t == "STRING")
                && let Some(text) = map.get("value").and_then(Value::as_str)
                && text.bytes().all(|b| b.is_ascii_lowercase())
            {
                found.insert(text.to_string());
            }
            map.values().for_each(|v| texts(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| texts(v, found)),
        _ => {}
    }
}

#[test]
fn the_tree_sitter_grammar_and_its_colours_have_the_words_of_the_language() {
    let folder = home().join("editors/tree-sitter-failway");
    let grammar = std::fs::read(folder.join("src/grammar.json")).unwrap();
    let mut theirs = BTreeSet::new();
    texts(&serde_json::from_slice(&grammar).unwrap(), &mut theirs);
    same_words(&theirs, "editors/tree-sitter-failway/grammar.js");
    let query = std::fs::read_to_string(folder.join("queries/highlights.scm")).unwrap();
    let coloured: BTreeSet<&str> = query.split('"').skip(1).step_by(2).collect();
    // These are nodes of their own, or the functions of history and size.
    let by_node = [
        "reads", "choose", "true", "false", "bool", "int", "decimal", "string", "duration", "time",
        "date", "instant", "done", "standing",
    ];
    for word in &theirs {
        let known = coloured.contains(word.as_str()) || by_node.contains(&word.as_str());
        assert!(known, "queries/highlights.scm has no colour for `{word}`");
    }
    for other in [
        "helix/queries/highlights.scm",
        "zed/languages/failway/highlights.scm",
    ] {
        let path = home().join("editors").join(other);
        assert!(
            std::fs::read_to_string(path).unwrap() == query,
            "{other} has other colours"
        );
    }
}

#[test]
fn the_emacs_mode_has_the_words_of_the_language() {
    let path = home().join("editors/emacs/failway-mode.el");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, list) = text.split_once(";; words").unwrap();
    let (list, _) = list.split_once(")\n").unwrap();
    let mut theirs: BTreeSet<String> = list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_string)
        .collect();
    // Types and truth values have colours of their own.
    for word in [
        "bool", "int", "decimal", "string", "duration", "time", "date", "instant", "true", "false",
    ] {
        theirs.insert(word.to_string());
    }
    same_words(&theirs, "editors/emacs/failway-mode.el");
}

#[test]
fn the_tree_sitter_grammar_passes_its_tests() {
    let folder = home().join("editors/tree-sitter-failway");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tree-sitter");
    let target = target.to_str().unwrap();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let said = run(
        &folder,
        &cargo,
        &["test", "--locked", "--target-dir", target],
    );
    assert!(said.contains("4 passed"), "{said}");
}

/// Neovim itself, with the set-up that is shipped: findings come, and a quick fix takes them away.
#[test]
#[ignore = "needs Neovim 0.7 or later: cargo nextest run --test it neovim --run-ignored all"]
fn neovim_shows_findings_and_repairs_them() {
    let folder = tempfile::tempdir().unwrap();
    let text = "policy desk
integration crm {
  action find(id: int in 1..9) { reads  timeout 3s }
}
allow all: crm.find
flow f(id: int in 1..9) {
  start -> a
  state a {
    do crm.find(id: id)
    on ok -> done
    on timeout -> lost
  }
  end done success
  end lost failure
}
";
    std::fs::write(folder.path().join("desk.failway"), text).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_failway")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let nvim = home().join("editors/nvim");
    let done = Command::new("nvim")
        .args(["--headless", "-u", "NONE", "--cmd"])
        .arg(format!("set rtp^={}", nvim.display()))
        .args([
            "-c",
            "runtime! plugin/failway.lua",
            "desk.failway",
            "-c",
            "edit",
            "-c",
        ])
        .arg(format!(
            "luafile {}",
            nvim.join("tests/headless.lua").display()
        ))
        .current_dir(&folder)
        .env("PATH", path)
        .output()
        .expect("Neovim");
    let said = String::from_utf8_lossy(&done.stdout);
    let wanted = "finding 8: state `a` does not say what happens on `malformed`
offered: handle `malformed` in `a`
left: 0
";
    assert_eq!(
        said.replace('\r', ""),
        wanted,
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

//! `failway.toml`, baselines and `--watch`, as their users meet them.

use super::cli::Place;
use super::common::home;
use failway::diagnostics::{Code, Severity};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

const CLEAN: &str = "policy clean\n";
const WARNED: &str = "policy warned\n\ntype Spare = int\n";

// ── failway.toml ─────────────────────────────────────────────────────────────

#[test]
fn the_file_is_found_by_walking_up_and_its_paths_are_its_own() {
    let place = Place::new();
    place.write(
        "failway.toml",
        "paths = [\"policies\"]\n[check]\ndeny-warnings = true\n",
    );
    place
        .write("policies/a.failway", WARNED)
        .write("other/b.failway", WARNED);
    place
        .run(&["check"])
        .code(1)
        .out("1 warning (1 policy in 1 file)");
    place
        .run(&["check", "other"])
        .code(1)
        .out("other/b.failway");
    // From a folder inside, paths still begin at the file's.
    let inside = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_failway"))
            .args(args)
            .current_dir(place.path("other"))
            .output()
            .unwrap()
    };
    let ran = inside(&["check"]);
    let out = String::from_utf8(ran.stdout).unwrap();
    assert!(out.contains("../policies/a.failway"), "{out}");
    assert!(!out.contains("b.failway"), "{out}");
    assert_eq!(inside(&["fmt", "--check"]).status.code(), Some(0));
    // The nearest one counts alone.
    place.write("other/failway.toml", "");
    assert_eq!(inside(&["check"]).status.code(), Some(0));
}

#[test]
fn levels_are_changed_for_warnings_alone() {
    let place = Place::new();
    place.write("a.failway", WARNED);
    let with = |level: &str, args: &[&str]| {
        place.write("failway.toml", format!("[levels]\nFW190 = \"{level}\"\n"));
        place.run(args)
    };
    with("off", &["check", "--deny-warnings"])
        .code(0)
        .out("nothing found");
    with("note", &["check", "--deny-warnings"])
        .code(0)
        .out("1 note");
    with("error", &["check"]).code(1).out("error[FW190]");
    with("error", &["compile", "a.failway"])
        .code(1)
        .err("no table was written");
    assert!(!place.path("a.table.json").exists());
    with("warning", &["compile", "a.failway"]).code(0);
    place.write("failway.toml", "[levels]\nFW301 = \"off\"\n");
    place
        .run(&["check"])
        .code(2)
        .err("failway.toml:2: FW301 (unhandled outcome) is an error");
}

#[test]
fn what_is_wrong_with_the_file_is_said_by_every_command() {
    let place = Place::new();
    place.write("a.failway", CLEAN);
    place.write("failway.toml", "path = [\"a\"]\n[checks]\nstyle = 1\n");
    for command in ["check", "fmt", "test"] {
        place
            .run(&[command])
            .code(2)
            .err("failway.toml:1: there is no key `path`; did you mean `paths`?")
            .err("failway.toml:2: there is no key `checks`; did you mean `check`?");
    }
    place.write("failway.toml", "effort = 0");
    place
        .run(&["compile", "a.failway"])
        .code(2)
        .err("from 1 to 1000");
    place.write("failway.toml", "paths = [\n");
    place
        .run(&["check"])
        .code(2)
        .err("failway.toml:")
        .err("this is not TOML");
    place.write("failway.toml", b"\xff");
    place.run(&["check"]).code(2).err("it is not UTF-8");
    place.write("failway.toml", "paths = [\"nowhere\"]");
    place
        .run(&["check"])
        .code(2)
        .err("there is no file or folder `nowhere`");
}

#[test]
fn tables_go_to_the_folder_for_them() {
    let place = Place::new();
    place.write("failway.toml", "[compile]\noutput = \"build/tables\"\n");
    place.write("in/a.failway", CLEAN);
    place
        .run(&["compile", "in/a.failway"])
        .code(0)
        .err("build/tables/a.table.json");
    assert!(place.path("build/tables/a.table.json").exists());
    place
        .run(&["compile", "in/a.failway", "-o", "b.json"])
        .code(0);
    assert!(place.path("b.json").exists());
}

/// The schema knows the keys and codes that the program knows.
#[test]
fn the_schema_is_that_of_the_program() {
    let text = std::fs::read_to_string(home().join("schemas/failway.toml.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let levels = schema["properties"]["levels"]["properties"]
        .as_object()
        .unwrap();
    let known: Vec<&str> = Code::ALL
        .iter()
        .filter(|c| c.severity() != Severity::Error)
        .map(|c| c.as_str())
        .collect();
    let listed: Vec<&str> = levels.keys().map(String::as_str).collect();
    assert_eq!(listed, known);
    for code in known {
        let title = Code::parse(code).unwrap().title();
        assert_eq!(levels[code]["description"], title);
    }
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler
        .add_resource("urn:failway:toml:1", schema.clone())
        .unwrap();
    let index = compiler
        .compile("urn:failway:toml:1", &mut schemas)
        .unwrap();
    let fits = |text: &str| {
        let data: Value = toml::from_str(text).unwrap();
        schemas.validate(&data, index).is_ok()
    };
    let page = std::fs::read_to_string(home().join("docs/config.md")).unwrap();
    let (_, example) = page.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    // The example says everything there is; schema and program take and refuse the same.
    for (text, good) in [
        (example, true),
        ("", true),
        ("x = 1", false),
        ("effort = 0", false),
        ("effort = 1001", false),
        ("paths = []", false),
        ("paths = [\"\"]", false),
        ("[levels]\nFW301 = \"off\"", false),
        ("[levels]\nFW190 = \"info\"", false),
        ("[check]\nstyle = 1", false),
        ("[compile]\noutput = \"\"", false),
        ("[compile]\nfolder = \"x\"", false),
    ] {
        assert_eq!(fits(text), good, "the schema: {text}");
        assert_eq!(
            failway::config::Config::read(text).is_ok(),
            good,
            "the program: {text}"
        );
    }
    let mut keys: Vec<String> = Vec::new();
    for (key, value) in schema["properties"].as_object().unwrap() {
        match value["properties"].as_object().filter(|_| key != "levels") {
            Some(inner) => keys.extend(inner.keys().map(|k| format!("{key}.{k}"))),
            None => keys.push(key.clone()),
        }
    }
    for key in keys {
        let (table, name) = key.split_once('.').unwrap_or(("", &key));
        let written = if name == "levels" {
            "[levels]".to_string()
        } else {
            format!("\n{name} = ")
        };
        assert!(
            example.contains(&written) && example.contains(table),
            "{key} is not in the example"
        );
    }
}

// ── Baselines ────────────────────────────────────────────────────────────────

#[test]
fn what_is_known_is_hidden_and_what_is_gone_is_told() {
    let place = Place::new();
    let action = "integration b { action c() { reads timeout 3s } }";
    let before = format!("policy a\ntype Spare = int\n{action}\n");
    place.write("a.failway", before);
    let written = place
        .run(&["check", "--write-baseline", "known.json"])
        .code(0);
    assert!(
        written.err.contains("known.json: 2 known findings"),
        "{}",
        written.err
    );
    assert!(
        written.err.contains("1 error among them"),
        "{}",
        written.err
    );
    let with = ["check", "--deny-warnings", "--baseline", "known.json"];
    place
        .run(&with)
        .code(0)
        .out("nothing found (1 policy in 1 file; 2 known)");
    // Moved, it is the same; another one is new; one is gone.
    let after = format!("policy a\n\n\ninput more: int\n\n  {action}\n");
    place.write("a.failway", after);
    let ran = place.run(&with).code(1);
    let ran = ran.out("FW190").out("1 warning").out("1 known)");
    ran.out("1 known finding gone")
        .out("a.failway: FW190 nothing uses the type `Spare`");
    let json = place
        .run(&[&with[..], &["--format", "json"]].concat())
        .json();
    assert_eq!(json["summary"]["known"], 1);
    assert_eq!(json["resolved"][0]["code"], "FW190");
    let sarif = place
        .run(&[&with[..], &["--format", "sarif"]].concat())
        .json();
    let states: Vec<&Value> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["baselineState"])
        .collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&&json!("new")) && states.contains(&&json!("unchanged")));
    // A table is not had by knowing errors.
    place.run(&["compile", "a.failway"]).code(1);
    // What was not looked at is not gone.
    place.write("b.failway", CLEAN);
    let ran = place
        .run(&["check", "b.failway", "--baseline", "known.json"])
        .code(0);
    assert!(!ran.out.contains("gone"), "{}", ran.out);
    std::fs::remove_file(place.path("a.failway")).unwrap();
    place.run(&with).code(0).out("2 known findings gone");
    // From failway.toml, and anew.
    place.write("failway.toml", "[check]\nbaseline = \"known.json\"\n");
    place
        .run(&["check", "--write-baseline", "known.json"])
        .code(0)
        .err("0 known findings");
    place.run(&["check"]).code(0);
}

#[test]
fn a_baseline_that_is_none_is_refused() {
    let place = Place::new();
    place.write("a.failway", CLEAN);
    let with = ["check", "--baseline", "known.json"];
    place
        .run(&with)
        .code(2)
        .err("there is no such file")
        .err("--write-baseline known.json");
    place.write("known.json", "{");
    place.run(&with).code(2).err("it is no baseline");
    place.write("known.json", "{\"version\": 2, \"findings\": []}");
    place.run(&with).code(2).err("a baseline of version 2");
    // One that could not be made whole is not made.
    place.write("b.failway", b"policy \xff");
    place
        .run(&["check", "--write-baseline", "new.json"])
        .code(2)
        .err("`new.json` was not written");
    assert!(!place.path("new.json").exists());
}

// ── --watch ──────────────────────────────────────────────────────────────────

/// A program that does not outlive its test.
#[cfg(unix)]
struct Ended(std::process::Child);

#[cfg(unix)]
impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// Changes are seen, also of files that a policy brings in, and Ctrl-C ends it well.
#[cfg(unix)]
#[test]
fn watching_sees_changes_and_ends_on_ctrl_c() {
    let place = Place::new();
    place
        .write("p/a.failway", "policy a\nuse \"../b.failway\"\n")
        .write("b.failway", "");
    let child = Command::new(env!("CARGO_BIN_EXE_failway"))
        .args(["check", "--watch", "p"])
        .current_dir(place.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Ended(child);
    let out = BufReader::new(child.0.stdout.take().unwrap());
    let (send, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        out.lines()
            .map_while(Result::ok)
            .try_for_each(|l| send.send(l))
    });
    // A file may be seen half written: what is waited for is said in one of the next rounds.
    let until = |wanted: &str| loop {
        let line = lines.recv_timeout(Duration::from_secs(30));
        if line
            .unwrap_or_else(|_| panic!("nobody says {wanted}"))
            .contains(wanted)
        {
            break;
        }
    };
    until("nothing found");
    place.write("b.failway", "type Spare = int\n");
    until("1 warning");
    place.write("p/new.failway", "policy more\n");
    until("2 policies");
    place.write("p/new.failway", b"policy \xff more");
    until("1 policy");
    place.write("failway.toml", "[levels]\nFW190 = \"off\"\n");
    until("nothing found");
    let id = child.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
}

#[test]
fn watching_is_for_people() {
    let place = Place::new();
    place.write("a.failway", CLEAN);
    place
        .run(&["check", "--watch", "--format", "json"])
        .code(2)
        .err("--watch is for people");
    place
        .run(&["check", "--watch", "-"])
        .code(2)
        .err("it does not go with -");
    place
        .run(&["check", "--watch", "--write-baseline", "x"])
        .code(2)
        .err("cannot be used with");
}

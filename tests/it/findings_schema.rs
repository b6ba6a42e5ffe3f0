//! What `failway check --format json` prints fits its published schema, whatever was found.

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

const SCHEMA: &str = "schemas/failway.findings.schema.json";

/// A warning, an error with values as its witness, and one with a path.
const FINDINGS: &str = r"
policy desk
integration shop {
  action find(order: string length 1..20) -> decimal in 0.01..100.00 { reads  timeout 3s }
  action refund(order: string length 1..20, amount: decimal in 0.01..100.00) { writes  timeout 3s }
}
fact paid: shop.find by order
type Spare = string length 1..5
allow reading: any read
allow small: shop.refund when amount <= paid
flow look(order: string length 1..20) {
  start -> go
  state go { do shop.find(order: order)  on ok -> found }
  end found success
}
";

/// Nothing to object to.
const CLEAN: &str = r#"
policy desk
integration shop {
  action find(order: string length 1..20) -> decimal in 0.01..100.00 { reads  timeout 3s }
}
allow reading: any read
  because "looking things up changes nothing"
"#;

struct Checker {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Checker {
    fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA);
        let mut schemas = boon::Schemas::new();
        let index = boon::Compiler::new()
            .compile(path.to_str().unwrap(), &mut schemas)
            .unwrap();
        Self { schemas, index }
    }

    fn check(&self, document: &Value) -> Result<(), String> {
        let found = self.schemas.validate(document, self.index);
        found.map_err(|e| format!("{e:#}\n{document:#}"))
    }
}

fn failway(folder: &Path, file: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_failway"))
        .args(["check", "--format", "json", file])
        .current_dir(folder)
        .output()
        .unwrap()
}

/// The document for a policy with that text, which fits the schema, and the exit code.
fn checked(text: &[u8]) -> (Value, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("desk.failway"), text).unwrap();
    let output = failway(folder.path(), "desk.failway");
    let document = serde_json::from_slice(&output.stdout).unwrap();
    Checker::new().check(&document).unwrap();
    (document, output.status.code())
}

fn codes(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|f| f["code"].as_str().unwrap())
        .collect()
}

#[test]
fn findings_fit_the_schema() {
    let (document, code) = checked(FINDINGS.as_bytes());
    assert_eq!(code, Some(1));
    let codes = codes(&document);
    for expected in ["FW150", "FW190", "FW301"] {
        assert!(codes.contains(&expected), "{codes:?}");
    }
    let witnesses: Vec<&Value> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["witness"]["data"])
        .collect();
    assert!(witnesses.contains(&&json!({"values": {"paid": null}})));
    let path = witnesses.iter().find_map(|w| w.get("path")).unwrap();
    assert_eq!(path[0]["state"], "go");
    assert!(path[0]["at"]["line"].as_u64().unwrap() > 1, "{path}");
    let summary = &document["summary"];
    let sum = ["errors", "warnings", "notes"].map(|kind| summary[kind].as_u64().unwrap());
    assert_eq!(sum.iter().sum::<u64>(), codes.len() as u64);
}

#[test]
fn syntax_errors_fit_the_schema() {
    let (document, code) = checked(b"policy desk\ninput : bool\nallow x: a.b when n = 3\n");
    assert_eq!(code, Some(1));
    assert!(codes(&document).contains(&"FW001"));
}

#[test]
fn nothing_found_fits_the_schema() {
    let (document, code) = checked(CLEAN.as_bytes());
    assert_eq!(code, Some(0), "{document:#}");
    assert_eq!(
        document,
        json!({
            "version": 1, "findings": [], "unreadable": [], "resolved": [],
            "summary": {"policies": 1, "files": 1, "errors": 0, "warnings": 0, "notes": 0, "allowed": 0, "known": 0},
        })
    );
}

#[test]
fn what_cannot_be_read_fits_the_schema() {
    let (document, code) = checked(b"policy desk\n\xff");
    assert_eq!(code, Some(2));
    assert_eq!(document["unreadable"].as_array().unwrap().len(), 1);
}

#[test]
fn a_path_that_is_not_there_gives_no_document() {
    let folder = tempfile::tempdir().unwrap();
    let output = failway(folder.path(), "desk.failway");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(!output.stderr.is_empty());
}

#[test]
fn the_schema_refuses_what_is_not_said() {
    let (document, _) = checked(FINDINGS.as_bytes());
    let checker = Checker::new();
    for (pointer, value) in [
        ("/version", json!(2)),
        ("/more", json!(1)),
        ("/unreadable", json!(null)),
        ("/summary/errors", json!(-1)),
        ("/findings/0/code", json!("E1")),
        ("/findings/0/severity", json!("fatal")),
        ("/findings/0/labels", json!([])),
        ("/findings/0/labels/0/primary", json!(false)),
        ("/findings/0/labels/0/start/line", json!(0)),
        ("/findings/0/witness", json!({"lines": []})),
    ] {
        let mut changed = document.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = value;
        assert!(checker.check(&changed).is_err(), "{pointer}");
    }
}

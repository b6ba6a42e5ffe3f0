//! The model on whole policies.

use failway::diagnostics::{Diagnostic, has_errors};
use failway::model::load::{Loader, load};
use failway::model::{Policy, check};
use std::collections::BTreeMap;

/// Files in memory, the root being `main.failway`.
pub struct Memory(pub BTreeMap<String, String>);

impl Memory {
    pub fn one(text: &str) -> Self {
        Self(BTreeMap::from([(
            "main.failway".to_string(),
            text.to_string(),
        )]))
    }
}

impl Loader for Memory {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0
            .get(path)
            .map(|t| t.clone().into_bytes())
            .ok_or_else(|| "no such file".to_string())
    }
}

/// The files of the disk.
pub struct Disk;

impl Loader for Disk {
    fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|e| e.to_string())
    }
}

fn model(root: &str, loader: &dyn Loader) -> (Policy, Vec<Diagnostic>) {
    let loaded = load(root, loader);
    let (policy, more) = check::check(&loaded.files);
    let mut findings = loaded.findings;
    findings.extend(more);
    (policy, findings)
}

fn codes(text: &str) -> Vec<&'static str> {
    let (_, findings) = model("main.failway", &Memory::one(text));
    findings.iter().map(|d| d.code.as_str()).collect()
}

#[test]
fn examples_have_no_errors_in_names_and_types() {
    for (path, text) in super::syntax::examples() {
        if !text.contains("\npolicy ") {
            continue;
        }
        let (policy, findings) = model(&path.to_string_lossy(), &Disk);
        assert!(!has_errors(&findings), "{}: {findings:#?}", path.display());
        assert!(policy.complete && !policy.tests.is_empty());
    }
}

#[test]
fn unknown_names_are_reported_with_the_nearest_one() {
    let text = "policy p\ninput today: date\nintegration a {\n  action go() { reads  timeout 1s }\n}\nallow x: a.go when tody == 2026-01-01";
    let (_, findings) = model("main.failway", &Memory::one(text));
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].help.as_deref(), Some("did you mean `today`?"));
    assert_eq!(findings[0].labels.len(), 2);
}

#[test]
fn circles_of_files_types_defines_and_groups_are_found() {
    let files = Memory(BTreeMap::from([
        (
            "main.failway".to_string(),
            "policy p\nuse \"a.failway\"".to_string(),
        ),
        ("a.failway".to_string(), "use \"main.failway\"".to_string()),
    ]));
    let (_, findings) = model("main.failway", &files);
    assert_eq!(findings[0].code.as_str(), "FW106");
    assert_eq!(codes("policy p\ntype A = B\ntype B = A"), ["FW112"]);
    assert_eq!(codes("policy p\nrecord R { again: R }"), ["FW112"]);
    assert!(codes("policy p\ndefine a = b\ndefine b = not a").contains(&"FW112"));
    assert!(codes("policy p\ngroup g = h\ngroup h = g").contains(&"FW112"));
}

#[test]
fn a_file_with_syntax_errors_gets_no_findings_that_the_broken_part_may_explain() {
    assert_eq!(
        codes(
            "policy p\nintegration a {\n  action go() { reads  timeout 1s }\n}\ninput = x\nallow y: a.go when today == 2026-01-01"
        ),
        ["FW001"]
    );
}

#[test]
fn ranges_that_wrap_are_refused_with_the_way_out() {
    let (_, findings) = model(
        "main.failway",
        &Memory::one(
            "policy p\ninput now: time\nintegration a { action go() { reads timeout 1s } }\nallow x: a.go when now in 22:00..06:00",
        ),
    );
    assert_eq!(findings[0].code.as_str(), "FW105");
    assert!(
        findings[0]
            .help
            .as_deref()
            .is_some_and(|h| h.contains("or"))
    );
}

//! Findings for other programs: each form is held against what its readers ask for, and fingerprints
//! stay what they are.

use super::cli::Place;
use quick_xml::events::Event;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A note, warnings, errors with values and with a path; two findings that differ in nothing but
/// their place; names and texts that are hard to write.
const DESK: &str = r#"
policy desk
integration shop {
  action find(order: string length 1..20) -> decimal in 0.01..100.00 { reads  timeout 3s }
  action refund(order: string length 1..20, amount: decimal in 0.01..100.00) { writes  timeout 3s }
}
fact paid: shop.find by order
type Spare = string length 1..5
allow reading: any read because "a < b & \"c\": 100%, [x](y) {{0}}"
allow small: shop.refund when amount <= paid
deny odd: shop.refund when order in {"<&>", "%, :"} because "neither <&> nor %"
deny even: shop.refund when order in {"<&>"} because "[x](y) {{0}}"
flow look(order: string length 1..20) {
  start -> go
  state go { do shop.find(order: order)  on ok -> again }
  state again { do shop.find(order: order)  on ok -> found }
  end found success
}
"#;

fn desk() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path(".git")).unwrap();
    place.write("policies/desk.failway", DESK);
    place
}

fn run(place: &Place, form: &str) -> String {
    place
        .run(&["check", "--format", form, "policies"])
        .code(1)
        .out
}

fn json_of(place: &Place, form: &str) -> Value {
    serde_json::from_str(&run(place, form)).unwrap()
}

struct Schema {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Schema {
    fn file(path: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.enable_format_assertions();
        let index = compiler
            .compile(path.to_str().unwrap(), &mut schemas)
            .unwrap();
        Self { schemas, index }
    }

    #[track_caller]
    fn fits(&self, document: &Value) {
        if let Err(e) = self.schemas.validate(document, self.index) {
            panic!("{e:#}\n{document:#}");
        }
    }

    fn refuses(&self, document: &Value) -> bool {
        self.schemas.validate(document, self.index).is_err()
    }
}

fn sarif_schema() -> Schema {
    Schema::file("tests/it/formats/sarif-schema-2.1.0.json")
}

// ── SARIF ────────────────────────────────────────────────────────────────────

#[test]
fn sarif_fits_the_published_schema() {
    let schema = sarif_schema();
    let place = desk();
    let log = json_of(&place, "sarif");
    schema.fits(&log);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 4, "{results:#?}");
    let mut paths = 0;
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let at = &result["locations"][0]["physicalLocation"];
        assert_eq!(at["artifactLocation"]["uri"], "policies/desk.failway");
        assert_eq!(at["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        for flow in result["codeFlows"].as_array().into_iter().flatten() {
            let steps = flow["threadFlows"][0]["locations"].as_array().unwrap();
            assert!(!steps.is_empty());
            paths += 1;
        }
    }
    assert!(paths > 0, "no path in {results:#?}");
    let levels: BTreeSet<&str> = results
        .iter()
        .map(|r| r["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels.len(), 2, "{levels:?}");
    // What has to be told apart by its text alone is: no machine's folder is in it.
    let text = log.to_string();
    assert!(!text.contains(place.path("").to_str().unwrap()), "{text}");
    for rule in rules {
        let help = rule["help"]["markdown"].as_str().unwrap();
        assert!(help.contains("## Repaired"), "{help}");
    }
    // The schema does refuse.
    for (pointer, value) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/results/0/level", json!("grave")),
        (
            "/runs/0/results/0/locations/0/physicalLocation/region/startLine",
            json!(0),
        ),
        ("/runs/0/columnKind", json!("bytes")),
    ] {
        let mut changed = log.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        assert!(schema.refuses(&changed), "{pointer}");
    }
}

#[test]
fn sarif_fits_for_every_page_and_for_nothing() {
    let schema = sarif_schema();
    let place = Place::new();
    let pages = super::common::home().join("docs/codes");
    for entry in std::fs::read_dir(pages).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let Some((_, rest)) = text.split_once("## Example\n\n```failway\n") else {
            continue;
        };
        // The examples of too much work take long, and are written like the others.
        if path.ends_with("FW290.md") || path.ends_with("FW390.md") {
            continue;
        }
        let (example, _) = rest.split_once("```").unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        place.write(&format!("{name}.failway"), example);
    }
    let ran = place
        .run(&["check", "--style", "--format", "sarif"])
        .code(1);
    let log = ran.json();
    schema.fits(&log);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let seen: BTreeSet<&str> = results
        .iter()
        .map(|r| r["ruleId"].as_str().unwrap())
        .collect();
    assert!(seen.len() > 60, "{seen:?}");
    // No two findings of a run are known by the same.
    let prints: BTreeSet<String> = results
        .iter()
        .map(|r| r["partialFingerprints"].to_string())
        .collect();
    assert_eq!(prints.len(), results.len());
    let clean = Place::new();
    clean.write("a.failway", "policy clean\n");
    let log = clean.run(&["check", "--format", "sarif"]).code(0).json();
    schema.fits(&log);
    assert_eq!(log["runs"][0]["results"], json!([]));
    clean.write("a.failway", b"policy clean\n\xff");
    let log = clean.run(&["check", "--format", "sarif"]).code(2).json();
    schema.fits(&log);
    assert_eq!(
        log["runs"][0]["invocations"][0]["executionSuccessful"],
        false
    );
}

// ── GitLab ───────────────────────────────────────────────────────────────────

#[test]
fn gitlab_gets_what_it_asks_for() {
    let report = json_of(&desk(), "gitlab");
    let issues = report.as_array().unwrap();
    let mut prints = BTreeSet::new();
    for issue in issues {
        // The members that GitLab's documentation names as required, and the values it knows.
        assert!(!issue["description"].as_str().unwrap().is_empty());
        assert!(issue["check_name"].as_str().unwrap().starts_with("FW"));
        assert!(prints.insert(issue["fingerprint"].as_str().unwrap()));
        let severities = ["info", "minor", "major", "critical", "blocker"];
        assert!(severities.contains(&issue["severity"].as_str().unwrap()));
        assert_eq!(issue["location"]["path"], "policies/desk.failway");
        assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() > 0);
    }
    assert!(issues.len() >= 4);
}

// ── GitHub ───────────────────────────────────────────────────────────────────

/// Reads a workflow command as GitHub's runner does.
fn command(line: &str) -> (String, BTreeMap<String, String>, String) {
    let rest = line.strip_prefix("::").unwrap();
    let (head, text) = rest.split_once("::").unwrap();
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let data = |t: &str| {
        t.replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%25", "%")
    };
    let properties = properties
        .split(',')
        .map(|p| {
            let (name, value) = p.split_once('=').unwrap();
            let value = value.replace("%3A", ":").replace("%2C", ",");
            (name.to_string(), data(&value))
        })
        .collect();
    (name.to_string(), properties, data(text))
}

#[test]
fn github_reads_its_commands_back() {
    let place = desk();
    place.write(
        "policies/100%, a:b.failway",
        "policy odd\ntype Spare = int\n",
    );
    let out = run(&place, "github");
    let document = json_of(&place, "json");
    let findings = document["findings"].as_array().unwrap();
    let commands: Vec<_> = out
        .lines()
        .filter(|l| l.starts_with("::"))
        .map(command)
        .collect();
    assert_eq!(commands.len(), findings.len());
    for ((name, properties, text), finding) in commands.iter().zip(findings) {
        let severity = finding["severity"].as_str().unwrap();
        assert_eq!(
            name,
            if severity == "note" {
                "notice"
            } else {
                severity
            }
        );
        assert!(
            text.starts_with(finding["message"].as_str().unwrap()),
            "{text}"
        );
        let labels = finding["labels"].as_array().unwrap();
        let at = labels.iter().find(|l| l["primary"] == true).unwrap();
        assert_eq!(properties["file"], at["file"].as_str().unwrap());
        assert_eq!(properties["line"], at["start"]["line"].to_string());
        assert!(properties["title"].starts_with(finding["code"].as_str().unwrap()));
    }
    assert!(out.lines().last().unwrap().starts_with("`failway explain"));
}

// ── JUnit ────────────────────────────────────────────────────────────────────

/// What the schema says about one element.
#[derive(Default)]
struct Element {
    attributes: BTreeMap<String, bool>,
    children: BTreeSet<String>,
}

/// The elements of the schema, as far as it uses what is read here: attributes, and children by `ref`.
fn xsd() -> BTreeMap<String, Element> {
    let path = super::common::home().join("tests/it/formats/junit-10.xsd");
    let text = std::fs::read_to_string(path).unwrap();
    let mut reader = quick_xml::Reader::from_str(&text);
    let mut elements: BTreeMap<String, Element> = BTreeMap::new();
    let mut now = None;
    let mut depth = 0;
    loop {
        let event = reader.read_event().unwrap();
        let (tag, opens) = match &event {
            Event::Start(tag) => (tag, true),
            Event::Empty(tag) => (tag, false),
            Event::End(_) => {
                depth -= 1;
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        let attributes = attributes(tag);
        match tag.name().as_ref() {
            // A declaration stands directly in the schema.
            "xs:element" if depth == 1 => {
                let name = attributes["name"].clone();
                elements.entry(name.clone()).or_default();
                now = Some(name);
            }
            "xs:element" => {
                if let (Some(now), Some(child)) = (&now, attributes.get("ref")) {
                    elements
                        .get_mut(now)
                        .unwrap()
                        .children
                        .insert(child.clone());
                }
            }
            "xs:attribute" if now.is_some() => {
                let required = attributes.get("use").is_some_and(|u| u == "required");
                let element = elements.get_mut(now.as_ref().unwrap()).unwrap();
                element
                    .attributes
                    .insert(attributes["name"].clone(), required);
            }
            _ => {}
        }
        if opens {
            depth += 1;
        }
    }
    elements
}

fn attributes(tag: &quick_xml::events::BytesStart<'_>) -> BTreeMap<String, String> {
    tag.attributes()
        .map(|a| {
            let a = a.unwrap();
            let name = a.key.as_ref().to_string();
            (
                name,
                quick_xml::escape::unescape(&a.value).unwrap().into_owned(),
            )
        })
        .collect()
}

/// Holds a document against the schema, and gives its cases: class, name, and what is inside.
fn junit(text: &str) -> Vec<(String, String, Vec<String>)> {
    let elements = xsd();
    assert!(elements.len() > 10, "the schema was not read");
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(allowed), "not a character of XML");
    let mut reader = quick_xml::Reader::from_str(text);
    let mut open: Vec<String> = Vec::new();
    let mut cases: Vec<(String, String, Vec<String>)> = Vec::new();
    loop {
        let event = reader.read_event().unwrap();
        let (tag, opens) = match &event {
            Event::Start(tag) => (tag, true),
            Event::Empty(tag) => (tag, false),
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        let name = tag.name().as_ref().to_string();
        let known = &elements[&name];
        match open.last() {
            Some(parent) => assert!(
                elements[parent].children.contains(&name),
                "{name} in {parent}"
            ),
            None => assert_eq!(name, "testsuites"),
        }
        let has = attributes(tag);
        for attribute in has.keys() {
            assert!(
                known.attributes.contains_key(attribute),
                "{attribute} of {name}"
            );
        }
        for (attribute, required) in &known.attributes {
            assert!(
                !required || has.contains_key(attribute),
                "{name} without {attribute}"
            );
        }
        if name == "testcase" {
            cases.push((has["classname"].clone(), has["name"].clone(), Vec::new()));
        } else if open.last().is_some_and(|p| p == "testcase") {
            cases.last_mut().unwrap().2.push(name.clone());
        }
        if opens {
            open.push(name);
        }
    }
    assert!(open.is_empty());
    cases
}

#[test]
fn junit_fits_the_schema_that_jenkins_uses() {
    let place = desk();
    place.write("policies/a.failway", "policy clean\n");
    let document = json_of(&place, "json");
    let findings = document["findings"].as_array().unwrap();
    let cases = junit(&run(&place, "junit"));
    // One for each finding, and one for the policy without any.
    assert_eq!(cases.len(), findings.len() + 1);
    assert_eq!(cases[0].1, "nothing found");
    for ((class, name, inside), finding) in cases[1..].iter().zip(findings) {
        assert_eq!(class, "policies/desk.failway");
        assert!(
            name.contains(finding["message"].as_str().unwrap()),
            "{name}"
        );
        let error = finding["severity"] == "error";
        let wanted = if error { "failure" } else { "system-out" };
        assert_eq!(inside, &[wanted]);
    }
    place.write("policies/b.failway", b"policy \xff");
    let ran = place
        .run(&["check", "--format", "junit", "policies"])
        .code(2);
    let cases = junit(&ran.out);
    assert!(cases.iter().any(|(_, _, inside)| inside == &["error"]));
    let strict = place.run(&["check", "--deny-warnings", "--format", "junit", "policies"]);
    let cases = junit(&strict.out);
    let failures = cases.iter().filter(|c| c.2 == ["failure"]).count();
    let graver = findings.iter().filter(|f| f["severity"] != "note").count();
    assert_eq!(failures, graver);
}

// ── JSON lines ───────────────────────────────────────────────────────────────

#[test]
fn json_lines_are_the_findings_of_the_document() {
    let place = desk();
    let document = json_of(&place, "json");
    let lines: Vec<Value> = run(&place, "json-lines")
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(document["findings"], Value::Array(lines));
}

#[test]
fn the_example_of_the_documentation_is_what_is_printed() {
    let text = std::fs::read_to_string(super::common::home().join("docs/json-output.md")).unwrap();
    let block = |fence: &str| {
        let (_, rest) = text.split_once(fence).unwrap();
        rest.split_once("```").unwrap().0
    };
    let place = Place::new();
    place.write("shop.failway", block("```failway\n"));
    let ran = place
        .run(&["check", "--format", "json", "shop.failway"])
        .code(1);
    assert_eq!(ran.out, block("```json\n"));
}

// ── Fingerprints ─────────────────────────────────────────────────────────────

/// Code and fingerprint of every finding, in order.
fn prints(place: &Place, from: &str) -> Vec<(String, String)> {
    let ran = place.run(&["check", "--format", "json", from]);
    let document = ran.json();
    let findings = document["findings"].as_array().unwrap();
    let text = |f: &Value, name: &str| f[name].as_str().unwrap().to_string();
    findings
        .iter()
        .map(|f| (text(f, "code"), text(f, "fingerprint")))
        .collect()
}

#[test]
fn a_finding_is_known_again_wherever_it_has_moved() {
    let place = desk();
    let before = prints(&place, "policies");
    let distinct: BTreeSet<_> = before.iter().collect();
    assert_eq!(distinct.len(), before.len());
    let set = |prints: Vec<(String, String)>| prints.into_iter().collect::<BTreeSet<_>>();
    let before = set(before);
    // Lines before it, blanks inside, other declarations.
    let moved = DESK
        .replace(
            "\npolicy desk",
            "\n\n// more\n\npolicy desk\ninput vip: bool\n",
        )
        .replace("state again { do shop", "state again {\n    do  shop")
        .replace("deny odd", "deny vips: shop.refund when vip\n\ndeny odd");
    place.write("policies/desk.failway", &moved);
    let after = set(prints(&place, "policies"));
    let lost: Vec<_> = before.difference(&after).collect();
    assert!(lost.is_empty(), "{lost:?}");
    // From wherever it is checked.
    let from = place.path("policies/desk.failway");
    assert_eq!(after, set(prints(&place, from.to_str().unwrap())));
}

#[test]
fn what_is_left_keeps_its_fingerprint() {
    let place = desk();
    let before = prints(&place, "policies");
    let handled = DESK.replace("on ok -> again", "on ok -> again on malformed -> found");
    place.write("policies/desk.failway", handled);
    let after = prints(&place, "policies");
    assert_eq!(after.len(), before.len() - 1);
    for print in &after {
        assert!(before.contains(print), "{print:?} in {before:?}");
    }
}

#[test]
fn equal_findings_are_told_apart() {
    let place = Place::new();
    let twice = "policy twice\nallow reading: a.x\nallow reading: a.x\nallow reading: a.x\n";
    place.write("a.failway", twice);
    let all = prints(&place, ".");
    let distinct: BTreeSet<_> = all.iter().collect();
    assert!(all.len() >= 3, "{all:?}");
    assert_eq!(distinct.len(), all.len());
    // Files of the same name in other folders are others.
    place.write("b/a.failway", twice);
    let both = prints(&place, ".");
    let distinct: BTreeSet<_> = both.iter().collect();
    assert_eq!(distinct.len(), 2 * all.len());
}

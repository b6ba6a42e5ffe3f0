//! SARIF 2.1.0, for code scanning: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>.

use super::place::uri;
use super::{Entry, Excuse, Place, Step};
use crate::diagnostics::{Code, Severity};
use serde_json::{Map, Value, json};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of the base that relative paths have. Where it is, whoever reads the file knows: so the file
/// says nothing about the machine that it was made on.
const ROOT: &str = "%SRCROOT%";

/// The whole log, for findings of any number of policies, and sentences about those that could not be
/// read; `compared` if known findings were told from new ones.
#[must_use]
pub fn log(entries: &[Entry], unreadable: &[String], compared: bool) -> Value {
    let mut codes: Vec<Code> = entries.iter().map(|e| e.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let results: Vec<Value> = entries
        .iter()
        .map(|e| result(e, &codes, compared))
        .collect();
    let troubles: Vec<Value> = unreadable
        .iter()
        .map(|why| json!({ "level": "error", "message": { "text": why } }))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "failway",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|c| rule(*c)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": unreadable.is_empty(),
                "toolExecutionNotifications": troubles,
            }],
            "originalUriBaseIds": { ROOT: {
                "description": { "text": "The root of the repository." },
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let page = code.page();
    let (_, body) = page.split_once("\n\n").unwrap_or(("", page));
    let first = body.split("\n\n").next().unwrap_or(body);
    json!({
        "id": code.as_str(),
        "name": pascal(code.title()),
        "shortDescription": { "text": capital(code.title()) },
        "fullDescription": { "text": first },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": level(code.severity()) },
        "properties": {
            "tags": ["failway", family(code)],
            "precision": "very-high",
            "problem.severity": match code.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "recommendation",
            },
        },
    })
}

fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

/// What a code is about, by its family.
fn family(code: Code) -> &'static str {
    match code.as_str().as_bytes().get(2) {
        Some(b'0') => "syntax",
        Some(b'1') => "names and types",
        Some(b'2') => "gate",
        Some(b'3') => "flow",
        Some(b'4') => "failure handling",
        Some(b'5') => "budget",
        Some(b'6') => "constraints against flows",
        Some(b'8') => "allowances",
        _ => "style",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    first + chars.as_str()
}

fn pascal(text: &str) -> String {
    text.split(|c: char| !c.is_alphanumeric())
        .map(capital)
        .collect()
}

fn result(entry: &Entry, codes: &[Code], compared: bool) -> Value {
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| {
        result.insert(name.to_string(), value);
    };
    put("ruleId", entry.code.as_str().into());
    if let Ok(index) = codes.binary_search(&entry.code) {
        put("ruleIndex", index.into());
    }
    put("level", level(entry.severity).into());
    put("message", message(&entry.text()));
    let mut at = location(&entry.at, None);
    if !entry.within.is_empty() {
        at["logicalLocations"] = json!([{ "fullyQualifiedName": entry.within }]);
    }
    put("locations", json!([at]));
    let others = entry.others.iter().enumerate();
    let others: Vec<Value> = others.map(|(n, p)| location(p, Some(n))).collect();
    if !others.is_empty() {
        put("relatedLocations", others.into());
    }
    if !entry.steps.is_empty() {
        let steps: Vec<Value> = entry.steps.iter().map(|s| step(s, &entry.at)).collect();
        put(
            "codeFlows",
            json!([{ "threadFlows": [{ "locations": steps }] }]),
        );
    }
    put(
        "partialFingerprints",
        json!({ "failway/v1": entry.fingerprint }),
    );
    // Of what was there before it is said that it was, and that somebody lives with it.
    match &entry.excuse {
        None if compared => put("baselineState", "new".into()),
        None => {}
        Some(Excuse::Allowed(because)) => put(
            "suppressions",
            json!([{ "kind": "inSource", "justification": because }]),
        ),
        Some(Excuse::Known) => {
            put("baselineState", "unchanged".into());
            put(
                "suppressions",
                json!([{ "kind": "external", "justification": "stands in the baseline" }]),
            );
        }
    }
    Value::Object(result)
}

/// A step of the path; one without a place of its own is shown at the place of the finding.
fn step(step: &Step, at: &Place) -> Value {
    let mut shown = location(step.place.as_ref().unwrap_or(at), None);
    shown["message"] = message(&step.text);
    json!({ "location": shown })
}

fn location(place: &Place, id: Option<usize>) -> Value {
    let mut file = json!({ "uri": uri(&place.file) });
    if !place.file.starts_with('/') && place.file.get(1..3) != Some(":/") {
        file["uriBaseId"] = ROOT.into();
    }
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": file,
            "region": {
                "startLine": place.start.line,
                "startColumn": place.start.column,
                "endLine": place.end.line.max(place.start.line),
                "endColumn": place.end.column,
            },
        },
    });
    if let Some(id) = id {
        location["id"] = id.into();
    }
    if !place.text.is_empty() {
        location["message"] = message(&place.text);
    }
    location
}

/// A message. SARIF reads `[text](target)` as a link, so brackets are escaped where they could be one.
/// Braces are left alone: readers take them as they are in a message without arguments.
fn message(text: &str) -> Value {
    if !text.contains("](") {
        return json!({ "text": text });
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    json!({ "text": escaped })
}

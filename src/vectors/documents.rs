//! Cases about reading sessions, tables and records that were tampered with.

use super::case::{DocumentCase, Edit, Refusal, TableCase};
use super::rng::Rng;
use crate::runtime::{Fault, Record, Session, replay};
use crate::table::read::ReadError;
use crate::table::{Table, canonical};
use serde_json::{Map, Value, json};

/// Mutations of one document that are tried.
const TRIES: usize = 260;
/// Mutations of one document that become cases.
const KEPT: usize = 60;

enum Name {
    Member(String),
    Index(usize),
}

/// All places of a document, as names from its root.
fn places(value: &Value, at: &[Value], out: &mut Vec<Vec<Value>>) {
    if out.len() > 200_000 {
        return;
    }
    let inner = |name: Value| {
        let mut at = at.to_vec();
        at.push(name);
        at
    };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = inner(name.as_str().into());
                out.push(at.clone());
                places(member, &at, out);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate().take(12) {
                let at = inner(i.into());
                out.push(at.clone());
                places(item, &at, out);
            }
        }
        _ => {}
    }
}

fn name(value: &Value) -> Option<Name> {
    match value {
        Value::String(s) => Some(Name::Member(s.clone())),
        other => usize::try_from(other.as_u64()?).ok().map(Name::Index),
    }
}

fn at<'v>(value: &'v Value, path: &[Value]) -> Option<&'v Value> {
    path.iter().try_fold(value, |v, n| match name(n)? {
        Name::Member(s) => v.get(s),
        Name::Index(i) => v.get(i),
    })
}

fn at_mut<'v>(value: &'v mut Value, path: &[Value]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |v, n| match name(n)? {
        Name::Member(s) => v.get_mut(s),
        Name::Index(i) => v.get_mut(i),
    })
}

fn apply(document: &mut Value, edit: &Edit) -> Option<()> {
    let (last, outer) = edit.at.split_last()?;
    let of = at_mut(document, outer)?;
    match (name(last)?, &edit.put) {
        (Name::Member(s), Some(put)) => {
            of.as_object_mut()?.insert(s, put.clone());
        }
        (Name::Index(i), Some(put)) => *of.get_mut(i)? = put.clone(),
        (Name::Member(s), None) => {
            of.as_object_mut()?.remove(&s)?;
        }
        (Name::Index(i), None) => {
            let items = of.as_array_mut()?;
            if i < items.len() {
                items.remove(i);
            }
        }
    }
    Some(())
}

fn edit(rng: &mut Rng, document: &Value, places: &[Vec<Value>]) -> Option<Edit> {
    let place = rng.pick(places)?;
    let here = at(document, place)?;
    let cut = |at: &[Value]| Edit {
        at: at.to_vec(),
        put: None,
        cut: true,
    };
    let put = |at: &[Value], value: Value| Edit {
        at: at.to_vec(),
        put: Some(value),
        cut: false,
    };
    if rng.chance(50) {
        return Some(cut(place));
    }
    if let Value::Object(_) = here
        && rng.chance(128)
    {
        let mut at = place.clone();
        at.push(json!("no_such_member"));
        return Some(put(&at, json!(1)));
    }
    let other = match here {
        Value::Number(n) => {
            let n = n.as_i64().unwrap_or(0);
            let all = [n + 1, n - 1, n + 1000, -1, 0, 1 << 33, -1000].map(Value::from);
            let mut all: Vec<Value> = all.into();
            all.extend([json!("1"), json!(0.5), Value::Null]);
            rng.pick(&all)?.clone()
        }
        Value::String(_) => {
            let all = [json!("no_such_name"), json!(""), json!(1), Value::Null];
            rng.pick(&all)?.clone()
        }
        Value::Bool(b) => {
            let all = [json!(!b), json!(0), json!("true")];
            rng.pick(&all)?.clone()
        }
        Value::Array(items) => {
            let mut more = items.clone();
            more.extend(items.last().cloned());
            let all = [json!([]), json!({}), Value::Array(more), json!([null])];
            rng.pick(&all)?.clone()
        }
        _ => {
            let all = [json!({}), json!([]), json!("x"), Value::Null];
            rng.pick(&all)?.clone()
        }
    };
    Some(put(place, other))
}

fn short(edit: &Edit) -> String {
    edit.at
        .iter()
        .map(|n| n.as_str().map_or_else(|| n.to_string(), str::to_owned))
        .collect::<Vec<_>>()
        .join(".")
}

/// Sessions that are read: as they are, and tampered with in ways that are refused.
pub(super) fn sessions(table: &Table, sessions: &[Session]) -> Vec<DocumentCase> {
    let mut rng = Rng::new(table.digest());
    let mut out = Vec::new();
    let read = |what: String, text: String| {
        let came = Session::read(text.as_bytes(), table);
        let expect = match came {
            Ok(session) => Refusal::After {
                after: canonical::digest_bytes(&session.to_bytes()),
            },
            Err(fault) => Refusal::Fault {
                fault: fault.code().to_owned(),
                index: None,
            },
        };
        DocumentCase::Read {
            name: what,
            read: text,
            expect,
        }
    };
    for session in sessions {
        let json = session.to_json();
        let text = String::from_utf8(session.to_bytes()).unwrap_or_default();
        out.push(read("a session as it was written".to_owned(), text.clone()));
        let pretty = serde_json::to_string_pretty(&json).unwrap_or_default();
        out.push(read("a session with blanks".to_owned(), pretty));
        let twice = text.replacen("\"seq\"", "\"seq\":1,\"seq\"", 1);
        out.push(read("a session with a name twice".to_owned(), twice));
        let mut all = Vec::new();
        places(&json, &[], &mut all);
        let mut kept = 0;
        for _ in 0..TRIES {
            let mut changed = json.clone();
            let Some(edit) = edit(&mut rng, &json, &all) else {
                continue;
            };
            if apply(&mut changed, &edit).is_none() || kept >= KEPT {
                continue;
            }
            let case = read(
                format!("a session, {} changed", short(&edit)),
                changed.to_string(),
            );
            if matches!(case.expect(), Refusal::Fault { .. }) {
                out.push(case);
                kept += 1;
            }
        }
    }
    for text in [
        "",
        "{}",
        "null",
        "[]",
        "{\"format\":\"failway.session\"}",
        "{\"format\":\"failway.session\",\"version\":2}",
    ] {
        out.push(read("no session".to_owned(), text.to_owned()));
    }
    out
}

/// Tables that are read: as they are, and tampered with in ways that are refused.
pub(super) fn tables(table: &Table) -> Vec<DocumentCase> {
    let mut rng = Rng::new(table.digest());
    let document = serde_json::to_value(table.document()).unwrap_or_default();
    let mut out = Vec::new();
    let texts = [
        "",
        "{",
        "null",
        "[]",
        "{}",
        "\u{feff}{}",
        "{\"format\":\"failway.session\"}",
        "{\"format\":\"failway.table\",\"format\":\"failway.table\"}",
        "{\"format\":\"failway.table\",\"version\":2}",
        "{\"format\":\"failway.table\",\"version\":\"1\"}",
        "{\"format\":\"failway.table\"}",
        "{\"format\":\"failway.table\",\"version\":1}",
        "{\"format\":\"failway.table\",\"version\":1,\"body\":{\"a\":1,\"\\u0061\":1}}",
        "{\"format\":\"failway.table\",\"version\":1,\"body\":{\"a\":1.5}}",
        "{\"format\":\"failway.table\",\"version\":1,\"body\":{\"a\":1.0}}",
        "{\"format\":\"failway.table\",\"version\":1,\"body\":{\"a\":-0}}",
        "{\"format\":\"failway.table\",\"version\":1,\"body\":{\"a\":9007199254740992}}",
    ];
    for text in texts {
        let expect = refusal(Table::read(text.as_bytes()));
        let how = TableCase {
            text: Some(text.to_owned()),
            ..TableCase::default()
        };
        out.push(DocumentCase::Table {
            name: "no table".to_owned(),
            table: how,
            expect,
        });
    }
    let edited = |edits: Vec<Edit>, seal: bool| {
        let mut changed = document.clone();
        for edit in &edits {
            apply(&mut changed, edit)?;
        }
        if seal {
            let body = changed.get("body").cloned().unwrap_or_default();
            let digest = canonical::digest(&body).ok()?;
            changed
                .as_object_mut()?
                .insert("digest".to_owned(), digest.into());
        }
        let expect = refusal(Table::read(changed.to_string().as_bytes()));
        let what = edits.first().map(short).unwrap_or_default();
        let how = TableCase {
            text: None,
            edits: Some(edits),
            seal,
        };
        Some(DocumentCase::Table {
            name: format!("the table, {what} changed"),
            table: how,
            expect,
        })
    };
    out.extend(edited(Vec::new(), false));
    out.extend(edited(Vec::new(), true));
    let policy = vec![json!("body"), json!("policy")];
    let renamed = Edit {
        at: policy,
        put: Some(json!("other")),
        cut: false,
    };
    out.extend(edited(vec![renamed.clone()], false));
    out.extend(edited(vec![renamed], true));
    let mut all = Vec::new();
    places(&document, &[], &mut all);
    let mut kept = 0;
    for _ in 0..TRIES {
        if kept >= KEPT {
            break;
        }
        let Some(edit) = edit(&mut rng, &document, &all) else {
            continue;
        };
        let Some(case) = edited(vec![edit], true) else {
            continue;
        };
        if matches!(case.expect(), Refusal::Refused { .. }) {
            out.push(case);
            kept += 1;
        }
    }
    out
}

fn refusal(came: Result<Table, ReadError>) -> Refusal {
    let refused = match came {
        Ok(table) => {
            return Refusal::Digest {
                digest: table.digest().to_owned(),
            };
        }
        Err(ReadError::TooLarge { .. } | ReadError::NotJson { .. }) => "json",
        Err(ReadError::NotATable) => "format",
        Err(ReadError::Version { .. }) => "version",
        Err(ReadError::Digest { .. }) => "digest",
        Err(ReadError::Broken { .. }) => "body",
    };
    Refusal::Refused {
        refused: refused.to_owned(),
    }
}

/// Records that are replayed: as they are, and changed.
pub(super) fn records(table: &Table, records: &[Record]) -> Vec<DocumentCase> {
    let mut out = Vec::new();
    let mut case = |what: &str, records: Vec<Value>| {
        let read: Result<Vec<Record>, _> = records
            .iter()
            .cloned()
            .map(serde_json::from_value)
            .collect();
        let Ok(read) = read else { return };
        let expect = match replay(table, &read) {
            Ok(session) => Refusal::After {
                after: canonical::digest_bytes(&session.to_bytes()),
            },
            Err(Fault::Replay { index, .. }) => Refusal::Fault {
                fault: "replay".to_owned(),
                index: Some(index),
            },
            Err(_) => return,
        };
        out.push(DocumentCase::Records {
            name: what.to_owned(),
            records,
            expect,
        });
    };
    let all: Vec<Value> = records
        .iter()
        .map(|r| serde_json::to_value(r).unwrap_or_default())
        .collect();
    case("records as they were written", all.clone());
    for (i, record) in all.iter().enumerate() {
        let changes: [(&str, Value); 6] = [
            ("revision", json!(77)),
            ("values", json!("omitted")),
            ("after", json!("sha256:0")),
            ("session", json!("another")),
            ("trace", json!([])),
            (
                "now",
                json!(record.get("now").and_then(Value::as_i64).unwrap_or(0) + 1),
            ),
        ];
        for (name, value) in changes {
            let mut changed = all.clone();
            if let Some(Value::Object(record)) = changed.get_mut(i) {
                put(record, name, value);
            }
            case(&format!("records, {name} of {i} changed"), changed);
        }
        let mut less = all.clone();
        less.remove(i);
        case(&format!("records without {i}"), less);
    }
    out
}

fn put(record: &mut Map<String, Value>, name: &str, value: Value) {
    record.insert(name.to_owned(), value);
}

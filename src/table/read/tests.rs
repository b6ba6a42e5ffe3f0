use super::*;
use crate::table::{eval, write};
use serde_json::json;

/// A body that is right, made by hand: two actions and a flow that runs another.
const DESK: &str = include_str!("../fixtures/desk.json");

fn desk() -> Value {
    serde_json::from_str(DESK).unwrap()
}

/// The bytes of a table with that body and the digest that fits it.
fn sealed(body: &Value) -> Vec<u8> {
    let digest = canonical::digest(body).unwrap();
    let document = json!({
        "format": FORMAT, "version": VERSION, "digest": digest, "sources": [], "body": body
    });
    serde_json::to_vec_pretty(&document).unwrap()
}

fn message(bytes: &[u8]) -> String {
    Table::read(bytes).unwrap_err().to_string()
}

/// Reads the body with the value at `pointer` replaced.
fn with(pointer: &str, value: Value) -> Result<Table, ReadError> {
    let mut body = desk();
    *body.pointer_mut(pointer).unwrap() = value;
    Table::read(&sealed(&body))
}

#[test]
fn what_is_written_is_read_back() {
    let table = Table::read(&sealed(&desk())).unwrap();
    let document = write::seal(table.body().clone(), vec![]).unwrap();
    assert_eq!(document.digest, table.digest());
    let bytes = write::bytes(&document).unwrap();
    let again = Table::read(&bytes).unwrap();
    assert_eq!(again.body(), table.body());
    assert_eq!(write::bytes(again.document()).unwrap(), bytes);
    assert_eq!(again.action_index("crm.lookup"), Some(2));
    assert_eq!(again.action("calendar.book").unwrap().params.len(), 3);
    assert_eq!(again.flow("booking").unwrap().states.len(), 3);
    assert_eq!(again.event_index("hangup"), Some(0));
    assert_eq!(again.rule_index("once"), Some(3));
}

#[test]
fn each_wrong_input_says_what_to_do() {
    assert!(message(b"").contains("this is not a table"));
    assert!(message(b"{}").contains("`failway compile`"));
    assert!(message(b"\xff\xfe").contains("this is not a table"));
    assert!(message(br#"{"format":"failway.table","format":"failway.table"}"#).contains("twice"));
    assert!(
        message(br#"{"format":"failway.table","version":2}"#)
            .contains("has version 2, but this program reads version 1")
    );
    let text = String::from_utf8(sealed(&desk())).unwrap();
    let changed = text.replace("\"count\": 3", "\"count\": 4");
    assert!(message(changed.as_bytes()).contains("changed after it was compiled"));
    let more = text.replacen("\"sources\"", "\"more\": 1, \"sources\"", 1);
    assert!(message(more.as_bytes()).contains("unknown field `more`"));
}

#[test]
fn a_number_that_json_readers_round_is_refused() {
    let text = String::from_utf8(sealed(&desk())).unwrap();
    let changed = text.replace("\"count\": 600", "\"count\": 9007199254740993");
    assert!(message(changed.as_bytes()).contains("not an integer within"));
}

#[test]
fn every_index_is_checked() {
    for (pointer, value, problem) in [
        ("/actions/0/gate", json!(6), "no node 6"),
        ("/actions/0/gate", json!(i64::from(i32::MIN)), "leaves"),
        ("/nodes/0/next/0", json!(0), "does not come before"),
        ("/nodes/3/next/0", json!(5), "does not come before"),
        ("/nodes/0/next", json!([-1]), "need 2 branches"),
        ("/nodes/5/cuts", json!([64_800, 28_800]), "ascend"),
        ("/nodes/0/probe", json!(9), "no probe 9"),
        ("/probes/2/when", json!(3), "does not come before"),
        ("/probes/3/automaton", json!(1), "no automaton 1"),
        ("/probes/0/path/root/index", json!(7), "no parameter 7"),
        ("/probes/0/path/root/index", json!(0), "another type"),
        (
            "/probes/0/path/root",
            json!({"kind": "element"}),
            "no element here",
        ),
        (
            "/probes/0/path/root",
            json!({"kind": "slot", "index": 0}),
            "no slots here",
        ),
        ("/probes/1/history", json!(1), "no history 1"),
        ("/histories/0/keys", json!([]), "is looked up with 0"),
        (
            "/histories/0/counted/0/keys/0/fields/0",
            json!("x"),
            "no field `x`",
        ),
        ("/automata/0/next", json!([1, 0, 1]), "need 4 successors"),
        ("/automata/0/next/0", json!(2), "successor is not there"),
        ("/automata/0/alphabet/0/0", json!(1), "from byte 0"),
        ("/automata/0/alphabet/1/1", json!(2), "class is not there"),
        (
            "/records/0/fields/0/type",
            json!({"kind": "record", "of": 0}),
            "holds itself",
        ),
        ("/inputs/0/type/max", json!(-1), "no value lies between"),
        ("/actions/0/integration", json!(1), "no integration 1"),
        ("/actions/0/verdicts/2/rule", json!(0), "a rule with a role"),
        (
            "/actions/0/verdicts/3/instead/args",
            json!([null]),
            "`lead` is not given",
        ),
        ("/actions/0/undo/action", json!(3), "no action 3"),
        (
            "/actions/0/confirm/lines/1/on",
            json!("gone"),
            "no outcome `gone`",
        ),
        ("/actions/0/limits/0/keys", json!([]), "looked up with 0"),
        ("/facts/0/forget/0/pairs/0/1", json!(1), "different types"),
        ("/facts/0/forget/0/action", json!(2), "only a write"),
        (
            "/facts/0/type",
            json!({"kind": "bool"}),
            "another type than its source",
        ),
        ("/rules/1/role", json!(1), "no role 1"),
        ("/rules/0/kind", json!("permit"), "no kind of rule"),
        ("/limits/0/rule", json!(0), "is no limit"),
        ("/flows/0/first_position", json!(2), "should be 1"),
        ("/flows/0/start/index", json!(2), "another run"),
        (
            "/flows/0/states/2/scope",
            json!(0),
            "belongs to another run",
        ),
        (
            "/flows/0/states/0/handlers/0/outcome",
            json!("fine"),
            "no outcome `fine`",
        ),
        (
            "/flows/0/states/0/handlers/0/to/index",
            json!(2),
            "no end 2",
        ),
        (
            "/flows/0/states/0/step/args/1/value",
            json!(13),
            "13 is above 12",
        ),
        (
            "/flows/0/states/1/step/args/0/0",
            json!(1),
            "belongs to another run",
        ),
        (
            "/flows/0/slots/0/scope",
            json!(1),
            "must hold the parameter",
        ),
        ("/flows/0/scopes/1/parent", json!(1), "after its parent"),
        ("/flows/0/scopes/0/events/0/event", json!(1), "no event 1"),
    ] {
        let error = with(pointer, value).expect_err(pointer).to_string();
        assert!(error.contains(problem), "{pointer}: {error}");
    }
}

/// Answers with the least value everywhere.
struct Nothing;

impl eval::Scene for Nothing {
    fn root(&self, _: &crate::table::format::Root) -> Option<&Value> {
        None
    }

    fn history(&self, _: u32) -> i64 {
        0
    }

    fn position(&self) -> i64 {
        0
    }
}

#[test]
fn random_damage_is_refused_or_harmless() {
    let mut random = fastrand::Rng::with_seed(5);
    let text = sealed(&desk());
    for _ in 0..1000 {
        let mut bytes = text.clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            match random.u8(0..3) {
                0 => bytes[at] = random.u8(..),
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, random.u8(b' '..b'~')),
            }
        }
        let _ = Table::read(&bytes);
    }
    for _ in 0..3000 {
        let mut body = desk();
        for _ in 0..random.usize(1..4) {
            damage(&mut body, &mut random);
        }
        let Ok(table) = Table::read(&sealed(&body)) else {
            continue;
        };
        for action in &table.body().actions {
            let leaf = table.index().leaf(&Nothing, action.gate);
            assert!((leaf as usize) < action.verdicts.len());
        }
    }
}

/// Changes one number or drops one element somewhere.
fn damage(value: &mut Value, random: &mut fastrand::Rng) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            let at = random.usize(..items.len());
            if random.u8(0..8) == 0 {
                items.remove(at);
            } else {
                damage(&mut items[at], random);
            }
        }
        Value::Object(members) if !members.is_empty() => {
            let at = random.usize(..members.len());
            if let Some((_, member)) = members.iter_mut().nth(at) {
                damage(member, random);
            }
        }
        Value::Number(_) => *value = json!(random.i64(-8..12)),
        _ => {}
    }
}

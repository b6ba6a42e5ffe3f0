//! Random policies over all forms of conditions and rules, and random values of their types.

use super::common::compiled;
use failway::Checked;
use failway::diagnostics::Severity;
use failway::interp::Interp;
use failway::model::{Const, Policy, Type};
use failway::table::Table;
use fastrand::Rng;
use serde_json::Value;
use std::fmt::Write;

/// A random policy without errors.
pub struct Generated {
    pub text: String,
    pub checked: Checked,
    pub table: Table,
}

const HEAD: &str = "policy random
enum Colour { red, green, blue, other }
record R { k: int in 0..5, g: bool, v: decimal in 0.0..2.0, u: string length 0..3, z?: int in 0..3 }
input now: time
input frozen: bool
input level: int in 0..9
input mood?: Colour
role boss
";

/// Parameters that actions choose from.
const PARAMS: [(&str, &str); 14] = [
    ("n", "n: int in 0..9"),
    ("m", "m: int in 0..9"),
    ("x", "x: decimal in 0.00..3.00"),
    ("s", "s: string length 0..4"),
    ("p", "p: string matching /[ab]{1,3}|zz/"),
    ("e", "e: Colour"),
    ("b", "b: bool"),
    ("o", "o?: int in 0..5"),
    ("l", "l: list of int in 0..4 size 0..3"),
    ("rs", "rs: list of R size 0..2"),
    ("r", "r: R"),
    ("t", "t: time"),
    ("w", "w: Weekday"),
    ("d", "d: duration in 0s..10s"),
];

struct Action {
    name: String,
    params: Vec<&'static str>,
    result: Option<&'static str>,
    writes: bool,
}

impl Action {
    fn has(&self, param: &str) -> bool {
        self.params.contains(&param)
    }
}

fn one<'t>(rng: &mut Rng, of: &[&'t str]) -> &'t str {
    of[rng.usize(..of.len())]
}

/// A policy; none if this draw could not be made free of errors.
pub fn policy(rng: &mut Rng) -> Option<Generated> {
    let (head, actions) = declarations(rng);
    let mut rules = Vec::new();
    for action in &actions {
        rules.push(format!(
            "allow base_{}: {}{}",
            rules.len(),
            action.name,
            when(rng, action, &actions, 2)
        ));
    }
    for i in 0..rng.usize(2..9) {
        rules.extend(rule(rng, i, &actions));
    }
    // What the checker refuses is taken out, rule by rule.
    for _ in 0..14 {
        let text = format!("{head}{}\n", rules.join("\n"));
        let (checked, table) = compiled(&text);
        if let Some(table) = table {
            return Some(Generated {
                text,
                checked,
                table,
            });
        }
        let first = head.lines().count();
        let error = checked
            .findings
            .iter()
            .find(|f| f.severity == Severity::Error)
            .unwrap_or_else(|| panic!("no table and no error:\n{text}"));
        assert!(
            !error.message.contains("no table")
                && !["FW001", "FW101", "FW103", "FW107", "FW150"].contains(&error.code.as_str()),
            "the generator should not write this: {}: {}\n{text}",
            error.code,
            error.message
        );
        let guilty: Vec<usize> = error
            .labels
            .iter()
            .map(|l| {
                checked
                    .sources
                    .file(l.span.file)
                    .line_col(l.span.start)
                    .line as usize
            })
            .filter_map(|line| (line - 1).checked_sub(first))
            .collect();
        let worst = guilty.into_iter().max()?;
        if worst >= rules.len() {
            return None;
        }
        rules.remove(worst);
    }
    None
}

fn declarations(rng: &mut Rng) -> (String, Vec<Action>) {
    let mut text = String::from(HEAD);
    let mut actions: Vec<Action> = Vec::new();
    for k in 0..2 {
        writeln!(text, "integration k{k} {{").unwrap();
        for a in 0..rng.usize(1..4) {
            let mut params: Vec<usize> = (0..PARAMS.len()).collect();
            rng.shuffle(&mut params);
            params.truncate(rng.usize(1..5));
            if rng.u8(..) < 150 && !params.contains(&0) {
                params.push(0);
            }
            let names: Vec<&'static str> = params.iter().map(|p| PARAMS[*p].0).collect();
            let decls: Vec<&str> = params.iter().map(|p| PARAMS[*p].1).collect();
            let result = *rng
                .choice([None, Some("int in 0..9"), Some("R")].iter())
                .unwrap();
            let writes = rng.bool();
            let key = names
                .iter()
                .find(|n| !matches!(**n, "o" | "l" | "rs" | "r"));
            let effect = match (writes, key) {
                (false, _) => "reads".to_string(),
                (true, Some(key)) if rng.bool() => {
                    let window = one(rng, &["", " for 6s"]);
                    let rest = one(rng, &["", " expendable"]);
                    format!("writes idempotent by {key}{window}{rest}")
                }
                (true, _) => one(rng, &["writes", "writes expendable"]).to_string(),
            };
            let odd = if writes { "  indeterminate odd" } else { "" };
            let arrow = result.map_or(String::new(), |r| format!(" -> {r}"));
            writeln!(
                text,
                "  action a{a}({}){arrow} {{ {effect}  timeout 1s  permanent bad  transient busy{odd} }}",
                decls.join(", ")
            )
            .unwrap();
            actions.push(Action {
                name: format!("k{k}.a{a}"),
                params: names,
                result,
                writes,
            });
        }
        text.push_str("}\n");
    }
    if let Some(source) = actions.iter().find(|a| a.result == Some("R") && a.has("n")) {
        let life = one(rng, &["", " for 7s"]);
        writeln!(text, "fact seen: {} by n{life}", source.name).unwrap();
    }
    (text, actions)
}

/// ` when …`, or nothing.
fn when(rng: &mut Rng, action: &Action, all: &[Action], depth: u32) -> String {
    if rng.u8(..) < 60 {
        return String::new();
    }
    format!(" when {}", cond(rng, action, all, depth, true))
}

fn rule(rng: &mut Rng, i: usize, all: &[Action]) -> Option<String> {
    let action = &all[rng.usize(..all.len())];
    let other = &all[rng.usize(..all.len())];
    let name = &action.name;
    let by = |rng: &mut Rng, both: bool| {
        if action.has("n") && (!both || other.has("n")) && rng.bool() {
            " by n"
        } else {
            ""
        }
    };
    Some(match rng.u8(..8) {
        0 | 1 => format!("deny d{i}: {name} when {}", cond(rng, action, all, 2, true)),
        2 => format!(
            "allow a{i}: {name} when {}",
            cond(rng, action, all, 2, true)
        ),
        3 => format!(
            "require r{i}: {name} when {}",
            cond(rng, action, all, 2, true)
        ),
        4 => format!(
            "escalate e{i}: {name} to boss when {}",
            cond(rng, action, all, 2, true)
        ),
        5 => {
            let by = by(rng, true);
            let when = when(rng, action, all, 1);
            if rng.bool() {
                format!("order o{i}: {} before {name}{by}{when}", other.name)
            } else {
                format!("order o{i}: never {name} after {}{by}{when}", other.name)
            }
        }
        _ => {
            let what = if action.writes && rng.bool() {
                "effects"
            } else {
                "calls"
            };
            let per = one(rng, &["session", "5s", "session"]);
            let by = by(rng, false);
            let filter = if rng.u8(..) < 80 {
                format!(" where {}", cond(rng, action, all, 1, false))
            } else {
                String::new()
            };
            format!(
                "limit l{i}: {name} to {} {what} per {per}{by}{filter}",
                rng.u8(1..4)
            )
        }
    })
}

/// A random condition on calls of an action; `world`: inputs, facts and history as well.
fn cond(rng: &mut Rng, action: &Action, all: &[Action], depth: u32, world: bool) -> String {
    if depth > 0 && rng.u8(..) < 140 {
        let left = cond(rng, action, all, depth - 1, world);
        let right = cond(rng, action, all, depth - 1, world);
        return match rng.u8(..3) {
            0 => format!("({left} and {right})"),
            1 => format!("({left} or {right})"),
            _ => format!("not ({left})"),
        };
    }
    for _ in 0..40 {
        if let Some(atom) = atom(rng, action, all, world) {
            return atom;
        }
    }
    "true".to_string()
}

fn atom(rng: &mut Rng, action: &Action, all: &[Action], world: bool) -> Option<String> {
    if world && rng.u8(..) < 70 {
        return about_the_world(rng, action, all);
    }
    let param = action.params[rng.usize(..action.params.len())];
    let k = rng.u8(0..6);
    let op = one(rng, &["==", "!=", "<", "<=", ">", ">="]);
    Some(match param {
        "n" | "m" if action.has("n") && action.has("m") && rng.bool() => match k {
            0 => "n == m".to_string(),
            1 => format!("n {op} m + {}", rng.u8(0..4)),
            2 => format!("n {op} m - {}", rng.u8(0..4)),
            _ => format!("m {op} n"),
        },
        "n" | "m" => match k {
            0 => format!("{param} in {}..{}", rng.u8(0..5), rng.u8(5..10)),
            1 => format!("{param} in {{1, 4, 8}}"),
            2 if world => format!("{param} {op} level"),
            _ => format!("{param} {op} {}", rng.u8(1..9)),
        },
        "x" => match k {
            0 if action.has("r") => format!("x {op} r.v"),
            1 if action.has("r") => "x <= r.v + 0.25".to_string(),
            2 => "x in 0.50..<1.50".to_string(),
            _ => format!("x {op} {}", one(rng, &["0.5", "1.25", "2"])),
        },
        "s" => match k {
            0 => format!("s {} \"ab\"", one(rng, &["==", "!="])),
            1 => format!(
                "s matches /{}/",
                one(rng, &["a.*", "(ab)*", "[^b]?", ".{2}"])
            ),
            2 => format!("length(s) {op} 2"),
            3 => "s in {\"a\", \"b\", \"é\"}".to_string(),
            4 if action.has("p") => "s == p".to_string(),
            _ => "length(s) in 1..3".to_string(),
        },
        "p" => match k {
            0 => "p == \"zz\"".to_string(),
            1 => "length(p) == 2".to_string(),
            _ => format!("p matches /{}/", one(rng, &["a.*", ".*b", "a|bb"])),
        },
        "e" => match k {
            0 => "e in {red, blue}".to_string(),
            1 => "e != other".to_string(),
            2 if world => "(mood is present and e == mood)".to_string(),
            _ => format!("e == {}", one(rng, &["red", "green", "blue"])),
        },
        "b" => "b".to_string(),
        "o" => match k {
            0 => "o is present".to_string(),
            1 => "o is absent".to_string(),
            2 => "(o is absent or o < 3)".to_string(),
            _ => format!("(o is present and o {op} 2)"),
        },
        "l" => match k {
            0 => format!("size(l) {op} 1"),
            1 => "l contains 2".to_string(),
            2 if action.has("n") => "l contains n".to_string(),
            3 if action.has("n") => format!("(some i in l: i {op} n)"),
            4 => "(every i in l: i < 3)".to_string(),
            _ => "(some i in l: i in {0, 4} or l contains 1)".to_string(),
        },
        "rs" => match k {
            0 => "size(rs) == 2".to_string(),
            1 => "(some q in rs: q.g and q.k > 2)".to_string(),
            2 if action.has("x") => "(every q in rs: q.v <= x)".to_string(),
            3 => "(some q in rs: q.z is present and q.z == 1)".to_string(),
            4 => "(every q in rs: q.u == \"a\" or length(q.u) > 1)".to_string(),
            _ => "(some q in rs: q.u matches /a.*/ and q.v < 1.5)".to_string(),
        },
        "r" => match k {
            0 => "r.g".to_string(),
            1 if action.has("n") => format!("r.k {op} n"),
            2 => "(r.z is present and r.z < 2)".to_string(),
            3 => "length(r.u) < 2".to_string(),
            _ => format!("r.k {op} 3"),
        },
        "t" => match k {
            0 if world => format!("t {op} now"),
            1 if world => "t <= now - 1h".to_string(),
            _ => format!("t {op} 12:00"),
        },
        "w" => one(
            rng,
            &["w in {monday, friday}", "w == sunday", "w != tuesday"],
        )
        .to_string(),
        "d" => format!("d {op} 5s"),
        _ => return None,
    })
}

fn about_the_world(rng: &mut Rng, action: &Action, all: &[Action]) -> Option<String> {
    let other = &all[rng.usize(..all.len())];
    let name = &other.name;
    let op = one(rng, &["==", "<", ">="]);
    Some(match rng.u8(..12) {
        0 => "frozen".to_string(),
        1 => format!("level {op} 5"),
        2 => "now in 06:00..<12:00".to_string(),
        3 => "(mood is present and mood == red)".to_string(),
        4 => format!("done({name})"),
        5 => format!("calls({name}) {op} 2"),
        6 if other.writes => format!("effects({name}) {op} 1"),
        7 if other.writes => format!("unsettled({name})"),
        8 if other.writes => format!("standing({name})"),
        9 if other.has("n") && action.has("n") => {
            let filter = if other.has("m") { " where m > 2" } else { "" };
            format!("done({name} by n{filter})")
        }
        10 => format!("calls({name}) > calls({})", all[0].name),
        _ => {
            let source = all.iter().any(|a| a.result == Some("R") && a.has("n"));
            if !source || !action.has("n") {
                return None;
            }
            one(
                rng,
                &[
                    "(seen is present and seen.k > 2)",
                    "seen is absent",
                    "(seen is present and (seen.z is absent or seen.z > 1))",
                ],
            )
            .to_string()
        }
    })
}

/// A random value of a type, small ones and those at bounds more often.
pub fn value(rng: &mut Rng, interp: &Interp<'_>, ty: &Type) -> Option<Const> {
    let policy: &Policy = interp.policy();
    Some(match ty {
        Type::Bool => Const::Bool(rng.bool()),
        Type::Enum(id) => {
            let variants = policy.enums[id.index()].variants.len();
            Const::Variant(*id, u32::try_from(rng.usize(..variants)).unwrap())
        }
        Type::Time { .. } => Const::Number(rng.i64(0..24) * 3600),
        Type::Record(id) => {
            let mut fields = Vec::new();
            for field in &policy.records[id.index()].fields {
                fields.push(if field.optional && rng.bool() {
                    None
                } else {
                    Some(value(rng, interp, &field.ty)?)
                });
            }
            Const::Record(*id, fields)
        }
        Type::List { element, min, max } => {
            let size = rng.u32(*min..=*max);
            let items = (0..size).map(|_| value(rng, interp, element));
            Const::List(items.collect::<Option<_>>()?)
        }
        Type::String { .. } => {
            let pool = ["", "a", "b", "ab", "ba", "aba", "zz", "é", "bb", "abab"];
            let fits: Vec<Const> = pool
                .iter()
                .filter_map(|t| interp.value(ty, &Value::from(*t), false))
                .collect();
            rng.choice(fits.iter())?.clone()
        }
        other => {
            let (min, max) = other.bounds()?;
            Const::Number(match rng.u8(..8) {
                0 => min,
                1 => max,
                _ => rng.i64(min..=max),
            })
        }
    })
}

//! `failway diff` against brute force: pairs of random policies over small domains, every proposal in
//! every session decided by both runtimes. No change is missed, none is invented, and every case that
//! is told shows what is said of it.
//!
//! `FAILWAY_CASES` sets the number of pairs (default 8).

use crate::common::{compiled, examples};
use failway::diff::{Case, Effect, Report, compare};
use failway::runtime::{Decision, Given, Memory, Request, Runtime, Session};
use failway::table::Table;
use fastrand::Rng;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Parameters with their types, and all values that are tried: some of them outside of the type.
fn params() -> Vec<(&'static str, Vec<&'static str>, Vec<Value>)> {
    vec![
        ("b", vec!["b: bool"], vec![json!(false), json!(true)]),
        (
            "n",
            vec!["n: int in 0..3", "n: int in 1..3", "n: int in 0..2"],
            vec![json!(0), json!(1), json!(2), json!(3)],
        ),
        (
            "x",
            vec!["x: decimal in 0.0..0.3", "x: decimal in 0.00..0.30"],
            vec![json!("0.0"), json!("0.1"), json!("0.2"), json!("0.3")],
        ),
        (
            "e",
            vec!["e: Colour"],
            vec![json!("red"), json!("green"), json!("blue"), json!("grey")],
        ),
        (
            "o",
            vec!["o?: int in 0..2", "o: int in 0..2"],
            vec![Value::Null, json!(0), json!(1), json!(2)],
        ),
        (
            "s",
            vec!["s: string length 0..2", "s: string matching /[ab]{0,2}/"],
            vec![json!(""), json!("a"), json!("b"), json!("ab"), json!("c")],
        ),
        (
            "l",
            vec!["l: list of int in 0..1 size 0..2"],
            vec![
                json!([]),
                json!([0]),
                json!([1]),
                json!([0, 1]),
                json!([1, 1]),
            ],
        ),
    ]
}

const COLOURS: [&str; 4] = [
    "red, green, blue",
    "red, green, other",
    "red, green, blue, other",
    "red, blue, green",
];

struct Draw {
    colours: usize,
    /// Parameter, and which of its types.
    params: Vec<(usize, usize)>,
    rules: Vec<(String, String)>,
}

fn atom(rng: &mut Rng, draw: &Draw) -> String {
    let (which, form) = draw.params[rng.usize(..draw.params.len())];
    let op = ["==", "!=", "<", "<=", ">", ">="][rng.usize(..6)];
    let eq = ["==", "!="][rng.usize(..2)];
    let k = rng.u8(0..3);
    match rng.u8(0..10) {
        0 => return "frozen".to_owned(),
        1 => return format!("level {op} {k}"),
        2 => return format!("(info is present and info.v {op} {k})"),
        3 => return "info is absent".to_owned(),
        4 => return "done(desk.look by id)".to_owned(),
        5 => return format!("calls(desk.look) {op} {k}"),
        _ => {}
    }
    match params()[which].0 {
        "b" => "b".to_owned(),
        "n" if rng.bool() => format!("n {op} level"),
        "n" => format!("n {op} {}", k + 1),
        "x" => format!("x {op} 0.{k}"),
        "e" => format!("e {eq} {}", ["red", "green"][rng.usize(..2)]),
        "o" if form == 0 => match rng.bool() {
            true => "o is present".to_owned(),
            false => format!("(o is present and o {op} {k})"),
        },
        "o" => format!("o {op} {k}"),
        "s" => match rng.u8(0..3) {
            0 => format!("s {eq} \"{}\"", ["a", "b", "ab"][rng.usize(..3)]),
            1 => format!("s.length {op} {k}"),
            _ => "s matches /a.*/".to_owned(),
        },
        _ => match rng.u8(0..3) {
            0 => format!("l.size {op} {k}"),
            1 => format!("l contains {}", k % 2),
            _ => "(some v in l: v == 1)".to_owned(),
        },
    }
}

fn condition(rng: &mut Rng, draw: &Draw) -> String {
    let mut parts = Vec::new();
    for _ in 0..rng.usize(1..4) {
        let not = if rng.u8(0..4) == 0 { "not " } else { "" };
        parts.push(format!("{not}{}", atom(rng, draw)));
    }
    parts.join([" and ", " or "][rng.usize(..2)])
}

fn rule(rng: &mut Rng, draw: &Draw) -> String {
    let when = condition(rng, draw);
    match rng.u8(0..8) {
        0..=2 => format!("allow NAME: desk.act when {when}"),
        3 | 4 => format!("deny NAME: desk.act when {when}"),
        5 => format!("require NAME: desk.act when {when}"),
        6 => format!(
            "escalate NAME: desk.act to boss within {}m when {when}",
            rng.u8(1..3)
        ),
        _ => "order NAME: desk.look before desk.act by id = id".to_owned(),
    }
}

fn draw(rng: &mut Rng) -> Draw {
    let all = params();
    let mut which: Vec<usize> = (0..all.len()).collect();
    rng.shuffle(&mut which);
    let mut draw = Draw {
        colours: rng.usize(..COLOURS.len()),
        params: which
            .into_iter()
            .take(2)
            .map(|i| (i, rng.usize(..all[i].1.len())))
            .collect(),
        rules: Vec::new(),
    };
    draw.params.sort_unstable();
    for i in 0..rng.usize(2..6) {
        let made = rule(rng, &draw);
        draw.rules.push((format!("r{i}"), made));
    }
    draw
}

/// Something else about it.
fn mutated(rng: &mut Rng, old: &Draw) -> Draw {
    let mut new = Draw {
        colours: old.colours,
        params: old.params.clone(),
        rules: old.rules.clone(),
    };
    for _ in 0..rng.usize(1..3) {
        match rng.u8(0..9) {
            0 => new.colours = rng.usize(..COLOURS.len()),
            1 => {
                let at = rng.usize(..new.params.len());
                let forms = params()[new.params[at].0].1.len();
                new.params[at].1 = rng.usize(..forms);
            }
            2 if new.rules.len() > 1 => {
                let at = rng.usize(..new.rules.len());
                new.rules.remove(at);
            }
            3 => {
                let made = rule(rng, &new);
                new.rules.push((format!("q{}", rng.u8(..)), made));
            }
            4 => rng.shuffle(&mut new.rules),
            _ => {
                let at = rng.usize(..new.rules.len());
                new.rules[at].1 = rule(rng, &new);
            }
        }
    }
    new
}

fn text(draw: &Draw) -> String {
    let all = params();
    let params: Vec<&str> = draw
        .params
        .iter()
        .map(|&(i, form)| all[i].1[form])
        .collect();
    let rules: Vec<String> = draw
        .rules
        .iter()
        .map(|(name, rule)| rule.replace("NAME", name))
        .collect();
    format!(
        "policy small\nenum Colour {{ {} }}\nrecord Info {{ v: int in 0..2 }}\ninput frozen: bool\n\
         input level: int in 0..1\nrole boss\nintegration desk {{\n  defaults {{ timeout 1s }}\n  \
         action look(id: int in 0..1) -> Info {{ reads }}\n  action act(id: int in 0..1, {}) {{ \
         writes expendable }}\n}}\nfact info: desk.look by id for 1m\nallow looking: desk.look\n{}\n",
        COLOURS[draw.colours],
        params.join(", "),
        rules.join("\n")
    )
}

/// The policy without the rules that the compiler refuses.
fn valid(draw: &mut Draw) -> Option<Table> {
    for _ in 0..6 {
        let text = text(draw);
        let (checked, table) = compiled(&text);
        if table.is_some() {
            return table;
        }
        let first = text
            .lines()
            .position(|l| l.starts_with("allow looking"))
            .unwrap()
            + 1;
        let errors = checked.findings.iter();
        let guilty = errors.filter(|f| f.severity == failway::diagnostics::Severity::Error);
        let guilty = guilty
            .flat_map(|f| &f.labels)
            .map(|l| {
                checked
                    .sources
                    .file(l.span.file)
                    .line_col(l.span.start)
                    .line as usize
                    - 1
            })
            .filter_map(|line| line.checked_sub(first))
            .filter(|at| *at < draw.rules.len())
            .max()?;
        draw.rules.remove(guilty);
    }
    None
}

/// What was looked up, with what it said, and whether that is still remembered.
type Looked = Vec<(i64, i64, bool)>;

fn sessions() -> Vec<Looked> {
    vec![
        vec![],
        vec![(0, 0, true)],
        vec![(0, 2, true)],
        vec![(0, 0, false), (0, 1, true)],
        vec![(1, 0, false)],
    ]
}

const NOW: i64 = 100_000;

fn step(
    table: &Table,
    session: &mut Session,
    now: i64,
    inputs: &Map<String, Value>,
    request: &Value,
) -> Option<Decision> {
    let mut counters = Memory::new();
    let given = Given {
        now,
        inputs,
        counters: &mut counters,
    };
    let request = Request::read(request.to_string().as_bytes()).unwrap();
    Runtime::new(table)
        .step(session, given, request)
        .unwrap()
        .verdict
}

/// A session in which that was looked up.
fn lived(table: &Table, looked: &Looked) -> Session {
    let mut session = Session::new(table, "s");
    let inputs = json!({ "frozen": false, "level": 0 })
        .as_object()
        .unwrap()
        .clone();
    for (id, v, fresh) in looked {
        let now = if *fresh { NOW } else { 1_000 };
        let propose = json!({ "kind": "propose", "action": "desk.look", "args": { "id": id } });
        step(table, &mut session, now, &inputs, &propose).unwrap();
        let call = session.calls().last().unwrap().id;
        let reply = json!({ "kind": "reply", "to": { "call": call }, "outcome": "ok", "value": { "v": v } });
        step(table, &mut session, now, &inputs, &reply);
    }
    session
}

/// A verdict as the report tells it, and all that may differ behind that.
type Key = (String, Option<String>, String);

fn key(decision: &Decision) -> Key {
    let rule = decision.rule.clone().filter(|r| r != "no_rule");
    (
        decision.verdict.word().to_owned(),
        rule,
        decision.reason.clone(),
    )
}

fn asked(
    table: &Table,
    session: &Session,
    args: &Map<String, Value>,
    inputs: &Map<String, Value>,
) -> Decision {
    let propose = json!({ "kind": "propose", "action": "desk.act", "args": args });
    step(table, &mut session.clone(), NOW, inputs, &propose).unwrap()
}

/// All values of all parameters.
fn proposals(draw: &Draw) -> Vec<Map<String, Value>> {
    let all = params();
    let mut made = vec![Map::new()];
    let ids = ("id", vec![json!(0), json!(1)]);
    let own = draw
        .params
        .iter()
        .map(|&(i, _)| (all[i].0, all[i].2.clone()));
    for (name, values) in own.chain([ids]) {
        let mut more = Vec::new();
        for args in &made {
            for value in &values {
                let mut args = args.clone();
                if !value.is_null() {
                    args.insert(name.to_owned(), value.clone());
                }
                more.push(args);
            }
        }
        made = more;
    }
    made
}

fn inputs() -> Vec<Map<String, Value>> {
    let mut all = Vec::new();
    for frozen in [false, true] {
        for level in 0..2 {
            let made = json!({ "frozen": frozen, "level": level });
            all.push(made.as_object().unwrap().clone());
        }
    }
    all
}

fn by_force(draw: &Draw, old: &Table, new: &Table) -> BTreeSet<(Key, Key)> {
    let mut found = BTreeSet::new();
    let proposals = proposals(draw);
    for looked in sessions() {
        let (a, b) = (lived(old, &looked), lived(new, &looked));
        for args in &proposals {
            for inputs in inputs() {
                let (x, y) = (asked(old, &a, args, &inputs), asked(new, &b, args, &inputs));
                let invalid = |d: &Decision| d.rule.as_deref() == Some("invalid");
                if invalid(&x) || invalid(&y) {
                    continue;
                }
                if (key(&x), &x.again) != (key(&y), &y.again) {
                    found.insert((key(&x), key(&y)));
                }
            }
        }
    }
    found
}

fn told(report: &Report) -> BTreeSet<(Key, Key)> {
    let gates = report.changes.iter().filter_map(|c| c.said.clone());
    let key = |s: failway::diff::Said| (s.verdict.to_owned(), s.rule, s.reason);
    gates.map(|(a, b)| (key(a), key(b))).collect()
}

/// The session that a case asks for.
fn session_of(case: &Case) -> Looked {
    let id = case.args["id"].as_i64().unwrap();
    let answer = |name: &str| {
        let found = case.history.iter().find(|(k, _)| k.starts_with(name));
        found.and_then(|(_, v)| v.as_i64()).unwrap_or(0)
    };
    let mut looked = Vec::new();
    for (fact, value) in &case.facts {
        assert!(fact.starts_with("info"), "{fact}");
        looked.extend(value.get("v").map(|v| (id, v.as_i64().unwrap(), true)));
    }
    if answer("done(") == 1 && looked.is_empty() {
        // Done, but not remembered.
        looked.push((id, 0, case.facts.is_empty()));
    }
    let more = usize::try_from(answer("calls(")).unwrap();
    while looked.len() < more {
        let other = if answer("done(") == 1 { id } else { 1 - id };
        looked.insert(0, (other, 0, false));
    }
    looked
}

#[test]
fn a_diff_finds_what_brute_force_finds() {
    let wanted = std::env::var("FAILWAY_CASES").ok();
    let wanted: usize = wanted.and_then(|n| n.parse().ok()).unwrap_or(8);
    let mut rng = Rng::with_seed(17);
    let (mut pairs, mut same, mut cases) = (0, 0, 0);
    while pairs < wanted {
        let mut old = draw(&mut rng);
        let Some(before) = valid(&mut old) else {
            continue;
        };
        let mut new = mutated(&mut rng, &old);
        let Some(after) = valid(&mut new) else {
            continue;
        };
        pairs += 1;
        let both = format!("{}\n---\n{}", text(&old), text(&new));
        let report = compare(&before, &after, 1);
        assert_eq!(report.unproven, Vec::<String>::new(), "{both}");
        let force = by_force(&old, &before, &after);
        let seen = told(&report);
        let missed: Vec<_> = force.difference(&seen).collect();
        assert!(missed.is_empty(), "missed: {missed:#?}\n{both}");
        same += usize::from(force.is_empty());
        for change in &report.changes {
            let (Some(case), Some((was, is))) = (&change.case, &change.said) else {
                continue;
            };
            let looked = session_of(case);
            for (table, args, inputs, said) in [
                (&before, &case.args, &case.inputs, was),
                (
                    &after,
                    case.new_args.as_ref().unwrap_or(&case.args),
                    case.new_inputs.as_ref().unwrap_or(&case.inputs),
                    is,
                ),
            ] {
                let mut all = json!({ "frozen": false, "level": 0 })
                    .as_object()
                    .unwrap()
                    .clone();
                all.extend(inputs.clone());
                let session = lived(table, &looked);
                let really = asked(table, &session, args, &all);
                let said = (
                    said.verdict.to_owned(),
                    said.rule.clone(),
                    said.reason.clone(),
                );
                assert_eq!(
                    key(&really),
                    said,
                    "invented: {change:#?}\nwith {looked:?}\n{both}"
                );
            }
            cases += 1;
        }
        assert_eq!(compare(&before, &before, 1).changes, [], "{both}");
    }
    assert!(same < pairs && cases > 0, "{same} of {pairs}, {cases}");
    assert!(
        pairs < 50 || (same > 0 && cases > pairs),
        "{same} of {pairs}, {cases}"
    );
}

#[test]
fn an_example_says_the_same_as_itself() {
    for (path, files) in examples() {
        // Takes the compiler long.
        let long = ["github_guard", "refund_desk", "line_repair", "trip"];
        let name = path.file_stem().unwrap().to_str().unwrap();
        if long.contains(&name) && std::env::var("FAILWAY_CASES").is_err() {
            continue;
        }
        let root = path.display();
        let (_, table) = failway::compile("main.failway", &files).unwrap();
        let table = table.unwrap();
        let report = compare(&table, &table, 1);
        assert!(
            report.same(),
            "{root}: {:?} {:?}",
            report.changes,
            report.unproven
        );
        assert_eq!(report.equal_gates, table.body().actions.len());
    }
}

#[test]
fn the_effect_is_told_from_the_verdicts() {
    let policy = |rules: &str| {
        let text = format!(
            "policy p\nrole boss\nintegration a {{\n  defaults {{ timeout 1s }}\n  action go(n: int in \
             0..9) {{ writes expendable }}\n}}\n{rules}\n"
        );
        let (checked, table) = compiled(&text);
        table.unwrap_or_else(|| panic!("{:?}", crate::common::said(&checked.findings)))
    };
    let effects = |old: &str, new: &str| {
        let report = compare(&policy(old), &policy(new), 1);
        assert_eq!(report.unproven, Vec::<String>::new());
        let gates = report.changes.iter().filter(|c| c.said.is_some());
        gates
            .map(|c| (c.effect, c.what.clone()))
            .collect::<Vec<_>>()
    };
    let one = |effect: Effect, what: &str| vec![(effect, what.to_owned())];
    let few = "allow few: a.go when n < 5";
    assert_eq!(
        effects(few, "allow few: a.go when n <= 5"),
        one(Effect::Looser, "deny (no rule) -> allow (few)")
    );
    assert_eq!(
        effects(
            "allow few: a.go when n < 5\nescalate more: a.go to boss within 5m when n >= 5",
            "allow few: a.go"
        ),
        one(Effect::Looser, "escalate (more) -> allow (few)")
    );
    assert_eq!(
        effects("allow few: a.go", "allow other: a.go"),
        one(Effect::Reason, "allow (few) -> allow (other)")
    );
    assert_eq!(
        effects(
            "escalate ask: a.go to boss within 10m",
            "escalate ask: a.go to boss within 5m"
        ),
        one(
            Effect::Stricter,
            "escalate (ask): the approval is good for 5m instead of 10m"
        )
    );
    assert_eq!(effects(few, "allow few: a.go when not (n >= 5)"), []);
}

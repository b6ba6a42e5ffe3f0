//! The checks of the gate against brute force: random policies over small domains, every proposal in
//! many short histories (repeats, late replies, undone and settled calls among them) decided by the
//! interpreter of the source, and what follows from that for each rule and each part of a condition
//! compared with what the checks say. Where they differ, a hundred times as many histories are tried
//! before it counts.
//!
//! `FAILWAY_CASES` sets the number of policies (default 150).

use super::common::Memory;
use failway::diagnostics::Diagnostic;
use failway::interp::calls::{Call, Calls, InSession, Proposal, Reply, Settled};
use failway::interp::{Fixed, Interp, World};
use failway::model::{ActionId, Atom, AtomKind, Cond, Const, Policy, Rule, RuleKind, Type};
use failway::source::Span;
use failway::{Checked, check};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Random histories of a policy; where they are too few, a hundred times as many.
const HISTORIES: usize = 250;

/// No action has more situations.
const WORLDS_MAX: usize = 6000;

fn cases() -> usize {
    let wanted = std::env::var("FAILWAY_CASES").ok();
    wanted.and_then(|n| n.parse().ok()).unwrap_or(150)
}

// ── Small policies ───────────────────────────────────────────────────────────

const HEAD: &str = "policy small
enum Colour { red, green }
record R { k: int in 0..2, z?: int in 0..1 }
input level: int in 0..2
input frozen: bool
role boss
role clerk
integration src {
  action look(n: int in 0..2) -> R { reads  timeout 1s }
  action send(n: int in 0..2) { writes expendable  timeout 1s }
  action put(n: int in 0..2, b: bool) { writes idempotent by n  timeout 1s  undo drop(n: n) }
  action drop(n: int in 0..2) { writes expendable  timeout 1s }
}
fact seen: src.look by n
allow looking: src.look because \"x\"
allow sending: src.send when level < 2 because \"x\"
allow putting: src.put because \"x\"
allow dropping: src.drop because \"x\"
";

const PARAMS: [(&str, &str); 10] = [
    ("n", "n: int in 0..2"),
    ("m", "m: int in 0..3"),
    ("x", "x: decimal in 0.0..0.3"),
    ("e", "e: Colour"),
    ("b", "b: bool"),
    ("s", "s: string length 0..2 matching /[ab]*/"),
    ("p", "p: string matching /a|bb|ab/"),
    ("o", "o?: int in 0..2"),
    ("l", "l: list of int in 0..2 size 0..2"),
    ("rs", "rs: list of R size 0..1"),
];

fn pick<'t>(rng: &mut Rng, of: &[&'t str]) -> &'t str {
    of[rng.usize(..of.len())]
}

/// A question about calls that are told apart by keys, `where`s, repeats and what was undone.
fn about_calls(rng: &mut Rng, has: &[&str]) -> String {
    let op = pick(rng, &["==", "<", ">="]);
    let (n, b) = (has.contains(&"n"), has.contains(&"b"));
    let k = rng.u8(0..3);
    let put = pick(
        rng,
        &[
            "",
            " where b",
            " where n > 0",
            " where n == 1 or b",
            " where not b",
        ],
    );
    let look = pick(
        rng,
        &[
            " where n == 1",
            " where result.k > n",
            " where result.k == 1",
            " where result.z is present",
        ],
    );
    match rng.u8(..14) {
        0 => format!("done(src.put{put})"),
        1 => format!("calls(src.put{put}) {op} {k}"),
        2 => format!("effects(src.put{put}) {op} {k}"),
        3 => format!("standing(src.put{put})"),
        4 => format!("unsettled(src.put{put})"),
        5 => format!("calls(src.drop) {op} {k}"),
        6 => format!("calls(src.look{look}) {op} {k}"),
        7 if n => format!("done(src.look by n{look})"),
        8 if n => "done(src.look by n = result.k)".to_string(),
        9 if n && b => format!("effects(src.put by n, b) {op} {k}"),
        10 if n && b => format!("calls(src.put by n, b{put}) {op} {k}"),
        11 if n => format!("effects(src.put by n{put}) {op} {k}"),
        12 if n => format!("standing(src.put by n{put})"),
        13 if n => format!("done(src.drop by n) and not standing(src.put by n{put})"),
        _ => format!("calls(src.put{put}) {op} effects(src.put)"),
    }
}

fn atom(rng: &mut Rng, has: &[&str]) -> String {
    if rng.u8(..) < 50 {
        return format!("({})", about_calls(rng, has));
    }
    let op = pick(rng, &["==", "!=", "<", "<=", ">", ">="]);
    let with = |p: &str| has.contains(&p);
    if rng.u8(..) < 70 {
        return match rng.u8(..12) {
            0 => "frozen".to_string(),
            1 => format!("level {op} {}", rng.u8(0..3)),
            2 if with("n") => "done(src.look by n)".to_string(),
            3 => format!(
                "calls(src.look) {}",
                pick(rng, &["== 0", "< 2", ">= 1", "> 1"])
            ),
            4 => "done(src.send)".to_string(),
            5 => format!("effects(src.send) {}", pick(rng, &["== 0", ">= 1"])),
            6 => "standing(src.send)".to_string(),
            7 if with("n") => format!("calls(src.send by n) {op} effects(src.send)"),
            8 if with("n") => "seen is present".to_string(),
            9 if with("n") => format!("(seen is present and seen.k {op} 1)"),
            10 if with("n") => "(seen is absent or seen.z is absent or seen.z == 1)".to_string(),
            _ if with("n") => format!("n {op} level"),
            _ => "frozen".to_string(),
        };
    }
    let k = rng.u8(0..6);
    match has[rng.usize(..has.len())] {
        "n" => match k {
            0 if with("m") => format!("n {op} m - {}", rng.u8(0..3)),
            1 if with("m") => "n == m".to_string(),
            2 => format!("n in {}..{}", rng.u8(0..2), rng.u8(1..4).max(1)),
            3 => "n in {0, 2}".to_string(),
            _ => format!("n {op} {}", rng.u8(0..4)),
        },
        "m" => match k {
            0 if with("n") => format!("m {op} n + {}", rng.u8(0..3)),
            1 if with("x") => "x <= 0.2".to_string(),
            2 => format!("m {op} level"),
            _ => format!("m {op} {}", rng.u8(0..5)),
        },
        "x" => format!("x {op} {}", pick(rng, &["0.1", "0.2", "0.3", "0.0", "1"])),
        "e" => format!(
            "e {} {}",
            pick(rng, &["==", "!="]),
            pick(rng, &["red", "green"])
        ),
        "b" => "b".to_string(),
        "s" => match k {
            0 => format!("length(s) {op} {}", rng.u8(0..4)),
            1 => format!(
                "s matches /{}/",
                pick(rng, &["a*", "b.?", "(ab)*", ".a", ".{3}"])
            ),
            2 if with("p") => "s == p".to_string(),
            3 => "s in {\"a\", \"bb\"}".to_string(),
            _ => format!("s {} \"ab\"", pick(rng, &["==", "!="])),
        },
        "p" => match k {
            0 => format!("length(p) {op} {}", rng.u8(0..4)),
            1 => "p matches /.*b/".to_string(),
            2 if with("s") => "p != s".to_string(),
            _ => format!("p == \"{}\"", pick(rng, &["a", "bb"])),
        },
        "o" => match k {
            0 => "o is present".to_string(),
            1 => "o is absent".to_string(),
            2 => format!("(o is absent or o {op} {})", rng.u8(0..3)),
            3 if with("n") => format!("(o is present and o {op} n)"),
            _ => format!("(o is present and o {op} {})", rng.u8(0..3)),
        },
        "l" => match k {
            0 => format!("size(l) {op} {}", rng.u8(0..3)),
            1 => format!("l contains {}", rng.u8(0..3)),
            2 if with("n") => "l contains n".to_string(),
            3 if with("n") => format!("(some i in l: i {op} n)"),
            4 => format!("(every i in l: i {op} {})", rng.u8(0..3)),
            _ => format!("(some i in l: i {op} 1 and i != {})", rng.u8(0..3)),
        },
        _ => match k {
            0 => format!("size(rs) {op} 1"),
            1 => format!("(every q in rs: q.k {op} 1)"),
            2 => "(some q in rs: q.z is present and q.z == 1)".to_string(),
            _ => format!("(some q in rs: q.k {op} {} and q.k > 0)", rng.u8(0..3)),
        },
    }
}

fn cond(rng: &mut Rng, has: &[&str], depth: u32) -> String {
    if depth > 0 && rng.u8(..) < 150 {
        let left = cond(rng, has, depth - 1);
        let right = cond(rng, has, depth - 1);
        return match rng.u8(..7) {
            0..3 => format!("({left} and {right})"),
            3..6 => format!("({left} or {right})"),
            _ => format!("not ({left})"),
        };
    }
    atom(rng, has)
}

fn policy_text(rng: &mut Rng) -> String {
    let mut text = String::from(HEAD);
    let mut actions: Vec<(String, Vec<&str>)> = Vec::new();
    text.push_str("integration k {\n");
    for a in 0..rng.usize(1..3) {
        let mut chosen: Vec<usize> = (0..PARAMS.len()).collect();
        rng.shuffle(&mut chosen);
        chosen.truncate(rng.usize(1..4));
        if rng.bool() && !chosen.contains(&0) {
            chosen.push(0);
        }
        let decls: Vec<&str> = chosen.iter().map(|i| PARAMS[*i].1).collect();
        writeln!(
            text,
            "  action a{a}({}) {{ reads  timeout 1s }}",
            decls.join(", ")
        )
        .unwrap();
        let names = chosen.iter().map(|i| PARAMS[*i].0).collect();
        actions.push((format!("k.a{a}"), names));
    }
    text.push_str("}\n");
    for (i, (name, has)) in actions.iter().enumerate() {
        let when = if rng.u8(..) < 120 {
            String::new()
        } else {
            format!(" when {}", cond(rng, has, 1))
        };
        writeln!(text, "allow base{i}: {name}{when} because \"x\"").unwrap();
    }
    for i in 0..rng.usize(2..6) {
        let (name, has) = &actions[rng.usize(..actions.len())];
        let when = cond(rng, has, 2);
        let instead = match rng.u8(..6) {
            0 if has.contains(&"n") => " instead src.send(n: n)",
            1 => " instead src.send(n: 1)",
            2 => " instead src.look(n: 0)",
            _ => "",
        };
        let line = match rng.u8(..9) {
            0..3 => format!("allow r{i}: {name} when {when}"),
            3 | 4 => format!("deny r{i}: {name} when {when}{instead}"),
            5 => format!("require r{i}: {name} when {when}{instead}"),
            6 | 7 => {
                let role = pick(rng, &["boss", "boss", "clerk"]);
                let time = pick(rng, &["5m", "5m", "5m", "1h"]);
                format!("escalate r{i}: {name} to {role} within {time} when {when}")
            }
            _ if has.contains(&"n") => {
                format!("order r{i}: src.look before {name} by n when {when}")
            }
            _ => format!("order r{i}: never {name} after src.send when {when}"),
        };
        writeln!(text, "{line} because \"x\"").unwrap();
    }
    text
}

// ── All situations ───────────────────────────────────────────────────────────

/// All values of a type.
fn values(interp: &Interp<'_>, ty: &Type) -> Vec<Const> {
    let policy: &Policy = interp.policy();
    match ty {
        Type::Bool => vec![Const::Bool(false), Const::Bool(true)],
        Type::Enum(id) => (0..policy.enums[id.index()].variants.len())
            .map(|i| Const::Variant(*id, u32::try_from(i).unwrap()))
            .collect(),
        Type::String { .. } => ["", "a", "b", "aa", "ab", "ba", "bb"]
            .iter()
            .filter_map(|t| interp.value(ty, &serde_json::Value::from(*t), false))
            .collect(),
        Type::Record(id) => {
            let mut all = vec![Vec::new()];
            for field in &policy.records[id.index()].fields {
                let own = maybe(interp, &field.ty, field.optional);
                all = product(&all, &own);
            }
            all.into_iter().map(|f| Const::Record(*id, f)).collect()
        }
        Type::List { element, min, max } => {
            let own = values(interp, element);
            let mut all: Vec<Vec<Const>> = vec![Vec::new()];
            let mut last = all.clone();
            for _ in 0..*max {
                last = product(&last, &own);
                all.extend(last.clone());
            }
            all.retain(|l| l.len() >= *min as usize);
            all.into_iter().map(Const::List).collect()
        }
        other => {
            let (low, high) = other.bounds().unwrap();
            (low..=high).map(Const::Number).collect()
        }
    }
}

fn maybe(interp: &Interp<'_>, ty: &Type, optional: bool) -> Vec<Option<Const>> {
    let mut all: Vec<Option<Const>> = values(interp, ty).into_iter().map(Some).collect();
    if optional {
        all.push(None);
    }
    all
}

fn product<T: Clone>(left: &[Vec<T>], right: &[T]) -> Vec<Vec<T>> {
    let mut all = Vec::with_capacity(left.len() * right.len());
    for l in left {
        for r in right {
            let mut more = l.clone();
            more.push(r.clone());
            all.push(more);
        }
    }
    all
}

/// A call that is made, and how it comes out.
#[derive(Clone)]
struct Step {
    action: ActionId,
    args: Vec<Option<Const>>,
    /// None: it stays in flight.
    reply: Option<Reply>,
    /// The reply comes when all calls have been made.
    late: bool,
    /// How doubt is settled at the end, if there is any.
    settled: Option<Settled>,
}

/// What calls there can be, of those actions that the rules ask about.
fn pool(interp: &Interp<'_>, rules: &str) -> Vec<Step> {
    let policy = interp.policy();
    let find = |name: &str| {
        let at = policy.actions.iter().position(|a| a.full_name == name);
        ActionId(u32::try_from(at.unwrap()).unwrap())
    };
    let asked = |words: &[&str]| words.iter().any(|w| rules.contains(w));
    let mut all = Vec::new();
    let mut add =
        |action: ActionId, args: Vec<Const>, reply: Option<Reply>, settled: Option<Settled>| {
            all.push(Step {
                action,
                args: args.into_iter().map(Some).collect(),
                reply,
                late: false,
                settled,
            });
        };
    let replies = values(
        interp,
        policy.action(find("src.look")).result.as_ref().unwrap(),
    );
    for n in (0..3).map(Const::Number) {
        if asked(&["src.look", "seen"]) {
            for r in &replies {
                add(
                    find("src.look"),
                    vec![n.clone()],
                    Some(Reply::Ok(Some(r.clone()))),
                    None,
                );
            }
            add(find("src.look"), vec![n.clone()], Some(Reply::Failed), None);
        }
        let simple = [
            Some(Reply::Ok(None)),
            Some(Reply::Failed),
            Some(Reply::Unsure),
            None,
        ];
        for reply in simple {
            if asked(&["src.send", "seen"]) {
                add(find("src.send"), vec![n.clone()], reply.clone(), None);
            }
            if asked(&["src.put", "src.drop"]) {
                add(find("src.drop"), vec![n.clone()], reply.clone(), None);
            }
            for b in [true, false].map(Const::Bool) {
                if !asked(&["src.put"]) {
                    continue;
                }
                let args = vec![n.clone(), b];
                add(find("src.put"), args.clone(), reply.clone(), None);
                if reply == Some(Reply::Unsure) {
                    add(
                        find("src.put"),
                        args.clone(),
                        reply.clone(),
                        Some(Settled::Happened(None)),
                    );
                    add(find("src.put"), args, reply.clone(), Some(Settled::Absent));
                }
            }
        }
    }
    all
}

/// The calls as a session has them: with what they repeat, undo and settle.
fn history(interp: &Interp<'_>, steps: &[Step]) -> Vec<Call> {
    let policy = interp.policy();
    let mut calls: Vec<Call> = Vec::new();
    let mut roots: Vec<usize> = Vec::new();
    let mut moment = 0u64;
    for step in steps {
        moment += 1;
        let now = (0, moment);
        let first = Calls { calls: &calls, now }.repeated(interp, step.action, &step.args);
        roots.push(first.unwrap_or(calls.len()));
        calls.push(Call {
            action: step.action,
            args: step.args.clone(),
            admitted: now,
            reply: None,
            settled: None,
            undone: None,
        });
        if !step.late {
            let at = calls.len() - 1;
            answer(policy, &mut calls, &roots, at, step, &mut moment);
        }
    }
    for (at, step) in steps.iter().enumerate() {
        if step.late {
            answer(policy, &mut calls, &roots, at, step, &mut moment);
        }
    }
    for (at, step) in steps.iter().enumerate() {
        let attempts = || {
            calls
                .iter()
                .zip(&roots)
                .filter(|(_, r)| **r == at)
                .map(|(c, _)| c)
        };
        let happened = attempts().any(|c| matches!(c.reply, Some((_, Reply::Ok(_)))));
        let ended = attempts().all(|c| c.reply.is_some());
        let doubt = attempts().any(|c| matches!(c.reply, Some((_, Reply::Unsure))));
        // Only what is in doubt is settled.
        let settles = roots[at] == at && attempts().count() == 1 && !happened && ended && doubt;
        if settles && calls[at].undone.is_none() {
            moment += 1;
            calls[at].settled = step.settled.clone().map(|s| ((0, moment), s));
        }
    }
    calls
}

fn answer(
    policy: &Policy,
    calls: &mut [Call],
    roots: &[usize],
    at: usize,
    step: &Step,
    moment: &mut u64,
) {
    let Some(reply) = &step.reply else { return };
    *moment += 1;
    calls[at].reply = Some(((0, *moment), reply.clone()));
    if !matches!(reply, Reply::Ok(_)) {
        return;
    }
    // The newest write that it undoes: all here hand on their first argument.
    let undone = (0..calls.len()).rev().find(|&w| {
        let undo = policy.action(calls[w].action).undo.as_ref();
        let attempts = || {
            calls
                .iter()
                .zip(roots)
                .filter(|(_, r)| **r == w)
                .map(|(c, _)| c)
        };
        let by = &calls[at];
        undo.is_some_and(|u| u.action == by.action)
            && roots[w] == w
            && calls[w].undone.is_none()
            && calls[w].args[0] == by.args[0]
            && attempts().any(|c| matches!(c.reply, Some((_, Reply::Ok(_)))))
            && attempts().all(|c| c.reply.as_ref().is_some_and(|r| r.0.1 < by.admitted.1))
    });
    if let Some(w) = undone {
        calls[w].undone = Some((0, *moment));
    }
}

/// Histories: every single call, and so many random ones of more calls.
fn histories(interp: &Interp<'_>, rng: &mut Rng, rules: &str, count: usize) -> Vec<Vec<Call>> {
    let pool = pool(interp, rules);
    let mut all = vec![Vec::new()];
    all.extend(
        pool.iter()
            .map(|s| history(interp, std::slice::from_ref(s))),
    );
    if pool.is_empty() {
        return all;
    }
    for _ in 0..count {
        let mut steps: Vec<Step> = Vec::new();
        for _ in 0..rng.usize(2..6) {
            // The same again, more often than chance would have it.
            let mut step = match steps.last() {
                Some(last) if rng.u8(..) < 70 => Step {
                    reply: pool[rng.usize(..pool.len())].reply.clone(),
                    ..last.clone()
                },
                _ => pool[rng.usize(..pool.len())].clone(),
            };
            let result = policy_result(interp, step.action);
            if let Some(Reply::Ok(value)) = &mut step.reply
                && value.is_some() != result
            {
                step = pool[rng.usize(..pool.len())].clone();
            }
            step.late = rng.u8(..) < 50;
            steps.push(step);
        }
        all.push(history(interp, &steps));
    }
    all
}

fn policy_result(interp: &Interp<'_>, action: ActionId) -> bool {
    interp.policy().action(action).result.is_some()
}

/// A situation in which an action is proposed.
struct Situation {
    params: Vec<Option<Const>>,
    inputs: Vec<Option<Const>>,
    history: usize,
}

struct Space<'a> {
    interp: &'a Interp<'a>,
    histories: Vec<Vec<Call>>,
}

impl Space<'_> {
    fn proposal<'s>(&'s self, action: ActionId, s: &Situation) -> Proposal<'s> {
        Proposal {
            calls: Calls {
                calls: &self.histories[s.history],
                now: (0, 1000),
            },
            action,
            values: Fixed {
                params: s.params.clone(),
                inputs: s.inputs.clone(),
                ..Fixed::default()
            },
            position: None,
        }
    }

    /// All situations of an action, histories that answer all questions alike being one; none if
    /// there are too many.
    fn all(&self, action: ActionId, rng: &mut Rng) -> Option<Vec<Situation>> {
        let policy = self.interp.policy();
        let mut args = vec![Vec::new()];
        for p in &policy.action(action).params {
            args = product(&args, &maybe(self.interp, &p.ty, p.optional));
        }
        let mut inputs = vec![Vec::new()];
        for i in &policy.inputs {
            inputs = product(&inputs, &maybe(self.interp, &i.ty, i.optional));
        }
        let mut terms = Vec::new();
        let mut facts = false;
        for rule in &policy.rules {
            for target in rule.targets.iter().filter(|t| t.action == action) {
                if let Some(term) = &target.history {
                    terms.push(term.clone());
                }
                if let Some(when) = &target.when {
                    let text = format!("{when:?}");
                    facts |= text.contains("Fact(");
                    questions(when, &mut terms);
                }
            }
        }
        let mut all = Vec::new();
        // Answers depend on the parameters that keys are made of alone.
        let params = &policy.action(action).params;
        let keys: Vec<usize> = ["n", "b"]
            .iter()
            .filter_map(|key| params.iter().position(|p| p.name == *key))
            .collect();
        let number = |params: &[Option<Const>]| -> String {
            keys.iter()
                .map(|at| format!("{:?} ", params[*at]))
                .collect()
        };
        let mut by_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for params in &args {
            let n = number(params);
            if by_key.contains_key(&n) {
                continue;
            }
            let mut seen = BTreeSet::new();
            let mut kept = Vec::new();
            for history in 0..self.histories.len() {
                let situation = Situation {
                    params: params.clone(),
                    inputs: inputs[0].clone(),
                    history,
                };
                let proposal = self.proposal(action, &situation);
                let world = InSession {
                    interp: self.interp,
                    proposal: &proposal,
                };
                let mut key = String::new();
                for term in &terms {
                    write!(key, "{} ", world.history(self.interp, term)).unwrap();
                }
                if facts {
                    let fact = world.root(failway::model::Root::Fact(failway::model::FactId(0)));
                    write!(key, "{fact:?}").unwrap();
                }
                if seen.insert(key) {
                    kept.push(history);
                }
                if terms.is_empty() && !facts {
                    break;
                }
            }
            by_key.insert(n, kept);
        }
        for params in &args {
            for history in &by_key[&number(params)] {
                for inputs in &inputs {
                    all.push(Situation {
                        params: params.clone(),
                        inputs: inputs.clone(),
                        history: *history,
                    });
                }
            }
            if all.len() > WORLDS_MAX {
                return None;
            }
        }
        rng.shuffle(&mut all);
        Some(all)
    }

    fn truth(&self, action: ActionId, s: &Situation, cond: &Cond) -> Option<bool> {
        let proposal = self.proposal(action, s);
        let world = InSession {
            interp: self.interp,
            proposal: &proposal,
        };
        self.interp.truth(&world, cond)
    }

    fn fires(&self, action: ActionId, s: &Situation, rule: &Rule) -> bool {
        let Some(target) = rule.targets.iter().find(|t| t.action == action) else {
            return false;
        };
        let holds = target
            .when
            .as_ref()
            .is_none_or(|c| self.truth(action, s, c).expect("decided"));
        let proposal = self.proposal(action, s);
        let world = InSession {
            interp: self.interp,
            proposal: &proposal,
        };
        let done = || world.history(self.interp, target.history.as_ref().unwrap()) > 0;
        match rule.kind {
            RuleKind::Allow | RuleKind::Deny | RuleKind::Escalate { .. } => holds,
            RuleKind::Require => !holds,
            RuleKind::OrderBefore => holds && !done(),
            RuleKind::OrderNever => holds && done(),
            RuleKind::Limit { .. } => false,
        }
    }
}

fn questions(cond: &Cond, terms: &mut Vec<failway::model::HistoryTerm>) {
    use failway::model::Operand;
    match cond {
        Cond::And(all) | Cond::Or(all) => all.iter().for_each(|c| questions(c, terms)),
        Cond::Not(inner) | Cond::Define { body: inner, .. } => questions(inner, terms),
        Cond::Atom(atom) => {
            let mut operand = |o: &Operand| {
                if let Operand::History(h) = o {
                    terms.push((**h).clone());
                }
            };
            match &atom.kind {
                AtomKind::Holds(o)
                | AtomKind::InRange { operand: o, .. }
                | AtomKind::InSet { operand: o, .. } => operand(o),
                AtomKind::Compare { left, right, .. } => {
                    operand(left);
                    operand(right);
                }
                AtomKind::Quantifier { body, .. } => questions(body, terms),
                _ => {}
            }
        }
    }
}

// ── What follows for rules ───────────────────────────────────────────────────

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Denial,
    Escalation,
    Permission,
}

fn kind(rule: &Rule) -> Option<Kind> {
    Some(match rule.kind {
        RuleKind::Allow => Kind::Permission,
        RuleKind::Escalate { .. } => Kind::Escalation,
        RuleKind::Limit { .. } => return None,
        _ => Kind::Denial,
    })
}

/// What the brute force says of a rule: the code, and how many rules it takes at least.
type Said = BTreeMap<String, (&'static str, usize)>;

struct Table<'p> {
    rules: Vec<&'p Rule>,
    /// By rule, by situation.
    fires: Vec<Vec<bool>>,
    size: usize,
}

impl Table<'_> {
    /// The fewest of the candidates of which one fires wherever the rule does and `where_` holds.
    fn fewest(
        &self,
        rule: usize,
        candidates: &[usize],
        where_: &dyn Fn(usize) -> bool,
    ) -> Option<usize> {
        let need: Vec<usize> = (0..self.size)
            .filter(|w| self.fires[rule][*w] && where_(*w))
            .collect();
        let covers = |set: &[usize]| need.iter().all(|w| set.iter().any(|r| self.fires[*r][*w]));
        if !covers(candidates) {
            return None;
        }
        (0u32..1 << candidates.len())
            .filter(|bits| {
                let set: Vec<usize> = candidates
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| bits & (1 << i) != 0)
                    .map(|(_, r)| *r)
                    .collect();
                covers(&set)
            })
            .map(|bits| bits.count_ones() as usize)
            .min()
    }
}

fn same_request(a: &Rule, b: &Rule) -> bool {
    if let (
        RuleKind::Escalate { role, within_ms },
        RuleKind::Escalate {
            role: other,
            within_ms: ms,
        },
    ) = (&a.kind, &b.kind)
    {
        return role == other && within_ms == ms;
    }
    let instead = |r: &Rule| {
        let i = r.targets[0].instead.as_ref();
        i.map(|i| {
            let args: Vec<String> = i
                .args
                .args
                .iter()
                .map(|a| match a {
                    Some(failway::model::Expr::Path(p)) => p.text.clone(),
                    other => format!("{other:?}"),
                })
                .collect();
            (i.action, args)
        })
    };
    match (instead(a), instead(b)) {
        (None, _) => true,
        (Some(x), Some(y)) => x == y,
        (Some(_), None) => false,
    }
}

fn rules_on(table: &Table<'_>, said: &mut Said, never_allowed: bool) {
    let all = 0..table.rules.len();
    let any = |set: &[usize], w: usize| set.iter().any(|r| table.fires[*r][w]);
    let of = |k: Kind| -> Vec<usize> {
        all.clone()
            .filter(|r| kind(table.rules[*r]) == Some(k))
            .collect()
    };
    let (denials, escalations) = (of(Kind::Denial), of(Kind::Escalation));
    let mut idle: BTreeSet<usize> = BTreeSet::new();
    for k in [Kind::Denial, Kind::Escalation, Kind::Permission] {
        let mut later = Vec::new();
        for alone in [true, false] {
            let round: Vec<usize> = if alone {
                of(k).into_iter().rev().collect()
            } else {
                std::mem::take(&mut later)
            };
            for rule in round {
                let live = |w: usize| table.fires[rule][w];
                if !(0..table.size).any(live) {
                    said.insert(table.rules[rule].name.clone(), ("FW201", 0));
                    continue;
                }
                let here = |r: &usize| *r != rule && !idle.contains(r);
                let own: Vec<usize> = of(k)
                    .into_iter()
                    .filter(here)
                    .filter(|r| same_request(table.rules[rule], table.rules[*r]))
                    .collect();
                let refusing: Vec<usize> = denials.iter().copied().filter(here).collect();
                let mut above: Vec<usize> = if k == Kind::Denial {
                    Vec::new()
                } else {
                    refusing.clone()
                };
                if k == Kind::Permission {
                    above.extend(escalations.iter().copied().filter(here));
                }
                let always = |_: usize| true;
                let found = if k != Kind::Denial
                    && let Some(n) = table.fewest(rule, &refusing, &always)
                {
                    Some(("FW207", n))
                } else if let Some(n) = table.fewest(rule, &own, &always) {
                    Some(("FW206", n))
                } else {
                    let mut both = above.clone();
                    both.extend(&own);
                    table.fewest(rule, &both, &always).map(|n| ("FW205", n))
                };
                match found {
                    None => {}
                    Some(("FW207", _)) if never_allowed => {}
                    Some(("FW206", _)) if never_allowed && k == Kind::Denial => {}
                    Some((code, n)) if code != "FW207" && alone && n > 1 => later.push(rule),
                    Some(found) => {
                        said.insert(table.rules[rule].name.clone(), found);
                        idle.insert(rule);
                    }
                }
            }
        }
    }
    let _ = any;
}

// ── What follows for parts of conditions ─────────────────────────────────────

/// All conditions within a condition, with their places.
fn nodes(cond: &Cond, out: &mut Vec<Cond>) {
    out.push(cond.clone());
    match cond {
        Cond::And(all) | Cond::Or(all) => all.iter().for_each(|c| nodes(c, out)),
        Cond::Not(inner) => nodes(inner, out),
        _ => {}
    }
}

/// The condition without the operands of its `and`s and `or`s that `gone` names by their path.
fn without(cond: &Cond, path: &mut Vec<usize>, gone: &BTreeSet<Vec<usize>>) -> Cond {
    let mut each = |list: &[Cond]| -> Vec<Cond> {
        let mut kept = Vec::new();
        for (i, c) in list.iter().enumerate() {
            path.push(i);
            if !gone.contains(path) {
                kept.push(without(c, path, gone));
            }
            path.pop();
        }
        kept
    };
    match cond {
        Cond::And(all) => Cond::And(each(all)),
        Cond::Or(all) => Cond::Or(each(all)),
        Cond::Not(inner) => {
            path.push(0);
            let inner = without(inner, path, gone);
            path.pop();
            Cond::Not(Box::new(inner))
        }
        Cond::Atom(Atom {
            kind:
                AtomKind::Quantifier {
                    every,
                    list,
                    element,
                    body,
                },
            span,
        }) => {
            path.push(0);
            let body = without(body, path, gone);
            path.pop();
            Cond::Atom(Atom {
                kind: AtomKind::Quantifier {
                    every: *every,
                    list: list.clone(),
                    element: element.clone(),
                    body: Box::new(body),
                },
                span: *span,
            })
        }
        other => other.clone(),
    }
}

/// Operands by their path, with their places.
fn operands(cond: &Cond, path: &mut Vec<usize>, out: &mut Vec<(Vec<usize>, Span, Cond)>) {
    let mut each = |list: &[Cond], counts: bool| {
        for (i, c) in list.iter().enumerate() {
            path.push(i);
            if counts {
                let place = failway::gate::checks::undecided::place(c).unwrap_or_default();
                out.push((path.clone(), place, c.clone()));
            }
            operands(c, path, out);
            path.pop();
        }
    };
    match cond {
        Cond::And(all) | Cond::Or(all) => each(all, true),
        Cond::Not(inner) => each(std::slice::from_ref(inner), false),
        Cond::Atom(Atom {
            kind: AtomKind::Quantifier { body, .. },
            ..
        }) => {
            each(std::slice::from_ref(body), false);
        }
        _ => {}
    }
}

/// Whether the part only asks for something on the way to what another part looks at.
fn leads_on(part: &Cond, whole: &Cond) -> bool {
    fn asks(c: &Cond) -> Option<&failway::model::Path> {
        match c {
            Cond::Not(inner) => asks(inner),
            Cond::Atom(Atom {
                kind: AtomKind::Present(p),
                ..
            }) => Some(p),
            _ => None,
        }
    }
    let Some(path) = asks(part) else { return false };
    let mut all = Vec::new();
    nodes(whole, &mut all);
    all.iter().filter_map(asks).any(|p| {
        p.root == path.root
            && p.fields.len() > path.fields.len()
            && p.fields.starts_with(&path.fields)
    })
}

fn check_condition(
    space: &Space<'_>,
    worlds: &[Situation],
    action: ActionId,
    rule: &Rule,
    findings: &[Diagnostic],
    context: &str,
) -> (usize, usize) {
    let target = rule.targets.iter().find(|t| t.action == action).unwrap();
    let Some(when) = &target.when else {
        return (0, 0);
    };
    let inside = |d: &&Diagnostic| d.labels.iter().any(|l| l.span == rule.name_span);
    let constant: Vec<&Diagnostic> = findings
        .iter()
        .filter(|d| d.code.as_str() == "FW208")
        .filter(inside)
        .collect();
    let redundant: Vec<Span> = findings
        .iter()
        .filter(|d| d.code.as_str() == "FW209")
        .filter(inside)
        .map(Diagnostic::span)
        .collect();
    let truths = |c: &Cond| -> Vec<Option<bool>> {
        worlds.iter().map(|w| space.truth(action, w, c)).collect()
    };
    let whole = truths(when);
    let mut all = Vec::new();
    nodes(when, &mut all);
    let is_constant = |c: &Cond| {
        let t = truths(c);
        !t.contains(&Some(true)) || !t.contains(&Some(false))
    };
    let constants = all.iter().filter(|c| is_constant(c)).count();
    // Constants inside quantifiers are seen at the quantifier only.
    let quantified = format!("{when:?}").contains("Quantifier");
    assert!(
        constants == 0 || !constant.is_empty(),
        "`{}`: a part is constant, and nothing is said\n{context}",
        rule.name
    );
    assert!(
        constant.is_empty() || constants > 0 || quantified,
        "`{}`: nothing is constant, but {:?}\n{context}",
        rule.name,
        constant.iter().map(|d| &d.message).collect::<Vec<_>>()
    );
    if !constant.is_empty() {
        return (1, redundant.len());
    }
    let mut parts = Vec::new();
    operands(when, &mut Vec::new(), &mut parts);
    let gone: BTreeSet<Vec<usize>> = parts
        .iter()
        .filter(|(_, span, _)| redundant.contains(span))
        .map(|(path, ..)| path.clone())
        .collect();
    assert!(
        redundant.iter().all(|s| parts.iter().any(|p| p.1 == *s)),
        "`{}`\n{context}",
        rule.name
    );
    let less = without(when, &mut Vec::new(), &gone);
    assert!(
        truths(&less) == whole,
        "`{}`: what is called redundant is not\n{context}",
        rule.name
    );
    for (path, _, part) in &parts {
        let begins = |g: &Vec<usize>| path.starts_with(g);
        if gone.iter().any(begins) || leads_on(part, when) {
            continue;
        }
        let siblings = parts
            .iter()
            .filter(|(p, ..)| p.len() == path.len() && p[..p.len() - 1] == path[..path.len() - 1]);
        if siblings.filter(|(p, ..)| !gone.contains(p)).count() < 2 {
            continue;
        }
        let mut more = gone.clone();
        more.insert(path.clone());
        let rest = without(when, &mut Vec::new(), &more);
        assert!(
            truths(&rest) != whole,
            "`{}`: the part at {path:?} is redundant, and nothing is said\n{context}",
            rule.name
        );
    }
    (0, redundant.len())
}

// ── The comparison ───────────────────────────────────────────────────────────

fn compare(
    rng: &mut Rng,
    text: &str,
    checked: &Checked,
    counts: &mut BTreeMap<String, usize>,
    random: usize,
) -> bool {
    let policy = &checked.policy;
    let interp = Interp::new(policy);
    let rules = text.split_once("allow base0").unwrap().1;
    let space = Space {
        interp: &interp,
        histories: histories(&interp, rng, rules, random),
    };
    let mut context = format!("{text}\n");
    for f in &checked.findings {
        writeln!(
            context,
            "{}: {} {:?}",
            f.code,
            f.message,
            f.witness.as_ref().map(|w| &w.lines)
        )
        .unwrap();
    }
    let codes = |rule: &Rule| -> Vec<String> {
        checked
            .findings
            .iter()
            .filter(|d| match d.code.as_str() {
                "FW201" => d.labels.iter().any(|l| l.span == rule.name_span),
                "FW205" | "FW206" | "FW207" | "FW213" => d.span() == rule.name_span,
                _ => false,
            })
            .map(|d| d.code.to_string())
            .collect()
    };
    for (action, id) in policy.actions.iter().zip((0..).map(ActionId)) {
        let Some(worlds) = space.all(id, rng) else {
            return false;
        };
        let rules: Vec<&Rule> = policy
            .rules
            .iter()
            .filter(|r| r.targets.iter().any(|t| t.action == id) && kind(r).is_some())
            .collect();
        let fires: Vec<Vec<bool>> = rules
            .iter()
            .map(|r| worlds.iter().map(|w| space.fires(id, w, r)).collect())
            .collect();
        let table = Table {
            rules,
            fires,
            size: worlds.len(),
        };
        let denied = |w: usize| {
            let any = |k: Kind| {
                table
                    .rules
                    .iter()
                    .zip(&table.fires)
                    .any(|(r, f)| kind(r) == Some(k) && f[w])
            };
            any(Kind::Denial) || !(any(Kind::Permission) || any(Kind::Escalation))
        };
        let permits = |w: usize| {
            table
                .rules
                .iter()
                .zip(&table.fires)
                .any(|(r, f)| kind(r) != Some(Kind::Denial) && f[w])
        };
        let never = (0..table.size).any(permits) && (0..table.size).all(denied);
        let says_never = checked
            .findings
            .iter()
            .any(|d| d.code.as_str() == "FW203" && d.span() == action.span);
        assert_eq!(never, says_never, "{}\n{context}", action.full_name);
        let mut said = Said::new();
        rules_on(&table, &mut said, never);
        for rule in &table.rules {
            let expected: Vec<String> = said
                .get(&rule.name)
                .map(|s| s.0.to_string())
                .into_iter()
                .collect();
            let mut found = codes(rule);
            for c in &mut found {
                if c == "FW213" {
                    *c = "FW206".to_string();
                }
            }
            assert_eq!(found, expected, "`{}`\n{context}", rule.name);
            if let Some((code, fewest)) = said.get(&rule.name) {
                *counts.entry((*code).to_string()).or_insert(0) += 1;
                if *fewest > 0 {
                    let d = checked
                        .findings
                        .iter()
                        .find(|d| {
                            d.span() == rule.name_span
                                && d.code.as_str() >= "FW205"
                                && d.code.as_str() <= "FW213"
                        })
                        .unwrap();
                    assert_eq!(
                        d.labels.len() - 1,
                        *fewest,
                        "`{}`: {}\n{context}",
                        rule.name,
                        d.message
                    );
                }
            }
            let dead = said.get(&rule.name).is_some_and(|s| s.0 == "FW201");
            if !dead && !never && said.get(&rule.name).is_none_or(|s| s.0 != "FW207") {
                let explains = checked.findings.iter().any(|d| {
                    d.code.as_str() == "FW207" && d.labels.iter().any(|l| l.span == rule.name_span)
                });
                if !explains {
                    let (a, b) =
                        check_condition(&space, &worlds, id, rule, &checked.findings, &context);
                    *counts.entry("FW208".to_string()).or_insert(0) += a;
                    *counts.entry("FW209".to_string()).or_insert(0) += b;
                }
            }
            quarrels_and_insteads(&space, &worlds, id, rule, &table, checked, &context, counts);
        }
        *counts.entry("situations".to_string()).or_insert(0) += worlds.len();
    }
    true
}

#[allow(clippy::too_many_arguments)]
fn quarrels_and_insteads(
    space: &Space<'_>,
    worlds: &[Situation],
    action: ActionId,
    rule: &Rule,
    table: &Table<'_>,
    checked: &Checked,
    context: &str,
    counts: &mut BTreeMap<String, usize>,
) {
    let at = table
        .rules
        .iter()
        .position(|r| r.name == rule.name)
        .unwrap();
    for (other, fires) in table.rules.iter().zip(&table.fires) {
        if other.name <= rule.name
            || kind(other) != kind(rule)
            || kind(rule) == Some(Kind::Permission)
        {
            continue;
        }
        let both_ask = kind(rule) == Some(Kind::Escalation)
            || (rule.targets[0].instead.is_some() && other.targets[0].instead.is_some());
        if !both_ask || same_request(rule, other) {
            continue;
        }
        let refused = |w: usize| {
            kind(rule) == Some(Kind::Escalation)
                && table
                    .rules
                    .iter()
                    .zip(&table.fires)
                    .any(|(r, f)| kind(r) == Some(Kind::Denial) && f[w])
        };
        let quarrel = (0..table.size).any(|w| table.fires[at][w] && fires[w] && !refused(w));
        let said = checked.findings.iter().any(|d| {
            d.code.as_str() == "FW204"
                && [rule, other]
                    .iter()
                    .all(|r| d.labels.iter().any(|l| l.span == r.name_span))
        });
        assert_eq!(
            quarrel, said,
            "`{}` and `{}`\n{context}",
            rule.name, other.name
        );
        *counts.entry("FW204".to_string()).or_insert(0) += usize::from(said);
    }
    let target = rule.targets.iter().find(|t| t.action == action).unwrap();
    let Some(instead) = &target.instead else {
        return;
    };
    let shut = worlds.iter().zip(&table.fires[at]).any(|(w, fires)| {
        if !fires {
            return false;
        }
        let proposal = space.proposal(action, w);
        let world = InSession {
            interp: space.interp,
            proposal: &proposal,
        };
        let there = space.interp.policy().action(instead.action);
        let args = space.interp.args(&world, &instead.args, &there.params);
        let valid = there.params.iter().zip(&args).all(|(p, a)| match a {
            None => p.optional,
            Some(v) => values(space.interp, &p.ty).contains(v),
        });
        let other = Proposal {
            action: instead.action,
            values: Fixed {
                params: args,
                inputs: w.inputs.clone(),
                ..Fixed::default()
            },
            ..space.proposal(action, w)
        };
        let world = InSession {
            interp: space.interp,
            proposal: &other,
        };
        !valid
            || space
                .interp
                .gate(&world, instead.action)
                .expect("decided")
                .verdict
                != failway::interp::rules::Verdict::Allow
    });
    let found = checked
        .findings
        .iter()
        .find(|d| d.code.as_str() == "FW210" && d.span() == instead.span);
    assert_eq!(shut, found.is_some(), "`{}`\n{context}", rule.name);
    if let Some(found) = found {
        *counts.entry("FW210".to_string()).or_insert(0) += 1;
        assert!(
            found.witness.as_ref().is_some_and(|w| !w.lines.is_empty()),
            "{context}"
        );
    }
}

#[test]
fn checks_of_the_gate_against_brute_force() {
    let wanted = cases();
    let mut rng = Rng::with_seed(wanted as u64 + 3);
    let mut counts = BTreeMap::new();
    let (mut done, mut deep, mut given_up) = (0, 0, 0);
    while done < wanted {
        let text = policy_text(&mut rng);
        let checked = check("main.failway", &Memory::one(&text)).unwrap();
        let unknown = |d: &Diagnostic| {
            let code = d.code.as_str();
            !code.starts_with("FW2") && !["FW190", "FW412"].contains(&code)
        };
        if let Some(d) = checked.findings.iter().find(|d| unknown(d)) {
            assert!(
                d.code.as_str() == "FW150",
                "{}: {}\n{text}",
                d.code,
                d.message
            );
            continue;
        }
        // What was given up was said; it may not be much.
        if checked.findings.iter().any(|d| d.code.as_str() == "FW290") {
            given_up += 1;
            continue;
        }
        // What the histories at hand don't show may be shown by rarer ones.
        let few = rng.clone();
        let compared = std::panic::catch_unwind(|| {
            let (mut rng, mut counts) = (few, BTreeMap::new());
            let done = compare(&mut rng, &text, &checked, &mut counts, HISTORIES);
            (done, counts, rng)
        });
        let (compared, more, after) = compared.unwrap_or_else(|_| {
            deep += 1;
            let (mut rng, mut counts) = (rng.clone(), BTreeMap::new());
            let done = compare(&mut rng, &text, &checked, &mut counts, 100 * HISTORIES);
            (done, counts, rng)
        });
        rng = after;
        done += usize::from(compared);
        for (code, n) in more {
            *counts.entry(code).or_insert(0) += n;
        }
    }
    println!(
        "{done} policies, {deep} of them with many histories, {given_up} given up: {counts:?}"
    );
    assert!(given_up * 20 <= done + 20, "{given_up} given up");
    for code in [
        "FW201", "FW204", "FW205", "FW206", "FW207", "FW208", "FW209", "FW210",
    ] {
        assert!(
            counts.get(code).copied().unwrap_or(0) > 0,
            "no {code} among them: {counts:?}"
        );
    }
}

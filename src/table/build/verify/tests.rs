//! The comparison itself, tried on tables with errors planted in them.

use crate::diagnostics::has_errors;
use crate::gate::Gate;
use crate::model::load::{self, Loader};
use crate::model::{self, Policy};
use crate::table::build::written;
use crate::table::format::{Automaton, Body, Ref};

const POLICY: &str = r#"
policy planted

type Id = string length 1..12
enum Kind { small, large, odd }
record Line { code: string length 0..9, count: int in 0..9 }
input hour: int in 0..23

integration x {
  defaults { timeout 1s }
  action find(id: Id) -> Id { reads }
  action send(id: Id, kind: Kind, amount: decimal in 0.00..100.00, most: decimal in 0.00..100.00,
      note?: string length 1..9, lines: list of Line size 0..4) { writes idempotent by id }
}

allow finding: x.find
allow sending: x.send when amount <= most - 1.00 and kind in {small, large}
  because "sums are checked"
deny  late:    x.send when hour in 20..<23
deny  noted:   x.send when note is absent or length(note) > 5 or note matches /no[a-z]+/
deny  coded:   x.send when some line in lines: line.code matches /a[0-9]|bb[5-9]/ and line.count >= 3
require few:   x.send when size(lines) <= 3
deny  often:   x.send when calls(x.find) > 4
order first:   x.find before x.send
deny  named:   x.send when id in {"a1", "b22"}
"#;

struct Text;

impl Loader for Text {
    fn load(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(POLICY.as_bytes().to_vec())
    }
}

fn policy() -> Policy {
    let loaded = load::load("planted.failway", &Text);
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let (policy, found) = model::check::check(&loaded.files);
    assert!(!has_errors(&found), "{found:?}");
    policy
}

/// Plants each error in turn, and gives those that the comparison didn't see.
fn unseen(plants: impl Fn(&Body) -> Vec<(String, Body)>) -> (usize, Vec<String>) {
    let policy = policy();
    let (mut gate, found): (Gate<'_>, _) = crate::gate::build(&policy, 1);
    assert!(!has_errors(&found), "{found:?}");
    let mut builder = written(&mut gate).unwrap();
    builder.verify().unwrap();
    let good = builder.body.clone();
    let mut missed = Vec::new();
    let plants = plants(&good);
    let count = plants.len();
    for (what, bad) in plants {
        assert!(bad != good, "{what} changes nothing");
        builder.body = bad;
        if builder.verify().is_ok() {
            missed.push(what);
        }
    }
    builder.body = good;
    builder.verify().unwrap();
    (count, missed)
}

fn changed(body: &Body, change: impl FnOnce(&mut Body)) -> Body {
    let mut body = body.clone();
    change(&mut body);
    body
}

#[test]
fn swapped_branches_and_wrong_leaves_are_seen() {
    let (count, missed) = unseen(|body| {
        let mut plants = Vec::new();
        for (n, node) in body.nodes.iter().enumerate() {
            for (i, &to) in node.next.iter().enumerate() {
                let wrong: Ref = if to == -1 { -2 } else { -1 };
                let what = format!("node {n}, branch {i} to leaf {wrong}: {node:?}");
                plants.push((what, changed(body, |b| b.nodes[n].next[i] = wrong)));
                if i > 0 {
                    let what = format!("node {n}, branches {} and {i} swapped: {node:?}", i - 1);
                    plants.push((what, changed(body, |b| b.nodes[n].next.swap(i - 1, i))));
                }
            }
        }
        plants
    });
    assert!(count > 60, "{count}");
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn boundaries_off_by_one_are_seen() {
    let (count, missed) = unseen(|body| {
        let mut plants = Vec::new();
        for (n, node) in body.nodes.iter().enumerate() {
            for (i, &cut) in node.cuts.iter().enumerate() {
                for wrong in [cut - 1, cut + 1] {
                    if !node.cuts.contains(&wrong) {
                        let what = format!("node {n}, {cut} became {wrong}: {node:?}");
                        plants.push((what, changed(body, |b| b.nodes[n].cuts[i] = wrong)));
                    }
                }
            }
        }
        plants
    });
    assert!(count > 40, "{count}");
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn lost_and_added_transitions_are_seen() {
    let (count, missed) = unseen(|body| {
        let mut plants = Vec::new();
        for (n, automaton) in body.automata.iter().enumerate() {
            let live = live(automaton);
            let dead = (0..live.len()).find(|&s| !live[s]).expect("a dead state");
            for (at, &to) in automaton.next.iter().enumerate() {
                let classes = automaton.classes as usize;
                let (state, class) = (at / classes, at % classes);
                if live[to as usize] {
                    let what = format!("automaton {n}, {state} lost {class}");
                    let dead = u32::try_from(dead).unwrap();
                    plants.push((what, changed(body, |b| b.automata[n].next[at] = dead)));
                } else if ascii(automaton, class)
                    && let Some(other) = (state * classes..(state + 1) * classes)
                        .map(|i| automaton.next[i])
                        .find(|&s| live[s as usize])
                {
                    let what = format!("automaton {n}, {state} takes {class} to {other}");
                    plants.push((what, changed(body, |b| b.automata[n].next[at] = other)));
                }
            }
            for (state, &class) in automaton.accept.iter().enumerate() {
                if class != 0 {
                    let what = format!("automaton {n}, {state} no longer gives {class}");
                    plants.push((what, changed(body, |b| b.automata[n].accept[state] = 0)));
                }
            }
        }
        plants
    });
    assert!(count > 40, "{count}");
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn wrong_verdicts_are_seen() {
    use crate::table::format::VerdictKind;
    let (count, missed) = unseen(|body| {
        let mut plants = Vec::new();
        for (a, action) in body.actions.iter().enumerate() {
            for (v, verdict) in action.verdicts.iter().enumerate() {
                let other = match verdict.verdict {
                    VerdictKind::Deny => VerdictKind::Allow,
                    VerdictKind::Escalate | VerdictKind::Allow => VerdictKind::Deny,
                };
                let what = format!("verdict {v} of {} says {other:?}", action.name);
                let bad = changed(body, |b| b.actions[a].verdicts[v].verdict = other);
                // What no walk ends in is not there to be seen.
                let walked = action.gate == -Ref::try_from(v).unwrap() - 1
                    || body
                        .nodes
                        .iter()
                        .any(|n| n.next.contains(&(-Ref::try_from(v).unwrap() - 1)));
                if walked && action.name == "x.send" {
                    plants.push((what, bad));
                }
            }
        }
        plants
    });
    assert!(count > 6, "{count}");
    assert_eq!(missed, Vec::<String>::new());
}

/// Which states can still reach a class other than 0.
fn live(automaton: &Automaton) -> Vec<bool> {
    let mut live: Vec<bool> = automaton.accept.iter().map(|&class| class != 0).collect();
    let classes = automaton.classes as usize;
    for _ in 0..live.len() {
        for state in 0..live.len() {
            let row = &automaton.next[state * classes..(state + 1) * classes];
            live[state] |= row.iter().any(|&to| live[to as usize]);
        }
    }
    live
}

/// Whether a class of bytes has one that is a character by itself.
fn ascii(automaton: &Automaton, class: usize) -> bool {
    (b' '..=b'~').any(|byte| automaton.class_of_byte(byte) as usize == class)
}

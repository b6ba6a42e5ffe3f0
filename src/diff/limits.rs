//! Limits: how many, of what, and of whom.

use super::history::Calls;
use super::report::{Change, Effect, Report};
use super::side::{Side, Tables};
use super::universe::{Scope, Universe, Untold};
use crate::table::format::{Body, Limit, LimitUse};
use crate::words::duration;
use std::collections::BTreeSet;

/// Compares all limits.
pub(super) fn compare(tables: Tables<'_>, effort: u32, report: &mut Report) {
    let (old, new) = (tables.old.body(), tables.new.body());
    let names: BTreeSet<&str> = [old, new]
        .iter()
        .flat_map(|b| b.limits.iter().map(|l| rule(b, l)))
        .collect();
    for name in names {
        let both = [old, new].map(|b| b.limits.iter().find(|l| rule(b, l) == name));
        let mut add = |effect: Effect, what: String| {
            let mut change = Change::plain(effect, "limit", name, what);
            change.blame = Some(name.to_owned());
            report.changes.push(change);
        };
        match both {
            [Some(a), None] => add(Effect::Looser, format!("it is gone: {}", told(a))),
            [None, Some(b)] => add(Effect::Stricter, format!("it is new: {}", told(b))),
            [Some(a), Some(b)] => {
                if let Err(Untold(why)) = limit(tables, effort, [a, b], name, &mut add) {
                    report.unproven.push(format!("limit `{name}`: {why}"));
                }
            }
            [None, None] => {}
        }
    }
}

fn rule<'b>(body: &'b Body, limit: &Limit) -> &'b str {
    let rule = body.rules.get(limit.rule as usize);
    rule.map_or("", |r| r.name.as_str())
}

fn told(limit: &Limit) -> String {
    let what = match (limit.effects, limit.count) {
        (true, 1) => "effect",
        (true, _) => "effects",
        (false, 1) => "call",
        (false, _) => "calls",
    };
    let per = limit.per_ms.map_or("session".to_owned(), duration);
    format!("{} {what} per {per}", limit.count)
}

fn limit(
    tables: Tables<'_>,
    effort: u32,
    both: [&Limit; 2],
    name: &str,
    add: &mut dyn FnMut(Effect, String),
) -> Result<(), Untold> {
    let [a, b] = both;
    if (a.count, a.effects, a.per_ms) != (b.count, b.effects, b.per_ms) {
        let effect = if a.effects != b.effects || a.per_ms.is_some() != b.per_ms.is_some() {
            Effect::Other
        } else {
            // More, in no longer a time, is looser; the other way round it is stricter.
            match (b.count.cmp(&a.count), a.per_ms.cmp(&b.per_ms)) {
                (x, y) if x.is_ge() && y.is_ge() => Effect::Looser,
                (x, y) if x.is_le() && y.is_le() => Effect::Stricter,
                _ => Effect::Other,
            }
        };
        add(effect, format!("{} instead of {}", told(b), told(a)));
    }
    let mut universe = Universe::new(tables, effort);
    let counted = [
        universe.counted(Side::Old, &a.counted)?,
        universe.counted(Side::New, &b.counted)?,
    ];
    if counted[0] != counted[1] {
        let within = |x: &[Calls], y: &[Calls]| x.iter().all(|c| y.contains(c));
        let effect = if within(&counted[0], &counted[1]) {
            Effect::Stricter
        } else if within(&counted[1], &counted[0]) {
            Effect::Looser
        } else {
            Effect::Other
        };
        let list = |all: &[Calls]| {
            let mut names: Vec<&str> = all.iter().map(|c| c.action.as_str()).collect();
            names.dedup();
            names.join(", ")
        };
        let (x, y) = (list(&counted[0]), list(&counted[1]));
        add(
            effect,
            if x == y {
                format!("it counts other calls of {y}")
            } else {
                format!("it counts {y} instead of {x}")
            },
        );
    }
    for action in &tables.old.body().actions {
        if let Some(now) = tables.new.action(&action.name) {
            let scope = Scope {
                params: [action.params.as_slice(), now.params.as_slice()],
                ..Scope::default()
            };
            let uses = [(Side::Old, action), (Side::New, now)].map(|(side, action)| {
                let body = tables.body(side);
                action.limits.iter().find(|u| {
                    let limit = body.limits.get(u.limit as usize);
                    limit.is_some_and(|l| rule(body, l) == name)
                })
            });
            let mut universe = Universe::new(tables, effort);
            used(&mut universe, &scope, uses, &action.name, add)?;
        }
    }
    Ok(())
}

/// Which proposals of an action a limit concerns.
fn used<'t>(
    universe: &mut Universe<'t>,
    scope: &Scope<'t>,
    uses: [Option<&LimitUse>; 2],
    action: &str,
    add: &mut dyn FnMut(Effect, String),
) -> Result<(), Untold> {
    let (a, b) = match uses {
        [None, None] => return Ok(()),
        [Some(_), None] => {
            add(
                Effect::Looser,
                format!("it does not stop {action} any more"),
            );
            return Ok(());
        }
        [None, Some(_)] => {
            add(Effect::Stricter, format!("it stops {action} as well"));
            return Ok(());
        }
        [Some(a), Some(b)] => (a, b),
    };
    let keys = [
        universe.key_texts(Side::Old, scope, &a.keys),
        universe.key_texts(Side::New, scope, &b.keys),
    ];
    if keys[0] != keys[1] {
        let within = |x: &[String], y: &[String]| x.iter().all(|k| y.contains(k));
        let effect = if within(&keys[0], &keys[1]) {
            Effect::Looser
        } else if within(&keys[1], &keys[0]) {
            Effect::Stricter
        } else {
            Effect::Other
        };
        let word = |k: &[String]| {
            if k.is_empty() {
                "all together".to_owned()
            } else {
                format!("by {}", k.join(", "))
            }
        };
        add(
            effect,
            format!(
                "{action} is counted {} instead of {}",
                word(&keys[1]),
                word(&keys[0])
            ),
        );
    }
    let [before, after] = universe.conditions_of(scope, [a.when, b.when])?;
    for (effect, formula, what) in [
        (
            Effect::Looser,
            universe.logic.and(&[before, !after]),
            "no longer",
        ),
        (
            Effect::Stricter,
            universe.logic.and(&[after, !before]),
            "now",
        ),
    ] {
        let mut budget = universe.logic.budget();
        if let Some(mut found) = universe.logic.solve(formula, &mut budget)? {
            let asked = universe.logic.terms_of(&[formula]);
            let mut shown = serde_json::Map::new();
            let wires: Vec<&str> = scope.params[1].iter().map(|p| p.wire.as_str()).collect();
            for wire in wires {
                let place = universe.param(scope, wire);
                if super::witness::mentions(&place, &asked)
                    && let Some(value) = place.value(universe, Side::New, &mut found)
                {
                    shown.insert(wire.to_owned(), value);
                }
            }
            let shown = serde_json::Value::Object(shown);
            add(effect, format!("it {what} concerns {action} with {shown}"));
        }
    }
    Ok(())
}

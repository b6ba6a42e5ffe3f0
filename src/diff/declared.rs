//! What is declared: actions, inputs, facts, roles, events.

use super::report::{Change, Effect, Report};
use super::shared::Store;
use super::side::{Side, Tables, action_name};
use super::types::{Taken, Types};
use super::universe::{Scope, Universe, Untold};
use crate::table::format::{Action, Confirm, Effect as Does, FailureKind, Named};
use crate::words::duration;

/// Compares all that is declared.
pub(super) fn compare(tables: Tables<'_>, effort: u32, report: &mut Report) {
    let (old, new) = (tables.old.body(), tables.new.body());
    if old.policy != new.policy {
        let what = format!(
            "its name was {}: counters that sessions share begin anew",
            old.policy
        );
        report
            .changes
            .push(Change::plain(Effect::Other, "policy", &new.policy, what));
    }
    inputs(tables, effort, report);
    for action in &old.actions {
        match tables.new.action(&action.name) {
            None => report.changes.push(Change::plain(
                Effect::Stricter,
                "action",
                &action.name,
                "it is gone: every proposal of it is invalid now",
            )),
            Some(now) => self::action(tables, effort, [action, now], report),
        }
    }
    for action in &new.actions {
        if tables.old.action(&action.name).is_none() {
            let what = "it is new: every proposal of it was invalid before";
            report
                .changes
                .push(Change::plain(Effect::Looser, "action", &action.name, what));
        }
    }
    named("role", &old.roles, &new.roles, report);
    named("event", &old.events, &new.events, report);
    facts(tables, effort, report);
}

fn inputs(tables: Tables<'_>, effort: u32, report: &mut Report) {
    let (old, new) = (&tables.old.body().inputs, &tables.new.body().inputs);
    let mut types = Types::new(tables, false, effort);
    types.fields("", old, new, 0);
    told(types, "input", None, report);
}

/// Changes of types as changes of what is taken in.
fn told(types: Types<'_>, kind: &'static str, within: Option<(&str, &str)>, report: &mut Report) {
    let drops = types.drops;
    for change in types.changes {
        let effect = match change.taken {
            _ if drops => Effect::Other,
            Taken::Now => Effect::Looser,
            Taken::NoLonger => Effect::Stricter,
            Taken::Otherwise => Effect::Other,
        };
        let fate = match (change.taken, drops) {
            (Taken::Now, false) => "takes more",
            (Taken::NoLonger, false) => "takes less",
            (Taken::Now, true) => "more is understood",
            (Taken::NoLonger, true) => "less is understood",
            (Taken::Otherwise, _) => "is read otherwise",
        };
        let (name, what) = match within {
            None => (change.at.clone(), format!("{fate}: {}", change.what)),
            Some((name, part)) => {
                let at = match change.at.as_str() {
                    "" => part.to_owned(),
                    at => format!("{part} `{at}`"),
                };
                (name.to_owned(), format!("{at} {fate}: {}", change.what))
            }
        };
        let mut made = Change::plain(effect, kind, name, what);
        made.example = change.example;
        report.changes.push(made);
    }
    report.unproven.extend(types.unproven);
}

fn action(tables: Tables<'_>, effort: u32, both: [&Action; 2], report: &mut Report) {
    let [old, new] = both;
    let mut types = Types::new(tables, false, effort);
    types.fields("", &old.params, &new.params, 0);
    told(types, "action", Some((&old.name, "parameter")), report);
    let mut types = Types::new(tables, true, effort);
    match (&old.result, &new.result) {
        (Some(a), Some(b)) => types.compare("", a, b, 0),
        (None, Some(_)) => types.add(Taken::NoLonger, "", "it has a result now", None),
        (Some(_), None) => types.add(Taken::Otherwise, "", "it has no result any more", None),
        (None, None) => {}
    }
    told(types, "action", Some((&old.name, "reply")), report);
    let mut add = |effect: Effect, what: String| {
        report
            .changes
            .push(Change::plain(effect, "action", &old.name, what));
    };
    for param in &old.params {
        let now = new.params.iter().find(|p| p.wire == param.wire);
        if let Some(now) = now.filter(|now| now.claim != param.claim) {
            let what = if now.claim {
                format!(
                    "parameter `{}` is a claim now: the tool does not get it",
                    param.wire
                )
            } else {
                format!(
                    "parameter `{}` is no claim any more: the tool gets it",
                    param.wire
                )
            };
            add(Effect::Other, what);
        }
    }
    if old.wire != new.wire {
        add(
            Effect::Other,
            format!("on the wire it is {} instead of {}", new.wire, old.wire),
        );
    }
    if old.timeout_ms != new.timeout_ms {
        let (a, b) = (duration(old.timeout_ms), duration(new.timeout_ms));
        add(Effect::Other, format!("its timeout is {b} instead of {a}"));
    }
    let (a, b) = (does(old), does(new));
    if a != b {
        add(Effect::Other, format!("it {b}; before, it {a}"));
    }
    for failure in &old.failures {
        let now = new.failures.iter().find(|f| f.wire == failure.wire);
        match now {
            None => add(
                Effect::Other,
                format!(
                    "failure `{}` is gone: such a reply is malformed now",
                    failure.wire
                ),
            ),
            Some(now) if now.kind != failure.kind => {
                let (a, b) = (kind(failure.kind), kind(now.kind));
                add(
                    Effect::Other,
                    format!("failure `{}` is {b} instead of {a}", failure.wire),
                );
            }
            Some(_) => {}
        }
    }
    for failure in &new.failures {
        if !old.failures.iter().any(|f| f.wire == failure.wire) {
            let what = format!(
                "failure `{}` is new: such a reply was malformed",
                failure.wire
            );
            add(Effect::Other, what);
        }
    }
    let scope = Scope {
        params: both.map(|a| a.params.as_slice()),
        result: both.map(|a| a.result.as_ref()),
        ..Scope::default()
    };
    let undo = |side: Side| {
        let undo = both[side.index()].undo.as_ref()?;
        let args = tables.args_text(side, &scope, undo.action, &undo.args);
        let name = action_name(tables.body(side), undo.action);
        let tolerant = if undo.tolerant { " tolerant" } else { "" };
        Some(format!("{name}{args}{tolerant}"))
    };
    let (a, b) = (undo(Side::Old), undo(Side::New));
    if a != b {
        let word = |u: Option<String>| u.unwrap_or_else(|| "nothing".to_owned());
        add(
            Effect::Other,
            format!("it is undone by {} instead of {}", word(b), word(a)),
        );
    }
    match confirm(tables, effort, &both) {
        Ok(None) => {}
        Ok(Some(what)) => add(Effect::Other, what),
        Err(Untold(why)) => {
            let why = format!("how `{}` is confirmed: {why}", old.name);
            report.unproven.push(why);
        }
    }
}

fn does(action: &Action) -> String {
    match &action.effect {
        Does::Read {} => "reads".to_owned(),
        Does::Write {
            expendable,
            idempotent,
        } => {
            let mut text = String::from("writes");
            if let Some(key) = idempotent {
                let by: Vec<&str> = key
                    .by
                    .iter()
                    .filter_map(|p| action.params.get(*p as usize))
                    .map(|p| p.wire.as_str())
                    .collect();
                text.push_str(&format!(" idempotent by {}", by.join(", ")));
                if let Some(ms) = key.for_ms {
                    text.push_str(&format!(" for {}", duration(ms)));
                }
            }
            if *expendable {
                text.push_str(" expendable");
            }
            text
        }
    }
}

fn kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Permanent => "permanent",
        FailureKind::Transient => "transient",
        FailureKind::Indeterminate => "indeterminate",
    }
}

/// What is different in how a write is confirmed.
fn confirm(tables: Tables<'_>, effort: u32, both: &[&Action; 2]) -> Result<Option<String>, Untold> {
    let word = |c: Option<&Confirm>, side: Side| {
        c.map_or("nothing", |c| action_name(tables.body(side), c.action))
    };
    let (a, b) = match both.map(|a| a.confirm.as_ref()) {
        [None, None] => return Ok(None),
        [Some(a), Some(b)] => (a, b),
        [a, b] => {
            let (x, y) = (word(a, Side::Old), word(b, Side::New));
            return Ok(Some(format!("it is confirmed by {y} instead of {x}")));
        }
    };
    let names = [
        action_name(tables.old.body(), a.action),
        action_name(tables.new.body(), b.action),
    ];
    if names[0] != names[1] {
        return Ok(Some(format!(
            "it is confirmed by {} instead of {}",
            names[1], names[0]
        )));
    }
    if a.after_ms != b.after_ms {
        let after = |ms: Option<i64>| {
            ms.map_or("at once".to_owned(), |ms| format!("after {}", duration(ms)))
        };
        return Ok(Some(format!(
            "`absent` is believed {} instead of {}",
            after(b.after_ms),
            after(a.after_ms)
        )));
    }
    let scope = Scope {
        prefix: String::new(),
        params: both.map(|a| a.params.as_slice()),
        result: Side::BOTH.map(|side| {
            let action = tables.table(side).action(names[0]);
            action.and_then(|a| a.result.as_ref())
        }),
        ..Scope::default()
    };
    let args = [
        tables.args_text(Side::Old, &scope, a.action, &a.args),
        tables.args_text(Side::New, &scope, b.action, &b.args),
    ];
    if args[0] != args[1] {
        return Ok(Some(format!(
            "it is confirmed with {} instead of {}",
            args[1], args[0]
        )));
    }
    let mut universe = Universe::new(tables, effort);
    let same = a.lines.len() == b.lines.len();
    let mut lines = a.lines.iter().zip(&b.lines);
    let told = lines.try_fold(same, |same, (x, y)| {
        let gives = [(Side::Old, x), (Side::New, y)].map(|(side, l)| {
            l.gives
                .as_ref()
                .map(|e| tables.expr_text(side, &scope, e, 0))
        });
        if !same || (x.happened, &x.on) != (y.happened, &y.on) || gives[0] != gives[1] {
            return Ok(false);
        }
        universe.same_condition(&scope, [x.when, y.when])
    })?;
    Ok((!told).then(|| "its confirming lines tell otherwise what happened".to_owned()))
}

impl<'t> Universe<'t> {
    /// Whether two conditions, absent ones being true, hold in the same cases.
    pub(super) fn same_condition(
        &mut self,
        scope: &Scope<'t>,
        when: [Option<i64>; 2],
    ) -> Result<bool, Untold> {
        let [a, b] = self.conditions_of(scope, when)?;
        self.equal(a, b)
    }

    pub(super) fn conditions_of(
        &mut self,
        scope: &Scope<'t>,
        when: [Option<i64>; 2],
    ) -> Result<[crate::logic::Formula; 2], Untold> {
        let mut made = [crate::logic::Formula::TRUE; 2];
        for side in Side::BOTH {
            if let Some(at) = when[side.index()] {
                made[side.index()] = Store::default().condition(self, side, scope, at)?;
            }
        }
        Ok(made)
    }
}

/// Names on the wire of what both sides have.
fn named(kind: &'static str, old: &[Named], new: &[Named], report: &mut Report) {
    for one in old {
        let now = new.iter().find(|n| n.name == one.name);
        if let Some(now) = now.filter(|n| n.wire != one.wire) {
            let what = format!("on the wire it is {} instead of {}", now.wire, one.wire);
            report
                .changes
                .push(Change::plain(Effect::Other, kind, &one.name, what));
        }
    }
}

fn facts(tables: Tables<'_>, effort: u32, report: &mut Report) {
    for old in &tables.old.body().facts {
        let Some(new) = tables.new.body().facts.iter().find(|f| f.name == old.name) else {
            continue;
        };
        let mut add = |effect: Effect, what: String| {
            report
                .changes
                .push(Change::plain(effect, "fact", &old.name, what));
        };
        if old.lifetime_ms != new.lifetime_ms {
            let word = |ms: Option<i64>| {
                ms.map_or("for the whole session".to_owned(), |ms| {
                    format!("for {}", duration(ms))
                })
            };
            let (a, b) = (word(old.lifetime_ms), word(new.lifetime_ms));
            add(
                Effect::Other,
                format!("it is remembered {b} instead of {a}"),
            );
        }
        let mut universe = Universe::new(tables, effort);
        let source = [(Side::Old, old), (Side::New, new)]
            .map(|(side, f)| universe.counted(side, std::slice::from_ref(&f.source)));
        match source {
            [Ok(a), Ok(b)] if a == b => {}
            [Ok(_), Ok(_)] => add(Effect::Other, "it comes from other calls".to_owned()),
            [Err(Untold(why)), _] | [_, Err(Untold(why))] => {
                report
                    .unproven
                    .push(format!("where fact `{}` comes from: {why}", old.name));
                continue;
            }
        }
        let forget = [(Side::Old, old), (Side::New, new)].map(|(side, f)| {
            let body = tables.body(side);
            let mut all: Vec<String> = f
                .forget
                .iter()
                .map(|g| {
                    let action = body.actions.get(g.action as usize);
                    let params = action.map_or(&[][..], |a| a.params.as_slice());
                    let mut pairs: Vec<String> = g
                        .pairs
                        .iter()
                        .map(|(key, p)| {
                            let wire = params.get(*p as usize).map_or("", |p| p.wire.as_str());
                            format!("{key}={wire}")
                        })
                        .collect();
                    pairs.sort();
                    format!(
                        "{}({})",
                        action.map_or("", |a| a.name.as_str()),
                        pairs.join(", ")
                    )
                })
                .collect();
            all.sort();
            all
        });
        if forget[0] != forget[1] {
            let gone: Vec<&String> = forget[0]
                .iter()
                .filter(|f| !forget[1].contains(f))
                .collect();
            let more: Vec<&String> = forget[1]
                .iter()
                .filter(|f| !forget[0].contains(f))
                .collect();
            let list = |all: Vec<&String>| {
                let names: Vec<&str> = all
                    .iter()
                    .map(|f| f.split('(').next().unwrap_or(""))
                    .collect();
                names.join(", ")
            };
            let mut what = Vec::new();
            if !more.is_empty() {
                what.push(format!("it is forgotten after {}", list(more)));
            }
            if !gone.is_empty() {
                what.push(format!(
                    "it is no longer forgotten as before after {}",
                    list(gone)
                ));
            }
            add(Effect::Other, what.join("; "));
        }
    }
}

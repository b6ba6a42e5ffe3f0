//! Gates: for each action that both tables have, the proposals that they decide differently.

use super::place::Kind;
use super::product::differences;
use super::report::{Change, Effect, Report, Said};
use super::shared::{Store, reachable};
use super::side::{Side, Tables, action_name};
use super::universe::{Scope, Universe, Untold};
use super::witness::{Staged, staged};
use crate::table::format::{Action, Again, Probe, Verdict, VerdictKind};
use rustc_hash::FxHashMap;

/// What a leaf says, in words that both sides share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Saying {
    /// Deny is 0, escalate 1, allow 2.
    goes: u8,
    rule: Option<String>,
    reason: String,
    again: String,
    instead: Option<String>,
    role: Option<String>,
    within_ms: Option<i64>,
}

impl Saying {
    fn said(&self) -> Said {
        Said {
            verdict: match self.goes {
                0 => "deny",
                1 => "escalate",
                _ => "allow",
            },
            rule: self.rule.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// Compares the gates of the actions that both tables have.
pub(super) fn compare(tables: Tables<'_>, effort: u32, report: &mut Report) {
    for old in &tables.old.body().actions {
        let Some(new) = tables.new.action(&old.name) else {
            continue;
        };
        report.gates += 1;
        let before = (report.changes.len(), report.unproven.len());
        let mut universe = Universe::new(tables, effort);
        if let Err(Untold(why)) = action(&mut universe, [old, new], report) {
            report
                .unproven
                .push(format!("the gate of `{}`: {why}", old.name));
        }
        if (report.changes.len(), report.unproven.len()) == before {
            report.equal_gates += 1;
        }
    }
}

fn action<'t>(
    universe: &mut Universe<'t>,
    actions: [&'t Action; 2],
    report: &mut Report,
) -> Result<(), Untold> {
    let tables = universe.tables;
    let scope = Scope {
        params: actions.map(|a| a.params.as_slice()),
        ..Scope::default()
    };
    for (side, action) in Side::BOTH.into_iter().zip(actions) {
        common(universe, side, &scope, action)?;
    }
    join(universe, &scope, actions)?;
    // Leaves that say the same are one.
    let mut sayings: Vec<Saying> = Vec::new();
    let leaves = Side::BOTH.map(|side| {
        let verdicts = &actions[side.index()].verdicts;
        verdicts
            .iter()
            .map(|verdict| {
                let saying = saying(&tables, side, &scope, verdict);
                let at = sayings.iter().position(|s| *s == saying);
                let at = at.unwrap_or_else(|| {
                    sayings.push(saying);
                    sayings.len() - 1
                });
                u32::try_from(at).unwrap_or(u32::MAX)
            })
            .collect::<Vec<u32>>()
    });
    let mut store = Store::default();
    let mut roots = Vec::new();
    for side in Side::BOTH {
        let own = &leaves[side.index()];
        let leaf = |l: u32| own.get(l as usize).copied().unwrap_or(0);
        let gate = actions[side.index()].gate;
        roots.push(store.take(universe, side, &scope, gate, &leaf)?);
    }
    let [old, new] = roots.as_slice() else {
        return Ok(());
    };
    let pairs = differences(universe, &store, (*old, *new))?;
    let mut changes = Vec::new();
    for ((a, b), formula) in pairs {
        let (Some(from), Some(to)) = (sayings.get(a as usize), sayings.get(b as usize)) else {
            continue;
        };
        let among = universe.logic.terms_of(&[formula]);
        let axioms = universe.axioms(&among);
        let formula = universe.logic.and(&[formula, axioms]);
        let mut budget = universe.logic.budget();
        let found = universe.logic.solve(formula, &mut budget);
        let mut found = match found {
            Ok(None) => continue,
            Ok(Some(found)) => found,
            Err(out) => {
                let [x, y] = [from, to].map(|s| told(&s.said()));
                report.unproven.push(format!(
                    "the gate of `{}`, whether something that came to {x} comes to {y} now: {out}",
                    actions[0].name
                ));
                continue;
            }
        };
        let staged = staged(universe, &scope, actions, formula, &mut found);
        let Some((case, sides)) = staged else {
            return Err(Untold(
                "a case that differs could not be written down".to_owned(),
            ));
        };
        let really = sides.each_ref().map(|s| says(tables, &leaves, actions, s));
        if really != [a, b] {
            return Err(Untold(
                "a case that seemed to differ does not: please report this".to_owned(),
            ));
        }
        let effect = effect(from, to);
        changes.push(Change {
            effect,
            kind: "action",
            name: actions[0].name.clone(),
            what: what(from, to),
            said: Some((from.said(), to.said())),
            blame: blame(effect, from, to),
            case: Some(case),
            example: None,
        });
    }
    changes.sort_by_key(|c| (c.effect, c.blame.clone(), c.what.clone()));
    report.changes.extend(changes);
    Ok(())
}

/// What a table really says to a case: the leaf's saying.
fn says(
    tables: Tables<'_>,
    leaves: &[Vec<u32>; 2],
    actions: [&Action; 2],
    staged: &Staged<'_>,
) -> u32 {
    let side = staged.side();
    let index = tables.table(side).index();
    let leaf = index.leaf(staged, actions[side.index()].gate);
    leaves[side.index()]
        .get(leaf as usize)
        .copied()
        .unwrap_or(u32::MAX)
}

/// Some proposals are valid on both sides, as far as single values tell.
fn common<'t>(
    universe: &mut Universe<'t>,
    side: Side,
    scope: &Scope<'t>,
    action: &Action,
) -> Result<(), Untold> {
    let tables = universe.tables;
    let fields = action.params.iter().map(|f| (f, true));
    let inputs = tables.body(side).inputs.iter().map(|f| (f, false));
    for (field, param) in fields.chain(inputs) {
        let place = if param {
            universe.param(scope, &field.wire)
        } else {
            universe.input(&field.wire)
        };
        if let (Kind::Apart(why), None) = (&place.kind, place.presence) {
            return Err(Untold(format!(
                "{why}, and no proposal that was valid before is valid now"
            )));
        }
    }
    Ok(())
}

/// Makes one question of all patterns that a text is matched with by either gate.
fn join<'t>(
    universe: &mut Universe<'t>,
    scope: &Scope<'t>,
    actions: [&Action; 2],
) -> Result<(), Untold> {
    let tables = universe.tables;
    let mut asked: FxHashMap<crate::logic::Term, Vec<_>> = FxHashMap::default();
    let mut order = Vec::new();
    for (side, action) in Side::BOTH.into_iter().zip(actions) {
        let body = tables.body(side);
        for at in reachable(&body.nodes, action.gate) {
            let node = usize::try_from(at).ok().and_then(|i| body.nodes.get(i));
            let probe = node.and_then(|n| body.probes.get(n.probe as usize));
            if let Some(Probe::Class { path, automaton }) = probe {
                let term = universe.text(side, scope, path)?;
                let id = universe.automaton(side, *automaton)?;
                if !asked.contains_key(&term) {
                    order.push(term);
                }
                asked.entry(term).or_default().push(id);
            }
        }
    }
    for term in order {
        universe.join(term, asked.remove(&term).unwrap_or_default());
    }
    Ok(())
}

fn saying(tables: &Tables<'_>, side: Side, scope: &Scope<'_>, verdict: &Verdict) -> Saying {
    let body = tables.body(side);
    let rule = verdict.rule.and_then(|r| body.rules.get(r as usize));
    let escalates = verdict.verdict == VerdictKind::Escalate;
    Saying {
        goes: match verdict.verdict {
            VerdictKind::Deny => 0,
            VerdictKind::Escalate => 1,
            VerdictKind::Allow => 2,
        },
        rule: rule.map(|r| r.name.clone()),
        reason: verdict.reason.clone(),
        again: match &verdict.again {
            Again::AfterAction { actions } => {
                let mut names: Vec<&str> = actions.iter().map(|a| action_name(body, *a)).collect();
                names.sort_unstable();
                format!("after {}", names.join(", "))
            }
            other => format!("{other:?}"),
        },
        instead: verdict.instead.as_ref().map(|i| {
            let args = tables.args_text(side, scope, i.action, &i.args);
            format!("{}{args}", action_name(body, i.action))
        }),
        role: rule
            .filter(|_| escalates)
            .and_then(|r| body.roles.get(r.role? as usize))
            .map(|r| r.name.clone()),
        within_ms: rule.filter(|_| escalates).and_then(|r| r.within_ms),
    }
}

fn effect(from: &Saying, to: &Saying) -> Effect {
    use std::cmp::Ordering;
    match from.goes.cmp(&to.goes) {
        Ordering::Less => return Effect::Looser,
        Ordering::Greater => return Effect::Stricter,
        Ordering::Equal => {}
    }
    if from.role != to.role {
        return Effect::Other;
    }
    match from.within_ms.cmp(&to.within_ms) {
        Ordering::Less => Effect::Looser,
        Ordering::Greater => Effect::Stricter,
        Ordering::Equal => Effect::Reason,
    }
}

/// The rule to look at: the one that no longer holds back, or the one that does so now.
fn blame(effect: Effect, from: &Saying, to: &Saying) -> Option<String> {
    let (first, second) = match effect {
        Effect::Looser => (&from.rule, &to.rule),
        _ => (&to.rule, &from.rule),
    };
    first.clone().or_else(|| second.clone())
}

/// A verdict with its rule, as `deny (big_party)`.
pub(super) fn told(said: &Said) -> String {
    match &said.rule {
        Some(rule) => format!("{} ({rule})", said.verdict),
        None => format!("{} (no rule)", said.verdict),
    }
}

fn what(from: &Saying, to: &Saying) -> String {
    let mut parts = Vec::new();
    let (x, y) = (told(&from.said()), told(&to.said()));
    if x != y {
        return format!("{x} -> {y}");
    }
    if from.role != to.role {
        let role = |s: &Saying| s.role.clone().unwrap_or_default();
        parts.push(format!("asks {} instead of {}", role(to), role(from)));
    }
    if from.within_ms != to.within_ms {
        let within = |s: &Saying| crate::words::duration(s.within_ms.unwrap_or(0));
        parts.push(format!(
            "the approval is good for {} instead of {}",
            within(to),
            within(from)
        ));
    }
    if from.instead != to.instead {
        let instead = |s: &Saying| s.instead.clone().unwrap_or_else(|| "nothing".to_owned());
        parts.push(format!("instead: {} -> {}", instead(from), instead(to)));
    }
    if from.again != to.again {
        parts.push("says otherwise whether asking again can help".to_owned());
    }
    if from.reason != to.reason {
        parts.push("says it in other words".to_owned());
    }
    format!("{x}: {}", parts.join("; "))
}

//! What the gate can answer at a state, and which guards can hold there: questions to the solver,
//! each asked once.

use super::arguments::link;
use super::calls::Repeat;
use super::guards::Facts;
use super::history::{Caps, History};
use crate::gate::{Gate, Meaning, Scope};
use crate::logic::{Assignment, Formula, IntSet, OutOfBudget, Term};
use crate::model::fit;
use crate::model::{ActionId, ArgList, HistoryTerm, LimitPer, Policy, RuleKind};
use crate::syntax::tree::HistoryFunc;
use rustc_hash::FxHashMap;

/// What the gate can answer to one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The call can be admitted at once.
    pub admitted: bool,
    pub denied: bool,
    /// It is denied only because an earlier call of the write is in doubt.
    pub only_doubt: bool,
    pub limited: bool,
    pub declined: bool,
    pub expired: bool,
    /// A rule about the action was left out, so that it may be anything.
    pub unsure: bool,
}

/// A call with known arguments, as a state makes it.
pub struct Site<'s, 'a> {
    pub action: ActionId,
    /// None: an agent's call, with any arguments.
    pub args: Option<(&'s ArgList, &'s Scope<'a>)>,
    pub position: i64,
    /// The number of the state.
    pub state: u32,
    /// It is a further attempt: inputs have changed since the arguments were frozen.
    pub later: bool,
    pub repeat: Repeat,
    /// What is known of facts: at once, and after an approval was waited for.
    pub told: (Formula, Formula),
}

/// What is known of the calls with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// All calls have it.
    All,
    /// A call that has it has succeeded.
    One,
    Unknown,
}

/// The answers that were found, by question.
#[derive(Default)]
pub struct Memo {
    solved: FxHashMap<Formula, bool>,
    links: FxHashMap<(u32, ActionId, bool), Formula>,
    /// Questions that ran out of their budget.
    pub gave_up: Vec<OutOfBudget>,
}

impl Memo {
    /// Whether some values satisfy the formula. A question beyond its budget counts as yes.
    pub fn possible(&mut self, gate: &mut Gate<'_>, formula: Formula) -> bool {
        if let Some(known) = self.solved.get(&formula) {
            return *known;
        }
        let mut budget = gate.encoder.logic.budget();
        let answer = match gate.encoder.logic.solve(formula, &mut budget) {
            Ok(found) => found.is_some(),
            Err(out) => {
                self.gave_up.push(out);
                true
            }
        };
        self.solved.insert(formula, answer);
        answer
    }

    /// Values that satisfy the formula.
    pub fn example(&mut self, gate: &mut Gate<'_>, formula: Formula) -> Option<Assignment> {
        let mut budget = gate.encoder.logic.budget();
        gate.encoder
            .logic
            .solve(formula, &mut budget)
            .ok()
            .flatten()
    }
}

/// What is known at a state: facts about slots, and history.
pub struct Moment<'m> {
    pub known: &'m [u32],
    pub facts: &'m Facts,
    pub history: &'m History,
    pub caps: &'m Caps,
    /// What is known of the calls that a keyed question is about.
    pub keyed: &'m dyn Fn(&HistoryTerm) -> Keyed,
}

impl Moment<'_> {
    /// Everything known, as a formula. `terms` are the questions about history to be settled.
    pub fn formula(
        &self,
        gate: &mut Gate<'_>,
        terms: &[(Term, HistoryTerm)],
        position: i64,
    ) -> Formula {
        let mut parts: Vec<Formula> = self
            .known
            .iter()
            .filter_map(|id| self.facts.get(*id))
            .map(|k| k.formula)
            .collect();
        for (term, asked) in terms {
            let set = self.answer(asked);
            parts.push(gate.encoder.logic.in_set(*term, set));
        }
        let place = gate.encoder.position();
        parts.push(gate.encoder.logic.in_set(place, IntSet::point(position)));
        gate.encoder.logic.and(&parts)
    }

    /// The answers that a question about history can have here.
    pub fn answer(&self, asked: &HistoryTerm) -> IntSet {
        let all = self.history.unkeyed(self.caps, asked);
        let filtered = asked.counted.iter().any(|c| c.filter.is_some());
        if asked.keys.is_empty() && !filtered {
            return all;
        }
        let high = all.ranges().last().map_or(i64::MAX, |r| r.1);
        if high == 0 {
            return all;
        }
        let least = match (self.keyed)(asked) {
            Keyed::All if !filtered => return all,
            Keyed::One
                if !filtered && matches!(asked.func, HistoryFunc::Done | HistoryFunc::Calls) =>
            {
                1
            }
            _ => 0,
        };
        IntSet::range(least, high)
    }
}

/// All questions about history that have terms so far.
pub fn asked(gate: &Gate<'_>) -> Vec<(Term, HistoryTerm)> {
    gate.encoder
        .meanings()
        .filter_map(|(t, m)| match m {
            Meaning::History(h) => Some((t, h.clone())),
            _ => None,
        })
        .collect()
}

/// What the gate can answer to the call at that moment.
pub fn answers<'a>(
    gate: &mut Gate<'a>,
    memo: &mut Memo,
    site: &Site<'_, 'a>,
    moment: &Moment<'_>,
    terms: &[(Term, HistoryTerm)],
) -> Answers {
    let policy = gate.encoder.policy();
    let action = policy.action(site.action);
    if policy.unsure.contains(&site.action) {
        return Answers {
            admitted: true,
            denied: true,
            only_doubt: false,
            limited: true,
            declined: true,
            expired: true,
            unsure: true,
        };
    }
    let history = moment.formula(gate, terms, site.position);
    // Later, the arguments are still those of the entry, but the inputs are new.
    let known = |later: bool, told: Formula, gate: &mut Gate<'a>, memo: &mut Memo| match &site.args
    {
        None => history,
        Some((args, scope)) => {
            let key = (site.state, site.action, later);
            let link = *memo
                .links
                .entry(key)
                .or_insert_with(|| link(gate, site.action, args, scope, later));
            gate.encoder.logic.and(&[history, link, told])
        }
    };
    let now = known(site.later, site.told.0, gate, memo);
    let Some((denied, escalated, allowed)) = gate
        .of(site.action)
        .map(|g| (g.denied, g.escalated, g.allowed))
    else {
        return Answers::default();
    };
    let ask = |gate: &mut Gate<'a>, memo: &mut Memo, known: Formula, f: Formula| {
        let question = gate.encoder.logic.and(&[f, known]);
        memo.possible(gate, question)
    };
    let of = moment.history.of(site.action);
    // Until a write is settled, only its own repeat is let through. An agent's calls may have been
    // in flight together.
    let doubt = action.tracked() && of.unsettled > 0;
    let closed = doubt && site.args.is_some() && site.repeat != Repeat::Sure;
    let mut refused = ask(gate, memo, now, denied);
    if let Some((args, _)) = &site.args {
        refused |= !fit::args_fit(policy, args, &action.params);
    }
    let mut out = Answers {
        denied: refused || closed,
        only_doubt: closed && !refused,
        ..Answers::default()
    };
    if closed && site.repeat == Repeat::No {
        return out;
    }
    let escalates = ask(gate, memo, now, escalated);
    if !escalates && !ask(gate, memo, now, allowed) {
        return out;
    }
    let (limited, always) = limits(policy, site, moment);
    out.limited = limited;
    if always {
        return out;
    }
    out.admitted = true;
    if escalates {
        out.declined = true;
        // Once approved, it is decided again, with the inputs of then.
        let later = known(true, site.told.1, gate, memo);
        let refused_later = ask(gate, memo, later, denied);
        out.denied |= refused_later;
        out.only_doubt &= !refused_later;
        let firings = gate.of(site.action).map(|g| g.escalations.clone());
        for firing in firings.unwrap_or_default() {
            let rule = policy.rules.get(firing.rule.index()).map(|r| &r.kind);
            let ends = matches!(
                rule,
                Some(RuleKind::Escalate {
                    within_ms: Some(_),
                    ..
                })
            );
            let fires = gate.encoder.logic.and(&[firing.fires, escalated]);
            out.expired |= ends && ask(gate, memo, later, fires);
        }
    }
    out
}

/// Whether a limit can be used up for the call, and whether one surely is.
fn limits(policy: &Policy, site: &Site<'_, '_>, moment: &Moment<'_>) -> (bool, bool) {
    let (mut limited, mut always) = (false, false);
    for rule in &policy.rules {
        let RuleKind::Limit {
            count,
            effects,
            per,
        } = rule.kind
        else {
            continue;
        };
        let at = rule
            .targets
            .binary_search_by(|t| t.action.cmp(&site.action));
        let Some(target) = at.ok().and_then(|at| rule.targets.get(at)) else {
            continue;
        };
        if effects && site.repeat == Repeat::Sure {
            continue;
        }
        match per {
            LimitPer::Window(_) => limited = true,
            LimitPer::Session => {
                let Some(term) = &target.history else {
                    continue;
                };
                let used = moment.answer(term);
                let n = i64::try_from(count).unwrap_or(i64::MAX);
                limited |= used.ranges().last().is_none_or(|r| r.1 >= n);
                let surely = target.filter.is_none() && !(effects && site.repeat == Repeat::Maybe);
                always |= surely && used.ranges().first().is_some_and(|r| r.0 >= n);
            }
        }
    }
    (limited, always)
}

//! What becomes of each rule: which of them decide something, and which never do, since others cover
//! them, overrule them or refuse all that they permit.
//!
//! A rule is shown to matter by one situation in which only it speaks. Such a situation is asked for
//! with nothing held against it at first; whatever else speaks there is then ruled out, until a
//! situation is left or none is (counterexample-guided refinement, Clarke, Grumberg, Jha, Lu and Veith
//! 2000). So a question never holds more rules than the answer needs, and an ordinary rule costs one
//! question and one look into a [`Lookup`]. What ends with no situation is a proof that the rules held
//! against it cover the rule, and [`smallest`] makes them as few as possible.

use super::checks::quarrel::disagreement;
use super::questions::Questions;
use super::{Firing, Gate};
use crate::logic::{Enough, Formula, Lookup, OutOfBudget, Term, smallest};
use crate::model::{ActionId, RuleId};
use std::collections::{BTreeMap, BTreeSet};

/// Up to so many denials and escalations are held against a permission at once.
const HELD_AT_ONCE: usize = 48;

/// Rules that together take everything from a rule on an action.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Cover {
    pub action: ActionId,
    /// Of the other rules the fewest that do.
    pub rules: Vec<RuleId>,
}

/// What becomes of a rule.
#[derive(Clone, Debug)]
pub enum Standing {
    /// It decides something, or nothing is known to the contrary.
    Matters,
    /// No values make it fire.
    NeverFires,
    /// Rules of its kind fire wherever it does.
    Covered(Vec<Cover>),
    /// Denials fire wherever it does.
    Swallowed(Vec<Cover>),
    /// Rules of several kinds decide wherever it fires.
    Overruled(Vec<Cover>),
    /// All actions that it permits are never allowed, which is said by itself.
    InVain,
}

/// What becomes of all rules.
#[derive(Default)]
pub struct Study {
    /// By rule; limits are left out.
    pub standing: BTreeMap<RuleId, Standing>,
    /// Actions that are never allowed, each with the fewest denials that see to it.
    pub never_allowed: BTreeMap<ActionId, Vec<RuleId>>,
    /// Actions whose rules are too hard to decide, with what was being done.
    pub too_hard: BTreeMap<ActionId, OutOfBudget>,
}

/// The rules on one action.
struct Lists {
    action: ActionId,
    denials: Vec<Firing>,
    escalations: Vec<Firing>,
    permissions: Vec<Firing>,
    /// All of them in this order.
    all: Lookup,
    rules: Vec<RuleId>,
    /// No denial fires.
    unrefused: Formula,
    /// No escalation fires.
    unasked: Formula,
    terms: BTreeSet<Term>,
}

/// Which of the rules on an action a question is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Denial,
    Escalation,
    Permission,
}

impl Lists {
    fn new(gate: &Gate<'_>, action: ActionId, made: &super::ActionGate) -> Self {
        let firings = made
            .denials
            .iter()
            .chain(&made.escalations)
            .chain(&made.permissions);
        let (rules, formulas): (Vec<RuleId>, Vec<Formula>) =
            firings.map(|f| (f.rule, f.fires)).unzip();
        Self {
            action,
            denials: made.denials.clone(),
            escalations: made.escalations.clone(),
            permissions: made.permissions.clone(),
            terms: gate.encoder.logic.terms_of(&formulas),
            all: Lookup::new(&gate.encoder.logic, formulas),
            rules,
            unrefused: made.unrefused,
            unasked: made.unasked,
        }
    }

    fn kind(&self, at: usize) -> Kind {
        if at < self.denials.len() {
            Kind::Denial
        } else if at < self.denials.len() + self.escalations.len() {
            Kind::Escalation
        } else {
            Kind::Permission
        }
    }

    fn above(&self) -> usize {
        self.denials.len() + self.escalations.len()
    }
}

/// What becomes of a rule on one action.
enum Here {
    Matters,
    Dead,
    InVain,
    Covered(Vec<usize>),
    Swallowed(Vec<usize>),
    Overruled(Vec<usize>),
}

struct Work<'g, 'a, 'q> {
    gate: &'g mut Gate<'a>,
    questions: &'q mut Questions,
    lists: Vec<Option<Lists>>,
    /// Rules that were found to change nothing: they cover no others.
    idle: BTreeSet<RuleId>,
    study: Study,
}

/// Looks at all rules.
pub fn study(gate: &mut Gate<'_>, questions: &mut Questions) -> Study {
    let lists: Vec<Option<Lists>> = gate
        .actions
        .iter()
        .zip((0..).map(ActionId))
        .map(|(made, id)| (!made.too_hard).then(|| Lists::new(gate, id, made)))
        .collect();
    let mut work = Work {
        gate,
        questions,
        lists,
        idle: BTreeSet::new(),
        study: Study::default(),
    };
    work.never_allowed();
    for kind in [Kind::Denial, Kind::Escalation, Kind::Permission] {
        work.kind(kind);
    }
    work.study
}

impl Work<'_, '_, '_> {
    /// Finds the actions that are never allowed although some rule permits them.
    fn never_allowed(&mut self) {
        for (id, lists) in (0..).map(ActionId).zip(&self.lists) {
            let Some(lists) = lists else { continue };
            let permitting: Vec<Formula> = lists
                .permissions
                .iter()
                .chain(&lists.escalations)
                .map(|f| f.fires)
                .collect();
            let answer = (|| {
                let mut live = Vec::new();
                for fires in permitting {
                    let free = self.gate.encoder.logic.and(&[fires, lists.unrefused]);
                    if self.questions.possible(&mut self.gate.encoder, free)? {
                        return Ok(None);
                    }
                    if self.questions.possible(&mut self.gate.encoder, fires)? {
                        live.push(fires);
                    }
                }
                if live.is_empty() {
                    return Ok(None);
                }
                let any = self.gate.encoder.logic.or(&live);
                let denial = |_: &Gate<'_>, i: usize| lists.kind(i) == Kind::Denial;
                cover(self.gate, self.questions, lists, any, &denial, None)
            })();
            match answer {
                Ok(Some(by)) => {
                    let rules = named(lists, &by);
                    self.study.never_allowed.insert(id, rules);
                }
                Ok(None) => {}
                Err(out) => {
                    self.study.too_hard.insert(id, out);
                }
            }
        }
    }

    /// Looks at the rules of one kind: first those that a single other one covers, the last by name
    /// first, so that of two equal ones the first stays; then those that several cover together.
    fn kind(&mut self, kind: Kind) {
        let mut targets: BTreeMap<RuleId, Vec<(ActionId, usize)>> = BTreeMap::new();
        for (id, lists) in (0..).map(ActionId).zip(&self.lists) {
            let Some(lists) = lists else { continue };
            for (at, rule) in lists.rules.iter().enumerate() {
                if lists.kind(at) == kind {
                    targets.entry(*rule).or_default().push((id, at));
                }
            }
        }
        let mut later: Vec<RuleId> = Vec::new();
        for alone in [true, false] {
            let round: Vec<RuleId> = if alone {
                targets.keys().rev().copied().collect()
            } else {
                std::mem::take(&mut later)
            };
            for rule in round {
                let of = targets.get(&rule).map(Vec::as_slice).unwrap_or_default();
                let Some((standing, most)) = self.rule(rule, kind, of) else {
                    continue;
                };
                match standing {
                    Standing::Covered(_) | Standing::Overruled(_) if alone && most > 1 => {
                        later.push(rule);
                        continue;
                    }
                    Standing::Covered(_) | Standing::Overruled(_) | Standing::Swallowed(_) => {
                        self.idle.insert(rule);
                    }
                    _ => {}
                }
                self.study.standing.insert(rule, standing);
            }
        }
    }

    /// What becomes of a rule, and by how many others at most on one action.
    fn rule(
        &mut self,
        rule: RuleId,
        kind: Kind,
        targets: &[(ActionId, usize)],
    ) -> Option<(Standing, usize)> {
        let mut covers: Vec<Cover> = Vec::new();
        let (mut covered, mut swallowed) = (true, true);
        let mut in_vain = false;
        for (action, at) in targets {
            let lists = self.lists.get(action.index())?.as_ref()?;
            if self.study.too_hard.contains_key(action) {
                return None;
            }
            let vain = self.study.never_allowed.contains_key(action);
            let here = here(
                self.gate,
                self.questions,
                lists,
                *at,
                kind,
                vain,
                &self.idle,
            );
            let by = match here {
                Ok(Here::Matters) => return Some((Standing::Matters, 0)),
                Ok(Here::Dead) => continue,
                Ok(Here::InVain) => {
                    in_vain = true;
                    continue;
                }
                Ok(Here::Covered(by)) => {
                    swallowed = false;
                    by
                }
                Ok(Here::Swallowed(by)) => {
                    covered = false;
                    by
                }
                Ok(Here::Overruled(by)) => {
                    (covered, swallowed) = (false, false);
                    by
                }
                Err(out) => {
                    self.study.too_hard.insert(*action, out);
                    return None;
                }
            };
            covers.push(Cover {
                action: *action,
                rules: named(lists, &by),
            });
        }
        let most = covers.iter().map(|c| c.rules.len()).max().unwrap_or(0);
        let standing = match (covers.is_empty(), swallowed, covered) {
            (true, ..) if in_vain => Standing::InVain,
            (true, ..) => {
                // It could still fire on an action that is too hard to decide.
                let all = self
                    .gate
                    .encoder
                    .policy()
                    .rules
                    .get(rule.index())
                    .is_some_and(|r| r.targets.len() == targets.len());
                if !all {
                    return None;
                }
                Standing::NeverFires
            }
            (_, true, _) => Standing::Swallowed(covers),
            (_, _, true) => Standing::Covered(covers),
            _ => Standing::Overruled(covers),
        };
        Some((standing, most))
    }
}

fn named(lists: &Lists, at: &[usize]) -> Vec<RuleId> {
    at.iter()
        .filter_map(|i| lists.rules.get(*i).copied())
        .collect()
}

/// What becomes of the rule at that place of the lists.
fn here(
    gate: &mut Gate<'_>,
    questions: &mut Questions,
    lists: &Lists,
    at: usize,
    kind: Kind,
    vain: bool,
    idle: &BTreeSet<RuleId>,
) -> Result<Here, OutOfBudget> {
    let Some(fires) = lists.all.formulas().get(at).copied() else {
        return Ok(Here::Matters);
    };
    let held = match kind {
        Kind::Denial => 0,
        Kind::Escalation => lists.denials.len(),
        Kind::Permission => lists.above(),
    };
    // Asked of the few rules that hold in a situation, and never collected: there may be thousands.
    let rival = |i: usize| i != at && lists.rules.get(i).is_some_and(|r| !idle.contains(r));
    // What may stand in for the rule: its own kind, and where it has an `instead`, with one too.
    let own = |gate: &Gate<'_>, i: usize| {
        rival(i) && lists.kind(i) == kind && replaces(gate, lists, at, i)
    };
    let all = |gate: &Gate<'_>, i: usize| (rival(i) && i < held) || own(gate, i);
    let denial = |_: &Gate<'_>, i: usize| rival(i) && lists.kind(i) == Kind::Denial;
    if kind == Kind::Denial {
        return Ok(match cover(gate, questions, lists, fires, &own, None)? {
            None => Here::Matters,
            Some(_) if !questions.possible(&mut gate.encoder, fires)? => Here::Dead,
            // One refusal more or less, where all is refused.
            Some(_) if vain => Here::InVain,
            Some(by) => Here::Covered(by),
        });
    }
    let by = if held <= HELD_AT_ONCE {
        let above = match kind {
            Kind::Permission => gate.encoder.logic.and(&[lists.unrefused, lists.unasked]),
            _ => lists.unrefused,
        };
        cover(gate, questions, lists, fires, &own, Some(above))?
    } else {
        cover(gate, questions, lists, fires, &all, None)?
    };
    if by.is_none() {
        return Ok(Here::Matters);
    }
    if !questions.possible(&mut gate.encoder, fires)? {
        return Ok(Here::Dead);
    }
    if let Some(by) = cover(gate, questions, lists, fires, &denial, None)? {
        return Ok(if vain {
            Here::InVain
        } else {
            Here::Swallowed(by)
        });
    }
    if let Some(by) = cover(gate, questions, lists, fires, &own, None)? {
        return Ok(Here::Covered(by));
    }
    Ok(match cover(gate, questions, lists, fires, &all, None)? {
        Some(by) => Here::Overruled(by),
        None => Here::Matters,
    })
}

/// Whether the rule at `by` does all that the one at `at` does, where both fire. Denials with an
/// `instead` come first, so one without replaces none with one.
fn replaces(gate: &Gate<'_>, lists: &Lists, at: usize, by: usize) -> bool {
    let policy = gate.encoder.policy();
    let rule = |i: usize| {
        let rule = policy.rules.get(lists.rules.get(i)?.index())?;
        let target = rule.targets.iter().find(|t| t.action == lists.action)?;
        Some((rule, target))
    };
    let (Some((x, s)), Some((y, t))) = (rule(at), rule(by)) else {
        return false;
    };
    let missing = s.instead.is_some() && t.instead.is_none();
    !missing && disagreement((x, s), (y, t)).is_none()
}

/// The fewest candidates of which at least one fires wherever `target` and `also` hold.
fn cover(
    gate: &mut Gate<'_>,
    questions: &mut Questions,
    lists: &Lists,
    target: Formula,
    candidate: &dyn Fn(&Gate<'_>, usize) -> bool,
    also: Option<Formula>,
) -> Result<Option<Vec<usize>>, OutOfBudget> {
    let base = match also {
        Some(also) => gate.encoder.logic.and(&[target, also]),
        None => target,
    };
    smallest(|held| {
        let mut parts = vec![base];
        parts.extend(
            held.iter()
                .filter_map(|i| lists.all.formulas().get(*i))
                .map(|f| !*f),
        );
        let question = gate.encoder.logic.and(&parts);
        let Some(found) = questions.world(&mut gate.encoder, question, &lists.terms)? else {
            return Ok(Enough::Yes);
        };
        let mut others = lists.all.holding(&gate.encoder.logic, &found);
        others.retain(|i| candidate(gate, *i));
        Ok(Enough::Needs(others))
    })
}

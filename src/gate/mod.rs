//! The gate: for every action one total decision diagram over its rules.

pub mod checks;
mod coherent;
pub mod elsewhere;
pub mod encode;
pub(crate) mod history;
pub mod parts;
mod positions;
pub mod questions;
pub mod scope;
pub mod study;
pub mod units;
pub mod witness;

pub use encode::{Encoder, Meaning, TooLarge, Truth};
pub use scope::Scope;

use crate::diagnostics::{Code, Diagnostic};
use crate::logic::{Diagram, Formula, LONG_LIST};
use crate::model::{ActionId, Cond, Policy, Rule, RuleId, RuleKind, RuleTarget};

/// What a leaf of an action's diagram says, before limits are consulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leaf {
    /// That rule refuses.
    Deny(RuleId),
    /// Nothing permits it.
    NoRule,
    /// That rule wants an approval.
    Escalate(RuleId),
    /// That rule permits it.
    Allow(RuleId),
}

/// A rule as it stands for one action.
#[derive(Clone, Copy, Debug)]
pub struct Firing {
    /// The rule.
    pub rule: RuleId,
    /// Holds where the rule fires: an `allow` permits, a `deny`, `require` or `order` refuses.
    pub fires: Formula,
}

/// The gate of one action.
#[derive(Clone, Debug)]
pub struct ActionGate {
    /// Leaf k of the diagram says `leaves[k]`.
    pub leaves: Vec<Leaf>,
    /// The decision.
    pub diagram: Diagram,
    /// Denials, in the order in which they are reported.
    pub denials: Vec<Firing>,
    /// Escalations, by name.
    pub escalations: Vec<Firing>,
    /// Permissions, by name.
    pub permissions: Vec<Firing>,
    /// Holds where the verdict is deny.
    pub denied: Formula,
    /// Holds where the verdict is escalate, limits aside.
    pub escalated: Formula,
    /// Holds where the verdict is allow, limits aside.
    pub allowed: Formula,
    /// Holds where no denial fires.
    pub unrefused: Formula,
    /// Holds where no escalation fires.
    pub unasked: Formula,
    /// Its diagram could not be built within the budget, which has been reported.
    pub too_hard: bool,
}

/// All gates of a policy.
pub struct Gate<'a> {
    /// The formulas' universe.
    pub encoder: Encoder<'a>,
    /// By action.
    pub actions: Vec<ActionGate>,
}

/// Builds the gates and checks them; a question may take `effort` times the usual work.
#[must_use]
pub fn build(policy: &Policy, effort: u32) -> (Gate<'_>, Vec<Diagnostic>) {
    let mut gate = Gate {
        encoder: Encoder::new(policy),
        actions: Vec::new(),
    };
    gate.encoder.logic.set_effort(effort);
    let mut findings = Vec::new();
    for index in 0..policy.actions.len() {
        let id = ActionId(u32::try_from(index).unwrap_or(u32::MAX));
        let made = gate.action(id, &mut findings);
        gate.actions.push(made);
    }
    checks::run(&mut gate, &mut findings);
    (gate, findings)
}

/// The rules that speak about an action, by name.
pub fn rules_on(
    policy: &Policy,
    action: ActionId,
) -> impl Iterator<Item = (RuleId, &Rule, &RuleTarget)> {
    policy.rules.iter().zip(0..).filter_map(move |(rule, i)| {
        let at = rule
            .targets
            .binary_search_by(|t| t.action.cmp(&action))
            .ok()?;
        rule.targets.get(at).map(|t| (RuleId(i), rule, t))
    })
}

impl<'a> Gate<'a> {
    /// The gate of an action.
    #[must_use]
    pub fn of(&self, action: ActionId) -> Option<&ActionGate> {
        self.actions.get(action.index())
    }

    fn action(&mut self, id: ActionId, findings: &mut Vec<Diagnostic>) -> ActionGate {
        let policy = self.encoder.policy();
        let scope = Scope::proposal(policy.action(id));
        let (mut with_instead, mut without) = (Vec::new(), Vec::new());
        let (mut escalations, mut permissions) = (Vec::new(), Vec::new());
        for (rule_id, rule, target) in rules_on(policy, id) {
            let Some(fires) = self.fires(rule, target, &scope, findings) else {
                continue;
            };
            let firing = Firing {
                rule: rule_id,
                fires,
            };
            match rule.kind {
                RuleKind::Limit { .. } => {}
                RuleKind::Allow => permissions.push(firing),
                RuleKind::Escalate { .. } => escalations.push(firing),
                RuleKind::Deny
                | RuleKind::Require
                | RuleKind::OrderBefore
                | RuleKind::OrderNever => {
                    if target.instead.is_some() {
                        with_instead.push(firing);
                    } else {
                        without.push(firing);
                    }
                }
            }
        }
        let denials: Vec<Firing> = with_instead.into_iter().chain(without).collect();
        self.assemble(id, denials, escalations, permissions, findings)
    }

    fn assemble(
        &mut self,
        id: ActionId,
        denials: Vec<Firing>,
        escalations: Vec<Firing>,
        permissions: Vec<Firing>,
        findings: &mut Vec<Diagnostic>,
    ) -> ActionGate {
        let mut leaves = vec![Leaf::NoRule];
        let mut cases = Vec::new();
        for (list, leaf) in [
            (&denials, Leaf::Deny as fn(RuleId) -> Leaf),
            (&escalations, Leaf::Escalate),
            (&permissions, Leaf::Allow),
        ] {
            for firing in list {
                cases.push((
                    firing.fires,
                    u32::try_from(leaves.len()).unwrap_or(u32::MAX),
                ));
                leaves.push(leaf(firing.rule));
            }
        }
        let logic = &mut self.encoder.logic;
        let fires = |list: &[Firing]| list.iter().map(|f| f.fires).collect::<Vec<_>>();
        let refused = logic.or(&fires(&denials));
        let asked = logic.or(&fires(&escalations));
        let granted = logic.or(&fires(&permissions));
        let escalated = logic.and(&[!refused, asked]);
        let allowed = logic.and(&[!refused, !asked, granted]);
        let denied = logic.and(&[!escalated, !allowed]);
        let mut budget = logic.budget();
        let mut too_hard = false;
        let diagram = match logic.diagram(&cases, 0, &mut budget) {
            Ok(diagram) => diagram,
            Err(out) => {
                findings.push(self.too_much(id, &out.to_string()));
                too_hard = true;
                Diagram::leaf(0)
            }
        };
        ActionGate {
            leaves,
            diagram,
            denials,
            escalations,
            permissions,
            denied,
            escalated,
            allowed,
            unrefused: !refused,
            unasked: !asked,
            too_hard,
        }
    }

    /// The check of an action ran out of its budget.
    pub(crate) fn too_much(&self, id: ActionId, what: &str) -> Diagnostic {
        let policy = self.encoder.policy();
        let action = policy.action(id);
        let mut found = Diagnostic::new(
            Code::FW290,
            format!(
                "the rules on `{}` are too hard to decide: {what}",
                action.full_name
            ),
            action.span,
            "decided by the rules below",
        );
        for (_, rule, _) in rules_on(policy, id).take(6) {
            found = found.label(rule.name_span, "takes part");
        }
        let help = if what.contains(LONG_LIST) {
            "ask for sizes up to 10000 only, bound the list by a smaller `size`, or compute the answer outside and hand it in as an `input`"
        } else {
            "split the conditions over several actions, compute a part outside and hand it in as an `input`, or allow more work with `--effort 4`"
        };
        found
            .note("A check that runs out of its budget never passes in silence.")
            .help(help)
    }

    /// Where a call of an action is let through, perhaps after an approval, with the terms of that
    /// scope: another moment than that of the call that is decided. What its rules make of too large
    /// patterns is left open.
    pub fn admitted(&mut self, id: ActionId, scope: &Scope<'a>) -> Formula {
        let policy = self.encoder.policy();
        let (mut refused, mut granted) = (Vec::new(), Vec::new());
        // What is wrong with a rule was reported when its gate was built.
        let mut reported = Vec::new();
        for (_, rule, target) in rules_on(policy, id) {
            let fires = self.fires(rule, target, scope, &mut reported);
            match rule.kind {
                RuleKind::Limit { .. } => {}
                RuleKind::Allow | RuleKind::Escalate { .. } => {
                    granted.push(fires.unwrap_or(Formula::TRUE));
                }
                _ => refused.push(fires.unwrap_or(Formula::FALSE)),
            }
        }
        let logic = &mut self.encoder.logic;
        let refused = logic.or(&refused);
        let granted = logic.or(&granted);
        logic.and(&[!refused, granted])
    }

    /// The formula that says where a rule fires.
    fn fires(
        &mut self,
        rule: &Rule,
        target: &RuleTarget,
        scope: &Scope<'a>,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<Formula> {
        let when = match &target.when {
            None => None,
            Some(cond) => Some(self.decided(cond, scope, findings)?),
        };
        let holds = when.map_or(Formula::TRUE, |t| t.yes);
        Some(match rule.kind {
            RuleKind::Allow | RuleKind::Deny | RuleKind::Escalate { .. } => holds,
            RuleKind::Require => !holds,
            RuleKind::OrderBefore | RuleKind::OrderNever => {
                let asked = self.asked(rule, target, scope);
                self.encoder.logic.and(&[holds, asked])
            }
            RuleKind::Limit { .. } => Formula::FALSE,
        })
    }

    /// What an order asks of history where it refuses; always true for other rules.
    pub(crate) fn asked(&mut self, rule: &Rule, target: &RuleTarget, scope: &Scope<'a>) -> Formula {
        let never = match rule.kind {
            RuleKind::OrderBefore => false,
            RuleKind::OrderNever => true,
            _ => return Formula::TRUE,
        };
        let Some(history) = &target.history else {
            return Formula::FALSE;
        };
        let term = self.encoder.history(history, scope);
        let done = self
            .encoder
            .logic
            .in_set(term, crate::logic::IntSet::at_least(1));
        if never { done } else { !done }
    }

    /// A condition's formulas; reports it if some absence leaves it undecided.
    pub fn decided(
        &mut self,
        cond: &Cond,
        scope: &Scope<'a>,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<Truth> {
        match self.encoder.truth(cond, scope) {
            Ok(truth) => {
                checks::undecided::check(self, cond, truth, findings);
                Some(truth)
            }
            Err(too_large) => {
                findings.push(
                    Diagnostic::new(
                        Code::FW290,
                        format!("this pattern is too large: {}", too_large.why),
                        too_large.span,
                        "needs too many states",
                    )
                    .help("bound the length by `length` instead of counting in the pattern, or simplify it"),
                );
                None
            }
        }
    }
}

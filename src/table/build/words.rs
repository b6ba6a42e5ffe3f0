//! What a verdict says, in words fit for a model, and whether asking again can help.

use super::super::format::{self, Again, VerdictKind};
use super::{Builder, Built, Place};
use crate::gate::{Leaf, rules_on};
use crate::model::{
    ActionId, AtomKind, Cond, HistoryTerm, Operand, Path, Root, Rule, RuleId, RuleKind, RuleTarget,
};
use crate::words::either;
use std::collections::BTreeSet;

impl Builder<'_, '_> {
    /// A leaf of an action's gate.
    pub(super) fn verdict(&mut self, action: ActionId, leaf: Leaf) -> Built<format::Verdict> {
        let policy = self.policy;
        let name = &policy.action(action).full_name;
        let found = |id: RuleId| {
            let rule = policy.rules.get(id.index())?;
            let target = rule.targets.iter().find(|t| t.action == action)?;
            Some((rule, target))
        };
        let plain = |verdict, rule, reason, again| format::Verdict {
            verdict,
            rule,
            reason,
            again,
            instead: None,
        };
        Ok(match leaf {
            Leaf::NoRule => {
                let mut asks = Asked::default();
                for (_, rule, target) in rules_on(policy, action) {
                    if matches!(rule.kind, RuleKind::Allow | RuleKind::Escalate { .. }) {
                        asks.cond(self, target.when.as_ref());
                    }
                }
                let reason = format!("No rule allows {name} here.");
                plain(VerdictKind::Deny, None, reason, asks.again())
            }
            Leaf::Allow(id) => plain(
                VerdictKind::Allow,
                Some(id.0),
                String::new(),
                Again::NotNeeded {},
            ),
            Leaf::Escalate(id) => {
                let rule = found(id).map(|(rule, _)| rule);
                let role = rule.and_then(|r| match r.kind {
                    RuleKind::Escalate { role, .. } => policy.roles.get(role.index()),
                    _ => None,
                });
                let role = role.map_or("somebody", |r| r.name.as_str());
                let asked = format!("{name} needs the approval of {}", article(role));
                let reason = match rule.and_then(|r| r.because.as_ref()) {
                    Some(because) => format!("{asked}: {because}."),
                    None => format!("{asked}."),
                };
                plain(
                    VerdictKind::Escalate,
                    Some(id.0),
                    reason,
                    Again::AfterApproval {},
                )
            }
            Leaf::Deny(id) => {
                let Some((rule, target)) = found(id) else {
                    return Ok(plain(
                        VerdictKind::Deny,
                        Some(id.0),
                        String::new(),
                        Again::Later {},
                    ));
                };
                let instead = match &target.instead {
                    None => None,
                    Some(instead) => Some(format::Instead {
                        action: instead.action.0,
                        args: self.args(
                            &instead.args,
                            &policy.action(instead.action).params,
                            &Place::call(policy.action(action)),
                        )?,
                    }),
                };
                format::Verdict {
                    verdict: VerdictKind::Deny,
                    rule: Some(id.0),
                    reason: self.refusal(name, rule, target),
                    again: self.again(rule, target),
                    instead,
                }
            }
        })
    }

    /// Why a rule refuses.
    fn refusal(&self, name: &str, rule: &Rule, target: &RuleTarget) -> String {
        let what = match rule.kind {
            RuleKind::OrderBefore => {
                format!("{name} comes after {}", either(&self.counted_names(target)))
            }
            RuleKind::OrderNever => {
                format!(
                    "{name} is closed once {} was done",
                    either(&self.counted_names(target))
                )
            }
            RuleKind::Require => format!("{name} does not meet `{}`", rule.name),
            _ => format!("{name} is refused by `{}`", rule.name),
        };
        match &rule.because {
            Some(because) => format!("{what}: {because}."),
            None => format!("{what}."),
        }
    }

    fn counted_names(&self, target: &RuleTarget) -> Vec<String> {
        let counted = target.history.iter().flat_map(|h| &h.counted);
        counted
            .map(|c| self.policy.action(c.action).full_name.clone())
            .collect()
    }

    fn again(&self, rule: &Rule, target: &RuleTarget) -> Again {
        let mut asks = Asked::default();
        asks.cond(self, target.when.as_ref());
        match (&rule.kind, &target.history) {
            (RuleKind::OrderBefore, Some(term)) => Again::AfterAction {
                actions: actions(term),
            },
            (RuleKind::OrderNever, Some(term)) => {
                asks.arguments |= !term.keys.is_empty();
                asks.again()
            }
            _ => asks.again(),
        }
    }
}

fn actions(term: &HistoryTerm) -> Vec<u32> {
    term.counted.iter().map(|c| c.action.0).collect()
}

fn article(role: &str) -> String {
    let vowel = role.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {role}", if vowel { "an" } else { "a" })
}

/// What a condition asks for: what would have to change for its answer to change.
#[derive(Default)]
struct Asked {
    arguments: bool,
    /// Inputs, position, history: what comes and goes without the AI.
    circumstances: bool,
    /// The sources of facts.
    facts: BTreeSet<u32>,
}

impl Asked {
    fn again(self) -> Again {
        if !self.facts.is_empty() {
            Again::AfterAction {
                actions: self.facts.into_iter().collect(),
            }
        } else if self.circumstances {
            Again::Later {}
        } else if self.arguments {
            Again::OtherArguments {}
        } else {
            Again::Never {}
        }
    }

    fn cond(&mut self, builder: &Builder<'_, '_>, cond: Option<&Cond>) {
        let mut open: Vec<&Cond> = cond.into_iter().collect();
        while let Some(cond) = open.pop() {
            match cond {
                Cond::And(parts) | Cond::Or(parts) => open.extend(parts),
                Cond::Not(inner) => open.push(inner),
                Cond::Define { body, .. } => open.push(body),
                Cond::Atom(atom) => match &atom.kind {
                    AtomKind::Const(_) => {}
                    AtomKind::During { .. } => self.circumstances = true,
                    AtomKind::Matches { path, .. } | AtomKind::Present(path) => {
                        self.path(builder, path);
                    }
                    AtomKind::Holds(o)
                    | AtomKind::InRange { operand: o, .. }
                    | AtomKind::InSet { operand: o, .. } => self.operand(builder, o),
                    AtomKind::Compare { left, right, .. } => {
                        self.operand(builder, left);
                        self.operand(builder, right);
                    }
                    AtomKind::Contains { list, element, .. } => {
                        self.path(builder, list);
                        self.operand(builder, element);
                    }
                    AtomKind::Quantifier { list, body, .. } => {
                        self.path(builder, list);
                        open.push(body);
                    }
                },
            }
        }
    }

    fn operand(&mut self, builder: &Builder<'_, '_>, operand: &Operand) {
        match operand {
            Operand::Const(_) => {}
            Operand::Path(p) | Operand::Length(p) | Operand::Size(p) => self.path(builder, p),
            Operand::History(_) => self.circumstances = true,
        }
    }

    fn path(&mut self, builder: &Builder<'_, '_>, path: &Path) {
        match path.root {
            Root::Param(_) => self.arguments = true,
            Root::Fact(id) => {
                if let Some(fact) = builder.policy.facts.get(id.index()) {
                    self.facts.insert(fact.source.action.0);
                }
            }
            Root::Input(_) => self.circumstances = true,
            Root::Result | Root::Element | Root::FlowParam(_) | Root::Binding(_) => {}
        }
    }
}

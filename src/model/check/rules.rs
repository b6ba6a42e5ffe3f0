//! Rules, once per target.

use super::super::{
    ActionId, Cond, HistoryTerm, Instead, LimitPer, RoleId, Root, Rule, RuleKind, RuleTarget,
};
use super::scope::Scope;
use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, HistoryFunc};

impl<'a> Checker<'a> {
    /// What a rule's conditions see when it stands for one action.
    fn rule_scope(&self, id: ActionId) -> Scope {
        Scope {
            world: true,
            ..self.call_scope(id, false, "here")
        }
    }

    pub(super) fn resolve_rules(&mut self) {
        let rules: Vec<(&'a tree::Rule, Option<String>, Span)> = self
            .declared
            .rules
            .values()
            .map(|d| (d.node, d.doc.clone(), d.span))
            .collect();
        for (node, doc, span) in rules {
            if let Some(rule) = self.rule(node, doc, span) {
                self.policy.rules.push(rule);
            }
        }
        if !self.trusted {
            self.all_unsure();
        }
    }

    fn rule(&mut self, node: &'a tree::Rule, doc: Option<String>, span: Span) -> Option<Rule> {
        self.allowed_parts(node);
        let targets = match &node.kind {
            tree::RuleKind::Allow(t)
            | tree::RuleKind::Deny(t)
            | tree::RuleKind::Require(t)
            | tree::RuleKind::Escalate(t) => t,
            tree::RuleKind::Limit { targets, .. } => targets,
            tree::RuleKind::OrderBefore { then, .. } => then,
            tree::RuleKind::OrderNever { never, .. } => never,
        };
        let Some(ids) = self.targets(targets) else {
            self.all_unsure();
            return None;
        };
        let rule = self.rule_on(node, targets, &ids, doc, span);
        if rule.is_none() {
            self.policy.unsure.extend(ids);
        }
        rule
    }

    /// A rule is missing, and nobody knows what it was about.
    fn all_unsure(&mut self) {
        let actions = u32::try_from(self.policy.actions.len()).unwrap_or(u32::MAX);
        self.policy.unsure.extend((0..actions).map(ActionId));
    }

    fn rule_on(
        &mut self,
        node: &'a tree::Rule,
        targets: &'a tree::Targets,
        ids: &[ActionId],
        doc: Option<String>,
        span: Span,
    ) -> Option<Rule> {
        let kind = self.kind(node)?;
        self.shared_params(node, ids, targets)?;
        let mut list = Vec::new();
        for id in ids {
            list.push(self.rule_target(node, *id)?);
        }
        Some(Rule {
            name: node.name.name.clone(),
            name_span: node.name.span,
            span,
            doc,
            because: node.because.as_ref().map(|b| b.node.clone()),
            kind,
            targets: list,
        })
    }

    fn kind(&mut self, node: &'a tree::Rule) -> Option<RuleKind> {
        Some(match &node.kind {
            tree::RuleKind::Allow(_) => RuleKind::Allow,
            tree::RuleKind::Deny(_) => RuleKind::Deny,
            tree::RuleKind::Require(_) => {
                if node.when.is_none() {
                    self.report(
                        Diagnostic::new(
                            Code::FW110,
                            format!("`{}` requires nothing", node.name.name),
                            node.name.span,
                            "a `require` needs a `when`",
                        )
                        .help("write `when` and the condition that must hold; to refuse always, write `deny`"),
                    );
                    return None;
                }
                RuleKind::Require
            }
            tree::RuleKind::Escalate(_) => {
                let Some(role) = &node.role else {
                    self.report(
                        Diagnostic::new(
                            Code::FW110,
                            format!("`{}` doesn't say who decides", node.name.name),
                            node.name.span,
                            "an `escalate` needs a role",
                        )
                        .help("write `to` and a role, as in `to manager`"),
                    );
                    return None;
                };
                if node.within.is_none() {
                    self.report(
                        Diagnostic::new(
                            Code::FW110,
                            format!("`{}` doesn't say how long it waits", node.name.name),
                            node.name.span,
                            "an `escalate` needs a time",
                        )
                        .note("A question that nobody has answered would stay open for ever, and so would a flow that waits for it; and a yes could come when nobody remembers what was asked.")
                        .help("write `within` and a duration, as in `to manager within 10m`"),
                    );
                    return None;
                }
                if let Some(w) = &node.within
                    && w.node <= 0
                {
                    self.error(
                        Code::FW113,
                        "an approval needs some time",
                        w.span,
                        "no time at all",
                    );
                    return None;
                }
                RuleKind::Escalate {
                    role: self.role(role)?,
                    within_ms: node.within.as_ref().map(|w| w.node),
                }
            }
            tree::RuleKind::Limit {
                count,
                effects,
                per,
                ..
            } => RuleKind::Limit {
                count: self.positive(count, "limit")?,
                effects: *effects,
                per: match per {
                    tree::LimitPer::Session(_) => LimitPer::Session,
                    tree::LimitPer::Duration(d) if d.node > 0 => LimitPer::Window(d.node),
                    tree::LimitPer::Duration(d) => {
                        self.error(
                            Code::FW113,
                            "a limit counts over some time",
                            d.span,
                            "no time at all",
                        );
                        return None;
                    }
                },
            },
            tree::RuleKind::OrderBefore { .. } => RuleKind::OrderBefore,
            tree::RuleKind::OrderNever { .. } => RuleKind::OrderNever,
        })
    }

    pub(super) fn role(&mut self, role: &tree::Ident) -> Option<RoleId> {
        self.mark(Kind::Role, &role.name);
        match self.policy.roles.iter().position(|r| r.name == role.name) {
            Some(i) => u32::try_from(i).ok().map(RoleId),
            None => {
                let known: Vec<(String, Option<Span>)> = self
                    .policy
                    .roles
                    .iter()
                    .map(|r| (r.name.clone(), Some(r.span)))
                    .collect();
                self.unknown(
                    "role",
                    &role.name,
                    role.span,
                    known.iter().map(|(n, s)| (n.as_str(), *s)),
                );
                None
            }
        }
    }

    /// `by`, `where`, `when` and `instead` belong to some kinds of rules only.
    fn allowed_parts(&mut self, node: &'a tree::Rule) {
        let (word, counting, limit, refuses) = match &node.kind {
            tree::RuleKind::Allow(_) => ("allow", false, false, false),
            tree::RuleKind::Deny(_) => ("deny", false, false, true),
            tree::RuleKind::Require(_) => ("require", false, false, true),
            tree::RuleKind::Escalate(_) => ("escalate", false, false, false),
            tree::RuleKind::Limit { .. } => ("limit", true, true, false),
            tree::RuleKind::OrderBefore { .. } | tree::RuleKind::OrderNever { .. } => {
                ("order", true, false, true)
            }
        };
        let mut wrong = |part: &str, span: Span, help: &str| {
            self.report(
                Diagnostic::new(
                    Code::FW107,
                    format!("a rule `{word}` has no `{part}`"),
                    span,
                    "not part of this kind of rule",
                )
                .help(help),
            );
        };
        if !counting {
            if let Some(by) = node.by.first() {
                wrong(
                    "by",
                    by.span,
                    "`by` keys limits, orders, facts and questions about history",
                );
            }
            if let Some(filter) = &node.filter {
                wrong(
                    "where",
                    filter.span,
                    "write `when` for the condition of this rule",
                );
            }
        }
        if limit && let Some(when) = &node.when {
            wrong("when", when.span, "write `where` to count only some calls");
        }
        if !refuses && let Some((action, _)) = &node.instead {
            wrong(
                "instead",
                action.span,
                "`instead` belongs to `deny`, `require` and `order`",
            );
        }
    }

    /// A condition may use the parameters that all targets share: names the ones that lack one.
    fn shared_params(
        &mut self,
        node: &'a tree::Rule,
        ids: &[ActionId],
        targets: &'a tree::Targets,
    ) -> Option<()> {
        let mut names: Vec<&tree::Ident> = Vec::new();
        if let Some(c) = &node.when {
            heads(c, &mut names);
        }
        if matches!(node.kind, tree::RuleKind::Limit { .. })
            && let Some(c) = &node.filter
        {
            heads(c, &mut names);
        }
        names.extend(node.by.iter().map(|b| &b.name));
        for name in names {
            let (mut with, mut without) = (Vec::new(), Vec::new());
            for id in ids {
                let action = self.policy.action(*id);
                match action.params.iter().find(|p| p.name == name.name) {
                    Some(p) => with.push(p.span),
                    None => without.push(action.full_name.clone()),
                }
            }
            if with.is_empty() || without.is_empty() {
                continue;
            }
            let mut list: Vec<String> = without.iter().take(4).map(|n| format!("`{n}`")).collect();
            if without.len() > 4 {
                list.push(format!("{} more", without.len() - 4));
            }
            self.report(
                Diagnostic::new(
                    Code::FW114,
                    format!("not every target has a parameter `{}`", name.name),
                    name.span,
                    format!("missing in {}", list.join(", ")),
                )
                .label(targets.span, "these are the targets")
                .help("use only what all targets share, or write a rule of its own for the others"),
            );
            return None;
        }
        Some(())
    }

    fn rule_target(&mut self, node: &'a tree::Rule, id: ActionId) -> Option<RuleTarget> {
        let scope = self.rule_scope(id);
        let when: Option<Cond> = match (&node.when, &node.kind) {
            (Some(_), tree::RuleKind::Limit { .. }) | (None, _) => None,
            (Some(c), _) => Some(self.cond(c, &scope)?),
        };
        let span = node.name.span;
        let filter_for = |counting: bool| if counting { node.filter.as_ref() } else { None };
        let history: Option<HistoryTerm> = match &node.kind {
            tree::RuleKind::Limit {
                targets, effects, ..
            } => {
                let func = if *effects {
                    HistoryFunc::Effects
                } else {
                    HistoryFunc::Calls
                };
                Some(self.history(func, targets, &node.by, filter_for(true), span, &scope)?)
            }
            tree::RuleKind::OrderBefore { first: source, .. }
            | tree::RuleKind::OrderNever { after: source, .. } => Some(self.history(
                HistoryFunc::Done,
                source,
                &node.by,
                filter_for(true),
                span,
                &scope,
            )?),
            _ => None,
        };
        let mut filter = None;
        if let tree::RuleKind::Limit { per, .. } = &node.kind {
            if let Some(term) = &history {
                self.window_keys(node, term, per);
            }
            if let Some(c) = &node.filter {
                let scope = self.call_scope(id, true, "of the calls that count");
                filter = Some(self.cond(c, &scope)?);
            }
        }
        let instead = match &node.instead {
            None => None,
            Some((action, args)) => {
                let other = self.action_ref(action, None)?;
                let scope = Scope {
                    world: false,
                    ..self.call_scope(id, false, "in `instead`")
                };
                Some(Instead {
                    action: other,
                    args: self.args(other, args, &scope)?,
                    span: action.span.to(args.span),
                })
            }
        };
        Some(RuleTarget {
            action: id,
            when,
            filter,
            history,
            instead,
        })
    }

    /// Calls of other sessions are known by what stands at their admission only.
    fn window_keys(&mut self, node: &'a tree::Rule, term: &HistoryTerm, per: &'a tree::LimitPer) {
        let tree::LimitPer::Duration(d) = per else {
            return;
        };
        let result = term
            .counted
            .iter()
            .flat_map(|c| &c.keys)
            .find(|k| k.root == Root::Result);
        if let Some(key) = result {
            self.report(
                Diagnostic::new(
                    Code::FW107,
                    format!("`{}` counts over all sessions, where results are not known yet", node.name.name),
                    key.span,
                    "part of a reply",
                )
                .label(d.span, "shared by all sessions")
                .note("A place in a shared limit is taken when the call is admitted, before there is a reply.")
                .help("key it by parameters, or count `per session`"),
            );
        }
        if term
            .counted
            .iter()
            .any(|c| c.filter.as_ref().is_some_and(uses_result))
        {
            let span = node.filter.as_ref().map_or(node.name.span, |f| f.span);
            self.report(
                Diagnostic::new(
                    Code::FW107,
                    format!(
                        "`{}` counts over all sessions, where results are not known yet",
                        node.name.name
                    ),
                    span,
                    "asks about a reply",
                )
                .label(d.span, "shared by all sessions")
                .help("ask about parameters, or count `per session`"),
            );
        }
    }
}

fn uses_result(cond: &Cond) -> bool {
    use super::super::{AtomKind, Operand};
    let operand = |o: &Operand| match o {
        Operand::Path(p) | Operand::Length(p) | Operand::Size(p) => p.root == Root::Result,
        _ => false,
    };
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().any(uses_result),
        Cond::Not(inner) => uses_result(inner),
        Cond::Define { body, .. } => uses_result(body),
        Cond::Atom(atom) => match &atom.kind {
            AtomKind::Holds(o)
            | AtomKind::InRange { operand: o, .. }
            | AtomKind::InSet { operand: o, .. } => operand(o),
            AtomKind::Compare { left, right, .. } => operand(left) || operand(right),
            AtomKind::Matches { path, .. } | AtomKind::Present(path) => path.root == Root::Result,
            AtomKind::Contains { list, element, .. } => {
                list.root == Root::Result || operand(element)
            }
            AtomKind::Quantifier { list, body, .. } => {
                list.root == Root::Result || uses_result(body)
            }
            AtomKind::Const(_) | AtomKind::During { .. } => false,
        },
    }
}

/// The names at the heads of all paths of a condition, except a quantifier's own element.
fn heads<'t>(cond: &'t tree::Cond, out: &mut Vec<&'t tree::Ident>) {
    use tree::{CondKind, OperandKind};
    fn operand<'t>(o: &'t tree::Operand, out: &mut Vec<&'t tree::Ident>) {
        match &o.kind {
            OperandKind::Path(p) | OperandKind::Length(p) | OperandKind::Size(p) => {
                out.push(&p.head)
            }
            OperandKind::History { by, .. } => out.extend(by.iter().map(|b| &b.name)),
            _ => {}
        }
    }
    match &cond.kind {
        CondKind::Or(parts) | CondKind::And(parts) => parts.iter().for_each(|p| heads(p, out)),
        CondKind::Not(inner) => heads(inner, out),
        CondKind::Quantifier {
            name, list, body, ..
        } => {
            out.push(&list.head);
            let mut inner = Vec::new();
            heads(body, &mut inner);
            out.extend(inner.into_iter().filter(|i| i.name != name.name));
        }
        CondKind::During { .. } => {}
        CondKind::Operand(o)
        | CondKind::InRange { operand: o, .. }
        | CondKind::Matches { operand: o, .. }
        | CondKind::Present { operand: o, .. } => operand(o, out),
        CondKind::Compare { left, right, .. } => {
            operand(left, out);
            operand(right, out);
        }
        CondKind::InSet {
            operand: o, set, ..
        } => {
            operand(o, out);
            set.iter().for_each(|m| operand(m, out));
        }
        CondKind::Contains {
            operand: o,
            element,
        } => {
            operand(o, out);
            operand(element, out);
        }
    }
}

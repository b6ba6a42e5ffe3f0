//! Goes through the trees of a policy, first for what is declared, then for what is used.

mod declare;
mod flows;
mod test_blocks;

use super::{Declared, Key, Kind, Names, Place};
use crate::syntax::tree::{
    ActionClause, ActionRef, Args, ByPart, Cond, CondKind, File, Ident, Integration, Item,
    ItemKind, Literal, LiteralKind, Operand, OperandKind, Path, Rule, RuleKind, StrPart, Target,
    TargetKind, Targets, TypeExpr, TypeKind, Value, ValueKind,
};
use std::collections::BTreeMap;

pub(super) fn walk(files: &[File]) -> Names {
    let mut walk = Walk::default();
    for file in files {
        if let Some(header) = &file.header {
            walk.declare(Kind::Policy, "", &header.name, header.span, &header.doc);
        }
        for item in &file.items {
            walk.declare_item(item);
        }
    }
    for file in files {
        for item in &file.items {
            walk.item(item);
        }
    }
    walk.names
}

#[derive(Default)]
struct Walk {
    names: Names,
    /// The kinds of the names at the top.
    top: BTreeMap<String, Kind>,
    /// The enums that have a variant of that name.
    variants: BTreeMap<String, Vec<String>>,
    /// The actions of a group, by full name.
    groups: BTreeMap<String, Vec<String>>,
    /// The named type of a parameter, a field, an input, an alias, or what a flow binds.
    types: BTreeMap<Key, String>,
    /// The named type of what an action, by full name, comes back with.
    results: BTreeMap<String, String>,
    /// What a bare name means here, before the names at the top are looked at.
    locals: Vec<(String, Key)>,
}

impl Walk {
    fn refer(&mut self, kind: Kind, scope: &str, name: &Ident) {
        let key = Key::new(kind, scope, &name.name);
        if self.names.declared.contains_key(&key) {
            self.names.places.push(Place {
                span: name.span,
                key,
                declares: false,
            });
        }
    }

    /// A name at the top, whatever it names.
    fn refer_top(&mut self, name: &Ident) {
        if let Some(kind) = self.top.get(&name.name).copied() {
            self.refer(kind, "", name);
        }
    }

    fn item(&mut self, item: &Item) {
        self.locals.clear();
        match &item.kind {
            ItemKind::Use { .. } | ItemKind::Role { .. } | ItemKind::Event { .. } => {}
            ItemKind::Enum { .. } => {}
            ItemKind::Type { ty, .. } => self.ty(ty),
            ItemKind::Record { fields, .. } => fields.iter().for_each(|f| self.ty(&f.ty)),
            ItemKind::Input(field) => self.ty(&field.ty),
            ItemKind::Integration(integration) => self.integration(integration),
            ItemKind::Fact(fact) => {
                let source = self.action(&fact.action, "");
                self.by(&fact.by, &source, &[]);
                self.with_params(&[source], |this| this.maybe_cond(fact.filter.as_ref()));
            }
            ItemKind::Group { name, targets } => {
                let actions = self.targets(targets);
                self.groups.insert(name.name.clone(), actions);
            }
            ItemKind::Define { cond, .. } => self.cond(cond),
            ItemKind::Rule(rule) => self.rule(rule),
            ItemKind::Flow(flow) => self.flow(flow),
            ItemKind::Test(test) => self.test(test),
        }
    }

    fn ty(&mut self, ty: &TypeExpr) {
        match &ty.kind {
            TypeKind::Named(name) => self.refer_top(name),
            // Nesting is limited by the grammar's scan.
            TypeKind::List { element, .. } => self.ty(element),
        }
    }

    fn with_params(&mut self, actions: &[String], work: impl FnOnce(&mut Self)) {
        let before = self.locals.len();
        for action in actions.iter().rev() {
            let params: Vec<Key> = self
                .names
                .all(Kind::Param, action)
                .map(|(key, _)| key.clone())
                .collect();
            for key in params {
                self.locals.push((key.name.clone(), key));
            }
        }
        work(self);
        self.locals.truncate(before);
    }

    fn integration(&mut self, integration: &Integration) {
        let own = integration.name.name.as_str();
        for action in &integration.actions {
            let full = format!("{own}.{}", action.name.name);
            action.params.iter().for_each(|p| self.ty(&p.field.ty));
            if let Some(ty) = &action.result {
                self.ty(ty);
            }
            for clause in &action.clauses {
                match clause {
                    ActionClause::Writes {
                        idempotent: Some(idempotent),
                        ..
                    } => {
                        for key in &idempotent.keys {
                            self.refer(Kind::Param, &full, key);
                        }
                    }
                    ActionClause::Undo { action, args, .. } => {
                        let callee = self.action(action, own);
                        self.with_params(std::slice::from_ref(&full), |this| {
                            this.args(args, &callee)
                        });
                    }
                    ActionClause::Confirm {
                        action,
                        args,
                        lines,
                        ..
                    } => {
                        let callee = self.action(action, own);
                        self.with_params(std::slice::from_ref(&full), |this| {
                            this.args(args, &callee);
                            for line in lines {
                                this.failure(&callee, &line.on);
                                this.maybe_cond(line.when.as_ref());
                                if let Some(value) = &line.gives {
                                    this.value(value);
                                }
                            }
                        });
                    }
                    _ => {}
                }
            }
        }
    }

    /// An action's failure, or one of its integration's defaults.
    fn failure(&mut self, action: &str, name: &Ident) {
        let integration = action.split('.').next().unwrap_or_default();
        self.refer(Kind::Failure, action, name);
        self.refer(Kind::Failure, integration, name);
    }

    /// Gives the action's full name.
    fn action(&mut self, action: &ActionRef, own: &str) -> String {
        let integration = match &action.integration {
            Some(name) => {
                self.refer(Kind::Integration, "", name);
                name.name.clone()
            }
            None => own.to_string(),
        };
        self.refer(Kind::Action, &integration, &action.action);
        format!("{integration}.{}", action.action.name)
    }

    fn args(&mut self, args: &Args, callee: &str) {
        for (name, value) in &args.args {
            self.refer(Kind::Param, callee, name);
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::Literal(literal) => self.literal(literal),
            ValueKind::List(values) => values.iter().for_each(|v| self.value(v)),
            ValueKind::Record(fields) => fields.iter().for_each(|(_, v)| self.value(v)),
            ValueKind::Variant { ty, variant } => {
                self.refer_top(ty);
                self.refer(Kind::Variant, &ty.name, variant);
            }
            ValueKind::Path(path) => self.path(path),
        }
    }

    fn literal(&mut self, literal: &Literal) {
        if let LiteralKind::Str(parts) = &literal.kind {
            for part in parts {
                if let StrPart::Hole(path) = part {
                    self.path(path);
                }
            }
        }
    }

    fn path(&mut self, path: &Path) {
        let head = &path.head;
        let local = self
            .locals
            .iter()
            .rev()
            .find(|(name, _)| *name == head.name);
        if let Some((_, key)) = local {
            let key = key.clone();
            self.names.places.push(Place {
                span: head.span,
                key: key.clone(),
                declares: false,
            });
            self.fields(key, &path.rest);
            return;
        }
        if let Some(kind) = self.top.get(&head.name).copied() {
            self.refer_top(head);
            self.fields(Key::new(kind, "", &head.name), &path.rest);
        } else if let Some([only]) = self.variants.get(&head.name).map(Vec::as_slice)
            && path.rest.is_empty()
        {
            let of = only.clone();
            self.refer(Kind::Variant, &of, head);
        }
    }

    /// The fields behind a name, as far as types tell.
    fn fields(&mut self, mut of: Key, rest: &[Ident]) {
        for field in rest {
            let Some(mut ty) = self.types.get(&of).cloned() else {
                return;
            };
            // An alias of an alias is seldom; of itself, never right.
            for _ in 0..8 {
                match self.types.get(&Key::new(Kind::Type, "", &ty)) {
                    Some(next) => ty = next.clone(),
                    None => break,
                }
            }
            self.refer(Kind::Field, &ty, field);
            of = Key::new(Kind::Field, &ty, &field.name);
        }
    }

    /// Notes the type of a name, if it has one.
    fn typed(&mut self, key: Key, ty: &TypeExpr) {
        if let TypeKind::Named(name) = &ty.kind {
            self.types.insert(key, name.name.clone());
        }
    }

    /// Gives the full names of the actions that are named.
    fn targets(&mut self, targets: &Targets) -> Vec<String> {
        let mut all = Vec::new();
        for target in targets.include.iter().chain(&targets.except) {
            all.extend(self.target(target));
        }
        all
    }

    fn target(&mut self, target: &Target) -> Vec<String> {
        match &target.kind {
            TargetKind::AnyRead | TargetKind::AnyWrite => self
                .names
                .declared
                .keys()
                .filter(|k| k.kind == Kind::Action)
                .map(Key::full)
                .collect(),
            TargetKind::Integration(name) => {
                self.refer(Kind::Integration, "", name);
                let all = self.names.all(Kind::Action, &name.name);
                all.map(|(key, _)| key.full()).collect()
            }
            TargetKind::Action {
                integration,
                action,
            } => {
                self.refer(Kind::Integration, "", integration);
                self.refer(Kind::Action, &integration.name, action);
                vec![format!("{}.{}", integration.name, action.name)]
            }
            TargetKind::Group(name) => {
                self.refer_top(name);
                self.groups.get(&name.name).cloned().unwrap_or_default()
            }
        }
    }

    fn by(&mut self, parts: &[ByPart], counted: &str, decided: &[String]) {
        for part in parts {
            let of = decided
                .iter()
                .chain([&counted.to_string()])
                .find(|a| {
                    let key = Key::new(Kind::Param, a, &part.name.name);
                    self.names.declared.contains_key(&key)
                })
                .cloned();
            if let Some(of) = of {
                self.refer(Kind::Param, &of, &part.name);
            }
            if let Some(path) = &part.counted
                && path.head.name != "result"
            {
                self.refer(Kind::Param, counted, &path.head);
            }
        }
    }

    fn maybe_cond(&mut self, cond: Option<&Cond>) {
        if let Some(cond) = cond {
            self.cond(cond);
        }
    }

    // Nesting is limited by the grammar's scan.
    fn cond(&mut self, cond: &Cond) {
        match &cond.kind {
            CondKind::Or(all) | CondKind::And(all) => all.iter().for_each(|c| self.cond(c)),
            CondKind::Not(inner) => self.cond(inner),
            CondKind::Quantifier {
                name, list, body, ..
            } => {
                self.path(list);
                // A name for one element has no declaration of its own elsewhere.
                let key = Key::new(Kind::Local, &format!("@{}", name.span.start), &name.name);
                self.names.places.push(Place {
                    span: name.span,
                    key: key.clone(),
                    declares: true,
                });
                self.names.declared.insert(
                    key.clone(),
                    Declared {
                        whole: cond.span,
                        name: name.span,
                        doc: None,
                    },
                );
                self.locals.push((name.name.clone(), key));
                self.cond(body);
                self.locals.pop();
            }
            CondKind::During { flow, state } => {
                self.refer(Kind::Flow, "", flow);
                if let Some(state) = state {
                    self.refer(Kind::State, &flow.name, state);
                }
            }
            CondKind::Operand(operand)
            | CondKind::InRange { operand, .. }
            | CondKind::Matches { operand, .. }
            | CondKind::Present { operand, .. } => self.operand(operand),
            CondKind::Compare { left, right, .. } => {
                self.operand(left);
                self.operand(right);
            }
            CondKind::InSet { operand, set, .. } => {
                self.operand(operand);
                set.iter().for_each(|o| self.operand(o));
            }
            CondKind::Contains { operand, element } => {
                self.operand(operand);
                self.operand(element);
            }
        }
    }

    fn operand(&mut self, operand: &Operand) {
        match &operand.kind {
            OperandKind::Literal(literal) => self.literal(literal),
            OperandKind::History {
                targets,
                by,
                filter,
                ..
            } => {
                let counted = self.targets(targets);
                let first = counted.first().cloned().unwrap_or_default();
                for part in by {
                    if let Some((_, key)) = self.locals.iter().find(|(n, _)| *n == part.name.name) {
                        let key = key.clone();
                        self.names.places.push(Place {
                            span: part.name.span,
                            key,
                            declares: false,
                        });
                    }
                }
                self.by(by, &first, &[]);
                if let Some(filter) = filter {
                    self.with_params(&counted, |this| this.cond(filter));
                }
            }
            OperandKind::Length(path) | OperandKind::Size(path) | OperandKind::Path(path) => {
                self.path(path);
            }
            OperandKind::Variant { ty, variant } => {
                self.refer_top(ty);
                self.refer(Kind::Variant, &ty.name, variant);
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let (decided, counted) = match &rule.kind {
            RuleKind::Allow(t)
            | RuleKind::Deny(t)
            | RuleKind::Require(t)
            | RuleKind::Escalate(t)
            | RuleKind::Limit { targets: t, .. } => {
                let all = self.targets(t);
                (all.clone(), all)
            }
            RuleKind::OrderBefore { first, then } => {
                let first = self.targets(first);
                (self.targets(then), first)
            }
            RuleKind::OrderNever { never, after } => {
                let never = self.targets(never);
                (never, self.targets(after))
            }
        };
        if let Some(role) = &rule.role {
            self.refer(Kind::Role, "", role);
        }
        let source = counted.first().cloned().unwrap_or_default();
        self.by(&rule.by, &source, &decided);
        self.with_params(&counted, |this| this.maybe_cond(rule.filter.as_ref()));
        self.with_params(&decided, |this| {
            this.maybe_cond(rule.when.as_ref());
            if let Some((action, args)) = &rule.instead {
                let callee = this.action(action, "");
                this.args(args, &callee);
            }
        });
    }
}

//! A call of another action, made with values of this one: what the gate of that action says, as
//! formulas over the terms of this one.
//!
//! The conditions on the other action are rewritten, so that its parameters are what they are given.
//! A parameter that is given a constant, or parts of several values, stays one of its own, numbered
//! after the parameters of this action, and formulas say what it is.

use super::{Encoder, Gate, Scope, TooLarge, rules_on};
use crate::logic::{Formula, IntSet};
use crate::model::{
    ActionId, Atom, AtomKind, Cond, Const, Expr, Fact, FactId, HistoryTerm, Instead, Operand,
    Param, Path, Policy, Root, RuleKind, Type,
};
use crate::source::Span;

/// What the gate of the other action says.
pub struct Elsewhere {
    /// What the arguments are.
    pub given: Formula,
    /// The arguments are there and lie in their types.
    pub valid: Formula,
    /// Some rule allows it, and none refuses it or asks for an approval.
    pub allowed: Formula,
    /// Rules that refuse it or ask for an approval, with where they do.
    pub against: Vec<(crate::model::RuleId, Formula)>,
}

pub(super) struct Call<'c, 'a> {
    /// The action that is decided, and the one that is called instead.
    pub(super) here: &'a crate::model::Action,
    pub(super) there: &'a crate::model::Action,
    pub(super) args: &'c [Option<Expr>],
}

impl<'c, 'a> Call<'c, 'a> {
    pub(super) fn new(policy: &'a Policy, from: ActionId, instead: &'c Instead) -> Self {
        Self {
            here: policy.action(from),
            there: policy.action(instead.action),
            args: &instead.args.args,
        }
    }

    /// What both calls see.
    pub(super) fn scope(&self) -> Scope<'a> {
        Scope::proposal(self.here).beside(self.there)
    }
}

impl<'a> Gate<'a> {
    /// The gate of the action to be called instead, as a call of `from` sees it.
    ///
    /// # Errors
    /// When a pattern is too large.
    pub fn elsewhere(&mut self, from: ActionId, instead: &Instead) -> Result<Elsewhere, TooLarge> {
        let policy = self.encoder.policy();
        let call = Call::new(policy, from, instead);
        let mut scope = call.scope();
        for (fact, id) in policy.facts.iter().zip((0..).map(FactId)) {
            if !call.same_key(fact) {
                scope.apart.push(id);
            }
        }
        let (mut given, mut valid) = (Vec::new(), Vec::new());
        for (param, at) in call.there.params.iter().zip(0..) {
            let arg = call.args.get(at as usize).and_then(Option::as_ref);
            let path = call.own(param, at);
            call.give(
                &mut self.encoder,
                &scope,
                &path,
                param.optional,
                arg,
                &mut given,
            )?;
            let moved = call.path(&path_of(param, at));
            if let Some(arg) = arg
                && !crate::model::fit::arg_fits(policy, arg, param)
            {
                fits(
                    &mut self.encoder,
                    &scope,
                    &moved,
                    &param.ty,
                    param.optional,
                    &mut valid,
                )?;
            }
        }
        let (mut against, mut permitted) = (Vec::new(), Vec::new());
        for (id, rule, target) in rules_on(policy, instead.action) {
            let holds = match &target.when {
                None => Formula::TRUE,
                Some(cond) => self.encoder.truth(&call.cond(cond), &scope)?.yes,
            };
            let history = target.history.as_ref().map(|h| call.history(h));
            let mut moved = target.clone();
            moved.history = history;
            let asked = self.asked(rule, &moved, &scope);
            match rule.kind {
                RuleKind::Limit { .. } => {}
                RuleKind::Allow => permitted.push(holds),
                RuleKind::Require => against.push((id, !holds)),
                RuleKind::Deny
                | RuleKind::Escalate { .. }
                | RuleKind::OrderBefore
                | RuleKind::OrderNever => {
                    against.push((id, self.encoder.logic.and(&[holds, asked])));
                }
            }
        }
        let logic = &mut self.encoder.logic;
        let mut allowed: Vec<Formula> = against.iter().map(|(_, f)| !*f).collect();
        allowed.push(logic.or(&permitted));
        Ok(Elsewhere {
            given: logic.and(&given),
            valid: logic.and(&valid),
            allowed: logic.and(&allowed),
            against,
        })
    }
}

impl Call<'_, '_> {
    /// Whether the fact is about the same thing for both calls: its key is handed on.
    pub(super) fn same_key(&self, fact: &Fact) -> bool {
        fact.keys.iter().all(|key| {
            let there = self.there.params.iter().position(|p| p.name == *key);
            let here = self.here.params.iter().position(|p| p.name == *key);
            let (Some(there), Some(here)) = (there, here) else {
                return false;
            };
            match self.args.get(there).and_then(Option::as_ref) {
                Some(Expr::Path(p)) => {
                    p.fields.is_empty()
                        && p.root == Root::Param(u32::try_from(here).unwrap_or(u32::MAX))
                }
                _ => false,
            }
        })
    }

    /// The path of a parameter of the other action that stays one of its own.
    fn own(&self, param: &Param, at: u32) -> Path {
        let first = u32::try_from(self.here.params.len()).unwrap_or(u32::MAX);
        Path {
            root: Root::Param(first.saturating_add(at)),
            ..path_of(param, at)
        }
    }

    /// A path of the other action's conditions in terms of this one.
    pub(super) fn path(&self, path: &Path) -> Path {
        let Root::Param(at) = path.root else {
            return path.clone();
        };
        let mut arg = self.args.get(at as usize).and_then(Option::as_ref);
        let mut fields = path.fields.as_slice();
        while let (Some(Expr::Record(_, parts)), Some((first, rest))) = (arg, fields.split_first())
        {
            arg = parts.get(*first as usize).and_then(Option::as_ref);
            fields = rest;
        }
        if let Some(Expr::Path(source)) = arg
            && handed_on(source, fields, &path.ty)
        {
            return Path {
                root: source.root,
                fields: source.fields.iter().chain(fields).copied().collect(),
                ty: if fields.is_empty() {
                    source.ty.clone()
                } else {
                    path.ty.clone()
                },
                optional: source.optional || path.optional,
                text: source.text.clone(),
                span: path.span,
            };
        }
        let first = u32::try_from(self.here.params.len()).unwrap_or(u32::MAX);
        Path {
            root: Root::Param(first.saturating_add(at)),
            ..path.clone()
        }
    }

    fn history(&self, term: &HistoryTerm) -> HistoryTerm {
        HistoryTerm {
            keys: term.keys.iter().map(|k| self.path(k)).collect(),
            ..term.clone()
        }
    }

    fn operand(&self, operand: &Operand) -> Operand {
        match operand {
            Operand::Const(c) => Operand::Const(c.clone()),
            Operand::Path(p) => Operand::Path(self.path(p)),
            Operand::Length(p) => Operand::Length(self.path(p)),
            Operand::Size(p) => Operand::Size(self.path(p)),
            Operand::History(h) => Operand::History(Box::new(self.history(h))),
        }
    }

    /// Conditions are bounded in depth.
    fn cond(&self, cond: &Cond) -> Cond {
        match cond {
            Cond::And(all) => Cond::And(all.iter().map(|c| self.cond(c)).collect()),
            Cond::Or(all) => Cond::Or(all.iter().map(|c| self.cond(c)).collect()),
            Cond::Not(inner) => Cond::Not(Box::new(self.cond(inner))),
            Cond::Define { name, span, body } => Cond::Define {
                name: name.clone(),
                span: *span,
                body: Box::new(self.cond(body)),
            },
            Cond::Atom(atom) => Cond::Atom(Atom {
                span: atom.span,
                kind: self.kind(&atom.kind),
            }),
        }
    }

    fn kind(&self, kind: &AtomKind) -> AtomKind {
        let mut kind = kind.clone();
        match &mut kind {
            AtomKind::Const(_) | AtomKind::During { .. } => {}
            AtomKind::Holds(o)
            | AtomKind::InRange { operand: o, .. }
            | AtomKind::InSet { operand: o, .. } => *o = self.operand(o),
            AtomKind::Compare { left, right, .. } => {
                *left = self.operand(left);
                *right = self.operand(right);
            }
            AtomKind::Matches { path, .. } | AtomKind::Present(path) => *path = self.path(path),
            AtomKind::Contains { list, element, .. } => {
                *list = self.path(list);
                *element = self.operand(element);
            }
            AtomKind::Quantifier { list, body, .. } => {
                *list = self.path(list);
                **body = self.cond(body);
            }
        }
        kind
    }

    /// What is said of the value at `path`, a part of a parameter of its own, by what it is given.
    fn give<'a>(
        &self,
        encoder: &mut Encoder<'a>,
        scope: &Scope<'a>,
        path: &Path,
        optional: bool,
        arg: Option<&Expr>,
        out: &mut Vec<Formula>,
    ) -> Result<(), TooLarge> {
        if optional {
            let present = encoder.present(path, scope);
            match arg {
                None => {
                    out.push(!present);
                    return Ok(());
                }
                Some(Expr::Path(source)) => {
                    let there = encoder.present(source, scope);
                    let (a, b) = (
                        encoder.logic.if_then(present, there),
                        encoder.logic.if_then(there, present),
                    );
                    out.extend([a, b]);
                }
                Some(_) => out.push(present),
            }
        }
        match arg {
            None => {}
            Some(Expr::Record(id, parts)) => {
                let fields = encoder.policy().records.get(id.index()).map(|r| &r.fields);
                for ((field, part), at) in fields.into_iter().flatten().zip(parts).zip(0..) {
                    let deeper = deeper(path, at, &field.ty, field.optional);
                    self.give(encoder, scope, &deeper, field.optional, part.as_ref(), out)?;
                }
            }
            // Handed on whole: conditions look at the source itself.
            Some(Expr::Path(source)) if handed_on(source, &[], &path.ty) => {}
            Some(arg) => {
                let same = equals(encoder, scope, path, arg)?;
                out.push(same);
            }
        }
        Ok(())
    }
}

pub(super) fn path_of(param: &Param, at: u32) -> Path {
    Path {
        root: Root::Param(at),
        fields: Vec::new(),
        ty: param.ty.clone(),
        optional: param.optional,
        text: param.name.clone(),
        span: Span::default(),
    }
}

fn deeper(path: &Path, field: u32, ty: &Type, optional: bool) -> Path {
    let mut deeper = path.clone();
    deeper.fields.push(field);
    deeper.ty = ty.clone();
    deeper.optional |= optional;
    deeper
}

/// Whether conditions can look at the source instead: it is written alike.
fn handed_on(source: &Path, fields: &[u32], ty: &Type) -> bool {
    !fields.is_empty()
        || source.ty.same_unit(ty)
        || matches!(
            (&source.ty, ty),
            (Type::List { .. }, Type::List { .. }) | (Type::Record(_), Type::Record(_))
        )
}

/// The value at a path equals that of an expression.
fn equals<'a>(
    encoder: &mut Encoder<'a>,
    scope: &Scope<'a>,
    path: &Path,
    expr: &Expr,
) -> Result<Formula, TooLarge> {
    match expr {
        Expr::Const(value) => constant(encoder, scope, path, value),
        Expr::Path(source) => {
            let (a, b) = (
                encoder.path_term(path, scope)?,
                encoder.path_term(source, scope)?,
            );
            let scale = path.ty.scale().max(source.ty.scale());
            let factor = |s: u32| 10i64.checked_pow(scale - s).unwrap_or(i64::MAX);
            let logic = &mut encoder.logic;
            Ok(match path.ty {
                Type::String { .. } => logic.equal(a, b),
                Type::List { .. } | Type::Record(_) => Formula::TRUE,
                _ => logic.difference(
                    a,
                    factor(path.ty.scale()),
                    b,
                    factor(source.ty.scale()),
                    IntSet::point(0),
                ),
            })
        }
        Expr::Record(id, parts) => {
            let fields = encoder.policy().records.get(id.index()).map(|r| &r.fields);
            let mut all = Vec::new();
            for ((field, part), at) in fields.into_iter().flatten().zip(parts).zip(0..) {
                let deeper = deeper(path, at, &field.ty, field.optional);
                let present = encoder.present(&deeper, scope);
                match part {
                    None => all.push(!present),
                    Some(part) => {
                        all.push(present);
                        all.push(equals(encoder, scope, &deeper, part)?);
                    }
                }
            }
            Ok(encoder.logic.and(&all))
        }
        Expr::List(items) => list(encoder, scope, path, items),
        Expr::Template(_) => Ok(Formula::TRUE),
    }
}

fn constant<'a>(
    encoder: &mut Encoder<'a>,
    scope: &Scope<'a>,
    path: &Path,
    value: &Const,
) -> Result<Formula, TooLarge> {
    let number = match value {
        Const::Bool(b) => i64::from(*b),
        Const::Number(n) => *n,
        Const::Variant(_, i) => i64::from(*i),
        Const::Str(text) => {
            let term = encoder.path_term(path, scope)?;
            let language = encoder.logic.literals(&[text.as_str()]);
            return Ok(encoder.logic.in_language(term, language));
        }
        Const::List(items) => {
            let items: Vec<Expr> = items.iter().cloned().map(Expr::Const).collect();
            return list(encoder, scope, path, &items);
        }
        Const::Record(id, fields) => {
            let fields = fields.iter().cloned().map(|f| f.map(Expr::Const)).collect();
            return equals(encoder, scope, path, &Expr::Record(*id, fields));
        }
    };
    let term = encoder.path_term(path, scope)?;
    Ok(encoder.logic.in_set(term, IntSet::point(number)))
}

/// The list at a path has these elements, in any order: nothing asks for theirs.
fn list<'a>(
    encoder: &mut Encoder<'a>,
    scope: &Scope<'a>,
    path: &Path,
    items: &[Expr],
) -> Result<Formula, TooLarge> {
    let term = encoder.path_term(path, scope)?;
    let Type::List { element, .. } = &path.ty else {
        return Ok(Formula::TRUE);
    };
    let inner = Scope {
        element: Some((term, (**element).clone())),
        ..scope.clone()
    };
    let here = Path {
        root: Root::Element,
        fields: Vec::new(),
        ty: (**element).clone(),
        optional: false,
        ..path.clone()
    };
    let size = encoder.logic.size_of(term);
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let mut all = vec![encoder.logic.in_set(size, IntSet::point(count))];
    let mut any = Vec::new();
    for item in items {
        let same = equals(encoder, &inner, &here, item)?;
        all.push(encoder.logic.some(term, same));
        any.push(same);
    }
    let one_of = encoder.logic.or(&any);
    all.push(encoder.logic.every(term, one_of));
    Ok(encoder.logic.and(&all))
}

/// The value at a path is there, if it has to be, and lies in a type of the same kind as its own.
pub(super) fn fits<'a>(
    encoder: &mut Encoder<'a>,
    scope: &Scope<'a>,
    path: &Path,
    ty: &Type,
    optional: bool,
    out: &mut Vec<Formula>,
) -> Result<(), TooLarge> {
    let present = encoder.present(path, scope);
    if !optional {
        out.push(present);
    }
    let inside = match ty {
        Type::String { min, max, patterns } => {
            let term = encoder.path_term(path, scope)?;
            let length = encoder.logic.length_of(term);
            let high = max.map_or(i64::MAX, i64::from);
            let mut all = vec![
                encoder
                    .logic
                    .in_set(length, IntSet::range(i64::from(*min), high)),
            ];
            for pattern in patterns {
                let too_large = |why| TooLarge {
                    why,
                    span: pattern.span,
                };
                let language = encoder
                    .logic
                    .language(&pattern.pattern)
                    .map_err(too_large)?;
                all.push(encoder.logic.in_language(term, language));
            }
            encoder.logic.and(&all)
        }
        Type::List { min, max, .. } => {
            let term = encoder.path_term(path, scope)?;
            let size = encoder.logic.size_of(term);
            encoder
                .logic
                .in_set(size, IntSet::range(i64::from(*min), i64::from(*max)))
        }
        Type::Bool | Type::Enum(_) | Type::Record(_) => Formula::TRUE,
        scalar => match scalar.bounds() {
            Some((low, high)) => {
                let term = encoder.path_term(path, scope)?;
                encoder.logic.in_set(term, IntSet::range(low, high))
            }
            None => Formula::TRUE,
        },
    };
    out.push(encoder.logic.if_then(present, inside));
    Ok(())
}

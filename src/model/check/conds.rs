//! Conditions: resolution and types.

use super::super::{
    Atom, AtomKind, Cond, Const, CountedAction, HistoryTerm, Operand, Path, Root, Type,
};
use super::scope::{Local, Scope};
use super::types::same_kind;
use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{
    self, ByPart, CompareOp, CondKind, HistoryFunc, LiteralKind, OperandKind, Targets,
};

/// Conditions in all may have so many parts after expansion.
const EXPANDED_MAX: usize = 500_000;
/// Defines may use one another so deep.
const DEFINES_MAX: usize = 48;
/// Conditions may be nested so deep once their defines are put in. Whatever walks conditions goes
/// deeper than this.
const DEPTH_MAX: usize = 400;

/// A side of a comparison, with what is known of its type.
enum Side<'a> {
    Value(Operand, Type),
    Literal(&'a tree::Literal),
    /// A variant whose enum the other side tells.
    Bare(&'a tree::Ident),
    /// A name that means nothing by itself.
    Unknown(&'a tree::Path),
}

const INT: Type = Type::Int {
    min: 0,
    max: super::super::types::INT_MAX,
};

impl<'a> Checker<'a> {
    /// A condition; `None` if anything in it was wrong (reported).
    pub(super) fn cond(&mut self, cond: &'a tree::Cond, scope: &Scope) -> Option<Cond> {
        if self.depth >= DEPTH_MAX {
            self.report(
                Diagnostic::new(
                    Code::FW005,
                    format!(
                        "this is nested more than {DEPTH_MAX} levels deep once its defines are \
                         put in"
                    ),
                    cond.span,
                    "too deep here",
                )
                .help("make the defines simpler"),
            );
            return None;
        }
        self.depth += 1;
        let made = self.cond_here(cond, scope);
        self.depth -= 1;
        made
    }

    fn cond_here(&mut self, cond: &'a tree::Cond, scope: &Scope) -> Option<Cond> {
        self.expanded += 1;
        if self.expanded > EXPANDED_MAX + 1 {
            return None;
        }
        if self.expanded > EXPANDED_MAX {
            self.report(
                Diagnostic::new(
                    Code::FW107,
                    format!(
                        "the conditions grow too large when their defines are put in: to more \
                         than {EXPANDED_MAX} parts"
                    ),
                    cond.span,
                    "reached here",
                )
                .help("make the defines smaller, or compute this outside and hand it in as an `input`"),
            );
            return None;
        }
        let atom = |kind: AtomKind| {
            Some(Cond::Atom(Atom {
                kind,
                span: cond.span,
            }))
        };
        match &cond.kind {
            CondKind::Or(parts) => {
                let parts: Vec<Option<Cond>> = parts.iter().map(|p| self.cond(p, scope)).collect();
                parts.into_iter().collect::<Option<Vec<_>>>().map(Cond::Or)
            }
            CondKind::And(parts) => {
                let parts: Vec<Option<Cond>> = parts.iter().map(|p| self.cond(p, scope)).collect();
                parts.into_iter().collect::<Option<Vec<_>>>().map(Cond::And)
            }
            CondKind::Not(inner) => self.cond(inner, scope).map(|c| Cond::Not(Box::new(c))),
            CondKind::Quantifier {
                every,
                name,
                list,
                body,
            } => atom(self.quantifier(*every, name, list, body, scope)?),
            CondKind::During { flow, state } => {
                if !scope.world {
                    self.no_world(cond.span, scope);
                    return None;
                }
                atom(self.during(flow, state.as_ref())?)
            }
            CondKind::Operand(operand) => self.truth(operand, cond.span, scope),
            CondKind::Compare {
                left,
                op,
                op_span,
                right,
                offset,
            } => atom(self.compare(left, *op, *op_span, right, offset.as_ref(), scope)?),
            CondKind::InRange { operand, range } => {
                let (operand, ty) = self.valued(operand, scope)?;
                if ty.bounds().is_none() {
                    self.unordered(range.span, &ty);
                    return None;
                }
                let scale = literal_scale(&range.low)
                    .max(literal_scale(&range.high))
                    .max(ty.scale());
                let shape = at_scale(&ty, scale);
                let low = self.scalar(&range.low, &shape)?;
                let high = self.scalar(&range.high, &shape)?;
                let high = if range.exclusive { high - 1 } else { high };
                if low > high {
                    self.wrapped(range);
                    return None;
                }
                atom(AtomKind::InRange {
                    operand,
                    low,
                    high,
                    scale,
                })
            }
            CondKind::InSet { operand, set, .. } => self.in_set(operand, set, cond.span, scope),
            CondKind::Matches { operand, regex } => {
                let (operand, ty) = self.valued(operand, scope)?;
                let Operand::Path(path) = operand else {
                    self.mismatch(cond.span, "this", &any_string());
                    return None;
                };
                if !matches!(ty, Type::String { .. }) {
                    let words = self.type_words(&ty);
                    self.mismatch(path.span, &words, &any_string());
                    return None;
                }
                self.regex(regex)?;
                atom(AtomKind::Matches {
                    path,
                    regex: regex.clone(),
                })
            }
            CondKind::Present { operand, present } => {
                let OperandKind::Path(path) = &operand.kind else {
                    self.error(
                        Code::FW103,
                        "only a value can be present or absent",
                        operand.span,
                        "this is always there",
                    );
                    return None;
                };
                let path = self.path(path, scope)?;
                let here = Cond::Atom(Atom {
                    kind: AtomKind::Present(path),
                    span: cond.span,
                });
                Some(if *present {
                    here
                } else {
                    Cond::Not(Box::new(here))
                })
            }
            CondKind::Contains { operand, element } => {
                let (list, ty) = self.valued(operand, scope)?;
                let (Operand::Path(list), Type::List { element: inner, .. }) = (list, &ty) else {
                    let words = self.type_words(&ty);
                    self.report(
                        Diagnostic::new(
                            Code::FW103,
                            format!("`contains` asks a list, and this is {words}"),
                            operand.span,
                            "not a list",
                        )
                        .help("write the list on the left: `list contains element`"),
                    );
                    return None;
                };
                if matches!(**inner, Type::Record(_) | Type::List { .. }) {
                    self.too_deep_to_compare(element.span);
                    return None;
                }
                let (span, list_span) = (element.span, list.span);
                let (element, scale) = self.fitting(element, inner, scope)?;
                if list.root == Root::Element {
                    self.nested(list_span);
                    return None;
                }
                if matches!(&element, Operand::Path(p) if p.root == Root::Element) {
                    self.nested(span);
                    return None;
                }
                atom(AtomKind::Contains {
                    list,
                    element,
                    scale,
                })
            }
        }
    }

    fn no_world(&mut self, span: Span, scope: &Scope) {
        self.report(
            Diagnostic::new(
                Code::FW107,
                format!("this cannot be asked {}", scope.place),
                span,
                "only parameters, results and constants",
            )
            .help("ask it in the rule's `when`"),
        );
    }

    fn unordered(&mut self, span: Span, ty: &Type) {
        let words = self.type_words(ty);
        self.report(
            Diagnostic::new(
                Code::FW103,
                format!("{words} has no order"),
                span,
                "compares by size",
            )
            .help("use `==`, `!=` or `in { … }`"),
        );
    }

    fn too_deep_to_compare(&mut self, span: Span) {
        self.report(
            Diagnostic::new(
                Code::FW107,
                "records and lists cannot be compared as a whole",
                span,
                "a record or a list",
            )
            .note(
                "What doesn't fit the language is refused, so that every condition can be decided.",
            )
            .help("compare their fields, or compute this outside and hand it in as an `input`"),
        );
    }

    /// An operand that stands alone: a bool, a define, or a question about history.
    fn truth(&mut self, operand: &'a tree::Operand, span: Span, scope: &Scope) -> Option<Cond> {
        if let OperandKind::Path(path) = &operand.kind
            && path.rest.is_empty()
            && let Some((key, decl)) = self.declared.defines.get_key_value(path.head.name.as_str())
        {
            let (key, node, at) = (*key, decl.node, decl.span);
            if self.is_value(key, scope) {
                self.report(
                    Diagnostic::new(
                        Code::FW108,
                        format!("`{key}` could mean the define or a value of that name"),
                        path.span,
                        "ambiguous",
                    )
                    .label(at, "the define")
                    .help("rename one of them"),
                );
                return None;
            }
            return self.expand(key, node, at, path.span, scope);
        }
        if let OperandKind::Literal(tree::Literal {
            kind: LiteralKind::Bool(b),
            ..
        }) = &operand.kind
        {
            return Some(Cond::Atom(Atom {
                kind: AtomKind::Const(*b),
                span,
            }));
        }
        let (value, ty) = self.valued(operand, scope)?;
        let asks = matches!(&value, Operand::History(h) if !matches!(h.func, HistoryFunc::Calls | HistoryFunc::Effects));
        if !matches!(ty, Type::Bool) && !asks {
            let words = self.type_words(&ty);
            let help = match self.example(&ty) {
                Some(example) if ty.bounds().is_some() => {
                    format!(
                        "compare it with something, as in `== {0}` or `<= {0}`",
                        example.trim_matches('`')
                    )
                }
                Some(example) => format!(
                    "compare it with something, as in `== {}`",
                    example.trim_matches('`')
                ),
                None => "ask about one of its parts, or whether it `is present`".to_string(),
            };
            self.report(
                Diagnostic::new(
                    Code::FW103,
                    format!("this is {words}, not a condition"),
                    span,
                    "neither true nor false",
                )
                .help(help),
            );
            return None;
        }
        Some(Cond::Atom(Atom {
            kind: AtomKind::Holds(value),
            span,
        }))
    }

    fn expand(
        &mut self,
        name: &'a str,
        node: &'a tree::Cond,
        at: Span,
        span: Span,
        scope: &Scope,
    ) -> Option<Cond> {
        self.mark(Kind::Define, name);
        if !scope.world {
            self.no_world(span, scope);
            return None;
        }
        if self.expanding.len() >= DEFINES_MAX && !self.expanding.iter().any(|n| n == name) {
            let found = Diagnostic::new(
                Code::FW005,
                format!("defines use one another more than {DEFINES_MAX} levels deep"),
                span,
                "too deep here",
            );
            self.report(
                found
                    .label(at, "declared here")
                    .help("put some of them together"),
            );
            return None;
        }
        if self.expanding.iter().any(|n| n == name) {
            self.report(
                Diagnostic::new(
                    Code::FW112,
                    format!("define `{name}` is defined by itself"),
                    span,
                    "leads back to it",
                )
                .label(at, "declared here")
                .help("write the condition out"),
            );
            return None;
        }
        self.expanding.push(name.to_string());
        let body = self.cond(node, scope);
        self.expanding.pop();
        Some(Cond::Define {
            name: name.to_string(),
            span,
            body: Box::new(body?),
        })
    }

    fn quantifier(
        &mut self,
        every: bool,
        name: &'a tree::Ident,
        list: &'a tree::Path,
        body: &'a tree::Cond,
        scope: &Scope,
    ) -> Option<AtomKind> {
        let path = self.path(list, scope)?;
        let Type::List { element, .. } = &path.ty else {
            let words = self.type_words(&path.ty);
            self.report(
                Diagnostic::new(
                    Code::FW103,
                    format!("`{}` is {words}, not a list", path.text),
                    list.span,
                    "`some` and `every` look through a list",
                )
                .help("name a list"),
            );
            return None;
        };
        if scope.locals.iter().any(|l| l.root == Root::Element) {
            self.nested(list.span);
            return None;
        }
        if self.is_value(&name.name, scope)
            || self.declared.defines.contains_key(name.name.as_str())
        {
            self.report(
                Diagnostic::new(
                    Code::FW108,
                    format!("`{}` has a meaning here already", name.name),
                    name.span,
                    "the element's name",
                )
                .help("choose another name for the element"),
            );
            return None;
        }
        let inner = scope.with(Local {
            name: name.name.clone(),
            root: Root::Element,
            ty: (**element).clone(),
            optional: false,
            span: Some(name.span),
        });
        let body = self.cond(body, &inner)?;
        Some(AtomKind::Quantifier {
            every,
            list: path,
            element: name.name.clone(),
            body: Box::new(body),
        })
    }

    /// One element is looked at, not pairs of them.
    pub(super) fn nested(&mut self, span: Span) {
        self.report(
            Diagnostic::new(
                Code::FW107,
                "`some`, `every`, `contains` and questions with a key cannot be asked about the element of another `some` or `every`",
                span,
                "about one element at a time",
            )
            .help("compute this outside and hand it in as an `input`"),
        );
    }

    fn during(&mut self, flow: &tree::Ident, state: Option<&tree::Ident>) -> Option<AtomKind> {
        let names: Vec<(String, Option<Span>)> = self
            .declared
            .flows
            .iter()
            .map(|(n, d)| ((*n).to_string(), Some(d.node.name.span)))
            .collect();
        let Some(index) = names.iter().position(|(n, _)| *n == flow.name) else {
            self.unknown(
                "flow",
                &flow.name,
                flow.span,
                names.iter().map(|(n, s)| (n.as_str(), *s)),
            );
            return None;
        };
        let id = super::super::FlowId(u32::try_from(index).ok()?);
        let Some(state) = state else {
            return Some(AtomKind::During {
                flow: id,
                state: None,
            });
        };
        let decl = self.declared.flows.get(flow.name.as_str())?.node;
        let states = super::flows::state_names(decl);
        match states.iter().position(|(n, _)| *n == state.name) {
            Some(i) => Some(AtomKind::During {
                flow: id,
                state: Some(super::super::StateId(u32::try_from(i).ok()?)),
            }),
            None => {
                let what = format!("state of `{}` called", flow.name);
                self.unknown(
                    &what,
                    &state.name,
                    state.span,
                    states.iter().map(|(n, s)| (*n, Some(*s))),
                );
                None
            }
        }
    }

    fn side(&mut self, operand: &'a tree::Operand, scope: &Scope) -> Option<Side<'a>> {
        match &operand.kind {
            OperandKind::Literal(l) => Some(Side::Literal(l)),
            OperandKind::Path(path)
                if path.rest.is_empty() && !self.is_value(&path.head.name, scope) =>
            {
                let known_variant = self
                    .enums
                    .iter()
                    .any(|e| e.variants.iter().any(|v| v.name == path.head.name));
                if known_variant || self.declared.defines.contains_key(path.head.name.as_str()) {
                    Some(Side::Bare(&path.head))
                } else if super::paths::is_null(&path.head.name) {
                    self.path(path, scope);
                    None
                } else {
                    Some(Side::Unknown(path))
                }
            }
            _ => self.valued(operand, scope).map(|(o, t)| Side::Value(o, t)),
        }
    }

    /// An operand that isn't a literal and knows its own type.
    fn valued(&mut self, operand: &'a tree::Operand, scope: &Scope) -> Option<(Operand, Type)> {
        match &operand.kind {
            OperandKind::Literal(l) => {
                let words = super::consts::literal_words(&l.kind);
                self.report(
                    Diagnostic::new(
                        Code::FW107,
                        format!("{words} stands where a value is asked about"),
                        l.span,
                        "a constant",
                    )
                    .help("put the value on the left: `value == constant`"),
                );
                None
            }
            OperandKind::Variant { ty, variant } => {
                let id = self.enum_named(ty)?;
                let i = self.variant(variant, id)?;
                Some((Operand::Const(Const::Variant(id, i)), Type::Enum(id)))
            }
            OperandKind::Path(path) => {
                let path = self.path(path, scope)?;
                let ty = path.ty.clone();
                Some((Operand::Path(path), ty))
            }
            OperandKind::Length(path) => {
                let path = self.path(path, scope)?;
                if !matches!(path.ty, Type::String { .. }) {
                    let words = self.type_words(&path.ty);
                    let help = if matches!(path.ty, Type::List { .. }) {
                        "the size of a list is `size(…)`"
                    } else {
                        "only strings have a length"
                    };
                    self.report(
                        Diagnostic::new(
                            Code::FW103,
                            format!("{words} has no length"),
                            path.span,
                            "not a string",
                        )
                        .help(help),
                    );
                    return None;
                }
                Some((Operand::Length(path), INT))
            }
            OperandKind::Size(path) => {
                let path = self.path(path, scope)?;
                if !matches!(path.ty, Type::List { .. }) {
                    let words = self.type_words(&path.ty);
                    let help = if matches!(path.ty, Type::String { .. }) {
                        "the length of a string is `length(…)`"
                    } else {
                        "only lists have a size"
                    };
                    self.report(
                        Diagnostic::new(
                            Code::FW103,
                            format!("{words} has no size"),
                            path.span,
                            "not a list",
                        )
                        .help(help),
                    );
                    return None;
                }
                Some((Operand::Size(path), INT))
            }
            OperandKind::History {
                func,
                targets,
                by,
                filter,
                ..
            } => {
                if !scope.world {
                    self.no_world(operand.span, scope);
                    return None;
                }
                let term =
                    self.history(*func, targets, by, filter.as_deref(), operand.span, scope)?;
                let ty = if matches!(func, HistoryFunc::Calls | HistoryFunc::Effects) {
                    INT
                } else {
                    Type::Bool
                };
                Some((Operand::History(Box::new(term)), ty))
            }
        }
    }

    /// A question about the calls of `targets`.
    pub(super) fn history(
        &mut self,
        func: HistoryFunc,
        targets: &'a Targets,
        by: &'a [ByPart],
        filter: Option<&'a tree::Cond>,
        span: Span,
        scope: &Scope,
    ) -> Option<HistoryTerm> {
        let actions = self.targets(targets)?;
        if matches!(
            func,
            HistoryFunc::Standing | HistoryFunc::Unsettled | HistoryFunc::Effects
        ) {
            for id in &actions {
                let action = self.policy.action(*id);
                if !action.writes() {
                    let (name, at) = (action.full_name.clone(), action.span);
                    self.report(
                        Diagnostic::new(
                            Code::FW103,
                            format!("`{name}` only reads, so it has no effects"),
                            targets.span,
                            "not a write",
                        )
                        .label(at, "declared here")
                        .help("use `done(…)` or `calls(…)` for reads"),
                    );
                    return None;
                }
            }
        }
        let mut keys: Vec<Path> = Vec::new();
        for part in by {
            let local = tree::Path {
                head: part.name.clone(),
                rest: Vec::new(),
                span: part.name.span,
            };
            let key = self.path(&local, scope)?;
            if key.root == Root::Element {
                self.nested(key.span);
                return None;
            }
            keys.push(key);
        }
        let mut counted = Vec::new();
        for id in actions {
            counted.push(self.counted(id, by, filter, Some(&keys))?);
        }
        Some(HistoryTerm {
            func,
            keys,
            text: history_text(&self.policy, func, &counted, by, filter.is_some()),
            counted,
            span,
        })
    }

    /// Which calls of one action count, and where they hold the key.
    pub(super) fn counted(
        &mut self,
        id: super::super::ActionId,
        by: &'a [ByPart],
        filter: Option<&'a tree::Cond>,
        keys: Option<&[Path]>,
    ) -> Option<CountedAction> {
        let scope = self.call_scope(id, true, "of the calls that count");
        let mut paths = Vec::new();
        for (i, part) in by.iter().enumerate() {
            let written = part.counted.clone().unwrap_or_else(|| tree::Path {
                head: part.name.clone(),
                rest: Vec::new(),
                span: part.name.span,
            });
            let path = self.path(&written, &scope)?;
            if matches!(path.ty, Type::Record(_) | Type::List { .. }) {
                self.too_deep_to_compare(path.span);
                return None;
            }
            if let Some(key) = keys.and_then(|k| k.get(i))
                && !key.ty.same_unit(&path.ty)
            {
                let (a, b) = (self.type_words(&key.ty), self.type_words(&path.ty));
                self.report(
                    Diagnostic::new(
                        Code::FW103,
                        format!("`{}` is {a}, but `{}` is {b}", key.text, path.text),
                        part.span,
                        "these two are compared",
                    )
                    .help("compare values of one type"),
                );
                return None;
            }
            paths.push(path);
        }
        let filter = match filter {
            Some(c) => Some(self.cond(c, &scope)?),
            None => None,
        };
        Some(CountedAction {
            action: id,
            keys: paths,
            filter,
        })
    }

    /// What the conditions about a call of an action can see of it.
    pub(super) fn call_scope(
        &self,
        id: super::super::ActionId,
        result: bool,
        place: &'static str,
    ) -> Scope {
        let action = self.policy.action(id);
        let mut locals: Vec<Local> = action
            .params
            .iter()
            .enumerate()
            .map(|(i, p)| Local {
                name: p.name.clone(),
                root: Root::Param(u32::try_from(i).unwrap_or(u32::MAX)),
                ty: p.ty.clone(),
                optional: p.optional,
                span: Some(p.span),
            })
            .collect();
        if result && let Some(ty) = &action.result {
            locals.push(Self::result_local(ty));
        }
        Scope {
            locals,
            world: false,
            place,
            owner: action.full_name.clone(),
            lost: Vec::new(),
        }
    }

    /// An operand of type `ty` (an element, a member of a set), and the scale of the comparison.
    fn fitting(
        &mut self,
        operand: &'a tree::Operand,
        ty: &Type,
        scope: &Scope,
    ) -> Option<(Operand, u32)> {
        self.only_one_meaning(operand, ty, scope)?;
        match self.side(operand, scope)? {
            Side::Literal(l) => {
                let scale = literal_scale(l).max(ty.scale());
                Some((Operand::Const(self.compared_literal(l, ty, scale)?), scale))
            }
            Side::Bare(name) => {
                let Type::Enum(id) = ty else {
                    self.not_a_variant(name, ty);
                    return None;
                };
                let i = self.variant(name, *id)?;
                Some((Operand::Const(Const::Variant(*id, i)), 0))
            }
            Side::Unknown(path) => {
                self.nothing_known(path, ty, scope);
                None
            }
            Side::Value(operand_value, other) => {
                self.comparable(ty, &other, operand.span)?;
                Some((operand_value, ty.scale().max(other.scale())))
            }
        }
    }

    /// A bare name that is compared with an enum is one of its variants, or something else; not
    /// both, since whatever is declared later would change what the comparison means.
    fn only_one_meaning(
        &mut self,
        operand: &'a tree::Operand,
        ty: &Type,
        scope: &Scope,
    ) -> Option<()> {
        let (OperandKind::Path(path), Type::Enum(id)) = (&operand.kind, ty) else {
            return Some(());
        };
        let name = path.head.name.as_str();
        let of = self.enums.get(id.index())?;
        let Some(variant) = of.variants.iter().find(|v| v.name == name) else {
            return Some(());
        };
        let (of, variant) = (of.name.clone(), variant.span);
        let define = self.declared.defines.get(name).map(|d| d.span);
        let value = self.roots(name, scope).first().map(|r| r.3);
        let what = match (value, define) {
            _ if !path.rest.is_empty() => return Some(()),
            (Some(what), _) => what,
            (None, Some(_)) => "a define",
            (None, None) => return Some(()),
        };
        let mut found = Diagnostic::new(
            Code::FW108,
            format!("`{name}` could mean {what} or a variant of `{of}`"),
            path.head.span,
            "ambiguous",
        )
        .label(variant, "the variant");
        if let Some(define) = define.filter(|_| value.is_none()) {
            found = found.label(define, "the define");
        }
        self.report(found.help(format!(
            "write `{of}.{name}` for the variant, or rename one of them"
        )));
        None
    }

    /// A name that means nothing, where a value of type `ty` is needed.
    fn nothing_known(&mut self, path: &'a tree::Path, ty: &Type, scope: &Scope) {
        match ty {
            Type::Enum(id) => {
                self.variant(&path.head, *id);
            }
            _ => {
                self.path(path, scope);
            }
        }
    }

    fn not_a_variant(&mut self, name: &tree::Ident, ty: &Type) {
        let words = self.type_words(ty);
        self.report(
            Diagnostic::new(
                Code::FW103,
                format!("`{}` is compared with {words}", name.name),
                name.span,
                "a variant, or a define",
            )
            .help("compare values of one type"),
        );
    }

    /// A literal for a comparison: the type's bounds don't matter, its kind does.
    fn compared_literal(
        &mut self,
        literal: &'a tree::Literal,
        ty: &Type,
        scale: u32,
    ) -> Option<Const> {
        match (&literal.kind, ty) {
            (LiteralKind::Bool(b), Type::Bool) => Some(Const::Bool(*b)),
            (LiteralKind::Str(parts), Type::String { .. }) => {
                Some(Const::Str(super::consts::plain_text(parts)))
            }
            (LiteralKind::Str(_), Type::Enum(_)) => self.literal(literal, ty),
            _ => self
                .scalar(literal, &at_scale(ty, scale))
                .map(Const::Number),
        }
    }

    fn comparable(&mut self, a: &Type, b: &Type, span: Span) -> Option<()> {
        if matches!(a, Type::Record(_) | Type::List { .. })
            || matches!(b, Type::Record(_) | Type::List { .. })
        {
            self.too_deep_to_compare(span);
            return None;
        }
        if !same_kind(a, b) {
            let (x, y) = (self.type_words(a), self.type_words(b));
            self.report(
                Diagnostic::new(
                    Code::FW103,
                    format!("{x} cannot be compared with {y}"),
                    span,
                    format!("this is {y}"),
                )
                .help("compare values of one type"),
            );
            return None;
        }
        Some(())
    }

    fn compare(
        &mut self,
        left: &'a tree::Operand,
        op: CompareOp,
        op_span: Span,
        right: &'a tree::Operand,
        offset: Option<&'a tree::Offset>,
        scope: &Scope,
    ) -> Option<AtomKind> {
        let (l, r) = (self.side(left, scope), self.side(right, scope));
        let (l, r) = (l?, r?);
        for (side, operand) in [(&l, right), (&r, left)] {
            if let Side::Value(_, ty) = side {
                self.only_one_meaning(operand, &ty.clone(), scope)?;
            }
        }
        let whole = left.span.to(right.span);
        // The typed side tells what the other one is; constants go to the right.
        let (value, ty, other, (value_span, other_span), flipped) = match (l, r) {
            (Side::Value(v, t), other) if !is_const(&v) => {
                (v, t, other, (left.span, right.span), false)
            }
            (other, Side::Value(v, t)) if !is_const(&v) => {
                (v, t, other, (right.span, left.span), true)
            }
            (Side::Unknown(path), other) | (other, Side::Unknown(path)) => {
                self.path(path, scope);
                if let Side::Unknown(path) = other {
                    self.path(path, scope);
                }
                return None;
            }
            _ => {
                self.report(
                    Diagnostic::new(
                        Code::FW107,
                        "both sides of this comparison are constants",
                        whole,
                        "always the same answer",
                    )
                    .help("compare a parameter, an input, a fact or a question about history"),
                );
                return None;
            }
        };
        if matches!(ty, Type::Record(_) | Type::List { .. }) {
            self.too_deep_to_compare(whole);
            return None;
        }
        if ty.bounds().is_none() && !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            self.unordered(op_span, &ty);
            return None;
        }
        if ty.bounds().is_none()
            && let Some(offset) = offset
        {
            self.unordered(offset.span, &ty);
            return None;
        }
        let offset_scale = offset.map_or(0, |o| literal_scale(&o.literal));
        let before = self.findings.len();
        let (other, scale) = match other {
            Side::Literal(literal) => {
                let scale = literal_scale(literal).max(ty.scale()).max(offset_scale);
                let Some(constant) = self.compared_literal(literal, &ty, scale) else {
                    self.say_type(before, value_span, &ty);
                    return None;
                };
                (Operand::Const(constant), scale)
            }
            Side::Bare(name) => {
                let Type::Enum(id) = ty else {
                    self.not_a_variant(name, &ty);
                    return None;
                };
                (
                    Operand::Const(Const::Variant(id, self.variant(name, id)?)),
                    0,
                )
            }
            Side::Unknown(path) => {
                self.nothing_known(path, &ty, scope);
                return None;
            }
            Side::Value(o, t) => {
                if self.comparable(&ty, &t, other_span).is_none() {
                    self.say_type(before, value_span, &ty);
                    return None;
                }
                (o, ty.scale().max(t.scale()).max(offset_scale))
            }
        };
        let offset = match offset {
            None => 0,
            Some(o) => {
                let n = self.offset_value(&o.literal, &ty, scale)?;
                if o.minus { -n } else { n }
            }
        };
        // `c op v + k` is `v flip(op) c - k`; `a op b + k` with a and b changed about likewise.
        let (op, offset) = if flipped {
            (flip(op), -offset)
        } else {
            (op, offset)
        };
        let (right, offset) = match other {
            Operand::Const(Const::Number(n)) => {
                (Operand::Const(Const::Number(n.saturating_add(offset))), 0)
            }
            other => (other, offset),
        };
        Some(AtomKind::Compare {
            left: value,
            op,
            right,
            offset,
            scale,
        })
    }

    /// Adds to what was reported since `before` what the other side is.
    fn say_type(&mut self, before: usize, span: Span, ty: &Type) {
        let words = self.type_words(ty);
        self.point_at(before, span, &format!("this is {words}"));
    }

    /// Adds a place to what was reported since `before` about values that don't fit.
    pub(super) fn point_at(&mut self, before: usize, span: Span, text: &str) {
        for found in self.findings.iter_mut().skip(before) {
            if matches!(found.code, Code::FW103 | Code::FW113) {
                found.labels.push(crate::diagnostics::Label {
                    span,
                    text: text.to_string(),
                    primary: false,
                });
            }
        }
    }

    /// A constant offset in the unit of `ty` at `scale`.
    fn offset_value(&mut self, literal: &'a tree::Literal, ty: &Type, scale: u32) -> Option<i64> {
        let unit = match ty {
            Type::Date { .. } => 86_400_000,
            Type::Time { .. } => 1000,
            Type::Instant { .. } | Type::Duration { .. } => 1,
            _ => return self.scalar(literal, &at_scale(ty, scale)),
        };
        let LiteralKind::Duration(ms) = literal.kind else {
            self.report(
                Diagnostic::new(
                    Code::FW103,
                    "what is added to a time is a duration",
                    literal.span,
                    "not a duration",
                )
                .help("write for example `+ 24h` or `- 7d`"),
            );
            return None;
        };
        if ms % unit != 0 {
            let whole = if unit == 1000 { "seconds" } else { "days" };
            self.report(
                Diagnostic::new(
                    Code::FW113,
                    format!("only whole {whole} can be added here"),
                    literal.span,
                    format!("not a number of whole {whole}"),
                )
                .help("round it"),
            );
            return None;
        }
        Some(ms / unit)
    }

    fn in_set(
        &mut self,
        operand: &'a tree::Operand,
        set: &'a [tree::Operand],
        span: Span,
        scope: &Scope,
    ) -> Option<Cond> {
        let (value, ty) = self.valued(operand, scope)?;
        if matches!(ty, Type::Record(_) | Type::List { .. }) {
            self.too_deep_to_compare(operand.span);
            return None;
        }
        let mut members = Vec::new();
        let mut whole = true;
        for member in set {
            match self.fitting(member, &ty, scope) {
                Some(m) => members.push((m, member.span)),
                None => whole = false,
            }
        }
        if !whole {
            return None;
        }
        let atom = |kind: AtomKind| Cond::Atom(Atom { kind, span });
        let scale = members.iter().map(|((_, s), _)| *s).max().unwrap_or(0);
        let mut consts = Vec::new();
        let mut others = Vec::new();
        for ((member, own), _) in members {
            match member {
                Operand::Const(Const::Number(n)) => {
                    let factor = 10i64.checked_pow(scale - own)?;
                    consts.push(Const::Number(n.saturating_mul(factor)));
                }
                Operand::Const(c) => consts.push(c),
                other => others.push((other, own)),
            }
        }
        consts.sort();
        consts.dedup();
        let mut parts = Vec::new();
        if !consts.is_empty() {
            parts.push(atom(AtomKind::InSet {
                operand: value.clone(),
                set: consts,
                scale,
            }));
        }
        for (right, scale) in others {
            parts.push(atom(AtomKind::Compare {
                left: value.clone(),
                op: CompareOp::Eq,
                right,
                offset: 0,
                scale,
            }));
        }
        Some(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Cond::Or(parts)
        })
    }
}

fn is_const(operand: &Operand) -> bool {
    matches!(operand, Operand::Const(_))
}

fn any_string() -> Type {
    Type::String {
        min: 0,
        max: None,
        patterns: Vec::new(),
    }
}

fn literal_scale(literal: &tree::Literal) -> u32 {
    match literal.kind {
        LiteralKind::Decimal { scale, .. } => scale,
        _ => 0,
    }
}

/// The type for reading constants at `scale`: int and decimal compare with one another.
fn at_scale(ty: &Type, scale: u32) -> Type {
    match ty {
        Type::Int { .. } | Type::Decimal { .. } if scale > 0 => Type::Decimal {
            scale,
            min: 0,
            max: 0,
        },
        other => other.clone(),
    }
}

fn flip(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        same => same,
    }
}

/// A question about history in words, for messages.
fn history_text(
    policy: &super::super::Policy,
    func: HistoryFunc,
    counted: &[CountedAction],
    by: &[ByPart],
    filtered: bool,
) -> String {
    let func = match func {
        HistoryFunc::Done => "done",
        HistoryFunc::Calls => "calls",
        HistoryFunc::Effects => "effects",
        HistoryFunc::Standing => "standing",
        HistoryFunc::Unsettled => "unsettled",
    };
    let names: Vec<&str> = counted
        .iter()
        .map(|c| policy.action(c.action).full_name.as_str())
        .collect();
    let mut text = format!("{func}({}", names.join(", "));
    if !by.is_empty() {
        let keys: Vec<&str> = by.iter().map(|b| b.name.name.as_str()).collect();
        text.push_str(" by ");
        text.push_str(&keys.join(", "));
    }
    if filtered {
        text.push_str(" where …");
    }
    text.push(')');
    text
}

//! Conditions: resolution and types.

use super::super::{Atom, AtomKind, Cond, Operand, Root, Type};
use super::compare::{any_string, at_scale, literal_scale};
use super::scope::{Local, Scope};
use super::{Checker, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, CondKind, HistoryFunc, LiteralKind, OperandKind};

/// Conditions in all may have so many parts after expansion.
const EXPANDED_MAX: usize = 500_000;
/// Defines may use one another so deep.
const DEFINES_MAX: usize = 48;
/// Conditions may be nested so deep once their defines are put in. Whatever walks conditions goes
/// deeper than this.
const DEPTH_MAX: usize = 400;

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

    pub(super) fn no_world(&mut self, span: Span, scope: &Scope) {
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
}

//! Conditions.

use super::{Builder, P, first, kids};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{
    CompareOp, Cond, CondKind, HistoryFunc, Literal, LiteralKind, Offset, Operand, OperandKind,
    Targets,
};

impl Builder<'_> {
    pub fn cond(&mut self, pair: &P<'_>) -> Cond {
        let mut parts: Vec<Cond> = kids(pair)
            .filter(|p| p.as_rule() == Rule::conj)
            .map(|p| self.conj(&p))
            .collect();
        let span = self.span(pair);
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                Cond {
                    kind: CondKind::Or(parts),
                    span,
                }
            }
            None => nothing(span),
        }
    }

    fn conj(&mut self, pair: &P<'_>) -> Cond {
        let mut parts: Vec<Cond> = kids(pair)
            .filter(|p| p.as_rule() == Rule::neg)
            .map(|p| self.neg(&p))
            .collect();
        let span = self.span(pair);
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                Cond {
                    kind: CondKind::And(parts),
                    span,
                }
            }
            None => nothing(span),
        }
    }

    fn neg(&mut self, pair: &P<'_>) -> Cond {
        let span = self.span(pair);
        for p in kids(pair) {
            match p.as_rule() {
                Rule::kw_not => {}
                Rule::neg => {
                    return Cond {
                        kind: CondKind::Not(Box::new(self.neg(&p))),
                        span,
                    };
                }
                Rule::cond => return self.cond(&p),
                Rule::quantifier => return self.quantifier(&p),
                Rule::during => {
                    let mut names = kids(&p)
                        .filter(|q| q.as_rule() == Rule::name)
                        .map(|q| self.ident(&q));
                    if let Some(flow) = names.next() {
                        let state = names.next();
                        return Cond {
                            kind: CondKind::During { flow, state },
                            span,
                        };
                    }
                }
                _ => return self.compare(&p),
            }
        }
        nothing(span)
    }

    fn quantifier(&mut self, pair: &P<'_>) -> Cond {
        let span = self.span(pair);
        let (mut every, mut name, mut list, mut body) = (false, None, None, None);
        for p in kids(pair) {
            match p.as_rule() {
                Rule::kw_every => every = true,
                Rule::name => name = Some(self.ident(&p)),
                Rule::path => list = Some(self.path(&p)),
                Rule::cond => body = Some(self.cond(&p)),
                _ => {}
            }
        }
        match (name, list, body) {
            (Some(name), Some(list), Some(body)) => Cond {
                kind: CondKind::Quantifier {
                    every,
                    name,
                    list,
                    body: Box::new(body),
                },
                span,
            },
            _ => nothing(span),
        }
    }

    fn compare(&mut self, pair: &P<'_>) -> Cond {
        let span = self.span(pair);
        let mut parts = kids(pair);
        let Some(left) = parts.next().map(|p| self.operand(&p)) else {
            return nothing(span);
        };
        let Some(tail) = parts.next() else {
            return Cond {
                kind: CondKind::Operand(left),
                span,
            };
        };
        let kind = match tail.as_rule() {
            Rule::comparison => return self.comparison(left, &tail, span),
            Rule::in_range => match kids(&tail).find(|p| p.as_rule() == Rule::range) {
                Some(range) => CondKind::InRange {
                    operand: left,
                    range: self.range(&range),
                },
                None => return nothing(span),
            },
            Rule::in_set => {
                let set: Vec<Operand> = kids(&tail)
                    .filter(|p| p.as_rule() == Rule::operand)
                    .map(|p| self.operand(&p))
                    .collect();
                CondKind::InSet {
                    operand: left,
                    set,
                    set_span: self.span(&tail),
                }
            }
            Rule::matches => match kids(&tail).find(|p| p.as_rule() == Rule::regex) {
                Some(regex) => CondKind::Matches {
                    operand: left,
                    regex: self.regex(&regex),
                },
                None => return nothing(span),
            },
            Rule::presence => CondKind::Present {
                operand: left,
                present: kids(&tail).any(|p| p.as_rule() == Rule::kw_present),
            },
            _ => match kids(&tail).find(|p| p.as_rule() == Rule::operand) {
                Some(element) => CondKind::Contains {
                    operand: left,
                    element: self.operand(&element),
                },
                None => return nothing(span),
            },
        };
        Cond { kind, span }
    }

    fn comparison(&mut self, left: Operand, tail: &P<'_>, span: crate::source::Span) -> Cond {
        let (mut op, mut op_span, mut right, mut offset) = (CompareOp::Eq, span, None, None);
        for p in kids(tail) {
            match p.as_rule() {
                Rule::cmp_op => {
                    op_span = self.span(&p);
                    op = match p.as_str() {
                        "==" => CompareOp::Eq,
                        "!=" => CompareOp::Ne,
                        "<" => CompareOp::Lt,
                        "<=" => CompareOp::Le,
                        ">" => CompareOp::Gt,
                        _ => CompareOp::Ge,
                    };
                }
                Rule::operand => right = Some(self.operand(&p)),
                Rule::offset => offset = self.offset(&p),
                _ => {}
            }
        }
        match right {
            Some(right) => Cond {
                kind: CondKind::Compare {
                    left,
                    op,
                    op_span,
                    right,
                    offset,
                },
                span,
            },
            None => nothing(span),
        }
    }

    fn offset(&mut self, pair: &P<'_>) -> Option<Offset> {
        let mut minus = false;
        let mut literal = None;
        for p in kids(pair) {
            match p.as_rule() {
                Rule::offset_sign => minus = p.as_str() == "-",
                _ => literal = Some(self.literal(&p)),
            }
        }
        Some(Offset {
            minus,
            literal: literal?,
            span: self.span(pair),
        })
    }

    pub fn operand(&mut self, pair: &P<'_>) -> Operand {
        let span = self.span(pair);
        let kind = match first(pair) {
            Some(p) => match p.as_rule() {
                Rule::literal => {
                    let literal = self.literal(&p);
                    if let LiteralKind::Str(parts) = &literal.kind {
                        for part in parts.clone() {
                            if let crate::syntax::tree::StrPart::Hole(path) = part {
                                self.hole(path.span);
                            }
                        }
                    }
                    OperandKind::Literal(literal)
                }
                Rule::variant_ref => {
                    let (ty, variant) = self.variant_ref(&p);
                    OperandKind::Variant { ty, variant }
                }
                Rule::sized => {
                    let mut length = false;
                    let mut path = None;
                    for q in kids(&p) {
                        match q.as_rule() {
                            Rule::kw_length => length = true,
                            Rule::path => path = Some(self.path(&q)),
                            _ => {}
                        }
                    }
                    let path = path.unwrap_or_else(|| self.empty_path(&p));
                    if length {
                        OperandKind::Length(path)
                    } else {
                        OperandKind::Size(path)
                    }
                }
                Rule::history => self.history(&p),
                _ => OperandKind::Path(self.path(&p)),
            },
            None => OperandKind::Path(self.empty_path(pair)),
        };
        Operand { kind, span }
    }

    fn history(&mut self, pair: &P<'_>) -> OperandKind {
        let span = self.span(pair);
        let (mut func, mut func_span) = (HistoryFunc::Done, span);
        let mut targets = Targets {
            include: Vec::new(),
            except: Vec::new(),
            span,
        };
        let (mut by, mut filter) = (Vec::new(), None);
        for p in kids(pair) {
            match p.as_rule() {
                Rule::hist_func => {
                    func_span = self.span(&p);
                    func = match p.as_str() {
                        "done" => HistoryFunc::Done,
                        "calls" => HistoryFunc::Calls,
                        "effects" => HistoryFunc::Effects,
                        "standing" => HistoryFunc::Standing,
                        _ => HistoryFunc::Unsettled,
                    };
                }
                Rule::targets => targets = self.targets(&p),
                Rule::by => by = self.by(&p),
                _ => filter = self.inner_cond(&p).map(Box::new),
            }
        }
        OperandKind::History {
            func,
            func_span,
            targets,
            by,
            filter,
        }
    }

    /// The condition of a `when` or `where`.
    pub fn inner_cond(&mut self, pair: &P<'_>) -> Option<Cond> {
        kids(pair)
            .find(|p| p.as_rule() == Rule::cond)
            .map(|p| self.cond(&p))
    }
}

/// Stands for what the grammar rules out.
fn nothing(span: crate::source::Span) -> Cond {
    Cond {
        kind: CondKind::Operand(Operand {
            kind: OperandKind::Literal(Literal {
                kind: LiteralKind::Bool(false),
                span,
            }),
            span,
        }),
        span,
    }
}

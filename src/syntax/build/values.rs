//! Values, arguments and types.

use super::{Builder, P, first, kids};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{
    ActionRef, Args, Field, Ident, LiteralKind, Param, Path, Refinement, StrPart, TypeExpr,
    TypeKind, Value, ValueKind,
};

impl Builder<'_> {
    pub fn value(&mut self, pair: &P<'_>) -> Value {
        let span = self.span(pair);
        let kind = match first(pair) {
            Some(p) => match p.as_rule() {
                Rule::literal => ValueKind::Literal(self.literal(&p)),
                Rule::list_value => ValueKind::List(kids(&p).map(|v| self.value(&v)).collect()),
                Rule::record_value => ValueKind::Record(self.arg_list(&p)),
                Rule::variant_ref => {
                    let (ty, variant) = self.variant_ref(&p);
                    ValueKind::Variant { ty, variant }
                }
                _ => ValueKind::Path(self.path(&p)),
            },
            None => ValueKind::List(Vec::new()),
        };
        Value { kind, span }
    }

    /// A value whose strings cannot have holes.
    pub fn plain_value(&mut self, pair: &P<'_>) -> Value {
        let value = self.value(pair);
        self.no_holes(&value);
        value
    }

    pub fn no_holes(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::Literal(l) => {
                if let LiteralKind::Str(parts) = &l.kind {
                    for part in parts {
                        if let StrPart::Hole(path) = part {
                            self.hole(path.span);
                        }
                    }
                }
            }
            ValueKind::List(items) => items.iter().for_each(|v| self.no_holes(v)),
            ValueKind::Record(fields) => fields.iter().for_each(|(_, v)| self.no_holes(v)),
            ValueKind::Variant { .. } | ValueKind::Path(_) => {}
        }
    }

    pub fn variant_ref(&self, pair: &P<'_>) -> (Ident, Ident) {
        let mut parts = kids(pair).map(|p| self.ident(&p));
        let filler = || Ident {
            name: String::new(),
            span: self.span(pair),
        };
        (
            parts.next().unwrap_or_else(filler),
            parts.next().unwrap_or_else(filler),
        )
    }

    fn arg_list(&mut self, pair: &P<'_>) -> Vec<(Ident, Value)> {
        kids(pair)
            .filter_map(|arg| {
                let mut parts = kids(&arg);
                let (name, value) = (parts.next()?, parts.next()?);
                Some((self.ident(&name), self.value(&value)))
            })
            .collect()
    }

    pub fn args(&mut self, pair: &P<'_>) -> Args {
        Args {
            args: self.arg_list(pair),
            span: self.span(pair),
        }
    }

    /// Arguments whose strings cannot have holes.
    pub fn plain_args(&mut self, pair: &P<'_>) -> Args {
        let args = self.args(pair);
        args.args.iter().for_each(|(_, v)| self.no_holes(v));
        args
    }

    /// `a.b`, or `b` where the integration is understood.
    pub fn action_ref(&self, pair: &P<'_>) -> ActionRef {
        let mut words: Vec<Ident> = kids(pair).map(|p| self.ident(&p)).collect();
        let action = words.pop().unwrap_or_else(|| Ident {
            name: String::new(),
            span: self.span(pair),
        });
        ActionRef {
            integration: words.pop(),
            action,
            span: self.span(pair),
        }
    }

    pub fn type_expr(&mut self, pair: &P<'_>) -> TypeExpr {
        let span = self.span(pair);
        let mut kind = None;
        let mut refinements = Vec::new();
        for part in kids(pair) {
            let part_span = self.span(&part);
            if part.as_rule() == Rule::type_head {
                kind = first(&part).map(|head| match head.as_rule() {
                    Rule::list_type => {
                        let mut element = None;
                        let mut size = None;
                        for p in kids(&head) {
                            match p.as_rule() {
                                Rule::type_expr => element = Some(self.type_expr(&p)),
                                Rule::range => size = Some(self.range(&p)),
                                _ => {}
                            }
                        }
                        match (element, size) {
                            (Some(element), Some(size)) => TypeKind::List {
                                element: Box::new(element),
                                size,
                            },
                            _ => TypeKind::Named(self.ident(&head)),
                        }
                    }
                    _ => TypeKind::Named(self.ident(&head)),
                });
                continue;
            }
            let mut keyword = Rule::kw_in;
            for p in kids(&part) {
                match p.as_rule() {
                    Rule::range => {
                        let range = self.range(&p);
                        refinements.push(if keyword == Rule::kw_length {
                            Refinement::Length(range, part_span)
                        } else {
                            Refinement::In(range, part_span)
                        });
                    }
                    Rule::regex => refinements.push(Refinement::Matching(self.regex(&p))),
                    other => keyword = other,
                }
            }
        }
        TypeExpr {
            span,
            kind: kind.unwrap_or_else(|| {
                TypeKind::Named(Ident {
                    name: String::new(),
                    span,
                })
            }),
            refinements,
        }
    }

    pub fn field(&mut self, pair: &P<'_>) -> Field {
        let span = self.span(pair);
        let mut field = Field {
            doc: None,
            name: Ident {
                name: String::new(),
                span,
            },
            optional: false,
            wire: None,
            ty: TypeExpr {
                span,
                kind: TypeKind::Named(Ident {
                    name: String::new(),
                    span,
                }),
                refinements: Vec::new(),
            },
            span,
        };
        for p in kids(pair) {
            match p.as_rule() {
                Rule::doc => field.doc = self.doc(&p),
                Rule::optional => field.optional = true,
                Rule::as_wire => field.wire = self.wire(&p),
                Rule::type_expr => field.ty = self.type_expr(&p),
                _ => field.name = self.ident(&p),
            }
        }
        field.span = field.name.span.to(span);
        field
    }

    pub fn wire(&mut self, pair: &P<'_>) -> Option<crate::syntax::tree::Spanned<String>> {
        kids(pair)
            .find(|p| p.as_rule() == Rule::str)
            .map(|p| self.plain_str(&p))
    }

    pub fn params(&mut self, pair: &P<'_>) -> Vec<Param> {
        kids(pair)
            .filter_map(|param| {
                let mut claim = false;
                let mut doc = None;
                let mut field = None;
                for p in kids(&param) {
                    match p.as_rule() {
                        Rule::doc => doc = self.doc(&p),
                        Rule::claim => claim = true,
                        _ => field = Some(self.field(&p)),
                    }
                }
                let mut field = field?;
                field.doc = field.doc.or(doc);
                Some(Param { claim, field })
            })
            .collect()
    }

    pub fn empty_path(&self, pair: &P<'_>) -> Path {
        let span = self.span(pair);
        Path {
            head: Ident {
                name: String::new(),
                span,
            },
            rest: Vec::new(),
            span,
        }
    }
}

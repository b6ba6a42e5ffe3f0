//! Integrations and their actions.

use super::{Builder, Context, P, first, kids, siblings};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{
    Action, ActionClause, ConfirmLine, Defaults, Failure, FailureKind, Idempotent, Integration,
    Rate,
};

impl Builder<'_> {
    pub fn integration(&mut self, pair: &P<'_>) -> Option<Integration> {
        let (mut name, mut wire) = (None, None);
        let (mut capacity, mut defaults, mut actions) = (Vec::new(), Vec::new(), Vec::new());
        for (last, p) in siblings(pair) {
            match p.as_rule() {
                Rule::word => name = Some(self.ident(&p)),
                Rule::as_wire => wire = self.wire(&p),
                Rule::bad_integ_item => {
                    self.broken(&p, Context::Integration, last);
                }
                Rule::close => {
                    if let Some(name) = &name {
                        let (what, at) = (format!("integration `{}`", name.name), name.span);
                        self.close(&p, &what, at);
                    }
                }
                Rule::integ_item => {
                    let Some(inner) = first(&p) else { continue };
                    match inner.as_rule() {
                        Rule::action => actions.extend(self.action(&inner)),
                        Rule::capacity => capacity.extend(
                            kids(&inner)
                                .find(|q| q.as_rule() == Rule::rate)
                                .and_then(|q| self.rate(&q)),
                        ),
                        _ => defaults.push(self.defaults(&inner)),
                    }
                }
                _ => {}
            }
        }
        Some(Integration {
            name: name?,
            wire,
            capacity,
            defaults,
            actions,
        })
    }

    pub fn rate(&mut self, pair: &P<'_>) -> Option<Rate> {
        let (mut count, mut per) = (None, None);
        for p in kids(pair) {
            match p.as_rule() {
                Rule::int => count = Some(self.int(&p)),
                Rule::dur => per = Some(self.dur(&p)),
                _ => {}
            }
        }
        Some(Rate {
            count: count?,
            per: per?,
            span: self.span(pair),
        })
    }

    fn defaults(&mut self, pair: &P<'_>) -> Defaults {
        let span = self.span(pair);
        let (mut timeouts, mut failures) = (Vec::new(), Vec::new());
        for (last, p) in siblings(pair) {
            match p.as_rule() {
                Rule::timeout => timeouts.extend(self.inner_dur(&p)),
                Rule::failures => failures.extend(self.failures(&p)),
                Rule::bad_clause => {
                    self.broken(&p, Context::Defaults, last);
                }
                Rule::close => self.close(&p, "`defaults`", span.at_start()),
                _ => {}
            }
        }
        Defaults {
            timeouts,
            failures,
            span,
        }
    }

    fn failures(&mut self, pair: &P<'_>) -> Vec<Failure> {
        let mut kind = FailureKind::Permanent;
        let mut doc = None;
        let mut failures = Vec::new();
        for p in kids(pair) {
            match p.as_rule() {
                Rule::doc => doc = self.doc(&p),
                Rule::failure_kind => {
                    kind = match first(&p).map(|q| q.as_rule()) {
                        Some(Rule::kw_transient) => FailureKind::Transient,
                        Some(Rule::kw_indeterminate) => FailureKind::Indeterminate,
                        _ => FailureKind::Permanent,
                    }
                }
                _ => {
                    let mut wire = None;
                    let mut name = None;
                    for q in kids(&p) {
                        match q.as_rule() {
                            Rule::as_wire => wire = self.wire(&q),
                            _ => name = Some(self.ident(&q)),
                        }
                    }
                    failures.extend(name.map(|name| Failure {
                        doc: doc.clone(),
                        kind,
                        name,
                        wire,
                    }));
                }
            }
        }
        failures
    }

    fn action(&mut self, pair: &P<'_>) -> Option<Action> {
        let span = self.span(pair);
        let before = std::mem::replace(&mut self.complete, true);
        let (mut doc, mut name, mut wire, mut params, mut result) =
            (None, None, None, Vec::new(), None);
        let mut clauses = Vec::new();
        for (last, p) in siblings(pair) {
            match p.as_rule() {
                Rule::doc => doc = self.doc(&p),
                Rule::word => name = Some(self.ident(&p)),
                Rule::as_wire => wire = self.wire(&p),
                Rule::params => params = self.params(&p),
                Rule::type_expr => result = Some(self.type_expr(&p)),
                Rule::clause => {
                    if let Some(inner) = first(&p) {
                        self.clause(&inner, &mut clauses);
                    }
                }
                Rule::bad_clause => {
                    self.broken(&p, Context::Action, last);
                }
                Rule::close => {
                    if let Some(name) = &name {
                        let (what, at) = (format!("action `{}`", name.name), name.span);
                        self.close(&p, &what, at);
                    }
                }
                _ => {}
            }
        }
        let complete = self.complete;
        self.complete = before && complete;
        Some(Action {
            doc,
            name: name?,
            wire,
            params,
            result,
            clauses,
            span,
            complete,
        })
    }

    fn clause(&mut self, pair: &P<'_>, clauses: &mut Vec<ActionClause>) {
        let span = self.span(pair);
        match pair.as_rule() {
            Rule::reads => clauses.push(ActionClause::Reads(span)),
            Rule::writes => {
                let (mut idempotent, mut expendable) = (None, None);
                for p in kids(pair) {
                    match p.as_rule() {
                        Rule::idempotent => {
                            idempotent = Some(Idempotent {
                                keys: kids(&p)
                                    .filter(|q| q.as_rule() == Rule::word)
                                    .map(|q| self.ident(&q))
                                    .collect(),
                                window: self.inner_dur(&p),
                                span: self.span(&p),
                            });
                        }
                        Rule::expendable => expendable = Some(self.span(&p)),
                        _ => {}
                    }
                }
                clauses.push(ActionClause::Writes {
                    idempotent,
                    expendable,
                    span,
                });
            }
            Rule::timeout => clauses.extend(self.inner_dur(pair).map(ActionClause::Timeout)),
            Rule::failures => {
                clauses.extend(self.failures(pair).into_iter().map(ActionClause::Failure))
            }
            Rule::undo => {
                let (mut action, mut args, mut tolerant) = (None, None, None);
                for p in kids(pair) {
                    match p.as_rule() {
                        Rule::action_ref => action = Some(self.action_ref(&p)),
                        Rule::args => args = Some(self.plain_args(&p)),
                        Rule::tolerant => tolerant = Some(self.span(&p)),
                        _ => {}
                    }
                }
                if let (Some(action), Some(args)) = (action, args) {
                    clauses.push(ActionClause::Undo {
                        action,
                        args,
                        tolerant,
                        span,
                    });
                }
            }
            _ => {
                let (mut action, mut args, mut after, mut lines) = (None, None, None, Vec::new());
                for p in kids(pair) {
                    match p.as_rule() {
                        Rule::action_ref => action = Some(self.action_ref(&p)),
                        Rule::args => args = Some(self.plain_args(&p)),
                        Rule::dur => after = Some(self.dur(&p)),
                        Rule::confirm_line => lines.extend(self.confirm_line(&p)),
                        _ => {}
                    }
                }
                if let (Some(action), Some(args)) = (action, args) {
                    clauses.push(ActionClause::Confirm {
                        action,
                        args,
                        after,
                        lines,
                        span,
                    });
                }
            }
        }
    }

    fn confirm_line(&mut self, pair: &P<'_>) -> Option<ConfirmLine> {
        let (mut happened, mut on, mut when, mut gives) = (false, None, None, None);
        for p in kids(pair) {
            match p.as_rule() {
                Rule::kw_happened => happened = true,
                Rule::word => on = Some(self.ident(&p)),
                Rule::when_cond => when = self.inner_cond(&p),
                Rule::gives => gives = self.gives(&p),
                _ => {}
            }
        }
        Some(ConfirmLine {
            happened,
            on: on?,
            when,
            gives,
            span: self.span(pair),
        })
    }

    pub fn gives(&mut self, pair: &P<'_>) -> Option<crate::syntax::tree::Value> {
        kids(pair)
            .find(|p| p.as_rule() == Rule::value)
            .map(|p| self.plain_value(&p))
    }
}

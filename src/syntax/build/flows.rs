//! Flows and their states.

use super::{Builder, Context, P, first, kids, siblings};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{
    AgentClause, End, EndClass, Flow, FlowItem, Handler, Ident, Literal, LiteralKind, Retry, State,
    StateItem, Step, StepKind,
};

impl Builder<'_> {
    fn to(&self, pair: &P<'_>) -> Option<Ident> {
        kids(pair)
            .find(|p| p.as_rule() == Rule::to)
            .and_then(|p| kids(&p).find(|q| q.as_rule() == Rule::name))
            .map(|p| self.ident(&p))
    }

    pub fn flow(&mut self, pair: &P<'_>) -> Option<Flow> {
        let span = self.span(pair);
        let before = std::mem::replace(&mut self.complete, true);
        let (mut name, mut params, mut items) = (None, Vec::new(), Vec::new());
        for (last, p) in siblings(pair) {
            match p.as_rule() {
                Rule::name => name = Some(self.ident(&p)),
                Rule::params => params = self.params(&p),
                Rule::flow_item => {
                    if let Some(inner) = first(&p) {
                        items.extend(self.flow_item(&inner));
                    }
                }
                Rule::bad_flow_item => {
                    self.broken(&p, Context::Flow, last);
                }
                Rule::close => {
                    if let Some(name) = &name {
                        let (what, at) = (format!("flow `{}`", name.name), name.span);
                        self.close(&p, &what, at);
                    }
                }
                _ => {}
            }
        }
        let complete = self.complete;
        self.complete = before && complete;
        Some(Flow {
            name: name?,
            params,
            items,
            complete,
            span,
        })
    }

    fn flow_item(&mut self, pair: &P<'_>) -> Option<FlowItem> {
        let span = self.span(pair);
        Some(match pair.as_rule() {
            Rule::state => FlowItem::State(self.state(pair)?),
            Rule::handler => FlowItem::Handler(self.handler(pair)?),
            Rule::end => FlowItem::End(self.end(pair)?),
            Rule::start => FlowItem::Start {
                to: self.to(pair)?,
                span,
            },
            Rule::flow_within => FlowItem::Within {
                limit: self.inner_dur(pair)?,
                to: self.to(pair),
                span,
            },
            Rule::expect_rate => {
                let rate = kids(pair).find(|p| p.as_rule() == Rule::rate)?;
                FlowItem::Expect {
                    rate: self.rate(&rate)?,
                }
            }
            Rule::once => FlowItem::Once {
                keys: kids(pair)
                    .filter(|p| p.as_rule() == Rule::word)
                    .map(|p| self.ident(&p))
                    .collect(),
                window: self.inner_dur(pair)?,
                to: self.to(pair)?,
                span,
            },
            _ => {
                let (mut name, mut doc, mut handlers) = (None, None, Vec::new());
                for (last, p) in siblings(pair) {
                    match p.as_rule() {
                        Rule::doc => doc = self.doc(&p),
                        Rule::name => name = Some(self.ident(&p)),
                        Rule::handler => handlers.extend(self.handler(&p)),
                        Rule::bad_handler => {
                            self.broken(&p, Context::Handlers, last);
                        }
                        Rule::close => {
                            if let Some(name) = &name {
                                let (what, at) = (format!("handlers `{}`", name.name), name.span);
                                self.close(&p, &what, at);
                            }
                        }
                        _ => {}
                    }
                }
                FlowItem::Handlers {
                    name: name?,
                    handlers,
                    doc,
                    span,
                }
            }
        })
    }

    fn handler(&mut self, pair: &P<'_>) -> Option<Handler> {
        let (mut outcomes, mut bind, mut when, mut retry) = (Vec::new(), None, None, None);
        for p in kids(pair) {
            match p.as_rule() {
                Rule::word => outcomes.push(self.ident(&p)),
                Rule::bind => bind = self.bind(&p),
                Rule::when_cond => when = self.inner_cond(&p),
                Rule::retry => retry = self.retry(&p),
                _ => {}
            }
        }
        Some(Handler {
            outcomes,
            bind,
            when,
            retry,
            to: self.to(pair)?,
            span: self.span(pair),
        })
    }

    fn bind(&self, pair: &P<'_>) -> Option<Ident> {
        kids(pair)
            .find(|p| p.as_rule() == Rule::name)
            .map(|p| self.ident(&p))
    }

    fn retry(&mut self, pair: &P<'_>) -> Option<Retry> {
        let (mut count, mut waits) = (None, Vec::new());
        for p in kids(pair) {
            match p.as_rule() {
                Rule::int => count = Some(self.int(&p)),
                Rule::dur => waits.push(self.dur(&p)),
                _ => {}
            }
        }
        let cap = waits.pop();
        let first = waits.pop();
        Some(Retry {
            count: count?,
            backoff: first.zip(cap),
            span: self.span(pair),
        })
    }

    fn state(&mut self, pair: &P<'_>) -> Option<State> {
        let span = self.span(pair);
        let before = std::mem::replace(&mut self.complete, true);
        let (mut doc, mut name, mut items) = (None, None, Vec::new());
        for (last, p) in siblings(pair) {
            match p.as_rule() {
                Rule::doc => doc = self.doc(&p),
                Rule::name => name = Some(self.ident(&p)),
                Rule::state_item => {
                    if let Some(inner) = first(&p) {
                        items.extend(self.state_item(&inner));
                    }
                }
                Rule::bad_state_item => {
                    self.broken(&p, Context::State, last);
                }
                Rule::close => {
                    if let Some(name) = &name {
                        let (what, at) = (format!("state `{}`", name.name), name.span);
                        self.close(&p, &what, at);
                    }
                }
                _ => {}
            }
        }
        let complete = self.complete;
        self.complete = before && complete;
        Some(State {
            doc,
            name: name?,
            items,
            span,
            complete,
        })
    }

    fn state_item(&mut self, pair: &P<'_>) -> Option<StateItem> {
        let span = self.span(pair);
        let name = || kids(pair).find(|p| p.as_rule() == Rule::name);
        Some(match pair.as_rule() {
            Rule::handler => StateItem::Handler(self.handler(pair)?),
            Rule::step => StateItem::Step(Step {
                kind: self.step(&first(pair)?)?,
                span,
            }),
            Rule::when_to => StateItem::When {
                cond: self.inner_cond(pair)?,
                to: self.to(pair)?,
                span,
            },
            Rule::otherwise => StateItem::Otherwise {
                to: self.to(pair)?,
                span,
            },
            Rule::visits => {
                let count = kids(pair).find(|p| p.as_rule() == Rule::int)?;
                StateItem::Visits {
                    count: self.int(&count),
                    to: self.to(pair)?,
                    span,
                }
            }
            Rule::use_handlers => StateItem::Use(self.ident(&name()?)),
            _ => StateItem::Ignore {
                events: kids(pair)
                    .filter(|p| p.as_rule() == Rule::name)
                    .map(|p| self.ident(&p))
                    .collect(),
                span,
            },
        })
    }

    fn step(&mut self, pair: &P<'_>) -> Option<StepKind> {
        let span = self.span(pair);
        let find = |rule: Rule| kids(pair).find(|p| p.as_rule() == rule);
        let bind = find(Rule::bind).and_then(|p| self.bind(&p));
        Some(match pair.as_rule() {
            Rule::step_do => StepKind::Do {
                action: self.action_ref(&find(Rule::act)?),
                args: self.args(&find(Rule::args)?),
                bind,
            },
            Rule::step_agent => {
                let (mut given, mut clauses) = (Vec::new(), Vec::new());
                for (last, p) in siblings(pair) {
                    match p.as_rule() {
                        Rule::agent_given => {
                            given = kids(&p)
                                .filter(|q| q.as_rule() == Rule::value)
                                .map(|q| self.plain_value(&q))
                                .collect();
                        }
                        Rule::agent_clause => {
                            clauses.extend(first(&p).and_then(|q| self.agent_clause(&q)))
                        }
                        Rule::bad_agent_clause => {
                            self.broken(&p, Context::Agent, last);
                        }
                        Rule::close => self.close(&p, "`agent`", span.at_start()),
                        _ => {}
                    }
                }
                StepKind::Agent { given, clauses }
            }
            Rule::step_ask => {
                let mut names = kids(pair).filter(|p| p.as_rule() == Rule::name);
                let (role, bind) = (names.next()?, names.next()?);
                let text = find(Rule::str)?;
                StepKind::Ask {
                    role: self.ident(&role),
                    text: Literal {
                        span: self.span(&text),
                        kind: LiteralKind::Str(self.str_parts(&text)),
                    },
                    bind: self.ident(&bind),
                    ty: self.type_expr(&find(Rule::type_expr)?),
                    within: find(Rule::within).and_then(|p| self.inner_dur(&p)),
                }
            }
            Rule::step_choose => StepKind::Choose,
            Rule::step_settle => StepKind::Settle {
                action: self.action_ref(&find(Rule::act)?),
                bind,
            },
            Rule::step_unwind => StepKind::Unwind {
                actions: kids(pair)
                    .filter(|p| p.as_rule() == Rule::act)
                    .map(|p| self.action_ref(&p))
                    .collect(),
            },
            _ => StepKind::Run {
                flow: self.ident(&find(Rule::name)?),
                args: self.args(&find(Rule::args)?),
                bind,
            },
        })
    }

    fn agent_clause(&mut self, pair: &P<'_>) -> Option<AgentClause> {
        let find = |rule: Rule| kids(pair).find(|p| p.as_rule() == rule);
        Some(match pair.as_rule() {
            Rule::may => AgentClause::May(self.targets(&find(Rule::targets)?)),
            Rule::agent_calls => AgentClause::Calls(self.int(&find(Rule::int)?)),
            Rule::within => AgentClause::Within(self.inner_dur(pair)?),
            _ => AgentClause::Outcome {
                name: self.ident(&find(Rule::name)?),
                ty: find(Rule::type_expr).map(|p| self.type_expr(&p)),
                doc: find(Rule::doc).and_then(|p| self.doc(&p)),
            },
        })
    }

    fn end(&mut self, pair: &P<'_>) -> Option<End> {
        let (mut doc, mut name, mut class) = (None, None, EndClass::Success);
        let (mut gives, mut keeps, mut leaves) = (None, Vec::new(), Vec::new());
        for p in kids(pair) {
            let span = self.span(&p);
            match p.as_rule() {
                Rule::doc => doc = self.doc(&p),
                Rule::name => name = Some(self.ident(&p)),
                Rule::end_class => {
                    class = match p.as_str() {
                        "success" => EndClass::Success,
                        "fallback" => EndClass::Fallback,
                        _ => EndClass::Failure,
                    }
                }
                Rule::gives => {
                    if let Some(v) = self.gives(&p) {
                        self.once(&mut gives, v, span, "gives");
                    }
                }
                Rule::keeps | Rule::leaves => {
                    if let Some(t) = kids(&p).find(|q| q.as_rule() == Rule::targets) {
                        let targets = self.targets(&t);
                        if p.as_rule() == Rule::keeps {
                            keeps.push(targets);
                        } else {
                            leaves.push(targets);
                        }
                    }
                }
                _ => {}
            }
        }
        Some(End {
            doc,
            name: name?,
            class,
            gives,
            keeps,
            leaves,
            span: self.span(pair),
        })
    }
}

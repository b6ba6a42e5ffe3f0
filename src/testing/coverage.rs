//! What tests reach of a policy: rules, verdicts, states, transitions, retries, ends.
//!
//! It is read off the records of the tests' steps, so it counts what was really decided and passed.

use crate::runtime::{Position, Record, Trace};
use crate::table::Table;
use crate::table::format::{EventEdge, Flow, Step, Target, VerdictKind};
use std::collections::BTreeMap;

/// Something that tests can reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Item {
    /// A rule has decided.
    Rule {
        rule: String,
    },
    /// A gate has said so: a leaf, by its verdict and its rule.
    Verdict {
        action: String,
        verdict: &'static str,
        rule: String,
    },
    State {
        flow: String,
        state: String,
    },
    /// An edge was taken. Without a state it belongs to the flow: an event's, a deadline's.
    Transition {
        flow: String,
        state: String,
        outcome: String,
        to: String,
    },
    /// A further attempt was made after an outcome.
    Retry {
        flow: String,
        state: String,
        outcome: String,
    },
    End {
        flow: String,
        end: String,
    },
}

impl Item {
    /// The kind, as a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rule { .. } => "rule",
            Self::Verdict { .. } => "verdict",
            Self::State { .. } => "state",
            Self::Transition { .. } => "transition",
            Self::Retry { .. } => "retry",
            Self::End { .. } => "end",
        }
    }
}

/// All kinds, in the order in which they are shown.
pub const KINDS: [&str; 6] = ["rule", "verdict", "state", "transition", "retry", "end"];

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rule { rule } => f.write_str(rule),
            Self::Verdict {
                action,
                verdict,
                rule,
            } => write!(f, "{action}: {verdict} {rule}"),
            Self::State { flow, state } => write!(f, "{flow}: {state}"),
            Self::Transition {
                flow,
                state,
                outcome,
                to,
            } if state.is_empty() => write!(f, "{flow}: {outcome} -> {to}"),
            Self::Transition {
                flow,
                state,
                outcome,
                to,
            } => write!(f, "{flow}: {state}, {outcome} -> {to}"),
            Self::Retry {
                flow,
                state,
                outcome,
            } => write!(f, "{flow}: {state}, {outcome}"),
            Self::End { flow, end } => write!(f, "{flow}: {end}"),
        }
    }
}

/// How often each thing was reached.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    items: BTreeMap<Item, u64>,
}

/// The outcome under which a `choose` takes its edge.
const CHOSEN: &str = "chosen";

impl Coverage {
    /// All that there is in a table, nothing of it reached.
    #[must_use]
    pub fn of(table: &Table) -> Self {
        let body = table.body();
        let mut made = Self::default();
        for rule in &body.rules {
            let rule = rule.name.clone();
            made.expect(Item::Rule { rule });
        }
        for action in &body.actions {
            for verdict in &action.verdicts {
                let rule = verdict.rule.and_then(|r| body.rules.get(r as usize));
                made.expect(Item::Verdict {
                    action: action.name.clone(),
                    verdict: match verdict.verdict {
                        VerdictKind::Deny => "deny",
                        VerdictKind::Escalate => "escalate",
                        VerdictKind::Allow => "allow",
                    },
                    rule: rule.map_or_else(|| "no_rule".to_owned(), |r| r.name.clone()),
                });
            }
            for used in &action.limits {
                let limit = body.limits.get(used.limit as usize);
                let Some(rule) = limit.and_then(|l| body.rules.get(l.rule as usize)) else {
                    continue;
                };
                made.expect(Item::Verdict {
                    action: action.name.clone(),
                    verdict: "limited",
                    rule: rule.name.clone(),
                });
            }
        }
        for flow in &body.flows {
            made.expect_flow(table, flow);
        }
        made
    }

    fn expect(&mut self, item: Item) {
        self.items.entry(item).or_insert(0);
    }

    fn expect_flow(&mut self, table: &Table, flow: &Flow) {
        let name = || flow.name.clone();
        for end in &flow.ends {
            let end = end.name.clone();
            self.expect(Item::End { flow: name(), end });
        }
        for scope in &flow.scopes {
            self.expect_events(table, flow, &scope.events);
            if let Some(to) = scope.within.as_ref().and_then(|w| w.to.as_ref()) {
                let of = if scope.name.is_empty() {
                    &scope.flow
                } else {
                    &scope.name
                };
                self.expect_edge(flow, "", &format!("within {of}"), to);
            }
        }
        if let Some(once) = &flow.once {
            self.expect_edge(flow, "", "duplicate", &once.to);
        }
        for state in &flow.states {
            self.expect(Item::State {
                flow: name(),
                state: state.name.clone(),
            });
            self.expect_events(table, flow, &state.events);
            if let Some(visits) = &state.visits {
                self.expect_edge(flow, &state.name, "visits", &visits.to);
            }
            if let Step::Choose {
                branches,
                otherwise,
            } = &state.step
            {
                for to in branches.iter().map(|b| &b.to).chain(otherwise) {
                    self.expect_edge(flow, &state.name, CHOSEN, to);
                }
            }
            for handler in &state.handlers {
                self.expect_edge(flow, &state.name, &handler.outcome, &handler.to);
                if handler.retry.is_some() {
                    self.expect(Item::Retry {
                        flow: name(),
                        state: state.name.clone(),
                        outcome: handler.outcome.clone(),
                    });
                }
            }
        }
    }

    fn expect_events(&mut self, table: &Table, flow: &Flow, edges: &[EventEdge]) {
        for edge in edges {
            let event = table.body().events.get(edge.event as usize);
            if let (Some(event), Some(to)) = (event, &edge.to) {
                self.expect_edge(flow, "", &format!("event {}", event.name), to);
            }
        }
    }

    fn expect_edge(&mut self, flow: &Flow, state: &str, outcome: &str, to: &Target) {
        let state_name = |index: u32| {
            let state = flow.states.get(index as usize);
            state.map(|s| s.name.clone()).unwrap_or_default()
        };
        let to = match to {
            Target::State { index } => state_name(*index),
            Target::End { index } => {
                let end = flow.ends.get(*index as usize);
                format!("end {}", end.map_or("", |e| e.name.as_str()))
            }
            Target::Return { state, outcome, .. } => {
                format!("{}, {outcome}", state_name(*state))
            }
        };
        self.expect(Item::Transition {
            flow: flow.name.clone(),
            state: state.to_owned(),
            outcome: outcome.to_owned(),
            to,
        });
    }

    /// Counts what a step has reached.
    pub fn add(&mut self, table: &Table, record: &Record) {
        let flow = match &record.position {
            Position::State { flow, .. } | Position::End { flow, .. } => flow.as_str(),
            Position::Gate {} => "",
        };
        let chooses = |state: &str| {
            let found = table
                .flow(flow)
                .and_then(|f| f.states.iter().find(|s| s.name == state));
            found.is_some_and(|s| matches!(s.step, Step::Choose { .. }))
        };
        // The edge that is being taken: from which state, with which outcome.
        let mut from: Option<(String, String)> = None;
        for trace in &record.trace {
            match trace {
                Trace::Decided {
                    action, verdict, ..
                } => {
                    let rule = verdict.rule.clone().unwrap_or_default();
                    self.reach(&Item::Verdict {
                        action: action.clone(),
                        verdict: verdict.verdict.word(),
                        rule: rule.clone(),
                    });
                    self.reach(&Item::Rule { rule });
                }
                Trace::Entered { state, .. } => {
                    self.arrive(flow, from.take(), state.clone());
                    self.reach(&Item::State {
                        flow: flow.to_owned(),
                        state: state.clone(),
                    });
                    from = chooses(state).then(|| (state.clone(), CHOSEN.to_owned()));
                }
                Trace::Outcome { state, outcome, .. } => {
                    self.arrive(flow, from.take(), format!("{state}, {outcome}"));
                    from = Some((state.clone(), outcome.clone()));
                }
                Trace::Ended { end, .. } => {
                    self.arrive(flow, from.take(), format!("end {end}"));
                    self.reach(&Item::End {
                        flow: flow.to_owned(),
                        end: end.clone(),
                    });
                }
                Trace::Retry { state, .. } => {
                    if let Some((_, outcome)) = from.take() {
                        self.reach(&Item::Retry {
                            flow: flow.to_owned(),
                            state: state.clone(),
                            outcome,
                        });
                    }
                }
                Trace::TooOften { state } => from = Some((state.clone(), "visits".to_owned())),
                Trace::Event {
                    event,
                    effect: crate::runtime::record::EventEffect::Taken,
                } => from = Some((String::new(), format!("event {event}"))),
                Trace::Deadline { scope } => {
                    from = Some((String::new(), format!("within {scope}")));
                }
                Trace::Duplicate {} => from = Some((String::new(), "duplicate".to_owned())),
                _ => {}
            }
        }
    }

    fn arrive(&mut self, flow: &str, from: Option<(String, String)>, to: String) {
        if let Some((state, outcome)) = from {
            self.reach(&Item::Transition {
                flow: flow.to_owned(),
                state,
                outcome,
                to,
            });
        }
    }

    fn reach(&mut self, item: &Item) {
        if let Some(n) = self.items.get_mut(item) {
            *n = n.saturating_add(1);
        }
    }

    /// Everything, with how often it was reached.
    pub fn items(&self) -> impl Iterator<Item = (&Item, u64)> {
        self.items.iter().map(|(item, n)| (item, *n))
    }

    /// How much of a kind was reached, and how much there is; of all without a kind.
    #[must_use]
    pub fn reached(&self, kind: Option<&str>) -> (usize, usize) {
        let of = self
            .items()
            .filter(|(i, _)| kind.is_none_or(|k| i.kind() == k));
        of.fold((0, 0), |(reached, all), (_, n)| {
            (reached + usize::from(n > 0), all + 1)
        })
    }
}

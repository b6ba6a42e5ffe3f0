//! All scenarios of all flows.

use super::fault::{Fault, down, refuses, way_name, ways};
use super::outlook::{Outlook, outlook};
use crate::flow::budget::cost::Costs;
use crate::flow::graph::{Happened, How};
use crate::flow::picture::{Picture, StateAt};
use crate::flow::words::Words;
use crate::model::{ActionId, EventId, FlowId, IntegrationId, OutcomeKind, Policy, StateId, Step};
use crate::syntax::tree::EndClass;
use std::collections::BTreeSet;

/// What goes wrong in a row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Subject {
    /// Nothing does.
    Nothing,
    Down(IntegrationId),
    Action(ActionId),
    /// The agent or the question of a state.
    Step(StateAt),
    Event(EventId),
    /// The deadline of a run.
    Deadline(u32),
}

/// What a reviewer should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// No success is possible any more, where it was without the fault.
    NoSuccess,
    /// A failure end can be reached.
    FailureEnd,
    /// Every end is a failure: whoever waits is left with nothing.
    OnlyFailure,
    /// A write can be left in doubt.
    Unsettled,
    /// A write can be left standing at an end that isn't a success.
    Standing,
}

impl Concern {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::NoSuccess,
        Self::FailureEnd,
        Self::OnlyFailure,
        Self::Unsettled,
        Self::Standing,
    ];

    /// Its word on the command line and in data.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoSuccess => "no-success",
            Self::FailureEnd => "failure-end",
            Self::OnlyFailure => "only-failure",
            Self::Unsettled => "unsettled",
            Self::Standing => "standing",
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What goes wrong.
    pub subject: Subject,
    /// In which of these ways, each with the same result; by name.
    pub ways: Vec<String>,
    /// What it can come to.
    pub outlook: Outlook,
    /// What to look at.
    pub concerns: Vec<Concern>,
}

/// The rows of one flow, the first one without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The flow.
    pub flow: FlowId,
    /// Its rows.
    pub rows: Vec<Row>,
    /// Actions that the flow can call in no scenario, though its states name them.
    pub never: Vec<ActionId>,
}

/// The matrix of a flow; none if its picture isn't whole, or nothing in it ends.
#[must_use]
pub fn matrix(policy: &Policy, picture: &Picture) -> Option<Matrix> {
    if !picture.whole {
        return None;
    }
    let costs = Costs::new(policy, picture);
    let well = outlook(policy, picture, &costs, &[])?;
    let success = well.can(EndClass::Success);
    let mut made = Made {
        policy,
        picture,
        costs,
        success,
        rows: vec![Row {
            subject: Subject::Nothing,
            ways: Vec::new(),
            concerns: concerns(&well, true, success),
            outlook: well,
        }],
    };
    let used = used(policy, picture);
    let mut never = Vec::new();
    for (integration, id) in policy.integrations.iter().zip(0..) {
        let actions: Vec<ActionId> = integration
            .actions
            .iter()
            .copied()
            .filter(|a| used.iter().any(|(b, _)| a == b))
            .collect();
        if actions.is_empty() {
            continue;
        }
        let id = IntegrationId(id);
        made.row(
            Subject::Down(id),
            vec![("down".to_string(), down(policy, id))],
        );
        for action in actions {
            let before = made.rows.len();
            made.action(action, &used);
            if made.rows.len() == before {
                never.push(action);
            }
        }
    }
    made.steps();
    for (event, id) in policy.events.iter().zip(0..) {
        let id = EventId(id);
        let fault = Fault::Event(id, None);
        made.row(Subject::Event(id), vec![(event.name.clone(), fault)]);
    }
    for (_, run) in picture.inlined.runs.iter().zip(0..) {
        let fault = Fault::Deadline(run);
        made.row(Subject::Deadline(run), vec![("reached".to_string(), fault)]);
    }
    Some(Matrix {
        flow: picture.flow,
        rows: made.rows,
        never,
    })
}

struct Made<'p> {
    policy: &'p Policy,
    picture: &'p Picture,
    costs: Costs<'p>,
    success: bool,
    rows: Vec<Row>,
}

impl Made<'_> {
    /// Adds the rows of a subject: ways with the same result share one.
    fn row(&mut self, subject: Subject, ways: Vec<(String, Fault)>) {
        let first = self.rows.len();
        for (name, fault) in ways {
            let seen = outlook(self.policy, self.picture, &self.costs, &[fault]);
            let Some(outlook) = seen else {
                continue;
            };
            let same = self.rows.iter_mut().skip(first);
            match same.into_iter().find(|r| r.outlook == outlook) {
                Some(row) => row.ways.push(name),
                None => self.rows.push(Row {
                    subject: subject.clone(),
                    ways: vec![name],
                    concerns: concerns(&outlook, false, self.success),
                    outlook,
                }),
            }
        }
    }

    fn action(&mut self, action: ActionId, used: &BTreeSet<(ActionId, Option<OutcomeKind>)>) {
        let possible =
            |kind: &OutcomeKind| !refuses(*kind) || used.contains(&(action, Some(*kind)));
        let ways = ways(self.policy, action)
            .into_iter()
            .filter(possible)
            .map(|kind| {
                let fault = Fault::Calls(BTreeSet::from([(action, kind)]));
                (way_name(self.policy, action, kind), fault)
            })
            .collect();
        self.row(Subject::Action(action), ways);
    }

    /// What agents and people can come back with.
    fn steps(&mut self) {
        let (policy, picture) = (self.policy, self.picture);
        let words = Words {
            policy,
            inlined: &picture.inlined,
        };
        for (run, id) in picture.inlined.runs.iter().zip(0..) {
            let flow = policy.flows.get(run.flow.index());
            for (state, number) in flow.iter().flat_map(|f| &f.states).zip(0..) {
                if !matches!(state.step, Step::Agent(_) | Step::Ask { .. }) {
                    continue;
                }
                let at = (id, StateId(number));
                let bad =
                    state.outcomes.iter().zip(0..).filter(|(o, _)| {
                        !matches!(o.kind, OutcomeKind::Agent | OutcomeKind::Answered)
                    });
                let ways = bad
                    .map(|(o, i)| (o.name.clone(), Fault::Step(at, i)))
                    .collect();
                if words.state(at).is_some() {
                    self.row(Subject::Step(at), ways);
                }
            }
        }
    }
}

/// The actions that the flow calls, and the refusals that they meet in `do` states.
fn used(policy: &Policy, picture: &Picture) -> BTreeSet<(ActionId, Option<OutcomeKind>)> {
    let graph = &picture.graph;
    let words = Words {
        policy,
        inlined: &picture.inlined,
    };
    let mut used = BTreeSet::new();
    for label in graph.labels() {
        for happened in label {
            match happened {
                Happened::Outcome { calls, .. } => {
                    for made in graph.calls(*calls) {
                        used.insert((made.action, None));
                    }
                }
                Happened::Proposed(made) => {
                    used.insert((made.action, None));
                }
                _ => {}
            }
        }
    }
    // Refusals are told by the outcome, not by the call.
    let refused: Vec<_> = graph
        .labels()
        .filter_map(|label| match label.first() {
            Some(Happened::Outcome {
                at, outcome, calls, ..
            }) => {
                let made = graph.calls(*calls);
                let [one] = made else { return None };
                (one.how == How::Refused).then_some((one.action, *at, *outcome))
            }
            _ => None,
        })
        .collect();
    for (action, at, outcome) in refused {
        let state = words.state(at);
        let found = state.and_then(|s| s.outcomes.get(outcome as usize));
        used.extend(found.map(|o| (action, Some(o.kind))));
    }
    used
}

fn concerns(outlook: &Outlook, well: bool, success: bool) -> Vec<Concern> {
    let holds = |concern: &Concern| match concern {
        Concern::NoSuccess => !well && success && !outlook.can(EndClass::Success),
        Concern::FailureEnd => outlook.can(EndClass::Failure),
        Concern::OnlyFailure => outlook.only_failure(),
        Concern::Unsettled => !outlook.unsettled().is_empty(),
        Concern::Standing => !outlook.left_standing().is_empty(),
    };
    Concern::ALL.into_iter().filter(holds).collect()
}

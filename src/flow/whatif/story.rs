//! One scenario, told step by step, as a person would tell it.

use super::fault::Fault;
use super::outlook::{EndSeen, Seen, When, look, outlook};
use crate::flow::budget::cost::Costs;
use crate::flow::budget::time::walk;
use crate::flow::budget::words::exactly;
use crate::flow::graph::{Happened, Hop, How, Made};
use crate::flow::picture::Picture;
use crate::model::{ActionId, OutcomeKind, Policy, Step};
use crate::syntax::tree::FailureKind;
use std::collections::{BTreeMap, VecDeque};

/// A step of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// By then at the latest, in milliseconds since the start; none if nothing bounds it.
    pub by_ms: Option<i64>,
    /// The state, by its full name.
    pub state: String,
    /// What happens, in sentences.
    pub text: String,
}

/// A way that a scenario can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// When the scenario can come about.
    pub when: When,
    /// The end, with the worst that any way there takes and leaves.
    pub end: EndSeen,
    /// The shortest way there.
    pub steps: Vec<Told>,
    /// Calls made on it, agents' own aside.
    pub calls: usize,
}

/// The stories of a scenario, one for every end that it can come to: the worst first. Empty if it
/// cannot come about in the flow.
#[must_use]
pub fn stories(policy: &Policy, picture: &Picture, faults: &[Fault]) -> Vec<Story> {
    let costs = Costs::new(policy, picture);
    let Some(seen) = look(policy, picture, &costs, faults) else {
        return Vec::new();
    };
    let Some(outlook) = outlook(policy, picture, &costs, faults) else {
        return Vec::new();
    };
    let by = shortest(&seen);
    let mut all: Vec<Story> = outlook
        .ends
        .into_iter()
        .filter_map(|end| {
            let at_end = seen.ends.iter().filter(|s| {
                let node = seen.web.at(**s).and_then(|s| picture.graph.node(s.node));
                node.and_then(|n| n.end) == Some(end.end)
            });
            let ways = at_end.filter_map(|s| back(&seen, &by, *s));
            let way = ways.min_by_key(|way| (way.len(), way.clone()))?;
            Some(told(policy, &costs, outlook.when, end, &way))
        })
        .collect();
    all.sort_by_key(|s| (std::cmp::Reverse(s.end.class), s.steps.len(), s.end.end));
    all
}

/// The thread by which each spot is reached first.
fn shortest(seen: &Seen) -> BTreeMap<u32, usize> {
    let mut by = BTreeMap::new();
    let mut open = VecDeque::from([0_u32]);
    while let Some(spot) = open.pop_front() {
        for index in seen.web.from(spot) {
            let Some(thread) = seen.web.threads().get(index) else {
                continue;
            };
            if seen.times.too_late(index) || thread.to == 0 || by.contains_key(&thread.to) {
                continue;
            }
            by.insert(thread.to, index);
            open.push_back(thread.to);
        }
    }
    by
}

/// The hops of the way to a spot.
fn back(seen: &Seen, by: &BTreeMap<u32, usize>, to: u32) -> Option<Vec<u32>> {
    let mut way = Vec::new();
    let mut at = to;
    while at != 0 {
        let thread = seen.web.threads().get(*by.get(&at)?)?;
        way.push(thread.hop);
        at = thread.from;
    }
    way.reverse();
    Some(way)
}

fn told(policy: &Policy, costs: &Costs<'_>, when: When, end: EndSeen, way: &[u32]) -> Story {
    let teller = Teller { policy, costs };
    let walked = walk(costs, way);
    let mut steps = Vec::new();
    let mut calls = 0;
    for (i, index) in way.iter().enumerate() {
        let Some(hop) = costs.graph().hops().get(*index as usize).copied() else {
            continue;
        };
        calls += usize::try_from(costs.calls(hop, &|_| true)).unwrap_or(0);
        let by_ms = walked.hops.get(i).map(|(_, at)| *at);
        let text = teller.hop(hop);
        let place = costs.graph().node(hop.from).map(|n| n.config.place);
        let state = place.map(|p| costs.words().name(p)).unwrap_or_default();
        steps.push(Told {
            by_ms: by_ms.filter(|t| *t < crate::flow::budget::cost::FOREVER),
            state,
            text,
        });
    }
    Story {
        when,
        end,
        steps,
        calls,
    }
}

struct Teller<'t> {
    policy: &'t Policy,
    costs: &'t Costs<'t>,
}

impl Teller<'_> {
    fn hop(&self, hop: Hop) -> String {
        let label = self.costs.graph().label(hop);
        let mut parts = Vec::new();
        for (i, happened) in label.iter().enumerate() {
            parts.extend(self.happened(*happened, i == 0));
        }
        parts.join(" ")
    }

    fn happened(&self, happened: Happened, first: bool) -> Option<String> {
        let words = self.costs.words();
        Some(match happened {
            Happened::Outcome {
                at, outcome, calls, ..
            } => {
                let state = words.state(at)?;
                let kind = state.outcomes.get(outcome as usize)?.kind;
                let name = &state.outcomes.get(outcome as usize)?.name;
                match &state.step {
                    Step::Do(step) => self.call(step.action, kind),
                    Step::Agent(step) => {
                        let within = step.within_ms.map(|(ms, _)| exactly(ms));
                        let bounds = match (step.calls, within) {
                            (Some((calls, _)), Some(within)) => {
                                format!(" (up to {calls} calls, {within})")
                            }
                            _ => String::new(),
                        };
                        match kind {
                            OutcomeKind::Stuck => format!("The AI acts{bounds} and gives up."),
                            OutcomeKind::Exhausted => {
                                format!(
                                    "The AI acts{bounds} until its calls or its time are used up."
                                )
                            }
                            OutcomeKind::Malformed => {
                                format!("The AI acts{bounds} and comes back with nonsense.")
                            }
                            _ => format!("The AI acts{bounds} and comes back with `{name}`."),
                        }
                    }
                    Step::Ask { role, .. } => {
                        let role = self.policy.roles.get(role.index());
                        let role = role.map_or("", |r| r.name.as_str());
                        match kind {
                            OutcomeKind::NoAnswer => {
                                format!("`{role}` is asked and does not answer in time.")
                            }
                            OutcomeKind::Unclear => {
                                format!("`{role}` is asked; the answer is not understood.")
                            }
                            OutcomeKind::Unreachable => format!("`{role}` cannot be reached."),
                            _ => format!("`{role}` is asked and answers."),
                        }
                    }
                    Step::Settle { action, .. } => {
                        let asked = self.inside(calls);
                        let name = &self.policy.action(*action).full_name;
                        let found = match kind {
                            OutcomeKind::Happened => "it has happened",
                            OutcomeKind::Absent => "it has not happened",
                            _ => "it stays unknown",
                        };
                        if asked.is_empty() {
                            format!("What became of {name} is known: {found}.")
                        } else {
                            format!("What became of {name} is looked up: {asked}; {found}.")
                        }
                    }
                    Step::Unwind { .. } => {
                        let made = self.inside(calls);
                        let done = if kind == OutcomeKind::Clean {
                            "all is undone"
                        } else {
                            "not everything could be undone"
                        };
                        if made.is_empty() {
                            format!("There is nothing to undo: {done}.")
                        } else {
                            format!("What stands is undone: {made}; {done}.")
                        }
                    }
                    Step::Run { .. } if !first => format!("The inner flow has ended: `{name}`."),
                    _ => format!("It comes to `{name}`."),
                }
            }
            Happened::Again {
                at,
                handler,
                attempt,
            } => {
                let wait = self.costs.wait(at, handler, u64::from(attempt));
                if wait > 0 {
                    format!("It waits up to {} and tries again.", exactly(wait))
                } else {
                    "It tries again at once.".to_string()
                }
            }
            Happened::Branch(Some(_)) => "It looks at where things stand, and chooses.".to_string(),
            Happened::Branch(None) => "None of its conditions holds.".to_string(),
            Happened::Starts => "An inner flow starts.".to_string(),
            Happened::TooOften(at, entry) => {
                format!(
                    "`{}` was entered {} times already.",
                    words.name(at),
                    entry - 1
                )
            }
            Happened::Event(event) => {
                let event = self.policy.events.get(event as usize)?;
                if first {
                    format!("The event `{}` comes.", event.name)
                } else {
                    format!("The event `{}` has come meanwhile.", event.name)
                }
            }
            Happened::Deadline(run) => {
                let flow = words.inlined.runs.get(run as usize)?.flow;
                let within = self.policy.flows.get(flow.index())?.within?.0;
                format!("The {} of the flow are over.", exactly(within))
            }
            Happened::Proposed(made) => {
                format!("The AI calls {}.", self.made(made))
            }
            Happened::Start => return None,
        })
    }

    /// What a call of a `do` state comes to.
    fn call(&self, action: ActionId, kind: OutcomeKind) -> String {
        let def = self.policy.action(action);
        let name = &def.full_name;
        let doubt = if def.tracked() {
            " It may have happened."
        } else {
            ""
        };
        match kind {
            OutcomeKind::Ok => format!("{name} succeeds."),
            OutcomeKind::Timeout => {
                let timeout = exactly(def.timeout_ms);
                format!("{name} does not answer within {timeout}.{doubt}")
            }
            OutcomeKind::Malformed => format!("{name} answers with nonsense.{doubt}"),
            OutcomeKind::Failure(i) => {
                let failure = def.failures.get(i as usize);
                let what = failure.map_or("", |f| f.name.as_str());
                let doubt = match failure.map(|f| f.kind) {
                    Some(FailureKind::Indeterminate) => doubt,
                    _ => "",
                };
                format!("{name} fails with `{what}`.{doubt}")
            }
            OutcomeKind::Denied => format!("The gate refuses {name}."),
            OutcomeKind::Limited => format!("A limit on {name} is used up."),
            OutcomeKind::Declined => format!("The approval for {name} is declined."),
            OutcomeKind::Expired => format!("Nobody approves {name} in time."),
            _ => format!("{name} ends."),
        }
    }

    /// Calls inside a step.
    fn inside(&self, calls: u32) -> String {
        let made = self.costs.graph().calls(calls).iter();
        let made: Vec<String> = made.map(|m| self.made(*m)).collect();
        made.join(", ")
    }

    fn made(&self, made: Made) -> String {
        let def = self.policy.action(made.action);
        let name = &def.full_name;
        match made.how {
            How::Ok => format!("{name} succeeds"),
            How::Timeout => format!("{name} does not answer within {}", exactly(def.timeout_ms)),
            How::Malformed => format!("{name} answers with nonsense"),
            How::Failure(i) => {
                let failure = def.failures.get(i as usize).map(|f| f.name.as_str());
                format!("{name} says `{}`", failure.unwrap_or(""))
            }
            How::Refused => format!("the gate refuses {name}"),
        }
    }
}

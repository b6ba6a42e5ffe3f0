//! Handlers of outcomes: what they take, what they bind, and when they try again.

use super::super::{Handler, OutcomeKind, Retry, State, Step};
use super::Checker;
use super::flows::Frame;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{self, Ident};

/// What would take whatever is not named.
const CATCH_ALL: &[&str] = &[
    "any",
    "all",
    "else",
    "default",
    "otherwise",
    "error",
    "errors",
    "failure",
    "fail",
    "failed",
    "other",
    "exception",
    "anything",
];

/// Outcomes as others call them.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("success", "ok"),
    ("succeeded", "ok"),
    ("done", "ok"),
    ("yes", "answered"),
    ("answer", "answered"),
    ("reply", "answered"),
    ("timed_out", "timeout"),
    ("invalid", "malformed"),
    ("bad_reply", "malformed"),
    ("rejected", "declined"),
    ("refused", "denied"),
    ("forbidden", "denied"),
    ("rate_limited", "limited"),
    ("throttled", "limited"),
    ("gave_up", "stuck"),
    ("out_of_calls", "exhausted"),
    ("found", "happened"),
    ("not_found", "absent"),
];

impl<'a> Checker<'a> {
    pub(super) fn handler(
        &mut self,
        node: &'a tree::Handler,
        shared: Option<&str>,
        frame: &Frame<'a>,
        state: &mut State,
    ) {
        let mut outcomes = Vec::new();
        let mut events = Vec::new();
        for name in &node.outcomes {
            if let Some(i) = state.outcomes.iter().position(|o| o.name == name.name) {
                if outcomes.iter().any(|(j, _)| *j == i) {
                    self.error(
                        Code::FW303,
                        format!("`{}` is handled twice in one handler", name.name),
                        name.span,
                        "the second time",
                    );
                    continue;
                }
                outcomes.push((i, name.span));
            } else if let Some(e) = self.policy.events.iter().position(|e| e.name == name.name) {
                self.mark(super::Kind::Event, &name.name);
                events.extend(u32::try_from(e).ok().map(super::super::EventId));
            } else if state.complete && self.undeclared(name, state, shared.is_some()) {
                state.complete = false;
            }
        }
        for event in events {
            if let Some(edge) = self.event_edge(event, node, frame) {
                state.events.push(edge);
            } else {
                state.complete = false;
            }
        }
        if outcomes.is_empty() {
            return;
        }
        let when = match &node.when {
            None => None,
            Some(c) => match self.cond(c, &frame.scope()) {
                Some(c) => Some(c),
                None => {
                    state.complete = false;
                    return;
                }
            },
        };
        let Some(to) = self.goal(&node.to, frame) else {
            state.complete = false;
            return;
        };
        let retry = node.retry.as_ref().and_then(|r| self.retry(r));
        if let Some(retry) = &retry {
            self.hopeless(retry, &outcomes, state);
        }
        state.handlers.push(Handler {
            outcomes,
            bind: node.bind.as_ref().and_then(|b| frame.binding(&b.name)),
            when,
            retry,
            to,
            span: node.span,
            shared: shared.map(str::to_string),
        });
    }

    pub(super) fn retry(&mut self, retry: &'a tree::Retry) -> Option<Retry> {
        let count = self.positive(&retry.count, "retry")?;
        if let Some((first, cap)) = &retry.backoff
            && first.node > cap.node
        {
            self.report(
                Diagnostic::new(
                    Code::FW105,
                    "the first wait is longer than the longest",
                    first.span.to(cap.span),
                    "first..cap",
                )
                .help("put the shorter wait first"),
            );
            return None;
        }
        Some(Retry {
            count,
            backoff_ms: retry.backoff.as_ref().map(|(a, b)| (a.node, b.node)),
            span: retry.span,
        })
    }

    /// A retry of what would only end in the same way again.
    pub(super) fn hopeless(&mut self, retry: &Retry, outcomes: &[(usize, Span)], state: &State) {
        for (index, span) in outcomes {
            let Some(outcome) = state.outcomes.get(*index) else {
                continue;
            };
            let failure = match (&outcome.kind, &state.step) {
                (OutcomeKind::Failure(i), Step::Do(d)) => {
                    self.policy.action(d.action).failures.get(*i as usize)
                }
                _ => None,
            };
            let why = match outcome.kind {
                OutcomeKind::Failure(_)
                    if failure.is_some_and(|f| f.kind == tree::FailureKind::Permanent) =>
                {
                    "It is declared as `permanent`: nothing happened, and a retry won't help."
                }
                OutcomeKind::Ok
                | OutcomeKind::Answered
                | OutcomeKind::Happened
                | OutcomeKind::Absent
                | OutcomeKind::Clean
                | OutcomeKind::End(_)
                | OutcomeKind::Agent => {
                    "It is an answer, not a mishap: there is nothing to repair."
                }
                OutcomeKind::Denied => "The gate would refuse the same call again.",
                OutcomeKind::Declined | OutcomeKind::Expired => {
                    "The approval has been decided: the same call would ask the same person again."
                }
                OutcomeKind::Exhausted => "The bounds of the agent are used up.",
                OutcomeKind::Unreachable => "Whoever cannot be reached cannot be asked again.",
                _ => continue,
            };
            let mut found = Diagnostic::new(
                Code::FW307,
                format!("a retry cannot help after `{}`", outcome.name),
                *span,
                "would end so again",
            )
            .label(retry.span, "retried here");
            if let Some(at) = outcome.span {
                found = found.label(at, "declared here");
            }
            self.report(found.note(why).help(format!(
                "give `{0}` a handler of its own, without `retry`: `on {0} -> …`",
                outcome.name
            )));
        }
    }

    /// Reports a name that is no outcome; says whether it was probably meant to be another one.
    pub(super) fn undeclared(&mut self, name: &'a Ident, state: &State, shared: bool) -> bool {
        self.complete = false;
        if !self.trusted {
            return false;
        }
        // A shared block serves states with different steps: what one of them lacks is judged
        // over all of them, by the flow.
        let known_elsewhere = super::BUILT_IN_OUTCOMES.contains(&name.name.as_str())
            || self
                .policy
                .actions
                .iter()
                .any(|a| a.failures.iter().any(|f| f.name == name.name));
        if shared && known_elsewhere {
            self.complete = true;
            return false;
        }
        let catch_all = CATCH_ALL.contains(&name.name.as_str());
        let other = OTHER_WORDS
            .iter()
            .filter(|(word, _)| *word == name.name)
            .find(|(_, ours)| state.outcomes.iter().any(|o| o.name == *ours))
            .map(|(_, ours)| (0, (*ours).to_string()));
        let near = state
            .outcomes
            .iter()
            .map(|o| o.name.as_str())
            .chain(self.policy.events.iter().map(|e| e.name.as_str()))
            .map(|k| (strsim::damerau_levenshtein(k, &name.name), k.to_string()))
            .filter(|(d, k)| *d <= 1 + k.len() / 4)
            .min()
            .or(other)
            .filter(|_| !catch_all);
        let gates = |k: &OutcomeKind| {
            matches!(
                k,
                OutcomeKind::Denied
                    | OutcomeKind::Limited
                    | OutcomeKind::Declined
                    | OutcomeKind::Expired
            )
        };
        let list: Vec<String> = state
            .outcomes
            .iter()
            .filter(|o| !gates(&o.kind))
            .map(|o| format!("`{}`", o.name))
            .collect();
        let what = match &state.step {
            Step::Do(d) => format!("`{}`", self.policy.action(d.action).full_name),
            _ => format!("state `{}`", state.name),
        };
        let found = Diagnostic::new(
            Code::FW302,
            format!("{what} has no outcome `{}`", name.name),
            name.span,
            "not declared",
        )
        .label(state.step_span, "handled for this");
        if catch_all {
            let list = list.join(", ");
            self.report(
                Diagnostic::new(
                    Code::FW302,
                    format!("no handler takes everything: there is no `on {}`", name.name),
                    name.span,
                    "not declared",
                )
                .label(state.step_span, "handled for this")
                .note("Whoever declares a further failure has to say what happens on it: that is what keeps a policy complete.")
                .help(format!("name the outcomes: they are {list}")),
            );
            return true;
        }
        let meant = near
            .as_ref()
            .is_some_and(|(_, k)| state.outcomes.iter().any(|o| o.name == *k));
        self.report(match near {
            Some((_, k)) => found.did_you_mean(&k),
            None if list.is_empty() => found.help("a `choose` has branches, no outcomes"),
            None => found.help(format!(
                "remove the handler, or declare what the other side can answer; its outcomes are {}",
                list.join(", ")
            )),
        });
        meant
    }
}

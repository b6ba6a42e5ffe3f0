//! Faults: why a step is refused. A refused step moves nothing.

use crate::table::value::Invalid;

/// Why a step, a session or a replay is refused. The session stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The session belongs to another table.
    WrongTable {
        /// The digest that the session names.
        session: String,
        /// The digest of the table in hand.
        table: String,
    },
    /// The session is not one, or was tampered with.
    BadSession {
        /// Where, such as `calls[2].action`.
        at: String,
        /// What is wrong there.
        problem: String,
    },
    /// What was handed in is no request.
    Request {
        /// What is wrong with it.
        problem: String,
    },
    /// The clock runs backwards, or stands outside ±(2⁵³−1) ms.
    Clock {
        /// The time handed in.
        now: i64,
        /// The latest time that the session has seen.
        last: Option<i64>,
    },
    /// An input is missing or outside its type.
    Input(Invalid),
    /// An argument of the flow to start is missing or outside its type.
    Argument(Invalid),
    /// The table has no such flow, event or action.
    Unknown {
        /// `flow`, `event`, `action`.
        what: &'static str,
        /// The name asked for.
        name: String,
    },
    /// A flow starts only in an empty session.
    NotEmpty,
    /// The session has no call with that number.
    NoCall {
        /// The number.
        call: u64,
    },
    /// The call has been answered, or timed out, before.
    CallOver {
        /// The number.
        call: u64,
        /// Its outcome.
        outcome: String,
    },
    /// No agent, or nobody, is asked under that number now.
    NotAsked {
        /// `agent` or `ask`.
        what: &'static str,
        /// The number of the entry.
        entry: u64,
    },
    /// An outcome that cannot be reported.
    Outcome {
        /// The outcome.
        outcome: String,
        /// What can.
        known: String,
    },
    /// No approval of that name waits for an answer.
    NoApproval {
        /// The approval's name.
        approval: String,
        /// What became of it, if there was one.
        status: Option<&'static str>,
    },
    /// Only a call in doubt can be resolved by hand.
    NotUnsettled {
        /// The call's number.
        call: u64,
    },
    /// The result that a call is resolved with is not one of its type.
    Result(Invalid),
    /// The counter store cannot answer.
    Counters {
        /// What it says.
        problem: String,
    },
    /// The table names no handler for what happened. A compiled table always does.
    NoHandler {
        /// The state.
        state: String,
        /// The outcome.
        outcome: String,
    },
    /// The flow goes from state to state without end. A compiled table never does.
    Endless,
    /// The table, or the session, contradicts itself.
    Broken {
        /// What is wrong.
        problem: String,
    },
    /// A record doesn't replay.
    Replay {
        /// Which record, from 0.
        index: usize,
        /// What is different.
        problem: String,
    },
}

/// The result of everything in the runtime that can be refused.
pub type Refusable<T = ()> = Result<T, Fault>;

impl Fault {
    pub(super) fn broken(problem: impl Into<String>) -> Self {
        Self::Broken {
            problem: problem.into(),
        }
    }

    /// A short fixed name, for logs and other programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongTable { .. } => "wrong_table",
            Self::BadSession { .. } => "bad_session",
            Self::Request { .. } => "request",
            Self::Clock { .. } => "clock",
            Self::Input(_) => "input",
            Self::Argument(_) => "argument",
            Self::Unknown { .. } => "unknown",
            Self::NotEmpty => "not_empty",
            Self::NoCall { .. } => "no_call",
            Self::CallOver { .. } => "call_over",
            Self::NotAsked { .. } => "not_asked",
            Self::Outcome { .. } => "outcome",
            Self::NoApproval { .. } => "no_approval",
            Self::NotUnsettled { .. } => "not_unsettled",
            Self::Result(_) => "result",
            Self::Counters { .. } => "counters",
            Self::NoHandler { .. } => "no_handler",
            Self::Endless => "endless",
            Self::Broken { .. } => "broken",
            Self::Replay { .. } => "replay",
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WrongTable { session, table } => write!(
                f,
                "this session belongs to table {session}, but the table in hand is {table}: load \
                 the table that the session was started with"
            ),
            Self::BadSession { at, problem } if at.is_empty() => {
                write!(f, "this is not a session that can be continued: {problem}")
            }
            Self::BadSession { at, problem } => write!(
                f,
                "this is not a session that can be continued: `{at}`: {problem}"
            ),
            Self::Request { problem } => write!(f, "this is no request: {problem}"),
            Self::Clock {
                now,
                last: Some(last),
            } if now < last => write!(
                f,
                "the clock runs backwards: the step is at {now}, but the session has seen {last} \
                 (milliseconds since 1970)"
            ),
            Self::Clock { now, .. } => write!(
                f,
                "{now} is no time: expected milliseconds since 1970 within ±(2^53 − 1)"
            ),
            Self::Input(problem) => write!(f, "the inputs are not valid: {problem}"),
            Self::Argument(problem) => write!(f, "the flow cannot start: {problem}"),
            Self::Unknown { what, name } => write!(f, "the table has no {what} `{name}`"),
            Self::NotEmpty => {
                f.write_str("a flow starts only in an empty session: begin a new session for it")
            }
            Self::NoCall { call } => write!(f, "the session has no call {call}"),
            Self::CallOver { call, outcome } => write!(
                f,
                "call {call} is over with `{outcome}`: a later answer changes nothing"
            ),
            Self::NotAsked { what, entry } => write!(
                f,
                "no {what} with number {entry} is waited for: the flow has gone on, or has not \
                 come there"
            ),
            Self::Outcome { outcome, known } => {
                write!(f, "`{outcome}` cannot be reported here; known are {known}")
            }
            Self::NoApproval {
                approval,
                status: Some(status),
            } => write!(f, "approval `{approval}` no longer waits: it is {status}"),
            Self::NoApproval { approval, .. } => {
                write!(f, "the session has no approval `{approval}`")
            }
            Self::NotUnsettled { call } => write!(
                f,
                "call {call} is not in doubt: only an unsettled call can be resolved by hand"
            ),
            Self::Result(problem) => write!(f, "the result does not fit the action: {problem}"),
            Self::Counters { problem } => {
                write!(
                    f,
                    "the counter store cannot answer: {problem}; nothing was decided"
                )
            }
            Self::NoHandler { state, outcome } => write!(
                f,
                "state `{state}` has no handler for `{outcome}`: the table is not complete"
            ),
            Self::Endless => f.write_str(
                "the flow goes from state to state without end: the table is not bounded",
            ),
            Self::Broken { problem } => write!(f, "the table or the session is broken: {problem}"),
            Self::Replay { index, problem } => {
                write!(f, "record {index} doesn't replay: {problem}")
            }
        }
    }
}

impl std::error::Error for Fault {}

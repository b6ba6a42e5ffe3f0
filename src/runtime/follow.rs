//! Follows a log: decides its records again, one by one, with the table that wrote them or with
//! another.
//!
//! With the same table, every record has to come out the same, byte for byte. With another one, each
//! request is decided *in the history that was*: a call that was made stays made, even if the other
//! table forbids it, and one that wasn't made stays unmade. So every proposal is judged on its own.
//! A flow that takes another way leaves the log there, and what follows says nothing about it.

use super::counters::{Counters, FreeAt, Memory, Want};
use super::engine::{Given, Runtime, Stepped};
use super::fault::Fault;
use super::record::{FORMAT, Record, Trace, VERSION, Values};
use super::replay::{again, difference};
use super::request::Request;
use super::session::Session;
use super::verdict::{Decision, Verdict};
use crate::table::Table;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// It comes out the same.
    Same,
    /// The same verdict for the same rule, in other words.
    Reworded,
    /// It comes out differently.
    Differs(Difference),
    /// It cannot be decided again.
    Left(Left),
}

/// How a record comes out differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Towards what.
    pub turn: Turn,
    /// The action that was proposed, if this is about a verdict.
    pub action: Option<String>,
    /// What the record says, in words.
    pub was: String,
    /// What comes out now.
    pub is: String,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// What was refused would be allowed, or only asked about.
    Looser,
    /// What was allowed would be refused, or asked about.
    Stricter,
    /// Anything else.
    Otherwise,
}

impl Turn {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Looser => "looser",
            Self::Stricter => "stricter",
            Self::Otherwise => "otherwise",
        }
    }
}

/// Why a record cannot be decided again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// What came before it in its session isn't known.
    Beginning,
    /// Its session has left the log at an earlier difference.
    Parted,
    /// Its values were left out or digested.
    Values,
    /// The other table needs inputs that it doesn't have.
    Inputs,
}

impl Left {
    /// Why, as the end of a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Beginning => "what came before them in their sessions is not known",
            Self::Parted => "their sessions went another way before",
            Self::Values => "their values were left out",
            Self::Inputs => "they lack an input that the table needs",
        }
    }
}

/// Follows the sessions of a log.
pub struct Follower<'t> {
    runtime: Runtime<'t>,
    open: Open,
    /// What other tables than the records' own count in.
    counters: Memory,
}

/// A session that is being followed.
struct Course {
    session: Session,
    /// Of the latest record.
    revision: u64,
    /// Whether it has left the log.
    parted: bool,
    /// The approvals' ids: those in the records, and those of this table.
    approvals: BTreeMap<String, String>,
}

impl<'t> Follower<'t> {
    /// Follows at most so many sessions at a time. Where there are more, the one that was used
    /// longest ago is given up.
    #[must_use]
    pub fn new(table: &'t Table, sessions: usize) -> Self {
        Self {
            runtime: Runtime::new(table),
            open: Open::new(sessions.max(1)),
            counters: Memory::new(),
        }
    }

    /// Decides the next record of the log again.
    pub fn follow(&mut self, record: &Record) -> Followed {
        if record.format != FORMAT || record.version != VERSION || record.values != Values::Kept {
            self.open.take(&record.session);
            return Followed::Left(Left::Values);
        }
        let table = self.runtime.table();
        let known = self.open.take(&record.session);
        let mut course = match known {
            _ if record.revision == 1 => Course {
                session: Session::new(table, &record.session),
                revision: 0,
                parted: false,
                approvals: BTreeMap::new(),
            },
            Some(course) if course.revision.saturating_add(1) == record.revision => course,
            _ => return Followed::Left(Left::Beginning),
        };
        let followed = if course.parted {
            Followed::Left(Left::Parted)
        } else if record.table == table.digest() {
            same(table, &mut course, record)
        } else {
            self.otherwise(&mut course, record)
        };
        course.revision = record.revision;
        self.open.put(&record.session, course);
        followed
    }

    /// Decides a record of another table.
    fn otherwise(&mut self, course: &mut Course, record: &Record) -> Followed {
        let inputs = known_inputs(self.runtime.table(), &record.inputs);
        let request = match translated(course, &record.request) {
            Some(request) => request,
            // Here nobody was asked; whether the call was made is what counts.
            None => return self.keep_to(course, record, &inputs, Followed::Same),
        };
        let mut tried = course.session.clone();
        let mut counters = Journal {
            store: &mut self.counters,
            taken: Vec::new(),
        };
        let given = Given {
            now: record.now,
            inputs: &inputs,
            counters: &mut counters,
        };
        let stepped = match self.runtime.step(&mut tried, given, request) {
            Ok(stepped) => stepped,
            Err(Fault::Input(_)) => {
                course.parted = true;
                return Followed::Left(Left::Inputs);
            }
            Err(fault) => {
                course.parted = true;
                return Followed::Differs(Difference {
                    turn: Turn::Otherwise,
                    action: None,
                    was: record
                        .trace
                        .first()
                        .map_or_else(String::new, Trace::to_string),
                    is: format!("refused: {fault}"),
                });
            }
        };
        note_approvals(course, record, &stepped);
        let followed = compare(&record.trace, &stepped.record.trace);
        let in_flow = record_in_flow(record) || tried.run().is_some();
        if in_flow {
            course.parted = matches!(followed, Followed::Differs(_));
            course.session = tried;
            return followed;
        }
        let (was, is) = (calls(&record.trace), calls(&stepped.record.trace));
        if was >= is {
            course.session = tried;
        } else {
            // It wasn't made then: the slots that it took here are given back.
            for (key, at) in counters.taken {
                let _ = self.counters.give_back(&key, at);
            }
        }
        self.keep_to(course, record, &inputs, followed)
    }

    /// Puts the calls that were admitted then, and not here, into the session.
    fn keep_to(
        &mut self,
        course: &mut Course,
        record: &Record,
        inputs: &Map<String, Value>,
        followed: Followed,
    ) -> Followed {
        for (at, trace) in record.trace.iter().enumerate() {
            let Trace::Called { call, action, .. } = trace else {
                continue;
            };
            if (course.session.calls().len() as u64) >= *call {
                continue;
            }
            let decided = record.trace.iter().take(at).rev().find_map(|t| match t {
                Trace::Decided { args, .. } => args.as_object(),
                _ => None,
            });
            let given = Given {
                now: record.now,
                inputs,
                counters: &mut self.counters,
            };
            let made = decided.is_some_and(|args| {
                let made = self
                    .runtime
                    .admit_as_then(&mut course.session, given, action, args);
                made.is_ok()
            });
            // What the other table has no such call for cannot be followed.
            course.parted |= !made;
        }
        followed
    }
}

/// Decides a record of the same table.
fn same(table: &Table, course: &mut Course, record: &Record) -> Followed {
    let different = |was: &str, is: String| {
        Followed::Differs(Difference {
            turn: Turn::Otherwise,
            action: None,
            was: was.to_owned(),
            is,
        })
    };
    let followed = match again(table, &mut course.session, record) {
        Ok(None) => return Followed::Same,
        Ok(Some(now)) => match compare(&record.trace, &now.trace) {
            Followed::Differs(difference) => Followed::Differs(difference),
            _ => different("another record", difference(&now, record)),
        },
        Err(words) => different("a step", format!("refused: {words}")),
    };
    course.parted = true;
    followed
}

/// The inputs that the table knows.
fn known_inputs(table: &Table, inputs: &Map<String, Value>) -> Map<String, Value> {
    let known = |name: &str| table.body().inputs.iter().any(|i| i.wire == name);
    let kept = inputs.iter().filter(|(name, _)| known(name));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The request with this table's approval in the place of the record's; `None` if there is none.
fn translated(course: &Course, request: &Request) -> Option<Request> {
    match request {
        Request::Approve {
            approval,
            granted,
            by,
        } => Some(Request::Approve {
            approval: course.approvals.get(approval)?.clone(),
            granted: *granted,
            by: by.clone(),
        }),
        other => Some(other.clone()),
    }
}

/// Notes which approval asked here stands for which one asked then.
fn note_approvals(course: &mut Course, record: &Record, stepped: &Stepped) {
    let asked = |trace: &Trace| match trace {
        Trace::ApprovalAsked { approval, .. } => Some(approval.clone()),
        _ => None,
    };
    let then = record.trace.iter().filter_map(asked);
    let here = stepped.record.trace.iter().filter_map(asked);
    course.approvals.extend(then.zip(here));
}

fn record_in_flow(record: &Record) -> bool {
    !matches!(record.position, super::record::Position::Gate {})
}

fn calls(trace: &[Trace]) -> usize {
    let called = |t: &&Trace| matches!(t, Trace::Called { .. });
    trace.iter().filter(called).count()
}

/// The first thing that happened otherwise.
fn compare(was: &[Trace], is: &[Trace]) -> Followed {
    let mut reworded = false;
    let pairs = was.len().max(is.len());
    for at in 0..pairs {
        let (then, now) = (was.get(at), is.get(at));
        if let (Some(then), Some(now)) = (then, now) {
            if then == now || unnamed(then) == unnamed(now) {
                continue;
            }
            if unworded(then) == unworded(now) {
                reworded = true;
                continue;
            }
        }
        return Followed::Differs(turned(then, now));
    }
    if reworded {
        return Followed::Reworded;
    }
    Followed::Same
}

fn turned(then: Option<&Trace>, now: Option<&Trace>) -> Difference {
    if let (
        Some(Trace::Decided {
            action,
            verdict: was,
            ..
        }),
        Some(Trace::Decided { verdict: is, .. }),
    ) = (then, now)
    {
        return Difference {
            turn: turn(was, is),
            action: Some(action.clone()),
            was: brief(was),
            is: brief(is),
        };
    }
    let words = |t: Option<&Trace>| t.map_or_else(|| "nothing more".to_owned(), Trace::to_string);
    Difference {
        turn: Turn::Otherwise,
        action: None,
        was: words(then),
        is: words(now),
    }
}

/// Such as `deny big_party`.
fn brief(decision: &Decision) -> String {
    match &decision.rule {
        Some(rule) => format!("{} {rule}", decision.verdict.word()),
        None => decision.verdict.word().to_owned(),
    }
}

fn turn(was: &Decision, is: &Decision) -> Turn {
    let rank = |d: &Decision| match d.verdict {
        Verdict::Deny | Verdict::Limited => 0,
        Verdict::Escalate => 1,
        Verdict::Allow => 2,
    };
    match rank(is).cmp(&rank(was)) {
        std::cmp::Ordering::Greater => Turn::Looser,
        std::cmp::Ordering::Less => Turn::Stricter,
        std::cmp::Ordering::Equal => Turn::Otherwise,
    }
}

/// Without the ids of approvals, which are each table's own.
fn unnamed(trace: &Trace) -> Trace {
    let mut trace = trace.clone();
    match &mut trace {
        Trace::Decided { verdict, .. } => verdict.approval = None,
        Trace::ApprovalAsked { approval, .. } | Trace::Approval { approval, .. } => {
            approval.clear();
        }
        _ => {}
    }
    trace
}

/// Without the words for people and models either.
fn unworded(trace: &Trace) -> Trace {
    let mut trace = unnamed(trace);
    match &mut trace {
        Trace::Decided { verdict, .. } => {
            verdict.reason.clear();
            verdict.again = super::verdict::Again::NotNeeded {};
        }
        Trace::Replied { problem, .. } => *problem = None,
        _ => {}
    }
    trace
}

/// The sessions that are followed, with those used last at hand.
struct Open {
    most: usize,
    clock: u64,
    courses: BTreeMap<String, (u64, Course)>,
    order: BTreeMap<u64, String>,
}

impl Open {
    fn new(most: usize) -> Self {
        Self {
            most,
            clock: 0,
            courses: BTreeMap::new(),
            order: BTreeMap::new(),
        }
    }

    fn take(&mut self, id: &str) -> Option<Course> {
        let (at, course) = self.courses.remove(id)?;
        self.order.remove(&at);
        Some(course)
    }

    fn put(&mut self, id: &str, course: Course) {
        if self.courses.len() >= self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.courses.remove(&oldest);
        }
        self.clock = self.clock.saturating_add(1);
        self.order.insert(self.clock, id.to_owned());
        self.courses.insert(id.to_owned(), (self.clock, course));
    }
}

/// Notes the slots that a step takes.
struct Journal<'a> {
    store: &'a mut Memory,
    taken: Vec<(String, i64)>,
}

impl Counters for Journal<'_> {
    fn peek(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String> {
        self.store.peek(now, wants)
    }

    fn take(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String> {
        let free = self.store.take(now, wants)?;
        if free.iter().all(Option::is_none) {
            self.taken
                .extend(wants.iter().map(|w| (w.key.clone(), now)));
        }
        Ok(free)
    }

    fn give_back(&mut self, key: &str, taken_at: i64) -> Result<(), String> {
        self.store.give_back(key, taken_at)
    }
}

//! One step: a copy of the session is worked on, and becomes the session only if all goes well.

use super::counters::Counters;
use super::directive::{self, Directive};
use super::fault::{Fault, Refusable};
use super::ledger::Ledger;
use super::record::{self, Position, Record, Trace, Values};
use super::request::{Asked, Request};
use super::session::{Point, Session};
use super::situation::Situation;
use super::verdict::Decision;
use crate::table::format::{Action, Body, Flow, Scope, State};
use crate::table::scalar::NUMBER_MAX;
use crate::table::value::{Unknown, normalise_fields};
use crate::table::{Table, canonical};
use serde_json::{Map, Value};

/// States that one step may pass. A compiled flow passes far fewer.
const HOPS_MAX: u32 = 100_000;

/// Runs sessions of one table.
#[derive(Clone, Copy, Debug)]
pub struct Runtime<'t> {
    table: &'t Table,
}

/// What a step depends on besides table, session and request.
pub struct Given<'a> {
    /// Milliseconds since 1970-01-01T00:00:00Z. Never less than in the step before.
    pub now: i64,
    /// The inputs, by wire name.
    pub inputs: &'a Map<String, Value>,
    /// Limits shared with other sessions.
    pub counters: &'a mut dyn Counters,
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepped {
    /// For the log.
    pub record: Record,
    /// The answer to a proposal; after an approval, the proposal's new verdict.
    pub verdict: Option<Decision>,
    /// What the host is newly asked to do. [`Runtime::open`] gives all that is still to be done.
    pub next: Vec<Directive>,
    /// When to tick at the latest, if nothing else happens before.
    pub deadline: Option<i64>,
}

impl<'t> Runtime<'t> {
    /// A runtime for a table.
    #[must_use]
    pub fn new(table: &'t Table) -> Self {
        Self { table }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &'t Table {
        self.table
    }

    /// Takes one step. Persist the session before doing what `next` asks.
    ///
    /// # Errors
    /// If the step is refused: see [`Fault`]. The session and the counters are then as before.
    pub fn step(
        &self,
        session: &mut Session,
        given: Given<'_>,
        request: Request,
    ) -> Refusable<Stepped> {
        self.step_with(session, given, request, &mut Vec::new())
    }

    /// A step in which something befalls the flow as it enters a state: for tests. What has
    /// befallen is taken out of the list.
    pub(crate) fn step_with(
        &self,
        session: &mut Session,
        given: Given<'_>,
        request: Request,
        befalls: &mut Vec<Befall>,
    ) -> Refusable<Stepped> {
        let request = request.plain()?;
        let inputs = self.admit(session, &given)?;
        let mut engine = self.engine(session, Ledger::new(given.counters, given.now), inputs);
        engine.befalls.clone_from(befalls);
        match engine.take(&request) {
            Ok(()) => {
                let before = directive::open(self.table.body(), session);
                befalls.clone_from(&engine.befalls);
                let stepped = engine.finish(session, request, &before);
                Ok(stepped)
            }
            Err(fault) => {
                engine.ledger.roll_back();
                Err(fault)
            }
        }
    }

    /// Puts a call made before, with its reply, into the session's log: for tests.
    pub(crate) fn suppose(
        &self,
        session: &mut Session,
        given: Given<'_>,
        (action, args): (&str, &Map<String, Value>),
        (outcome, value): (&str, Option<&Value>),
    ) -> Refusable {
        let inputs = self.admit(session, &given)?;
        let mut engine = self.engine(session, Ledger::new(given.counters, given.now), inputs);
        engine.suppose(action, args, outcome, value)?;
        *session = engine.s;
        Ok(())
    }

    /// Admits a call as it was admitted elsewhere, whatever the gate would say here.
    pub(super) fn admit_as_then(
        &self,
        session: &mut Session,
        given: Given<'_>,
        name: &str,
        args: &Map<String, Value>,
    ) -> Refusable {
        let inputs = self.admit(session, &given)?;
        let mut engine = self.engine(session, Ledger::new(given.counters, given.now), inputs);
        engine.suppose_call(name, args, true)?;
        *session = engine.s;
        Ok(())
    }

    /// All that the host is asked to do in this session, done or not.
    #[must_use]
    pub fn open(&self, session: &Session) -> Vec<Directive> {
        directive::open(self.table.body(), session)
    }

    /// When to tick at the latest, if nothing else happens before.
    #[must_use]
    pub fn deadline(&self, session: &Session) -> Option<i64> {
        directive::deadline(self.table.body(), session)
    }

    /// Where the session is.
    #[must_use]
    pub fn position(&self, session: &Session) -> Position {
        position(self.table.body(), session)
    }

    /// A step on a copy of the session.
    fn engine<'a>(
        &self,
        session: &Session,
        ledger: Ledger<'a>,
        inputs: Map<String, Value>,
    ) -> Engine<'a>
    where
        't: 'a,
    {
        let mut engine = Engine {
            table: self.table,
            body: self.table.body(),
            s: session.clone(),
            now: ledger.now,
            upto: ledger.now,
            inputs,
            ledger,
            trace: Vec::new(),
            verdict: None,
            hops: HOPS_MAX,
            befalls: Vec::new(),
        };
        engine.s.now = Some(engine.now);
        engine.s.revision = engine.s.revision.saturating_add(1);
        engine
    }

    /// Refuses what no step may begin with, and gives the inputs in wire form.
    fn admit(&self, session: &Session, given: &Given<'_>) -> Refusable<Map<String, Value>> {
        if session.table != self.table.digest() {
            return Err(Fault::WrongTable {
                session: session.table.clone(),
                table: self.table.digest().to_owned(),
            });
        }
        let backwards = session.now.is_some_and(|last| given.now < last);
        if backwards || given.now.unsigned_abs() > NUMBER_MAX.unsigned_abs() {
            return Err(Fault::Clock {
                now: given.now,
                last: session.now,
            });
        }
        let body = self.table.body();
        normalise_fields(body, &body.inputs, given.inputs, Unknown::Refuse).map_err(Fault::Input)
    }
}

/// A step under way.
pub(super) struct Engine<'a> {
    pub(super) table: &'a Table,
    pub(super) body: &'a Body,
    /// The copy that is worked on.
    pub(super) s: Session,
    pub(super) now: i64,
    /// Up to when deadlines and events are looked at: while catching up, the time at which the
    /// thing in hand fell due; the step's time once an edge was taken.
    pub(super) upto: i64,
    pub(super) inputs: Map<String, Value>,
    pub(super) ledger: Ledger<'a>,
    pub(super) trace: Vec<Trace>,
    pub(super) verdict: Option<Decision>,
    pub(super) hops: u32,
    pub(super) befalls: Vec<Befall>,
}

/// Something that befalls the flow when it enters one of some states.
#[derive(Clone, Debug)]
pub(crate) struct Befall {
    /// Indices of states.
    pub(crate) states: Vec<u32>,
    pub(crate) what: Befalling,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Befalling {
    /// An event.
    Event(u32),
    /// So many milliseconds pass.
    Time(i64),
}

impl<'a> Engine<'a> {
    fn take(&mut self, request: &Request) -> Refusable {
        match request {
            Request::Start { flow, args } => self.start(flow, args),
            Request::Propose { action, args } => self.proposed(action, args),
            Request::Reply { to, outcome, value } => match *to {
                Asked::Call(call) => self.call_replied(call, outcome, value.as_ref()),
                Asked::Agent(entry) => self.agent_replied(entry, outcome, value.as_ref()),
                Asked::Ask(entry) => self.ask_replied(entry, outcome, value.as_ref()),
            },
            Request::Approve {
                approval, granted, ..
            } => self.approved(approval, *granted),
            Request::Resolve {
                call,
                happened,
                result,
            } => self.resolved(*call, *happened, result.as_ref()),
            Request::Event { event } => self.event_came(event),
            Request::Tick { retry } => self.ticked(*retry),
            Request::Reload {} => self.reloaded(),
        }
    }

    fn finish(self, session: &mut Session, request: Request, before: &[Directive]) -> Stepped {
        let counters = self.ledger.commit();
        let next = directive::open(self.body, &self.s)
            .into_iter()
            .filter(|d| !before.contains(d))
            .collect();
        let record = Record {
            format: record::FORMAT.to_owned(),
            version: record::VERSION,
            table: self.s.table.clone(),
            session: self.s.id.clone(),
            revision: self.s.revision,
            now: self.now,
            values: Values::Kept,
            request,
            inputs: self.inputs,
            counters,
            trace: self.trace,
            position: position(self.body, &self.s),
            after: canonical::digest_bytes(&self.s.to_bytes()),
        };
        let deadline = directive::deadline(self.body, &self.s);
        *session = self.s;
        Stepped {
            record,
            verdict: self.verdict,
            next,
            deadline,
        }
    }

    /// The scene for edges and expressions of the flow.
    pub(super) fn situation(&self) -> Situation<'_> {
        Situation {
            table: self.table,
            session: &self.s,
            now: self.now,
            inputs: &self.inputs,
            proposal: None,
            facts_as_of: None,
        }
    }

    pub(super) fn point(&mut self) -> Point {
        Point {
            at: self.now,
            seq: self.s.next_seq(),
        }
    }

    pub(super) fn action(&self, index: u32) -> Refusable<&'a Action> {
        get(&self.body.actions, index, "action")
    }

    pub(super) fn flow(&self) -> Refusable<&'a Flow> {
        let run = self.s.run.as_ref();
        let flow = run.and_then(|run| self.body.flows.get(run.flow as usize));
        flow.ok_or_else(|| Fault::broken("no flow runs"))
    }

    pub(super) fn state(&self, index: u32) -> Refusable<&'a State> {
        get(&self.flow()?.states, index, "state")
    }

    pub(super) fn scope(&self, index: u32) -> Refusable<&'a Scope> {
        get(&self.flow()?.scopes, index, "scope")
    }

    /// The current state. Refused outside flows.
    pub(super) fn here(&self) -> Refusable<&'a State> {
        let level = self
            .s
            .top()
            .ok_or_else(|| Fault::broken("no state is current"))?;
        self.state(level.state)
    }

    pub(super) fn hop(&mut self) -> Refusable {
        self.hops = self.hops.checked_sub(1).ok_or(Fault::Endless)?;
        Ok(())
    }
}

pub(super) fn get<'a, T>(list: &'a [T], index: u32, what: &str) -> Refusable<&'a T> {
    list.get(index as usize)
        .ok_or_else(|| Fault::broken(format!("there is no {what} {index}")))
}

/// Digests what a session, an approval or a record holds: values that nest less deep than canonical
/// JSON may.
pub(super) fn digest(value: &Value) -> String {
    canonical::digest_bytes(canonical::any_text(value).unwrap_or_default().as_bytes())
}

fn position(body: &Body, session: &Session) -> Position {
    let Some(run) = &session.run else {
        return Position::Gate {};
    };
    let Some(flow) = body.flows.get(run.flow as usize) else {
        return Position::Gate {};
    };
    let name = flow.name.clone();
    if let Some(reached) = &run.end {
        let end = flow.ends.get(reached.end as usize);
        return Position::End {
            flow: name,
            end: end.map(|e| e.name.clone()).unwrap_or_default(),
        };
    }
    let level = run.levels.last();
    let state = level.and_then(|l| flow.states.get(l.state as usize));
    Position::State {
        flow: name,
        state: state.map(|s| s.name.clone()).unwrap_or_default(),
    }
}

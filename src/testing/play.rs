//! One session, played: steps taken, time passing, the path remembered.

use crate::interp::Interp;
use crate::model::{ActionId, ArgList, Const, Expr, Flow, Policy, State, Type};
use crate::runtime::{
    Asked, Befall, Decision, Directive, Fault, Given, Memory, Position, Record, Request, Runtime,
    Session, Stepped, Trace,
};
use crate::table::{Table, format};
use serde_json::{Map, Value};

/// Steps that passing time may take. A bounded flow takes far fewer.
const TICKS_MAX: u32 = 10_000;

/// What went wrong, before it has a place: what is the case.
pub(super) type Played<T = ()> = Result<T, String>;

pub(super) struct Play<'a> {
    pub(super) interp: Interp<'a>,
    pub(super) table: &'a Table,
    pub(super) session: Session,
    counters: Memory,
    now: i64,
    pub(super) inputs: Map<String, Value>,
    /// What is to befall the flow on entering states, with the states' names as written.
    pub(super) befalls: Vec<Befall>,
    /// The latest verdict.
    pub(super) verdict: Option<Decision>,
    pub(super) path: Vec<String>,
    pub(super) records: Vec<Record>,
}

impl<'a> Play<'a> {
    pub(super) fn new(policy: &'a Policy, table: &'a Table) -> Self {
        Self {
            interp: Interp::new(policy),
            table,
            session: Session::new(table, "test"),
            counters: Memory::new(),
            now: 0,
            inputs: Map::new(),
            befalls: Vec::new(),
            verdict: None,
            path: Vec::new(),
            records: Vec::new(),
        }
    }

    pub(super) fn policy(&self) -> &'a Policy {
        self.interp.policy()
    }

    pub(super) fn step(&mut self, request: Request) -> Played<Stepped> {
        let given = Given {
            now: self.now,
            inputs: &self.inputs,
            counters: &mut self.counters,
        };
        let stepped = Runtime::new(self.table)
            .step_with(&mut self.session, given, request, &mut self.befalls)
            .map_err(|fault| in_a_test(&fault))?;
        self.now = stepped.record.now;
        for trace in &stepped.record.trace {
            if let Trace::Decided { verdict, .. } = trace {
                self.verdict = Some(verdict.clone());
            }
            self.path.push(trace.to_string());
        }
        self.records.push(stepped.record.clone());
        Ok(stepped)
    }

    /// Puts a call made before into the log.
    pub(super) fn suppose(
        &mut self,
        action: &str,
        args: &Map<String, Value>,
        outcome: &str,
        value: Option<&Value>,
    ) -> Played {
        let given = Given {
            now: self.now,
            inputs: &self.inputs,
            counters: &mut self.counters,
        };
        Runtime::new(self.table)
            .suppose(&mut self.session, given, (action, args), (outcome, value))
            .map_err(|fault| in_a_test(&fault))
    }

    pub(super) fn open(&self) -> Vec<Directive> {
        Runtime::new(self.table).open(&self.session)
    }

    /// Lets time pass; what falls due on the way falls due at its time.
    pub(super) fn pass(&mut self, ms: i64) -> Played {
        let until = self.now.saturating_add(ms);
        for _ in 0..TICKS_MAX {
            let due = Runtime::new(self.table).deadline(&self.session);
            let Some(due) = due.filter(|due| *due < until) else {
                break;
            };
            self.now = due.max(self.now);
            self.step(Request::Tick { retry: false })?;
        }
        self.now = until.max(self.now);
        self.step(Request::Tick { retry: false }).map(|_| ())
    }

    pub(super) fn pass_until(&mut self, until: i64) -> Played {
        self.pass(until.saturating_sub(self.now).max(0))
    }

    /// Lets waits before retries pass, until something is to be answered.
    pub(super) fn settle_down(&mut self) -> Played {
        for _ in 0..TICKS_MAX {
            let waits = self.open().into_iter().find_map(|d| match d {
                Directive::Wait { until, .. } => Some(until),
                _ => None,
            });
            let Some(until) = waits else { return Ok(()) };
            self.pass_until(until)?;
        }
        Err("the flow waits for ever".to_owned())
    }

    /// The oldest call in flight of an action: its number and its time.
    pub(super) fn in_flight(&self, action: &str) -> Option<(u64, i64)> {
        self.open().into_iter().find_map(|d| match d {
            Directive::Call {
                call,
                action: name,
                until,
                ..
            } if name == action => Some((call, until)),
            _ => None,
        })
    }

    pub(super) fn reply(&mut self, to: Asked, outcome: &str, value: Option<Value>) -> Played {
        let outcome = outcome.to_owned();
        self.step(Request::Reply { to, outcome, value }).map(|_| ())
    }

    /// Arguments as written in a test: constants only.
    pub(super) fn args(&self, action: ActionId, args: &ArgList) -> Map<String, Value> {
        let params = &self.policy().action(action).params;
        self.object(params.iter().map(|p| (&p.wire, &p.ty)), args)
    }

    pub(super) fn object<'p>(
        &self,
        params: impl Iterator<Item = (&'p String, &'p Type)>,
        args: &ArgList,
    ) -> Map<String, Value> {
        let mut out = Map::new();
        for ((wire, ty), arg) in params.zip(&args.args) {
            if let Some(value) = arg.as_ref().and_then(|arg| self.constant(arg, ty)) {
                out.insert(wire.clone(), value);
            }
        }
        out
    }

    fn constant(&self, expr: &Expr, ty: &Type) -> Option<Value> {
        let value = self
            .interp
            .expr(&crate::interp::Fixed::default(), expr, ty)?;
        Some(self.interp.wire(ty, &value))
    }

    /// A value for something of that type; of none, what can be said without it.
    pub(super) fn wire(&self, ty: Option<&Type>, value: &Const) -> Value {
        match ty {
            Some(ty) => self.interp.wire(ty, value),
            None => Value::Null,
        }
    }

    /// The running flow in the table.
    pub(super) fn flow(&self) -> Option<&'a format::Flow> {
        let run = self.session.run()?;
        self.table.body().flows.get(run.flow as usize)
    }

    /// The states of the running flow that a test means by a name: of the flow itself and of those
    /// that it runs.
    pub(super) fn states(&self, written: &str) -> Vec<u32> {
        self.flow()
            .map_or_else(Vec::new, |flow| states_named(flow, written))
    }

    /// The current state, if a test means it by that name: its entry, and its declaration.
    pub(super) fn here(&self, written: &str) -> Option<(u64, &'a State)> {
        let level = self.session.run()?.levels.last()?;
        let flow = self.flow()?;
        let state = flow.states.get(level.state as usize)?;
        if !is_named(flow, state, written) {
            return None;
        }
        let scope = flow.scopes.get(state.scope as usize)?;
        let declared = self.model_flow(&scope.flow)?;
        let own = declared.states.iter().find(|s| s.name == own_name(state))?;
        Some((level.entry, own))
    }

    pub(super) fn model_flow(&self, name: &str) -> Option<&'a Flow> {
        self.policy().flows.iter().find(|f| f.name == name)
    }

    /// Where the session is and what it waits for, in words.
    pub(super) fn whereabouts(&self) -> String {
        let waits: Vec<String> = self.open().into_iter().filter_map(in_words).collect();
        let waits = if waits.is_empty() {
            String::new()
        } else {
            format!(", waiting for {}", waits.join(", "))
        };
        match Runtime::new(self.table).position(&self.session) {
            Position::Gate {} if waits.is_empty() => "nothing is in flight".to_owned(),
            Position::Gate {} => format!("no flow runs{waits}"),
            Position::State { flow, state } => format!("{flow} is in `{state}`{waits}"),
            Position::End { flow, end } => format!("{flow} has ended in `{end}`"),
        }
    }
}

/// The states that a test means by a name: of a flow itself and of those that it runs.
pub(super) fn states_named(flow: &format::Flow, written: &str) -> Vec<u32> {
    let states = (0_u32..).zip(&flow.states);
    states
        .filter(|(_, state)| is_named(flow, state, written))
        .map(|(index, _)| index)
        .collect()
}

fn is_named(flow: &format::Flow, state: &format::State, written: &str) -> bool {
    let scope = flow.scopes.get(state.scope as usize);
    match written.split_once('.') {
        None => own_name(state) == written,
        Some((of, name)) => own_name(state) == name && scope.is_some_and(|s| s.flow == of),
    }
}

/// A state's name within its own flow.
pub(super) fn own_name(state: &format::State) -> &str {
    match state.name.rsplit_once('/') {
        Some((_, name)) => name,
        None => &state.name,
    }
}

fn in_words(directive: Directive) -> Option<String> {
    match directive {
        Directive::Call { action, .. } => Some(format!("an answer of {action}")),
        Directive::Agent { state, .. } => Some(format!("the agent of `{state}`")),
        Directive::Ask { role, .. } => Some(format!("the answer of {role}")),
        Directive::Approval { rule, role, .. } => Some(format!("the approval of {role} ({rule})")),
        Directive::Wait { .. } => Some("another attempt".to_owned()),
        Directive::Ended { .. } => None,
    }
}

/// A fault in the words of somebody who writes tests.
fn in_a_test(fault: &Fault) -> String {
    match fault {
        Fault::Input(problem) => {
            format!("an input is not given, or not valid: {problem}")
        }
        Fault::NotEmpty => "a flow starts only in an empty session: a test that runs one cannot \
                            give calls made before"
            .to_owned(),
        other => other.to_string(),
    }
}

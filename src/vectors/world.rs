//! A world under way: sessions, their counters, the clock, and the steps that led there.

use super::case::{Case, Expect, Step, Store, request_json};
use super::values::memory_key;
use crate::runtime::counters::{FreeAt, Want};
use crate::runtime::{
    Counters, Directive, Fault, Given, Memory, Request, Runtime, Session, Stepped,
};
use crate::table::Table;
use crate::table::format::{Body, Field, Type};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The id of the usual session.
pub(super) const USUAL: &str = "v";
/// How many values are remembered.
const SEEN_MAX: usize = 24;

#[derive(Clone)]
pub(super) struct World<'t> {
    pub(super) table: &'t Table,
    pub(super) sessions: BTreeMap<String, Session>,
    /// The session that is stepped.
    pub(super) at: String,
    pub(super) counters: Memory,
    pub(super) down: bool,
    pub(super) now: i64,
    pub(super) inputs: Map<String, Value>,
    pub(super) seen: Vec<(String, Value)>,
    pub(super) steps: Vec<Rc<Step>>,
}

/// A store that cannot answer.
struct Down;

impl Counters for Down {
    fn peek(&mut self, _: i64, _: &[Want]) -> Result<FreeAt, String> {
        Err("the store is down".to_owned())
    }

    fn take(&mut self, _: i64, _: &[Want]) -> Result<FreeAt, String> {
        Err("the store is down".to_owned())
    }

    fn give_back(&mut self, _: &str, _: i64) -> Result<(), String> {
        Err("the store is down".to_owned())
    }
}

impl<'t> World<'t> {
    pub(super) fn new(table: &'t Table, now: i64) -> Self {
        Self {
            table,
            sessions: BTreeMap::from([(USUAL.to_owned(), Session::new(table, USUAL))]),
            at: USUAL.to_owned(),
            counters: Memory::new(),
            down: false,
            now,
            inputs: Map::new(),
            seen: Vec::new(),
            steps: Vec::new(),
        }
    }

    pub(super) fn body(&self) -> &'t Body {
        self.table.body()
    }

    /// Goes to a session, which may be new.
    pub(super) fn turn_to(&mut self, id: &str) {
        let table = self.table;
        self.sessions
            .entry(id.to_owned())
            .or_insert_with(|| Session::new(table, id));
        id.clone_into(&mut self.at);
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.sessions.get(&self.at)
    }

    pub(super) fn open(&self) -> Vec<Directive> {
        let runtime = Runtime::new(self.table);
        self.session().map_or_else(Vec::new, |s| runtime.open(s))
    }

    pub(super) fn deadline(&self) -> Option<i64> {
        Runtime::new(self.table).deadline(self.session()?)
    }

    /// Takes a step, and writes it down.
    pub(super) fn step(&mut self, request: Request, brief: bool) -> Result<Stepped, Fault> {
        let json = request_json(&request);
        let came = self.take(request);
        self.note(Some(json), None, &came, brief);
        came
    }

    /// Takes a step whose request is text, and writes it down.
    pub(super) fn step_text(&mut self, text: String) {
        let came = Request::read(text.as_bytes()).and_then(|request| self.take(request));
        self.note(None, Some(text), &came, false);
    }

    /// Takes a step whose request may have any shape, and writes it down.
    pub(super) fn step_json(&mut self, request: Value) -> Result<Stepped, Fault> {
        let text = request.to_string();
        let came = Request::read(text.as_bytes()).and_then(|request| self.take(request));
        self.note(Some(request), None, &came, false);
        came
    }

    fn take(&mut self, request: Request) -> Result<Stepped, Fault> {
        let mut down = Down;
        let counters: &mut dyn Counters = match self.down {
            true => &mut down,
            false => &mut self.counters,
        };
        let given = Given {
            now: self.now,
            inputs: &self.inputs,
            counters,
        };
        let Some(session) = self.sessions.get_mut(&self.at) else {
            return Err(Fault::Endless);
        };
        Runtime::new(self.table).step(session, given, request)
    }

    fn note(
        &mut self,
        request: Option<Value>,
        text: Option<String>,
        came: &Result<Stepped, Fault>,
        brief: bool,
    ) {
        self.steps.push(Rc::new(Step {
            session: (self.at != USUAL).then(|| self.at.clone()),
            now: self.now,
            inputs: self.inputs.clone(),
            request,
            text,
            expect: Expect::of(came, brief),
        }));
    }

    /// The steps so far as a case.
    pub(super) fn case(&self, name: String) -> Case {
        Case {
            name,
            counters: self.down.then_some(Store::Down),
            steps: self.steps.iter().map(|s| (**s).clone()).collect(),
            open: Some(self.open()),
        }
    }

    /// Remembers the scalars of a value.
    pub(super) fn remember(&mut self, ty: &Type, value: &Value) {
        if let Some(key) = memory_key(ty) {
            self.seen.push((key, value.clone()));
            let more = self.seen.len().saturating_sub(SEEN_MAX);
            self.seen.drain(..more);
            return;
        }
        match (ty, value) {
            (Type::Record { of }, Value::Object(object)) => {
                if let Some(record) = self.body().records.get(*of as usize) {
                    self.remember_fields(&record.fields, object);
                }
            }
            (Type::List { element, .. }, Value::Array(items)) => {
                for item in items.iter().take(3) {
                    self.remember(element, item);
                }
            }
            _ => {}
        }
    }

    pub(super) fn remember_fields(&mut self, fields: &[Field], object: &Map<String, Value>) {
        for field in fields {
            if let Some(value) = object.get(&field.wire) {
                self.remember(&field.ty, value);
            }
        }
    }
}

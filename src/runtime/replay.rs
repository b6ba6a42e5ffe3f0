//! Replay: the same table and the same records give the same records.

use super::counters::{Counters, FreeAt, Want};
use super::engine::{Given, Runtime};
use super::fault::{Fault, Refusable};
use super::ledger::Counted;
use super::record::{FORMAT, Record, VERSION, Values};
use super::session::Session;
use crate::table::Table;
use std::collections::VecDeque;

/// Takes the recorded steps again, from an empty session, with the answers that the counter store
/// gave then. Gives the session that they lead to.
///
/// # Errors
/// [`Fault::Replay`] at the first record that doesn't come out the same.
pub fn replay(table: &Table, records: &[Record]) -> Refusable<Session> {
    let id = records.first().map_or("", |r| r.session.as_str());
    replay_from(table, Session::new(table, id), records)
}

/// Like [`replay`], from a session as it stood before the first of the records.
///
/// # Errors
/// As for [`replay`].
pub fn replay_from(table: &Table, session: Session, records: &[Record]) -> Refusable<Session> {
    let mut session = session;
    for (index, record) in records.iter().enumerate() {
        let different = match again(table, &mut session, record) {
            Ok(None) => continue,
            Ok(Some(now)) => difference(&now, record),
            Err(problem) => problem,
        };
        return Err(Fault::Replay {
            index,
            problem: different,
        });
    }
    Ok(session)
}

/// Takes one recorded step again. Gives the record that it comes to if that is another one.
///
/// # Errors
/// In words, if the step cannot be taken.
pub(super) fn again(
    table: &Table,
    session: &mut Session,
    record: &Record,
) -> Result<Option<Record>, String> {
    if record.format != FORMAT || record.version != VERSION {
        return Err(format!("it is no {FORMAT} of version {VERSION}"));
    }
    if record.values != Values::Kept {
        return Err("its values were left out or digested".to_owned());
    }
    let mut script = Script {
        left: record.counters.iter().cloned().collect(),
    };
    let given = Given {
        now: record.now,
        inputs: &record.inputs,
        counters: &mut script,
    };
    let stepped = Runtime::new(table)
        .step(session, given, record.request.clone())
        .map_err(|fault| fault.to_string())?;
    Ok((stepped.record != *record).then_some(stepped.record))
}

/// The first member that differs.
pub(super) fn difference(now: &Record, then: &Record) -> String {
    let (now, then) = (serde_json::to_value(now), serde_json::to_value(then));
    let (Ok(now), Ok(then)) = (now, then) else {
        return "it comes out differently".to_owned();
    };
    let members = then.as_object().into_iter().flatten();
    let differing = members
        .map(|(name, was)| (name, was, now.get(name)))
        .find(|(_, was, is)| *is != Some(*was));
    match differing {
        Some((name, was, Some(is))) => format!("`{name}` was {was}, and is now {is}"),
        Some((name, was, None)) => format!("`{name}` was {was}, and is now absent"),
        None => "it comes out with more than it had".to_owned(),
    }
}

/// A counter store that gives the recorded answers.
struct Script {
    left: VecDeque<Counted>,
}

impl Script {
    fn answer(&mut self, asked: &[Want], taking: bool) -> Result<FreeAt, String> {
        match self.left.pop_front() {
            Some(Counted::Peek { wants, free_at }) if !taking && wants == asked => Ok(free_at),
            Some(Counted::Take { wants, free_at }) if taking && wants == asked => Ok(free_at),
            _ => Err("the record holds no answer to that question".to_owned()),
        }
    }
}

impl Counters for Script {
    fn peek(&mut self, _: i64, wants: &[Want]) -> Result<FreeAt, String> {
        self.skip_given_back();
        self.answer(wants, false)
    }

    fn take(&mut self, _: i64, wants: &[Want]) -> Result<FreeAt, String> {
        self.skip_given_back();
        self.answer(wants, true)
    }

    /// Compared with the rest of the record.
    fn give_back(&mut self, _: &str, _: i64) -> Result<(), String> {
        Ok(())
    }
}

impl Script {
    fn skip_given_back(&mut self) {
        while matches!(self.left.front(), Some(Counted::GiveBack { .. })) {
            self.left.pop_front();
        }
    }
}

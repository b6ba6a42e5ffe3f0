//! History: what a plain list of calls says about `done`, `calls`, `effects`, `standing`,
//! `unsettled` and about facts.

use super::{Fixed, Interp, World};
use crate::model::{
    Action, ActionId, Const, CountedAction, Effect, FactId, FlowId, HistoryTerm, Param, Path, Root,
    StateId,
};
use crate::syntax::tree::HistoryFunc;
use std::borrow::Cow;

/// When something happened: milliseconds, and a number that tells apart what happened in one of
/// them.
pub type Moment = (i64, u64);

/// An admitted call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Of which action.
    pub action: ActionId,
    /// One per parameter.
    pub args: Vec<Option<Const>>,
    /// When it was admitted.
    pub admitted: Moment,
    /// What came back and when; none: it is in flight.
    pub reply: Option<(Moment, Reply)>,
    /// How doubt about it was settled, and when.
    pub settled: Option<(Moment, Settled)>,
    /// When it was undone.
    pub undone: Option<Moment>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It succeeded.
    Ok(Option<Const>),
    /// It failed, and nothing happened.
    Failed,
    /// Nobody knows: a timeout, a malformed reply, an indeterminate failure.
    Unsure,
}

/// How doubt was settled.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// It happened, with this result.
    Happened(Option<Const>),
    /// It did not happen.
    Absent,
}

/// What is known of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    InFlight,
    Happened,
    Absent,
    Unsure,
}

impl Call {
    /// Its result, if it has one by now.
    fn result(&self) -> Option<&Const> {
        match (&self.reply, &self.settled) {
            (Some((_, Reply::Ok(result))), _) => result.as_ref(),
            (_, Some((_, Settled::Happened(result)))) => result.as_ref(),
            _ => None,
        }
    }

    /// When it became known that it had succeeded.
    fn known(&self) -> Option<Moment> {
        match (&self.reply, &self.settled) {
            (Some((at, Reply::Ok(_))), _) | (_, Some((at, Settled::Happened(_)))) => Some(*at),
            _ => None,
        }
    }

    fn world(&self) -> Fixed {
        Fixed {
            params: self.args.clone(),
            result: self.result().cloned(),
            ..Fixed::default()
        }
    }
}

/// The calls of a session, in order of admission, at one moment.
#[derive(Clone, Copy)]
pub struct Calls<'a> {
    /// All of them.
    pub calls: &'a [Call],
    /// Now.
    pub now: Moment,
}

impl Calls<'_> {
    /// The answer to a question about history, for a key: 0 or 1 for `done`, `standing` and
    /// `unsettled`, else the count.
    #[must_use]
    pub fn answer(
        &self,
        interp: &Interp<'_>,
        term: &HistoryTerm,
        key: &[Option<Const>],
        undecided: bool,
    ) -> i64 {
        let roots = self.roots(interp);
        let counts = |(i, call): &(usize, &Call)| {
            term.counted.iter().any(|counted| {
                takes_in(interp, counted, call, undecided)
                    && same_key(interp, counted, call, &term.keys, key)
            }) && self.speaks_of(interp, &roots, term.func, *i, call)
        };
        let found = self.calls.iter().enumerate().filter(counts).count();
        let found = i64::try_from(found).unwrap_or(i64::MAX);
        match term.func {
            HistoryFunc::Calls | HistoryFunc::Effects => found,
            HistoryFunc::Done | HistoryFunc::Standing | HistoryFunc::Unsettled => found.min(1),
        }
    }

    fn speaks_of(
        &self,
        interp: &Interp<'_>,
        roots: &[usize],
        func: HistoryFunc,
        index: usize,
        call: &Call,
    ) -> bool {
        if func == HistoryFunc::Calls {
            return true;
        }
        // One effect is counted once, where its first call stands.
        if roots.get(index) != Some(&index) {
            return false;
        }
        let status = self.status(roots, index, None);
        let stands = call.undone.is_none();
        let action = interp.policy().action(call.action);
        match func {
            HistoryFunc::Calls => true,
            HistoryFunc::Done => status == Status::Happened,
            HistoryFunc::Effects => status != Status::Absent && stands,
            HistoryFunc::Standing => action.writes() && status == Status::Happened && stands,
            HistoryFunc::Unsettled => action.tracked() && status == Status::Unsure && stands,
        }
    }

    /// For each call the one whose effect it is: itself, or the one that it repeats.
    fn roots(&self, interp: &Interp<'_>) -> Vec<usize> {
        let mut roots = Vec::with_capacity(self.calls.len());
        for (i, call) in self.calls.iter().enumerate() {
            let first = self.repeats(interp, &roots, call.action, &call.args, call.admitted);
            roots.push(first.unwrap_or(i));
        }
        roots
    }

    /// The call whose effect a call of `action` would be now: idempotent, with the same key and
    /// arguments, while the other side remembers it, and while there is an effect to repeat.
    #[must_use]
    pub fn repeated(
        &self,
        interp: &Interp<'_>,
        action: ActionId,
        args: &[Option<Const>],
    ) -> Option<usize> {
        let roots = self.roots(interp);
        self.repeats(interp, &roots, action, args, self.now)
    }

    /// The same among the calls that `roots` speaks of.
    fn repeats(
        &self,
        interp: &Interp<'_>,
        roots: &[usize],
        action: ActionId,
        args: &[Option<Const>],
        at: Moment,
    ) -> Option<usize> {
        let Effect::Write {
            idempotency: Some(idempotency),
            ..
        } = &interp.policy().action(action).effect
        else {
            return None;
        };
        let remembered = |first: &Call| {
            idempotency
                .window_ms
                .is_none_or(|ms| at.0 < first.admitted.0.saturating_add(ms))
        };
        let known = self.calls.iter().enumerate().take(roots.len());
        let fits = |(i, first): &(usize, &Call)| {
            roots.get(*i) == Some(i)
                && first.action == action
                && first.args == args
                && remembered(first)
                && first.undone.is_none_or(|undone| undone.1 > at.1)
                && self.status(roots, *i, Some(at)) != Status::Absent
        };
        known.filter(fits).map(|(i, _)| i).next_back()
    }

    /// What is known of the effect that begins with this call: now, or as it was at a moment.
    fn status(&self, roots: &[usize], first: usize, at: Option<Moment>) -> Status {
        let by_then = |moment: Moment| at.is_none_or(|at| moment.1 < at.1);
        let attempts = self.calls.iter().zip(roots).filter(|(_, r)| **r == first);
        let mut status = Status::Absent;
        for (call, _) in attempts {
            let settled = call.settled.as_ref().filter(|(m, _)| by_then(*m));
            let reply = call.reply.as_ref().filter(|(m, _)| by_then(*m));
            let next = match (reply, settled) {
                (_, Some((_, Settled::Happened(_)))) | (Some((_, Reply::Ok(_))), _) => {
                    Status::Happened
                }
                (_, Some((_, Settled::Absent))) => Status::Absent,
                (None, None) => Status::InFlight,
                (Some((_, Reply::Unsure)), None) => Status::Unsure,
                (Some((_, Reply::Failed)), None) => Status::Absent,
            };
            status = match (status, next) {
                (Status::Happened, _) | (_, Status::Happened) => Status::Happened,
                // One attempt in doubt leaves the effect in doubt, whatever else is under way.
                (Status::Unsure, _) | (_, Status::Unsure) => Status::Unsure,
                (Status::InFlight, _) | (_, Status::InFlight) => Status::InFlight,
                (Status::Absent, Status::Absent) => Status::Absent,
            };
        }
        status
    }

    /// The value of a fact for a key: the latest successful reply with that key, unless it has
    /// lapsed or a write has made it forgotten.
    #[must_use]
    pub fn fact(
        &self,
        interp: &Interp<'_>,
        fact: FactId,
        paths: &[Path],
        key: &[Option<Const>],
    ) -> Option<Const> {
        let fact = interp.policy().facts.get(fact.index())?;
        let before = |at: Moment| at.1 < self.now.1;
        let replies = self.calls.iter().filter_map(|c| Some((c, c.known()?)));
        let (reply, known) = replies
            .filter(|(call, known)| {
                before(*known)
                    && takes_in(interp, &fact.source, call, false)
                    && same_key(interp, &fact.source, call, paths, key)
            })
            .max_by_key(|(_, known)| known.1)?;
        let lapsed = fact
            .lifetime_ms
            .is_some_and(|ms| self.now.0 >= known.0.saturating_add(ms));
        if lapsed {
            return None;
        }
        let integration = interp.policy().action(fact.source.action).integration;
        let forgotten = self.calls.iter().any(|write| {
            let action = interp.policy().action(write.action);
            action.writes()
                && action.integration == integration
                && before(write.admitted)
                && self.may_have_happened_since(write, reply)
                && touches(interp, &fact.keys, &fact.source, action, write, reply)
        });
        if forgotten {
            return None;
        }
        reply.result().cloned()
    }

    /// Whether a write happened or may have happened when the reply may already have been on its
    /// way: after that call had been admitted. A write in flight may be happening now.
    fn may_have_happened_since(&self, write: &Call, reply: &Call) -> bool {
        match &write.reply {
            Some((at, what)) if at.1 < self.now.1 => {
                *what != Reply::Failed && at.1 > reply.admitted.1
            }
            _ => true,
        }
    }
}

/// Whether a call is one of the counted ones, by its action and the `where`.
fn takes_in(interp: &Interp<'_>, counted: &CountedAction, call: &Call, undecided: bool) -> bool {
    counted.action == call.action
        && counted
            .filter
            .as_ref()
            .is_none_or(|filter| interp.truth(&call.world(), filter).unwrap_or(undecided))
}

/// Whether the call holds the key that is looked for. A parameter left out equals one left out;
/// what is missing anywhere else equals nothing.
fn same_key(
    interp: &Interp<'_>,
    counted: &CountedAction,
    call: &Call,
    paths: &[Path],
    key: &[Option<Const>],
) -> bool {
    let world = call.world();
    let plain = |p: &Path| {
        p.fields.is_empty()
            && matches!(
                p.root,
                Root::Param(_) | Root::FlowParam(_) | Root::Binding(_)
            )
    };
    counted.keys.len() == key.len()
        && counted
            .keys
            .iter()
            .zip(paths)
            .zip(key)
            .all(
                |((theirs, mine), wanted)| match (interp.path(&world, theirs), wanted) {
                    (Some(found), Some(wanted)) => *found == *wanted,
                    (None, None) => plain(theirs) && plain(mine),
                    _ => false,
                },
            )
}

/// Whether a write concerns what a reply told: the parameters of the key that the write has are
/// equal. What is left out on either side narrows nothing.
fn touches(
    interp: &Interp<'_>,
    names: &[String],
    source: &CountedAction,
    action: &Action,
    write: &Call,
    reply: &Call,
) -> bool {
    let world = reply.world();
    names.iter().zip(&source.keys).all(|(name, path)| {
        let named = |p: &Param| p.name == *name && p.ty.same_unit(&path.ty);
        let Some(index) = action.params.iter().position(named) else {
            return true;
        };
        let written = write.args.get(index).cloned().flatten();
        match (interp.path(&world, path), written) {
            (Some(told), Some(written)) => *told == written,
            _ => true,
        }
    })
}

/// A proposal in a session.
pub struct Proposal<'a> {
    /// The calls so far, now.
    pub calls: Calls<'a>,
    /// Of which action.
    pub action: ActionId,
    /// Arguments, inputs, and what the flow has bound.
    pub values: Fixed,
    /// The flow and the state that the session is in.
    pub position: Option<(FlowId, StateId)>,
}

impl Proposal<'_> {
    /// The call that this one repeats.
    fn repeats(&self, interp: &Interp<'_>) -> Option<&Call> {
        let calls = &self.calls;
        let first = calls.repeated(interp, self.action, &self.values.params)?;
        calls.calls.get(first)
    }

    fn key(&self, interp: &Interp<'_>, paths: &[Path]) -> Vec<Option<Const>> {
        let value = |p| interp.path(&self.values, p).map(Cow::into_owned);
        paths.iter().map(value).collect()
    }

    /// Paths to the parameters of the proposed call that hold the key of a fact.
    fn fact_key(&self, interp: &Interp<'_>, names: &[String]) -> Option<Vec<Path>> {
        let params = &interp.policy().action(self.action).params;
        let path = |name: &String| {
            let index = params.iter().position(|p| p.name == *name)?;
            let param = params.get(index)?;
            Some(Path {
                root: Root::Param(u32::try_from(index).ok()?),
                fields: Vec::new(),
                ty: param.ty.clone(),
                optional: param.optional,
                text: name.clone(),
                span: param.span,
            })
        };
        names.iter().map(path).collect()
    }
}

/// A proposal with the interpreter that the facts are worked out by.
pub struct InSession<'a> {
    /// Who interprets.
    pub interp: &'a Interp<'a>,
    /// What is proposed.
    pub proposal: &'a Proposal<'a>,
}

impl World for InSession<'_> {
    fn root(&self, root: Root) -> Option<Cow<'_, Const>> {
        let Root::Fact(id) = root else {
            return self.proposal.values.root(root);
        };
        let fact = self.interp.policy().facts.get(id.index())?;
        let paths = self.proposal.fact_key(self.interp, &fact.keys)?;
        let key = self.proposal.key(self.interp, &paths);
        // A repeat stands on the facts under which the first call was admitted.
        let now = match self.proposal.repeats(self.interp) {
            Some(first) => first.admitted,
            None => self.proposal.calls.now,
        };
        Calls {
            now,
            ..self.proposal.calls
        }
        .fact(self.interp, id, &paths, &key)
        .map(Cow::Owned)
    }

    fn history(&self, interp: &Interp<'_>, term: &HistoryTerm) -> i64 {
        let key = self.proposal.key(interp, &term.keys);
        self.proposal.calls.answer(interp, term, &key, false)
    }

    fn repeats(&self, interp: &Interp<'_>) -> bool {
        self.proposal.repeats(interp).is_some()
    }

    fn used(&self, interp: &Interp<'_>, term: &HistoryTerm) -> i64 {
        let key = self.proposal.key(interp, &term.keys);
        self.proposal.calls.answer(interp, term, &key, true)
    }

    fn during(&self, flow: FlowId, state: Option<StateId>) -> bool {
        self.proposal
            .position
            .is_some_and(|(f, s)| f == flow && state.is_none_or(|state| state == s))
    }
}

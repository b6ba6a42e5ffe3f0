//! What a session is to the conditions of a test: inputs, bindings and history.

use super::play::Play;
use crate::interp::{Fixed, Interp, World};
use crate::model::{Atom, AtomKind, Cond, Const, FlowId, HistoryTerm, Operand, Root, StateId};
use crate::runtime::history::speaks_of;
use crate::runtime::session::Call;
use crate::syntax::tree::HistoryFunc;
use crate::table::format::Asks;
use std::borrow::Cow;

/// Conditions deeper than this are not looked into for words.
const DEPTH_MAX: u32 = 64;

struct InTest<'p, 'a>(&'p Play<'a>);

/// Whether a condition holds in the session; if not, what is the case.
pub(super) fn expect(play: &Play<'_>, cond: &Cond) -> Result<(), String> {
    let world = InTest(play);
    match play.interp.truth(&world, cond) {
        Some(true) => Ok(()),
        Some(false) => Err(found(&world, cond)),
        None => Err(format!("it is undecided: {}", found(&world, cond))),
    }
}

impl World for InTest<'_, '_> {
    fn root(&self, root: Root) -> Option<Cow<'_, Const>> {
        let play = self.0;
        let found = match root {
            Root::Input(id) => {
                let input = play.policy().inputs.get(id.index())?;
                let value = play.inputs.get(&input.wire)?;
                play.interp.value(&input.ty, value, false)
            }
            Root::FlowParam(index) => {
                let flow = play.model_flow(&play.flow()?.name)?;
                let param = flow.params.get(index as usize)?;
                let value = play.session.run()?.slots.get(index as usize)?.as_ref()?;
                play.interp.value(&param.ty, value, false)
            }
            Root::Binding(id) => {
                let flow = play.flow()?;
                let binding = play.model_flow(&flow.name)?.bindings.get(id.index())?;
                let slot = flow
                    .slots
                    .iter()
                    .position(|s| s.scope == 0 && s.name == binding.name)?;
                let value = play.session.run()?.slots.get(slot)?.as_ref()?;
                play.interp.value(&binding.ty, value, false)
            }
            Root::Param(_) | Root::Result | Root::Fact(_) | Root::Element => None,
        };
        found.map(Cow::Owned)
    }

    fn history(&self, interp: &Interp<'_>, term: &HistoryTerm) -> i64 {
        let play = self.0;
        let asks = match term.func {
            HistoryFunc::Done => Asks::Done,
            HistoryFunc::Calls => Asks::Calls,
            HistoryFunc::Effects => Asks::Effects,
            HistoryFunc::Standing => Asks::Standing,
            HistoryFunc::Unsettled => Asks::Unsettled,
        };
        let key: Vec<_> = term
            .keys
            .iter()
            .map(|k| interp.path(self, k).map(Cow::into_owned))
            .collect();
        let counts = |call: &&Call| {
            speaks_of(play.table.body(), &play.session, asks, call)
                && self.takes_in(interp, term, call, &key)
        };
        let found = play.session.calls().iter().filter(counts).count();
        let found = i64::try_from(found).unwrap_or(i64::MAX);
        match asks {
            Asks::Calls | Asks::Effects => found,
            Asks::Done | Asks::Standing | Asks::Unsettled => found.min(1),
        }
    }

    fn during(&self, flow: FlowId, state: Option<StateId>) -> bool {
        let play = self.0;
        let (Some(run), Some(running)) = (play.session.run(), play.flow()) else {
            return false;
        };
        let Some(asked) = play.policy().flows.get(flow.index()) else {
            return false;
        };
        let state = state.and_then(|s| asked.states.get(s.index()));
        run.levels.iter().any(|level| {
            let scope = running.scopes.get(level.scope as usize);
            let at = running.states.get(level.state as usize);
            scope.is_some_and(|s| s.flow == asked.name)
                && state.is_none_or(|state| {
                    at.is_some_and(|at| super::play::own_name(at) == state.name)
                })
        })
    }
}

impl InTest<'_, '_> {
    /// Whether a call is one of those that the question counts.
    fn takes_in(
        &self,
        interp: &Interp<'_>,
        term: &HistoryTerm,
        call: &Call,
        key: &[Option<Const>],
    ) -> bool {
        let play = self.0;
        term.counted.iter().any(|counted| {
            let action = play.policy().action(counted.action);
            if play.table.action_index(&action.full_name) != Some(call.action) {
                return false;
            }
            let params = action.params.iter().map(|p| {
                let value = call.args.get(&p.wire)?;
                interp.value(&p.ty, value, false)
            });
            let result = call.result.as_ref().zip(action.result.as_ref());
            let world = Fixed {
                params: params.collect(),
                result: result.and_then(|(value, ty)| interp.value(ty, value, true)),
                ..Fixed::default()
            };
            let filter = counted.filter.as_ref();
            filter.is_none_or(|filter| interp.truth(&world, filter) == Some(true))
                && counted
                    .keys
                    .iter()
                    .zip(key)
                    .all(|(path, wanted)| interp.path(&world, path).as_deref() == wanted.as_ref())
        })
    }
}

/// The values that a condition speaks of, in words.
fn found(world: &InTest<'_, '_>, cond: &Cond) -> String {
    let mut out = Vec::new();
    look(world, cond, &mut out, 0);
    out.dedup();
    if out.is_empty() {
        "it is false".to_owned()
    } else {
        out.join(", ")
    }
}

fn look(world: &InTest<'_, '_>, cond: &Cond, out: &mut Vec<String>, depth: u32) {
    if depth > DEPTH_MAX {
        return;
    }
    match cond {
        Cond::And(all) | Cond::Or(all) => {
            for one in all {
                look(world, one, out, depth + 1);
            }
        }
        Cond::Not(one) => look(world, one, out, depth + 1),
        Cond::Define { body, .. } => look(world, body, out, depth + 1),
        Cond::Atom(Atom { kind, .. }) => match kind {
            AtomKind::Holds(operand)
            | AtomKind::InRange { operand, .. }
            | AtomKind::InSet { operand, .. } => value(world, operand, out),
            AtomKind::Compare { left, right, .. } => {
                value(world, left, out);
                value(world, right, out);
            }
            AtomKind::Matches { path, .. } | AtomKind::Present(path) => {
                value(world, &Operand::Path(path.clone()), out);
            }
            AtomKind::Contains { list, .. } | AtomKind::Quantifier { list, .. } => {
                value(world, &Operand::Path(list.clone()), out);
            }
            AtomKind::Const(_) | AtomKind::During { .. } => {}
        },
    }
}

fn value(world: &InTest<'_, '_>, operand: &Operand, out: &mut Vec<String>) {
    let interp = &world.0.interp;
    match operand {
        Operand::Const(_) => {}
        Operand::Path(path) | Operand::Length(path) | Operand::Size(path) => {
            out.push(match interp.path(world, path) {
                Some(value) => format!("{} is {}", path.text, interp.wire(&path.ty, &value)),
                None => format!("{} is absent", path.text),
            });
        }
        Operand::History(term) => {
            let n = world.history(interp, term);
            let said = match term.func {
                HistoryFunc::Calls | HistoryFunc::Effects => n.to_string(),
                _ => (n > 0).to_string(),
            };
            out.push(format!("{} is {said}", term.text));
        }
    }
}

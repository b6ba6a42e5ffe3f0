//! A case that shows a difference: the values that an assignment stands for, as each table takes
//! them, and what each table really says to them.

use super::place::Place;
use super::report::Case;
use super::side::{Side, Tables};
use super::universe::{Scope, Universe};
use crate::logic::{Assignment, Formula, Term};
use crate::table::eval::Scene;
use crate::table::format::{Action, Root};
use crate::table::value::{Unknown, normalise};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A case as one table sees it.
pub(super) struct Staged<'t> {
    side: Side,
    tables: Tables<'t>,
    scope: Scope<'t>,
    params: Vec<Option<Value>>,
    inputs: Vec<Option<Value>>,
    facts: BTreeMap<String, Value>,
    histories: BTreeMap<u32, i64>,
    position: i64,
}

impl Staged<'_> {
    pub(super) fn side(&self) -> Side {
        self.side
    }
}

impl Scene for Staged<'_> {
    fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Param { index } => self.params.get(*index as usize)?.as_ref(),
            Root::Input { index } => self.inputs.get(*index as usize)?.as_ref(),
            Root::Fact { index, keys } => {
                let text = self.tables.fact_text(self.side, &self.scope, *index, keys);
                self.facts.get(&text)
            }
            _ => None,
        }
    }

    fn history(&self, index: u32) -> i64 {
        self.histories.get(&index).copied().unwrap_or(0)
    }

    fn position(&self) -> i64 {
        self.position
    }
}

/// The case of an assignment, for people and for both tables; none if some value of it is not valid
/// after all.
pub(super) fn staged<'t>(
    universe: &mut Universe<'t>,
    scope: &Scope<'t>,
    actions: [&'t Action; 2],
    formula: Formula,
    found: &mut Assignment,
) -> Option<(Case, [Staged<'t>; 2])> {
    let tables = universe.tables;
    let asked = universe.logic.terms_of(&[formula]);
    let position = universe.position();
    let mut sides = Vec::new();
    let mut told: Vec<[Map<String, Value>; 2]> = Vec::new();
    let facts = universe.facts.clone();
    let mut shown_facts = Map::new();
    for side in Side::BOTH {
        let body = tables.body(side);
        let (mut args, mut inputs) = (Map::new(), Map::new());
        let mut params = Vec::new();
        for field in &actions[side.index()].params {
            let place = universe.param(scope, &field.wire);
            let value = place.value(universe, side, found);
            params.push(match &value {
                None if field.optional => None,
                None => return None,
                Some(v) => Some(normalise(body, &field.ty, v, Unknown::Refuse).ok()?),
            });
            args.extend(value.map(|v| (field.wire.clone(), v)));
        }
        let mut given = Vec::new();
        for field in &body.inputs {
            let place = universe.input(&field.wire);
            let value = place.value(universe, side, found);
            given.push(match &value {
                None if field.optional => None,
                None => return None,
                Some(v) => Some(normalise(body, &field.ty, v, Unknown::Refuse).ok()?),
            });
            if mentions(&place, &asked) {
                inputs.extend(value.map(|v| (field.wire.clone(), v)));
            }
        }
        let mut known = BTreeMap::new();
        for fact in &facts {
            let (text, place) = (&fact.text, &fact.place);
            let value = place.value(universe, side, found);
            if mentions(place, &asked) {
                let shown = value.clone().unwrap_or(Value::Null);
                shown_facts.insert(text.clone(), shown);
            }
            known.extend(value.map(|v| (text.clone(), v)));
        }
        let mut histories = BTreeMap::new();
        for question in &universe.questions {
            let answer = found.int(question.term).unwrap_or(0);
            histories.extend(question.numbers[side.index()].iter().map(|n| (*n, answer)));
        }
        let at = found.int(position).unwrap_or(0);
        let at = usize::try_from(at)
            .ok()
            .and_then(|i| universe.positions.get(i));
        sides.push(Staged {
            side,
            tables,
            scope: scope.clone(),
            params,
            inputs: given,
            facts: known,
            histories,
            position: at.map_or(0, |(_, n)| n[side.index()]),
        });
        told.push([args, inputs]);
    }
    let history = universe
        .questions
        .iter()
        .filter(|q| asked.contains(&q.term))
        .map(|q| (q.text.clone(), Value::from(found.int(q.term).unwrap_or(0))))
        .collect();
    let at = asked.contains(&position).then(|| {
        let at = usize::try_from(found.int(position).unwrap_or(0)).ok();
        at.and_then(|i| universe.positions.get(i))
            .map(|(text, _)| text.clone())
    });
    let ([new_args, new_inputs], [args, inputs]) = (told.pop()?, told.pop()?);
    let case = Case {
        action: actions[1].name.clone(),
        new_args: (new_args != args).then_some(new_args),
        args,
        new_inputs: (new_inputs != inputs).then_some(new_inputs),
        inputs,
        facts: shown_facts,
        history,
        at: at.flatten(),
    };
    let (new, old) = (sides.pop()?, sides.pop()?);
    Some((case, [old, new]))
}

/// Whether some term of the place is among those.
pub(super) fn mentions(place: &Place, asked: &BTreeSet<Term>) -> bool {
    use super::place::Kind;
    if place.presence.is_some_and(|p| asked.contains(&p)) {
        return true;
    }
    match &place.kind {
        Kind::Flag(t)
        | Kind::Number { term: t, .. }
        | Kind::Enum { term: t, .. }
        | Kind::Text(t) => asked.contains(t),
        Kind::List { term, .. } => asked.contains(term),
        Kind::Record(fields) => fields.iter().any(|(_, p)| mentions(p, asked)),
        Kind::Apart(_) => false,
    }
}

//! Terms that both tables share: what stands for the same thing in both has one term.

use super::history::{Calls, Question};
use super::place::{Kind, Making, Place};
use super::side::{Side, Tables, Typed};
use crate::logic::{Assignment, AutomatonId, Formula, IntSet, Language, Logic, Term};
use crate::table::format::{self, Field, Path, Root, Slot, Type};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Why something cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Untold(pub(super) String);

impl From<crate::logic::OutOfBudget> for Untold {
    fn from(out: crate::logic::OutOfBudget) -> Self {
        Self(out.to_string())
    }
}

/// Where a path stands on both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope<'t> {
    /// Tells the scope's terms from those of others; empty for the proposal in question.
    pub(super) prefix: String,
    pub(super) params: [&'t [Field]; 2],
    pub(super) result: [Option<&'t Type>; 2],
    pub(super) slots: [&'t [Slot]; 2],
    pub(super) element: Option<Rc<Place>>,
}

/// A fact for one key.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Its name and key.
    pub(super) text: String,
    pub(super) place: Rc<Place>,
    pub(super) keys: Vec<String>,
    /// The calls that it remembers, if that is the same on both sides.
    pub(super) source: Option<Calls>,
}

pub(super) struct Universe<'t> {
    pub(super) tables: Tables<'t>,
    pub(super) logic: Logic,
    automata: [FxHashMap<u32, AutomatonId>; 2],
    places: FxHashMap<String, Rc<Place>>,
    /// Facts that were asked for.
    pub(super) facts: Vec<Known>,
    /// Questions about history that were asked.
    pub(super) questions: Vec<Question>,
    /// Conditions on counted calls, by action: equal ones have one number.
    pub(super) conditions: Vec<(String, Formula)>,
    /// The positions that both tables have: state and flow, and its number on each side.
    pub(super) positions: Vec<(String, [i64; 2])>,
    /// One automaton for the patterns that a term is matched with on both sides.
    pub(super) joined: FxHashMap<Term, super::automata::Joined>,
}

impl<'t> Universe<'t> {
    pub(super) fn new(tables: Tables<'t>, effort: u32) -> Self {
        let mut logic = Logic::new();
        logic.set_effort(effort);
        Self {
            tables,
            logic,
            automata: [FxHashMap::default(), FxHashMap::default()],
            places: FxHashMap::default(),
            facts: Vec::new(),
            questions: Vec::new(),
            conditions: Vec::new(),
            positions: positions(&tables),
            joined: FxHashMap::default(),
        }
    }

    /// The automaton of a table, in the universe.
    pub(super) fn automaton(&mut self, side: Side, index: u32) -> Result<AutomatonId, Untold> {
        if let Some(&known) = self.automata[side.index()].get(&index) {
            return Ok(known);
        }
        let of = self.tables.body(side).automata.get(index as usize);
        let of = of.ok_or_else(|| Untold("a pattern is missing".to_owned()))?;
        let id = self.logic.add_automaton(crate::logic::Automaton {
            alphabet: of.alphabet.clone(),
            classes: of.classes,
            next: of.next.clone(),
            accept: of.accept.clone(),
        });
        self.automata[side.index()].insert(index, id);
        Ok(id)
    }

    /// The strings that a type's automaton takes.
    pub(super) fn accepted(&mut self, side: Side, index: u32) -> Result<Language, Untold> {
        let id = self.automaton(side, index)?;
        self.logic
            .class_language(id, &IntSet::at_least(1))
            .ok_or_else(|| Untold("a pattern needs too large an automaton".to_owned()))
    }

    /// The place that a path leads to.
    pub(super) fn at(
        &mut self,
        side: Side,
        scope: &Scope<'t>,
        path: &Path,
    ) -> Result<Rc<Place>, Untold> {
        let mut place = self.root(side, scope, &path.root)?;
        for wire in &path.fields {
            let next = match &place.kind {
                Kind::Record(fields) => fields
                    .iter()
                    .find(|(w, _)| w == wire)
                    .map(|(_, p)| Rc::clone(p)),
                Kind::Apart(why) => return Err(Untold(why.clone())),
                _ => None,
            };
            place = next.ok_or_else(|| Untold(format!("`{}` has no `{wire}`", place.name)))?;
        }
        Ok(place)
    }

    fn root(&mut self, side: Side, scope: &Scope<'t>, root: &Root) -> Result<Rc<Place>, Untold> {
        let missing = || Untold("a value is missing".to_owned());
        match root {
            Root::Element {} => scope.element.clone().ok_or_else(missing),
            Root::Param { index } => {
                let field = scope.params[side.index()].get(*index as usize);
                let wire = field.ok_or_else(missing)?.wire.as_str();
                Ok(self.param(scope, wire))
            }
            Root::Input { index } => {
                let field = self.tables.body(side).inputs.get(*index as usize);
                let wire = field.ok_or_else(missing)?.wire.as_str();
                Ok(self.input(wire))
            }
            Root::Result {} => {
                let typed = scope.result.map(|t| {
                    t.map(|ty| Typed {
                        ty,
                        optional: false,
                    })
                });
                Ok(self.known(&format!("{}result", scope.prefix), "result", typed))
            }
            Root::Slot { index } => {
                let slot = scope.slots[side.index()].get(*index as usize);
                let name = slot.ok_or_else(missing)?.name.as_str();
                Ok(self.slot(scope, name))
            }
            Root::Fact { index, keys } => {
                let text = self.tables.fact_text(side, scope, *index, keys);
                let fact = self.tables.body(side).facts.get(*index as usize);
                let name = fact.ok_or_else(missing)?.name.as_str();
                let typed = Side::BOTH.map(|side| {
                    let facts = &self.tables.body(side).facts;
                    let fact = facts.iter().find(|f| f.name == name)?;
                    Some(Typed {
                        ty: &fact.ty,
                        optional: true,
                    })
                });
                let place = self.known(&format!("{}fact {text}", scope.prefix), &text, typed);
                if scope.prefix.is_empty() && !self.facts.iter().any(|k| k.text == text) {
                    let known = Known {
                        place: Rc::clone(&place),
                        keys: self.key_texts(side, scope, keys),
                        source: self.source(name)?,
                        text,
                    };
                    self.facts.push(known);
                }
                Ok(place)
            }
        }
    }

    /// A parameter by its name on the wire.
    pub(super) fn param(&mut self, scope: &Scope<'t>, wire: &str) -> Rc<Place> {
        let typed = scope
            .params
            .map(|fields| fields.iter().find(|f| f.wire == wire).map(Typed::field));
        self.known(&format!("{}param {wire}", scope.prefix), wire, typed)
    }

    /// A slot of a flow by its name.
    pub(super) fn slot(&mut self, scope: &Scope<'t>, name: &str) -> Rc<Place> {
        let typed = scope.slots.map(|slots| {
            let slot = slots.iter().find(|s| s.name == name)?;
            Some(Typed {
                ty: &slot.ty,
                optional: true,
            })
        });
        self.known(&format!("{}slot {name}", scope.prefix), name, typed)
    }

    /// An input by its name on the wire.
    pub(super) fn input(&mut self, wire: &str) -> Rc<Place> {
        let typed = Side::BOTH.map(|side| {
            let inputs = &self.tables.body(side).inputs;
            inputs.iter().find(|f| f.wire == wire).map(Typed::field)
        });
        self.known(&format!("input {wire}"), wire, typed)
    }

    fn known(&mut self, id: &str, name: &str, typed: [Option<Typed<'_>>; 2]) -> Rc<Place> {
        if let Some(known) = self.places.get(id) {
            return Rc::clone(known);
        }
        let making = Making {
            id: id.to_owned(),
            name: name.to_owned(),
            list: None,
            depth: 0,
        };
        let made = self.place(&making, typed);
        self.places.insert(id.to_owned(), Rc::clone(&made));
        made
    }

    /// The value that an assignment gives to an integer term, chosen if it gives none.
    pub(super) fn int_of(&mut self, term: Term, found: &mut Assignment) -> Option<i64> {
        self.complete(term, found)?;
        found.int(term)
    }

    pub(super) fn complete(&mut self, term: Term, found: &mut Assignment) -> Option<()> {
        let mut budget = self.logic.budget();
        self.logic.complete(found, &[term], &mut budget).ok()
    }
}

impl Tables<'_> {
    /// A path as a name that is the same on both sides.
    pub(super) fn path_text(&self, side: Side, scope: &Scope<'_>, path: &Path) -> String {
        let body = self.body(side);
        let wire = |fields: &[Field], index: u32| {
            fields
                .get(index as usize)
                .map_or_else(String::new, |f| f.wire.clone())
        };
        let mut text = match &path.root {
            Root::Param { index } => wire(scope.params[side.index()], *index),
            Root::Input { index } => wire(&body.inputs, *index),
            Root::Result {} => "result".to_owned(),
            Root::Element {} => "element".to_owned(),
            Root::Fact { index, keys } => self.fact_text(side, scope, *index, keys),
            Root::Slot { index } => scope.slots[side.index()]
                .get(*index as usize)
                .map_or_else(String::new, |s| s.name.clone()),
        };
        for field in &path.fields {
            text.push('.');
            text.push_str(field);
        }
        text
    }

    /// A fact with its key, as `bill[payment]`.
    pub(super) fn fact_text(
        &self,
        side: Side,
        scope: &Scope<'_>,
        index: u32,
        keys: &[Path],
    ) -> String {
        let fact: Option<&format::Fact> = self.body(side).facts.get(index as usize);
        let name = fact.map_or("", |f| f.name.as_str());
        if keys.is_empty() {
            return name.to_owned();
        }
        let keys: Vec<String> = keys
            .iter()
            .map(|k| self.path_text(side, scope, k))
            .collect();
        format!("{name}[{}]", keys.join(", "))
    }
}

/// Outside of flows, and the states that both tables have.
fn positions(tables: &Tables<'_>) -> Vec<(String, [i64; 2])> {
    let number = |side: Side, flow: &str, state: &str| {
        let flows = &tables.body(side).flows;
        let flow = flows.iter().find(|f| f.name == flow)?;
        let at = flow.states.iter().position(|s| s.name == state)?;
        Some(i64::from(flow.first_position) + i64::try_from(at).ok()?)
    };
    let mut all = vec![("outside every flow".to_owned(), [0, 0])];
    for flow in &tables.old.body().flows {
        for state in &flow.states {
            let both = Side::BOTH.map(|side| number(side, &flow.name, &state.name));
            if let [Some(old), Some(new)] = both {
                let text = format!("in state `{}` of flow `{}`", state.name, flow.name);
                all.push((text, [old, new]));
            }
        }
    }
    all
}

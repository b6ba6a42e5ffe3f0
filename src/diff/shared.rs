//! Diagrams of both tables in one form: nodes over shared terms, each once. Two diagrams that have
//! one number mean the same.

use super::place::{Kind, Place};
use super::side::Side;
use super::universe::{Scope, Universe, Untold};
use crate::logic::{AutomatonId, Formula, IntSet, Term};
use crate::table::format::{Path, Probe, Ref};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// What a node asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Int(Term),
    Class(Term, AutomatonId),
    Difference(Term, i64, Term, i64),
    Equal(Term, Term),
    Some(Term, Formula),
}

/// Where an edge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum To {
    Leaf(u32),
    Node(u32),
}

/// A node: disjoint sets of answers, ascending by their least ones, each with where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) key: Key,
    pub(super) cells: Vec<(IntSet, To)>,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) nodes: Vec<Node>,
    ids: FxHashMap<Node, u32>,
}

/// A question, and how a side's answers become shared ones.
enum Asked {
    /// The answer is the same whatever happens.
    Always(i64),
    Key {
        key: Key,
        /// All answers that there are.
        range: IntSet,
        map: Map,
    },
}

enum Map {
    Same,
    Place(std::rc::Rc<Place>),
    /// The shared answer is the side's over the divisor, turned round if negated.
    Divided(i64, bool),
    Part(super::automata::Joined, AutomatonId),
    Positions,
}

impl Store {
    /// A table's diagram, with its leaves as `leaf` names them.
    pub(super) fn take<'t>(
        &mut self,
        universe: &mut Universe<'t>,
        side: Side,
        scope: &Scope<'t>,
        root: Ref,
        leaf: &dyn Fn(u32) -> u32,
    ) -> Result<To, Untold> {
        // INVARIANT: nodes refer to nodes of lower number only, so children come first here.
        let mut done: FxHashMap<Ref, To> = FxHashMap::default();
        let to = |done: &FxHashMap<Ref, To>, at: Ref| match u32::try_from(-1 - at) {
            Ok(number) => To::Leaf(leaf(number)),
            Err(_) => done.get(&at).copied().unwrap_or(To::Leaf(leaf(0))),
        };
        let tables = universe.tables;
        for at in reachable(&tables.body(side).nodes, root) {
            let Some(node) = usize::try_from(at)
                .ok()
                .and_then(|i| tables.body(side).nodes.get(i))
            else {
                continue;
            };
            let Some(probe) = tables.body(side).probes.get(node.probe as usize) else {
                continue;
            };
            let made = match universe.ask(side, scope, probe)? {
                Asked::Always(value) => {
                    let branch = node.cuts.partition_point(|&c| c <= value);
                    let next = node.next.get(branch).copied().unwrap_or(-1);
                    to(&done, next)
                }
                Asked::Key { key, range, map } => {
                    let mut cells: Vec<(IntSet, To)> = Vec::new();
                    for (branch, next) in node.next.iter().enumerate() {
                        let low = branch.checked_sub(1).and_then(|i| node.cuts.get(i));
                        let low = low.copied().unwrap_or(i64::MIN);
                        let high = node.cuts.get(branch).map_or(i64::MAX, |c| c - 1);
                        let set = universe.shared_set(side, &map, low, high).intersect(&range);
                        if set.is_empty() {
                            continue;
                        }
                        let next = to(&done, *next);
                        match cells.iter_mut().find(|(_, t)| *t == next) {
                            Some((known, _)) => *known = known.union(&set),
                            None => cells.push((set, next)),
                        }
                    }
                    self.node(key, cells)
                }
            };
            done.insert(at, made);
        }
        Ok(to(&done, root))
    }

    fn node(&mut self, key: Key, mut cells: Vec<(IntSet, To)>) -> To {
        cells.sort_by_key(|(set, _)| set.min());
        match cells.as_slice() {
            [] => return To::Leaf(0),
            [(_, only)] => return *only,
            _ => {}
        }
        let node = Node { key, cells };
        if let Some(&id) = self.ids.get(&node) {
            return To::Node(id);
        }
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node.clone());
        self.ids.insert(node, id);
        To::Node(id)
    }

    /// Where a condition of a table holds.
    pub(super) fn condition<'t>(
        &mut self,
        universe: &mut Universe<'t>,
        side: Side,
        scope: &Scope<'t>,
        at: Ref,
    ) -> Result<Formula, Untold> {
        let root = self.take(universe, side, scope, at, &|leaf| leaf)?;
        self.formula(universe, root, 1)
    }

    /// Where a diagram comes to that leaf.
    pub(super) fn formula(
        &self,
        universe: &mut Universe<'_>,
        root: To,
        leaf: u32,
    ) -> Result<Formula, Untold> {
        let mut done: Vec<Formula> = Vec::with_capacity(self.nodes.len());
        let of = |done: &[Formula], to: To| match to {
            To::Leaf(l) if l == leaf => Formula::TRUE,
            To::Leaf(_) => Formula::FALSE,
            To::Node(n) => done.get(n as usize).copied().unwrap_or(Formula::FALSE),
        };
        for node in &self.nodes {
            let mut ways = Vec::new();
            for (set, to) in &node.cells {
                let rest = of(&done, *to);
                if rest != Formula::FALSE {
                    let here = universe.answer_in(&node.key, set)?;
                    ways.push(universe.logic.and(&[here, rest]));
                }
            }
            done.push(universe.logic.or(&ways));
        }
        Ok(of(&done, root))
    }
}

impl<'t> Universe<'t> {
    /// The answer to the question lies in the set.
    pub(super) fn answer_in(&mut self, key: &Key, set: &IntSet) -> Result<Formula, Untold> {
        let flag = |f: Formula| match (set.contains(0), set.contains(1)) {
            (true, true) => Formula::TRUE,
            (false, true) => f,
            (true, false) => !f,
            (false, false) => Formula::FALSE,
        };
        Ok(match key {
            Key::Int(term) => self.logic.in_set(*term, set.clone()),
            Key::Difference(a, ka, b, kb) => self.logic.difference(*a, *ka, *b, *kb, set.clone()),
            Key::Equal(a, b) => flag(self.logic.equal(*a, *b)),
            Key::Some(list, body) => flag(self.logic.some(*list, *body)),
            Key::Class(term, automaton) => match self.logic.class_language(*automaton, set) {
                Some(language) => self.logic.in_language(*term, language),
                None => return Err(Untold("a pattern needs too large an automaton".to_owned())),
            },
        })
    }

    fn shared_set(&self, side: Side, map: &Map, low: i64, high: i64) -> IntSet {
        match map {
            Map::Same => IntSet::range(low, high),
            Map::Place(place) => place.set_of(side, low, high),
            Map::Divided(by, negated) => {
                let set = IntSet::range(low, high).divided(*by);
                if *negated { set.negated() } else { set }
            }
            Map::Part(joined, part) => joined.classes(*part, low, high).unwrap_or_default(),
            Map::Positions => {
                let inside = (0_i64..)
                    .zip(&self.positions)
                    .filter(|(_, (_, at))| (low..=high).contains(&at[side.index()]));
                IntSet::from_points(inside.map(|(i, _)| i))
            }
        }
    }

    /// The term of the position: a number in the list of those that both tables have.
    pub(super) fn position(&mut self) -> Term {
        let last = i64::try_from(self.positions.len()).unwrap_or(i64::MAX) - 1;
        self.logic.int("position", 0, last)
    }

    fn ask(&mut self, side: Side, scope: &Scope<'t>, probe: &Probe) -> Result<Asked, Untold> {
        match probe {
            Probe::Value { path, .. } => {
                let place = self.at(side, scope, path)?;
                let term = match &place.kind {
                    Kind::Flag(term) | Kind::Number { term, .. } | Kind::Enum { term, .. } => *term,
                    other => return Err(no_number(&place, other)),
                };
                Ok(self.int_key(term, Map::Place(place)))
            }
            Probe::Present { path } => {
                let place = self.at(side, scope, path)?;
                Ok(match place.presence {
                    Some(term) => self.int_key(term, Map::Same),
                    None => Asked::Always(1),
                })
            }
            Probe::Length { path } => {
                let term = self.text(side, scope, path)?;
                let length = self.logic.length_of(term);
                Ok(self.int_key(length, Map::Same))
            }
            Probe::Size { path } => {
                let (list, _) = self.list(side, scope, path)?;
                let size = self.logic.size_of(list);
                Ok(self.int_key(size, Map::Same))
            }
            Probe::Class { path, automaton } => {
                let term = self.text(side, scope, path)?;
                let id = self.automaton(side, *automaton)?;
                let (whole, map) = match self.joined.get(&term) {
                    Some(joined) if joined.classes(id, 0, 0).is_some() => {
                        (joined.automaton, Map::Part(joined.clone(), id))
                    }
                    _ => (id, Map::Same),
                };
                let last = self.logic.automaton(whole).accept.iter().max();
                let range = IntSet::range(0, i64::from(last.copied().unwrap_or(0)));
                Ok(Asked::Key {
                    key: Key::Class(term, whole),
                    range,
                    map,
                })
            }
            Probe::Equal { left, right } => {
                let a = self.text(side, scope, left)?;
                let b = self.text(side, scope, right)?;
                if a == b {
                    return Ok(Asked::Always(1));
                }
                Ok(Asked::Key {
                    key: Key::Equal(a.min(b), a.max(b)),
                    range: IntSet::range(0, 1),
                    map: Map::Same,
                })
            }
            Probe::Difference {
                left,
                left_factor,
                right,
                right_factor,
                ..
            } => {
                let (a, own) = self.number_at(side, scope, left)?;
                let (b, theirs) = self.number_at(side, scope, right)?;
                let large = || Untold("numbers too large to compare".to_owned());
                let ka = left_factor.checked_mul(own).ok_or_else(large)?;
                let kb = right_factor.checked_mul(theirs).ok_or_else(large)?;
                self.difference((a, ka), (b, kb))
            }
            Probe::Some { list, when } => {
                let (term, element) = self.list(side, scope, list)?;
                let inner = Scope {
                    element: Some(element),
                    ..scope.clone()
                };
                let body = Store::default().condition(self, side, &inner, *when)?;
                Ok(match body {
                    Formula::FALSE => Asked::Always(0),
                    _ => Asked::Key {
                        key: Key::Some(term, body),
                        range: IntSet::range(0, 1),
                        map: Map::Same,
                    },
                })
            }
            Probe::History { history } => {
                let term = self.history(side, scope, *history)?;
                Ok(self.int_key(term, Map::Same))
            }
            Probe::HistoryDifference { left, right } => {
                let a = self.history(side, scope, *left)?;
                let b = self.history(side, scope, *right)?;
                self.difference((a, 1), (b, 1))
            }
            Probe::Position {} => {
                let term = self.position();
                Ok(self.int_key(term, Map::Positions))
            }
        }
    }

    fn int_key(&self, term: Term, map: Map) -> Asked {
        let (low, high) = self.logic.bounds(term);
        Asked::Key {
            key: Key::Int(term),
            range: IntSet::range(low, high),
            map,
        }
    }

    fn difference(&self, (a, ka): (Term, i64), (b, kb): (Term, i64)) -> Result<Asked, Untold> {
        if a == b {
            return Err(Untold("a value is compared with itself".to_owned()));
        }
        let common = gcd(ka, kb);
        let swapped = a > b;
        let (first, second) = ((a, ka / common), (b, kb / common));
        let (first, second) = if swapped {
            (second, first)
        } else {
            (first, second)
        };
        Ok(Asked::Key {
            key: Key::Difference(first.0, first.1, second.0, second.1),
            range: IntSet::all(),
            map: Map::Divided(common, swapped),
        })
    }

    fn number_at(
        &mut self,
        side: Side,
        scope: &Scope<'t>,
        path: &Path,
    ) -> Result<(Term, i64), Untold> {
        let place = self.at(side, scope, path)?;
        match &place.kind {
            Kind::Number { term, factor, .. } => Ok((*term, factor[side.index()])),
            Kind::Flag(term) => Ok((*term, 1)),
            Kind::Enum { term, cells }
                if (0_u32..)
                    .zip(cells)
                    .all(|(i, (_, index))| index[side.index()] == Some(i)) =>
            {
                Ok((*term, 1))
            }
            Kind::Enum { .. } => Err(Untold(format!(
                "`{}` is compared with another value, and the variants of its enum have changed",
                place.name
            ))),
            other => Err(no_number(&place, other)),
        }
    }

    pub(super) fn text(
        &mut self,
        side: Side,
        scope: &Scope<'t>,
        path: &Path,
    ) -> Result<Term, Untold> {
        let place = self.at(side, scope, path)?;
        match &place.kind {
            Kind::Text(term) => Ok(*term),
            other => Err(no_number(&place, other)),
        }
    }

    fn list(
        &mut self,
        side: Side,
        scope: &Scope<'t>,
        path: &Path,
    ) -> Result<(Term, std::rc::Rc<Place>), Untold> {
        let place = self.at(side, scope, path)?;
        match &place.kind {
            Kind::List { term, element } => Ok((*term, std::rc::Rc::clone(element))),
            other => Err(no_number(&place, other)),
        }
    }
}

fn no_number(place: &Place, kind: &Kind) -> Untold {
    match kind {
        Kind::Apart(why) => Untold(why.clone()),
        _ => Untold(format!(
            "`{}` is compared in a way that was not expected",
            place.name
        )),
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// The nodes of a diagram, children first.
pub(super) fn reachable(nodes: &[crate::table::format::Node], root: Ref) -> BTreeSet<Ref> {
    let mut seen = BTreeSet::new();
    let mut open = vec![root];
    while let Some(at) = open.pop() {
        if at < 0 || !seen.insert(at) {
            continue;
        }
        let node = usize::try_from(at).ok().and_then(|i| nodes.get(i));
        open.extend(node.into_iter().flat_map(|n| &n.next));
    }
    seen
}

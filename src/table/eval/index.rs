//! A table's diagrams, laid out for walking when the table is loaded.
//!
//! A walk takes as many steps as the diagram is deep, whatever the number of rules. The cuts and
//! branches of all nodes stand in one vector each. Where a node's cuts lie close together, as those
//! of a node do that tells the classes of an automaton apart, its branches are written out value by
//! value and one look finds the branch, else a binary search does (Bernstein, "Producing good code
//! for the case statement", 1985). A byte's class is looked up in a table of 256 instead of in
//! runs. How a value becomes a number is settled once for each question, not at each answer.

use super::super::format::{self, Body, Path, Ref, Root};
use super::super::value::{Reading, class_in, length};
use super::{Scene, path, watch};
use serde_json::Value;

/// A jump table has at most so many entries for each cut, and this many more.
const JUMP: usize = 4;
const SLACK: usize = 16;

/// What walking the diagrams of one body takes.
#[derive(Clone, Debug, Default)]
pub struct Index {
    nodes: Vec<Node>,
    cuts: Vec<i64>,
    next: Vec<Ref>,
    probes: Vec<Asked>,
    automata: Vec<Bytes>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    probe: usize,
    /// Where its cuts begin and end.
    cuts: (usize, usize),
    /// Where its branches begin in `next`.
    next: usize,
    /// If its branches are written out: for the values from the first to the second, which stand for
    /// all beyond.
    jump: Option<(i64, i64)>,
}

/// A question, ready to be asked.
#[derive(Clone, Debug)]
enum Asked {
    Value(Number),
    Present(Path),
    Length(Path),
    Size(Path),
    Class { path: Path, automaton: usize },
    Difference(Box<[(Number, i64); 2]>),
    Equal { left: Path, right: Path },
    Some { list: Path, when: Ref },
    History(u32),
    HistoryDifference { left: u32, right: u32 },
    Position,
}

#[derive(Clone, Debug)]
struct Number {
    path: Path,
    reading: Reading,
}

impl Number {
    fn new(body: &Body, path: &Path, ty: &format::Type) -> Self {
        Self {
            path: path.clone(),
            reading: Reading::of(body, ty),
        }
    }

    fn of(&self, scene: &dyn Scene) -> Option<i64> {
        self.reading.number(path(scene, &self.path)?)
    }
}

/// An automaton with the class of each byte.
#[derive(Clone, Debug)]
struct Bytes {
    class: Box<[u32; 256]>,
    automaton: format::Automaton,
}

impl Index {
    /// The index of a body. A body that was not verified is indexed as well: where it is broken,
    /// walks end in leaf 0.
    #[must_use]
    pub fn new(body: &Body) -> Self {
        let mut made = Self {
            nodes: Vec::with_capacity(body.nodes.len()),
            probes: body.probes.iter().map(|p| asked(body, p)).collect(),
            automata: body.automata.iter().map(Bytes::new).collect(),
            ..Self::default()
        };
        for node in &body.nodes {
            made.add(node);
        }
        made
    }

    fn add(&mut self, node: &format::Node) {
        let (from, next) = (self.cuts.len(), self.next.len());
        self.cuts.extend(&node.cuts);
        // A branch that a broken node lacks is leaf 0.
        let branch = |i: usize| node.next.get(i).copied().unwrap_or(-1);
        let jump = jump(&node.cuts);
        match jump {
            Some((low, high)) => {
                let each = (low..=high).map(|v| node.cuts.partition_point(|&cut| cut <= v));
                self.next.extend(each.map(branch));
            }
            None => self.next.extend((0..=node.cuts.len()).map(branch)),
        }
        self.nodes.push(Node {
            probe: node.probe as usize,
            cuts: (from, self.cuts.len()),
            next,
            jump,
        });
    }

    /// Walks a diagram and gives the leaf's number.
    #[must_use]
    pub fn leaf(&self, scene: &dyn Scene, start: Ref) -> u32 {
        let mut at = start;
        let watching = watch::on();
        loop {
            let Ok(index) = usize::try_from(at) else {
                return u32::try_from(-(at + 1)).unwrap_or(0);
            };
            let Some(node) = self.nodes.get(index) else {
                return 0;
            };
            let v = self.answer(scene, node.probe);
            let cuts = || self.cuts.get(node.cuts.0..node.cuts.1).unwrap_or_default();
            let entry = match node.jump {
                Some((low, high)) => usize::try_from(v.clamp(low, high).abs_diff(low)).ok(),
                None => Some(cuts().partition_point(|&cut| cut <= v)),
            };
            if watching {
                watch::saw(at, cuts(), cuts().partition_point(|&cut| cut <= v), v);
            }
            let next = entry.and_then(|entry| self.next.get(node.next + entry));
            let Some(&next) = next else {
                return 0;
            };
            // INVARIANT: children come before their parents, so every walk ends.
            if next >= at {
                return 0;
            }
            at = next;
        }
    }

    /// Whether a condition holds: leaf 1 of its diagram.
    #[must_use]
    pub fn holds(&self, scene: &dyn Scene, condition: Ref) -> bool {
        self.leaf(scene, condition) == 1
    }

    /// The answer to a probe.
    #[must_use]
    pub fn answer(&self, scene: &dyn Scene, probe: usize) -> i64 {
        let Some(asked) = self.probes.get(probe) else {
            return 0;
        };
        match asked {
            Asked::Value(number) => number.of(scene).unwrap_or(0),
            Asked::Present(p) => i64::from(path(scene, p).is_some()),
            Asked::Length(p) => path(scene, p).and_then(Value::as_str).map_or(0, length),
            Asked::Size(p) => path(scene, p)
                .and_then(Value::as_array)
                .map_or(0, |list| i64::try_from(list.len()).unwrap_or(i64::MAX)),
            Asked::Class { path: p, automaton } => {
                let text = path(scene, p).and_then(Value::as_str);
                let automaton = self.automata.get(*automaton);
                match (text, automaton) {
                    (Some(text), Some(automaton)) => i64::from(automaton.class_of(text)),
                    _ => 0,
                }
            }
            Asked::Difference(sides) => {
                let [(left, by), (right, times)] = &**sides;
                match (left.of(scene), right.of(scene)) {
                    (Some(left), Some(right)) => saturated(
                        i128::from(left) * i128::from(*by) - i128::from(right) * i128::from(*times),
                    ),
                    _ => 0,
                }
            }
            Asked::Equal { left, right } => match (path(scene, left), path(scene, right)) {
                (Some(left), Some(right)) => i64::from(left == right),
                _ => 0,
            },
            Asked::Some { list, when } => {
                let Some(Value::Array(items)) = path(scene, list) else {
                    return 0;
                };
                i64::from(items.iter().any(|element| {
                    let inner = ElementScene {
                        outer: scene,
                        element,
                    };
                    self.holds(&inner, *when)
                }))
            }
            Asked::History(history) => scene.history(*history),
            Asked::HistoryDifference { left, right } => {
                scene.history(*left).saturating_sub(scene.history(*right))
            }
            Asked::Position => scene.position(),
        }
    }
}

impl Bytes {
    fn new(automaton: &format::Automaton) -> Self {
        let mut class = Box::new([0; 256]);
        for (byte, slot) in (0..=255_u8).zip(class.iter_mut()) {
            *slot = automaton.class_of_byte(byte);
        }
        Self {
            class,
            automaton: automaton.clone(),
        }
    }

    fn class_of(&self, text: &str) -> u32 {
        class_in(&self.automaton, text, |byte| {
            self.class.get(usize::from(byte)).copied().unwrap_or(0)
        })
    }
}

/// The values that a jump table for these cuts has entries for, if they lie close enough together:
/// from just below the first cut to the last.
fn jump(cuts: &[i64]) -> Option<(i64, i64)> {
    let low = cuts.first()?.checked_sub(1)?;
    let high = *cuts.last()?;
    let entries = usize::try_from(high.checked_sub(low)?).ok()?;
    (entries <= JUMP * cuts.len() + SLACK).then_some((low, high))
}

fn asked(body: &Body, probe: &format::Probe) -> Asked {
    use format::Probe;
    match probe {
        Probe::Value { path, ty } => Asked::Value(Number::new(body, path, ty)),
        Probe::Present { path } => Asked::Present(path.clone()),
        Probe::Length { path } => Asked::Length(path.clone()),
        Probe::Size { path } => Asked::Size(path.clone()),
        Probe::Class { path, automaton } => Asked::Class {
            path: path.clone(),
            automaton: *automaton as usize,
        },
        Probe::Difference {
            left,
            left_type,
            left_factor,
            right,
            right_type,
            right_factor,
        } => Asked::Difference(Box::new([
            (Number::new(body, left, left_type), *left_factor),
            (Number::new(body, right, right_type), *right_factor),
        ])),
        Probe::Equal { left, right } => Asked::Equal {
            left: left.clone(),
            right: right.clone(),
        },
        Probe::Some { list, when } => Asked::Some {
            list: list.clone(),
            when: *when,
        },
        Probe::History { history } => Asked::History(*history),
        Probe::HistoryDifference { left, right } => Asked::HistoryDifference {
            left: *left,
            right: *right,
        },
        Probe::Position {} => Asked::Position,
    }
}

/// Cuts lie within ±(2⁵³−1), so what is beyond `i64` compares the same at its edge.
fn saturated(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}

/// A scene with the element that a `some` looks at.
struct ElementScene<'a> {
    outer: &'a dyn Scene,
    element: &'a Value,
}

impl Scene for ElementScene<'_> {
    fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Element {} => Some(self.element),
            other => self.outer.root(other),
        }
    }

    fn history(&self, index: u32) -> i64 {
        self.outer.history(index)
    }

    fn position(&self) -> i64 {
        self.outer.position()
    }
}

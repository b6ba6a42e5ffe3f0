//! The comparison of a body with the interpreter of the source, which shares no code with the
//! diagrams. Every branch of every node of every diagram is walked with concrete values, at the
//! least and at the greatest value that leads into it; both must say the same.

use super::super::eval::{self, Scene};
use super::super::format::{self, VerdictKind};
use super::super::value::{Unknown, normalise};
use super::diagrams::Undecided;
use super::{Builder, Built, Place, Unbuildable};
use crate::gate::Scope;
use crate::gate::history::question;
use crate::interp::rules::{Decision, Verdict};
use crate::interp::shortlist::Shortlist;
use crate::interp::{Interp, World};
use crate::logic::{Assignment, Budget, Diagram, Formula, Logic, Probe};
use crate::model::inline::{self, Inlined};
use crate::model::{ActionId, Cond, Const, FlowId, HistoryTerm, Path, Policy, Root, StateId, Type};
use crate::source::Span;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Steps of work for the comparison of one diagram. One that needs more is refused by name.
const STEPS: u64 = 400_000_000;

/// What a diagram in the table is to say.
pub(super) enum Claimed {
    /// The gate of that action.
    Gate(ActionId),
    /// Whether the condition holds.
    Holds(Cond, Undecided),
}

/// A diagram in the table with what it is to say.
pub(super) struct Claim<'a> {
    what: Claimed,
    scope: Scope<'a>,
    /// Slots of the run's parameters and bindings.
    slots: (Vec<u32>, Vec<u32>),
    diagram: Diagram,
    at: format::Ref,
    span: Span,
}

impl<'a> Builder<'_, 'a> {
    pub(super) fn claim(
        &mut self,
        what: Claimed,
        scope: &Scope<'a>,
        place: &Place<'_>,
        diagram: Diagram,
        at: format::Ref,
        span: Span,
    ) {
        let slots = place.run.map_or((Vec::new(), Vec::new()), |(_, run)| {
            (run.params.clone(), run.bindings.clone())
        });
        self.claims.push(Claim {
            what,
            scope: scope.clone(),
            slots,
            diagram,
            at,
            span,
        });
    }

    /// Compares everything that was claimed.
    pub(super) fn verify(&mut self) -> Built<()> {
        let interp = Interp::new(self.policy);
        for claim in std::mem::take(&mut self.claims) {
            self.compare(&interp, &claim)?;
        }
        Ok(())
    }

    fn compare(&mut self, interp: &Interp<'a>, claim: &Claim<'a>) -> Built<()> {
        let mut budget = Budget::new(STEPS);
        let diagram = &claim.diagram;
        let rules = match claim.what {
            Claimed::Gate(action) => Some(Shortlist::new(interp, action)),
            Claimed::Holds(..) => None,
        };
        let rules = rules.as_ref();
        if diagram.nodes.is_empty() {
            let empty = Assignment::new();
            return self.compare_at(interp, claim, rules, &empty);
        }
        // Paths come in the order of nodes and branches.
        let mut paths = diagram.covering_paths().into_iter();
        for node in &diagram.nodes {
            for branch in 0..node.next.len() {
                let Some(path) = paths.next() else { break };
                let logic = &mut self.gate.encoder.logic;
                let way = logic.path_condition(diagram, &path.steps);
                let low = branch.checked_sub(1).and_then(|i| node.cuts.get(i));
                let high = node.cuts.get(branch).map(|c| c - 1);
                let edges = [low.copied(), high];
                let edges = edges
                    .into_iter()
                    .flatten()
                    .filter_map(|edge| exactly(logic, &node.probe, edge))
                    .collect::<Vec<_>>();
                let mut found = false;
                for edge in edges {
                    let formula = self.gate.encoder.logic.and(&[way, edge]);
                    if let Some(values) = self.solved(formula, &mut budget, claim)? {
                        self.compare_at(interp, claim, rules, &values)?;
                        found = true;
                    }
                }
                if !found && let Some(values) = self.solved(way, &mut budget, claim)? {
                    self.compare_at(interp, claim, rules, &values)?;
                }
            }
        }
        Ok(())
    }

    fn solved(
        &mut self,
        formula: Formula,
        budget: &mut Budget,
        claim: &Claim<'a>,
    ) -> Built<Option<Assignment>> {
        self.gate
            .encoder
            .logic
            .solve(formula, budget)
            .map_err(|out| Unbuildable {
                why: format!("these conditions are too hard to verify: {out}"),
                span: claim.span,
            })
    }

    fn compare_at(
        &mut self,
        interp: &Interp<'a>,
        claim: &Claim<'a>,
        rules: Option<&Shortlist<'a>>,
        values: &Assignment,
    ) -> Built<()> {
        let case = self.case(interp, claim, values);
        let said = eval::leaf(&self.body, &case, claim.at);
        let agree = match &claim.what {
            Claimed::Holds(cond, undecided) => {
                let expected = interp
                    .truth(&case, cond)
                    .unwrap_or(*undecided == Undecided::Holds);
                (said == 1) == expected
            }
            Claimed::Gate(action) => rules
                .and_then(|rules| interp.gate_among(&case, rules.of(interp, &case)))
                .is_some_and(|e| self.same_decision(interp, &case, *action, &e, said)),
        };
        if agree {
            return Ok(());
        }
        Err(Unbuildable {
            why: format!(
                "the table and the interpreter of the source disagree about this; the values are {}",
                self.gate.encoder.witness(values).lines.join(", ")
            ),
            span: claim.span,
        })
    }

    fn same_decision(
        &self,
        interp: &Interp<'a>,
        case: &Case,
        action: ActionId,
        expected: &Decision,
        leaf: u32,
    ) -> bool {
        let Some(made) = self.body.actions.get(action.index()) else {
            return false;
        };
        let Some(said) = made.verdicts.get(leaf as usize) else {
            return false;
        };
        let kind = match expected.verdict {
            Verdict::Deny => VerdictKind::Deny,
            Verdict::Escalate => VerdictKind::Escalate,
            Verdict::Allow => VerdictKind::Allow,
            Verdict::Limited => return false,
        };
        let rule = said
            .rule
            .and_then(|r| self.body.rules.get(r as usize))
            .map(|r| r.name.as_str());
        let same_instead = match (&expected.instead, &said.instead) {
            (None, None) => true,
            (Some((to, args)), Some(instead)) => {
                to.0 == instead.action && self.same_args(interp, case, *to, args, instead)
            }
            _ => false,
        };
        kind == said.verdict && rule == expected.rule.as_deref() && same_instead
    }

    fn same_args(
        &self,
        interp: &Interp<'a>,
        case: &Case,
        to: ActionId,
        args: &[Option<Const>],
        instead: &format::Instead,
    ) -> bool {
        let params = &self.policy.action(to).params;
        let fields = self.body.actions.get(to.index());
        let fields = fields.map(|a| a.params.as_slice()).unwrap_or_default();
        let each = params
            .iter()
            .zip(args)
            .zip(fields.iter().zip(&instead.args));
        each.into_iter().all(|((param, expected), (field, made))| {
            let expected = expected.as_ref().map(|v| interp.wire(&param.ty, v));
            let made = made.as_ref().and_then(|e| eval::expr(case, e));
            // What doesn't fit the other action's parameter is left to the runtime to drop.
            let made =
                made.map(|v| normalise(&self.body, &field.ty, &v, Unknown::Refuse).unwrap_or(v));
            made == expected
        })
    }

    /// The world that an assignment describes, for the interpreter and for the table.
    fn case(&mut self, interp: &Interp<'a>, claim: &Claim<'a>, values: &Assignment) -> Case {
        let scope = &claim.scope;
        let mut case = Case {
            roots: BTreeMap::new(),
            wires: BTreeMap::new(),
            slots: BTreeMap::new(),
            history: BTreeMap::new(),
            questions: Vec::new(),
            position: 0,
            inside: inside(self.policy, 0),
        };
        let mut roots: Vec<Root> = Vec::new();
        roots.extend((0..super::index(scope.params.len())).map(Root::Param));
        if scope.result.is_some() {
            roots.push(Root::Result);
        }
        let inputs = 0..super::index(self.policy.inputs.len());
        roots.extend(inputs.map(|i| Root::Input(crate::model::InputId(i))));
        let facts = 0..super::index(self.policy.facts.len());
        roots.extend(facts.map(|i| Root::Fact(crate::model::FactId(i))));
        if let Some(flow) = scope.flow {
            roots.extend((0..super::index(flow.params.len())).map(Root::FlowParam));
            let bindings = 0..super::index(flow.bindings.len());
            roots.extend(bindings.map(|i| Root::Binding(crate::model::BindingId(i))));
        }
        for root in roots {
            let Some((ty, optional, _)) = scope.root(self.policy, root) else {
                continue;
            };
            let path = Path {
                root,
                fields: Vec::new(),
                ty: ty.clone(),
                optional,
                text: String::new(),
                span: claim.span,
            };
            let Some(value) = self.value(&path, optional, scope, values) else {
                continue;
            };
            let wire = interp.wire(&ty, &value);
            match root {
                Root::FlowParam(i) => {
                    let slot = claim.slots.0.get(i as usize);
                    case.slots.extend(slot.map(|s| (*s, wire)));
                }
                Root::Binding(b) => {
                    let slot = claim.slots.1.get(b.index());
                    case.slots.extend(slot.map(|s| (*s, wire)));
                }
                other => {
                    case.wires.insert(other, wire);
                }
            }
            case.roots.insert(root, value);
        }
        let encoder = &self.gate.encoder;
        for (term, meaning) in encoder.meanings() {
            if let (crate::gate::Meaning::History(asked), Some(n)) = (meaning, values.int(term)) {
                case.history.insert(question(asked), n);
            }
        }
        case.questions = self
            .questions
            .iter()
            .map(|terms| terms.iter().find_map(|t| values.int(*t)).unwrap_or(0))
            .collect();
        let position = self.gate.encoder.position();
        case.position = values.int(position).unwrap_or(0);
        case.inside = inside(self.policy, case.position);
        case
    }

    /// The value at a path: what the assignment gives, and anything of its type where it is silent.
    fn value(
        &mut self,
        path: &Path,
        optional: bool,
        scope: &Scope<'a>,
        values: &Assignment,
    ) -> Option<Const> {
        let encoder = &mut self.gate.encoder;
        if optional {
            let presence = encoder.guards(path, scope).pop()?;
            if values.int(presence).unwrap_or(0) == 0 {
                return None;
            }
        }
        let deeper = |field: u32, ty: &Type| {
            let mut path = path.clone();
            path.fields.push(field);
            path.ty = ty.clone();
            path
        };
        match &path.ty {
            Type::Record(id) => {
                let record = self.policy.records.get(id.index())?;
                let fields = record.fields.iter().zip(0..);
                let fields = fields
                    .map(|(f, i)| self.value(&deeper(i, &f.ty), f.optional, scope, values))
                    .collect();
                Some(Const::Record(*id, fields))
            }
            Type::List { element, .. } => {
                let term = encoder.path_term(path, scope).ok()?;
                let mut completed = values.clone();
                let logic = &mut encoder.logic;
                logic
                    .complete(&mut completed, &[term], &mut Budget::default())
                    .ok()?;
                let inner = Scope {
                    element: Some((term, (**element).clone())),
                    ..scope.clone()
                };
                let here = Path {
                    root: Root::Element,
                    fields: Vec::new(),
                    ty: (**element).clone(),
                    ..path.clone()
                };
                let elements = completed.elements(term).to_vec();
                let items = elements.iter().map(|e| self.value(&here, false, &inner, e));
                Some(Const::List(items.collect::<Option<_>>()?))
            }
            ty => {
                let term = encoder.path_term(path, scope).ok()?;
                let mut completed = values.clone();
                let logic = &mut encoder.logic;
                logic
                    .complete(&mut completed, &[term], &mut Budget::default())
                    .ok()?;
                Some(match ty {
                    Type::String { .. } => Const::Str(completed.string(term)?.to_string()),
                    Type::Bool => Const::Bool(completed.int(term)? != 0),
                    Type::Enum(id) => {
                        Const::Variant(*id, u32::try_from(completed.int(term)?).ok()?)
                    }
                    _ => Const::Number(completed.int(term)?),
                })
            }
        }
    }
}

/// The formula that a probe has just that value; none where a probe has no values in a row.
fn exactly(logic: &mut Logic, probe: &Probe, value: i64) -> Option<Formula> {
    let point = crate::logic::IntSet::point(value);
    match probe {
        Probe::Value(term) => Some(logic.in_set(*term, point)),
        Probe::Difference(d) => Some(logic.difference(d.a, d.ka, d.b, d.kb, point)),
        Probe::Class(..) | Probe::Equal(..) | Probe::Some { .. } => None,
    }
}

/// The states that a position is in: the state itself, and those that run the flow it stands in.
fn inside(policy: &Policy, position: i64) -> Vec<(FlowId, StateId)> {
    for (_, id) in policy.flows.iter().zip(0..) {
        let Some(inlined) = Inlined::new(policy, FlowId(id)) else {
            continue;
        };
        let first = i64::from(inline::first_position(policy, FlowId(id)));
        let Ok(number) = u32::try_from(position - first) else {
            continue;
        };
        for run in &inlined.runs {
            let states = policy
                .flows
                .get(run.flow.index())
                .map_or(0, |f| f.states.len());
            let Some(at) = number.checked_sub(run.first_state) else {
                continue;
            };
            if at as usize >= states {
                continue;
            }
            let mut all = vec![(run.flow, StateId(at))];
            let mut parent = run.parent;
            while let Some((outer, state)) = parent {
                let Some(outer) = inlined.runs.get(outer as usize) else {
                    break;
                };
                all.push((outer.flow, state));
                parent = outer.parent;
            }
            return all;
        }
    }
    Vec::new()
}

/// One world, as the interpreter and as the table see it.
struct Case {
    roots: BTreeMap<Root, Const>,
    wires: BTreeMap<Root, Value>,
    slots: BTreeMap<u32, Value>,
    history: BTreeMap<String, i64>,
    /// Answers by the table's numbers.
    questions: Vec<i64>,
    position: i64,
    inside: Vec<(FlowId, StateId)>,
}

impl World for Case {
    fn root(&self, root: Root) -> Option<Cow<'_, Const>> {
        self.roots.get(&root).map(Cow::Borrowed)
    }

    fn history(&self, _: &Interp<'_>, term: &HistoryTerm) -> i64 {
        self.history.get(&question(term)).copied().unwrap_or(0)
    }

    fn during(&self, flow: FlowId, state: Option<StateId>) -> bool {
        self.inside
            .iter()
            .any(|(f, s)| *f == flow && state.is_none_or(|state| state == *s))
    }
}

impl Scene for Case {
    fn root(&self, root: &format::Root) -> Option<&Value> {
        use crate::model::{FactId, InputId};
        match root {
            format::Root::Param { index } => self.wires.get(&Root::Param(*index)),
            format::Root::Result {} => self.wires.get(&Root::Result),
            format::Root::Input { index } => self.wires.get(&Root::Input(InputId(*index))),
            format::Root::Fact { index, .. } => self.wires.get(&Root::Fact(FactId(*index))),
            format::Root::Element {} => None,
            format::Root::Slot { index } => self.slots.get(index),
        }
    }

    fn history(&self, index: u32) -> i64 {
        self.questions.get(index as usize).copied().unwrap_or(0)
    }

    fn position(&self) -> i64 {
        self.position
    }
}

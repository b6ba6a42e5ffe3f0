//! One world, made from an assignment, as the interpreter and as the table see it.

use super::super::Builder;
use super::Claim;
use crate::gate::Scope;
use crate::gate::history::question;
use crate::interp::{Interp, World};
use crate::logic::{Assignment, Budget};
use crate::model::inline::{self, Inlined};
use crate::model::{Const, FlowId, HistoryTerm, Path, Policy, Root, StateId, Type};
use crate::table::eval::Scene;
use crate::table::format;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

impl<'a> Builder<'_, 'a> {
    /// The world that an assignment describes, for the interpreter and for the table.
    pub(super) fn case(
        &mut self,
        interp: &Interp<'a>,
        claim: &Claim<'a>,
        values: &Assignment,
    ) -> Case {
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
        roots.extend((0..super::super::index(scope.params.len())).map(Root::Param));
        if scope.result.is_some() {
            roots.push(Root::Result);
        }
        let inputs = 0..super::super::index(self.policy.inputs.len());
        roots.extend(inputs.map(|i| Root::Input(crate::model::InputId(i))));
        let facts = 0..super::super::index(self.policy.facts.len());
        roots.extend(facts.map(|i| Root::Fact(crate::model::FactId(i))));
        if let Some(flow) = scope.flow {
            roots.extend((0..super::super::index(flow.params.len())).map(Root::FlowParam));
            let bindings = 0..super::super::index(flow.bindings.len());
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
pub(super) struct Case {
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

//! Where a condition stands: what its roots are, and how its terms are told apart from the terms
//! of other places.

use crate::model::inline::Inlined;
use crate::model::{Action, FactId, Flow, FlowId, Param, Policy, Root, Type};

/// Stands in names of terms of a call that is made instead of another one.
pub(super) const OTHER: &str = "instead ";
/// Begins the names of terms of calls that are made up, to see whether there can be such calls.
pub(super) const MADE_UP: &str = "some call ";

/// A place where conditions are read.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    /// Put before the names of terms that belong to this place: parameters, replies, slots, facts.
    pub name: String,
    /// Put before the names of inputs and history: the moment at which they are asked.
    pub moment: String,
    /// The parameters of the call in question.
    pub params: &'a [Param],
    /// Parameters of another call that is made in its stead, numbered after its own.
    pub more: &'a [Param],
    /// The other action's name.
    pub other: String,
    /// Facts that the other call sees under another key.
    pub apart: Vec<FactId>,
    /// The reply in question, and whether it may be missing.
    pub result: Option<(&'a Type, bool)>,
    /// The name of the reply, if it is known by another one.
    pub reply: Option<String>,
    /// The flow.
    pub flow: Option<&'a Flow>,
    /// The element that a quantifier looks at: its list's term and its type.
    pub element: Option<(crate::logic::Term, Type)>,
}

impl<'a> Scope<'a> {
    /// A call of an action, as proposed.
    #[must_use]
    pub fn proposal(action: &'a Action) -> Self {
        Self {
            name: format!("{}:", action.full_name),
            params: &action.params,
            ..Self::default()
        }
    }

    /// With the parameters of another action in sight, which is called instead.
    #[must_use]
    pub fn beside(mut self, other: &'a Action) -> Self {
        self.more = &other.params;
        self.other.clone_from(&other.full_name);
        self
    }

    /// A call of an action, as counted: it has its reply or not yet.
    #[must_use]
    pub fn call(action: &'a Action) -> Self {
        Self {
            name: format!("call of {}:", action.full_name),
            params: &action.params,
            result: action.result.as_ref().map(|ty| (ty, true)),
            ..Self::default()
        }
    }

    /// A write in doubt, with the reply of the call that confirms it.
    #[must_use]
    pub fn confirming(write: &'a Action, confirm: &'a Action) -> Self {
        Self {
            name: format!("{} confirms {}:", confirm.full_name, write.full_name),
            params: &write.params,
            result: confirm.result.as_ref().map(|ty| (ty, false)),
            ..Self::default()
        }
    }

    /// A run of a flow, inlined in the flow `root`.
    #[must_use]
    pub fn run(policy: &'a Policy, root: FlowId, inlined: &Inlined, run: u32) -> Self {
        let flow = inlined
            .runs
            .get(run as usize)
            .and_then(|r| policy.flows.get(r.flow.index()));
        Self {
            name: format!("flow {} run {run}:", root.0),
            flow,
            ..Self::default()
        }
    }

    /// The same place with its terms under another name.
    #[must_use]
    pub fn named(mut self, name: &str, moment: &str) -> Self {
        name.clone_into(&mut self.name);
        moment.clone_into(&mut self.moment);
        self
    }

    /// The type of a root, whether it may be absent, and its name.
    #[must_use]
    pub fn root(&self, policy: &'a Policy, root: Root) -> Option<(Type, bool, String)> {
        let own = |name: &str| format!("{}{name}", self.name);
        Some(match root {
            Root::Param(i) => match self.params.get(i as usize) {
                Some(p) => (p.ty.clone(), p.optional, own(&format!("arg.{}", p.name))),
                None => {
                    let p = self.more.get(i as usize - self.params.len())?;
                    (
                        p.ty.clone(),
                        p.optional,
                        own(&format!("{OTHER}{}.{}", self.other, p.name)),
                    )
                }
            },
            Root::Result => {
                let (ty, may_be_missing) = self.result?;
                let name = self.reply.clone().unwrap_or_else(|| own("result"));
                (ty.clone(), may_be_missing, name)
            }
            Root::Input(id) => {
                let input = policy.inputs.get(id.index())?;
                (
                    input.ty.clone(),
                    input.optional,
                    format!("{}input.{}", self.moment, input.name),
                )
            }
            Root::Fact(id) => {
                let fact = policy.facts.get(id.index())?;
                let apart = if self.apart.contains(&id) { OTHER } else { "" };
                let name = format!("{apart}fact.{}", fact.name);
                (fact.ty.clone(), true, own(&name))
            }
            Root::Element => {
                let (_, ty) = self.element.as_ref()?;
                (ty.clone(), false, String::new())
            }
            Root::FlowParam(i) => {
                let p = self.flow?.params.get(i as usize)?;
                (p.ty.clone(), p.optional, own(&format!("slot.{}", p.name)))
            }
            Root::Binding(id) => {
                let b = self.flow?.bindings.get(id.index())?;
                (b.ty.clone(), false, own(&format!("slot.{}", b.name)))
            }
        })
    }
}

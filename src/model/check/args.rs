//! Calls: the action that is named, and its arguments.

use super::super::{ActionId, ArgList, Param};
use super::Checker;
use super::scope::Scope;
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::tree::{ActionRef, Args, Ident};

impl<'a> Checker<'a> {
    /// An action named in full, or inside its own integration.
    pub(super) fn action_ref(
        &mut self,
        reference: &'a ActionRef,
        own: Option<&str>,
    ) -> Option<ActionId> {
        match (&reference.integration, own) {
            (Some(integration), _) => self.action_id(integration, &reference.action),
            (None, Some(own)) => {
                let integration = Ident {
                    name: own.to_string(),
                    span: reference.action.span,
                };
                self.action_id(&integration, &reference.action)
            }
            (None, None) => {
                self.error(
                    Code::FW101,
                    "an action is named with its integration",
                    reference.span,
                    "which integration?",
                );
                None
            }
        }
    }

    /// The arguments of a call, in the callee's order.
    pub(super) fn args(&mut self, id: ActionId, args: &'a Args, scope: &Scope) -> Option<ArgList> {
        let (params, name) = {
            let action = self.policy.action(id);
            (action.params.clone(), action.full_name.clone())
        };
        self.arg_list(&params, &name, args, scope)
    }

    pub(super) fn arg_list(
        &mut self,
        params: &[Param],
        owner: &str,
        args: &'a Args,
        scope: &Scope,
    ) -> Option<ArgList> {
        let names: Vec<(&str, Span)> = params.iter().map(|p| (p.name.as_str(), p.span)).collect();
        let before = self.findings.len();
        // A flow with a parameter that was not understood has none here.
        if params.is_empty() && self.lost_params.contains(owner) {
            return None;
        }
        let meant = self.argument_names(&args.args, &names, "argument", Some(owner));
        let mut whole = self.findings.len() == before;
        let mut list = Vec::new();
        for param in params {
            match args.args.iter().find(|(n, _)| n.name == param.name) {
                Some((_, value)) => {
                    let before = self.findings.len();
                    let e = self.expr(value, &param.ty, scope);
                    self.point_at(
                        before,
                        param.span,
                        &format!("`{}` is declared here", param.name),
                    );
                    whole &= e.is_some();
                    list.push(e);
                }
                None => {
                    if !param.optional {
                        whole = false;
                        if !meant.contains(&param.name) {
                            self.missing("argument", &param.name, args.span, param.span);
                        }
                    }
                    list.push(None);
                }
            }
        }
        whole.then_some(ArgList {
            args: list,
            span: args.span,
        })
    }
}

//! FW203: an action that is never allowed, whatever happens.

use crate::diagnostics::{Code, Diagnostic};
use crate::gate::Gate;
use crate::logic::Budget;
use crate::model::ActionId;

pub(super) fn check(gate: &mut Gate<'_>, findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    let axioms = gate.encoder.axioms();
    for index in 0..gate.actions.len() {
        let id = ActionId(u32::try_from(index).unwrap_or(u32::MAX));
        let Some(made) = gate.actions.get(index) else {
            continue;
        };
        if made.permissions.is_empty() && made.escalations.is_empty() {
            continue;
        }
        let denied = made.denied;
        let permitting: Vec<_> = made
            .permissions
            .iter()
            .chain(&made.escalations)
            .map(|f| f.rule)
            .collect();
        let logic = &mut gate.encoder.logic;
        // A rule that can never fire has been reported by itself.
        let possible: Vec<_> = made
            .permissions
            .iter()
            .chain(&made.escalations)
            .map(|f| f.fires)
            .collect();
        let any = logic.or(&possible);
        let may = logic.and(&[any, axioms]);
        if matches!(logic.solve(may, &mut Budget::default()), Ok(None)) {
            continue;
        }
        let question = logic.and(&[!denied, axioms]);
        match logic.solve(question, &mut Budget::default()) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let action = policy.action(id);
                let mut found = Diagnostic::new(
                    Code::FW203,
                    format!("`{}` is never allowed, whatever happens", action.full_name),
                    action.span,
                    "every call of it is denied",
                );
                for rule in permitting
                    .iter()
                    .filter_map(|r| policy.rules.get(r.index()))
                {
                    found = found.label(rule.name_span, "permits it, in vain");
                }
                let denying: Vec<_> = gate
                    .actions
                    .get(index)
                    .map(|m| m.denials.iter().map(|f| f.rule).collect())
                    .unwrap_or_default();
                for rule in denying.iter().filter_map(|r| policy.rules.get(r.index())) {
                    found = found.label(rule.name_span, "refuses it");
                }
                findings.push(
                    found
                        .note("Whoever reads the rules that permit it believes that it can be called.")
                        .help("narrow the rules that refuse, or remove those that permit"),
                );
            }
            Err(out) => findings.push(gate.too_much(id, &out.to_string())),
        }
    }
}

//! FW410: lines of a confirm that say both, happened and absent.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::picture::Picture;
use crate::gate::{Gate, Scope};
use crate::logic::{Budget, Formula};
use crate::model::ConfirmLine;

pub(super) fn check(gate: &mut Gate<'_>, _: &[Picture], findings: &mut Vec<Diagnostic>) {
    let policy = gate.encoder.policy();
    for write in &policy.actions {
        let Some(confirm) = &write.confirm else {
            continue;
        };
        let scope = Scope::confirming(write, policy.action(confirm.action));
        let mut lines: Vec<(&ConfirmLine, Formula)> = Vec::new();
        for line in &confirm.lines {
            let holds = match &line.when {
                None => Some(Formula::TRUE),
                Some(when) => gate.decided(when, &scope, findings).map(|t| t.yes),
            };
            let Some(holds) = holds else { continue };
            for (other, theirs) in &lines {
                if other.on != line.on || other.happened == line.happened {
                    continue;
                }
                let both = gate.encoder.logic.and(&[holds, *theirs]);
                let witness = match gate.encoder.logic.solve(both, &mut Budget::default()) {
                    Ok(None) => continue,
                    Ok(Some(found)) => Some(gate.encoder.witness(&found)),
                    Err(out) => {
                        push(
                            findings,
                            Diagnostic::new(
                                Code::FW290,
                                format!("these lines are too hard to tell apart: {out}"),
                                line.span,
                                "not decided within the budget",
                            )
                            .label(other.span, "and this one")
                            .help("simplify their conditions"),
                        );
                        continue;
                    }
                };
                let word = |l: &ConfirmLine| if l.happened { "happened" } else { "absent" };
                let mut found = Diagnostic::new(
                    Code::FW410,
                    format!(
                        "the same reply says that `{}` happened and that it did not",
                        write.full_name
                    ),
                    line.span,
                    format!("{} here", word(line)),
                )
                .label(other.span, format!("{} here", word(other)))
                .note("Whether a customer pays twice would hang on which line comes first.")
                .help("let their `when` exclude each other; what neither line covers stays in doubt, which is safe");
                if let Some(w) = witness.filter(|w| !w.lines.is_empty()) {
                    found = found.witness(w);
                }
                push(findings, found);
            }
            lines.push((line, holds));
        }
    }
}

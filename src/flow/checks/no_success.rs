//! FW308: a flow that cannot end well.

use super::push;
use crate::diagnostics::{Code, Diagnostic};
use crate::flow::picture::Picture;
use crate::model::Policy;
use crate::syntax::tree::EndClass;

pub(super) fn check(policy: &Policy, _: &[Picture], findings: &mut Vec<Diagnostic>) {
    for flow in &policy.flows {
        if !flow.complete || flow.ends.is_empty() {
            continue;
        }
        if !flow.ends.iter().any(|e| e.class == EndClass::Success) {
            push(
                findings,
                Diagnostic::new(
                    Code::FW308,
                    format!("no end of flow `{}` is a success", flow.name),
                    flow.name_span,
                    "every run ends as a fallback or a failure",
                )
                .help("mark the end that the flow is for as `success`"),
            );
        }
    }
}

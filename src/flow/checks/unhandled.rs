//! FW301: what an unhandled outcome means. (It is found while the flow is explored.)

use crate::model::{Expr, OutcomeDecl, OutcomeKind, Policy, RuleKind, State, Step, Type};
use crate::syntax::tree::FailureKind;

/// What the outcome says about the world, in a sentence.
pub fn meaning(policy: &Policy, state: &State, outcome: &OutcomeDecl) -> String {
    let writes = match &state.step {
        Step::Do(d) => policy.action(d.action).writes(),
        _ => false,
    };
    match outcome.kind {
        OutcomeKind::Ok => "The call has succeeded.".to_string(),
        OutcomeKind::Failure(i) => {
            let kind = match &state.step {
                Step::Do(d) => policy.action(d.action).failures.get(i as usize).map(|f| f.kind),
                _ => None,
            };
            match kind {
                Some(FailureKind::Transient) => "Nothing happened, and a retry may help.",
                Some(FailureKind::Indeterminate) => "It may have happened: it has to be found out, not repeated blindly.",
                _ => "Nothing happened, and a retry won't help.",
            }
            .to_string()
        }
        OutcomeKind::Timeout if writes => {
            "No reply came in time. It may have happened: it has to be found out, not repeated blindly.".to_string()
        }
        OutcomeKind::Timeout => "No reply came in time.".to_string(),
        OutcomeKind::Malformed => "The reply was not of the declared type.".to_string(),
        OutcomeKind::Denied => refusal(policy, state),
        OutcomeKind::Limited => "A limit can be used up here.".to_string(),
        OutcomeKind::Declined => "The approval that the call needs can be refused.".to_string(),
        OutcomeKind::Expired => "The approval that the call needs can come too late.".to_string(),
        OutcomeKind::Agent => "The agent can come back with this.".to_string(),
        OutcomeKind::Stuck => match &state.step {
            Step::Unwind { .. } => "Something could not be undone.".to_string(),
            _ => "The agent can give up.".to_string(),
        },
        OutcomeKind::Exhausted => "The agent's calls or its time can be used up.".to_string(),
        OutcomeKind::Answered => "The person has answered.".to_string(),
        OutcomeKind::NoAnswer => "The person may not answer in time.".to_string(),
        OutcomeKind::Unclear => "The answer may not be understood.".to_string(),
        OutcomeKind::Unreachable => "The person may not be reached.".to_string(),
        OutcomeKind::Happened => "The call in doubt turns out to have happened.".to_string(),
        OutcomeKind::Absent => "The call in doubt turns out not to have happened.".to_string(),
        OutcomeKind::Unknown => "It may not be possible to find out.".to_string(),
        OutcomeKind::Clean => "Everything was undone.".to_string(),
        OutcomeKind::End(_) => "The flow that it runs can end so.".to_string(),
    }
}

/// What may refuse the call of the state.
fn refusal(policy: &Policy, state: &State) -> String {
    let Step::Do(call) = &state.step else {
        return "The gate can refuse the call here.".to_string();
    };
    let params = &policy.action(call.action).params;
    let outside = params
        .iter()
        .zip(&call.args.args)
        .find_map(|(p, arg)| match arg {
            Some(Expr::Path(path)) if may_lie_outside(&path.ty, &p.ty) => {
                Some((path.text.as_str(), p.name.as_str()))
            }
            _ => None,
        });
    if let Some((value, param)) = outside {
        return format!(
            "The gate refuses arguments outside their type, and `{value}` can have values that `{param}` doesn't take."
        );
    }
    let rules: Vec<String> = policy
        .rules
        .iter()
        .filter(|r| {
            let refuses = matches!(
                r.kind,
                RuleKind::Deny | RuleKind::Require | RuleKind::OrderBefore | RuleKind::OrderNever
            );
            refuses && r.targets.iter().any(|t| t.action == call.action)
        })
        .map(|r| format!("`{}`", r.name))
        .take(5)
        .collect();
    if rules.is_empty() {
        "The gate can refuse the call here, where no rule allows it.".to_string()
    } else {
        format!(
            "The gate can refuse the call here. Rules that refuse it: {}.",
            rules.join(", ")
        )
    }
}

/// Whether a value of the one type can be too small, too large, too short or too long for the other.
fn may_lie_outside(value: &Type, wanted: &Type) -> bool {
    match (value, wanted) {
        (
            Type::String { min, max, .. },
            Type::String {
                min: low,
                max: high,
                ..
            },
        ) => min < low || high.is_some_and(|h| max.is_none_or(|m| m > h)),
        _ if value.scale() == wanted.scale() => match (value.bounds(), wanted.bounds()) {
            (Some((min, max)), Some((low, high))) => min < low || max > high,
            _ => false,
        },
        _ => false,
    }
}

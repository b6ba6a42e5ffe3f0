//! Cedar: one `permit` or `forbid` per rule. Its `like` has only `*`, so `[^@]*` is written as `*`.

use crate::Loaded;
use crate::policies::{Proposal, Spec, Test};
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use std::fmt::Write;

struct Ready {
    policies: PolicySet,
    requests: Vec<Request>,
    authorizer: Authorizer,
    entities: Entities,
}

impl Loaded for Ready {
    fn allows(&mut self, at: usize) -> bool {
        let answer =
            self.authorizer
                .is_authorized(&self.requests[at], &self.policies, &self.entities);
        answer.decision() == Decision::Allow
    }
}

fn test(test: &Test) -> String {
    match test {
        Test::Is(field, value) => optional(field, format!("context.{field} == \"{value}\"")),
        Test::In(field, values) => optional(
            field,
            format!("[\"{}\"].contains(context.{field})", values.join("\", \"")),
        ),
        Test::Amount(low, high) => format!("context.amount >= {low} && context.amount <= {high}"),
        Test::AtMost(high) => format!("context.amount <= {high}"),
        Test::Like(field, prefix, suffix) => {
            optional(field, format!("context.{field} like \"{prefix}*{suffix}\""))
        }
        Test::Present(field) => format!("context has {field}"),
        Test::Absent(field) => format!("!(context has {field})"),
    }
}

fn optional(field: &str, test: String) -> String {
    match field {
        "email" | "tier" => format!("context has {field} && {test}"),
        _ => test,
    }
}

pub fn load(spec: &Spec, proposals: &[Proposal]) -> Option<Box<dyn Loaded>> {
    let mut text = String::new();
    for rule in &spec.rules {
        let kind = if rule.denies { "forbid" } else { "permit" };
        let when: Vec<String> = rule.when.iter().map(test).collect();
        let _ = writeln!(
            text,
            "{kind}(principal, action == Action::\"act{}\", resource) when {{ {} }};",
            rule.action,
            when.join(" && ")
        );
    }
    let id = |text: &str| -> EntityUid { text.parse().expect("an id") };
    let requests = proposals
        .iter()
        .map(|p| {
            let context = Context::from_json_value(p.args.clone(), None).expect("a context");
            let action = id(&format!("Action::\"act{}\"", p.action));
            Request::new(
                id("Agent::\"ai\""),
                action,
                id("App::\"ops\""),
                context,
                None,
            )
            .expect("a request")
        })
        .collect();
    Some(Box::new(Ready {
        policies: text.parse().expect("policies"),
        requests,
        authorizer: Authorizer::new(),
        entities: Entities::empty(),
    }))
}

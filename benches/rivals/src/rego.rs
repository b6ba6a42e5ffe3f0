//! Rego in regorus: one rule per rule, as a person would write it.

use crate::Loaded;
use crate::policies::{Proposal, Spec, Test};
use regorus::{CompiledPolicy, Engine, PolicyLengthConfig, Value};
use std::fmt::Write;
use std::num::NonZeroUsize;

struct Ready {
    policy: CompiledPolicy,
    inputs: Vec<Value>,
}

impl Loaded for Ready {
    fn allows(&mut self, at: usize) -> bool {
        let answer = self
            .policy
            .eval_with_input(self.inputs[at].clone())
            .expect("an answer");
        answer == Value::from(true)
    }
}

fn test(test: &Test) -> String {
    match test {
        Test::Is(field, value) => format!("input.{field} == \"{value}\""),
        Test::In(field, values) => format!("input.{field} in {{\"{}\"}}", values.join("\", \"")),
        Test::Amount(low, high) => format!("input.amount >= {low}; input.amount <= {high}"),
        Test::AtMost(high) => format!("input.amount <= {high}"),
        Test::Like(field, prefix, suffix) => {
            let suffix = suffix.replace('.', "\\.");
            format!("regex.match(`^{prefix}[^@]*{suffix}$`, input.{field})")
        }
        Test::Present(field) => format!("input.{field}"),
        Test::Absent(field) => format!("not input.{field}"),
    }
}

pub fn load(spec: &Spec, proposals: &[Proposal]) -> Option<Box<dyn Loaded>> {
    let mut text = "package p\n\nimport rego.v1\n\ndefault allow := false\n\nallow if { permitted; not refused }\n\n".to_owned();
    text += "default permitted := false\n\ndefault refused := false\n\n";
    for rule in &spec.rules {
        let kind = if rule.denies { "refused" } else { "permitted" };
        let when: Vec<String> = rule.when.iter().map(test).collect();
        let _ = writeln!(
            text,
            "{kind} if {{ input.action == \"act{}\"; {} }}",
            rule.action,
            when.join("; ")
        );
    }
    let mut engine = Engine::new();
    // 10,000 rules are more than it takes by itself.
    engine.set_policy_length_config(PolicyLengthConfig {
        max_file_bytes: NonZeroUsize::MAX,
        max_lines: NonZeroUsize::MAX,
        ..PolicyLengthConfig::default()
    });
    engine.add_policy("p.rego".into(), text).expect("a policy");
    let policy = engine
        .compile_with_entrypoint(&"data.p.allow".into())
        .expect("compiles");
    let inputs = proposals
        .iter()
        .map(|p| {
            let mut args = p.args.clone();
            args["action"] = format!("act{}", p.action).into();
            Value::from_json_str(&args.to_string()).expect("an input")
        })
        .collect();
    Some(Box::new(Ready { policy, inputs }))
}

//! CEL: one program per rule, those of the action asked one after the other, refusals first.

use crate::Loaded;
use crate::policies::{Proposal, Spec, Test};
use cel::{Context, Program, Value};

/// Refusals and permissions.
#[derive(Default)]
struct Action(Vec<Program>, Vec<Program>);

struct Ready {
    actions: Vec<Action>,
    proposals: Vec<(usize, Context<'static, 'static>)>,
}

impl Loaded for Ready {
    fn allows(&mut self, at: usize) -> bool {
        let (action, context) = &self.proposals[at];
        let Action(refusals, permissions) = &self.actions[*action];
        let holds = |p: &Program| matches!(p.execute(context), Ok(Value::Bool(true)));
        !refusals.iter().any(holds) && permissions.iter().any(holds)
    }
}

fn test(test: &Test) -> String {
    match test {
        Test::Is(field, value) => optional(field, format!("call.{field} == \"{value}\"")),
        Test::In(field, values) => optional(
            field,
            format!("call.{field} in [\"{}\"]", values.join("\", \"")),
        ),
        Test::Amount(low, high) => format!("call.amount >= {low} && call.amount <= {high}"),
        Test::AtMost(high) => format!("call.amount <= {high}"),
        Test::Like(field, prefix, suffix) => {
            let suffix = suffix.replace('.', "\\\\.");
            optional(
                field,
                format!("call.{field}.matches(\"^{prefix}[^@]*{suffix}$\")"),
            )
        }
        Test::Present(field) => format!("has(call.{field})"),
        Test::Absent(field) => format!("!has(call.{field})"),
    }
}

fn optional(field: &str, test: String) -> String {
    match field {
        "email" | "tier" => format!("has(call.{field}) && {test}"),
        _ => test,
    }
}

pub fn load(spec: &Spec, proposals: &[Proposal]) -> Option<Box<dyn Loaded>> {
    let mut actions: Vec<Action> = (0..spec.actions).map(|_| Action::default()).collect();
    for rule in &spec.rules {
        let when: Vec<String> = rule.when.iter().map(test).collect();
        let program = Program::compile(&when.join(" && ")).expect("a program");
        let action = &mut actions[rule.action];
        if rule.denies {
            action.0.push(program)
        } else {
            action.1.push(program)
        }
    }
    let proposals = proposals
        .iter()
        .map(|p| {
            let mut context = Context::default();
            context.add_variable("call", &p.args).expect("a variable");
            (p.action, context)
        })
        .collect();
    Some(Box::new(Ready { actions, proposals }))
}

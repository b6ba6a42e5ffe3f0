//! Casbin: one line of policy per rule, its bound in a condition of its own (`eval`), which is how its
//! documents compare numbers.

use crate::Loaded;
use crate::policies::{Proposal, Spec, Test};
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use serde_json::Value;

const MODEL: &str = "
[request_definition]
r = name, role, amount

[policy_definition]
p = name, role, bound

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.name == p.name && r.role == p.role && eval(p.bound)
";

struct Ready {
    enforcer: Enforcer,
    proposals: Vec<(String, String, i64)>,
}

impl Loaded for Ready {
    fn allows(&mut self, at: usize) -> bool {
        self.enforcer
            .enforce(self.proposals[at].clone())
            .expect("an answer")
    }
}

pub fn load(spec: &Spec, proposals: &[Proposal]) -> Option<Box<dyn Loaded>> {
    let lines: Option<Vec<Vec<String>>> = spec
        .rules
        .iter()
        .map(|rule| match rule.when.as_slice() {
            [
                Test::Is("name", name),
                Test::Is("role", role),
                Test::AtMost(high),
            ] if !rule.denies => Some(vec![
                name.clone(),
                role.clone(),
                format!("r.amount <= {high}"),
            ]),
            // Tests of its own for each rule, of what may be absent: there are no columns for it.
            _ => None,
        })
        .collect();
    let lines = lines?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let enforcer = runtime.block_on(async {
        let model = DefaultModel::from_str(MODEL).await.expect("a model");
        let mut enforcer = Enforcer::new(model, MemoryAdapter::default())
            .await
            .expect("an enforcer");
        enforcer.add_policies(lines).await.expect("policies");
        enforcer
    });
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let proposals = proposals
        .iter()
        .map(|p| {
            (
                text(&p.args["name"]),
                text(&p.args["role"]),
                p.args["amount"].as_i64().unwrap_or(0),
            )
        })
        .collect();
    Some(Box::new(Ready {
        enforcer,
        proposals,
    }))
}

//! zen-engine: one decision table, one row per rule, the first that fits decides.

use crate::Loaded;
use crate::policies::{Proposal, Spec, Test};
use serde_json::{Value, json};
use zen_engine::model::DecisionContent;
use zen_engine::policy::Workspace;
use zen_engine::{Decision, DecisionEngine, Variable};

struct Ready {
    decision: Decision,
    runtime: tokio::runtime::Runtime,
    proposals: Vec<Variable>,
}

impl Loaded for Ready {
    fn allows(&mut self, at: usize) -> bool {
        let asked = self.decision.evaluate(self.proposals[at].clone());
        let answer = self.runtime.block_on(asked).expect("an answer");
        answer.result.to_value()["verdict"] == "allow"
    }
}

/// The policy as a graph of one table; only rules of the form of [`crate::policies::names`] are written.
fn graph(spec: &Spec) -> Option<DecisionContent> {
    let rows: Option<Vec<Value>> = spec
        .rules
        .iter()
        .enumerate()
        .map(|(i, rule)| match rule.when.as_slice() {
            [
                Test::Is("name", name),
                Test::Is("role", role),
                Test::AtMost(high),
            ] if !rule.denies => Some(json!({
                "_id": format!("r{i}"),
                "n": format!("\"{name}\""),
                "r": format!("\"{role}\""),
                "a": format!("<= {high}"),
                "v": "\"allow\"",
            })),
            _ => None,
        })
        .collect();
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" },
            "role": { "type": "string", "enum": ["agent", "clerk", "manager"] },
            "amount": { "type": "number" },
        },
        "required": ["name", "role", "amount"],
    });
    let mut rows = rows?;
    rows.push(json!({ "_id": "default", "n": "", "r": "", "a": "", "v": "\"deny\"" }));
    let input = |id: &str, field: &str| json!({ "id": id, "name": field, "field": field });
    let graph = json!({
        "nodes": [
            { "id": "in", "name": "call", "type": "inputNode", "content": { "schema": schema.to_string() } },
            { "id": "table", "name": "rules", "type": "decisionTableNode", "content": {
                "hitPolicy": "first",
                "inputs": [input("n", "name"), input("r", "role"), input("a", "amount")],
                "outputs": [input("v", "verdict")],
                "rules": rows,
            } },
            { "id": "out", "name": "out", "type": "outputNode", "content": {} },
        ],
        "edges": [
            { "id": "e1", "sourceId": "in", "targetId": "table" },
            { "id": "e2", "sourceId": "table", "targetId": "out" },
        ],
    });
    Some(serde_json::from_value(graph).expect("a graph"))
}

pub fn load(spec: &Spec, proposals: &[Proposal]) -> Option<Box<dyn Loaded>> {
    let engine = DecisionEngine::default();
    let mut decision = engine
        .create_decision(graph(spec)?.into())
        .expect("a decision");
    decision.compile();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let proposals = proposals
        .iter()
        .map(|p| Variable::from(p.args.clone()))
        .collect();
    Some(Box::new(Ready {
        decision,
        runtime,
        proposals,
    }))
}

/// From the parsed table to its diagnostics.
pub fn check(spec: &Spec) -> f64 {
    let graph = std::sync::Arc::new(graph(spec).expect("a graph"));
    crate::time(|| {
        let mut workspace = Workspace::new();
        workspace.set_document_arc("rules", graph.clone());
        std::hint::black_box(workspace.all_diagnostics());
    })
}

//! The facts: where each one comes from, how long it holds, and what makes it forgotten.

use super::print::Sheet;
use super::words::Words;
use crate::table::format::{Body, Fact};
use crate::words::duration_literal;

pub(in crate::cli) fn sheet(body: &Body) -> Sheet {
    Sheet {
        kind: "facts",
        name: body.policy.clone(),
        about: String::new(),
        doc: None,
        columns: vec!["fact", "is", "holds", "until"],
        rows: body.facts.iter().map(|f| row(body, f)).collect(),
        continued: false,
        notes: Vec::new(),
    }
}

fn row(body: &Body, fact: &Fact) -> Vec<String> {
    let action = body.actions.get(fact.source.action as usize);
    let mut source = String::from("the latest success");
    let mut keys = Vec::new();
    if let Some(action) = action {
        let words = Words::of_action(body, action);
        source = format!("the latest reply of {}", action.name);
        keys = fact.source.keys.iter().map(|k| words.path(k)).collect();
        if !keys.is_empty() {
            source.push_str(&format!(" with the same {}", keys.join(", ")));
        }
        if let Some(when) = fact.source.when {
            source.push_str(&format!(" where {}", words.condition(when)));
        }
    }
    let holds = fact
        .lifetime_ms
        .map_or("in this session".to_string(), |ms| {
            format!("for {}", duration_literal(ms))
        });
    let forget: Vec<String> = fact
        .forget
        .iter()
        .filter_map(|f| {
            let write = body.actions.get(f.action as usize)?;
            let pairs: Vec<String> = f
                .pairs
                .iter()
                .filter_map(|(key, param)| {
                    let param = write.params.get(*param as usize)?;
                    let key = keys.get(*key as usize)?;
                    Some(if *key == param.name {
                        format!("the same {key}")
                    } else {
                        format!("{} = {key}", param.name)
                    })
                })
                .collect();
            Some(if pairs.is_empty() {
                write.name.clone()
            } else {
                format!("{} with {}", write.name, pairs.join(", "))
            })
        })
        .collect();
    let until = if forget.is_empty() {
        String::new()
    } else {
        format!("until {}", forget.join(", or "))
    };
    vec![fact.name.clone(), source, holds, until]
}

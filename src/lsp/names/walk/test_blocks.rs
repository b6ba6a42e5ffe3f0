//! What tests use.

use super::Walk;
use crate::lsp::names::Kind;
use crate::syntax::tree::{Expect, Given, Path, Reply, Test, TestItemKind};

impl Walk {
    pub(super) fn test(&mut self, test: &Test) {
        let flow = test.items.iter().find_map(|i| match &i.kind {
            TestItemKind::Run { flow, .. } => Some(flow.name.clone()),
            _ => None,
        });
        let flow = flow.unwrap_or_default();
        for item in &test.items {
            match &item.kind {
                TestItemKind::Given(all) => all.iter().for_each(|g| self.given(g)),
                TestItemKind::Run { flow, args } => self.run(flow, args),
                TestItemKind::Propose { action, args } => {
                    let callee = self.action(action, "");
                    self.args(args, &callee);
                }
                TestItemKind::Proposes {
                    state,
                    action,
                    args,
                    reply,
                } => {
                    self.refer(Kind::State, &flow, state);
                    let callee = self.action(action, "");
                    self.args(args, &callee);
                    if let Some(reply) = reply {
                        self.reply(&callee, reply);
                    }
                }
                TestItemKind::Event { event, at } => {
                    self.refer(Kind::Event, "", event);
                    if let Some(at) = at {
                        self.refer(Kind::State, &flow, at);
                    }
                }
                TestItemKind::Advance { at, .. } => {
                    if let Some(at) = at {
                        self.refer(Kind::State, &flow, at);
                    }
                }
                TestItemKind::Approval { of, .. } => match of.rest.as_slice() {
                    [] => self.refer(Kind::Rule, "", &of.head),
                    [action, ..] => {
                        self.refer(Kind::Integration, "", &of.head);
                        self.refer(Kind::Action, &of.head.name, action);
                    }
                },
                TestItemKind::Answer { of, reply } => self.answer(&flow, of, reply),
                TestItemKind::Expect(expect) => self.expect(&flow, expect),
            }
        }
    }

    fn given(&mut self, given: &Given) {
        match given {
            Given::Call {
                action,
                args,
                reply,
            } => {
                let callee = self.action(action, "");
                self.args(args, &callee);
                self.reply(&callee, reply);
            }
            Given::Value { path, value } => {
                self.path(path);
                self.value(value);
            }
            Given::Cond(cond) => self.cond(cond),
        }
    }

    fn answer(&mut self, flow: &str, of: &Path, reply: &Reply) {
        match of.rest.as_slice() {
            [] => {
                self.refer(Kind::State, flow, &of.head);
                let scope = format!("{flow}.{}", of.head.name);
                self.refer(Kind::Outcome, &scope, &reply.outcome);
                if let Some(value) = &reply.value {
                    self.value(value);
                }
            }
            [second, ..] => {
                if self.top.get(&of.head.name) == Some(&Kind::Flow) {
                    self.refer(Kind::Flow, "", &of.head);
                    self.refer(Kind::State, &of.head.name, second);
                    let scope = format!("{}.{}", of.head.name, second.name);
                    self.refer(Kind::Outcome, &scope, &reply.outcome);
                    if let Some(value) = &reply.value {
                        self.value(value);
                    }
                } else {
                    self.refer(Kind::Integration, "", &of.head);
                    self.refer(Kind::Action, &of.head.name, second);
                    let full = format!("{}.{}", of.head.name, second.name);
                    self.reply(&full, reply);
                }
            }
        }
    }

    fn reply(&mut self, action: &str, reply: &Reply) {
        self.failure(action, &reply.outcome);
        if let Some(value) = &reply.value {
            self.value(value);
        }
    }

    fn expect(&mut self, flow: &str, expect: &Expect) {
        match expect {
            Expect::End { name, gives } => {
                self.refer(Kind::State, flow, name);
                if let Some(value) = gives {
                    self.value(value);
                }
            }
            Expect::Deny { rule, instead } => {
                if let Some(rule) = rule {
                    self.refer(Kind::Rule, "", rule);
                }
                if let Some((action, args)) = instead {
                    let callee = self.action(action, "");
                    if let Some(args) = args {
                        self.args(args, &callee);
                    }
                }
            }
            Expect::Allow { rule } | Expect::Limited { rule } | Expect::Escalate { rule } => {
                if let Some(rule) = rule {
                    self.refer(Kind::Rule, "", rule);
                }
            }
            Expect::Cond(cond) => self.cond(cond),
        }
    }
}

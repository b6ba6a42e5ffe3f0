//! `test` blocks.

use super::{Builder, Context, P, first, kids, siblings};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{
    ApprovalWord, Expect, Given, Ident, Reply, Test, TestItem, TestItemKind,
};

impl Builder<'_> {
    pub fn test(&mut self, pair: &P<'_>) -> Option<Test> {
        let span = self.span(pair);
        let before = std::mem::replace(&mut self.complete, true);
        let (mut name, mut items) = (None, Vec::new());
        for (last, p) in siblings(pair) {
            match p.as_rule() {
                Rule::str => name = Some(self.plain_str(&p)),
                Rule::test_item => {
                    if let Some(inner) = first(&p) {
                        let span = self.span(&inner);
                        items.extend(self.test_item(&inner).map(|kind| TestItem { kind, span }));
                    }
                }
                Rule::bad_test_item => {
                    // The line before it was not read as it was meant.
                    let goes_on = self.broken(&p, Context::Test, last);
                    items.truncate(items.len() - usize::from(goes_on && !items.is_empty()));
                }
                Rule::close => {
                    if let Some(name) = &name {
                        let (what, at) = (format!("test \"{}\"", name.node), name.span);
                        self.close(&p, &what, at);
                    }
                }
                _ => {}
            }
        }
        let complete = self.complete;
        self.complete = before && complete;
        Some(Test {
            name: name?,
            items,
            span,
            complete,
        })
    }

    fn test_item(&mut self, pair: &P<'_>) -> Option<TestItemKind> {
        let find = |rule: Rule| kids(pair).find(|p| p.as_rule() == rule);
        Some(match pair.as_rule() {
            Rule::given => TestItemKind::Given(
                kids(pair)
                    .filter(|p| p.as_rule() == Rule::given_item)
                    .filter_map(|p| first(&p))
                    .filter_map(|p| self.given(&p))
                    .collect(),
            ),
            Rule::test_run => TestItemKind::Run {
                flow: self.ident(&find(Rule::name)?),
                args: self.plain_args(&find(Rule::args)?),
            },
            Rule::propose => TestItemKind::Propose {
                action: self.action_ref(&find(Rule::act)?),
                args: self.plain_args(&find(Rule::args)?),
            },
            Rule::proposes => TestItemKind::Proposes {
                state: self.ident(&find(Rule::name)?),
                action: self.action_ref(&find(Rule::act)?),
                args: self.plain_args(&find(Rule::args)?),
                reply: find(Rule::reply).and_then(|p| self.reply(&p)),
            },
            Rule::test_event => TestItemKind::Event {
                event: self.ident(&find(Rule::name)?),
                at: self.in_state(pair),
            },
            Rule::advance => TestItemKind::Advance {
                by: self.inner_dur(pair)?,
                at: self.in_state(pair),
            },
            Rule::approval => TestItemKind::Approval {
                decision: match find(Rule::approval_word)?.as_str() {
                    "approve" => ApprovalWord::Approve,
                    "decline" => ApprovalWord::Decline,
                    _ => ApprovalWord::Expire,
                },
                of: self.path(&find(Rule::path)?),
            },
            Rule::answer => TestItemKind::Answer {
                of: self.path(&find(Rule::path)?),
                reply: self.reply(&find(Rule::reply)?)?,
            },
            _ => {
                let inner = kids(pair).find(|p| p.as_rule() != Rule::kw_expect)?;
                TestItemKind::Expect(self.expect(&inner)?)
            }
        })
    }

    fn in_state(&self, pair: &P<'_>) -> Option<Ident> {
        let at = kids(pair).find(|p| p.as_rule() == Rule::in_state)?;
        let name = kids(&at).find(|p| p.as_rule() == Rule::name)?;
        Some(self.ident(&name))
    }

    fn given(&mut self, pair: &P<'_>) -> Option<Given> {
        let find = |rule: Rule| kids(pair).find(|p| p.as_rule() == rule);
        Some(match pair.as_rule() {
            Rule::given_call => Given::Call {
                action: self.action_ref(&find(Rule::act)?),
                args: self.plain_args(&find(Rule::args)?),
                reply: self.reply(&find(Rule::reply)?)?,
            },
            Rule::given_value => Given::Value {
                path: self.path(&find(Rule::path)?),
                value: self.plain_value(&find(Rule::value)?),
            },
            _ => Given::Cond(self.cond(pair)),
        })
    }

    fn reply(&mut self, pair: &P<'_>) -> Option<Reply> {
        let mut parts = kids(pair);
        let outcome = self.ident(&parts.next()?);
        let value = parts.next().map(|p| self.reply_value(&p));
        Some(Reply {
            outcome,
            value,
            span: self.span(pair),
        })
    }

    fn expect(&mut self, pair: &P<'_>) -> Option<Expect> {
        let find = |rule: Rule| kids(pair).find(|p| p.as_rule() == rule);
        let bare = find(Rule::bare)
            .and_then(|p| first(&p))
            .map(|p| self.ident(&p));
        Some(match pair.as_rule() {
            Rule::expect_end => Expect::End {
                name: self.ident(&find(Rule::name)?),
                gives: find(Rule::gives).and_then(|p| self.gives(&p)),
            },
            Rule::expect_deny => Expect::Deny {
                rule: bare,
                instead: find(Rule::expect_instead).and_then(|p| {
                    let act = kids(&p).find(|q| q.as_rule() == Rule::act)?;
                    let args = kids(&p).find(|q| q.as_rule() == Rule::args);
                    Some((self.action_ref(&act), args.map(|a| self.plain_args(&a))))
                }),
            },
            Rule::expect_verdict => match find(Rule::verdict_word)?.as_str() {
                "allow" => Expect::Allow { rule: bare },
                "limited" => Expect::Limited { rule: bare },
                _ => Expect::Escalate { rule: bare },
            },
            _ => Expect::Cond(self.cond(pair)),
        })
    }
}

//! Rules, targets, facts.

use super::{Builder, P, kids};
use crate::syntax::grammar::Rule as R;
use crate::syntax::tree::{
    ActionRef, ByPart, Fact, Ident, ItemKind, LimitPer, Rule, RuleKind, Spanned, Target,
    TargetKind, Targets,
};

impl Builder<'_> {
    pub fn targets(&mut self, pair: &P<'_>) -> Targets {
        let (mut include, mut except) = (Vec::new(), Vec::new());
        for p in kids(pair) {
            match p.as_rule() {
                R::target => include.push(self.target(&p)),
                _ => except.extend(
                    kids(&p)
                        .filter(|q| q.as_rule() == R::target)
                        .map(|q| self.target(&q)),
                ),
            }
        }
        Targets {
            include,
            except,
            span: self.span(pair),
        }
    }

    fn target(&self, pair: &P<'_>) -> Target {
        let parts: Vec<P<'_>> = kids(pair).collect();
        let span = self.span(pair);
        let kind = match parts.as_slice() {
            [any, what] if any.as_rule() == R::kw_any => {
                if what.as_rule() == R::kw_read {
                    TargetKind::AnyRead
                } else {
                    TargetKind::AnyWrite
                }
            }
            [integration, star] if star.as_rule() == R::star => {
                TargetKind::Integration(self.ident(integration))
            }
            [integration, action] => TargetKind::Action {
                integration: self.ident(integration),
                action: self.ident(action),
            },
            [group, ..] => TargetKind::Group(self.ident(group)),
            [] => TargetKind::Group(Ident {
                name: String::new(),
                span,
            }),
        };
        Target { kind, span }
    }

    pub fn by(&mut self, pair: &P<'_>) -> Vec<ByPart> {
        kids(pair)
            .filter(|p| p.as_rule() == R::by_part)
            .filter_map(|part| {
                let mut name = None;
                let mut counted = None;
                for p in kids(&part) {
                    match p.as_rule() {
                        R::path => counted = Some(self.path(&p)),
                        _ => name = Some(self.ident(&p)),
                    }
                }
                Some(ByPart {
                    name: name?,
                    counted,
                    span: self.span(&part),
                })
            })
            .collect()
    }

    pub fn fact(&mut self, pair: &P<'_>) -> Option<Fact> {
        let (mut name, mut action, mut by, mut filter, mut lifetime) =
            (None, None, Vec::new(), None, None);
        for p in kids(pair) {
            match p.as_rule() {
                R::name => name = Some(self.ident(&p)),
                R::act => action = Some(self.action_ref(&p)),
                R::by => by = self.by(&p),
                R::where_cond => filter = self.inner_cond(&p),
                R::dur => lifetime = Some(self.dur(&p)),
                _ => {}
            }
        }
        Some(Fact {
            name: name?,
            action: action?,
            by,
            filter,
            lifetime,
        })
    }

    pub fn rule(&mut self, pair: &P<'_>) -> Option<ItemKind> {
        let what = pair.as_rule();
        let mut keyword = None;
        let mut name = None;
        let mut targets: Option<Targets> = None;
        let mut count = None;
        let mut effects = false;
        let mut per = None;
        let mut order = None;
        let (mut role, mut within) = (None, None);
        let (mut when, mut by, mut filter, mut because, mut instead) =
            (None, None, None, None, None);
        for p in kids(pair) {
            let span = self.span(&p);
            match p.as_rule() {
                R::kw_to | R::kw_per => {}
                R::name => name = Some(self.ident(&p)),
                R::targets => targets = Some(self.targets(&p)),
                R::int => count = Some(self.int(&p)),
                R::effect_word => effects = p.as_str().starts_with("effect"),
                R::kw_session => per = Some(LimitPer::Session(span)),
                R::dur => per = Some(LimitPer::Duration(self.dur(&p))),
                R::order_before | R::order_never => order = self.order(&p),
                R::to_role => {
                    if let Some(q) = kids(&p).find(|q| q.as_rule() == R::name) {
                        let ident = self.ident(&q);
                        self.once(&mut role, ident, span, "to");
                    }
                }
                R::within => {
                    if let Some(d) = self.inner_dur(&p) {
                        self.once(&mut within, d, span, "within");
                    }
                }
                R::when_cond => {
                    if let Some(c) = self.inner_cond(&p) {
                        self.once(&mut when, c, span, "when");
                    }
                }
                R::where_cond => {
                    if let Some(c) = self.inner_cond(&p) {
                        self.once(&mut filter, c, span, "where");
                    }
                }
                R::by => {
                    let parts = self.by(&p);
                    self.once(&mut by, parts, span, "by");
                }
                R::because => {
                    if let Some(q) = kids(&p).find(|q| q.as_rule() == R::str) {
                        let text = self.plain_str(&q);
                        self.once(&mut because, text, span, "because");
                    }
                }
                R::instead => {
                    if let Some(i) = self.instead(&p) {
                        self.once(&mut instead, i, span, "instead");
                    }
                }
                _ => keyword = Some(span),
            }
        }
        let kind = match what {
            R::rule_allow => RuleKind::Allow(targets?),
            R::rule_deny => RuleKind::Deny(targets?),
            R::rule_require => RuleKind::Require(targets?),
            R::rule_escalate => RuleKind::Escalate(targets?),
            R::rule_limit => RuleKind::Limit {
                targets: targets?,
                count: count?,
                effects,
                per: per?,
            },
            _ => order?,
        };
        Some(ItemKind::Rule(Rule {
            name: name?,
            kind,
            role,
            within,
            when,
            by: by.unwrap_or_default(),
            filter,
            because,
            instead,
            keyword: keyword.unwrap_or_else(|| self.span(pair)),
        }))
    }

    fn order(&mut self, pair: &P<'_>) -> Option<RuleKind> {
        let never = pair.as_rule() == R::order_never;
        let mut lists: Vec<Targets> = kids(pair)
            .filter(|p| p.as_rule() == R::targets)
            .map(|p| self.targets(&p))
            .collect();
        let second = lists.pop()?;
        let first = lists.pop()?;
        Some(if never {
            RuleKind::OrderNever {
                never: first,
                after: second,
            }
        } else {
            RuleKind::OrderBefore {
                first,
                then: second,
            }
        })
    }

    pub fn inner_dur(&mut self, pair: &P<'_>) -> Option<Spanned<i64>> {
        kids(pair)
            .find(|q| q.as_rule() == R::dur)
            .map(|q| self.dur(&q))
    }

    fn instead(&mut self, pair: &P<'_>) -> Option<(ActionRef, crate::syntax::tree::Args)> {
        let (mut action, mut args) = (None, None);
        for p in kids(pair) {
            match p.as_rule() {
                R::act => action = Some(self.action_ref(&p)),
                R::args => args = Some(self.plain_args(&p)),
                _ => {}
            }
        }
        Some((action?, args?))
    }
}

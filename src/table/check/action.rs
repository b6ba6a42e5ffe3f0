//! Actions, facts, rules, limits and questions about history.

use super::diagram::{Seen, Walker};
use super::scope::{Scope, unit};
use super::types::{self, unique};
use super::{At, Checked, broken, each, get};
use crate::table::format::{
    Action, Body, Confirm, Effect, Fact, Limit, LimitUse, Rule, Undo, Verdict, VerdictKind,
};

const RULE_KINDS: [&str; 6] = ["allow", "deny", "require", "escalate", "limit", "order"];

pub(super) fn check(walker: &Walker<'_>) -> Checked {
    let body = walker.body;
    unique(body.actions.iter().map(|a| &a.name), "action")?;
    unique(body.actions.iter().map(|a| &a.wire), "action")?;
    unique(body.facts.iter().map(|f| &f.name), "fact")?;
    unique(body.rules.iter().map(|r| &r.name), "rule")?;
    each(&body.rules, "rules", |r| rule(body, r))?;
    each(&body.actions, "actions", |a| signature(body, a))?;
    each(&body.facts, "facts", |f| fact(walker, f))?;
    each(&body.limits, "limits", |l| limit(walker, l))?;
    each(&body.histories, "histories", |h| {
        each(&h.counted, "counted", |c| walker.counted(c))
    })?;
    each(&body.actions, "actions", |a| gate(walker, a))
}

fn rule(body: &Body, r: &Rule) -> Checked {
    if !RULE_KINDS.contains(&r.kind.as_str()) {
        return broken(format!("`{}` is no kind of rule", r.kind));
    }
    if (r.kind == "escalate") != r.role.is_some() {
        return broken("an escalation has a role, no other rule has one");
    }
    if r.within_ms.is_some_and(|ms| ms <= 0) {
        return broken("the window must be positive");
    }
    match r.role {
        Some(role) => get(&body.roles, role, "role").map(|_| ()),
        None => Ok(()),
    }
}

fn signature(body: &Body, a: &Action) -> Checked {
    get(&body.integrations, a.integration, "integration")?;
    types::fields(body, &a.params).at(|| "params".to_owned())?;
    if let Some(result) = &a.result {
        types::ty(body, result).at(|| "result".to_owned())?;
    }
    if a.timeout_ms <= 0 {
        return broken("the timeout must be positive");
    }
    unique(a.failures.iter().map(|f| &f.name), "failure")?;
    unique(a.failures.iter().map(|f| &f.wire), "failure")?;
    if let Effect::Write {
        idempotent: Some(idempotent),
        ..
    } = &a.effect
    {
        if idempotent.for_ms.is_some_and(|ms| ms <= 0) {
            return broken("the key must be remembered for some time");
        }
        each(&idempotent.by, "by", |&p| {
            get(&a.params, p, "parameter").map(|_| ())
        })
        .at(|| "idempotent".to_owned())?;
    }
    Ok(())
}

fn fact(walker: &Walker<'_>, f: &Fact) -> Checked {
    let body = walker.body;
    types::ty(body, &f.ty).at(|| "type".to_owned())?;
    if f.lifetime_ms.is_some_and(|ms| ms <= 0) {
        return broken("the fact must live for some time");
    }
    walker.counted(&f.source).at(|| "source".to_owned())?;
    let source = get(&body.actions, f.source.action, "action")?;
    if source.result.as_ref() != Some(&f.ty) {
        return broken("the fact is of another type than its source's reply");
    }
    each(&f.forget, "forget", |forget| {
        let write = get(&body.actions, forget.action, "action")?;
        if !matches!(write.effect, Effect::Write { .. }) {
            return broken("only a write makes a fact forgotten");
        }
        let call = walker.call(&f.source)?;
        for &(part, param) in &forget.pairs {
            let part = call.path(get(&f.source.keys, part, "part of the key")?)?;
            let param = get(&write.params, param, "parameter")?;
            if unit(part) != unit(&param.ty) {
                return broken("a pair compares different types");
            }
        }
        Ok(())
    })
}

fn limit(walker: &Walker<'_>, l: &Limit) -> Checked {
    let rule = get(&walker.body.rules, l.rule, "rule")?;
    if rule.kind != "limit" {
        return broken(format!("rule `{}` is no limit", rule.name));
    }
    if l.per_ms.is_some_and(|ms| ms <= 0) {
        return broken("the window must be positive");
    }
    let parts = l.counted.first().map_or(0, |c| c.keys.len());
    each(&l.counted, "counted", |c| {
        if c.keys.len() != parts {
            return broken("the keys have different lengths");
        }
        walker.counted(c)
    })
}

fn gate(walker: &Walker<'_>, a: &Action) -> Checked {
    let body = walker.body;
    let scope = Scope {
        params: Some(&a.params),
        session: true,
        ..Scope::empty(body)
    };
    each(&a.verdicts, "verdicts", |v| verdict(&scope, v))?;
    walker
        .diagram(&scope, &Seen::default(), a.gate, a.verdicts.len())
        .at(|| "gate".to_owned())?;
    let call = Scope {
        session: false,
        ..scope
    };
    let seen = Seen::default();
    each(&a.limits, "limits", |l| limit_use(walker, &call, &seen, l))?;
    if let Some(u) = &a.undo {
        undo(walker, a, u).at(|| "undo".to_owned())?;
    }
    if let Some(c) = &a.confirm {
        confirm(walker, a, c).at(|| "confirm".to_owned())?;
    }
    Ok(())
}

fn verdict(scope: &Scope<'_>, v: &Verdict) -> Checked {
    let body = scope.body;
    let rule = v.rule.map(|r| get(&body.rules, r, "rule")).transpose()?;
    if v.verdict == VerdictKind::Escalate && rule.is_none_or(|r| r.role.is_none()) {
        return broken("an escalation needs a rule with a role");
    }
    if let super::super::format::Again::AfterAction { actions } = &v.again {
        each(actions, "again", |&a| {
            get(&body.actions, a, "action").map(|_| ())
        })?;
    }
    let Some(instead) = &v.instead else {
        return Ok(());
    };
    let action = get(&body.actions, instead.action, "action")?;
    scope
        .args(&instead.args, &action.params)
        .at(|| "instead".to_owned())
}

fn limit_use(walker: &Walker<'_>, call: &Scope<'_>, seen: &Seen, l: &LimitUse) -> Checked {
    let limit = get(&walker.body.limits, l.limit, "limit")?;
    for counted in &limit.counted {
        call.keys(&l.keys, &walker.call(counted)?, &counted.keys)?;
    }
    match l.when {
        Some(when) => walker.condition(call, seen, when),
        None => Ok(()),
    }
}

fn undo(walker: &Walker<'_>, a: &Action, u: &Undo) -> Checked {
    let scope = Scope {
        params: Some(&a.params),
        result: a.result.as_ref(),
        ..Scope::empty(walker.body)
    };
    let by = get(&walker.body.actions, u.action, "action")?;
    scope.args(&u.args, &by.params)
}

fn confirm(walker: &Walker<'_>, a: &Action, c: &Confirm) -> Checked {
    let asked = Scope {
        params: Some(&a.params),
        ..Scope::empty(walker.body)
    };
    let by = get(&walker.body.actions, c.action, "action")?;
    asked.args(&c.args, &by.params)?;
    if c.after_ms.is_some_and(|ms| ms < 0) {
        return broken("`after_ms` is negative");
    }
    each(&c.lines, "lines", |line| {
        let answers = line.on == "ok" || by.failures.iter().any(|f| f.name == line.on);
        if !answers {
            return broken(format!("`{}` has no outcome `{}`", by.name, line.on));
        }
        let result = by.result.as_ref().filter(|_| line.on == "ok");
        let answered = Scope { result, ..asked };
        if let Some(when) = line.when {
            walker.condition(&answered, &Seen::default(), when)?;
        }
        match (&line.gives, &a.result) {
            (Some(gives), Some(ty)) if line.happened => answered.expr(gives, ty),
            (Some(_), _) => broken("the line gives a value where there is no result to give"),
            (None, _) => Ok(()),
        }
    })
}

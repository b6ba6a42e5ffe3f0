//! The lines of a test, one after the other.

use super::Failure;
use super::play::{Play, Played};
use super::world;
use crate::model::{ActionId, ArgList, Const, Given, Reply, Step, Test, TestItem, TestStep};
use crate::runtime::{Asked, Befall, Befalling, Directive, Request, Verdict};
use crate::source::{Sources, Span};
use crate::syntax::tree::ApprovalWord;
use serde_json::Value;

/// Plays a test up to its first failing line.
pub(super) fn run(play: &mut Play<'_>, sources: &Sources, test: &Test) -> Result<(), Failure> {
    let mut armed = 0;
    let mut waiting: Vec<(Span, String)> = Vec::new();
    for (i, line) in test.steps.iter().enumerate() {
        if i < armed {
            continue;
        }
        let mut arm = |play: &mut Play<'_>, line: &TestStep, flow: Option<u32>| {
            let Some((state, what)) = on_entering(line) else {
                return false;
            };
            let states = match flow {
                Some(flow) => states_of(play, flow, state),
                None => play.states(state),
            };
            play.befalls.push(Befall { states, what });
            waiting.push((line.span, state.to_owned()));
            true
        };
        // What befalls the flow on entering a state stands behind the line that leads there.
        let starts = match line.item {
            TestItem::Run { flow, .. } => {
                let name = play.policy().flows.get(flow.index()).map(|f| &f.name);
                name.and_then(|name| play.table.flow_index(name))
            }
            _ => None,
        };
        armed = i + 1;
        while let Some(next) = test.steps.get(armed)
            && moves(&line.item)
            && arm(play, next, starts)
        {
            armed += 1;
        }
        if arm(play, line, None) {
            continue;
        }
        played(play, sources, line)?;
    }
    if let (Some(_), Some((span, state))) = (play.befalls.last(), waiting.last()) {
        return Err(Failure {
            span: *span,
            expected: format!("`{state}` is entered"),
            actual: play.whereabouts(),
        });
    }
    Ok(())
}

/// `event x in s`, `advance d in s`.
fn on_entering(line: &TestStep) -> Option<(&str, Befalling)> {
    match &line.item {
        TestItem::Event {
            event,
            at: Some(state),
        } => Some((state, Befalling::Event(event.0))),
        TestItem::Advance {
            by_ms,
            at: Some(state),
        } => Some((state, Befalling::Time(*by_ms))),
        _ => None,
    }
}

fn states_of(play: &Play<'_>, flow: u32, written: &str) -> Vec<u32> {
    let Some(flow) = play.table.body().flows.get(flow as usize) else {
        return Vec::new();
    };
    super::play::states_named(flow, written)
}

/// Whether a line can move the flow.
fn moves(item: &TestItem) -> bool {
    !matches!(
        item,
        TestItem::Given(_)
            | TestItem::ExpectEnd { .. }
            | TestItem::ExpectDeny { .. }
            | TestItem::ExpectAllow { .. }
            | TestItem::ExpectLimited { .. }
            | TestItem::ExpectEscalate { .. }
            | TestItem::ExpectCond { .. }
    )
}

fn played(play: &mut Play<'_>, sources: &Sources, line: &TestStep) -> Result<(), Failure> {
    let failed = |expected: String| {
        move |actual: String| Failure {
            span: line.span,
            expected,
            actual,
        }
    };
    match &line.item {
        TestItem::Given(all) => all.iter().try_for_each(|given| {
            suppose(play, given).map_err(failed("what is given can be".to_owned()))
        }),
        TestItem::Run { flow, args } => {
            let Some(flow) = play.policy().flows.get(flow.index()) else {
                return Ok(());
            };
            let params = flow.params.iter().map(|p| (&p.wire, &p.ty));
            let request = Request::Start {
                flow: flow.name.clone(),
                args: play.object(params, args),
            };
            let expected = failed(format!("{} starts", flow.name));
            play.step(request).map(|_| ()).map_err(expected)
        }
        TestItem::Propose { action, args } => {
            let expected = failed("the proposal is decided".to_owned());
            propose(play, *action, args).map_err(expected)
        }
        TestItem::Proposes {
            state,
            action,
            args,
            reply,
        } => {
            let expected = failed(format!("the agent of `{state}` may speak"));
            proposes(play, state, *action, args, reply.as_ref()).map_err(expected)
        }
        TestItem::Event { event, .. } => {
            let name = play.policy().events.get(event.index());
            let name = name.map(|e| e.name.clone()).unwrap_or_default();
            let expected = failed(format!("event {name} can come"));
            play.settle_down()
                .and_then(|()| play.step(Request::Event { event: name }))
                .map(|_| ())
                .map_err(expected)
        }
        TestItem::Advance { by_ms, .. } => play
            .settle_down()
            .and_then(|()| play.pass(*by_ms))
            .map_err(failed("time passes".to_owned())),
        TestItem::Approval {
            decision,
            rule_or_action,
        } => approval(play, *decision, rule_or_action).map_err(failed(format!(
            "an approval of {rule_or_action} is waited for"
        ))),
        TestItem::AnswerAction { action, reply } => {
            let name = &play.policy().action(*action).full_name;
            let expected = failed(format!("a call of {name} is in flight"));
            answer(play, *action, reply).map_err(expected)
        }
        TestItem::AnswerState { state, reply } => answer_state(play, state, reply)
            .map_err(failed(format!("`{state}` waits for an answer"))),
        TestItem::ExpectCond { cond, .. } => {
            let written = sources.slice(line.span).trim();
            let expected = written.strip_prefix("expect").unwrap_or(written).trim();
            world::expect(play, cond).map_err(failed(expected.to_owned()))
        }
        item => expect(play, item).map_err(|(expected, actual)| failed(expected)(actual)),
    }
}

fn suppose(play: &mut Play<'_>, given: &Given) -> Played {
    match given {
        Given::Input { input, value } => {
            if let Some(input) = play.policy().inputs.get(input.index()) {
                let value = play.interp.wire(&input.ty, value);
                play.inputs.insert(input.wire.clone(), value);
            }
            Ok(())
        }
        Given::Call {
            action,
            args,
            reply,
        } => {
            let made = play.args(*action, args);
            let declared = play.policy().action(*action);
            outcome_of(play, *action, reply)?;
            let value = reply
                .value
                .as_ref()
                .map(|v| play.wire(declared.result.as_ref(), v));
            play.suppose(&declared.full_name, &made, &reply.outcome, value.as_ref())
        }
    }
}

fn propose(play: &mut Play<'_>, action: ActionId, args: &ArgList) -> Played {
    let args = Value::Object(play.args(action, args));
    let action = play.policy().action(action).full_name.clone();
    play.step(Request::Propose { action, args }).map(|_| ())
}

fn proposes(
    play: &mut Play<'_>,
    state: &str,
    action: ActionId,
    args: &ArgList,
    reply: Option<&Reply>,
) -> Played {
    play.settle_down()?;
    let is_agent = play
        .here(state)
        .is_some_and(|(_, declared)| matches!(declared.step, Step::Agent(_)));
    if !is_agent {
        return Err(play.whereabouts());
    }
    propose(play, action, args)?;
    let Some(reply) = reply else { return Ok(()) };
    match &play.verdict {
        Some(verdict) if verdict.verdict != Verdict::Allow => {
            Err(format!("the proposal is answered {verdict}"))
        }
        _ => answer(play, action, reply),
    }
}

fn approval(play: &mut Play<'_>, decision: ApprovalWord, name: &str) -> Played {
    play.settle_down()?;
    let asked = play.open().into_iter().find_map(|d| match d {
        Directive::Approval {
            approval,
            action,
            rule,
            expires_at,
            ..
        } if rule == name || action == name => Some((approval, expires_at)),
        _ => None,
    });
    let Some((approval, expires_at)) = asked else {
        return Err(play.whereabouts());
    };
    let granted = match decision {
        ApprovalWord::Approve => true,
        ApprovalWord::Decline => false,
        ApprovalWord::Expire => {
            return match expires_at {
                Some(at) => play.pass_until(at),
                None => Err("the approval never expires: the rule has no `within`".to_owned()),
            };
        }
    };
    let request = Request::Approve {
        approval,
        granted,
        by: None,
    };
    play.step(request).map(|_| ())
}

/// Refuses an answer that the action doesn't have.
fn outcome_of(play: &Play<'_>, action: ActionId, reply: &Reply) -> Played {
    let action = play.policy().action(action);
    let known = |name: &str| {
        ["ok", "timeout", "malformed"].contains(&name)
            || action.failures.iter().any(|f| f.name == name)
    };
    if known(&reply.outcome) {
        return Ok(());
    }
    Err(format!(
        "{} has no outcome `{}`",
        action.full_name, reply.outcome
    ))
}

fn answer(play: &mut Play<'_>, action: ActionId, reply: &Reply) -> Played {
    outcome_of(play, action, reply)?;
    play.settle_down()?;
    let declared = play.policy().action(action);
    let Some((call, until)) = play.in_flight(&declared.full_name) else {
        return Err(play.whereabouts());
    };
    if reply.outcome == "timeout" {
        return play.pass_until(until);
    }
    let value = reply
        .value
        .as_ref()
        .map(|v| play.wire(declared.result.as_ref(), v));
    play.reply(Asked::Call(call), &reply.outcome, value)
}

fn answer_state(play: &mut Play<'_>, written: &str, reply: &Reply) -> Played {
    play.settle_down()?;
    let Some((entry, declared)) = play.here(written) else {
        return Err(play.whereabouts());
    };
    let (to, ty) = match &declared.step {
        Step::Agent(_) => {
            let known = declared.outcomes.iter().find(|o| o.name == reply.outcome);
            let Some(outcome) = known else {
                return Err(format!("`{written}` has no outcome `{}`", reply.outcome));
            };
            (Asked::Agent(entry), outcome.payload.as_ref())
        }
        Step::Ask { ty, .. } => (Asked::Ask(entry), Some(ty)),
        _ => return Err(play.whereabouts()),
    };
    let asked_until = play.open().into_iter().find_map(|d| match d {
        Directive::Ask { until, .. } => until,
        _ => None,
    });
    match asked_until {
        Some(until) if reply.outcome == "no_answer" => play.pass_until(until),
        _ => {
            let value = reply.value.as_ref().map(|v| play.wire(ty, v));
            play.reply(to, &reply.outcome, value)
        }
    }
}

/// What was expected and what is the case instead.
type Compared = Result<(), (String, String)>;

fn expect(play: &Play<'_>, item: &TestItem) -> Compared {
    let (verdict, rule, instead) = match item {
        TestItem::ExpectEnd { name, gives } => return expect_end(play, name, gives.as_ref()),
        TestItem::ExpectDeny { rule, instead } => (Verdict::Deny, rule, instead.as_ref()),
        TestItem::ExpectAllow { rule } => (Verdict::Allow, rule, None),
        TestItem::ExpectLimited { rule } => (Verdict::Limited, rule, None),
        TestItem::ExpectEscalate { rule } => (Verdict::Escalate, rule, None),
        _ => return Ok(()),
    };
    let mut expected = verdict.word().to_owned();
    if let Some(rule) = rule {
        expected.push_str(&format!(" {rule}"));
    }
    let to = instead.map(|(action, args)| {
        let name = &play.policy().action(*action).full_name;
        expected.push_str(&format!(", instead {name}"));
        (name, args.as_ref().map(|args| play.args(*action, args)))
    });
    let Some(found) = &play.verdict else {
        return Err((expected, "nothing was proposed".to_owned()));
    };
    let same_instead = match (&to, &found.instead) {
        (None, _) => true,
        (Some((name, args)), Some(found)) => {
            **name == found.action && args.as_ref().is_none_or(|args| *args == found.args)
        }
        (Some(_), None) => false,
    };
    let same_rule = rule.is_none() || *rule == found.rule;
    if found.verdict == verdict && same_rule && same_instead {
        return Ok(());
    }
    Err((expected, found.to_string()))
}

fn expect_end(play: &Play<'_>, name: &str, gives: Option<&Const>) -> Compared {
    let flow = play.flow();
    let reached = play.session.run().and_then(|run| run.end.as_ref());
    let end = flow.zip(reached).and_then(|(flow, reached)| {
        let end = flow.ends.get(reached.end as usize)?;
        let declared = play.model_flow(&flow.name)?;
        let declared = declared.ends.iter().find(|e| e.name == end.name)?;
        Some((reached, declared))
    });
    let mut expected = format!("end {name}");
    let Some((reached, declared)) = end.filter(|(_, end)| end.name == name) else {
        return Err((expected, play.whereabouts()));
    };
    let Some(gives) = gives else { return Ok(()) };
    let wanted = play.wire(declared.gives_type.as_ref(), gives);
    if reached.gives.as_ref() == Some(&wanted) {
        return Ok(());
    }
    expected.push_str(&format!(" gives {wanted}"));
    let found = match &reached.gives {
        Some(value) => format!("end {name} gives {value}"),
        None => format!("end {name} gives nothing"),
    };
    Err((expected, found))
}

// What the host is to do, read off the session: so it can be read off again after a restart.

import { dues } from "./clock.js";
import { inFlight } from "./history.js";
import { put } from "./json.js";
import { later } from "./scalar.js";
import { top } from "./session.js";

/** All that is to be done, in a fixed order. Members that are absent are left out. */
export function open(plan, s) {
  const out = s.calls.filter(inFlight).map((c) => call(plan, c));
  for (const a of s.approvals) if (a.status === "pending") out.push(approval(plan.body, a));
  const last = here(plan, s);
  if (last) out.push(last);
  return out;
}

/** When to tick at the latest. */
export function deadline(plan, s) {
  const all = dues(plan, s).map((due) => due.at);
  return all.length > 0 ? Math.min(...all) : undefined;
}

function call(plan, c) {
  const action = plan.actions[c.action];
  const args = {};
  for (const [name, value] of Object.entries(c.args)) {
    if (!action.params.some((p) => p.claim && p.wire === name)) put(args, name, value);
  }
  return {
    kind: "call",
    call: c.id,
    action: action.name,
    wire: action.wire,
    args,
    timeout_ms: action.timeout_ms,
    until: later(c.at, action.timeout_ms),
  };
}

function approval(body, a) {
  const rule = body.rules[a.rule];
  const role = body.roles[a.role];
  return defined({
    kind: "approval",
    approval: a.id,
    action: body.actions[a.action].name,
    args: a.args,
    rule: rule.name,
    because: rule.because,
    role: role.name,
    wire: role.wire,
    expires_at: a.expires_at,
  });
}

function here(plan, s) {
  const { run } = s;
  if (!run) return undefined;
  const flow = plan.flows[run.flow];
  if (run.end) {
    const end = flow.ends[run.end.end];
    return defined({
      kind: "ended",
      flow: flow.name,
      end: end.name,
      class: end.class,
      gives: run.end.gives,
    });
  }
  const level = top(s);
  const { name, step } = flow.states[level.state];
  const { doing, entry } = level;
  const until = (since) =>
    step.within_ms === undefined ? undefined : later(since, step.within_ms);
  if (doing.kind === "wait") return { kind: "wait", entry, state: name, until: doing.until };
  if (doing.kind === "agent" && !doing.said && run.waiting.length === 0) {
    return defined({
      kind: "agent",
      entry,
      state: name,
      given: level.args,
      may: step.may.map((a) => plan.body.actions[a].name),
      calls: step.calls,
      outcomes: step.outcomes.map((o) => o.name),
      until: until(level.entered),
    });
  }
  if (doing.kind === "ask") {
    const role = plan.body.roles[step.role];
    return defined({
      kind: "ask",
      entry,
      state: name,
      role: role.name,
      wire: role.wire,
      text: doing.text,
      until: until(doing.since),
    });
  }
  return undefined;
}

function defined(directive) {
  for (const name of Object.keys(directive)) {
    if (directive[name] === undefined) delete directive[name];
  }
  return directive;
}

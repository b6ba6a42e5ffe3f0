// The call log: admission and replies.

import { spendApproval } from "./approval.js";
import { catchUp } from "./clock.js";
import { confirmOthers, learn, says, settle, undoAnother } from "./effects.js";
import { Fault } from "./fault.js";
import { agentExhausted, countProposal } from "./flow/agent.js";
import { goOnAfter } from "./flow/step.js";
import { actionNamed, spent, submit, unknown } from "./gate.js";
import { inFlight } from "./history.js";
import { releaseEffects, releaseUncounted } from "./limits.js";
import { Invalid, normalise } from "./value.js";

/** An AI proposes a call. */
export function proposed(e, name, args) {
  catchUp(e);
  const action = actionNamed(e.plan, name);
  if (countProposal(e)) {
    refusedOutright(e, name, args, spent(name));
    agentExhausted(e);
  } else if (action) {
    e.verdict = submit(e, action.index, args, true).decision;
  } else {
    refusedOutright(e, name, args, unknown(name));
  }
}

function refusedOutright(e, action, args, verdict) {
  e.trace.push({ what: "decided", action, args, verdict });
  e.verdict = verdict;
}

/** Writes an allowed call into the log, and gives its number. */
export function admitCall(e, index, args, repeats, slots) {
  const id = e.s.calls.length + 1;
  const { at, seq } = e.point();
  e.s.calls.push({
    id,
    action: index,
    args,
    at,
    seq,
    effect: repeats ?? id,
    ended: undefined,
    result: undefined,
    fate: "open",
    settled: undefined,
    slots,
  });
  e.trace.push({ what: "called", call: id, action: e.body.actions[index].name, repeats });
  return id;
}

function logged(e, id) {
  const call = e.call(id);
  if (!call) throw new Fault("no_call", `the session has no call ${id}`);
  return call;
}

/** The host brings a call's reply. */
export function callReplied(e, id, outcome, value) {
  const call = logged(e, id);
  if (call.ended) {
    throw new Fault(
      "call_over",
      `call ${id} is over with \`${call.ended.outcome}\`: a later answer changes nothing`,
    );
  }
  // A reply at the very moment of the timeout is in time.
  catchUp(e, id);
  if (!inFlight(call)) {
    e.trace.push({ what: "late" });
    return;
  }
  endCall(e, call, judge(e, e.plan.actions[call.action], outcome, value));
  goOnAfter(e, id);
}

/** The call's time is up. */
export function timeOut(e, id) {
  endCall(e, e.call(id), { outcome: "timeout" });
  goOnAfter(e, id);
}

/** The host was restarted: nobody waits for the calls in flight any more. */
export function reloaded(e) {
  catchUp(e);
  // What follows a timeout may put further calls in flight; those are not of before.
  for (const { id } of e.s.calls.filter(inFlight)) timeOut(e, id);
}

/** Somebody has found out what became of a call. */
export function resolved(e, id, happened, result) {
  catchUp(e);
  const call = logged(e, id);
  const action = e.plan.actions[call.action];
  if (e.call(call.effect).fate !== "unsettled") {
    throw new Fault(
      "not_unsettled",
      `call ${id} is not in doubt: only an unsettled call can be resolved by hand`,
    );
  }
  let value;
  if (happened && action.result && result !== undefined) {
    value = normalise(e.body, action.result, result, true);
    if (value instanceof Invalid) {
      throw new Fault("result", `the result does not fit the action: ${value}`);
    }
  }
  settle(e, call.effect, happened, value);
}

/** What a reply says, after validation. */
function judge(e, action, outcome, value) {
  if (outcome === "ok") {
    if (!action.result) return { outcome };
    const result = normalise(e.body, action.result, value ?? null, true);
    return result instanceof Invalid
      ? { outcome: "malformed", problem: String(result) }
      : { outcome, value: result };
  }
  if (outcome === "timeout" || outcome === "malformed") return { outcome };
  const { failures } = action;
  const failure =
    failures.find((f) => f.wire === outcome) ?? failures.find((f) => f.name === outcome);
  if (failure) return { outcome: failure.name };
  return { outcome: "malformed", problem: `\`${outcome}\` is not declared` };
}

/** Writes down how a call ended, and all that follows for what is known of effects. */
function endCall(e, call, { outcome, value, problem }) {
  call.ended = { ...e.point(), outcome };
  if (value !== undefined) call.result = value;
  const action = e.plan.actions[call.action];
  const { id, effect: root } = call;
  e.trace.push({ what: "replied", call: id, action: action.name, outcome, value, problem });
  const said = says(action, outcome);
  learn(e, action, root, said, value);
  if (outcome === "ok") {
    spendApproval(e, id);
    releaseUncounted(e, call);
  }
  releaseEffects(e, root);
  confirmOthers(e, call, outcome);
  if (said === "happened") undoAnother(e, id, root);
}

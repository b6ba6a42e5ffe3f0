// The gate: one proposal, one verdict.

import { covering, askApproval } from "./approval.js";
import { admitCall } from "./calls.js";
import { agentSpent } from "./flow/agent.js";
import { consultLimits } from "./limits.js";
import { leaf, makeArgs } from "./plan.js";
import { notHere, refusal, repeated, unsettled, valid } from "./refusal.js";
import { top } from "./session.js";
import { Invalid, normaliseFields } from "./value.js";

/** A verdict as it is written: what is absent or empty is left out. */
export function decision(verdict, rule, reason, again) {
  const out = { verdict, again };
  if (rule !== undefined) out.rule = rule;
  if (reason !== "") out.reason = reason;
  return out;
}

/** Decides a proposal and does what follows: admits the call, or asks for approval. */
export function submit(e, index, args, fromOutside) {
  const action = e.plan.actions[index];
  const ruled = ruleOn(e, action, args, fromOutside, true);
  const decided = () =>
    e.trace.push({ what: "decided", action: action.name, args: ruled.args, verdict: ruled.decision });
  if (ruled.asks !== undefined) {
    const { approval, traced } = askApproval(e, action, ruled.args, ruled.asks);
    ruled.decision.approval = approval;
    decided();
    if (traced) e.trace.push(traced);
    return { waiting: approval, decision: ruled.decision };
  }
  decided();
  if (!ruled.allowed) return { refused: ruled.decision.verdict, decision: ruled.decision };
  const call = admitCall(e, index, ruled.args, ruled.repeats, ruled.slots);
  ruled.covered?.calls.push(call);
  return { called: call, decision: ruled.decision };
}

/** The verdict on a proposal from outside, with nothing done about it. */
export function decide(e, name, args) {
  const action = actionNamed(e.plan, name);
  if (agentSpent(e)) return spent(name);
  return action ? ruleOn(e, action, args, true, false).decision : unknown(name);
}

/** The action with that name, or that name on the wire. */
export function actionNamed(plan, name) {
  return plan.actions[plan.actionNames.get(name) ?? plan.actionWires.get(name)];
}

export const spent = (name) =>
  refusal("not_here", `${name} cannot be called: all calls of this task are spent.`, "never");

export const unknown = (name) => refusal("invalid", `There is no action ${name}.`, "never");

function ruleOn(e, action, given, fromOutside, take) {
  const args = valid(e, action, given);
  if (args.refused) {
    const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
    return { decision: args.refused, args: isObject ? given : {} };
  }
  const refused = (decision) => ({ decision, args });
  const elsewhere = fromOutside && notHere(e, action);
  if (elsewhere) return refused(elsewhere);
  const repeats = repeated(e, action, args);
  const doubt = unsettled(e, action, repeats);
  if (doubt) return refused(doubt);
  const scene = about(e, action, args, repeats);
  const verdict = action.verdicts[leaf(e.plan, scene, action.gate)];
  const decision = inWords(e, scene, verdict);
  if (verdict.verdict === "deny") return refused(decision);
  const escalates = verdict.verdict === "escalate";
  const covered = escalates ? covering(e, action.index, args, verdict.rule) : undefined;
  const asks = escalates && !covered;
  // A proposal that still has to be approved takes no slots yet.
  const limits = consultLimits(e, action, args, repeats !== undefined, take && !asks);
  if (limits.usedUp) return refused(limits.usedUp);
  if (asks) return { decision, args, asks: verdict.rule };
  return {
    decision: covered ? decisionOf("allow", decision.rule) : decision,
    args,
    allowed: true,
    covered,
    slots: limits.slots,
    repeats,
  };
}

const decisionOf = (verdict, rule) => decision(verdict, rule, "", { kind: "not_needed" });

/** The scene of a proposal. The facts under which an idempotent call was admitted hold for its repeats. */
function about(e, action, args, repeats) {
  const first = repeats === undefined ? undefined : e.call(repeats);
  return e.scene(action, args, first && { at: first.at, seq: first.seq });
}

/** A leaf of the gate as a decision. */
function inWords(e, scene, ruled) {
  const { body, plan } = e;
  const named = ruled.rule === undefined ? undefined : body.rules[ruled.rule].name;
  const rule = named ?? (ruled.verdict === "deny" ? "no_rule" : undefined);
  const out = decision(ruled.verdict, rule, ruled.reason ?? "", again(body, ruled.again));
  const { instead } = ruled;
  if (instead && mayPropose(e, instead.action)) {
    const to = plan.actions[instead.action];
    const made = makeArgs(scene, to.params, instead.args);
    const args = normaliseFields(body, to.params, made, false);
    // What the parameters of the refused call make may not fit the other action.
    if (!(args instanceof Invalid)) out.instead = { action: to.name, wire: to.wire, args };
  }
  return out;
}

function again(body, { kind, actions }) {
  if (kind === "after_wait") return { kind: "later" };
  return actions ? { kind, actions: actions.map((a) => body.actions[a].name) } : { kind };
}

/** Whether an AI could propose the action where the session is. */
function mayPropose(e, index) {
  const { run } = e.s;
  if (!run) return true;
  const level = top(e.s);
  const step = level && e.flow.states[level.state].step;
  return step?.kind === "agent" && step.may.includes(index);
}

/** The arguments of a confirming or undoing call; `undefined` if they don't fit the action. */
export function derived(plan, scene, to, args) {
  const made = normaliseFields(plan.body, to.params, makeArgs(scene, to.params, args), false);
  return made instanceof Invalid ? undefined : made;
}

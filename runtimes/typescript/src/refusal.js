// Refusals before any rule is asked: invalid arguments, the wrong place, an earlier call in doubt.

import { isEffect, isRoot } from "./history.js";
import { same } from "./json.js";
import { later } from "./scalar.js";
import { top } from "./session.js";
import { Invalid, normaliseFields } from "./value.js";
import { either } from "./words.js";

/** A deny with one of the reserved codes. */
export function refusal(code, reason, kind, actions) {
  const again = actions ? { kind, actions } : { kind };
  return { verdict: "deny", rule: code, reason, again };
}

/** The arguments in wire form, or what is wrong with them, as `refused`. */
export function valid(e, action, args) {
  const invalid = (problem) => ({
    refused: refusal(
      "invalid",
      `${action.name} cannot be called like that: ${problem}.`,
      "other_arguments",
    ),
  });
  if (typeof args !== "object" || args === null || Array.isArray(args)) {
    return invalid("the arguments must be an object");
  }
  const out = normaliseFields(e.body, action.params, args, false);
  if (!(out instanceof Invalid)) return out;
  if (out.at === "") return invalid(out.problem);
  const said = out.problem.startsWith("is ") ? out.problem : `is wrong: ${out.problem}`;
  return invalid(`\`${out.at}\` ${said}`);
}

/** What forbids a proposal from outside at this position, if anything does. */
export function notHere(e, action) {
  const { run } = e.s;
  if (!run) return undefined;
  const { name } = action;
  const deny = (why, again) => refusal("not_here", why, again);
  const level = top(e.s);
  if (!level) return deny(`${name} cannot be called any more: the flow has ended.`, "never");
  const state = e.flow.states[level.state];
  if (state.step.kind !== "agent" || level.doing.kind !== "agent") {
    return deny(
      `${name} cannot be called now: the flow itself acts, in \`${state.name}\`.`,
      "later",
    );
  }
  if (level.doing.said || run.waiting.length > 0) {
    return deny(`${name} cannot be called now: the flow is leaving \`${state.name}\`.`, "later");
  }
  const { may } = state.step;
  if (may.includes(action.index)) return undefined;
  const admitted = either(may.map((a) => e.body.actions[a].name));
  return deny(`${name} cannot be called in \`${state.name}\`, which admits ${admitted} only.`, "later");
}

/**
 * The number of the call whose effect a proposal would repeat: idempotent, with the same arguments,
 * while the other side remembers its key.
 */
export function repeated(e, action, args) {
  const idempotent = action.effect.idempotent;
  if (!idempotent) return undefined;
  const { calls } = e.s;
  for (let i = calls.length - 1; i >= 0; i--) {
    const c = calls[i];
    if (!isRoot(c) || c.action !== action.index || !same(c.args, args)) continue;
    if (idempotent.for_ms !== undefined && e.now >= later(c.at, idempotent.for_ms)) continue;
    if (isEffect(e.s, c)) return c.id;
  }
  return undefined;
}

/** Until an unsettled call of the action is settled, only a repeat of it passes. */
export function unsettled(e, action, repeats) {
  if (repeats !== undefined && e.call(repeats).fate === "unsettled") return undefined;
  const inDoubt = (c) => c.action === action.index && isRoot(c) && c.fate === "unsettled";
  const doubt = e.s.calls.find(inDoubt);
  if (!doubt) return undefined;
  const by = action.confirm && e.body.actions[action.confirm.action].name;
  const how = by ? `find out with ${by}` : "somebody has to find out";
  return refusal(
    "unsettled",
    `${action.name} cannot be called: call ${doubt.id} of it may have happened or not; ${how} first.`,
    by ? "after_action" : "later",
    by && [by],
  );
}

// Questions about this session's calls, answered from the log.

import { same } from "./json.js";
import { holds } from "./plan.js";

/** The scene of a logged call: its arguments, and what is known of its result. */
export function callScene(plan, call) {
  return sceneOf(plan, plan.actions[call.action], call.args, call.result);
}

/** The scene of a call with those arguments and that result. */
export function sceneOf(plan, action, args, result) {
  return {
    plan,
    session: undefined,
    now: 0,
    inputs: undefined,
    params: action.params,
    args,
    result,
    slots: undefined,
    asOf: undefined,
    element: undefined,
  };
}

export const isRoot = (call) => call.effect === call.id;
export const inFlight = (call) => call.ended === undefined;

/** The calls that share the effect of `root`. */
export const attempts = (session, root) => session.calls.filter((c) => c.effect === root);

/** Whether the effect of a root call happened, may have happened, or is in flight. */
export function isEffect(session, root) {
  const { fate } = root;
  if (fate === "happened" || fate === "unsettled" || fate === "doubtful") return true;
  return session.calls.some((c) => c.effect === root.id && inFlight(c));
}

/** The answer to a question: 0 or 1, or a count. */
export function answer(scene, index) {
  const { plan, session } = scene;
  if (!session) return 0;
  const { asks, counted, keys } = plan.histories[index];
  const counting = asks === "calls" || asks === "effects";
  let wanted;
  let n = 0;
  for (const call of session.calls) {
    if (!speaksOf(plan, session, asks, call)) continue;
    for (const c of counted) {
      if (c.action !== call.action) continue;
      wanted ??= keys.map((key) => key.follow(scene));
      if (!counts(plan, call, c, keys, wanted)) continue;
      n++;
      break;
    }
    if (n > 0 && !counting) return 1;
  }
  return n;
}

function speaksOf(plan, session, asks, call) {
  if (asks === "calls") return true;
  if (!isRoot(call)) return false;
  switch (asks) {
    case "done":
      return call.fate === "happened" || call.fate === "undone";
    case "standing":
      return call.fate === "happened" && plan.actions[call.action].effect.kind === "write";
    case "unsettled":
      return call.fate === "unsettled";
    default:
      return isEffect(session, call);
  }
}

/** Whether a call is of the counted action, satisfies its condition and has the key. */
export function counts(plan, call, counted, keys, wanted) {
  if (call.action !== counted.action) return false;
  const scene = callScene(plan, call);
  return holds(plan, scene, counted.when) && sameKey(scene, counted.keys, keys, wanted, false);
}

/**
 * Whether a call's key equals the one that is looked for. With `open`, its result isn't known yet,
 * and parts of it are taken as equal.
 */
export function sameKey(scene, theirs, keys, wanted, open) {
  for (let i = 0; i < theirs.length; i++) {
    const their = theirs[i];
    if (open && their.ofResult) continue;
    const a = their.follow(scene);
    const b = wanted[i];
    // A parameter left out equals a parameter left out; nothing else that is absent equals anything.
    if (a === undefined && b === undefined) {
      if (!their.whole || !keys[i].whole) return false;
    } else if (a === undefined || b === undefined || !same(a, b)) {
      return false;
    }
  }
  return true;
}

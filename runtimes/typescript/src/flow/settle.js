// `settle`: finds out what became of every unsettled call of an action, oldest first.

import { derived } from "../gate.js";
import { isRoot, sceneOf } from "../history.js";
import { PROCEED, bind } from "./flow.js";
import { proposeInStep, stepRefused } from "./step.js";

export function beginSettle(e, { action, bind }) {
  const calls = e.s.calls.filter((c) => isRoot(c) && c.action === action);
  const left = calls.filter((c) => c.fate === "unsettled").map((c) => c.id);
  // With nothing in doubt, what is known of the latest call is the answer.
  if (left.length === 0 && calls.length > 0) noteHappened(e, calls[calls.length - 1].id, bind);
  e.top().doing = { kind: "settle", stage: { kind: "next" }, of: 0, left, unknown: false };
  return PROCEED;
}

/** Asks about the next call in doubt, or comes to the step's outcome. */
export function settleNext(e, step) {
  const level = e.top();
  const { doing } = level;
  if (doing.left.length === 0) {
    const known = level.happened ? "happened" : "absent";
    return { outcome: doing.unknown ? "unknown" : known, value: undefined };
  }
  const [root, ...left] = doing.left;
  doing.left = left;
  doing.of = root;
  doing.stage = { kind: "next" };
  noteHappened(e, root, step.bind);
  const call = e.call(root);
  // The reply about an earlier one may have told about this one too.
  if (call.fate !== "unsettled") return PROCEED;
  const action = e.plan.actions[call.action];
  const { confirm } = action;
  const scene = sceneOf(e.plan, action, call.args, undefined);
  const args = confirm && derived(e.plan, scene, e.plan.actions[confirm.action], confirm.args);
  return args ? proposeInStep(e, confirm.action, args) : stepRefused(e, "denied");
}

/** The confirming call about `root` has ended; what it told is in the log. */
export function noteSettled(e, root) {
  noteHappened(e, root, e.here.step.bind);
  if (e.call(root)?.fate === "unsettled") e.top().doing.unknown = true;
}

/** Takes in that a call has happened, if it has. */
function noteHappened(e, root, slot) {
  const call = e.call(root);
  if (call?.fate !== "happened") return;
  if (slot !== undefined) bind(e, slot, call.result);
  e.top().happened = true;
}

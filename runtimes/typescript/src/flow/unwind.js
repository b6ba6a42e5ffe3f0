// `unwind`: undoes what stands, newest first.

import { derived } from "../gate.js";
import { callScene, isRoot } from "../history.js";
import { PROCEED } from "./flow.js";
import { proposeInStep, stepRefused } from "./step.js";

const undoOf = (e, call) => e.plan.actions[call.action].undo;

export function beginUnwind(e, actions) {
  // Without a list: every write that has an undo.
  const meant = (c) => (actions.length === 0 ? undoOf(e, c) : actions.includes(c.action));
  const left = [];
  let failed = false;
  for (const call of e.s.calls.slice().reverse()) {
    const stands = isRoot(call) && (call.fate === "happened" || call.fate === "unsettled");
    if (!stands || !meant(call)) continue;
    const undo = undoOf(e, call);
    // What may not have happened can be undone only by a tolerant undo.
    if (undo && (call.fate === "happened" || undo.tolerant)) left.push(call.id);
    else failed = true;
  }
  e.top().doing = { kind: "unwind", stage: { kind: "next" }, of: 0, left, failed };
  return PROCEED;
}

/** Undoes the next call, or comes to the step's outcome. */
export function unwindNext(e) {
  const { doing } = e.top();
  if (doing.left.length === 0) {
    return { outcome: doing.failed ? "stuck" : "clean", value: undefined };
  }
  const [root, ...left] = doing.left;
  doing.left = left;
  doing.of = root;
  doing.stage = { kind: "next" };
  const call = e.call(root);
  const undo = call && undoOf(e, call);
  const args =
    undo && derived(e.plan, callScene(e.plan, call), e.plan.actions[undo.action], undo.args);
  return args ? proposeInStep(e, undo.action, args) : stepRefused(e, "denied");
}

/** The undoing call for `root` has ended; what it did is in the log. */
export function noteUndone(e, root) {
  const fate = e.call(root)?.fate;
  if (fate !== "undone" && fate !== "absent") e.top().doing.failed = true;
}

/** The call that the flow is unwinding by the call `id`. */
export function unwinding(e, id) {
  const doing = e.top()?.doing;
  if (doing?.kind !== "unwind" || doing.stage.kind !== "call") return undefined;
  return doing.stage.call === id ? doing.of : undefined;
}

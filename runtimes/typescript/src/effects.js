// What is known of effects, and how it comes to be known: by a reply, by a confirming call, by an
// undo, by hand.

import { unwinding } from "./flow/unwind.js";
import { derived } from "./gate.js";
import { attempts, callScene, inFlight, isRoot, sceneOf } from "./history.js";
import { get, same } from "./json.js";
import { releaseEffects } from "./limits.js";
import { holds } from "./plan.js";
import { later } from "./scalar.js";
import { Invalid, normalise } from "./value.js";

/** What an outcome says about the call's effect: `happened`, `nothing` or `doubt`. */
export function says(action, outcome) {
  if (outcome === "ok") return "happened";
  const failure = action.failures.find((f) => f.name === outcome);
  return failure && failure.kind !== "indeterminate" ? "nothing" : "doubt";
}

/** What one attempt tells about its effect. */
export function learn(e, action, root, said, value) {
  const call = e.call(root);
  const was = call.fate;
  if (said === "happened") {
    call.fate = "happened";
    if (call.result === undefined) call.result = value;
    if (was === "unsettled") {
      e.trace.push({ what: "settled", call: root, action: action.name, happened: true, value });
    }
  } else if (said === "nothing") {
    // One attempt in which nothing happened says nothing about an earlier one in doubt.
    if (was === "open" && !attempts(e.s, root).some(inFlight)) call.fate = "absent";
  } else if (was === "open" || was === "absent" || was === "undone") {
    const { kind, expendable } = action.effect;
    call.fate = kind === "write" && !expendable ? "unsettled" : "doubtful";
  }
}

/** Settles doubt about a root call. */
export function settle(e, root, happened, value) {
  const settled = e.point();
  const call = e.call(root);
  call.fate = happened ? "happened" : "absent";
  call.settled = settled;
  if (value !== undefined) call.result = value;
  e.trace.push({ what: "settled", call: root, action: nameOf(e, call), happened, value });
  // The call settled may itself have undone another.
  if (happened) undoAnother(e, root, root);
  releaseEffects(e, root);
}

const nameOf = (e, call) => e.body.actions[call.action].name;

/** A reply may tell what became of writes that it confirms, whoever asked. */
export function confirmOthers(e, asked, outcome) {
  const told = [];
  for (const write of e.s.calls) {
    if (!isRoot(write) || write.fate !== "unsettled") continue;
    const tells = toldBy(e, write, asked, outcome);
    if (tells) told.push([write.id, tells]);
  }
  for (const [root, { happened, value }] of told) settle(e, root, happened, value);
}

/** What a confirming call tells about a write. */
function toldBy(e, write, asked, outcome) {
  const action = e.plan.actions[write.action];
  const { confirm } = action;
  if (!confirm || confirm.action !== asked.action) return undefined;
  const tries = attempts(e.s, write.id);
  // Asked before the last attempt ended, it may have been answered before it landed.
  if (!tries.every((c) => c.ended && c.ended.seq < asked.seq)) return undefined;
  const scene = sceneOf(e.plan, action, write.args, undefined);
  const args = derived(e.plan, scene, e.plan.actions[confirm.action], confirm.args);
  if (!args || !includes(asked.args, args)) return undefined;
  scene.result = asked.result;
  const line = confirm.lines.find((l) => l.on === outcome && holds(e.plan, scene, l.when));
  if (!line) return undefined;
  if (!line.happened) {
    const landed = Math.max(...tries.map((c) => landedBy(action, c)));
    return asked.at >= later(landed, confirm.after_ms ?? 0) ? { happened: false } : undefined;
  }
  if (!line.gives || !action.result) return { happened: true };
  const given = line.gives(scene);
  if (given === undefined) return undefined;
  const value = normalise(e.body, action.result, given, true);
  return value instanceof Invalid ? undefined : { happened: true, value };
}

/** When an attempt had ended, or would have; a timeout may have been declared early, at a restart. */
function landedBy(action, { at, ended }) {
  const due = later(at, action.timeout_ms);
  return ended.outcome === "timeout" ? Math.max(due, ended.at) : ended.at;
}

/**
 * A call that happened may have undone a write: of those that it fits the one that the flow is
 * unwinding, else the newest.
 */
export function undoAnother(e, id, root) {
  const by = e.call(id);
  let of = unwinding(e, id);
  for (let i = e.s.calls.length - 1; of === undefined && i >= 0; i--) {
    const write = e.s.calls[i];
    if (isRoot(write) && write.id !== root && undoneBy(e, write, by)) of = write.id;
  }
  if (of === undefined) return;
  const write = e.call(of);
  const point = e.point();
  if (write.fate === "happened") {
    write.fate = "undone";
  } else {
    // A tolerant undo leaves nothing behind, whether or not there was something.
    write.fate = "absent";
    write.settled = point;
  }
  e.trace.push({ what: "undone", call: of, action: nameOf(e, write), by: id });
  releaseEffects(e, of);
}

function undoneBy(e, write, by) {
  const { undo } = e.plan.actions[write.action];
  if (!undo || undo.action !== by.action) return false;
  const inDoubt = write.fate === "unsettled" || write.fate === "doubtful";
  if (write.fate !== "happened" && !(inDoubt && undo.tolerant)) return false;
  if (!attempts(e.s, write.id).every((c) => c.ended && c.ended.seq < by.seq)) return false;
  const to = e.plan.actions[undo.action];
  const args = derived(e.plan, callScene(e.plan, write), to, undo.args);
  return args !== undefined && includes(by.args, args);
}

/** Whether a call was made with those arguments; others that it has besides don't matter. */
function includes(args, wanted) {
  return Object.keys(wanted).every((name) => {
    const value = get(args, name);
    return value !== undefined && same(value, wanted[name]);
  });
}

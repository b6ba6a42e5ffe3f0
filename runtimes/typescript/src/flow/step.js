// What a state does: its step, begun, gone on with, and continued after a call.

import { asText, holds, makeArgs } from "../plan.js";
import { get } from "../json.js";
import { inFlight } from "../history.js";
import { submit } from "../gate.js";
import { betweenSteps } from "./events.js";
import { PROCEED, STAY, bind, drive, forgetSlots, unhandled, valuesOf } from "./flow.js";
import { beginSettle, noteSettled, settleNext } from "./settle.js";
import { beginUnwind, noteUndone, unwindNext } from "./unwind.js";

/** What freezes when a state is entered. */
export function frozen(e, step) {
  switch (step.kind) {
    case "do":
      return makeArgs(e.scene(), e.plan.actions[step.action].params, step.args);
    case "agent":
      return valuesOf(e, step.given);
    case "ask":
      return valuesOf(e, [["text", step.text]]);
    case "run":
      return valuesOf(
        e,
        step.args.map(([slot, value]) => [e.flow.slots[slot].name, value]),
      );
    default:
      return {};
  }
}

/** Does the current state's step. */
export function attempt(e) {
  const state = e.here;
  const level = e.top();
  const { step } = state;
  switch (step.kind) {
    case "do":
      level.doing = { kind: "do", stage: { kind: "next" } };
      return proposeInStep(e, step.action, level.args);
    case "agent":
      level.doing = { kind: "agent", calls: 0, said: undefined };
      return STAY;
    case "ask": {
      const text = get(level.args, "text");
      level.doing = { kind: "ask", text: text === undefined ? "" : asText(text), since: e.now };
      return STAY;
    }
    case "choose": {
      const scene = e.scene();
      const branch = step.branches.find((b) => holds(e.plan, scene, b.when));
      const target = branch ? branch.to : step.otherwise;
      if (!target) throw unhandled(state, "any branch");
      return { go: target };
    }
    case "settle":
      return beginSettle(e, step);
    case "unwind":
      return beginUnwind(e, step.actions);
    default: {
      forgetSlots(e, step.scope);
      for (const [slot] of step.args) bind(e, slot, get(level.args, e.flow.slots[slot].name));
      level.doing = { kind: "passing" };
      return { go: step.start };
    }
  }
}

/** Goes on with a step of several calls. */
export function proceed(e) {
  const { step } = e.here;
  if (step.kind === "settle") return settleNext(e, step);
  return step.kind === "unwind" ? unwindNext(e) : STAY;
}

/** Proposes a call for the current state. */
export function proposeInStep(e, action, args) {
  return proposedInStep(e, submit(e, action, args, false));
}

/** The current state's proposal got its verdict. */
export function proposedInStep(e, { called, waiting, refused }) {
  if (refused) return stepRefused(e, refused === "limited" ? "limited" : "denied");
  const { doing } = e.top();
  if (doing.stage) {
    doing.stage =
      called === undefined
        ? { kind: "approval", approval: waiting }
        : { kind: "call", call: called };
  }
  return STAY;
}

/** The current state's call is not made: denied, limited, declined or expired. */
export function stepRefused(e, outcome) {
  const { doing } = e.top();
  if (doing.kind === "settle") doing.unknown = true;
  else if (doing.kind === "unwind") doing.failed = true;
  else return { outcome, value: undefined };
  return PROCEED;
}

/** A call has ended: the state that waits for it goes on. */
export function goOnAfter(e, id) {
  const level = e.top();
  if (!level) return;
  const { doing } = level;
  const mine = doing.stage?.kind === "call" && doing.stage.call === id;
  let next = STAY;
  if (mine && doing.kind === "do") {
    const call = e.call(id);
    const { outcome } = call.ended;
    next = { outcome, value: outcome === "ok" ? call.result : undefined };
  } else if (mine && doing.kind === "settle") {
    noteSettled(e, doing.of);
    next = betweenSteps(e) ?? PROCEED;
  } else if (mine && doing.kind === "unwind") {
    noteUndone(e, doing.of);
    next = betweenSteps(e) ?? PROCEED;
  } else if (doing.kind === "agent" && !e.s.calls.some(inFlight)) {
    const { said } = doing;
    next = betweenSteps(e) ?? (said ? { outcome: said.outcome, value: said.value } : STAY);
  }
  drive(e, next);
}

// The flow: from state to state, until the host has to do something.
//
// What comes next is `STAY` (wait for the host), `ATTEMPT` (do the current state's step, for the
// first time or again), `PROCEED` (go on with it), `{ go: target }` or `{ outcome, value }`.

import { withdrawApprovals } from "../approval.js";
import { Fault, broken } from "../fault.js";
import { get, put } from "../json.js";
import { counter } from "../limits.js";
import { holds } from "../plan.js";
import { later } from "../scalar.js";
import { Invalid, normalise, normaliseFields } from "../value.js";
import { betweenSteps } from "./events.js";
import { attempt, frozen, proceed } from "./step.js";

export const STAY = { stay: true };
export const ATTEMPT = { attempt: true };
export const PROCEED = { proceed: true };

/** Starts a root flow. */
export function start(e, name, args) {
  const index = e.plan.flowNames.get(name);
  if (index === undefined) throw new Fault("unknown", `the table has no flow \`${name}\``);
  if (e.s.calls.length > 0 || e.s.approvals.length > 0 || e.s.run) {
    throw new Fault(
      "not_empty",
      "a flow starts only in an empty session: begin a new session for it",
    );
  }
  const flow = e.plan.flows[index];
  const given = normaliseFields(e.body, flow.params, args, false);
  if (given instanceof Invalid) throw new Fault("argument", `the flow cannot start: ${given}`);
  const slots = flow.slots.map((_, i) => {
    const param = flow.params[i];
    return param ? (get(given, param.wire) ?? null) : null;
  });
  const duplicate = isDuplicate(e, flow, slots);
  if (duplicate) e.trace.push({ what: "duplicate" });
  e.s.run = {
    flow: index,
    slots,
    entries: 0,
    levels: [],
    events: [],
    waiting: [],
    end: undefined,
  };
  drive(e, { go: duplicate ? flow.once.to : flow.start });
}

/** Whether the same trigger has come within the window. */
function isDuplicate(e, flow, slots) {
  const { once } = flow;
  if (!once) return false;
  const key = counter(
    `${e.body.policy}/once/${flow.name}`,
    once.by.map((p) => slots[p]),
  );
  return e.ledger.take([{ key, count: 1, window_ms: once.for_ms }]).some((at) => at !== null);
}

/** Goes on until the host has to do something, or the flow has ended. */
export function drive(e, next) {
  for (;;) {
    e.hop();
    if (next === STAY) return;
    if (next === ATTEMPT) next = attempt(e);
    else if (next === PROCEED) next = proceed(e);
    else if (next.go) next = go(e, next.go);
    else next = ended(e, next.outcome, next.value);
  }
}

function go(e, target) {
  if (target.kind === "state") return enter(e, target.index);
  if (target.kind === "end") {
    reach(e, target.index);
    return STAY;
  }
  const value = target.gives?.(e.scene());
  withdrawApprovals(e);
  const { levels } = e.s.run;
  let at = levels.length - 1;
  while (at >= 0 && levels[at].state !== target.state) at--;
  if (at < 0) throw broken("an inlined run ends outside its caller");
  levels.length = at + 1;
  return { outcome: target.outcome, value };
}

function reach(e, index) {
  const end = e.flow.ends[index];
  const gives = end.gives?.(e.scene());
  withdrawApprovals(e);
  const { run } = e.s;
  run.levels = [];
  run.waiting = [];
  run.end = { end: index, gives, at: e.now };
  e.trace.push({ what: "ended", end: end.name, class: end.class, gives });
}

function enter(e, index) {
  const { flow } = e;
  const state = flow.states[index];
  e.upto = e.now;
  withdrawApprovals(e);
  const { run } = e.s;
  const depth = depthOf(flow, state.scope);
  if (run.levels.length < depth) throw broken("an inlined run is entered from outside");
  run.entries += 1;
  const known = run.levels[depth];
  const { since, net, visits } =
    known?.scope === state.scope ? known : { since: e.now, net: false, visits: {} };
  visits[index] = (visits[index] ?? 0) + 1;
  run.levels.length = depth;
  const level = {
    scope: state.scope,
    since,
    net,
    visits,
    state: index,
    entry: run.entries,
    entered: e.now,
    args: {},
    retries: {},
    happened: false,
    doing: { kind: "passing" },
  };
  run.levels.push(level);
  e.trace.push({ what: "entered", state: state.name, entry: level.entry });
  if (state.visits && visits[index] > state.visits.count) {
    e.trace.push({ what: "too_often", state: state.name });
    return { go: state.visits.to };
  }
  const next = betweenSteps(e);
  if (next) return next;
  level.args = frozen(e, state.step);
  return ATTEMPT;
}

/** How many runs a scope lies within. */
function depthOf(flow, scope) {
  let depth = 0;
  for (let at = flow.scopes[scope].parent; at !== undefined; at = flow.scopes[at].parent) depth++;
  return depth;
}

/** The current state's step has ended with an outcome. */
function ended(e, outcome, value) {
  const state = e.here;
  const level = e.top();
  level.doing = { kind: "passing" };
  e.trace.push({ what: "outcome", state: state.name, outcome, value });
  const slot = ownSlot(state.step, outcome);
  if (slot !== undefined) bind(e, slot, value);
  const next = betweenSteps(e);
  if (next) return next;
  for (const handler of state.handlers) {
    if (handler.outcome !== outcome) continue;
    const was = handler.bind === undefined ? undefined : bind(e, handler.bind, value);
    if (holds(e.plan, e.scene(), handler.when)) {
      return (handler.retry && retry(e, state, level, handler.retry)) ?? { go: handler.to };
    }
    if (handler.bind !== undefined) bind(e, handler.bind, was ?? undefined);
  }
  throw unhandled(state, outcome);
}

function ownSlot({ kind, bind }, outcome) {
  if (kind === "do") return outcome === "ok" ? bind : undefined;
  if (kind === "ask") return outcome === "answered" ? bind : undefined;
  return kind === "run" ? bind : undefined;
}

/** Another attempt, if there is one left. */
function retry(e, state, level, { group, count, first_ms, cap_ms }) {
  const used = level.retries[group] ?? 0;
  if (used >= count) return undefined;
  const wait = Math.min(first_ms * 2 ** Math.min(used, 62), cap_ms);
  level.retries[group] = used + 1;
  e.trace.push({ what: "retry", state: state.name, attempt: used + 1, wait_ms: wait });
  if (wait === 0) return ATTEMPT;
  level.doing = { kind: "wait", until: later(e.now, wait) };
  return STAY;
}

export function unhandled(state, outcome) {
  return new Fault(
    "no_handler",
    `state \`${state.name}\` has no handler for \`${outcome}\`: the table is not complete`,
  );
}

/** Puts a value into a slot and gives what was there before. */
export function bind(e, index, value) {
  const slot = e.flow.slots[index];
  let held = null;
  if (value !== undefined) {
    held = normalise(e.body, slot.type, value, true);
    if (held instanceof Invalid) {
      throw broken(`\`${slot.name}\` cannot hold its value: ${held}`);
    }
  }
  const { slots } = e.s.run;
  const was = slots[index];
  slots[index] = held;
  return was;
}

/** Empties the slots of a scope and of those inside it. */
export function forgetSlots(e, scope) {
  const { flow } = e;
  // Parents come first, so one pass finds all that lies inside.
  const inside = [];
  flow.scopes.forEach((s, i) => inside.push(i === scope || (inside[s.parent] ?? false)));
  const { slots } = e.s.run;
  flow.slots.forEach((slot, i) => {
    if (inside[slot.scope]) slots[i] = null;
  });
}

/** The values of some named expressions; absent ones are left out. */
export function valuesOf(e, named) {
  const scene = e.scene();
  const out = {};
  for (const [name, expression] of named) {
    const value = expression?.(scene);
    if (value !== undefined) put(out, name, value);
  }
  return out;
}

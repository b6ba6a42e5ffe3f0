// What is due by the clock, and catching up with it, in the order in which things fell due. So it
// makes no difference how often a host ticks.

import { closeApproval } from "./approval.js";
import { timeOut } from "./calls.js";
import { betweenSteps } from "./flow/events.js";
import { drive, ATTEMPT } from "./flow/flow.js";
import { inFlight } from "./history.js";
import { later } from "./scalar.js";
import { top } from "./session.js";

// Ties go in this order, then by number.
const CALL = 0;
export const NET = 1;
export const OWN = 2;
const APPROVAL = 3;
const RETRY = 4;

/** The first of some dues that `fits`. */
export function earliest(dues, fits) {
  let first;
  for (const due of dues) {
    if (!fits(due)) continue;
    const before =
      !first ||
      due.at < first.at ||
      (due.at === first.at &&
        (due.what < first.what || (due.what === first.what && due.number < first.number)));
    if (before) first = due;
  }
  return first;
}

/** All that the clock will bring if nothing else happens. Deadlines wait for calls in flight. */
export function dues(plan, s) {
  const out = [];
  let flying = false;
  for (const c of s.calls) {
    if (!inFlight(c)) continue;
    flying = true;
    out.push({ at: later(c.at, plan.actions[c.action].timeout_ms), what: CALL, number: c.id });
  }
  s.approvals.forEach((a, number) => {
    if (a.status === "pending" && a.expires_at !== undefined) {
      out.push({ at: a.expires_at, what: APPROVAL, number });
    }
  });
  const doing = top(s)?.doing;
  if (doing?.kind === "wait") out.push({ at: doing.until, what: RETRY, number: 0 });
  return flying ? out : out.concat(deadlines(plan, s));
}

/** Deadlines of the flow and its state. */
export function deadlines(plan, s) {
  const out = [];
  if (!s.run) return out;
  const flow = plan.flows[s.run.flow];
  const { levels } = s.run;
  // In the tail behind a deadline no other one is taken.
  if (!levels.some((level) => level.net)) {
    levels.forEach((level, number) => {
      const within = flow.scopes[level.scope].within;
      if (within?.to) out.push({ at: later(level.since, within.ms), what: NET, number });
    });
  }
  const at = ownTime(flow, levels[levels.length - 1]);
  if (at !== undefined) out.push({ at, what: OWN, number: 0 });
  return out;
}

/** When the current state's own time is up. */
function ownTime(flow, level) {
  if (!level) return undefined;
  const { step } = flow.states[level.state];
  const { doing } = level;
  if (step.within_ms === undefined || step.kind !== doing.kind) return undefined;
  return later(step.kind === "ask" ? doing.since : level.entered, step.within_ms);
}

/** Brings the session up to `now`. The call that a reply has come for gets the last millisecond. */
export function catchUp(e, replied) {
  const inTime = (due) =>
    due.what === CALL && due.number === replied ? due.at < e.now : due.at <= e.now;
  for (;;) {
    const due = earliest(dues(e.plan, e.s), inTime);
    if (!due) {
      e.upto = e.now;
      return;
    }
    e.hop();
    e.upto = due.at;
    if (due.what === CALL) timeOut(e, due.number);
    else if (due.what === APPROVAL) closeApproval(e, e.s.approvals[due.number], "expired");
    else if (due.what === RETRY) drive(e, ATTEMPT);
    else {
      const next = betweenSteps(e);
      if (next) drive(e, next);
    }
  }
}

/** Time has passed; the host's draw for a retry may be over. */
export function ticked(e, retry) {
  const waits = () => {
    const level = e.top();
    return level?.doing.kind === "wait" ? `${level.entry}/${level.doing.until}` : undefined;
  };
  const before = waits();
  catchUp(e);
  if (retry && before !== undefined && waits() === before) drive(e, ATTEMPT);
}

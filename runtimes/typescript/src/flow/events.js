// Events and deadlines: they take effect between steps, in the order in which they came.

import { NET, OWN, catchUp, deadlines, earliest } from "../clock.js";
import { Fault, broken } from "../fault.js";
import { inFlight } from "../history.js";
import { holds } from "../plan.js";
import { drive } from "./flow.js";

/** An event has come. */
export function eventCame(e, name) {
  const { events } = e.body;
  const byName = events.findIndex((x) => x.name === name);
  const event = byName >= 0 ? byName : events.findIndex((x) => x.wire === name);
  if (event < 0) throw new Fault("unknown", `the table has no event \`${name}\``);
  catchUp(e);
  const flying = e.s.calls.some(inFlight);
  const { run } = e.s;
  const open =
    run && !run.end && !run.events.includes(event) && !run.waiting.some((w) => w.event === event);
  if (!open || !mayBeTaken(e, event)) {
    traced(e, event, "ignored");
    return;
  }
  run.waiting.push({ event, at: e.now });
  if (flying) {
    traced(e, event, "waits");
    return;
  }
  const next = betweenSteps(e);
  if (next) drive(e, next);
}

/** Between two steps: the edge of the deadline or event that came first, if one is to be taken. */
export function betweenSteps(e) {
  if (e.s.calls.some(inFlight)) return undefined;
  for (;;) {
    e.hop();
    const due = earliest(deadlines(e.plan, e.s), (d) => d.at <= e.upto);
    const first = e.s.run?.waiting[0];
    const event = first && first.at <= e.upto ? first : undefined;
    if (!due && !event) return undefined;
    // A deadline of the flow goes first at the same time, a state's own does not.
    const deadlineFirst =
      due && (!event || due.at < event.at || (due.at === event.at && due.what !== OWN));
    const next = deadlineFirst ? deadlineDue(e, due) : eventDue(e, event.event);
    if (next) return next;
  }
}

function deadlineDue(e, due) {
  if (due.what !== NET) {
    const outcome = e.here.step.kind === "ask" ? "no_answer" : "exhausted";
    return { outcome, value: undefined };
  }
  const { flow } = e;
  const { levels } = e.s.run;
  const level = levels[due.number];
  const scope = flow.scopes[level.scope];
  const target = scope.within?.to;
  if (!target) throw broken("a deadline without an edge is due");
  level.net = true;
  // In the state that it leads to it has done its work.
  if (target.kind === "state" && levels.some((l) => l.state === target.index)) return undefined;
  e.trace.push({ what: "deadline", scope: scope.name === "" ? scope.flow : scope.name });
  return { go: target };
}

function eventDue(e, event) {
  const edge = findEdge(e, (x, scene) => x.event === event && holds(e.plan, scene, x.when));
  const { run } = e.s;
  run.waiting = run.waiting.filter((w) => w.event !== event);
  if (!edge?.to) {
    traced(e, event, "ignored");
    return undefined;
  }
  if (!run.events.includes(event)) {
    run.events.push(event);
    run.events.sort((a, b) => a - b);
  }
  traced(e, event, "taken");
  return { go: edge.to };
}

/** Whether the event may have an edge here, whatever conditions will say. */
function mayBeTaken(e, event) {
  const edge = findEdge(e, (x) => x.event === event);
  return edge !== undefined && (edge.when !== undefined || edge.to !== undefined);
}

/**
 * The first edge that fits: the state's own before those of its run, an inlined run's before those
 * of the state that runs it.
 */
function findEdge(e, fits) {
  const { flow } = e;
  const scene = e.scene();
  const { levels } = e.s.run;
  for (let i = levels.length - 1; i >= 0; i--) {
    const { state, scope } = levels[i];
    for (const edges of [flow.states[state].events, flow.scopes[scope].events]) {
      const found = edges.find((x) => fits(x, scene));
      if (found) return found;
    }
  }
  return undefined;
}

function traced(e, event, effect) {
  e.trace.push({ what: "event", event: e.body.events[event].name, effect });
}

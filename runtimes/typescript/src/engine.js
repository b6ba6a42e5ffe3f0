// One step: a copy of the session is worked on, and becomes the session only if all goes well.

import { approved } from "./approval.js";
import { callReplied, proposed, reloaded, resolved } from "./calls.js";
import { canonical } from "./canonical.js";
import { catchUp, ticked } from "./clock.js";
import { deadline, open } from "./directive.js";
import { Fault, badRequest, broken, wrongTable } from "./fault.js";
import { agentReplied } from "./flow/agent.js";
import { askReplied } from "./flow/ask.js";
import { eventCame } from "./flow/events.js";
import { start } from "./flow/flow.js";
import { decide } from "./gate.js";
import { Ledger } from "./ledger.js";
import { plainRequest, plainValue } from "./request.js";
import { MAX } from "./scalar.js";
import { Session, copy, top, wire } from "./session.js";
import { digest } from "./sha256.js";
import { planOf } from "./table.js";
import { Invalid, normaliseFields } from "./value.js";

/** States that one step may pass. A compiled flow passes far fewer. */
const HOPS = 100_000;

/** Runs sessions of one table. */
export class Runtime {
  #plan;

  constructor(table) {
    this.table = table;
    this.#plan = planOf(table);
  }

  /**
   * Takes one step. Persist the session before doing what `next` asks. A refused step throws a
   * `Fault`; session and counters are then as before.
   */
  step(session, given, request) {
    return this.#step(session, given, plainRequest(request));
  }

  /**
   * Like `step`, with counters that answer with promises. The step is worked out anew each time an
   * answer has come, which costs nothing that can be seen: few steps ask at all.
   */
  async stepAsync(session, given, request) {
    const asked = plainRequest(request);
    const { revision } = session;
    const { now, counters: store } = given;
    const answers = [];
    for (;;) {
      const script = scripted(answers);
      try {
        if (session.revision !== revision) {
          throw broken("two steps of one session are taken at the same time");
        }
        const stepped = this.#step(session, { ...given, counters: script }, asked);
        for (const { key, at } of script.returned) await quietly(() => store.giveBack(key, at));
        return stepped;
      } catch (reason) {
        if (reason instanceof Unanswered) {
          answers.push(await reason.ask(store, now));
          continue;
        }
        for (const { key } of answers.flatMap(takenBy)) await quietly(() => store.giveBack(key, now));
        throw reason;
      }
    }
  }

  /**
   * The verdict on a proposal, and nothing else: no call is admitted, no slot taken, no record made.
   */
  decide(session, given, action, args) {
    if (typeof action !== "string") throw badRequest("an action is named by a string");
    const ledger = new Ledger(given.counters, given.now);
    const due = this.deadline(session);
    const behind = due !== undefined && due <= given.now;
    const engine = this.#engine(session, given, ledger, behind);
    try {
      if (behind) catchUp(engine);
      return decide(engine, action, plainValue(args));
    } finally {
      ledger.rollBack();
    }
  }

  /** All that the host is asked to do in this session, done or not. */
  open(session) {
    return open(this.#plan, Session.state(session)).map((d) => plainValue(d));
  }

  /** When to tick at the latest, if nothing else happens before. */
  deadline(session) {
    return deadline(this.#plan, Session.state(session));
  }

  /** Where the session is. */
  position(session) {
    return position(this.#plan, Session.state(session));
  }

  #step(session, given, request) {
    const ledger = new Ledger(given.counters, given.now);
    const engine = this.#engine(session, given, ledger, true);
    try {
      take(engine, request);
    } catch (reason) {
      ledger.rollBack();
      throw reason;
    }
    const before = Session.state(session);
    const after = engine.s;
    const counted = ledger.commit();
    const stepped = {
      record: {
        format: "failway.record",
        version: 1,
        table: after.table,
        session: after.id,
        revision: after.revision,
        now: engine.now,
        values: "kept",
        request,
        inputs: engine.inputs,
        trace: engine.trace,
        position: position(this.#plan, after),
        after: digest(canonical(wire(after))),
      },
      next: fresh(open(this.#plan, before), open(this.#plan, after)).map((d) => plainValue(d)),
    };
    if (counted.length > 0) stepped.record.counters = counted;
    if (engine.verdict) stepped.verdict = engine.verdict;
    const due = deadline(this.#plan, after);
    if (due !== undefined) stepped.deadline = due;
    Session.advance(session, after);
    return stepped;
  }

  #engine(session, given, ledger, stepping) {
    const plan = this.#plan;
    const state = Session.state(session);
    const inputs = admit(plan, state, given);
    return new Engine(plan, stepping ? begun(state, given.now) : state, given.now, inputs, ledger);
  }
}

/** A step under way. */
class Engine {
  constructor(plan, s, now, inputs, ledger) {
    this.plan = plan;
    this.body = plan.body;
    /** The copy that is worked on. */
    this.s = s;
    this.now = now;
    /** Up to when deadlines and events are looked at. */
    this.upto = now;
    this.inputs = inputs;
    this.ledger = ledger;
    this.trace = [];
    this.verdict = undefined;
    this.hops = HOPS;
  }

  /** The scene for edges and expressions of the flow; with a proposal, that of its gate. */
  scene(action, args, asOf) {
    return {
      plan: this.plan,
      session: this.s,
      now: this.now,
      inputs: this.inputs,
      params: action?.params,
      args,
      result: undefined,
      slots: this.s.run?.slots,
      asOf,
      element: undefined,
    };
  }

  call(id) {
    return this.s.calls[id - 1];
  }

  top() {
    return top(this.s);
  }

  /** A point in the session's history, later than all before. */
  point() {
    this.s.seq += 1;
    return { at: this.now, seq: this.s.seq };
  }

  get flow() {
    const run = this.s.run;
    if (!run) throw broken("no flow runs");
    return this.plan.flows[run.flow];
  }

  /** The current state. */
  get here() {
    const level = this.top();
    if (!level) throw broken("no state is current");
    return this.flow.states[level.state];
  }

  hop() {
    if (this.hops-- === 0) {
      const problem = "the flow goes from state to state without end: the table is not bounded";
      throw new Fault("endless", problem);
    }
  }
}

function begun(state, now) {
  const s = copy(state);
  s.now = now;
  s.revision += 1;
  return s;
}

/** Refuses what no step may begin with, and gives the inputs in wire form. */
function admit(plan, state, { now, inputs = {} }) {
  if (state.table !== plan.digest) throw wrongTable(state.table, plan.digest);
  if (!Number.isSafeInteger(now)) {
    const told = typeof now === "number" ? now : `a value of type ${typeof now}`;
    const problem = `${told} is no time: expected milliseconds since 1970 within ±(2^53 − 1)`;
    throw new Fault("clock", problem);
  }
  if (state.now !== undefined && now < state.now) {
    throw new Fault(
      "clock",
      `the clock runs backwards: the step is at ${now}, but the session has seen ${state.now} ` +
        "(milliseconds since 1970)",
    );
  }
  const given = normaliseFields(plan.body, plan.body.inputs, plainInputs(inputs), false);
  if (given instanceof Invalid) throw badInputs(given);
  return given;
}

function plainInputs(inputs) {
  if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs)) {
    throw badInputs("they are no object");
  }
  try {
    return plainValue(inputs);
  } catch (fault) {
    throw fault instanceof Fault ? badInputs(fault.message) : fault;
  }
}

const badInputs = (problem) => new Fault("input", `the inputs are not valid: ${problem}`);

function take(engine, request) {
  switch (request.kind) {
    case "start":
      return start(engine, request.flow, request.args);
    case "propose":
      return proposed(engine, request.action, request.args);
    case "reply": {
      const { to, outcome, value } = request;
      if (to.call !== undefined) return callReplied(engine, to.call, outcome, value);
      if (to.agent !== undefined) return agentReplied(engine, to.agent, outcome, value);
      return askReplied(engine, to.ask, outcome, value);
    }
    case "approve":
      return approved(engine, request.approval, request.granted);
    case "resolve":
      return resolved(engine, request.call, request.happened, request.result);
    case "event":
      return eventCame(engine, request.event);
    case "tick":
      return ticked(engine, request.retry === true);
    default:
      return reloaded(engine);
  }
}

/** What is open now and wasn't before. */
function fresh(before, after) {
  if (before.length === 0) return after;
  const known = new Set(before.map(canonical));
  return after.filter((directive) => !known.has(canonical(directive)));
}

function position(plan, state) {
  const { run } = state;
  if (!run) return { kind: "gate" };
  const flow = plan.flows[run.flow];
  if (run.end) return { kind: "end", flow: flow.name, end: flow.ends[run.end.end].name };
  return { kind: "state", flow: flow.name, state: flow.states[top(state).state].name };
}

/** The store has to be asked before the step can go on. */
class Unanswered {
  constructor(kind, wants) {
    this.kind = kind;
    this.wants = wants;
  }

  async ask(store, now) {
    const { kind, wants } = this;
    try {
      if (!store) throw new Error("there is none");
      return { kind, wants, freeAt: await store[kind](now, wants) };
    } catch (problem) {
      return { kind, wants, problem: problem instanceof Error ? problem : new Error(problem) };
    }
  }
}

/** A counter store that knows some answers, in order, and asks for the next. */
function scripted(answers) {
  const returned = [];
  let at = 0;
  const next = (kind) => (_, wants) => {
    const known = answers[at++];
    if (!known) throw new Unanswered(kind, wants);
    if (known.problem) throw known.problem;
    return known.freeAt;
  };
  return {
    returned,
    peek: next("peek"),
    take: next("take"),
    giveBack: (key, at) => returned.push({ key, at }),
  };
}

/** The slots that the store has given. */
function takenBy({ kind, wants, freeAt }) {
  const free = Array.isArray(freeAt) && freeAt.every((at) => at === null);
  return kind === "take" && free ? wants : [];
}

async function quietly(work) {
  try {
    await work();
  } catch {
    // A store that fails here keeps a slot too many, which is the safe side.
  }
}

// Reading sessions: strictly, and checked against the table, so that no index in a session in hand
// is broken.

import { canonical } from "./canonical.js";
import { Broken, at, broken, each, get } from "./check/broken.js";
import { sessionShape } from "./check/session-shape.js";
import { badSession, wrongTable } from "./fault.js";
import { attempts, inFlight, isRoot } from "./history.js";
import { NotJson, parse } from "./json.js";
import { later } from "./scalar.js";
import { planOf } from "./table.js";
import { Invalid, normalise, normaliseFields } from "./value.js";

/** The state of a session that was written; a `Fault` if it is none of that table. */
export function readSession(source, table) {
  let written;
  try {
    written = parse(source, { odd: true });
  } catch (problem) {
    if (!(problem instanceof NotJson)) throw problem;
    throw badSession("", problem.message);
  }
  if (written?.format !== "failway.session") {
    throw badSession("format", 'it is not "failway.session"');
  }
  if (written.version !== 1) {
    throw badSession("version", "it is another than 1, which this program reads");
  }
  try {
    sessionShape(written);
    if (written.table !== table.digest) throw wrongTable(written.table, table.digest);
    const state = taken(written);
    new Check(planOf(table), state).session();
    return state;
  } catch (problem) {
    if (!(problem instanceof Broken)) throw problem;
    throw badSession(problem.at, problem.message);
  }
}

/** What is written, with what was left out put in. */
function taken(written) {
  const plain = (v) => v ?? undefined;
  const { run } = written;
  return {
    ...written,
    now: plain(written.now),
    calls: written.calls.map((c) => ({
      ...c,
      ended: plain(c.ended),
      result: plain(c.result),
      settled: plain(c.settled),
      slots: c.slots ?? [],
    })),
    approvals: written.approvals.map((a) => ({
      ...a,
      expires_at: plain(a.expires_at),
      calls: a.calls ?? [],
    })),
    run: run
      ? {
          ...run,
          end: run.end ? { ...run.end, gives: plain(run.end.gives) } : undefined,
          events: [...new Set(run.events ?? [])].sort((a, b) => a - b),
          waiting: run.waiting ?? [],
          levels: run.levels.map((l) => ({
            ...l,
            net: l.net ?? false,
            visits: l.visits ?? {},
            args: l.args ?? {},
            retries: l.retries ?? {},
            happened: l.happened ?? false,
            doing: l.doing.kind === "agent" ? { ...l.doing, said: said(l.doing.said) } : l.doing,
          })),
        }
      : undefined,
  };
}

const said = (s) => (s ? { ...s, value: s.value ?? undefined } : undefined);

const DOING = { settle: "settle", unwind: "unwind", do: "do", agent: "agent", ask: "ask" };

class Check {
  constructor(plan, s) {
    this.plan = plan;
    this.body = plan.body;
    this.s = s;
  }

  session() {
    const { s } = this;
    if (s.now === undefined && (s.calls.length > 0 || s.run || s.revision !== 0)) {
      at("now", () => broken("it is missing"));
    }
    each(s.calls, "calls", (call, i) => this.#call(call, i));
    each(s.approvals, "approvals", (a) => this.#approval(a));
    if (s.run) at("run", () => this.#run(s.run));
  }

  #action(index) {
    return get(this.plan.actions, index, "action");
  }

  #args(params, args) {
    const normal = normaliseFields(this.body, params, args, false);
    if (normal instanceof Invalid) broken(String(normal));
    if (canonical(normal) !== canonical(args)) broken("they are not in wire form");
  }

  #isOfType(type, value) {
    const normal = normalise(this.body, type, value, false);
    return !(normal instanceof Invalid) && canonical(normal) === canonical(value);
  }

  #past(time, what) {
    if (this.s.now === undefined || time > this.s.now) {
      at(what, () => broken("it lies after the session's own time"));
    }
  }

  #call(call, index) {
    const { s } = this;
    const action = this.#action(call.action);
    if (call.id !== index + 1) broken(`its id should be ${index + 1}`);
    at("args", () => this.#args(action.params, call.args));
    this.#past(call.at, "at");
    if (call.seq > s.seq) broken("it is ahead of the session");
    const root = s.calls[call.effect - 1];
    const fits = root && root.id <= call.id && isRoot(root) && root.action === call.action;
    if (!fits) broken("its effect belongs to no earlier call of the action");
    if (!isRoot(call) && call.fate !== "open") broken("a repeat has no fate of its own");
    const { ended } = call;
    if (ended) {
      this.#past(ended.at, "ended.at");
      if (ended.at < call.at || ended.seq <= call.seq || ended.seq > s.seq) {
        broken("it ended before it began");
      }
      const known = ["ok", "timeout", "malformed"].includes(ended.outcome);
      if (!known && !action.failures.some((f) => f.name === ended.outcome)) {
        broken("the action has no such outcome");
      }
    } else if (isRoot(call) && call.fate !== "open") {
      const repeated = attempts(s, call.id).some((c) => c.id !== call.id);
      if (!repeated) broken("its fate is known before it ended");
    }
    if (call.settled) this.#past(call.settled.at, "settled.at");
    if (call.result !== undefined) {
      if (!action.result) broken("the action gives no result");
      if (!this.#isOfType(action.result, call.result)) {
        broken("the result is not of the action's type");
      }
    }
    for (const slot of call.slots) get(this.body.limits, slot.limit, "limit");
  }

  #approval(a) {
    const action = this.#action(a.action);
    at("args", () => this.#args(action.params, a.args));
    this.#past(a.at, "at");
    const rule = get(this.body.rules, a.rule, "rule");
    if (rule.role !== a.role) broken("the rule asks another role");
    const expires = rule.within_ms === undefined ? undefined : later(a.at, rule.within_ms);
    if (a.expires_at !== expires) broken("the rule sets another time");
    for (const id of a.calls) {
      const call = this.s.calls[id - 1];
      if (call?.action !== a.action || canonical(call.args) !== canonical(a.args)) {
        broken("it was granted for another call");
      }
    }
  }

  #run(run) {
    const flow = get(this.plan.flows, run.flow, "flow");
    if (run.slots.length !== flow.slots.length) {
      broken("there are more or fewer slots than the flow has");
    }
    flow.slots.forEach((slot, i) => {
      const value = run.slots[i];
      if (value !== null && !this.#isOfType(slot.type, value)) {
        broken(`slot \`${slot.name}\` is of another type`);
      }
    });
    for (const event of run.events) get(this.body.events, event, "event");
    for (const { event, at } of run.waiting) {
      get(this.body.events, event, "event");
      this.#past(at, "waiting");
    }
    if (run.end) {
      get(flow.ends, run.end.end, "end");
      this.#past(run.end.at, "end.at");
      if (run.levels.length > 0 || this.s.calls.some(inFlight)) {
        broken("the flow has ended, and still does something");
      }
      return;
    }
    if (run.levels.length === 0) broken("the flow is nowhere");
    each(run.levels, "levels", (level, i) => this.#level(flow, run, level, i));
  }

  #level(flow, run, level, i) {
    const outer = run.levels[i - 1];
    const scope = get(flow.scopes, level.scope, "scope");
    const state = get(flow.states, level.state, "state");
    let fits = scope.parent === undefined;
    if (outer) {
      const caller = flow.states[outer.state].step;
      fits = scope.parent === outer.scope && caller.kind === "run" && caller.scope === level.scope;
    }
    if (!fits || state.scope !== level.scope) broken("the flow cannot be there");
    if (level.entry === 0 || level.entry > run.entries) broken("there was no such entry");
    this.#past(level.since, "since");
    this.#past(level.entered, "entered");
    for (const visited of Object.keys(level.visits)) get(flow.states, Number(visited), "state");
    const { doing } = level;
    if (i + 1 < run.levels.length) {
      if (doing.kind !== "passing") broken("it runs another flow");
      return;
    }
    at("doing", () => this.#doing(doing, state.step));
  }

  /** Between two steps, a state waits for something. */
  #doing(doing, step) {
    if (doing.kind === "wait") {
      if (step.kind !== "choose") return;
    } else if (DOING[doing.kind] === step.kind) {
      if (doing.kind === "ask") this.#past(doing.since, "since");
      if (doing.kind === "do") this.#stage(doing.stage, step.action);
      if (doing.kind === "settle") {
        this.#writes(doing, [step.action]);
        this.#stage(doing.stage, this.#action(step.action).confirm?.action);
      }
      if (doing.kind === "unwind") {
        this.#writes(doing, step.actions);
        this.#stage(doing.stage, undefined);
      }
      return;
    }
    broken("the state does something else");
  }

  #writes({ of, left }, actions) {
    for (const id of [of, ...left]) {
      const call = this.s.calls[id - 1];
      const meant = call && (actions.length === 0 || actions.includes(call.action));
      if (!meant || !isRoot(call)) broken("there is no such call");
    }
  }

  #stage(stage, action) {
    const fits = (found) => found && (action === undefined || action === found.action);
    let found = false;
    if (stage.kind === "call") {
      const call = this.s.calls[stage.call - 1];
      found = fits(call) && inFlight(call);
    } else if (stage.kind === "approval") {
      found = this.s.approvals.some(
        (a) => a.id === stage.approval && a.status === "pending" && fits(a),
      );
    }
    if (!found) broken("it waits for what does not exist");
  }
}

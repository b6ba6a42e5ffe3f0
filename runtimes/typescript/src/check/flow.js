// Flows: where edges lead, what slots hold.

import { canonical } from "../canonical.js";
import { at, broken, each, get, unique } from "./broken.js";
import { Scope, unit } from "./scope.js";
import { checkFields, checkType } from "./types.js";

export function checkFlows(walker) {
  const { flows } = walker.body;
  unique(flows, "name", "flow");
  let position = 1;
  each(flows, "flows", (flow) => {
    if (flow.first_position !== position) broken(`the first position should be ${position}`);
    new Checker(walker, flow).check();
    position += flow.states.length;
  });
}

const OUTCOMES = {
  do: ["ok", "timeout", "malformed", "denied", "limited", "declined", "expired"],
  agent: ["stuck", "exhausted", "malformed"],
  ask: ["answered", "no_answer", "unclear", "unreachable"],
  choose: [],
  settle: ["happened", "absent", "unknown"],
  unwind: ["clean", "stuck"],
};

class Checker {
  constructor(walker, flow) {
    this.walker = walker;
    this.body = walker.body;
    this.flow = flow;
    this.scope = new Scope(this.body, { slots: flow.slots, session: true });
    this.seen = new Set();
  }

  check() {
    const { flow, body } = this;
    at("params", () => checkFields(body, flow.params));
    flow.params.forEach((param, i) => {
      const slot = flow.slots[i];
      if (!slot || slot.scope !== 0 || canonical(slot.type) !== canonical(param.type)) {
        broken(`slot ${i} must hold the parameter \`${param.name}\``);
      }
    });
    each(flow.slots, "slots", (slot) => {
      get(flow.scopes, slot.scope, "scope");
      checkType(body, slot.type);
    });
    if (flow.scopes.length === 0) broken("the flow's own scope is missing");
    each(flow.scopes, "scopes", (run, i) => this.#run(run, i));
    unique(flow.states, "name", "state");
    unique(flow.ends, "name", "end");
    each(flow.states, "states", (s) => this.#state(s));
    each(flow.ends, "ends", (end) => {
      this.#actions(end.keeps ?? []);
      this.#actions(end.leaves ?? []);
      this.#given(end.gives);
    });
    at("start", () => this.#target(flow.start, 0));
    if (flow.once) {
      each(flow.once.by, "once.by", (p) => get(flow.params, p, "parameter"));
      if (flow.once.for_ms <= 0) broken("`once.for_ms` must be positive");
      at("once", () => this.#target(flow.once.to, 0));
    }
  }

  #run(run, index) {
    const fits = run.parent === undefined ? index === 0 : run.parent < index;
    if (!fits) broken("scope 0 is the flow, every other one comes after its parent");
    if (run.within) {
      if (run.within.ms <= 0) broken("the deadline must be positive");
      if (run.within.to) this.#target(run.within.to, index);
    }
    this.#events(run.events, index);
  }

  #events(edges, scope) {
    each(edges, "events", (edge) => {
      get(this.body.events, edge.event, "event");
      this.#condition(edge.when);
      if (edge.to) this.#target(edge.to, scope);
    });
  }

  #condition(when) {
    this.walker.condition(this.scope, this.seen, when);
  }

  #action(index) {
    return get(this.body.actions, index, "action");
  }

  #actions(actions) {
    each(actions, "actions", (a) => this.#action(a));
  }

  /** An expression whose type is not written down. */
  #given(e) {
    if (e) this.scope.expression(e, undefined);
  }

  /** An edge out of something that belongs to `scope`. */
  #target(to, scope) {
    const { flow } = this;
    if (to.kind === "state") {
      if (get(flow.states, to.index, "state").scope !== scope) {
        broken(`state ${to.index} belongs to another run`);
      }
    } else if (to.kind === "end") {
      if (scope !== 0) broken("only the flow itself leads to its ends");
      get(flow.ends, to.index, "end");
    } else {
      // A return leads out of its scope into the parent, so chains of returns end.
      const { step } = get(flow.states, to.state, "state");
      if (step.kind !== "run" || step.scope !== scope) {
        broken(`state ${to.state} doesn't run scope ${scope}`);
      }
      this.#given(to.gives);
    }
  }

  #bind(index, type) {
    if (index === undefined) return;
    const slot = get(this.flow.slots, index, "slot");
    if (type && unit(type) !== unit(slot.type)) broken(`\`${slot.name}\` binds another type`);
  }

  #state(state) {
    get(this.flow.scopes, state.scope, "scope");
    at("step", () => this.#step(state, state.step));
    if (state.visits) at("visits", () => this.#target(state.visits.to, state.scope));
    each(state.handlers, "handlers", (h) => this.#handler(state, h));
    this.#events(state.events, state.scope);
  }

  #step(state, step) {
    if (step.within_ms <= 0) broken("the time must be positive");
    switch (step.kind) {
      case "do": {
        const action = this.#action(step.action);
        this.scope.args(step.args, action.params);
        return this.#bind(step.bind, action.result);
      }
      case "agent":
        each(step.given, "given", ([, value]) => this.#given(value));
        this.#actions(step.may);
        unique(step.outcomes, "name", "outcome");
        return each(step.outcomes, "outcomes", (o) => o.type && checkType(this.body, o.type));
      case "ask":
        get(this.body.roles, step.role, "role");
        this.#given(step.text);
        checkType(this.body, step.type);
        return this.#bind(step.bind, step.type);
      case "choose":
        each(step.branches, "branches", (b) => {
          this.#condition(b.when);
          this.#target(b.to, state.scope);
        });
        return step.otherwise && this.#target(step.otherwise, state.scope);
      case "settle":
        return this.#bind(step.bind, this.#action(step.action).result);
      case "unwind":
        return this.#actions(step.actions);
      default:
        return this.#runs(state, step);
    }
  }

  #runs(state, step) {
    const run = get(this.flow.scopes, step.scope, "scope");
    if (run.parent !== state.scope) broken(`scope ${step.scope} belongs to another run`);
    each(step.args, "args", ([index, value]) => {
      const slot = get(this.flow.slots, index, "slot");
      if (slot.scope !== step.scope) broken(`\`${slot.name}\` belongs to another run`);
      if (value) this.scope.expression(value, slot.type);
    });
    this.#bind(step.bind, undefined);
    this.#target(step.start, step.scope);
  }

  #handler(state, h) {
    if (!this.#hasOutcome(state.step, h.outcome)) {
      broken(`the state has no outcome \`${h.outcome}\``);
    }
    this.#condition(h.when);
    this.#bind(h.bind, undefined);
    if (h.retry && (h.retry.first_ms < 0 || h.retry.cap_ms < h.retry.first_ms)) {
      broken("the backoff is no range");
    }
    this.#target(h.to, state.scope);
  }

  #hasOutcome(step, name) {
    // The ends of an inner flow are not listed.
    if (step.kind === "run" || OUTCOMES[step.kind].includes(name)) return true;
    if (step.kind === "agent") return step.outcomes.some((o) => o.name === name);
    return step.kind === "do" && this.#action(step.action).failures.some((f) => f.name === name);
  }
}

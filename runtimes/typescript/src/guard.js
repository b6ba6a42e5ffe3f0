// A guard for a plain tool-calling loop: every tool call goes through one session of a table.

import { canonical } from "./canonical.js";
import { Runtime } from "./engine.js";
import { Session } from "./session.js";
import { duration, either } from "./words.js";

/** Decides calls, makes those that are allowed, and tells the session how they ended. */
export class Guard {
  #runtime;
  #options;
  #queue = Promise.resolve();
  #tools = new Map();

  /**
   * `session` is a `Session`, or the id of a new one. `inputs` gives the inputs of a step, `counters`
   * is a store of any kind, `persist` is awaited with the session after each step and before
   * anything is done, `log` gets each record, `outcome` turns what a tool throws into an outcome.
   */
  constructor(table, options = {}) {
    this.#runtime = new Runtime(table);
    this.#options = { now: Date.now, inputs: () => ({}), outcome: outcomeOf, ...options };
    const { session = "session" } = options;
    this.session = session instanceof Session ? session : Session.create(table, session);
  }

  /** Whether the policy has an action with that name, or that name on the wire. */
  knows(name) {
    const { actions } = this.#runtime.table.body;
    return actions.some((a) => a.name === name || a.wire === name);
  }

  /** One step. Steps are taken one after the other, however they come. */
  step(request) {
    const turn = this.#queue.then(() => this.#step(request));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /**
   * Proposes a call and, if it is allowed, makes it with `tool(args, directive)`. Never throws for
   * what the policy or the tool says: look at `allowed`, `outcome` and `value`, and hand `forModel` to the model.
   */
  async call(action, args, tool) {
    const { verdict, next } = await this.step({ kind: "propose", action, args });
    if (verdict.approval !== undefined) this.#tools.set(verdict.approval, tool);
    return this.#carryOut(verdict, next, tool);
  }

  /** A role has answered. If that allows the call, it is made, and this gives what came of it. */
  async approve(approval, granted, by) {
    const { verdict, next } = await this.step({ kind: "approve", approval, granted, by });
    const tool = this.#tools.get(approval);
    this.#tools.delete(approval);
    const declined = { verdict: "deny", again: { kind: "never" }, reason: "The call was declined." };
    return this.#carryOut(verdict ?? declined, next, tool);
  }

  async #step(request) {
    const { counters, inputs, now, persist, log } = this.#options;
    const { session } = this;
    const given = {
      // A clock that is set back doesn't stop the work.
      now: Math.max(now(), session.now ?? -Infinity),
      inputs: await inputs(),
      counters,
    };
    const stepped = await this.#runtime.stepAsync(session, given, request);
    await persist?.(session.toString(), session);
    await log?.(stepped.record);
    return stepped;
  }

  async #carryOut(verdict, next, tool) {
    const directive = next.find((d) => d.kind === "call");
    if (!directive || !tool) {
      const { approval } = verdict;
      return { allowed: false, verdict, approval, forModel: inWords(verdict) };
    }
    const answer = await this.#make(directive, tool);
    const to = { call: directive.call };
    const { record } = await this.step({ kind: "reply", to, ...answer });
    const replied = record.trace.find((t) => t.what === "replied" && t.call === directive.call);
    const { outcome = "timeout", value, problem } = replied ?? {};
    const said = problem === undefined ? "" : ` (${problem})`;
    const forModel =
      outcome === "ok" ? canonical(value ?? "done") : `${directive.action}: ${outcome}${said}`;
    return { allowed: true, verdict, outcome, value, forModel };
  }

  async #make(directive, tool) {
    const { args, timeout_ms } = directive;
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, Math.min(timeout_ms, 2 ** 31 - 1), { outcome: "timeout" });
    });
    try {
      const made = Promise.resolve()
        .then(() => tool(args, directive))
        .then((value) => ({ outcome: "ok", value }));
      return await Promise.race([made, late]);
    } catch (error) {
      return { outcome: this.#options.outcome(error) };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** An error may name its outcome. One that doesn't leaves it open whether anything happened. */
function outcomeOf(error) {
  return typeof error?.outcome === "string" ? error.outcome : "malformed";
}

/** A verdict in words for a model: what was refused and why, what can help, what to do instead. */
export function inWords({ reason = "", again, instead }) {
  const parts = [reason, helps(again)];
  if (instead) parts.push(`Call ${instead.action} with ${canonical(instead.args)} instead.`);
  return parts.filter((part) => part !== "").join(" ");
}

function helps({ kind, wait_ms, actions }) {
  switch (kind) {
    case "never":
      return "Asking again will not help.";
    case "later":
      return "Asking again helps only once circumstances have changed.";
    case "after_wait":
      return `Ask again in ${duration(wait_ms)}.`;
    case "after_approval":
      return "Wait for the approval.";
    case "after_action":
      return `Ask again after ${either(actions)} has succeeded.`;
    case "other_arguments":
      return "Ask again with other arguments.";
    default:
      return "";
  }
}

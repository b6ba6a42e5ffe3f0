// The session: all that a runtime remembers between two steps. Plain JSON, see docs/runtime.md.

import { canonical } from "./canonical.js";
import { Table } from "./table.js";
import { readSession } from "./session-read.js";

export const FORMAT = "failway.session";
export const VERSION = 1;

/** What has happened so far in one conversation, one job, one call. */
export class Session {
  #state;

  constructor(state) {
    this.#state = state;
  }

  /** An empty session of a table. `id` is whatever the host calls it. */
  static create(table, id) {
    return new Session({
      format: FORMAT,
      version: VERSION,
      table: table.digest,
      id: String(id),
      revision: 0,
      now: undefined,
      seq: 0,
      calls: [],
      approvals: [],
      run: undefined,
    });
  }

  /** Reads a session from text or bytes and checks all of it against its table. */
  static read(source, table) {
    if (!(table instanceof Table)) throw new TypeError("a session is read with its table");
    return new Session(readSession(source, table));
  }

  /** The text to persist: canonical JSON. */
  toString() {
    return canonical(wire(this.#state));
  }

  toJSON() {
    return wire(this.#state);
  }

  get id() {
    return this.#state.id;
  }

  /** Steps taken so far: for optimistic locking. */
  get revision() {
    return this.#state.revision;
  }

  /** The time of the latest step. */
  get now() {
    return this.#state.now;
  }

  /** The digest of its table. */
  get table() {
    return this.#state.table;
  }

  /** The admitted calls, in order. */
  get calls() {
    return this.toJSON().calls;
  }

  /** For the runtime: what it works on. Never changed in place once a step is done. */
  static state(session) {
    return session.#state;
  }

  /** For the runtime: puts the next state in its place. */
  static advance(session, state) {
    session.#state = state;
  }
}

const filled = (list) => (list.length > 0 ? list : undefined);
const filledObject = (object) => (Object.keys(object).length > 0 ? object : undefined);

/** The state as it is written: what is empty or absent is left out. */
export function wire(state) {
  return {
    ...state,
    calls: state.calls.map((c) => ({ ...c, slots: filled(c.slots) })),
    approvals: state.approvals.map((a) => ({ ...a, calls: filled(a.calls) })),
    run: state.run && {
      ...state.run,
      slots: state.run.slots.map((v) => v ?? null),
      events: filled(state.run.events),
      waiting: filled(state.run.waiting),
      levels: state.run.levels.map((l) => ({
        ...l,
        net: l.net || undefined,
        visits: filledObject(l.visits),
        args: filledObject(l.args),
        retries: filledObject(l.retries),
        happened: l.happened || undefined,
      })),
    },
  };
}

/** A copy to work on. Values inside are shared: they are never changed. */
export function copy(state) {
  return {
    ...state,
    calls: state.calls.map((c) => ({ ...c })),
    approvals: state.approvals.map((a) => ({ ...a, calls: a.calls.slice() })),
    run: state.run && {
      ...state.run,
      slots: state.run.slots.slice(),
      events: state.run.events.slice(),
      waiting: state.run.waiting.slice(),
      levels: state.run.levels.map((l) => ({
        ...l,
        visits: { ...l.visits },
        retries: { ...l.retries },
        doing: { ...l.doing },
      })),
    },
  };
}

/** The level of the current state; `undefined` outside flows and after an end. */
export function top(state) {
  const levels = state.run?.levels;
  return levels?.[levels.length - 1];
}

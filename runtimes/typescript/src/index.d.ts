// Failway's runtime for JavaScript. What a table means: docs/table.md; the protocol: docs/runtime.md.

/** What JSON carries. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
/** Values by their names on the wire. */
export type Values = { [name: string]: unknown };

/** A verified table. */
export class Table {
  private constructor();
  /** Reads a table from text or bytes and verifies all of it. Throws a `TableError`. */
  static read(source: string | Uint8Array): Table;
  /** Takes in a table that something else has parsed, such as a bundler. Throws a `TableError`. */
  static fromDocument(document: unknown): Table;
  /** `sha256:` and the hex digest of the body. */
  readonly digest: string;
  /** The policy's name. */
  readonly policy: string;
  /** Everything that decides, as docs/table.md describes it. Not to be changed. */
  readonly body: Readonly<Record<string, any>>;
}

/** Why some bytes are no table. */
export class TableError extends Error {
  readonly kind: "size" | "json" | "format" | "version" | "digest" | "body";
}

/** What has happened so far in one conversation, one job, one call. */
export class Session {
  private constructor();
  /** An empty session of a table. `id` is whatever the host calls it. */
  static create(table: Table, id: string): Session;
  /** Reads a session and checks all of it against its table. Throws a `Fault`. */
  static read(source: string | Uint8Array, table: Table): Session;
  /** The text to persist: canonical JSON. */
  toString(): string;
  toJSON(): unknown;
  readonly id: string;
  /** Steps taken so far: for optimistic locking. */
  readonly revision: number;
  /** The time of the latest step, in milliseconds since 1970. */
  readonly now: number | undefined;
  /** The digest of its table. */
  readonly table: string;
  /** The admitted calls, in order. */
  readonly calls: readonly Call[];
}

export type Fate = "open" | "absent" | "doubtful" | "unsettled" | "happened" | "undone";

/** An admitted call. */
export interface Call {
  id: number;
  /** Index of the action in the table. */
  action: number;
  args: Values;
  at: number;
  seq: number;
  /** Its own number, or that of the call that it repeats. */
  effect: number;
  ended?: { at: number; seq: number; outcome: string };
  result?: unknown;
  fate: Fate;
  settled?: { at: number; seq: number };
}

/** What a step depends on besides table, session and request. */
export interface Given<Store = Counters> {
  /** Milliseconds since 1970-01-01T00:00:00Z. Never less than in the step before. */
  now: number;
  /** The inputs, by wire name. */
  inputs?: Values;
  /** Limits shared with other sessions. Needed if the policy has limits per window. */
  counters?: Store;
}

export type Request =
  | { kind: "start"; flow: string; args: Values }
  | { kind: "propose"; action: string; args: unknown }
  | {
      kind: "reply";
      to: { call: number } | { agent: number } | { ask: number };
      outcome: string;
      value?: unknown;
    }
  | { kind: "approve"; approval: string; granted: boolean; by?: string | null }
  | { kind: "resolve"; call: number; happened: boolean; result?: unknown }
  | { kind: "event"; event: string }
  | { kind: "tick"; retry?: boolean }
  | { kind: "reload" };

/** A request from its JSON text, which has no name twice in one object. Throws a `Fault`. */
export function readRequest(source: string | Uint8Array): Request;

export type Again =
  | { kind: "never" | "later" | "after_approval" | "other_arguments" | "not_needed" }
  | { kind: "after_wait"; wait_ms: number }
  | { kind: "after_action"; actions: string[] };

/** The answer to a proposal. */
export interface Decision {
  verdict: "deny" | "limited" | "escalate" | "allow";
  /** The rule that decided, or `invalid`, `not_here`, `unsettled`, `no_rule`. */
  rule?: string;
  /** What was refused and why, in words fit for a model. */
  reason?: string;
  again: Again;
  instead?: { action: string; wire: string; args: Values };
  /** The approval that is waited for. */
  approval?: string;
}

/** A verdict in words for a model: what was refused and why, what can help, what to do instead. */
export function inWords(decision: Decision): string;

/** Something for the host to do. */
export type Directive =
  | {
      kind: "call";
      call: number;
      action: string;
      wire: string;
      args: Values;
      timeout_ms: number;
      until: number;
    }
  | {
      kind: "agent";
      entry: number;
      state: string;
      given: Values;
      may: string[];
      calls?: number;
      outcomes: string[];
      until?: number;
    }
  | {
      kind: "ask";
      entry: number;
      state: string;
      role: string;
      wire: string;
      text: string;
      until?: number;
    }
  | {
      kind: "approval";
      approval: string;
      action: string;
      args: Values;
      rule: string;
      because?: string;
      role: string;
      wire: string;
      expires_at?: number;
    }
  | { kind: "wait"; entry: number; state: string; until: number }
  | {
      kind: "ended";
      flow: string;
      end: string;
      class: "success" | "fallback" | "failure";
      gives?: unknown;
    };

export type Position =
  | { kind: "gate" }
  | { kind: "state"; flow: string; state: string }
  | { kind: "end"; flow: string; end: string };

/** One thing that happened in a step: see `what`. */
export type Trace = { what: string } & Record<string, any>;

/** What one step was, and what it did. `canonical(record)` is a line for the log. */
export interface DecisionRecord {
  format: "failway.record";
  version: 1;
  table: string;
  session: string;
  revision: number;
  now: number;
  values: "kept" | "omitted" | "digested";
  request: Request;
  inputs: Values;
  counters?: Counted[];
  trace: Trace[];
  position: Position;
  /** The digest of the session after the step. */
  after: string;
}

export type Counted =
  | { kind: "peek" | "take"; wants: Want[]; free_at: FreeAt }
  | { kind: "give_back"; key: string; taken_at: number };

/** What a step came to. */
export interface Stepped {
  record: DecisionRecord;
  /** The answer to a proposal; after an approval, the proposal's new verdict. */
  verdict?: Decision;
  /** What the host is newly asked to do. */
  next: Directive[];
  /** When to tick at the latest, if nothing else happens before. */
  deadline?: number;
}

/** Runs sessions of one table. */
export class Runtime {
  constructor(table: Table);
  readonly table: Table;
  /**
   * Takes one step. Persist the session before doing what `next` asks. A refused step throws a
   * `Fault`; session and counters are then as before.
   */
  step(session: Session, given: Given, request: Request): Stepped;
  /** Like `step`, with counters that answer with promises. */
  stepAsync(session: Session, given: Given<Counters | AsyncCounters>, request: Request): Promise<Stepped>;
  /** The verdict on a proposal, and nothing else: no call is admitted, no slot taken, no record made. */
  decide(session: Session, given: Given, action: string, args: unknown): Decision;
  /** All that the host is asked to do in this session, done or not. */
  open(session: Session): Directive[];
  /** When to tick at the latest, if nothing else happens before. */
  deadline(session: Session): number | undefined;
  /** Where the session is. */
  position(session: Session): Position;
}

/** Why a step, a session or a replay is refused. `code` is one of those in docs/runtime.md. */
export class Fault extends Error {
  readonly code: string;
  /** Of a replay: the first record that comes out differently. */
  readonly index?: number;
}

/** A slot that is wanted. */
export interface Want {
  key: string;
  /** How many slots there are in a window. */
  count: number;
  window_ms: number;
}
/** For each wanted slot `null` if one is free, else the time at which one will be. */
export type FreeAt = (number | null)[];

/** Counters over sliding windows, shared by sessions. Throw an `Error` if you cannot answer. */
export interface Counters {
  /** Whether each slot is free at `now`. Takes nothing. */
  peek(now: number, wants: Want[]): FreeAt;
  /** Takes all slots at `now` if all are free, else none. */
  take(now: number, wants: Want[]): FreeAt;
  /** Gives back a slot that was taken at `takenAt`. One that is gone already is no error. */
  giveBack(key: string, takenAt: number): unknown;
}

/** The same, with promises. */
export interface AsyncCounters {
  peek(now: number, wants: Want[]): Promise<FreeAt>;
  take(now: number, wants: Want[]): Promise<FreeAt>;
  giveBack(key: string, takenAt: number): Promise<unknown>;
}

/** Counters in memory: for one process. */
export class MemoryCounters implements Counters {
  peek(now: number, wants: Want[]): FreeAt;
  take(now: number, wants: Want[]): FreeAt;
  giveBack(key: string, takenAt: number): void;
}

/** Counters in Redis: limits that hold over many processes. */
export class RedisCounters implements AsyncCounters {
  /** `send` runs one command, given as strings: `(command) => client.sendCommand(command)`. */
  constructor(send: (command: string[]) => Promise<any>, options?: { prefix?: string });
  peek(now: number, wants: Want[]): Promise<FreeAt>;
  take(now: number, wants: Want[]): Promise<FreeAt>;
  giveBack(key: string, takenAt: number): Promise<void>;
}

/** Takes the recorded steps of one session again. Throws a `Fault` at the first that differs. */
export function replay(table: Table, records: DecisionRecord[], session?: Session): Session;

/** The record without its values, or with salted digests in their place. It no longer replays. */
export function redacted(record: DecisionRecord, options?: { salt?: string }): DecisionRecord;

/** Canonical JSON (RFC 8785). */
export function canonical(value: unknown): string;

/** `sha256:` and the hex digest of a text's UTF-8 bytes, or of bytes. */
export function digest(data: string | Uint8Array): string;

export interface GuardOptions {
  /** A session to go on with, or the id of a new one. */
  session?: Session | string;
  /** The inputs of a step. */
  inputs?: () => Values | Promise<Values>;
  counters?: Counters | AsyncCounters;
  /** Awaited after each step, before anything is done. */
  persist?: (text: string, session: Session) => unknown;
  /** Gets each record. */
  log?: (record: DecisionRecord) => unknown;
  /** Turns what a tool throws into an outcome; by default its `outcome`, else `malformed`. */
  outcome?: (error: unknown) => string;
  /** The clock; `Date.now` by default. */
  now?: () => number;
}

/** What came of a proposal. */
export type Guarded =
  | {
      allowed: true;
      verdict: Decision;
      outcome: string;
      value?: unknown;
      /** Words for the model: the value, or how the call failed. */
      forModel: string;
    }
  | {
      allowed: false;
      verdict: Decision;
      /** The approval that is waited for. */
      approval?: string;
      /** Words for the model: what was refused and why, what can help. */
      forModel: string;
    };

/** Makes a call. An error that it throws may name its `outcome`, such as a declared failure. */
export type Tool = (args: Values, directive: Extract<Directive, { kind: "call" }>) => unknown;

/** Decides calls, makes those that are allowed, and tells the session how they ended. */
export class Guard {
  constructor(table: Table, options?: GuardOptions);
  readonly session: Session;
  /** Whether the policy has an action with that name, or that name on the wire. */
  knows(name: string): boolean;
  /** One step. Steps are taken one after the other, however they come. */
  step(request: Request): Promise<Stepped>;
  /** Proposes a call and, if it is allowed, makes it with `tool(args, directive)`. */
  call(action: string, args: unknown, tool: Tool): Promise<Guarded>;
  /** A role has answered. If that allows the call, it is made. */
  approve(approval: string, granted: boolean, by?: string): Promise<Guarded>;
}

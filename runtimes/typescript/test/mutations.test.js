// Whatever is handed in: it is taken, or refused by name. FAILWAY_CASES sets how often each is tried.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Fault,
  MemoryCounters,
  Runtime,
  Session,
  Table,
  TableError,
  canonical,
  digest,
  readRequest,
  replay,
} from "../src/index.js";
import { source, table } from "./desk.js";

const CASES = Number(process.env.FAILWAY_CASES ?? 400);
const NOW = 1_766_000_000_000;
const runtime = new Runtime(table);

let deep = [];
for (let i = 0; i < 20_000; i++) deep = [deep];

const own = (name, value) => Object.defineProperty({}, name, { value, enumerable: true, writable: true, configurable: true });
const STRANGE = [
  null, undefined, true, false, 0, -0, -1, 1.5, 1e308, 2 ** 53, -(2 ** 53), NaN, Infinity,
  "", "a", "ok", "\ud800", "x\udfff", "\0", "__proto__", "constructor", "é\u{1d11e}", "9".repeat(400),
  [], [[]], [null], {}, own("__proto__", {}), own("constructor", 1), { kind: "call" }, { "\ud800": 1 }, { kind: [] }, deep,
];

let state = 23;
/** Below n: the same in every run. */
function below(n) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}
const pick = (of) => of[below(of.length)];
const isObject = (v) => typeof v === "object" && v !== null;

/** All places in a document but its root, as far as it isn't too deep. */
function places(value, depth = 0) {
  if (!isObject(value) || depth > 30) return [];
  return Object.keys(value).flatMap((name) => [[value, name], ...places(value[name], depth + 1)]);
}

const copied = (value) => JSON.parse(JSON.stringify(value));

/** The document with a few places changed. */
function changed(document) {
  const made = copied(document);
  for (let n = 1 + below(3); n > 0; n--) {
    const all = places(made);
    if (all.length === 0) return pick(STRANGE);
    const [holder, name] = pick(all);
    const how = below(6);
    if (how === 0) delete holder[name];
    else if (how === 1 && !Array.isArray(holder)) Object.assign(holder, own(pick(["", "\ud800", "kind", "to", "more", "constructor"]), pick(STRANGE)));
    else if (how === 2 && typeof holder[name] === "number") holder[name] += pick([-1, 1, 2 ** 31, -(2 ** 53), 1e30]);
    else holder[name] = pick(STRANGE);
  }
  return made;
}

/** The JSON of a document, or undefined if there is none. */
function asText(document) {
  try {
    return JSON.stringify(document);
  } catch {
    return undefined;
  }
}

/** The result, or undefined if it was refused by name. Anything else is a failure. */
function refused(what, ...named) {
  try {
    return what();
  } catch (fault) {
    if (named.some((of) => fault instanceof of)) return undefined;
    throw fault;
  }
}

function lived() {
  const session = Session.create(table, "s");
  const log = [];
  const step = (request) => {
    const done = runtime.step(session, { now: NOW, inputs: { open: true }, counters: new MemoryCounters() }, request);
    log.push(copied(done.record));
    return done;
  };
  const found = step({ kind: "propose", action: "shop.find", args: { order: "ORD-17" } });
  step({ kind: "reply", to: { call: found.next[0].call }, outcome: "ok", value: { id: "ORD-17", total: "35.00" } });
  step({ kind: "propose", action: "shop.refund", args: { order: "ORD-17", amount: "20.00" } });
  return { session, log };
}

test("requests, inputs and times are taken or refused by name", () => {
  const { session, log } = lived();
  const text = session.toString();
  const bases = [
    ...log.map((r) => r.request),
    { kind: "start", flow: "pay_back", args: { order: "ORD-17" } },
    { kind: "approve", approval: "x", granted: true, by: "Ada" },
    { kind: "resolve", call: 2, happened: true, result: null },
    { kind: "event", event: "stop" },
    { kind: "tick", retry: true },
    { kind: "reload" },
  ];
  for (let i = 0; i < CASES; i++) {
    const request = changed(pick(bases));
    const at = Session.read(text, table);
    const inputs = below(5) === 0 ? changed({ open: true }) : { open: true };
    const now = below(5) === 0 ? pick(STRANGE) : NOW + 1;
    const done = refused(() => runtime.step(at, { now, inputs, counters: new MemoryCounters() }, request), Fault);
    if (done === undefined) assert.equal(at.toString(), text);
    else assert.equal(Session.read(at.toString(), table).toString(), at.toString());
    const json = asText(request);
    if (json === undefined) continue;
    refused(() => readRequest(json), Fault);
    refused(() => readRequest(json.slice(0, below(json.length + 1))), Fault);
  }
});

test("decisions are made or refused by name", () => {
  const { session } = lived();
  for (let i = 0; i < CASES; i++) {
    const args = changed({ order: "ORD-17", amount: "20.00" });
    const name = pick(["shop.refund", "shop.find", ...STRANGE]);
    const now = pick([NOW, NOW, NOW, ...STRANGE]);
    const inputs = pick([{ open: true }, { open: true }, ...STRANGE]);
    refused(() => runtime.decide(session, { now, inputs, counters: new MemoryCounters() }, name, args), Fault);
  }
});

test("tables are whole or refused by name", () => {
  const document = JSON.parse(source);
  for (let i = 0; i < Math.max(1, CASES / 8); i++) {
    const made = changed(document);
    if (isObject(made) && below(5) > 0) {
      try {
        made.digest = digest(canonical(made.body));
      } catch {
        // Then the old one stays.
      }
    }
    const text = asText(made);
    if (text === undefined) continue;
    const read = refused(() => Table.read(text), TableError);
    if (read) {
      const given = { now: NOW, inputs: { open: true }, counters: new MemoryCounters() };
      const request = { kind: "propose", action: "shop.find", args: { order: "ORD-17" } };
      refused(() => new Runtime(read).step(Session.create(read, "s"), given, request), Fault);
    }
    assert.equal(refused(() => Table.read(text.slice(0, below(text.length))), TableError), undefined);
  }
});

test("sessions are whole or refused by name", () => {
  const { session } = lived();
  const document = JSON.parse(session.toString());
  for (let i = 0; i < CASES; i++) {
    const text = asText(changed(document));
    if (text === undefined) continue;
    const read = refused(() => Session.read(text, table), Fault);
    if (read) {
      assert.equal(Session.read(read.toString(), table).toString(), read.toString());
      const given = { now: NOW, inputs: { open: true }, counters: new MemoryCounters() };
      refused(() => runtime.step(read, given, { kind: "tick" }), Fault);
    }
    refused(() => Session.read(text.slice(0, below(text.length)), table), Fault);
  }
});

test("records replay or are refused by name", () => {
  const { log } = lived();
  for (let i = 0; i < CASES; i++) {
    const records = copied(log);
    const at = below(records.length);
    records[at] = changed(records[at]);
    refused(() => replay(table, records), Fault);
  }
});

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
  redacted,
  replay,
} from "../src/index.js";
import { source, table } from "./desk.js";

const runtime = new Runtime(table);
const inputs = { open: true };

/** A session, with a step that fills in the rest. */
function play(id = "s", counters = new MemoryCounters()) {
  const session = Session.create(table, id);
  const records = [];
  let now = 1_766_000_000_000;
  const step = (request, more = {}) => {
    const stepped = runtime.step(session, { now: now++, inputs, counters, ...more }, request);
    records.push(stepped.record);
    return stepped;
  };
  const propose = (action, args) => step({ kind: "propose", action, args });
  const reply = (call, outcome, value) => step({ kind: "reply", to: { call }, outcome, value });
  const find = (order, total = "35.00") => {
    const { next } = propose("shop.find", { order });
    return reply(next[0].call, "ok", { id: order, total });
  };
  return { session, records, step, propose, reply, find, counters };
}

const faultOf = (work) => {
  try {
    work();
  } catch (fault) {
    assert.ok(fault instanceof Fault, fault.stack);
    return fault.code;
  }
  return undefined;
};

test("a refund is decided as docs/table.md tells", () => {
  const { propose, find } = play();
  const args = { order: "ORD-17", amount: "20" };
  const refused = propose("shop.refund", args).verdict;
  assert.equal(refused.rule, "sound");
  assert.deepEqual(refused.again, { kind: "after_action", actions: ["shop.find"] });
  find("ORD-17");
  const { verdict, next } = propose("shop.refund", args);
  assert.deepEqual(verdict, {
    verdict: "allow",
    again: { kind: "not_needed" },
    rule: "refunding",
  });
  assert.deepEqual(next[0].args, { order: "ORD-17", amount: "20.00" });
  assert.equal(propose("shop.refund", { order: "ORD-17", amount: "40" }).verdict.rule, "sound");
});

test("`decide` says the same and does nothing", () => {
  const { session, counters, find, propose } = play();
  find("ORD-17");
  const before = session.toString();
  const given = { now: session.now, inputs, counters };
  const decided = runtime.decide(session, given, "shop.refund", { order: "ORD-17", amount: 20 });
  assert.equal(session.toString(), before);
  assert.deepEqual(propose("shop.refund", { order: "ORD-17", amount: 20 }).verdict, decided);
});

test("a limit over all sessions holds, and says for how long", () => {
  const counters = new MemoryCounters();
  for (const id of ["a", "b"]) {
    const { propose, find } = play(id, counters);
    find("ORD-17");
    assert.equal(propose("shop.refund", { order: "ORD-17", amount: "1" }).verdict.verdict, "allow");
  }
  const { propose, find } = play("c", counters);
  find("ORD-17");
  const { verdict } = propose("shop.refund", { order: "ORD-17", amount: "1" });
  assert.equal(verdict.verdict, "limited");
  assert.equal(verdict.again.wait_ms, 3_600_000);
  assert.match(verdict.reason, /^The limit of 2 effects per 1h is used up: more than two/);
});

test("an approval is asked for, granted, and covers its call", () => {
  const { propose, step, session } = play();
  const args = { order: "ORD-17", reason: "late" };
  const { verdict, next } = propose("shop.gift", args);
  assert.equal(verdict.verdict, "escalate");
  assert.equal(next[0].kind, "approval");
  const { verdict: allowed, next: then } = step({
    kind: "approve",
    approval: verdict.approval,
    granted: true,
    by: "kim",
  });
  assert.equal(allowed.verdict, "allow");
  // What is only claimed doesn't reach the tool.
  assert.deepEqual(then[0].args, { order: "ORD-17" });
  assert.equal(session.calls.length, 1);
});

test("a refused step changes neither session nor counters", () => {
  const { session, step, find, propose } = play();
  find("ORD-17");
  const before = session.toString();
  const { now } = session;
  for (const [code, request, more] of [
    ["no_call", { kind: "reply", to: { call: 9 }, outcome: "ok" }],
    ["call_over", { kind: "reply", to: { call: 1 }, outcome: "ok" }],
    ["not_asked", { kind: "reply", to: { agent: 1 }, outcome: "stuck" }],
    ["unknown", { kind: "event", event: "nothing" }],
    ["unknown", { kind: "start", flow: "nothing", args: {} }],
    ["no_approval", { kind: "approve", approval: "x", granted: true }],
    ["not_unsettled", { kind: "resolve", call: 1, happened: true }],
    ["input", { kind: "tick" }, { inputs: {} }],
    ["input", { kind: "tick" }, { inputs: { open: true, more: 1 } }],
    ["clock", { kind: "tick" }, { now: now - 1 }],
    ["clock", { kind: "tick" }, { now: 1.5 }],
    ["request", { kind: "tock" }],
    ["request", { kind: "tick", retry: 1 }],
    ["request", { kind: "tick", more: 1 }],
    ["request", { kind: "propose", action: "shop.find" }],
    ["request", { kind: "propose", action: "shop.find", args: { order: "\ud800" } }],
    ["request", { kind: "propose", action: "shop.find", args: { order: NaN } }],
    ["request", { kind: "propose", action: "shop.find", args: { order: 1n } }],
  ]) {
    assert.equal(faultOf(() => step(request, more)), code, canonical(String(request.kind)));
    assert.equal(session.toString(), before);
  }
  const down = { peek: undefined, take: () => assert.fail("asked"), giveBack() {} };
  down.take = () => {
    throw new Error("down");
  };
  const refund = { kind: "propose", action: "shop.refund", args: { order: "ORD-17", amount: 1 } };
  assert.equal(faultOf(() => step(refund, { counters: down })), "counters");
  assert.equal(faultOf(() => step(refund, { counters: undefined })), "counters");
  assert.equal(propose("shop.refund", refund.args).verdict.verdict, "allow");
});

test("names that mean something to JavaScript are names like others", () => {
  const { propose } = play();
  for (const name of ["__proto__", "constructor", "toString"]) {
    const args = JSON.parse(`{"order": "ORD-17", ${JSON.stringify(name)}: 1}`);
    const { verdict } = propose("shop.find", args);
    assert.equal(verdict.rule, "invalid");
    assert.ok(verdict.reason.includes(`\`${name}\` is not known here`), verdict.reason);
    assert.equal(propose(name, {}).verdict.reason, `There is no action ${name}.`);
    assert.equal(faultOf(() => runtime.step(Session.create(table, "x"), { now: 1, inputs }, { kind: name })), "request");
  }
});

test("what the host does to what it is given doesn't reach the session", () => {
  const { session, find, step } = play();
  const args = { order: "ORD-17" };
  const { next } = step({ kind: "propose", action: "shop.find", args });
  args.order = "ORD-99";
  next[0].args.order = "ORD-99";
  find("ORD-18");
  assert.equal(session.calls[0].args.order, "ORD-17");
});

test("records replay, and one that was changed does not", () => {
  const { records, session, find, propose, reply } = play();
  find("ORD-17");
  const { next } = propose("shop.refund", { order: "ORD-17", amount: "20" });
  reply(next[0].call, "timeout");
  const written = records.map((r) => JSON.parse(canonical(r)));
  assert.equal(replay(table, written).toString(), session.toString());
  assert.equal(digest(session.toString()), records[records.length - 1].after);
  for (const change of [
    (r) => (r[1].request.value.total = "36.00"),
    (r) => (r[2].counters[0].free_at = [5]),
    (r) => (r[2].now += 1),
    (r) => (r[0].more = true),
    (r) => (r[3].values = "omitted"),
    (r) => (r[3].position = { kind: "end" }),
  ]) {
    const changed = structuredClone(written);
    change(changed);
    assert.equal(faultOf(() => replay(table, changed)), "replay", String(change));
  }
});

test("a session reads back as it was written, and not with what it isn't", () => {
  const { session, find, propose } = play();
  find("ORD-17");
  propose("shop.refund", { order: "ORD-17", amount: "20" });
  propose("shop.gift", { order: "ORD-17", reason: "late" });
  const text = session.toString();
  assert.equal(Session.read(text, table).toString(), text);
  assert.equal(Session.read(new TextEncoder().encode(text), table).toString(), text);
  for (const [was, is] of [
    ['"action":0', '"action":7'],
    ['"35.00"', '"35.0"'],
    ['"fate":"open"', '"fate":"done"'],
    ['"seq":', '"more":1,"seq":'],
    ['"revision":4', '"revision":4,"revision":4'],
    ['"version":1', '"version":2'],
    ['"revision":4', '"revision":4.0'],
    ["failway.session", "failway.record"],
  ]) {
    assert.ok(text.includes(was), was);
    assert.equal(faultOf(() => Session.read(text.replace(was, is), table)), "bad_session", is);
  }
  const other = text.replace(table.digest, table.digest.replace(/.$/, (c) => (c === "0" ? "1" : "0")));
  assert.equal(faultOf(() => Session.read(other, table)), "wrong_table");
});

test("a record without values keeps its shape and loses its values", () => {
  const { records, find } = play();
  find("ORD-17");
  const gone = canonical(redacted(records[1]));
  assert.ok(!gone.includes("ORD-17") && !gone.includes("35.00"), gone);
  const salted = redacted(records[1], { salt: "s" });
  assert.equal(salted.trace[0].value, digest(canonical(["s", { id: "ORD-17", total: "35.00" }])));
  assert.equal(salted.after, records[1].after);
});

test("a table that isn't one is refused, by kind", () => {
  const text = source.toString();
  const kindOf = (bytes) => {
    try {
      Table.read(bytes);
    } catch (problem) {
      assert.ok(problem instanceof TableError, problem.stack);
      return problem.kind;
    }
    return undefined;
  };
  assert.equal(kindOf(text), undefined);
  assert.equal(kindOf(JSON.stringify(JSON.parse(text), null, 2)), undefined);
  assert.equal(kindOf("\ufeff" + text), "json");
  assert.equal(kindOf(new Uint8Array([0xff])), "json");
  assert.equal(kindOf(text.replace('"version":1', '"version":1,"version":1')), "json");
  assert.equal(kindOf("[".repeat(100_000)), "json");
  assert.equal(kindOf("{}"), "format");
  assert.equal(kindOf(text.replace('"version":1', '"version":2')), "version");
  assert.equal(kindOf(text.replace('"version":1', '"version":1.0')), "version");
  assert.equal(kindOf(text.replace('"timeout_ms":3000', '"timeout_ms":3001')), "digest");
  assert.equal(kindOf(text.replace('"timeout_ms":3000', '"timeout_ms":3e3')), "body");
  const sealed = (change) => {
    const document = JSON.parse(text);
    change(document.body);
    document.digest = digest(canonical(document.body));
    return kindOf(JSON.stringify(document));
  };
  assert.equal(sealed(() => {}), undefined);
  for (const change of [
    (b) => (b.actions[0].gate = 99),
    (b) => (b.nodes[1].next[0] = 1),
    (b) => b.nodes[0].cuts.push(0),
    (b) => (b.actions[0].doc = null),
    (b) => (b.actions[0].more = 1),
    (b) => delete b.actions[0].limits,
    (b) => (b.rules[0].kind = "wish"),
    (b) => (b.automata[0].next[0] = 1e6),
    (b) => b.limits[0].counted[0].keys.pop(),
  ]) {
    assert.equal(sealed(change), "body", String(change));
  }
});

test("steps with counters that answer later come to the same", async () => {
  const counters = new MemoryCounters();
  const later = (work) => async (...args) => {
    await new Promise((done) => setTimeout(done, 1));
    return work(...args);
  };
  const slow = {
    peek: later((...a) => counters.peek(...a)),
    take: later((...a) => counters.take(...a)),
    giveBack: later((...a) => counters.giveBack(...a)),
  };
  const now = play();
  const then = play();
  for (const request of [
    { kind: "propose", action: "shop.find", args: { order: "ORD-17" } },
    { kind: "reply", to: { call: 1 }, outcome: "ok", value: { id: "ORD-17", total: 9 } },
    { kind: "propose", action: "shop.refund", args: { order: "ORD-17", amount: 1 } },
    { kind: "reply", to: { call: 2 }, outcome: "malformed" },
    { kind: "resolve", call: 2, happened: false },
    { kind: "propose", action: "shop.find", args: { order: "ORD-17" } },
    { kind: "reply", to: { call: 3 }, outcome: "ok", value: { id: "ORD-17", total: 9 } },
    { kind: "propose", action: "shop.refund", args: { order: "ORD-17", amount: 2 } },
  ]) {
    const given = { now: 5, inputs, counters: slow };
    const stepped = await runtime.stepAsync(then.session, given, request);
    assert.deepEqual(stepped, now.step(request, { now: 5 }));
  }
  // The slot that the first refund gave back is taken again by the second.
  const slowly = (count) => counters.peek(5, [{ key: "desk/limit/slowly", count, window_ms: 9 }])[0];
  assert.deepEqual([slowly(1), slowly(2)], [14, null]);
  // Two steps of one session at a time: one is refused, and what it took is given back.
  const refund = { kind: "propose", action: "shop.refund", args: { order: "ORD-18", amount: 2 } };
  for (const request of [
    { kind: "reply", to: { call: 4 }, outcome: "ok" },
    { kind: "propose", action: "shop.find", args: { order: "ORD-18" } },
    { kind: "reply", to: { call: 5 }, outcome: "ok", value: { id: "ORD-18", total: 9 } },
  ]) {
    await runtime.stepAsync(then.session, { now: 6, inputs, counters: slow }, request);
  }
  const both = await Promise.allSettled(
    [1, 2].map(() => runtime.stepAsync(then.session, { now: 6, inputs, counters: slow }, refund)),
  );
  assert.deepEqual(both.map((b) => b.status).sort(), ["fulfilled", "rejected"]);
  assert.equal(both.find((b) => b.reason)?.reason.code, "broken");
  assert.deepEqual([slowly(2), slowly(3)], [14, null]);
});

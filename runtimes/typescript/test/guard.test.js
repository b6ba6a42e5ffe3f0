import assert from "node:assert/strict";
import { test } from "node:test";
import { Guard, MemoryCounters, Session, canonical, replay } from "../src/index.js";
import { table } from "./desk.js";

function guarded(options = {}) {
  const log = [];
  let kept = "";
  const guard = new Guard(table, {
    session: "g",
    inputs: () => ({ open: true }),
    counters: new MemoryCounters(),
    persist: (text) => (kept = text),
    log: (record) => log.push(JSON.parse(canonical(record))),
    ...options,
  });
  return { guard, log, kept: () => kept };
}

const order = "ORD-17";
const find = ({ order }) => ({ id: order, total: "35.00", extra: 1 });

test("an allowed call is made with what the tool may see, and its value comes back", async () => {
  const { guard, log, kept } = guarded();
  const found = await guard.call("shop.find", { order }, find);
  assert.deepEqual(found.value, { id: order, total: "35.00" });
  assert.equal(found.forModel, '{"id":"ORD-17","total":"35.00"}');
  assert.equal(kept(), guard.session.toString());
  assert.equal(replay(table, log).toString(), kept());
  assert.equal(Session.read(kept(), table).revision, 2);
});

test("a refused call is not made, and the model is told what helps", async () => {
  const { guard } = guarded();
  const refused = await guard.call("shop.refund", { order, amount: 1 }, () => assert.fail());
  assert.equal(refused.allowed, false);
  assert.match(refused.forModel, /look the order up first.* Ask again after shop.find has succeeded\.$/);
});

test("what a tool throws is an outcome, and what it doesn't say leaves doubt", async () => {
  const { guard } = guarded();
  const named = await guard.call("shop.find", { order }, () => {
    throw Object.assign(new Error("gone"), { outcome: "404" });
  });
  assert.equal(named.outcome, "not_found");
  await guard.call("shop.find", { order }, find);
  const unnamed = await guard.call("shop.refund", { order, amount: 1 }, () => {
    throw new Error("socket hang up");
  });
  assert.equal(unnamed.outcome, "malformed");
  const other = await guard.call("shop.refund", { order, amount: 2 }, () => assert.fail());
  assert.equal(other.verdict.rule, "unsettled");
  const wrong = await guard.call("shop.find", { order }, () => ({ id: "?" }));
  assert.equal(wrong.outcome, "malformed");
  assert.match(wrong.forModel, /^shop.find: malformed \(id: /);
});

test("a tool that takes too long is a timeout", async () => {
  const { guard } = guarded();
  const late = await guard.call("shop.find", { order }, () => new Promise(() => {}));
  assert.equal(late.outcome, "timeout");
  assert.equal(late.forModel, "shop.find: timeout");
});

test("an approval makes the call that it was asked for", async () => {
  const { guard } = guarded();
  const asked = await guard.call("shop.gift", { order, reason: "late" }, (args) => canonical(args));
  assert.equal(asked.allowed, false);
  assert.ok(asked.approval);
  const made = await guard.approve(asked.approval, true, "kim");
  assert.equal(made.outcome, "ok");
  const again = await guard.call("shop.gift", { order: "ORD-18", reason: "late" }, () => assert.fail());
  const declined = await guard.approve(again.approval, false, "kim");
  assert.equal(declined.allowed, false);
  assert.match(declined.forModel, /declined/);
});

test("calls may run side by side; their steps do not", async () => {
  const { guard, log } = guarded();
  const slow = (ms) => async (args) => {
    await new Promise((done) => setTimeout(done, ms));
    return find(args);
  };
  const all = await Promise.all(
    [8, 4, 0].map((ms, i) => guard.call("shop.find", { order: `ORD-1${i}` }, slow(ms))),
  );
  assert.deepEqual(all.map((r) => r.value.id), ["ORD-10", "ORD-11", "ORD-12"]);
  assert.deepEqual(log.map((r) => r.revision), [1, 2, 3, 4, 5, 6]);
  assert.equal(replay(table, log).toString(), guard.session.toString());
});

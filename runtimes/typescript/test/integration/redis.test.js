// Counters in a real Redis: a server of its own, on a port of its own.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClient } from "redis";
import { MemoryCounters, RedisCounters, Runtime, Session } from "../../src/index.js";
import { table } from "../desk.js";

let server;
let folder;
let clients;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "failway-redis-"));
  const port = await freePort();
  const options = ["--port", String(port), "--dir", folder, "--save", "", "--bind", "127.0.0.1"];
  server = spawn("redis-server", options, { stdio: "ignore" });
  const failed = new Promise((_, reject) => server.once("error", reject));
  clients = [1, 2].map(() => createClient({ socket: { host: "127.0.0.1", port } }).on("error", () => {}));
  await Promise.race([failed, Promise.all(clients.map((c) => c.connect()))]);
});

after(async () => {
  await Promise.all((clients ?? []).map((c) => c.close()));
  server?.kill();
  await rm(folder, { recursive: true, force: true });
});

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

const store = (client, prefix) =>
  new RedisCounters((command) => client.sendCommand(command), { prefix });

test("Redis answers as the store in memory does", async () => {
  const memory = new MemoryCounters();
  const redis = store(clients[0], "same:");
  let seed = 7;
  const random = (n) => (seed = (seed * 48_271) % 2_147_483_647) % n;
  let now = 1_766_000_000_000;
  let full = 0;
  for (let i = 0; i < 2_000; i++) {
    now += random(30);
    const wants = ["a", "b", "c"]
      .filter(() => random(2) === 0)
      .map((key) => ({ key, count: random(4), window_ms: 20 + 40 * key.charCodeAt(0) - 3_800 }));
    if (random(5) === 0) {
      const [key, at] = ["abc"[random(3)], now - random(60)];
      memory.giveBack(key, at);
      await redis.giveBack(key, at);
    }
    const kind = random(3) === 0 ? "peek" : "take";
    const answer = memory[kind](now, wants);
    if (wants.length > 0) assert.deepEqual(await redis[kind](now, wants), answer, `question ${i}`);
    if (answer.some((at) => at !== null)) full++;
  }
  assert.ok(full > 100 && full < 1_900, `${full} of the questions were refused`);
});

test("two processes never both get the last slot", async () => {
  const stores = clients.map((c) => store(c, "race:"));
  const want = [{ key: "k", count: 5, window_ms: 60_000 }];
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, i) => stores[i % 2].take(1_000 + i, want)),
  );
  assert.equal(all.filter(([at]) => at === null).length, 5);
  for (const [at] of all) assert.ok(at === null || at >= 61_000);
  assert.ok((await clients[0].pTTL("race:k")) > 60_000);
});

test("a limit of a policy holds over sessions in two processes", async () => {
  const runtime = new Runtime(table);
  const verdicts = [];
  for (let i = 0; i < 3; i++) {
    const session = Session.create(table, `s${i}`);
    const counters = store(clients[i % 2], "desk:");
    const given = { now: 1_000 + i, inputs: { open: true }, counters };
    const step = (request) => runtime.stepAsync(session, given, request);
    await step({ kind: "propose", action: "shop.find", args: { order: "ORD-17" } });
    const value = { id: "ORD-17", total: 9 };
    await step({ kind: "reply", to: { call: 1 }, outcome: "ok", value });
    const args = { order: "ORD-17", amount: 1 };
    verdicts.push((await step({ kind: "propose", action: "shop.refund", args })).verdict);
  }
  assert.deepEqual(
    verdicts.map((v) => v.verdict),
    ["allow", "allow", "limited"],
  );
  assert.deepEqual(verdicts[2].again, { kind: "after_wait", wait_ms: 3_599_998 });
});

test("a store that is gone refuses the step, and nothing is decided", async () => {
  const gone = new RedisCounters(async () => {
    throw new Error("connection refused");
  });
  const session = Session.create(table, "s");
  const runtime = new Runtime(table);
  const given = { now: 1, inputs: { open: true }, counters: gone };
  const step = (request) => runtime.stepAsync(session, given, request);
  await step({ kind: "propose", action: "shop.find", args: { order: "ORD-17" } });
  await step({ kind: "reply", to: { call: 1 }, outcome: "ok", value: { id: "ORD-17", total: 9 } });
  const before = session.toString();
  await assert.rejects(
    step({ kind: "propose", action: "shop.refund", args: { order: "ORD-17", amount: 1 } }),
    { code: "counters" },
  );
  assert.equal(session.toString(), before);
});

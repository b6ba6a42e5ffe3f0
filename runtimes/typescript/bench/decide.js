// One decision at 10, 100 and 1,000 rules: Failway beside casbin (npm), in the same run.
//
//     npm ci && npm run bench
//
// The policy: one tool, N rules, each of which denies one customer above an amount of its own; and one
// that allows everything else. Failway's table is compiled once; casbin gets the same rules as policy
// lines with a matcher. Every proposal is another one, and both must agree on all.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newEnforcer, newModelFromString } from "casbin";
import { MemoryCounters, Runtime, Session, Table } from "../src/index.js";

const failway = process.env.FAILWAY ?? new URL("../../../target/release/failway", import.meta.url).pathname;

function source(n) {
  const rules = Array.from(
    { length: n },
    (_, i) =>
      `deny r${i}: pay.refund when customer == "c${i}" and amount > ${i % 900}.00 because "customer ${i} is over its bound"`,
  );
  return `policy bench
integration pay {
  action refund(customer: string length 1..20, amount: decimal in 0.01..1000.00) {
    writes expendable  timeout 3s
  }
}
allow refunds: pay.refund because "all others are paid"
${rules.join("\n")}
`;
}

function table(n) {
  const folder = mkdtempSync(join(tmpdir(), "failway-bench-"));
  try {
    const [from, to] = ["bench.failway", "bench.json"].map((f) => join(folder, f));
    writeFileSync(from, source(n));
    execFileSync(failway, ["compile", from, "-o", to], { stdio: ["ignore", "ignore", "pipe"] });
    return Table.read(readFileSync(to));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function rival(n) {
  const enforcer = await newEnforcer(
    newModelFromString(`[request_definition]
r = customer, amount
[policy_definition]
p = customer, above, eft
[policy_effect]
e = !some(where (p.eft == deny))
[matchers]
m = r.customer == p.customer && r.amount > p.above`),
  );
  await enforcer.addPolicies(
    Array.from({ length: n }, (_, i) => [`c${i}`, String(i % 900), "deny"]),
  );
  return enforcer;
}

const proposals = (n) =>
  Array.from({ length: 1_000 }, (_, i) => ({
    customer: `c${(i * 7_919) % n}`,
    amount: `${((i * 31) % 999) + 1}.00`,
  }));

/** Microseconds of the processor for one call: the median of 5 rounds after one to warm up. */
function timed(all, rounds, work) {
  const times = [];
  for (let round = 0; round < 6; round++) {
    const start = process.cpuUsage();
    for (let i = 0; i < rounds; i++) work(all[i % all.length]);
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / rounds);
  }
  return times.slice(1).sort((a, b) => a - b)[2];
}

console.log("microseconds of the processor per decision, node", process.version);
console.log("rules    failway decide    failway step    casbin");
for (const n of (process.argv[2] ?? "10,100,1000").split(",").map(Number)) {
  const compiled = table(n);
  const runtime = new Runtime(compiled);
  const session = Session.create(compiled, "bench");
  const counters = new MemoryCounters();
  const given = { now: 1, inputs: {}, counters };
  const all = proposals(n);
  const enforcer = await rival(n);
  for (const args of all) {
    const ours = runtime.decide(session, given, "pay.refund", args).verdict === "allow";
    if (ours !== enforcer.enforceSync(args.customer, Number(args.amount))) {
      throw new Error(`they disagree on ${JSON.stringify(args)}`);
    }
  }
  const decide = timed(all, 100_000, (args) => runtime.decide(session, given, "pay.refund", args));
  // A whole step, with admission, record and digest, always in a session without calls.
  const step = timed(all, 5_000, (args) => {
    const fresh = Session.create(compiled, "bench");
    runtime.step(fresh, given, { kind: "propose", action: "pay.refund", args });
  });
  const casbin = timed(all, Math.max(20, 20_000 / n), (args) =>
    enforcer.enforceSync(args.customer, Number(args.amount)),
  );
  const cells = [decide, step, casbin].map((us) => us.toFixed(2));
  console.log(
    `${String(n).padEnd(9)}${cells[0].padEnd(18)}${cells[1].padEnd(16)}${cells[2]}`,
  );
}

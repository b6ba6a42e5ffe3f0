// What the types admit: compiled, never run.

import {
  Fault,
  Guard,
  MemoryCounters,
  RedisCounters,
  Runtime,
  Session,
  Table,
  canonical,
  inWords,
  redacted,
  replay,
  type DecisionRecord,
  type Directive,
} from "failway";

export async function uses(text: string, send: (command: string[]) => Promise<unknown>) {
  const table = Table.read(text);
  const runtime = new Runtime(table);
  const session = Session.create(table, "id");
  const counters = new MemoryCounters();
  const records: DecisionRecord[] = [];
  try {
    const { record, verdict, next, deadline } = runtime.step(
      session,
      { now: Date.now(), inputs: { open: true }, counters },
      { kind: "propose", action: "shop.find", args: { order: "ORD-17" } },
    );
    records.push(redacted(record, { salt: "s" }));
    if (verdict?.again.kind === "after_wait") console.log(verdict.again.wait_ms, inWords(verdict));
    for (const directive of next) console.log(carryOut(directive), deadline?.toFixed());
  } catch (problem) {
    if (problem instanceof Fault) console.log(problem.code);
  }
  await runtime.stepAsync(
    session,
    { now: 1, counters: new RedisCounters(send) },
    { kind: "reply", to: { call: 1 }, outcome: "ok", value: null },
  );
  // @ts-expect-error A store that answers with promises needs `stepAsync`.
  runtime.step(session, { now: 1, counters: new RedisCounters(send) }, { kind: "tick" });
  // @ts-expect-error There is no such request.
  runtime.step(session, { now: 1 }, { kind: "tock" });
  // @ts-expect-error A session is made with its table.
  new Session();
  const guard = new Guard(table, { session, counters, log: (r) => console.log(canonical(r)) });
  const result = await guard.call("shop.find", { order: "ORD-17" }, async ({ order }) => order);
  console.log(result.allowed ? result.outcome : result.approval, result.forModel);
  return replay(table, records).revision;
}

function carryOut(directive: Directive): string {
  switch (directive.kind) {
    case "call":
      return directive.wire;
    case "agent":
      return directive.may.join();
    case "ask":
      return directive.text;
    case "approval":
      return directive.role;
    case "wait":
      return String(directive.until);
    case "ended":
      return directive.class;
  }
}

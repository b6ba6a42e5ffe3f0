// Breaks the runtime on purpose, one way at a time, and asks whether the vectors notice.
//
//     failway vectors POLICY | ./broken [--least N] -
//
// With --least it ends as soon as so many ways were noticed: for few vectors and little time.

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const MUTANTS = [
  ["a boundary off by one", "plan.js", "if (cuts[middle] <= v)", "if (cuts[middle] < v)"],
  ["a bound of a type off by one", "value.js", "if (value > type.max)", "if (value >= type.max)"],
  ["a decimal's bound off by one", "value.js", "if (n < type.min)", "if (n < type.min - 1)"],
  ["a length counted in UTF-16", "value.js", "if ((text.charCodeAt(i) & 0xfc00) === 0xd800) n--", ""],
  ["patterns not looked at", "value.js", "classOf(body.automata[index], text) === 0", "false"],
  ["unknown arguments let through", "value.js", "if (names.length !== known)", "if (false)"],
  ["a missing argument let through", "value.js", 'if (given === undefined) return new Invalid("is missing", field.wire);', "if (given === undefined) continue;"],
  ["limits in the wrong order", "limits.js", "freeAt[longest])) longest = i", "freeAt[longest])) longest = longest < 0 ? i : longest"],
  ["a limit that admits one more", "limits.js", "countedHere(e, c) >= c.limit.count", "countedHere(e, c) > c.limit.count"],
  ["slots never given back", "limits.js", "for (const slot of back) e.ledger.giveBack(slot.key, slot.at);", ""],
  ["a key that is lost", "history.js", "for (let i = 0; i < theirs.length; i++)", "for (let i = 1; i < theirs.length; i++)"],
  ["undone calls that still stand", "effects.js", 'write.fate = "undone"', 'write.fate = "happened"'],
  ["one retry more", "flow/flow.js", "if (used >= count) return undefined", "if (used > count) return undefined"],
  ["a wait that doesn't grow", "flow/flow.js", "first_ms * 2 ** Math.min(used, 62)", "first_ms"],
  ["one visit more", "flow/flow.js", "visits[index] > state.visits.count", "visits[index] > state.visits.count + 1"],
  ["replies taken as they are", "calls.js", "const result = normalise(e.body, action.result, value ?? null, true);", "const result = value;"],
  ["a timeout one moment late", "clock.js", "due.at < e.now : due.at <= e.now", "due.at < e.now : due.at < e.now"],
  ["a late reply taken", "clock.js", "due.number === replied ? due.at < e.now", "due.number === replied ? false"],
  ["doubt forgotten", "refusal.js", "if (!doubt) return undefined", "return undefined"],
  ["repeats taken for new calls", "refusal.js", "if (isEffect(e.s, c)) return c.id", ""],
  ["facts that no write forgets", "facts.js", "if (session.calls.some((write) => forgets(plan, fact, write, latest, seq))) return undefined;", ""],
  ["facts that never lapse", "facts.js", "at >= later(known.at, fact.lifetime_ms)", "false"],
  ["an approval good for anything", "approval.js", "if (a.entry !== entry || !same(a.args, args)) return false;", ""],
  ["an approval used twice", "approval.js", 'a.calls.includes(call)) a.status = "spent"', 'a.calls.includes(call)) a.status = "granted"'],
  ["an agent's budget not kept", "flow/agent.js", "return budget !== undefined && doing.calls >= budget", "return false"],
  ["any action for an agent", "refusal.js", "if (may.includes(action.index)) return undefined;", "return undefined;"],
  ["an event taken twice", "flow/events.js", "!run.events.includes(event) && ", ""],
  ["deadlines before their time", "flow/events.js", "(d) => d.at <= e.upto", "(d) => d.at <= e.upto + 1"],
  ["an absence believed too early", "effects.js", "asked.at >= later(landed, confirm.after_ms ?? 0)", "true"],
  ["claims shown to the tool", "directive.js", "p.claim && p.wire === name", "false"],
];

const here = new URL("..", import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), "failway-broken-"));
process.on("exit", () => rmSync(scratch, { recursive: true }));
const given = process.argv.slice(2);
const least = given[0] === "--least" ? Number(given.splice(0, 2)[1]) : MUTANTS.length;
const named = given.filter((f) => f !== "-");
const vectors = named.length > 0 ? named.map((f) => resolve(f)) : [join(scratch, "vectors.jsonl")];
if (named.length === 0) writeFileSync(vectors[0], readFileSync(0));

/** A copy of the runtime with one thing wrong. */
function broken([, file, from, to], number) {
  const folder = join(scratch, String(number));
  for (const part of ["src", "test"]) cpSync(join(here, part), join(folder, part), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type": "module"}');
  const path = join(folder, "src", file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) throw new Error(`${file} has no single place ${from}`);
  writeFileSync(path, text.replace(from, () => to));
  return folder;
}

/** Whether the vectors notice it. */
function noticed(folder) {
  const args = [join(folder, "test/conform.js"), "--quick", "--first", ...vectors];
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { stdio: "ignore" });
    child.on("error", failed);
    child.on("close", (code) => done(code === 1));
  });
}

if (!(await noticed(here).then((failed) => !failed))) {
  console.log("the runtime as it is fails the vectors, or there are none");
  process.exit(1);
}
let [alive, dead] = [0, 0];
const left = MUTANTS.map((mutant, number) => [mutant, number]);
await Promise.all(
  Array.from({ length: 2 }, async () => {
    for (let next = left.shift(); next && dead < least; next = left.shift()) {
      const seen = await noticed(broken(...next));
      if (seen) dead++;
      else alive++;
      console.log(`${seen ? "noticed" : "NOT NOTICED"}  ${next[0][0]}`);
    }
  }),
);
console.log(`${dead + alive} of ${MUTANTS.length} ways, ${alive} not noticed`);
process.exitCode = dead < least ? 1 : 0;

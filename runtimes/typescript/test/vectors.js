// Runs conformance vectors: see docs/vectors.md.

import { isDeepStrictEqual } from "node:util";
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

/** Runs the lines of one stream. `failed` is called with words for each case that differs. */
export class Runner {
  cases = 0;
  steps = 0;
  failures = 0;
  #section;

  constructor({ quick = false, failed = () => {} } = {}) {
    this.quick = quick;
    this.failed = failed;
  }

  line(text) {
    if (text.trim() === "") return;
    const line = JSON.parse(text);
    if (line.format === "failway.vectors") {
      if (line.version !== 1) throw new Error(`vectors of version ${line.version}`);
      const table = Table.fromDocument(line.table);
      this.#section = { document: line.table, table, runtime: new Runtime(table) };
      return;
    }
    this.cases++;
    try {
      this.#run(line);
    } catch (problem) {
      this.failures++;
      const words = problem instanceof Differs ? problem.message : problem.stack;
      this.failed(`${line.case}: ${words}`);
    }
  }

  #run(line) {
    const { table, document } = this.#section;
    if (line.steps) return this.#play(line);
    if (line.read !== undefined) {
      return compare("the session", outcome(() => afterOf(Session.read(line.read, table))), line.expect);
    }
    if (line.table) {
      const text = line.table.text ?? edited(document, line.table);
      return compare("the table", outcome(() => ({ digest: Table.read(text).digest })), line.expect);
    }
    if (line.records) {
      return compare("the replay", outcome(() => afterOf(replay(table, line.records))), line.expect);
    }
    throw new Differs("a case of a kind that this runner doesn't know");
  }

  #play(line) {
    const { table, runtime } = this.#section;
    const counters = storeOf(line.counters);
    const sessions = new Map();
    const records = new Map();
    line.steps.forEach((step, i) => {
      this.steps++;
      const name = step.session ?? "v";
      let session = sessions.get(name) ?? Session.create(table, name);
      const before = session.toString();
      const given = { now: step.now, inputs: step.inputs ?? {}, counters };
      const got = outcome(() => {
        const request = step.text === undefined ? step.request : readRequest(step.text);
        const stepped = runtime.step(session, given, request);
        records.set(name, [...(records.get(name) ?? []), stepped.record]);
        return step.expect.digest ? { digest: digest(canonical(stepped)) } : stepped;
      });
      compare(`step ${i}`, got, step.expect);
      if (got.fault && session.toString() !== before) {
        throw new Differs(`step ${i}: a refused step has changed the session`);
      }
      if (!this.quick) {
        const text = session.toString();
        session = Session.read(text, table);
        if (session.toString() !== text) throw new Differs(`step ${i}: the session reads differently`);
      }
      sessions.set(name, session);
    });
    if (line.open) {
      const last = line.steps[line.steps.length - 1].session ?? "v";
      compare("what is open", runtime.open(sessions.get(last)), line.open);
    }
    if (this.quick) return;
    for (const [name, taken] of records) {
      const again = replay(table, JSON.parse(JSON.stringify(taken)));
      if (again.toString() !== sessions.get(name).toString()) {
        throw new Differs("the replay leads to another session");
      }
    }
  }
}

class Differs extends Error {}

function compare(what, got, wanted) {
  const [is, should] = [canonical(got), canonical(wanted)];
  if (is === should) return;
  throw new Differs(`${what}: ${difference(got, wanted)}`);
}

/** The first place at which two values differ. */
function difference(is, should, at = "") {
  const inner = (v) => typeof v === "object" && v !== null;
  if (inner(is) && inner(should)) {
    for (const name of [...new Set([...Object.keys(is), ...Object.keys(should)])].sort()) {
      const [a, b] = [is[name], should[name]].map((v) => JSON.parse(canonical(v)));
      if (!isDeepStrictEqual(a, b)) return difference(is[name], should[name], `${at}/${name}`);
    }
  }
  return `${at || "it"} is ${canonical(is)}, but should be ${canonical(should)}`;
}

/** What something gives, or how it refuses. */
function outcome(work) {
  try {
    return work();
  } catch (problem) {
    if (problem instanceof TableError) return { refused: problem.kind };
    if (!(problem instanceof Fault)) throw problem;
    const { code, index } = problem;
    return index === undefined ? { fault: code } : { fault: code, index };
  }
}

const afterOf = (session) => ({ after: digest(session.toString()) });

function storeOf(counters) {
  if (counters === "down") {
    const fails = () => {
      throw new Error("down");
    };
    return { peek: fails, take: fails, giveBack: fails };
  }
  return new MemoryCounters();
}

/** The text of a table with something changed. */
function edited(document, { edits, seal }) {
  const copy = structuredClone(document);
  for (const edit of edits) {
    const last = edit.at[edit.at.length - 1];
    const parent = edit.at.slice(0, -1).reduce((v, name) => v[name], copy);
    if (!edit.cut) parent[last] = edit.put;
    else if (Array.isArray(parent)) parent.splice(last, 1);
    else delete parent[last];
  }
  if (seal) copy.digest = digest(canonical(copy.body));
  return JSON.stringify(copy);
}

// Replay: the same table and the same records give the same records.

import { canonical } from "./canonical.js";
import { Fault } from "./fault.js";
import { Runtime } from "./engine.js";
import { Session } from "./session.js";

/**
 * Takes the recorded steps of one session again, with the answers that the counter store gave then.
 * Gives the session that they lead to. Throws a `Fault` with the code `replay` and the `index` of
 * the first record that comes out differently.
 */
export function replay(table, records, session = undefined) {
  const runtime = new Runtime(table);
  const at = session ?? Session.create(table, records[0]?.session ?? "");
  records.forEach((record, index) => {
    let problem;
    try {
      problem = again(runtime, at, record);
    } catch (error) {
      // Whatever isn't there, is of another kind or nests without end.
      problem = `it is no record: ${error.message}`;
    }
    if (problem === undefined) return;
    const fault = new Fault("replay", `record ${index} doesn't replay: ${problem}`);
    fault.index = index;
    throw fault;
  });
  return at;
}

/** What is different, if anything is. */
function again(runtime, session, record) {
  if (typeof record !== "object" || record === null) return "it is no object";
  if (record.format !== "failway.record" || record.version !== 1) {
    return "it is no failway.record of version 1";
  }
  if (record.values !== "kept") return "its values were left out or digested";
  const { now, inputs, request } = record;
  let stepped;
  try {
    stepped = runtime.step(session, { now, inputs, counters: script(record) }, request);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return fault.message;
  }
  const names = new Set([...Object.keys(record), ...Object.keys(stepped.record)]);
  for (const name of [...names].sort()) {
    const [was, is] = [record[name], stepped.record[name]].map((v) =>
      v === undefined ? "absent" : canonical(v),
    );
    if (was !== is) return `\`${name}\` was ${was}, and is now ${is}`;
  }
  return undefined;
}

/** A counter store that gives the recorded answers. */
function script({ counters = [] }) {
  const left = counters.filter((c) => c.kind !== "give_back");
  const next = (kind) => (_, wants) => {
    const known = left.shift();
    if (known?.kind !== kind || canonical(known.wants) !== canonical(wants)) {
      throw new Error("the record holds no answer to that question");
    }
    return known.free_at;
  };
  return { peek: next("peek"), take: next("take"), giveBack() {} };
}

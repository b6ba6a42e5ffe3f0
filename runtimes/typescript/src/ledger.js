// One step's dealings with the counter store: written down for the record, and taken back if the
// step is refused after all.

import { Fault } from "./fault.js";

export class Ledger {
  constructor(store, now) {
    this.store = store;
    this.now = now;
    this.log = [];
  }

  peek(wants) {
    return this.#ask("peek", wants);
  }

  take(wants) {
    return this.#ask("take", wants);
  }

  /** Notes a slot to give back once the step is done. */
  giveBack(key, takenAt) {
    this.log.push({ kind: "give_back", key, taken_at: takenAt });
  }

  get returned() {
    return this.log.filter((counted) => counted.kind === "give_back");
  }

  /** The slots that this step has taken. */
  taken() {
    const done = (c) => c.kind === "take" && c.free_at.every((at) => at === null);
    return this.log.filter(done).flatMap((counted) => counted.wants);
  }

  /** The step stands: gives back what was promised. A failure here is not the step's. */
  commit() {
    for (const { key, taken_at } of this.returned) this.#return(key, taken_at);
    return this.log;
  }

  /** The step is refused: gives back what it took. */
  rollBack() {
    for (const { key } of this.taken()) this.#return(key, this.now);
  }

  #return(key, takenAt) {
    try {
      this.store.giveBack(key, takenAt);
    } catch {
      // The store keeps a slot too many, which is the safe side.
    }
  }

  #ask(kind, wants) {
    if (wants.length === 0) return [];
    let answer;
    try {
      if (!this.store) throw new Error("there is none");
      answer = this.store[kind](this.now, wants);
    } catch (problem) {
      if (!(problem instanceof Error)) throw problem;
      throw refused(problem.message);
    }
    if (typeof answer?.then === "function") {
      throw refused("it answers with promises: use `stepAsync`");
    }
    if (!Array.isArray(answer) || answer.length !== wants.length) {
      throw refused(`${wants.length} slots were wanted, ${answer?.length ?? 0} answered`);
    }
    this.log.push({ kind, wants, free_at: answer });
    return answer;
  }
}

function refused(problem) {
  return new Fault(
    "counters",
    `the counter store cannot answer: ${problem}; nothing was decided`,
  );
}

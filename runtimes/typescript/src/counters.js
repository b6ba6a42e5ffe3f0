// The counter store: limits that all sessions share.
//
// A slot taken at e counts at t if e lies in the window (t − W, t].

import { MAX, later } from "./scalar.js";

/** Counters in memory: for one process. */
export class MemoryCounters {
  #counters = new Map();
  #latest = -MAX;
  #sweepAt = 1024;

  /** For each wanted slot `null` if one is free at `now`, else when one will be. Takes nothing. */
  peek(now, wants) {
    return wants.map((want) => freeAt(this.#counters.get(want.key)?.taken ?? [], now, want));
  }

  /** Takes all slots at `now` if all are free, else none. Answers like `peek`. */
  take(now, wants) {
    const free = this.peek(now, wants);
    if (free.some((at) => at !== null)) return free;
    this.#latest = Math.max(this.#latest, now);
    this.#sweep();
    for (const { key, window_ms } of wants) {
      let counter = this.#counters.get(key);
      if (!counter) this.#counters.set(key, (counter = { window_ms, taken: [] }));
      counter.window_ms = Math.max(counter.window_ms, window_ms);
      const start = this.#latest - counter.window_ms;
      const taken = counter.taken.filter((e) => e > start);
      const after = taken.findIndex((e) => e > now);
      taken.splice(after < 0 ? taken.length : after, 0, now);
      counter.taken = taken;
    }
    return free;
  }

  /** Gives back a slot that was taken at `takenAt`. One that is gone already is no error. */
  giveBack(key, takenAt) {
    const taken = this.#counters.get(key)?.taken;
    const at = taken ? taken.indexOf(takenAt) : -1;
    if (at >= 0) taken.splice(at, 1);
  }

  /** Forgets counters whose slots have all left their windows, now and then. */
  #sweep() {
    if (this.#counters.size < this.#sweepAt) return;
    for (const [key, { window_ms, taken }] of this.#counters) {
      const last = taken[taken.length - 1];
      if (last === undefined || last <= this.#latest - window_ms) this.#counters.delete(key);
    }
    this.#sweepAt = Math.max(1024, this.#counters.size * 2);
  }
}

function freeAt(taken, now, { count, window_ms }) {
  const start = now - window_ms;
  const first = taken.findIndex((e) => e > start);
  const inside = first < 0 ? 0 : taken.length - first;
  if (inside < count) return null;
  // Enough of the oldest have to leave that count − 1 remain; with a count of 0 it is never free.
  const last = inside > inside - count ? taken[first + inside - count] : MAX;
  return later(last, window_ms);
}

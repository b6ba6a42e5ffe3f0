// Limits: per session from the log, per window from the counter store.

import { canonical } from "./canonical.js";
import { decision } from "./gate.js";
import { callScene, counts, isEffect, isRoot, sameKey, sceneOf } from "./history.js";
import { holds } from "./plan.js";
import { MAX } from "./scalar.js";
import { sha256 } from "./sha256.js";
import { duration } from "./words.js";

/**
 * Consults all limits of an action: `usedUp`, a decision, or `slots`. Takes their shared slots, all
 * or none, if asked to. A limit of the session is reported before a shared one; among shared ones
 * the one with the longest wait.
 */
export function consultLimits(e, action, args, repeats, take) {
  if (action.limits.length === 0) return { slots: [] };
  const concerned = concernedBy(e, action, args, repeats);
  for (const c of concerned) {
    if (c.limit.per_ms === undefined && countedHere(e, c) >= c.limit.count) {
      return { usedUp: usedUp(e, c.limit, undefined) };
    }
  }
  const shared = concerned.filter((c) => c.limit.per_ms !== undefined);
  const wants = shared.map((c) => ({
    key: counterKey(e, c),
    count: c.limit.count,
    window_ms: c.limit.per_ms,
  }));
  const freeAt = take ? e.ledger.take(wants) : e.ledger.peek(wants);
  let longest = -1;
  freeAt.forEach((at, i) => {
    if (at !== null && (longest < 0 || at > freeAt[longest])) longest = i;
  });
  if (longest >= 0) return { usedUp: usedUp(e, shared[longest].limit, freeAt[longest]) };
  const slots = shared.map((c, i) => ({ limit: c.index, key: wants[i].key, at: e.now }));
  return { slots };
}

/** The limits that count the proposal. A repeat of an effect is no further effect. */
function concernedBy(e, action, args, repeats) {
  const scene = sceneOf(e.plan, action, args, undefined);
  const out = [];
  for (const usage of action.limits) {
    const limit = e.plan.limits[usage.limit];
    if (!holds(e.plan, scene, usage.when) || (limit.effects && repeats)) continue;
    const wanted = usage.keys.map((key) => key.follow(scene));
    out.push({ index: usage.limit, limit, keys: usage.keys, wanted });
  }
  return out;
}

/** How many calls of this session count against a limit. */
function countedHere(e, c) {
  let n = 0;
  for (const call of e.s.calls) {
    if (c.limit.effects && !(isRoot(call) && isEffect(e.s, call))) continue;
    if (c.limit.counted.some((counted) => countsHere(e, c, counted, call))) n++;
  }
  return n;
}

/** While a call's result isn't known, what the limit asks of it is taken as given. */
function countsHere(e, c, counted, call) {
  if (call.action !== counted.action) return false;
  if (call.result !== undefined) return counts(e.plan, call, counted, c.keys, c.wanted);
  const scene = callScene(e.plan, call);
  const usage = e.plan.actions[call.action].limits.find((u) => u.limit === c.index);
  return holds(e.plan, scene, usage?.when) && sameKey(scene, counted.keys, c.keys, c.wanted, true);
}

function counterKey(e, c) {
  return counter(`${e.body.policy}/limit/${e.body.rules[c.limit.rule].name}`, c.wanted);
}

/** The name of a shared counter. Key values are digested: the store learns no personal data. */
export function counter(name, wanted) {
  if (wanted.length === 0) return name;
  return `${name}/${sha256(canonical(wanted.map((v) => v ?? null))).slice(0, 32)}`;
}

function usedUp(e, limit, freeAt) {
  const rule = e.body.rules[limit.rule];
  const what = (limit.effects ? "effect" : "call") + (limit.count === 1 ? "" : "s");
  const per = limit.per_ms === undefined ? "session" : duration(limit.per_ms);
  const because = rule.because === undefined ? "" : `: ${rule.because}`;
  let again = { kind: "never" };
  if (freeAt !== undefined && freeAt < MAX) {
    again = { kind: "after_wait", wait_ms: Math.min(Math.max(freeAt - e.now, 1), MAX) };
  } else if (freeAt === undefined && limit.effects && limit.count > 0) {
    // An effect's slot may come back: by an undo, or when doubt is settled.
    again = { kind: "later" };
  }
  const reason = `The limit of ${limit.count} ${what} per ${per} is used up${because}.`;
  return decision("limited", rule.name, reason, again);
}

/** Gives back the slots of limits on effects once a root call's effect doesn't count any more. */
export function releaseEffects(e, root) {
  const call = e.call(root);
  if (call.slots.length === 0 || isEffect(e.s, call)) return;
  release(e, call, (slot) => e.plan.limits[slot.limit].effects);
}

/** Gives back the slots of limits whose condition the call's result doesn't satisfy. */
export function releaseUncounted(e, call) {
  if (call.slots.length === 0) return;
  const scene = callScene(e.plan, call);
  release(e, call, (slot) => {
    const counted = e.plan.limits[slot.limit].counted.find((c) => c.action === call.action);
    return !holds(e.plan, scene, counted?.when);
  });
}

function release(e, call, which) {
  const back = call.slots.filter(which);
  call.slots = call.slots.filter((slot) => !back.includes(slot));
  for (const slot of back) e.ledger.giveBack(slot.key, slot.at);
}

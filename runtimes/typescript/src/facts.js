// Facts: the latest successful reply with the same key, until a write forgets it or it lapses.
// Nothing is stored: a fact is read off the log.

import { callScene, counts } from "./history.js";
import { get, same } from "./json.js";
import { later } from "./scalar.js";

/** The fact's value for a key in the scene of the question, or `undefined`. */
export function factValue(scene, index, keys) {
  const { plan, session } = scene;
  if (!session) return undefined;
  const fact = plan.facts[index];
  const at = scene.asOf ? scene.asOf.at : scene.now;
  const seq = scene.asOf ? scene.asOf.seq : Infinity;
  let wanted;
  let latest;
  let known;
  for (const call of session.calls) {
    if (call.action !== fact.source.action) continue;
    const point = knownSince(call);
    if (!point || point.seq >= seq || (known && point.seq < known.seq)) continue;
    wanted ??= keys.map((key) => key.follow(scene));
    if (!counts(plan, call, fact.source, keys, wanted)) continue;
    [latest, known] = [call, point];
  }
  if (!latest) return undefined;
  if (fact.lifetime_ms !== undefined && at >= later(known.at, fact.lifetime_ms)) return undefined;
  if (session.calls.some((write) => forgets(plan, fact, write, latest, seq))) return undefined;
  return latest.result;
}

/** When the call's reply became known, if it succeeded. */
function knownSince(call) {
  if (call.ended?.outcome === "ok") return call.ended;
  return call.fate === "happened" || call.fate === "undone" ? call.settled : undefined;
}

/** Whether a write forgets a reply, as seen at a point of the log. */
function forgets(plan, fact, write, reply, asOf) {
  if (write.seq >= asOf) return false;
  const forget = fact.forget.find((f) => f.action === write.action);
  if (!forget) return false;
  const { ended } = write;
  if (ended && ended.seq < asOf) {
    const failures = plan.actions[write.action].failures;
    const failure = failures.find((f) => f.name === ended.outcome);
    if (failure && failure.kind !== "indeterminate") return false;
    if (ended.seq <= reply.seq) return false;
  }
  const scene = callScene(plan, reply);
  return forget.pairs.every(([part, param]) => {
    const known = fact.source.keys[part]?.follow(scene);
    const written = get(write.args, plan.actions[write.action].params[param].wire);
    return known === undefined || written === undefined || same(known, written);
  });
}

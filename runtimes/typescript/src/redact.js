// Records without values: left out, or digested so that equal ones can still be told.

import { canonical } from "./canonical.js";
import { put } from "./json.js";
import { digest } from "./sha256.js";

/**
 * The record without its values: arguments, inputs, replies, results, and the reasons that quote
 * them. Names, numbers, times and verdicts stay. With a `salt`, a digest stands in the place of each
 * value. It no longer replays.
 */
export function redacted(record, { salt } = {}) {
  const omit = salt === undefined;
  const digested = (value) => digest(canonical([salt, value]));
  const object = (members) => {
    const out = {};
    if (!omit) for (const [name, value] of Object.entries(members)) put(out, name, digested(value));
    return out;
  };
  const option = (value) => (omit || value === undefined ? undefined : digested(value));
  const value = (v) => {
    if (v === null) return null;
    if (typeof v === "object" && !Array.isArray(v)) return object(v);
    return omit ? null : digested(v);
  };
  const decision = (d) => {
    const out = { ...d };
    if (d.rule === "invalid") out.reason = "The arguments were not valid.";
    if (d.instead) out.instead = { ...d.instead, args: object(d.instead.args) };
    return out;
  };
  const { request } = record;
  const asked = { ...request };
  if (request.kind === "start") asked.args = object(request.args);
  if (request.kind === "propose") asked.args = value(request.args);
  if (request.kind === "reply") asked.value = option(request.value);
  if (request.kind === "resolve") asked.result = option(request.result);
  if (request.kind === "approve") asked.by = option(request.by);
  const trace = record.trace.map((t) => {
    switch (t.what) {
      case "decided":
        return { ...t, args: value(t.args), verdict: decision(t.verdict) };
      case "replied":
        // The problem quotes what came back.
        return {
          ...t,
          value: option(t.value),
          problem: t.problem && "the reply was not valid",
        };
      case "settled":
      case "outcome":
        return { ...t, value: option(t.value) };
      case "ended":
        return { ...t, gives: option(t.gives) };
      default:
        return t;
    }
  });
  return {
    ...record,
    values: omit ? "omitted" : "digested",
    request: asked,
    inputs: object(record.inputs),
    trace,
  };
}

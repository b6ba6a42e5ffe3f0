// What a host asks of the runtime, brought into plain form before anything looks at it.

import { isTorn } from "./canonical.js";
import { badRequest } from "./fault.js";
import { NotJson, parse, put } from "./json.js";

/** How deep a request may nest. */
const LEVELS = 100;

/** A copy of a value as JSON carries it; `level` is how deep it lies in its document. */
export function plainValue(value, level = 0) {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      if (isTorn(value)) throw badRequest("a string holds half a character");
      return value;
    case "number":
      if (!Number.isFinite(value)) throw badRequest(`${value} is no number of JSON`);
      return value === 0 ? 0 : value;
    case "object":
      break;
    default:
      throw badRequest(`a ${typeof value} is no value of JSON`);
  }
  if (value === null) return null;
  if (level >= LEVELS) throw badRequest(`it nests deeper than ${LEVELS} levels`);
  if (Array.isArray(value)) return value.map((item) => plainValue(item ?? null, level + 1));
  const out = {};
  for (const name of Object.keys(value)) {
    if (value[name] === undefined) continue;
    if (isTorn(name)) throw badRequest("a name holds half a character");
    put(out, name, plainValue(value[name], level + 1));
  }
  return out;
}

const text = (v) => typeof v === "string";
const flag = (v) => typeof v === "boolean";
const number = (v) => Number.isSafeInteger(v) && v >= 0;
const object = (v) => typeof v === "object" && v !== null && !Array.isArray(v);
const anything = () => true;

// Members that may be left out have a `?`; those with `null` for nothing a second one.
const SHAPES = {
  start: { flow: text, args: object },
  propose: { action: text, args: anything },
  reply: { to: object, outcome: text, "value??": anything },
  approve: { approval: text, granted: flag, "by??": text },
  resolve: { call: number, happened: flag, "result??": anything },
  event: { event: text },
  tick: { "retry?": flag },
  reload: {},
};

/** The request in the form in which it is recorded. */
export function plainRequest(request) {
  if (!object(request)) throw badRequest("it is no object");
  const { kind } = request;
  if (!text(kind) || !Object.hasOwn(SHAPES, kind)) throw badRequest("there is no such kind");
  const out = { kind };
  const known = new Set(["kind"]);
  for (const [member, fits] of Object.entries(SHAPES[kind])) {
    const name = member.replaceAll("?", "");
    known.add(name);
    const given = Object.hasOwn(request, name) ? request[name] : undefined;
    if (given === undefined || (given === null && member.endsWith("??"))) {
      if (member === name) throw badRequest(`\`${name}\` is missing`);
      continue;
    }
    if (typeof given === "string" && isTorn(given)) {
      throw badRequest("a string holds half a character");
    }
    if (!fits(given)) throw badRequest(`\`${name}\` is of another type`);
    out[name] = plainValue(given, 1);
  }
  for (const name of Object.keys(request)) {
    if (request[name] !== undefined && !known.has(name)) {
      throw badRequest(`\`${name}\` is not known here`);
    }
  }
  if (kind === "reply") {
    const [who, ...others] = Object.keys(out.to);
    const fits = ["call", "agent", "ask"].includes(who) && number(out.to[who]);
    if (!fits || others.length > 0) throw badRequest("`to` is none of `call`, `agent` and `ask`");
  }
  if (out.retry === false) delete out.retry;
  return out;
}

/** A request from its JSON text, which has no name twice in one object. */
export function readRequest(source) {
  try {
    return plainRequest(parse(source));
  } catch (problem) {
    if (problem instanceof NotJson) throw badRequest(problem.message);
    throw problem;
  }
}

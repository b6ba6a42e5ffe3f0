// Types, names and automata.

import { at, broken, each, get, unique } from "./broken.js";

/** How deep types may nest. */
const DEEP = 64;

export function checkTypes(body) {
  each(body.automata, "automata", automaton);
  each(body.enums, "enums", (e) => {
    if (e.other !== undefined) at("other", () => get(e.variants, e.other, "variant"));
    unique(e.variants, "name", "variant");
    unique(e.variants, "wire", "variant");
  });
  records(body);
  at("inputs", () => checkFields(body, body.inputs));
  unique(body.roles, "name", "role");
  unique(body.events, "name", "event");
  unique(body.events, "wire", "event");
  unique(body.records, "name", "record");
  unique(body.enums, "name", "enum");
  each(body.integrations, "integrations", (i) => {
    if (i.capacity?.per_ms <= 0) broken("a capacity is per some time");
  });
  unique(body.integrations, "name", "integration");
}

function automaton({ alphabet, classes, next, accept }) {
  const states = accept.length;
  if (states === 0 || classes === 0 || classes > 256) {
    broken("an automaton needs a state and 1 to 256 alphabet classes");
  }
  if (next.length !== states * classes) {
    broken(`${states} states of ${classes} classes need ${states * classes} successors, but there are ${next.length}`);
  }
  if (next.some((s) => s >= states)) broken("a successor is not there");
  const ascends = alphabet.every(([first], i) => i === 0 || first > alphabet[i - 1][0]);
  if (alphabet[0]?.[0] !== 0 || !ascends) broken("the alphabet must ascend from byte 0");
  if (alphabet.some(([, of]) => of >= classes)) broken("an alphabet class is not there");
}

function records(body) {
  // A record may only hold those whose depth is known: so none holds itself.
  const depths = body.records.map(() => undefined);
  const depth = (type, level) => {
    if (type.kind === "record") return depths[type.of];
    if (type.kind !== "list") return 0;
    const inner = level < DEEP ? depth(type.element, level + 1) : Infinity;
    return inner === undefined ? undefined : inner + 1;
  };
  for (let moved = true; moved; ) {
    moved = false;
    body.records.forEach((record, i) => {
      if (depths[i] !== undefined) return;
      const inner = record.fields.map((f) => depth(f.type, 0));
      if (inner.includes(undefined)) return;
      depths[i] = Math.max(0, ...inner) + 1;
      moved = true;
    });
  }
  each(body.records, "records", (record, i) => {
    if (depths[i] === undefined) broken("the record holds itself or one that is not there");
    if (depths[i] > DEEP) broken("the record nests too deep");
    at("fields", () => checkFields(body, record.fields));
  });
}

/** Fields, inputs or parameters: names told apart, types right. */
export function checkFields(body, fields) {
  unique(fields, "name", "field");
  unique(fields, "wire", "field");
  each(fields, "", (f) => at("type", () => checkType(body, f.type)));
}

/** A type: bounds in order, indices in range, not too deep. */
export function checkType(body, type, level = 0) {
  if (level > DEEP) broken("the type nests too deep");
  if (type.min > type.max) broken(`no value lies between ${type.min} and ${type.max}`);
  switch (type.kind) {
    case "decimal":
      if (type.scale > 15) broken(`a scale of ${type.scale} is more than 15`);
      break;
    case "string":
      each(type.automata ?? [], "automata", (a) => get(body.automata, a, "automaton"));
      break;
    case "enum":
      get(body.enums, type.of, "enum");
      break;
    case "record":
      get(body.records, type.of, "record");
      break;
    case "list":
      at("element", () => checkType(body, type.element, level + 1));
      break;
    default:
  }
}

// Values: checked against the table's types and brought into their one wire form.

import { short } from "./canonical.js";
import { get, put } from "./json.js";
import {
  MAX,
  dateDays,
  dateText,
  decimalText,
  decimalUnits,
  timeSeconds,
  timeText,
} from "./scalar.js";

/** Why a value is not one of its type. */
export class Invalid {
  constructor(problem, at = "") {
    /** Where in the value, such as `lines[2].amount`; empty for the value itself. */
    this.at = at;
    this.problem = problem;
  }

  within(place) {
    const glue = this.at === "" || this.at[0] === "[" ? "" : ".";
    this.at = place + glue + this.at;
    return this;
  }

  toString() {
    return this.at === "" ? this.problem : `${this.at}: ${this.problem}`;
  }
}

const expected = (what, got) => new Invalid(`expected ${what}, got ${short(got)}`);

/**
 * The value in wire form, or an `Invalid`. `drop` says what becomes of fields that a type doesn't
 * have: they are left out (replies), or make the value invalid (arguments, inputs).
 */
export function normalise(body, type, value, drop) {
  switch (type.kind) {
    case "bool":
      return typeof value === "boolean" ? value : expected("true or false", value);
    case "int":
      return whole(type, value, "a whole number");
    case "duration":
    case "instant":
      return whole(type, value, "a whole number of milliseconds");
    case "decimal": {
      const n = decimal(value, type.scale);
      if (n === undefined) return expected(digits(type.scale), value);
      return bounded(n, type, (n) => decimalText(n, type.scale));
    }
    case "time": {
      const n = typeof value === "string" ? timeSeconds(value) : undefined;
      if (n === undefined) return expected('a time of day as "HH:MM:SS"', value);
      return bounded(n, type, timeText);
    }
    case "date": {
      const n = typeof value === "string" ? dateDays(value) : undefined;
      if (n === undefined) return expected('a date as "YYYY-MM-DD"', value);
      return bounded(n, type, dateText);
    }
    case "string":
      return typeof value === "string" ? string(body, type, value) : expected("a string", value);
    case "enum":
      return variant(body.enums[type.of], value);
    case "record": {
      const record = body.records[type.of];
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return expected(`an object (${record.name})`, value);
      }
      return normaliseFields(body, record.fields, value, drop);
    }
    default:
      return list(body, type, value, drop);
  }
}

/** The fields of an object in wire form, by wire name, or an `Invalid`. */
export function normaliseFields(body, fields, object, drop) {
  if (!drop) {
    let known = 0;
    for (const field of fields) if (Object.hasOwn(object, field.wire)) known++;
    const names = Object.keys(object);
    if (names.length !== known) {
      const isKnown = (name) => fields.some((f) => f.wire === name);
      return new Invalid(`\`${names.sort().find((n) => !isKnown(n))}\` is not known here`);
    }
  }
  const out = {};
  for (const field of fields) {
    const given = get(object, field.wire);
    if ((given === undefined || given === null) && field.optional) continue;
    if (given === undefined) return new Invalid("is missing", field.wire);
    const value = normalise(body, field.type, given, drop);
    if (value instanceof Invalid) return value.within(field.wire);
    put(out, field.wire, value);
  }
  return out;
}

function bounded(n, type, show) {
  if (n < type.min) return new Invalid(`${show(n)} is below ${show(type.min)}`);
  if (n > type.max) return new Invalid(`${show(n)} is above ${show(type.max)}`);
  return show(n);
}

function whole(type, value, what) {
  if (!Number.isSafeInteger(value)) return expected(what, value);
  if (value < type.min) return new Invalid(`${value} is below ${type.min}`);
  if (value > type.max) return new Invalid(`${value} is above ${type.max}`);
  return value;
}

function digits(scale) {
  if (scale === 0) return 'a decimal as a string without a fraction, such as "12"';
  if (scale === 1) return "a decimal as a string with at most 1 fractional digit";
  return `a decimal as a string with at most ${scale} fractional digits`;
}

function decimal(value, scale) {
  if (typeof value === "string") return decimalUnits(value, scale);
  if (!Number.isSafeInteger(value)) return undefined;
  // Beyond 2⁵³ the product may be rounded, but never to less.
  const units = value * 10 ** scale;
  return Math.abs(units) <= MAX ? units : undefined;
}

function string(body, type, text) {
  const n = length(text);
  if (n < type.min || (type.max !== undefined && n > type.max)) {
    const allowed =
      type.max === undefined
        ? `at least ${type.min} are needed`
        : `${type.min} to ${type.max} are allowed`;
    return new Invalid(`the string has ${n} character${n === 1 ? "" : "s"}, but ${allowed}`);
  }
  for (const index of type.automata ?? []) {
    if (classOf(body.automata[index], text) === 0) {
      return new Invalid(`${short(text)} does not match the pattern of its type`);
    }
  }
  return text;
}

function variant(of, value) {
  if (typeof value !== "string") return expected(`a string, one of ${of.name}`, value);
  for (const v of of.variants) if (v.wire === value) return value;
  if (of.other !== undefined) return of.variants[of.other].wire;
  const known = of.variants.map((v) => v.wire).join(", ");
  return expected(`one of ${of.name}: ${known}`, value);
}

function list(body, type, value, drop) {
  if (!Array.isArray(value)) return expected("a list", value);
  const size = value.length;
  if (size < type.min || size > type.max) {
    const s = size === 1 ? "" : "s";
    return new Invalid(
      `the list has ${size} element${s}, but ${type.min} to ${type.max} are allowed`,
    );
  }
  const out = new Array(size);
  for (let i = 0; i < size; i++) {
    const item = normalise(body, type.element, value[i], drop);
    if (item instanceof Invalid) return item.within(`[${i}]`);
    out[i] = item;
  }
  return out;
}

/** Length in Unicode scalar values. */
export function length(text) {
  let n = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) n--;
  return n;
}

const alphabets = new WeakMap();

function alphabet(automaton) {
  let classes = alphabets.get(automaton);
  if (!classes) {
    classes = new Uint16Array(256);
    automaton.alphabet.forEach(([first, of]) => classes.fill(of, first));
    alphabets.set(automaton, classes);
  }
  return classes;
}

/** The class that an automaton gives to a string's UTF-8 bytes. */
export function classOf(automaton, text) {
  const classes = alphabet(automaton);
  const { next, classes: width } = automaton;
  let state = 0;
  for (let i = 0; i < text.length; i++) {
    let c = text.charCodeAt(i);
    if (c < 0x80) {
      state = next[state * width + classes[c]];
      continue;
    }
    if ((c & 0xfc00) === 0xd800) {
      c = 0x10000 + ((c & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff);
      state = next[state * width + classes[0xf0 | (c >> 18)]];
      state = next[state * width + classes[0x80 | ((c >> 12) & 0x3f)]];
    } else if (c >= 0x800) {
      state = next[state * width + classes[0xe0 | (c >> 12)]];
    }
    if (c < 0x800) state = next[state * width + classes[0xc0 | (c >> 6)]];
    else state = next[state * width + classes[0x80 | ((c >> 6) & 0x3f)]];
    state = next[state * width + classes[0x80 | (c & 0x3f)]];
  }
  return automaton.accept[state];
}

/** What gives the number that probes compare, for values of a type; absent ones are 0. */
export function numberOf(body, type) {
  switch (type.kind) {
    case "bool":
      return (v) => (v === true ? 1 : 0);
    case "int":
    case "duration":
    case "instant":
      return (v) => v;
    case "decimal":
      // Also of a value made for another scale.
      return (v) => decimal(v, type.scale) ?? 0;
    case "time":
      return (v) => timeSeconds(v) ?? 0;
    case "date":
      return (v) => dateDays(v) ?? 0;
    default: {
      const of = body.enums[type.of];
      const indices = new Map(of.variants.map((v, i) => [v.wire, i]));
      return (v) => indices.get(v) ?? of.other ?? 0;
    }
  }
}

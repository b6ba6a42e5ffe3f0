// What a JSON document may hold, put together of small checks. Each throws a `Broken`.

import { at, broken } from "./broken.js";

export const text = (v) => typeof v === "string" || broken("a string is expected");
export const flag = (v) => typeof v === "boolean" || broken("true or false is expected");
export const integer = (v) => Number.isSafeInteger(v) || broken("an integer is expected");
export const within = (max) => (v) =>
  (Number.isSafeInteger(v) && v >= 0 && v <= max) || broken(`an integer from 0 to ${max} is expected`);
export const index = within(0xffffffff);
export const count = within(Number.MAX_SAFE_INTEGER);
export const anything = () => true;
export const oneOf =
  (...words) =>
  (v) =>
    words.includes(v) || broken(`one of ${words.join(", ")} is expected`);

export const list = (of) => (v) => {
  if (!Array.isArray(v)) broken("a list is expected");
  v.forEach((item, i) => at(`[${i}]`, () => of(item)));
};
export const pair = (a, b) => (v) => {
  if (!Array.isArray(v) || v.length !== 2) broken("a pair is expected");
  at("[0]", () => a(v[0]));
  at("[1]", () => b(v[1]));
};
export const orNull = (of) => (v) => (v === null ? undefined : of(v));
export const lazy = (of) => (v) => of()(v);

export function isObject(v) {
  return typeof v === "object" && v !== null && !Array.isArray(v);
}

/** An object with numbers for names. */
export const numbered = (of) => (v) => {
  if (!isObject(v)) broken("an object is expected");
  for (const [name, member] of Object.entries(v)) {
    if (!/^(0|[1-9][0-9]{0,9})$/.test(name)) broken(`\`${name}\` is no number`);
    at(name, () => of(member));
  }
};

/** An object with those members, and no others. A `?` marks those that may be left out. */
export const object = (members) => {
  const known = Object.entries(members).map(([written, of]) => {
    const name = written.replace("?", "");
    return { name, of, optional: written !== name };
  });
  const names = new Set(known.map((m) => m.name));
  return (v) => {
    if (!isObject(v)) broken("an object is expected");
    for (const { name, of, optional } of known) {
      if (Object.hasOwn(v, name)) at(name, () => of(v[name]));
      else if (!optional) broken(`\`${name}\` is missing`);
    }
    for (const name of Object.keys(v)) if (!names.has(name)) broken(`\`${name}\` is not known here`);
  };
};

/** An object whose member `kind` says which others it has. */
export const kinds = (shapes) => {
  const known = new Map(
    Object.entries(shapes).map(([kind, members]) => [kind, object({ kind: text, ...members() })]),
  );
  return (v) => {
    const shape = isObject(v) ? known.get(v.kind) : undefined;
    if (!shape) broken(`\`kind\` is none of ${[...known.keys()].join(", ")}`);
    shape(v);
  };
};

/** A member that is left out where it says nothing: `false`, `""`, `[]`. */
export const telling = (of) => (v) => {
  of(v);
  if (v === false || v.length === 0) broken("what says nothing is left out");
};

// The members of a table: which there are, of which kind, which may be left out. What is left out
// has one form only: `null`, `false` and empty lists are not written.

import {
  anything,
  count,
  flag,
  index,
  integer,
  kinds,
  lazy,
  list,
  object,
  oneOf,
  orNull,
  pair,
  telling,
  text,
  within,
} from "./members.js";

const named = { name: text, wire: text, "doc?": text };
const bounds = () => ({ min: integer, max: integer });
const type = kinds({
  bool: () => ({}),
  int: bounds,
  decimal: () => ({ scale: index, ...bounds() }),
  string: () => ({ min: index, "max?": index, "automata?": telling(list(index)) }),
  duration: bounds,
  time: bounds,
  date: bounds,
  instant: bounds,
  enum: () => ({ of: index }),
  record: () => ({ of: index }),
  list: () => ({ element: lazy(() => type), min: index, max: index }),
});
const field = object({ ...named, type, "optional?": telling(flag), "claim?": telling(flag) });
const path = object({ root: lazy(() => root), "fields?": telling(list(text)) });
const root = kinds({
  param: () => ({ index }),
  result: () => ({}),
  input: () => ({ index }),
  fact: () => ({ index, keys: list(path) }),
  element: () => ({}),
  slot: () => ({ index }),
});
const expression = kinds({
  const: () => ({ value: anything }),
  path: () => ({ path }),
  list: () => ({ items: list(lazy(() => expression)) }),
  record: () => ({ fields: list(pair(text, lazy(() => expression))) }),
  template: () => ({
    parts: list(kinds({ text: () => ({ text }), hole: () => ({ path }) })),
  }),
});
const args = list(orNull(expression));
const target = kinds({
  state: () => ({ index }),
  end: () => ({ index }),
  return: () => ({ state: index, outcome: text, "gives?": expression }),
});
const rate = object({ count, per_ms: integer });
const counted = object({ action: index, keys: list(path), "when?": integer });
const edge = object({ event: index, "when?": integer, "to?": target });

const again = kinds({
  never: () => ({}),
  later: () => ({}),
  after_wait: () => ({}),
  after_approval: () => ({}),
  after_action: () => ({ actions: list(index) }),
  other_arguments: () => ({}),
  not_needed: () => ({}),
});
const verdict = object({
  verdict: oneOf("deny", "escalate", "allow"),
  "rule?": index,
  "reason?": telling(text),
  again,
  "instead?": object({ action: index, args }),
});
const action = object({
  ...named,
  integration: index,
  params: list(field),
  "result?": type,
  effect: kinds({
    read: () => ({}),
    write: () => ({
      expendable: flag,
      "idempotent?": object({ by: list(index), "for_ms?": integer }),
    }),
  }),
  timeout_ms: integer,
  failures: list(object({ ...named, kind: oneOf("permanent", "transient", "indeterminate") })),
  "undo?": object({ action: index, args, tolerant: flag }),
  "confirm?": object({
    action: index,
    args,
    "after_ms?": integer,
    lines: list(object({ happened: flag, on: text, "when?": integer, "gives?": expression })),
  }),
  verdicts: list(verdict),
  gate: integer,
  limits: list(object({ limit: index, keys: list(path), "when?": integer })),
});
const probe = kinds({
  value: () => ({ path, type }),
  present: () => ({ path }),
  length: () => ({ path }),
  size: () => ({ path }),
  class: () => ({ path, automaton: index }),
  difference: () => ({
    left: path,
    left_type: type,
    left_factor: integer,
    right: path,
    right_type: type,
    right_factor: integer,
  }),
  equal: () => ({ left: path, right: path }),
  some: () => ({ list: path, when: integer }),
  history: () => ({ history: index }),
  history_difference: () => ({ left: index, right: index }),
  position: () => ({}),
});
const step = kinds({
  do: () => ({ action: index, args, "bind?": index }),
  agent: () => ({
    given: list(pair(text, expression)),
    may: list(index),
    "calls?": count,
    "within_ms?": integer,
    outcomes: list(object({ name: text, "type?": type })),
  }),
  ask: () => ({ role: index, text: expression, type, bind: index, "within_ms?": integer }),
  choose: () => ({ branches: list(object({ when: integer, to: target })), "otherwise?": target }),
  settle: () => ({ action: index, "bind?": index }),
  unwind: () => ({ actions: list(index) }),
  run: () => ({
    scope: index,
    args: list(pair(index, orNull(expression))),
    start: target,
    "bind?": index,
  }),
});
const retry = object({ group: index, count, first_ms: integer, cap_ms: integer });
const handler = object({
  outcome: text,
  "when?": integer,
  "bind?": index,
  "retry?": retry,
  to: target,
});
const flow = object({
  name: text,
  "doc?": text,
  params: list(field),
  first_position: index,
  start: target,
  "once?": object({ by: list(index), for_ms: integer, to: target }),
  "expect?": rate,
  slots: list(object({ name: text, type, scope: index })),
  scopes: list(
    object({
      name: text,
      flow: text,
      "parent?": index,
      "within?": object({ ms: integer, "to?": target }),
      events: list(edge),
    }),
  ),
  states: list(
    object({
      name: text,
      scope: index,
      "doc?": text,
      step,
      "visits?": object({ count, to: target }),
      handlers: list(handler),
      events: list(edge),
    }),
  ),
  ends: list(
    object({
      name: text,
      class: oneOf("success", "fallback", "failure"),
      "gives?": expression,
      "keeps?": telling(list(index)),
      "leaves?": telling(list(index)),
      "doc?": text,
    }),
  ),
});
const body = object({
  policy: text,
  "doc?": text,
  enums: list(object({ name: text, variants: list(object(named)), "other?": index })),
  records: list(object({ name: text, fields: list(field) })),
  automata: list(
    object({
      alphabet: list(pair(within(255), index)),
      classes: index,
      next: list(index),
      accept: list(index),
    }),
  ),
  inputs: list(field),
  roles: list(object(named)),
  events: list(object(named)),
  integrations: list(object({ ...named, "capacity?": rate })),
  actions: list(action),
  facts: list(
    object({
      name: text,
      source: counted,
      type,
      "lifetime_ms?": integer,
      forget: list(object({ action: index, pairs: list(pair(index, index)) })),
    }),
  ),
  rules: list(
    object({
      name: text,
      kind: text,
      "because?": text,
      "doc?": text,
      "role?": index,
      "within_ms?": integer,
    }),
  ),
  limits: list(
    object({ rule: index, count, effects: flag, "per_ms?": integer, counted: list(counted) }),
  ),
  histories: list(
    object({
      asks: oneOf("done", "calls", "effects", "standing", "unsettled"),
      counted: list(counted),
      keys: list(path),
    }),
  ),
  probes: list(probe),
  nodes: list(object({ probe: index, cuts: list(integer), next: list(integer) })),
  flows: list(flow),
});

/** Throws a `Broken` at the first member that the contract doesn't have, or has otherwise. */
export const checkShape = object({
  format: text,
  version: index,
  digest: text,
  sources: list(object({ path: text, digest: text })),
  body,
});

// The members of a session.

import {
  anything,
  count,
  flag,
  index,
  integer,
  isObject,
  kinds,
  list,
  numbered,
  object,
  oneOf,
  orNull,
  text,
} from "./members.js";
import { broken } from "./broken.js";

const values = (v) => isObject(v) || broken("an object is expected");
const point = { at: integer, seq: count };

const call = object({
  id: count,
  action: index,
  args: values,
  ...point,
  effect: count,
  "ended?": orNull(object({ ...point, outcome: text })),
  "result?": anything,
  fate: oneOf("open", "absent", "doubtful", "unsettled", "happened", "undone"),
  "settled?": orNull(object(point)),
  "slots?": list(object({ limit: index, key: text, at: integer })),
});

const approval = object({
  id: text,
  action: index,
  args: values,
  rule: index,
  role: index,
  at: integer,
  "expires_at?": orNull(integer),
  entry: count,
  status: oneOf("pending", "granted", "declined", "expired", "spent", "withdrawn"),
  "calls?": list(count),
});

const stage = kinds({
  next: () => ({}),
  call: () => ({ call: count }),
  approval: () => ({ approval: text }),
});
const several = { stage, of: count, left: list(count) };
const doing = kinds({
  passing: () => ({}),
  wait: () => ({ until: integer }),
  do: () => ({ stage }),
  agent: () => ({
    calls: count,
    "said?": orNull(object({ outcome: text, "value?": anything })),
  }),
  ask: () => ({ text, since: integer }),
  settle: () => ({ ...several, unknown: flag }),
  unwind: () => ({ ...several, failed: flag }),
});

const level = object({
  scope: index,
  since: integer,
  "net?": flag,
  "visits?": numbered(count),
  state: index,
  entry: count,
  entered: integer,
  "args?": values,
  "retries?": numbered(count),
  "happened?": flag,
  doing,
});

const run = object({
  flow: index,
  slots: list(anything),
  entries: count,
  levels: list(level),
  "events?": list(index),
  "waiting?": list(object({ event: index, at: integer })),
  "end?": orNull(object({ end: index, "gives?": anything, at: integer })),
});

export const sessionShape = object({
  format: text,
  version: index,
  table: text,
  id: text,
  revision: count,
  "now?": orNull(integer),
  seq: count,
  calls: list(call),
  approvals: list(approval),
  "run?": orNull(run),
});

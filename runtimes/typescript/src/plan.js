// A table's body made ready to decide: paths, probes and expressions as functions of a scene.
//
// A scene is what a question is about: one proposal, one edge of a flow, one logged call, at one
// moment. Its members are `plan`, `session` (none for a logged call), `now`, `inputs`, `params` with
// `args`, `result`, `slots`, `asOf` and `element`; what is not there is `undefined`.

import { canonical } from "./canonical.js";
import { factValue } from "./facts.js";
import { answer } from "./history.js";
import { get, put, same } from "./json.js";
import { classOf, length, numberOf } from "./value.js";

/** What decides, with functions for what has to be evaluated. */
export function plan(body, digest) {
  const out = { body, digest, nodes: [] };
  const condition = (c) => ({ ...c, keys: c.keys.map((k) => path(body, k)) });
  out.limits = body.limits.map((l) => ({ ...l, counted: l.counted.map(condition) }));
  out.facts = body.facts.map((f) => ({ ...f, source: condition(f.source) }));
  out.histories = body.histories.map((h) => ({
    ...h,
    counted: h.counted.map(condition),
    keys: h.keys.map((k) => path(body, k)),
  }));
  const probes = body.probes.map((p) => probe(body, p));
  out.nodes = body.nodes.map((n) => ({ ask: probes[n.probe], cuts: n.cuts, next: n.next }));
  out.actions = body.actions.map((a, index) => action(body, a, index));
  out.flows = body.flows.map((f) => flow(body, f));
  const names = (list, by) => new Map(list.map((x, i) => [x[by], i]));
  out.actionNames = names(body.actions, "name");
  out.actionWires = names(body.actions, "wire");
  out.flowNames = names(body.flows, "name");
  return out;
}

/** The number of the leaf that a walk ends in. */
export function leaf(plan, scene, start) {
  const { nodes } = plan;
  let at = start;
  while (at >= 0) {
    const { ask, cuts, next } = nodes[at];
    const v = ask(scene);
    let low = 0;
    let high = cuts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cuts[middle] <= v) low = middle + 1;
      else high = middle;
    }
    at = next[low];
  }
  return -at - 1;
}

/** Whether a condition holds; one that isn't there does. */
export function holds(plan, scene, condition) {
  return condition === undefined || leaf(plan, scene, condition) === 1;
}

/** The arguments that expressions make, by wire name. */
export function makeArgs(scene, params, args) {
  const out = {};
  for (let i = 0; i < params.length; i++) {
    const value = args[i]?.(scene);
    if (value !== undefined) put(out, params[i].wire, value);
  }
  return out;
}

/** A value as it stands in a text. */
export function asText(value) {
  return typeof value === "string" ? value : canonical(value);
}

function action(body, a, index) {
  const made = (args) => args.map((e) => e && expression(body, e));
  const out = { ...a, index };
  out.limits = a.limits.map((l) => ({ ...l, keys: l.keys.map((k) => path(body, k)) }));
  out.verdicts = a.verdicts.map((v) =>
    v.instead ? { ...v, instead: { ...v.instead, args: made(v.instead.args) } } : v,
  );
  if (a.undo) out.undo = { ...a.undo, args: made(a.undo.args) };
  if (a.confirm) {
    out.confirm = { ...a.confirm, args: made(a.confirm.args) };
    out.confirm.lines = a.confirm.lines.map((l) => ({
      ...l,
      gives: l.gives && expression(body, l.gives),
    }));
  }
  return out;
}

function flow(body, f) {
  const made = (e) => e && expression(body, e);
  const to = (target) =>
    target?.kind === "return" ? { ...target, gives: made(target.gives) } : target;
  const edges = (list) => list.map((e) => ({ ...e, to: to(e.to) }));
  const out = { ...f, start: to(f.start) };
  if (f.once) out.once = { ...f.once, to: to(f.once.to) };
  out.ends = f.ends.map((e) => ({ ...e, gives: made(e.gives) }));
  out.scopes = f.scopes.map((s) => ({
    ...s,
    events: edges(s.events),
    within: s.within && { ...s.within, to: to(s.within.to) },
  }));
  out.states = f.states.map((s) => ({
    ...s,
    step: step(made, to, s.step),
    visits: s.visits && { ...s.visits, to: to(s.visits.to) },
    handlers: edges(s.handlers),
    events: edges(s.events),
  }));
  return out;
}

function step(made, to, s) {
  switch (s.kind) {
    case "do":
      return { ...s, args: s.args.map(made) };
    case "agent":
      return { ...s, given: s.given.map(([name, e]) => [name, made(e)]) };
    case "ask":
      return { ...s, text: made(s.text) };
    case "choose":
      return {
        ...s,
        branches: s.branches.map((b) => ({ ...b, to: to(b.to) })),
        otherwise: to(s.otherwise),
      };
    case "run":
      return { ...s, args: s.args.map(([slot, e]) => [slot, made(e)]), start: to(s.start) };
    default:
      return s;
  }
}

/** A path: the function that follows it, and what a comparison of keys has to know of it. */
function path(body, { root, fields = [] }) {
  const start = rootOf(body, root);
  let follow = start;
  if (fields.length === 1) {
    const [field] = fields;
    follow = (scene) => {
      const value = start(scene);
      return value === undefined ? undefined : get(value, field);
    };
  } else if (fields.length > 1) {
    follow = (scene) => {
      let value = start(scene);
      for (const field of fields) {
        if (value === undefined) return undefined;
        value = get(value, field);
      }
      return value;
    };
  }
  const whole = fields.length === 0 && (root.kind === "param" || root.kind === "slot");
  return { follow, whole, ofResult: root.kind === "result" };
}

function rootOf(body, root) {
  const { index } = root;
  switch (root.kind) {
    case "param":
      return (scene) => scene.params && get(scene.args, scene.params[index].wire);
    case "result":
      return (scene) => scene.result;
    case "input": {
      const { wire } = body.inputs[index];
      return (scene) => scene.inputs && get(scene.inputs, wire);
    }
    case "fact": {
      const keys = root.keys.map((k) => path(body, k));
      return (scene) => factValue(scene, index, keys);
    }
    case "element":
      return (scene) => scene.element;
    default:
      return (scene) => scene.slots?.[index] ?? undefined;
  }
}

function probe(body, p) {
  const at = (where) => path(body, where).follow;
  switch (p.kind) {
    case "value": {
      const follow = at(p.path);
      const number = numberOf(body, p.type);
      return (scene) => {
        const value = follow(scene);
        return value === undefined ? 0 : number(value);
      };
    }
    case "present": {
      const follow = at(p.path);
      return (scene) => (follow(scene) === undefined ? 0 : 1);
    }
    case "length": {
      const follow = at(p.path);
      return (scene) => length(follow(scene) ?? "");
    }
    case "size": {
      const follow = at(p.path);
      return (scene) => follow(scene)?.length ?? 0;
    }
    case "class": {
      const follow = at(p.path);
      const automaton = body.automata[p.automaton];
      return (scene) => {
        const text = follow(scene);
        return text === undefined ? 0 : classOf(automaton, text);
      };
    }
    case "difference":
      return difference(body, p);
    case "equal": {
      const [left, right] = [at(p.left), at(p.right)];
      return (scene) => {
        const value = left(scene);
        return value !== undefined && same(value, right(scene)) ? 1 : 0;
      };
    }
    case "some": {
      const follow = at(p.list);
      return (scene) => {
        // A `some` asks no other one, so the element has one place in the scene.
        for (const element of follow(scene) ?? []) {
          scene.element = element;
          const found = holds(scene.plan, scene, p.when);
          scene.element = undefined;
          if (found) return 1;
        }
        return 0;
      };
    }
    case "history":
      return (scene) => answer(scene, p.history);
    case "history_difference":
      return (scene) => answer(scene, p.left) - answer(scene, p.right);
    default:
      return position;
  }
}

function difference(body, p) {
  const [left, right] = [path(body, p.left).follow, path(body, p.right).follow];
  const [leftNumber, rightNumber] = [numberOf(body, p.left_type), numberOf(body, p.right_type)];
  const [lf, rf] = [p.left_factor, p.right_factor];
  return (scene) => {
    const l = left(scene);
    if (l === undefined) return 0;
    const r = right(scene);
    if (r === undefined) return 0;
    const [a, b] = [leftNumber(l), rightNumber(r)];
    const [x, y] = [a * lf, b * rf];
    // Exact as long as the products are; cuts compare the same with what is beyond.
    if (Number.isSafeInteger(x) && Number.isSafeInteger(y)) return x - y;
    return Number(BigInt(a) * BigInt(lf) - BigInt(b) * BigInt(rf));
  };
}

function position(scene) {
  const run = scene.session?.run;
  const level = run?.levels[run.levels.length - 1];
  return level ? scene.plan.flows[run.flow].first_position + level.state : 0;
}

/** An expression as a function of a scene. */
function expression(body, e) {
  switch (e.kind) {
    case "const":
      return () => e.value;
    case "path":
      return path(body, e.path).follow;
    case "list": {
      const items = e.items.map((item) => expression(body, item));
      return (scene) => items.map((item) => item(scene)).filter((v) => v !== undefined);
    }
    case "record": {
      const fields = e.fields.map(([name, value]) => [name, expression(body, value)]);
      return (scene) => {
        const out = {};
        for (const [name, value] of fields) {
          const made = value(scene);
          if (made !== undefined) put(out, name, made);
        }
        return out;
      };
    }
    default: {
      const parts = e.parts.map((p) => (p.kind === "text" ? () => p.text : hole(body, p)));
      return (scene) => parts.map((p) => p(scene)).join("");
    }
  }
}

function hole(body, part) {
  const { follow } = path(body, part.path);
  return (scene) => {
    const value = follow(scene);
    return value === undefined ? "" : asText(value);
  };
}

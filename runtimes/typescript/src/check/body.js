// What makes a body a table: every index in range, every path leading to a value of the right type,
// every diagram ending. A runtime that reads a checked body needs no checks of its own.

import { at, broken, each, get, unique } from "./broken.js";
import { checkFlows } from "./flow.js";
import { Scope, Walker, unit } from "./scope.js";
import { checkFields, checkType, checkTypes } from "./types.js";

const KINDS = ["allow", "deny", "require", "escalate", "limit", "order"];

/** Throws a `Broken` at the first fault of a body. */
export function checkBody(body) {
  at("body", () => {
    checkTypes(body);
    checkNodes(body);
    const walker = new Walker(body);
    checkActions(walker);
    checkFlows(walker);
  });
}

/** Children before parents, cuts that ascend, no `some` within a `some`. */
function checkNodes(body) {
  const asksSome = [];
  each(body.nodes, "nodes", (node, index) => {
    const { cuts, next } = node;
    if (next.length !== cuts.length + 1) {
      broken(
        `${cuts.length} cuts need ${cuts.length + 1} branches, but there are ${next.length}`,
      );
    }
    if (cuts.some((cut, i) => i > 0 && cut <= cuts[i - 1])) broken("the cuts don't ascend");
    const meets = (child) => {
      if (child < 0) return false;
      if (child >= index) broken(`node ${child} does not come before node ${index}`);
      return asksSome[child];
    };
    let some = next.map(meets).some(Boolean);
    const probe = get(body.probes, node.probe, "probe");
    if (probe.kind === "some") {
      if (meets(probe.when)) broken("a `some` asks another `some`");
      some = true;
    }
    asksSome.push(some);
  });
}

function checkActions(walker) {
  const { body } = walker;
  unique(body.actions, "name", "action");
  unique(body.actions, "wire", "action");
  unique(body.facts, "name", "fact");
  unique(body.rules, "name", "rule");
  each(body.rules, "rules", (r) => rule(body, r));
  each(body.actions, "actions", (a) => signature(body, a));
  each(body.facts, "facts", (f) => fact(walker, f));
  each(body.limits, "limits", (l) => limit(walker, l));
  each(body.histories, "histories", (h) =>
    each(h.counted, "counted", (c) => walker.counted(c)),
  );
  each(body.actions, "actions", (a) => gate(walker, a));
}

function rule(body, r) {
  if (!KINDS.includes(r.kind)) broken(`\`${r.kind}\` is no kind of rule`);
  if ((r.kind === "escalate") !== (r.role !== undefined)) {
    broken("an escalation has a role, no other rule has one");
  }
  if (r.within_ms <= 0) broken("the window must be positive");
  if (r.role !== undefined) get(body.roles, r.role, "role");
}

function signature(body, a) {
  get(body.integrations, a.integration, "integration");
  at("params", () => checkFields(body, a.params));
  if (a.result) at("result", () => checkType(body, a.result));
  if (a.timeout_ms <= 0) broken("the timeout must be positive");
  unique(a.failures, "name", "failure");
  unique(a.failures, "wire", "failure");
  const { idempotent } = a.effect;
  if (idempotent) {
    if (idempotent.for_ms <= 0) broken("the key must be remembered for some time");
    each(idempotent.by, "idempotent.by", (p) => get(a.params, p, "parameter"));
  }
}

function fact(walker, f) {
  const { body } = walker;
  at("type", () => checkType(body, f.type));
  if (f.lifetime_ms <= 0) broken("the fact must live for some time");
  at("source", () => walker.counted(f.source));
  const { result } = body.actions[f.source.action];
  if (!result || JSON.stringify(sorted(result)) !== JSON.stringify(sorted(f.type))) {
    broken("the fact is of another type than its source's reply");
  }
  each(f.forget, "forget", ({ action, pairs }) => {
    const write = get(body.actions, action, "action");
    if (write.effect.kind !== "write") broken("only a write makes a fact forgotten");
    const call = walker.call(f.source);
    for (const [part, param] of pairs) {
      const known = call.path(get(f.source.keys, part, "part of the key"));
      if (unit(known) !== unit(get(write.params, param, "parameter").type)) {
        broken("a pair compares different types");
      }
    }
  });
}

/** A type with its members in one order. */
function sorted(type) {
  const names = Object.keys(type).sort();
  return names.map((n) => [n, n === "element" ? sorted(type[n]) : type[n]]);
}

function limit(walker, l) {
  const of = get(walker.body.rules, l.rule, "rule");
  if (of.kind !== "limit") broken(`rule \`${of.name}\` is no limit`);
  if (l.per_ms <= 0) broken("the window must be positive");
  each(l.counted, "counted", (c) => {
    if (c.keys.length !== l.counted[0].keys.length) broken("the keys have different lengths");
    walker.counted(c);
  });
}

function gate(walker, a) {
  const { body } = walker;
  const scope = new Scope(body, { params: a.params, session: true });
  each(a.verdicts, "verdicts", (v) => verdict(scope, v));
  at("gate", () => walker.diagram(scope, new Set(), a.gate, a.verdicts.length));
  const call = new Scope(body, { params: a.params });
  const seen = new Set();
  each(a.limits, "limits", (l) => {
    for (const counted of get(body.limits, l.limit, "limit").counted) {
      call.keys(l.keys, walker.call(counted), counted.keys);
    }
    walker.condition(call, seen, l.when);
  });
  if (a.undo) {
    at("undo", () => {
      const scope = new Scope(body, { params: a.params, result: a.result });
      scope.args(a.undo.args, get(body.actions, a.undo.action, "action").params);
    });
  }
  if (a.confirm) at("confirm", () => confirm(walker, a, call));
}

function verdict(scope, v) {
  const { body } = scope;
  const rule = v.rule === undefined ? undefined : get(body.rules, v.rule, "rule");
  if (v.verdict === "escalate" && rule?.role === undefined) {
    broken("an escalation needs a rule with a role");
  }
  each(v.again.actions ?? [], "again", (a) => get(body.actions, a, "action"));
  if (v.instead) {
    const { params } = get(body.actions, v.instead.action, "action");
    at("instead", () => scope.args(v.instead.args, params));
  }
}

function confirm(walker, a, asked) {
  const { body } = walker;
  const by = get(body.actions, a.confirm.action, "action");
  asked.args(a.confirm.args, by.params);
  if (a.confirm.after_ms < 0) broken("`after_ms` is negative");
  each(a.confirm.lines, "lines", (line) => {
    if (line.on !== "ok" && !by.failures.some((f) => f.name === line.on)) {
      broken(`\`${by.name}\` has no outcome \`${line.on}\``);
    }
    const result = line.on === "ok" ? by.result : undefined;
    const answered = new Scope(body, { params: a.params, result });
    walker.condition(answered, new Set(), line.when);
    if (!line.gives) return;
    if (!a.result || !line.happened) {
      broken("the line gives a value where there is no result to give");
    }
    answered.expression(line.gives, a.result);
  });
}

// What a path may start from, the type that it leads to, and walks of diagrams in such a scope.

import { canonical } from "../canonical.js";
import { Invalid, normalise } from "../value.js";
import { at, broken, each, get } from "./broken.js";

/** The kind and unit of a type, as a word: what decides whether two values compare. */
export function unit(type) {
  switch (type.kind) {
    case "decimal":
      return `decimal ${type.scale}`;
    case "enum":
    case "record":
      return `${type.kind} ${type.of}`;
    default:
      return type.kind;
  }
}

const compound = (type) => type.kind === "record" || type.kind === "list";
const isNumber = (type) => type.kind !== "string" && !compound(type);

/** The roots that exist at some place of a table. */
export class Scope {
  constructor(body, { params, result, element, slots, session = false }) {
    Object.assign(this, { body, params, result, element, slots, session });
  }

  /** The type that a path leads to. */
  path({ root, fields = [] }) {
    let type = this.#root(root);
    for (const name of fields) {
      if (type.kind !== "record") broken(`\`${name}\` is asked of what is no record`);
      const record = get(this.body.records, type.of, "record");
      const field = record.fields.find((f) => f.wire === name);
      if (!field) broken(`\`${record.name}\` has no field \`${name}\``);
      type = field.type;
    }
    return type;
  }

  #root({ kind, index, keys }) {
    const { body } = this;
    switch (kind) {
      case "param":
        return get(this.params ?? broken("there are no parameters here"), index, "parameter").type;
      case "result":
        return this.result ?? broken("there is no result here");
      case "element":
        return this.element ?? broken("there is no element here");
      case "slot":
        return get(this.slots ?? broken("there are no slots here"), index, "slot").type;
      case "input":
        this.inSession();
        return get(body.inputs, index, "input").type;
      default: {
        this.inSession();
        const { source, type } = get(body.facts, index, "fact");
        const { params, result } = get(body.actions, source.action, "action");
        at("keys", () => this.keys(keys, new Scope(body, { params, result }), source.keys));
        return type;
      }
    }
  }

  inSession() {
    if (!this.session) broken("there is no session to ask here");
  }

  /** The key in this scope fits the one in the other, part by part. */
  keys(keys, other, theirs) {
    if (keys.length !== theirs.length) {
      broken(`a key of ${theirs.length} parts is looked up with ${keys.length}`);
    }
    keys.forEach((mine, i) => {
      const their = theirs[i];
      if (mine.root.kind === "fact" || their.root.kind === "fact") {
        broken(`part ${i} of the key is a fact`);
      }
      const type = this.path(mine);
      if (unit(type) !== unit(other.path(their)) || compound(type)) {
        broken(`part ${i} of the key compares different types`);
      }
    });
  }

  /** An expression for a value of that type; of one that is not written down without. */
  expression(e, type) {
    switch (e.kind) {
      case "const":
        if (type) this.#constant(e.value, type);
        return;
      case "path": {
        const found = this.path(e.path);
        if (!type || unit(found) === unit(type)) return;
        const scale = found.kind === "decimal" ? found.scale : found.kind === "int" ? 0 : Infinity;
        if (type.kind !== "decimal" || scale > type.scale) broken("the value is of another type");
        return;
      }
      case "list":
        if (type && type.kind !== "list") break;
        each(e.items, "items", (item) => this.expression(item, type?.element));
        return;
      case "record":
        if (type && type.kind !== "record") break;
        for (const [name, value] of e.fields) this.#field(name, value, type);
        return;
      default:
        if (type && type.kind !== "string") break;
        each(e.parts, "parts", (part) => part.kind === "hole" && this.path(part.path));
        return;
    }
    broken("the expression is of another type");
  }

  #constant(value, type) {
    const normal = normalise(this.body, type, value, false);
    if (normal instanceof Invalid) broken(String(normal));
    // A constant is already in wire form.
    const [is, should] = [canonical(value), canonical(normal)];
    if (is !== should) broken(`${is} should be written ${should}`);
  }

  #field(name, value, type) {
    let of;
    if (type) {
      const record = get(this.body.records, type.of, "record");
      of = record.fields.find((f) => f.wire === name)?.type;
      if (!of) broken(`\`${record.name}\` has no field \`${name}\``);
    }
    at(name, () => this.expression(value, of));
  }

  /** One argument per parameter, the required ones given. */
  args(args, params) {
    if (args.length !== params.length) {
      broken(`${params.length} parameters are given ${args.length} arguments`);
    }
    params.forEach((param, i) => {
      if (args[i] !== null) at(param.name, () => this.expression(args[i], param.type));
      else if (!param.optional) broken(`\`${param.name}\` is not given`);
    });
  }
}

/** How many visits of nodes a check may make. */
const VISITS = 50_000_000;
const FACTOR = 1e15;

/** Walks diagrams in their scopes. */
export class Walker {
  #visits = 0;

  constructor(body) {
    this.body = body;
  }

  /** A condition, if there is one: its leaves are 0 and 1. */
  condition(scope, seen, start) {
    if (start !== undefined) this.diagram(scope, seen, start, 2);
  }

  /** A diagram whose leaves are below `leaves`. `seen` serves one scope and one number of leaves. */
  diagram(scope, seen, start, leaves) {
    const open = [start];
    while (open.length > 0) {
      const ref = open.pop();
      if (ref < 0) {
        if (-ref - 1 >= leaves) broken(`${ref} is neither a node nor one of ${leaves} leaves`);
        continue;
      }
      if (seen.has(ref)) continue;
      seen.add(ref);
      if (++this.#visits > VISITS) broken("the table takes too long to check");
      const node = get(this.body.nodes, ref, "node");
      const probe = get(this.body.probes, node.probe, "probe");
      at(`probes[${node.probe}]`, () => this.#probe(scope, probe));
      for (const next of node.next) open.push(next);
    }
  }

  #probe(scope, p) {
    const numeric = (path, type) => {
      if (unit(scope.path(path)) !== unit(type) || !isNumber(type)) {
        broken("the path leads to another type");
      }
    };
    switch (p.kind) {
      case "value":
        return numeric(p.path, p.type);
      case "present":
        return scope.path(p.path);
      case "length":
        return isString(scope, p.path);
      case "class":
        get(this.body.automata, p.automaton, "automaton");
        return isString(scope, p.path);
      case "size":
        return elementOf(scope, p.path);
      case "difference":
        numeric(p.left, p.left_type);
        numeric(p.right, p.right_type);
        for (const factor of [p.left_factor, p.right_factor]) {
          if (factor < 1 || factor > FACTOR) broken(`${factor} is no factor`);
        }
        return undefined;
      case "equal": {
        const left = scope.path(p.left);
        if (compound(left) || unit(left) !== unit(scope.path(p.right))) {
          broken("the values don't compare");
        }
        return undefined;
      }
      case "some": {
        const element = elementOf(scope, p.list);
        return this.condition(new Scope(this.body, { ...scope, element }), new Set(), p.when);
      }
      case "history":
        return this.#history(scope, p.history);
      case "history_difference":
        this.#history(scope, p.left);
        return this.#history(scope, p.right);
      default:
        return scope.inSession();
    }
  }

  #history(scope, index) {
    scope.inSession();
    const history = get(this.body.histories, index, "history");
    at(`histories[${index}]`, () =>
      each(history.counted, "counted", (c) => scope.keys(history.keys, this.call(c), c.keys)),
    );
  }

  /** The scope of a counted call. */
  call(counted) {
    const { params, result } = get(this.body.actions, counted.action, "action");
    return new Scope(this.body, { params, result });
  }

  /** Counted calls: their own conditions and keys. */
  counted(counted) {
    const call = this.call(counted);
    each(counted.keys, "keys", (key) => call.path(key));
    at("when", () => this.condition(call, new Set(), counted.when));
  }
}

function isString(scope, path) {
  if (scope.path(path).kind !== "string") broken("the path doesn't lead to a string");
}

function elementOf(scope, path) {
  const type = scope.path(path);
  return type.kind === "list" ? type.element : broken("the path doesn't lead to a list");
}

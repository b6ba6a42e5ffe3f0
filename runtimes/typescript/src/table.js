// Tables. A `Table` in hand is a verified one: nothing that reads it needs to check an index, a path
// or a type again.

import { canonical } from "./canonical.js";
import { checkBody } from "./check/body.js";
import { checkShape } from "./check/shape.js";
import { Broken } from "./check/broken.js";
import { NotJson, Odd, parse } from "./json.js";
import { plan } from "./plan.js";
import { digest } from "./sha256.js";

/** The largest table that is read, in bytes. */
const SIZE = 256 * 2 ** 20;

/** Why some bytes are no table. `kind` is `size`, `json`, `format`, `version`, `digest` or `body`. */
export class TableError extends Error {
  constructor(kind, message) {
    super(message);
    this.name = "TableError";
    this.kind = kind;
  }
}

/** A verified table. */
export class Table {
  #document;
  #plan;

  constructor(document) {
    this.#document = document;
    this.#plan = plan(document.body, document.digest);
  }

  /** Reads a table from text or bytes and verifies all of it. */
  static read(source) {
    return new Table(read(source));
  }

  /** Takes in a table that something else has parsed, such as a bundler. */
  static fromDocument(document) {
    return Table.read(JSON.stringify(document));
  }

  /** `sha256:` and the hex digest of the body. */
  get digest() {
    return this.#document.digest;
  }

  /** The policy's name. */
  get policy() {
    return this.#document.body.policy;
  }

  /** Everything that decides, as docs/table.md describes it. Not to be changed. */
  get body() {
    return this.#document.body;
  }

  /** For the runtime. */
  static plan(table) {
    return table.#plan;
  }
}

export const planOf = (table) => Table.plan(table);

function read(source) {
  if (source.length > SIZE) {
    throw new TableError(
      "size",
      `the table is too large: ${source.length} bytes, where ${SIZE} are read at most; split the policy`,
    );
  }
  let document;
  try {
    document = parse(source, { odd: true });
  } catch (problem) {
    if (!(problem instanceof NotJson)) throw problem;
    const message = `this is not a table: ${problem.message}; tables are made with \`failway compile\``;
    throw new TableError("json", message);
  }
  if (document?.format !== "failway.table") {
    throw new TableError(
      "format",
      'this is JSON, but not a table: `format` is not "failway.table"; tables are made with ' +
        "`failway compile`",
    );
  }
  if (document.version !== 1) {
    throw new TableError(
      "version",
      "this table has another version than 1, which this program reads; compile the sources again " +
        "with a compiler that writes it",
    );
  }
  const { body = null } = document;
  if (hasOdd(body)) {
    throw brokenTable("body", "it holds a number that is not an integer within ±(2^53 − 1)");
  }
  const actual = digest(canonical(body));
  if (document.digest !== actual) {
    throw new TableError(
      "digest",
      `this table was changed after it was compiled: it claims to be ${document.digest}, but its body ` +
        `is ${actual}; compile the sources again`,
    );
  }
  try {
    checkShape(document);
    checkBody(body);
  } catch (problem) {
    if (!(problem instanceof Broken)) throw problem;
    throw brokenTable(problem.at, problem.message);
  }
  return document;
}

function brokenTable(at, problem) {
  return new TableError(
    "body",
    `this table is broken at \`${at}\`: ${problem}; compile the sources again`,
  );
}

function hasOdd(value) {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Odd) return true;
  return (Array.isArray(value) ? value : Object.values(value)).some(hasOdd);
}

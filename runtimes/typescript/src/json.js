// JSON read strictly: no name twice in one object, no half characters, no more than so many levels.
// `JSON.parse` can't tell, and neither can it tell `1.0` from `1`.

import { isTorn } from "./canonical.js";

/** How deep a document may nest. */
const LEVELS = 127;

/** A number that isn't written as an integer within ±(2⁵³−1). */
export class Odd {
  constructor(text) {
    this.text = text;
  }
}

/** Why a text is no JSON. */
export class NotJson extends Error {}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one document from a string or from UTF-8 bytes. With `odd`, numbers that aren't plain
 * integers are given as `Odd`, else as numbers.
 */
export function parse(source, { odd = false } = {}) {
  let text = source;
  if (typeof source !== "string") {
    try {
      text = decoder.decode(source);
    } catch {
      throw new NotJson("it is not UTF-8");
    }
  } else if (isTorn(source)) {
    throw new NotJson("it holds half a character");
  }
  return new Reader(text, odd).document();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
// Anything up to the next quote, escape or control character.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

class Reader {
  constructor(text, odd) {
    this.text = text;
    this.odd = odd;
    this.at = 0;
    this.level = 0;
  }

  document() {
    const value = this.value();
    this.blanks();
    if (this.at < this.text.length) this.fail("something follows the document");
    return value;
  }

  fail(problem) {
    throw new NotJson(`${problem}, at character ${this.at}`);
  }

  blanks() {
    for (;;) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.at++;
    }
  }

  value() {
    this.blanks();
    switch (this.text[this.at]) {
      case "{":
        return this.object();
      case "[":
        return this.array();
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  word(word, value) {
    if (!this.text.startsWith(word, this.at)) this.fail("a value is expected");
    this.at += word.length;
    return value;
  }

  number() {
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text);
    if (!found) this.fail("a value is expected");
    this.at += found[0].length;
    const number = Number(found[0]);
    if (!Number.isFinite(number)) this.fail("a number is out of range");
    if (!this.odd) return Object.is(number, -0) ? 0 : number;
    const plain = found[1] === undefined && found[2] === undefined && Number.isSafeInteger(number);
    return plain && !Object.is(number, -0) ? number : new Odd(found[0]);
  }

  string() {
    this.at++;
    let out = "";
    for (;;) {
      PLAIN.lastIndex = this.at;
      const plain = PLAIN.exec(this.text)[0];
      out += plain;
      this.at += plain.length;
      const c = this.text[this.at++];
      if (c === '"') break;
      if (c !== "\\") this.fail("a string is not closed, or holds a control character");
      const escape = this.text[this.at++];
      if (escape === "u") out += this.unit();
      else if (escape !== undefined && Object.hasOwn(ESCAPES, escape)) out += ESCAPES[escape];
      else this.fail("there is no such escape");
    }
    if (isTorn(out)) this.fail("a string holds half a character");
    return out;
  }

  unit() {
    const digits = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("four hex digits belong after \\u");
    this.at += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }

  enter() {
    this.at++;
    if (++this.level > LEVELS) this.fail("it nests too deep");
    this.blanks();
  }

  array() {
    this.enter();
    const out = [];
    if (this.text[this.at] !== "]") {
      for (;;) {
        out.push(this.value());
        this.blanks();
        if (this.text[this.at] !== ",") break;
        this.at++;
      }
      if (this.text[this.at] !== "]") this.fail("a list is not closed");
    }
    this.at++;
    this.level--;
    return out;
  }

  object() {
    this.enter();
    const out = {};
    if (this.text[this.at] !== "}") {
      for (;;) {
        this.blanks();
        if (this.text[this.at] !== '"') this.fail("a name is expected");
        const name = this.string();
        if (Object.hasOwn(out, name)) this.fail(`the name ${JSON.stringify(name)} stands twice`);
        this.blanks();
        if (this.text[this.at] !== ":") this.fail("a colon belongs after a name");
        this.at++;
        put(out, name, this.value());
        this.blanks();
        if (this.text[this.at] !== ",") break;
        this.at++;
      }
      if (this.text[this.at] !== "}") this.fail("an object is not closed");
    }
    this.at++;
    this.level--;
    return out;
  }
}

/** Sets an object's own member, whatever it is called. */
export function put(object, name, value) {
  if (name === "__proto__") {
    Object.defineProperty(object, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    object[name] = value;
  }
}

/** An object's own member, or `undefined`. */
export function get(object, name) {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether two plain JSON values are equal. */
export function same(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => same(item, b[i]));
  }
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
}

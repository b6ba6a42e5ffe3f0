// Canonical JSON (RFC 8785): what digests and records are made of.

/** The canonical text of a plain JSON value. Members that are `undefined` are left out. */
export function canonical(value) {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Object.is(value, -0) ? "0" : String(value);
    case "boolean":
      return value ? "true" : "false";
    default:
  }
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) {
    let out = "[";
    for (let i = 0; i < value.length; i++) out += (i ? "," : "") + canonical(value[i]);
    return out + "]";
  }
  // The default order of strings is that of their UTF-16 code units.
  const names = Object.keys(value).sort();
  let out = "{";
  for (const name of names) {
    const member = value[name];
    if (member === undefined) continue;
    if (out.length > 1) out += ",";
    out += JSON.stringify(name) + ":" + canonical(member);
  }
  return out + "}";
}

/** A value as it may stand in a message: short, whatever came in. */
export function short(value) {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = canonical(value);
  if (text.length <= 40) return text;
  const characters = Array.from(text);
  return characters.length > 40 ? characters.slice(0, 40).join("") + "…" : text;
}

/** Whether a string holds half a character, which has no form in UTF-8. */
export function isTorn(text) {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c & 0xf800) !== 0xd800) continue;
    // A first half, and a second one behind it.
    if (c >= 0xdc00 || (text.charCodeAt(++i) & 0xfc00) !== 0xdc00) return true;
  }
  return false;
}

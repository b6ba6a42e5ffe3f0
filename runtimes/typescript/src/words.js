// Words for people and models.

const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1_000, "s"],
  [1, "ms"],
];

/** A duration as a policy writes it, in at most two units: `3m 20s`. */
export function duration(ms) {
  let rest = Math.max(ms, 0);
  const first = UNITS.findIndex(([size]) => rest >= size);
  if (first < 0) return "0s";
  const parts = [];
  for (const [size, unit] of UNITS.slice(first, first + 2)) {
    if (rest >= size) {
      parts.push(`${Math.floor(rest / size)}${unit}`);
      rest %= size;
    }
  }
  return parts.join(" ");
}

/** `a`, `a or b`, `a, b or c`. */
export function either(names) {
  if (names.length < 2) return names[0] ?? "nothing";
  return `${names.slice(0, -1).join(", ")} or ${names[names.length - 1]}`;
}

// Where a table is broken and how.

export class Broken extends Error {
  constructor(problem, at = "") {
    super(problem);
    /** Such as `body.actions[3].gate`. */
    this.at = at;
  }
}

export function broken(problem) {
  throw new Broken(problem);
}

/** Runs a check, with a place put before that of a fault. */
export function at(place, check) {
  try {
    return check();
  } catch (fault) {
    if (fault instanceof Broken) {
      const glue = fault.at === "" || fault.at.startsWith("[") ? "" : ".";
      fault.at = place + glue + fault.at;
    }
    throw fault;
  }
}

/** Runs a check over a list, with the element's index in the place of a fault. */
export function each(list, name, check) {
  list.forEach((element, i) => at(`${name}[${i}]`, () => check(element, i)));
}

/** The element with that index. */
export function get(list, index, what) {
  if (index >= list.length) broken(`there is no ${what} ${index}`);
  return list[index];
}

/** No name stands twice. */
export function unique(list, by, what) {
  const seen = new Set();
  for (const element of list) {
    if (seen.has(element[by])) broken(`two ${what}s are called \`${element[by]}\``);
    seen.add(element[by]);
  }
}

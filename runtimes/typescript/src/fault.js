// Faults: why a step is refused. A refused step moves nothing.

/** Why a step, a session or a replay is refused. The session stays as it was. */
export class Fault extends Error {
  constructor(code, message) {
    super(message);
    this.name = "Fault";
    /** A short fixed name: see docs/runtime.md, "Faults". */
    this.code = code;
  }
}

/** The table or the session contradicts itself. */
export function broken(problem) {
  return new Fault("broken", `the table or the session is broken: ${problem}`);
}

/** The session is none, or was tampered with. */
export function badSession(at, problem) {
  const place = at === "" ? "" : `\`${at}\`: `;
  return new Fault(
    "bad_session",
    `this is not a session that can be continued: ${place}${problem}`,
  );
}

/** The session belongs to another table. */
export function wrongTable(session, table) {
  return new Fault(
    "wrong_table",
    `this session belongs to table ${session}, but the table in hand is ${table}: load the table ` +
      "that the session was started with",
  );
}

/** What came in is no request. */
export function badRequest(problem) {
  return new Fault("request", `this is no request: ${problem}`);
}

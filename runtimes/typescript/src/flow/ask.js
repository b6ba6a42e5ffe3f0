// `ask`: a person is asked.

import { catchUp } from "../clock.js";
import { Fault } from "../fault.js";
import { Invalid, normalise } from "../value.js";
import { drive } from "./flow.js";

/** The person's answer, or the lack of one. */
export function askReplied(e, entry, outcome, value) {
  if (!["answered", "no_answer", "unclear", "unreachable"].includes(outcome)) {
    throw new Fault(
      "outcome",
      `\`${outcome}\` cannot be reported here; known are answered, no_answer, unclear and unreachable`,
    );
  }
  if (!personAsked(e, entry)) {
    throw new Fault(
      "not_asked",
      `no ask with number ${entry} is waited for: the flow has gone on, or has not come there`,
    );
  }
  catchUp(e);
  if (!personAsked(e, entry)) {
    e.trace.push({ what: "late" });
    return;
  }
  if (outcome !== "answered") {
    drive(e, { outcome, value: undefined });
    return;
  }
  const answer = normalise(e.body, e.here.step.type, value ?? null, true);
  // An answer that is none of those asked for is unclear.
  if (answer instanceof Invalid) drive(e, { outcome: "unclear", value: undefined });
  else drive(e, { outcome, value: answer });
}

function personAsked(e, entry) {
  const level = e.top();
  return level?.entry === entry && level.doing.kind === "ask";
}

// `agent`: the AI acts inside bounds, until it reports an outcome or the bounds are reached.

import { catchUp } from "../clock.js";
import { Fault } from "../fault.js";
import { inFlight } from "../history.js";
import { Invalid, normalise } from "../value.js";
import { drive } from "./flow.js";

/** The agent that is being asked, if one is. */
function asked(e) {
  const level = e.top();
  const { run } = e.s;
  if (level?.doing.kind !== "agent" || level.doing.said || run.waiting.length > 0) return undefined;
  return level.doing;
}

/** Whether an agent is being asked that has no proposal left. */
export function agentSpent(e) {
  const doing = asked(e);
  const budget = doing && e.here.step.calls;
  return budget !== undefined && doing.calls >= budget;
}

/** Counts a proposal, whatever its verdict will be; tells whether the agent had none left. */
export function countProposal(e) {
  if (agentSpent(e)) return true;
  const doing = asked(e);
  if (doing) doing.calls += 1;
  return false;
}

/** The agent has asked for more than its bounds allow. */
export function agentExhausted(e) {
  agentSaid(e, "exhausted", undefined);
}

/** The agent reports an outcome. */
export function agentReplied(e, entry, outcome, value) {
  if (!agentAsked(e, entry)) {
    throw new Fault(
      "not_asked",
      `no agent with number ${entry} is waited for: the flow has gone on, or has not come there`,
    );
  }
  catchUp(e);
  if (!agentAsked(e, entry)) {
    e.trace.push({ what: "late" });
    return;
  }
  const declared = e.here.step.outcomes.find((o) => o.name === outcome);
  if (!declared) {
    const known = outcome === "stuck" || outcome === "exhausted" || outcome === "malformed";
    agentSaid(e, known ? outcome : "malformed", undefined);
  } else if (!declared.type) {
    agentSaid(e, outcome, undefined);
  } else {
    const said = normalise(e.body, declared.type, value ?? null, true);
    if (said instanceof Invalid) agentSaid(e, "malformed", undefined);
    else agentSaid(e, outcome, said);
  }
}

/** Takes the outcome, once no call is in flight. */
function agentSaid(e, outcome, value) {
  if (!e.s.calls.some(inFlight)) drive(e, { outcome, value });
  else e.top().doing.said = { outcome, value };
}

/** Whether the agent of that entry is asked, and has said nothing yet. */
function agentAsked(e, entry) {
  const level = e.top();
  return level?.entry === entry && level.doing.kind === "agent" && !level.doing.said;
}

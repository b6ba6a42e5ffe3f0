// Approvals: asked of a role for one proposal, used once, and only while the clock allows.

import { canonical } from "./canonical.js";
import { catchUp } from "./clock.js";
import { Fault } from "./fault.js";
import { drive } from "./flow/flow.js";
import { proposedInStep, stepRefused } from "./flow/step.js";
import { submit } from "./gate.js";
import { inFlight } from "./history.js";
import { same } from "./json.js";
import { later } from "./scalar.js";
import { sha256 } from "./sha256.js";

const entryOf = (e) => e.top()?.entry ?? 0;

/** Asks the rule's role, unless the same question is open already. */
export function askApproval(e, action, args, ruleIndex) {
  const rule = e.body.rules[ruleIndex];
  const role = e.body.roles[rule.role];
  const entry = entryOf(e);
  const open = e.s.approvals.find(
    (a) =>
      a.status === "pending" &&
      a.action === action.index &&
      a.rule === ruleIndex &&
      a.entry === entry &&
      same(a.args, args),
  );
  if (open) return { approval: open.id };
  const bound = {
    table: e.s.table,
    session: e.s.id,
    number: e.s.approvals.length,
    action: action.name,
    args,
    rule: rule.name,
    role: role.name,
  };
  const id = sha256(canonical(bound)).slice(0, 32);
  const expires = rule.within_ms === undefined ? undefined : later(e.now, rule.within_ms);
  e.s.approvals.push({
    id,
    action: action.index,
    args,
    rule: ruleIndex,
    role: rule.role,
    at: e.now,
    expires_at: expires,
    entry,
    status: "pending",
    calls: [],
  });
  const traced = {
    what: "approval_asked",
    approval: id,
    action: action.name,
    rule: rule.name,
    role: role.name,
    expires_at: expires,
  };
  return { approval: id, traced };
}

/** The granted approval that covers a proposal: its first call, or a retry of that call. */
export function covering(e, action, args, rule) {
  const entry = entryOf(e);
  return e.s.approvals.find((a) => {
    if (a.status !== "granted" || a.action !== action || a.rule !== rule) return false;
    if (a.entry !== entry || !same(a.args, args)) return false;
    if (a.expires_at !== undefined && e.now >= a.expires_at) return false;
    const last = e.call(a.calls[a.calls.length - 1]);
    return !last || !inFlight(last);
  });
}

/** A role has answered. */
export function approved(e, id, granted) {
  const approval = e.s.approvals.find((a) => a.id === id);
  if (approval?.status !== "pending") {
    throw new Fault(
      "no_approval",
      approval
        ? `approval \`${id}\` no longer waits: it is ${approval.status}`
        : `the session has no approval \`${id}\``,
    );
  }
  catchUp(e);
  if (approval.status !== "pending") {
    e.trace.push({ what: "late" });
    return;
  }
  if (!granted) {
    closeApproval(e, approval, "declined");
    return;
  }
  mark(e, approval, "granted");
  const inStep = stepWaitsFor(e, id);
  const submitted = submit(e, approval.action, approval.args, !inStep);
  e.verdict = submitted.decision;
  if (submitted.called === undefined) approval.status = "spent";
  // It was granted for this call, even if the call no longer needs it.
  else if (approval.calls.length === 0) approval.calls.push(submitted.called);
  if (inStep) drive(e, proposedInStep(e, submitted));
}

/** Ends a pending approval that was not granted, and lets the state that waits for it go on. */
export function closeApproval(e, approval, status) {
  mark(e, approval, status);
  if (stepWaitsFor(e, approval.id)) drive(e, stepRefused(e, status));
}

function mark(e, approval, status) {
  approval.status = status;
  e.trace.push({ what: "approval", approval: approval.id, status });
}

/** The flow leaves a state: what it asked for is no longer needed. */
export function withdrawApprovals(e) {
  for (const a of e.s.approvals) if (a.status === "pending") mark(e, a, "withdrawn");
}

/** A call has succeeded: the approval that covered it is used up. */
export function spendApproval(e, call) {
  for (const a of e.s.approvals) {
    if (a.status === "granted" && a.calls.includes(call)) a.status = "spent";
  }
}

function stepWaitsFor(e, id) {
  const stage = e.top()?.doing.stage;
  return stage?.kind === "approval" && stage.approval === id;
}

"""The gate: one proposal, one verdict; the limits; and the approvals that escalations ask for."""

from __future__ import annotations

from typing import Any, Mapping

from .counters import NEVER, Want
from .documents import NUMBER_MAX, canonical, digest, later
from .faults import Fault
from .log import counts_against
from .scenes import Scene
from .session import find_call, in_flight, is_effect, is_root, top
from .table import Action, LimitUse
from .values import Invalid
from .verdicts import Decision, deny
from .words import duration, either

Submitted = "tuple[str, Any]"
"""What a proposal came to: `called` and the call, `waiting` and the approval, `refused` and the verdict."""


class Gate:
    """The part of a step that decides proposals."""

    def submit(self: Any, action: Action, args: Any, outside: bool) -> tuple[Any, Decision]:
        """Decides a proposal and does what follows: admits the call, or asks for approval."""
        decision, args, then = self._rule_on(action, args, outside)
        if then is None:
            self._decided(action.name, args, decision)
            return ("refused", decision.verdict), decision
        if then[0] == "ask":
            approval, asked = self._ask_approval(action, args, then[1])
            decision.approval = approval
            self._decided(action.name, args, decision)
            if asked is not None:
                self.trace.append(asked)
            return ("waiting", approval), decision
        _, covered_by, slots, repeats = then
        self._decided(action.name, args, decision)
        call = self.admit_call(action, args, repeats, slots)
        if covered_by is not None:
            covered_by["calls"] = [*covered_by.get("calls", ()), call]
        return ("called", call), decision

    def _decided(self: Any, name: str, args: Any, decision: Decision) -> None:
        self.happened("decided", action=name, args=args, verdict=decision.to_dict())

    def preview(self: Any, name: str, args: Mapping[str, Any]) -> Decision:
        """What the gate says, and nothing else."""
        action = self.table.action(name)
        if action is None:
            return deny("invalid", f"There is no action {name}.", "never")
        return self._until_limits(action, args, True)[0]

    def _until_limits(
        self: Any, action: Action, args: Any, outside: bool
    ) -> tuple[Decision, Any, int | None, dict[str, Any] | None]:
        """The verdict before limits: with arguments in wire form, what is repeated, and the leaf if
        it lets the proposal pass."""
        if type(args) is not dict:
            problem = "the arguments must be an object"
            return self._invalid(action, problem), {}, None, None
        given = args
        try:
            args = action.take(given)
        except Invalid as e:
            if not e.at:
                problem = e.problem
            elif e.problem.startswith("is "):
                problem = f"`{e.at}` {e.problem}"
            else:
                problem = f"`{e.at}` is wrong: {e.problem}"
            return self._invalid(action, problem), given, None, None
        if outside:
            decision = self._not_here(action)
            if decision is not None:
                return decision, args, None, None
        repeats = self._repeated(action, args) if action.idempotent else None
        decision = self._unsettled(action, repeats)
        if decision is not None:
            return decision, args, None, None
        scene = self.scene(action.params(args))
        if repeats is not None:
            first = find_call(self.s, repeats)
            scene.as_of = (first["at"], first["seq"])
        leaf = action.verdicts[self.questions.leaf(scene, action.gate)]
        return self._in_words(leaf, scene), args, repeats, None if leaf["verdict"] == "deny" else leaf

    def _rule_on(self: Any, action: Action, args: Any, outside: bool) -> tuple[Decision, Any, Any]:
        decision, args, repeats, leaf = self._until_limits(action, args, outside)
        if leaf is None:
            return decision, args, None
        covered_by = None
        asks = False
        if leaf["verdict"] == "escalate":
            covered_by = self._covering(action, args, leaf["rule"])
            asks = covered_by is None
        # A proposal that still has to be approved takes no slots yet.
        used_up, slots = self._consult_limits(action, args, repeats is not None, not asks)
        if used_up is not None:
            return used_up, args, None
        if asks:
            return decision, args, ("ask", leaf["rule"])
        if covered_by is not None:
            decision = Decision("allow", decision.rule, "", {"kind": "not_needed"})
        return decision, args, ("call", covered_by, slots, repeats)

    # Refusals before any rule is asked.

    def _invalid(self: Any, action: Action, problem: str) -> Decision:
        return deny("invalid", f"{action.name} cannot be called like that: {problem}.", "other_arguments")

    def _not_here(self: Any, action: Action) -> Decision | None:
        """Whether the position admits a proposal from outside."""
        run = self.s.get("run")
        if run is None:
            return None
        name = action.name
        if not run["levels"]:
            return deny("not_here", f"{name} cannot be called any more: the flow has ended.", "never")
        level = run["levels"][-1]
        state = self.state(level["state"])
        doing = level["doing"]
        if doing["kind"] != "agent":
            why = f"{name} cannot be called now: the flow itself acts, in `{state['name']}`."
        elif "said" in doing or run.get("waiting"):
            why = f"{name} cannot be called now: the flow is leaving `{state['name']}`."
        elif action.index in state["step"]["may"]:
            return None
        else:
            may = either([self.table.actions[a].name for a in state["step"]["may"]])
            why = f"{name} cannot be called in `{state['name']}`, which admits {may} only."
        return deny("not_here", why, "later")

    def _repeated(self: Any, action: Action, args: dict[str, Any]) -> int | None:
        """The call whose effect a proposal would repeat."""
        text, for_ms = canonical(args), action.idempotent.get("for_ms")
        for call in reversed(self.s["calls"]):
            if (
                is_root(call)
                and call["action"] == action.index
                and (for_ms is None or self.now < later(call["at"], for_ms))
                and canonical(call["args"]) == text
                and is_effect(self.s, call)
            ):
                return call["id"]
        return None

    def _unsettled(self: Any, action: Action, repeats: int | None) -> Decision | None:
        """Until an unsettled call of the action is settled, only a repeat of it passes."""
        calls = self.s["calls"]
        if repeats is not None and calls[repeats - 1]["fate"] == "unsettled":
            return None
        for call in calls:
            if call["action"] == action.index and call["fate"] == "unsettled" and is_root(call):
                break
        else:
            return None
        how, again = "somebody has to find out", {"kind": "later"}
        if action.confirm is not None:
            by = self.table.actions[action.confirm["action"]].name
            how, again = f"find out with {by}", {"kind": "after_action", "actions": [by]}
        why = f"{action.name} cannot be called: call {call['id']} of it may have happened or not; {how} first."
        return Decision("deny", "unsettled", why, again)

    def _in_words(self: Any, leaf: dict[str, Any], scene: Scene) -> Decision:
        """A leaf of the gate as a decision."""
        rule = leaf.get("rule")
        name = self.body["rules"][rule]["name"] if rule is not None else None
        if leaf["verdict"] == "deny" and name is None:
            name = "no_rule"
        again = leaf["again"]
        if again["kind"] == "after_action":
            names = [self.table.actions[a].name for a in again["actions"]]
            again = {"kind": "after_action", "actions": names}
        elif again["kind"] == "after_wait":
            again = {"kind": "later"}
        decision = Decision(leaf["verdict"], name, leaf.get("reason", ""), again)
        instead = leaf.get("instead")
        if instead is not None and self._admits(instead["action"]):
            to = self.table.actions[instead["action"]]
            try:
                args = to.take(self.table.maker(instead, None)(scene))
            except Invalid:
                return decision
            decision.instead = {"action": to.name, "wire": to.wire, "args": args}
        return decision

    def _admits(self: Any, action: int) -> bool:
        """Whether an AI could propose the action where the session is."""
        if self.s.get("run") is None:
            return True
        level = top(self.s)
        if level is None:
            return False
        step = self.state(level["state"])["step"]
        return step["kind"] == "agent" and action in step["may"]

    # Limits.

    def _consult_limits(
        self: Any, action: Action, args: dict[str, Any], repeats: bool, take: bool
    ) -> tuple[Decision | None, list[dict[str, Any]]]:
        """Consults all limits of an action; takes their shared slots, all or none, if asked to."""
        if not action.limits:
            return None, []
        scene = Scene(action.params(args))
        concerned: list[tuple[LimitUse, dict[str, Any], list[Any]]] = []
        for use in action.limits:
            limit = self.table.limits[use.limit][0]
            if use.when is not None and not self.questions.holds(scene, use.when):
                continue
            if not (limit["effects"] and repeats):
                concerned.append((use, limit, [key(scene) for key in use.keys]))
        for use, limit, keys in concerned:
            if "per_ms" not in limit and self._counted_here(use, limit, keys) >= limit["count"]:
                return self._used_up(limit, None), []
        shared = [c for c in concerned if "per_ms" in c[1]]
        wants: list[Want] = [
            {
                "key": counter(f"{self.body['policy']}/limit/{self.body['rules'][limit['rule']]['name']}", keys),
                "count": limit["count"],
                "window_ms": limit["per_ms"],
            }
            for _, limit, keys in shared
        ]
        free_at = self.ledger.ask(wants, take)
        longest: tuple[int, dict[str, Any]] | None = None
        for at, (_, limit, _) in zip(free_at, shared):
            if at is not None and (longest is None or at > longest[0]):
                longest = (at, limit)
        if longest is not None:
            return self._used_up(longest[1], longest[0]), []
        slots = [
            {"limit": use.limit, "key": want["key"], "at": self.now} for (use, _, _), want in zip(shared, wants)
        ]
        return None, slots

    def _counted_here(self: Any, use: LimitUse, limit: dict[str, Any], keys: list[Any]) -> int:
        """How many calls of this session count against a limit."""
        effects = limit["effects"]
        return sum(
            1
            for call in self.s["calls"]
            if not (effects and not (is_root(call) and is_effect(self.s, call)))
            and counts_against(self.table, use.limit, call, use.paths, keys)
        )

    def _used_up(self: Any, limit: dict[str, Any], free_at: int | None) -> Decision:
        rule = self.body["rules"][limit["rule"]]
        what = ("effect" if limit["effects"] else "call") + ("" if limit["count"] == 1 else "s")
        per = duration(limit["per_ms"]) if "per_ms" in limit else "session"
        because = f": {rule['because']}" if "because" in rule else ""
        reason = f"The limit of {limit['count']} {what} per {per} is used up{because}."
        again: dict[str, Any] = {"kind": "never"}
        if free_at is not None and free_at < NEVER:
            again = {"kind": "after_wait", "wait_ms": min(max(free_at - self.now, 1), NUMBER_MAX)}
        elif free_at is None and limit["effects"] and limit["count"] > 0:
            # An effect's slot may come back: by an undo, or when doubt is settled.
            again = {"kind": "later"}
        return Decision("limited", rule["name"], reason, again)

    # Approvals.

    def _ask_approval(
        self: Any, action: Action, args: dict[str, Any], rule_index: int
    ) -> tuple[str, dict[str, Any] | None]:
        """Asks the rule's role, unless the same question is open already."""
        rule = self.body["rules"][rule_index]
        role = self.body["roles"][rule["role"]]
        entry = self._entry()
        for a in self.s["approvals"]:
            if a["status"] == "pending" and self._is_for(a, action, args, rule_index, entry):
                return a["id"], None
        bound = {
            "table": self.s["table"],
            "session": self.s["id"],
            "number": len(self.s["approvals"]),
            "action": action.name,
            "args": args,
            "rule": rule["name"],
            "role": role["name"],
        }
        id = digest(bound)[7:39]
        approval = {
            "id": id,
            "action": action.index,
            "args": args,
            "rule": rule_index,
            "role": rule["role"],
            "at": self.now,
            "entry": entry,
            "status": "pending",
        }
        asked = {
            "what": "approval_asked",
            "approval": id,
            "action": action.name,
            "rule": rule["name"],
            "role": role["name"],
        }
        if "within_ms" in rule:
            approval["expires_at"] = asked["expires_at"] = later(self.now, rule["within_ms"])
        self.s["approvals"].append(approval)
        return id, asked

    def _is_for(
        self: Any, approval: dict[str, Any], action: Action, args: dict[str, Any], rule: int, entry: int
    ) -> bool:
        return (
            approval["action"] == action.index
            and approval["rule"] == rule
            and approval["entry"] == entry
            and canonical(approval["args"]) == canonical(args)
        )

    def _covering(self: Any, action: Action, args: dict[str, Any], rule: int) -> dict[str, Any] | None:
        """The granted approval that covers a proposal: its first call, or a retry of that call."""
        entry = self._entry()
        for a in self.s["approvals"]:
            if a["status"] != "granted" or not self._is_for(a, action, args, rule, entry):
                continue
            if "expires_at" in a and self.now >= a["expires_at"]:
                continue
            calls = a.get("calls")
            if calls and in_flight(self.s["calls"][calls[-1] - 1]):
                continue
            return a
        return None

    def approved(self: Any, id: str, granted: bool) -> None:
        """A role has answered."""
        approval = self._approval(id)
        if approval is None or approval["status"] != "pending":
            raise Fault("no_approval", f"approval `{id}` doesn't wait")
        self.catch_up()
        if approval["status"] != "pending":
            self.happened("late")
            return
        if not granted:
            self.close_approval(approval, "declined")
            return
        self._mark_approval(approval, "granted")
        in_step = self._step_waits_for(id)
        action = self.table.actions[approval["action"]]
        submitted, self.verdict = self.submit(action, approval["args"], not in_step)
        if submitted[0] != "called":
            approval["status"] = "spent"
        elif not approval.get("calls"):
            # It was granted for this call, even if the call no longer needs it.
            approval["calls"] = [submitted[1]]
        if in_step:
            self.drive(self.proposed_in_step(submitted))

    def close_approval(self: Any, approval: dict[str, Any], status: str) -> None:
        """Ends a pending approval that was not granted; the state that waits for it goes on."""
        self._mark_approval(approval, status)
        if self._step_waits_for(approval["id"]):
            self.drive(self.step_refused(status))

    def withdraw_approvals(self: Any) -> None:
        """The flow leaves a state: what it asked for is no longer needed."""
        for approval in self.s["approvals"]:
            if approval["status"] == "pending":
                self._mark_approval(approval, "withdrawn")

    def spend_approval(self: Any, call: int) -> None:
        """A call has succeeded: the approval that covered it is used up."""
        for approval in self.s["approvals"]:
            if approval["status"] == "granted" and call in approval.get("calls", ()):
                approval["status"] = "spent"

    def _mark_approval(self: Any, approval: dict[str, Any], status: str) -> None:
        approval["status"] = status
        self.happened("approval", approval=approval["id"], status=status)

    def _approval(self: Any, id: str) -> dict[str, Any] | None:
        return next((a for a in self.s["approvals"] if a["id"] == id), None)

    def _step_waits_for(self: Any, id: str) -> bool:
        level = top(self.s)
        stage = level["doing"].get("stage") if level else None
        return stage is not None and stage.get("approval") == id

    def _entry(self: Any) -> int:
        level = top(self.s)
        return level["entry"] if level else 0


def counter(name: str, keys: list[Any]) -> str:
    """The name of a counter with a key. Values are digested: the store learns no personal data."""
    return f"{name}/{digest(keys)[7:39]}" if keys else name




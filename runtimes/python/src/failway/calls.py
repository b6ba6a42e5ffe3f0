"""The call log: admission and replies, and what they tell about effects."""

from __future__ import annotations

from typing import Any

from .documents import later
from .faults import Fault
from .log import scene_of
from .scenes import Scene, same
from .session import attempts, find_call, in_flight, is_effect, is_root, top
from .table import Action
from .values import Invalid
from .verdicts import deny


class Calls:
    """The part of a step that writes the call log."""

    def proposed(self: Any, name: str, args: Any) -> None:
        """An AI proposes a call."""
        self.catch_up()
        if self.agent_over_budget():
            why = f"{name} cannot be called: all calls of this task are spent."
            self._refused_outright(name, args, deny("not_here", why, "never"))
            self.agent_said("exhausted", None)
            return
        action = self.table.action(name)
        if action is None:
            self._refused_outright(name, args, deny("invalid", f"There is no action {name}.", "never"))
            return
        _, self.verdict = self.submit(action, args, True)

    def _refused_outright(self: Any, name: str, args: Any, decision: Any) -> None:
        # A trace's members that are None are left out; arguments may be just that.
        self.trace.append({"what": "decided", "action": name, "args": args, "verdict": decision.to_dict()})
        self.verdict = decision

    def admit_call(
        self: Any, action: Action, args: dict[str, Any], repeats: int | None, slots: list[dict[str, Any]]
    ) -> int:
        """Writes an allowed call into the log."""
        id = len(self.s["calls"]) + 1
        call = {
            "id": id,
            "action": action.index,
            "args": args,
            **self.point(),
            "effect": id if repeats is None else repeats,
            "fate": "open",
        }
        if slots:
            call["slots"] = slots
        self.s["calls"].append(call)
        self.happened("called", call=id, action=action.name, repeats=repeats)
        return id

    def call_replied(self: Any, id: int, outcome: str, value: Any) -> None:
        """The host brings a call's reply."""
        call = find_call(self.s, id)
        if call is None:
            raise Fault("no_call", f"the session has no call {id}")
        if not in_flight(call):
            raise Fault("call_over", f"call {id} is over with `{call['ended']['outcome']}`")
        self.catch_up(id)
        if not in_flight(call):
            self.happened("late")
            return
        self._end_call(call, *self._judge(self.table.actions[call["action"]], outcome, value))
        self.go_on_after(id)

    def time_out(self: Any, id: int) -> None:
        """The call's time is up."""
        self._end_call(find_call(self.s, id), "timeout", None, None)
        self.go_on_after(id)

    def reloaded(self: Any) -> None:
        """The host was restarted: nobody waits for the calls in flight any more."""
        self.catch_up()
        # What follows a timeout may put further calls in flight; those are not of before.
        for id in [c["id"] for c in self.s["calls"] if in_flight(c)]:
            self.time_out(id)

    def resolved(self: Any, id: int, happened: bool, result: Any) -> None:
        """Somebody has found out what became of a call."""
        self.catch_up()
        call = find_call(self.s, id)
        if call is None:
            raise Fault("no_call", f"the session has no call {id}")
        root = find_call(self.s, call["effect"])
        if root["fate"] != "unsettled":
            raise Fault("not_unsettled", f"call {id} is not in doubt")
        value = None
        take = self.table.actions[call["action"]].take_result
        if happened and result is not None and take is not None:
            try:
                value = take(result)
            except Invalid as e:
                raise Fault("result", f"the result does not fit the action: {e}") from None
        self._settle(root, happened, value)

    def _judge(self: Any, action: Action, outcome: str, value: Any) -> tuple[str, Any, str | None]:
        """What a reply says: its outcome, its value, and what is wrong with a malformed one."""
        if outcome == "ok":
            if action.take_result is None:
                return "ok", None, None
            try:
                return "ok", action.take_result(value), None
            except Invalid as e:
                return "malformed", None, str(e)
        if outcome in ("timeout", "malformed"):
            return outcome, None, None
        for member in ("wire", "name"):
            for failure in action.failures:
                if failure[member] == outcome:
                    return failure["name"], None, None
        return "malformed", None, f"`{outcome}` is not declared"

    def _end_call(self: Any, call: dict[str, Any], outcome: str, value: Any, problem: str | None) -> None:
        """Writes down how a call ended, and all that follows for what is known of effects."""
        action = self.table.actions[call["action"]]
        root = find_call(self.s, call["effect"])
        call["ended"] = {**self.point(), "outcome": outcome}
        if value is not None:
            call["result"] = value
        self.happened(
            "replied", call=call["id"], action=action.name, outcome=outcome, value=value, problem=problem
        )
        says = says_of(action, outcome)
        self._learn(action, root, says, value)
        if outcome == "ok":
            self.spend_approval(call["id"])
            self._release_uncounted(call)
        self._release_effects(root)
        self._confirm_others(call, outcome)
        if says == "happened":
            self._undo_another(call, root)

    def _learn(self: Any, action: Action, root: dict[str, Any], says: str, value: Any) -> None:
        """What one attempt tells about its effect."""
        was = root["fate"]
        if says == "happened":
            root["fate"] = "happened"
            if value is not None and "result" not in root:
                root["result"] = value
            if was == "unsettled":
                self.happened("settled", call=root["id"], action=action.name, happened=True, value=value)
        elif says == "nothing":
            if was == "open" and not any(in_flight(c) for c in attempts(self.s, root["id"])):
                root["fate"] = "absent"
        elif was in ("open", "absent", "undone"):
            root["fate"] = "unsettled" if action.tracked else "doubtful"

    def _settle(self: Any, root: dict[str, Any], happened: bool, value: Any) -> None:
        """Settles doubt about a first call."""
        root["settled"] = self.point()
        root["fate"] = "happened" if happened else "absent"
        if value is not None:
            root["result"] = value
        name = self.table.actions[root["action"]].name
        self.happened("settled", call=root["id"], action=name, happened=happened, value=value)
        if happened:
            # The call settled may itself have undone another.
            self._undo_another(root, root)
        self._release_effects(root)

    def _confirm_others(self: Any, asked: dict[str, Any], outcome: str) -> None:
        """A reply may tell what became of writes that it confirms, whoever asked."""
        told = []
        for write in self.s["calls"]:
            if write["fate"] == "unsettled" and is_root(write):
                says = self._told_by(write, asked, outcome)
                if says is not None:
                    told.append((write, *says))
        for write, happened, value in told:
            self._settle(write, happened, value)

    def _told_by(
        self: Any, write: dict[str, Any], asked: dict[str, Any], outcome: str
    ) -> tuple[bool, Any] | None:
        """What a confirming call tells about a write: whether it happened, and its result."""
        action = self.table.actions[write["action"]]
        confirm = action.confirm
        if confirm is None or confirm["action"] != asked["action"]:
            return None
        # Asked before the last attempt ended, it may have been answered before it landed.
        for attempt in attempts(self.s, write["id"]):
            if in_flight(attempt) or attempt["ended"]["seq"] >= asked["seq"]:
                return None
        args = self.derived(confirm, Scene(action.params(write["args"])))
        if args is None or not _includes(asked["args"], args):
            return None
        scene = Scene(action.params(write["args"]), asked.get("result"))
        for line in confirm["lines"]:
            if line["on"] == outcome and ("when" not in line or self.questions.holds(scene, line["when"])):
                break
        else:
            return None
        if not line["happened"]:
            after = later(self._landed_by(action, write["id"]), confirm.get("after_ms", 0))
            return (False, None) if asked["at"] >= after else None
        if "gives" not in line or action.take_result is None:
            return True, None
        value = self.table.maker(line["gives"], None)(scene)
        if value is None:
            return None
        try:
            return True, action.take_result(value)
        except Invalid:
            return None

    def _landed_by(self: Any, action: Action, root: int) -> int:
        """When the last attempt of a write had timed out, or would have."""
        ends = []
        for attempt in attempts(self.s, root):
            ended = attempt["ended"]
            # Declared a timeout early, at a restart.
            due = later(attempt["at"], action.timeout_ms) if ended["outcome"] == "timeout" else ended["at"]
            ends.append(max(due, ended["at"]))
        return max(ends)

    def _undo_another(self: Any, by: dict[str, Any], root: dict[str, Any]) -> None:
        """A call that happened may have undone a write: of those that it fits the one that the flow
        is unwinding, else the newest."""
        of = self._unwinding(by["id"])
        if of is None:
            for write in reversed(self.s["calls"]):
                if is_root(write) and write["id"] != root["id"] and self._undone_by(write, by):
                    of = write
                    break
            else:
                return
        point = self.point()
        if of["fate"] == "happened":
            of["fate"] = "undone"
        else:
            # A tolerant undo leaves nothing behind, whether or not there was something.
            of["fate"] = "absent"
            of["settled"] = point
        name = self.table.actions[of["action"]].name
        self.happened("undone", call=of["id"], action=name, by=by["id"])
        self._release_effects(of)

    def _unwinding(self: Any, id: int) -> dict[str, Any] | None:
        """The call that the flow is unwinding by the call `id`."""
        level = top(self.s)
        doing = level["doing"] if level else None
        if doing is None or doing["kind"] != "unwind" or doing["stage"].get("call") != id:
            return None
        return find_call(self.s, doing["of"])

    def _undone_by(self: Any, write: dict[str, Any], by: dict[str, Any]) -> bool:
        action = self.table.actions[write["action"]]
        undo = action.undo
        if undo is None or undo["action"] != by["action"]:
            return False
        fate = write["fate"]
        if fate != "happened" and not (undo["tolerant"] and fate in ("unsettled", "doubtful")):
            return False
        for attempt in attempts(self.s, write["id"]):
            if in_flight(attempt) or attempt["ended"]["seq"] >= by["seq"]:
                return False
        args = self.derived(undo, scene_of(self.table, write))
        return args is not None and _includes(by["args"], args)

    def derived(self: Any, of: dict[str, Any], scene: Scene) -> dict[str, Any] | None:
        """The arguments of a confirming or undoing call; None if they don't fit the action."""
        try:
            args: dict[str, Any] = self.table.actions[of["action"]].take(self.table.maker(of, None)(scene))
        except Invalid:
            return None
        return args

    def _release_effects(self: Any, root: dict[str, Any]) -> None:
        """Gives back slots of limits on effects once a call is known not to count as one."""
        if "slots" in root and not is_effect(self.s, root):
            self._release(root, {s["limit"] for s in root["slots"] if self.body["limits"][s["limit"]]["effects"]})

    def _release_uncounted(self: Any, call: dict[str, Any]) -> None:
        """Gives back slots of limits whose `where` the call's result doesn't satisfy."""
        if "slots" not in call:
            return
        scene = scene_of(self.table, call)
        out = set()
        for slot in call["slots"]:
            entries = self.table.limits[slot["limit"]][1]
            entry = next((e for e in entries if e.action == call["action"]), None)
            if entry is not None and entry.when is not None and not self.questions.holds(scene, entry.when):
                out.add(slot["limit"])
        self._release(call, out)

    def _release(self: Any, call: dict[str, Any], limits: set[int]) -> None:
        kept = []
        for slot in call["slots"]:
            if slot["limit"] in limits:
                self.ledger.give_back(slot["key"], slot["at"])
            else:
                kept.append(slot)
        if kept:
            call["slots"] = kept
        else:
            del call["slots"]


def says_of(action: Action, outcome: str) -> str:
    """What an outcome says about the call's effect."""
    if outcome == "ok":
        return "happened"
    return "doubt" if action.failure.get(outcome, "indeterminate") == "indeterminate" else "nothing"


def _includes(args: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(name in args and same(args[name], value) for name, value in wanted.items())

"""Reading sessions: strictly, and checked against the table, so that nothing in a session in hand is
broken."""

from __future__ import annotations

from typing import Any

from . import shapes as s
from .documents import NUMBER_MAX, NotJson, later, parse
from .faults import Fault
from .scenes import same
from .session import FORMAT, VERSION, attempts, find_call, in_flight, is_root
from .table import Action, Table
from .values import Invalid

_POINT = s.obj({"at": s.integer, "seq": s.count})
_STAGE = s.by_kind(
    next=s.obj({"kind": s.text}),
    call=s.obj({"kind": s.text, "call": s.count}),
    approval=s.obj({"kind": s.text, "approval": s.text}),
)
_CALL = s.obj(
    {
        "id": s.count,
        "action": s.index,
        "args": s.members,
        "at": s.integer,
        "seq": s.count,
        "effect": s.count,
        "fate": s.one_of("open", "absent", "doubtful", "unsettled", "happened", "undone"),
    },
    {
        "ended": s.obj({"at": s.integer, "seq": s.count, "outcome": s.text}),
        "result": s.anything,
        "settled": _POINT,
        "slots": s.many(s.obj({"limit": s.index, "key": s.text, "at": s.integer})),
    },
    null=True,
)
_APPROVAL = s.obj(
    {
        "id": s.text,
        "action": s.index,
        "args": s.members,
        "rule": s.index,
        "role": s.index,
        "at": s.integer,
        "entry": s.count,
        "status": s.one_of("pending", "granted", "declined", "expired", "spent", "withdrawn"),
    },
    {"expires_at": s.integer, "calls": s.many(s.count)},
    null=True,
)
_LEVEL = s.obj(
    {
        "scope": s.index,
        "since": s.integer,
        "state": s.index,
        "entry": s.count,
        "entered": s.integer,
        "doing": s.by_kind(
            passing=s.obj({"kind": s.text}),
            wait=s.obj({"kind": s.text, "until": s.integer}),
            do=s.obj({"kind": s.text, "stage": _STAGE}),
            agent=s.obj(
                {"kind": s.text, "calls": s.count},
                {"said": s.obj({"outcome": s.text}, {"value": s.anything}, null=True)},
                null=True,
            ),
            ask=s.obj({"kind": s.text, "text": s.text, "since": s.integer}),
            settle=s.obj(
                {"kind": s.text, "stage": _STAGE, "of": s.count, "left": s.many(s.count), "unknown": s.flag}
            ),
            unwind=s.obj(
                {"kind": s.text, "stage": _STAGE, "of": s.count, "left": s.many(s.count), "failed": s.flag}
            ),
        ),
    },
    {
        "net": s.flag,
        "visits": s.by_number(s.count),
        "args": s.members,
        "retries": s.by_number(s.count),
        "happened": s.flag,
    },
)
_RUN = s.obj(
    {"flow": s.index, "slots": s.many(s.anything), "entries": s.count, "levels": s.many(_LEVEL)},
    {
        "events": s.many(s.index),
        "waiting": s.many(s.obj({"event": s.index, "at": s.integer})),
        "end": s.obj({"end": s.index, "at": s.integer}, {"gives": s.anything}, null=True),
    },
    null=True,
)
_SESSION = s.obj(
    {
        "format": s.text,
        "version": s.integer,
        "table": s.text,
        "id": s.text,
        "revision": s.count,
        "seq": s.count,
        "calls": s.many(_CALL),
        "approvals": s.many(_APPROVAL),
    },
    {"now": s.integer, "run": _RUN},
    null=True,
)


def read_session(text: bytes | str, table: Table) -> dict[str, Any]:
    """The data of a session; raises Fault."""
    try:
        data = parse(text)
        if type(data) is not dict or data.get("format") != FORMAT:
            raise s.Misshapen("format", f'it is not "{FORMAT}"')
        version = data.get("version")
        if type(version) is not int or version != VERSION:
            raise s.Misshapen("version", f"it is {version}, but this program reads version {VERSION}")
        _SESSION(data, "")
    except (NotJson, s.Misshapen) as e:
        raise Fault("bad_session", f"this is not a session that can be continued: {e}") from None
    if data["table"] != table.digest:
        raise Fault("wrong_table", f"this session belongs to table {data['table']}, not to {table.digest}")
    _leave_out(data)
    try:
        _Check(table, data).session()
    except s.Misshapen as e:
        raise Fault("bad_session", f"this is not a session that can be continued: {e}") from None
    return data  # type: ignore[no-any-return]


def _leave_out(data: dict[str, Any]) -> None:
    """What is empty is left out, as it is written."""
    for of, names in [(c, ("slots",)) for c in data["calls"]] + [(a, ("calls",)) for a in data["approvals"]]:
        _drop_empty(of, names)
    run = data.get("run")
    if run is not None:
        _drop_empty(run, ("events", "waiting"))
        if "events" in run:
            run["events"] = sorted(set(run["events"]))
        for level in run["levels"]:
            _drop_empty(level, ("net", "visits", "args", "retries", "happened"))


def _drop_empty(of: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in of and not of[name]:
            del of[name]


def _need(right: bool, at: str, problem: str) -> None:
    if not right:
        raise s.Misshapen(at, problem)


def _get(items: list[Any], i: int, what: str) -> Any:
    _need(i < len(items), what, f"there is no {what} {i}")
    return items[i]


class _Check:
    def __init__(self, table: Table, data: dict[str, Any]) -> None:
        self.table, self.s = table, data

    def session(self) -> None:
        data = self.s
        now = data.get("now")
        _need(now is None or abs(now) <= NUMBER_MAX, "now", "it is no time")
        fresh = not data["calls"] and "run" not in data and data["revision"] == 0
        _need(now is not None or fresh, "now", "it is missing")
        _need(max(data["revision"], data["seq"]) <= NUMBER_MAX, "revision", "it is too large")
        for i, call in enumerate(data["calls"]):
            self._call(i, call)
        for approval in data["approvals"]:
            self._approval(approval)
        if "run" in data:
            self._run(data["run"])

    def _past(self, at: int, what: str) -> None:
        now = self.s.get("now")
        _need(now is not None and -NUMBER_MAX <= at <= now, what, "it lies after the session's own time")

    def _args(self, action: Action, args: dict[str, Any]) -> None:
        try:
            normal = action.take(args)
        except Invalid as e:
            raise s.Misshapen("args", str(e)) from None
        _need(same(normal, args), "args", "they are not in wire form")

    def _call(self, i: int, call: dict[str, Any]) -> None:
        action: Action = _get(self.table.actions, call["action"], "action")
        _need(call["id"] == i + 1, "id", f"it should be {i + 1}")
        self._args(action, call["args"])
        self._past(call["at"], "at")
        _need(call["seq"] <= self.s["seq"], "seq", "it is ahead of the session's")
        root = find_call(self.s, call["effect"])
        fits = root is not None and root["id"] <= call["id"] and is_root(root) and root["action"] == call["action"]
        _need(fits, "effect", "it is no earlier call of the action")
        _need(is_root(call) or call["fate"] == "open", "fate", "a repeat has none of its own")
        ended = call.get("ended")
        if ended is not None:
            self._past(ended["at"], "ended.at")
            fits = ended["at"] >= call["at"] and call["seq"] < ended["seq"] <= self.s["seq"]
            _need(fits, "ended", "it ended before it began")
            known = ended["outcome"] in ("ok", "timeout", "malformed") or ended["outcome"] in action.failure
            _need(known, "ended.outcome", "the action has no such outcome")
        elif is_root(call) and call["fate"] != "open":
            repeats = any(c["id"] != call["id"] for c in attempts(self.s, call["id"]))
            _need(repeats, "fate", "it is known before the call ended")
        if "settled" in call:
            self._past(call["settled"]["at"], "settled.at")
        if "result" in call:
            _need(action.keep_result is not None, "result", "the action gives none")
            self._is_of(action.keep_result, call["result"], "result")
        for slot in call.get("slots", ()):
            _get(self.table.limits, slot["limit"], "limit")

    def _is_of(self, check: Any, value: Any, at: str) -> None:
        try:
            fits = same(check(value), value)
        except Invalid:
            fits = False
        _need(fits, at, "it is of another type")

    def _approval(self, approval: dict[str, Any]) -> None:
        action: Action = _get(self.table.actions, approval["action"], "action")
        self._args(action, approval["args"])
        self._past(approval["at"], "at")
        rule = _get(self.table.body["rules"], approval["rule"], "rule")
        _need(rule.get("role") == approval["role"], "role", "the rule asks another role")
        expires_at = later(approval["at"], rule["within_ms"]) if "within_ms" in rule else None
        _need(approval.get("expires_at") == expires_at, "expires_at", "the rule sets another time")
        for id in approval.get("calls", ()):
            call = find_call(self.s, id)
            fits = call is not None and call["action"] == approval["action"] and same(call["args"], approval["args"])
            _need(fits, "calls", "it was granted for another call")

    def _run(self, run: dict[str, Any]) -> None:
        body = self.table.body
        flow = _get(body["flows"], run["flow"], "flow")
        _need(len(run["slots"]) == len(flow["slots"]), "slots", "there are more or fewer than the flow has")
        for slot, value in zip(flow["slots"], run["slots"]):
            if value is not None:
                self._is_of(self.table.types.check(slot["type"], drop=False), value, "slots")
        for event in run.get("events", ()):
            _get(body["events"], event, "event")
        for waiting in run.get("waiting", ()):
            _get(body["events"], waiting["event"], "event")
            self._past(waiting["at"], "waiting")
        if "end" in run:
            _get(flow["ends"], run["end"]["end"], "end")
            self._past(run["end"]["at"], "end.at")
            still = run["levels"] or any(in_flight(c) for c in self.s["calls"])
            _need(not still, "end", "the flow has ended, and still does something")
            return
        _need(bool(run["levels"]), "levels", "the flow is nowhere")
        outer = None
        for i, level in enumerate(run["levels"]):
            self._level(flow, run, outer, level, i + 1 == len(run["levels"]))
            outer = level

    def _level(
        self, flow: dict[str, Any], run: dict[str, Any], outer: dict[str, Any] | None, level: dict[str, Any], last: bool
    ) -> None:
        scope = _get(flow["scopes"], level["scope"], "scope")
        state = _get(flow["states"], level["state"], "state")
        if outer is None:
            fits = "parent" not in scope
        else:
            step = flow["states"][outer["state"]]["step"]
            runs = step["kind"] == "run" and step["scope"] == level["scope"]
            fits = scope.get("parent") == outer["scope"] and runs
        _need(fits and state["scope"] == level["scope"], "state", "the flow cannot be there")
        _need(0 < level["entry"] <= run["entries"], "entry", "there was no such entry")
        self._past(level["since"], "since")
        self._past(level["entered"], "entered")
        states = len(flow["states"])
        _need(all(int(v) < states for v in level.get("visits", ())), "visits", "there is no such state")
        if last:
            self._doing(level["doing"], state["step"])
        else:
            _need(level["doing"]["kind"] == "passing", "doing", "it runs another flow")

    def _doing(self, doing: dict[str, Any], step: dict[str, Any]) -> None:
        """Between two steps, a state waits for something."""
        kind = doing["kind"]
        if kind == "wait" and step["kind"] != "choose":
            return
        fits = kind == step["kind"] and kind in ("ask", "agent", "do", "settle", "unwind")
        _need(fits, "doing.kind", "the state does something else")
        if kind == "ask":
            self._past(doing["since"], "doing.since")
        elif kind == "do":
            self._stage(doing["stage"], step["action"])
        elif kind == "settle":
            self._writes(doing, [step["action"]])
            confirm = self.table.actions[step["action"]].confirm
            self._stage(doing["stage"], confirm["action"] if confirm else None)
        elif kind == "unwind":
            self._writes(doing, step["actions"])
            self._stage(doing["stage"], None)

    def _writes(self, doing: dict[str, Any], actions: list[int]) -> None:
        for id in (doing["of"], *doing["left"]):
            call = find_call(self.s, id)
            fits = call is not None and is_root(call) and (not actions or call["action"] in actions)
            _need(fits, "doing.left", "there is no such call")

    def _stage(self, stage: dict[str, Any], action: int | None) -> None:
        found = False
        if stage["kind"] == "call":
            call = find_call(self.s, stage["call"])
            found = call is not None and in_flight(call) and action in (None, call["action"])
        elif stage["kind"] == "approval":
            found = any(
                a["id"] == stage["approval"] and a["status"] == "pending" and action in (None, a["action"])
                for a in self.s["approvals"]
            )
        _need(found, "doing.stage", "it waits for what does not exist")

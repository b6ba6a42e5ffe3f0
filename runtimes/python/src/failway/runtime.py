"""The runtime: one step at a time, on a copy of the session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from . import directives, verdicts
from .calls import Calls
from .clock import Clock
from .counters import Counters
from .documents import NUMBER_MAX, canonical, digest_text, plain
from .faults import Fault
from .flow import Flow
from .gate import Gate
from .ledger import Ledger
from .log import fact, history
from .requests import admit
from .scenes import Scene
from .session import Session, copy, top
from .table import Table
from .verdicts import Decision

HOPS_MAX = 100_000
"""Edges that one step may take. A compiled flow takes far fewer."""


@dataclass
class Stepped:
    """What a step came to."""

    record: dict[str, Any]
    """For the log; `record_text` gives its line."""
    verdict: Decision | None
    """The answer to a proposal; after an approval, the proposal's new verdict."""
    next: list[dict[str, Any]]
    """What the host is newly asked to do. `Runtime.open` gives all that is still to be done."""
    deadline: int | None
    """When to tick at the latest, if nothing else happens before."""
    odd: bool = field(default=False, repr=False)
    """Whether the record holds numbers that are not whole."""

    def record_text(self) -> str:
        """The record as a line of a log, without the line break."""
        return canonical(self.record, self.odd)


class Runtime:
    """Runs sessions of one table."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def step(
        self,
        session: Session,
        request: Mapping[str, Any],
        *,
        now: int,
        inputs: Mapping[str, Any] | None = None,
        counters: Counters,
    ) -> Stepped:
        """Takes one step. Persist the session before doing what `next` asks.

        Raises Fault if the step is refused; session and counters are then as before.
        """
        taken, odd = admit(request)
        data = session.data
        values = self._admit(data, now, _object(inputs))
        before = directives.open_(self.table, data)
        engine = _Engine(self.table, copy(data), now, values, Ledger(counters, now))
        try:
            engine.take(taken)
        except BaseException:
            engine.ledger.roll_back()
            raise
        counted = engine.ledger.commit()
        done = engine.s
        next_ = [d for d in directives.open_(self.table, done) if d not in before]
        record: dict[str, Any] = {
            "format": "failway.record",
            "version": 1,
            "table": self.table.digest,
            "session": done["id"],
            "revision": done["revision"],
            "now": now,
            "values": "kept",
            "request": taken,
            "inputs": values,
            "trace": engine.trace,
            "position": directives.position(self.table, done),
            "after": digest_text(canonical(done)),
        }
        if counted:
            record["counters"] = counted
        session.data = done
        return Stepped(record, engine.verdict, next_, directives.deadline(self.table, done), odd)

    def decide(
        self,
        session: Session,
        action: str,
        args: Mapping[str, Any],
        *,
        now: int,
        inputs: Mapping[str, Any] | None = None,
    ) -> Decision:
        """What the gate says to a proposal as the session stands: no call is admitted, nothing is
        written down, and shared limits aren't asked. For previews, and for hosts that keep no log.
        """
        if type(action) is not str:
            raise Fault("request", "an action is named by a string")
        if type(now) is not int or abs(now) > NUMBER_MAX or now < session.data.get("now", now):
            raise Fault("clock", f"{_told(now)} is no time after {session.data.get('now')}")
        try:
            values = self.table.inputs(_object(inputs))
        except (ValueError, RecursionError) as e:
            raise Fault("input", f"the inputs are not valid: {e}") from None
        try:
            return _Engine(self.table, session.data, now, values, Ledger(_NONE, now)).preview(action, args)
        except (ValueError, RecursionError) as e:
            # Half of a surrogate pair, or no end of nesting: as `step` refuses it.
            raise Fault("request", f"the arguments are no JSON: {e}") from None

    def open(self, session: Session) -> list[dict[str, Any]]:
        """All that the host is asked to do in this session, done or not."""
        return directives.open_(self.table, session.data)

    def deadline(self, session: Session) -> int | None:
        """When to tick at the latest, if nothing else happens before."""
        return directives.deadline(self.table, session.data)

    def position(self, session: Session) -> dict[str, Any]:
        """Where the session is."""
        return directives.position(self.table, session.data)

    def _admit(self, data: dict[str, Any], now: int, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if data["table"] != self.table.digest:
            raise Fault("wrong_table", f"this session belongs to table {data['table']}")
        if type(now) is not int or abs(now) > NUMBER_MAX or now < data.get("now", now):
            raise Fault("clock", f"{_told(now)} is no time after {data.get('now')}")
        try:
            given, _ = plain(dict(inputs), 0, 100)
            values: dict[str, Any] = self.table.inputs(given)
        except ValueError as e:
            raise Fault("input", f"the inputs are not valid: {e}") from None
        return values


def _object(inputs: Any) -> Mapping[str, Any]:
    """Inputs as an object; none are the same as no object."""
    if inputs is None:
        return {}
    if not isinstance(inputs, Mapping):
        raise Fault("input", "the inputs are no object")
    return inputs


def _told(now: Any) -> str:
    """What was handed in as the time. Python refuses to write out very long numbers."""
    if type(now) is int and abs(now) > NUMBER_MAX:
        return "a number beyond ±(2^53 − 1)"
    return str(now) if type(now) is int else f"a value of type {type(now).__name__}"


class _Nothing:
    def peek(self, now: int, wants: list[dict[str, Any]]) -> list[int | None]:
        return [None] * len(wants)

    take = peek

    def give_back(self, key: str, taken_at: int) -> None:
        pass


_NONE = _Nothing()


class _Engine(Gate, Calls, Flow, Clock):
    """A step under way."""

    def __init__(
        self, table: Table, data: dict[str, Any], now: int, inputs: dict[str, Any], ledger: Ledger
    ) -> None:
        self.table = table
        self.body = table.body
        self.questions = table.questions
        self.s = data
        self.now = now
        # Up to when deadlines and events are looked at: while catching up, the time at which the
        # thing in hand fell due; the step's time once an edge was taken.
        self.upto = now
        self.inputs = inputs
        self._input_list = [inputs.get(wire) for wire in table.input_wires]
        self.ledger = ledger
        self.trace: list[dict[str, Any]] = []
        self.verdict: Decision | None = None
        self.hops = HOPS_MAX

    def take(self, request: dict[str, Any]) -> None:
        self.s["now"] = self.now
        self.s["revision"] += 1
        kind = request["kind"]
        if kind == "propose":
            self.proposed(request["action"], request["args"])
        elif kind == "reply":
            ((whom, number),) = request["to"].items()
            reply = {"call": self.call_replied, "agent": self.agent_replied, "ask": self.ask_replied}[whom]
            reply(number, request["outcome"], request.get("value"))
        elif kind == "start":
            self.start(request["flow"], request["args"])
        elif kind == "approve":
            self.approved(request["approval"], request["granted"])
        elif kind == "resolve":
            self.resolved(request["call"], request["happened"], request.get("result"))
        elif kind == "event":
            self.event_came(request["event"])
        elif kind == "tick":
            self.ticked(request.get("retry", False))
        else:
            self.reloaded()

    def hop(self) -> None:
        self.hops -= 1
        if self.hops < 0:
            raise Fault("endless", "the flow goes from state to state without end")

    def point(self) -> dict[str, int]:
        self.s["seq"] += 1
        return {"at": self.now, "seq": self.s["seq"]}

    def happened(self, what: str, **members: Any) -> None:
        """Writes down what happened; members that are None are left out."""
        self.trace.append({"what": what, **{k: v for k, v in members.items() if v is not None}})

    # What scenes ask of whoever knows the session.

    def scene(self, params: list[Any] | None = None) -> Scene:
        """The scene for edges and expressions of the flow, or of a proposal."""
        scene = Scene(params or [])
        scene.inputs = self._input_list
        run = self.s.get("run")
        if run is not None:
            scene.slots = run["slots"]
        scene.now = self.now
        scene.engine = self
        return scene

    def fact(self, index: int, paths: list[Any], keys: list[Any], scene: Scene) -> Any:
        return fact(self.table, self.s, index, paths, keys, scene)

    def history(self, index: int, scene: Scene) -> int:
        return history(self.table, self.s, index, scene)

    def place(self) -> int:
        run, level = self.s.get("run"), top(self.s)
        if run is None or level is None:
            return 0
        return self.body["flows"][run["flow"]]["first_position"] + level["state"]


__all__ = ["Runtime", "Stepped", "verdicts"]

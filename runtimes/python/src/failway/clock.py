"""What is due by the clock, and catching up with it.

A step first brings the session up to its time, in the order in which things fell due. So it makes no
difference how often a host ticks.
"""

from __future__ import annotations

from typing import Any

from .documents import later
from .session import in_flight, top
from .table import Table

# Ties go in this order: (at, kind, number).
CALL, NET, OWN, APPROVAL, RETRY = range(5)

Due = "tuple[int, int, int]"


def dues(table: Table, data: dict[str, Any]) -> list[Any]:
    """All that the clock will bring if nothing else happens."""
    out = []
    flying = False
    for call in data["calls"]:
        if in_flight(call):
            flying = True
            out.append((later(call["at"], table.actions[call["action"]].timeout_ms), CALL, call["id"]))
    for index, approval in enumerate(data["approvals"]):
        if approval["status"] == "pending" and "expires_at" in approval:
            out.append((approval["expires_at"], APPROVAL, index))
    level = top(data)
    if level is not None and level["doing"]["kind"] == "wait":
        out.append((level["doing"]["until"], RETRY, 0))
    if not flying:
        out += deadlines(table, data)
    return out


def deadlines(table: Table, data: dict[str, Any]) -> list[Any]:
    """Deadlines of the flow and its state. They wait for calls in flight."""
    run = data.get("run")
    if run is None:
        return []
    flow = table.body["flows"][run["flow"]]
    out = []
    # In the tail behind a deadline no other one is taken.
    if not any(level.get("net") for level in run["levels"]):
        for index, level in enumerate(run["levels"]):
            within = flow["scopes"][level["scope"]].get("within")
            if within is not None and "to" in within:
                out.append((later(level["since"], within["ms"]), NET, index))
    if run["levels"]:
        level = run["levels"][-1]
        step, doing = flow["states"][level["state"]]["step"], level["doing"]
        if "within_ms" in step and doing["kind"] == step["kind"]:
            since = doing["since"] if doing["kind"] == "ask" else level["entered"]
            out.append((later(since, step["within_ms"]), OWN, 0))
    return out


class Clock:
    """The part of a step that follows the clock."""

    def catch_up(self: Any, replied: int | None = None) -> None:
        """Brings the session up to now. A reply at the very moment of its timeout is in time."""
        while True:
            due = [
                d
                for d in dues(self.table, self.s)
                if (d[0] < self.now if d[1] == CALL and d[2] == replied else d[0] <= self.now)
            ]
            if not due:
                self.upto = self.now
                return
            self.hop()
            at, what, number = min(due)
            self.upto = at
            if what == CALL:
                self.time_out(number)
            elif what == APPROVAL:
                self.close_approval(self.s["approvals"][number], "expired")
            elif what == RETRY:
                self.drive(("attempt",))
            else:
                then = self.between_steps()
                if then is not None:
                    self.drive(then)

    def ticked(self: Any, retry: bool) -> None:
        """Time has passed; the host's draw for a retry may be over."""
        before = _waits(self.s)
        self.catch_up()
        if retry and before is not None and _waits(self.s) == before:
            self.drive(("attempt",))


def _waits(data: dict[str, Any]) -> tuple[int, int] | None:
    level = top(data)
    if level is None or level["doing"]["kind"] != "wait":
        return None
    return level["entry"], level["doing"]["until"]

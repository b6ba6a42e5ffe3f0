"""The session: all that a runtime remembers between two steps, as plain data."""

from __future__ import annotations

from typing import Any, Iterator

from .documents import canonical
from .table import Table

FORMAT = "failway.session"
VERSION = 1


class Session:
    """What has happened so far in one conversation, one job, one call."""

    __slots__ = ("data",)

    def __init__(self, data: dict[str, Any]) -> None:
        """Takes data that was checked: use `new` or `read`."""
        self.data = data

    @classmethod
    def new(cls, table: Table, id: str) -> Session:
        """An empty session of a table. `id` is whatever the host calls it."""
        return cls(
            {
                "format": FORMAT,
                "version": VERSION,
                "table": table.digest,
                "id": id,
                "revision": 0,
                "seq": 0,
                "calls": [],
                "approvals": [],
            }
        )

    @classmethod
    def read(cls, text: bytes | str, table: Table) -> Session:
        """Reads a session and checks all of it against its table; raises Fault."""
        from .reading import read_session

        return cls(read_session(text, table))

    def to_text(self) -> str:
        """The session as text to persist: its canonical JSON."""
        return canonical(self.data)

    def to_bytes(self) -> bytes:
        """The session as bytes to persist."""
        return self.to_text().encode()

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def revision(self) -> int:
        """Steps taken so far."""
        return self.data["revision"]

    @property
    def now(self) -> int | None:
        """The time of the latest step."""
        return self.data.get("now")

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The admitted calls, in order."""
        return self.data["calls"]

    @property
    def approvals(self) -> list[dict[str, Any]]:
        return self.data["approvals"]

    @property
    def run(self) -> dict[str, Any] | None:
        """The flow, if one was started."""
        return self.data.get("run")


def copy(data: dict[str, Any]) -> dict[str, Any]:
    """A copy that a step may change: values stay shared, since they are only ever replaced."""
    out = dict(data)
    out["calls"] = [dict(c) for c in data["calls"]]
    out["approvals"] = [dict(a) for a in data["approvals"]]
    run = data.get("run")
    if run is not None:
        run = out["run"] = dict(run)
        run["slots"] = list(run["slots"])
        run["levels"] = [_level(level) for level in run["levels"]]
        if "waiting" in run:
            run["waiting"] = list(run["waiting"])
        if "events" in run:
            run["events"] = list(run["events"])
    return out


def _level(level: dict[str, Any]) -> dict[str, Any]:
    out = dict(level)
    for name in ("visits", "retries"):
        if name in out:
            out[name] = dict(out[name])
    doing = out["doing"] = dict(out["doing"])
    if "left" in doing:
        doing["left"] = list(doing["left"])
    return out


def in_flight(call: dict[str, Any]) -> bool:
    return "ended" not in call


def is_root(call: dict[str, Any]) -> bool:
    """Whether the effect is this call's own, not that of an earlier one that it repeats."""
    return call["effect"] == call["id"]


def find_call(data: dict[str, Any], id: int) -> dict[str, Any] | None:
    calls = data["calls"]
    return calls[id - 1] if 0 < id <= len(calls) else None


def attempts(data: dict[str, Any], root: int) -> Iterator[dict[str, Any]]:
    """The calls that share the effect of `root`."""
    return (c for c in data["calls"] if c["effect"] == root)


def is_effect(data: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether the effect of a first call happened, may have, or is in flight, and was not undone."""
    return root["fate"] in ("doubtful", "unsettled", "happened") or any(
        in_flight(c) for c in attempts(data, root["id"])
    )


def top(data: dict[str, Any]) -> dict[str, Any] | None:
    """The level of the current state; None outside flows and after an end."""
    run = data.get("run")
    return run["levels"][-1] if run and run["levels"] else None

"""Requests: what a host asks of the runtime, one per step."""

from __future__ import annotations

from typing import Any, Mapping

from .documents import NotJson, parse, plain
from .faults import Fault

DEPTH_MAX = 100

_MEMBERS: dict[str, dict[str, bool]] = {
    # Whether it has to be there.
    "start": {"flow": True, "args": True},
    "propose": {"action": True, "args": True},
    "reply": {"to": True, "outcome": True, "value": False},
    "approve": {"approval": True, "granted": True, "by": False},
    "resolve": {"call": True, "happened": True, "result": False},
    "event": {"event": True},
    "tick": {"retry": False},
    "reload": {},
}
_TEXTS = ("flow", "action", "outcome", "approval", "event")
_BOOLS = ("granted", "happened", "retry")


def read_request(text: bytes | str) -> dict[str, Any]:
    """Reads a request that was written as JSON; raises Fault."""
    try:
        return admit(parse(text))[0]
    except NotJson as e:
        raise Fault("request", f"this is no request: {e}") from None


def admit(request: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A request in its plainest form; whether some of its numbers are not whole."""
    try:
        taken, odd = plain(dict(request), 0, DEPTH_MAX)
        _shape(taken)
    except (TypeError, ValueError) as e:
        raise Fault("request", f"this is no request: {e}") from None
    for name in ("value", "result", "by"):
        if name in taken and taken[name] is None:
            del taken[name]
    if taken.get("retry") is False:
        del taken["retry"]
    return taken, odd


def _shape(request: dict[str, Any]) -> None:
    kind = request.get("kind")
    members = _MEMBERS.get(kind) if isinstance(kind, str) else None
    if members is None:
        raise ValueError(f"there is no kind {kind!r}")
    for name in request:
        if name != "kind" and name not in members:
            raise ValueError(f"`{name}` is not known in a {kind}")
    for name, needed in members.items():
        if name not in request:
            if needed:
                raise ValueError(f"`{name}` is missing")
            continue
        value = request[name]
        if name in _TEXTS and type(value) is not str:
            raise ValueError(f"`{name}` is no string")
        if name in _BOOLS and type(value) is not bool:
            raise ValueError(f"`{name}` is neither true nor false")
        if name == "by" and value is not None and type(value) is not str:
            raise ValueError("`by` is no string")
        if name == "args" and kind == "start" and type(value) is not dict:
            raise ValueError("`args` is no object")
        if name == "call":
            _number(value)
        if name == "to":
            if type(value) is not dict or len(value) != 1 or not value.keys() <= {"call", "agent", "ask"}:
                raise ValueError("`to` names neither a call, nor an agent, nor a person asked")
            _number(*value.values())


def _number(value: Any) -> None:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is the number of nothing")

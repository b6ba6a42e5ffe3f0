"""Requests by name, for hosts that would rather not write dictionaries."""

from __future__ import annotations

import time
from typing import Any


def now_ms() -> int:
    """The system's clock, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def start(flow: str, args: dict[str, Any]) -> dict[str, Any]:
    """Starts a flow in an empty session."""
    return {"kind": "start", "flow": flow, "args": args}


def propose(action: str, args: Any) -> dict[str, Any]:
    """An AI asks to make a call."""
    return {"kind": "propose", "action": action, "args": args}


def reply(directive: dict[str, Any], outcome: str, value: Any = None) -> dict[str, Any]:
    """The answer to a `call`, `agent` or `ask` directive."""
    kind = directive["kind"]
    to = {kind: directive["call" if kind == "call" else "entry"]}
    return {"kind": "reply", "to": to, "outcome": outcome, "value": value}


def approve(approval: str, granted: bool, by: str | None = None) -> dict[str, Any]:
    """A role has answered."""
    return {"kind": "approve", "approval": approval, "granted": granted, "by": by}


def resolve(call: int, happened: bool, result: Any = None) -> dict[str, Any]:
    """Somebody has found out what became of a call in doubt."""
    return {"kind": "resolve", "call": call, "happened": happened, "result": result}


def event(name: str) -> dict[str, Any]:
    """An event."""
    return {"kind": "event", "event": name}


def tick(retry: bool = False) -> dict[str, Any]:
    """Time has passed. `retry`: the wait before a retry is over."""
    return {"kind": "tick", "retry": retry}


def reload() -> dict[str, Any]:
    """The host was restarted: every call in flight is a timeout."""
    return {"kind": "reload"}

"""What the host is to do, read off the session: so it can be read off again after a restart."""

from __future__ import annotations

from typing import Any

from . import clock
from .documents import later
from .session import in_flight
from .table import Table


def open_(table: Table, data: dict[str, Any]) -> list[dict[str, Any]]:
    """All that is to be done, in a fixed order."""
    out = [_call(table, c) for c in data["calls"] if in_flight(c)]
    out += [_approval(table, a) for a in data["approvals"] if a["status"] == "pending"]
    here = _here(table, data)
    if here is not None:
        out.append(here)
    return out


def deadline(table: Table, data: dict[str, Any]) -> int | None:
    """When to tick at the latest."""
    dues = clock.dues(table, data)
    return min(dues)[0] if dues else None


def position(table: Table, data: dict[str, Any]) -> dict[str, Any]:
    """Where the session is."""
    run = data.get("run")
    if run is None:
        return {"kind": "gate"}
    flow = table.body["flows"][run["flow"]]
    if "end" in run:
        return {"kind": "end", "flow": flow["name"], "end": flow["ends"][run["end"]["end"]]["name"]}
    state = flow["states"][run["levels"][-1]["state"]]["name"] if run["levels"] else ""
    return {"kind": "state", "flow": flow["name"], "state": state}


def _call(table: Table, call: dict[str, Any]) -> dict[str, Any]:
    action = table.actions[call["action"]]
    return {
        "kind": "call",
        "call": call["id"],
        "action": action.name,
        "wire": action.wire,
        "args": {n: v for n, v in call["args"].items() if n not in action.claims},
        "timeout_ms": action.timeout_ms,
        "until": later(call["at"], action.timeout_ms),
    }


def _approval(table: Table, approval: dict[str, Any]) -> dict[str, Any]:
    rule = table.body["rules"][approval["rule"]]
    role = table.body["roles"][approval["role"]]
    out = {
        "kind": "approval",
        "approval": approval["id"],
        "action": table.actions[approval["action"]].name,
        "args": approval["args"],
        "rule": rule["name"],
        "role": role["name"],
        "wire": role["wire"],
    }
    if "because" in rule:
        out["because"] = rule["because"]
    if "expires_at" in approval:
        out["expires_at"] = approval["expires_at"]
    return out


def _here(table: Table, data: dict[str, Any]) -> dict[str, Any] | None:
    run = data.get("run")
    if run is None:
        return None
    flow = table.body["flows"][run["flow"]]
    if "end" in run:
        end = flow["ends"][run["end"]["end"]]
        out = {"kind": "ended", "flow": flow["name"], "end": end["name"], "class": end["class"]}
        if "gives" in run["end"]:
            out["gives"] = run["end"]["gives"]
        return out
    if not run["levels"]:
        return None
    level = run["levels"][-1]
    state = flow["states"][level["state"]]
    step, doing = state["step"], level["doing"]
    out = {"entry": level["entry"], "state": state["name"]}
    if doing["kind"] == "wait":
        return {"kind": "wait", **out, "until": doing["until"]}
    if doing["kind"] == "agent" and "said" not in doing and not run.get("waiting"):
        out.update(
            kind="agent",
            given=level.get("args", {}),
            may=[table.actions[a].name for a in step["may"]],
            outcomes=[o["name"] for o in step["outcomes"]],
        )
        if "calls" in step:
            out["calls"] = step["calls"]
        if "within_ms" in step:
            out["until"] = later(level["entered"], step["within_ms"])
        return out
    if doing["kind"] == "ask":
        role = table.body["roles"][step["role"]]
        out.update(kind="ask", role=role["name"], wire=role["wire"], text=doing["text"])
        if "within_ms" in step:
            out["until"] = later(doing["since"], step["within_ms"])
        return out
    return None

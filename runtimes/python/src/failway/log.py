"""What the call log tells: facts, answers about history, what counts against a limit."""

from __future__ import annotations

from typing import Any

from .documents import later
from .scenes import Scene, same
from .session import in_flight, is_effect, is_root
from .table import Counted, Table


def scene_of(table: Table, call: dict[str, Any]) -> Scene:
    """A call as conditions on counted calls see it."""
    return Scene(table.actions[call["action"]].params(call["args"]), call.get("result"))


def history(table: Table, data: dict[str, Any], index: int, scene: Scene) -> int:
    """The answer to a question about this session's calls: 0 or 1, or a count."""
    asks, entries, paths, getters = table.histories[index]
    keys = [get(scene) for get in getters]
    counts = 0
    for call in data["calls"]:
        if _speaks_of(table, data, asks, call) and any(
            counted(table, call, entry, paths, keys) for entry in entries
        ):
            counts += 1
            if asks in ("done", "standing", "unsettled"):
                return 1
    return counts


def _speaks_of(table: Table, data: dict[str, Any], asks: str, call: dict[str, Any]) -> bool:
    if asks == "calls":
        return True
    if not is_root(call):
        return False
    fate = call["fate"]
    if asks == "done":
        return fate in ("happened", "undone")
    if asks == "standing":
        return fate == "happened" and table.actions[call["action"]].writes
    if asks == "unsettled":
        return fate == "unsettled"
    return is_effect(data, call)


def counted(table: Table, call: dict[str, Any], entry: Counted, paths: list[Any], keys: list[Any]) -> bool:
    """Whether a call is of the counted action, satisfies its `when` and has the key."""
    if call["action"] != entry.action:
        return False
    scene = scene_of(table, call)
    if entry.when is not None and not table.questions.holds(scene, entry.when):
        return False
    return _same_key(scene, entry, paths, keys, False)


def _same_key(scene: Scene, entry: Counted, paths: list[Any], keys: list[Any], unknown: bool) -> bool:
    """`unknown`: the call's result isn't known, so parts of it are taken as equal."""
    if len(entry.keys) != len(keys):
        return False
    for get, their, mine, key in zip(entry.keys, entry.paths, paths, keys):
        if unknown and their["root"]["kind"] == "result":
            continue
        value = get(scene)
        if value is None or key is None:
            if value is not key or not (_is_parameter(their) and _is_parameter(mine)):
                return False
        elif not same(value, key):
            return False
    return True


def _is_parameter(path: dict[str, Any]) -> bool:
    return not path.get("fields") and path["root"]["kind"] in ("param", "slot")


def counts_against(
    table: Table, limit: int, call: dict[str, Any], paths: list[Any], keys: list[Any]
) -> bool:
    """Whether a call counts against a limit of the session, the worst assumed of a missing result."""
    for entry in table.limits[limit][1]:
        if call["action"] != entry.action:
            continue
        if "result" in call:
            if counted(table, call, entry, paths, keys):
                return True
            continue
        scene = scene_of(table, call)
        use = next((u for u in table.actions[call["action"]].limits if u.limit == limit), None)
        if use is not None and use.when is not None and not table.questions.holds(scene, use.when):
            continue
        if _same_key(scene, entry, paths, keys, True):
            return True
    return False


def fact(
    table: Table, data: dict[str, Any], index: int, paths: list[Any], keys: list[Any], scene: Scene
) -> Any:
    """The fact's value for a key, as of the scene's moment; None if it is absent."""
    of, source = table.facts[index]
    at, seq = scene.as_of or (scene.now, None)
    latest, known = None, (0, -1)
    for call in data["calls"]:
        point = _known(call)
        if (
            point is not None
            and (seq is None or point[1] < seq)
            and point[1] > known[1]
            and counted(table, call, source, paths, keys)
        ):
            latest, known = call, point
    if latest is None:
        return None
    if "lifetime_ms" in of and at >= later(known[0], of["lifetime_ms"]):
        return None
    if any(_forgets(table, of, source, write, latest, seq) for write in data["calls"]):
        return None
    return latest.get("result")


def _known(call: dict[str, Any]) -> tuple[int, int] | None:
    """When the call's reply became known, if it succeeded: (at, seq)."""
    ended = call.get("ended")
    if ended is not None and ended["outcome"] == "ok":
        return ended["at"], ended["seq"]
    settled = call.get("settled")
    if settled is not None and call["fate"] in ("happened", "undone"):
        return settled["at"], settled["seq"]
    return None


def _forgets(
    table: Table, of: dict[str, Any], source: Counted, write: dict[str, Any], reply: dict[str, Any], seq: int | None
) -> bool:
    """Whether a write forgets a reply, as seen at a point of the log."""
    if seq is not None and write["seq"] >= seq:
        return False
    forget = next((f for f in of["forget"] if f["action"] == write["action"]), None)
    if forget is None:
        return False
    ended = write.get("ended")
    if ended is not None and (seq is None or ended["seq"] < seq):
        kind = table.actions[write["action"]].failure.get(ended["outcome"], "indeterminate")
        if kind != "indeterminate" or ended["seq"] <= reply["seq"]:
            return False
    scene = scene_of(table, reply)
    wires = table.actions[write["action"]].wires
    for part, param in forget["pairs"]:
        known, written = source.keys[part](scene), write["args"].get(wires[param])
        if known is not None and written is not None and not same(known, written):
            return False
    return True

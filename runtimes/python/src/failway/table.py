"""Tables: read, verified, and made ready to decide."""

from __future__ import annotations

import os
from typing import Any, Callable

from . import verify
from .documents import NUMBER_MAX, NotJson, canonical, digest_text, parse
from .faults import BadTable
from .scenes import Questions, Scene
from .values import Check, Types

FORMAT = "failway.table"
VERSION = 1
SIZE_MAX = 256 << 20
"""The largest table that is read, in bytes."""

Maker = Callable[[Scene], "dict[str, Any]"]


class Action:
    """An action, with what is asked of it at every proposal made ready."""

    def __init__(self, index: int, data: dict[str, Any], types: Types, questions: Questions) -> None:
        self.index = index
        self.data = data
        self.name: str = data["name"]
        self.wire: str = data["wire"]
        self.wires: list[str] = [p["wire"] for p in data["params"]]
        self.claims = {p["wire"] for p in data["params"] if p.get("claim")}
        self.gate: int = data["gate"]
        self.verdicts: list[dict[str, Any]] = data["verdicts"]
        self.timeout_ms: int = data["timeout_ms"]
        effect = data["effect"]
        self.writes = effect["kind"] == "write"
        self.tracked = self.writes and not effect["expendable"]
        self.idempotent: dict[str, Any] | None = effect.get("idempotent")
        self.failures: list[dict[str, Any]] = data["failures"]
        self.failure = {f["name"]: f["kind"] for f in self.failures}
        # Takes arguments, a reply; or raises Invalid.
        self.take: Check = types.fields(data["params"], drop=False)
        result = data.get("result")
        self.take_result: Check | None = types.check(result, drop=True) if result else None
        self.keep_result: Check | None = types.check(result, drop=False) if result else None
        self.limits = [
            LimitUse(u["limit"], u["keys"], [questions.path(k) for k in u["keys"]], u.get("when"))
            for u in data["limits"]
        ]
        self.undo: dict[str, Any] | None = data.get("undo")
        self.confirm: dict[str, Any] | None = data.get("confirm")

    def params(self, args: dict[str, Any]) -> list[Any]:
        """Arguments by the parameters' index."""
        return [args.get(wire) for wire in self.wires]


class LimitUse:
    """A limit as it applies to an action's proposals."""

    __slots__ = ("limit", "paths", "keys", "when")

    def __init__(self, limit: int, paths: list[Any], keys: list[Any], when: int | None) -> None:
        self.limit, self.paths, self.keys, self.when = limit, paths, keys, when


class Counted:
    """Calls of one action that count."""

    __slots__ = ("action", "paths", "keys", "when")

    def __init__(self, data: dict[str, Any], questions: Questions) -> None:
        self.action: int = data["action"]
        self.paths: list[dict[str, Any]] = data["keys"]
        self.keys = [questions.path(k) for k in data["keys"]]
        self.when: int | None = data.get("when")


class Table:
    """A verified table."""

    def __init__(self, document: dict[str, Any]) -> None:
        """Takes a document that was verified: use `read`."""
        body = document["body"]
        self.document = document
        self.digest: str = document["digest"]
        self.body: dict[str, Any] = body
        self.types = types = Types(body)
        self.questions = questions = Questions(body, types)
        self.actions = [Action(i, a, types, questions) for i, a in enumerate(body["actions"])]
        self.by_name = {a.name: a for a in self.actions}
        self.by_wire = {a.wire: a for a in self.actions}
        self.inputs: Check = types.fields(body["inputs"], drop=False)
        self.input_wires: list[str] = [f["wire"] for f in body["inputs"]]
        self.flows = {f["name"]: i for i, f in enumerate(body["flows"])}
        self.histories = [
            (h["asks"], [Counted(c, questions) for c in h["counted"]], h["keys"], [questions.path(k) for k in h["keys"]])
            for h in body["histories"]
        ]
        self.facts = [(f, Counted(f["source"], questions)) for f in body["facts"]]
        self.limits = [(m, [Counted(c, questions) for c in m["counted"]]) for m in body["limits"]]
        # Arguments of calls that are made of other calls, and expressions of flows: by identity.
        self._made: dict[int, Any] = {}
        for action in self.actions:
            for of in (action.undo, action.confirm):
                if of is not None:
                    self._made[id(of)] = questions.arguments(body["actions"][of["action"]]["params"], of["args"])
            for line in (action.confirm or {}).get("lines", ()):
                if "gives" in line:
                    self._made[id(line["gives"])] = questions.expression(line["gives"])
            for verdict in action.verdicts:
                instead = verdict.get("instead")
                if instead is not None:
                    to = body["actions"][instead["action"]]
                    self._made[id(instead)] = questions.arguments(to["params"], instead["args"])

    @classmethod
    def read(cls, data: bytes | str) -> Table:
        """Reads a table and verifies all of it; raises BadTable."""
        if len(data) > SIZE_MAX:
            raise BadTable("json", f"the table is too large: {len(data)} bytes")
        try:
            document = parse(data)
        except NotJson as e:
            raise BadTable("json", f"this is not a table: {e}") from None
        return cls.of(document)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Table:
        """Reads the table in a file."""
        with open(path, "rb") as f:
            return cls.read(f.read())

    @classmethod
    def of(cls, document: Any) -> Table:
        """Verifies a document that was parsed before; raises BadTable."""
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise BadTable("format", f'this is JSON, but not a table: `format` is not "{FORMAT}"')
        version = document.get("version")
        if type(version) is not int or version != VERSION:
            raise BadTable("version", f"this table has version {version}, but this program reads {VERSION}")
        body = document.get("body")
        _integers(body)
        actual, claimed = digest_text(canonical(body)), document.get("digest")
        if claimed != actual:
            raise BadTable("digest", f"this table was changed: it claims to be {claimed}, but is {actual}")
        try:
            verify.document(document)
        except verify.Broken as e:
            raise BadTable("body", f"this table is broken at `{e.at}`: {e.problem}") from None
        return cls(document)

    def action(self, name: str) -> Action | None:
        """The action with that name, or that name on the wire."""
        return self.by_name.get(name) or self.by_wire.get(name)

    def maker(self, of: Any, make: Callable[[Any], Any]) -> Any:
        """What was compiled of a part of the table; compiled now if it wasn't yet."""
        made = self._made.get(id(of))
        if made is None:
            made = self._made[id(of)] = make(of)
        return made


def _integers(value: Any) -> None:
    kind = type(value)
    if kind is float or (kind is int and abs(value) > NUMBER_MAX):
        raise BadTable("body", "it holds a number that is not an integer within ±(2^53 − 1)")
    if kind is dict:
        for member in value.values():
            _integers(member)
    elif kind is list:
        for item in value:
            _integers(item)

"""What makes a document a table: every member known, every index in range, every path leading to a
value of the right type, every diagram ending. What reads a verified table needs no checks of its own.
"""

from __future__ import annotations

from typing import Any, Iterable

from .shapes import (
    Misshapen,
    anything,
    by_kind,
    byte,
    count,
    flag,
    full,
    index,
    integer,
    many,
    maybe,
    obj,
    one_of,
    pair,
    text,
)
from .values import Invalid, Types
from .scenes import same

Broken = Misshapen

DEPTH_MAX = 64
SCALE_MAX = 15
FACTOR_MAX = 10**15
RULE_KINDS = ("allow", "deny", "require", "escalate", "limit", "order")
_NUMBERS = ("int", "decimal", "duration", "time", "date", "instant")


# ── Shapes ───────────────────────────────────────────────────────────────────


def _type(value: Any, at: str) -> None:
    _TYPE(value, at)


_ORDERED = {"kind": text, "min": integer, "max": integer}
_TYPE = by_kind(
    bool=obj({"kind": text}),
    int=obj(_ORDERED),
    decimal=obj({**_ORDERED, "scale": index}),
    string=obj({"kind": text, "min": index}, {"max": index, "automata": full(many(index))}),
    duration=obj(_ORDERED),
    time=obj(_ORDERED),
    date=obj(_ORDERED),
    instant=obj(_ORDERED),
    enum=obj({"kind": text, "of": index}),
    record=obj({"kind": text, "of": index}),
    list=obj({"kind": text, "element": _type, "min": index, "max": index}),
)


def _path(value: Any, at: str) -> None:
    _PATH(value, at)


_INDEXED = obj({"kind": text, "index": index})
_ROOT = by_kind(
    param=_INDEXED,
    result=obj({"kind": text}),
    input=_INDEXED,
    fact=obj({"kind": text, "index": index, "keys": many(_path)}),
    element=obj({"kind": text}),
    slot=_INDEXED,
)
_PATH = obj({"root": _ROOT}, {"fields": full(many(text))})


def _expr(value: Any, at: str) -> None:
    _EXPR(value, at)


_EXPR = by_kind(
    const=obj({"kind": text, "value": anything}),
    path=obj({"kind": text, "path": _PATH}),
    list=obj({"kind": text, "items": many(_expr)}),
    record=obj({"kind": text, "fields": many(pair(text, _expr))}),
    template=obj(
        {
            "kind": text,
            "parts": many(
                by_kind(text=obj({"kind": text, "text": text}), hole=obj({"kind": text, "path": _PATH}))
            ),
        }
    ),
)
_ARGS = many(maybe(_expr))
_DOC = {"doc": text}
_NAMED = obj({"name": text, "wire": text}, _DOC)
_FIELD = obj({"name": text, "wire": text, "type": _type}, {"optional": full(flag), "claim": full(flag), **_DOC})
_RATE = obj({"count": count, "per_ms": integer})
_COUNTED = obj({"action": index, "keys": many(_PATH)}, {"when": integer})
_BARE = obj({"kind": text})
_TARGET = by_kind(
    state=_INDEXED,
    end=_INDEXED,
    **{"return": obj({"kind": text, "state": index, "outcome": text}, {"gives": _expr})},
)
_EVENTS = many(obj({"event": index}, {"when": integer, "to": _TARGET}))
_VERDICT = obj(
    {
        "verdict": one_of("deny", "escalate", "allow"),
        "again": by_kind(
            never=_BARE,
            later=_BARE,
            after_wait=_BARE,
            after_approval=_BARE,
            after_action=obj({"kind": text, "actions": many(index)}),
            other_arguments=_BARE,
            not_needed=_BARE,
        ),
    },
    {"rule": index, "reason": full(text), "instead": obj({"action": index, "args": _ARGS})},
)
_ACTION = obj(
    {
        "name": text,
        "wire": text,
        "integration": index,
        "params": many(_FIELD),
        "effect": by_kind(
            read=_BARE,
            write=obj(
                {"kind": text, "expendable": flag},
                {"idempotent": obj({"by": many(index)}, {"for_ms": integer})},
            ),
        ),
        "timeout_ms": integer,
        "failures": many(
            obj(
                {"name": text, "wire": text, "kind": one_of("permanent", "transient", "indeterminate")},
                _DOC,
            )
        ),
        "verdicts": many(_VERDICT),
        "gate": integer,
        "limits": many(obj({"limit": index, "keys": many(_PATH)}, {"when": integer})),
    },
    {
        "result": _type,
        "undo": obj({"action": index, "args": _ARGS, "tolerant": flag}),
        "confirm": obj(
            {
                "action": index,
                "args": _ARGS,
                "lines": many(obj({"happened": flag, "on": text}, {"when": integer, "gives": _expr})),
            },
            {"after_ms": integer},
        ),
        **_DOC,
    },
)
_PROBE = by_kind(
    value=obj({"kind": text, "path": _PATH, "type": _type}),
    present=obj({"kind": text, "path": _PATH}),
    length=obj({"kind": text, "path": _PATH}),
    size=obj({"kind": text, "path": _PATH}),
    **{"class": obj({"kind": text, "path": _PATH, "automaton": index})},
    difference=obj(
        {
            "kind": text,
            "left": _PATH,
            "left_type": _type,
            "left_factor": integer,
            "right": _PATH,
            "right_type": _type,
            "right_factor": integer,
        }
    ),
    equal=obj({"kind": text, "left": _PATH, "right": _PATH}),
    some=obj({"kind": text, "list": _PATH, "when": integer}),
    history=obj({"kind": text, "history": index}),
    history_difference=obj({"kind": text, "left": index, "right": index}),
    position=_BARE,
)
_STEP = by_kind(
    do=obj({"kind": text, "action": index, "args": _ARGS}, {"bind": index}),
    agent=obj(
        {
            "kind": text,
            "given": many(pair(text, _expr)),
            "may": many(index),
            "outcomes": many(obj({"name": text}, {"type": _type})),
        },
        {"calls": count, "within_ms": integer},
    ),
    ask=obj({"kind": text, "role": index, "text": _expr, "type": _type, "bind": index}, {"within_ms": integer}),
    choose=obj(
        {"kind": text, "branches": many(obj({"when": integer, "to": _TARGET}))}, {"otherwise": _TARGET}
    ),
    settle=obj({"kind": text, "action": index}, {"bind": index}),
    unwind=obj({"kind": text, "actions": many(index)}),
    run=obj(
        {"kind": text, "scope": index, "args": many(pair(index, maybe(_expr))), "start": _TARGET},
        {"bind": index},
    ),
)
_STATE = obj(
    {
        "name": text,
        "scope": index,
        "step": _STEP,
        "handlers": many(
            obj(
                {"outcome": text, "to": _TARGET},
                {
                    "when": integer,
                    "bind": index,
                    "retry": obj({"group": index, "count": count, "first_ms": integer, "cap_ms": integer}),
                },
            )
        ),
        "events": _EVENTS,
    },
    {"visits": obj({"count": count, "to": _TARGET}), **_DOC},
)
_FLOW = obj(
    {
        "name": text,
        "params": many(_FIELD),
        "first_position": index,
        "start": _TARGET,
        "slots": many(obj({"name": text, "type": _type, "scope": index})),
        "scopes": many(
            obj(
                {"name": text, "flow": text, "events": _EVENTS},
                {"parent": index, "within": obj({"ms": integer}, {"to": _TARGET})},
            )
        ),
        "states": many(_STATE),
        "ends": many(
            obj(
                {"name": text, "class": one_of("success", "fallback", "failure")},
                {"gives": _expr, "keeps": full(many(index)), "leaves": full(many(index)), **_DOC},
            )
        ),
    },
    {"once": obj({"by": many(index), "for_ms": integer, "to": _TARGET}), "expect": _RATE, **_DOC},
)
_BODY = obj(
    {
        "policy": text,
        "enums": many(obj({"name": text, "variants": many(_NAMED)}, {"other": index})),
        "records": many(obj({"name": text, "fields": many(_FIELD)})),
        "automata": many(
            obj(
                {
                    "alphabet": many(pair(byte, index)),
                    "classes": index,
                    "next": many(index),
                    "accept": many(index),
                }
            )
        ),
        "inputs": many(_FIELD),
        "roles": many(_NAMED),
        "events": many(_NAMED),
        "integrations": many(obj({"name": text, "wire": text}, {"capacity": _RATE, **_DOC})),
        "actions": many(_ACTION),
        "facts": many(
            obj(
                {
                    "name": text,
                    "source": _COUNTED,
                    "type": _type,
                    "forget": many(obj({"action": index, "pairs": many(pair(index, index))})),
                },
                {"lifetime_ms": integer},
            )
        ),
        "rules": many(obj({"name": text, "kind": text}, {"because": text, "role": index, "within_ms": integer, **_DOC})),
        "limits": many(
            obj({"rule": index, "count": count, "effects": flag, "counted": many(_COUNTED)}, {"per_ms": integer})
        ),
        "histories": many(
            obj(
                {
                    "asks": one_of("done", "calls", "effects", "standing", "unsettled"),
                    "counted": many(_COUNTED),
                    "keys": many(_PATH),
                }
            )
        ),
        "probes": many(_PROBE),
        "nodes": many(obj({"probe": index, "cuts": many(integer), "next": many(integer)})),
        "flows": many(_FLOW),
    },
    _DOC,
)
_DOCUMENT = obj(
    {
        "format": text,
        "version": integer,
        "digest": text,
        "sources": many(obj({"path": text, "digest": text})),
        "body": _BODY,
    }
)


def document(document: Any) -> None:
    """Finds the first fault of a document; raises Broken."""
    try:
        _DOCUMENT(document, "")
    except RecursionError:
        raise Broken("", "it nests too deep") from None
    _Verifier(document["body"]).all()


# ── What shapes cannot say ───────────────────────────────────────────────────


def _get(items: list[Any], i: int, what: str) -> Any:
    if i >= len(items):
        raise Broken("", f"there is no {what} {i}")
    return items[i]


def _unique(names: Iterable[str], what: str) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise Broken("", f"two {what}s are called `{name}`")
        seen.add(name)


def _need(right: bool, problem: str) -> None:
    if not right:
        raise Broken("", problem)


def _unit(ty: dict[str, Any]) -> tuple[Any, ...]:
    """The kind and unit of a type: what decides whether two values compare."""
    return ty["kind"], ty.get("scale"), ty.get("of")


def _is_number(ty: dict[str, Any]) -> bool:
    return ty["kind"] not in ("string", "record", "list")


class _Scope:
    """The roots that exist at some place of a table."""

    def __init__(self, body: dict[str, Any], params: Any = None, result: Any = None, slots: Any = None, session: bool = False, element: Any = None) -> None:
        self.body, self.params, self.result = body, params, result
        self.slots, self.session, self.element = slots, session, element

    def within(self, element: Any) -> _Scope:
        return _Scope(self.body, self.params, self.result, self.slots, self.session, element)

    def path(self, path: dict[str, Any]) -> Any:
        """The type that a path leads to."""
        ty = self._root(path["root"])
        for name in path.get("fields", ()):
            _need(ty["kind"] == "record", f"`{name}` is asked of what is no record")
            record = _get(self.body["records"], ty["of"], "record")
            field = next((f for f in record["fields"] if f["wire"] == name), None)
            if field is None:
                raise Broken("", f"`{record['name']}` has no field `{name}`")
            ty = field["type"]
        return ty

    def _root(self, root: dict[str, Any]) -> Any:
        kind = root["kind"]
        if kind in ("param", "slot"):
            of = self.params if kind == "param" else self.slots
            _need(of is not None, f"there are no {kind}s here")
            return _get(of, root["index"], kind)["type"]
        if kind in ("result", "element"):
            ty = self.result if kind == "result" else self.element
            _need(ty is not None, f"there is no {kind} here")
            return ty
        _need(self.session, "there is no session to ask here")
        if kind == "input":
            return _get(self.body["inputs"], root["index"], "input")["type"]
        fact = _get(self.body["facts"], root["index"], "fact")
        source = _get(self.body["actions"], fact["source"]["action"], "action")
        call = _Scope(self.body, source["params"], source.get("result"))
        self.keys(root["keys"], call, fact["source"]["keys"])
        return fact["type"]

    def keys(self, mine: list[Any], other: _Scope, theirs: list[Any]) -> None:
        """The key in this scope fits the one in the other, part by part."""
        _need(len(mine) == len(theirs), "a key is looked up with another number of parts")
        for m, t in zip(mine, theirs):
            _need(m["root"]["kind"] != "fact" and t["root"]["kind"] != "fact", "a part of a key is a fact")
            unit = _unit(self.path(m))
            fits = unit == _unit(other.path(t)) and unit[0] not in ("record", "list")
            _need(fits, "a part of a key compares different types")

    def expr(self, expr: dict[str, Any], ty: dict[str, Any], types: Types) -> None:
        """An expression for a value of a type."""
        kind = expr["kind"]
        if kind == "const":
            try:
                normal = types.check(ty, drop=False)(expr["value"])
            except Invalid as e:
                raise Broken("", str(e)) from None
            _need(same(normal, expr["value"]), "a constant is not in wire form")
        elif kind == "path":
            found, wanted = self.path(expr["path"]), ty
            widens = wanted["kind"] == "decimal" and (
                found["kind"] == "int" or (found["kind"] == "decimal" and found["scale"] <= wanted["scale"])
            )
            _need(widens or _unit(found) == _unit(wanted), "the value is of another type")
        elif kind == "list" and ty["kind"] == "list":
            for item in expr["items"]:
                self.expr(item, ty["element"], types)
        elif kind == "record" and ty["kind"] == "record":
            record = _get(self.body["records"], ty["of"], "record")
            fields = {f["wire"]: f["type"] for f in record["fields"]}
            for name, value in expr["fields"]:
                _need(name in fields, f"`{record['name']}` has no field `{name}`")
                self.expr(value, fields[name], types)
        elif kind == "template" and ty["kind"] == "string":
            for part in expr["parts"]:
                if part["kind"] == "hole":
                    self.path(part["path"])
        else:
            raise Broken("", "the expression is of another type")

    def given(self, expr: dict[str, Any]) -> None:
        """An expression whose type is not written down."""
        kind = expr["kind"]
        if kind == "path":
            self.path(expr["path"])
        elif kind == "list":
            for item in expr["items"]:
                self.given(item)
        elif kind == "record":
            for _, value in expr["fields"]:
                self.given(value)
        elif kind == "template":
            for part in expr["parts"]:
                if part["kind"] == "hole":
                    self.path(part["path"])

    def args(self, args: list[Any], params: list[Any], types: Types) -> None:
        """One argument per parameter, the required ones given."""
        _need(len(args) == len(params), "there are more or fewer arguments than parameters")
        for arg, param in zip(args, params):
            if arg is not None:
                self.expr(arg, param["type"], types)
            else:
                _need(param.get("optional", False), f"`{param['name']}` is not given")


class _Verifier:
    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.types: Types

    def all(self) -> None:
        self._part("automata", self._automaton)
        self._part("enums", self._enum)
        self._records()
        self._fields(self.body["inputs"])
        for what in ("role", "event", "record", "enum", "integration", "action", "fact", "rule", "flow"):
            _unique((n["name"] for n in self.body[what + "s"]), what)
        _unique((e["wire"] for e in self.body["events"]), "event")
        _unique((a["wire"] for a in self.body["actions"]), "action")
        for i in self.body["integrations"]:
            _need(i.get("capacity", {"per_ms": 1})["per_ms"] > 0, "a capacity is per some time")
        self.types = Types(self.body)
        self._nodes()
        self._part("rules", self._rule)
        self._part("actions", self._signature)
        self._part("facts", self._fact)
        self._part("limits", self._limit)
        for history in self.body["histories"]:
            for counted in history["counted"]:
                self._counted(counted)
        self._part("actions", self._gate)
        position = 1
        for i, flow in enumerate(self.body["flows"]):
            try:
                _need(flow["first_position"] == position, f"the first position should be {position}")
                _FlowVerifier(self, flow).all()
            except Broken as e:
                raise Broken(f"flows[{i}]", e.problem) from None
            position += len(flow["states"])

    def _part(self, name: str, check: Any) -> None:
        for i, part in enumerate(self.body[name]):
            try:
                check(part)
            except Broken as e:
                raise Broken(f"{name}[{i}]", e.problem) from None

    # Types.

    def _automaton(self, a: dict[str, Any]) -> None:
        states, classes = len(a["accept"]), a["classes"]
        _need(states > 0 and 1 <= classes <= 256, "an automaton needs a state and 1 to 256 alphabet classes")
        _need(len(a["next"]) == states * classes, "there are more or fewer successors than states × classes")
        _need(all(s < states for s in a["next"]), "a successor is not there")
        firsts = [first for first, _ in a["alphabet"]]
        ascending = all(x < y for x, y in zip(firsts, firsts[1:]))
        _need(bool(firsts) and firsts[0] == 0 and ascending, "the alphabet must ascend from byte 0")
        _need(all(c < classes for _, c in a["alphabet"]), "an alphabet class is not there")

    def _enum(self, e: dict[str, Any]) -> None:
        if "other" in e:
            _get(e["variants"], e["other"], "variant")
        _unique((v["name"] for v in e["variants"]), "variant")
        _unique((v["wire"] for v in e["variants"]), "variant")

    def _records(self) -> None:
        # A record may only hold those whose depth is known: so none holds itself.
        records = self.body["records"]
        depths: dict[int, int] = {}
        moved = True
        while moved:
            moved = False
            for i, record in enumerate(records):
                if i in depths:
                    continue
                inner = [self._depth(f["type"], depths) for f in record["fields"]]
                if None not in inner:
                    depths[i] = 1 + max((n for n in inner if n is not None), default=0)
                    moved = True
        for i, record in enumerate(records):
            _need(i in depths, "a record holds itself or one that is not there")
            _need(depths[i] <= DEPTH_MAX, "a record nests too deep")
        for record in records:
            self._fields(record["fields"])

    def _depth(self, ty: dict[str, Any], depths: dict[int, int]) -> int | None:
        lists = 0
        while ty["kind"] == "list":
            lists, ty = lists + 1, ty["element"]
        if ty["kind"] != "record":
            return lists
        inner = depths.get(ty["of"])
        return None if inner is None else inner + lists

    def _fields(self, fields: list[Any]) -> None:
        _unique((f["name"] for f in fields), "field")
        _unique((f["wire"] for f in fields), "field")
        for f in fields:
            self.type(f["type"])

    def type(self, ty: dict[str, Any], level: int = 0) -> None:
        _need(level <= DEPTH_MAX, "the type nests too deep")
        kind = ty["kind"]
        if kind in ("enum", "record"):
            _get(self.body[kind + "s"], ty["of"], kind)
        if kind == "decimal":
            _need(ty["scale"] <= SCALE_MAX, f"a scale is more than {SCALE_MAX}")
        if "max" in ty:
            _need(ty["min"] <= ty["max"], f"no value lies between {ty['min']} and {ty['max']}")
        for a in ty.get("automata", ()):
            _get(self.body["automata"], a, "automaton")
        if kind == "list":
            self.type(ty["element"], level + 1)

    # Diagrams.

    def _nodes(self) -> None:
        # Whether a walk from the node may meet a `some`: those don't nest.
        asks_some: list[bool] = []

        def meets(child: int) -> bool:
            if child < 0:
                return False
            _need(child < len(asks_some), f"node {child} does not come before node {len(asks_some)}")
            return asks_some[child]

        for node in self.body["nodes"]:
            cuts = node["cuts"]
            _need(len(node["next"]) == len(cuts) + 1, "there are more or fewer branches than cuts + 1")
            _need(all(x < y for x, y in zip(cuts, cuts[1:])), "the cuts don't ascend")
            found = any([meets(child) for child in node["next"]])
            probe = _get(self.body["probes"], node["probe"], "probe")
            if probe["kind"] == "some":
                _need(not meets(probe["when"]), "a `some` asks another `some`")
                found = True
            asks_some.append(found)

    def diagram(self, scope: _Scope, start: int, leaves: int, seen: set[int] | None = None) -> None:
        seen = set() if seen is None else seen
        open_ = [start]
        while open_:
            at = open_.pop()
            if at < 0:
                _need(-at - 1 < leaves, f"{at} is none of {leaves} leaves")
            elif at not in seen:
                seen.add(at)
                node = _get(self.body["nodes"], at, "node")
                self._probe(scope, _get(self.body["probes"], node["probe"], "probe"))
                open_ += node["next"]

    def condition(self, scope: _Scope, start: int, seen: set[int] | None = None) -> None:
        self.diagram(scope, start, 2, seen)

    def _probe(self, scope: _Scope, probe: dict[str, Any]) -> None:
        kind = probe["kind"]
        if kind == "value":
            fits = _unit(scope.path(probe["path"])) == _unit(probe["type"]) and _is_number(probe["type"])
            _need(fits, "the path leads to another type")
        elif kind == "present":
            scope.path(probe["path"])
        elif kind in ("length", "class"):
            if kind == "class":
                _get(self.body["automata"], probe["automaton"], "automaton")
            _need(scope.path(probe["path"])["kind"] == "string", "the path doesn't lead to a string")
        elif kind in ("size", "some"):
            ty = scope.path(probe["path" if kind == "size" else "list"])
            _need(ty["kind"] == "list", "the path doesn't lead to a list")
            if kind == "some":
                self.condition(scope.within(ty["element"]), probe["when"])
        elif kind == "difference":
            for side in ("left", "right"):
                ty = probe[side + "_type"]
                fits = _unit(scope.path(probe[side])) == _unit(ty) and _is_number(ty)
                _need(fits, "a path leads to another type")
                _need(1 <= probe[side + "_factor"] <= FACTOR_MAX, "a factor is none")
        elif kind == "equal":
            left = _unit(scope.path(probe["left"]))
            fits = left[0] not in ("list", "record") and left == _unit(scope.path(probe["right"]))
            _need(fits, "the values don't compare")
        elif kind == "history":
            self._history(scope, probe["history"])
        elif kind == "history_difference":
            self._history(scope, probe["left"])
            self._history(scope, probe["right"])
        else:
            _need(scope.session, "there is no session to ask here")

    def _history(self, scope: _Scope, index: int) -> None:
        _need(scope.session, "there is no session to ask here")
        history = _get(self.body["histories"], index, "history")
        for counted in history["counted"]:
            scope.keys(history["keys"], self._call(counted), counted["keys"])

    def _call(self, counted: dict[str, Any]) -> _Scope:
        action = _get(self.body["actions"], counted["action"], "action")
        return _Scope(self.body, action["params"], action.get("result"))

    def _counted(self, counted: dict[str, Any]) -> None:
        call = self._call(counted)
        for key in counted["keys"]:
            call.path(key)
        if "when" in counted:
            self.condition(call, counted["when"])

    # Actions and what belongs to them.

    def _rule(self, rule: dict[str, Any]) -> None:
        _need(rule["kind"] in RULE_KINDS, f"`{rule['kind']}` is no kind of rule")
        _need((rule["kind"] == "escalate") == ("role" in rule), "an escalation has a role, no other rule has one")
        _need(rule.get("within_ms", 1) > 0, "the window must be positive")
        if "role" in rule:
            _get(self.body["roles"], rule["role"], "role")

    def _signature(self, a: dict[str, Any]) -> None:
        _get(self.body["integrations"], a["integration"], "integration")
        self._fields(a["params"])
        if "result" in a:
            self.type(a["result"])
        _need(a["timeout_ms"] > 0, "the timeout must be positive")
        _unique((f["name"] for f in a["failures"]), "failure")
        _unique((f["wire"] for f in a["failures"]), "failure")
        idempotent = a["effect"].get("idempotent")
        if idempotent is not None:
            _need(idempotent.get("for_ms", 1) > 0, "the key must be remembered for some time")
            for p in idempotent["by"]:
                _get(a["params"], p, "parameter")

    def _fact(self, f: dict[str, Any]) -> None:
        self.type(f["type"])
        _need(f.get("lifetime_ms", 1) > 0, "the fact must live for some time")
        self._counted(f["source"])
        source = self.body["actions"][f["source"]["action"]]
        _need(source.get("result") == f["type"], "the fact is of another type than its source's reply")
        call = self._call(f["source"])
        for forget in f["forget"]:
            write = _get(self.body["actions"], forget["action"], "action")
            _need(write["effect"]["kind"] == "write", "only a write makes a fact forgotten")
            for part, param in forget["pairs"]:
                part = call.path(_get(f["source"]["keys"], part, "part of the key"))
                param = _get(write["params"], param, "parameter")["type"]
                _need(_unit(part) == _unit(param), "a pair compares different types")

    def _limit(self, limit: dict[str, Any]) -> None:
        rule = _get(self.body["rules"], limit["rule"], "rule")
        _need(rule["kind"] == "limit", f"rule `{rule['name']}` is no limit")
        _need(limit.get("per_ms", 1) > 0, "the window must be positive")
        for counted in limit["counted"]:
            _need(len(counted["keys"]) == len(limit["counted"][0]["keys"]), "the keys have different lengths")
            self._counted(counted)

    def _gate(self, a: dict[str, Any]) -> None:
        body = self.body
        scope = _Scope(body, a["params"], session=True)
        for verdict in a["verdicts"]:
            self._verdict(scope, verdict)
        self.diagram(scope, a["gate"], len(a["verdicts"]))
        call = _Scope(body, a["params"])
        seen: set[int] = set()
        for use in a["limits"]:
            for counted in _get(body["limits"], use["limit"], "limit")["counted"]:
                call.keys(use["keys"], self._call(counted), counted["keys"])
            if "when" in use:
                self.condition(call, use["when"], seen)
        if "undo" in a:
            by = _get(body["actions"], a["undo"]["action"], "action")
            _Scope(body, a["params"], a.get("result")).args(a["undo"]["args"], by["params"], self.types)
        if "confirm" in a:
            self._confirm(a, a["confirm"])

    def _verdict(self, scope: _Scope, v: dict[str, Any]) -> None:
        rule = _get(self.body["rules"], v["rule"], "rule") if "rule" in v else {}
        _need(v["verdict"] != "escalate" or "role" in rule, "an escalation needs a rule with a role")
        for action in v["again"].get("actions", ()):
            _get(self.body["actions"], action, "action")
        if "instead" in v:
            to = _get(self.body["actions"], v["instead"]["action"], "action")
            scope.args(v["instead"]["args"], to["params"], self.types)

    def _confirm(self, a: dict[str, Any], confirm: dict[str, Any]) -> None:
        by = _get(self.body["actions"], confirm["action"], "action")
        _Scope(self.body, a["params"]).args(confirm["args"], by["params"], self.types)
        _need(confirm.get("after_ms", 0) >= 0, "`after_ms` is negative")
        for line in confirm["lines"]:
            on = line["on"]
            answers = on == "ok" or any(f["name"] == on for f in by["failures"])
            _need(answers, f"`{by['name']}` has no outcome `{on}`")
            answered = _Scope(self.body, a["params"], by.get("result") if on == "ok" else None)
            if "when" in line:
                self.condition(answered, line["when"])
            if "gives" in line:
                _need(line["happened"] and "result" in a, "a line gives a value where there is none to give")
                answered.expr(line["gives"], a["result"], self.types)


class _FlowVerifier:
    def __init__(self, verifier: _Verifier, flow: dict[str, Any]) -> None:
        self.v, self.flow, self.body = verifier, flow, verifier.body
        self.scope = _Scope(verifier.body, slots=flow["slots"], session=True)
        self.seen: set[int] = set()

    def all(self) -> None:
        flow = self.flow
        self.v._fields(flow["params"])
        for i, param in enumerate(flow["params"]):
            slot = _get(flow["slots"], i, "slot")
            _need(slot["type"] == param["type"] and slot["scope"] == 0, f"slot {i} must hold a parameter")
        for slot in flow["slots"]:
            _get(flow["scopes"], slot["scope"], "scope")
            self.v.type(slot["type"])
        _need(bool(flow["scopes"]), "the flow's own scope is missing")
        for i, run in enumerate(flow["scopes"]):
            parent = run.get("parent")
            _need(i == 0 if parent is None else parent < i, "scope 0 is the flow, every other one comes after its parent")
            within = run.get("within")
            if within is not None:
                _need(within["ms"] > 0, "the deadline must be positive")
                self._maybe(within.get("to"), i)
            self._events(run["events"], i)
        _unique((s["name"] for s in flow["states"]), "state")
        _unique((e["name"] for e in flow["ends"]), "end")
        for state in flow["states"]:
            self._state(state)
        for end in flow["ends"]:
            self._actions(end.get("keeps", ()))
            self._actions(end.get("leaves", ()))
            if "gives" in end:
                self.scope.given(end["gives"])
        self._target(flow["start"], 0)
        once = flow.get("once")
        if once is not None:
            for p in once["by"]:
                _get(flow["params"], p, "parameter")
            _need(once["for_ms"] > 0, "`once.for_ms` must be positive")
            self._target(once["to"], 0)

    def _events(self, edges: list[Any], scope: int) -> None:
        for edge in edges:
            _get(self.body["events"], edge["event"], "event")
            self._condition(edge.get("when"))
            self._maybe(edge.get("to"), scope)

    def _condition(self, when: int | None) -> None:
        if when is not None:
            self.v.condition(self.scope, when, self.seen)

    def _actions(self, actions: Iterable[int]) -> None:
        for action in actions:
            _get(self.body["actions"], action, "action")

    def _maybe(self, to: dict[str, Any] | None, scope: int) -> None:
        if to is not None:
            self._target(to, scope)

    def _target(self, to: dict[str, Any], scope: int) -> None:
        """An edge out of something that belongs to `scope`."""
        if to["kind"] == "state":
            state = _get(self.flow["states"], to["index"], "state")
            _need(state["scope"] == scope, f"state {to['index']} belongs to another run")
        elif to["kind"] == "end":
            _need(scope == 0, "only the flow itself leads to its ends")
            _get(self.flow["ends"], to["index"], "end")
        else:
            step = _get(self.flow["states"], to["state"], "state")["step"]
            _need(step["kind"] == "run" and step["scope"] == scope, f"state {to['state']} doesn't run scope {scope}")
            if "gives" in to:
                self.scope.given(to["gives"])

    def _bind(self, slot: int | None, ty: dict[str, Any] | None) -> None:
        if slot is not None:
            of = _get(self.flow["slots"], slot, "slot")
            _need(ty is None or _unit(ty) == _unit(of["type"]), f"`{of['name']}` binds another type")

    def _state(self, state: dict[str, Any]) -> None:
        scope = state["scope"]
        _get(self.flow["scopes"], scope, "scope")
        getattr(self, "_" + state["step"]["kind"])(state, state["step"])
        if "visits" in state:
            self._target(state["visits"]["to"], scope)
        outcomes = self._outcomes(state["step"])
        for handler in state["handlers"]:
            fits = outcomes is None or handler["outcome"] in outcomes
            _need(fits, f"the state has no outcome `{handler['outcome']}`")
            self._condition(handler.get("when"))
            self._bind(handler.get("bind"), None)
            retry = handler.get("retry")
            _need(retry is None or 0 <= retry["first_ms"] <= retry["cap_ms"], "the backoff is no range")
            self._target(handler["to"], scope)
        self._events(state["events"], scope)

    def _outcomes(self, step: dict[str, Any]) -> set[str] | None:
        kind = step["kind"]
        if kind == "do":
            built_in = {"ok", "timeout", "malformed", "denied", "limited", "declined", "expired"}
            return built_in | {f["name"] for f in self.body["actions"][step["action"]]["failures"]}
        if kind == "agent":
            return {"stuck", "exhausted", "malformed"} | {o["name"] for o in step["outcomes"]}
        return {
            "ask": {"answered", "no_answer", "unclear", "unreachable"},
            "choose": set(),
            "settle": {"happened", "absent", "unknown"},
            "unwind": {"clean", "stuck"},
        }.get(kind)

    def _do(self, state: dict[str, Any], step: dict[str, Any]) -> None:
        action = _get(self.body["actions"], step["action"], "action")
        self.scope.args(step["args"], action["params"], self.v.types)
        self._bind(step.get("bind"), action.get("result"))

    def _agent(self, state: dict[str, Any], step: dict[str, Any]) -> None:
        for _, value in step["given"]:
            self.scope.given(value)
        self._actions(step["may"])
        _need(step.get("within_ms", 1) > 0, "the time must be positive")
        _unique((o["name"] for o in step["outcomes"]), "outcome")
        for outcome in step["outcomes"]:
            if "type" in outcome:
                self.v.type(outcome["type"])

    def _ask(self, state: dict[str, Any], step: dict[str, Any]) -> None:
        _get(self.body["roles"], step["role"], "role")
        self.scope.given(step["text"])
        self.v.type(step["type"])
        _need(step.get("within_ms", 1) > 0, "the time must be positive")
        self._bind(step["bind"], step["type"])

    def _choose(self, state: dict[str, Any], step: dict[str, Any]) -> None:
        for branch in step["branches"]:
            self._condition(branch["when"])
            self._target(branch["to"], state["scope"])
        self._maybe(step.get("otherwise"), state["scope"])

    def _settle(self, state: dict[str, Any], step: dict[str, Any]) -> None:
        action = _get(self.body["actions"], step["action"], "action")
        self._bind(step.get("bind"), action.get("result"))

    def _unwind(self, state: dict[str, Any], step: dict[str, Any]) -> None:
        self._actions(step["actions"])

    def _run(self, state: dict[str, Any], step: dict[str, Any]) -> None:
        run = _get(self.flow["scopes"], step["scope"], "scope")
        _need(run.get("parent") == state["scope"], f"scope {step['scope']} belongs to another run")
        for slot, value in step["args"]:
            of = _get(self.flow["slots"], slot, "slot")
            _need(of["scope"] == step["scope"], f"`{of['name']}` belongs to another run")
            if value is not None:
                self.scope.expr(value, of["type"], self.v.types)
        self._bind(step.get("bind"), None)
        self._target(step["start"], step["scope"])

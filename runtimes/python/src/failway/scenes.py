"""What a table's questions are about, and the questions: paths, probes, diagrams, expressions.

All are compiled to closures once, when a table is read. Absent is `None`: no value in wire form is.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Callable, Optional

from .documents import canonical
from .values import Types

Getter = Callable[["Scene"], Any]


class Scene:
    """What roots mean at one place and moment. A plain one knows a call and nothing else."""

    __slots__ = ("params", "result", "inputs", "slots", "element", "now", "engine", "as_of")

    def __init__(self, params: list[Any], result: Any = None) -> None:
        self.params = params
        self.result = result
        self.inputs: list[Any] = []
        self.slots: list[Any] = []
        self.element: Any = None
        self.now = 0
        # Whatever knows the session: answers for facts, histories and the position.
        self.engine: Any = None
        # Facts as of this point, (at, seq); None: as they are.
        self.as_of: Optional[tuple[int, int]] = None


class Questions:
    """The compiled questions of a table."""

    def __init__(self, body: dict[str, Any], types: Types) -> None:
        self._body = body
        self._types = types
        # Filled before any walk: a probe may refer to a condition of lower nodes.
        self._nodes: list[tuple[Getter, list[int], list[int]]] = []
        probes = [self._probe(p) for p in body["probes"]]
        for node in body["nodes"]:
            self._nodes.append((probes[node["probe"]], node["cuts"], node["next"]))

    def leaf(self, scene: Scene, ref: int) -> int:
        """Walks a diagram and gives the leaf's number."""
        nodes = self._nodes
        while ref >= 0:
            probe, cuts, branches = nodes[ref]
            ref = branches[bisect_right(cuts, probe(scene))]
        return -ref - 1

    def holds(self, scene: Scene, ref: int) -> bool:
        """Whether a condition holds."""
        return self.leaf(scene, ref) == 1

    def path(self, path: dict[str, Any]) -> Getter:
        """What a path leads to."""
        root, fields = self._root(path["root"]), path.get("fields")
        if not fields:
            return root
        if len(fields) == 1:
            (field,) = fields

            def get_one(scene: Scene) -> Any:
                value = root(scene)
                return None if value is None else value.get(field)

            return get_one

        def get(scene: Scene) -> Any:
            value = root(scene)
            for field in fields:
                if value is None:
                    return None
                value = value.get(field)
            return value

        return get

    def _root(self, root: dict[str, Any]) -> Getter:
        kind, index = root["kind"], root.get("index")
        if kind == "param":
            return lambda scene: scene.params[index]
        if kind == "result":
            return lambda scene: scene.result
        if kind == "input":
            return lambda scene: scene.inputs[index]
        if kind == "element":
            return lambda scene: scene.element
        if kind == "slot":
            return lambda scene: scene.slots[index]
        keys, paths = [self.path(p) for p in root["keys"]], root["keys"]
        return lambda scene: scene.engine.fact(index, paths, [k(scene) for k in keys], scene)

    def _probe(self, probe: dict[str, Any]) -> Getter:
        return getattr(self, "_probe_" + probe["kind"])(probe)

    def _unit(self, path: dict[str, Any], ty: dict[str, Any]) -> Getter:
        get, number = self.path(path), self._types.number(ty)

        def unit(scene: Scene) -> Optional[int]:
            value = get(scene)
            return None if value is None else number(value)

        return unit

    def _probe_value(self, probe: dict[str, Any]) -> Getter:
        get, number = self.path(probe["path"]), self._types.number(probe["type"])

        def ask(scene: Scene) -> int:
            value = get(scene)
            return 0 if value is None else number(value)

        return ask

    def _probe_present(self, probe: dict[str, Any]) -> Getter:
        get = self.path(probe["path"])
        return lambda scene: 0 if get(scene) is None else 1

    def _probe_length(self, probe: dict[str, Any]) -> Getter:
        get = self.path(probe["path"])
        return lambda scene: len(get(scene) or "")

    def _probe_size(self, probe: dict[str, Any]) -> Getter:
        get = self.path(probe["path"])
        return lambda scene: len(get(scene) or ())

    def _probe_class(self, probe: dict[str, Any]) -> Getter:
        get, class_of = self.path(probe["path"]), self._types.automata[probe["automaton"]].class_of

        def ask(scene: Scene) -> int:
            value = get(scene)
            return 0 if value is None else class_of(value)

        return ask

    def _probe_difference(self, probe: dict[str, Any]) -> Getter:
        left = self._unit(probe["left"], probe["left_type"])
        right = self._unit(probe["right"], probe["right_type"])
        left_factor, right_factor = probe["left_factor"], probe["right_factor"]

        def ask(scene: Scene) -> int:
            a, b = left(scene), right(scene)
            return 0 if a is None or b is None else a * left_factor - b * right_factor

        return ask

    def _probe_equal(self, probe: dict[str, Any]) -> Getter:
        left, right = self.path(probe["left"]), self.path(probe["right"])

        def ask(scene: Scene) -> int:
            a = left(scene)
            return 1 if a is not None and same(a, right(scene)) else 0

        return ask

    def _probe_some(self, probe: dict[str, Any]) -> Getter:
        get, when = self.path(probe["list"]), probe["when"]

        def ask(scene: Scene) -> int:
            outer = scene.element
            found = 0
            for element in get(scene) or ():
                scene.element = element
                if self.leaf(scene, when) == 1:
                    found = 1
                    break
            scene.element = outer
            return found

        return ask

    def _probe_history(self, probe: dict[str, Any]) -> Getter:
        index = probe["history"]
        return lambda scene: scene.engine.history(index, scene)

    def _probe_history_difference(self, probe: dict[str, Any]) -> Getter:
        left, right = probe["left"], probe["right"]
        return lambda scene: scene.engine.history(left, scene) - scene.engine.history(right, scene)

    def _probe_position(self, probe: dict[str, Any]) -> Getter:
        return lambda scene: scene.engine.place()

    def expression(self, expr: dict[str, Any]) -> Getter:
        """What an expression makes."""
        kind = expr["kind"]
        if kind == "const":
            value = expr["value"]
            return lambda scene: value
        if kind == "path":
            return self.path(expr["path"])
        if kind == "list":
            items = [self.expression(e) for e in expr["items"]]
            return lambda scene: [v for v in (e(scene) for e in items) if v is not None]
        if kind == "record":
            fields = [(name, self.expression(e)) for name, e in expr["fields"]]

            def record(scene: Scene) -> dict[str, Any]:
                made = ((name, e(scene)) for name, e in fields)
                return {name: v for name, v in made if v is not None}

            return record
        parts: list[Any] = [
            p["text"] if p["kind"] == "text" else self.path(p["path"]) for p in expr["parts"]
        ]

        def template(scene: Scene) -> str:
            return "".join(p if isinstance(p, str) else as_text(p(scene)) for p in parts)

        return template

    def arguments(
        self, params: list[dict[str, Any]], args: list[Any]
    ) -> Callable[[Scene], dict[str, Any]]:
        """The arguments that expressions make, by wire name; those that are absent are left out."""
        made = [
            (param["wire"], self.expression(arg)) for param, arg in zip(params, args) if arg is not None
        ]

        def make(scene: Scene) -> dict[str, Any]:
            values = ((wire, e(scene)) for wire, e in made)
            return {wire: v for wire, v in values if v is not None}

        return make


def same(a: Any, b: Any) -> bool:
    """Equal in wire form. In Python alone True equals 1."""
    if type(a) is not type(b):
        return False
    if type(a) is list:
        return len(a) == len(b) and all(map(same, a, b))
    if type(a) is dict:
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    return bool(a == b)


def as_text(value: Any) -> str:
    """How a value stands in a template."""
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical(value)

"""Shapes of documents: every member by name and type, nothing unknown, nothing missing."""

from __future__ import annotations

from typing import Any, Callable

Shape = Callable[[Any, str], None]


class Misshapen(ValueError):
    def __init__(self, at: str, problem: str) -> None:
        super().__init__(f"`{at}`: {problem}" if at else problem)
        self.at = at
        self.problem = problem


def _kind(what: str, fits: Callable[[Any], bool]) -> Shape:
    def check(value: Any, at: str) -> None:
        if not fits(value):
            raise Misshapen(at, f"it is no {what}")

    return check


text = _kind("string", lambda v: type(v) is str)
flag = _kind("boolean", lambda v: type(v) is bool)
index = _kind("index", lambda v: type(v) is int and 0 <= v < 1 << 32)
count = _kind("count", lambda v: type(v) is int and v >= 0)
integer = _kind("integer", lambda v: type(v) is int)
byte = _kind("byte", lambda v: type(v) is int and 0 <= v < 256)
members = _kind("object", lambda v: type(v) is dict)


def anything(value: Any, at: str) -> None:
    pass


def one_of(*names: str) -> Shape:
    return _kind(" or ".join(names), lambda v: type(v) is str and v in names)


def many(of: Shape) -> Shape:
    def check(value: Any, at: str) -> None:
        if type(value) is not list:
            raise Misshapen(at, "it is no list")
        for i, item in enumerate(value):
            of(item, f"{at}[{i}]")

    return check


def pair(*of: Shape) -> Shape:
    def check(value: Any, at: str) -> None:
        if type(value) is not list or len(value) != len(of):
            raise Misshapen(at, f"it is no list of {len(of)}")
        for one, item in zip(of, value):
            one(item, at)

    return check


def full(of: Shape) -> Shape:
    """What would be left out if it were empty or false, and so is neither."""

    def check(value: Any, at: str) -> None:
        of(value, at)
        if not value:
            raise Misshapen(at, "it should be left out")

    return check


def maybe(of: Shape) -> Shape:
    """The value, or `null`."""

    def check(value: Any, at: str) -> None:
        if value is not None:
            of(value, at)

    return check


def by_number(of: Shape) -> Shape:
    """An object whose names are numbers."""

    def check(value: Any, at: str) -> None:
        members(value, at)
        for name, member in value.items():
            if not (name.isdecimal() and name.isascii() and str(int(name)) == name):
                raise Misshapen(f"{at}.{name}", "it is no number")
            of(member, f"{at}.{name}")

    return check


def obj(needed: dict[str, Shape], optional: dict[str, Shape] | None = None, null: bool = False) -> Shape:
    """An object. `null`: what is optional may be `null`, and is then taken out."""
    may = optional or {}

    def check(value: Any, at: str) -> None:
        if type(value) is not dict:
            raise Misshapen(at, "it is no object")
        dot = "." if at else ""
        for name in list(value):
            of = needed.get(name) or may.get(name)
            if of is None:
                raise Misshapen(f"{at}{dot}{name}", "it is not known here")
            if null and name in may and value[name] is None:
                del value[name]
                continue
            of(value[name], f"{at}{dot}{name}")
        for name in needed:
            if name not in value:
                raise Misshapen(f"{at}{dot}{name}", "it is missing")

    return check


def by_kind(**kinds: Shape) -> Shape:
    """An object whose `kind` says which shape it has."""

    def check(value: Any, at: str) -> None:
        kind = value.get("kind") if type(value) is dict else None
        of = kinds.get(kind) if type(kind) is str else None
        if of is None:
            raise Misshapen(at, f"there is no kind {kind!r}")
        of(value, at)

    return check

"""Values: checked against the table's types and brought into their one wire form."""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import date
from functools import lru_cache
from typing import Any, Callable, Optional

from .documents import NUMBER_MAX, canonical, order, whole

Check = Callable[[Any], Any]


class Invalid(ValueError):
    """Why a value is not one of its type, and where in it."""

    def __init__(self, problem: str, at: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.at = at

    def within(self, outer: str) -> Invalid:
        dot = "" if not self.at or self.at[0] == "[" else "."
        self.at = f"{outer}{dot}{self.at}"
        return self

    def __str__(self) -> str:
        return f"{self.at}: {self.problem}" if self.at else self.problem


_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_EPOCH = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=4096)
def decimal_units(text: str, scale: int) -> Optional[int]:
    """Units of 10^-scale of a decimal's text; None if it isn't one."""
    m = _DECIMAL.fullmatch(text)
    if not m:
        return None
    sign, head, tail = m.group(1), m.group(2), m.group(3) or ""
    if len(tail) > scale or len(head) > 17:
        return None
    n = int(head + tail) * 10 ** (scale - len(tail))
    if n > NUMBER_MAX:
        return None
    return -n if sign else n


def decimal_text(units: int, scale: int) -> str:
    """The wire form of a decimal."""
    if scale == 0:
        return str(units)
    digits = str(abs(units)).rjust(scale + 1, "0")
    return f"{'-' if units < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


@lru_cache(maxsize=4096)
def time_seconds(text: str) -> Optional[int]:
    m = _TIME.fullmatch(text)
    if not m:
        return None
    h, mi, s = int(m.group(1)), int(m.group(2)), int(m.group(3) or 0)
    return None if h > 23 or mi > 59 or s > 59 else h * 3600 + mi * 60 + s


def time_text(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@lru_cache(maxsize=4096)
def date_days(text: str) -> Optional[int]:
    m = _DATE.fullmatch(text)
    if not m:
        return None
    try:
        return date(int(m.group(1)), int(m.group(2)), int(m.group(3))).toordinal() - _EPOCH
    except ValueError:
        return None


def date_text(days: int) -> str:
    d = date.fromordinal(days + _EPOCH)
    return f"{d.year:04}-{d.month:02}-{d.day:02}"


class Automaton:
    """A complete deterministic automaton over UTF-8 bytes."""

    def __init__(self, data: dict[str, Any]) -> None:
        starts = [first for first, _ in data["alphabet"]]
        classes = [c for _, c in data["alphabet"]]
        of_byte = [classes[bisect_right(starts, b) - 1] for b in range(256)]
        count, flat = data["classes"], data["next"]
        self.accept: list[int] = data["accept"]
        self._next = [[flat[s * count + c] for c in of_byte] for s in range(len(self.accept))]
        self.class_of = lru_cache(maxsize=1024)(self._class_of)

    def _class_of(self, text: str) -> int:
        state, table = 0, self._next
        for byte in text.encode():
            state = table[state][byte]
        return self.accept[state]


def expected(what: str, got: Any) -> Invalid:
    return Invalid(f"expected {what}, got {short(got)}")


def short(value: Any) -> str:
    """A value as it may stand in a message."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    text = canonical(value, odd=isinstance(value, float))
    return text if len(text) <= 40 else text[:40] + "…"


class Types:
    """The checks of a table's types, made once."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body
        self.automata = [Automaton(a) for a in body["automata"]]
        self._made: dict[tuple[int, bool], Check] = {}
        self._records: dict[tuple[int, bool], Check] = {}

    def check(self, ty: dict[str, Any], drop: bool) -> Check:
        """Checks a value and gives it in wire form, or raises Invalid. `drop`: unknown fields."""
        key = (id(ty), drop)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = getattr(self, "_" + ty["kind"])(ty, drop)
        return made

    def fields(self, fields: list[dict[str, Any]], drop: bool) -> Check:
        """The same for the fields of an object, by wire name."""
        listed = [(f["wire"], self.check(f["type"], drop), f.get("optional", False)) for f in fields]
        known = {wire for wire, _, _ in listed}

        def check(value: dict[str, Any]) -> dict[str, Any]:
            if not drop and not known.issuperset(value):
                stray = min((n for n in value if n not in known), key=order)
                raise Invalid(f"`{stray}` is not known here")
            out = {}
            for wire, one, optional in listed:
                if wire in value:
                    given = value[wire]
                    if given is None and optional:
                        continue
                    try:
                        out[wire] = one(given)
                    except Invalid as e:
                        raise e.within(wire) from None
                elif not optional:
                    raise Invalid("is missing", wire)
            return out

        return check

    def _bool(self, ty: dict[str, Any], drop: bool) -> Check:
        def check(value: Any) -> Any:
            if value is True or value is False:
                return value
            raise expected("true or false", value)

        return check

    def _ordered(self, ty: dict[str, Any], what: str, unit: Callable[[Any], Optional[int]], text: Callable[[int], Any], say: Callable[[int], str]) -> Check:
        low, high = ty["min"], ty["max"]

        def check(value: Any) -> Any:
            n = unit(value)
            if n is None:
                raise expected(what, value)
            if n < low:
                raise Invalid(f"{say(n)} is below {say(low)}")
            if n > high:
                raise Invalid(f"{say(n)} is above {say(high)}")
            return text(n)

        return check

    def _int(self, ty: dict[str, Any], drop: bool) -> Check:
        slow = self._ordered(ty, "a whole number", whole, int, str)
        low, high = ty["min"], ty["max"]

        def check(value: Any) -> Any:
            return value if type(value) is int and low <= value <= high else slow(value)

        return check

    def _duration(self, ty: dict[str, Any], drop: bool) -> Check:
        return self._ordered(ty, "a whole number of milliseconds", whole, int, str)

    _instant = _duration

    def _decimal(self, ty: dict[str, Any], drop: bool) -> Check:
        scale = ty["scale"]
        what = {
            0: 'a decimal as a string without a fraction, such as "12"',
            1: "a decimal as a string with at most 1 fractional digit",
        }.get(scale, f"a decimal as a string with at most {scale} fractional digits")

        def text(n: int) -> str:
            return decimal_text(n, scale)

        return self._ordered(ty, what, lambda v: _decimal(v, scale), text, text)

    def _time(self, ty: dict[str, Any], drop: bool) -> Check:
        unit = lambda v: time_seconds(v) if type(v) is str else None  # noqa: E731
        return self._ordered(ty, 'a time of day as "HH:MM:SS"', unit, time_text, time_text)

    def _date(self, ty: dict[str, Any], drop: bool) -> Check:
        unit = lambda v: date_days(v) if type(v) is str else None  # noqa: E731
        return self._ordered(ty, 'a date as "YYYY-MM-DD"', unit, date_text, date_text)

    def _string(self, ty: dict[str, Any], drop: bool) -> Check:
        low, high = ty["min"], ty.get("max")
        automata = [self.automata[a].class_of for a in ty.get("automata", ())]

        def check(value: Any) -> Any:
            if type(value) is not str:
                raise expected("a string", value)
            n = len(value)
            if n < low or (high is not None and n > high):
                allowed = f"at least {low} are needed" if high is None else f"{low} to {high} are allowed"
                raise Invalid(f"the string has {n} character{'' if n == 1 else 's'}, but {allowed}")
            for class_of in automata:
                if not class_of(value):
                    raise Invalid(f"{short(value)} does not match the pattern of its type")
            return value

        return check

    def _enum(self, ty: dict[str, Any], drop: bool) -> Check:
        of = self._body["enums"][ty["of"]]
        name, wires = of["name"], [v["wire"] for v in of["variants"]]
        known, other = frozenset(wires), of.get("other")

        def check(value: Any) -> Any:
            if type(value) is not str:
                raise expected(f"a string, one of {name}", value)
            if value in known:
                return value
            if other is not None:
                return wires[other]
            raise expected(f"one of {name}: {', '.join(wires)}", value)

        return check

    def _record(self, ty: dict[str, Any], drop: bool) -> Check:
        key = (ty["of"], drop)
        made = self._records.get(key)
        if made is None:
            record = self._body["records"][ty["of"]]
            name, fields = record["name"], self.fields(record["fields"], drop)

            def made(value: Any) -> Any:
                if type(value) is not dict:
                    raise expected(f"an object ({name})", value)
                return fields(value)

            self._records[key] = made
        return made

    def _list(self, ty: dict[str, Any], drop: bool) -> Check:
        one, low, high = self.check(ty["element"], drop), ty["min"], ty["max"]

        def check(value: Any) -> Any:
            if type(value) is not list:
                raise expected("a list", value)
            n = len(value)
            if n < low or n > high:
                raise Invalid(f"the list has {n} element{'' if n == 1 else 's'}, but {low} to {high} are allowed")
            out = []
            for i, item in enumerate(value):
                try:
                    out.append(one(item))
                except Invalid as e:
                    raise e.within(f"[{i}]") from None
            return out

        return check

    def number(self, ty: dict[str, Any]) -> Callable[[Any], Optional[int]]:
        """The number that probes compare, of a value in wire form."""
        kind = ty["kind"]
        if kind == "bool":
            return int
        if kind == "decimal":
            scale = ty["scale"]
            return lambda v: _decimal(v, scale)
        if kind == "time":
            return time_seconds
        if kind == "date":
            return date_days
        if kind == "enum":
            of = self._body["enums"][ty["of"]]
            index = {v["wire"]: i for i, v in enumerate(of["variants"])}
            other = of.get("other")
            return lambda v: index.get(v, other)
        return whole


def _decimal(value: Any, scale: int) -> Optional[int]:
    if type(value) is str:
        return decimal_units(value, scale)
    n = whole(value)
    if n is None:
        return None
    n *= 10**scale
    return n if abs(n) <= NUMBER_MAX else None

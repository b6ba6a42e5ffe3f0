"""JSON as the contract wants it: read strictly, written canonically (RFC 8785)."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

NUMBER_MAX = (1 << 53) - 1
"""The largest magnitude of a number in a table or a value."""

DEPTH_MAX = 128

_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotJson(ValueError):
    """What was read is no JSON that the contract takes."""


def parse(text: bytes | str) -> Any:
    """Reads one JSON document: no names twice, no halves of surrogate pairs, at most 128 levels."""
    if isinstance(text, str):
        try:
            text = text.encode()
        except UnicodeEncodeError:
            raise NotJson("it is not Unicode") from None
    try:
        value = json.loads(
            bytes(text).decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_int,
            parse_float=_float,
        )
    except RecursionError:
        raise NotJson("it nests too deep") from None
    except ValueError as e:
        raise NotJson(str(e)) from None
    _sound(value, 0)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(n for n in names if names.count(n) > 1)
        raise NotJson(f"the name {twice!r} stands twice")
    return members


def _constant(name: str) -> Any:
    raise NotJson(f"{name} is no number")


def _int(digits: str) -> int | float:
    if digits == "-0":
        return -0.0
    if len(digits) < 18:
        return int(digits)
    return _float(digits) if abs(int(digits[:400])) > NUMBER_MAX else int(digits)


def _float(text: str) -> float:
    x = float(text)
    if x in (float("inf"), float("-inf")):
        raise NotJson("a number is out of range")
    return x


def _sound(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        if _SURROGATE.search(value):
            raise NotJson("a string holds half of a surrogate pair")
    elif kind is dict:
        if depth >= DEPTH_MAX:
            raise NotJson("it nests too deep")
        for name, member in value.items():
            if _SURROGATE.search(name):
                raise NotJson("a name holds half of a surrogate pair")
            _sound(member, depth + 1)
    elif kind is list:
        if depth >= DEPTH_MAX:
            raise NotJson("it nests too deep")
        for item in value:
            _sound(item, depth + 1)


def plain(value: Any, depth: int, depth_max: int) -> tuple[Any, bool]:
    """A value from outside with its numbers in their plainest form; whether some are not whole.

    Raises ValueError for what is no JSON, or nests too deep.
    """
    kind = type(value)
    if kind is str:
        if not value.isascii() and _SURROGATE.search(value):
            raise ValueError("a string holds half of a surrogate pair")
        return value, False
    if kind is bool or value is None:
        return value, False
    if kind is int:
        if -NUMBER_MAX <= value <= NUMBER_MAX:
            return value, False
        try:
            return float(value), True
        except OverflowError:
            raise ValueError("a number is out of range") from None
    if kind is float:
        if value.is_integer() and abs(value) <= NUMBER_MAX:
            return int(value), False
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"{value} is no number")
        return value, True
    if kind is dict or kind is list:
        if depth >= depth_max:
            raise ValueError(f"it nests deeper than {depth_max} levels")
        odd = False
        if kind is list:
            items = []
            for item in value:
                item, o = plain(item, depth + 1, depth_max)
                odd = odd or o
                items.append(item)
            return items, odd
        members = {}
        for name, member in value.items():
            if type(name) is not str or (not name.isascii() and _SURROGATE.search(name)):
                raise ValueError("a name is no string")
            member, o = plain(member, depth + 1, depth_max)
            odd = odd or o
            members[name] = member
        return members, odd
    raise ValueError(f"a {kind.__name__} is no JSON value")


def whole(value: Any) -> int | None:
    """A whole number within ±(2⁵³−1)."""
    kind = type(value)
    if kind is int:
        return value if -NUMBER_MAX <= value <= NUMBER_MAX else None
    if kind is float and value.is_integer() and abs(value) <= NUMBER_MAX:
        return int(value)
    return None


def order(name: str) -> bytes:
    """Sorts names as canonical JSON does: by UTF-16 code units."""
    return name.encode("utf-16-be")


_dumps = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def canonical(value: Any, odd: bool = False) -> str:
    """The canonical text of a value. `odd`: some of its numbers may not be whole."""
    if not odd:
        text = _dumps(value)
        # The encoder sorts by code points: other than by UTF-16 units only beyond the first plane.
        if text.isascii() or not _BEYOND.search(text):
            return text
    out: list[str] = []
    _write(value, out)
    return "".join(out)


def _write(value: Any, out: list[str]) -> None:
    kind = type(value)
    if kind is dict:
        out.append("{")
        for i, name in enumerate(sorted(value, key=order)):
            if i:
                out.append(",")
            out.append(_dumps(name))
            out.append(":")
            _write(value[name], out)
        out.append("}")
    elif kind is list:
        out.append("[")
        for i, item in enumerate(value):
            if i:
                out.append(",")
            _write(item, out)
        out.append("]")
    elif kind is float:
        out.append(number_text(value))
    else:
        out.append(_dumps(value))


def number_text(x: float) -> str:
    """A number as ECMAScript writes it."""
    if x.is_integer() and abs(x) <= NUMBER_MAX:
        return str(int(x))
    sign = "-" if x < 0 else ""
    mantissa, _, exponent = repr(abs(x)).partition("e")
    head, _, tail = mantissa.partition(".")
    if tail == "0":
        tail = ""
    digits = (head + tail).lstrip("0")
    point = len(head) + int(exponent or 0) - (len(head + tail) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if 0 < point <= 21:
        if count <= point:
            return sign + digits + "0" * (point - count)
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    e = point - 1
    dot = "." if count > 1 else ""
    return f"{sign}{digits[0]}{dot}{digits[1:]}e{'+' if e >= 0 else ''}{e}"


def digest(value: Any) -> str:
    """`sha256:` and the hex digest of the canonical text."""
    return digest_text(canonical(value))


def digest_text(text: str) -> str:
    """`sha256:` and the hex digest of a text."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def later(at: int, ms: int) -> int:
    """So many milliseconds later; what would lie beyond ±(2⁵³−1) is at its edge."""
    sum_ = at + ms
    return NUMBER_MAX if sum_ > NUMBER_MAX else -NUMBER_MAX if sum_ < -NUMBER_MAX else sum_

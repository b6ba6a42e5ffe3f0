"""Words for people and models."""

from __future__ import annotations

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms"))


def duration(ms: int) -> str:
    """A duration in at most two units: `200ms`, `3m 20s`, `2h`."""
    first = next((i for i, (size, _) in enumerate(_UNITS) if ms >= size), None)
    if first is None:
        return "0s"
    parts = []
    for size, unit in _UNITS[first : first + 2]:
        if ms >= size:
            parts.append(f"{ms // size}{unit}")
            ms %= size
    return " ".join(parts)


def either(names: list[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(names) < 2:
        return names[0] if names else "nothing"
    return f"{', '.join(names[:-1])} or {names[-1]}"

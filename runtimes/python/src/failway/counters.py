"""The counter store: limits that all sessions share."""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import Any, Dict, List, Optional, Protocol

from .documents import NUMBER_MAX, later

NEVER = NUMBER_MAX
"""The time of a slot that is never free: the limit is zero."""

Want = Dict[str, Any]
"""A slot that is wanted: `key`, `count`, `window_ms`."""

FreeAt = List[Optional[int]]
"""For each wanted slot: None if one is free, else the time at which one will be."""


class Counters(Protocol):
    """Counters over sliding windows. A slot taken at e counts at t if t − window < e ≤ t.

    What a method raises refuses the step with the fault `counters`.
    """

    def peek(self, now: int, wants: list[Want]) -> FreeAt:
        """Whether each slot is free. Takes nothing."""

    def take(self, now: int, wants: list[Want]) -> FreeAt:
        """Takes all slots if all are free, else none; in one go, whoever else asks."""

    def give_back(self, key: str, taken_at: int) -> None:
        """Gives back a slot that was taken at that time. One that is gone already is no error."""


class Memory:
    """Counters in memory: for one process."""

    def __init__(self) -> None:
        # By key: the longest window, and when slots were taken, ascending.
        self._counters: dict[str, tuple[int, list[int]]] = {}
        self._latest = -NUMBER_MAX
        self._sweep_at = 1024

    def peek(self, now: int, wants: list[Want]) -> FreeAt:
        return [self._free_at(now, want) for want in wants]

    def take(self, now: int, wants: list[Want]) -> FreeAt:
        free = self.peek(now, wants)
        if any(at is not None for at in free):
            return free
        self._latest = max(self._latest, now)
        self._sweep()
        for want in wants:
            window, taken = self._counters.get(want["key"], (0, []))
            window = max(window, want["window_ms"])
            del taken[: bisect_right(taken, self._latest - window)]
            insort(taken, now)
            self._counters[want["key"]] = (window, taken)
        return free

    def give_back(self, key: str, taken_at: int) -> None:
        _, taken = self._counters.get(key, (0, []))
        if taken_at in taken:
            taken.remove(taken_at)

    def _free_at(self, now: int, want: Want) -> int | None:
        _, taken = self._counters.get(want["key"], (0, []))
        return free_at(taken, now, want["count"], want["window_ms"])

    def _sweep(self) -> None:
        if len(self._counters) < self._sweep_at:
            return
        kept = {
            key: (window, taken)
            for key, (window, taken) in self._counters.items()
            if taken and taken[-1] > self._latest - window
        }
        self._counters = kept
        self._sweep_at = max(1024, 2 * len(kept))


def free_at(taken: list[int], now: int, count: int, window_ms: int) -> int | None:
    """When a slot is free, given when slots were taken; None: now."""
    inside = len(taken) - bisect_right(taken, now - window_ms)
    if inside < count:
        return None
    if count == 0:
        return NEVER
    return later(taken[len(taken) - count], window_ms)

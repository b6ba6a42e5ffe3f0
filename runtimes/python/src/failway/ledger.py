"""One step's dealings with the counter store, for the record; taken back if the step is refused."""

from __future__ import annotations

from typing import Any

from .counters import Counters, FreeAt, Want
from .faults import Fault


class Ledger:
    def __init__(self, store: Counters, now: int) -> None:
        self._store = store
        self._now = now
        self._log: list[dict[str, Any]] = []

    def ask(self, wants: list[Want], take: bool) -> FreeAt:
        """Peeks, or takes all slots or none."""
        if not wants:
            return []
        try:
            free = list((self._store.take if take else self._store.peek)(self._now, wants))
        except Exception as e:
            raise Fault("counters", f"the counter store cannot answer: {e}") from e
        if len(free) != len(wants):
            raise Fault("counters", f"{len(wants)} slots were wanted, {len(free)} answered")
        self._log.append({"kind": "take" if take else "peek", "wants": wants, "free_at": free})
        return free

    def give_back(self, key: str, taken_at: int) -> None:
        """Notes a slot to give back once the step is done."""
        self._log.append({"kind": "give_back", "key": key, "taken_at": taken_at})

    def commit(self) -> list[dict[str, Any]]:
        """The step stands. A store that fails here keeps a slot too many, which is the safe side."""
        for entry in self._log:
            if entry["kind"] == "give_back":
                self._give_back(entry["key"], entry["taken_at"])
        return self._log

    def roll_back(self) -> None:
        """The step is refused: gives back what it took."""
        for entry in self._log:
            if entry["kind"] == "take" and all(at is None for at in entry["free_at"]):
                for want in entry["wants"]:
                    self._give_back(want["key"], self._now)

    def _give_back(self, key: str, taken_at: int) -> None:
        try:
            self._store.give_back(key, taken_at)
        except Exception:
            pass

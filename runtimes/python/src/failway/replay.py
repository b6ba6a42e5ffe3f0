"""Replay: the same table and the same records give the same records."""

from __future__ import annotations

from typing import Any, Iterable

from .documents import canonical
from .faults import Fault, ReplayFault
from .runtime import Runtime
from .session import Session
from .table import Table


def replay(table: Table, records: Iterable[dict[str, Any]], session: Session | None = None) -> Session:
    """Takes the recorded steps again, with the answers that the counter store gave then.

    From an empty session, or from one as it stood before the first record. Gives the session that
    they lead to; raises ReplayFault at the first record that doesn't come out the same.
    """
    for index, record in enumerate(records):
        if type(record) is not dict:
            raise ReplayFault(index, "it is no object")
        if session is None:
            session = Session.new(table, str(record.get("session", "")))
        try:
            problem = _again(table, session, record)
        except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as e:
            problem = f"it is no record: {e}"
        if problem is not None:
            raise ReplayFault(index, problem)
    return session if session is not None else Session.new(table, "")


def _again(table: Table, session: Session, record: dict[str, Any]) -> str | None:
    if record.get("format") != "failway.record" or record.get("version") != 1:
        return "it is no failway.record of version 1"
    if record.get("values") != "kept":
        return "its values were left out or digested"
    script = _Script(record.get("counters", []))
    try:
        stepped = Runtime(table).step(
            session, record["request"], now=record["now"], inputs=record["inputs"], counters=script
        )
    except Fault as e:
        return str(e)
    now, then = stepped.record, record
    for name in then:
        if name not in now or canonical(now[name], True) != canonical(then[name], True):
            return f"`{name}` comes out differently"
    return "it comes out with more than it had" if len(now) != len(then) else None


class _Script:
    """A counter store that gives the recorded answers."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        self._left = [a for a in answers if a.get("kind") != "give_back"]

    def _answer(self, kind: str, wants: list[dict[str, Any]]) -> list[int | None]:
        if not self._left or self._left[0]["kind"] != kind or self._left[0]["wants"] != wants:
            raise ValueError("the record holds no answer to that question")
        free: list[int | None] = self._left.pop(0)["free_at"]
        return free

    def peek(self, now: int, wants: list[dict[str, Any]]) -> list[int | None]:
        return self._answer("peek", wants)

    def take(self, now: int, wants: list[dict[str, Any]]) -> list[int | None]:
        return self._answer("take", wants)

    def give_back(self, key: str, taken_at: int) -> None:
        pass

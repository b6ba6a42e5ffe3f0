"""Holds this runtime against conformance vectors: `python -m failway.conform FILE…`, `-` for standard
input. The form of the vectors is described in docs/vectors.md."""

from __future__ import annotations

import copy
import json
import sys
from typing import Any, Iterable

from .counters import Memory
from .documents import canonical, digest_text
from .faults import BadTable, Fault, ReplayFault
from .replay import replay
from .requests import read_request
from .runtime import Runtime
from .session import Session
from .table import Table


class _Down:
    """A counter store that cannot answer."""

    def peek(self, now: int, wants: list[dict[str, Any]]) -> list[int | None]:
        raise OSError("the store is down")

    take = peek

    def give_back(self, key: str, taken_at: int) -> None:
        raise OSError("the store is down")


class Runner:
    """Runs vectors; `failed` holds what came out differently."""

    def __init__(self, quick: bool = False) -> None:
        self.quick = quick
        self.cases = self.steps = 0
        self.failed: list[str] = []
        self._document: dict[str, Any] = {}
        self._table: Table | None = None

    def line(self, line: str | bytes) -> None:
        """Runs one line."""
        data = json.loads(line)
        if "format" in data:
            if data["format"] != "failway.vectors" or data["version"] != 1:
                raise ValueError("these are no failway.vectors of version 1")
            self._document = data["table"]
            self._table = Table.of(data["table"])
            return
        if self._table is None:
            raise ValueError("the vectors begin without a table")
        self.cases += 1
        try:
            if "steps" in data:
                self._steps(self._table, data)
            else:
                came = self._other(self._table, data)
                self._compare(data["case"], "", data["expect"], came)
        except Exception as e:  # noqa: BLE001 - whatever a runtime does wrong, the next case is run
            self._fail(data["case"], f"{type(e).__name__}: {e}")

    def _fail(self, case: str, what: str) -> None:
        self.failed.append(f"{case}: {what}")

    def _compare(self, case: str, where: str, expected: Any, came: Any) -> bool:
        wanted, got = canonical(expected, True), canonical(came, True)
        if wanted != got:
            self._fail(case, f"{where}expected {wanted}, but got {got}")
        return wanted == got

    def _steps(self, table: Table, case: dict[str, Any]) -> None:
        name = case["case"]
        runtime = Runtime(table)
        store = _Down() if case.get("counters") == "down" else Memory()
        sessions: dict[str, Session] = {}
        records: dict[str, list[dict[str, Any]]] = {}
        session = None
        for i, step in enumerate(case["steps"]):
            self.steps += 1
            id = step.get("session", "v")
            session = sessions.get(id) or Session.new(table, id)
            expect = step["expect"]
            came: dict[str, Any]
            try:
                request = read_request(step["text"]) if "text" in step else step["request"]
                stepped = runtime.step(
                    session, request, now=step["now"], inputs=step.get("inputs", {}), counters=store
                )
                came = {"record": stepped.record, "next": stepped.next}
                if stepped.verdict is not None:
                    came["verdict"] = stepped.verdict.to_dict()
                if stepped.deadline is not None:
                    came["deadline"] = stepped.deadline
                records.setdefault(id, []).append(stepped.record)
                if "digest" in expect:
                    came = {"digest": digest_text(canonical(came, stepped.odd))}
            except Fault as fault:
                came = {"fault": fault.code}
            if not self._compare(name, f"step {i}: ", expect, came):
                return
            sessions[id] = session
            if not self.quick:
                text = session.to_bytes()
                sessions[id] = Session.read(text, table)
                if sessions[id].to_bytes() != text:
                    self._fail(name, f"step {i}: the session reads back differently")
                    return
        if "open" in case and session is not None:
            self._compare(name, "in the end: ", case["open"], runtime.open(session))
        if not self.quick:
            for id, of in records.items():
                if replay(table, of).to_bytes() != sessions[id].to_bytes():
                    self._fail(name, f"the records of {id} lead to another session")

    def _other(self, table: Table, case: dict[str, Any]) -> dict[str, Any]:
        try:
            if "read" in case:
                return {"after": digest_text(Session.read(case["read"], table).to_text())}
            if "records" in case:
                return {"after": digest_text(replay(table, case["records"]).to_text())}
            return {"digest": self._edited(case["table"]).digest}
        except ReplayFault as e:
            return {"fault": "replay", "index": e.index}
        except Fault as e:
            return {"fault": e.code}
        except BadTable as e:
            return {"refused": e.why}

    def _edited(self, how: dict[str, Any]) -> Table:
        if "text" in how:
            return Table.read(how["text"])
        document = copy.deepcopy(self._document)
        for edit in how["edits"]:
            *outer, last = edit["at"]
            of: Any = document
            for name in outer:
                of = of[name]
            if edit.get("cut"):
                del of[last]
            else:
                of[last] = edit["put"]
        if how.get("seal"):
            document["digest"] = digest_text(canonical(document["body"], True))
        return Table.read(json.dumps(document))


def main(args: list[str]) -> int:
    """Runs the vectors in files."""
    runner = Runner(quick="--quick" in args)
    for path in [a for a in args if a != "--quick"]:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as lines:
            _run(runner, lines)
    for what in runner.failed:
        print(what)
    print(f"{runner.cases} cases, {runner.steps} steps, {len(runner.failed)} failed")
    return 1 if runner.failed or not runner.cases else 0


def _run(runner: Runner, lines: Iterable[bytes]) -> None:
    for line in lines:
        if line.strip():
            runner.line(line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

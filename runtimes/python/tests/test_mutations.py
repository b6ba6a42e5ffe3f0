"""Whatever is handed in: it is taken, or refused by name. `FAILWAY_CASES` sets how often each is tried."""

from __future__ import annotations

import copy
import json
import os
import random
import unittest
from typing import Any, Callable

from failway import BadTable, Fault, Memory, Runtime, Session, Table, propose, read_request, replay, reply
from failway.documents import canonical, digest_text

from tables import desk

NOW = 1_766_000_000_000
CASES = int(os.environ.get("FAILWAY_CASES", "400"))

DEEP: list[Any] = []
for _ in range(3_000):
    DEEP = [DEEP]

STRANGE: list[Any] = [
    None, True, False, 0, -1, -0.0, 1.5, 1e308, 2**53, -(2**53), 2**64, 10**400, float("nan"), float("inf"),
    "", "a", "ok", "\ud800", "x\udfff", "\x00", "__proto__", "constructor", "é\U0001d11e", "9" * 400, "1" * 5_000,
    [], [[]], [None], {}, {"__proto__": {}}, {"kind": "call"}, {"": 0}, {"\ud800": 1}, {"kind": []}, DEEP,
]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in a document but its root, as far as it isn't too deep."""
    if len(at) > 30:
        return []
    out: list[tuple[Any, ...]] = []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, v in inner:
        out += [(*at, name), *places(v, (*at, name))]
    return out


def changed(rng: random.Random, document: Any) -> Any:
    """The document with a few places changed."""
    made = copy.deepcopy(document)
    for _ in range(rng.randint(1, 3)):
        all_ = places(made)
        if not all_:
            return rng.choice(STRANGE)
        *outer, name = rng.choice(all_)
        holder = made
        for one in outer:
            holder = holder[one]
        how = rng.randrange(6)
        if how == 0:
            del holder[name]
        elif how == 1 and isinstance(holder, dict):
            holder[rng.choice(["__proto__", "", "\ud800", "kind", "to", "more"])] = rng.choice(STRANGE)
        elif how == 2 and type(holder[name]) is int:
            holder[name] += rng.choice([-1, 1, 2**31, -(2**53), 10**30])
        else:
            holder[name] = rng.choice(STRANGE)
    return made


def as_text(document: Any) -> str | None:
    try:
        return json.dumps(document)
    except (RecursionError, ValueError):
        return None


class Mutations(unittest.TestCase):
    def setUp(self) -> None:
        self.table = desk()
        self.runtime = Runtime(self.table)
        self.rng = random.Random(23)
        session, log = Session.new(self.table, "s"), []

        def step(request: Any) -> Any:
            done = self.runtime.step(session, request, now=NOW, inputs={"open": True}, counters=Memory())
            log.append(json.loads(done.record_text()))
            return done

        find = propose("shop.find", {"order": "ORD-17"})
        step(reply(step(find).next[0], "ok", {"id": "ORD-17", "total": "35"}))
        step(propose("shop.refund", {"order": "ORD-17", "amount": "20"}))
        self.session, self.log = session, log

    def refused(self, what: Callable[[], Any], *named: type[BaseException]) -> Any:
        """The result, or None if it was refused by name. Anything else is a failure."""
        try:
            return what()
        except named:
            return None

    def test_requests(self) -> None:
        bases = [r["request"] for r in self.log] + [
            {"kind": "start", "flow": "pay_back", "args": {"order": "ORD-17"}},
            {"kind": "approve", "approval": "x", "granted": True, "by": "Ada"},
            {"kind": "resolve", "call": 2, "happened": True, "result": None},
            {"kind": "event", "event": "stop"},
            {"kind": "tick", "retry": True},
            {"kind": "reload"},
        ]
        for _ in range(CASES):
            request = changed(self.rng, self.rng.choice(bases))
            session = Session.read(self.session.to_bytes(), self.table)
            before = session.to_bytes()
            inputs, now = {"open": True}, NOW + 1
            if self.rng.random() < 0.2:
                inputs = changed(self.rng, inputs)
            if self.rng.random() < 0.2:
                now = self.rng.choice(STRANGE)

            def step() -> Any:
                return self.runtime.step(session, request, now=now, inputs=inputs, counters=Memory())

            if self.refused(step, Fault) is None:
                self.assertEqual(session.to_bytes(), before)
            else:
                again = session.to_bytes()
                self.assertEqual(Session.read(again, self.table).to_bytes(), again)
            text = as_text(request)
            if text is not None:
                self.refused(lambda: read_request(text), Fault)
                cut = text[: self.rng.randrange(len(text) + 1)]
                self.refused(lambda: read_request(cut), Fault)

    def test_decisions(self) -> None:
        for _ in range(CASES):
            args = changed(self.rng, {"order": "ORD-17", "amount": "20"})
            name = self.rng.choice(["shop.refund", "shop.find", *STRANGE])
            now = self.rng.choice([NOW, NOW, NOW, *STRANGE])
            inputs = self.rng.choice([{"open": True}, {"open": True}, *STRANGE])
            self.refused(lambda: self.runtime.decide(self.session, name, args, now=now, inputs=inputs), Fault)

    def test_tables(self) -> None:
        document = json.loads(json.dumps(self.table.document))
        for _ in range(max(1, CASES // 8)):
            made = changed(self.rng, document)
            if isinstance(made, dict) and self.rng.random() < 0.8:
                try:
                    made["digest"] = digest_text(canonical(made.get("body")))
                except Exception:  # noqa: BLE001 - then the old one stays
                    pass
            text = as_text(made)
            if text is None:
                continue
            table = self.refused(lambda: Table.read(text), BadTable)
            if table is not None:
                session = Session.new(table, "s")
                find = propose("shop.find", {"order": "ORD-17"})
                self.refused(
                    lambda: Runtime(table).step(session, find, now=NOW, inputs={"open": True}, counters=Memory()), Fault
                )
            cut = text[: self.rng.randrange(len(text))]
            self.assertIsNone(self.refused(lambda: Table.read(cut), BadTable))
            junk = text.encode()[: self.rng.randrange(200)] + self.rng.randbytes(5)
            self.assertIsNone(self.refused(lambda: Table.read(junk), BadTable))

    def test_sessions(self) -> None:
        document = json.loads(self.session.to_bytes())
        for _ in range(CASES):
            text = as_text(changed(self.rng, document))
            if text is None:
                continue
            session = self.refused(lambda: Session.read(text, self.table), Fault)
            if session is not None:
                again = session.to_bytes()
                self.assertEqual(Session.read(again, self.table).to_bytes(), again)
                tick = {"kind": "tick"}
                self.refused(
                    lambda: self.runtime.step(session, tick, now=NOW, inputs={"open": True}, counters=Memory()), Fault
                )
            cut = text[: self.rng.randrange(len(text))]
            self.refused(lambda: Session.read(cut, self.table), Fault)

    def test_records(self) -> None:
        for _ in range(CASES):
            log = copy.deepcopy(self.log)
            at = self.rng.randrange(len(log))
            log[at] = changed(self.rng, log[at])
            self.refused(lambda: replay(self.table, log), Fault)


if __name__ == "__main__":
    unittest.main()

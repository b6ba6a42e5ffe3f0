"""The runtime as its user meets it."""

from __future__ import annotations

import json
import unittest

from failway import Fault, Memory, ReplayFault, Runtime, Session, Table, propose, read_request, redacted, replay, reply, tick
from failway.documents import canonical, number_text

from tables import desk

NOW = 1_766_000_000_000


class Desk(unittest.TestCase):
    def setUp(self) -> None:
        self.table = desk()
        self.runtime = Runtime(self.table)
        self.session = Session.new(self.table, "s")
        self.counters = Memory()
        self.log: list[str] = []

    def step(self, request, now=NOW, inputs=None):
        inputs = {"open": True} if inputs is None else inputs
        stepped = self.runtime.step(self.session, request, now=now, inputs=inputs, counters=self.counters)
        self.log.append(stepped.record_text())
        return stepped

    def test_a_refund_needs_the_bill(self) -> None:
        refund = propose("shop.refund", {"order": "ORD-17", "amount": "20"})
        denied = self.step(refund)
        self.assertEqual(denied.verdict.rule, "sound")
        self.assertIn("Ask again after shop.find has succeeded.", denied.verdict.for_model())
        found = self.step(propose("shop.find", {"order": "ORD-17"}))
        self.step(reply(found.next[0], "ok", {"id": "ORD-17", "total": "35"}))
        allowed = self.step(refund)
        self.assertTrue(allowed.verdict.allowed)
        self.assertEqual(allowed.next[0]["args"], {"order": "ORD-17", "amount": "20.00"})
        self.step(reply(allowed.next[0], "ok"))
        # The refund has made the bill forgotten.
        self.assertEqual(self.step(propose("shop.refund", {"order": "ORD-17", "amount": 21})).verdict.rule, "sound")
        again = self.step(propose("shop.find", {"order": "ORD-17"}))
        self.step(reply(again.next[0], "ok", {"id": "ORD-17", "total": "35"}))
        limited = self.step(propose("shop.refund", {"order": "ORD-17", "amount": 21}))
        self.assertEqual((limited.verdict.verdict, limited.verdict.rule), ("limited", "once_each"))

    def test_sessions_go_on_after_they_were_stored(self) -> None:
        found = self.step(propose("shop.find", {"order": "ORD-17"}))
        self.session = Session.read(self.session.to_bytes(), self.table)
        self.assertEqual(self.runtime.open(self.session), found.next)
        self.assertEqual(self.runtime.deadline(self.session), NOW + 3_000)
        self.step(tick(), NOW + 3_000)
        self.assertEqual(self.session.calls[0]["ended"]["outcome"], "timeout")

    def test_a_refused_step_changes_nothing(self) -> None:
        self.step(propose("shop.find", {"order": "ORD-17"}))
        before = self.session.to_bytes()
        for request, inputs, code in [
            ({"kind": "reply", "to": {"call": 7}, "outcome": "ok"}, None, "no_call"),
            ({"kind": "dance"}, None, "request"),
            (propose("shop.find", {"order": "\ud800"}), None, "request"),
            (propose("shop.find", {"order": float("nan")}), None, "request"),
            (propose("shop.find", {"order": object()}), None, "request"),
            (tick(), {}, "input"),
            (tick(), {"open": "\udc00"}, "input"),
        ]:
            with self.assertRaises(Fault) as refused:
                self.step(request, inputs=inputs)
            self.assertEqual(refused.exception.code, code)
        with self.assertRaises(Fault) as refused:
            self.step(tick(), NOW - 1)
        self.assertEqual(refused.exception.code, "clock")
        self.assertEqual(self.session.to_bytes(), before)

    def test_records_replay(self) -> None:
        self.test_a_refund_needs_the_bill()
        records = [json.loads(line) for line in self.log]
        self.assertEqual(replay(self.table, records).to_bytes(), self.session.to_bytes())
        records[2]["now"] += 1
        with self.assertRaises(ReplayFault) as refused:
            replay(self.table, records)
        self.assertEqual(refused.exception.index, 2)

    def test_redacted_records_hold_no_values(self) -> None:
        self.test_a_refund_needs_the_bill()
        for line in self.log:
            for salt in (None, "pepper"):
                text = canonical(redacted(json.loads(line), salt))
                self.assertNotIn("ORD-17", text)
                self.assertNotIn("20.00", text)

    def test_a_decision_alone_changes_nothing(self) -> None:
        before = self.session.to_bytes()
        decision = self.runtime.decide(
            self.session, "shop.refund", {"order": "ORD-17", "amount": "20"}, now=NOW, inputs={"open": True}
        )
        self.assertEqual(decision.rule, "sound")
        self.assertEqual(self.session.to_bytes(), before)

    def test_requests_are_read_strictly(self) -> None:
        self.assertEqual(read_request('{"kind":"tick","retry":false}'), {"kind": "tick"})
        for text in ['{"kind":"tick","kind":"tick"}', '{"kind":"tick"} 1', '"\\ud800"', "[" * 9_999, "NaN"]:
            with self.assertRaises(Fault):
                read_request(text)

    def test_tables_that_were_changed_are_refused(self) -> None:
        from failway import BadTable

        document = json.loads(json.dumps(self.table.document))
        document["body"]["nodes"][0]["next"][0] = -9
        with self.assertRaises(BadTable) as refused:
            Table.of(document)
        self.assertEqual(refused.exception.why, "digest")


class Numbers(unittest.TestCase):
    def test_they_are_written_as_ecmascript_does(self) -> None:
        for x, text in [
            (0.5, "0.5"), (-0.0, "0"), (5.0, "5"), (1e21, "1e+21"), (1e20, "100000000000000000000"),
            (1.5e300, "1.5e+300"), (1e-6, "0.000001"), (1e-7, "1e-7"), (5e-324, "5e-324"),
            (9007199254740992.0, "9007199254740992"), (float(2**64), "18446744073709552000"),
        ]:  # fmt: skip
            self.assertEqual(number_text(x), text)

    def test_names_sort_by_utf_16_units(self) -> None:
        self.assertEqual(canonical({"\ufb33": 1, "\U0001f600": 2}), '{"\U0001f600":2,"\ufb33":1}')


if __name__ == "__main__":
    unittest.main()

"""Breaks the runtime on purpose, in one way after the other: each has to fail the vectors.

    broken [--least N] FILE…      (- for standard input)

With --least it ends as soon as so many ways were noticed: for few vectors and little time.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any, Callable, Iterator
from unittest import mock

from failway import calls, clock, conform, counters, documents, flow, gate, log, runtime, scenes, table, values
from failway.conform import Runner
from failway.faults import Fault

BREAKS: dict[str, Callable[[], Any]] = {}


def breaks(make: Callable[[], Any]) -> Callable[[], Any]:
    BREAKS[make.__name__.replace("_", " ")] = make
    return make


def patch(of: Any, name: str, make: Callable[[Any], Any]) -> Any:
    """Puts something made of the right thing in its place."""
    return mock.patch.object(of, name, make(getattr(of, name)))


@contextlib.contextmanager
def both(*patches: Any) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for one in patches:
            stack.enter_context(one)
        yield


@breaks
def cuts_are_exclusive() -> Any:
    from bisect import bisect_left

    return patch(scenes, "bisect_right", lambda _: bisect_left)


@breaks
def bounds_of_numbers_are_off_by_one_below() -> Any:
    def make(was: Any) -> Any:
        def ordered(self: Any, ty: Any, *rest: Any) -> Any:
            return was(self, {**ty, "min": ty["min"] - 1}, *rest)

        return ordered

    def int_(self: Any, ty: Any, drop: bool) -> Any:
        return self._ordered(ty, "a whole number", documents.whole, int, str)

    return both(patch(values.Types, "_ordered", make), patch(values.Types, "_int", lambda _: int_))


@breaks
def bounds_of_numbers_are_off_by_one_above() -> Any:
    def make(was: Any) -> Any:
        def ordered(self: Any, ty: Any, *rest: Any) -> Any:
            return was(self, {**ty, "max": ty["max"] + 1}, *rest)

        return ordered

    def int_(self: Any, ty: Any, drop: bool) -> Any:
        return self._ordered(ty, "a whole number", documents.whole, int, str)

    return both(patch(values.Types, "_ordered", make), patch(values.Types, "_int", lambda _: int_))


@breaks
def strings_are_counted_in_utf_16_units() -> Any:
    def make(was: Any) -> Any:
        def string(self: Any, ty: Any, drop: bool) -> Any:
            check = was(self, ty, drop)

            def counted(value: Any) -> Any:
                if isinstance(value, str):
                    n = len(value.encode("utf-16-le")) // 2
                    if n < ty["min"] or n > ty.get("max", n):
                        raise values.Invalid("the string is too long")
                return check(value)

            return counted

        return string

    return patch(values.Types, "_string", make)


@breaks
def patterns_of_types_are_not_looked_at() -> Any:
    def make(was: Any) -> Any:
        return lambda self, ty, drop: was(self, {k: v for k, v in ty.items() if k != "automata"}, drop)

    return patch(values.Types, "_string", make)


@breaks
def unknown_arguments_are_dropped() -> Any:
    return patch(values.Types, "fields", lambda was: lambda self, fields, drop: was(self, fields, True))


@breaks
def decimals_take_more_digits() -> Any:
    def make(was: Any) -> Any:
        def units(text: str, scale: int) -> Any:
            if "." in text and len(text.split(".")[1]) > scale:
                text = text[: text.index(".") + 1 + scale].rstrip(".")
            return was(text, scale)

        return units

    return patch(values, "decimal_units", make)


@breaks
def decimals_stay_as_they_came() -> Any:
    return patch(values, "decimal_text", lambda was: lambda n, scale: was(n, scale).rstrip("0") or "0")


@breaks
def unlisted_variants_stay_as_they_came() -> Any:
    def enum(self: Any, ty: Any, drop: bool) -> Any:
        def check(value: Any) -> Any:
            if not isinstance(value, str):
                raise values.Invalid("no string")
            return value

        return check

    return patch(values.Types, "_enum", lambda _: enum)


@breaks
def optional_fields_may_not_be_null() -> Any:
    def make(was: Any) -> Any:
        def fields(self: Any, of: Any, drop: bool) -> Any:
            check = was(self, of, drop)

            def strict(value: Any) -> Any:
                for name, member in value.items():
                    if member is None and any(f["wire"] == name for f in of):
                        raise values.Invalid("is null", name)
                return check(value)

            return strict

        return fields

    return patch(values.Types, "fields", make)


@breaks
def validation_of_replies_is_skipped() -> Any:
    def judge(self: Any, action: Any, outcome: str, value: Any) -> Any:
        return outcome, value, None

    return patch(calls.Calls, "_judge", lambda _: judge)


@breaks
def differences_forget_their_factors() -> Any:
    def make(was: Any) -> Any:
        return lambda self, of: was(self, {**of, "left_factor": 1, "right_factor": 1})

    return patch(scenes.Questions, "_probe_difference", make)


@breaks
def some_asks_the_first_element_only() -> Any:
    def make(was: Any) -> Any:
        def probe(self: Any, of: Any) -> Any:
            get, when = self.path(of["list"]), of["when"]

            def ask(scene: Any) -> int:
                for element in (get(scene) or [])[:1]:
                    scene.element = element
                    return 1 if self.leaf(scene, when) == 1 else 0
                return 0

            return ask

        return probe

    return patch(scenes.Questions, "_probe_some", make)


@breaks
def keys_of_limits_are_lost() -> Any:
    def make(was: Any) -> Any:
        return lambda limit, paths, keys, when: was(limit, [], [], when)

    return both(
        patch(table, "LimitUse", make),
        patch(log, "_same_key", lambda was: lambda scene, entry, paths, keys, unknown: not keys or was(scene, entry, paths, keys, unknown)),
    )


@breaks
def limits_are_reported_in_another_order() -> Any:
    def make(was: Any) -> Any:
        def consult(self: Any, action: Any, *rest: Any) -> Any:
            kept = action.limits
            action.limits = list(reversed(kept))
            try:
                return was(self, action, *rest)
            finally:
                action.limits = kept

        return consult

    return patch(gate.Gate, "_consult_limits", make)


@breaks
def the_limit_with_the_shortest_wait_is_reported() -> Any:
    def make(was: Any) -> Any:
        def ask(self: Any, wants: Any, take: bool) -> Any:
            free = was(self, wants, take)
            ends = [at for at in free if at is not None]
            return [None if at is None or at != min(ends) else at for at in free]

        return ask

    return patch(runtime.Ledger, "ask", make)


@breaks
def limits_allow_one_more() -> Any:
    return patch(gate.Gate, "_counted_here", lambda was: lambda *args: was(*args) - 1)


@breaks
def windows_include_their_start() -> Any:
    return patch(counters, "free_at", lambda was: lambda taken, now, count, ms: was(taken, now - 1, count, ms))


@breaks
def slots_are_never_given_back() -> Any:
    return both(
        patch(calls.Calls, "_release_effects", lambda _: lambda self, root: None),
        patch(calls.Calls, "_release_uncounted", lambda _: lambda self, call: None),
    )


@breaks
def repeats_are_new_effects() -> Any:
    return patch(gate.Gate, "_repeated", lambda _: lambda self, action, args: None)


@breaks
def repeats_compare_the_key_only() -> Any:
    def make(was: Any) -> Any:
        def repeated(self: Any, action: Any, args: Any) -> Any:
            wires = [action.wires[p] for p in action.idempotent["by"]]
            for call in reversed(self.s["calls"]):
                if call["action"] == action.index and all(call["args"].get(w) == args.get(w) for w in wires):
                    return was(self, action, call["args"])
            return was(self, action, args)

        return repeated

    return patch(gate.Gate, "_repeated", make)


@breaks
def keys_are_remembered_a_millisecond_longer() -> Any:
    return patch(gate, "later", lambda was: lambda at, ms: was(at, ms) + 1)


@breaks
def calls_in_doubt_may_be_made_again() -> Any:
    return patch(gate.Gate, "_unsettled", lambda _: lambda self, action, repeats: None)


@breaks
def a_clean_failure_of_a_repeat_settles_the_first() -> Any:
    def make(was: Any) -> Any:
        def learn(self: Any, action: Any, root: Any, says: str, value: Any) -> None:
            if says == "nothing" and root["fate"] == "unsettled":
                root["fate"] = "absent"
                return
            was(self, action, root, says, value)

        return learn

    return patch(calls.Calls, "_learn", make)


@breaks
def facts_live_a_millisecond_longer() -> Any:
    return patch(log, "later", lambda was: lambda at, ms: was(at, ms) + 1)


@breaks
def writes_forget_nothing() -> Any:
    return patch(log, "_forgets", lambda _: lambda *args: False)


@breaks
def failed_writes_forget_too() -> Any:
    def make(was: Any) -> Any:
        def forgets(table: Any, of: Any, source: Any, write: Any, reply: Any, seq: Any) -> bool:
            ended = write.get("ended")
            if ended is not None:
                write = {**write, "ended": {**ended, "outcome": "timeout"}}
            return bool(was(table, of, source, write, reply, seq))

        return forgets

    return patch(log, "_forgets", make)


@breaks
def undone_calls_count_as_standing() -> Any:
    def make(was: Any) -> Any:
        def speaks(table: Any, data: Any, asks: str, call: Any) -> bool:
            return asks == "standing" and call["fate"] == "undone" or bool(was(table, data, asks, call))

        return speaks

    return patch(log, "_speaks_of", make)


@breaks
def approvals_never_expire() -> Any:
    def make(was: Any) -> Any:
        return lambda table, data: [d for d in was(table, data) if d[1] != clock.APPROVAL]

    return patch(clock, "dues", make)


@breaks
def approvals_cover_every_entry() -> Any:
    return patch(gate.Gate, "_entry", lambda _: lambda self: 0)


@breaks
def approvals_are_never_withdrawn() -> Any:
    return patch(gate.Gate, "withdraw_approvals", lambda _: lambda self: None)


@breaks
def retries_have_one_more() -> Any:
    def make(was: Any) -> Any:
        return lambda self, state, retry: was(self, state, {**retry, "count": retry["count"] + 1})

    return patch(flow.Flow, "_retry", make)


@breaks
def backoff_does_not_double() -> Any:
    def make(was: Any) -> Any:
        return lambda self, state, retry: was(self, state, {**retry, "cap_ms": retry["first_ms"]})

    return patch(flow.Flow, "_retry", make)


@breaks
def a_reply_at_its_timeout_is_late() -> Any:
    return patch(clock.Clock, "catch_up", lambda was: lambda self, replied=None: was(self))


@breaks
def deadlines_are_a_millisecond_early() -> Any:
    return patch(clock, "later", lambda was: lambda at, ms: was(at, ms) - 1)


@breaks
def events_are_taken_while_calls_are_in_flight() -> Any:
    return patch(flow.Flow, "any_in_flight", lambda _: lambda self: False)


@breaks
def events_are_taken_twice() -> Any:
    def make(was: Any) -> Any:
        def event(self: Any, index: int) -> Any:
            then = was(self, index)
            self.s["run"].pop("events", None)
            return then

        return event

    return patch(flow.Flow, "_event", make)


@breaks
def the_agents_budget_is_not_counted() -> Any:
    return patch(flow.Flow, "agent_over_budget", lambda _: lambda self: False)


@breaks
def settling_begins_with_the_newest() -> Any:
    def make(was: Any) -> Any:
        def begin(self: Any, step: Any) -> Any:
            then = was(self, step)
            self.s["run"]["levels"][-1]["doing"]["left"].reverse()
            return then

        return begin

    return patch(flow.Flow, "_begin_settle", make)


@breaks
def unwinding_begins_with_the_oldest() -> Any:
    def make(was: Any) -> Any:
        def begin(self: Any, actions: Any) -> Any:
            then = was(self, actions)
            self.s["run"]["levels"][-1]["doing"]["left"].reverse()
            return then

        return begin

    return patch(flow.Flow, "_begin_unwind", make)


@breaks
def a_refused_step_counts_as_one() -> Any:
    def make(was: Any) -> Any:
        def step(self: Any, session: Any, *args: Any, **named: Any) -> Any:
            try:
                return was(self, session, *args, **named)
            except Fault:
                session.data["revision"] += 1
                raise

        return step

    return patch(runtime.Runtime, "step", make)


@breaks
def names_are_taken_twice_in_one_object() -> Any:
    return patch(documents, "_object", lambda _: dict)


@breaks
def digests_of_tables_are_not_looked_at() -> Any:
    def of(cls: Any, document: Any) -> Any:
        return cls(document)

    return patch(conform.Table, "of", lambda _: classmethod(of))


def run(lines: list[bytes], least: int) -> bool:
    """Breaks the runtime in every way until so many were noticed; whether they were."""
    whole = Runner(quick=True)
    for line in lines:
        whole.line(line)
    if whole.failed:
        print("the runtime fails the vectors before it is broken:", *whole.failed[:5], sep="\n")
        return False
    noticed = unnoticed = 0
    for name, make in BREAKS.items():
        runner = Runner(quick=True)
        at = "nothing"
        with make():
            for line in lines:
                try:
                    runner.line(line)
                except Exception as e:  # noqa: BLE001 - a table that can no longer be read is noticed too
                    runner.failed.append(f"{type(e).__name__}: {e}")
                if runner.failed:
                    at = str(json.loads(line).get("case", "a header"))[:60]
                    break
        if runner.failed:
            noticed += 1
        else:
            unnoticed += 1
        said = "noticed" if runner.failed else "NOT NOTICED"
        print(f"{said:12} {name} ({at})")
        if noticed >= least:
            break
    print(f"{noticed + unnoticed} of {len(BREAKS)} ways, {unnoticed} unnoticed")
    return noticed >= least


if __name__ == "__main__":
    names = sys.argv[1:]
    least = len(BREAKS)
    if names[:1] == ["--least"]:
        least = int(names[1])
        names = names[2:]
    given: list[bytes] = []
    for path in names:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as f:
            given += [line for line in f if line.strip()]
    sys.exit(0 if run(given, least) else 1)

"""The flow: from state to state, until the host has to do something.

What comes next is a tuple: ("stay",), ("attempt",), ("proceed",), ("go", target), or
("outcome", name, value).
"""

from __future__ import annotations

from typing import Any

from .clock import NET, OWN, deadlines
from .documents import later
from .faults import Fault
from .gate import counter
from .log import scene_of
from .scenes import Scene, as_text
from .session import find_call, in_flight, is_root, top
from .values import Invalid

Next = "tuple[Any, ...]"
STAY, ATTEMPT, PROCEED = ("stay",), ("attempt",), ("proceed",)


class Flow:
    """The part of a step that moves the flow."""

    # What is where.

    def flow(self: Any) -> dict[str, Any]:
        return self.body["flows"][self.s["run"]["flow"]]

    def state(self: Any, index: int) -> dict[str, Any]:
        return self.flow()["states"][index]

    def here(self: Any) -> dict[str, Any]:
        return self.state(self.s["run"]["levels"][-1]["state"])

    def any_in_flight(self: Any) -> bool:
        return any(in_flight(c) for c in self.s["calls"])

    def _value(self: Any, of: dict[str, Any], name: str) -> Any:
        """What an expression of the flow makes, such as an end's `gives`; None without one."""
        expr = of.get(name)
        if expr is None:
            return None
        return self.table.maker(expr, self.questions.expression)(self.scene())

    # Starting.

    def start(self: Any, name: str, args: dict[str, Any]) -> None:
        index = self.table.flows.get(name)
        if index is None:
            raise Fault("unknown", f"the table has no flow `{name}`")
        if self.s["calls"] or self.s["approvals"] or "run" in self.s:
            raise Fault("not_empty", "a flow starts only in an empty session")
        flow = self.body["flows"][index]
        take = self.table.maker(flow["params"], lambda params: self.table.types.fields(params, drop=False))
        try:
            args = take(args)
        except Invalid as e:
            raise Fault("argument", f"the flow cannot start: {e}") from None
        slots = [args.get(p["wire"]) for p in flow["params"]]
        slots += [None] * (len(flow["slots"]) - len(slots))
        target = flow["start"]
        if self._is_duplicate(flow, slots):
            self.happened("duplicate")
            target = flow["once"]["to"]
        self.s["run"] = {"flow": index, "slots": slots, "entries": 0, "levels": []}
        self.drive(("go", target))

    def _is_duplicate(self: Any, flow: dict[str, Any], args: list[Any]) -> bool:
        """Whether the same trigger has come within the window."""
        once = flow.get("once")
        if once is None:
            return False
        key = counter(f"{self.body['policy']}/once/{flow['name']}", [args[p] for p in once["by"]])
        want = {"key": key, "count": 1, "window_ms": once["for_ms"]}
        return self.ledger.ask([want], True)[0] is not None

    # From state to state.

    def drive(self: Any, then: Any) -> None:
        """Goes on until the host has to do something, or the flow has ended."""
        while True:
            self.hop()
            kind = then[0]
            if kind == "stay":
                return
            if kind == "attempt":
                then = self._attempt()
            elif kind == "proceed":
                then = self._proceed()
            elif kind == "go":
                then = self._go(then[1])
            else:
                then = self._outcome(then[1], then[2])

    def _go(self: Any, target: dict[str, Any]) -> Any:
        kind = target["kind"]
        if kind == "state":
            return self._enter(target["index"])
        run = self.s["run"]
        if kind == "end":
            end = self.flow()["ends"][target["index"]]
            gives = self._value(end, "gives")
            self.withdraw_approvals()
            run["levels"] = []
            run.pop("waiting", None)
            run["end"] = {"end": target["index"], "at": self.now}
            if gives is not None:
                run["end"]["gives"] = gives
            self.happened("ended", end=end["name"], gives=gives, **{"class": end["class"]})
            return STAY
        value = self._value(target, "gives")
        self.withdraw_approvals()
        levels = run["levels"]
        while levels and levels[-1]["state"] != target["state"]:
            levels.pop()
        if not levels:
            raise Fault("broken", "an inlined run ends outside its caller")
        return ("outcome", target["outcome"], value)

    def _enter(self: Any, index: int) -> Any:
        state = self.state(index)
        self.upto = self.now
        self.withdraw_approvals()
        scopes = self.flow()["scopes"]
        depth, at = 0, scopes[state["scope"]].get("parent")
        while at is not None:
            depth, at = depth + 1, scopes[at].get("parent")
        run = self.s["run"]
        levels = run["levels"]
        if len(levels) < depth:
            raise Fault("broken", "an inlined run is entered from outside")
        run["entries"] += 1
        level: dict[str, Any] = {"scope": state["scope"], "since": self.now}
        visits: dict[str, int] = {}
        if len(levels) > depth and levels[depth]["scope"] == state["scope"]:
            was = levels[depth]
            level["since"] = was["since"]
            if was.get("net"):
                level["net"] = True
            visits = was.get("visits", {})
        visit = visits.get(str(index), 0) + 1
        level.update(
            visits={**visits, str(index): visit},
            state=index,
            entry=run["entries"],
            entered=self.now,
            doing={"kind": "passing"},
        )
        levels[depth:] = [level]
        self.happened("entered", state=state["name"], entry=run["entries"])
        most = state.get("visits")
        if most is not None and visit > most["count"]:
            self.happened("too_often", state=state["name"])
            return ("go", most["to"])
        then = self.between_steps()
        if then is not None:
            return then
        args = self._frozen(state["step"])
        if args:
            level["args"] = args
        return ATTEMPT

    def _frozen(self: Any, step: dict[str, Any]) -> dict[str, Any]:
        """What freezes when a state is entered."""
        kind = step["kind"]
        if kind not in ("do", "agent", "ask", "run"):
            return {}
        make = self.table.maker(step, self._freezer)
        out: dict[str, Any] = make(self.scene())
        return out

    def _freezer(self: Any, step: dict[str, Any]) -> Any:
        if step["kind"] == "do":
            return self.questions.arguments(self.body["actions"][step["action"]]["params"], step["args"])
        if step["kind"] == "agent":
            pairs = [(name, self.questions.expression(e)) for name, e in step["given"]]
        elif step["kind"] == "ask":
            pairs = [("text", self.questions.expression(step["text"]))]
        else:
            slots = self.flow()["slots"]
            pairs = [
                (slots[slot]["name"], self.questions.expression(e)) for slot, e in step["args"] if e is not None
            ]

        def make(scene: Scene) -> dict[str, Any]:
            values = ((name, e(scene)) for name, e in pairs)
            return {name: v for name, v in values if v is not None}

        return make

    def _doing(self: Any, kind: str, **members: Any) -> None:
        level = top(self.s)
        if level is not None:
            level["doing"] = {"kind": kind, **members}

    def _attempt(self: Any) -> Any:
        """Does the current state's step."""
        step = self.here()["step"]
        kind = step["kind"]
        level = self.s["run"]["levels"][-1]
        args = level.get("args", {})
        if kind == "do":
            self._doing("do", stage={"kind": "next"})
            return self._propose_in_step(step["action"], args)
        if kind == "agent":
            self._doing("agent", calls=0)
            return STAY
        if kind == "ask":
            self._doing("ask", text=as_text(args.get("text")), since=self.now)
            return STAY
        if kind == "choose":
            scene = self.scene()
            for branch in step["branches"]:
                if self.questions.holds(scene, branch["when"]):
                    return ("go", branch["to"])
            if "otherwise" in step:
                return ("go", step["otherwise"])
            raise self._unhandled("any branch")
        if kind == "settle":
            return self._begin_settle(step)
        if kind == "unwind":
            return self._begin_unwind(step["actions"])
        self._forget_slots(step["scope"])
        slots = self.flow()["slots"]
        for slot, _ in step["args"]:
            self._bind(slot, args.get(slots[slot]["name"]))
        self._doing("passing")
        return ("go", step["start"])

    def _proceed(self: Any) -> Any:
        """Goes on with a step of several calls."""
        step = self.here()["step"]
        if step["kind"] == "settle":
            return self._settle_next(step)
        return self._unwind_next() if step["kind"] == "unwind" else STAY

    def _propose_in_step(self: Any, action: int, args: dict[str, Any]) -> Any:
        submitted, _ = self.submit(self.table.actions[action], args, False)
        return self.proposed_in_step(submitted)

    def proposed_in_step(self: Any, submitted: Any) -> Any:
        """The current state's proposal got its verdict."""
        kind, what = submitted
        if kind == "refused":
            return self.step_refused("limited" if what == "limited" else "denied")
        stage = {"kind": "call", "call": what} if kind == "called" else {"kind": "approval", "approval": what}
        doing = self.s["run"]["levels"][-1]["doing"]
        if "stage" in doing:
            doing["stage"] = stage
        return STAY

    def step_refused(self: Any, outcome: str) -> Any:
        """The current state's call is not made: denied, limited, declined or expired."""
        doing = self.s["run"]["levels"][-1]["doing"]
        if doing["kind"] == "settle":
            doing["unknown"] = True
            return PROCEED
        if doing["kind"] == "unwind":
            doing["failed"] = True
            return PROCEED
        return ("outcome", outcome, None)

    def go_on_after(self: Any, id: int) -> None:
        """A call has ended: the state that waits for it goes on."""
        level = top(self.s)
        if level is None:
            return
        doing = level["doing"]
        then: Any = STAY
        if doing["kind"] == "agent":
            if not self.any_in_flight():
                then = self.between_steps()
                if then is None:
                    said = doing.get("said")
                    then = STAY if said is None else ("outcome", said["outcome"], said.get("value"))
        elif doing.get("stage", {}).get("call") == id:
            if doing["kind"] == "do":
                call = find_call(self.s, id)
                outcome = call["ended"]["outcome"]
                then = ("outcome", outcome, call.get("result") if outcome == "ok" else None)
            else:
                if doing["kind"] == "settle":
                    self._note_settled(doing)
                else:
                    fate = find_call(self.s, doing["of"])["fate"]
                    doing["failed"] = doing["failed"] or fate not in ("undone", "absent")
                then = self.between_steps() or PROCEED
        self.drive(then)

    # Outcomes.

    def _outcome(self: Any, outcome: str, value: Any) -> Any:
        """The current state's step has ended with an outcome."""
        state = self.here()
        self._doing("passing")
        self.happened("outcome", state=state["name"], outcome=outcome, value=value)
        step = state["step"]
        kind = step["kind"]
        if (
            "bind" in step
            and kind in ("do", "ask", "run")
            and (kind == "run" or outcome == {"do": "ok", "ask": "answered"}[kind])
        ):
            self._bind(step["bind"], value)
        then = self.between_steps()
        if then is not None:
            return then
        for handler in state["handlers"]:
            if handler["outcome"] != outcome:
                continue
            was = self._bind(handler["bind"], value) if "bind" in handler else None
            if "when" in handler and not self.questions.holds(self.scene(), handler["when"]):
                if "bind" in handler:
                    self._bind(handler["bind"], was)
                continue
            retry = handler.get("retry")
            again = self._retry(state["name"], retry) if retry is not None else None
            return again or ("go", handler["to"])
        raise self._unhandled(outcome)

    def _retry(self: Any, state: str, retry: dict[str, Any]) -> Any:
        """Another attempt, if there is one left."""
        level = self.s["run"]["levels"][-1]
        group = str(retry["group"])
        used = level.get("retries", {}).get(group, 0)
        if used >= retry["count"]:
            level["retries"] = {**level.get("retries", {}), group: used}
            return None
        wait = retry["cap_ms"] if used > 62 else min(retry["first_ms"] << used, retry["cap_ms"])
        if retry["first_ms"] == 0:
            wait = 0
        level["retries"] = {**level.get("retries", {}), group: used + 1}
        self.happened("retry", state=state, attempt=used + 1, wait_ms=wait)
        if wait == 0:
            return ATTEMPT
        self._doing("wait", until=later(self.now, wait))
        return STAY

    def _unhandled(self: Any, outcome: str) -> Fault:
        return Fault("no_handler", f"state `{self.here()['name']}` has no handler for `{outcome}`")

    # Slots.

    def _bind(self: Any, slot: int, value: Any) -> Any:
        """Puts a value into a slot and gives what was there before."""
        declared = self.flow()["slots"][slot]
        if value is not None:
            try:
                value = self.table.types.check(declared["type"], drop=True)(value)
            except Invalid as e:
                raise Fault("broken", f"`{declared['name']}` cannot hold its value: {e}") from None
        slots = self.s["run"]["slots"]
        was, slots[slot] = slots[slot], value
        return was

    def _forget_slots(self: Any, scope: int) -> None:
        """Empties the slots of a scope and of those inside it."""
        flow = self.flow()
        inside = set()
        for index, run in enumerate(flow["scopes"]):
            if index == scope or run.get("parent") in inside:
                inside.add(index)
        slots = self.s["run"]["slots"]
        for index, slot in enumerate(flow["slots"]):
            if slot["scope"] in inside:
                slots[index] = None

    # The agent, and the person asked.

    def agent_over_budget(self: Any) -> bool:
        """Counts a proposal of the current agent; tells whether the agent had none left."""
        level = top(self.s)
        if level is None or level["doing"]["kind"] != "agent":
            return False
        doing = level["doing"]
        if "said" in doing or self.s["run"].get("waiting"):
            return False
        budget = self.here()["step"].get("calls")
        if budget is not None and doing["calls"] >= budget:
            return True
        doing["calls"] += 1
        return False

    def agent_replied(self: Any, entry: int, outcome: str, value: Any) -> None:
        """The agent reports an outcome."""
        if not self._asked(entry, "agent"):
            raise Fault("not_asked", f"no agent with number {entry} is waited for")
        self.catch_up()
        if not self._asked(entry, "agent"):
            self.happened("late")
            return
        outcomes = self.here()["step"]["outcomes"]
        declared = next((o for o in outcomes if o["name"] == outcome), None)
        given = None
        if declared is None:
            if outcome not in ("stuck", "exhausted", "malformed"):
                outcome = "malformed"
        elif "type" in declared:
            try:
                given = self.table.types.check(declared["type"], drop=True)(value)
            except Invalid:
                outcome = "malformed"
        self.agent_said(outcome, given)

    def agent_said(self: Any, outcome: str, value: Any) -> None:
        """Takes the outcome, once no call is in flight."""
        if not self.any_in_flight():
            self.drive(("outcome", outcome, value))
            return
        said = {"outcome": outcome}
        if value is not None:
            said["value"] = value
        self.s["run"]["levels"][-1]["doing"]["said"] = said

    def ask_replied(self: Any, entry: int, outcome: str, value: Any) -> None:
        """The person's answer, or the lack of one."""
        if outcome not in ("answered", "no_answer", "unclear", "unreachable"):
            raise Fault("outcome", f"`{outcome}` cannot be reported here")
        if not self._asked(entry, "ask"):
            raise Fault("not_asked", f"nobody with number {entry} is waited for")
        self.catch_up()
        if not self._asked(entry, "ask"):
            self.happened("late")
            return
        given = None
        if outcome == "answered":
            try:
                given = self.table.types.check(self.here()["step"]["type"], drop=True)(value)
            except Invalid:
                outcome = "unclear"
        self.drive(("outcome", outcome, given))

    def _asked(self: Any, entry: int, kind: str) -> bool:
        level = top(self.s)
        return (
            level is not None
            and level["entry"] == entry
            and level["doing"]["kind"] == kind
            and "said" not in level["doing"]
        )

    # Settling and unwinding.

    def _begin_settle(self: Any, step: dict[str, Any]) -> Any:
        calls = [c for c in self.s["calls"] if is_root(c) and c["action"] == step["action"]]
        left = [c["id"] for c in calls if c["fate"] == "unsettled"]
        if not left and calls:
            # Nothing is in doubt: what is known of the latest call is the answer.
            self._note_happened(calls[-1], step)
        self._doing("settle", stage={"kind": "next"}, of=0, left=left, unknown=False)
        return PROCEED

    def _settle_next(self: Any, step: dict[str, Any]) -> Any:
        """Asks about the next call in doubt, or comes to the step's outcome."""
        level = self.s["run"]["levels"][-1]
        doing = level["doing"]
        if doing["kind"] != "settle":
            return STAY
        if not doing["left"]:
            outcome = "unknown" if doing["unknown"] else "happened" if level.get("happened") else "absent"
            return ("outcome", outcome, None)
        root = find_call(self.s, doing["left"].pop(0))
        doing["of"] = root["id"]
        doing["stage"] = {"kind": "next"}
        self._note_happened(root, step)
        if root["fate"] != "unsettled":
            # The reply about an earlier one has told about this one too.
            return PROCEED
        action = self.table.actions[root["action"]]
        args = None
        if action.confirm is not None:
            args = self.derived(action.confirm, Scene(action.params(root["args"])))
        if args is None:
            return self.step_refused("denied")
        return self._propose_in_step(action.confirm["action"], args)

    def _note_settled(self: Any, doing: dict[str, Any]) -> None:
        """The confirming call has ended; what it told is in the log."""
        root = find_call(self.s, doing["of"])
        self._note_happened(root, self.here()["step"])
        doing["unknown"] = doing["unknown"] or root["fate"] == "unsettled"

    def _note_happened(self: Any, call: dict[str, Any], step: dict[str, Any]) -> None:
        if call["fate"] == "happened":
            if "bind" in step:
                self._bind(step["bind"], call.get("result"))
            self.s["run"]["levels"][-1]["happened"] = True

    def _begin_unwind(self: Any, actions: list[int]) -> Any:
        left, failed = [], False
        for call in reversed(self.s["calls"]):
            undo = self.table.actions[call["action"]].undo
            # Without a list: every write that has an undo.
            meant = call["action"] in actions if actions else undo is not None
            if not (meant and is_root(call) and call["fate"] in ("happened", "unsettled")):
                continue
            # What may not have happened can be undone only by a tolerant undo.
            if undo is not None and (call["fate"] == "happened" or undo["tolerant"]):
                left.append(call["id"])
            else:
                failed = True
        self._doing("unwind", stage={"kind": "next"}, of=0, left=left, failed=failed)
        return PROCEED

    def _unwind_next(self: Any) -> Any:
        """Undoes the next call, or comes to the step's outcome."""
        doing = self.s["run"]["levels"][-1]["doing"]
        if doing["kind"] != "unwind":
            return STAY
        if not doing["left"]:
            return ("outcome", "stuck" if doing["failed"] else "clean", None)
        root = find_call(self.s, doing["left"].pop(0))
        doing["of"] = root["id"]
        doing["stage"] = {"kind": "next"}
        undo = self.table.actions[root["action"]].undo
        args = self.derived(undo, scene_of(self.table, root)) if undo is not None else None
        if args is None:
            return self.step_refused("denied")
        return self._propose_in_step(undo["action"], args)

    # Events and deadlines.

    def event_came(self: Any, name: str) -> None:
        events = self.body["events"]
        index = next((i for i, e in enumerate(events) if e["name"] == name), None)
        if index is None:
            index = next((i for i, e in enumerate(events) if e["wire"] == name), None)
        if index is None:
            raise Fault("unknown", f"the table has no event `{name}`")
        self.catch_up()
        run = self.s.get("run")
        if (
            run is None
            or "end" in run
            or index in run.get("events", ())
            or any(w["event"] == index for w in run.get("waiting", ()))
            or not self._may_be_taken(index)
        ):
            self.happened("event", event=events[index]["name"], effect="ignored")
            return
        run["waiting"] = [*run.get("waiting", ()), {"event": index, "at": self.now}]
        if self.any_in_flight():
            self.happened("event", event=events[index]["name"], effect="waits")
            return
        then = self.between_steps()
        if then is not None:
            self.drive(then)

    def between_steps(self: Any) -> Any:
        """Between two steps: the edge of the deadline or event that came first, or None."""
        if self.any_in_flight():
            return None
        while True:
            self.hop()
            due = min((d for d in deadlines(self.table, self.s) if d[0] <= self.upto), default=None)
            run = self.s.get("run")
            waiting = run.get("waiting") if run else None
            event = waiting[0] if waiting and waiting[0]["at"] <= self.upto else None
            if due is None and event is None:
                return None
            # A deadline of the flow goes first at the same time, a state's own does not.
            if event is None or (
                due is not None and (due[0] < event["at"] or (due[0] == event["at"] and due[1] != OWN))
            ):
                then = self._deadline(due)
            else:
                then = self._event(event["event"])
            if then is not None:
                return then

    def _deadline(self: Any, due: Any) -> Any:
        if due[1] != NET:
            return ("outcome", "no_answer" if self.here()["step"]["kind"] == "ask" else "exhausted", None)
        levels = self.s["run"]["levels"]
        level = levels[due[2]]
        scope = self.flow()["scopes"][level["scope"]]
        target = scope["within"]["to"]
        level["net"] = True
        # In the state that it leads to it has done its work.
        if target["kind"] == "state" and any(lv["state"] == target["index"] for lv in levels):
            return None
        self.happened("deadline", scope=scope["name"] or scope["flow"])
        return ("go", target)

    def _event(self: Any, event: int) -> Any:
        run = self.s["run"]
        target = None
        scene = self.scene()
        for edges in self._edges():
            edge = next(
                (
                    e
                    for e in edges
                    if e["event"] == event and ("when" not in e or self.questions.holds(scene, e["when"]))
                ),
                None,
            )
            if edge is not None:
                target = edge.get("to")
                break
        waiting = [w for w in run["waiting"] if w["event"] != event]
        if waiting:
            run["waiting"] = waiting
        else:
            del run["waiting"]
        name = self.body["events"][event]["name"]
        if target is None:
            self.happened("event", event=name, effect="ignored")
            return None
        run["events"] = sorted({*run.get("events", ()), event})
        self.happened("event", event=name, effect="taken")
        return ("go", target)

    def _may_be_taken(self: Any, event: int) -> bool:
        """Whether the event may have an edge here, whatever conditions will say."""
        for edges in self._edges():
            edge = next((e for e in edges if e["event"] == event), None)
            if edge is not None:
                return "when" in edge or "to" in edge
        return False

    def _edges(self: Any) -> list[list[dict[str, Any]]]:
        """Edges for events, from the innermost level outwards, a state's own before its scope's."""
        flow = self.flow()
        return [
            flow["states"][level["state"]]["events"] + flow["scopes"][level["scope"]]["events"]
            for level in reversed(self.s["run"]["levels"])
        ]

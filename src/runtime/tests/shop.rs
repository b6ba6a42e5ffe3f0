//! A shop without flows: the gate alone, with facts, limits, an escalation and repeats.

use super::*;

/// Actions: 0 shop.find, 1 pay.refund, 2 pay.find, 3 pay.note, 4 mail.send.
pub(super) fn shop() -> Table {
    let order = || json!({"root": {"kind": "param", "index": 0}});
    let bill = |fields: &[&str]| json!({"root": {"kind": "fact", "index": 0, "keys": [order()]}, "fields": fields});
    let find = with(
        action("shop.find", json!([field("order", string())])),
        json!({"result": {"kind": "record", "of": 0}}),
    );
    let reason = with(
        field("reason", string()),
        json!({"claim": true, "optional": true}),
    );
    let refund = with(
        action(
            "pay.refund",
            json!([
                field("order", string()),
                field("amount", int(1, 1000)),
                reason
            ]),
        ),
        json!({
            "wire": "refunds.create",
            "result": string(),
            "effect": {"kind": "write", "expendable": false, "idempotent": {"by": [0], "for_ms": 60_000}},
            "failures": [failure("refused", "permanent"), failure("unavailable", "transient")],
            "confirm": {"action": 2, "args": [param(0)], "after_ms": 5_000, "lines": [
                {"happened": true, "on": "ok", "gives": result()},
                {"happened": false, "on": "not_found"}
            ]},
            "verdicts": [
                {"verdict": "deny", "reason": "nothing allows it", "again": {"kind": "later"}},
                {"verdict": "allow", "rule": 0, "again": {"kind": "not_needed"}},
                {"verdict": "escalate", "rule": 1, "reason": "a manager must agree", "again": {"kind": "after_approval"}},
                {"verdict": "deny", "rule": 2, "reason": "look the order up first",
                 "again": {"kind": "after_action", "actions": [0]},
                 "instead": {"action": 0, "args": [param(0)]}}
            ],
            "gate": 2,
            "limits": [
                {"limit": 1, "keys": [order()]},
                {"limit": 0, "keys": []}
            ]
        }),
    );
    let found = with(
        action("pay.find", json!([field("order", string())])),
        json!({"result": string(), "failures": [failure("not_found", "permanent")]}),
    );
    let tag = with(field("tag", string()), json!({"optional": true}));
    let note = with(
        action("pay.note", json!([field("text", string()), tag])),
        json!({
            "effect": {"kind": "write", "expendable": true},
            "limits": [{"limit": 2, "keys": [{"root": {"kind": "param", "index": 1}}]}]
        }),
    );
    let mail = with(
        action("mail.send", json!([field("to", string())])),
        json!({
            "effect": write_effect(), "result": string(),
            "limits": [{"limit": 3, "keys": []}]
        }),
    );
    table(with(
        body(json!([find, refund, found, note, mail])),
        json!({
            "records": [{"name": "Order", "fields": [field("id", string()), field("total", int(0, 1000))]}],
            "inputs": [
                field("open", json!({"kind": "bool"})),
                with(field("desk", string()), json!({"optional": true, "wire": "desk-name"}))
            ],
            "roles": [{"name": "manager", "wire": "mgr"}],
            "facts": [{
                "name": "bill", "type": {"kind": "record", "of": 0},
                "source": {"action": 0, "keys": [order()]}, "lifetime_ms": 30_000,
                "forget": [{"action": 1, "pairs": [[0, 0]]}, {"action": 3, "pairs": []}]
            }],
            "rules": [
                {"name": "small_refund", "kind": "allow"},
                {"name": "large_refund", "kind": "escalate", "role": 0, "within_ms": 10_000, "because": "money"},
                {"name": "sound_refund", "kind": "require"},
                {"name": "refund_rate", "kind": "limit", "because": "a wave is a fault"},
                {"name": "refund_once", "kind": "limit"},
                {"name": "note_rate", "kind": "limit"},
                {"name": "mail_rate", "kind": "limit"}
            ],
            "limits": [
                {"rule": 3, "count": 3, "effects": false, "per_ms": 10_000, "counted": [{"action": 1, "keys": []}]},
                {"rule": 4, "count": 1, "effects": true, "counted": [{"action": 1, "keys": [order()]}]},
                {"rule": 5, "count": 2, "effects": false, "per_ms": 1_000, "counted": [
                    {"action": 3, "keys": [{"root": {"kind": "param", "index": 1}}]}
                ]},
                {"rule": 6, "count": 1, "effects": true, "per_ms": 1_000, "counted": [{"action": 4, "keys": []}]}
            ],
            "probes": [
                {"kind": "present", "path": bill(&[])},
                {"kind": "value", "path": {"root": {"kind": "param", "index": 1}}, "type": int(1, 1000)},
                {"kind": "difference",
                 "left": {"root": {"kind": "param", "index": 1}}, "left_type": int(1, 1000), "left_factor": 1,
                 "right": bill(&["total"]), "right_type": int(0, 1000), "right_factor": 1},
                {"kind": "value", "path": {"root": {"kind": "input", "index": 0}}, "type": {"kind": "bool"}}
            ],
            "nodes": [
                {"probe": 1, "cuts": [101], "next": [-2, -3]},
                {"probe": 2, "cuts": [1], "next": [0, -4]},
                {"probe": 0, "cuts": [1], "next": [-4, 1]}
            ]
        }),
    ))
}

/// A session in which the shop is open.
pub(super) fn play(table: &Table) -> Play<'_> {
    let mut p = Play::new(table);
    p.inputs = object(json!({"open": true}));
    p
}

/// Looks the order up: its total is 500.
pub(super) fn look_up(p: &mut Play<'_>, order: &str) {
    let call = p.call("shop.find", json!({"order": order}));
    p.reply(call, "ok", json!({"id": order, "total": 500}));
}

pub(super) fn refund(order: &str, amount: i64) -> Value {
    json!({"order": order, "amount": amount})
}

//! Sagas of many writes: undoing them can go wrong in more ways than can be looked at one by one.

use super::common::{Memory, said};

/// So many writes, one after the other, and all of them taken back where one fails.
fn saga(writes: usize, keeps: impl Fn(usize) -> bool, guard: &str) -> String {
    let mut text = "policy saga\ntype Id = string length 1..40\n".to_string();
    for w in 0..writes {
        text += &format!(
            "integration shop{w} {{
  defaults {{ timeout 2s  transient unavailable }}
  action put(id: Id) {{ writes idempotent by id  permanent refused  undo take(id: id) tolerant }}
  action take(id: Id) {{ writes idempotent by id expendable }}
}}
"
        );
    }
    text += "allow all: any write because \"the saga decides\"\nflow f(id: Id) {\n  start -> s0\n";
    for w in 0..writes {
        let next = if w + 1 < writes {
            format!("s{}", w + 1)
        } else {
            "done".to_string()
        };
        // Where it is asked what stands, only the last one leads there.
        let back = match guard {
            "" => "back",
            _ if w + 1 == writes => "back",
            _ => "left",
        };
        text += &format!(
            "  state s{w} {{ do shop{w}.put(id: id) on ok -> {next} on refused | unavailable | timeout | malformed -> {back} }}\n"
        );
    }
    let list = |of: &mut dyn Iterator<Item = usize>| -> String {
        let names: Vec<String> = of.map(|w| format!("shop{w}.put")).collect();
        names.join(", ")
    };
    let all = list(&mut (0..writes));
    let kept = list(&mut (0..writes).filter(|w| keeps(*w)));
    text += &format!(
        "  state back {{ unwind {all} on clean -> undone on stuck -> {} }}\n{guard}",
        if guard.is_empty() { "left" } else { "look" }
    );
    text += &format!(
        "  end done success\n  end undone fallback\n  end left failure keeps {kept} leaves {all} unsettled\n}}\n"
    );
    text
}

fn found(text: &str) -> Vec<String> {
    let checked = failway::check("main.failway", &Memory::one(text)).unwrap();
    said(&checked.findings)
}

#[test]
fn twenty_writes_are_undone_together() {
    assert_eq!(found(&saga(20, |_| true, "")), Vec::<String>::new());
}

#[test]
fn what_one_of_them_leaves_is_found() {
    let found = found(&saga(20, |w| w != 7, ""));
    assert!(
        found.len() == 1 && found[0].starts_with("FW404"),
        "{found:?}"
    );
    assert!(found[0].contains("shop7.put"), "{found:?}");
}

#[test]
fn where_several_are_asked_for_at_once_the_budget_speaks() {
    let guard = "  state look { choose when standing(shop3.put) and standing(shop5.put) -> left otherwise -> left }\n";
    let found = found(&saga(18, |_| true, guard));
    assert!(found.iter().any(|f| f.starts_with("FW390")), "{found:?}");
}

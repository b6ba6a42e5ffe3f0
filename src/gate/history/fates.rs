//! How calls come out, as far as questions about history tell it apart.

use crate::model::{Action, Effect};

/// What a repeat of a call needs of the call that it repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// To have been made.
    Made,
    /// To have an effect as long as the repeat is in flight.
    Effect,
    /// To have been in doubt.
    Doubt,
    /// To have succeeded.
    Success,
}

/// All of them.
pub(super) const NEEDS: [Need; 4] = [Need::Made, Need::Effect, Need::Doubt, Need::Success];

/// How a call came out.
#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Fate {
    pub done: bool,
    pub effect: bool,
    pub standing: bool,
    pub unsettled: bool,
    /// It may have changed what facts tell.
    pub touches: bool,
    pub in_flight: bool,
    /// Its own reply told a result.
    pub told: bool,
    /// Another call has undone it.
    pub undone: bool,
    /// It shares the effect of an earlier call.
    pub repeats: Option<Need>,
    /// As a first call: the repeats that there can be of it.
    serves: [bool; 4],
}

impl Fate {
    /// Whether there can be a repeat of it with that need.
    pub(super) fn serves(&self, need: Need) -> bool {
        self.serves[need as usize]
    }
}

/// Whether calls of the action are repeats of earlier ones with the same arguments.
pub(super) fn repeatable(action: &Action) -> bool {
    matches!(
        action.effect,
        Effect::Write {
            idempotency: Some(_),
            ..
        }
    )
}

/// Whether there is at most one effect for each list of arguments, however long a session lasts.
pub(super) fn once_each(action: &Action) -> bool {
    matches!(&action.effect, Effect::Write { idempotency: Some(i), .. } if i.window_ms.is_none())
}

/// The fates of calls of an action that have a result, or have none.
pub(super) fn fates(action: &Action, result: bool) -> Vec<Fate> {
    let writes = action.writes();
    let mut all = Vec::new();
    let happened = Fate {
        done: true,
        effect: writes,
        standing: writes,
        touches: writes,
        told: result,
        serves: [true, true, true, result || action.result.is_none()],
        ..Fate::default()
    };
    let undone = Fate {
        effect: false,
        standing: false,
        undone: true,
        serves: [true, false, true, result || action.result.is_none()],
        ..happened
    };
    // Settled by hand, a success may have no result.
    if result || action.result.is_none() || action.tracked() {
        all.push(happened);
        if action.undo.is_some() {
            all.push(undone);
        }
    }
    if !result {
        all.extend(unsuccessful(action));
    }
    if repeatable(action) {
        all.extend(repeats(action, result));
    }
    all
}

fn unsuccessful(action: &Action) -> Vec<Fate> {
    let mut all = vec![Fate {
        serves: [true, false, false, false],
        ..Fate::default()
    }];
    if !action.writes() {
        return all;
    }
    let doubt = Fate {
        effect: true,
        touches: true,
        serves: [true, true, true, false],
        ..Fate::default()
    };
    all.push(Fate {
        in_flight: true,
        serves: [true, true, false, false],
        ..doubt
    });
    all.push(Fate {
        unsettled: action.tracked(),
        ..doubt
    });
    // In doubt once, and found not to have happened.
    let cleared = Fate {
        touches: true,
        serves: [true, false, true, false],
        ..Fate::default()
    };
    if action.tracked() {
        all.push(cleared);
    }
    if action.undo.as_ref().is_some_and(|u| u.tolerant) {
        all.push(Fate {
            undone: true,
            ..cleared
        });
    }
    all
}

fn repeats(action: &Action, result: bool) -> Vec<Fate> {
    let of = |need: Need| Fate {
        touches: need != Need::Made,
        in_flight: need == Need::Effect,
        told: result,
        repeats: Some(need),
        ..Fate::default()
    };
    if result {
        return vec![of(Need::Success)];
    }
    let mut all = vec![of(Need::Made), of(Need::Effect), of(Need::Doubt)];
    if action.result.is_none() {
        all.push(of(Need::Success));
    }
    all
}

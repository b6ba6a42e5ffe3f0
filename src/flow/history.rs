//! What a path has made of history: for every action, how many calls were made and what became of
//! them, counted up to where no condition tells the difference any more.

use crate::logic::IntSet;
use crate::model::{ActionId, HistoryTerm, LimitPer, Policy, RuleKind};
use crate::syntax::tree::HistoryFunc;

/// Counts beyond this are "many": nothing tells them apart.
const MANY: u8 = 12;

/// The calls of one action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Calls {
    /// Admitted calls.
    pub calls: u8,
    /// Writes that happened and were not undone.
    pub standing: u8,
    /// Tracked writes in doubt.
    pub unsettled: u8,
    /// Writes that may have happened and that nobody settles.
    pub doubtful: u8,
    /// A call has succeeded.
    pub done: bool,
    /// The latest write surely stands. Kept for tracked writes.
    pub latest_stands: bool,
    /// A write was undone, and none has happened since.
    pub undone: bool,
}

impl Calls {
    /// A write has happened, the latest one.
    pub fn stands(&mut self) {
        self.standing = self.standing.saturating_add(1);
        self.latest_stands = true;
        self.undone = false;
    }
}

/// The calls of all actions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct History {
    by_action: Vec<Calls>,
}

/// Where counts stop being told apart, per action; 0 for actions whose history nothing asks for.
#[derive(Clone, Debug)]
pub struct Caps {
    calls: Vec<u8>,
    effects: Vec<u8>,
    /// Whether a condition, a limit or an order asks for the action's calls.
    questioned: Vec<bool>,
}

impl Caps {
    /// From all limits per session, orders and conditions of the policy.
    pub fn new(policy: &Policy, asked: &[HistoryTerm]) -> Self {
        let n = policy.actions.len();
        let mut caps = Self {
            calls: vec![0; n],
            effects: vec![0; n],
            questioned: vec![false; n],
        };
        for (i, action) in policy.actions.iter().enumerate() {
            if (action.tracked() || action.undo.is_some())
                && let Some(c) = caps.effects.get_mut(i)
            {
                *c = if action.undo.is_some() { 4 } else { 2 };
            }
        }
        for term in asked {
            caps.raise(term, 2);
        }
        for rule in &policy.rules {
            let up_to = match rule.kind {
                RuleKind::Limit {
                    count,
                    per: LimitPer::Session,
                    ..
                } => u8::try_from(count.saturating_add(1))
                    .unwrap_or(MANY)
                    .min(MANY),
                RuleKind::OrderBefore | RuleKind::OrderNever => 1,
                _ => continue,
            };
            if let Some(term) = rule.targets.first().and_then(|t| t.history.as_ref()) {
                caps.raise(term, up_to);
            }
        }
        caps
    }

    fn raise(&mut self, term: &HistoryTerm, to: u8) {
        for counted in &term.counted {
            if let Some(asked) = self.questioned.get_mut(counted.action.index()) {
                *asked = true;
            }
            let list = match term.func {
                HistoryFunc::Calls | HistoryFunc::Done => &mut self.calls,
                _ => &mut self.effects,
            };
            if let Some(c) = list.get_mut(counted.action.index()) {
                *c = (*c).max(to);
            }
        }
    }

    /// Whether a condition, a limit or an order asks for the calls of an action.
    pub fn questioned(&self, action: ActionId) -> bool {
        let asked = self.questioned.get(action.index());
        asked.copied().unwrap_or(true)
    }

    /// Whether so many effects of an action may be more.
    pub fn many(&self, action: ActionId, effects: u8) -> bool {
        let cap = self.effects.get(action.index()).copied().unwrap_or(0);
        effects >= cap
    }

    pub fn asked(&self, action: ActionId) -> bool {
        let at = |list: &[u8]| list.get(action.index()).copied().unwrap_or(0) > 0;
        at(&self.calls) || at(&self.effects)
    }
}

impl History {
    pub fn empty(policy: &Policy) -> Self {
        Self {
            by_action: vec![Calls::default(); policy.actions.len()],
        }
    }

    pub fn of(&self, action: ActionId) -> Calls {
        self.by_action
            .get(action.index())
            .copied()
            .unwrap_or_default()
    }

    /// The history with one action's calls changed.
    pub fn with(&self, caps: &Caps, action: ActionId, change: impl FnOnce(&mut Calls)) -> Self {
        let mut next = self.clone();
        let (calls, effects) = (
            caps.calls.get(action.index()).copied().unwrap_or(0),
            caps.effects.get(action.index()).copied().unwrap_or(0),
        );
        if let Some(of) = next.by_action.get_mut(action.index()) {
            change(of);
            of.calls = of.calls.min(calls);
            of.done &= calls > 0;
            of.standing = of.standing.min(effects);
            of.unsettled = of.unsettled.min(effects);
            of.doubtful = of.doubtful.min(effects);
            of.latest_stands &= of.standing > 0;
        }
        next
    }

    /// Drops what nothing asks for any more.
    pub fn forget(&mut self, action: ActionId, drop: impl FnOnce(&mut Calls)) {
        if let Some(of) = self.by_action.get_mut(action.index()) {
            drop(of);
        }
    }

    /// What the question could be answered, its key and its `where` aside.
    pub fn unkeyed(&self, caps: &Caps, term: &HistoryTerm) -> IntSet {
        let (mut low, mut high) = (0i64, Some(0i64));
        for counted in &term.counted {
            let of = self.of(counted.action);
            let cap = |list: &[u8]| list.get(counted.action.index()).copied().unwrap_or(0);
            let (n, many) = match term.func {
                HistoryFunc::Calls => (of.calls, of.calls >= cap(&caps.calls)),
                HistoryFunc::Done => (u8::from(of.done), false),
                HistoryFunc::Standing => (of.standing.min(1), false),
                HistoryFunc::Unsettled => (of.unsettled.min(1), false),
                HistoryFunc::Effects => {
                    let c = cap(&caps.effects);
                    let sum = of
                        .standing
                        .saturating_add(of.unsettled)
                        .saturating_add(of.doubtful);
                    (
                        sum,
                        of.standing >= c || of.unsettled >= c || of.doubtful >= c,
                    )
                }
            };
            low += i64::from(n);
            high = if many {
                None
            } else {
                high.map(|h| h + i64::from(n))
            };
        }
        if !matches!(term.func, HistoryFunc::Calls | HistoryFunc::Effects) {
            return IntSet::point(low.min(1));
        }
        match high {
            Some(h) => IntSet::range(low, h),
            None => IntSet::at_least(low),
        }
    }
}

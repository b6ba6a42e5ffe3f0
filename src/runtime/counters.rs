//! The counter store: limits that all sessions share.
//!
//! A slot taken at `e` counts at `t` if `e` lies in the window `(t − W, t]`. The store may be a
//! database: it is asked to take several slots or none in one go, so that two sessions never both
//! get the last one.

use crate::table::scalar::{NUMBER_MAX, later};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A slot that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// Which counter. Key values are in it as a digest only.
    pub key: String,
    /// How many slots there are in a window.
    pub count: u64,
    /// The window, in milliseconds.
    pub window_ms: i64,
}

/// The time of a slot that is never free: the limit is zero.
pub const NEVER: i64 = NUMBER_MAX;

/// For each wanted slot: `None` if one is free, else the time at which one will be.
pub type FreeAt = Vec<Option<i64>>;

/// Counters over sliding windows, shared by sessions.
pub trait Counters {
    /// Whether each slot is free at `now`. Takes nothing.
    ///
    /// # Errors
    /// Words, if the store cannot answer; the step is then refused.
    fn peek(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String>;

    /// Takes all slots at `now` if all are free, else none.
    ///
    /// # Errors
    /// Words, if the store cannot answer; the step is then refused.
    fn take(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String>;

    /// Gives back a slot that was taken at `taken_at`. One that is gone already is no error.
    ///
    /// # Errors
    /// Words, if the store cannot answer; the step is then refused.
    fn give_back(&mut self, key: &str, taken_at: i64) -> Result<(), String>;
}

/// Counters in memory: the default, for one process.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    counters: BTreeMap<String, Counter>,
    /// The latest time seen. Sessions' clocks may differ a little; nothing is forgotten early.
    latest: Option<i64>,
    /// How many counters there may be before the next look for empty ones.
    sweep_at: usize,
}

#[derive(Clone, Debug, Default)]
struct Counter {
    window_ms: i64,
    /// Ascending.
    taken: Vec<i64>,
}

impl Counter {
    /// When a slot is free; `None`: now.
    fn free_at(&self, now: i64, want: &Want) -> Option<i64> {
        let start = now.saturating_sub(want.window_ms);
        let first = self.taken.partition_point(|&e| e <= start);
        let inside = self.taken.get(first..).unwrap_or_default();
        let count = usize::try_from(want.count).unwrap_or(usize::MAX);
        // Enough of the oldest have to leave that count − 1 remain.
        let leaves = inside.len().checked_sub(count)?;
        let last = inside.get(leaves).copied().unwrap_or(NEVER);
        Some(later(last, want.window_ms))
    }
}

impl Memory {
    /// No slots taken.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets counters whose slots have all left their windows, now and then.
    fn sweep(&mut self) {
        if self.counters.len() < self.sweep_at.max(1024) {
            return;
        }
        let latest = self.latest.unwrap_or_default();
        self.counters.retain(|_, counter| {
            let start = latest.saturating_sub(counter.window_ms);
            counter.taken.last().is_some_and(|&e| e > start)
        });
        self.sweep_at = self.counters.len().saturating_mul(2);
    }
}

impl Counters for Memory {
    fn peek(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String> {
        let free = |want: &Want| match self.counters.get(&want.key) {
            Some(counter) => counter.free_at(now, want),
            None => Counter::default().free_at(now, want),
        };
        Ok(wants.iter().map(free).collect())
    }

    fn take(&mut self, now: i64, wants: &[Want]) -> Result<FreeAt, String> {
        let free = self.peek(now, wants)?;
        if free.iter().any(Option::is_some) {
            return Ok(free);
        }
        let latest = self.latest.map_or(now, |latest| latest.max(now));
        self.latest = Some(latest);
        self.sweep();
        for want in wants {
            let counter = self.counters.entry(want.key.clone()).or_default();
            counter.window_ms = counter.window_ms.max(want.window_ms);
            let start = latest.saturating_sub(counter.window_ms);
            counter.taken.retain(|&e| e > start);
            let at = counter.taken.partition_point(|&e| e <= now);
            counter.taken.insert(at, now);
        }
        Ok(free)
    }

    fn give_back(&mut self, key: &str, taken_at: i64) -> Result<(), String> {
        if let Some(counter) = self.counters.get_mut(key)
            && let Some(at) = counter.taken.iter().position(|&e| e == taken_at)
        {
            counter.taken.remove(at);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(key: &str, count: u64) -> Want {
        Want {
            key: key.to_owned(),
            count,
            window_ms: 100,
        }
    }

    #[test]
    fn a_slot_counts_in_the_window_that_excludes_its_start() {
        let mut m = Memory::new();
        assert_eq!(m.take(1_000, &[want("a", 2)]), Ok(vec![None]));
        assert_eq!(m.take(1_030, &[want("a", 2)]), Ok(vec![None]));
        assert_eq!(m.take(1_099, &[want("a", 2)]), Ok(vec![Some(1_100)]));
        assert_eq!(m.take(1_100, &[want("a", 2)]), Ok(vec![None]));
        assert_eq!(m.peek(1_101, &[want("a", 2)]), Ok(vec![Some(1_130)]));
    }

    #[test]
    fn all_slots_are_taken_or_none() {
        let mut m = Memory::new();
        m.take(5, &[want("b", 1)]).unwrap();
        let both = [want("a", 1), want("b", 1)];
        assert_eq!(m.take(6, &both), Ok(vec![None, Some(105)]));
        assert_eq!(m.peek(6, &both[..1]), Ok(vec![None]));
    }

    #[test]
    fn a_slot_given_back_is_free() {
        let mut m = Memory::new();
        m.take(5, &[want("a", 1)]).unwrap();
        m.give_back("a", 6).unwrap();
        assert_eq!(m.peek(7, &[want("a", 1)]), Ok(vec![Some(105)]));
        m.give_back("a", 5).unwrap();
        m.give_back("a", 5).unwrap();
        assert_eq!(m.peek(7, &[want("a", 1)]), Ok(vec![None]));
    }

    #[test]
    fn a_limit_of_none_is_never_free() {
        let mut m = Memory::new();
        assert_eq!(m.take(5, &[want("a", 0)]), Ok(vec![Some(NEVER)]));
    }

    #[test]
    fn times_before_1970_are_times_as_well() {
        let mut m = Memory::new();
        assert_eq!(m.take(-1_000, &[want("a", 1)]), Ok(vec![None]));
        assert_eq!(m.take(-990, &[want("b", 1)]), Ok(vec![None]));
        assert_eq!(m.take(-950, &[want("a", 1)]), Ok(vec![Some(-900)]));
    }

    #[test]
    fn counters_out_of_use_are_forgotten() {
        let mut m = Memory::new();
        for i in 0..5_000 {
            m.take(i * 10, &[want(&format!("k{i}"), 1)]).unwrap();
        }
        assert!(m.counters.len() < 2_500, "{}", m.counters.len());
        assert_eq!(m.peek(50_000, &[want("k4999", 1)]), Ok(vec![Some(50_090)]));
    }
}

//! Deterministic automata over bytes, with a class per state.

use super::minimize::minimize;
use crate::logic::Automaton;
use rustc_hash::FxHashMap;

/// Gives a class to every byte string. Complete; starts in state 0. In a *language*'s automaton the
/// classes are 0 and 1, and only valid UTF-8 is in class 1.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Dfa {
    /// The alphabet class of each of the 256 bytes.
    pub alphabet: Vec<u8>,
    /// How many alphabet classes there are (1 to 256).
    pub classes: usize,
    /// State `s` goes with alphabet class `c` to `next[s * classes + c]`.
    pub next: Vec<u32>,
    /// The class of the strings that end in a state.
    pub accept: Vec<u32>,
}

impl Dfa {
    /// Every string in class 0.
    pub fn nothing() -> Self {
        Self {
            alphabet: vec![0; 256],
            classes: 1,
            next: vec![0],
            accept: vec![0],
        }
    }

    /// The automaton of all valid UTF-8.
    pub fn utf8() -> Self {
        // States: 0 between characters, 1..=3 before the last 1..=3 continuation bytes, 4..=7 after
        // E0, ED, F0, F4, 8 dead.
        let kind = |byte: u8| match byte {
            0x00..=0x7f => 0_u8,
            0x80..=0x8f => 1,
            0x90..=0x9f => 2,
            0xa0..=0xbf => 3,
            0xc2..=0xdf => 4,
            0xe0 => 5,
            0xed => 6,
            0xe1..=0xef => 7,
            0xf0 => 8,
            0xf1..=0xf3 => 9,
            0xf4 => 10,
            _ => 11,
        };
        let step = |state: u32, kind: u8| match (state, kind) {
            (0, 0) | (1, 1..=3) => 0,
            (0, 4) | (2, 1..=3) | (4, 3) | (5, 1 | 2) => 1,
            (0, 7) | (3, 1..=3) | (6, 2 | 3) | (7, 1) => 2,
            (0, 5) => 4,
            (0, 6) => 5,
            (0, 8) => 6,
            (0, 9) => 3,
            (0, 10) => 7,
            _ => 8,
        };
        minimize(&Self {
            alphabet: (0..=255).map(kind).collect(),
            classes: 12,
            next: (0..9)
                .flat_map(|state| (0..12).map(move |kind| step(state, kind)))
                .collect(),
            accept: (0..9).map(|state| u32::from(state == 0)).collect(),
        })
    }

    pub fn states(&self) -> usize {
        self.accept.len()
    }

    pub fn step(&self, state: u32, byte: u8) -> u32 {
        let class = self.alphabet.get(usize::from(byte)).copied().unwrap_or(0);
        self.step_class(state, usize::from(class))
    }

    pub fn step_class(&self, state: u32, class: usize) -> u32 {
        self.next
            .get(state as usize * self.classes + class)
            .copied()
            .unwrap_or(0)
    }

    pub fn class(&self, state: u32) -> u32 {
        self.accept.get(state as usize).copied().unwrap_or(0)
    }

    pub fn class_of(&self, text: &str) -> u32 {
        self.class(text.bytes().fold(0, |state, byte| self.step(state, byte)))
    }

    /// The bytes of each alphabet class.
    #[allow(dead_code)]
    pub fn bytes_by_class(&self) -> Vec<Vec<u8>> {
        let mut out = vec![Vec::new(); self.classes];
        for (byte, &class) in (0..=255_u8).zip(&self.alphabet) {
            if let Some(bytes) = out.get_mut(usize::from(class)) {
                bytes.push(byte);
            }
        }
        out
    }

    /// The same automaton with other classes.
    pub fn map_classes(&self, class: impl Fn(u32) -> u32) -> Self {
        let mut dfa = self.clone();
        for accept in &mut dfa.accept {
            *accept = class(*accept);
        }
        minimize(&dfa)
    }

    /// Both automata at once, with a class per pair of classes; minimal. `None` if it would have more
    /// than `cap` states before minimising.
    pub fn product(
        &self,
        other: &Self,
        cap: usize,
        mut combine: impl FnMut(u32, u32) -> u32,
    ) -> Option<Self> {
        let mut pairs: FxHashMap<(u8, u8), u8> = FxHashMap::default();
        let mut columns: Vec<(usize, usize)> = Vec::new();
        let mut alphabet = Vec::with_capacity(256);
        for (&a, &b) in self.alphabet.iter().zip(&other.alphabet) {
            let class = *pairs.entry((a, b)).or_insert_with(|| {
                columns.push((usize::from(a), usize::from(b)));
                // At most 256 pairs, numbered from 0.
                u8::try_from(columns.len() - 1).unwrap_or(u8::MAX)
            });
            alphabet.push(class);
        }
        let mut ids: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        let mut states = vec![(0_u32, 0_u32)];
        ids.insert((0, 0), 0);
        let mut next = Vec::new();
        let mut accept = Vec::new();
        let mut at = 0;
        while let Some(&(a, b)) = states.get(at) {
            at += 1;
            accept.push(combine(self.class(a), other.class(b)));
            for &(x, y) in &columns {
                let target = (self.step_class(a, x), other.step_class(b, y));
                let fresh = u32::try_from(states.len()).ok()?;
                let id = *ids.entry(target).or_insert_with(|| {
                    states.push(target);
                    fresh
                });
                next.push(id);
            }
            if states.len() > cap {
                return None;
            }
        }
        Some(minimize(&Self {
            alphabet,
            classes: columns.len(),
            next,
            accept,
        }))
    }

    /// Which states can still reach a class other than 0.
    pub fn live(&self) -> Vec<bool> {
        let mut back: Vec<Vec<u32>> = vec![Vec::new(); self.states()];
        for (at, &target) in self.next.iter().enumerate() {
            let from = u32::try_from(at / self.classes).unwrap_or(u32::MAX);
            if let Some(list) = back.get_mut(target as usize)
                && list.last() != Some(&from)
            {
                list.push(from);
            }
        }
        let mut live: Vec<bool> = self.accept.iter().map(|&class| class != 0).collect();
        let mut stack: Vec<usize> = (0..live.len())
            .filter(|&s| live.get(s) == Some(&true))
            .collect();
        while let Some(state) = stack.pop() {
            for &from in back.get(state).map_or(&[][..], Vec::as_slice) {
                if let Some(flag) = live.get_mut(from as usize)
                    && !*flag
                {
                    *flag = true;
                    stack.push(from as usize);
                }
            }
        }
        live
    }

    /// The form that a table carries.
    pub fn export(&self) -> Automaton {
        let mut alphabet: Vec<(u8, u32)> = Vec::new();
        for (byte, &class) in (0..=255_u8).zip(&self.alphabet) {
            let class = u32::from(class);
            if alphabet.last().is_none_or(|&(_, last)| last != class) {
                alphabet.push((byte, class));
            }
        }
        Automaton {
            alphabet,
            classes: u32::try_from(self.classes).unwrap_or(256),
            next: self.next.clone(),
            accept: self.accept.clone(),
        }
    }
}

//! Automata in the form that a table carries.

use std::collections::{BTreeSet, VecDeque};

/// An automaton of a [`super::Logic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AutomatonId(pub(crate) u32);

/// A complete deterministic automaton over UTF-8 bytes, minimal, with states numbered breadth-first
/// from the start state 0. Byte `b` belongs to the alphabet class `alphabet[b]`; state `s` goes to
/// `next[s * classes + alphabet[b]]`; a string's class is `accept` of the state that it ends in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Automaton {
    /// 256 alphabet classes, run-length coded: (first byte, class), ascending from byte 0.
    pub alphabet: Vec<(u8, u32)>,
    /// How many alphabet classes there are.
    pub classes: u32,
    /// Transitions, state by state.
    pub next: Vec<u32>,
    /// The class of the strings that end in a state.
    pub accept: Vec<u32>,
}

impl Automaton {
    /// The class of a string.
    #[must_use]
    pub fn class_of(&self, text: &str) -> u32 {
        self.class_of_bytes(text.as_bytes())
    }

    /// Texts that take the automaton's transitions, each with the class of a neighbour. For a
    /// transition from which a class other than 0 can still be reached: the shortest such text, and
    /// class 0, which it would have if the transition were missing. For any other: a text that is
    /// just not in a class, and that class. At most so many, those of early states first.
    ///
    /// Chow, "Testing software design modeled by finite-state machines" (1978): a transition cover.
    #[must_use]
    pub fn cover(&self, most: usize) -> Vec<(String, u32)> {
        let bytes = self.bytes();
        let states = self.accept.len();
        let step = |state: usize, class: usize| -> usize {
            let at = state * self.classes as usize + class;
            self.next.get(at).map_or(0, |&s| s as usize)
        };
        let ending = self.endings();
        let mut access: Vec<Option<Vec<u8>>> = vec![None; states];
        if let Some(start) = access.first_mut() {
            *start = Some(Vec::new());
        }
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        // States are numbered breadth-first: whatever leads to a state first comes before it.
        for state in 0..states {
            let Some(text) = access.get(state).cloned().flatten() else {
                continue;
            };
            let rest_of = |class: usize| ending.get(step(state, class)).cloned().flatten();
            let sibling = (0..bytes.len()).find_map(|class| Some((class, rest_of(class)?)));
            for (class, byte) in bytes.iter().enumerate() {
                let Some(byte) = byte else { continue };
                let mut longer = text.clone();
                longer.push(*byte);
                if let Some(slot @ None) = access.get_mut(step(state, class)) {
                    *slot = Some(longer.clone());
                }
                let other = match (rest_of(class), &sibling) {
                    (Some(rest), _) => {
                        longer.extend(rest);
                        0
                    }
                    (None, Some((other, rest))) => {
                        longer.extend(rest);
                        let mut beside = text.clone();
                        beside.extend(bytes.get(*other).copied().flatten());
                        beside.extend(rest);
                        self.class_of_bytes(&beside)
                    }
                    (None, None) => continue,
                };
                if let Ok(whole) = String::from_utf8(longer)
                    && seen.insert(whole.clone())
                {
                    found.push((whole, other));
                    if found.len() >= most {
                        return found;
                    }
                }
            }
        }
        found
    }

    /// A byte of each alphabet class, letters and digits first.
    fn bytes(&self) -> Vec<Option<u8>> {
        let mut bytes = vec![None; self.classes as usize];
        let table = self.byte_classes();
        let letters = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z');
        for byte in letters.chain(b' '..=b'~').chain(0..=255) {
            let class = table.get(usize::from(byte)).copied().unwrap_or(0);
            if let Some(slot @ None) = bytes.get_mut(class as usize) {
                *slot = Some(byte);
            }
        }
        bytes
    }

    /// For each state the shortest bytes that lead to a class other than 0.
    fn endings(&self) -> Vec<Option<Vec<u8>>> {
        let bytes = self.bytes();
        let classes = (self.classes as usize).max(1);
        let mut from: Vec<Vec<(usize, u8)>> = vec![Vec::new(); self.accept.len()];
        for (state, row) in self.next.chunks(classes).enumerate() {
            for (to, byte) in row.iter().zip(&bytes) {
                if let (Some(list), Some(byte)) = (from.get_mut(*to as usize), byte) {
                    list.push((state, *byte));
                }
            }
        }
        let mut endings: Vec<Option<Vec<u8>>> = vec![None; self.accept.len()];
        let mut open = VecDeque::new();
        for (state, &class) in self.accept.iter().enumerate() {
            if class != 0
                && let Some(slot) = endings.get_mut(state)
            {
                *slot = Some(Vec::new());
                open.push_back(state);
            }
        }
        while let Some(state) = open.pop_front() {
            let rest = endings.get(state).cloned().flatten().unwrap_or_default();
            for &(before, byte) in from.get(state).into_iter().flatten() {
                if let Some(slot @ None) = endings.get_mut(before) {
                    let mut text = vec![byte];
                    text.extend(&rest);
                    *slot = Some(text);
                    open.push_back(before);
                }
            }
        }
        endings
    }

    /// The alphabet class of each byte.
    fn byte_classes(&self) -> [u32; 256] {
        let mut table = [0_u32; 256];
        for (byte, slot) in table.iter_mut().enumerate() {
            let at = self
                .alphabet
                .partition_point(|&(first, _)| usize::from(first) <= byte);
            *slot = at
                .checked_sub(1)
                .and_then(|at| self.alphabet.get(at))
                .map_or(0, |&(_, class)| class);
        }
        table
    }

    fn class_of_bytes(&self, bytes: &[u8]) -> u32 {
        let table = self.byte_classes();
        let mut state = 0_usize;
        for byte in bytes {
            let class = table.get(usize::from(*byte)).copied().unwrap_or(0);
            let at = state * self.classes as usize + class as usize;
            state = self.next.get(at).copied().unwrap_or(0) as usize;
        }
        self.accept.get(state).copied().unwrap_or(0)
    }
}

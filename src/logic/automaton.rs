//! Automata in the form that a table carries.

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
        let mut state = 0_usize;
        for byte in text.bytes() {
            let class = table.get(usize::from(byte)).copied().unwrap_or(0);
            let at = state * self.classes as usize + class as usize;
            state = self.next.get(at).copied().unwrap_or(0) as usize;
        }
        self.accept.get(state).copied().unwrap_or(0)
    }
}

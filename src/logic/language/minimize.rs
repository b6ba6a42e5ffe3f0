//! Minimal automata in canonical form.
//!
//! Hopcroft 1971, "An n log n algorithm for minimizing states in a finite automaton", on the
//! refinable partitions of Valmari & Lehtinen 2008, "Efficient minimization of DFAs with partial
//! transition functions". States are then numbered breadth-first and alphabet classes by their first
//! byte, so that automata with the same meaning are equal.

use super::dfa::Dfa;
use rustc_hash::FxHashMap;

/// The minimal automaton with the same classes, in canonical form.
pub(super) fn minimize(dfa: &Dfa) -> Dfa {
    let dfa = reachable(dfa);
    let block = refine(&dfa);
    quotient(&dfa, &block)
}

/// Breadth-first renumbering, which drops what can't be reached.
fn reachable(dfa: &Dfa) -> Dfa {
    let mut number = vec![u32::MAX; dfa.states()];
    let mut order: Vec<u32> = vec![0];
    if let Some(first) = number.first_mut() {
        *first = 0;
    }
    let mut at = 0;
    while let Some(&state) = order.get(at) {
        at += 1;
        for class in 0..dfa.classes {
            let target = dfa.step_class(state, class);
            if let Some(slot) = number.get_mut(target as usize)
                && *slot == u32::MAX
            {
                *slot = u32::try_from(order.len()).unwrap_or(u32::MAX);
                order.push(target);
            }
        }
    }
    let renumbered = |state: u32| number.get(state as usize).copied().unwrap_or(0);
    Dfa {
        alphabet: dfa.alphabet.clone(),
        classes: dfa.classes,
        next: order
            .iter()
            .flat_map(|&state| (0..dfa.classes).map(move |class| (state, class)))
            .map(|(state, class)| renumbered(dfa.step_class(state, class)))
            .collect(),
        accept: order.iter().map(|&state| dfa.class(state)).collect(),
    }
}

/// A partition of `0..n` whose blocks can be split by marking members.
#[allow(clippy::indexing_slicing)] // Every index is a member, a block or a position below `n`.
struct Partition {
    /// Members, block by block.
    members: Vec<u32>,
    /// Position of each member in `members`.
    place: Vec<u32>,
    block_of: Vec<u32>,
    start: Vec<u32>,
    end: Vec<u32>,
    /// How many members of each block are marked; they stand at its front.
    marked: Vec<u32>,
}

#[allow(clippy::indexing_slicing)] // As above.
impl Partition {
    fn new(keys: &[u32]) -> Self {
        let n = keys.len();
        let mut members: Vec<u32> = (0..u32::try_from(n).unwrap_or(u32::MAX)).collect();
        members.sort_by_key(|&m| keys[m as usize]);
        let mut this = Self {
            place: vec![0; n],
            block_of: vec![0; n],
            start: Vec::new(),
            end: Vec::new(),
            marked: Vec::new(),
            members,
        };
        let mut last = None;
        for at in 0..n {
            let member = this.members[at] as usize;
            let position = u32::try_from(at).unwrap_or(u32::MAX);
            if last != Some(keys[member]) {
                last = Some(keys[member]);
                this.start.push(position);
                this.end.push(position);
                this.marked.push(0);
            }
            let block = this.start.len() - 1;
            this.end[block] = position + 1;
            this.place[member] = position;
            this.block_of[member] = u32::try_from(block).unwrap_or(u32::MAX);
        }
        this
    }

    fn blocks(&self) -> usize {
        self.start.len()
    }

    fn mark(&mut self, member: u32, touched: &mut Vec<u32>) {
        let block = self.block_of[member as usize];
        let b = block as usize;
        let (from, to) = (self.place[member as usize], self.start[b] + self.marked[b]);
        if from < to {
            return;
        }
        let other = self.members[to as usize];
        self.members.swap(from as usize, to as usize);
        self.place[member as usize] = to;
        self.place[other as usize] = from;
        if self.marked[b] == 0 {
            touched.push(block);
        }
        self.marked[b] += 1;
    }

    /// Splits the marked members off, the smaller part becoming the new block, if both parts are there.
    fn split(&mut self, block: u32) -> Option<u32> {
        let b = block as usize;
        let count = std::mem::take(&mut self.marked[b]);
        let (start, end) = (self.start[b], self.end[b]);
        let middle = start + count;
        if middle == end {
            return None;
        }
        let (low, high) = if count <= end - middle {
            self.start[b] = middle;
            (start, middle)
        } else {
            self.end[b] = middle;
            (middle, end)
        };
        let new = u32::try_from(self.blocks()).unwrap_or(u32::MAX);
        self.start.push(low);
        self.end.push(high);
        self.marked.push(0);
        for at in low..high {
            let member = self.members[at as usize] as usize;
            self.block_of[member] = new;
        }
        Some(new)
    }
}

/// The block of each state in the coarsest partition that classes and transitions respect.
#[allow(clippy::indexing_slicing)] // States and classes of one complete automaton.
fn refine(dfa: &Dfa) -> Vec<u32> {
    let (n, k) = (dfa.states(), dfa.classes);
    // The sources of each (class, target), as slices of one vector.
    let mut starts = vec![0_usize; n * k + 1];
    for (at, &target) in dfa.next.iter().enumerate() {
        starts[(at % k) * n + target as usize + 1] += 1;
    }
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut fill = starts.clone();
    let mut sources = vec![0_u32; n * k];
    for (at, &target) in dfa.next.iter().enumerate() {
        let slot = &mut fill[(at % k) * n + target as usize];
        sources[*slot] = u32::try_from(at / k).unwrap_or(u32::MAX);
        *slot += 1;
    }
    let mut partition = Partition::new(&dfa.accept);
    let mut work: Vec<u32> = (0..u32::try_from(partition.blocks()).unwrap_or(u32::MAX)).collect();
    let mut waiting = vec![true; partition.blocks()];
    let mut touched = Vec::new();
    let mut splitter = Vec::new();
    while let Some(block) = work.pop() {
        waiting[block as usize] = false;
        splitter.clear();
        let (from, to) = (
            partition.start[block as usize],
            partition.end[block as usize],
        );
        splitter.extend_from_slice(&partition.members[from as usize..to as usize]);
        for class in 0..k {
            for &target in &splitter {
                let at = class * n + target as usize;
                for &source in &sources[starts[at]..starts[at + 1]] {
                    partition.mark(source, &mut touched);
                }
            }
            for old in touched.drain(..) {
                if let Some(new) = partition.split(old) {
                    // The new block is the smaller one: enough if `old` isn't waiting, needed if it is.
                    waiting.push(true);
                    work.push(new);
                }
            }
        }
    }
    partition.block_of
}

/// One state per block, canonically numbered, with equal alphabet classes joined.
fn quotient(dfa: &Dfa, block: &[u32]) -> Dfa {
    let block_of = |state: u32| block.get(state as usize).copied().unwrap_or(0);
    let count = block.iter().max().map_or(1, |&b| b as usize + 1);
    let mut representative = vec![u32::MAX; count];
    for (state, &b) in (0_u32..).zip(block) {
        if let Some(slot) = representative.get_mut(b as usize)
            && *slot == u32::MAX
        {
            *slot = state;
        }
    }
    // Equal columns are one class; classes are numbered by their first byte.
    let mut column_ids: FxHashMap<Vec<u32>, usize> = FxHashMap::default();
    let mut columns: Vec<usize> = Vec::new();
    let mut renamed: Vec<Option<u8>> = vec![None; dfa.classes];
    let mut alphabet = Vec::with_capacity(256);
    for &class in &dfa.alphabet {
        let class = usize::from(class);
        let known = renamed.get(class).copied().flatten();
        let id = known.unwrap_or_else(|| {
            let column = representative
                .iter()
                .map(|&r| block_of(dfa.step_class(r, class)))
                .collect();
            let id = *column_ids.entry(column).or_insert_with(|| {
                columns.push(class);
                columns.len() - 1
            });
            u8::try_from(id).unwrap_or(u8::MAX)
        });
        if let Some(slot) = renamed.get_mut(class) {
            *slot = Some(id);
        }
        alphabet.push(id);
    }
    let mut number = vec![u32::MAX; count];
    let mut order: Vec<u32> = vec![block_of(0)];
    if let Some(first) = number.get_mut(block_of(0) as usize) {
        *first = 0;
    }
    let mut next = Vec::with_capacity(count * columns.len());
    let mut accept = Vec::with_capacity(count);
    let mut at = 0;
    while let Some(&b) = order.get(at) {
        at += 1;
        let state = representative.get(b as usize).copied().unwrap_or(0);
        accept.push(dfa.class(state));
        for &class in &columns {
            let target = block_of(dfa.step_class(state, class));
            let fresh = u32::try_from(order.len()).unwrap_or(u32::MAX);
            if let Some(slot) = number.get_mut(target as usize) {
                if *slot == u32::MAX {
                    *slot = fresh;
                    order.push(target);
                }
                next.push(*slot);
            }
        }
    }
    Dfa {
        alphabet,
        classes: columns.len(),
        next,
        accept,
    }
}

//! Finite languages: as sets of strings, as tries, and out of automata.

use super::dfa::Dfa;
use super::minimize::minimize;
use std::collections::BTreeSet;

/// A language with at most so many strings is kept as a set.
const MAX_STRINGS: u64 = 4096;
/// And with at most so many bytes in all.
const MAX_BYTES: u64 = 1 << 16;

/// Whether the set is small enough to be kept as one.
pub(super) fn is_small<'a>(strings: impl IntoIterator<Item = &'a String>) -> bool {
    let (mut count, mut bytes) = (0_u64, 0_u64);
    for string in strings {
        count += 1;
        bytes += string.len() as u64;
        if count > MAX_STRINGS || bytes > MAX_BYTES {
            return false;
        }
    }
    true
}

/// The minimal automaton that gives each string its class, and class 0 to all others.
pub(super) fn trie<'a>(strings: impl IntoIterator<Item = (&'a str, u32)> + Clone) -> Dfa {
    let mut used = [false; 256];
    for byte in strings
        .clone()
        .into_iter()
        .flat_map(|(text, _)| text.bytes())
    {
        if let Some(slot) = used.get_mut(usize::from(byte)) {
            *slot = true;
        }
    }
    // Class 0 is for all bytes that no string has. UTF-8 never has byte 0xFF, so 255 classes suffice.
    let mut classes = 1_u8;
    let alphabet: Vec<u8> = used
        .iter()
        .map(|&used| {
            if used {
                classes += 1;
                classes - 1
            } else {
                0
            }
        })
        .collect();
    let k = usize::from(classes);
    // State 1 is dead.
    let mut next: Vec<u32> = vec![1; 2 * k];
    let mut accept: Vec<u32> = vec![0, 0];
    for (text, class) in strings {
        let mut state = 0_usize;
        for byte in text.bytes() {
            let column = usize::from(alphabet.get(usize::from(byte)).copied().unwrap_or(0));
            let fresh = accept.len();
            let Some(slot) = next.get_mut(state * k + column) else {
                continue;
            };
            if *slot == 1 {
                *slot = u32::try_from(fresh).unwrap_or(u32::MAX);
                accept.push(0);
                next.resize(next.len() + k, 1);
                state = fresh;
            } else {
                state = *slot as usize;
            }
        }
        if let Some(slot) = accept.get_mut(state) {
            *slot = class;
        }
    }
    minimize(&Dfa {
        alphabet,
        classes: k,
        next,
        accept,
    })
}

/// The strings outside class 0, if they are few enough to be kept as a set.
pub(super) fn strings(dfa: &Dfa) -> Option<BTreeSet<String>> {
    let live = dfa.live();
    let is_live = |state: u32| live.get(state as usize).copied().unwrap_or(false);
    if !is_live(0) {
        return Some(BTreeSet::new());
    }
    if !few(dfa, &live) {
        return None;
    }
    let mut out = BTreeSet::new();
    let mut text: Vec<u8> = Vec::new();
    // Depth-first over (state, next byte to try). Every live state leads to a string, so the walk
    // takes no more steps than the strings have bytes.
    let mut stack: Vec<(u32, u16)> = vec![(0, 0)];
    if dfa.class(0) != 0 {
        out.insert(String::new());
    }
    while let Some(top) = stack.last_mut() {
        let (state, from) = *top;
        let found = (from..256).find_map(|byte| {
            let byte = u8::try_from(byte).ok()?;
            let target = dfa.step(state, byte);
            is_live(target).then_some((byte, target))
        });
        let Some((byte, target)) = found else {
            stack.pop();
            text.pop();
            continue;
        };
        top.1 = u16::from(byte) + 1;
        text.push(byte);
        stack.push((target, 0));
        if dfa.class(target) != 0 {
            out.insert(String::from_utf8(text.clone()).ok()?);
        }
    }
    Some(out)
}

/// Whether there are few enough strings outside class 0: counted without being written out.
fn few(dfa: &Dfa, live: &[bool]) -> bool {
    let mut width = vec![0_u64; dfa.classes];
    for class in &dfa.alphabet {
        if let Some(width) = width.get_mut(usize::from(*class)) {
            *width += 1;
        }
    }
    let n = live.len();
    let targets = |state: usize| {
        let each = width.iter().enumerate();
        each.filter_map(move |(class, width)| {
            let target = dfa.step_class(u32::try_from(state).ok()?, class);
            let is_live = live.get(target as usize).copied().unwrap_or(false);
            (is_live && *width > 0).then_some((target as usize, *width))
        })
    };
    // How many ways lead into each state that can be reached: each is counted once all of its
    // predecessors are (Kahn 1962).
    let mut into = vec![0_usize; n];
    let mut seen = vec![false; n];
    let mut all = 0;
    let mut open = vec![0];
    while let Some(state) = open.pop() {
        match seen.get_mut(state) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        all += 1;
        for (target, _) in targets(state) {
            if let Some(into) = into.get_mut(target) {
                *into += 1;
            }
            open.push(target);
        }
    }
    // The texts that lead to a state, and their bytes.
    let mut reach = vec![(0_u64, 0_u64); n];
    if let Some(first) = reach.first_mut() {
        *first = (1, 0);
    }
    if into.first() == Some(&0) {
        open.push(0);
    }
    let (mut done, mut count, mut bytes) = (0, 0_u64, 0_u64);
    while let Some(state) = open.pop() {
        done += 1;
        let (texts, length) = reach.get(state).copied().unwrap_or_default();
        if u32::try_from(state).is_ok_and(|s| dfa.class(s) != 0) {
            count = count.saturating_add(texts);
            bytes = bytes.saturating_add(length);
        }
        for (target, width) in targets(state) {
            if let Some((t, l)) = reach.get_mut(target) {
                *t = t.saturating_add(texts.saturating_mul(width));
                let more = length.saturating_add(texts).saturating_mul(width);
                *l = l.saturating_add(more);
            }
            if let Some(into) = into.get_mut(target) {
                *into = into.saturating_sub(1);
                if *into == 0 {
                    open.push(target);
                }
            }
        }
    }
    // A state on a circle is never done: there are infinitely many strings.
    done == all && count <= MAX_STRINGS && bytes <= MAX_BYTES
}

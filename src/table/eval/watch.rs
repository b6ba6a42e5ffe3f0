//! Which branches of diagrams are taken, and how near to their bounds: for those who look for cases
//! that take them all.

use std::cell::RefCell;
use std::fmt::{Display, Formatter, Result};

thread_local! {
    static SEEN: RefCell<Option<Vec<Seen>>> = const { RefCell::new(None) };
}

/// Something that a walk through a diagram has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    /// A node's branch was taken.
    Branch { node: u32, branch: u32 },
    /// A value was one below a cut of a node.
    Below { node: u32, cut: i64 },
    /// A value was the cut itself.
    At { node: u32, cut: i64 },
}

impl Display for Seen {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Branch { node, branch } => write!(f, "node {node}, branch {branch}"),
            Self::Below { node, cut } => write!(f, "node {node}, below {cut}"),
            Self::At { node, cut } => write!(f, "node {node}, at {cut}"),
        }
    }
}

/// Does something, and tells what it has shown of diagrams on this thread.
pub(crate) fn watched<T>(what: impl FnOnce() -> T) -> (T, Vec<Seen>) {
    SEEN.with(|seen| *seen.borrow_mut() = Some(Vec::new()));
    let done = what();
    let seen = SEEN.with(|seen| seen.borrow_mut().take());
    (done, seen.unwrap_or_default())
}

pub(super) fn on() -> bool {
    SEEN.with(|seen| seen.borrow().is_some())
}

pub(super) fn saw(node: i64, cuts: &[i64], branch: usize, value: i64) {
    let (Ok(node), Ok(b)) = (u32::try_from(node), u32::try_from(branch)) else {
        return;
    };
    let below = branch.checked_sub(1).and_then(|i| cuts.get(i)).copied();
    let above = cuts.get(branch).copied();
    SEEN.with(|seen| {
        if let Some(seen) = &mut *seen.borrow_mut() {
            seen.push(Seen::Branch { node, branch: b });
            if let Some(cut) = below.filter(|cut| *cut == value) {
                seen.push(Seen::At { node, cut });
            }
            if let Some(cut) = above.filter(|cut| cut.checked_sub(1) == Some(value)) {
                seen.push(Seen::Below { node, cut });
            }
        }
    });
}

//! What makes a body a table: every index in range, every path leading to a value of the right
//! type, every diagram ending. A runtime that reads a checked body needs no checks of its own.

mod action;
mod diagram;
mod flow;
mod scope;
mod types;

use super::format::Body;

/// Where a body is broken and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Such as `actions[3].gate`.
    pub at: String,
    /// Such as `node 12 is not there`.
    pub problem: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.at, self.problem)
    }
}

impl std::error::Error for Broken {}

type Checked<T = ()> = Result<T, Broken>;

/// Finds the first fault of a body.
///
/// # Errors
/// If there is one.
pub fn check(body: &Body) -> Checked {
    types::check(body)?;
    diagram::check(body)?;
    let walker = diagram::Walker::new(body);
    action::check(&walker)?;
    flow::check(&walker)
}

fn broken<T>(problem: impl Into<String>) -> Checked<T> {
    Err(Broken {
        at: String::new(),
        problem: problem.into(),
    })
}

/// The element with that index.
fn get<'a, T>(list: &'a [T], index: u32, what: &str) -> Checked<&'a T> {
    match list.get(index as usize) {
        Some(element) => Ok(element),
        None => broken(format!("there is no {what} {index}")),
    }
}

/// Puts the place before a fault's own.
trait At {
    fn at(self, place: impl FnOnce() -> String) -> Self;
}

impl<T> At for Checked<T> {
    fn at(self, place: impl FnOnce() -> String) -> Self {
        self.map_err(|mut fault| {
            let mut at = place();
            if !fault.at.is_empty() && !fault.at.starts_with('[') {
                at.push('.');
            }
            at.push_str(&fault.at);
            fault.at = at;
            fault
        })
    }
}

/// Runs a check over a list, with the element's index in the place of a fault.
fn each<T>(list: &[T], name: &str, mut check: impl FnMut(&T) -> Checked) -> Checked {
    for (i, element) in list.iter().enumerate() {
        check(element).at(|| format!("{name}[{i}]"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

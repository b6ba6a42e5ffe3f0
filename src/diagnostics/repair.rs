//! What would repair a finding: the intention, as data. `fixes` makes edits of it.

use crate::source::Span;

/// How far a repair may go by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// There is one way to read what was meant, or nothing changes about what is decided.
    Safe,
    /// A likely guess at what was meant: somebody has to look at it.
    Unsafe,
    /// Leaves words to be written; only an editor offers it.
    Draft,
}

/// A repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Write `text` there, in the place of what stands there; an empty one takes it away.
    Write {
        /// Where.
        span: Span,
        /// What.
        text: String,
        /// How sure it is.
        trust: Trust,
    },
    /// Put backquotes around the words at these places.
    Quote {
        /// Where.
        spans: Vec<Span>,
    },
    /// Say in a state what happens on an outcome of its step.
    Handle {
        /// The name of the state, where it is declared.
        state: Span,
        /// The outcome; `None` is what is left of a `choose`.
        outcome: Option<String>,
    },
    /// Say in a flow what happens on an event.
    Answer {
        /// The name of the flow, where it is declared.
        flow: Span,
        /// The event.
        event: String,
    },
    /// Lead what leaves a write in doubt to where it is settled, before anything else.
    Settle {
        /// A place in the flow: the `retry` that goes, or where doubt is found too late.
        at: Span,
        /// The write, such as `calendar.book`.
        action: String,
    },
    /// Take one outcome out of the handler that names it there.
    DropOutcome {
        /// The outcome's name.
        span: Span,
    },
    /// Take away the smallest clause or declaration that holds the place.
    Drop {
        /// A place in it.
        span: Span,
        /// How sure it is.
        trust: Trust,
    },
    /// Give a rule its reason.
    Because {
        /// The name of the rule, where it is declared.
        rule: Span,
    },
}

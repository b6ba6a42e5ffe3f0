//! What happens when it breaks: every way in which something can fail, played through every flow
//! before anything runs.
//!
//! A *scenario* lets some things go wrong, for good: from the first time on, every call that it
//! speaks of fails so. All else goes well: calls succeed, people answer and approve, agents come
//! back with an outcome of their own, and what they come back with is left open. Told is what runs
//! can come to in which it has gone wrong at least once.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `fault` | what can go wrong, by name |
//! | `world` | which hops a scenario lets happen |
//! | `outlook` | the ends that it can come to, with time, calls and what is left behind |
//! | `matrix` | all scenarios of all flows |
//! | `story` | one scenario, told step by step |

mod fault;
mod matrix;
mod outlook;
mod story;
mod world;

pub use fault::{Fault, Unknown, by_text, down};
pub use matrix::{Concern, Matrix, Row, Subject, matrix};
pub use outlook::{EndSeen, Outlook, When, outlook};
pub use story::{Story, Told, stories};

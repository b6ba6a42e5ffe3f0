//! What is fuzzed stands in `targets`, which the ordinary tests use as well.

pub mod targets;

//! The `failway` program.
fn main() {}

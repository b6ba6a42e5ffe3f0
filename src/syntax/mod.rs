//! Text to tree. Never fails: every text yields a tree and the list of its syntax errors.

pub mod tree;

//! The artifact: build, verify, read, write.

pub mod format;

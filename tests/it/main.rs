//! The one integration test binary: what needs the whole crate.

mod schema;

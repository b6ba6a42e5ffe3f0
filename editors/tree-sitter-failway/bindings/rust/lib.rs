//! Failway's grammar for tree-sitter, and its queries.

use tree_sitter_language::LanguageFn;

extern "C" {
    fn tree_sitter_failway() -> *const ();
}

/// The grammar.
// SAFETY: the generated parser has this function, with this signature.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_failway) };

/// Which node has which colour.
pub const HIGHLIGHTS_QUERY: &str = include_str!("../../queries/highlights.scm");
/// Scopes, definitions and references of names.
pub const LOCALS_QUERY: &str = include_str!("../../queries/locals.scm");
/// What can be folded.
pub const FOLDS_QUERY: &str = include_str!("../../queries/folds.scm");
/// What stands further in.
pub const INDENTS_QUERY: &str = include_str!("../../queries/indents.scm");
/// Pieces to select and to move by.
pub const TEXTOBJECTS_QUERY: &str = include_str!("../../queries/textobjects.scm");
/// The declarations of a file.
pub const TAGS_QUERY: &str = include_str!("../../queries/tags.scm");

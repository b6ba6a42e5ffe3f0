//! The parser that pest generates from `grammar/failway.pest`. Nothing outside `syntax` sees it.

#![allow(missing_docs)]

use pest_derive::Parser;

/// pest's generated parser.
#[derive(Parser)]
#[grammar = "../grammar/failway.pest"]
pub struct Grammar;

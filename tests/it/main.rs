//! The one integration test binary: what needs the whole crate.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod allow;
mod atlas;
mod ci_action;
mod ci_forms;
mod cli;
mod cli_diff;
mod cli_keeps;
mod common;
mod coverage;
mod diff;
mod docs;
mod editors;
mod examples;
mod findings_schema;
mod fixes;
mod flow_facts;
mod flows;
mod fmt;
mod fuzz;
mod gate_budget;
mod gate_mutants;
mod gate_oracle;
mod gate_quarrels;
mod generate;
mod generate_flows;
mod lsp;
mod mistakes;
mod model;
mod mutants;
mod pages;
mod permute;
mod pictures;
mod project;
mod replay;
mod report;
mod robust;
mod runtimes;
mod schema;
mod semantics;
mod syntax;
mod unwinding;
mod whatif;

//! How long things take: `cargo bench`. Each line of the output says what; times are of one thread.
//! `allocs` says how many allocations one run makes and how large they are together.
//!
//! On a machine that is busy with other things, look at the fastest times and at the medians.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod policies;

use divan::{AllocProfiler, Bencher, black_box};
use failway::model::load::Loader;
use failway::runtime::{Given, Inputs, Memory, Request, Runtime, Session};
use failway::table::Table;
use failway::table::format::VerdictKind;
use policies::{Proposal, Spec};
use serde_json::Map;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

fn main() {
    divan::main();
}

struct Text(String);

impl Loader for Text {
    fn load(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

fn table(spec: &Spec) -> Table {
    let text = Text(policies::failway(spec));
    let (checked, table) = failway::compile("bench.failway", &text).unwrap();
    table.unwrap_or_else(|| panic!("{:?}", checked.findings))
}

#[divan::bench_group(sample_count = 10, sample_size = 1)]
mod compiler {
    use super::*;

    /// Text to tree.
    #[divan::bench(args = SIZES)]
    fn parse(bencher: Bencher<'_, '_>, n: usize) {
        let text = Text(policies::failway(&policies::names(n)));
        bencher.bench(|| failway::model::load::load("bench.failway", black_box(&text)));
    }

    /// Text to findings.
    #[divan::bench(args = SIZES)]
    fn check(bencher: Bencher<'_, '_>, n: usize) {
        let text = Text(policies::failway(&policies::names(n)));
        bencher.bench(|| failway::check("bench.failway", black_box(&text)).unwrap());
    }

    /// 200 rules over 30 actions.
    #[divan::bench]
    fn check_mixed(bencher: Bencher<'_, '_>) {
        let text = Text(policies::failway(&policies::mixed()));
        bencher.bench(|| failway::check("bench.failway", black_box(&text)).unwrap());
    }

    /// Text to table, the comparison with the interpreter included.
    #[divan::bench(args = SIZES)]
    fn compile(bencher: Bencher<'_, '_>, n: usize) {
        let text = Text(policies::failway(&policies::names(n)));
        bencher.bench(|| failway::compile("bench.failway", black_box(&text)).unwrap());
    }

    #[divan::bench]
    fn compile_mixed(bencher: Bencher<'_, '_>) {
        let text = Text(policies::failway(&policies::mixed()));
        bencher.bench(|| failway::compile("bench.failway", black_box(&text)).unwrap());
    }
}

/// A table, a proposal for it, and where it is decided.
fn proposals(n: usize) -> (Table, Vec<Proposal>) {
    (table(&policies::names(n)), policies::name_proposals(n))
}

fn action(proposal: &Proposal) -> String {
    format!("ops.act{}", proposal.action)
}

mod decide {
    use super::*;

    /// Prepared proposals for the first rule, the last, and none: three decisions.
    #[divan::bench(args = SIZES)]
    fn prepared(bencher: Bencher<'_, '_>, n: usize) {
        let (table, proposals) = proposals(n);
        decide(bencher, &table, &proposals);
    }

    #[divan::bench]
    fn prepared_mixed(bencher: Bencher<'_, '_>) {
        decide(
            bencher,
            &table(&policies::mixed()),
            &policies::mixed_proposals(),
        );
    }

    fn decide(bencher: Bencher<'_, '_>, table: &Table, proposals: &[Proposal]) {
        let runtime = Runtime::new(table);
        let inputs = Inputs::default();
        let prepared: Vec<_> = proposals
            .iter()
            .map(|p| {
                let args = p.args.as_object().unwrap();
                let prepared = runtime.prepare(&action(p), args).unwrap();
                let allowed = prepared.decide(&inputs).verdict == VerdictKind::Allow;
                assert_eq!(allowed, p.allowed, "{}", p.what);
                prepared
            })
            .collect();
        let decisions = divan::counter::ItemsCount::new(prepared.len());
        bencher.counter(decisions).bench(|| {
            for proposal in &prepared {
                black_box(black_box(proposal).decide(&inputs));
            }
        });
    }

    /// One proposal, from JSON text to verdict.
    #[divan::bench(args = SIZES)]
    fn from_text(bencher: Bencher<'_, '_>, n: usize) {
        let (table, proposals) = proposals(n);
        let runtime = Runtime::new(&table);
        let inputs = Inputs::default();
        let last = &proposals[1];
        let (name, text) = (action(last), last.args.to_string());
        bencher.bench(|| {
            let prepared = runtime.prepare_text(&name, black_box(&text)).unwrap();
            black_box(prepared.decide(&inputs));
        });
    }

    /// One step of a session, with its record.
    #[divan::bench(args = SIZES)]
    fn step(bencher: Bencher<'_, '_>, n: usize) {
        let (table, proposals) = proposals(n);
        let runtime = Runtime::new(&table);
        let inputs = Map::new();
        let (empty, last) = (Session::new(&table, "bench"), &proposals[1]);
        bencher
            .with_inputs(|| (empty.clone(), Memory::new()))
            .bench_values(|(mut session, mut counters)| {
                let given = Given {
                    now: 0,
                    inputs: &inputs,
                    counters: &mut counters,
                };
                let request = Request::Propose {
                    action: action(last),
                    args: last.args.clone(),
                };
                runtime.step(&mut session, given, request).unwrap()
            });
    }
}

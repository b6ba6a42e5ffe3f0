//! The same policies in Failway and in other engines from crates.io, timed in one run. Prints Markdown.
//!
//! A figure is the median of several batches, in one thread; a decision's proposal is prepared beforehand
//! in whatever form the engine takes it fastest. Every engine's answers are compared with what the policy
//! says before its time is taken.

mod casbin;
mod cedar;
mod cel;
mod failway;
#[path = "../../policies/mod.rs"]
#[allow(dead_code)]
mod policies;
mod rego;
#[cfg(feature = "zen")]
mod zen;

use policies::{Proposal, Spec};
use std::hint::black_box;
use std::time::{Duration, Instant};

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
const BATCHES: usize = 9;
const BATCH: Duration = Duration::from_millis(15);

/// A policy that is loaded, with the proposals that it will be asked about.
trait Loaded {
    /// Whether the proposal at that place is allowed.
    fn allows(&mut self, at: usize) -> bool;
}

struct Engine {
    name: &'static str,
    /// Nothing where the policy is not written for the engine.
    load: fn(&Spec, &[Proposal]) -> Option<Box<dyn Loaded>>,
}

fn engines() -> Vec<Engine> {
    let engine = |name, load| Engine { name, load };
    vec![
        engine("failway", failway::load),
        engine("cedar-policy", cedar::load),
        engine("regorus", rego::load),
        engine("cel", cel::load),
        engine("casbin", casbin::load),
        #[cfg(feature = "zen")]
        engine("zen-engine", zen::load),
    ]
}

/// The median time of one run, in nanoseconds.
fn time(mut run: impl FnMut()) -> f64 {
    // The first run finds cold caches.
    run();
    let start = Instant::now();
    run();
    let once = start.elapsed().max(Duration::from_nanos(20));
    let runs = (BATCH.as_nanos() / once.as_nanos()).clamp(1, 1_000_000) as u32;
    let batches = if once > Duration::from_millis(200) {
        3
    } else {
        BATCHES
    };
    let mut times: Vec<f64> = (0..batches)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..runs {
                run();
            }
            start.elapsed().as_nanos() as f64 / f64::from(runs)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[batches / 2]
}

/// Nanoseconds as people write them.
fn words(ns: f64) -> String {
    match ns {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n if n < 1e9 => format!("{:.1} ms", n / 1e6),
        n => format!("{:.1} s", n / 1e9),
    }
}

/// The times of all proposals, one by one.
fn decisions(engine: &Engine, spec: &Spec, proposals: &[Proposal]) -> Option<Vec<f64>> {
    let mut loaded = (engine.load)(spec, proposals)?;
    let mut times = Vec::new();
    for (at, proposal) in proposals.iter().enumerate() {
        assert_eq!(
            loaded.allows(at),
            proposal.allowed,
            "{}: {}",
            engine.name,
            proposal.what
        );
        times.push(time(|| {
            black_box(loaded.allows(black_box(at)));
        }));
    }
    Some(times)
}

fn main() {
    println!(
        "One decision; the mean of the proposals that each policy is asked about, and how many times Failway's.\n"
    );
    println!("| engine | 10 rules | 100 rules | 1,000 rules | 10,000 rules | 200 mixed rules |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut ours: Vec<f64> = Vec::new();
    let mut details: Vec<String> = Vec::new();
    for engine in engines() {
        let mut cells = Vec::new();
        let mut policies: Vec<(String, Spec, Vec<Proposal>)> = SIZES
            .iter()
            .map(|&n| {
                (
                    format!("{n} rules"),
                    policies::names(n),
                    policies::name_proposals(n),
                )
            })
            .collect();
        policies.push((
            "200 mixed rules".into(),
            policies::mixed(),
            policies::mixed_proposals(),
        ));
        for (column, (title, spec, proposals)) in policies.iter().enumerate() {
            let Some(times) = decisions(&engine, spec, proposals) else {
                cells.push("not compared".to_owned());
                continue;
            };
            let mean = times.iter().sum::<f64>() / times.len() as f64;
            if engine.name == "failway" {
                ours.push(mean);
                cells.push(words(mean));
            } else {
                cells.push(format!("{} ({:.0}×)", words(mean), mean / ours[column]));
            }
            if column < SIZES.len() {
                let each: Vec<String> = times.iter().map(|t| words(*t)).collect();
                details.push(format!(
                    "| {} | {title} | {} |",
                    engine.name,
                    each.join(" | ")
                ));
            }
        }
        println!("| {} | {} |", engine.name, cells.join(" | "));
    }
    println!(
        "\nOne by one:\n\n| engine | policy | first rule | last rule | no rule |\n| --- | --- | ---: | ---: | ---: |"
    );
    for line in details {
        println!("{line}");
    }
    println!(
        "\nFinding what is wrong with the rules, from their text (Failway) or from the parsed table (zen-engine):\n"
    );
    println!(
        "| engine | 10 rules | 100 rules | 1,000 rules | 10,000 rules |\n| --- | ---: | ---: | ---: | ---: |"
    );
    let row = |name: &str, check: &dyn Fn(&Spec) -> f64| {
        let cells: Vec<String> = SIZES
            .iter()
            .map(|&n| words(check(&policies::names(n))))
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    };
    row("failway", &failway::check);
    #[cfg(feature = "zen")]
    row("zen-engine", &zen::check);
}

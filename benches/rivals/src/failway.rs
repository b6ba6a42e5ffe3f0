//! Failway, through its Rust runtime.

use crate::Loaded;
use crate::policies::{self, Proposal, Spec};
use failway::model::load::Loader;
use failway::runtime::{Inputs, Prepared, Runtime};
use failway::table::format::VerdictKind;

struct Text(String);

impl Loader for Text {
    fn load(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

struct Ready {
    prepared: Vec<Prepared<'static>>,
    inputs: Inputs,
}

impl Loaded for Ready {
    fn allows(&mut self, at: usize) -> bool {
        self.prepared[at].decide(&self.inputs).verdict == VerdictKind::Allow
    }
}

pub fn load(spec: &Spec, proposals: &[Proposal]) -> Option<Box<dyn Loaded>> {
    let text = Text(policies::failway(spec));
    let (_, table) = failway::compile("bench.failway", &text).expect("a policy");
    // Lives as long as the run.
    let table = Box::leak(Box::new(table.expect("a table")));
    let runtime = Box::leak(Box::new(Runtime::new(table)));
    let prepared = proposals
        .iter()
        .map(|p| {
            let args = p.args.as_object().expect("an object");
            runtime
                .prepare(&format!("ops.act{}", p.action), args)
                .expect("a proposal")
        })
        .collect();
    Some(Box::new(Ready {
        prepared,
        inputs: Inputs::default(),
    }))
}

/// From text to findings.
pub fn check(spec: &Spec) -> f64 {
    let text = Text(policies::failway(spec));
    crate::time(|| {
        let checked = failway::check("bench.failway", &text).expect("a policy");
        assert!(checked.findings.is_empty());
    })
}

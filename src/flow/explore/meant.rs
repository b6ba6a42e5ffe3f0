//! Calls that are, by their arguments, the undo or the confirmation of a write of the flow.
//!
//! The runtime recognises them by comparing values. Here values are compared by their names: equal
//! names are equal values for as long as no slot is bound again.

use super::Explorer;
use super::config::Config;
use super::keyed::{arg_name, value_name};
use super::runs::Runs;
use crate::flow::calls::Meant;
use crate::flow::picture::StateAt;
use crate::model::{ActionId, ArgList, DoStep, Expr, Path, Root, Step};
use std::collections::BTreeMap;

/// The name of a value that an undo or a confirm is given, for a write that `site` has made.
fn derived(runs: Runs<'_, '_>, site: StateAt, given: &Expr) -> Option<String> {
    let Step::Do(step) = &runs.state(site)?.step else {
        return None;
    };
    match given {
        Expr::Const(c) => Some(format!("constant {c:?}")),
        Expr::Path(p) => match p.root {
            Root::Param(i) => arg_name(site.0, &step.args, i, &p.fields),
            Root::Result => {
                let path = Path {
                    root: Root::Binding(step.bind?),
                    ..p.clone()
                };
                value_name(site.0, &path)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a call is made with what an undo or a confirm of the write at `site` is given. Whether
/// the values have stayed the same is another question.
fn same_names(
    runs: Runs<'_, '_>,
    site: StateAt,
    given: &ArgList,
    call: (StateAt, &DoStep),
) -> bool {
    (0..).zip(&given.args).all(|(i, given)| {
        let Some(given) = given else { return true };
        let wanted = derived(runs, site, given);
        wanted.is_some() && wanted == arg_name(call.0.0, &call.1.args, i, &[])
    })
}

fn uses_result(args: &ArgList) -> bool {
    let result = |e: &Expr| matches!(e, Expr::Path(p) if p.root == Root::Result);
    args.args.iter().flatten().any(result)
}

impl Runs<'_, '_> {
    /// The only state that calls an action, if no other one does and no agent may.
    fn only_site(self, action: ActionId) -> Option<StateAt> {
        match self.callers.sites(action) {
            [only] if !self.callers.agents(action) => Some(*only),
            _ => None,
        }
    }

    /// `do` states whose calls are by their arguments the undo of a write of this flow, where that
    /// undo isn't tolerant.
    pub fn undoes(self) -> BTreeMap<StateAt, Vec<ActionId>> {
        let mut all: BTreeMap<StateAt, Vec<ActionId>> = BTreeMap::new();
        for (write, id) in self.policy.actions.iter().zip(0..) {
            let Some(undo) = write.undo.as_ref().filter(|u| !u.tolerant) else {
                continue;
            };
            let sites = self.callers.sites(ActionId(id));
            for place in self.callers.sites(undo.action) {
                let Some(Step::Do(step)) = self.state(*place).map(|s| &s.step) else {
                    continue;
                };
                let is_meant = |site: &StateAt| same_names(self, *site, &undo.args, (*place, step));
                if sites.iter().any(is_meant) {
                    all.entry(*place).or_default().push(ActionId(id));
                }
            }
        }
        all
    }
}

impl Explorer<'_, '_, '_> {
    /// The write that a call of a state surely undoes if it succeeds, and the one that it surely asks
    /// about.
    pub(super) fn meant(&self, config: &Config, step: &DoStep) -> Meant {
        Meant {
            undoes: self.surely_undoes(config, step),
            confirms: self.surely_confirms(config, step),
        }
    }

    fn surely_undoes(&self, config: &Config, step: &DoStep) -> Option<ActionId> {
        let mut found = None;
        for (write, id) in self.policy.actions.iter().zip(0..) {
            let Some(undo) = write.undo.as_ref().filter(|u| u.action == step.action) else {
                continue;
            };
            let id = ActionId(id);
            let of = config.history.of(id);
            let doubt = of.unsettled.saturating_add(of.doubtful);
            match (of.standing, doubt) {
                (0, 0) => continue,
                (0, _) if !undo.tolerant => continue,
                (1, 0) | (0, 1) if found.is_none() => {}
                _ => return None,
            }
            let site = self.runs.only_site(id)?;
            let unchanged = if of.standing == 1 {
                let result = uses_result(&undo.args);
                let at = config.done_at.iter().find(|(p, _)| *p == site);
                at.is_some_and(|(_, bound)| *bound || !result)
            } else {
                config.doubt_at.contains(&site)
            };
            if !unchanged || !same_names(self.runs, site, &undo.args, (config.place, step)) {
                return None;
            }
            found = Some(id);
        }
        found
    }

    fn surely_confirms(&self, config: &Config, step: &DoStep) -> Option<ActionId> {
        let mut found = None;
        for (write, id) in self.policy.actions.iter().zip(0..) {
            let Some(confirm) = write.confirm.as_ref().filter(|c| c.action == step.action) else {
                continue;
            };
            let id = ActionId(id);
            match config.history.of(id).unsettled {
                0 => continue,
                1 if found.is_none() => {}
                _ => return None,
            }
            let site = self.runs.only_site(id)?;
            if !config.doubt_at.contains(&site)
                || !same_names(self.runs, site, &confirm.args, (config.place, step))
            {
                return None;
            }
            found = Some(id);
        }
        found
    }
}

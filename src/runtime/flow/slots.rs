//! The values that a flow holds.

use crate::runtime::engine::{Engine, get};
use crate::runtime::fault::{Fault, Refusable};
use crate::table::value::{Unknown, normalise};
use serde_json::Value;

impl Engine<'_> {
    /// Puts a value into a slot and gives what was there before.
    pub(super) fn bind(&mut self, slot: u32, value: Option<Value>) -> Refusable<Option<Value>> {
        let declared = get(&self.flow()?.slots, slot, "slot")?;
        let value = match value {
            None => None,
            Some(value) => Some(
                normalise(self.body, &declared.ty, &value, Unknown::Drop).map_err(|e| {
                    Fault::broken(format!("`{}` cannot hold its value: {e}", declared.name))
                })?,
            ),
        };
        let held = self
            .s
            .run
            .as_mut()
            .and_then(|run| run.slots.get_mut(slot as usize))
            .ok_or_else(|| Fault::broken(format!("there is no slot {slot}")))?;
        Ok(std::mem::replace(held, value))
    }

    /// Empties the slots of a scope and of those inside it.
    pub(super) fn forget_slots(&mut self, scope: u32) -> Refusable {
        let flow = self.flow()?;
        // Parents come first, so one pass finds all that lies inside.
        let mut inside = vec![false; flow.scopes.len()];
        for (index, run) in (0_u32..).zip(&flow.scopes) {
            let within = run
                .parent
                .and_then(|p| inside.get(p as usize).copied())
                .unwrap_or(false);
            if let Some(mark) = inside.get_mut(index as usize) {
                *mark = index == scope || within;
            }
        }
        if let Some(run) = &mut self.s.run {
            for (held, slot) in run.slots.iter_mut().zip(&flow.slots) {
                if inside.get(slot.scope as usize).copied().unwrap_or(false) {
                    *held = None;
                }
            }
        }
        Ok(())
    }
}

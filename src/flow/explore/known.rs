//! What is known in a configuration, and what it means for guards and for the gate: put to the
//! solver.

use super::Explorer;
use super::config::Config;
use super::keyed::{always_same, keyed_in_call, keyed_in_flow};
use super::told::Asked;
use crate::flow::attempts::spread;
use crate::flow::calls::Repeat;
use crate::flow::picture::StateAt;
use crate::flow::possible::{Answers, Moment, Site, answers};
use crate::gate::Scope;
use crate::logic::Formula;
use crate::model::{ActionId, ArgList, Effect, State};

impl Explorer<'_, '_, '_> {
    pub(super) fn position(&self, place: StateAt) -> i64 {
        self.first_position + i64::from(self.runs.number(place))
    }

    /// Whether a condition can hold in a configuration.
    pub(super) fn holds(&mut self, config: &Config, formula: Formula) -> bool {
        let known = self.known(config);
        let question = self.gate.encoder.logic.and(&[known, formula]);
        self.memo.possible(self.gate, question)
    }

    /// All that is known in a configuration, as a formula.
    pub(super) fn known(&mut self, config: &Config) -> Formula {
        let position = self.position(config.place);
        let keyed = keyed_in_flow(self.runs, config);
        let told = self.facts_of_run(config);
        let seen = self.seen(config, Asked::Now);
        let moment = Moment {
            known: &seen,
            facts: &self.facts,
            history: &config.history,
            caps: &self.caps,
            keyed: &keyed,
        };
        let known = moment.formula(self.gate, &self.terms, position);
        self.gate.encoder.logic.and(&[known, told])
    }

    /// What the gate can answer to a call that a state makes, or its agent (no arguments).
    pub(super) fn answers(
        &mut self,
        config: &Config,
        action: ActionId,
        args: Option<&ArgList>,
        repeat: Repeat,
    ) -> Answers {
        let inlined = self.runs.inlined;
        let scope = Scope::run(self.policy, self.picture.flow, inlined, config.place.0);
        let position = self.position(config.place);
        let keyed = keyed_in_call(self.runs, config, args);
        let again = repeat == Repeat::Sure && !config.attempts.is_empty();
        let asked = if again { Asked::Again } else { Asked::Now };
        let mut told = |when| match args {
            Some(args) => self.facts_of_call(config, action, args, when),
            None => Formula::TRUE,
        };
        let told = (told(asked), told(Asked::Later));
        let seen = self.seen(config, asked);
        let moment = Moment {
            known: &seen,
            facts: &self.facts,
            history: &config.history,
            caps: &self.caps,
            keyed: &keyed,
        };
        let site = Site {
            action,
            args: args.map(|a| (a, &scope)),
            position,
            state: self.runs.number(config.place),
            later: !config.attempts.is_empty(),
            repeat,
            told,
        };
        answers(self.gate, &mut self.memo, &site, &moment, &self.terms)
    }

    /// Whether a call of a state repeats an earlier one: with the same key and arguments, while the
    /// other side remembers the key.
    pub(super) fn repeat(&self, config: &Config, state: &State, action: ActionId) -> Repeat {
        let Effect::Write {
            idempotency: Some(key),
            ..
        } = &self.policy.action(action).effect
        else {
            return Repeat::No;
        };
        let of = config.history.of(action);
        // Of what nobody asks for, history doesn't tell; but of this entry's attempts it is known.
        if !config.doubt && of.standing == 0 && of.unsettled == 0 && of.doubtful == 0 {
            return Repeat::No;
        }
        if key.window_ms.is_none() && self.same_call(config, action) {
            return Repeat::Sure;
        }
        if config.doubt {
            let remembered = key
                .window_ms
                .is_none_or(|ms| spread(self.gate, state, action).is_some_and(|t| t < ms));
            return if remembered {
                Repeat::Sure
            } else {
                Repeat::Maybe
            };
        }
        Repeat::Maybe
    }

    /// Whether the call of a state is made with the arguments of the one in doubt, or of all calls
    /// of its action.
    fn same_call(&self, config: &Config, action: ActionId) -> bool {
        let again = config.doubt_at.contains(&config.place) && self.runs.args_stay(config.place);
        again || always_same(self.runs, action)
    }
}

//! Types, enums, records, fields.

use super::super::format;
use super::{Builder, Built, Unbuildable, index};
use crate::logic::AutomatonId;
use crate::model::{Named, Param, Type};

impl Builder<'_, '_> {
    /// What needs no condition: enums, records, inputs, roles, events, integrations.
    pub(super) fn declarations(&mut self) -> Built<()> {
        let policy = self.policy;
        self.body.policy = policy.name.clone();
        self.body.doc = policy.doc.clone();
        for e in &policy.enums {
            let variants = e.variants.iter().map(|v| format::Named {
                name: v.name.clone(),
                wire: v.wire.clone(),
                doc: v.doc.clone(),
            });
            self.body.enums.push(format::Enum {
                name: e.name.clone(),
                variants: variants.collect(),
                other: e.other,
            });
        }
        for r in &policy.records {
            let mut fields = Vec::new();
            for f in &r.fields {
                fields.push(format::Field {
                    name: f.name.clone(),
                    wire: f.wire.clone(),
                    ty: self.ty(&f.ty)?,
                    optional: f.optional,
                    claim: false,
                    doc: f.doc.clone(),
                });
            }
            self.body.records.push(format::Record {
                name: r.name.clone(),
                fields,
            });
        }
        for i in &policy.inputs {
            let ty = self.ty(&i.ty)?;
            self.body.inputs.push(format::Field {
                name: i.name.clone(),
                wire: i.wire.clone(),
                ty,
                optional: i.optional,
                claim: false,
                doc: i.doc.clone(),
            });
        }
        self.body.roles = policy.roles.iter().map(named).collect();
        self.body.events = policy.events.iter().map(named).collect();
        for i in &policy.integrations {
            self.body.integrations.push(format::Integration {
                name: i.name.clone(),
                wire: i.wire.clone(),
                capacity: i.capacity.map(rate),
                doc: i.doc.clone(),
            });
        }
        Ok(())
    }

    pub(super) fn params(&mut self, params: &[Param]) -> Built<Vec<format::Field>> {
        params
            .iter()
            .map(|p| {
                Ok(format::Field {
                    name: p.name.clone(),
                    wire: p.wire.clone(),
                    ty: self.ty(&p.ty)?,
                    optional: p.optional,
                    claim: p.claim,
                    doc: p.doc.clone(),
                })
            })
            .collect()
    }

    pub(super) fn ty(&mut self, ty: &Type) -> Built<format::Type> {
        Ok(match ty {
            Type::Bool => format::Type::Bool {},
            &Type::Int { min, max } => format::Type::Int { min, max },
            &Type::Decimal { scale, min, max } => format::Type::Decimal { scale, min, max },
            &Type::Duration { min, max } => format::Type::Duration { min, max },
            &Type::Time { min, max } => format::Type::Time { min, max },
            &Type::Date { min, max } => format::Type::Date { min, max },
            &Type::Instant { min, max } => format::Type::Instant { min, max },
            Type::Enum(id) => format::Type::Enum { of: id.0 },
            Type::Record(id) => format::Type::Record { of: id.0 },
            Type::String { min, max, patterns } => {
                let mut automata = Vec::new();
                for pattern in patterns {
                    let logic = &mut self.gate.encoder.logic;
                    let language = logic
                        .language(&pattern.pattern)
                        .map_err(|why| Unbuildable {
                            why,
                            span: pattern.span,
                        })?;
                    let automaton = logic.language_automaton(language);
                    automata.push(self.automaton(automaton));
                }
                format::Type::String {
                    min: *min,
                    max: *max,
                    automata,
                }
            }
            Type::List { element, min, max } => format::Type::List {
                element: Box::new(self.ty(element)?),
                min: *min,
                max: *max,
            },
        })
    }

    /// The number of an automaton in the table.
    pub(super) fn automaton(&mut self, id: AutomatonId) -> u32 {
        if let Some(&known) = self.automata.get(&id) {
            return known;
        }
        let automaton = self.gate.encoder.logic.automaton(id);
        self.body.automata.push(format::Automaton {
            alphabet: automaton.alphabet.clone(),
            classes: automaton.classes,
            next: automaton.next.clone(),
            accept: automaton.accept.clone(),
        });
        let number = index(self.body.automata.len() - 1);
        self.automata.insert(id, number);
        number
    }
}

fn named(n: &Named) -> format::Named {
    format::Named {
        name: n.name.clone(),
        wire: n.wire.clone(),
        doc: n.doc.clone(),
    }
}

pub(super) fn rate(rate: crate::model::Rate) -> format::Rate {
    format::Rate {
        count: rate.count,
        per_ms: rate.per_ms,
    }
}

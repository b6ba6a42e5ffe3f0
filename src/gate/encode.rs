//! Conditions as formulas.
//!
//! A condition is three-valued (Kleene 1952, §64): over what is absent it may be neither true nor
//! false. It becomes two formulas, one for "surely true" and one for "surely false"; where both
//! fail it is undecided, and the compiler demands that this never happens.

use super::history::{QUESTION, question};
use super::positions::Positions;
use super::scope::Scope;
use crate::logic::{Formula, IntSet, Logic, Term};
use crate::model::{Atom, AtomKind, Cond, Const, HistoryTerm, Operand, Path, Policy, Root, Type};
use crate::syntax::tree::{CompareOp, HistoryFunc};
use std::collections::BTreeMap;

/// A condition as two formulas.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    /// Holds where the condition is true.
    pub yes: Formula,
    /// Holds where it is false.
    pub no: Formula,
}

/// What a term of the logic stands for.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// The value at a path.
    Value(Path),
    /// Whether the value at a path is present.
    Present(Path),
    /// The answer to a question about history.
    History(HistoryTerm),
    /// The position: 0 outside flows, else the number of the state.
    Position,
}

/// A condition that cannot become a formula: its patterns need too large an automaton.
#[derive(Clone, Debug)]
pub struct TooLarge {
    /// In words.
    pub why: String,
    /// The test in question.
    pub span: crate::source::Span,
}

/// Turns conditions into formulas of one [`Logic`].
pub struct Encoder<'a> {
    /// The universe of the formulas.
    pub logic: Logic,
    policy: &'a Policy,
    meanings: BTreeMap<Term, Meaning>,
    positions: Positions,
}

const COUNT_MAX: i64 = (1 << 53) - 1;
const NUMBER: (i64, i64) = (-COUNT_MAX, COUNT_MAX);

impl<'a> Encoder<'a> {
    /// An encoder for the conditions of `policy`.
    #[must_use]
    pub fn new(policy: &'a Policy) -> Self {
        Self {
            logic: Logic::new(),
            policy,
            meanings: BTreeMap::new(),
            positions: Positions::new(policy),
        }
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// What a term stands for; none for lengths, sizes, and terms of elements made by the solver.
    #[must_use]
    pub fn meaning(&self, term: Term) -> Option<&Meaning> {
        self.meanings.get(&term)
    }

    /// All terms with their meanings.
    pub fn meanings(&self) -> impl Iterator<Item = (Term, &Meaning)> {
        self.meanings.iter().map(|(t, m)| (*t, m))
    }

    /// The formulas of a condition.
    ///
    /// # Errors
    /// When a pattern needs too large an automaton.
    pub fn truth(&mut self, cond: &Cond, scope: &Scope<'a>) -> Result<Truth, TooLarge> {
        match cond {
            Cond::And(parts) => {
                let (mut yes, mut no) = (Vec::new(), Vec::new());
                for part in parts {
                    let t = self.truth(part, scope)?;
                    yes.push(t.yes);
                    no.push(t.no);
                }
                Ok(Truth {
                    yes: self.logic.and(&yes),
                    no: self.logic.or(&no),
                })
            }
            Cond::Or(parts) => {
                let (mut yes, mut no) = (Vec::new(), Vec::new());
                for part in parts {
                    let t = self.truth(part, scope)?;
                    yes.push(t.yes);
                    no.push(t.no);
                }
                Ok(Truth {
                    yes: self.logic.or(&yes),
                    no: self.logic.and(&no),
                })
            }
            Cond::Not(inner) => {
                let t = self.truth(inner, scope)?;
                Ok(Truth {
                    yes: t.no,
                    no: t.yes,
                })
            }
            Cond::Define { body, .. } => self.truth(body, scope),
            Cond::Atom(atom) => self.atom(atom, scope),
        }
    }

    fn atom(&mut self, atom: &Atom, scope: &Scope<'a>) -> Result<Truth, TooLarge> {
        let (needs, test) = match &atom.kind {
            AtomKind::Const(b) => (Vec::new(), self.logic.constant(*b)),
            AtomKind::Present(path) => {
                let yes = self.present(path, scope);
                return Ok(Truth { yes, no: !yes });
            }
            AtomKind::Holds(operand) => {
                let (needs, term, _) = self.number(operand, scope, atom)?;
                (needs, self.logic.in_set(term, IntSet::at_least(1)))
            }
            AtomKind::Compare {
                left,
                op,
                right,
                offset,
                scale,
            } => self.compare(left, *op, right, *offset, *scale, scope, atom)?,
            AtomKind::InRange {
                operand,
                low,
                high,
                scale,
            } => {
                let (needs, term, own) = self.number(operand, scope, atom)?;
                let set = IntSet::range(*low, *high).divided(factor(*scale, own));
                (needs, self.logic.in_set(term, set))
            }
            AtomKind::InSet {
                operand,
                set,
                scale,
            } => self.in_set(operand, set, *scale, scope, atom)?,
            AtomKind::Matches { path, regex } => {
                let needs = self.needs(path, scope);
                let term = self.term(path, scope, atom)?;
                let language = self
                    .logic
                    .language(&regex.pattern)
                    .map_err(|why| TooLarge {
                        why,
                        span: regex.span,
                    })?;
                (needs, self.logic.in_language(term, language))
            }
            AtomKind::Contains {
                list,
                element,
                scale,
            } => self.contains(list, element, *scale, scope, atom)?,
            AtomKind::Quantifier {
                every, list, body, ..
            } => return self.quantifier(*every, list, body, scope, atom),
            AtomKind::During { flow, state } => {
                let position = self.position();
                let set = self.positions.of(flow.index(), state.map(|s| s.index()));
                (Vec::new(), self.logic.in_set(position, set))
            }
        };
        Ok(self.guarded(&needs, test))
    }

    /// A test that is undecided unless all of `needs` hold.
    fn guarded(&mut self, needs: &[Formula], test: Formula) -> Truth {
        let (mut yes, mut no) = (needs.to_vec(), needs.to_vec());
        yes.push(test);
        no.push(!test);
        Truth {
            yes: self.logic.and(&yes),
            no: self.logic.and(&no),
        }
    }

    /// The term of the position.
    pub fn position(&mut self) -> Term {
        let term = self.logic.int("position", 0, self.positions.last);
        self.meanings.entry(term).or_insert(Meaning::Position);
        term
    }

    /// Formulas that say that the value at a path is present, one per optional part on the way.
    fn needs(&mut self, path: &Path, scope: &Scope<'a>) -> Vec<Formula> {
        self.guards(path, scope)
            .into_iter()
            .map(|t| self.logic.in_set(t, IntSet::point(1)))
            .collect()
    }

    /// The value at a path is present.
    pub fn present(&mut self, path: &Path, scope: &Scope<'a>) -> Formula {
        let needs = self.needs(path, scope);
        self.logic.and(&needs)
    }

    /// The presence terms on the way to a path's value, outermost first.
    pub(crate) fn guards(&mut self, path: &Path, scope: &Scope<'a>) -> Vec<Term> {
        let Some((root_ty, root_optional, name)) = scope.root(self.policy, path.root) else {
            return Vec::new();
        };
        let mut guards: Vec<Term> = Vec::new();
        let list = self.element_list(path, scope);
        let here = |encoder: &mut Self, name: &str, fields: &[u32], guards: &mut Vec<Term>| {
            let full = format!("{name} is present");
            let term = match list {
                Some(list) => encoder.logic.element_int(list, &full, 0, 1),
                None => encoder.logic.int(&full, 0, 1),
            };
            for guard in guards.iter() {
                encoder.logic.require_first(term, *guard);
            }
            encoder.meanings.entry(term).or_insert_with(|| {
                Meaning::Present(Path {
                    fields: fields.to_vec(),
                    ..path.clone()
                })
            });
            guards.push(term);
        };
        if root_optional {
            here(self, &name, &[], &mut guards);
        }
        let mut ty = root_ty;
        let mut name = name;
        for (i, field) in path.fields.iter().enumerate() {
            let Type::Record(id) = ty else { break };
            let Some(def) = self
                .policy
                .records
                .get(id.index())
                .and_then(|r| r.fields.get(*field as usize))
            else {
                break;
            };
            name = format!("{name}.{}", def.name);
            if def.optional {
                here(
                    self,
                    &name,
                    path.fields.get(..=i).unwrap_or_default(),
                    &mut guards,
                );
            }
            ty = def.ty.clone();
        }
        guards
    }

    fn element_list(&self, path: &Path, scope: &Scope<'a>) -> Option<Term> {
        match path.root {
            Root::Element => scope.element.as_ref().map(|(t, _)| *t),
            _ => None,
        }
    }

    /// The name of a path's term.
    fn name(&self, path: &Path, scope: &Scope<'a>) -> String {
        let Some((mut ty, _, mut name)) = scope.root(self.policy, path.root) else {
            return String::new();
        };
        for field in &path.fields {
            let Type::Record(id) = ty else { break };
            let Some(def) = self
                .policy
                .records
                .get(id.index())
                .and_then(|r| r.fields.get(*field as usize))
            else {
                break;
            };
            name = format!("{name}.{}", def.name);
            ty = def.ty.clone();
        }
        name
    }

    /// The term of the value at a path (its number, string or list).
    ///
    /// # Errors
    /// When the patterns of its type need too large an automaton.
    pub fn path_term(&mut self, path: &Path, scope: &Scope<'a>) -> Result<Term, TooLarge> {
        let name = self.name(path, scope);
        let list = self.element_list(path, scope);
        let int = |encoder: &mut Self, (min, max): (i64, i64)| match list {
            Some(list) => encoder.logic.element_int(list, &name, min, max),
            None => encoder.logic.int(&name, min, max),
        };
        let term = match &path.ty {
            Type::Bool => int(self, (0, 1)),
            Type::Enum(id) => {
                let count = self
                    .policy
                    .enums
                    .get(id.index())
                    .map_or(1, |e| e.variants.len());
                int(self, (0, i64::try_from(count).unwrap_or(i64::MAX) - 1))
            }
            Type::String { min, max, patterns } => {
                let mut domain = self.logic.any_string();
                for pattern in patterns {
                    let too_large = |why| TooLarge {
                        why,
                        span: pattern.span,
                    };
                    let language = self.logic.language(&pattern.pattern).map_err(too_large)?;
                    domain = self.logic.lang_and(domain, language).map_err(too_large)?;
                }
                let term = match list {
                    Some(list) => self.logic.element_string(list, &name, domain),
                    None => self.logic.string(&name, domain),
                };
                self.logic
                    .limit_length(term, i64::from(*min), max.map(i64::from));
                term
            }
            Type::List { min, max, .. } => self.logic.list(&name, i64::from(*min), i64::from(*max)),
            Type::Record(_) => int(self, (0, 0)),
            scalar => int(self, scalar.bounds().unwrap_or(NUMBER)),
        };
        for guard in self.guards(path, scope) {
            self.logic.require_first(term, guard);
        }
        self.meanings
            .entry(term)
            .or_insert_with(|| Meaning::Value(path.clone()));
        Ok(term)
    }

    fn term(&mut self, path: &Path, scope: &Scope<'a>, _atom: &Atom) -> Result<Term, TooLarge> {
        self.path_term(path, scope)
    }

    /// The term of a question about history.
    pub fn history(&mut self, term: &HistoryTerm, scope: &Scope<'a>) -> Term {
        let flag = !matches!(term.func, HistoryFunc::Calls | HistoryFunc::Effects);
        // Values are told apart by the run or the proposal that they belong to.
        let here = |p: &Path| {
            matches!(
                p.root,
                Root::FlowParam(_) | Root::Binding(_) | Root::Param(_) | Root::Fact(_)
            )
        };
        let owner = if term.keys.iter().any(here) {
            scope.name.as_str()
        } else {
            ""
        };
        let question = question(term);
        let name = format!("{}history.{owner}{QUESTION}{question}", scope.moment);
        let t = self.logic.int(&name, 0, if flag { 1 } else { COUNT_MAX });
        self.meanings
            .entry(t)
            .or_insert_with(|| Meaning::History(term.clone()));
        t
    }

    /// An operand as an integer term, with what must be present for it, and its scale.
    fn number(
        &mut self,
        operand: &Operand,
        scope: &Scope<'a>,
        atom: &Atom,
    ) -> Result<(Vec<Formula>, Term, u32), TooLarge> {
        Ok(match operand {
            Operand::Path(path) => (
                self.needs(path, scope),
                self.term(path, scope, atom)?,
                path.ty.scale(),
            ),
            Operand::Length(path) => {
                let term = self.term(path, scope, atom)?;
                (self.needs(path, scope), self.logic.length_of(term), 0)
            }
            Operand::Size(path) => {
                let term = self.term(path, scope, atom)?;
                (self.needs(path, scope), self.logic.size_of(term), 0)
            }
            Operand::History(term) => (Vec::new(), self.history(term, scope), 0),
            // The model puts constants on the right, where they don't come here.
            Operand::Const(c) => {
                let n = number_of(c);
                (
                    Vec::new(),
                    self.logic.int(&format!("constant {n}"), n, n),
                    0,
                )
            }
        })
    }

    #[allow(clippy::too_many_arguments)]
    fn compare(
        &mut self,
        left: &Operand,
        op: CompareOp,
        right: &Operand,
        offset: i64,
        scale: u32,
        scope: &Scope<'a>,
        atom: &Atom,
    ) -> Result<(Vec<Formula>, Formula), TooLarge> {
        let negate =
            |logic: &mut Logic, f: Formula| if op == CompareOp::Ne { logic.not(f) } else { f };
        if let Operand::Path(path) = left
            && matches!(path.ty, Type::String { .. })
        {
            let mut needs = self.needs(path, scope);
            let term = self.term(path, scope, atom)?;
            let test = match right {
                Operand::Const(Const::Str(text)) => {
                    let language = self.logic.literals(&[text.as_str()]);
                    self.logic.in_language(term, language)
                }
                Operand::Path(other) => {
                    needs.extend(self.needs(other, scope));
                    let other = self.term(other, scope, atom)?;
                    self.logic.equal(term, other)
                }
                _ => self.logic.constant(false),
            };
            let test = negate(&mut self.logic, test);
            return Ok((needs, test));
        }
        let (mut needs, a, own) = self.number(left, scope, atom)?;
        let ka = factor(scale, own);
        let test = match right {
            Operand::Const(c) => {
                let set = ordered(op, number_of(c)).divided(ka);
                self.logic.in_set(a, set)
            }
            other => {
                let (more, b, theirs) = self.number(other, scope, atom)?;
                needs.extend(more);
                let kb = factor(scale, theirs);
                self.logic.difference(a, ka, b, kb, ordered(op, offset))
            }
        };
        Ok((needs, test))
    }

    fn in_set(
        &mut self,
        operand: &Operand,
        set: &[Const],
        scale: u32,
        scope: &Scope<'a>,
        atom: &Atom,
    ) -> Result<(Vec<Formula>, Formula), TooLarge> {
        if let Operand::Path(path) = operand
            && matches!(path.ty, Type::String { .. })
        {
            let needs = self.needs(path, scope);
            let term = self.term(path, scope, atom)?;
            let texts: Vec<&str> = set
                .iter()
                .filter_map(|c| match c {
                    Const::Str(s) => Some(s.as_str()),
                    _ => None,
                })
                .collect();
            let language = self.logic.literals(&texts);
            return Ok((needs, self.logic.in_language(term, language)));
        }
        let (needs, term, own) = self.number(operand, scope, atom)?;
        let points = IntSet::from_points(set.iter().map(number_of)).divided(factor(scale, own));
        Ok((needs, self.logic.in_set(term, points)))
    }

    fn contains(
        &mut self,
        list: &Path,
        element: &Operand,
        scale: u32,
        scope: &Scope<'a>,
        atom: &Atom,
    ) -> Result<(Vec<Formula>, Formula), TooLarge> {
        let mut needs = self.needs(list, scope);
        let list_term = self.term(list, scope, atom)?;
        let Type::List { element: ty, .. } = &list.ty else {
            return Ok((needs, self.logic.constant(false)));
        };
        let inner = Scope {
            element: Some((list_term, (**ty).clone())),
            ..scope.clone()
        };
        let here = Operand::Path(Path {
            root: Root::Element,
            fields: Vec::new(),
            ty: (**ty).clone(),
            optional: false,
            text: format!("an element of {}", list.text),
            span: list.span,
        });
        if let Operand::Path(other) = element {
            needs.extend(self.needs(other, scope));
        }
        let (_, body) = self.compare(&here, CompareOp::Eq, element, 0, scale, &inner, atom)?;
        Ok((needs, self.logic.some(list_term, body)))
    }

    fn quantifier(
        &mut self,
        every: bool,
        list: &Path,
        body: &Cond,
        scope: &Scope<'a>,
        atom: &Atom,
    ) -> Result<Truth, TooLarge> {
        let inner = self.element_scope(list, scope, atom)?;
        let body = self.truth(body, &inner)?;
        self.quantified(every, list, body, scope, atom)
    }

    /// The place inside a quantifier over that list.
    pub(crate) fn element_scope(
        &mut self,
        list: &Path,
        scope: &Scope<'a>,
        atom: &Atom,
    ) -> Result<Scope<'a>, TooLarge> {
        let term = self.term(list, scope, atom)?;
        let element = match &list.ty {
            Type::List { element, .. } => Some((term, (**element).clone())),
            _ => None,
        };
        Ok(Scope {
            element,
            ..scope.clone()
        })
    }

    /// A quantifier over that list whose body has that truth.
    pub(crate) fn quantified(
        &mut self,
        every: bool,
        list: &Path,
        body: Truth,
        scope: &Scope<'a>,
        atom: &Atom,
    ) -> Result<Truth, TooLarge> {
        let needs = self.needs(list, scope);
        let list_term = self.term(list, scope, atom)?;
        if !matches!(list.ty, Type::List { .. }) {
            let never = self.logic.constant(false);
            return Ok(Truth {
                yes: never,
                no: never,
            });
        }
        let (yes, no) = if every {
            (
                self.logic.every(list_term, body.yes),
                self.logic.some(list_term, body.no),
            )
        } else {
            (
                self.logic.some(list_term, body.yes),
                self.logic.every(list_term, body.no),
            )
        };
        let (mut a, mut b) = (needs.clone(), needs);
        a.push(yes);
        b.push(no);
        Ok(Truth {
            yes: self.logic.and(&a),
            no: self.logic.and(&b),
        })
    }
}

pub(super) fn number_of(c: &Const) -> i64 {
    match c {
        Const::Bool(b) => i64::from(*b),
        Const::Number(n) => *n,
        Const::Variant(_, i) => i64::from(*i),
        Const::Str(_) | Const::List(_) | Const::Record(..) => 0,
    }
}

/// 10^(scale − own): what a number is multiplied by to be compared at `scale`.
fn factor(scale: u32, own: u32) -> i64 {
    10i64
        .checked_pow(scale.saturating_sub(own))
        .unwrap_or(i64::MAX)
}

/// The numbers x with `x op n`.
fn ordered(op: CompareOp, n: i64) -> IntSet {
    match op {
        CompareOp::Eq => IntSet::point(n),
        CompareOp::Ne => IntSet::point(n).complement(),
        CompareOp::Lt => IntSet::at_most(n.saturating_sub(1)),
        CompareOp::Le => IntSet::at_most(n),
        CompareOp::Gt => IntSet::at_least(n.saturating_add(1)),
        CompareOp::Ge => IntSet::at_least(n),
    }
}

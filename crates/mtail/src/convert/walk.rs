//! From nested blocks to a list of actions, each with what must hold for it: conditions of the blocks
//! around it, and their contrary in `else`, in `otherwise`, and after a `stop`.

use crate::script::code::{Action, Condition, Program, Statement};

/// The most alternatives that one action may have; each becomes a rule.
const TERMS_MAX: usize = 12;

/// The most conditions of one alternative.
const LITERALS_MAX: usize = 24;

/// After so many conditions of one block, what `otherwise` means is not followed any more.
const CONDITIONS_MAX: usize = 100;

/// An action and what must hold for it.
#[derive(Debug, Clone)]
pub(super) struct Walked<'p> {
    pub(super) statement: &'p Statement,
    pub(super) guard: Formula<'p>,
}

/// What must hold.
#[derive(Debug, Clone)]
pub(super) enum Formula<'p> {
    /// It has grown too long to be said.
    TooLong,
    Never,
    Always,
    Is(&'p Condition),
    Not(Box<Formula<'p>>),
    Both(Box<(Formula<'p>, Formula<'p>)>),
    Either(Box<(Formula<'p>, Formula<'p>)>),
}

/// A condition that holds or does not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Literal<'p> {
    pub(super) condition: &'p Condition,
    pub(super) holds: bool,
}

impl<'p> Formula<'p> {
    fn of(condition: &'p Condition) -> Formula<'p> {
        match condition {
            Condition::Both(sides) => Formula::of(&sides.0).and(Formula::of(&sides.1)),
            Condition::Either(sides) => Formula::of(&sides.0).or(Formula::of(&sides.1)),
            other => Formula::Is(other),
        }
    }

    fn and(self, other: Formula<'p>) -> Formula<'p> {
        match (self, other) {
            (Formula::Never, _) | (_, Formula::Never) => Formula::Never,
            (Formula::TooLong, _) | (_, Formula::TooLong) => Formula::TooLong,
            (Formula::Always, other) | (other, Formula::Always) => other,
            (one, other) => Formula::Both(Box::new((one, other))),
        }
    }

    fn or(self, other: Formula<'p>) -> Formula<'p> {
        match (self, other) {
            (Formula::Always, _) | (_, Formula::Always) => Formula::Always,
            (Formula::TooLong, _) | (_, Formula::TooLong) => Formula::TooLong,
            (Formula::Never, other) | (other, Formula::Never) => other,
            (one, other) => Formula::Either(Box::new((one, other))),
        }
    }

    fn not(self) -> Formula<'p> {
        match self {
            Formula::Never => Formula::Always,
            Formula::Always => Formula::Never,
            Formula::TooLong => Formula::TooLong,
            Formula::Not(inner) => *inner,
            other => Formula::Not(Box::new(other)),
        }
    }

    /// Alternatives of which at most one holds on a line; none where there are too many.
    pub(super) fn terms(&self) -> Option<Vec<Vec<Literal<'p>>>> {
        self.alternatives(true)
    }

    fn alternatives(&self, holds: bool) -> Option<Vec<Vec<Literal<'p>>>> {
        match self {
            Formula::TooLong => None,
            Formula::Never => Some(if holds { Vec::new() } else { vec![Vec::new()] }),
            Formula::Always => Some(if holds { vec![Vec::new()] } else { Vec::new() }),
            Formula::Is(condition) => Some(vec![vec![Literal { condition, holds }]]),
            Formula::Not(inner) => inner.alternatives(!holds),
            Formula::Both(sides) => sides.0.with(&sides.1, holds, true),
            Formula::Either(sides) => sides.0.with(&sides.1, holds, false),
        }
    }

    /// Both hold, or one of two does; the second is only looked at where the first does not decide.
    fn with(
        &self,
        other: &Formula<'p>,
        holds: bool,
        is_both: bool,
    ) -> Option<Vec<Vec<Literal<'p>>>> {
        let mut all = Vec::new();
        if holds != is_both {
            all.extend(self.alternatives(holds)?);
        }
        let others = other.alternatives(holds)?;
        for first in self.alternatives(is_both)? {
            for second in &others {
                all.extend(joined(&first, second));
                if all.len() > TERMS_MAX {
                    return None;
                }
            }
        }
        let fits = |one: &Vec<Literal<'p>>| one.len() <= LITERALS_MAX;
        all.iter().all(fits).then_some(all)
    }
}

/// Two alternatives as one; none where they contradict each other.
fn joined<'p>(one: &[Literal<'p>], other: &[Literal<'p>]) -> Option<Vec<Literal<'p>>> {
    let mut all = one.to_vec();
    for literal in other {
        let contrary = Literal {
            holds: !literal.holds,
            ..*literal
        };
        if all.contains(&contrary) {
            return None;
        }
        if !all.contains(literal) {
            all.push(*literal);
        }
    }
    Some(all)
}

/// All actions of a program, in order.
pub(super) fn walk(program: &Program) -> Vec<Walked<'_>> {
    let mut walk = Walk {
        stopped: Formula::Never,
        stops: 0,
        all: Vec::new(),
    };
    walk.block(&program.body, &Formula::Always, Formula::Never);
    walk.all
}

struct Walk<'p> {
    /// Where the program has ended for the line.
    stopped: Formula<'p>,
    stops: usize,
    all: Vec<Walked<'p>>,
}

impl<'p> Walk<'p> {
    /// A block that runs where `guard` holds. `matched` says whether mtail's flag is set when it
    /// begins; the flag afterwards is given.
    fn block(
        &mut self,
        block: &'p [Statement],
        guard: &Formula<'p>,
        mut matched: Formula<'p>,
    ) -> Formula<'p> {
        let mut conditions = 0;
        for statement in block {
            match &statement.action {
                Action::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    let holds = match condition {
                        Condition::Otherwise => matched.clone().not(),
                        other => Formula::of(other),
                    };
                    let inside = guard.clone().and(holds.clone());
                    self.block(then, &inside, Formula::Never);
                    let outside = guard.clone().and(holds.clone().not());
                    let after_else = self.block(otherwise, &outside, matched);
                    conditions += 1;
                    matched = match conditions {
                        ..CONDITIONS_MAX => holds.or(after_else),
                        _ => Formula::TooLong,
                    };
                }
                Action::Stop => {
                    self.stops += 1;
                    self.stopped = match self.stops {
                        ..CONDITIONS_MAX => self.stopped.clone().or(guard.clone()),
                        _ => Formula::TooLong,
                    };
                }
                _ => {
                    let guard = guard.clone().and(self.stopped.clone().not());
                    self.all.push(Walked { statement, guard });
                }
            }
        }
        matched
    }
}

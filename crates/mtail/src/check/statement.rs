//! Statements and blocks, with decorators written out.

use super::scope::Sort;
use super::tree::{Node, NodeKind, Step, StepKind, Target};
use super::types::{Type, Typing};
use super::{Checker, Decorator, Frame, STEPS_MAX};
use crate::ast::{Block, Expression, Kind, Name, Nanoseconds, Statement, StatementKind};
use logmetrics_core::did_you_mean::did_you_mean;

use crate::problem::{Problem, Span, quote};

impl<'a> Checker<'a> {
    /// A block in a scope of its own.
    fn block(&mut self, block: &'a Block) -> Vec<Step> {
        let outer = self.scopes.current;
        self.scopes.open();
        let steps = self.statements(block);
        self.scopes.current = outer;
        steps
    }

    pub(super) fn statements(&mut self, block: &'a Block) -> Vec<Step> {
        let mut steps = Vec::new();
        self.depth += 1;
        if self.depth > self.options.depth_max {
            let span = block
                .statements
                .first()
                .map_or(Span::default(), |first| first.span);
            let message = format!(
                "blocks stand in each other more than {} deep",
                self.options.depth_max
            );
            self.error(
                span,
                message,
                "decorators count with the blocks inside them",
            );
        } else {
            block
                .statements
                .iter()
                .for_each(|statement| self.statement(statement, &mut steps));
        }
        self.depth -= 1;
        steps
    }

    fn statement(&mut self, statement: &'a Statement, steps: &mut Vec<Step>) {
        self.steps += 1;
        if self.steps >= STEPS_MAX {
            if self.steps == STEPS_MAX {
                let message = "the program is too large with its decorators written out";
                self.error(
                    statement.span,
                    message,
                    "use fewer decorators inside decorators",
                );
            }
            return;
        }
        let span = statement.span;
        let kind = match &statement.kind {
            StatementKind::If {
                condition,
                then,
                otherwise,
            } => self.condition_statement(condition, then, otherwise.as_ref()),
            StatementKind::Otherwise(block) => StepKind::Otherwise(self.block(block)),
            StatementKind::Declare(declaration) => return self.declare(declaration),
            StatementKind::Constant { name, pattern } => return self.constant(name, pattern),
            StatementKind::Define { name, block } => return self.define(name, block),
            StatementKind::Decorate { name, block } => return self.decorate(name, block, steps),
            StatementKind::Delete { target, after } => match self.delete(target, *after) {
                Some(kind) => kind,
                None => return,
            },
            StatementKind::Assign {
                target,
                value,
                adds,
            } => match self.assign(target, value, *adds) {
                Some(kind) => kind,
                None => return,
            },
            StatementKind::Evaluate(expression) => StepKind::Evaluate(self.effect(expression)),
            StatementKind::Next => return self.next(span, steps),
            StatementKind::Stop => StepKind::Stop,
            StatementKind::LogFilter(names) => {
                self.filters
                    .extend(names.iter().map(|name| name.text.clone()));
                return;
            }
            StatementKind::Begin(block) => return self.begin(block, span),
        };
        steps.push(Step { kind, span });
    }

    fn condition_statement(
        &mut self,
        condition: &'a Expression,
        then: &'a Block,
        otherwise: Option<&'a Block>,
    ) -> StepKind {
        let outer = self.scopes.current;
        self.scopes.open();
        let condition = self.condition(condition, true);
        let then = self.block(then);
        let otherwise = otherwise.map_or(Vec::new(), |block| self.block(block));
        self.scopes.current = outer;
        StepKind::If {
            condition,
            then,
            otherwise,
        }
    }

    /// An expression that is there for what it does.
    fn effect(&mut self, expression: &'a Expression) -> Node {
        let node = self.value(expression);
        let does_something = matches!(
            node.kind,
            NodeKind::Increment { .. }
                | NodeKind::ParseTime { .. }
                | NodeKind::SetTime(_)
                | NodeKind::Broken
        );
        if !does_something {
            let message = "the value of this call is not used";
            self.warn(expression.span, message, "remove it");
        }
        node
    }

    fn begin(&mut self, block: &'a Block, span: Span) {
        if self.depth > 1 {
            self.error(
                span,
                "`begin` must stand outside of all blocks",
                "move it out",
            );
            return;
        }
        self.is_beginning = true;
        let steps = self.block(block);
        self.begin.extend(steps);
        self.is_beginning = false;
    }

    fn define(&mut self, name: &'a Name, block: &'a Block) {
        let nexts = count_next(block);
        if nexts != 1 {
            let message = format!(
                "the decorator {} has {nexts} `next`, but must have one",
                quote(&name.text)
            );
            self.error(
                name.span,
                message,
                "`next` stands where the decorated block runs",
            );
        }
        // First, so that the body cannot use its own decorator.
        let outer = self.scopes.current;
        self.scopes.open();
        self.frames.push(Frame {
            block: None,
            scope: outer,
        });
        self.statements(block);
        self.frames.pop();
        self.scopes.current = outer;
        let number = self.decorators.len();
        let decorator = Decorator {
            block,
            scope: outer,
            name,
            is_used: false,
        };
        self.decorators.push(decorator);
        let known = self.scopes.declare(Sort::Decorator, &name.text, number);
        // A decorator inside of a decorator is declared once for each use.
        let known = known.and_then(|known| self.decorators.get(known));
        let first = known
            .map(|known| known.name.span)
            .filter(|span| *span != name.span);
        if let Some(first) = first {
            let message = format!("the decorator {} is defined twice", quote(&name.text));
            let problem = Problem::error(name.span, message).also(first, "first here");
            self.problems
                .push(problem.hint("give one of them another name"));
        }
    }

    fn decorate(&mut self, name: &'a Name, block: &'a Block, steps: &mut Vec<Step>) {
        let Some(number) = self.scopes.find(Sort::Decorator, &name.text) else {
            if !self.skipped.contains(&name.text) {
                let near = did_you_mean(&name.text, self.scopes.names(Sort::Decorator));
                let hint = format!("define it above with `def {} {{ … next … }}`", name.text);
                let message = format!("no decorator {} is defined", quote(&name.text));
                let problem = Problem::error(name.span, message)
                    .hint(hint)
                    .maybe_hint(near);
                self.problems.push(problem);
            }
            // Its captures are not known; the rest of the block is worth a look.
            let outer = self.scopes.current;
            self.scopes.open();
            self.scopes.blur();
            self.statements(block);
            self.scopes.current = outer;
            return;
        };
        let Some(decorator) = self.decorators.get_mut(number) else {
            return;
        };
        decorator.is_used = true;
        let (body, scope) = (decorator.block, decorator.scope);
        let outer = self.scopes.current;
        self.frames.push(Frame {
            block: Some(block),
            scope: outer,
        });
        self.scopes.open_in(scope, None);
        steps.extend(self.statements(body));
        self.frames.pop();
        self.scopes.current = outer;
    }

    /// The decorated block runs here.
    fn next(&mut self, span: Span, steps: &mut Vec<Step>) {
        let Some(frame) = self.frames.pop() else {
            let message = "`next` stands outside of a decorator";
            return self.error(span, message, "`stop` ends the program for this line");
        };
        if let Some(block) = frame.block {
            let outer = self.scopes.current;
            self.scopes.open_in(frame.scope, Some(outer));
            steps.extend(self.statements(block));
            self.scopes.current = outer;
        }
        self.frames.push(frame);
    }

    fn delete(&mut self, target: &'a Expression, after: Option<Nanoseconds>) -> Option<StepKind> {
        let metric = self.target(target)?;
        if metric.keys.is_empty() {
            let message = "a metric without labels cannot be deleted";
            self.error(
                target.span,
                message,
                "give all keys: `del m[key]`; or set it to 0",
            );
            return None;
        }
        Some(StepKind::Delete {
            target: metric,
            after,
        })
    }

    fn assign(
        &mut self,
        target: &'a Expression,
        value: &'a Expression,
        adds: bool,
    ) -> Option<StepKind> {
        let place = self.target(target);
        let node = self.value(value);
        let place = place?;
        let kind = self.variables.resolve(node.typing);
        if let Typing::Known(Type::Bool | Type::Nothing) = kind {
            let Typing::Known(kind) = kind else {
                return None;
            };
            let message = format!("a metric cannot hold {}", kind.name());
            self.error(
                node.span,
                message,
                "use it as a condition, and assign in its block",
            );
            return None;
        }
        self.unite_stored(place.metric, &node);
        Some(StepKind::Assign {
            target: place,
            value: node,
            adds,
        })
    }

    /// What an assignment says of the metric's type.
    fn unite_stored(&mut self, metric: usize, value: &Node) {
        let before = self.variables.resolve(Typing::Metric(metric));
        let after = self.variables.resolve(value.typing);
        let Typing::Known(held) = before else {
            self.variables.unite(Typing::Metric(metric), value.typing);
            return;
        };
        let Typing::Known(given) = after else {
            self.variables.unite(value.typing, Typing::Known(held));
            return;
        };
        let declared = self.metrics.get(metric).map(|metric| metric.declaration);
        let is_histogram = declared.is_some_and(|declared| declared.kind == Kind::Histogram);
        match (held, given) {
            (Type::Int, Type::Float) => {
                self.narrow.insert(metric);
                self.tell_mixed(metric, value.span, held, given, is_histogram);
            }
            (Type::Float, Type::Int) => {
                self.tell_mixed(metric, value.span, held, given, is_histogram)
            }
            (Type::Int | Type::Float, Type::Text) => {
                let message = format!("a String is stored as {}", held.name());
                let hint = "a text that is no number drops the rest of the line";
                self.warn(value.span, message, hint);
            }
            _ => {}
        }
    }

    fn tell_mixed(&mut self, metric: usize, span: Span, held: Type, given: Type, histogram: bool) {
        if !self.mixed.insert(metric) {
            return;
        }
        let given = given.name();
        let message = if histogram {
            format!(
                "a histogram that observes {} is given {given} here",
                held.name()
            )
        } else {
            format!("a metric of {} is given {given} here", held.name())
        };
        let hint = if self.options.strict {
            "the rest of the line is dropped, as mtail does: use float() or int() on one side"
        } else {
            "mtail drops the rest of the line here; both are counted, as Float"
        };
        self.warn(span, message, hint);
    }
}

/// How many `next` a decorator's block has, those of decorators defined in it left out.
fn count_next(block: &Block) -> usize {
    let count = |statement: &Statement| match &statement.kind {
        StatementKind::Next => 1,
        StatementKind::If {
            then, otherwise, ..
        } => count_next(then) + otherwise.as_ref().map_or(0, count_next),
        StatementKind::Otherwise(block) | StatementKind::Decorate { block, .. } => {
            count_next(block)
        }
        _ => 0,
    };
    block.statements.iter().map(count).sum()
}

/// The metric that an expression means, where one can be assigned to.
impl<'a> Checker<'a> {
    pub(super) fn target(&mut self, expression: &'a Expression) -> Option<Target> {
        let node = self.value(expression);
        match node.kind {
            NodeKind::Metric(target) => Some(target),
            NodeKind::Broken => None,
            _ => {
                self.error(
                    expression.span,
                    "expected a metric",
                    "only a metric can be changed",
                );
                None
            }
        }
    }
}

//! From a checked program to the form that runs: types are settled, so conversions are put in.

mod value;

use crate::Options;
use crate::ast::Kind;
use crate::check::tree::{Node, NodeKind, Step, StepKind, Target};
use crate::check::types::{Type, Typing, Variables};
use crate::check::{Checked, Metric};
use crate::problem::Place;
use crate::script::code::{
    self, Action, Definition, Operand, Position, Program, Refusal, Statement, ValueType,
};

/// Makes the program of a text without errors.
pub fn compile(name: &str, source: &str, checked: Checked, options: &Options) -> Program {
    let kinds = checked
        .metrics
        .iter()
        .map(|metric| metric.declaration.kind)
        .collect();
    let lines = source.match_indices('\n').map(|(at, _)| at).collect();
    let compiler = Compiler {
        variables: &checked.variables,
        kinds,
        options,
        lines,
    };
    let begin = compiler.steps(&checked.begin);
    let body = compiler.steps(&checked.body);
    let numbered = checked.metrics.iter().enumerate();
    let metrics = numbered.map(|(number, metric)| compiler.definition(number, metric, source));
    Program {
        name: name.to_owned(),
        metrics: metrics.collect(),
        patterns: checked
            .patterns
            .all
            .iter()
            .map(|pattern| pattern.code.clone())
            .collect(),
        sites: checked.sites,
        layouts: checked.layouts,
        filters: checked.filters,
        begin,
        body,
    }
}

struct Compiler<'c> {
    variables: &'c Variables,
    kinds: Vec<Kind>,
    options: &'c Options,
    /// Where each line of the text ends.
    lines: Vec<usize>,
}

impl Compiler<'_> {
    fn definition(&self, number: usize, metric: &Metric, source: &str) -> Definition {
        let declaration = metric.declaration;
        let name = &declaration.name;
        let place = Place::of(source, name.span);
        let length = name.span.end - name.span.start;
        let value = match self.variables.settled(Typing::Metric(number)) {
            Type::Float => ValueType::Float,
            Type::Text => ValueType::Text,
            _ => ValueType::Int,
        };
        let bounds = declaration
            .buckets
            .as_ref()
            .map_or(&[][..], |(bounds, _)| bounds);
        // A first bound that is not above 0 only tells where the first bucket begins.
        let skipped = usize::from(bounds.first().is_some_and(|first| *first <= 0.0));
        Definition {
            name: name.text.clone(),
            exported: metric.exported.clone(),
            kind: declaration.kind,
            value,
            hidden: declaration.hidden,
            labels: metric.labels.clone(),
            buckets: bounds.iter().skip(skipped).copied().collect(),
            // As in mtail, 0 is no limit.
            limit: declaration.limit.filter(|limit| *limit > 0),
            position: Position {
                line: place.line,
                column: place.byte_column,
                end_column: place.byte_column + length.saturating_sub(1),
            },
        }
    }

    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|end| *end < at) + 1
    }

    fn kind(&self, node: &Node) -> Type {
        self.variables.settled(node.typing)
    }

    fn metric_kind(&self, metric: usize) -> Kind {
        self.kinds.get(metric).copied().unwrap_or(Kind::Gauge)
    }

    fn steps(&self, steps: &[Step]) -> Vec<Statement> {
        let statement = |step: &Step| Statement {
            action: self.action(&step.kind),
            line: self.line(step.span.start),
        };
        steps.iter().map(statement).collect()
    }

    fn action(&self, step: &StepKind) -> Action {
        match step {
            StepKind::If {
                condition,
                then,
                otherwise,
            } => Action::If {
                condition: self.condition(condition),
                then: self.steps(then),
                otherwise: self.steps(otherwise),
            },
            StepKind::Otherwise(steps) => Action::If {
                condition: code::Condition::Otherwise,
                then: self.steps(steps),
                otherwise: Vec::new(),
            },
            StepKind::Assign {
                target,
                value,
                adds,
            } => self.assign(target, value, *adds),
            StepKind::Delete {
                target,
                after: None,
            } => Action::Delete(self.target(target)),
            StepKind::Delete {
                target,
                after: Some(after),
            } => Action::Expire(self.target(target), *after),
            StepKind::Evaluate(node) => self.evaluate(node),
            StepKind::Stop => Action::Stop,
        }
    }

    fn target(&self, target: &Target) -> code::Target {
        code::Target {
            metric: target.metric,
            labels: target.keys.iter().map(|key| self.text(key)).collect(),
        }
    }

    fn assign(&self, target: &Target, value: &Node, adds: bool) -> Action {
        let place = self.target(target);
        let held = self.variables.settled(Typing::Metric(target.metric));
        let given = self.kind(value);
        if self.options.strict {
            match (held, given) {
                (Type::Int, Type::Float) => {
                    let value = self.operand(value);
                    return Action::Refuse(place, value, Refusal::StoreFloatInInt);
                }
                (Type::Float, Type::Int) => {
                    let value = self.operand(value);
                    return Action::Refuse(place, value, Refusal::StoreIntInFloat);
                }
                _ => {}
            }
        }
        if self.metric_kind(target.metric) == Kind::Histogram {
            return self.observe(place, value, given, adds);
        }
        match (held, adds) {
            (Type::Float, false) => Action::SetFloat(place, self.float(value)),
            (Type::Float, true) => Action::AddFloat(place, self.float(value)),
            (Type::Text, false) => Action::SetText(place, self.text(value)),
            (Type::Text, true) => Action::AppendText(place, self.text(value)),
            (_, false) => Action::SetInt(place, self.int(value)),
            (_, true) => Action::AddInt(place, self.int(value)),
        }
    }

    fn observe(&self, place: code::Target, value: &Node, given: Type, adds: bool) -> Action {
        if adds {
            Action::Refuse(place, self.operand(value), Refusal::CountHistogram)
        } else if given == Type::Text && self.options.strict {
            Action::Refuse(place, self.operand(value), Refusal::StoreText)
        } else {
            Action::Observe(place, self.float(value))
        }
    }

    fn evaluate(&self, node: &Node) -> Action {
        match &node.kind {
            NodeKind::ParseTime { text, layout } => Action::ParseTime {
                text: self.raw_text(text),
                layout: *layout,
            },
            NodeKind::SetTime(time) => match self.kind(time) {
                Type::Int => Action::SetTime(self.int(time)),
                Type::Float if !self.options.strict => Action::SetTimeFloat(self.float(time)),
                Type::Text if !self.options.strict => Action::SetTimeFloat(self.float(time)),
                Type::Float => Action::Fail(Refusal::TimeOfFloat),
                _ => Action::Fail(Refusal::TimeOfText),
            },
            NodeKind::Increment { target, .. }
                if self.metric_kind(target.metric) == Kind::Histogram =>
            {
                Action::Refuse(
                    self.target(target),
                    Operand::Nothing,
                    Refusal::CountHistogram,
                )
            }
            _ => match self.kind(node) {
                Type::Float => Action::EvaluateFloat(self.float(node)),
                Type::Text => Action::EvaluateText(self.text(node)),
                Type::Bool => Action::EvaluateCondition(self.condition(node)),
                _ => Action::EvaluateInt(self.int(node)),
            },
        }
    }

    fn operand(&self, node: &Node) -> Operand {
        match self.kind(node) {
            Type::Int => Operand::Int(self.int(node)),
            Type::Float => Operand::Float(self.float(node)),
            Type::Text => Operand::Text(self.text(node)),
            Type::Bool => Operand::Condition(Box::new(self.condition(node))),
            _ => Operand::Nothing,
        }
    }
}

//! Expressions: names, types, and what mtail does with them by surprise.

use super::Checker;
use super::scope::{Found, Sort};
use super::tree::{Node, NodeKind, Target};
use super::types::{Type, Typing};
use crate::ast::{Arithmetic, Binary, Compare, Expression, ExpressionKind, Kind, Name};
use crate::number;
use logmetrics_core::did_you_mean::did_you_mean;

use crate::problem::{Problem, Span, quote};

fn known(kind: NodeKind, typing: Type, span: Span) -> Node {
    Node {
        kind,
        typing: Typing::Known(typing),
        span,
    }
}

pub(super) fn broken(span: Span) -> Node {
    known(NodeKind::Broken, Type::Broken, span)
}

impl<'a> Checker<'a> {
    /// An expression as a condition. One that is the whole condition must be more than a value.
    pub(super) fn condition(&mut self, expression: &'a Expression, is_whole: bool) -> Node {
        let span = expression.span;
        if self.is_pattern(expression) {
            return self.match_line(expression);
        }
        if let ExpressionKind::Binary {
            operator,
            left,
            right,
        } = &expression.kind
            && matches!(operator, Binary::And | Binary::Or)
        {
            let sides = Box::new((self.condition(left, false), self.condition(right, false)));
            let is_and = *operator == Binary::And;
            let kind = if is_and {
                NodeKind::And(sides)
            } else {
                NodeKind::Or(sides)
            };
            return known(kind, Type::Bool, span);
        }
        let is_bare = matches!(
            expression.kind,
            ExpressionKind::Int(_)
                | ExpressionKind::Float(_)
                | ExpressionKind::Text(_)
                | ExpressionKind::Capture(_)
                | ExpressionKind::Name(_)
                | ExpressionKind::Index { .. }
                | ExpressionKind::Call { .. }
        );
        let node = self.value(expression);
        let is_allowed = matches!(node.kind, NodeKind::Broken | NodeKind::Defined { .. });
        if is_whole && is_bare && !is_allowed {
            let message = "a value is no condition";
            self.error(span, message, "compare it, such as `x > 0` or `x != \"\"`");
        }
        if self.variables.resolve(node.typing) == Typing::Known(Type::Nothing) {
            self.error(
                span,
                "this call gives nothing",
                "it cannot be part of a condition",
            );
        }
        node
    }

    fn match_line(&mut self, expression: &'a Expression) -> Node {
        if self.is_beginning {
            let message = "a `begin` block sees no line";
            self.error(expression.span, message, "move the pattern out of it");
        }
        match self.site(expression, true) {
            Some(site) => {
                let kind = NodeKind::Match {
                    site,
                    subject: None,
                    negated: false,
                };
                known(kind, Type::Bool, expression.span)
            }
            None => broken(expression.span),
        }
    }

    /// An expression as a value.
    pub(super) fn value(&mut self, expression: &'a Expression) -> Node {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Int(value) => known(NodeKind::Int(*value), Type::Int, span),
            ExpressionKind::Float(value) => known(NodeKind::Float(*value), Type::Float, span),
            ExpressionKind::Text(text) => known(NodeKind::Text(text.clone()), Type::Text, span),
            ExpressionKind::Regex(_) => {
                self.error(
                    span,
                    "a pattern is no value",
                    "match a String with it: `$1 =~ /…/`",
                );
                broken(span)
            }
            ExpressionKind::Capture(name) => self.capture(name, span),
            ExpressionKind::Name(name) => self.metric(name, &[], span, span),
            ExpressionKind::Index {
                name: Name { text, span: place },
                keys,
            } => self.metric(text, keys, *place, span),
            ExpressionKind::Call { name, arguments } => self.call(name, arguments, span),
            ExpressionKind::Binary {
                operator,
                left,
                right,
            } => self.binary(expression, *operator, left, right),
            ExpressionKind::Match {
                negated,
                subject,
                pattern,
            } => self.match_text(*negated, subject, pattern, span),
            ExpressionKind::Complement(inner) => {
                let inner = self.value(inner);
                self.whole_number(&inner);
                known(NodeKind::Complement(Box::new(inner)), Type::Int, span)
            }
            ExpressionKind::Increment { target, by } => self.increment(target, *by, span),
            ExpressionKind::Broken => {
                self.scopes.blur();
                broken(span)
            }
        }
    }

    pub(super) fn unknown_name(&mut self, name: &str, span: Span) {
        if self.skipped.contains(name) {
            return;
        }
        let names = self.scopes.names(Sort::Metric).into_iter();
        let near = did_you_mean(name, names.chain(self.scopes.names(Sort::Constant)));
        let problem = Problem::error(span, format!("nothing is declared as {}", quote(name)));
        let hint = format!("declare it above, such as `counter {name}`");
        self.problems.push(problem.hint(hint).maybe_hint(near));
    }

    fn capture(&mut self, name: &str, span: Span) -> Node {
        let capture = match self.scopes.capture(name) {
            Found::Capture(capture) => capture,
            Found::Unclear => return broken(span),
            Found::Nothing => {
                let near = did_you_mean(name, self.scopes.capture_names());
                let message = format!(
                    "no pattern around here has the group {}",
                    quote(&format!("${name}"))
                );
                let hint = "groups can be seen in the block of their pattern, and in its `else`";
                let near = near.map(|near| near.replacen('`', "`$", 1));
                let problem = Problem::error(span, message).hint(hint).maybe_hint(near);
                self.problems.push(problem);
                return broken(span);
            }
        };
        let pattern = self.sites.get(capture.site).map_or(0, |site| site.pattern);
        self.patterns.need(pattern, capture.group);
        let group = self.patterns.group_type(pattern, capture.group);
        let kind = group.map_or(Type::Text, |group| group.kind);
        known(
            NodeKind::Capture {
                site: capture.site,
                group: capture.group,
            },
            kind,
            span,
        )
    }

    fn metric(&mut self, name: &str, keys: &'a [Expression], place: Span, span: Span) -> Node {
        let Some(metric) = self.scopes.find(Sort::Metric, name) else {
            if self.scopes.find(Sort::Constant, name).is_some() {
                self.error(
                    place,
                    "a pattern is no value",
                    "match a String with it: `$1 =~ NAME`",
                );
            } else {
                self.unknown_name(name, place);
            }
            keys.iter().for_each(|key| drop(self.value(key)));
            return broken(span);
        };
        let keys: Vec<Node> = keys.iter().map(|key| self.key(key)).collect();
        self.unite_keys(metric, &keys);
        let Some(declared) = self.metrics.get_mut(metric) else {
            return broken(span);
        };
        declared.is_used = true;
        let labels = declared.labels.len();
        if keys.len() != labels {
            let message = match (labels, keys.len()) {
                (0, _) => format!("{} has no labels", quote(name)),
                (labels, found) => {
                    let plural = |count| if count == 1 { "" } else { "s" };
                    let (s, t) = (plural(labels), plural(found));
                    format!(
                        "{} has {labels} label{s}, but {found} key{t} here",
                        quote(name)
                    )
                }
            };
            let problem =
                Problem::error(span, message).also(declared.declaration.name.span, "declared here");
            self.problems
                .push(problem.hint("give a key for each label, in their order"));
            return broken(span);
        }
        let typing = Typing::Metric(metric);
        Node {
            kind: NodeKind::Metric(Target { metric, keys }),
            typing,
            span,
        }
    }

    /// In mtail all keys of one label have one type, so that a metric which is a key before its type
    /// is known takes the type of the keys before; with a String it shows 0 from then on.
    fn unite_keys(&mut self, metric: usize, keys: &[Node]) {
        if !self.options.strict {
            return;
        }
        for (label, key) in keys.iter().enumerate() {
            let known = *self.keys.entry((metric, label)).or_insert(key.typing);
            self.variables.unite(known, key.typing);
        }
    }

    /// In mtail a metric of unknown type becomes a String where one is expected.
    pub(super) fn expect_text(&mut self, node: &Node) {
        if self.options.strict && matches!(self.variables.resolve(node.typing), Typing::Metric(_)) {
            self.variables.unite(node.typing, Typing::Known(Type::Text));
        }
    }

    fn key(&mut self, key: &'a Expression) -> Node {
        let node = self.value(key);
        if self.variables.resolve(node.typing) == Typing::Known(Type::Bool) {
            let message = "a comparison is no label value: every line that comes here fails";
            self.warn(
                node.span,
                message,
                "use a condition, and a key in its block",
            );
        }
        if let NodeKind::Capture { site, group } = node.kind
            && let Some(site) = self.sites.get(site)
            && let Some(found) = self.patterns.group_type(site.pattern, group)
            && found.is_rewritten
        {
            self.rewritten
                .entry((site.pattern, group))
                .or_insert(node.span);
        }
        node
    }

    fn increment(&mut self, target: &'a Expression, by: i64, span: Span) -> Node {
        let Some(target) = self.target(target) else {
            return broken(span);
        };
        let typing = Typing::Metric(target.metric);
        match self.variables.unite(typing, Typing::Known(Type::Int)) {
            Typing::Known(Type::Text) => {
                self.error(
                    span,
                    "a String cannot be counted up or down",
                    "use a numeric metric",
                );
                return broken(span);
            }
            Typing::Known(Type::Float) if self.options.strict => {
                self.error(
                    span,
                    "a Float cannot be counted up or down",
                    "write `x += 1.0`",
                );
                return broken(span);
            }
            Typing::Known(Type::Float) if !self.wide.contains(&target.metric) => {
                let message = "mtail cannot count a Float up or down and refuses this program";
                self.warn(span, message, "write `x += 1.0`");
            }
            _ => {}
        }
        let kind = self
            .metrics
            .get(target.metric)
            .map(|metric| metric.declaration.kind);
        if kind == Some(Kind::Histogram) {
            let message =
                "a histogram cannot be counted up or down: every line that comes here fails";
            self.warn(span, message, "observe a value with `=`");
        }
        Node {
            kind: NodeKind::Increment { target, by },
            typing,
            span,
        }
    }

    fn match_text(
        &mut self,
        negated: bool,
        subject: &'a Expression,
        pattern: &'a Expression,
        span: Span,
    ) -> Node {
        let subject = self.value(subject);
        if let Typing::Known(kind @ (Type::Bool | Type::Nothing)) =
            self.variables.resolve(subject.typing)
        {
            let message = format!("{} cannot be matched", kind.name());
            self.error(subject.span, message, "match a String");
        }
        let Some(site) = self.site(pattern, false) else {
            return broken(span);
        };
        let subject = Some(Box::new(subject));
        known(
            NodeKind::Match {
                site,
                subject,
                negated,
            },
            Type::Bool,
            span,
        )
    }

    fn binary(
        &mut self,
        whole: &'a Expression,
        operator: Binary,
        left: &'a Expression,
        right: &'a Expression,
    ) -> Node {
        let span = whole.span;
        if self.is_pattern(whole) {
            self.error(
                span,
                "a pattern is no value",
                "match a String with it: `$1 =~ /…/`",
            );
            return broken(span);
        }
        if matches!(operator, Binary::And | Binary::Or) {
            return self.condition(whole, false);
        }
        let (left, right) = (self.value(left), self.value(right));
        if let Binary::Bits(operator) = operator {
            self.whole_number(&left);
            self.whole_number(&right);
            let sides = Box::new((left, right));
            return known(NodeKind::Bits { operator, sides }, Type::Int, span);
        }
        let typing = self.variables.unite(left.typing, right.typing);
        let both = [&left, &right].map(|side| self.variables.resolve(side.typing));
        let refused = both.iter().find_map(|side| match side {
            Typing::Known(kind @ (Type::Bool | Type::Nothing)) => Some(*kind),
            _ => None,
        });
        if let Some(refused) = refused {
            let message = format!(
                "{} cannot be part of a calculation or comparison",
                refused.name()
            );
            self.error(span, message, "join conditions with `&&` and `||`");
            return broken(span);
        }
        match operator {
            Binary::Arithmetic(operator) => self.arithmetic(operator, left, right, typing, span),
            Binary::Compare(operator) => {
                self.warn_comparison(operator, &left, &right, span);
                let sides = Box::new((left, right));
                known(NodeKind::Compare { operator, sides }, Type::Bool, span)
            }
            _ => broken(span),
        }
    }

    fn arithmetic(
        &mut self,
        operator: Arithmetic,
        left: Node,
        right: Node,
        typing: Typing,
        span: Span,
    ) -> Node {
        let is_text = typing == Typing::Known(Type::Text);
        if is_text && operator != Arithmetic::Add {
            let side = [&left, &right]
                .into_iter()
                .find(|side| self.variables.resolve(side.typing) == Typing::Known(Type::Text));
            let place = side.map_or(span, |side| side.span);
            let message = format!("`{}` needs numbers, but this is a String", operator.sign());
            let hint = "use int() or float(), or a group such as `(\\d+)` that only matches \
                        numbers; `(\\d)` is a String";
            self.error(place, message, hint);
            return broken(span);
        }
        let divides = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
        let is_zero = matches!(right.kind, NodeKind::Int(0));
        if divides && is_zero && typing == Typing::Known(Type::Int) {
            self.error(right.span, "a division by zero", "divide by something else");
            return broken(span);
        }
        let sides = Box::new((left, right));
        Node {
            kind: NodeKind::Arithmetic { operator, sides },
            typing,
            span,
        }
    }

    /// Says what a side of a bit operation must be.
    fn whole_number(&mut self, side: &Node) {
        if self.variables.resolve(side.typing) == Typing::Known(Type::Nothing) {
            return self.error(side.span, "this call gives nothing", "use a number");
        }
        let kind = self.variables.unite(side.typing, Typing::Known(Type::Int));
        if kind == Typing::Known(Type::Float) {
            let hint = if self.options.strict {
                "every line that comes here fails, as in mtail: use whole numbers"
            } else {
                "in mtail every line that comes here fails; here the number is cut"
            };
            self.warn(side.span, "bits of a Float", hint);
        }
        if self.variables.resolve(side.typing) == Typing::Known(Type::Bool) {
            let hint = "comparisons bind tighter than `&`, `|` and `^`: write `(a & b) == c`";
            self.warn(side.span, "bits of a comparison", hint);
        }
    }

    fn warn_comparison(&mut self, operator: Compare, left: &Node, right: &Node, span: Span) {
        let types = [left, right].map(|side| self.variables.settled(side.typing));
        let is_number = |kind: &Type| matches!(kind, Type::Int | Type::Float);
        let is_mixed = types.contains(&Type::Text) && types.iter().any(is_number);
        if !is_mixed {
            return;
        }
        let literal = [left, right].into_iter().find_map(|side| match &side.kind {
            NodeKind::Text(text) => Some(text.as_str()),
            _ => None,
        });
        if operator.is_order() {
            let message = "numbers are compared as text: \"10\" is less than \"5\"";
            let hint =
                "use int() or float(), or a group such as `(\\d+)` that only matches numbers";
            self.warn(span, message, hint);
        } else if let Some(literal) = literal {
            let printed = match number::parse_int(literal) {
                Some(value) => value.to_string(),
                None => number::parse_float(literal).map_or(String::new(), number::float_text),
            };
            if printed != literal {
                let message = format!("a number never prints as {}", quote(literal));
                self.warn(span, message, "compare with a number");
            }
        }
    }
}

//! Calls of functions.

use super::Checker;
use super::expression::broken;
use super::scope::Found;
use super::tree::{Node, NodeKind};
use super::types::{Type, Typing};
use crate::ast::{Expression, ExpressionKind, Name};
use crate::layout::Layout;
use crate::problem::{Span, quote};

impl<'a> Checker<'a> {
    pub(super) fn call(&mut self, name: &'a Name, arguments: &'a [Expression], span: Span) -> Node {
        let (expected, shape) = match name.text.as_str() {
            "getfilename" | "timestamp" => (0, ""),
            "strptime" => (2, "text, \"layout\""),
            "strtol" => (2, "text, base"),
            "subst" => (3, "old, new, text"),
            _ => (1, "value"),
        };
        if arguments.len() != expected {
            let s = if expected == 1 { "" } else { "s" };
            let found = arguments.len();
            let message = format!(
                "{} takes {expected} argument{s}, but {found} stand here",
                quote(&name.text)
            );
            self.error(span, message, &format!("write `{}({shape})`", name.text));
            return broken(span);
        }
        let mut node = match (name.text.as_str(), arguments) {
            ("getfilename", []) => self.given(NodeKind::FileName, Type::Text),
            ("timestamp", []) => self.given(NodeKind::Timestamp, Type::Int),
            ("strptime", [text, layout]) => self.parse_time(text, layout),
            ("subst", [old, new, text]) => self.substitute(old, new, text),
            ("defined", [group]) => self.defined(group),
            ("strtol", [text, base]) => {
                let (text, base) = (self.value(text), self.value(base));
                if self.is_usable(&text) && self.is_usable(&base) {
                    self.expect_text(&text);
                    self.variables.unite(base.typing, Typing::Known(Type::Int));
                    self.given(NodeKind::Radix(Box::new((text, base))), Type::Int)
                } else {
                    broken(span)
                }
            }
            (function, [argument]) => self.convert(function, argument, span),
            _ => broken(span),
        };
        node.span = span;
        node
    }

    fn given(&self, kind: NodeKind, typing: Type) -> Node {
        Node {
            kind,
            typing: Typing::Known(typing),
            span: Span::default(),
        }
    }

    /// Refuses what is neither a number nor a text.
    fn is_usable(&mut self, argument: &Node) -> bool {
        let kind = match self.variables.resolve(argument.typing) {
            Typing::Known(kind @ (Type::Bool | Type::Nothing)) => kind,
            Typing::Known(Type::Broken) => return false,
            _ => return true,
        };
        let message = format!("{} cannot be an argument", kind.name());
        self.error(argument.span, message, "give a number or a String");
        false
    }

    /// The functions of one argument.
    fn convert(&mut self, function: &str, argument: &'a Expression, span: Span) -> Node {
        let argument = self.value(argument);
        let resolved = self.variables.resolve(argument.typing);
        if resolved == Typing::Known(Type::Bool) && function == "bool" {
            return self.given(NodeKind::ToBool(Box::new(argument)), Type::Bool);
        }
        if !self.is_usable(&argument) {
            return broken(span);
        }
        match function {
            "settime" => return self.set_time(argument, resolved),
            "tolower" => match self
                .variables
                .unite(argument.typing, Typing::Known(Type::Text))
            {
                Typing::Known(_) if !matches!(resolved, Typing::Known(Type::Int | Type::Float)) => {
                }
                _ => {
                    let hint = "write `tolower(string(x))`";
                    self.error(argument.span, "tolower() takes a String", hint);
                }
            },
            "int" if resolved == Typing::Known(Type::Float) && self.options.strict => {
                let hint = "a whole number of a Float cannot be had in mtail";
                self.error(argument.span, "int() does not take a Float", hint);
            }
            _ => {}
        }
        if function == "len" {
            self.expect_text(&argument);
        }
        let argument = Box::new(argument);
        match function {
            "len" => self.given(NodeKind::Length(argument), Type::Int),
            "tolower" => self.given(NodeKind::Lower(argument), Type::Text),
            "int" => self.given(NodeKind::ToInt(argument), Type::Int),
            "float" => self.given(NodeKind::ToFloat(argument), Type::Float),
            "string" => self.given(NodeKind::ToText(argument), Type::Text),
            "bool" => self.given(NodeKind::ToBool(argument), Type::Bool),
            _ => broken(span),
        }
    }

    fn set_time(&mut self, argument: Node, resolved: Typing) -> Node {
        match resolved {
            Typing::Metric(_) => drop(
                self.variables
                    .unite(argument.typing, Typing::Known(Type::Int)),
            ),
            Typing::Known(kind @ (Type::Text | Type::Float)) => {
                let message = format!("settime() is given a {}", kind.name());
                let hint = if self.options.strict {
                    "every line that comes here fails, as in mtail: use int()"
                } else {
                    "in mtail every line that comes here fails; here it is converted"
                };
                self.warn(argument.span, message, hint);
            }
            Typing::Known(_) => {}
        }
        self.given(NodeKind::SetTime(Box::new(argument)), Type::Nothing)
    }

    fn parse_time(&mut self, text: &'a Expression, layout: &'a Expression) -> Node {
        let node = self.value(text);
        let ExpressionKind::Text(written) = &layout.kind else {
            let hint = "write the time Mon Jan 2 15:04:05 MST 2006 as the log would";
            self.error(layout.span, "the layout must be a string", hint);
            return broken(text.span);
        };
        let parsed = Layout::new(written);
        if !parsed.reads_itself() {
            let message = format!("{} is no layout of a time", quote(written));
            let hint = "write the time Mon Jan 2 15:04:05 MST 2006 as the log would";
            self.error(layout.span, message, hint);
        } else if !parsed.has_parts() {
            let message = format!(
                "{} has no part of a time: it only reads itself",
                quote(written)
            );
            let hint = "write the time Mon Jan 2 15:04:05 MST 2006 as the log would";
            self.warn(layout.span, message, hint);
        }
        if !self.is_usable(&node) {
            return broken(text.span);
        }
        self.expect_text(&node);
        let number = self.layouts.iter().position(|known| *known == parsed);
        let number = number.unwrap_or_else(|| {
            self.layouts.push(parsed);
            self.layouts.len() - 1
        });
        let kind = NodeKind::ParseTime {
            text: Box::new(node),
            layout: number,
        };
        self.given(kind, Type::Nothing)
    }

    fn substitute(
        &mut self,
        old: &'a Expression,
        new: &'a Expression,
        text: &'a Expression,
    ) -> Node {
        // A pattern here names no groups: nothing outside can see them.
        let pattern = self.is_pattern(old).then(|| self.pattern(old));
        let old = if pattern.is_none() {
            Some(self.value(old))
        } else {
            None
        };
        let (new, text) = (self.value(new), self.value(text));
        if !self.is_usable(&new) || !self.is_usable(&text) {
            return broken(text.span);
        }
        [&new, &text]
            .into_iter()
            .chain(&old)
            .for_each(|node| self.expect_text(node));
        let kind = match (pattern, old) {
            (Some(Some(pattern)), _) => NodeKind::ReplacePattern {
                pattern,
                parts: Box::new((new, text)),
            },
            (None, Some(old)) if self.is_usable(&old) => {
                NodeKind::Replace(Box::new((old, new, text)))
            }
            _ => return broken(text.span),
        };
        self.given(kind, Type::Text)
    }

    fn defined(&mut self, group: &'a Expression) -> Node {
        let ExpressionKind::Capture(name) = &group.kind else {
            self.error(
                group.span,
                "defined() takes a group, such as `$1`",
                "name a group",
            );
            return broken(group.span);
        };
        if let Found::Capture(capture) = self.scopes.capture(name) {
            let pattern = self.sites.get(capture.site).map_or(0, |site| site.pattern);
            self.patterns.need(pattern, capture.group);
            let kind = NodeKind::Defined {
                site: capture.site,
                group: capture.group,
            };
            return self.given(kind, Type::Bool);
        }
        let message = format!(
            "no pattern around here has the group {}",
            quote(&format!("${name}"))
        );
        let hint = "groups can be seen in the block of their pattern, and in its `else`";
        self.error(group.span, message, hint);
        broken(group.span)
    }
}

//! Expressions, from the loosest operator to the tightest.

use super::{Parser, Part, too_deep};
use crate::ast::{Arithmetic, Binary, Bits, Compare, Expression, ExpressionKind, Name};
use crate::lexer::Token;
use crate::problem::{Problem, Span, quote};

/// The operators of one level, all equal and from left to right.
type Level = &'static [(&'static str, Binary)];

const LOGIC: Level = &[("&&", Binary::And), ("||", Binary::Or)];

const BITS: Level = &[
    ("&", Binary::Bits(Bits::And)),
    ("|", Binary::Bits(Bits::Or)),
    ("^", Binary::Bits(Bits::Xor)),
];

const COMPARE: Level = &[
    ("<", Binary::Compare(Compare::Less)),
    (">", Binary::Compare(Compare::Greater)),
    ("<=", Binary::Compare(Compare::LessOrEqual)),
    (">=", Binary::Compare(Compare::GreaterOrEqual)),
    ("==", Binary::Compare(Compare::Equal)),
    ("!=", Binary::Compare(Compare::NotEqual)),
];

const SHIFT: Level = &[
    ("<<", Binary::Bits(Bits::Left)),
    (">>", Binary::Bits(Bits::Right)),
];

const SUM: Level = &[
    ("+", Binary::Arithmetic(Arithmetic::Add)),
    ("-", Binary::Arithmetic(Arithmetic::Subtract)),
];

const PRODUCT: Level = &[
    ("*", Binary::Arithmetic(Arithmetic::Multiply)),
    ("/", Binary::Arithmetic(Arithmetic::Divide)),
    ("%", Binary::Arithmetic(Arithmetic::Remainder)),
    ("**", Binary::Arithmetic(Arithmetic::Power)),
];

impl Parser<'_> {
    /// The loosest: `&&` and `||`.
    pub(super) fn expression(&mut self) -> Part<Expression> {
        self.deeper()?;
        let expression = self.level(LOGIC, Self::matching);
        self.depth = self.depth.saturating_sub(1);
        expression
    }

    fn matching(&mut self) -> Part<Expression> {
        let subject = self.bits()?;
        let negated = self.is_symbol("!~");
        if !negated && !self.is_symbol("=~") {
            return Ok(subject);
        }
        self.advance();
        self.skip_newlines();
        let pattern = self.sum()?;
        let span = subject.span.to(pattern.span);
        let depth = 1 + subject.depth.max(pattern.depth);
        let (subject, pattern) = (Box::new(subject), Box::new(pattern));
        self.expression_of(
            ExpressionKind::Match {
                negated,
                subject,
                pattern,
            },
            span,
            depth,
        )
    }

    fn bits(&mut self) -> Part<Expression> {
        self.level(BITS, Self::comparison)
    }

    fn comparison(&mut self) -> Part<Expression> {
        self.level(COMPARE, Self::shift)
    }

    fn shift(&mut self) -> Part<Expression> {
        self.level(SHIFT, Self::sum)
    }

    pub(super) fn sum(&mut self) -> Part<Expression> {
        self.level(SUM, Self::product)
    }

    fn product(&mut self) -> Part<Expression> {
        self.level(PRODUCT, Self::unary)
    }

    fn level(
        &mut self,
        operators: Level,
        operand: fn(&mut Self) -> Part<Expression>,
    ) -> Part<Expression> {
        let mut left = operand(self)?;
        loop {
            let Token::Symbol(symbol) = self.token else {
                return Ok(left);
            };
            let found = operators.iter().find(|(known, _)| *known == symbol);
            let Some(&(_, operator)) = found else {
                return Ok(left);
            };
            self.advance();
            self.skip_newlines();
            let right = operand(self)?;
            let span = left.span.to(right.span);
            let depth = 1 + left.depth.max(right.depth);
            let (first, second) = (Box::new(left), Box::new(right));
            let kind = ExpressionKind::Binary {
                operator,
                left: first,
                right: second,
            };
            left = self.expression_of(kind, span, depth)?;
        }
    }

    fn expression_of(&self, kind: ExpressionKind, span: Span, depth: usize) -> Part<Expression> {
        if depth > self.depth_max {
            return Err(Box::new(too_deep(span, self.depth_max)));
        }
        Ok(Expression { kind, span, depth })
    }

    fn unary(&mut self) -> Part<Expression> {
        let start = self.span;
        if self.is_symbol("~") {
            self.advance();
            self.deeper()?;
            let inner = self.unary()?;
            self.depth = self.depth.saturating_sub(1);
            let (span, depth) = (start.to(inner.span), inner.depth + 1);
            return self.expression_of(ExpressionKind::Complement(Box::new(inner)), span, depth);
        }
        self.postfix()
    }

    pub(super) fn postfix(&mut self) -> Part<Expression> {
        let target = self.primary()?;
        let by = match self.token {
            Token::Symbol("++") => 1,
            Token::Symbol("--") => -1,
            _ => return Ok(target),
        };
        if !matches!(
            target.kind,
            ExpressionKind::Name(_) | ExpressionKind::Index { .. }
        ) {
            return Err(Box::new(Problem::error(
                target.span,
                "only a metric can be counted up or down",
            )));
        }
        self.advance();
        let (span, depth) = (self.since(target.span), target.depth + 1);
        self.expression_of(
            ExpressionKind::Increment {
                target: Box::new(target),
                by,
            },
            span,
            depth,
        )
    }

    fn primary(&mut self) -> Part<Expression> {
        let start = self.span;
        let kind = match self.token.clone() {
            Token::Symbol("/") => return self.regex(start),
            Token::Symbol("(") => return self.bracketed(),
            Token::Symbol("-") => return self.negative(),
            Token::Name(name) => {
                let next = self.peek();
                if name == "defined" && next == Token::Symbol("(") {
                    self.advance();
                    return self.call(Name {
                        text: name,
                        span: start,
                    });
                }
                self.advance();
                return self.index(Name {
                    text: name,
                    span: start,
                });
            }
            Token::Builtin(name) => {
                self.advance();
                return self.call(Name {
                    text: name.to_owned(),
                    span: start,
                });
            }
            Token::Int(value) => match i64::try_from(value) {
                Ok(value) => ExpressionKind::Int(value),
                Err(_) => {
                    let problem = Problem::error(start, "this number does not fit into 64 bits");
                    return Err(Box::new(problem.hint("a number with a `.` is a Float")));
                }
            },
            Token::Float(value) => ExpressionKind::Float(value),
            Token::Text(text) => ExpressionKind::Text(text),
            Token::Capture(name) => ExpressionKind::Capture(name),
            _ => return Err(self.expected("an expression")),
        };
        self.advance();
        Ok(Expression {
            kind,
            span: start,
            depth: 1,
        })
    }

    fn regex(&mut self, start: Span) -> Part<Expression> {
        let (text, span) = self.lexer.regex(start.start)?;
        self.span = span;
        self.advance();
        Ok(Expression {
            kind: ExpressionKind::Regex(text),
            span,
            depth: 1,
        })
    }

    fn bracketed(&mut self) -> Part<Expression> {
        let start = self.span;
        self.advance();
        self.skip_newlines();
        let mut inner = self.expression()?;
        self.skip_newlines();
        self.expect_symbol(")", "to close the bracket")?;
        inner.span = self.since(start);
        Ok(inner)
    }

    /// A literal with its sign; nothing else can be negated.
    fn negative(&mut self) -> Part<Expression> {
        let minus = self.span;
        self.advance();
        let span = minus.to(self.span);
        let kind = match self.token {
            Token::Int(value) if value == i64::MIN.unsigned_abs() => ExpressionKind::Int(i64::MIN),
            Token::Int(value) => match i64::try_from(value) {
                Ok(value) => ExpressionKind::Int(-value),
                Err(_) => return Err(self.expected("a number")),
            },
            Token::Float(value) => ExpressionKind::Float(-value),
            _ => {
                let problem = *self.expected("a number after `-`");
                return Err(Box::new(
                    problem.hint("write `0 - x` for the negative of `x`"),
                ));
            }
        };
        self.advance();
        Ok(Expression {
            kind,
            span,
            depth: 1,
        })
    }

    /// A name with its keys: `m[a][b]` and `m[a, b]` are the same.
    fn index(&mut self, name: Name) -> Part<Expression> {
        let start = name.span;
        if !self.is_symbol("[") {
            return Ok(Expression {
                kind: ExpressionKind::Name(name.text),
                span: start,
                depth: 1,
            });
        }
        let mut keys = Vec::new();
        while self.take_symbol("[") {
            self.arguments("]", &mut keys)?;
        }
        let span = self.since(start);
        let depth = 1 + keys
            .iter()
            .map(|key: &Expression| key.depth)
            .max()
            .unwrap_or(0);
        self.expression_of(ExpressionKind::Index { name, keys }, span, depth)
    }

    fn call(&mut self, name: Name) -> Part<Expression> {
        if !self.take_symbol("(") {
            let message = format!("{} is a function: expected `(` after it", quote(&name.text));
            let hint = format!("a metric needs another name, such as `{}_`", name.text);
            return Err(Box::new(Problem::error(name.span, message).hint(hint)));
        }
        let mut arguments = Vec::new();
        self.arguments(")", &mut arguments)?;
        let span = self.since(name.span);
        let depth = 1 + arguments
            .iter()
            .map(|each: &Expression| each.depth)
            .max()
            .unwrap_or(0);
        self.expression_of(ExpressionKind::Call { name, arguments }, span, depth)
    }

    fn arguments(&mut self, close: &str, list: &mut Vec<Expression>) -> Part<()> {
        self.skip_newlines();
        if self.take_symbol(close) {
            return Ok(());
        }
        loop {
            list.push(self.expression()?);
            self.skip_newlines();
            if self.take_symbol(close) {
                return Ok(());
            }
            self.expect_symbol(",", &format!("or `{close}`"))?;
            self.skip_newlines();
        }
    }
}

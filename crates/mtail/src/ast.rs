//! A program as it was written: names are not looked up, nothing has a type yet.

use crate::problem::Span;

/// A name and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

/// What is between braces, or the whole program.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Block {
    pub statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    If {
        condition: Expression,
        then: Block,
        otherwise: Option<Block>,
    },
    Otherwise(Block),
    Declare(Declaration),
    Constant {
        name: Name,
        pattern: Expression,
    },
    Define {
        name: Name,
        block: Block,
    },
    Decorate {
        name: Name,
        block: Block,
    },
    Delete {
        target: Expression,
        after: Option<Nanoseconds>,
    },
    Assign {
        target: Expression,
        value: Expression,
        adds: bool,
    },
    Evaluate(Expression),
    Next,
    Stop,
    LogFilter(Vec<Name>),
    Begin(Block),
}

pub type Nanoseconds = i64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Counter,
    Gauge,
    Timer,
    Text,
    Histogram,
}

impl Kind {
    /// The kind that a keyword declares.
    pub fn of(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "counter" => Kind::Counter,
            "gauge" => Kind::Gauge,
            "timer" => Kind::Timer,
            "text" => Kind::Text,
            "histogram" => Kind::Histogram,
            _ => return None,
        })
    }

    pub fn keyword(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Timer => "timer",
            Kind::Text => "text",
            Kind::Histogram => "histogram",
        }
    }
}

/// A metric's declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    pub kind: Kind,
    pub hidden: bool,
    pub name: Name,
    pub exported: Option<Name>,
    pub labels: Vec<Name>,
    pub buckets: Option<(Vec<f64>, Span)>,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    pub kind: ExpressionKind,
    pub span: Span,
    /// How many expressions are in each other, this one included.
    pub depth: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExpressionKind {
    Int(i64),
    Float(f64),
    Text(String),
    Regex(String),
    Capture(String),
    Name(String),
    Index {
        name: Name,
        keys: Vec<Expression>,
    },
    Call {
        name: Name,
        arguments: Vec<Expression>,
    },
    Binary {
        operator: Binary,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    Match {
        negated: bool,
        subject: Box<Expression>,
        pattern: Box<Expression>,
    },
    Complement(Box<Expression>),
    Increment {
        target: Box<Expression>,
        by: i64,
    },
    /// What could not be read; its problem has been told.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    And,
    Or,
    Bits(Bits),
    Compare(Compare),
    Arithmetic(Arithmetic),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    And,
    Or,
    Xor,
    Left,
    Right,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Compare {
    pub fn is_order(self) -> bool {
        !matches!(self, Compare::Equal | Compare::NotEqual)
    }

    /// Whether the comparison holds for two values in this order; NaN is unordered.
    pub fn holds(self, order: Option<std::cmp::Ordering>) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Compare::Less => order == Some(Less),
            Compare::Greater => order == Some(Greater),
            Compare::LessOrEqual => matches!(order, Some(Less | Equal)),
            Compare::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
            Compare::Equal => order == Some(Equal),
            Compare::NotEqual => order != Some(Equal),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl Arithmetic {
    pub fn sign(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
            Arithmetic::Power => "**",
        }
    }
}

//! A program whose names are looked up and whose decorators are written out. Types of metrics are
//! complete only when all of it has been seen, so conversions come later.

use super::types::Typing;
use crate::ast::{Arithmetic, Bits, Compare, Nanoseconds};
use crate::problem::Span;

#[derive(Debug, Clone)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum StepKind {
    If {
        condition: Node,
        then: Vec<Step>,
        otherwise: Vec<Step>,
    },
    Otherwise(Vec<Step>),
    Assign {
        target: Target,
        value: Node,
        adds: bool,
    },
    Delete {
        target: Target,
        after: Option<Nanoseconds>,
    },
    Evaluate(Node),
    Stop,
}

#[derive(Debug, Clone)]
pub struct Target {
    pub metric: usize,
    pub keys: Vec<Node>,
}

#[derive(Debug, Clone)]
pub struct Node {
    pub kind: NodeKind,
    pub typing: Typing,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum NodeKind {
    Int(i64),
    Float(f64),
    Text(String),
    Capture {
        site: usize,
        group: usize,
    },
    Metric(Target),
    Increment {
        target: Target,
        by: i64,
    },
    Arithmetic {
        operator: Arithmetic,
        sides: Box<(Node, Node)>,
    },
    Bits {
        operator: Bits,
        sides: Box<(Node, Node)>,
    },
    Compare {
        operator: Compare,
        sides: Box<(Node, Node)>,
    },
    And(Box<(Node, Node)>),
    Or(Box<(Node, Node)>),
    Complement(Box<Node>),
    /// Against the line where there is no subject.
    Match {
        site: usize,
        subject: Option<Box<Node>>,
        negated: bool,
    },
    Length(Box<Node>),
    Lower(Box<Node>),
    ToInt(Box<Node>),
    ToFloat(Box<Node>),
    ToText(Box<Node>),
    ToBool(Box<Node>),
    Radix(Box<(Node, Node)>),
    Replace(Box<(Node, Node, Node)>),
    ReplacePattern {
        pattern: usize,
        parts: Box<(Node, Node)>,
    },
    ParseTime {
        text: Box<Node>,
        layout: usize,
    },
    SetTime(Box<Node>),
    Timestamp,
    FileName,
    Defined {
        site: usize,
        group: usize,
    },
    Broken,
}

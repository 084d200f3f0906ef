//! A program in the form that runs: names are numbers, types are settled, conversions are written
//! out. Plain data, made by the compiler.

use crate::ast::{Arithmetic, Bits, Compare, Kind, Nanoseconds};
use crate::layout::Layout;

/// A whole program.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// The base name of its file, with the ending: the value of the label `prog`.
    pub name: String,
    pub metrics: Vec<Definition>,
    pub patterns: Vec<Pattern>,
    pub sites: Vec<Site>,
    pub layouts: Vec<Layout>,
    /// The names of the logs whose lines it sees; all of them where the list is empty.
    pub filters: Vec<String>,
    /// What runs once when the program is loaded.
    pub begin: Vec<Statement>,
    /// What runs for each line.
    pub body: Vec<Statement>,
}

/// What a metric is.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The name in the program.
    pub name: String,
    /// The name for the outside, made of letters that are allowed there.
    pub exported: String,
    pub kind: Kind,
    pub value: ValueType,
    pub hidden: bool,
    /// The labels in the order of the keys, with letters that are allowed outside.
    pub labels: Vec<String>,
    /// The bounds of a histogram's buckets as they are exported, without the last, infinite one.
    pub buckets: Vec<f64>,
    /// How many series there may be.
    pub limit: Option<usize>,
    pub position: Position,
}

impl Definition {
    /// Whether it exists from the start, with the value 0.
    pub fn is_born_at_load(&self) -> bool {
        self.labels.is_empty() && matches!(self.kind, Kind::Counter | Kind::Histogram)
    }
}

/// Where a metric's name is in its declaration; columns count bytes from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
    /// The last column, not one past it.
    pub end_column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    Int,
    Float,
    Text,
}

/// A regex in the dialect of the `regex` crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pub regex: String,
    /// The groups that the program uses, in order.
    pub needed: Vec<usize>,
}

/// A place where a pattern is matched. Its captures are known by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    pub pattern: usize,
    /// Whether it is matched against the line and not against a text that is worked out.
    pub on_line: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub action: Action,
    /// The line of the program's text.
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    If {
        condition: Condition,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    SetInt(Target, Int),
    AddInt(Target, Int),
    SetFloat(Target, Float),
    AddFloat(Target, Float),
    SetText(Target, Text),
    AppendText(Target, Text),
    Observe(Target, Float),
    Delete(Target),
    Expire(Target, Nanoseconds),
    EvaluateInt(Int),
    EvaluateFloat(Float),
    EvaluateText(Text),
    EvaluateCondition(Condition),
    ParseTime {
        text: Text,
        layout: usize,
    },
    SetTime(Int),
    SetTimeFloat(Float),
    /// Works the value out, creates the series and fails: types that cannot be stored.
    Refuse(Target, Operand, Refusal),
    Fail(Refusal),
    Stop,
}

/// Why something can never work, known when the program is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    StoreFloatInInt,
    StoreIntInFloat,
    StoreText,
    CountHistogram,
    ReadHistogram,
    BitsOfFloat,
    UseOfBool,
    TimeOfText,
    TimeOfFloat,
}

/// A value of any type, for what it does.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Nothing,
    Int(Int),
    Float(Float),
    Text(Text),
    Condition(Box<Condition>),
}

/// A metric and the values of its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub metric: usize,
    pub labels: Vec<Text>,
}

/// A group of what matched at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    pub site: usize,
    pub group: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    Match(usize),
    NoMatch(usize),
    MatchText(usize, Box<Text>),
    NoMatchText(usize, Box<Text>),
    Both(Box<(Condition, Condition)>),
    Either(Box<(Condition, Condition)>),
    CompareInt(Compare, Box<(Int, Int)>),
    CompareFloat(Compare, Box<(Float, Float)>),
    CompareText(Compare, Box<(Text, Text)>),
    Int(Box<Int>),
    Float(Box<Float>),
    Text(Box<Text>),
    Otherwise,
    Defined(Group),
    Fail(Refusal),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Int {
    Literal(i64),
    Capture(Group),
    Metric(Target),
    /// Adds and gives the new value.
    Increment(Target, i64),
    Arithmetic(Arithmetic, Box<(Int, Int)>),
    Bits(Bits, Box<(Int, Int)>),
    Complement(Box<Int>),
    Length(Box<Text>),
    Parse(Box<Text>),
    ParseRadix(Box<(Text, Int)>),
    Truncate(Box<Float>),
    OfCondition(Box<Condition>),
    Timestamp,
    /// Works the value out and fails.
    Refuse(Box<Operand>, Refusal),
    Fail(Refusal),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Float {
    Literal(f64),
    Capture(Group),
    Metric(Target),
    Increment(Target, f64),
    Arithmetic(Arithmetic, Box<(Float, Float)>),
    Parse(Box<Text>),
    OfInt(Box<Int>),
    Fail(Refusal),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    Literal(Box<str>),
    Capture(Group),
    Metric(Target),
    Concatenate(Box<(Text, Text)>),
    OfInt(Box<Int>),
    OfFloat(Box<Float>),
    Lower(Box<Text>),
    /// What is replaced, by what, and in what.
    Replace(Box<(Text, Text, Text)>),
    ReplacePattern(usize, Box<(Text, Text)>),
    FileName,
    Fail(Refusal),
}

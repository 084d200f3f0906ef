//! Looks up names, writes out decorators, and gives types. What mtail would refuse is an error;
//! what it does by surprise is a warning.

mod call;
pub mod capture;
mod declaration;
mod expression;
mod metric;
mod pattern;
mod scope;
mod statement;
pub mod tree;
pub mod types;

use std::collections::{HashMap, HashSet};

use crate::Options;
use crate::ast::{Block, Declaration, Name};
use crate::layout::Layout;
use crate::parser::Parsed;
use crate::problem::{Problem, Span};
use crate::script::code::Site;
use pattern::Patterns;
use scope::Scopes;
use tree::Step;
use types::{Type, Typing, Variables};

/// Most statements of a program with its decorators written out.
const STEPS_MAX: usize = 50_000;

/// Most times that a program is looked at again because a metric needs a wider type.
const PASSES_MAX: usize = 8;

/// A program that has been checked.
pub struct Checked<'a> {
    pub body: Vec<Step>,
    pub begin: Vec<Step>,
    pub metrics: Vec<Metric<'a>>,
    pub variables: Variables,
    pub patterns: Patterns,
    pub sites: Vec<Site>,
    pub layouts: Vec<Layout>,
    pub filters: Vec<String>,
    pub problems: Vec<Problem>,
}

/// A metric of the program.
pub struct Metric<'a> {
    pub declaration: &'a Declaration,
    pub exported: String,
    pub labels: Vec<String>,
    is_used: bool,
}

struct Constant<'a> {
    name: &'a Name,
    pattern: String,
    is_used: bool,
}

struct Decorator<'a> {
    block: &'a Block,
    scope: usize,
    name: &'a Name,
    is_used: bool,
}

/// A decorator that is being written out.
#[derive(Clone, Copy)]
struct Frame<'a> {
    /// The decorated block; none while the decorator itself is checked.
    block: Option<&'a Block>,
    /// The scope in which the decorator is used.
    scope: usize,
}

struct Checker<'a> {
    options: &'a Options,
    skipped: &'a HashSet<String>,
    scopes: Scopes,
    variables: Variables,
    metrics: Vec<Metric<'a>>,
    constants: Vec<Constant<'a>>,
    decorators: Vec<Decorator<'a>>,
    frames: Vec<Frame<'a>>,
    patterns: Patterns,
    sites: Vec<Site>,
    layouts: Vec<Layout>,
    filters: Vec<String>,
    begin: Vec<Step>,
    problems: Vec<Problem>,
    /// Metrics that hold floats because an earlier pass saw both kinds of numbers.
    wide: HashSet<usize>,
    /// Metrics of whole numbers that were given a float in this pass.
    narrow: HashSet<usize>,
    /// Metrics that were told to hold both kinds of numbers.
    mixed: HashSet<usize>,
    /// Each declaration by its place: a decorator's are seen once for each use.
    declared: HashMap<usize, usize>,
    /// Captures whose numbers lose their text as a label, by the pattern and the group.
    rewritten: HashMap<(usize, usize), Span>,
    /// The type of the keys of each label, by the metric and the label's place.
    keys: HashMap<(usize, usize), Typing>,
    steps: usize,
    depth: usize,
    /// Whether what is checked is a `begin` block.
    is_beginning: bool,
}

/// Checks a program.
pub fn check<'a>(parsed: &'a Parsed, options: &'a Options) -> Checked<'a> {
    let mut wide = HashSet::new();
    let mut passes = 0;
    loop {
        passes += 1;
        let mut checker = Checker::new(options, &parsed.skipped, wide);
        let body = checker.program(&parsed.block);
        let is_last = options.strict || checker.narrow.is_empty() || passes == PASSES_MAX;
        if is_last {
            return checker.finish(body);
        }
        wide = checker.wide;
        wide.extend(checker.narrow);
    }
}

impl<'a> Checker<'a> {
    fn new(options: &'a Options, skipped: &'a HashSet<String>, wide: HashSet<usize>) -> Self {
        Checker {
            options,
            skipped,
            scopes: Scopes::default(),
            variables: Variables::default(),
            metrics: Vec::new(),
            constants: Vec::new(),
            decorators: Vec::new(),
            frames: Vec::new(),
            patterns: Patterns::default(),
            sites: Vec::new(),
            layouts: Vec::new(),
            filters: Vec::new(),
            begin: Vec::new(),
            problems: Vec::new(),
            wide,
            narrow: HashSet::new(),
            mixed: HashSet::new(),
            declared: HashMap::new(),
            rewritten: HashMap::new(),
            keys: HashMap::new(),
            steps: 0,
            depth: 0,
            is_beginning: false,
        }
    }

    fn program(&mut self, block: &'a Block) -> Vec<Step> {
        let body = self.statements(block);
        self.look_for_collisions();
        self.look_at_names();
        self.look_at_types();
        self.look_for_unused();
        self.tell_rewritten();
        body
    }

    fn finish(self, body: Vec<Step>) -> Checked<'a> {
        Checked {
            body,
            begin: self.begin,
            metrics: self.metrics,
            variables: self.variables,
            patterns: self.patterns,
            sites: self.sites,
            layouts: self.layouts,
            filters: self.filters,
            problems: self.problems,
        }
    }

    fn error(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.problems.push(Problem::error(span, message).hint(hint));
    }

    fn warn(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.problems
            .push(Problem::warning(span, message).hint(hint));
    }

    fn look_for_unused(&mut self) {
        let mut unused = Vec::new();
        for metric in self.metrics.iter().filter(|metric| !metric.is_used) {
            unused.push(("metric", &metric.declaration.name));
        }
        for constant in self.constants.iter().filter(|constant| !constant.is_used) {
            unused.push(("constant", constant.name));
        }
        for decorator in self
            .decorators
            .iter()
            .filter(|decorator| !decorator.is_used)
        {
            unused.push(("decorator", decorator.name));
        }
        unused.retain(|(_, name)| !self.skipped.contains(&name.text));
        for (what, name) in unused {
            let problem = Problem::warning(name.span, format!("this {what} is never used"));
            let hint = "mtail refuses a program with an unused name: remove it";
            self.problems.push(problem.hint(hint));
        }
    }

    fn settled(&self, metric: usize) -> Type {
        self.variables.settled(Typing::Metric(metric))
    }
}

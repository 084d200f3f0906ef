//! From tokens to a tree. Every problem of a program is found in one go: after a statement that
//! cannot be read, reading goes on with the next line.

mod declaration;
mod expression;

use std::collections::HashSet;

use crate::ast::{Block, Expression, ExpressionKind, Name, Statement, StatementKind};
use crate::lexer::{BUILTINS, KEYWORDS, Lexer, Token};
use logmetrics_core::did_you_mean::did_you_mean;

use crate::problem::{Problem, Span};

/// The tree, and all that could not be read.
pub struct Parsed {
    pub block: Block,
    pub problems: Vec<Problem>,
    /// Names in statements that were left out: nothing is known of how they are used.
    pub skipped: HashSet<String>,
}

/// What a part of the parser gives, or why it could not.
type Part<T> = Result<T, Box<Problem>>;

/// Reads a program; `depth_max` bounds how deep blocks and expressions may be in each other.
pub fn parse(source: &str, depth_max: usize) -> Parsed {
    let mut lexer = Lexer::new(source);
    let (token, span) = lexer.next();
    let mut parser = Parser {
        source,
        lexer,
        token,
        span,
        last_end: 0,
        depth: 0,
        depth_max,
        constants: HashSet::new(),
        problems: Vec::new(),
        skipped: HashSet::new(),
    };
    let mut block = Block::default();
    loop {
        parser.statements(&mut block);
        if parser.token == Token::End {
            break;
        }
        let problem = Problem::error(parser.span, "this `}` closes nothing");
        parser
            .problems
            .push(problem.hint("remove it, or look for a `{` that is missing above"));
        parser.advance();
    }
    Parsed {
        block,
        problems: parser.problems,
        skipped: parser.skipped,
    }
}

struct Parser<'s> {
    source: &'s str,
    lexer: Lexer<'s>,
    /// The token that is looked at, and where it is.
    token: Token,
    span: Span,
    /// Where the token before it ended.
    last_end: usize,
    /// How many blocks and brackets are open.
    depth: usize,
    depth_max: usize,
    /// Constants declared so far: one may have the name of a newer keyword.
    constants: HashSet<String>,
    problems: Vec<Problem>,
    skipped: HashSet<String>,
}

impl Parser<'_> {
    fn advance(&mut self) -> (Token, Span) {
        self.last_end = self.span.end;
        let (token, span) = self.lexer.next();
        let token = std::mem::replace(&mut self.token, token);
        (token, std::mem::replace(&mut self.span, span))
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.token, Token::Symbol(found) if found == symbol)
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.token, Token::Keyword(found) if found == keyword)
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn skip_newlines(&mut self) {
        while self.token == Token::Newline {
            self.advance();
        }
    }

    /// The token after the one that is looked at.
    fn peek(&self) -> Token {
        let mut lexer = self.lexer;
        lexer.next().0
    }

    /// That something else was expected where the parser is.
    fn expected(&self, what: &str) -> Box<Problem> {
        match &self.token {
            Token::Invalid(problem) => problem.clone(),
            token => {
                let message = format!("expected {what}, but found {}", token.describe());
                Box::new(Problem::error(self.span, message))
            }
        }
    }

    fn expect_symbol(&mut self, symbol: &str, why: &str) -> Part<()> {
        if self.take_symbol(symbol) {
            return Ok(());
        }
        Err(self.expected(&format!("`{symbol}` {why}")))
    }

    /// From `start` to the end of the last token.
    fn since(&self, start: Span) -> Span {
        Span::new(start.start, self.last_end.max(start.end))
    }

    fn deeper(&mut self) -> Part<()> {
        self.depth += 1;
        if self.depth <= self.depth_max {
            return Ok(());
        }
        Err(Box::new(too_deep(self.span, self.depth_max)))
    }

    /// A name that the program gives or uses.
    fn name(&mut self, what: &str) -> Part<Name> {
        match &self.token {
            Token::Name(text) => {
                let name = Name {
                    text: text.clone(),
                    span: self.span,
                };
                self.advance();
                Ok(name)
            }
            Token::Keyword(word) | Token::Builtin(word) => {
                let message = format!("expected {what}, but `{word}` is a word of the language");
                let hint = format!("choose another name, such as `{word}_`");
                Err(Box::new(Problem::error(self.span, message).hint(hint)))
            }
            _ => Err(self.expected(what)),
        }
    }

    /// A name, or a string in its place.
    fn name_or_text(&mut self, what: &str) -> Part<Name> {
        let Token::Text(text) = &self.token else {
            return self.name(what);
        };
        let name = Name {
            text: text.clone(),
            span: self.span,
        };
        self.advance();
        Ok(name)
    }

    /// Statements up to a `}` or the end.
    fn statements(&mut self, block: &mut Block) {
        loop {
            self.skip_newlines();
            if self.token == Token::End || self.is_symbol("}") {
                return;
            }
            let (start, depth) = (self.span, self.depth);
            match self.statement() {
                Ok(kind) => block.statements.push(Statement {
                    kind,
                    span: self.since(start),
                }),
                Err(problem) => {
                    self.problems.push(*problem);
                    self.depth = depth;
                    self.recover(start, block);
                }
            }
        }
    }

    /// Goes on after a statement that could not be read: with the block that its line opens, or
    /// with the next line.
    fn recover(&mut self, start: Span, block: &mut Block) {
        let from = self.last_end.max(start.start);
        let rest = self.source.get(from..).unwrap_or("");
        let length = rest.find('\n').unwrap_or(rest.len());
        self.remember_names(Span::new(start.start, from + length));
        let line = rest.get(..length).unwrap_or("");
        let code = line.split(" #").next().unwrap_or("").trim_end();
        let opens = code.ends_with('{') && self.depth < self.depth_max;
        self.lexer.jump(if opens {
            from + code.len() - 1
        } else {
            from + length
        });
        self.advance();
        self.last_end = from + length;
        if !opens {
            return;
        }
        let depth = self.depth;
        let condition = Expression {
            kind: ExpressionKind::Broken,
            span: start,
            depth: 1,
        };
        match self.condition(condition) {
            Ok(kind) => block.statements.push(Statement { kind, span: start }),
            Err(problem) => self.problems.push(*problem),
        }
        self.depth = depth;
    }

    fn remember_names(&mut self, span: Span) {
        let text = self.source.get(span.start..span.end).unwrap_or("");
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        self.skipped.extend(words.map(str::to_owned));
    }

    fn statement(&mut self) -> Part<StatementKind> {
        let kind = match &self.token {
            Token::Keyword("hidden" | "counter" | "gauge" | "timer" | "text" | "histogram") => {
                StatementKind::Declare(self.declaration()?)
            }
            Token::Keyword("const") => self.constant()?,
            Token::Keyword("del") => self.delete()?,
            Token::Keyword("def") => return self.define(),
            Token::Decorator(_) => return self.decorate(),
            Token::Keyword("otherwise") => return self.otherwise(),
            Token::Keyword("next") => {
                self.advance();
                StatementKind::Next
            }
            Token::Keyword("stop") => {
                self.advance();
                StatementKind::Stop
            }
            Token::Name(name) if name == "log_filter" && self.names_follow() => {
                self.log_filter()?
            }
            Token::Name(name) if name == "begin" && self.is_begin() => {
                self.advance();
                return Ok(StatementKind::Begin(self.block()?));
            }
            Token::Keyword("else") => return Err(self.stray_else()),
            Token::Symbol("{") => return Err(self.stray_block()),
            _ => match self.simple()? {
                StatementKind::Evaluate(condition) if self.is_symbol("{") => {
                    return self.condition(condition);
                }
                other => self.with_effect(other)?,
            },
        };
        self.end_of_statement()?;
        Ok(kind)
    }

    fn stray_else(&self) -> Box<Problem> {
        let problem = Problem::error(self.span, "this `else` belongs to no condition");
        Box::new(problem.hint("`otherwise` takes no `else`, and a condition takes one"))
    }

    fn stray_block(&self) -> Box<Problem> {
        let problem = Problem::error(self.span, "this block belongs to no condition");
        Box::new(problem.hint("put the `{` on the line of the condition"))
    }

    fn names_follow(&self) -> bool {
        matches!(self.peek(), Token::Text(_) | Token::Name(_))
    }

    fn is_begin(&self) -> bool {
        self.peek() == Token::Symbol("{") && !self.constants.contains("begin")
    }

    /// A condition, an assignment, or an expression by itself.
    fn simple(&mut self) -> Part<StatementKind> {
        let target = self.expression()?;
        let adds = self.is_symbol("+=");
        if !adds && !self.is_symbol("=") {
            return Ok(StatementKind::Evaluate(target));
        }
        if !matches!(
            target.kind,
            ExpressionKind::Name(_) | ExpressionKind::Index { .. }
        ) {
            let message = "only a metric can be assigned to";
            let hint = "compare with `==`".to_owned();
            return Err(Box::new(Problem::error(target.span, message).hint(hint)));
        }
        self.advance();
        self.skip_newlines();
        let value = self.expression()?;
        if self.is_symbol("=") || self.is_symbol("+=") {
            let problem = Problem::error(self.span, "an assignment has no value to assign");
            return Err(Box::new(problem.hint("write two assignments")));
        }
        Ok(StatementKind::Assign {
            target,
            value,
            adds,
        })
    }

    /// Refuses an expression that does nothing.
    fn with_effect(&self, kind: StatementKind) -> Part<StatementKind> {
        let StatementKind::Evaluate(expression) = &kind else {
            return Ok(kind);
        };
        match &expression.kind {
            ExpressionKind::Increment { .. } | ExpressionKind::Call { .. } => Ok(kind),
            _ if !matches!(self.token, Token::Newline | Token::End | Token::Symbol("}")) => {
                let mut problem = self.expected("an operator, `{` or the end of the line");
                if matches!(&expression.kind, ExpressionKind::Name(name) if name == "if") {
                    return Err(Box::new(problem.hint("a condition stands without `if`")));
                }
                if let ExpressionKind::Name(name) = &expression.kind {
                    let known = KEYWORDS.iter().chain(BUILTINS).copied();
                    let known = known.chain(["log_filter"]);
                    *problem = problem.clone().maybe_hint(did_you_mean(name, known));
                }
                Err(problem)
            }
            ExpressionKind::Regex(_) => {
                let message = "a pattern alone does nothing";
                let problem = Problem::error(expression.span, message);
                Err(Box::new(
                    problem.hint("write the `{` of its block on the same line"),
                ))
            }
            _ => {
                let problem = Problem::error(expression.span, "this expression has no effect");
                Err(Box::new(
                    problem.hint("a condition has its `{` on the same line"),
                ))
            }
        }
    }

    fn end_of_statement(&mut self) -> Part<()> {
        if matches!(self.token, Token::Newline | Token::End | Token::Symbol("}")) {
            return Ok(());
        }
        let problem = *self.expected("the end of the line");
        Err(Box::new(
            problem.hint_if_none("each statement has its own line"),
        ))
    }

    fn block(&mut self) -> Part<Block> {
        let opened = self.span;
        self.expect_symbol("{", "on the same line, to open a block")?;
        self.deeper()?;
        let mut block = Block::default();
        self.statements(&mut block);
        self.depth = self.depth.saturating_sub(1);
        if !self.take_symbol("}") {
            // What is in it was read, and need not be read again.
            let problem = Problem::error(opened, "this block is never closed");
            self.problems.push(problem.hint("add a `}`"));
        }
        Ok(block)
    }

    /// The blocks of a condition that has been read.
    fn condition(&mut self, condition: Expression) -> Part<StatementKind> {
        let then = self.block()?;
        let before = (self.lexer, self.token.clone(), self.span, self.last_end);
        self.skip_newlines();
        if !self.is_keyword("else") {
            (self.lexer, self.token, self.span, self.last_end) = before;
            return Ok(StatementKind::If {
                condition,
                then,
                otherwise: None,
            });
        }
        self.advance();
        self.skip_newlines();
        if !self.is_symbol("{") {
            let problem = *self.expected("`{` after `else`");
            return Err(Box::new(problem.hint(
                "mtail has no `else if`: write `else {`, and the condition in the block",
            )));
        }
        let otherwise = Some(self.block()?);
        Ok(StatementKind::If {
            condition,
            then,
            otherwise,
        })
    }

    fn otherwise(&mut self) -> Part<StatementKind> {
        self.advance();
        Ok(StatementKind::Otherwise(self.block()?))
    }

    fn define(&mut self) -> Part<StatementKind> {
        self.advance();
        let name = self.name("the decorator's name")?;
        let block = self.block()?;
        Ok(StatementKind::Define { name, block })
    }

    fn decorate(&mut self) -> Part<StatementKind> {
        let (token, span) = self.advance();
        let text = if let Token::Decorator(text) = token {
            text
        } else {
            String::new()
        };
        let block = self.block()?;
        Ok(StatementKind::Decorate {
            name: Name { text, span },
            block,
        })
    }
}

fn too_deep(span: Span, depth_max: usize) -> Problem {
    let message = format!("blocks or expressions stand in each other more than {depth_max} deep");
    Problem::error(span, message).hint("split the expression, or use decorators and hidden metrics")
}

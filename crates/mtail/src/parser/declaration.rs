//! Declarations: metrics, constants, `del`, `log_filter`.

use super::{Parser, Part};
use crate::ast::{Declaration, Kind, Name, StatementKind};
use crate::lexer::Token;

impl Parser<'_> {
    pub(super) fn declaration(&mut self) -> Part<Declaration> {
        let hidden = self.is_keyword("hidden");
        if hidden {
            self.advance();
        }
        let kind = if let Token::Keyword(word) = self.token {
            Kind::of(word)
        } else {
            None
        };
        let Some(kind) = kind else {
            return Err(self.expected("`counter`, `gauge`, `timer`, `text` or `histogram`"));
        };
        self.advance();
        let name = self.name_or_text("the metric's name")?;
        let mut declaration = Declaration {
            kind,
            hidden,
            name,
            exported: None,
            labels: Vec::new(),
            buckets: None,
            limit: None,
        };
        while let Token::Keyword(word) = self.token {
            match word {
                "by" => declaration.labels = self.labels()?,
                "as" => declaration.exported = Some(self.exported()?),
                "buckets" => self.buckets(&mut declaration)?,
                "limit" => declaration.limit = Some(self.limit()?),
                _ => break,
            }
        }
        Ok(declaration)
    }

    fn labels(&mut self) -> Part<Vec<Name>> {
        self.advance();
        let mut labels = vec![self.name_or_text("the name of a label")?];
        while self.take_symbol(",") {
            self.skip_newlines();
            labels.push(self.name_or_text("the name of a label")?);
        }
        Ok(labels)
    }

    fn exported(&mut self) -> Part<Name> {
        self.advance();
        if let Token::Text(text) = &self.token {
            let name = Name {
                text: text.clone(),
                span: self.span,
            };
            self.advance();
            return Ok(name);
        }
        let problem = *self.expected("the exported name");
        Err(Box::new(
            problem.hint("the name after `as` stands in quotes"),
        ))
    }

    fn buckets(&mut self, declaration: &mut Declaration) -> Part<()> {
        let start = self.span;
        self.advance();
        let mut bounds = vec![self.bound()?];
        while self.take_symbol(",") {
            self.skip_newlines();
            bounds.push(self.bound()?);
        }
        declaration.buckets = Some((bounds, self.since(start)));
        Ok(())
    }

    fn bound(&mut self) -> Part<f64> {
        let is_negative = self.take_symbol("-");
        let value = match self.token {
            Token::Int(value) => value as f64,
            Token::Float(value) => value,
            _ => return Err(self.expected("the upper bound of a bucket")),
        };
        self.advance();
        Ok(if is_negative { -value } else { value })
    }

    fn limit(&mut self) -> Part<usize> {
        self.advance();
        let Token::Int(value) = self.token else {
            return Err(self.expected("how many series there may be"));
        };
        self.advance();
        Ok(usize::try_from(value).unwrap_or(usize::MAX))
    }

    pub(super) fn constant(&mut self) -> Part<StatementKind> {
        self.advance();
        let name = self.name("the constant's name")?;
        self.constants.insert(name.text.clone());
        self.skip_newlines();
        let pattern = self.sum()?;
        Ok(StatementKind::Constant { name, pattern })
    }

    pub(super) fn delete(&mut self) -> Part<StatementKind> {
        self.advance();
        let target = self.postfix()?;
        if !self.is_keyword("after") {
            return Ok(StatementKind::Delete {
                target,
                after: None,
            });
        }
        self.advance();
        let Token::Duration(after) = self.token else {
            let problem = *self.expected("a duration");
            return Err(Box::new(
                problem.hint("a duration is like `30s`, `5m`, `24h` or `7d`"),
            ));
        };
        self.advance();
        Ok(StatementKind::Delete {
            target,
            after: Some(after),
        })
    }

    pub(super) fn log_filter(&mut self) -> Part<StatementKind> {
        self.advance();
        let mut names = vec![self.name_or_text("the name of a log")?];
        while self.take_symbol(",") {
            self.skip_newlines();
            names.push(self.name_or_text("the name of a log")?);
        }
        Ok(StatementKind::LogFilter(names))
    }
}

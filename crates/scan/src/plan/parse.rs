//! A pattern's syntax taken apart into [`Piece`]s. Nothing here knows how they are searched for,
//! and nothing decides which of several ways is tried first.
//!
//! The pieces mean what regex-syntax says the pattern means: each single character or class goes
//! through its translator, under the flags that hold at its place. The syntax tree is read rather
//! than the translated form, because only the tree knows the places that a message points at.

use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::{self, HirKind, Look, translate::TranslatorBuilder};

use super::NotPlanned;
use super::class::Class;

/// The most pieces of a pattern, so that `((a{8}){8}){8}` does not grow without bound.
const PIECES_MAX: usize = 512;

/// The most times that more than one character is written out, for `{n}`.
const COPIES_MAX: u32 = 8;

/// U+FFFD, which replaces broken bytes where the regex runs, and is not on the line itself.
const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

/// One part of a pattern, and where it is there, in bytes.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) node: Node,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a part of a pattern asks for.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// These bytes.
    Literal(Vec<u8>),
    /// From `min` to `max` characters of a class.
    Run {
        class: Class,
        min: usize,
        max: usize,
        greedy: bool,
    },
    /// Anything at all, at least `min` (0 or 1) characters.
    Gap { min: usize, greedy: bool },
    /// Nothing, at a place where this holds.
    Look(Look),
    /// The start of a group.
    Open(usize),
    /// The end of a group.
    Close(usize),
    /// One of these, the first that leads to a match.
    Choice(Vec<Vec<Piece>>),
}

impl Piece {
    /// Whether it takes no bytes.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.node, Node::Look(_) | Node::Open(_) | Node::Close(_))
    }

    /// Whether it is a gap or holds one.
    pub(super) fn has_gap(&self) -> bool {
        match &self.node {
            Node::Gap { .. } => true,
            Node::Choice(ways) => ways.iter().flatten().any(Piece::has_gap),
            _ => false,
        }
    }

    fn has_group(&self) -> bool {
        match &self.node {
            Node::Open(_) => true,
            Node::Choice(ways) => ways.iter().flatten().any(Piece::has_group),
            _ => false,
        }
    }
}

/// The pieces of `pattern` in order, and how many groups it has, the whole match included.
pub(super) fn pieces(pattern: &str) -> Result<(Vec<Piece>, usize), NotPlanned> {
    let tree = ast::parse::Parser::new().parse(pattern).map_err(|error| {
        let span = error.span();
        NotPlanned::new(
            pattern,
            span.start.offset,
            span.end.offset,
            "it is no valid pattern",
        )
    })?;
    let mut walk = Walk {
        pattern,
        flags: Flags::default(),
        groups: 1,
        count: 0,
    };
    let mut pieces = Vec::new();
    walk.any(&tree, &mut pieces)?;
    Ok((pieces, walk.groups))
}

/// The flags that hold at a place. (`x` is the parser's business.)
#[derive(Clone, Copy)]
struct Flags {
    case_insensitive: bool,
    multi_line: bool,
    dot_matches_new_line: bool,
    swap_greed: bool,
    unicode: bool,
    crlf: bool,
}

impl Default for Flags {
    fn default() -> Flags {
        Flags {
            case_insensitive: false,
            multi_line: false,
            dot_matches_new_line: false,
            swap_greed: false,
            unicode: true,
            crlf: false,
        }
    }
}

impl Flags {
    fn set(&mut self, flags: &ast::Flags) {
        let mut enable = true;
        for item in &flags.items {
            let flag = match item.kind {
                ast::FlagsItemKind::Negation => {
                    enable = false;
                    continue;
                }
                ast::FlagsItemKind::Flag(ast::Flag::CaseInsensitive) => &mut self.case_insensitive,
                ast::FlagsItemKind::Flag(ast::Flag::MultiLine) => &mut self.multi_line,
                ast::FlagsItemKind::Flag(ast::Flag::DotMatchesNewLine) => {
                    &mut self.dot_matches_new_line
                }
                ast::FlagsItemKind::Flag(ast::Flag::SwapGreed) => &mut self.swap_greed,
                ast::FlagsItemKind::Flag(ast::Flag::Unicode) => &mut self.unicode,
                ast::FlagsItemKind::Flag(ast::Flag::CRLF) => &mut self.crlf,
                ast::FlagsItemKind::Flag(ast::Flag::IgnoreWhitespace) => continue,
            };
            *flag = enable;
        }
    }
}

struct Walk<'p> {
    pattern: &'p str,
    flags: Flags,
    groups: usize,
    count: usize,
}

impl Walk<'_> {
    fn refuse(&self, span: &ast::Span, why: &'static str) -> NotPlanned {
        NotPlanned::new(self.pattern, span.start.offset, span.end.offset, why)
    }

    fn push(
        &mut self,
        node: Node,
        span: &ast::Span,
        out: &mut Vec<Piece>,
    ) -> Result<(), NotPlanned> {
        self.count += 1;
        if self.count > PIECES_MAX {
            return Err(self.refuse(span, "the pattern is too long"));
        }
        let (start, end) = (span.start.offset, span.end.offset);
        out.push(Piece { node, start, end });
        Ok(())
    }

    fn any(&mut self, tree: &Ast, out: &mut Vec<Piece>) -> Result<(), NotPlanned> {
        match tree {
            Ast::Empty(_) => Ok(()),
            Ast::Flags(set) => {
                self.flags.set(&set.flags);
                Ok(())
            }
            Ast::Concat(concat) => concat.asts.iter().try_for_each(|part| self.any(part, out)),
            Ast::Alternation(alternation) => {
                let mut ways = Vec::new();
                for way in &alternation.asts {
                    let mut pieces = Vec::new();
                    self.any(way, &mut pieces)?;
                    ways.push(pieces);
                }
                self.push(Node::Choice(ways), &alternation.span, out)
            }
            Ast::Group(group) => self.group(group, out),
            Ast::Repetition(repetition) => self.repetition(repetition, out),
            Ast::Literal(_)
            | Ast::Dot(_)
            | Ast::Assertion(_)
            | Ast::ClassUnicode(_)
            | Ast::ClassPerl(_)
            | Ast::ClassBracketed(_) => self.single(tree, out),
        }
    }

    fn group(&mut self, group: &ast::Group, out: &mut Vec<Piece>) -> Result<(), NotPlanned> {
        let outer = self.flags;
        let index = match &group.kind {
            ast::GroupKind::CaptureIndex(index) => Some(*index as usize),
            ast::GroupKind::CaptureName { name, .. } => Some(name.index as usize),
            ast::GroupKind::NonCapturing(flags) => {
                self.flags.set(flags);
                None
            }
        };
        if let Some(index) = index {
            self.groups = self.groups.max(index + 1);
            let span = ast::Span::splat(group.span.start);
            self.push(Node::Open(index), &span, out)?;
        }
        self.any(&group.ast, out)?;
        if let Some(index) = index {
            self.push(Node::Close(index), &ast::Span::splat(group.span.end), out)?;
        }
        self.flags = outer;
        Ok(())
    }

    /// What regex-syntax makes of one character, class or assertion here.
    fn translate(&self, tree: &Ast) -> Result<HirKind, NotPlanned> {
        TranslatorBuilder::new()
            .case_insensitive(self.flags.case_insensitive)
            .multi_line(self.flags.multi_line)
            .dot_matches_new_line(self.flags.dot_matches_new_line)
            .unicode(self.flags.unicode)
            .crlf(self.flags.crlf)
            .build()
            .translate(self.pattern, tree)
            .map(hir::Hir::into_kind)
            .map_err(|_| self.refuse(tree.span(), "it is no valid pattern"))
    }

    /// One character, class or assertion.
    fn single(&mut self, tree: &Ast, out: &mut Vec<Piece>) -> Result<(), NotPlanned> {
        let span = tree.span();
        match self.translate(tree)? {
            HirKind::Empty => Ok(()),
            HirKind::Literal(hir::Literal(bytes)) => {
                if *bytes == *REPLACEMENT {
                    return Err(self.refuse(span, "U+FFFD stands for broken bytes too"));
                }
                if let Some(Piece {
                    node: Node::Literal(text),
                    end,
                    ..
                }) = out.last_mut()
                {
                    text.extend_from_slice(&bytes);
                    *end = span.end.offset;
                    return Ok(());
                }
                self.push(Node::Literal(bytes.to_vec()), span, out)
            }
            HirKind::Class(class) => {
                let class = Class::new(&class).counted();
                self.push(
                    Node::Run {
                        class,
                        min: 1,
                        max: 1,
                        greedy: true,
                    },
                    span,
                    out,
                )
            }
            HirKind::Look(Look::StartCRLF | Look::EndCRLF) => {
                Err(self.refuse(span, "under the flag `R` a carriage return ends a line too"))
            }
            HirKind::Look(look) => self.push(Node::Look(look), span, out),
            HirKind::Repetition(_)
            | HirKind::Capture(_)
            | HirKind::Concat(_)
            | HirKind::Alternation(_) => Err(self.refuse(span, "it is more than one character")),
        }
    }

    /// The class of the one character that `tree` asks for, if it does just that.
    fn class(&self, tree: &Ast) -> Result<Option<Class>, NotPlanned> {
        if let Ast::Literal(_)
        | Ast::Dot(_)
        | Ast::ClassUnicode(_)
        | Ast::ClassPerl(_)
        | Ast::ClassBracketed(_) = tree
        {
            return Ok(match self.translate(tree)? {
                HirKind::Literal(hir::Literal(bytes)) => match *bytes {
                    [byte] => Some(Class::of_byte(byte)),
                    _ => None,
                },
                HirKind::Class(class) => Some(Class::new(&class)),
                _ => None,
            });
        }
        Ok(None)
    }

    fn repetition(
        &mut self,
        repetition: &ast::Repetition,
        out: &mut Vec<Piece>,
    ) -> Result<(), NotPlanned> {
        let (min, max) = bounds(&repetition.op.kind);
        let greedy = repetition.greedy != self.flags.swap_greed;
        let span = &repetition.span;
        if let Some(class) = self.class(bare(&repetition.ast))? {
            return self.run(class, (min, max), greedy, span, out);
        }
        let mut once = Vec::new();
        self.any(&repetition.ast, &mut once)?;
        match (min, max) {
            (_, Some(0)) => Ok(()),
            (0, Some(1)) => {
                let ways = if greedy {
                    vec![once, vec![]]
                } else {
                    vec![vec![], once]
                };
                self.push(Node::Choice(ways), span, out)
            }
            (1, Some(1)) => {
                out.extend(once);
                Ok(())
            }
            (min, Some(max)) if min == max && max <= COPIES_MAX => {
                if once.iter().any(Piece::has_group) {
                    return Err(self.refuse(span, "it repeats a group that is captured"));
                }
                self.count += once.len() * max as usize;
                if self.count > PIECES_MAX {
                    return Err(self.refuse(span, "the pattern is too long"));
                }
                (0..max).for_each(|_| out.extend(once.iter().cloned()));
                Ok(())
            }
            _ => Err(self.refuse(span, "it repeats more than one character")),
        }
    }

    fn run(
        &mut self,
        class: Class,
        (min, max): (u32, Option<u32>),
        greedy: bool,
        span: &ast::Span,
        out: &mut Vec<Piece>,
    ) -> Result<(), NotPlanned> {
        let least = min as usize;
        let node = match max {
            Some(0) => return Ok(()),
            None if class.is_any() && min <= 1 => Node::Gap { min: least, greedy },
            None if class.is_any() => {
                // `.{2,}` is `.{2}.*`, and prefers what that prefers.
                let class = class.counted();
                let run = Node::Run {
                    class,
                    min: least,
                    max: least,
                    greedy,
                };
                self.push(run, span, out)?;
                Node::Gap { min: 0, greedy }
            }
            None if min <= 1 => Node::Run {
                class,
                min: least,
                max: usize::MAX,
                greedy,
            },
            _ => {
                let max = max.map_or(usize::MAX, |max| max as usize);
                Node::Run {
                    class: class.counted(),
                    min: least,
                    max,
                    greedy,
                }
            }
        };
        self.push(node, span, out)
    }
}

/// `(?:a)` is `a`, where the group sets no flags.
fn bare(tree: &Ast) -> &Ast {
    match tree {
        Ast::Group(group) => match &group.kind {
            ast::GroupKind::NonCapturing(flags) if flags.items.is_empty() => bare(&group.ast),
            _ => tree,
        },
        _ => tree,
    }
}

fn bounds(kind: &ast::RepetitionKind) -> (u32, Option<u32>) {
    match kind {
        ast::RepetitionKind::ZeroOrOne => (0, Some(1)),
        ast::RepetitionKind::ZeroOrMore => (0, None),
        ast::RepetitionKind::OneOrMore => (1, None),
        ast::RepetitionKind::Range(ast::RepetitionRange::Exactly(count)) => (*count, Some(*count)),
        ast::RepetitionKind::Range(ast::RepetitionRange::AtLeast(min)) => (*min, None),
        ast::RepetitionKind::Range(ast::RepetitionRange::Bounded(min, max)) => (*min, Some(*max)),
    }
}

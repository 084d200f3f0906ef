//! What a line must contain for a pattern to match, whether the pattern is planned or not. It may
//! only let through too much; it never decides that a line matches.

use memchr::memmem;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind};

/// The most texts of which one must be there.
const ALTERNATIVES_MAX: usize = 64;

/// The shortest text of a prefix that is worth a search.
const PREFIX_BYTES_MIN: usize = 2;

/// Texts that every matching line contains: of each set at least one. A line that contains none of
/// a set cannot match, and neither can its copy with broken bytes replaced by U+FFFD.
///
/// A pattern of which nothing is known has no set, and lets every line through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Required {
    /// All of these sets: those of one text first, longest first. No set is empty, and neither is a
    /// text; no text of a set contains another of it.
    pub all: Vec<Vec<Vec<u8>>>,
}

impl Required {
    /// Whether `line` can match: the plain meaning, one search after another.
    pub fn allows(&self, line: &[u8]) -> bool {
        self.all
            .iter()
            .all(|any| any.iter().any(|text| memmem::find(line, text).is_some()))
    }

    /// The texts that are required without alternative, longest first.
    pub fn certain(&self) -> Vec<Vec<u8>> {
        let lone = |any: &Vec<Vec<u8>>| match any.as_slice() {
            [text] => Some(text.clone()),
            _ => None,
        };
        self.all.iter().filter_map(lone).collect()
    }
}

/// What `pattern` requires; nothing where it is no valid pattern.
pub fn required(pattern: &str) -> Required {
    let Ok(hir) = regex_syntax::parse(pattern) else {
        return Required::default();
    };
    let mut all = sets(&hir);
    if all
        .iter()
        .flatten()
        .all(|text| text.len() < PREFIX_BYTES_MIN)
    {
        all.extend(prefixes(&hir));
    }
    all.sort_by(|one, other| weight(other).cmp(&weight(one)).then_with(|| one.cmp(other)));
    // A set that is implied by a better one is one search too many.
    let mut kept: Vec<Vec<Vec<u8>>> = Vec::new();
    for set in all {
        if !kept.iter().any(|better| implies(better, &set)) {
            kept.push(set);
        }
    }
    Required { all: kept }
}

/// How much a set says: few and long texts say most.
fn weight(set: &[Vec<u8>]) -> (bool, usize) {
    (set.len() == 1, set.iter().map(Vec::len).min().unwrap_or(0))
}

/// Whether each text of `better` contains one of `set`.
fn implies(better: &[Vec<u8>], set: &[Vec<u8>]) -> bool {
    better
        .iter()
        .all(|text| set.iter().any(|part| memmem::find(text, part).is_some()))
}

fn sets(hir: &Hir) -> Vec<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) => pieces(&literal.0)
            .into_iter()
            .map(|text| vec![text])
            .collect(),
        HirKind::Capture(capture) => sets(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => sets(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().flat_map(sets).collect(),
        HirKind::Alternation(ways) => either(ways).into_iter().collect(),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => vec![],
    }
}

/// One set for alternatives: the best of each.
fn either(ways: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for way in ways {
        let best = sets(way).into_iter().max_by_key(|set| weight(set))?;
        all.extend(best);
        if all.len() > ALTERNATIVES_MAX {
            return None;
        }
    }
    Some(shortest(all))
}

/// `texts` without those that contain another.
fn shortest(mut texts: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    texts.sort_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for text in texts {
        if !kept.iter().any(|part| memmem::find(&text, part).is_some()) {
            kept.push(text);
        }
    }
    kept
}

/// `literal` without U+FFFD, which replaces broken bytes that are not written so on the line.
fn pieces(literal: &[u8]) -> Vec<Vec<u8>> {
    let replacement = "\u{FFFD}".as_bytes();
    let mut pieces = Vec::new();
    let mut rest = literal;
    while let Some(at) = memmem::find(rest, replacement) {
        pieces.push(rest[..at].to_vec());
        rest = &rest[at + replacement.len()..];
    }
    pieces.push(rest.to_vec());
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The texts that a match can begin with, for patterns such as `(?i)error`.
fn prefixes(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let sequence = Extractor::new().limit_total(ALTERNATIVES_MAX).extract(hir);
    let mut all = Vec::new();
    for literal in sequence.literals()? {
        // The extractor may cut inside a character, and the first bytes of U+FFFD must not be
        // taken for text.
        std::str::from_utf8(literal.as_bytes()).ok()?;
        let best = pieces(literal.as_bytes())
            .into_iter()
            .max_by_key(Vec::len)?;
        if best.len() < PREFIX_BYTES_MIN {
            return None;
        }
        all.push(best);
    }
    (!all.is_empty()).then(|| shortest(all))
}

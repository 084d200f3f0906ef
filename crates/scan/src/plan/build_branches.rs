//! Pieces into branches: which alternatives become patterns of their own, where the gaps cut,
//! how each run ends and what each segment is searched by. Nothing here sees a line.

use regex_syntax::hir::Look;

use super::NotPlanned;
use super::branch::{Anchor, Branch, Gap, Lead, Part, SEGMENTS_MAX};
use super::class::{Class, Member};
use super::parse::{Node, Piece};
use super::segment::{Ending, Op, Run, Segment};
use super::text::Text;

/// The most branches: each is a search of its own.
const BRANCHES_MAX: usize = 8;

/// The branches of a pattern, in their order of preference.
pub(super) fn branches(pattern: &str, pieces: Vec<Piece>) -> Result<Vec<Branch>, NotPlanned> {
    let mut flat = Vec::new();
    spread(pattern, pieces, &mut flat)?;
    flat.into_iter()
        .map(|pieces| branch(pattern, pieces))
        .collect()
}

fn refuse(pattern: &str, pieces: &[Piece], why: &'static str) -> NotPlanned {
    let start = pieces.iter().map(|piece| piece.start).min().unwrap_or(0);
    let end = pieces
        .iter()
        .map(|piece| piece.end)
        .max()
        .unwrap_or(pattern.len());
    NotPlanned::new(pattern, start, end, why)
}

/// Makes branches of alternatives with nothing before them, where they cannot be tried in place:
/// where one has a gap, or where the match may start anywhere.
fn spread(pattern: &str, pieces: Vec<Piece>, out: &mut Vec<Vec<Piece>>) -> Result<(), NotPlanned> {
    let lead = pieces.iter().take_while(|piece| piece.is_empty()).count();
    if let (before, [choice, after @ ..]) = pieces.split_at(lead)
        && let Node::Choice(ways) = &choice.node
        && (choice.has_gap() || !before.iter().any(is_start))
    {
        for way in ways {
            let whole = [before, way, after].concat();
            spread(pattern, whole, out)?;
        }
        return Ok(());
    }
    if out.len() == BRANCHES_MAX {
        return Err(refuse(
            pattern,
            &pieces,
            "there are too many alternatives at the start",
        ));
    }
    out.push(pieces);
    Ok(())
}

fn is_start(piece: &Piece) -> bool {
    matches!(piece.node, Node::Look(Look::Start | Look::StartLF))
}

fn branch(pattern: &str, pieces: Vec<Piece>) -> Result<Branch, NotPlanned> {
    let inner = |piece: &&Piece| matches!(piece.node, Node::Choice(_)) && piece.has_gap();
    if let Some(choice) = pieces.iter().find(inner) {
        let why = "an alternative or an optional part has a gap in it";
        return Err(refuse(pattern, std::slice::from_ref(choice), why));
    }
    let mut gap = None;
    let mut parts = Vec::new();
    for segment in pieces.split_inclusive(|piece| matches!(piece.node, Node::Gap { .. })) {
        let (next, own) = match segment.split_last() {
            Some((
                Piece {
                    node: Node::Gap { min, greedy },
                    ..
                },
                own,
            )) => (
                Some(Gap {
                    min: *min,
                    greedy: *greedy,
                }),
                own,
            ),
            _ => (None, segment),
        };
        parts.push((gap, part(pattern, segment, own)?));
        gap = next;
    }
    if gap.is_some() || parts.is_empty() {
        parts.push((gap, part(pattern, &[], &[])?));
    }
    if parts.len() > SEGMENTS_MAX {
        return Err(refuse(pattern, &pieces, "there are too many gaps"));
    }
    let mut parts = parts.into_iter();
    let Some((_, head)) = parts.next() else {
        return Err(refuse(pattern, &pieces, "it is empty"));
    };
    let tail: Vec<(Gap, Part)> = parts.filter_map(|(gap, part)| Some((gap?, part))).collect();
    let lazy = tail.iter().all(|(gap, _)| !gap.greedy);
    let backwards = head.segment.has_whole_groups()
        && (tail.iter()).all(|(gap, part)| gap.greedy && part.is_found_backwards());
    Ok(Branch {
        head,
        tail,
        lazy,
        backwards,
    })
}

/// The part whose own pieces are `own`; `shown` is what a message points at.
fn part(pattern: &str, shown: &[Piece], own: &[Piece]) -> Result<Part, NotPlanned> {
    let (anchor, index) = anchor(own)
        .map_err(|why| refuse(pattern, if own.is_empty() { shown } else { own }, why))?;
    let mut ops = Vec::new();
    emit(own, &Next::end(), &mut ops);
    let least = own.iter().skip(index).map(least).sum();
    let next = Next::of(own, &Next::end());
    let first_bytes = (matches!(anchor, Anchor::Start) && !next.empty).then_some(next.first);
    Ok(Part {
        segment: Segment::new(ops),
        anchor,
        least,
        first_bytes,
    })
}

/// What a segment is searched by, and the index of the piece that is found there.
fn anchor(pieces: &[Piece]) -> Result<(Anchor, usize), &'static str> {
    let mut width = 0;
    let mut looks = false;
    let mut run = None;
    for (index, piece) in pieces.iter().enumerate() {
        match &piece.node {
            Node::Open(_) | Node::Close(_) => {}
            Node::Look(Look::Start | Look::StartLF) if width == 0 && run.is_none() => {
                return Ok((Anchor::Start, index));
            }
            Node::Look(Look::End | Look::EndLF) if width == 0 && run.is_none() => {
                return Ok((Anchor::End, index));
            }
            Node::Look(_) if run.is_some() => return Err(CLASS),
            Node::Look(_) => looks = true,
            Node::Literal(text) => {
                let lead = match run {
                    None => Lead::Bytes(width),
                    Some((class, min, max)) => {
                        let closed = |class: &Class| {
                            text.first()
                                .is_some_and(|byte| class.member(*byte) == Member::Out)
                        };
                        if !closed(&class) {
                            return Err(CLASS);
                        }
                        Lead::Run { class, min, max }
                    }
                };
                let text = Box::new(Text::new(text));
                return Ok((Anchor::Text { text, lead }, index));
            }
            Node::Run { min, max, .. } if min == max && run.is_none() => width += min,
            Node::Run {
                class, min, max, ..
            } if width == 0 && !looks && run.is_none() => {
                run = Some((class.clone(), *min, *max));
            }
            Node::Run { .. } => return Err(CLASS),
            Node::Choice(_) => return Err("no fixed text stands before these alternatives"),
            Node::Gap { .. } => return Err("a gap in a segment"),
        }
    }
    if width == 0 && !looks && run.is_none() {
        Ok((Anchor::Anywhere, 0))
    } else {
        Err("no fixed text is there to search for")
    }
}

/// Why a segment that begins with a class is refused.
const CLASS: &str = "no fixed text that ends this class stands next to it, so its start is unknown";

/// The least bytes a piece takes.
fn least(piece: &Piece) -> usize {
    match &piece.node {
        Node::Literal(text) => text.len(),
        Node::Run { min, .. } => *min,
        Node::Gap { .. } | Node::Look(_) | Node::Open(_) | Node::Close(_) => 0,
        Node::Choice(ways) => ways
            .iter()
            .map(|way| way.iter().map(least).sum())
            .min()
            .unwrap_or(0),
    }
}

/// What can follow a place in a segment.
#[derive(Clone)]
struct Next {
    /// The bytes it can begin with.
    first: Box<[bool; 256]>,
    /// Whether it may take no byte at all.
    empty: bool,
    /// Whether it takes no byte and asks for nothing, to the segment's end.
    last: bool,
}

impl Next {
    /// The end of a segment.
    fn end() -> Next {
        Next {
            first: Box::new([false; 256]),
            empty: true,
            last: true,
        }
    }

    /// `piece`, and after it `after`.
    fn before(piece: &Piece, after: &Next) -> Next {
        let nothing = || Box::new([false; 256]);
        match &piece.node {
            Node::Literal(text) => {
                let mut first = nothing();
                if let Some(byte) = text.first() {
                    first[usize::from(*byte)] = true;
                }
                Next {
                    first,
                    empty: false,
                    last: false,
                }
            }
            Node::Run { class, min, .. } => {
                let mut first = if *min == 0 {
                    after.first.clone()
                } else {
                    nothing()
                };
                for (byte, can) in (0..=u8::MAX).zip(first.iter_mut()) {
                    *can |= class.member(byte) != Member::Out;
                }
                Next {
                    first,
                    empty: *min == 0 && after.empty,
                    last: false,
                }
            }
            // Behind the line's end there is no byte, and before it there is one.
            Node::Look(Look::End | Look::EndLF) => Next {
                first: nothing(),
                empty: false,
                last: false,
            },
            Node::Look(_) => Next {
                last: false,
                ..after.clone()
            },
            Node::Open(_) | Node::Close(_) | Node::Gap { .. } => after.clone(),
            Node::Choice(ways) => {
                let mut all = Next {
                    first: nothing(),
                    empty: false,
                    last: false,
                };
                for way in ways {
                    let next = Next::of(way, after);
                    all.empty |= next.empty;
                    for (can, also) in all.first.iter_mut().zip(next.first.iter()) {
                        *can |= also;
                    }
                }
                all
            }
        }
    }

    /// `pieces`, and after them `after`.
    fn of(pieces: &[Piece], after: &Next) -> Next {
        pieces
            .iter()
            .rev()
            .fold(after.clone(), |next, piece| Next::before(piece, &next))
    }
}

/// Writes the steps for `pieces`, after which is `after`.
fn emit(pieces: &[Piece], after: &Next, ops: &mut Vec<Op>) {
    for (index, piece) in pieces.iter().enumerate() {
        let next = || Next::of(pieces.get(index + 1..).unwrap_or_default(), after);
        match &piece.node {
            Node::Literal(text) => ops.push(match text.as_slice() {
                [byte] => Op::Byte(*byte),
                _ => Op::Literal(text.clone().into()),
            }),
            Node::Run {
                class,
                min,
                max,
                greedy,
            } => {
                ops.push(Op::Run(run(class, (*min, *max), *greedy, &next())));
            }
            Node::Look(look) => ops.push(Op::Look(*look)),
            Node::Open(group) => ops.push(Op::Open(*group)),
            Node::Close(group) => ops.push(Op::Close(*group)),
            Node::Choice(ways) => choice(ways, &next(), ops),
            Node::Gap { .. } => {}
        }
    }
}

fn choice(ways: &[Vec<Piece>], after: &Next, ops: &mut Vec<Op>) {
    let place = ops.len();
    ops.push(Op::Jump(place + 1));
    let mut starts = Vec::new();
    let mut jumps = Vec::new();
    for way in ways {
        starts.push(ops.len());
        emit(way, after, ops);
        jumps.push(ops.len());
        ops.push(Op::Jump(0));
    }
    let end = ops.len();
    for jump in jumps {
        ops[jump] = Op::Jump(end);
    }
    // Groups are numbered as they open, so those inside are next to each other.
    let groups = ops[place..].iter().filter_map(|op| match op {
        Op::Open(group) => Some(*group),
        _ => None,
    });
    let groups = match (groups.clone().min(), groups.max()) {
        (Some(first), Some(last)) => first..last + 1,
        _ => 0..0,
    };
    ops[place] = Op::Choice {
        ways: starts,
        groups,
    };
}

fn run(class: &Class, (min, max): (usize, usize), greedy: bool, next: &Next) -> Run {
    let mut class = class.clone();
    let overlaps =
        (0..=u8::MAX).any(|byte| class.member(byte) == Member::In && next.first[usize::from(byte)]);
    let ending = if min == max || (!next.empty && !overlaps) {
        Ending::Closed
    } else if next.last {
        if !greedy {
            class = class.counted();
        }
        Ending::Last
    } else {
        Ending::Open {
            first: next.first.clone(),
            empty: next.empty,
        }
    };
    Run {
        class,
        min,
        max,
        greedy,
        ending,
    }
}

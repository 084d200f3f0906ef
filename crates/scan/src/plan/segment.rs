//! One segment of a pattern, the part between two gaps, tried at one place. Where to try it, and
//! what the gaps around it swallow, is decided in `branch.rs`.
//!
//! This is backtracking, the plain meaning of "leftmost-first": ways are tried in the order of the
//! pattern and the first that ends at or before `limit` wins. It is short only because most choices
//! are settled without trying (see [`Ending`]).

use std::ops::Range;

use regex_syntax::hir::Look;

use super::class::Class;
use super::groups::Groups;
use crate::short_bytes::begins;

/// A line, and how much work may still be spent on it.
pub(super) struct Scan<'l> {
    pub(super) line: &'l [u8],
    left: usize,
}

impl<'l> Scan<'l> {
    /// For `line`, with work for a few passes over it: beyond that the regex is the better way.
    pub(super) fn new(line: &'l [u8]) -> Scan<'l> {
        Scan {
            line,
            left: line.len().saturating_mul(8).saturating_add(4096),
        }
    }

    /// Takes `work` bytes and a step off what is left; `false` where there is not that much.
    #[inline]
    pub(super) fn spend(&mut self, work: usize) -> bool {
        match self.left.checked_sub(work + 1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// Whether a character surely starts at `place`: no byte that goes on with one is there.
    #[inline]
    pub(super) fn is_boundary(&self, place: usize) -> bool {
        self.line.get(place).is_none_or(|byte| byte & 0xC0 != 0x80)
    }
}

/// What was found at a place, or from a place on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SegmentMatch {
    /// A match from here to there.
    At(usize, usize),
    /// Surely none.
    Nowhere,
    /// Nobody knows but the regex.
    Unsure,
}

/// Where a match ends, or why there is none. It goes through registers.
pub(super) type End = Result<usize, Miss>;

/// No match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Miss {
    /// Surely none.
    Nowhere,
    /// Nobody knows but the regex.
    Unsure,
}

impl SegmentMatch {
    /// What starts at `start` and ends there.
    #[inline(always)]
    fn new(start: usize, end: End) -> SegmentMatch {
        match end {
            Ok(end) => SegmentMatch::At(start, end),
            Err(Miss::Nowhere) => SegmentMatch::Nowhere,
            Err(Miss::Unsure) => SegmentMatch::Unsure,
        }
    }
}

/// One step of a segment.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// These bytes.
    Literal(Box<[u8]>),
    /// This byte, which is worth no call.
    Byte(u8),
    /// A run over a class.
    Run(Run),
    /// Nothing, where this holds.
    Look(Look),
    /// A group starts.
    Open(usize),
    /// A group ends.
    Close(usize),
    /// Go on at the first of these that leads to a match; each way sets only these groups.
    Choice {
        ways: Vec<usize>,
        groups: Range<usize>,
    },
    /// Go on there.
    Jump(usize),
}

/// A run of `min` to `max` characters of a class.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) class: Class,
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) greedy: bool,
    pub(super) ending: Ending,
}

/// How it is known where a run ends.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    /// Only its longest form can be followed by what follows: `[^"]*"`.
    Closed,
    /// Nothing follows in the segment: as long as there is room, or as short as may be.
    Last,
    /// It has to be tried, at the line's end and at places whose byte what follows can begin with,
    /// or at every place where what follows may be empty and ask for no end.
    Open {
        first: Box<[bool; 256]>,
        empty: bool,
    },
}

/// The steps of a segment. They only go forward, so each is done at most once on a way.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    ops: Vec<Op>,
    /// The same in short, where it is of the usual form.
    usual: Option<Usual>,
    /// Whether it is made of texts and closed runs, after a text, and runs are so short that they are
    /// likely to be the same again.
    reads_its_match_alone: bool,
}

/// The most characters of a run that is likely to be the same on the next line.
const RUN_MAX: usize = 8;

/// A text, a run with a group around it, and perhaps another text: `user=(\S+) `. The first text is
/// what the segment is searched by.
#[derive(Debug, Clone)]
struct Usual {
    group: Option<usize>,
    run: Run,
    behind: Behind,
}

/// What follows a run.
#[derive(Debug, Clone)]
enum Behind {
    Nothing,
    Byte(u8),
    Text(Box<[u8]>),
}

impl Usual {
    fn new(ops: &[Op]) -> Option<Usual> {
        let [Op::Literal(_) | Op::Byte(_), rest @ ..] = ops else {
            return None;
        };
        let (group, run, rest) = match rest {
            [Op::Open(open), Op::Run(run), Op::Close(close), rest @ ..] if open == close => {
                (Some(*open), run, rest)
            }
            [Op::Run(run), rest @ ..] => (None, run, rest),
            _ => return None,
        };
        let is_plain = match run.ending {
            Ending::Closed => true,
            Ending::Last => run.greedy,
            Ending::Open { .. } => false,
        };
        let behind = match rest {
            [] => Behind::Nothing,
            [Op::Byte(byte)] => Behind::Byte(*byte),
            [Op::Literal(text)] => Behind::Text(text.clone()),
            _ => return None,
        };
        let run = run.clone();
        is_plain.then_some(Usual { group, run, behind })
    }

    /// [`Segment::behind`], from `next` on.
    #[inline(always)]
    fn end<G: Groups>(&self, scan: &mut Scan, next: usize, limit: usize, groups: &mut G) -> End {
        let mut end = match self.run.ending {
            Ending::Closed => self.run.longest(scan, next, scan.line.len())?,
            _ => self.run.fill(scan, next, limit)?,
        };
        if let Some(group) = self.group {
            groups.set(group, next, end);
        }
        match &self.behind {
            Behind::Nothing => {}
            Behind::Byte(byte) if scan.line.get(end) == Some(byte) => end += 1,
            Behind::Text(text) if scan.line.get(end..).is_some_and(|rest| begins(rest, text)) => {
                end += text.len();
            }
            Behind::Byte(_) | Behind::Text(_) => return Err(Miss::Nowhere),
        }
        if end <= limit {
            Ok(end)
        } else {
            Err(Miss::Nowhere)
        }
    }
}

impl Segment {
    /// A segment of these steps.
    pub(super) fn new(ops: Vec<Op>) -> Segment {
        let usual = Usual::new(&ops);
        let starts_with_text = matches!(ops.first(), Some(Op::Literal(_) | Op::Byte(_)));
        let is_plain = |op: &Op| match op {
            Op::Literal(_) | Op::Byte(_) | Op::Open(_) | Op::Close(_) => true,
            Op::Run(run) => matches!(run.ending, Ending::Closed) && run.max <= RUN_MAX,
            Op::Look(_) | Op::Choice { .. } | Op::Jump(_) => false,
        };
        Segment {
            reads_its_match_alone: starts_with_text && ops.iter().all(is_plain),
            ops,
            usual,
        }
    }

    /// Whether what it matches on one line it matches wherever the same bytes are.
    #[inline]
    pub(super) fn reads_its_match_alone(&self) -> bool {
        self.reads_its_match_alone
    }

    /// Tries the segment at `place`; the match must end at or before `limit`.
    pub(super) fn at<G: Groups>(
        &self,
        scan: &mut Scan,
        place: usize,
        limit: usize,
        groups: &mut G,
    ) -> SegmentMatch {
        if place > limit {
            return SegmentMatch::Nowhere;
        }
        if !scan.is_boundary(place) {
            return SegmentMatch::Unsure;
        }
        SegmentMatch::new(place, self.from(scan, 0, place, limit, groups))
    }

    /// [`Segment::at`] where the segment's first step, a text, is known to reach from `place` to
    /// `next`.
    #[inline]
    pub(super) fn behind<G: Groups>(
        &self,
        scan: &mut Scan,
        (place, next): (usize, usize),
        limit: usize,
        groups: &mut G,
    ) -> SegmentMatch {
        let end = match &self.usual {
            Some(usual) => usual.end(scan, next, limit, groups),
            None => self.from(scan, 1, next, limit, groups),
        };
        SegmentMatch::new(place, end)
    }

    /// Whether the segment's first step is a text.
    pub(super) fn starts_with_text(&self) -> bool {
        matches!(self.ops.first(), Some(Op::Literal(_) | Op::Byte(_)))
    }

    /// Whether each group that starts here also ends here, and the other way round.
    pub(super) fn has_whole_groups(&self) -> bool {
        let mut open = Vec::new();
        let is_whole = self.ops.iter().all(|op| match op {
            Op::Open(group) => {
                open.push(*group);
                true
            }
            Op::Close(group) => open.pop() == Some(*group),
            _ => true,
        });
        is_whole && open.is_empty()
    }

    /// Whether each match sets this group. False says nothing.
    pub(super) fn surely_sets(&self, group: usize) -> bool {
        let is_certain = |op: &&Op| !matches!(op, Op::Choice { .. } | Op::Jump(_));
        let mut certain = self.ops.iter().take_while(is_certain);
        certain.any(|op| matches!(op, Op::Open(open) if *open == group))
    }

    /// Goes on with the step `next` at `place`. It calls itself for each open choice only, of
    /// which a pattern has few.
    fn from<G: Groups>(
        &self,
        scan: &mut Scan,
        mut next: usize,
        mut place: usize,
        limit: usize,
        groups: &mut G,
    ) -> End {
        while let Some(op) = self.ops.get(next) {
            next += 1;
            match op {
                Op::Literal(text) => {
                    let begins = |rest| begins(rest, text);
                    if !scan.line.get(place..).is_some_and(begins) {
                        return Err(Miss::Nowhere);
                    }
                    place += text.len();
                }
                Op::Byte(byte) => {
                    if scan.line.get(place) != Some(byte) {
                        return Err(Miss::Nowhere);
                    }
                    place += 1;
                }
                Op::Run(run) => {
                    place = match &run.ending {
                        Ending::Closed => run.longest(scan, place, scan.line.len())?,
                        Ending::Last if run.greedy => run.fill(scan, place, limit)?,
                        Ending::Last => run.shortest(scan, place)?,
                        Ending::Open { first, empty } => {
                            let follows = (&**first, *empty);
                            return self.open(scan, (next, run), follows, (place, limit), groups);
                        }
                    };
                }
                Op::Look(look) => match holds(*look, scan.line, place) {
                    Some(true) => {}
                    Some(false) => return Err(Miss::Nowhere),
                    None => return Err(Miss::Unsure),
                },
                Op::Open(group) => groups.open(*group, place),
                Op::Close(group) => groups.close(*group, place),
                Op::Jump(to) => next = *to,
                Op::Choice { ways, groups: own } => {
                    for way in ways {
                        groups.clear(own);
                        if !scan.spend(0) {
                            return Err(Miss::Unsure);
                        }
                        match self.from(scan, *way, place, limit, groups) {
                            Err(Miss::Nowhere) => {}
                            other => return other,
                        }
                    }
                    return Err(Miss::Nowhere);
                }
            }
        }
        if place <= limit {
            Ok(place)
        } else {
            Err(Miss::Nowhere)
        }
    }

    /// Tries the ends of an open run in order of preference.
    fn open<G: Groups>(
        &self,
        scan: &mut Scan,
        (next, run): (usize, &Run),
        (first, empty): (&[bool; 256], bool),
        (place, limit): (usize, usize),
        groups: &mut G,
    ) -> End {
        let longest = run.longest(scan, place, limit)?;
        let shortest = place + run.min;
        let mut steps = shortest..longest + 1;
        while let Some(end) = if run.greedy {
            steps.next_back()
        } else {
            steps.next()
        } {
            if !scan.spend(0) {
                return Err(Miss::Unsure);
            }
            // At the line's end there is no byte to judge by, and `$` may be all that follows.
            let byte = scan.line.get(end);
            let fits = byte.is_none_or(|byte| first[usize::from(*byte)]);
            if !fits && !empty {
                continue;
            }
            if !scan.is_boundary(end) {
                return Err(Miss::Unsure);
            }
            match self.from(scan, next, end, limit, groups) {
                Err(Miss::Nowhere) => {}
                other => return other,
            }
        }
        Err(Miss::Nowhere)
    }
}

impl Run {
    /// As many as there are, up to the place `room`.
    #[inline(always)]
    fn longest(&self, scan: &mut Scan, place: usize, room: usize) -> End {
        let end = place.saturating_add(self.max).min(room);
        let Some(bytes) = scan.line.get(place..end) else {
            return Err(Miss::Nowhere);
        };
        let stretch = self.class.run(bytes);
        if stretch.asks || !scan.spend(stretch.bytes) {
            return Err(Miss::Unsure);
        }
        if stretch.bytes < self.min {
            return Err(Miss::Nowhere);
        }
        Ok(place + stretch.bytes)
    }

    /// As many as there are, up to `limit`, where a match may end.
    #[inline(always)]
    fn fill(&self, scan: &mut Scan, place: usize, limit: usize) -> End {
        let end = self.longest(scan, place, limit)?;
        if scan.is_boundary(end) {
            Ok(end)
        } else {
            Err(Miss::Unsure)
        }
    }

    /// Just as many as must be. The class is a counted one, so characters are bytes.
    fn shortest(&self, scan: &mut Scan, place: usize) -> End {
        let Some(bytes) = scan.line.get(place..place.saturating_add(self.min)) else {
            return Err(Miss::Nowhere);
        };
        let stretch = self.class.run(bytes);
        if stretch.asks || !scan.spend(stretch.bytes) {
            Err(Miss::Unsure)
        } else if stretch.bytes < self.min {
            Err(Miss::Nowhere)
        } else {
            Ok(place + stretch.bytes)
        }
    }
}

/// Whether `look` holds at `place`; `None` where that hangs on a character beyond ASCII.
fn holds(look: Look, line: &[u8], place: usize) -> Option<bool> {
    let word = |byte: Option<&u8>| match byte {
        None => Some(false),
        Some(byte) if byte.is_ascii() => Some(byte.is_ascii_alphanumeric() || *byte == b'_'),
        Some(_) => None,
    };
    let before = || word(place.checked_sub(1).and_then(|place| line.get(place)));
    let after = || word(line.get(place));
    Some(match look {
        // A line has no line feed, so the ends of its lines are its own.
        Look::Start | Look::StartLF => place == 0,
        Look::End | Look::EndLF => place == line.len(),
        Look::StartCRLF | Look::EndCRLF => return None,
        Look::WordAscii | Look::WordUnicode => before()? != after()?,
        Look::WordAsciiNegate | Look::WordUnicodeNegate => before()? == after()?,
        Look::WordStartAscii | Look::WordStartUnicode => !before()? && after()?,
        Look::WordEndAscii | Look::WordEndUnicode => before()? && !after()?,
        Look::WordStartHalfAscii | Look::WordStartHalfUnicode => !before()?,
        Look::WordEndHalfAscii | Look::WordEndHalfUnicode => !after()?,
    })
}

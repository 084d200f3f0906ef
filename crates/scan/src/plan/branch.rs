//! One branch of a pattern: segments with gaps between them, and the search for their places on a
//! line. The proofs are in the door of this room; what a segment is at one place is `segment.rs`.

use super::class::Class;
use super::groups::Groups;
use super::segment::{Scan, Segment, SegmentMatch};
use super::text::Text;

/// The most segments of a branch, so that their places fit on the stack.
pub(super) const SEGMENTS_MAX: usize = 16;

/// A branch: a segment, and after each gap another.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) head: Part,
    pub(super) tail: Vec<(Gap, Part)>,
    /// Whether each gap is lazy.
    pub(super) lazy: bool,
    /// Whether each gap is greedy and leads to a text that can be searched from the line's end, and no
    /// group holds a gap: from the end it would be closed before it is opened.
    pub(super) backwards: bool,
}

/// `.*` and its kin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    /// 0 or 1 characters.
    pub(super) min: usize,
    pub(super) greedy: bool,
}

/// A segment and where to try it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) segment: Segment,
    pub(super) anchor: Anchor,
    /// The least bytes from the place of the anchor to the segment's end.
    pub(super) least: usize,
    /// The bytes that it can begin with, where it is at the line's start and takes some.
    pub(super) first_bytes: Option<Box<[bool; 256]>>,
}

/// Where a segment can start at all.
#[derive(Debug, Clone)]
pub(super) enum Anchor {
    /// Only where the line starts.
    Start,
    /// Only where the line ends.
    End,
    /// Everywhere: it takes nothing and asks for nothing.
    Anywhere,
    /// Where this text is, so far before it.
    Text { text: Box<Text>, lead: Lead },
}

/// What is in a segment before the text it is searched by.
#[derive(Debug, Clone)]
pub(super) enum Lead {
    /// So many bytes.
    Bytes(usize),
    /// A run that cannot go on into the text.
    Run {
        class: Class,
        min: usize,
        max: usize,
    },
}

impl Lead {
    fn min(&self) -> usize {
        match self {
            Lead::Bytes(bytes) => *bytes,
            Lead::Run { min, .. } => *min,
        }
    }
}

impl Branch {
    /// The branch's leftmost match. Where `groups` are wanted they are those of the regex.
    pub(super) fn find<G: Groups>(&self, scan: &mut Scan, groups: &mut G) -> SegmentMatch {
        let length = scan.line.len();
        if !self.head.can_start(scan.line) {
            return SegmentMatch::Nowhere;
        }
        if self.tail.is_empty() {
            return self.head.first(scan, (0, length), None, groups);
        }
        let found = if G::WANTED && self.backwards {
            self.backward(scan, groups)
        } else {
            self.forward(scan, groups)
        };
        match found {
            SegmentMatch::Unsure => self.settle_all(scan, groups),
            known => known,
        }
    }

    /// The match wherever it is, after a look for it where it is most often.
    pub(super) fn settle_all<G: Groups>(&self, scan: &mut Scan, groups: &mut G) -> SegmentMatch {
        let mut places = [0; SEGMENTS_MAX];
        match self.chain(scan, &mut places) {
            SegmentMatch::At(..) => self.settle(scan, &places, groups),
            other => other,
        }
    }

    /// Each part at its first place after the one before. Where greedy gaps lead to the same
    /// places, that is the regex's match; nearly every line that matches ends here, and nearly
    /// every other too, because the head is nowhere.
    fn forward<G: Groups>(&self, scan: &mut Scan, groups: &mut G) -> SegmentMatch {
        let length = scan.line.len();
        let (start, mut end) = match self.head.first(scan, (0, length), None, groups) {
            SegmentMatch::At(start, end) => (start, end),
            other => return other,
        };
        let mut starts = [0; SEGMENTS_MAX];
        for ((gap, part), slot) in self.tail.iter().zip(&mut starts) {
            let SegmentMatch::At(start, next) =
                part.first(scan, (end + gap.min, length), None, groups)
            else {
                return SegmentMatch::Unsure;
            };
            *slot = start;
            end = next;
        }
        if !G::WANTED || self.lazy || self.are_last(scan.line, &starts) {
            return SegmentMatch::At(start, end);
        }
        SegmentMatch::Unsure
    }

    /// Each part of the tail at its last place, from the right, and then the head at its first: what
    /// [`Branch::settle`] finds, where all gaps are greedy and each part begins with its text. No byte
    /// is searched twice.
    fn backward<G: Groups>(&self, scan: &mut Scan, groups: &mut G) -> SegmentMatch {
        let mut limit = scan.line.len();
        let mut match_end = None;
        for (gap, part) in self.tail.iter().rev() {
            let (start, end) = match part.last_text(scan, limit, groups) {
                SegmentMatch::At(start, end) => (start, end),
                other => return other,
            };
            match_end = match_end.or(Some(end));
            limit = match start.checked_sub(gap.min) {
                Some(limit) => limit,
                None => return SegmentMatch::Nowhere,
            };
        }
        match (self.head.first(scan, (0, limit), None, groups), match_end) {
            (SegmentMatch::At(start, _), Some(end)) => SegmentMatch::At(start, end),
            (other, _) => other,
        }
    }

    /// Whether no greedy gap can lead further than to these starts.
    fn are_last(&self, line: &[u8], starts: &[usize; SEGMENTS_MAX]) -> bool {
        let mut limit = line.len();
        for ((gap, part), start) in self.tail.iter().zip(starts).rev() {
            if gap.greedy {
                if !part.is_last(line, *start, limit) {
                    return false;
                }
                limit = start.saturating_sub(gap.min);
            }
        }
        true
    }

    /// The first place of each part's anchor after that of the part before it, or the certainty
    /// that there is none.
    fn chain(&self, scan: &mut Scan, places: &mut [usize; SEGMENTS_MAX]) -> SegmentMatch {
        let mut unsure = false;
        let mut from = 0;
        if matches!(self.head.anchor, Anchor::Start) {
            match self.head.segment.at(scan, 0, scan.line.len(), &mut ()) {
                SegmentMatch::At(..) => {}
                SegmentMatch::Nowhere => return SegmentMatch::Nowhere,
                // A part that is missing further on settles it all the same.
                SegmentMatch::Unsure => unsure = true,
            }
        }
        let gaps = self.tail.iter().map(|(gap, _)| gap.min).chain([0]);
        for ((part, gap), place) in self.parts().zip(gaps).zip(places) {
            let Some(found) = part.next(scan.line, from) else {
                return SegmentMatch::Nowhere;
            };
            *place = found;
            from = found + part.least + gap;
        }
        if unsure {
            SegmentMatch::Unsure
        } else {
            SegmentMatch::At(0, 0)
        }
    }

    /// Whether each match sets this group. False says nothing.
    pub(super) fn surely_sets(&self, group: usize) -> bool {
        self.parts().any(|part| part.segment.surely_sets(group))
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.head).chain(self.tail.iter().map(|(_, part)| part))
    }

    /// The last places from the right, then the regex's choice from the left.
    fn settle<G: Groups>(
        &self,
        scan: &mut Scan,
        places: &[usize; SEGMENTS_MAX],
        groups: &mut G,
    ) -> SegmentMatch {
        // Of each part in the tail: its last place, and where it must have ended.
        let mut lasts = [(0, 0); SEGMENTS_MAX];
        let mut limit = scan.line.len();
        for (index, (gap, part)) in self.tail.iter().enumerate().rev() {
            let start = match part.last(scan, places[index + 1], limit) {
                SegmentMatch::At(start, _) => start,
                other => return other,
            };
            lasts[index] = (start, limit);
            let Some(before) = start.checked_sub(gap.min) else {
                return SegmentMatch::Nowhere;
            };
            limit = before;
        }
        let (start, mut end) = match self.head.first(scan, (0, limit), Some(places[0]), groups) {
            SegmentMatch::At(start, end) => (start, end),
            other => return other,
        };
        if !G::WANTED {
            return SegmentMatch::At(start, end);
        }
        for (index, (gap, part)) in self.tail.iter().enumerate() {
            let (last, limit) = lasts[index];
            let found = if gap.greedy {
                part.segment.at(scan, last, limit, groups)
            } else {
                part.first(
                    scan,
                    (end + gap.min, limit),
                    Some(places[index + 1]),
                    groups,
                )
            };
            match found {
                SegmentMatch::At(_, next) => end = next,
                // It was there a moment ago: only the work can have run out.
                SegmentMatch::Nowhere | SegmentMatch::Unsure => return SegmentMatch::Unsure,
            }
        }
        SegmentMatch::At(start, end)
    }
}

impl Part {
    /// Whether the line's first byte allows it.
    #[inline]
    pub(super) fn can_start(&self, line: &[u8]) -> bool {
        match (&self.first_bytes, line.first()) {
            (Some(bytes), Some(byte)) => bytes[usize::from(*byte)],
            _ => true,
        }
    }

    /// The first place of the anchor that leaves room for what is before it, from `from` on.
    fn next(&self, line: &[u8], from: usize) -> Option<usize> {
        match &self.anchor {
            Anchor::Start => (from == 0).then_some(0),
            Anchor::End => (from <= line.len()).then_some(line.len()),
            Anchor::Anywhere => (from <= line.len()).then_some(from),
            Anchor::Text { text, lead } => text.find(line, from + lead.min(), line.len()),
        }
    }

    /// Whether the segment, which is at `start`, can be at no later place from which it ends
    /// at or before `limit`. `false` where that takes more than a search.
    fn is_last(&self, line: &[u8], start: usize, limit: usize) -> bool {
        match &self.anchor {
            Anchor::Start | Anchor::End => true,
            Anchor::Anywhere => start == limit,
            Anchor::Text {
                text,
                lead: Lead::Bytes(bytes),
            } => text.find(line, start + bytes + 1, limit).is_none(),
            Anchor::Text {
                lead: Lead::Run { .. },
                ..
            } => false,
        }
    }

    /// The first place in `from..` where the segment is and can end at or before `limit`.
    /// `hint` is the first place of the anchor from an earlier or the same `from` on.
    pub(super) fn first<G: Groups>(
        &self,
        scan: &mut Scan,
        (from, limit): (usize, usize),
        hint: Option<usize>,
        groups: &mut G,
    ) -> SegmentMatch {
        let (text, lead) = match &self.anchor {
            Anchor::Start if from > 0 => return SegmentMatch::Nowhere,
            Anchor::Start => return self.segment.at(scan, 0, limit, groups),
            Anchor::End if from > scan.line.len() => return SegmentMatch::Nowhere,
            Anchor::End => return self.segment.at(scan, scan.line.len(), limit, groups),
            Anchor::Anywhere => return self.segment.at(scan, from, limit, groups),
            Anchor::Text { text, lead } => (text, lead),
        };
        let earliest = from + lead.min();
        let length = text.bytes().len();
        let mut place = match hint {
            Some(hint) if hint >= earliest => (hint + length <= limit).then_some(hint),
            _ => text.find(scan.line, earliest, limit),
        };
        while let Some(anchor) = place {
            if !scan.spend(0) {
                return SegmentMatch::Unsure;
            }
            let found = if self.segment.starts_with_text() {
                let next = anchor + length;
                self.segment.behind(scan, (anchor, next), limit, groups)
            } else {
                match lead.first(scan, from, anchor) {
                    SegmentMatch::At(start, _) => self.segment.at(scan, start, limit, groups),
                    other => other,
                }
            };
            match found {
                SegmentMatch::Nowhere => {}
                other => return other,
            }
            place = text.find(scan.line, anchor + 1, limit);
        }
        SegmentMatch::Nowhere
    }

    /// The last place where the segment is and can end at or before `limit`; `hint` is the
    /// first place of the anchor that can matter.
    fn last(&self, scan: &mut Scan, hint: usize, limit: usize) -> SegmentMatch {
        let (text, lead) = match &self.anchor {
            Anchor::Start => return self.segment.at(scan, 0, limit, &mut ()),
            Anchor::End => return self.segment.at(scan, scan.line.len(), limit, &mut ()),
            Anchor::Anywhere => return self.segment.at(scan, limit, limit, &mut ()),
            Anchor::Text { text, lead } => (text, lead),
        };
        if let [byte] = text.bytes() {
            return self.last_byte(scan, (*byte, lead), hint, limit);
        }
        // Searching forwards is a vector search, searching backwards is none; and the text is
        // but once on nearly every line.
        let mut best = SegmentMatch::Nowhere;
        let mut place = (hint + text.bytes().len() <= limit).then_some(hint);
        while let Some(anchor) = place {
            if !scan.spend(0) {
                return SegmentMatch::Unsure;
            }
            match self.latest(scan, lead, anchor, limit) {
                SegmentMatch::Nowhere => {}
                better => best = better,
            }
            place = text.find(scan.line, anchor + 1, limit);
        }
        best
    }

    /// [`Part::last`] with its groups, where the segment begins with its text.
    fn last_text<G: Groups>(&self, scan: &mut Scan, limit: usize, groups: &mut G) -> SegmentMatch {
        let Anchor::Text { text, .. } = &self.anchor else {
            return SegmentMatch::Unsure;
        };
        let length = text.bytes().len();
        let mut room = limit;
        while let Some(place) = text.rfind(scan.line, room) {
            if !scan.spend(0) {
                return SegmentMatch::Unsure;
            }
            let next = place + length;
            match self.segment.behind(scan, (place, next), limit, groups) {
                SegmentMatch::Nowhere => room = next - 1,
                other => return other,
            }
        }
        SegmentMatch::Nowhere
    }

    /// Whether [`Part::last_text`] can find it.
    pub(super) fn is_found_backwards(&self) -> bool {
        match &self.anchor {
            Anchor::Text { text, .. } => {
                self.segment.starts_with_text()
                    && self.segment.has_whole_groups()
                    && text.is_found_backwards()
            }
            Anchor::Start | Anchor::End | Anchor::Anywhere => false,
        }
    }

    /// [`Part::last`] where the text is one byte, of which a line may have many.
    fn last_byte(
        &self,
        scan: &mut Scan,
        (byte, lead): (u8, &Lead),
        hint: usize,
        mut limit: usize,
    ) -> SegmentMatch {
        let end = limit;
        while let Some(found) = scan
            .line
            .get(hint..limit)
            .and_then(|part| memchr::memrchr(byte, part))
        {
            if !scan.spend(0) {
                return SegmentMatch::Unsure;
            }
            match self.latest(scan, lead, hint + found, end) {
                SegmentMatch::Nowhere => limit = hint + found,
                other => return other,
            }
        }
        SegmentMatch::Nowhere
    }

    /// The segment at the last place from which it reaches the text at `anchor`.
    fn latest(&self, scan: &mut Scan, lead: &Lead, anchor: usize, limit: usize) -> SegmentMatch {
        match lead.last(scan, anchor) {
            SegmentMatch::At(start, _) => self.segment.at(scan, start, limit, &mut ()),
            other => other,
        }
    }
}

impl Lead {
    /// The first start, from `from` on, of what leads to `anchor`.
    fn first(&self, scan: &mut Scan, from: usize, anchor: usize) -> SegmentMatch {
        match self {
            Lead::Bytes(bytes) => match anchor.checked_sub(*bytes) {
                Some(start) if start >= from => SegmentMatch::At(start, anchor),
                _ => SegmentMatch::Nowhere,
            },
            Lead::Run { class, min, max } => run_back(scan, class, (*min, *max), (from, anchor)),
        }
    }

    /// The last start of what leads to `anchor`.
    fn last(&self, scan: &mut Scan, anchor: usize) -> SegmentMatch {
        match self {
            Lead::Bytes(_) => self.first(scan, 0, anchor),
            Lead::Run { class, min, .. } => run_back(scan, class, (*min, *min), (0, anchor)),
        }
    }
}

/// The longest run of `min` to `max` that ends at `anchor` and starts at or after `from`.
fn run_back(
    scan: &mut Scan,
    class: &Class,
    (min, max): (usize, usize),
    (from, anchor): (usize, usize),
) -> SegmentMatch {
    let floor = from.max(anchor.saturating_sub(max));
    let Some(before) = scan.line.get(floor..anchor) else {
        return SegmentMatch::Nowhere;
    };
    let stretch = class.run_back(before);
    if stretch.asks || !scan.spend(stretch.bytes) {
        SegmentMatch::Unsure
    } else if stretch.bytes < min {
        SegmentMatch::Nowhere
    } else {
        SegmentMatch::At(anchor - stretch.bytes, anchor)
    }
}

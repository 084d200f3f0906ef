//! Values, texts and conditions.

use super::code::{Condition, Float, Group, Int, Operand, Refusal, Target, Text};
use super::matcher::Matcher;
use super::run::{Cause, Outcome, Run, quoted};
use super::vars::{Change, Labels, Metrics, Number};
use crate::ast::{Arithmetic, Bits};
use crate::number;

/// By how many bits a number can be shifted.
const SHIFTS: std::ops::RangeInclusive<i64> = 0..=0x7fff_ffff;

/// The longest text that a program can make, in bytes.
const TEXT_MAX: usize = 16 << 20;

impl<'r, M: Matcher, S: Metrics> Run<'r, M, S> {
    /// Does something with the labels of a target.
    pub(super) fn with_labels<T>(
        &mut self,
        target: &Target,
        act: impl FnOnce(&mut Self, &Labels) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut labels = self.state.take_labels();
        let mut outcome = Ok(());
        for label in &target.labels {
            outcome = labels.push_with(|out| self.text(label, out));
            if outcome.is_err() {
                break;
            }
        }
        let outcome = outcome.and_then(|()| act(self, &labels));
        self.state.give_labels(labels);
        outcome
    }

    /// Does something with a text.
    pub(super) fn with_text<T>(
        &mut self,
        text: &Text,
        act: impl FnOnce(&mut Self, &str) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut out = self.state.take_text();
        let outcome = self.text(text, &mut out).and_then(|()| act(self, &out));
        self.state.give_text(out);
        outcome
    }

    fn with_two<T>(
        &mut self,
        texts: &(Text, Text),
        act: impl FnOnce(&mut Self, &str, &str) -> Outcome<T>,
    ) -> Outcome<T> {
        self.with_text(&texts.0, |run, first| {
            run.with_text(&texts.1, |run, second| act(run, first, second))
        })
    }

    #[inline]
    pub(super) fn condition(&mut self, condition: &Condition) -> Outcome<bool> {
        match condition {
            Condition::Match(site) => Ok(self.match_line(*site)),
            condition => self.other_condition(condition),
        }
    }

    /// The same for a condition that is more than one pattern that the line must match.
    #[inline(never)]
    fn other_condition(&mut self, condition: &Condition) -> Outcome<bool> {
        Ok(match condition {
            Condition::Match(site) => self.match_line(*site),
            Condition::NoMatch(site) => !self.match_line(*site),
            Condition::MatchText(site, text) => self.match_text(*site, text)?,
            Condition::NoMatchText(site, text) => !self.match_text(*site, text)?,
            Condition::Both(sides) => self.condition(&sides.0)? && self.condition(&sides.1)?,
            Condition::Either(sides) => self.condition(&sides.0)? || self.condition(&sides.1)?,
            Condition::CompareInt(operator, sides) => {
                let (left, right) = (self.int(&sides.0)?, self.int(&sides.1)?);
                operator.holds(Some(left.cmp(&right)))
            }
            Condition::CompareFloat(operator, sides) => {
                let (left, right) = (self.float(&sides.0)?, self.float(&sides.1)?);
                operator.holds(left.partial_cmp(&right))
            }
            Condition::CompareText(operator, sides) => self.with_two(sides, |_, left, right| {
                Ok(operator.holds(Some(left.as_bytes().cmp(right.as_bytes()))))
            })?,
            Condition::Int(value) => self.int(value)? != 0,
            Condition::Float(value) => self.float(value)? != 0.0,
            Condition::Text(text) => self.with_text(text, |_, text| Ok(!text.is_empty()))?,
            Condition::Otherwise => !self.has_matched,
            Condition::Defined(group) => {
                let is_defined = matches!(self.capture(*group), Ok(Some(_)));
                if self.settings.strict {
                    self.has_matched = is_defined;
                }
                is_defined
            }
            Condition::Fail(refusal) => return Err(Cause::Refused(*refusal).into()),
        })
    }

    /// Matches the line; a pattern is tried once for a line, however often it is written.
    #[inline]
    fn match_line(&mut self, site: usize) -> bool {
        let stamp = self.state.stamp;
        let Some(pattern) = self.program.sites.get(site).map(|site| site.pattern) else {
            return false;
        };
        let Some(found) = self.state.patterns.get_mut(pattern) else {
            return false;
        };
        if found.stamp != stamp {
            found.stamp = stamp;
            found.matched = self.matcher.find(pattern, self.line, &mut found.spans);
        }
        let matched = found.matched;
        if let Some(place) = self.state.sites.get_mut(site) {
            place.stamp = stamp;
            place.matched = matched;
        }
        matched
    }

    fn match_text(&mut self, site: usize, text: &Text) -> Outcome<bool> {
        let stamp = self.state.stamp;
        let Some(pattern) = self.program.sites.get(site).map(|site| site.pattern) else {
            return Ok(false);
        };
        // A part of the line need not be copied, as long as no group of it is asked for.
        let needed = (self.program.patterns.get(pattern)).is_some_and(|one| !one.needed.is_empty());
        if let Text::Capture(group) = text
            && !needed
            && let Some(subject) = self.capture_of_line(*group)?
            && let Some(place) = self.state.sites.get_mut(site)
        {
            let matched = (self.matcher).find_in(pattern, subject, &mut place.spans);
            (place.stamp, place.matched) = (stamp, matched);
            return Ok(matched);
        }
        let mut subject = self.state.take_text();
        if let Err(cause) = self.text(text, &mut subject) {
            self.state.give_text(subject);
            return Err(cause);
        }
        let Some(place) = self.state.sites.get_mut(site) else {
            return Ok(false);
        };
        place.stamp = stamp;
        place.matched = self.matcher.find_in(pattern, &subject, &mut place.spans);
        let matched = place.matched;
        std::mem::swap(&mut place.subject, &mut subject);
        self.state.give_text(subject);
        Ok(matched)
    }

    /// The text of a group; none where the group took no part in the match.
    #[inline]
    fn capture(&self, group: Group) -> Outcome<Option<&str>> {
        if let Some(text) = self.capture_of_line(group)? {
            return Ok(Some(text));
        }
        let found = self.state.sites.get(group.site).ok_or(Cause::NoMatch)?;
        let span = found.spans.get(group.group);
        Ok(span.and_then(|(start, end)| found.subject.get(start..end)))
    }

    /// The text of a group of the line; none also where it is one of another text.
    ///
    /// # Errors
    /// When the pattern did not match.
    #[inline(always)]
    fn capture_of_line(&self, group: Group) -> Outcome<Option<&'r str>> {
        let span = self.span_of_line(group).ok_or(Cause::NoMatch)?;
        Ok(span.and_then(|(start, end)| self.line.get(start..end)))
    }

    /// Where a group of the line is, which may be nowhere, also where it is one of another text. None where
    /// the pattern did not match.
    #[inline(always)]
    pub(super) fn span_of_line(&self, group: Group) -> Option<Option<(usize, usize)>> {
        let site = self.program.sites.get(group.site)?;
        let found = self.state.sites.get(group.site)?;
        if found.stamp != self.state.stamp || !found.matched {
            return None;
        }
        if !site.on_line {
            return Some(None);
        }
        let found = self.state.patterns.get(site.pattern);
        Some(found.and_then(|found| found.spans.get(group.group)))
    }

    pub(super) fn int(&mut self, value: &Int) -> Outcome<i64> {
        Ok(match value {
            Int::Literal(value) => *value,
            Int::Capture(group) => {
                let text = self.capture(*group)?.ok_or(Cause::NoGroup)?;
                number::parse_int(text).ok_or_else(|| Cause::NotWhole(quoted(text)))?
            }
            Int::Metric(target) => self.metric(target)?.int(),
            Int::Increment(target, by) => self.increment(target, Number::Int(*by))?.int(),
            Int::Arithmetic(operator, sides) => {
                let (left, right) = (self.int(&sides.0)?, self.int(&sides.1)?);
                arithmetic(*operator, left, right)?
            }
            Int::Bits(operator, sides) => {
                let (left, right) = (self.int(&sides.0)?, self.int(&sides.1)?);
                bits(*operator, left, right)?
            }
            Int::Complement(value) => !self.int(value)?,
            Int::Length(text) => self.with_text(text, |_, text| Ok(text.len() as i64))?,
            Int::Parse(text) => self.with_text(text, |_, text| {
                number::parse_int(text).ok_or_else(|| Cause::NotWhole(quoted(text)).into())
            })?,
            Int::ParseRadix(parts) => {
                let (text, base) = &**parts;
                self.with_text(text, |run, text| {
                    let base = run.int(base)?;
                    let radix = u32::try_from(base)
                        .ok()
                        .filter(|base| (2..=36).contains(base));
                    let radix = radix.ok_or(Cause::Radix(base))?;
                    let value = number::parse_int_radix(text, radix);
                    value.ok_or_else(|| Cause::NotRadix(quoted(text), base).into())
                })?
            }
            Int::Truncate(value) => self.float(value)? as i64,
            Int::OfCondition(condition) => i64::from(self.condition(condition)?),
            Int::Timestamp => self.time().seconds,
            Int::Refuse(value, refusal) => return Err(self.refuse(value, *refusal)),
            Int::Fail(refusal) => return Err(Cause::Refused(*refusal).into()),
        })
    }

    /// Works a value out for what that does, and says why it cannot be used.
    pub(super) fn refuse(&mut self, value: &Operand, refusal: Refusal) -> Box<Cause> {
        let outcome = match value {
            Operand::Nothing => Ok(()),
            Operand::Int(value) => self.int(value).map(drop),
            Operand::Float(value) => self.float(value).map(drop),
            Operand::Text(text) => self.with_text(text, |_, _| Ok(())),
            Operand::Condition(condition) => self.condition(condition).map(drop),
        };
        outcome
            .err()
            .unwrap_or_else(|| Cause::Refused(refusal).into())
    }

    pub(super) fn float(&mut self, value: &Float) -> Outcome<f64> {
        Ok(match value {
            Float::Literal(value) => *value,
            Float::Capture(group) => {
                let text = self.capture(*group)?.ok_or(Cause::NoGroup)?;
                number::parse_float(text).ok_or_else(|| Cause::NotNumber(quoted(text)))?
            }
            Float::Metric(target) => self.metric(target)?.float(),
            Float::Increment(target, by) => self.increment(target, Number::Float(*by))?.float(),
            Float::Arithmetic(operator, sides) => {
                let (left, right) = (self.float(&sides.0)?, self.float(&sides.1)?);
                match operator {
                    Arithmetic::Add => left + right,
                    Arithmetic::Subtract => left - right,
                    Arithmetic::Multiply => left * right,
                    Arithmetic::Divide => left / right,
                    Arithmetic::Remainder => left % right,
                    Arithmetic::Power => left.powf(right),
                }
            }
            Float::Parse(text) => self.with_text(text, |_, text| {
                number::parse_float(text).ok_or_else(|| Cause::NotNumber(quoted(text)).into())
            })?,
            Float::OfInt(value) => self.int(value)? as f64,
            Float::Fail(refusal) => return Err(Cause::Refused(*refusal).into()),
        })
    }

    fn metric(&mut self, target: &Target) -> Outcome<Number> {
        self.with_labels(target, |run, labels| {
            let time = run.time();
            Ok(run.metrics.get(target.metric, labels, time))
        })
    }

    #[inline]
    pub(super) fn increment(&mut self, target: &Target, by: Number) -> Outcome<Number> {
        if let Some(plain) = self.plain_labels(target)
            && self.change_known(target.metric, &plain, (Change::Add, by))
        {
            // Nobody remembers the sum, and so nobody asks for it.
            return Ok(by);
        }
        self.with_labels(target, |run, labels| {
            let time = run.time();
            Ok(run.metrics.add(target.metric, labels, by, time))
        })
    }

    /// Adds a text to `out`.
    #[inline]
    pub(super) fn text(&mut self, text: &Text, out: &mut String) -> Outcome<()> {
        match text {
            Text::Literal(text) => out.push_str(text),
            Text::Capture(group) => out.push_str(self.capture(*group)?.unwrap_or("")),
            text => return self.composed_text(text, out),
        }
        Ok(())
    }

    /// The same for a text that is neither written in the program nor a group.
    fn composed_text(&mut self, text: &Text, out: &mut String) -> Outcome<()> {
        match text {
            Text::Literal(_) | Text::Capture(_) => return self.text(text, out),
            Text::Metric(target) => self.with_labels(target, |run, labels| {
                let time = run.time();
                run.metrics.get_text(target.metric, labels, time, out);
                Ok(())
            })?,
            Text::Concatenate(sides) => {
                let start = out.len();
                self.text(&sides.0, out)?;
                self.text(&sides.1, out)?;
                fits(out.len() - start)?;
            }
            Text::OfInt(value) => {
                if let Int::Capture(group) = &**value
                    && let Some(text) = self.capture(*group)?
                    && number::is_printed_int(text.as_bytes())
                {
                    out.push_str(text);
                    return Ok(());
                }
                let value = self.int(value)?;
                let _ = std::fmt::Write::write_fmt(out, format_args!("{value}"));
            }
            Text::OfFloat(value) => number::write_float(out, self.float(value)?),
            Text::Lower(text) => self.with_text(text, |_, text| {
                // One character for one, as Go does.
                out.extend(text.chars().filter_map(|c| c.to_lowercase().next()));
                Ok(())
            })?,
            Text::Replace(parts) => {
                let (old, new, text) = &**parts;
                self.with_text(old, |run, old| {
                    run.with_text(new, |run, new| {
                        run.with_text(text, |_, text| {
                            let added = text.matches(old).count().saturating_mul(new.len());
                            fits(text.len().saturating_add(added))?;
                            out.push_str(&text.replace(old, new));
                            Ok(())
                        })
                    })
                })?;
            }
            Text::ReplacePattern(pattern, parts) => self.with_two(parts, |run, new, text| {
                let most = (text.len() + 1).saturating_mul(new.len());
                fits(text.len().saturating_add(most))?;
                run.matcher.replace(*pattern, text, new, out);
                Ok(())
            })?,
            Text::FileName => out.push_str(self.source),
            Text::Fail(refusal) => return Err(Cause::Refused(*refusal).into()),
        }
        Ok(())
    }
}

/// Refuses a text that has grown too long: one that is added to itself would fill the memory.
pub(super) fn fits(length: usize) -> Outcome<()> {
    if length <= TEXT_MAX {
        Ok(())
    } else {
        Err(Cause::TooLong.into())
    }
}

fn arithmetic(operator: Arithmetic, left: i64, right: i64) -> Outcome<i64> {
    let divides = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
    if divides && right == 0 {
        return Err(Cause::DivisionByZero.into());
    }
    Ok(match operator {
        Arithmetic::Add => left.wrapping_add(right),
        Arithmetic::Subtract => left.wrapping_sub(right),
        Arithmetic::Multiply => left.wrapping_mul(right),
        Arithmetic::Divide => left.wrapping_div(right),
        Arithmetic::Remainder => left.wrapping_rem(right),
        Arithmetic::Power => {
            // By way of floats, as mtail does; what does not fit is the smallest number.
            let power = (left as f64).powf(right as f64);
            if power.abs() < i64::MAX as f64 {
                power as i64
            } else {
                i64::MIN
            }
        }
    })
}

fn bits(operator: Bits, left: i64, right: i64) -> Outcome<i64> {
    Ok(match operator {
        Bits::And => left & right,
        Bits::Or => left | right,
        Bits::Xor => left ^ right,
        Bits::Left | Bits::Right if !SHIFTS.contains(&right) => {
            return Err(Cause::Shift(right).into());
        }
        Bits::Left if right > 63 => 0,
        Bits::Left => left << right,
        Bits::Right => left >> right.min(63),
    })
}

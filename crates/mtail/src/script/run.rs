//! Runs a program over lines.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::tz::TimeZone;
use thiserror::Error;

use super::code::{Action, Int, Program, Refusal, Statement, Target};
use super::evaluate::fits;
use super::frame::{State, Times};
use super::matcher::Matcher;
use super::vars::{Change, Labels, Metrics, Number};
use crate::layout::{Defaults, Time};

/// How programs run; the same for all lines.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The zone of times that name none: UTC, or that of `--override_timezone`.
    pub zone: TimeZone,
    /// Whether a time without a year is of the current one: `--syslog_use_current_year`.
    pub assumes_year: bool,
    /// Whether mtail's surprises with times are copied.
    pub strict: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            zone: TimeZone::UTC,
            assumes_year: true,
            strict: false,
        }
    }
}

/// One line of a log.
#[derive(Debug, Clone, Copy)]
pub struct Line<'l> {
    /// Without its end; bytes that are no UTF-8 become U+FFFD.
    pub text: &'l [u8],
    /// The name of the log, as `getfilename()` gives it.
    pub source: &'l str,
    /// When the line was read.
    pub read: Time,
}

/// Why the rest of a program was left out for a line. What was done before stays.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("line {line} of the program: {cause}")]
pub struct RuntimeError {
    pub cause: Cause,
    /// The line of the program's text.
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum Cause {
    #[error("`{0}` is no whole number of 64 bits")]
    NotWhole(String),
    #[error("`{0}` is no number")]
    NotNumber(String),
    #[error("`{0}` is no number to base {1}")]
    NotRadix(String, i64),
    #[error("{0} is no base: there are those from 2 to 36")]
    Radix(i64),
    #[error("a group is read of a pattern that did not match")]
    NoMatch,
    #[error("a number is read of a group that took no part")]
    NoGroup,
    #[error("a division by zero")]
    DivisionByZero,
    #[error("a shift by {0} bits")]
    Shift(i64),
    #[error("`{0}` is no time of this layout")]
    NotTime(String),
    #[error("`del … after` names a series that is not there")]
    NoSeries,
    #[error("a text has grown too long")]
    TooLong,
    #[error("{}", refusal(*.0))]
    Refused(Refusal),
}

/// What an evaluation gives, or why the rest of the program is left out: in a box, as it is seldom there.
pub(super) type Outcome<T> = Result<T, Box<Cause>>;

fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::StoreFloatInInt => "a Float is stored in a metric of Int",
        Refusal::StoreIntInFloat => "an Int is stored in a metric of Float",
        Refusal::StoreText => "a String is observed by a histogram",
        Refusal::CountHistogram => "a histogram cannot be counted up or down",
        Refusal::ReadHistogram => "a histogram has no value to read",
        Refusal::BitsOfFloat => "a Float stands where an Int is needed",
        Refusal::UseOfBool => "a condition stands where a value is needed",
        Refusal::TimeOfText => "settime() is given a String",
        Refusal::TimeOfFloat => "settime() is given a Float",
    }
}

/// The most of a text that an error repeats, in characters.
const QUOTE_MAX: usize = 80;

pub(super) fn quoted(text: &str) -> String {
    text.chars().take(QUOTE_MAX).collect()
}

/// A program that runs.
#[derive(Debug, Clone)]
pub struct Script<M> {
    program: Arc<Program>,
    matcher: M,
    state: State,
    settings: Settings,
}

impl<M: Matcher> Script<M> {
    pub fn new(program: Arc<Program>, matcher: M, settings: Settings) -> Self {
        let state = State::new(program.patterns.len(), program.sites.len());
        Script {
            program,
            matcher,
            state,
            settings,
        }
    }

    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The lines of the program whose conditions held on the line that was run last.
    pub fn held(&self) -> &[usize] {
        &self.state.held
    }

    /// Whether the line that was run last is not valid UTF-8.
    pub fn has_repaired(&self) -> bool {
        self.state.has_repaired
    }

    /// The memory of times, which only strict mode has.
    pub fn times(&self) -> &Times {
        &self.state.times
    }

    pub fn set_times(&mut self, times: Times) {
        self.state.times = times;
    }

    /// Runs the `begin` blocks; once, when the program is loaded.
    pub fn begin(&mut self, read: Time, metrics: &mut impl Metrics) -> Result<(), RuntimeError> {
        let line = Line {
            text: b"",
            source: "",
            read,
        };
        self.execute(&line, metrics, |program| &program.begin)
    }

    /// Runs the program for a line.
    pub fn run(&mut self, line: &Line, metrics: &mut impl Metrics) -> Result<(), RuntimeError> {
        let filters = &self.program.filters;
        if !filters.is_empty() && !filters.iter().any(|filter| filter == line.source) {
            return Ok(());
        }
        self.execute(line, metrics, |program| &program.body)
    }

    fn execute(
        &mut self,
        line: &Line,
        metrics: &mut impl Metrics,
        part: impl Fn(&Program) -> &[Statement],
    ) -> Result<(), RuntimeError> {
        let text = match simdutf8::basic::from_utf8(line.text) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(line.text),
        };
        self.state.has_repaired = matches!(text, Cow::Owned(_));
        self.state.stamp += 1;
        self.state.held.clear();
        self.matcher.begin_line(&text);
        let mut run = Run {
            program: &self.program,
            matcher: &mut self.matcher,
            state: &mut self.state,
            settings: &self.settings,
            metrics,
            line: &text,
            source: line.source,
            read: line.read,
            register: None,
            has_matched: false,
        };
        let done = run.statements(part(&self.program));
        done.map(|_| ()).map_err(|error| *error)
    }
}

impl Statement {
    #[cold]
    fn failed(&self, cause: Cause) -> Box<RuntimeError> {
        Box::new(RuntimeError {
            cause,
            line: self.line,
        })
    }
}

/// What follows a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Stop,
}

/// One run over one line.
pub(super) struct Run<'r, M, S> {
    pub program: &'r Program,
    pub matcher: &'r mut M,
    pub state: &'r mut State,
    pub settings: &'r Settings,
    pub metrics: &'r mut S,
    pub line: &'r str,
    pub source: &'r str,
    pub read: Time,
    /// The time that the program has set.
    pub register: Option<Time>,
    /// Whether the last condition that was true has run its block; `otherwise` asks for it.
    pub has_matched: bool,
}

impl<M: Matcher, S: Metrics> Run<'_, M, S> {
    fn statements(&mut self, statements: &[Statement]) -> Result<Flow, Box<RuntimeError>> {
        for statement in statements {
            let flow = match &statement.action {
                Action::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    let holds = self.condition(condition);
                    let holds = holds.map_err(|cause| statement.failed(*cause))?;
                    if holds {
                        self.state.held.push(statement.line);
                    }
                    self.branch(holds, then, otherwise)?
                }
                Action::Stop => Flow::Stop,
                action => {
                    let done = self.action(action);
                    done.map_err(|cause| statement.failed(*cause))?;
                    Flow::Next
                }
            };
            if flow == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::Next)
    }

    #[inline]
    fn branch(
        &mut self,
        holds: bool,
        then: &[Statement],
        otherwise: &[Statement],
    ) -> Result<Flow, Box<RuntimeError>> {
        if !holds {
            // Most conditions have no `else`, which is not worth a call.
            return match otherwise {
                [] => Ok(Flow::Next),
                otherwise => self.statements(otherwise),
            };
        }
        self.has_matched = false;
        let flow = self.statements(then)?;
        self.has_matched = true;
        Ok(flow)
    }

    /// When the line happened, as far as is known.
    pub fn time(&self) -> Time {
        self.register.unwrap_or(self.read)
    }

    #[inline]
    fn action(&mut self, action: &Action) -> Outcome<()> {
        match action {
            Action::SetInt(target, value) => {
                let value = |run: &mut Self| Ok(Number::Int(run.int(value)?));
                self.store(target, value, Change::Set)
            }
            Action::AddInt(target, value) => {
                let value = |run: &mut Self| Ok(Number::Int(run.int(value)?));
                self.store(target, value, Change::Add)
            }
            Action::SetFloat(target, value) => {
                let value = |run: &mut Self| Ok(Number::Float(run.float(value)?));
                self.store(target, value, Change::Set)
            }
            Action::AddFloat(target, value) => {
                let value = |run: &mut Self| Ok(Number::Float(run.float(value)?));
                self.store(target, value, Change::Add)
            }
            Action::Observe(target, value) => {
                let value = |run: &mut Self| Ok(Number::Float(run.float(value)?));
                self.store(target, value, Change::Observe)
            }
            Action::SetText(target, text) => self.store_text(target, text, false),
            Action::AppendText(target, text) => self.store_text(target, text, true),
            Action::Delete(target) => self.with_labels(target, |run, labels| {
                run.metrics.delete(target.metric, labels);
                Ok(())
            }),
            Action::Expire(target, after) => self.with_labels(target, |run, labels| {
                let is_there = run.metrics.expire(target.metric, labels, *after);
                if is_there {
                    Ok(())
                } else {
                    Err(Cause::NoSeries.into())
                }
            }),
            Action::EvaluateInt(Int::Increment(target, by)) => {
                self.increment(target, Number::Int(*by)).map(drop)
            }
            Action::EvaluateInt(value) => self.int(value).map(drop),
            Action::EvaluateFloat(value) => self.float(value).map(drop),
            Action::EvaluateCondition(condition) => self.condition(condition).map(drop),
            Action::EvaluateText(text) => self.with_text(text, |_, _| Ok(())),
            Action::ParseTime { text, layout } => {
                self.with_text(text, |run, text| run.parse_time(text, *layout))
            }
            Action::SetTime(seconds) => {
                self.register = Some(Time::from_seconds(self.int(seconds)?));
                Ok(())
            }
            Action::SetTimeFloat(seconds) => {
                let seconds = self.float(seconds)?;
                let whole = seconds.floor();
                let nanoseconds = ((seconds - whole) * 1e9) as u32;
                self.register = Some(Time {
                    seconds: whole as i64,
                    nanoseconds,
                });
                Ok(())
            }
            Action::Refuse(target, value, refusal) => {
                let value = |run: &mut Self| Err(run.refuse(value, *refusal));
                self.store(target, value, Change::Set)
            }
            Action::Fail(refusal) => Err(Cause::Refused(*refusal).into()),
            // Both are done where statements are.
            Action::If { .. } | Action::Stop => Ok(()),
        }
    }

    /// Stores a value. The series is there even if the value cannot be had.
    fn store(
        &mut self,
        target: &Target,
        value: impl FnOnce(&mut Self) -> Outcome<Number>,
        change: Change,
    ) -> Outcome<()> {
        let Some(plain) = self.plain_labels(target) else {
            return self.with_labels(target, |run, labels| {
                let value = value(run);
                run.change(target.metric, labels, value, change)
            });
        };
        let value = value(self);
        if let Ok(number) = value
            && self.change_known(target.metric, &plain, (change, number))
        {
            return Ok(());
        }
        self.with_plain_labels(&plain, |run, labels| {
            run.change(target.metric, labels, value, change)
        })
    }

    /// Changes a series by a value, or only creates it where that cannot be had.
    fn change(
        &mut self,
        metric: usize,
        labels: &Labels,
        value: Outcome<Number>,
        change: Change,
    ) -> Outcome<()> {
        let time = self.time();
        match (value, change) {
            (Ok(value), Change::Set) => self.metrics.set(metric, labels, value, time),
            (Ok(value), Change::Add) => drop(self.metrics.add(metric, labels, value, time)),
            (Ok(value), Change::Observe) => {
                self.metrics.observe(metric, labels, value.float(), time);
            }
            (Err(cause), _) => {
                self.metrics.get(metric, labels, time);
                return Err(cause);
            }
        }
        Ok(())
    }

    fn store_text(
        &mut self,
        target: &Target,
        text: &super::code::Text,
        appends: bool,
    ) -> Outcome<()> {
        self.with_labels(target, |run, labels| {
            let mut value = run.state.take_text();
            let time = run.time();
            if appends {
                run.metrics
                    .get_text(target.metric, labels, time, &mut value);
            }
            let written = run.text(text, &mut value).and_then(|()| fits(value.len()));
            match written {
                Ok(()) => run.metrics.set_text(target.metric, labels, &value, time),
                Err(_) => drop(run.metrics.get(target.metric, labels, time)),
            }
            run.state.give_text(value);
            written
        })
    }

    fn parse_time(&mut self, text: &str, layout: usize) -> Outcome<()> {
        if self.settings.strict
            && let Some(known) = self.state.times.find(text)
        {
            self.register = known;
            return Ok(());
        }
        let defaults = Defaults {
            zone: &self.settings.zone,
            now: self.read,
            assumes_year: self.settings.assumes_year,
            is_past: !self.settings.strict,
        };
        let layout = self.program.layouts.get(layout);
        let time = layout.and_then(|layout| layout.read(text, &defaults));
        if self.settings.strict {
            self.state.times.remember(text, time);
        }
        match time {
            Some(_) => {
                self.register = time;
                Ok(())
            }
            None => Err(Cause::NotTime(quoted(text)).into()),
        }
    }
}
